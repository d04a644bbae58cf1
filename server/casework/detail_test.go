package casework

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
	"xiaopu/server/workday"
)

func actorOf(t testing.TB, id string) Actor {
	t.Helper()
	for _, a := range cast() {
		if a.PersonID == id {
			return a
		}
	}
	t.Fatalf("nobody is %q", id)
	return Actor{}
}

// refusedWith gives the code and message of a refusal.
func refusedWith(t testing.TB, err error) (apperr.Code, string) {
	t.Helper()
	var e *apperr.Error
	if !errors.As(err, &e) {
		t.Fatalf("not a refusal: %v", err)
	}
	return e.Code, e.Message
}

func TestWhatACommandMustCarry(t *testing.T) {
	b := func() *builder { return newBuilder(t, "NS2026-000001") }
	long := strings.Repeat("字", maxText+1)
	later := at(t, "2026-03-03 17:00")
	duty := Duty{PersonID: "member", Duty: "清理", DueAt: later}
	convene := Convene{Minutes: "纪要", LeadDepartmentID: "lead", LeaderID: "leader", Members: []Duty{duty}, Plan: "方案"}
	with := func(change func(m *Convene)) Convene {
		m := convene
		change(&m)
		return m
	}
	tests := []struct {
		name string
		on   *builder
		who  string
		cmd  Command
		want string
	}{
		{"report without title", b(), "liaison", Report{Facts: "事实", Place: "地点"}, "请填写标题。"},
		{"report without facts", b(), "liaison", Report{Title: "标题", Place: "地点"}, "请填写事实经过。"},
		{"report without place", b(), "liaison", Report{Title: "标题", Facts: "事实"}, "请填写地点。"},
		{"report of blanks", b(), "liaison", Report{Title: " 　\n", Facts: "事实", Place: "地点"}, "请填写标题。"},
		{"report too long", b(), "liaison", Report{Title: "标题", Facts: long, Place: "地点"}, "事实经过最多 5000 字，现有 5001 字，请精简。"},
		{"register without triggers", b(), "centre", Register{Report: Report{Title: "标题", Facts: "事实"}}, "请填写入库说明。"},
		{"classify without domain", b().registered(), "centre", Classify{Scope: Common, Reach: CrossDepartment, GridID: "g"}, "请选择服务对象：民生或商企。"},
		{"classify without scope", b().registered(), "centre", Classify{Domain: Business, Reach: CrossDepartment, GridID: "g"}, "请选择问题属性：个案或共性。"},
		{"classify without reach", b().registered(), "centre", Classify{Domain: Business, Scope: Common, GridID: "g"}, "请选择权责划分：本部门或跨部门。"},
		{"classify with a wrong crossing", b().registered(), "centre", Classify{Domain: Business, Scope: Common, Reach: CrossDepartment, Crossings: []string{"x"}, GridID: "g"}, "三跨只能是跨部门、跨领域、跨行业。"},
		{"classify without grid", b().registered(), "centre", Classify{Domain: Business, Scope: Common, Reach: CrossDepartment}, "请选择综合网格。"},
		{"assign nobody", b().handling(), "head", Assign{}, "请选择要指定的人员。"},
		{"handler assigned by the centre", b().handling(), "centre", Assign{HandlerID: "x"}, "承办人由牵头部门负责人指定。"},
		{"coordinator assigned by the head", b().handling(), "head", Assign{CoordinatorID: "x"}, "协调专员由城运中心指定。"},
		{"reject without reason", b().registered(), "centre", Reject{}, "请填写不予入库的理由。"},
		{"attach nothing", b().registered(), "centre", Attach{}, "请选择要并入的工单。"},
		{"detach what is not there", b().registered(), "centre", Detach{TicketID: "t9", Reason: "理由"}, "本事项没有这件工单。"},
		{"detach without reason", b().registered(), "centre", Detach{TicketID: "t1"}, "请填写移出理由。"},
		{"merge one case alone", b().registered(), "centre", Merge{TargetID: "x"}, "并案要同时处理两件难事。"},
		{"dispatch to nobody", b().registered(), "centre", Dispatch{}, "请选择牵头部门。"},
		{"dispatch with a long note", b().registered(), "centre", Dispatch{LeadDepartmentID: "lead", Note: long}, "交办要求最多 5000 字，现有 5001 字，请精简。"},
		{"claim without handler", b().registered(), "head", Claim{}, "请指定承办人。"},
		{"offer without handler", b().convening(TierII), "head", Claim{}, "请指定承办人。"},
		{"claim for another department", b().registered(), "head", Claim{HandlerID: "x", DepartmentID: "support"}, "您不是该部门的负责人，不能代其认领。"},
		{"open at II without reason", b().registered(), "centre", OpenAtII{}, "请填写无法确定主责部门的理由。"},
		{"open at I without ground", b().registered(), "centre", OpenAtI{Reason: "情况"}, "请选择启动Ⅰ级的情形：突发重大舆情、多人群体投诉、群访，或需要上级部门支持。"},
		{"open at I without reason", b().registered(), "centre", OpenAtI{Ground: MassComplaint}, "请填写情况说明。"},
		{"accept without handler", b().dispatched(), "head", Accept{}, "请指定承办人后接单。"},
		{"handler accepts for another", b().dispatched(), "handler", Accept{HandlerID: "x"}, "承办人由牵头部门负责人指定，您可以自己接单。"},
		{"return without reason", b().dispatched(), "head", Return{DutyItem: "事项", SuggestedDepartmentID: "support"}, "请填写退单理由。"},
		{"return without duty item", b().dispatched(), "head", Return{Reason: "理由", SuggestedDepartmentID: "support"}, "请填写依据的权责事项。"},
		{"return without suggestion", b().dispatched(), "head", Return{Reason: "理由", DutyItem: "事项"}, "请选择建议承办部门。"},
		{"return to oneself", b().dispatched(), "head", Return{Reason: "理由", DutyItem: "事项", SuggestedDepartmentID: "lead"}, "建议承办部门不能是本部门。"},
		{"transfer to the same", b().dispatched(), "centre", Transfer{LeadDepartmentID: "lead", Reason: "理由"}, "请选择另一个牵头部门。"},
		{"transfer without reason", b().dispatched(), "centre", Transfer{LeadDepartmentID: "support"}, "请填写转办理由。"},
		{"coordinate without opinion", b().dispatched(), "deputy", Coordinate{}, "请填写协调意见。"},
		{"contact without record", b().handling(), "handler", Contact{At: at(t, "2026-03-02 10:00")}, "请填写联系情况。"},
		{"contact tomorrow", b().handling(), "handler", Contact{At: later, Said: "已联系"}, "联系时间不能晚于现在，也不能早于一年前，请填写实际联系的时间。"},
		{"contact at no time", b().handling(), "handler", Contact{Said: "已联系"}, "联系时间不能晚于现在，也不能早于一年前，请填写实际联系的时间。"},
		{"support without task", b().handling(), "handler", AskSupport{DepartmentID: "support", DueAt: later}, "请填写协办事项。"},
		{"support from nobody", b().handling(), "handler", AskSupport{Task: "协办", DueAt: later}, "请选择一个协办部门、村居或网格。"},
		{"support from two", b().handling(), "handler", AskSupport{DepartmentID: "support", GridID: "grid", Task: "协办", DueAt: later}, "请选择一个协办部门、村居或网格。"},
		{"support from oneself", b().handling(), "handler", AskSupport{DepartmentID: "lead", Task: "协办", DueAt: later}, "牵头部门自己的工作不用请求协办。"},
		{"support yesterday", b().handling(), "handler", AskSupport{DepartmentID: "support", Task: "协办", DueAt: at(t, "2026-03-01 17:00")}, "完成期限要晚于现在。"},
		{"support after the stage", b().handling(), "handler", AskSupport{DepartmentID: "support", Task: "协办", DueAt: at(t, "2026-03-06 17:00")}, "完成期限不能晚于本级响应期限 3月5日 17:00。"},
		{"support in ten years", b().convened(TierI).wait("2026-03-10 10:00"), "handler", AskSupport{DepartmentID: "support", Task: "协办", DueAt: at(t, "2036-03-06 17:00")}, "完成期限最远一年，请重新选择。"},
		{"another's task", b().handling().withTasks(), "liaison", FinishTask{TaskID: "NS2026-000001-T1", Result: "完成"}, "这项任务不是交给您的，或现在不能这样办理。"},
		{"no such task", b().handling().withTasks(), "liaison", FinishTask{TaskID: "T9", Result: "完成"}, "本事项没有这项任务。"},
		{"finish without result", b().handling().withTasks(), "liaison", FinishTask{TaskID: "NS2026-000001-T3"}, "请填写完成情况。"},
		{"decline without reason", b().handling().withTasks(), "support", DeclineTask{TaskID: "NS2026-000001-T1"}, "请填写不能承担的理由。"},
		{"withdraw without reason", b().handling().withTasks(), "head", WithdrawTask{TaskID: "NS2026-000001-T1"}, "请填写撤回理由。"},
		{"progress without text", b().handling(), "handler", Progress{}, "请填写进展情况。"},
		{"convene without minutes", b().convening(TierII), "chief", with(func(m *Convene) { m.Minutes = "" }), "请填写会商纪要。"},
		{"convene without plan", b().convening(TierII), "chief", with(func(m *Convene) { m.Plan = "" }), "请填写解决方案。"},
		{"convene without lead", b().convening(TierII), "chief", with(func(m *Convene) { m.LeadDepartmentID = "" }), "请确定牵头部门。"},
		{"convene without leader", b().convening(TierII), "chief", with(func(m *Convene) { m.LeaderID = "" }), "请确定专项小组（工作专班）负责人。"},
		{"convene without members", b().convening(TierII), "chief", with(func(m *Convene) { m.Members = nil }), "请至少列一名成员，并写明职责和期限。"},
		{"convene with nobody", b().convening(TierII), "chief", with(func(m *Convene) { m.Members = []Duty{{Duty: "清理", DueAt: later}} }), "第 1 名成员没有选人。"},
		{"convene with one twice", b().convening(TierII), "chief", with(func(m *Convene) { m.Members = []Duty{duty, duty} }), "第 2 名成员重复，请合并其职责。"},
		{"member without duty", b().convening(TierII), "chief", with(func(m *Convene) { m.Members = []Duty{{PersonID: "member", DueAt: later}} }), "请填写成员职责。"},
		{"member without due", b().convening(TierII), "chief", with(func(m *Convene) { m.Members = []Duty{{PersonID: "member", Duty: "清理"}} }), "完成期限要晚于现在。"},
		{"amend nothing", b().convened(TierII), "chief", Amend{Reason: "理由"}, "请至少调整一项：牵头部门、承办人、负责人、成员或方案。"},
		{"amend without reason", b().convened(TierII), "chief", Amend{Plan: "方案"}, "请填写调整理由。"},
		{"remove who is not there", b().convened(TierII), "chief", Amend{Reason: "理由", Remove: []string{"x"}}, "要移出的人不是成员。"},
		{"submit without result", b().handling(), "handler", Submit{Outcome: Explained, Evidence: []string{"a"}}, "请填写办理结果。"},
		{"submit without outcome", b().handling(), "handler", Submit{Result: "结果", Evidence: []string{"a"}}, "请选择办理结果：实际解决或解释说明。"},
		{"submit without evidence", b().handling(), "handler", Submit{Result: "结果", Outcome: Explained}, "请至少附一份佐证材料。"},
		{"on-site without question", b().handling().submitted(), "centre", AskOnSite{DueAt: later}, "请填写需要核实的内容。"},
		{"on-site yesterday", b().handling().submitted(), "centre", AskOnSite{Question: "核实"}, "完成期限要晚于现在。"},
		{"pass without finding", b().handling().submitted(), "centre", VerifyPass{Outcome: Explained}, "请填写核查意见。"},
		{"pass without outcome", b().handling().submitted(), "centre", VerifyPass{Finding: "意见"}, "请选择核查结论：实际解决或解释说明。"},
		{"fail without finding", b().handling().submitted(), "centre", VerifyFail{}, "请填写核查意见。"},
		{"escalate without reason", b().handling(), "deputy", Escalate{}, "请填写升级理由。"},
		{"rate nothing", b().resolved(), "requester", Rate{}, "请选择满意、基本满意或不满意。"},
		{"rate with too many words", b().resolved(), "requester", Rate{Rating: Satisfied, Words: long}, "评价内容最多 5000 字，现有 5001 字，请精简。"},
		{"rate another's ticket", b().resolved(), "requester", Rate{TicketID: "t2", Rating: Satisfied}, "只能评价您本人反映的工单。"},
		{"confirm without record", b().resolved().do("requester", Rate{Rating: Dissatisfied}), "centre", ConfirmDissatisfaction{}, "请填写回访记录。"},
		{"dismiss without record", b().resolved().do("requester", Rate{Rating: Dissatisfied}), "centre", DismissDissatisfaction{}, "请填写回访记录。"},
		{"strike off without decision", b().resolved().wait("2026-03-17 10:00"), "principal", StrikeOff{}, "请填写销项决定。"},
		{"carry over without decision", b().resolved(), "principal", CarryOver{}, "请填写结转决定。"},
		{"hold over without reason", b().convened(TierI).wait("2026-03-10 10:00"), "principal", HoldOver{TargetOn: date(t, "2026-04-01")}, "请填写挂账理由。"},
		{"hold over to no date", b().convened(TierI).wait("2026-03-10 10:00"), "principal", HoldOver{Reason: "理由"}, "目标日期要晚于现在。"},
		{"supervise without text", b().handling(), "supervisor", Supervise{DueAt: later}, "请填写督办要求。"},
		{"answer without text", b().handling().ordered(), "head", AnswerOrder{OrderID: "NS2026-000001-D1"}, "请填写督办答复。"},
		{"answer no order", b().handling().ordered(), "head", AnswerOrder{OrderID: "D9", Answer: "答复"}, "没有这件督办单。"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := encoded(t, test.on.c)
			d, err := Decide(test.on.c, actorOf(t, test.who), test.cmd, test.on.env)
			if err == nil {
				t.Fatal("accepted")
			}
			if _, message := refusedWith(t, err); message != test.want {
				t.Errorf("says %s\nwant %s", message, test.want)
			}
			if string(encoded(t, d.Case)) != string(before) || len(d.Events)+len(d.Notices) > 0 {
				t.Errorf("refused and yet changed: %v", d.Events)
			}
		})
	}
}

