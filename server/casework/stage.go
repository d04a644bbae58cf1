package casework

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// open opens a stage of tier t at the effective instant.
func (d *draft) open(t Tier, cause Cause) {
	c := &d.c
	p := d.env.Policy
	if d.env.PolicyOn != nil && d.at.Before(d.env.Now) {
		p = d.env.PolicyOn(d.at)
	}
	days := p.TierDays.Of(t)
	due := stageDue(d.env.Calendar, p, d.at, days)
	s := Stage{
		No: len(c.Stages) + 1, Round: c.Round, Tier: t, OpenedAt: d.at, OpenedBy: cause, Days: days,
		DueAt: instant(due.At), Provisional: due.Provisional, PolicyVersion: p.Version,
	}
	put(&c.Stages, stageKey(s.No), s)
	c.Tier = t
	d.stop(clockIdle)
	d.startStageClocks(s)
}

// enter starts a convening at tier t, ending a running stage as escalated; the event is the person's command.
func (d *draft) enter(t Tier, cause Cause, kind EventKind, data any, args map[string]string) error {
	return d.climb(t, cause, kind, data, args, false)
}

// escalate raises the tier by the mechanism itself. After the centre's delay the case stays verifying.
func (d *draft) escalate(t Tier, cause Cause) error {
	return d.asSystem(func() error {
		data := escalated{Cause: cause, From: runningTier(&d.c), To: t}
		return d.climb(t, cause, EventEscalated, data, map[string]string{"cause": string(cause)}, cause == CauseCentreDelay)
	})
}

type escalated struct {
	Cause Cause `json:"cause"`
	From  Tier  `json:"from,omitempty"`
	To    Tier  `json:"to"`
}

// climb ends the running stage, if any, and opens the next. The lead stays named until the convener decides, so that
// it hears of the escalation; args go to the staff told.
func (d *draft) climb(t Tier, cause Cause, kind EventKind, data any, args map[string]string, keepVerifying bool) error {
	c := &d.c
	if s, ok := c.Stage(); ok {
		s.EndedAt, s.End = d.at, EndEscalated
		s.CentreDelay = cause == CauseCentreDelay
		c.setStage(s)
	}
	d.open(t, cause)
	d.stop(clockRemind, clockAccept)
	if !keepVerifying {
		c.Status = Convening
	}
	if err := d.emit(kind, data, true); err != nil {
		return err
	}
	said := d.dueArgs()
	maps.Copy(said, args)
	d.tell(NoticeEscalated, said, append([]Addressee{c.head(), c.handler(), c.Convener(), c.deputy(), centre, c.liaison()}, d.former...)...)
	if !keepVerifying {
		d.tell(NoticeConvening, said, c.Convener())
	}
	d.tell(NoticeEscalated, said, c.requesters()...)
	return nil
}

// lapse is what the missed deadline of the open stage does: the next tier, or overdue at tier I.
func (d *draft) lapse(cause Cause) error {
	s, ok := d.c.Stage()
	if !ok {
		return fmt.Errorf("case %s: a deadline without a stage", d.c.Number)
	}
	if s.Tier == TierI {
		return d.asSystem(func() error { return d.overdue(s, cause) })
	}
	return d.escalate(s.Tier.Up(), cause)
}

// overdue marks tier I as late: an order for the supervisor, the principal leader told every working day, counted
// overdue until resolved, never closed by the system (domain §4).
func (d *draft) overdue(s Stage, cause Cause) error {
	c := &d.c
	s.OverdueAt = d.at
	s.CentreDelay = cause == CauseCentreDelay
	c.setStage(s)
	d.stop(clockStage, clockHold)
	due := count(d.env.Calendar, Clock{StartAt: d.at, Days: d.policyOf(s).OrderDays})
	d.order("Ⅰ级响应超期，请说明原因并报送办结计划。", due)
	d.again(clockOverdue, 1)
	if err := d.emit(EventOverdue, escalated{Cause: cause, From: TierI, To: TierI}, true); err != nil {
		return err
	}
	d.tell(NoticeOverdue, d.dueArgs(), principalLeader, supervisor, c.head(), c.handler(), c.deputy())
	d.tellOrdered(due.DueAt)
	d.tell(NoticeOverdue, d.dueArgs(), c.requesters()...)
	return nil
}

