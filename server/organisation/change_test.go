package organisation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"xiaopu/server/casework"
)

// same compares what two organisations are made of; the order of somebody's posts says nothing.
func same(a, b *Organisation) string {
	return cmp.Diff(a.Street(), b.Street(), cmpopts.EquateEmpty(), cmpopts.SortSlices(func(a, b Post) bool { return string(a.Role)+a.Unit < string(b.Role)+b.Unit }),
		cmp.Transformer("set", func(p Person) Person { p.Posts = sortedPosts(p.Posts); return p }))
}

// Applying what differs from a to b to a gives b, and then nothing differs.
func TestApplyingAComparisonGivesTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawStreet(t), drawStreet(t)
		changes := Compare(a, b)
		got, err := Apply(a, changes)
		if err != nil {
			t.Fatal(err)
		}
		if d := same(b, got); d != "" {
			t.Fatalf("-want +got:\n%s", d)
		}
		if again := Compare(b, got); len(again) != 0 {
			t.Fatalf("still differs: %+v", again)
		}
		for _, c := range changes {
			before, after := a.Holds(c.ID), b.Holds(c.ID)
			if c.Kind == PersonEntry && !c.Posts && !slices.Equal(before, after) && !touched(changes) {
				t.Fatalf("%s: holds %v, then %v, and no post is touched: %+v", c.ID, before, after, c)
			}
		}
	})
}

// touched reports whether a deputy leader changed, who holds a post by the department's entry.
func touched(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Kind == DepartmentEntry })
}

// Laying an organisation over itself changes nothing, whole or not; so does laying part of it.
func TestRevisingWithWhatIsKnownChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawStreet(t)
		s := o.Street()
		if len(o.holders[Post{Role: casework.Centre}]) == 0 {
			return
		}
		whole := rapid.Bool().Draw(t, "whole")
		if !whole && len(s.People) > 1 {
			s.People = s.People[:rapid.IntRange(0, len(s.People)).Draw(t, "people")]
		}
		after, err := Revise(o, s, whole)
		if err != nil {
			t.Fatal(err)
		}
		if d := same(o, after); d != "" {
			t.Fatal(d)
		}
	})
}

