package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"xiaopu/server/cache"
	"xiaopu/server/config"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

// Options of a Dispatcher.
type Options struct {
	DB     *store.DB
	Engine *workflow.Engine
	Cache  *cache.Cache
	Book   Book
	Plan   *Plan
	// Channels are those that are set up here; the plan may name others.
	Channels []Channel
	// Lister lists the platform's templates, for the check; nil checks nothing.
	Lister Lister
	Logger *slog.Logger
	// Workers bounds how many messages are under way at once; 0 means 32.
	Workers int
	// Pace is how long things may take; the zero value means DefaultPace.
	Pace Pace
}

// Pace is how long a dispatcher waits for what.
type Pace struct {
	Poll time.Duration // between looks at an outbox that has nothing due
	Send time.Duration // for the platform's answer
	// Lease is how long a notice is this process's; longer than Send.
	Lease time.Duration
	// Backoff are the pauses between tries, each shortened by up to half by chance. Then it is the next channel's turn; for what
	// is urgent already after UrgentTries.
	Backoff     []time.Duration
	UrgentTries int
	// Confirm is how long an event is waited for when an answer got lost, UrgentConfirm for what is urgent.
	Confirm, UrgentConfirm time.Duration
	// Settle is how long answers may be under way before an event that names no message is matched; longer than Send.
	Settle time.Duration
}

// DefaultPace is that of production.
var DefaultPace = Pace{
	Poll: time.Second, Send: 5 * time.Second, Lease: time.Minute,
	Backoff: []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}, UrgentTries: 3,
	Confirm: 15 * time.Minute, UrgentConfirm: 2 * time.Minute, Settle: 30 * time.Second,
}

// Dispatcher sends the outbox. It is safe for concurrent use.
type Dispatcher struct {
	o        Options
	channels map[string]Channel
	closures closures
	quotas   quotas
}

const defaultWorkers = 32

// New makes a Dispatcher.
func New(o Options) *Dispatcher {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Pace.Lease == 0 {
		o.Pace = DefaultPace
	}
	d := &Dispatcher{o: o, channels: map[string]Channel{}, closures: closures{cache: o.Cache}}
	for _, c := range o.Channels {
		d.channels[c.Name()] = c
	}
	return d
}

const (
	checkEvery  = 10 * time.Minute // how often the templates are compared with the platform's
	forgetEvery = time.Hour
	forgetAfter = 30 * 24 * time.Hour
	sayAgain    = time.Minute // how often a lasting failure is logged
)

// Run sends what is due until ctx ends, and returns when nothing is under way any more.
func (d *Dispatcher) Run(ctx context.Context) {
	var side sync.WaitGroup
	defer side.Wait()
	side.Go(func() { d.every(ctx, checkEvery, "checking message templates", d.check) })
	side.Go(func() { d.every(ctx, max(d.o.Pace.Settle/3, d.o.Pace.Poll), "matching delivery events", d.MatchEvents) })
	side.Go(func() { d.every(ctx, forgetEvery, "forgetting old deliveries", d.forget) })
	d.send(ctx)
}

