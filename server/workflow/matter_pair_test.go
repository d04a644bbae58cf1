package workflow_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// dry is a complaint about the water, by columns: one that names an estate and one that names a road may be about the same
// place, which shows when a third names both.
func dry(no, estate, road string) ticket.Ticket {
	return ticket.Ticket{
		Source: ticket.Hotline, OrderNo: no, Content: "停水了，联系电话13912345678", Community: estate, Address: road, Category: [5]string{"公用事业", "供水", "停水"},
		Requester: ticket.Requester{Kind: ticket.Person, Name: "张三丰", Phone: fmt.Sprintf("139123456%02d", len(no)%100)}, AcceptedAt: moment("2026-03-02 08:00"),
		ReassignedColumn: -1, ReturnedColumn: -1, Fingerprint: no + estate + road,
	}
}

func (w *world) pairs(want int) []workflow.MatterPairView {
	w.t.Helper()
	v, err := w.e.MatterPairs(context.Background(), w.actor("p-cy"), "", 20)
	if err != nil || len(v.Items) != want || v.Next != "" {
		w.t.Fatalf("%d pairs, want %d: %+v %v", len(v.Items), want, v, err)
	}
	return v.Items
}

const estate, road = "春江花园", "望园路1200弄"

func TestWhatMayBeTheSameIsListedUntilAClerkDecides(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		clerk := w.actor("p-cy")
		both := dry("both", estate, road)
		w.takeIn(dry("estate", estate, ""))
		w.takeIn(dry("road", "", road))
		w.pairs(0)
		w.takeIn(both)
		p := w.pairs(1)[0]
		a, b := w.matterOf("estate"), w.matterOf("road")
		if got := []string{p.Into.Matter, p.Other.Matter}; a == b || !slices.Contains(got, a) || !slices.Contains(got, b) || p.Probability != 0.9 || p.TwoCases {
			t.Errorf("%s, %s: %+v", a, b, p)
		}
		if p.Into.Count != 2 || p.Other.Count != 1 || len(p.Reasons) == 0 || !strings.Contains(p.Reasons[0].Text, "停水") {
			t.Errorf("%+v", p)
		}
		if said := fmt.Sprintf("%+v", p); strings.Contains(said, "13912345678") || strings.Contains(said, "张三丰") {
			t.Errorf("not masked: %s", said)
		}
		// It stays one when the file comes again, with another text, and in a process that starts.
		for i, e := range []*workflow.Engine{w.e, w.other()} {
			if _, err := e.TakeIn(t.Context(), []ticket.Ticket{both, dry("road", "", road)}, nil); err != nil {
				t.Fatal(err)
			}
			both = changed(both, func(t *ticket.Ticket) { t.Content += "再次来电。"; t.Fingerprint += fmt.Sprint(i) })
			if _, err := e.TakeIn(t.Context(), []ticket.Ticket{both}, nil); err != nil {
				t.Fatal(err)
			}
			w.pairs(1)
		}
		// Whoever does not see all cases does not see it.
		if v, err := w.e.MatterPairs(t.Context(), w.actor("p-gc"), "", 20); err != nil || len(v.Items) != 0 {
			t.Errorf("%+v %v", v, err)
		}

		apart := workflow.KeepMattersApart{Matter: p.Other.Matter, Reason: "两处的水管不相干，联系 13912345678"}
		for i := range 2 {
			if out, err := w.e.KeepMattersApart(t.Context(), clerk, p.Into.Matter, apart, "key-1"); err != nil || out.Replayed != (i == 1) || out.To != p.Other.Matter {
				t.Fatalf("%+v %v", out, err)
			}
		}
		w.pairs(0)
		for _, j := range w.matter(a).Joins {
			if j.Matter == b {
				t.Errorf("it is still proposed at the matter: %+v", j)
			}
		}
		// So it stays, whatever comes.
		for i, e := range []*workflow.Engine{w.e, w.other()} {
			moved := dry("road", estate, "")
			moved.Fingerprint += fmt.Sprint(i)
			if _, err := e.TakeIn(t.Context(), []ticket.Ticket{dry(fmt.Sprint("new-", i), estate, road), moved}, nil); err != nil {
				t.Fatal(err)
			}
			w.pairs(0)
			if got := w.matterOf("road"); got != b {
				t.Errorf("%d: the ticket of the one is now about %s", i, got)
			}
		}
		// A person may think better of it.
		if _, err := w.e.MergeMatters(t.Context(), clerk, a, workflow.MergeMatter{Matter: b, Reason: "是同一根水管"}, ""); err != nil {
			t.Fatal(err)
		}
		w.pairs(0)
		for id, want := range map[string]error{a: nil, "no-such": workflow.ErrNoMatter} {
			_, err := w.e.KeepMattersApart(t.Context(), clerk, a, workflow.KeepMattersApart{Matter: id}, "")
			if err == nil || want != nil && apperr.CodeOf(err) != apperr.NotFound {
				t.Errorf("%s: %v", id, err)
			}
		}
		w.verify()
	})
}

