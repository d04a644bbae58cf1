package workday_test

import (
	"os"
	"testing"
	"time"

	"xiaopu/server/workday"
)

// notice reads a notice's text from testdata.
func notice(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// year reads the notice for a year from testdata.
func year(t testing.TB, name string) workday.Year {
	t.Helper()
	y, err := workday.ParseNotice(notice(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// calendar knows 2025 and 2026, the default hours and the given closures.
func calendar(t testing.TB, closures ...workday.Closure) *workday.Calendar {
	t.Helper()
	years := []workday.Year{year(t, "notice-2025.txt"), year(t, "notice-2026.txt")}
	c, err := workday.New(workday.DefaultHours, years, closures)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func date(t testing.TB, s string) workday.Date {
	t.Helper()
	d, err := workday.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// at reads “2026-09-30 16:00” in Shanghai.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, workday.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
