package workflow

import (
	"cmp"
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

// Checker is a platform that looks at what residents write and bring before others see it. author is the person's id.
type Checker interface {
	// Text gives what it thinks of words. It may take seconds. An error says that it is away; the list of words takes its place then.
	Text(ctx context.Context, author, words string) (content.Verdict, error)
	// Picture asks for a look at what lies at an address that is good for pictureWithin, and gives the name of that look. What it finds it
	// says later, with Engine.SettlePicture. ErrNotForPlatform when a person must look instead; after any other error it is asked again.
	Picture(ctx context.Context, author, address string) (trace string, err error)
}

// ErrNotForPlatform says that a platform is not to look at something, or cannot: a person does.
var ErrNotForPlatform = errors.New("workflow: not for the platform")

// CheckWith lets a platform look at what residents bring; pictures too, where it can fetch them from a public address of this service,
// https://host. It is for before the engine is used.
func (e *Engine) CheckWith(c Checker, public string) { e.checker, e.public = c, public }

var errRiskyText = apperr.New(apperr.InvalidArgument, "content.risky_text", "文字里有不能提交的内容（如广告、辱骂），请修改后再提交。")

// screened looks at what a requester writes with a command, and gives the command with what must wait taken out of it, beside what
// waits; pictures always do. It runs outside the transaction, since a platform is another machine.
//
// Who has a ticket on the case is looked at, whatever posts they hold: a post is no way around it. Who has none acts for the office,
// whose words are its own.
func (e *Engine) screened(ctx context.Context, r Request) (Request, error) {
	var words string
	switch m := r.Command.(type) {
	case casework.Rate:
		words = m.Words
	case casework.Remind:
		words = m.Text
	default:
		return r, nil
	}
	if r.Actor.IsSystem() || len(r.Actor.Requesters) == 0 {
		return r, nil
	}
	l, err := e.db.Case(ctx, r.CaseID)
	if err != nil {
		return r, err
	}
	if l.Case.Version == r.Version && !l.Case.AskedBy(r.Actor) { // of this version, so that it is so when the command is decided
		return r, nil
	}
	r.screened = true
	switch e.verdict(ctx, r.Actor.PersonID, words) {
	case content.Pass:
		return r, nil
	case content.Risky:
		return r, errRiskyText
	}
	r.held = store.Review{ID: newID(), State: store.ReviewOpen, Command: string(r.Command.Name()), Text: words}
	switch m := r.Command.(type) {
	case casework.Rate:
		m.Words, m.Held = "", casework.Held(r.held.ID)
		r.Command = m
	case casework.Remind:
		m.Text, m.Held = "", casework.Held(r.held.ID)
		r.Command = m
	}
	return r, nil
}

// verdict asks the platform, where there is one; while it is away, and where there is none, the list of words decides. What the list does
// not take is not sent anywhere.
func (e *Engine) verdict(ctx context.Context, author, words string) content.Verdict {
	if strings.TrimSpace(words) == "" {
		return content.Pass
	}
	local := e.words.Check(words)
	if e.checker == nil || local == content.Risky {
		return local
	}
	v, err := e.checker.Text(ctx, author, words)
	switch {
	case errors.Is(err, ErrNotForPlatform):
		return content.Review
	case err != nil:
		e.log.WarnContext(ctx, "the content check is away: the list of words takes its place", slog.Any("error", err))
		return local
	}
	return v
}

// holdBack stores what a command has brought that must wait, and tells who is to look.
func (w *writer) holdBack(ctx context.Context, r Request, before, after casework.Case) error {
	ticketID, forPeople := w.ownTicket(r, after), false
	hold := func(held store.Review) error {
		held.CaseID, held.Number, held.TicketID, held.CreatedAt, held.NextAt = after.ID, after.Number, ticketID, w.now, w.now
		if held.State == store.ReviewOpen {
			held.PeopleAt, held.NextAt, forPeople = w.now, w.k.reviewDue(w.now, time.Time{}), true
		}
		return w.tx.InsertReview(ctx, held)
	}
	if r.held.ID != "" {
		if err := hold(r.held); err != nil {
			return err
		}
	}
	for _, id := range sorted(after.Files) {
		if _, had := before.Files[id]; had || after.Files[id].Review != casework.ReviewWaiting {
			continue
		}
		if err := hold(store.Review{ID: newID(), State: w.pictures, Command: string(r.Command.Name()), AttachmentID: id}); err != nil {
			return err
		}
	}
	if !forPeople {
		return nil
	}
	return w.tell(ctx, after.ID, after.Number, casework.NoticeContentWaiting, casework.ToPost(casework.Centre, ""))
}

// tell gives a notice that belongs to no event of a case but is about one.
func (w *writer) tell(ctx context.Context, caseID, number string, kind casework.NoticeKind, to ...casework.Addressee) error {
	return w.deliver(ctx, casework.Decision{Case: casework.Case{ID: caseID, Number: number}, Notices: []casework.Notice{{Kind: kind, To: to}}})
}

// reviewDue is casework.ReviewDue under the policy of when the wait began.
func (k *Knowledge) reviewDue(since, told time.Time) time.Time {
	return casework.ReviewDue(k.Calendar, k.PolicyAt(since), since, told)
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
	CaseID    string     `json:"case_id" doc:"所在的难事；还不在难事中的为空"`
	Number    string     `json:"number" doc:"难事编号；还不在难事中的为工单号"`
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
	state := store.ReviewDecided
	if waiting {
		state = store.ReviewOpen
	}
	rows, err := e.db.Reviews(ctx, state, after, limit+1)
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

// reviewWith says what a review came with.
func reviewWith(r store.Review) string {
	switch {
	case r.NoteID == "":
		return casework.Name(r.Command).Label()
	case r.Command == string(store.NoteReport):
		return "反映新的事情"
	}
	return noteLabels[store.NoteKind(r.Command)]
}

func (e *Engine) reviewView(ctx context.Context, k *Knowledge, r store.Review, actor casework.Actor, session string) (ReviewView, error) {
	v := ReviewView{
		ID: r.ID, CaseID: r.CaseID, Number: r.Number, With: reviewWith(r), Text: ticket.MaskText(r.Text), CreatedAt: r.CreatedAt,
		Waiting: r.State != store.ReviewDecided, Passed: r.Passed, Reason: r.Reason, DecidedBy: k.person(r.DecidedBy),
	}
	if !r.DecidedAt.IsZero() {
		v.DecidedAt = &r.DecidedAt
	}
	if r.AttachmentID == "" || !v.Waiting {
		return v, nil
	}
	a, err := e.db.Attachment(ctx, r.AttachmentID)
	if err != nil || a.State != store.AttachmentKept {
		return v, err
	}
	var links AttachmentView
	err = e.link(&links, a, actor, session, linkLife)
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

// SettlePicture is what a platform found in a picture, by the name of its look: what it passes or refuses is decided, what it leaves to a
// person waits for one. It may come late, and twice: what is decided stays as it is. store.ErrNoReview when no look has that name.
func (e *Engine) SettlePicture(ctx context.Context, trace string, v content.Verdict) error {
	r, err := e.db.ReviewOfTrace(ctx, trace)
	if err != nil {
		return err
	}
	if v != content.Pass && v != content.Risky {
		return e.toPeople(ctx, r.ID)
	}
	_, err = e.settle(ctx, "", r.ID, v == content.Pass, "")
	if errors.Is(err, store.ErrReviewDecided) {
		return nil
	}
	return err
}

// toPeople lets a person look at what a platform was to, and tells the centre. Twice does it once.
func (e *Engine) toPeople(ctx context.Context, id string) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	now := e.Now(k)
	return e.db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		moved, err := tx.ReviewToPeople(ctx, id, now, k.reviewDue(now, time.Time{}))
		if err != nil || !moved {
			return err
		}
		r, err := tx.Review(ctx, id)
		if err != nil {
			return err
		}
		w := &writer{live: e.live, tx: tx, k: k, now: now}
		return w.tell(ctx, r.CaseID, r.Number, casework.NoticeContentWaiting, casework.ToPost(casework.Centre, ""))
	})
}

