package casework

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"xiaopu/server/workday"
)

// Policy is one dated version of the numbers the mechanism runs on. A stage keeps the version it was opened under.
// “decision” marks a number on which policy 奉浦街办〔2025〕6号 is silent.
type Policy struct {
	Version     int          `json:"version"`
	EffectiveOn workday.Date `json:"effective_on"`

	TierDays    TierDays      `json:"tier_days"`             // working days per tier, policy 三
	OfficeHours workday.Hours `json:"office_hours"`          // the sessions of a working day (decision)
	AfterHours  string        `json:"after_hours,omitempty"` // "next_working_day": what opens after close of work counts as opened the next working day

	HopsToII int `json:"hops_to_ii"` // distinct departments that did not accept within a round, policy 二.1

	IdleDays          int `json:"idle_days"`           // centre's time for reported and registered cases, working days (decision)
	ContactDays       int `json:"contact_days"`        // 先行联系, working days (decision)
	AcceptRemindHours int `json:"accept_remind_hours"` // working hours (decision)
	AcceptDays        int `json:"accept_days"`         // working days until a department counts as not accepting (decision)
	TaskAckHours      int `json:"task_ack_hours"`      // working hours to acknowledge a task
	HoldDays          int `json:"hold_days"`           // working days a result submitted in time holds the escalation (decision)
	RatingDays        int `json:"rating_days"`         // working days (decision)
	CallbackDays      int `json:"callback_days"`       // working days (decision)
	ReviewDays        int `json:"review_days"`         // centre's time for what residents bring and a person must look at, working days (decision)
	WarnHours         int `json:"warn_hours"`          // last warning before a stage's deadline, working hours
	OrderDays         int `json:"order_days"`          // due of the order that tier I overdue makes by itself, working days (decision)
	HeldOverDays      int `json:"held_over_days"`      // how often the principal leader is told after a hold-over, working days (“weekly”)
	HearingDay        int `json:"hearing_day"`         // day of the month by which the hearing is held, policy 二.3
	ReportDay         int `json:"report_day"`          // day of the month by which the report is due, policy 二.3

	Triggers Triggers `json:"triggers"`
	Privacy  Privacy  `json:"privacy"`
}

// TierDays are the working days of each tier.
type TierDays struct {
	III int `json:"iii"`
	II  int `json:"ii"`
	I   int `json:"i"`
}

// Of gives the days of tier t.
func (d TierDays) Of(t Tier) int {
	switch t {
	case TierIII:
		return d.III
	case TierII:
		return d.II
	}
	return d.I
}

// Triggers are the thresholds of domain §2; zero switches a trigger off.
type Triggers struct {
	Unaccepted         int  `json:"unaccepted"`           // distinct departments before it came to us
	Reassigned         int  `json:"reassigned"`           // times
	Dissatisfied       bool `json:"dissatisfied"`         //
	BurstTickets       int  `json:"burst_tickets"`        // tickets about one matter within one calendar day
	BurstMinPeople     int  `json:"burst_min_people"`     // distinct requesters a burst needs; 1 asks nothing more than the tickets
	HotTickets         int  `json:"hot_tickets"`          // tickets about one matter within HotDays (decision)
	HotDays            int  `json:"hot_days"`             // calendar days (decision)
	LongUnresolvedDays int  `json:"long_unresolved_days"` // calendar days open (decision)
	Cross              bool `json:"cross"`                //
}

// Privacy says how long personal data is kept, and how much of it somebody may look at (all decisions). A number that a version
// from before there were any leaves out is the default's.
type Privacy struct {
	RowDays      int `json:"row_days"`       // an import's row as it came, calendar days after the import
	CaseYears    int `json:"case_years"`     // what names a person in a ticket of a case, years after the case was closed
	TicketYears  int `json:"ticket_years"`   // … in a ticket of no case, years after its source closed it
	UnmaskPerDay int `json:"unmask_per_day"` // tickets that one person may see unmasked, and look-ups by number, in a day
}

func defaultPrivacy() Privacy {
	return Privacy{RowDays: 90, CaseYears: 3, TicketYears: 3, UnmaskPerDay: 50}
}

// Ruling fills what p leaves out because it is from before there was such a number.
func (p Policy) Ruling() Policy {
	p.ReviewDays = cmp.Or(p.ReviewDays, DefaultPolicy().ReviewDays)
	p.Privacy = p.Privacy.ruling()
	return p
}

func (p Privacy) ruling() Privacy {
	d := defaultPrivacy()
	return Privacy{
		RowDays: cmp.Or(p.RowDays, d.RowDays), CaseYears: cmp.Or(p.CaseYears, d.CaseYears), TicketYears: cmp.Or(p.TicketYears, d.TicketYears),
		UnmaskPerDay: cmp.Or(p.UnmaskPerDay, d.UnmaskPerDay),
	}
}

