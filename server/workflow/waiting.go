package workflow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// A resident's ticket that no trigger makes a case of waits until the centre decides: it makes a case of it, puts it into one, or answers it
// (docs/adr/0019). Until then it stands on one list. What nobody decides on the policy proposes in the end (domain §2, long_unresolved).

// WaitingTicket is a resident's ticket that is in no case.
type WaitingTicket struct {
	TicketView

	Waits    string `json:"waits" doc:"等了多久，显示用"`
	Topic    string `json:"topic,omitempty" doc:"看内容是什么类别；拿不准的没有"`
	Proposed string `json:"proposed,omitempty" doc:"还没有人处理的，到哪一天自动列为待入库"`
}

// WaitingTicketView is one of them with what it may be about, and what the caller may do with it now.
type WaitingTicketView struct {
	WaitingTicket

	Open       bool      `json:"open" doc:"还在等处理：可以纳入难事、并入或答复"`
	StateLabel string    `json:"state_label" doc:"显示用"`
	CaseTitle  string    `json:"case_title" doc:"纳入难事时建议的标题"`
	Case       *Named    `json:"case,omitempty" doc:"现在所在的难事（编号）"`
	Located    bool      `json:"located" doc:"诉求人在地图上选了位置：用 POST /tickets/{id}/unmask 查看"`
	Similar    []Similar `json:"similar" doc:"可能是同一件事的，最像的在前"`
}

// NewCaseOf is what the centre says when it makes a case of a ticket. The rest is the ticket's.
type NewCaseOf struct {
	Title  string `json:"title,omitempty" maxLength:"200" doc:"难事的标题；不填用建议的"`
	Reason string `json:"reason" maxLength:"5000" doc:"为什么是难事"`
}

// TicketAnswer is what the centre answers who reported a ticket that is no case.
type TicketAnswer struct {
	Words string `json:"words" maxLength:"2000" doc:"答复诉求人的话，大白话"`
}

const leastAnswer = 5 // runes

var errAnswerShort = &apperr.Error{Code: apperr.InvalidArgument, Reason: "ticket.answer", Message: "请写清楚怎样答复诉求人，至少 5 个字。", Fields: []apperr.Field{{Name: "words", Message: "请写清楚怎样答复诉求人，至少 5 个字。"}}}

// ownReportOf reports whether a ticket was reported to us, under a number of our own: nobody else answers it.
func ownReportOf(t ticket.Ticket) bool {
	return t.Source == ticket.Resident && ownNumber.MatchString(t.OrderNo)
}

