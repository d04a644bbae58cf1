package workflow_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

func moment(text string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, workday.Shanghai)
	if err != nil {
		panic(err)
	}
	return at
}

// changed is the row of another export: it says something else.
func changed(t ticket.Ticket, change func(*ticket.Ticket)) ticket.Ticket {
	change(&t)
	t.Fingerprint += "'"
	return t
}

func dissatisfied(t ticket.Ticket, closed string) ticket.Ticket {
	at := moment(closed)
	t.Satisfaction, t.ClosedAt = ticket.Dissatisfied, &at
	return t
}

// hops are three departments that did not accept.
func hops(t ticket.Ticket) ticket.Ticket {
	for _, d := range []string{"规划办", "水务所", "房管所"} {
		t.Hops = append(t.Hops, ticket.Hop{Department: d, Count: 1, From: ticket.FromText, Quote: "【退单：" + d + "】"})
	}
	return t
}

// reassignedFrom makes t an order handed out again.
func reassignedFrom(t ticket.Ticket, no string) ticket.Ticket {
	quote := "【重新交办，关联工单" + no + "】"
	t.Links = append(t.Links, ticket.Link{Kind: ticket.LinkReassigned, OrderNo: no, From: ticket.FromText, Quote: quote})
	t.Reassignments = append(t.Reassignments, ticket.Reassignment{Count: 1, From: ticket.FromText, Quote: quote, OrderNo: no})
	return t
}

// cases are all cases by what they hold: number → its tickets' order numbers.
func (w *world) cases() map[string]string {
	w.t.Helper()
	found := map[string]string{}
	for cursor := ""; ; {
		page, err := w.e.Cases(context.Background(), w.actor("p-cy"), workflow.CaseQuery{Limit: 100, All: true, Cursor: cursor})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, c := range page.Items {
			found[c.Number] = w.holds(c.ID)
		}
		if cursor = page.Next; cursor == "" {
			return found
		}
	}
}

// holds gives the order numbers of a case's tickets, and fails when its list of tickets says something else.
func (w *world) holds(id string) string {
	w.t.Helper()
	c := w.load(id)
	var orders []string
	for _, t := range c.Tickets {
		orders = append(orders, t.OrderNo)
	}
	slices.Sort(orders)
	return strings.Join(orders, " ")
}

func (w *world) load(id string) casework.Case {
	w.t.Helper()
	l, err := w.db.Case(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return l.Case
}

// newest is the case made last.
func (w *world) newest() casework.Case {
	w.t.Helper()
	numbers := slices.Sorted(maps.Keys(w.cases()))
	if len(numbers) == 0 {
		w.t.Fatal("no case")
	}
	id, err := w.db.CaseID(context.Background(), numbers[len(numbers)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	return w.load(id)
}

func (w *world) ticketRow(no string) store.TicketRow {
	w.t.Helper()
	list, err := w.db.Tickets(context.Background(), store.TicketFilter{Source: ticket.Hotline, OrderNo: no, Limit: 1})
	if err != nil || len(list) != 1 {
		w.t.Fatalf("ticket %s: %v", no, err)
	}
	return list[0]
}

// solve takes a registered case through tier III to its end.
func (w *world) solve(id string) casework.Case {
	w.t.Helper()
	w.must(id, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, GridID: "g-1"})
	w.must(id, "p-cy", casework.Dispatch{LeadDepartmentID: "d-1"})
	w.must(id, "p-h1", casework.Accept{HandlerID: "p-w1"})
	w.must(id, "p-w1", casework.Submit{Result: "已整改", Outcome: casework.ActuallySolved, Evidence: []string{"照片"}})
	return w.must(id, "p-cy", casework.VerifyPass{Finding: "属实", Outcome: casework.ActuallySolved})
}

func (w *world) expect(taken workflow.Taken, cases int, what string) {
	w.t.Helper()
	if taken.Cases != cases {
		w.t.Fatalf("%s: %d new cases, want %d\n%v", what, taken.Cases, cases, w.cases())
	}
}

func TestTheSameDepartmentsLeaveAnotherTicketAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := hops(hotline("A", "春江花园", "13800000001", moment("2026-03-02 08:00")))
		w.expect(w.takeIn(a), 1, "three departments")
		w.must(w.newest().ID, "p-cy", casework.Reject{Reason: "流转记录有误"})
		w.expect(w.takeIn(changed(a, func(t *ticket.Ticket) { t.Reply = "已回复" })), 0, "the same again")
		b := hops(hotline("B", "春江花园", "13800000002", moment("2026-03-02 09:00")))
		w.expect(w.takeIn(b), 1, "another ticket")
		if c := w.newest(); c.LinkedCase == "" || w.holds(c.ID) != "B" {
			t.Errorf("linked to %q, holds %s", c.LinkedCase, w.holds(c.ID))
		}
		w.verify()
	})
}

