package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Session is one sign-in of a person on one device, from its start to its end.
type Session struct {
	ID, PersonID string
	Agent        string        // the client's name for itself
	Address      string        // as limits count them: of IPv6, the network
	Idle         time.Duration // without the person doing anything for this long it is over
	StartedAt    time.Time
	SeenAt       time.Time // when the person last did something, to the minute
	ExpiresAt    time.Time // whatever they do
	EndedAt      time.Time
	EndedWhy     string
	WeChatID     string // the WeChat identity it was begun with; "" for one begun with a password
	Scanned      bool   // it is a console's, and was confirmed with that identity on a phone
}

// Over says why the session is over at now; "" while it is not.
func (s *Session) Over(now time.Time) string {
	switch {
	case !s.EndedAt.IsZero():
		return s.EndedWhy
	case !now.Before(s.ExpiresAt):
		return "expired"
	case now.Sub(s.SeenAt) >= s.Idle:
		return "idle"
	}
	return ""
}

const sessionColumns = `id, person_id, agent, address, idle_seconds, started_at, seen_at, expires_at, ended_at, ended_why, wechat_id, scanned`

func (s *Session) scan(scan func(dest ...any) error) error {
	var seconds int64
	err := scan(&s.ID, &s.PersonID, &s.Agent, &s.Address, &seconds, (*Millis)(&s.StartedAt), (*Millis)(&s.SeenAt), (*Millis)(&s.ExpiresAt), (*Millis)(&s.EndedAt), &s.EndedWhy, &s.WeChatID, &s.Scanned)
	s.Idle = time.Duration(seconds) * time.Second
	return err
}

