package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
)

// LoadedCase is a case as stored, with what its next save compares and continues.
type LoadedCase struct {
	Case casework.Case
	// HeadHash is the hash of the last event.
	HeadHash string
	// CalendarRevision is the calendar its clocks were counted with; 0 when nothing of it is running.
	CalendarRevision int64
	// UpdatedAt is when it was last saved.
	UpdatedAt time.Time
}

// ErrNoCase says that there is no case with that id. It is also what a person outside its scope is told.
var ErrNoCase = apperr.New(apperr.NotFound, "case.not_found", "没有找到这件难事，或不在您的查看范围内。")

// ErrStale says that somebody saved the case first.
var ErrStale = apperr.New(apperr.Aborted, "case.version_conflict", "这件难事刚被他人更新，您看到的已不是最新。请刷新后再办理。")

const caseSelect = `SELECT head_hash, calendar_revision, updated_at, body FROM cases WHERE id = ?`

// Case loads a case. It returns ErrNoCase when there is none.
func (db *DB) Case(ctx context.Context, id string) (LoadedCase, error) { return loadCase(ctx, db, id) }

// Case loads a case inside the transaction. It returns ErrNoCase when there is none.
func (tx *Tx) Case(ctx context.Context, id string) (LoadedCase, error) { return loadCase(ctx, tx, id) }

func loadCase(ctx context.Context, q querier, id string) (LoadedCase, error) {
	var (
		l        LoadedCase
		revision sql.NullInt64
		body     []byte
	)
	switch err := q.queryRow(ctx, caseSelect, id).Scan(&l.HeadHash, &revision, (*Millis)(&l.UpdatedAt), &body); {
	case errors.Is(err, sql.ErrNoRows):
		return l, ErrNoCase
	case err != nil:
		return l, fmt.Errorf("load case %s: %w", id, err)
	}
	if err := json.Unmarshal(body, &l.Case); err != nil {
		return l, fmt.Errorf("case %s: %w", id, err)
	}
	l.CalendarRevision = revision.Int64
	return l, nil
}

// CasesByID loads the cases of these ids in one read, in no order; those that are not there are left out.
func (db *DB) CasesByID(ctx context.Context, ids []string) ([]casework.Case, error) {
	var list []casework.Case
	for chunk := range slices.Chunk(ids, maxParams) {
		args := make([]any, len(chunk))
		for i, id := range chunk {
			args[i] = id
		}
		rows, err := db.query(ctx, `SELECT body FROM cases WHERE id IN (`+marks(len(chunk))+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("load cases: %w", err)
		}
		bodies, err := scanStrings(rows, err)
		if err != nil {
			return nil, fmt.Errorf("load cases: %w", err)
		}
		for _, body := range bodies {
			var c casework.Case
			if err := json.Unmarshal([]byte(body), &c); err != nil {
				return nil, fmt.Errorf("case: %w", err)
			}
			list = append(list, c)
		}
	}
	return list, nil
}

// CaseID gives the id of the case with this number; ErrNoCase when there is none.
func (db *DB) CaseID(ctx context.Context, number string) (string, error) {
	var id string
	err := db.queryRow(ctx, `SELECT id FROM cases WHERE number = ?`, number).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNoCase
	}
	return id, err
}

// columnsOf are the columns that lists, the sweeper and scope need, as of c.
type columnsOf struct {
	open, overdue, provisional bool
	resting                    bool // nothing runs: sort is when it was touched, not what was stored before
	due, sort, next            time.Time
	calendar                   any
	triggers                   string
}

