package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// Described is what somebody says about a matter.
type Described struct {
	Title     string   `json:"title,omitempty" maxLength:"200" doc:"标题；标题和内容至少有一项"`
	Content   string   `json:"content,omitempty" maxLength:"10000" doc:"内容描述"`
	Address   string   `json:"address,omitempty" maxLength:"500" doc:"地址"`
	Community string   `json:"community,omitempty" maxLength:"100" doc:"小区或村居名称"`
	Category  []string `json:"category,omitempty" maxItems:"5" doc:"一级至五级分类"`
}

// NewTicket is a ticket that somebody types in: a call taken, a visit, something found on the round.
type NewTicket struct {
	Described
	Source     ticket.Source          `json:"source" doc:"来源：城运中心可选任何一种；网格和村居为网格上报，部门为部门发现"`
	Channel    string                 `json:"channel,omitempty" maxLength:"100" doc:"怎样来的，如 电话、来访、巡查"`
	Requester  ticket.PushedRequester `json:"requester,omitzero" doc:"诉求人；匿名的不填"`
	AcceptedAt *time.Time             `json:"accepted_at,omitempty" doc:"受理时间；不填为现在"`
	CaseID     string                 `json:"case_id,omitempty" maxLength:"40" doc:"直接并入这件难事（id 或编号）"`
}

// TicketTaken is what came of a ticket taken in by hand.
type TicketTaken struct {
	Ticket TicketView `json:"ticket" doc:"登记的工单，已脱敏"`
	// Case is the hard case it is in, when the caller may see it.
	Case     *Named   `json:"case,omitempty" doc:"所在的难事（编号）"`
	Hints    []string `json:"hints,omitempty" doc:"需要留意之处"`
	Replayed bool     `json:"replayed" doc:"相同 Idempotency-Key 的请求先前已经登记，这次没有再登记"`
}

// bySource are the sources that posts take tickets in for; the centre takes in for all.
var bySource = map[casework.Role][]ticket.Source{
	casework.Centre: ticket.Sources, casework.Liaison: {ticket.Grid}, casework.Community: {ticket.Grid},
	casework.DepartmentHead: {ticket.Department}, casework.Handler: {ticket.Department},
}

// mayTakeIn refuses a source that is not the actor's, and a community outside their grid or their own.
func (k *Knowledge) mayTakeIn(actor casework.Actor, n NewTicket) error {
	errSource := apperr.New(apperr.PermissionDenied, "ticket.source", "您的岗位不能登记“%s”的工单：网格和村居登记网格上报，部门登记部门发现。", n.Source.Label())
	community, known := k.Organisation.CommunityByName(n.Community)
	err := error(errSource)
	for _, p := range actor.Posts {
		if !slices.Contains(bySource[p.Role], n.Source) {
			continue
		}
		if known && (p.Role == casework.Liaison && community.GridID != p.Unit || p.Role == casework.Community && community.ID != p.Unit) {
			err = apperr.New(apperr.PermissionDenied, "ticket.outside", "%s不在您的网格或村居内，请转告所在的网格，或由城运中心登记。", n.Community)
			continue
		}
		return nil
	}
	return err
}

// TakeByHand stores a ticket that somebody types in, under an order number of our own, and does what follows as for any
// other. With a case it is attached to it, by the caller's own right to do so; a refusal stores nothing.
func (e *Engine) TakeByHand(ctx context.Context, actor casework.Actor, n NewTicket, key string) (TicketTaken, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return TicketTaken{}, err
	}
	if err := k.mayTakeIn(actor, n); err != nil {
		return TicketTaken{}, err
	}
	if n.CaseID, err = e.caseID(ctx, n.CaseID); err != nil {
		return TicketTaken{}, err
	}
	q, err := e.keyed(actor.PersonID, key, "ticket", n)
	if err != nil {
		return TicketTaken{}, err
	}
	return once(ctx, e, q, func(id string) (TicketTaken, error) {
		out, err := e.takenByHand(ctx, actor, id)
		out.Replayed = true
		return out, err
	}, func() (TicketTaken, error) {
		var id string
		var hints []string
		_, err := e.intake(ctx, func(ctx context.Context, in *intake) (err error) {
			id, hints, err = in.byHand(ctx, actor, n)
			if err != nil {
				return err
			}
			if err := q.done(ctx, in.tx, id, in.now); err != nil {
				return err
			}
			return e.RecordIn(ctx, in.tx, Audited{Actor: actor.PersonID, Action: "ticket.create", Object: "ticket:" + id, Detail: map[string]string{"source": string(n.Source)}})
		})
		if err != nil {
			return TicketTaken{}, err
		}
		out, err := e.takenByHand(ctx, actor, id)
		out.Hints = hints
		return out, err
	})
}

