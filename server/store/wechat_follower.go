package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// WeChatFollower is somebody who follows the official account, or did.
type WeChatFollower struct {
	OpenID    string // of the official account
	UnionID   string
	PersonID  string // whose code they scanned; "" for none
	Follows   bool
	ChangedAt time.Time
}

func followerPlace(id string) string { return "wechat_followers.sealed:" + id }

func followerID(s Sealer, openid string) string { return s.Blind("oa-openid", openid) }

// NoteFollower stores what an event told of a follower, unless a later one has been told already. A scan without a person leaves
// the person known before. ErrChanged when another transaction was first.
func (tx *Tx) NoteFollower(ctx context.Context, f WeChatFollower) error {
	s := tx.Sealer()
	id := followerID(s, f.OpenID)
	sealed, err := s.Seal([]byte(f.OpenID), followerPlace(id))
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `UPDATE wechat_followers SET follows = ?, changed_at = ?, union_index = CASE WHEN ? = '' THEN union_index ELSE ? END, person_id = CASE WHEN ? = '' THEN person_id ELSE ? END WHERE id = ? AND changed_at <= ?`,
		f.Follows, Millis(f.ChangedAt), unionIndex(s, f.UnionID), unionIndex(s, f.UnionID), f.PersonID, f.PersonID, id, Millis(f.ChangedAt))
	if err != nil || n > 0 {
		return err
	}
	var one int
	err = tx.queryRow(ctx, `SELECT 1 FROM wechat_followers WHERE id = ?`, id).Scan(&one)
	if !errors.Is(err, sql.ErrNoRows) {
		return err // a later event was told first
	}
	_, err = tx.exec(ctx, `INSERT INTO wechat_followers (id, union_index, person_id, sealed, sealed_key, follows, changed_at) VALUES (`+marks(7)+`)`,
		id, unionIndex(s, f.UnionID), f.PersonID, sealed, s.CurrentKey(), f.Follows, Millis(f.ChangedAt))
	if isDuplicate(err) {
		return ErrChanged
	}
	return err
}

// FollowerOf gives the openid of the official account of who follows it: found by the person whose code they scanned, else by the unionid.
// "" for nobody.
func (db *DB) FollowerOf(ctx context.Context, personID, unionID string) (openid string, err error) {
	for _, by := range []struct{ column, value string }{{"person_id", personID}, {"union_index", unionIndex(db.Sealer(), unionID)}} {
		if by.value == "" {
			continue
		}
		var id, sealed string
		err := db.queryRow(ctx, `SELECT id, sealed FROM wechat_followers WHERE `+by.column+` = ? AND follows = 1 ORDER BY id LIMIT 1`, by.value).Scan(&id, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("wechat follower: %w", err)
		}
		plain, err := db.Sealer().Open(sealed, followerPlace(id))
		return string(plain), err
	}
	return "", nil
}

// Unfollow notes that the platform says that an openid of the official account follows it no longer.
func (db *DB) Unfollow(ctx context.Context, openid string, now time.Time) error {
	_, err := db.exec(ctx, `UPDATE wechat_followers SET follows = 0, changed_at = ? WHERE id = ?`, Millis(now), followerID(db.Sealer(), openid))
	return err
}

// DropFollowers erases who follows the official account as a person, or as who they are at the open platform.
func (tx *Tx) DropFollowers(ctx context.Context, personID, unionID string) error {
	if _, err := tx.exec(ctx, `DELETE FROM wechat_followers WHERE person_id = ?`, personID); err != nil || unionID == "" {
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM wechat_followers WHERE union_index = ?`, unionIndex(tx.Sealer(), unionID))
	return err
}

// ForgetFollowers drops up to limit each of: who has unfollowed before gone, and who has followed since before alone and is nobody whom we know.
func (db *DB) ForgetFollowers(ctx context.Context, gone, alone time.Time, limit int) (int64, error) {
	left, err := scanStrings(db.query(ctx, `SELECT id FROM wechat_followers WHERE follows = 0 AND changed_at < ? LIMIT ?`, Millis(gone), limit))
	if err != nil {
		return 0, fmt.Errorf("forget followers: %w", err)
	}
	nobodys, err := scanStrings(db.query(ctx, `SELECT id FROM wechat_followers WHERE follows = 1 AND changed_at < ? AND person_id = ''
		AND NOT EXISTS (SELECT 1 FROM wechat_identities i WHERE i.union_index = wechat_followers.union_index AND i.union_index <> '') LIMIT ?`, Millis(alone), limit))
	if err != nil {
		return 0, fmt.Errorf("forget followers: %w", err)
	}
	var dropped int64
	for _, id := range left {
		n, err := db.exec(ctx, `DELETE FROM wechat_followers WHERE id = ? AND follows = 0`, id)
		if err != nil {
			return dropped, err
		}
		dropped += n
	}
	for _, id := range nobodys { // whoever has scanned a code meanwhile is somebody
		n, err := db.exec(ctx, `DELETE FROM wechat_followers WHERE id = ? AND person_id = '' AND changed_at < ?`, id, Millis(alone))
		if err != nil {
			return dropped, err
		}
		dropped += n
	}
	return dropped, nil
}

// PartFollower parts whoever scanned a person's code from that person.
func (tx *Tx) PartFollower(ctx context.Context, personID string) error {
	_, err := tx.exec(ctx, `UPDATE wechat_followers SET person_id = '' WHERE person_id = ?`, personID)
	return err
}
