package workday_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"xiaopu/server/workday"
)

// naive counts day by day, straight from the definitions, to hold the Calendar's arithmetic against.
type naive struct {
	hours workday.Hours
	works func(workday.Date) bool
}

func (n naive) addWorkingDays(d workday.Date, count int) workday.Date {
	for count > 0 {
		if d = d.AddDays(1); n.works(d) {
			count--
		}
	}
	for count < 0 {
		if d = d.AddDays(-1); n.works(d) {
			count++
		}
	}
	return d
}

func (n naive) workingTime(a, b time.Time) time.Duration {
	var sum time.Duration
	for d := workday.DateOf(a); !d.After(workday.DateOf(b)); d = d.AddDays(1) {
		if !n.works(d) {
			continue
		}
		for _, s := range n.hours {
			from, to := d.At(s.Open), d.At(s.Close)
			if from.Before(a) {
				from = a
			}
			if to.After(b) {
				to = b
			}
			sum += max(0, to.Sub(from))
		}
	}
	return sum
}

// world is a calendar with the same days told naively.
type world struct {
	c *workday.Calendar
	n naive
}

// worlds draws hours, closures and which of the base years are loaded.
func worlds(base []workday.Year) *rapid.Generator[world] {
	return rapid.Custom(func(t *rapid.T) world {
		var hours workday.Hours
		for open := rapid.IntRange(0, 600).Draw(t, "open"); len(hours) < 4; {
			length := rapid.IntRange(1, 240).Draw(t, "length")
			if open+length > 1440 || len(hours) > 0 && rapid.Bool().Draw(t, "enough") {
				break
			}
			hours = append(hours, workday.Session{Open: open, Close: open + length})
			open += length + rapid.IntRange(0, 120).Draw(t, "break")
		}
		var years []workday.Year
		for _, y := range base {
			if rapid.Bool().Draw(t, "loaded") {
				years = append(years, y)
			}
		}
		closures := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) workday.Closure {
			from := workday.Date{Year: 2024, Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 1400).Draw(t, "from"))
			return workday.Closure{From: from, To: from.AddDays(rapid.IntRange(0, 59).Draw(t, "days")), Reason: "停工"}
		}), 0, 3).Draw(t, "closures")
		c, err := workday.New(hours, years, closures)
		if err != nil {
			t.Fatal(err)
		}
		works := func(d workday.Date) bool {
			for _, cl := range closures {
				if !d.Before(cl.From) && !d.After(cl.To) {
					return false
				}
			}
			for _, y := range years {
				if _, off := y.Off[d]; off {
					return false
				}
				if _, work := y.Work[d]; work {
					return true
				}
			}
			return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
		}
		return world{c, naive{hours: hours, works: works}}
	})
}

var (
	days     = rapid.Map(rapid.IntRange(-400, 1400), workday.Date{Year: 2024, Month: 6, Day: 1}.AddDays)
	instants = rapid.Custom(func(t *rapid.T) time.Time {
		d := days.Draw(t, "day")
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0: // the instants where off-by-one errors live
			return d.At(rapid.SampledFrom([]int{0, 540, 690, 810, 1020, 1440}).Draw(t, "edge"))
		case 1:
			return d.At(rapid.IntRange(0, 1440).Draw(t, "minute"))
		default:
			return d.At(0).Add(time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "ns")))
		}
	})
	durations = rapid.Custom(func(t *rapid.T) time.Duration {
		if rapid.Bool().Draw(t, "round") {
			return time.Duration(rapid.IntRange(0, 200).Draw(t, "half hours")) * 30 * time.Minute
		}
		return time.Duration(rapid.Int64Range(0, int64(600*time.Hour)).Draw(t, "ns"))
	})
)

func base(t *testing.T) []workday.Year {
	return []workday.Year{year(t, "notice-2025.txt"), year(t, "notice-2026.txt")}
}

