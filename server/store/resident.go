package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// PrivacyNotice is one version of what residents consent to.
type PrivacyNotice struct {
	Version int
	Body    string
	MadeBy  string
	MadeAt  time.Time
}

// PrivacyNotice gives the latest version that was published here; ok is false for none.
func (db *DB) PrivacyNotice(ctx context.Context) (n PrivacyNotice, ok bool, err error) {
	err = db.queryRow(ctx, `SELECT version, body, made_by, made_at FROM privacy_notices ORDER BY version DESC LIMIT 1`).Scan(&n.Version, &n.Body, &n.MadeBy, (*Millis)(&n.MadeAt))
	if errors.Is(err, sql.ErrNoRows) {
		return n, false, nil
	}
	return n, err == nil, err
}

// InsertPrivacyNotice publishes a version. ErrTaken when there is one of its number.
func (tx *Tx) InsertPrivacyNotice(ctx context.Context, n PrivacyNotice) error {
	_, err := tx.exec(ctx, `INSERT INTO privacy_notices (version, body, made_by, made_at) VALUES (?, ?, ?, ?)`, n.Version, n.Body, n.MadeBy, Millis(n.MadeAt))
	if isDuplicate(err) {
		return ErrTaken
	}
	return err
}

// PrivacyConsent is a resident's consent to a version of the notice.
type PrivacyConsent struct {
	Version int       `json:"version" doc:"隐私政策的版本"`
	Hash    string    `json:"hash" doc:"所同意的文本的校验值（SHA-256）"`
	At      time.Time `json:"at" doc:"同意的时间"`
}

// Consent records a consent, once for each version.
func (tx *Tx) Consent(ctx context.Context, personID string, c PrivacyConsent) error {
	_, err := tx.exec(ctx, `INSERT INTO privacy_consents (person_id, version, hash, at) VALUES (?, ?, ?, ?)`, personID, c.Version, c.Hash, Millis(c.At))
	if err != nil && !isDuplicate(err) {
		return fmt.Errorf("consent: %w", err)
	}
	return nil
}

