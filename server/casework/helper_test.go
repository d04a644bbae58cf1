package casework

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xiaopu/server/workday"
)

// year gives the arrangement of a year: the published notices, and for 2027, which has none yet, an assumption that
// serves these tests alone.
func year(t testing.TB, n int) workday.Year {
	t.Helper()
	if n == 2027 {
		y := workday.Year{Year: 2027, Source: "测试用的假定安排", Off: map[workday.Date]string{}, Work: map[workday.Date]string{}}
		for _, d := range []string{"2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04"} {
			y.Off[date(t, d)] = "元旦（假定）"
		}
		y.Work[date(t, "2026-12-26")] = "元旦调休上班（假定）"
		return y
	}
	if read, ok := years.Load(n); ok {
		if y, ok := read.(workday.Year); ok {
			return y
		}
	}
	text, err := os.ReadFile(fmt.Sprintf("../workday/testdata/notice-%d.txt", n))
	if err != nil {
		t.Fatal(err)
	}
	y, err := workday.ParseNotice(string(text))
	if err != nil {
		t.Fatal(err)
	}
	years.Store(n, y)
	return y
}

var years sync.Map // read once: reading a notice takes longer than most tests

func calendar(t testing.TB, closures []workday.Closure, known ...int) *workday.Calendar {
	t.Helper()
	list := make([]workday.Year, len(known))
	for i, n := range known {
		list[i] = year(t, n)
	}
	cal, err := workday.New(workday.DefaultHours, list, closures)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func date(t testing.TB, s string) workday.Date {
	t.Helper()
	d, err := workday.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// at reads “2026-09-30 16:00” in Shanghai.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, workday.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return instant(v)
}

// person holds one post.
func person(id string, role Role, unit string) Actor {
	a := Actor{PersonID: id, Name: id, Posts: []Post{{Role: role, Unit: unit}}}
	if role == Resident {
		a.Requesters = []string{id}
	}
	return a
}

var sameCase = cmp.Options{cmpopts.EquateEmpty()}

// thing is any of the tests' *testing.T, *rapid.T.
type thing interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// record is a case as the store keeps it: the stored value and its timeline.
type record struct {
	c      Case
	events []Event
}

// save takes a decision over the way the store does, after checking what must hold of every decision.
func (r *record) save(t thing, d Decision, now time.Time, p Policy) {
	t.Helper()
	before := r.c
	checkEvents(t, before, d, now)
	checkNotices(t, d)
	checkState(t, &before, d, now, p)
	replayed, err := Replay(before, d.Events)
	if err != nil {
		t.Fatalf("replay: %v", err)
	}
	checkSame(t, "replaying the events", d.Case, replayed)
	r.c = roundTrip(t, d.Case)
	r.events = append(r.events, d.Events...)
}

// roundTrip stores and reads a case, which must not change it.
func roundTrip(t thing, c Case) Case {
	t.Helper()
	var back Case
	if err := json.Unmarshal(encoded(t, c), &back); err != nil {
		t.Fatalf("decode: %v", err)
	}
	checkSame(t, "writing and reading JSON", c, back)
	return back
}

// checkSame compares what is stored; only when that differs, field by field, which takes much longer.
func checkSame(t thing, doing string, want, got Case) {
	t.Helper()
	if !bytes.Equal(encoded(t, want), encoded(t, got)) {
		t.Fatalf("%s does not give the same case (-want +got):\n%s", doing, cmp.Diff(want, got, sameCase))
	}
}

func encoded(t thing, v any) []byte {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return body
}

// checkHistory replays the whole timeline from nothing, over the sealed bodies as they are stored.
func (r *record) checkHistory(t thing) {
	t.Helper()
	var stored []Event
	for _, e := range r.events {
		body, _, err := Seal("", e)
		if err != nil {
			t.Fatalf("seal: %v", err)
		}
		var back Event
		if err := json.Unmarshal(body, &back); err != nil {
			t.Fatalf("event %d: %v", e.Seq, err)
		}
		stored = append(stored, back)
	}
	replayed, err := Replay(Case{}, stored)
	if err != nil {
		t.Fatalf("replay: %v", err)
	}
	if diff := cmp.Diff(r.c, replayed, sameCase); diff != "" {
		t.Fatalf("replaying the timeline from nothing does not give the case (-case +replayed):\n%s", diff)
	}
	checkDeadlines(t, stored)
}

// checkDeadlines: a stage ends at most once, and is overdue at most once.
func checkDeadlines(t thing, events []Event) {
	t.Helper()
	ended, overdue := map[string]int{}, map[string]int{}
	for _, e := range events {
		for _, ch := range e.Changes {
			if !strings.HasPrefix(ch.Path, "stages/") {
				continue
			}
			var a, b Stage
			mustUnmarshal(t, ch.Before, &a)
			mustUnmarshal(t, ch.After, &b)
			if !b.EndedAt.Equal(a.EndedAt) {
				ended[ch.Path]++
			}
			if !b.OverdueAt.Equal(a.OverdueAt) {
				overdue[ch.Path]++
			}
		}
	}
	for path, n := range ended {
		if n > 1 {
			t.Errorf("%s ended %d times", path, n)
		}
	}
	for path, n := range overdue {
		if n > 1 {
			t.Errorf("%s became overdue %d times", path, n)
		}
	}
}

func mustUnmarshal(t thing, raw json.RawMessage, v any) {
	t.Helper()
	if raw == nil {
		return
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}

// mechanical are the statuses in which an event of the mechanism itself can leave a case.
var mechanical = map[EventKind][]Status{
	EventEscalated: {Convening}, EventReopened: {Convening}, "add_evidence": {Registered},
}

func checkEvents(t thing, before Case, d Decision, now time.Time) {
	t.Helper()
	if want := before.Version + int64(len(d.Events)); d.Case.Version != want {
		t.Errorf("version %d after %d events on version %d", d.Case.Version, len(d.Events), before.Version)
	}
	var last time.Time
	for i, e := range d.Events {
		if e.Seq != before.Version+int64(i)+1 {
			t.Errorf("event %d has number %d", i, e.Seq)
		}
		if e.At.After(now) || !e.RecordedAt.Equal(instant(now)) {
			t.Errorf("%s at %s, recorded %s, now %s", e.Kind, e.At, e.RecordedAt, now)
		}
		if e.At.Before(last) {
			t.Errorf("%s at %s comes after an event at %s", e.Kind, e.At, last)
		}
		last = e.At
		_, command := ruleOf(Name(e.Kind))
		command = command || e.Kind == EventMergedIn || e.Kind == EventSplitOff // the target's side of merge and split
		if system := e.As.Role == System; system != (e.ActorID == "") || system != (e.ActorName == SystemActor().Name) {
			t.Errorf("%s of %q %q as %q", e.Kind, e.ActorID, e.ActorName, e.As.Role)
		} else if !system && !command {
			t.Errorf("%s is the mechanism's own and bears the name of %s", e.Kind, e.ActorName)
		}
		allowed := mechanical[e.Kind]
		if r, ok := ruleOf(Name(e.Kind)); ok {
			allowed = r.to
		}
		for _, ch := range e.Changes {
			var to Status
			if ch.Path == "status" {
				mustUnmarshal(t, ch.After, &to)
				if !slices.Contains(allowed, to) {
					t.Errorf("%s leads to %s; the table says %v", e.Kind, to, allowed)
				}
			}
			if ch.Path == "version" {
				t.Errorf("%s changes the version", e.Kind)
			}
		}
	}
}

// What a notice may say: ids, codes, instants, numbers. No sentence of anybody's, no phone, no name.
var (
	noticeArgs = map[string]*regexp.Regexp{
		"tier": regexp.MustCompile(`^(III|II|I)$`), "provisional": regexp.MustCompile(`^true$`),
		"due": rfc3339, "until": rfc3339, "rate_until": rfc3339, "call_back_by": rfc3339,
		"task": anID, "order": anID, "into": anID, "suggested": anID, "department": anID,
		"status": regexp.MustCompile(`^(finished|declined|withdrawn)$`),
		"ground": regexp.MustCompile(`^[a-z_]+$`), "cause": regexp.MustCompile(`^[a-z_]+$`),
		"clock": regexp.MustCompile(`^stage\.(half|day|hours)$`), "state": regexp.MustCompile(`^(reported|registered)$`), "passed": rfc3339,
	}
	rfc3339   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$`)
	anID      = regexp.MustCompile(`^[\p{Han}A-Za-z0-9-]{1,30}$`)
	addressee = regexp.MustCompile(`^(centre|supervisor|principal_leader|(department_head|deputy_leader|grid_chief|liaison|community|person|requester):.+)$`)
)

// told are the events that somebody must hear of: something ran out.
var told = []EventKind{EventEscalated, EventOverdue, EventHeld, EventWarned, EventChased, EventUnaccepted, EventReopened}

func checkNotices(t thing, d Decision) {
	t.Helper()
	heard := map[int64]bool{}
	kinds := map[int64]EventKind{}
	for _, e := range d.Events {
		kinds[e.Seq] = e.Kind
	}
	for _, n := range d.Notices {
		heard[n.Seq] = true
		if _, ok := kinds[n.Seq]; !ok {
			t.Errorf("notice %s belongs to event %d, which is not of this decision", n.Kind, n.Seq)
		}
		if _, ok := noticeLabels[n.Kind]; !ok {
			t.Errorf("notice %s has no label", n.Kind)
		}
		if len(n.To) == 0 {
			t.Errorf("notice %s to nobody", n.Kind)
		}
		for _, to := range n.To {
			if !addressee.MatchString(string(to)) || !mayHear(n.Kind, to) {
				t.Errorf("notice %s to %q", n.Kind, to)
			}
		}
		for k, v := range n.Args {
			if form := noticeArgs[k]; form == nil || !form.MatchString(v) {
				t.Errorf("notice %s says %s=%q", n.Kind, k, v)
			}
		}
	}
	for _, e := range d.Events {
		if slices.Contains(told, e.Kind) && !heard[e.Seq] {
			t.Errorf("nobody hears of %s (%s)", e.Kind, e.Data)
		}
	}
}

// checkState holds a decision's case to the invariants of domain §3.
func checkState(t thing, before *Case, d Decision, now time.Time, p Policy) {
	t.Helper()
	c := &d.Case
	checkStages(t, before, d)
	s, running := c.Stage()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s (%s): %s", c.Number, c.Status, fmt.Sprintf(format, args...))
	}
	for key, k := range c.Clocks {
		if !k.DueAt.After(now) {
			fail("clock %s ran out at %s and nothing happened by %s", key, k.DueAt, now)
		}
	}
	switch c.Status {
	case none, Merged, Closed, Rejected:
		if running || len(c.Clocks) > 0 {
			fail("has a stage or clocks: %v", c.Clocks)
		}
		return
	}
	if c.NextDue().IsZero() {
		fail("has no clock")
	}
	todos := Todos(*c)
	if len(todos) == 0 {
		fail("nobody has anything to do")
	}
	for _, todo := range todos {
		if !addressee.MatchString(string(todo.For)) || todo.DueAt.IsZero() || todoLabels[todo.Kind] == "" {
			fail("todo %+v", todo)
		}
	}
	wantTiers := map[Status][]Tier{
		Reported: {""}, Registered: {"", TierIII}, Dispatched: {TierIII}, Convening: {TierII, TierI},
		Handling: {TierIII, TierII, TierI}, Verifying: {TierIII, TierII, TierI}, Resolved: {""},
	}
	if tier := runningTier(c); !slices.Contains(wantTiers[c.Status], tier) {
		fail("has an open stage %q", tier)
	}
	if running && s.Tier != c.Tier {
		fail("says tier %s, its stage %s", c.Tier, s.Tier)
	}
	if running && !s.DueAt.After(now) {
		_, held := c.Clocks[clockHold]
		if s.OverdueAt.IsZero() && !held {
			fail("stage %d was due at %s and is neither escalated, overdue nor held", s.No, s.DueAt)
		}
	}
	if len(c.UnacceptedDepartments()) >= p.HopsToII && s.Tier == TierIII {
		fail("%v did not accept, still at tier III", c.UnacceptedDepartments())
	}
	if open := c.OpenTasks(); len(open) > 0 && c.Status == Resolved {
		fail("resolved with open tasks %v", open)
	}
	if c.Status == Dispatched && c.LeadDepartmentID == "" || c.Status == Handling && c.LeadDepartmentID == "" {
		fail("has no lead")
	}
	if (len(c.PendingRatings()) > 0) != (c.Clocks[clockCallback] != Clock{}) {
		fail("pending %v, clock %v", c.PendingRatings(), c.Clocks[clockCallback])
	}
	for key := range c.Clocks {
		prefix, id, of := strings.Cut(key, ":")
		if !of {
			continue
		}
		task, isTask := c.Tasks[id]
		order, isOrder := c.Orders[id]
		if prefix+":" == clockOrder && (!isOrder || !order.AnsweredAt.IsZero()) || prefix+":" != clockOrder && (!isTask || task.Ended()) {
			fail("clock %s for nothing", key)
		}
	}
}

// checkStages: at most one stage is open, tiers only climb within a round, no stage's clock starts again and none ends
// twice.
func checkStages(t thing, before *Case, d Decision) {
	t.Helper()
	c := &d.Case
	open, rank, round := 0, 0, 0
	for no := 1; no <= len(c.Stages); no++ {
		s, ok := c.Stages[stageKey(no)]
		if !ok || s.No != no {
			t.Fatalf("%s: stages %v", c.Number, sortedKeys(c.Stages))
		}
		if s.Running() {
			open++
		}
		if s.Round != round {
			rank = 0
		}
		if s.Round < round || s.Round > c.Round || s.Tier.Rank() <= rank {
			t.Errorf("%s: stage %d is %s in round %d after rank %d in round %d", c.Number, no, s.Tier, s.Round, rank, round)
		}
		round, rank = s.Round, s.Tier.Rank()
		if (s.End == "") != s.EndedAt.IsZero() {
			t.Errorf("%s: stage %d ended %q at %s", c.Number, no, s.End, s.EndedAt)
		}
		old, ok := before.Stages[stageKey(no)]
		if !ok {
			continue
		}
		moved := slices.ContainsFunc(d.Events, func(e Event) bool { return e.Kind == EventRecalculated })
		if !s.OpenedAt.Equal(old.OpenedAt) || s.Days != old.Days || s.Tier != old.Tier || s.PolicyVersion != old.PolicyVersion || !moved && !s.DueAt.Equal(old.DueAt) {
			t.Errorf("%s: the clock of stage %d started again: %+v, before %+v", c.Number, no, s, old)
		}
		if old.End != "" && (s.End != old.End || !s.EndedAt.Equal(old.EndedAt)) {
			t.Errorf("%s: stage %d ended twice: %+v, before %+v", c.Number, no, s, old)
		}
	}
	if open > 1 {
		t.Errorf("%s: %d stages are open", c.Number, open)
	}
}
