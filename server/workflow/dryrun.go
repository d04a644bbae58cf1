package workflow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// A dry run looks at the tickets of a window as intake does, once with the thresholds that rule and once with others, and
// counts the matters on which each rule fires: a matter is one case, as long as nobody ends it. So the figures for the
// thresholds that rule are what importing these tickets into an empty library makes of them; what people did to the cases
// afterwards (merging, rejecting, reopening) is left aside. Tickets outside the window do not count with those inside.
//
// long_unresolved counts matters that nothing else brings in: of a ticket that was open to our knowledge when its days were
// over. Nothing is written, and no more is kept than one batch and what fires.

// DryRunResult is what other thresholds would have made of a window's tickets.
type DryRunResult struct {
	From    workday.Date      `json:"from"`
	To      workday.Date      `json:"to"`
	Tickets int               `json:"tickets" doc:"统计了多少件工单"`
	At      time.Time         `json:"at" doc:"何时试算"`
	Present casework.Triggers `json:"present" doc:"现行标准"`
	Changed casework.Triggers `json:"changed" doc:"拟改标准"`
	Rules   []DryRunRule      `json:"rules" doc:"逐条规则：触发的难事数"`
	// Registered and Proposed are cases as wholes: one that registers may rest on several rules.
	Registered DryRunCount `json:"registered" doc:"自动入库的难事"`
	Proposed   DryRunCount `json:"proposed" doc:"只作提请、待城运中心审核的难事"`
}

// DryRunCount is a number of cases with both sets of thresholds.
type DryRunCount struct {
	Present int    `json:"present"`
	Changed int    `json:"changed"`
	Text    string `json:"text" doc:"如：自动入库 多 12 件（30 → 42）"`
}

// DryRunRule is what one rule would have done.
type DryRunRule struct {
	Kind  casework.TriggerKind `json:"kind" enum:"unaccepted,reassigned,dissatisfied,burst,hot_topic,cross,long_unresolved"`
	Label string               `json:"label"`
	DryRunCount
	Gained []DryRunExample `json:"gained,omitempty" doc:"拟改后才触发的，最多 50 件"`
	Lost   []DryRunExample `json:"lost,omitempty" doc:"拟改后不再触发的，最多 50 件"`
}

// DryRunExample is a ticket of a matter on which a rule fires with one set of thresholds alone.
type DryRunExample struct {
	TicketID string `json:"ticket_id"`
	OrderNo  string `json:"order_no"`
	CaseID   string `json:"case_id,omitempty" doc:"现在在哪件难事里"`
}

// Counts is the result without examples, for who sees no cases.
func (r DryRunResult) Counts() DryRunResult {
	r.Rules = slices.Clone(r.Rules)
	for i := range r.Rules {
		r.Rules[i].Gained, r.Rules[i].Lost = nil, nil
	}
	return r
}

const (
	dryRunDays     = 90  // the window when none is asked for, today included
	maxDryRunDays  = 366 // a year
	dryRunExamples = 50
	dryRunBatch    = 500
)

// dryRunKinds are the rules in the order they are told.
var dryRunKinds = []casework.TriggerKind{
	casework.ByUnaccepted, casework.ByReassigned, casework.ByDissatisfied, casework.ByBurst, casework.ByHotTopic, casework.ByCross, casework.ByLongUnresolved,
}

// DryRunWindow gives the window that a dry run looks at: the last 90 days where nothing is asked for.
func (e *Engine) DryRunWindow(ctx context.Context, from, to workday.Date) (workday.Date, workday.Date, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return from, to, err
	}
	if to.IsZero() {
		to = workday.DateOf(e.Now(k))
	}
	if from.IsZero() {
		from = to.AddDays(1 - dryRunDays)
	}
	if to.Before(from) || !to.Before(from.AddDays(maxDryRunDays)) {
		return from, to, apperr.New(apperr.InvalidArgument, "policy.window", "最后一天要不早于第一天，一次最多统计 %d 天。", maxDryRunDays)
	}
	return from, to, nil
}

