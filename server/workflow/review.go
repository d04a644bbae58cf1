package workflow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/content"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// Checker looks at what residents write and bring before others see it. author is the person's id. It may take seconds; an error
// says that it is away, and the list of words takes its place.
type Checker interface {
	Text(ctx context.Context, author, text string) (content.Verdict, error)
	// Picture gives content.Review for what it cannot tell at once; what it finds later it says with Engine.SettleReview.
	Picture(ctx context.Context, author, attachmentID string) (content.Verdict, error)
}

var (
	errRiskyText    = apperr.New(apperr.InvalidArgument, "content.risky_text", "文字里有不能提交的内容（如广告、辱骂），请修改后再提交。")
	errRiskyPicture = apperr.New(apperr.InvalidArgument, "content.risky_picture", "有照片不能提交，请换一张或去掉后再提交。")
)

// screened looks at what a resident writes and brings with a command, and gives the command with what must wait taken out of it,
// beside what waits. It runs outside the transaction, since a checker is another machine.
func (e *Engine) screened(ctx context.Context, r Request) (Request, error) {
	if r.Actor.IsSystem() || len(r.Actor.Requesters) == 0 || r.Actor.SeesAll() {
		return r, nil // who sees everything acts for the office
	}
	text, ids := "", []string(nil)
	switch m := r.Command.(type) {
	case casework.Rate:
		text, ids = m.Words, m.Attachments
	case casework.Remind:
		text = m.Text
	default:
		return r, nil
	}
	r.screened = map[string]bool{}
	if strings.TrimSpace(text) != "" {
		switch e.verdict(ctx, func(c Checker) (content.Verdict, error) { return c.Text(ctx, r.Actor.PersonID, text) }, e.words.Check(text)) {
		case content.Pass:
		case content.Risky:
			return r, errRiskyText
		default:
			r.held = store.Review{ID: newID(), Command: string(r.Command.Name()), Text: text}
		}
	}
	for _, id := range ids {
		switch e.verdict(ctx, func(c Checker) (content.Verdict, error) { return c.Picture(ctx, r.Actor.PersonID, id) }, content.Review) {
		case content.Pass:
			r.screened[id] = true
		case content.Risky:
			return r, errRiskyPicture
		}
	}
	if r.held.ID != "" {
		switch m := r.Command.(type) {
		case casework.Rate:
			m.Words, m.Held = "", casework.Held(r.held.ID)
			r.Command = m
		case casework.Remind:
			m.Text, m.Held = "", casework.Held(r.held.ID)
			r.Command = m
		}
	}
	return r, nil
}

// verdict asks the platform's checker, where there is one; while it is away, and where there is none, local holds. The worse of
// the two counts for words that the list knows.
func (e *Engine) verdict(ctx context.Context, ask func(Checker) (content.Verdict, error), local content.Verdict) content.Verdict {
	if e.checker == nil || local == content.Risky {
		return local
	}
	v, err := ask(e.checker)
	if err != nil {
		e.log.WarnContext(ctx, "the content checker is away: the list of words takes its place", slog.Any("error", err))
		return local
	}
	return v
}

// holdBack stores what a command has brought that must wait.
func (w *writer) holdBack(ctx context.Context, r Request, before, after casework.Case) error {
	ticketID := w.ownTicket(r, after)
	held := r.held
	if held.ID != "" {
		held.CaseID, held.Number, held.TicketID, held.CreatedAt = after.ID, after.Number, ticketID, w.now
		if err := w.tx.InsertReview(ctx, held); err != nil {
			return err
		}
	}
	for _, id := range sorted(after.Files) {
		if _, had := before.Files[id]; had || after.Files[id].Review != casework.ReviewWaiting {
			continue
		}
		if err := w.tx.InsertReview(ctx, store.Review{
			ID: newID(), Command: string(r.Command.Name()), CaseID: after.ID, Number: after.Number, TicketID: ticketID, AttachmentID: id, CreatedAt: w.now,
		}); err != nil {
			return err
		}
	}
	return nil
}

// ownTicket is the ticket that a resident's command is about.
func (w *writer) ownTicket(r Request, c casework.Case) string {
	if m, ok := r.Command.(casework.Rate); ok && m.TicketID != "" {
		return m.TicketID
	}
	for _, id := range sorted(c.Tickets) {
		for _, own := range r.Actor.Requesters {
			if c.Tickets[id].Requester == own {
				return id
			}
		}
	}
	return ""
}

// ReviewView is something that waits for the centre, or has been decided.
type ReviewView struct {
	ID        string     `json:"id"`
	CaseID    string     `json:"case_id"`
	Number    string     `json:"number" doc:"难事编号"`
	With      string     `json:"with" doc:"随哪一步提交，显示用"`
	Text      string     `json:"text,omitempty" doc:"待审核的文字；审核后不再保留在这里"`
	URL       string     `json:"url,omitempty" doc:"待审核照片的地址，只在几分钟内、您的这次登录有效期间可用"`
	ThumbURL  string     `json:"thumb_url,omitempty" doc:"缩略图的地址"`
	CreatedAt time.Time  `json:"created_at" doc:"提交时间"`
	Waiting   bool       `json:"waiting" doc:"还没有审核"`
	Passed    bool       `json:"passed" doc:"通过"`
	Reason    string     `json:"reason,omitempty" doc:"不通过的理由"`
	DecidedBy *Named     `json:"decided_by,omitempty" doc:"谁审核的；空为自动"`
	DecidedAt *time.Time `json:"decided_at,omitempty" doc:"审核时间"`
}

