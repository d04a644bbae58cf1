package casework

import (
	"testing"
	"time"

	"xiaopu/server/workday"
)

func TestMonthNoticesFallOnTheWorkingDayBeforeARestDay(t *testing.T) {
	year := workday.Year{Year: 2026, Off: map[workday.Date]string{}, Work: map[workday.Date]string{}}
	for d := 1; d <= 7; d++ {
		year.Off[workday.Date{Year: 2026, Month: 10, Day: d}] = "国庆节"
	}
	cal, err := workday.New(workday.DefaultHours, []workday.Year{year}, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := func(m time.Month, d, h int) time.Time { return time.Date(2026, m, d, h, 0, 0, 0, workday.Shanghai) }
	var got []string
	for _, n := range MonthNotices(cal, DefaultPolicy(), at(9, 29, 12), at(11, 3, 12)) {
		got = append(got, n.At.In(workday.Shanghai).Format("01-02 15:04")+" "+string(n.Kind)+" "+string(n.To)+" "+n.On.String())
	}
	want := []string{
		// 3 and 5 October are rest days: both fall on 30 September, and are told once.
		"09-30 09:00 report_due centre 2026-09-30",
		"10-08 09:00 hearing_due principal_leader 2026-10-09",
		"10-09 09:00 hearing_due principal_leader 2026-10-09",
		"11-02 09:00 calendar_missing centre 2027-01-01",
		"11-03 09:00 report_due centre 2026-11-05",
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("notice %d: %s, want %s", i, got[i], want[i])
		}
	}
}
