package demo

import (
	"fmt"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workday"
)

// Account is somebody to try the system as.
type Account struct {
	ID   string // person id, as in `xiaopu user token`
	Name string
	Role string // Chinese: the post, and what to look at
}

// Administrator is the one of Accounts who manages accounts.
const Administrator = "p-sysadmin"

// Accounts lists one person for each part to play; the first is the centre.
func Accounts() []Account {
	return []Account{
		{"p-centre-1", nameOf("p-centre-1"), "城运中心：入库、分类、交办、核查"},
		{"p-head-zhifa", nameOf("p-head-zhifa"), "综合行政执法队负责人：接单、退单、认领、指定承办人"},
		{"p-handler-zhifa-1", nameOf("p-handler-zhifa-1"), "综合行政执法队承办人：先行联系、办理、提交办结"},
		{"p-head-fangguan", nameOf("p-head-fangguan"), "房管所负责人：有难事待接单"},
		{"p-handler-fangguan-1", nameOf("p-handler-fangguan-1"), "房管所承办人：办理、提交办结"},
		{"p-deputy-1", nameOf("p-deputy-1"), "综合行政执法队等部门的分管领导：协调处置、升级响应"},
		{"p-liaison-1-1", nameOf("p-liaison-1-1"), "第一网格联络员、望舒里工作人员：上报难事、现场核实"},
		{"p-chief-1", nameOf("p-chief-1"), "第一网格网格长：Ⅱ级响应会商部署"},
		{"p-secretary-1", nameOf("p-secretary-1"), "第一网格党组织书记：书记领题"},
		{"p-principal", nameOf("p-principal"), "主要领导：Ⅰ级响应统筹、销项、挂账"},
		{"p-supervisor-1", nameOf("p-supervisor-1"), "党政办（督查）：督办、通报"},
		{"p-coordinator-1", nameOf("p-coordinator-1"), "全科型协调专员：协助城运中心办理指定的难事"},
		{"p-handler-guijian-1", nameOf("p-handler-guijian-1"), "规划建设和生态环境办公室承办人，正代行负责人职责（AB角）"},
		{"p-resident-1", nameOf("p-resident-1"), "居民：查看自己的诉求、评价、催办"},
		{"p-enterprise-1", nameOf("p-enterprise-1"), "企业联系人：查看企业的诉求、评价"},
		{Administrator, nameOf(Administrator), "系统管理员：账号与设置，看不到案件"},
	}
}

// Organisation gives an invented street as of now: every role is held, except that 社区管理办公室 has no deputy leader
// (the centre acts), and the head of 规划建设和生态环境办公室 is away for a week and has a delegate. Names and phones are
// fictional; the residents have the phones of tickets in Export. Ids say who is who.
func Organisation(now time.Time) ([]organisation.Department, []organisation.Grid, []organisation.Community, []organisation.Person, []organisation.Delegation) {
	return streetDepartments(), streetGrids(), streetCommunities(), streetPeople(), streetDelegations(now)
}

// office is a department with its people: the head first, then its handlers.
type office struct {
	slug, name, short, kind, deputy string
	people                          []string
}

