package workflow

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// Named is an id with the name that people read.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ClockView is a deadline ready to show: the client does no arithmetic with working days.
type ClockView struct {
	DueAt       time.Time `json:"due_at"`
	Provisional bool      `json:"provisional" doc:"期限涉及尚未公布放假安排的日期，公布后可能调整"`
	Overdue     bool      `json:"overdue"`
	Near        bool      `json:"near" doc:"还没有到期，还有 1 个工作日以内"`
	// WorkingDays and WorkingMinutes remain until DueAt, in working time; negative when late.
	WorkingDays    int    `json:"working_days" doc:"剩余工作日，今天不计；超期为负"`
	WorkingMinutes int    `json:"working_minutes" doc:"剩余工作时间（分钟）；超期为负"`
	Text           string `json:"text" doc:"如：还有 2 个工作日（3月5日 17:00 前）"`
}

// CaseItem is a case as lists show it.
type CaseItem struct {
	ID             string          `json:"id"`
	Number         string          `json:"number"`
	Version        int64           `json:"version"`
	Status         casework.Status `json:"status"`
	StatusLabel    string          `json:"status_label"`
	Tier           casework.Tier   `json:"tier,omitempty"`
	TierLabel      string          `json:"tier_label"`
	Round          int             `json:"round"`
	Title          string          `json:"title"`
	Place          string          `json:"place,omitempty"`
	Domain         casework.Domain `json:"domain,omitempty"`
	Topic          string          `json:"topic,omitempty"`
	Triggers       []string        `json:"triggers" doc:"入库依据，如 不满意件"`
	Tickets        int             `json:"tickets,omitempty" doc:"工单件数；诉求人的列表里没有"`
	Community      *Named          `json:"community,omitempty"`
	Grid           *Named          `json:"grid,omitempty"`
	LeadDepartment *Named          `json:"lead_department,omitempty"`
	Handler        *Named          `json:"handler,omitempty"`
	Clock          *ClockView      `json:"clock,omitempty"`
	Promise        *Promise        `json:"promise,omitempty" doc:"对诉求人的承诺；只有诉求人看到"`
	Rateable       bool            `json:"rateable,omitempty" doc:"等您评价；只有诉求人看到"`
	UpdatedAt      time.Time       `json:"updated_at"`
}

// Page is one page of a list; Next continues it, "" at the end.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"下一页的 cursor；没有则已到末尾"`
}

// CaseQuery is what a list of cases is asked for.
type CaseQuery struct {
	// View is mine (default: what the caller's posts have in scope, or for a resident their own matters), own (the matters
	// that the caller is a requester of, also beside a post), or claimable (registered and convening cases, for heads).
	View             string
	Status           casework.Status
	All              bool
	Tier             casework.Tier
	LeadDepartmentID string
	GridID           string
	Domain           casework.Domain
	Overdue          bool
	Cursor           string
	Limit            int
}

// Cases lists cases in the caller's scope, what falls due first in front.
func (e *Engine) Cases(ctx context.Context, actor casework.Actor, q CaseQuery) (Page[CaseItem], error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Page[CaseItem]{}, err
	}
	f := store.CaseFilter{
		Status: q.Status, All: q.All, Tier: q.Tier, LeadDepartmentID: q.LeadDepartmentID, GridID: q.GridID, Domain: q.Domain,
		Overdue: q.Overdue, Limit: q.Limit + 1,
	}
	sight := casework.Full
	switch {
	case q.View == "own", onlyRequester(actor):
		sight = casework.AsRequester
		f.Viewers = casework.OwnScopes(actor)
	case actor.SeesAll():
	case q.View == "claimable" && slices.ContainsFunc(actor.Posts, func(p casework.Post) bool { return p.Role == casework.DepartmentHead }):
		sight = casework.Masked
		if f.Status != casework.Convening {
			f.Status = casework.Registered
		}
	default:
		f.Viewers = casework.PostScopes(actor)
		if f.Viewers == nil {
			f.Viewers = []casework.Addressee{}
		}
	}
	if q.Cursor != "" {
		if f.AfterSort, f.AfterID, err = parseCursor(q.Cursor); err != nil {
			return Page[CaseItem]{}, err
		}
	}
	rows, err := e.db.Cases(ctx, f)
	if err != nil {
		return Page[CaseItem]{}, err
	}
	now := e.Now(k)
	page := Page[CaseItem]{Items: make([]CaseItem, 0, len(rows))}
	for i, r := range rows {
		if i == q.Limit {
			last := rows[i-1]
			page.Next = cursor(last.SortAt, last.ID)
			break
		}
		page.Items = append(page.Items, k.item(r, now, sight))
	}
	if sight == casework.AsRequester {
		err = e.promises(ctx, k, actor, page.Items, now)
	}
	return page, err
}

// promises says of a requester's own matters what was promised and whether they may rate. What a row of a list has is the running
// tier's deadline; the promise that was broken before it stands in the case alone.
func (e *Engine) promises(ctx context.Context, k *Knowledge, actor casework.Actor, items []CaseItem, now time.Time) error {
	ids := make([]string, len(items))
	at := map[string]*CaseItem{}
	for i := range items {
		ids[i], at[items[i].ID] = items[i].ID, &items[i]
	}
	cases, err := e.db.CasesByID(ctx, ids)
	for _, c := range cases {
		it := at[c.ID]
		it.Promise, it.Rateable = k.promise(c, now), casework.Permits(c, actor, casework.Rate{}.Name(), k.env(now, k.CalendarRevision))
	}
	return err
}

// ReportedCase is a case as who reported it reads of it.
type ReportedCase struct {
	CaseItem
	Last LastStep `json:"last" doc:"最近一步"`
}