// every does something at once and then again and again.
func (d *Dispatcher) every(ctx context.Context, pause time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			d.o.Logger.WarnContext(ctx, what+" failed, trying again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *Dispatcher) check(ctx context.Context) error {
	if d.o.Lister == nil {
		return nil
	}
	return d.o.Plan.Check(ctx, slices.Sorted(maps.Keys(d.channels)), d.o.Lister, d.o.Logger)
}

func (d *Dispatcher) forget(ctx context.Context) error {
	_, now, err := d.knowledge(ctx)
	if err != nil {
		return err
	}
	return d.o.DB.ForgetDeliveries(ctx, now.Add(-forgetAfter))
}

func (d *Dispatcher) knowledge(ctx context.Context) (*workflow.Knowledge, time.Time, error) {
	k, err := d.o.Engine.Knowledge(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	return k, d.o.Engine.Now(k), nil
}

// send leases what is due as workers become free, so that one slow message holds up no others.
func (d *Dispatcher) send(ctx context.Context) {
	free := make(chan struct{}, d.o.Workers)
	for range d.o.Workers {
		free <- struct{}{}
	}
	var under sync.WaitGroup
	defer under.Wait()
	tick := time.NewTicker(d.o.Pace.Poll)
	defer tick.Stop()
	sinceSaid := sayAgain
	for {
		select {
		case <-ctx.Done():
			return
		case <-free:
		}
		n := 1
		for more := true; more; {
			select {
			case <-free:
				n++
			default:
				more = false
			}
		}
		list, lease, err := d.lease(ctx, n)
		if err != nil && ctx.Err() == nil && sinceSaid >= sayAgain {
			d.o.Logger.ErrorContext(ctx, "reading the outbox failed, trying again", slog.Any("error", err))
			sinceSaid = 0
		}
		for _, o := range list {
			under.Go(func() {
				defer func() { free <- struct{}{} }()
				d.tell(ctx, o, lease)
			})
		}
		for range n - len(list) {
			free <- struct{}{}
		}
		if len(list) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			sinceSaid += d.o.Pace.Poll
		}
	}
}

func (d *Dispatcher) lease(ctx context.Context, n int) ([]store.Outgoing, string, error) {
	_, now, err := d.knowledge(ctx)
	if err != nil {
		return nil, "", err
	}
	lease := uuid.Must(uuid.NewV7()).String()
	list, err := d.o.DB.LeaseNotices(ctx, lease, now, now.Add(d.o.Pace.Lease), n)
	return list, lease, err
}

// Once sends what is due now, one notice after the other, and gives how many it had in hand: for tests and the command line.
func (d *Dispatcher) Once(ctx context.Context) (n int, err error) {
	for {
		list, lease, err := d.lease(ctx, d.o.Workers)
		if err != nil || len(list) == 0 {
			return n, err
		}
		for _, o := range list {
			d.tell(ctx, o, lease)
			n++
		}
	}
}

// tell takes a notice as far as it goes now.
func (d *Dispatcher) tell(ctx context.Context, o store.Outgoing, lease string) {
	err := d.advance(ctx, &job{d: d, o: o, lease: lease})
	switch {
	case err == nil, errors.Is(err, store.ErrNoticeTaken), ctx.Err() != nil: // the lease runs out, and somebody goes on
	default:
		d.o.Logger.ErrorContext(ctx, "sending a notice failed, trying again", slog.String("notice", o.ID), slog.Any("error", err))
	}
}

// job is one notice in hand.
type job struct {
	d     *Dispatcher
	o     store.Outgoing
	lease string
	k     *workflow.Knowledge
	news  []store.InboxRow // what the message tells
	reach Reach
	why   []string // channels that do not reach the recipient
	doubt bool     // an earlier channel's message may have arrived
	spare bool     // a channel could tell it tomorrow, when its quota is new
}

func (d *Dispatcher) advance(ctx context.Context, j *job) error {
	k, now, err := d.knowledge(ctx)
	if err != nil {
		return err
	}
	j.k, j.news = k, []store.InboxRow{j.o.InboxRow}
	begun := len(j.o.Deliveries) > 0
	if !begun && j.expired(now) {
		return j.settle(ctx, store.NoticeUntold, "", "超过时限未能发送", now)
	}
	if !j.o.Urgent && !begun && j.o.SendAt.IsZero() {
		if at, open := d.o.Plan.morning(k.Calendar, now); !open && j.o.ReadAt.IsZero() {
			return d.o.DB.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.ParkNotice(ctx, j.o, j.lease, at) })
		}
	}
	if !j.o.SendAt.IsZero() {
		if err := d.o.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			j.news, err = tx.CloseBundle(ctx, j.o)
			return err
		}); err != nil {
			return err
		}
	}
	if !begun && !j.o.Urgent && (len(j.news) == 0 || j.o.SendAt.IsZero() && !j.o.ReadAt.IsZero()) {
		return j.settle(ctx, store.NoticeTold, Inbox, "", now)
	}
	if len(j.news) == 0 { // read since, by a clock that is behind: what was begun says what it said
		j.news = []store.InboxRow{j.o.InboxRow}
	}
	if j.reach, err = d.o.Book.Reach(ctx, j.o.Recipient); err != nil {
		return err
	}
	if done, err := j.resume(ctx); done || err != nil {
		return err
	}
	for _, name := range d.o.Plan.channelsFor(j.news) {
		done, err := j.try(ctx, name)
		if done || err != nil {
			return err
		}
	}
	_, now, err = d.knowledge(ctx)
	switch {
	case err != nil:
		return err
	case j.doubt:
		return j.settle(ctx, store.NoticeUnconfirmed, "", reasons(j.why), now)
	case j.spare && !j.expired(now):
		return j.postpone(ctx, now.Add(untilTomorrow(now)))
	default:
		return j.settle(ctx, store.NoticeUntold, "", reasons(j.why), now)
	}
}

