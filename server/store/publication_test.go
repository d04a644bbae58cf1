package store_test

import (
	"context"
	"testing"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestWhoMeetsAPublishedMatterTooIsCountedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := store.Publication{ID: "pb-1", CaseID: "c-1", State: store.Published, Title: "路灯", PublishedAt: monday}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.PutPublication(ctx, p) })
		for _, one := range []struct {
			requester string
			fresh     bool
		}{{"q-1", true}, {"q-2", true}, {"q-1", false}} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				fresh, err := tx.AddMeToo(ctx, "pb-1", one.requester, "t-"+one.requester, monday)
				if fresh != one.fresh {
					t.Errorf("%s: %v", one.requester, fresh)
				}
				return err
			})
		}
		p.State, p.Story = store.Withdrawn, store.Story{Title: "修好了", At: day(1)}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.PutPublication(ctx, p) })
		p.People = 2
		if got := must[store.Publication](t)(db.CasePublication(t.Context(), "c-1")); got != p {
			t.Errorf("%+v", got)
		}
		if got := must[[]store.PublishedCase](t)(db.Stories(t.Context(), day(9), "z", 9)); len(got) != 0 {
			t.Errorf("withdrawn and yet told: %+v", got)
		}
		// Whose it is is forgotten, the count stays.
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.ForgetMeToo(ctx, "t-q-1"); err != nil {
				return err
			}
			if has, err := tx.HasMeToo(ctx, "pb-1", "q-1"); has || err != nil {
				t.Error(has, err)
			}
			return nil
		})
	})
}
