package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/workday"
)

// dateTime writes an instant as people in the office read it.
func dateTime(t time.Time) string {
	t = t.In(shanghai)
	return fmt.Sprintf("%d月%d日 %02d:%02d", t.Month(), t.Day(), t.Hour(), t.Minute())
}

// text says how much working time remains, and the date.
func (c *ClockView) text(now time.Time) string {
	at := dateTime(c.DueAt)
	if c.DueAt.In(shanghai).Year() != now.In(shanghai).Year() {
		at = fmt.Sprintf("%d年%s", c.DueAt.In(shanghai).Year(), at)
	}
	if c.Provisional {
		at = "暂定 " + at
	}
	switch {
	case c.Overdue && c.WorkingDays < 0:
		return fmt.Sprintf("已超期 %d 个工作日（应于 %s 前）", -c.WorkingDays, at)
	case c.Overdue:
		return fmt.Sprintf("已超期（应于 %s 前）", at)
	case c.WorkingDays >= 1:
		return fmt.Sprintf("还有 %d 个工作日（%s 前）", c.WorkingDays, at)
	case c.WorkingMinutes >= 60:
		return fmt.Sprintf("今天到期，还有 %d 小时 %d 分工作时间（%s 前）", c.WorkingMinutes/60, c.WorkingMinutes%60, at)
	}
	return fmt.Sprintf("今天到期，还有 %d 分钟工作时间（%s 前）", max(c.WorkingMinutes, 0), at)
}

// addressee names a post or person for people.
func (k *Knowledge) addressee(a casework.Addressee) string {
	role, unit, _ := strings.Cut(string(a), ":")
	o := k.Organisation
	switch casework.Role(role) {
	case "person":
		return o.PersonName(unit)
	case "requester":
		return "诉求人"
	case casework.Community:
		return o.CommunityName(unit)
	}
	return o.DescribePost(organisation.Post{Role: casework.Role(role), Unit: unit})
}

// post names a post with the people who get what is given to it at an instant.
func (k *Knowledge) post(a casework.Addressee, at time.Time) string {
	var names []string
	for _, r := range k.Organisation.Recipients(a, at) {
		names = append(names, k.Organisation.PersonName(r.PersonID))
	}
	return k.addressee(a) + "：" + strings.Join(names, "、")
}

// who names an event's actor: the person, the post, and for whom. Requesters read the post alone.
func (k *Knowledge) who(ev casework.Event, resident bool) string {
	if ev.As.Role == casework.System {
		return "系统"
	}
	post := ev.As.Role.Label()
	if ev.As.Unit != "" {
		post = k.addressee(casework.ToPost(ev.As.Role, ev.As.Unit))
	}
	if resident {
		if ev.As.Role == casework.Resident {
			return "诉求人"
		}
		if ev.As.Role == casework.Handler || ev.As.Role == casework.DepartmentHead {
			return k.Organisation.DepartmentName(ev.As.Unit)
		}
		return ev.As.Role.Label()
	}
	text := ev.ActorName
	if post != "" {
		text += "（" + post + "）"
	}
	if ev.As.For != "" {
		text += "代" + k.Organisation.PersonName(ev.As.For)
	}
	if ev.As.Vacant {
		text += "代行空缺岗位"
	}
	return text
}

