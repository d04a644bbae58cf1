package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// residentPrefix begins the id of a WeChat identity, which is the person id of its resident. No person of the organisation has
// one like it.
const residentPrefix = "r-"

// IsResident reports whether a person id is that of a resident who came in through WeChat.
func IsResident(personID string) bool { return strings.HasPrefix(personID, residentPrefix) }

// WeChatIdentity is one person in WeChat.
type WeChatIdentity struct {
	ID         string
	Version    int64
	OpenID     string // of the mini-program
	UnionID    string // "" when mini-program and official account are not joined
	StaffID    string // the member of staff who has bound it; "" for none
	StaffAt    time.Time
	StaffBy    BoundBy   // what it was bound with
	ResidentAt time.Time // since when its owner uses it as a resident
	CreatedAt  time.Time
	SeenAt     time.Time
}

// BoundBy is what a member of staff has bound WeChat with. "" is of a binding from before this was kept, and counts as ByPhone.
type BoundBy string

// The ways.
const (
	ByPhone      BoundBy = "phone"      // their number in the organisation, alone
	ByCode       BoundBy = "code"       // the number, and a code of the second factor
	ByInvitation BoundBy = "invitation" // an invitation that the system administrator made for them
)

// ByNumberAlone says that a member of staff has bound the identity by nothing but their number, which can be taken over.
func (i *WeChatIdentity) ByNumberAlone() bool {
	return i.StaffID != "" && i.StaffBy != ByCode && i.StaffBy != ByInvitation
}

// OpenIDIndex is the blind index of an openid of the mini-program.
func OpenIDIndex(s Sealer, openid string) string { return s.Blind("openid", openid) }

// unionIndex is "" for no unionid.
func unionIndex(s Sealer, unionid string) string {
	if unionid == "" {
		return ""
	}
	return s.Blind("unionid", unionid)
}

// sealedIdentity is what is sealed of an identity.
type sealedIdentity struct {
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid,omitempty"`
}

func identityPlace(id string) string { return "wechat_identities.sealed:" + id }

const identityColumns = `id, version, sealed, staff_id, staff_at, staff_by, resident_at, created_at, seen_at`

func (i *WeChatIdentity) scan(s Sealer, scan func(dest ...any) error) error {
	var sealed string
	var staff sql.NullString
	if err := scan(&i.ID, &i.Version, &sealed, &staff, (*Millis)(&i.StaffAt), &i.StaffBy, (*Millis)(&i.ResidentAt), (*Millis)(&i.CreatedAt), (*Millis)(&i.SeenAt)); err != nil {
		return err
	}
	i.StaffID = staff.String
	plain, err := s.Open(sealed, identityPlace(i.ID))
	if err != nil {
		return err
	}
	var open sealedIdentity
	err = json.Unmarshal(plain, &open)
	i.OpenID, i.UnionID = open.OpenID, open.UnionID
	return err
}

func readIdentity(ctx context.Context, q querier, where, arg string) (i WeChatIdentity, ok bool, err error) {
	err = i.scan(q.Sealer(), q.queryRow(ctx, `SELECT `+identityColumns+` FROM wechat_identities WHERE `+where, arg).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return WeChatIdentity{}, false, nil
	}
	if err != nil {
		return WeChatIdentity{}, false, fmt.Errorf("wechat identity: %w", err)
	}
	return i, true, nil
}

// WeChatIdentity finds an identity by its id; ok is false when there is none.
func (db *DB) WeChatIdentity(ctx context.Context, id string) (i WeChatIdentity, ok bool, err error) {
	return readIdentity(ctx, db, `id = ?`, id)
}

// WeChatIdentity finds an identity by its id, as the transaction sees it.
func (tx *Tx) WeChatIdentity(ctx context.Context, id string) (i WeChatIdentity, ok bool, err error) {
	return readIdentity(ctx, tx, `id = ?`, id)
}

// WeChatIdentityOf finds the identity of an openid of the mini-program.
func (db *DB) WeChatIdentityOf(ctx context.Context, openid string) (i WeChatIdentity, ok bool, err error) {
	return readIdentity(ctx, db, `openid_index = ?`, OpenIDIndex(db.Sealer(), openid))
}

// WeChatIdentityOf finds the identity of an openid of the mini-program, as the transaction sees it.
func (tx *Tx) WeChatIdentityOf(ctx context.Context, openid string) (i WeChatIdentity, ok bool, err error) {
	return readIdentity(ctx, tx, `openid_index = ?`, OpenIDIndex(tx.Sealer(), openid))
}

// WeChatIdentityOfStaff finds the identity that a member of staff has bound.
func (db *DB) WeChatIdentityOfStaff(ctx context.Context, personID string) (i WeChatIdentity, ok bool, err error) {
	return readIdentity(ctx, db, `staff_id = ?`, personID)
}

