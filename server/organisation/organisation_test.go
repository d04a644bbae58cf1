package organisation

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
)

var noon = time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC)

// street is small and whole: every post is held except the liaison of grid 2, the deputy leader of 建管办, and both head
// and deputy leader of 民政办.
func street() ([]Department, []Grid, []Community, []Person, []Delegation) {
	post := func(role casework.Role, unit string) Post { return Post{role, unit} }
	return []Department{
			{ID: "d-zhifa", Name: "综合行政执法队", ShortName: "执法队", Kind: KindSquad, DeputyLeader: "p-deputy"},
			{ID: "d-jianguan", Name: "建设管理办公室", ShortName: "建管办", Kind: KindSection},
			{ID: "d-minzheng", Name: "民政办公室", Kind: KindSection},
			{ID: "d-ping", Name: "平安办公室", Kind: KindSection, DeputyLeader: "p-deputy"},
		}, []Grid{{ID: "g-1", Name: "第一网格"}, {ID: "g-2", Name: "第二网格"}},
		[]Community{
			{ID: "c-hanyi", Name: "韩谊居民区", GridID: "g-1", Kind: KindResidential, Aliases: []string{"韩谊居委", "韩谊 ＡＢ苑"}},
			{ID: "c-xiaotang", Name: "肖塘村", Kind: KindVillage},
		},
		[]Person{
			{ID: "p-centre1", Name: "王敏", Phone: "13800000001", Posts: []Post{post(casework.Centre, "")}},
			{ID: "p-centre2", Name: "李强", Posts: []Post{post(casework.Centre, "")}},
			{ID: "p-deputy", Name: "赵军"},
			{ID: "p-head", Name: "孙丽", Posts: []Post{post(casework.DepartmentHead, "d-zhifa")}},
			{ID: "p-head2", Name: "周波", Posts: []Post{post(casework.DepartmentHead, "d-jianguan"), post(casework.Resident, "")}, Requesters: []string{"r-zhou"}},
			{ID: "p-handler", Name: "吴勇", Posts: []Post{post(casework.Handler, "d-zhifa")}},
			{ID: "p-handler2", Name: "郑洁", Posts: []Post{post(casework.Handler, "d-zhifa"), post(casework.Handler, "d-ping")}},
			{ID: "p-gone", Name: "冯涛", Posts: []Post{post(casework.Handler, "d-zhifa"), post(casework.Liaison, "g-2")}, Left: true},
			{ID: "p-gone2", Name: "陈刚", Posts: []Post{post(casework.Community, "c-hanyi")}, Left: true},
			{ID: "p-gone3", Name: "褚云", Posts: []Post{post(casework.Resident, "")}, Left: true},
			{ID: "p-chief1", Name: "卫平", Posts: []Post{post(casework.GridChief, "g-1"), post(casework.PartySecretary, "g-1")}},
			{ID: "p-chief2", Name: "蒋华", Posts: []Post{post(casework.GridChief, "g-2")}},
			{ID: "p-liaison", Name: "沈燕", Posts: []Post{post(casework.Liaison, "g-1")}},
			{ID: "p-principal", Name: "韩冰", Posts: []Post{post(casework.PrincipalLeader, "")}},
			{ID: "p-admin", Name: "杨帆", Posts: []Post{post(casework.SystemAdmin, "")}},
			{ID: "p-resident", Name: "吴勇", Posts: []Post{post(casework.Resident, "")}, Requesters: []string{"r-wu"}},
		}, nil
}

// with makes the street with delegations in force for the whole of 10 March.
func with(t testing.TB, delegations ...Delegation) *Organisation {
	t.Helper()
	d, g, c, p, _ := street()
	return must(t, d, g, c, p, delegations)
}

func must(t testing.TB, d []Department, g []Grid, c []Community, p []Person, l []Delegation) *Organisation {
	t.Helper()
	o, err := New(d, g, c, p, l)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return o
}

func today(id, from, to string) Delegation {
	return Delegation{ID: id, From: from, To: to, StartAt: noon.Add(-4 * time.Hour), EndAt: noon.Add(4 * time.Hour)}
}