func TestARefusalSaysWhatIsPossible(t *testing.T) {
	b := newBuilder(t, "NS2026-000001").handling()
	_, err := Decide(b.c, actorOf(t, "head"), Accept{HandlerID: "x"}, b.env)
	var e *apperr.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if want := "难事 NS2026-000001 现在是“办理中”，不能“接单”。请刷新后按页面上的操作办理。"; e.Message != want || e.Reason != "case.wrong_state" {
		t.Errorf("says %s (%s)\nwant %s", e.Message, e.Reason, want)
	}
	var names []Name
	allowed, ok := e.Detail.([]Allowed)
	if !ok {
		t.Fatalf("detail is %T", e.Detail)
	}
	for _, a := range allowed {
		names = append(names, a.Name)
	}
	if want := []Name{"assign", "ask_support", "progress", "submit"}; !slices.Equal(names, want) {
		t.Errorf("possible is %v, want %v", names, want)
	}
	newBuilder(t, "N2").resolved().do("requester", Rate{Rating: Satisfied, Words: "好"}) // a short word of praise is one
	if _, err := Decide(b.c, actorOf(t, "head"), unknown{}, b.env); err == nil {
		t.Error("an unknown command is accepted")
	}
}

func TestWhatKeepsFromTheNextStepIsSaid(t *testing.T) {
	b := newBuilder(t, "NS2026-000001").handling()
	if got := Obstacle(b.c, actorOf(t, "handler"), b.env); got != "" {
		t.Errorf("nothing is in the way, and it says %s", got)
	}
	b.do("handler", AskSupport{DepartmentID: "d-2", Task: "到场配合", DueAt: b.c.Due().DueAt})
	if got, want := Obstacle(b.c, actorOf(t, "handler"), b.env), "提交办结：还有 1 项任务没有结束，请先完成或撤回。"; got != want {
		t.Errorf("says %s, want %s", got, want)
	}
	if got := Obstacle(b.c, actorOf(t, "centre"), b.env); got != "" {
		t.Errorf("it is not the centre's step, and it says %s", got)
	}
}