// eventData is the union of what events carry, for telling them in words.
type eventData struct {
	Reason                string   `json:"reason"`
	Text                  string   `json:"text"`
	Opinion               string   `json:"opinion"`
	Finding               string   `json:"finding"`
	Result                string   `json:"result"`
	Decision              string   `json:"decision"`
	Record                string   `json:"record"`
	Minutes               string   `json:"minutes"`
	Plan                  string   `json:"plan"`
	Said                  string   `json:"said"`
	Task                  string   `json:"task"`
	TaskID                string   `json:"task_id"`
	Question              string   `json:"question"`
	Answer                string   `json:"answer"`
	Words                 string   `json:"words"`
	DutyItem              string   `json:"duty_item"`
	LeadDepartmentID      string   `json:"lead_department_id"`
	DepartmentID          string   `json:"department_id"`
	SuggestedDepartmentID string   `json:"suggested_department_id"`
	CommunityID           string   `json:"community_id"`
	GridID                string   `json:"grid_id"`
	HandlerID             string   `json:"handler_id"`
	CoordinatorID         string   `json:"coordinator_id"`
	Number                string   `json:"number"`
	Cause                 string   `json:"cause"`
	From                  string   `json:"from"`
	To                    string   `json:"to"`
	Clock                 string   `json:"clock"`
	Old                   string   `json:"old"`
	New                   string   `json:"new"`
	Rating                string   `json:"rating"`
	TargetOn              string   `json:"target_on"`
	Members               []any    `json:"members"`
	Note                  string   `json:"note"`
	Trigger               *trigger `json:"trigger"`
	PersonID              string   `json:"person_id"`
	Left                  bool     `json:"left"`
	Held                  string   `json:"held"`
	Passed                bool     `json:"passed"`
	Reached               bool     `json:"reached"`

	Parts []casework.Part `json:"parts"`
}

type trigger struct {
	Summary string `json:"summary"`
}

var causeWords = map[string]string{
	"deadline": "到期未办结", "hops": "多个部门未接单", "centre_delay": "到期前已提交，核查未按时完成", "failed_after_due": "到期后核查不通过",
	"split_after_due": "并案期间已到期", "escalate": "主动升级",
}

// heldText stands for words that nobody has looked at yet.
func heldText(held string) string {
	if held == "" {
		return ""
	}
	return "（文字待审核）"
}

var ratingWords = map[string]string{"satisfied": "满意", "mostly": "基本满意", "dissatisfied": "不满意"}

func tierText(t string) string { return casework.Tier(t).Label() }

// eventText tells an event in one Chinese sentence; requesters get plain words without internal reasons. tasks are the case's, where it is
// at hand: what a task is about stands with what became of it.
func (k *Knowledge) eventText(ev casework.Event, resident bool, tasks map[string]casework.Task) string {
	var d eventData
	if len(ev.Data) > 0 {
		_ = json.Unmarshal(ev.Data, &d) // fields of other shapes stay empty: the label still tells what happened
	}
	if resident {
		return residentText(ev, d)
	}
	o := k.Organisation
	label := casework.Name(ev.Kind).Label()
	said := first(d.Text, d.Opinion, d.Finding, d.Result, d.Decision, d.Record, d.Said, d.Answer, d.Minutes)
	switch ev.Kind {
	case "dispatch", "transfer":
		return join(label+"给"+o.DepartmentName(d.LeadDepartmentID), first(d.Reason, d.Note))
	case "accept", "claim":
		text := label
		if d.HandlerID != "" {
			text += "，由" + o.PersonName(d.HandlerID) + "承办"
		}
		return text
	case "return":
		return join(label, d.Reason, "依据："+d.DutyItem, "建议由"+o.DepartmentName(d.SuggestedDepartmentID)+"承办")
	case "assign":
		return join(label, o.PersonName(first(d.HandlerID, d.CoordinatorID)))
	case "classify":
		return join(label, o.GridName(d.GridID))
	case "contact":
		how := "（没有联系上）"
		if d.Reached {
			how = "（联系上了）"
		}
		return join(label+how, d.Said)
	case "add_evidence":
		if d.Trigger != nil {
			return join("新增依据", d.Trigger.Summary)
		}
	case "ask_support":
		to := first(o.DepartmentName(d.DepartmentID), o.CommunityName(d.CommunityID), o.GridName(d.GridID))
		return join("请"+to+"协办", d.Task)
	case "ask_onsite":
		return join(label, d.Question)
	case "accept_task", "finish_task", "decline_task", "withdraw_task":
		return join(label, tasks[d.TaskID].Text, first(d.Result, d.Reason))
	case "convene", "amend":
		return join(label, d.Minutes, d.Reason, nonEmpty("方案：", d.Plan))
	case "hand_over":
		why := "岗位变动"
		if d.Left {
			why = "离岗"
		}
		var parts []string
		for _, p := range d.Parts {
			parts = append(parts, k.partText(p))
		}
		return join(label+"："+o.PersonName(d.PersonID)+why, parts...)
	case "rate":
		return join("评价："+ratingWords[d.Rating]+heldText(d.Held), d.Words)
	case "remind":
		return join(label, d.Text, heldText(d.Held))
	case "settle_content":
		if d.Passed {
			return join("诉求人提交的内容通过审核", d.Text)
		}
		return "诉求人提交的内容未通过审核，不予展示"
	case "merge":
		return join("并入难事 "+d.Number, d.Reason)
	case "split":
		return join("从难事 "+d.Number+" 拆出", d.Reason)
	case casework.EventMergedIn:
		return join("难事 "+d.Number+" 并入本件", d.Reason)
	case casework.EventSplitOff:
		return join("难事 "+d.Number+" 拆出", d.Reason)
	case "hold_over":
		return join("挂账至 "+d.TargetOn, d.Reason)
	case casework.EventEscalated:
		return "自动升级为" + tierText(d.To) + "响应：" + causeWords[d.Cause]
	case casework.EventOverdue:
		return "Ⅰ级响应超期：" + causeWords[d.Cause]
	case casework.EventHeld:
		return "期限已到；结果已在期限内提交，暂缓升级，等待核查"
	case casework.EventWarned:
		return "期限临近提醒"
	case casework.EventChased:
		return "催促：" + clockText(d.Clock)
	case casework.EventUnaccepted:
		return "逾期未接单，计一次"
	case casework.EventRecalculated:
		if d.Old == "" {
			return "放假安排变化，提醒时间重新计算"
		}
		return fmt.Sprintf("放假安排变化，%s由 %s 改为 %s", clockText(d.Clock), rfcText(d.Old), rfcText(d.New))
	case casework.EventRatingClosed:
		return "评价期结束"
	case casework.EventReopened:
		return "逾期未回访，系统确认不满意，重新办理"
	}
	return join(label, said, d.Reason)
}

