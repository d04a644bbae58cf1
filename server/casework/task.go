package casework

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// AskSupport asks a department, community or liaison to help (请求协办), due no later than the stage.
type AskSupport struct {
	DepartmentID string    `json:"department_id,omitempty" maxLength:"40" doc:"协办部门；与村居、网格三选一"`
	CommunityID  string    `json:"community_id,omitempty" maxLength:"40"`
	GridID       string    `json:"grid_id,omitempty" maxLength:"40" doc:"请该网格联络员"`
	Task         string    `json:"task" minLength:"2" maxLength:"5000"`
	DueAt        time.Time `json:"due_at"`
}

// Name is "ask_support".
func (AskSupport) Name() Name { return "ask_support" }

func (m AskSupport) apply(d *draft) error {
	if err := need("协办事项", m.Task); err != nil {
		return err
	}
	var to []Addressee
	if m.DepartmentID != "" {
		to = append(to, ToPost(DepartmentHead, m.DepartmentID))
	}
	if m.CommunityID != "" {
		to = append(to, ToPost(Community, m.CommunityID))
	}
	if m.GridID != "" {
		to = append(to, ToPost(Liaison, m.GridID))
	}
	if len(to) != 1 {
		return invalid("case.addressee", "请选择一个协办部门、村居或网格。")
	}
	if m.DepartmentID != "" && m.DepartmentID == d.c.LeadDepartmentID {
		return invalid("case.addressee", "牵头部门自己的工作不用请求协办。")
	}
	if err := d.checkDue(m.DueAt); err != nil {
		return err
	}
	id := d.giveTask(TaskSupport, to[0], "", m.Task, m.DueAt)
	return d.emitThen("ask_support", m, func() { d.tellTask(id) })
}

// checkDue: a task is due after now and no later than the stage, as long as that is not overdue itself.
func (d *draft) checkDue(due time.Time) error {
	if err := d.within("完成期限", due); err != nil {
		return err
	}
	if s, ok := d.c.Stage(); ok && s.OverdueAt.IsZero() && due.After(s.DueAt) {
		return invalid("case.due", "完成期限不能晚于本级响应期限 %s。", chineseTime(s.DueAt))
	}
	return nil
}

func (d *draft) giveTask(kind TaskKind, to, within Addressee, text string, due time.Time) string {
	c := &d.c
	c.TasksNo++
	id := c.Number + "-T" + strconv.Itoa(c.TasksNo)
	t := Task{
		ID: id, Kind: kind, Addressee: to, Within: within, Text: strings.TrimSpace(text), DueAt: instant(due),
		AskedBy: d.actor.PersonID, AskedAs: d.as, AskedAt: d.at, Stage: len(c.Stages), Status: TaskGiven,
	}
	put(&c.Tasks, id, t)
	d.hours(clockTaskAck+id, d.policy().TaskAckHours)
	d.by(clockTaskDue+id, due)
	return id
}

func (d *draft) tellTask(ids ...string) {
	for _, id := range ids {
		t := d.c.Tasks[id]
		d.tell(NoticeTaskGiven, map[string]string{"task": id, "due": timeArg(t.DueAt)}, t.Addressee)
	}
}

// endTask ends a task and its clocks.
func (d *draft) endTask(t Task, status TaskStatus, result string) {
	t.Status, t.Result, t.EndedBy, t.EndedAt = status, result, d.actor.PersonID, d.at
	d.c.Tasks[t.ID] = t
	d.stop(clockTaskAck+t.ID, clockTaskDue+t.ID)
}

func (d *draft) tellTaskEnded(t Task) {
	var to []Addressee
	if t.AskedBy == "" || t.AskedBy != d.actor.PersonID {
		to = append(to, t.asker())
	}
	if d.c.Tasks[t.ID].Status == TaskWithdrawn {
		to = append(to, t.Addressee)
	}
	d.tell(NoticeTaskEnded, map[string]string{"task": t.ID, "status": string(d.c.Tasks[t.ID].Status)}, to...)
}

// asker is who hears of a task: the person who asked for it, or the post they asked from once they no longer hold it.
func (t Task) asker() Addressee {
	switch {
	case t.AskedBy != "":
		return ToPerson(t.AskedBy)
	case t.AskedAs.Role == "" || t.AskedAs.Role == System:
		return ""
	case t.AskedAs.Role == Handler: // who handles it now is the head's to say
		return ToPost(DepartmentHead, t.AskedAs.Unit)
	}
	return ToPost(t.AskedAs.Role, t.AskedAs.Unit)
}

