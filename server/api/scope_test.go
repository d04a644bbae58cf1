package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workflow"
)

// hire adds a person to the street.
func (o *office) hire(id, name, phone string, posts ...organisation.Post) {
	o.t.Helper()
	s := street()
	s.People = append(s.People, organisation.Person{ID: id, Name: name, Phone: phone, Posts: posts})
	if err := o.engine.LoadOrganisation(context.Background(), s); err != nil {
		o.t.Fatal(err)
	}
}

// Somebody who works for the office sees their own complaint as any resident does, not as a colleague of those who handle it.
func TestOfficialsSeeTheirOwnComplaintAsRequesters(t *testing.T) {
	o := newOffice(t)
	o.hire("p-both", "金办事", "13812345678", organisation.Post{Role: casework.Handler, Unit: "d-3"}, organisation.Post{Role: casework.Resident})
	order := o.ticketed("H-OWN-1")
	c := o.dispatched()
	c = o.must("p-cy", c, "attach", fields{"ticket_id": order.ID})
	c = o.must("p-h1", c, "accept", fields{"handler_id": "p-w1"})
	c = o.must("p-w1", c, "contact", fields{"reached": true, "at": "2026-03-02T10:00:00+08:00", "said": "内部记录：诉求人情绪激动"})
	c = o.must("p-w1", c, "progress", fields{"text": "内部进展", "public": false})

	v := ok[workflow.CaseView](o.get("p-both", "/cases/"+c.ID))
	if len(v.Contacts) > 0 || v.Handler != nil || v.Facts != "" || len(v.Why) > 0 || len(v.TicketRefs) != 1 {
		t.Errorf("sees %+v", v)
	}
	for _, it := range ok[workflow.Page[workflow.TimelineItem]](o.get("p-both", "/cases/"+c.ID+"/timeline")).Items {
		if !it.Public || strings.Contains(it.Text+it.Who, "张伟") || strings.Contains(it.Text, "内部") {
			t.Errorf("reads %+v", it)
		}
	}
	if page := ok[workflow.Page[workflow.CaseItem]](o.get("p-both", "/cases")); len(page.Items) != 0 {
		t.Errorf("among the department's: %+v", page.Items)
	}
	page := ok[workflow.Page[workflow.CaseItem]](o.get("p-both", "/cases?view=own"))
	if len(page.Items) != 1 || page.Items[0].ID != c.ID || len(page.Items[0].Triggers) > 0 || page.Items[0].Tickets != 0 {
		t.Errorf("among their own: %+v", page.Items)
	}
	if page := ok[workflow.Page[workflow.CaseItem]](o.get("p-r", "/cases")); len(page.Items) != 1 || len(page.Items[0].Triggers) > 0 || page.Items[0].Handler != nil {
		t.Errorf("a resident's list: %+v", page.Items)
	}
}

// Repeating a request shows no more than asking for the case would.
func TestARepeatedCommandShowsNothingThatIsOutOfScopeNow(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	body := fields{"version": c.Version, "reason": "不属本部门职责", "duty_item": "三定方案第二条", "suggested_department_id": "d-2"}
	first := ok[CommandResult](o.post("p-h1", "/cases/"+c.ID+"/return", body, "Idempotency-Key", "once-only-1"))
	c = ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID))
	c = o.must("p-cy", c, "dispatch", fields{"lead_department_id": "d-2"})
	c = o.must("p-h2", c, "accept", fields{"handler_id": "p-w2"})
	o.must("p-w2", c, "contact", fields{"reached": true, "at": "2026-03-02T10:00:00+08:00", "said": "新部门的内部记录"})
	o.get("p-h1", "/cases/"+c.ID).refused(http.StatusNotFound, "case.not_found")
	again := ok[CommandResult](o.post("p-h1", "/cases/"+c.ID+"/return", body, "Idempotency-Key", "once-only-1"))
	if !again.Replayed || again.Case.Number != first.Case.Number {
		t.Errorf("%+v", again)
	}
	if v := again.Case; len(v.Contacts) > 0 || v.Facts != "" || v.Title != "" || v.Handler != nil || len(v.Tasks) > 0 {
		t.Errorf("shows %+v", v)
	}
}

func TestTheHandlerIsInTheLeadDepartment(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	for _, who := range []string{"p-w2", "p-h2", "p-cy", "p-r"} {
		o.do("p-h1", c, "accept", fields{"handler_id": who}).refused(http.StatusBadRequest, "case.person")
	}
	c = o.must("p-h1", c, "accept", fields{"handler_id": "p-h1"}) // a head may handle it themselves
	o.do("p-h1", c, "assign", fields{"handler_id": "p-w2"}).refused(http.StatusBadRequest, "case.person")
	o.must("p-h1", c, "assign", fields{"handler_id": "p-w1"})
}

func TestAnOfferToLeadOpensNothing(t *testing.T) {
	o := newOffice(t)
	c := o.must("p-cy", o.reported(), "register", nil)
	c = o.must("p-cy", c, "classify", fields{"domain": "livelihood", "scope": "individual", "reach": "cross", "grid_id": "g-1"})
	c = o.must("p-cy", c, "open_at_ii", fields{"reason": "职责不清，没有一个部门能够单独牵头"})
	v := ok[workflow.CaseView](o.get("p-h2", "/cases/"+c.ID))
	if !v.Masked {
		t.Fatalf("%+v", v)
	}
	o.must("p-h2", v, "claim", fields{"handler_id": "p-w2"})
	if v = ok[workflow.CaseView](o.get("p-h2", "/cases/"+c.ID)); !v.Masked || len(v.Offers) != 1 {
		t.Errorf("after the offer: %+v", v)
	}
	o.get("p-w2", "/cases/"+c.ID).refused(http.StatusNotFound, "case.not_found")
	if v = ok[workflow.CaseView](o.get("p-h3", "/cases/"+c.ID)); !v.Masked || len(v.Offers) != 0 {
		t.Errorf("another head sees the offer: %+v", v)
	}
}

