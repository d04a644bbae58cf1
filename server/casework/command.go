package casework

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"xiaopu/server/workday"
)

// Command is something to do to a case. Its fields are what it must carry (domain §3).
type Command interface {
	Name() Name
	apply(d *draft) error
}

const (
	maxText = 5000 // characters of a free text
	minText = 2
)

// need refuses a text that is missing or too long; the label names the field on the screen.
func need(label, s string) error {
	if utf8.RuneCountInString(strings.TrimSpace(s)) < minText {
		return invalid("case.text_missing", "请填写%s。", label)
	}
	return limit(label, s)
}

// limit refuses a text that is too long; it may be missing.
func limit(label, s string) error {
	if n := utf8.RuneCountInString(s); n > maxText {
		return invalid("case.text_too_long", "%s最多 %d 字，现有 %d 字，请精简。", label, maxText, n)
	}
	return nil
}

// within refuses an instant that is not after now or more than a year ahead: what looks longer is a typing error.
func (d *draft) within(label string, due time.Time) error {
	if !due.After(d.at) {
		return invalid("case.due", "%s要晚于现在。", label)
	}
	if due.After(d.at.AddDate(1, 0, 0)) {
		return invalid("case.due", "%s最远一年，请重新选择。", label)
	}
	return nil
}

func needAll(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if err := need(pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// chineseTime writes an instant as officials read it.
func chineseTime(t time.Time) string {
	t = t.In(workday.Shanghai)
	return fmt.Sprintf("%d月%d日 %02d:%02d", t.Month(), t.Day(), t.Hour(), t.Minute())
}

// Report brings a case in as proposed: it waits for the centre (待入库).
type Report struct {
	Title                 string `json:"title" doc:"标题" minLength:"2" maxLength:"200"`
	Facts                 string `json:"facts" doc:"事实经过" minLength:"2" maxLength:"5000"`
	Place                 string `json:"place" doc:"地点" minLength:"2" maxLength:"200"`
	Domain                Domain `json:"domain,omitempty" enum:"livelihood,business"`
	Topic                 string `json:"topic,omitempty" maxLength:"100"`
	CommunityID           string `json:"community_id,omitempty" maxLength:"40"`
	GridID                string `json:"grid_id,omitempty" maxLength:"40"`
	SuggestedDepartmentID string `json:"suggested_department_id,omitempty" doc:"建议由哪个部门牵头；由城运中心决定" maxLength:"40"`
	Attached
	Triggers   []Trigger   `json:"-"`
	Tickets    []TicketRef `json:"-"`
	Tier       Tier        `json:"-"` // suggested
	LinkedCase string      `json:"-"`
}

// Name is "report".
func (Report) Name() Name { return "report" }

func (m Report) apply(d *draft) error {
	if err := needAll("标题", m.Title, "事实经过", m.Facts, "地点", m.Place); err != nil {
		return err
	}
	d.create(m)
	if len(d.c.Triggers) == 0 {
		d.c.Triggers = []Trigger{{Kind: ByManual, At: d.at, Summary: d.as.Role.Label() + "上报"}}
	}
	d.c.Status = Reported
	d.c.ReportedAt = d.at
	d.days(clockIdle, d.env.Policy.IdleDays)
	if err := d.attach(m, false); err != nil {
		return err
	}
	if err := d.emit("report", m, false); err != nil {
		return err
	}
	d.tell(NoticeReported, nil, centre)
	return nil
}

// create fills a new case from what a report or registration says.
func (d *draft) create(m Report) {
	c := &d.c
	c.Title, c.Facts, c.Place = strings.TrimSpace(m.Title), strings.TrimSpace(m.Facts), strings.TrimSpace(m.Place)
	c.Domain, c.Topic, c.CommunityID, c.GridID = m.Domain, m.Topic, m.CommunityID, m.GridID
	c.SuggestedTier, c.SuggestedDepartmentID, c.LinkedCase = m.Tier, m.SuggestedDepartmentID, m.LinkedCase
	c.Round = 1
	c.Reporter = d.actor.PersonID
	for _, t := range m.Triggers {
		t.At = d.at
		c.Triggers = append(c.Triggers, t)
		d.suggest(t)
	}
	for _, t := range m.Tickets {
		d.hold(t)
	}
}

// suggest: hops that a ticket brought with it only suggest a tier (domain §3); that several people complain of one thing suggests
// a common problem (policy 二.2).
func (d *draft) suggest(t Trigger) {
	if t.Kind == ByUnaccepted && d.c.SuggestedTier == "" {
		d.c.SuggestedTier = TierII
	}
	if t.People >= severalPeople {
		d.c.SuggestedScope = Common
	}
}

// severalPeople is how many complain together of what may be a common problem (decision).
const severalPeople = 2

// hold keeps a ticket on the case.
func (d *draft) hold(t TicketRef) {
	t.AcceptedAt, t.AttachedAt = instant(t.AcceptedAt), d.at
	put(&d.c.Tickets, t.ID, t)
}

// Register takes a case into the library: the centre a reported one, the system one that a registering trigger found.
type Register struct {
	Report
	Reason string `json:"reason,omitempty" doc:"入库说明" maxLength:"5000"`
}

// Name is "register".
func (Register) Name() Name { return "register" }

func (m Register) apply(d *draft) error {
	if d.c.Status == none {
		if err := needAll("标题", m.Title, "事实经过", m.Facts); err != nil {
			return err
		}
		d.create(m.Report)
		if len(d.c.Triggers) == 0 {
			if err := need("入库说明", m.Reason); err != nil {
				return err
			}
			d.c.Triggers = []Trigger{{Kind: ByManual, At: d.at, Summary: m.Reason}}
		}
		if !d.actor.isSystem {
			d.c.ReportedAt = d.at
		}
	}
	if err := d.attach(m, false); err != nil {
		return err
	}
	return d.register("register", m)
}

func (d *draft) register(kind EventKind, data any) error {
	d.c.Status = Registered
	d.c.RegisteredAt = d.at
	d.days(clockIdle, d.env.Policy.IdleDays)
	if err := d.emit(kind, data, true); err != nil {
		return err
	}
	if d.c.Reporter != d.actor.PersonID {
		d.tell(NoticeRegistered, nil, d.c.reporter())
	}
	return nil
}

// maxEvidence is how many records a trigger of a case lists. Beyond that nobody reads them, the tickets themselves are
// attached, and each further event would repeat the whole list.
const maxEvidence = 50

// AddEvidence adds what a trigger found on a ticket of this case; a registering one registers a reported case.
type AddEvidence struct {
	Trigger Trigger `json:"trigger"`
}

// Name is "add_evidence".
func (AddEvidence) Name() Name { return "add_evidence" }

func (m AddEvidence) apply(d *draft) error {
	t := m.Trigger
	t.At = d.at
	i := slices.IndexFunc(d.c.Triggers, func(have Trigger) bool { return have.Kind == t.Kind })
	if i < 0 {
		d.c.Triggers = append(d.c.Triggers, t)
	} else {
		have := d.c.Triggers[i]
		have.Summary = t.Summary
		have.Evidence = slices.Clone(have.Evidence)
		fresh := false
		for _, e := range t.Evidence {
			if len(have.Evidence) < maxEvidence && !slices.ContainsFunc(have.Evidence, func(h Evidence) bool { return h.Key == e.Key }) {
				have.Evidence = append(have.Evidence, e)
				fresh = true
			}
		}
		if !fresh {
			return nil // evidence counts once
		}
		d.c.Triggers[i] = have
	}
	d.suggest(t)
	if d.c.Status == Reported && t.Kind.Registers() {
		return d.register("add_evidence", m)
	}
	return d.emit("add_evidence", m, false)
}

// Classify sets what the case is about and whose grid it is.
type Classify struct {
	Domain      Domain   `json:"domain" enum:"livelihood,business" doc:"民生或商企"`
	Scope       Scope    `json:"scope" enum:"individual,common" doc:"个案或共性"`
	Reach       Reach    `json:"reach" enum:"single,cross" doc:"本部门或跨部门"`
	Crossings   []string `json:"crossings,omitempty" doc:"三跨：department 跨部门、field 跨领域、industry 跨行业" maxItems:"3"`
	Topic       string   `json:"topic,omitempty" maxLength:"100"`
	CommunityID string   `json:"community_id,omitempty" maxLength:"40"`
	GridID      string   `json:"grid_id" maxLength:"40" doc:"综合网格"`
}

// Name is "classify".
func (Classify) Name() Name { return "classify" }

func (m Classify) apply(d *draft) error {
	if m.Domain != Livelihood && m.Domain != Business {
		return invalid("case.domain", "请选择服务对象：民生或商企。")
	}
	if m.Scope != Individual && m.Scope != Common {
		return invalid("case.scope", "请选择问题属性：个案或共性。")
	}
	if m.Reach != SingleDepartment && m.Reach != CrossDepartment {
		return invalid("case.reach", "请选择权责划分：本部门或跨部门。")
	}
	for _, x := range m.Crossings {
		if x != "department" && x != "field" && x != "industry" {
			return invalid("case.crossings", "三跨只能是跨部门、跨领域、跨行业。")
		}
	}
	if m.GridID == "" {
		return invalid("case.grid", "请选择综合网格。")
	}
	c := &d.c
	convener := c.Convener()
	c.Domain, c.Scope, c.Reach, c.Topic, c.GridID = m.Domain, m.Scope, m.Reach, m.Topic, m.GridID
	c.CommunityID = m.CommunityID
	c.Crossings = slices.Clone(m.Crossings)
	if err := d.emit("classify", m, false); err != nil {
		return err
	}
	if c.Status == Convening && c.Convener() != convener {
		d.tell(NoticeConvening, d.dueArgs(), c.Convener())
	}
	return nil
}

// Assign names the handler (lead's head) or the coordinator (centre).
type Assign struct {
	HandlerID     string `json:"handler_id,omitempty" maxLength:"40" doc:"承办人，由牵头部门负责人指定"`
	CoordinatorID string `json:"coordinator_id,omitempty" maxLength:"40" doc:"协调专员，由城运中心指定"`
}

// Name is "assign".
func (Assign) Name() Name { return "assign" }

func (m Assign) apply(d *draft) error {
	asHead, head := byHead(&d.c, d.actor)
	asCentre, centre := centreOrCoordinator(&d.c, d.actor)
	switch {
	case m.HandlerID == "" && m.CoordinatorID == "":
		return invalid("case.nobody", "请选择要指定的人员。")
	case m.HandlerID != "" && !head:
		return notNow("case.not_yours", "承办人由牵头部门负责人指定。")
	case m.CoordinatorID != "" && !centre:
		return notNow("case.not_yours", "协调专员由城运中心指定。")
	}
	d.as = asHead
	if m.CoordinatorID != "" {
		d.as = asCentre
	}
	var told []Addressee
	if m.HandlerID != "" {
		d.c.HandlerID = m.HandlerID
		told = append(told, d.c.handler())
	}
	if m.CoordinatorID != "" {
		d.c.CoordinatorID = m.CoordinatorID
		told = append(told, ToPerson(m.CoordinatorID))
	}
	if err := d.emit("assign", m, false); err != nil {
		return err
	}
	d.tell(NoticeAssigned, nil, told...)
	return nil
}

// Reject refuses a case, or takes a wrongly recognised one out again; its evidence never fires again.
type Reject struct {
	Reason string `json:"reason" doc:"不予入库的理由" minLength:"2" maxLength:"5000"`
}

// Name is "reject".
func (Reject) Name() Name { return "reject" }

func (m Reject) apply(d *draft) error {
	if err := need("不予入库的理由", m.Reason); err != nil {
		return err
	}
	if s, ok := d.c.Stage(); ok {
		s.EndedAt, s.End = d.at, EndRejected
		d.c.setStage(s)
	}
	d.c.Status = Rejected
	d.stopAll()
	if err := d.emit("reject", m, false); err != nil {
		return err
	}
	d.tell(NoticeRejected, nil, d.c.reporter())
	return nil
}

// Attach adds a ticket about the same matter. On a resolved case only a ticket newer than the resolution says
// anything: it counts as a dissatisfied rating (domain §2).
type Attach struct {
	Ticket TicketRef `json:"ticket"`
}

// Name is "attach".
func (Attach) Name() Name { return "attach" }

func (m Attach) apply(d *draft) error {
	t := m.Ticket
	if t.ID == "" {
		return invalid("case.ticket", "请选择要并入的工单。")
	}
	if _, ok := d.c.Tickets[t.ID]; ok {
		return nil // attached already: a retry
	}
	d.hold(t)
	if err := d.emit("attach", m, false); err != nil {
		return err
	}
	if d.c.Status == Resolved && t.AcceptedAt.After(d.c.ResolvedAt) {
		return d.asSystem(func() error {
			return d.rate(RatingNote{TicketID: t.ID, Rating: Dissatisfied, From: fromTicket, Words: "办结后又来新工单 " + t.OrderNo})
		})
	}
	return nil
}

// UpdateTicket brings what the case keeps of a ticket up to date: who asks or when it was accepted came later, or was
// corrected by its source. An answer that was given for the ticket stays that of its requester.
type UpdateTicket struct {
	Ticket TicketRef `json:"ticket"`
}

// Name is "update_ticket".
func (UpdateTicket) Name() Name { return "update_ticket" }

func (m UpdateTicket) apply(d *draft) error {
	t := m.Ticket
	have, ok := d.c.Tickets[t.ID]
	if !ok {
		return invalid("case.ticket", "本事项没有这件工单。")
	}
	t.AcceptedAt, t.AttachedAt = instant(t.AcceptedAt), have.AttachedAt
	if t == have {
		return nil
	}
	put(&d.c.Tickets, t.ID, t)
	was, is := ratingKey(d.c.Round, have), ratingKey(d.c.Round, t)
	if note, rated := d.c.Ratings[was]; rated && note.TicketID == t.ID && was != is {
		if _, other := d.c.Ratings[is]; !other {
			delete(d.c.Ratings, was)
			put(&d.c.Ratings, is, note)
		}
	}
	return d.emit("update_ticket", m, false)
}

// Detach takes a ticket out that is about something else, with the dissatisfaction that it alone stood for.
type Detach struct {
	TicketID string `json:"ticket_id" maxLength:"40"`
	Reason   string `json:"reason" minLength:"2" maxLength:"5000"`
}

// Name is "detach".
func (Detach) Name() Name { return "detach" }

func (m Detach) apply(d *draft) error {
	if _, ok := d.c.Tickets[m.TicketID]; !ok {
		return invalid("case.ticket", "本事项没有这件工单。")
	}
	if err := need("移出理由", m.Reason); err != nil {
		return err
	}
	delete(d.c.Tickets, m.TicketID)
	for source, pack := range d.c.Absorbed { // it does not return with a split either
		pack.Tickets = slices.DeleteFunc(slices.Clone(pack.Tickets), func(id string) bool { return id == m.TicketID })
		d.c.Absorbed[source] = pack
	}
	d.settle("dismissed", "工单已移出："+m.Reason, func(r RatingNote) bool { return r.From == fromTicket && r.TicketID == m.TicketID })
	return d.emit("detach", m, false)
}

// Dispatch gives the case to a lead department and opens tier III (policy 三).
type Dispatch struct {
	LeadDepartmentID string `json:"lead_department_id" maxLength:"40" doc:"牵头部门"`
	Note             string `json:"note,omitempty" maxLength:"5000" doc:"交办要求"`
}

// Name is "dispatch".
func (Dispatch) Name() Name { return "dispatch" }

func (m Dispatch) apply(d *draft) error {
	if m.LeadDepartmentID == "" {
		return invalid("case.lead", "请选择牵头部门。")
	}
	if err := limit("交办要求", m.Note); err != nil {
		return err
	}
	d.lead(m.LeadDepartmentID)
	if _, open := d.c.Stage(); !open {
		d.open(TierIII, CauseDispatch)
	}
	d.c.Status = Dispatched
	d.startAcceptance()
	if err := d.emit("dispatch", m, true); err != nil {
		return err
	}
	d.tell(NoticeDispatched, d.dueArgs(), d.c.head(), d.c.handler(), d.c.deputy())
	return nil
}

// lead hands the case to a department; its handler is yet to be named.
func (d *draft) lead(department string) {
	if d.c.LeadDepartmentID != department {
		d.c.HandlerID = ""
	}
	d.c.LeadDepartmentID = department
	d.c.AcceptedAt = time.Time{}
}

// startAcceptance starts the clocks of a dispatched case.
func (d *draft) startAcceptance() {
	p := d.policy()
	d.c.DispatchedAt = d.at
	d.stop(clockIdle)
	d.hours(clockRemind, p.AcceptRemindHours)
	d.days(clockAccept, p.AcceptDays)
}

// handle puts the case into handling. Handling first begun in a round starts the clock of the first contact
// (先行联系); neither a transfer nor a new tier starts it again.
func (d *draft) handle() {
	d.c.Status = Handling
	d.c.AcceptedAt = d.at
	d.stop(clockIdle, clockRemind, clockAccept)
	if d.c.FirstHandlingAt.IsZero() {
		d.c.FirstHandlingAt = d.at
		d.days(clockContact, d.policy().ContactDays)
	}
}

// Claim takes a registered case on voluntarily (认领), or offers to lead a convening one.
type Claim struct {
	HandlerID    string `json:"handler_id,omitempty" maxLength:"40" doc:"承办人"`
	DepartmentID string `json:"department_id,omitempty" maxLength:"40" doc:"认领部门；只负责一个部门的可不填"`
}

// Name is "claim".
func (Claim) Name() Name { return "claim" }

func (m Claim) apply(d *draft) error {
	if m.DepartmentID == "" {
		var mine []string
		for _, p := range d.actor.Posts {
			if p.Role == DepartmentHead && !slices.Contains(mine, p.Unit) {
				mine = append(mine, p.Unit)
			}
		}
		if len(mine) != 1 {
			return invalid("case.department", "您负责多个部门，请选择由哪个部门认领。")
		}
		m.DepartmentID = mine[0]
	}
	as, ok := d.actor.as(DepartmentHead, m.DepartmentID)
	if !ok {
		return notNow("case.not_yours", "您不是该部门的负责人，不能代其认领。")
	}
	d.as = as
	if m.HandlerID == "" {
		return invalid("case.handler", "请指定承办人。")
	}
	if d.c.Status == Convening {
		put(&d.c.Offers, m.DepartmentID, Offer{DepartmentID: m.DepartmentID, HandlerID: m.HandlerID, By: d.actor.PersonID, At: d.at})
		if err := d.emit("claim", m, false); err != nil {
			return err
		}
		d.tell(NoticeOffered, map[string]string{"department": m.DepartmentID}, d.c.Convener())
		return nil
	}
	d.lead(m.DepartmentID)
	if _, open := d.c.Stage(); !open {
		d.open(TierIII, CauseClaim)
	}
	d.takeBackHops()
	d.c.DispatchedAt = d.at
	d.c.HandlerID = m.HandlerID
	d.handle()
	if err := d.emit("claim", m, true); err != nil {
		return err
	}
	d.tell(NoticeAccepted, d.dueArgs(), d.c.requesters()...)
	d.tell(NoticeDispatched, d.dueArgs(), d.c.handler(), d.c.deputy())
	return nil
}

// Take puts a leader's name on the case (书记领题).
type Take struct {
	Note string `json:"note,omitempty" maxLength:"5000"`
}

// Name is "take".
func (Take) Name() Name { return "take" }

func (m Take) apply(d *draft) error {
	if err := limit("说明", m.Note); err != nil {
		return err
	}
	sponsor := cmp.Or(d.as.For, d.actor.PersonID) // a delegate puts the other's name on it
	put(&d.c.Sponsors, sponsor, Sponsor{PersonID: sponsor, Role: d.as.Role, Unit: d.as.Unit, At: d.at})
	if err := d.emit("take", m, false); err != nil {
		return err
	}
	d.tell(NoticeCoordinated, nil, d.c.head(), d.c.handler(), d.c.deputy())
	return nil
}

// OpenAtII starts a 三跨 case for which no lead can be named at tier II (policy 三).
type OpenAtII struct {
	Reason string `json:"reason" doc:"为何无法确定主责部门" minLength:"2" maxLength:"5000"`
}

// Name is "open_at_ii".
func (OpenAtII) Name() Name { return "open_at_ii" }

func (m OpenAtII) apply(d *draft) error {
	if err := need("无法确定主责部门的理由", m.Reason); err != nil {
		return err
	}
	return d.enter(TierII, CauseOpenAtII, "open_at_ii", m, nil)
}

// OpenAtI starts a case at tier I on one of the policy's grounds.
type OpenAtI struct {
	Ground Ground `json:"ground" enum:"major_opinion,mass_complaint,group_petition,higher_support"`
	Reason string `json:"reason" minLength:"2" maxLength:"5000"`
}

// Name is "open_at_i".
func (OpenAtI) Name() Name { return "open_at_i" }

func (m OpenAtI) apply(d *draft) error {
	switch m.Ground {
	case MajorOpinion, MassComplaint, GroupPetition, HigherSupport:
	default:
		return invalid("case.ground", "请选择启动Ⅰ级的情形：突发重大舆情、多人群体投诉、群访，或需要上级部门支持。")
	}
	if err := need("情况说明", m.Reason); err != nil {
		return err
	}
	return d.enter(TierI, CauseOpenAtI, "open_at_i", m, map[string]string{"ground": string(m.Ground)})
}

// Accept takes a dispatched case on (接单); the requesters hear the promised date.
type Accept struct {
	HandlerID string `json:"handler_id,omitempty" maxLength:"40" doc:"承办人；承办人本人接单可不填"`
}

// Name is "accept".
func (Accept) Name() Name { return "accept" }

func (m Accept) apply(d *draft) error {
	self := cmp.Or(d.as.For, d.actor.PersonID)
	switch {
	case d.as.Role == Handler && m.HandlerID != "" && m.HandlerID != self:
		return notNow("case.not_yours", "承办人由牵头部门负责人指定，您可以自己接单。")
	case d.as.Role == Handler:
		d.c.HandlerID = self
	case m.HandlerID != "":
		d.c.HandlerID = m.HandlerID
	case d.c.HandlerID == "" && slices.Contains(d.actor.Posts, Post{Role: Handler, Unit: d.c.LeadDepartmentID}):
		d.c.HandlerID = d.actor.PersonID // who stands in for the head is a handler all the same
	case d.c.HandlerID == "":
		return invalid("case.handler", "请指定承办人后接单。")
	}
	d.takeBackHops()
	d.handle()
	if err := d.emit("accept", m, true); err != nil {
		return err
	}
	d.tell(NoticeAccepted, d.dueArgs(), d.c.requesters()...)
	if d.c.HandlerID != d.actor.PersonID {
		d.tell(NoticeAssigned, d.dueArgs(), d.c.handler())
	}
	return nil
}

// Return hands a dispatched case back before acceptance (退单): a hop.
type Return struct {
	Reason                string `json:"reason" doc:"退单理由" minLength:"2" maxLength:"5000"`
	DutyItem              string `json:"duty_item" doc:"依据的权责事项编号或条文" minLength:"2" maxLength:"1000"`
	SuggestedDepartmentID string `json:"suggested_department_id" maxLength:"40" doc:"建议承办部门"`
}

// Name is "return".
func (Return) Name() Name { return "return" }

func (m Return) apply(d *draft) error {
	if err := needAll("退单理由", m.Reason, "依据的权责事项", m.DutyItem); err != nil {
		return err
	}
	if m.SuggestedDepartmentID == "" {
		return invalid("case.department", "请选择建议承办部门。")
	}
	if m.SuggestedDepartmentID == d.c.LeadDepartmentID {
		return invalid("case.department", "建议承办部门不能是本部门。")
	}
	d.hop(HopReturned, m.Reason)
	d.former = []Addressee{d.c.head(), d.c.deputy()}
	d.c.Status = Registered
	d.stop(clockRemind, clockAccept)
	d.c.LeadDepartmentID, d.c.HandlerID = "", ""
	if err := d.emit("return", m, false); err != nil {
		return err
	}
	d.tell(NoticeReturned, map[string]string{"suggested": m.SuggestedDepartmentID}, centre)
	return d.countHops()
}

// Transfer moves the case to another lead at tier III (转办); the stage's clock goes on.
type Transfer struct {
	LeadDepartmentID string `json:"lead_department_id" maxLength:"40"`
	Reason           string `json:"reason" minLength:"2" maxLength:"5000"`
}

// Name is "transfer".
func (Transfer) Name() Name { return "transfer" }

func (m Transfer) apply(d *draft) error {
	if m.LeadDepartmentID == "" || m.LeadDepartmentID == d.c.LeadDepartmentID {
		return invalid("case.lead", "请选择另一个牵头部门。")
	}
	if err := need("转办理由", m.Reason); err != nil {
		return err
	}
	if d.c.Status == Dispatched {
		d.hop(HopTransferred, m.Reason)
	}
	old := []Addressee{d.c.head(), d.c.handler()}
	d.former = append(slices.Clone(old), d.c.deputy())
	d.lead(m.LeadDepartmentID)
	d.c.Status = Dispatched
	d.startAcceptance()
	if err := d.emit("transfer", m, false); err != nil {
		return err
	}
	d.tell(NoticeDispatched, d.dueArgs(), append([]Addressee{d.c.head(), d.c.deputy()}, old...)...)
	return d.countHops()
}

// hop records that the lead did not accept; a department counts once in a round.
func (d *draft) hop(kind HopKind, reason string) {
	if slices.Contains(d.c.UnacceptedDepartments(), d.c.LeadDepartmentID) {
		return
	}
	d.c.Hops = append(d.c.Hops, Hop{Round: d.c.Round, DepartmentID: d.c.LeadDepartmentID, Kind: kind, At: d.at, Reason: reason})
}

// takeBackHops: accepting late takes the hop back, however it came about: what counts are departments that did not
// accept within the round (domain §3).
func (d *draft) takeBackHops() {
	for i, h := range d.c.Hops {
		if h.Round == d.c.Round && h.DepartmentID == d.c.LeadDepartmentID {
			h.TakenBack = true
			d.c.Hops[i] = h
		}
	}
}

// countHops escalates at the Nth distinct department that did not accept within the round (policy 二.1).
func (d *draft) countHops() error {
	if n := d.policy().HopsToII; n > 0 && len(d.c.UnacceptedDepartments()) >= n && runningTier(&d.c) == TierIII {
		return d.escalate(TierII, CauseHops)
	}
	return nil
}

// Coordinate records the deputy leader's word at tier III (报业务分管领导协调处置).
type Coordinate struct {
	Opinion string `json:"opinion" minLength:"2" maxLength:"5000"`
}

// Name is "coordinate".
func (Coordinate) Name() Name { return "coordinate" }

func (m Coordinate) apply(d *draft) error {
	if err := need("协调意见", m.Opinion); err != nil {
		return err
	}
	if err := d.emit("coordinate", m, false); err != nil {
		return err
	}
	d.tell(NoticeCoordinated, nil, d.c.head(), d.c.handler())
	return nil
}

// Contact records the first contact with the requester (先行联系).
type Contact struct {
	Reached bool      `json:"reached"`
	At      time.Time `json:"at" doc:"联系时间"`
	Said    string    `json:"said" minLength:"2" maxLength:"5000"`
}

// Name is "contact".
func (Contact) Name() Name { return "contact" }

func (m Contact) apply(d *draft) error {
	if err := need("联系情况", m.Said); err != nil {
		return err
	}
	m.At = instant(m.At)
	if m.At.After(d.at) || m.At.Before(d.at.AddDate(-1, 0, 0)) {
		return invalid("case.contact_at", "联系时间不能晚于现在，也不能早于一年前，请填写实际联系的时间。")
	}
	d.c.Contacts = append(d.c.Contacts, ContactNote{Round: d.c.Round, Reached: m.Reached, At: m.At, Said: m.Said, By: d.actor.PersonID})
	d.stop(clockContact)
	return d.emit("contact", m, false)
}

// Progress records what was done; requesters read what is public.
type Progress struct {
	Text   string `json:"text" minLength:"2" maxLength:"5000"`
	Public bool   `json:"public,omitempty" doc:"是否让诉求人看到，附件也一样"`
	Attached
}

// Name is "progress".
func (Progress) Name() Name { return "progress" }

func (m Progress) apply(d *draft) error {
	if err := need("进展情况", m.Text); err != nil {
		return err
	}
	if err := d.attach(m, m.Public); err != nil {
		return err
	}
	if err := d.emit("progress", m, m.Public); err != nil {
		return err
	}
	if m.Public {
		d.tell(NoticeProgress, nil, d.c.requesters()...)
	}
	return nil
}

// Submit hands the result in for verification (提交办结). Every task must have ended.
type Submit struct {
	Result   string   `json:"result" minLength:"2" maxLength:"5000"`
	Answer   string   `json:"answer,omitempty" maxLength:"2000" doc:"答复诉求人的话：办结后诉求人看到的只有这一段，不写姓名、电话；不填则只看到办理结果的类别"`
	Outcome  Outcome  `json:"outcome" enum:"solved,explained" doc:"实际解决或解释说明"`
	Evidence []string `json:"evidence" doc:"佐证材料：附件的 id，或写明材料是什么、存在哪里" minItems:"1" maxItems:"20"`
}

// Name is "submit".
func (Submit) Name() Name { return "submit" }

func (m Submit) apply(d *draft) error {
	if err := need("办理结果", m.Result); err != nil {
		return err
	}
	if m.Outcome != ActuallySolved && m.Outcome != Explained {
		return invalid("case.outcome", "请选择办理结果：实际解决或解释说明。")
	}
	if len(m.Evidence) == 0 {
		return invalid("case.evidence", "请至少附一份佐证材料。")
	}
	if err := limit("答复诉求人的话", m.Answer); err != nil {
		return err
	}
	if err := d.attach(m, false); err != nil {
		return err
	}
	d.c.Submission = &Submission{Round: d.c.Round, Result: m.Result, Answer: m.Answer, Outcome: m.Outcome, Evidence: m.Evidence, By: d.actor.PersonID, At: d.at}
	d.c.Status = Verifying
	if err := d.emit("submit", m, false); err != nil {
		return err
	}
	d.tell(NoticeSubmitted, d.dueArgs(), centre, d.c.liaison())
	return nil
}

// VerifyPass finds the matter solved or explained: the case is resolved (核查办结).
type VerifyPass struct {
	Finding string  `json:"finding" minLength:"2" maxLength:"5000"`
	Outcome Outcome `json:"outcome" enum:"solved,explained"`
	Attached
}

// Name is "verify_pass".
func (VerifyPass) Name() Name { return "verify_pass" }

func (m VerifyPass) apply(d *draft) error {
	if err := need("核查意见", m.Finding); err != nil {
		return err
	}
	if m.Outcome != ActuallySolved && m.Outcome != Explained {
		return invalid("case.outcome", "请选择核查结论：实际解决或解释说明。")
	}
	if err := d.attach(m, false); err != nil {
		return err
	}
	c := &d.c
	if s, ok := c.Stage(); ok {
		s.EndedAt, s.End = d.at, EndResolved
		s.OnTime = !c.Submission.At.After(s.DueAt) // a pass judges on-time at submission
		c.setStage(s)
	}
	c.Verification = &Verification{Round: c.Round, Passed: true, Finding: m.Finding, Outcome: m.Outcome, By: d.actor.PersonID, At: d.at}
	c.Status, c.ResolvedAt, c.HoldOverUntil = Resolved, d.at, time.Time{}
	for k := range c.Clocks {
		if _, order := clockID(k, clockOrder); !order {
			delete(c.Clocks, k)
		}
	}
	d.days(clockRating, d.env.Policy.RatingDays)
	put(&c.Clocks, clockHearing, d.hearingClock(d.at))
	if err := d.emit("verify_pass", m, true); err != nil {
		return err
	}
	d.tell(NoticeResolved, map[string]string{"rate_until": timeArg(c.Clocks[clockRating].DueAt)}, c.requesters()...)
	return nil
}

// VerifyFail sends the case back (核查不通过). Between deadline and hold's end it escalates; after the hold's end the
// next stage is open already and is convened.
type VerifyFail struct {
	Finding string `json:"finding" minLength:"2" maxLength:"5000"`
	Attached
}

// Name is "verify_fail".
func (VerifyFail) Name() Name { return "verify_fail" }

func (m VerifyFail) apply(d *draft) error {
	if err := need("核查意见", m.Finding); err != nil {
		return err
	}
	if err := d.attach(m, false); err != nil {
		return err
	}
	c := &d.c
	submitted := c.Submission.At
	c.Verification = &Verification{Round: c.Round, Finding: m.Finding, By: d.actor.PersonID, At: d.at}
	c.Status = Handling
	s, _ := c.Stage()
	_, held := c.Clocks[clockHold]
	openedSince := s.OpenedAt.After(submitted) && s.Tier != TierIII
	if openedSince && s.OverdueAt.IsZero() {
		c.Status = Convening // the next stage opened while the centre was verifying
	}
	if err := d.emit("verify_fail", m, false); err != nil {
		return err
	}
	d.tell(NoticeFailed, d.dueArgs(), c.handler(), c.head())
	if c.Status == Convening {
		d.tell(NoticeConvening, d.dueArgs(), c.Convener())
	}
	if held {
		return d.lapse(CauseFailedAfterDue)
	}
	return nil
}

// Escalate raises the tier by a person's decision (升级响应).
type Escalate struct {
	Reason string `json:"reason" minLength:"2" maxLength:"5000"`
}

// Name is "escalate".
func (Escalate) Name() Name { return "escalate" }

func (m Escalate) apply(d *draft) error {
	if err := need("升级理由", m.Reason); err != nil {
		return err
	}
	s, _ := d.c.Stage()
	return d.enter(s.Tier.Up(), CauseEscalate, "escalate", m, nil)
}

// HoldOver lets an overdue tier I case stand until a target date, still counted overdue (挂账).
type HoldOver struct {
	TargetOn workday.Date `json:"target_on" doc:"目标日期，如 2026-12-31"`
	Reason   string       `json:"reason" minLength:"2" maxLength:"5000"`
}

// Name is "hold_over".
func (HoldOver) Name() Name { return "hold_over" }

func (m HoldOver) apply(d *draft) error {
	if err := need("挂账理由", m.Reason); err != nil {
		return err
	}
	target := instant(d.env.Calendar.CloseOf(m.TargetOn))
	if err := d.within("目标日期", target); err != nil {
		return err
	}
	d.c.HoldOverUntil = target
	d.by(clockHoldOver, target)
	d.again(clockOverdue, d.policy().HeldOverDays)
	if err := d.emit("hold_over", m, false); err != nil {
		return err
	}
	d.tell(NoticeHeldOver, map[string]string{"until": timeArg(target)}, d.c.head(), d.c.handler(), d.c.deputy(), supervisor)
	return nil
}

// Remind urges the lead (催办); a requester once a day.
type Remind struct {
	Text string `json:"text,omitempty" maxLength:"5000"`
	Held Held   `json:"-"`
}

// reminded is what the timeline says of a reminder.
type reminded struct {
	Text string `json:"text,omitempty"`
	Held Held   `json:"held,omitempty"`
}

// Name is "remind".
func (Remind) Name() Name { return "remind" }

func (m Remind) apply(d *draft) error {
	if err := limit("催办内容", m.Text); err != nil {
		return err
	}
	if d.as.Role == Resident {
		for _, r := range d.c.requestersOf(d.actor) {
			put(&d.c.Reminded, r, workday.DateOf(d.at).String())
		}
	}
	if err := d.emit("remind", reminded(m), false); err != nil {
		return err
	}
	to := []Addressee{d.c.head(), d.c.handler()}
	d.tell(NoticeReminded, d.dueArgs(), append(to, d.c.waitsFor()...)...)
	return nil
}

// AskedBy reports whether a has tickets on the case. Whoever has is held to what residents are held to, whatever else they are here.
func (c *Case) AskedBy(a Actor) bool { return len(c.requestersOf(a)) > 0 }

// RemindedToday reports whether a, as a requester, has urged the case on now's day (Asia/Shanghai).
func (c *Case) RemindedToday(a Actor, now time.Time) bool {
	today := workday.DateOf(now).String()
	return slices.ContainsFunc(c.requestersOf(a), func(r string) bool { return c.Reminded[r] == today })
}

// requestersOf lists the keys by which a has tickets on the case.
func (c *Case) requestersOf(a Actor) []string {
	var keys []string
	for _, id := range sortedKeys(c.Tickets) {
		if r := c.Tickets[id].Requester; a.owns(r) && !slices.Contains(keys, r) {
			keys = append(keys, r)
		}
	}
	return keys
}

// Supervise gives an order to the lead with a due (督办).
type Supervise struct {
	Text  string    `json:"text" minLength:"2" maxLength:"5000"`
	DueAt time.Time `json:"due_at"`
}

// Name is "supervise".
func (Supervise) Name() Name { return "supervise" }

func (m Supervise) apply(d *draft) error {
	if err := need("督办要求", m.Text); err != nil {
		return err
	}
	if err := d.within("督办期限", m.DueAt); err != nil {
		return err
	}
	d.order(m.Text, Clock{DueAt: instant(m.DueAt)})
	return d.emitThen("supervise", m, func() { d.tellOrdered(m.DueAt) })
}

func (d *draft) tellOrdered(due time.Time) {
	d.tell(NoticeSupervised, map[string]string{"due": timeArg(due)}, d.c.leadOrCentre(), d.c.handler(), d.c.deputy(), supervisor)
}

func (d *draft) order(text string, due Clock) {
	d.c.OrdersNo++
	id := d.c.Number + "-D" + strconv.Itoa(d.c.OrdersNo)
	put(&d.c.Orders, id, Order{ID: id, Text: text, By: d.actor.PersonID, At: d.at, DueAt: due.DueAt})
	put(&d.c.Clocks, clockOrder+id, due)
}

func (d *draft) emitThen(kind EventKind, data any, told func()) error {
	if err := d.emit(kind, data, false); err != nil {
		return err
	}
	told()
	return nil
}

// AnswerOrder answers a 督办单.
type AnswerOrder struct {
	OrderID string `json:"order_id" maxLength:"60"`
	Answer  string `json:"answer" minLength:"2" maxLength:"5000"`
}

// Name is "answer".
func (AnswerOrder) Name() Name { return "answer" }

func (m AnswerOrder) apply(d *draft) error {
	if err := need("督办答复", m.Answer); err != nil {
		return err
	}
	o, ok := d.c.Orders[m.OrderID]
	if !ok {
		return invalid("case.order", "没有这件督办单。")
	}
	if !o.AnsweredAt.IsZero() {
		return notNow("case.order_answered", "这件督办单已经答复。")
	}
	o.Answer, o.AnsweredBy, o.AnsweredAt = m.Answer, d.actor.PersonID, d.at
	d.c.Orders[m.OrderID] = o
	d.stop(clockOrder + m.OrderID)
	return d.emitThen("answer", m, func() { d.tell(NoticeAnswered, nil, supervisor) })
}

func (c *Case) leadOrCentre() Addressee {
	if h := c.head(); h != "" {
		return h
	}
	return centre
}

func timeArg(t time.Time) string { return t.In(workday.Shanghai).Format(time.RFC3339) }

// dueArgs is what a notice says of the clock: the tier and its deadline.
func (d *draft) dueArgs() map[string]string {
	s, ok := d.c.Stage()
	if !ok {
		return nil
	}
	args := map[string]string{"tier": string(s.Tier), "due": timeArg(s.DueAt)}
	if s.Provisional {
		args["provisional"] = "true"
	}
	return args
}
