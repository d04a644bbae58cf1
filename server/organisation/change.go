package organisation

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// Change is one entry that differs between two organisations.
type Change struct {
	Kind   EntryKind     `json:"kind" enum:"department,grid,community,person,delegation"`
	ID     string        `json:"id"`
	Name   string        `json:"name"`
	What   What          `json:"what" enum:"added,changed,left,returned,removed"`
	Fields []FieldChange `json:"fields,omitempty"`
	// Posts is set when the change gives or takes away what somebody may do: a post, a deputy leader, a delegation.
	Posts bool `json:"posts"`

	entry any // as it is after; nil when removed
}

// Entry is the row after the change: a Department, Grid, Community, Person or Delegation; nil when it is removed.
func (c Change) Entry() any { return c.entry }

// EntryKind is the kind of an entry.
type EntryKind string

// The kinds of entries, also the names of the rows they are stored in.
const (
	DepartmentEntry EntryKind = "department"
	GridEntry       EntryKind = "grid"
	CommunityEntry  EntryKind = "community"
	PersonEntry     EntryKind = "person"
	DelegationEntry EntryKind = "delegation"
)

// Label is the kind in Chinese.
func (k EntryKind) Label() string {
	return map[EntryKind]string{DepartmentEntry: "部门", GridEntry: "综合网格", CommunityEntry: "村居", PersonEntry: "人员", DelegationEntry: "AB角"}[k]
}

// What is how an entry differs.
type What string

// How an entry differs. Left is a person's leaving, a unit's closing, a delegation's early end; Returned the way back.
const (
	Added    What = "added"
	Changed  What = "changed"
	Left     What = "left"
	Returned What = "returned"
	Removed  What = "removed"
)

// Label is the difference in Chinese, for an entry of kind k.
func (w What) Label(k EntryKind) string {
	switch w {
	case Added:
		return "新增"
	case Changed:
		return "变更"
	case Removed:
		return "删除"
	case Returned:
		return "恢复"
	}
	switch k {
	case PersonEntry:
		return "离岗"
	case DelegationEntry:
		return "提前结束"
	}
	return "撤销"
}

