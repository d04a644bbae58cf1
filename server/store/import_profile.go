package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// ImportProfile is a saved import profile.
type ImportProfile struct {
	Profile   ticket.Profile
	Version   int64
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
	UpdatedBy string
}

// ErrNoProfile says that there is no saved profile with that id.
var ErrNoProfile = apperr.New(apperr.NotFound, "profile.not_found", "没有找到这个导入模板，请刷新后重试。")

// maxImportProfiles is how many profiles of a source are looked at, far above what people keep apart.
const maxImportProfiles = 500

const profileColumns = `body, version, created_at, created_by, updated_at, updated_by`

func scanProfile(scan func(...any) error) (ImportProfile, error) {
	var p ImportProfile
	var body []byte
	if err := scan(&body, &p.Version, (*Millis)(&p.CreatedAt), &p.CreatedBy, (*Millis)(&p.UpdatedAt), &p.UpdatedBy); err != nil {
		return p, err
	}
	if err := json.Unmarshal(body, &p.Profile); err != nil {
		return p, fmt.Errorf("import profile: %w", err)
	}
	return p, nil
}

// ImportProfiles lists the saved profiles of a source by name.
func (db *DB) ImportProfiles(ctx context.Context, source ticket.Source) ([]ImportProfile, error) {
	rows, err := db.query(ctx, `SELECT `+profileColumns+` FROM import_profiles WHERE source = ? ORDER BY name LIMIT ?`, string(source), maxImportProfiles)
	if err != nil {
		return nil, fmt.Errorf("import profiles: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []ImportProfile
	for rows.Next() {
		p, err := scanProfile(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// ImportProfile loads one profile; ErrNoProfile when there is none.
func (tx *Tx) ImportProfile(ctx context.Context, id string) (ImportProfile, error) {
	p, err := scanProfile(tx.queryRow(ctx, `SELECT `+profileColumns+` FROM import_profiles WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNoProfile
	}
	return p, err
}

// errProfileName says that a source has a profile of that name.
func errProfileName(name string) error {
	return apperr.New(apperr.AlreadyExists, "profile.name_taken", "这个来源已有名为“%s”的模板，请换一个名称，或修改原来的模板。", name)
}

// InsertImportProfile stores a new profile. The name must be new to its source.
func (tx *Tx) InsertImportProfile(ctx context.Context, p ImportProfile) error {
	body, err := json.Marshal(p.Profile)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO import_profiles (id, source, name, version, body, created_at, created_by, updated_at, updated_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.Profile.ID, string(p.Profile.Source), p.Profile.Name, p.Version, body, Millis(p.CreatedAt), p.CreatedBy, Millis(p.UpdatedAt), p.UpdatedBy)
	if isDuplicate(err) {
		return errProfileName(p.Profile.Name)
	}
	return err
}

// UpdateImportProfile stores a changed profile, if it still has the version before p.Version; changed says whether it had.
func (tx *Tx) UpdateImportProfile(ctx context.Context, p ImportProfile) (changed bool, err error) {
	body, err := json.Marshal(p.Profile)
	if err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, `UPDATE import_profiles SET source = ?, name = ?, version = ?, body = ?, updated_at = ?, updated_by = ? WHERE id = ? AND version = ?`,
		string(p.Profile.Source), p.Profile.Name, p.Version, body, Millis(p.UpdatedAt), p.UpdatedBy, p.Profile.ID, p.Version-1)
	if isDuplicate(err) {
		return false, errProfileName(p.Profile.Name)
	}
	return n > 0, err
}

// DeleteImportProfile removes a profile; tickets that came in by it stay as they are.
func (tx *Tx) DeleteImportProfile(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM import_profiles WHERE id = ?`, id)
	return err
}
