package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// WeChatPush is an event that WeChat has pushed and nobody has finished with.
type WeChatPush struct {
	ID       string
	Body     []byte // nil for what does not open
	Attempts int    // begun, this one not among them
	Received Millis

	next Millis
}

func pushPlace(id string) string { return "wechat_pushes.body:" + id }

// KeepWeChatPush stores an event, sealed, to be worked on at once. It reports whether it was new.
func (db *DB) KeepWeChatPush(ctx context.Context, id string, body []byte, now time.Time) (bool, error) {
	sealed, err := db.Sealer().Seal(body, pushPlace(id))
	if err != nil {
		return false, err
	}
	_, err = db.exec(ctx, `INSERT INTO wechat_pushes (id, body, received_at, next_at, attempts) VALUES (?, ?, ?, ?, 0)`, id, sealed, Millis(now), Millis(now))
	if isDuplicate(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("wechat push: %w", err)
	}
	return true, nil
}

// DueWeChatPushes gives up to limit events that are to be worked on now, the longest waiting first.
func (db *DB) DueWeChatPushes(ctx context.Context, now time.Time, limit int) (list []WeChatPush, err error) {
	rows, err := db.query(ctx, `SELECT id, body, received_at, next_at, attempts FROM wechat_pushes WHERE next_at <= ? ORDER BY next_at, id LIMIT ?`, Millis(now), limit)
	if err != nil {
		return nil, fmt.Errorf("wechat pushes: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p WeChatPush
		var sealed string
		if err := rows.Scan(&p.ID, &sealed, &p.Received, &p.next, &p.Attempts); err != nil {
			return nil, err
		}
		if p.Body, err = db.Sealer().Open(sealed, pushPlace(p.ID)); err != nil {
			p.Body = nil // one that is damaged must not keep the others waiting
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// TakeWeChatPush takes an event for oneself until the instant given, and reports whether nobody was first.
func (db *DB) TakeWeChatPush(ctx context.Context, p WeChatPush, until time.Time) (bool, error) {
	n, err := db.exec(ctx, `UPDATE wechat_pushes SET next_at = ?, attempts = attempts + 1 WHERE id = ? AND next_at = ? AND attempts = ?`, Millis(until), p.ID, p.next, p.Attempts)
	return n > 0, err
}

// PutOffWeChatPush lets an event that was taken be looked at again at an instant.
func (db *DB) PutOffWeChatPush(ctx context.Context, id string, next time.Time) error {
	_, err := db.exec(ctx, `UPDATE wechat_pushes SET next_at = ? WHERE id = ? AND next_at IS NOT NULL`, Millis(next), id)
	return err
}

// EndWeChatPush is done with an event and drops what it said.
func (db *DB) EndWeChatPush(ctx context.Context, id string) error {
	_, err := db.exec(ctx, `UPDATE wechat_pushes SET next_at = NULL, body = '' WHERE id = ?`, id)
	return err
}

// ForgetWeChatPushes drops up to limit events from before the instant given, done or not, and says how many were not.
func (db *DB) ForgetWeChatPushes(ctx context.Context, before time.Time, limit int) (n int, undone int, err error) {
	rows, err := db.query(ctx, `SELECT id, next_at IS NOT NULL FROM wechat_pushes WHERE received_at < ? ORDER BY received_at, id LIMIT ?`, Millis(before), limit)
	if err != nil {
		return 0, 0, fmt.Errorf("wechat pushes: %w", err)
	}
	var ids []string
	for rows.Next() {
		var id string
		var open bool
		if err := rows.Scan(&id, &open); err != nil {
			return 0, 0, errors.Join(err, rows.Close())
		}
		if open {
			undone++
		}
		ids = append(ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, 0, err
	}
	for _, id := range ids {
		if _, err := db.exec(ctx, `DELETE FROM wechat_pushes WHERE id = ?`, id); err != nil {
			return n, undone, err
		}
		n++
	}
	return n, undone, nil
}
