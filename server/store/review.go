package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/apperr"
)

// Review is something that a resident wrote or brought and that others do not see before it was looked at.
type Review struct {
	ID       string
	Open     bool // it waits
	Passed   bool
	Command  string // that it came with
	CaseID   string // as of then
	Number   string // of the case
	TicketID string // whose requester brought it
	// AttachmentID is a picture's, "" for words.
	AttachmentID string
	// Text is the words, "" once it is decided; sealed at rest.
	Text      string
	Reason    string // of a refusal
	DecidedBy string // person id; "" for a checker that answered late
	CreatedAt time.Time
	DecidedAt time.Time
}

// What can be wrong with a review.
var (
	ErrNoReview = apperr.New(apperr.NotFound, "review.not_found", "没有这项待审核的内容。")
	// ErrReviewDecided says that somebody was first.
	ErrReviewDecided = apperr.New(apperr.FailedPrecondition, "review.decided", "这项内容已经审核过了，请刷新列表。")
)

func placeOfReview(id string) string { return "reviews.sealed:" + id }

// InsertReview stores what waits.
func (tx *Tx) InsertReview(ctx context.Context, r Review) error {
	sealed, key := "", 0
	if r.Text != "" {
		var err error
		if sealed, err = tx.Sealer().Seal([]byte(r.Text), placeOfReview(r.ID)); err != nil {
			return err
		}
		key = tx.Sealer().CurrentKey()
	}
	if _, err := tx.exec(ctx, `INSERT INTO reviews (id, open, passed, command, case_id, number, ticket_id, attachment_id, sealed, sealed_key, reason, decided_by, created_at)
		VALUES (?, 1, 0, ?, ?, ?, ?, ?, ?, ?, '', '', ?)`, r.ID, r.Command, r.CaseID, r.Number, r.TicketID, r.AttachmentID, sealed, key, Millis(r.CreatedAt)); err != nil {
		return fmt.Errorf("review %s: %w", r.ID, err)
	}
	return nil
}

const reviewColumns = `id, open, passed, command, case_id, number, ticket_id, attachment_id, sealed, reason, decided_by, created_at, decided_at`

func scanReview(s Sealer, scan func(...any) error) (Review, error) {
	var r Review
	var sealed string
	err := scan(&r.ID, &r.Open, &r.Passed, &r.Command, &r.CaseID, &r.Number, &r.TicketID, &r.AttachmentID, &sealed, &r.Reason, &r.DecidedBy, (*Millis)(&r.CreatedAt), (*Millis)(&r.DecidedAt))
	if err != nil || sealed == "" {
		return r, err
	}
	text, err := s.Open(sealed, placeOfReview(r.ID))
	r.Text = string(text)
	return r, err
}

// Review loads one.
func (tx *Tx) Review(ctx context.Context, id string) (Review, error) {
	r, err := scanReview(tx.Sealer(), tx.queryRow(ctx, `SELECT `+reviewColumns+` FROM reviews WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoReview
	}
	return r, err
}

// Reviews lists what waits, or what was decided, by age, behind the id given.
func (db *DB) Reviews(ctx context.Context, open bool, after string, limit int) ([]Review, error) {
	rows, err := db.query(ctx, `SELECT `+reviewColumns+` FROM reviews WHERE open = ? AND id > ? ORDER BY id LIMIT ?`, open, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reviews: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Review
	for rows.Next() {
		r, err := scanReview(db.Sealer(), rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// DecideReview decides what waits; its words are gone from here. ErrReviewDecided when somebody was first.
func (tx *Tx) DecideReview(ctx context.Context, r Review) error {
	n, err := tx.exec(ctx, `UPDATE reviews SET open = 0, passed = ?, sealed = '', sealed_key = 0, reason = ?, decided_by = ?, decided_at = ? WHERE id = ? AND open = 1`,
		r.Passed, r.Reason, r.DecidedBy, Millis(r.DecidedAt), r.ID)
	if err != nil {
		return fmt.Errorf("review %s: %w", r.ID, err)
	}
	if n == 0 {
		return ErrReviewDecided
	}
	return nil
}

// DropReviews forgets what the requester of a ticket brought that still waits.
func (tx *Tx) DropReviews(ctx context.Context, ticketID string) error {
	if _, err := tx.exec(ctx, `DELETE FROM reviews WHERE ticket_id = ? AND open = 1`, ticketID); err != nil {
		return fmt.Errorf("reviews of ticket %s: %w", ticketID, err)
	}
	return nil
}

// ResealReviews seals waiting words anew that are sealed under an older key. It gives those that do not open.
func (tx *Tx) ResealReviews(ctx context.Context) (n int, damaged []error, err error) {
	s := tx.Sealer()
	rows, err := tx.query(ctx, `SELECT id, sealed FROM reviews WHERE sealed_key > 0 AND sealed_key < ? ORDER BY sealed_key, id LIMIT 1000`, s.CurrentKey())
	if err != nil {
		return 0, nil, fmt.Errorf("re-seal reviews: %w", err)
	}
	var list []underOlder
	for rows.Next() {
		var id, sealed string
		if err := rows.Scan(&id, &sealed); err != nil {
			return 0, nil, errors.Join(err, rows.Close())
		}
		list = append(list, underOlder{placeOfReview(id), sealed, func(fresh string) (int64, error) {
			return tx.exec(ctx, `UPDATE reviews SET sealed = ?, sealed_key = ? WHERE id = ? AND open = 1 AND sealed = ?`, fresh, s.CurrentKey(), id, sealed)
		}})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, nil, fmt.Errorf("re-seal reviews: %w", err)
	}
	return tx.resealValues(list)
}
