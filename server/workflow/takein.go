package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/classify"
	"xiaopu/server/matter"
	"xiaopu/server/parallel"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// Taken counts what became of tickets.
type Taken struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Cases     int `json:"cases"`             // new cases
	Waiting   int `json:"waiting,omitempty"` // facts of a list whose tickets are not in yet
}

// Add sums two counts.
func (t *Taken) Add(o Taken) {
	t.Created += o.Created
	t.Updated += o.Updated
	t.Unchanged += o.Unchanged
	t.Cases += o.Cases
	t.Waiting += o.Waiting
}

// TakeIn stores a batch of tickets of one source and does what follows: triggers, new cases, tickets attached to open
// ones, ratings. One transaction: all of it or nothing. Taking the same tickets in again changes nothing. noted, when
// given, runs in the same transaction and is told what was taken: the importer's own records.
func (e *Engine) TakeIn(ctx context.Context, batch []ticket.Ticket, noted func(context.Context, *store.Tx, Taken) error) (Taken, error) {
	taken, err := e.intake(ctx, func(ctx context.Context, in *intake) error {
		if err := in.take(ctx, batch); err != nil || noted == nil {
			return err
		}
		return noted(ctx, in.tx, in.taken)
	})
	if err == nil {
		e.metrics.Tickets("created", taken.Created)
		e.metrics.Tickets("updated", taken.Updated)
		e.metrics.Tickets("unchanged", taken.Unchanged)
	}
	return taken, err
}

// intake runs fn in its turn, as one transaction: again from the start when a person was first on one of the cases.
func (e *Engine) intake(ctx context.Context, fn func(context.Context, *intake) error) (Taken, error) {
	k, err := e.Knowledge(ctx)
	if err == nil {
		err = e.matters.follow(ctx, k.Gazetteer) // what there is to read, before others have to wait for it
	}
	if err != nil {
		return Taken{}, err
	}
	var taken Taken
	err = e.db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		in := newIntake(e, &writer{live: e.live, tx: tx, k: k, now: e.Now(k)})
		err := in.turn(ctx)
		if err == nil {
			err = fn(ctx, in)
		}
		if err == nil {
			err = in.tellPlatforms(ctx)
		}
		taken = in.taken
		return err
	})
	return taken, err
}

// intakeTurn is the sequence whose row is the turn.
const intakeTurn = "intake"

// turn waits until no other transaction takes tickets in, or moves them between cases, in whatever process, and keeps the
// others waiting until this one ends. What is read of matters, links and cases then stays as it was read: a burst that
// comes in pieces at the same time is one burst, and a matter gets one case.
func (w *writer) turn(ctx context.Context) (err error) {
	w.seq, err = w.tx.NextNumber(ctx, intakeTurn)
	return err
}

// Rehearsal takes batches in as TakeIn would, and nothing stays of it. Each batch is a transaction that is rolled back, so
// that others write in between; what earlier batches would have left is remembered here: their tickets, without texts, and
// the matters they would have opened a case for. It is for one goroutine.
type Rehearsal struct {
	e       *Engine
	trial   *recognition.Matters // what earlier batches would have put into the index
	rows    map[orderKey]*store.TicketRow
	tickets map[string][]store.MatterTicket // by matter
	opened  map[string]bool                 // matters
}

// Rehearse begins a rehearsal.
func (e *Engine) Rehearse() *Rehearsal {
	return &Rehearsal{e: e, rows: map[orderKey]*store.TicketRow{}, tickets: map[string][]store.MatterTicket{}, opened: map[string]bool{}}
}

var errRehearsed = errors.New("workflow: a rehearsal ends in a rollback")

// TakeIn counts what Engine.TakeIn would do.
func (r *Rehearsal) TakeIn(ctx context.Context, batch []ticket.Ticket) (Taken, error) {
	return r.rehearse(ctx, func(ctx context.Context, in *intake) error { return in.take(ctx, batch) })
}

func (r *Rehearsal) rehearse(ctx context.Context, take func(context.Context, *intake) error) (Taken, error) {
	var in *intake
	taken, err := r.e.intake(ctx, func(ctx context.Context, begun *intake) error {
		in = begun
		in.earlier = r
		if err := take(ctx, in); err != nil {
			return err
		}
		return errRehearsed
	})
	if !errors.Is(err, errRehearsed) {
		return taken, err
	}
	for row, was := range in.was {
		t := row.Ticket
		if was == "" {
			r.tickets[row.Matter] = append(r.tickets[row.Matter], store.MatterTicket{ID: t.ID, Source: t.Source, OrderNo: t.OrderNo, Requester: row.Requester, AcceptedAt: t.AcceptedAt})
		}
		t.Raw, t.Title, t.Content, t.Reply, t.Feedback = nil, "", "", "", ""
		row.Ticket = t
		r.rows[keyOf(t)] = row
	}
	for _, m := range in.opened {
		r.opened[m] = true
	}
	return taken, nil
}

// row gives a ticket of an earlier batch; nil when there is none.
func (r *Rehearsal) row(k orderKey) *store.TicketRow {
	if r == nil {
		return nil
	}
	return r.rows[k]
}

// recall adds to what the database has about matters what earlier batches would have put there.
func (r *Rehearsal) recall(matters []string, same map[string][]store.MatterTicket) {
	if r == nil {
		return
	}
	for _, m := range matters {
		if before := r.tickets[m]; len(before) > 0 {
			same[m] = slices.Concat(same[m], before)
			slices.SortStableFunc(same[m], func(a, b store.MatterTicket) int { return a.AcceptedAt.Compare(b.AcceptedAt) })
		}
	}
}

