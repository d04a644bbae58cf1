package workflow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/content"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// A note is what a requester says beside a ticket: pictures of a report, facts added later. It is no command and changes no case; its words are
// looked at as those of a rating are. It goes with what names the person in the ticket.

const (
	maxNotes    = 30 // of one ticket
	maxNoteText = 5000
)

// NewFacts are what a requester adds to their ticket.
type NewFacts struct {
	Text        string   `json:"text,omitempty" maxLength:"5000" doc:"补充的情况；文字和照片至少有一样"`
	Attachments []string `json:"attachments,omitempty" maxItems:"9" doc:"照片：上传完成、尚未使用的附件的 id"`
}

// NoteView is a note as somebody reads it.
type NoteView struct {
	ID         string          `json:"id"`
	Kind       store.NoteKind  `json:"kind" enum:"report,facts" doc:"report 反映时带来的照片，facts 后来补充的情况"`
	KindLabel  string          `json:"kind_label" doc:"是什么，显示用"`
	OrderNo    string          `json:"order_no" doc:"所在的工单"`
	Text       string          `json:"text,omitempty" doc:"补充的文字；待审核的只有本人看得到"`
	Pictures   []NotePicture   `json:"pictures" doc:"照片"`
	State      store.NoteState `json:"state" enum:"shown,waiting,refused" doc:"shown 已给办理的人看，waiting 待审核，refused 没有通过"`
	StateLabel string          `json:"state_label,omitempty" doc:"文字或照片待审核、没有通过时，显示用"`
	At         time.Time       `json:"at" doc:"什么时候"`
	Mine       bool            `json:"mine" doc:"是您或您的家人写的"`
}

// NotePicture is a picture of a note, with links to it.
type NotePicture struct {
	ID       string                 `json:"id"`
	Width    int                    `json:"width,omitempty" doc:"像素"`
	Height   int                    `json:"height,omitempty" doc:"像素"`
	Review   casework.ContentReview `json:"review,omitempty" doc:"waiting 待审核、refused 未通过，这时只有本人和城运中心看得到"`
	URL      string                 `json:"url" doc:"地址，只在几分钟内、您的这次登录有效期间可用"`
	ThumbURL string                 `json:"thumb_url,omitempty" doc:"缩略图的地址"`
}

var noteLabels = map[store.NoteKind]string{store.NoteReport: "反映时的照片", store.NoteFacts: "补充情况"}

var noteStates = map[store.NoteState]string{store.NoteWaiting: "文字待审核，办理的人暂时看不到", store.NoteRefused: "没有通过内容审核，没有给别人看"}

var pictureStates = map[casework.ContentReview]string{casework.ReviewWaiting: "照片待审核，办理的人暂时看不到", casework.ReviewRefused: "有照片没有通过审核，没有给别人看"}

// noteRefused is told to who brought what was refused.
var noteRefused = map[string]string{
	string(store.NoteReport): "您反映的内容没有通过审核，没有受理。请改一改文字重新提交，或拨打 12345",
	string(store.NoteFacts):  "您补充的文字或照片没有通过审核，不会给其他人看；您反映的事照常办理",
}

var (
	errFactsEmpty = &apperr.Error{Code: apperr.InvalidArgument, Reason: "note.empty", Message: "请写上要补充的情况，或附上照片。", Fields: []apperr.Field{{Name: "text", Message: "请写上要补充的情况，或附上照片。"}}}
	errFactsOver  = apperr.New(apperr.FailedPrecondition, "note.over", "这件事已经办结销项，不能再补充。如果问题又出现了，请重新反映。")
	errFactsFull  = apperr.New(apperr.FailedPrecondition, "note.full", "一件工单最多补充 %d 次，已经用完。请拨打 12345，报上工单号补充。", maxNotes)
	errPictures   = apperr.New(apperr.InvalidArgument, "note.attachment", "有照片还没有传好、已用在别处或已过期，请删去后重新添加。")
)

// ownTicketOf loads a ticket that the actor is a requester of; for others it does not exist.
func ownTicketOf(r store.TicketRow, actor casework.Actor) error {
	if r.Requester == "" || !slices.Contains(actor.Requesters, r.Requester) || r.Erased {
		return store.ErrNoTicket
	}
	return nil
}

