package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
)

func TestTicketComesBackAsItWasStored(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		closed := day(2)
		r := newTicket("a", monday)
		r.Ticket.ClosedAt = &closed
		r.Ticket.Title = strings.Repeat("长", 300)
		r.CaseID = "c-1"
		insertTickets(t, db, r, newTicket("b", monday))
		got := must[store.TicketRow](t)(db.Ticket(ctx, "a"))
		if d := diff.Diff(r, got); d != "" {
			t.Error(d)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			inside, err := tx.Ticket(ctx, "a")
			if d := diff.Diff(r, inside); d != "" {
				t.Error(d)
			}
			if err != nil {
				return err
			}
			byOrder, err := tx.TicketByOrder(ctx, ticket.Hotline, "NO-a")
			if d := diff.Diff(r, byOrder); d != "" {
				t.Error(d)
			}
			if err != nil {
				return err
			}
			if _, err := tx.TicketByOrder(ctx, ticket.Petition, "NO-a"); !errors.Is(err, store.ErrNoTicket) {
				t.Error("another source:", err)
			}
			_, err = tx.Ticket(ctx, "none")
			if !errors.Is(err, store.ErrNoTicket) {
				t.Error(err)
			}
			return nil
		})
		if _, err := db.Ticket(ctx, "none"); !errors.Is(err, store.ErrNoTicket) {
			t.Error(err)
		}
	})
}

func TestATicketThatChangedKeepsItsCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newTicket("a", monday)
		r.CaseID = "c-1"
		insertTickets(t, db, r)
		changed := newTicket("a", day(1))
		changed.Ticket.Reply, changed.Ticket.Fingerprint, changed.Matter, changed.Requester = "已回复", "f-2", "m-2", "r-2"
		changed.UpdatedAt = day(2)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateTicket(ctx, changed) })
		changed.CaseID, changed.CreatedAt = "c-1", monday
		if d := diff.Diff(changed, must[store.TicketRow](t)(db.Ticket(t.Context(), "a"))); d != "" {
			t.Error(d)
		}
	})
}

func TestAnOrderNumberIsStoredOncePerSource(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insertTickets(t, db, newTicket("a", monday))
		again, other := newTicket("b", monday), newTicket("c", monday)
		again.Ticket.OrderNo, other.Ticket.OrderNo, other.Ticket.Source = "NO-a", "NO-a", ticket.Petition
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertTickets(ctx, []store.TicketRow{again})
		})
		if !store.IsDuplicate(err) {
			t.Error(err)
		}
		insertTickets(t, db, other)
	})
}

func TestTicketKeysFindsWhatAnImportBringsAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var list []store.TicketRow
		var orders []string
		for i := range 600 {
			r := newTicket(fmt.Sprintf("t-%03d", i), monday)
			r.CaseID = fmt.Sprintf("c-%d", i%2)
			list = append(list, r)
			orders = append(orders, r.Ticket.OrderNo)
		}
		insertTickets(t, db, list[:550]...)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			none, err := tx.TicketKeys(ctx, ticket.Hotline, nil)
			if len(none) != 0 || err != nil {
				t.Error(none, err)
			}
			none, err = tx.TicketKeys(ctx, ticket.Petition, orders[:3])
			if len(none) != 0 || err != nil {
				t.Error(none, err)
			}
			found, err := tx.TicketKeys(ctx, ticket.Hotline, orders)
			if len(found) != 550 {
				t.Errorf("%d found", len(found))
			}
			if k := found["NO-t-001"]; k.ID != "t-001" || k.OrderNo != "NO-t-001" || k.Matter != "m-1" || k.Requester != list[1].Requester || k.CaseID != "c-1" || k.Erased || !k.Says(list[1].Ticket) || k.Says(list[2].Ticket) {
				t.Errorf("%+v", k)
			}
			return err
		})
	})
}

