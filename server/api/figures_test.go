package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

// month is a street's month in which everything that figures count has happened.
func (o *office) month() {
	o.t.Helper()
	o.resolved() // d-1, in time
	o.convened() // named lead by a consultation
	back := o.must("p-h1", o.dispatched(), "return", fields{"reason": "不属本部门职责", "duty_item": "三定方案第二条", "suggested_department_id": "d-2"})
	back = o.must("p-cy", back, "dispatch", fields{"lead_department_id": "d-2"})
	late := o.dispatched()
	displeased := o.resolved()
	o.must("p-r", displeased, "rate", fields{"rating": "dissatisfied", "words": "又吵了"})
	claimed := o.must("p-h3", o.classified(), "claim", fields{"handler_id": "p-h3"})
	o.must("p-fg", claimed, "escalate", fields{"reason": "需要网格统筹"})
	o.must("p-gc", o.handling(), "open_at_i", fields{"ground": "mass_complaint", "reason": "百余户集中投诉"})
	o.later("2026-03-04 09:00", back) // one working day without acceptance
	late = o.must("p-h1", ok[workflow.CaseView](o.get("p-cy", "/cases/"+late.ID)), "accept", fields{"handler_id": "p-w1"})
	o.later("2026-04-02 09:00", late)
}

// recount counts from the timelines alone, by what they call what happened.
func (o *office) recount() workflow.PeriodFigures {
	o.t.Helper()
	var p workflow.PeriodFigures
	for _, c := range ok[workflow.Page[workflow.CaseItem]](o.get("p-pl", "/cases?all=true&limit=100")).Items {
		for _, e := range ok[workflow.Page[workflow.TimelineItem]](o.get("p-pl", "/cases/"+c.ID+"/timeline?limit=100")).Items {
			switch e.Kind {
			case "register":
				p.Entered++
			case "dispatch", "transfer", "claim", "convene":
				p.Given++
			case "verify_pass":
				p.Resolved++
				p.OnTime++ // in this month every result was handed in early enough
			case casework.EventEscalated, "escalate", "open_at_i":
				p.Escalated++
			case casework.EventOverdue:
				p.Overdue++
			case "rate":
				p.Dissatisfied++
			}
		}
	}
	return p
}

func sum(list []workflow.PeriodFigures) (p workflow.PeriodFigures) {
	for _, q := range list {
		p.Entered, p.Given, p.Resolved, p.OnTime = p.Entered+q.Entered, p.Given+q.Given, p.Resolved+q.Resolved, p.OnTime+q.OnTime
		p.Escalated, p.Overdue, p.Dissatisfied = p.Escalated+q.Escalated, p.Overdue+q.Overdue, p.Dissatisfied+q.Dissatisfied
	}
	return p
}

// The figures are what the timelines hold, by month and by week, and counting the past anew changes nothing.
func TestFiguresAreWhatTheTimelinesHold(t *testing.T) {
	o := newOffice(t)
	o.month()
	want := o.recount()
	if want.Entered == 0 || want.Given == 0 || want.Resolved == 0 || want.Escalated == 0 || want.Overdue == 0 || want.Dissatisfied == 0 {
		t.Fatalf("nothing to compare: %+v", want)
	}
	for _, query := range []string{"by=month&count=2", "by=week&count=8"} {
		f := ok[workflow.Figures](o.get("p-pl", "/figures?"+query))
		if d := cmp.Diff(want, sum(f.Periods)); d != "" || !f.Periods[len(f.Periods)-1].Running || f.Scope != "全街道" {
			t.Errorf("%s: %s\n%+v", query, d, f.Periods)
		}
		var by workflow.PeriodFigures // the same, by topic and by department
		for _, x := range f.Topics {
			by.Entered, by.Resolved, by.Escalated, by.Dissatisfied = by.Entered+x.Entered, by.Resolved+x.Resolved, by.Escalated+x.Escalated, by.Dissatisfied+x.Dissatisfied
		}
		for _, x := range f.Departments {
			by.Given += x.Given
		}
		by.OnTime, by.Overdue = want.OnTime, want.Overdue // of the periods alone
		if d := cmp.Diff(want, by); d != "" {
			t.Errorf("%s: by topic and department: %s", query, d)
		}
	}
	before := ok[workflow.Figures](o.get("p-pl", "/figures"))
	if err := o.engine.CountPast(context.Background()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, ok[workflow.Figures](o.get("p-pl", "/figures"))); d != "" {
		t.Errorf("counted anew: %s", d)
	}
	if n, err := o.db.Sequence(context.Background(), "happenings"); err != nil || n != casework.HappeningsVersion {
		t.Errorf("counted as %d, %v", n, err)
	}
}

