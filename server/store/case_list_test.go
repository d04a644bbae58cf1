package store_test

import (
	"cmp"
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
)

// manyCases are cases of every state whose sort keys are few, so that most are equal.
func manyCases(n int) []casework.Case {
	rnd := rand.New(rand.NewPCG(1, 2))
	list := make([]casework.Case, n)
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	for i := range list {
		list[i] = newCase(fmt.Sprintf("c-%03d", rnd.IntN(1000)*1000+i), func(c *casework.Case) {
			c.Status = casework.Statuses[rnd.IntN(len(casework.Statuses))]
			c.Tier = casework.Tier(pick("III", "II", "I", ""))
			c.Domain = casework.Domain(pick("livelihood", "business"))
			c.LeadDepartmentID = pick("d-1", "d-2", "d-3", "")
			c.GridID = pick("g-1", "g-2", "")
			c.CommunityID = pick("c-1", "c-2")
			c.HandlerID = pick("p-1", "p-2", "")
			due(day(rnd.IntN(3)))(c)
			if c.Tier == casework.TierI && rnd.IntN(2) == 0 {
				s := c.Stages["1"]
				s.OverdueAt = s.DueAt
				c.Stages["1"] = s
			}
		})
	}
	return list
}

func wants(c casework.Case, f store.CaseFilter) bool {
	switch {
	case f.Viewers != nil && !slices.ContainsFunc(casework.Viewers(c), func(v casework.Addressee) bool { return slices.Contains(f.Viewers, v) }),
		f.Status != "" && c.Status != f.Status,
		f.Status == "" && !f.All && !c.Status.Open() && !((f.Stuck && f.Tier == "" || f.Untiered) && c.Status == casework.Reported),
		f.Untiered && c.Status != casework.Reported && c.Tier != "",
		f.Tier != "" && c.Tier != f.Tier,
		f.LeadDepartmentID != "" && c.LeadDepartmentID != f.LeadDepartmentID,
		f.GridID != "" && c.GridID != f.GridID,
		f.Domain != "" && c.Domain != f.Domain,
		!f.DueFrom.IsZero() && c.Stages["1"].DueAt.Before(f.DueFrom), !f.DueBefore.IsZero() && !c.Stages["1"].DueAt.Before(f.DueBefore),
		f.Overdue && !c.Overdue():
		return false
	}
	return true
}

// filters gives every combination of what a list of cases can be asked for.
func filters() (all []store.CaseFilter) {
	for _, viewers := range [][]casework.Addressee{
		nil, {}, {"department:d-1"}, {"department:d-1", "grid:g-1"}, {"department:d-1", "department:d-2", "person:p-1"},
		{"department:d-2", "grid:g-1", "community:c-1", "person:p-2"},
	} {
		for _, status := range []casework.Status{"", casework.Handling} {
			for _, every := range []bool{false, true} {
				for _, mask := range []int{0, 1, 2, 4, 8, 16, 3, 12, 17, 31, 32, 33, 64, 65, 96, 97, 127} {
					f := store.CaseFilter{Viewers: viewers, Status: status, All: every}
					if mask&1 != 0 {
						f.Tier = casework.TierI
					}
					if mask&2 != 0 {
						f.LeadDepartmentID = "d-1"
					}
					if mask&4 != 0 {
						f.GridID = "g-1"
					}
					if mask&8 != 0 {
						f.Domain = casework.Livelihood
					}
					f.Overdue = mask&16 != 0
					if mask&32 != 0 {
						f.DueBefore = day(2)
					}
					if mask&64 != 0 {
						f.DueFrom = day(1)
					}
					all = append(all, f)
					if status == "" && !every {
						f.Stuck = true
						all = append(all, f)
						f.Untiered = f.Tier == ""
						all = append(all, f)
					}
				}
			}
		}
	}
	return all
}

