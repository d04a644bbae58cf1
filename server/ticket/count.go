package ticket

import (
	"cmp"
	"strconv"
)

// Reassigned is how often the ticket was handed out again, and on what that rests: the column or the text, whichever
// shows more (domain §2). The evidence holds both. Chains over several tickets need them at hand: see ChainLength.
func Reassigned(t Ticket) (n int, evidence []Reassignment) {
	if t.ReassignedColumn > 0 {
		n = t.ReassignedColumn
		evidence = append(evidence, Reassignment{
			Count: n, From: fromColumn(FieldReassigned), Quote: cmp.Or(columnQuote(t, FieldReassigned), strconv.Itoa(n)), Department: t.Department,
		})
	}
	return max(n, textCount(t.Reassignments)), append(evidence, t.Reassignments...)
}

// textCount counts what the text shows: distinct tickets handed out before, or a number it states, whichever is more.
// Tags without a number repeat each other and count once.
func textCount(rs []Reassignment) int {
	orders, states := 0, 0
	seen := map[string]bool{}
	for _, r := range rs {
		if r.OrderNo != "" && !seen[r.OrderNo] {
			seen[r.OrderNo] = true
			orders++
		}
		states = max(states, r.Count)
	}
	return max(orders, states)
}

// columnQuote is the cell a column's evidence rests on; "" under a header that only an import profile knows.
func columnQuote(t Ticket, f Field) string {
	for _, c := range t.Raw {
		if got, _ := lookup(headerKey(c.Header)); got == f {
			return c.Text
		}
	}
	return ""
}

// ChainLength is Reassigned followed through the tickets this one was handed out again from: each step adds one to what
// the ticket before shows. lookup finds a ticket by its order number. At most most steps are followed and no ticket is
// visited twice, so that links in a circle end. The evidence is that of the longest chain, this ticket's own first.
func ChainLength(t Ticket, lookup func(orderNo string) (Ticket, bool), most int) (n int, evidence []Reassignment) {
	seen := map[string]bool{t.OrderNo: true}
	return chainLength(t, lookup, most, seen)
}

// maxVisits bounds the look-ups of one chain: links can branch.
const maxVisits = 100

func chainLength(t Ticket, lookup func(string) (Ticket, bool), most int, seen map[string]bool) (int, []Reassignment) {
	n, evidence := Reassigned(t)
	if most <= 0 {
		return n, evidence
	}
	longest, rest := 0, []Reassignment(nil)
	for _, l := range t.Links {
		if l.Kind != LinkReassigned || seen[l.OrderNo] || len(seen) > maxVisits {
			continue
		}
		seen[l.OrderNo] = true
		before, ok := lookup(l.OrderNo)
		if !ok {
			continue
		}
		if m, ev := chainLength(before, lookup, most-1, seen); 1+m > longest {
			longest, rest = 1+m, ev
		}
	}
	if longest <= n {
		return n, evidence
	}
	return longest, append(evidence, rest...)
}

// Unaccepted is how many distinct departments the ticket passed without one accepting, their names in order, and on
// what that rests. A text that only states a number (经3个部门流转仍未接单) counts as that many, unnamed.
func Unaccepted(t Ticket) (n int, departments []string, evidence []Hop) {
	seen := map[string]bool{}
	states := 0
	for _, h := range t.Hops {
		if h.Department == "" {
			states = max(states, h.Count)
			continue
		}
		if k := DepartmentKey(h.Department); !seen[k] {
			seen[k] = true
			departments = append(departments, h.Department)
		}
	}
	return max(len(departments), states), departments, t.Hops
}