// AddFacts adds a note to the actor's own ticket. The same key again adds nothing.
func (e *Engine) AddFacts(ctx context.Context, actor casework.Actor, session, ticketID string, f NewFacts, key string) (NoteView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return NoteView{}, err
	}
	f.Text = strings.TrimSpace(f.Text)
	slices.Sort(f.Attachments)
	f.Attachments = slices.Compact(f.Attachments)
	q, err := e.keyed(actor.PersonID, key, "facts\n"+ticketID, f)
	if err != nil {
		return NoteView{}, err
	}
	return once(ctx, e, q, func(id string) (NoteView, error) {
		n, err := e.db.Note(ctx, id)
		if err != nil {
			return NoteView{}, err
		}
		return e.oneNote(ctx, actor, session, n)
	}, func() (NoteView, error) {
		n, err := e.addFacts(ctx, k, actor, ticketID, f, q)
		if err != nil {
			return NoteView{}, err
		}
		e.wakeChecks()
		return e.oneNote(ctx, actor, session, n)
	})
}

func (e *Engine) addFacts(ctx context.Context, k *Knowledge, actor casework.Actor, ticketID string, f NewFacts, q keyed) (store.TicketNote, error) {
	r, err := e.db.Ticket(ctx, ticketID)
	if err == nil {
		err = ownTicketOf(r, actor)
	}
	if err != nil {
		return store.TicketNote{}, err
	}
	if f.Text == "" && len(f.Attachments) == 0 {
		return store.TicketNote{}, errFactsEmpty
	}
	n := store.TicketNote{ID: newID(), TicketID: ticketID, Author: actor.PersonID, Kind: store.NoteFacts, State: store.NoteShown, Text: f.Text, At: e.Now(k)}
	switch e.verdict(ctx, actor.PersonID, f.Text) {
	case content.Risky:
		return store.TicketNote{}, errRiskyText
	case content.Review:
		n.State = store.NoteWaiting
	}
	answered := r.CaseID == "" && !r.Ticket.Open()
	err = e.db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		w := &writer{live: e.live, tx: tx, k: k, now: n.At, pictures: e.whoLooks()}
		if answered {
			if err := w.turn(ctx); err != nil {
				return err
			}
		}
		r, err := tx.Ticket(ctx, ticketID)
		if err == nil {
			err = ownTicketOf(r, actor)
		}
		if err != nil {
			return err
		}
		c, err := caseOfTicket(ctx, tx, r)
		if err != nil {
			return err
		}
		if c.Status == casework.Closed {
			return errFactsOver
		}
		have, err := tx.NotesOf(ctx, ticketID, maxNotes)
		if err != nil {
			return err
		}
		if len(have) >= maxNotes {
			return errFactsFull
		}
		if err := w.keepNote(ctx, n, f.Attachments, r.Ticket.OrderNo, c); err != nil {
			return err
		}
		if n.State == store.NoteShown {
			if err := w.tellFacts(ctx, r, c); err != nil {
				return err
			}
		}
		return q.done(ctx, tx, n.ID, n.At)
	})
	return n, err
}

// keepNote stores a note with its pictures, and what of it must be looked at before others see it.
func (w *writer) keepNote(ctx context.Context, n store.TicketNote, pictures []string, orderNo string, c casework.Case) error {
	if err := w.tx.InsertNote(ctx, n); err != nil {
		return err
	}
	forPeople := false
	hold := func(r store.Review) error {
		r.ID, r.NoteID, r.Command = newID(), n.ID, string(n.Kind)
		r.CaseID, r.Number, r.TicketID, r.CreatedAt, r.NextAt = c.ID, cmp.Or(c.Number, orderNo), n.TicketID, w.now, w.now
		if r.State == store.ReviewOpen {
			r.PeopleAt, r.NextAt, forPeople = w.now, w.k.reviewDue(w.now, time.Time{}), true
		}
		return w.tx.InsertReview(ctx, r)
	}
	if n.State == store.NoteWaiting {
		text := n.Text
		if n.Kind == store.NoteReport {
			var held heldReport
			if err := json.Unmarshal([]byte(n.Text), &held); err != nil {
				return err
			}
			text = held.Report.words()
		}
		if err := hold(store.Review{State: store.ReviewOpen, Text: text}); err != nil {
			return err
		}
	}
	for _, id := range pictures {
		err := w.tx.KeepForNote(ctx, id, n.Author, n.ID, string(casework.ReviewWaiting))
		if errors.Is(err, store.ErrAttachmentTaken) {
			return errPictures
		}
		if err != nil {
			return err
		}
		if err := hold(store.Review{State: w.pictures, AttachmentID: id}); err != nil {
			return err
		}
	}
	if !forPeople {
		return nil
	}
	return w.tell(ctx, c.ID, cmp.Or(c.Number, orderNo), casework.NoticeContentWaiting, casework.ToPost(casework.Centre, ""))
}

