package casework

import (
	"slices"
	"strconv"
	"time"

	"xiaopu/server/workday"
)

// Rate is a requester's answer to the result, once in each round, within the rating window (domain §3). The system
// gives the answers that the hotline's own call-back brought.
type Rate struct {
	TicketID string `json:"ticket_id,omitempty" maxLength:"40" doc:"评价的工单；只有一件时可不填"`
	Rating   Rating `json:"rating" enum:"satisfied,mostly,dissatisfied"`
	Words    string `json:"words,omitempty" maxLength:"5000"`
	Attached
	Held Held `json:"-"`
}

// Name is "rate".
func (Rate) Name() Name { return "rate" }

func (m Rate) apply(d *draft) error {
	if m.Rating != Satisfied && m.Rating != Mostly && m.Rating != Dissatisfied {
		return invalid("case.rating", "请选择满意、基本满意或不满意。")
	}
	if err := limit("评价内容", m.Words); err != nil {
		return err
	}
	note := RatingNote{TicketID: m.TicketID, Rating: m.Rating, Words: m.Words, Held: m.Held, From: fromHotline}
	if d.actor.isSystem {
		return d.rate(note)
	}
	note.From = fromOwn
	open := ticketsToRate(&d.c, d.actor)
	switch {
	case m.TicketID == "":
		note.TicketID = open[0].id // the rule lets nobody through who has none
	case !d.actor.owns(d.c.Tickets[m.TicketID].Requester):
		return notNow("case.not_yours", "只能评价您本人反映的工单。")
	case !slices.ContainsFunc(open, func(t target) bool { return t.id == m.TicketID }):
		return alreadyRated()
	}
	if err := d.attach(m, false); err != nil {
		return err
	}
	for _, id := range m.Attachments {
		f := d.c.Files[id]
		f.TicketID = note.TicketID
		d.c.Files[id] = f
	}
	return d.rate(note, m.Attachments...)
}

// rated is what the timeline says of a rating.
type rated struct {
	RatingNote
	Attachments []string `json:"attachments,omitempty"`
}

// Where a rating came from.
const (
	fromOwn     = "own"
	fromHotline = "hotline" // the hotline's own call-back
	fromTicket  = "ticket"  // a new ticket after the resolution
)

func ratingKey(round int, t TicketRef) string {
	who := t.Requester
	if who == "" {
		who = t.ID
	}
	return strconv.Itoa(round) + ":" + who
}

// rate records an answer; 不满意 waits for the centre's call-back. Of a second answer of the same requester in the round
// (the hotline's, a new ticket) only a dissatisfaction counts that is not known yet: never two on one ticket.
func (d *draft) rate(n RatingNote, attachments ...string) error {
	t, ok := d.c.Tickets[n.TicketID]
	if !ok {
		return invalid("case.ticket", "本事项没有这件工单。")
	}
	key := ratingKey(d.c.Round, t)
	if have, rated := d.c.Ratings[key]; rated {
		known := have.Rating == Dissatisfied && (have.Pending() || have.TicketID == n.TicketID)
		if known || n.Rating != Dissatisfied {
			return nil
		}
	}
	n.Round, n.At = d.c.Round, d.at
	put(&d.c.Ratings, key, n)
	if n.Rating == Dissatisfied {
		if _, waiting := d.c.Clocks[clockCallback]; !waiting {
			d.days(clockCallback, d.env.Policy.CallbackDays)
		}
	}
	if err := d.emit("rate", rated{n, attachments}, true); err != nil {
		return err
	}
	if n.Rating == Dissatisfied {
		d.tell(NoticeRated, map[string]string{"call_back_by": timeArg(d.c.Clocks[clockCallback].DueAt)}, centre)
	}
	return nil
}

// RateUntil is the instant until which requesters may rate; zero while they may not.
func (c *Case) RateUntil() time.Time { return c.Clocks[clockRating].DueAt }

// CallBackBy is the instant by which the centre calls back who is dissatisfied; zero when nobody waits.
func (c *Case) CallBackBy() time.Time { return c.Clocks[clockCallback].DueAt }

// ConfirmDissatisfaction reopens the case one tier up after calling back (domain §3, Rounds).
type ConfirmDissatisfaction struct {
	Record string `json:"record" doc:"回访记录" minLength:"2" maxLength:"5000"`
}

// Name is "confirm_dissatisfaction".
func (ConfirmDissatisfaction) Name() Name { return "confirm_dissatisfaction" }

func (m ConfirmDissatisfaction) apply(d *draft) error {
	if err := need("回访记录", m.Record); err != nil {
		return err
	}
	return d.confirm("confirm_dissatisfaction", m, m.Record)
}

// confirm settles every pending dissatisfaction and opens a new round one tier up (I stays I).
func (d *draft) confirm(kind EventKind, data any, record string) error {
	d.settle("confirmed", record, RatingNote.Pending)
	s, _ := d.c.LastStage()
	return d.newRound(s.Tier.Up(), CauseDissatisfaction, kind, data)
}

