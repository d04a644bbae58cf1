package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/live"
	"xiaopu/server/store"
)

// Request is one command on one case.
type Request struct {
	Actor  casework.Actor
	CaseID string // id or number; "" for Report and Register: a new case
	// Version is the version the person saw; the command is refused when the case has moved on.
	Version int64
	Command casework.Command
	// Location is where what is reported, or an on-site record, is; nil for none. It is beside the command, so that no event has it.
	Location *casework.Location
	// Key is the client's Idempotency-Key; "" for none.
	Key string

	held     store.Review // words that must be looked at before others see them
	screened bool         // it is a requester's: what it brings is looked at first
}

// Outcome is the case after a command.
type Outcome struct {
	Case casework.Case
	// Replayed says that an earlier request with the same key had done it.
	Replayed bool
}

var errKeyReused = apperr.New(apperr.InvalidArgument, "request.key_reused", "这次提交的编号已用于另一项操作，请刷新页面后重新提交。")

// Do gives a command. See the package comment for what it returns.
func (e *Engine) Do(ctx context.Context, r Request) (Outcome, error) {
	out, err := e.given(ctx, r)
	if e.metrics != nil {
		e.metrics.Command(string(r.Command.Name()), outcomeOf(out, err))
	}
	return out, err
}

// outcomeOf is what became of a command, in one of few words.
func outcomeOf(out Outcome, err error) string {
	var refused *apperr.Error
	switch {
	case errors.As(err, &refused):
		return string(refused.Code)
	case err != nil:
		return string(apperr.Internal)
	case out.Replayed:
		return "replayed"
	}
	return "done"
}

func (e *Engine) given(ctx context.Context, r Request) (Outcome, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Outcome{}, err
	}
	r.Command = withoutNumbers(r.Command)
	asCommanded := r
	r.Command = k.complete(r.Command)
	if r.CaseID, err = e.caseID(ctx, r.CaseID); err != nil {
		return Outcome{}, err
	}
	if m, ok := r.Command.(casework.Merge); ok {
		if id, err := e.caseID(ctx, m.TargetID); err == nil {
			m.TargetID = id
			r.Command = m
		} else if !errors.Is(err, store.ErrNoCase) { // who may not merge is not told which numbers there are
			return Outcome{}, err
		}
	}
	asCommanded.CaseID = r.CaseID
	q, err := e.keyedCommand(asCommanded)
	if err != nil {
		return Outcome{}, err
	}
	return once(ctx, e, q, e.replayed(ctx), func() (Outcome, error) {
		if r.Location != nil {
			if err := r.Location.Check(); err != nil {
				return Outcome{}, err
			}
		}
		r, err := e.screened(ctx, r)
		if err != nil {
			return Outcome{}, err
		}
		out, err := e.do(ctx, k, r, q)
		if r.screened {
			e.wakeChecks()
		}
		return out, err
	})
}

func (e *Engine) keyedCommand(r Request) (keyed, error) {
	what := fmt.Sprintf("%s\n%s\n%d", r.Command.Name(), r.CaseID, r.Version)
	if r.Location != nil {
		where, err := json.Marshal(r.Location)
		if err != nil {
			return keyed{}, err
		}
		what += "\n" + string(where)
	}
	return e.keyed(r.Actor.PersonID, r.Key, what, r.Command)
}

// replayed shows the case that a request made or changed before.
func (e *Engine) replayed(ctx context.Context) func(id string) (Outcome, error) {
	return func(id string) (Outcome, error) {
		l, err := e.db.Case(ctx, id)
		return Outcome{Case: l.Case, Replayed: true}, err
	}
}

func (e *Engine) do(ctx context.Context, k *Knowledge, r Request, q keyed) (out Outcome, err error) {
	now := e.Now(k)
	var refused error
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		refused = nil
		w := &writer{live: e.live, tx: tx, k: k, now: now, pictures: e.whoLooks()}
		c, err := w.command(ctx, r)
		if err != nil {
			var refusal *refusal
			if !errors.As(err, &refusal) {
				return err
			}
			refused = refusal.cause // what had fallen due is saved all the same
		} else {
			if err := w.keepLocation(ctx, r, c); err != nil {
				return err
			}
			if err := q.done(ctx, tx, c.ID, now); err != nil {
				return err
			}
		}
		out.Case = c
		return w.tellPlatforms(ctx)
	})
	return out, errors.Join(err, refused)
}

