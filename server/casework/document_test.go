package casework

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The prose of docs/state-machine.md. What can be computed from the rules is computed in matrix_test.go; this is the rest,
// held to the code by tests: every state, event, clock and notice has its row, and no notice goes to anybody whom its
// row does not name.

// The short Chinese words that the scenarios and the document use. What people read is written in package workflow.
var noticeLabels = map[NoticeKind]string{
	NoticeReported: "新上报", NoticeRegistered: "已入库", NoticeRejected: "不予入库", NoticeMerged: "已并案", NoticeSplit: "已拆出",
	NoticeDispatched: "新交办", NoticeReturned: "被退单", NoticeReminded: "催办", NoticeAcceptDue: "待接单提醒",
	NoticeUnaccepted: "逾期未接单", NoticeAccepted: "已受理", NoticeContactDue: "先行联系逾期", NoticeDeadlineNear: "即将到期",
	NoticeEscalated: "已升级", NoticeConvening: "待会商", NoticeOffered: "有部门认领", NoticeConvened: "会商部署",
	NoticeTaskGiven: "新任务", NoticeTaskEnded: "任务已结束", NoticeTaskWaiting: "任务待办", NoticeProgress: "最新进展",
	NoticeSubmitted: "待核查", NoticeHeld: "核查限时", NoticeFailed: "核查不通过", NoticeResolved: "已办结",
	NoticeRated: "评价不满意", NoticeCallbackMissing: "逾期未回访", NoticeReopened: "重新办理", NoticeCarriedOver: "结转续办",
	NoticeOverdue: "已超期", NoticeHeldOver: "挂账", NoticeSupervised: "督办", NoticeAnswered: "督办已答复",
	NoticeOrderLate: "督办逾期", NoticeIdle: "逾期未处理", NoticeHearingMissed: "未按月汇报", NoticeCoordinated: "领导批示",
	NoticeAssigned: "指定承办", NoticeHandedOver: "移交", NoticeContentWaiting: "内容待审", NoticeContentLate: "内容超时未审", NoticeContentRefused: "内容未通过", NoticeTicketReported: "居民自报", NoticeTicketAnswered: "工单已答复", NoticeFactsAdded: "诉求人补充情况", NoticeQuotaReserved: "消息额度将尽", NoticeReportDue: "专报到期", NoticeHearingDue: "专题汇报到期", NoticeCalendarMissing: "缺少下一年放假安排",
}

func TestEveryNoticeIsListed(t *testing.T) {
	if d := cmp.Diff(slices.Sorted(maps.Keys(noticeLabels)), slices.Sorted(slices.Values(NoticeKinds))); d != "" {
		t.Error(d)
	}
}

var eventLabels = map[EventKind]string{
	EventEscalated: "自动升级", EventOverdue: "Ⅰ级超期", EventHeld: "等待核查", EventWarned: "到期预警", EventChased: "自动提醒",
	EventUnaccepted: "逾期未接单", EventRecalculated: "期限重算", EventRatingClosed: "评价期结束", EventReopened: "重新办理",
	EventMergedIn: "并入难事", EventSplitOff: "拆出难事",
}

func eventLabel(k EventKind) string {
	if label, ok := eventLabels[k]; ok {
		return label
	}
	return Name(k).Label()
}

const intro = `<!-- Written by the tests of server/casework from the rules themselves. Do not edit; run
     go test ./server/casework -run StateMachine -update -->

# The state machine of a hard case (难事)

Package ` + "`casework`" + ` decides everything that happens to a case: who may do what in which state, what falls due by itself and
who is told. This document shows those rules as they are in force; ` + "`server/casework/testdata/*.txt`" + ` plays them through in Chinese,
one story after another.

A case is dispatched to a department at tier III (Ⅲ级), or begins with a consultation at tier II or I (Ⅱ级、Ⅰ级). Each stay in one tier is a
stage with a deadline that nothing starts again: not a transfer, a return, a failed verification, a merge or a split. A stage that runs
out opens the next tier by itself. A dissatisfied requester or the monthly hearing can open a new round.

`

