package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/vault"
)

func keyed(t testing.TB, index byte, keys ...byte) *vault.Vault {
	t.Helper()
	all := vault.Keys{}
	for _, k := range keys {
		all[int(k)] = bytes.Repeat([]byte{k}, vault.KeyBytes)
	}
	return must[*vault.Vault](t)(vault.New(all, bytes.Repeat([]byte{index}, vault.KeyBytes)))
}

// reopened opens a database with other keys.
func reopened(t testing.TB, dsn string, s store.Sealer) *store.DB {
	t.Helper()
	db := must[*store.DB](t)(store.Open(context.Background(), dsn, store.Options{Sealer: s}))
	t.Cleanup(func() { _ = db.Close() })
	must[int](t)(db.Migrate(context.Background()))
	return db
}

func refusedAs(err error) string {
	if e, ok := errors.AsType[*apperr.Error](err); ok {
		return e.Reason
	}
	return fmt.Sprint(err)
}

func TestOtherKeysAreRefusedAtTheStart(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		first := reopened(t, dsn, keyed(t, 9, 1))
		var all sync.WaitGroup
		for range 4 { // several start at once
			all.Go(func() {
				if err := first.CheckKeys(ctx, monday); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, v := range []struct {
			name string
			s    store.Sealer
			says string
		}{
			{"the same", keyed(t, 9, 1), ""},
			{"another master key", must[*vault.Vault](t)(vault.New(vault.Keys{1: bytes.Repeat([]byte{7}, 32)}, bytes.Repeat([]byte{9}, 32))), "缺少第 1 号"},
			{"without key 1", keyed(t, 9, 2), "缺少第 1 号"},
			{"another index key", keyed(t, 8, 1), "检索密钥"},
			{"a new one beside", keyed(t, 9, 1, 2), ""},
			{"back to the old", keyed(t, 9, 1), "缺少第 2 号"},
		} {
			err := reopened(t, dsn, v.s).CheckKeys(ctx, monday)
			if v.says == "" && err != nil || v.says != "" && (refusedAs(err) != "vault.wrong_keys" || !strings.Contains(err.Error(), v.says)) {
				t.Errorf("%s: %v", v.name, err)
			}
		}
	})
}

// resealed runs a whole pass, as workflow.Reseal does.
func resealed(ctx context.Context, db *store.DB) (tickets int, damaged []error, err error) {
	for from := (store.ResealFrom{}); !from.Done && err == nil; {
		err = db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			n, next, bad, err := tx.Reseal(ctx, from, 7)
			tickets, from, damaged = tickets+n, next, append(damaged, bad...)
			return err
		})
	}
	if err == nil {
		err = db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetKeys(ctx) })
	}
	return tickets, damaged, err
}

func TestANewKeySealsWhatTheOldOneSealed(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		before := reopened(t, dsn, keyed(t, 9, 1))
		if err := before.CheckKeys(ctx, monday); err != nil {
			t.Fatal(err)
		}
		var list []store.TicketRow
		for i := range 40 {
			r := newTicket(fmt.Sprintf("t-%02d", i), monday)
			r.Ticket.Requester.IDNumber = fmt.Sprintf("3101201980010112%02d", i)
			list = append(list, r)
		}
		insertTickets(t, before, list...)
		body := `{"name":"甲","phone":"13800000001"}`
		inTx(t, before, func(ctx context.Context, tx *store.Tx) error {
			return tx.PutOrganisation(ctx, []store.OrganisationRow{{Kind: store.PersonKind, ID: "p-1", Body: []byte(body)}})
		})
		both := reopened(t, dsn, keyed(t, 9, 1, 2))
		if err := both.CheckKeys(ctx, monday); err != nil {
			t.Fatal(err)
		}
		// Two processes do it at once, and somebody writes beside them.
		changed := list[5]
		changed.Ticket.Reply, changed.Ticket.Fingerprint, changed.UpdatedAt = "已回复", "f-new", day(1)
		var all sync.WaitGroup
		counts := make([]int, 2)
		for i := range 2 {
			all.Go(func() {
				n, damaged, err := resealed(ctx, both)
				if err != nil || len(damaged) > 0 {
					t.Error(damaged, err)
				}
				counts[i] = n
			})
		}
		all.Go(func() {
			if err := both.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateTicket(ctx, changed) }); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		if n := counts[0] + counts[1]; n < 39 || n > 40 {
			t.Errorf("%v tickets were sealed anew", counts)
		}
		uses := must[[]store.KeyUse](t)(both.KeyUses(ctx))
		if i := slices.IndexFunc(uses, func(u store.KeyUse) bool { return u.Key != 2 && u.Tickets > 0 }); i >= 0 {
			t.Errorf("not all is under the new key: %+v", uses)
		}
		inTx(t, both, func(ctx context.Context, tx *store.Tx) error { _, _, err := tx.ResealPeople(ctx); return err })
		if n, damaged, err := resealed(ctx, both); n != 0 || len(damaged) > 0 || err != nil {
			t.Error("a second pass finds something:", n, damaged, err)
		}
		// The old key is not needed any more.
		alone := reopened(t, dsn, keyed(t, 9, 2))
		if err := alone.CheckKeys(ctx, monday); err != nil {
			t.Fatal(err)
		}
		for i, want := range list {
			if i == 5 {
				want.Ticket, want.UpdatedAt = changed.Ticket, changed.UpdatedAt
			}
			if d := diff.Diff(want, must[store.TicketRow](t)(alone.Ticket(ctx, want.Ticket.ID))); d != "" {
				t.Error(d)
			}
		}
		rows := must[[]store.OrganisationRow](t)(alone.Organisation(ctx))
		if len(rows) != 1 || string(rows[0].Body) != body {
			t.Errorf("%q", rows)
		}
		found := must[[]store.TicketRow](t)(alone.Tickets(ctx, store.TicketFilter{Identity: store.IdentityIndex(alone.Sealer(), "310120198001011207"), Limit: 5}))
		if len(found) != 1 || found[0].Ticket.ID != "t-07" {
			t.Errorf("by ID number: %d", len(found))
		}
	})
}

