package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// DeliveryState says how far one channel has come with one notice.
type DeliveryState string

// The states of a delivery.
const (
	DeliverySending     DeliveryState = "sending"     // under way, or the process that sent it ended meanwhile
	DeliveryRetry       DeliveryState = "retry"       // surely not done; to be tried again
	DeliverySent        DeliveryState = "sent"        // the platform has taken it
	DeliveryUnconfirmed DeliveryState = "unconfirmed" // the answer got lost
	DeliveryFailed      DeliveryState = "failed"      // refused: another channel
)

// Delivery is what one channel has done with one notice. There is one at the most of each: the row is written before anything is
// sent.
type Delivery struct {
	NoticeID        string
	Channel         string
	State           DeliveryState
	Tries           int
	Account         string // blind index of whom it went to
	Template        string
	TemplateVersion int
	Granted         string // the template whose one-time grant is reserved for it; "" for none
	StartedAt       time.Time
	TriedAt         time.Time
	EndedAt         time.Time
	Code            int    // of the platform, when it refused
	RID             string // by which the platform finds the request
	MessageID       string // the platform's, of what was sent
	Why             string // it is not sent, in Chinese
	// PossibleDouble marks a message sent although an earlier channel's may have arrived.
	PossibleDouble bool
}

// Doubtful tells whether the message may have arrived without anybody here knowing.
func (d Delivery) Doubtful() bool {
	return d.State == DeliverySending || d.State == DeliveryUnconfirmed
}

// ErrNoGrant says that no one-time grant of this template is left.
var ErrNoGrant = errors.New("store: no grant is left")

const deliveryColumns = `notice_id, channel, state, tries, account, template, template_version, granted, started_at, tried_at, ended_at, code, rid, message_id, why, possible_double`

func (d *Delivery) scan(scan func(...any) error) error {
	return scan(&d.NoticeID, &d.Channel, &d.State, &d.Tries, &d.Account, &d.Template, &d.TemplateVersion, &d.Granted, (*Millis)(&d.StartedAt), (*Millis)(&d.TriedAt), (*Millis)(&d.EndedAt),
		&d.Code, &d.RID, &d.MessageID, &d.Why, &d.PossibleDouble)
}

