package casework

import "slices"

// Status is the state of a case (domain §3).
type Status string

// The states of a case. Final are Closed and Rejected; Merged can be split back while its target is open.
const (
	Reported   Status = "reported"
	Registered Status = "registered"
	Dispatched Status = "dispatched"
	Convening  Status = "convening"
	Handling   Status = "handling"
	Verifying  Status = "verifying"
	Resolved   Status = "resolved"
	Closed     Status = "closed"
	Rejected   Status = "rejected"
	Merged     Status = "merged"
)

// Statuses lists every state in the order of a case's life.
var Statuses = []Status{Reported, Registered, Dispatched, Convening, Handling, Verifying, Resolved, Closed, Rejected, Merged}

var openStatuses = []Status{Registered, Dispatched, Convening, Handling, Verifying}

// Open reports whether a case in this state is being worked on (domain §3, “Open”).
func (s Status) Open() bool { return slices.Contains(openStatuses, s) }

// Label is the state in Chinese.
func (s Status) Label() string { return statusLabels[s] }

var statusLabels = map[Status]string{
	Reported: "待入库", Registered: "待交办", Dispatched: "待接单", Convening: "待会商", Handling: "办理中",
	Verifying: "核查中", Resolved: "已办结", Closed: "已销项", Rejected: "不予入库", Merged: "已并案",
}

// Tier is a response tier (policy 三). The empty tier stands for “no stage opened yet”.
type Tier string

// The three response tiers; a case climbs III → II → I.
const (
	TierIII Tier = "III"
	TierII  Tier = "II"
	TierI   Tier = "I"
)

// Rank orders tiers by gravity: 0 none, 1 III, 2 II, 3 I.
func (t Tier) Rank() int {
	switch t {
	case TierIII:
		return 1
	case TierII:
		return 2
	case TierI:
		return 3
	}
	return 0
}

// Up is the next graver tier; I stays I.
func (t Tier) Up() Tier {
	if t == TierIII {
		return TierII
	}
	return TierI
}

// Label is the tier in Chinese.
func (t Tier) Label() string {
	switch t {
	case TierIII:
		return "Ⅲ级"
	case TierII:
		return "Ⅱ级"
	case TierI:
		return "Ⅰ级"
	}
	return "未定级"
}

// Domain says who is served (policy 二.2).
type Domain string

// The two domains.
const (
	Livelihood Domain = "livelihood"
	Business   Domain = "business"
)

// Scope says whether the problem is one case or a common one (policy 二.2: 个案 / 共性).
type Scope string

// The two scopes of a problem.
const (
	Individual Scope = "individual"
	Common     Scope = "common"
)

// Reach says whose duty it is (policy 二.2: 本部门 / 跨部门).
type Reach string

// The two reaches.
const (
	SingleDepartment Reach = "single"
	CrossDepartment  Reach = "cross"
)

// Outcome is what a result amounts to, in 12345's two words.
type Outcome string

// The two outcomes of a matter: 实际解决 and 解释说明.
const (
	ActuallySolved Outcome = "solved"
	Explained      Outcome = "explained"
)

// Rating is a requester's answer (domain §3, rate).
type Rating string

// The three answers, none of which is nudged.
const (
	Satisfied    Rating = "satisfied"
	Mostly       Rating = "mostly"
	Dissatisfied Rating = "dissatisfied"
)

// Ground is why a case opens at tier I (policy 三, I级响应).
type Ground string

// The grounds for tier I.
const (
	MajorOpinion  Ground = "major_opinion"
	MassComplaint Ground = "mass_complaint"
	GroupPetition Ground = "group_petition"
	HigherSupport Ground = "higher_support"
)

// Role is what a person may be to a case (domain §5).
type Role string

// The roles. The last three administer and see no case.
const (
	Resident        Role = "resident"
	Liaison         Role = "liaison"
	Community       Role = "community"
	Handler         Role = "handler"
	DepartmentHead  Role = "department_head"
	DeputyLeader    Role = "deputy_leader"
	GridChief       Role = "grid_chief"
	PartySecretary  Role = "party_secretary"
	Coordinator     Role = "coordinator"
	PrincipalLeader Role = "principal_leader"
	LeadingGroup    Role = "leading_group"
	Centre          Role = "centre"
	Supervisor      Role = "supervisor"
	SystemAdmin     Role = "system_admin"
	SecurityAdmin   Role = "security_admin"
	Auditor         Role = "auditor"
	System          Role = "system" // the sweeper, the importer: never a person
)

// Roles lists every role a person can hold.
var Roles = []Role{
	Resident, Liaison, Community, Handler, DepartmentHead, DeputyLeader, GridChief, PartySecretary, Coordinator,
	PrincipalLeader, LeadingGroup, Centre, Supervisor, SystemAdmin, SecurityAdmin, Auditor,
}

// Label is the role in Chinese.
func (r Role) Label() string { return roleLabels[r] }

var roleLabels = map[Role]string{
	Resident: "诉求人", Liaison: "网格联络员", Community: "村居", Handler: "承办人", DepartmentHead: "部门负责人",
	DeputyLeader: "业务分管领导", GridChief: "综合网格长", PartySecretary: "网格党组织书记", Coordinator: "全科型协调专员",
	PrincipalLeader: "主要领导", LeadingGroup: "领导小组", Centre: "城运中心", Supervisor: "党政办（督查）",
	SystemAdmin: "系统管理员", SecurityAdmin: "安全管理员", Auditor: "审计员", System: "系统",
}

// SeesAll reports whether the role's scope is every case (domain §5).
func (r Role) SeesAll() bool {
	switch r {
	case Centre, Supervisor, LeadingGroup, PrincipalLeader, System:
		return true
	}
	return false
}
