package casework

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// TestInvariants gives random commands by random people at random times to three cases that merge and split, and holds
// every decision to the seven rules of domain §3: checkState, checkStages, checkEvents, checkNotices, checkHistory.
func TestInvariants(t *testing.T) {
	calendars := []*workday.Calendar{
		calendar(t, nil, 2025, 2026),
		calendar(t, nil, 2025, 2026, 2027),
		calendar(t, []workday.Closure{{From: date(t, "2026-07-20"), To: date(t, "2026-07-24"), Reason: "台风停工"}}, 2025, 2026),
		calendar(t, nil, 2025),
	}
	reached, walks := &tally{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		if walks++; underRace && walks > 10 {
			return // one goroutine: the race detector only makes it slow
		}
		w := &world{T: rt, calendars: calendars, reached: reached, people: crowd()}
		w.now = instant(at(t, "2026-01-05 09:00").Add(time.Duration(rapid.IntRange(0, 360*24*60).Draw(rt, "start")) * time.Minute))
		for i := range 3 {
			w.cases, w.revision = append(w.cases, nil), append(w.revision, 0)
			w.begin(i)
		}
		for range rapid.IntRange(40, 160).Draw(rt, "steps") {
			w.step()
		}
		for _, r := range w.cases {
			if r.c.Version > 0 {
				r.checkHistory(rt)
			}
		}
	})
	if !underRace {
		reached.report(t)
	}
}

// tally counts what the random walks reached: a property that holds where nobody goes says little.
type tally struct {
	sync.Mutex
	commands map[Name]int
	events   map[EventKind]int
	statuses map[Status]int
}

func (y *tally) count(d Decision, done Name) {
	y.Lock()
	defer y.Unlock()
	if y.commands == nil {
		y.commands, y.events, y.statuses = map[Name]int{}, map[EventKind]int{}, map[Status]int{}
	}
	y.commands[done]++
	y.statuses[d.Case.Status]++
	for _, e := range d.Events {
		y.events[e.Kind]++
	}
}

func (y *tally) report(t *testing.T) {
	t.Helper()
	t.Logf("commands %v\nevents %v\nstatuses %v", y.commands, y.events, y.statuses)
	for _, name := range Names() {
		if y.commands[name] == 0 {
			t.Errorf("no random walk got as far as %s", name)
		}
	}
	for kind := range eventLabels {
		if y.events[kind] == 0 {
			t.Errorf("no random walk led to %s", kind)
		}
	}
	for _, s := range Statuses {
		if y.statuses[s] == 0 {
			t.Errorf("no random walk reached %s", s)
		}
	}
}

// crowd is everybody who may try: for two grids and four departments, with delegates, a vacant post and the three
// administrators.
func crowd() []Actor {
	out := []Actor{
		SystemActor(), person("c1", Centre, ""), person("sup", Supervisor, ""), person("pl", PrincipalLeader, ""),
		person("lg", LeadingGroup, ""), person("co", Coordinator, ""), person("admin", SystemAdmin, ""),
		person("r1", Resident, ""), person("r2", Resident, ""), person("com", Community, "C1"),
	}
	for _, g := range []string{"G1", "G2"} {
		out = append(out, person("chief"+g, GridChief, g), person("liaison"+g, Liaison, g), person("secretary"+g, PartySecretary, g))
	}
	for _, dep := range departments {
		out = append(out, person("head"+dep, DepartmentHead, dep), person("hand"+dep, Handler, dep), person("deputy"+dep, DeputyLeader, dep))
	}
	delegate := person("ab", Handler, "D1")
	delegate.Posts = append(delegate.Posts, Post{Role: Handler, Unit: "D1", For: "handD1"}, Post{Role: GridChief, Unit: "G1", For: "chiefG1"})
	delegate.StandsInFor = []string{"handD1", "chiefG1"}
	steps := person("c2", Centre, "")
	steps.Posts = append(steps.Posts, Post{Role: Liaison, Unit: "G2", Vacant: true}, Post{Role: GridChief, Unit: "G2", Vacant: true})
	both := person("two", DepartmentHead, "D1")
	both.Posts = append(both.Posts, Post{Role: DepartmentHead, Unit: "D2"})
	return append(out, delegate, steps, both)
}

