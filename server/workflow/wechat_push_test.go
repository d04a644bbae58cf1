package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/wechat"
	"xiaopu/server/workflow"
)

// told remembers the events it was told, and fails as ordered.
type told struct {
	mu    sync.Mutex
	times map[string]int
	fail  func(e wechat.Event, time int) error
}

func (h *told) Pushed(_ context.Context, e wechat.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.times[e.ID]++
	if h.fail != nil {
		return h.fail(e, h.times[e.ID])
	}
	return nil
}

func TestPushesAreWorkedOnUntilTheyAreDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		h := &told{times: map[string]int{}, fail: func(e wechat.Event, time int) error {
			if e.ID == "e-3" && time < 3 {
				return errors.New("the platform is away")
			}
			return nil
		}}
		p := &workflow.WeChatPushes{DB: db, Handler: h, Clock: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)}
		for i := range 10 {
			for range 2 { // the platform asks again when the answer is late
				if err := p.Pushed(t.Context(), wechat.Event{ID: fmt.Sprint("e-", i), Name: wechat.Followed, OpenID: fmt.Sprint("o", i%3)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 4 {
			if err := p.Work(t.Context()); err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Minute)
		}
		for i := range 10 {
			id, want := fmt.Sprint("e-", i), 1
			if i == 3 {
				want = 3
			}
			if h.times[id] != want {
				t.Errorf("%s was told %d times, want %d", id, h.times[id], want)
			}
		}
		if due, err := db.DueWeChatPushes(t.Context(), now.Add(time.Hour), 10); err != nil || len(due) != 0 {
			t.Error(due, err)
		}
	})
}

// A process that dies with an event in hand loses nothing: another takes it when the lease is over.
func TestAPushOutlivesItsWorker(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		dying, die := context.WithCancel(t.Context())
		first := &told{times: map[string]int{}, fail: func(wechat.Event, int) error { die(); return context.Canceled }}
		p := &workflow.WeChatPushes{DB: db, Handler: first, Clock: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)}
		if err := p.Pushed(t.Context(), wechat.Event{ID: "e", Name: wechat.Followed}); err != nil {
			t.Fatal(err)
		}
		if err := p.Work(dying); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		second := &told{times: map[string]int{}}
		q := &workflow.WeChatPushes{DB: db, Handler: second, Clock: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)}
		if err := q.Work(t.Context()); err != nil || second.times["e"] != 0 {
			t.Error("taken while the lease holds:", second.times, err)
		}
		now = now.Add(31 * time.Second)
		if err := q.Work(t.Context()); err != nil || second.times["e"] != 1 {
			t.Error("lost with its worker:", second.times, err)
		}
	})
}

// Several processes at once tell each event once.
func TestPushesAreSharedAmongProcesses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := &told{times: map[string]int{}}
		var all sync.WaitGroup
		ps := make([]*workflow.WeChatPushes, 3)
		for i := range ps {
			ps[i] = &workflow.WeChatPushes{DB: db, Handler: h, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}
		}
		for i := range 60 {
			if err := ps[0].Pushed(t.Context(), wechat.Event{ID: fmt.Sprint("e-", i), OpenID: fmt.Sprint("o", i)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range ps {
			all.Go(func() {
				if err := p.Work(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for id, n := range h.times {
			if n != 1 {
				t.Errorf("%s was told %d times", id, n)
			}
		}
		if len(h.times) != 60 {
			t.Errorf("%d events", len(h.times))
		}
	})
}
