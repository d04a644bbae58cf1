package workday_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"xiaopu/server/workday"
)

// The files the database is seeded from say the same as the notices.
func TestSeedFilesEqualTheNotices(t *testing.T) {
	for _, name := range []string{"2025", "2026"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile("../../configs/workdays/" + name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			var got workday.Year
			if err := yaml.UnmarshalWithOptions(text, &got, yaml.Strict()); err != nil {
				t.Fatal(err)
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(year(t, "notice-"+name+".txt"), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestYearAsJSON(t *testing.T) {
	in := workday.Year{
		Year: 2026, Source: "国办发明电〔2025〕7号", PublishedOn: date(t, "2025-11-04"),
		Off:  map[workday.Date]string{date(t, "2026-01-02"): "元旦", date(t, "2026-01-01"): "元旦"},
		Work: map[workday.Date]string{date(t, "2026-01-04"): "元旦调休上班"},
	}
	got, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"year":2026,"source":"国办发明电〔2025〕7号","published_on":"2025-11-04",` +
		`"off":{"2026-01-01":"元旦","2026-01-02":"元旦"},"work":{"2026-01-04":"元旦调休上班"}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	var back workday.Year
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, back); diff != "" {
		t.Error(diff)
	}
}

func TestYearValidate(t *testing.T) {
	tests := []struct {
		name      string
		year      int
		off, work []string
		want      []string // parts of the message; none: valid
	}{
		{name: "an ordinary year", year: 2026, off: []string{"2026-01-01"}, work: []string{"2026-01-04"}},
		{name: "New Year reaching back into December", year: 2019, off: []string{"2018-12-30", "2018-12-31", "2019-01-01"}, work: []string{"2018-12-29"}},
		{name: "too early in December", year: 2019, off: []string{"2018-12-19"}, want: []string{"2018-12-19 不在这一年（或上一年12月20日以后）"}},
		{name: "a day of the next year", year: 2026, off: []string{"2027-01-01"}, want: []string{"2027-01-01 不在这一年", "移到 2027 年的文件里"}},
		{name: "a make-up day on a weekday", year: 2026, work: []string{"2026-01-05"}, want: []string{"2026-01-05 是周一，调休上班只能在周六或周日"}},
		{name: "off and worked", year: 2026, off: []string{"2026-01-04"}, work: []string{"2026-01-04"}, want: []string{"2026-01-04 既放假（节日）又上班"}},
		{name: "all problems at once", year: 2026, off: []string{"2024-01-01"}, work: []string{"2026-01-05"}, want: []string{"2024-01-01", "2026-01-05"}},
		{name: "a year out of range", year: 20266, want: []string{"年份 20266 不在 2000 到 2299 之间"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			y := workday.Year{Year: tt.year, Off: map[workday.Date]string{}, Work: map[workday.Date]string{}}
			for _, d := range tt.off {
				y.Off[date(t, d)] = "节日"
			}
			for _, d := range tt.work {
				y.Work[date(t, d)] = "调休上班"
			}
			expectProblems(t, y.Validate(), tt.want)
		})
	}
	t.Run("a day that does not exist", func(t *testing.T) {
		y := workday.Year{Year: 2026, Off: map[workday.Date]string{{Year: 2026, Month: 2, Day: 30}: "节日"}}
		expectProblems(t, y.Validate(), []string{"2026-02-30 不存在"})
	})
	t.Run("a holiday without name", func(t *testing.T) {
		y := workday.Year{Year: 2026, Off: map[workday.Date]string{{Year: 2026, Month: 1, Day: 1}: " "}}
		expectProblems(t, y.Validate(), []string{"2026-01-01 没有写节日名称"})
	})
}

func TestClosureValidate(t *testing.T) {
	tests := []struct {
		name             string
		from, to, reason string
		want             []string
	}{
		{name: "one day", from: "2026-07-30", to: "2026-07-30", reason: "台风停工"},
		{name: "sixty days", from: "2026-04-01", to: "2026-05-30", reason: "停工"},
		{name: "sixty-one days", from: "2026-04-01", to: "2026-05-31", reason: "停工", want: []string{"共 61 天，最多 60 天"}},
		{name: "reversed", from: "2026-07-31", to: "2026-07-30", reason: "台风停工", want: []string{"起止日期颠倒"}},
		{name: "no reason", from: "2026-07-30", to: "2026-07-30", reason: " ", want: []string{"没有写原因"}},
		{name: "a mistyped year", from: "0226-07-30", to: "2026-07-30", reason: "台风停工", want: []string{"“0226-07-30”不对"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expectProblems(t, workday.Closure{From: date(t, tt.from), To: date(t, tt.to), Reason: tt.reason}.Validate(), tt.want)
		})
	}
	t.Run("no dates", func(t *testing.T) {
		expectProblems(t, workday.Closure{Reason: "台风停工"}.Validate(), []string{"停止办公的日期“”不对"})
	})
}

// expectProblems wants an error holding every part, or none when there are no parts.
func expectProblems(t *testing.T, err error, parts []string) {
	t.Helper()
	if len(parts) == 0 {
		if err != nil {
			t.Errorf("unexpected: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}