var stateRows = map[Status][2]string{
	Reported:   {"the centre", "`idle`, then the supervisor is told daily"},
	Registered: {"the centre", "`idle` without a stage, else the stage's deadline"},
	Dispatched: {"the lead's head or handler", "`accept`, and the stage's deadline"},
	Convening:  {"the convener: grid chief at II, principal leader at I", "the stage's deadline"},
	Handling:   {"the handler, or the head until one is assigned", "the stage's deadline"},
	Verifying:  {"the centre", "the stage's deadline, then `hold`"},
	Resolved:   {"requesters' ratings, the call-back, the monthly hearing", "`rating`, `callback`, `hearing`"},
	Closed:     {"nobody: final", "–"},
	Rejected:   {"nobody: final", "–"},
	Merged:     {"nobody: its target goes on; split brings it back while that is open", "–"},
}

const transitionsIntro = `“Open” is registered, dispatched, convening, handling, verifying. A command that is not in this table for the state, or not this
person's, is refused with the list of what is possible now; what had fallen due before it is applied all the same.

`

const transitionsNotes = `- ` + "`dispatch`" + ` needs the classification and a grid. It and ` + "`claim`" + ` open tier III unless it runs already.
- ` + "`add_evidence`" + ` registers a reported case when its trigger does; an open one stays as it is.
- ` + "`update_ticket`" + ` changes what the case keeps of a ticket when its source corrects who asks or when it was accepted, also after the end.
- ` + "`claim`" + ` while convening is an offer to lead; the state stays and the convener decides.
- ` + "`transfer` and `coordinate`" + ` belong to tier III, ` + "`amend`" + ` to II and I; ` + "`escalate`" + ` needs an open stage below I, ` + "`open_at_i`" + ` any case not at I.
- ` + "`settle_content`" + ` ends a review of what a resident wrote or brought: it is shown from now on, or stays unseen; also after the end.
- ` + "`hand_over`" + ` follows when somebody left or moved: what no post of theirs stands behind goes to the head, the grid's chief, the centre.
- ` + "`submit` and `verify_pass`" + ` need every task ended, ` + "`reject`" + ` every task and order.
- ` + "`verify_fail`" + ` leads to handling; to convening when the next stage opened meanwhile or opens now.
- ` + "`confirm_dissatisfaction`" + ` opens a round one tier up, ` + "`carry_over`" + ` one at the same tier: at III that is dispatched to the old lead.
- ` + "`strike_off`" + ` waits for the rating window, every call-back and every order.
- ` + "`merge`" + ` goes into the case of the higher tier, then of the earlier deadline; tickets, tasks, orders and offers go with it and return with ` + "`split`" + `.
`

var mechanismRows = []struct {
	kind     EventKind
	when, to string
}{
	{EventEscalated, "a deadline passes; the Nth distinct department does not accept; a held result is not verified in time; a result fails between deadline and hold's end; a deadline passed while the case was merged", "`convening` one tier up; stays `verifying` after the centre's delay"},
	{EventOverdue, "tier I passes its deadline, or its hold", "unchanged, counted overdue; an order is made"},
	{EventHeld, "a deadline passes while a result submitted in time waits for verification", "unchanged"},
	{EventWarned, "half of the stage, one working day and two working hours before its deadline", "unchanged"},
	{EventChased, "a reminder falls due: acceptance, contact, task, order, idle case, call-back, hearing, overdue", "unchanged"},
	{EventUnaccepted, "a department has not accepted for a working day: a hop", "unchanged, or escalated"},
	{EventRecalculated, "the calendar changed and a clock with it", "unchanged; never to before now"},
	{EventRatingClosed, "the rating window ends", "unchanged"},
	{EventReopened, "nobody called back in time: the system confirms, once per case", "`convening`, a new round"},
	{EventMergedIn, "another case is merged into this one", "unchanged"},
	{EventSplitOff, "a merged case is taken out again", "unchanged"},
}

const matrixIntro = `One case stands for each state; each column is one person with that role for the case's own lead department, grid or community, or with
that assignment. A delegate (AB角) and whoever acts for a vacant post may do the same. Columns and commands without an entry are left out.
A role for another unit may do nothing, except that any department head may claim. The three administrators may do nothing and see nothing.

`

const clocksIntro = `The earliest clock of a case is its next due instant, by which the sweeper finds it. Numbers are those of the default policy. “Working days”
end at the close of work of the Nth working day; “working hours” count office time; “each working day” is at the opening of work.

`