// intake is one batch being taken in.
type intake struct {
	*writer
	e       *Engine
	before  map[string]*store.TicketRow // changed tickets as they are stored, by id
	apart   map[string]map[string]bool  // ticket → matters that a person took it out of, or said to be another than its own
	asked   map[string]bool             // stored tickets that the index was asked about anew
	pairs   []store.MatterPair          // matters that may be the same, by what has come in
	policy  casework.Triggers
	tickets map[orderKey]*store.TicketRow // met in this batch; nil for an order that is not here
	named   map[orderKey]*store.TicketRow // by whom that is in a case
	was     map[*store.TicketRow]string   // the matter before this batch; "" for a new ticket
	moved   map[string]string             // ticket → the case it came into in this batch
	cases   map[string]store.LoadedCase   // as of the last save in this batch
	matters map[string]string             // matter → its case
	spent   map[string]map[string]bool    // matter → what has counted for it
	opened  []string                      // matters that came into a new case
	classes map[string]classify.Answer    // ticket → what is thought of its class
	told    map[*store.TicketRow]telling  // of rows that are not resolved yet
	earlier *Rehearsal                    // nil for what is meant

	refreshed map[orderKey]bool // stored tickets that a list has changed
	waiting   []ticket.Fact     // whose tickets are not in yet

	platform string // whose tickets they are; "" for nobody's
	pushed   []store.PlatformTicket
	others   map[string]bool // order numbers in the batch that are another platform's

	taken Taken
}

// orderKey is how a source calls a ticket.
type orderKey struct {
	source ticket.Source
	no     string
}

func keyOf(t ticket.Ticket) orderKey { return orderKey{t.Source, t.OrderNo} }

func newIntake(e *Engine, w *writer) *intake {
	return &intake{
		writer: w, e: e, before: map[string]*store.TicketRow{}, apart: map[string]map[string]bool{}, asked: map[string]bool{}, policy: w.k.PolicyAt(w.now).Triggers, tickets: map[orderKey]*store.TicketRow{},
		named: map[orderKey]*store.TicketRow{}, was: map[*store.TicketRow]string{}, moved: map[string]string{},
		cases: map[string]store.LoadedCase{}, matters: map[string]string{}, spent: map[string]map[string]bool{},
		classes: map[string]classify.Answer{}, told: map[*store.TicketRow]telling{},
	}
}

func (in *intake) take(ctx context.Context, batch []ticket.Ticket) error {
	rows, err := in.keep(ctx, batch)
	if err != nil {
		return err
	}
	if err := in.tx.AddPlatformTickets(ctx, in.pushed); err != nil {
		return err
	}
	return in.evaluate(ctx, rows)
}

// evaluate looks for what makes kept rows hard cases, oldest first, and does what follows.
func (in *intake) evaluate(ctx context.Context, rows []*store.TicketRow) error {
	if len(rows) == 0 {
		return nil
	}
	same, err := in.know(ctx, rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := in.one(ctx, r, in.around(same, r)); err != nil {
			return fmt.Errorf("ticket %s: %w", r.Ticket.OrderNo, err)
		}
	}
	return nil
}

// keep stores what is new or changed and gives those rows and the stored ones that name them, oldest first: what a row
// says can be what another's evidence was waiting for.
func (in *intake) keep(ctx context.Context, batch []ticket.Ticket) ([]*store.TicketRow, error) {
	bySource := map[ticket.Source][]string{}
	for _, t := range batch {
		bySource[t.Source] = append(bySource[t.Source], t.OrderNo)
	}
	var err error
	known := map[ticket.Source]map[string]store.TicketKey{}
	for source, orders := range bySource {
		if known[source], err = in.tx.TicketKeys(ctx, source, orders); err != nil {
			return nil, err
		}
	}
	if batch, err = in.own(ctx, batch, known); err != nil {
		return nil, err
	}
	if batch, err = in.withFacts(ctx, batch, known); err != nil {
		return nil, err
	}
	var rows []*store.TicketRow
	fresh := map[string]bool{}
	for _, t := range batch {
		key, have := known[t.Source][t.OrderNo]
		if have && key.Says(t) && !in.refreshed[keyOf(t)] {
			in.taken.Unchanged++
			in.whose(key.ID, t.OrderNo)
			continue
		}
		if in.tickets[keyOf(t)] != nil {
			return nil, fmt.Errorf("ticket %s stands twice in one batch", t.OrderNo)
		}
		t.ID = key.ID
		if !have {
			t.ID = newID()
			fresh[t.ID] = true
		}
		if key.Erased {
			t = t.Erased()
		}
		in.whose(t.ID, t.OrderNo)
		r := &store.TicketRow{
			// An export that leaves the phone out does not take the ticket from who asked.
			Ticket: t, Requester: cmp.Or(in.e.requesterOf(t.Requester.Phone), key.Requester),
			Matter: key.Matter, MatterBy: key.MatterBy, MatterSeq: in.seq, CaseID: key.CaseID, Erased: key.Erased, CreatedAt: in.now, UpdatedAt: in.now,
		}
		in.tickets[keyOf(t)] = r
		rows = append(rows, r)
	}
	naming, err := in.naming(ctx, rows)
	if err != nil {
		return nil, err
	}
	if err := in.meet(ctx, slices.Concat(rows, naming)); err != nil {
		return nil, err
	}
	all := slices.Concat(rows, naming)
	slices.SortFunc(all, func(a, b *store.TicketRow) int {
		return cmp.Or(a.Ticket.AcceptedAt.Compare(b.Ticket.AcceptedAt), cmp.Compare(a.Ticket.OrderNo, b.Ticket.OrderNo), cmp.Compare(a.Ticket.Source, b.Ticket.Source))
	})
	open := map[*store.TicketRow]bool{}
	for _, r := range all {
		open[r] = true
		in.was[r] = r.Matter
		if r.CaseID == "" || r.MatterBy == store.ByApart {
			continue
		}
		for _, no := range linkedOrders(r.Ticket) {
			if k := (orderKey{r.Ticket.Source, no}); in.named[k] == nil {
				in.named[k] = r
			}
		}
	}
	if len(all) > 0 {
		if err := in.openIndex(ctx, rows, naming, fresh); err != nil {
			return nil, err
		}
	}
	in.describe(all)
	for _, r := range all {
		in.resolve(r, open)
	}
	for _, r := range naming {
		if r.Matter != in.was[r] {
			if err := in.tx.SetTicketMatter(ctx, in.seq, r.Matter, r.MatterBy, r.Ticket.ID); err != nil {
				return nil, err
			}
		}
	}
	if err := in.notePairs(ctx, all); err != nil {
		return nil, err
	}
	return all, in.save(ctx, rows, fresh)
}