func known(t *testing.T) *Organisation {
	t.Helper()
	o, err := New(street())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func change(t *testing.T, o *Organisation, file Street, whole bool) []Change {
	t.Helper()
	after, err := Revise(o, file, whole)
	if err != nil {
		t.Fatal(err)
	}
	return Compare(o, after)
}

func TestAFileSaysOnlyWhatItNames(t *testing.T) {
	o := known(t)
	changes := change(t, o, Street{
		Departments: []Department{{Name: "执法队", DeputyLeader: None}, {Name: "市容所"}},
		People: []Person{
			{Name: "吴勇", Phone: "13912345678", Posts: []Post{{casework.DepartmentHead, "市容所"}}},
			{Name: "孙丽"}, {Name: "新人", Posts: []Post{{casework.Handler, "建管办"}}},
		},
	}, false)
	var got []string
	for _, c := range changes {
		line := fmt.Sprint(c.Kind, " ", c.What, " ", c.Name, " ", c.Posts)
		for _, f := range c.Fields {
			line += fmt.Sprintf(" %s:%s→%s", f.Label, f.Before, f.After)
		}
		got = append(got, line)
	}
	slices.Sort(got)
	want := []string{
		"department added 市容所 false 名称:→市容所",
		"department changed 执法队 true 名称:综合行政执法队→执法队 分管领导:赵军（p-deputy）→",
		"person added 新人 true 姓名:→新人 岗位:→建设管理办公室承办人",
		"person changed 吴勇 true 手机号:→139****5678 岗位:综合行政执法队承办人→市容所负责人",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAWholeFileLetsGoOfWhatItDoesNotName(t *testing.T) {
	o := known(t)
	s := o.Street()
	s.People = slices.DeleteFunc(s.People, func(p Person) bool { return p.ID == "p-handler" })
	s.Departments, s.Grids, s.Communities, s.Delegations = nil, nil, nil, nil
	changes := change(t, o, s, true)
	if len(changes) != 1 || changes[0].ID != "p-handler" || changes[0].What != Left || !changes[0].Posts {
		t.Errorf("%+v", changes)
	}
	s.Departments = []Department{{ID: "d-zhifa"}}
	if _, err := Revise(o, s, true); err == nil || !strings.Contains(err.Error(), "已撤销") {
		t.Errorf("a department closed under its people: %v", err)
	}
}

// Who left stays so until a file says expressly that they are back; then it shows what they may do again.
func TestWhoLeftComesBackOnlyWhenTheFileSaysSo(t *testing.T) {
	o, err := Revise(known(t), Street{
		Departments: []Department{{Name: "民政办公室", DeputyLeader: "新人"}}, Grids: []Grid{{Name: "第九网格", Closed: true}},
		People: []Person{{ID: "p-handler", Left: true}, {Name: "新人"}},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	if o, err = Revise(o, Street{People: []Person{{Name: "新人", Left: true}}}, false); err != nil {
		t.Fatal(err)
	}
	named := Street{Grids: []Grid{{Name: "第九网格"}}, People: []Person{{Name: "吴勇", Phone: "13912345678", Posts: []Post{{Role: casework.Centre}}}, {Name: "新人"}}}
	for _, whole := range []bool{false, true} {
		file := named
		if whole {
			file.People = append(slices.Clone(file.People), o.Street().People...)
			file.People = slices.DeleteFunc(file.People, func(p Person) bool { return p.Left })
			file.Grids = append(slices.Clone(file.Grids), known(t).Grids()...)
		}
		if c := change(t, o, file, whole); len(c) != 0 {
			t.Errorf("whole %v: %+v", whole, c)
		}
		if notes := Passed(o, file); len(notes) != 3 || !strings.Contains(notes[0], "第九网格") || !strings.Contains(notes[1], "“吴勇”已离岗") {
			t.Error(notes)
		}
	}
	named.Grids[0].Returned, named.People[0].Returned, named.People[1].Returned = true, true, true
	back := change(t, o, named, false)
	got := map[string]string{}
	for _, c := range back {
		got[c.Name] = fmt.Sprint(c.What, " ", c.Posts)
		for _, f := range c.Fields {
			got[c.Name] += fmt.Sprintf(" %s:%s→%s", f.Label, f.Before, f.After)
		}
	}
	want := map[string]string{"第九网格": "returned false", "吴勇": "returned true 手机号:→139****5678 岗位:→城运中心", "新人": "returned true 岗位:→民政办公室分管领导"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if notes := Passed(o, named); len(notes) != 0 {
		t.Error(notes)
	}
	for _, c := range back {
		if p, ok := c.Entry().(Person); ok && p.Returned {
			t.Error("what a file says of returning is no state")
		}
	}
}

// What can be told of a file at once is told at once, and nothing that only follows from something else.
func TestAllThatIsWrongWithAFileIsToldAtOnce(t *testing.T) {
	o := known(t)
	_, err := Revise(o, Street{
		Departments: []Department{{Name: "民政办公室", DeputyLeader: "马敏"}, {Name: "市容所", Kind: "大队"}, {Name: "市容所", Kind: "所"}},
		People: []Person{
			{ID: "p-a", Name: "马敏"}, {ID: "p-b", Name: "马敏", Phone: "13912345678"}, {Name: "新人", Phone: "13912345678"},
			{Name: "赵新", Posts: []Post{{casework.Handler, "市容所"}}}, {Name: "钱新", Posts: []Post{{casework.Handler, "没有的"}}},
		},
	}, false)
	want := []string{
		"部门“市容所”写了两次；是同一个请合并，不是请分别写上编号", "有 2 位“马敏”，请改写编号：p-a、p-b", "部门“市容所”的类别“大队”不对，请写科室、中心、执法队或所",
		"人员“钱新”的承办人岗位写的部门“没有的”不存在，请核对名称，或先列出这个部门", "人员“新人”与“马敏”的手机号相同，请核对",
	}
	if d := cmp.Diff(want, strings.Split(err.Error(), "\n")); d != "" {
		t.Error(d)
	}
}

func TestWhatIsWrittenOfPostsAreTheTemplatesWords(t *testing.T) {
	var words []string
	for _, r := range []casework.Role{casework.Handler, casework.DepartmentHead, casework.DeputyLeader, casework.GridChief, casework.Liaison, casework.PartySecretary, casework.Community, casework.Supervisor, casework.LeadingGroup, casework.Coordinator} {
		words = append(words, WritePosts([]Post{{r, "u"}}, func(EntryKind, string) string { return "某" }))
	}
	if d := cmp.Diff([]string{"某 承办人", "某 负责人", "某 分管领导", "某 网格长", "某 联络员", "某 党组织书记", "某 工作人员", "党政办", "领导小组", "协调专员"}, words); d != "" {
		t.Error(d)
	}
	for _, r := range casework.Roles {
		if writtenWords[r] == "" && r != casework.System {
			t.Errorf("%s has no word", r)
		}
	}
}

func TestAPostOfAnotherKindOfUnitIsExplained(t *testing.T) {
	o := known(t)
	_, err := ParsePosts("第九网格 负责人", "", UnitsOf(o, Street{Grids: []Grid{{ID: "g-9", Name: "第九网格"}}}))
	if want := "岗位“第九网格 负责人”不对：“第九网格”是综合网格，没有“负责人”这个岗位；综合网格的岗位写网格长、联络员或党组织书记"; err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestReviseRefuses(t *testing.T) {
	o := known(t)
	for name, c := range map[string]struct {
		file Street
		want string
	}{
		"two of one name in the file":   {Street{People: []Person{{Name: "新人"}, {Name: "新人"}}}, "人员“新人”写了两次"},
		"two of one name among us":      {Street{People: []Person{{ID: "p-new", Name: "王敏"}, {ID: "p-new2", Name: "王敏"}}, Departments: []Department{{ID: "d-ping", DeputyLeader: "王敏"}}}, "位“王敏”"},
		"the centre left empty":         {Street{People: []Person{{ID: "p-centre1", Left: true}, {ID: "p-centre2", Left: true}}}, "没有城运中心人员"},
		"a phone that is somebody's":    {Street{People: []Person{{ID: "p-head", Phone: "13800000001"}}}, "手机号相同"},
		"a unit that nobody has":        {Street{People: []Person{{ID: "p-head", Posts: []Post{{casework.DepartmentHead, "不存在"}}}}}, "不存在"},
		"a delegation with who is gone": {Street{People: []Person{{ID: "p-head", Left: true}}, Delegations: []Delegation{{From: "p-head", To: "p-handler", StartAt: noon, EndAt: noon.Add(time.Hour)}}}, "已离开"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Revise(o, c.file, false)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestVacanciesAndWhoStepsIn(t *testing.T) {
	o := known(t)
	for _, v := range o.Vacancies() {
		if len(o.holders[v.Post]) > 0 {
			t.Errorf("%s is held", o.DescribePost(v.Post))
		}
		if v.Post.Role == casework.DepartmentHead && v.Post.Unit == "d-ping" && !slices.Equal(v.StepIn, []string{"p-deputy"}) {
			t.Errorf("%v", v)
		}
	}
	after, err := Revise(o, Street{Departments: []Department{{ID: "d-ping", Closed: true}}, People: []Person{{ID: "p-handler2", Posts: []Post{{casework.Handler, "d-zhifa"}}}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(after.Vacancies(), func(v Vacancy) bool { return v.Post.Unit == "d-ping" }) {
		t.Error("a closed department has vacancies")
	}
}

func FuzzParsePosts(f *testing.F) {
	o, err := New([]Department{{ID: "d-1", Name: "执法队"}}, []Grid{{ID: "g-1", Name: "第一网格"}}, []Community{{ID: "c-1", Name: "韩谊居民区"}}, nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	units := UnitsOf(o, Street{})
	for _, s := range []string{"执法队 负责人；第一网格长", "城运中心、党政办", "无", "韩谊居民区", "handler", "执法队工作人员"} {
		f.Add(s, "执法队")
	}
	f.Fuzz(func(t *testing.T, text, unit string) {
		posts, err := ParsePosts(text, unit, units)
		if err != nil {
			if !strings.ContainsFunc(err.Error(), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("not in Chinese: %v", err)
			}
			return
		}
		posts = slices.DeleteFunc(posts, func(p Post) bool { return p.Role == None })
		if _, err := New([]Department{{ID: "d-1", Name: "执法队"}}, []Grid{{ID: "g-1", Name: "第一网格"}}, []Community{{ID: "c-1", Name: "韩谊居民区"}},
			[]Person{{ID: "p", Name: "p", Posts: slices.DeleteFunc(slices.Clone(posts), func(p Post) bool { return administrator(p.Role) })}}, nil); err != nil {
			t.Fatalf("%q: %v: %v", text, posts, err)
		}
		name := func(_ EntryKind, id string) string { return id }
		again, err := ParsePosts(WritePosts(posts, name), "", units)
		if err != nil || !slices.Equal(posts, again) {
			t.Fatalf("%v written and read again: %v %v", posts, again, err)
		}
	})
}

// Whose phone a resident's account bears decides what they see: that is not the system administrator's alone.
func TestAResidentsPhoneIsAsGoodAsAPost(t *testing.T) {
	o := known(t)
	if c := change(t, o, Street{People: []Person{{ID: "p-head2", Phone: "13911112222"}}}, false); len(c) != 1 || !c[0].Posts {
		t.Errorf("%+v", c)
	}
	if c := change(t, o, Street{People: []Person{{ID: "p-handler", Phone: "13911112222"}}}, false); len(c) != 1 || c[0].Posts {
		t.Errorf("%+v", c)
	}
}
