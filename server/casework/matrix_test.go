package casework

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/ticket"
)

var update = flag.Bool("update", false, "write docs/state-machine.md anew")

const stateMachine = "../../docs/state-machine.md"

// situation is a representative case in one state.
type situation struct {
	title string
	c     Case
	now   time.Time
}

// cast is one actor for each role, with the unit that matches the cases of situations.
func cast() []Actor {
	lead := person("head", DepartmentHead, "lead")
	return []Actor{
		person("requester", Resident, ""),
		person("liaison", Liaison, "grid"),
		person("community", Community, "community"),
		person("handler", Handler, "lead"),
		lead,
		person("support", DepartmentHead, "support"),
		person("deputy", DeputyLeader, "lead"),
		person("member", Handler, "elsewhere"),
		person("leader", Handler, "elsewhere"),
		person("chief", GridChief, "grid"),
		person("secretary", PartySecretary, "grid"),
		person("coordinator", Coordinator, ""),
		person("principal", PrincipalLeader, ""),
		person("group", LeadingGroup, ""),
		person("centre", Centre, ""),
		person("supervisor", Supervisor, ""),
		SystemActor(),
	}
}

// castNames head the columns; the order is that of cast.
var castNames = []struct{ id, label string }{
	{"resident", "诉求人"}, {"liaison", "联络员"}, {"community", "村居"}, {"handler", "承办人"}, {"department_head", "牵头负责人"},
	{"supporting head", "协办负责人"}, {"deputy_leader", "分管领导"}, {"member", "专班成员"}, {"task-force leader", "专班负责人"},
	{"grid_chief", "网格长"}, {"party_secretary", "网格书记"}, {"coordinator", "协调专员"}, {"principal_leader", "主要领导"},
	{"leading_group", "领导小组"}, {"centre", "城运中心"}, {"supervisor", "党政办"}, {"system", "系统"},
}

// strangers hold the same roles for other units, or none of the case's assignments.
func strangers() []Actor {
	return []Actor{
		person("x1", Resident, ""), person("x2", Liaison, "other grid"), person("x3", Community, "other community"),
		person("x4", Handler, "other"), person("x5", DepartmentHead, "other"), person("x6", DeputyLeader, "other"),
		person("x7", GridChief, "other grid"), person("x8", PartySecretary, "other grid"), person("x9", Coordinator, ""),
	}
}

func administrators() []Actor {
	return []Actor{person("y1", SystemAdmin, ""), person("y2", SecurityAdmin, ""), person("y3", Auditor, "")}
}

// stage play: builder runs commands on one case and fails the test when one is refused.
type builder struct {
	t   testing.TB
	c   Case
	env Env
}

func newBuilder(t testing.TB, number string) *builder {
	return &builder{t: t, c: Case{ID: "id-" + number, Number: number}, env: Env{
		Now: at(t, "2026-03-02 10:00"), Calendar: calendar(t, nil, 2025, 2026), Policy: DefaultPolicy(),
	}}
}

func (b *builder) do(who string, cmd Command) *builder {
	b.t.Helper()
	actor := SystemActor()
	for _, a := range cast() {
		if a.PersonID == who {
			actor = a
		}
	}
	d, err := Decide(b.c, actor, cmd, b.env)
	if err != nil {
		b.t.Fatalf("%s by %s: %v", cmd.Name(), who, err)
	}
	b.c = d.Case
	return b
}

// wait lets everything fall due up to then.
func (b *builder) wait(then string) *builder {
	b.t.Helper()
	b.env.Now = at(b.t, then)
	d, err := Tick(b.c, b.env)
	if err != nil {
		b.t.Fatal(err)
	}
	b.c = d.Case
	return b
}