// chaseReviews tells the supervisor and the centre of what has waited for a person beyond the policy's days, then each working day, once
// for each case. Any number of processes may do so at once.
func (e *Engine) chaseReviews(ctx context.Context, k *Knowledge) error {
	if e.reviewsCounted.Load() != k.CalendarRevision {
		// Counted under another calendar, maybe: everything is looked at, and moves to its place without anybody being told.
		if err := e.db.RecountReviews(ctx); err != nil {
			return err
		}
		e.reviewsCounted.Store(k.CalendarRevision)
	}
	for {
		now := e.Now(k)
		list, err := e.db.DueReviews(ctx, store.ReviewOpen, now, sweepBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		of := map[string][]store.Review{}
		for _, r := range list {
			of[r.Number] = append(of[r.Number], r)
		}
		for _, number := range sorted(of) {
			if err := e.chaseCase(ctx, k, now, of[number]); err != nil {
				return err
			}
		}
	}
}

// chaseCase does so for the reviews of one case.
func (e *Engine) chaseCase(ctx context.Context, k *Knowledge, now time.Time, list []store.Review) error {
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		late := false
		for _, r := range list {
			told, next := r.ToldAt, k.reviewDue(r.PeopleAt, r.ToldAt)
			isLate := !next.After(now)
			if isLate {
				told, next = now, k.reviewDue(r.PeopleAt, now)
			}
			first, err := tx.ChaseReview(ctx, r, told, next)
			if err != nil {
				return err
			}
			late = late || first && isLate
		}
		if !late {
			return nil
		}
		w := &writer{live: e.live, tx: tx, k: k, now: now}
		return w.tell(ctx, list[0].CaseID, list[0].Number, casework.NoticeContentLate, casework.ToPost(casework.Supervisor, ""), casework.ToPost(casework.Centre, ""))
	})
}

