package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/matter"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// lifts are five complaints in five people's words about the lifts of one compound.
func lifts(place string) (list []ticket.Ticket) {
	for i, said := range []string{
		"市民来电反映：%s12号楼的电梯这个月已经停了三次，今天早上又有老人被困。",
		"来电人表示，%s电梯又坏了，物业一直不修，住在高层的人上下楼都要爬楼梯。",
		"市民投诉：%s升降梯故障没有人管，维保单位来过两次都没有修好。",
		"诉求人来电反映，家住%s，轿厢停运，孕妇和孩子只能走楼梯，希望尽快维修。",
		"市民反映，%s的电梯抖得厉害，还会突然停住，大家都不敢坐，请有关部门检查。",
	} {
		no := fmt.Sprintf("%s-%d", place, i)
		list = append(list, ticket.Ticket{
			Source: ticket.Hotline, OrderNo: no, Content: fmt.Sprintf(said, place), Community: place, Category: [5]string{"住房保障", "物业管理", "电梯维保"},
			Requester:  ticket.Requester{Kind: ticket.Person, Phone: fmt.Sprintf("1391234560%d", i)},
			AcceptedAt: moment(fmt.Sprintf("2026-03-02 08:%02d", 10*i)), ReassignedColumn: -1, ReturnedColumn: -1, Fingerprint: "f-" + no,
		})
	}
	return list
}

// other is an engine of another process on the same database.
func (w *world) other() *workflow.Engine {
	return workflow.New(w.db, workflow.Options{Clock: w.clock, Blobs: w.blobs})
}

func (w *world) matterOf(no string) string {
	w.t.Helper()
	list, err := w.db.Tickets(context.Background(), store.TicketFilter{Source: ticket.Hotline, OrderNo: no, Limit: 1})
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%s: %v", no, err)
	}
	return list[0].Matter
}

func (w *world) matter(id string) workflow.MatterView {
	w.t.Helper()
	v, err := w.e.Matter(context.Background(), w.actor("p-cy"), id, "", 20)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func TestFivePeopleAboutOneCompoundsLiftsAreOneMatter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		other := w.other()
		here, there := lifts("春江花园"), lifts("望舒里")
		// By turns in two processes, mixed with the same complaint about another compound.
		for i := range 4 {
			e := []*workflow.Engine{w.e, other}[i%2]
			if taken, err := e.TakeIn(t.Context(), []ticket.Ticket{here[i], there[i]}, nil); err != nil || taken.Cases != 0 {
				t.Fatalf("%d: %+v %v", i, taken, err)
			}
		}
		w.expect(w.takeIn(here[4]), 1, "the fifth")
		c := w.newest()
		if got := w.holds(c.ID); got != "春江花园-0 春江花园-1 春江花园-2 春江花园-3 春江花园-4" {
			t.Fatalf("holds %s", got)
		}
		if c.Status != casework.Registered || c.Triggers[0].Kind != casework.ByBurst || c.Triggers[0].People != 5 || c.SuggestedScope != casework.Common || !strings.Contains(c.Triggers[0].Summary, "涉及 5 人") {
			t.Errorf("%s %+v", c.Status, c.Triggers[0])
		}
		// The case says which tickets, and which words.
		view, err := w.e.Case(t.Context(), w.actor("p-cy"), c.ID)
		if err != nil || len(view.Why) == 0 || len(view.Why[0].Evidence) != 5 {
			t.Fatalf("%v %+v", err, view.Why)
		}
		for _, e := range view.Why[0].Evidence {
			if said := strings.Join(e.Reasons, "；"); e.OrderNo == "" || !strings.Contains(said, "春江花园") || !strings.Contains(said, "电梯") && !strings.Contains(said, "楼梯") {
				t.Errorf("%s: %v", e.OrderNo, e.Reasons)
			}
		}
		// One person's re-posts are not several people.
		again := here[4]
		again.OrderNo, again.Fingerprint = "again", "f-again"
		w.takeIn(again)
		if v := w.matter(w.matterOf("again")); v.Count != 6 || v.People != 5 || v.Case == nil || v.Case.ID != c.ID || len(v.Tickets) != 6 {
			t.Errorf("%+v", v)
		} else if v.Tickets[0].Reasons[0].Kind != matter.ByPlace || v.Tickets[0].Nearest == "" {
			t.Errorf("%+v", v.Tickets[0])
		}
		w.verify()
	})
}