// tellFacts tells those who work on an open case that its requester has added something; of a ticket in no case, the centre.
func (w *writer) tellFacts(ctx context.Context, r store.TicketRow, c casework.Case) error {
	if !c.Status.Open() {
		return w.factsWait(ctx, r)
	}
	to := []casework.Addressee{casework.ToPost(casework.Centre, "")}
	if c.LeadDepartmentID != "" {
		to = []casework.Addressee{casework.ToPost(casework.DepartmentHead, c.LeadDepartmentID)}
		if c.HandlerID != "" {
			to = append(to, casework.ToPerson(c.HandlerID))
		}
	}
	return w.tell(ctx, c.ID, c.Number, casework.NoticeFactsAdded, to...)
}

// CaseNotes lists the notes of a case's tickets in the order in which they came: to its staff those that may be seen, to a requester their own.
func (e *Engine) CaseNotes(ctx context.Context, actor casework.Actor, session, caseID, after string, limit int) (Page[NoteView], error) {
	page := Page[NoteView]{Items: []NoteView{}}
	l, sight, err := e.visible(ctx, actor, caseID)
	if err != nil {
		return page, err
	}
	if sight == casework.Masked {
		return page, store.ErrNoCase
	}
	orders := map[string]string{}
	for _, id := range sorted(l.Case.Tickets) {
		if t := l.Case.Tickets[id]; sight == casework.Full || slices.Contains(actor.Requesters, t.Requester) {
			orders[id] = t.OrderNo
		}
	}
	list, err := e.db.CaseNotes(ctx, sorted(orders), after, limit+1)
	if err != nil {
		return page, err
	}
	if len(list) > limit {
		list = list[:limit]
		page.Next = list[limit-1].ID
	}
	page.Items, err = e.noteViews(ctx, actor, session, list, orders, sight == casework.Full)
	return page, err
}

// TicketNotes lists the notes of one ticket: to its requester, and to staff who see it.
func (e *Engine) TicketNotes(ctx context.Context, actor casework.Actor, session, ticketID string) ([]NoteView, error) {
	t, err := e.ticket(ctx, actor, ticketID)
	if err != nil {
		return nil, err
	}
	r, err := e.db.Ticket(ctx, ticketID)
	if err != nil {
		return nil, err
	}
	list, err := e.db.NotesOf(ctx, ticketID, maxNotes)
	if err != nil {
		return nil, err
	}
	return e.noteViews(ctx, actor, session, list, map[string]string{ticketID: t.OrderNo}, ownTicketOf(r, actor) != nil)
}

// oneNote shows a note to its requester.
func (e *Engine) oneNote(ctx context.Context, actor casework.Actor, session string, n store.TicketNote) (NoteView, error) {
	orders := map[string]string{}
	if n.TicketID != "" {
		r, err := e.db.Ticket(ctx, n.TicketID)
		if err != nil {
			return NoteView{}, err
		}
		orders[n.TicketID] = r.Ticket.OrderNo
	}
	list, err := e.noteViews(ctx, actor, session, []store.TicketNote{n}, orders, false)
	if err != nil || len(list) == 0 {
		return NoteView{}, cmp.Or[error](err, store.ErrNoNote)
	}
	return list[0], nil
}

// noteViews shows notes to their requester, or to staff: these see what has passed, and read it masked.
func (e *Engine) noteViews(ctx context.Context, actor casework.Actor, session string, list []store.TicketNote, orders map[string]string, staff bool) ([]NoteView, error) {
	out := []NoteView{}
	ids := make([]string, len(list))
	for i, n := range list {
		ids[i] = n.ID
	}
	pictures, err := e.db.NoteAttachments(ctx, ids)
	if err != nil {
		return out, err
	}
	for _, n := range list {
		v := NoteView{ID: n.ID, Kind: n.Kind, KindLabel: noteLabels[n.Kind], OrderNo: orders[n.TicketID], Text: n.Text, Pictures: []NotePicture{}, State: n.State, StateLabel: noteStates[n.State], At: n.At, Mine: !staff}
		if n.Kind == store.NoteReport {
			v.Text = "" // it stands in the ticket
		}
		if staff {
			v.Text = ticket.MaskText(v.Text)
			if n.State != store.NoteShown {
				v.Text = ""
			}
		}
		for _, a := range pictures {
			if a.NoteID != n.ID || a.State != store.AttachmentKept || !seesNotePicture(a, actor, staff) {
				continue
			}
			var links AttachmentView
			if err := e.link(&links, a, actor, session, linkLife); err != nil {
				return out, err
			}
			if label := pictureStates[casework.ContentReview(a.Review)]; label != "" && v.StateLabel == "" {
				v.StateLabel = label
			}
			v.Pictures = append(v.Pictures, NotePicture{ID: a.ID, Width: a.Width, Height: a.Height, Review: casework.ContentReview(a.Review), URL: links.URL, ThumbURL: links.ThumbURL})
		}
		if v.Text == "" && len(v.Pictures) == 0 && (staff || n.Kind == store.NoteReport) {
			continue
		}
		out = append(out, v)
	}
	return out, nil
}