type unknown struct{}

func (unknown) Name() Name         { return "unknown" }
func (unknown) apply(*draft) error { return nil }

// verifyChain is what an auditor does: hash every stored body again.
func verifyChain(bodies [][]byte, hashes []string) error {
	previous := ""
	for i, body := range bodies {
		if ChainHash(previous, body) != hashes[i] {
			return fmt.Errorf("line %d does not fit", i+1)
		}
		previous = hashes[i]
	}
	return nil
}

func TestChainShowsTampering(t *testing.T) {
	b := newBuilder(t, "NS2026-000001")
	r := record{c: b.c}
	for _, step := range []struct {
		who string
		cmd Command
	}{
		{"community", Report{Title: "标题", Facts: "事实", Place: "地点"}},
		{"centre", Register{}},
		{"centre", OpenAtI{Ground: GroupPetition, Reason: "群访"}},
	} {
		d, err := Decide(r.c, actorOf(t, step.who), step.cmd, b.env)
		if err != nil {
			t.Fatal(err)
		}
		r.save(t, d, b.env.Now, b.env.Policy)
	}
	var bodies [][]byte
	var hashes []string
	previous := ""
	for _, e := range r.events {
		body, hash, err := Seal(previous, e)
		if err != nil {
			t.Fatal(err)
		}
		bodies, hashes, previous = append(bodies, body), append(hashes, hash), hash
	}
	if err := verifyChain(bodies, hashes); err != nil || len(bodies) != 3 || len(previous) != 64 {
		t.Fatalf("%d lines, head %q: %v", len(bodies), previous, err)
	}
	changed := slices.Clone(bodies)
	changed[1] = []byte(strings.Replace(string(bodies[1]), `"seq":2`, `"seq":3`, 1))
	if verifyChain(changed, hashes) == nil {
		t.Error("a changed line fits")
	}
	if verifyChain(slices.Delete(slices.Clone(bodies), 1, 2), slices.Delete(slices.Clone(hashes), 1, 2)) == nil {
		t.Error("a removed line is not missed")
	}
	if verifyChain([][]byte{bodies[1], bodies[0], bodies[2]}, []string{hashes[1], hashes[0], hashes[2]}) == nil {
		t.Error("lines may change places")
	}
	// Cutting off the end shows against the head hash on the case's row.
	if hashes[1] == previous {
		t.Error("a shorter chain has the same head")
	}
	for i, events := range [][]Event{{r.events[1]}, {r.events[0], r.events[2]}, {r.events[1], r.events[0]}} {
		if _, err := Replay(Case{}, events); err == nil {
			t.Errorf("replay %d does not miss a line", i)
		}
	}
}

// fill sets every field of v to something, depth first; n makes one filling differ from another.
func fill(v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Bool:
		v.SetBool(n%2 == 1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n+2)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, k := range []string{"same", fmt.Sprint("k", n)} {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(e, n)
			v.SetMapIndex(reflect.ValueOf(k), e)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 3, n, 1, 2, 3, 4_000_000, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	}
}

// TestDiffKnowsEveryField changes every field and every entry, from nothing, to something else and to nothing again.
func TestDiffKnowsEveryField(t *testing.T) {
	var one, two Case
	fill(reflect.ValueOf(&one).Elem(), 1)
	fill(reflect.ValueOf(&two).Elem(), 3)
	one.Version, two.Version = 1, 1
	three := one.clone()
	three.Clocks, three.Hops, three.TaskForce, three.ResolvedAt = map[string]Clock{}, nil, nil, time.Time{}
	three.Absorbed = map[string]Pack{"empty": {}}
	cases := map[string]Case{"nothing": {}, "one": one, "two": two, "three": three}
	for fromName, from := range cases {
		for toName, to := range cases {
			changes, err := diff(&from, &to)
			if err != nil {
				t.Fatal(err)
			}
			if fromName == toName && len(changes) > 0 {
				t.Errorf("%s differs from itself: %v", fromName, changes)
			}
			base := from
			base.Version = 0
			got, err := Replay(base, []Event{{Seq: 1, Changes: changes}})
			if err != nil {
				t.Fatalf("%s → %s: %v", fromName, toName, err)
			}
			to.Version = 1
			if d := cmp.Diff(to, got, sameCase); d != "" {
				t.Errorf("%s → %s does not replay:\n%s", fromName, toName, d)
			}
			if len(base.Absorbed) != len(from.Absorbed) || len(base.Clocks) != len(from.Clocks) {
				t.Errorf("%s → %s changed what it started from", fromName, toName)
			}
		}
	}
	fields := reflect.TypeFor[Case]().NumField()
	if changes, _ := diff(&Case{}, &one); len(changes) < fields-1 {
		t.Errorf("%d changes for %d fields", len(changes), fields)
	}
	if d := cmp.Diff(one, one.clone(), sameCase); d != "" {
		t.Errorf("a clone differs:\n%s", d)
	}
}

