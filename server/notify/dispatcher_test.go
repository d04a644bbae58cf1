package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// platform is a fake of one channel.
type platform struct {
	name   string
	repeat time.Duration

	mu      sync.Mutex
	answers []error // of the next messages; then all are taken
	keys    []string
	last    Message
}

var errLost = errors.New("the answer got lost")

func (p *platform) Name() string              { return p.name }
func (p *platform) Repeatable() time.Duration { return p.repeat }

func (p *platform) Account(r Reach) (string, string) {
	switch {
	case p.name == Official && !r.Follows:
		return "", "没有关注公众号"
	case p.name == Official:
		return r.OfficialID, ""
	case p.name == SMS:
		return r.Phone, "没有手机号"
	case p.name == WeCom:
		return r.WeCom, "没有企业微信"
	}
	return r.MiniProgram, "没有绑定微信"
}

func (p *platform) Send(_ context.Context, m Message) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if len(p.answers) > 0 {
		err, p.answers = p.answers[0], p.answers[1:]
	}
	if err == nil || errors.Is(err, errLost) {
		p.keys, p.last = append(p.keys, m.Key), m
	}
	return fmt.Sprint("m-", p.name, len(p.keys)), err
}

func (p *platform) sent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.keys)
}

type addressBook struct {
	reach map[string]Reach
	lost  []string
}

func (b *addressBook) Reach(_ context.Context, recipient string) (Reach, error) {
	return b.reach[recipient], nil
}

func (b *addressBook) Unreachable(_ context.Context, recipient, channel string) error {
	b.lost = append(b.lost, recipient+" "+channel)
	return nil
}

// desk is a dispatcher over fakes with a clock to turn.
type desk struct {
	*Dispatcher
	t        testing.TB
	db       *store.DB
	now      atomic.Pointer[time.Time]
	book     *addressBook
	official *platform
	once     *platform
	standing *platform
	wecom    *platform
	sms      *platform
	n        int
}

// tuesday is a working day.
var tuesday = time.Date(2026, 3, 3, 10, 0, 0, 0, workday.Shanghai)

const miniProgram, official = "openid-mp", "openid-oa"

func newDesk(t testing.TB, db *store.DB) *desk {
	t.Helper()
	d := &desk{
		t: t, db: db, official: &platform{name: Official, repeat: 10 * time.Minute}, once: &platform{name: Once}, standing: &platform{name: Standing},
		wecom: &platform{name: WeCom, repeat: 30 * time.Minute}, sms: &platform{name: SMS},
		book: &addressBook{reach: map[string]Reach{
			"p-1":           {OfficialID: official, Follows: true, MiniProgram: miniProgram, Phone: "13800001111"},
			"requester:r-1": {MiniProgram: miniProgram},
		}},
	}
	d.at(tuesday)
	d.Dispatcher = d.replica()
	return d
}

func (d *desk) replica() *Dispatcher {
	d.t.Helper()
	clock := func() time.Time { return *d.now.Load() }
	e := workflow.New(d.db, workflow.Options{Clock: clock, Logger: slog.New(slog.DiscardHandler)})
	if err := e.Seed(context.Background(), nil, casework.DefaultPolicy()); err != nil {
		d.t.Fatal(err)
	}
	if err := e.LoadOrganisation(context.Background(), workflow.Street{People: []organisation.Person{{ID: "p-1", Name: "王敏", Posts: []organisation.Post{{Role: casework.Centre}}}}}); err != nil {
		d.t.Fatal(err)
	}
	memory, err := cache.New(cache.Options{Clock: clock})
	if err != nil {
		d.t.Fatal(err)
	}
	pace := DefaultPace
	return New(Options{
		DB: d.db, Engine: e, Cache: memory, Book: d.book, Plan: shipped(d.t), Channels: []Channel{d.official, d.once, d.standing, d.wecom, d.sms},
		Logger: slog.New(slog.DiscardHandler), Pace: pace,
	})
}

func (d *desk) at(t time.Time) { d.now.Store(&t) }

func (d *desk) later(by time.Duration) { d.at(d.now.Load().Add(by)) }

