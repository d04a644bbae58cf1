package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
	// Status asks for one state; empty means every open case, unless All; Stuck means what is reported besides.
	Status     casework.Status
	All, Stuck bool

	Tier casework.Tier
	// Untiered asks for what nobody has dispatched yet: open without a tier, and reported.
	Untiered         bool
	LeadDepartmentID string
	HandlerID        string
	NoHandler        bool // only those of nobody yet
	GridID           string
	Domain           casework.Domain
	Overdue          bool
	// DueFrom and DueBefore bound by when the case has to move on.
	DueFrom, DueBefore time.Time

	// After continues behind the row with these keys: the SortAt and ID of the last row read.
	AfterSort time.Time
	AfterID   string
	Limit     int
}

const caseRowColumns = `c.id, c.number, c.version, c.status, c.tier, c.round, c.title, c.place, c.domain, c.topic, c.triggers,
	c.tickets, c.community_id, c.grid_id, c.lead_department_id, c.handler_id, c.overdue, c.provisional, c.due_at, c.sort_at, c.updated_at`

// Cases lists cases in the order of what falls due first. It reads one range of one index per viewer, and two where
// cases that are over are asked for beside open ones.
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
		if err := rows.Scan(r.columns()...); err != nil {
			return nil, fmt.Errorf("list cases: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// columns are where caseRowColumns go.
func (r *CaseRow) columns() []any {
	return []any{
		&r.ID, &r.Number, &r.Version, &r.Status, &r.Tier, &r.Round, &r.Title, &r.Place, &r.Domain, &r.Topic, &r.Triggers,
		&r.Tickets, &r.CommunityID, &r.GridID, &r.LeadDepartmentID, &r.HandlerID, &r.Overdue, &r.Provisional,
		(*Millis)(&r.DueAt), (*Millis)(&r.SortAt), (*Millis)(&r.UpdatedAt),
	}
}

// ReportedCase is a case as the list of who reported it has it: with the last step of its timeline.
type ReportedCase struct {
	CaseRow
	Last casework.Event
}

// ReportedCases lists what somebody reported, open or over, newest first, up to limit, behind the case before when there is one.
func (db *DB) ReportedCases(ctx context.Context, reporter, before string, limit int) ([]ReportedCase, error) {
	text, args := `SELECT `+inOrder+caseRowColumns+`, e.body FROM cases c CROSS JOIN case_events e ON e.case_id = c.id AND e.seq = c.version WHERE c.reporter = ?`, []any{reporter}
	if before != "" {
		text += ` AND c.id < ?`
		args = append(args, before)
	}
	rows, err := db.query(ctx, text+` ORDER BY c.id DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list what %s reported: %w", reporter, err)
	}
	defer func() { _ = rows.Close() }()
	list := make([]ReportedCase, 0, limit)
	for rows.Next() {
		var r ReportedCase
		var last []byte
		if err := rows.Scan(append(r.columns(), &last)...); err != nil {
			return nil, fmt.Errorf("list what %s reported: %w", reporter, err)
		}
		if err := json.Unmarshal(last, &r.Last); err != nil {
			return nil, fmt.Errorf("last step of case %s: %w", r.ID, err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// inOrder goes behind SELECT, and CROSS JOIN between the tables, where rows must be looked up in the order they are
// named: MySQL reads the first, SQLite the second, and each takes the other for what it is anyway.
const inOrder = `/*! STRAIGHT_JOIN */ `

// sql builds the query. Each part gives the first keys of one range in their order; together they hold the first of all.
func (f CaseFilter) sql() (string, []any) {
	states := []sqlTerm{{"~open = 1", nil}} // ~ stands for the table
	reported := sqlTerm{"~status = ?", []any{string(casework.Reported)}}
	switch {
	case f.Untiered:
		states = []sqlTerm{{"~open = 1 AND ~tier = ''", nil}, reported}
	case f.Status != "":
		states = []sqlTerm{{"~status = ?", []any{string(f.Status)}}}
	case f.Stuck && f.Tier == "":
		states = append(states, reported)
	case f.All:
		// Without a condition on open no index would have both the other columns and the order.
		states = append(states, sqlTerm{"~open = 0", nil})
	}
	rest, restArgs := f.rest()
	if f.Tier != "" { // of a viewer's rows, which have it too
		if f.Status != "" { // so that the index by tier has the order as well as the one by status
			states[0].text, states[0].args = states[0].text+` AND ~open = ?`, append(states[0].args, f.Status.Open())
		}
		for i := range states {
			states[i].text, states[i].args = states[i].text+` AND ~tier = ?`, append(states[i].args, string(f.Tier))
		}
	}
	of := func(alias string, state sqlTerm) string { return strings.ReplaceAll(state.text, "~", alias) }
	if f.Viewers == nil && len(states) == 1 {
		where, args := f.within("c.sort_at", "c.id")
		return `SELECT ` + caseRowColumns + ` FROM cases c WHERE ` + of("c.", states[0]) + rest + where + ` ORDER BY c.sort_at, c.id LIMIT ?`,
			slices.Concat(states[0].args, restArgs, args, []any{f.Limit})
	}
	var parts []string
	var args []any
	add := func(text string, a ...[]any) {
		if len(f.Viewers) > 1 || len(states) > 1 {
			text = fmt.Sprintf(`SELECT * FROM (%s) u%d`, text, len(parts))
		}
		parts = append(parts, text)
		args = append(append(args, slices.Concat(a...)...), f.Limit)
	}
	for _, state := range states {
		if f.Viewers == nil {
			where, a := f.within("c.sort_at", "c.id")
			add(`SELECT c.sort_at, c.id AS case_id FROM cases c WHERE `+of("c.", state)+rest+where+` ORDER BY c.sort_at, c.id LIMIT ?`, state.args, restArgs, a)
		}
		where, a := f.within("v.sort_at", "v.case_id")
		from := `SELECT v.sort_at, v.case_id FROM case_viewers v`
		if rest != "" { // what only the case row knows
			from = `SELECT ` + inOrder + `v.sort_at, v.case_id FROM case_viewers v CROSS JOIN cases c ON c.id = v.case_id`
		}
		for _, viewer := range f.Viewers {
			add(from+` WHERE v.viewer = ? AND `+of("v.", state)+where+rest+` ORDER BY v.sort_at, v.case_id LIMIT ?`,
				[]any{string(viewer)}, state.args, a, restArgs)
		}
	}
	if len(parts) == 0 { // somebody who sees nothing
		return `SELECT ` + caseRowColumns + ` FROM cases c WHERE c.id = ''`, nil
	}
	union := ` UNION ALL `
	if len(f.Viewers) > 1 {
		union = ` UNION ` // drops what two viewers of one person both have
	}
	return `SELECT ` + inOrder + caseRowColumns + ` FROM (` + strings.Join(parts, union) + `) k CROSS JOIN cases c ON c.id = k.case_id
		ORDER BY k.sort_at, k.case_id LIMIT ?`, append(args, f.Limit)
}

// sqlTerm is a condition with its arguments.
type sqlTerm struct {
	text string
	args []any
}

// within bounds the deadline, and is the keyset condition in the one form that every engine serves with a range of the index.
func (f CaseFilter) within(sort, id string) (where string, args []any) {
	if !f.DueBefore.IsZero() {
		where, args = ` AND `+sort+` < ?`, []any{Millis(f.DueBefore)}
	}
	if !f.DueFrom.IsZero() && !f.AfterSort.After(f.DueFrom) {
		where, args = where+` AND `+sort+` >= ?`, append(args, Millis(f.DueFrom))
	}
	if f.AfterSort.IsZero() {
		return where, args
	}
	at := Millis(f.AfterSort)
	return where + ` AND ` + sort + ` >= ? AND (` + sort + ` > ? OR ` + id + ` > ?)`, append(args, at, at, f.AfterID)
}

// rest is what the filter asks of the case row alone.
func (f CaseFilter) rest() (string, []any) {
	var b strings.Builder
	var args []any
	add := func(column, value string) {
		if value != "" {
			b.WriteString(` AND c.` + column + ` = ?`)
			args = append(args, value)
		}
	}
	add("lead_department_id", f.LeadDepartmentID)
	add("handler_id", f.HandlerID)
	if f.NoHandler {
		b.WriteString(` AND c.handler_id = ''`)
	}
	add("grid_id", f.GridID)
	add("domain", string(f.Domain))
	if f.Overdue {
		b.WriteString(` AND c.overdue = 1`)
	}
	return b.String(), args
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

	LeadDepartmentID, HandlerID string // of the case; "" where there is none
}

// todosIn is the condition of a range: one range of an index of case_todos and, within it, one probe of case_viewers for each row.
func todosIn(r casework.TodoRange) (string, []any) {
	where, args := `addressee = ?`, []any{string(r.For)}
	if len(r.Elsewhere) == 0 {
		return where, args
	}
	const viewed = `EXISTS (SELECT 1 FROM case_viewers v WHERE v.case_id = case_todos.case_id AND v.viewer `
	where += ` AND (` + viewed + `= ?) OR NOT ` + viewed + `IN (` + marks(len(r.Elsewhere)) + `)))`
	args = append(args, string(r.Here))
	for _, k := range r.Elsewhere {
		args = append(args, string(k))
	}
	return where, args
}

// Todos lists what waits in any of the ranges, nearest due first, up to limit, behind the row after when there
// is one. What waits for two addressees is one row, under one of the two.
func (db *DB) Todos(ctx context.Context, ranges []casework.TodoRange, after *TodoRow, limit int) ([]TodoRow, error) {
	if len(ranges) == 0 {
		return nil, nil
	}
	var parts []string
	var args []any
	for i, r := range ranges {
		where, a := todosIn(r)
		if after != nil {
			where += ` AND due_at >= ? AND (due_at > ? OR case_id > ? OR (case_id = ? AND (kind > ? OR (kind = ? AND ref > ?))))`
			a = append(a, Millis(after.DueAt), Millis(after.DueAt), after.CaseID, after.CaseID, string(after.Kind), string(after.Kind), after.Ref)
		}
		parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT addressee, kind, case_id, ref, due_at FROM case_todos WHERE %s ORDER BY due_at, case_id, kind, ref LIMIT ?) u%d`, where, i))
		args = append(append(args, a...), limit)
	}
	waiting := parts[0]
	if len(parts) > 1 {
		// Each part holds the first of its own, so together they hold the first of all.
		waiting = `SELECT MIN(addressee) AS addressee, kind, case_id, ref, due_at FROM (` + strings.Join(parts, ` UNION ALL `) + `) w GROUP BY due_at, case_id, kind, ref`
	}
	rows, err := db.query(ctx, `SELECT `+inOrder+`t.addressee, t.kind, t.case_id, t.ref, t.due_at, c.number, c.title, c.tier, c.status, c.lead_department_id, c.handler_id
		FROM (`+waiting+`) t CROSS JOIN cases c ON c.id = t.case_id ORDER BY t.due_at, t.case_id, t.kind, t.ref LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list things to do: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []TodoRow
	for rows.Next() {
		var r TodoRow
		if err := rows.Scan(&r.Addressee, &r.Kind, &r.CaseID, &r.Ref, (*Millis)(&r.DueAt), &r.Number, &r.Title, &r.Tier, &r.Status, &r.LeadDepartmentID, &r.HandlerID); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// CountCap is where counts stop: nothing a person reads needs more, and no count grows with the table.
const CountCap = 1000

// TierCount is how many open cases a tier has, each number up to CountCap.
type TierCount struct {
	Open, Late, Near int
}

// CountTiers counts the open cases of each tier that any of the viewers has in scope (nil: all), and under no tier what nobody has
// dispatched yet: how many there are, how many are past their deadline at now, and how many have it before near. Of each viewer and tier it reads the first CountCap in the order of what falls
// due, so that the late and the near ones are among them.
func (db *DB) CountTiers(ctx context.Context, viewers []casework.Addressee, now, near time.Time) (map[casework.Tier]TierCount, error) {
	var parts []string
	args := []any{Millis(now), Millis(now), Millis(near)}
	add := func(tier, state, value string) {
		if viewers == nil {
			parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT %s AS tier, sort_at, id AS case_id FROM cases WHERE %s ORDER BY sort_at, id LIMIT %d) u%d`, tier, state, CountCap, len(parts)))
			args = append(args, value)
		}
		for _, viewer := range viewers {
			parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT %s AS tier, sort_at, case_id FROM case_viewers WHERE viewer = ? AND %s ORDER BY sort_at, case_id LIMIT %d) u%d`, tier, state, CountCap, len(parts)))
			args = append(args, string(viewer), value)
		}
	}
	for _, tier := range []casework.Tier{"", casework.TierIII, casework.TierII, casework.TierI} {
		add(`tier`, `open = 1 AND tier = ?`, string(tier))
	}
	add(`''`, `status = ?`, string(casework.Reported))
	counts := map[casework.Tier]TierCount{}
	if len(parts) == 0 {
		return counts, nil
	}
	with := ` UNION ALL `
	if len(viewers) > 1 {
		with = ` UNION `
	}
	rows, err := db.query(ctx, `SELECT tier, COUNT(*), SUM(CASE WHEN sort_at < ? THEN 1 ELSE 0 END), SUM(CASE WHEN sort_at >= ? AND sort_at < ? THEN 1 ELSE 0 END)
		FROM (`+strings.Join(parts, with)+`) t GROUP BY tier`, args...)
	if err != nil {
		return nil, fmt.Errorf("count cases by tier: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var tier casework.Tier
		var c TierCount
		if err := rows.Scan(&tier, &c.Open, &c.Late, &c.Near); err != nil {
			return nil, err
		}
		counts[tier] = TierCount{min(c.Open, CountCap), min(c.Late, CountCap), min(c.Near, CountCap)}
	}
	return counts, rows.Err()
}

// HandlerCount is how many open cases of a department a handler has, up to CountCap together; HandlerID is "" where there is none yet.
type HandlerCount struct {
	HandlerID  string
	Open, Late int
}

// CountTeam counts the open cases that a department leads by handler, and those past their deadline at now.
func (db *DB) CountTeam(ctx context.Context, department string, now time.Time) (list []HandlerCount, _ error) {
	rows, err := db.query(ctx, fmt.Sprintf(`SELECT handler_id, COUNT(*), SUM(CASE WHEN sort_at < ? THEN 1 ELSE 0 END)
		FROM (SELECT handler_id, sort_at FROM cases WHERE lead_department_id = ? AND open = 1 ORDER BY handler_id, sort_at, id LIMIT %d) t GROUP BY handler_id`, CountCap), Millis(now), department)
	if err != nil {
		return nil, fmt.Errorf("count the cases of department %s: %w", department, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c HandlerCount
		if err := rows.Scan(&c.HandlerID, &c.Open, &c.Late); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// CountTodos counts by kind what waits for any of the addressees, each up to CountCap. What waits for two of them
// counts once, as Todos lists it.
func (db *DB) CountTodos(ctx context.Context, keys []casework.Addressee, kinds []casework.TodoKind) (map[casework.TodoKind]int, error) {
	counts := map[casework.TodoKind]int{}
	if len(keys) == 0 || len(kinds) == 0 {
		return counts, nil
	}
	var parts []string
	var args []any
	for _, kind := range kinds {
		for _, k := range keys {
			parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT kind, case_id, ref FROM case_todos WHERE addressee = ? AND kind = ? LIMIT %d) u%d`, CountCap, len(parts)))
			args = append(args, string(k), string(kind))
		}
	}
	with := ` UNION ALL `
	if len(keys) > 1 {
		with = ` UNION `
	}
	rows, err := db.query(ctx, `SELECT kind, COUNT(*) FROM (`+strings.Join(parts, with)+`) t GROUP BY kind`, args...)
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

// CountTodosAt counts what waits in the ranges of each of several posts, in their order, each up to CountCap. What waits in two ranges of a
// post counts once, as Todos lists it.
func (db *DB) CountTodosAt(ctx context.Context, posts [][]casework.TodoRange) ([]int, error) {
	counts := make([]int, len(posts))
	var parts []string
	var args []any
	for i, ranges := range posts {
		var of []string
		for j, r := range ranges {
			where, a := todosIn(r)
			of = append(of, fmt.Sprintf(`SELECT * FROM (SELECT case_id, kind, ref FROM case_todos WHERE %s LIMIT %d) u%d`, where, CountCap, j))
			args = append(args, a...)
		}
		parts = append(parts, fmt.Sprintf(`SELECT %d AS post, COUNT(*) AS n FROM (%s) p%d`, i, strings.Join(of, ` UNION `), i))
	}
	if len(parts) == 0 {
		return counts, nil
	}
	rows, err := db.query(ctx, strings.Join(parts, ` UNION ALL `), args...)
	if err != nil {
		return nil, fmt.Errorf("count things to do by post: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var at, n int
		if err := rows.Scan(&at, &n); err != nil {
			return nil, err
		}
		counts[at] = min(n, CountCap)
	}
	return counts, rows.Err()
}
