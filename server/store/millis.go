package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Millis is a time as the database keeps it: BIGINT milliseconds since 1970, UTC.
//
// The zero time is NULL, both ways. So "not yet" never sorts before, nor compares as earlier than, a real time, and a
// NOT NULL column refuses a time that was forgotten. Digits below the millisecond are cut off: a caller that compares
// what it wrote with what it reads must cut them first.
//
//	tx.exec(ctx, `UPDATE cases SET due_at = ? WHERE id = ?`, Millis(c.DueAt), c.ID)
//	rows.Scan(&c.ID, (*Millis)(&c.DueAt))
type Millis time.Time

// Value gives the milliseconds, or nil for the zero time.
func (m Millis) Value() (driver.Value, error) {
	t := time.Time(m)
	if t.IsZero() {
		return nil, nil
	}
	return t.UnixMilli(), nil
}

// Scan reads milliseconds or NULL.
func (m *Millis) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*m = Millis{}
	case int64:
		*m = Millis(time.UnixMilli(v).UTC())
	default:
		return fmt.Errorf("store: a time must be BIGINT milliseconds, got %T", src)
	}
	return nil
}
