package workflow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/workday"
)

// Figures are what happened in somebody's scope, period by period, and of the whole time by department and topic.
type Figures struct {
	Scope       string              `json:"scope" doc:"统计的范围，如：全街道"`
	Both        bool                `json:"both" doc:"既能看全街道，又有自己分管的：以 own 区分"`
	FromOn      workday.Date        `json:"from_on" doc:"从这一天起"`
	UntilOn     workday.Date        `json:"until_on" doc:"到这一天止，含当天"`
	Periods     []PeriodFigures     `json:"periods" doc:"各月或各周，早的在前，最后一个还没有过完"`
	Departments []DepartmentFigures `json:"departments" doc:"整段时间内按部门，交办多的在前"`
	Topics      []TopicFigures      `json:"topics" doc:"整段时间内按事项类别的第一级，入库多的在前"`

	Meanings           []FigureMeaning `json:"meanings" doc:"各月、各周和各类别的数字怎样计，一个数字一句话"`
	DepartmentMeanings []FigureMeaning `json:"department_meanings" doc:"各部门的数字怎样计，一个数字一句话"`
}

// FigureMeaning says in a sentence how a figure is counted.
type FigureMeaning struct {
	Name string `json:"name" doc:"哪个数字，如：办结"`
	Text string `json:"text" doc:"怎样计"`
}

// meanings and departmentMeanings are casework.Happenings in words: whoever changes what counts changes them too. Policy and domain.md do not
// say that a case which is opened again was not resolved, so what was counted stays, and each round counts by itself.
var meanings = []FigureMeaning{
	{"入库", "纳入项目库的难事，一件计一次；后来不予入库或并案的不减。"},
	{"交到部门", "每定一次牵头部门计一次：交办、转办、认领、会商确定；重新办理仍归原部门的不另计。"},
	{"办结", "每通过一次核查计一次；不满意或结转后重新办理的，原来的不减，再办结另计一次。"},
	{"其中按时", "办结的里面，在当时那一级的期限之前提交结果的；后来重新办理的，原来的也不减。"},
	{"升级", "从低一级升到高一级，每次计一次：到期自动升级、人工升级、提级；不满意后在高一级重新办理的不计。"},
	{"Ⅰ级超期", "Ⅰ级响应到期没有办结，到期那天计一次，每一轮一次；挂账的也计。"},
	{"不满意", "诉求人评价不满意，每次评价计一次，不等回访核实。"},
}

var departmentMeanings = []FigureMeaning{
	{"按时接单率", "1 个工作日内接单的次数，占按时接单和逾期未接单的总次数；退单、认领、会商确定的不计。"},
	{"按时办结率", "Ⅲ级按时办结的件数，占Ⅲ级按时办结和到期没办结而升级的总件数，每一轮计一件；认领的、人工升级的、核查耽误的、Ⅱ级Ⅰ级的不计；后来不满意重新办理的，原来仍算按时。"},
	{"交到部门", "交办、转办、认领、会商确定，每次计一次，所以与上面两项的分母不一定相同。"},
	{"退单", "接单前退回，每次计一次。"},
}

// PeriodFigures are those of one month or week.
type PeriodFigures struct {
	Label        string       `json:"label" doc:"如：11月、11月23日起"`
	FromOn       workday.Date `json:"from_on" doc:"从这一天起"`
	Running      bool         `json:"running" doc:"还没有过完"`
	Entered      int          `json:"entered" doc:"入库"`
	Given        int          `json:"given" doc:"交到牵头部门的次数"`
	Resolved     int          `json:"resolved" doc:"办结（每一轮一次）"`
	OnTime       int          `json:"on_time" doc:"其中在本级期限内提交的"`
	Escalated    int          `json:"escalated" doc:"升级、提级的次数"`
	Overdue      int          `json:"overdue" doc:"Ⅰ级响应超期"`
	Dissatisfied int          `json:"dissatisfied" doc:"不满意的评价"`
}

