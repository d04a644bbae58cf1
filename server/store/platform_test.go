package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/vault"
)

func TestPlatformsKeepTheirKeysSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := store.Platform{ID: "hotline", Name: "市热线平台", Source: ticket.Hotline, Addresses: []string{"10.0.0.0/8"}, Key: "the first key", CreatedAt: monday, CreatedBy: "p-sa"}
		add := func() error {
			return db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.AddPlatform(ctx, p) })
		}
		if err := add(); err != nil {
			t.Fatal(err)
		}
		if err := add(); !errors.Is(err, store.ErrPlatformExists) {
			t.Errorf("the same id again: %v", err)
		}
		if d := cmp.Diff([]store.Platform{p}, must[[]store.Platform](t)(db.Platforms(t.Context())), cmpopts.IgnoreUnexported(store.Platform{})); d != "" {
			t.Error(d)
		}
		p = must[[]store.Platform](t)(db.Platforms(t.Context()))[0]
		stale := p
		p.PreviousKey, p.PreviousUntil, p.Key, p.DisabledAt = p.Key, day(1), "the second key", day(2)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SetPlatform(ctx, p) })
		if d := cmp.Diff([]store.Platform{p}, must[[]store.Platform](t)(db.Platforms(t.Context())), cmpopts.IgnoreUnexported(store.Platform{})); d != "" {
			t.Error(d)
		}
		var key, previous string
		if err := db.Scan(t.Context(), []any{&key, &previous}, `SELECT key_sealed, previous_key FROM platforms`); err != nil {
			t.Fatal(err)
		}
		if db.Sealer().KeyOf(key) == 0 || db.Sealer().KeyOf(previous) == 0 {
			t.Errorf("%s and %s are not sealed", key, previous)
		}
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SetPlatform(ctx, stale) }); !errors.Is(err, store.ErrPlatformStale) {
			t.Errorf("who saw an older state: %v", err)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if n, err := tx.ResealPlatforms(ctx); err != nil || n != 0 {
				t.Errorf("%d sealed anew under the same key: %v", n, err)
			}
			return nil
		})
	})
}

// Whoever reads behind a number misses nothing: numbers are committed in their order, without gaps, by any number of writers.
func TestFeedsAreReadInTheOrderOfTheCommits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const writers, each = 6, 15
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					if err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
						return tx.AppendFeed(ctx, []store.FeedRow{
							{Platform: "a", At: monday, OrderNo: fmt.Sprint(w, "-", i), Kind: "joined", Number: "NS1", Status: casework.Handling, DueAt: day(3), Provisional: true},
							{Platform: "b", At: monday, OrderNo: fmt.Sprint(w, "-", i), Kind: "taken_in"}, {Platform: "a", At: monday, Kind: "left"},
						})
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { all.Wait(); close(done) }()
		last, read := int64(0), 0
		for over := false; ; {
			rows := must[[]store.FeedRow](t)(db.Feed(t.Context(), "a", last, 7))
			for _, r := range rows {
				if r.Seq != last+1 {
					t.Fatalf("%d follows %d", r.Seq, last)
				}
				last = r.Seq
				read++
			}
			if over && len(rows) == 0 {
				break
			}
			select {
			case <-done:
				over = true
			default:
			}
		}
		if read != 2*writers*each {
			t.Errorf("%d rows read", read)
		}
		r := must[[]store.FeedRow](t)(db.Feed(t.Context(), "a", 0, 1))[0]
		if r.Number != "NS1" || r.Status != casework.Handling || !r.DueAt.Equal(day(3)) || !r.Provisional || !r.At.Equal(monday) {
			t.Errorf("%+v", r)
		}
	})
}

func TestTicketsStayTheFirstPlatforms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.AddPlatformTickets(ctx, []store.PlatformTicket{{TicketID: "t-1", Platform: "a", OrderNo: "1"}}); err != nil {
				return err
			}
			return tx.AddPlatformTickets(ctx, []store.PlatformTicket{{TicketID: "t-1", Platform: "b", OrderNo: "1"}, {TicketID: "t-2", Platform: "b", OrderNo: "2"}})
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.PlatformTickets(ctx, []string{"t-1", "t-2", "t-3"})
			if len(list) != 2 || list[0].Platform != "a" || list[1].Platform != "b" {
				t.Errorf("%+v", list)
			}
			return err
		})
	})
}

func TestRequestsOfPlatformsAreRememberedAndTakenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		note := func(signature string, at time.Time) error {
			return db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				return tx.NoteRequest(ctx, store.PlatformRequest{Platform: "a", Signature: signature, At: at, Created: 2, Updated: 3, Unchanged: 4, Refused: 5})
			})
		}
		for i, s := range []string{"s1", "s2", "s3"} {
			if err := note(s, day(i)); err != nil {
				t.Fatal(err)
			}
		}
		if note("s1", day(1)) == nil {
			t.Error("a request is noted twice")
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if done, err := tx.RequestDone(ctx, "a", "s1"); err != nil || !done {
				t.Errorf("%v %v", done, err)
			}
			if done, err := tx.RequestDone(ctx, "b", "s1"); err != nil || done {
				t.Errorf("%v %v", done, err)
			}
			list, err := tx.TakeRequests(ctx, day(2), 10)
			if len(list) != 2 || list[0].Signature != "s1" || list[1].Refused != 5 {
				t.Errorf("%+v", list)
			}
			return err
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.TakeRequests(ctx, day(9), 10)
			if len(list) != 1 || list[0].Signature != "s3" {
				t.Errorf("%+v", list)
			}
			return err
		})
	})
}

// After a new key of the vault has come, platforms go on with the keys they have, and the old one can go.
func TestPlatformsMoveToANewKeyOfTheVault(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		key := func(b byte) []byte { return bytes.Repeat([]byte{b}, vault.KeyBytes) }
		with := func(keys vault.Keys, f func(db *store.DB)) {
			t.Helper()
			v, err := vault.New(keys, key(9))
			if err != nil {
				t.Fatal(err)
			}
			db, err := store.Open(t.Context(), dsn, store.Options{Sealer: v, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			f(db)
		}
		with(vault.Keys{1: key(1)}, func(db *store.DB) {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				return tx.AddPlatform(ctx, store.Platform{ID: "hotline", Name: "热线", Source: ticket.Hotline, Key: "told once", CreatedAt: monday})
			})
		})
		with(vault.Keys{1: key(1), 2: key(2)}, func(db *store.DB) {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				if n, err := tx.ResealPlatforms(ctx); err != nil || n != 1 {
					t.Errorf("%d %v", n, err)
				}
				return nil
			})
		})
		with(vault.Keys{2: key(2)}, func(db *store.DB) {
			if list := must[[]store.Platform](t)(db.Platforms(t.Context())); len(list) != 1 || list[0].Key != "told once" {
				t.Errorf("%+v", list)
			}
		})
	})
}
