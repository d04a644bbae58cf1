package config

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/configs"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workday"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(configs.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPolicyFileIsTheDefaultPolicy(t *testing.T) {
	got, err := LoadPolicy(read(t, "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(casework.DefaultPolicy(), got); diff != "" {
		t.Errorf("configs/policy.yaml is not casework.DefaultPolicy() (-want +got):\n%s", diff)
	}
}

func TestEveryNumberOfThePolicyFileNamesItsGround(t *testing.T) {
	for i, text := range strings.Split(string(read(t, "policy.yaml")), "\n") {
		value, comment, _ := strings.Cut(text, "#")
		_, value, _ = strings.Cut(value, ":")
		if strings.TrimSpace(value) == "" || strings.HasPrefix(text, "version:") {
			continue
		}
		if !strings.Contains(comment, "policy") && !strings.Contains(comment, "decision") {
			t.Errorf("line %d names neither a paragraph of the policy nor “decision”: %s", i+1, text)
		}
	}
}

func TestLoadPolicyRefuses(t *testing.T) {
	good := string(read(t, "policy.yaml"))
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"a missing number", "hold_days: 1 ", "# ", []string{"缺少“hold_days”，请补上"}},
		{"a missing number inside", "  ii: 5 ", "  # ", []string{"第 8 行：缺少“tier_days.ii”，请补上"}},
		{"a clock that would never run out", "accept_days: 1 ", "accept_days: 0 ", []string{"“accept_days”现在是 0，应在 1 到 60 之间"}},
		{"a negative threshold", "reassigned: 3", "reassigned: -1", []string{"“triggers.reassigned”现在是 -1"}},
		{"an unknown number", "hold_days: 1", "hold_dayz: 1", []string{"缺少“hold_days”", "不认识“hold_dayz”"}},
		{"an unknown number inside", "  iii: 3", "  iv: 2\n  iii: 3", []string{"不认识“tier_days.iv”，请改正或删去（可用：iii、ii、i）"}},
		{"a date that does not exist", "2025-11-22", "2025-11-31", []string{"“effective_on”：日期“2025-11-31”不存在"}},
		{"no date", "effective_on: 2025-11-22", "effective_on: \"\"", []string{"没有写日期"}},
		{"a hearing before its report", "report_day: 5", "report_day: 11", []string{"“report_day”（11 日）晚于"}},
		{"a day not every month has", "hearing_day: 10", "hearing_day: 29", []string{"“hearing_day”现在是 29，应在 1 到 28 之间"}},
		{"another after-hours rule", "version: 1", "version: 1\nafter_hours: never", []string{"“after_hours”现在是“never”"}},
		{"a number too large for any reader", "version: 1", "version: 99999999999", []string{"“version”应为整数"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatalf("the file lacks %q", tt.old)
			}
			_, err := LoadPolicy([]byte(strings.Replace(good, tt.old, tt.new, 1)))
			wantLines(t, err, tt.want)
		})
	}
	if _, err := LoadPolicy(nil); err == nil || strings.Count(err.Error(), "缺少") < 15 {
		t.Errorf("an empty policy: %v", err)
	}
}

// wantLines wants one line of the error to contain each part, and no further lines.
func wantLines(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range want {
		if !strings.Contains(lines[i], want[i]) {
			t.Errorf("problem %d: %q lacks %q", i+1, lines[i], want[i])
		}
	}
}

func TestAfterHoursMayBeSet(t *testing.T) {
	p, err := LoadPolicy(append(read(t, "policy.yaml"), "\nafter_hours: next_working_day\n"...))
	if err != nil || p.AfterHours != "next_working_day" {
		t.Errorf("%q, %v", p.AfterHours, err)
	}
}