// takenByHand shows who took a ticket in what they took in.
func (e *Engine) takenByHand(ctx context.Context, actor casework.Actor, id string) (TicketTaken, error) {
	r, err := e.db.Ticket(ctx, id)
	if err != nil {
		return TicketTaken{}, err
	}
	out := TicketTaken{Ticket: ticketView(r, casework.Full)}
	if r.CaseID == "" {
		return out, nil
	}
	l, sight, err := e.visible(ctx, actor, r.CaseID)
	switch {
	case err == nil && sight == casework.Full:
		out.Case = &Named{ID: l.Case.ID, Name: l.Case.Number}
	case err == nil || errors.Is(err, store.ErrNoCase):
		out.Ticket.CaseID = ""
	default:
		return out, err
	}
	return out, nil
}

// ownNumber is how the order numbers of tickets taken in by hand begin.
var ownNumber = regexp.MustCompile(`^GD\d{4}-`)

// OwnNumber tells whether an order number is one of our own. They are of one sequence, whatever the source of their tickets.
func OwnNumber(orderNo string) bool { return ownNumber.MatchString(orderNo) }

// nextOrder gives the next order number of our own.
func (w *writer) nextOrder(ctx context.Context) (string, error) {
	year := w.now.In(shanghai).Year()
	number, err := w.tx.NextNumber(ctx, fmt.Sprintf("ticket-%d", year))
	return fmt.Sprintf("GD%d-%06d", year, number), err
}

func (in *intake) byHand(ctx context.Context, actor casework.Actor, n NewTicket) (id string, hints []string, err error) {
	orderNo, err := in.nextOrder(ctx)
	if err != nil {
		return "", nil, err
	}
	return in.under(ctx, actor, n, orderNo)
}

// under takes a ticket in under an order number.
func (in *intake) under(ctx context.Context, actor casework.Actor, n NewTicket, orderNo string) (id string, hints []string, err error) {
	p := ticket.Pushed{
		OrderNo: orderNo, AcceptedAt: in.now, Channel: n.Channel, Title: n.Title, Content: n.Content,
		Address: n.Address, Community: n.Community, Category: n.Category, Requester: n.Requester,
	}
	if n.AcceptedAt != nil {
		p.AcceptedAt = *n.AcceptedAt
	}
	t, problems := p.Parse(n.Source, in.now, "重新登记")
	for _, problem := range problems {
		if problem.Fatal {
			return "", nil, apperr.New(apperr.InvalidArgument, "ticket.invalid", "%s。", strings.TrimSuffix(problem.Message, "。"))
		}
		hints = append(hints, problem.Message)
	}
	rows, err := in.keep(ctx, []ticket.Ticket{t})
	if err != nil {
		return "", nil, err
	}
	r := in.tickets[keyOf(t)]
	if n.CaseID != "" {
		if err := in.putInto(ctx, actor, n.CaseID, r); err != nil {
			return "", nil, err
		}
	}
	return r.Ticket.ID, hints, in.evaluate(ctx, rows)
}

// putInto attaches a kept ticket to a case, as the actor and by their right.
func (in *intake) putInto(ctx context.Context, actor casework.Actor, caseID string, r *store.TicketRow) error {
	cmd := casework.Attach{Ticket: ref(*r)}
	l, err := in.load(ctx, caseID, actor, cmd)
	if err != nil {
		return err
	}
	next, err := in.decide(ctx, l, actor, cmd)
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.cause
	}
	if err != nil {
		return err
	}
	in.cases[next.Case.ID] = next
	if err := in.placed(ctx, next.Case.ID, cmd.Ticket); err != nil {
		return err
	}
	return in.keepIn(ctx, r, next.Case.ID, actor, "登记时并入难事 "+next.Case.Number)
}