// myTask finds a task among those the actor may give the command on, and acts in that capacity.
func (d *draft) myTask(id string, among []target) (Task, error) {
	t, ok := d.c.Tasks[id]
	if !ok {
		return t, invalid("case.task", "本事项没有这项任务。")
	}
	for _, mine := range among {
		if mine.id == id {
			d.as = mine.as
			return t, nil
		}
	}
	if t.Ended() {
		return t, notNow("case.task_ended", "这项任务已经结束。")
	}
	return t, notNow("case.not_yours", "这项任务不是交给您的，或现在不能这样办理。")
}

// AcceptTask acknowledges a task (two taps, like a dispatch).
type AcceptTask struct {
	TaskID string `json:"task_id" maxLength:"60"`
}

// Name is "accept_task".
func (AcceptTask) Name() Name { return "accept_task" }

func (m AcceptTask) apply(d *draft) error {
	t, err := d.myTask(m.TaskID, tasksToAccept(&d.c, d.actor))
	if err != nil {
		return err
	}
	t.Status, t.TakenBy, t.TakenAt = TaskAccepted, d.actor.PersonID, d.at
	d.c.Tasks[t.ID] = t
	d.stop(clockTaskAck + t.ID)
	return d.emit("accept_task", m, false)
}

// FinishTask hands in a task's result.
type FinishTask struct {
	TaskID   string   `json:"task_id" maxLength:"60"`
	Result   string   `json:"result" minLength:"2" maxLength:"5000"`
	Evidence []string `json:"evidence,omitempty" maxItems:"20" doc:"佐证材料：附件的 id，或写明材料是什么、存在哪里"`
	// OnSiteAt counts for an on-site record alone; what cannot be (before it was asked for, after now) is not noted.
	OnSiteAt time.Time `json:"on_site_at,omitzero" doc:"到场核实、拍照的时间；只用于现场核实，早于交办或晚于现在的不记"`
}

// Name is "finish_task".
func (FinishTask) Name() Name { return "finish_task" }

func (m FinishTask) apply(d *draft) error {
	t, err := d.myTask(m.TaskID, tasksToFinish(&d.c, d.actor))
	if err != nil {
		return err
	}
	if err := need("完成情况", m.Result); err != nil {
		return err
	}
	if err := d.attach(m, false); err != nil {
		return err
	}
	t.Evidence = m.Evidence
	if t.Kind == TaskOnSite && !m.OnSiteAt.Before(t.AskedAt) && !m.OnSiteAt.After(d.at) {
		t.OnSiteAt = instant(m.OnSiteAt)
	}
	if t.TakenAt.IsZero() {
		t.TakenBy, t.TakenAt = d.actor.PersonID, d.at
	}
	d.endTask(t, TaskFinished, m.Result)
	return d.emitThen("finish_task", m, func() { d.tellTaskEnded(t) })
}

// DeclineTask gives a task back with a reason; a member's duty cannot be declined.
type DeclineTask struct {
	TaskID string `json:"task_id" maxLength:"60"`
	Reason string `json:"reason" minLength:"2" maxLength:"5000"`
}

// Name is "decline_task".
func (DeclineTask) Name() Name { return "decline_task" }

func (m DeclineTask) apply(d *draft) error {
	t, err := d.myTask(m.TaskID, tasksToDecline(&d.c, d.actor))
	if err != nil {
		return err
	}
	if err := need("不能承担的理由", m.Reason); err != nil {
		return err
	}
	d.endTask(t, TaskDeclined, m.Reason)
	return d.emitThen("decline_task", m, func() { d.tellTaskEnded(t) })
}

// WithdrawTask takes a task back: who asked, the current lead, the convener or the centre.
type WithdrawTask struct {
	TaskID string `json:"task_id" maxLength:"60"`
	Reason string `json:"reason" minLength:"2" maxLength:"5000"`
}

// Name is "withdraw_task".
func (WithdrawTask) Name() Name { return "withdraw_task" }

func (m WithdrawTask) apply(d *draft) error {
	t, err := d.myTask(m.TaskID, tasksToWithdraw(&d.c, d.actor))
	if err != nil {
		return err
	}
	if err := need("撤回理由", m.Reason); err != nil {
		return err
	}
	d.endTask(t, TaskWithdrawn, m.Reason)
	return d.emitThen("withdraw_task", m, func() { d.tellTaskEnded(t) })
}