var offices = []office{
	{"dangzheng", PartyGovernmentOffice, "党政办", organisation.KindSection, "p-deputy-2", []string{"顾明远", "陆思齐", "钱语桐"}},
	{"dangqun", PartyWorkOffice, "党群办", organisation.KindSection, "p-deputy-4", []string{"徐雅琴", "朱晨曦", "曹文博"}},
	{"guijian", PlanningOffice, "规建办", organisation.KindSection, "p-deputy-1", []string{"傅振华", "龚思远", "余秋萍"}},
	{"zhifa", EnforcementTeam, "执法队", organisation.KindSquad, "p-deputy-1", []string{"马国梁", "秦浩然", "康建伟", "庄雪莹"}},
	{"chengyun", OperationCentre, "城运中心", organisation.KindCentre, "p-deputy-1", []string{"盛海燕", "张可欣", "宋文杰"}},
	{"guanli", CommunityManagementOffice, "管理办", organisation.KindSection, "", []string{"施建国", "严晓雯", "范立新"}},
	{"fuwu", CommunityServiceOffice, "服务办", organisation.KindSection, "p-deputy-3", []string{"唐慧敏", "姚博文", "邵嘉宁"}},
	{"pingan", SafetyOffice, "平安办", organisation.KindSection, "p-deputy-2", []string{"倪国强", "俞子涵", "夏永康"}},
	{"yingshang", BusinessCentre, "营商中心", organisation.KindCentre, "p-deputy-4", []string{"沈志豪", "金佳慧", "汪俊杰"}},
	{"fangguan", HousingOffice, "", organisation.KindStation, "p-deputy-3", []string{"戴静怡", "谢雨菲", "丁海峰"}},
	{"shuiwu", WaterOffice, "", organisation.KindStation, "p-deputy-1", []string{"江水生", "温雅婷", "柳长青"}},
	{"shichang", MarketOffice, "市场所", organisation.KindStation, "p-deputy-4", []string{"董卫东", "贺晓峰", "常悦"}},
	{"lvrong", GreeningOffice, "绿容所", organisation.KindStation, "p-deputy-1", []string{"林淑贞", "梅向阳", "葛晓晨"}},
	{"shouli", ServiceHall, "受理中心", organisation.KindCentre, "p-deputy-3", []string{"黄丽娟", "潘晓彤", "钟志明"}},
}

var gridNames = []string{"第一网格", "第二网格", "第三网格", "第四网格", "第五网格"}

// settlements are in the order of the grids they lie in, three to a grid.
var settlements = []struct{ slug, name, kind, staff string }{
	{"wangshu", Wangshu, organisation.KindResidential, "叶春梅"},
	{"tinghe", Tinghe, organisation.KindResidential, "薛佳音"},
	{"hengzhi", Hengzhi, organisation.KindResidential, "阎少华"},
	{"muqing", Muqing, organisation.KindResidential, "雷素芬"},
	{"lanwei", Lanwei, organisation.KindResidential, "侯明珠"},
	{"qihe", Qihe, organisation.KindResidential, "孟凡星"},
	{"yunwei", Yunwei, organisation.KindResidential, "龙玉婷"},
	{"luyi", Luyi, organisation.KindResidential, "段建平"},
	{"huaixu", Huaixu, organisation.KindResidential, "郝丽萍"},
	{"qingsui", Qingsui, organisation.KindResidential, "毛思雨"},
	{"diting", Diting, organisation.KindVillage, "钱根生"},
	{"lingzhou", Lingzhou, organisation.KindVillage, "瞿永芳"},
	{"hengting", Hengting, organisation.KindPark, "邱志刚"},
	{"suigu", Suigu, organisation.KindPark, "万晓莉"},
}

const settlementsPerGrid = 3

// aliases are the other names under which complaints speak of a community.
func aliases(name, kind string) []string {
	switch kind {
	case organisation.KindResidential:
		return []string{name + "居委会", name + "小区"}
	case organisation.KindVillage:
		return []string{name + "委会"} // 荻汀村委会
	}
	return []string{name + "园区"}
}

func streetDepartments() []organisation.Department {
	var out []organisation.Department
	for _, o := range offices {
		out = append(out, organisation.Department{ID: "d-" + o.slug, Name: o.name, ShortName: o.short, Kind: o.kind, DeputyLeader: o.deputy})
	}
	return out
}

func gridID(i int) string { return fmt.Sprintf("g-%d", i+1) }

func streetGrids() []organisation.Grid {
	var out []organisation.Grid
	for i, name := range gridNames {
		out = append(out, organisation.Grid{ID: gridID(i), Name: name})
	}
	return out
}

func streetCommunities() []organisation.Community {
	var out []organisation.Community
	for i, s := range settlements {
		out = append(out, organisation.Community{ID: "c-" + s.slug, Name: s.name, GridID: gridID(i / settlementsPerGrid), Kind: s.kind, Aliases: aliases(s.name, s.kind)})
	}
	return out
}

