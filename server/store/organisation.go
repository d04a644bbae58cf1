package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
)

// OrganisationChange is a change of the organisation that somebody put forward.
type OrganisationChange struct {
	ID         string
	Status     ChangeStatus
	Posts      bool  // it touches posts
	Whole      bool  // its file is complete
	Revision   int64 // of the organisation that the preview compares with
	ProposedBy string
	ProposedAt time.Time
	DecidedBy  string
	DecidedAt  time.Time // zero while open
	Preview    []byte    // JSON, without personal data
	Body       []byte    // the file; empty once decided
}

// ChangeStatus is the state of an OrganisationChange.
type ChangeStatus string

// The states of a change put forward.
const (
	ChangeOpen      ChangeStatus = "open"
	ChangeApplied   ChangeStatus = "applied"
	ChangeDiscarded ChangeStatus = "discarded"
)

// ErrNoChange says that there is no change of the organisation with that id.
var ErrNoChange = apperr.New(apperr.NotFound, "organisation.no_change", "没有这份组织架构变更，请刷新列表。")

func changePlace(id string) string { return "organisation_changes.body:" + id }

// AddOrganisationChange stores a change put forward; its file is sealed.
func (tx *Tx) AddOrganisationChange(ctx context.Context, c OrganisationChange) error {
	body, err := tx.Sealer().Seal(c.Body, changePlace(c.ID))
	if err != nil {
		return fmt.Errorf("organisation change: %w", err)
	}
	_, err = tx.exec(ctx, `INSERT INTO organisation_changes (id, status, posts, whole, revision, proposed_by, proposed_at, decided_by, decided_at, preview, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, '', NULL, ?, ?)`,
		c.ID, string(c.Status), c.Posts, c.Whole, c.Revision, c.ProposedBy, Millis(c.ProposedAt), c.Preview, body)
	if err != nil {
		return fmt.Errorf("organisation change: %w", err)
	}
	return nil
}

// PreviewAgain replaces the preview of an open change by one against a newer organisation.
func (tx *Tx) PreviewAgain(ctx context.Context, id string, posts bool, revision int64, preview []byte) error {
	_, err := tx.exec(ctx, `UPDATE organisation_changes SET posts = ?, revision = ?, preview = ? WHERE id = ? AND status = ?`, posts, revision, preview, id, string(ChangeOpen))
	if err != nil {
		return fmt.Errorf("organisation change %s: %w", id, err)
	}
	return nil
}

// DecideOrganisationChange ends an open change and drops its file; false when somebody decided first.
func (tx *Tx) DecideOrganisationChange(ctx context.Context, id string, status ChangeStatus, by string, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE organisation_changes SET status = ?, decided_by = ?, decided_at = ?, body = '' WHERE id = ? AND status = ?`,
		string(status), by, Millis(now), id, string(ChangeOpen))
	if err != nil {
		return false, fmt.Errorf("organisation change %s: %w", id, err)
	}
	return n == 1, nil
}

const changeColumns = `id, status, posts, whole, revision, proposed_by, proposed_at, decided_by, decided_at, preview, body`

func (db *DB) scanChange(row interface{ Scan(...any) error }) (c OrganisationChange, err error) {
	var body string
	if err := row.Scan(&c.ID, &c.Status, &c.Posts, &c.Whole, &c.Revision, &c.ProposedBy, (*Millis)(&c.ProposedAt), &c.DecidedBy, (*Millis)(&c.DecidedAt), &c.Preview, &body); err != nil {
		return c, err
	}
	if body != "" {
		c.Body, err = db.Sealer().Open(body, changePlace(c.ID))
	}
	return c, err
}

// OrganisationChange gives a change by its id; ErrNoChange when there is none.
func (db *DB) OrganisationChange(ctx context.Context, id string) (OrganisationChange, error) {
	c, err := db.scanChange(db.queryRow(ctx, `SELECT `+changeColumns+` FROM organisation_changes WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNoChange
	}
	return c, err
}

