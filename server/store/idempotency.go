package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Done is what a request with a known Idempotency-Key did.
type Done struct {
	Request string // hash of what was asked
	CaseID  string
}

// FindDone looks up what actor's key did; ok is false when it is new.
func (db *DB) FindDone(ctx context.Context, actor, key string) (d Done, ok bool, err error) {
	err = db.queryRow(ctx, `SELECT request, case_id FROM idempotency WHERE actor = ? AND item = ?`, actor, key).Scan(&d.Request, &d.CaseID)
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	return d, err == nil, err
}

// ErrDone says that the key was used before: the request must not run again.
var ErrDone = errors.New("store: idempotency key used before")

// NoteDone claims actor's key for this transaction. It returns ErrDone when the key was used before.
func (tx *Tx) NoteDone(ctx context.Context, actor, key, request, caseID string, now time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO idempotency (actor, item, request, case_id, created_at) VALUES (?, ?, ?, ?, ?)`, actor, key, request, caseID, Millis(now))
	if isDuplicate(err) {
		return ErrDone
	}
	if err != nil {
		return fmt.Errorf("idempotency key: %w", err)
	}
	return nil
}

// ForgetDone drops up to limit keys from before the instant given and says how many it dropped.
func (db *DB) ForgetDone(ctx context.Context, before time.Time, limit int) (int64, error) {
	rows, err := db.query(ctx, `SELECT actor, item FROM idempotency WHERE created_at < ? ORDER BY created_at LIMIT ?`, Millis(before), limit)
	if err != nil {
		return 0, err
	}
	var pairs [][2]string
	for rows.Next() {
		var p [2]string
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			_ = rows.Close()
			return 0, err
		}
		pairs = append(pairs, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	var n int64
	for _, p := range pairs {
		k, err := db.exec(ctx, `DELETE FROM idempotency WHERE actor = ? AND item = ?`, p[0], p[1])
		if err != nil {
			return n, err
		}
		n += k
	}
	return n, nil
}