// write writes a notice into inbox and outbox and gives its id.
func (d *desk) write(recipient string, kind casework.NoticeKind, urgent bool) string {
	d.t.Helper()
	d.n++
	id := fmt.Sprintf("n-%04d", d.n)
	err := d.db.InTx(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertNotices(ctx, []store.InboxRow{{ID: id, Recipient: recipient, CaseID: "c-1", Number: "NS2026-000001", Seq: 1, Kind: kind, Urgent: urgent,
			Args: map[string]string{"due": "2026-03-05T17:00:00+08:00", "tier": "II"}, CreatedAt: *d.now.Load()}})
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

func (d *desk) allow(template string, standing bool, times int) {
	d.t.Helper()
	for range times {
		d.n++
		if err := d.db.InTx(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ReportGrant(ctx, AccountIndex(d.db.Sealer(), miniProgram), store.GrantReport{ID: fmt.Sprint("r-", d.n), Source: store.FromClient, Template: template, Standing: standing, Answer: store.GrantAccepted, At: *d.now.Load()})
			return err
		}); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desk) remaining(template string) int {
	d.t.Helper()
	list, err := d.db.Grants(context.Background(), AccountIndex(d.db.Sealer(), miniProgram))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, g := range list {
		if g.Template == template {
			return g.Remaining
		}
	}
	return 0
}

func (d *desk) run() {
	d.t.Helper()
	if _, err := d.Once(context.Background()); err != nil {
		d.t.Fatal(err)
	}
}

// state gives what became of a notice, and by which channel or why.
func (d *desk) state(id string) string {
	d.t.Helper()
	o, err := d.db.Outgoing(context.Background(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	s := string(o.State)
	if o.Channel != "" {
		s += " " + o.Channel
	}
	if o.Why != "" {
		s += "：" + o.Why
	}
	return s
}

func (d *desk) expect(id, want string) {
	d.t.Helper()
	if got := d.state(id); got != want {
		d.t.Errorf("%s is %s, not %s", id, got, want)
	}
}

const (
	onceTemplate     = "MP-tmpl-case-once-000000000000000000000004"
	standingTemplate = "MP-tmpl-case-standing-00000000000000000003"
)

func refuse(class Class) error { return &Refusal{Class: class, Code: 1} }

func eachDesk(t *testing.T, f func(t *testing.T, d *desk)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(t, newDesk(t, db)) })
}

func TestTheFirstChannelThatReachesThemTells(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		a := d.write("p-1", casework.NoticeDispatched, false)
		b := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.allow(onceTemplate, false, 1)
		d.run()
		d.expect(a, "told official")
		d.expect(b, "told once")
		if d.official.sent() != 1 || d.once.sent() != 1 || d.remaining(onceTemplate) != 0 || d.official.last.To != official || d.official.last.Key != a+".official" {
			t.Errorf("%+v %d", d.official.last, d.once.sent())
		}
		d.allow(standingTemplate, true, 1)
		for range 3 { // a long-term one is good for any number
			c := d.write("requester:r-1", casework.NoticeProgress, false)
			d.run()
			d.expect(c, "told standing")
		}
		e := d.write("requester:nobody", casework.NoticeProgress, false)
		d.run()
		d.expect(e, "untold：小程序长期订阅：没有绑定微信；小程序订阅：没有绑定微信；公众号：没有关注公众号")
	})
}

func TestTheNextChannelIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		lost   string
		grants int // left of one
	}{
		"who does not follow any more": {refuse(Other), "p-1 official", 0},
		"a template that is refused":   {refuse(Stop), "", 0},
		"a used up quota":              {refuse(Daily), "", 0},
		"who refused it":               {refuse(NoGrant), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, storetest.Open(t))
			d.official.answers = []error{c.answer}
			d.allow(onceTemplate, false, 1)
			id := d.write("p-1", casework.NoticeDispatched, false)
			d.run()
			d.expect(id, "told once")
			if strings.Join(d.book.lost, ",") != c.lost || d.remaining(onceTemplate) != c.grants {
				t.Error(d.book.lost, d.remaining(onceTemplate))
			}
		})
	}
}