func TestDaysAgreeWithCountingOneByOne(t *testing.T) {
	drawn := worlds(base(t))
	rapid.Check(t, func(t *rapid.T) {
		w := drawn.Draw(t, "world")
		d, n := days.Draw(t, "from"), rapid.IntRange(-300, 300).Draw(t, "n")
		if w.c.IsWorkingDay(d) != w.n.works(d) {
			t.Fatalf("%v: working %v", d, w.c.IsWorkingDay(d))
		}
		if n != 0 {
			if got, want := workday.DateOf(w.c.AddWorkingDays(d, n).At), w.n.addWorkingDays(d, n); got != want {
				t.Fatalf("%v %+d: got %v, want %v", d, n, got, want)
			}
		}
		if got, want := w.c.NextWorkingDay(d), w.n.addWorkingDays(d, 1); got != want {
			t.Fatalf("after %v: got %v, want %v", d, got, want)
		}
		if got, want := w.c.OnOrBefore(d), w.n.addWorkingDays(d.AddDays(1), -1); got != want {
			t.Fatalf("on or before %v: got %v, want %v", d, got, want)
		}
	})
}

func TestAddedDaysAreTheDaysBetween(t *testing.T) {
	drawn := worlds(base(t))
	rapid.Check(t, func(t *rapid.T) {
		c := drawn.Draw(t, "world").c
		from, n := days.Draw(t, "from"), rapid.IntRange(1, 400).Draw(t, "n")
		due := c.AddWorkingDays(from, n)
		end := workday.DateOf(due.At)
		if got := c.WorkingDaysBetween(from, end); got != n {
			t.Fatalf("%v + %d = %v, but %d between", from, n, end, got)
		}
		if got := c.WorkingDaysBetween(end, from); got != -n {
			t.Fatalf("backwards %d", got)
		}
		if !c.IsWorkingDay(end) || !due.At.Equal(c.CloseOf(end)) {
			t.Fatalf("%v is no close of a working day", due.At)
		}
		if c.IsWorkingDay(from) {
			if back := workday.DateOf(c.AddWorkingDays(end, -n).At); back != from {
				t.Fatalf("%v + %d - %d = %v", from, n, n, back)
			}
		}
	})
}

func TestDeadlinesAreMonotone(t *testing.T) {
	drawn := worlds(base(t))
	rapid.Check(t, func(t *rapid.T) {
		c := drawn.Draw(t, "world").c
		from, n := days.Draw(t, "from"), rapid.IntRange(-50, 50).Draw(t, "n")
		if c.AddWorkingDays(from.AddDays(1), n).At.Before(c.AddWorkingDays(from, n).At) {
			t.Fatalf("opened a day after %v, due before", from)
		}
		if c.AddWorkingDays(from, n+1).At.Before(c.AddWorkingDays(from, n).At) {
			t.Fatalf("%v: one day more, due before", from)
		}
		a, b := instants.Draw(t, "a"), instants.Draw(t, "b")
		if b.Before(a) {
			a, b = b, a
		}
		d, e := durations.Draw(t, "d"), durations.Draw(t, "e")
		if c.AddWorkingTime(b, d).At.Before(c.AddWorkingTime(a, d).At) {
			t.Fatalf("%v later than %v, due before", b, a)
		}
		if c.AddWorkingTime(a, d+e).At.Before(c.AddWorkingTime(a, d).At) {
			t.Fatalf("%v: more time, due before", a)
		}
		if c.SubWorkingTime(b, d).Before(c.SubWorkingTime(a, d)) {
			t.Fatalf("%v later than %v, warned before", b, a)
		}
	})
}

func TestWorkingTimeAgreesWithCountingOneByOneAndAddsUp(t *testing.T) {
	drawn := worlds(base(t))
	rapid.Check(t, func(t *rapid.T) {
		w := drawn.Draw(t, "world")
		a, b, m := instants.Draw(t, "a"), instants.Draw(t, "b"), instants.Draw(t, "m")
		if a.After(b) {
			a, b = b, a
		}
		if got, want := w.c.WorkingTime(a, b), w.n.workingTime(a, b); got != want {
			t.Fatalf("[%v, %v): got %v, want %v", a, b, got, want)
		}
		if w.c.WorkingTime(a, m)+w.c.WorkingTime(m, b) != w.c.WorkingTime(a, b) {
			t.Fatalf("%v, %v, %v do not add up", a, m, b)
		}
		if w.c.WorkingTime(b, a) != -w.c.WorkingTime(a, b) {
			t.Fatal("backwards is not the negative")
		}
	})
}

