package casework

import (
	"cmp"
	"slices"
	"time"

	"xiaopu/server/apperr"
)

// Name names a command.
type Name string

// rule is a line of the command table (domain §3): who may, in which states, under which further condition.
type rule struct {
	name  Name
	label string
	from  []Status
	to    []Status // in which it can leave the case; none: the state stays
	// who may; nil leaves it to the targets, which say themselves whose they are.
	who who
	// ready refuses for a reason beyond status and role; nil means none.
	ready condition
	// targets lists the tasks, orders or tickets the actor may give it on; with none of them it is not allowed.
	targets func(c *Case, a Actor) []target
}

// target is a task, order or ticket that a command may be given on, and in which capacity.
type target struct {
	id string
	as Capacity
}

// fits reports whether state and role are right, and in which capacity a would act.
func (r *rule) fits(c *Case, a Actor) (as Capacity, ok bool) {
	if !slices.Contains(r.from, c.Status) {
		return Capacity{}, false
	}
	if r.who == nil {
		return Capacity{}, true
	}
	return r.who(c, a)
}

// allows also asks for the further conditions, and says why not.
func (r *rule) allows(c *Case, a Actor, env Env) (Capacity, *apperr.Error) {
	as, ok := r.fits(c, a)
	switch {
	case !slices.Contains(r.from, c.Status):
		return Capacity{}, notNow("case.wrong_state", "%s现在是“%s”，不能“%s”。请刷新后按页面上的操作办理。", c.display(), c.Status.Label(), r.label)
	case !ok:
		return Capacity{}, notNow("case.not_yours", "“%s”不在您的职责范围内。请由有权限的人员操作。", r.label)
	}
	if r.ready != nil {
		if refusal := r.ready(ask{c: c, a: a, as: as, now: env.Now}); refusal != nil {
			return Capacity{}, refusal
		}
	}
	if r.targets != nil {
		on := r.targets(c, a)
		if len(on) == 0 {
			return Capacity{}, notNow("case.nothing_to_do", "%s现在没有您可以“%s”的事项。", c.display(), r.label)
		}
		as = on[0].as
	}
	return as, nil
}

func (c *Case) display() string {
	if c.Number == "" {
		return "该事项"
	}
	return "难事 " + c.Number + " "
}

func ruleOf(name Name) (*rule, bool) {
	r, ok := ruleByName[name]
	return r, ok
}

var ruleByName = map[Name]*rule{}

func init() { // the table refers to functions that refer to the table
	for i := range rules {
		ruleByName[rules[i].name] = &rules[i]
	}
}

// Names lists every command in the order of the table.
func Names() []Name {
	out := make([]Name, len(rules))
	for i := range rules {
		out[i] = rules[i].name
	}
	return out
}

// Label is the command in Chinese.
func (n Name) Label() string {
	if r, ok := ruleByName[n]; ok {
		return r.label
	}
	return string(n)
}

// none is the status of a case that does not exist yet.
const none = Status("")