func TestActor(t *testing.T) {
	vacant := func(role casework.Role, unit string) casework.Post {
		return casework.Post{Role: role, Unit: unit, Vacant: true}
	}
	centre := []casework.Post{
		{Role: casework.Centre},
		vacant(casework.DeputyLeader, "d-jianguan"),
		vacant(casework.DeputyLeader, "d-minzheng"), vacant(casework.DepartmentHead, "d-minzheng"),
		vacant(casework.Liaison, "g-2"),
	}
	deputy := []casework.Post{
		{Role: casework.DeputyLeader, Unit: "d-ping"}, {Role: casework.DeputyLeader, Unit: "d-zhifa"},
		vacant(casework.DepartmentHead, "d-ping"),
	}
	lend := func(from string, posts []casework.Post) []casework.Post {
		out := slices.Clone(posts)
		for i := range out {
			out[i].For = from
		}
		return out
	}
	tests := []struct {
		name        string
		person      string
		delegations []Delegation
		at          time.Time
		want        casework.Actor
		nobody      bool
	}{
		{
			name: "a handler of two departments", person: "p-handler2",
			want: casework.Actor{PersonID: "p-handler2", Name: "郑洁", Posts: []casework.Post{{Role: casework.Handler, Unit: "d-zhifa"}, {Role: casework.Handler, Unit: "d-ping"}}},
		},
		{
			name: "the centre acts for the vacant deputy leaders, for a head without deputy, and for a liaison who left", person: "p-centre2",
			want: casework.Actor{PersonID: "p-centre2", Name: "李强", Posts: centre},
		},
		{
			name: "the deputy leader is one by the departments alone, and acts for a vacant head", person: "p-deputy",
			want: casework.Actor{PersonID: "p-deputy", Name: "赵军", Posts: deputy},
		},
		{name: "who left acts from nothing", person: "p-gone", nobody: true},
		{name: "an unknown person", person: "p-nobody", nobody: true},
		{
			name: "who left and is named as delegate still acts from nothing", person: "p-gone",
			delegations: []Delegation{today("1", "p-head", "p-gone")}, nobody: true,
		},
		{
			name: "staff who are residents too keep their requester keys", person: "p-head2",
			want: casework.Actor{PersonID: "p-head2", Name: "周波", Posts: []casework.Post{{Role: casework.DepartmentHead, Unit: "d-jianguan"}, {Role: casework.Resident}}, Requesters: []string{"r-zhou"}},
		},
		{
			name: "a delegate acts for the giver, with the vacant posts that fall to them", person: "p-handler",
			delegations: []Delegation{today("1", "p-deputy", "p-handler")},
			want: casework.Actor{PersonID: "p-handler", Name: "吴勇", StandsInFor: []string{"p-deputy"},
				Posts: append([]casework.Post{{Role: casework.Handler, Unit: "d-zhifa"}}, lend("p-deputy", deputy)...)},
		},
		{
			name: "own posts go before lent ones", person: "p-handler",
			delegations: []Delegation{today("1", "p-handler2", "p-handler")},
			want: casework.Actor{PersonID: "p-handler", Name: "吴勇", StandsInFor: []string{"p-handler2"},
				Posts: []casework.Post{{Role: casework.Handler, Unit: "d-zhifa"}, {Role: casework.Handler, Unit: "d-ping", For: "p-handler2"}}},
		},
		{
			name: "being a resident is not lent", person: "p-handler",
			delegations: []Delegation{today("1", "p-head2", "p-handler")},
			want: casework.Actor{PersonID: "p-handler", Name: "吴勇", StandsInFor: []string{"p-head2"},
				Posts: []casework.Post{{Role: casework.Handler, Unit: "d-zhifa"}, {Role: casework.DepartmentHead, Unit: "d-jianguan", For: "p-head2"}}},
		},
		{
			name: "what is held as a delegate is not passed on", person: "p-handler",
			delegations: []Delegation{today("1", "p-principal", "p-head"), today("2", "p-head", "p-handler")},
			want: casework.Actor{PersonID: "p-handler", Name: "吴勇", StandsInFor: []string{"p-head"},
				Posts: []casework.Post{{Role: casework.Handler, Unit: "d-zhifa"}, {Role: casework.DepartmentHead, Unit: "d-zhifa", For: "p-head"}}},
		},
		{
			name: "two delegations of one giver count once", person: "p-handler",
			delegations: []Delegation{today("1", "p-head", "p-handler"), today("2", "p-head", "p-handler")},
			want: casework.Actor{PersonID: "p-handler", Name: "吴勇", StandsInFor: []string{"p-head"},
				Posts: []casework.Post{{Role: casework.Handler, Unit: "d-zhifa"}, {Role: casework.DepartmentHead, Unit: "d-zhifa", For: "p-head"}}},
		},
		{
			name: "the delegation begins at its first instant", person: "p-liaison", at: noon.Add(-4 * time.Hour),
			delegations: []Delegation{today("1", "p-chief1", "p-liaison")},
			want: casework.Actor{PersonID: "p-liaison", Name: "沈燕", StandsInFor: []string{"p-chief1"}, Posts: []casework.Post{
				{Role: casework.Liaison, Unit: "g-1"},
				{Role: casework.GridChief, Unit: "g-1", For: "p-chief1"}, {Role: casework.PartySecretary, Unit: "g-1", For: "p-chief1"}}},
		},
		{
			name: "not before", person: "p-liaison", at: noon.Add(-4*time.Hour - 1),
			delegations: []Delegation{today("1", "p-chief1", "p-liaison")},
			want:        casework.Actor{PersonID: "p-liaison", Name: "沈燕", Posts: []casework.Post{{Role: casework.Liaison, Unit: "g-1"}}},
		},
		{
			name: "and its end no longer counts", person: "p-liaison", at: noon.Add(4 * time.Hour),
			delegations: []Delegation{today("1", "p-chief1", "p-liaison")},
			want:        casework.Actor{PersonID: "p-liaison", Name: "沈燕", Posts: []casework.Post{{Role: casework.Liaison, Unit: "g-1"}}},
		},
		{
			name: "nobody stands in for who left", person: "p-handler",
			delegations: []Delegation{today("1", "p-gone", "p-handler")},
			want:        casework.Actor{PersonID: "p-handler", Name: "吴勇", Posts: []casework.Post{{Role: casework.Handler, Unit: "d-zhifa"}}},
		},
		{
			name: "an administrator's post is not lent", person: "p-handler",
			delegations: []Delegation{today("1", "p-admin", "p-handler")},
			want:        casework.Actor{PersonID: "p-handler", Name: "吴勇", Posts: []casework.Post{{Role: casework.Handler, Unit: "d-zhifa"}}},
		},
		{
			name: "an administrator stands in for nobody", person: "p-admin",
			delegations: []Delegation{today("1", "p-head", "p-admin")},
			want:        casework.Actor{PersonID: "p-admin", Name: "杨帆", Posts: []casework.Post{{Role: casework.SystemAdmin}}},
		},
		{
			name: "a resident receives no official post", person: "p-resident",
			delegations: []Delegation{today("1", "p-head", "p-resident")},
			want:        casework.Actor{PersonID: "p-resident", Name: "吴勇", Posts: []casework.Post{{Role: casework.Resident}}, Requesters: []string{"r-wu"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := tt.at
			if at.IsZero() {
				at = noon
			}
			got, ok := with(t, tt.delegations...).Actor(tt.person, at)
			if ok == tt.nobody {
				t.Fatalf("Actor(%q) ok = %v", tt.person, ok)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(casework.Actor{})); diff != "" {
				t.Errorf("Actor(%q) (-want +got):\n%s", tt.person, diff)
			}
		})
	}
}

func TestActorIsTheCallersToChange(t *testing.T) {
	o := with(t)
	a, _ := o.Actor("p-head2", noon)
	a.Posts[0].Role, a.Requesters[0] = casework.Centre, "stolen"
	if b, _ := o.Actor("p-head2", noon); b.Posts[0].Role != casework.DepartmentHead || b.Requesters[0] != "r-zhou" {
		t.Errorf("a changed actor changed the snapshot: %+v", b)
	}
}

func TestRecipients(t *testing.T) {
	tests := []struct {
		name        string
		to          casework.Addressee
		delegations []Delegation
		want        []Recipient
	}{
		{name: "all who hold a post", to: "handler:d-zhifa", want: []Recipient{{PersonID: "p-handler"}, {PersonID: "p-handler2"}}},
		{name: "a post of the whole street", to: "centre", want: []Recipient{{PersonID: "p-centre1"}, {PersonID: "p-centre2"}}},
		{
			name: "and their delegates", to: "department_head:d-zhifa", delegations: []Delegation{today("1", "p-head", "p-liaison")},
			want: []Recipient{{PersonID: "p-head"}, {PersonID: "p-liaison", For: "p-head"}},
		},
		{
			name: "a holder who also stands in for another is told once, as holder", to: "handler:d-zhifa",
			delegations: []Delegation{today("1", "p-handler", "p-handler2")},
			want:        []Recipient{{PersonID: "p-handler"}, {PersonID: "p-handler2"}},
		},
		{
			name: "delegates of delegates are not told", to: "department_head:d-zhifa",
			delegations: []Delegation{today("1", "p-head", "p-liaison"), today("2", "p-liaison", "p-chief1")},
			want:        []Recipient{{PersonID: "p-head"}, {PersonID: "p-liaison", For: "p-head"}},
		},
		{name: "the deputy leader by the department", to: "deputy_leader:d-zhifa", want: []Recipient{{PersonID: "p-deputy"}}},
		{name: "the deputy leader for a vacant head", to: "department_head:d-ping", want: []Recipient{{PersonID: "p-deputy", Vacant: true}}},
		{name: "the centre for a head without deputy leader", to: "department_head:d-minzheng", want: []Recipient{{PersonID: "p-centre1", Vacant: true}, {PersonID: "p-centre2", Vacant: true}}},
		{name: "the centre for a liaison who left", to: "liaison:g-2", want: []Recipient{{PersonID: "p-centre1", Vacant: true}, {PersonID: "p-centre2", Vacant: true}}},
		{
			name: "the delegate of who steps in", to: "department_head:d-ping", delegations: []Delegation{today("1", "p-deputy", "p-head")},
			want: []Recipient{{PersonID: "p-deputy", Vacant: true}, {PersonID: "p-head", For: "p-deputy", Vacant: true}},
		},
		{name: "the centre hears of posts nobody steps into", to: "supervisor", want: []Recipient{{PersonID: "p-centre1", Vacant: true}, {PersonID: "p-centre2", Vacant: true}}},
		{name: "and of units that do not exist", to: "grid_chief:g-9", want: []Recipient{{PersonID: "p-centre1", Vacant: true}, {PersonID: "p-centre2", Vacant: true}}},
		{name: "an administrator", to: "system_admin", want: []Recipient{{PersonID: "p-admin"}}},
		{name: "nobody for a vacant administrator", to: "auditor"},
		{name: "a person", to: "person:p-handler", want: []Recipient{{PersonID: "p-handler"}}},
		{
			name: "a person and the delegate", to: "person:p-handler", delegations: []Delegation{today("1", "p-handler", "p-head")},
			want: []Recipient{{PersonID: "p-handler"}, {PersonID: "p-head", For: "p-handler"}},
		},
		{name: "the head for a handler who left", to: "person:p-gone", want: []Recipient{{PersonID: "p-head", Vacant: true}}},
		{name: "the centre for others who left", to: "person:p-gone2", want: []Recipient{{PersonID: "p-centre1", Vacant: true}, {PersonID: "p-centre2", Vacant: true}}},
		{name: "nobody for a resident who closed the account", to: "person:p-gone3"},
		{name: "the centre for an unknown person", to: "person:p-9", want: []Recipient{{PersonID: "p-centre1", Vacant: true}, {PersonID: "p-centre2", Vacant: true}}},
		{name: "requesters are not the organisation's", to: "requester:t-1"},
		{name: "residents are not told as a post", to: "resident"},
		{name: "no address", to: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, with(t, tt.delegations...).Recipients(tt.to, noon)); diff != "" {
				t.Errorf("Recipients(%q) (-want +got):\n%s", tt.to, diff)
			}
		})
	}
}

