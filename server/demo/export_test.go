package demo

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/intake"
	"xiaopu/server/ticket"
)

// exportMoments: an ordinary morning, just after midnight, the last second of a year, and a leap day.
var exportMoments = []time.Time{
	time.Date(2026, 10, 26, 10, 0, 0, 0, ticket.Shanghai),
	time.Date(2026, 3, 10, 16, 0, 5, 0, time.UTC),
	time.Date(2026, 12, 31, 23, 59, 59, 0, ticket.Shanghai),
	time.Date(2028, 2, 29, 12, 0, 0, 0, ticket.Shanghai),
}

// read are the exports read back so far: writing and reading one takes a while under the race detector.
var read = map[time.Time]map[string]ticket.Ticket{}

// imported writes the export and reads it back as an import would.
func imported(t *testing.T, now time.Time) map[string]ticket.Ticket {
	t.Helper()
	if tickets := read[now]; tickets != nil {
		return tickets
	}
	var buf bytes.Buffer
	if err := WriteExport(&buf, now); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "export.xlsx")
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := intake.OpenSheet(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	header, m, err := s.Header()
	if err != nil || header != 2 || len(m.Columns) != 26 || len(m.Unknown()) > 0 {
		t.Fatal(header, m.Unknown(), err)
	}
	tickets := map[string]ticket.Ticket{}
	for {
		n, cells, err := s.Next()
		if err == io.EOF {
			read[now] = tickets
			return tickets
		}
		if err != nil {
			t.Fatal(err)
		}
		if n <= header {
			continue
		}
		tk, problems := ticket.ParseRow(m, cells, ticket.Options{Source: ticket.Hotline, Now: now})
		if len(problems) > 0 {
			t.Errorf("row %d: %v", n, problems)
		}
		tickets[tk.OrderNo] = tk
	}
}

func TestTheExportIsReadBackAsItWasMade(t *testing.T) {
	for _, now := range exportMoments {
		rows, tickets := Export(now), imported(t, now)
		if len(tickets) != len(rows) {
			t.Fatalf("%d tickets of %d rows", len(tickets), len(rows))
		}
		for _, r := range rows {
			tk, ok := tickets[r.OrderNo]
			if !ok {
				t.Fatalf("%s is missing", r.OrderNo)
			}
			same := func(what string, a time.Time, b *time.Time) {
				if a.IsZero() != (b == nil) || b != nil && !a.Equal(*b) {
					t.Errorf("%s %s: %v, %v", r.OrderNo, what, a, b)
				}
			}
			same("accepted", r.AcceptedAt, &tk.AcceptedAt)
			same("dispatched", r.DispatchedAt, tk.DispatchedAt)
			same("due", r.DueAt, tk.DueAt)
			same("closed", r.ClosedAt, tk.ClosedAt)
			if tk.Content != r.Content || tk.Community != r.Community || tk.Requester.Phone != r.Phone || tk.ReassignedColumn != r.Reassigned || tk.ReturnedColumn != r.Returned {
				t.Errorf("%+v", tk)
			}
			if enterprise := slices.ContainsFunc(Places, func(p Place) bool { return p.Park && p.Name == r.Community }); enterprise != (tk.Requester.Kind == ticket.Enterprise) {
				t.Errorf("%s: %s is %s", r.OrderNo, r.Name, tk.Requester.Kind)
			}
		}
	}
}

