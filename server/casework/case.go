package casework

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"xiaopu/server/ticket"
)

// Case is an entry of the hard-case library (难事项目库). It gathers one or more tickets.
// Collections that grow are maps by id, so that an event names just the entry it changed.
type Case struct {
	ID     string `json:"id"`
	Number string `json:"number"` // NS2026-000042, for people
	// Version is the number of events so far; every save compares it.
	Version int64  `json:"version"`
	Status  Status `json:"status"`
	Tier    Tier   `json:"tier,omitempty"`  // of the open stage, else of the last one
	Round   int    `json:"round,omitempty"` // 1 from registration on

	Title string `json:"title"`
	Facts string `json:"facts"`
	Place string `json:"place,omitempty"`

	Domain        Domain   `json:"domain,omitempty"`
	Scope         Scope    `json:"scope,omitempty"`
	Reach         Reach    `json:"reach,omitempty"`
	Crossings     []string `json:"crossings,omitempty"` // 三跨: department, field, industry
	Topic         string   `json:"topic,omitempty"`
	CommunityID   string   `json:"community_id,omitempty"`
	GridID        string   `json:"grid_id,omitempty"`
	SuggestedTier Tier     `json:"suggested_tier,omitempty"`
	// SuggestedScope is Common when several people complained of it together; the centre decides (classify).
	SuggestedScope Scope `json:"suggested_scope,omitempty"`
	// SuggestedDepartmentID is the lead that the reporter suggests; the centre decides (dispatch).
	SuggestedDepartmentID string `json:"suggested_department_id,omitempty"`
	LinkedCase            string `json:"linked_case,omitempty"` // the rejected or closed case whose matter came back

	LeadDepartmentID string `json:"lead_department_id,omitempty"`
	HandlerID        string `json:"handler_id,omitempty"`
	CoordinatorID    string `json:"coordinator_id,omitempty"`
	Reporter         string `json:"reporter,omitempty"` // person id of who reported it

	ReportedAt   time.Time `json:"reported_at,omitzero"`
	RegisteredAt time.Time `json:"registered_at,omitzero"`
	DispatchedAt time.Time `json:"dispatched_at,omitzero"` // last dispatch or transfer
	AcceptedAt   time.Time `json:"accepted_at,omitzero"`   // by the current lead
	// FirstHandlingAt is when handling began in this round: the first contact counts from there, once.
	FirstHandlingAt time.Time `json:"first_handling_at,omitzero"`
	ResolvedAt      time.Time `json:"resolved_at,omitzero"`
	ClosedAt        time.Time `json:"closed_at,omitzero"`

	Triggers []Trigger            `json:"triggers,omitempty"`
	Tickets  map[string]TicketRef `json:"tickets,omitempty"`
	Stages   map[string]Stage     `json:"stages,omitempty"` // by number
	Hops     []Hop                `json:"hops,omitempty"`
	Offers   map[string]Offer     `json:"offers,omitempty"` // by department id: 认领 while convening
	Sponsors map[string]Sponsor   `json:"sponsors,omitempty"`
	Tasks    map[string]Task      `json:"tasks,omitempty"`
	TasksNo  int                  `json:"tasks_no,omitempty"` // tasks ever made here, for their ids

	TaskForce     *TaskForce     `json:"task_force,omitempty"`
	Consultations []Consultation `json:"consultations,omitempty"`
	Contacts      []ContactNote  `json:"contacts,omitempty"`
	Submission    *Submission    `json:"submission,omitempty"` // of the current round, the last
	Verification  *Verification  `json:"verification,omitempty"`

	Ratings       map[string]RatingNote `json:"ratings,omitempty"`        // by round and requester
	AutoConfirmed bool                  `json:"auto_confirmed,omitempty"` // the system confirms a dissatisfaction once per case
	Reminded      map[string]string     `json:"reminded,omitempty"`       // requester → date of the last reminder
	Orders        map[string]Order      `json:"orders,omitempty"`         // 督办
	OrdersNo      int                   `json:"orders_no,omitempty"`      // orders ever made here, for their ids

	HoldOverUntil time.Time       `json:"hold_over_until,omitzero"`
	MergedInto    string          `json:"merged_into,omitempty"`
	MergedState   *MergedState    `json:"merged_state,omitempty"` // what split restores
	Absorbed      map[string]Pack `json:"absorbed,omitempty"`     // by source case: what came with it

	Files map[string]File `json:"files,omitempty"` // attachments by id

	Clocks map[string]Clock `json:"clocks,omitempty"`
}