// openIndex takes the index, and reads what placing the rows needs: the changed ones as they were, and what persons decided
// about them.
func (in *intake) openIndex(ctx context.Context, rows, naming []*store.TicketRow, fresh map[string]bool) (err error) {
	if in.index == nil {
		if in.index, err = in.e.matters.open(ctx, in.tx, in.seq); err != nil {
			return err
		}
		if r := in.earlier; r != nil {
			if r.trial == nil {
				r.trial = in.index.index.Beside()
			}
			in.index.trial = r.trial
		}
	}
	var changed, decided []string
	for _, r := range rows {
		if !fresh[r.Ticket.ID] {
			changed = append(changed, r.Ticket.ID)
		}
	}
	for _, r := range slices.Concat(rows, naming) {
		if r.MatterBy == store.ByApart {
			decided = append(decided, r.Ticket.ID)
		}
	}
	stored, err := in.tx.TicketsByID(ctx, changed)
	if err != nil {
		return err
	}
	for i := range stored {
		in.before[stored[i].Ticket.ID] = &stored[i]
	}
	decisions, err := in.tx.TicketDecisions(ctx, decided)
	for _, d := range decisions {
		if in.apart[d.TicketID] == nil {
			in.apart[d.TicketID] = map[string]bool{}
		}
		in.apart[d.TicketID][d.Matter] = d.Kind == store.ByApart
	}
	if err != nil {
		return err
	}
	return in.knowApart(ctx, slices.Concat(rows, naming))
}