// since is from when on a notice could be sent.
func (j *job) since() time.Time {
	if j.o.SendAt.After(j.o.CreatedAt) {
		return j.o.SendAt
	}
	return j.o.CreatedAt
}

// expired tells that a notice is too old to be sent.
func (j *job) expired(now time.Time) bool {
	return now.Sub(j.since()) > time.Duration(j.d.o.Plan.ExpireHours)*time.Hour
}

// pass notes why a channel does not reach the recipient.
func (j *job) pass(channel, why string) {
	if why != "" {
		j.why = append(j.why, Label(channel)+"："+why)
	}
}

// resume settles what has been taken, and sends again or waits for what may have arrived, before any channel is chosen: which are
// open, and in which order, may have changed since. done says that the notice is settled, or waits.
func (j *job) resume(ctx context.Context) (done bool, err error) {
	for _, last := range j.o.Deliveries {
		_, now, err := j.d.knowledge(ctx)
		if err != nil {
			return false, err
		}
		switch {
		case last.State == store.DeliverySent:
			return true, j.settle(ctx, store.NoticeTold, last.Channel, "", now)
		case !last.Doubtful():
			continue
		}
		if channel := j.d.channels[last.Channel]; j.repeatable(channel, last, now) {
			done, err = j.begin(ctx, channel, last, now)
		} else {
			done, err = j.unconfirmed(ctx, last, now)
		}
		if done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// try goes on with one channel. done says that the notice is settled, or waits.
func (j *job) try(ctx context.Context, name string) (done bool, err error) {
	_, now, err := j.d.knowledge(ctx)
	if err != nil {
		return false, err
	}
	channel := j.d.channels[name]
	i := slices.IndexFunc(j.o.Deliveries, func(x store.Delivery) bool { return x.Channel == name })
	last := store.Delivery{NoticeID: j.o.ID, Channel: name}
	if i >= 0 {
		last = j.o.Deliveries[i]
	}
	switch last.State {
	case store.DeliverySending, store.DeliveryUnconfirmed: // resume has gone past it
		return false, nil
	case store.DeliveryFailed:
		j.pass(name, last.Why)
		return false, nil
	case store.DeliveryRetry:
		if !j.mayRetry(last.Tries) {
			j.pass(name, last.Why)
			return false, nil
		}
	}
	return j.begin(ctx, channel, last, now)
}

// unconfirmed waits for the platform's event; then it is the next channel's turn for what is urgent, and the list's for the rest.
func (j *job) unconfirmed(ctx context.Context, last store.Delivery, now time.Time) (done bool, err error) {
	if last.State == store.DeliverySending { // nobody knows more of it than of an answer that got lost
		last.State, last.Why = store.DeliveryUnconfirmed, whys[Unknown]
		if err := j.d.o.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.EndDelivery(ctx, last, false, now)
			return err
		}); err != nil {
			return false, err
		}
	}
	wait := j.d.o.Pace.Confirm
	if j.o.Urgent {
		wait = j.d.o.Pace.UrgentConfirm
	}
	if until := last.TriedAt.Add(wait); now.Before(until) {
		return true, j.postpone(ctx, until)
	}
	j.doubt = true
	j.pass(last.Channel, "已发出，是否送达尚不确定")
	if j.o.Urgent {
		return false, nil
	}
	return true, j.settle(ctx, store.NoticeUnconfirmed, last.Channel, reasons(j.why), now)
}

const maxRepeats = 4 // tries of one message whose answers get lost