func TestACloneSharesNothingThatChanges(t *testing.T) {
	var c Case
	fill(reflect.ValueOf(&c).Elem(), 1)
	n := c.clone()
	a, b := reflect.ValueOf(c), reflect.ValueOf(n)
	for i := range a.NumField() {
		name := a.Type().Field(i).Name
		switch a.Field(i).Kind() {
		case reflect.Map, reflect.Slice:
			if a.Field(i).Pointer() == b.Field(i).Pointer() {
				t.Errorf("%s is shared", name)
			}
		}
	}
}

func TestReplayRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, ch := range []Change{
		{Path: "nothing", After: json.RawMessage(`1`)},
		{Path: "version", After: json.RawMessage(`7`)},
		{Path: "title/x", After: json.RawMessage(`"x"`)},
		{Path: "title", After: json.RawMessage(`7`)},
		{Path: "clocks/x", After: json.RawMessage(`7`)},
	} {
		if _, err := Replay(Case{}, []Event{{Seq: 1, Changes: []Change{ch}}}); err == nil {
			t.Errorf("replays %+v", ch)
		}
	}
}

func TestWhoSeesACase(t *testing.T) {
	working := newBuilder(t, "N1").handling().withTasks().c
	convening := newBuilder(t, "N2").convening(TierII).c
	resolved := newBuilder(t, "N3").resolved().c
	offered := newBuilder(t, "N4").convening(TierII).do("support", Claim{HandlerID: "x"}).c
	forced := newBuilder(t, "N5").convened(TierII).c
	delegate := person("ab", Handler, "other")
	delegate.StandsInFor = []string{"member"}
	tests := []struct {
		name            string
		c               Case
		a               Actor
		visible, masked bool
	}{
		{"centre", working, person("x", Centre, ""), true, false},
		{"supervisor", working, person("x", Supervisor, ""), true, false},
		{"leading group", working, person("x", LeadingGroup, ""), true, false},
		{"principal leader", working, person("x", PrincipalLeader, ""), true, false},
		{"system", working, SystemActor(), true, false},
		{"lead's head", working, person("x", DepartmentHead, "lead"), true, false},
		{"lead's handlers", working, person("x", Handler, "lead"), true, false},
		{"lead's deputy leader", working, person("x", DeputyLeader, "lead"), true, false},
		{"supporting head", working, person("x", DepartmentHead, "support"), true, false},
		{"supporting handler", working, person("x", Handler, "support"), true, false},
		{"community of the place", working, person("x", Community, "community"), true, false},
		{"liaison of the grid", working, person("x", Liaison, "grid"), true, false},
		{"chief of the grid", working, person("x", GridChief, "grid"), true, false},
		{"secretary of the grid", working, person("x", PartySecretary, "grid"), true, false},
		{"coordinator assigned", working, person("coordinator", Coordinator, ""), true, false},
		{"another coordinator", working, person("x", Coordinator, ""), false, false},
		{"another grid's chief", working, person("x", GridChief, "other"), false, false},
		{"another community", working, person("x", Community, "other"), false, false},
		{"another department's handler", working, person("x", Handler, "other"), false, false},
		{"another department's head", working, person("x", DepartmentHead, "other"), false, false},
		{"another department's deputy leader", convening, person("x", DeputyLeader, "other"), false, false},
		{"a head who could claim", convening, person("x", DepartmentHead, "other"), true, true},
		{"a handler could not claim", convening, person("x", Handler, "other"), false, false},
		{"who offered to lead", offered, person("x", DepartmentHead, "support"), true, true},
		{"member of the task force", forced, person("member", Liaison, "other"), true, false},
		{"leader of the task force", forced, person("leader", Liaison, "other"), true, false},
		{"a member's delegate", forced, delegate, true, false},
		{"requester", resolved, person("requester", Resident, ""), true, false},
		{"another resident", resolved, person("x", Resident, ""), false, false},
		{"system administrator", convening, person("x", SystemAdmin, ""), false, false},
		{"security administrator", convening, person("x", SecurityAdmin, ""), false, false},
		{"auditor", convening, person("x", Auditor, ""), false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if sight := See(test.c, test.a); sight != Unseen != test.visible || sight == Masked != test.masked {
				t.Errorf("sight %v", sight)
			}
			// The store's query finds what Visible shows.
			opened := slices.ContainsFunc(Scopes(test.a), func(s Addressee) bool { return slices.Contains(Viewers(test.c), s) })
			if found := opened || test.a.SeesAll(); found != (test.visible && !test.masked) {
				t.Errorf("scopes %v, viewers %v", Scopes(test.a), Viewers(test.c))
			}
		})
	}
}

// TestTodosStandUnderTheirKeys: what is addressed to somebody is found under their keys.
func TestTodosStandUnderTheirKeys(t *testing.T) {
	for _, s := range situations(t) {
		for _, todo := range Todos(s.c) {
			found := slices.ContainsFunc(cast(), func(a Actor) bool { return slices.Contains(TodoKeys(a), todo.For) })
			if !found {
				t.Errorf("%s: nobody has %+v", s.title, todo)
			}
		}
	}
	a := person("ab", Handler, "lead")
	a.Posts = append(a.Posts, Post{Role: GridChief, Unit: "grid", For: "chief"}, Post{Role: Handler, Unit: "lead", For: "chief"})
	a.StandsInFor = []string{"chief"}
	want := []Addressee{"handler:lead", "grid_chief:grid", "person:ab", "person:chief"}
	if got := TodoKeys(a); !slices.Equal(got, want) {
		t.Errorf("keys %v, want %v", got, want)
	}
}

