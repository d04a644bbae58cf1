package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/wechat"
)

// WeChatPushes keeps what WeChat pushes, answers for it, and hands it on afterwards: to each event's handler until that says that it
// is done. Any number of processes work on the same events, each taken by one at a time; one that is killed in between is
// followed by another. A handler may therefore see an event more than once, and events of one person in another order than they
// happened in: Event.At tells.
type WeChatPushes struct {
	DB      *store.DB
	Handler wechat.Handler
	// Clock is the machine's own clock, whatever the demonstration's says.
	Clock  func() time.Time
	Logger *slog.Logger

	once  sync.Once
	nudge chan struct{}
}

const (
	pushLook   = 2 * time.Second // for what another process kept, or was put off
	pushBatch  = 100
	pushLanes  = 4                // events at a time; one person's stay in one lane
	pushLease  = 30 * time.Second // for one event
	pushKept   = 7 * 24 * time.Hour
	pushForget = 10 * time.Minute
)

// pushPauses are the pauses before an event that failed is tried again; the last one repeats until it is forgotten.
var pushPauses = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}

func (p *WeChatPushes) nudged() chan struct{} {
	p.once.Do(func() { p.nudge = make(chan struct{}, 1) })
	return p.nudge
}

// Pushed stores the event. When it returns nil, nothing can lose it.
func (p *WeChatPushes) Pushed(ctx context.Context, e wechat.Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	added, err := p.DB.KeepWeChatPush(ctx, e.ID, body, p.Clock())
	if err != nil || !added {
		return err
	}
	select {
	case p.nudged() <- struct{}{}:
	default: // it is about to look anyway
	}
	return nil
}

// Run works until ctx ends.
func (p *WeChatPushes) Run(ctx context.Context) {
	look, forget := time.NewTicker(pushLook), time.NewTicker(pushForget)
	defer look.Stop()
	defer forget.Stop()
	for {
		if err := p.Work(ctx); err != nil && ctx.Err() == nil {
			p.Logger.ErrorContext(ctx, "wechat pushes wait", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-p.nudged():
		case <-look.C:
		case <-forget.C:
			if err := p.forget(ctx); err != nil && ctx.Err() == nil {
				p.Logger.ErrorContext(ctx, "old wechat pushes stay", slog.Any("error", err))
			}
		}
	}
}

// Work hands on what is due now.
func (p *WeChatPushes) Work(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := p.DB.DueWeChatPushes(ctx, p.Clock(), pushBatch)
		if err != nil || len(due) == 0 {
			return err
		}
		var lanes [pushLanes][]store.WeChatPush
		for _, one := range due {
			lane := laneOf(one)
			lanes[lane] = append(lanes[lane], one)
		}
		var all sync.WaitGroup
		errs := make([]error, pushLanes)
		for i, lane := range lanes {
			all.Go(func() {
				for _, one := range lane {
					if errs[i] = p.handle(ctx, one); errs[i] != nil {
						return
					}
				}
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}

// laneOf keeps the events of one person together.
func laneOf(one store.WeChatPush) int {
	var who struct {
		OpenID string `json:"openid"`
	}
	_ = json.Unmarshal(one.Body, &who) // what cannot be read has a lane too
	h := fnv.New32a()
	_, _ = h.Write([]byte(who.OpenID)) // never fails
	return int(h.Sum32() % pushLanes)
}

// handle hands one event on. Its error is the database's; the handler's is noted and tried again later.
func (p *WeChatPushes) handle(ctx context.Context, one store.WeChatPush) error {
	taken, err := p.DB.TakeWeChatPush(ctx, one, p.Clock().Add(pushLease))
	if err != nil || !taken {
		return err
	}
	var e wechat.Event
	if err = json.Unmarshal(one.Body, &e); err == nil {
		within, cancel := context.WithTimeout(ctx, pushLease/2)
		err = p.Handler.Pushed(within, e)
		cancel()
	}
	if err == nil {
		return p.DB.EndWeChatPush(ctx, one.ID)
	}
	if ctx.Err() != nil { // we are to stop: the next one takes it when the lease is over
		return ctx.Err()
	}
	pause := pushPauses[min(one.Attempts, len(pushPauses)-1)]
	p.Logger.WarnContext(ctx, "a wechat push is tried again later", slog.String("id", one.ID), slog.String("name", e.Name), slog.Int("attempt", one.Attempts+1), slog.Any("error", err))
	return p.DB.PutOffWeChatPush(ctx, one.ID, p.Clock().Add(pause))
}

// forget drops what is old. What nobody could work on for so long is told.
func (p *WeChatPushes) forget(ctx context.Context) error {
	for {
		n, undone, err := p.DB.ForgetWeChatPushes(ctx, p.Clock().Add(-pushKept), pushBatch)
		if undone > 0 {
			p.Logger.ErrorContext(ctx, "wechat pushes were given up", slog.Int("events", undone))
		}
		if err != nil || n < pushBatch {
			return err
		}
	}
}