// repeatable tells whether the same message may be sent again without the person getting it twice.
func (j *job) repeatable(channel Channel, last store.Delivery, now time.Time) bool {
	if channel == nil || last.Tries >= maxRepeats {
		return false
	}
	account, _ := channel.Account(j.reach)
	// The first try began the platform's window at the earliest when it was written down; the send's own limit is the margin.
	return j.d.account(account) == last.Account && now.Add(j.d.o.Pace.Send).Before(last.StartedAt.Add(channel.Repeatable()))
}

func (j *job) mayRetry(tries int) bool {
	if j.o.Urgent {
		return tries < j.d.o.Pace.UrgentTries
	}
	return tries <= len(j.d.o.Pace.Backoff)
}

// account is the blind index of whom a message goes to.
func (d *Dispatcher) account(id string) string { return AccountIndex(d.o.DB.Sealer(), id) }

// AccountIndex is under what the deliveries to an openid, a member id or a phone number, and its grants, are found.
func AccountIndex(s store.Sealer, id string) string { return store.MessageAccount(s, id) }

// begin sends a notice over a channel if it can reach the recipient. What may have arrived and cannot be sent again now stays
// unconfirmed.
func (j *job) begin(ctx context.Context, channel Channel, last store.Delivery, now time.Time) (done bool, err error) {
	name, repeated := last.Channel, last.Doubtful()
	cannot := func(why string) (bool, error) {
		if repeated {
			return j.unconfirmed(ctx, last, now)
		}
		j.pass(name, why)
		return false, nil
	}
	if channel == nil {
		return cannot("未开通")
	}
	to, why := channel.Account(j.reach)
	if to == "" {
		return cannot(why)
	}
	account := j.d.account(to)
	template, why, err := j.template(ctx, name, account, last)
	if err != nil {
		return false, err
	}
	if why != "" {
		return cannot(why)
	}
	m, err := j.d.o.Plan.compose(j.o, name, template, j.news, j.k.NoticeText(j.news[0]))
	if err != nil { // a code or a state that does not fit: found by the tests of the templates
		j.d.o.Logger.ErrorContext(ctx, "a notice does not fit its template", slog.Any("error", err))
		return cannot("内容不符合模板")
	}
	m.To = to
	closed, class := j.d.closures.closed(ctx, name, m.Template)
	switch {
	case class == Minute && j.mayRetry(last.Tries):
		return true, j.postpone(ctx, now.Add(untilNextMinute(now)))
	case class != "":
		j.spare = j.spare || class == Daily && !j.o.Urgent
		return cannot(closed)
	case !j.o.Urgent && !repeated:
		kept, err := j.d.reserved(ctx, channel, now)
		if err != nil {
			return false, err
		}
		if kept {
			j.spare = true
			j.d.o.Engine.Metrics().Notice(name, "reserved")
			return cannot(whyReserved)
		}
	}
	if at, open := j.d.o.Plan.morning(j.k.Calendar, now); !open && !j.o.Urgent && !repeated {
		return true, j.postpone(ctx, at)
	}
	if c, ok := channel.(sparing); ok && !repeated {
		if allowed, wait := j.d.o.Cache.Allow(ctx, "notify:account:"+account, c.PerMinute(), time.Minute); !allowed {
			return true, j.postpone(ctx, now.Add(wait))
		}
	}
	next := last
	next.Account, next.Template, next.TemplateVersion = account, m.Template, j.d.o.Plan.Version
	next.PossibleDouble = last.PossibleDouble || j.doubt
	next.Granted = ""
	if name == Once {
		next.Granted = m.Template
	}
	err = j.d.o.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		next, err = tx.StartDelivery(ctx, next, j.lease, now, now.Add(j.d.o.Pace.Lease))
		return err
	})
	if errors.Is(err, store.ErrNoGrant) {
		return cannot(noGrantLeft)
	}
	if err != nil {
		return false, err
	}
	// The end of the process does not break off what is under way: nobody would know what became of it.
	ctx = context.WithoutCancel(ctx)
	sending, cancel := context.WithTimeout(ctx, j.d.o.Pace.Send)
	id, err := channel.Send(sending, m)
	cancel()
	return j.answered(ctx, next, id, err, repeated)
}

