package workflow

import (
	"context"
	"errors"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
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
	// Masked is of a ticket from before the number was bound: numbers are given to new people, and whoever holds one now need not be who asked then.
	Masked  bool        `json:"masked,omitempty" doc:"受理早于您绑定这个号码：姓名、证件号码和门牌已遮盖；要完整的，请凭证件到街道城运中心办理"`
	Ratings []OwnRating `json:"ratings,omitempty" doc:"对这件工单的评价"`
	Notes   []OwnNote   `json:"notes,omitempty" doc:"补充的情况"`

	Location *casework.Location `json:"location,omitempty" doc:"在地图上选的位置"`
}

// OwnNote is what the requester of a ticket has added to it.
type OwnNote struct {
	Text string    `json:"text" doc:"补充的文字"`
	At   time.Time `json:"at"`
}

// OwnPicture is a picture as who brought it takes it with them.
type OwnPicture struct {
	AttachmentView

	Number string `json:"number" doc:"难事编号；随工单提交的没有"`
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
			if a.NoteID != "" {
				if e.noteFile(ctx, actor, a) != nil {
					continue
				}
				p := OwnPicture{AttachmentView: AttachmentView{ID: a.ID, Type: a.Type, Size: a.Size, Width: a.Width, Height: a.Height, WithLabel: "反映或补充情况", At: a.CreatedAt, Review: casework.ContentReview(a.Review)}}
				if err := e.link(&p.AttachmentView, a, actor, session, copyLinkLife); err != nil {
					return out, err
				}
				out = append(out, p)
				continue
			}
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

// OwnRating is how the requester of a ticket has rated the result.
type OwnRating struct {
	Rating string    `json:"rating" doc:"satisfied 满意、mostly 基本满意、dissatisfied 不满意"`
	Words  string    `json:"words,omitempty" doc:"评价时写的文字；还在审核的没有"`
	From   string    `json:"from" doc:"own 在这里评价，hotline 12345 回访，ticket 结案后再次反映"`
	At     time.Time `json:"at"`
}

// OwnDeed is something that a resident has done with a case.
type OwnDeed struct {
	Number string    `json:"number" doc:"难事编号"`
	At     time.Time `json:"at"`
	Text   string    `json:"text" doc:"做了什么，写了什么"`
}

// OwnTickets gives what was asked under a requester's key, the newest first: in full since the number was bound. What departments have written is
// not theirs.
func (e *Engine) OwnTickets(ctx context.Context, requester string, boundAt time.Time) (out []OwnTicket, err error) {
	err = e.eachOwn(ctx, requester, func(r store.TicketRow, c casework.Case) error {
		t := r.Ticket
		own := OwnTicket{
			OrderNo: t.OrderNo, Source: string(t.Source), AcceptedAt: t.AcceptedAt, Title: t.Title, Content: t.Content, Address: t.Address,
			Name: t.Requester.Name, Phone: t.Requester.Phone, IDNumber: t.Requester.IDNumber, Masked: t.AcceptedAt.Before(boundAt),
		}
		if own.Masked {
			own.Title, own.Content, own.Address, own.Name = t.Masked(own.Title), t.Masked(own.Content), ticket.MaskAddress(own.Address), ticket.MaskName(own.Name)
			if own.IDNumber != "" {
				own.IDNumber = "****"
			}
		} else if own.Location, err = locationOf(ctx, e.db, t.ID); err != nil {
			return err
		}
		for _, key := range sorted(c.Ratings) {
			if n := c.Ratings[key]; n.TicketID == t.ID {
				own.Ratings = append(own.Ratings, OwnRating{Rating: string(n.Rating), Words: n.Words, From: n.From, At: n.At})
			}
		}
		notes, err := e.db.NotesOf(ctx, t.ID, maxNotes)
		for _, n := range notes {
			if n.Kind == store.NoteFacts && n.Text != "" {
				own.Notes = append(own.Notes, OwnNote{n.Text, n.At})
			}
		}
		out = append(out, own)
		return err
	})
	return out, err
}

// eachOwn calls do for every ticket of a requester's key, with its case if it is in one.
func (e *Engine) eachOwn(ctx context.Context, requester string, do func(store.TicketRow, casework.Case) error) error {
	f := store.TicketFilter{Requester: requester, Limit: retentionBatch}
	for requester != "" {
		list, err := e.db.Tickets(ctx, f)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, r := range list {
			c, err := caseOfTicket(ctx, e.db, r)
			if err != nil {
				return err
			}
			if err := do(r, c); err != nil {
				return err
			}
			f.AfterAt, f.AfterID = r.Ticket.AcceptedAt, r.Ticket.ID
		}
	}
	return nil
}

// OwnDeeds gives what the actor has done with the cases of their own tickets, in words, and what they wrote.
func (e *Engine) OwnDeeds(ctx context.Context, actor casework.Actor) ([]OwnDeed, error) {
	out := []OwnDeed{}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return out, err
	}
	seen := map[string]bool{"": true}
	for _, requester := range actor.Requesters {
		if err := e.eachOwn(ctx, requester, func(_ store.TicketRow, c casework.Case) error {
			if seen[c.ID] {
				return nil
			}
			seen[c.ID] = true
			for after := int64(0); ; {
				events, err := e.db.Events(ctx, c.ID, after, false, retentionBatch)
				if err != nil || len(events) == 0 {
					return err
				}
				for _, ev := range events {
					if after = ev.Seq; ev.ActorID == actor.PersonID {
						out = append(out, OwnDeed{Number: c.Number, At: ev.At, Text: k.eventText(ev, false, nil)})
					}
				}
			}
		}); err != nil {
			return out, err
		}
	}
	return out, nil
}

// OwnNotices gives every notice to the actor that is kept, the newest of each number first.
func (e *Engine) OwnNotices(ctx context.Context, actor casework.Actor) ([]NoticeItem, error) {
	out := []NoticeItem{}
	for _, key := range append([]string{""}, actor.Requesters...) {
		one := casework.Actor{PersonID: actor.PersonID}
		if key != "" {
			one = casework.Actor{PersonID: "requester:" + key}
		}
		for before := ""; ; {
			page, err := e.Inbox(ctx, one, false, before, retentionBatch)
			if err != nil {
				return out, err
			}
			out = append(out, page.Items...)
			if before = page.Next; before == "" {
				break
			}
		}
	}
	return out, nil
}