// FieldChange is one field before and after, as a person reads it. Phones are masked.
type FieldChange struct {
	Name   string `json:"name"`
	Label  string `json:"label"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Compare lists what differs from before to after: units, then people, then delegations, each in the order of their ids.
// The order in which somebody's posts are listed is no difference.
func Compare(before, after *Organisation) []Change {
	c := comparison{before: before, after: after}
	compareList(&c, DepartmentEntry, before.departments, after.departments, func(d Department) string { return d.Name }, func(d Department) bool { return d.Closed }, c.department)
	compareList(&c, GridEntry, before.grids, after.grids, func(g Grid) string { return g.Name }, func(g Grid) bool { return g.Closed }, c.grid)
	compareList(&c, CommunityEntry, before.communities, after.communities, func(m Community) string { return m.Name }, func(m Community) bool { return m.Closed }, c.community)
	compareList(&c, PersonEntry, before.people, after.people, func(p Person) string { return p.Name }, func(p Person) bool { return p.Left }, c.person)
	compareList(&c, DelegationEntry, before.delegations, after.delegations, func(d Delegation) string {
		return after.PersonName(d.To) + "代" + after.PersonName(d.From)
	}, func(d Delegation) bool { return !d.EndedAt.IsZero() }, c.delegation)
	return c.changes
}

// Apply gives the organisation that changes make of before: of those that Compare found, what it compared with.
func Apply(before *Organisation, changes []Change) (*Organisation, error) {
	s := before.Street()
	for _, c := range changes {
		switch c.Kind {
		case DepartmentEntry:
			s.Departments = applied(s.Departments, c, func(d Department) string { return d.ID })
		case GridEntry:
			s.Grids = applied(s.Grids, c, func(g Grid) string { return g.ID })
		case CommunityEntry:
			s.Communities = applied(s.Communities, c, func(m Community) string { return m.ID })
		case PersonEntry:
			s.People = applied(s.People, c, func(p Person) string { return p.ID })
		case DelegationEntry:
			s.Delegations = applied(s.Delegations, c, func(d Delegation) string { return d.ID })
		}
	}
	return s.Snapshot()
}

func applied[T any](list []T, c Change, id func(T) string) []T {
	i := slices.IndexFunc(list, func(x T) bool { return id(x) == c.ID })
	entry, there := c.entry.(T)
	switch {
	case !there && i >= 0:
		return slices.Delete(list, i, i+1)
	case there && i >= 0:
		list[i] = entry
	case there:
		list = append(list, entry)
	}
	return list
}

type comparison struct {
	before, after *Organisation
	changes       []Change
	fields        []FieldChange
	posts         bool
}

func (c *comparison) field(name, label, before, after string) {
	if before != after {
		c.fields = append(c.fields, FieldChange{name, label, before, after})
	}
}

func compareList[T any](c *comparison, kind EntryKind, before, after list[T], name func(T) string, gone func(T) bool, fields func(a, b T)) {
	one := func(id string) {
		a, had := before.get(id)
		b, has := after.get(id)
		c.fields, c.posts = nil, false
		fields(a, b)
		x := Change{Kind: kind, ID: id, Name: name(b), Fields: c.fields, Posts: c.posts, entry: b}
		switch {
		case !has:
			x.What, x.Name, x.entry = Removed, name(a), nil
		case !had:
			x.What = Added
		case gone(b) && !gone(a):
			x.What = Left
		case gone(a) && !gone(b):
			x.What = Returned
		case len(c.fields) > 0:
			x.What = Changed
		default:
			return
		}
		c.changes = append(c.changes, x)
	}
	// Both lists are in the order of their ids.
	ids := make([]string, 0, len(after.items))
	for id := range before.at {
		ids = append(ids, id)
	}
	for id := range after.at {
		if !before.has(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		one(id)
	}
}

func (c *comparison) department(a, b Department) {
	c.field("name", "名称", a.Name, b.Name)
	c.field("short_name", "简称", a.ShortName, b.ShortName)
	c.field("kind", "类别", KindLabel(a.Kind), KindLabel(b.Kind))
	if a.DeputyLeader != b.DeputyLeader {
		c.posts = true
		c.field("deputy_leader", "分管领导", c.before.described(a.DeputyLeader), c.after.described(b.DeputyLeader))
	}
}

func (c *comparison) grid(a, b Grid) { c.field("name", "名称", a.Name, b.Name) }

func (c *comparison) community(a, b Community) {
	c.field("name", "名称", a.Name, b.Name)
	c.field("grid_id", "所属网格", c.before.GridName(a.GridID), c.after.GridName(b.GridID))
	c.field("kind", "类别", KindLabel(a.Kind), KindLabel(b.Kind))
	c.field("aliases", "别名", strings.Join(a.Aliases, "、"), strings.Join(b.Aliases, "、"))
}

func (c *comparison) person(a, b Person) {
	c.field("name", "姓名", a.Name, b.Name)
	if a.Phone != b.Phone {
		c.fields = append(c.fields, FieldChange{"phone", "手机号", ticket.MaskPhone(a.Phone), ticket.MaskPhone(b.Phone)})
	}
	if !slices.Equal(a.Requesters, b.Requesters) {
		c.fields = append(c.fields, FieldChange{"requesters", "绑定的手机", counted(len(a.Requesters)), counted(len(b.Requesters))})
	}
	ap, bp := sortedPosts(a.Posts), sortedPosts(b.Posts)
	returned := a.Left && !b.Left
	switch {
	case returned, a.ID == "": // what they get, a deputy leader's post by the department's entry included
		c.field("posts", "岗位", "", c.after.DescribePosts(b.ID))
	case !slices.Equal(ap, bp):
		c.field("posts", "岗位", c.before.describePosts(ap), c.after.describePosts(bp))
	}
	// A resident sees what was asked for from their phones.
	resident := func(p Person) bool {
		return slices.ContainsFunc(p.Posts, func(x Post) bool { return x.Role == casework.Resident })
	}
	sees := (resident(a) || resident(b)) && (a.Phone != b.Phone || !slices.Equal(a.Requesters, b.Requesters))
	c.posts = !slices.Equal(ap, bp) || returned || a.Left != b.Left && len(ap)+len(bp) > 0 || sees
}

func (c *comparison) delegation(a, b Delegation) {
	c.field("from", "本人", c.before.described(a.From), c.after.described(b.From))
	c.field("to", "代理人", c.before.described(a.To), c.after.described(b.To))
	c.field("start_at", "开始", shanghaiTime(a.StartAt), shanghaiTime(b.StartAt))
	c.field("end_at", "结束", shanghaiTime(a.EndAt), shanghaiTime(b.EndAt))
	c.field("ended_at", "提前结束", shanghaiTime(a.EndedAt), shanghaiTime(b.EndedAt))
	c.posts = len(c.fields) > 0
}

// described names a person with the id: names are not unique.
func (o *Organisation) described(person string) string {
	if p, ok := o.people.get(person); ok {
		return p.String()
	}
	return person
}

func (o *Organisation) describePosts(posts []Post) string {
	words := make([]string, len(posts))
	for i, p := range posts {
		words[i] = o.DescribePost(p)
	}
	return strings.Join(words, "，")
}

func sortedPosts(posts []Post) []Post {
	out := slices.Clone(posts)
	slices.SortFunc(out, func(a, b Post) int { return strings.Compare(string(a.Role)+" "+a.Unit, string(b.Role)+" "+b.Unit) })
	return slices.Compact(out)
}

func counted(n int) string { return strconv.Itoa(n) + " 个" }

func shanghaiTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(shanghai).Format("2006-01-02 15:04")
}

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// KindLabel is the kind of a department or community in Chinese.
func KindLabel(kind string) string {
	return map[string]string{
		KindSection: "科室", KindCentre: "中心", KindSquad: "执法队", KindStation: "所", KindResidential: "居民区", KindVillage: "村", KindPark: "园区",
	}[kind]
}

// Vacancy is a post that nobody holds.
type Vacancy struct {
	Post Post
	// StepIn are who acts from it meanwhile; nobody for a post that notices alone fall to the centre from.
	StepIn []string
}

// Vacancies lists the posts of open units and of the street that nobody holds, units in the order of their ids. A unit's
// handlers and a coordinator are no post that must be held.
func (o *Organisation) Vacancies() []Vacancy {
	var out []Vacancy
	ask := func(p Post) {
		if len(o.holders[p]) == 0 {
			out = append(out, Vacancy{Post: p, StepIn: slices.Clone(o.stepIn[p])})
		}
	}
	for _, d := range o.departments.items {
		if !d.Closed {
			ask(Post{casework.DeputyLeader, d.ID})
			ask(Post{casework.DepartmentHead, d.ID})
		}
	}
	for _, g := range o.grids.items {
		if !g.Closed {
			ask(Post{casework.GridChief, g.ID})
			ask(Post{casework.PartySecretary, g.ID})
			ask(Post{casework.Liaison, g.ID})
		}
	}
	for _, c := range o.communities.items {
		if !c.Closed {
			ask(Post{casework.Community, c.ID})
		}
	}
	for _, r := range []casework.Role{casework.Centre, casework.Supervisor, casework.PrincipalLeader, casework.SystemAdmin, casework.SecurityAdmin, casework.Auditor} {
		ask(Post{Role: r})
	}
	return out
}