func TestEveryYearFileLoads(t *testing.T) {
	files, err := fs.Glob(configs.Files, "workdays/*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("year files: %v, %v", files, err)
	}
	var years []workday.Year
	for _, name := range files {
		y, err := LoadYear(read(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := path.Base(name); fmt.Sprintf("%d.yaml", y.Year) != want {
			t.Errorf("%s is about %d", name, y.Year)
		}
		if y.Source == "" || y.PublishedOn.IsZero() || len(y.Off) < 10 {
			t.Errorf("%s: source %q, published %v, %d days off", name, y.Source, y.PublishedOn, len(y.Off))
		}
		years = append(years, y)
	}
	if _, err := workday.New(workday.DefaultHours, years, nil); err != nil {
		t.Error(err)
	}
}

func TestLoadYear(t *testing.T) {
	got, err := LoadYear([]byte("year: 2027\nsource: 通知\noff:\n  2027-01-01: 元旦\n  \"2027-01-02\": 元旦\nwork: {2027-01-03: 调休}\n"))
	want := workday.Year{
		Year: 2027, Source: "通知",
		Off:  map[workday.Date]string{{Year: 2027, Month: 1, Day: 1}: "元旦", {Year: 2027, Month: 1, Day: 2}: "元旦"},
		Work: map[workday.Date]string{{Year: 2027, Month: 1, Day: 3}: "调休"},
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LoadYear (-want +got):\n%s", diff)
	}

	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", []string{"缺少“year”", "缺少“source”", "缺少“off”"}},
		{"a date written another way", "year: 2027\nsource: x\noff:\n  2027/1/1: 元旦\n", []string{"第 4 行：“2027/1/1”不是日期"}},
		{"a day twice", "year: 2027\nsource: x\noff:\n  2027-01-01: 元旦\n  '2027-01-01': 元旦\n", []string{"第 5 行：“2027-01-01”已经写过"}},
		{"a day of another year", "year: 2027\nsource: x\noff:\n  2026-10-01: 国庆\n", []string{"2026-10-01 不在这一年"}},
		{"a make-up Wednesday", "year: 2027\nsource: x\noff: {2027-01-01: 元旦}\nwork: {2027-01-06: 元旦}\n", []string{"2027-01-06 是周三"}},
		{"a holiday without a name", "year: 2027\nsource: x\noff:\n  2027-01-01:\n", []string{"第 4 行：“off.2027-01-01”没有写值"}},
		{"a list of days", "year: 2027\nsource: x\noff: [2027-01-01]\n", []string{"第 3 行：“off”应为若干“名称: 值”"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadYear([]byte(tt.text))
			wantLines(t, err, tt.want)
		})
	}
}

func TestExampleOrganisationLoads(t *testing.T) {
	o, err := LoadOrganisation(read(t, "org.example.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := o.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(organisation.Department{ID: "d-zhifa", Name: "综合行政执法队", ShortName: "执法队", Kind: organisation.KindSquad, DeputyLeader: "p-zhao"}, o.Departments[0]); diff != "" {
		t.Errorf("department (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"示范居委", "示范小区"}, o.Communities[0].Aliases); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
	if p, _ := s.Person("p-zhao"); p.Phone != "13800000001" {
		t.Errorf("a phone without quotes was read as %q", p.Phone)
	}
	d := o.Delegations[0]
	if want := time.Date(2026, 2, 9, 1, 0, 0, 0, time.UTC); !d.StartAt.Equal(want) {
		t.Errorf("start %v, want %v", d.StartAt, want)
	}
	if a, ok := s.Actor("p-wu", d.StartAt); !ok || len(a.StandsInFor) != 1 {
		t.Errorf("the example's delegation does not run: %+v", a)
	}
	// The example shows every role there is, in its list if not in its people.
	for _, r := range casework.Roles {
		if !strings.Contains(string(read(t, "org.example.yaml")), string(r)) {
			t.Errorf("the example does not mention the role %s", r)
		}
	}
}

func TestLoadOrganisationRefuses(t *testing.T) {
	const centre = "people:\n  - {id: p-1, name: 甲, phone: 13800000001, posts: [{role: centre}]}\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nobody at the centre", "people:\n  - {id: p-1, name: 甲}\n", []string{"第 1 行：没有城运中心人员"}},
		{"nothing", "", []string{"没有城运中心人员"}},
		{"a centre that has left", "people:\n  - {id: p-1, name: 甲, left: true, posts: [{role: centre}]}\n", []string{"没有城运中心人员"}},
		{"units that do not exist, by line", centre + "  - id: p-2\n    name: 乙\n    posts:\n      - {role: handler, unit: d-9}\n      - {role: liaison}\n",
			[]string{"第 3 行：人员“乙”的承办人岗位写的部门“d-9”不存在", "第 3 行：人员“乙”的网格联络员岗位没有写是哪个网格的"}},
		{"unknown keys anywhere", centre + "  - id: p-2\n    name: 乙\n    post: [{role: handler}]\n    requesters: [x]\n",
			[]string{"第 5 行：不认识“people[2].post”，请改正或删去（可用：id、name、phone、posts、left、returned）", "第 6 行：不认识“people[2].requesters”"}},
		{"phones, unseen", centre + "  - {id: p-2, name: 乙, phone: 13800000001}\n  - {id: p-3, name: 丙, phone: \"021-1234\"}\n",
			[]string{"第 3 行：人员“乙”与“甲”的手机号相同，请核对（另见第 2 行）", "第 4 行：人员“丙”的手机号不是 11 位"}},
		{"delegations", centre + "  - {id: p-2, name: 乙, posts: [{role: auditor}]}\ndelegations:\n  - {id: a, from: p-1, to: p-2, start_at: 2026-01-01 09:00, end_at: 2026-01-02 09:00}\n",
			[]string{"第 5 行：AB角“甲、乙”：乙是管理员，管理员岗位不设AB角"}},
		{"times written another way", centre + "delegations:\n  - {id: a, from: p-1, to: p-1, start_at: tomorrow, end_at: 2026-01-02}\n",
			[]string{"第 4 行：“delegations[1].start_at”应为时间，例如 2026-11-22 09:00，现在是“tomorrow”", "第 4 行：“delegations[1].end_at”应为时间"}},
		{"a name that is no text", "people:\n  - {id: p-1, name: true}\n  - {id: p-2, name: ~}\n  - p-3\n",
			[]string{"第 2 行：“people[1].name”应为文字（不是文字的请加引号），现在是“true”", "第 3 行：“people[2].name”没有写值", "第 4 行：“people[3]”应为若干“名称: 值”"}},
		{"an item that is empty", "grids:\n  -\n  - {id: g-1, name: 一}\n", []string{"“grids[1]”没有写值"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadOrganisation([]byte(tt.text), nil)
			wantLines(t, err, tt.want)
			if strings.Contains(err.Error(), "138000") || strings.Contains(err.Error(), "021-") {
				t.Errorf("a phone shows: %v", err)
			}
		})
	}
}

// A street with far more people than any has is still read at once.
func TestLargeOrganisationLoadsQuickly(t *testing.T) {
	var b strings.Builder
	b.WriteString("departments:\n  - {id: d-1, name: 部门}\npeople:\n  - {id: p-c, name: 中心, posts: [{role: centre}]}\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  - id: p-%d\n    name: 某某\n    phone: 138%08d\n    posts:\n      - {role: handler, unit: d-1}\n", i, i)
	}
	began := time.Now()
	o, err := LoadOrganisation([]byte(b.String()), nil)
	if err != nil || len(o.People) != 2001 {
		t.Fatalf("%d people, %v", len(o.People), err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	} else {
		t.Logf("%d bytes: %v", b.Len(), took)
	}
}

// hostile texts would keep or crash an unguarded parser.
var hostile = map[string]string{
	"brackets":          "a: " + strings.Repeat("[", 100_000),
	"braces":            strings.Repeat("{a: ", 30_000),
	"items in items":    strings.Repeat("- ", 100_000) + "a",
	"deep indentation":  deep(1000),
	"wide":              wide(30_000),
	"wide in brackets":  "a: {" + strings.ReplaceAll(strings.TrimSpace(wide(30_000)), "\n", ", ") + "}",
	"explicit keys":     strings.Repeat("? ", 100_000),
	"anchors":           strings.Repeat("&a ", 100_000),
	"tags":              strings.Repeat("!a ", 100_000),
	"aliases":           "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
	"quotes":            "a: \"" + strings.Repeat("\\", 100_001),
	"a list at the top": strings.Repeat("- a: 1\n  b: x\n", 5_000),
	"a flat list":       "people: [" + strings.Repeat("1,", 20_000) + "]",
	"far too many":      "people: [" + strings.Repeat("1,", 2_000_000) + "]",
	"many documents":    strings.Repeat("---\na: 1\n", 10_000),
	"folded lines":      "a: x\n" + strings.Repeat("  y\n", 150_000),
	"colons":            strings.Repeat("a: ", 50_000),
}

func deep(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func wide(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

func TestHostileTextsAreRefusedQuickly(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if _, err := LoadOrganisation([]byte(text), nil); err == nil {
				t.Error("accepted")
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %v", took)
			} else {
				t.Logf("%d bytes: %v", len(text), took)
			}
		})
	}
}

// chinese reports whether every line of an error says something in Chinese.
func chinese(err error) bool {
	for _, text := range strings.Split(err.Error(), "\n") {
		if !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) {
			return false
		}
	}
	return true
}

