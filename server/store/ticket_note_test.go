package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestNotesOfTickets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		note := func(id, ticketID, text string) store.TicketNote {
			return store.TicketNote{ID: id, TicketID: ticketID, Author: "r-1", Kind: store.NoteFacts, State: store.NoteShown, Text: text, At: monday}
		}
		a, b, c, report := note("n-1", "t-1", "又响了"), note("n-2", "t-2", "还是响"), note("n-3", "t-1", ""), note("n-4", "", "一件新的事")
		report.Kind, report.State = store.NoteReport, store.NoteWaiting
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, n := range []store.TicketNote{a, b, c, report} {
				if err := tx.InsertNote(ctx, n); err != nil {
					return err
				}
			}
			return nil
		})
		if got := must[[]store.TicketNote](t)(db.NotesOf(t.Context(), "t-1", 9)); !slices.Equal(got, []store.TicketNote{a, c}) {
			t.Errorf("%+v", got)
		}
		first := must[[]store.TicketNote](t)(db.CaseNotes(t.Context(), []string{"t-1", "t-2"}, "", 2))
		rest := must[[]store.TicketNote](t)(db.CaseNotes(t.Context(), []string{"t-1", "t-2"}, "n-2", 2))
		if got := slices.Concat(first, rest); !slices.Equal(got, []store.TicketNote{a, b, c}) {
			t.Errorf("%+v", got)
		}
		if got := must[[]store.TicketNote](t)(db.WaitingReports(t.Context(), "r-1", 9)); !slices.Equal(got, []store.TicketNote{report}) {
			t.Errorf("%+v", got)
		}
		if got := must[[]store.TicketNote](t)(db.WaitingReports(t.Context(), "r-2", 9)); len(got) != 0 {
			t.Errorf("somebody else's: %+v", got)
		}
		report.TicketID, report.State, report.Text = "t-3", store.NoteShown, ""
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SettleNote(ctx, report) })
		if got := must[store.TicketNote](t)(db.Note(t.Context(), "n-4")); got != report {
			t.Errorf("%+v", got)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.DropNote(ctx, "n-1") })
		if _, err := db.Note(t.Context(), "n-1"); !errors.Is(err, store.ErrNoNote) {
			t.Error(err)
		}
	})
}