// WeChatIdentityOfStaff finds the identity that a member of staff has bound, as the transaction sees it.
func (tx *Tx) WeChatIdentityOfStaff(ctx context.Context, personID string) (i WeChatIdentity, ok bool, err error) {
	return readIdentity(ctx, tx, `staff_id = ?`, personID)
}

// SaveWeChatIdentity stores an identity over the version that was read; one without an ID is new and gets one. ErrChanged when
// another transaction was first: to change it, to store this openid, or to bind this member of staff.
func (tx *Tx) SaveWeChatIdentity(ctx context.Context, i *WeChatIdentity) error {
	s := tx.Sealer()
	id := i.ID
	if id == "" {
		id = residentPrefix + uuid.Must(uuid.NewV7()).String()
	}
	plain, err := json.Marshal(sealedIdentity{OpenID: i.OpenID, UnionID: i.UnionID})
	if err != nil {
		return err
	}
	sealed, err := s.Seal(plain, identityPlace(id))
	if err != nil {
		return err
	}
	staff := sql.NullString{String: i.StaffID, Valid: i.StaffID != ""}
	args := []any{i.Version + 1, unionIndex(s, i.UnionID), sealed, s.CurrentKey(), staff, Millis(i.StaffAt), string(i.StaffBy), Millis(i.ResidentAt), Millis(i.SeenAt), id}
	n := int64(1)
	if i.ID == "" {
		_, err = tx.exec(ctx, `INSERT INTO wechat_identities (version, union_index, sealed, sealed_key, staff_id, staff_at, staff_by, resident_at, seen_at, id, created_at, openid_index) VALUES (`+marks(12)+`)`,
			append(args, Millis(i.CreatedAt), OpenIDIndex(s, i.OpenID))...)
	} else {
		n, err = tx.exec(ctx, `UPDATE wechat_identities SET version = ?, union_index = ?, sealed = ?, sealed_key = ?, staff_id = ?, staff_at = ?, staff_by = ?, resident_at = ?, seen_at = ? WHERE id = ? AND version = ?`, append(args, i.Version)...)
	}
	switch {
	case isDuplicate(err) || err == nil && n == 0:
		return ErrChanged
	case err != nil:
		return fmt.Errorf("wechat identity: %w", err)
	}
	i.ID, i.Version = id, i.Version+1
	return nil
}

// ResidentPhone is a number that a resident has bound.
type ResidentPhone struct {
	ID, IdentityID string
	Requester      string // its blind index, by which tickets name who asks
	Number         string
	BoundAt        time.Time
}

func phonePlace(id string) string { return "resident_phones.sealed:" + id }

const phoneColumns = `id, identity_id, requester, sealed, bound_at`

func (p *ResidentPhone) scan(s Sealer, scan func(dest ...any) error) error {
	var sealed string
	if err := scan(&p.ID, &p.IdentityID, &p.Requester, &sealed, (*Millis)(&p.BoundAt)); err != nil {
		return err
	}
	plain, err := s.Open(sealed, phonePlace(p.ID))
	p.Number = string(plain)
	return err
}

