package workday_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"xiaopu/server/workday"
)

func TestAddWorkingDays(t *testing.T) {
	c := calendar(t)
	tests := []struct {
		name        string
		from        string
		n           int
		want        string
		provisional bool
	}{
		{name: "Monday to Thursday", from: "2025-11-24", n: 3, want: "2025-11-27"},
		{name: "a Saturday is day 0", from: "2025-11-22", n: 3, want: "2025-11-26"},
		{name: "over New Year and its make-up Sunday", from: "2025-12-31", n: 3, want: "2026-01-06"},
		{name: "into Spring Festival with the make-up Saturday before", from: "2026-02-13", n: 3, want: "2026-02-25"},
		{name: "the make-up Saturday after Spring Festival", from: "2026-02-27", n: 3, want: "2026-03-03"},
		{name: "over Labour Day", from: "2026-04-30", n: 5, want: "2026-05-11"},
		{name: "the make-up Sunday before National Day", from: "2026-09-18", n: 3, want: "2026-09-22"},
		{name: "over National Day to a make-up Saturday", from: "2026-09-30", n: 3, want: "2026-10-10"},
		{name: "from inside a holiday", from: "2026-10-03", n: 1, want: "2026-10-08"},
		{name: "into a year not loaded", from: "2026-12-30", n: 3, want: "2027-01-04", provisional: true},
		{name: "the last day that is settled", from: "2026-12-15", n: 3, want: "2026-12-18"},
		{name: "over 20 December of the last year loaded", from: "2026-12-15", n: 4, want: "2026-12-21", provisional: true},
		{name: "opened within the unsettled days but due after", from: "2026-12-28", n: 1, want: "2026-12-29", provisional: true},
		{name: "20 December with the next year loaded", from: "2025-12-19", n: 3, want: "2025-12-24"},
		{name: "before the first year loaded", from: "2024-06-03", n: 3, want: "2024-06-06", provisional: true},
		{name: "from a year not loaded into one that is", from: "2024-12-30", n: 3, want: "2025-01-03", provisional: true},
		{name: "day 0 in a year not loaded does not count", from: "2024-12-31", n: 1, want: "2025-01-02"},
		{name: "no days on a working day", from: "2026-10-10", n: 0, want: "2026-10-10"},
		{name: "no days on a rest day", from: "2026-10-04", n: 0, want: "2026-09-30"},
		{name: "one day back", from: "2026-10-10", n: -1, want: "2026-10-09"},
		{name: "back over a holiday", from: "2026-10-08", n: -1, want: "2026-09-30"},
		{name: "back from a rest day", from: "2026-10-04", n: -1, want: "2026-09-30"},
		{name: "back into a year not loaded", from: "2025-01-02", n: -1, want: "2024-12-31", provisional: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := c.AddWorkingDays(date(t, tt.from), tt.n)
			want := workday.Deadline{At: at(t, tt.want+" 17:00"), Provisional: tt.provisional}
			if !got.At.Equal(want.At) || got.Provisional != want.Provisional {
				t.Errorf("got %v, want %v", got, want)
			}
			if got.At.Location() != workday.Shanghai {
				t.Errorf("location %v", got.At.Location())
			}
		})
	}
}