// template gives the template of a message to an account: the first of those for what it tells that can be sent, else why none
// can. What is sent again keeps its own.
func (j *job) template(ctx context.Context, channel, account string, last store.Delivery) (t config.NoticeTemplate, why string, err error) {
	if !needsTemplate(channel) {
		return t, "", nil
	}
	list, why := j.d.o.Plan.templatesFor(channel, j.news), "没有对应的模板"
	if last.Doubtful() {
		list = slices.DeleteFunc(list, func(x config.NoticeTemplate) bool { return x.ID != last.Template })
	}
	if channel != Official {
		if off, err := switchedOff(ctx, j.d.o.DB, account, j.d.o.Engine.Now(j.k)); err != nil || off {
			return t, "对方关闭了订阅消息总开关", err
		}
	}
	var grants []store.Grant
	if channel == Standing || len(list) > 1 {
		if grants, err = j.d.o.DB.Grants(ctx, account); err != nil {
			return t, "", err
		}
	}
	for _, x := range list {
		granted := slices.ContainsFunc(grants, func(g store.Grant) bool {
			return g.Template == x.ID && (g.Standing || channel == Once && g.Remaining > 0)
		})
		switch {
		case j.d.o.Plan.differs(x.ID) != "":
			why = "模板与平台不一致"
		case channel == Standing && !granted:
			why = "没有长期订阅"
		case channel == Once && len(list) > 1 && !granted: // of a single one the reservation tells
			why = noGrantLeft
		default:
			return x, "", nil
		}
	}
	return t, why, nil
}

const noGrantLeft = "没有可用的订阅次数"

// answered notes what came of a try.
func (j *job) answered(ctx context.Context, last store.Delivery, id string, sendErr error, repeated bool) (done bool, err error) {
	d := j.d
	_, now, err := d.knowledge(ctx)
	if err != nil {
		return false, err
	}
	if sendErr == nil {
		last.State, last.MessageID, last.Why, last.Code, last.RID = store.DeliverySent, id, "", 0, ""
		d.closures.accepted(last.Channel, last.Template)
		d.quotas.spent(d.channels[last.Channel])
		d.o.Engine.Metrics().Notice(last.Channel, "sent")
		return true, d.o.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.EndDelivery(ctx, last, false, now); err != nil {
				return err
			}
			o := j.o
			o.State, o.Channel, o.Why = store.NoticeTold, last.Channel, ""
			err := tx.SettleNotice(ctx, o, j.lease, now)
			if errors.Is(err, store.ErrNoticeTaken) { // the answer came late, and is true all the same
				err = tx.ConfirmNotice(ctx, last.NoticeID, last.Channel, now)
			}
			return errors.Join(err, tx.MatchSent(ctx, last, now))
		})
	}
	r := refusalOf(sendErr)
	last.Code, last.RID, last.Why = r.Code, r.RID, whys[r.Class]
	d.o.Engine.Metrics().Notice(last.Channel, string(r.Class))
	d.note(ctx, last, r, now)
	class := r.Class
	if repeated && class != Retry && class != Minute {
		// What the platform says of the repetition is not what became of the message itself.
		class = Unknown
	}
	next := time.Time{}
	switch class {
	case Unknown:
		last.State = store.DeliveryUnconfirmed
		next = now.Add(d.pause(last.Tries))
	case Retry, Minute:
		last.State = store.DeliveryRetry
		if repeated {
			last.State = store.DeliveryUnconfirmed // this try was not done, of the one before nobody knows
		}
		next = now.Add(d.pause(last.Tries))
		if class == Minute {
			next = now.Add(untilNextMinute(now))
		}
	default:
		last.State = store.DeliveryFailed
	}
	late := false
	if err := d.o.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		noted, err := tx.EndDelivery(ctx, last, class == NoGrant, now)
		late = !noted
		if err != nil || last.State == store.DeliveryUnconfirmed {
			return err
		}
		// Somebody may have put it on the list of unconfirmed ones while this answer was on its way.
		return tx.ReopenNotice(ctx, last.NoticeID, last.Channel)
	}); err != nil || late {
		return true, err
	}
	if class == Other {
		if err := d.o.Book.Unreachable(ctx, j.o.Recipient, last.Channel); err != nil {
			return false, err
		}
	}
	switch last.State {
	case store.DeliveryUnconfirmed:
		if channel := d.channels[last.Channel]; j.repeatable(channel, last, next) {
			return true, j.postpone(ctx, next)
		}
		return j.unconfirmed(ctx, last, now)
	case store.DeliveryRetry:
		if j.mayRetry(last.Tries) {
			return true, j.postpone(ctx, next)
		}
	}
	j.pass(last.Channel, last.Why)
	return false, nil
}