var rules = []rule{
	{name: "report", label: "上报难事", from: []Status{none}, to: []Status{Reported}, who: first(anyone(Liaison), anyone(Community), anyone(DepartmentHead), anyone(Handler), anyone(Coordinator), bySystem)},
	{name: "register", label: "纳入项目库", from: []Status{none, Reported}, to: []Status{Registered}, who: first(byCentre, bySystem)},
	{name: "add_evidence", label: "补充识别依据", from: slices.Concat([]Status{Reported}, openStatuses), to: []Status{Registered}, who: bySystem},
	{name: "classify", label: "分类定格", from: openStatuses, who: centreOrCoordinator},
	{name: "assign", label: "指定人员", from: openStatuses, who: first(byHead, centreOrCoordinator)},
	{name: "reject", label: "不予入库", from: []Status{Reported, Registered}, to: []Status{Rejected}, who: centreOrCoordinator, ready: all(noneMergedIn, noOpenTasks, noOpenOrders)},
	{name: "attach", label: "并入工单", from: slices.Concat(openStatuses, []Status{Resolved}), who: first(centreOrCoordinator, bySystem)},
	{name: "update_ticket", label: "更新工单信息", from: slices.Concat([]Status{Reported}, openStatuses, []Status{Resolved, Closed, Rejected}), who: bySystem},
	{name: "detach", label: "移出工单", from: slices.Concat(openStatuses, []Status{Resolved}), who: centreOrCoordinator, ready: ticketToSpare},
	{name: "merge", label: "并案", from: openStatuses, to: []Status{Merged}, who: centreOrCoordinator},
	{name: "split", label: "拆出并案", from: []Status{Merged}, to: openStatuses, who: centreOrCoordinator},
	{name: "dispatch", label: "交办", from: []Status{Registered}, to: []Status{Dispatched}, who: centreOrCoordinator, ready: classified},
	{name: "claim", label: "认领", from: []Status{Registered, Convening}, to: []Status{Handling, Convening}, who: anyone(DepartmentHead)},
	{name: "take", label: "领题", from: openStatuses, who: first(anyone(PrincipalLeader), onGrid(PartySecretary)), ready: notTaken},
	{name: "open_at_ii", label: "提级启动Ⅱ级", from: []Status{Registered}, to: []Status{Convening}, who: first(centreOrCoordinator, onGrid(Liaison))},
	{name: "open_at_i", label: "启动Ⅰ级", from: []Status{Registered, Dispatched, Convening, Handling}, to: []Status{Convening}, who: first(centreOrCoordinator, onGrid(GridChief)), ready: belowTierI},
	{name: "accept", label: "接单", from: []Status{Dispatched}, to: []Status{Handling}, who: byLead},
	{name: "return", label: "退单", from: []Status{Dispatched}, to: []Status{Registered}, who: byLead},
	{name: "transfer", label: "转办", from: []Status{Dispatched, Handling}, to: []Status{Dispatched}, who: centreOrCoordinator, ready: atTierIII},
	{name: "coordinate", label: "协调处置", from: openStatuses, who: byDeputy, ready: atTierIII},
	{name: "contact", label: "先行联系", from: []Status{Handling}, who: byHandler},
	{name: "ask_support", label: "请求协办", from: []Status{Handling}, who: first(byLead, byConvener)},
	{name: "accept_task", label: "接受任务", from: openStatuses, targets: tasksToAccept},
	{name: "finish_task", label: "完成任务", from: openStatuses, targets: tasksToFinish},
	{name: "decline_task", label: "说明不能承担", from: openStatuses, targets: tasksToDecline},
	{name: "withdraw_task", label: "撤回任务", from: openStatuses, targets: tasksToWithdraw},
	{name: "progress", label: "记录进展", from: openStatuses, who: workingOn},
	{name: "convene", label: "会商部署", from: []Status{Convening}, to: []Status{Handling}, who: byConvener},
	{name: "amend", label: "调整部署", from: []Status{Handling}, who: byConvener, ready: aboveTierIII},
	{name: "submit", label: "提交办结", from: []Status{Handling}, to: []Status{Verifying}, who: first(byHandler, byHead, byTaskForceLeader), ready: noOpenTasks},
	{name: "ask_onsite", label: "请联络员现场核实", from: []Status{Verifying}, who: byCentre},
	{name: "verify_pass", label: "核查通过", from: []Status{Verifying}, to: []Status{Resolved}, who: byCentre, ready: noOpenTasks},
	{name: "verify_fail", label: "核查不通过", from: []Status{Verifying}, to: []Status{Handling, Convening}, who: byCentre},
	{name: "escalate", label: "升级响应", from: openStatuses, to: []Status{Convening}, who: byEscalator, ready: all(stageOpen, belowTierI)},
	{name: "rate", label: "评价", from: []Status{Resolved}, who: first(byRequester, bySystem), ready: mayRate, targets: ticketsToRate},
	{name: "confirm_dissatisfaction", label: "回访确认不满意", from: []Status{Resolved}, to: []Status{Convening}, who: centreOrCoordinator, ready: callbackPending},
	{name: "dismiss_dissatisfaction", label: "回访后维持办结", from: []Status{Resolved}, who: centreOrCoordinator, ready: callbackPending},
	{name: "strike_off", label: "销项", from: []Status{Resolved}, to: []Status{Closed}, who: first(anyone(PrincipalLeader), centreOrCoordinator), ready: all(noPendingCallback, ratingClosed, noOpenOrders)},
	{name: "carry_over", label: "结转续办", from: []Status{Resolved}, to: []Status{Dispatched, Convening}, who: first(anyone(PrincipalLeader), centreOrCoordinator)},
	{name: "hold_over", label: "挂账", from: openStatuses, who: anyone(PrincipalLeader), ready: overdueAtI},
	{name: "remind", label: "催办", from: openStatuses, who: byReminder, ready: notRemindedToday},
	{name: "supervise", label: "督办", from: openStatuses, who: anyone(Supervisor)},
	{name: "settle_content", label: "内容审核", from: settledFrom, who: bySystem},
	{name: "hand_over", label: "移交", from: handedOverFrom, who: bySystem},
	{name: "answer", label: "答复督办", from: slices.Concat(openStatuses, []Status{Resolved}), who: byLeadOrCentre, targets: ordersToAnswer},
}