// LastStep is the last line of a case's timeline.
type LastStep struct {
	At   time.Time `json:"at" doc:"什么时候"`
	Who  string    `json:"who" doc:"谁，以什么身份；代办时写明代谁"`
	Text string    `json:"text" doc:"做了什么"`
}

// Reported lists what the caller reported, also what is over or was not taken into the library, newest first.
func (e *Engine) Reported(ctx context.Context, actor casework.Actor, before string, limit int) (Page[ReportedCase], error) {
	page := Page[ReportedCase]{Items: []ReportedCase{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	rows, err := e.db.ReportedCases(ctx, actor.PersonID, before, limit+1)
	if err != nil {
		return page, err
	}
	now := e.Now(k)
	for i, r := range rows {
		if i == limit {
			page.Next = rows[i-1].ID
			break
		}
		page.Items = append(page.Items, ReportedCase{
			CaseItem: k.item(r.CaseRow, now, casework.Full),
			Last:     LastStep{At: r.Last.At, Who: k.who(r.Last, false), Text: ticket.MaskText(k.eventText(r.Last, false, nil))},
		})
	}
	return page, nil
}

// onlyRequester: a resident without any post of the office sees no official's name.
func onlyRequester(a casework.Actor) bool {
	return !a.IsSystem() && !slices.ContainsFunc(a.Posts, func(p casework.Post) bool { return p.Role != casework.Resident })
}

func (k *Knowledge) item(r store.CaseRow, now time.Time, sight casework.Sight) CaseItem {
	it := CaseItem{
		ID: r.ID, Number: r.Number, Version: r.Version, Status: r.Status, StatusLabel: r.Status.Label(), Tier: r.Tier,
		TierLabel: r.Tier.Label(), Round: r.Round, Title: ticket.MaskText(r.Title), Place: ticket.MaskText(r.Place), Domain: r.Domain, Topic: r.Topic,
		Tickets: r.Tickets, Triggers: []string{}, UpdatedAt: r.UpdatedAt,
		Community: k.community(r.CommunityID), Grid: k.grid(r.GridID), LeadDepartment: k.department(r.LeadDepartmentID), Handler: k.person(r.HandlerID),
	}
	for kind := range strings.SplitSeq(r.Triggers, ",") {
		if kind != "" {
			it.Triggers = append(it.Triggers, casework.TriggerKind(kind).Label())
		}
	}
	if !r.DueAt.IsZero() {
		it.Clock = k.clock(r.DueAt, r.Provisional, now)
	}
	if sight != casework.Full {
		it.Place, it.Handler = "", nil
	}
	if sight == casework.AsRequester { // why it is a hard case, and how many others ask, is the office's
		it.Triggers, it.Tickets = []string{}, 0
	}
	return it
}

func (k *Knowledge) clock(due time.Time, provisional bool, now time.Time) *ClockView {
	c := &ClockView{DueAt: due, Provisional: provisional, Overdue: now.After(due)}
	c.WorkingDays = k.Calendar.WorkingDaysBetween(workday.DateOf(now), workday.DateOf(due))
	c.WorkingMinutes = int(k.Calendar.WorkingTime(now, due) / time.Minute)
	c.Near = !c.Overdue && due.Before(k.nearBefore(now))
	c.Text = c.text(now)
	return c
}

func named(id, name string) *Named {
	if id == "" {
		return nil
	}
	return &Named{ID: id, Name: name}
}

func (k *Knowledge) community(id string) *Named  { return named(id, k.Organisation.CommunityName(id)) }
func (k *Knowledge) grid(id string) *Named       { return named(id, k.Organisation.GridName(id)) }
func (k *Knowledge) department(id string) *Named { return named(id, k.Organisation.DepartmentName(id)) }

// person is somebody as others read them. Who is not of the organisation is a resident, whose name is nobody's business.
func (k *Knowledge) person(id string) *Named {
	name := k.Organisation.PersonName(id)
	if name == id && strings.HasPrefix(id, "r-") {
		name = "诉求人"
	}
	return named(id, name)
}

// CaseView is one case as the caller may see it, with what they may do to it now.
type CaseView struct {
	CaseItem
	// Masked says that the caller sees it only to claim it.
	Masked         bool           `json:"masked,omitempty"`
	Facts          string         `json:"facts"`
	Scope          casework.Scope `json:"scope,omitempty"`
	Reach          casework.Reach `json:"reach,omitempty"`
	Crossings      []string       `json:"crossings,omitempty"`
	SuggestedTier  casework.Tier  `json:"suggested_tier,omitempty"`
	SuggestedScope casework.Scope `json:"suggested_scope,omitempty" doc:"多人反映同一件事的，建议按共性问题分类；由城运中心决定"`
	// SuggestedDepartment is the lead that the reporter suggests.
	SuggestedDepartment *Named                  `json:"suggested_department,omitempty" doc:"上报人建议的牵头部门；由城运中心决定"`
	LinkedCase          string                  `json:"linked_case,omitempty"`
	MergedInto          string                  `json:"merged_into,omitempty"`
	Why                 []casework.Trigger      `json:"why" doc:"为什么是难事：触发的规则与每条依据"`
	Convener            string                  `json:"convener,omitempty" doc:"本级召集人：岗位和现在在岗的人"`
	Deputy              *Named                  `json:"deputy_leader,omitempty"`
	Coordinator         *Named                  `json:"coordinator,omitempty"`
	Sponsors            []Named                 `json:"sponsors,omitempty"`
	Stages              []casework.Stage        `json:"stages"`
	Hops                []casework.Hop          `json:"hops,omitempty"`
	Offers              []casework.Offer        `json:"offers,omitempty"`
	Tasks               []TaskView              `json:"tasks"`
	TaskForce           *casework.TaskForce     `json:"task_force,omitempty"`
	Consultations       []casework.Consultation `json:"consultations,omitempty"`
	Contacts            []casework.ContactNote  `json:"contacts,omitempty"`
	Submission          *casework.Submission    `json:"submission,omitempty"`
	Verification        *casework.Verification  `json:"verification,omitempty"`
	Ratings             []casework.RatingNote   `json:"ratings,omitempty"`
	Orders              []casework.Order        `json:"orders,omitempty"`
	HoldOverUntil       *time.Time              `json:"hold_over_until,omitempty"`
	TicketRefs          []casework.TicketRef    `json:"ticket_refs"`
	NextDueAt           *time.Time              `json:"next_due_at,omitempty"`
	Standing            string                  `json:"standing,omitempty" doc:"现在在谁手里、从什么时候起、怎么到这一级、退过几次、第几轮，一句话；只有工作人员看到"`
	Obstacle            string                  `json:"obstacle,omitempty" doc:"您的下一步现在还不能做：为什么、先做什么"`
	Waits               []Wait                  `json:"waits,omitempty" doc:"这件难事等您做什么、到什么时候；本级响应期限之外的"`
	Reachable           bool                    `json:"reachable,omitempty" doc:"您可以查看诉求人的联系方式（见 unmask_ticket），每次记入审计日志"`
	Publication         bool                    `json:"publication,omitempty" doc:"可以向居民公开，或有公开的可以撤回（见 get_publication）；只有城运中心看到"`
	RateUntil           time.Time               `json:"rate_until,omitzero" doc:"可以评价到什么时候；只有诉求人看到"`
	CallBackBy          time.Time               `json:"call_back_by,omitzero" doc:"不满意的回访期限；只有诉求人看到"`
	RemindedToday       bool                    `json:"reminded_today,omitempty" doc:"您今天已经催办过；只有诉求人看到"`
	Merged              []MergedCase            `json:"merged,omitempty" doc:"并入本件的难事；您看得到的"`
	OnSiteBy            string                  `json:"on_site_by,omitempty" doc:"请求现场核实会交给谁：岗位和现在在岗的人；您可以请求时才有"`
	Allowed             []casework.Allowed      `json:"allowed" doc:"您现在可以进行的操作"`
}

// Wait is a move that the case waits for.
type Wait struct {
	Kind      casework.TodoKind `json:"kind" doc:"类别"`
	KindLabel string            `json:"kind_label" doc:"类别，显示用"`
	Clock     *ClockView        `json:"clock" doc:"到什么时候"`
}

// waits lists what the case waits for from actor by another day than the stage's.
func (k *Knowledge) waits(c casework.Case, actor casework.Actor, now time.Time) []Wait {
	var list []Wait
	stage, _ := c.Stage()
	mine := casework.TodoKeys(actor)
	for _, t := range casework.Todos(c) {
		if t.Ref != "" || t.DueAt.IsZero() || t.DueAt.Equal(stage.DueAt) || !slices.Contains(mine, t.For) || slices.ContainsFunc(list, func(w Wait) bool { return w.Kind == t.Kind }) {
			continue
		}
		list = append(list, Wait{t.Kind, t.Kind.Label(), k.clock(t.DueAt, t.Provisional, now)})
	}
	return list
}

// MergedCase is a case that was merged into another.
type MergedCase struct {
	ID     string `json:"id"`
	Number string `json:"number" doc:"难事编号"`
	Title  string `json:"title" doc:"标题"`
}

// merged lists the cases that were merged into one and that the actor may see in full, by number: one read of their rows.
func (e *Engine) merged(ctx context.Context, c casework.Case, actor casework.Actor) ([]MergedCase, error) {
	if len(c.Absorbed) == 0 {
		return nil, nil
	}
	sources, err := e.db.CasesByID(ctx, sorted(c.Absorbed))
	var list []MergedCase
	for _, s := range sources {
		if casework.See(s, actor) == casework.Full {
			list = append(list, MergedCase{s.ID, s.Number, ticket.MaskText(s.Title)})
		}
	}
	slices.SortFunc(list, func(a, b MergedCase) int { return cmp.Compare(a.Number, b.Number) })
	return list, err
}

// TaskView is a task with names.
type TaskView struct {
	casework.Task
	AddresseeName string `json:"addressee_name"`
	AskedByName   string `json:"asked_by_name,omitempty"`
}

// Case shows one case by id or number; store.ErrNoCase when it does not exist for the caller.
func (e *Engine) Case(ctx context.Context, actor casework.Actor, id string) (CaseView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return CaseView{}, err
	}
	l, sight, err := e.visible(ctx, actor, id)
	if err != nil {
		return CaseView{}, err
	}
	return e.shown(ctx, k, l, actor, sight)
}

// Shown shows the case that a command gave back, without reading it again. Of a case that the command, or something since,
// has taken out of the caller's scope it tells the state alone.
func (e *Engine) Shown(ctx context.Context, actor casework.Actor, c casework.Case) (CaseView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return CaseView{}, err
	}
	sight := casework.See(c, actor)
	if sight == casework.Unseen {
		return CaseView{
			CaseItem: CaseItem{
				ID: c.ID, Number: c.Number, Version: c.Version, Status: c.Status, StatusLabel: c.Status.Label(), Tier: c.Tier, TierLabel: c.Tier.Label(),
				Round: c.Round, Triggers: []string{}, UpdatedAt: e.Now(k),
			},
			Why: []casework.Trigger{}, Stages: []casework.Stage{}, Tasks: []TaskView{}, TicketRefs: []casework.TicketRef{}, Allowed: []casework.Allowed{},
		}, nil
	}
	return e.shown(ctx, k, store.LoadedCase{Case: c, CalendarRevision: k.CalendarRevision, UpdatedAt: e.Now(k)}, actor, sight)
}

