package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestChainHeadsGoThroughEveryCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for i := range 11 {
			insertCases(t, db, monday, newCase(fmt.Sprintf("c-%02d", i)))
		}
		n := 0
		for after := ""; ; {
			page := must[[]store.ChainHead](t)(db.ChainHeads(ctx, after, 4))
			if len(page) == 0 {
				break
			}
			for _, h := range page {
				l := must[store.LoadedCase](t)(db.Case(ctx, h.CaseID))
				if h.CaseID <= after || h.Number != l.Case.Number || h.Hash != l.HeadHash || h.Seq != l.Case.Version || len(h.Body) == 0 {
					t.Errorf("%+v", h)
				}
				after = h.CaseID
				n++
			}
		}
		if n != 11 {
			t.Errorf("%d heads", n)
		}
	})
}

func TestOrphanEventsAreThoseWithoutACase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a"), newCase("b"), newCase("c"))
		if list := must[[]string](t)(db.OrphanEvents(t.Context(), 10)); len(list) != 0 {
			t.Error(list)
		}
		if _, err := db.Exec(t.Context(), `DELETE FROM cases WHERE id IN ('a', 'c')`); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"a", "c"}, must[[]string](t)(db.OrphanEvents(t.Context(), 10))); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"a"}, must[[]string](t)(db.OrphanEvents(t.Context(), 1))); d != "" {
			t.Error(d)
		}
	})
}

func makeAnchor(t testing.TB, db *store.DB, last store.Anchor, id string, until time.Time) (a store.Anchor, made bool) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		a, made, err = tx.MakeAnchor(ctx, last, id, until, until.Add(time.Minute))
		return err
	})
	return a, made
}

func TestAnchorsNoteTheHeadsThatMoved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if a := must[store.Anchor](t)(db.LastAnchor(ctx)); a != (store.Anchor{}) {
			t.Error(a)
		}
		if _, made := makeAnchor(t, db, store.Anchor{}, "none", day(1)); made {
			t.Error("made without a case")
		}
		insertCases(t, db, monday, newCase("a"), newCase("b"))
		insertCases(t, db, day(1).Add(time.Minute), newCase("c"))
		first, made := makeAnchor(t, db, store.Anchor{}, "an-1", day(1))
		if !made || first.Heads != 2 || !first.UntilAt.Equal(day(1)) {
			t.Errorf("%+v %v", first, made)
		}
		if got := must[store.Anchor](t)(db.LastAnchor(ctx)); !cmp.Equal(first, got) {
			t.Error(cmp.Diff(first, got))
		}
		saveCase(t, db, "b", day(1).Add(time.Hour), 1, func(c *casework.Case) { c.Facts += "。" })
		if again, made := makeAnchor(t, db, store.Anchor{}, "an-x", day(2)); made {
			t.Errorf("made from what is no longer the last one: %+v", again)
		}
		second, made := makeAnchor(t, db, first, "an-2", day(2))
		if !made || second.Heads != 2 {
			t.Errorf("%+v %v", second, made)
		}
		hash := first.Hash
		heads := must[[]store.AnchoredHead](t)(db.AnchoredHeads(ctx, "an-2"))
		for i, want := range []string{"b", "c"} {
			h := heads[i]
			l := must[store.LoadedCase](t)(db.Case(ctx, want))
			if h.CaseID != want || h.Seq != l.Case.Version || h.Hash != l.HeadHash {
				t.Errorf("%+v", h)
			}
			hash = casework.ChainHash(hash, []byte(fmt.Sprintf("%s %d %s", h.CaseID, h.Seq, h.Hash)))
		}
		if hash != second.Hash || len(heads) != 2 {
			t.Error("the hash does not cover the heads")
		}
		if _, made := makeAnchor(t, db, second, "an-3", day(3)); made {
			t.Error("made though nothing moved")
		}
		if d := cmp.Diff([]store.Anchor{second, first}, must[[]store.Anchor](t)(db.Anchors(ctx, 10))); d != "" {
			t.Error(d)
		}
		if list := must[[]store.Anchor](t)(db.Anchors(ctx, 1)); len(list) != 1 {
			t.Error(list)
		}
	})
}

// Several processes look at midnight; the chain of anchors must not fork.
func TestOneOfManyMakesTheAnchor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertCases(t, db, monday, newCase("a"), newCase("b"))
		var mu sync.Mutex
		n := 0
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range 8 {
			all.Go(func() {
				<-start
				var made bool
				err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
					_, made, err = tx.MakeAnchor(ctx, store.Anchor{}, fmt.Sprintf("an-%d", i), day(1), day(1))
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if made {
					mu.Lock()
					n++
					mu.Unlock()
				}
			})
		}
		close(start)
		all.Wait()
		if list := must[[]store.Anchor](t)(db.Anchors(t.Context(), 10)); n != 1 || len(list) != 1 || number(t, db, "anchor_heads", `1 = 1`) != 2 {
			t.Errorf("%d made, %d stored", n, len(list))
		}
	})
}
