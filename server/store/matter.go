package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/ticket"
)

// MatterBy says who put a ticket into the matter it is in.
type MatterBy string

// Who put a ticket where it is.
const (
	ByProgram MatterBy = ""
	ByApart   MatterBy = "apart" // a person took it out of another matter
	ByKeep    MatterBy = "keep"  // a person put it there
)

// MatterMark is how far somebody has read in what changes about matters.
type MatterMark struct {
	Seq int64
	ID  string
}

// MatterRow is a ticket as the index of matters reads it: without its row as it came.
type MatterRow struct {
	MatterMark // ID is the ticket's
	Ticket     ticket.Ticket
	Matter     string
	By         MatterBy
	Requester  string
	Erased     bool
}

const matterColumns = `matter_seq, id, sealed_body, sealed_key, matter, matter_by, requester, person_at IS NULL`

// MatterRows lists tickets in the order they were last written in turns, behind a mark.
func (db *DB) MatterRows(ctx context.Context, after MatterMark, limit int) ([]MatterRow, error) {
	return matterRows(ctx, db, after, limit)
}

// MatterRows lists tickets in the order they were last written in turns, behind a mark.
func (tx *Tx) MatterRows(ctx context.Context, after MatterMark, limit int) ([]MatterRow, error) {
	return matterRows(ctx, tx, after, limit)
}

func matterRows(ctx context.Context, q querier, after MatterMark, limit int) ([]MatterRow, error) {
	return scanMatterRows(ctx, q, `SELECT `+matterColumns+` FROM tickets /*! FORCE INDEX (tickets_matter_seq) */ WHERE matter_seq >= ? AND (matter_seq > ? OR id > ?) ORDER BY matter_seq, id LIMIT ?`,
		after.Seq, after.Seq, after.ID, limit)
}

// MatterRowsOf gives those of the tickets with these ids that there are.
func (tx *Tx) MatterRowsOf(ctx context.Context, ids []string) (list []MatterRow, _ error) {
	return matterRowsOf(ctx, tx, ids)
}

// MatterRowsOf gives those of the tickets with these ids that there are.
func (db *DB) MatterRowsOf(ctx context.Context, ids []string) (list []MatterRow, _ error) {
	return matterRowsOf(ctx, db, ids)
}