var (
	departments = []string{"D1", "D2", "D3", "D4"}
	staff       = []string{"handD1", "handD2", "handD3", "handD4", "headD1", "chiefG1", "p1", "p2"}
)

type world struct {
	*rapid.T
	calendars []*workday.Calendar
	current   int // calendar
	revision  []int
	now       time.Time
	cases     []*record
	people    []Actor
	reached   *tally
	tickets   int
	made      int // cases
}

// begin puts a new case in place i: one in three is left for somebody to report.
func (w *world) begin(i int) {
	w.made++
	w.cases[i] = &record{c: Case{ID: fmt.Sprint("id-", w.made), Number: fmt.Sprint("N", w.made)}}
	w.revision[i] = w.current
	if w.below(3, "to be reported") == 0 {
		return
	}
	w.give(i, SystemActor(), Register{Report: Report{
		Title: "标题", Facts: "事实", Triggers: []Trigger{{Kind: ByReassigned, Summary: "重新交办3次"}},
		Tickets: []TicketRef{{ID: fmt.Sprint("first", w.made), Requester: among(w, "requester", "r1", "r2"), AcceptedAt: w.now}},
	}})
	w.give(i, w.people[1], Classify{Domain: Livelihood, Scope: Individual, Reach: SingleDepartment, GridID: "G1"})
}

func (w *world) env(i int) Env {
	return Env{Now: w.now, Calendar: w.calendars[w.current], Policy: DefaultPolicy(), Recalculate: w.revision[i] != w.current}
}

func (w *world) save(i int, d Decision, done Name) {
	w.cases[i].save(w, d, w.now, DefaultPolicy())
	w.revision[i] = w.current
	w.reached.count(d, done)
}

// below draws a number from 0 to n-1, each as likely: rapid itself prefers small ones, which would leave most walks in
// the first states.
func (w *world) below(n int, label string) int {
	x := rapid.Uint64().Draw(w.T, label)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9 // splitmix64
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x ^ x>>31) % uint64(n))
}

func among[V any](w *world, label string, options ...V) V {
	return options[w.below(len(options), label)]
}

// pick draws an index by weight.
func (w *world) pick(label string, weights ...int) int {
	sum := 0
	for _, n := range weights {
		sum += n
	}
	n := w.below(sum, label)
	for i, weight := range weights {
		if n -= weight; n < 0 {
			return i
		}
	}
	return len(weights) - 1
}

func (w *world) step() {
	i := w.below(len(w.cases), "case")
	if r := w.cases[i]; r.c.Status == Closed || r.c.Status == Rejected {
		r.checkHistory(w)
		w.begin(i)
	}
	switch w.pick("what", 150, 15, 34, 1) {
	case 0:
		w.likely(i)
	case 1:
		w.wild(i)
	case 2:
		w.wait()
	case 3:
		w.current = w.below(len(w.calendars), "calendar")
		w.sweep()
	}
}

// likely gives a command that somebody may give now, with fitting fields.
func (w *world) likely(i int) {
	type option struct {
		who  int
		name Name
	}
	var options []option
	byName := map[Name]bool{}
	for who, a := range w.people {
		for _, allowed := range AllowedCommands(w.cases[i].c, a, w.env(i)) {
			options = append(options, option{who, allowed.Name})
			byName[allowed.Name] = true
		}
	}
	if len(options) == 0 {
		return
	}
	// First the command, then who gives it, so that what many may do does not crowd out the rest; what moves the case on
	// is likelier.
	names := Names()
	names = slices.DeleteFunc(names, func(n Name) bool { return !byName[n] })
	weights := make([]int, len(names))
	for k, n := range names {
		r, _ := ruleOf(n)
		weights[k] = 3
		switch {
		case n == "reject" || n == "merge" || n == "open_at_i" || n == "open_at_ii" || n == "escalate" || n == "add_evidence" || n == "update_ticket" || n == "settle_content":
			weights[k] = 1
		case n == "withdraw_task" || n == "hand_over" || n == "remind" || n == "assign" || n == "supervise":
			weights[k] = 2
		case n == "strike_off":
			weights[k] = 200
		case n == "accept" || n == "convene" || n == "finish_task" || n == "submit" || n == "verify_pass" || n == "rate":
			weights[k] = 40
		case len(r.to) > 0 || n == "dismiss_dissatisfaction" || n == "accept_task" || n == "decline_task" || n == "hold_over" || n == "ask_support":
			weights[k] = 12
		}
	}
	name := names[w.pick("command", weights...)]
	options = slices.DeleteFunc(options, func(o option) bool { return o.name != name })
	o := options[w.below(len(options), "who")]
	w.give(i, w.people[o.who], w.command(i, name))
}

