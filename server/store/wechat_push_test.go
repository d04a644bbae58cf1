package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestAWeChatPushIsKeptUntilItIsDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		body := []byte(`{"openid":"oSomebody"}`)
		for i, want := range []bool{true, false} {
			if added, err := db.KeepWeChatPush(ctx, "e-1", body, monday); err != nil || added != want {
				t.Fatalf("kept %d times: %v %v", i+1, added, err)
			}
		}
		if number(t, db, "wechat_pushes", `body LIKE '%oSomebody%'`) != 0 {
			t.Error("it lies in the clear")
		}
		due, err := db.DueWeChatPushes(ctx, monday, 10)
		if err != nil || len(due) != 1 || string(due[0].Body) != string(body) || due[0].Attempts != 0 {
			t.Fatalf("%v %v", due, err)
		}
		var won atomic.Int32
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				taken, err := db.TakeWeChatPush(ctx, due[0], monday.Add(time.Minute))
				if err != nil {
					t.Error(err)
				} else if taken {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("taken by %d", won.Load())
		}
		if due, _ = db.DueWeChatPushes(ctx, monday.Add(30*time.Second), 10); len(due) != 0 {
			t.Error("taken, and offered to others")
		}
		if err := db.PutOffWeChatPush(ctx, "e-1", monday.Add(5*time.Second)); err != nil {
			t.Fatal(err)
		}
		if due, _ = db.DueWeChatPushes(ctx, monday.Add(5*time.Second), 10); len(due) != 1 || due[0].Attempts != 1 {
			t.Error("put off, and not there again:", due)
		}
		if err := db.EndWeChatPush(ctx, "e-1"); err != nil {
			t.Fatal(err)
		}
		if number(t, db, "wechat_pushes", `body <> ''`) != 0 {
			t.Error("done, and what it said is still there")
		}
		if added, err := db.KeepWeChatPush(ctx, "e-1", body, monday); added || err != nil {
			t.Error("done, and kept again:", added, err)
		}
		if n, undone, err := db.ForgetWeChatPushes(ctx, monday.Add(time.Second), 10); n != 1 || undone != 0 || err != nil {
			t.Error(n, undone, err)
		}
	})
}
