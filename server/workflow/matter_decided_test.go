package workflow_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/matter"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// A process that has taken tickets in by itself makes its index anew with another gazetteer, and comes to an end with it.
func TestAProcessThatTookTicketsInReadsTheNewGazetteer(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	w.takeIn(lifts("望舒雅苑")[0])
	if _, err := w.e.LoadGazetteer(t.Context(), casework.SystemActor(), []workflow.Place{{Name: "望舒雅苑", Kind: workflow.EstatePlace, Aliases: []string{"望舒二期"}}}); err != nil {
		t.Fatal(err)
	}
	w.at("2026-03-02 10:01")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := w.e.RefreshMatters(ctx); err != nil {
		t.Fatal(err)
	}
	w.takeIn(lifts("望舒二期")[1])
	if got, want := w.matterOf("望舒二期-1"), w.matterOf("望舒雅苑-0"); got != want {
		t.Error("the alias is another place")
	}
}

// A ticket that was split off is not brought back by what its row says later, in however many steps.
func TestWhatWasSplitOffDoesNotComeBackByALink(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		here, there := lifts("春江花园")[:3], lifts("望舒里")[:1]
		w.takeIn(append(here, there...)...)
		id := w.matterOf("春江花园-0")
		if _, err := w.e.SplitMatter(t.Context(), w.actor("p-cy"), id, workflow.SplitMatter{TicketIDs: []string{w.ticketRow("春江花园-2").Ticket.ID}, Reason: "另一部电梯"}, ""); err != nil {
			t.Fatal(err)
		}
		// Its row names another place, and so it goes there by itself.
		row := changed(here[2], func(t *ticket.Ticket) { t.Community, t.Fingerprint = "望舒里", "f-1" })
		w.takeIn(row)
		if got, want := w.matterOf(row.OrderNo), w.matterOf("望舒里-0"); got != want {
			t.Fatalf("it is about %s", got)
		}
		// Now its row names an order of the matter that it was taken out of.
		w.takeIn(changed(row, func(t *ticket.Ticket) { t.RepeatOf, t.Fingerprint = "春江花园-0", "f-2" }))
		if got := w.matterOf(row.OrderNo); got == id {
			t.Error("it is back")
		}
		w.verify()
	})
}

// Where only one of two merged matters is in a case, all tickets come into it, whichever of both stays.
func TestAMergedMattersTicketsAreInOneCase(t *testing.T) {
	for _, stays := range []string{"春江花园", "望舒里"} {
		w := newWorld(t, storetest.Open(t))
		w.takeIn(append(lifts("春江花园"), lifts("望舒里")[:2]...)...)
		c := w.newest()
		a, b := w.matterOf("春江花园-0"), w.matterOf("望舒里-0")
		if stays == "望舒里" {
			a, b = b, a
		}
		if _, err := w.e.MergeMatters(t.Context(), w.actor("p-cy"), a, workflow.MergeMatter{Matter: b, Reason: "同一小区"}, ""); err != nil {
			t.Fatal(err)
		}
		if got := len(strings.Fields(w.holds(c.ID))); got != 7 {
			t.Errorf("%s stays: the case holds %d tickets", stays, got)
		}
		if v := w.matter(a); v.Count != 7 || v.Case == nil || v.Case.ID != c.ID {
			t.Errorf("%s stays: %d tickets, case %v", stays, v.Count, v.Case)
		}
		w.verify()
	}
}

// What was split off a matter stays off when that matter is merged into another.
func TestWhatWasSplitOffStaysOffAMergedMatter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		replica := w.other()
		here, there := lifts("春江花园")[:3], lifts("望舒里")[:2]
		w.takeIn(append(here, there...)...)
		gone, into := w.matterOf("春江花园-0"), w.matterOf("望舒里-0")
		if _, err := w.e.SplitMatter(t.Context(), w.actor("p-cy"), gone, workflow.SplitMatter{TicketIDs: []string{w.ticketRow("春江花园-2").Ticket.ID}, Reason: "另一部电梯"}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := w.e.MergeMatters(t.Context(), w.actor("p-cy"), into, workflow.MergeMatter{Matter: gone, Reason: "同一小区"}, ""); err != nil {
			t.Fatal(err)
		}
		row := here[2]
		for i, e := range []*workflow.Engine{w.e, replica, w.other()} {
			row = changed(row, func(t *ticket.Ticket) { t.Content += "再次来电。"; t.Fingerprint += fmt.Sprint(i) })
			if _, err := e.TakeIn(t.Context(), []ticket.Ticket{row}, nil); err != nil {
				t.Fatal(err)
			}
			if got := w.matterOf(row.OrderNo); got == into {
				t.Errorf("%d: it is back", i)
			}
		}
		w.verify()
	})
}

// The evidence of a case that a merge opens says of each ticket why it is about the matter.
func TestTicketsMergedIntoABurstSayThatAPersonDidSo(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	w.takeIn(append(lifts("春江花园")[:3], lifts("望舒里")[:2]...)...)
	if _, err := w.e.MergeMatters(t.Context(), w.actor("p-cy"), w.matterOf("春江花园-0"), workflow.MergeMatter{Matter: w.matterOf("望舒里-0"), Reason: "同一小区"}, ""); err != nil {
		t.Fatal(err)
	}
	for _, e := range w.newest().Triggers[0].Evidence {
		if byHand := strings.Contains(strings.Join(e.Reasons, "；"), "由工作人员归入"); byHand != strings.HasPrefix(e.OrderNo, "望舒里") || len(e.Reasons) == 0 {
			t.Errorf("%s: %q", e.OrderNo, e.Reasons)
		}
	}
}

// A page of a matter says of its tickets which orders they name, also where these stand on another page.
func TestWhatATicketNamesIsToldOnEveryPage(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	list := lifts("春江花园")[:2]
	list[1].RepeatOf = list[0].OrderNo
	w.takeIn(list...)
	v, err := w.e.Matter(t.Context(), w.actor("p-cy"), w.matterOf(list[1].OrderNo), "", 1)
	if err != nil || len(v.Tickets) != 1 || v.Next == "" {
		t.Fatalf("%+v %v", v, err)
	}
	if r := v.Tickets[0].Reasons; !slices.Contains(r, matter.Reason{Kind: matter.ByLink, Text: "引用了工单 " + list[0].OrderNo}) {
		t.Errorf("%+v", r)
	}
}

// What stands in place of a phone is nobody's: those who have it are not one person, nor found by it.
func TestWhatIsTypedInPlaceOfAPhoneIsNobodys(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	list := lifts("春江花园")
	for i, phone := range []string{"00000000000", "0", "0000-0000000", "11111111111"} {
		list[i].Requester.Phone = phone
	}
	w.takeIn(list...)
	if v := w.matter(w.matterOf("春江花园-0")); v.Count != 5 || v.People != 1 || v.Unknown != 4 {
		t.Errorf("%d tickets, %d people, %d of nobody", v.Count, v.People, v.Unknown)
	}
	if p, err := w.e.SearchTickets(t.Context(), w.actor("p-cy"), workflow.TicketSearch{Phone: "00000000000", Limit: 20}, func(int) error { return nil }); err == nil || len(p.Items) > 0 {
		t.Errorf("%d found", len(p.Items))
	}
}
