package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"xiaopu/server/casework"
)

// CaseRow is a case as lists show it.
type CaseRow struct {
	ID, Number       string
	Version          int64
	Status           casework.Status
	Tier             casework.Tier
	Round            int
	Title, Place     string
	Domain           casework.Domain
	Topic            string
	Triggers         string // trigger kinds joined by commas
	Tickets          int
	CommunityID      string
	GridID           string
	LeadDepartmentID string
	HandlerID        string
	Overdue          bool
	Provisional      bool
	DueAt            time.Time // zero when no stage runs
	SortAt           time.Time
	UpdatedAt        time.Time
}

// CaseFilter says which cases a list holds. Viewers nil means every case.
type CaseFilter struct {
	Viewers []casework.Addressee
	// Status asks for one state; empty means every open case, unless All.
	Status casework.Status
	All    bool

	Tier             casework.Tier
	LeadDepartmentID string
	GridID           string
	Domain           casework.Domain
	Overdue          bool

	// After continues behind the row with these keys: the SortAt and ID of the last row read.
	AfterSort time.Time
	AfterID   string
	Limit     int
}

const caseRowColumns = `c.id, c.number, c.version, c.status, c.tier, c.round, c.title, c.place, c.domain, c.topic, c.triggers,
	c.tickets, c.community_id, c.grid_id, c.lead_department_id, c.handler_id, c.overdue, c.provisional, c.due_at, c.sort_at, c.updated_at`

