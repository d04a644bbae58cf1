package workflow

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/matter"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// What is proposed to a person as perhaps the same matter (decisions): of the pairs from this likeness on about half were the same, or
// such that people too could not tell, when it was measured (docs/recognition.md); below, one in four.
const (
	proposeFrom  = 0.3
	proposeKinds = 0.5                 // where the source calls them two kinds: nearly all below were two troubles of one place
	mostProposed = 2                   // by one ticket
	proposeDays  = 30 * 24 * time.Hour // of tickets accepted since: nobody wants to look through a history that is imported
)

// propose notes the matters that a ticket may be about beside its own.
func (in *intake) propose(r *store.TicketRow, doc recognition.Description, near []matter.Candidate) {
	if in.earlier != nil || r.Ticket.AcceptedAt.Before(in.now.Add(-proposeDays)) {
		return
	}
	n := 0
	for _, c := range near {
		if c.Matter == r.Matter || c.Probability < proposeFrom || in.apart[r.Ticket.ID][c.Matter] {
			continue
		}
		if c.Probability < proposeKinds && in.index.index.OtherKind(doc, c.Nearest) {
			continue
		}
		in.pairs = append(in.pairs, store.NewMatterPair(store.PairSide{Matter: r.Matter, Ticket: r.Ticket.ID}, store.PairSide{Matter: c.Matter, Ticket: c.Nearest}, c.Probability, in.now))
		if n++; n == mostProposed {
			return
		}
	}
}

// notePairs brings the stored pairs in line with where a batch's tickets are now, and adds what was proposed.
func (in *intake) notePairs(ctx context.Context, rows []*store.TicketRow) error {
	if in.earlier != nil {
		return nil
	}
	stale, err := in.tx.TicketPairs(ctx, sorted(in.asked))
	if err != nil {
		return err
	}
	if err := in.tx.DropMatterPairs(ctx, slices.DeleteFunc(stale, decidedPair)); err != nil {
		return err
	}
	now := map[string]string{}
	for _, r := range rows {
		now[r.Ticket.ID] = r.Matter
		if was := in.was[r]; was != "" && was != r.Matter && !in.asked[r.Ticket.ID] {
			if err := in.movePairs(ctx, []string{r.Ticket.ID}, r.Matter); err != nil {
				return err
			}
		}
	}
	for i, p := range in.pairs { // a later row of the batch may have moved
		in.pairs[i] = movedPair(p, func(s store.PairSide) string { return cmp.Or(now[s.Ticket], s.Matter) })
	}
	return in.addPairs(ctx, in.pairs)
}

// knowApart reads what persons have said about the matters of stored tickets: that they are not the same as others.
func (in *intake) knowApart(ctx context.Context, rows []*store.TicketRow) error {
	of := map[string][]string{} // matter → tickets
	for _, r := range rows {
		if r.Matter != "" {
			of[r.Matter] = append(of[r.Matter], r.Ticket.ID)
		}
	}
	list, err := in.tx.MatterPairs(ctx, sorted(of))
	for _, p := range list {
		for side, other := range []int{1, 0} {
			for _, id := range of[p.Sides[side].Matter] {
				if in.apart[id] == nil {
					in.apart[id] = map[string]bool{}
				}
				if p.State == store.PairApart {
					in.apart[id][p.Sides[other].Matter] = true
				}
			}
		}
	}
	return err
}

func decidedPair(p store.MatterPair) bool { return p.State != store.PairOpen }

// movedPair is p with its sides in the matters that to says.
func movedPair(p store.MatterPair, to func(store.PairSide) string) store.MatterPair {
	a, b := p.Sides[0], p.Sides[1]
	a.Matter, b.Matter = to(a), to(b)
	q := store.NewMatterPair(a, b, p.Likeness, p.FoundAt)
	q.State, q.DecidedAt, q.DecidedBy, q.Reason = p.State, p.DecidedAt, p.DecidedBy, p.Reason
	return q
}