// AskOnSite asks the grid's liaison for the on-site record of a verification.
type AskOnSite struct {
	Question string    `json:"question" minLength:"2" maxLength:"5000" doc:"需要现场核实什么"`
	DueAt    time.Time `json:"due_at"`
	Attached
}

// OnSiteTo is whom the on-site record of a verification is asked of: the grid's liaison, the centre while no grid is chosen.
func (c *Case) OnSiteTo() Addressee { return c.liaison() }

// Name is "ask_onsite".
func (AskOnSite) Name() Name { return "ask_onsite" }

func (m AskOnSite) apply(d *draft) error {
	if err := need("需要核实的内容", m.Question); err != nil {
		return err
	}
	if err := d.within("完成期限", m.DueAt); err != nil {
		return err
	}
	if err := d.attach(m, false); err != nil {
		return err
	}
	id := d.giveTask(TaskOnSite, d.c.OnSiteTo(), "", m.Question, m.DueAt)
	return d.emitThen("ask_onsite", m, func() { d.tellTask(id) })
}

// Duty is one member of a task force with what they are to do and by when.
type Duty struct {
	PersonID string    `json:"person_id" maxLength:"40"`
	Duty     string    `json:"duty" minLength:"2" maxLength:"5000"`
	DueAt    time.Time `json:"due_at"`
	// Within is where the member works that has the duty (Post.Within); whoever knows the organisation fills it in.
	Within Addressee `json:"-"`
}

// Convene decides how to go on at tiers II and I (会商): the lead, a task force with a duty for every member, a plan.
type Convene struct {
	Minutes          string `json:"minutes" minLength:"2" maxLength:"5000" doc:"会商纪要"`
	LeadDepartmentID string `json:"lead_department_id" maxLength:"40"`
	HandlerID        string `json:"handler_id,omitempty" maxLength:"40"`
	LeaderID         string `json:"leader_id" maxLength:"40" doc:"专项小组或工作专班负责人"`
	Members          []Duty `json:"members" minItems:"1" maxItems:"50"`
	Plan             string `json:"plan" minLength:"2" maxLength:"5000" doc:"解决方案"`
	Attached

	LeaderWithin Addressee `json:"-"` // like Duty.Within
}

// Name is "convene".
func (Convene) Name() Name { return "convene" }

func (m Convene) apply(d *draft) error {
	if err := needAll("会商纪要", m.Minutes, "解决方案", m.Plan); err != nil {
		return err
	}
	if m.LeadDepartmentID == "" {
		return invalid("case.lead", "请确定牵头部门。")
	}
	if m.LeaderID == "" {
		return invalid("case.leader", "请确定专项小组（工作专班）负责人。")
	}
	if len(m.Members) == 0 {
		return invalid("case.members", "请至少列一名成员，并写明职责和期限。")
	}
	if err := d.attach(m, false); err != nil {
		return err
	}
	c := &d.c
	d.lead(m.LeadDepartmentID)
	if m.HandlerID != "" {
		c.HandlerID = m.HandlerID
	} else if o, ok := c.Offers[m.LeadDepartmentID]; ok && c.HandlerID == "" {
		c.HandlerID = o.HandlerID
	}
	if o, ok := c.Offers[m.LeadDepartmentID]; ok {
		o.Taken = true
		c.Offers[m.LeadDepartmentID] = o
	}
	kind := "special_group"
	if c.Tier == TierI {
		kind = "special_team"
	}
	ids, members, err := d.giveDuties(nil, m.Members)
	if err != nil {
		return err
	}
	c.TaskForce = &TaskForce{Kind: kind, Stage: len(c.Stages), Leader: m.LeaderID, LeaderWithin: m.LeaderWithin, Members: members, Plan: m.Plan}
	c.Consultations = append(c.Consultations, Consultation{
		Stage: len(c.Stages), At: d.at, By: d.actor.PersonID, Minutes: m.Minutes, LeadDepartmentID: m.LeadDepartmentID, Plan: m.Plan,
	})
	d.handle() // being named replaces acceptance (domain §3); hops stand: it did not accept
	if err := d.emit("convene", m, false); err != nil {
		return err
	}
	d.tell(NoticeConvened, d.dueArgs(), append(d.memberAddressees(), c.head(), c.handler())...)
	d.tellTask(ids...)
	return nil
}

