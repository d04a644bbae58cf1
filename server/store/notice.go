package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"xiaopu/server/casework"
)

// InboxRow is one notice to one recipient: a person id, or "requester:" and a requester key. In the outbox it may also be "family:" and the id of the
// consent by which somebody acts for that requester.
type InboxRow struct {
	ID        string
	Recipient string
	StandsFor string // the person stood in for, when told as a delegate
	CaseID    string
	Number    string
	Seq       int64
	Kind      casework.NoticeKind
	Urgent    bool
	Args      map[string]string
	CreatedAt time.Time
	ReadAt    time.Time
	Title     string // the case's, where an inbox is read; never sent out
}

// InsertNotices writes notices into the recipients' inboxes, and one outbox row each for the dispatcher. One to a requester goes out to their family too:
// it stands once, in the inbox that they share.
func (tx *Tx) InsertNotices(ctx context.Context, list []InboxRow) error {
	family, err := tx.familyOf(ctx, list)
	if err != nil {
		return err
	}
	inbox := make([]any, 0, 12*len(list))
	outbox := make([]any, 0, 10*len(list))
	for _, n := range list {
		args, err := json.Marshal(n.Args)
		if err != nil {
			return err
		}
		inbox = append(inbox, n.ID, n.Recipient, n.StandsFor, n.CaseID, n.Number, n.Seq, string(n.Kind), n.Urgent, args, Millis(n.CreatedAt), false, nil)
		outbox = append(outbox, n.ID, n.ID, n.Recipient, string(n.Kind), n.Urgent, Millis(n.CreatedAt), false, 0, "", 0)
		for _, consent := range family[n.ID] {
			outbox = append(outbox, uuid.Must(uuid.NewV7()).String(), n.ID, toFamily+consent, string(n.Kind), n.Urgent, Millis(n.CreatedAt), false, 0, "", 0)
		}
	}
	if err := tx.insertRows(ctx, `INSERT INTO inbox (id, recipient, stands_for, case_id, number, seq, kind, urgent, args, created_at, is_read, read_at) VALUES `, 12, inbox); err != nil {
		return fmt.Errorf("inbox: %w", err)
	}
	if err := tx.insertRows(ctx, `INSERT INTO outbox (id, inbox_id, recipient, kind, urgent, created_at, done, leased_until, lease, attempts) VALUES `, 10, outbox); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// familyOf gives, by notice, the consents by which others act for the requester it is for. Who is told the same as a requester themselves, or for
// somebody else, is left out.
func (tx *Tx) familyOf(ctx context.Context, list []InboxRow) (map[string][]string, error) {
	keys := map[string]bool{}
	for _, n := range list {
		if key, ok := strings.CutPrefix(n.Recipient, toRequester); ok {
			keys[key] = true
		}
	}
	type bond struct{ requester, holder, consent, grantee string }
	var bonds []bond
	for part := range slices.Chunk(slices.Sorted(maps.Keys(keys)), keysAtOnce) {
		rows, err := tx.query(ctx, `SELECT rp.requester, rp.identity_id, COALESCE(f.id, ''), COALESCE(f.grantee, '') FROM resident_phones rp
			LEFT JOIN family_consents f ON f.grantor = rp.identity_id AND f.ended_at IS NULL WHERE rp.requester IN (`+marks(len(part))+`)`, arguments(part)...)
		if err != nil {
			return nil, fmt.Errorf("family: %w", err)
		}
		for rows.Next() {
			var b bond
			if err := rows.Scan(&b.requester, &b.holder, &b.consent, &b.grantee); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			bonds = append(bonds, b)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	said := func(n InboxRow, person string) string {
		return fmt.Sprint(n.CaseID, " ", n.Seq, " ", n.Kind, " ", person)
	}
	told := map[string]bool{}
	for _, n := range list {
		for _, b := range bonds {
			if n.Recipient == toRequester+b.requester {
				told[said(n, b.holder)] = true
			}
		}
	}
	out := map[string][]string{}
	for _, n := range list {
		for _, b := range bonds {
			if b.consent == "" || n.Recipient != toRequester+b.requester || told[said(n, b.grantee)] {
				continue
			}
			told[said(n, b.grantee)] = true
			out[n.ID] = append(out[n.ID], b.consent)
		}
	}
	return out, nil
}

// keysAtOnce bounds the list of one statement.
const keysAtOnce = 500

// OutboxWaiting counts the notices that are due to be sent at now and that nobody has in hand, up to CountCap, and tells since
// when the first of them is. One that waits for the office's morning or for another try is not due.
func (db *DB) OutboxWaiting(ctx context.Context, now time.Time) (n int, oldest time.Time, err error) {
	err = db.queryRow(ctx, fmt.Sprintf(`SELECT COUNT(*), MIN(due_at) FROM
		(SELECT CASE WHEN leased_until > created_at THEN leased_until ELSE created_at END AS due_at FROM outbox WHERE done = 0 AND leased_until <= ? ORDER BY leased_until, id LIMIT %d) t`, CountCap),
		leaseMillis(now)).Scan(&n, (*Millis)(&oldest))
	return n, oldest, err
}

// Inbox lists a recipient's notices, newest first, behind the id given ("" for the first page).
func (db *DB) Inbox(ctx context.Context, recipient string, unread bool, before string, limit int) ([]InboxRow, error) {
	text, args := `SELECT `+inboxColumns+`, COALESCE((SELECT c.title FROM cases c WHERE c.id = i.case_id), '') FROM inbox i WHERE i.recipient = ?`, []any{recipient}
	if unread {
		text += ` AND i.is_read = 0`
	}
	if before != "" {
		text += ` AND i.id < ?`
		args = append(args, before)
	}
	return scanInbox(db.query(ctx, text+` ORDER BY i.id DESC LIMIT ?`, append(args, limit)...))
}

const (
	inboxColumns  = `i.id, i.recipient, ` + noticeColumns
	noticeColumns = `i.stands_for, i.case_id, i.number, i.seq, i.kind, i.urgent, i.args, i.created_at, i.read_at`
)

func (n *InboxRow) scan(scan func(...any) error, more ...any) error {
	var args []byte
	if err := scan(append([]any{&n.ID, &n.Recipient, &n.StandsFor, &n.CaseID, &n.Number, &n.Seq, &n.Kind, &n.Urgent, &args, (*Millis)(&n.CreatedAt), (*Millis)(&n.ReadAt)}, more...)...); err != nil {
		return err
	}
	return json.Unmarshal(args, &n.Args)
}

func scanInbox(rows *sql.Rows, err error) (list []InboxRow, _ error) {
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var n InboxRow
		if err := n.scan(rows.Scan, &n.Title); err != nil {
			return nil, fmt.Errorf("inbox: %w", err)
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// CountUnread counts a recipient's unread notices, up to CountCap.
func (db *DB) CountUnread(ctx context.Context, recipient string) (int, error) {
	var n int
	err := db.queryRow(ctx, fmt.Sprintf(`SELECT COUNT(*) FROM (SELECT id FROM inbox WHERE recipient = ? AND is_read = 0 LIMIT %d) t`, CountCap), recipient).Scan(&n)
	return n, err
}

// MarkRead marks a recipient's notices as read: those named, or with no id all up to and including `until`.
func (db *DB) MarkRead(ctx context.Context, recipient, until string, ids []string, now time.Time) error {
	if len(ids) == 0 {
		_, err := db.exec(ctx, `UPDATE inbox SET is_read = 1, read_at = ? WHERE recipient = ? AND is_read = 0 AND id <= ?`, Millis(now), recipient, until)
		return err
	}
	args := append([]any{Millis(now), recipient}, arguments(ids)...)
	_, err := db.exec(ctx, `UPDATE inbox SET is_read = 1, read_at = ? WHERE recipient = ? AND is_read = 0 AND id IN (`+marks(len(ids))+`)`, args...)
	return err
}