// addPairs stores pairs; of two of the same matters the one that a person decided stays, else the more likely one. What has become
// one matter is no pair.
func (w *writer) addPairs(ctx context.Context, list []store.MatterPair) error {
	best := map[[2]string]store.MatterPair{}
	matters := map[string]bool{}
	better := func(p, q store.MatterPair) bool {
		if decidedPair(p) != decidedPair(q) {
			return decidedPair(p)
		}
		return p.Likeness > q.Likeness
	}
	for _, p := range list {
		if m := p.Matters(); m[0] != m[1] {
			if q, met := best[m]; !met || better(p, q) {
				best[m] = p
			}
			matters[m[0]] = true
		}
	}
	stored, err := w.tx.MatterPairs(ctx, sorted(matters))
	if err != nil {
		return err
	}
	for _, q := range stored {
		if p, met := best[q.Matters()]; met && !better(p, q) {
			delete(best, q.Matters())
		}
	}
	var put []store.MatterPair
	for _, p := range best {
		put = append(put, p)
	}
	slices.SortFunc(put, func(a, b store.MatterPair) int { m, n := a.Matters(), b.Matters(); return slices.Compare(m[:], n[:]) })
	return w.tx.PutMatterPairs(ctx, put)
}

// movePairs has the open pairs that rest on tickets follow them into another matter. What persons said of matters stays.
func (w *writer) movePairs(ctx context.Context, ids []string, to string) error {
	list, err := w.tx.TicketPairs(ctx, ids)
	if err != nil {
		return err
	}
	moved := map[string]bool{}
	for _, id := range ids {
		moved[id] = true
	}
	return w.changePairs(ctx, slices.DeleteFunc(list, decidedPair), func(s store.PairSide) string {
		if moved[s.Ticket] {
			return to
		}
		return s.Matter
	})
}

// mergePairs has all pairs of a matter follow it into the one that has taken it in.
func (w *writer) mergePairs(ctx context.Context, from, to string) error {
	list, err := w.tx.MatterPairs(ctx, []string{from})
	if err != nil {
		return err
	}
	return w.changePairs(ctx, list, func(s store.PairSide) string {
		if s.Matter == from {
			return to
		}
		return s.Matter
	})
}

func (w *writer) changePairs(ctx context.Context, list []store.MatterPair, to func(store.PairSide) string) error {
	if err := w.tx.DropMatterPairs(ctx, list); err != nil {
		return err
	}
	changed := make([]store.MatterPair, len(list))
	for i, p := range list {
		changed[i] = movedPair(p, to)
	}
	return w.addPairs(ctx, changed)
}

// setApart records that a person has said that two matters are not the same.
func (w *writer) setApart(ctx context.Context, a, b store.PairSide, actor casework.Actor, reason string) error {
	p := store.NewMatterPair(a, b, 0, w.now)
	p.State, p.DecidedAt, p.DecidedBy, p.Reason = store.PairApart, w.now, actor.PersonID, ticket.MaskText(reason)
	return w.tx.PutMatterPairs(ctx, []store.MatterPair{p})
}

// apartFrom are the matters of which a person has said that a matter is not the same.
func (e *Engine) apartFrom(ctx context.Context, id string) (map[string]bool, error) {
	list, err := e.db.MatterPairs(ctx, []string{id})
	apart := map[string]bool{}
	for _, p := range list {
		if p.State == store.PairApart {
			apart[p.Sides[0].Matter], apart[p.Sides[1].Matter] = true, true
		}
	}
	return apart, err
}

