package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
)

func erasePerson(t testing.TB, db *store.DB, id string) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		r, err := tx.Ticket(ctx, id)
		if err == nil {
			var done bool
			if done, err = tx.ErasePerson(ctx, r); !done {
				t.Error("not erased", err)
			}
		}
		return err
	})
}

// An import that has read a ticket before its person was erased does not bring them back.
func TestWhatWasErasedMeanwhileIsNotWrittenAgain(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		if strings.HasPrefix(dsn, "sqlite:") {
			t.Skip("writers take turns")
		}
		ctx := t.Context()
		db := reopened(t, dsn, storetest.Sealer)
		insertTickets(t, db, newTicket("t-1", monday))
		var tries []bool
		err := db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
			keys, err := tx.TicketKeys(ctx, ticket.Hotline, []string{"NO-t-1"})
			if err != nil {
				return err
			}
			if len(tries) == 0 {
				erasePerson(t, db, "t-1")
			}
			r := newTicket("t-1", monday)
			r.UpdatedAt, r.Erased = day(1), keys["NO-t-1"].Erased
			if tries = append(tries, r.Erased); r.Erased {
				r.Ticket, r.Requester = r.Ticket.Erased(), ""
			}
			return tx.UpdateTicket(ctx, r)
		})
		if got := must[store.TicketRow](t)(db.Ticket(ctx, "t-1")); err != nil || len(tries) != 2 || !got.Erased || got.Ticket.Requester.Phone != "" || !got.UpdatedAt.Equal(day(1)) {
			t.Errorf("%v %v %+v", err, tries, got)
		}
	})
}

// Re-sealing that has read a row before it was erased does not bring it back.
func TestReSealingBringsNothingErasedBack(t *testing.T) {
	for name, erase := range map[string]func(context.Context, *store.Tx) error{
		"a row": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.EraseRow(ctx, "t-1", day(1))
			return err
		},
		"a person, by a program with the older key": func(ctx context.Context, tx *store.Tx) error {
			r, err := tx.Ticket(ctx, "t-1")
			if err == nil {
				_, err = tx.ErasePerson(ctx, r)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.EachDSN(t, func(t *testing.T, dsn string) {
				ctx := t.Context()
				before := reopened(t, dsn, keyed(t, 9, 1))
				insertTickets(t, before, newTicket("t-1", monday))
				both := reopened(t, dsn, keyed(t, 9, 1, 2))
				resealing := make(chan error, 1)
				inTx(t, before, func(ctx context.Context, tx *store.Tx) error {
					if err := erase(ctx, tx); err != nil {
						return err
					}
					go func() {
						_, damaged, err := resealed(context.Background(), both)
						resealing <- errors.Join(append(damaged, err)...)
					}()
					time.Sleep(300 * time.Millisecond) // it has read what was committed, and waits for the row
					return nil
				})
				if err := <-resealing; err != nil {
					t.Fatal(err)
				}
				if _, _, err := resealed(ctx, both); err != nil { // what it left
					t.Fatal(err)
				}
				got := must[store.TicketRow](t)(both.Ticket(ctx, "t-1"))
				if len(got.Ticket.Raw) > 0 || got.Erased && got.Ticket.Requester.Phone != "" {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

func TestAPersonIsNotErasedFromATicketThatMoved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertTickets(t, db, newTicket("t-1", monday))
		r := must[store.TicketRow](t)(db.Ticket(t.Context(), "t-1"))
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SetTicketCase(ctx, "c-1", "t-1"); err != nil {
				return err
			}
			if done, err := tx.ErasePerson(ctx, r); done || err != nil {
				t.Error(done, err)
			}
			return nil
		})
	})
}