// OrganisationChanges lists changes, the newest first, behind the id before; of one state when status is not empty.
func (db *DB) OrganisationChanges(ctx context.Context, status ChangeStatus, before string, limit int) ([]OrganisationChange, error) {
	if before == "" {
		before = "~" // behind every id
	}
	where, args := `id < ?`, []any{before}
	if status != "" {
		where, args = `status = ? AND id < ?`, []any{string(status), before}
	}
	rows, err := db.query(ctx, `SELECT `+changeColumns+` FROM organisation_changes WHERE `+where+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("organisation changes: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []OrganisationChange
	for rows.Next() {
		c, err := db.scanChange(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// ResealChanges seals anew the files of open changes that are sealed under an older key. They are few; one that does not open
// stays as it is and is told among damaged.
func (tx *Tx) ResealChanges(ctx context.Context) (damaged []error, err error) {
	s := tx.Sealer()
	bodies, err := tx.openChanges(ctx)
	if err != nil {
		return nil, err
	}
	var list []underOlder
	for id, body := range bodies {
		if s.KeyOf(body) >= s.CurrentKey() {
			continue
		}
		list = append(list, underOlder{changePlace(id), body, func(fresh string) (int64, error) {
			return tx.exec(ctx, `UPDATE organisation_changes SET body = ? WHERE id = ? AND body = ?`, fresh, id, body)
		}})
	}
	_, damaged, err = tx.resealValues(list)
	return damaged, err
}

// openChanges gives the sealed body of each open change by id.
func (tx *Tx) openChanges(ctx context.Context) (map[string]string, error) {
	rows, err := tx.query(ctx, `SELECT id, body FROM organisation_changes WHERE status = ? ORDER BY id`, string(ChangeOpen))
	if err != nil {
		return nil, fmt.Errorf("organisation changes: %w", err)
	}
	defer func() { _ = rows.Close() }()
	bodies := map[string]string{}
	for rows.Next() {
		var id, body string
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		bodies[id] = body
	}
	return bodies, rows.Err()
}

// Handover is a person who left or moved, and whose open work is yet to be handed over.
type Handover struct {
	ID        string
	PersonID  string
	Revision  int64 // of the organisation in which they have
	CreatedAt time.Time
}

// AddHandovers notes people whose open work is to be handed over.
func (tx *Tx) AddHandovers(ctx context.Context, list []Handover) error {
	var rows []any
	for _, h := range list {
		rows = append(rows, h.ID, h.PersonID, h.Revision, Millis(h.CreatedAt))
	}
	if err := tx.insertRows(ctx, `INSERT INTO handovers (id, person_id, revision, created_at) VALUES `, 4, rows); err != nil {
		return fmt.Errorf("handovers: %w", err)
	}
	return nil
}

// Handovers lists who is still to be handed over, behind the id after, the longest waiting first.
func (db *DB) Handovers(ctx context.Context, after string, limit int) ([]Handover, error) {
	rows, err := db.query(ctx, `SELECT id, person_id, revision, created_at FROM handovers WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("handovers: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Handover
	for rows.Next() {
		var h Handover
		if err := rows.Scan(&h.ID, &h.PersonID, &h.Revision, (*Millis)(&h.CreatedAt)); err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, rows.Err()
}

// EndHandover takes a person off the list: everything is handed over.
func (tx *Tx) EndHandover(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM handovers WHERE id = ?`, id)
	return err
}

// Held is a case in which somebody has something in person, and the viewer key that says so.
type Held struct {
	Viewer casework.Addressee
	CaseID string
	Status casework.Status
}

// HeldCases lists up to limit cases in which a person has something, behind the one given. A case in which they have
// several things can be there several times.
func (db *DB) HeldCases(ctx context.Context, person string, after Held, limit int) ([]Held, error) {
	plain, from, to := casework.HeldBy(person)
	var list []Held
	if after.Viewer == "" || after.Viewer == plain {
		rows, err := db.query(ctx, `SELECT viewer, case_id, status FROM case_viewers WHERE viewer = ? AND case_id > ? ORDER BY case_id LIMIT ?`,
			string(plain), after.CaseID, limit)
		if list, err = scanHeld(list, rows, err); err != nil || len(list) == limit {
			return list, err
		}
		after = Held{Viewer: from}
	}
	rows, err := db.query(ctx, `SELECT viewer, case_id, status FROM case_viewers WHERE viewer >= ? AND viewer < ? AND (viewer > ? OR case_id > ?)
		ORDER BY viewer, case_id LIMIT ?`, string(after.Viewer), string(to), string(after.Viewer), after.CaseID, limit-len(list))
	return scanHeld(list, rows, err)
}

func scanHeld(list []Held, rows *sql.Rows, err error) ([]Held, error) {
	if err != nil {
		return nil, fmt.Errorf("held cases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var h Held
		if err := rows.Scan(&h.Viewer, &h.CaseID, &h.Status); err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, rows.Err()
}

// DropViewer takes a case out of what one viewer key opens.
func (tx *Tx) DropViewer(ctx context.Context, caseID string, viewer casework.Addressee) error {
	_, err := tx.exec(ctx, `DELETE FROM case_viewers WHERE viewer = ? AND case_id = ?`, string(viewer), caseID)
	return err
}

// NextRevision counts a revision on and gives the new one; whoever else wants to waits until the transaction ends.
func (tx *Tx) NextRevision(ctx context.Context, name string) (int64, error) {
	if err := tx.Revise(ctx, name, 1); err != nil {
		return 0, err
	}
	var v int64
	err := tx.queryRow(ctx, `SELECT value FROM revisions WHERE name = ?`, name).Scan(&v)
	return v, err
}

// DropOrganisation removes rows of the organisation.
func (tx *Tx) DropOrganisation(ctx context.Context, list []OrganisationRow) error {
	for _, r := range list {
		if _, err := tx.exec(ctx, `DELETE FROM organisation WHERE kind = ? AND id = ?`, r.Kind, r.ID); err != nil {
			return fmt.Errorf("organisation %s %s: %w", r.Kind, r.ID, err)
		}
	}
	return nil
}
