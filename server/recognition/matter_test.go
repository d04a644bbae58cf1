package recognition_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/matter"
	"xiaopu/server/recognition"
	"xiaopu/server/ticket"
)

func TestSameMatter(t *testing.T) {
	noise := [5]string{"城乡建设", "环境保护", "噪声污染", "施工噪声", "夜间施工"}
	dogs := [5]string{"城乡建设", "社区管理", "", "", "犬类管理"}
	for _, c := range []struct {
		name string
		a, b ticket.Ticket
		same bool
	}{
		{"one estate and category, other words", ticket.Ticket{Community: "望舒里", Category: noise, Content: "半夜打桩"}, ticket.Ticket{Community: "望舒里", Category: noise, Content: "工地太吵"}, true},
		{"the estate in other spellings", ticket.Ticket{Community: "奉浦街道望舒里小区", Category: noise}, ticket.Ticket{Community: "望 舒 里", Category: noise}, true},
		{"another estate", ticket.Ticket{Community: "望舒里", Category: noise}, ticket.Ticket{Community: "秀水里", Category: noise}, false},
		{"another category", ticket.Ticket{Community: "望舒里", Category: noise}, ticket.Ticket{Community: "望舒里", Category: dogs}, false},
		{"another parent level only", ticket.Ticket{Community: "望舒里", Category: noise}, ticket.Ticket{Community: "望舒里", Category: [5]string{4: "夜间施工", 3: "施工噪声"}}, true},
		{"a level that says nothing", ticket.Ticket{Community: "望舒里", Category: [5]string{"城乡建设", "物业管理", "其他"}}, ticket.Ticket{Community: "望舒里", Category: [5]string{"城乡建设", "物业管理"}}, true},
		{"one lane, two doors", ticket.Ticket{Address: "上海市奉贤区望园路1200弄34号501室", Category: noise}, ticket.Ticket{Address: "奉浦街道望园路１２００弄5号", Category: noise}, true},
		{"two lanes", ticket.Ticket{Address: "望园路1200弄34号", Category: noise}, ticket.Ticket{Address: "望园路1300弄34号", Category: noise}, false},
		{"the estate in the address", ticket.Ticket{Address: "望园路1200弄望舒苑34号", Category: noise}, ticket.Ticket{Community: "望舒苑", Category: noise}, true},
		{"the place only in the text", ticket.Ticket{Content: "市民来电反映：望园路1200弄东侧工地半夜打桩", Category: noise}, ticket.Ticket{Content: "我住在望园路1200弄34号，工地太吵", Category: noise}, true},
		{"the estate only in the text", ticket.Ticket{Content: "家住望舒里小区，电梯停了", Category: noise}, ticket.Ticket{Title: "投诉望舒里小区电梯", Category: noise}, true},
		{"a place that a tag quotes is another ticket's", ticket.Ticket{Content: "【最近派发的工单编号：20260822223850，工单内容：秀水里小区停水】望舒里小区停水", Category: noise}, ticket.Ticket{Content: "望舒里小区停水", Category: noise}, true},
		{"no category, the same title", ticket.Ticket{Community: "望舒里", Title: "夜间施工扰民"}, ticket.Ticket{Community: "望舒里", Title: "夜间施工扰民！"}, true},
		{"no category, the same first clause", ticket.Ticket{Community: "望舒里", Content: "市民来电反映：东侧工地半夜打桩，望相关部门处理。"}, ticket.Ticket{Community: "望舒里", Content: "来电人（张女士）称：东侧工地半夜打桩，影响休息"}, true},
		{"no category, another title", ticket.Ticket{Community: "望舒里", Title: "夜间施工扰民"}, ticket.Ticket{Community: "望舒里", Title: "电梯停运"}, false},
		{"no place, the same category, other words", ticket.Ticket{Category: noise, Title: "工地太吵"}, ticket.Ticket{Category: noise, Title: "半夜打桩"}, false},
		{"no place, the same category and words", ticket.Ticket{Category: noise, Title: "工地太吵"}, ticket.Ticket{Category: noise, Title: "工地太吵。"}, true},
		{"a community that is none", ticket.Ticket{Community: "其他", Category: noise, Title: "工地太吵"}, ticket.Ticket{Community: "其他", Category: noise, Title: "半夜打桩"}, false},
		{"nothing said at all", ticket.Ticket{OrderNo: "1"}, ticket.Ticket{OrderNo: "2"}, false},
		{"nothing but a place", ticket.Ticket{OrderNo: "1", Community: "望舒里"}, ticket.Ticket{OrderNo: "2", Community: "望舒里"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.a.ID, c.b.ID = "a", "b"
			for _, pair := range [][2]ticket.Ticket{{c.a, c.b}, {c.b, c.a}} {
				m := recognition.NewMatters(nil)
				m.Put(recognition.Describe(pair[0], ""), "first", false)
				p := m.Place(recognition.Describe(pair[1], ""))
				if (p.Matter == "first") != c.same || c.same && len(p.Reasons) == 0 {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

// What the gazetteer says of roads and lanes holds as what it says of estates.
func TestTheGazetteerKnowsRoadsAndLanes(t *testing.T) {
	g := matter.Gazetteer{{Name: "望舒里", Aliases: []string{"恒之路888弄"}}, {Name: "恒之路", Aliases: []string{"恒之东路"}}, {Name: "恒芝路"}, {Name: "沐晴佳苑"}}
	lift := [5]string{"城乡建设", "物业管理", "电梯维保"}
	for _, c := range []struct {
		name string
		a, b ticket.Ticket
		same bool
	}{
		{"the lane of an estate", ticket.Ticket{Community: "望舒里", Category: lift, Content: "电梯停了"}, ticket.Ticket{Address: "恒之路888弄12号301室", Category: lift, Content: "轿厢困人"}, true},
		{"another lane", ticket.Ticket{Community: "望舒里", Category: lift, Content: "电梯停了"}, ticket.Ticket{Address: "恒之路999弄12号", Category: lift, Content: "轿厢困人"}, false},
		{"the lane of an estate, and another estate", ticket.Ticket{Community: "沐晴佳苑", Category: lift}, ticket.Ticket{Address: "恒之路888弄12号", Category: lift}, false},
		{"a road's other name", ticket.Ticket{Address: "恒之路120号", Category: lift}, ticket.Ticket{Address: "恒之东路120号", Category: lift}, true},
		{"a road's other name and another number", ticket.Ticket{Address: "恒之路120号", Category: lift}, ticket.Ticket{Address: "恒之东路130号", Category: lift}, false},
		{"a road with its characters transposed", ticket.Ticket{Address: "恒之路120号", Category: lift}, ticket.Ticket{Address: "之恒路120号", Category: lift}, true},
		{"another road of nearly that name", ticket.Ticket{Address: "恒之路120号", Category: lift}, ticket.Ticket{Address: "恒芝路120号", Category: lift}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.a.ID, c.b.ID = "a", "b"
			for _, pair := range [][2]ticket.Ticket{{c.a, c.b}, {c.b, c.a}} {
				m := recognition.NewMatters(g)
				m.Put(recognition.Describe(pair[0], ""), "first", false)
				if p := m.Place(recognition.Describe(pair[1], "")); (p.Matter == "first") != c.same {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

func described(community, text string, id string) recognition.Description {
	return recognition.Describe(ticket.Ticket{ID: id, Community: community, Content: text, Category: [5]string{"城乡建设", "物业管理", "电梯维保"}}, "")
}

func TestWhatAPersonTookOutStaysOutAndDrawsNothing(t *testing.T) {
	m := recognition.NewMatters(nil)
	m.Put(described("望舒里", "电梯停了三天，老人下不了楼", "a"), "first", false)
	m.Put(described("望舒里", "电梯停了三天，老人下不了楼", "b"), "taken-out", false)
	m.Apart("b", "first")
	if p := m.Place(described("望舒里", "电梯停了三天，老人下不了楼", "b")); p.Matter != "" {
		t.Errorf("it comes back: %+v", p)
	}
	// What looks like both is about the one it was taken out of.
	if p := m.Place(described("望舒里", "电梯停了三天，老人下不了楼", "c")); p.Matter != "first" {
		t.Errorf("%+v", p)
	}
	m.Put(described("望舒里", "电梯停了三天，老人下不了楼", "b"), "first", true) // a person thought better of it
	if p := m.Place(described("汀禾苑", "说的是别处", "b")); p.Matter != "first" {
		t.Errorf("kept, and yet %+v", p)
	}
	m.Put(described("汀禾苑", "说的是别处", "b"), "other", false)
	if p := m.Place(described("汀禾苑", "电梯坏了没人管", "d")); p.Matter != "other" {
		t.Errorf("%+v", p)
	}
}

func TestRemovingLeavesNothing(t *testing.T) {
	m := recognition.NewMatters(nil)
	d := described("望舒里", "电梯停了三天，老人下不了楼", "a")
	m.Put(d, "first", true)
	m.Put(d, "second", false)
	if m.Len() != 1 || m.Size("first") != 0 || m.Size("second") != 1 {
		t.Errorf("%d tickets, %d and %d", m.Len(), m.Size("first"), m.Size("second"))
	}
	m.Remove("a")
	m.Remove("a")
	if p := m.Place(described("望舒里", "电梯停了三天，老人下不了楼", "b")); m.Len() != 0 || len(p.Near) > 0 {
		t.Errorf("%d tickets, %+v", m.Len(), p)
	}
}

// Neither the index nor a reason tells what names or reaches a person.
func TestADescriptionIsMasked(t *testing.T) {
	d := recognition.Describe(ticket.Ticket{
		Title: "沈阿婆13812345678", Content: "市民沈阿婆反映，来电13812345678，海棠路8弄12号302室楼下夜间施工", Address: "海棠路8弄12号302室", Community: "海棠苑",
		Requester: ticket.Requester{Kind: ticket.Person, Name: "沈阿婆", Phone: "13812345678"},
	}, "key")
	for _, secret := range []string{"沈阿婆", "138", "5678", "302"} {
		if said := d.Title + d.Text + d.Place; strings.Contains(said, secret) {
			t.Errorf("%s stands in %s", secret, said)
		}
	}
	if d.Place != "海棠苑 海棠路8弄12号" {
		t.Error(d.Place)
	}
}

func FuzzMatter(f *testing.F) {
	f.Add("望舒里", "望园路1200弄34号501室", "夜间施工", "市民来电反映：我住在望舒里小区，半夜打桩", "噪声")
	f.Add("", "奉浦大道", "", "【重新交办，关联工单20260822223850】环城东路123号", "")
	f.Add("小区", "路", "小区小区", "路1弄苑花园大道街道", "其他")
	f.Add("\xff", "\x00　", "道", "大道", "\u202e")
	f.Fuzz(func(t *testing.T, community, address, title, content, category string) {
		tk := ticket.Ticket{Community: community, Address: address, Title: title, Content: content, Category: [5]string{2: category}}
		tk.ID = "a"
		d := recognition.Describe(tk, "")
		if !d.Says(recognition.Describe(tk, "")) {
			t.Errorf("%+v is described in two ways", tk)
		}
		m := recognition.NewMatters(nil)
		m.Put(d, "first", false)
		other := d
		other.ID = "b"
		m.Place(other)
		if m.Remove("a"); m.Len() != 0 {
			t.Error("something is left")
		}
	})
}

// Texts of known places, without columns, come to one matter when they tell one trouble, however they put it.
func TestTextsOfOnePlaceAreSortedByTheirTrouble(t *testing.T) {
	g := matter.Gazetteer{}
	for _, n := range []string{"栖禾家园", "芦衣公寓", "青穗雅庭", "菱舟村", "蘅芷新村", "汀禾苑", "槐序苑", "荻汀村", "穗谷科创园", "望舒里"} {
		g = append(g, matter.Entry{Name: n})
	}
	groups := map[string][]string{
		"no water":          {"栖禾家园从昨晚开始停水，到现在一滴水都没有", "栖禾家园水龙头放不出水，给自来水公司打电话没人接", "栖禾家园断水已经超过十二个小时，家里有婴儿没法冲奶粉", "住在栖禾家园，今天没水用，做饭洗漱都成问题"},
		"blocked fire lane": {"芦衣公寓消防通道被私家车堵死了", "芦衣公寓乱停车严重，登高场地被占，物业不管", "芦衣公寓违章停车挡住了生命通道，请交警拖走"},
		"night works":       {"青穗雅庭东面工地半夜还在打桩", "青穗雅庭旁边的建筑工地夜里十二点浇混凝土，噪音太大", "青穗雅庭隔壁施工队凌晨两点还有渣土车和挖机的声音", "青穗雅庭附近夜间施工扰民，孩子明天要考试"},
		"dancing":           {"青穗雅庭广场舞音响太吵"},
		"works elsewhere":   {"槐序苑工地半夜打桩"},
		"ducks":             {"菱舟村河边养鸭场臭气熏天，污水直接排到河里", "上次说的菱舟村养鸭场还没有处理", "菱舟村鸭场排污，请环保来查"},
		"drain":             {"蘅芷新村8号楼一楼厕所返臭水，疏通过几次没用", "蘅芷新村8号楼下水道返水，污水漫到一楼客厅"},
		"drain elsewhere":   {"荻汀村下水道返水"},
		"no power":          {"穗谷科创园电力中断，生产线停了", "穗谷科创园整栋没电"},
		"price of power":    {"穗谷科创园电费单价比别的园区高"},
		"lift":              {"望舒里电梯困人，物业不管", "望舒里电梯一周坏了三次"},
		"lift elsewhere":    {"槐序苑电梯坏了三天"},
		"lift in a third":   {"汀禾苑电梯坏了三天"},
		"kitchen fumes":     {"望舒里楼下烧烤店油烟大", "望舒里烧烤店半夜还在营业，油烟呛人"},
		"fees":              {"望舒里物业费涨价", "望舒里物业收费不透明"},
		"rubbish":           {"望舒里垃圾没人清运", "望舒里垃圾桶满了几天"},
		"green":             {"望舒里绿化没人修剪"},
		"roof":              {"望舒里小区楼顶漏水"},
	}
	m := recognition.NewMatters(g)
	of := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		for i, text := range groups[name] {
			d := recognition.Describe(ticket.Ticket{ID: fmt.Sprint(name, i), Content: text}, "")
			p := m.Place(d)
			if p.Matter == "" {
				p.Matter = d.ID
			}
			m.Put(d, p.Matter, false)
			if i > 0 && p.Matter != name+"0" || i == 0 && of[p.Matter] != "" {
				t.Errorf("%s: %s is in %s: %+v", name, text, p.Matter, p.Near)
			}
			of[p.Matter] = name
		}
	}
}

// What the gazetteer calls a place is that place in a text, too, whatever its name ends with.
func TestATextNamesAPlaceOfTheGazetteer(t *testing.T) {
	g := matter.Gazetteer{{Name: "穗谷科创园", Aliases: []string{"穗谷园区"}}, {Name: "蘅汀产业园"}, {Name: "青穗雅庭"}, {Name: "青穗雅庭南区"}, {Name: "青穗"}, {Name: "青穗路"}}
	power := [5]string{"公用事业", "供电", "停电"}
	for _, c := range []struct {
		name string
		a, b ticket.Ticket
		same bool
	}{
		{"the same words about two places", ticket.Ticket{Content: "穗谷科创园2幢整栋停电，生产线停了"}, ticket.Ticket{Content: "蘅汀产业园2幢整栋停电，生产线停了"}, false},
		{"… of one kind", ticket.Ticket{Content: "穗谷科创园整栋停电", Category: power}, ticket.Ticket{Content: "蘅汀产业园整栋停电", Category: power}, false},
		{"one place by two names", ticket.Ticket{Content: "穗谷科创园没电", Category: power}, ticket.Ticket{Content: "我公司在穗谷园区，生产线停了", Category: power}, true},
		{"by a column and by the text", ticket.Ticket{Community: "穗谷科创园", Content: "没电", Category: power}, ticket.Ticket{Title: "穗谷科创园跳闸", Category: power}, true},
		{"beside the number of its road", ticket.Ticket{Content: "青穗路600弄青穗雅庭停电", Category: power}, ticket.Ticket{Content: "青穗雅庭跳闸", Category: power}, true},
		{"a longer name that begins like it", ticket.Ticket{Content: "青穗雅庭停电", Category: power}, ticket.Ticket{Content: "青穗雅庭南区跳闸", Category: power}, false},
		{"what the columns say comes first", ticket.Ticket{Community: "望舒里", Content: "从青穗雅庭搬来，停电", Category: power}, ticket.Ticket{Content: "青穗雅庭停电", Category: power}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.a.ID, c.b.ID = "a", "b"
			for _, pair := range [][2]ticket.Ticket{{c.a, c.b}, {c.b, c.a}} {
				m := recognition.NewMatters(g)
				m.Put(recognition.Describe(pair[0], ""), "first", false)
				p := m.Place(recognition.Describe(pair[1], ""))
				if (p.Matter == "first") != c.same || c.same && len(p.Reasons) == 0 {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

func TestTwoTicketsSayWhyTheyAreAlike(t *testing.T) {
	m := recognition.NewMatters(nil)
	lift := described("望舒里", "电梯停了三天，老人下不了楼", "a")
	m.Put(lift, "first", false)
	same := described("望舒里", "轿厢门关不上", "b")
	if c := m.Between(same, "a"); c.Probability < 0.5 || len(c.Reasons) == 0 || !strings.Contains(c.Reasons[0].Text, "望舒里") {
		t.Errorf("%+v", c)
	}
	if c := m.Between(described("秀水里", "轿厢门关不上", "b"), "a"); c.Probability >= 0.5 {
		t.Errorf("of another place: %+v", c)
	}
	if c := m.Between(same, "not there"); c.Probability != 0 {
		t.Errorf("%+v", c)
	}
	other := recognition.Describe(ticket.Ticket{ID: "c", Community: "望舒里", Category: [5]string{"城乡建设", "物业管理", "物业收费"}}, "")
	if m.OtherKind(same, "a") || !m.OtherKind(other, "a") || m.OtherKind(other, "not there") || m.OtherKind(recognition.Describe(ticket.Ticket{ID: "d"}, ""), "a") {
		t.Error("of two kinds are those that their sources call differently")
	}
}
