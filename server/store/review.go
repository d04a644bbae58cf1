package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/apperr"
)

// ReviewState says what a review waits for.
type ReviewState int

// The states of a review.
const (
	ReviewDecided  ReviewState = 0
	ReviewOpen     ReviewState = 1 // a person must look
	ReviewOutside  ReviewState = 2 // a platform looks at a picture, or is to be asked
	maxTraceLength             = 64
)

// Review is something that a resident wrote or brought and that others do not see before it was looked at.
type Review struct {
	ID       string
	State    ReviewState
	Passed   bool
	Command  string // that it came with
	CaseID   string // as of then
	Number   string // of the case
	TicketID string // whose requester brought it
	NoteID   string // of a ticket, that it belongs to instead of a command
	// AttachmentID is a picture's, "" for words.
	AttachmentID string
	// Text is the words, "" once it is decided; sealed at rest.
	Text      string
	Reason    string // of a refusal
	DecidedBy string // person id; "" for a checker that answered late
	CreatedAt time.Time
	DecidedAt time.Time

	// Trace is the platform's name of its look; "" before it was asked. Tries is how often it was.
	Trace string
	Tries int
	// PeopleAt is since when a person is to look, ToldAt when somebody was last told that nobody has; zero for not yet.
	PeopleAt, ToldAt time.Time
	// NextAt is when something falls due by itself; zero once it is decided.
	NextAt time.Time
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
	if _, err := tx.exec(ctx, `INSERT INTO reviews (id, open, passed, command, case_id, number, ticket_id, attachment_id, sealed, sealed_key, reason, decided_by, created_at, people_at, next_at, note_id)
		VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, '', '', ?, ?, ?, ?)`,
		r.ID, int(r.State), r.Command, r.CaseID, r.Number, r.TicketID, r.AttachmentID, sealed, key, Millis(r.CreatedAt), Millis(r.PeopleAt), Millis(r.NextAt), r.NoteID); err != nil {
		return fmt.Errorf("review %s: %w", r.ID, err)
	}
	return nil
}

const (
	reviewColumns  = `id, open, passed, command, case_id, number, ticket_id, attachment_id, sealed` + reviewRest
	reviewUnopened = `id, open, passed, command, case_id, number, ticket_id, attachment_id, ''` + reviewRest
	reviewRest     = `, reason, decided_by, created_at, decided_at, trace, tries, people_at, told_at, next_at, note_id`
)

func scanReview(s Sealer, scan func(...any) error) (Review, error) {
	var r Review
	var sealed string
	err := scan(&r.ID, &r.State, &r.Passed, &r.Command, &r.CaseID, &r.Number, &r.TicketID, &r.AttachmentID, &sealed, &r.Reason, &r.DecidedBy, (*Millis)(&r.CreatedAt), (*Millis)(&r.DecidedAt),
		&r.Trace, &r.Tries, (*Millis)(&r.PeopleAt), (*Millis)(&r.ToldAt), (*Millis)(&r.NextAt), &r.NoteID)
	if err != nil || sealed == "" {
		return r, err
	}
	text, err := s.Open(sealed, placeOfReview(r.ID))
	r.Text = string(text)
	return r, err
}

func oneReview(ctx context.Context, q querier, where, arg string) (Review, error) {
	r, err := scanReview(q.Sealer(), q.queryRow(ctx, `SELECT `+reviewColumns+` FROM reviews WHERE `+where, arg).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoReview
	}
	return r, err
}

// Review loads one.
func (tx *Tx) Review(ctx context.Context, id string) (Review, error) {
	return oneReview(ctx, tx, `id = ?`, id)
}

// Review loads one.
func (db *DB) Review(ctx context.Context, id string) (Review, error) {
	return oneReview(ctx, db, `id = ?`, id)
}

// ReviewOfTrace finds the review that a platform's verdict is about. ErrNoReview.
func (db *DB) ReviewOfTrace(ctx context.Context, trace string) (Review, error) {
	if trace == "" {
		return Review{}, ErrNoReview // what was never asked for has none
	}
	return oneReview(ctx, db, `trace = ? LIMIT 1`, trace)
}

// Reviews lists those in a state by age, behind the id given.
func (db *DB) Reviews(ctx context.Context, state ReviewState, after string, limit int) ([]Review, error) {
	rows, err := db.query(ctx, `SELECT `+reviewColumns+` FROM reviews WHERE open = ? AND id > ? ORDER BY id LIMIT ?`, int(state), after, limit)
	return scanReviews(db.Sealer(), rows, err)
}