func scanDeliveries(rows *sql.Rows, err error) (list []Delivery, _ error) {
	if err != nil {
		return nil, fmt.Errorf("deliveries: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d Delivery
		if err := d.scan(rows.Scan); err != nil {
			return nil, fmt.Errorf("deliveries: %w", err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

func (db *DB) deliveries(ctx context.Context, where string, args ...any) ([]Delivery, error) {
	return scanDeliveries(db.query(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE `+where, args...))
}

// Deliveries lists what the channels have done with a notice.
func (db *DB) Deliveries(ctx context.Context, noticeID string) ([]Delivery, error) {
	return db.deliveries(ctx, `notice_id = ?`, noticeID)
}

// StartDelivery writes down that a channel is about to send a notice, before it does, and reserves the grant that the message
// will use up. d is the delivery as it was read, or a new one (Tries 0); it is given back as written.
//
// ErrNoticeTaken when the lease is lost, ErrNoGrant when there is none: nothing must be sent then.
func (tx *Tx) StartDelivery(ctx context.Context, d Delivery, lease string, now, until time.Time) (Delivery, error) {
	n, err := tx.exec(ctx, `UPDATE outbox SET leased_until = ? WHERE id = ? AND lease = ? AND done = 0`, leaseMillis(until), d.NoticeID, lease)
	if err != nil {
		return d, fmt.Errorf("notice %s: %w", d.NoticeID, err)
	}
	if n == 0 {
		return d, ErrNoticeTaken
	}
	if d.Granted != "" && !d.Doubtful() { // what is sent again has its grant
		if err := tx.reserveGrant(ctx, d.Account, d.Granted); err != nil {
			return d, err
		}
	}
	from, tries := d.State, d.Tries
	d.State, d.Tries, d.TriedAt = DeliverySending, tries+1, now
	if tries == 0 {
		d.StartedAt = now
		_, err = tx.exec(ctx, `INSERT INTO deliveries (`+deliveryColumns+`) VALUES (`+marks(16)+`)`, d.NoticeID, d.Channel, string(d.State), d.Tries, d.Account, d.Template, d.TemplateVersion,
			d.Granted, Millis(d.StartedAt), Millis(d.TriedAt), nil, 0, "", "", "", d.PossibleDouble)
		if isDuplicate(err) {
			return d, ErrNoticeTaken
		}
	} else {
		n, err = tx.exec(ctx, `UPDATE deliveries SET state = ?, tries = ?, account = ?, template = ?, template_version = ?, granted = ?, tried_at = ?, possible_double = ? WHERE notice_id = ? AND channel = ? AND state = ? AND tries = ?`,
			string(d.State), d.Tries, d.Account, d.Template, d.TemplateVersion, d.Granted, Millis(d.TriedAt), d.PossibleDouble, d.NoticeID, d.Channel, string(from), tries)
		if err == nil && n == 0 {
			return d, ErrNoticeTaken
		}
	}
	if err != nil {
		return d, fmt.Errorf("delivery of %s: %w", d.NoticeID, err)
	}
	return d, nil
}

// EndDelivery notes what came of a try and what that means for the grant reserved for it:
//
//   - sent and unconfirmed keep it: it is used up, or may be;
//   - retry and failed give it back;
//   - noGrant (the platform says that there is none) takes away all that are left.
//
// An answer that comes late, after somebody has noted the delivery as unconfirmed, still counts. It reports whether it did.
func (tx *Tx) EndDelivery(ctx context.Context, d Delivery, noGrant bool, now time.Time) (bool, error) {
	d.EndedAt = now
	from := `tries = ? AND state IN ('sending', 'unconfirmed')`
	switch d.State {
	case DeliverySent: // whatever a later try has met
		from = `tries >= ? AND state <> 'sent'`
	case DeliveryUnconfirmed:
		from = `tries = ? AND state = 'sending'`
	}
	n, err := tx.exec(ctx, `UPDATE deliveries SET state = ?, ended_at = ?, code = ?, rid = ?, message_id = ?, why = ? WHERE notice_id = ? AND channel = ? AND `+from,
		string(d.State), Millis(d.EndedAt), d.Code, cut(d.RID, 64), cut(d.MessageID, 64), cut(d.Why, 200), d.NoticeID, d.Channel, d.Tries)
	if err != nil {
		return false, fmt.Errorf("delivery of %s: %w", d.NoticeID, err)
	}
	if n == 0 {
		return false, nil
	}
	switch {
	case noGrant:
		err = tx.dropGrants(ctx, d.Account, d.Template, now)
	case d.Granted != "" && (d.State == DeliveryRetry || d.State == DeliveryFailed):
		err = tx.refundGrant(ctx, d.Account, d.Granted, d.TriedAt)
	}
	return true, err
}

// DeliveryEvent is what the platform tells of a message after it has taken it.
type DeliveryEvent struct {
	ID        string // the same for the same event, however often it is pushed
	Channel   string
	Account   string // blind index of whom it went to
	Template  string // "" where the platform does not say
	MessageID string // "" or "0" where it does not say
	Delivered bool
	Why       string // it was not
	At        time.Time
}

// AddDeliveryEvent notes an event, once, and applies it where it names a message that was sent: its notice is confirmed, or goes
// on to the next channel. What names none waits for MatchStray.
func (tx *Tx) AddDeliveryEvent(ctx context.Context, e DeliveryEvent, now time.Time) error {
	if e.MessageID == "0" {
		e.MessageID = ""
	}
	_, err := tx.exec(ctx, `INSERT INTO delivery_events (id, channel, account, template, message_id, delivered, why, at, notice_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')`,
		e.ID, e.Channel, e.Account, e.Template, e.MessageID, e.Delivered, cut(e.Why, 200), Millis(e.At))
	if isDuplicate(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delivery event: %w", err)
	}
	_, err = tx.matchMessage(ctx, e, now)
	return err
}

// matchMessage applies an event to the delivery whose message it names.
func (tx *Tx) matchMessage(ctx context.Context, e DeliveryEvent, now time.Time) (matched bool, err error) {
	if e.MessageID == "" {
		return false, nil
	}
	list, err := scanDeliveries(tx.query(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE channel = ? AND message_id = ?`, e.Channel, e.MessageID))
	for _, d := range list {
		if d.Account == e.Account {
			return true, tx.applyEvent(ctx, d, e, now)
		}
	}
	return false, err
}

// MatchSent applies an event that came before the answer that names its message.
func (tx *Tx) MatchSent(ctx context.Context, d Delivery, now time.Time) error {
	if d.MessageID == "" {
		return nil
	}
	e, ok, err := tx.deliveryEvent(ctx, `channel = ? AND message_id = ?`, d.Channel, d.MessageID)
	if err != nil || !ok || e.Account != d.Account {
		return err
	}
	return tx.applyEvent(ctx, d, e, now)
}

// StrayEvents lists up to limit events between two instants that have settled no delivery, oldest first.
func (db *DB) StrayEvents(ctx context.Context, from, to time.Time, limit int) ([]DeliveryEvent, error) {
	rows, err := db.query(ctx, `SELECT `+eventColumns+` FROM delivery_events WHERE notice_id = '' AND at >= ? AND at <= ? ORDER BY at, id LIMIT ?`, Millis(from), Millis(to), limit)
	if err != nil {
		return nil, fmt.Errorf("delivery events: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []DeliveryEvent
	for rows.Next() {
		var e DeliveryEvent
		if err := e.scan(rows.Scan); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// MatchStray finds the delivery whose answer got lost that an event tells of: one to the same person, begun before it, of which
// no event has told yet. An event that names a message not known to us belongs to one whose answer got lost; one that names none
// may belong to any. Where there are more such deliveries than events up to this one nobody can tell whose it is: they stay as
// they are. The answers of what is under way must have been written down when this is asked. One that belongs to none is not
// looked at again when last is set.
func (tx *Tx) MatchStray(ctx context.Context, e DeliveryEvent, last bool, now time.Time) error {
	// An event and the answer that names its message may have been written down at the same moment.
	if matched, err := tx.matchMessage(ctx, e, now); err != nil || matched {
		return err
	}
	// The platform counts in whole seconds.
	list, err := scanDeliveries(tx.query(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE account = ? AND channel = ? AND state IN ('unconfirmed', 'sending', 'sent') AND started_at >= ? AND started_at < ?
		ORDER BY started_at LIMIT 200`, e.Account, e.Channel, Millis(e.At.Add(-strayWithin)), Millis(e.At.Add(time.Second))))
	if err != nil {
		return err
	}
	var open []Delivery
	for _, d := range list {
		if e.Template != "" && e.Template != d.Template || e.MessageID != "" && d.State == DeliverySent {
			continue
		}
		_, told, err := tx.deliveryEvent(ctx, `notice_id = ? AND channel = ?`, d.NoticeID, d.Channel)
		if err != nil {
			return err
		}
		if !told {
			open = append(open, d)
		}
	}
	if len(open) > 0 {
		events, failed := 0, 0
		if err := tx.queryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(1 - de.delivered), 0) FROM delivery_events de WHERE de.notice_id = '' AND de.at >= ? AND de.at <= ? AND de.account = ? AND de.channel = ? AND de.template = ?
			AND (de.message_id = '' OR NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.channel = de.channel AND d.message_id = de.message_id))`,
			Millis(open[0].StartedAt.Truncate(time.Second)), Millis(e.At), e.Account, e.Channel, e.Template).Scan(&events, &failed); err != nil {
			return fmt.Errorf("delivery events: %w", err)
		}
		if len(open) == 1 || len(open) <= events && failed == 0 {
			return tx.applyEvent(ctx, open[0], e, now)
		}
	}
	if last {
		_, err = tx.exec(ctx, `UPDATE delivery_events SET notice_id = '-' WHERE id = ? AND notice_id = ''`, e.ID)
	}
	return err
}

// strayWithin is how long after a message was sent the platform tells what became of it.
const strayWithin = time.Hour

const eventColumns = `id, channel, account, template, message_id, delivered, why, at`

func (e *DeliveryEvent) scan(scan func(...any) error) error {
	return scan(&e.ID, &e.Channel, &e.Account, &e.Template, &e.MessageID, &e.Delivered, &e.Why, (*Millis)(&e.At))
}

func (tx *Tx) deliveryEvent(ctx context.Context, where string, args ...any) (e DeliveryEvent, ok bool, err error) {
	err = e.scan(tx.queryRow(ctx, `SELECT `+eventColumns+` FROM delivery_events WHERE `+where+` LIMIT 1`, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	return e, err == nil, err
}

func (tx *Tx) applyEvent(ctx context.Context, d Delivery, e DeliveryEvent, now time.Time) error {
	n, err := tx.exec(ctx, `UPDATE delivery_events SET notice_id = ? WHERE id = ? AND notice_id = ''`, d.NoticeID, e.ID)
	if err != nil || n == 0 {
		return err
	}
	if e.Delivered {
		if _, err := tx.exec(ctx, `UPDATE deliveries SET state = 'sent', ended_at = ?, message_id = ? WHERE notice_id = ? AND channel = ? AND state IN ('sending', 'unconfirmed', 'sent')`,
			Millis(now), e.MessageID, d.NoticeID, d.Channel); err != nil {
			return fmt.Errorf("delivery of %s: %w", d.NoticeID, err)
		}
		return tx.ConfirmNotice(ctx, d.NoticeID, d.Channel, now)
	}
	if _, err := tx.exec(ctx, `UPDATE deliveries SET state = 'failed', ended_at = ?, message_id = ?, why = ? WHERE notice_id = ? AND channel = ?`,
		Millis(now), e.MessageID, cut(e.Why, 200), d.NoticeID, d.Channel); err != nil {
		return fmt.Errorf("delivery of %s: %w", d.NoticeID, err)
	}
	return tx.ReopenNotice(ctx, d.NoticeID, d.Channel)
}