func (b *builder) registered() *builder {
	b.t.Helper()
	return b.do("", Register{Report: Report{
		Title: "楼道堆物", Facts: "长期无人清理", Place: "九华苑", CommunityID: "community",
		Triggers: []Trigger{{Kind: ByReassigned, Summary: "重新交办3次"}},
		Tickets: []TicketRef{
			{ID: "t1", Source: ticket.Hotline, OrderNo: "2026030200001", Requester: "requester", AcceptedAt: b.env.Now},
			{ID: "t2", Source: ticket.Hotline, OrderNo: "2026030200002", Requester: "neighbour", AcceptedAt: b.env.Now},
		},
	}}).do("centre", Classify{
		Domain: Livelihood, Scope: Individual, Reach: SingleDepartment, CommunityID: "community", GridID: "grid",
	}).do("centre", Assign{CoordinatorID: "coordinator"})
}

func (b *builder) dispatched() *builder {
	b.t.Helper()
	return b.registered().do("centre", Dispatch{LeadDepartmentID: "lead"})
}

func (b *builder) handling() *builder {
	b.t.Helper()
	return b.dispatched().do("head", Accept{HandlerID: "handler"})
}

func (b *builder) convening(t Tier) *builder {
	b.t.Helper()
	if t == TierII {
		return b.registered().do("centre", OpenAtII{Reason: "无法确定主责部门"})
	}
	return b.registered().do("centre", OpenAtI{Ground: MassComplaint, Reason: "多人群体投诉"})
}

func (b *builder) convened(t Tier) *builder {
	b.t.Helper()
	who := map[Tier]string{TierII: "chief", TierI: "principal"}[t]
	b.convening(t)
	s, _ := b.c.Stage()
	return b.do(who, Convene{
		Minutes: "会商纪要", LeadDepartmentID: "lead", HandlerID: "handler", LeaderID: "leader", Plan: "解决方案",
		Members: []Duty{{PersonID: "member", Duty: "清理堆物", DueAt: s.DueAt}},
	})
}

// withTasks gives the supporting department, the community and the liaison something to do.
func (b *builder) withTasks() *builder {
	b.t.Helper()
	s, _ := b.c.Stage()
	return b.do("head", AskSupport{DepartmentID: "support", Task: "修补路面", DueAt: s.DueAt}).
		do("head", AskSupport{CommunityID: "community", Task: "通知居民", DueAt: s.DueAt}).
		do("head", AskSupport{GridID: "grid", Task: "现场巡查", DueAt: s.DueAt})
}

func (b *builder) ordered() *builder {
	b.t.Helper()
	return b.do("supervisor", Supervise{Text: "请加快办理", DueAt: b.env.Now.AddDate(0, 0, 1)})
}

func (b *builder) submitted() *builder {
	b.t.Helper()
	for _, id := range b.c.OpenTasks() {
		b.do("member", FinishTask{TaskID: id, Result: "已清理"})
	}
	return b.do("handler", Submit{Result: "已清理", Outcome: ActuallySolved, Evidence: []string{"照片"}})
}

func (b *builder) resolved() *builder {
	b.t.Helper()
	return b.handling().submitted().do("centre", VerifyPass{Finding: "属实", Outcome: ActuallySolved})
}

func situations(t testing.TB) []situation {
	t.Helper()
	var out []situation
	add := func(title string, b *builder) {
		out = append(out, situation{title: title, c: b.c, now: b.env.Now})
	}
	b := func() *builder { return newBuilder(t, "NS2026-000001") }
	add("No case yet", b())
	add("reported 待入库", b().do("community", Report{Title: "楼道堆物", Facts: "长期无人清理", Place: "九华苑"}))
	add("registered 待交办, no stage yet", b().registered())
	add("registered 待交办, returned, tier III Ⅲ级 runs", b().dispatched().do("head", Return{Reason: "不属本部门", DutyItem: "城管执法事项", SuggestedDepartmentID: "support"}))
	add("dispatched 待接单, tier III Ⅲ级", b().dispatched())
	add("convening 待会商, tier II Ⅱ级", b().convening(TierII))
	add("convening 待会商, tier I Ⅰ级", b().convening(TierI))
	add("handling 办理中, tier III Ⅲ级", b().handling())
	add("handling 办理中, tier III Ⅲ级, tasks and an order open", b().handling().withTasks().ordered())
	add("handling 办理中, tier II Ⅱ级, a duty open", b().convened(TierII))
	add("handling 办理中, tier I Ⅰ级, a duty open", b().convened(TierI))
	add("handling 办理中, tier I Ⅰ级 overdue 超期, its order open", b().convened(TierI).wait("2026-03-10 10:00"))
	add("verifying 核查中, tier III Ⅲ级", b().handling().submitted())
	add("verifying 核查中, tier II Ⅱ级", b().convened(TierII).submitted())
	add("verifying 核查中, tier I Ⅰ级", b().convened(TierI).submitted())
	add("resolved 已办结, rating window open", b().resolved())
	add("resolved 已办结, a dissatisfaction waits for the call-back", b().resolved().do("requester", Rate{Rating: Dissatisfied}))
	add("resolved 已办结, rating window closed", b().resolved().wait("2026-03-17 10:00"))
	add("closed 已销项", b().resolved().wait("2026-03-17 10:00").do("principal", StrikeOff{Decision: "同意销项"}))
	add("rejected 不予入库", b().registered().do("centre", Reject{Reason: "重复"}))
	source, target := b().registered(), newBuilder(t, "NS2026-000002").registered()
	merged, _, err := DecideMerge(source.c, target.c, cast()[14], Merge{TargetID: target.c.ID}, source.env)
	if err != nil {
		t.Fatal(err)
	}
	source.c = merged.Case
	add("merged 已并案", source)
	return out
}