func TestAnImportGoesOnWhenAPersonSavesItsCases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.takeIn(dissatisfied(hotline("A", "春江花园", "13800000001", moment("2026-03-01 08:00")), "2026-03-01 18:00"))
		id := w.newest().ID
		w.must(id, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, GridID: "g-1"})
		const each = 25
		errs := make(chan error, 2*each)
		var wg sync.WaitGroup
		for importer := range 2 {
			e := workflow.New(db, workflow.Options{Clock: w.clock}) // another process
			wg.Go(func() {
				for i := range each {
					no := fmt.Sprintf("T%d-%02d", importer, i)
					_, err := e.TakeIn(context.Background(), []ticket.Ticket{hotline(no, "春江花园", "", moment("2026-03-02 08:00"))}, nil)
					errs <- err
				}
			})
		}
		wg.Go(func() {
			for i := range each {
				l, err := db.Case(context.Background(), id)
				if err != nil {
					t.Error(err)
					return
				}
				// Losing the race is what a person is told; the import is not.
				_, _ = w.e.Do(context.Background(), workflow.Request{Actor: w.actor("p-cy"), CaseID: id, Version: l.Case.Version, Command: casework.Progress{Text: fmt.Sprint("进展 ", i)}})
			}
		})
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := len(w.load(id).Tickets); n != 1+2*each {
			t.Errorf("%d tickets in the case", n)
		}
		w.verify()
	})
}

func TestTheSameFileTwiceAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var file [][]ticket.Ticket
		for i := range 6 {
			var batch []ticket.Ticket
			for k := range 10 {
				batch = append(batch, hotline(fmt.Sprintf("T%d-%d", i, k), fmt.Sprintf("小区%d", k%3), "", moment("2026-03-02 08:00").Add(time.Duration(i*10+k)*time.Minute)))
			}
			file = append(file, batch)
		}
		taken := make([]workflow.Taken, 3)
		errs := make([]error, len(taken))
		var wg sync.WaitGroup
		for i := range taken {
			e := workflow.New(db, workflow.Options{Clock: w.clock})
			wg.Go(func() {
				for _, batch := range file {
					one, err := e.TakeIn(context.Background(), batch, nil)
					if err != nil {
						errs[i] = err
						return
					}
					taken[i].Add(one)
				}
			})
		}
		wg.Wait()
		var all workflow.Taken
		for i := range taken {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			all.Add(taken[i])
		}
		if all != (workflow.Taken{Created: 60, Unchanged: 120, Cases: 3}) {
			t.Errorf("%+v", all)
		}
		w.verify()
	})
}

func TestABurstThatComesInPiecesAtOnceIsOneBurst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for round := range 8 {
			place := fmt.Sprintf("小区%d", round)
			var wg sync.WaitGroup
			taken := make([]workflow.Taken, 2)
			for i, n := range []int{3, 2} {
				var batch []ticket.Ticket
				for k := range n {
					batch = append(batch, hotline(fmt.Sprintf("R%d-%d-%d", round, i, k), place, "", moment("2026-03-02 08:00")))
				}
				e := workflow.New(db, workflow.Options{Clock: w.clock})
				wg.Go(func() {
					var err error
					if taken[i], err = e.TakeIn(context.Background(), batch, nil); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := taken[0].Cases + taken[1].Cases; n != 1 {
				t.Fatalf("round %d: %d cases", round, n)
			}
			if n := len(w.newest().Tickets); n != 5 {
				t.Fatalf("round %d: %d tickets", round, n)
			}
		}
	})
}

