package casework

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"xiaopu/server/workday"
)

// Clock is something that falls due by itself. What it was counted from is kept, so that a changed calendar can
// count again.
type Clock struct {
	DueAt   time.Time `json:"due_at"`
	StartAt time.Time `json:"start_at,omitzero"`
	// Days are working days from StartAt to the close of work; Hours are working hours. Opening means the opening
	// of work on the Days-th working day after StartAt: when somebody is told again. None of them: DueAt was set by a person.
	Days        int  `json:"days,omitempty"`
	Hours       int  `json:"hours,omitempty"`
	Opening     bool `json:"opening,omitempty"`
	Provisional bool `json:"provisional,omitempty"`
	// PassedAt is the deadline that has passed already, where this clock only says when somebody is told again.
	PassedAt time.Time `json:"passed_at,omitzero"`
}

// The clocks of a case by key; task and order clocks carry the id after the colon.
const (
	clockStage    = "stage"       // the deadline of the open stage
	clockHalf     = "stage.half"  // warnings before it
	clockDay      = "stage.day"   //
	clockHours    = "stage.hours" //
	clockHold     = "hold"        // a result submitted in time holds the escalation until then
	clockOverdue  = "overdue"     // the principal leader is told again
	clockHoldOver = "holdover"    // the target date of a hold-over
	clockIdle     = "idle"        // reported, or registered without a stage
	clockRemind   = "accept.remind"
	clockAccept   = "accept"
	clockContact  = "contact"
	clockTaskAck  = "task.ack:"
	clockTaskDue  = "task.due:"
	clockRating   = "rating"
	clockCallback = "callback"
	clockHearing  = "hearing"
	clockOrder    = "order:"
)

// NextDue gives the earliest instant at which something falls due by itself; zero when nothing does.
func (c *Case) NextDue() time.Time {
	if _, k, ok := c.earliest(); ok {
		return k.DueAt
	}
	return time.Time{}
}

// earliest gives the clock that runs out first; of two at one instant, warnings and tellings go before what changes
// the state, and the stage's own deadline goes last.
func (c *Case) earliest() (string, Clock, bool) {
	keys := slices.Collect(maps.Keys(c.Clocks))
	if len(keys) == 0 {
		return "", Clock{}, false
	}
	key := slices.MinFunc(keys, func(a, b string) int {
		return cmp.Or(c.Clocks[a].DueAt.Compare(c.Clocks[b].DueAt), cmp.Compare(clockOrderOf(a), clockOrderOf(b)), cmp.Compare(a, b))
	})
	return key, c.Clocks[key], true
}

func clockOrderOf(key string) int {
	switch key {
	case clockAccept:
		return 1
	case clockHold, clockCallback, clockRating:
		return 2
	case clockStage:
		return 3
	}
	return 0
}

// instant is the one form of a time inside a case: UTC, whole milliseconds, as the database keeps it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// count computes when a clock that starts at start runs out.
func count(cal *workday.Calendar, k Clock) Clock {
	switch {
	case k.Opening:
		d := workday.DateOf(k.StartAt)
		for range max(k.Days, 1) {
			d = cal.NextWorkingDay(d)
		}
		k.DueAt = instant(cal.OpenOf(d))
	case k.Days > 0:
		due := cal.AddWorkingDays(workday.DateOf(k.StartAt), k.Days)
		k.DueAt, k.Provisional = instant(due.At), due.Provisional
	case k.Hours > 0:
		due := cal.AddWorkingTime(k.StartAt, time.Duration(k.Hours)*time.Hour)
		k.DueAt, k.Provisional = instant(due.At), due.Provisional
	}
	return k
}

// days starts a clock that runs out at the close of the nth working day after now.
func (d *draft) days(key string, n int) {
	put(&d.c.Clocks, key, count(d.env.Calendar, Clock{StartAt: d.at, Days: n}))
}

// hours starts a clock that runs out after n working hours.
func (d *draft) hours(key string, n int) {
	put(&d.c.Clocks, key, count(d.env.Calendar, Clock{StartAt: d.at, Hours: n}))
}

// again sets a clock to the opening of the nth working day after now: when somebody is told once more.
func (d *draft) again(key string, n int) {
	put(&d.c.Clocks, key, count(d.env.Calendar, Clock{StartAt: d.at, Days: n, Opening: true, PassedAt: d.lapsed}))
}

// notBefore makes a clock that has run out already run out at the instant given.
func notBefore(k Clock, at time.Time) Clock {
	if k.DueAt.Before(at) {
		k.DueAt = at
	}
	return k
}

// by sets a clock to an instant a person named.
func (d *draft) by(key string, due time.Time) { put(&d.c.Clocks, key, Clock{DueAt: instant(due)}) }

