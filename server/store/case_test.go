package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestCaseComesBackAsItWasStored(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		c := newCase("a", func(c *casework.Case) {
			c.Title = "“引号”\\ 反斜杠\n换行 🙂 '"
			c.Tickets = map[string]casework.TicketRef{"t-1": {ID: "t-1", OrderNo: "1", Requester: "r-1", AcceptedAt: monday, AttachedAt: monday}}
			c.Offers = map[string]casework.Offer{"d-2": {DepartmentID: "d-2", At: monday}}
		})
		insertCases(t, db, monday, c)
		got := must[store.LoadedCase](t)(db.Case(ctx, "a"))
		if diff := cmp.Diff(c, got.Case); diff != "" || got.CalendarRevision != 1 || len(got.HeadHash) != 64 {
			t.Error(diff, got.CalendarRevision, got.HeadHash)
		}
		if id, err := db.CaseID(ctx, "NS-a"); id != "a" || err != nil {
			t.Error(id, err)
		}
		stored := must[[]store.StoredEvent](t)(db.StoredEvents(ctx, "a"))
		if len(stored) != 2 || stored[1].Hash != got.HeadHash || casework.ChainHash(stored[0].Hash, stored[1].Body) != stored[1].Hash {
			t.Errorf("%d events, head %s", len(stored), got.HeadHash)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			inside, err := tx.Case(ctx, "a")
			if diff := cmp.Diff(got, inside); diff != "" {
				t.Error(diff)
			}
			return err
		})
	})
}

func TestACaseThatIsNotThere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if _, err := db.Case(t.Context(), "none"); !errors.Is(err, store.ErrNoCase) {
			t.Error(err)
		}
		if _, err := db.CaseID(t.Context(), "NS-none"); !errors.Is(err, store.ErrNoCase) {
			t.Error(err)
		}
		if h, err := db.EventHash(t.Context(), "none", 1); h != "" || err != nil {
			t.Error(h, err)
		}
	})
}

func TestTwoCasesHaveTwoNumbers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a"))
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertCase(ctx, casework.Decision{Case: newCase("b", func(c *casework.Case) { c.Number = "NS-a" }), Events: events(1, 2)}, 1, monday)
		})
		if !store.IsDuplicate(err) {
			t.Error(err)
		}
	})
}

func TestSaveCaseContinuesTheChain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a"))
		saved := saveCase(t, db, "a", day(1), 2, func(c *casework.Case) { c.Status = casework.Handling; c.HandlerID = "p-1" })
		got := must[store.LoadedCase](t)(db.Case(t.Context(), "a"))
		if diff := cmp.Diff(saved, got); diff != "" || got.Case.Version != 4 || got.Case.Status != casework.Handling {
			t.Error(diff, got.Case.Version, got.Case.Status)
		}
		previous := ""
		for _, e := range must[[]store.StoredEvent](t)(db.StoredEvents(t.Context(), "a")) {
			if casework.ChainHash(previous, e.Body) != e.Hash {
				t.Errorf("event %d breaks the chain", e.Seq)
			}
			previous = e.Hash
		}
		if previous != got.HeadHash {
			t.Error("the case does not name the last event")
		}
	})
}

func TestWhoSavesSecondIsStaleAndLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a"))
		before := must[store.LoadedCase](t)(db.Case(t.Context(), "a"))
		saveCase(t, db, "a", day(1), 1, func(c *casework.Case) { c.Status = casework.Handling })
		next := before.Case
		next.Version++
		next.Title = "另一个人的标题"
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.SaveCase(ctx, before, casework.Decision{Case: next, Events: events(3, 3)}, 1, day(1))
			return err
		})
		if !errors.Is(err, store.ErrStale) || apperr.CodeOf(err) != apperr.Aborted {
			t.Fatal(err)
		}
		if n := number(t, db, "case_events", `case_id = 'a'`); n != 3 {
			t.Errorf("%d events", n)
		}
	})
}

// Of many who read the same version, one saves.
func TestOneOfManyWriters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a"))
		before := must[store.LoadedCase](t)(db.Case(t.Context(), "a"))
		var won, stale int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				next := before.Case
				next.Version++
				err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					_, err := tx.SaveCase(ctx, before, casework.Decision{Case: next, Events: events(3, 3)}, 1, day(1))
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case errors.Is(err, store.ErrStale):
					stale++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won != 1 || stale != 7 || number(t, db, "case_events", `case_id = 'a'`) != 3 {
			t.Errorf("%d saved, %d were late", won, stale)
		}
	})
}