// shown is a case as somebody sees it, with what does not stand in it.
func (e *Engine) shown(ctx context.Context, k *Knowledge, l store.LoadedCase, actor casework.Actor, sight casework.Sight) (CaseView, error) {
	v, err := e.view(k, l, actor, sight)
	if err == nil {
		v.Publication, err = e.offersPublication(ctx, actor, l.Case)
	}
	if err == nil && sight == casework.Full {
		v.Merged, err = e.merged(ctx, l.Case, actor)
	}
	return v, err
}

// caseID gives the id behind an id or a number.
func (e *Engine) caseID(ctx context.Context, idOrNumber string) (string, error) {
	if !strings.HasPrefix(idOrNumber, "NS") {
		return idOrNumber, nil
	}
	return e.db.CaseID(ctx, idOrNumber)
}

// visible loads a case in the caller's scope, by id or number.
func (e *Engine) visible(ctx context.Context, actor casework.Actor, id string) (store.LoadedCase, casework.Sight, error) {
	id, err := e.caseID(ctx, id)
	if err != nil {
		return store.LoadedCase{}, casework.Unseen, err
	}
	l, err := e.db.Case(ctx, id)
	if err != nil {
		return l, casework.Unseen, err
	}
	sight := casework.See(l.Case, actor)
	if sight == casework.Unseen {
		return l, sight, store.ErrNoCase
	}
	return l, sight, nil
}