// DryRun says what the thresholds given would have made of the tickets accepted within [from, to].
func (e *Engine) DryRun(ctx context.Context, changed casework.Triggers, from, to workday.Date) (DryRunResult, error) {
	from, to, err := e.DryRunWindow(ctx, from, to)
	if err != nil {
		return DryRunResult{}, err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return DryRunResult{}, err
	}
	now := e.Now(k)
	p := k.PolicyAt(now)
	present := p.Triggers
	p.Triggers = changed
	for _, problem := range p.Check() {
		return DryRunResult{}, apperr.New(apperr.InvalidArgument, "policy.invalid", "%s。", problem.Message)
	}
	d := &dryRun{
		e: e, k: k, now: now, policies: [2]casework.Triggers{present, changed}, from: from.At(0), to: to.AddDays(1).At(0).Add(-time.Millisecond), fired: map[string]*firing{},
	}
	if err := d.run(ctx); err != nil {
		return DryRunResult{}, err
	}
	r := DryRunResult{From: from, To: to, Tickets: d.tickets, At: now, Present: present, Changed: changed}
	d.tell(&r)
	return r, nil
}

// dryRun is one dry run under way.
type dryRun struct {
	e        *Engine
	k        *Knowledge
	now      time.Time
	policies [2]casework.Triggers // present, changed
	from, to time.Time
	tickets  int
	fired    map[string]*firing // by matter
	order    []*firing          // as first met
}

// firing is what fires on one matter: a bit per rule, with both sets of thresholds.
type firing struct {
	kinds   [2]uint16
	example DryRunExample
}

func kindBit(kind casework.TriggerKind) uint16 { return 1 << slices.Index(dryRunKinds, kind) }

func (d *dryRun) run(ctx context.Context) error {
	var last store.TicketRow
	for {
		rows, err := d.e.db.TicketsBetween(ctx, d.from, d.to, last.Ticket.AcceptedAt, last.Ticket.ID, dryRunBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.batch(ctx, rows); err != nil {
			return err
		}
		last = rows[len(rows)-1]
	}
}

func (d *dryRun) batch(ctx context.Context, rows []store.TicketRow) error {
	same, err := d.same(ctx, rows)
	if err != nil {
		return err
	}
	named, err := d.named(ctx, rows)
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		chain, err := chainOf(r.Ticket, func(k orderKey) (*store.TicketRow, error) { return named[k], nil })
		if err != nil {
			return err
		}
		var crossings []recognition.Crossing
		if d.policies[0].Cross || d.policies[1].Cross {
			crossings = d.k.crossings(r.Ticket)
		}
		for side, policy := range d.policies {
			for _, t := range recognition.Evaluate(judged(r, around(same[r.Matter], r.Ticket.AcceptedAt, policy), chain, crossings, policy, d.now)) {
				d.fire(r, side, t.Kind)
			}
			if d.waited(r, policy.LongUnresolvedDays) {
				d.fire(r, side, casework.ByLongUnresolved)
			}
		}
	}
	d.tickets += len(rows)
	return nil
}

// same reads the tickets that count with the rows: within the window, and within the wider of both policies' days.
func (d *dryRun) same(ctx context.Context, rows []store.TicketRow) (map[string][]store.MatterTicket, error) {
	var spans []store.MatterSpan
	at := map[string]int{}
	for _, r := range rows {
		from, to := d.to, d.from
		for _, p := range d.policies {
			f, t := recognition.Window(r.Ticket.AcceptedAt, p)
			if f.Before(from) {
				from = f
			}
			if t.After(to) {
				to = t
			}
		}
		if from.Before(d.from) {
			from = d.from
		}
		if to.After(d.to) {
			to = d.to
		}
		if i, listed := at[r.Matter]; listed { // one span per matter: the rows are near in time
			spans[i].To = to
			continue
		}
		at[r.Matter] = len(spans)
		spans = append(spans, store.MatterSpan{Matter: r.Matter, From: from, To: to})
	}
	return d.e.db.MatterTickets(ctx, spans)
}