func TestADecisionWithoutEventsMovesOnlyTheCalendar(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		insertCases(t, db, monday, newCase("a"), newCase("still", rest(casework.Closed)))
		if ids := must[[]string](t)(db.OutdatedCases(ctx, 2, 10)); !slices.Equal(ids, []string{"a"}) {
			t.Errorf("outdated: %v; a case on which nothing runs has no calendar", ids)
		}
		for range 2 {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				l, err := tx.Case(ctx, "a")
				if err != nil {
					return err
				}
				l, err = tx.SaveCase(ctx, l, casework.Decision{Case: l.Case}, 2, day(1))
				if l.CalendarRevision != 2 {
					t.Errorf("revision %d", l.CalendarRevision)
				}
				return err
			})
		}
		got := must[store.LoadedCase](t)(db.Case(ctx, "a"))
		if got.CalendarRevision != 2 || got.Case.Version != 2 || number(t, db, "cases", `id = 'a' AND updated_at = ?`, store.Millis(monday)) != 1 {
			t.Errorf("revision %d, version %d", got.CalendarRevision, got.Case.Version)
		}
		if ids := must[[]string](t)(db.OutdatedCases(ctx, 2, 10)); len(ids) != 0 {
			t.Errorf("still outdated: %v", ids)
		}
	})
}

func TestTextsTooLongForTheirColumnsAreCutThereAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		long := newCase("a", func(c *casework.Case) {
			c.Title, c.Place, c.Topic = strings.Repeat("标", 300), strings.Repeat("地", 300), strings.Repeat("题", 120)
		})
		insertCases(t, db, monday, long)
		saveCase(t, db, "a", monday, 1, func(*casework.Case) {})
		got := must[store.LoadedCase](t)(db.Case(t.Context(), "a"))
		if got.Case.Title != long.Title || got.Case.Topic != long.Topic {
			t.Error("the case itself was cut")
		}
		row := must[[]store.CaseRow](t)(db.Cases(t.Context(), store.CaseFilter{Limit: 1}))[0]
		if row.Title != strings.Repeat("标", 255) || row.Place != strings.Repeat("地", 255) || row.Topic != strings.Repeat("题", 100) {
			t.Error("the list shows", row.Title, row.Place, row.Topic)
		}
	})
}

// Who sees a case and what waits for whom follow it through every save.
func TestScopeAndThingsToDoFollowTheCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		check := func(what string) {
			t.Helper()
			c := must[store.LoadedCase](t)(db.Case(ctx, "a")).Case
			rows, err := db.Query(ctx, `SELECT v.viewer, v.open, v.status, v.sort_at = c.sort_at AND v.tier = c.tier FROM case_viewers v JOIN cases c ON c.id = v.case_id WHERE v.case_id = 'a' ORDER BY v.viewer`)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for rows.Next() {
				var viewer, status string
				var open, same bool
				if err := rows.Scan(&viewer, &open, &status, &same); err != nil {
					t.Fatal(err)
				}
				if open != c.Status.Open() || status != string(c.Status) || !same {
					t.Errorf("%s: viewer %s has open %v, status %s, sort key and tier as the case's: %v", what, viewer, open, status, same)
				}
				got = append(got, viewer)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, v := range casework.Viewers(c) {
				want = append(want, string(v))
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: viewers %s", what, diff)
			}
			var todos int
			for _, todo := range casework.Todos(c) {
				todos += number(t, db, "case_todos", `case_id = 'a' AND addressee = ? AND kind = ? AND ref = ?`, string(todo.For), string(todo.Kind), todo.Ref)
			}
			if todos != len(casework.Todos(c)) || todos != number(t, db, "case_todos", `case_id = 'a'`) {
				t.Errorf("%s: %d things to do found of %v", what, todos, casework.Todos(c))
			}
		}
		insertCases(t, db, monday, newCase("a"))
		check("inserted")
		for i, step := range []struct {
			what   string
			change func(*casework.Case)
		}{
			{"accepted", func(c *casework.Case) { c.Status, c.HandlerID = casework.Handling, "p-1" }},
			{"another handler, same state", func(c *casework.Case) { c.HandlerID = "p-2" }},
			{"a later deadline", due(day(9))},
			{"another department", func(c *casework.Case) { c.Status, c.LeadDepartmentID, c.HandlerID = casework.Dispatched, "d-2", "" }},
			{"a task and an order", func(c *casework.Case) {
				c.Tasks = map[string]casework.Task{"1": {ID: "1", Kind: casework.TaskSupport, Addressee: "department_head:d-3", DueAt: day(2), Status: casework.TaskGiven}}
				c.Orders = map[string]casework.Order{"1": {ID: "1", DueAt: day(4)}}
			}},
			{"a requester", func(c *casework.Case) {
				c.Tickets = map[string]casework.TicketRef{"t": {ID: "t", Requester: "r-9"}}
			}},
			{"closed", rest(casework.Closed)},
			{"closed, and touched once more: nothing but the time it was touched has changed", func(c *casework.Case) { c.Facts += "。" }},
			{"rejected without anybody", func(c *casework.Case) {
				*c = casework.Case{ID: c.ID, Number: c.Number, Version: c.Version, Status: casework.Rejected}
			}},
		} {
			saveCase(t, db, "a", day(i+1), 1, step.change)
			check(step.what)
		}
	})
}

func TestNextNumberGivesEachNumberOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var mu sync.Mutex
		var got []int64
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				for range 5 {
					var n int64
					err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
						n, err = tx.NextNumber(ctx, "case-2026")
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					got = append(got, n)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		slices.Sort(got)
		var want []int64
		for n := range int64(30) {
			want = append(want, n+1)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.NextNumber(ctx, "case-2027")
			if n != 1 {
				t.Errorf("another sequence begins with %d", n)
			}
			return err
		})
		// What is rolled back has used no number.
		_ = db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.NextNumber(ctx, "case-2026"); err != nil {
				t.Error(err)
			}
			return errors.New("refused")
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.NextNumber(ctx, "case-2026")
			if n != 31 {
				t.Errorf("after a rollback %d", n)
			}
			return err
		})
	})
}

func TestDueCasesAreThoseThatWaitLongestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if at, err := db.NextDueAt(ctx); !at.IsZero() || err != nil {
			t.Error(at, err)
		}
		insertCases(t, db, monday, newCase("c", due(day(1))), newCase("b", due(day(2))), newCase("a", due(day(2))), newCase("later", due(day(3))), newCase("still", rest(casework.Resolved)))
		for _, c := range []struct {
			now   time.Time
			limit int
			want  []string
		}{
			{day(1).Add(-time.Millisecond), 10, nil},
			{day(1), 10, []string{"c"}},
			{day(2), 10, []string{"c", "a", "b"}},
			{day(2), 2, []string{"c", "a"}},
			{day(99), 10, []string{"c", "a", "b", "later"}},
		} {
			if diff := cmp.Diff(c.want, must[[]string](t)(db.DueCases(ctx, c.now, c.limit))); diff != "" {
				t.Errorf("at %s: %s", c.now, diff)
			}
		}
		if at, err := db.NextDueAt(ctx); !at.Equal(day(1)) || err != nil {
			t.Error(at, err)
		}
	})
}

func TestTimeline(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		insertCases(t, db, monday, newCase("a", func(c *casework.Case) { c.Version = 25 }), newCase("b"))
		var seqs []int64
		for after := int64(0); ; {
			page := must[[]casework.Event](t)(db.Events(ctx, "a", after, false, 4))
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				seqs = append(seqs, e.Seq)
			}
			after = page[len(page)-1].Seq
		}
		if len(seqs) != 25 || !slices.IsSorted(seqs) || seqs[0] != 1 {
			t.Error(seqs)
		}
		if diff := cmp.Diff(events(1, 2), must[[]casework.Event](t)(db.Events(ctx, "b", 0, false, 10))); diff != "" {
			t.Error(diff)
		}
		public := must[[]casework.Event](t)(db.Events(ctx, "a", 3, true, 3))
		if got := fmt.Sprint(len(public), public[0].Seq, public[2].Seq); got != "3 4 8" {
			t.Error(got)
		}
		if h := must[string](t)(db.EventHash(ctx, "a", 25)); h != must[store.LoadedCase](t)(db.Case(ctx, "a")).HeadHash {
			t.Error(h)
		}
	})
}

func TestALineOfTheTimelineIsWrittenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a"))
		if _, err := db.Exec(t.Context(), `INSERT INTO case_events (case_id, seq, kind, at, recorded_at, is_public, hash, body) VALUES ('a', 3, 'x', 1, 1, 0, '', '{}')`); err != nil {
			t.Fatal(err)
		}
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			l, err := tx.Case(ctx, "a")
			if err != nil {
				return err
			}
			next := l.Case
			next.Version++
			_, err = tx.SaveCase(ctx, l, casework.Decision{Case: next, Events: events(3, 3)}, 1, monday)
			return err
		})
		if !errors.Is(err, store.ErrStale) {
			t.Error(err)
		}
	})
}

// One INSERT for more rows than one statement takes is cut into several.
func TestManyEventsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a", func(c *casework.Case) { c.Version = 2500 }))
		if n := number(t, db, "case_events", `case_id = 'a'`); n != 2500 {
			t.Error(n)
		}
	})
}