// wild gives any command by anybody.
func (w *world) wild(i int) {
	a := w.people[w.below(len(w.people), "anybody")]
	w.give(i, a, w.command(i, among(w, "any command", Names()...)))
}

// wait lets time pass: not at all, to the very instant something falls due, a little, days, or a long outage.
func (w *world) wait() {
	w.now = w.now.Add(time.Millisecond * time.Duration(w.below(2, "ms")))
	switch w.pick("time", 8, 10, 20, 6, 1) {
	case 1:
		for _, r := range w.cases {
			if due := r.c.NextDue(); due.After(w.now) && w.below(2, "until due") == 0 {
				w.now = due
				break
			}
		}
	case 2:
		w.now = w.now.Add(time.Duration(1+w.below(8*60, "minutes")) * time.Minute)
	case 3:
		w.now = w.now.AddDate(0, 0, 1+w.below(6, "days"))
	case 4:
		w.now = w.now.AddDate(0, 0, 20+w.below(25, "outage"))
	}
	if w.pick("sweeper", 2, 1) == 0 {
		w.sweep()
	}
}

// sweep lets three replicas find each case due at the same instant; the store's version check lets one save.
func (w *world) sweep() {
	for i, r := range w.cases {
		if r.c.Version == 0 {
			continue
		}
		env, version := w.env(i), r.c.Version
		var won int
		var first []byte
		for range 3 {
			d, err := Tick(r.c, env)
			if err != nil {
				w.Fatalf("tick: %v", err)
			}
			switch body := encoded(w, d); {
			case first == nil:
				first = body
			case r.c.Version == version && string(body) != string(first):
				w.Fatalf("two replicas decide differently:\n%s\n%s", first, body)
			}
			if d.Case.Version != r.c.Version+int64(len(d.Events)) || d.Case.Version-int64(len(d.Events)) != version {
				if len(d.Events) > 0 {
					w.Fatalf("a replica that comes late still finds something to do: %v", d.Events)
				}
				continue
			}
			if len(d.Events) > 0 {
				won++
			}
			w.save(i, d, "tick")
			env = w.env(i) // it finds the case as the winner left it
		}
		if won > 1 {
			w.Fatalf("%d replicas processed one deadline", won)
		}
	}
}

var chinese = regexp.MustCompile(`\p{Han}`)

// give decides a command twice, compares what a refusal leaves with what a tick would, and saves.
func (w *world) give(i int, a Actor, cmd Command) {
	before := encoded(w, w.cases[i].c)
	switch cmd := cmd.(type) {
	case Merge:
		w.pair(i, a, cmd)
		return
	case Split:
		w.pair(i, a, cmd)
		return
	}
	env := w.env(i)
	c := w.cases[i].c
	d, err := Decide(c, a, cmd, env)
	again, errAgain := Decide(c, a, cmd, env)
	if string(encoded(w, d)) != string(encoded(w, again)) || fmt.Sprint(err) != fmt.Sprint(errAgain) {
		w.Fatalf("%s decides differently the second time", cmd.Name())
	}
	if string(encoded(w, c)) != string(before) {
		w.Fatalf("%s changed the case it was given", cmd.Name())
	}
	done := cmd.Name()
	if err != nil {
		done = "refused"
		tick, tickErr := Tick(c, env)
		if tickErr != nil {
			w.Fatalf("tick: %v", tickErr)
		}
		w.refused(cmd, a, err, d, tick, env)
	}
	w.save(i, d, done)
}

