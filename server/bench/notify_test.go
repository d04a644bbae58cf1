package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"xiaopu/configs"
	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/notify"
	"xiaopu/server/store"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
	"xiaopu/server/workflow"
)

const (
	noticePeople  = 200
	noticeCount   = 4000
	noticeLatency = 50 * time.Millisecond
	noticeTarget  = 200 // a second (issue 4)
)

// followers can all be reached over the official account.
type followers map[string]notify.Reach

func (f followers) Reach(_ context.Context, recipient string) (notify.Reach, error) {
	return f[recipient], nil
}

func (followers) Unreachable(context.Context, string, string) error { return nil }

// measureNotices sends notices over the official account of a stand-in that takes its time, and gives how many a second.
func measureNotices(ctx context.Context, k knowledge, engine, dir string, count int) (rate float64, err error) {
	d, err := newDatabase(ctx, k, engine, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.drop()) }()
	db, err := d.open(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	clock := clockFrom(start)
	sim, err := wechatsim.New(wechatsim.Options{Clock: clock})
	if err != nil {
		return 0, err
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(noticeLatency)
		sim.ServeHTTP(w, r)
	}))
	defer site.Close()
	book := followers{}
	for i := range noticePeople {
		phone, recipient := fmt.Sprint("phone-", i), fmt.Sprint("p-", i)
		sim.AddPhone(phone, "某人", fmt.Sprintf("139%08d", i), "")
		if err := sim.Follow(phone, ""); err != nil {
			return 0, err
		}
		p, _ := sim.Phone(phone)
		book[recipient] = notify.Reach{OfficialID: p.OAID, MiniProgram: p.OpenID, Follows: true}
	}
	rows := make([]store.InboxRow, count)
	for i := range rows {
		id := fmt.Sprintf("n-%05d", i)
		rows[i] = store.InboxRow{ID: id, Recipient: fmt.Sprint("p-", i%noticePeople), CaseID: id, Number: "NS2026-000001", Seq: 1, Kind: casework.NoticeDispatched, CreatedAt: start}
	}
	if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.InsertNotices(ctx, rows) }); err != nil {
		return 0, err
	}
	memory, err := cache.New(cache.Options{Clock: clock})
	if err != nil {
		return 0, err
	}
	app, oa, corp := wechatsim.Accounts()
	quiet := slog.New(slog.DiscardHandler)
	gateway, err := wechat.New(wechat.Options{App: app, OA: oa, Corp: corp, StandIn: site.URL, Cache: memory, Logger: quiet})
	if err != nil {
		return 0, err
	}
	text, err := configs.Files.ReadFile("notices.yaml")
	if err != nil {
		return 0, err
	}
	plan, err := config.LoadNotices(text)
	if err != nil {
		return 0, err
	}
	channels, lister := notify.WeChatChannels(gateway)
	sender := notify.New(notify.Options{
		DB: db, Engine: workflow.New(db, workflow.Options{Clock: clock, Logger: quiet}), Cache: memory, Book: book, Plan: notify.NewPlan(plan), Channels: channels, Lister: lister, Logger: quiet,
	})
	sending, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		sender.Run(sending)
	}()
	for waiting := 1; waiting > 0 && time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if waiting, err = db.CountNotices(ctx, store.NoticeWaiting, ""); err != nil {
			break
		}
	}
	took := time.Since(began)
	stop()
	<-ended
	if got := len(sim.Received()); got != count {
		err = errors.Join(err, fmt.Errorf("%d messages for %d notices", got, count))
	}
	return float64(count) / took.Seconds(), err
}

func BenchmarkNotify(b *testing.B) {
	bench(b, func(ctx context.Context, k knowledge, dir string) error {
		for _, engine := range engines(b) {
			rate, err := measureNotices(ctx, k, engine, dir, noticeCount)
			if err != nil {
				return err
			}
			results.add(result{engine + " notices, 50 ms away", fmt.Sprintf("%.0f/s", rate), "", "", fmt.Sprintf("≥ %d/s", noticeTarget), rate >= noticeTarget})
		}
		return nil
	})
}

func TestNoticesAreMeasured(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, engine string) {
		if rate, err := measureNotices(t.Context(), k, engine, t.TempDir(), 200); err != nil || rate <= 0 {
			t.Error(rate, err)
		}
	})
	results.drop()
}
