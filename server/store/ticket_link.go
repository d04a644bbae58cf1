package store

import (
	"context"
	"fmt"
	"slices"

	"xiaopu/server/ticket"
)

// TicketLink says that a ticket names an order of its source, which may not be here yet.
type TicketLink struct {
	Source            ticket.Source
	OrderNo, TicketID string
}

// SetTicketLinks replaces what the tickets with these ids name.
func (tx *Tx) SetTicketLinks(ctx context.Context, ticketIDs []string, links []TicketLink) error {
	for part := range slices.Chunk(ticketIDs, maxParams) {
		if _, err := tx.exec(ctx, `DELETE FROM ticket_links WHERE ticket_id IN (`+marks(len(part))+`)`, arguments(part)...); err != nil {
			return fmt.Errorf("links of tickets: %w", err)
		}
	}
	args := make([]any, 0, 3*len(links))
	for _, l := range links {
		args = append(args, string(l.Source), l.OrderNo, l.TicketID)
	}
	if err := tx.insertRows(ctx, `INSERT INTO ticket_links (source, order_no, ticket_id) VALUES `, 3, args); err != nil {
		return fmt.Errorf("links of tickets: %w", err)
	}
	return nil
}

// TicketsNaming gives the ids of the tickets that name one of a source's orders.
func (tx *Tx) TicketsNaming(ctx context.Context, source ticket.Source, orderNos []string) (ids []string, _ error) {
	for part := range slices.Chunk(orderNos, ticketsAtOnce) {
		args := append([]any{string(source)}, arguments(part)...)
		list, err := scanStrings(tx.query(ctx, `SELECT ticket_id FROM ticket_links WHERE source = ? AND order_no IN (`+marks(len(part))+`)`, args...))
		if err != nil {
			return nil, fmt.Errorf("tickets that name an order: %w", err)
		}
		ids = append(ids, list...)
	}
	return ids, nil
}
