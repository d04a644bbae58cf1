package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func notice(id, recipient string) store.InboxRow {
	return store.InboxRow{ID: id, Recipient: recipient, CaseID: "c-1", Number: "NS-1", Seq: 3, Kind: "accepted", Args: map[string]string{"due": "3月5日"}, CreatedAt: monday}
}

func insertNotices(t testing.TB, db *store.DB, list ...store.InboxRow) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.InsertNotices(ctx, list) })
}

func TestANoticeStandsInTheInboxAndWaitsToBeSent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := notice("n-1", "p-1")
		n.Urgent, n.StandsFor = true, "p-2"
		bare := notice("n-2", "requester:r-1")
		bare.Args = nil
		insertNotices(t, db, n, bare)
		insertNotices(t, db)
		if d := cmp.Diff([]store.InboxRow{n}, must[[]store.InboxRow](t)(db.Inbox(t.Context(), "p-1", false, "", 10))); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]store.InboxRow{bare}, must[[]store.InboxRow](t)(db.Inbox(t.Context(), "requester:r-1", true, "", 10))); d != "" {
			t.Error(d)
		}
		if number(t, db, "outbox", `done = 0 AND leased_until = 0 AND attempts = 0 AND inbox_id = id AND recipient = 'p-1' AND urgent = 1`) != 1 || number(t, db, "outbox", `1 = 1`) != 2 {
			t.Error("not one outbox row per notice")
		}
	})
}

func TestInboxPagesThroughEachNoticeOnceNewestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		var list []store.InboxRow
		var want []string
		for i := range 70 { // all of one instant
			list = append(list, notice(fmt.Sprintf("n-%03d", i), fmt.Sprintf("p-%d", i%2)))
			if i%2 == 1 {
				want = append(want, list[i].ID)
			}
		}
		slices.Reverse(want)
		insertNotices(t, db, list...)
		read := func(unread bool, limit int) (got []string) {
			for before := ""; ; {
				page := must[[]store.InboxRow](t)(db.Inbox(ctx, "p-1", unread, before, limit))
				for _, n := range page {
					got = append(got, n.ID)
				}
				if len(page) < limit {
					return got
				}
				before = page[len(page)-1].ID
			}
		}
		for _, limit := range []int{1, 6, 35, 100} {
			for _, unread := range []bool{false, true} {
				if d := cmp.Diff(want, read(unread, limit)); d != "" {
					t.Errorf("%d a page, unread %v: %s", limit, unread, d)
				}
			}
		}
		if err := db.MarkRead(ctx, "p-1", "", []string{"n-069", "n-001", "n-000"}, day(1)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want[1:len(want)-1], read(true, 4)); d != "" {
			t.Error(d)
		}
		if first := must[[]store.InboxRow](t)(db.Inbox(ctx, "p-1", false, "", 1))[0]; !first.ReadAt.Equal(day(1)) {
			t.Error(first.ReadAt)
		}
		if number(t, db, "inbox", `recipient = 'p-0' AND is_read = 1`) != 0 {
			t.Error("another's notice was marked")
		}
		if err := db.MarkRead(ctx, "p-1", "n-041", nil, day(2)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want[1:14], read(true, 4)); d != "" {
			t.Error(d)
		}
		if n := must[int](t)(db.CountUnread(ctx, "p-1")); n != 13 {
			t.Error(n)
		}
		// The first reading stays.
		if number(t, db, "inbox", `id = 'n-001' AND read_at = ?`, store.Millis(day(1))) != 1 {
			t.Error("a notice was read twice")
		}
	})
}

func TestUnreadNoticesAreCountedUpToTheCap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if n := must[int](t)(db.CountUnread(t.Context(), "p-1")); n != 0 {
			t.Error(n)
		}
		var list []store.InboxRow
		for i := range store.CountCap + 200 {
			list = append(list, notice(fmt.Sprintf("n-%04d", i), "p-1"))
		}
		insertNotices(t, db, list...)
		if n := must[int](t)(db.CountUnread(t.Context(), "p-1")); n != store.CountCap {
			t.Error(n)
		}
	})
}