// InsertSession stores a session that begins.
func (tx *Tx) InsertSession(ctx context.Context, s *Session) error {
	s.Agent, s.Address = cut(s.Agent, 200), cut(s.Address, 64)
	if _, err := tx.exec(ctx, `INSERT INTO sessions (`+sessionColumns+`) VALUES (`+marks(12)+`)`, s.ID, s.PersonID, s.Agent, s.Address, int64(s.Idle/time.Second),
		Millis(s.StartedAt), Millis(s.SeenAt), Millis(s.ExpiresAt), Millis(s.EndedAt), s.EndedWhy, s.WeChatID, s.Scanned); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

func readSession(ctx context.Context, q querier, id string) (s Session, ok bool, err error) {
	err = s.scan(q.queryRow(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("session: %w", err)
	}
	return s, true, nil
}

// Session gives a session, also one that is over; ok is false when there is none.
func (db *DB) Session(ctx context.Context, id string) (s Session, ok bool, err error) {
	return readSession(ctx, db, id)
}

// Session gives a session as the transaction sees it.
func (tx *Tx) Session(ctx context.Context, id string) (s Session, ok bool, err error) {
	return readSession(ctx, tx, id)
}

// Sessions lists up to limit sessions of a person that nobody ended, the latest first; some may have expired by themselves.
func (db *DB) Sessions(ctx context.Context, personID string, limit int) ([]Session, error) {
	rows, err := db.query(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE person_id = ? AND ended_at IS NULL ORDER BY id DESC LIMIT ?`, personID, limit)
	return scanSessions(rows, err)
}

// SessionHistory lists up to limit sessions of a person, those that ended last first, and then those that nobody ended.
func (db *DB) SessionHistory(ctx context.Context, personID string, limit int) ([]Session, error) {
	rows, err := db.query(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE person_id = ? ORDER BY ended_at DESC, id DESC LIMIT ?`, personID, limit)
	return scanSessions(rows, err)
}

func scanSessions(rows *sql.Rows, err error) ([]Session, error) {
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Session
	for rows.Next() {
		var s Session
		if err := s.scan(rows.Scan); err != nil {
			return nil, fmt.Errorf("sessions: %w", err)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// SignedInFrom reports whether the person began a session from this address since then.
func (db *DB) SignedInFrom(ctx context.Context, personID, address string, since time.Time) (bool, error) {
	var one int
	err := db.queryRow(ctx, `SELECT 1 FROM sessions WHERE person_id = ? AND address = ? AND started_at >= ? LIMIT 1`, personID, address, Millis(since)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// TouchSession notes that the person of a session did something.
func (db *DB) TouchSession(ctx context.Context, id string, now time.Time) error {
	_, err := db.exec(ctx, `UPDATE sessions SET seen_at = ? WHERE id = ? AND seen_at < ? AND ended_at IS NULL`, Millis(now), id, Millis(now))
	return err
}

// EndSession ends a session of a person; false when they have none of this id that was not ended before.
func (tx *Tx) EndSession(ctx context.Context, personID, id, why string, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE sessions SET ended_at = ?, ended_why = ? WHERE id = ? AND person_id = ? AND ended_at IS NULL`, Millis(now), why, id, personID)
	return n > 0, err
}

// EndSessions ends all sessions of a person but one ("" for all) and says how many.
func (tx *Tx) EndSessions(ctx context.Context, personID, but, why string, now time.Time) (int64, error) {
	return tx.exec(ctx, `UPDATE sessions SET ended_at = ?, ended_why = ? WHERE person_id = ? AND ended_at IS NULL AND id <> ?`, Millis(now), why, personID, but)
}

// DropSessions erases the sessions of a person, with the addresses that they came from: which must have ended.
func (tx *Tx) DropSessions(ctx context.Context, personID string) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE person_id = ? AND ended_at IS NOT NULL`, personID)
	return err
}

// RefreshToken is one link of a session's chain of refresh tokens.
type RefreshToken struct {
	Hash, SessionID string
	MadeAt          time.Time
	RotatedAt       time.Time // when it was exchanged for the next
	Salt            string    // makes the next of the token itself, once it is exchanged
}

// InsertRefreshToken stores a token to come.
func (tx *Tx) InsertRefreshToken(ctx context.Context, t RefreshToken) error {
	if _, err := tx.exec(ctx, `INSERT INTO refresh_tokens (hash, session_id, made_at, rotated_at, salt) VALUES (?, ?, ?, ?, ?)`,
		t.Hash, t.SessionID, Millis(t.MadeAt), Millis(t.RotatedAt), t.Salt); err != nil {
		return fmt.Errorf("refresh token: %w", err)
	}
	return nil
}

func readRefreshToken(ctx context.Context, q querier, hash string) (t RefreshToken, ok bool, err error) {
	t.Hash = hash
	err = q.queryRow(ctx, `SELECT session_id, made_at, rotated_at, salt FROM refresh_tokens WHERE hash = ?`, hash).
		Scan(&t.SessionID, (*Millis)(&t.MadeAt), (*Millis)(&t.RotatedAt), &t.Salt)
	if errors.Is(err, sql.ErrNoRows) {
		return t, false, nil
	}
	if err != nil {
		return t, false, fmt.Errorf("refresh token: %w", err)
	}
	return t, true, nil
}

// RefreshToken gives a token by its hash; ok is false when there is none.
func (db *DB) RefreshToken(ctx context.Context, hash string) (t RefreshToken, ok bool, err error) {
	return readRefreshToken(ctx, db, hash)
}

// RefreshToken gives a token as the transaction sees it.
func (tx *Tx) RefreshToken(ctx context.Context, hash string) (t RefreshToken, ok bool, err error) {
	return readRefreshToken(ctx, tx, hash)
}

// RotateRefreshToken marks a token as exchanged; false when it was exchanged before.
func (tx *Tx) RotateRefreshToken(ctx context.Context, hash, salt string, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE refresh_tokens SET rotated_at = ?, salt = ? WHERE hash = ? AND rotated_at IS NULL`, Millis(now), salt, hash)
	return n > 0, err
}

// ForgetSignIns drops up to limit each of: sign-ins and one-use codes that expired before now, refresh tokens made before
// tokens, sessions that expired before sessions. It says how many.
func (db *DB) ForgetSignIns(ctx context.Context, now, tokens, sessions time.Time, limit int) (int64, error) {
	var dropped int64
	for _, of := range []struct {
		find, drop string
		before     time.Time
	}{
		{`SELECT hash FROM sign_ins WHERE expires_at < ? ORDER BY expires_at, hash LIMIT ?`, `DELETE FROM sign_ins WHERE hash = ?`, now},
		{`SELECT hash FROM refresh_tokens WHERE made_at < ? ORDER BY made_at, hash LIMIT ?`, `DELETE FROM refresh_tokens WHERE hash = ?`, tokens},
		{`SELECT hash FROM one_use_codes WHERE expires_at < ? ORDER BY expires_at, hash LIMIT ?`, `DELETE FROM one_use_codes WHERE hash = ?`, now},
		{`SELECT id FROM sessions WHERE expires_at < ? ORDER BY expires_at, id LIMIT ?`, `DELETE FROM sessions WHERE id = ?`, sessions},
	} {
		rows, err := db.query(ctx, of.find, Millis(of.before), limit)
		if err != nil {
			return dropped, err
		}
		list, err := texts(rows)
		if err != nil {
			return dropped, err
		}
		for _, key := range list {
			n, err := db.exec(ctx, of.drop, key)
			if err != nil {
				return dropped, err
			}
			dropped += n
		}
	}
	return dropped, nil
}