func TestNewTellsAllProblemsAtOnce(t *testing.T) {
	tests := []struct {
		name   string
		change func(d *[]Department, g *[]Grid, c *[]Community, p *[]Person, l *[]Delegation)
		want   []string // parts of the messages, in order
	}{
		{"unknown units", func(_ *[]Department, _ *[]Grid, c *[]Community, p *[]Person, _ *[]Delegation) {
			(*c)[0].GridID = "g-9"
			(*p)[3].Posts = []Post{{casework.Handler, "d-x"}, {casework.Liaison, "g-x"}, {casework.Community, "c-x"}, {casework.DepartmentHead, ""}, {casework.Centre, "d-zhifa"}, {"boss", ""}, {casework.System, ""}}
		}, []string{"网格“g-9”不存在", "部门“d-x”不存在", "网格“g-x”不存在", "村居“c-x”不存在", "没有写是哪个部门的", "面向全街道", "角色“boss”不对", "角色“system”不对"}},
		{"duplicate ids and names", func(d *[]Department, g *[]Grid, c *[]Community, p *[]Person, _ *[]Delegation) {
			*d = append(*d, Department{ID: "d-ping", Name: "平安办"}, Department{ID: "d-new", Name: "执 法 队"})
			*g = append(*g, Grid{ID: "g-1", Name: "第九网格"}, Grid{ID: "g-9", Name: "第二网格"})
			*c = append(*c, Community{ID: "c-new", Name: "新村", Aliases: []string{"韩谊ab苑"}})
			*p = append(*p, Person{ID: "p-head", Name: "甲"})
		}, []string{"部门编号“d-ping”重复", "有两个部门都叫“执 法 队”", "网格编号“g-1”重复", "都叫“第二网格”", "都叫“韩谊ab苑”", "人员编号“p-head”重复"}},
		{"ids and names malformed or missing", func(d *[]Department, g *[]Grid, _ *[]Community, p *[]Person, _ *[]Delegation) {
			*d = append(*d, Department{ID: "d:1", Name: "甲办", Kind: "office"}, Department{ID: strings.Repeat("d", 41), Name: "乙办"})
			*g = append(*g, Grid{Name: "第九网格"})
			*p = append(*p, Person{ID: "张三", Name: " "}, Person{ID: "p-long", Name: strings.Repeat("长", 61)})
		}, []string{"编号“d:1”不对", "类别“office”不对", "最多 40 个字符", "没有编号", "编号“张三”不对", "没有名称", "名称太长"}},
		{"administrators hold nothing else", func(_ *[]Department, _ *[]Grid, _ *[]Community, p *[]Person, _ *[]Delegation) {
			*p = append(*p,
				Person{ID: "p-a", Name: "甲", Posts: []Post{{Role: casework.SystemAdmin}, {Role: casework.Auditor}}},
				Person{ID: "p-b", Name: "乙", Posts: []Post{{Role: casework.Centre}, {Role: casework.SecurityAdmin}}},
				Person{ID: "p-c", Name: "丙", Posts: []Post{{Role: casework.Resident}, {Role: casework.Auditor}}})
		}, []string{"“甲”是系统管理员", "“乙”是安全管理员", "“丙”是审计员"}},
		{"deputy leaders", func(d *[]Department, _ *[]Grid, _ *[]Community, p *[]Person, _ *[]Delegation) {
			(*d)[0].DeputyLeader = "p-nobody"
			(*d)[1].DeputyLeader = "p-admin"
			(*p)[3].Posts = append((*p)[3].Posts, Post{casework.DeputyLeader, "d-ping"})
		}, []string{"“p-nobody”不在人员名单里", "“杨帆”是管理员", "有 2 位分管领导（赵军、孙丽）"}},
		{"delegations", func(_ *[]Department, _ *[]Grid, _ *[]Community, _ *[]Person, l *[]Delegation) {
			*l = []Delegation{
				today("1", "p-head", "p-nobody"), today("1", "p-head", "p-head"), today("", "p-head", "p-handler"),
				{ID: "2", From: "p-head", To: "p-handler"},
				{ID: "3", From: "p-head", To: "p-handler", StartAt: noon, EndAt: noon},
			}
		}, []string{"人员“p-nobody”不存在", "编号“1”重复", "不能是本人", "编号“”不对", "要写起止时间", "要晚于开始时间"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, g, c, p, l := street()
			tt.change(&d, &g, &c, &p, &l)
			_, err := New(d, g, c, p, l)
			if err == nil {
				t.Fatal("New accepted it")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("problem %d: %q lacks %q", i, lines[i], want)
				}
			}
		})
	}
}