// TicketRef is what a case keeps of a ticket: enough to decide, nothing personal.
type TicketRef struct {
	ID         string        `json:"id"`
	Source     ticket.Source `json:"source"`
	OrderNo    string        `json:"order_no"`
	Requester  string        `json:"requester,omitempty"` // key of the requester, never the phone itself
	AcceptedAt time.Time     `json:"accepted_at"`
	AttachedAt time.Time     `json:"attached_at"`
}

// Trigger is why a case is in the library: the rule that fired, with every record behind it.
type Trigger struct {
	Kind    TriggerKind `json:"kind" enum:"unaccepted,reassigned,dissatisfied,burst,hot_topic,long_unresolved,cross,manual"`
	At      time.Time   `json:"at"`
	Summary string      `json:"summary"` // one Chinese sentence
	// People is how many distinct people are behind the tickets of a rule that counts tickets; those who left no number are not counted.
	People   int        `json:"people,omitempty" doc:"按件计数的规则涉及的人数：同一人重复来电只计一人，未留诉求人的不计"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// TriggerKind names a rule of domain §2.
type TriggerKind string

// The rules by which a ticket becomes a case (policy 二.1, 四).
const (
	ByUnaccepted     TriggerKind = "unaccepted"
	ByReassigned     TriggerKind = "reassigned"
	ByDissatisfied   TriggerKind = "dissatisfied"
	ByBurst          TriggerKind = "burst"
	ByHotTopic       TriggerKind = "hot_topic"
	ByLongUnresolved TriggerKind = "long_unresolved"
	ByCross          TriggerKind = "cross"
	ByManual         TriggerKind = "manual"
)

// Registers reports whether the rule puts a case into the library by itself; the others propose (domain §2).
func (k TriggerKind) Registers() bool {
	switch k {
	case ByUnaccepted, ByReassigned, ByDissatisfied, ByBurst, ByHotTopic:
		return true
	}
	return false
}

// Label is the rule in Chinese.
func (k TriggerKind) Label() string {
	return map[TriggerKind]string{
		ByUnaccepted: "多部门未接单", ByReassigned: "多次重新交办", ByDissatisfied: "不满意件", ByBurst: "当日集中来电",
		ByHotTopic: "高频热点", ByLongUnresolved: "长期未解决", ByCross: "三跨或流程复杂", ByManual: "人工上报",
	}[k]
}

// Evidence is one record behind a trigger. Key identifies it for its matter, so that it counts once.
type Evidence struct {
	Key      string    `json:"key"`
	TicketID string    `json:"ticket_id,omitempty"`
	OrderNo  string    `json:"order_no,omitempty"`
	From     string    `json:"from,omitempty"`  // where it was read: column:…, text, rating, count
	Quote    string    `json:"quote,omitempty"` // what stood there
	At       time.Time `json:"at,omitzero"`
	// Reasons say why the ticket is about the same matter as the others: place, words, links. They name nobody.
	Reasons []string `json:"reasons,omitempty" doc:"为什么与其他工单是同一件事：地点、用词、引用"`
}

// Stage is one stay of a case in one tier, with its clock.
type Stage struct {
	No            int       `json:"no"`
	Round         int       `json:"round"`
	Tier          Tier      `json:"tier"`
	OpenedAt      time.Time `json:"opened_at"`
	OpenedBy      Cause     `json:"opened_by"`
	Days          int       `json:"days"` // working days
	DueAt         time.Time `json:"due_at"`
	Provisional   bool      `json:"provisional,omitempty"`
	PolicyVersion int       `json:"policy_version"`
	EndedAt       time.Time `json:"ended_at,omitzero"`
	End           StageEnd  `json:"end,omitempty"`
	SuspendedAt   time.Time `json:"suspended_at,omitzero"` // merged away; split resumes
	OverdueAt     time.Time `json:"overdue_at,omitzero"`   // tier I only
	CentreDelay   bool      `json:"centre_delay,omitempty"`
	OnTime        bool      `json:"on_time,omitempty"` // resolved, and submitted by DueAt
}

// Running reports whether the stage is open: neither ended nor suspended.
func (s Stage) Running() bool { return s.EndedAt.IsZero() && s.SuspendedAt.IsZero() }

// StageEnd is how a stage ended.
type StageEnd string

// The ends of a stage (domain §3, invariant 3).
const (
	EndResolved  StageEnd = "resolved"
	EndEscalated StageEnd = "escalated"
	EndRejected  StageEnd = "rejected"
)

// Cause is what opened a stage.
type Cause string

// The causes for which a stage opens.
const (
	CauseDispatch        Cause = "dispatch"
	CauseClaim           Cause = "claim"
	CauseOpenAtII        Cause = "open_at_ii"
	CauseOpenAtI         Cause = "open_at_i"
	CauseEscalate        Cause = "escalate" // by a person
	CauseDeadline        Cause = "deadline"
	CauseHops            Cause = "hops"
	CauseCentreDelay     Cause = "centre_delay"     // a result submitted in time was not verified by the hold's end
	CauseFailedAfterDue  Cause = "failed_after_due" // verification failed between deadline and hold's end
	CauseDissatisfaction Cause = "dissatisfaction"  // a new round
	CauseCarryOver       Cause = "carry_over"       // a new round
	CauseSplitAfterDue   Cause = "split_after_due"  // the deadline passed while merged
)

// Hop is a department that did not accept (domain §3).
type Hop struct {
	Round        int       `json:"round"`
	DepartmentID string    `json:"department_id"`
	Kind         HopKind   `json:"kind"`
	At           time.Time `json:"at"`
	Reason       string    `json:"reason,omitempty"`
	TakenBack    bool      `json:"taken_back,omitempty"` // it accepted late
}

// HopKind is how a department did not accept.
type HopKind string

// The ways a department does not accept.
const (
	HopReturned    HopKind = "returned"
	HopTransferred HopKind = "transferred"
	HopUnaccepted  HopKind = "unaccepted"
)

// Offer is a department's offer to lead, decided when the convener convenes (认领).
type Offer struct {
	DepartmentID string    `json:"department_id"`
	HandlerID    string    `json:"handler_id"`
	By           string    `json:"by"`
	At           time.Time `json:"at"`
	Taken        bool      `json:"taken,omitempty"`
}

// Sponsor is a leader or Party secretary who took personal charge (领题).
type Sponsor struct {
	PersonID string    `json:"person_id"`
	Role     Role      `json:"role"`
	Unit     string    `json:"unit,omitempty"` // the Party secretary's grid
	At       time.Time `json:"at"`
}

// Task is a piece of joint handling with acknowledgement and due.
type Task struct {
	ID        string    `json:"id"`
	Kind      TaskKind  `json:"kind"`
	Addressee Addressee `json:"addressee"`
	// Within says, for a task given to a person, where they work that have it (Post.Within): it stays there when they go.
	Within   Addressee  `json:"within,omitempty"`
	Text     string     `json:"text"`
	DueAt    time.Time  `json:"due_at"`
	AskedBy  string     `json:"asked_by,omitempty"` // person id
	AskedAs  Capacity   `json:"asked_as"`
	AskedAt  time.Time  `json:"asked_at"`
	Stage    int        `json:"stage"`
	Status   TaskStatus `json:"status"`
	TakenBy  string     `json:"taken_by,omitempty"` // who acknowledged
	TakenAt  time.Time  `json:"taken_at,omitzero"`
	EndedBy  string     `json:"ended_by,omitempty"`
	EndedAt  time.Time  `json:"ended_at,omitzero"`
	Result   string     `json:"result,omitempty"` // result, or why declined or withdrawn
	Evidence []string   `json:"evidence,omitempty"`
	// OnSiteAt is when somebody was there, as their phone says; a result that had no network came in later.
	OnSiteAt time.Time `json:"on_site_at,omitzero" doc:"到场核实、拍照的时间（以手机为准）；没有网络时早于提交的时间"`
}

// Ended reports whether nothing more is expected of the task.
func (t Task) Ended() bool { return t.Status != TaskGiven && t.Status != TaskAccepted }

// TaskKind is what a task is for.
type TaskKind string

// The kinds of task.
const (
	TaskSupport TaskKind = "support" // 协办
	TaskDuty    TaskKind = "duty"    // a task-force member's duty
	TaskOnSite  TaskKind = "onsite"  // the on-site record for a verification
)

// TaskStatus is the state of a task.
type TaskStatus string

// The states of a task; the last three end it.
const (
	TaskGiven     TaskStatus = "given"
	TaskAccepted  TaskStatus = "accepted"
	TaskFinished  TaskStatus = "finished"
	TaskDeclined  TaskStatus = "declined"
	TaskWithdrawn TaskStatus = "withdrawn"
)

// TaskForce is the 专项小组 (tier II) or 工作专班 (tier I) now at work.
type TaskForce struct {
	Kind  string `json:"kind"` // special_group | special_team
	Stage int    `json:"stage"`
	// Leader is a person id; "" when the one named no longer works there: the lead's head leads until the convener amends.
	Leader       string    `json:"leader"`
	LeaderWithin Addressee `json:"leader_within,omitempty"` // where the leader works that leads (Post.Within)
	Members      []Member  `json:"members"`
	Plan         string    `json:"plan"`
}

// Member is one member of a task force with the task that holds the duty.
type Member struct {
	PersonID string `json:"person_id"`
	TaskID   string `json:"task_id"`
}

// Consultation is the record of one 会商.
type Consultation struct {
	Stage            int       `json:"stage"`
	At               time.Time `json:"at"`
	By               string    `json:"by"`
	Minutes          string    `json:"minutes"`
	LeadDepartmentID string    `json:"lead_department_id"`
	Plan             string    `json:"plan"`
}

// ContactNote is one 先行联系.
type ContactNote struct {
	Round   int       `json:"round"`
	Reached bool      `json:"reached"`
	At      time.Time `json:"at"`
	Said    string    `json:"said"`
	By      string    `json:"by"`
}

// Submission is a result handed in for verification.
type Submission struct {
	Round    int       `json:"round"`
	Result   string    `json:"result"`
	Answer   string    `json:"answer,omitempty" doc:"答复诉求人的话"` // what the requesters read of it
	Outcome  Outcome   `json:"outcome"`
	Evidence []string  `json:"evidence,omitempty"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

// Verification is the centre's finding on a submission.
type Verification struct {
	Round   int       `json:"round"`
	Passed  bool      `json:"passed"`
	Finding string    `json:"finding"`
	Outcome Outcome   `json:"outcome,omitempty"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// RatingNote is one requester's answer in one round.
type RatingNote struct {
	Round    int       `json:"round"`
	TicketID string    `json:"ticket_id"`
	Rating   Rating    `json:"rating"`
	Words    string    `json:"words,omitempty"`
	Held     Held      `json:"held,omitempty" doc:"文字待审核，审核的 id；空为没有或已审核"` // the review that the words wait for
	From     string    `json:"from"`                                       // own, hotline, ticket (a new ticket after the resolution)
	At       time.Time `json:"at"`
	// Callback is "" while a dissatisfaction waits for the centre's call, then confirmed, dismissed or, when the hearing was
	// faster, carried_over.
	Callback string `json:"callback,omitempty"`
	Record   string `json:"record,omitempty"` // what was said on the call
}

// Pending reports whether a dissatisfaction still waits for the call-back.
func (r RatingNote) Pending() bool { return r.Rating == Dissatisfied && r.Callback == "" }

// Order is a 督办单.
type Order struct {
	ID         string    `json:"id"`
	Text       string    `json:"text"`
	By         string    `json:"by,omitempty"` // person id; "" for the order that tier I overdue makes
	At         time.Time `json:"at"`
	DueAt      time.Time `json:"due_at"`
	Answer     string    `json:"answer,omitempty"`
	AnsweredBy string    `json:"answered_by,omitempty"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
}

// MergedState is what a merged case was, for split to restore.
type MergedState struct {
	Status Status           `json:"status"`
	Stage  int              `json:"stage,omitempty"`
	Clocks map[string]Clock `json:"clocks,omitempty"`
}

// Pack is what came into a case with a merged one.
type Pack struct {
	Tickets []string `json:"tickets,omitempty"`
	Tasks   []string `json:"tasks,omitempty"`
	Offers  []string `json:"offers,omitempty"`
	Orders  []string `json:"orders,omitempty"`
	Files   []string `json:"files,omitempty"`
}

// Stage gives the open stage.
func (c *Case) Stage() (Stage, bool) {
	for _, s := range c.Stages {
		if s.Running() {
			return s, true
		}
	}
	return Stage{}, false
}

// LastStage gives the stage opened last, open or not.
func (c *Case) LastStage() (Stage, bool) {
	s, ok := c.Stages[stageKey(len(c.Stages))]
	return s, ok
}

func stageKey(no int) string { return strconv.Itoa(no) }

func (c *Case) setStage(s Stage) { c.Stages[stageKey(s.No)] = s }

// Overdue reports whether the case is counted overdue: its open stage is tier I and past its deadline.
func (c *Case) Overdue() bool {
	s, ok := c.Stage()
	return ok && !s.OverdueAt.IsZero()
}

// OpenTasks lists the ids of tasks that have not ended, in order.
func (c *Case) OpenTasks() []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(c.Tasks)) {
		if !c.Tasks[id].Ended() {
			ids = append(ids, id)
		}
	}
	return ids
}

