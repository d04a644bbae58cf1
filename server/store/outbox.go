package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
)

// NoticeState says what became of a notice.
type NoticeState string

// The states of a notice in the outbox. The last four are settled.
const (
	NoticeWaiting     NoticeState = "waiting"
	NoticeBundled     NoticeState = "bundled" // another notice's message tells it too
	NoticeTold        NoticeState = "told"
	NoticeUnconfirmed NoticeState = "unconfirmed" // it may have arrived
	NoticeUntold      NoticeState = "untold"      // no channel reaches the recipient
	NoticeOtherwise   NoticeState = "otherwise"   // somebody told them by other means
)

// Outgoing is a notice with what has been done to send it.
type Outgoing struct {
	InboxRow
	State     NoticeState
	SendAt    time.Time // the morning it waited for; zero when it waited for none
	SettledAt time.Time
	SettledBy string // who told the recipient by other means
	Channel   string // that told it
	Why       string // it could not be told, in Chinese
	// Deliveries are the channels tried, in the order in which they were.
	Deliveries []Delivery
}

// ErrNoticeTaken says that another worker has the notice now, or has settled it.
var ErrNoticeTaken = errors.New("store: the notice is another worker's")

// ErrNoNotice says that there is no such notice on a list of those that did not get through.
var ErrNoNotice = apperr.New(apperr.NotFound, "notice.not_found", "没有找到这条消息，可能已经处理。")

const outgoingColumns = `o.id, o.recipient, ` + noticeColumns + `, o.state, o.send_at, o.settled_at, o.settled_by, o.channel, o.why`

func (o *Outgoing) scan(scan func(...any) error) error {
	return o.InboxRow.scan(scan, &o.State, (*Millis)(&o.SendAt), (*Millis)(&o.SettledAt), &o.SettledBy, &o.Channel, &o.Why)
}

// LeaseNotices takes up to limit notices that are due at now and that nobody has in hand, the longest due first.
func (db *DB) LeaseNotices(ctx context.Context, lease string, now, until time.Time, limit int) ([]Outgoing, error) {
	ids, err := scanStrings(db.query(ctx, `SELECT id FROM outbox WHERE done = 0 AND leased_until <= ? ORDER BY leased_until, id LIMIT ?`, leaseMillis(now), limit))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	in := make([]any, len(ids))
	for i, id := range ids {
		in[i] = id
	}
	n, err := db.exec(ctx, `UPDATE outbox SET lease = ?, leased_until = ?, attempts = attempts + 1 WHERE done = 0 AND leased_until <= ? AND id IN (`+marks(len(ids))+`)`,
		append([]any{lease, leaseMillis(until), leaseMillis(now)}, in...)...)
	if err != nil || n == 0 { // somebody else was first with all of them
		return nil, err
	}
	return db.outgoing(ctx, `o.lease = ? AND o.id IN (`+marks(len(ids))+`) ORDER BY o.id`, append([]any{lease}, in...)...)
}