func (d *draft) stop(keys ...string) {
	for _, k := range keys {
		delete(d.c.Clocks, k)
	}
}

func (d *draft) stopAll() {
	for k := range d.c.Clocks {
		delete(d.c.Clocks, k)
	}
}

// startStageClocks sets the deadline and the warnings of the open stage. Warnings whose instant has passed are not set.
func (d *draft) startStageClocks(s Stage) {
	d.stop(clockStage, clockHalf, clockDay, clockHours, clockHold)
	put(&d.c.Clocks, clockStage, Clock{DueAt: s.DueAt, StartAt: s.OpenedAt, Days: s.Days, Provisional: s.Provisional})
	cal := d.env.Calendar
	half := cal.AddWorkingTime(s.OpenedAt, cal.WorkingTime(s.OpenedAt, s.DueAt)/2).At
	day := cal.CloseOf(cal.OnOrBefore(workday.DateOf(s.DueAt).AddDays(-1)))
	hours := cal.SubWorkingTime(s.DueAt, time.Duration(d.policyOf(s).WarnHours)*time.Hour)
	for key, at := range map[string]time.Time{clockHalf: half, clockDay: day, clockHours: hours} {
		if at = instant(at); at.After(d.at) && at.After(s.OpenedAt) && at.Before(s.DueAt) {
			put(&d.c.Clocks, key, Clock{DueAt: at})
		}
	}
}

// stageDue counts a stage's deadline: the close of work of the Nth working day after the opening date, which is day 0
// also on a rest day or after hours (domain §4), unless the policy says after_hours: next_working_day.
func stageDue(cal *workday.Calendar, p Policy, opened time.Time, days int) workday.Deadline {
	day := workday.DateOf(opened)
	if p.AfterHours == nextWorkingDay && (!cal.IsWorkingDay(day) || opened.After(cal.CloseOf(day))) {
		day = cal.NextWorkingDay(day)
	}
	return cal.AddWorkingDays(day, days)
}

// recalculate counts every running clock again after the calendar changed: one event for each deadline that moves,
// never to before now (domain, preface).
func (d *draft) recalculate() error {
	cal, now := d.env.Calendar, d.env.Now
	moved := func(old, next Clock) (Clock, bool) {
		next = notBefore(next, now)
		return next, !next.DueAt.Equal(old.DueAt) || next.Provisional != old.Provisional
	}
	quiet := false
	keys := sortedKeys(d.c.Clocks)
	if i := slices.Index(keys, clockHearing); i >= 0 { // counts from the end of the rating window: after it
		keys = append(slices.Delete(keys, i, i+1), clockHearing)
	}
	for _, key := range keys {
		old, ok := d.c.Clocks[key]
		if !ok || !old.DueAt.After(now) {
			continue // it has run out already: the calendar of its time decided
		}
		var next Clock
		switch {
		case key == clockStage:
			s, open := d.c.Stage()
			if !open || !s.DueAt.Equal(old.DueAt) {
				continue
			}
			due := stageDue(cal, d.policyOf(s), s.OpenedAt, s.Days)
			next = old
			next.DueAt, next.Provisional = instant(due.At), due.Provisional
			next, ok = moved(old, next)
			if !ok {
				continue
			}
			s.DueAt, s.Provisional = next.DueAt, next.Provisional
			d.c.setStage(s)
			d.startStageClocks(s)
		case key == clockHearing:
			counted := d.hearingClock(old.StartAt)
			counted.PassedAt = old.PassedAt
			next, ok = moved(old, counted)
			if !ok {
				continue
			}
			d.c.Clocks[key] = next
		case old.Days == 0 && old.Hours == 0:
			continue
		default:
			next, ok = moved(old, count(cal, old))
			if !ok {
				continue
			}
			d.c.Clocks[key] = next
			if old.Opening {
				quiet = true // when somebody is told again is no deadline
				continue
			}
			if id, ok := clockID(key, clockOrder); ok {
				o := d.c.Orders[id]
				o.DueAt = next.DueAt
				d.c.Orders[id] = o
			}
		}
		if err := d.emit(EventRecalculated, recalculated{Clock: key, Old: old.DueAt, New: next.DueAt, Provisional: next.Provisional}, false); err != nil {
			return err
		}
	}
	if quiet {
		return d.emit(EventRecalculated, recalculated{Clock: "reminders"}, false)
	}
	return nil
}

type recalculated struct {
	Clock       string    `json:"clock"`
	Old         time.Time `json:"old,omitzero"`
	New         time.Time `json:"new,omitzero"`
	Provisional bool      `json:"provisional,omitempty"`
}

// clockID gives the id behind a task or order clock.
func clockID(key, prefix string) (string, bool) { return strings.CutPrefix(key, prefix) }
