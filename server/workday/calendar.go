package workday

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Calendar answers which days are worked and counts along them. It is made once from all that is known and never
// changes, so it may be used from many goroutines.
//
// Inside, working days are numbered: done[i] is how many of the table's days up to first+i are worked, worked[k-1]
// is the kth of them, and outside the table the numbering goes on Monday to Friday by arithmetic. Adding N working
// days is then one look-up each way, whatever N, and no loop here can run away.
type Calendar struct {
	hours  Hours
	perDay time.Duration // office time of one working day
	known  map[int]bool
	names  map[Date]string

	first  int     // day number the table begins with
	done   []int32 // working days from first to each day of the table
	worked []int32 // day numbers of the table's working days
	firm   []span  // days that no notice still to come can change
}

// span is a run of day numbers, both ends included.
type span struct{ from, to int }

// Deadline is an instant, and whether it can still move.
type Deadline struct {
	At time.Time `json:"at"`
	// Provisional is true when a counted day lies in a year that is not loaded, or on or after 20 December of a
	// year whose next year is not loaded: compute it again when the notice is there.
	Provisional bool `json:"provisional"`
}

// countLimit bounds the working days of one step, about 4,000 years: no real period comes near it, and no
// arithmetic can overflow below it.
const countLimit = 1_000_000

// New makes a Calendar from the office's hours, the years whose notices are known, in any order, and local closures.
// It refuses what their Validate refuses and a year given twice, and tells all problems at once. Nothing given is
// kept: it may be changed afterwards.
func New(hours Hours, years []Year, closures []Closure) (*Calendar, error) {
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	note(hours.Validate())
	known := make(map[int]bool, len(years))
	for _, y := range years {
		note(y.Validate())
		if known[y.Year] {
			note(fmt.Errorf("%d年的节假日安排重复了，请只保留一份", y.Year))
		}
		known[y.Year] = true
	}
	for _, c := range closures {
		note(c.Validate())
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}

	c := &Calendar{hours: hours.clone(), perDay: hours.total(), known: known, names: map[Date]string{}}
	c.number(years, closures)
	c.settle(years)
	return c, nil
}

// number fills the table and the names.
func (c *Calendar) number(years []Year, closures []Closure) {
	// Later notices last: they win on the December days that two of them can rule.
	years = slices.SortedFunc(slices.Values(years), func(a, b Year) int { return a.Year - b.Year })
	low, high := math.MaxInt, math.MinInt
	for _, y := range years {
		low, high = min(low, y.Year-1), max(high, y.Year)
	}
	for _, cl := range closures {
		low, high = min(low, cl.From.Year), max(high, cl.To.Year)
	}
	if low > high {
		return // nothing known: Monday to Friday everywhere
	}
	c.first = Date{low, time.January, 1}.number()
	off := make([]bool, Date{high, time.December, 31}.number()-c.first+1)
	for i := range off {
		off[i] = isWeekend(weekdayOf(c.first + i))
	}
	set := func(d Date, isOff bool, name string) {
		off[d.number()-c.first] = isOff
		c.names[d] = name
	}
	holiday := map[Date]bool{}
	for _, y := range years {
		for d, name := range y.Off {
			set(d, true, name)
			holiday[d] = true
		}
		for d, name := range y.Work {
			set(d, false, name)
			delete(holiday, d)
		}
	}
	for _, cl := range closures {
		for d := cl.From; !d.After(cl.To); d = d.AddDays(1) {
			if !holiday[d] { // a holiday keeps its name
				set(d, true, cl.Reason)
			}
		}
	}
	c.done = make([]int32, len(off))
	for i, isOff := range off {
		if !isOff {
			c.worked = append(c.worked, int32(c.first+i))
		}
		c.done[i] = int32(len(c.worked))
	}
}

// settle notes which days no notice still to come can change.
func (c *Calendar) settle(years []Year) {
	numbers := make([]int, 0, len(years))
	for _, y := range years {
		numbers = append(numbers, y.Year)
	}
	slices.Sort(numbers)
	for i := 0; i < len(numbers); {
		begin, end := numbers[i], numbers[i]
		for ; i < len(numbers) && numbers[i] <= end+1; i++ {
			end = numbers[i]
		}
		c.firm = append(c.firm, span{
			from: Date{begin, time.January, 1}.number(),
			to:   Date{end, time.December, unsettledDay - 1}.number(),
		})
	}
}

// Known tells whether the notice for year is loaded.
func (c *Calendar) Known(year int) bool { return c.known[year] }

// IsWorkingDay tells whether d is worked.
func (c *Calendar) IsWorkingDay(d Date) bool { return c.isWorked(d.number()) }

// DayName gives the name of the holiday, make-up day or closure that d is, or "" for an ordinary day.
func (c *Calendar) DayName(d Date) string { return c.names[d] }

// OnOrBefore gives d when it is worked, else the last working day before it: "by the 5th of each month" on a rest
// day falls earlier.
func (c *Calendar) OnOrBefore(d Date) Date { return dateOfDay(c.day(c.count(d.number()))) }

// NextWorkingDay gives the first working day after d, never d itself.
func (c *Calendar) NextWorkingDay(d Date) Date { return dateOfDay(c.day(c.count(d.number()) + 1)) }

// WorkingDaysBetween counts the working days after a up to and including b; negative when b is before a.
func (c *Calendar) WorkingDaysBetween(a, b Date) int {
	return c.count(b.number()) - c.count(a.number())
}

// OpenOf gives the instant at which the office opens on d, also when d is a rest day.
func (c *Calendar) OpenOf(d Date) time.Time { return d.At(c.hours.firstOpen()) }

// CloseOf gives the instant at which the office closes on d, also when d is a rest day.
func (c *Calendar) CloseOf(d Date) time.Time { return d.At(c.hours.lastClose()) }