// partText says what somebody had and to whom it falls.
func (k *Knowledge) partText(p casework.Part) string {
	text := p.Kind.Label()
	switch {
	case p.Kind == casework.PartOffer:
		text += "（" + k.Organisation.DepartmentName(p.Ref) + "）"
	case p.Ref != "":
		text += " " + p.Ref
	}
	if p.To == "" {
		return text + "到此为止"
	}
	return text + "由" + k.addressee(p.To) + "接手"
}

func residentText(ev casework.Event, d eventData) string {
	switch ev.Kind {
	case "register", "add_evidence":
		return "已列入街道重点办理"
	case "dispatch":
		return "已交给负责的部门"
	case "accept", "claim":
		return "部门已接单办理"
	case "progress":
		return "进展：" + d.Text
	case "escalate", "open_at_ii", "open_at_i":
		return "提高一级办理，由更高一级负责人协调"
	case casework.EventEscalated:
		if d.Cause == string(casework.CauseHops) {
			return "没有部门接单，已提高一级办理，由更高一级负责人协调"
		}
		return "没有在承诺的时间内办好，已提高一级办理，由更高一级负责人协调"
	case casework.EventOverdue:
		return "超过承诺的时间，还没有办好，街道正在督促办理"
	case "verify_pass":
		return "已办结，请您评价"
	case "rate":
		return "评价：" + ratingWords[d.Rating]
	case "confirm_dissatisfaction", "carry_over", casework.EventReopened:
		return "重新办理"
	case "merge", casework.EventMergedIn:
		return "与同一问题的其他诉求合并办理"
	case "split", casework.EventSplitOff:
		return "改为单独办理"
	}
	return casework.Name(ev.Kind).Label()
}

func clockText(key string) string {
	key, _, _ = strings.Cut(key, ":")
	if t, ok := map[string]string{
		"stage": "本级响应期限", "hold": "核查期限", "accept": "接单期限", "accept.remind": "待接单", "contact": "先行联系期限", "idle": "城运中心处理期限",
		"task.ack": "任务待接受", "task.due": "任务期限", "rating": "评价期", "callback": "回访期限", "hearing": "专题汇报", "order": "督办答复期限",
		"overdue": "超期未办结", "holdover": "挂账到期",
	}[key]; ok {
		return t
	}
	return "期限"
}

