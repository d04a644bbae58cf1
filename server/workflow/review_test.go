package workflow_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// waits stores words of a case that wait for a person since an instant, as holdBack does.
func (w *world) waits(c casework.Case, id, since string) {
	w.t.Helper()
	w.at(since)
	k, err := w.e.Refresh(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	at := w.clock()
	if err := w.db.InTx(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertReview(ctx, store.Review{
			ID: id, State: store.ReviewOpen, Command: "remind", CaseID: c.ID, Number: c.Number, Text: "有事加微信", CreatedAt: at, PeopleAt: at,
			NextAt: casework.ReviewDue(k.Calendar, k.PolicyAt(at), at, time.Time{}),
		})
	}); err != nil {
		w.t.Fatal(err)
	}
}

// late counts how often somebody was told that a review is late.
func (w *world) late(who string) (n int) {
	w.t.Helper()
	list, err := w.db.Inbox(context.Background(), who, false, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, i := range list {
		if i.Kind == casework.NoticeContentLate {
			n++
		}
	}
	return n
}

func (w *world) wantLate(at string, supervisor int) {
	w.t.Helper()
	w.at(at)
	w.sweep()
	w.sweep() // twice at one instant does it once
	for _, who := range []string{"p-dc", "p-cy"} {
		if n := w.late(who); n != supervisor {
			w.t.Errorf("%s: %s was told %d times, want %d", at, who, n, supervisor)
		}
	}
}

// Nothing rests: what waits for a review longer than a working day is told to the supervisor, and again each working day, once for each
// case, until it is decided.
func TestAReviewThatWaitsIsToldDaily(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.at("2026-03-05 10:00") // a Thursday
		c := w.dispatched()
		w.waits(c, "r-1", "2026-03-05 20:00")
		w.waits(c, "r-2", "2026-03-06 09:00")
		w.wantLate("2026-03-06 16:59", 0)
		w.wantLate("2026-03-06 17:00", 1)
		w.wantLate("2026-03-08 12:00", 1) // over the weekend
		w.wantLate("2026-03-09 09:00", 2)
		w.wantLate("2026-03-09 16:59", 2)
		w.wantLate("2026-03-09 17:00", 3) // r-2 has its day over; both are told together from then on
		w.wantLate("2026-03-10 09:00", 4)
		if _, err := w.e.DecideReview(t.Context(), w.actor("p-cy"), "r-1", true, ""); err != nil {
			t.Fatal(err)
		}
		w.wantLate("2026-03-11 09:00", 5)
		if _, err := w.e.DecideReview(t.Context(), w.actor("p-cy"), "r-2", false, "广告"); err != nil {
			t.Fatal(err)
		}
		w.wantLate("2026-03-13 09:00", 5)
	})
}

// A change of the calendar moves the clock of a review too, in either direction, and tells nobody by itself.
func TestACalendarMovesReviews(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.at("2026-03-05 10:00")
		c := w.dispatched()
		w.waits(c, "r-1", "2026-03-05 11:00")
		w.sweep()
		friday := workday.Date{Year: 2026, Month: 3, Day: 6}
		change, err := w.e.AddClosure(t.Context(), w.actor("p-cy"), workday.Closure{From: friday, To: friday, Reason: "台风停工"})
		if err != nil {
			t.Fatal(err)
		}
		w.wantLate("2026-03-06 18:00", 0)
		w.at("2026-03-05 12:00")
		if err := w.e.RevokeClosure(t.Context(), change.ClosureID); err != nil {
			t.Fatal(err)
		}
		w.wantLate("2026-03-06 18:00", 1)
	})
}

// Any number of processes sweep: each telling happens once.
func TestManyTellOfAReviewOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.at("2026-03-05 10:00")
		c := w.dispatched()
		for _, id := range []string{"r-1", "r-2", "r-3"} {
			w.waits(c, id, "2026-03-05 10:00")
		}
		w.at("2026-03-09 10:00")
		var all sync.WaitGroup
		for range 6 {
			e := workflow.New(db, workflow.Options{Clock: w.clock})
			all.Go(func() {
				if _, err := e.Sweep(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := w.late("p-dc"); n != 1 {
			t.Errorf("told %d times", n)
		}
		w.wantLate("2026-03-09 12:00", 1)
	})
}
