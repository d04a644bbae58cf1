package recognition_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"xiaopu/server/casework"
	"xiaopu/server/recognition"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

func drawFacts(t *rapid.T) []recognition.Fact {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) recognition.Fact {
		n := rapid.IntRange(0, 40).Draw(t, "ticket")
		return recognition.Fact{
			TicketID: fmt.Sprintf("t%d", n), OrderNo: fmt.Sprintf("o%d", n),
			Requester:  rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e"}).Draw(t, "requester"),
			AcceptedAt: at("2026-09-01 00:00:00").Add(time.Duration(rapid.IntRange(0, 12*24).Draw(t, "hour"))*time.Hour - time.Second*time.Duration(rapid.IntRange(0, 1).Draw(t, "second"))),
		}
	}), 0, 40).Draw(t, "same")
}

var (
	offices = []string{"水务所", "房管所", "城管中队", "社区管理办", "奉浦街道社区管理办公室"}
	orders  = []string{"A", "B", "C", "D", "E"}
)

func drawTicket(t *rapid.T, name string) ticket.Ticket {
	no := rapid.SampledFrom(orders).Draw(t, name)
	tk := ticket.Ticket{ID: "id-" + no, OrderNo: no, AcceptedAt: at("2026-09-03 10:00:00"), ReassignedColumn: rapid.IntRange(-1, 5).Draw(t, "column")}
	for range rapid.IntRange(0, 4).Draw(t, "hops") {
		h := ticket.Hop{Count: 1, From: ticket.FromText, Quote: "【退单】"}
		if rapid.Bool().Draw(t, "named") {
			h.Department = rapid.SampledFrom(offices).Draw(t, "office")
		} else {
			h.Count = rapid.IntRange(1, 6).Draw(t, "stated")
		}
		tk.Hops = append(tk.Hops, h)
	}
	for range rapid.IntRange(0, 4).Draw(t, "reassignments") {
		r := ticket.Reassignment{Count: rapid.IntRange(1, 4).Draw(t, "times"), From: ticket.FromText, Quote: "【重新交办】"}
		if rapid.Bool().Draw(t, "with order") {
			r.OrderNo = rapid.SampledFrom(orders).Draw(t, "order")
			tk.Links = append(tk.Links, ticket.Link{Kind: ticket.LinkReassigned, OrderNo: r.OrderNo})
		}
		tk.Reassignments = append(tk.Reassignments, r)
	}
	tk.Satisfaction = rapid.SampledFrom([]ticket.Satisfaction{"", ticket.Dissatisfied, ticket.Mostly}).Draw(t, "rating")
	tk.Cross = rapid.SliceOfN(rapid.SampledFrom([]ticket.Crossing{ticket.CrossDepartment, ticket.CrossField, ticket.CrossUnspecified}), 0, 3).Draw(t, "cross")
	return tk
}

func drawPolicy(t *rapid.T) casework.Triggers {
	n := func(name string) int { return rapid.IntRange(-1, 6).Draw(t, name) }
	return casework.Triggers{
		Unaccepted: n("unaccepted"), Reassigned: n("reassigned"), Dissatisfied: rapid.Bool().Draw(t, "dissatisfied"),
		BurstTickets: n("burst"), BurstMinPeople: rapid.IntRange(0, 3).Draw(t, "people"), HotTickets: n("hot"), HotDays: n("days"),
		Cross: rapid.Bool().Draw(t, "cross"),
	}
}

func drawInput(t *rapid.T) recognition.Input {
	in := recognition.Input{Ticket: drawTicket(t, "ticket"), Requester: "a", Same: drawFacts(t), Policy: drawPolicy(t), Now: now}
	for range rapid.IntRange(0, 4).Draw(t, "chain") {
		in.Chain = append(in.Chain, drawTicket(t, "earlier"))
	}
	// What has counted comes from evaluations like this one, of other tickets and other days.
	for range rapid.IntRange(0, 3).Draw(t, "history") {
		before := recognition.Input{Ticket: drawTicket(t, "before"), Same: drawFacts(t), Chain: in.Chain, Policy: in.Policy, Now: now, Spent: in.Spent}
		in.Spent = spend(in.Spent, recognition.Evaluate(before))
	}
	return in
}

func TestTheOrderOfTicketsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		want := recognition.Evaluate(in)
		kept := slices.Clone(in.Same)
		in.Same = rapid.Permutation(in.Same).Draw(t, "shuffled")
		if d := cmp.Diff(want, recognition.Evaluate(in)); d != "" {
			t.Fatal(d)
		}
		in.Same = kept
		if d := cmp.Diff(want, recognition.Evaluate(in)); d != "" {
			t.Fatal("not the same twice", d)
		}
	})
}

func TestEveryTriggerRestsOnSomethingNewAndThenNeverFiresAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		got := recognition.Evaluate(in)
		for _, tr := range got {
			items := recognition.Items(tr)
			if len(items) != len(tr.Evidence) || !slices.ContainsFunc(items, func(i string) bool { return !in.Spent[i] }) {
				t.Fatalf("spent %v\n%s", in.Spent, show(got))
			}
			if tr.Kind == casework.ByBurst || tr.Kind == casework.ByHotTopic {
				if slices.ContainsFunc(items, func(i string) bool { return in.Spent[i] }) {
					t.Fatalf("counts what has counted: %v\n%s", in.Spent, show(got))
				}
			}
			if tr.Summary == "" || strings.Contains(tr.Summary, "\n") || !tr.At.Equal(now) {
				t.Fatalf("%+v", tr)
			}
		}
		in.Spent = spend(in.Spent, got)
		if again := recognition.Evaluate(in); len(again) > 0 {
			t.Fatalf("again\n%s", show(again))
		}
	})
}

func TestMoreNeverMakesATriggerGoAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		less := recognition.Evaluate(in)
		more := in
		more.Same = append(slices.Clone(in.Same), drawNew(t)...)
		other := drawTicket(t, "more")
		more.Ticket.Hops = append(slices.Clone(in.Ticket.Hops), other.Hops...)
		for i := range other.Reassignments {
			// An order that has counted elsewhere can explain one that was only counted here: that one is then not new.
			if other.Reassignments[i].OrderNo != "" {
				other.Reassignments[i].OrderNo += "'"
			}
		}
		more.Ticket.Reassignments = append(slices.Clone(in.Ticket.Reassignments), other.Reassignments...)
		more.Ticket.Cross = append(slices.Clone(in.Ticket.Cross), other.Cross...)
		more.Ticket.ReassignedColumn = max(in.Ticket.ReassignedColumn, other.ReassignedColumn)
		got := recognition.Evaluate(more)
		for _, tr := range less {
			if !strings.Contains(" "+kinds(got)+" ", " "+string(tr.Kind)+" ") {
				t.Fatalf("%s went away\n%s\n%s", tr.Kind, show(less), show(got))
			}
		}
		// Nor does a lower threshold, or less that has counted.
		lower := in
		lower.Policy.Unaccepted = max(1, lower.Policy.Unaccepted-1)
		lower.Policy.Reassigned = max(1, lower.Policy.Reassigned-1)
		lower.Policy.BurstTickets = max(1, lower.Policy.BurstTickets-1)
		lower.Policy.HotTickets = max(1, lower.Policy.HotTickets-1)
		unspent := in
		unspent.Spent = nil
		for _, in := range []recognition.Input{lower, unspent} {
			got := recognition.Evaluate(in)
			for _, tr := range less {
				if !strings.Contains(" "+kinds(got)+" ", " "+string(tr.Kind)+" ") {
					t.Fatalf("%s went away\n%s\n%s", tr.Kind, show(less), show(got))
				}
			}
		}
	})
}

