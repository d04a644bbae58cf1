package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// maxGrants bounds what is counted of one template's grants: the platform keeps some dozens at the most, and a client may say
// what it likes.
const maxGrants = 50

// MessageAccount is the blind index under which the deliveries to an openid, a member id or a phone number, and its grants, are found.
func MessageAccount(s Sealer, id string) string { return s.Blind("message account", id) }

// DropGrants erases what an account has allowed, and what was reported of it.
func (tx *Tx) DropGrants(ctx context.Context, account string) error {
	for _, text := range []string{`DELETE FROM message_grants WHERE account = ?`, `DELETE FROM grant_reports WHERE account = ?`} {
		if _, err := tx.exec(ctx, text, account); err != nil {
			return fmt.Errorf("drop grants: %w", err)
		}
	}
	return nil
}

// Grant is what a WeChat account has allowed of one template.
type Grant struct {
	Template string
	// Remaining counts one-time grants not yet used; Standing is a long-term one.
	Remaining  int
	Standing   bool
	AcceptedAt time.Time
	RefusedAt  time.Time // when the platform last said that there is none
}

// The answers to the question for a grant that change anything. Another, such as filter (not shown, for a template of the same title
// was asked for), says nothing of what was allowed before.
const (
	GrantAccepted = "accept"
	GrantRejected = "reject"
	GrantBanned   = "ban" // the platform has switched the template off
	// GrantSwitchedOff is of no template: nothing was asked, because the person has switched subscribe messages off as a whole.
	GrantSwitchedOff = "off"
)

// The sides that report a grant.
const (
	FromClient   = "client"
	FromPlatform = "platform"
)

// GrantReport is one answer to the question for a grant.
type GrantReport struct {
	ID       string // the same for the same answer, however often it is reported
	Source   string // FromClient or FromPlatform
	Template string
	Standing bool // the template's grants are long-term ones
	Answer   string
	At       time.Time
	// Withdrawn says that the person has taken back what they had allowed.
	Withdrawn bool
}

// samePopup is how far apart client and platform may report one answer.
const samePopup = 10 * time.Minute

// ReportGrant counts a report, once; what the other side has reported already counts no second time. It reports whether it was
// new.
func (tx *Tx) ReportGrant(ctx context.Context, account string, r GrantReport) (bool, error) {
	paired := ""
	if r.Answer == GrantAccepted {
		list, err := scanStrings(tx.query(ctx, `SELECT id FROM grant_reports WHERE account = ? AND template = ? AND answer = 'accept' AND paired = 0 AND source <> ? AND at >= ? AND at <= ? ORDER BY id LIMIT 1`,
			account, r.Template, r.Source, Millis(r.At.Add(-samePopup)), Millis(r.At.Add(samePopup))))
		if err != nil {
			return false, fmt.Errorf("grant reports: %w", err)
		}
		if len(list) > 0 {
			paired = list[0]
		}
	}
	_, err := tx.exec(ctx, `INSERT INTO grant_reports (account, template, id, source, answer, at, paired) VALUES (?, ?, ?, ?, ?, ?, ?)`, account, r.Template, r.ID, r.Source, r.Answer, Millis(r.At), paired != "")
	if isDuplicate(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("grant report: %w", err)
	}
	if r.Answer == GrantAccepted { // whoever is asked has them switched on
		if _, err := tx.exec(ctx, `DELETE FROM subscribe_switches WHERE account = ? AND off_at <= ?`, account, Millis(r.At)); err != nil {
			return false, fmt.Errorf("subscribe switch: %w", err)
		}
	}
	if paired != "" {
		n, err := tx.exec(ctx, `UPDATE grant_reports SET paired = 1 WHERE account = ? AND template = ? AND id = ? AND paired = 0`, account, r.Template, paired)
		if err != nil {
			return false, fmt.Errorf("grant report: %w", err)
		}
		if n == 0 {
			return false, ErrStale // somebody else has paired it: look again
		}
		return true, nil
	}
	switch {
	case r.Answer == GrantAccepted:
		err = tx.addGrant(ctx, account, r)
	case r.Answer == GrantSwitchedOff:
		err = tx.switchOff(ctx, account, r.At)
	case r.Withdrawn, r.Answer == GrantBanned, r.Standing && r.Answer == GrantRejected:
		err = tx.dropGrants(ctx, account, r.Template, r.At)
	}
	return true, err
}

