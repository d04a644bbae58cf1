package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/matter"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// ErrNoMatter says that there is no such matter.
var ErrNoMatter = apperr.New(apperr.NotFound, "matter.not_found", "没有找到这一事项，可能已与其他事项合并，请从工单重新打开。")

// MatterView is one matter: its tickets, each with why it is about it.
type MatterView struct {
	ID      string         `json:"id"`
	Case    *Named         `json:"case,omitempty" doc:"所在的难事（编号）"`
	Count   int            `json:"count" doc:"工单数，最多计到 1000"`
	People  int            `json:"people" doc:"涉及的人数：同一人重复来电只计一人"`
	Unknown int            `json:"unknown" doc:"其中没有留下诉求人的工单数"`
	Joins   []MatterJoin   `json:"joins" doc:"可能是同一件事的其他事项，最可能的在前；由人决定是否合并"`
	Tickets []MatterTicket `json:"tickets" doc:"工单，新的在前"`
	Next    string         `json:"next,omitempty" doc:"下一页的 cursor"`
}

// MatterTicket is a ticket about a matter.
type MatterTicket struct {
	Ticket  TicketView      `json:"ticket" doc:"工单（已脱敏）"`
	Reasons []matter.Reason `json:"reasons" doc:"为什么归入：地点、用词、引用的工单；与同一事项中最相近的一件比较"`
	Nearest string          `json:"nearest,omitempty" doc:"最相近的一件工单的工单号"`
	// Decision is what a person decided last.
	Decision *MatterDecision `json:"decision,omitempty" doc:"人工决定：归入或移出，系统不再改动"`
}

// MatterDecision is what a person decided about a ticket.
type MatterDecision struct {
	Kind   store.MatterBy `json:"kind" enum:"keep,apart" doc:"keep 人工归入，apart 人工移出"`
	Matter string         `json:"matter" doc:"归入或移出的事项"`
	At     time.Time      `json:"at"`
	By     Named          `json:"by" doc:"由谁"`
	Reason string         `json:"reason" doc:"理由"`
}

// MatterJoin is another matter that looks like the same.
type MatterJoin struct {
	Matter      string          `json:"matter" doc:"那一事项"`
	Probability float64         `json:"probability" doc:"是同一件事的可能性，0 至 1"`
	Title       string          `json:"title" doc:"其中最相近的工单的标题（已脱敏）"`
	OrderNo     string          `json:"order_no" doc:"其中最相近的工单"`
	Reasons     []matter.Reason `json:"reasons" doc:"为什么像同一件事"`
}

// Matter shows a matter, a page of its tickets at a time. It is for those who see all cases.
func (e *Engine) Matter(ctx context.Context, actor casework.Actor, id, cursorText string, limit int) (MatterView, error) {
	v := MatterView{ID: id, Joins: []MatterJoin{}, Tickets: []MatterTicket{}}
	if !actor.SeesAll() {
		return v, ErrNoMatter
	}
	f := store.TicketFilter{Matter: id, Limit: limit + 1}
	if cursorText != "" {
		var err error
		if f.AfterAt, f.AfterID, err = parseCursor(cursorText); err != nil {
			return v, err
		}
	}
	rows, err := e.db.Tickets(ctx, f)
	if err != nil {
		return v, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		v.Next = cursor(rows[limit-1].Ticket.AcceptedAt, rows[limit-1].Ticket.ID)
	}
	sizes, err := e.db.MatterSizes(ctx, []string{id})
	if err != nil {
		return v, err
	}
	v.Count, v.People, v.Unknown = sizes[id].Tickets, sizes[id].People, sizes[id].Unknown
	if v.Count == 0 {
		return v, ErrNoMatter
	}
	if v.Case, err = e.caseOfMatter(ctx, id); err != nil {
		return v, err
	}
	return v, e.tellReasons(ctx, &v, rows)
}