// settledFrom is every state of a case: what was held can be settled after the end too.
var settledFrom = []Status{Reported, Registered, Dispatched, Convening, Handling, Verifying, Resolved, Closed, Rejected, Merged}

type who = func(c *Case, a Actor) (Capacity, bool)

func first(options ...who) who {
	return func(c *Case, a Actor) (Capacity, bool) {
		for _, w := range options {
			if as, ok := w(c, a); ok {
				return as, true
			}
		}
		return Capacity{}, false
	}
}

// anyone holding role for whichever unit.
func anyone(role Role) who {
	return func(_ *Case, a Actor) (Capacity, bool) { return a.as(role, anyUnit) }
}

func bySystem(_ *Case, a Actor) (Capacity, bool) {
	return Capacity{Role: System}, a.isSystem
}

func byCentre(_ *Case, a Actor) (Capacity, bool) { return a.as(Centre, "") }

// centreOrCoordinator: coordinators do on their cases what the centre does, except verify (domain §5).
func centreOrCoordinator(c *Case, a Actor) (Capacity, bool) {
	if as, ok := byCentre(c, a); ok {
		return as, true
	}
	if _, holds := a.as(Coordinator, anyUnit); holds {
		return a.is(c.CoordinatorID, Coordinator, "")
	}
	return Capacity{}, false
}

// onGrid holds role for the case's grid; the centre, or the coordinator in its place, acts where no grid is chosen yet.
func onGrid(role Role) who {
	return func(c *Case, a Actor) (Capacity, bool) {
		if c.GridID == "" {
			if role == PartySecretary {
				return Capacity{}, false // taking charge is personal: nobody steps in
			}
			return centreOrCoordinator(c, a)
		}
		return a.as(role, c.GridID)
	}
}

func byHead(c *Case, a Actor) (Capacity, bool) {
	if c.LeadDepartmentID == "" {
		return Capacity{}, false
	}
	return a.as(DepartmentHead, c.LeadDepartmentID)
}

// byHandler: the handler, or the head until one is assigned.
func byHandler(c *Case, a Actor) (Capacity, bool) {
	if c.HandlerID == "" {
		return byHead(c, a)
	}
	return a.is(c.HandlerID, Handler, c.LeadDepartmentID)
}

// byLead: the lead department's head or handler; before one is assigned, any of its handlers.
func byLead(c *Case, a Actor) (Capacity, bool) {
	if as, ok := byHead(c, a); ok {
		return as, true
	}
	if c.LeadDepartmentID == "" {
		return Capacity{}, false
	}
	if c.HandlerID == "" {
		return a.as(Handler, c.LeadDepartmentID)
	}
	return a.is(c.HandlerID, Handler, c.LeadDepartmentID)
}

func byLeadOrCentre(c *Case, a Actor) (Capacity, bool) {
	if c.LeadDepartmentID == "" {
		return centreOrCoordinator(c, a)
	}
	return byLead(c, a)
}

func byDeputy(c *Case, a Actor) (Capacity, bool) {
	if c.LeadDepartmentID == "" {
		return centreOrCoordinator(c, a)
	}
	return a.as(DeputyLeader, c.LeadDepartmentID)
}

// byConvener: the grid chief at tier II, the principal leader at tier I; the delegate each names acts through the
// organisation's delegations.
func byConvener(c *Case, a Actor) (Capacity, bool) {
	switch c.Tier {
	case TierI:
		return a.as(PrincipalLeader, "")
	case TierII:
		return onGrid(GridChief)(c, a)
	}
	return Capacity{}, false
}

func byTaskForceLeader(c *Case, a Actor) (Capacity, bool) {
	if c.TaskForce == nil {
		return Capacity{}, false
	}
	return a.has(c.TaskForce.Leader, c.TaskForce.LeaderWithin)
}

func byEscalator(c *Case, a Actor) (Capacity, bool) {
	if c.Tier == TierII {
		return onGrid(GridChief)(c, a)
	}
	return first(byDeputy, centreOrCoordinator, onGrid(Liaison))(c, a)
}

func byRequester(c *Case, a Actor) (Capacity, bool) {
	return Capacity{Role: Resident}, len(c.requestersOf(a)) > 0
}

// byReminder: leaders and the centre; a requester once a day (notRemindedToday).
func byReminder(c *Case, a Actor) (Capacity, bool) {
	return first(centreOrCoordinator, anyone(PrincipalLeader), anyone(LeadingGroup), byDeputy, onGrid(GridChief), onGrid(PartySecretary), byRequester)(c, a)
}