// full loads a case for who sees it in full; for others it does not exist.
func (e *Engine) full(ctx context.Context, actor casework.Actor, id string) (store.LoadedCase, error) {
	l, sight, err := e.visible(ctx, actor, id)
	if err == nil && sight != casework.Full {
		err = store.ErrNoCase
	}
	return l, err
}

func (e *Engine) view(k *Knowledge, l store.LoadedCase, actor casework.Actor, sight casework.Sight) (CaseView, error) {
	now := e.Now(k)
	env := k.env(now, l.CalendarRevision)
	// What has fallen due since the last sweep is shown as it will be saved, so that nobody acts on what is over.
	c, err := k.asOf(l, now)
	if err != nil {
		return CaseView{}, err
	}
	s, running := c.Stage()
	row := store.CaseRow{
		ID: c.ID, Number: c.Number, Version: c.Version, Status: c.Status, Tier: c.Tier, Round: c.Round, Title: c.Title, Place: c.Place,
		Domain: c.Domain, Topic: c.Topic, Tickets: len(c.Tickets), CommunityID: c.CommunityID, GridID: c.GridID,
		LeadDepartmentID: c.LeadDepartmentID, HandlerID: c.HandlerID, UpdatedAt: l.UpdatedAt,
	}
	if running {
		row.DueAt, row.Provisional = s.DueAt, s.Provisional
	}
	masked := sight == casework.Masked
	v := CaseView{
		CaseItem: k.item(row, now, sight), Masked: masked, Facts: ticket.MaskText(c.Facts), Scope: c.Scope, Reach: c.Reach, Crossings: c.Crossings,
		SuggestedTier: c.SuggestedTier, SuggestedScope: c.SuggestedScope, SuggestedDepartment: k.department(c.SuggestedDepartmentID), LinkedCase: c.LinkedCase, MergedInto: c.MergedInto, Why: c.Triggers,
		Stages: []casework.Stage{}, Tasks: []TaskView{}, TicketRefs: []casework.TicketRef{}, Allowed: casework.AllowedCommands(c, actor, env),
	}
	for _, t := range c.Triggers {
		v.Triggers = append(v.Triggers, t.Kind.Label())
	}
	if v.Why == nil {
		v.Why = []casework.Trigger{}
	}
	if due := c.NextDue(); !due.IsZero() {
		v.NextDueAt = &due
	}
	for i := range len(c.Stages) {
		v.Stages = append(v.Stages, stageNo(c, i+1))
	}
	if sight == casework.AsRequester {
		k.forResident(&v, c, actor)
		v.Promise, v.RemindedToday = k.promise(c, now), c.Status.Open() && c.RemindedToday(actor, now)
		v.Rateable, v.RateUntil, v.CallBackBy = casework.Permits(c, actor, casework.Rate{}.Name(), env), c.RateUntil(), c.CallBackBy()
		return v, nil
	}
	if masked {
		for _, dep := range sorted(c.Offers) { // of the offers to lead they see their own
			if slices.ContainsFunc(actor.Posts, func(p casework.Post) bool { return p.Role == casework.DepartmentHead && p.Unit == dep }) {
				v.Offers = append(v.Offers, c.Offers[dep])
			}
		}
		v.Why = slices.Clone(v.Why)
		for i := range v.Why {
			v.Why[i].Evidence = nil
		}
		return v, nil
	}
	k.forStaff(&v, c, now)
	if parts := k.standing(c, now); len(parts) > 0 {
		v.Standing = strings.Join(parts, "；") + "。"
	}
	v.Waits, v.Obstacle = k.waits(c, actor, now), casework.Obstacle(c, actor, env)
	v.Reachable = len(c.Tickets) > 0 && casework.WorksOn(c, actor)
	if slices.ContainsFunc(v.Allowed, func(a casework.Allowed) bool { return a.Name == casework.AskOnSite{}.Name() }) {
		v.OnSiteBy = k.post(c.OnSiteTo(), now)
	}
	return v, nil
}

func stageNo(c casework.Case, no int) casework.Stage {
	for _, s := range c.Stages {
		if s.No == no {
			return s
		}
	}
	return casework.Stage{}
}