// caseOfMatter names the case a matter is in; a merged one's target.
func (e *Engine) caseOfMatter(ctx context.Context, id string) (*Named, error) {
	caseID, err := e.db.MatterCase(ctx, id)
	for range 10 {
		if err != nil || caseID == "" {
			return nil, err
		}
		var l store.LoadedCase
		if l, err = e.db.Case(ctx, caseID); err != nil {
			return nil, err
		}
		if l.Case.Status != casework.Merged {
			return &Named{ID: l.Case.ID, Name: l.Case.Number}, nil
		}
		caseID = l.Case.MergedInto
	}
	return nil, err
}

// nearMatter is a matter that a ticket could be about, with its ticket that is most alike; that one's case is the matter's.
type nearMatter struct {
	matter.Candidate
	row store.TicketRow
}

// near asks the index which matters a ticket could be about.
func (e *Engine) near(ctx context.Context, k *Knowledge, t ticket.Ticket) (out []nearMatter, _ error) {
	if err := e.matters.follow(ctx, k.Gazetteer); err != nil {
		return nil, err
	}
	doc := recognition.Describe(t, "")
	var near []matter.Candidate
	if err := e.matters.look(ctx, func(x *recognition.Matters) { near = x.Place(doc).Near }); err != nil {
		return nil, err
	}
	ids := make([]string, len(near))
	for i, c := range near {
		ids[i] = c.Nearest
	}
	rows, err := e.db.TicketsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		n := nearMatter{near[slices.Index(ids, r.Ticket.ID)], r}
		if r.CaseID == "" { // others about the matter may be in one
			in, err := e.caseOfMatter(ctx, n.Matter)
			if err != nil {
				return nil, err
			}
			if in != nil {
				n.row.CaseID = in.ID
			}
		}
		out = append(out, n)
	}
	return out, nil
}

// tellReasons fills in why each ticket is about the matter, and which others look like it.
func (e *Engine) tellReasons(ctx context.Context, v *MatterView, rows []store.TicketRow) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	if err := e.matters.follow(ctx, k.Gazetteer); err != nil {
		return err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.Ticket.ID
	}
	decisions, err := e.db.TicketDecisions(ctx, ids)
	if err != nil {
		return err
	}
	last := map[string]store.MatterDecision{}
	for _, d := range decisions {
		last[d.TicketID] = d
	}
	joins := map[string]matter.Candidate{}
	nearest := make([]string, len(rows))
	reasons := make([][]matter.Reason, len(rows))
	docs := make([]recognition.Description, len(rows))
	for i, r := range rows {
		docs[i] = recognition.Describe(r.Ticket, r.Requester)
	}
	if err := e.matters.look(ctx, func(x *recognition.Matters) {
		for i, r := range rows {
			if r.Erased {
				continue
			}
			for _, c := range x.Place(docs[i]).Near {
				switch best, met := joins[c.Matter]; {
				case c.Matter == v.ID:
					nearest[i], reasons[i] = c.Nearest, c.Reasons
				case !met || c.Probability > best.Probability:
					joins[c.Matter] = c
				}
			}
		}
	}); err != nil {
		return err
	}
	named := slices.Clone(nearest)
	for _, c := range joins {
		named = append(named, c.Nearest)
	}
	slices.Sort(named)
	others, err := e.db.TicketsByID(ctx, slices.Compact(named))
	if err != nil {
		return err
	}
	byID := map[string]*store.TicketRow{}
	for i := range others {
		byID[others[i].Ticket.ID] = &others[i]
	}
	about, err := e.ordersAbout(ctx, v.ID, rows)
	if err != nil {
		return err
	}
	for i, r := range rows {
		t := MatterTicket{Ticket: ticketView(r, casework.Full), Reasons: reasons[i]}
		if t.Reasons == nil {
			t.Reasons = []matter.Reason{}
		}
		for _, l := range linkedOrders(r.Ticket) {
			if about[orderKey{r.Ticket.Source, l}] {
				t.Reasons = append(t.Reasons, matter.Reason{Kind: matter.ByLink, Text: "引用了工单 " + l})
			}
		}
		if o := byID[nearest[i]]; o != nil && o.Ticket.ID != r.Ticket.ID {
			t.Nearest = o.Ticket.OrderNo
		}
		if d, decided := last[r.Ticket.ID]; decided && r.MatterBy != store.ByProgram {
			t.Decision = &MatterDecision{Kind: d.Kind, Matter: d.Matter, At: d.At, By: Named{ID: d.By, Name: k.Organisation.PersonName(d.By)}, Reason: d.Reason}
		}
		v.Tickets = append(v.Tickets, t)
	}
	decided, err := e.apartFrom(ctx, v.ID)
	if err != nil {
		return err
	}
	for _, id := range sorted(joins) {
		c := joins[id]
		if decided[id] {
			continue
		}
		o := byID[c.Nearest]
		if o == nil || o.Matter != id {
			continue // the index is a moment behind
		}
		v.Joins = append(v.Joins, MatterJoin{Matter: id, Probability: c.Probability, Title: recognition.Title(o.Ticket), OrderNo: o.Ticket.OrderNo, Reasons: c.Reasons})
	}
	slices.SortStableFunc(v.Joins, func(a, b MatterJoin) int { return cmp.Compare(b.Probability, a.Probability) })
	v.Joins = v.Joins[:min(len(v.Joins), 10)]
	return nil
}