// What is proposed rests on two tickets and goes with them; what a person said of a matter goes with the matter.
func TestPairsFollowTheirTicketsAndMatters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		clerk := w.actor("p-cy")
		w.takeIn(dry("a", estate, ""))
		w.takeIn(dry("road", "", road))
		w.takeIn(dry("c", "秀水里", ""))
		w.takeIn(dry("a and road", estate, road))
		w.takeIn(dry("c and road", "秀水里", road))
		w.pairs(2)
		var seen []string
		for cursor := ""; ; {
			page, err := w.e.MatterPairs(t.Context(), clerk, cursor, 1)
			if err != nil || len(page.Items) != 1 {
				t.Fatalf("%+v %v", page, err)
			}
			seen = append(seen, page.Items[0].Into.Matter+page.Items[0].Other.Matter)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(seen) != 2 || seen[0] == seen[1] {
			t.Errorf("by pages: %v", seen)
		}
		a, r, c := w.matterOf("a"), w.matterOf("road"), w.matterOf("c")
		if _, err := w.e.KeepMattersApart(t.Context(), clerk, r, workflow.KeepMattersApart{Matter: c}, ""); err != nil {
			t.Fatal(err)
		}
		if p := w.pairs(1)[0]; p.Into.Matter != a && p.Other.Matter != a {
			t.Errorf("%+v", p)
		}
		if _, err := w.e.MergeMatters(t.Context(), clerk, a, workflow.MergeMatter{Matter: r, Reason: "同一处"}, ""); err != nil {
			t.Fatal(err)
		}
		w.pairs(0)
		w.takeIn(dry("c and road again", "秀水里", road)) // like the road's, which are a's now
		w.pairs(0)

		// Of a ticket that is split off the pairs go with it; what it was split from is no pair.
		w.takeIn(dry("d", "望舒里", ""))
		w.takeIn(dry("e", "", "沐晴路99弄"))
		w.takeIn(dry("d and e", "望舒里", "沐晴路99弄"))
		p := w.pairs(1)[0]
		out, err := w.e.SplitMatter(t.Context(), clerk, p.Into.Matter, workflow.SplitMatter{TicketIDs: []string{p.Into.Ticket.ID}, Reason: "另一件"}, "")
		if err != nil {
			t.Fatal(err)
		}
		q := w.pairs(1)[0]
		if got := []string{q.Into.Matter, q.Other.Matter}; !slices.Contains(got, out.To) || !slices.Contains(got, p.Other.Matter) {
			t.Errorf("%+v, split off: %s", q, out.To)
		}
		w.verify()
	})
}

// A history that is imported proposes nothing.
func TestNobodyIsAskedAboutHistory(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	old := func(t *ticket.Ticket) { t.AcceptedAt = moment("2025-12-02 08:00") }
	for _, tk := range []ticket.Ticket{dry("estate", estate, ""), dry("road", "", road), dry("both", estate, road)} {
		w.takeIn(changed(tk, old))
	}
	w.pairs(0)
	if _, err := w.e.MatterPairs(t.Context(), w.actor("p-cy"), "!", 20); apperr.CodeOf(err) != apperr.InvalidArgument {
		t.Errorf("a cursor that is none: %v", err)
	}
}
