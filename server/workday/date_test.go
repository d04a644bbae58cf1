package workday_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"xiaopu/server/workday"
)

func TestParseDate(t *testing.T) {
	tests := []struct {
		name, in string
		want     workday.Date
		message  string
	}{
		{name: "an ordinary day", in: "2026-09-30", want: workday.Date{Year: 2026, Month: 9, Day: 30}},
		{name: "a leap day", in: "2028-02-29", want: workday.Date{Year: 2028, Month: 2, Day: 29}},
		{name: "a leap day in a common year", in: "2026-02-29", message: "日期“2026-02-29”不存在，请核对年月日"},
		{name: "a month too many", in: "2026-13-01", message: "日期“2026-13-01”不存在，请核对年月日"},
		{name: "day nought", in: "2026-09-00", message: "日期“2026-09-00”不存在，请核对年月日"},
		{name: "year nought", in: "0000-01-01", message: "日期“0000-01-01”不存在，请核对年月日"},
		{name: "no leading zeros", in: "2026-9-30", message: "“2026-9-30”不是日期，请写成 2026-09-30 的样子"},
		{name: "another order", in: "30-09-2026", message: "“30-09-2026”不是日期，请写成 2026-09-30 的样子"},
		{name: "a sign for a digit", in: "+026-09-30", message: "“+026-09-30”不是日期，请写成 2026-09-30 的样子"},
		{name: "a time after it", in: "2026-09-30T00:00:00Z", message: "“2026-09-30T00:00:00Z”不是日期，请写成 2026-09-30 的样子"},
		{name: "nothing", in: "", message: "“”不是日期，请写成 2026-09-30 的样子"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := workday.ParseDate(tt.in)
			if tt.message != "" {
				if err == nil || err.Error() != tt.message {
					t.Fatalf("error %v, want %s", err, tt.message)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Fatalf("got %v, %v; want %v", got, err, tt.want)
			}
			if got.String() != tt.in {
				t.Errorf("String() = %q, want %q", got.String(), tt.in)
			}
		})
	}
}

func TestDateOfFallsInShanghai(t *testing.T) {
	tests := []struct {
		name string
		in   time.Time
		want string
	}{
		{"late evening in London is the next day", time.Date(2026, 9, 30, 16, 0, 0, 0, time.UTC), "2026-10-01"},
		{"a nanosecond before midnight", time.Date(2026, 9, 30, 15, 59, 59, 999999999, time.UTC), "2026-09-30"},
		{"before 1970", time.Date(1949, 10, 1, 7, 0, 0, 0, time.UTC), "1949-10-01"},
		{"the zero time", time.Time{}, "0001-01-01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := workday.DateOf(tt.in).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDateAsText(t *testing.T) {
	type record struct {
		On   workday.Date            `json:"on"`
		None workday.Date            `json:"none"`
		Days map[workday.Date]string `json:"days"`
	}
	in := record{On: date(t, "2026-10-10"), Days: map[workday.Date]string{date(t, "2026-10-01"): "国庆节"}}
	got, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"on":"2026-10-10","none":"","days":{"2026-10-01":"国庆节"}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	back := record{None: date(t, "2026-01-01")}
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, back); diff != "" {
		t.Error(diff)
	}
	if _, err := json.Marshal(workday.Date{Year: 2026, Month: 2, Day: 30}); err == nil {
		t.Error("a date that does not exist was written")
	}
	if err := json.Unmarshal([]byte(`{"on":"2026-02-30"}`), &back); err == nil {
		t.Error("a date that does not exist was read")
	}
}

func TestDateAgreesWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.IntRange(-800_000, 3_000_000).Draw(t, "day")
		step := rapid.IntRange(-500_000, 500_000).Draw(t, "step")
		minute := rapid.IntRange(0, 24*60).Draw(t, "minute")
		civil := time.Date(1970, 1, 1+day, 0, 0, 0, 0, workday.Shanghai)
		d := workday.DateOf(civil)
		if y, m, dd := civil.Date(); d != (workday.Date{Year: y, Month: m, Day: dd}) {
			t.Fatalf("DateOf(%v) = %v", civil, d)
		}
		if d.Weekday() != civil.Weekday() {
			t.Fatalf("%v: %v, want %v", d, d.Weekday(), civil.Weekday())
		}
		later := workday.DateOf(civil.AddDate(0, 0, step))
		if got := d.AddDays(step); got != later {
			t.Fatalf("%v + %d = %v, want %v", d, step, got, later)
		}
		if d.Before(later) != (step > 0) || d.After(later) != (step < 0) || d.Compare(later) != -later.Compare(d) {
			t.Fatalf("%v and %v are not in order", d, later)
		}
		if got, want := d.At(minute), civil.Add(time.Duration(minute)*time.Minute); !got.Equal(want) || got.Location() != workday.Shanghai {
			t.Fatalf("%v at %d = %v, want %v", d, minute, got, want)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-09-30", "2028-02-29", "2026-02-29", "", "2026-9-30", "２０２６-09-30", "9999-12-31"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := workday.ParseDate(s)
		std, stdErr := time.Parse(time.DateOnly, s)
		if year0 := stdErr == nil && std.Year() == 0; (err == nil) != (stdErr == nil && !year0) {
			t.Fatalf("%q: %v, but the standard library: %v", s, err, stdErr)
		}
		if err != nil {
			return
		}
		if d.String() != s || d.IsZero() {
			t.Fatalf("%q came back as %q", s, d)
		}
	})
}
