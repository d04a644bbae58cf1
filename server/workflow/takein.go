package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// Taken counts what became of tickets.
type Taken struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Cases     int `json:"cases"` // new cases
}

// Add sums two counts.
func (t *Taken) Add(o Taken) {
	t.Created += o.Created
	t.Updated += o.Updated
	t.Unchanged += o.Unchanged
	t.Cases += o.Cases
}

// TakeIn stores a batch of tickets of one source and does what follows: triggers, new cases, tickets attached to open
// ones, ratings. One transaction: all of it or nothing. Taking the same tickets in again changes nothing. noted, when
// given, runs in the same transaction: the importer's own records.
func (e *Engine) TakeIn(ctx context.Context, batch []ticket.Ticket, noted func(context.Context, *store.Tx) error) (Taken, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Taken{}, err
	}
	var taken Taken
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if taken, err = e.takeIn(ctx, tx, k, batch); err != nil || noted == nil {
			return err
		}
		return noted(ctx, tx)
	})
	return taken, err
}

var errRehearsed = errors.New("workflow: rehearsal ends in a rollback")

// Rehearse runs fn as TakeIn would, over as many batches as fn gives, and takes all of it back at the end.
func (e *Engine) Rehearse(ctx context.Context, fn func(takeIn func([]ticket.Ticket) (Taken, error)) error) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := fn(func(batch []ticket.Ticket) (Taken, error) { return e.takeIn(ctx, tx, k, batch) }); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// intake is one batch being taken in.
type intake struct {
	*writer
	e       *Engine
	cases   map[string]store.LoadedCase // as of the last save in this batch
	matters map[string]string           // matter → case
	batch   map[string]store.TicketRow  // by order number
	taken   Taken
}

func (e *Engine) takeIn(ctx context.Context, tx *store.Tx, k *Knowledge, batch []ticket.Ticket) (Taken, error) {
	in := &intake{
		writer: &writer{tx: tx, k: k, now: e.Now(k)}, e: e,
		cases: map[string]store.LoadedCase{}, matters: map[string]string{}, batch: map[string]store.TicketRow{},
	}
	rows, err := in.keep(ctx, batch)
	if err != nil {
		return Taken{}, err
	}
	if err := in.recognise(ctx, rows); err != nil {
		return Taken{}, err
	}
	return in.taken, nil
}

// keep stores what is new or changed and gives those rows, oldest first.
func (in *intake) keep(ctx context.Context, batch []ticket.Ticket) ([]store.TicketRow, error) {
	bySource := map[ticket.Source][]string{}
	for _, t := range batch {
		bySource[t.Source] = append(bySource[t.Source], t.OrderNo)
	}
	known := map[ticket.Source]map[string]store.TicketKey{}
	for source, orders := range bySource {
		found, err := in.tx.TicketKeys(ctx, source, orders)
		if err != nil {
			return nil, err
		}
		known[source] = found
	}
	var rows, fresh []store.TicketRow
	for _, t := range batch {
		key, have := known[t.Source][t.OrderNo]
		if have && key.Fingerprint == t.Fingerprint {
			in.taken.Unchanged++
			continue
		}
		t.ID = key.ID
		if !have {
			t.ID = newID()
		}
		r := store.TicketRow{Ticket: t, Requester: in.e.requesterOf(t.Requester.Phone), CaseID: key.CaseID, CreatedAt: in.now, UpdatedAt: in.now}
		in.batch[t.OrderNo] = r
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b store.TicketRow) int {
		return cmp.Or(a.Ticket.AcceptedAt.Compare(b.Ticket.AcceptedAt), cmp.Compare(a.Ticket.OrderNo, b.Ticket.OrderNo))
	})
	for i := range rows {
		matter, err := in.matter(ctx, rows[i].Ticket)
		if err != nil {
			return nil, err
		}
		rows[i].Matter = matter
		in.batch[rows[i].Ticket.OrderNo] = rows[i]
		if _, have := known[rows[i].Ticket.Source][rows[i].Ticket.OrderNo]; !have {
			in.taken.Created++
			fresh = append(fresh, rows[i])
			continue
		}
		in.taken.Updated++
		if err := in.tx.UpdateTicket(ctx, rows[i]); err != nil {
			return nil, err
		}
	}
	return rows, in.tx.InsertTickets(ctx, fresh)
}