func TestTheGridIsTheCommunitys(t *testing.T) {
	o := newOffice(t)
	report := fields{"title": "电梯停用一月", "facts": "电梯停用，老人下楼困难", "place": "春江花园 5 号", "community_id": "c-1"}
	c := ok[CommandResult](o.post("p-gl", "/cases", report)).Case
	if c.Grid == nil || c.Grid.ID != "g-1" {
		t.Errorf("%+v", c.Grid)
	}
	ok[workflow.CaseView](o.get("p-gc", "/cases/"+c.ID))
	report["grid_id"] = "g-2"
	o.post("p-gl", "/cases", report).refused(http.StatusBadRequest, "case.grid")
}

func TestResidentsReadTheAnswerWrittenForThem(t *testing.T) {
	o := newOffice(t)
	order := o.ticketed("H-ANSWER-1")
	c := o.must("p-cy", o.dispatched(), "attach", fields{"ticket_id": order.ID})
	c = o.must("p-h1", c, "accept", fields{"handler_id": "p-w1"})
	c = o.must("p-w1", c, "submit", fields{"result": "张伟与邻居李四（13912345678）协商一致", "answer": "施工已改在白天，联系电话13912345678", "outcome": "solved", "evidence": []string{"照片"}})
	before := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID))
	if before.Submission != nil {
		t.Errorf("before it is verified: %+v", before.Submission)
	}
	o.must("p-cy", c, "verify_pass", fields{"finding": "属实", "outcome": "solved"})
	v := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID))
	if v.Submission == nil || v.Submission.Result != "" || !strings.Contains(v.Submission.Answer, "改在白天") || strings.Contains(v.Submission.Answer, "13912345678") {
		t.Errorf("%+v", v.Submission)
	}
}

func TestToDosTellLateAsLate(t *testing.T) {
	o := newOffice(t)
	late := o.reported()
	o.at("2026-03-09 10:00")
	if _, err := o.engine.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	routine := 0
	for _, e := range ok[workflow.Page[workflow.TimelineItem]](o.get("p-cy", "/cases/"+late.ID+"/timeline")).Items {
		if e.Routine != (e.Kind == casework.EventChased) {
			t.Errorf("%s: routine %v", e.Kind, e.Routine)
		}
		if e.Routine {
			routine++
		}
	}
	if routine < 2 {
		t.Errorf("chased %d times", routine)
	}
	page := ok[workflow.Page[workflow.TodoItem]](o.get("p-cy", "/todos"))
	if len(page.Items) != 1 || !page.Items[0].Clock.Overdue || page.Items[0].Clock.WorkingDays >= 0 {
		t.Errorf("%+v", page.Items)
	}
}

// Whoever has two posts reads what waits at both, or at the one they choose: what the post has to do, and what is theirs in person there.
func TestWhoHasSeveralPostsChoosesOne(t *testing.T) {
	o := newOffice(t)
	o.hire("p-two", "金双岗", "13812345678", organisation.Post{Role: casework.DepartmentHead, Unit: "d-2"}, organisation.Post{Role: casework.Handler, Unit: "d-1"})
	mine := o.must("p-h1", o.dispatched(), "accept", fields{"handler_id": "p-two"})
	theirs := o.must("p-cy", o.classified(), "dispatch", fields{"lead_department_id": "d-2"})
	read := func(query string) (ids []string, page workflow.TodoPage) {
		t.Helper()
		page = ok[workflow.TodoPage](o.get("p-two", "/todos"+query))
		for _, i := range page.Items {
			ids = append(ids, i.CaseID)
		}
		return ids, page
	}
	for query, want := range map[string][]string{
		"":                          {mine.ID, theirs.ID}, // to call the requester, and to accept: both within a day, the older in front
		"?post=department_head:d-2": {theirs.ID},
		"?post=handler:d-1":         {mine.ID},
		"?post=handler:d-1&limit=1": {mine.ID},
	} {
		got, page := read(query)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", query, d)
		}
		if d := cmp.Diff([]workflow.TodoPost{{Post: "department_head:d-2", Label: "规划办负责人", Count: 1}, {Post: "handler:d-1", Label: "执法队承办人", Count: 1}}, page.Posts); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
	_, page := read("?post=handler:d-1")
	if i := page.Items[0]; i.LeadDepartment == nil || i.LeadDepartment.ID != "d-1" || i.Handler == nil || i.Handler.Name != "金双岗" {
		t.Errorf("who has the case: %+v", i)
	}
	if _, first := read("?limit=1"); first.Next == "" {
		t.Error("no second page")
	} else if ids, second := read("?limit=1&cursor=" + first.Next); len(ids) != 1 || ids[0] != theirs.ID || second.Posts != nil || second.Next != "" {
		t.Errorf("%v %+v", ids, second)
	}
	if one := ok[workflow.TodoPage](o.get("p-h1", "/todos")); one.Posts != nil {
		t.Errorf("who has one post is offered %+v", one.Posts)
	}
	for _, post := range []string{"department_head:d-1", "handler:d-2", "centre", "person:p-two", "x"} {
		o.get("p-two", "/todos?post="+post).refused(http.StatusBadRequest, "todo.post")
	}
}
