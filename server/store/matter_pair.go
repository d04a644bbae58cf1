package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// PairState says what became of a pair of matters.
type PairState string

// The states of a pair.
const (
	PairOpen  PairState = "open"
	PairApart PairState = "apart" // a person has said that they are not the same
)

// MatterPair is two matters that may be the same; Sides[0].Matter is before Sides[1].Matter. NewMatterPair makes one.
type MatterPair struct {
	Sides    [2]PairSide
	Likeness float64 // the probability that they are, to the thousandth
	State    PairState
	FoundAt  time.Time
	// The rest is of one that is decided.
	DecidedAt         time.Time
	DecidedBy, Reason string
}

// PairSide is a matter of a pair, with its ticket that is most like the other's.
type PairSide struct{ Matter, Ticket string }

// NewMatterPair makes an open pair.
func NewMatterPair(a, b PairSide, likeness float64, at time.Time) MatterPair {
	p := MatterPair{Sides: [2]PairSide{a, b}, Likeness: likeness, State: PairOpen, FoundAt: at}
	p.order()
	return p
}

func (p *MatterPair) order() {
	if p.Sides[0].Matter > p.Sides[1].Matter {
		p.Sides[0], p.Sides[1] = p.Sides[1], p.Sides[0]
	}
}

// Matters are the two; equal for equal pairs.
func (p MatterPair) Matters() [2]string { return [2]string{p.Sides[0].Matter, p.Sides[1].Matter} }

func perMille(p float64) int64 { return int64(math.Round(1000 * p)) }

const pairColumns = `matter_a, matter_b, ticket_a, ticket_b, likeness, state, found_at, decided_at, decided_by, reason`

// OpenPairs lists the pairs that nobody has decided, the most likely first, behind one.
func (db *DB) OpenPairs(ctx context.Context, after *MatterPair, limit int) ([]MatterPair, error) {
	const order = ` ORDER BY likeness DESC, matter_a DESC, matter_b DESC LIMIT ?`
	if after == nil {
		return scanPairs(ctx, db, `SELECT `+pairColumns+` FROM matter_pairs WHERE state = 'open'`+order, limit)
	}
	n, a, b := perMille(after.Likeness), after.Sides[0].Matter, after.Sides[1].Matter
	return scanPairs(ctx, db, `SELECT `+pairColumns+` FROM matter_pairs WHERE state = 'open' AND likeness <= ? AND (likeness < ? OR matter_a < ? OR matter_a = ? AND matter_b < ?)`+order,
		n, n, a, a, b, limit)
}

// MatterPairs lists the pairs, decided ones too, that one of the matters is in, by their matters.
func (db *DB) MatterPairs(ctx context.Context, matters []string) ([]MatterPair, error) {
	return pairsWith(ctx, db, `matter_a`, `matter_b`, matters)
}

// MatterPairs lists the pairs, decided ones too, that one of the matters is in, by their matters.
func (tx *Tx) MatterPairs(ctx context.Context, matters []string) ([]MatterPair, error) {
	return pairsWith(ctx, tx, `matter_a`, `matter_b`, matters)
}

// TicketPairs lists the pairs, decided ones too, that rest on one of the tickets, by their matters.
func (tx *Tx) TicketPairs(ctx context.Context, ticketIDs []string) ([]MatterPair, error) {
	return pairsWith(ctx, tx, `ticket_a`, `ticket_b`, ticketIDs)
}

func pairsWith(ctx context.Context, q querier, a, b string, values []string) (list []MatterPair, _ error) {
	for part := range slices.Chunk(values, ticketsAtOnce) {
		for _, column := range []string{a, b} { // one after the other: each has its index
			more, err := scanPairs(ctx, q, `SELECT `+pairColumns+` FROM matter_pairs WHERE `+column+` IN (`+marks(len(part))+`)`, arguments(part)...)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		}
	}
	slices.SortFunc(list, comparePairs)
	return slices.CompactFunc(list, func(x, y MatterPair) bool { return comparePairs(x, y) == 0 }), nil
}

func comparePairs(x, y MatterPair) int {
	m, n := x.Matters(), y.Matters()
	return slices.Compare(m[:], n[:])
}

