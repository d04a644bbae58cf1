package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"xiaopu/server/casework"
)

// StoredEvent is a line of a timeline as stored: the hash covers Body byte for byte.
type StoredEvent struct {
	CaseID string
	Seq    int64
	Kind   string
	Hash   string
	Body   []byte
	// What stands beside the body for lists.
	At, RecordedAt time.Time
	Public         bool
}

func seal(previous string, events []casework.Event) (bodies [][2]string, head string, err error) {
	head = previous
	for _, e := range events {
		body, hash, err := casework.Seal(head, e)
		if err != nil {
			return nil, "", err
		}
		head = hash
		bodies = append(bodies, [2]string{string(body), hash})
	}
	return bodies, head, nil
}

func (tx *Tx) insertEvents(ctx context.Context, caseID, previous string, events []casework.Event) (head string, err error) {
	bodies, head, err := seal(previous, events)
	if err != nil {
		return "", err
	}
	return head, tx.insertSealed(ctx, caseID, events, bodies)
}

func (tx *Tx) insertSealed(ctx context.Context, caseID string, events []casework.Event, bodies [][2]string) error {
	args := make([]any, 0, 8*len(events))
	for i, e := range events {
		args = append(args, caseID, e.Seq, string(e.Kind), Millis(e.At), Millis(e.RecordedAt), e.Public, bodies[i][1], bodies[i][0])
	}
	if err := tx.insertRows(ctx, `INSERT INTO case_events (case_id, seq, kind, at, recorded_at, is_public, hash, body) VALUES `, 8, args); err != nil {
		if isDuplicate(err) {
			return ErrStale
		}
		return fmt.Errorf("events of case %s: %w", caseID, err)
	}
	return nil
}

// Events lists a case's timeline from after seq on, oldest first, up to limit lines; publicOnly leaves out what the
// requesters may not read.
func (db *DB) Events(ctx context.Context, caseID string, after int64, publicOnly bool, limit int) ([]casework.Event, error) {
	text := `SELECT body FROM case_events WHERE case_id = ? AND seq > ? ORDER BY seq LIMIT ?`
	if publicOnly {
		text = `SELECT body FROM case_events WHERE case_id = ? AND seq > ? AND is_public = 1 ORDER BY seq LIMIT ?`
	}
	rows, err := db.query(ctx, text, caseID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("timeline of case %s: %w", caseID, err)
	}
	defer func() { _ = rows.Close() }()
	var list []casework.Event
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		var e casework.Event
		if err := json.Unmarshal(body, &e); err != nil {
			return nil, fmt.Errorf("timeline of case %s: %w", caseID, err)
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// StoredEvents lists a case's timeline as stored, for verification: as it was written, not as it reads.
func (db *DB) StoredEvents(ctx context.Context, caseID string) ([]StoredEvent, error) {
	rows, err := db.query(ctx, `SELECT seq, kind, hash, body, at, recorded_at, is_public FROM case_events WHERE case_id = ? ORDER BY seq`, caseID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []StoredEvent
	for rows.Next() {
		e := StoredEvent{CaseID: caseID}
		if err := rows.Scan(&e.Seq, &e.Kind, &e.Hash, &e.Body, (*Millis)(&e.At), (*Millis)(&e.RecordedAt), &e.Public); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}
