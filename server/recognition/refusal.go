package recognition

import (
	"slices"
	"strconv"
	"strings"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// maxCounted bounds how many records stand for things a source only counts: the last ones are listed. A wild number
// in a column makes no list without end, and a higher count is still new.
const maxCounted = 50

// countKey marks the key of the k-th department that a text counts without naming it. hopMark stands between a
// ticket's number and the department: that the same ones left another ticket alone is new evidence.
const (
	countKey = "count:"
	hopMark  = "|"
)

// unaccepted fires on a ticket that N distinct departments did not accept before it came to us (经3个部门流转仍未接单).
// One record is one department. Departments of earlier tickets do not count: those were accepted by somebody.
func (e evaluation) unaccepted() (casework.Trigger, bool) {
	t, need, kind := &e.Ticket, e.Policy.Unaccepted, casework.ByUnaccepted
	if need <= 0 || len(t.Hops) == 0 {
		return casework.Trigger{}, false
	}
	n, _, hops := ticket.Unaccepted(ticket.Ticket{Hops: t.Hops})
	if n < need {
		return casework.Trigger{}, false
	}
	var evidence []casework.Evidence
	var names []string
	var stated ticket.Hop
	record := func(key string, h ticket.Hop) {
		v := casework.Evidence{Key: key, TicketID: t.ID, OrderNo: t.OrderNo, From: h.From, Quote: quote(t, h.Quote), At: t.AcceptedAt}
		if h.At != nil {
			v.At = *h.At
		}
		evidence = append(evidence, v)
	}
	seen := map[string]bool{}
	own := id(t) + hopMark
	for _, h := range hops {
		key := ticket.DepartmentKey(h.Department)
		if h.Department == "" {
			if h.Count > stated.Count {
				stated = h
			}
		} else if !seen[key] {
			seen[key] = true
			names = append(names, h.Department)
			record(own+key, h)
		}
	}
	for k := max(len(names), n-maxCounted) + 1; k <= n; k++ {
		record(own+countKey+itoa(k), stated)
	}

	// More departments must be known of this ticket now than have counted: an unnamed one may be any of those named.
	known, counted, before := len(names), 0, 0
	for i, yes := range e.Spent {
		key, ours := strings.CutPrefix(i, item(kind, own))
		if !yes || !ours {
			continue
		}
		if k, ok := strings.CutPrefix(key, countKey); ok {
			k, _ := strconv.Atoi(k)
			counted = max(counted, k)
			continue
		}
		before++
		if !slices.ContainsFunc(evidence, func(v casework.Evidence) bool { return item(kind, v.Key) == i }) {
			known++
		}
	}
	return casework.Trigger{Kind: kind, Summary: passed(names, n), Evidence: evidence}, max(known, n) > max(before, counted)
}

// passed says which departments a ticket passed.
func passed(names []string, n int) string {
	const most = 5
	shown := make([]string, 0, most)
	for _, d := range names[:min(len(names), most)] {
		shown = append(shown, short(ticket.MaskText(d), 20))
	}
	list := strings.Join(shown, "、")
	switch {
	case len(names) == 0:
		return "经 " + itoa(n) + " 个部门流转未接单"
	case len(shown) < n:
		list += "等"
	}
	return "经" + list + " " + itoa(n) + " 个部门流转未接单"
}

// reassigned fires on a ticket handed out again N times: by its column, its text or the chain of tickets it comes from,
// whichever shows more. One record is one reassignment: the order it came from, or the k-th that is only counted.
func (e evaluation) reassigned() (casework.Trigger, bool) {
	t, need, kind := &e.Ticket, e.Policy.Reassigned, casework.ByReassigned
	if need <= 0 || t.ReassignedColumn <= 0 && len(t.Reassignments) == 0 && len(e.Chain) == 0 {
		return casework.Trigger{}, false
	}
	words, listed := splitListed(t.Reassignments)
	text, list := timesGiven(-1, words), timesGiven(-1, listed)
	own := max(t.ReassignedColumn, text, list)
	n := own
	line := []*ticket.Ticket{t} // this ticket, then those it comes from
	if len(e.Chain) > 0 && len(t.Links) > 0 {
		before := e.earlier()
		n, _ = ticket.ChainLength(light(t), func(orderNo string) (ticket.Ticket, bool) {
			b, ok := before[orderNo]
			if !ok {
				return ticket.Ticket{}, false
			}
			return light(b), true
		}, len(e.Chain))
		line = follow(t, before)
	}
	if n < need {
		return casework.Trigger{}, false
	}
	var evidence []casework.Evidence
	fresh := false
	for _, l := range line {
		count, records := handedOut(l, line)
		if slices.ContainsFunc(records, func(v casework.Evidence) bool { return !e.spent(kind, v.Key) }) && count > e.counted(l) {
			fresh = true
		}
		for _, v := range records {
			if !slices.ContainsFunc(evidence, func(have casework.Evidence) bool { return have.Key == v.Key }) {
				evidence = append(evidence, v)
			}
		}
	}
	var shown []string
	if t.ReassignedColumn > 0 {
		shown = append(shown, "工单列 "+itoa(t.ReassignedColumn)+" 次")
	}
	if text > 0 {
		shown = append(shown, "文中 "+itoa(text)+" 次")
	}
	if list > 0 {
		shown = append(shown, "清单 "+itoa(list)+" 次")
	}
	if n > own {
		shown = append(shown, "连同关联工单共 "+itoa(n)+" 次")
	}
	summary := "重新交办 " + itoa(n) + " 次（" + strings.Join(shown, "，") + "）"
	return casework.Trigger{Kind: kind, Summary: summary, Evidence: evidence}, fresh
}

// splitListed tells what the words of a ticket show from what lists say.
func splitListed(rs []ticket.Reassignment) (words, listed []ticket.Reassignment) {
	for _, r := range rs {
		if strings.HasPrefix(r.From, ticket.FromList) {
			listed = append(listed, r)
		} else {
			words = append(words, r)
		}
	}
	return words, listed
}

// handedOut lists the reassignments that one ticket shows: first the orders it names, then what is only counted beyond
// them.
func handedOut(t *ticket.Ticket, line []*ticket.Ticket) (count int, records []casework.Evidence) {
	orders := map[string]bool{}
	add := func(orderNo, from, words string, v casework.Evidence) {
		if orderNo == "" || orders[orderNo] {
			return
		}
		orders[orderNo] = true
		v.Key, v.OrderNo, v.From, v.Quote = orderNo, orderNo, from, quote(t, words)
		if i := slices.IndexFunc(line, func(b *ticket.Ticket) bool { return b.OrderNo == orderNo }); i >= 0 {
			v.TicketID, v.At = line[i].ID, line[i].AcceptedAt
		}
		records = append(records, v)
	}
	for _, r := range t.Reassignments {
		var v casework.Evidence
		if r.At != nil {
			v.At = *r.At
		}
		add(r.OrderNo, r.From, r.Quote, v)
	}
	for _, l := range t.Links {
		if l.Kind == ticket.LinkReassigned && slices.ContainsFunc(line, func(b *ticket.Ticket) bool { return b.OrderNo == l.OrderNo }) {
			add(l.OrderNo, l.From, l.Quote, casework.Evidence{})
		}
	}
	count = max(timesGiven(t.ReassignedColumn, t.Reassignments), len(orders))
	if count == len(orders) {
		return count, records
	}
	_, all := ticket.Reassigned(*t)
	source := all[0] // that which counts highest: it covers every record made here
	for _, r := range all {
		if r.Count > source.Count {
			source = r
		}
	}
	for k := max(len(orders), count-maxCounted) + 1; k <= count; k++ {
		v := casework.Evidence{
			Key: id(t) + countedMark + itoa(k), TicketID: t.ID, OrderNo: t.OrderNo, From: source.From, Quote: quote(t, source.Quote), At: t.AcceptedAt,
		}
		records = append(records, v)
	}
	return count, records
}

// countedMark stands between a ticket's number and the k of its k-th reassignment. It is the ticket's own: another
// ticket about the matter that was handed out again is new evidence.
const countedMark = "#"

// counted is the highest reassignment of t that has counted without its order being named. Names that come later for
// those are not new.
func (e evaluation) counted(t *ticket.Ticket) int {
	most := 0
	prefix := item(casework.ByReassigned, id(t)+countedMark)
	for i, yes := range e.Spent {
		if k, ours := strings.CutPrefix(i, prefix); yes && ours {
			k, _ := strconv.Atoi(k)
			most = max(most, k)
		}
	}
	return most
}

// timesGiven is ticket.Reassigned without the look at the row that only its quote needs.
func timesGiven(column int, rs []ticket.Reassignment) int {
	n, _ := ticket.Reassigned(ticket.Ticket{ReassignedColumn: column, Reassignments: rs})
	return n
}

// light is what counting a chain needs of a ticket.
func light(t *ticket.Ticket) ticket.Ticket {
	return ticket.Ticket{OrderNo: t.OrderNo, ReassignedColumn: t.ReassignedColumn, Reassignments: t.Reassignments, Links: t.Links}
}

// earlier finds the tickets of Chain by their numbers.
func (e evaluation) earlier() map[string]*ticket.Ticket {
	before := make(map[string]*ticket.Ticket, len(e.Chain))
	for i := range e.Chain {
		t := &e.Chain[i]
		if _, have := before[t.OrderNo]; !have && t.OrderNo != "" {
			before[t.OrderNo] = t
		}
	}
	return before
}

// follow gives t and the tickets it was reassigned from, nearest first, each once.
func follow(t *ticket.Ticket, before map[string]*ticket.Ticket) []*ticket.Ticket {
	line := []*ticket.Ticket{t}
	for i := 0; i < len(line); i++ {
		for _, l := range line[i].Links {
			b := before[l.OrderNo]
			if l.Kind != ticket.LinkReassigned || b == nil || slices.ContainsFunc(line, func(have *ticket.Ticket) bool { return have.OrderNo == b.OrderNo }) {
				continue
			}
			line = append(line, b)
		}
	}
	return line
}