// Whatever is asked for and however it is cut into pages, each case comes exactly once and in order.
func TestCaseListsPageThroughEachCaseOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		list := manyCases(150)
		insertCases(t, db, monday, list...)
		slices.SortFunc(list, func(a, b casework.Case) int {
			sa, _ := a.Stage()
			sb, _ := b.Stage()
			return cmp.Or(sa.DueAt.Compare(sb.DueAt), strings.Compare(a.ID, b.ID))
		})
		found := 0
		for i, f := range filters() {
			var want, got []string
			for _, c := range list {
				if wants(c, f) {
					want = append(want, c.ID)
				}
			}
			f.Limit = []int{1, 7, 50, 1000}[i%4]
			if f.Limit == 1 && len(want) > 20 {
				f.Limit = 11
			}
			for range len(want) + 2 {
				page, err := db.Cases(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range page {
					got = append(got, r.ID)
				}
				if len(page) < f.Limit {
					break
				}
				last := page[len(page)-1]
				f.AfterSort, f.AfterID = last.SortAt, last.ID
			}
			if d := diff.Diff(want, got); d != "" {
				t.Fatalf("%+v: %s", f, d)
			}
			found += len(got)
		}
		if found < 1000 {
			t.Errorf("only %d rows in all lists", found)
		}
	})
}

// The numbers by tier are as many as the lists behind them hold, whoever asks: what two viewers have counts once.
func TestTiersAreCountedAsTheirListsHold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, manyCases(150)...)
		total := 0
		for _, viewers := range [][]casework.Addressee{nil, {}, {"department:d-1"}, {"department:d-1", "department:d-2", "grid:g-1"}} {
			counts := must[map[casework.Tier]store.TierCount](t)(db.CountTiers(t.Context(), viewers, day(1), day(2)))
			for _, tier := range []casework.Tier{casework.TierIII, casework.TierII, casework.TierI, ""} {
				list := func(from, before time.Time) int {
					return len(must[[]store.CaseRow](t)(db.Cases(t.Context(), store.CaseFilter{Viewers: viewers, Stuck: true, Tier: tier, Untiered: tier == "", DueFrom: from, DueBefore: before, Limit: 1000})))
				}
				want := store.TierCount{Open: list(time.Time{}, time.Time{}), Late: list(time.Time{}, day(1)), Near: list(day(1), day(2))}
				if d := diff.Diff(want, counts[tier]); d != "" {
					t.Errorf("%v %s: %s", viewers, tier, d)
				}
				total += want.Open + want.Late + want.Near
			}
		}
		if total < 100 {
			t.Errorf("only %d counted", total)
		}
	})
}

func TestACaseRowShowsTheCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, day(1), newCase("a", func(c *casework.Case) {
			c.HandlerID, c.CommunityID = "p-1", "c-1"
			c.Triggers = append(c.Triggers, casework.Trigger{Kind: casework.ByBurst})
			c.Tickets = map[string]casework.TicketRef{"t-1": {ID: "t-1"}, "t-2": {ID: "t-2"}}
			s := c.Stages["1"]
			s.Provisional = true
			c.Stages["1"] = s
		}))
		want := []store.CaseRow{{
			ID: "a", Number: "NS-a", Version: 2, Status: casework.Dispatched, Tier: casework.TierIII, Round: 1, Title: "北门外道路长期被占",
			Place: "望舒里北门", Domain: casework.Livelihood, Topic: "占道", Triggers: "manual,burst", Tickets: 2, CommunityID: "c-1", GridID: "g-1",
			LeadDepartmentID: "d-1", HandlerID: "p-1", Provisional: true, DueAt: day(3), SortAt: day(3), UpdatedAt: day(1),
		}}
		if d := diff.Diff(want, must[[]store.CaseRow](t)(db.Cases(t.Context(), store.CaseFilter{Limit: 5}))); d != "" {
			t.Error(d)
		}
		// Without a deadline a case stands by what falls due next, and without that by when it was touched.
		insertCases(t, db, day(7), newCase("b", func(c *casework.Case) { c.Stages = nil }), newCase("c", rest(casework.Registered)))
		rows := must[[]store.CaseRow](t)(db.Cases(t.Context(), store.CaseFilter{Limit: 5}))
		for i, c := range []struct {
			id   string
			sort time.Time
		}{{"b", day(1)}, {"a", day(3)}, {"c", day(7)}} {
			if rows[i].ID != c.id || !rows[i].SortAt.Equal(c.sort) || (rows[i].ID != "a") != rows[i].DueAt.IsZero() {
				t.Errorf("row %d: %s sorts at %s, due %s", i, rows[i].ID, rows[i].SortAt, rows[i].DueAt)
			}
		}
	})
}

// todos puts things to do straight into their table.
func todos(t testing.TB, db *store.DB, rows ...[]any) {
	t.Helper()
	bulk(t, db, `case_todos (addressee, kind, case_id, ref, due_at)`, rows)
}

func TestTodosPageThroughEachOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var list []casework.Case
		for i := range 8 {
			list = append(list, newCase(fmt.Sprintf("c-%d", i), rest(casework.Closed)))
		}
		insertCases(t, db, monday, list...)
		rnd := rand.New(rand.NewPCG(3, 4))
		keys := []casework.Addressee{"department_head:d-1", "department_head:d-2", "person:p-1", "centre"}
		type key struct {
			due       int64
			id        string
			kind, ref string
		}
		mine := map[casework.Addressee][]key{}
		for i := range 160 {
			who := keys[rnd.IntN(len(keys))]
			k := key{day(rnd.IntN(2)).UnixMilli(), fmt.Sprintf("c-%d", rnd.IntN(8)), []string{"task", "order", "accept"}[rnd.IntN(3)], fmt.Sprint(rnd.IntN(4))}
			k.due = day(len(k.id) + len(k.kind)%2).UnixMilli() // one deadline for one thing, whoever is asked
			if slices.Contains(mine[who], k) {
				continue
			}
			mine[who] = append(mine[who], k)
			todos(t, db, []any{string(who), k.kind, k.id, k.ref, k.due})
			if i%10 == 0 { // another's
				todos(t, db, []any{"person:p-9", k.kind, k.id, fmt.Sprint("x", i), k.due})
			}
		}
		for n := range len(keys) + 1 {
			want := map[key]bool{} // what waits under two posts of one person waits once
			for _, k := range keys[:n] {
				for _, todo := range mine[k] {
					want[todo] = true
				}
			}
			for _, limit := range []int{1, 3, 200} {
				var got []key
				var after *store.TodoRow
				for range 400 {
					page, err := db.Todos(t.Context(), whole(keys[:n]), after, limit)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range page {
						got = append(got, key{r.DueAt.UnixMilli(), r.CaseID, string(r.Kind), r.Ref})
						if !slices.Contains(keys[:n], r.Addressee) || r.Number != "NS-"+r.CaseID || r.Title == "" || r.Tier != casework.TierIII || r.Status != casework.Closed {
							t.Fatalf("row %+v", r)
						}
					}
					if len(page) < limit {
						break
					}
					after = &page[len(page)-1]
				}
				sorted := slices.IsSortedFunc(got, func(a, b key) int {
					return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id), cmp.Compare(a.kind, b.kind), cmp.Compare(a.ref, b.ref))
				})
				seen := map[key]bool{}
				for _, k := range got {
					seen[k] = true
				}
				if !sorted || len(got) != len(want) || len(seen) != len(want) {
					t.Errorf("%d keys, %d a page: %d rows, %d of them different, want %d, in order: %v", n, limit, len(got), len(seen), len(want), sorted)
				}
			}
			counts := must[map[casework.TodoKind]int](t)(db.CountTodos(t.Context(), keys[:n], []casework.TodoKind{"task", "order", "accept", "none"}))
			total := 0
			for _, c := range counts {
				total += c
			}
			if total != len(want) || counts["none"] != 0 {
				t.Errorf("%d keys: counted %v, listed %d", n, counts, len(want))
			}
		}
	})
}

// whole are the ranges of all that waits for each.
func whole(keys []casework.Addressee) []casework.TodoRange {
	var out []casework.TodoRange
	for _, k := range keys {
		out = append(out, casework.TodoRange{For: k})
	}
	return out
}

