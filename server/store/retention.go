package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/apperr"
)

// Aged is a ticket of which something has been kept since an instant.
type Aged struct {
	ID string
	At time.Time
}

// AgedRows lists tickets whose row as it came has been kept since before, oldest first, behind after.
func (db *DB) AgedRows(ctx context.Context, before time.Time, after Aged, limit int) ([]Aged, error) {
	return db.aged(ctx, `tickets`, `row_at`, before, after, limit)
}

// AgedPeople lists tickets that have named a person since before, or may have: since when they are kept is then to be looked
// at, see KeepPersonFrom. Oldest first, behind after.
func (db *DB) AgedPeople(ctx context.Context, before time.Time, after Aged, limit int) ([]Aged, error) {
	return db.aged(ctx, `tickets`, `person_at`, before, after, limit)
}

func (db *DB) aged(ctx context.Context, table, column string, before time.Time, after Aged, limit int) ([]Aged, error) {
	where, args := column+` <= ?`, []any{Millis(before)}
	if after.ID != "" {
		where += ` AND ` + column + ` >= ? AND (` + column + ` > ? OR id > ?)`
		args = append(args, Millis(after.At), Millis(after.At), after.ID)
	}
	rows, err := db.query(ctx, `SELECT id, `+column+` FROM `+table+` WHERE `+where+` ORDER BY `+column+`, id LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("aged %s: %w", table, err)
	}
	defer func() { _ = rows.Close() }()
	var list []Aged
	for rows.Next() {
		var a Aged
		if err := rows.Scan(&a.ID, (*Millis)(&a.At)); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// EraseRow erases a ticket's row as it came, when it has been kept since before; it says whether it did.
func (tx *Tx) EraseRow(ctx context.Context, id string, before time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE tickets SET sealed_raw = NULL, row_at = NULL WHERE id = ? AND row_at <= ?`, id, Millis(before))
	if err != nil {
		return false, fmt.Errorf("erase row of ticket %s: %w", id, err)
	}
	return n > 0, nil
}

// KeepPersonFrom notes since when what names a person in a ticket is kept, when that is later than noted before.
func (tx *Tx) KeepPersonFrom(ctx context.Context, id string, at time.Time) error {
	if _, err := tx.exec(ctx, `UPDATE tickets SET person_at = ? WHERE id = ? AND person_at < ?`, Millis(at), id, Millis(at)); err != nil {
		return fmt.Errorf("ticket %s: %w", id, err)
	}
	return nil
}

// ErasePerson erases what names a person in a ticket as loaded: the sealed value is replaced by one without it, and the
// ticket is no longer found by phone or ID number. It says whether it did: not when somebody changed the ticket meanwhile,
// moved it to another case, or has erased it. The case's timeline, which names nobody, stays as it is. r.MatterSeq is the turn
// in which it is done: erased tickets leave the index of matters.
func (tx *Tx) ErasePerson(ctx context.Context, r TicketRow) (bool, error) {
	sealed, err := sealTicket(tx.Sealer(), r.Ticket.Erased())
	if err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, `UPDATE tickets SET sealed_body = ?, sealed_raw = NULL, sealed_key = ?, requester = '', row_at = NULL, person_at = NULL, erasure_asked_at = NULL, matter_seq = ?
		WHERE id = ? AND updated_at = ? AND case_id = ? AND person_at IS NOT NULL`, sealed.body, sealed.key, r.MatterSeq, r.Ticket.ID, Millis(r.UpdatedAt), r.CaseID)
	if err != nil || n == 0 {
		return false, err
	}
	if _, err = tx.exec(ctx, `DELETE FROM ticket_identities WHERE ticket_id = ?`, r.Ticket.ID); err != nil {
		return false, fmt.Errorf("erase person in ticket %s: %w", r.Ticket.ID, err)
	}
	if err := tx.dropOpenPairs(ctx, r.Ticket.ID); err != nil {
		return false, err
	}
	if r.CaseID != "" && r.Requester != "" {
		if _, err := tx.exec(ctx, `DELETE FROM case_viewers WHERE viewer = ? AND case_id = ?`, "requester:"+r.Requester, r.CaseID); err != nil {
			return false, fmt.Errorf("erase person in ticket %s: %w", r.Ticket.ID, err)
		}
	}
	return true, nil
}

