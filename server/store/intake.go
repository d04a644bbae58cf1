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

// ImportState says where an import stands.
type ImportState string

// The states of an import: queued → running → finished or failed; running → stopping → stopped → queued.
const (
	ImportQueued   ImportState = "queued"
	ImportRunning  ImportState = "running"
	ImportStopping ImportState = "stopping"
	ImportStopped  ImportState = "stopped"
	ImportFinished ImportState = "finished"
	ImportFailed   ImportState = "failed"
)

// ImportStates lists every state.
var ImportStates = []ImportState{ImportQueued, ImportRunning, ImportStopping, ImportStopped, ImportFinished, ImportFailed}

// Label is the state in Chinese.
func (s ImportState) Label() string {
	switch s {
	case ImportQueued:
		return "排队中"
	case ImportRunning:
		return "导入中"
	case ImportStopping:
		return "正在停止"
	case ImportStopped:
		return "已停止"
	case ImportFinished:
		return "已完成"
	case ImportFailed:
		return "失败"
	}
	return "未知"
}

// Active reports whether a worker has or will have it.
func (s ImportState) Active() bool {
	return s == ImportQueued || s == ImportRunning || s == ImportStopping
}

// Import is one run of the importer over one file.
type Import struct {
	ID         string
	FileName   string
	FileSize   int64 // bytes
	Source     ticket.Source
	DryRun     bool
	CreatedBy  string
	StartedAt  time.Time
	FinishedAt time.Time // zero before it has finished or failed
	State      ImportState
	Failure    string // of a failed one: why, and what to do
	// Settings are what the import was told beside its source; the importer's own.
	Settings json.RawMessage
	// Digest tells equal files from others; "" when nobody minds the same file twice.
	Digest string
	ImportProgress

	Lease       string // of whoever works on it
	LeasedUntil time.Time
	Attempts    int // leases since it last came further; of a dry run, since it was queued
}

// ImportProgress is how far an import has come, as of its last batch.
type ImportProgress struct {
	Line   int             // the last row done, as a spreadsheet counts
	Share  float64         // of the file, 0 to 1
	Worked time.Duration   // time that workers have spent on it
	Result json.RawMessage // counts
}

// ImportProblem is what was wrong with one row.
type ImportProblem struct {
	Line    int // the row as a spreadsheet shows it
	Fatal   bool
	OrderNo string
	Message string
}

// ImportRow is a row of an imported file as it came.
type ImportRow struct {
	Line  int
	Cells []string
}

// What can be wrong with an import as a whole.
var (
	ErrNoImport      = apperr.New(apperr.NotFound, "import.not_found", "没有找到这次导入。")
	ErrImportRunning = apperr.New(apperr.AlreadyExists, "import.running", "同一文件正在导入，请在导入列表中查看进度，不必重复上传。")
	// ErrImportTaken says that another worker has the import now: what this one was about to save must not be saved.
	ErrImportTaken = errors.New("store: the import is another worker's")
	// ErrNoChunk says that the file of an import is no longer there.
	ErrNoChunk = apperr.New(apperr.FailedPrecondition, "import.file_gone", "上传的文件已不再保存，请重新上传后导入。")
)

// shareUnit is what a share of 1 is stored as.
const shareUnit = 1_000_000

// CreateImport notes a new import in the state it has. ErrImportRunning when one of the same digest is active.
func (db *DB) CreateImport(ctx context.Context, i Import) error {
	active := i.State.Active()
	_, err := db.exec(ctx, `INSERT INTO imports (id, file_name, file_size, source, dry_run, created_by, started_at, result, settings, state, active, digest, busy, lease, leased_until)
		VALUES (?, ?, ?, ?, ?, ?, ?, '{}', ?, ?, ?, ?, ?, ?, ?)`,
		i.ID, cut(i.FileName, 255), i.FileSize, string(i.Source), i.DryRun, i.CreatedBy, Millis(i.StartedAt), []byte(i.Settings), string(i.State), active, i.Digest, busy(i.Digest, active), i.Lease, leaseMillis(i.LeasedUntil))
	if isDuplicate(err) {
		return ErrImportRunning
	}
	return err
}