// What waits for a person stands at the post within whose place of work they have the case, and at each where that was never noted.
func TestThingsToDoStandAtTheirPost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a", rest(casework.Closed)), newCase("b", rest(casework.Closed)), newCase("c", rest(casework.Closed)), newCase("both", rest(casework.Closed)))
		var todos, viewers [][]any
		for i, id := range []string{"a", "b", "c", "both"} {
			todos = append(todos, []any{"person:p", "duty", id, "", day(i).UnixMilli()})
		}
		todos = append(todos, []any{"department_head:d-1", "order", "a", "", day(9).UnixMilli()}, []any{"department_head:d-1", "duty", "a", "", day(0).UnixMilli()})
		for _, v := range [][2]string{{"person:p@department:d-1", "a"}, {"person:p@grid:g-1", "b"}, {"person:p", "c"}, {"person:p@department:d-1", "both"}, {"person:p@grid:g-1", "both"}, {"person:q@grid:g-1", "a"}} {
			viewers = append(viewers, []any{v[0], v[1], 0, "closed", "III", 1})
		}
		bulk(t, db, `case_todos (addressee, kind, case_id, ref, due_at)`, todos)
		bulk(t, db, `case_viewers (viewer, case_id, open, status, tier, sort_at)`, viewers)
		posts := [][]casework.TodoRange{
			{{For: "department_head:d-1"}, {For: "person:p", Here: "person:p@department:d-1", Elsewhere: []casework.Addressee{"person:p@grid:g-1"}}},
			{{For: "liaison:g-1"}, {For: "person:p", Here: "person:p@grid:g-1", Elsewhere: []casework.Addressee{"person:p@department:d-1", "person:p@community:c-1"}}},
			{{For: "centre"}},
		}
		want := []string{"a duty, c duty, both duty, a order, ", "b duty, c duty, both duty, ", ""}
		counts := must[[]int](t)(db.CountTodosAt(t.Context(), posts))
		for i, ranges := range posts {
			got, n := "", 0
			for after := (*store.TodoRow)(nil); ; n++ {
				page := must[[]store.TodoRow](t)(db.Todos(t.Context(), ranges, after, 1))
				if len(page) == 0 {
					break
				}
				got += page[0].CaseID + " " + string(page[0].Kind) + ", "
				after = &page[0]
			}
			if got != want[i] || counts[i] != n {
				t.Errorf("at post %d: %q, counted %d; want %q", i, got, counts[i], want[i])
			}
		}
		if n, err := db.CountTodosAt(t.Context(), nil); err != nil || len(n) != 0 {
			t.Errorf("of no posts: %v %v", n, err)
		}
	})
}

func TestCountsStopAtTheirCap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a", rest(casework.Closed)))
		for _, c := range []struct {
			addressee, kind string
			n               int
		}{{"centre", "task", 1200}, {"person:p", "task", 900}, {"centre", "order", 1000}, {"centre", "verify", 999}} {
			var rows [][]any
			for i := range c.n {
				rows = append(rows, []any{c.addressee, c.kind, "a", fmt.Sprint(c.addressee, i), 1})
			}
			bulk(t, db, `case_todos (addressee, kind, case_id, ref, due_at)`, rows)
		}
		kinds := []casework.TodoKind{"task", "order", "verify"}
		for _, c := range []struct {
			keys []casework.Addressee
			want map[casework.TodoKind]int
		}{
			{nil, map[casework.TodoKind]int{}},
			{[]casework.Addressee{"person:p"}, map[casework.TodoKind]int{"task": 900}},
			{[]casework.Addressee{"centre"}, map[casework.TodoKind]int{"task": 1000, "order": 1000, "verify": 999}},
			{[]casework.Addressee{"centre", "person:p"}, map[casework.TodoKind]int{"task": 1000, "order": 1000, "verify": 999}},
		} {
			if d := diff.Diff(c.want, must[map[casework.TodoKind]int](t)(db.CountTodos(t.Context(), c.keys, kinds))); d != "" {
				t.Errorf("%v: %s", c.keys, d)
			}
		}
	})
}

// Whoever reported cases pages through all of them, newest first, each once and with its last step; of others' there is none.
func TestWhatSomebodyReportedComesNewestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		list := manyCases(60)
		var want []string
		for i := range list {
			list[i].Reporter = []string{"p-1", "p-2", ""}[i%3]
			if i%3 == 0 {
				want = append(want, list[i].ID)
			}
		}
		insertCases(t, db, monday, list...)
		slices.Sort(want)
		slices.Reverse(want)
		var got []string
		before := ""
		for range want {
			page := must[[]store.ReportedCase](t)(db.ReportedCases(t.Context(), "p-1", before, 7))
			for _, r := range page {
				got = append(got, r.ID)
				if r.Last.Seq != r.Version || r.Last.Kind == "" {
					t.Errorf("%s at version %d: last step %+v", r.ID, r.Version, r.Last)
				}
			}
			if len(page) < 7 {
				break
			}
			before = page[len(page)-1].ID
		}
		if d := diff.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// A case from before there was the column is listed for who reported it, whatever its texts say.
