package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/apperr"
)

// AttachmentState says where an attachment stands.
type AttachmentState string

// The states of an attachment: uploading → ready → kept (in a case) → erased by retention; dropped before it got into one.
const (
	AttachmentUploading AttachmentState = "uploading"
	AttachmentReady     AttachmentState = "ready"
	AttachmentKept      AttachmentState = "kept"
	AttachmentDropped   AttachmentState = "dropped"
	AttachmentErased    AttachmentState = "erased"
)

// Attachment is a file that somebody uploads or has uploaded; its bytes lie in a blob.Store.
type Attachment struct {
	ID    string
	Owner string // person id
	// CaseID is "" until a command has brought it into a case.
	CaseID string
	State  AttachmentState
	// Name is the file's own and Key the one that its bytes are sealed with; both sealed at rest, and empty once it is erased.
	Name string
	Key  []byte
	// Announced is how many bytes the client said that it has, Digest their SHA-256 in hex; "" when it did not say.
	Announced int64
	Digest    string
	// What has become of it, once it is ready.
	Type          string
	Size          int64
	SHA256        string
	Thumb         bool
	Width, Height int
	CreatedAt     time.Time
	DropAt        time.Time // when its bytes are to go; zero for never
	KeptAt        time.Time // since when it is kept at the earliest; zero before it is in a case
	// NoteID is the ticket's note that it belongs to instead of a case, and Review where it stands there: "" once others may see it.
	NoteID, Review string
}

// What can be wrong with an attachment.
var (
	ErrNoAttachment = apperr.New(apperr.NotFound, "attachment.not_found", "没有找到这个附件，或已不再保存。")
	// ErrAttachmentTaken says that it is no longer in the state that somebody found it in.
	ErrAttachmentTaken = apperr.New(apperr.Aborted, "attachment.changed", "附件刚有变动（已使用、放弃或删除），请刷新后重试。")
)

func placeOfAttachment(id string) string { return "attachments.sealed:" + id }

// sealedAttachment is what of an attachment is sealed in its row.
type sealedAttachment struct {
	Name string `json:"name"`
	Key  []byte `json:"key"`
}

// InsertAttachment stores an upload that begins. An id that is there already is ErrAttachmentTaken.
func (tx *Tx) InsertAttachment(ctx context.Context, a Attachment) error {
	plain, err := json.Marshal(sealedAttachment{a.Name, a.Key})
	if err != nil {
		return err
	}
	sealed, err := tx.Sealer().Seal(plain, placeOfAttachment(a.ID))
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO attachments (id, owner, case_id, state, sealed, sealed_key, announced, digest, type, size, sha256, thumb, width, height, created_at, drop_at)
		VALUES (?, ?, '', ?, ?, ?, ?, ?, '', 0, '', 0, 0, 0, ?, ?)`,
		a.ID, a.Owner, string(AttachmentUploading), sealed, tx.Sealer().CurrentKey(), a.Announced, a.Digest, Millis(a.CreatedAt), Millis(a.DropAt))
	if isDuplicate(err) {
		return ErrAttachmentTaken
	}
	if err != nil {
		return fmt.Errorf("attachment %s: %w", a.ID, err)
	}
	return nil
}

const attachmentColumns = `id, owner, case_id, state, sealed, announced, digest, type, size, sha256, thumb, width, height, created_at, drop_at, kept_at, note_id, review`

func scanAttachment(s Sealer, scan func(...any) error) (Attachment, error) {
	var a Attachment
	var sealed string
	err := scan(&a.ID, &a.Owner, &a.CaseID, &a.State, &sealed, &a.Announced, &a.Digest, &a.Type, &a.Size, &a.SHA256, &a.Thumb, &a.Width, &a.Height,
		(*Millis)(&a.CreatedAt), (*Millis)(&a.DropAt), (*Millis)(&a.KeptAt), &a.NoteID, &a.Review)
	if err != nil || sealed == "" {
		return a, err
	}
	plain, err := s.Open(sealed, placeOfAttachment(a.ID))
	if err != nil {
		return a, err
	}
	var in sealedAttachment
	if err := json.Unmarshal(plain, &in); err != nil {
		return a, fmt.Errorf("attachment %s: %w", a.ID, err)
	}
	a.Name, a.Key = in.Name, in.Key
	return a, nil
}

func attachment(ctx context.Context, q querier, id string) (Attachment, error) {
	a, err := scanAttachment(q.Sealer(), q.queryRow(ctx, `SELECT `+attachmentColumns+` FROM attachments WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrNoAttachment
	}
	return a, err
}

