package notify

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
	"xiaopu/server/workday"
)

const (
	pathTemplate  = "/cgi-bin/message/template/send"
	pathSubscribe = "/cgi-bin/message/subscribe/send"
	pathQuota     = "/cgi-bin/openapi/quota/get"
)

// throughStandIn lets a desk send over the stand-in instead of fakes, and gives one more process that does.
func throughStandIn(t *testing.T, d *desk) (sim *wechatsim.Server, replica func() *Dispatcher) {
	t.Helper()
	clock := func() time.Time { return *d.now.Load() }
	s := newStandIn(t, clock)
	phone := s.people.reach["p-002"]
	d.book.reach["p-1"] = Reach{MiniProgram: phone.MiniProgram, OfficialID: phone.OfficialID, Follows: true}
	d.book.reach["requester:r-1"] = Reach{MiniProgram: phone.MiniProgram}
	s.Change("phone-002", func(p *wechatsim.Phone) { p.Grants[onceTemplate], p.Standing[standingTemplate] = 50, true })
	replica = func() *Dispatcher {
		memory, err := cache.New(cache.Options{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		o := d.o
		o.Cache = memory
		app, oa, _ := wechatsim.Accounts()
		client, err := wechat.New(wechat.Options{App: app, OA: oa, StandIn: s.url, Cache: memory, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		o.Channels, _ = WeChatChannels(client)
		return New(o)
	}
	d.Dispatcher = replica()
	return s.Server, replica
}

// allowed grants a phone's template.
func (d *desk) allowed(recipient, template string, standing bool, times int) {
	d.t.Helper()
	for range times {
		d.n++
		if err := d.db.InTx(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ReportGrant(ctx, AccountIndex(d.db.Sealer(), d.book.reach[recipient].MiniProgram), store.GrantReport{ID: fmt.Sprint("r-", d.n), Source: store.FromClient, Template: template, Standing: standing, Answer: store.GrantAccepted, At: *d.now.Load()})
			return err
		}); err != nil {
			d.t.Fatal(err)
		}
	}
}

// toldOfQuota counts the centre's notices of a quota that is nearly used.
func (d *desk) toldOfQuota() (n int) {
	d.t.Helper()
	list, err := d.db.Inbox(context.Background(), "p-1", false, "", 500)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, r := range list {
		if r.Kind == casework.NoticeQuotaReserved {
			n++
		}
	}
	return n
}

// From 80 % of a day's quota on, what is not urgent goes another way or waits for tomorrow; escalations have the rest to themselves, and the centre
// is told once a day.
func TestTheRestOfAQuotaIsForWhatIsUrgent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := newDesk(t, db)
		sim, replica := throughStandIn(t, d)
		sim.SetQuota(pathTemplate, wechatsim.Quota{Day: 10})
		for range 8 {
			id := d.write("p-1", casework.NoticeDispatched, false)
			d.run()
			d.expect(id, "told official")
		}
		if d.toldOfQuota() != 0 {
			t.Error("told too early")
		}
		d.allowed("p-1", onceTemplate, false, 2) // also for what the centre is told
		other := d.write("p-1", casework.NoticeDispatched, false)
		d.run()
		d.expect(other, "told once")
		// Another process finds the same, and tells it no second time.
		d.Dispatcher = replica()
		d.run()
		waits := d.write("p-1", casework.NoticeDispatched, false)
		d.run()
		d.expect(waits, "waiting")
		if n := d.toldOfQuota(); n != 1 {
			t.Errorf("told %d times", n)
		}
		for range 2 {
			urgent := d.write("p-1", casework.NoticeEscalated, true)
			d.run()
			d.expect(urgent, "told official")
		}
		d.later(10 * time.Hour) // in the evening it still waits
		d.run()
		d.expect(waits, "waiting")
		d.at(tuesday.AddDate(0, 0, 1).Add(-3 * time.Hour)) // a new day, 07:00
		d.run()
		d.expect(waits, "waiting")
		d.at(tuesday.AddDate(0, 0, 1).Add(-time.Hour)) // 09:00
		d.run()
		d.expect(waits, "told official")
		for range 9 {
			d.write("p-1", casework.NoticeDispatched, false)
		}
		d.run()
		if n := d.toldOfQuota(); n != 2 {
			t.Errorf("told %d times in two days", n)
		}
	})
}

// Long-term and one-time subscribe messages share a quota, which is not the official account's.
func TestSubscribeMessagesShareAQuota(t *testing.T) {
	d := newDesk(t, storetest.Open(t))
	sim, _ := throughStandIn(t, d)
	sim.SetQuota(pathSubscribe, wechatsim.Quota{Day: 5})
	d.allowed("requester:r-1", standingTemplate, true, 1)
	d.allowed("requester:r-1", onceTemplate, false, 3)
	for range 4 {
		id := d.write("requester:r-1", casework.NoticeProgress, false)
		d.run()
		d.expect(id, "told standing")
	}
	waits := d.write("requester:r-1", casework.NoticeProgress, false)
	official := d.write("p-1", casework.NoticeDispatched, false)
	d.run()
	d.expect(waits, "waiting")
	d.expect(official, "told official")
	if n := d.toldOfQuota(); n != 1 {
		t.Errorf("told %d times", n)
	}
	// What waits day after day is told as such in the end, and not sent late.
	sim.SetQuota(pathSubscribe, wechatsim.Quota{Day: 1})
	for day := 1; day <= 3; day++ {
		d.at(workday.DateOf(tuesday).AddDays(day).At(10))
		urgent := d.write("requester:r-1", casework.NoticeEscalated, true)
		d.run()
		d.expect(urgent, "told standing")
		d.at(tuesday.AddDate(0, 0, day).Add(-time.Hour))
		d.run()
		d.expect(waits, "waiting")
	}
	d.at(tuesday.AddDate(0, 0, 6)) // the next Monday; 72 hours are over since Wednesday morning
	d.run()
	d.expect(waits, "untold：超过时限未能发送")
}

// A platform that does not tell its quotas holds nothing up.
func TestAQuotaThatIsNotToldHoldsNothingUp(t *testing.T) {
	d := newDesk(t, storetest.Open(t))
	sim, _ := throughStandIn(t, d)
	sim.SetQuota(pathTemplate, wechatsim.Quota{Day: 1})
	sim.AddFault(wechatsim.Fault{Path: pathQuota, Kind: "status", Code: 500, Times: 100})
	a := d.write("p-1", casework.NoticeDispatched, false)
	d.run()
	d.expect(a, "told official")
	// At its end the platform refuses, and what is not urgent waits for tomorrow as before.
	d.write("p-1", casework.NoticeDispatched, false)
	d.run()
	c := d.write("p-1", casework.NoticeDispatched, false)
	d.run()
	d.expect(c, "waiting")
}