// own leaves out of what a platform pushes the tickets that are another platform's.
func (in *intake) own(ctx context.Context, batch []ticket.Ticket, known map[ticket.Source]map[string]store.TicketKey) ([]ticket.Ticket, error) {
	if in.platform == "" {
		return batch, nil
	}
	var ids []string
	for _, t := range batch {
		if key, have := known[t.Source][t.OrderNo]; have {
			ids = append(ids, key.ID)
		}
	}
	pushed, err := in.tx.PlatformTickets(ctx, ids)
	if err != nil {
		return nil, err
	}
	in.others = map[string]bool{}
	for _, p := range pushed {
		if p.Platform != in.platform {
			in.others[p.OrderNo] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(batch), func(t ticket.Ticket) bool { return in.others[t.OrderNo] }), nil
}

// whose notes whose ticket it is, when a platform pushes it.
func (in *intake) whose(ticketID, orderNo string) {
	if in.platform != "" {
		in.pushed = append(in.pushed, store.PlatformTicket{TicketID: ticketID, Platform: in.platform, OrderNo: orderNo})
	}
}

// save writes the rows and what they name.
func (in *intake) save(ctx context.Context, rows []*store.TicketRow, fresh map[string]bool) error {
	var created []store.TicketRow
	var changed []string
	var links []store.TicketLink
	for _, r := range rows {
		for _, no := range linkedOrders(r.Ticket) {
			links = append(links, store.TicketLink{Source: r.Ticket.Source, OrderNo: no, TicketID: r.Ticket.ID})
		}
		if fresh[r.Ticket.ID] {
			created = append(created, *r)
			continue
		}
		changed = append(changed, r.Ticket.ID)
		if err := in.tx.UpdateTicket(ctx, *r); err != nil {
			return err
		}
	}
	if in.platform != "" {
		for _, r := range created {
			in.feed = append(in.feed, store.FeedRow{Platform: in.platform, At: in.now, OrderNo: r.Ticket.OrderNo, Kind: string(FeedTakenIn)})
		}
	}
	in.taken.Created += len(created)
	in.taken.Updated += len(changed)
	if err := in.tx.SetTicketLinks(ctx, changed, links); err != nil {
		return err
	}
	if err := in.tx.InsertTickets(ctx, created); err != nil {
		return err
	}
	return in.noteTopics(ctx, rows, changed)
}

// naming loads the stored tickets that name one of the rows' orders, and those that name theirs: a chain that is read
// newest first comes together with its oldest order.
func (in *intake) naming(ctx context.Context, rows []*store.TicketRow) (found []*store.TicketRow, _ error) {
	seen := map[string]bool{}
	for _, r := range rows {
		seen[r.Ticket.ID] = true
	}
	for len(rows) > 0 {
		bySource := map[ticket.Source][]string{}
		for _, r := range rows {
			bySource[r.Ticket.Source] = append(bySource[r.Ticket.Source], r.Ticket.OrderNo)
		}
		var ids []string
		for source, orders := range bySource {
			list, err := in.tx.TicketsNaming(ctx, source, orders)
			if err != nil {
				return nil, err
			}
			for _, id := range list {
				if !seen[id] {
					seen[id] = true
					ids = append(ids, id)
				}
			}
		}
		stored, err := in.tx.TicketsByID(ctx, ids)
		if err != nil {
			return nil, err
		}
		rows = nil
		for i := range stored {
			r := &stored[i]
			in.tickets[keyOf(r.Ticket)] = r
			rows = append(rows, r)
		}
		found = append(found, rows...)
	}
	return found, nil
}

// meet loads the orders that rows name, all at once.
func (in *intake) meet(ctx context.Context, rows []*store.TicketRow) error {
	bySource := map[ticket.Source][]string{}
	for _, r := range rows {
		for _, no := range linkedOrders(r.Ticket) {
			k := orderKey{r.Ticket.Source, no}
			if _, met := in.tickets[k]; !met {
				in.tickets[k] = in.earlier.row(k)
				bySource[k.source] = append(bySource[k.source], no)
			}
		}
	}
	for source, orders := range bySource {
		stored, err := in.tx.TicketsByOrder(ctx, source, orders)
		if err != nil {
			return err
		}
		for i := range stored {
			in.tickets[keyOf(stored[i].Ticket)] = &stored[i]
		}
	}
	return nil
}

// telling is what a row says of its matter.
type telling struct {
	doc  recognition.Description
	news bool // it said something else before, or nothing
}

// describe describes the rows and reads the words of those that say something new: on all cores, since nothing of it hangs on the
// others, and others wait for the turn.
func (in *intake) describe(rows []*store.TicketRow) {
	list := make([]telling, len(rows))
	parallel.Do(runtime.GOMAXPROCS(0), len(rows), func(i int) {
		r, was := rows[i], in.before[rows[i].Ticket.ID]
		doc := recognition.Describe(r.Ticket, r.Requester)
		news := r.Matter == "" || was != nil && !doc.Says(recognition.Describe(was.Ticket, was.Requester))
		if news {
			doc = in.index.index.Read(doc)
		}
		list[i] = telling{doc, news}
	})
	for i, r := range rows {
		in.told[r] = list[i]
	}
}

// resolve sets what r is about: the matter of the earlier order it names, when we have it; that of a ticket in a case
// which names it; else what the index says of its words and place, as long as these are new. open are the rows that are not
// resolved yet. A ticket that is in a case, also in a rejected one, stays with what it is about there; so does one that a
// person put where it is. One that a person took out of a matter never comes back into it by itself.
func (in *intake) resolve(r *store.TicketRow, open map[*store.TicketRow]bool) {
	if !open[r] {
		return
	}
	delete(open, r) // before the others: a circle of links ends here
	doc, news := in.told[r].doc, in.told[r].news
	delete(in.told, r)
	var near []matter.Candidate
	if r.CaseID == "" && r.MatterBy != store.ByKeep {
		about := in.linked(r, open)
		if about == "" && news {
			about, near = in.index.place(doc, r.Matter)
			if in.before[r.Ticket.ID] != nil {
				in.asked[r.Ticket.ID] = true
			}
			if in.apart[r.Ticket.ID][about] {
				about = ""
			}
			if about == "" && (r.Matter == "" || in.crowded(r)) {
				about = newID()
			}
		}
		if about != "" && about != r.Matter {
			r.Matter = about // what a person took out of another stays marked so
			news = true
		}
	}
	if news && !r.Erased {
		in.index.put(doc, r.Matter, r.MatterBy)
		in.propose(r, doc, near)
	}
}

// linked gives the matter of an order that r names, or of a ticket in a case that names r; "" for none.
func (in *intake) linked(r *store.TicketRow, open map[*store.TicketRow]bool) string {
	for _, no := range linkedOrders(r.Ticket) {
		if earlier := in.tickets[orderKey{r.Ticket.Source, no}]; earlier != nil {
			in.resolve(earlier, open)
			if earlier.Matter != "" && !in.apart[r.Ticket.ID][earlier.Matter] {
				return earlier.Matter
			}
		}
	}
	if by := in.named[keyOf(r.Ticket)]; by != nil && !in.apart[r.Ticket.ID][by.Matter] {
		return by.Matter
	}
	return ""
}

// crowded reports whether others are about the matter that r was about: what r says now leaves them.
func (in *intake) crowded(r *store.TicketRow) bool { return in.index.size(r.Matter) > 1 }

// linkedOrders are the orders a ticket names, each once.
func linkedOrders(t ticket.Ticket) []string {
	const longest = 64 // what is longer is no order number
	var out []string
	add := func(no string) {
		if no != "" && no != t.OrderNo && len(no) <= longest && !slices.Contains(out, no) {
			out = append(out, no)
		}
	}
	add(t.RepeatOf)
	for _, l := range t.Links {
		add(l.OrderNo)
	}
	return out
}

// know reads at once what is known of the rows' matters: their cases, and the tickets that count with them. rows are
// oldest first.
func (in *intake) know(ctx context.Context, rows []*store.TicketRow) (map[string][]store.MatterTicket, error) {
	var matters []string
	var spans []store.MatterSpan
	last := map[string]int{} // matter → its latest span
	for _, r := range rows {
		from, to := recognition.Window(r.Ticket.AcceptedAt, in.policy)
		i, listed := last[r.Matter]
		if !listed {
			in.matters[r.Matter] = ""
			matters = append(matters, r.Matter)
		}
		if listed && !from.After(spans[i].To) {
			spans[i].To = to
			continue
		}
		last[r.Matter] = len(spans)
		spans = append(spans, store.MatterSpan{Matter: r.Matter, From: from, To: to})
	}
	cases, err := in.tx.MatterCases(ctx, matters)
	if err != nil {
		return nil, err
	}
	maps.Copy(in.matters, cases)
	same, err := in.tx.MatterTickets(ctx, spans)
	if err != nil {
		return nil, err
	}
	in.earlier.recall(matters, same)
	return same, nil
}

// around gives those of the tickets about r's matter, oldest first, that can make a trigger fire with it.
func (in *intake) around(same map[string][]store.MatterTicket, r *store.TicketRow) []store.MatterTicket {
	return around(same[r.Matter], r.Ticket.AcceptedAt, in.policy)
}

// around gives the part of list, oldest first, that can make a trigger fire with a ticket accepted at.
func around(list []store.MatterTicket, at time.Time, policy casework.Triggers) []store.MatterTicket {
	from, to := recognition.Window(at, policy)
	i, _ := slices.BinarySearchFunc(list, from, func(m store.MatterTicket, t time.Time) int { return m.AcceptedAt.Compare(t) })
	j := i
	for j < len(list) && !list[j].AcceptedAt.After(to) {
		j++
	}
	return list[i:j]
}

// judged is what recognition looks at in a ticket.
func judged(r *store.TicketRow, same []store.MatterTicket, chain []*store.TicketRow, crossings []recognition.Crossing, policy casework.Triggers, now time.Time) recognition.Input {
	input := recognition.Input{Ticket: r.Ticket, Requester: r.Requester, Crossings: crossings, Policy: policy, Now: now}
	for _, s := range same {
		input.Same = append(input.Same, recognition.Fact{TicketID: s.ID, OrderNo: s.OrderNo, Requester: s.Requester, AcceptedAt: s.AcceptedAt})
	}
	for _, c := range chain {
		input.Chain = append(input.Chain, c.Ticket)
	}
	return input
}

// one evaluates the triggers of a row and does what follows.
func (in *intake) one(ctx context.Context, r *store.TicketRow, same []store.MatterTicket) error {
	chain, err := in.chain(ctx, r.Ticket)
	if err != nil {
		return err
	}
	var crossings []recognition.Crossing
	if in.policy.Cross {
		crossings = in.k.crossings(r.Ticket)
	}
	input := judged(r, same, chain, crossings, in.policy, in.now)
	triggers := recognition.Evaluate(input)
	if len(triggers) > 0 {
		// Only now is it worth asking what has already counted.
		if err := in.inherit(ctx, r, triggers); err != nil {
			return err
		}
		if input.Spent, err = in.spentOn(ctx, r.Matter); err != nil {
			return err
		}
		if len(input.Spent) > 0 {
			triggers = recognition.Evaluate(input)
		}
		if err := in.explain(ctx, r.Matter, triggers); err != nil {
			return err
		}
	}
	return in.settle(ctx, finding{row: r, same: same, chain: chain, triggers: triggers})
}

// mostExplained is of how many tickets behind a rule it is said why they are about the matter.
const mostExplained = 50

// explain says, in the evidence of the rules that count tickets, why each ticket is about the matter: a case keeps that, whatever
// becomes of the tickets.
func (in *intake) explain(ctx context.Context, about string, triggers []casework.Trigger) error {
	if in.index == nil || in.earlier != nil {
		return nil
	}
	for _, t := range triggers {
		if t.Kind != casework.ByBurst && t.Kind != casework.ByHotTopic {
			continue
		}
		at := map[string]int{}
		for i := range t.Evidence[:min(len(t.Evidence), mostExplained)] {
			at[t.Evidence[i].TicketID] = i
		}
		rows, err := in.tx.MatterRowsOf(ctx, sorted(at))
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.Erased {
				continue
			}
			e := &t.Evidence[at[r.ID]]
			for _, no := range linkedOrders(r.Ticket) {
				if slices.ContainsFunc(t.Evidence, func(o casework.Evidence) bool { return o.OrderNo == no }) {
					e.Reasons = append(e.Reasons, "引用了工单 "+no)
				}
			}
			for _, c := range in.index.index.Place(recognition.Describe(r.Ticket, r.Requester)).Near {
				if c.Matter == about {
					for _, reason := range c.Reasons {
						e.Reasons = append(e.Reasons, reason.Text)
					}
				}
			}
		}
	}
	return nil
}