// Attachment loads one.
func (db *DB) Attachment(ctx context.Context, id string) (Attachment, error) {
	return attachment(ctx, db, id)
}

// Attachment loads one.
func (tx *Tx) Attachment(ctx context.Context, id string) (Attachment, error) {
	return attachment(ctx, tx, id)
}

// CaseAttachments lists the attachments of a case in the order in which their upload began, behind the id given.
func (db *DB) CaseAttachments(ctx context.Context, caseID, after string, limit int) ([]Attachment, error) {
	rows, err := db.query(ctx, `SELECT `+attachmentColumns+` FROM attachments WHERE case_id = ? AND id > ? ORDER BY id LIMIT ?`, caseID, after, limit)
	return scanAttachments(db.Sealer(), rows, err)
}

func scanAttachments(s Sealer, rows *sql.Rows, err error) (list []Attachment, _ error) {
	if err != nil {
		return nil, fmt.Errorf("attachments: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		a, err := scanAttachment(s, rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// OwnAttachments lists what somebody has brought into cases and is still kept, in the order in which its upload began, behind the id given.
func (db *DB) OwnAttachments(ctx context.Context, owner, after string, limit int) ([]Attachment, error) {
	rows, err := db.query(ctx, `SELECT `+attachmentColumns+` FROM attachments WHERE owner = ? AND state = 'kept' AND id > ? ORDER BY id LIMIT ?`, owner, after, limit)
	return scanAttachments(db.Sealer(), rows, err)
}

// Uploads counts what somebody has uploaded, or is uploading, that is in no case yet, and the bytes that they announced.
func (tx *Tx) Uploads(ctx context.Context, owner string) (n int, bytes int64, err error) {
	err = tx.queryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(announced), 0) FROM attachments WHERE owner = ? AND case_id = '' AND state IN ('uploading', 'ready')`, owner).Scan(&n, &bytes)
	return n, bytes, err
}

// AttachmentIsReady notes what has become of an upload, once. ErrAttachmentTaken when it is no upload any more.
func (tx *Tx) AttachmentIsReady(ctx context.Context, a Attachment) error {
	return tx.moveAttachment(ctx, `UPDATE attachments SET state = 'ready', type = ?, size = ?, sha256 = ?, thumb = ?, width = ?, height = ? WHERE id = ? AND state = 'uploading'`,
		a.Type, a.Size, a.SHA256, a.Thumb, a.Width, a.Height, a.ID)
}

// KeepAttachment brings an upload into a case. ErrAttachmentTaken when somebody was first.
func (tx *Tx) KeepAttachment(ctx context.Context, id, owner, caseID string, now time.Time) error {
	return tx.moveAttachment(ctx, `UPDATE attachments SET state = 'kept', case_id = ?, drop_at = NULL, kept_at = ? WHERE id = ? AND owner = ? AND state = 'ready'`, caseID, Millis(now), id, owner)
}

// MoveAttachments notes that attachments are in another case now (merged, split).
func (tx *Tx) MoveAttachments(ctx context.Context, to string, ids ...string) error {
	for _, id := range ids {
		if err := tx.moveAttachment(ctx, `UPDATE attachments SET case_id = ? WHERE id = ? AND case_id <> ''`, to, id); err != nil {
			return err
		}
	}
	return nil
}

// DropAttachment gives up an upload that is in no case: its key is gone, its bytes are to go from the instant given.
// ErrAttachmentTaken when it is in one meanwhile.
func (tx *Tx) DropAttachment(ctx context.Context, id string, from time.Time) error {
	return tx.moveAttachment(ctx, `UPDATE attachments SET state = 'dropped', sealed = '', sealed_key = 0, drop_at = ? WHERE id = ? AND state IN ('uploading', 'ready')`, Millis(from), id)
}

// DropUploads gives up every upload of an owner that is in no case, as DropAttachment does.
func (tx *Tx) DropUploads(ctx context.Context, owner string, from time.Time) error {
	_, err := tx.exec(ctx, `UPDATE attachments SET state = 'dropped', owner = '', sealed = '', sealed_key = 0, drop_at = ? WHERE owner = ? AND case_id = '' AND state IN ('uploading', 'ready')`, Millis(from), owner)
	return err
}

// EraseAttachment erases an attachment of a case: its name and key are gone, its bytes are to go from the instant given. It says
// whether it did.
func (tx *Tx) EraseAttachment(ctx context.Context, id string, from time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE attachments SET state = 'erased', sealed = '', sealed_key = 0, drop_at = ?, kept_at = NULL WHERE id = ? AND state = 'kept'`, Millis(from), id)
	if err != nil {
		return false, fmt.Errorf("erase attachment %s: %w", id, err)
	}
	return n > 0, nil
}

// KeepAttachmentFrom notes since when an attachment is kept, when that is later than noted before.
func (tx *Tx) KeepAttachmentFrom(ctx context.Context, id string, at time.Time) error {
	if _, err := tx.exec(ctx, `UPDATE attachments SET kept_at = ? WHERE id = ? AND kept_at < ?`, Millis(at), id, Millis(at)); err != nil {
		return fmt.Errorf("attachment %s: %w", id, err)
	}
	return nil
}

func (tx *Tx) moveAttachment(ctx context.Context, text string, args ...any) error {
	n, err := tx.exec(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("attachment: %w", err)
	}
	if n == 0 {
		return ErrAttachmentTaken
	}
	return nil
}

// Dropping is an attachment whose bytes are to go.
type Dropping struct {
	ID    string
	State AttachmentState
}

// DueAttachments lists those whose bytes are to go by now, the longest waiting first.
func (db *DB) DueAttachments(ctx context.Context, now time.Time, limit int) (list []Dropping, _ error) {
	rows, err := db.query(ctx, `SELECT id, state FROM attachments WHERE drop_at <= ? ORDER BY drop_at, id LIMIT ?`, Millis(now), limit)
	if err != nil {
		return nil, fmt.Errorf("due attachments: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d Dropping
		if err := rows.Scan(&d.ID, &d.State); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// AttachmentIsGone notes that the bytes of a dropped or erased attachment are gone: of a dropped one nothing is left, of an
// erased one the row that says so.
func (tx *Tx) AttachmentIsGone(ctx context.Context, id string) error {
	if _, err := tx.exec(ctx, `DELETE FROM attachments WHERE id = ? AND state = 'dropped'`, id); err != nil {
		return fmt.Errorf("attachment %s: %w", id, err)
	}
	if _, err := tx.exec(ctx, `UPDATE attachments SET drop_at = NULL WHERE id = ? AND state = 'erased'`, id); err != nil {
		return fmt.Errorf("attachment %s: %w", id, err)
	}
	return nil
}

// AgedAttachments lists the attachments of cases that have been kept since before, or may have: since when is then to be looked
// at, see KeepAttachmentFrom. Oldest first, behind after.
func (db *DB) AgedAttachments(ctx context.Context, before time.Time, after Aged, limit int) ([]Aged, error) {
	return db.aged(ctx, `attachments`, `kept_at`, before, after, limit)
}

// EveryAttachment lists every attachment by id, behind the one given: for the audit.
func (db *DB) EveryAttachment(ctx context.Context, after string, limit int) ([]Attachment, error) {
	rows, err := db.query(ctx, `SELECT `+attachmentColumns+` FROM attachments WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	return scanAttachments(db.Sealer(), rows, err)
}

// ResealAttachments seals up to limit names and keys of attachments anew that are sealed under an older key; their bytes stay as
// they are. It gives how many, and those that do not open.
func (tx *Tx) ResealAttachments(ctx context.Context, from ResealFrom, limit int) (n int, next ResealFrom, damaged []error, err error) {
	return tx.resealColumn(ctx, "attachments", placeOfAttachment, from, limit)
}
