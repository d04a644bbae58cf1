package store_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/vault"
)

func TestAChangeOfTheOrganisationIsDecidedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := store.OrganisationChange{ID: "oc-1", Status: store.ChangeOpen, Posts: true, Revision: 3, ProposedBy: "p-1", ProposedAt: monday, Preview: []byte(`{"a":1}`), Body: []byte(`{"phone":"13800000001"}`)}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddOrganisationChange(ctx, c) })
		if d := cmp.Diff(c, must[store.OrganisationChange](t)(db.OrganisationChange(t.Context(), "oc-1"))); d != "" {
			t.Error(d)
		}
		if n := number(t, db, "organisation_changes", `body LIKE '%138%'`); n != 0 {
			t.Error("the file lies open in the database")
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.PreviewAgain(ctx, "oc-1", false, 4, []byte(`{"a":2}`))
		})
		decided := 0
		for _, status := range []store.ChangeStatus{store.ChangeApplied, store.ChangeDiscarded} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				done, err := tx.DecideOrganisationChange(ctx, "oc-1", status, "p-2", day(1))
				if done {
					decided++
				}
				return err
			})
		}
		want := c
		want.Status, want.Posts, want.Revision, want.DecidedBy, want.DecidedAt, want.Preview, want.Body = store.ChangeApplied, false, 4, "p-2", day(1), []byte(`{"a":2}`), nil
		if d := cmp.Diff(want, must[store.OrganisationChange](t)(db.OrganisationChange(t.Context(), "oc-1"))); d != "" || decided != 1 {
			t.Errorf("decided %d times: %s", decided, d)
		}
		if _, err := db.OrganisationChange(t.Context(), "oc-9"); err == nil {
			t.Error("found what is not there")
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			c.ID = "oc-2"
			return tx.AddOrganisationChange(ctx, c)
		})
		all := must[[]store.OrganisationChange](t)(db.OrganisationChanges(t.Context(), "", "", 10))
		open := must[[]store.OrganisationChange](t)(db.OrganisationChanges(t.Context(), store.ChangeOpen, "", 10))
		older := must[[]store.OrganisationChange](t)(db.OrganisationChanges(t.Context(), "", "oc-2", 10))
		if len(all) != 2 || all[0].ID != "oc-2" || len(open) != 1 || open[0].ID != "oc-2" || len(older) != 1 || older[0].ID != "oc-1" {
			t.Errorf("%d, open %d, older %d", len(all), len(open), len(older))
		}
	})
}

func TestHandoversWaitUntilTheyEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		list := []store.Handover{{ID: "h-1", PersonID: "p-1", Revision: 2, CreatedAt: monday}, {ID: "h-2", PersonID: "p-2", Revision: 2, CreatedAt: monday}}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddHandovers(ctx, list) })
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddHandovers(ctx, nil) })
		if d := cmp.Diff(list, must[[]store.Handover](t)(db.Handovers(t.Context(), "", 10))); d != "" {
			t.Error(d)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.EndHandover(ctx, "h-1") })
		if d := cmp.Diff(list[1:], must[[]store.Handover](t)(db.Handovers(t.Context(), "", 10))); d != "" {
			t.Error(d)
		}
	})
}

// A file that waits for approval opens after the keys were rotated and the old ones forgotten.
func TestAWaitingChangeIsSealedAnew(t *testing.T) {
	for _, dsn := range storetest.DSNs(t) {
		rotated, err := vault.Add(storetest.Keys)
		if err != nil {
			t.Fatal(err)
		}
		newer, err := vault.Parse(rotated)
		if err != nil {
			t.Fatal(err)
		}
		open := func(sealer store.Sealer) *store.DB {
			db, err := store.Open(t.Context(), dsn, store.Options{Sealer: sealer})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			return db
		}
		db := open(storetest.Sealer)
		must[int](t)(db.Migrate(t.Context()))
		body := []byte(`{"phone":"13800000001"}`)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.AddOrganisationChange(ctx, store.OrganisationChange{ID: "oc-1", Status: store.ChangeOpen, ProposedAt: monday, Preview: []byte(`{}`), Body: body})
		})
		again := open(newer)
		for range 2 {
			inTx(t, again, func(ctx context.Context, tx *store.Tx) error {
				damaged, err := tx.ResealChanges(ctx)
				if len(damaged) > 0 {
					t.Error(damaged)
				}
				return err
			})
		}
		if c := must[store.OrganisationChange](t)(again.OrganisationChange(t.Context(), "oc-1")); string(c.Body) != string(body) {
			t.Errorf("%s", c.Body)
		}
		if _, err := db.OrganisationChange(t.Context(), "oc-1"); err == nil {
			t.Error("still opens with the old key alone")
		}
	}
}