// DepartmentFigures are those of a department as lead.
type DepartmentFigures struct {
	Department Named `json:"department" doc:"牵头部门"`
	Given      int   `json:"given" doc:"交到本部门的次数"`
	Accepted   int   `json:"accepted" doc:"1 个工作日内接单"`
	Unaccepted int   `json:"unaccepted" doc:"1 个工作日内没有接单"`
	AcceptRate *int  `json:"accept_rate,omitempty" doc:"按时接单率（%）：1 个工作日内接单的，占接单和逾期未接的；退单不计"`
	Returned   int   `json:"returned" doc:"退单"`
	Kept       int   `json:"kept" doc:"Ⅲ级按时办结，认领的不计"`
	Missed     int   `json:"missed" doc:"Ⅲ级到期未办结而升级，认领的不计"`
	OnTimeRate *int  `json:"on_time_rate,omitempty" doc:"按时办结率（%）：Ⅲ级按时办结的，占按时办结和到期升级的"`
}

// TopicFigures are those of a topic.
type TopicFigures struct {
	Topic        string `json:"topic" doc:"事项类别的第一级；没有归类的为“未归类”"`
	Entered      int    `json:"entered" doc:"入库"`
	Resolved     int    `json:"resolved" doc:"办结"`
	Escalated    int    `json:"escalated" doc:"升级、提级"`
	Dissatisfied int    `json:"dissatisfied" doc:"不满意的评价"`
}

// FiguresQuery is what figures are asked for: so many periods up to now.
type FiguresQuery struct {
	Weeks bool
	Count int
	Own   bool
}

// Figures counts what happened in the caller's scope.
func (e *Engine) Figures(ctx context.Context, actor casework.Actor, q FiguresQuery) (Figures, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Figures{}, err
	}
	viewers := casework.MeasuredScopes(actor, q.Own)
	today := workday.DateOf(e.Now(k))
	f := Figures{Scope: k.leads(viewers), Both: actor.SeesAll() && casework.MeasuredScopes(actor, true) != nil, UntilOn: today, Periods: periods(today, q), Departments: []DepartmentFigures{}, Topics: []TopicFigures{}, Meanings: meanings, DepartmentMeanings: departmentMeanings}
	f.FromOn = f.Periods[0].FromOn
	filter := store.HappeningFilter{From: f.FromOn.String(), Before: today.AddDays(1).String()}
	for _, v := range viewers {
		if place, unit, _ := strings.Cut(string(v), ":"); place == "grid" {
			filter.Grids = append(filter.Grids, unit)
		} else {
			filter.Departments = append(filter.Departments, unit)
		}
	}
	if viewers != nil && len(viewers) == 0 {
		return f, nil
	}
	days, err := e.db.HappeningsByDay(ctx, filter)
	if err != nil {
		return f, err
	}
	for _, c := range days {
		i, exact := slices.BinarySearchFunc(f.Periods, c.Of, func(p PeriodFigures, day string) int { return cmp.Compare(p.FromOn.String(), day) })
		if !exact {
			i--
		}
		f.Periods[i].add(c)
	}
	of, err := e.db.HappeningsByDepartment(ctx, filter)
	if err != nil {
		return f, err
	}
	for _, c := range of {
		if len(filter.Departments) > 0 && len(filter.Grids) == 0 && !slices.Contains(filter.Departments, c.Of) {
			continue
		}
		i := slices.IndexFunc(f.Departments, func(d DepartmentFigures) bool { return d.Department.ID == c.Of })
		if i < 0 {
			i = len(f.Departments)
			f.Departments = append(f.Departments, DepartmentFigures{Department: *k.department(c.Of)})
		}
		f.Departments[i].add(c)
	}
	slices.SortFunc(f.Departments, func(a, b DepartmentFigures) int {
		return cmp.Or(cmp.Compare(b.Given, a.Given), cmp.Compare(a.Department.ID, b.Department.ID))
	})
	topics, err := e.db.HappeningsByTopic(ctx, filter)
	if err != nil {
		return f, err
	}
	for _, c := range topics {
		branch, _, _ := strings.Cut(c.Of, "/")
		if branch = strings.TrimSpace(branch); branch == "" {
			branch = "未归类"
		}
		i := slices.IndexFunc(f.Topics, func(t TopicFigures) bool { return t.Topic == branch })
		if i < 0 {
			i = len(f.Topics)
			f.Topics = append(f.Topics, TopicFigures{Topic: branch})
		}
		f.Topics[i].add(c)
	}
	slices.SortFunc(f.Topics, func(a, b TopicFigures) int {
		return cmp.Or(cmp.Compare(b.Entered, a.Entered), cmp.Compare(a.Topic, b.Topic))
	})
	return f, nil
}

