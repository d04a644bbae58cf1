package workflow_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// someTickets draws tickets about some matters over two months: bursts, long quiet ones, passed on, rated, linked.
func someTickets(rnd *rand.Rand, n int, now time.Time) []ticket.Ticket {
	var list []ticket.Ticket
	for i := range n {
		place := min(rnd.IntN(200), rnd.IntN(200), rnd.IntN(200))
		at := now.AddDate(0, 0, -rnd.IntN(60)).Add(-time.Duration(rnd.IntN(600)) * time.Minute)
		if rnd.IntN(3) == 0 { // its matter's busy day
			at = now.AddDate(0, 0, -(place*7)%60).Add(-time.Duration(rnd.IntN(300)) * time.Minute)
		}
		no := fmt.Sprintf("2026%08d", i)
		t := ticket.Ticket{
			Source: ticket.Hotline, OrderNo: no, Title: "噪声扰民", Content: "反映噪声", Address: fmt.Sprintf("奉浦大道%d号", place+1), Category: [5]string{"城建", "噪声"},
			Requester: ticket.Requester{Kind: ticket.Person, Phone: fmt.Sprintf("138%08d", rnd.IntN(n/2))}, AcceptedAt: at.Truncate(time.Millisecond), AcceptedHasTime: true,
			ReassignedColumn: -1, ReturnedColumn: -1, Fingerprint: no,
		}
		switch rnd.IntN(12) {
		case 0:
			t.Satisfaction = ticket.Dissatisfied
		case 1:
			t.ReassignedColumn = rnd.IntN(6)
		case 2:
			for d := range rnd.IntN(5) {
				t.Hops = append(t.Hops, ticket.Hop{Department: fmt.Sprintf("第%d所", d), Count: 1, From: ticket.FromText, Quote: "退单"})
			}
		case 3:
			t.Cross = []ticket.Crossing{ticket.CrossDepartment}
		case 4:
			if i > 0 {
				t.RepeatOf = list[rnd.IntN(i)].OrderNo
			}
		case 5:
			if i > 0 {
				t.Links = []ticket.Link{{Kind: ticket.LinkReassigned, OrderNo: list[rnd.IntN(i)].OrderNo, From: ticket.FromText, Quote: "重新交办"}}
			}
		}
		if rnd.IntN(8) > 0 {
			closed := t.AcceptedAt.AddDate(0, 0, rnd.IntN(40))
			if closed.Before(now) {
				t.ClosedAt = &closed
			}
		}
		list = append(list, t)
	}
	return list
}

// With the thresholds that rule, a dry run says what importing the same tickets did, whatever their order: as many cases, as
// many under each rule.
func TestADryRunSaysWhatTheImportDid(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rnd := rand.New(rand.NewPCG(uint64(len(db.Engine())), 1)) // other tickets on the other engine
		w := newWorld(t, db)
		list := someTickets(rnd, 800, w.clock())
		rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		cases := 0
		for part := range slices.Chunk(list, 70) {
			cases += w.takeIn(part...).Cases
		}
		aged, err := w.e.Age(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, err := w.e.DryRun(t.Context(), casework.DefaultPolicy().Triggers, workday.Date{}, workday.Date{})
		if err != nil {
			t.Fatal(err)
		}
		want, registered, proposed := countCases(t, db)
		got := map[casework.TriggerKind]int{}
		for _, rule := range r.Rules {
			if rule.Present != rule.Changed || len(rule.Gained)+len(rule.Lost) > 0 || !strings.Contains(rule.Text, "不变") {
				t.Errorf("the same thresholds differ: %+v", rule)
			}
			got[rule.Kind] = rule.Present
			if rule.Present == 0 {
				t.Errorf("nothing fires %s", rule.Kind)
			}
		}
		if d := diff.Diff(want, got); d != "" {
			t.Errorf("the import did and the dry run says:\n%s", d)
		}
		if r.Tickets != len(list) || r.Registered.Present != registered || r.Proposed.Present != proposed || registered+proposed != cases+aged {
			t.Errorf("%d and %d of %d cases; %+v %+v", registered, proposed, cases+aged, r.Registered, r.Proposed)
		}
	})
}

// countCases counts the stored cases by rule. Of long_unresolved those count that nothing else brought in.
func countCases(t *testing.T, db *store.DB) (byKind map[casework.TriggerKind]int, registered, proposed int) {
	t.Helper()
	byKind = map[casework.TriggerKind]int{
		casework.ByUnaccepted: 0, casework.ByReassigned: 0, casework.ByDissatisfied: 0, casework.ByBurst: 0, casework.ByHotTopic: 0, casework.ByCross: 0, casework.ByLongUnresolved: 0,
	}
	for _, status := range []casework.Status{casework.Registered, casework.Reported} {
		rows, err := db.Cases(t.Context(), store.CaseFilter{Status: status, Limit: 5000})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range rows {
			kinds := slices.Compact(slices.Sorted(slices.Values(strings.Split(c.Triggers, ","))))
			registers := false
			for _, kind := range kinds {
				k := casework.TriggerKind(kind)
				registers = registers || k.Registers()
				if k != casework.ByLongUnresolved || len(kinds) == 1 {
					byKind[k]++
				}
			}
			if registers {
				registered++
			} else {
				proposed++
			}
		}
	}
	return byKind, registered, proposed
}