// switchOff notes that an account takes no subscribe messages. What it has allowed stays: the platform keeps it too.
func (tx *Tx) switchOff(ctx context.Context, account string, at time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO subscribe_switches (account, off_at) VALUES (?, ?)`, account, Millis(at))
	if isDuplicate(err) {
		_, err = tx.exec(ctx, `UPDATE subscribe_switches SET off_at = ? WHERE account = ? AND off_at < ?`, Millis(at), account, Millis(at))
	}
	if err != nil {
		return fmt.Errorf("subscribe switch: %w", err)
	}
	return nil
}

// SwitchedOff tells since when an account takes no subscribe messages, as its client last said; the zero time for one that does.
func (db *DB) SwitchedOff(ctx context.Context, account string) (at time.Time, err error) {
	err = db.queryRow(ctx, `SELECT off_at FROM subscribe_switches WHERE account = ?`, account).Scan((*Millis)(&at))
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return at, err
}

func (tx *Tx) addGrant(ctx context.Context, account string, r GrantReport) error {
	_, err := tx.exec(ctx, `INSERT INTO message_grants (account, template, remaining, standing, accepted_at, refused_at) VALUES (?, ?, 0, 0, NULL, NULL)`, account, r.Template)
	if err != nil && !isDuplicate(err) {
		return fmt.Errorf("grant: %w", err)
	}
	set := `remaining = CASE WHEN remaining < ? THEN remaining + 1 ELSE remaining END`
	args := []any{maxGrants}
	if r.Standing {
		set, args = `standing = 1`, nil
	}
	_, err = tx.exec(ctx, `UPDATE message_grants SET `+set+`, accepted_at = ? WHERE account = ? AND template = ?`, append(args, Millis(r.At), account, r.Template)...)
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	return nil
}

// reserveGrant takes one out for a message about to be sent. ErrNoGrant when none is left.
func (tx *Tx) reserveGrant(ctx context.Context, account, template string) error {
	n, err := tx.exec(ctx, `UPDATE message_grants SET remaining = remaining - 1 WHERE account = ? AND template = ? AND remaining > 0`, account, template)
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	if n == 0 {
		return ErrNoGrant
	}
	return nil
}

// refundGrant puts one back that was reserved at an instant and surely not used, unless the platform has said since that there
// are none.
func (tx *Tx) refundGrant(ctx context.Context, account, template string, reservedAt time.Time) error {
	_, err := tx.exec(ctx, `UPDATE message_grants SET remaining = remaining + 1 WHERE account = ? AND template = ? AND (refused_at IS NULL OR refused_at < ?)`, account, template, Millis(reservedAt))
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	return nil
}

// dropGrants notes that the platform knows of no grant.
func (tx *Tx) dropGrants(ctx context.Context, account, template string, now time.Time) error {
	_, err := tx.exec(ctx, `UPDATE message_grants SET remaining = 0, standing = 0, refused_at = ? WHERE account = ? AND template = ?`, Millis(now), account, template)
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	return nil
}

// Grants lists what an account has allowed, by template.
func (db *DB) Grants(ctx context.Context, account string) ([]Grant, error) {
	rows, err := db.query(ctx, `SELECT template, remaining, standing, accepted_at, refused_at FROM message_grants WHERE account = ? ORDER BY template`, account)
	if err != nil {
		return nil, fmt.Errorf("grants: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Grant
	for rows.Next() {
		var g Grant
		if err := rows.Scan(&g.Template, &g.Remaining, &g.Standing, (*Millis)(&g.AcceptedAt), (*Millis)(&g.RefusedAt)); err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return list, rows.Err()
}
