package demo

// The communities of the demonstration street. All names are invented.
const (
	Wangshu  = "望舒里"
	Tinghe   = "汀禾苑"
	Hengzhi  = "蘅芷新村"
	Muqing   = "沐晴佳苑"
	Lanwei   = "澜苇名庭"
	Qihe     = "栖禾家园"
	Yunwei   = "云苇花园"
	Luyi     = "芦衣公寓"
	Huaixu   = "槐序苑"
	Qingsui  = "青穗雅庭"
	Diting   = "荻汀村"
	Lingzhou = "菱舟村"
	Hengting = "蘅汀产业园"
	Suigu    = "穗谷科创园"
)

// Place is where a community lies.
type Place struct {
	Name string
	Road string // invented, like the names
	No   int    // 弄, or the house number of a park
	Park bool   // enterprises are there, not homes

	Village bool // houses in groups (组), no blocks of flats
}

// Places lists the communities with their addresses.
var Places = []Place{
	{Name: Wangshu, Road: "望舒路", No: 188},
	{Name: Tinghe, Road: "汀禾路", No: 66},
	{Name: Hengzhi, Road: "蘅芷路", No: 320},
	{Name: Muqing, Road: "沐晴路", No: 99},
	{Name: Lanwei, Road: "澜苇路", No: 518},
	{Name: Qihe, Road: "栖禾路", No: 255},
	{Name: Yunwei, Road: "云苇路", No: 400},
	{Name: Luyi, Road: "芦衣路", No: 77},
	{Name: Huaixu, Road: "槐序路", No: 138},
	{Name: Qingsui, Road: "青穗路", No: 600},
	{Name: Diting, Road: "荻汀路", No: 12, Village: true},
	{Name: Lingzhou, Road: "菱舟路", No: 35, Village: true},
	{Name: Hengting, Road: "蘅汀路", No: 1000, Park: true},
	{Name: Suigu, Road: "穗谷路", No: 88, Park: true},
}

// The departments of the demonstration street.
const (
	PartyGovernmentOffice     = "党政办公室"
	PartyWorkOffice           = "党群工作办公室"
	PlanningOffice            = "规划建设和生态环境办公室"
	EnforcementTeam           = "综合行政执法队"
	OperationCentre           = "城市运行管理中心"
	CommunityManagementOffice = "社区管理办公室"
	CommunityServiceOffice    = "社区服务办公室"
	SafetyOffice              = "平安建设办公室"
	BusinessCentre            = "营商服务中心"
	HousingOffice             = "房管所"
	WaterOffice               = "水务所"
	MarketOffice              = "市场监督管理所"
	GreeningOffice            = "绿化市容管理所"
	ServiceHall               = "社区事务受理服务中心"
)

// Departments lists them in the order the street prints them.
var Departments = []string{
	PartyGovernmentOffice, PartyWorkOffice, PlanningOffice, EnforcementTeam, OperationCentre, CommunityManagementOffice, CommunityServiceOffice,
	SafetyOffice, BusinessCentre, HousingOffice, WaterOffice, MarketOffice, GreeningOffice, ServiceHall,
}