// And with others, what importing under them would have done.
func TestADryRunSaysWhatOtherThresholdsWouldDo(t *testing.T) {
	changed := casework.Triggers{Unaccepted: 2, Reassigned: 0, Dissatisfied: false, BurstTickets: 3, BurstMinPeople: 2, HotTickets: 6, HotDays: 10, LongUnresolvedDays: 20, Cross: false}
	rnd := rand.New(rand.NewPCG(11, 1))
	w := newWorld(t, storetest.Open(t))
	list := someTickets(rnd, 900, w.clock())
	for part := range slices.Chunk(list, 90) {
		w.takeIn(part...)
	}
	r, err := w.e.DryRun(t.Context(), changed, workday.Date{}, workday.Date{})
	if err != nil {
		t.Fatal(err)
	}
	other := newWorld(t, storetest.Open(t))
	p := casework.DefaultPolicy()
	p.Version, p.EffectiveOn, p.Triggers = 2, workday.Date{Year: 2026, Month: 3, Day: 2}, changed
	if err := other.e.AddPolicy(t.Context(), casework.SystemActor(), p, "试验", nil); err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(list, 90) {
		other.takeIn(part...)
	}
	if _, err := other.e.Age(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, registered, proposed := countCases(t, other.db)
	got := map[casework.TriggerKind]int{}
	for _, rule := range r.Rules {
		got[rule.Kind] = rule.Changed
		if n := rule.Changed - rule.Present; len(rule.Gained)-len(rule.Lost) != n && len(rule.Gained) < 50 && len(rule.Lost) < 50 {
			t.Errorf("%s: %d more, %d gained, %d lost", rule.Kind, n, len(rule.Gained), len(rule.Lost))
		}
		t.Log(rule.Text)
	}
	// What the tickets closed since would have been proposed for under the shorter days is not in a fresh import.
	if d := diff.Diff(want, got); d != "" || r.Registered.Changed != registered || r.Proposed.Changed != proposed {
		t.Errorf("importing did and the dry run says: %s\n%d %d, %+v %+v", d, registered, proposed, r.Registered, r.Proposed)
	}
	if texts := rulesText(r); !strings.Contains(texts, "多次重新交办 由 3 次改为 停用：少 ") || !strings.Contains(texts, "当日集中来电 由 5 件改为 3 件、2 人：多 ") || !strings.Contains(texts, "高频热点 由 7 天 10 件改为 10 天 6 件：多 ") {
		t.Error(texts)
	}
	// Nothing was written.
	if again, err := w.e.DryRun(t.Context(), changed, workday.Date{}, workday.Date{}); err != nil || !diff.Equal(again, r) {
		t.Error(err, diff.Diff(again, r))
	}
}

func rulesText(r workflow.DryRunResult) string {
	var texts []string
	for _, rule := range r.Rules {
		texts = append(texts, rule.Text)
	}
	return strings.Join(texts, "\n")
}

func TestADryRunKeepsToItsWindow(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	var batch []ticket.Ticket
	for i := range 5 { // a burst on 25 February, and one call the day after
		no := fmt.Sprint(i)
		batch = append(batch, ticket.Ticket{Source: ticket.Hotline, OrderNo: no, Title: "噪声", Address: "奉浦大道1号", AcceptedAt: w.clock().AddDate(0, 0, -5), Fingerprint: no, ReassignedColumn: -1, ReturnedColumn: -1})
	}
	batch = append(batch, batch[0])
	batch[5].OrderNo, batch[5].Fingerprint, batch[5].AcceptedAt = "x", "x", w.clock().AddDate(0, 0, -4)
	w.takeIn(batch...)
	on := func(day int) workday.Date { return workday.Date{Year: 2026, Month: 2, Day: day} }
	for _, c := range []struct{ from, to, tickets, cases int }{{25, 25, 5, 1}, {24, 28, 6, 1}, {26, 28, 1, 0}, {20, 24, 0, 0}} {
		r, err := w.e.DryRun(t.Context(), casework.DefaultPolicy().Triggers, on(c.from), on(c.to))
		if err != nil || r.Tickets != c.tickets || r.Registered.Present != c.cases {
			t.Errorf("%d to %d: %d tickets, %d cases, %v", c.from, c.to, r.Tickets, r.Registered.Present, err)
		}
	}
	for _, c := range [][2]workday.Date{{on(2), on(1)}, {on(1).AddDays(-366), on(1)}} {
		if _, err := w.e.DryRun(t.Context(), casework.DefaultPolicy().Triggers, c[0], c[1]); err == nil {
			t.Errorf("%v is a window", c)
		}
	}
}