// WaitingTickets lists residents' tickets that are in no case, newest first.
func (e *Engine) WaitingTickets(ctx context.Context, cursorText string, limit int) (Page[WaitingTicket], error) {
	page := Page[WaitingTicket]{Items: []WaitingTicket{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	var afterAt time.Time
	var afterID string
	if cursorText != "" {
		if afterAt, afterID, err = parseCursor(cursorText); err != nil {
			return page, err
		}
	}
	rows, err := e.db.WaitingTickets(ctx, ticket.Resident, afterAt, afterID, limit+1)
	if err != nil {
		return page, err
	}
	now := e.Now(k)
	for i, r := range rows {
		if i == limit {
			page.Next = cursor(rows[i-1].Ticket.AcceptedAt, rows[i-1].Ticket.ID)
			break
		}
		w := k.waitingTicket(r, now)
		w.Title, w.Content = beginning(cmp.Or(w.Title, w.Content)), ""
		page.Items = append(page.Items, w)
	}
	return page, nil
}

func (k *Knowledge) waitingTicket(r store.TicketRow, now time.Time) WaitingTicket {
	w := WaitingTicket{TicketView: ticketView(r, casework.Full), Topic: r.Ticket.Category[0]}
	if a := k.Classification.Combine(query(r.Ticket), nil).Topic; w.Topic == "" && !a.Ask {
		w.Topic = a.Name
	}
	w.Waits = "今天收到"
	if days := daysBetween(r.Ticket.AcceptedAt, now); days > 0 {
		w.Waits = fmt.Sprintf("等了 %d 天", days)
	}
	if days := k.PolicyAt(now).Triggers.LongUnresolvedDays; days > 0 && r.CaseID == "" && r.Ticket.Open() {
		on := r.Ticket.AcceptedAt.AddDate(0, 0, days).In(shanghai)
		w.Proposed = fmt.Sprintf("%d月%d日还没有处理的，自动列为待入库", on.Month(), on.Day())
	}
	return w
}

// daysBetween counts calendar days.
func daysBetween(from, to time.Time) (n int) {
	a, b := workday.DateOf(from), workday.DateOf(to)
	return int(b.At(0).Sub(a.At(0)) / (24 * time.Hour))
}

// WaitingTicket shows one of residents' tickets.
func (e *Engine) WaitingTicket(ctx context.Context, actor casework.Actor, id string) (WaitingTicketView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return WaitingTicketView{}, err
	}
	r, err := e.db.Ticket(ctx, id)
	if err == nil && r.Ticket.Source != ticket.Resident {
		err = store.ErrNoTicket
	}
	if err != nil {
		return WaitingTicketView{}, err
	}
	v := WaitingTicketView{WaitingTicket: k.waitingTicket(r, e.Now(k)), CaseTitle: recognition.Title(r.Ticket), Similar: []Similar{}}
	at, err := locationOf(ctx, e.db, id)
	if err != nil {
		return v, err
	}
	v.Located = at != nil
	switch {
	case r.CaseID != "":
		v.StateLabel = "已在难事中"
		l, _, err := e.visible(ctx, actor, r.CaseID)
		if err != nil {
			return v, err
		}
		v.Case = &Named{l.Case.ID, l.Case.Number}
	case !r.Ticket.Open():
		v.StateLabel = "已答复"
	default:
		v.Open, v.StateLabel = true, "未列入难事"
		// The number is the ticket's own, which nobody has typed: no look by phone.
		s := similarity{e: e, k: k, actor: actor, asked: r.Ticket, place: recognition.Place(r.Ticket), requester: r.Requester, found: map[string]*Similar{}}
		v.Similar, err = s.look(ctx)
	}
	return v, err
}

// undecided loads a resident's ticket that somebody is about to decide on; of one that has been decided on it is said what became of it.
func (in *intake) undecided(ctx context.Context, id string) (store.TicketRow, error) {
	r, err := in.tx.Ticket(ctx, id)
	if err != nil {
		return r, err
	}
	switch {
	case r.Ticket.Source != ticket.Resident:
		return r, store.ErrNoTicket
	case r.CaseID != "":
		l, err := in.tx.Case(ctx, r.CaseID)
		if err != nil {
			return r, err
		}
		return r, apperr.New(apperr.FailedPrecondition, "ticket.in_case", "这件工单已在难事 %s 中，请刷新后在那里办理。", l.Case.Number)
	case !r.Ticket.Open():
		return r, apperr.New(apperr.FailedPrecondition, "ticket.answered", "这件工单已经答复，请刷新后查看。")
	}
	return r, nil
}

// RegisterTicket makes a case of a resident's ticket: it comes into the library with every ticket about the same matter. The same key again
// gives the case that was made.
func (e *Engine) RegisterTicket(ctx context.Context, actor casework.Actor, id string, n NewCaseOf, key string) (Outcome, error) {
	q, err := e.keyed(actor.PersonID, key, "register ticket\n"+id, n)
	if err != nil {
		return Outcome{}, err
	}
	return once(ctx, e, q, e.replayed(ctx), func() (Outcome, error) { return e.registerTicket(ctx, actor, id, n, q) })
}

func (e *Engine) registerTicket(ctx context.Context, actor casework.Actor, id string, n NewCaseOf, q keyed) (out Outcome, err error) {
	_, err = e.intake(ctx, func(ctx context.Context, in *intake) error {
		r, err := in.undecided(ctx, id)
		if err != nil {
			return err
		}
		same, err := in.know(ctx, []*store.TicketRow{&r})
		if err != nil {
			return err
		}
		l, found, err := in.caseNow(ctx, in.matters[r.Matter])
		if err != nil {
			return err
		}
		if found && !over(l.Case) { // a matter has one case
			what := "请并入那一件。"
			if l.Case.Status == casework.Reported {
				what = "请先把那一件纳入项目库，再并入。"
			}
			return apperr.New(apperr.FailedPrecondition, "ticket.matter_in_case", "同一件事已在难事 %s 中，%s", l.Case.Number, what)
		}
		f := finding{row: &r, same: same[r.Matter]}
		report := in.reportOf(f, l.Case.ID)
		report.Title = cmp.Or(strings.TrimSpace(n.Title), report.Title)
		if out.Case, err = in.begin(ctx, actor, in.k.complete(withoutNumbers(casework.Register{Report: report, Reason: strings.TrimSpace(n.Reason)})), f, report.Tickets); err != nil {
			return err
		}
		return q.done(ctx, in.tx, out.Case.ID, in.now)
	})
	return out, err
}

// AnswerTicket answers a resident's ticket that is no case: it waits no more, and who asked is told. Facts that they add afterwards bring it back.
func (e *Engine) AnswerTicket(ctx context.Context, actor casework.Actor, id string, n TicketAnswer, key string) (WaitingTicketView, error) {
	q, err := e.keyed(actor.PersonID, key, "answer ticket\n"+id, n)
	if err != nil {
		return WaitingTicketView{}, err
	}
	show := func(id string) (WaitingTicketView, error) { return e.WaitingTicket(ctx, actor, id) }
	return once(ctx, e, q, show, func() (WaitingTicketView, error) {
		if err := e.answerTicket(ctx, actor, id, n, q); err != nil {
			return WaitingTicketView{}, err
		}
		return show(id)
	})
}

func (e *Engine) answerTicket(ctx context.Context, actor casework.Actor, id string, n TicketAnswer, q keyed) error {
	if n.Words = strings.TrimSpace(ticket.MaskText(n.Words)); utf8.RuneCountInString(n.Words) < leastAnswer {
		return errAnswerShort
	}
	_, err := e.intake(ctx, func(ctx context.Context, in *intake) error {
		r, err := in.undecided(ctx, id)
		if err != nil {
			return err
		}
		r.Ticket.Reply, r.Ticket.ClosedAt = n.Words, &in.now
		if err := in.rewrite(ctx, r); err != nil {
			return err
		}
		if err := in.tellOf(ctx, r, casework.NoticeTicketAnswered, casework.ToRequester(id)); err != nil {
			return err
		}
		if err := q.done(ctx, in.tx, id, in.now); err != nil {
			return err
		}
		return e.RecordIn(ctx, in.tx, Audited{Actor: actor.PersonID, Action: "ticket.answer", Object: "ticket:" + id})
	})
	return err
}

// rewrite stores a ticket of which something other than what it says was changed. It wants the turn: readers of the index follow it.
func (w *writer) rewrite(ctx context.Context, r store.TicketRow) error {
	r.MatterSeq, r.UpdatedAt = w.seq, w.now
	return w.tx.UpdateTicket(ctx, r)
}

// factsWait brings a resident's ticket that is in no case before the centre again: its requester has something to add.
func (w *writer) factsWait(ctx context.Context, r store.TicketRow) error {
	if r.CaseID != "" || !ownReportOf(r.Ticket) {
		return nil
	}
	if !r.Ticket.Open() {
		r.Ticket.ClosedAt = nil
		if err := w.rewrite(ctx, r); err != nil {
			return err
		}
	}
	return w.tellOf(ctx, r, casework.NoticeFactsAdded, casework.ToPost(casework.Centre, ""))
}

// tellOf tells somebody of a ticket that is in no case.
func (w *writer) tellOf(ctx context.Context, r store.TicketRow, kind casework.NoticeKind, to casework.Addressee) error {
	return w.deliver(ctx, casework.Decision{
		Case:    casework.Case{Number: r.Ticket.OrderNo, Tickets: map[string]casework.TicketRef{r.Ticket.ID: ref(r)}},
		Notices: []casework.Notice{{Kind: kind, To: []casework.Addressee{to}, Args: map[string]string{"ticket": r.Ticket.ID}}},
	})
}

// holds reports whether somebody has a post of a role.
func holds(a casework.Actor, role casework.Role) bool {
	return slices.ContainsFunc(a.Posts, func(p casework.Post) bool { return p.Role == role })
}
