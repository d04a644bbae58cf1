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

// ChainHead is the end of one case's chain, as the case row says.
type ChainHead struct {
	CaseID, Number, Hash string
	Seq                  int64
	Body                 []byte // the case as stored
	// Differs names the columns beside the body that do not say what the body says: somebody changed them.
	Differs []string
}

// ChainHeads lists cases by id behind the one given, for verification.
func (db *DB) ChainHeads(ctx context.Context, after string, limit int) ([]ChainHead, error) {
	rows, err := db.query(ctx, `SELECT id, number, version, head_hash, body, status, open, tier, round, title, place, domain, topic, triggers, tickets, community_id,
		grid_id, lead_department_id, handler_id, overdue, provisional, due_at, sort_at, next_due_at, updated_at FROM cases WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []ChainHead
	for rows.Next() {
		var (
			h                              ChainHead
			status, tier, domain           string
			title, place, topic, triggers  string
			community, grid, lead, handler string
			round, tickets                 int
			open, overdue, provisional     bool
			due, sort, next, updated       time.Time
		)
		if err := rows.Scan(&h.CaseID, &h.Number, &h.Seq, &h.Hash, &h.Body, &status, &open, &tier, &round, &title, &place, &domain, &topic, &triggers, &tickets, &community,
			&grid, &lead, &handler, &overdue, &provisional, (*Millis)(&due), (*Millis)(&sort), (*Millis)(&next), (*Millis)(&updated)); err != nil {
			return nil, err
		}
		var c casework.Case
		if err := json.Unmarshal(h.Body, &c); err != nil {
			h.Differs = []string{"body"}
			list = append(list, h)
			continue
		}
		k := columns(&c, 0, updated)
		for _, f := range []struct {
			name string
			same bool
		}{
			{"number", h.Number == c.Number}, {"version", h.Seq == c.Version}, {"status", status == string(c.Status)}, {"open", open == k.open}, {"tier", tier == string(c.Tier)},
			{"round", round == c.Round}, {"title", title == cut(c.Title, 255)}, {"place", place == cut(c.Place, 255)}, {"domain", domain == string(c.Domain)},
			{"topic", topic == cut(c.Topic, 100)}, {"triggers", triggers == k.triggers}, {"tickets", tickets == len(c.Tickets)}, {"community_id", community == c.CommunityID},
			{"grid_id", grid == c.GridID}, {"lead_department_id", lead == c.LeadDepartmentID}, {"handler_id", handler == c.HandlerID}, {"overdue", overdue == k.overdue},
			{"provisional", provisional == k.provisional}, {"due_at", due.Equal(k.due)}, {"sort_at", sort.Equal(k.sort)}, {"next_due_at", next.Equal(k.next)},
		} {
			if !f.same {
				h.Differs = append(h.Differs, f.name)
			}
		}
		list = append(list, h)
	}
	return list, rows.Err()
}

// OrphanEvents lists up to limit ids of cases that have a timeline but no row: somebody deleted the case.
func (db *DB) OrphanEvents(ctx context.Context, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT e.case_id FROM case_events e LEFT JOIN cases c ON c.id = e.case_id
		WHERE e.seq = 1 AND c.id IS NULL ORDER BY e.case_id LIMIT ?`, limit))
}

// Anchor is one day's note of the heads of all chains that moved since the one before.
type Anchor struct {
	ID      string
	MadeAt  time.Time
	UntilAt time.Time // chains that moved before this instant are in it, or in an earlier one
	Heads   int
	Hash    string // over the previous anchor's hash and every head
}

// LastAnchor gives the newest anchor; the zero Anchor when there is none.
func (db *DB) LastAnchor(ctx context.Context) (Anchor, error) {
	list, err := db.Anchors(ctx, 1)
	if err != nil || len(list) == 0 {
		return Anchor{}, err
	}
	return list[0], nil
}