// workingOn: whoever has a part in the case.
func workingOn(c *Case, a Actor) (Capacity, bool) {
	if as, ok := first(byLead, byHandler, byTaskForceLeader, centreOrCoordinator, byDeputy, byConvener, onGrid(Liaison), onGrid(GridChief))(c, a); ok {
		return as, true
	}
	for _, id := range sortedKeys(c.Sponsors) {
		if as, ok := a.is(id, c.Sponsors[id].Role, c.Sponsors[id].Unit); ok {
			return as, true
		}
	}
	if tasks := tasksToFinish(c, a); len(tasks) > 0 {
		return tasks[0].as, true
	}
	return Capacity{}, false
}

// ask is a command asked for: on which case, by whom, in which capacity, when.
type ask struct {
	c   *Case
	a   Actor
	as  Capacity
	now time.Time
}

type condition = func(q ask) *apperr.Error

func all(conditions ...condition) condition {
	return func(q ask) *apperr.Error {
		for _, f := range conditions {
			if refusal := f(q); refusal != nil {
				return refusal
			}
		}
		return nil
	}
}

func runningTier(c *Case) Tier {
	if s, ok := c.Stage(); ok {
		return s.Tier
	}
	return ""
}

func atTierIII(q ask) *apperr.Error {
	if t := runningTier(q.c); t != TierIII {
		return notNow("case.tier", "只有Ⅲ级响应中的事项可以这样办理，本事项现为%s。", q.c.Tier.Label())
	}
	return nil
}

func aboveTierIII(q ask) *apperr.Error {
	if t := runningTier(q.c); t != TierII && t != TierI {
		return notNow("case.tier", "只有Ⅱ级、Ⅰ级响应中的事项可以这样办理。")
	}
	return nil
}

func belowTierI(q ask) *apperr.Error {
	if runningTier(q.c) == TierI {
		return notNow("case.tier", "本事项已在Ⅰ级响应中。")
	}
	return nil
}

func stageOpen(q ask) *apperr.Error {
	if _, ok := q.c.Stage(); !ok {
		return notNow("case.tier", "本事项尚未启动响应，请先交办或提级启动。")
	}
	return nil
}

func classified(q ask) *apperr.Error {
	if c := q.c; c.Domain == "" || c.Scope == "" || c.Reach == "" || c.GridID == "" {
		return notNow("case.not_classified", "请先完成分类并选定综合网格，再交办。")
	}
	return nil
}

// ticketToSpare: a case that came from tickets keeps its last one; one that people reported can be without.
func ticketToSpare(q ask) *apperr.Error {
	manual := slices.ContainsFunc(q.c.Triggers, func(t Trigger) bool { return t.Kind == ByManual })
	switch n := len(q.c.Tickets); {
	case n == 0:
		return notNow("case.no_ticket", "本事项没有工单可以移出。")
	case n == 1 && !manual:
		return notNow("case.last_ticket", "这是本事项唯一的工单，不能移出；如不应入库请用“不予入库”。")
	}
	return nil
}

// noOpenTasks keeps an end from silently cancelling what others were asked to do.
func noOpenTasks(q ask) *apperr.Error {
	if n := len(q.c.OpenTasks()); n > 0 {
		return notNow("case.open_tasks", "还有 %d 项任务没有结束，请先完成或撤回。", n)
	}
	return nil
}

// noneMergedIn keeps the cases merged into this one from being stranded in it: split would no longer be possible.
func noneMergedIn(q ask) *apperr.Error {
	if n := len(q.c.Absorbed); n > 0 {
		return notNow("case.merged_in", "有 %d 件难事并入了本事项，请先拆出，再作“不予入库”。", n)
	}
	return nil
}

func callbackPending(q ask) *apperr.Error {
	if len(q.c.PendingRatings()) == 0 {
		return notNow("case.no_callback", "没有等待回访的不满意评价。")
	}
	return nil
}

func noPendingCallback(q ask) *apperr.Error {
	if len(q.c.PendingRatings()) > 0 {
		return notNow("case.callback_open", "有不满意评价等待回访，请先回访确认。")
	}
	return nil
}

func ratingClosed(q ask) *apperr.Error {
	if k, ok := q.c.Clocks[clockRating]; ok && k.DueAt.After(q.now) {
		return notNow("case.rating_open", "评价期到 %s 才结束，之后才能销项。", chineseTime(k.DueAt))
	}
	return nil
}