func rfcText(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return dateTime(t)
}

// NoticeText tells a notice in one sentence. It names the case by its number only: what to read stands behind it.
func (k *Knowledge) NoticeText(r store.InboxRow) string {
	due := ""
	if r.Args["due"] != "" {
		due = "，期限 " + rfcText(r.Args["due"])
		if r.Args["provisional"] == "true" {
			due += "（暂定）"
		}
	}
	switch r.Kind {
	case casework.NoticeReportDue:
		return "本月专报应于" + onText(r) + "前报主要领导"
	case casework.NoticeHearingDue:
		return "本月专题汇报应于" + onText(r) + "前举行"
	case casework.NoticeQuotaReserved:
		return quotaLabels[r.Args["quota"]] + "今天的发送额度已用去大半，余下的留给升级等紧急通知；一般消息改走其他渠道，没有其他渠道的明天再发"
	case casework.NoticeTicketReported:
		return "居民在小程序反映了新的事情（工单 " + r.Args["order_no"] + "），请查看，需要的纳入难事"
	case casework.NoticeCalendarMissing:
		return r.Args["on"][:4] + " 年放假安排尚未载入，跨年期限为暂定；国务院通知公布后请及时载入"
	}
	tier := tierText(r.Args["tier"])
	n := "难事 " + r.Number
	if r.CaseID == "" {
		n = "工单 " + r.Number
	}
	if store.AudienceOf(r.Recipient) != store.StaffAudience {
		switch r.Kind {
		case casework.NoticeAccepted:
			return "您反映的事项已有部门接单" + strings.Replace(due, "期限", "承诺", 1) + " 前办结"
		case casework.NoticeEscalated:
			why := "没有在承诺的时间内办好，"
			if cause := casework.Cause(r.Args["cause"]); cause == "" || cause == casework.CauseHops {
				why = ""
			}
			return "您反映的事项" + why + "已提高一级办理" + strings.Replace(due, "期限", "新的承诺期限", 1)
		case casework.NoticeProgress:
			return "您反映的事项有新进展"
		case casework.NoticeOverdue:
			return "您反映的事项超过了承诺的时间，还没有办好，街道正在督促办理"
		case casework.NoticeResolved:
			return "您反映的事项已办结，请在 " + rfcText(r.Args["rate_until"]) + " 前评价"
		case casework.NoticeReopened:
			return "您反映的事项将重新办理" + due
		case casework.NoticeContentRefused:
			if t, ok := noteRefused[r.Args["note"]]; ok {
				return t
			}
			return "您提交的文字或照片没有通过审核，不会给其他人看；评价、催办本身仍然有效"
		case casework.NoticeMerged:
			return "您反映的事项与同一问题的其他诉求合并办理"
		case casework.NoticeTicketAnswered:
			return "您反映的事项（" + n + "）已有答复，请查看"
		}
	}
	reopened := " 重新办理"
	if r.Args["tier"] != string(casework.TierIII) {
		reopened = " 升为" + tier + "重新办理，先会商部署"
	}
	if t, ok := map[casework.NoticeKind]string{
		casework.NoticeReported: n + " 待入库审核", casework.NoticeRegistered: n + " 已纳入项目库", casework.NoticeRejected: n + " 不予入库",
		casework.NoticeMerged: n + " 已并案", casework.NoticeSplit: n + " 已从并案中拆出", casework.NoticeDispatched: n + "（" + tier + "）请接单办理" + strings.Replace(due, "期限", "办结期限", 1), casework.NoticeReturned: n + " 被退单，请重新交办",
		casework.NoticeReminded: n + " 被催办" + due, casework.NoticeAcceptDue: n + " 尚未接单，请尽快接单", casework.NoticeUnaccepted: n + " 逾期未接单",
		casework.NoticeAccepted: n + " 已接单" + due, casework.NoticeContactDue: n + " 尚未先行联系诉求人", casework.NoticeDeadlineNear: n + "（" + tier + "）" + nearText(r.Args["clock"]) + due,
		casework.NoticeEscalated: n + " 升级为" + tier + "响应" + due, casework.NoticeConvening: n + "（" + tier + "）请牵头会商" + due,
		casework.NoticeOffered: n + " 有部门愿意牵头，请在会商时决定", casework.NoticeConvened: n + "（" + tier + "）已会商部署" + due,
		casework.NoticeTaskGiven: n + " 有一项任务交给您" + due, casework.NoticeTaskEnded: n + " 的一项任务已结束", casework.NoticeTaskWaiting: n + " 的一项任务还在等待" + due,
		casework.NoticeProgress: n + " 有新进展", casework.NoticeSubmitted: n + " 已提交办结，请核查" + due, casework.NoticeHeld: n + " 期限已到，请尽快核查",
		casework.NoticeFailed: n + " 核查不通过，请继续办理", casework.NoticeResolved: n + " 已办结", casework.NoticeRated: n + " 收到不满意评价，请回访",
		casework.NoticeCallbackMissing: n + " 的不满意评价仍未回访", casework.NoticeReopened: n + reopened + due, casework.NoticeCarriedOver: n + " 结转续办" + due,
		casework.NoticeOverdue: n + "（Ⅰ级）已超期未办结", casework.NoticeHeldOver: n + " 已挂账", casework.NoticeSupervised: n + " 收到督办" + due,
		casework.NoticeAnswered: n + " 的督办已答复", casework.NoticeOrderLate: n + " 的督办逾期未答复", casework.NoticeIdle: n + " " + idleText(r.Args) + "，请督促城运中心",
		casework.NoticeHearingMissed: n + " 已办结但未在专题汇报中销项", casework.NoticeCoordinated: n + " 有领导协调意见", casework.NoticeAssigned: n + " 指定您办理" + due,
		casework.NoticeContentWaiting: n + " 有诉求人提交的文字或照片待审核，审核前别人看不到", casework.NoticeContentRefused: n + " 有提交的内容未通过审核",
		casework.NoticeFactsAdded: n + " 的诉求人补充了情况", casework.NoticeTicketAnswered: n + " 已答复",
		casework.NoticeContentLate: n + " 诉求人提交的内容超时未审核，请督促城运中心",
		casework.NoticeHandedOver:  n + " 因有人离岗或调动，有工作移交给您或本部门" + due,
	}[r.Kind]; ok {
		return t
	}
	return n
}