// forResident leaves what the requester may read: public facts about their own tickets, nobody's name.
func (k *Knowledge) forResident(v *CaseView, c casework.Case, actor casework.Actor) {
	v.Why, v.Handler, v.SuggestedTier, v.SuggestedScope, v.SuggestedDepartment, v.LinkedCase, v.MergedInto = []casework.Trigger{}, nil, "", "", nil, "", ""
	v.Triggers = []string{}
	mine := 0
	for _, id := range sorted(c.Tickets) {
		if t := c.Tickets[id]; slices.Contains(actor.Requesters, t.Requester) {
			t.Requester = ""
			v.TicketRefs = append(v.TicketRefs, t)
			mine++
		}
	}
	for _, key := range sorted(c.Ratings) {
		if r := c.Ratings[key]; slices.ContainsFunc(v.TicketRefs, func(t casework.TicketRef) bool { return t.ID == r.TicketID }) {
			r.Words, r.Record, r.Held = ticket.MaskText(r.Words), "", ""
			v.Ratings = append(v.Ratings, r)
		}
	}
	v.Facts, v.Tickets = "", mine
	if c.Submission != nil && (c.Status == casework.Resolved || c.Status == casework.Closed) {
		v.Submission = &casework.Submission{Round: c.Submission.Round, Answer: ticket.MaskText(c.Submission.Answer), Outcome: c.Submission.Outcome, At: c.Submission.At}
	}
}

func (k *Knowledge) forStaff(v *CaseView, c casework.Case, now time.Time) {
	c = maskedTexts(c)
	v.Why, v.Hops, v.TaskForce, v.Consultations, v.Contacts = c.Triggers, c.Hops, c.TaskForce, c.Consultations, c.Contacts
	if v.Why == nil {
		v.Why = []casework.Trigger{}
	}
	v.Submission, v.Verification = c.Submission, c.Verification
	v.Coordinator = k.person(c.CoordinatorID)
	if c.Tier != "" && c.Tier != casework.TierIII {
		v.Convener = k.post(c.Convener(), now)
	}
	if d, ok := k.Organisation.Department(c.LeadDepartmentID); ok && d.DeputyLeader != "" {
		v.Deputy = k.person(d.DeputyLeader)
	}
	for _, id := range sorted(c.Sponsors) {
		v.Sponsors = append(v.Sponsors, *k.person(id))
	}
	for _, id := range sorted(c.Offers) {
		v.Offers = append(v.Offers, c.Offers[id])
	}
	for _, id := range sorted(c.Tasks) {
		t := c.Tasks[id]
		v.Tasks = append(v.Tasks, TaskView{Task: t, AddresseeName: k.addressee(t.Addressee), AskedByName: k.Organisation.PersonName(t.AskedBy)})
	}
	for _, id := range sorted(c.Ratings) {
		v.Ratings = append(v.Ratings, c.Ratings[id])
	}
	for _, id := range sorted(c.Orders) {
		v.Orders = append(v.Orders, c.Orders[id])
	}
	for _, id := range sorted(c.Tickets) {
		t := c.Tickets[id]
		t.Requester = "" // a key of the system's own; how many people there are stands in the triggers
		v.TicketRefs = append(v.TicketRefs, t)
	}
	if !c.HoldOverUntil.IsZero() {
		v.HoldOverUntil = &c.HoldOverUntil
	}
}

// maskedTexts is a case with the phone and ID numbers masked inside everything that somebody wrote: what was stored before
// they were masked on their way in.
func maskedTexts(c casework.Case) casework.Case {
	mask := func(list ...*string) {
		for _, s := range list {
			*s = ticket.MaskText(*s)
		}
	}
	c.Triggers = slices.Clone(c.Triggers)
	for i := range c.Triggers {
		t := &c.Triggers[i]
		mask(&t.Summary)
		t.Evidence = slices.Clone(t.Evidence)
		for j := range t.Evidence {
			mask(&t.Evidence[j].Quote)
		}
	}
	c.Hops = slices.Clone(c.Hops)
	for i := range c.Hops {
		mask(&c.Hops[i].Reason)
	}
	c.Consultations = slices.Clone(c.Consultations)
	for i := range c.Consultations {
		mask(&c.Consultations[i].Minutes, &c.Consultations[i].Plan)
	}
	c.Contacts = slices.Clone(c.Contacts)
	for i := range c.Contacts {
		mask(&c.Contacts[i].Said)
	}
	if c.TaskForce != nil {
		t := *c.TaskForce
		mask(&t.Plan)
		c.TaskForce = &t
	}
	if c.Submission != nil {
		m := *c.Submission
		mask(&m.Result, &m.Answer)
		m.Evidence = maskedList(m.Evidence)
		c.Submission = &m
	}
	if c.Verification != nil {
		m := *c.Verification
		mask(&m.Finding)
		c.Verification = &m
	}
	c.Tasks = each(c.Tasks, func(t *casework.Task) {
		mask(&t.Text, &t.Result)
		t.Evidence = maskedList(t.Evidence)
	})
	c.Ratings = each(c.Ratings, func(r *casework.RatingNote) { mask(&r.Words, &r.Record) })
	c.Orders = each(c.Orders, func(o *casework.Order) { mask(&o.Text, &o.Answer) })
	return c
}

func maskedList(list []string) []string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = maskUnlessID(list[i])
	}
	return list
}

// each gives a map with f done to every value.
func each[V any](m map[string]V, f func(*V)) map[string]V {
	out := make(map[string]V, len(m))
	for k, v := range m {
		f(&v)
		out[k] = v
	}
	return out
}