// chain gives the earlier orders that a ticket was reassigned from, nearest first.
func (in *intake) chain(ctx context.Context, t ticket.Ticket) ([]*store.TicketRow, error) {
	return chainOf(t, func(k orderKey) (*store.TicketRow, error) {
		r, met := in.tickets[k]
		if !met {
			r = in.earlier.row(k)
			stored, err := in.tx.TicketByOrder(ctx, k.source, k.no)
			if err == nil {
				r = &stored
			} else if !errors.Is(err, store.ErrNoTicket) {
				return nil, err
			}
			in.tickets[k] = r
		}
		return r, nil
	})
}

// longestChain is how many earlier orders are looked at: longer chains say nothing more.
const longestChain = 10

// chainOf follows the orders that a ticket names, as far as find knows them.
func chainOf(t ticket.Ticket, find func(orderKey) (*store.TicketRow, error)) (out []*store.TicketRow, _ error) {
	seen := map[string]bool{t.OrderNo: true}
	for queue := linkedOrders(t); len(queue) > 0 && len(out) < longestChain; queue = queue[1:] {
		no := queue[0]
		if seen[no] {
			continue
		}
		seen[no] = true
		r, err := find(orderKey{t.Source, no})
		if err != nil {
			return nil, err
		}
		if r != nil {
			out = append(out, r)
			queue = append(queue, linkedOrders(r.Ticket)...)
		}
	}
	return out, nil
}