func TestNewKeepsNothingGivenAndAcceptsNothing(t *testing.T) {
	must(t, nil, nil, nil, nil, nil)
	d, g, c, p, l := street()
	o := must(t, d, g, c, p, l)
	d[0].Name, c[0].Aliases[0], p[0].Posts[0].Role = "改", "改", casework.Auditor
	if o.DepartmentName("d-zhifa") != "综合行政执法队" {
		t.Error("a changed department changed the snapshot")
	}
	if m, _ := o.Community("c-hanyi"); m.Aliases[0] != "韩谊居委" {
		t.Error("a changed alias changed the snapshot")
	}
	if m, _ := o.Person("p-centre1"); m.Posts[0].Role != casework.Centre {
		t.Error("a changed post changed the snapshot")
	}
}

func TestFindPerson(t *testing.T) {
	o := with(t)
	tests := []struct {
		name, key, want string
		code            apperr.Code
		says            string
	}{
		{name: "by id", key: "p-head", want: "p-head"},
		{name: "by name", key: " 孙　丽", want: "p-head"},
		{name: "by an id although names are shared", key: "p-resident", want: "p-resident"},
		{name: "a name two people bear", key: "吴勇", code: apperr.InvalidArgument, says: "有 2 位“吴勇”，请改用编号：p-handler（综合行政执法队承办人）、p-resident（诉求人）。"},
		{name: "who left", key: "冯涛", code: apperr.NotFound, says: "冯涛已离开"},
		{name: "nobody", key: "查无此人", code: apperr.NotFound, says: "没有人员“查无此人”"},
		{name: "nothing", key: "", code: apperr.NotFound, says: "没有人员"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := o.FindPerson(tt.key)
			if p.ID != tt.want || (err != nil) != (tt.want == "") {
				t.Fatalf("FindPerson(%q) = %v, %v", tt.key, p, err)
			}
			if err != nil && (apperr.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("error %v, want %s with %q", err, tt.code, tt.says)
			}
		})
	}
}

