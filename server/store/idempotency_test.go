package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestAKeyIsClaimedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if _, ok, err := db.FindDone(ctx, "p-1", "k"); ok || err != nil {
			t.Error(ok, err)
		}
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
					return tx.NoteDone(ctx, "p-1", "k", "asked", fmt.Sprintf("c-%d", i), monday)
				})
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, store.ErrDone):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("claimed %d times", won.Load())
		}
		if d, ok, err := db.FindDone(ctx, "p-1", "k"); !ok || err != nil || d.Request != "asked" {
			t.Error(d, ok, err)
		}
		// Another person's same key is another key, and so is one that differs in case.
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.NoteDone(ctx, "p-2", "k", "other", "c", monday), tx.NoteDone(ctx, "p-1", "K", "other", "c", monday))
		})
		// What is rolled back has claimed nothing.
		_ = db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.NoteDone(ctx, "p-1", "k-2", "asked", "c", monday); err != nil {
				t.Error(err)
			}
			return errors.New("refused")
		})
		if _, ok, err := db.FindDone(ctx, "p-1", "k-2"); ok || err != nil {
			t.Error(ok, err)
		}
	})
}

func TestOldKeysAreForgottenOldestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for i := range 10 {
				if err := tx.NoteDone(ctx, "p-1", fmt.Sprint("k-", i), "", "", day(i)); err != nil {
					return err
				}
			}
			return nil
		})
		for _, want := range []int64{4, 3, 0} {
			if n := must[int64](t)(db.ForgetDone(ctx, day(7), 4)); n != want {
				t.Errorf("dropped %d, want %d", n, want)
			}
		}
		if number(t, db, "idempotency", `created_at >= ?`, store.Millis(day(7))) != 3 || number(t, db, "idempotency", `1 = 1`) != 3 {
			t.Error("the wrong keys were dropped")
		}
	})
}