func (in *intake) spentOn(ctx context.Context, matter string) (map[string]bool, error) {
	if spent, read := in.spent[matter]; read {
		return spent, nil
	}
	spent, err := in.tx.SpentEvidence(ctx, matter)
	if err == nil {
		in.spent[matter] = spent
	}
	return spent, err
}

// inherit carries what has counted of a ticket's evidence over to what the ticket is about now: that its row names another
// place does not make it new.
func (in *intake) inherit(ctx context.Context, r *store.TicketRow, triggers []casework.Trigger) error {
	was := in.was[r]
	if was == "" || was == r.Matter {
		return nil
	}
	before, err := in.spentOn(ctx, was)
	if err != nil || len(before) == 0 {
		return err
	}
	var items []string
	for _, t := range triggers {
		for _, i := range recognition.Items(t) {
			if before[i] {
				items = append(items, i)
			}
		}
	}
	return in.spendItems(ctx, r.Matter, "", items)
}

// finding is what a look at a ticket has shown.
type finding struct {
	row      *store.TicketRow
	same     []store.MatterTicket // about its matter, around its time
	chain    []*store.TicketRow   // the orders it comes from
	triggers []casework.Trigger
}

// settle brings a ticket and its triggers to the case they belong to (domain §2, last paragraph). That is the case the
// ticket is in. When that is over, only something new makes a difference, and it goes to where its matter is now; when
// that is over too, a new case is linked to it.
func (in *intake) settle(ctx context.Context, f finding) error {
	l, found, err := in.caseNow(ctx, in.caseIDOf(f.row.Ticket.ID, f.row.CaseID))
	if err != nil {
		return err
	}
	if found {
		if l, err = in.refresh(ctx, l, f.row); err != nil {
			return err
		}
	}
	if !found || over(l.Case) {
		if found && len(f.triggers) == 0 {
			return nil
		}
		current, has, err := in.caseNow(ctx, in.matters[f.row.Matter])
		if err != nil {
			return err
		}
		if has {
			l, found = current, true
		}
	}
	switch {
	case found && !over(l.Case):
		return in.join(ctx, l, f)
	case in.earlier != nil && in.earlier.opened[f.row.Matter]:
		return nil // it would be in that case
	case len(f.triggers) > 0:
		return in.open(ctx, f, l.Case.ID)
	}
	return nil
}

// over reports whether nothing happens to a case any more.
func over(c casework.Case) bool { return c.Status == casework.Rejected || c.Status == casework.Closed }

// caseIDOf is the case a ticket is in now: stored is what the database said when the batch began.
func (in *intake) caseIDOf(ticketID, stored string) string {
	if id, moved := in.moved[ticketID]; moved {
		return id
	}
	return stored
}

// caseNow gives a case with all that has fallen due on it; a merged one's target.
func (in *intake) caseNow(ctx context.Context, id string) (store.LoadedCase, bool, error) {
	for range 10 { // a chain of merges ends
		if id == "" {
			return store.LoadedCase{}, false, nil
		}
		l, met := in.cases[id]
		if !met {
			var err error
			if l, err = in.tx.Case(ctx, id); err != nil {
				return l, false, err
			}
			// What falls due can change where the ticket belongs: nobody called back, and the case is open again.
			if l, err = in.catchUp(ctx, l); err != nil {
				return l, false, err
			}
			in.cases[id] = l
		}
		if l.Case.Status != casework.Merged {
			return l, true, nil
		}
		id = l.Case.MergedInto
	}
	return store.LoadedCase{}, false, fmt.Errorf("case %s: merges without end", id)
}

// give gives a command of the system on a case.
func (in *intake) give(ctx context.Context, l *store.LoadedCase, cmd casework.Command) error {
	next, err := in.decide(ctx, *l, casework.SystemActor(), cmd)
	*l = next
	in.cases[l.Case.ID] = next
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.cause
	}
	return err
}

// refresh brings what a case keeps of a ticket up to date with its row.
func (in *intake) refresh(ctx context.Context, l store.LoadedCase, r *store.TicketRow) (store.LoadedCase, error) {
	have, held := l.Case.Tickets[r.Ticket.ID]
	now := ref(*r)
	now.Requester = cmp.Or(now.Requester, have.Requester) // erased from the ticket, it stays in the timeline
	if !held || have.Requester == now.Requester && have.AcceptedAt.Equal(now.AcceptedAt) {
		return l, nil
	}
	err := in.give(ctx, &l, casework.UpdateTicket{Ticket: now})
	return l, err
}

