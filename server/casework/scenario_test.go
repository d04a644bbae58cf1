package casework

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// TestScenario plays testdata/*.txt: the mechanism as officials tell it. testdata/README.txt explains the lines.
func TestScenario(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("scenarios: %v %v", files, err)
	}
	for _, file := range files {
		if name := filepath.Base(file); name != "README.txt" {
			t.Run(strings.TrimSuffix(name, ".txt"), func(t *testing.T) { play(t, file) })
		}
	}
}

// scene is one script being played.
type scene struct {
	*testing.T
	at      string // file:line, for messages
	now     time.Time
	env     Env
	cases   map[string]*record
	order   []string
	current string
	stale   map[string]bool // cases counted with an older calendar

	// What the last line that did something led to.
	events  map[string][]Event
	notices map[string][]Notice
	refused error
	by      string // the line that was refused
}

func play(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{T: t, cases: map[string]*record{}, current: "甲", stale: map[string]bool{}}
	s.env.Policy = DefaultPolicy()
	for i, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := joinTimes(strings.Fields(line))
		if len(words) == 0 {
			continue
		}
		s.at = fmt.Sprintf("%s:%d", file, i+1)
		if s.refused != nil && !(words[0] == "期望" && len(words) > 1 && words[1] == "拒绝") {
			t.Fatalf("%s: 被拒绝：%v", s.by, s.refused)
		}
		s.line(words)
		if t.Failed() {
			t.Fatalf("%s: %s", s.at, strings.TrimSpace(line))
		}
	}
	if s.refused != nil {
		t.Fatalf("%s: 被拒绝：%v", s.by, s.refused)
	}
	for _, r := range s.cases {
		r.checkHistory(t)
	}
}