// settle ends those of the pending dissatisfactions that match, and the call-back's clock with the last of them.
func (d *draft) settle(how, record string, match func(RatingNote) bool) {
	for _, key := range d.c.PendingRatings() {
		if r := d.c.Ratings[key]; match(r) {
			r.Callback, r.Record = how, record
			d.c.Ratings[key] = r
		}
	}
	if len(d.c.PendingRatings()) == 0 {
		d.stop(clockCallback)
	}
}

// DismissDissatisfaction keeps the case resolved after calling back.
type DismissDissatisfaction struct {
	Record string `json:"record" doc:"回访记录" minLength:"2" maxLength:"5000"`
}

// Name is "dismiss_dissatisfaction".
func (DismissDissatisfaction) Name() Name { return "dismiss_dissatisfaction" }

func (m DismissDissatisfaction) apply(d *draft) error {
	if err := need("回访记录", m.Record); err != nil {
		return err
	}
	d.settle("dismissed", m.Record, RatingNote.Pending)
	return d.emit("dismiss_dissatisfaction", m, false)
}

// newRound runs the case through the tiers again. At II and I it starts convening, at III dispatched to the old lead.
func (d *draft) newRound(t Tier, cause Cause, kind EventKind, data any) error {
	c := &d.c
	c.Round++
	c.Submission, c.Verification, c.TaskForce = nil, nil, nil
	c.ResolvedAt, c.AcceptedAt, c.FirstHandlingAt = time.Time{}, time.Time{}, time.Time{}
	c.Offers = nil
	d.stop(clockRating, clockCallback, clockHearing)
	d.open(t, cause)
	c.Status = Convening
	if t == TierIII {
		c.Status = Dispatched
		d.startAcceptance()
	}
	if err := d.emit(kind, data, true); err != nil {
		return err
	}
	told := NoticeReopened
	if cause == CauseCarryOver {
		told = NoticeCarriedOver
	}
	d.tell(told, d.dueArgs(), c.head(), c.handler(), c.deputy())
	if t == TierIII {
		d.tell(NoticeDispatched, d.dueArgs(), c.head(), c.handler(), c.deputy())
	} else {
		d.tell(NoticeConvening, d.dueArgs(), c.Convener())
	}
	d.tell(NoticeReopened, d.dueArgs(), c.requesters()...)
	return nil
}

// StrikeOff closes a resolved case at the monthly hearing (销项). Nothing reopens it.
type StrikeOff struct {
	Decision string `json:"decision" minLength:"2" maxLength:"5000"`
}

// Name is "strike_off".
func (StrikeOff) Name() Name { return "strike_off" }

func (m StrikeOff) apply(d *draft) error {
	if err := need("销项决定", m.Decision); err != nil {
		return err
	}
	d.c.Status, d.c.ClosedAt = Closed, d.at
	d.stopAll()
	return d.emit("strike_off", m, false)
}

// CarryOver sends a resolved case into a new round at the same tier (结转续办).
type CarryOver struct {
	Decision string `json:"decision" minLength:"2" maxLength:"5000"`
}

// Name is "carry_over".
func (CarryOver) Name() Name { return "carry_over" }

func (m CarryOver) apply(d *draft) error {
	if err := need("结转决定", m.Decision); err != nil {
		return err
	}
	d.settle("carried_over", m.Decision, RatingNote.Pending) // the new round is what the dissatisfied ask for
	s, _ := d.c.LastStage()
	return d.newRound(s.Tier, CauseCarryOver, "carry_over", m)
}

// hearingClock is the close of the hearing day the case belongs to: the first by which its rating window is over, or,
// without a window, the first after the instant given.
func (d *draft) hearingClock(after time.Time) Clock {
	if k, ok := d.c.Clocks[clockRating]; ok {
		after = k.DueAt
	}
	due, provisional := HearingAfter(d.env.Calendar, d.env.Policy.HearingDay, after)
	return Clock{DueAt: due, StartAt: after, Provisional: provisional}
}

// HearingAfter gives the close of the first monthly hearing day after t: the day of the month given, or the working
// day before it when that is a rest day (policy 二.3: 每月10日前).
func HearingAfter(cal *workday.Calendar, day int, t time.Time) (at time.Time, provisional bool) {
	on := workday.DateOf(t)
	for m := range 3 {
		first := time.Date(on.Year, on.Month+time.Month(m), 1, 0, 0, 0, 0, workday.Shanghai)
		hearing := cal.OnOrBefore(workday.Date{Year: first.Year(), Month: first.Month(), Day: day})
		if at := cal.CloseOf(hearing); at.After(t) {
			return instant(at), !cal.Known(hearing.Year)
		}
	}
	return instant(t.AddDate(0, 2, 0)), true
}
