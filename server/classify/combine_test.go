package classify_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"xiaopu/configs"
	"xiaopu/server/classify"
	"xiaopu/server/config"
)

func shipped(t testing.TB) *classify.Lexicon {
	t.Helper()
	text, err := configs.Files.ReadFile("topics.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := config.LoadTopics(text)
	if err != nil {
		t.Fatal(err)
	}
	return classify.NewLexicon(tree)
}

var departments = []classify.Department{
	{ID: "d-zhifa", Name: "综合行政执法队", ShortName: "执法队"}, {ID: "d-fangguan", Name: "房管所"}, {ID: "d-shichang", Name: "市场监督管理所"},
	{ID: "d-yingshang", Name: "营商服务中心"}, {ID: "d-guijian", Name: "规划建设和生态环境办公室"}, {ID: "d-shuiwu", Name: "水务所"},
	{ID: "d-pingan", Name: "平安建设办公室"}, {ID: "d-fuwu", Name: "社区服务办公室"}, {ID: "d-lvrong", Name: "绿化市容管理所"}, {ID: "d-dangqun", Name: "党群工作办公室"},
	{ID: "d-guanli", Name: "社区管理办公室"}, {ID: "d-shouli", Name: "社区事务受理服务中心"},
}

// What a street hears on its first day, before anything has been learned.
var firstDay = []struct{ title, detail, topic, lead string }{
	{"工地半夜施工", "望舒里东侧工地每天夜里打桩到一点，整幢楼睡不着。", "噪声扰民/施工噪声", "d-zhifa"},
	{"", "楼下广场舞音响开得很大，晚上九点还不散。", "噪声扰民/社会生活噪声", ""},
	{"电梯又停了", "12号楼电梯故障，昨天把人困在里面，维保单位不来。", "物业管理/电梯运行", "d-shichang"},
	{"加装电梯", "我们楼想加装电梯，一楼住户不同意，怎么办理。", "住房保障/旧房改造", "d-fangguan"},
	{"物业乱收费", "物业公司把物业费涨了两成，公共收益从来不公示。", "物业管理/物业服务收费", "d-fangguan"},
	{"业委会换届", "业委会任期已满一年，业主大会一直开不起来。", "物业管理/业主组织", "d-guanli"},
	{"小区停车难", "晚上七点以后小区没有车位，有人装地锁。", "物业管理/小区停车", "d-guanli"},
	{"楼道里充电", "有人把电瓶车推进楼道飞线充电。", "物业管理/电动自行车充电", "d-pingan"},
	{"违法搭建", "一楼把天井封起来搭建阳光房。", "违法建设/违法搭建", "d-zhifa"},
	{"群租", "楼上把三居室隔断成八间群租出去。", "违法建设/群租", "d-pingan"},
	{"油烟太大", "烧烤店油烟直接往窗户里灌，油烟扰民。", "环境治理/大气异味", "d-guijian"},
	{"河道发黑", "村口河道黑臭，有工厂污水直排。", "环境治理/水环境", "d-shuiwu"},
	{"垃圾没人收", "垃圾桶满溢三天没有清运，蚊虫很多。", "市容环卫/垃圾清运", "d-lvrong"},
	{"马路摆摊", "学校门口流动摊贩占道经营，人都走不过去。", "市容环卫/占道经营", "d-zhifa"},
	{"树枝太密", "楼前树木十年没有修剪，树枝遮挡采光。", "市容环卫/绿化养护", "d-lvrong"},
	{"公交车太少", "公交线路半小时一班，希望增加班次。", "交通出行/公共交通", "d-guijian"},
	{"路口没有红绿灯", "路口车多，没有信号灯，经常发生碰撞。", "交通出行/交通组织", ""},
	{"路面坑洼", "恒之路路面破损，下雨全是积水。", "交通出行/道路设施", "d-guijian"},
	{"自来水发黄", "放出来的自来水发黄有沉淀，二次供水水箱没洗。", "市政公用/供水排水", "d-shuiwu"},
	{"路灯不亮", "小路上路灯坏了一个月，漆黑一片。", "市政公用/路灯照明", "d-guijian"},
	{"消防通道被堵", "消防通道停满私家车，消防车进不来。", "公共安全/消防安全", "d-pingan"},
	{"遛狗不牵绳", "有人遛狗不牵绳，犬只吓到孩子。", "公共安全/养犬管理", "d-pingan"},
	{"饭店吃坏肚子", "在饭店吃饭后食物中毒，反映食品安全问题。", "公共安全/食品药品安全", "d-shichang"},
	{"老人吃饭", "希望开设社区食堂，独居老人助餐不方便。", "养老服务/居家养老", "d-fuwu"},
	{"养老院", "养老院护工态度差，想换养老机构。", "养老服务/机构养老", "d-fuwu"},
	{"孩子上学", "外地户籍孩子小学入学需要什么条件，学区怎么划分。", "教育医疗/入学招生", "d-fuwu"},
	{"培训班跑路", "培训机构关门，课时费不退。", "教育医疗/校外培训", "d-shichang"},
	{"接种疫苗", "社区卫生服务中心疫苗接种总是约不到。", "教育医疗/医疗卫生", "d-fuwu"},
	{"拖欠工资", "公司拖欠工资三个月，劳动合同也没签。", "社会保障/劳动维权", "d-pingan"},
	{"申请低保", "家里困难，想申请低保和临时救助。", "社会保障/救助帮扶", "d-fuwu"},
	{"健身卡退款", "健身房关门跑路，预付卡里的钱要不回来。", "消费维权/预付卡消费", "d-shichang"},
	{"办营业执照", "我公司注册登记卡在住所登记，营业执照办不下来。", "企业开办/注册登记", "d-yingshang"},
	{"消防验收", "我司新厂房消防验收两次没通过，不知道怎么整改。", "项目审批/消防验收", "d-yingshang"},
	{"扶持资金没到账", "我们公司去年申报的产业扶持专项资金一直没有兑现。", "政策兑现/产业扶持", "d-yingshang"},
	{"企业贷款", "小微企业融资难，银行贷款需要担保。", "融资贷款/贷款担保", "d-yingshang"},
	{"人才落户", "公司引进人才，人才落户材料交到哪里。", "人才引进/落户居住", "d-dangqun"},
	{"人才公寓", "员工申请人才公寓排队半年。", "人才引进/人才安居", "d-dangqun"},
	{"", "下大雨地下车库进水，车子都泡了。", "公共安全/防汛防台", "d-pingan"},
	{"灵堂扰民", "有人在小区里搭灵堂吹打，还焚烧纸钱。", "社区治理/殡葬祭扫", "d-fuwu"},
	{"", "小区里有蟑螂老鼠，要求消杀。", "市容环卫/病媒消杀", "d-fuwu"},
	{"", "无障碍坡道被堵住，轮椅进不去。", "市政公用/无障碍设施", "d-fuwu"},
	{"", "菜场里鱼摊污水横流，气味难闻。", "消费维权/农贸市场", "d-shichang"},
}

func TestLexiconWorksOnDayOne(t *testing.T) {
	k := classify.Knowledge{Lexicon: shipped(t), Departments: departments}
	var verdicts []classify.Verdict
	for _, x := range firstDay {
		a := k.Combine(classify.Query{Text: classify.Text{Title: x.title, Detail: x.detail}}, nil)
		verdicts = append(verdicts, classify.Verdict{Truth: x.topic, Label: a.Topic.Value, Probability: a.Topic.Probability})
		if a.Topic.Value != x.topic {
			t.Errorf("%s: %s (%.2f), want %s", x.detail, a.Topic.Value, a.Topic.Probability, x.topic)
			continue
		}
		business := strings.Contains("企业开办 项目审批 政策兑现 融资贷款 人才引进", a.Branch.Value)
		if want := map[bool]string{true: "business", false: "livelihood"}[business]; a.Domain.Value != want {
			t.Errorf("%s: domain %s", x.detail, a.Domain.Value)
		}
		if x.lead != "" && a.Lead.Value != x.lead {
			t.Errorf("%s: lead %s, want %s", x.detail, a.Lead.Value, x.lead)
		}
		if o := a.Topic.Opinions[0]; o.Source != classify.FromLexicon || len(o.Reasons) == 0 || !strings.Contains(x.title+x.detail, o.Reasons[0].Words) {
			t.Errorf("%s: reasons %+v", x.detail, o)
		}
		if a.Branch.Probability < a.Topic.Probability-1e-9 || a.Domain.Probability < a.Branch.Probability-1e-9 {
			t.Errorf("%s: the whole is less likely than its part: %+v", x.detail, a)
		}
	}
	t.Logf("%+v", classify.Measure(verdicts).ECE)
}

func TestUnsureAnswersAskTheClerk(t *testing.T) {
	k := classify.Knowledge{Lexicon: shipped(t), Departments: departments}
	for text, want := range map[string]struct {
		value string
		ask   bool
		least int // options
	}{
		"麻烦了解一下情况": {"", true, 0},
		"":         {"", true, 0},
		"垃圾":       {"市容环卫/垃圾清运", true, 1},
		"垃圾分类的垃圾房又满了，没人清运": {"市容环卫/垃圾清运", false, 1},
	} {
		a := k.Combine(classify.Query{Text: classify.Text{Detail: text}}, nil)
		if a.Topic.Value != want.value || a.Topic.Ask != want.ask || len(a.Topic.Options) < want.least || want.least == 0 && len(a.Topic.Options) > 0 {
			t.Errorf("%q: %+v", text, a.Topic)
		}
		// Nothing stands there only because something must, and who has many topics is not therefore meant.
		for _, o := range a.Topic.Options[min(1, len(a.Topic.Options)):] {
			if o.Probability < 0.02 {
				t.Errorf("%q: an option that nothing speaks for: %+v", text, o)
			}
		}
		if want.value == "" && (a.Lead.Value != "" || len(a.Lead.Opinions) > 0 || !a.Lead.Ask) {
			t.Errorf("%q: whose it is: %+v", text, a.Lead)
		}
	}
	a := k.Combine(classify.Query{Text: classify.Text{Title: "电梯和垃圾"}}, nil)
	if !a.Topic.Ask || a.Topic.Options[0].Probability < a.Topic.Options[1].Probability || a.Topic.Options[1].Probability < 0.1 {
		t.Errorf("two things at once: %+v", a.Topic)
	}
}

func TestSourcesAreNamedAndWeighed(t *testing.T) {
	x := shipped(t)
	text := classify.Text{Title: "电梯停运", Detail: "电梯停运一周，物业没有动静。"}
	alone := classify.Knowledge{Lexicon: x, Departments: departments}.Combine(classify.Query{Text: text}, nil)
	if len(alone.Topic.Opinions) != 1 {
		t.Fatalf("%+v", alone.Topic.Opinions)
	}

	// The same matter was decided otherwise before: that weighs more than words.
	before := []classify.Decision{{Case: "NS2026-000007", Topic: "物业管理/物业服务收费", Department: "d-guanli", Likeness: 1}, {Case: "NS2026-000003", Topic: "物业管理/物业服务收费", Department: "d-guanli", Likeness: 0.9},
		{Case: "NS2026-000009", Topic: "没有的类别", Department: "d-none", Likeness: 1}}
	k := classify.Knowledge{Lexicon: x, Departments: departments, Duties: []classify.DutyItem{{ID: "q-1", Name: "住宅电梯安全管理", Topic: "电梯运行", Words: []string{"电梯"}, Department: "d-shichang"}}}
	a := k.Combine(classify.Query{Text: text}, before)
	sources := map[classify.Source]string{}
	for _, o := range a.Topic.Opinions {
		sources[o.Source] = o.Value + " " + o.Reasons[0].Words
		if o.Probability <= 0 || o.Probability > 1 || o.Source.Label() == string(o.Source) {
			t.Errorf("%+v", o)
		}
	}
	if sources[classify.FromHistory] != "物业管理/物业服务收费 NS2026-000007" || sources[classify.FromDuties] != "物业管理/电梯运行 住宅电梯安全管理" || !strings.HasPrefix(sources[classify.FromLexicon], "物业管理/电梯运行 电梯") {
		t.Errorf("%v", sources)
	}
	if a.Topic.Probability >= alone.Topic.Probability && a.Topic.Value == alone.Topic.Value {
		t.Errorf("contradiction makes surer: %.3f, alone %.3f", a.Topic.Probability, alone.Topic.Probability)
	}
	if a.Branch.Value != "物业管理" || a.Branch.Ask {
		t.Errorf("all agree on the first level: %+v", a.Branch)
	}
	if i := slices.IndexFunc(a.Lead.Opinions, func(o classify.Opinion) bool { return o.Source == classify.FromHistory }); i < 0 || a.Lead.Opinions[i].Value != "d-guanli" {
		t.Errorf("%+v", a.Lead)
	}
	agreeing := k.Combine(classify.Query{Text: text}, []classify.Decision{{Case: "NS2026-000001", Topic: "物业管理/电梯运行", Department: "d-shichang", Likeness: 0.8}})
	if agreeing.Topic.Probability <= alone.Topic.Probability || agreeing.Lead.Value != "d-shichang" || agreeing.Lead.Probability <= alone.Lead.Probability {
		t.Errorf("%+v", agreeing)
	}
}

func TestModelIsOneOfTheSources(t *testing.T) {
	examples := sample(400, 30)
	for i := range examples {
		examples[i].Label = map[string]string{"噪声扰民": "噪声扰民", "物业管理": "物业管理/物业服务收费", "交通出行": "公共交通", "劳动用工": "不在树里的"}[examples[i].Label]
	}
	m := trained(t, examples)
	leads := sample(400, 31)
	for i := range leads {
		leads[i].Label = map[string]string{"噪声扰民": "d-zhifa", "物业管理": "房管所", "交通出行": "d-guijian", "劳动用工": "d-gone"}[leads[i].Label]
	}
	k := classify.Knowledge{Lexicon: shipped(t), Model: m, Leads: trained(t, leads), Departments: departments}
	// Words that only the model knows.
	a := k.Combine(classify.Query{Text: classify.Text{Title: "公共收益账目不公开", Detail: "楼道没人做，一直拖着，保安不管外来人员。"}}, nil)
	i := slices.IndexFunc(a.Topic.Opinions, func(o classify.Opinion) bool { return o.Source == classify.FromModel })
	if a.Topic.Value != "物业管理/物业服务收费" || i < 0 || a.Topic.Opinions[i].Probability < 0.5 || len(a.Topic.Opinions[i].Reasons) == 0 {
		t.Errorf("%+v", a.Topic)
	}
	if a.Lead.Value != "d-fangguan" {
		t.Errorf("%+v", a.Lead)
	}
	// A label of the first level leaves the second to the lexicon.
	a = k.Combine(classify.Query{Text: classify.Text{Detail: "工地半夜打桩吵得睡不着，渣土车夜里鸣笛轰鸣"}}, nil)
	if a.Branch.Value != "噪声扰民" || a.Topic.Value != "噪声扰民/施工噪声" {
		t.Errorf("%+v", a.Topic)
	}
	// What the tree does not have is not known, and does not become something else.
	a = k.Combine(classify.Query{Text: classify.Text{Detail: "试用期无故开除，材料被退回"}}, nil)
	if i := slices.IndexFunc(a.Topic.Opinions, func(o classify.Opinion) bool { return o.Source == classify.FromModel }); i >= 0 && a.Topic.Opinions[i].Probability > 0.3 || !a.Topic.Ask {
		t.Errorf("%+v", a.Topic)
	}
}

func TestDomainFollowsWhoSpeaks(t *testing.T) {
	k := classify.Knowledge{Lexicon: shipped(t)}
	text := classify.Text{Detail: "想问问补贴什么时候发放，招聘有没有优惠"}
	person := k.Combine(classify.Query{Text: text}, nil).Domain
	company := k.Combine(classify.Query{Text: text, Enterprise: true}, nil).Domain
	if of(company, "business") <= of(person, "business") {
		t.Errorf("%+v, as a company %+v", person, company)
	}
	category := k.Combine(classify.Query{Text: classify.Text{Detail: "反映一件事"}, Category: []string{"城乡建设", "噪声管理", "施工噪声"}}, nil)
	if category.Topic.Value != "噪声扰民/施工噪声" {
		t.Errorf("the source's own category: %+v", category.Topic)
	}
}

func of(c classify.Choice, value string) float64 {
	for _, o := range c.Options {
		if o.Value == value {
			return o.Probability
		}
	}
	return 0
}

func TestMarks(t *testing.T) {
	k := classify.Knowledge{Lexicon: shipped(t)}
	for text, want := range map[string]string{
		"我们几十户居民准备明天集体上访":       "mass_complaint group_petition?",
		"昨天业主到区里集体上访，要求退钱":      "group_petition",
		"如果再不解决，我们就集体上访":        "group_petition?",
		"大家没有集体上访，只是反映":         "",
		"居民并没有组织上访":             "",
		"没人管，只好集体上访":            "group_petition?",
		"为避免发生火灾，请清理楼道":         "",
		"楼道起火，有人受伤":             "danger_to_life",
		"电线裸露，担心触电":             "danger_to_life?",
		"外墙瓷砖掉落砸伤路人":            "danger_to_life",
		"已经被电视台曝光，网上引发热议":       "public_opinion",
		"不会发到网上，希望私下解决":         "",
		"再不处理就发抖音":              "public_opinion?",
		"全体业主联名反映物业问题":          "mass_complaint",
		"路灯不亮":                  "",
		"未造成人员死亡事故，未引起舆情":       "",
		"燃气泄漏，家里老人小孩都在":         "danger_to_life",
		"希望杜绝群体投诉，提前沟通":         "",
		"工人拿不到钱，现在聚集在街道政府门口拉横幅": "group_petition",
	} {
		a := k.Combine(classify.Query{Text: classify.Text{Detail: text}}, nil)
		var got []string
		for _, m := range a.Marks {
			s := m.Kind
			if m.Feared {
				s += "?"
			}
			got = append(got, s)
			if m.Name == "" || len(m.Reasons) == 0 || !strings.Contains(text, m.Reasons[0].Words) || m.Feared && m.Probability > 0.5 || m.Source != classify.FromLexicon {
				t.Errorf("%s: %+v", text, m)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
}

func TestCrossings(t *testing.T) {
	k := classify.Knowledge{Lexicon: shipped(t)}
	for text, want := range map[string][]string{
		"房管所和城管互相推诿，谁都不管": {"cross_department"},
		"这件事涉及多个部门":       {"cross_department"},
		"不是互相推诿的问题":       nil,
		"路灯不亮":            nil,
		"小区违法搭建，消防通道也被堵，消防车进不来，违建很多": {"cross_department"},
		"属于新业态，跨行业监管":                {"cross_industry"},
	} {
		a := k.Combine(classify.Query{Text: classify.Text{Detail: text}}, nil)
		var got []string
		for _, m := range a.Crossings {
			got = append(got, m.Kind)
			if m.Probability <= 0 || m.Probability > 1 || m.Name == "" || len(m.Reasons) == 0 {
				t.Errorf("%s: %+v", text, m)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestFindTopics(t *testing.T) {
	x := shipped(t)
	for label, want := range map[string]int{"物业管理": 5, "物业管理/电梯运行": 1, " 电梯运行 ": 1, "电梯": 0, "": 0} {
		if got := x.Find(label); len(got) != want {
			t.Errorf("%q: %v", label, got)
		}
	}
	if n := len(x.Topics()); n < 60 {
		t.Errorf("%d topics", n)
	}
}

func FuzzCombine(f *testing.F) {
	k := classify.Knowledge{Lexicon: shipped(f), Model: trained(f, sample(40, 32)), Departments: departments, Duties: []classify.DutyItem{{Name: "路灯", Topic: "路灯照明", Words: []string{"路灯"}, Department: "d-guijian"}}}
	f.Add("路灯不亮", "如果不修就集体上访，没有人受伤", "路灯照明", 0.5)
	f.Add("", "\xff居民……联名", "市政公用", 1e9)
	f.Fuzz(func(t *testing.T, title, detail, topic string, likeness float64) {
		if !(likeness >= 0 && likeness <= 1) {
			likeness = 0
		}
		a := k.Combine(classify.Query{Text: classify.Text{Title: title, Detail: detail}, Category: []string{topic}}, []classify.Decision{{Case: "NS2026-000001", Topic: topic, Department: "d-guijian", Likeness: likeness}})
		for _, c := range []classify.Choice{a.Domain, a.Branch, a.Topic, a.Lead} {
			if !(c.Probability >= 0 && c.Probability <= 1+1e-9) || len(c.Options) > 3 {
				t.Errorf("%+v", c)
			}
			for _, o := range c.Opinions {
				if math.IsNaN(o.Probability) || o.Probability < 0 || o.Probability > 1+1e-9 {
					t.Errorf("%+v", o)
				}
			}
		}
	})
}

func TestAPhraseWithinAnotherIsNoReasonOfItsOwn(t *testing.T) {
	k := classify.Knowledge{Lexicon: shipped(t)}
	a := k.Combine(classify.Query{Text: classify.Text{Detail: "城管和房管互相推诿，没人受理"}}, nil)
	if len(a.Crossings) == 0 || len(a.Crossings[0].Reasons) != 1 || a.Crossings[0].Reasons[0].Words != "互相推诿" {
		t.Errorf("%+v", a.Crossings)
	}
}