// DueReviews lists those in a state on which something has fallen due by now, without their words, the longest waiting first.
func (db *DB) DueReviews(ctx context.Context, state ReviewState, now time.Time, limit int) ([]Review, error) {
	rows, err := db.query(ctx, `SELECT `+reviewUnopened+` FROM reviews WHERE open = ? AND next_at <= ? ORDER BY next_at, id LIMIT ?`, int(state), Millis(now), limit)
	return scanReviews(db.Sealer(), rows, err)
}

func scanReviews(s Sealer, rows *sql.Rows, err error) (list []Review, _ error) {
	if err != nil {
		return nil, fmt.Errorf("reviews: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r, err := scanReview(s, rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// ReviewsWaiting counts what waits for a person, up to CountCap, and tells since when the first of it does.
func (db *DB) ReviewsWaiting(ctx context.Context) (n int, oldest time.Time, err error) {
	err = db.queryRow(ctx, fmt.Sprintf(`SELECT COUNT(*), MIN(people_at) FROM (SELECT people_at FROM reviews WHERE open = 1 ORDER BY id LIMIT %d) t`, CountCap)).Scan(&n, (*Millis)(&oldest))
	return n, oldest, err
}

// TakeReview takes the next step with what is to be asked of a platform for oneself until the instant given, and reports whether nobody
// was first.
func (db *DB) TakeReview(ctx context.Context, r Review, until time.Time) (bool, error) {
	n, err := db.exec(ctx, `UPDATE reviews SET next_at = ?, tries = tries + 1 WHERE id = ? AND open = 2 AND next_at = ? AND tries = ?`, Millis(until), r.ID, Millis(r.NextAt), r.Tries)
	return n > 0, err
}

// TraceReview notes the platform's name of its look, "" for none yet, and when the next step is.
func (db *DB) TraceReview(ctx context.Context, id, trace string, next time.Time) error {
	if len(trace) > maxTraceLength {
		return fmt.Errorf("review %s: a trace of %d bytes", id, len(trace))
	}
	_, err := db.exec(ctx, `UPDATE reviews SET trace = ?, next_at = ? WHERE id = ? AND open = 2`, trace, Millis(next), id)
	return err
}

// ReviewToPeople lets a person look at what a platform was to, and reports whether it did: false when it is decided, or theirs already.
func (tx *Tx) ReviewToPeople(ctx context.Context, id string, since, next time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE reviews SET open = 1, people_at = ?, next_at = ? WHERE id = ? AND open = 2`, Millis(since), Millis(next), id)
	return n > 0, err
}

// ChaseReview moves the clock of what waits for a person, as it was read, and notes when somebody was told. It reports whether nobody was
// first: the clock alone does not say so, since RecountReviews sets it back.
func (tx *Tx) ChaseReview(ctx context.Context, r Review, told, next time.Time) (bool, error) {
	before := int64(0)
	if !r.ToldAt.IsZero() {
		before = r.ToldAt.UnixMilli()
	}
	n, err := tx.exec(ctx, `UPDATE reviews SET told_at = ?, next_at = ? WHERE id = ? AND open = 1 AND next_at = ? AND COALESCE(told_at, 0) = ?`, Millis(told), Millis(next), r.ID, Millis(r.NextAt), before)
	return n > 0, err
}

// RecountReviews lets the clock of everything that waits for a person be counted again.
func (db *DB) RecountReviews(ctx context.Context) error {
	_, err := db.exec(ctx, `UPDATE reviews SET next_at = people_at WHERE open = 1`)
	return err
}

// DecideReview decides what waits; its words are gone from here. ErrReviewDecided when somebody was first.
func (tx *Tx) DecideReview(ctx context.Context, r Review) error {
	n, err := tx.exec(ctx, `UPDATE reviews SET open = 0, passed = ?, sealed = '', sealed_key = 0, reason = ?, decided_by = ?, decided_at = ?, next_at = NULL WHERE id = ? AND open > 0`,
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
	if _, err := tx.exec(ctx, `DELETE FROM reviews WHERE ticket_id = ? AND open > 0`, ticketID); err != nil {
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
			return tx.exec(ctx, `UPDATE reviews SET sealed = ?, sealed_key = ? WHERE id = ? AND open > 0 AND sealed = ?`, fresh, s.CurrentKey(), id, sealed)
		}})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, nil, fmt.Errorf("re-seal reviews: %w", err)
	}
	return tx.resealValues(list)
}