func TestNoGrantTakesAllAway(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.allow(onceTemplate, false, 3)
		d.once.answers = []error{refuse(NoGrant)}
		a := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.run()
		d.expect(a, "untold：小程序长期订阅：没有长期订阅；小程序订阅：对方没有订阅或已取消订阅；公众号：没有关注公众号")
		if n := d.remaining(onceTemplate); n != 0 {
			t.Error(n)
		}
		// Without a grant nothing is asked of the platform.
		b := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.run()
		d.expect(b, "untold：小程序长期订阅：没有长期订阅；小程序订阅：没有可用的订阅次数；公众号：没有关注公众号")
		if d.once.sent() != 0 {
			t.Error(d.once.keys)
		}
	})
}

func TestABusyPlatformIsAskedAgainAndTheGrantKept(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.allow(onceTemplate, false, 1)
		d.once.answers = []error{refuse(Retry), refuse(Retry)}
		a := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.run()
		d.expect(a, "waiting")
		if d.remaining(onceTemplate) != 1 {
			t.Error("the grant is not given back")
		}
		d.run() // not yet
		d.later(6 * time.Second)
		d.run()
		d.expect(a, "waiting")
		d.later(31 * time.Second)
		d.run()
		d.expect(a, "told once")
		if d.once.sent() != 1 || d.remaining(onceTemplate) != 0 {
			t.Error(d.once.keys, d.remaining(onceTemplate))
		}
	})
}

func TestAnUrgentNoticeGoesOnSoonerWhenThePlatformIsBusy(t *testing.T) {
	d := newDesk(t, storetest.Open(t))
	d.official.answers = slices.Repeat([]error{refuse(Retry)}, 20)
	urgent := d.write("p-1", casework.NoticeEscalated, true)
	other := d.write("p-1", casework.NoticeDispatched, false)
	for range 4 {
		d.run()
		d.later(3 * time.Minute)
	}
	d.expect(urgent, "told sms")
	d.expect(other, "waiting")
	for range 6 {
		d.later(time.Hour)
		d.run()
	}
	d.expect(other, "untold：公众号：平台繁忙，多次未能发出；小程序长期订阅：没有长期订阅；小程序订阅：没有可用的订阅次数；企业微信：没有企业微信")
}