// SimilarQuery is what is known of a matter before it is taken in.
type SimilarQuery struct {
	Described
	Phone string `json:"phone,omitempty" maxLength:"50" doc:"联系电话"`
}

// Similar is an open case or a recent ticket that may be about the same.
type Similar struct {
	CaseID      string    `json:"case_id,omitempty" doc:"难事；新登记的工单可以直接并入"`
	CaseNumber  string    `json:"case_number,omitempty" doc:"难事的编号"`
	CaseVersion int64     `json:"case_version,omitempty" doc:"难事的版本：并入时给出"`
	Attachable  bool      `json:"attachable,omitempty" doc:"这件难事现在可以并入工单"`
	TicketID    string    `json:"ticket_id,omitempty" doc:"还不在难事中的工单"`
	OrderNo     string    `json:"order_no,omitempty"`
	Title       string    `json:"title"`
	Place       string    `json:"place,omitempty" doc:"地点"`
	StatusLabel string    `json:"status_label" doc:"状态"`
	Since       time.Time `json:"since" doc:"工单受理或难事最近更新的时间"`
	Reasons     []string  `json:"reasons" doc:"为什么相似"`

	score float64
}

// How much is looked at and shown; each is one range of one index.
const (
	similarShown   = 20
	similarTickets = 30  // of the phone
	similarCases   = 500 // open ones in scope, what falls due first
	// alikeEnough is how much of what is said must be the same by itself; alikeThere where the place is.
	alikeEnough = 0.5
	alikeThere  = 0.2
)

// Similar looks for open matters like the one described, in the caller's scope, the likest first, each with why. A look by
// phone stands in the audit log.
func (e *Engine) Similar(ctx context.Context, actor casework.Actor, q SimilarQuery) ([]Similar, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	now := e.Now(k)
	asked, _ := ticket.Pushed{
		OrderNo: "NEW", AcceptedAt: now, Title: q.Title, Content: q.Content, Address: q.Address, Community: q.Community, Category: q.Category,
		Requester: ticket.PushedRequester{Phone: q.Phone},
	}.Parse(ticket.Hotline, now, "")
	s := similarity{e: e, k: k, actor: actor, asked: asked, place: recognition.Place(asked), requester: e.requesterOf(asked.Requester.Phone), found: map[string]*Similar{}}
	if s.requester != "" {
		if err := e.Record(ctx, Audited{Actor: actor.PersonID, Action: "ticket.search", Object: "phone:" + s.requester}); err != nil {
			return nil, err
		}
	}
	return s.look(ctx)
}

// look gives what looks like the same, the likest first.
func (s *similarity) look(ctx context.Context) ([]Similar, error) {
	if err := s.cases(ctx); err != nil {
		return nil, err
	}
	if err := s.matters(ctx); err != nil {
		return nil, err
	}
	if s.requester != "" {
		rows, err := s.e.db.Tickets(ctx, store.TicketFilter{Requester: s.requester, Limit: similarTickets})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if err := s.ticket(ctx, r, 3, "同一联系电话"); err != nil {
				return nil, err
			}
		}
	}
	list := make([]Similar, 0, len(s.found))
	for _, id := range sorted(s.found) {
		list = append(list, *s.found[id])
	}
	slices.SortStableFunc(list, func(a, b Similar) int { return cmp.Or(cmp.Compare(b.score, a.score), b.Since.Compare(a.Since)) })
	return list[:min(len(list), similarShown)], nil
}

// similarity is one look for similar matters.
type similarity struct {
	e                *Engine
	k                *Knowledge
	actor            casework.Actor
	asked            ticket.Ticket
	place, requester string
	found            map[string]*Similar // by case or ticket
}