// ordersAbout are those of the orders that tickets name which are about a matter.
func (e *Engine) ordersAbout(ctx context.Context, id string, rows []store.TicketRow) (map[orderKey]bool, error) {
	bySource := map[ticket.Source][]string{}
	for _, r := range rows {
		bySource[r.Ticket.Source] = append(bySource[r.Ticket.Source], linkedOrders(r.Ticket)...)
	}
	about := map[orderKey]bool{}
	for source, orders := range bySource {
		stored, err := e.db.TicketsByOrder(ctx, source, orders)
		if err != nil {
			return nil, err
		}
		for _, r := range stored {
			about[keyOf(r.Ticket)] = r.Matter == id
		}
	}
	return about, nil
}

// SplitMatter says which tickets are not about a matter.
type SplitMatter struct {
	TicketIDs []string `json:"ticket_ids" minItems:"1" maxItems:"100" doc:"要移出的工单；它们一起成为新的事项"`
	Reason    string   `json:"reason" minLength:"2" maxLength:"500" doc:"理由"`
}

// MergeMatter says which matter is the same.
type MergeMatter struct {
	Matter string `json:"matter" minLength:"1" maxLength:"64" doc:"并入过来的事项：它的工单全部归入这一事项"`
	Reason string `json:"reason" minLength:"2" maxLength:"500" doc:"理由"`
}

// MatterChanged is what came of a split or a merge.
type MatterChanged struct {
	Matter   string `json:"matter" doc:"事项"`
	Moved    int    `json:"moved" doc:"移动的工单数"`
	To       string `json:"to" doc:"移动到的事项"`
	Cases    int    `json:"cases" doc:"随之新入库或提请入库的难事数"`
	Replayed bool   `json:"replayed" doc:"相同 Idempotency-Key 的请求先前已经办成，这次没有再办"`
}

// mostMerged is how many tickets one merge moves.
const mostMerged = 1000

var (
	errWholeMatter = apperr.New(apperr.FailedPrecondition, "matter.whole", "至少留下一件工单：全部移出与原来没有区别。")
	errNotItsOwn   = apperr.New(apperr.FailedPrecondition, "matter.ticket_elsewhere", "所选的工单中有的已不在这一事项，请刷新后重新选择。")
	errSameMatter  = apperr.New(apperr.InvalidArgument, "matter.same", "请选择另一个事项。")
	errManyMerged  = apperr.New(apperr.FailedPrecondition, "matter.too_many", "这一事项的工单超过 %d 件，请反过来把另一事项并入它。", mostMerged)
)

