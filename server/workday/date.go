package workday

import (
	"errors"
	"fmt"
	"time"
)

// Shanghai is the one zone of the office: UTC+8 without daylight saving time (abolished in 1991), so it is fixed
// and needs no time zone database.
var Shanghai = time.FixedZone("Asia/Shanghai", shanghaiOffset)

const (
	shanghaiOffset = 8 * 3600 // seconds east of UTC
	daySeconds     = 24 * 3600
	dayMinutes     = 24 * 60
)

// Date is a civil date in Shanghai. It is comparable, so it serves as a map key and in ==.
// The zero Date means "no date". As text (JSON, YAML, map keys) it is 2026-09-30, the zero Date "".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads a date written exactly as 2026-09-30.
func ParseDate(s string) (Date, error) {
	// Written out because time.Parse accepts more than this form and costs ten times as much.
	if len(s) != len("2026-09-30") || s[4] != '-' || s[7] != '-' {
		return Date{}, badDate(s)
	}
	var n [3]int
	for i, part := range [3]string{s[:4], s[5:7], s[8:]} {
		for j := range len(part) {
			c := part[j]
			if c < '0' || c > '9' {
				return Date{}, badDate(s)
			}
			n[i] = n[i]*10 + int(c-'0')
		}
	}
	d := Date{n[0], time.Month(n[1]), n[2]}
	if !d.real() {
		return Date{}, fmt.Errorf("日期“%s”不存在，请核对年月日", s)
	}
	return d, nil
}

func badDate(s string) error {
	return fmt.Errorf("“%s”不是日期，请写成 2026-09-30 的样子", shorten(s, 20))
}

// DateOf gives the date on which t falls in Shanghai.
func DateOf(t time.Time) Date {
	day, _ := split(t)
	return dateOfDay(day)
}

// String gives 2026-09-30, and "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// Weekday gives the day of the week.
func (d Date) Weekday() time.Weekday { return weekdayOf(d.number()) }

// AddDays gives the date n calendar days later, or earlier when n is negative.
func (d Date) AddDays(n int) Date { return dateOfDay(d.number() + n) }

// Before tells whether d comes before other.
func (d Date) Before(other Date) bool { return d.Compare(other) < 0 }

// After tells whether d comes after other.
func (d Date) After(other Date) bool { return d.Compare(other) > 0 }

// Compare gives -1 when d comes before other, 0 when they are the same, 1 when d comes after.
func (d Date) Compare(other Date) int {
	switch {
	case d.Year != other.Year:
		return sign(d.Year - other.Year)
	case d.Month != other.Month:
		return sign(int(d.Month - other.Month))
	default:
		return sign(d.Day - other.Day)
	}
}

// IsZero tells whether d is "no date".
func (d Date) IsZero() bool { return d == Date{} }

// At gives the instant minuteOfDay minutes after midnight of d in Shanghai; 24*60 is the next midnight.
func (d Date) At(minuteOfDay int) time.Time {
	return instant(d.number(), time.Duration(minuteOfDay)*time.Minute)
}

// MarshalText writes 2026-09-30, and "" for the zero Date. A date that does not exist is an error.
func (d Date) MarshalText() ([]byte, error) {
	if !d.IsZero() && !d.real() {
		return nil, fmt.Errorf("日期 %s 不存在，请核对年月日", d)
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(text []byte) error {
	if d == nil {
		return errors.New("workday: UnmarshalText on a nil *Date")
	}
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// real tells whether d stands in the calendar, years 1 to 9999.
func (d Date) real() bool {
	return d.Year >= 1 && d.Year <= 9999 && d.Month >= time.January && d.Month <= time.December &&
		d.Day >= 1 && d.Day <= 31 && dateOfDay(d.number()) == d
}

// number counts days from 1970-01-01, which is 0. Days as plain integers make all arithmetic here cheap; the two
// conversions are the well-known ones over 400-year eras that begin on 1 March.
func (d Date) number() int {
	y, m := d.Year, int(d.Month)
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	yearOfEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + d.Day - 1
	return era*146097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468
}

func dateOfDay(n int) Date {
	n += 719468
	era := floorDiv(n, 146097)
	dayOfEra := n - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	d := Date{Year: era*400 + yearOfEra, Month: time.Month(m + 3), Day: dayOfYear - (153*m+2)/5 + 1}
	if d.Month > time.December {
		d.Month -= 12
		d.Year++
	}
	return d
}

func weekdayOf(day int) time.Weekday {
	return time.Weekday(day + 4 - floorDiv(day+4, 7)*7) // 1970-01-01 was a Thursday
}

func isWeekend(w time.Weekday) bool { return w == time.Saturday || w == time.Sunday }

// split gives the day number on which t falls in Shanghai and the time of day.
func split(t time.Time) (day int, clock time.Duration) {
	seconds := t.Unix() + shanghaiOffset
	days := floorDiv(seconds, daySeconds)
	clock = time.Duration(seconds-days*daySeconds)*time.Second + time.Duration(t.Nanosecond())
	return int(days), clock
}

// instant is the inverse of split.
func instant(day int, clock time.Duration) time.Time {
	return time.Unix(int64(day)*daySeconds-shanghaiOffset, int64(clock)).In(Shanghai)
}

func floorDiv[T int | int64](a, b T) T {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func sign(n int) int { return min(1, max(-1, n)) }

// shorten cuts s to at most n runes, for quoting in messages.
func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n]) + "…"
}