func FuzzLoadPolicy(f *testing.F) {
	f.Add(read(f, "policy.yaml"))
	f.Add([]byte("version: 1\ntier_days: {iii: 3}\ntriggers:\n- 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := LoadPolicy(data)
		if err != nil {
			if !chinese(err) {
				t.Errorf("not in Chinese: %v", err)
			}
			return
		}
		if p.Version < 1 || p.EffectiveOn.IsZero() || p.TierDays.III < 1 || p.AcceptDays < 1 || p.HearingDay > 28 {
			t.Errorf("accepted %+v", p)
		}
	})
}

func FuzzLoadYear(f *testing.F) {
	f.Add(read(f, "workdays/2026.yaml"))
	f.Add([]byte("year: 2027\nsource: x\noff: {2027-01-01: 元旦}\nwork: {2027-01-03: 调休}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		y, err := LoadYear(data)
		if err != nil {
			if !chinese(err) {
				t.Errorf("not in Chinese: %v", err)
			}
			return
		}
		if _, err := workday.New(workday.DefaultHours, []workday.Year{y}, nil); err != nil {
			t.Errorf("accepted a year no calendar can use: %v", err)
		}
	})
}

func FuzzLoadOrganisation(f *testing.F) {
	f.Add(read(f, "org.example.yaml"))
	f.Add([]byte("people:\n  - {id: p-1, name: 甲, posts: [{role: centre}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := LoadOrganisation(data, nil)
		if err != nil {
			if !chinese(err) {
				t.Errorf("not in Chinese: %v", err)
			}
			return
		}
		s, err := organisation.Revise(nil, o, false)
		if err != nil {
			t.Fatalf("accepted what makes no organisation: %v", err)
		}
		if len(s.Recipients("anything:else", time.Now())) == 0 {
			t.Error("accepted an organisation in which notices are lost")
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add("mode: production\n", "XIAOPU_TOKEN_KEY="+goodKey)
	f.Add("listen: 127.0.0.1:1\ntrusted_proxies: [::1]\n", "XIAOPU_DB=mysql:a:b@tcp(c)/d")
	f.Fuzz(func(t *testing.T, text, variable string) {
		if strings.Contains(variable, fileSuffix) || strings.Contains(variable, ConfigVariable) {
			return // it would read files by chance
		}
		c := Default()
		var s source
		s.decode([]byte(text), configBytes, &c)
		if err := s.err(); err != nil && !chinese(err) {
			t.Errorf("not in Chinese: %v", err)
		}
		loaded, err := Load("", []string{variable})
		if err != nil {
			if !chinese(err) {
				t.Errorf("not in Chinese: %v", err)
			}
		} else if err := loaded.Validate(); err != nil {
			t.Errorf("Load gave what Validate refuses: %v", err)
		}
	})
}
