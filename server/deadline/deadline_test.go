package deadline_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/deadline"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

func engine(t *testing.T, db *store.DB, now *atomic.Pointer[time.Time]) *workflow.Engine {
	t.Helper()
	e := workflow.New(db, workflow.Options{Clock: func() time.Time { return *now.Load() }})
	if err := e.Seed(context.Background(), nil, casework.DefaultPolicy()); err != nil {
		t.Fatal(err)
	}
	if err := e.LoadOrganisation(context.Background(), workflow.Street{People: []organisation.Person{
		{ID: "p-c", Name: "王敏", Posts: []organisation.Post{{Role: casework.Centre}}},
		{ID: "p-s", Name: "钱进", Posts: []organisation.Post{{Role: casework.Supervisor}}},
	}}); err != nil {
		t.Fatal(err)
	}
	return e
}

func at(day, hour int) *time.Time {
	t := time.Date(2026, 3, day, hour, 0, 0, 0, workday.Shanghai)
	return &t
}

func TestOnceDoesTheSlowWorkToo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var now atomic.Pointer[time.Time]
		now.Store(at(2, 10))
		e := engine(t, db, &now)
		ctx := context.Background()
		if _, err := e.TakeIn(ctx, []ticket.Ticket{{
			Source: ticket.Hotline, OrderNo: "20260101080000", Title: "外墙渗水", Content: "三个月没有修", AcceptedAt: now.Load().AddDate(0, 0, -31),
			ReassignedColumn: -1, ReturnedColumn: -1, Fingerprint: "f",
		}}, nil); err != nil {
			t.Fatal(err)
		}
		s := &deadline.Sweeper{Engine: e, Every: time.Second, Logger: slog.New(slog.DiscardHandler)}
		for range 2 { // twice at one instant does it once
			if err := s.Once(ctx, true); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := db.Cases(ctx, store.CaseFilter{Status: casework.Reported, Limit: 10})
		if err != nil || len(rows) != 1 || rows[0].Triggers != string(casework.ByLongUnresolved) {
			t.Fatalf("proposed: %v %+v", err, rows)
		}
		// The next day: the centre was idle, the supervisor is told; the report is due on the 5th and told on the 3rd.
		now.Store(at(3, 18))
		for range 2 {
			if err := s.Once(ctx, true); err != nil {
				t.Fatal(err)
			}
		}
		count := map[casework.NoticeKind]int{}
		for _, who := range []string{"p-c", "p-s"} {
			list, err := db.Inbox(ctx, who, false, "", 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range list {
				count[n.Kind]++
			}
		}
		if count[casework.NoticeReported] != 1 || count[casework.NoticeIdle] != 2 || count[casework.NoticeReportDue] != 1 {
			t.Errorf("told %v", count)
		}
		anchors, err := db.Anchors(ctx, 10)
		if err != nil || len(anchors) != 2 || anchors[0].Heads != 1 {
			t.Errorf("anchors: %v %+v", err, anchors)
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	db := storetest.Open(t)
	var now atomic.Pointer[time.Time]
	now.Store(at(2, 10))
	s := &deadline.Sweeper{Engine: engine(t, db, &now), Every: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	time.Sleep(20 * time.Millisecond)
	cancel()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the sweeper goes on")
	}
}