// outgoing reads one notice as the transaction sees it, without its deliveries.
func (tx *Tx) outgoing(ctx context.Context, id string) (list []Outgoing, err error) {
	var o Outgoing
	err = o.scan(tx.queryRow(ctx, `SELECT `+outgoingColumns+` FROM outbox o JOIN inbox i ON i.id = o.inbox_id WHERE o.id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) { // erased
		return nil, nil
	}
	return []Outgoing{o}, err
}

func (db *DB) outgoing(ctx context.Context, where string, args ...any) ([]Outgoing, error) {
	rows, err := db.query(ctx, `SELECT `+outgoingColumns+` FROM outbox o JOIN inbox i ON i.id = o.inbox_id WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Outgoing
	byID := map[string]int{}
	for rows.Next() {
		var o Outgoing
		if err := o.scan(rows.Scan); err != nil {
			return nil, fmt.Errorf("outbox: %w", err)
		}
		byID[o.ID] = len(list)
		list = append(list, o)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]any, len(list))
	for i, o := range list {
		ids[i] = o.ID
	}
	tried, err := db.deliveries(ctx, `notice_id IN (`+marks(len(ids))+`)`, ids...)
	for _, d := range tried {
		o := &list[byID[d.NoticeID]]
		o.Deliveries = append(o.Deliveries, d)
	}
	return list, err
}

// PostponeNotice gives a notice back until the instant given. One that somebody else has meanwhile stays theirs.
func (db *DB) PostponeNotice(ctx context.Context, id, lease string, until time.Time) error {
	_, err := db.exec(ctx, `UPDATE outbox SET lease = '', leased_until = ? WHERE id = ? AND lease = ? AND done = 0`, leaseMillis(until), id, lease)
	return err
}

// ParkNotice lets a notice wait for the recipient's morning, with what else waits for it: the first speaks for all of them.
func (tx *Tx) ParkNotice(ctx context.Context, o Outgoing, lease string, sendAt time.Time) error {
	if err := tx.holdNotice(ctx, o.ID, lease, sendAt); err != nil {
		return err
	}
	n, err := tx.exec(ctx, `UPDATE notice_bundles SET joinable = 1 WHERE recipient = ? AND send_at = ? AND joinable = 1`, o.Recipient, Millis(sendAt))
	if err != nil {
		return fmt.Errorf("notice bundle: %w", err)
	}
	if n > 0 { // this row is locked now: the bundle stays joinable until the commit
		var first string
		if err := tx.queryRow(ctx, `SELECT notice_id FROM notice_bundles WHERE recipient = ? AND send_at = ?`, o.Recipient, Millis(sendAt)).Scan(&first); err != nil {
			return fmt.Errorf("notice bundle: %w", err)
		}
		if first == o.ID {
			return nil
		}
		_, err := tx.exec(ctx, `UPDATE outbox SET done = 1, state = 'bundled', bundle = ?, lease = '' WHERE id = ?`, first, o.ID)
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO notice_bundles (recipient, send_at, notice_id, joinable) VALUES (?, ?, ?, ?)`, o.Recipient, Millis(sendAt), o.ID, true)
	if isDuplicate(err) { // it is no longer joinable, or somebody was first and InTxAgain looks again
		var joinable bool
		if err := tx.queryRow(ctx, `SELECT joinable FROM notice_bundles WHERE recipient = ? AND send_at = ?`, o.Recipient, Millis(sendAt)).Scan(&joinable); err != nil || joinable {
			return errors.Join(ErrStale, err)
		}
		return nil
	}
	return err
}

func (tx *Tx) holdNotice(ctx context.Context, id, lease string, sendAt time.Time) error {
	n, err := tx.exec(ctx, `UPDATE outbox SET send_at = ?, lease = '', leased_until = ? WHERE id = ? AND lease = ? AND done = 0`, Millis(sendAt), leaseMillis(sendAt), id, lease)
	if err != nil {
		return fmt.Errorf("notice %s: %w", id, err)
	}
	if n == 0 {
		return ErrNoticeTaken
	}
	return nil
}

// CloseBundle ends the joining of a notice that has waited for the morning and gives those that it speaks for and that were not
// read by then, itself included: however often it is asked, the message says the same.
func (tx *Tx) CloseBundle(ctx context.Context, o Outgoing) (unread []InboxRow, err error) {
	if _, err := tx.exec(ctx, `UPDATE notice_bundles SET joinable = 0 WHERE recipient = ? AND send_at = ?`, o.Recipient, Millis(o.SendAt)); err != nil {
		return nil, fmt.Errorf("notice bundle: %w", err)
	}
	unread, err = scanInbox(tx.query(ctx, `SELECT `+inboxColumns+`, '' FROM outbox o JOIN inbox i ON i.id = o.inbox_id WHERE o.bundle = ? AND (i.read_at IS NULL OR i.read_at > ?)`, o.ID, Millis(o.SendAt)))
	if o.ReadAt.IsZero() || o.ReadAt.After(o.SendAt) {
		unread = append(unread, o.InboxRow)
	}
	return unread, err
}

// SettleNotice notes what became of a notice, and of those that its message speaks for. ErrNoticeTaken when the lease is lost.
func (tx *Tx) SettleNotice(ctx context.Context, o Outgoing, lease string, now time.Time) error {
	n, err := tx.settle(ctx, o, `lease = ? AND done = 0`, now, lease)
	if err == nil && n == 0 {
		return ErrNoticeTaken
	}
	return err
}

// ConfirmNotice notes that a notice was told after all, whoever has it in hand. One that is told already, or of which somebody
// has told the recipient by other means, stays as it is.
func (tx *Tx) ConfirmNotice(ctx context.Context, id, channel string, now time.Time) error {
	list, err := tx.outgoing(ctx, id)
	if err != nil || len(list) == 0 {
		return err
	}
	o := list[0]
	o.State, o.Channel, o.Why = NoticeTold, channel, ""
	_, err = tx.settle(ctx, o, `state IN ('waiting', 'unconfirmed', 'untold')`, now)
	return err
}

func (tx *Tx) settle(ctx context.Context, o Outgoing, where string, now time.Time, args ...any) (int64, error) {
	values := []any{string(o.State), AudienceOf(o.Recipient), o.Channel, cut(o.Why, 500), Millis(now)}
	const set = `UPDATE outbox SET done = 1, state = ?, audience = ?, channel = ?, why = ?, settled_at = ?, lease = '' WHERE `
	n, err := tx.exec(ctx, set+`id = ? AND `+where, append(append(slices.Clone(values), o.ID), args...)...)
	if err != nil {
		return n, fmt.Errorf("notice %s: %w", o.ID, err)
	}
	if n > 0 && !o.SendAt.IsZero() {
		_, err = tx.exec(ctx, set+`bundle = ? AND state <> 'otherwise'`, append(values, o.ID)...)
	}
	return n, err
}

// ReopenNotice lets a notice go on to its next channel: the platform says that what had been sent did not arrive.
func (tx *Tx) ReopenNotice(ctx context.Context, id, channel string) error {
	n, err := tx.exec(ctx, `UPDATE outbox SET done = 0, state = 'waiting', channel = '', settled_at = NULL, leased_until = 0 WHERE id = ? AND (state = 'told' AND channel = ? OR state = 'unconfirmed')`, id, channel)
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE outbox SET state = 'bundled', channel = '', settled_at = NULL WHERE bundle = ? AND state <> 'otherwise'`, id)
	return err
}

// The audiences of notices.
const (
	StaffAudience     = "staff"
	RequesterAudience = "requester"
	// FamilyAudience are those who act for a requester. What does not reach them is on no list: the requester's own notice says whether they were told.
	FamilyAudience = "family"
)

const (
	toRequester = "requester:" // and the requester's key
	toFamily    = "family:"    // and the consent's id
)

// AudienceOf tells who a recipient is.
func AudienceOf(recipient string) string {
	switch {
	case strings.HasPrefix(recipient, toRequester):
		return RequesterAudience
	case strings.HasPrefix(recipient, toFamily):
		return FamilyAudience
	}
	return StaffAudience
}

// UnsettledNotices lists notices to an audience that did not surely get through (NoticeUntold or NoticeUnconfirmed), newest
// first, behind the id given ("" for the first page).
func (db *DB) UnsettledNotices(ctx context.Context, state NoticeState, audience, before string, limit int) ([]Outgoing, error) {
	where, args := `o.state = ? AND o.audience = ?`, []any{string(state), audience}
	if before != "" {
		where += ` AND o.id < ?`
		args = append(args, before)
	}
	return db.outgoing(ctx, where+` ORDER BY o.id DESC LIMIT ?`, append(args, limit)...)
}

// ToldOtherwise notes that somebody told the recipient by other means. It gives the notice; done is false when it is noted
// already. ErrNoNotice when it is on neither list.
func (tx *Tx) ToldOtherwise(ctx context.Context, id, by, means string, now time.Time) (number string, done bool, err error) {
	n, err := tx.exec(ctx, `UPDATE outbox SET state = 'otherwise', channel = ?, settled_at = ?, settled_by = ? WHERE id = ? AND state IN ('untold', 'unconfirmed')`, means, Millis(now), by, id)
	if err != nil {
		return "", false, fmt.Errorf("notice %s: %w", id, err)
	}
	list, err := scanStrings(tx.query(ctx, `SELECT i.number FROM outbox o JOIN inbox i ON i.id = o.inbox_id WHERE o.id = ? AND o.state = 'otherwise'`, id))
	if err != nil {
		return "", false, err
	}
	if len(list) == 0 {
		return "", false, ErrNoNotice
	}
	return list[0], n > 0, nil
}

// CountNotices counts the notices to an audience in a state, up to CountCap.
func (db *DB) CountNotices(ctx context.Context, state NoticeState, audience string) (n int, err error) {
	err = db.queryRow(ctx, fmt.Sprintf(`SELECT COUNT(*) FROM (SELECT id FROM outbox WHERE state = ? AND audience = ? LIMIT %d) t`, CountCap), string(state), audience).Scan(&n)
	return n, err
}

// ForgetDeliveries drops what is older than before and no longer needed to match events and reports.
func (db *DB) ForgetDeliveries(ctx context.Context, before time.Time) error {
	var errs []error
	for _, text := range []string{`DELETE FROM delivery_events WHERE at < ?`, `DELETE FROM grant_reports WHERE at < ?`, `DELETE FROM notice_bundles WHERE send_at < ?`} {
		_, err := db.exec(ctx, text, Millis(before))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Outgoing gives one notice. ErrNoNotice when there is none.
func (db *DB) Outgoing(ctx context.Context, id string) (Outgoing, error) {
	list, err := db.outgoing(ctx, `o.id = ?`, id)
	if err != nil || len(list) == 0 {
		return Outgoing{}, cmp.Or(err, error(ErrNoNotice))
	}
	return list[0], nil
}