func TestTheStoriesAreThere(t *testing.T) {
	for _, now := range exportMoments {
		tickets := imported(t, now)
		find := func(no string) (ticket.Ticket, bool) { tk, ok := tickets[no]; return tk, ok }
		stories, story := map[string][]Row{}, map[string]string{}
		for _, r := range Export(now) {
			stories[r.Story] = append(stories[r.Story], r)
			story[r.OrderNo] = r.Story
		}
		counts := map[string]int{}
		for s, rows := range stories {
			counts[s] = len(rows)
		}
		want := map[string]int{"": 355, StoryDissatisfied: 4, StoryReassigned: 2, StoryChain: 4, StoryReassignedText: 2, StoryReturned: 2, StoryPassed: 2, StoryBurstFive: 5, StoryBurstSix: 6, StoryHot: 10, StoryLong: 5, StoryCross: 2}
		if d := cmp.Diff(want, counts); d != "" {
			t.Fatal(d)
		}
		thrice, solved := 0, 0
		for no, tk := range tickets {
			chain, _ := ticket.ChainLength(tk, find, 10)
			passed, names, _ := ticket.Unaccepted(tk)
			if chain >= 3 {
				thrice++
			}
			if tk.ClosedAt != nil {
				solved++
			}
			switch story[no] {
			case StoryReassigned, StoryReassignedText:
				if n, evidence := ticket.Reassigned(tk); n < 3 || len(evidence) == 0 {
					t.Errorf("%s: %d %v", story[no], n, evidence)
				}
			case StoryReturned, StoryPassed:
				if passed != 3 || len(names) != 3 {
					t.Errorf("%s: %d %v", story[no], passed, names)
				}
			case StoryDissatisfied:
				if tk.Satisfaction != ticket.Dissatisfied || tk.ClosedAt == nil {
					t.Errorf("%+v", tk)
				}
			case StoryLong:
				if now.Sub(tk.AcceptedAt) <= 30*24*time.Hour || !tk.Open() {
					t.Errorf("%v", tk.AcceptedAt)
				}
			case StoryCross:
				if len(tk.Cross) != 2 {
					t.Errorf("%v", tk.Cross)
				}
			case StoryChain:
			default:
				if chain >= 3 || passed >= 2 || tk.Satisfaction == ticket.Dissatisfied || tk.Open() && now.Sub(tk.AcceptedAt) > 10*24*time.Hour || len(tk.Cross) > 0 {
					t.Errorf("an everyday ticket tells a story: %+v", tk)
				}
			}
		}
		if thrice != 5 || solved < 300 || solved > 320 {
			t.Error(thrice, solved)
		}
		people := func(rows []Row) (phones, days map[string]bool) {
			phones, days = map[string]bool{}, map[string]bool{}
			for _, r := range rows {
				phones[r.Phone], days[r.AcceptedAt.Format(time.DateOnly)] = true, true
				if r.Community != rows[0].Community || r.Category != rows[0].Category {
					t.Error(r)
				}
			}
			return phones, days
		}
		if p, d := people(stories[StoryBurstFive]); len(p) != 5 || len(d) != 1 {
			t.Error(len(p), len(d))
		}
		if p, d := people(stories[StoryBurstSix]); len(p) != 4 || len(d) != 1 {
			t.Error(len(p), len(d))
		}
		if p, d := people(stories[StoryHot]); len(p) != 10 || len(d) != 7 {
			t.Error(len(p), len(d))
		}
	}
}

func TestNothingElseLooksLikeABurst(t *testing.T) {
	for _, now := range exportMoments {
		day, week := map[string]int{}, map[string]int{}
		for _, r := range Export(now) {
			if r.Story == "" {
				key := r.Community + r.Category[2]
				day[key+r.AcceptedAt.Format(time.DateOnly)]++
				week[key]++
			}
		}
		for k, n := range day {
			if n >= 5 {
				t.Error(k, n)
			}
		}
		for k, n := range week {
			if n >= 10 {
				t.Error(k, n)
			}
		}
	}
}

func TestTheExportIsFictionalWholeAndAlwaysTheSame(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := WriteExport(w, exportMoments[0]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the files differ")
	}
	phone := regexp.MustCompile(`^13[89]0000\d{4}$`)
	for _, now := range exportMoments {
		rows := Export(now)
		if !slices.Equal(rows, Export(now)) {
			t.Fatal("two exports of one instant differ")
		}
		seen := map[string]bool{}
		texts := map[string]int{}
		for _, r := range rows {
			if seen[r.OrderNo] || len(r.OrderNo) != 14 {
				t.Error(r.OrderNo)
			}
			seen[r.OrderNo] = true
			texts[r.Content]++
			age := now.Sub(r.AcceptedAt)
			if age < 0 || age > 36*24*time.Hour || r.ClosedAt.After(now) || r.DispatchedAt.After(now) || r.DispatchedAt.Before(r.AcceptedAt) || !r.ClosedAt.IsZero() && r.ClosedAt.Before(r.AcceptedAt) {
				t.Errorf("%v %v %v", r.AcceptedAt, r.DispatchedAt, r.ClosedAt)
			}
			if !phone.MatchString(r.Phone) {
				t.Error(r.Phone)
			}
			if !slices.Contains(Departments, r.Department) || !slices.ContainsFunc(Places, func(p Place) bool { return p.Name == r.Community }) {
				t.Error(r.Department, r.Community)
			}
			for _, d := range strings.Split(r.Flow, "→") {
				if d != "" && !slices.Contains(Departments, d) {
					t.Error(d)
				}
			}
			if strings.ContainsAny(r.Content+r.Address+r.Title, "{}") || !strings.HasSuffix(r.Content, "。") && !strings.HasSuffix(r.Content, "？") {
				t.Error(r.Content)
			}
		}
		for text, n := range texts {
			if n > 1 {
				t.Errorf("%d times %s", n, text)
			}
		}
	}
}

func TestMattersAreWhole(t *testing.T) {
	for _, m := range slices.Concat(livelihood, business) {
		if m.title == "" || m.kind == "" || slices.Contains(m.category[:], "") || !slices.Contains(Departments, m.department) || len(m.facts) < 2 || len(m.details) < 2 || m.reply == "" || m.explained == "" {
			t.Errorf("%+v", m)
		}
	}
}