func streetPeople() []organisation.Person {
	var out []organisation.Person
	add := func(id, name string, posts ...organisation.Post) {
		out = append(out, organisation.Person{ID: id, Name: name, Phone: fmt.Sprintf("1380000%04d", 9001+len(out)), Posts: posts})
	}
	post := func(role casework.Role, unit string) organisation.Post {
		return organisation.Post{Role: role, Unit: unit}
	}

	add("p-principal", "周启航", post(casework.PrincipalLeader, ""), post(casework.LeadingGroup, ""))
	for i, name := range []string{"吴建军", "郑雪梅", "汤国栋", "何婉清"} { // of which departments, they say themselves
		add(fmt.Sprintf("p-deputy-%d", i+1), name, post(casework.LeadingGroup, ""))
	}
	add("p-group-1", "高德明", post(casework.LeadingGroup, ""))

	for _, o := range offices {
		department := "d-" + o.slug
		for i, name := range o.people {
			id, posts := fmt.Sprintf("p-handler-%s-%d", o.slug, i), []organisation.Post{post(casework.Handler, department)}
			if i == 0 {
				id, posts = "p-head-"+o.slug, []organisation.Post{post(casework.DepartmentHead, department)}
			}
			switch {
			case o.slug == "chengyun": // all three are the centre's clerks
				posts = append([]organisation.Post{post(casework.Centre, "")}, posts...)
				if i > 0 {
					id = fmt.Sprintf("p-centre-%d", i)
				}
			case o.slug == "dangzheng" && i > 0:
				id, posts = fmt.Sprintf("p-supervisor-%d", i), append([]organisation.Post{post(casework.Supervisor, "")}, posts...)
			case o.slug == "fuwu" && i > 0:
				id, posts = fmt.Sprintf("p-coordinator-%d", i), append([]organisation.Post{post(casework.Coordinator, "")}, posts...)
			}
			add(id, name, posts...)
		}
	}

	chiefs := []string{"梁志远", "蒋文涛", "韩雪峰", "冯晓东", "袁国平"}
	secretaries := []string{"彭红霞", "曾爱华", "程立军", "苏美玲", "卢振东"}
	for i := range gridNames {
		add(fmt.Sprintf("p-chief-%d", i+1), chiefs[i], post(casework.GridChief, gridID(i)))
		add(fmt.Sprintf("p-secretary-%d", i+1), secretaries[i], post(casework.PartySecretary, gridID(i)))
	}
	for i, s := range settlements {
		id, posts := "p-community-"+s.slug, []organisation.Post{post(casework.Community, "c-"+s.slug)}
		if n := i % settlementsPerGrid; n < 2 { // the first two of a grid are its liaisons too
			grid := i / settlementsPerGrid
			id, posts = fmt.Sprintf("p-liaison-%d-%d", grid+1, n+1), append([]organisation.Post{post(casework.Liaison, gridID(grid))}, posts...)
		}
		add(id, s.staff, posts...)
	}

	add("p-sysadmin", "任思源", post(casework.SystemAdmin, ""))
	add("p-secadmin", "方若兰", post(casework.SecurityAdmin, ""))
	add("p-auditor", "石守正", post(casework.Auditor, ""))
	add("p-gone", "白一帆", post(casework.Handler, "d-zhifa"))
	out[len(out)-1].Left = true

	// Their phones are those of tickets in the export: a leaking roof, a rented-out parking space, a lift, a subsidy.
	for _, r := range []struct{ id, name, phone string }{
		{"p-resident-1", "周文斌", "13800001001"},
		{"p-resident-2", "褚佩兰", "13800001003"},
		{"p-resident-3", "韩家乐", "13800001007"},
		{"p-enterprise-1", "罗启明", "13800001005"},
	} {
		add(r.id, r.name, post(casework.Resident, ""))
		out[len(out)-1].Phone = r.phone
	}
	return out
}

func streetDelegations(now time.Time) []organisation.Delegation {
	today := workday.DateOf(now)
	return []organisation.Delegation{{
		ID: "ab-guijian", From: "p-head-guijian", To: "p-handler-guijian-1",
		StartAt: today.AddDays(-2).At(9 * 60), EndAt: today.AddDays(5).At(17 * 60),
	}}
}

func nameOf(person string) string {
	for _, p := range streetPeople() {
		if p.ID == person {
			return p.Name
		}
	}
	panic("demo: nobody is " + person) // a slip in this file, found by any test
}