// Newest first, each exactly once, also where many were accepted at one instant.
func TestTicketListsPageThroughEachOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rnd := rand.New(rand.NewPCG(5, 6))
		var list []store.TicketRow
		for i := range 120 {
			r := newTicket(fmt.Sprintf("t-%04d", rnd.IntN(9)*1000+i), day(rnd.IntN(3)))
			r.Matter, r.CaseID = fmt.Sprintf("m-%d", rnd.IntN(3)), []string{"", "c-1", "c-2"}[rnd.IntN(3)]
			list = append(list, r)
		}
		insertTickets(t, db, list...)
		slices.SortFunc(list, func(a, b store.TicketRow) int {
			return cmp.Or(b.Ticket.AcceptedAt.Compare(a.Ticket.AcceptedAt), cmp.Compare(b.Ticket.ID, a.Ticket.ID))
		})
		for _, f := range []store.TicketFilter{
			{}, {CaseID: "c-1"}, {Matter: "m-2"}, {CaseID: "c-2", Matter: "m-1"}, {CaseID: "none"},
			{Source: ticket.Hotline, OrderNo: list[7].Ticket.OrderNo}, {Source: ticket.Petition, OrderNo: list[7].Ticket.OrderNo},
		} {
			var want []string
			for _, r := range list {
				if (f.CaseID == "" || r.CaseID == f.CaseID) && (f.Matter == "" || r.Matter == f.Matter) &&
					(f.OrderNo == "" || r.Ticket.OrderNo == f.OrderNo && r.Ticket.Source == f.Source) {
					want = append(want, r.Ticket.ID)
				}
			}
			for _, limit := range []int{1, 7, 500} {
				f := f
				f.Limit = limit
				var got []string
				for range len(list) + 2 {
					page := must[[]store.TicketRow](t)(db.Tickets(t.Context(), f))
					for _, r := range page {
						got = append(got, r.Ticket.ID)
					}
					if len(page) < limit {
						break
					}
					last := page[len(page)-1]
					f.AfterAt, f.AfterID = last.Ticket.AcceptedAt, last.Ticket.ID
				}
				if d := diff.Diff(want, got); d != "" {
					t.Fatalf("%+v: %s", f, d)
				}
			}
		}
	})
}

func TestTicketsAboutOneMatter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var list []store.TicketRow
		for i := range 10 {
			r := newTicket(fmt.Sprintf("t-%d", 9-i), day(i/2))
			r.Requester, r.CaseID = fmt.Sprintf("r-%d", i), "c-1"
			list = append(list, r)
		}
		other := newTicket("other", day(1))
		other.Matter = "m-2"
		insertTickets(t, db, append(list, other)...)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			all, err := tx.MatterTickets(ctx, []store.MatterSpan{{Matter: "m-1", From: day(1), To: day(2)}, {Matter: "m-2", From: day(3), To: day(9)}})
			got := all["m-1"]
			if len(all["m-2"]) != 0 {
				t.Error("outside its span:", all["m-2"])
			}
			if err != nil {
				return err
			}
			want := []store.MatterTicket{
				{ID: "t-6", OrderNo: "NO-t-6", Requester: "r-3", CaseID: "c-1", Source: ticket.Hotline, AcceptedAt: day(1)},
				{ID: "t-7", OrderNo: "NO-t-7", Requester: "r-2", CaseID: "c-1", Source: ticket.Hotline, AcceptedAt: day(1)},
				{ID: "t-4", OrderNo: "NO-t-4", Requester: "r-5", CaseID: "c-1", Source: ticket.Hotline, AcceptedAt: day(2)},
				{ID: "t-5", OrderNo: "NO-t-5", Requester: "r-4", CaseID: "c-1", Source: ticket.Hotline, AcceptedAt: day(2)},
			}
			if d := diff.Diff(want, got); d != "" {
				t.Error(d)
			}
			none, err := tx.MatterTickets(ctx, []store.MatterSpan{{Matter: "m-3", From: day(0), To: day(9)}})
			if len(none) != 0 {
				t.Error(none)
			}
			return err
		})
	})
}

// However much one matter of a batch holds, the others are read whole.
func TestNoMatterHidesAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const many = 1_500
		list := make([]store.TicketRow, 0, many+3)
		for i := range many + 3 {
			r := newTicket(fmt.Sprintf("t-%05d", i), day(i%7))
			if i >= many {
				r.Matter = "z"
			}
			list = append(list, r)
		}
		insertTickets(t, db, list...)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			found, err := tx.MatterTickets(ctx, []store.MatterSpan{{Matter: "m-1", From: day(0), To: day(7)}, {Matter: "z", From: day(0), To: day(7)}})
			if len(found["m-1"]) != many || len(found["z"]) != 3 {
				t.Errorf("%d and %d tickets", len(found["m-1"]), len(found["z"]))
			}
			return err
		})
	})
}