// refusal carries a command's refusal past the transaction, which still commits.
type refusal struct{ cause error }

func (r *refusal) Error() string { return r.cause.Error() }

// writer is one transaction's view: it saves decisions and delivers their notices.
type writer struct {
	tx   *store.Tx
	k    *Knowledge
	now  time.Time
	feed []store.FeedRow // what platforms are told at the end
	live *live.Hub

	screened bool              // as Request.screened
	pictures store.ReviewState // of the reviews of pictures

	seq   int64 // of the turn; 0 before it is taken
	index *held // of who takes tickets in; nil for others
}

func (w *writer) command(ctx context.Context, r Request) (casework.Case, error) {
	if r.CaseID == "" {
		d, err := w.create(ctx, r.Actor, r.Command)
		return d.Case, err
	}
	switch r.Command.(type) {
	case AttachTicket, casework.Detach, casework.Register:
		// These move tickets, and so does who takes tickets in.
		if err := w.turn(ctx); err != nil {
			return casework.Case{}, err
		}
	}
	l, err := w.load(ctx, r.CaseID, r.Actor, r.Command)
	if err != nil {
		return casework.Case{}, err
	}
	if r.Version != l.Case.Version {
		return l.Case, stale(l.Case)
	}
	if !casework.Permits(l.Case, r.Actor, r.Command.Name(), w.k.env(w.now, l.CalendarRevision)) {
		return w.refuse(ctx, l, r.Actor, r.Command)
	}
	if err := w.k.check(l.Case, r.Command); err != nil {
		return l.Case, err
	}
	switch cmd := r.Command.(type) {
	case casework.Merge:
		return w.merge(ctx, l, r.Actor, cmd)
	case casework.Split:
		return w.split(ctx, l, r.Actor, cmd)
	case AttachTicket:
		return w.attach(ctx, l, r.Actor, cmd)
	}
	w.screened = r.screened
	next, err := w.decide(ctx, l, r.Actor, w.k.noteWhere(r.Command, l.Case))
	if err == nil && r.screened {
		err = w.holdBack(ctx, r, l.Case, next.Case)
	}
	if err != nil {
		return next.Case, err
	}
	switch cmd := r.Command.(type) {
	case casework.Register:
		next, err = w.gather(ctx, next)
	case casework.Detach:
		err = w.detach(ctx, cmd.TicketID, r.Actor, cmd.Reason)
	}
	return next.Case, err
}

// stale tells who lost a race what the case is now.
func stale(c casework.Case) error {
	e := store.ErrStale.With(store.ErrStale)
	e.Detail = map[string]any{"version": c.Version, "status": c.Status, "status_label": c.Status.Label(), "tier": c.Tier}
	return e
}

// load loads a case for actor; what is outside their scope does not exist for them. Claiming alone reaches the cases
// that a head sees masked.
func (w *writer) load(ctx context.Context, id string, actor casework.Actor, cmd casework.Command) (store.LoadedCase, error) {
	l, err := w.tx.Case(ctx, id)
	if err != nil {
		return l, err
	}
	switch sight := casework.See(l.Case, actor); {
	case sight == casework.Unseen, sight == casework.Masked && cmd.Name() != "claim":
		return l, store.ErrNoCase
	}
	return l, nil
}

// refuse answers a command that is not open to the actor, before anything that it names is looked up: the answer tells
// nothing of it. What has fallen due is saved all the same.
func (w *writer) refuse(ctx context.Context, l store.LoadedCase, actor casework.Actor, cmd casework.Command) (casework.Case, error) {
	if a, ok := cmd.(AttachTicket); ok {
		cmd = a.Attach
	}
	next, err := w.decide(ctx, l, actor, cmd)
	if err == nil {
		err = fmt.Errorf("workflow: %s of case %s was not open and yet done", cmd.Name(), l.Case.ID)
	}
	return next.Case, err
}

