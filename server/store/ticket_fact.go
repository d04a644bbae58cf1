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

// FactRow is what is noted of a fact that a list told.
type FactRow struct {
	OrderNo string
	List    ticket.List
	On      string
	// Waiting is the fact itself while its ticket is not in; nil afterwards.
	Waiting *ticket.Fact

	says   string
	sealer Sealer
}

// Says reports whether the row says the same as f.
func (r FactRow) Says(f ticket.Fact) bool { return r.says == saysOf(r.sealer, f) }

func saysOf(s Sealer, f ticket.Fact) string { return s.Blind("fact", f.Says()) }

func placeOfFact(source ticket.Source, orderNo string, l ticket.List, on string) string {
	return fmt.Sprintf("ticket_facts.sealed_body:%s:%s:%s:%s", source, orderNo, l, on)
}

// TicketFacts lists what lists have said of a source's orders, the oldest first.
func (tx *Tx) TicketFacts(ctx context.Context, source ticket.Source, orderNos []string) (map[string][]FactRow, error) {
	found := map[string][]FactRow{}
	for part := range slices.Chunk(orderNos, ticketsAtOnce) {
		rows, err := tx.query(ctx, `SELECT order_no, list, listed_on, says, sealed_body FROM ticket_facts WHERE source = ? AND order_no IN (`+marks(len(part))+`)`,
			append([]any{string(source)}, arguments(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("facts of tickets: %w", err)
		}
		for rows.Next() {
			r := FactRow{sealer: tx.Sealer()}
			var sealed *string
			if err := rows.Scan(&r.OrderNo, &r.List, &r.On, &r.says, &sealed); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			if sealed != nil {
				plain, err := r.sealer.Open(*sealed, placeOfFact(source, r.OrderNo, r.List, r.On))
				if err != nil {
					return nil, errors.Join(err, rows.Close())
				}
				r.Waiting = new(ticket.Fact)
				if err := json.Unmarshal(plain, r.Waiting); err != nil {
					return nil, errors.Join(err, rows.Close())
				}
			}
			found[r.OrderNo] = append(found[r.OrderNo], r)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("facts of tickets: %w", err)
		}
	}
	for _, list := range found {
		slices.SortFunc(list, func(a, b FactRow) int {
			if a.On != b.On {
				if a.On < b.On {
					return -1
				}
				return 1
			}
			if a.List < b.List {
				return -1
			}
			return 1
		})
	}
	return found, nil
}

// PutTicketFact notes a fact, in place of one with its key. A waiting one is kept, sealed, until its ticket comes in.
func (tx *Tx) PutTicketFact(ctx context.Context, f ticket.Fact, waiting bool, now time.Time) error {
	s := tx.Sealer()
	var sealed any
	key := 0
	if waiting {
		plain, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if sealed, err = s.Seal(plain, placeOfFact(f.Source, f.OrderNo, f.List, f.On)); err != nil {
			return err
		}
		key = s.CurrentKey()
	}
	n, err := tx.exec(ctx, `UPDATE ticket_facts SET says = ?, waiting = ?, sealed_body = ?, sealed_key = ? WHERE source = ? AND order_no = ? AND list = ? AND listed_on = ?`,
		saysOf(s, f), waiting, sealed, key, string(f.Source), f.OrderNo, string(f.List), f.On)
	if err == nil && n == 0 {
		_, err = tx.exec(ctx, `INSERT INTO ticket_facts (source, order_no, list, listed_on, says, waiting, sealed_body, sealed_key, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			string(f.Source), f.OrderNo, string(f.List), f.On, saysOf(s, f), waiting, sealed, key, Millis(now))
	}
	if err != nil {
		return fmt.Errorf("fact about %s: %w", f.OrderNo, err)
	}
	return nil
}

// FactsArrived notes that an order's ticket is in: what waited for it stands in the ticket from now on.
func (tx *Tx) FactsArrived(ctx context.Context, source ticket.Source, orderNo string) error {
	if _, err := tx.exec(ctx, `UPDATE ticket_facts SET waiting = 0, sealed_body = NULL, sealed_key = 0 WHERE source = ? AND order_no = ?`, string(source), orderNo); err != nil {
		return fmt.Errorf("facts about %s: %w", orderNo, err)
	}
	return nil
}

// ResealFacts seals the waiting facts anew that are sealed under an older key.
func (tx *Tx) ResealFacts(ctx context.Context) (n int, damaged []error, err error) {
	s := tx.Sealer()
	rows, err := tx.query(ctx, `SELECT source, order_no, list, listed_on, sealed_body FROM ticket_facts WHERE sealed_key > 0 AND sealed_key < ? ORDER BY sealed_key, source, order_no`, s.CurrentKey())
	if err != nil {
		return 0, nil, fmt.Errorf("re-seal facts: %w", err)
	}
	var facts []underOlder
	for rows.Next() {
		var source, orderNo, list, on, sealed string
		if err := rows.Scan(&source, &orderNo, &list, &on, &sealed); err != nil {
			return 0, nil, errors.Join(err, rows.Close())
		}
		facts = append(facts, underOlder{placeOfFact(ticket.Source(source), orderNo, ticket.List(list), on), sealed, func(fresh string) (int64, error) {
			return tx.exec(ctx, `UPDATE ticket_facts SET sealed_body = ?, sealed_key = ? WHERE source = ? AND order_no = ? AND list = ? AND listed_on = ? AND sealed_body = ?`,
				fresh, s.CurrentKey(), source, orderNo, list, on, sealed)
		}})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, nil, fmt.Errorf("re-seal facts: %w", err)
	}
	return tx.resealValues(facts)
}

// ForgetWaitingFacts drops up to limit facts that have waited since before an instant, and says how many.
func (db *DB) ForgetWaitingFacts(ctx context.Context, before time.Time, limit int) (n int64, err error) {
	rows, err := db.query(ctx, `SELECT source, order_no, list, listed_on FROM ticket_facts WHERE waiting = 1 AND created_at < ? ORDER BY created_at LIMIT ?`, Millis(before), limit)
	if err != nil {
		return 0, fmt.Errorf("waiting facts: %w", err)
	}
	var keys [][]any
	for rows.Next() {
		var source, orderNo, list, on string
		if err := rows.Scan(&source, &orderNo, &list, &on); err != nil {
			return 0, errors.Join(err, rows.Close())
		}
		keys = append(keys, []any{source, orderNo, list, on})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, fmt.Errorf("waiting facts: %w", err)
	}
	for _, key := range keys {
		dropped, err := db.exec(ctx, `DELETE FROM ticket_facts WHERE source = ? AND order_no = ? AND list = ? AND listed_on = ? AND waiting = 1`, key...)
		if err != nil {
			return n, fmt.Errorf("waiting facts: %w", err)
		}
		n += dropped
	}
	return n, nil
}