func TestYearsNotLoaded(t *testing.T) {
	only := func(t *testing.T, years ...int) *workday.Calendar {
		t.Helper()
		var list []workday.Year
		for _, y := range years {
			list = append(list, workday.Year{Year: y})
		}
		c, err := workday.New(workday.DefaultHours, list, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Run("nothing loaded counts Monday to Friday, provisionally", func(t *testing.T) {
		c := only(t)
		if c.Known(2026) || c.IsWorkingDay(date(t, "2026-10-10")) || !c.IsWorkingDay(date(t, "2026-10-01")) {
			t.Error("2026 is not loaded, yet its notice rules")
		}
		if got := c.AddWorkingDays(date(t, "2026-09-30"), 3); !got.At.Equal(at(t, "2026-10-05 17:00")) || !got.Provisional {
			t.Errorf("got %v", got)
		}
	})
	t.Run("a gap between loaded years is provisional on its December side too", func(t *testing.T) {
		c := only(t, 2024, 2026)
		for from, want := range map[string]bool{
			"2024-12-10": false, "2024-12-18": true, "2025-06-02": true, "2025-12-30": true, "2026-01-05": false,
		} {
			if got := c.AddWorkingDays(date(t, from), 2); got.Provisional != want {
				t.Errorf("%s: provisional %v", from, got.Provisional)
			}
		}
	})
	t.Run("the next year's notice changes the December before it", func(t *testing.T) {
		y2019 := workday.Year{
			Year: 2019,
			Off:  map[workday.Date]string{date(t, "2018-12-30"): "元旦", date(t, "2018-12-31"): "元旦", date(t, "2019-01-01"): "元旦"},
			Work: map[workday.Date]string{date(t, "2018-12-29"): "元旦调休上班"},
		}
		y2018 := workday.Year{Year: 2018, Off: map[workday.Date]string{date(t, "2018-12-29"): "旧安排"}}
		c, err := workday.New(workday.DefaultHours, []workday.Year{y2019, y2018}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !c.IsWorkingDay(date(t, "2018-12-29")) || c.IsWorkingDay(date(t, "2018-12-31")) {
			t.Error("the later notice does not win")
		}
		if got := c.DayName(date(t, "2018-12-29")); got != "元旦调休上班" {
			t.Errorf("name %q", got)
		}
		if got := c.AddWorkingDays(date(t, "2018-12-28"), 2); !got.At.Equal(at(t, "2019-01-02 17:00")) || got.Provisional {
			t.Errorf("got %v", got)
		}
	})
}

func TestDays(t *testing.T) {
	c := calendar(t,
		workday.Closure{From: date(t, "2026-07-30"), To: date(t, "2026-08-02"), Reason: "台风停工"},
		workday.Closure{From: date(t, "2026-10-07"), To: date(t, "2026-10-10"), Reason: "停电"},
		workday.Closure{From: date(t, "2027-03-01"), To: date(t, "2027-03-01"), Reason: "搬迁"})
	tests := []struct {
		name, day       string
		works           bool
		label           string
		onOrBefore, nxt string
	}{
		{"an ordinary Wednesday", "2026-07-29", true, "", "2026-07-29", "2026-08-03"},
		{"a closed Thursday", "2026-07-30", false, "台风停工", "2026-07-29", "2026-08-03"},
		{"a closed Sunday", "2026-08-02", false, "台风停工", "2026-07-29", "2026-08-03"},
		{"a holiday inside a closure keeps its name", "2026-10-07", false, "国庆节", "2026-09-30", "2026-10-12"},
		{"a make-up Saturday inside a closure is shut", "2026-10-10", false, "停电", "2026-09-30", "2026-10-12"},
		{"a make-up Saturday", "2026-02-14", true, "春节调休上班", "2026-02-14", "2026-02-24"},
		{"a holiday", "2026-02-16", false, "春节", "2026-02-14", "2026-02-24"},
		{"an ordinary Sunday", "2026-03-08", false, "", "2026-03-06", "2026-03-09"},
		{"a closure in a year not loaded", "2027-03-01", false, "搬迁", "2027-02-26", "2027-03-02"},
		{"far in the future", "2126-03-02", false, "", "2126-03-01", "2126-03-04"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := date(t, tt.day)
			got := []string{fmt.Sprint(c.IsWorkingDay(d)), c.DayName(d), c.OnOrBefore(d).String(), c.NextWorkingDay(d).String()}
			want := []string{fmt.Sprint(tt.works), tt.label, tt.onOrBefore, tt.nxt}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("got %q, want %q", got, want)
					break
				}
			}
		})
	}
	if c.Known(2027) || !c.Known(2026) {
		t.Error("a closure does not make a year known")
	}
}