// AskErasure notes that a person wants what names them in a ticket erased, from when it can be.
func (tx *Tx) AskErasure(ctx context.Context, id string, now time.Time) error {
	_, err := tx.exec(ctx, `UPDATE tickets SET erasure_asked_at = ? WHERE id = ? AND erasure_asked_at IS NULL`, Millis(now), id)
	return err
}

// AskedErasures lists tickets that are to be erased because their person has asked for it, the longest waiting first, behind after.
func (db *DB) AskedErasures(ctx context.Context, before time.Time, after Aged, limit int) ([]Aged, error) {
	return db.aged(ctx, `tickets`, `erasure_asked_at`, before, after, limit)
}

// EraseNotices deletes the notices to a requester, up to limit, and says how many there were.
func (tx *Tx) EraseNotices(ctx context.Context, requester string, limit int) (int64, error) {
	ids, err := scanStrings(tx.query(ctx, `SELECT id FROM inbox WHERE recipient = ? ORDER BY id LIMIT ?`, "requester:"+requester, limit))
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	sent, err := scanStrings(tx.query(ctx, `SELECT id FROM outbox WHERE inbox_id IN (`+marks(len(ids))+`)`, args...))
	if err != nil {
		return 0, fmt.Errorf("erase notices: %w", err)
	}
	for part := range slices.Chunk(sent, keysAtOnce) {
		for _, text := range []string{`DELETE FROM outbox WHERE id IN (`, `DELETE FROM deliveries WHERE notice_id IN (`} {
			if _, err := tx.exec(ctx, text+marks(len(part))+`)`, arguments(part)...); err != nil {
				return 0, fmt.Errorf("erase notices: %w", err)
			}
		}
	}
	n, err := tx.exec(ctx, `DELETE FROM inbox WHERE id IN (`+marks(len(ids))+`)`, args...)
	if err != nil {
		return 0, fmt.Errorf("erase notices: %w", err)
	}
	return n, nil
}

// The occasions on which personal data is erased.
const (
	BySchedule = "schedule" // the daily run
	ByCommand  = "command"  // somebody at the command line
	ByRequest  = "request"  // the person asked for it
)

// Certificate (删除证明) says what one run erased, by which rules, and by whose hand.
type Certificate struct {
	ID         string    `json:"id"`
	Number     string    `json:"number" doc:"编号，如 SC2026-000001"`
	Occasion   string    `json:"occasion" enum:"schedule,command,request" doc:"schedule 每日自动、command 命令行、request 本人要求"`
	By         string    `json:"by,omitempty" doc:"经办人；系统为空"`
	Reason     string    `json:"reason,omitempty" doc:"理由"`
	StartedAt  time.Time `json:"started_at" doc:"开始时间"`
	FinishedAt time.Time `json:"finished_at,omitzero" doc:"结束时间；没有则尚未完成"`
	// Rules are what it went by, with what each erased.
	Rules []CertifiedRule `json:"rules" doc:"依据的规则和删除的数量"`
	// Kept counts what a person asked to be erased and cannot be yet: tickets of cases still being handled.
	Kept int `json:"kept,omitempty" doc:"暂不能删除的工单：所在难事尚未销项；已登记，销项后次日自动删除"`
	// Hash chains the erased tickets' rule and id, in order, by SHA-256.
	Hash string `json:"hash" doc:"删除明细的校验值（SHA-256）"`

	version int64
}

// CertifiedRule is one rule of a run.
type CertifiedRule struct {
	Rule   string    `json:"rule" enum:"row,case,ticket,request,import,file,account" doc:"row 导入原始行、case 已销项难事中的个人信息、ticket 未成难事的工单中的个人信息、request 本人要求删除、import 本人要求删除的未导入行、file 附件、account 微信账号和绑定的手机号"`
	Period string    `json:"period,omitempty" doc:"保存期限，如 90 天"`
	Before time.Time `json:"before,omitzero" doc:"此刻以前开始保存的"`
	Count  int       `json:"count" doc:"删除了多少件"`
}

// Items gives how many tickets it lists.
func (c Certificate) Items() (n int) {
	for _, r := range c.Rules {
		n += r.Count
	}
	return n
}

// Erased is one line behind a certificate.
type Erased struct {
	Seq      int64
	Rule     string
	TicketID string // of an import's row, the import's id
}