func (d *draft) giveDuties(members []Member, duties []Duty) (ids []string, all []Member, err error) {
	all = slices.Clone(members)
	for i, m := range duties {
		if m.PersonID == "" {
			return nil, nil, invalid("case.members", "第 %d 名成员没有选人。", i+1)
		}
		if slices.ContainsFunc(all, func(have Member) bool { return have.PersonID == m.PersonID }) {
			return nil, nil, invalid("case.members", "第 %d 名成员重复，请合并其职责。", i+1)
		}
		if err := need("成员职责", m.Duty); err != nil {
			return nil, nil, err
		}
		if err := d.checkDue(m.DueAt); err != nil {
			return nil, nil, err
		}
		id := d.giveTask(TaskDuty, ToPerson(m.PersonID), m.Within, m.Duty, m.DueAt)
		ids = append(ids, id)
		all = append(all, Member{PersonID: m.PersonID, TaskID: id})
	}
	return ids, all, nil
}

func (d *draft) memberAddressees() []Addressee {
	f := d.c.TaskForce
	var to []Addressee
	if f.Leader != "" {
		to = append(to, ToPerson(f.Leader))
	}
	for _, m := range f.Members {
		to = append(to, ToPerson(m.PersonID))
	}
	return to
}

// Amend changes what a consultation decided: lead, leader, members, plan. What is empty stays.
type Amend struct {
	LeadDepartmentID string   `json:"lead_department_id,omitempty" maxLength:"40"`
	HandlerID        string   `json:"handler_id,omitempty" maxLength:"40"`
	LeaderID         string   `json:"leader_id,omitempty" maxLength:"40"`
	Add              []Duty   `json:"add,omitempty" maxItems:"50"`
	Remove           []string `json:"remove,omitempty" maxItems:"50" doc:"移出的成员；其职责一并撤回"`
	Plan             string   `json:"plan,omitempty" maxLength:"5000"`
	Reason           string   `json:"reason" minLength:"2" maxLength:"5000"`

	LeaderWithin Addressee `json:"-"` // like Duty.Within
}

// Name is "amend".
func (Amend) Name() Name { return "amend" }

func (m Amend) apply(d *draft) error {
	if err := need("调整理由", m.Reason); err != nil {
		return err
	}
	if err := limit("解决方案", m.Plan); err != nil {
		return err
	}
	if m.LeadDepartmentID == "" && m.HandlerID == "" && m.LeaderID == "" && len(m.Add) == 0 && len(m.Remove) == 0 && m.Plan == "" {
		return invalid("case.nothing", "请至少调整一项：牵头部门、承办人、负责人、成员或方案。")
	}
	c := &d.c
	if c.TaskForce == nil {
		return notNow("case.no_task_force", "还没有会商部署，请先会商。")
	}
	f := *c.TaskForce
	f.Members = slices.Clone(f.Members)
	var ended []Task
	for _, person := range m.Remove {
		i := slices.IndexFunc(f.Members, func(have Member) bool { return have.PersonID == person })
		if i < 0 {
			return invalid("case.members", "要移出的人不是成员。")
		}
		if t := c.Tasks[f.Members[i].TaskID]; !t.Ended() {
			d.endTask(t, TaskWithdrawn, m.Reason)
			ended = append(ended, t)
		}
		f.Members = slices.Delete(f.Members, i, i+1)
	}
	ids, members, err := d.giveDuties(f.Members, m.Add)
	if err != nil {
		return err
	}
	f.Members = members
	if m.LeaderID != "" {
		f.Leader, f.LeaderWithin = m.LeaderID, m.LeaderWithin
	}
	if m.Plan != "" {
		f.Plan = m.Plan
	}
	c.TaskForce = &f
	oldHead, oldHandler := c.head(), c.handler()
	if m.LeadDepartmentID != "" && m.LeadDepartmentID != c.LeadDepartmentID {
		d.lead(m.LeadDepartmentID)
		c.AcceptedAt = d.at
	}
	if m.HandlerID != "" {
		c.HandlerID = m.HandlerID
	}
	if err := d.emit("amend", m, false); err != nil {
		return err
	}
	for _, t := range ended {
		d.tellTaskEnded(t)
	}
	d.tell(NoticeConvened, d.dueArgs(), append(d.memberAddressees(), c.head(), c.handler(), oldHead, oldHandler)...)
	d.tellTask(ids...)
	return nil
}
