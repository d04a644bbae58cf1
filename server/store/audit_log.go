package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/casework"
)

// AuditEntry is one line of the audit log (审计日志): who did what to what, from where, with what outcome. It holds no
// personal data beside the ids of staff and the address they came from.
type AuditEntry struct {
	Seq int64     `json:"seq" doc:"序号，连续"`
	At  time.Time `json:"at" doc:"发生时间"`
	// Actor is a person id; "" for the system and for somebody who is not signed in.
	Actor  string `json:"actor,omitempty" doc:"人员编号；系统或未登录者为空"`
	Action string `json:"action" doc:"操作，如 session.start、ticket.unmask"`
	Object string `json:"object,omitempty" doc:"对象：类别和编号，如 ticket:编号"`
	// Outcome is "" when it was done, else the reason why not.
	Outcome   string            `json:"outcome,omitempty" doc:"未成的原因；已完成为空"`
	Address   string            `json:"address,omitempty" doc:"来自哪个地址"`
	Agent     string            `json:"agent,omitempty" doc:"客户端自称"`
	RequestID string            `json:"request_id,omitempty" doc:"请求编号"`
	Detail    map[string]string `json:"detail,omitempty" doc:"说明：理由、改动、数量等"`
}

// auditSequence numbers the entries. Taking a number holds every other writer of the log off until the transaction ends,
// so that the chain has no branches and no gaps.
const auditSequence = "audit-log"

// AppendAudit adds an entry to the audit log and gives it its number.
func (tx *Tx) AppendAudit(ctx context.Context, a *AuditEntry) error {
	var err error
	if a.Seq, err = tx.NextNumber(ctx, auditSequence); err != nil {
		return err
	}
	previous := ""
	err = tx.queryRow(ctx, `SELECT hash FROM audit_log WHERE seq = ?`, a.Seq-1).Scan(&previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("audit log: %w", err)
	}
	a.At = a.At.UTC().Truncate(time.Millisecond)
	a.Agent, a.Object = cut(a.Agent, 200), cut(a.Object, 80)
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `INSERT INTO audit_log (seq, at, actor, action, object, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		a.Seq, Millis(a.At), a.Actor, a.Action, a.Object, casework.ChainHash(previous, body), body); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// AuditFilter says which entries a list holds; at most one of Actor, Action and Object.
type AuditFilter struct {
	Actor, Action, Object string
	Before                int64 // continues behind this entry; 0 for the newest
	Limit                 int
}

// AuditLog lists entries, newest first.
func (db *DB) AuditLog(ctx context.Context, f AuditFilter) ([]AuditEntry, error) {
	where, args := ``, []any{}
	for _, c := range []struct{ column, value string }{{`actor`, f.Actor}, {`action`, f.Action}, {`object`, f.Object}} {
		if c.value != "" {
			where += ` AND ` + c.column + ` = ?`
			args = append(args, c.value)
			break
		}
	}
	before := f.Before
	if before <= 0 {
		before = 1 << 62
	}
	rows, err := db.query(ctx, `SELECT body FROM audit_log WHERE seq < ?`+where+` ORDER BY seq DESC LIMIT ?`, append(append([]any{before}, args...), f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []AuditEntry
	for rows.Next() {
		var body []byte
		var a AuditEntry
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &a); err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// AuditLink is one entry as the chain sees it.
type AuditLink struct {
	Seq                 int64
	Actor, Action, Hash string
	Object              string
	At                  time.Time
	Body                []byte
}

// AuditLinks lists entries in order behind the one given, for verification.
func (db *DB) AuditLinks(ctx context.Context, after int64, limit int) ([]AuditLink, error) {
	rows, err := db.query(ctx, `SELECT seq, at, actor, action, object, hash, body FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []AuditLink
	for rows.Next() {
		var l AuditLink
		if err := rows.Scan(&l.Seq, (*Millis)(&l.At), &l.Actor, &l.Action, &l.Object, &l.Hash, &l.Body); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

// AuditLength gives the number of entries that the log should have.
func (db *DB) AuditLength(ctx context.Context) (int64, error) { return db.Sequence(ctx, auditSequence) }