func TestALostAnswer(t *testing.T) {
	event := func(d *desk, channel, to, message string, delivered bool) {
		d.t.Helper()
		e := store.DeliveryEvent{ID: "e-1", Channel: channel, Account: AccountIndex(d.db.Sealer(), to), MessageID: message, Delivered: delivered, Why: "failed:user block", At: *d.now.Load()}
		for range 2 { // pushed twice
			if err := d.Delivered(context.Background(), e); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	t.Run("is repeated where the platform takes the same once", func(t *testing.T) {
		eachDesk(t, func(t *testing.T, d *desk) {
			d.official.answers = []error{errLost}
			a := d.write("p-1", casework.NoticeDispatched, false)
			d.run()
			d.expect(a, "waiting")
			d.later(6 * time.Second)
			d.run()
			d.expect(a, "told official")
			if d.official.keys[0] != d.official.keys[1] {
				t.Error(d.official.keys)
			}
		})
	})
	t.Run("leaves what is not urgent on the list of unconfirmed ones", func(t *testing.T) {
		eachDesk(t, func(t *testing.T, d *desk) {
			d.allow(onceTemplate, false, 2)
			d.once.answers = []error{errLost}
			a := d.write("requester:r-1", casework.NoticeAccepted, false)
			for range 20 {
				d.run()
				d.later(time.Minute)
			}
			d.expect(a, "unconfirmed once：小程序订阅：已发出，是否送达尚不确定")
			if d.once.sent() != 1 || d.remaining(onceTemplate) != 1 {
				t.Error("sent again, or the grant given back")
			}
			// The event that comes after all takes it off.
			event(d, Once, miniProgram, "77", true)
			d.later(time.Minute)
			if err := d.MatchEvents(context.Background()); err != nil {
				t.Fatal(err)
			}
			d.expect(a, "told once")
		})
	})
	t.Run("is settled by the platform's event", func(t *testing.T) {
		eachDesk(t, func(t *testing.T, d *desk) {
			d.allow(onceTemplate, false, 2)
			d.once.answers = []error{errLost}
			a := d.write("requester:r-1", casework.NoticeAccepted, false)
			d.run()
			d.later(time.Second)
			event(d, Once, miniProgram, "77", true)
			d.expect(a, "waiting") // whose it is shows when all answers are in
			d.later(time.Minute)
			if err := d.MatchEvents(context.Background()); err != nil {
				t.Fatal(err)
			}
			d.expect(a, "told once")
		})
	})
	t.Run("sends what is urgent over the next channel, as a possible double", func(t *testing.T) {
		eachDesk(t, func(t *testing.T, d *desk) {
			d.book.reach["p-1"] = Reach{MiniProgram: miniProgram, Phone: "13800001111"}
			d.allow(onceTemplate, false, 1)
			d.once.answers = []error{errLost}
			a := d.write("p-1", casework.NoticeEscalated, true)
			d.run()
			d.expect(a, "waiting")
			d.later(3 * time.Minute)
			d.run()
			d.expect(a, "told sms")
			list, err := d.db.Deliveries(t.Context(), a)
			if err != nil || len(list) != 2 || list[0].PossibleDouble || !list[1].PossibleDouble || list[0].State != store.DeliveryUnconfirmed {
				t.Errorf("%+v %v", list, err)
			}
		})
	})
	t.Run("of what no channel takes afterwards stands as unconfirmed, not as untold", func(t *testing.T) {
		d := newDesk(t, storetest.Open(t))
		d.book.reach["p-1"] = Reach{MiniProgram: miniProgram}
		d.allow(onceTemplate, false, 1)
		d.once.answers = []error{errLost}
		a := d.write("p-1", casework.NoticeEscalated, true)
		d.run()
		d.later(3 * time.Minute)
		d.run()
		if got := d.state(a); !strings.HasPrefix(got, "unconfirmed：") {
			t.Error(got)
		}
	})
	t.Run("an event that says it did not arrive sends it over the next channel", func(t *testing.T) {
		eachDesk(t, func(t *testing.T, d *desk) {
			d.allow(onceTemplate, false, 1)
			a := d.write("p-1", casework.NoticeDispatched, false)
			d.run()
			d.expect(a, "told official")
			event(d, Official, official, "m-official1", false)
			d.expect(a, "waiting")
			d.run()
			d.expect(a, "told once")
		})
	})
	t.Run("of two is not guessed from one event", func(t *testing.T) {
		eachDesk(t, func(t *testing.T, d *desk) {
			d.allow(onceTemplate, false, 2)
			d.once.answers = []error{errLost, errLost}
			a, b := d.write("requester:r-1", casework.NoticeAccepted, false), d.write("requester:r-1", casework.NoticeProgress, false)
			d.run()
			event(d, Once, miniProgram, "77", true)
			d.later(time.Minute)
			for range 2 {
				if err := d.MatchEvents(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			d.expect(a, "waiting")
			d.expect(b, "waiting")
			e := store.DeliveryEvent{ID: "e-2", Channel: Once, Account: AccountIndex(d.db.Sealer(), miniProgram), MessageID: "78", Delivered: true, At: *d.now.Load()}
			if err := d.Delivered(context.Background(), e); err != nil {
				t.Fatal(err)
			}
			d.later(time.Minute)
			for range 2 {
				if err := d.MatchEvents(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			d.expect(a, "told once")
			d.expect(b, "told once")
		})
	})
	t.Run("another's event changes nothing", func(t *testing.T) {
		d := newDesk(t, storetest.Open(t))
		a := d.write("p-1", casework.NoticeDispatched, false)
		d.run()
		event(d, Official, "somebody else", "m-official1", false)
		d.expect(a, "told official")
	})
}

// TestWhatMayHaveArrivedIsNotSentUnawares is about a message whose answer got lost while which channels are open changes.
func TestWhatMayHaveArrivedIsNotSentUnawares(t *testing.T) {
	follow := func(d *desk) {
		d.book.reach["p-1"] = Reach{OfficialID: official, Follows: true, MiniProgram: miniProgram, Phone: "13800001111"}
	}
	for name, c := range map[string]struct {
		channel string
		before  func(d *desk) // else they do not follow, where once is the channel
		happens func(d *desk) // after the answer got lost
		next    string        // channel for what is urgent
	}{
		"its channel's quota is used up": {channel: Official, next: Once, happens: func(d *desk) {
			d.official.answers = []error{refuse(Daily)}
			other := d.write("p-1", casework.NoticeDispatched, false)
			d.run()
			d.expect(other, "told once")
		}},
		"its template's circuit opens": {channel: Official, next: Once, happens: func(d *desk) {
			for _, kind := range []casework.NoticeKind{casework.NoticeEscalated, casework.NoticeDispatched} {
				for range stopAfter {
					d.official.answers = []error{refuse(Stop)}
					d.write("p-1", kind, false)
					d.run()
				}
			}
		}},
		"its template is found to differ": {channel: Official, next: Once, happens: func(d *desk) {
			for _, x := range d.o.Plan.Templates {
				if x.Channel == Official {
					d.o.Plan.mismatch[x.ID] = "differs"
				}
			}
		}},
		"its text no longer fits":         {channel: Official, next: SMS, happens: func(d *desk) { d.o.Plan.Words = nil }},
		"an earlier channel reaches them": {channel: Once, next: Official, happens: follow},
		"an earlier channel is allowed":   {channel: Once, next: Standing, happens: func(d *desk) { d.allow(standingTemplate, true, 1) }},
		"an earlier channel's quota is new": {channel: Once, next: Official, before: func(d *desk) {
			d.o.Cache.Set(context.Background(), restKey(Official), []byte(Daily), time.Hour)
		}, happens: func(d *desk) { d.o.Cache.Delete(context.Background(), restKey(Official)) }},
	} {
		for _, urgent := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", urgent ", urgent), func(t *testing.T) {
				d := newDesk(t, storetest.Open(t))
				d.allow(onceTemplate, false, 20)
				first := d.official
				if c.channel == Once {
					first = d.once
				}
				if c.before != nil {
					c.before(d)
				} else if c.channel == Once {
					d.book.reach["p-1"] = Reach{MiniProgram: miniProgram, Phone: "13800001111"}
				}
				first.answers = []error{errLost}
				kind := casework.NoticeDispatched
				if urgent {
					kind = casework.NoticeEscalated
				}
				a := d.write("p-1", kind, urgent)
				d.run()
				d.expect(a, "waiting")
				c.happens(d)
				sent := d.official.sent() + d.once.sent() + d.standing.sent() + d.sms.sent()
				d.later(10 * time.Second)
				d.run()
				d.expect(a, "waiting")
				if n := d.official.sent() + d.once.sent() + d.standing.sent() + d.sms.sent(); n != sent {
					t.Error("it is sent over another channel at once")
				}
				d.later(16 * time.Minute)
				d.run()
				list, err := d.db.Deliveries(t.Context(), a)
				if err != nil {
					t.Fatal(err)
				}
				if !urgent {
					if got := d.state(a); !strings.HasPrefix(got, "unconfirmed "+c.channel) || len(list) != 1 {
						t.Errorf("%s: %+v", got, list)
					}
					return
				}
				d.expect(a, "told "+c.next)
				for _, x := range list {
					if x.PossibleDouble != (x.Channel == c.next) {
						t.Errorf("%+v", x)
					}
				}
			})
		}
	}
}

func TestAChannelThatWasBusyBeforeIsAPossibleDoubleToo(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.allow(onceTemplate, false, 1)
		d.official.answers, d.once.answers = []error{refuse(Retry)}, []error{errLost}
		a := d.write("p-1", casework.NoticeEscalated, true)
		d.run()
		d.o.Cache.Set(t.Context(), restKey(Official), []byte(Daily), time.Minute)
		d.later(10 * time.Second)
		d.run()
		d.later(3 * time.Minute)
		d.run()
		d.expect(a, "told official")
		list, err := d.db.Deliveries(t.Context(), a)
		if err != nil || len(list) != 2 || list[0].Channel != Official || !list[0].PossibleDouble || list[1].PossibleDouble {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestWhatAProcessWasSendingWhenItEnded(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.allow(onceTemplate, false, 1)
		a := d.write("requester:r-1", casework.NoticeAccepted, false)
		b := d.write("p-1", casework.NoticeDispatched, false)
		// It wrote down that it was about to send, and was gone.
		for id, start := range map[string]store.Delivery{a: {Channel: Once, Account: AccountIndex(d.db.Sealer(), miniProgram), Granted: onceTemplate, Template: onceTemplate},
			b: {Channel: Official, Account: AccountIndex(d.db.Sealer(), official), Template: "OA-tmpl-case-notice-000000000000000000000001"}} {
			start.NoticeID = id
			now := *d.now.Load()
			list, err := d.db.LeaseNotices(t.Context(), "gone", now, now.Add(time.Minute), 10)
			if err != nil && len(list) == 0 {
				t.Fatal(err)
			}
			if err := d.db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.StartDelivery(ctx, start, "gone", now, now.Add(time.Minute))
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		d.run()
		d.expect(a, "waiting")
		d.later(61 * time.Second)
		d.run()
		d.expect(b, "told official") // the same key again
		d.expect(a, "waiting")
		d.later(15 * time.Minute)
		d.run()
		d.expect(a, "unconfirmed once：小程序订阅：已发出，是否送达尚不确定")
		if d.once.sent() != 0 || d.remaining(onceTemplate) != 0 {
			t.Error("sent again, or the grant given back")
		}
	})
}

func TestWhatIsNotUrgentWaitsForTheMorningAndGoesAsOneMessage(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.at(tuesday.Add(9 * time.Hour)) // 19:00
		first := d.write("p-1", casework.NoticeDispatched, false)
		second := d.write("p-1", casework.NoticeReminded, false)
		urgent := d.write("p-1", casework.NoticeEscalated, true)
		d.run()
		third := d.write("p-1", casework.NoticeSubmitted, false)
		alone := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.allow(onceTemplate, false, 1)
		d.run()
		d.expect(urgent, "told official")
		d.expect(first, "waiting")
		d.expect(second, "bundled")
		d.expect(third, "bundled")
		if d.official.sent() != 1 {
			t.Error(d.official.keys)
		}
		d.at(time.Date(2026, 3, 4, 8, 29, 0, 0, workday.Shanghai))
		d.run()
		d.expect(alone, "waiting")
		d.later(time.Minute)
		d.run()
		for _, id := range []string{first, second, third} {
			d.expect(id, "told official")
		}
		d.expect(alone, "told once")
		if d.official.sent() != 2 || d.official.last.Keywords["thing5"] != "您有3条新消息，请查看" || d.once.last.Keywords["character_string1"] != "NS2026-000001" {
			t.Errorf("%+v", d.official.last)
		}
	})
}

// The first of a bundle speaks for all of it, but what it goes by is theirs.
func TestABundleGoesByWhatReachesAnyOfIt(t *testing.T) {
	const resultTemplate = "MP-tmpl-case-result-0000000000000000000005"
	night, morning := tuesday.Add(9*time.Hour), time.Date(2026, 3, 4, 8, 30, 0, 0, workday.Shanghai)
	eachDesk(t, func(t *testing.T, d *desk) {
		d.at(night)
		d.book.reach["p-1"] = Reach{Phone: "13800001111"}
		a, b := d.write("p-1", casework.NoticeProgress, false), d.write("p-1", casework.NoticeSupervised, false)
		d.allow(onceTemplate, false, 1) // of the requester, and none of what the first goes by
		e, f := d.write("requester:r-1", casework.NoticeResolved, false), d.write("requester:r-1", casework.NoticeProgress, false)
		d.run()
		d.at(morning)
		d.run()
		d.expect(a, "told sms")
		d.expect(b, "told sms")
		d.expect(e, "told once")
		d.expect(f, "told once")
		if d.once.last.Template != onceTemplate || d.sms.sent() != 1 || d.remaining(resultTemplate) != 0 {
			t.Errorf("%+v", d.once.last)
		}
	})
	// What is left when the rest was read is told as itself.
	d := newDesk(t, storetest.Open(t))
	d.at(night)
	a, b := d.write("p-1", casework.NoticeProgress, false), d.write("p-1", casework.NoticeSupervised, false)
	d.run()
	if err := d.db.MarkRead(t.Context(), "p-1", "", []string{a}, *d.now.Load()); err != nil {
		t.Fatal(err)
	}
	d.at(morning)
	d.run()
	d.expect(b, "told official")
	if d.official.last.State != "被督办" || d.official.last.Key != a+".official" {
		t.Errorf("%+v", d.official.last)
	}
}

func TestWhatIsReadOvernightIsNotSent(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.at(tuesday.Add(9 * time.Hour))
		a, b := d.write("p-1", casework.NoticeDispatched, false), d.write("p-1", casework.NoticeReminded, false)
		d.run()
		if err := d.db.MarkRead(t.Context(), "p-1", "", []string{a}, *d.now.Load()); err != nil {
			t.Fatal(err)
		}
		c := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.run()
		if err := d.db.MarkRead(t.Context(), "requester:r-1", "", []string{c}, *d.now.Load()); err != nil {
			t.Fatal(err)
		}
		d.later(14 * time.Hour)
		d.run()
		d.expect(a, "told official")
		d.expect(b, "told official")
		d.expect(c, "told inbox")
		if d.official.last.Keywords["thing5"] == "您有2条新消息，请查看" {
			t.Error("what was read is counted")
		}
	})
}

