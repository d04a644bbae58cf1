package workflow

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"xiaopu/server/store"
)

// Resealed is what a pass of re-sealing did.
type Resealed struct {
	Tickets, People int
	Secrets         int // of second factors and platforms
	Facts           int // that wait for their ticket
	Residents       int // rows of people in WeChat, their phones too
	Reviews         int // words that wait to be looked at
	Notes           int // beside tickets
	Locations       int
	Attachments     int // their names and keys; the bytes stay as they are
	Damaged         int // values that do not open, logged; they stay as they are
}

// resealBatch is how many tickets one transaction seals anew: a writer that waits for it waits some milliseconds.
const resealBatch = 50

// Reseal seals anew what is sealed under an older key, or was stored before there were keys, and then forgets the older keys.
// It stops when ctx ends, and a later pass goes on; any number of processes may do it at once. rest is the pause between two
// transactions, so that it takes only part of the database's time. progress, when given, hears how many tickets are done.
func (e *Engine) Reseal(ctx context.Context, rest time.Duration, progress func(done int)) (Resealed, error) {
	var done Resealed
	tell := func(damaged []error) {
		for _, err := range damaged {
			done.Damaged++
			e.log.ErrorContext(ctx, "a sealed value does not open", slog.Any("error", err))
		}
	}
	err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, damaged, err := tx.ResealPeople(ctx)
		if err != nil {
			return err
		}
		changes, err := tx.ResealChanges(ctx)
		if err != nil {
			return err
		}
		platforms, err := tx.ResealPlatforms(ctx)
		if err != nil {
			return err
		}
		accounts, unopened, err := tx.ResealAccounts(ctx)
		if err != nil {
			return err
		}
		facts, unread, err := tx.ResealFacts(ctx)
		if err != nil {
			return err
		}
		reviews, closed, err := tx.ResealReviews(ctx)
		if err != nil {
			return err
		}
		done = Resealed{Reviews: reviews, People: n, Secrets: platforms + accounts, Facts: facts}
		tell(slices.Concat(closed, damaged, changes, unopened, unread))
		return nil
	})
	if err != nil {
		return done, err
	}
	for _, part := range []struct {
		count *int
		one   func(*store.Tx, context.Context, store.ResealFrom, int) (int, store.ResealFrom, []error, error)
	}{{&done.Residents, (*store.Tx).ResealEach}, {&done.Tickets, (*store.Tx).Reseal}, {&done.Attachments, (*store.Tx).ResealAttachments}, {&done.Notes, (*store.Tx).ResealNotes}, {&done.Locations, (*store.Tx).ResealLocations}} {
		for from := (store.ResealFrom{}); !from.Done; {
			var n int
			var next store.ResealFrom
			var damaged []error
			if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
				n, next, damaged, err = part.one(tx, ctx, from, resealBatch)
				return err
			}); err != nil {
				return done, err
			}
			*part.count += n
			from = next
			tell(damaged)
			if progress != nil && part.count == &done.Tickets {
				progress(done.Tickets)
			}
			if from.Done || rest == 0 {
				continue
			}
			select {
			case <-ctx.Done():
				return done, ctx.Err()
			case <-time.After(rest):
			}
		}
	}
	return done, e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetKeys(ctx) })
}

// CheckKeys refuses to go on with keys other than those that have sealed here: see store.DB.CheckKeys.
func (e *Engine) CheckKeys(ctx context.Context) error { return e.db.CheckKeys(ctx, e.clock()) }

// KeyUses counts what is sealed under each key.
func (e *Engine) KeyUses(ctx context.Context) ([]store.KeyUse, error) { return e.db.KeyUses(ctx) }