// company gives the tickets that belong in a case with the one that brought it about: those about the same matter around
// its time, and those behind its triggers, when they are in no case, or behind the triggers and in the case that is over.
func (in *intake) company(f finding, linked string) []casework.TicketRef {
	behind := map[string]bool{}
	for _, t := range f.triggers {
		for _, e := range t.Evidence {
			behind[e.TicketID] = true
		}
	}
	var refs []casework.TicketRef
	seen := map[string]bool{f.row.Ticket.ID: true}
	add := func(t casework.TicketRef, stored string) {
		id := in.caseIDOf(t.ID, stored)
		if !seen[t.ID] && (id == "" || id == linked && behind[t.ID]) {
			seen[t.ID] = true
			refs = append(refs, t)
		}
	}
	for _, s := range f.same {
		add(casework.TicketRef{ID: s.ID, Source: s.Source, OrderNo: s.OrderNo, Requester: s.Requester, AcceptedAt: s.AcceptedAt}, s.CaseID)
	}
	for _, c := range f.chain {
		if behind[c.Ticket.ID] && c.MatterBy != store.ByApart {
			add(ref(*c), c.CaseID)
		}
	}
	return refs
}

// placed notes that tickets are in a case.
func (in *intake) placed(ctx context.Context, caseID string, refs ...casework.TicketRef) error {
	ids := make([]string, 0, len(refs))
	for _, r := range refs {
		if in.moved[r.ID] != caseID {
			in.moved[r.ID] = caseID
			ids = append(ids, r.ID)
		}
	}
	return in.tx.SetTicketCase(ctx, caseID, ids...)
}

// open makes a new case of a ticket and its company: registered where a trigger registers, else reported.
func (in *intake) open(ctx context.Context, f finding, linked string) error {
	report := in.reportOf(f, linked)
	var cmd casework.Command = casework.Register{Report: report}
	if !slices.ContainsFunc(f.triggers, func(tr casework.Trigger) bool { return tr.Kind.Registers() }) {
		if len([]rune(report.Place)) < 2 {
			report.Place = "地点待核实"
		}
		cmd = report
	}
	_, err := in.begin(ctx, casework.SystemActor(), cmd, f, report.Tickets)
	return err
}

// reportOf is what a new case of a ticket and its company says.
func (in *intake) reportOf(f finding, linked string) casework.Report {
	t := f.row.Ticket
	o := in.k.Organisation
	report := casework.Report{
		Title: recognition.Title(t), Facts: facts(t), Place: t.Masked(ticket.MaskAddress(t.Address)), Triggers: f.triggers, Tier: recognition.SuggestedTier(f.triggers),
		LinkedCase: linked, Topic: t.Category[0],
	}
	// What is sure enough stands until a clerk says otherwise.
	if a := in.classed(t); a.Topic.Value != "" && !a.Topic.Ask {
		report.Topic = a.Topic.Value
		if !a.Domain.Ask {
			report.Domain = casework.Domain(a.Domain.Value)
		}
	}
	if report.Place == "" {
		report.Place = t.Masked(ticket.MaskAddress(t.Community))
	}
	if c, ok := o.CommunityByName(t.Community); ok {
		report.CommunityID, report.GridID = c.ID, c.GridID
	}
	report.Tickets = append([]casework.TicketRef{ref(*f.row)}, in.company(f, linked)...)
	return report
}

// begin makes a new case by a command, and notes what is in it.
func (in *intake) begin(ctx context.Context, actor casework.Actor, cmd casework.Command, f finding, tickets []casework.TicketRef) (casework.Case, error) {
	d, err := in.create(ctx, actor, cmd)
	if err != nil {
		return d.Case, err
	}
	in.taken.Cases++
	in.opened = append(in.opened, f.row.Matter)
	in.matters[f.row.Matter] = d.Case.ID
	if err := in.tx.SetMatterCase(ctx, f.row.Matter, d.Case.ID); err != nil {
		return d.Case, err
	}
	if err := in.placed(ctx, d.Case.ID, tickets...); err != nil {
		return d.Case, err
	}
	return d.Case, in.spend(ctx, f.row.Matter, d.Case.ID, f.triggers)
}

// facts is what a case starts with: the ticket's own words, within what a case keeps. They go into a timeline from which
// nothing can be taken out again, so they name nobody.
func facts(t ticket.Ticket) string {
	text := t.Content
	if text == "" {
		text = t.Title
	}
	text = t.Masked(text)
	if r := []rune(text); len(r) > 4000 {
		text = string(r[:4000]) + "……"
	}
	if len([]rune(text)) < 2 {
		text = "见工单 " + t.OrderNo
	}
	return text
}

// spend notes that the triggers' evidence has counted, so that it never fires again for this matter.
func (in *intake) spend(ctx context.Context, matter, caseID string, triggers []casework.Trigger) error {
	var items []string
	for _, t := range triggers {
		items = append(items, recognition.Items(t)...)
	}
	return in.spendItems(ctx, matter, caseID, items)
}

