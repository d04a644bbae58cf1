package recognition_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"xiaopu/server/recognition"
	"xiaopu/server/ticket"
)

func TestTitle(t *testing.T) {
	for _, c := range []struct {
		name string
		t    ticket.Ticket
		want string
	}{
		{"its title", ticket.Ticket{Title: "望舒里夜间施工扰民", Content: "x", Community: "秀水里"}, "望舒里夜间施工扰民"},
		{"a short title", ticket.Ticket{Title: "停车难"}, "停车难"},
		{"a title with a tag", ticket.Ticket{Title: "【重新交办，关联工单20260822223850】夜间施工"}, "夜间施工"},
		{"a title that is nothing but a formula", ticket.Ticket{Title: "希望相关部门处理", Content: "东侧工地半夜打桩"}, "东侧工地半夜打桩"},
		{"the first clause with the place", ticket.Ticket{Content: "市民来电反映：东侧工地半夜打桩，望相关部门尽快核实处理。", Community: "望舒里"}, "望舒里：东侧工地半夜打桩"},
		{"the place is in the clause already", ticket.Ticket{Content: "望舒里小区东侧工地半夜打桩", Community: "望舒里"}, "望舒里小区东侧工地半夜打桩"},
		{"the place from the address, without the door", ticket.Ticket{Content: "东侧工地半夜打桩", Address: "上海市奉贤区望园路1200弄34号501室"}, "望园路1200弄：东侧工地半夜打桩"},
		{"who speaks and when is passed over", ticket.Ticket{Content: "您好，我是望舒里居民，9月1日，楼道里的电动车一直没有人管，天天充电"}, "楼道里的电动车一直没有人管"},
		{"a short clause takes the next along", ticket.Ticket{Content: "水管漏了，三天没人修，很急"}, "水管漏了，三天没人修"},
		{"words to a leader", ticket.Ticket{Content: "尊敬的书记：您好！东侧工地半夜打桩"}, "东侧工地半夜打桩"},
		{"a phone number", ticket.Ticket{Title: "请回电13800005678夜间施工"}, "夜间施工"},
		{"a landline", ticket.Ticket{Title: "商铺电话57005678骚扰"}, "商铺电话****5678骚扰"},
		{"an ID number", ticket.Ticket{Title: "身份证310101199001011237办不了"}, "身份证办不了"},
		{"a door", ticket.Ticket{Title: "望舒里12号楼501室漏水"}, "望舒里漏水"},
		{"the requester's name", ticket.Ticket{Title: "欧阳小小家楼道堆物", Requester: ticket.Requester{Kind: ticket.Person, Name: "欧阳小小"}}, "诉求人家楼道堆物"},
		{"an enterprise is named", ticket.Ticket{Title: "浦南公司用电报装慢", Requester: ticket.Requester{Kind: ticket.Enterprise, Name: "浦南公司", Contact: "张三丰"}}, "浦南公司用电报装慢"},
		{"its contact is not", ticket.Ticket{Title: "张三丰反映用电报装慢", Requester: ticket.Requester{Kind: ticket.Enterprise, Name: "浦南公司", Contact: "张三丰"}}, "诉求人反映用电报装慢"},
		{"a polite name", ticket.Ticket{Title: "楼上张先生家漏水"}, "楼上某先生家漏水"},
		{"a whole polite name", ticket.Ticket{Title: "邻居，李小华阿姨占用楼道"}, "邻居，某阿姨占用楼道"},
		{"an official's name", ticket.Ticket{Title: "居委王主任态度不好"}, "居委某主任态度不好"},
		{"an office without a name", ticket.Ticket{Title: "保安队长和工程队长打人"}, "保安队长和工程队长打人"},
		{"a name said", ticket.Ticket{Title: "负责人:王小明拖欠工资"}, "负责人：某某拖欠工资"},
		{"a name that acts", ticket.Ticket{Title: "居民张三反映电梯停运"}, "居民某某反映电梯停运"},
		{"words that begin like names", ticket.Ticket{Title: "居民安全意识差，业主方便停车，老人高度紧张"}, "居民安全意识差，业主方便停车，老人高度紧张"},
		{"marks in full width", ticket.Ticket{Title: "停车难,物业不管(多次投诉);12:30,1,200元?"}, "停车难，物业不管（多次投诉）；12:30,1,200元"},
		{"long", ticket.Ticket{Title: strings.Repeat("夜间施工扰民", 20)}, strings.Repeat("夜间施工扰民", 9) + "夜间施工扰…"},
		{"a tag that never closes", ticket.Ticket{Content: "东侧工地半夜打桩【最近派发的工单编号：20260822223850，工单内容：旧事"}, "东侧工地半夜打桩"},
		{"a tag that never closes and is all there is", ticket.Ticket{Content: "【重新交办，关联工单20260822223850", Source: ticket.Hotline, OrderNo: "20260901080000"}, "12345热线工单 20260901080000"},
		{"an ordinary bracket that never closes", ticket.Ticket{Content: "望舒里【东侧工地半夜打桩"}, "望舒里东侧工地半夜打桩"},
		{"words in another script", ticket.Ticket{Content: strings.Repeat("The lift is out of order. ", 20)}, "The lift is out of order. The lift is out of order. The lif…"},
		{"a number that stands where reading ends", ticket.Ticket{Title: strings.Repeat("12号501室", 27) + "漏水请打13800005678"}, "漏水请打"},
		{"only a category", ticket.Ticket{Category: [5]string{0: "城乡建设", 4: "夜间施工"}, Community: "望舒里"}, "望舒里：夜间施工/城乡建设"},
		{"nothing but a formula", ticket.Ticket{Content: "市民来电反映，希望相关部门尽快处理。", Community: "望舒里"}, "望舒里：市民来电反映，希望相关部门尽快处理"},
		{"nothing but a number", ticket.Ticket{Source: ticket.Hotline, OrderNo: "20260822223850"}, "12345热线工单 20260822223850"},
		{"nothing", ticket.Ticket{}, "未知来源工单"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := recognition.Title(c.t); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// What grows with the square of a text takes far longer than a minute, also where much else runs.
func TestHostileTextsAreReadInTime(t *testing.T) {
	for name, text := range map[string]string{
		"open brackets": strings.Repeat("【", 60000), "nested": strings.Repeat("【", 30000) + strings.Repeat("】", 30000), "commas": strings.Repeat("，", 60000),
		"polite": strings.Repeat("张先生", 20000), "names": strings.Repeat("居民张三", 15000), "doors": strings.Repeat("12号", 20000), "roads": strings.Repeat("望园路1", 15000),
		"greetings": strings.Repeat("您好，", 20000), "digits": strings.Repeat("1", 60000),
	} {
		start := time.Now()
		tk := ticket.Ticket{Title: text, Content: text, Address: text, OrderNo: "1"}
		if got := recognition.Title(tk); utf8.RuneCountInString(got) > 60 {
			t.Errorf("%s: %q", name, got)
		}
		recognition.Describe(tk, "")
		if d := time.Since(start); d > time.Minute {
			t.Errorf("%s: %v", name, d)
		}
	}
}

var personal = regexp.MustCompile(`(?:^|\D)1[3-9]\d{9}(?:\D|$)|(?:^|\D)\d{17}[\dXx](?:\D|$)`)

func FuzzTitle(f *testing.F) {
	f.Add("夜间施工", "市民来电反映：张三的手机13800005678", "望园路1200弄34号501室", "望舒里", "张三", "20260822223850")
	f.Add("【重新交办，关联工单20260822223850", "", "", "", "", "")
	f.Add("", "身份证310101199001011237、电话 138 0000 5678，(021)57005678", "", "小区", "a", "1")
	f.Add("先生", "张先生王先生13800005678先生", "", "", "先生", "13800005678")
	f.Add("\xff1\xff3", "…………,,,,::((()))", "路路路", "苑", "\x00", "  ")
	f.Fuzz(func(t *testing.T, title, content, address, community, name, orderNo string) {
		tk := ticket.Ticket{
			Title: title, Content: content, Address: address, Community: community, OrderNo: orderNo, Source: ticket.Hotline,
			Requester: ticket.Requester{Kind: ticket.Person, Name: name},
		}
		got := recognition.Title(tk)
		if n := utf8.RuneCountInString(got); n < 2 || n > 60 || !utf8.ValidString(got) {
			t.Errorf("%d %q", n, got)
		}
		if strings.ContainsFunc(got, unicode.IsControl) || strings.TrimSpace(got) != got {
			t.Errorf("%q", got)
		}
		if personal.MatchString(got) || ticket.MaskText(got) != got {
			t.Errorf("shows a number: %q", got)
		}
	})
}