func clockRows(p Policy) [][4]string {
	days := func(n int) string { return plural(n, "working day") }
	hours := func(n int) string { return plural(n, "working hour") }
	return [][4]string{
		{clockIdle, "reported; registered without a stage", days(p.IdleDays), "supervisor and centre are told, then each working day"},
		{clockStage, "a stage opens", fmt.Sprintf("%d (III), %d (II), %s (I)", p.TierDays.III, p.TierDays.II, days(p.TierDays.I)), "next tier; overdue at I; `hold` while a result submitted in time is verified"},
		{clockHalf, "a stage opens", "half of its working time", "a warning"},
		{clockDay, "a stage opens", "the close of work one working day before the deadline", "a warning"},
		{clockHours, "a stage opens", hours(p.WarnHours) + " before the deadline", "a warning"},
		{clockHold, "the deadline passes while verifying", days(p.HoldDays) + " after the deadline", "next tier, overdue at I: the centre's delay; the case stays verifying"},
		{clockRemind, "dispatch, transfer, a new round at III", hours(p.AcceptRemindHours), "head and handler are told"},
		{clockAccept, "dispatch, transfer, a new round at III", days(p.AcceptDays), "a hop; the deputy leader is told"},
		{clockContact, "first handling in the round, once", days(p.ContactDays), "handler, head and deputy leader are told"},
		{clockTaskAck + "…", "a task is given", hours(p.TaskAckHours), "addressee and asker are told, then each working day"},
		{clockTaskDue + "…", "a task is given", "its due", "addressee and asker are told, then each working day"},
		{clockOrder + "…", "a supervision order", "its due", "supervisor and lead are told, then each working day"},
		{clockOverdue, "tier I overdue", fmt.Sprintf("each working day; after a hold-over every %s until its target", days(p.HeldOverDays)), "the principal leader is told"},
		{clockHoldOver, "a hold-over", "the close of its target date", "the principal leader is told, daily again"},
		{clockRating, "resolved", days(p.RatingDays), "the window closes"},
		{clockCallback, "a dissatisfied rating", days(p.CallbackDays), "the system confirms, once per case; after that the supervisor is told, then each working day"},
		{clockHearing, "resolved", fmt.Sprintf("the hearing by the %dth that follows the rating window; on a rest day the working day before", p.HearingDay), "the supervisor is told, then at each hearing missed"},
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

const noticesIntro = `Notices go to posts, to persons and to tickets' requesters; the organisation resolves them to people, delegates included. They carry ids, codes and
instants, never free text. An escalation goes out to the office at once, day or night. A requester with several tickets is told once.

`

type noticeRow struct {
	kind     NoticeKind
	when, to string
	// forms are the kinds of address it may have.
	forms string
}

var noticeRows = []noticeRow{
	{NoticeReported, "reported", "centre", "centre"},
	{NoticeRegistered, "registered", "who reported it", "person"},
	{NoticeRejected, "rejected", "who reported it", "person"},
	{NoticeMerged, "merged", "who reported it, its head and handler; the requesters that moved", "person department_head requester"},
	{NoticeSplit, "split off again", "head, handler, whoever it waits for", "person department_head grid_chief principal_leader centre"},
	{NoticeDispatched, "dispatched, transferred, claimed, a new round at III", "head, handler, deputy leader; after a transfer also the old head and handler", "person department_head deputy_leader"},
	{NoticeReturned, "returned", "centre", "centre"},
	{NoticeReminded, "a reminder", "head, handler, whoever it waits for", "person department_head grid_chief principal_leader centre"},
	{NoticeAcceptDue, "not accepted yet", "head, handler", "person department_head"},
	{NoticeUnaccepted, "left unaccepted", "deputy leader, head", "deputy_leader department_head"},
	{NoticeAccepted, "accepted, claimed", "requesters, with the promised date", "requester"},
	{NoticeContactDue, "no first contact", "handler, head, deputy leader; the centre while there is no lead", "person department_head deputy_leader centre"},
	{NoticeDeadlineNear, "a deadline is near", "handler, head, deputy leader; the convener at II and I; whoever it waits for", "person department_head deputy_leader grid_chief principal_leader centre"},
	{NoticeEscalated, "escalated by anybody, opened at II or I", "lead, convener, deputy leader, centre, liaison; requesters, with the new date", "person department_head deputy_leader grid_chief principal_leader centre liaison requester"},
	{NoticeConvening, "convening by any path; the grid changed while convening", "convener", "grid_chief principal_leader centre"},
	{NoticeOffered, "an offer to lead", "convener", "grid_chief principal_leader centre"},
	{NoticeConvened, "convened, amended", "members, head, handler; after a change the old ones too", "person department_head"},
	{NoticeTaskGiven, "a task is given, or falls to somebody else", "its addressee", "person department_head community liaison grid_chief principal_leader supervisor centre"},
	{NoticeTaskEnded, "a task ends", "who asked, or the post they asked from; the addressee of one withdrawn", "person department_head deputy_leader community liaison grid_chief principal_leader supervisor centre"},
	{NoticeTaskWaiting, "a task is not acknowledged, or past its due", "addressee and asker", "person department_head deputy_leader community liaison grid_chief principal_leader supervisor centre"},
	{NoticeProgress, "public progress", "requesters", "requester"},
	{NoticeSubmitted, "submitted", "centre, liaison", "centre liaison"},
	{NoticeHeld, "the deadline passed while verifying", "centre", "centre"},
	{NoticeFailed, "verification failed", "handler, head", "person department_head"},
	{NoticeResolved, "resolved", "requesters, with the end of the rating window", "requester"},
	{NoticeRated, "rated 不满意", "centre", "centre"},
	{NoticeCallbackMissing, "nobody called back", "centre; the supervisor from the second time on", "centre supervisor"},
	{NoticeReopened, "a dissatisfaction is confirmed", "head, handler, deputy leader; requesters (also after a carry-over)", "person department_head deputy_leader requester"},
	{NoticeCarriedOver, "carried over", "head, handler, deputy leader", "person department_head deputy_leader"},
	{NoticeOverdue, "tier I overdue", "principal leader, supervisor, lead, deputy leader, requesters; the principal leader again and again", "principal_leader supervisor person department_head deputy_leader requester centre"},
	{NoticeHeldOver, "held over", "lead, deputy leader, supervisor", "person department_head deputy_leader supervisor centre"},
	{NoticeSupervised, "an order, also the one that tier I overdue makes", "lead, deputy leader, supervisor; the centre while there is no lead", "person department_head deputy_leader supervisor centre"},
	{NoticeAnswered, "an order answered", "supervisor", "supervisor"},
	{NoticeOrderLate, "an order past its due", "supervisor, lead", "supervisor department_head centre"},
	{NoticeIdle, "reported or registered and left", "supervisor, centre", "supervisor centre"},
	{NoticeHearingMissed, "a resolved case missed its hearing", "supervisor", "supervisor"},
	{NoticeCoordinated, "a deputy leader's word, a leader takes charge", "head, handler, deputy leader", "person department_head deputy_leader centre"},
	{NoticeAssigned, "a handler or coordinator is named", "that person", "person"},
	{NoticeContentWaiting, "a person must look at a resident's words or picture before others see it", "the centre", "centre"},
	{NoticeContentLate, "nobody has within the policy's days; again each working day", "supervisor, centre", "supervisor centre"},
	{NoticeContentRefused, "it was not passed", "who brought it", "requester"},
	{NoticeTicketReported, "a resident has reported a new matter in the mini-program: a ticket", "the centre", "centre"},
	{NoticeTicketAnswered, "the centre has answered a resident's ticket that is no case", "the requester", "requester"},
	{NoticeFactsAdded, "a requester has added facts to their ticket of an open case, or to one of their own that is in none", "handler, head; the centre while there is no lead, or no case", "person department_head centre"},
	{NoticeQuotaReserved, "most of today's messages of the official account or the mini-program are used: once a day", "the centre", "centre"},
	{NoticeHandedOver, "somebody who had a part left or moved", "to whom it falls; the head; of a task force's leader also the convener", "department_head deputy_leader grid_chief liaison community principal_leader supervisor centre"},
	{NoticeReportDue, "the monthly report is due: two days before and on the day, on a rest day the working day before", "centre", "centre"},
	{NoticeHearingDue, "the monthly hearing is due: likewise", "principal leader", "principal_leader"},
	{NoticeCalendarMissing, "next year's working days are not loaded: weekly from 1 November", "centre", "centre"},
}

// mayHear reports whether the document says that the notice goes to such an address.
func mayHear(kind NoticeKind, to Addressee) bool {
	role, _ := to.split()
	for _, row := range noticeRows {
		if row.kind == kind {
			for _, form := range strings.Fields(row.forms) {
				if form == string(role) {
					return true
				}
			}
		}
	}
	return false
}