// decide runs one command on a loaded case and saves what follows. A refusal comes as *refusal.
func (w *writer) decide(ctx context.Context, l store.LoadedCase, actor casework.Actor, cmd casework.Command) (store.LoadedCase, error) {
	env := w.k.env(w.now, l.CalendarRevision)
	var err error
	if env.Files, err = w.files(ctx, actor, cmd); err != nil {
		return l, err
	}
	d, refused := casework.Decide(l.Case, actor, cmd, env)
	next, err := w.save(ctx, l, d)
	if err != nil {
		return next, err
	}
	if err := w.keepFiles(ctx, actor, l.Case, next.Case); err != nil {
		return next, err
	}
	if refused != nil {
		return next, &refusal{refused}
	}
	return next, nil
}

func (w *writer) save(ctx context.Context, l store.LoadedCase, d casework.Decision) (store.LoadedCase, error) {
	if d.Case.ID == "" {
		return l, errors.New("workflow: a decision without a case")
	}
	next, err := w.tx.SaveCase(ctx, l, d, w.k.CalendarRevision, w.now)
	if err != nil {
		return next, err
	}
	if err := w.happened(ctx, l.Case, d); err != nil {
		return next, err
	}
	w.announce(l.Case, d)
	return next, w.deliver(ctx, d)
}

// create makes a new case from Report or Register.
func (w *writer) create(ctx context.Context, actor casework.Actor, cmd casework.Command) (casework.Decision, error) {
	year := w.now.In(shanghai).Year()
	env := w.k.env(w.now, 0)
	files, err := w.files(ctx, actor, cmd)
	if err != nil {
		return casework.Decision{}, err
	}
	env.Files = files
	d, err := casework.Decide(casework.Case{ID: newID(), Number: fmt.Sprintf("NS%d-000000", year)}, actor, cmd, env)
	if err == nil {
		err = w.k.check(d.Case, cmd)
	}
	if err != nil {
		return d, err
	}
	// The number is taken only for what is accepted, and inside the decision, so that the timeline has it too.
	n, err := w.tx.NextNumber(ctx, fmt.Sprintf("case-%d", year))
	if err != nil {
		return d, err
	}
	d, err = casework.Decide(casework.Case{ID: d.Case.ID, Number: fmt.Sprintf("NS%d-%06d", year, n)}, actor, cmd, env)
	if err != nil {
		return d, err
	}
	if err := w.tx.InsertCase(ctx, d, w.k.CalendarRevision, w.now); err != nil {
		return d, err
	}
	if err := w.keepFiles(ctx, actor, casework.Case{}, d.Case); err != nil {
		return d, err
	}
	if err := w.happened(ctx, casework.Case{}, d); err != nil {
		return d, err
	}
	w.announce(casework.Case{}, d)
	return d, w.deliver(ctx, d)
}

