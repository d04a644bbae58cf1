package organisation

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// The kinds of a department: 科室, 中心, 执法队, 所.
const (
	KindSection = "section"
	KindCentre  = "centre"
	KindSquad   = "squad"
	KindStation = "station"
)

// The kinds of a community: 居民区, 村, 园区.
const (
	KindResidential = "residential"
	KindVillage     = "village"
	KindPark        = "park"
)

// Department is a 科室, 中心, 执法队 or 所 of the street office.
type Department struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	ShortName string `json:"short_name,omitempty"` // another name it is known by; may be empty
	Kind      string `json:"kind,omitempty"`       // one of KindSection to KindStation, or empty
	// DeputyLeader is the person id of its 业务分管领导; empty while the post is vacant, or when a Post says who it is.
	DeputyLeader string `json:"deputy_leader,omitempty"`
	// Closed is set when the department is no more (撤销). The row stays: the history names it.
	Closed bool `json:"closed,omitempty"`
	// Returned is set in a file alone: what was closed is there again. See Revise.
	Returned bool `json:"returned,omitempty"`
}

// Grid is a 综合网格.
type Grid struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Closed   bool   `json:"closed,omitempty"`   // like Department.Closed
	Returned bool   `json:"returned,omitempty"` // like Department.Returned
}

// Community is a village or residents' committee (村居), or a park of enterprises.
type Community struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	GridID  string   `json:"grid_id,omitempty"` // empty when it lies in no grid or in several: the centre then chooses
	Kind    string   `json:"kind,omitempty"`    // KindResidential, KindVillage, KindPark, or empty
	Aliases []string `json:"aliases,omitempty"` // other names that complaints use for it
	Closed  bool     `json:"closed,omitempty"`  // like Department.Closed

	Returned bool `json:"returned,omitempty"` // like Department.Returned
}

// Post is a role a person holds for a unit: the id of a department, grid or community, or "" for roles of the whole
// street.
type Post struct {
	Role casework.Role `json:"role"`
	Unit string        `json:"unit,omitempty"`
}

// Person is somebody with an account: staff or resident.
type Person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	Posts []Post `json:"posts,omitempty"`
	// Left is set when the person no longer works here or has closed the account. The row stays: the history names it.
	Left bool `json:"left,omitempty"`
	// Returned is set in a file alone: who had left works here again. See Revise.
	Returned bool `json:"returned,omitempty"`
	// Requesters are the requester keys of the phones bound to the account. They count only beside a resident post.
	Requesters []string `json:"requesters,omitempty" yaml:"-"`
}

// OnlyResident tells who lives or does business in the street from who works for the office.
func (p Person) OnlyResident() bool {
	return len(p.Posts) > 0 && !slices.ContainsFunc(p.Posts, func(x Post) bool { return x.Role != casework.Resident })
}

// String names the person without the phone, so that none ends up in a log.
func (p Person) String() string { return p.Name + "（" + p.ID + "）" }

// GoString is String: %#v shows no phone either.
func (p Person) GoString() string { return p.String() }

// LogValue is the id and the name.
func (p Person) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", p.ID), slog.String("name", p.Name))
}