// refused: a refusal says why and what else, and leaves the case as a tick would.
func (w *world) refused(cmd Command, a Actor, err error, d, tick Decision, env Env) {
	var refusal *apperr.Error
	if !errors.As(err, &refusal) || !chinese.MatchString(refusal.Message) {
		w.Fatalf("%s by %s: %v", cmd.Name(), a.PersonID, err)
	}
	switch refusal.Code {
	case apperr.InvalidArgument:
	case apperr.FailedPrecondition:
		allowed, ok := refusal.Detail.([]Allowed)
		if !ok {
			w.Fatalf("%s by %s: refused with %v, without what is possible", cmd.Name(), a.PersonID, refusal)
		}
		listed := slices.ContainsFunc(allowed, func(x Allowed) bool { return x.Name == cmd.Name() })
		if byRule := refusal.Reason == "case.wrong_state" || refusal.Reason == "case.nothing_to_do"; byRule && listed {
			w.Fatalf("%s by %s is listed as possible and refused: %v", cmd.Name(), a.PersonID, refusal)
		}
		if now := AllowedCommands(d.Case, a, env); !cmp.Equal(now, allowed) {
			w.Fatalf("%s: the refusal lists %v, possible is %v", cmd.Name(), allowed, now)
		}
	default:
		w.Fatalf("%s by %s: %v", cmd.Name(), a.PersonID, refusal)
	}
	if string(encoded(w, d)) != string(encoded(w, tick)) {
		w.Fatalf("%s was refused (%v) and changed more than what fell due:\n%s\n%s", cmd.Name(), err, encoded(w, d), encoded(w, tick))
	}
}

// pair merges or splits case i and checks both halves; tickets, tasks and orders are neither lost nor doubled.
func (w *world) pair(i int, a Actor, cmd Command) {
	j := -1
	s := w.cases[i].c
	decide := func() (Decision, Decision, error) { panic("unset") }
	switch cmd := cmd.(type) {
	case Merge:
		j = slices.IndexFunc(w.cases, func(r *record) bool { return r.c.ID == cmd.TargetID })
		t := w.cases[j].c
		decide = func() (Decision, Decision, error) { return DecideMerge(s, t, a, cmd, w.env(i)) }
	case Split:
		if j = slices.IndexFunc(w.cases, func(r *record) bool { return r.c.ID == s.MergedInto }); j < 0 {
			j = (i + 1) % len(w.cases)
		}
		t := w.cases[j].c
		decide = func() (Decision, Decision, error) { return DecideSplit(s, t, a, cmd, w.env(i)) }
	}
	if w.cases[j].c.Version == 0 || w.revision[i] != w.revision[j] && w.revision[j] != w.current {
		return // the store would not find the one, and counts both again before
	}
	before := len(s.Tickets) + len(w.cases[j].c.Tickets)
	d, e, err := decide()
	again, eAgain, _ := decide()
	if string(encoded(w, []Decision{d, e})) != string(encoded(w, []Decision{again, eAgain})) {
		w.Fatalf("%s decides differently the second time", cmd.Name())
	}
	if i == j {
		if err == nil {
			w.Fatalf("a case went into itself")
		}
		return
	}
	done := cmd.Name()
	if err != nil {
		done = "refused"
		for n, half := range []Decision{d, e} {
			tick, tickErr := Tick(w.cases[[]int{i, j}[n]].c, w.env(i))
			if tickErr != nil {
				w.Fatalf("tick: %v", tickErr)
			}
			if string(encoded(w, half)) != string(encoded(w, tick)) {
				w.Fatalf("%s was refused (%v) and changed more than what fell due", cmd.Name(), err)
			}
		}
	}
	if after := len(d.Case.Tickets) + len(e.Case.Tickets); after != before {
		w.Fatalf("%s: %d tickets before, %d after", cmd.Name(), before, after)
	}
	if merged := done == "merge"; merged && len(d.Case.Tickets)+len(d.Case.Tasks)+len(d.Case.Orders)+len(d.Case.Offers) > 0 {
		w.Fatalf("something stayed behind: %+v", d.Case)
	}
	w.save(i, d, done)
	w.save(j, e, done)
}