// TicketView is a ticket as staff see it: phone and name masked, and what names or reaches a person inside the text.
type TicketView struct {
	ID             string              `json:"id"`
	Source         ticket.Source       `json:"source"`
	SourceLabel    string              `json:"source_label"`
	OrderNo        string              `json:"order_no"`
	Title          string              `json:"title,omitempty"`
	Content        string              `json:"content,omitempty"`
	Kind           string              `json:"kind,omitempty"`
	Category       []string            `json:"category"`
	Address        string              `json:"address,omitempty"`
	Community      string              `json:"community,omitempty"`
	RequesterName  string              `json:"requester_name,omitempty"`
	RequesterPhone string              `json:"requester_phone,omitempty"`
	AcceptedAt     time.Time           `json:"accepted_at"`
	HasTime        bool                `json:"accepted_has_time"`
	ClosedAt       *time.Time          `json:"closed_at,omitempty"`
	Department     string              `json:"department,omitempty"`
	Satisfaction   ticket.Satisfaction `json:"satisfaction,omitempty"`
	Reply          string              `json:"reply,omitempty"`
	Links          []ticket.Link       `json:"links,omitempty"`
	Hops           []ticket.Hop        `json:"hops,omitempty"`
	CaseID         string              `json:"case_id,omitempty"`
	MatterID       string              `json:"matter_id,omitempty" doc:"所属的事项：同一地点、同一件事的工单在一个事项里"`
	Located        bool                `json:"located,omitempty" doc:"诉求人在地图上选了位置：正在办理的人用 POST /tickets/{id}/unmask 查看；列表里没有"`
}

// ticketView shows a ticket; its own requester reads nothing of what departments said of it among themselves.
func ticketView(r store.TicketRow, sight casework.Sight) TicketView {
	t := r.Ticket
	v := TicketView{
		ID: t.ID, Source: t.Source, SourceLabel: t.Source.Label(), OrderNo: t.OrderNo, Title: t.Masked(t.Title), Content: t.Masked(t.Content),
		Kind: t.Kind, Category: []string{}, Address: ticket.MaskAddress(t.Address), Community: ticket.MaskAddress(t.Community), RequesterName: requesterName(t.Requester),
		RequesterPhone: ticket.MaskPhone(t.Requester.Phone), AcceptedAt: t.AcceptedAt, HasTime: t.AcceptedHasTime, ClosedAt: t.ClosedAt,
		Department: t.Department, Satisfaction: t.Satisfaction, Reply: t.Masked(t.Reply), CaseID: r.CaseID,
	}
	if sight != casework.AsRequester {
		v.MatterID = r.Matter
		v.Links, v.Hops = slices.Clone(t.Links), slices.Clone(t.Hops)
		for i := range v.Links {
			v.Links[i].Quote = t.Masked(v.Links[i].Quote)
		}
		for i := range v.Hops {
			v.Hops[i].Quote, v.Hops[i].Reason = t.Masked(v.Hops[i].Quote), t.Masked(v.Hops[i].Reason)
		}
	}
	for _, c := range t.Category {
		if c != "" {
			v.Category = append(v.Category, c)
		}
	}
	return v
}

// requesterName is who asks, as others read it: an enterprise's name is public.
func requesterName(q ticket.Requester) string {
	if q.Kind == ticket.Enterprise {
		return ticket.MaskText(q.Name)
	}
	return ticket.MaskName(q.Name)
}

// TicketQuery is what a list of tickets is asked for: all (for those who see all), of one case, or one order.
type TicketQuery struct {
	CaseID  string
	Source  ticket.Source
	OrderNo string
	Cursor  string
	Limit   int
}

// Tickets lists tickets, newest first. Without a case it is for those who see all.
func (e *Engine) Tickets(ctx context.Context, actor casework.Actor, q TicketQuery) (Page[TicketView], error) {
	page := Page[TicketView]{Items: []TicketView{}}
	sight := casework.Full
	if q.CaseID != "" {
		l, seen, err := e.visible(ctx, actor, q.CaseID)
		if err != nil {
			return page, err
		}
		if seen == casework.Masked {
			return page, store.ErrNoCase
		}
		q.CaseID, sight = l.Case.ID, seen
	} else if !actor.SeesAll() {
		return page, nil
	}
	f := store.TicketFilter{CaseID: q.CaseID, Source: q.Source, OrderNo: ticket.BareOrder(q.OrderNo), Limit: q.Limit + 1}
	if q.Cursor != "" {
		var err error
		if f.AfterAt, f.AfterID, err = parseCursor(q.Cursor); err != nil {
			return page, err
		}
	}
	rows, err := e.db.Tickets(ctx, f)
	if err != nil {
		return page, err
	}
	for i, r := range rows {
		if i == q.Limit {
			page.Next = cursor(rows[i-1].Ticket.AcceptedAt, rows[i-1].Ticket.ID)
			break
		}
		if sight == casework.AsRequester && !slices.Contains(actor.Requesters, r.Requester) {
			continue
		}
		page.Items = append(page.Items, ticketView(r, sight))
	}
	return page, nil
}

// Ticket shows one ticket: to those who see all, and to those whose scope holds its case.
func (e *Engine) Ticket(ctx context.Context, actor casework.Actor, id string) (TicketView, error) {
	v, err := e.ticket(ctx, actor, id)
	if err != nil {
		return v, err
	}
	at, err := locationOf(ctx, e.db, id)
	v.Located = at != nil
	return v, err
}

func (e *Engine) ticket(ctx context.Context, actor casework.Actor, id string) (TicketView, error) {
	r, err := e.db.Ticket(ctx, id)
	if err != nil {
		return TicketView{}, err
	}
	sight := casework.Unseen
	if actor.SeesAll() {
		sight = casework.Full
	} else if r.CaseID != "" {
		if _, sight, err = e.visible(ctx, actor, r.CaseID); err != nil && !errors.Is(err, store.ErrNoCase) {
			return TicketView{}, err
		}
	}
	switch own := slices.Contains(actor.Requesters, r.Requester); {
	case sight == casework.Full:
	case own:
		sight = casework.AsRequester
	default:
		return TicketView{}, store.ErrNoTicket
	}
	return ticketView(r, sight), nil
}