// whys says in Chinese why a message was not sent.
var whys = map[Class]string{
	Retry: "平台繁忙，多次未能发出", Minute: "每分钟发送量已达上限", Daily: "今日发送额度已用完", Other: "对方账号收不到", NoGrant: "对方没有订阅或已取消订阅",
	Stop: "平台拒绝，请检查模板和账号设置", Unknown: "没有收到平台的回答",
}

// note draws the conclusions of a refusal that concern others too, and alerts.
func (d *Dispatcher) note(ctx context.Context, last store.Delivery, r *Refusal, now time.Time) {
	attrs := []any{slog.String("channel", last.Channel), slog.String("class", string(r.Class)), slog.Int("code", r.Code), slog.String("rid", r.RID), slog.String("notice", last.NoticeID)}
	switch r.Class {
	case Minute, Daily:
		d.closures.rest(ctx, last.Channel, r.Class, now)
		d.o.Logger.WarnContext(ctx, "a channel's limit is reached, it rests", attrs...)
	case Stop:
		if d.closures.refused(ctx, last.Channel, last.Template) {
			d.o.Logger.ErrorContext(ctx, "the platform refuses a template again and again, it rests: look at template and account", append(attrs, slog.String("template", last.Template))...)
			return
		}
		d.o.Logger.ErrorContext(ctx, "the platform refuses a message for the settings", append(attrs, slog.String("template", last.Template))...)
	case Unknown:
		d.o.Logger.WarnContext(ctx, "a message's answer got lost", attrs...)
	default:
		d.o.Logger.DebugContext(ctx, "a message was refused", attrs...)
	}
}

// pause is how long to wait after that many tries.
func (d *Dispatcher) pause(tries int) time.Duration {
	list := d.o.Pace.Backoff
	full := list[min(max(tries, 1), len(list))-1]
	return full/2 + rand.N(full/2+1)
}

func (j *job) postpone(ctx context.Context, until time.Time) error {
	return j.d.o.DB.PostponeNotice(ctx, j.o.ID, j.lease, until)
}

func (j *job) settle(ctx context.Context, state store.NoticeState, channel, why string, now time.Time) error {
	o := j.o
	o.State, o.Channel, o.Why = state, channel, why
	j.d.o.Engine.Metrics().NoticeSettled(string(state))
	return j.d.o.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.SettleNotice(ctx, o, j.lease, now) })
}

// Delivered takes what the platform tells of a message afterwards. The same event may come any number of times.
func (d *Dispatcher) Delivered(ctx context.Context, e store.DeliveryEvent) error {
	_, now, err := d.knowledge(ctx)
	if err != nil {
		return err
	}
	if e.ID == "" {
		return fmt.Errorf("notify: a delivery event without an id")
	}
	return d.o.DB.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.AddDeliveryEvent(ctx, e, now) })
}

const (
	strayAge   = time.Hour // how long an event waits for its message
	strayBatch = 200
)

// MatchEvents matches events that name no message known to us with the deliveries whose answers got lost.
func (d *Dispatcher) MatchEvents(ctx context.Context) error {
	_, now, err := d.knowledge(ctx)
	if err != nil {
		return err
	}
	list, err := d.o.DB.StrayEvents(ctx, now.Add(-strayAge), now.Add(-d.o.Pace.Settle), strayBatch)
	if err != nil {
		return err
	}
	for _, e := range list {
		// By then whoever was sending has written down the answer, or is gone and found out.
		last := now.Sub(e.At) > 2*d.o.Pace.Lease+d.o.Pace.Settle
		if err := d.o.DB.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.MatchStray(ctx, e, last, now) }); err != nil {
			return err
		}
	}
	return nil
}