func TestAMatterGetsOneCaseHoweverManySeeItAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var wg sync.WaitGroup
		for i := range 6 {
			e := workflow.New(db, workflow.Options{Clock: w.clock})
			tk := dissatisfied(hotline(fmt.Sprint("D", i), "春江花园", "", moment("2026-03-01 08:00")), "2026-03-01 18:00")
			wg.Go(func() {
				if _, err := e.TakeIn(context.Background(), []ticket.Ticket{tk}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := fmt.Sprint(slices.Collect(maps.Values(w.cases()))); got != "[D0 D1 D2 D3 D4 D5]" {
			t.Error(got)
		}
		w.verify()
	})
}

func TestATicketOfACaseThatIsOverGoesWhereItsMatterIs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := dissatisfied(hotline("A", "春江花园", "13800000001", moment("2026-02-01 08:00")), "2026-02-02 18:00")
		w.takeIn(a)
		first := w.newest().ID
		w.must(first, "p-cy", casework.Reject{Reason: "误评"})
		b := dissatisfied(hotline("B", "春江花园", "13800000002", moment("2026-03-01 08:00")), "2026-03-01 18:00")
		w.expect(w.takeIn(b), 1, "new evidence")
		second := w.newest().ID
		// A row that says nothing new leaves the ticket where it was decided upon.
		a = changed(a, func(t *ticket.Ticket) { t.Reply = "已回复" })
		w.expect(w.takeIn(a), 0, "nothing new")
		if got := w.holds(second); got != "B" {
			t.Fatalf("the open case holds %s", got)
		}
		a = changed(hops(a), func(*ticket.Ticket) {})
		w.expect(w.takeIn(a), 0, "new evidence while the matter's new case is open")
		if got := w.holds(second); got != "A B" {
			t.Errorf("the open case holds %s", got)
		}
		if got := w.ticketRow("A").CaseID; got != second {
			t.Errorf("the ticket is in %s", got)
		}
		if kinds := w.load(second).Triggers; len(kinds) != 2 {
			t.Errorf("%+v", kinds)
		}
		// When that is over too, a third one is linked to it.
		w.must(second, "p-cy", casework.Reject{Reason: "误评"})
		c := reassignedThrice(hotline("C", "春江花园", "", moment("2026-03-01 09:00")))
		w.expect(w.takeIn(c), 1, "all are over")
		if got := w.newest().LinkedCase; got != second {
			t.Errorf("linked to %s, want %s", got, second)
		}
		w.verify()
	})
}

func reassignedThrice(t ticket.Ticket) ticket.Ticket {
	t.ReassignedColumn = 3
	return t
}

func TestARejectedCaseStaysRejectedWhenTheRowNamesAnotherPlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := dissatisfied(hotline("A", "春江花园", "13800000001", moment("2026-03-01 08:00")), "2026-03-01 18:00")
		w.takeIn(a)
		w.must(w.newest().ID, "p-cy", casework.Reject{Reason: "误评"})
		w.expect(w.takeIn(changed(a, func(t *ticket.Ticket) { t.Category[1] = "工地噪声" })), 0, "another category")
		w.expect(w.takeIn(changed(a, func(t *ticket.Ticket) { t.Community, t.Fingerprint = "东门小区", "x" })), 0, "another place")
		// The same for evidence that a reported case has heard of without holding the ticket.
		cross := func(no string) ticket.Ticket {
			t := hotline(no, "秀水里", "", moment("2026-03-01 08:00"))
			t.Cross = []ticket.Crossing{ticket.CrossDepartment}
			return t
		}
		w.expect(w.takeIn(cross("X")), 1, "三跨")
		w.expect(w.takeIn(cross("Y")), 0, "another one of the matter")
		w.must(w.newest().ID, "p-cy", casework.Reject{Reason: "单个部门即可办理"})
		for i, place := range []string{"望舒里", "秀水里", "望舒里"} {
			w.expect(w.takeIn(changed(cross("Y"), func(t *ticket.Ticket) { t.Community, t.Fingerprint = place, fmt.Sprint(i) })), 0, "now at "+place)
		}
		w.verify()
	})
}

func TestTheHotlineRatesAnOrderAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := dissatisfied(hotline("A", "春江花园", "13800000001", moment("2026-02-20 08:00")), "2026-02-27 18:00")
		w.takeIn(a)
		id := w.newest().ID
		w.solve(id)
		w.at("2026-03-06 10:00")
		later := changed(a, func(t *ticket.Ticket) { t.Reply = "又回复" })
		w.takeIn(later)
		if got := pending(w.load(id)); len(got) > 0 {
			t.Fatalf("a row with the rating that is known: %v", got)
		}
		w.takeIn(changed(dissatisfied(later, "2026-03-05 18:00"), func(t *ticket.Ticket) { t.Feedback = "又坏了" }))
		c := w.load(id)
		if got := c.PendingRatings(); len(got) != 1 || c.Ratings[got[0]].TicketID != w.ticketRow("A").Ticket.ID {
			t.Fatalf("the second 不满意: %+v", c.Ratings)
		}
		w.verify()
	})
}

func TestAResolvedCaseHearsOfDissatisfactionOnAnOlderTicket(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.takeIn(hops(hotline("A", "春江花园", "13800000001", moment("2026-02-20 08:00"))))
		id := w.newest().ID
		w.solve(id)
		w.at("2026-03-03 10:00")
		quiet := hotline("B", "春江花园", "13800000002", moment("2026-02-19 08:00"))
		loud := dissatisfied(hotline("C", "春江花园", "13800000003", moment("2026-02-18 08:00")), "2026-02-26 08:00")
		w.expect(w.takeIn(quiet, loud), 0, "tickets from before the resolution")
		c := w.load(id)
		if got := w.holds(id); got != "A B C" {
			t.Errorf("holds %s", got)
		}
		if got := c.PendingRatings(); len(got) != 1 || c.Ratings[got[0]].TicketID != w.ticketRow("C").Ticket.ID {
			t.Errorf("%+v", c.Ratings)
		}
		w.verify()
	})
}

func TestWhatHasFallenDueOnACaseComesBeforeItsTickets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := hops(hotline("A", "春江花园", "13800000001", moment("2026-02-20 08:00")))
		w.takeIn(a)
		id := w.newest().ID
		w.solve(id)
		w.takeIn(dissatisfied(hotline("B", "春江花园", "13800000002", moment("2026-03-01 08:00")), "2026-03-02 09:00"))
		if got := pending(w.load(id)); len(got) != 1 {
			t.Fatalf("%v", got)
		}
		// Nobody called back, nobody has swept, and the hotline brings the next 不满意.
		w.at("2026-03-06 10:00")
		taken := w.takeIn(dissatisfied(hotline("C", "春江花园", "13800000003", moment("2026-03-04 08:00")), "2026-03-05 09:00"), hotline("D", "东门小区", "", moment("2026-03-04 09:00")))
		w.expect(taken, 0, "a case that is open again")
		if c := w.load(id); c.Status != casework.Convening || c.Round != 2 || w.holds(id) != "A B C" {
			t.Errorf("%s round %d holds %s", c.Status, c.Round, w.holds(id))
		}
		w.verify()
	})
}

func TestATicketThatAPersonTookOutStaysOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := dissatisfied(hotline("A", "春江花园", "13800000001", moment("2026-01-20 08:00")), "2026-01-21 18:00")
		b := hotline("B", "春江花园", "13800000002", moment("2026-01-20 09:00"))
		w.takeIn(a, b)
		id := w.newest().ID
		if got := w.holds(id); got != "A B" {
			t.Fatalf("holds %s", got)
		}
		w.must(id, "p-cy", casework.Detach{TicketID: w.ticketRow("B").Ticket.ID, Reason: "说的是另一处工地"})
		for i := range 2 {
			b = changed(b, func(t *ticket.Ticket) { t.Reply = fmt.Sprint("回复", i) })
			w.expect(w.takeIn(b), 0, "its row changes")
		}
		if got := w.holds(id); got != "A" {
			t.Errorf("holds %s again", got)
		}
		// It waits like any other, and is proposed by itself.
		cases, err := w.e.Age(context.Background())
		if err != nil || cases != 1 {
			t.Fatalf("%d cases, %v", cases, err)
		}
		if c := w.newest(); w.holds(c.ID) != "B" || c.Status != casework.Reported {
			t.Errorf("%s holds %s", c.Status, w.holds(c.ID))
		}
		// Others about the matter still come to the first.
		w.takeIn(hotline("C", "春江花园", "", moment("2026-01-20 10:00")))
		if got := w.holds(id); got != "A C" {
			t.Errorf("holds %s", got)
		}
		w.verify()
	})
}

