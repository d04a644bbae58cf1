package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// TakeLookup counts one more look-up of an account on a day, and gives which one it is; ok is false when limit are taken already, however many
// ask at once.
func (tx *Tx) TakeLookup(ctx context.Context, account, day string, limit int) (n int, ok bool, err error) {
	_, err = tx.exec(ctx, `INSERT INTO order_lookups (account, day, tries) VALUES (?, ?, 0)`, account, day)
	if err != nil && !isDuplicate(err) {
		return 0, false, fmt.Errorf("order look-up: %w", err)
	}
	took, err := tx.exec(ctx, `UPDATE order_lookups SET tries = tries + 1 WHERE account = ? AND day = ? AND tries < ?`, account, day, limit)
	if err != nil || took == 0 {
		return limit, false, err
	}
	err = tx.queryRow(ctx, `SELECT tries FROM order_lookups WHERE account = ? AND day = ?`, account, day).Scan(&n)
	return n, err == nil, err
}

// ForgetLookups drops the counts of the days before one.
func (db *DB) ForgetLookups(ctx context.Context, before string) (int64, error) {
	return db.exec(ctx, `DELETE FROM order_lookups WHERE day < ?`, before)
}

// OrderedCase is the case of a ticket, by its order number.
type OrderedCase struct {
	TicketID, CaseID string
	Status           casework.Status
}

// CaseOfOrder finds the case that holds the ticket with this order number of the first source that has it. Of a ticket in no case it is as
// with none: ok is false, and nothing else is read.
func (tx *Tx) CaseOfOrder(ctx context.Context, orderNo string, sources ...ticket.Source) (o OrderedCase, ok bool, err error) {
	err = tx.queryRow(ctx, `SELECT tk.id, c.id, c.status FROM tickets tk JOIN cases c ON c.id = tk.case_id WHERE tk.order_no = ? AND tk.source IN (`+marks(len(sources))+`) LIMIT 1`, append([]any{orderNo}, arguments(sources)...)...).
		Scan(&o.TicketID, &o.CaseID, &o.Status)
	if errors.Is(err, sql.ErrNoRows) {
		return o, false, nil
	}
	return o, err == nil, err
}