// KeepMattersApart says which matter is not the same.
type KeepMattersApart struct {
	Matter string `json:"matter" minLength:"1" maxLength:"64" doc:"另一事项"`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"理由，可以不写"`
}

// KeepMattersApart records that two matters are not the same: they are not proposed again, and no ticket of one comes into the other by itself.
func (e *Engine) KeepMattersApart(ctx context.Context, actor casework.Actor, id string, ask KeepMattersApart, key string) (MatterChanged, error) {
	if ask.Matter == id {
		return MatterChanged{}, errSameMatter
	}
	return e.decideMatter(ctx, actor, id, "matter.apart", key, ask, func(ctx context.Context, in *intake, out *MatterChanged) error {
		sides := [2]store.PairSide{{Matter: id}, {Matter: ask.Matter}}
		for i := range sides {
			some, err := in.tx.Tickets(ctx, store.TicketFilter{Matter: sides[i].Matter, Limit: 1})
			if err != nil || len(some) == 0 {
				return errors.Join(err, ErrNoMatter)
			}
			sides[i].Ticket = some[0].Ticket.ID
		}
		out.To = ask.Matter
		return in.setApart(ctx, sides[0], sides[1], actor, ask.Reason)
	})
}

// MatterPairs is a page of matters that may be the same.
type MatterPairs struct {
	Items []MatterPairView `json:"items" doc:"最可能的在前"`
	Next  string           `json:"next,omitempty" doc:"下一页的 cursor"`
}

// MatterPairView is two matters that may be the same, for a person to decide.
type MatterPairView struct {
	Probability float64         `json:"probability" doc:"是同一件事的可能性，0 至 1"`
	Reasons     []matter.Reason `json:"reasons" doc:"为什么像同一件事"`
	FoundAt     time.Time       `json:"found_at" doc:"何时发现"`
	Into        MatterSide      `json:"into" doc:"合并时建议留下的事项：有难事的，其次工单多的、早的"`
	Other       MatterSide      `json:"other" doc:"合并时并入的事项"`
	TwoCases    bool            `json:"two_cases" doc:"各有一件未结束的难事：先并案，再合并事项"`
}

// MatterSide is one of two matters that may be the same.
type MatterSide struct {
	Matter  string     `json:"matter" doc:"事项的 id"`
	Case    *Named     `json:"case,omitempty" doc:"所在的难事（编号）"`
	Count   int        `json:"count" doc:"工单数，最多计到 1000"`
	People  int        `json:"people" doc:"涉及的人数：同一人重复来电只计一人"`
	Unknown int        `json:"unknown" doc:"其中没有留下诉求人的工单数"`
	Ticket  TicketView `json:"ticket" doc:"与另一事项最相近的工单（已脱敏）"`

	open bool // its case is not over
}

// MatterPairs lists the matters that may be the same and that nobody has decided about. It is for those who see all cases.
func (e *Engine) MatterPairs(ctx context.Context, actor casework.Actor, cursorText string, limit int) (MatterPairs, error) {
	out := MatterPairs{Items: []MatterPairView{}}
	if !actor.SeesAll() {
		return out, nil
	}
	after, err := parsePairCursor(cursorText)
	if err != nil {
		return out, err
	}
	list, err := e.db.OpenPairs(ctx, after, limit+1)
	if err != nil || len(list) == 0 {
		return out, err
	}
	if len(list) > limit {
		list = list[:limit]
		out.Next = pairCursor(list[limit-1])
	}
	matters, tickets := map[string]bool{}, map[string]bool{}
	for _, p := range list {
		for _, s := range p.Sides {
			matters[s.Matter], tickets[s.Ticket] = true, true
		}
	}
	sides, err := e.matterSides(ctx, sorted(matters))
	if err != nil {
		return out, err
	}
	stored, err := e.db.TicketsByID(ctx, sorted(tickets))
	if err != nil {
		return out, err
	}
	rows := map[string]store.TicketRow{}
	for _, r := range stored {
		rows[r.Ticket.ID] = r
	}
	why, err := e.pairReasons(ctx, list, rows)
	if err != nil {
		return out, err
	}
	for i, p := range list {
		var s [2]MatterSide
		for j := range s {
			r := rows[p.Sides[j].Ticket]
			s[j] = sides[p.Sides[j].Matter]
			s[j].Matter, s[j].Ticket = p.Sides[j].Matter, ticketView(r, casework.Full)
		}
		if staysOf(s[1], s[0]) {
			s[0], s[1] = s[1], s[0]
		}
		out.Items = append(out.Items, MatterPairView{
			Probability: percent(p.Likeness), Reasons: why[i], FoundAt: p.FoundAt, Into: s[0], Other: s[1], TwoCases: s[0].open && s[1].open && s[0].Case.ID != s[1].Case.ID,
		})
	}
	return out, nil
}

// staysOf reports whether a rather than b is what stays when they are merged.
func staysOf(a, b MatterSide) bool {
	if a.open != b.open {
		return a.open
	}
	if a.Count != b.Count {
		return a.Count > b.Count
	}
	return a.Ticket.AcceptedAt.Before(b.Ticket.AcceptedAt)
}

// matterSides says how large matters are, and in which cases.
func (e *Engine) matterSides(ctx context.Context, matters []string) (map[string]MatterSide, error) {
	sizes, err := e.db.MatterSizes(ctx, matters)
	if err != nil {
		return nil, err
	}
	in, err := e.db.MatterCases(ctx, matters)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, id := range in {
		ids[id] = true
	}
	list, err := e.db.CasesByID(ctx, sorted(ids))
	if err != nil {
		return nil, err
	}
	cases := map[string]casework.Case{}
	for _, c := range list {
		cases[c.ID] = c
	}
	sides := map[string]MatterSide{}
	for _, m := range matters {
		s := MatterSide{Matter: m, Count: sizes[m].Tickets, People: sizes[m].People, Unknown: sizes[m].Unknown}
		if c, ok := cases[in[m]]; ok {
			s.Case, s.open = &Named{ID: c.ID, Name: c.Number}, !over(c)
			if c.Status == casework.Merged {
				if s.Case, err = e.caseOfMatter(ctx, m); err != nil {
					return nil, err
				}
				s.open = s.Case != nil
			}
		}
		sides[m] = s
	}
	return sides, nil
}

// pairReasons says for each pair why its two tickets look like one matter.
func (e *Engine) pairReasons(ctx context.Context, list []store.MatterPair, rows map[string]store.TicketRow) ([][]matter.Reason, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.matters.follow(ctx, k.Gazetteer); err != nil {
		return nil, err
	}
	why := make([][]matter.Reason, len(list))
	docs := make([][2]recognition.Description, len(list))
	for i, p := range list {
		for j, s := range p.Sides {
			docs[i][j] = recognition.Describe(rows[s.Ticket].Ticket, rows[s.Ticket].Requester)
		}
	}
	err = e.matters.look(ctx, func(x *recognition.Matters) {
		for i, p := range list { // either text may say more of it
			a, b := x.Between(docs[i][0], p.Sides[1].Ticket), x.Between(docs[i][1], p.Sides[0].Ticket)
			if b.Probability > a.Probability {
				a = b
			}
			why[i] = append([]matter.Reason{}, a.Reasons...)
		}
	})
	return why, err
}

func pairCursor(p store.MatterPair) string {
	return encodeCursor(strconv.FormatFloat(p.Likeness, 'f', 3, 64), p.Sides[0].Matter, p.Sides[1].Matter)
}

func parsePairCursor(text string) (*store.MatterPair, error) {
	if text == "" {
		return nil, nil
	}
	parts, err := decodeCursor(text, 3)
	if err != nil {
		return nil, err
	}
	likeness, err := strconv.ParseFloat(parts[0], 64)
	if err != nil || !(likeness >= 0 && likeness <= 1) {
		return nil, errCursor
	}
	p := store.NewMatterPair(store.PairSide{Matter: parts[1]}, store.PairSide{Matter: parts[2]}, likeness, time.Time{})
	return &p, nil
}
