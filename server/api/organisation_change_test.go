package api

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/organisation"
	"xiaopu/server/workflow"
)

// uploadChange sends an organisation file.
func (o *office) uploadChange(who, name string, data []byte, fields ...string) answer {
	o.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := form.WriteField(fields[i], fields[i+1]); err != nil {
			o.t.Fatal(err)
		}
	}
	if name != "" {
		w, err := form.CreateFormFile("file", name)
		if err != nil {
			o.t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			o.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		o.t.Fatal(err)
	}
	return o.post(who, "/organisation/changes/upload", body.Bytes(), "Content-Type", form.FormDataContentType())
}

var moveW1 = fields{"people": []fields{{"id": "p-w1", "posts": []fields{{"role": "handler", "unit": "规划办"}}}}}

// Who may put forward, apply, discard and see changes of the organisation, one by one.
func TestWhoMayChangeTheOrganisation(t *testing.T) {
	o := newOffice(t)
	posts := func() string {
		return ok[workflow.ProposedChange](o.post("p-sa", "/organisation/changes", moveW1)).ID
	}
	n := 0
	plain := func() string {
		n++
		return ok[workflow.ProposedChange](o.post("p-sa", "/organisation/changes", fields{"departments": []fields{{"id": "d-1", "short_name": fmt.Sprint("简称", n)}}})).ID
	}
	for role, who := range inRole {
		system, security := role == casework.SystemAdmin, role == casework.SecurityAdmin
		want := func(a answer, allowed bool, refusal string) {
			t.Helper()
			switch {
			case allowed && a.status/100 != 2:
				t.Errorf("%s: %s %d %s", role, a.what, a.status, a.body)
			case !allowed:
				a.refused(http.StatusForbidden, refusal)
			}
		}
		want(o.post(who, "/organisation/changes", fields{"grids": []fields{{"name": fmt.Sprint("新网格", role)}}}), system, "auth.denied")
		want(o.uploadChange(who, "x.yaml", []byte("grids: [{name: "+string(role)+"}]")), system, "auth.denied")
		want(o.get(who, "/organisation/changes"), system || security, "auth.denied")
		want(o.get(who, "/organisation/vacancies"), may(o.actor(who), organisationRead), "auth.denied")
		want(o.get(who, "/people"), slices.Contains(administrators, role), "auth.denied")
		want(o.get(who, "/people/p-w1/work"), system || security, "auth.denied")
		if !system {
			want(o.post(who, "/people/p-w2/leave", fields{"reason": "调离"}), false, "auth.denied")
		}

		refusal := "auth.denied"
		if system {
			refusal = "organisation.security_admin"
		}
		id := posts()
		want(o.get(who, "/organisation/changes/"+id), system || security, "auth.denied")
		want(o.post(who, "/organisation/changes/"+id+"/apply", nil), security, refusal)
		if security { // back again
			o.move("p-w1", organisation.Post{Role: casework.Handler, Unit: "d-1"})
		}
		if refusal = "auth.denied"; security {
			refusal = "organisation.system_admin"
		}
		want(o.post(who, "/organisation/changes/"+plain()+"/apply", nil), system, refusal)
		want(o.post(who, "/organisation/changes/"+plain()+"/discard", nil), system || security, "auth.denied")
	}
	for _, action := range []string{"organisation.propose", "organisation.apply", "organisation.discard"} {
		if len(o.audited(action)) == 0 {
			t.Errorf("%s is not in the audit log", action)
		}
	}
}