func scanPairs(ctx context.Context, q querier, text string, args ...any) ([]MatterPair, error) {
	rows, err := q.query(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("pairs of matters: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []MatterPair
	for rows.Next() {
		var p MatterPair
		var likeness int64
		a, b := &p.Sides[0], &p.Sides[1]
		if err := rows.Scan(&a.Matter, &b.Matter, &a.Ticket, &b.Ticket, &likeness, &p.State, (*Millis)(&p.FoundAt), (*Millis)(&p.DecidedAt), &p.DecidedBy, &p.Reason); err != nil {
			return nil, err
		}
		p.Likeness = float64(likeness) / 1000
		list = append(list, p)
	}
	return list, rows.Err()
}

// PutMatterPairs stores pairs, each in the place of the one of the same matters.
func (tx *Tx) PutMatterPairs(ctx context.Context, list []MatterPair) error {
	if err := tx.DropMatterPairs(ctx, list); err != nil {
		return err
	}
	args := make([]any, 0, 10*len(list))
	for _, p := range list {
		args = append(args, p.Sides[0].Matter, p.Sides[1].Matter, p.Sides[0].Ticket, p.Sides[1].Ticket, perMille(p.Likeness), string(p.State), Millis(p.FoundAt), Millis(p.DecidedAt), p.DecidedBy, p.Reason)
	}
	if err := tx.insertRows(ctx, `INSERT INTO matter_pairs (`+pairColumns+`) VALUES `, 10, args); err != nil {
		return fmt.Errorf("pairs of matters: %w", err)
	}
	return nil
}

// DropMatterPairs deletes pairs, whatever was decided about them.
func (tx *Tx) DropMatterPairs(ctx context.Context, list []MatterPair) error {
	const one = `matter_a = ? AND matter_b = ?`
	for part := range slices.Chunk(list, mattersAtOnce) {
		args := make([]any, 0, 2*len(part))
		for _, p := range part {
			args = append(args, p.Sides[0].Matter, p.Sides[1].Matter)
		}
		if _, err := tx.exec(ctx, `DELETE FROM matter_pairs WHERE `+one+strings.Repeat(` OR `+one, len(part)-1), args...); err != nil {
			return fmt.Errorf("pairs of matters: %w", err)
		}
	}
	return nil
}

// dropOpenPairs deletes the pairs nobody has decided that rest on a ticket.
func (tx *Tx) dropOpenPairs(ctx context.Context, ticketID string) error {
	list, err := tx.TicketPairs(ctx, []string{ticketID})
	if err != nil {
		return err
	}
	return tx.DropMatterPairs(ctx, slices.DeleteFunc(list, func(p MatterPair) bool { return p.State != PairOpen }))
}

// MatterSize is how many tickets are about a matter, and how many people are behind them; Unknown are tickets of nobody.
type MatterSize struct{ Tickets, People, Unknown int }

// MatterSizes counts the newest CountCap tickets about each of the matters; one that has none counts 0.
func (db *DB) MatterSizes(ctx context.Context, matters []string) (map[string]MatterSize, error) {
	const one = `SELECT ?, COUNT(*), COUNT(DISTINCT NULLIF(requester, '')), COUNT(*) - COUNT(NULLIF(requester, '')) FROM (SELECT requester FROM tickets WHERE matter = ? ORDER BY accepted_at DESC, id DESC LIMIT ?) counted`
	sizes := map[string]MatterSize{}
	for part := range slices.Chunk(matters, mattersAtOnce) {
		args := make([]any, 0, 3*len(part))
		for _, m := range part {
			args = append(args, m, m, CountCap)
		}
		rows, err := db.query(ctx, one+strings.Repeat(` UNION ALL `+one, len(part)-1), args...)
		if err != nil {
			return nil, fmt.Errorf("sizes of matters: %w", err)
		}
		for rows.Next() {
			var m string
			var s MatterSize
			if err := rows.Scan(&m, &s.Tickets, &s.People, &s.Unknown); err != nil {
				_ = rows.Close()
				return nil, err
			}
			sizes[m] = s
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
	}
	return sizes, nil
}