// seesNotePicture reports whether somebody who sees a note sees one of its pictures: what has not passed only who brought it and the centre.
func seesNotePicture(a store.Attachment, actor casework.Actor, staff bool) bool {
	if a.Review == "" {
		return true
	}
	return a.Owner == actor.PersonID || staff && holds(actor, casework.Centre)
}

// noteFile reports whether somebody may open a note's picture now.
func (e *Engine) noteFile(ctx context.Context, actor casework.Actor, a store.Attachment) error {
	n, err := e.db.Note(ctx, a.NoteID)
	if err != nil {
		return store.ErrNoAttachment
	}
	var staff bool
	if n.TicketID == "" {
		staff = n.Author != actor.PersonID
		if staff && !holds(actor, casework.Centre) {
			return store.ErrNoAttachment
		}
	} else {
		if _, err := e.ticket(ctx, actor, n.TicketID); err != nil {
			return store.ErrNoAttachment
		}
		r, err := e.db.Ticket(ctx, n.TicketID)
		if err != nil {
			return err
		}
		staff = ownTicketOf(r, actor) != nil
	}
	if !seesNotePicture(a, actor, staff) {
		return store.ErrNoAttachment
	}
	return nil
}

// settleNote decides what of a note waits.
func (in *intake) settleNote(ctx context.Context, r store.Review, pass bool) error {
	n, err := in.tx.Note(ctx, r.NoteID)
	if err != nil {
		return err
	}
	if r.AttachmentID == "" && n.Kind == store.NoteReport {
		return in.settleReport(ctx, n, pass)
	}
	review := casework.ContentReview("")
	if !pass {
		review = casework.ReviewRefused
	}
	if r.AttachmentID != "" {
		err = in.tx.ReviewAttachment(ctx, r.AttachmentID, string(review))
	} else {
		n.State = store.NoteShown
		if !pass {
			n.State, n.Text = store.NoteRefused, ""
		}
		err = in.tx.SettleNote(ctx, n)
	}
	if err != nil || n.TicketID == "" {
		return err
	}
	row, err := in.tx.Ticket(ctx, n.TicketID)
	if err != nil {
		return err
	}
	if !pass {
		return in.tellNoteRefused(ctx, row.Requester, row.CaseID, row.Ticket.OrderNo, store.NoteFacts)
	}
	if r.AttachmentID != "" {
		return nil
	}
	c, err := caseOfTicket(ctx, in.tx, row)
	if err != nil {
		return err
	}
	return in.tellFacts(ctx, row, c)
}

// tellNoteRefused tells a requester that something they brought was not passed.
func (w *writer) tellNoteRefused(ctx context.Context, requester, caseID, orderNo string, as store.NoteKind) error {
	if requester == "" {
		return nil
	}
	return w.tx.InsertNotices(ctx, []store.InboxRow{{
		ID: newID(), Recipient: "requester:" + requester, CaseID: caseID, Number: orderNo, Kind: casework.NoticeContentRefused, Args: map[string]string{"note": string(as)}, CreatedAt: w.now,
	}})
}

// eraseNotes erases what the requester of a ticket has said beside it, where they said it is, and gives the pictures that went.
func eraseNotes(ctx context.Context, tx *store.Tx, ticketID string, now time.Time) (erased []store.Erased, _ error) {
	if err := tx.ForgetMeToo(ctx, ticketID); err != nil {
		return nil, err
	}
	if _, err := tx.DropLocation(ctx, ticketID); err != nil {
		return nil, err
	}
	list, err := tx.NotesOf(ctx, ticketID, maxNotes)
	if err != nil {
		return nil, err
	}
	return dropNotes(ctx, tx, list, now)
}

func dropNotes(ctx context.Context, tx *store.Tx, list []store.TicketNote, now time.Time) (erased []store.Erased, _ error) {
	ids := make([]string, len(list))
	for i, n := range list {
		ids[i] = n.ID
	}
	pictures, err := tx.NoteAttachments(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range pictures {
		done, err := tx.EraseAttachment(ctx, a.ID, now)
		if err != nil {
			return nil, err
		}
		if done {
			erased = append(erased, store.Erased{Rule: ruleFile, TicketID: a.ID})
		}
	}
	for _, id := range ids {
		if err := tx.DropNote(ctx, id); err != nil {
			return nil, fmt.Errorf("note %s: %w", id, err)
		}
	}
	return erased, nil
}