func TestTicketsWaitUntilTheyAreClosedInACaseOrProposed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		closed := day(1)
		done, inCase := newTicket("closed", monday), newTicket("in-case", monday)
		done.Ticket.ClosedAt, inCase.CaseID = &closed, "c-1"
		insertTickets(t, db, newTicket("b", day(1)), newTicket("a", day(1)), newTicket("z", monday), newTicket("later", day(3)), done, inCase)
		waiting := func(before time.Time, limit int, want ...string) {
			t.Helper()
			if d := diff.Diff(want, must[[]string](t)(db.AgingTickets(ctx, before, limit))); d != "" {
				t.Error(d)
			}
		}
		waiting(day(2), 10, "z", "a", "b")
		waiting(day(2), 2, "z", "a")
		waiting(monday.Add(-1), 10)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.StopAging(ctx, "z"), tx.SetTicketCase(ctx, "c-2", "a"), tx.SetTicketCase(ctx, "c-9"))
		})
		waiting(day(9), 10, "b", "later")
		r := newTicket("b", day(1))
		r.Ticket.ClosedAt = &closed
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateTicket(ctx, r) })
		waiting(day(9), 10, "later")
		if got := must[store.TicketRow](t)(db.Ticket(ctx, "a")); got.CaseID != "c-2" {
			t.Error(got.CaseID)
		}
		// Taken out of its case a ticket waits again, about something else.
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.LeaveCase(ctx, newTicket("a", day(1))), tx.SetTicketMatter(ctx, 7, "m-a", store.ByApart, "a"), tx.LeaveCase(ctx, done))
		})
		waiting(day(9), 10, "a", "later")
		if got := must[store.TicketRow](t)(db.Ticket(ctx, "a")); got.CaseID != "" || got.Matter != "m-a" || got.MatterBy != store.ByApart {
			t.Error(got.CaseID, got.Matter)
		}
	})
}

func TestTicketsThatNameAnOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		link := func(no, id string) store.TicketLink {
			return store.TicketLink{Source: ticket.Hotline, OrderNo: no, TicketID: id}
		}
		naming := func(want ...string) {
			t.Helper()
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				got, err := tx.TicketsNaming(ctx, ticket.Hotline, []string{"A", "B"})
				slices.Sort(got)
				if d := diff.Diff(want, got); d != "" {
					t.Error(d)
				}
				return err
			})
		}
		naming()
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.SetTicketLinks(ctx, nil, []store.TicketLink{link("A", "t-1"), link("A", "t-2"), link("C", "t-3"), {Source: ticket.Petition, OrderNo: "A", TicketID: "t-4"}})
		})
		naming("t-1", "t-2")
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.SetTicketLinks(ctx, []string{"t-1", "t-3"}, []store.TicketLink{link("B", "t-3")})
		})
		naming("t-2", "t-3")
	})
}

func TestSomeTicketsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b := newTicket("a", monday), newTicket("b", monday)
		insertTickets(t, db, a, b, newTicket("c", monday))
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			byID, err := tx.TicketsByID(ctx, []string{"a", "b", "none"})
			if err != nil {
				return err
			}
			byOrder, err := tx.TicketsByOrder(ctx, ticket.Hotline, []string{"NO-a", "NO-b", "NO-none"})
			if err != nil {
				return err
			}
			for _, got := range [][]store.TicketRow{byID, byOrder} {
				slices.SortFunc(got, func(a, b store.TicketRow) int { return cmp.Compare(a.Ticket.ID, b.Ticket.ID) })
				if d := diff.Diff([]store.TicketRow{a, b}, got); d != "" {
					t.Error(d)
				}
			}
			none, err := tx.TicketsByID(ctx, nil)
			if len(none) != 0 {
				t.Error(none)
			}
			return err
		})
	})
}

func TestAMatterIsInOneCaseAtATime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, want := range []string{"", "c-1", "c-2", "c-2"} {
				if want != "" {
					if err := tx.SetMatterCase(ctx, "m-1", want); err != nil {
						return err
					}
				}
				if got, err := tx.MatterCases(ctx, []string{"m-1"}); got["m-1"] != want || err != nil {
					t.Errorf("%q, %v; want %q", got, err, want)
				}
			}
			others, err := tx.MatterCases(ctx, []string{"m-2"})
			other := others["m-2"]
			if other != "" {
				t.Error(other)
			}
			return err
		})
	})
}

func TestEvidenceIsSpentOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		long := strings.Repeat("据", 160)
		spend := func(matter, caseID string, items ...string) {
			t.Helper()
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SpendEvidence(ctx, matter, caseID, items) })
		}
		spend("m-1", "c-1")
		spend("m-1", "c-1", "rating:1", "rating:2", "rating:1", long+"尾", long+"巴")
		spend("m-1", "c-2", "rating:2", "rating:3", long)
		spend("m-2", "c-3", "rating:1")
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.SpentEvidence(ctx, "m-1")
			if d := diff.Diff(map[string]bool{"rating:1": true, "rating:2": true, "rating:3": true, long: true}, got); d != "" {
				t.Error(d)
			}
			if err != nil {
				return err
			}
			none, err := tx.SpentEvidence(ctx, "m-3")
			if len(none) != 0 {
				t.Error(none)
			}
			return err
		})
		if number(t, db, "evidence", `matter = 'm-1' AND case_id = 'c-1'`) != 3 {
			t.Error("what had counted has moved to another case")
		}
	})
}
