package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// OneUseCode is something good once and for a while. Only the hash of its token is stored; Body is sealed.
type OneUseCode struct {
	Hash      string
	Kind      string
	Subject   string // whom it is for, by an id
	Step      string // how far it has come
	Body      []byte
	Tries     int
	MadeBy    string // a person id; "" for the system
	MadeAt    time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
}

func oneUsePlace(hash string) string { return "one_use_codes.sealed:" + hash }

// InsertOneUseCode stores a new code.
func (tx *Tx) InsertOneUseCode(ctx context.Context, c OneUseCode) error {
	sealed, err := tx.Sealer().Seal(c.Body, oneUsePlace(c.Hash))
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `INSERT INTO one_use_codes (hash, kind, subject, step, sealed, sealed_key, tries, made_by, made_at, expires_at, used_at) VALUES (`+marks(11)+`)`,
		c.Hash, c.Kind, c.Subject, c.Step, sealed, tx.Sealer().CurrentKey(), 0, c.MadeBy, Millis(c.MadeAt), Millis(c.ExpiresAt), nil); err != nil {
		return fmt.Errorf("one-use code: %w", err)
	}
	return nil
}

func readOneUseCode(ctx context.Context, q querier, kind, hash string) (c OneUseCode, ok bool, err error) {
	var sealed string
	c.Hash, c.Kind = hash, kind
	err = q.queryRow(ctx, `SELECT subject, step, sealed, tries, made_by, made_at, expires_at, used_at FROM one_use_codes WHERE hash = ? AND kind = ?`, hash, kind).
		Scan(&c.Subject, &c.Step, &sealed, &c.Tries, &c.MadeBy, (*Millis)(&c.MadeAt), (*Millis)(&c.ExpiresAt), (*Millis)(&c.UsedAt))
	if errors.Is(err, sql.ErrNoRows) {
		return OneUseCode{}, false, nil
	}
	if err == nil {
		c.Body, err = q.Sealer().Open(sealed, oneUsePlace(hash))
	}
	if err != nil {
		return OneUseCode{}, false, fmt.Errorf("one-use code: %w", err)
	}
	return c, true, nil
}

// OneUseCode gives a code of a kind by its hash, used and expired ones too; ok is false when there is none.
func (db *DB) OneUseCode(ctx context.Context, kind, hash string) (c OneUseCode, ok bool, err error) {
	return readOneUseCode(ctx, db, kind, hash)
}

// OneUseCode gives a code as the transaction sees it.
func (tx *Tx) OneUseCode(ctx context.Context, kind, hash string) (c OneUseCode, ok bool, err error) {
	return readOneUseCode(ctx, tx, kind, hash)
}

// TryOneUseCode counts a try of a code that is still good; false when it is not, or was tried limit times.
func (tx *Tx) TryOneUseCode(ctx context.Context, hash string, limit int, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE one_use_codes SET tries = tries + 1 WHERE hash = ? AND used_at IS NULL AND expires_at > ? AND tries < ?`, hash, Millis(now), limit)
	return n > 0, err
}

// StepOneUseCode takes a code that is still good from one step to the next, with a new body; false when somebody was first.
func (tx *Tx) StepOneUseCode(ctx context.Context, c OneUseCode, next string, body []byte, now time.Time) (bool, error) {
	sealed, err := tx.Sealer().Seal(body, oneUsePlace(c.Hash))
	if err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, `UPDATE one_use_codes SET step = ?, sealed = ?, sealed_key = ? WHERE hash = ? AND step = ? AND used_at IS NULL AND expires_at > ?`,
		next, sealed, tx.Sealer().CurrentKey(), c.Hash, c.Step, Millis(now))
	return n > 0, err
}

// UseOneUseCode uses a code up; false when it is no longer good.
func (tx *Tx) UseOneUseCode(ctx context.Context, hash string, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE one_use_codes SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ?`, Millis(now), hash, Millis(now))
	return n > 0, err
}

// VoidOneUseCodes uses up all codes of a kind for one subject, and says how many there were.
func (tx *Tx) VoidOneUseCodes(ctx context.Context, kind, subject string, now time.Time) (int64, error) {
	return tx.exec(ctx, `UPDATE one_use_codes SET used_at = ? WHERE kind = ? AND subject = ? AND used_at IS NULL AND expires_at > ?`, Millis(now), kind, subject, Millis(now))
}

// OneUseCodeFor finds a code of a kind that is still good by whom or what it is for; ok is false when there is none.
func (db *DB) OneUseCodeFor(ctx context.Context, kind, subject string, now time.Time) (c OneUseCode, ok bool, err error) {
	var hash string
	err = db.queryRow(ctx, `SELECT hash FROM one_use_codes WHERE kind = ? AND subject = ? AND used_at IS NULL AND expires_at > ? ORDER BY expires_at LIMIT 1`, kind, subject, Millis(now)).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("one-use code: %w", err)
	}
	return db.OneUseCode(ctx, kind, hash)
}
