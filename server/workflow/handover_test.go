package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// move puts a person to other posts; none means that they leave.
func (w *world) move(person string, posts ...organisation.Post) {
	w.t.Helper()
	p := organisation.Person{ID: person, Posts: posts}
	if len(posts) == 0 {
		p.Left = true
	}
	if err := w.e.LoadOrganisation(context.Background(), workflow.Street{People: []organisation.Person{p}}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) later(by time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(by)
	w.mu.Unlock()
}

// sees lists the numbers of the cases that somebody's lists hold and that open to them.
func (w *world) sees(who string) []string {
	w.t.Helper()
	a := w.actor(who)
	page, err := w.e.Cases(context.Background(), a, workflow.CaseQuery{All: true, Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	numbers := []string{}
	for _, c := range page.Items {
		if _, err := w.e.Case(context.Background(), a, c.ID); err != nil {
			w.t.Errorf("%s lists %s and cannot open it: %v", who, c.Number, err)
		}
		numbers = append(numbers, c.Number)
	}
	slices.Sort(numbers)
	return numbers
}

func (w *world) events(id string, kind casework.EventKind) (n int) {
	w.t.Helper()
	events, err := w.db.Events(context.Background(), id, 0, false, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func TestWhoMovesSeesWhatTheNewPostsGive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		// One that they handle, one that they handled, one that they reported, one of the department they go to.
		handled, open := w.dispatched(), w.dispatched()
		for _, c := range []casework.Case{handled, open} {
			w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
		}
		w.must(handled.ID, "p-w1", casework.Submit{Result: "已处理", Outcome: casework.ActuallySolved, Evidence: []string{"照片"}})
		w.must(handled.ID, "p-cy", casework.VerifyPass{Finding: "属实", Outcome: casework.ActuallySolved})
		reported := w.must("", "p-w1", casework.Report{Title: "路灯不亮", Facts: "连续三天", Place: "春江花园", GridID: "g-1"})
		theirs := w.dispatched()
		w.must(theirs.ID, "p-cy", casework.Transfer{LeadDepartmentID: "d-2", Reason: "属规划办"})

		want := []string{handled.Number, open.Number, reported.Number}
		slices.Sort(want)
		if got := w.sees("p-w1"); !slices.Equal(got, want) {
			t.Fatalf("before: %v, want %v", got, want)
		}
		w.move("p-w1", organisation.Post{Role: casework.Handler, Unit: "d-2"})
		want = []string{reported.Number, theirs.Number}
		slices.Sort(want)
		for _, when := range []string{"at once", "after the sweep"} {
			if got := w.sees("p-w1"); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", when, got, want)
			}
			for _, id := range []string{handled.ID, open.ID} {
				if _, err := w.e.Case(ctx, w.actor("p-w1"), id); reasonOf(err) != "case.not_found" {
					t.Errorf("%s: %v", when, err)
				}
				if _, err := w.do(id, "p-w1", casework.Progress{Text: "还在办"}); reasonOf(err) != "case.not_found" {
					t.Errorf("%s: %v", when, err)
				}
			}
			w.sweep()
		}
		l, err := db.Case(ctx, open.ID)
		if err != nil || l.Case.HandlerID != "" || w.events(open.ID, "hand_over") != 1 {
			t.Errorf("%q has it, %d events, %v", l.Case.HandlerID, w.events(open.ID, "hand_over"), err)
		}
		todos, err := w.e.Todos(ctx, w.actor("p-h1"), "", "", 20)
		if err != nil || !slices.ContainsFunc(todos.Items, func(i workflow.TodoItem) bool { return i.CaseID == open.ID && i.Kind == casework.TodoContact }) {
			t.Errorf("the head has nothing to do: %+v %v", todos.Items, err)
		}
		inbox, err := w.e.Inbox(ctx, w.actor("p-h1"), true, "", 20)
		if err != nil || !slices.ContainsFunc(inbox.Items, func(n workflow.NoticeItem) bool { return n.CaseID == open.ID && n.Kind == casework.NoticeHandedOver }) {
			t.Errorf("the head was not told: %+v %v", inbox.Items, err)
		}
		if line := w.timeline(open.ID); line != "移交：张伟岗位变动：承办由综合执法队负责人接手" {
			t.Error(line)
		}
		// The list of who moved empties once every process must know.
		w.later(6 * time.Second)
		if s := w.sweep(); s.HandedOver != 0 {
			t.Errorf("handed over again: %+v", s)
		}
		if list, err := db.Handovers(ctx, "", 10); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// timeline gives the last line of a case's timeline as staff read it.
func (w *world) timeline(id string) string {
	w.t.Helper()
	page, err := w.e.Timeline(context.Background(), w.actor("p-cy"), id, 0, 100, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Items[len(page.Items)-1].Text
}

func TestWhoLeavesHandsOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		c := w.dispatched()
		w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
		w.must(c.ID, "p-cy", casework.OpenAtI{Ground: casework.MassComplaint, Reason: "多人投诉"})
		due := w.clock().Add(24 * time.Hour)
		w.must(c.ID, "p-pl", casework.Convene{
			Minutes: "会商", LeadDepartmentID: "d-1", HandlerID: "p-w1", LeaderID: "p-w1", Plan: "方案",
			Members: []casework.Duty{{PersonID: "p-w1", Duty: "清理", DueAt: due}, {PersonID: "p-h2", Duty: "测绘", DueAt: due}},
		})
		if _, err := w.e.Delegate(ctx, w.actor("p-w1"), "", "p-h1", w.clock(), w.clock().Add(240*time.Hour)); err != nil {
			t.Fatal(err)
		}
		work, err := w.e.Work(ctx, "p-w1", "", 20)
		if err != nil || len(work.Items) != 4 {
			t.Fatalf("%+v %v", work.Items, err)
		}
		for _, i := range work.Items {
			if i.Part != "delegation" && i.FallsTo != "综合执法队负责人（李刚）" {
				t.Errorf("%+v", i)
			}
		}
		at, err := w.e.Leave(ctx, w.actor("p-cy"), "p-w1", "辞职，电话13800138000")
		if err != nil || !at.Equal(w.clock()) {
			t.Fatal(at, err)
		}
		w.later(time.Hour)
		if since, err := w.e.Leave(ctx, w.actor("p-cy"), "p-w1", "辞职"); err != nil || !since.Equal(at) {
			t.Errorf("a retry: %s %v", since, err)
		}
		if _, ok, _ := w.e.Actor(ctx, "p-w1"); ok {
			t.Error("still has access")
		}
		log, err := w.e.AuditLog(ctx, store.AuditFilter{Object: "person:p-w1", Limit: 10})
		if err != nil || len(log) != 2 || log[0].Action != "organisation.apply" || log[1].Action != "person.leave" || log[1].Detail["reason"] != "辞职，电话138****8000" {
			t.Errorf("%+v %v", log, err)
		}
		if a := w.actor("p-h1"); len(a.StandsInFor) != 0 {
			t.Errorf("still stands in for %v", a.StandsInFor)
		}
		w.sweep()
		l, err := db.Case(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Case; got.HandlerID != "" || got.TaskForce.Leader != "" || len(got.TaskForce.Members) != 1 || w.events(c.ID, "hand_over") != 1 {
			t.Errorf("%+v, %d events", got.TaskForce, w.events(c.ID, "hand_over"))
		}
		open := 0
		for _, task := range l.Case.Tasks {
			if task.Addressee == "department_head:d-1" && task.Text == "清理" && task.DueAt.Equal(due.UTC().Truncate(time.Millisecond)) {
				open++
			}
		}
		if open != 1 {
			t.Errorf("%+v", l.Case.Tasks)
		}
		if v, err := w.e.Verify(ctx); err != nil || len(v.Findings) > 0 {
			t.Errorf("%+v %v", v.Findings, err)
		}
		// The only centre cannot leave.
		for id, reason := range map[string]string{"p-cy": "person.needed", "p-none": "person.not_found"} {
			if _, err := w.e.Leave(ctx, w.actor("p-dc"), id, "退休"); reasonOf(err) != reason {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}

// Many cases, several sweepers, some stopped halfway: each case is handed over once.
func TestHandingOverManyCases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		const many = 120
		var ids []string
		for range many {
			c := w.dispatched()
			w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
			ids = append(ids, c.ID)
		}
		w.move("p-w1")
		stopped, stop := context.WithCancel(ctx)
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				c := ctx
				if i == 0 {
					c = stopped
				}
				e := workflow.New(db, workflow.Options{Clock: w.clock})
				if _, err := e.Sweep(c); err != nil && c == ctx {
					t.Error(err)
				}
			})
		}
		time.Sleep(20 * time.Millisecond)
		stop()
		all.Wait()
		w.sweep()
		for _, id := range ids {
			l, err := db.Case(ctx, id)
			if err != nil || l.Case.HandlerID != "" || w.events(id, "hand_over") != 1 {
				t.Fatalf("%s: %q, %d events, %v", l.Case.Number, l.Case.HandlerID, w.events(id, "hand_over"), err)
			}
		}
		w.later(6 * time.Second)
		w.sweep()
		if list, err := db.Handovers(ctx, "", 10); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestAHandlerWorksInTheLead(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	c := w.dispatched()
	if _, err := w.do(c.ID, "p-h1", casework.Accept{HandlerID: "p-h2"}); reasonOf(err) != "case.person" {
		t.Error(err)
	}
	w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
	if _, err := w.do(c.ID, "p-h1", casework.Assign{HandlerID: "p-h3"}); reasonOf(err) != "case.person" {
		t.Error(err)
	}
	w.must(c.ID, "p-h1", casework.Assign{HandlerID: "p-h1"})
}

func TestProposals(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		admin := func(id string, role casework.Role) casework.Actor {
			return casework.Actor{PersonID: id, Posts: []casework.Post{{Role: role}}}
		}
		system, security := admin("p-sys", casework.SystemAdmin), admin("p-sec", casework.SecurityAdmin)
		promote := workflow.Street{People: []organisation.Person{{ID: "p-w1", Phone: "13800138000", Posts: []organisation.Post{{Role: casework.DepartmentHead, Unit: "规划办"}}}}}
		p, err := w.e.ProposeOrganisation(ctx, system, promote, false)
		if err != nil || !p.Posts || p.DecidesRole != casework.SecurityAdmin || len(p.Changes) != 1 {
			t.Fatalf("%+v %v", p, err)
		}
		if again, err := w.e.ProposeOrganisation(ctx, system, promote, false); err != nil || again.ID != p.ID {
			t.Errorf("a retry made another: %v", err)
		}
		if _, err := w.e.ApplyProposal(ctx, system, p.ID); reasonOf(err) != "organisation.security_admin" {
			t.Error(err)
		}
		if _, err := w.e.ApplyProposal(ctx, admin("p-sys", casework.SecurityAdmin), p.ID); reasonOf(err) != "organisation.own_proposal" {
			t.Error(err)
		}
		// Somebody else changes the same person: what was read is no longer what would happen.
		if err := w.e.LoadOrganisation(ctx, workflow.Street{People: []organisation.Person{{ID: "p-w1", Name: "张大伟"}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.e.ApplyProposal(ctx, security, p.ID); err != nil {
			t.Errorf("a change of something else is no difference: %v", err)
		}
		if a := w.actor("p-w1"); len(a.Posts) != 1 || a.Posts[0].Role != casework.DepartmentHead || a.Posts[0].Unit != "d-2" || a.Name != "张大伟" {
			t.Errorf("%+v", a)
		}
		if _, err := w.e.ApplyProposal(ctx, security, p.ID); err != nil {
			t.Errorf("a retry: %v", err)
		}
		if _, err := w.e.DiscardProposal(ctx, system, p.ID); reasonOf(err) != "organisation.decided" {
			t.Error(err)
		}

		back := workflow.Street{People: []organisation.Person{{ID: "p-w1", Posts: []organisation.Post{{Role: casework.Handler, Unit: "d-1"}}}}}
		p, err = w.e.ProposeOrganisation(ctx, system, back, false)
		if err != nil {
			t.Fatal(err)
		}
		w.move("p-w1", organisation.Post{Role: casework.Handler, Unit: "d-3"})
		_, err = w.e.ApplyProposal(ctx, security, p.ID)
		if reasonOf(err) != "organisation.outdated" {
			t.Fatal(err)
		}
		if now, err := w.e.OrganisationChange(ctx, p.ID); err != nil || now.Status != store.ChangeOpen || now.Changes[0].Fields[0].Before != "房管所承办人" {
			t.Errorf("%+v %v", now, err)
		}
		if _, err := w.e.ApplyProposal(ctx, security, p.ID); err != nil {
			t.Errorf("what was read anew: %v", err)
		}

		rename := workflow.Street{Departments: []organisation.Department{{ID: "d-1", Name: "城管中队"}}}
		p, err = w.e.ProposeOrganisation(ctx, system, rename, false)
		if err != nil || p.Posts {
			t.Fatalf("%+v %v", p, err)
		}
		if _, err := w.e.ApplyProposal(ctx, security, p.ID); reasonOf(err) != "organisation.system_admin" {
			t.Error(err)
		}
		if _, err := w.e.DiscardProposal(ctx, security, p.ID); err != nil {
			t.Error(err)
		}
		if p, err = w.e.ProposeOrganisation(ctx, system, rename, false); err != nil {
			t.Fatal(err)
		}
		if _, err := w.e.ApplyProposal(ctx, system, p.ID); err != nil {
			t.Error(err)
		}
		if _, err := w.e.ProposeOrganisation(ctx, system, rename, false); reasonOf(err) != "organisation.unchanged" {
			t.Error(err)
		}
		page, err := w.e.OrganisationChanges(ctx, store.ChangeApplied, "", 2)
		if err != nil || len(page.Items) != 2 || page.Next == "" {
			t.Errorf("%d %q %v", len(page.Items), page.Next, err)
		}
	})
}

// Two who apply at once: one does, the other is told.
func TestAProposalIsAppliedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		system := casework.Actor{PersonID: "p-sys", Posts: []casework.Post{{Role: casework.SystemAdmin}}}
		p, err := w.e.ProposeOrganisation(ctx, system, workflow.Street{Departments: []organisation.Department{{ID: "d-1", ShortName: "城管"}}}, false)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		applied := 0
		for i := range 4 {
			all.Go(func() {
				by := system
				by.PersonID = fmt.Sprint("p-sys", i)
				if _, err := workflow.New(db, workflow.Options{Clock: w.clock}).ApplyProposal(ctx, by, p.ID); err == nil {
					mu.Lock()
					applied++
					mu.Unlock()
				} else if r := reasonOf(err); r != "organisation.decided" && r != "organisation.revised" && r != "organisation.outdated" {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if applied != 1 {
			t.Errorf("applied %d times", applied)
		}
	})
}

// reasonOf is the reason of an error; "" for none.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*apperr.Error](err); ok {
		return e.Reason
	}
	return ""
}

// A street of 5,000 people in 200 departments loads, previews and lets a thousand go in seconds.
func TestALargeStreet(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		var s workflow.Street
		for i := range 200 {
			s.Departments = append(s.Departments, organisation.Department{ID: fmt.Sprint("d-big-", i), Name: fmt.Sprint("部门", i)})
		}
		for i := range 5000 {
			s.People = append(s.People, organisation.Person{ID: fmt.Sprint("p-big-", i), Name: fmt.Sprint("人员", i), Posts: []organisation.Post{{Role: casework.Handler, Unit: fmt.Sprint("d-big-", i%200)}}})
		}
		began := time.Now()
		if err := w.e.LoadOrganisation(ctx, s); err != nil {
			t.Fatal(err)
		}
		loaded := time.Now()
		for i := range 1000 {
			s.People[i].Left = true
		}
		p, err := w.e.PreviewOrganisation(ctx, workflow.Street{People: s.People}, false)
		if err != nil || len(p.Changes) != 1000 {
			t.Fatal(len(p.Changes), err)
		}
		previewed := time.Now()
		if err := w.e.ApplyOrganisation(ctx, casework.SystemActor(), p); err != nil {
			t.Fatal(err)
		}
		applied := time.Now()
		w.sweep()
		t.Logf("loaded in %v, a thousand leaving previewed in %v, applied in %v, swept in %v", loaded.Sub(began), previewed.Sub(loaded), applied.Sub(previewed), time.Since(applied))
		if took := time.Since(began); took > time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

// A database from before it was noted where somebody has something: the case stands under the person alone, and goes from
// there when they move.
func TestAViewerFromBeforeGoesToo(t *testing.T) {
	db, dsn := storetest.OpenNamed(t)
	w := newWorld(t, db)
	c := w.dispatched()
	w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
	raw := storetest.Raw(t, dsn)
	if _, err := raw.ExecContext(t.Context(), `UPDATE case_viewers SET viewer = 'person:p-w1' WHERE viewer = 'person:p-w1@department:d-1'`); err != nil {
		t.Fatal(err)
	}
	if got := w.sees("p-w1"); len(got) != 1 {
		t.Errorf("before: %v", got)
	}
	w.move("p-w1", organisation.Post{Role: casework.Handler, Unit: "d-2"})
	w.sweep()
	if got := w.sees("p-w1"); len(got) != 0 || w.events(c.ID, "hand_over") != 1 {
		t.Errorf("after: %v", got)
	}
}

// A deputy leader is named by the department: who no longer is moves all the same.
func TestADeputyLeaderMovesByTheDepartment(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	ctx := context.Background()
	street := workflow.Street{
		Departments: []organisation.Department{{ID: "d-9", Name: "综治办", DeputyLeader: "p-new"}},
		People:      []organisation.Person{{ID: "p-new", Name: "新分管", Posts: []organisation.Post{{Role: casework.LeadingGroup}}}},
	}
	if err := w.e.LoadOrganisation(ctx, street); err != nil {
		t.Fatal(err)
	}
	if _, err := w.e.Delegate(ctx, w.actor("p-new"), "", "p-h1", w.clock(), w.clock().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	p, err := w.e.PreviewOrganisation(ctx, workflow.Street{Departments: []organisation.Department{{ID: "d-9", DeputyLeader: "p-fg"}}}, false)
	if err != nil || !p.Posts || p.Total != 2 { // the department, and the delegation that ends
		t.Fatalf("%+v %v", p.Changes, err)
	}
	if err := w.e.ApplyOrganisation(ctx, casework.SystemActor(), p); err != nil {
		t.Fatal(err)
	}
	if list, err := w.db.Handovers(ctx, "", 10); err != nil || len(list) != 1 || list[0].PersonID != "p-new" {
		t.Errorf("%+v %v", list, err)
	}
	if len(w.actor("p-h1").StandsInFor) != 0 {
		t.Error("the delegation runs on")
	}
}