// TodoItem is one thing that waits for the caller.
type TodoItem struct {
	Kind      casework.TodoKind `json:"kind"`
	KindLabel string            `json:"kind_label"`
	Ref       string            `json:"ref,omitempty" doc:"任务或督办单编号"`
	CaseID    string            `json:"case_id"`
	Number    string            `json:"number"`
	Title     string            `json:"title"`
	Tier      casework.Tier     `json:"tier,omitempty"`
	TierLabel string            `json:"tier_label"`
	Status    casework.Status   `json:"status"`
	For       string            `json:"for" doc:"以什么身份办理"`
	Clock     *ClockView        `json:"clock,omitempty"`

	LeadDepartment *Named `json:"lead_department,omitempty"`
	Handler        *Named `json:"handler,omitempty"`
}

// TodoPage is a page of things to do; the first says too at which of the caller's posts they wait.
type TodoPage struct {
	Items []TodoItem `json:"items" doc:"这一页"`
	Next  string     `json:"next,omitempty" doc:"下一页的 cursor；没有则已到末尾"`
	Posts []TodoPost `json:"posts,omitempty" doc:"第一页才有：您有不止一个岗位会有待办时，各岗位有几件，可用 post 只看一个"`
	Cap   int        `json:"cap" doc:"计数上限；达到即“1000+”"`
}

// TodoPost is a post with how much waits there.
type TodoPost struct {
	Post  string `json:"post" doc:"岗位，如 department_head:D1"`
	Label string `json:"label" doc:"岗位，显示用；代办的写明代谁"`
	Count int    `json:"count" doc:"几件。说不出是以哪个岗位办的，各岗位都计"`
}

var errNotYourPost = apperr.New(apperr.InvalidArgument, "todo.post", "这不是您现在的岗位，请选“全部”，或重新打开后再选。")

// todoPosts lists the caller's posts at which something waits or can be expected to, and the one asked for. None when that leaves no choice.
func (e *Engine) todoPosts(ctx context.Context, k *Knowledge, actor casework.Actor, asked string) ([]TodoPost, error) {
	if len(actor.Posts) < 2 {
		return nil, nil
	}
	ranges := make([][]casework.TodoRange, len(actor.Posts))
	for i, p := range actor.Posts {
		ranges[i] = casework.TodosAt(actor, p)
	}
	counts, err := e.db.CountTodosAt(ctx, ranges)
	if err != nil {
		return nil, err
	}
	var list []TodoPost
	for i, p := range actor.Posts {
		t := TodoPost{Post: string(casework.ToPost(p.Role, p.Unit)), Label: k.Organisation.DescribePost(organisation.Post{Role: p.Role, Unit: p.Unit}), Count: counts[i]}
		if d, known := k.Organisation.Department(p.Unit); known && d.ShortName != "" {
			t.Label = strings.Replace(t.Label, d.Name, d.ShortName, 1) // several stand beside each other on a phone
		}
		if p.For != "" {
			t.Label = "代" + k.Organisation.PersonName(p.For) + "：" + t.Label
		}
		if t.Count > 0 || t.Post == asked || p.Role.Awaited() && !p.Vacant {
			list = append(list, t)
		}
	}
	if len(list) < 2 && asked == "" {
		return nil, nil
	}
	return list, nil
}

