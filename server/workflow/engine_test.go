package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/blob"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// world is an engine with a small street and a clock that the test moves.
type world struct {
	t   *testing.T
	db  *store.DB
	e   *workflow.Engine
	mu  sync.Mutex
	now time.Time

	blobs  *blob.Folder
	folder string
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) at(text string) {
	w.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, workday.Shanghai)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.now = at
	w.mu.Unlock()
}

func year2026() workday.Year {
	return workday.Year{Year: 2026, Source: "测试", Off: map[workday.Date]string{{Year: 2026, Month: 5, Day: 1}: "劳动节"}, Work: map[workday.Date]string{}}
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db}
	w.at("2026-03-02 10:00") // a Monday
	var err error
	w.folder = filepath.Join(t.TempDir(), "attachments")
	if w.blobs, err = blob.NewFolder(w.folder); err != nil {
		t.Fatal(err)
	}
	w.e = workflow.New(db, workflow.Options{Clock: w.clock, Blobs: w.blobs})
	ctx := context.Background()
	if err := w.e.Seed(ctx, []workday.Year{year2026()}, casework.DefaultPolicy()); err != nil {
		t.Fatal(err)
	}
	if err := w.e.LoadOrganisation(ctx, street()); err != nil {
		t.Fatal(err)
	}
	return w
}

func street() workflow.Street {
	person := func(id, name string, posts ...organisation.Post) organisation.Person {
		return organisation.Person{ID: id, Name: name, Posts: posts}
	}
	post := func(r casework.Role, unit string) organisation.Post { return organisation.Post{Role: r, Unit: unit} }
	resident := person("p-r", "沈阿婆", post(casework.Resident, ""))
	resident.Phone = "13800000001"
	return workflow.Street{
		Departments: []organisation.Department{
			{ID: "d-1", Name: "综合执法队", DeputyLeader: "p-fg"}, {ID: "d-2", Name: "规划办", DeputyLeader: "p-fg"}, {ID: "d-3", Name: "房管所", DeputyLeader: "p-fg"},
		},
		Grids:       []organisation.Grid{{ID: "g-1", Name: "第一网格"}},
		Communities: []organisation.Community{{ID: "c-1", Name: "春江花园", GridID: "g-1"}},
		People: []organisation.Person{
			person("p-cy", "王敏", post(casework.Centre, "")), person("p-fg", "陈副主任", post(casework.DeputyLeader, "d-1"), post(casework.DeputyLeader, "d-2"), post(casework.DeputyLeader, "d-3")),
			person("p-h1", "李刚", post(casework.DepartmentHead, "d-1")), person("p-h2", "周平", post(casework.DepartmentHead, "d-2")), person("p-h3", "吴英", post(casework.DepartmentHead, "d-3")),
			person("p-w1", "张伟", post(casework.Handler, "d-1")), person("p-gc", "赵强", post(casework.GridChief, "g-1")), person("p-gl", "孙丽", post(casework.Liaison, "g-1")),
			person("p-pl", "郑主任", post(casework.PrincipalLeader, "")), person("p-dc", "钱督", post(casework.Supervisor, "")), resident,
		},
	}
}

func (w *world) actor(id string) casework.Actor {
	w.t.Helper()
	a, ok, err := w.e.Actor(context.Background(), id)
	if err != nil || !ok {
		w.t.Fatalf("actor %s: %v %v", id, ok, err)
	}
	return a
}