// SplitMatter takes tickets out of a matter. They become a matter of their own, leave the case that they are in with it as
// long as that one is not over, and never come back by themselves. What has counted stays counted.
func (e *Engine) SplitMatter(ctx context.Context, actor casework.Actor, id string, ask SplitMatter, key string) (MatterChanged, error) {
	reason, err := statedReason(ask.Reason)
	if err != nil {
		return MatterChanged{}, err
	}
	slices.Sort(ask.TicketIDs)
	ids := slices.Compact(ask.TicketIDs)
	return e.decideMatter(ctx, actor, id, "matter.split", key, ask, func(ctx context.Context, in *intake, out *MatterChanged) error {
		rows, err := in.tx.TicketsByID(ctx, ids)
		if err != nil {
			return err
		}
		if len(rows) < len(ids) || slices.ContainsFunc(rows, func(r store.TicketRow) bool { return r.Matter != id }) {
			return errNotItsOwn
		}
		all, err := in.tx.Tickets(ctx, store.TicketFilter{Matter: id, Limit: len(ids) + 1})
		if err != nil {
			return err
		}
		if len(all) <= len(ids) {
			return errWholeMatter
		}
		var moving []*store.TicketRow
		for i := range rows {
			if err := in.leaveCase(ctx, actor, &rows[i], reason); err != nil {
				return err
			}
			moving = append(moving, &rows[i])
		}
		out.Moved = len(rows)
		out.To, err = in.takeOut(ctx, moving, actor, reason)
		return err
	})
}

// MergeMatters brings all tickets of another matter into one; there they stay. Where only one of both is in a case, all come
// into it. failed_precondition when both are in cases that are not over: these are merged first.
func (e *Engine) MergeMatters(ctx context.Context, actor casework.Actor, id string, ask MergeMatter, key string) (MatterChanged, error) {
	reason, err := statedReason(ask.Reason)
	if err != nil {
		return MatterChanged{}, err
	}
	if ask.Matter == id {
		return MatterChanged{}, errSameMatter
	}
	return e.decideMatter(ctx, actor, id, "matter.merge", key, ask, func(ctx context.Context, in *intake, out *MatterChanged) error {
		for _, m := range []string{id, ask.Matter} {
			if some, err := in.tx.Tickets(ctx, store.TicketFilter{Matter: m, Limit: 1}); err != nil || len(some) == 0 {
				return errors.Join(err, ErrNoMatter)
			}
		}
		rows, err := in.about(ctx, ask.Matter)
		if err != nil {
			return err
		}
		came, err := in.oneCase(ctx, id, ask.Matter)
		if err != nil {
			return err
		}
		out.Moved, out.To = len(rows), id
		again := rows
		if came { // those that were there come into the case, too
			own, err := in.about(ctx, id)
			if err != nil {
				return err
			}
			again = slices.Concat(own, rows)
		}
		if err := in.bring(ctx, rows, id, actor, reason); err != nil {
			return err
		}
		if err := in.stayOut(ctx, ask.Matter, id); err != nil {
			return err
		}
		if err := in.mergePairs(ctx, ask.Matter, id); err != nil {
			return err
		}
		slices.SortStableFunc(again, func(a, b *store.TicketRow) int { return a.Ticket.AcceptedAt.Compare(b.Ticket.AcceptedAt) })
		return in.evaluate(ctx, again)
	})
}

// about loads all tickets about a matter that takes part in a merge.
func (in *intake) about(ctx context.Context, matter string) ([]*store.TicketRow, error) {
	stored, err := in.tx.Tickets(ctx, store.TicketFilter{Matter: matter, Limit: mostMerged + 1})
	if err != nil {
		return nil, err
	}
	if len(stored) > mostMerged {
		return nil, errManyMerged
	}
	rows := make([]*store.TicketRow, len(stored))
	for i := range stored {
		rows[i] = &stored[i]
		in.was[rows[i]] = matter
	}
	return rows, nil
}