func allowedNames(s situation, a Actor, env Env) []Name {
	env.Now = s.now
	var out []Name
	for _, allowed := range AllowedCommands(s.c, a, env) {
		out = append(out, allowed.Name)
	}
	return out
}

// TestStrangersMayDoNothing: who holds a role for another unit has no part in the case; a head of any department may
// claim what is to be had, and whoever may report may report.
func TestStrangersMayDoNothing(t *testing.T) {
	env := newBuilder(t, "").env
	for _, s := range situations(t) {
		for _, a := range strangers() {
			for _, name := range allowedNames(s, a, env) {
				claims := name == "claim" && a.Posts[0].Role == DepartmentHead && (s.c.Status == Registered || s.c.Status == Convening)
				reports := name == "report" && s.c.Status == none
				if !claims && !reports {
					t.Errorf("%s: a %s of another unit may %s", s.title, a.Posts[0].Role, name)
				}
			}
		}
		for _, a := range administrators() {
			if names := allowedNames(s, a, env); len(names) > 0 {
				t.Errorf("%s: a %s may %v", s.title, a.Posts[0].Role, names)
			}
			if See(s.c, a) != Unseen {
				t.Errorf("%s: a %s sees it", s.title, a.Posts[0].Role)
			}
		}
	}
}

// TestMatrixCoversEverything: every status stands in the matrix, and every command is somebody's in it.
func TestMatrixCoversEverything(t *testing.T) {
	env := newBuilder(t, "").env
	seen, given := map[Status]bool{}, map[Name]bool{}
	for _, s := range situations(t) {
		seen[s.c.Status] = true
		for _, a := range cast() {
			for _, name := range allowedNames(s, a, env) {
				given[name] = true
			}
		}
	}
	for _, s := range Statuses {
		if !seen[s] {
			t.Errorf("no situation is %s", s)
		}
	}
	for _, name := range Names() {
		if !given[name] {
			t.Errorf("nobody may %s in any situation", name)
		}
	}
}

