package workday_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/workday"
)

func TestHoursAsText(t *testing.T) {
	tests := []struct {
		name, in string
		want     workday.Hours
		message  string // a part of it
	}{
		{name: "the default", in: `["09:00-11:30","13:30-17:00"]`, want: workday.DefaultHours},
		{name: "as people type it", in: `["9:00 – 11：30","13:30至17:00"]`, want: workday.DefaultHours},
		{name: "until midnight", in: `["00:00-24:00"]`, want: workday.Hours{{Open: 0, Close: 1440}}},
		{name: "sessions that touch", in: `["09:00-12:00","12:00-17:00"]`, want: workday.Hours{{Open: 540, Close: 720}, {Open: 720, Close: 1020}}},
		{name: "closing before opening", in: `["17:00-09:00"]`, message: "上班要早于下班"},
		{name: "no length", in: `["09:00-09:00"]`, message: "上班要早于下班"},
		{name: "a minute too many", in: `["09:60-11:00"]`, message: "请写成 09:00-11:30 的样子"},
		{name: "after midnight", in: `["09:00-24:01"]`, message: "请写成 09:00-11:30 的样子"},
		{name: "one end", in: `["09:00"]`, message: "请写成 09:00-11:30 的样子"},
		{name: "words", in: `["上午"]`, message: "“上午”不是办公时间"},
		{name: "overlap", in: `["09:00-12:00","11:30-17:00"]`, message: "11:30-17:00 与前一段 09:00-12:00 重叠或颠倒"},
		{name: "wrong order", in: `["13:30-17:00","09:00-11:30"]`, message: "重叠或颠倒"},
		{name: "none", in: `[]`, message: "没有办公时间"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got workday.Hours
			err := json.Unmarshal([]byte(tt.in), &got)
			if err == nil {
				err = got.Validate()
			}
			if tt.message != "" {
				if err == nil || !strings.Contains(err.Error(), tt.message) {
					t.Fatalf("error %v, want one with %s", err, tt.message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	text, err := json.Marshal(workday.DefaultHours)
	if want := `["09:00-11:30","13:30-17:00"]`; err != nil || string(text) != want {
		t.Errorf("got %s, %v; want %s", text, err, want)
	}
	if _, err := json.Marshal(workday.Session{Open: -1, Close: 5}); err == nil {
		t.Error("a session outside the day was written")
	}
}

func FuzzHours(f *testing.F) {
	for _, s := range []string{"09:00-11:30", "9:00–11：30", "00:00-24:00", "13:30", "-", "24:00-24:00", "09:00-11:30-12:00"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		var hours workday.Hours
		for _, text := range []string{first, second} {
			var s workday.Session
			if err := s.UnmarshalText([]byte(text)); err != nil {
				continue
			}
			written, err := s.MarshalText()
			if err != nil {
				t.Fatalf("%q was read as %+v but not written: %v", text, s, err)
			}
			var again workday.Session
			if err := again.UnmarshalText(written); err != nil || again != s {
				t.Fatalf("%q: %+v came back as %+v, %v", text, s, again, err)
			}
			hours = append(hours, s)
		}
		c, err := workday.New(hours, nil, nil)
		if (err == nil) != (hours.Validate() == nil) {
			t.Fatalf("New: %v, Validate: %v", err, hours.Validate())
		}
		if err != nil {
			return
		}
		d := workday.Date{Year: 2026, Month: 9, Day: 30}
		if day := c.WorkingTime(d.At(0), d.At(1440)); day <= 0 || c.WorkingTime(c.OpenOf(d), c.CloseOf(d)) != day {
			t.Fatalf("%v: a day of %v", hours, day)
		}
	})
}