func TestADamagedValueStopsNoOther(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		before := reopened(t, dsn, keyed(t, 9, 1))
		var list []store.TicketRow
		for i := range 20 {
			list = append(list, newTicket(fmt.Sprintf("t-%02d", i), monday))
		}
		insertTickets(t, before, list...)
		// t-03 has t-04's body: moved by somebody.
		var other []byte
		if err := before.Scan(ctx, []any{&other}, `SELECT sealed_body FROM tickets WHERE id = ?`, "t-04"); err != nil {
			t.Fatal(err)
		}
		must[int64](t)(before.Exec(ctx, `UPDATE tickets SET sealed_body = ? WHERE id = ?`, other, "t-03"))
		if _, err := before.Ticket(ctx, "t-03"); refusedAs(err) != "vault.damaged" || strings.Contains(err.Error(), "13800000001") {
			t.Error(err)
		}
		both := reopened(t, dsn, keyed(t, 9, 1, 2))
		n, damaged, err := resealed(ctx, both)
		if n != 19 || len(damaged) != 1 || !strings.Contains(damaged[0].Error(), "t-03") || err != nil {
			t.Error(n, damaged, err)
		}
		if _, err := both.Ticket(ctx, "t-04"); err != nil {
			t.Error(err)
		}
	})
}

// Rows from before there were keys are read as they are, and sealed by the next pass.
func TestTicketsFromBeforeThereWereKeysAreSealed(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		s := keyed(t, 9, 1)
		db := must[*store.DB](t)(store.Open(ctx, dsn, store.Options{Sealer: s}))
		t.Cleanup(func() { _ = db.Close() })
		if err := db.MigrateTo(ctx, 7); err != nil {
			t.Fatal(err)
		}
		body := `{"id":"t-1","source":"hotline","order_no":"NO-1","title":"漏水","category":["","","","",""],"requester":{"kind":"person","phone":"13800000001","id_number":"310120198001011239"},"accepted_at":"2026-03-02T00:00:00Z","accepted_has_time":true,"reassigned_column":-1,"returned_column":-1,"repeat":false,"fingerprint":"f-1"}`
		raw := `[{"header":"工单编号","text":"NO-1"},{"header":"联系电话","text":"13800000001"}]`
		must[int64](t)(db.Exec(ctx, `INSERT INTO tickets (id, source, order_no, fingerprint, title, matter, requester, accepted_at, case_id, body, raw, created_at, updated_at)
			VALUES ('t-1', 'hotline', 'NO-1', 'f-1', '漏水', 'm', 'r', 1, '', ?, ?, 5, 5)`, []byte(body), []byte(raw)))
		must[int64](t)(db.Exec(ctx, `INSERT INTO organisation (kind, id, body) VALUES ('person', 'p-1', '{"phone":"13800000002"}')`))
		must[int](t)(db.Migrate(ctx))
		check := func() {
			t.Helper()
			r := must[store.TicketRow](t)(db.Ticket(ctx, "t-1"))
			if r.Ticket.Requester.Phone != "13800000001" || len(r.Ticket.Raw) != 2 || r.Ticket.Raw[1] != (ticket.Cell{Header: "联系电话", Text: "13800000001"}) {
				t.Errorf("%+v", r.Ticket)
			}
			if rows := must[[]store.OrganisationRow](t)(db.Organisation(ctx)); len(rows) != 1 || string(rows[0].Body) != `{"phone":"13800000002"}` {
				t.Errorf("%q", rows)
			}
		}
		check()
		if n, damaged, err := resealed(ctx, db); n != 1 || len(damaged) > 0 || err != nil {
			t.Fatal(n, damaged, err)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, _, err := tx.ResealPeople(ctx); return err })
		check()
		var sealed []byte
		var person string
		if err := errors.Join(db.Scan(ctx, []any{&sealed}, `SELECT sealed_raw FROM tickets`), db.Scan(ctx, []any{&person}, `SELECT body FROM organisation`)); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(sealed, []byte("1380000")) || strings.Contains(person, "1380000") {
			t.Error("something stands in the clear")
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			keys, err := tx.TicketKeys(ctx, ticket.Hotline, []string{"NO-1"})
			if !keys["NO-1"].Says(ticket.Ticket{Fingerprint: "f-1"}) {
				t.Error("the next import would take it for changed")
			}
			return err
		})
		if found := must[[]store.TicketRow](t)(db.Tickets(ctx, store.TicketFilter{Identity: store.IdentityIndex(s, "310120198001011239"), Limit: 5})); len(found) != 1 {
			t.Error("it is not found by its ID number")
		}
	})
}