// do gives a command on the case as it stands.
func (w *world) do(id, who string, cmd casework.Command) (casework.Case, error) {
	w.t.Helper()
	version := int64(0)
	if id != "" {
		l, err := w.db.Case(context.Background(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		version = l.Case.Version
	}
	out, err := w.e.Do(context.Background(), workflow.Request{Actor: w.actor(who), CaseID: id, Version: version, Command: cmd})
	return out.Case, err
}

func (w *world) must(id, who string, cmd casework.Command) casework.Case {
	w.t.Helper()
	c, err := w.do(id, who, cmd)
	if err != nil {
		w.t.Fatalf("%s by %s: %v", cmd.Name(), who, err)
	}
	return c
}

// dispatched makes a case that waits for d-1 to accept it.
func (w *world) dispatched() casework.Case {
	w.t.Helper()
	c := w.must("", "p-gl", casework.Report{Title: "春江花园夜间施工扰民", Facts: "连续一周夜间施工", Place: "春江花园", GridID: "g-1"})
	w.must(c.ID, "p-cy", casework.Register{})
	w.must(c.ID, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, GridID: "g-1"})
	return w.must(c.ID, "p-cy", casework.Dispatch{LeadDepartmentID: "d-1"})
}

func (w *world) sweep() workflow.Swept {
	w.t.Helper()
	s, err := w.e.Sweep(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if s.Failed > 0 {
		w.t.Fatalf("sweep: %+v", s)
	}
	return s
}

func (w *world) verify() {
	w.t.Helper()
	v, err := w.e.Verify(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if len(v.Findings) > 0 {
		w.t.Fatalf("audit: %+v", v.Findings)
	}
}

func TestACaseNotSolvedInTimeClimbsByItself(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := w.dispatched()
		w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
		w.at("2026-03-05 17:00") // the close of the third working day
		w.sweep()
		l, err := db.Case(context.Background(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if l.Case.Status != casework.Convening || l.Case.Tier != casework.TierII {
			t.Fatalf("after three working days: %s %s", l.Case.Status, l.Case.Tier)
		}
		if s := w.sweep(); s.Cases != 0 {
			t.Fatalf("a second sweep at the same instant did something: %+v", s)
		}
		// Nobody looked for three weeks: II and I are caught up in order, each at the instant it fell due.
		w.at("2026-03-27 10:00")
		w.sweep()
		events, err := db.Events(context.Background(), c.ID, 0, false, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var climbed []string
		for _, e := range events {
			if e.Kind == casework.EventEscalated || e.Kind == casework.EventOverdue {
				climbed = append(climbed, string(e.Kind)+" "+e.At.In(workday.Shanghai).Format("01-02 15:04"))
			}
		}
		want := fmt.Sprint([]string{"escalated 03-05 17:00", "escalated 03-12 17:00", "overdue 03-19 17:00"})
		if fmt.Sprint(climbed) != want {
			t.Fatalf("climbed %v, want %s", climbed, want)
		}
		w.verify()
	})
}

func TestWhoeverIsSecondIsToldTheCaseHasMovedOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := w.dispatched()
		req := workflow.Request{Actor: w.actor("p-h1"), CaseID: c.ID, Version: c.Version, Command: casework.Accept{HandlerID: "p-w1"}}
		if _, err := w.e.Do(context.Background(), req); err != nil {
			t.Fatal(err)
		}
		_, err := w.e.Do(context.Background(), req)
		if apperr.ReasonOf(err) != "case.version_conflict" {
			t.Fatalf("second accept: %v", err)
		}
	})
}

func TestARepeatedKeyDoesNothingTheSecondTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := w.dispatched()
		req := workflow.Request{Actor: w.actor("p-h1"), CaseID: c.ID, Version: c.Version, Command: casework.Accept{HandlerID: "p-w1"}, Key: "k-1"}
		const clients = 8
		var wg sync.WaitGroup
		outs := make([]workflow.Outcome, clients)
		errs := make([]error, clients)
		for i := range clients {
			wg.Go(func() { outs[i], errs[i] = w.e.Do(context.Background(), req) })
		}
		wg.Wait()
		first := 0
		for i := range clients {
			if errs[i] != nil {
				t.Fatalf("client %d: %v", i, errs[i])
			}
			if !outs[i].Replayed {
				first++
			}
			if outs[i].Case.Version != c.Version+1 {
				t.Fatalf("client %d: version %d", i, outs[i].Case.Version)
			}
		}
		if first != 1 {
			t.Fatalf("%d requests did it, want one", first)
		}
		other := req
		other.Command = casework.Accept{HandlerID: "p-h1"}
		if _, err := w.e.Do(context.Background(), other); apperr.ReasonOf(err) != "request.key_reused" {
			t.Fatalf("another request with the same key: %v", err)
		}
		// A repeated report makes one case.
		report := workflow.Request{Actor: w.actor("p-gl"), Command: casework.Report{Title: "路灯不亮", Facts: "一个月了", Place: "东门"}, Key: "k-2"}
		a, err := w.e.Do(context.Background(), report)
		if err != nil {
			t.Fatal(err)
		}
		b, err := w.e.Do(context.Background(), report)
		if err != nil || !b.Replayed || a.Case.ID != b.Case.ID {
			t.Fatalf("repeated report: %v %+v", err, b)
		}
	})
}