// periods are the months or weeks up to the one that today is in.
func periods(today workday.Date, q FiguresQuery) []PeriodFigures {
	list := make([]PeriodFigures, q.Count)
	for i := range list {
		back := q.Count - 1 - i
		p := &list[i]
		if q.Weeks {
			p.FromOn = today.AddDays(-(int(today.Weekday())+6)%7 - 7*back) // a Monday
			p.Label = fmt.Sprintf("%d月%d日起", p.FromOn.Month, p.FromOn.Day)
		} else {
			first := time.Date(today.Year, today.Month-time.Month(back), 1, 12, 0, 0, 0, shanghai)
			p.FromOn = workday.DateOf(first)
			p.Label = fmt.Sprintf("%d月", p.FromOn.Month)
			if p.FromOn.Month == time.January {
				p.Label = fmt.Sprintf("%d年1月", p.FromOn.Year)
			}
		}
		p.Running = back == 0
	}
	return list
}

func (p *PeriodFigures) add(c store.HappeningCount) {
	switch c.Kind {
	case casework.Entered:
		p.Entered += c.N
	case casework.Given:
		p.Given += c.N
	case casework.Solved:
		p.Resolved += c.N
	case casework.SolvedOnTime:
		p.OnTime += c.N
	case casework.Raised:
		p.Escalated += c.N
	case casework.WentOverdue:
		p.Overdue += c.N
	case casework.Displeased:
		p.Dissatisfied += c.N
	}
}

func (d *DepartmentFigures) add(c store.HappeningCount) {
	switch c.Kind {
	case casework.Given:
		d.Given += c.N
	case casework.AcceptedSoon:
		d.Accepted += c.N
	case casework.Unaccepted:
		d.Unaccepted += c.N
	case casework.Returned:
		d.Returned += c.N
	case casework.Kept:
		d.Kept += c.N
	case casework.Missed:
		d.Missed += c.N
	}
	d.AcceptRate, d.OnTimeRate = rate(d.Accepted, d.Unaccepted), rate(d.Kept, d.Missed)
}

func (t *TopicFigures) add(c store.HappeningCount) {
	switch c.Kind {
	case casework.Entered:
		t.Entered += c.N
	case casework.Solved:
		t.Resolved += c.N
	case casework.Raised:
		t.Escalated += c.N
	case casework.Displeased:
		t.Dissatisfied += c.N
	}
}

// rate is how many of a hundred are good; nil where there is nothing to judge.
func rate(good, bad int) *int {
	if good+bad == 0 {
		return nil
	}
	r := (100*good + (good+bad)/2) / (good + bad)
	return &r
}

// countedAs is the sequence that says with which meaning of the figures everything has been counted.
const countedAs = "happenings"

// CountPast counts what a database holds from before there were figures, or from when they meant something else. It does nothing twice, and
// can be stopped at any time.
func (e *Engine) CountPast(ctx context.Context) error {
	have, err := e.db.Sequence(ctx, countedAs)
	if err != nil || have >= casework.HappeningsVersion {
		return err
	}
	const page = 200
	for after := ""; ; {
		ids, err := e.db.CaseIDs(ctx, after, page)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				return tx.CountAgain(ctx, id)
			}); err != nil {
				return err
			}
		}
		if len(ids) < page {
			break
		}
		after = ids[len(ids)-1]
	}
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.MoveSequence(ctx, countedAs, have, casework.HappeningsVersion)
		return err
	})
}