// DefaultPolicy holds the numbers of the policy and the decisions of domain §2–§4. configs/policy.yaml says the same;
// a test keeps the two equal.
func DefaultPolicy() Policy {
	return Policy{
		Version: 1, EffectiveOn: workday.Date{Year: 2025, Month: 11, Day: 22},
		TierDays:    TierDays{III: 3, II: 5, I: 5},
		OfficeHours: workday.DefaultHours,
		HopsToII:    3,
		IdleDays:    1, ContactDays: 1, AcceptRemindHours: 4, AcceptDays: 1, TaskAckHours: 4, HoldDays: 1,
		RatingDays: 10, CallbackDays: 1, ReviewDays: 1, WarnHours: 2, OrderDays: 3, HeldOverDays: 5, HearingDay: 10, ReportDay: 5,
		Triggers: Triggers{
			Unaccepted: 3, Reassigned: 3, Dissatisfied: true, BurstTickets: 5, BurstMinPeople: 1,
			HotTickets: 10, HotDays: 7, LongUnresolvedDays: 30, Cross: true,
		},
		Privacy: defaultPrivacy(),
	}
}

// PolicyProblem is a number of a policy that cannot be.
type PolicyProblem struct {
	Path    string // as in the file and in JSON: triggers.burst_tickets
	Message string
}

// policyNumber is one number of a policy: where it stands, what people call it, and its bounds.
type policyNumber struct {
	path, label, unit string
	low, high         int
	of                func(p *Policy) *int
}

// The bounds: a clock of no days would never run out; of too many, nobody would see it.
const (
	maxClockDays  = 60
	maxClockHours = 240
)