// Anchors lists anchors, newest first, up to limit.
func (db *DB) Anchors(ctx context.Context, limit int) ([]Anchor, error) {
	rows, err := db.query(ctx, `SELECT id, made_at, until_at, heads, hash FROM anchors ORDER BY until_at DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("anchors: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Anchor
	for rows.Next() {
		var a Anchor
		if err := rows.Scan(&a.ID, (*Millis)(&a.MadeAt), (*Millis)(&a.UntilAt), &a.Heads, &a.Hash); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// anchorSequence counts the anchors ever made.
const anchorSequence = "anchors"

// AnchorsMade gives how many anchors there should be.
func (db *DB) AnchorsMade(ctx context.Context) (int64, error) {
	return db.Sequence(ctx, anchorSequence)
}

// anchorOverlap covers commands that were under way when the anchor before was made.
const anchorOverlap = 10 * time.Minute

// MakeAnchor notes the heads of all chains that moved since the last anchor. It does nothing, and says false, when
// another process has done so meanwhile or nothing moved.
func (tx *Tx) MakeAnchor(ctx context.Context, last Anchor, id string, until, now time.Time) (Anchor, bool, error) {
	rows, err := tx.query(ctx, `SELECT id, version, head_hash FROM cases WHERE updated_at >= ? AND updated_at <= ? ORDER BY id`,
		Millis(maxTime(last.UntilAt.Add(-anchorOverlap), time.UnixMilli(0))), Millis(until))
	if err != nil {
		return Anchor{}, false, err
	}
	a := Anchor{ID: id, MadeAt: now, UntilAt: until, Hash: last.Hash}
	var args []any
	for rows.Next() {
		var caseID, hash string
		var seq int64
		if err := rows.Scan(&caseID, &seq, &hash); err != nil {
			_ = rows.Close()
			return Anchor{}, false, err
		}
		a.Heads++
		a.Hash = casework.ChainHash(a.Hash, []byte(fmt.Sprintf("%s %d %s", caseID, seq, hash)))
		args = append(args, id, caseID, seq, hash)
	}
	if err := rows.Err(); err != nil {
		return Anchor{}, false, err
	}
	if err := rows.Close(); err != nil || a.Heads == 0 {
		return Anchor{}, false, err
	}
	// An anchor is followed by one at the most: of two processes the second finds the place taken.
	if _, err := tx.exec(ctx, `INSERT INTO anchors (id, made_at, until_at, heads, hash, follows) VALUES (?, ?, ?, ?, ?, ?)`,
		a.ID, Millis(a.MadeAt), Millis(a.UntilAt), a.Heads, a.Hash, last.ID); err != nil {
		if isDuplicate(err) {
			return Anchor{}, false, nil
		}
		return Anchor{}, false, err
	}
	// How many there should be, so that removing the last ones shows. Only whoever made one counts it.
	if _, err := tx.NextNumber(ctx, anchorSequence); err != nil {
		return Anchor{}, false, err
	}
	return a, true, tx.insertRows(ctx, `INSERT INTO anchor_heads (anchor_id, case_id, seq, hash) VALUES `, 4, args)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// AnchoredHead is one head as noted in an anchor.
type AnchoredHead struct {
	CaseID, Hash string
	Seq          int64
}

// AnchoredHeads lists the heads of an anchor in the order they were hashed.
func (db *DB) AnchoredHeads(ctx context.Context, anchorID string) ([]AnchoredHead, error) {
	rows, err := db.query(ctx, `SELECT case_id, seq, hash FROM anchor_heads WHERE anchor_id = ? ORDER BY case_id`, anchorID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []AnchoredHead
	for rows.Next() {
		var h AnchoredHead
		if err := rows.Scan(&h.CaseID, &h.Seq, &h.Hash); err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, rows.Err()
}

// EventHash gives the hash of one line of a timeline; "" when it is not there.
func (db *DB) EventHash(ctx context.Context, caseID string, seq int64) (string, error) {
	var hash string
	err := db.queryRow(ctx, `SELECT hash FROM case_events WHERE case_id = ? AND seq = ?`, caseID, seq).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return hash, err
}
