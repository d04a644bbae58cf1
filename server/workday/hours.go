package workday

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Session is one unbroken stretch of office time, in minutes from midnight: Open is its first minute, Close the
// first minute no longer in it. As text (JSON, YAML) it is "09:00-11:30"; midnight at the end of a day is 24:00.
type Session struct{ Open, Close int }

// Hours are the sessions of a working day, in order. All working days have the same hours.
type Hours []Session

// DefaultHours are 9:00–11:30 and 13:30–17:00, six hours in all: what the office uses until a policy version says
// otherwise. Treat it as a constant.
var DefaultHours = Hours{{Open: 9 * 60, Close: 11*60 + 30}, {Open: 13*60 + 30, Close: 17 * 60}}

// Validate refuses hours that are empty, outside the day, out of order or overlapping.
func (h Hours) Validate() error {
	if len(h) == 0 {
		return errors.New("没有办公时间，请至少写一段，例如 09:00-11:30")
	}
	var problems []error
	for i, s := range h {
		switch {
		case s.Open < 0 || s.Close > dayMinutes || s.Open >= s.Close:
			problems = append(problems, fmt.Errorf("办公时间 %s 不对：上班要早于下班，且都在 00:00 到 24:00 之间", s))
		case i > 0 && s.Open < h[i-1].Close:
			problems = append(problems, fmt.Errorf("办公时间 %s 与前一段 %s 重叠或颠倒，请按先后排列", s, h[i-1]))
		}
	}
	return errors.Join(problems...)
}

// total is the office time of one working day.
func (h Hours) total() time.Duration {
	minutes := 0
	for _, s := range h {
		minutes += s.Close - s.Open
	}
	return time.Duration(minutes) * time.Minute
}

// elapsed is the office time of a working day that lies before clock.
func (h Hours) elapsed(clock time.Duration) time.Duration {
	var sum time.Duration
	for _, s := range h {
		start, end := s.bounds()
		if clock <= start {
			break
		}
		sum += min(clock, end) - start
	}
	return sum
}

// earliest is the first time of day before which office time d has gone by, 0 < d <= total: the end of a session,
// never the beginning of the one after it.
func (h Hours) earliest(d time.Duration) time.Duration {
	for _, s := range h {
		start, end := s.bounds()
		if d <= end-start {
			return start + d
		}
		d -= end - start
	}
	return time.Duration(h.lastClose()) * time.Minute
}

// latest is the last time of day before which office time d has gone by, 0 <= d < total: the beginning of a session
// rather than the end of the one before it.
func (h Hours) latest(d time.Duration) time.Duration {
	for _, s := range h {
		start, end := s.bounds()
		if d < end-start {
			return start + d
		}
		d -= end - start
	}
	return time.Duration(h.lastClose()) * time.Minute
}

func (h Hours) firstOpen() int { return h[0].Open }

func (h Hours) lastClose() int { return h[len(h)-1].Close }

func (h Hours) clone() Hours { return slices.Clone(h) }

func (s Session) bounds() (start, end time.Duration) {
	return time.Duration(s.Open) * time.Minute, time.Duration(s.Close) * time.Minute
}

// String gives 09:00-11:30.
func (s Session) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.Open/60, s.Open%60, s.Close/60, s.Close%60)
}

// MarshalText writes 09:00-11:30. A session outside the day or without length is an error.
func (s Session) MarshalText() ([]byte, error) {
	if err := (Hours{s}).Validate(); err != nil {
		return nil, err
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads 09:00-11:30, also as people type it: 9:00, full-width colon, a dash of any kind, spaces.
func (s *Session) UnmarshalText(text []byte) error {
	if s == nil {
		return errors.New("workday: UnmarshalText on a nil *Session")
	}
	open, end, found := strings.Cut(sessionForms.Replace(string(text)), "-")
	if found {
		from, okFrom := parseClock(open)
		to, okTo := parseClock(end)
		if okFrom && okTo {
			parsed := Session{Open: from, Close: to}
			if err := (Hours{parsed}).Validate(); err != nil {
				return err
			}
			*s = parsed
			return nil
		}
	}
	return fmt.Errorf("“%s”不是办公时间，请写成 09:00-11:30 的样子", shorten(string(text), 20))
}

var sessionForms = strings.NewReplacer("：", ":", "–", "-", "—", "-", "－", "-", "~", "-", "～", "-", "至", "-", " ", "")

// parseClock reads 9:00 or 09:00, up to 24:00, as minutes from midnight.
func parseClock(s string) (int, bool) {
	hour, minute, found := strings.Cut(s, ":")
	if !found || len(hour) < 1 || len(hour) > 2 || len(minute) != 2 {
		return 0, false
	}
	h, errH := strconv.ParseUint(hour, 10, 8)
	m, errM := strconv.ParseUint(minute, 10, 8)
	if errH != nil || errM != nil || m > 59 || h*60+m > dayMinutes {
		return 0, false
	}
	return int(h*60 + m), true
}