// mayRate: within the window, once in each round; the hotline's answers come when they come.
func mayRate(q ask) *apperr.Error {
	if q.a.isSystem {
		return nil
	}
	if k, open := q.c.Clocks[clockRating]; !open || !k.DueAt.After(q.now) {
		return notNow("case.rating_closed", "评价期已结束。如问题仍未解决，请重新反映，系统会与原事项关联。")
	}
	if len(ticketsToRate(q.c, q.a)) == 0 {
		return alreadyRated()
	}
	return nil
}

func alreadyRated() *apperr.Error {
	return notNow("case.rated", "您已经评价过了，每轮办理只评价一次。")
}

// ticketsToRate lists the actor's tickets without an answer in this round; the system may answer for each.
func ticketsToRate(c *Case, a Actor) []target {
	var out []target
	for _, id := range sortedKeys(c.Tickets) {
		t := c.Tickets[id]
		_, rated := c.Ratings[ratingKey(c.Round, t)]
		switch {
		case a.isSystem:
			out = append(out, target{id: id, as: Capacity{Role: System}})
		case a.owns(t.Requester) && !rated:
			out = append(out, target{id: id, as: Capacity{Role: Resident}})
		}
	}
	return out
}

// notRemindedToday holds requesters to one reminder a day (Asia/Shanghai).
func notRemindedToday(q ask) *apperr.Error {
	if q.as.Role != Resident {
		return nil
	}
	if q.c.RemindedToday(q.a, q.now) {
		return notNow("case.reminded_today", "今天已经催办过了，部门已收到；明天可以再催。")
	}
	return nil
}

// noOpenOrders keeps an order from ending without an answer.
func noOpenOrders(q ask) *apperr.Error {
	if n := len(q.c.OpenOrders()); n > 0 {
		return notNow("case.open_orders", "还有 %d 件督办没有答复，请先答复。", n)
	}
	return nil
}

func notTaken(q ask) *apperr.Error {
	if _, taken := q.c.Sponsors[cmp.Or(q.as.For, q.a.PersonID)]; taken {
		return notNow("case.taken", "您已经领题，名字写在这件难事上。")
	}
	return nil
}

func overdueAtI(q ask) *apperr.Error {
	if !q.c.Overdue() {
		return notNow("case.not_overdue", "只有Ⅰ级响应超期的事项可以挂账。")
	}
	return nil
}

// addressed gives the capacity in which a may act on task t.
func addressed(t Task, a Actor) (Capacity, bool) {
	role, unit := t.Addressee.split()
	switch role {
	case "person":
		return a.has(unit, t.Within)
	case DepartmentHead:
		if as, ok := a.as(DepartmentHead, unit); ok {
			return as, true
		}
		return a.as(Handler, unit)
	}
	return a.as(role, unit)
}

// openTasks lists the open tasks that want keeps and on which may gives a capacity.
func openTasks(c *Case, want func(t Task) bool, may func(t Task) (Capacity, bool)) []target {
	var out []target
	for _, id := range c.OpenTasks() {
		t := c.Tasks[id]
		if !want(t) {
			continue
		}
		if as, ok := may(t); ok {
			out = append(out, target{id: id, as: as})
		}
	}
	return out
}

func tasksToAccept(c *Case, a Actor) []target {
	return openTasks(c, func(t Task) bool { return t.Status == TaskGiven }, func(t Task) (Capacity, bool) { return addressed(t, a) })
}

func tasksToFinish(c *Case, a Actor) []target {
	return openTasks(c, func(Task) bool { return true }, func(t Task) (Capacity, bool) { return addressed(t, a) })
}

// tasksToDecline: a member's duty cannot be declined. Having acknowledged a task is no promise to do it.
func tasksToDecline(c *Case, a Actor) []target {
	return openTasks(c, func(t Task) bool { return t.Kind != TaskDuty }, func(t Task) (Capacity, bool) { return addressed(t, a) })
}

// tasksToWithdraw: who asked, the current lead, the convener, the centre.
func tasksToWithdraw(c *Case, a Actor) []target {
	as, everyTask := first(byLead, byConvener, centreOrCoordinator)(c, a)
	return openTasks(c, func(Task) bool { return true }, func(t Task) (Capacity, bool) {
		if asked, ok := a.is(t.AskedBy, t.AskedAs.Role, t.AskedAs.Unit); ok {
			return asked, true
		}
		return as, everyTask
	})
}

func ordersToAnswer(c *Case, a Actor) []target {
	as, ok := byLeadOrCentre(c, a)
	if !ok {
		return nil
	}
	var out []target
	for _, id := range c.OpenOrders() {
		out = append(out, target{id: id, as: as})
	}
	return out
}