// fire does what the clock's running out means. d.at is the instant it fell due.
func (d *draft) fire(key string) error {
	c := &d.c
	p := d.policy()
	if d.lapsed = c.Clocks[key].PassedAt; d.lapsed.IsZero() {
		d.lapsed = c.Clocks[key].DueAt
	}
	defer func() { d.lapsed = time.Time{} }()
	delete(c.Clocks, key)
	switch key {
	case clockHalf, clockDay, clockHours:
		to := []Addressee{c.handler(), c.head(), c.deputy()}
		if c.Tier != TierIII {
			to = append(to, c.Convener())
		}
		return d.warn(key, append(to, c.waitsFor()...)) // verifying waits for the centre
	case clockStage:
		s, _ := c.Stage()
		if c.Status == Verifying && c.Submission != nil && !c.Submission.At.After(s.DueAt) {
			// Counted from the deadline, not from now: after a split the hold may be over already.
			hold := count(d.env.Calendar, Clock{StartAt: s.DueAt, Days: p.HoldDays})
			put(&c.Clocks, clockHold, notBefore(hold, d.at))
			if err := d.emit(EventHeld, nil, false); err != nil {
				return err
			}
			d.tell(NoticeHeld, map[string]string{"until": timeArg(c.Clocks[clockHold].DueAt)}, centre)
			return nil
		}
		cause := CauseDeadline
		if d.at.After(s.DueAt) {
			cause = CauseSplitAfterDue
		}
		return d.lapse(cause)
	case clockHold:
		return d.lapse(CauseCentreDelay)
	case clockOverdue:
		every := 1
		if !c.HoldOverUntil.IsZero() && d.at.Before(c.HoldOverUntil) {
			every = p.HeldOverDays
		}
		d.again(clockOverdue, every)
		return d.chase(key, NoticeOverdue, principalLeader)
	case clockHoldOver:
		d.again(clockOverdue, 1)
		return d.chase(key, NoticeOverdue, principalLeader)
	case clockIdle:
		d.again(clockIdle, 1)
		if err := d.emit(EventChased, chased{Clock: key}, false); err != nil {
			return err
		}
		d.tell(NoticeIdle, map[string]string{"state": string(c.Status), "passed": timeArg(d.lapsed)}, supervisor, centre)
		return nil
	case clockRemind:
		return d.chase(key, NoticeAcceptDue, c.head(), c.handler())
	case clockAccept:
		d.stop(clockRemind)
		d.hop(HopUnaccepted, "")
		if err := d.emit(EventUnaccepted, nil, false); err != nil {
			return err
		}
		d.tell(NoticeUnaccepted, d.dueArgs(), c.deputy(), c.head())
		return d.countHops()
	case clockContact:
		return d.chase(key, NoticeContactDue, c.handler(), c.head(), c.deputy())
	case clockRating:
		return d.emit(EventRatingClosed, nil, false)
	case clockCallback:
		if !c.AutoConfirmed {
			c.AutoConfirmed = true
			if err := d.confirm(EventReopened, nil, "城运中心逾期未回访，系统确认。"); err != nil {
				return err
			}
			d.tell(NoticeCallbackMissing, d.dueArgs(), centre)
			return nil
		}
		d.again(clockCallback, 1)
		return d.chase(key, NoticeCallbackMissing, supervisor, centre)
	case clockHearing:
		next := d.hearingClock(d.at)
		next.PassedAt = d.lapsed
		put(&c.Clocks, clockHearing, next)
		return d.chase(key, NoticeHearingMissed, supervisor)
	}
	if id, ok := clockID(key, clockTaskAck); ok {
		d.again(key, 1)
		return d.chaseTask(key, id)
	}
	if id, ok := clockID(key, clockTaskDue); ok {
		d.stop(clockTaskAck + id) // told once a working day, not once for each reason
		d.again(key, 1)
		return d.chaseTask(key, id)
	}
	if id, ok := clockID(key, clockOrder); ok {
		d.again(key, 1)
		if err := d.emit(EventChased, chased{Clock: key}, false); err != nil {
			return err
		}
		d.tell(NoticeOrderLate, map[string]string{"order": id, "due": timeArg(c.Orders[id].DueAt)}, supervisor, c.leadOrCentre())
		return nil
	}
	return fmt.Errorf("case %s: unknown clock %q", c.Number, key)
}

type chased struct {
	Clock string `json:"clock"`
}

func (d *draft) chase(key string, kind NoticeKind, to ...Addressee) error {
	if err := d.emit(EventChased, chased{Clock: key}, false); err != nil {
		return err
	}
	d.tell(kind, d.dueArgs(), to...)
	return nil
}

func (d *draft) chaseTask(key, id string) error {
	if err := d.emit(EventChased, chased{Clock: key}, false); err != nil {
		return err
	}
	t := d.c.Tasks[id]
	d.tell(NoticeTaskWaiting, map[string]string{"task": id, "due": timeArg(t.DueAt)}, t.Addressee, t.asker())
	return nil
}

func (d *draft) warn(key string, to []Addressee) error {
	if err := d.emit(EventWarned, chased{Clock: key}, false); err != nil {
		return err
	}
	args := d.dueArgs()
	args["clock"] = key
	d.tell(NoticeDeadlineNear, args, to...)
	return nil
}

func (a Addressee) split() (Role, string) {
	role, unit, _ := strings.Cut(string(a), ":")
	return Role(role), unit
}
