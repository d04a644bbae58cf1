package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workday"
)

func TestRevisionsCountOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if r := must[map[string]int64](t)(db.Revisions(t.Context())); len(r) != 0 {
			t.Error(r)
		}
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				for range 5 {
					if err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Revise(ctx, store.PolicyRevision, 1) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.Revise(ctx, store.ClockRevision, 86_400_000), tx.Revise(ctx, store.ClockRevision, -1000))
		})
		want := map[string]int64{store.PolicyRevision: 30, store.ClockRevision: 86_399_000}
		if d := cmp.Diff(want, must[map[string]int64](t)(db.Revisions(t.Context()))); d != "" {
			t.Error(d)
		}
	})
}

func TestTheHighestEditionOfAYearRules(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		year := func(y int, name string) workday.Year {
			return workday.Year{Year: y, Source: name, Off: map[workday.Date]string{{Year: y, Month: 1, Day: 1}: name}, Work: map[workday.Date]string{}}
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(
				tx.AddCalendarYear(ctx, year(2026, "第一版"), "p-1", monday), tx.AddCalendarYear(ctx, year(2025, "去年"), "", monday),
				tx.AddCalendarYear(ctx, year(2026, "更正"), "p-2", day(1)))
		})
		want := []store.StoredYear{
			{Edition: 1, Year: year(2025, "去年"), LoadedAt: monday},
			{Edition: 2, Year: year(2026, "更正"), LoadedAt: day(1), LoadedBy: "p-2"},
		}
		if d := cmp.Diff(want, must[[]store.StoredYear](t)(db.CalendarYears(t.Context()))); d != "" {
			t.Error(d)
		}
		if number(t, db, "calendar_years", `year = 2026`) != 2 {
			t.Error("the earlier edition is gone")
		}
		if r := must[map[string]int64](t)(db.Revisions(t.Context())); r[store.CalendarRevision] != 3 {
			t.Error(r)
		}
	})
}

func TestClosuresHoldUntilRevoked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		closure := func(id string, from, to int) store.StoredClosure {
			return store.StoredClosure{ID: id, Closure: workday.Closure{From: workday.Date{Year: 2026, Month: 8, Day: from}, To: workday.Date{Year: 2026, Month: 8, Day: to}, Reason: "台风停工"}, CreatedAt: monday, CreatedBy: "p-1"}
		}
		a, b := closure("a", 20, 21), closure("b", 3, 3)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.AddClosure(ctx, a), tx.AddClosure(ctx, b))
		})
		if d := cmp.Diff([]store.StoredClosure{b, a}, must[[]store.StoredClosure](t)(db.Closures(ctx))); d != "" {
			t.Error(d)
		}
		for _, want := range []bool{true, false} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				was, err := tx.RevokeClosure(ctx, "b", day(1))
				if was != want {
					t.Errorf("revoked: %v, want %v", was, want)
				}
				return err
			})
		}
		if d := cmp.Diff([]store.StoredClosure{a}, must[[]store.StoredClosure](t)(db.Closures(ctx))); d != "" {
			t.Error(d)
		}
		if r := must[map[string]int64](t)(db.Revisions(ctx)); r[store.CalendarRevision] != 3 {
			t.Error("revoking nothing counts as a change, or a change does not:", r)
		}
	})
}

func TestPoliciesKeepEveryVersion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first, second := store.StoredPolicy{Policy: casework.DefaultPolicy(), CreatedAt: monday}, store.StoredPolicy{
			Policy: casework.DefaultPolicy(), Reason: "来电增多", DryRun: []byte(`{"tickets":3}`), CreatedAt: monday, CreatedBy: "p-1",
		}
		first.Policy.Version, second.Policy.Version = 1, 2
		second.Policy.EffectiveOn = workday.Date{Year: 2026, Month: 7, Day: 1}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.AddPolicy(ctx, second), tx.AddPolicy(ctx, first))
		})
		if d := cmp.Diff([]store.StoredPolicy{first, second}, must[[]store.StoredPolicy](t)(db.PolicyVersions(t.Context()))); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]casework.Policy{first.Policy, second.Policy}, must[[]casework.Policy](t)(db.Policies(t.Context()))); d != "" {
			t.Error(d)
		}
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.AddPolicy(ctx, second) })
		if !errors.Is(err, store.ErrPolicyTaken) {
			t.Error("a version was stored twice:", err)
		}
		withdraw := func(version int, today string, want bool) {
			t.Helper()
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				on := must[workday.Date](t)(workday.ParseDate(today))
				was, err := tx.WithdrawPolicy(ctx, version, on, "p-2", monday)
				if was != want {
					t.Errorf("withdrawn: %v, want %v", was, want)
				}
				return err
			})
		}
		withdraw(2, "2026-07-01", false) // its day has come
		withdraw(3, "2026-03-02", false)
		withdraw(2, "2026-06-30", true)
		withdraw(2, "2026-06-30", false)
		if d := cmp.Diff([]casework.Policy{first.Policy}, must[[]casework.Policy](t)(db.Policies(t.Context()))); d != "" {
			t.Error(d)
		}
		if v := must[[]store.StoredPolicy](t)(db.PolicyVersions(t.Context())); len(v) != 2 || v[1].WithdrawnBy != "p-2" || !v[1].WithdrawnAt.Equal(monday) {
			t.Errorf("%+v", v)
		}
		if r := must[map[string]int64](t)(db.Revisions(t.Context())); r[store.PolicyRevision] != 3 {
			t.Error(r)
		}
	})
}

func TestOrganisationRowsAreAddedOrReplaced(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		row := func(kind, id, body string) store.OrganisationRow {
			return store.OrganisationRow{Kind: kind, ID: id, Body: []byte(body)}
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.PutOrganisation(ctx, []store.OrganisationRow{row("person", "1", `{"name":"甲"}`), row("department", "2", `{}`), row("department", "1", `{}`)})
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.PutOrganisation(ctx, []store.OrganisationRow{row("person", "1", `{"name":"乙"}`), row("person", "3", `{}`)})
		})
		want := []store.OrganisationRow{row("department", "1", `{}`), row("department", "2", `{}`), row("person", "1", `{"name":"乙"}`), row("person", "3", `{}`)}
		if d := cmp.Diff(want, must[[]store.OrganisationRow](t)(db.Organisation(t.Context()))); d != "" {
			t.Error(d)
		}
		if r := must[map[string]int64](t)(db.Revisions(t.Context())); r[store.OrganisationRevision] != 2 {
			t.Error(r)
		}
	})
}

func TestASequenceMovesForWhoKnowsItsValue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, c := range []struct {
			from, to int64
			moved    bool
			now      int64
		}{{5, 6, false, 0}, {0, 10, true, 10}, {0, 11, false, 10}, {9, 12, false, 10}, {10, 20, true, 20}} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				moved, err := tx.MoveSequence(ctx, "s", c.from, c.to)
				if moved != c.moved {
					t.Errorf("%d → %d: moved %v", c.from, c.to, moved)
				}
				return err
			})
			if v := must[int64](t)(db.Sequence(t.Context(), "s")); v != c.now {
				t.Errorf("%d → %d: stands at %d", c.from, c.to, v)
			}
		}
	})
}