func TestATicketThatAPersonTookOutJoinsWhatItIsAboutNow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := dissatisfied(hotline("A", "春江花园", "13800000001", moment("2026-03-01 08:00")), "2026-03-01 18:00")
		other := dissatisfied(hotline("O", "东门小区", "13800000009", moment("2026-03-01 08:00")), "2026-03-01 18:00")
		b := dissatisfied(hotline("B", "春江花园", "13800000002", moment("2026-03-01 09:00")), "2026-03-01 19:00")
		w.takeIn(a, b)
		id := w.newest().ID
		w.takeIn(other)
		east := w.newest().ID
		w.must(id, "p-cy", casework.Detach{TicketID: w.ticketRow("B").Ticket.ID, Reason: "说的是东门小区"})
		w.expect(w.takeIn(changed(b, func(t *ticket.Ticket) { t.Reply = "已回复" })), 0, "evidence that has counted")
		w.takeIn(changed(b, func(t *ticket.Ticket) { t.Community, t.Fingerprint = "东门小区", "f-east" }))
		if got := w.holds(id) + "|" + w.holds(east); got != "A|B O" {
			t.Error(got)
		}
		w.verify()
	})
}

func TestACaseHoldsEveryTicketAboutItsMatter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		day := func(no string, hour int) ticket.Ticket {
			return hotline(no, "春江花园", "", moment("2026-03-01 08:00").Add(time.Duration(hour)*time.Hour))
		}
		w.takeIn(day("A", 0), day("B", 1))
		w.expect(w.takeIn(dissatisfied(day("C", 2), "2026-03-02 08:00")), 1, "不满意")
		if got := w.holds(w.newest().ID); got != "A B C" {
			t.Errorf("opened with %s", got)
		}
		// A reported case holds what proposed it; once registered it holds all.
		cross := hotline("X", "秀水里", "", moment("2026-03-01 08:00"))
		cross.Cross = []ticket.Crossing{ticket.CrossDepartment}
		w.takeIn(cross, hotline("Y", "秀水里", "", moment("2026-03-01 09:00")))
		proposed := w.newest().ID
		w.takeIn(dissatisfied(hotline("Z", "秀水里", "", moment("2026-03-01 10:00")), "2026-03-02 08:00"))
		if c := w.load(proposed); c.Status != casework.Registered || w.holds(proposed) != "X Y Z" {
			t.Errorf("registered by a trigger: %s %s", c.Status, w.holds(proposed))
		}
		cross.OrderNo, cross.Community, cross.Fingerprint = "P", "望舒里", "p"
		second := changed(cross, func(t *ticket.Ticket) { t.OrderNo = "Q" })
		w.takeIn(cross, hotline("R", "望舒里", "", moment("2026-03-01 09:00")))
		w.takeIn(second)
		proposed = w.newest().ID
		w.must(proposed, "p-cy", casework.Register{})
		if got := w.holds(proposed); got != "P Q R" {
			t.Errorf("registered by a person: %s", got)
		}
		w.verify()
	})
}

func TestAChainIsTheSameReadFromEitherEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		chain := func(prefix, place string) []ticket.Ticket {
			var list []ticket.Ticket
			for i := range 4 {
				tk := hotline(fmt.Sprint(prefix, i), fmt.Sprint(place, i), "", moment("2026-03-01 08:00").Add(time.Duration(i)*time.Hour))
				if i > 0 {
					tk = reassignedFrom(tk, list[i-1].OrderNo)
				}
				list = append(list, tk)
			}
			return list
		}
		cases := 0
		for _, tk := range chain("up", "东") {
			cases += w.takeIn(tk).Cases
		}
		for _, tk := range slices.Backward(chain("down", "西")) {
			cases += w.takeIn(tk).Cases
		}
		both := chain("mid", "中")
		for _, i := range []int{2, 0, 3, 1} {
			cases += w.takeIn(both[i]).Cases
		}
		got := slices.Sorted(maps.Values(w.cases()))
		want := []string{"down0 down1 down2 down3", "mid0 mid1 mid2 mid3", "up0 up1 up2 up3"}
		if cases != 3 || !slices.Equal(got, want) {
			t.Errorf("%d cases\n%v", cases, got)
		}
		w.verify()
	})
}

