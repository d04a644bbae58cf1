package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// monday is an instant of the tests in whole milliseconds, as the database keeps them.
var monday = time.Date(2026, 3, 2, 1, 30, 0, 5e6, time.UTC)

func after(d time.Duration) time.Time { return monday.Add(d) }

func day(n int) time.Time { return after(time.Duration(n) * 24 * time.Hour) }

// inTx runs fn in a transaction that must commit.
func inTx(t testing.TB, db *store.DB, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := db.InTx(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// number counts rows, past everything the store itself would do.
func number(t testing.TB, db *store.DB, table, where string, args ...any) (n int) {
	t.Helper()
	if err := db.Scan(context.Background(), []any{&n}, `SELECT COUNT(*) FROM `+table+` WHERE `+where, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

// bulk inserts rows into a table, named with its columns, past everything the store itself would do.
func bulk(t testing.TB, db *store.DB, into string, rows [][]any) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		for chunk := range slices.Chunk(rows, 200) {
			one := "(" + strings.Repeat(", ?", len(rows[0]))[2:] + ")"
			if _, err := tx.Exec(ctx, `INSERT INTO `+into+` VALUES `+one+strings.Repeat(", "+one, len(chunk)-1), slices.Concat(chunk...)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// newCase is a case with one running stage, as after two events.
func newCase(id string, change ...func(*casework.Case)) casework.Case {
	c := casework.Case{
		ID: id, Number: "NS-" + id, Version: 2, Status: casework.Dispatched, Tier: casework.TierIII, Round: 1,
		Title: "北门外道路长期被占", Facts: "多次反映", Place: "望舒里北门", Domain: casework.Livelihood, Topic: "占道",
		GridID: "g-1", LeadDepartmentID: "d-1", ReportedAt: monday, RegisteredAt: monday,
		Triggers: []casework.Trigger{{Kind: casework.ByManual, At: monday, Summary: "网格上报"}},
		Stages:   map[string]casework.Stage{"1": {No: 1, Round: 1, Tier: casework.TierIII, OpenedAt: monday, Days: 3, DueAt: day(3)}},
		Clocks:   map[string]casework.Clock{"stage": {DueAt: day(3), StartAt: monday, Days: 3}, "accept": {DueAt: day(1)}},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// rest takes every clock and stage away: a case on which nothing runs.
func rest(status casework.Status) func(*casework.Case) {
	return func(c *casework.Case) { c.Status, c.Stages, c.Clocks = status, nil, nil }
}

// due sets the deadline of the running stage, by which lists are sorted.
func due(at time.Time) func(*casework.Case) {
	return func(c *casework.Case) {
		s := c.Stages["1"]
		s.DueAt = at
		c.Stages = map[string]casework.Stage{"1": s}
		c.Clocks = map[string]casework.Clock{"stage": {DueAt: at}}
	}
}

func events(from, to int64) []casework.Event {
	var list []casework.Event
	for seq := from; seq <= to; seq++ {
		list = append(list, casework.Event{
			Seq: seq, Kind: "progress", ActorID: "p-1", ActorName: "张伟", At: monday, RecordedAt: monday, Public: seq%2 == 0,
			Data:    json.RawMessage(fmt.Sprintf(`{"text":"第 %d 次"}`, seq)),
			Changes: []casework.Change{{Path: "title", After: json.RawMessage(`"北门外道路长期被占"`)}},
		})
	}
	return list
}

// insertCases stores cases, all as of now.
func insertCases(t testing.TB, db *store.DB, now time.Time, list ...casework.Case) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		for _, c := range list {
			if err := tx.InsertCase(ctx, casework.Decision{Case: c, Events: events(1, c.Version)}, 1, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// saveCase changes a case by n events.
func saveCase(t testing.TB, db *store.DB, id string, now time.Time, n int64, change func(*casework.Case)) (saved store.LoadedCase) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		l, err := tx.Case(ctx, id)
		if err != nil {
			return err
		}
		next := l.Case
		change(&next)
		next.Version += n
		saved, err = tx.SaveCase(ctx, l, casework.Decision{Case: next, Events: events(l.Case.Version+1, next.Version)}, 1, now)
		return err
	})
	return saved
}

func newTicket(id string, at time.Time) store.TicketRow {
	return store.TicketRow{
		Ticket: ticket.Ticket{
			ID: id, Source: ticket.Hotline, OrderNo: "NO-" + id, Title: "夜间噪声", Content: "工地夜间施工，无法休息。", Category: [5]string{"环境", "噪声"},
			Requester: ticket.Requester{Kind: ticket.Person, Phone: "13800000001"}, AcceptedAt: at, ReassignedColumn: -1, ReturnedColumn: -1,
			Raw: []ticket.Cell{{Header: "工单编号", Text: "NO-" + id}, {Header: "备注", Text: "“原话”\n第二行"}}, Fingerprint: "f-" + id,
		},
		Matter: "m-1", Requester: "r-1", CreatedAt: at, UpdatedAt: at,
	}
}

func insertTickets(t testing.TB, db *store.DB, list ...store.TicketRow) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.InsertTickets(ctx, list) })
}
