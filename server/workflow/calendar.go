package workflow

import (
	"context"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/workday"
)

// CalendarChange is what loading a year or declaring a closure does, before it is confirmed.
type CalendarChange struct {
	Year *workday.Year `json:"year,omitempty"`
	// ClosureID names a closure just declared, for revoking it.
	ClosureID string `json:"closure_id,omitempty" doc:"停工记录编号，撤销时用"`
	// Days lists each day whose kind would change, with the names before and after.
	Days []DayChange `json:"days"`
}

// DayChange is one day that becomes a working day or stops being one.
type DayChange struct {
	On      workday.Date `json:"on"`
	Working bool         `json:"working"` // after the change
	Name    string       `json:"name,omitempty"`
}

// PreviewYear says what loading y would change, without changing anything.
func (e *Engine) PreviewYear(ctx context.Context, y workday.Year) (CalendarChange, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return CalendarChange{}, err
	}
	next, err := calendarWith(k, &y, nil)
	if err != nil {
		return CalendarChange{}, err
	}
	return CalendarChange{Year: &y, Days: compareDays(k.Calendar, next, workday.Date{Year: y.Year - 1, Month: 12, Day: 20}, workday.Date{Year: y.Year, Month: 12, Day: 31})}, nil
}

func compareDays(old, next *workday.Calendar, from, to workday.Date) []DayChange {
	days := []DayChange{}
	for d := from; !d.After(to); d = d.AddDays(1) {
		if w := next.IsWorkingDay(d); w != old.IsWorkingDay(d) {
			days = append(days, DayChange{On: d, Working: w, Name: next.DayName(d)})
		}
	}
	return days
}

func calendarWith(k *Knowledge, year *workday.Year, closure *workday.Closure) (*workday.Calendar, error) {
	var years []workday.Year
	for _, y := range k.Years {
		if year == nil || y.Year.Year != year.Year {
			years = append(years, y.Year)
		}
	}
	if year != nil {
		if err := year.Validate(); err != nil {
			return nil, invalidCalendar(err)
		}
		years = append(years, *year)
	}
	var closures []workday.Closure
	for _, c := range k.Closures {
		closures = append(closures, c.Closure)
	}
	if closure != nil {
		closures = append(closures, *closure)
	}
	cal, err := workday.New(k.hours, years, closures)
	if err != nil {
		return nil, invalidCalendar(err)
	}
	return cal, nil
}

func invalidCalendar(err error) error {
	return apperr.New(apperr.InvalidArgument, "calendar.invalid", "%s", err.Error())
}

// LoadYear stores a year's working days, a new one or a corrected notice. Open deadlines that change are counted again
// by the next sweep, one event each (domain, preface); the caller runs one at once where somebody waits for it.
func (e *Engine) LoadYear(ctx context.Context, actor casework.Actor, y workday.Year) (CalendarChange, error) {
	change, err := e.PreviewYear(ctx, y)
	if err != nil {
		return change, err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return change, err
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.AddCalendarYear(ctx, y, actor.PersonID, e.Now(k))
	}); err != nil {
		return change, err
	}
	_, err = e.Refresh(ctx)
	return change, err
}

// AddClosure declares a local closure (typhoon) with its reason.
func (e *Engine) AddClosure(ctx context.Context, actor casework.Actor, c workday.Closure) (CalendarChange, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return CalendarChange{}, err
	}
	if err := c.Validate(); err != nil {
		return CalendarChange{}, invalidCalendar(err)
	}
	for _, have := range k.Closures { // a repeated request declares nothing a second time
		if have.Closure == c {
			return CalendarChange{ClosureID: have.ID, Days: []DayChange{}}, nil
		}
	}
	next, err := calendarWith(k, nil, &c)
	if err != nil {
		return CalendarChange{}, err
	}
	change := CalendarChange{ClosureID: newID(), Days: compareDays(k.Calendar, next, c.From, c.To)}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.AddClosure(ctx, store.StoredClosure{ID: change.ClosureID, Closure: c, CreatedAt: e.Now(k), CreatedBy: actor.PersonID})
	}); err != nil {
		return change, err
	}
	_, err = e.Refresh(ctx)
	return change, err
}