func TestARequesterWhoIsKnownLaterSeesTheCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := dissatisfied(hotline("A", "春江花园", "", moment("2026-03-01 08:00")), "2026-03-01 18:00")
		w.takeIn(a)
		c := w.newest()
		if _, err := w.e.Case(context.Background(), w.actor("p-r"), c.ID); err == nil {
			t.Fatal("nobody's ticket is seen")
		}
		a = changed(a, func(t *ticket.Ticket) { t.Requester.Phone, t.AcceptedAt = "13800000001", moment("2026-03-01 08:30") })
		w.takeIn(a)
		if _, err := w.e.Case(context.Background(), w.actor("p-r"), c.ID); err != nil {
			t.Error(err)
		}
		held := w.load(c.ID).Tickets[w.ticketRow("A").Ticket.ID]
		if !held.AcceptedAt.Equal(a.AcceptedAt) || held.AttachedAt.IsZero() {
			t.Errorf("%+v", held)
		}
		// An export without the phone leaves it as it is, and the same row again makes no event.
		w.takeIn(changed(a, func(t *ticket.Ticket) { t.Requester.Phone = "" }))
		version := w.load(c.ID).Version
		w.takeIn(changed(a, func(t *ticket.Ticket) { t.Reply = "已回复" }))
		if again := w.load(c.ID); again.Version != version || again.Tickets[held.ID].Requester != held.Requester {
			t.Errorf("version %d after %d, %+v", again.Version, version, again.Tickets)
		}
		w.verify()
	})
}

// Whatever the order and size of batches, the same tickets make the same cases, and once more changes nothing. They lie
// within one window. What domain §2 leaves to the order is not among them: a person's decisions between, and a chain that
// becomes several cases before its oldest order comes: people merge those.
func TestTheOrderOfBatchesDoesNotMatter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for round := range 12 {
		var all []ticket.Ticket
		var plain []string // orders that are handed out again once
		handedOut, line := "", 0
		for i := range 4 + rnd.IntN(24) {
			at := moment("2026-02-26 08:00").Add(time.Duration(rnd.IntN(5*24*60)) * time.Minute)
			tk := hotline(fmt.Sprintf("T%02d", i), fmt.Sprintf("小区%d", rnd.IntN(3)), fmt.Sprintf("1380000000%d", rnd.IntN(5)), at)
			switch kind := rnd.IntN(12); {
			case kind == 0:
				tk = dissatisfied(tk, "2026-03-02 09:00")
			case kind == 1:
				tk = hops(tk)
			case kind == 2:
				tk = reassignedThrice(tk)
			case kind < 7:
				// Handed out again and again, each time in words of its own.
				tk.Community = fmt.Sprint("别处", i)
				if line%5 > 0 {
					tk = reassignedFrom(tk, handedOut)
				}
				handedOut = tk.OrderNo
				line++
			case kind < 9 && len(plain) > 0:
				tk.Community = fmt.Sprint("别处", i)
				tk = reassignedFrom(tk, plain[rnd.IntN(len(plain))])
			default:
				plain = append(plain, tk.OrderNo)
			}
			all = append(all, tk)
		}
		want := ""
		for variant := range 4 {
			w := newWorld(t, storetest.Open(t))
			list := slices.Clone(all)
			if variant > 0 {
				rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			}
			for rest := list; len(rest) > 0; {
				n := len(rest)
				if variant > 0 {
					n = 1 + rnd.IntN(min(len(rest), 6))
				}
				w.takeIn(rest[:n]...)
				rest = rest[n:]
			}
			got := fmt.Sprint(slices.Sorted(maps.Values(w.cases())))
			if variant == 0 {
				want = got
			} else if got != want {
				var order []string
				for _, tk := range list {
					order = append(order, tk.OrderNo)
				}
				t.Fatalf("round %d variant %d in order %v\n%s\nwant\n%s", round, variant, order, got, want)
			}
			if again := w.takeIn(all...); again != (workflow.Taken{Unchanged: len(all)}) {
				t.Fatalf("round %d: again %+v", round, again)
			}
			w.verify()
		}
	}
}

func pending(c casework.Case) []string { return c.PendingRatings() }