// TestStateMachineDocument keeps docs/state-machine.md equal to what the rules say.
func TestStateMachineDocument(t *testing.T) {
	want := document(t)
	if *update {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(stateMachine, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(stateMachine)
	if err != nil {
		t.Fatalf("%v\nWrite it with: go test ./server/casework -run StateMachine -update", err)
	}
	if diff := cmp.Diff(string(have), want); diff != "" {
		t.Errorf("docs/state-machine.md is out of date (-document +rules); write it anew with -update:\n%s", diff)
	}
}

func document(t *testing.T) string {
	t.Helper()
	var w strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&w, format, args...) }
	p("%s", intro)

	p("## States\n\n| state | 中文 | open | waits for | until |\n| --- | --- | --- | --- | --- |\n")
	for _, s := range Statuses {
		row := stateRows[s]
		open := ""
		if s.Open() {
			open = "yes"
		}
		p("| `%s` | %s | %s | %s | %s |\n", s, s.Label(), open, row[0], row[1])
	}

	p("\n## Commands and transitions\n\n%s", transitionsIntro)
	p("| command | 中文 | from | to |\n| --- | --- | --- | --- |\n")
	for _, r := range rules {
		to := "unchanged"
		if len(r.to) > 0 {
			to = statusList(r.to)
		}
		p("| `%s` | %s | %s | %s |\n", r.name, r.label, statusList(r.from), to)
	}
	p("\n%s", transitionsNotes)

	p("\n## What the mechanism does by itself\n\n| event | 中文 | when | leads to |\n| --- | --- | --- | --- |\n")
	for _, row := range mechanismRows {
		if eventLabels[row.kind] == "" {
			t.Errorf("event %s has no label", row.kind)
		}
		p("| `%s` | %s | %s | %s |\n", row.kind, eventLabels[row.kind], row.when, row.to)
	}
	if len(mechanismRows) != len(eventLabels) {
		t.Errorf("the document explains %d of %d events", len(mechanismRows), len(eventLabels))
	}

	p("\n## Who may do what\n\n%s", matrixIntro)
	env := newBuilder(t, "").env
	for _, s := range situations(t) {
		p("\n### %s\n\n%s", s.title, matrix(s, env))
	}

	policy := DefaultPolicy()
	p("\n## Clocks\n\n%s| clock | starts | runs out after | then |\n| --- | --- | --- | --- |\n", clocksIntro)
	for _, row := range clockRows(policy) {
		p("| `%s` | %s | %s | %s |\n", row[0], row[1], row[2], row[3])
	}

	p("\n## Notices\n\n%s| notice | 中文 | when | to |\n| --- | --- | --- | --- |\n", noticesIntro)
	for _, row := range noticeRows {
		p("| `%s` | %s | %s | %s |\n", row.kind, noticeLabels[row.kind], row.when, row.to)
	}
	for kind := range noticeLabels {
		if !slices.ContainsFunc(noticeRows, func(row noticeRow) bool { return row.kind == kind }) {
			t.Errorf("the document does not explain the notice %s", kind)
		}
	}
	return w.String()
}

func statusList(list []Status) string {
	if slices.Equal(list, openStatuses) {
		return "any open state"
	}
	var out []string
	for _, s := range list {
		if s == none {
			out = append(out, "–")
			continue
		}
		out = append(out, "`"+string(s)+"`")
	}
	if len(list) > len(openStatuses) && slices.Equal(list[:len(openStatuses)], openStatuses) {
		return "any open state, " + strings.Join(out[len(openStatuses):], ", ")
	}
	if n := len(list) - len(openStatuses); n > 0 && slices.Equal(list[n:], openStatuses) {
		return strings.Join(out[:n], ", ") + ", any open state"
	}
	return strings.Join(out, ", ")
}

// matrix prints the commands that somebody may give, in the columns of those who may give one.
func matrix(s situation, env Env) string {
	may := map[Name][]bool{}
	columns := make([]bool, len(castNames))
	for i, a := range cast() {
		for _, name := range allowedNames(s, a, env) {
			if may[name] == nil {
				may[name] = make([]bool, len(castNames))
			}
			may[name][i], columns[i] = true, true
		}
	}
	if len(may) == 0 {
		return "Nobody may do anything any more.\n"
	}
	var w strings.Builder
	w.WriteString("| command |")
	rule := "| --- |"
	for i, c := range castNames {
		if columns[i] {
			fmt.Fprintf(&w, " %s |", c.label)
			rule += " :-: |"
		}
	}
	w.WriteString("\n" + rule + "\n")
	for _, name := range Names() {
		row := may[name]
		if row == nil {
			continue
		}
		fmt.Fprintf(&w, "| %s `%s` |", name.Label(), name)
		for i := range castNames {
			if !columns[i] {
				continue
			}
			if row[i] {
				w.WriteString(" ● |")
			} else {
				w.WriteString(" |")
			}
		}
		w.WriteString("\n")
	}
	return w.String()
}