var policyNumbers = []policyNumber{
	{"tier_days.iii", "Ⅲ级响应期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.TierDays.III }},
	{"tier_days.ii", "Ⅱ级响应期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.TierDays.II }},
	{"tier_days.i", "Ⅰ级响应期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.TierDays.I }},
	{"hops_to_ii", "升至Ⅱ级的未接单部门数", "个", 1, 100, func(p *Policy) *int { return &p.HopsToII }},
	{"idle_days", "入库和交办期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.IdleDays }},
	{"contact_days", "先行联系期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.ContactDays }},
	{"accept_remind_hours", "接单提醒", "个工作小时", 1, maxClockHours, func(p *Policy) *int { return &p.AcceptRemindHours }},
	{"accept_days", "接单期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.AcceptDays }},
	{"task_ack_hours", "任务确认期限", "个工作小时", 1, maxClockHours, func(p *Policy) *int { return &p.TaskAckHours }},
	{"hold_days", "核查宽限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.HoldDays }},
	{"rating_days", "评价期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.RatingDays }},
	{"callback_days", "不满意回访期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.CallbackDays }},
	{"review_days", "内容审核期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.ReviewDays }},
	{"warn_hours", "到期前提醒", "个工作小时", 1, maxClockHours, func(p *Policy) *int { return &p.WarnHours }},
	{"order_days", "超期督办答复期限", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.OrderDays }},
	{"held_over_days", "挂账后报告间隔", "个工作日", 1, maxClockDays, func(p *Policy) *int { return &p.HeldOverDays }},
	{"hearing_day", "专题汇报截止日", "日", 1, 28, func(p *Policy) *int { return &p.HearingDay }}, // every month has it
	{"report_day", "专报截止日", "日", 1, 28, func(p *Policy) *int { return &p.ReportDay }},
	{"triggers.unaccepted", "多部门未接单", "个部门", 0, 1000, func(p *Policy) *int { return &p.Triggers.Unaccepted }},
	{"triggers.reassigned", "多次重新交办", "次", 0, 1000, func(p *Policy) *int { return &p.Triggers.Reassigned }},
	{"triggers.burst_tickets", "当日集中来电", "件", 0, 1000, func(p *Policy) *int { return &p.Triggers.BurstTickets }},
	{"triggers.burst_min_people", "当日集中来电涉及人数", "人", 1, 1000, func(p *Policy) *int { return &p.Triggers.BurstMinPeople }},
	{"triggers.hot_tickets", "高频热点", "件", 0, 10_000, func(p *Policy) *int { return &p.Triggers.HotTickets }},
	{"triggers.hot_days", "高频热点统计天数", "天", 1, 366, func(p *Policy) *int { return &p.Triggers.HotDays }},
	{"privacy.row_days", "导入原始行的保存期限", "天", 1, 3660, func(p *Policy) *int { return &p.Privacy.RowDays }},
	{"privacy.case_years", "已销项难事中个人信息的保存期限", "年", 1, 100, func(p *Policy) *int { return &p.Privacy.CaseYears }},
	{"privacy.ticket_years", "未成难事的工单中个人信息的保存期限", "年", 1, 100, func(p *Policy) *int { return &p.Privacy.TicketYears }},
	{"privacy.unmask_per_day", "每人每天查看完整信息的上限", "次", 1, 10_000, func(p *Policy) *int { return &p.Privacy.UnmaskPerDay }},
	{"triggers.long_unresolved_days", "长期未解决", "天", 0, 3660, func(p *Policy) *int { return &p.Triggers.LongUnresolvedDays }},
}

// policySwitches are what a policy only turns on and off.
var policySwitches = []struct {
	label string
	of    func(p *Policy) bool
}{
	{"不满意件", func(p *Policy) bool { return p.Triggers.Dissatisfied }},
	{"三跨或流程复杂", func(p *Policy) bool { return p.Triggers.Cross }},
	{"下班后开始的顺延到下一个工作日", func(p *Policy) bool { return p.AfterHours != "" }},
}

const nextWorkingDay = "next_working_day"

// Check gives everything in p that is out of bounds, by path.
func (p Policy) Check() []PolicyProblem {
	var out []PolicyProblem
	wrong := func(path, format string, args ...any) {
		out = append(out, PolicyProblem{path, fmt.Sprintf("“%s”", path) + fmt.Sprintf(format, args...)})
	}
	between := func(path string, n, low, high int) {
		if n < low || n > high {
			wrong(path, "现在是 %d，应在 %d 到 %d 之间", n, low, high)
		}
	}
	between("version", p.Version, 1, 1_000_000)
	if p.EffectiveOn.IsZero() {
		wrong("effective_on", "没有写日期，请写施行日期，例如 2025-11-22")
	}
	if p.AfterHours != "" && p.AfterHours != nextWorkingDay {
		wrong("after_hours", "现在是“%.30s”，只能写 %s，或不写", p.AfterHours, nextWorkingDay)
	}
	if err := p.OfficeHours.Validate(); err != nil {
		out = append(out, PolicyProblem{"office_hours", err.Error()})
	}
	for _, n := range policyNumbers {
		between(n.path, *n.of(&p), n.low, n.high)
	}
	if p.ReportDay > p.HearingDay {
		wrong("report_day", "（%d 日）晚于 “hearing_day”（%d 日），专报应在专题汇报之前，请核对", p.ReportDay, p.HearingDay)
	}
	return out
}

// Differences says in words what p changes against the version before it, one sentence each.
func (p Policy) Differences(before Policy) []string {
	out := []string{}
	for _, n := range policyNumbers {
		old, now := *n.of(&before), *n.of(&p)
		if old != now {
			out = append(out, n.label+" 由"+n.words(old)+"改为"+n.words(now))
		}
	}
	if !slices.Equal(before.OfficeHours, p.OfficeHours) {
		out = append(out, "办公时间 由 "+hoursWords(before.OfficeHours)+" 改为 "+hoursWords(p.OfficeHours))
	}
	for _, s := range policySwitches {
		if old, now := s.of(&before), s.of(&p); old != now {
			out = append(out, s.label+" 由"+switchWords(old)+"改为"+switchWords(now))
		}
	}
	return out
}

// Numbers tells every number of p in words, in order.
func (p Policy) Numbers() []string {
	out := []string{}
	for _, n := range policyNumbers {
		out = append(out, n.label+n.words(*n.of(&p)))
	}
	out = append(out, "办公时间 "+hoursWords(p.OfficeHours))
	for _, s := range policySwitches {
		out = append(out, s.label+" "+switchWords(s.of(&p)))
	}
	return out
}

func (n policyNumber) words(v int) string {
	if v == 0 && n.low == 0 {
		return " 停用"
	}
	return fmt.Sprintf(" %d %s", v, n.unit)
}

// Words is the threshold of one rule in words: “5 件”, “7 天 10 件”, “停用”.
func (t Triggers) Words(kind TriggerKind) string {
	counted := func(n int, format string, args ...any) string {
		if n <= 0 {
			return "停用"
		}
		return fmt.Sprintf(format, args...)
	}
	switch kind {
	case ByUnaccepted:
		return counted(t.Unaccepted, "%d 个部门", t.Unaccepted)
	case ByReassigned:
		return counted(t.Reassigned, "%d 次", t.Reassigned)
	case ByBurst:
		if t.BurstMinPeople > 1 {
			return counted(t.BurstTickets, "%d 件、%d 人", t.BurstTickets, t.BurstMinPeople)
		}
		return counted(t.BurstTickets, "%d 件", t.BurstTickets)
	case ByHotTopic:
		return counted(t.HotTickets, "%d 天 %d 件", t.HotDays, t.HotTickets)
	case ByLongUnresolved:
		return counted(t.LongUnresolvedDays, "%d 天", t.LongUnresolvedDays)
	case ByDissatisfied:
		return switchWords(t.Dissatisfied)
	case ByCross:
		return switchWords(t.Cross)
	}
	return ""
}

func hoursWords(h workday.Hours) string {
	if len(h) == 0 { // a version from before hours were in it
		h = workday.DefaultHours
	}
	sessions := make([]string, len(h))
	for i, x := range h {
		text, _ := x.MarshalText() // never fails for hours that were checked
		sessions[i] = string(text)
	}
	return strings.Join(sessions, "、")
}

func switchWords(on bool) string {
	if on {
		return "启用"
	}
	return "停用"
}