// inboxText is NoticeText as it stands in an inbox: the centre is not asked to urge itself.
func (k *Knowledge) inboxText(r store.InboxRow, reader casework.Actor) string {
	text := k.NoticeText(r)
	if slices.ContainsFunc(reader.Posts, func(p casework.Post) bool { return p.Role == casework.Centre }) {
		return strings.Replace(text, "请督促城运中心", "请尽快处理", 1)
	}
	return text
}

// nearText says which warning it is: half of the time is over, or the deadline is near.
func nearText(clock string) string {
	if clock == "stage.half" {
		return "时间已过半"
	}
	return "期限临近"
}

// idleText says which of the centre's times is over, and when it ended.
func idleText(args map[string]string) string {
	what := map[string]string{string(casework.Reported): "入库审核超时", string(casework.Registered): "交办超时"}[args["state"]]
	if what == "" { // told before it said so
		return "入库、交办超时"
	}
	return what + "（应于 " + rfcText(args["passed"]) + " 前）"
}

// onText is the day that a notice of the calendar speaks of, as people read it; today on the day itself.
func onText(r store.InboxRow) string {
	on, err := workday.ParseDate(r.Args["on"])
	if err != nil {
		return " " + r.Args["on"] + " "
	}
	if workday.DateOf(r.CreatedAt) == on {
		return "今天"
	}
	return fmt.Sprintf(" %d月%d日 ", on.Month, on.Day)
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func nonEmpty(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func join(head string, parts ...string) string {
	var rest []string
	for _, p := range parts {
		if strings.TrimSpace(p) != "" {
			rest = append(rest, p)
		}
	}
	if len(rest) == 0 {
		return head
	}
	return head + "：" + strings.Join(rest, "；")
}