// Move is a deadline that a change of the calendar would move.
type Move struct {
	Number string
	Tier   casework.Tier
	From   time.Time
	To     time.Time
}

// PreviewClosure says what declaring c would change: the days, and the deadlines of open cases.
func (e *Engine) PreviewClosure(ctx context.Context, c workday.Closure) (CalendarChange, []Move, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return CalendarChange{}, nil, err
	}
	if err := c.Validate(); err != nil {
		return CalendarChange{}, nil, invalidCalendar(err)
	}
	next, err := calendarWith(k, nil, &c)
	if err != nil {
		return CalendarChange{}, nil, err
	}
	return e.previewDays(ctx, k, next, c)
}

// PreviewRevocation says what taking the closure with this id back would change.
func (e *Engine) PreviewRevocation(ctx context.Context, id string) (CalendarChange, []Move, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return CalendarChange{}, nil, err
	}
	i := slices.IndexFunc(k.Closures, func(c store.StoredClosure) bool { return c.ID == id })
	if i < 0 {
		return CalendarChange{}, nil, errNoClosure
	}
	without := *k
	without.Closures = slices.Delete(slices.Clone(k.Closures), i, i+1)
	next, err := calendarWith(&without, nil, nil)
	if err != nil {
		return CalendarChange{}, nil, err
	}
	return e.previewDays(ctx, k, next, k.Closures[i].Closure)
}

func (e *Engine) previewDays(ctx context.Context, k *Knowledge, next *workday.Calendar, c workday.Closure) (CalendarChange, []Move, error) {
	moves, err := e.moves(ctx, k, next, c.From)
	return CalendarChange{Days: compareDays(k.Calendar, next, c.From, c.To)}, moves, err
}

// moves looks at every open case whose deadline lies on or behind the day from: those before it stay.
func (e *Engine) moves(ctx context.Context, k *Knowledge, next *workday.Calendar, from workday.Date) ([]Move, error) {
	env := k.env(e.Now(k), 0)
	env.Calendar, env.Recalculate = next, true
	var moves []Move
	f := store.CaseFilter{AfterSort: from.At(0), Limit: sweepBatch}
	for {
		rows, err := e.db.Cases(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			l, err := e.db.Case(ctx, r.ID)
			if err != nil {
				return nil, err
			}
			d, err := casework.Tick(l.Case, env)
			if err != nil {
				return nil, err
			}
			before, running := l.Case.Stage()
			after, goes := d.Case.Stage()
			if running && goes && before.No == after.No && !before.DueAt.Equal(after.DueAt) {
				moves = append(moves, Move{Number: l.Case.Number, Tier: before.Tier, From: before.DueAt, To: after.DueAt})
			}
		}
		if len(rows) < f.Limit {
			return moves, nil
		}
		f.AfterSort, f.AfterID = rows[len(rows)-1].SortAt, rows[len(rows)-1].ID
	}
}

var errNoClosure = apperr.New(apperr.NotFound, "calendar.no_closure", "没有这条停工记录，或已撤销。")

// RevokeClosure takes a local closure back.
func (e *Engine) RevokeClosure(ctx context.Context, id string) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	found := false
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		found, err = tx.RevokeClosure(ctx, id, e.Now(k))
		return err
	}); err != nil {
		return err
	}
	if !found {
		return errNoClosure
	}
	_, err = e.Refresh(ctx)
	return err
}

// MarkDemo notes that this database holds the demonstration, so that it is never taken for a real one.
func (e *Engine) MarkDemo(ctx context.Context) error {
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Revise(ctx, store.DemoRevision, 1) }); err != nil {
		return err
	}
	_, err := e.Refresh(ctx)
	return err
}

// Demo reports whether the database holds the demonstration, or its clock was moved.
func (k *Knowledge) Demo() bool { return k.revisions[store.DemoRevision] > 0 || k.offset != 0 }

// AdvanceClock moves the demonstration clock on, for every process on this database. The caller refuses it in
// production.
func (e *Engine) AdvanceClock(ctx context.Context, by time.Duration) (time.Time, error) {
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Revise(ctx, store.ClockRevision, by.Milliseconds())
	}); err != nil {
		return time.Time{}, err
	}
	k, err := e.Refresh(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return e.Now(k), nil
}