// Todos lists what waits for the caller, nearest due first: at all of their posts or, of a post as casework.ToPost has it, there alone.
func (e *Engine) Todos(ctx context.Context, actor casework.Actor, post, cursorText string, limit int) (TodoPage, error) {
	page := TodoPage{Items: []TodoItem{}, Cap: store.CountCap}
	ranges := casework.AllTodos(actor)
	if post != "" {
		at := slices.IndexFunc(actor.Posts, func(p casework.Post) bool { return string(casework.ToPost(p.Role, p.Unit)) == post })
		if at < 0 {
			return page, errNotYourPost
		}
		ranges = casework.TodosAt(actor, actor.Posts[at])
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	after, err := parseTodoCursor(cursorText)
	if err != nil {
		return page, err
	}
	rows, err := e.db.Todos(ctx, ranges, after, limit+1)
	if err != nil {
		return page, err
	}
	if after == nil {
		if page.Posts, err = e.todoPosts(ctx, k, actor, post); err != nil {
			return page, err
		}
	}
	now := e.Now(k)
	for i, r := range rows {
		if i == limit {
			page.Next = todoCursor(rows[i-1])
			break
		}
		page.Items = append(page.Items, TodoItem{
			Kind: r.Kind, KindLabel: r.Kind.Label(), Ref: r.Ref, CaseID: r.CaseID, Number: r.Number, Title: ticket.MaskText(r.Title), Tier: r.Tier,
			TierLabel: r.Tier.Label(), Status: r.Status, For: k.addressee(r.Addressee), Clock: k.clock(r.DueAt, false, now),
			LeadDepartment: k.department(r.LeadDepartmentID), Handler: k.person(r.HandlerID),
		})
	}
	return page, nil
}

// Counts are the caller's to-do counts, each up to store.CountCap, and their unread notices.
type Counts struct {
	Todos  map[casework.TodoKind]int `json:"todos"`
	Total  int                       `json:"total"`
	Unread int                       `json:"unread"`
	// Waiting is of the centre alone.
	Waiting int `json:"waiting,omitempty" doc:"城运中心：居民自报、还不在难事里的工单"`
	Cap     int `json:"cap" doc:"计数上限；达到即“1000+”"`
}

// Counts counts what waits for the caller.
func (e *Engine) Counts(ctx context.Context, actor casework.Actor) (Counts, error) {
	c := Counts{Cap: store.CountCap}
	var err error
	if c.Todos, err = e.db.CountTodos(ctx, casework.TodoKeys(actor), casework.TodoKinds); err != nil {
		return c, err
	}
	for _, n := range c.Todos {
		c.Total += n
	}
	if holds(actor, casework.Centre) {
		if c.Waiting, err = e.db.CountWaiting(ctx, ticket.Resident); err != nil {
			return c, err
		}
	}
	for _, r := range inboxKeys(actor) {
		n, err := e.db.CountUnread(ctx, r)
		if err != nil {
			return c, err
		}
		c.Unread += n
	}
	return c, nil
}

// inboxKeys are the recipients whose notices the caller reads.
func inboxKeys(a casework.Actor) []string {
	keys := []string{a.PersonID}
	for _, r := range a.Requesters {
		keys = append(keys, "requester:"+r)
	}
	return keys
}

// NoticeItem is one notice in the caller's inbox.
type NoticeItem struct {
	ID        string              `json:"id"`
	Kind      casework.NoticeKind `json:"kind"`
	Text      string              `json:"text"`
	CaseID    string              `json:"case_id"`
	TicketID  string              `json:"ticket_id,omitempty" doc:"是关于这件工单的"`
	Number    string              `json:"number"`
	Title     string              `json:"title,omitempty" doc:"难事的标题"`
	Urgent    bool                `json:"urgent"`
	For       *Named              `json:"for,omitempty" doc:"代谁接收（AB角）"`
	CreatedAt time.Time           `json:"created_at"`
	ReadAt    *time.Time          `json:"read_at,omitempty"`
}

// Inbox lists the caller's notices, newest first. A resident's stand under the keys of their bound phones.
func (e *Engine) Inbox(ctx context.Context, actor casework.Actor, unread bool, before string, limit int) (Page[NoticeItem], error) {
	page := Page[NoticeItem]{Items: []NoticeItem{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	var rows []store.InboxRow
	for _, key := range inboxKeys(actor) {
		more, err := e.db.Inbox(ctx, key, unread, before, limit+1)
		if err != nil {
			return page, err
		}
		rows = append(rows, more...)
	}
	slices.SortFunc(rows, func(a, b store.InboxRow) int { return strings.Compare(b.ID, a.ID) })
	for i, r := range rows {
		if i == limit {
			page.Next = rows[i-1].ID
			break
		}
		it := NoticeItem{ID: r.ID, Kind: r.Kind, Text: k.inboxText(r, actor), Title: ticket.MaskText(r.Title), CaseID: r.CaseID, TicketID: r.Args["ticket"], Number: r.Number, Urgent: r.Urgent, For: k.person(r.StandsFor), CreatedAt: r.CreatedAt}
		if !r.ReadAt.IsZero() {
			it.ReadAt = &r.ReadAt
		}
		page.Items = append(page.Items, it)
	}
	return page, nil
}

// MarkRead marks the caller's notices as read: those named, or all up to the id until.
func (e *Engine) MarkRead(ctx context.Context, actor casework.Actor, until string, ids []string) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	for _, key := range inboxKeys(actor) {
		if err := e.db.MarkRead(ctx, key, until, ids, e.Now(k)); err != nil {
			return err
		}
	}
	return nil
}

// TimelineItem is one line of a timeline in words.
type TimelineItem struct {
	Seq        int64              `json:"seq"`
	Kind       casework.EventKind `json:"kind"`
	At         time.Time          `json:"at"`
	RecordedAt time.Time          `json:"recorded_at"`
	Who        string             `json:"who" doc:"谁，以什么身份；代办时写明代谁"`
	Text       string             `json:"text"`
	Public     bool               `json:"public"`
	Routine    bool               `json:"routine,omitempty" doc:"系统的例行提醒，只是又提醒了一次：相邻的可以收成一行"`
	// Attachments came with this step.
	Attachments []string          `json:"attachments,omitempty" doc:"这一步带来的附件的 id，您能看到的"`
	Changes     []casework.Change `json:"changes,omitempty"`
}

// byRequester are the fields whose entries name a requester by a key, which is the system's own.
var byRequester = []string{"tickets", "ratings", "reminded"}

// Timeline lists a case's history from after seq on. Requesters read public lines only, without names.
func (e *Engine) Timeline(ctx context.Context, actor casework.Actor, id string, after int64, limit int, changes bool) (Page[TimelineItem], error) {
	page := Page[TimelineItem]{Items: []TimelineItem{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	l, sight, err := e.visible(ctx, actor, id)
	if err != nil {
		return page, err
	}
	if sight == casework.Masked {
		return page, store.ErrNoCase
	}
	resident := sight == casework.AsRequester
	events, err := e.db.Events(ctx, l.Case.ID, after, resident, limit+1)
	if err != nil {
		return page, err
	}
	for i, ev := range events {
		if i == limit {
			page.Next = seqCursor(events[i-1].Seq)
			break
		}
		who := k.who(ev, resident)
		if resident && ev.ActorID != "" && ev.ActorID == actor.PersonID {
			who = "您"
		}
		it := TimelineItem{Seq: ev.Seq, Kind: ev.Kind, At: ev.At, RecordedAt: ev.RecordedAt, Public: ev.Public, Routine: ev.Kind.Routine(), Who: who, Text: ticket.MaskText(k.eventText(ev, resident, l.Case.Tasks))}
		for _, c := range ev.Changes {
			id, ok := strings.CutPrefix(c.Path, "files/")
			if f, there := l.Case.Files[id]; ok && there && c.Before == nil && casework.SeesFile(f, actor, sight) {
				it.Attachments = append(it.Attachments, id)
			}
		}
		if changes && !resident {
			it.Changes = slices.DeleteFunc(slices.Clone(ev.Changes), func(c casework.Change) bool {
				field, _, _ := strings.Cut(c.Path, "/")
				return slices.Contains(byRequester, field)
			})
			for i := range it.Changes {
				it.Changes[i].Before, it.Changes[i].After = maskJSON(it.Changes[i].Before), maskJSON(it.Changes[i].After)
			}
		}
		page.Items = append(page.Items, it)
	}
	return page, nil
}