// Consents lists a resident's consents, the latest version first.
func (db *DB) Consents(ctx context.Context, personID string) (list []PrivacyConsent, err error) {
	rows, err := db.query(ctx, `SELECT version, hash, at FROM privacy_consents WHERE person_id = ? ORDER BY version DESC LIMIT 100`, personID)
	if err != nil {
		return nil, fmt.Errorf("consents: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c PrivacyConsent
		if err := rows.Scan(&c.Version, &c.Hash, (*Millis)(&c.At)); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// FamilyConsent lets one resident see and do what is another's.
type FamilyConsent struct {
	ID, Grantor, Grantee, Relation string
	MadeAt                         time.Time
	EndedAt                        time.Time // zero while it holds
}

// InsertFamilyConsent records a consent, as new. One that the two have already stays as it is, so that ending it ends the access.
func (tx *Tx) InsertFamilyConsent(ctx context.Context, f FamilyConsent) error {
	_, err := tx.exec(ctx, `INSERT INTO family_consents (id, grantor, grantee, relation, made_at, ended_at, ended_by, ended_key) VALUES (?, ?, ?, ?, ?, NULL, '', '')`,
		uuid.Must(uuid.NewV7()).String(), f.Grantor, f.Grantee, f.Relation, Millis(f.MadeAt))
	if isDuplicate(err) {
		return nil
	}
	return err
}

// EndFamilyConsent ends a consent of which a person is one of the two; false when they have none of this id.
func (tx *Tx) EndFamilyConsent(ctx context.Context, personID, id string, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE family_consents SET ended_at = ?, ended_by = ?, ended_key = id WHERE id = ? AND ended_at IS NULL AND (grantor = ? OR grantee = ?)`, Millis(now), personID, id, personID, personID)
	return n > 0, err
}

// EndFamilyConsents ends every consent of which a person is one of the two.
func (tx *Tx) EndFamilyConsents(ctx context.Context, personID string, now time.Time) error {
	for _, column := range []string{"grantor", "grantee"} {
		if _, err := tx.exec(ctx, `UPDATE family_consents SET ended_at = ?, ended_by = ?, ended_key = id WHERE `+column+` = ? AND ended_at IS NULL`, Millis(now), personID, personID); err != nil {
			return err
		}
	}
	return nil
}

// FamilyConsent gives a consent that holds; ok is false for one that has ended, and for none.
func (db *DB) FamilyConsent(ctx context.Context, id string) (f FamilyConsent, ok bool, err error) {
	err = db.queryRow(ctx, `SELECT id, grantor, grantee, relation, made_at FROM family_consents WHERE id = ? AND ended_at IS NULL`, id).
		Scan(&f.ID, &f.Grantor, &f.Grantee, &f.Relation, (*Millis)(&f.MadeAt))
	if errors.Is(err, sql.ErrNoRows) {
		return f, false, nil
	}
	return f, err == nil, err
}

// FamilyConsents lists the consents that hold of which a person is the grantor, and then those of which they are the grantee.
func (db *DB) FamilyConsents(ctx context.Context, personID string) ([]FamilyConsent, error) {
	return db.family(ctx, personID, ` AND ended_at IS NULL ORDER BY id LIMIT 50`)
}

// FamilyHistory is FamilyConsents with those that have ended.
func (db *DB) FamilyHistory(ctx context.Context, personID string) ([]FamilyConsent, error) {
	return db.family(ctx, personID, ` ORDER BY ended_at, id LIMIT 1000`)
}

func (db *DB) family(ctx context.Context, personID, rest string) (list []FamilyConsent, err error) {
	for _, column := range []string{"grantor", "grantee"} {
		rows, err := db.query(ctx, `SELECT id, grantor, grantee, relation, made_at, ended_at FROM family_consents WHERE `+column+` = ?`+rest, personID)
		if err != nil {
			return nil, fmt.Errorf("family consents: %w", err)
		}
		for rows.Next() {
			var f FamilyConsent
			if err := rows.Scan(&f.ID, &f.Grantor, &f.Grantee, &f.Relation, (*Millis)(&f.MadeAt), (*Millis)(&f.EndedAt)); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			list = append(list, f)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Enterprise is one that a resident acts for.
type Enterprise struct {
	CreditCode string    `json:"credit_code" doc:"统一社会信用代码"`
	Name       string    `json:"name" doc:"企业名称"`
	BoundAt    time.Time `json:"bound_at" doc:"绑定时间"`
}

// PutEnterprise lets a resident act for an enterprise; one they act for already stays as it is.
func (tx *Tx) PutEnterprise(ctx context.Context, identityID string, e Enterprise) error {
	_, err := tx.exec(ctx, `INSERT INTO resident_enterprises (identity_id, credit_code, name, bound_at) VALUES (?, ?, ?, ?)`, identityID, e.CreditCode, e.Name, Millis(e.BoundAt))
	if isDuplicate(err) {
		return nil
	}
	return err
}

// DropEnterprises takes an enterprise from a resident, all for ""; it says how many.
func (tx *Tx) DropEnterprises(ctx context.Context, identityID, creditCode string) (int64, error) {
	if creditCode == "" {
		return tx.exec(ctx, `DELETE FROM resident_enterprises WHERE identity_id = ?`, identityID)
	}
	return tx.exec(ctx, `DELETE FROM resident_enterprises WHERE identity_id = ? AND credit_code = ?`, identityID, creditCode)
}

// Enterprises lists those that a resident acts for.
func (db *DB) Enterprises(ctx context.Context, identityID string) (list []Enterprise, err error) {
	rows, err := db.query(ctx, `SELECT credit_code, name, bound_at FROM resident_enterprises WHERE identity_id = ? ORDER BY credit_code LIMIT 50`, identityID)
	if err != nil {
		return nil, fmt.Errorf("enterprises: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e Enterprise
		if err := rows.Scan(&e.CreditCode, &e.Name, (*Millis)(&e.BoundAt)); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// DropWeChatIdentity erases an identity that is nobody's any more.
func (tx *Tx) DropWeChatIdentity(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM wechat_identities WHERE id = ? AND staff_id IS NULL AND resident_at IS NULL`, id)
	return err
}