// named loads the orders that rows name, those that these name, and so on.
func (d *dryRun) named(ctx context.Context, rows []store.TicketRow) (map[orderKey]*store.TicketRow, error) {
	found := map[orderKey]*store.TicketRow{}
	for range longestChain {
		wanted := map[ticket.Source][]string{}
		for _, r := range rows {
			for _, no := range linkedOrders(r.Ticket) {
				k := orderKey{r.Ticket.Source, no}
				if _, asked := found[k]; !asked {
					found[k] = nil
					wanted[k.source] = append(wanted[k.source], no)
				}
			}
		}
		rows = nil
		for source, orders := range wanted {
			more, err := d.e.db.TicketsByOrder(ctx, source, orders)
			if err != nil {
				return nil, err
			}
			for i := range more {
				found[keyOf(more[i].Ticket)] = &more[i]
			}
			rows = append(rows, more...)
		}
		if len(rows) == 0 {
			break
		}
	}
	return found, nil
}

// waited tells whether a ticket would have been proposed as long unresolved: when its days were over, or when it came in
// later than that, it was open to our knowledge.
func (d *dryRun) waited(r *store.TicketRow, days int) bool {
	if days <= 0 || r.Ticket.AcceptedAt.IsZero() || r.MatterBy == store.ByApart {
		return false
	}
	at := r.Ticket.AcceptedAt.AddDate(0, 0, days)
	if r.CreatedAt.After(at) {
		at = r.CreatedAt
	}
	if closed := r.Ticket.ClosedAt; closed != nil {
		return at.Before(*closed)
	}
	return r.Ticket.Open() && !at.After(d.now)
}

func (d *dryRun) fire(r *store.TicketRow, side int, kind casework.TriggerKind) {
	f := d.fired[r.Matter]
	if f == nil {
		f = &firing{example: DryRunExample{TicketID: r.Ticket.ID, OrderNo: r.Ticket.OrderNo, CaseID: r.CaseID}}
		d.fired[r.Matter] = f
		d.order = append(d.order, f)
	}
	f.kinds[side] |= kindBit(kind)
}

// tell counts what fired.
func (d *dryRun) tell(r *DryRunResult) {
	registers, long := uint16(0), kindBit(casework.ByLongUnresolved)
	for _, kind := range dryRunKinds {
		if kind.Registers() {
			registers |= kindBit(kind)
		}
	}
	for _, f := range d.order {
		for side := range f.kinds {
			if f.kinds[side] != long {
				f.kinds[side] &^= long
			}
		}
		r.Registered.add(f.kinds[0]&registers != 0, f.kinds[1]&registers != 0)
		r.Proposed.add(f.kinds[0] != 0 && f.kinds[0]&registers == 0, f.kinds[1] != 0 && f.kinds[1]&registers == 0)
	}
	for _, kind := range dryRunKinds {
		rule := DryRunRule{Kind: kind, Label: kind.Label()}
		bit := kindBit(kind)
		for _, f := range d.order {
			was, is := f.kinds[0]&bit != 0, f.kinds[1]&bit != 0
			rule.add(was, is)
			if is && !was && len(rule.Gained) < dryRunExamples {
				rule.Gained = append(rule.Gained, f.example)
			}
			if was && !is && len(rule.Lost) < dryRunExamples {
				rule.Lost = append(rule.Lost, f.example)
			}
		}
		rule.Text = rule.words(rule.Label, r.Present.Words(kind), r.Changed.Words(kind))
		r.Rules = append(r.Rules, rule)
	}
	r.Registered.Text = r.Registered.words("自动入库", "", "")
	r.Proposed.Text = r.Proposed.words("提请入库", "", "")
}

func (c *DryRunCount) add(present, changed bool) {
	if present {
		c.Present++
	}
	if changed {
		c.Changed++
	}
}

// words says the difference: “当日集中来电 由 5 件改为 4 件：多 12 件（30 → 42）”.
func (c DryRunCount) words(name, present, changed string) string {
	text := name
	switch {
	case present != changed:
		text += " 由 " + present + "改为 " + changed
	case present != "":
		text += " " + present
	}
	switch n := c.Changed - c.Present; {
	case n > 0:
		return text + fmt.Sprintf("：多 %d 件（%d → %d）", n, c.Present, c.Changed)
	case n < 0:
		return text + fmt.Sprintf("：少 %d 件（%d → %d）", -n, c.Present, c.Changed)
	}
	return text + fmt.Sprintf("：不变（%d 件）", c.Present)
}