func TestWhatAClerkSplitStaysSplit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		replica := w.other()
		list := lifts("春江花园")
		w.takeIn(list...)
		c, id := w.newest(), w.matterOf("春江花园-0")
		clerk := w.actor("p-cy")
		split := workflow.SplitMatter{TicketIDs: []string{w.ticketRow("春江花园-2").Ticket.ID}, Reason: "说的是货梯，另一家单位维保"}
		if _, err := w.e.SplitMatter(t.Context(), clerk, id, workflow.SplitMatter{TicketIDs: split.TicketIDs, Reason: " "}, ""); !errors.As(err, new(*apperr.Error)) {
			t.Fatalf("without a reason: %v", err)
		}
		out, err := w.e.SplitMatter(t.Context(), clerk, id, split, "key-1")
		if err != nil || out.Moved != 1 || out.To == id {
			t.Fatalf("%+v %v", out, err)
		}
		if again, err := w.e.SplitMatter(t.Context(), clerk, id, split, "key-1"); err != nil || !again.Replayed || again.To != out.To {
			t.Errorf("%+v %v", again, err)
		}
		off := func(when string) {
			t.Helper()
			if got := w.matterOf("春江花园-2"); got != out.To {
				t.Errorf("%s it is about %s", when, got)
			}
			if got := w.holds(c.ID); got != "春江花园-0 春江花园-1 春江花园-3 春江花园-4" {
				t.Errorf("%s the case holds %s", when, got)
			}
		}
		off("at once")
		// The same row again, with another text, in this process, in one that was running, and in one that starts.
		row := list[2]
		for i, e := range []*workflow.Engine{w.e, replica, w.other()} {
			if _, err := e.TakeIn(t.Context(), list, nil); err != nil {
				t.Fatal(err)
			}
			off(fmt.Sprint("imported again ", i))
			row = changed(row, func(t *ticket.Ticket) { t.Content += "再次来电。" })
			if _, err := e.TakeIn(t.Context(), []ticket.Ticket{row}, nil); err != nil {
				t.Fatal(err)
			}
			off(fmt.Sprint("with another text ", i))
		}
		// Nor does it draw others to it.
		next := lifts("春江花园")[0]
		next.OrderNo, next.Fingerprint = "next", "f-next"
		w.takeIn(next)
		if got := w.matterOf("next"); got != id {
			t.Errorf("a new one is about %s", got)
		}
		v := w.matter(out.To)
		if d := v.Tickets[0].Decision; d == nil || d.Kind != store.ByApart || d.By.Name != "王敏" || d.Reason != split.Reason || d.Matter != id {
			t.Errorf("%+v", v.Tickets[0].Decision)
		}
		// All of them cannot be split off, nor one that is elsewhere.
		var all []string
		for _, tk := range w.matter(id).Tickets {
			all = append(all, tk.Ticket.ID)
		}
		for _, ids := range [][]string{all, split.TicketIDs} {
			if _, err := w.e.SplitMatter(t.Context(), clerk, id, workflow.SplitMatter{TicketIDs: ids, Reason: "理由"}, ""); err == nil {
				t.Errorf("%v are split", ids)
			}
		}
		w.verify()
	})
}

func TestWhatAClerkMergedStaysMerged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		replica := w.other()
		here, there := lifts("春江花园")[:3], lifts("望舒里")[:2]
		w.takeIn(slices.Concat(here, there)...)
		a, b := w.matterOf("春江花园-0"), w.matterOf("望舒里-0")
		if a == b {
			t.Fatal("two compounds are one matter")
		}
		clerk := w.actor("p-cy")
		merge := workflow.MergeMatter{Matter: b, Reason: "同一个小区的两个名字"}
		out, err := w.e.MergeMatters(t.Context(), clerk, a, merge, "")
		if err != nil || out.Moved != 2 || out.Cases != 1 {
			t.Fatalf("five of one day make a case: %+v %v", out, err)
		}
		if got := w.holds(w.newest().ID); len(strings.Fields(got)) != 5 {
			t.Errorf("holds %s", got)
		}
		if _, err := w.e.MergeMatters(t.Context(), clerk, a, merge, ""); !errors.Is(err, workflow.ErrNoMatter) {
			t.Errorf("again: %v", err)
		}
		for i, e := range []*workflow.Engine{w.e, replica, w.other()} {
			row := changed(there[0], func(t *ticket.Ticket) { t.Content += fmt.Sprint("再次来电", i); t.Fingerprint += fmt.Sprint(i) })
			if _, err := e.TakeIn(t.Context(), []ticket.Ticket{row}, nil); err != nil {
				t.Fatal(err)
			}
			if got := w.matterOf("望舒里-0"); got != a {
				t.Errorf("%d: it is about %s", i, got)
			}
		}
		// Two that have a case each are merged as cases first.
		w.takeIn(lifts("秀水里")...)
		var refused *apperr.Error
		if _, err := w.e.MergeMatters(t.Context(), clerk, a, workflow.MergeMatter{Matter: w.matterOf("秀水里-0"), Reason: "同一家物业"}, ""); !errors.As(err, &refused) || refused.Reason != "matter.two_cases" {
			t.Errorf("%v", err)
		}
		w.verify()
	})
}