// cases compares the open cases in the caller's scope: also those that were reported without a ticket.
func (s *similarity) cases(ctx context.Context) error {
	f := store.CaseFilter{Limit: similarCases}
	if !s.actor.SeesAll() {
		if f.Viewers = casework.Scopes(s.actor); f.Viewers == nil {
			f.Viewers = []casework.Addressee{}
		}
	}
	rows, err := s.e.db.Cases(ctx, f)
	if err != nil {
		return err
	}
	for _, r := range rows {
		place := recognition.Place(ticket.Ticket{Address: r.Place, Title: r.Title})
		score, reasons := s.compare(place, ticket.MaskText(r.Title))
		if score > 0 {
			it := s.k.item(r, s.e.Now(s.k), casework.Full)
			s.add(r.ID, Similar{CaseID: r.ID, CaseNumber: r.Number, CaseVersion: r.Version, Attachable: true, Title: it.Title, Place: it.Place, StatusLabel: r.Status.Label(), Since: r.UpdatedAt}, score, reasons)
		}
	}
	return nil
}

// compare gives how like a place and words are, and why; 0 for not enough. The words are as the caller may read them: what
// the answer names, and whether there is one, tells no more than a view of them does.
func (s *similarity) compare(place, words string) (score float64, reasons []string) {
	there := place != "" && place == s.place
	share, shared := recognition.Alike(s.asked.Title+"\n"+s.asked.Content, words)
	if share < alikeEnough && (!there || share < alikeThere) {
		return 0, nil
	}
	if there {
		score++
		reasons = append(reasons, "地点相同")
	}
	score += 2 * share
	shared = slices.DeleteFunc(shared, func(s string) bool { return strings.ContainsAny(s, "0123456789") }) // what masking left of a number
	if len(shared) > 0 {
		reasons = append(reasons, "说法相近：“"+strings.Join(shared, "”“")+"”")
	} else {
		reasons = append(reasons, "说法相近")
	}
	return score, reasons
}

// matters asks the index which matters the one described could be. What the index has read is masked as a view of it is.
func (s *similarity) matters(ctx context.Context) error {
	near, err := s.e.near(ctx, s.k, s.asked)
	if err != nil {
		return err
	}
	for _, n := range near {
		reasons := make([]string, 0, len(n.Reasons))
		for _, reason := range n.Reasons {
			reasons = append(reasons, reason.Text)
		}
		if len(reasons) == 0 {
			reasons = append(reasons, "说法相近")
		}
		if err := s.ticket(ctx, n.row, 5*n.Probability, reasons...); err != nil {
			return err
		}
	}
	return nil
}

// ticket shows one ticket; one in a case stands for the case.
func (s *similarity) ticket(ctx context.Context, r store.TicketRow, score float64, reasons ...string) error {
	if r.CaseID == "" && r.Ticket.ID == s.asked.ID {
		return nil
	}
	if r.CaseID == "" {
		if s.actor.SeesAll() && r.Ticket.Open() {
			v := ticketView(r, casework.Full)
			s.add(v.ID, Similar{TicketID: v.ID, OrderNo: v.OrderNo, Title: cmp.Or(v.Title, v.Content), Place: cmp.Or(v.Address, v.Community), StatusLabel: "未纳入难事", Since: v.AcceptedAt}, score, reasons)
		}
		return nil
	}
	l, sight, err := s.e.visible(ctx, s.actor, r.CaseID)
	if errors.Is(err, store.ErrNoCase) || err == nil && sight != casework.Full {
		return nil
	}
	if err != nil {
		return err
	}
	if c := l.Case; c.Status == casework.Reported || c.Status == casework.Resolved || c.Status.Open() {
		s.add(c.ID, Similar{CaseID: c.ID, CaseNumber: c.Number, CaseVersion: c.Version, Attachable: c.Status != casework.Reported, Title: ticket.MaskText(c.Title), Place: c.Place, StatusLabel: c.Status.Label(), Since: r.Ticket.AcceptedAt}, score, reasons)
	}
	return nil
}

// add keeps the best score of a matter and every reason once.
func (s *similarity) add(id string, it Similar, score float64, reasons []string) {
	have := s.found[id]
	if have == nil {
		have = &it
		s.found[id] = have
	}
	have.score = max(have.score, score)
	for _, r := range reasons {
		if !slices.Contains(have.Reasons, r) {
			have.Reasons = append(have.Reasons, r)
		}
	}
}