func TestARefusedCommandStillSavesWhatHadFallenDue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := w.dispatched()
		w.at("2026-03-06 09:00")
		_, err := w.e.Do(context.Background(), workflow.Request{Actor: w.actor("p-h1"), CaseID: c.ID, Version: c.Version, Command: casework.Accept{HandlerID: "p-w1"}})
		var refused *apperr.Error
		if !errors.As(err, &refused) || refused.Code != apperr.FailedPrecondition {
			t.Fatalf("accepting what has escalated: %v", err)
		}
		l, err := db.Case(context.Background(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if l.Case.Tier != casework.TierII || l.Case.Status != casework.Convening {
			t.Fatalf("what fell due was not saved: %s %s", l.Case.Tier, l.Case.Status)
		}
		w.verify()
	})
}

func TestOutsideTheScopeACaseDoesNotExist(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := w.dispatched()
		if _, err := w.do(c.ID, "p-h2", casework.Progress{Text: "我来看看"}); !errors.Is(err, store.ErrNoCase) {
			t.Fatalf("another department's head: %v", err)
		}
		if _, err := w.e.Case(context.Background(), w.actor("p-h2"), c.ID); !errors.Is(err, store.ErrNoCase) {
			t.Fatalf("reading: %v", err)
		}
		v, err := w.e.Case(context.Background(), w.actor("p-h1"), c.Number)
		if err != nil || v.ID != c.ID {
			t.Fatalf("its own head, by number: %v", err)
		}
	})
}

func hotline(no, community, phone string, at time.Time) ticket.Ticket {
	return ticket.Ticket{
		Source: ticket.Hotline, OrderNo: no, Content: "反映" + community + "夜间施工噪声扰民，影响休息。", Community: community, Category: [5]string{"环境治理", "噪声"},
		Requester: ticket.Requester{Kind: ticket.Person, Phone: phone}, AcceptedAt: at, ReassignedColumn: -1, ReturnedColumn: -1, Fingerprint: "f-" + no,
	}
}

func (w *world) takeIn(batch ...ticket.Ticket) workflow.Taken {
	w.t.Helper()
	taken, err := w.e.TakeIn(context.Background(), batch, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return taken
}

func TestFiveTicketsInOneDayMakeOneCaseThatKeepsGathering(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		day := time.Date(2026, 3, 2, 8, 0, 0, 0, workday.Shanghai)
		var batch []ticket.Ticket
		for i := range 5 {
			batch = append(batch, hotline(fmt.Sprintf("2026030208000%d", i), "春江花园", fmt.Sprintf("1380000000%d", i), day.Add(time.Duration(i)*time.Minute)))
		}
		if taken := w.takeIn(batch[:4]...); taken.Cases != 0 {
			t.Fatalf("four tickets made a case: %+v", taken)
		}
		if taken := w.takeIn(batch...); taken != (workflow.Taken{Created: 1, Unchanged: 4, Cases: 1}) {
			t.Fatalf("the fifth: %+v", taken)
		}
		if taken := w.takeIn(batch...); taken != (workflow.Taken{Unchanged: 5}) {
			t.Fatalf("again: %+v", taken)
		}
		page, err := w.e.Cases(context.Background(), w.actor("p-cy"), workflow.CaseQuery{Limit: 10})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("cases: %v %+v", err, page.Items)
		}
		id := page.Items[0].ID
		if page.Items[0].Tickets != 5 || page.Items[0].Status != casework.Registered {
			t.Fatalf("case: %+v", page.Items[0])
		}
		w.takeIn(hotline("20260302090000", "春江花园", "13800000009", day.Add(time.Hour)))
		l, _ := db.Case(context.Background(), id)
		if len(l.Case.Tickets) != 6 {
			t.Fatalf("the sixth was not attached: %d", len(l.Case.Tickets))
		}
		w.verify()
	})
}

func TestWhatAPersonRejectedDoesNotFireAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		tk := hotline("20260301080000", "春江花园", "13800000001", time.Date(2026, 3, 1, 8, 0, 0, 0, workday.Shanghai))
		tk.Satisfaction = ticket.Dissatisfied
		if taken := w.takeIn(tk); taken.Cases != 1 {
			t.Fatalf("a dissatisfied ticket: %+v", taken)
		}
		page, _ := w.e.Cases(context.Background(), w.actor("p-cy"), workflow.CaseQuery{Limit: 10})
		w.must(page.Items[0].ID, "p-cy", casework.Reject{Reason: "误评，已核实"})
		tk.Reply, tk.Fingerprint = "已回复", "f-2"
		if taken := w.takeIn(tk); taken.Cases != 0 || taken.Updated != 1 {
			t.Fatalf("the same evidence fired again: %+v", taken)
		}
		// New evidence about the same matter opens a case linked to the rejected one.
		again := hotline("20260302080000", "春江花园", "13800000002", time.Date(2026, 3, 2, 8, 0, 0, 0, workday.Shanghai))
		again.Satisfaction = ticket.Dissatisfied
		if taken := w.takeIn(again); taken.Cases != 1 {
			t.Fatalf("new evidence: %+v", taken)
		}
		open, _ := w.e.Cases(context.Background(), w.actor("p-cy"), workflow.CaseQuery{Limit: 10})
		l, _ := db.Case(context.Background(), open.Items[0].ID)
		if l.Case.LinkedCase != page.Items[0].ID {
			t.Fatalf("linked to %q", l.Case.LinkedCase)
		}
	})
}

func TestAChangedCalendarMovesOpenDeadlinesWithOneEventEach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.at("2026-04-29 10:00")
		c := w.dispatched()
		s, _ := c.Stage()
		if got := s.DueAt.In(workday.Shanghai).Format("01-02"); got != "05-05" {
			t.Fatalf("due %s with one day off", got)
		}
		corrected := year2026()
		for d := 2; d <= 5; d++ {
			corrected.Off[workday.Date{Year: 2026, Month: 5, Day: d}] = "劳动节"
		}
		if _, err := w.e.LoadYear(context.Background(), casework.SystemActor(), corrected); err != nil {
			t.Fatal(err)
		}
		w.sweep()
		l, _ := db.Case(context.Background(), c.ID)
		s, _ = l.Case.Stage()
		if got := s.DueAt.In(workday.Shanghai).Format("01-02 15:04"); got != "05-07 17:00" {
			t.Fatalf("due %s after the corrected notice", got)
		}
		events, _ := db.Events(context.Background(), c.ID, 0, false, 100)
		moved := 0
		for _, e := range events {
			if e.Kind == casework.EventRecalculated {
				moved++
			}
		}
		if moved == 0 {
			t.Fatal("no event tells the change")
		}
		if swept := w.sweep(); swept.Events != 0 {
			t.Fatalf("counted again without a change: %+v", swept)
		}
		w.verify()
	})
}

func TestMergeAndSplitMoveTicketsBothWays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		day := time.Date(2026, 3, 1, 8, 0, 0, 0, workday.Shanghai)
		a, b := hotline("20260301080000", "春江花园", "13800000001", day), hotline("20260301080001", "东门小区", "13800000002", day)
		a.Satisfaction, b.Satisfaction = ticket.Dissatisfied, ticket.Dissatisfied
		w.takeIn(a, b)
		page, _ := w.e.Cases(context.Background(), w.actor("p-cy"), workflow.CaseQuery{Limit: 10})
		if len(page.Items) != 2 {
			t.Fatalf("%d cases", len(page.Items))
		}
		source, target := page.Items[0].ID, page.Items[1].ID
		w.must(source, "p-cy", casework.Merge{TargetID: target})
		tickets, _ := w.e.Tickets(context.Background(), w.actor("p-cy"), workflow.TicketQuery{CaseID: target, Limit: 10})
		if len(tickets.Items) != 2 {
			t.Fatalf("target has %d tickets", len(tickets.Items))
		}
		w.must(source, "p-cy", casework.Split{Reason: "不是同一件事"})
		tickets, _ = w.e.Tickets(context.Background(), w.actor("p-cy"), workflow.TicketQuery{CaseID: source, Limit: 10})
		if len(tickets.Items) != 1 {
			t.Fatalf("source has %d tickets back", len(tickets.Items))
		}
		w.verify()
	})
}