// deliver writes a decision's notices into inboxes and outbox, resolved to the people who hold the posts now.
func (w *writer) deliver(ctx context.Context, d casework.Decision) error {
	var rows []store.InboxRow
	for _, n := range d.Notices {
		told := map[string]bool{}
		for _, to := range n.To {
			for _, r := range w.recipients(d.Case, to) {
				if told[r.PersonID] {
					continue
				}
				told[r.PersonID] = true
				rows = append(rows, store.InboxRow{
					ID: newID(), Recipient: r.PersonID, StandsFor: r.For, CaseID: d.Case.ID, Number: d.Case.Number, Seq: n.Seq,
					Kind: n.Kind, Urgent: n.Urgent, Args: n.Args, CreatedAt: w.now,
				})
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	w.announceNotices(d.Case, rows)
	return w.tx.InsertNotices(ctx, rows)
}

type recipient struct{ PersonID, For string }

func (w *writer) recipients(c casework.Case, to casework.Addressee) []recipient {
	if ticketID, ok := cutPrefix(to, "requester:"); ok {
		if key := c.Tickets[ticketID].Requester; key != "" {
			return []recipient{{PersonID: "requester:" + key}}
		}
		return nil
	}
	var out []recipient
	for _, r := range w.k.Organisation.Recipients(to, w.now) {
		out = append(out, recipient{r.PersonID, r.For})
	}
	return out
}

// pair loads the other case of a merge or split; both are locked in the order of their ids by the saves' order.
func (w *writer) merge(ctx context.Context, source store.LoadedCase, actor casework.Actor, cmd casework.Merge) (casework.Case, error) {
	target, err := w.load(ctx, cmd.TargetID, actor, cmd)
	if err != nil {
		return source.Case, err
	}
	env := w.k.env(w.now, source.CalendarRevision)
	env.Recalculate = true
	s, t, refused := casework.DecideMerge(source.Case, target.Case, actor, cmd, env)
	return w.savePair(ctx, source, target, s, t, refused, func() error {
		return w.moveTo(ctx, target.Case.ID, source.Case)
	})
}

func (w *writer) split(ctx context.Context, source store.LoadedCase, actor casework.Actor, cmd casework.Split) (casework.Case, error) {
	if source.Case.MergedInto == "" {
		_, err := w.decide(ctx, source, actor, cmd)
		return source.Case, err
	}
	target, err := w.tx.Case(ctx, source.Case.MergedInto)
	if err != nil {
		return source.Case, err
	}
	env := w.k.env(w.now, source.CalendarRevision)
	env.Recalculate = true
	s, t, refused := casework.DecideSplit(source.Case, target.Case, actor, cmd, env)
	return w.savePair(ctx, source, target, s, t, refused, func() error {
		return w.moveTo(ctx, source.Case.ID, s.Case)
	})
}

func (w *writer) savePair(ctx context.Context, source, target store.LoadedCase, s, t casework.Decision, refused error, then func() error) (casework.Case, error) {
	if s.Case.ID == "" {
		return source.Case, refused
	}
	// In the order of ids, so that two merges the other way round do not wait for each other.
	steps := []func() error{
		func() error { _, err := w.save(ctx, source, s); return err },
		func() error { _, err := w.save(ctx, target, t); return err },
	}
	if target.Case.ID < source.Case.ID {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return source.Case, err
		}
	}
	if refused != nil {
		return s.Case, &refusal{refused}
	}
	return s.Case, then()
}

// moveTo notes that the tickets and attachments of c are in another case now.
func (w *writer) moveTo(ctx context.Context, to string, c casework.Case) error {
	if err := w.tx.SetTicketCase(ctx, to, slices.Collect(maps.Keys(c.Tickets))...); err != nil {
		return err
	}
	return w.tx.MoveAttachments(ctx, to, slices.Sorted(maps.Keys(c.Files))...)
}

// AttachTicket is casework.Attach as a person gives it: by the ticket's id.
type AttachTicket struct {
	TicketID        string `json:"ticket_id" maxLength:"40" doc:"要并入的工单"`
	casework.Attach `json:"-"`
}

func (w *writer) attach(ctx context.Context, l store.LoadedCase, actor casework.Actor, cmd AttachTicket) (casework.Case, error) {
	row, err := w.tx.Ticket(ctx, cmd.TicketID)
	if err != nil {
		return l.Case, err
	}
	if row.CaseID != "" && row.CaseID != l.Case.ID {
		other, err := w.tx.Case(ctx, row.CaseID)
		if err != nil {
			return l.Case, err
		}
		if other.Case.Status != casework.Rejected && other.Case.Status != casework.Closed {
			return l.Case, apperr.New(apperr.FailedPrecondition, "ticket.in_other_case", "这件工单已在难事 %s 中，请先从那里移出或把两件难事并案。", other.Case.Number)
		}
	}
	next, err := w.decide(ctx, l, actor, casework.Attach{Ticket: ref(row)})
	if err != nil {
		return next.Case, err
	}
	if err := w.tx.SetTicketCase(ctx, l.Case.ID, row.Ticket.ID); err != nil {
		return next.Case, err
	}
	return next.Case, w.keepIn(ctx, &row, l.Case.ID, actor, "并入难事 "+l.Case.Number)
}

func ref(r store.TicketRow) casework.TicketRef {
	t := r.Ticket
	return casework.TicketRef{ID: t.ID, Source: t.Source, OrderNo: t.OrderNo, Requester: r.Requester, AcceptedAt: t.AcceptedAt.UTC().Truncate(time.Millisecond)}
}

// Tick applies what has fallen due on one case and says how many events that made. Losing a race is no error: whoever
// won did it.
func (e *Engine) Tick(ctx context.Context, caseID string) (events int, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return 0, err
	}
	now := e.Now(k)
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		events = 0
		l, err := tx.Case(ctx, caseID)
		if err != nil {
			return err
		}
		w := &writer{live: e.live, tx: tx, k: k, now: now}
		next, err := w.catchUp(ctx, l)
		events = int(next.Case.Version - l.Case.Version)
		if err != nil {
			return err
		}
		return w.tellPlatforms(ctx)
	})
	if errors.Is(err, store.ErrStale) {
		return 0, nil
	}
	return events, err
}