// busy is the digest of an active import; NULL is equal to nothing.
func busy(digest string, active bool) any {
	if digest == "" || !active {
		return nil
	}
	return digest
}

func leaseMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

const importColumns = `id, file_name, file_size, source, dry_run, created_by, started_at, finished_at, result, settings, state, failure, digest, line, share, worked, lease, leased_until, attempts`

func scanImport(scan func(...any) error) (Import, error) {
	var i Import
	var share, worked, until int64
	err := scan(&i.ID, &i.FileName, &i.FileSize, &i.Source, &i.DryRun, &i.CreatedBy, (*Millis)(&i.StartedAt), (*Millis)(&i.FinishedAt), (*[]byte)(&i.Result), (*[]byte)(&i.Settings), &i.State, &i.Failure,
		&i.Digest, &i.Line, &share, &worked, &i.Lease, &until, &i.Attempts)
	i.Share, i.Worked = float64(share)/shareUnit, time.Duration(worked)*time.Millisecond
	if until > 0 {
		i.LeasedUntil = time.UnixMilli(until).UTC()
	}
	return i, err
}

// Import loads one import.
func (db *DB) Import(ctx context.Context, id string) (Import, error) {
	i, err := scanImport(db.queryRow(ctx, `SELECT `+importColumns+` FROM imports WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return i, ErrNoImport
	}
	return i, err
}

// Imports lists imports, newest first, behind the one with these keys.
func (db *DB) Imports(ctx context.Context, afterAt time.Time, afterID string, limit int) ([]Import, error) {
	where, args := ``, []any{}
	if !afterAt.IsZero() {
		where, args = ` WHERE started_at <= ? AND (started_at < ? OR id < ?)`, []any{Millis(afterAt), Millis(afterAt), afterID}
	}
	rows, err := db.query(ctx, `SELECT `+importColumns+` FROM imports`+where+` ORDER BY started_at DESC, id DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Import
	for rows.Next() {
		i, err := scanImport(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, rows.Err()
}

// WaitingImports lists up to limit imports that no worker has at now, the longest waiting first.
func (db *DB) WaitingImports(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT id FROM imports WHERE active = 1 AND leased_until <= ? ORDER BY leased_until, id LIMIT ?`, leaseMillis(now), limit))
}

// LeaseImport takes an import that no worker has at now. ErrImportTaken when somebody was first.
func (db *DB) LeaseImport(ctx context.Context, id, lease string, now, until time.Time) (Import, error) {
	n, err := db.exec(ctx, `UPDATE imports SET lease = ?, leased_until = ?, attempts = attempts + 1, state = CASE state WHEN 'queued' THEN 'running' ELSE state END
		WHERE id = ? AND active = 1 AND leased_until <= ?`, lease, leaseMillis(until), id, leaseMillis(now))
	if err != nil {
		return Import{}, err
	}
	if n == 0 {
		return Import{}, ErrImportTaken
	}
	return db.Import(ctx, id)
}

// KeepImport renews a lease and gives the state. ErrImportTaken when it is lost.
func (db *DB) KeepImport(ctx context.Context, id, lease string, until time.Time) (ImportState, error) {
	n, err := db.exec(ctx, `UPDATE imports SET leased_until = ? WHERE id = ? AND lease = ? AND active = 1`, leaseMillis(until), id, lease)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", ErrImportTaken
	}
	i, err := db.Import(ctx, id)
	return i.State, err
}

// NoteImport notes how far an import has come, renews the lease, and gives the state. ErrImportTaken when the lease is
// lost: the transaction must not be committed then. A dry run has come no further by it: the next worker begins it anew.
func (tx *Tx) NoteImport(ctx context.Context, id, lease string, p ImportProgress, until time.Time) (state ImportState, err error) {
	n, err := tx.exec(ctx, `UPDATE imports SET line = ?, share = ?, worked = ?, result = ?, leased_until = ?, attempts = CASE dry_run WHEN 0 THEN 0 ELSE attempts END
		WHERE id = ? AND lease = ? AND active = 1`,
		p.Line, int64(p.Share*shareUnit), p.Worked.Milliseconds(), []byte(p.Result), leaseMillis(until), id, lease)
	if err != nil {
		return "", fmt.Errorf("import: %w", err)
	}
	if n == 0 {
		return "", ErrImportTaken
	}
	err = tx.queryRow(ctx, `SELECT state FROM imports WHERE id = ?`, id).Scan(&state)
	return state, err
}

// ReleaseImport gives an import back: another worker may take it from the instant given.
func (db *DB) ReleaseImport(ctx context.Context, id, lease string, from time.Time) error {
	_, err := db.exec(ctx, `UPDATE imports SET lease = '', leased_until = ?, state = CASE state WHEN 'running' THEN 'queued' ELSE state END WHERE id = ? AND lease = ?`, leaseMillis(from), id, lease)
	return err
}

// EndImport ends the work on an import: finished, failed (with why) or stopped. ErrImportTaken when the lease is lost.
func (db *DB) EndImport(ctx context.Context, id, lease string, state ImportState, failure string, now time.Time) error {
	finished := now
	if state == ImportStopped {
		finished = time.Time{}
	}
	n, err := db.exec(ctx, `UPDATE imports SET state = ?, failure = ?, finished_at = ?, active = 0, busy = NULL, lease = '', leased_until = 0 WHERE id = ? AND lease = ? AND active = 1`,
		string(state), cut(failure, 500), Millis(finished), id, lease)
	if err == nil && n == 0 {
		err = ErrImportTaken
	}
	return err
}

// StopImport asks whoever works on an import to stop; one that waits has stopped at once. ok is false when it was neither.
func (db *DB) StopImport(ctx context.Context, id string) (ok bool, err error) {
	n, err := db.exec(ctx, `UPDATE imports SET state = 'stopped', active = 0, busy = NULL WHERE id = ? AND state = 'queued'`, id)
	if err == nil && n == 0 {
		n, err = db.exec(ctx, `UPDATE imports SET state = 'stopping' WHERE id = ? AND state IN ('running', 'stopping')`, id)
	}
	return n > 0, err
}

// QueueImport lets a stopped or failed import go on. ok is false when it is not in that state; ErrImportRunning when the
// same file is being imported.
func (db *DB) QueueImport(ctx context.Context, id string, from ImportState) (ok bool, err error) {
	n, err := db.exec(ctx, `UPDATE imports SET state = 'queued', active = 1, busy = CASE digest WHEN '' THEN NULL ELSE digest END, attempts = 0, failure = '', finished_at = NULL, leased_until = 0
		WHERE id = ? AND state = ?`, id, string(from))
	if isDuplicate(err) {
		return false, ErrImportRunning
	}
	return n > 0, err
}

func chunkPlace(importID string, no int) string {
	return fmt.Sprintf("import_chunks.body:%s:%d", importID, no)
}

// AddImportChunk stores the piece with this number of a file, sealed.
func (db *DB) AddImportChunk(ctx context.Context, importID string, no int, piece []byte, now time.Time) error {
	sealed, err := db.Sealer().Seal(piece, chunkPlace(importID, no))
	if err != nil {
		return err
	}
	_, err = db.exec(ctx, `INSERT INTO import_chunks (import_id, no, body, sealed_key, created_at) VALUES (?, ?, ?, ?, ?)`, importID, no, sealed, db.Sealer().CurrentKey(), Millis(now))
	return err
}

// ImportChunk gives the piece with this number of a file. ErrNoChunk when it is not there.
func (db *DB) ImportChunk(ctx context.Context, importID string, no int) ([]byte, error) {
	var sealed string
	err := db.queryRow(ctx, `SELECT body FROM import_chunks WHERE import_id = ? AND no = ?`, importID, no).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoChunk
	}
	if err != nil {
		return nil, err
	}
	return db.Sealer().Open(sealed, chunkPlace(importID, no))
}

// DropImportFile removes a file's pieces, one by one: others write in between.
func (db *DB) DropImportFile(ctx context.Context, importID string) error {
	for no := 0; ; no++ {
		n, err := db.exec(ctx, `DELETE FROM import_chunks WHERE import_id = ? AND no = ?`, importID, no)
		if err != nil || n == 0 {
			return err
		}
	}
}

// AddImportProblems notes problems of rows; several of one row are numbered.
func (tx *Tx) AddImportProblems(ctx context.Context, importID string, list []ImportProblem, now time.Time) error {
	args := make([]any, 0, 7*len(list))
	part := map[int]int{}
	for _, p := range list {
		part[p.Line]++
		args = append(args, importID, p.Line, part[p.Line], p.Fatal, cut(p.OrderNo, 64), p.Message, Millis(now))
	}
	if err := tx.insertRows(ctx, `INSERT INTO import_problems (import_id, line, part, fatal, order_no, message, created_at) VALUES `, 7, args); err != nil {
		return fmt.Errorf("import problems: %w", err)
	}
	return nil
}

// DropImportProblems forgets the problems and rows noted of an import, which begins anew.
func (tx *Tx) DropImportProblems(ctx context.Context, importID string) error {
	for _, table := range []string{"import_problems", "import_rows"} {
		if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE import_id = ?`, importID); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}

// ImportProblems lists an import's problems by row, behind the row given. The problems of one row stand on one page,
// which may hold a few more than limit for that.
func (db *DB) ImportProblems(ctx context.Context, importID string, afterLine, limit int) ([]ImportProblem, error) {
	rows, err := db.query(ctx, `SELECT line, part, fatal, order_no, message FROM import_problems WHERE import_id = ? AND line > ? ORDER BY line, part LIMIT ?`, importID, afterLine, limit)
	list, part, err := scanProblems(rows, err)
	if err != nil || len(list) < limit || limit == 0 {
		return list, err
	}
	rows, err = db.query(ctx, `SELECT line, part, fatal, order_no, message FROM import_problems WHERE import_id = ? AND line = ? AND part > ? ORDER BY part`, importID, list[len(list)-1].Line, part)
	more, _, err := scanProblems(rows, err)
	return append(list, more...), err
}

// scanProblems also gives the part of the last one.
func scanProblems(rows *sql.Rows, err error) (list []ImportProblem, part int, _ error) {
	if err != nil {
		return nil, 0, fmt.Errorf("import problems: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p ImportProblem
		if err := rows.Scan(&p.Line, &part, &p.Fatal, &p.OrderNo, &p.Message); err != nil {
			return nil, 0, err
		}
		list = append(list, p)
	}
	return list, part, rows.Err()
}

func rowPlace(importID string, line int) string {
	return fmt.Sprintf("import_rows.body:%s:%d", importID, line)
}

// AddImportRows keeps rows of a file as they came, sealed.
func (tx *Tx) AddImportRows(ctx context.Context, importID string, list []ImportRow, now time.Time) error {
	args := make([]any, 0, 5*len(list))
	for _, r := range list {
		plain, err := json.Marshal(r.Cells)
		if err != nil {
			return err
		}
		sealed, err := tx.Sealer().Seal(plain, rowPlace(importID, r.Line))
		if err != nil {
			return err
		}
		args = append(args, importID, r.Line, sealed, tx.Sealer().CurrentKey(), Millis(now))
	}
	if err := tx.insertRows(ctx, `INSERT INTO import_rows (import_id, line, body, sealed_key, created_at) VALUES `, 5, args); err != nil {
		return fmt.Errorf("import rows: %w", err)
	}
	return nil
}

// ImportRows lists the kept rows of an import by line, behind the line given.
func (db *DB) ImportRows(ctx context.Context, importID string, afterLine, limit int) ([]ImportRow, error) {
	rows, err := db.query(ctx, `SELECT line, body FROM import_rows WHERE import_id = ? AND line > ? ORDER BY line LIMIT ?`, importID, afterLine, limit)
	if err != nil {
		return nil, fmt.Errorf("import rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []ImportRow
	for rows.Next() {
		var r ImportRow
		var sealed string
		if err := rows.Scan(&r.Line, &sealed); err != nil {
			return nil, err
		}
		plain, err := db.Sealer().Open(sealed, rowPlace(importID, r.Line))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(plain, &r.Cells); err != nil {
			return nil, fmt.Errorf("import rows: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// KeptRow is a kept row of some import.
type KeptRow struct {
	ImportID string
	ImportRow
}

// KeptRows lists the kept rows of all imports by import and line, behind after. One that does not open, which nobody can read,
// has no cells.
func (db *DB) KeptRows(ctx context.Context, after KeptRow, limit int) ([]KeptRow, error) {
	rows, err := db.query(ctx, `SELECT import_id, line, body FROM import_rows WHERE import_id >= ? AND (import_id > ? OR line > ?) ORDER BY import_id, line LIMIT ?`,
		after.ImportID, after.ImportID, after.Line, limit)
	if err != nil {
		return nil, fmt.Errorf("import rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []KeptRow
	for rows.Next() {
		var r KeptRow
		var sealed string
		if err := rows.Scan(&r.ImportID, &r.Line, &sealed); err != nil {
			return nil, err
		}
		if plain, err := db.Sealer().Open(sealed, rowPlace(r.ImportID, r.Line)); err == nil {
			if err := json.Unmarshal(plain, &r.Cells); err != nil {
				return nil, fmt.Errorf("import rows: %w", err)
			}
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// EraseKeptRow deletes a kept row of an import and its problems, and says whether it was there.
func (tx *Tx) EraseKeptRow(ctx context.Context, importID string, line int) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM import_rows WHERE import_id = ? AND line = ?`, importID, line)
	if err == nil && n > 0 {
		_, err = tx.exec(ctx, `DELETE FROM import_problems WHERE import_id = ? AND line = ?`, importID, line)
	}
	if err != nil {
		return false, fmt.Errorf("erase row of import %s: %w", importID, err)
	}
	return n > 0, nil
}

// ForgetImportFiles removes up to limit pieces of files from before one instant, and from before another up to limit kept rows
// and as many problems, which name cells of those rows. It says how many it removed.
func (db *DB) ForgetImportFiles(ctx context.Context, filesBefore, rowsBefore time.Time, limit int) (removed int64, err error) {
	for _, t := range []struct {
		table, part string
		before      time.Time
	}{{"import_chunks", "no", filesBefore}, {"import_rows", "line", rowsBefore}, {"import_problems", "line", rowsBefore}} {
		rows, err := db.query(ctx, `SELECT import_id, `+t.part+` FROM `+t.table+` WHERE created_at < ? ORDER BY created_at, import_id, `+t.part+` LIMIT ?`, Millis(t.before), limit)
		if err != nil {
			return removed, fmt.Errorf("%s: %w", t.table, err)
		}
		type key struct {
			id   string
			part int
		}
		var keys []key
		for rows.Next() {
			var k key
			if err := rows.Scan(&k.id, &k.part); err != nil {
				return removed, errors.Join(err, rows.Close())
			}
			keys = append(keys, k)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return removed, err
		}
		for _, k := range keys {
			n, err := db.exec(ctx, `DELETE FROM `+t.table+` WHERE import_id = ? AND `+t.part+` = ?`, k.id, k.part)
			if err != nil {
				return removed, fmt.Errorf("%s: %w", t.table, err)
			}
			removed += n
		}
	}
	return removed, nil
}