// Cases lists cases in the order of what falls due first. It reads one range of one index per viewer.
func (db *DB) Cases(ctx context.Context, f CaseFilter) ([]CaseRow, error) {
	text, args := f.sql()
	rows, err := db.query(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	list := make([]CaseRow, 0, f.Limit)
	for rows.Next() {
		var r CaseRow
		if err := rows.Scan(&r.ID, &r.Number, &r.Version, &r.Status, &r.Tier, &r.Round, &r.Title, &r.Place, &r.Domain, &r.Topic, &r.Triggers,
			&r.Tickets, &r.CommunityID, &r.GridID, &r.LeadDepartmentID, &r.HandlerID, &r.Overdue, &r.Provisional,
			(*Millis)(&r.DueAt), (*Millis)(&r.SortAt), (*Millis)(&r.UpdatedAt)); err != nil {
			return nil, fmt.Errorf("list cases: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// sql builds the query. The keyset condition has the one form that every engine serves with a range of the index.
func (f CaseFilter) sql() (string, []any) {
	if f.Viewers == nil {
		where, args := f.where("c.")
		return `SELECT ` + caseRowColumns + ` FROM cases c WHERE ` + where + ` ORDER BY c.sort_at, c.id LIMIT ?`, append(args, f.Limit)
	}
	if len(f.Viewers) == 0 {
		return `SELECT ` + caseRowColumns + ` FROM cases c WHERE c.id = ''`, nil
	}
	extra, extraArgs := f.rest()
	join := ""
	if extra != "" {
		join = ` JOIN cases c ON c.id = v.case_id`
	}
	var parts []string
	var args []any
	for _, viewer := range f.Viewers {
		where, a := f.scope()
		parts = append(parts, `SELECT v.sort_at, v.case_id FROM case_viewers v`+join+` WHERE v.viewer = ?`+where+extra+` ORDER BY v.sort_at, v.case_id LIMIT ?`)
		args = append(args, string(viewer))
		args = append(args, a...)
		args = append(args, extraArgs...)
		args = append(args, f.Limit)
	}
	keys := parts[0]
	if len(parts) > 1 { // UNION drops what two viewers of one person both have
		for i, p := range parts {
			parts[i] = fmt.Sprintf(`SELECT * FROM (%s) u%d`, p, i)
		}
		keys = strings.Join(parts, ` UNION `)
	}
	return `SELECT ` + caseRowColumns + ` FROM (` + keys + `) k JOIN cases c ON c.id = k.case_id ORDER BY k.sort_at, k.case_id LIMIT ?`, append(args, f.Limit)
}

// scope is what case_viewers itself filters by.
func (f CaseFilter) scope() (string, []any) {
	var b strings.Builder
	var args []any
	switch {
	case f.Status != "":
		b.WriteString(` AND v.status = ?`)
		args = append(args, string(f.Status))
	case !f.All:
		b.WriteString(` AND v.open = 1`)
	}
	if !f.AfterSort.IsZero() {
		b.WriteString(` AND v.sort_at >= ? AND (v.sort_at > ? OR v.case_id > ?)`)
		args = append(args, Millis(f.AfterSort), Millis(f.AfterSort), f.AfterID)
	}
	return b.String(), args
}

// rest is what only the case row knows.
func (f CaseFilter) rest() (string, []any) {
	var b strings.Builder
	var args []any
	add := func(column, value string) {
		if value != "" {
			b.WriteString(` AND c.` + column + ` = ?`)
			args = append(args, value)
		}
	}
	add("tier", string(f.Tier))
	add("lead_department_id", f.LeadDepartmentID)
	add("grid_id", f.GridID)
	add("domain", string(f.Domain))
	if f.Overdue {
		b.WriteString(` AND c.overdue = 1`)
	}
	return b.String(), args
}

func (f CaseFilter) where(p string) (string, []any) {
	var terms []string
	var args []any
	switch {
	case f.Status != "":
		terms, args = append(terms, p+`status = ?`), append(args, string(f.Status))
	case !f.All:
		terms = append(terms, p+`open = 1`)
	}
	rest, restArgs := f.rest()
	args = append(args, restArgs...)
	if rest != "" {
		terms = append(terms, strings.TrimPrefix(rest, ` AND `))
	}
	if !f.AfterSort.IsZero() {
		terms = append(terms, p+`sort_at >= ? AND (`+p+`sort_at > ? OR `+p+`id > ?)`)
		args = append(args, Millis(f.AfterSort), Millis(f.AfterSort), f.AfterID)
	}
	if len(terms) == 0 {
		return `1 = 1`, nil
	}
	return strings.Join(terms, ` AND `), args
}

// TodoRow is one thing to do.
type TodoRow struct {
	Addressee casework.Addressee
	Kind      casework.TodoKind
	CaseID    string
	Ref       string
	DueAt     time.Time
	Number    string
	Title     string
	Tier      casework.Tier
	Status    casework.Status
}

// Todos lists what waits for any of the addressees, nearest due first, up to limit, behind the row after when there
// is one.
func (db *DB) Todos(ctx context.Context, keys []casework.Addressee, after *TodoRow, limit int) ([]TodoRow, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var parts []string
	var args []any
	for i, k := range keys {
		where := ""
		a := []any{string(k)}
		if after != nil {
			where = ` AND due_at >= ? AND (due_at > ? OR case_id > ? OR (case_id = ? AND (kind > ? OR (kind = ? AND ref > ?))))`
			a = append(a, Millis(after.DueAt), Millis(after.DueAt), after.CaseID, after.CaseID, string(after.Kind), string(after.Kind), after.Ref)
		}
		parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT addressee, kind, case_id, ref, due_at FROM case_todos WHERE addressee = ?%s ORDER BY due_at, case_id, kind, ref LIMIT ?) u%d`, where, i))
		args = append(append(args, a...), limit)
	}
	rows, err := db.query(ctx, `SELECT t.addressee, t.kind, t.case_id, t.ref, t.due_at, c.number, c.title, c.tier, c.status
		FROM (`+strings.Join(parts, ` UNION ALL `)+`) t JOIN cases c ON c.id = t.case_id ORDER BY t.due_at, t.case_id, t.kind, t.ref LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list things to do: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []TodoRow
	for rows.Next() {
		var r TodoRow
		if err := rows.Scan(&r.Addressee, &r.Kind, &r.CaseID, &r.Ref, (*Millis)(&r.DueAt), &r.Number, &r.Title, &r.Tier, &r.Status); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// CountCap is where counts stop: nothing a person reads needs more, and no count grows with the table.
const CountCap = 1000

// CountTodos counts by kind what waits for any of the addressees, each up to CountCap.
func (db *DB) CountTodos(ctx context.Context, keys []casework.Addressee, kinds []casework.TodoKind) (map[casework.TodoKind]int, error) {
	counts := map[casework.TodoKind]int{}
	if len(keys) == 0 {
		return counts, nil
	}
	var parts []string
	var args []any
	for _, kind := range kinds {
		for _, k := range keys {
			parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT kind FROM case_todos WHERE addressee = ? AND kind = ? LIMIT %d) u%d`, CountCap, len(parts)))
			args = append(args, string(k), string(kind))
		}
	}
	rows, err := db.query(ctx, `SELECT kind, COUNT(*) FROM (`+strings.Join(parts, ` UNION ALL `)+`) t GROUP BY kind`, args...)
	if err != nil {
		return nil, fmt.Errorf("count things to do: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind casework.TodoKind
		var n int
		if err := rows.Scan(&kind, &n); err != nil {
			return nil, err
		}
		counts[kind] = min(n, CountCap)
	}
	return counts, rows.Err()
}