// command draws the fields of a command: mostly such that it can succeed on case i.
func (w *world) command(i int, name Name) Command {
	c := w.cases[i].c
	// Now and then a field that does not fit; all of them at once would hide what each of them does.
	slip := func(label string) bool { return w.below(20, label) == 0 }
	text := func() string {
		if slip("slip of text") {
			return among(w, "text", "", "一", " 　")
		}
		return among(w, "text", "情况说明", "已处理完毕，手机13800138000")
	}
	dep := func() string { return among(w, "department", departments...) }
	who := func() string {
		if slip("nobody") {
			return ""
		}
		return among(w, "person", staff...)
	}
	grid := func() string { return among(w, "grid", "G1", "G1", "G1", "G1", "G1", "G2", "G2", "") }
	due := func() time.Time {
		s, _ := c.Stage()
		if slip("slip of due") {
			return among(w, "due", w.now.Add(-time.Hour), time.Time{}, w.now.AddDate(2, 0, 0), w.now.AddDate(0, 0, 30))
		}
		if s.DueAt.After(w.now) && s.OverdueAt.IsZero() {
			return w.now.Add(s.DueAt.Sub(w.now) / time.Duration(among(w, "due", 1, 1, 2, 5)))
		}
		return w.now.AddDate(0, 0, 2)
	}
	outcome := func() Outcome {
		if slip("outcome") {
			return "x"
		}
		return ActuallySolved
	}
	task := func() string { return among(w, "task", append(c.OpenTasks(), "no task")...) }
	ticketID := func() string { return among(w, "ticket", append(sortedKeys(c.Tickets), "")...) }
	place := func() Addressee {
		return among[Addressee](w, "place", "", "department:D1", "department:D2", "grid:G1", "centre")
	}
	duties := func() []Duty {
		var out []Duty
		for range among(w, "members", 1, 1, 2, 0) {
			out = append(out, Duty{PersonID: who(), Duty: text(), DueAt: due(), Within: place()})
		}
		return out
	}
	trigger := func() Trigger {
		kind := among(w, "trigger", ByUnaccepted, ByReassigned, ByCross, ByManual)
		key := among(w, "evidence", "e1", "e2", "e3")
		return Trigger{Kind: kind, Summary: "识别依据", Evidence: []Evidence{{Key: key, At: w.now}}}
	}
	newTicket := func() TicketRef {
		w.tickets++
		r := among(w, "requester", "r1", "r2", "")
		accepted := w.now.Add(-time.Duration(w.below(73, "age")) * time.Hour)
		return TicketRef{ID: fmt.Sprint("t", w.tickets), OrderNo: fmt.Sprint("o", w.tickets), Source: ticket.Hotline, Requester: r, AcceptedAt: accepted.In(workday.Shanghai)}
	}
	report := func() Report {
		m := Report{Title: "标题", Facts: text(), Place: "地点", GridID: grid(), CommunityID: "C1"}
		for range w.below(3, "tickets") {
			m.Tickets = append(m.Tickets, newTicket())
		}
		if w.below(2, "triggered") == 0 {
			m.Triggers = []Trigger{trigger()}
		}
		return m
	}
	switch name {
	case "report":
		return report()
	case "register":
		return Register{Report: report(), Reason: text()}
	case "add_evidence":
		return AddEvidence{Trigger: trigger()}
	case "classify":
		return Classify{Domain: Livelihood, Scope: Common, Reach: CrossDepartment, Crossings: []string{"field"}, GridID: grid(), CommunityID: "C1"}
	case "assign":
		return Assign{HandlerID: who(), CoordinatorID: among(w, "coordinator", "", "co")}
	case "reject":
		return Reject{Reason: text()}
	case "attach":
		return Attach{Ticket: newTicket()}
	case "update_ticket":
		t := newTicket()
		t.ID = ticketID()
		return UpdateTicket{Ticket: t}
	case "detach":
		return Detach{TicketID: ticketID(), Reason: text()}
	case "merge":
		return Merge{TargetID: w.cases[w.below(len(w.cases), "target")].c.ID, Reason: "同一件事"}
	case "split":
		return Split{Reason: text()}
	case "dispatch":
		return Dispatch{LeadDepartmentID: dep()}
	case "claim":
		return Claim{HandlerID: who(), DepartmentID: among(w, "claims", "", "D1", "D2")}
	case "take":
		return Take{}
	case "open_at_ii":
		return OpenAtII{Reason: text()}
	case "open_at_i":
		return OpenAtI{Ground: among(w, "ground", MajorOpinion, GroupPetition, ""), Reason: text()}
	case "accept":
		return Accept{HandlerID: who()}
	case "return":
		return Return{Reason: text(), DutyItem: "权责事项", SuggestedDepartmentID: dep()}
	case "transfer":
		return Transfer{LeadDepartmentID: dep(), Reason: text()}
	case "coordinate":
		return Coordinate{Opinion: text()}
	case "contact":
		return Contact{Reached: true, At: w.now, Said: text()}
	case "ask_support":
		return AskSupport{DepartmentID: dep(), Task: text(), DueAt: due()}
	case "accept_task":
		return AcceptTask{TaskID: task()}
	case "finish_task":
		return FinishTask{TaskID: task(), Result: text()}
	case "decline_task":
		return DeclineTask{TaskID: task(), Reason: text()}
	case "withdraw_task":
		return WithdrawTask{TaskID: task(), Reason: text()}
	case "progress":
		return Progress{Text: text(), Public: w.below(2, "public") == 0}
	case "convene":
		return Convene{Minutes: text(), LeadDepartmentID: dep(), HandlerID: who(), LeaderID: "p1", Members: duties(), Plan: "方案"}
	case "amend":
		m := Amend{LeadDepartmentID: among(w, "lead", "", "D1", "D2"), Plan: "新的方案", Reason: text(), Add: duties()}
		if c.TaskForce != nil && len(c.TaskForce.Members) > 0 && w.below(2, "remove") == 0 {
			m.Remove = []string{c.TaskForce.Members[0].PersonID}
		}
		return m
	case "submit":
		return Submit{Result: text(), Outcome: outcome(), Evidence: []string{"a1"}}
	case "ask_onsite":
		return AskOnSite{Question: text(), DueAt: due()}
	case "verify_pass":
		return VerifyPass{Finding: text(), Outcome: outcome()}
	case "verify_fail":
		return VerifyFail{Finding: text()}
	case "escalate":
		return Escalate{Reason: text()}
	case "rate":
		return Rate{TicketID: ticketID(), Rating: among(w, "rating", Satisfied, Mostly, Dissatisfied, Dissatisfied, Dissatisfied, "x"), Words: text()}
	case "confirm_dissatisfaction":
		return ConfirmDissatisfaction{Record: text()}
	case "dismiss_dissatisfaction":
		return DismissDissatisfaction{Record: text()}
	case "strike_off":
		return StrikeOff{Decision: text()}
	case "carry_over":
		return CarryOver{Decision: text()}
	case "hold_over":
		return HoldOver{TargetOn: workday.DateOf(w.now.AddDate(0, 0, w.below(42, "target")-1)), Reason: text()}
	case "remind":
		return Remind{}
	case "supervise":
		return Supervise{Text: text(), DueAt: due()}
	case "settle_content":
		return SettleContent{ReviewID: among(w, "review", "r1", "r2"), TicketID: ticketID(), Passed: w.below(2, "passed") == 1, Text: "放出来的话"}
	case "hand_over":
		m := HandOver{PersonID: among(w, "who goes", append([]string{"co", "plain"}, staff...)...)}
		if w.below(2, "moved") == 0 {
			m.Holds = []Addressee{"department:D1", "grid:G1"}
		}
		return m
	case "answer":
		return AnswerOrder{OrderID: among(w, "order", append(c.OpenOrders(), "no order")...), Answer: text()}
	}
	w.Fatalf("no fields for %s", name)
	return nil
}