func TestLookUps(t *testing.T) {
	o := with(t)
	for name, want := range map[string]string{"综合行政执法队": "d-zhifa", "执法队": "d-zhifa", " 建管　办 ": "d-jianguan", "没有": "", "": ""} {
		if d, ok := o.DepartmentByName(name); d.ID != want || ok != (want != "") {
			t.Errorf("DepartmentByName(%q) = %q, %v", name, d.ID, ok)
		}
	}
	for name, want := range map[string]string{"韩谊居委": "c-hanyi", "韩谊AB苑": "c-hanyi", "肖 塘 村": "c-xiaotang", "没有": ""} {
		if c, ok := o.CommunityByName(name); c.ID != want || ok != (want != "") {
			t.Errorf("CommunityByName(%q) = %q, %v", name, c.ID, ok)
		}
	}
	if g, ok := o.GridOfCommunity("c-hanyi"); !ok || g.ID != "g-1" {
		t.Errorf("GridOfCommunity(c-hanyi) = %v, %v", g, ok)
	}
	for _, id := range []string{"c-xiaotang", "c-9"} {
		if g, ok := o.GridOfCommunity(id); ok {
			t.Errorf("GridOfCommunity(%s) = %v", id, g)
		}
	}
	names := []string{o.DepartmentName("d-ping"), o.GridName("g-1"), o.CommunityName("c-hanyi"), o.PersonName("p-gone"), o.DepartmentName("d-9"), o.GridName(""), o.CommunityName("c-9"), o.PersonName("p-9")}
	if diff := cmp.Diff([]string{"平安办公室", "第一网格", "韩谊居民区", "冯涛", "d-9", "", "c-9", "p-9"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	var team []string
	for _, p := range o.PeopleOf("d-zhifa") {
		team = append(team, p.ID)
	}
	if diff := cmp.Diff([]string{"p-head", "p-handler", "p-handler2"}, team); diff != "" {
		t.Errorf("PeopleOf (-want +got):\n%s", diff)
	}
	if _, ok := o.Department("d-zhifa"); !ok {
		t.Error("no department d-zhifa")
	}
	if _, ok := o.Grid("g-2"); !ok {
		t.Error("no grid g-2")
	}
}

func TestListsComeInTheOrderOfIDs(t *testing.T) {
	d, g, c, p, l := street()
	slices.Reverse(d)
	slices.Reverse(g)
	slices.Reverse(c)
	slices.Reverse(p)
	a, b := with(t), must(t, d, g, c, p, l)
	if diff := cmp.Diff(a.Departments(), b.Departments()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.Grids(), b.Grids()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.Communities(), b.Communities()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.People(), b.People()); diff != "" {
		t.Error(diff)
	}
	if !slices.IsSortedFunc(a.People(), func(x, y Person) int { return strings.Compare(x.ID, y.ID) }) {
		t.Error("people are not sorted")
	}
}

func TestDescribePost(t *testing.T) {
	o := with(t)
	tests := map[Post]string{
		{casework.DepartmentHead, "d-zhifa"}:  "综合行政执法队负责人",
		{casework.Handler, "d-zhifa"}:         "综合行政执法队承办人",
		{casework.DeputyLeader, "d-jianguan"}: "建设管理办公室分管领导",
		{casework.GridChief, "g-2"}:           "第二网格网格长",
		{casework.Liaison, "g-1"}:             "第一网格联络员",
		{casework.PartySecretary, "g-1"}:      "第一网格党组织书记",
		{casework.Community, "c-hanyi"}:       "韩谊居民区工作人员",
		{Role: casework.PrincipalLeader}:      "主要领导",
		{Role: casework.LeadingGroup}:         "领导小组成员",
		{Role: casework.Centre}:               "城运中心",
		{Role: casework.Supervisor}:           "党政办（督查）",
		{Role: casework.Resident}:             "诉求人",
		{casework.Handler, "d-9"}:             "d-9承办人",
		{Role: "boss"}:                        "boss",
	}
	for p, want := range tests {
		if got := o.DescribePost(p); got != want {
			t.Errorf("DescribePost(%v) = %q, want %q", p, got, want)
		}
	}
	for person, want := range map[string]string{
		"p-handler2": "综合行政执法队承办人，平安办公室承办人",
		"p-deputy":   "平安办公室分管领导，综合行政执法队分管领导",
		"p-centre1":  "城运中心",
		"p-gone":     "无岗位",
		"p-9":        "无岗位",
	} {
		if got := o.DescribePosts(person); got != want {
			t.Errorf("DescribePosts(%s) = %q, want %q", person, got, want)
		}
	}
	for _, r := range casework.Roles {
		if o.DescribePost(Post{Role: r}) == "" {
			t.Errorf("role %s has no description", r)
		}
	}
}

func TestCheckDelegation(t *testing.T) {
	o := with(t)
	tests := []struct {
		name   string
		d      Delegation
		reason string
	}{
		{"between colleagues", today("", "p-head", "p-handler"), ""},
		{"to oneself", today("", "p-head", "p-head"), "delegation.bad_period"},
		{"without an end", Delegation{From: "p-head", To: "p-handler", StartAt: noon}, "delegation.bad_period"},
		{"to nobody", today("", "p-head", "p-9"), "person.not_found"},
		{"to one who left", today("", "p-head", "p-gone"), "delegation.left"},
		{"from an administrator", today("", "p-admin", "p-head"), "delegation.administrator"},
		{"to a resident", today("", "p-head", "p-resident"), "delegation.no_post"},
		{"from a deputy leader named by the department alone", today("", "p-deputy", "p-head"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := o.CheckDelegation(tt.d); apperr.ReasonOf(err) != tt.reason {
				t.Errorf("CheckDelegation = %v, want reason %q", err, tt.reason)
			}
		})
	}
}

func TestPhonesStayOutOfLogs(t *testing.T) {
	p := Person{ID: "p-1", Name: "王敏", Phone: "13800000001"}
	var b strings.Builder
	log := slog.New(slog.NewTextHandler(&b, nil))
	log.Info("x", "person", p)
	b.WriteString(fmt.Sprintf("%v %+v %#v %s %v", p, p, p, p, []Person{p}))
	if strings.Contains(b.String(), p.Phone) {
		t.Errorf("the phone shows: %s", b.String())
	}
}

func BenchmarkActor(b *testing.B) {
	o := with(b, today("1", "p-deputy", "p-centre1"))
	for b.Loop() {
		o.Actor("p-centre1", noon)
	}
}

func BenchmarkRecipients(b *testing.B) {
	o := with(b, today("1", "p-deputy", "p-centre1"))
	for b.Loop() {
		o.Recipients("department_head:d-ping", noon)
	}
}

// BenchmarkNew is what a change of one row costs in a street with 20,000 accounts.
func BenchmarkNew(b *testing.B) {
	d, g, c, p, l := street()
	for i := range 20_000 {
		p = append(p, Person{ID: fmt.Sprintf("r-%05d", i), Name: fmt.Sprintf("居民%d", i), Posts: []Post{{Role: casework.Resident}}})
	}
	for b.Loop() {
		must(b, d, g, c, p, l)
	}
}