// stayOut carries over what persons took out of a matter to the one that it was merged into.
func (w *writer) stayOut(ctx context.Context, from, to string) error {
	decisions, err := w.tx.MatterDecisionsAbout(ctx, from)
	if err != nil {
		return err
	}
	last := map[string]store.MatterDecision{}
	for _, d := range decisions {
		last[d.TicketID] = d
	}
	rows, err := w.tx.MatterRowsOf(ctx, sorted(last))
	if err != nil {
		return err
	}
	var list []store.MatterDecision
	for _, r := range rows {
		if d := last[r.ID]; d.Kind == store.ByApart && r.Matter != to {
			d.ID, d.Seq, d.Matter = newID(), w.seq, to
			list = append(list, d)
		}
	}
	return w.tx.AddMatterDecisions(ctx, list...)
}

// decideMatter does what a person decided, in its turn, once.
func (e *Engine) decideMatter(ctx context.Context, actor casework.Actor, id, action, key string, ask any, do func(context.Context, *intake, *MatterChanged) error) (MatterChanged, error) {
	q, err := e.keyed(actor.PersonID, key, action+"\n"+id, ask)
	if err != nil {
		return MatterChanged{}, err
	}
	return once(ctx, e, q, func(to string) (MatterChanged, error) {
		return MatterChanged{Matter: id, To: to, Replayed: true}, nil
	}, func() (MatterChanged, error) {
		var out MatterChanged
		taken, err := e.intake(ctx, func(ctx context.Context, in *intake) error {
			out = MatterChanged{Matter: id}
			if err := in.openIndex(ctx, nil, nil, nil); err != nil {
				return err
			}
			if err := do(ctx, in, &out); err != nil {
				return err
			}
			if err := q.done(ctx, in.tx, out.To, in.now); err != nil {
				return err
			}
			return e.RecordIn(ctx, in.tx, Audited{Actor: actor.PersonID, Action: action, Object: "matter:" + id, Detail: map[string]string{"to": out.To, "tickets": fmt.Sprint(out.Moved)}})
		})
		out.Cases = taken.Cases
		return out, err
	})
}

// leaveCase takes a ticket out of its case, by the actor's right to do so; a case that is over keeps it.
func (in *intake) leaveCase(ctx context.Context, actor casework.Actor, r *store.TicketRow, reason string) error {
	l, found, err := in.caseNow(ctx, r.CaseID)
	if err != nil || !found || over(l.Case) {
		return err
	}
	next, err := in.decide(ctx, l, actor, casework.Detach{TicketID: r.Ticket.ID, Reason: reason})
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.cause
	}
	if err != nil {
		return err
	}
	in.cases[l.Case.ID] = next
	return in.tx.LeaveCase(ctx, *r)
}

// oneCase sees to it that a matter which takes in another is in the case that either is in, and says whether it was not before.
func (in *intake) oneCase(ctx context.Context, id, other string) (came bool, err error) {
	cases, err := in.tx.MatterCases(ctx, []string{id, other})
	if err != nil {
		return false, err
	}
	a, hasA, err := in.caseNow(ctx, cases[id])
	if err != nil {
		return false, err
	}
	b, hasB, err := in.caseNow(ctx, cases[other])
	switch {
	case err != nil || !hasB || hasA && a.Case.ID == b.Case.ID:
		return false, err
	case hasA && !over(a.Case) && !over(b.Case):
		return false, apperr.New(apperr.FailedPrecondition, "matter.two_cases", "这两件事项各有一件难事（%s、%s），请先并案，再合并事项。", a.Case.Number, b.Case.Number)
	case hasA && !over(a.Case):
		return false, nil
	}
	return true, in.tx.SetMatterCase(ctx, id, b.Case.ID)
}

// detach makes a ticket that was taken out of its case a matter of its own, so that its next row does not bring it back.
func (w *writer) detach(ctx context.Context, ticketID string, actor casework.Actor, reason string) error {
	row, err := w.tx.Ticket(ctx, ticketID)
	if err != nil {
		return err
	}
	if err := w.tx.LeaveCase(ctx, row); err != nil {
		return err
	}
	_, err = w.takeOut(ctx, []*store.TicketRow{&row}, actor, reason)
	return err
}