// “每月5日前” and “每月10日前” in 2026.
func TestOnOrBeforeTheFifthAndTenth(t *testing.T) {
	c := calendar(t)
	want := map[int][12]string{
		5:  {"01-05", "02-05", "03-05", "04-03", "04-30", "06-05", "07-03", "08-05", "09-04", "09-30", "11-05", "12-04"},
		10: {"01-09", "02-10", "03-10", "04-10", "05-09", "06-10", "07-10", "08-10", "09-10", "10-10", "11-10", "12-10"},
	}
	for day, months := range want {
		for i, w := range months {
			d := workday.Date{Year: 2026, Month: time.Month(i + 1), Day: day}
			if got := c.OnOrBefore(d).String(); got != "2026-"+w {
				t.Errorf("%v: got %s, want 2026-%s", d, got, w)
			}
		}
	}
}

func TestWorkingDaysBetween(t *testing.T) {
	c := calendar(t)
	tests := []struct {
		name, a, b string
		want       int
	}{
		{"the same day", "2026-09-30", "2026-09-30", 0},
		{"the end counts, the beginning does not", "2026-09-29", "2026-09-30", 1},
		{"over National Day to the make-up Saturday", "2026-09-30", "2026-10-10", 3},
		{"backwards", "2026-10-10", "2026-09-30", -3},
		{"only rest days", "2026-09-30", "2026-10-07", 0},
		{"a year: 365 days, 104 at weekends, 19 weekdays off, 6 made up", "2025-12-31", "2026-12-31", 248},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.WorkingDaysBetween(date(t, tt.a), date(t, tt.b)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestAddWorkingTime(t *testing.T) {
	c := calendar(t)
	tests := []struct {
		name        string
		from        string
		d           time.Duration
		want        string
		provisional bool
	}{
		{name: "within the morning", from: "2026-03-02 09:15", d: 2 * time.Hour, want: "2026-03-02 11:15"},
		{name: "four hours across lunch", from: "2026-03-02 09:30", d: 4 * time.Hour, want: "2026-03-02 15:30"},
		{name: "four hours begun over lunch", from: "2026-03-02 12:10", d: 4 * time.Hour, want: "2026-03-03 09:30"},
		{name: "four hours across a night", from: "2026-03-02 15:00", d: 4 * time.Hour, want: "2026-03-03 11:00"},
		{name: "four hours across a weekend", from: "2026-03-06 16:00", d: 4 * time.Hour, want: "2026-03-09 14:00"},
		{name: "four hours across National Day", from: "2026-09-30 16:00", d: 4 * time.Hour, want: "2026-10-08 14:00"},
		{name: "a make-up Saturday has office hours", from: "2026-10-09 16:00", d: 4 * time.Hour, want: "2026-10-10 14:00"},
		{name: "begun before opening", from: "2026-03-02 07:00", d: time.Hour, want: "2026-03-02 10:00"},
		{name: "begun at night", from: "2026-03-02 22:00", d: time.Hour, want: "2026-03-03 10:00"},
		{name: "begun on a Sunday", from: "2026-03-08 10:00", d: 4 * time.Hour, want: "2026-03-09 15:00"},
		{name: "ends when the morning ends", from: "2026-03-02 09:00", d: 150 * time.Minute, want: "2026-03-02 11:30"},
		{name: "ends when the office closes", from: "2026-03-02 09:00", d: 6 * time.Hour, want: "2026-03-02 17:00"},
		{name: "two days, begun at the opening, end at a close", from: "2026-03-02 09:00", d: 12 * time.Hour, want: "2026-03-03 17:00"},
		{name: "begun at the close", from: "2026-03-02 17:00", d: 6 * time.Hour, want: "2026-03-03 17:00"},
		{name: "nothing while open", from: "2026-03-02 10:00", d: 0, want: "2026-03-02 10:00"},
		{name: "nothing over lunch is the next opening", from: "2026-03-02 11:30", d: 0, want: "2026-03-02 13:30"},
		{name: "nothing at the close is the next opening", from: "2026-03-06 17:00", d: 0, want: "2026-03-09 09:00"},
		{name: "backwards", from: "2026-03-09 10:00", d: -2 * time.Hour, want: "2026-03-06 16:00"},
		{name: "unsettled days of December", from: "2026-12-21 10:00", d: time.Hour, want: "2026-12-21 11:00", provisional: true},
		{name: "begun on a settled rest day, ends on an unsettled day", from: "2026-12-19 10:00", d: time.Hour, want: "2026-12-21 10:00", provisional: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := c.AddWorkingTime(at(t, tt.from), tt.d)
			if want := at(t, tt.want); !got.At.Equal(want) || got.Provisional != tt.provisional {
				t.Errorf("got %v, want %v %v", got, want, tt.provisional)
			}
		})
	}
}

func TestSubWorkingTime(t *testing.T) {
	c := calendar(t)
	tests := []struct {
		name string
		to   string
		d    time.Duration
		want string
	}{
		{"two hours before the close", "2026-03-02 17:00", 2 * time.Hour, "2026-03-02 15:00"},
		{"four hours before the close, across lunch", "2026-03-02 17:00", 4 * time.Hour, "2026-03-02 11:00"},
		{"across a holiday", "2026-10-08 10:00", 2 * time.Hour, "2026-09-30 16:00"},
		{"before a make-up Saturday's noon", "2026-10-10 11:30", 4 * time.Hour, "2026-10-09 15:30"},
		{"the whole afternoon begins after lunch", "2026-03-02 17:00", 210 * time.Minute, "2026-03-02 13:30"},
		{"a whole day begins at the opening", "2026-03-02 17:00", 6 * time.Hour, "2026-03-02 09:00"},
		{"from a Sunday", "2026-03-08 10:00", time.Hour, "2026-03-06 16:00"},
		{"nothing at the close", "2026-03-02 17:00", 0, "2026-03-02 17:00"},
		{"nothing on a Sunday is the last close", "2026-03-08 10:00", 0, "2026-03-06 17:00"},
		{"nothing at the opening is the last close", "2026-03-09 09:00", 0, "2026-03-06 17:00"},
		{"forwards", "2026-03-06 16:00", -2 * time.Hour, "2026-03-09 10:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := c.SubWorkingTime(at(t, tt.to), tt.d), at(t, tt.want); !got.Equal(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestWorkingTime(t *testing.T) {
	c := calendar(t)
	tests := []struct {
		name, a, b string
		want       time.Duration
	}{
		{"a working day", "2026-03-02 00:00", "2026-03-03 00:00", 6 * time.Hour},
		{"lunch is no office time", "2026-03-02 11:00", "2026-03-02 14:00", time.Hour},
		{"a weekend is no office time", "2026-03-06 17:00", "2026-03-09 09:00", 0},
		{"over National Day", "2026-09-30 16:00", "2026-10-08 10:00", 2 * time.Hour},
		{"backwards", "2026-10-08 10:00", "2026-09-30 16:00", -2 * time.Hour},
		{"a make-up Saturday", "2026-10-10 00:00", "2026-10-11 00:00", 6 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.WorkingTime(at(t, tt.a), at(t, tt.b)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestOpenAndClose(t *testing.T) {
	c := calendar(t)
	sunday := date(t, "2026-03-08")
	if got := c.OpenOf(sunday); !got.Equal(at(t, "2026-03-08 09:00")) {
		t.Errorf("open %v", got)
	}
	if got := c.CloseOf(sunday); !got.Equal(at(t, "2026-03-08 17:00")) {
		t.Errorf("close %v", got)
	}
}

// Absurd input ends at once and in order, instead of looping or wrapping round.
func TestExtremes(t *testing.T) {
	c := calendar(t)
	now := at(t, "2026-03-02 10:00")
	if got := c.AddWorkingTime(now, math.MaxInt64).At; !got.After(now.AddDate(1000, 0, 0)) {
		t.Errorf("292 years of office time end on %v", got)
	}
	if got := c.AddWorkingTime(now, math.MinInt64).At; !got.Before(now.AddDate(-1000, 0, 0)) {
		t.Errorf("292 years of office time began on %v", got)
	}
	if got := c.SubWorkingTime(now, math.MinInt64); !got.After(now.AddDate(1000, 0, 0)) {
		t.Errorf("292 years of office time end on %v", got)
	}
	if got := c.AddWorkingDays(date(t, "2026-03-02"), math.MaxInt).At; !got.After(now.AddDate(3000, 0, 0)) {
		t.Errorf("a million working days end on %v", got)
	}
	if got := c.AddWorkingDays(date(t, "2026-03-02"), math.MinInt).At; !got.Before(now.AddDate(-3000, 0, 0)) {
		t.Errorf("a million working days began on %v", got)
	}
	long := time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := c.WorkingTime(time.Time{}, long); got != math.MaxInt64 {
		t.Errorf("9,000 years have %v of office time", got)
	}
	if got := c.WorkingTime(long, time.Time{}); got != -math.MaxInt64 {
		t.Errorf("9,000 years back have %v of office time", got)
	}
	t.Run("closures one after another", func(t *testing.T) {
		var closures []workday.Closure
		for from := date(t, "2025-01-01"); from.Year < 2027; from = from.AddDays(60) {
			closures = append(closures, workday.Closure{From: from, To: from.AddDays(59), Reason: "停工"})
		}
		c := calendar(t, closures...)
		if got := c.AddWorkingDays(date(t, "2025-01-01"), 1); got.At.Year() < 2027 || !got.Provisional {
			t.Errorf("two years shut, yet %v", got)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	y2026 := workday.Year{Year: 2026}
	_, err := workday.New(nil, []workday.Year{y2026, y2026, {Year: 1}},
		[]workday.Closure{{From: date(t, "2026-01-01"), To: date(t, "2026-12-31"), Reason: "停工"}})
	expectProblems(t, err, []string{"没有办公时间", "2026年的节假日安排重复了", "年份 1 不在", "共 365 天，最多 60 天"})
}

// What New was given may change afterwards, and readers do not disturb each other.
func TestCalendarIsImmutable(t *testing.T) {
	hours := workday.Hours{{Open: 540, Close: 1020}}
	y := workday.Year{Year: 2026, Off: map[workday.Date]string{date(t, "2026-01-01"): "元旦"}}
	c, err := workday.New(hours, []workday.Year{y}, nil)
	if err != nil {
		t.Fatal(err)
	}
	hours[0].Close = 0
	y.Off[date(t, "2026-01-02")] = "元旦"
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got := c.AddWorkingDays(date(t, "2026-01-01"), 1).At; !got.Equal(at(t, "2026-01-02 17:00")) {
				t.Errorf("got %v", got)
			}
			if c.DayName(date(t, "2026-01-01")) != "元旦" {
				t.Error("the holiday lost its name")
			}
		})
	}
	wg.Wait()
}

func BenchmarkAddWorkingDays(b *testing.B) {
	c := calendar(b)
	from := date(b, "2026-09-30")
	for _, n := range []int{5, 250} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.AddWorkingDays(from, n)
			}
		})
	}
}

func BenchmarkAddWorkingTime(b *testing.B) {
	c := calendar(b)
	from := at(b, "2026-09-30 16:00")
	b.ReportAllocs()
	for b.Loop() {
		c.AddWorkingTime(from, 4*time.Hour)
	}
}

func BenchmarkWorkingTime(b *testing.B) {
	c := calendar(b)
	from, to := at(b, "2026-01-05 10:00"), at(b, "2026-11-30 16:00")
	b.ReportAllocs()
	for b.Loop() {
		c.WorkingTime(from, to)
	}
}

func BenchmarkIsWorkingDay(b *testing.B) {
	c := calendar(b)
	d := date(b, "2026-10-10")
	b.ReportAllocs()
	for b.Loop() {
		c.IsWorkingDay(d)
	}
}

func BenchmarkDateOf(b *testing.B) {
	now := at(b, "2026-09-30 16:00")
	b.ReportAllocs()
	for b.Loop() {
		workday.DateOf(now)
	}
}

func BenchmarkParseNotice(b *testing.B) {
	text := notice(b, "notice-2026.txt")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := workday.ParseNotice(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	years := []workday.Year{year(b, "notice-2025.txt"), year(b, "notice-2026.txt")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := workday.New(workday.DefaultHours, years, nil); err != nil {
			b.Fatal(err)
		}
	}
}
