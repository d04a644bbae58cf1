package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"xiaopu/server/casework"
)

// HappeningFilter says which happenings a figure counts: of these days, in these departments or grids. Neither means everywhere.
type HappeningFilter struct {
	From, Before       string // days, as 2026-11-27
	Departments, Grids []string
}

// HappeningCount is how many happenings of a kind there were, on a day or of a department or topic.
type HappeningCount struct {
	Of   string
	Kind casework.HappeningKind
	N    int
}

// insertHappenings stores what counts of a case's new events, and lets what counted before follow its grid and topic.
func (tx *Tx) insertHappenings(ctx context.Context, before, after casework.Case, events []casework.Event) error {
	list, err := casework.Happenings(before, after, events)
	if err != nil {
		return fmt.Errorf("what counts of case %s: %w", after.ID, err)
	}
	topic := cut(after.Topic, 100)
	if before.ID != "" && (before.GridID != after.GridID || before.Topic != after.Topic) {
		if _, err := tx.exec(ctx, `UPDATE happenings SET grid_id = ?, topic = ? WHERE case_id = ?`, after.GridID, topic, after.ID); err != nil {
			return fmt.Errorf("what counts of case %s: %w", after.ID, err)
		}
	}
	args := make([]any, 0, 7*len(list))
	for _, h := range list {
		args = append(args, after.ID, h.Seq, string(h.Kind), h.On.String(), h.DepartmentID, after.GridID, topic)
	}
	if err := tx.insertRows(ctx, `INSERT INTO happenings (case_id, seq, kind, happened_on, department_id, grid_id, topic) VALUES `, 7, args); err != nil {
		return fmt.Errorf("what counts of case %s: %w", after.ID, err)
	}
	return nil
}

// CountAgain counts anew what a case's whole timeline holds: for cases that are older than the figures, or than a figure's meaning. Who saves
// the case meanwhile waits, and counts their own events.
func (tx *Tx) CountAgain(ctx context.Context, id string) error {
	if _, err := tx.exec(ctx, `UPDATE cases SET version = version WHERE id = ?`, id); err != nil {
		return fmt.Errorf("hold case %s: %w", id, err)
	}
	l, err := tx.Case(ctx, id)
	if err != nil {
		return err
	}
	bodies, err := scanStrings(tx.query(ctx, `SELECT body FROM case_events WHERE case_id = ? ORDER BY seq`, id))
	if err != nil {
		return fmt.Errorf("timeline of case %s: %w", id, err)
	}
	events := make([]casework.Event, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal([]byte(body), &events[i]); err != nil {
			return fmt.Errorf("timeline of case %s: %w", id, err)
		}
	}
	if _, err := tx.exec(ctx, `DELETE FROM happenings WHERE case_id = ?`, id); err != nil {
		return fmt.Errorf("what counts of case %s: %w", id, err)
	}
	return tx.insertHappenings(ctx, casework.Case{}, l.Case, events)
}

// CaseIDs lists up to limit ids of cases behind after, in order.
func (db *DB) CaseIDs(ctx context.Context, after string, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT id FROM cases WHERE id > ? ORDER BY id LIMIT ?`, after, limit))
}

// where is the condition of a figure: one range of happenings_days, and within it whose they are.
func (f HappeningFilter) where() (string, []any) {
	args := []any{f.From, f.Before}
	var of []string
	for _, in := range []struct {
		column string
		ids    []string
	}{{"department_id", f.Departments}, {"grid_id", f.Grids}} {
		if len(in.ids) > 0 {
			of = append(of, in.column+` IN (`+marks(len(in.ids))+`)`)
			for _, id := range in.ids {
				args = append(args, id)
			}
		}
	}
	where := `happened_on >= ? AND happened_on < ?`
	if len(of) > 0 {
		where += ` AND (` + strings.Join(of, ` OR `) + `)`
	}
	return where, args
}

// HappeningsByDay counts by day. What is read grows with the days asked for, not with the table.
func (db *DB) HappeningsByDay(ctx context.Context, f HappeningFilter) ([]HappeningCount, error) {
	where, args := f.where()
	return db.happenings(ctx, `SELECT happened_on, kind, COUNT(*) FROM happenings WHERE `+where+` GROUP BY happened_on, kind`, args)
}

// HappeningsByDepartment counts by department; those that are about none are left out.
func (db *DB) HappeningsByDepartment(ctx context.Context, f HappeningFilter) ([]HappeningCount, error) {
	where, args := f.where()
	return db.happenings(ctx, `SELECT department_id, kind, SUM(n) FROM (SELECT happened_on, kind, department_id, COUNT(*) AS n FROM happenings
		WHERE `+where+` GROUP BY happened_on, kind, department_id) days WHERE department_id <> '' GROUP BY department_id, kind`, args)
}

// HappeningsByTopic counts by topic.
func (db *DB) HappeningsByTopic(ctx context.Context, f HappeningFilter) ([]HappeningCount, error) {
	where, args := f.where()
	return db.happenings(ctx, `SELECT topic, kind, SUM(n) FROM (SELECT happened_on, kind, department_id, topic, COUNT(*) AS n FROM happenings
		WHERE `+where+` GROUP BY happened_on, kind, department_id, topic) days GROUP BY topic, kind`, args)
}

// SolvedCases counts the cases that were resolved on these days and have not been opened again since, each once; of these, kept were resolved
// by the day first promised: neither went up a tier nor passed a deadline. It reads the days' resolved cases and what counts of each.
func (db *DB) SolvedCases(ctx context.Context, from, before string) (solved, kept int, err error) {
	err = db.queryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN broken = 0 THEN 1 ELSE 0 END), 0) FROM (
		SELECT (SELECT c.status FROM cases c WHERE c.id = h.case_id) AS status,
			(SELECT SUM(CASE k.kind WHEN ? THEN -1 WHEN ? THEN 1 WHEN ? THEN 1 WHEN ? THEN 1 ELSE 0 END) FROM happenings k WHERE k.case_id = h.case_id) AS broken
		FROM happenings h WHERE h.happened_on >= ? AND h.happened_on < ? AND h.kind = ?
			AND NOT EXISTS (SELECT 1 FROM happenings later WHERE later.case_id = h.case_id AND later.seq > h.seq AND later.kind = h.kind)) days WHERE status IN (?, ?)`,
		string(casework.SolvedOnTime), string(casework.Solved), string(casework.Raised), string(casework.WentOverdue),
		from, before, string(casework.Solved), string(casework.Resolved), string(casework.Closed)).Scan(&solved, &kept)
	if err != nil {
		return 0, 0, fmt.Errorf("count solved cases: %w", err)
	}
	return solved, kept, nil
}

func (db *DB) happenings(ctx context.Context, text string, args []any) ([]HappeningCount, error) {
	rows, err := db.query(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("count happenings: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []HappeningCount
	for rows.Next() {
		var c HappeningCount
		if err := rows.Scan(&c.Of, &c.Kind, &c.N); err != nil {
			return nil, fmt.Errorf("count happenings: %w", err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}
