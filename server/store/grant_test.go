package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

// leased is a notice in the hands of the worker "l".
func leased(t testing.TB, db *store.DB, ids ...string) {
	t.Helper()
	for _, id := range ids {
		insertNotices(t, db, notice(id, "p-1"))
	}
	if got := must[[]store.Outgoing](t)(db.LeaseNotices(t.Context(), "l", day(0), day(300), len(ids))); len(got) != len(ids) {
		t.Fatalf("leased %d of %d", len(got), len(ids))
	}
}

func reportGrant(ctx context.Context, db *store.DB, account string, r store.GrantReport) (fresh bool, err error) {
	err = db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		fresh, err = tx.ReportGrant(ctx, account, r)
		return err
	})
	return fresh, err
}

func remaining(t testing.TB, db *store.DB, account string) int {
	t.Helper()
	for _, g := range must[[]store.Grant](t)(db.Grants(t.Context(), account)) {
		return g.Remaining
	}
	return 0
}

func TestAGrantIsReportedOnceHoweverOften(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		report := func(id, source, answer string, minutes int) {
			t.Helper()
			if _, err := reportGrant(t.Context(), db, "a", store.GrantReport{ID: id, Source: source, Template: "t", Answer: answer, At: monday.Add(time.Duration(minutes) * time.Minute)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			id, source, answer string
			minute, want       int
		}{
			{"c-1", store.FromClient, store.GrantAccepted, 0, 1},
			{"c-1", store.FromClient, store.GrantAccepted, 0, 1},   // the same again
			{"p-1", store.FromPlatform, store.GrantAccepted, 3, 1}, // the other side's view of it
			{"p-1", store.FromPlatform, store.GrantAccepted, 3, 1},
			{"p-2", store.FromPlatform, store.GrantAccepted, 4, 2}, // another one, of which the client has not told
			{"c-2", store.FromClient, store.GrantAccepted, 6, 2},   // … yet
			{"c-3", store.FromClient, store.GrantAccepted, 7, 3},
			{"p-3", store.FromPlatform, store.GrantAccepted, 30, 4}, // too late to be the same
			{"c-4", store.FromClient, store.GrantRejected, 31, 4},   // this time not; what was allowed stays
			{"c-5", store.FromClient, store.GrantBanned, 32, 0},
		} {
			report(step.id, step.source, step.answer, step.minute)
			if got := remaining(t, db, "a"); got != step.want {
				t.Errorf("after %s: %d, not %d", step.id, got, step.want)
			}
		}
		for i := range 60 {
			report(fmt.Sprint("many-", i), store.FromClient, store.GrantAccepted, 100+20*i)
		}
		if got := remaining(t, db, "a"); got != 50 {
			t.Errorf("counted %d", got)
		}
	})
}

