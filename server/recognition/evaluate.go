package recognition

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// Fact is one ticket about the matter, as counting needs it.
type Fact struct {
	TicketID, OrderNo string
	Requester         string // key of who asks; "" when the source does not say
	AcceptedAt        time.Time
}

// key identifies the ticket in evidence.
func (f Fact) key() string { return cmp.Or(f.TicketID, f.OrderNo) }

// Input is a ticket with all that the rules of domain §2 look at.
type Input struct {
	Ticket    ticket.Ticket
	Requester string // key of who asks; may be ""
	// Same are the tickets about the same matter within Window, this one included, in any order.
	Same []Fact
	// Chain are earlier tickets, nearest first; of these the ones count that links of kind reassigned lead to.
	Chain []ticket.Ticket
	// Crossings are what its words tell of 三跨 beside what marks it so.
	Crossings []Crossing
	Spent     map[string]bool // items (see Items) that have counted for this matter
	Policy    casework.Triggers
	Now       time.Time
}

// Evaluate gives the triggers of policy 二.1 that fire on a ticket, by the table of domain §2 and in its order, so that
// those that register come before those that propose. Each rests on at least one item that has not counted yet.
// long_unresolved is LongUnresolved; manual is a person's.
//
// Every day and window of Same is looked at, not only the ticket's own: imports come in any order.
func Evaluate(in Input) []casework.Trigger {
	e := evaluation{Input: &in, facts: in.facts()}
	var found []casework.Trigger
	for _, rule := range rules {
		if t, fires := rule(e); fires {
			t.At = in.Now
			found = append(found, t)
		}
	}
	return found
}

var rules = []func(evaluation) (casework.Trigger, bool){
	evaluation.unaccepted, evaluation.reassigned, evaluation.dissatisfied, evaluation.burst, evaluation.hotTopic, evaluation.cross,
}

// SuggestedTier is the tier that triggers suggest: II for what no department accepted (domain §2), else none.
func SuggestedTier(triggers []casework.Trigger) casework.Tier {
	for _, t := range triggers {
		if t.Kind == casework.ByUnaccepted {
			return casework.TierII
		}
	}
	return ""
}

// Window is the time around a ticket in which others about its matter can make a rule fire: whole days, both ends
// included.
func Window(acceptedAt time.Time, p casework.Triggers) (from, to time.Time) {
	days := 1
	if p.HotTickets > 0 {
		days = max(days, p.HotDays)
	}
	on := workday.DateOf(acceptedAt)
	return on.AddDays(1 - days).At(0), on.AddDays(days).At(0).Add(-time.Millisecond)
}

// evaluation is one look at a ticket.
type evaluation struct {
	*Input
	facts []Fact
}

// facts are the tickets about the matter, each once, oldest first; nil when they are too few for any rule.
func (in *Input) facts() []Fact {
	need := 0
	for _, n := range []int{in.Policy.BurstTickets, in.Policy.HotTickets} {
		if n > 0 && (need == 0 || n < need) {
			need = n
		}
	}
	if need == 0 || len(in.Same)+1 < need {
		return nil
	}
	own := Fact{in.Ticket.ID, in.Ticket.OrderNo, in.Requester, in.Ticket.AcceptedAt}
	all := append(make([]Fact, 0, len(in.Same)+1), in.Same...)
	among := false
	for i := range all {
		if all[i].key() == own.key() {
			among = true
			all[i].Requester = cmp.Or(all[i].Requester, own.Requester)
		}
	}
	if !among {
		all = append(all, own)
	}
	slices.SortFunc(all, func(a, b Fact) int {
		return cmp.Or(a.AcceptedAt.Compare(b.AcceptedAt), cmp.Compare(a.key(), b.key()),
			cmp.Compare(a.OrderNo, b.OrderNo), cmp.Compare(a.Requester, b.Requester))
	})
	seen := make(map[string]bool, len(all))
	return slices.DeleteFunc(all, func(f Fact) bool {
		k := f.key()
		if k == "" || f.AcceptedAt.IsZero() || seen[k] {
			return true
		}
		seen[k] = true
		return false
	})
}

// dissatisfied fires on a ticket rated 不满意 by 12345's call-back; our own ratings are casework's. An order that was
// dealt with again is rated again: a rating of a later day than any that has counted is new.
func (e evaluation) dissatisfied() (casework.Trigger, bool) {
	t := &e.Ticket
	if !e.Policy.Dissatisfied || t.Satisfaction != ticket.Dissatisfied {
		return casework.Trigger{}, false
	}
	at := RatedAt(*t)
	own := id(t) + ratedMark
	on := workday.DateOf(at).String() // sources differ in whether they tell the time of day
	from, said := fromRating, t.Feedback
	if f, listed := t.FactOf(ticket.ListDissatisfied); listed && !at.After(f.At.Add(24*time.Hour)) {
		from, said = f.From(), cmp.Or(f.Reason, said)
	}
	trigger, _ := e.trigger(casework.ByDissatisfied, "工单"+name(t)+"回访评价为不满意", []casework.Evidence{{
		Key: own + on, TicketID: t.ID, OrderNo: t.OrderNo, From: from, Quote: quote(t, cmp.Or(said, "不满意")), At: at,
	}})
	for i, yes := range e.Spent {
		if counted, ours := strings.CutPrefix(i, item(casework.ByDissatisfied, own)); yes && ours && counted >= on {
			return casework.Trigger{}, false
		}
	}
	return trigger, true
}

// ratedMark stands between a ticket's number and the day of its rating.
const ratedMark = "不满意@"

// RatedAt is when 12345's call-back can have been at the earliest: the last reply or closing, else the ticket's own time.
func RatedAt(t ticket.Ticket) time.Time {
	at := t.AcceptedAt
	for _, later := range []*time.Time{t.ClosedAt, t.RepliedAt} {
		if later != nil && later.After(at) {
			at = *later
		}
	}
	if f, listed := t.FactOf(ticket.ListDissatisfied); listed && f.On != "" && f.At.After(at) {
		at = f.At
	}
	return at
}

// LongUnresolved proposes a ticket that has been open for the policy's days (domain §2 long_unresolved). The caller
// asks once per ticket: what has counted is not looked at.
func LongUnresolved(t ticket.Ticket, p casework.Triggers, now time.Time) (casework.Trigger, bool) {
	n := p.LongUnresolvedDays
	// The same instant by which a caller selects: a ticket it finds must fire.
	if n <= 0 || !t.Open() || t.AcceptedAt.IsZero() || t.AcceptedAt.After(now.AddDate(0, 0, -n)) {
		return casework.Trigger{}, false
	}
	days := max(n, int(now.Sub(t.AcceptedAt)/(24*time.Hour)))
	open := day(workday.DateOf(t.AcceptedAt), now) + "受理，到" + day(workday.DateOf(now), now) + "已满 " + itoa(days) + " 天未办结"
	return casework.Trigger{
		Kind: casework.ByLongUnresolved, At: now, Summary: open + "（标准：" + itoa(n) + " 天）",
		Evidence: []casework.Evidence{{Key: id(&t), TicketID: t.ID, OrderNo: t.OrderNo, From: fromCount, Quote: open, At: t.AcceptedAt}},
	}, true
}

// trigger is a rule over one ticket: it fires when any of its evidence has not counted.
func (e evaluation) trigger(kind casework.TriggerKind, summary string, evidence []casework.Evidence) (casework.Trigger, bool) {
	fresh := slices.ContainsFunc(evidence, func(v casework.Evidence) bool { return !e.spent(kind, v.Key) })
	return casework.Trigger{Kind: kind, Summary: summary, Evidence: evidence}, fresh
}