// joinTimes makes one word of a date and the time of day after it.
func joinTimes(words []string) []string {
	var out []string
	for _, w := range words {
		if n := len(out); n > 0 && strings.Count(out[n-1], "-") == 2 && len(w) == 5 && w[2] == ':' {
			out[n-1] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}

func (s *scene) fail(format string, args ...any) {
	s.Helper()
	s.Fatalf("%s: %s", s.at, fmt.Sprintf(format, args...))
}

func (s *scene) line(w []string) {
	switch w[0] {
	case "日历":
		var years []int
		for _, y := range w[1:] {
			n, err := strconv.Atoi(y)
			if err != nil {
				s.fail("“%s”不是年份", y)
			}
			years = append(years, n)
		}
		s.env.Calendar = calendar(s, nil, years...)
		for name := range s.cases {
			s.stale[name] = true
		}
		if len(s.cases) > 0 {
			s.wait(s.now, true) // the sweeper counts again at once
		}
	case "规定":
		s.setPolicy(w[1:])
	case "时间":
		s.wait(s.instant(w[1]), true)
	case "停机至":
		s.wait(s.instant(w[1]), false)
	case "难事":
		s.current = w[1]
	case "期望":
		s.expect(w[1:])
	default:
		s.act(w)
	}
}

func (s *scene) setPolicy(w []string) {
	switch w[0] {
	case "下班后启动次日起算":
		s.env.Policy.AfterHours = "next_working_day"
	case "Ⅲ级工作日":
		old := s.env.Policy
		s.env.Policy.Version++
		s.env.Policy.TierDays.III, _ = strconv.Atoi(w[1])
		s.env.PolicyAt = func(int) Policy { return old }
	default:
		s.fail("没有“%s”这项规定", w[0])
	}
}

func (s *scene) instant(text string) time.Time {
	s.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", text, workday.Shanghai)
	if err != nil {
		s.fail("“%s”不是时间，请写成 2026-03-02 10:00", text)
	}
	return v
}

// begin forgets what the line before led to.
func (s *scene) begin() { s.events, s.notices = map[string][]Event{}, map[string][]Notice{} }

func (s *scene) envOf(name string) Env {
	env := s.env
	env.Now, env.Recalculate = s.now, s.stale[name]
	return env
}

func (s *scene) keep(name string, d Decision) {
	s.Helper()
	s.cases[name].save(s, d, s.now, s.env.Policy)
	delete(s.stale, name)
	s.events[name] = append(s.events[name], d.Events...)
	s.notices[name] = append(s.notices[name], d.Notices...)
}

// wait lets time pass: with the sweeper at work each deadline is processed when it falls due, without it all of them at
// the end.
func (s *scene) wait(until time.Time, sweeping bool) {
	s.Helper()
	if until.Before(s.now) {
		s.fail("时间不能倒退")
	}
	s.begin()
	for {
		next := instant(until)
		if sweeping {
			for _, name := range s.order {
				if due := s.cases[name].c.NextDue(); !due.IsZero() && due.Before(next) {
					next = due
				}
			}
		}
		s.now = next
		for _, name := range s.order {
			d, err := Tick(s.cases[name].c, s.envOf(name))
			if err != nil {
				s.fail("%v", err)
			}
			s.keep(name, d)
			again, err := Tick(s.cases[name].c, s.envOf(name))
			if err != nil || len(again.Events)+len(again.Notices) > 0 {
				s.fail("同一时刻再处理一次，不应再有变化：%v %v", again.Events, err)
			}
		}
		if !next.Before(until) {
			return
		}
	}
}

// posts are the words before a person's name, as suffixes, with the role they stand for.
var posts = []struct {
	word string
	role Role
}{
	{"城运中心", Centre}, {"党政办", Supervisor}, {"主要领导", PrincipalLeader}, {"领导小组", LeadingGroup}, {"协调专员", Coordinator},
	{"诉求人", Resident}, {"系统管理员", SystemAdmin}, {"安全管理员", SecurityAdmin}, {"审计员", Auditor}, {"系统", System},
	{"网格长", GridChief}, {"网格联络员", Liaison}, {"网格书记", PartySecretary}, {"居委", Community},
	{"分管领导", DeputyLeader}, {"负责人", DepartmentHead}, {"承办人", Handler},
}

// post reads “综合执法队负责人” as the head of 综合执法队, “肖塘网格长” as the chief of 肖塘网格.
func post(word string) (Post, bool) {
	for _, p := range posts {
		unit, ok := strings.CutSuffix(word, p.word)
		switch {
		case !ok:
			continue
		case p.role == GridChief || p.role == Liaison || p.role == PartySecretary:
			return Post{Role: p.role, Unit: unit + "网格"}, true
		case unit == "" || p.role == DepartmentHead || p.role == DeputyLeader || p.role == Handler || p.role == Community:
			return Post{Role: p.role, Unit: unit}, true
		}
	}
	return Post{}, false
}

// actor reads “城运中心 王敏”, “肖塘网格长 周强（代陈峰）” (a delegate), “肖塘网格长 王敏（空缺）” (who steps in).
func (s *scene) actor(w []string) (Actor, []string) {
	s.Helper()
	p, ok := post(w[0])
	if !ok {
		s.fail("不认识“%s”", w[0])
	}
	if p.Role == System {
		return SystemActor(), w[1:]
	}
	if len(w) < 2 {
		s.fail("“%s”后面要写姓名", w[0])
	}
	name, note, _ := strings.Cut(strings.TrimSuffix(w[1], "）"), "（")
	a := person(name, p.Role, p.Unit)
	if principal, delegate := strings.CutPrefix(note, "代"); delegate {
		a.Posts[0].For, a.StandsInFor = principal, []string{principal}
	} else if note == "空缺" {
		a.Posts[0].Vacant = true
	} else if note != "" {
		s.fail("不认识“（%s）”", note)
	}
	return a, w[2:]
}

func (s *scene) addressee(word string) Addressee {
	s.Helper()
	if id, ok := strings.CutPrefix(word, "诉求人"); ok {
		return ToRequester(id)
	}
	if p, ok := post(word); ok {
		return ToPost(p.Role, p.Unit)
	}
	return ToPerson(word)
}

// act lets somebody give a command: the words on the button, as the rules name it.
func (s *scene) act(w []string) {
	s.Helper()
	actor, w := s.actor(w)
	if len(w) == 0 {
		s.fail("没有写要做什么")
	}
	name, ok := named(w[0])
	if !ok {
		s.fail("没有“%s”这个操作", w[0])
	}
	if s.cases[s.current] == nil {
		s.cases[s.current] = &record{c: Case{ID: "id-" + s.current, Number: s.current}}
		s.order = append(s.order, s.current)
	}
	args := readArgs(w[1:])
	cmd := commands[name](s, args)
	if len(args.rest) > 0 || len(args.pairs) > 0 {
		s.fail("“%s”用不上 %v %v", w[0], args.rest, args.pairs)
	}
	s.begin()
	var err error
	var d, e Decision
	mine := &s.cases[s.current].c
	switch cmd := cmd.(type) {
	case Merge:
		other := strings.TrimPrefix(cmd.TargetID, "id-")
		d, e, err = DecideMerge(*mine, s.cases[other].c, actor, cmd, s.envOf(other))
		s.keep(other, e)
	case Split:
		other := strings.TrimPrefix(mine.MergedInto, "id-")
		d, e, err = DecideSplit(*mine, s.cases[other].c, actor, cmd, s.envOf(other))
		s.keep(other, e)
	default:
		d, err = Decide(*mine, actor, cmd, s.envOf(s.current))
	}
	s.keep(s.current, d)
	if err != nil {
		s.refused, s.by = err, s.at
	}
}

func named(label string) (Name, bool) {
	for _, r := range rules {
		if r.label == label {
			return r.name, true
		}
	}
	return "", false
}

// args are the words after a command: pairs of a known key and its value, and the rest.
type args struct {
	rest  []string
	pairs map[string][]string
}

var argKeys = []string{
	"工单", "依据", "网格", "社区", "承办人", "专员", "说明", "建议", "任务", "期限", "部门", "居委", "牵头", "负责人", "成员", "移出", "方案",
	"结论", "佐证", "情形", "对外", "联系时间", "目标", "证据", "类别",
}

func readArgs(w []string) *args {
	a := &args{pairs: map[string][]string{}}
	for i := 0; i < len(w); i++ {
		if slices.Contains(argKeys, w[i]) && i+1 < len(w) {
			a.pairs[w[i]] = append(a.pairs[w[i]], w[i+1])
			i++
			continue
		}
		a.rest = append(a.rest, w[i])
	}
	return a
}

func (a *args) next() string {
	if len(a.rest) == 0 {
		return ""
	}
	w := a.rest[0]
	a.rest = a.rest[1:]
	return w
}

func (a *args) all(key string) []string {
	v := a.pairs[key]
	delete(a.pairs, key)
	return v
}

func (a *args) one(key string) string {
	if v := a.all(key); len(v) > 0 {
		return v[0]
	}
	return ""
}

// text gives what was written, or the words “（略）”: most scripts are not about what a text says.
func (a *args) text(key string) string {
	if v := a.one(key); v != "" {
		return v
	}
	return "（略）"
}

func (s *scene) due(a *args) time.Time {
	v := a.one("期限")
	switch {
	case v == "":
		if stage, ok := s.cases[s.current].c.Stage(); ok {
			return stage.DueAt
		}
		s.fail("要写期限")
	case len(v) == len("2026-03-02"):
		return s.env.Calendar.CloseOf(date(s, v))
	}
	return s.instant(v)
}

// tickets reads “T1（R1）”: ticket T1 of requester R1.
func (s *scene) tickets(a *args) []TicketRef {
	var out []TicketRef
	for _, w := range a.all("工单") {
		id, requester, _ := strings.Cut(strings.TrimSuffix(w, "）"), "（")
		out = append(out, TicketRef{ID: id, OrderNo: id, Source: ticket.Hotline, Requester: requester, AcceptedAt: s.now})
	}
	return out
}

func (s *scene) triggers(a *args) []Trigger {
	var out []Trigger
	evidence := a.all("证据")
	for _, label := range a.all("依据") {
		t := Trigger{Summary: label}
		for _, k := range []TriggerKind{ByUnaccepted, ByReassigned, ByDissatisfied, ByBurst, ByHotTopic, ByLongUnresolved, ByCross, ByManual} {
			if k.Label() == label {
				t.Kind = k
			}
		}
		if t.Kind == "" {
			s.fail("没有“%s”这条入库依据", label)
		}
		for _, key := range evidence {
			t.Evidence = append(t.Evidence, Evidence{Key: key})
		}
		out = append(out, t)
	}
	return out
}

// duties reads “张伟:清理堆物”, “张伟:清理堆物:2026-03-10” or “张伟:清理堆物:2026-03-10:市政所” (a member from that department).
func (s *scene) duties(words []string) []Duty {
	var out []Duty
	for _, w := range words {
		part := strings.Split(w, ":")
		if len(part) < 2 {
			s.fail("成员要写成 张伟:职责 或 张伟:职责:2026-03-10")
		}
		a := &args{pairs: map[string][]string{}}
		if len(part) > 2 {
			a.pairs["期限"] = part[2:3]
		}
		duty := Duty{PersonID: part[0], Duty: part[1], DueAt: s.due(a)}
		if len(part) > 3 {
			duty.Within = within(Handler, part[3])
		}
		out = append(out, duty)
	}
	return out
}

var outcomes = map[string]Outcome{"": ActuallySolved, "实际解决": ActuallySolved, "解释说明": Explained}

func (s *scene) report(a *args) Report {
	return Report{
		Title: "楼道堆物", Facts: a.text("说明"), Place: "九华苑", CommunityID: a.one("社区"), GridID: a.one("网格"),
		Triggers: s.triggers(a), Tickets: s.tickets(a),
	}
}

// commands builds each command from the words after its name.
var commands = map[Name]func(s *scene, a *args) Command{
	"report":   func(s *scene, a *args) Command { return s.report(a) },
	"register": func(s *scene, a *args) Command { return Register{Report: s.report(a), Reason: "应当入库"} },
	"add_evidence": func(s *scene, a *args) Command {
		return AddEvidence{Trigger: s.triggers(a)[0]}
	},
	"classify": func(s *scene, a *args) Command {
		m := Classify{Domain: Livelihood, Scope: Individual, Reach: SingleDepartment, GridID: a.one("网格"), Topic: a.one("类别")}
		for len(a.rest) > 0 {
			switch w := a.next(); w {
			case "民生", "个案", "本部门":
			case "商企":
				m.Domain = Business
			case "共性":
				m.Scope = Common
			case "跨部门":
				m.Reach, m.Crossings = CrossDepartment, []string{"department"}
			default:
				s.fail("没有“%s”这个分类", w)
			}
		}
		return m
	},
	"assign": func(_ *scene, a *args) Command {
		return Assign{HandlerID: a.one("承办人"), CoordinatorID: a.one("专员")}
	},
	"reject": func(_ *scene, a *args) Command { return Reject{Reason: a.text("说明")} },
	"attach": func(s *scene, a *args) Command { return Attach{Ticket: s.tickets(a)[0]} },
	"update_ticket": func(s *scene, a *args) Command {
		return UpdateTicket{Ticket: s.tickets(a)[0]}
	},
	"detach": func(_ *scene, a *args) Command { return Detach{TicketID: a.one("工单"), Reason: a.text("说明")} },
	"merge": func(_ *scene, a *args) Command {
		return Merge{TargetID: "id-" + a.next(), Reason: a.text("说明")}
	},
	"split": func(_ *scene, a *args) Command { return Split{Reason: a.text("说明")} },
	"dispatch": func(_ *scene, a *args) Command {
		return Dispatch{LeadDepartmentID: a.next()}
	},
	"claim": func(_ *scene, a *args) Command {
		return Claim{HandlerID: a.one("承办人"), DepartmentID: a.one("部门")}
	},
	"take":       func(_ *scene, _ *args) Command { return Take{} },
	"open_at_ii": func(_ *scene, a *args) Command { return OpenAtII{Reason: a.text("说明")} },
	"open_at_i": func(_ *scene, a *args) Command {
		ground := map[string]Ground{"重大舆情": MajorOpinion, "群体投诉": MassComplaint, "群访": GroupPetition, "上级支持": HigherSupport}
		return OpenAtI{Ground: ground[a.one("情形")], Reason: a.text("说明")}
	},
	"accept": func(_ *scene, a *args) Command { return Accept{HandlerID: a.one("承办人")} },
	"return": func(_ *scene, a *args) Command {
		return Return{Reason: a.text("说明"), DutyItem: "城管执法事项", SuggestedDepartmentID: a.one("建议")}
	},
	"transfer": func(_ *scene, a *args) Command {
		return Transfer{LeadDepartmentID: a.next(), Reason: a.text("说明")}
	},
	"coordinate": func(_ *scene, a *args) Command { return Coordinate{Opinion: a.text("说明")} },
	"contact": func(s *scene, a *args) Command {
		m := Contact{Reached: true, At: s.now, Said: a.text("说明")}
		if v := a.one("联系时间"); v != "" {
			m.At = s.instant(v)
		}
		return m
	},
	"ask_support": func(s *scene, a *args) Command {
		return AskSupport{DepartmentID: a.one("部门"), CommunityID: a.one("居委"), GridID: a.one("网格"), Task: a.text("说明"), DueAt: s.due(a)}
	},
	"accept_task": func(_ *scene, a *args) Command { return AcceptTask{TaskID: a.next()} },
	"finish_task": func(_ *scene, a *args) Command {
		return FinishTask{TaskID: a.next(), Result: a.text("说明")}
	},
	"decline_task": func(_ *scene, a *args) Command {
		return DeclineTask{TaskID: a.next(), Reason: a.text("说明")}
	},
	"withdraw_task": func(_ *scene, a *args) Command {
		return WithdrawTask{TaskID: a.next(), Reason: a.text("说明")}
	},
	"progress": func(_ *scene, a *args) Command {
		return Progress{Text: a.text("说明"), Public: a.one("对外") == "是"}
	},
	"convene": func(s *scene, a *args) Command {
		return Convene{
			Minutes: a.text("说明"), LeadDepartmentID: a.one("牵头"), HandlerID: a.one("承办人"), LeaderID: a.one("负责人"),
			Members: s.duties(a.all("成员")), Plan: a.text("方案"),
		}
	},
	"amend": func(s *scene, a *args) Command {
		return Amend{
			LeadDepartmentID: a.one("牵头"), HandlerID: a.one("承办人"), LeaderID: a.one("负责人"), Add: s.duties(a.all("成员")),
			Remove: a.all("移出"), Plan: a.one("方案"), Reason: a.text("说明"),
		}
	},
	"submit": func(_ *scene, a *args) Command {
		return Submit{Result: a.text("说明"), Outcome: outcomes[a.one("结论")], Evidence: []string{"照片"}}
	},
	"ask_onsite": func(s *scene, a *args) Command { return AskOnSite{Question: a.text("说明"), DueAt: s.due(a)} },
	"verify_pass": func(_ *scene, a *args) Command {
		return VerifyPass{Finding: a.text("说明"), Outcome: outcomes[a.one("结论")]}
	},
	"verify_fail": func(_ *scene, a *args) Command { return VerifyFail{Finding: a.text("说明")} },
	"escalate":    func(_ *scene, a *args) Command { return Escalate{Reason: a.text("说明")} },
	"rate": func(_ *scene, a *args) Command {
		ratings := map[string]Rating{"满意": Satisfied, "基本满意": Mostly, "不满意": Dissatisfied}
		return Rate{TicketID: a.one("工单"), Rating: ratings[a.next()], Words: a.one("说明")}
	},
	"confirm_dissatisfaction": func(_ *scene, a *args) Command { return ConfirmDissatisfaction{Record: a.text("说明")} },
	"dismiss_dissatisfaction": func(_ *scene, a *args) Command { return DismissDissatisfaction{Record: a.text("说明")} },
	"strike_off":              func(_ *scene, a *args) Command { return StrikeOff{Decision: a.text("说明")} },
	"carry_over":              func(_ *scene, a *args) Command { return CarryOver{Decision: a.text("说明")} },
	"hold_over": func(s *scene, a *args) Command {
		return HoldOver{TargetOn: date(s, a.one("目标")), Reason: a.text("说明")}
	},
	"remind":    func(_ *scene, _ *args) Command { return Remind{} },
	"supervise": func(s *scene, a *args) Command { return Supervise{Text: a.text("说明"), DueAt: s.due(a)} },
	"settle_content": func(_ *scene, a *args) Command {
		return SettleContent{ReviewID: a.next(), TicketID: a.one("工单"), Passed: a.one("结论") == "通过", Text: a.text("原话")}
	},
	"hand_over": func(_ *scene, a *args) Command {
		m := HandOver{PersonID: a.next()}
		for _, unit := range a.all("部门") {
			m.Holds = append(m.Holds, within(DepartmentHead, unit))
		}
		for _, unit := range a.all("网格") {
			m.Holds = append(m.Holds, within(GridChief, unit))
		}
		return m
	},
	"answer": func(_ *scene, a *args) Command { return AnswerOrder{OrderID: a.next(), Answer: a.text("说明")} },
}

// expect compares what is with what should be.
func (s *scene) expect(w []string) {
	s.Helper()
	switch w[0] {
	case "拒绝":
		var refusal *apperr.Error
		switch {
		case s.refused == nil:
			s.fail("应当拒绝，但没有拒绝")
		case !errors.As(s.refused, &refusal):
			s.fail("不是对人说的拒绝：%v", s.refused)
		case len(w) > 1 && !strings.Contains(refusal.Message, w[1]):
			s.fail("拒绝的话是：%s", refusal.Message)
		}
		s.refused = nil
	case "通知", "无通知":
		s.expectNotice(w)
	case "记录", "无记录":
		s.expectEvent(w)
	case "可办", "不可办":
		s.expectAllowed(w)
	case "待办":
		to := s.addressee(w[1])
		todos := Todos(s.cases[s.current].c)
		ok := slices.ContainsFunc(todos, func(todo Todo) bool {
			return todo.For == to && todoLabels[todo.Kind] == w[2] && (len(w) < 4 || todo.DueAt.Equal(s.instant(w[4])))
		})
		if !ok {
			s.fail("待办是：%v", todos)
		}
	default:
		s.expectFacts(w)
	}
}

// expectNotice: 通知 收件人 内容 [次数 N].
func (s *scene) expectNotice(w []string) {
	s.Helper()
	if len(w) < 3 {
		s.fail("请写：期望 %s 收件人 内容", w[0])
	}
	if !slices.Contains(slices.Collect(maps.Values(noticeLabels)), w[2]) {
		s.fail("没有“%s”这种通知", w[2])
	}
	to, n := s.addressee(w[1]), 0
	var heard []string
	for _, notice := range s.notices[s.current] {
		for _, a := range notice.To {
			heard = append(heard, string(a)+" "+noticeLabels[notice.Kind])
			if a == to && noticeLabels[notice.Kind] == w[2] {
				n++
			}
		}
	}
	want := -1
	if len(w) == 5 && w[3] == "次数" {
		want, _ = strconv.Atoi(w[4])
	}
	switch {
	case w[0] == "无通知" && n > 0, w[0] == "通知" && n == 0, want >= 0 && n != want:
		s.fail("%s 收到“%s” %d 次。发出的通知：\n  %s", w[1], w[2], n, strings.Join(heard, "\n  "))
	}
}

// expectEvent: 记录 内容 [生效 时间] [记于 时间] [署名 姓名] [身份 岗位] [代 姓名] [次数 N], among what the last line led to; 全程
// among the whole timeline.
func (s *scene) expectEvent(w []string) {
	s.Helper()
	among := s.events[s.current]
	label, rest := w[1], w[2:]
	if label == "全程" {
		among, label, rest = s.cases[s.current].events, w[2], w[3:]
	}
	want := -1
	match := func(e Event) bool { return eventLabel(e.Kind) == label }
	for i := 0; i+1 < len(rest); i += 2 {
		value, before := rest[i+1], match
		var also func(e Event) bool
		switch rest[i] {
		case "生效":
			v := s.instant(value)
			also = func(e Event) bool { return e.At.Equal(v) }
		case "记于":
			v := s.instant(value)
			also = func(e Event) bool { return e.RecordedAt.Equal(v) }
		case "署名":
			also = func(e Event) bool { return e.ActorName == value }
		case "身份":
			also = func(e Event) bool { return e.As.Role.Label() == value }
		case "代":
			also = func(e Event) bool { return e.As.For == value }
		case "空缺":
			also = func(e Event) bool { return e.As.Vacant == (value == "是") }
		case "原因":
			also = func(e Event) bool { return strings.Contains(string(e.Data), `"cause":"`+value+`"`) }
		case "次数":
			want, _ = strconv.Atoi(value)
			continue
		default:
			s.fail("记录没有“%s”", rest[i])
		}
		match = func(e Event) bool { return before(e) && also(e) }
	}
	n := 0
	var lines []string
	for _, e := range among {
		if match(e) {
			n++
		}
		lines = append(lines, fmt.Sprintf("%s 生效 %s 记于 %s 署名 %s（%s 代%s） %s", eventLabel(e.Kind), chineseTime(e.At), chineseTime(e.RecordedAt), e.ActorName, e.As.Role.Label(), e.As.For, e.Data))
	}
	if w[0] == "无记录" && n > 0 || w[0] == "记录" && want < 0 && n == 0 || want >= 0 && n != want {
		s.fail("相符的记录有 %d 条。记录：\n  %s", n, strings.Join(lines, "\n  "))
	}
}

// expectAllowed: 可办 岗位 姓名 操作…: all of them; 不可办: none of them, or nothing at all.
func (s *scene) expectAllowed(w []string) {
	s.Helper()
	actor, names := s.actor(w[1:])
	allowed := map[string]bool{}
	for _, a := range AllowedCommands(s.cases[s.current].c, actor, s.envOf(s.current)) {
		allowed[a.Label] = true
	}
	if w[0] == "不可办" && len(names) == 0 && len(allowed) > 0 {
		s.fail("可办：%v", slices.Sorted(maps.Keys(allowed)))
	}
	for _, n := range names {
		if _, ok := named(n); !ok {
			s.fail("没有“%s”这个操作", n)
		}
		if allowed[n] != (w[0] == "可办") {
			s.fail("可办：%v", slices.Sorted(maps.Keys(allowed)))
		}
	}
}

// expectFacts: pairs of a fact about the case and its value.
func (s *scene) expectFacts(w []string) {
	s.Helper()
	r := s.cases[s.current]
	if r == nil {
		s.fail("还没有难事“%s”", s.current)
	}
	c := r.c
	stage, _ := c.LastStage()
	when := func(t time.Time) string {
		if t.IsZero() {
			return "无"
		}
		return t.In(workday.Shanghai).Format("2006-01-02 15:04")
	}
	yes := func(b bool) string {
		if b {
			return "是"
		}
		return "否"
	}
	for i := 0; i < len(w); i += 2 {
		if i+1 == len(w) {
			s.fail("“%s”后面要写应当是什么", w[i])
		}
		var got string
		switch w[i] {
		case "状态":
			got = c.Status.Label()
		case "级别":
			got = c.Tier.Label()
		case "轮次":
			got = strconv.Itoa(c.Round)
		case "阶段":
			got = strconv.Itoa(len(c.Stages))
		case "启动":
			got = when(stage.OpenedAt)
		case "期限":
			got = when(stage.DueAt)
		case "暂定":
			got = yes(stage.Provisional)
		case "超期":
			got = yes(c.Overdue())
		case "按时":
			got = yes(stage.OnTime)
		case "中心延误":
			delayed := slices.ContainsFunc(slices.Collect(maps.Values(c.Stages)), func(s Stage) bool { return s.CentreDelay })
			got = yes(delayed)
		case "牵头":
			got = c.LeadDepartmentID
		case "承办":
			got = c.HandlerID
		case "未接单部门":
			got = strconv.Itoa(len(c.UnacceptedDepartments()))
		case "建议级别":
			got = c.SuggestedTier.Label()
		case "下次":
			got = when(c.NextDue())
		case "工单":
			got = strings.Join(sortedKeys(c.Tickets), "、")
		case "任务":
			got = strings.Join(c.OpenTasks(), "、")
		case "督办":
			got = strings.Join(c.OpenOrders(), "、")
		case "专员":
			got = c.CoordinatorID
		case "专班负责人":
			if c.TaskForce != nil {
				got = c.TaskForce.Leader
			}
		case "专班成员":
			if c.TaskForce != nil {
				for _, m := range c.TaskForce.Members {
					got += m.PersonID
				}
			}
		case "认领":
			got = strings.Join(sortedKeys(c.Offers), "、")
		case "领题":
			got = strings.Join(sortedKeys(c.Sponsors), "、")
		case "汇报":
			got = when(c.Clocks[clockHearing].DueAt)
		default:
			s.fail("不认识“%s”", w[i])
		}
		if got == "" {
			got = "无"
		}
		if got != w[i+1] {
			s.Errorf("%s: %s 是 %s，应当是 %s", s.at, w[i], got, w[i+1])
		}
	}
}

func TestScenarioKnowsEveryCommand(t *testing.T) {
	for _, name := range Names() {
		if commands[name] == nil {
			t.Errorf("no scenario line for %s", name)
		}
	}
}