// matter is the key of what the ticket is about: that of the earlier order it names, when we have it, else by the
// matcher.
func (in *intake) matter(ctx context.Context, t ticket.Ticket) (string, error) {
	for _, no := range linkedOrders(t) {
		if no == t.OrderNo {
			continue
		}
		if r, ok := in.batch[no]; ok && r.Matter != "" {
			return r.Matter, nil
		}
		r, err := in.tx.TicketByOrder(ctx, t.Source, no)
		if err == nil {
			return r.Matter, nil
		}
		if !errors.Is(err, store.ErrNoTicket) {
			return "", err
		}
	}
	return in.e.matcher.Matter(t), nil
}

func linkedOrders(t ticket.Ticket) []string {
	var out []string
	if t.RepeatOf != "" {
		out = append(out, t.RepeatOf)
	}
	for _, l := range t.Links {
		if !slices.Contains(out, l.OrderNo) {
			out = append(out, l.OrderNo)
		}
	}
	return out
}

// recognise evaluates the triggers of each row and does what follows, oldest first.
func (in *intake) recognise(ctx context.Context, rows []store.TicketRow) error {
	policy := in.k.PolicyAt(in.now).Triggers
	if len(rows) == 0 {
		return nil
	}
	// What is known of the batch's matters is read at once, over all the time its tickets span.
	from, _ := recognition.Window(rows[0].Ticket.AcceptedAt, policy)
	_, to := recognition.Window(rows[len(rows)-1].Ticket.AcceptedAt, policy)
	var matters []string
	for _, r := range rows {
		if _, listed := in.matters[r.Matter]; !listed {
			in.matters[r.Matter] = ""
			matters = append(matters, r.Matter)
		}
	}
	same, err := in.tx.MatterTickets(ctx, matters, from, to)
	if err != nil {
		return err
	}
	cases, err := in.tx.MatterCases(ctx, matters)
	if err != nil {
		return err
	}
	maps.Copy(in.matters, cases)
	for _, r := range rows {
		if err := in.one(ctx, r, around(same[r.Matter], r.Ticket.AcceptedAt, policy), policy); err != nil {
			return fmt.Errorf("ticket %s: %w", r.Ticket.OrderNo, err)
		}
	}
	return nil
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

func (in *intake) one(ctx context.Context, r store.TicketRow, same []store.MatterTicket, policy casework.Triggers) error {
	input := recognition.Input{Ticket: r.Ticket, Requester: r.Requester, Policy: policy, Now: in.now}
	for _, s := range same {
		input.Same = append(input.Same, recognition.Fact{TicketID: s.ID, OrderNo: s.OrderNo, Requester: s.Requester, AcceptedAt: s.AcceptedAt})
	}
	chain, err := in.chain(ctx, r.Ticket)
	if err != nil {
		return err
	}
	input.Chain = chain
	triggers := recognition.Evaluate(input)
	if len(triggers) > 0 {
		// Only now is it worth asking what has already counted.
		if input.Spent, err = in.tx.SpentEvidence(ctx, r.Matter); err != nil {
			return err
		}
		if len(input.Spent) > 0 {
			triggers = recognition.Evaluate(input)
		}
		for i := range triggers {
			triggers[i].At = in.now
		}
	}
	existing, ok, err := in.caseOf(ctx, r)
	if err != nil {
		return err
	}
	if !ok {
		if len(triggers) == 0 {
			return nil
		}
		return in.open(ctx, r, same, triggers, input.Spent, "")
	}
	switch existing.Case.Status {
	case casework.Rejected, casework.Closed:
		if len(triggers) == 0 {
			return nil
		}
		return in.open(ctx, r, same, triggers, input.Spent, existing.Case.ID)
	}
	return in.join(ctx, existing, r, triggers, input.Spent)
}

// chain gives the earlier orders that a ticket was reassigned from, nearest first.
func (in *intake) chain(ctx context.Context, t ticket.Ticket) ([]ticket.Ticket, error) {
	const most = 10 // longer chains say nothing more
	var out []ticket.Ticket
	seen := map[string]bool{t.OrderNo: true}
	for queue := linkedOrders(t); len(queue) > 0 && len(out) < most; queue = queue[1:] {
		no := queue[0]
		if seen[no] {
			continue
		}
		seen[no] = true
		r, ok := in.batch[no]
		if !ok {
			var err error
			if r, err = in.tx.TicketByOrder(ctx, t.Source, no); errors.Is(err, store.ErrNoTicket) {
				continue
			} else if err != nil {
				return nil, err
			}
		}
		out = append(out, r.Ticket)
		queue = append(queue, linkedOrders(r.Ticket)...)
	}
	return out, nil
}

// caseOf finds the case a ticket belongs to: the one it is in, or the one its matter is in; a merged one's target.
func (in *intake) caseOf(ctx context.Context, r store.TicketRow) (store.LoadedCase, bool, error) {
	id := r.CaseID
	if id == "" {
		if known, ok := in.matters[r.Matter]; ok {
			id = known
		} else {
			found, err := in.tx.MatterCases(ctx, []string{r.Matter})
			if err != nil {
				return store.LoadedCase{}, false, err
			}
			id = found[r.Matter]
			in.matters[r.Matter] = id
		}
	}
	for range 10 { // a chain of merges ends
		if id == "" {
			return store.LoadedCase{}, false, nil
		}
		l, ok := in.cases[id]
		if !ok {
			var err error
			if l, err = in.tx.Case(ctx, id); err != nil {
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

// open makes a new case of a ticket and of those about the same matter that stand behind its triggers.
func (in *intake) open(ctx context.Context, r store.TicketRow, same []store.MatterTicket, triggers []casework.Trigger, spent map[string]bool, linked string) error {
	t := r.Ticket
	o := in.k.Organisation
	report := casework.Report{
		Title: recognition.Title(t), Facts: facts(t), Place: ticket.MaskAddress(t.Address), Triggers: triggers, Tier: recognition.SuggestedTier(triggers),
		LinkedCase: linked, Topic: t.Category[0],
	}
	if report.Place == "" {
		report.Place = t.Community
	}
	if c, ok := o.CommunityByName(t.Community); ok {
		report.CommunityID, report.GridID = c.ID, c.GridID
	}
	report.Tickets = []casework.TicketRef{ref(r)}
	tickets := []string{t.ID}
	behind := map[string]bool{}
	for _, tr := range triggers {
		for _, ev := range tr.Evidence {
			behind[ev.TicketID] = true
		}
	}
	for _, s := range same {
		if s.ID == t.ID || !behind[s.ID] || s.CaseID != "" && s.CaseID != linked {
			continue
		}
		report.Tickets = append(report.Tickets, casework.TicketRef{
			ID: s.ID, Source: t.Source, OrderNo: s.OrderNo, Requester: s.Requester, AcceptedAt: s.AcceptedAt,
		})
		tickets = append(tickets, s.ID)
	}
	var cmd casework.Command = casework.Register{Report: report}
	if !slices.ContainsFunc(triggers, func(tr casework.Trigger) bool { return tr.Kind.Registers() }) {
		if len([]rune(report.Place)) < 2 {
			report.Place = "地点待核实"
		}
		cmd = report
	}
	d, err := in.create(ctx, casework.SystemActor(), cmd)
	if err != nil {
		return err
	}
	in.taken.Cases++
	in.matters[r.Matter] = d.Case.ID
	delete(in.cases, d.Case.ID) // read when it is met again
	if err := in.tx.SetMatterCase(ctx, r.Matter, d.Case.ID); err != nil {
		return err
	}
	if err := in.tx.SetTicketCase(ctx, d.Case.ID, tickets...); err != nil {
		return err
	}
	return in.spend(ctx, r.Matter, d.Case.ID, triggers, spent)
}

// facts is what a case starts with: the ticket's own words, within what a case keeps.
func facts(t ticket.Ticket) string {
	text := t.Content
	if text == "" {
		text = t.Title
	}
	text = ticket.MaskText(text)
	if r := []rune(text); len(r) > 4000 {
		text = string(r[:4000]) + "……"
	}
	if len([]rune(text)) < 2 {
		text = "见工单 " + t.OrderNo
	}
	return text
}

// spend notes that the triggers' evidence has counted, so that it never fires again for this matter.
func (in *intake) spend(ctx context.Context, matter, caseID string, triggers []casework.Trigger, spent map[string]bool) error {
	var items []string
	for _, tr := range triggers {
		for _, i := range recognition.Items(tr) {
			if !spent[i] && !slices.Contains(items, i) {
				items = append(items, i)
			}
		}
	}
	return in.tx.SpendEvidence(ctx, matter, caseID, items)
}

// join brings a ticket and its triggers to the case its matter is in (domain §2, last paragraph).
func (in *intake) join(ctx context.Context, l store.LoadedCase, r store.TicketRow, triggers []casework.Trigger, spent map[string]bool) error {
	system := casework.SystemActor()
	do := func(cmd casework.Command) error {
		next, err := in.decide(ctx, l, system, cmd)
		l = next
		in.cases[l.Case.ID] = l
		var refused *refusal
		if errors.As(err, &refused) {
			return refused.cause
		}
		return err
	}
	var counted []casework.Trigger
	if l.Case.Status == casework.Reported || l.Case.Status.Open() {
		for _, tr := range triggers {
			if err := do(casework.AddEvidence{Trigger: tr}); err != nil {
				return err
			}
		}
		counted = triggers
	}
	_, attached := l.Case.Tickets[r.Ticket.ID]
	if !attached && (l.Case.Status.Open() || l.Case.Status == casework.Resolved && r.Ticket.AcceptedAt.After(l.Case.ResolvedAt)) {
		if err := do(casework.Attach{Ticket: ref(r)}); err != nil {
			return err
		}
		attached = true
	}
	if attached && l.Case.Status == casework.Resolved {
		for _, tr := range triggers {
			if tr.Kind != casework.ByDissatisfied {
				continue
			}
			if err := do(casework.Rate{TicketID: r.Ticket.ID, Rating: casework.Dissatisfied, Words: "12345 回访不满意"}); err != nil {
				return err
			}
			counted = append(counted, tr)
		}
	}
	if attached && r.CaseID != l.Case.ID {
		if err := in.tx.SetTicketCase(ctx, l.Case.ID, r.Ticket.ID); err != nil {
			return err
		}
	}
	return in.spend(ctx, r.Matter, l.Case.ID, counted, spent)
}

// Age proposes tickets that have waited longer than the policy's days, in no case, as reported cases (domain §2,
// long_unresolved). It gives the number of new cases.
func (e *Engine) Age(ctx context.Context) (cases int, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return 0, err
	}
	now := e.Now(k)
	policy := k.PolicyAt(now).Triggers
	if policy.LongUnresolvedDays <= 0 {
		return 0, nil
	}
	for {
		ids, err := e.db.AgingTickets(ctx, now.AddDate(0, 0, -policy.LongUnresolvedDays), sweepBatch)
		if err != nil || len(ids) == 0 {
			return cases, err
		}
		for _, id := range ids {
			n := 0
			if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				n = 0
				return e.age(ctx, tx, k, now, id, policy, &n)
			}); err != nil {
				return cases, err
			}
			cases += n
		}
	}
}

func (e *Engine) age(ctx context.Context, tx *store.Tx, k *Knowledge, now time.Time, id string, policy casework.Triggers, cases *int) error {
	r, err := tx.Ticket(ctx, id)
	if err != nil {
		return err
	}
	trigger, fires := recognition.LongUnresolved(r.Ticket, policy, now)
	if r.CaseID != "" || !fires {
		return tx.StopAging(ctx, id)
	}
	in := &intake{
		writer: &writer{tx: tx, k: k, now: now}, e: e,
		cases: map[string]store.LoadedCase{}, matters: map[string]string{}, batch: map[string]store.TicketRow{},
	}
	spent, err := tx.SpentEvidence(ctx, r.Matter)
	if err != nil {
		return err
	}
	triggers := []casework.Trigger{trigger}
	if !slices.ContainsFunc(recognition.Items(trigger), func(i string) bool { return !spent[i] }) {
		return tx.StopAging(ctx, id)
	}
	existing, ok, err := in.caseOf(ctx, r)
	if err != nil {
		return err
	}
	if ok && existing.Case.Status != casework.Rejected && existing.Case.Status != casework.Closed {
		err = in.join(ctx, existing, r, triggers, spent)
	} else {
		err = in.open(ctx, r, nil, triggers, spent, existing.Case.ID)
	}
	*cases = in.taken.Cases
	if err != nil {
		return err
	}
	return tx.StopAging(ctx, id)
}