// move changes somebody's posts directly.
func (o *office) move(person string, posts ...organisation.Post) {
	o.t.Helper()
	if err := o.engine.LoadOrganisation(o.t.Context(), workflow.Street{People: []organisation.Person{{ID: person, Posts: posts}}}); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) actor(who string) casework.Actor {
	o.t.Helper()
	a, _, err := o.engine.Actor(o.t.Context(), who)
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// opens lists the numbers of the cases that somebody finds in their lists, each of which must open, and says of each of the
// others whether it opens all the same.
func (o *office) opens(who string, all []workflow.CaseView) []string {
	o.t.Helper()
	listed := map[string]bool{}
	for _, c := range ok[workflow.Page[workflow.CaseItem]](o.get(who, "/cases?all=true&limit=100")).Items {
		listed[c.ID] = true
	}
	var out []string
	for _, c := range all {
		for _, path := range []string{"", "/timeline", "/tickets"} {
			a := o.get(who, "/cases/"+c.ID+path)
			if listed[c.ID] != (a.status == http.StatusOK) {
				o.t.Errorf("%s: listed %v, %s answers %d", who, listed[c.ID], a.what, a.status)
			}
			if a.status != http.StatusOK {
				a.refused(http.StatusNotFound, "case.not_found")
			}
		}
		if listed[c.ID] {
			out = append(out, c.Number)
		}
	}
	return out
}

// As the system administrator of a street: load an organisation from Excel, move a person to another department and see what
// they can still open.
func TestAPersonMovesToAnotherDepartment(t *testing.T) {
	o := newOffice(t)
	handling := o.must("p-h1", o.dispatched(), "accept", fields{"handler_id": "p-w1"})
	handled := o.must("p-h1", o.dispatched(), "accept", fields{"handler_id": "p-w1"})
	handled = o.must("p-w1", handled, "submit", fields{"result": "已处理", "outcome": "solved", "evidence": []string{"照片"}})
	handled = o.must("p-cy", handled, "verify_pass", fields{"finding": "属实", "outcome": "solved"})
	member := o.must("p-cy", o.dispatched(), "open_at_i", fields{"ground": "mass_complaint", "reason": "多人投诉"})
	member = o.must("p-pl", member, "convene", fields{
		"minutes": "会商纪要", "lead_department_id": "d-3", "leader_id": "p-h3", "plan": "方案",
		"members": []fields{{"person_id": "p-w1", "duty": "配合执法", "due_at": o.clock().Add(24 * time.Hour)}},
	})
	duty := ""
	for _, task := range member.Tasks {
		duty = task.ID
	}
	served := o.must("p-pl", o.must("p-cy", o.dispatched(), "open_at_i", fields{"ground": "mass_complaint", "reason": "多人投诉"}), "convene", fields{
		"minutes": "会商纪要", "lead_department_id": "d-3", "leader_id": "p-h3", "plan": "方案",
		"members": []fields{{"person_id": "p-w1", "duty": "配合执法", "due_at": o.clock().Add(24 * time.Hour)}},
	})
	for _, task := range served.Tasks {
		served = o.must("p-w1", served, "finish_task", fields{"task_id": task.ID, "result": "已配合"})
	}
	reported := ok[CommandResult](o.post("p-w1", "/cases", fields{"title": "路灯不亮", "facts": "连续三天不亮", "place": "春江花园", "grid_id": "g-2"})).Case
	theirs := o.must("p-cy", o.dispatched(), "transfer", fields{"lead_department_id": "d-2", "reason": "属规划办"})
	strange := o.must("p-cy", o.dispatched(), "transfer", fields{"lead_department_id": "d-3", "reason": "属房管所"})
	all := []workflow.CaseView{handling, handled, member, served, reported, theirs, strange}

	want := []string{handling.Number, handled.Number, member.Number, served.Number, reported.Number}
	if got := o.opens("p-w1", all); !slices.Equal(got, want) {
		t.Fatalf("before: %v, want %v", got, want)
	}

	// The organisation as it is, in Excel, with one cell changed.
	k, err := o.engine.Knowledge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	moved, err := organisation.Revise(k.Organisation, workflow.Street{People: []organisation.Person{{ID: "p-w1", Posts: []organisation.Post{{Role: casework.Handler, Unit: "d-2"}}}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	var book bytes.Buffer
	if err := intake.WriteOrganisation(&book, moved, o.clock()); err != nil {
		t.Fatal(err)
	}
	change := ok[workflow.ProposedChange](o.uploadChange("p-sa", "组织架构.xlsx", book.Bytes(), "whole", "true"))
	if len(change.Changes) != 1 || change.Changes[0].ID != "p-w1" || change.DecidesRole != casework.SecurityAdmin || change.Changes[0].Fields[0].After != "规划办承办人" {
		t.Errorf("%+v", change)
	}
	falls := map[string]string{}
	for _, w := range change.Work {
		falls[w.Number+" "+string(w.Part)] = w.FallsTo
	}
	if len(falls) != 3 || falls[handling.Number+" handler"] != "综合执法队负责人（李刚）" || falls[member.Number+" task"] != "综合执法队负责人（李刚）" {
		t.Errorf("%+v", change.Work)
	}
	work := ok[workflow.Page[workflow.WorkItem]](o.get("p-sa", "/people/p-w1/work"))
	if len(work.Items) != 3 || strings.Contains(string(o.get("p-sa", "/people/p-w1/work").body), "施工") {
		t.Errorf("%+v", work.Items)
	}
	if got := o.opens("p-w1", all); !slices.Equal(got, want) {
		t.Errorf("a proposal changes nothing: %v", got)
	}

	ok[workflow.ProposedChange](o.post("p-se", "/organisation/changes/"+change.ID+"/apply", nil))
	want = []string{reported.Number, theirs.Number}
	for _, when := range []string{"at once", "after the sweep"} {
		if got := o.opens("p-w1", all); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
		o.do("p-w1", handling, "progress", fields{"text": "还在办"}).refused(http.StatusNotFound, "case.not_found")
		if when == "at once" {
			if _, err := o.engine.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	v := ok[workflow.CaseView](o.get("p-cy", "/cases/"+member.ID))
	for _, task := range v.Tasks {
		if task.ID == duty && (task.Addressee != "department_head:d-1" || !task.DueAt.Equal(member.Tasks[0].DueAt)) {
			t.Errorf("%+v", task)
		}
	}
	todos := ok[workflow.Page[workflow.TodoItem]](o.get("p-h1", "/todos?limit=100"))
	for _, c := range []workflow.CaseView{handling, member} {
		if !slices.ContainsFunc(todos.Items, func(i workflow.TodoItem) bool { return i.CaseID == c.ID }) {
			t.Errorf("the head has nothing to do on %s", c.Number)
		}
	}
	if got := o.opens("p-h1", []workflow.CaseView{member}); len(got) != 1 {
		t.Error("who has the duty now cannot open the case")
	}
	if work := ok[workflow.Page[workflow.WorkItem]](o.get("p-sa", "/people/p-w1/work")); len(work.Items) != 0 {
		t.Errorf("%+v", work.Items)
	}
}

func TestLeaving(t *testing.T) {
	o := newOffice(t)
	c := o.must("p-h1", o.dispatched(), "accept", fields{"handler_id": "p-w1"})
	token := o.token("p-w1")
	o.post("p-sa", "/people/p-w1/leave", fields{"reason": ""}).refused(http.StatusBadRequest, "request.invalid")
	o.post("p-sa", "/people/p-none/leave", fields{"reason": "调离"}).refused(http.StatusNotFound, "person.not_found")
	o.post("p-sa", "/people/p-cy/leave", fields{"reason": "退休"}).refused(http.StatusConflict, "person.needed")
	o.post("p-sa", "/people/p-sa/leave", fields{"reason": "退休"}).refused(http.StatusConflict, "person.needed")
	for _, who := range []string{"p-se", "p-au"} { // who keep the system administrator in check
		o.post("p-sa", "/people/"+who+"/leave", fields{"reason": "调离"}).refused(http.StatusForbidden, "person.administrator")
	}
	change := ok[workflow.ProposedChange](o.post("p-sa", "/organisation/changes", fields{"people": []fields{{"id": "p-au", "left": true}}}))
	if change.DecidesRole != casework.SecurityAdmin {
		t.Errorf("%+v", change)
	}
	left := ok[LeftAt](o.post("p-sa", "/people/p-w1/leave", fields{"reason": "辞职"}))
	o.pass(time.Hour)
	if again := ok[LeftAt](o.post("p-sa", "/people/p-w1/leave", fields{"reason": "辞职"})); !again.At.Equal(left.At) || len(o.audited("person.leave")) != 1 {
		t.Errorf("left at %s, and again at %s", left.At, again.At)
	}
	o.call("", http.MethodGet, v1+"/me", nil, "Authorization", "Bearer "+token).refused(http.StatusUnauthorized, "auth.left")
	if _, err := o.engine.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v := ok[workflow.CaseView](o.get("p-h1", "/cases/"+c.ID)); v.Handler != nil {
		t.Errorf("%+v", v.Handler)
	}
	page := ok[workflow.Page[StaffEntry]](o.get("p-au", "/people?left=true"))
	if len(page.Items) != 2 || page.Items[0].ID != "p-left" || page.Items[1].ID != "p-w1" || !strings.Contains(page.Items[1].Phone, "****") {
		t.Errorf("%+v", page)
	}
	page = ok[workflow.Page[StaffEntry]](o.get("p-sa", "/people?limit=3"))
	second := ok[workflow.Page[StaffEntry]](o.get("p-sa", "/people?limit=3&after="+page.Next))
	if len(page.Items) != 3 || len(second.Items) != 3 || second.Items[0].ID <= page.Items[2].ID {
		t.Errorf("%+v %+v", page, second)
	}
	if in := ok[workflow.Page[StaffEntry]](o.get("p-sa", "/people?unit=d-1")); len(in.Items) != 2 {
		t.Errorf("%+v", in)
	}
}

// The old password of who left is good for nothing, neither when a later sheet names them nor when they are brought back.
func TestWhoComesBackIsApprovedAndGetsAFirstPassword(t *testing.T) {
	o := newOffice(t)
	o.account("p-w1")
	ok[LeftAt](o.post("p-sa", "/people/p-w1/leave", fields{"reason": "辞职"}))
	again := o.post("p-sa", "/organisation/changes", fields{"people": []fields{{"id": "p-w1"}}}).refused(http.StatusConflict, "organisation.unchanged")
	if !strings.Contains(again.Message, "已离岗，文件没有写明回来，这一行不起作用") {
		t.Error(again.Message)
	}
	change := ok[workflow.ProposedChange](o.post("p-sa", "/organisation/changes", fields{"people": []fields{{"id": "p-w1", "returned": true}}}))
	if change.Changes[0].What != organisation.Returned || change.Changes[0].Fields[0].Label != "岗位" || change.DecidesRole != casework.SecurityAdmin || len(change.Notes) != 1 {
		t.Errorf("%+v", change)
	}
	ok[workflow.ProposedChange](o.post("p-se", "/organisation/changes/"+change.ID+"/apply", nil))
	o.login(home, "p-w1", goodPassword).refused(http.StatusUnauthorized, "auth.refused")
	first := ok[InitialPassword](o.post("p-sa", "/accounts/p-w1/reset-password", nil))
	if next := ok[SignInProgress](o.login(home, first.Login, first.Password)); next.Step == auth.StepDone {
		t.Errorf("%+v", next)
	}
}

func TestWhatIsWrongWithAnOrganisationFile(t *testing.T) {
	o := newOffice(t)
	p := o.uploadChange("p-sa", "x.yaml", []byte("people:\n  - {id: p-w1, phone: '123'}\n  - {id: p-w2, posts: [{role: handler, unit: 没有}]}\n")).refused(http.StatusBadRequest, "organisation.invalid")
	if !strings.Contains(p.Message, "第 2 行") || !strings.Contains(p.Message, "第 3 行") {
		t.Errorf("%+v", p)
	}
	o.uploadChange("p-sa", "x.xlsx", []byte("no workbook")).refused(http.StatusBadRequest, "intake.sheet_format")
	o.uploadChange("p-sa", "", nil).refused(http.StatusBadRequest, "import.no_file")
	o.uploadChange("p-sa", "x.yaml", []byte("grids: []"), "whole", "maybe").refused(http.StatusBadRequest, "organisation.whole")
	o.uploadChange("p-sa", "x.yaml", []byte("grids: []"), "other", "1").refused(http.StatusBadRequest, "request.invalid")
	o.post("p-sa", "/organisation/changes", fields{"people": []fields{{"id": "p-w1", "requesters": []string{"r"}}}}).refused(http.StatusBadRequest, "request.invalid")
	o.post("p-sa", "/organisation/changes", fields{}).refused(http.StatusConflict, "organisation.unchanged")
	p = o.post("p-sa", "/organisation/changes", fields{"people": []fields{{"id": "p-w1", "phone": "123"}}}).refused(http.StatusBadRequest, "organisation.invalid")
	if len(p.Fields) != 1 || p.Fields[0].Name != "people[0]" {
		t.Errorf("%+v", p)
	}
	o.get("p-sa", "/organisation/changes/none").refused(http.StatusNotFound, "organisation.no_change")
}

// When the organisation has changed since, whoever approves reads the new preview first.
func TestAnOldProposalIsReadAnew(t *testing.T) {
	o := newOffice(t)
	id := ok[workflow.ProposedChange](o.post("p-sa", "/organisation/changes", moveW1)).ID
	o.move("p-w1", organisation.Post{Role: casework.Handler, Unit: "d-3"})
	p := o.post("p-se", "/organisation/changes/"+id+"/apply", nil).refused(http.StatusConflict, "organisation.outdated")
	if p.Preview == nil || p.Preview.Changes[0].Fields[0].Before != "房管所承办人" {
		t.Errorf("%+v", p.Preview)
	}
	done := ok[workflow.ProposedChange](o.post("p-se", "/organisation/changes/"+id+"/apply", nil))
	if done.Status != "applied" || done.DecidedBy == nil || done.DecidedBy.ID != "p-se" {
		t.Errorf("%+v", done)
	}
}

func TestDelegationsAreListedAndEnd(t *testing.T) {
	o := newOffice(t)
	period := fields{"to": "p-h2", "from": "2026-03-02T09:00:00+08:00", "until": "2026-03-06T17:00:00+08:00"}
	mine := ok[workflow.DelegationView](o.post("p-h1", "/delegations", period))
	period["from_person"] = "p-gc"
	o.post("p-h1", "/delegations", period).refused(http.StatusForbidden, "delegation.not_yours")
	theirs := ok[workflow.DelegationView](o.post("p-sa", "/delegations", period))
	if theirs.Person.ID != "p-gc" || theirs.Status != "running" {
		t.Errorf("%+v", theirs)
	}
	list := func(who string) (ids []string) {
		for _, d := range ok[workflow.Page[workflow.DelegationView]](o.get(who, "/delegations")).Items {
			ids = append(ids, d.ID)
		}
		slices.Sort(ids)
		return ids
	}
	both := []string{mine.ID, theirs.ID}
	slices.Sort(both)
	for who, want := range map[string][]string{"p-h1": {mine.ID}, "p-h2": both, "p-gc": {theirs.ID}, "p-sa": both, "p-h3": nil} {
		if got := list(who); !slices.Equal(got, want) {
			t.Errorf("%s lists %v, want %v", who, got, want)
		}
	}
	end := func(who, id string) answer { return o.call(who, http.MethodDelete, v1+"/delegations/"+id, nil) }
	end("p-h3", mine.ID).refused(http.StatusNotFound, "delegation.not_found")
	end("p-h1", theirs.ID).refused(http.StatusNotFound, "delegation.not_found")
	end("p-h1", "none").refused(http.StatusNotFound, "delegation.not_found")
	for range 2 { // a retry does nothing
		if a := end("p-h1", mine.ID); a.status != http.StatusNoContent {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if a := end("p-sa", theirs.ID); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	if me := ok[Me](o.get("p-h2", "/me")); len(me.StandsInFor) != 0 {
		t.Errorf("%+v", me.StandsInFor)
	}
	over := ok[workflow.Page[workflow.DelegationView]](o.get("p-h2", "/delegations?over=true&limit=1"))
	if len(over.Items) != 1 || over.Items[0].Status != "over" || over.Items[0].EndedAt == nil || over.Next == "" {
		t.Errorf("%+v", over)
	}
	if len(o.audited("delegation.create")) != 2 || len(o.audited("delegation.end")) != 2 {
		t.Error("not in the audit log")
	}
}
