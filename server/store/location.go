package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/casework"
)

// Location is where something is, with who said so.
type Location struct {
	casework.Location

	ID     string // of what it is the place of: a case, a ticket, a task
	CaseID string // "" of a ticket's
	Author string // person id
	At     time.Time
}

func placeOfLocation(id string) string { return "locations.sealed:" + id }

// InsertLocation stores a location. A case's or task's is kept with its case from now on.
func (tx *Tx) InsertLocation(ctx context.Context, l Location) error {
	plain, err := json.Marshal(l.Location)
	if err != nil {
		return err
	}
	sealed, err := tx.Sealer().Seal(plain, placeOfLocation(l.ID))
	if err != nil {
		return err
	}
	var kept any
	if l.CaseID != "" {
		kept = Millis(l.At)
	}
	if _, err := tx.exec(ctx, `INSERT INTO locations (id, case_id, author, sealed, sealed_key, created_at, kept_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		l.ID, l.CaseID, l.Author, sealed, tx.Sealer().CurrentKey(), Millis(l.At), kept); err != nil {
		return fmt.Errorf("location %s: %w", l.ID, err)
	}
	return nil
}

// Locations lists where some cases, tickets and tasks are, as far as somebody has said, by id behind the one given.
func (db *DB) Locations(ctx context.Context, ids []string, after string, limit int) ([]Location, error) {
	return locations(ctx, db, ids, after, limit)
}

// Locations lists where some cases, tickets and tasks are, as far as somebody has said, by id behind the one given.
func (tx *Tx) Locations(ctx context.Context, ids []string, after string, limit int) ([]Location, error) {
	return locations(ctx, tx, ids, after, limit)
}

func locations(ctx context.Context, q querier, ids []string, after string, limit int) ([]Location, error) {
	var list []Location
	for part := range slices.Chunk(ids, ticketsAtOnce) {
		rows, err := q.query(ctx, `SELECT id, case_id, author, sealed, created_at FROM locations WHERE id IN (`+marks(len(part))+`) AND id > ? ORDER BY id LIMIT ?`,
			append(arguments(part), after, limit)...)
		more, err := scanLocations(q.Sealer(), rows, err)
		if err != nil {
			return nil, fmt.Errorf("locations: %w", err)
		}
		list = append(list, more...)
	}
	slices.SortFunc(list, func(a, b Location) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(len(list), limit)], nil
}

func scanLocations(s Sealer, rows *sql.Rows, err error) (list []Location, _ error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var l Location
		var sealed string
		if err := rows.Scan(&l.ID, &l.CaseID, &l.Author, &sealed, (*Millis)(&l.At)); err != nil {
			return nil, err
		}
		plain, err := s.Open(sealed, placeOfLocation(l.ID))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(plain, &l.Location); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

// DropLocation erases a location, and says whether there was one.
func (tx *Tx) DropLocation(ctx context.Context, id string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM locations WHERE id = ?`, id)
	if err != nil {
		return false, fmt.Errorf("location %s: %w", id, err)
	}
	return n > 0, nil
}

// AgedLocations lists the locations of cases and tasks that have been kept since before, or may have: see KeepLocationFrom. Oldest first, behind
// after.
func (db *DB) AgedLocations(ctx context.Context, before time.Time, after Aged, limit int) ([]Aged, error) {
	return db.aged(ctx, `locations`, `kept_at`, before, after, limit)
}

// KeepLocationFrom notes since when a location is kept, when that is later than noted before.
func (tx *Tx) KeepLocationFrom(ctx context.Context, id string, at time.Time) error {
	if _, err := tx.exec(ctx, `UPDATE locations SET kept_at = ? WHERE id = ? AND kept_at < ?`, Millis(at), id, Millis(at)); err != nil {
		return fmt.Errorf("location %s: %w", id, err)
	}
	return nil
}

// ResealLocations seals up to limit locations anew that are sealed under an older key. It gives how many, and those that do not open.
func (tx *Tx) ResealLocations(ctx context.Context, from ResealFrom, limit int) (n int, next ResealFrom, damaged []error, err error) {
	return tx.resealColumn(ctx, "locations", placeOfLocation, from, limit)
}
