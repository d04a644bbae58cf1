package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
)

// The states of a publication.
const (
	Published = "published"
	Withdrawn = "withdrawn"
)

// Publication is what the street tells its residents about a case.
type Publication struct {
	ID, CaseID, State string
	Title, Words      string
	PublishedAt       time.Time
	People            int // who has said that they meet it too
	Story             Story
}

// Story tells residents how a matter was solved; its At is zero while there is none.
type Story struct {
	Title, Problem, Done string
	At                   time.Time
}

// PublishedCase is a publication with what residents are told of where its case stands.
type PublishedCase struct {
	Publication
	Status      casework.Status
	DueAt       time.Time
	Provisional bool
}

// ErrNoPublication says that nothing of the kind is published, or no more.
var ErrNoPublication = apperr.New(apperr.NotFound, "publication.not_found", "这件事没有公开，或已经撤回。请返回刷新。")

const publicationColumns = `p.id, p.case_id, p.state, p.title, p.words, p.published_at, p.people, p.story_title, p.problem, p.done, p.story_at`

func (p *Publication) fields() []any {
	return []any{&p.ID, &p.CaseID, &p.State, &p.Title, &p.Words, (*Millis)(&p.PublishedAt), &p.People, &p.Story.Title, &p.Story.Problem, &p.Story.Done, (*Millis)(&p.Story.At)}
}

func publication(ctx context.Context, q querier, where, arg string) (p Publication, err error) {
	err = q.queryRow(ctx, `SELECT `+publicationColumns+` FROM publications p WHERE `+where, arg).Scan(p.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoPublication
	}
	return p, err
}

// Publication loads one, whatever its state.
func (tx *Tx) Publication(ctx context.Context, id string) (Publication, error) {
	return publication(ctx, tx, `p.id = ?`, id)
}

// Publication loads one, whatever its state.
func (db *DB) Publication(ctx context.Context, id string) (Publication, error) {
	return publication(ctx, db, `p.id = ?`, id)
}

// CasePublication loads that of a case, whatever its state.
func (tx *Tx) CasePublication(ctx context.Context, caseID string) (Publication, error) {
	return publication(ctx, tx, `p.case_id = ?`, caseID)
}

// CasePublication loads that of a case, whatever its state.
func (db *DB) CasePublication(ctx context.Context, caseID string) (Publication, error) {
	return publication(ctx, db, `p.case_id = ?`, caseID)
}

// PutPublication stores a publication: a new one, or another version of one that there is.
func (tx *Tx) PutPublication(ctx context.Context, p Publication) error {
	args := []any{p.State, p.Title, p.Words, Millis(p.PublishedAt), p.Story.Title, p.Story.Problem, p.Story.Done, Millis(p.Story.At)}
	n, err := tx.exec(ctx, `UPDATE publications SET state = ?, title = ?, words = ?, published_at = ?, story_title = ?, problem = ?, done = ?, story_at = ? WHERE id = ?`, append(args, p.ID)...)
	if err == nil && n == 0 {
		_, err = tx.exec(ctx, `INSERT INTO publications (state, title, words, published_at, story_title, problem, done, story_at, id, case_id, people) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`, append(args, p.ID, p.CaseID)...)
	}
	if isDuplicate(err) {
		return ErrTaken
	}
	if err != nil {
		return fmt.Errorf("publication of case %s: %w", p.CaseID, err)
	}
	return nil
}

// PublishedCases lists what is published, the latest first, behind the row with these keys, with where each case stands.
func (db *DB) PublishedCases(ctx context.Context, afterAt time.Time, afterID string, limit int) (list []PublishedCase, _ error) {
	return db.published(ctx, `published_at`, afterAt, afterID, limit)
}

// Stories lists the published stories, the latest first, behind the row with these keys.
func (db *DB) Stories(ctx context.Context, afterAt time.Time, afterID string, limit int) (list []PublishedCase, _ error) {
	return db.published(ctx, `story_at`, afterAt, afterID, limit)
}

func (db *DB) published(ctx context.Context, by string, afterAt time.Time, afterID string, limit int) (list []PublishedCase, _ error) {
	where, args := `p.state = ? AND p.`+by+` > 0`, []any{Published}
	if !afterAt.IsZero() {
		where = `p.state = ? AND p.` + by + ` > 0 AND p.` + by + ` <= ? AND (p.` + by + ` < ? OR p.id < ?)`
		args = append(args, Millis(afterAt), Millis(afterAt), afterID)
	}
	rows, err := db.query(ctx, `SELECT /*! STRAIGHT_JOIN */ `+publicationColumns+`, c.status, c.due_at, c.provisional FROM publications p CROSS JOIN cases c ON c.id = p.case_id WHERE `+where+
		` ORDER BY p.`+by+` DESC, p.id DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("publications: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p PublishedCase
		if err := rows.Scan(append(p.fields(), &p.Status, (*Millis)(&p.DueAt), &p.Provisional)...); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// AddMeToo notes that somebody meets a published matter too, and counts them. It reports whether they were not counted before.
func (tx *Tx) AddMeToo(ctx context.Context, publicationID, requester, ticketID string, at time.Time) (bool, error) {
	_, err := tx.exec(ctx, `INSERT INTO me_toos (publication_id, requester, ticket_id, at) VALUES (?, ?, ?, ?)`, publicationID, requester, ticketID, Millis(at))
	if isDuplicate(err) {
		return false, nil
	}
	if err == nil {
		_, err = tx.exec(ctx, `UPDATE publications SET people = people + 1 WHERE id = ?`, publicationID)
	}
	return err == nil, err
}

// ForgetMeToo forgets whose ticket it is that counts; it counts still.
func (tx *Tx) ForgetMeToo(ctx context.Context, ticketID string) error {
	_, err := tx.exec(ctx, `UPDATE me_toos SET requester = ticket_id WHERE ticket_id = ?`, ticketID)
	return err
}

// HasMeToo reports whether somebody is counted already.
func (tx *Tx) HasMeToo(ctx context.Context, publicationID, requester string) (bool, error) {
	var n int
	err := tx.queryRow(ctx, `SELECT 1 FROM me_toos WHERE publication_id = ? AND requester = ?`, publicationID, requester).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