// takeOut makes tickets of one matter a new one. What has counted for the old one has for the new one.
func (w *writer) takeOut(ctx context.Context, rows []*store.TicketRow, actor casework.Actor, reason string) (string, error) {
	from, to := rows[0].Matter, newID()
	if err := w.spendAgain(ctx, from, to, rows[0].CaseID); err != nil {
		return to, err
	}
	if err := w.moveMatter(ctx, to, store.ByApart, from, actor, reason, rows...); err != nil {
		return to, err
	}
	return to, w.setApart(ctx, store.PairSide{Matter: from}, store.PairSide{Matter: to, Ticket: rows[0].Ticket.ID}, actor, reason)
}

// keepIn brings a ticket that a person put into a case into the case's matter; the matter of the first ticket of a case that
// had none is the case's from then on.
func (w *writer) keepIn(ctx context.Context, r *store.TicketRow, caseID string, actor casework.Actor, reason string) error {
	matters, err := w.tx.CaseMatters(ctx, caseID)
	if err != nil {
		return err
	}
	switch {
	case len(matters) == 0:
		cases, err := w.tx.MatterCases(ctx, []string{r.Matter})
		if err != nil {
			return err
		}
		if cases[r.Matter] == "" {
			if err := w.tx.SetMatterCase(ctx, r.Matter, caseID); err != nil {
				return err
			}
		}
	case !slices.Contains(matters, r.Matter):
		return w.bringOne(ctx, r, matters[0], caseID, actor, reason)
	}
	return w.bringOne(ctx, r, r.Matter, caseID, actor, reason)
}

// bringOne brings a ticket into a matter by a person's decision.
func (w *writer) bringOne(ctx context.Context, r *store.TicketRow, to, caseID string, actor casework.Actor, reason string) error {
	if r.Matter != to {
		if err := w.spendAgain(ctx, r.Matter, to, caseID); err != nil {
			return err
		}
	}
	return w.moveMatter(ctx, to, store.ByKeep, to, actor, reason, r)
}

// bring brings all tickets of a matter into another by a person's decision.
func (w *writer) bring(ctx context.Context, rows []*store.TicketRow, to string, actor casework.Actor, reason string) error {
	if err := w.spendAgain(ctx, rows[0].Matter, to, ""); err != nil {
		return err
	}
	return w.moveMatter(ctx, to, store.ByKeep, to, actor, reason, rows...)
}

// spendAgain notes that what has counted for one matter has for another.
func (w *writer) spendAgain(ctx context.Context, from, to, caseID string) error {
	spent, err := w.tx.SpentEvidence(ctx, from)
	if err != nil {
		return err
	}
	return w.tx.SpendEvidence(ctx, to, caseID, sorted(spent))
}

// moveMatter puts tickets into a matter and records the decision: about the matter that they were taken out of, or put into.
func (w *writer) moveMatter(ctx context.Context, to string, by store.MatterBy, about string, actor casework.Actor, reason string, rows ...*store.TicketRow) error {
	reason = ticket.MaskText(reason)
	var decisions []store.MatterDecision
	var ids []string
	for _, r := range rows {
		id := r.Ticket.ID
		ids = append(ids, id)
		decisions = append(decisions, store.MatterDecision{ID: newID(), Seq: w.seq, TicketID: id, Matter: about, Kind: by, At: w.now, By: actor.PersonID, Reason: reason})
		r.Matter, r.MatterBy = to, by
		if w.index != nil && !r.Erased {
			w.index.put(recognition.Describe(r.Ticket, r.Requester), to, by)
		}
	}
	if err := w.tx.SetTicketMatter(ctx, w.seq, to, by, ids...); err != nil {
		return err
	}
	if err := w.movePairs(ctx, ids, to); err != nil {
		return err
	}
	return w.tx.AddMatterDecisions(ctx, decisions...)
}