// ReviewsWaiting tells of what waits for a person: how much, up to store.CountCap, and since when the first of it does.
func (e *Engine) ReviewsWaiting(ctx context.Context) (waiting int, oldest, now time.Time, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return 0, oldest, now, err
	}
	waiting, oldest, err = e.db.ReviewsWaiting(ctx)
	return waiting, oldest, e.Now(k), err
}

// settle decides a review and shows in the case what is shown from now on.
func (e *Engine) settle(ctx context.Context, by, id string, pass bool, reason string) (r store.Review, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return r, err
	}
	now := e.Now(k)
	if first, err := e.db.Review(ctx, id); err != nil || first.NoteID != "" {
		return first, cmp.Or(err, e.settleOfNote(ctx, by, &first, pass, reason))
	}
	err = e.db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		if r, err = tx.Review(ctx, id); err != nil {
			return err
		}
		if r.State == store.ReviewDecided {
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
		r.State, r.Passed, r.Reason, r.DecidedBy, r.DecidedAt, r.Text = store.ReviewDecided, pass, reason, by, now, ""
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

// settleOfNote decides a review of a note: in turn, since a report that passes is taken in.
func (e *Engine) settleOfNote(ctx context.Context, by string, r *store.Review, pass bool, reason string) error {
	_, err := e.intake(ctx, func(ctx context.Context, in *intake) (err error) {
		if *r, err = in.tx.Review(ctx, r.ID); err != nil {
			return err
		}
		if r.State == store.ReviewDecided {
			return store.ErrReviewDecided
		}
		r.State, r.Passed, r.Reason, r.DecidedBy, r.DecidedAt, r.Text = store.ReviewDecided, pass, reason, by, in.now, ""
		if err := in.tx.DecideReview(ctx, *r); err != nil {
			return err
		}
		if err := in.settleNote(ctx, *r, pass); err != nil {
			return err
		}
		return e.RecordIn(ctx, in.tx, Audited{Actor: by, Action: "content.review", Object: "review:" + r.ID, Detail: map[string]string{"passed": fmt.Sprint(pass), "order_no": r.Number}})
	})
	return err
}
