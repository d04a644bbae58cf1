package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// Many pushes at once: every ticket is there once, a burst that comes in pieces is one case, no request is done twice, and
// the feed has each ticket once.
func TestPushesAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		at := time.Date(2026, 3, 2, 10, 0, 0, 0, workday.Shanghai)
		e := workflow.New(db, workflow.Options{Clock: func() time.Time { return at }})
		if err := e.Seed(ctx, nil, casework.DefaultPolicy()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := e.AddPlatform(ctx, casework.Actor{PersonID: "p"}, workflow.NewPlatform{ID: "hotline", Name: "热线", Source: ticket.Hotline}); err != nil {
			t.Fatal(err)
		}
		k, err := e.Knowledge(ctx)
		if err != nil {
			t.Fatal(err)
		}
		one := func(no, community, content string) workflow.PushedTicket {
			return workflow.PushedTicket{Pushed: ticket.Pushed{OrderNo: no, AcceptedAt: at.Add(-time.Hour), Title: content, Content: content, Community: community, Category: []string{"物业", "电梯"}}}
		}
		const pushers = 6
		var all sync.WaitGroup
		var mu sync.Mutex
		created, unchanged, replayed := 0, 0, 0
		for n := range pushers {
			all.Go(func() {
				p := workflow.Push{Platform: k.Platforms["hotline"], Signature: fmt.Sprint("s-", n/2)} // each request comes twice
				for i := range 10 {
					p.Tickets = append(p.Tickets, one(fmt.Sprint("SHARED", i), fmt.Sprint("小区", i), "路灯不亮"))
				}
				p.Tickets = append(p.Tickets, one(fmt.Sprint("A", n/2), "望舒苑", "电梯停运"), one(fmt.Sprint("B", n/2), "望舒苑", "电梯停运"))
				r, err := e.Push(ctx, p)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, workflow.ErrReplayed):
					replayed++
				case err != nil:
					t.Error(err)
				}
				created += r.Created
				unchanged += r.Unchanged
			})
		}
		all.Wait()
		if created != 16 || unchanged != 20 || replayed != 3 {
			t.Errorf("%d created, %d unchanged, %d replayed", created, unchanged, replayed)
		}
		cases, err := db.Cases(ctx, store.CaseFilter{Status: casework.Registered, Limit: 10})
		if err != nil || len(cases) != 1 || cases[0].Tickets != 6 {
			t.Errorf("%v %+v", err, cases)
		}
		count := map[string]int{}
		page, err := e.Feed(ctx, "hotline", "", 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			count[string(it.Kind)]++
		}
		if count["taken_in"] != 16 || count["joined"] != 6 {
			t.Errorf("%v", count)
		}
	})
}

// A platform changes what it pushed itself: neither another's tickets nor those that were taken in by hand.
func TestAPlatformChangesNoTicketsButItsOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		for _, id := range []string{"first", "second"} {
			if _, _, err := w.e.AddPlatform(ctx, casework.Actor{PersonID: "p"}, workflow.NewPlatform{ID: id, Name: id, Source: ticket.Hotline}); err != nil {
				t.Fatal(err)
			}
		}
		byHand, err := w.e.TakeByHand(ctx, w.actor("p-cy"), workflow.NewTicket{Source: ticket.Hotline, Described: workflow.Described{Content: "楼道堆物"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		w.take(w.complaint("FROM-A-FILE", nil))
		k, err := w.e.Knowledge(ctx)
		if err != nil {
			t.Fatal(err)
		}
		requests := 0
		push := func(platform, content string, numbers ...string) workflow.Receipt {
			t.Helper()
			requests++
			p := workflow.Push{Platform: k.Platforms[platform], Signature: fmt.Sprint("s-", requests)}
			for _, no := range numbers {
				p.Tickets = append(p.Tickets, workflow.PushedTicket{Pushed: ticket.Pushed{OrderNo: no, AcceptedAt: w.clock(), Content: content, Requester: ticket.PushedRequester{Phone: "1370000"}}})
			}
			r, err := w.e.Push(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		push("first", "路灯不亮", "NO-1", "NO-2")
		r := push("second", "换了内容", "NO-3", byHand.Ticket.OrderNo, "NO-2", "FROM-A-FILE", "NO-1")
		if r.Received != 5 || r.Created != 1 || r.Updated != 1 || len(r.Hints) != 2 {
			t.Errorf("%+v", r)
		}
		var refused []string
		for _, p := range r.Refused {
			refused = append(refused, fmt.Sprint(p.Index, " ", p.OrderNo, len(p.Reasons)))
		}
		if fmt.Sprint(refused) != fmt.Sprintf("[1 %s2 2 NO-21 4 NO-11]", byHand.Ticket.OrderNo) {
			t.Errorf("%v %+v", refused, r.Refused)
		}
		for no, want := range map[string]string{"NO-1": "路灯不亮", "NO-2": "路灯不亮", "NO-3": "换了内容", byHand.Ticket.OrderNo: "楼道堆物"} {
			if got := w.ticket(no).Ticket.Content; got != want {
				t.Errorf("%s says %s", no, got)
			}
		}
		if r := push("first", "修好了", "NO-1"); r.Updated != 1 || w.ticket("NO-1").Ticket.Content != "修好了" {
			t.Errorf("its own: %+v", r)
		}
	})
}