// Delegation lets To stand in for From (AB角) from StartAt on, until but not including EndAt, or EndedAt when it was ended
// early.
type Delegation struct {
	ID      string    `json:"id"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	StartAt time.Time `json:"start_at"`
	EndAt   time.Time `json:"end_at"`
	EndedAt time.Time `json:"ended_at,omitzero" yaml:"-"`
}

// Over reports whether the delegation has no effect any more.
func (d Delegation) Over(at time.Time) bool {
	return !at.Before(d.EndAt) || !d.EndedAt.IsZero() && !at.Before(d.EndedAt)
}

func (d Delegation) runs(at time.Time) bool { return !at.Before(d.StartAt) && !d.Over(at) }

// Organisation is a snapshot of units, people, posts and delegations. Lists come in the order of their ids.
type Organisation struct {
	departments list[Department]
	grids       list[Grid]
	communities list[Community]
	people      list[Person]
	delegations list[Delegation]

	departmentByName map[string]int   // folded name or short name
	gridByName       map[string]int   // folded name
	communityByName  map[string]int   // folded name or alias
	peopleByName     map[string][]int // folded name

	holders map[Post][]string          // who holds it themselves; no residents, nobody who left
	stepIn  map[Post][]string          // who acts from it because nobody holds it
	posts   map[string][]casework.Post // what a person acts from without any delegation, own before vacant
	lent    map[string][]Delegation    // by giver, in the order of the receivers' ids
	held    map[string][]Delegation    // by receiver, in the order of the givers' ids
}

// list holds things in the order of their ids, and finds them.
type list[T any] struct {
	items []T
	at    map[string]int
}

func newList[T any](items []T, id func(T) string) list[T] {
	l := list[T]{items: slices.Clone(items), at: make(map[string]int, len(items))}
	slices.SortStableFunc(l.items, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	for i, x := range l.items {
		l.at[id(x)] = i
	}
	return l
}

func (l list[T]) get(id string) (T, bool) {
	i, ok := l.at[id]
	if !ok {
		var none T
		return none, false
	}
	return l.items[i], true
}

func (l list[T]) has(id string) bool {
	_, ok := l.at[id]
	return ok
}

// New makes a snapshot. It refuses ids and names that are missing, malformed or used twice, posts for units that do not
// exist, administrators with a second post, a department with two deputy leaders or an unknown one, and delegations
// without a period or between unknown people. The error joins one *Problem for each. Nothing given is kept.
//
// It does not ask that every post be held: an empty organisation is one before its first data.
func New(departments []Department, grids []Grid, communities []Community, people []Person, delegations []Delegation) (*Organisation, error) {
	communities, people = slices.Clone(communities), slices.Clone(people)
	for i := range communities {
		communities[i].Aliases = slices.Clone(communities[i].Aliases)
	}
	for i := range people {
		people[i].Posts, people[i].Requesters = slices.Clone(people[i].Posts), slices.Clone(people[i].Requesters)
	}
	o := &Organisation{
		departments: newList(departments, func(d Department) string { return d.ID }),
		grids:       newList(grids, func(g Grid) string { return g.ID }),
		communities: newList(communities, func(c Community) string { return c.ID }),
		people:      newList(people, func(p Person) string { return p.ID }),
		delegations: newList(delegations, func(d Delegation) string { return d.ID }),
	}
	check := checker{o: o}
	check.departments(departments)
	check.grids(grids)
	check.communities(communities)
	check.people(people)
	check.delegations(delegations)
	if err := errors.Join(check.problems...); err != nil {
		return nil, err
	}
	o.indexNames()
	o.fillPosts()
	o.fillDelegations(delegations)
	return o, nil
}

func (o *Organisation) indexNames() {
	o.departmentByName = make(map[string]int, 2*len(o.departments.items))
	// A name leads to what bears it now before what once did.
	note := func(byName map[string]int, name string, i int, closed bool) {
		key := ticket.Fold(name)
		if _, taken := byName[key]; key != "" && !(closed && taken) {
			byName[key] = i
		}
	}
	o.communityByName = make(map[string]int, 2*len(o.communities.items))
	o.gridByName = make(map[string]int, len(o.grids.items))
	for _, closed := range []bool{false, true} {
		for i, d := range o.departments.items {
			if d.Closed == closed {
				note(o.departmentByName, d.Name, i, closed)
				note(o.departmentByName, d.ShortName, i, closed)
			}
		}
		for i, g := range o.grids.items {
			if g.Closed == closed {
				note(o.gridByName, g.Name, i, closed)
			}
		}
		for i, c := range o.communities.items {
			if c.Closed == closed {
				for _, name := range append([]string{c.Name}, c.Aliases...) {
					note(o.communityByName, name, i, closed)
				}
			}
		}
	}
	o.peopleByName = make(map[string][]int, len(o.people.items))
	for i, p := range o.people.items {
		key := ticket.Fold(p.Name)
		o.peopleByName[key] = append(o.peopleByName[key], i)
	}
}

// fillPosts works out who holds each post and who steps in where nobody does.
func (o *Organisation) fillPosts() {
	o.holders = map[Post][]string{}
	o.posts = make(map[string][]casework.Post, len(o.people.items))
	hold := func(person string, p Post) {
		post := casework.Post{Role: p.Role, Unit: p.Unit}
		if slices.Contains(o.posts[person], post) {
			return
		}
		o.posts[person] = append(o.posts[person], post)
		if p.Role != casework.Resident { // nobody asks for all residents, and they are many
			o.holders[p] = append(o.holders[p], person)
		}
	}
	for _, p := range o.people.items {
		if p.Left {
			continue
		}
		for _, post := range p.Posts {
			hold(p.ID, post)
		}
	}
	for _, d := range o.departments.items {
		if p, ok := o.people.get(d.DeputyLeader); ok && !p.Left && !d.Closed {
			hold(p.ID, Post{casework.DeputyLeader, d.ID})
		}
	}

	o.stepIn = map[Post][]string{}
	centre := o.holders[Post{Role: casework.Centre}]
	fill := func(p Post, who []string) {
		if len(o.holders[p]) > 0 {
			return
		}
		o.stepIn[p] = who
		for _, id := range who {
			o.posts[id] = append(o.posts[id], casework.Post{Role: p.Role, Unit: p.Unit, Vacant: true})
		}
	}
	for _, d := range o.departments.items {
		deputy := Post{casework.DeputyLeader, d.ID}
		fill(deputy, centre)
		if leaders := o.holders[deputy]; len(leaders) > 0 {
			fill(Post{casework.DepartmentHead, d.ID}, leaders)
		} else {
			fill(Post{casework.DepartmentHead, d.ID}, centre)
		}
	}
	for _, g := range o.grids.items {
		fill(Post{casework.GridChief, g.ID}, centre)
		fill(Post{casework.Liaison, g.ID}, centre)
	}
}

// fillDelegations keeps the delegations that have an effect: history may hold some whose giver or receiver has since
// left or changed sides.
func (o *Organisation) fillDelegations(delegations []Delegation) {
	o.lent, o.held = map[string][]Delegation{}, map[string][]Delegation{}
	for _, d := range delegations {
		if o.lends(d.From) && o.lends(d.To) {
			o.lent[d.From] = append(o.lent[d.From], d)
			o.held[d.To] = append(o.held[d.To], d)
		}
	}
	for _, ds := range o.lent {
		slices.SortFunc(ds, func(a, b Delegation) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.ID, b.ID)) })
	}
	for _, ds := range o.held {
		slices.SortFunc(ds, func(a, b Delegation) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ID, b.ID)) })
	}
}

// lends reports whether the person has a post that a delegate could act from: they are at work, staff, and no
// administrator. Only such people stand in for each other.
func (o *Organisation) lends(person string) bool {
	return slices.ContainsFunc(o.posts[person], func(p casework.Post) bool { return lendable(p.Role) })
}

func lendable(r casework.Role) bool { return r != casework.Resident && !administrator(r) }

func administrator(r casework.Role) bool {
	return r == casework.SystemAdmin || r == casework.SecurityAdmin || r == casework.Auditor
}

// CheckDelegation judges a delegation about to be made: both must be at work, staff and no administrators, and the
// period must have a length. New is milder, because history holds people who have left since. The error is an
// *apperr.Error, invalid_argument or not_found.
func (o *Organisation) CheckDelegation(d Delegation) error {
	if err := checkPeriod(d); err != nil {
		return apperr.New(apperr.InvalidArgument, "delegation.bad_period", err.Error())
	}
	for _, id := range []string{d.From, d.To} {
		p, ok := o.people.get(id)
		switch {
		case !ok:
			return apperr.New(apperr.NotFound, "person.not_found", "没有人员“%s”，请核对编号或姓名。", shorten(id))
		case p.Left:
			return apperr.New(apperr.InvalidArgument, "delegation.left", "%s已离开，不能设为AB角，请另选一位。", p.Name)
		case slices.ContainsFunc(p.Posts, func(x Post) bool { return administrator(x.Role) }):
			return apperr.New(apperr.InvalidArgument, "delegation.administrator", "%s是管理员，管理员岗位不设AB角，请由同类管理员办理。", p.Name)
		case !o.lends(id):
			return apperr.New(apperr.InvalidArgument, "delegation.no_post", "%s没有工作岗位，不能设为AB角，请先授予岗位或另选一位。", p.Name)
		}
	}
	return nil
}

func checkPeriod(d Delegation) error {
	switch {
	case d.From == d.To:
		return errors.New("AB角不能是本人，请另选一位。")
	case d.StartAt.IsZero() || d.EndAt.IsZero():
		return errors.New("AB角要写起止时间，请补上。")
	case !d.StartAt.Before(d.EndAt):
		return errors.New("AB角的结束时间要晚于开始时间，请核对。")
	}
	return nil
}

// Department gives a department by id.
func (o *Organisation) Department(id string) (Department, bool) { return o.departments.get(id) }

// Grid gives a grid by id.
func (o *Organisation) Grid(id string) (Grid, bool) { return o.grids.get(id) }

// Community gives a community by id. Its Aliases must not be changed.
func (o *Organisation) Community(id string) (Community, bool) { return o.communities.get(id) }

// Person gives a person by id, also one who has left. Posts and Requesters must not be changed.
func (o *Organisation) Person(id string) (Person, bool) { return o.people.get(id) }

// Departments lists all departments.
func (o *Organisation) Departments() []Department { return slices.Clone(o.departments.items) }

// Grids lists all grids.
func (o *Organisation) Grids() []Grid { return slices.Clone(o.grids.items) }

// Communities lists all communities.
func (o *Organisation) Communities() []Community { return slices.Clone(o.communities.items) }

// People lists everybody, those who left included.
func (o *Organisation) People() []Person { return slices.Clone(o.people.items) }

// Delegations lists every delegation, those that are over included.
func (o *Organisation) Delegations() []Delegation { return slices.Clone(o.delegations.items) }

// Delegation gives a delegation by id.
func (o *Organisation) Delegation(id string) (Delegation, bool) { return o.delegations.get(id) }

// Holds lists where somebody works: casework.Post.Within of each post they hold themselves. It is empty for who left, and
// neither a resident's nor an administrator's post is among it.
func (o *Organisation) Holds(personID string) []casework.Addressee {
	var out []casework.Addressee
	for _, p := range o.posts[personID] {
		if w := p.Within(); !p.Vacant && lendable(p.Role) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// Staff lists who works for the office, or has left it, in the order of their ids behind the one given, and the id to go on
// behind when there are more; of one unit when unit is not empty. Residents are not among them.
func (o *Organisation) Staff(unit string, left bool, after string, limit int) (list []Person, next string) {
	begin, _ := slices.BinarySearchFunc(o.people.items, after, func(p Person, id string) int { return cmp.Compare(p.ID, id) })
	for _, p := range o.people.items[begin:] {
		inUnit := unit == "" || slices.ContainsFunc(p.Posts, func(x Post) bool { return x.Unit == unit }) || o.departments.has(unit) && slices.Contains(o.holders[Post{casework.DeputyLeader, unit}], p.ID)
		if p.ID == after || p.Left != left || p.OnlyResident() || !inUnit {
			continue
		}
		if len(list) == limit {
			return list, list[limit-1].ID
		}
		list = append(list, p)
	}
	return list, ""
}

// PeopleOf lists who works in a department now: its heads, then its handlers. Its deputy leader is not among them.
func (o *Organisation) PeopleOf(department string) []Person {
	var out []Person
	seen := map[string]bool{}
	for _, role := range []casework.Role{casework.DepartmentHead, casework.Handler} {
		for _, id := range o.holders[Post{role, department}] {
			if !seen[id] {
				seen[id] = true
				p, _ := o.people.get(id)
				out = append(out, p)
			}
		}
	}
	return out
}

// DepartmentByName finds a department by its name or short name, whatever the width, case and spaces.
func (o *Organisation) DepartmentByName(name string) (Department, bool) {
	i, ok := o.departmentByName[ticket.Fold(name)]
	if !ok {
		return Department{}, false
	}
	return o.departments.items[i], true
}

// GridByName finds a grid by its name, whatever the width, case and spaces.
func (o *Organisation) GridByName(name string) (Grid, bool) {
	i, ok := o.gridByName[ticket.Fold(name)]
	if !ok {
		return Grid{}, false
	}
	return o.grids.items[i], true
}

// CommunityByName finds a community by its name or an alias, whatever the width, case and spaces.
func (o *Organisation) CommunityByName(nameOrAlias string) (Community, bool) {
	i, ok := o.communityByName[ticket.Fold(nameOrAlias)]
	if !ok {
		return Community{}, false
	}
	return o.communities.items[i], true
}

// CommunityIn finds the one community whose name or an alias stands in a text; false for none, and for several.
func (o *Organisation) CommunityIn(text string) (in Community, found bool) {
	text = ticket.Fold(text)
	for _, c := range o.communities.items {
		names := append([]string{c.Name}, c.Aliases...)
		if c.Closed || !slices.ContainsFunc(names, func(n string) bool { n = ticket.Fold(n); return n != "" && strings.Contains(text, n) }) {
			continue
		}
		if found {
			return Community{}, false
		}
		in, found = c, true
	}
	return in, found
}

// GridOfCommunity gives the grid a community lies in; false for an unknown community and for one in no single grid.
func (o *Organisation) GridOfCommunity(communityID string) (Grid, bool) {
	c, ok := o.communities.get(communityID)
	if !ok || c.GridID == "" {
		return Grid{}, false
	}
	return o.grids.get(c.GridID)
}

// FindPerson finds somebody at work by id or by name, for a command line or a form. The error is an *apperr.Error:
// not_found when there is nobody or only somebody who left, invalid_argument when several bear the name; it then lists
// their ids and posts.
func (o *Organisation) FindPerson(nameOrID string) (Person, error) {
	key := strings.TrimSpace(nameOrID)
	matches := o.peopleByName[ticket.Fold(key)]
	if i, ok := o.people.at[key]; ok {
		matches = []int{i}
	}
	if len(matches) == 0 {
		return Person{}, apperr.New(apperr.NotFound, "person.not_found", "没有人员“%s”，请核对编号或姓名。", shorten(key))
	}
	var found []Person
	for _, i := range matches {
		if p := o.people.items[i]; !p.Left {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return Person{}, apperr.New(apperr.NotFound, "person.left", "%s已离开，请另选一位。", o.people.items[matches[0]].Name)
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, p := range found {
		names[i] = p.ID + "（" + o.DescribePosts(p.ID) + "）"
	}
	return Person{}, apperr.New(apperr.InvalidArgument, "person.ambiguous", "有 %d 位“%s”，请改用编号：%s。", len(found), shorten(key), strings.Join(names, "、"))
}

// DescribePosts says in Chinese which posts a person holds themselves, deputy leader of a department included, and 无岗位
// when there is none or they have left.
func (o *Organisation) DescribePosts(personID string) string {
	var posts []string
	for _, post := range o.posts[personID] {
		if !post.Vacant {
			posts = append(posts, o.DescribePost(Post{post.Role, post.Unit}))
		}
	}
	if len(posts) == 0 {
		return "无岗位"
	}
	return strings.Join(posts, "，")
}

// DepartmentName gives the name to show for a department; for an unknown id the id itself, so that nothing shows blank.
func (o *Organisation) DepartmentName(id string) string {
	if d, ok := o.departments.get(id); ok {
		return d.Name
	}
	return id
}

// GridName is like DepartmentName.
func (o *Organisation) GridName(id string) string {
	if g, ok := o.grids.get(id); ok {
		return g.Name
	}
	return id
}

// CommunityName is like DepartmentName.
func (o *Organisation) CommunityName(id string) string {
	if c, ok := o.communities.get(id); ok {
		return c.Name
	}
	return id
}

// pair is what a message calls a delegation.
func (o *Organisation) pair(d Delegation) string {
	return shorten(o.PersonName(d.From)) + "、" + shorten(o.PersonName(d.To))
}

// PersonName is like DepartmentName; those who left keep their name.
func (o *Organisation) PersonName(id string) string {
	if p, ok := o.people.get(id); ok {
		return p.Name
	}
	return id
}

// DescribePost says in Chinese what a post is: 综合行政执法队负责人, 第三网格网格长, 城运中心.
func (o *Organisation) DescribePost(p Post) string {
	switch p.Role {
	case casework.Handler:
		return o.DepartmentName(p.Unit) + "承办人"
	case casework.DepartmentHead:
		return o.DepartmentName(p.Unit) + "负责人"
	case casework.DeputyLeader:
		return o.DepartmentName(p.Unit) + "分管领导"
	case casework.GridChief:
		return o.GridName(p.Unit) + "网格长"
	case casework.Liaison:
		return o.GridName(p.Unit) + "联络员"
	case casework.PartySecretary:
		return o.GridName(p.Unit) + "党组织书记"
	case casework.Community:
		return o.CommunityName(p.Unit) + "工作人员"
	case casework.LeadingGroup:
		return "领导小组成员"
	}
	return cmp.Or(p.Role.Label(), string(p.Role))
}

// shorten cuts what a message quotes to 20 characters.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= 20 {
		return s
	}
	return string([]rune(s)[:20]) + "…"
}

// Problem is one thing wrong with an entry given to New.
type Problem struct {
	List    string // departments, grids, communities, people, delegations
	Index   int    // of the entry in that list as given
	Message string // Chinese, says what to do
	// Others are the indexes of what it collides with in the same list.
	Others []int
}

// Error is the message.
func (p *Problem) Error() string { return p.Message }

func problemf(list string, index int, format string, args ...any) error {
	return &Problem{List: list, Index: index, Message: fmt.Sprintf(format, args...)}
}

// called is what a message calls an entry: its name, because ids are often made up by the system; the id where it has none.
func called(id, name string) string {
	if ticket.Fold(name) == "" {
		name = id
	}
	return shorten(name)
}
