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