func columns(c *casework.Case, calendarRevision int64, now time.Time) columnsOf {
	k := columnsOf{open: c.Status.Open(), overdue: c.Overdue(), next: c.NextDue()}
	if s, ok := c.Stage(); ok {
		k.due, k.provisional = s.DueAt, s.Provisional
	}
	// What people see first is what falls due first; what has no deadline stands where it was last touched.
	k.sort = c.Due().DueAt
	if k.sort.IsZero() {
		k.sort = k.next
	}
	if k.sort.IsZero() {
		k.sort, k.resting = now, true
	}
	if !k.next.IsZero() {
		k.calendar = calendarRevision
	}
	kinds := make([]string, 0, len(c.Triggers))
	for _, t := range c.Triggers {
		kinds = append(kinds, string(t.Kind))
	}
	k.triggers = strings.Join(kinds, ",")
	return k
}

// InsertCase stores a new case with its first events and what follows from them.
func (tx *Tx) InsertCase(ctx context.Context, d casework.Decision, calendarRevision int64, now time.Time) error {
	c := &d.Case
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("case %s: %w", c.ID, err)
	}
	head, err := tx.insertEvents(ctx, c.ID, "", d.Events)
	if err != nil {
		return err
	}
	k := columns(c, calendarRevision, now)
	_, err = tx.exec(ctx, `INSERT INTO cases (id, number, version, status, open, tier, round, title, place, domain, topic,
		triggers, tickets, community_id, grid_id, lead_department_id, handler_id, overdue, provisional, due_at, sort_at,
		next_due_at, calendar_revision, head_hash, created_at, updated_at, reporter, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Number, c.Version, string(c.Status), k.open, string(c.Tier), c.Round, cut(c.Title, 255), cut(c.Place, 255), string(c.Domain), cut(c.Topic, 100),
		k.triggers, len(c.Tickets), c.CommunityID, c.GridID, c.LeadDepartmentID, c.HandlerID, k.overdue, k.provisional, Millis(k.due), Millis(k.sort),
		Millis(k.next), k.calendar, head, Millis(now), Millis(now), c.Reporter, body)
	if err != nil {
		return fmt.Errorf("insert case %s: %w", c.ID, err)
	}
	if err := tx.insertHappenings(ctx, casework.Case{}, d.Case, d.Events); err != nil {
		return err
	}
	return tx.follow(ctx, casework.Case{}, d.Case, k, columnsOf{})
}

// SaveCase stores what a decision made of before and gives the case as it now stands. It returns ErrStale when somebody was first. A decision without
// events changes nothing but the calendar revision.
func (tx *Tx) SaveCase(ctx context.Context, before LoadedCase, d casework.Decision, calendarRevision int64, now time.Time) (LoadedCase, error) {
	c := &d.Case
	was, k := columns(&before.Case, before.CalendarRevision, now), columns(c, calendarRevision, now)
	if len(d.Events) == 0 {
		if calendarRevision == before.CalendarRevision || k.calendar == nil {
			return before, nil
		}
		before.CalendarRevision = calendarRevision
		_, err := tx.exec(ctx, `UPDATE cases SET calendar_revision = ? WHERE id = ? AND version = ?`, k.calendar, c.ID, before.Case.Version)
		return before, err
	}
	body, err := json.Marshal(c)
	if err != nil {
		return before, fmt.Errorf("case %s: %w", c.ID, err)
	}
	bodies, head, err := seal(before.HeadHash, d.Events)
	if err != nil {
		return before, err
	}
	// The update goes first: the row lock it takes makes everyone else wait here and then find a newer version.
	n, err := tx.exec(ctx, `UPDATE cases SET version = ?, status = ?, open = ?, tier = ?, round = ?, title = ?, place = ?, domain = ?, topic = ?,
		triggers = ?, tickets = ?, community_id = ?, grid_id = ?, lead_department_id = ?, handler_id = ?, overdue = ?, provisional = ?,
		due_at = ?, sort_at = ?, next_due_at = ?, calendar_revision = ?, head_hash = ?, updated_at = ?, body = ?
		WHERE id = ? AND version = ?`,
		c.Version, string(c.Status), k.open, string(c.Tier), c.Round, cut(c.Title, 255), cut(c.Place, 255), string(c.Domain), cut(c.Topic, 100),
		k.triggers, len(c.Tickets), c.CommunityID, c.GridID, c.LeadDepartmentID, c.HandlerID, k.overdue, k.provisional,
		Millis(k.due), Millis(k.sort), Millis(k.next), k.calendar, head, Millis(now), body,
		c.ID, before.Case.Version)
	if err != nil {
		return before, fmt.Errorf("save case %s: %w", c.ID, err)
	}
	if n == 0 {
		return before, ErrStale
	}
	if err := tx.insertSealed(ctx, c.ID, d.Events, bodies); err != nil {
		return before, err
	}
	if err := tx.insertHappenings(ctx, before.Case, d.Case, d.Events); err != nil {
		return before, err
	}
	after := LoadedCase{Case: d.Case, HeadHash: head, UpdatedAt: now}
	if k.calendar != nil {
		after.CalendarRevision = calendarRevision
	}
	return after, tx.follow(ctx, before.Case, d.Case, k, was)
}

// follow brings scope and things to do after the case; only what changed is written.
func (tx *Tx) follow(ctx context.Context, before, after casework.Case, k, was columnsOf) error {
	old, now := casework.Viewers(before), casework.Viewers(after)
	if before.ID == "" {
		old = nil
	}
	var gone, fresh []any
	for _, v := range old {
		if !slices.Contains(now, v) {
			gone = append(gone, string(v))
		}
	}
	for _, v := range now {
		if !slices.Contains(old, v) {
			fresh = append(fresh, string(v), after.ID, k.open, string(after.Status), string(after.Tier), Millis(k.sort))
		}
	}
	if len(gone) > 0 {
		if _, err := tx.exec(ctx, `DELETE FROM case_viewers WHERE case_id = ? AND viewer IN (`+marks(len(gone))+`)`, append([]any{after.ID}, gone...)...); err != nil {
			return fmt.Errorf("viewers of case %s: %w", after.ID, err)
		}
	}
	if len(old) > len(gone) && (before.Status != after.Status || before.Tier != after.Tier || k.resting || !was.sort.Equal(k.sort)) {
		if _, err := tx.exec(ctx, `UPDATE case_viewers SET open = ?, status = ?, tier = ?, sort_at = ? WHERE case_id = ?`, k.open, string(after.Status), string(after.Tier), Millis(k.sort), after.ID); err != nil {
			return fmt.Errorf("viewers of case %s: %w", after.ID, err)
		}
	}
	if err := tx.insertRows(ctx, `INSERT INTO case_viewers (viewer, case_id, open, status, tier, sort_at) VALUES `, 6, fresh); err != nil {
		return fmt.Errorf("viewers of case %s: %w", after.ID, err)
	}
	var todosBefore []casework.Todo
	if before.ID != "" {
		todosBefore = casework.Todos(before)
	}
	todos := casework.Todos(after)
	if slices.Equal(todosBefore, todos) {
		return nil
	}
	if len(todosBefore) > 0 {
		if _, err := tx.exec(ctx, `DELETE FROM case_todos WHERE case_id = ?`, after.ID); err != nil {
			return fmt.Errorf("things to do on case %s: %w", after.ID, err)
		}
	}
	var rows []any
	for i, t := range todos {
		if slices.ContainsFunc(todos[:i], func(o casework.Todo) bool { return o.For == t.For && o.Kind == t.Kind && o.Ref == t.Ref }) {
			continue
		}
		due := t.DueAt
		if due.IsZero() {
			due = k.sort
		}
		rows = append(rows, string(t.For), string(t.Kind), after.ID, t.Ref, Millis(due))
	}
	if err := tx.insertRows(ctx, `INSERT INTO case_todos (addressee, kind, case_id, ref, due_at) VALUES `, 5, rows); err != nil {
		return fmt.Errorf("things to do on case %s: %w", after.ID, err)
	}
	return nil
}

// maxParams bounds the parameters of one statement: binding many costs SQLite more than their number.
const maxParams = 700

// insertRows runs one INSERT for many rows of width columns each, cut into statements of a bearable size.
func (tx *Tx) insertRows(ctx context.Context, into string, width int, args []any) error {
	return tx.insertMany(ctx, into, width, len(args)/width, func(from, to int) ([]any, error) { return args[width*from : width*to], nil })
}

// insertMany is insertRows for n rows whose arguments are made when their turn comes. Several statements of one size are sent
// prepared where the engine does not prepare by itself: it then neither reads nor copies long values as text.
func (tx *Tx) insertMany(ctx context.Context, into string, width, n int, args func(from, to int) ([]any, error)) error {
	size := maxParams / width
	var whole *sql.Stmt
	if p, ok := tx.s.(preparer); ok && n >= 2*size && tx.broken == nil {
		var err error
		if whole, err = p.PrepareContext(ctx, manyRows(into, width, size)); err != nil {
			return tx.note(err)
		}
		defer func() { _ = whole.Close() }() // the transaction's end closes it too
	}
	for from := 0; from < n; from += size {
		to := min(from+size, n)
		chunk, err := args(from, to)
		if err != nil {
			return err
		}
		if whole != nil && to-from == size {
			if err = tx.allow(chunk); err == nil {
				_, err = whole.ExecContext(ctx, chunk...)
				err = tx.note(err)
			}
		} else {
			_, err = tx.exec(ctx, manyRows(into, width, to-from), chunk...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// preparer is a session that prepares on request; SQLite's prepares everything.
type preparer interface {
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
}

func manyRows(into string, width, rows int) string {
	one := "(" + marks(width) + ")"
	return into + one + strings.Repeat(", "+one, rows-1)
}

// marks gives n parameter marks.
func marks(n int) string {
	if n == 0 {
		return ""
	}
	return "?" + strings.Repeat(", ?", n-1)
}

// cut keeps the first n characters, for columns that only lists show.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n])
}

// NextNumber counts on in the sequence of this name and gives the new number, from 1.
func (tx *Tx) NextNumber(ctx context.Context, name string) (int64, error) {
	return tx.CountOn(ctx, name, 1)
}

// CountOn counts a sequence on by so many and gives the last of the new numbers.
func (tx *Tx) CountOn(ctx context.Context, name string, by int64) (int64, error) {
	n, err := tx.exec(ctx, `UPDATE sequences SET value = value + ? WHERE name = ?`, by, name)
	if err != nil {
		return 0, fmt.Errorf("sequence %s: %w", name, err)
	}
	if n == 0 {
		if _, err := tx.exec(ctx, `INSERT INTO sequences (name, value) VALUES (?, ?)`, name, by); err != nil {
			if isDuplicate(err) {
				return tx.CountOn(ctx, name, by)
			}
			return 0, fmt.Errorf("sequence %s: %w", name, err)
		}
		return by, nil
	}
	var v int64
	err = tx.queryRow(ctx, `SELECT value FROM sequences WHERE name = ?`, name).Scan(&v)
	return v, err
}

// DueCases lists up to limit ids of cases that have something due at now, the longest waiting first.
func (db *DB) DueCases(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT id FROM cases WHERE next_due_at <= ? ORDER BY next_due_at, id LIMIT ?`, Millis(now), limit))
}

// OutdatedCases lists up to limit ids of cases whose clocks were counted with an earlier calendar.
func (db *DB) OutdatedCases(ctx context.Context, revision int64, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT id FROM cases WHERE calendar_revision < ? ORDER BY calendar_revision, id LIMIT ?`, revision, limit))
}

// NextDueAt gives the earliest instant at which any case has something due; zero when none has.
func (db *DB) NextDueAt(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := db.queryRow(ctx, `SELECT next_due_at FROM cases WHERE next_due_at > 0 ORDER BY next_due_at, id LIMIT 1`).Scan((*Millis)(&at))
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return at, err
}

func scanStrings(rows *sql.Rows, err error) (list []string, _ error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}