// Everything that waits for somebody waits at one of their posts at least: choosing a post narrows, and hides nothing from all of them.
func TestWhatWaitsWaitsAtAPost(t *testing.T) {
	a := person("ab", Handler, "d-1")
	a.Posts = append(a.Posts, Post{Role: Liaison, Unit: "g-1"}, Post{Role: DepartmentHead, Unit: "d-2", Vacant: true}, Post{Role: GridChief, Unit: "g-2", For: "chief"})
	a.StandsInFor = []string{"chief"}
	own := []Addressee{"person:ab@department:d-1", "person:ab@grid:g-1"}
	for i, want := range [][]TodoRange{
		{{For: "handler:d-1"}, {For: "person:ab", Here: own[0], Elsewhere: own[1:]}, {For: "person:chief", Here: "person:chief@department:d-1", Elsewhere: []Addressee{"person:chief@grid:g-1", "person:chief@grid:g-2"}}},
		{{For: "liaison:g-1"}, {For: "person:ab", Here: own[1], Elsewhere: own[:1]}, {For: "person:chief", Here: "person:chief@grid:g-1", Elsewhere: []Addressee{"person:chief@department:d-1", "person:chief@grid:g-2"}}},
		{{For: "department_head:d-2"}},
		{{For: "grid_chief:g-2"}, {For: "person:chief", Here: "person:chief@grid:g-2", Elsewhere: []Addressee{"person:chief@department:d-1", "person:chief@grid:g-1"}}},
	} {
		if d := cmp.Diff(want, TodosAt(a, a.Posts[i])); d != "" {
			t.Errorf("%+v: %s", a.Posts[i], d)
		}
	}
	for _, a := range append(cast(), a) {
		for _, r := range AllTodos(a) {
			if !slices.ContainsFunc(a.Posts, func(p Post) bool {
				return slices.ContainsFunc(TodosAt(a, p), func(x TodoRange) bool { return x.For == r.For })
			}) {
				t.Errorf("what waits for %s waits at none of %+v", r.For, a.Posts)
			}
		}
	}
}

func TestTodosSayWhenAndWhetherThatCanMove(t *testing.T) {
	b := newBuilder(t, "N1")
	b.env.Now = at(t, "2026-12-30 10:00")
	b.dispatched()
	todos := Todos(b.c)
	if len(todos) != 1 || todos[0].Kind != TodoAccept || !todos[0].Provisional || !todos[0].DueAt.Equal(at(t, "2026-12-31 17:00")) {
		t.Errorf("todos %+v", todos)
	}
	held := newBuilder(t, "N2").handling()
	held.env.Now = at(t, "2026-03-05 16:00")
	held.submitted().wait("2026-03-05 17:00")
	if todos := Todos(held.c); len(todos) != 1 || !todos[0].DueAt.Equal(at(t, "2026-03-06 17:00")) {
		t.Errorf("todos %+v", todos)
	}
}

func TestHearingAfter(t *testing.T) {
	cal := calendar(t, nil, 2025, 2026)
	// The 10th of each month of 2026, on a rest day the working day before: 9 May is a make-up Saturday.
	dates := []string{"01-09", "02-10", "03-10", "04-10", "05-09", "06-10", "07-10", "08-10", "09-10", "10-10", "11-10", "12-10"}
	for i, want := range dates {
		for _, after := range []string{"2025-12-10 17:00", "2026-" + fmt.Sprintf("%02d", i+1) + "-01 00:00"} {
			if i > 0 && after[:4] == "2025" {
				continue
			}
			got, provisional := HearingAfter(cal, 10, at(t, after))
			if !got.Equal(at(t, "2026-"+want+" 17:00")) || provisional {
				t.Errorf("after %s: %s (provisional %v), want 2026-%s", after, got.In(workday.Shanghai), provisional, want)
			}
		}
		// At its close it is over: the next one.
		if i+1 < len(dates) {
			got, _ := HearingAfter(cal, 10, at(t, "2026-"+want+" 17:00"))
			if !got.Equal(at(t, "2026-"+dates[i+1]+" 17:00")) {
				t.Errorf("after the hearing of 2026-%s: %s", want, got.In(workday.Shanghai))
			}
		}
	}
	if got, provisional := HearingAfter(cal, 10, at(t, "2026-12-11 09:00")); !provisional || !got.Equal(at(t, "2027-01-08 17:00")) {
		t.Errorf("January 2027: %s (provisional %v)", got.In(workday.Shanghai), provisional)
	}
}

func TestClockProvisional(t *testing.T) {
	cal := calendar(t, nil, 2025, 2026)
	tests := []struct {
		name string
		k    Clock
		want string
		soft bool
	}{
		{"days within the year", Clock{StartAt: at(t, "2026-03-02 10:00"), Days: 3}, "2026-03-05 17:00", false},
		{"days over the National Day", Clock{StartAt: at(t, "2026-09-30 10:00"), Days: 1}, "2026-10-08 17:00", false},
		{"days into late December", Clock{StartAt: at(t, "2026-12-18 10:00"), Days: 1}, "2026-12-21 17:00", true},
		{"days before late December", Clock{StartAt: at(t, "2026-12-17 10:00"), Days: 1}, "2026-12-18 17:00", false},
		{"hours", Clock{StartAt: at(t, "2026-03-02 10:00"), Hours: 4}, "2026-03-02 16:00", false},
		{"hours over the lunch break", Clock{StartAt: at(t, "2026-03-02 11:00"), Hours: 1}, "2026-03-02 14:00", false},
		{"hours from the night", Clock{StartAt: at(t, "2026-03-01 22:00"), Hours: 2}, "2026-03-02 11:00", false},
		{"opening", Clock{StartAt: at(t, "2026-03-06 17:00"), Days: 1, Opening: true}, "2026-03-09 09:00", false},
		{"fifth opening", Clock{StartAt: at(t, "2026-03-06 17:00"), Days: 5, Opening: true}, "2026-03-13 09:00", false},
		{"an instant somebody named", Clock{DueAt: at(t, "2026-03-07 03:00")}, "2026-03-07 03:00", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := count(cal, test.k)
			if !got.DueAt.Equal(at(t, test.want)) || got.Provisional != test.soft {
				t.Errorf("%s provisional %v", got.DueAt.In(workday.Shanghai), got.Provisional)
			}
		})
	}
}

// recalculations gives clock → new instant of the events of that kind.
func recalculations(t *testing.T, d Decision) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, e := range d.Events {
		if e.Kind == EventRecalculated {
			var r recalculated
			mustUnmarshal(t, e.Data, &r)
			out[r.Clock] = ""
			if !r.New.IsZero() {
				out[r.Clock] = r.New.In(workday.Shanghai).Format("2006-01-02 15:04")
			}
		}
	}
	return out
}