func TestWhatIsTooOldIsNotSentLate(t *testing.T) {
	d := newDesk(t, storetest.Open(t))
	a := d.write("p-1", casework.NoticeEscalated, true)
	b := d.write("p-1", casework.NoticeDispatched, false)
	d.later(81 * time.Hour) // a Friday evening: not even a morning is waited for
	d.run()
	d.expect(a, "untold：超过时限未能发送")
	d.expect(b, "untold：超过时限未能发送")
}

func TestAQuotaRestsTheChannelUntilMidnight(t *testing.T) {
	d := newDesk(t, storetest.Open(t))
	d.official.answers = []error{refuse(Daily)}
	d.allow(onceTemplate, false, 3)
	for range 2 {
		d.expect(func() string { id := d.write("p-1", casework.NoticeDispatched, false); d.run(); return id }(), "told once")
	}
	if d.official.sent() != 0 || len(d.official.answers) != 0 {
		t.Error("asked again")
	}
	d.at(time.Date(2026, 3, 4, 0, 4, 0, 0, workday.Shanghai))
	night := d.write("p-1", casework.NoticeEscalated, true)
	d.run()
	d.expect(night, "told once")
	d.later(2 * time.Minute)
	fresh := d.write("p-1", casework.NoticeEscalated, true)
	d.run()
	d.expect(fresh, "told official")
}