// drawNew draws tickets that are not among those of drawFacts.
func drawNew(t *rapid.T) []recognition.Fact {
	list := drawFacts(t)
	for i := range list {
		list[i].TicketID, list[i].OrderNo = "n"+list[i].TicketID, "n"+list[i].OrderNo
	}
	return list
}

// Bursts and hot topics, told straight from the words of domain §2.
func TestCountsAgreeWithThePlainDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPolicy(t)
		var same []recognition.Fact
		for _, f := range drawFacts(t) {
			if !slices.ContainsFunc(same, func(g recognition.Fact) bool { return g.TicketID == f.TicketID }) {
				same = append(same, f)
			}
		}
		in := recognition.Input{Same: same, Policy: p, Now: now, Spent: map[string]bool{}}
		for _, f := range same {
			in.Spent["burst:"+f.TicketID] = rapid.Bool().Draw(t, "spent for burst")
			in.Spent["hot_topic:"+f.TicketID] = rapid.Bool().Draw(t, "spent for hot topic")
		}
		if len(same) > 0 {
			in.Ticket = ticket.Ticket{ID: same[0].TicketID, AcceptedAt: same[0].AcceptedAt}
		}
		within := func(kind string, from, to workday.Date) (list []string, people map[string]bool) {
			people = map[string]bool{}
			for _, f := range same {
				if d := workday.DateOf(f.AcceptedAt); in.Spent[kind+":"+f.TicketID] || d.Before(from) || d.After(to) {
					continue
				}
				list = append(list, f.TicketID)
				if f.Requester != "" {
					people[f.Requester] = true
				}
			}
			return list, people
		}
		want := map[string][]string{}
		for d, end := (workday.Date{Year: 2026, Month: 8, Day: 20}), (workday.Date{Year: 2026, Month: 9, Day: 20}); d.Before(end); d = d.AddDays(1) {
			if list, people := within("burst", d, d); p.BurstTickets > 0 && len(list) >= p.BurstTickets && (p.BurstMinPeople <= 1 || len(people) >= p.BurstMinPeople) {
				want["burst"] = append(want["burst"], list...)
			}
			if p.HotTickets > 0 && p.HotDays > 0 {
				if list, _ := within("hot_topic", d, d.AddDays(p.HotDays-1)); len(list) >= p.HotTickets {
					want["hot_topic"] = append(want["hot_topic"], list...)
				}
			}
		}
		got := map[string][]string{}
		for _, tr := range recognition.Evaluate(in) {
			for _, e := range tr.Evidence {
				got[string(tr.Kind)] = append(got[string(tr.Kind)], e.Key)
			}
			slices.Sort(got[string(tr.Kind)])
		}
		for k := range want {
			slices.Sort(want[k])
			want[k] = slices.Compact(want[k])
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// What a sentence says is counted by package ticket.
func TestReassignedCountsAsChainLengthDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := recognition.Input{Ticket: drawTicket(t, "ticket"), Policy: casework.Triggers{Reassigned: 1}, Now: now}
		for range rapid.IntRange(0, 4).Draw(t, "chain") {
			in.Chain = append(in.Chain, drawTicket(t, "earlier"))
		}
		n, _ := ticket.ChainLength(in.Ticket, func(no string) (ticket.Ticket, bool) {
			i := slices.IndexFunc(in.Chain, func(b ticket.Ticket) bool { return b.OrderNo == no })
			if i < 0 {
				return ticket.Ticket{}, false
			}
			return in.Chain[i], true
		}, len(in.Chain))
		got := recognition.Evaluate(in)
		if n == 0 {
			if len(got) > 0 {
				t.Fatal(show(got))
			}
			return
		}
		if len(got) != 1 || !strings.HasPrefix(got[0].Summary, fmt.Sprintf("重新交办 %d 次（", n)) {
			t.Fatalf("%d\n%s", n, show(got))
		}
	})
}
