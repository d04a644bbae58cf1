package workflow

import (
	"context"
	"time"

	"xiaopu/server/store"
)

// OwnTicket is a ticket as its requester takes it with them.
type OwnTicket struct {
	OrderNo    string    `json:"order_no" doc:"工单号"`
	Source     string    `json:"source" doc:"来源"`
	AcceptedAt time.Time `json:"accepted_at" doc:"受理时间"`
	Title      string    `json:"title,omitempty" doc:"标题"`
	Content    string    `json:"content,omitempty" doc:"诉求内容"`
	Address    string    `json:"address,omitempty" doc:"地址"`
	Name       string    `json:"name,omitempty" doc:"姓名"`
	Phone      string    `json:"phone,omitempty" doc:"电话"`
	IDNumber   string    `json:"id_number,omitempty" doc:"证件号码"`
}

// OwnTickets gives what was asked under a requester's key, in full, the newest first. What departments have written is not theirs.
func (e *Engine) OwnTickets(ctx context.Context, requester string) (out []OwnTicket, err error) {
	f := store.TicketFilter{Requester: requester, Limit: retentionBatch}
	for requester != "" {
		list, err := e.db.Tickets(ctx, f)
		if err != nil || len(list) == 0 {
			return out, err
		}
		for _, r := range list {
			t := r.Ticket
			out = append(out, OwnTicket{
				OrderNo: t.OrderNo, Source: string(t.Source), AcceptedAt: t.AcceptedAt, Title: t.Title, Content: t.Content, Address: t.Address,
				Name: t.Requester.Name, Phone: t.Requester.Phone, IDNumber: t.Requester.IDNumber,
			})
			f.AfterAt, f.AfterID = t.AcceptedAt, t.ID
		}
	}
	return out, nil
}