func TestALongTermGrantIsThereUntilItIsWithdrawn(t *testing.T) {
	db := storetest.Open(t)
	standing := func() bool {
		list := must[[]store.Grant](t)(db.Grants(t.Context(), "a"))
		return len(list) == 1 && list[0].Standing && list[0].Remaining == 0
	}
	for i, step := range []struct {
		answer string
		want   bool
	}{{"filter", false}, {store.GrantAccepted, true}, {"filter", true}, {store.GrantRejected, false}, {store.GrantAccepted, true}, {"something new", true}, {store.GrantBanned, false}} {
		if _, err := reportGrant(t.Context(), db, "a", store.GrantReport{ID: fmt.Sprint(i), Source: store.FromClient, Template: "t", Standing: true, Answer: step.answer, At: monday.Add(time.Duration(i) * time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if standing() != step.want {
			t.Errorf("after %s", step.answer)
		}
	}
}

func TestOneGrantIsReservedByOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const grants, wanting = 5, 16
		var ids []string
		for i := range wanting {
			ids = append(ids, fmt.Sprintf("n-%02d", i))
		}
		leased(t, db, ids...)
		for i := range grants {
			if _, err := reportGrant(t.Context(), db, "a", store.GrantReport{ID: fmt.Sprint(i), Source: store.FromClient, Template: "t", Answer: store.GrantAccepted, At: monday}); err != nil {
				t.Fatal(err)
			}
		}
		var got, none atomic.Int64
		var wait sync.WaitGroup
		for _, id := range ids {
			wait.Go(func() {
				err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					_, err := tx.StartDelivery(ctx, store.Delivery{NoticeID: id, Channel: "once", Account: "a", Template: "t", Granted: "t"}, "l", monday, day(1))
					return err
				})
				switch {
				case err == nil:
					got.Add(1)
				case errors.Is(err, store.ErrNoGrant):
					none.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if got.Load() != grants || none.Load() != wanting-grants || remaining(t, db, "a") != 0 || number(t, db, "deliveries", "1 = 1") != grants {
			t.Errorf("%d reserved, %d refused, %d left", got.Load(), none.Load(), remaining(t, db, "a"))
		}
	})
}

// TestTheLedgerOfGrants plays reports, tries and answers in any order against a count kept by hand.
func TestTheLedgerOfGrants(t *testing.T) {
	db := storetest.Open(t)
	var runs atomic.Int64
	rapid.Check(t, func(r *rapid.T) {
		run := runs.Add(1)
		account := fmt.Sprint("a-", run)
		now, left, accepted, reports, started := monday, 0, 0, 0, 0
		var refusedAt time.Time
		var open []store.Delivery // sending or unconfirmed
		spent := 0
		fail := func(err error) {
			if err != nil {
				r.Fatal(err)
			}
		}
		accept := func(source string) store.GrantReport {
			reports++
			return store.GrantReport{ID: fmt.Sprint("r-", reports), Source: source, Template: "t", Answer: store.GrantAccepted, At: now}
		}
		tell := func(g store.GrantReport) {
			_, err := reportGrant(t.Context(), db, account, g)
			fail(err)
		}
		counted := func() {
			accepted++
			left = min(left+1, 50)
		}
		end := func(i int, state store.DeliveryState, noGrant bool) {
			d := open[i]
			d.State = state
			fail(db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				noted, err := tx.EndDelivery(ctx, d, noGrant, now)
				if err == nil && !noted {
					err = errors.New("not noted")
				}
				return err
			}))
			open[i].State = state
			switch {
			case noGrant:
				left, refusedAt = 0, now
			case state == store.DeliverySent:
				spent++
			case state == store.DeliveryRetry || state == store.DeliveryFailed:
				if refusedAt.IsZero() || refusedAt.Before(d.TriedAt) {
					left++
				}
			}
			if state != store.DeliveryUnconfirmed {
				open = append(open[:i:i], open[i+1:]...)
			}
		}
		pick := func(r *rapid.T) int {
			if len(open) == 0 {
				r.Skip("nothing under way")
			}
			return rapid.IntRange(0, len(open)-1).Draw(r, "which")
		}
		r.Repeat(map[string]func(*rapid.T){
			"accepted, told by one side": func(r *rapid.T) {
				tell(accept(rapid.SampledFrom([]string{store.FromClient, store.FromPlatform}).Draw(r, "side")))
				counted()
			},
			"accepted, told by both sides, and again": func(r *rapid.T) {
				a, b := accept(store.FromClient), accept(store.FromPlatform)
				b.At = now.Add(rapid.SampledFrom([]time.Duration{-5 * time.Minute, 0, 5 * time.Minute}).Draw(r, "apart"))
				if rapid.Bool().Draw(r, "the platform first") {
					a, b = b, a
				}
				tell(a)
				tell(b)
				tell(a)
				counted()
			},
			"a message is begun": func(r *rapid.T) {
				started++
				id := fmt.Sprintf("n-%d-%d", run, started)
				leased(t, db, id)
				d := store.Delivery{NoticeID: id, Channel: "once", Account: account, Template: "t", Granted: "t"}
				err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
					d, err = tx.StartDelivery(ctx, d, "l", now, now.Add(time.Minute))
					return err
				})
				if errors.Is(err, store.ErrNoGrant) != (left == 0) {
					r.Fatalf("%d left: %v", left, err)
				}
				if err == nil {
					left--
					open = append(open, d)
				} else if left > 0 {
					r.Fatal(err)
				}
			},
			"taken": func(r *rapid.T) { end(pick(r), store.DeliverySent, false) },
			"the answer got lost": func(r *rapid.T) {
				if i := pick(r); open[i].State == store.DeliverySending {
					end(i, store.DeliveryUnconfirmed, false)
				}
			},
			"busy":              func(r *rapid.T) { end(pick(r), store.DeliveryRetry, false) },
			"refused":           func(r *rapid.T) { end(pick(r), store.DeliveryFailed, false) },
			"there is no grant": func(r *rapid.T) { end(pick(r), store.DeliveryFailed, true) },
			"": func(r *rapid.T) {
				now = now.Add(time.Hour) // so that only what is told together is taken together
				if got := remaining(t, db, account); got != left || got < 0 || left+spent+len(open) > accepted {
					r.Fatalf("%d left, %d by hand; %d accepted, %d spent, %d under way", got, left, accepted, spent, len(open))
				}
			},
		})
	})
}