// AddWorkingDays gives the close of work of the nth working day after from. From is day 0 and not counted, be it
// worked or not. A negative n counts backwards: the close of the nth working day before from. With n = 0 it is the
// close of from itself, or of the working day before it when from is a rest day. N is held within a million.
func (c *Calendar) AddWorkingDays(from Date, n int) Deadline {
	n = min(countLimit, max(-countLimit, n))
	start := from.number()
	var end, low, high int
	switch {
	case n > 0:
		end = c.day(c.count(start) + n)
		low, high = start+1, end
	case n == 0:
		end = c.day(c.count(start))
		low, high = end, start
	default:
		end = c.day(c.count(start-1) + n + 1)
		low, high = end, start-1
	}
	at := instant(end, time.Duration(c.hours.lastClose())*time.Minute)
	return Deadline{At: at, Provisional: !c.isFirm(low, high)}
}

// AddWorkingTime gives the earliest instant at which d of office time has gone by since from: a deadline that is
// reached when a session ends is that end, not the next opening. Outside office hours the count starts at the next
// opening, so with d = 0 the result is from itself while the office is open, else the next opening. A negative d
// counts backwards like SubWorkingTime.
func (c *Calendar) AddWorkingTime(from time.Time, d time.Duration) Deadline {
	start, clock := split(from)
	var end int
	var at time.Time
	switch days, part := c.office(start, clock); {
	case d > 0:
		end, at = c.earliest(days+int(d/c.perDay), part+d%c.perDay)
	case d == 0:
		end, at = c.latest(days, part)
	default:
		at = c.SubWorkingTime(from, -max(d, -math.MaxInt64))
		end, _ = split(at)
	}
	return Deadline{At: at, Provisional: !c.isFirm(min(start, end), max(start, end))}
}

// SubWorkingTime gives the latest instant from which d of office time remains until to; it mirrors AddWorkingTime:
// where one gives the end of a session, the other gives the beginning of the next. With d = 0 the result is to
// itself while the office is open or just closing, else the last close. A negative d counts forwards.
func (c *Calendar) SubWorkingTime(to time.Time, d time.Duration) time.Time {
	if d < 0 {
		return c.AddWorkingTime(to, -max(d, -math.MaxInt64)).At
	}
	days, part := c.office(split(to))
	if d == 0 {
		_, at := c.earliest(days, part)
		return at
	}
	_, at := c.latest(days-int(d/c.perDay), part-d%c.perDay)
	return at
}

// WorkingTime gives the office time from a up to b; negative when b is before a. What a Duration cannot hold (292
// years) is cut to its limits.
func (c *Calendar) WorkingTime(a, b time.Time) time.Duration {
	daysA, partA := c.office(split(a))
	daysB, partB := c.office(split(b))
	days := daysB - daysA
	if limit := int(math.MaxInt64/c.perDay) - 1; days > limit {
		return math.MaxInt64
	} else if days < -limit {
		return -math.MaxInt64
	}
	return time.Duration(days)*c.perDay + partB - partA
}

// office gives the office time before an instant: whole working days before its day, and the part of its own. Kept
// apart because together they would not fit a Duration.
func (c *Calendar) office(day int, clock time.Duration) (days int, part time.Duration) {
	days = c.count(day - 1)
	if c.isWorked(day) {
		part = c.hours.elapsed(clock)
	}
	return days, part
}

// earliest gives the first instant before which the given office time lies; part may be off by up to one day.
func (c *Calendar) earliest(days int, part time.Duration) (day int, at time.Time) {
	if part <= 0 {
		days, part = days-1, part+c.perDay
	} else if part > c.perDay {
		days, part = days+1, part-c.perDay
	}
	day = c.day(days + 1)
	return day, instant(day, c.hours.earliest(part))
}

// latest gives the last instant before which the given office time lies; part may be off by up to one day.
func (c *Calendar) latest(days int, part time.Duration) (day int, at time.Time) {
	if part < 0 {
		days, part = days-1, part+c.perDay
	} else if part >= c.perDay {
		days, part = days+1, part-c.perDay
	}
	day = c.day(days + 1)
	return day, instant(day, c.hours.latest(part))
}

// count gives the number of the last working day on or before a day; the table's first has number 1, those before
// it 0 and less.
func (c *Calendar) count(day int) int {
	switch i := day - c.first; {
	case i < 0:
		return weekdays(day) - weekdays(c.first-1)
	case i < len(c.done):
		return int(c.done[i])
	default:
		return len(c.worked) + weekdays(day) - weekdays(c.first+len(c.done)-1)
	}
}

// day gives the day of the working day with number n: the inverse of count.
func (c *Calendar) day(n int) int {
	switch {
	case n <= 0:
		return weekday(weekdays(c.first-1) + n)
	case n <= len(c.worked):
		return int(c.worked[n-1])
	default:
		return weekday(weekdays(c.first+len(c.done)-1) + n - len(c.worked))
	}
}

func (c *Calendar) isWorked(day int) bool { return c.count(day) != c.count(day-1) }

// isFirm tells whether no notice still to come can change a day from low to high.
func (c *Calendar) isFirm(low, high int) bool {
	for _, s := range c.firm {
		if s.from <= low && high <= s.to {
			return true
		}
	}
	return false
}

// weekdays counts the days Monday to Friday from Monday 1969-12-29 up to and including a day.
func weekdays(day int) int {
	day += 3
	week := floorDiv(day, 7)
	return week*5 + min(day-week*7+1, 5)
}

// weekday gives the nth day Monday to Friday from Monday 1969-12-29 on: the inverse of weekdays.
func weekday(n int) int {
	week := floorDiv(n-1, 5)
	return week*7 + (n - 1 - week*5) - 3
}