func TestCasesFromBeforeKeepTheirReporter(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		db := must[*store.DB](t)(store.Open(ctx, dsn, store.Options{}))
		t.Cleanup(func() { _ = db.Close() })
		if err := db.MigrateTo(ctx, 31); err != nil {
			t.Fatal(err)
		}
		for id, body := range map[string]string{"a": `{"facts":"\"reporter\":\"p-2\"","reporter":"p-1"}`, "b": `{"facts":"没有上报人"}`} {
			must[int64](t)(db.Exec(ctx, `INSERT INTO cases (id, number, version, status, open, tier, round, title, place, domain, topic, triggers, tickets, community_id, grid_id,
				lead_department_id, handler_id, overdue, provisional, sort_at, head_hash, created_at, updated_at, body)
				VALUES (?, ?, 1, 'reported', 1, '', 1, '题', '地点', '', '', 'manual', 0, '', '', '', '', 0, 0, 5, 'h', 5, 5, ?)`, id, "NS-"+id, []byte(body)))
			must[int64](t)(db.Exec(ctx, `INSERT INTO case_events (case_id, seq, kind, at, recorded_at, is_public, hash, body) VALUES (?, 1, 'report', 5, 5, 0, 'h', ?)`, id, []byte(`{"seq":1,"kind":"report"}`)))
		}
		must[int](t)(db.Migrate(ctx))
		for reporter, want := range map[string]int{"p-1": 1, "p-2": 0, "": 1} {
			if list := must[[]store.ReportedCase](t)(db.ReportedCases(ctx, reporter, "", 10)); len(list) != want {
				t.Errorf("%q: %+v", reporter, list)
			}
		}
	})
}

// What waited for somebody before to-dos said which kind of task it is says so now, as its case does; other to-dos stay what they are.
func TestTodosFromBeforeSayWhichKindOfTaskTheyAre(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		db := must[*store.DB](t)(store.Open(ctx, dsn, store.Options{}))
		t.Cleanup(func() { _ = db.Close() })
		if err := db.MigrateTo(ctx, 34); err != nil {
			t.Fatal(err)
		}
		body := `{"title":"“\"kind\":\"duty\"”","tasks":{"NS-a-T1":{"id":"NS-a-T1","kind":"onsite","text":"是否停工"},"NS-a-T10":{"id":"NS-a-T10","kind":"duty"},"NS-a-T2":{"id":"NS-a-T2","kind":"support"}}}`
		must[int64](t)(db.Exec(ctx, `INSERT INTO cases (id, number, version, status, open, tier, round, title, place, domain, topic, triggers, tickets, community_id, grid_id,
			lead_department_id, handler_id, overdue, provisional, sort_at, head_hash, created_at, updated_at, body)
			VALUES ('a', 'NS-a', 1, 'handling', 1, 'III', 1, '题', '地点', '', '', 'manual', 0, '', '', '', '', 0, 0, 5, 'h', 5, 5, ?)`, []byte(body)))
		for _, todo := range [][]any{
			{"liaison:g-1", "task", "a", "NS-a-T1"}, {"person:p-1", "task", "a", "NS-a-T10"}, {"department:d-1", "task", "a", "NS-a-T2"},
			{"department:d-2", "task", "a", "NS-a-T3"}, {"department:d-3", "task", "b", "NS-b-T1"}, {"department:d-1", "accept", "a", ""},
		} {
			must[int64](t)(db.Exec(ctx, `INSERT INTO case_todos (addressee, kind, case_id, ref, due_at) VALUES (?, ?, ?, ?, 5)`, todo...))
		}
		must[int](t)(db.Migrate(ctx))
		for todo, want := range map[[2]string]string{
			{"liaison:g-1", "NS-a-T1"}: "onsite", {"person:p-1", "NS-a-T10"}: "duty", {"department:d-1", "NS-a-T2"}: "support", {"department:d-1", ""}: "accept",
			{"department:d-2", "NS-a-T3"}: "support", {"department:d-3", "NS-b-T1"}: "support", // what its case does not know
		} {
			var kind string
			if err := db.Scan(ctx, []any{&kind}, `SELECT kind FROM case_todos WHERE addressee = ? AND ref = ?`, todo[0], todo[1]); err != nil || kind != want {
				t.Errorf("%s %s: %q, want %q, %v", todo[0], todo[1], kind, want, err)
			}
		}
	})
}
