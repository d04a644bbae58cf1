package api

import (
	"net/http"
	"testing"

	"xiaopu/server/workflow"
)

// A head sees who of their own department works on what: each number is the length of the list behind it, and naming another handler moves one.
func TestAHeadSeesTheirDepartmentByHandler(t *testing.T) {
	o := newOffice(t)
	waiting := o.dispatched()
	c := o.handling()
	numbers := func() map[string]int {
		team := ok[workflow.Team](o.get("p-h1", "/cases/team/members"))
		out, sum := map[string]int{}, 0
		for _, m := range team.Members {
			out[m.Handler.ID] = m.Open
			sum += m.Open
			if list := ok[workflow.Page[workflow.TeamCase]](o.get("p-h1", "/cases/team?handler="+m.Handler.ID)).Items; len(list) != m.Open {
				t.Errorf("%s: the number says %d, the list has %d", m.Handler.Name, m.Open, len(list))
			}
		}
		if team.Open != sum || team.Department.ID != "d-1" || len(team.Departments) != 1 {
			t.Errorf("%+v", team)
		}
		return out
	}
	if got := numbers(); len(got) != 2 || got["none"] != 1 || got["p-w1"] != 1 {
		t.Fatal(got)
	}
	page := ok[workflow.Page[workflow.TeamCase]](o.get("p-h1", "/cases/team?limit=1"))
	rest := ok[workflow.Page[workflow.TeamCase]](o.get("p-h1", "/cases/team?limit=1&cursor="+page.Next))
	if len(rest.Items) != 1 || rest.Next != "" || rest.Items[0].ID == page.Items[0].ID || !page.Items[0].Assignable || page.Items[0].Clock == nil {
		t.Errorf("%+v\n%+v", page, rest)
	}
	o.must("p-h1", waiting, "assign", fields{"handler_id": "p-w1"})
	if got := numbers(); len(got) != 1 || got["p-w1"] != 2 {
		t.Error(got)
	}
	if team := ok[workflow.Team](o.get("p-h2", "/cases/team/members")); len(team.Members) == 0 || team.Members[0].Handler.Name == "" || team.Members[0].Open != 0 {
		t.Errorf("a handler with nothing to do is not listed: %+v", team)
	}
	o.later("2026-03-20 10:00", c)
	team := ok[workflow.Team](o.get("p-h1", "/cases/team/members"))
	for _, m := range team.Members {
		late := 0
		for _, c := range ok[workflow.Page[workflow.TeamCase]](o.get("p-h1", "/cases/team?handler="+m.Handler.ID)).Items {
			if c.Clock != nil && c.Clock.Overdue {
				late++
			}
		}
		if m.Late != late {
			t.Errorf("%s: %d late, the list has %d", m.Handler.Name, m.Late, late)
		}
	}

	o.get("p-h2", "/cases/team?department_id=d-1").refused(http.StatusNotFound, "team.not_found")
	o.get("p-h2", "/cases/team/members?department_id=d-1").refused(http.StatusNotFound, "team.not_found")
	if list := ok[workflow.Page[workflow.TeamCase]](o.get("p-h2", "/cases/team")).Items; len(list) != 0 {
		t.Errorf("another department's head reads %+v", list)
	}
	for _, who := range []string{"p-w1", "p-cy", "p-dc", "p-r"} {
		o.get(who, "/cases/team").refused(http.StatusForbidden, "auth.denied")
		o.get(who, "/cases/team/members").refused(http.StatusForbidden, "auth.denied")
	}
}