// What a transaction put into the index and did not commit is not there.
func TestWhatIsNotCommittedLeavesTheIndexAsItWas(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	list := lifts("春江花园")
	w.takeIn(list[0])
	broken := errors.New("broken")
	if _, err := w.e.TakeIn(t.Context(), list[1:4], func(context.Context, *store.Tx, workflow.Taken) error { return broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	changedRow := changed(list[0], func(t *ticket.Ticket) { t.Community, t.Content = "望舒里", "望舒里路灯不亮" })
	if _, err := w.e.TakeIn(t.Context(), []ticket.Ticket{changedRow}, func(context.Context, *store.Tx, workflow.Taken) error { return broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	w.takeIn(list[4])
	v := w.matter(w.matterOf("春江花园-0"))
	if v.Count != 2 || len(v.Tickets) != 2 || v.Tickets[1].Nearest != "春江花园-4" {
		t.Errorf("%+v", v)
	}
}

// The gazetteer's other names and slips of the pen make no other place, in every process once it has read it.
func TestTheGazetteerNamesPlaces(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	replica := w.other()
	if err := replica.RefreshMatters(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := []workflow.Place{{Name: "望舒雅苑", Kind: workflow.EstatePlace, Aliases: []string{"望舒二期"}}}
	for _, want := range []workflow.GazetteerLoaded{{Added: 1}, {Unchanged: 1}} {
		if got, err := w.e.LoadGazetteer(t.Context(), casework.SystemActor(), list); err != nil || got != want {
			t.Fatalf("%+v %v", got, err)
		}
	}
	if _, err := w.e.LoadGazetteer(t.Context(), casework.SystemActor(), append(list, workflow.Place{Name: "望舒二期", Kind: workflow.EstatePlace})); err == nil {
		t.Error("one name stands for two places")
	}
	// Nor is it another name that is read as the same.
	if _, err := w.e.LoadGazetteer(t.Context(), casework.SystemActor(), append(list, workflow.Place{Name: "望舒二期小区", Kind: workflow.EstatePlace})); reasonOf(err) != "gazetteer.twice" {
		t.Error("one place has two entries:", err)
	}
	if _, err := w.e.LoadGazetteer(t.Context(), casework.SystemActor(), []workflow.Place{{Name: "望舒雅苑", Kind: workflow.EstatePlace, Aliases: []string{"望舒二期", "望舒二期小区"}}}); err != nil {
		t.Error(err)
	}
	if _, err := w.e.LoadGazetteer(t.Context(), casework.SystemActor(), list); err != nil {
		t.Error(err)
	}
	w.at("2026-03-02 10:01")
	for _, e := range []*workflow.Engine{w.e, replica} {
		if err := e.RefreshMatters(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i, place := range []string{"望舒雅苑", "望舒二期", "望雅舒苑", "望舒雅园"} { // its name, another, transposed, mistyped
		tk := lifts(place)[i]
		if _, err := []*workflow.Engine{w.e, replica}[i%2].TakeIn(t.Context(), []ticket.Ticket{tk}, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := w.matterOf(tk.OrderNo), w.matterOf("望舒雅苑-0"); got != want {
			t.Errorf("%s is another place", place)
		}
	}
	if got, err := w.e.LoadGazetteer(t.Context(), casework.SystemActor(), nil); err != nil || got.Removed != 1 {
		t.Errorf("%+v %v", got, err)
	}
	if list, err := w.e.Gazetteer(t.Context(), true); err != nil || len(list) != 1 || !list[0].Removed {
		t.Errorf("%+v %v", list, err)
	}
}