// A department is measured by its own: what it did not accept, what fell due at tier III, not what it claimed or what went up otherwise.
func TestDepartmentsAreMeasuredByTheirOwn(t *testing.T) {
	o := newOffice(t)
	o.month()
	got := map[string]workflow.DepartmentFigures{}
	for _, d := range ok[workflow.Figures](o.get("p-pl", "/figures")).Departments {
		got[d.Department.ID] = d
	}
	rate := func(n int) *int { return &n }
	// d-1: two resolved in time, one accepted late, which then fell due; one more was raised to tier I by the chief.
	want := workflow.DepartmentFigures{Department: workflow.Named{ID: "d-1", Name: got["d-1"].Department.Name}, Given: 6, Accepted: 3, Unaccepted: 1, AcceptRate: rate(75), Returned: 1, Kept: 2, Missed: 1, OnTimeRate: rate(67)}
	if d := cmp.Diff(want, got["d-1"]); d != "" {
		t.Error(d)
	}
	if d := got["d-2"]; d.Given != 1 || d.Accepted != 0 || d.Unaccepted != 1 || *d.AcceptRate != 0 || d.Missed != 1 {
		t.Errorf("d-2: %+v", d)
	}
	if d := got["d-3"]; d.Given != 1 || d.AcceptRate != nil || d.OnTimeRate != nil || d.Missed != 0 {
		t.Errorf("a claim counts against d-3: %+v", d)
	}

	own := ok[workflow.Figures](o.get("p-h2", "/figures"))
	if len(own.Departments) != 1 || own.Departments[0].Department.ID != "d-2" || own.Scope != "规划办" {
		t.Errorf("a head reads of others: %+v", own.Departments)
	}
	if empty := ok[workflow.Figures](o.get("p-gc2", "/figures")); len(empty.Departments)+len(empty.Topics) != 0 || sum(empty.Periods) != (workflow.PeriodFigures{}) {
		t.Errorf("another grid's: %+v", empty)
	}
	o.get("p-w1", "/figures").refused(http.StatusForbidden, "auth.denied")
	o.get("p-r", "/figures").refused(http.StatusForbidden, "auth.denied")
}

// What was resolved stays so when it is opened again, and the next round counts by itself, as the figures say of themselves.
func TestAReopenedCaseKeepsWhatItCounted(t *testing.T) {
	o := newOffice(t)
	c := o.resolved()
	counted := func() [5]int {
		f := ok[workflow.Figures](o.get("p-pl", "/figures"))
		p, d := sum(f.Periods), f.Departments[0]
		return [5]int{p.Resolved, p.OnTime, p.Escalated, d.Kept, d.Missed}
	}
	if got := counted(); got != [5]int{1, 1, 0, 1, 0} {
		t.Fatalf("resolved: %v", got)
	}
	c = o.must("p-r", c, "rate", fields{"rating": "dissatisfied", "words": "又吵了"})
	c = o.must("p-cy", c, "confirm_dissatisfaction", fields{"record": "电话回访属实"})
	if got := counted(); got != [5]int{1, 1, 0, 1, 0} || c.Round != 2 || c.Tier != casework.TierII {
		t.Errorf("opened again at %s in round %d: %v", c.Tier, c.Round, got)
	}
	c = o.convene(c)
	for _, task := range c.Tasks {
		c = o.must("p-w2", c, "finish_task", fields{"task_id": task.ID, "result": "已完成"})
	}
	c = o.must("p-w1", c, "submit", fields{"result": "已整改", "outcome": "solved", "evidence": []string{"照片"}})
	o.must("p-cy", c, "verify_pass", fields{"finding": "属实", "outcome": "solved"})
	if got := counted(); got != [5]int{2, 2, 0, 1, 0} {
		t.Errorf("resolved in the second round: %v", got)
	}
	f := ok[workflow.Figures](o.get("p-pl", "/figures"))
	if len(f.Meanings) == 0 || len(f.DepartmentMeanings) == 0 {
		t.Error("how it is counted is not said")
	}
}