// catchUp saves what has fallen due on a case; nothing when another process was here.
func (w *writer) catchUp(ctx context.Context, l store.LoadedCase) (store.LoadedCase, error) {
	env := w.k.env(w.now, l.CalendarRevision)
	if due := l.Case.NextDue(); !env.Recalculate && (due.IsZero() || due.After(w.now)) {
		return l, nil
	}
	d, err := casework.Tick(l.Case, env)
	if err != nil {
		return l, err
	}
	return w.save(ctx, l, d)
}

// Swept is what a sweep did.
type Swept struct {
	Cases  int `json:"cases"`  // cases on which something had fallen due
	Events int `json:"events"` // events that followed
	Failed int `json:"failed"` // cases that gave an error, logged; the next sweep tries them again
	// HandedOver are cases in which something fell from who left or moved to somebody else.
	HandedOver int `json:"handed_over"`
}

// sweepBatch is how many due cases are listed at a time.
const sweepBatch = 200

// Sweep gives a tick to every case on which something has fallen due, and to every one whose clocks were counted with
// an earlier calendar. Any number of processes may sweep at once.
func (e *Engine) Sweep(ctx context.Context) (Swept, error) {
	s, err := e.sweep(ctx)
	at := time.Time{}
	if err == nil {
		at = e.clock()
		e.alive.Store(at.UnixMilli())
	}
	e.metrics.Swept(at, s.Cases, s.Failed)
	return s, err
}

func (e *Engine) sweep(ctx context.Context) (Swept, error) {
	var s Swept
	k, err := e.Knowledge(ctx)
	if err != nil {
		return s, err
	}
	if err := e.handOver(ctx, &s); err != nil {
		return s, err
	}
	failed := map[string]bool{}
	for _, list := range []func() ([]string, error){
		func() ([]string, error) {
			return e.db.OutdatedCases(ctx, k.CalendarRevision, sweepBatch+len(failed))
		},
		func() ([]string, error) { return e.db.DueCases(ctx, e.Now(k), sweepBatch+len(failed)) },
	} {
		for {
			ids, err := list()
			if err != nil {
				return s, err
			}
			// Each process goes through the batch in an order of its own, so that several share the work.
			rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
			fresh := 0
			for _, id := range ids {
				if failed[id] {
					continue
				}
				if err := ctx.Err(); err != nil {
					return s, err
				}
				fresh++
				n, err := e.Tick(ctx, id)
				if err != nil {
					failed[id] = true
					s.Failed++
					e.log.ErrorContext(ctx, "tick failed", slog.String("case", id), slog.Any("error", err))
					continue
				}
				e.alive.Store(e.clock().UnixMilli())
				if n > 0 {
					s.Cases++
					s.Events += n
				}
			}
			if fresh == 0 {
				break
			}
		}
	}
	return s, e.chaseReviews(ctx, k)
}

// keyLife is how long an Idempotency-Key is remembered; a client has given up long before.
const keyLife = 7 * 24 * time.Hour

// Forget drops idempotency keys that no client repeats any more, and requests of platforms that cannot come again.
func (e *Engine) Forget(ctx context.Context) error {
	if err := e.foldRequests(ctx); err != nil {
		return err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	for {
		n, err := e.db.ForgetDone(ctx, e.Now(k).Add(-keyLife), 500)
		if err != nil || n == 0 {
			return err
		}
	}
}
