package workflow

import (
	"context"
	"errors"
	"time"

	"xiaopu/server/casework"
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

// OwnPicture is a picture as who brought it takes it with them.
type OwnPicture struct {
	AttachmentView

	Number string `json:"number" doc:"难事编号"`
}

// copyLinkLife is how long the links of a copy are good: time enough to fetch many pictures over a bad network.
const copyLinkLife = time.Hour

// OwnPictures gives what the actor has brought into the cases that they see, wherever its review stands, with links to it that are good for
// this session. What is in no case yet goes within a day and is left out.
func (e *Engine) OwnPictures(ctx context.Context, actor casework.Actor, session string) ([]OwnPicture, error) {
	out := []OwnPicture{}
	after := ""
	for {
		list, err := e.db.OwnAttachments(ctx, actor.PersonID, after, retentionBatch)
		if err != nil || len(list) == 0 {
			return out, err
		}
		for _, a := range list {
			after = a.ID
			l, sight, err := e.visible(ctx, actor, a.CaseID)
			if errors.Is(err, store.ErrNoCase) {
				continue // whose it was has taken back their consent
			}
			if err != nil {
				return out, err
			}
			f, ok := l.Case.Files[a.ID]
			if !ok || !casework.SeesFile(f, actor, sight) {
				continue
			}
			p := OwnPicture{Number: l.Case.Number, AttachmentView: fileView(a, f)}
			if err := e.link(&p.AttachmentView, a, actor, session, copyLinkLife); err != nil {
				return out, err
			}
			out = append(out, p)
		}
	}
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