func readPhones(ctx context.Context, q querier, where, arg string) (list []ResidentPhone, err error) {
	rows, err := q.query(ctx, `SELECT `+phoneColumns+` FROM resident_phones WHERE `+where+` ORDER BY id`, arg)
	if err != nil {
		return nil, fmt.Errorf("resident phones: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p ResidentPhone
		if err := p.scan(q.Sealer(), rows.Scan); err != nil {
			return nil, fmt.Errorf("resident phones: %w", err)
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// ResidentPhones lists the phones that an identity has bound.
func (db *DB) ResidentPhones(ctx context.Context, identityID string) ([]ResidentPhone, error) {
	return readPhones(ctx, db, `identity_id = ?`, identityID)
}

// ResidentPhones lists the phones that an identity has bound, as the transaction sees it.
func (tx *Tx) ResidentPhones(ctx context.Context, identityID string) ([]ResidentPhone, error) {
	return readPhones(ctx, tx, `identity_id = ?`, identityID)
}

// PhoneHolder gives the phone behind a requester key with who has bound it; ok is false when nobody has.
func (db *DB) PhoneHolder(ctx context.Context, requester string) (p ResidentPhone, ok bool, err error) {
	return phoneHolder(ctx, db, requester)
}

// PhoneHolder gives the phone behind a requester key as the transaction sees it.
func (tx *Tx) PhoneHolder(ctx context.Context, requester string) (p ResidentPhone, ok bool, err error) {
	return phoneHolder(ctx, tx, requester)
}

func phoneHolder(ctx context.Context, q querier, requester string) (p ResidentPhone, ok bool, err error) {
	list, err := readPhones(ctx, q, `requester = ?`, requester)
	if err != nil || len(list) == 0 {
		return p, false, err
	}
	return list[0], true, nil
}

// PutResidentPhone stores a new phone. ErrChanged when somebody has it already.
func (tx *Tx) PutResidentPhone(ctx context.Context, p *ResidentPhone) error {
	s := tx.Sealer()
	p.ID = uuid.Must(uuid.NewV7()).String()
	sealed, err := s.Seal([]byte(p.Number), phonePlace(p.ID))
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO resident_phones (requester, id, identity_id, sealed, sealed_key, bound_at) VALUES (`+marks(6)+`)`, p.Requester, p.ID, p.IdentityID, sealed, s.CurrentKey(), Millis(p.BoundAt))
	if isDuplicate(err) {
		return ErrChanged
	}
	if err != nil {
		return fmt.Errorf("resident phone: %w", err)
	}
	return nil
}

// DropResidentPhone takes a phone from an identity; false when it has none of this id.
func (tx *Tx) DropResidentPhone(ctx context.Context, identityID, id string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM resident_phones WHERE id = ? AND identity_id = ?`, id, identityID)
	return n > 0, err
}

// Resident gives the requester keys that a resident may act for: of their own phones, and of those of people who have consented. ok
// is false for who is no resident, or no longer.
func (db *DB) Resident(ctx context.Context, id string) (requesters []string, ok bool, err error) {
	var since Millis
	err = db.queryRow(ctx, `SELECT resident_at FROM wechat_identities WHERE id = ?`, id).Scan(&since)
	if errors.Is(err, sql.ErrNoRows) || err == nil && time.Time(since).IsZero() {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("resident: %w", err)
	}
	requesters, err = scanStrings(db.query(ctx, `SELECT requester FROM resident_phones WHERE identity_id = ? ORDER BY id`, id))
	if err != nil {
		return nil, false, fmt.Errorf("resident: %w", err)
	}
	family, err := scanStrings(db.query(ctx, `SELECT rp.requester FROM family_consents f JOIN resident_phones rp ON rp.identity_id = f.grantor WHERE f.grantee = ? AND f.ended_at IS NULL`, id))
	return append(requesters, family...), true, err
}

// HoldWeChat lets a member of staff bind WeChat by an invitation only.
func (tx *Tx) HoldWeChat(ctx context.Context, personID string, now time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO wechat_holds (person_id, held_at) VALUES (?, ?)`, personID, Millis(now))
	if err != nil && !isDuplicate(err) {
		return fmt.Errorf("wechat hold: %w", err)
	}
	return nil
}

// ReleaseWeChat ends a hold.
func (tx *Tx) ReleaseWeChat(ctx context.Context, personID string) error {
	_, err := tx.exec(ctx, `DELETE FROM wechat_holds WHERE person_id = ?`, personID)
	return err
}

// WeChatHeld reports whether a member of staff may bind WeChat by an invitation only.
func (tx *Tx) WeChatHeld(ctx context.Context, personID string) (bool, error) {
	var one int
	err := tx.queryRow(ctx, `SELECT 1 FROM wechat_holds WHERE person_id = ?`, personID).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// NobodysIdentities lists up to limit identities that neither a member of staff nor a resident uses.
func (db *DB) NobodysIdentities(ctx context.Context, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT id FROM wechat_identities WHERE resident_at IS NULL AND staff_id IS NULL ORDER BY id LIMIT ?`, limit))
}

// UnusedIdentities lists up to limit identities that nobody has signed in with since the instant given, the longest unused first.
func (db *DB) UnusedIdentities(ctx context.Context, before time.Time, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT id FROM wechat_identities WHERE seen_at < ? ORDER BY seen_at, id LIMIT ?`, Millis(before), limit))
}

// StaffIdentities lists the members of staff who have bound WeChat, by id, behind the one given.
func (db *DB) StaffIdentities(ctx context.Context, after string, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT staff_id FROM wechat_identities WHERE staff_id > ? ORDER BY staff_id LIMIT ?`, after, limit))
}

// EndWeChatSessions ends all sessions that were begun with an identity, and says whose they were.
func (tx *Tx) EndWeChatSessions(ctx context.Context, identityID, why string, now time.Time) (people []string, err error) {
	people, err = scanStrings(tx.query(ctx, `SELECT DISTINCT person_id FROM sessions WHERE wechat_id = ? AND ended_at IS NULL`, identityID))
	if err != nil || len(people) == 0 {
		return nil, err
	}
	_, err = tx.exec(ctx, `UPDATE sessions SET ended_at = ?, ended_why = ? WHERE wechat_id = ? AND ended_at IS NULL`, Millis(now), why, identityID)
	return people, err
}