func (in *intake) spendItems(ctx context.Context, matter, caseID string, items []string) error {
	if len(items) == 0 {
		return nil
	}
	spent, err := in.spentOn(ctx, matter)
	if err != nil {
		return err
	}
	items = slices.DeleteFunc(items, func(i string) bool { return spent[i] })
	for _, i := range items {
		spent[i] = true
	}
	return in.tx.SpendEvidence(ctx, matter, caseID, items)
}

// join brings a ticket and its triggers to a case that is not over: of a reported or open one they are evidence; a
// resolved one hears of dissatisfaction alone. A case in the library holds every ticket about its matter.
func (in *intake) join(ctx context.Context, l store.LoadedCase, f finding) error {
	var counted []casework.Trigger
	if l.Case.Status == casework.Reported || l.Case.Status.Open() {
		for _, tr := range f.triggers {
			if err := in.give(ctx, &l, casework.AddEvidence{Trigger: tr}); err != nil {
				return err
			}
		}
		counted = f.triggers
	}
	open := l.Case.Status.Open()
	if open || l.Case.Status == casework.Resolved {
		if err := in.attach(ctx, &l, ref(*f.row)); err != nil {
			return err
		}
	}
	if open && len(counted) > 0 {
		for _, t := range in.company(f, "") {
			if err := in.attach(ctx, &l, t); err != nil {
				return err
			}
		}
	}
	if l.Case.Status == casework.Resolved {
		for _, tr := range f.triggers {
			if tr.Kind != casework.ByDissatisfied {
				continue
			}
			if err := in.give(ctx, &l, casework.Rate{TicketID: f.row.Ticket.ID, Rating: casework.Dissatisfied, Words: "12345 回访不满意"}); err != nil {
				return err
			}
			counted = append(counted, tr)
		}
	}
	return in.spend(ctx, f.row.Matter, l.Case.ID, counted)
}

// attach attaches a ticket to a case; one that it holds already stays as it is.
func (in *intake) attach(ctx context.Context, l *store.LoadedCase, t casework.TicketRef) error {
	if _, held := l.Case.Tickets[t.ID]; held {
		return nil
	}
	if err := in.give(ctx, l, casework.Attach{Ticket: t}); err != nil {
		return err
	}
	return in.placed(ctx, l.Case.ID, t)
}

// gather attaches to a case that a person has just taken into the library what it could not hold while it was reported:
// the tickets about the same matters, and those behind its triggers.
func (w *writer) gather(ctx context.Context, l store.LoadedCase) (store.LoadedCase, error) {
	in := newIntake(nil, w)
	held := slices.Sorted(maps.Keys(l.Case.Tickets))
	var behind []string
	for _, t := range l.Case.Triggers {
		for _, e := range t.Evidence {
			if _, holds := l.Case.Tickets[e.TicketID]; e.TicketID != "" && !holds && !slices.Contains(behind, e.TicketID) {
				behind = append(behind, e.TicketID)
			}
		}
	}
	stored, err := w.tx.TicketsByID(ctx, slices.Concat(held, behind))
	if err != nil {
		return l, err
	}
	slices.SortFunc(stored, func(a, b store.TicketRow) int {
		return cmp.Or(a.Ticket.AcceptedAt.Compare(b.Ticket.AcceptedAt), cmp.Compare(a.Ticket.ID, b.Ticket.ID))
	})
	var rows, others []*store.TicketRow
	for i := range stored {
		if _, holds := l.Case.Tickets[stored[i].Ticket.ID]; holds {
			rows = append(rows, &stored[i])
		} else {
			others = append(others, &stored[i])
		}
	}
	same, err := in.know(ctx, rows)
	if err != nil {
		return l, err
	}
	for _, r := range rows {
		for _, t := range in.company(finding{row: r, same: in.around(same, r), chain: others, triggers: l.Case.Triggers}, "") {
			if err := in.attach(ctx, &l, t); err != nil {
				return l, err
			}
		}
	}
	return l, nil
}

// Age proposes tickets that have waited longer than the policy's days, in no case, as reported cases (domain §2,
// long_unresolved). It gives the number of new cases.
func (e *Engine) Age(ctx context.Context) (cases int, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return 0, err
	}
	now := e.Now(k)
	days := k.PolicyAt(now).Triggers.LongUnresolvedDays
	if days <= 0 {
		return 0, nil
	}
	for {
		ids, err := e.db.AgingTickets(ctx, now.AddDate(0, 0, -days), sweepBatch)
		if err != nil || len(ids) == 0 {
			return cases, err
		}
		for _, id := range ids {
			taken, err := e.intake(ctx, func(ctx context.Context, in *intake) error { return in.age(ctx, id) })
			if err != nil {
				return cases, err
			}
			cases += taken.Cases
		}
	}
}

func (in *intake) age(ctx context.Context, id string) error {
	stored, err := in.tx.Ticket(ctx, id)
	if err != nil {
		return err
	}
	r := &stored
	trigger, fires := recognition.LongUnresolved(r.Ticket, in.policy, in.now)
	if r.CaseID == "" && fires {
		spent, err := in.spentOn(ctx, r.Matter)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(recognition.Items(trigger), func(i string) bool { return !spent[i] }) {
			same, err := in.know(ctx, []*store.TicketRow{r})
			if err != nil {
				return err
			}
			if err := in.settle(ctx, finding{row: r, same: same[r.Matter], triggers: []casework.Trigger{trigger}}); err != nil {
				return err
			}
		}
	}
	return in.tx.StopAging(ctx, id)
}