// PendingRatings lists the keys of dissatisfactions that wait for a call-back, in order.
func (c *Case) PendingRatings() []string {
	var keys []string
	for _, k := range slices.Sorted(maps.Keys(c.Ratings)) {
		if c.Ratings[k].Pending() {
			keys = append(keys, k)
		}
	}
	return keys
}

// OpenOrders lists the ids of orders without an answer, in order.
func (c *Case) OpenOrders() []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(c.Orders)) {
		if c.Orders[id].AnsweredAt.IsZero() {
			ids = append(ids, id)
		}
	}
	return ids
}

// UnacceptedDepartments lists the distinct departments that did not accept within the current round.
func (c *Case) UnacceptedDepartments() []string {
	var ids []string
	for _, h := range c.Hops {
		if h.Round == c.Round && !h.TakenBack && !slices.Contains(ids, h.DepartmentID) {
			ids = append(ids, h.DepartmentID)
		}
	}
	return ids
}

// Convener is the post that convenes and is told of deadlines at tiers II and I; the centre where no grid is chosen.
func (c *Case) Convener() Addressee {
	switch {
	case c.Tier == TierI:
		return ToPost(PrincipalLeader, "")
	case c.GridID != "":
		return ToPost(GridChief, c.GridID)
	}
	return ToPost(Centre, "")
}

// clone copies the case so deep that changing entries of one leaves the other as it was. Entries themselves are
// values that are replaced, never changed in place.
func (c *Case) clone() Case {
	n := *c
	n.Crossings = slices.Clone(c.Crossings)
	n.Triggers = slices.Clone(c.Triggers)
	n.Hops = slices.Clone(c.Hops)
	n.Consultations = slices.Clone(c.Consultations)
	n.Contacts = slices.Clone(c.Contacts)
	n.Tickets = maps.Clone(c.Tickets)
	n.Stages = maps.Clone(c.Stages)
	n.Offers = maps.Clone(c.Offers)
	n.Sponsors = maps.Clone(c.Sponsors)
	n.Tasks = maps.Clone(c.Tasks)
	n.Ratings = maps.Clone(c.Ratings)
	n.Reminded = maps.Clone(c.Reminded)
	n.Orders = maps.Clone(c.Orders)
	n.Absorbed = maps.Clone(c.Absorbed)
	n.Files = maps.Clone(c.Files)
	n.Clocks = maps.Clone(c.Clocks)
	return n
}

// put sets an entry of a map field that may still be nil.
func put[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}
