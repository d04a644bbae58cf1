package store_test

import (
	"context"
	"slices"
	"testing"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestPairsOfMatters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		side := func(matter, ticket string) store.PairSide { return store.PairSide{Matter: matter, Ticket: ticket} }
		put := func(list ...store.MatterPair) {
			t.Helper()
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.PutMatterPairs(ctx, list) })
		}
		ab := store.NewMatterPair(side("m-b", "t-2"), side("m-a", "t-1"), .4, monday)
		ac := store.NewMatterPair(side("m-a", "t-1"), side("m-c", "t-3"), .9, monday)
		bc := store.NewMatterPair(side("m-b", "t-2"), side("m-c", "t-3"), .4, monday)
		if ab.Matters() != [2]string{"m-a", "m-b"} || ab.Sides[1].Ticket != "t-2" {
			t.Fatalf("%+v", ab)
		}
		put(ab, ac, bc)
		// The most likely first, a page at a time.
		var got []store.MatterPair
		for after := (*store.MatterPair)(nil); ; after = &got[len(got)-1] {
			page := must[[]store.MatterPair](t)(db.OpenPairs(t.Context(), after, 1))
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		if want := []store.MatterPair{ac, bc, ab}; !slices.Equal(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		// One that is decided is off the list and still known.
		ac.State, ac.DecidedAt, ac.DecidedBy, ac.Reason = store.PairApart, day(1), "p-1", "另一处"
		put(ac)
		if got := must[[]store.MatterPair](t)(db.OpenPairs(t.Context(), nil, 9)); !slices.Equal(got, []store.MatterPair{bc, ab}) {
			t.Errorf("%+v", got)
		}
		if got := must[[]store.MatterPair](t)(db.MatterPairs(t.Context(), []string{"m-c", "m-a"})); !slices.Equal(got, []store.MatterPair{ab, ac, bc}) {
			t.Errorf("%+v", got)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if got := must[[]store.MatterPair](t)(tx.TicketPairs(ctx, []string{"t-2"})); !slices.Equal(got, []store.MatterPair{ab, bc}) {
				t.Errorf("%+v", got)
			}
			return tx.DropMatterPairs(ctx, []store.MatterPair{ab})
		})
		if got := must[[]store.MatterPair](t)(db.MatterPairs(t.Context(), []string{"m-a"})); !slices.Equal(got, []store.MatterPair{ac}) {
			t.Errorf("%+v", got)
		}
		// What rests on a ticket that is erased goes; what was said of its matter stays.
		insertTickets(t, db, newTicket("t-1", monday))
		put(ab)
		erasePerson(t, db, "t-1")
		if got := must[[]store.MatterPair](t)(db.MatterPairs(t.Context(), []string{"m-a"})); !slices.Equal(got, []store.MatterPair{ac}) {
			t.Errorf("erased: %+v", got)
		}
	})
}