func TestRecalculation(t *testing.T) {
	typhoon := func(from, to string) *workday.Calendar {
		return calendar(t, []workday.Closure{{From: date(t, from), To: date(t, to), Reason: "台风停工"}}, 2025, 2026)
	}
	again := func(b *builder, cal *workday.Calendar) Decision {
		t.Helper()
		env := b.env
		env.Calendar, env.Recalculate = cal, true
		r := record{c: b.c}
		d, err := Tick(b.c, env)
		if err != nil {
			t.Fatal(err)
		}
		r.save(t, d, env.Now, env.Policy)
		return d
	}
	t.Run("a closure moves every deadline that is counted", func(t *testing.T) {
		b := newBuilder(t, "N1").dispatched().ordered()
		d := again(b, typhoon("2026-03-03", "2026-03-04"))
		want := map[string]string{"accept": "2026-03-05 17:00", "stage": "2026-03-09 17:00"}
		if got := recalculations(t, d); !maps.Equal(got, want) {
			t.Errorf("%v, want %v: four working hours still end today, and the order's due a person named", got, want)
		}
		s, _ := d.Case.Stage()
		if !s.DueAt.Equal(at(t, "2026-03-09 17:00")) || !s.OpenedAt.Equal(at(t, "2026-03-02 10:00")) {
			t.Errorf("stage %+v", s)
		}
		if k := d.Case.Clocks[clockDay]; !k.DueAt.Equal(at(t, "2026-03-06 17:00")) {
			t.Errorf("the warning stays at %s", k.DueAt.In(workday.Shanghai))
		}
	})
	t.Run("nothing changed, nothing recorded", func(t *testing.T) {
		b := newBuilder(t, "N1").dispatched()
		if d := again(b, typhoon("2026-07-20", "2026-07-21")); len(d.Events) > 0 {
			t.Errorf("%v", d.Events)
		}
	})
	t.Run("never to before now", func(t *testing.T) {
		b := newBuilder(t, "N1")
		b.env.Calendar = typhoon("2026-03-03", "2026-03-10")
		b.dispatched().wait("2026-03-06 10:00")
		d := again(b, calendar(t, nil, 2025, 2026))
		want := map[string]string{"accept": "2026-03-06 10:00", "accept.remind": "", "stage": "2026-03-06 10:00"}
		delete(want, "accept.remind") // it ran out long ago
		if got := recalculations(t, d); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if d.Case.Tier != TierII || d.Case.Status != Convening {
			t.Errorf("%s at %s", d.Case.Status, d.Case.Tier)
		}
		s, _ := d.Case.Stage()
		if !s.OpenedAt.Equal(at(t, "2026-03-06 10:00")) {
			t.Errorf("escalated at %s", s.OpenedAt)
		}
	})
	t.Run("what ran out before the change keeps its day", func(t *testing.T) {
		b := newBuilder(t, "N1").dispatched()
		b.env.Now = at(t, "2026-03-06 10:00")
		d := again(b, typhoon("2026-03-05", "2026-03-06"))
		if d.Case.Tier != TierII {
			t.Errorf("the deadline of 5 March was taken back: %s", d.Case.Tier)
		}
		if s, _ := d.Case.Stage(); !s.OpenedAt.Equal(at(t, "2026-03-05 17:00")) {
			t.Errorf("escalated at %s", s.OpenedAt)
		}
	})
	t.Run("rating window and hearing", func(t *testing.T) {
		b := newBuilder(t, "N1")
		b.env.Now = at(t, "2026-03-25 10:00")
		b.resolved() // window to 9 April
		d := again(b, typhoon("2026-03-30", "2026-04-03"))
		want := map[string]string{"rating": "2026-04-16 17:00", "hearing": "2026-05-09 17:00"}
		if got := recalculations(t, d); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
	t.Run("a hearing that moves before now is missed now, not next month", func(t *testing.T) {
		b := newBuilder(t, "N1")
		b.env.Calendar = calendar(t, nil, 2025)
		b.env.Now = at(t, "2026-04-20 10:00")
		b.resolved().wait("2026-05-04 17:30") // counted Monday to Friday: the hearing would be on Friday 8 May
		b.env.Now = at(t, "2026-05-08 12:00")
		d := again(b, typhoon("2026-05-08", "2026-05-10"))
		missed := slices.ContainsFunc(d.Notices, func(n Notice) bool { return n.Kind == NoticeHearingMissed })
		if got := recalculations(t, d)["hearing"]; got != "2026-05-08 12:00" || !missed {
			t.Errorf("hearing %s, missed %v", got, missed)
		}
	})
	t.Run("tellings move without an entry each", func(t *testing.T) {
		b := newBuilder(t, "N1").convened(TierI).wait("2026-03-12 10:00")
		d := again(b, typhoon("2026-03-12", "2026-03-17"))
		want := map[string]string{"order:N1-D1": "2026-03-18 17:00", "reminders": ""}
		if got := recalculations(t, d); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if o := d.Case.Orders["N1-D1"]; !o.DueAt.Equal(at(t, "2026-03-18 17:00")) {
			t.Errorf("the order that tier I overdue made is due at %s", o.DueAt.In(workday.Shanghai))
		}
		if k := d.Case.Clocks[clockOverdue]; !k.DueAt.Equal(at(t, "2026-03-18 09:00")) {
			t.Errorf("told again at %s", k.DueAt.In(workday.Shanghai))
		}
	})
	t.Run("while merged the clocks stand still and are counted at the split", func(t *testing.T) {
		source, target := newBuilder(t, "N1").handling(), newBuilder(t, "N2").convening(TierII)
		merge := func(b *builder) (Decision, Decision, error) {
			return DecideMerge(source.c, target.c, actorOf(t, "centre"), Merge{TargetID: target.c.ID}, b.env)
		}
		m, n, err := merge(source)
		if err != nil {
			t.Fatal(err)
		}
		env := source.env
		env.Calendar = typhoon("2026-03-03", "2026-03-04")
		for _, d := range []*Decision{&m, &n} { // the sweeper counts all cases again when the closure is loaded
			env.Recalculate = true
			if *d, err = Tick(d.Case, env); err != nil {
				t.Fatal(err)
			}
		}
		env.Recalculate, env.Now = false, at(t, "2026-03-05 10:00")
		back, _, err := DecideSplit(m.Case, n.Case, actorOf(t, "centre"), Split{Reason: "不是一回事"}, env)
		if err != nil {
			t.Fatal(err)
		}
		if s, _ := back.Case.Stage(); !s.DueAt.Equal(at(t, "2026-03-09 17:00")) || back.Case.Status != Handling {
			t.Errorf("%s, due %s", back.Case.Status, s.DueAt.In(workday.Shanghai))
		}
	})
}

// TestAStageKeepsItsPolicy: numbers that change while a stage runs hold from the next stage on.
func TestAStageKeepsItsPolicy(t *testing.T) {
	b := newBuilder(t, "N1").dispatched()
	old := b.env.Policy
	b.env.Policy.Version, b.env.Policy.TierDays, b.env.Policy.HopsToII, b.env.Policy.HoldDays = 2, TierDays{III: 1, II: 2, I: 3}, 1, 2
	b.env.PolicyAt = func(version int) Policy {
		if version == old.Version {
			return old
		}
		return b.env.Policy
	}
	b.do("head", Return{Reason: "理由", DutyItem: "事项", SuggestedDepartmentID: "support"})
	if b.c.Tier != TierIII {
		t.Fatal("one hop escalates under the new policy, the stage is of the old")
	}
	b.wait("2026-03-05 17:00")
	s, _ := b.c.Stage()
	if s.Tier != TierII || s.PolicyVersion != 2 || s.Days != 2 || !s.DueAt.Equal(at(t, "2026-03-09 17:00")) {
		t.Errorf("stage %+v", s)
	}
	if first := b.c.Stages["1"]; first.PolicyVersion != 1 || first.Days != 3 {
		t.Errorf("first stage %+v", first)
	}
}

func TestAMechanismsEventsBearItsName(t *testing.T) {
	resolved := newBuilder(t, "N1").resolved()
	newer := TicketRef{ID: "t9", OrderNo: "o9", Requester: "requester", AcceptedAt: resolved.env.Now.Add(time.Second)}
	returning := newBuilder(t, "N2").dispatched()
	returning.env.Policy.HopsToII = 1
	failing := newBuilder(t, "N3").handling()
	failing.env.Now = at(t, "2026-03-05 16:00")
	failing.submitted()
	failing.env.Now = at(t, "2026-03-06 10:00")
	late := newBuilder(t, "N4").convened(TierI)
	late.env.Now = at(t, "2026-03-09 16:00")
	late.submitted()
	late.env.Now = at(t, "2026-03-10 10:00")
	tests := []struct {
		name string
		b    *builder
		who  string
		cmd  Command
		want []string
	}{
		{"a new ticket on a resolved case", resolved, "centre", Attach{Ticket: newer}, []string{"attach centre", "rate 系统"}},
		{"the last hop", returning, "head", Return{Reason: "理由", DutyItem: "事项", SuggestedDepartmentID: "support"}, []string{"return head", "escalated 系统"}},
		{"a failure after the deadline", failing, "centre", VerifyFail{Finding: "意见"}, []string{"held 系统", "verify_fail centre", "escalated 系统"}},
		{"a failure after the deadline at tier I", late, "centre", VerifyFail{Finding: "意见"}, []string{"held 系统", "verify_fail centre", "overdue 系统"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := Decide(test.b.c, actorOf(t, test.who), test.cmd, test.b.env)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range d.Events {
				if e.Kind != EventWarned && e.Kind != EventChased {
					got = append(got, string(e.Kind)+" "+e.ActorName)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// TestAnEscalationWakesTheOfficeAlone: it goes out to staff at once, day or night; residents may sleep.
func TestAnEscalationWakesTheOfficeAlone(t *testing.T) {
	b := newBuilder(t, "N1").handling()
	b.env.Now = at(t, "2026-03-05 17:00")
	d, err := Tick(b.c, b.env)
	if err != nil {
		t.Fatal(err)
	}
	told := map[bool]int{}
	for _, n := range d.Notices {
		if n.Kind == NoticeEscalated {
			role, _ := n.To[0].split()
			if n.Urgent == (role == "requester") {
				t.Errorf("urgent %v to %v", n.Urgent, n.To)
			}
			told[n.Urgent]++
		} else if n.Urgent {
			t.Errorf("%s is urgent", n.Kind)
		}
	}
	if told[true] != 1 || told[false] != 1 {
		t.Errorf("told %v", told)
	}
}

// TestHotlineAnswers: the hotline's own call-back beside the requester's answer.
func TestHotlineAnswers(t *testing.T) {
	answer := func(r Rating) Rate { return Rate{TicketID: "t1", Rating: r, Words: "回访结果"} }
	tests := []struct {
		name string
		b    *builder
		cmd  Rate
		want Rating
		from string
		back string
	}{
		{"alone", newBuilder(t, "N").resolved(), answer(Satisfied), Satisfied, "hotline", ""},
		{"dissatisfied after the window", newBuilder(t, "N").resolved().wait("2026-03-17 10:00"), answer(Dissatisfied), Dissatisfied, "hotline", ""},
		{"satisfied changes nothing", newBuilder(t, "N").resolved().do("requester", Rate{Rating: Mostly}), answer(Satisfied), Mostly, "own", ""},
		{"dissatisfied outweighs satisfied", newBuilder(t, "N").resolved().do("requester", Rate{Rating: Satisfied}), answer(Dissatisfied), Dissatisfied, "hotline", ""},
		{"a known dissatisfaction stays", newBuilder(t, "N").resolved().do("requester", Rate{Rating: Dissatisfied}), answer(Dissatisfied), Dissatisfied, "own", ""},
		{"dismissed stays dismissed", newBuilder(t, "N").resolved().do("requester", Rate{Rating: Dissatisfied}).do("centre", DismissDissatisfaction{Record: "已说明"}), answer(Dissatisfied), Dissatisfied, "own", "dismissed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.b.do("", test.cmd)
			got := test.b.c.Ratings["1:requester"]
			if got.Rating != test.want || got.From != test.from || got.Callback != test.back {
				t.Errorf("%+v", got)
			}
			if pending := test.b.c.Clocks[clockCallback] != (Clock{}); pending != got.Pending() {
				t.Errorf("pending %v, clock %v", got.Pending(), test.b.c.Clocks[clockCallback])
			}
		})
	}
}

func TestActingCapacity(t *testing.T) {
	a := Actor{PersonID: "p", Posts: []Post{
		{Role: DepartmentHead, Unit: "d", For: "q"}, {Role: DepartmentHead, Unit: "d", Vacant: true}, {Role: DepartmentHead, Unit: "d"},
		{Role: Liaison, Unit: "g", For: "q"},
	}, StandsInFor: []string{"q"}}
	if as, ok := a.as(DepartmentHead, "d"); !ok || as != (Capacity{Role: DepartmentHead, Unit: "d"}) {
		t.Errorf("one's own post goes first: %+v %v", as, ok)
	}
	if _, ok := a.as(DepartmentHead, "e"); ok {
		t.Error("acts for another department")
	}
	if as, ok := a.is("p", "", ""); !ok || as != (Capacity{Role: DepartmentHead, Unit: "d"}) {
		t.Errorf("as oneself: %+v %v", as, ok)
	}
	if as, ok := a.is("q", "", ""); !ok || as != (Capacity{Role: DepartmentHead, Unit: "d", For: "q"}) {
		t.Errorf("as the other's delegate: %+v %v", as, ok)
	}
	if as, ok := a.is("q", Handler, "d"); !ok || as != (Capacity{Role: Handler, Unit: "d", For: "q"}) {
		t.Errorf("as the other, assigned: %+v %v", as, ok)
	}
	if as, ok := a.is("p", Handler, "x"); ok {
		t.Errorf("where there is no post any more: %+v", as)
	}
	for _, id := range []string{"", "r"} {
		if _, ok := a.is(id, Handler, ""); ok {
			t.Errorf("is %q", id)
		}
	}
	if _, ok := SystemActor().is("", "", ""); ok {
		t.Error("the system is a person")
	}
}

func TestEveryWordHasALabel(t *testing.T) {
	for _, s := range Statuses {
		if s.Label() == "" {
			t.Errorf("status %s", s)
		}
	}
	for _, r := range append([]Role{System}, Roles...) {
		if r.Label() == "" {
			t.Errorf("role %s", r)
		}
	}
	for _, n := range Names() {
		if n.Label() == string(n) {
			t.Errorf("command %s", n)
		}
	}
	for _, tier := range []Tier{TierIII, TierII, TierI, ""} {
		if tier.Label() == "" {
			t.Errorf("tier %q", tier)
		}
	}
	for _, k := range []TriggerKind{ByUnaccepted, ByReassigned, ByDissatisfied, ByBurst, ByHotTopic, ByLongUnresolved, ByCross, ByManual} {
		if k.Label() == "" {
			t.Errorf("trigger %s", k)
		}
	}
	if Name("x").Label() != "x" {
		t.Error("an unknown word should be itself")
	}
}

func TestMergeIntoItself(t *testing.T) {
	b := newBuilder(t, "N1").handling()
	d, e, err := DecideMerge(b.c, b.c, actorOf(t, "centre"), Merge{TargetID: b.c.ID}, b.env)
	if code, _ := refusedWith(t, err); code != apperr.InvalidArgument || len(d.Events)+len(e.Events) > 0 {
		t.Errorf("%v %v %v", code, d.Events, e.Events)
	}
}

func TestMergeRefused(t *testing.T) {
	low, high := newBuilder(t, "N1").handling(), newBuilder(t, "N2").convening(TierI)
	closed := newBuilder(t, "N3").resolved()
	coordinator := actorOf(t, "coordinator")
	foreign := high.c
	foreign.CoordinatorID = "another"
	tests := []struct {
		name           string
		source, target Case
		a              Actor
		want           string
	}{
		{"the lower tier is no target", high.c, low.c, actorOf(t, "centre"), "case.merge_order"},
		{"a resolved case is no target", low.c, closed.c, actorOf(t, "centre"), "case.merge_target"},
		{"a head may not", low.c, high.c, actorOf(t, "head"), "case.not_yours"},
		{"a coordinator only between own cases", low.c, foreign, coordinator, "case.not_yours"},
		{"a resolved case is no source", closed.c, high.c, actorOf(t, "centre"), "case.wrong_state"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := DecideMerge(test.source, test.target, test.a, Merge{TargetID: test.target.ID}, low.env)
			if apperr.ReasonOf(err) != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
			var e *apperr.Error
			if errors.As(err, &e); e.Detail == nil {
				t.Error("does not say what is possible")
			}
		})
	}
	m, n, err := DecideMerge(low.c, high.c, coordinator, Merge{TargetID: high.c.ID}, low.env)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := DecideSplit(m.Case, closed.c, actorOf(t, "centre"), Split{Reason: "理由"}, low.env); apperr.ReasonOf(err) != "case.not_merged" {
		t.Errorf("split from another case: %v", err)
	}
	if _, _, err := DecideSplit(m.Case, n.Case, actorOf(t, "centre"), Split{}, low.env); apperr.ReasonOf(err) != "case.text_missing" {
		t.Errorf("split without a reason: %v", err)
	}
}

// TestMonthNoticesDoNotDependOnHowOftenOneAsks: asking day by day gives what asking once a year does, also where a
// holiday puts a notice into the month before.
func TestMonthNoticesDoNotDependOnHowOftenOneAsks(t *testing.T) {
	cal := calendar(t, nil, 2025, 2026)
	from, to := at(t, "2025-12-01 12:00"), at(t, "2026-12-31 12:00")
	whole := MonthNotices(cal, DefaultPolicy(), from, to)
	var daily []MonthNotice
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		daily = append(daily, MonthNotices(cal, DefaultPolicy(), day, day.AddDate(0, 0, 1))...)
	}
	if d := cmp.Diff(whole, daily); d != "" {
		t.Errorf("(-once +daily)\n%s", d)
	}
	told := slices.ContainsFunc(daily, func(n MonthNotice) bool { return n.Kind == NoticeReportDue && n.At.Equal(at(t, "2026-04-30 09:00")) })
	if !told {
		t.Error("3 May is a rest day: the report is announced on 30 April")
	}
}

// Whoever goes keeps nothing that is open, whatever the state and whoever they are; what stays has somebody, and handing over
// once more does nothing.
func TestHandingOverLeavesNothing(t *testing.T) {
	env := newBuilder(t, "").env
	for _, s := range situations(t) {
		for _, a := range cast() {
			env.Now = s.now
			parts := Parts(s.c, a.PersonID)
			d, err := Decide(s.c, SystemActor(), HandOver{PersonID: a.PersonID}, env)
			if len(parts) == 0 {
				if len(d.Events) > 0 {
					t.Errorf("%s: %s has nothing, and yet %v", s.title, a.PersonID, d.Events)
				}
				continue
			}
			if err != nil || len(d.Events) != 1 || len(d.Notices) == 0 {
				t.Errorf("%s: %s: %v, %d events, %d notices", s.title, a.PersonID, err, len(d.Events), len(d.Notices))
				continue
			}
			if left := Parts(d.Case, a.PersonID); len(left) > 0 {
				t.Errorf("%s: %s still has %v", s.title, a.PersonID, left)
			}
			for _, v := range Viewers(d.Case) {
				if strings.HasPrefix(string(v), string(ToPerson(a.PersonID))) && a.PersonID != d.Case.Reporter {
					t.Errorf("%s: still open to %s", s.title, v)
				}
			}
			if len(d.Case.OpenTasks()) != len(s.c.OpenTasks()) {
				t.Errorf("%s: a task is lost", s.title)
			}
			again, err := Decide(d.Case, SystemActor(), HandOver{PersonID: a.PersonID}, env)
			if err != nil || len(again.Events) > 0 {
				t.Errorf("%s: once more: %v %v", s.title, again.Events, err)
			}
			// Who works where they did keeps everything.
			var all []Addressee
			for _, p := range parts {
				all = append(all, p.Within)
			}
			if same, err := Decide(s.c, SystemActor(), HandOver{PersonID: a.PersonID, Holds: all}, env); err != nil || len(same.Events) > 0 {
				t.Errorf("%s: %s holds what they held: %v %v", s.title, a.PersonID, same.Events, err)
			}
		}
	}
}

// Who stands in for the head and is a handler accepts without naming themselves (openapi: 承办人本人接单可不填).
func TestAHandlerWhoStandsInForTheHeadAcceptsAsThemselves(t *testing.T) {
	c := newBuilder(t, "NS2026-000001").dispatched()
	actor := Actor{PersonID: "both", StandsInFor: []string{"head"}, Posts: []Post{{Role: DepartmentHead, Unit: c.c.LeadDepartmentID, For: "head"}, {Role: Handler, Unit: c.c.LeadDepartmentID}}}
	d, err := Decide(c.c, actor, Accept{}, c.env)
	if err != nil || d.Case.HandlerID != "both" || d.Case.Status != Handling {
		t.Errorf("%v %s %s", err, d.Case.HandlerID, d.Case.Status)
	}
}