func TestALimitOfTheMinuteIsWaitedFor(t *testing.T) {
	d := newDesk(t, storetest.Open(t))
	d.official.answers = []error{refuse(Minute)}
	a := d.write("p-1", casework.NoticeEscalated, true)
	b := d.write("p-1", casework.NoticeDispatched, false)
	d.run()
	d.expect(a, "waiting")
	d.expect(b, "waiting")
	if d.official.sent() != 0 {
		t.Error("the channel did not rest")
	}
	d.later(62 * time.Second)
	d.run()
	d.expect(a, "told official")
	d.expect(b, "told official")
}

func TestATemplateRefusedThreeTimesRests(t *testing.T) {
	d := newDesk(t, storetest.Open(t))
	d.official.answers = slices.Repeat([]error{refuse(Stop)}, 9)
	d.allow(onceTemplate, false, 9)
	for range 5 {
		d.write("p-1", casework.NoticeDispatched, false)
		d.run()
	}
	if asked := 9 - len(d.official.answers); asked != stopAfter || d.once.sent() != 5 {
		t.Error(asked, d.once.sent())
	}
	// Another template of the channel is not concerned.
	d.official.answers = nil
	e := d.write("p-1", casework.NoticeEscalated, true)
	d.run()
	d.expect(e, "told official")
	d.later(31 * time.Minute)
	f := d.write("p-1", casework.NoticeDispatched, false)
	d.run()
	d.expect(f, "told official")
}

func TestReplicasSendEachNoticeOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for range 120 {
			d.write("p-1", casework.NoticeDispatched, false)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		for range 3 {
			r := d.replica()
			r.o.Pace.Poll = 5 * time.Millisecond
			r.o.Workers = 8
			running.Go(func() { r.Run(ctx) })
		}
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if n, err := d.db.CountNotices(ctx, store.NoticeTold, store.StaffAudience); err != nil || n == 120 {
				break
			}
		}
		cancel()
		running.Wait()
		if n := len(slices.Compact(slices.Sorted(slices.Values(d.official.keys)))); n != 120 || d.official.sent() != 120 {
			t.Errorf("%d messages of %d notices", d.official.sent(), n)
		}
	})
}