// Reviews lists what waits to be looked at, or what was decided, by age.
func (e *Engine) Reviews(ctx context.Context, actor casework.Actor, session string, waiting bool, after string, limit int) (Page[ReviewView], error) {
	page := Page[ReviewView]{Items: []ReviewView{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	rows, err := e.db.Reviews(ctx, waiting, after, limit+1)
	if err != nil {
		return page, err
	}
	for i, r := range rows {
		if i == limit {
			page.Next = rows[i-1].ID
			break
		}
		v, err := e.reviewView(ctx, k, r, actor, session)
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, v)
	}
	return page, nil
}

func (e *Engine) reviewView(ctx context.Context, k *Knowledge, r store.Review, actor casework.Actor, session string) (ReviewView, error) {
	v := ReviewView{
		ID: r.ID, CaseID: r.CaseID, Number: r.Number, With: casework.Name(r.Command).Label(), Text: ticket.MaskText(r.Text), CreatedAt: r.CreatedAt,
		Waiting: r.Open, Passed: r.Passed, Reason: r.Reason, DecidedBy: k.person(r.DecidedBy),
	}
	if !r.DecidedAt.IsZero() {
		v.DecidedAt = &r.DecidedAt
	}
	if r.AttachmentID == "" || !r.Open {
		return v, nil
	}
	a, err := e.db.Attachment(ctx, r.AttachmentID)
	if err != nil || a.State != store.AttachmentKept {
		return v, err
	}
	var links AttachmentView
	err = e.link(&links, a, actor, session)
	v.URL, v.ThumbURL = links.URL, links.ThumbURL
	return v, err
}

// DecideReview passes or refuses what waits, with the reason. The same decision again changes nothing.
func (e *Engine) DecideReview(ctx context.Context, actor casework.Actor, id string, pass bool, reason string) (ReviewView, error) {
	if !pass {
		var err error
		if reason, err = statedReason(reason); err != nil {
			return ReviewView{}, err
		}
	}
	r, err := e.settle(ctx, actor.PersonID, id, pass, reason)
	if errors.Is(err, store.ErrReviewDecided) && r.Passed == pass && r.DecidedBy == actor.PersonID {
		err = nil // an answer was lost
	}
	if err != nil {
		return ReviewView{}, err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ReviewView{}, err
	}
	return e.reviewView(ctx, k, r, actor, "")
}

// SettlePicture decides the review of an attachment for a checker that answered late; what it leaves to a person stays.
// Nothing waiting is no error: somebody was first.
func (e *Engine) SettlePicture(ctx context.Context, reviewID string, v content.Verdict) error {
	if v == content.Review {
		return nil
	}
	_, err := e.settle(ctx, "", reviewID, v == content.Pass, "")
	if errors.Is(err, store.ErrReviewDecided) {
		return nil
	}
	return err
}

// settle decides a review and shows in the case what is shown from now on.
func (e *Engine) settle(ctx context.Context, by, id string, pass bool, reason string) (r store.Review, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return r, err
	}
	now := e.Now(k)
	err = e.db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		if r, err = tx.Review(ctx, id); err != nil {
			return err
		}
		if !r.Open {
			return store.ErrReviewDecided
		}
		text := ""
		if pass {
			text = ticket.MaskText(r.Text) // a timeline keeps no number
		}
		caseID := r.CaseID
		if r.AttachmentID != "" { // it may have moved by a merge
			a, err := tx.Attachment(ctx, r.AttachmentID)
			if err != nil {
				return err
			}
			caseID = a.CaseID
		}
		l, err := tx.Case(ctx, caseID)
		if err != nil {
			return err
		}
		r.Open, r.Passed, r.Reason, r.DecidedBy, r.DecidedAt, r.Text = false, pass, reason, by, now, ""
		if err := tx.DecideReview(ctx, r); err != nil {
			return err
		}
		w := &writer{live: e.live, tx: tx, k: k, now: now}
		_, err = w.decide(ctx, l, casework.SystemActor(), casework.SettleContent{ReviewID: r.ID, AttachmentID: r.AttachmentID, TicketID: r.TicketID, Passed: pass, Text: text})
		if err != nil {
			return err
		}
		if err := e.RecordIn(ctx, tx, Audited{Actor: by, Action: "content.review", Object: "review:" + r.ID, Detail: map[string]string{"passed": fmt.Sprint(pass), "case": r.Number}}); err != nil {
			return err
		}
		return w.tellPlatforms(ctx)
	})
	return r, err
}