// ChainErased is a certificate's hash with one line more.
func ChainErased(hash string, e Erased) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d %s %s", hash, e.Seq, e.Rule, e.TicketID))
	return hex.EncodeToString(sum[:])
}

// ErrNoCertificate says that there is no certificate of that id or number.
var ErrNoCertificate = apperr.New(apperr.NotFound, "certificate.not_found", "没有找到这份删除证明，请核对编号。")

// AddCertificate stores a new, unfinished certificate.
func (tx *Tx) AddCertificate(ctx context.Context, c *Certificate) error {
	c.version = 1
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `INSERT INTO retention_certificates (id, number, finished, started_at, version, body) VALUES (?, ?, ?, ?, ?, ?)`,
		c.ID, c.Number, false, Millis(c.StartedAt), c.version, body); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	return nil
}

// SaveCertificate stores a certificate with the tickets just erased, which it counts and takes into its hash. ErrStale when
// another process has gone on with it.
func (tx *Tx) SaveCertificate(ctx context.Context, c *Certificate, erased []Erased) error {
	seq := int64(c.Items())
	args := make([]any, 0, 4*len(erased))
	for _, e := range erased {
		seq++
		e.Seq = seq
		for i := range c.Rules {
			if c.Rules[i].Rule == e.Rule {
				c.Rules[i].Count++
			}
		}
		c.Hash = ChainErased(c.Hash, e)
		args = append(args, c.ID, e.Seq, e.Rule, e.TicketID)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `UPDATE retention_certificates SET finished = ?, version = ?, body = ? WHERE id = ? AND version = ?`,
		!c.FinishedAt.IsZero(), c.version+1, body, c.ID, c.version)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", c.Number, err)
	}
	if n == 0 {
		return ErrStale
	}
	c.version++
	if err := tx.insertRows(ctx, `INSERT INTO retention_items (certificate_id, seq, rule, ticket_id) VALUES `, 4, args); err != nil {
		return fmt.Errorf("certificate %s: %w", c.Number, err)
	}
	return nil
}

const certificateColumns = `version, body`

func scanCertificate(scan func(...any) error) (c Certificate, err error) {
	var body []byte
	var version int64
	if err := scan(&version, &body); err != nil {
		return c, err
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, fmt.Errorf("certificate: %w", err)
	}
	c.version = version
	return c, nil
}

// Certificate loads one by id or number; ErrNoCertificate when there is none.
func (db *DB) Certificate(ctx context.Context, idOrNumber string) (Certificate, error) {
	for _, column := range []string{`id`, `number`} {
		c, err := scanCertificate(db.queryRow(ctx, `SELECT `+certificateColumns+` FROM retention_certificates WHERE `+column+` = ?`, idOrNumber).Scan)
		if !errors.Is(err, sql.ErrNoRows) {
			return c, err
		}
	}
	return Certificate{}, ErrNoCertificate
}

// OpenCertificate gives one that a run which broke off has left unfinished; ErrNoCertificate when there is none.
func (db *DB) OpenCertificate(ctx context.Context) (Certificate, error) {
	c, err := scanCertificate(db.queryRow(ctx, `SELECT `+certificateColumns+` FROM retention_certificates WHERE finished = ? ORDER BY id LIMIT 1`, false).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNoCertificate
	}
	return c, err
}

// Certificates lists them, newest first, behind the one with id before.
func (db *DB) Certificates(ctx context.Context, before string, limit int) ([]Certificate, error) {
	where, args := ``, []any{}
	if before != "" {
		where, args = ` WHERE id < ?`, append(args, before)
	}
	rows, err := db.query(ctx, `SELECT `+certificateColumns+` FROM retention_certificates`+where+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Certificate
	for rows.Next() {
		c, err := scanCertificate(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// CertifiedItems lists what a certificate's hash is made of, in order, behind seq.
func (db *DB) CertifiedItems(ctx context.Context, certificateID string, after int64, limit int) ([]Erased, error) {
	rows, err := db.query(ctx, `SELECT seq, rule, ticket_id FROM retention_items WHERE certificate_id = ? AND seq > ? ORDER BY seq LIMIT ?`, certificateID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Erased
	for rows.Next() {
		var e Erased
		if err := rows.Scan(&e.Seq, &e.Rule, &e.TicketID); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}