func TestAddAndSubWorkingTimeAreInverse(t *testing.T) {
	drawn := worlds(base(t))
	rapid.Check(t, func(t *rapid.T) {
		c := drawn.Draw(t, "world").c
		from, d := instants.Draw(t, "from"), durations.Draw(t, "d")
		due, start := c.AddWorkingTime(from, d), c.AddWorkingTime(from, 0).At
		if due.At.Before(from) || start.Before(from) || start.After(due.At) && d > 0 {
			t.Fatalf("%v + %v = %v", from, d, due.At)
		}
		if got := c.WorkingTime(from, due.At); got != d {
			t.Fatalf("%v + %v = %v, %v apart", from, d, due.At, got)
		}
		if d > 0 {
			if got := c.WorkingTime(from, due.At.Add(-1)); got >= d {
				t.Fatalf("%v is not the earliest", due.At)
			}
			if got := c.SubWorkingTime(due.At, d); !got.Equal(start) {
				t.Fatalf("%v + %v - %v = %v, want %v", from, d, d, got, start)
			}
		}
		begin, end := c.SubWorkingTime(from, d), c.SubWorkingTime(from, 0)
		if begin.After(from) || c.WorkingTime(begin, from) != d {
			t.Fatalf("%v - %v = %v", from, d, begin)
		}
		if d > 0 {
			if got := c.WorkingTime(begin.Add(1), from); got >= d {
				t.Fatalf("%v is not the latest", begin)
			}
			if got := c.AddWorkingTime(begin, d).At; !got.Equal(end) {
				t.Fatalf("%v - %v + %v = %v, want %v", from, d, d, got, end)
			}
		}
		if d > 0 && (!c.AddWorkingTime(from, -d).At.Equal(begin) || !c.SubWorkingTime(from, -d).Equal(due.At)) {
			t.Fatal("a negative duration is not the other direction")
		}
	})
}

// A deadline that is not provisional stands, whatever the notices still to come may say.
func TestFirmDeadlinesNeverMove(t *testing.T) {
	all := base(t)
	rapid.Check(t, func(t *rapid.T) {
		some := make([]workday.Year, 0, 3)
		for _, y := range all {
			if rapid.Bool().Draw(t, "loaded") {
				some = append(some, y)
			}
		}
		before, err := workday.New(workday.DefaultHours, some, nil)
		if err != nil {
			t.Fatal(err)
		}
		later := some
		for y := 2023; y <= 2028; y++ {
			if before.Known(y) {
				continue
			}
			wild := workday.Year{Year: y, Off: map[workday.Date]string{}, Work: map[workday.Date]string{}}
			for d := (workday.Date{Year: y - 1, Month: 12, Day: 20}); d.Year <= y; d = d.AddDays(1) {
				weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
				switch turn := rapid.IntRange(0, 9).Draw(t, "turn"); {
				case turn == 0:
					wild.Off[d] = "节日"
				case turn == 1 && weekend:
					wild.Work[d] = "调休上班"
				}
			}
			later = append(later, wild)
		}
		after, err := workday.New(workday.DefaultHours, later, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			from, n := days.Draw(t, "from"), rapid.IntRange(-20, 20).Draw(t, "n")
			if due := before.AddWorkingDays(from, n); !due.Provisional {
				if moved := after.AddWorkingDays(from, n); !moved.At.Equal(due.At) || moved.Provisional {
					t.Fatalf("%v %+d: %v, said to be firm, moved to %v", from, n, due, moved)
				}
			}
			at, d := instants.Draw(t, "at"), durations.Draw(t, "d")
			if due := before.AddWorkingTime(at, d); !due.Provisional {
				if moved := after.AddWorkingTime(at, d); !moved.At.Equal(due.At) || moved.Provisional {
					t.Fatalf("%v + %v: %v, said to be firm, moved to %v", at, d, due, moved)
				}
			}
		}
	})
}