func matterRowsOf(ctx context.Context, q querier, ids []string) (list []MatterRow, _ error) {
	for part := range slices.Chunk(ids, ticketsAtOnce) {
		more, err := scanMatterRows(ctx, q, `SELECT `+matterColumns+` FROM tickets WHERE id IN (`+marks(len(part))+`)`, arguments(part)...)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

func scanMatterRows(ctx context.Context, q querier, text string, args ...any) ([]MatterRow, error) {
	rows, err := q.query(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("tickets for the index: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []MatterRow
	for rows.Next() {
		var r MatterRow
		var sealed sealedTicket
		if err := rows.Scan(&r.Seq, &r.ID, &sealed.body, &sealed.key, &r.Matter, &r.By, &r.Requester, &r.Erased); err != nil {
			return nil, err
		}
		if !r.Erased {
			body, _, err := openTicket(q.Sealer(), r.ID, sealed)
			if err != nil {
				return nil, fmt.Errorf("ticket %s: %w", r.ID, err)
			}
			if err := json.Unmarshal(body, &r.Ticket); err != nil {
				return nil, fmt.Errorf("ticket body: %w", err)
			}
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// SetTicketMatter notes which matter tickets are about, who says so, and in which turn.
func (tx *Tx) SetTicketMatter(ctx context.Context, seq int64, matter string, by MatterBy, ticketIDs ...string) error {
	for part := range slices.Chunk(ticketIDs, ticketsAtOnce) {
		args := append([]any{matter, string(by), seq}, arguments(part)...)
		if _, err := tx.exec(ctx, `UPDATE tickets SET matter = ?, matter_by = ?, matter_seq = ? WHERE id IN (`+marks(len(part))+`)`, args...); err != nil {
			return fmt.Errorf("tickets of matter %s: %w", matter, err)
		}
	}
	return nil
}

// MatterDecision is what a person decided about one ticket and one matter.
type MatterDecision struct {
	ID, TicketID, Matter string
	Kind                 MatterBy // ByApart or ByKeep
	Seq                  int64
	At                   time.Time
	By, Reason           string
}

const decisionColumns = `id, seq, ticket_id, matter, kind, made_at, made_by, reason`

// AddMatterDecisions records what a person decided.
func (tx *Tx) AddMatterDecisions(ctx context.Context, list ...MatterDecision) error {
	var args []any
	for _, d := range list {
		args = append(args, d.ID, d.Seq, d.TicketID, d.Matter, string(d.Kind), Millis(d.At), d.By, d.Reason)
	}
	if err := tx.insertRows(ctx, `INSERT INTO matter_decisions (`+decisionColumns+`) VALUES `, 8, args); err != nil {
		return fmt.Errorf("decisions about matters: %w", err)
	}
	return nil
}

// MatterDecisions lists decisions in the order they were made, behind a mark.
func (db *DB) MatterDecisions(ctx context.Context, after MatterMark, limit int) ([]MatterDecision, error) {
	return matterDecisions(ctx, db, after, limit)
}

// MatterDecisions lists decisions in the order they were made, behind a mark.
func (tx *Tx) MatterDecisions(ctx context.Context, after MatterMark, limit int) ([]MatterDecision, error) {
	return matterDecisions(ctx, tx, after, limit)
}

func matterDecisions(ctx context.Context, q querier, after MatterMark, limit int) ([]MatterDecision, error) {
	return scanDecisions(ctx, q, `SELECT `+decisionColumns+` FROM matter_decisions /*! FORCE INDEX (matter_decisions_seq) */ WHERE seq >= ? AND (seq > ? OR id > ?) ORDER BY seq, id LIMIT ?`, after.Seq, after.Seq, after.ID, limit)
}

// MatterDecisionsAbout lists what persons decided about one matter, oldest first.
func (tx *Tx) MatterDecisionsAbout(ctx context.Context, matter string) ([]MatterDecision, error) {
	return scanDecisions(ctx, tx, `SELECT `+decisionColumns+` FROM matter_decisions WHERE matter = ? ORDER BY id`, matter)
}

// TicketDecisions lists what persons decided about tickets, by ticket and oldest first.
func (db *DB) TicketDecisions(ctx context.Context, ticketIDs []string) ([]MatterDecision, error) {
	return ticketDecisions(ctx, db, ticketIDs)
}

// TicketDecisions lists what persons decided about tickets, by ticket and oldest first.
func (tx *Tx) TicketDecisions(ctx context.Context, ticketIDs []string) ([]MatterDecision, error) {
	return ticketDecisions(ctx, tx, ticketIDs)
}

func ticketDecisions(ctx context.Context, q querier, ticketIDs []string) (list []MatterDecision, _ error) {
	for part := range slices.Chunk(ticketIDs, ticketsAtOnce) {
		more, err := scanDecisions(ctx, q, `SELECT `+decisionColumns+` FROM matter_decisions WHERE ticket_id IN (`+marks(len(part))+`) ORDER BY ticket_id, id`, arguments(part)...)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

func scanDecisions(ctx context.Context, q querier, text string, args ...any) ([]MatterDecision, error) {
	rows, err := q.query(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("decisions about matters: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []MatterDecision
	for rows.Next() {
		var d MatterDecision
		if err := rows.Scan(&d.ID, &d.Seq, &d.TicketID, &d.Matter, &d.Kind, (*Millis)(&d.At), &d.By, &d.Reason); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// GazetteerEntry is a place or a party that the street keeps.
type GazetteerEntry struct {
	Name, Kind string
	Aliases    []string
	ChangedAt  time.Time
	ChangedBy  string
	Removed    bool
}

// GazetteerRevision is counted on when the gazetteer changes.
const GazetteerRevision = "gazetteer"

// Gazetteer lists the entries, removed ones too, by name.
func (db *DB) Gazetteer(ctx context.Context) ([]GazetteerEntry, error) { return gazetteer(ctx, db) }

// Gazetteer lists the entries, removed ones too, by name.
func (tx *Tx) Gazetteer(ctx context.Context) ([]GazetteerEntry, error) { return gazetteer(ctx, tx) }

func gazetteer(ctx context.Context, q querier) ([]GazetteerEntry, error) {
	rows, err := q.query(ctx, `SELECT name, kind, aliases, changed_at, changed_by, removed FROM gazetteer ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("gazetteer: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []GazetteerEntry
	for rows.Next() {
		var g GazetteerEntry
		var aliases []byte
		if err := rows.Scan(&g.Name, &g.Kind, &aliases, (*Millis)(&g.ChangedAt), &g.ChangedBy, &g.Removed); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(aliases, &g.Aliases); err != nil {
			return nil, errors.Join(fmt.Errorf("gazetteer %s", g.Name), err)
		}
		list = append(list, g)
	}
	return list, rows.Err()
}

// PutGazetteer stores entries, new or changed.
func (tx *Tx) PutGazetteer(ctx context.Context, list []GazetteerEntry) error {
	for _, g := range list {
		aliases, err := json.Marshal(g.Aliases)
		if err != nil {
			return err
		}
		n, err := tx.exec(ctx, `UPDATE gazetteer SET kind = ?, aliases = ?, changed_at = ?, changed_by = ?, removed = ? WHERE name = ?`,
			g.Kind, aliases, Millis(g.ChangedAt), g.ChangedBy, g.Removed, g.Name)
		if err == nil && n == 0 {
			_, err = tx.exec(ctx, `INSERT INTO gazetteer (name, kind, aliases, changed_at, changed_by, removed) VALUES (?, ?, ?, ?, ?, ?)`,
				g.Name, g.Kind, aliases, Millis(g.ChangedAt), g.ChangedBy, g.Removed)
		}
		if err != nil {
			return fmt.Errorf("gazetteer %s: %w", g.Name, err)
		}
	}
	return tx.Revise(ctx, GazetteerRevision, 1)
}

// CaseMatters lists the matters that are in a case now.
func (tx *Tx) CaseMatters(ctx context.Context, caseID string) ([]string, error) {
	return scanStrings(tx.query(ctx, `SELECT matter FROM matters WHERE case_id = ? ORDER BY matter LIMIT 100`, caseID))
}

// MatterCase gives the case that a matter is in now; "" for none.
func (db *DB) MatterCase(ctx context.Context, matter string) (string, error) {
	list, err := scanStrings(db.query(ctx, `SELECT case_id FROM matters WHERE matter = ?`, matter))
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}
