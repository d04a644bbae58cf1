package organisation

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// Street is everything an organisation is made of, or what a file says of it. In a file an id may be left out, and another
// entry may be named by its name instead of its id; Revise finds or makes the ids.
type Street struct {
	Departments []Department `json:"departments,omitempty"`
	Grids       []Grid       `json:"grids,omitempty"`
	Communities []Community  `json:"communities,omitempty"`
	People      []Person     `json:"people,omitempty"`
	Delegations []Delegation `json:"delegations,omitempty"`
	// Notes are what a person should know of how a file was read, in Chinese: columns that were not read, say.
	Notes []string `json:"notes,omitempty" yaml:"-"`
}

// Street gives back what the organisation is made of.
func (o *Organisation) Street() Street {
	return Street{Departments: o.Departments(), Grids: o.Grids(), Communities: o.Communities(), People: o.People(), Delegations: o.Delegations()}
}

// Snapshot is New of the street's parts.
func (s Street) Snapshot() (*Organisation, error) {
	return New(s.Departments, s.Grids, s.Communities, s.People, s.Delegations)
}

// None is what a file writes into a field to empty it: left out, a field of a known entry stays as it is.
const None = "无"

// Revise gives the organisation after a file has been laid over what is known (nil: nothing yet).
//
// An entry of the file replaces the known one of its id, or, where it has none, of its name; fields it leaves empty stay,
// None empties them. Posts are replaced together, as soon as one is given. Who has left stays so, whatever else the entry
// says, unless it says Returned; the same goes for closed units (Passed lists such entries). Kinds may be said in Chinese.
// whole says that each list the file has is complete: known people missing from it have left,
// known units are closed; residents and delegations are not the file's business and stay.
//
// The error joins one *Problem for each thing wrong, its Index the entry's in the file, or -1 for what is wrong with an
// entry the file does not have. Problems that only follow from another are left out.
func Revise(known *Organisation, file Street, whole bool) (*Organisation, error) {
	if known == nil {
		var err error
		if known, err = New(nil, nil, nil, nil, nil); err != nil {
			return nil, err
		}
	}
	r := newReviser(known, file)
	r.identify()
	r.resolve()
	unclear := len(r.problems) > 0
	after := r.merge(whole && !unclear)
	o, err := after.Snapshot()
	r.note(err)
	r.complete(after, !unclear)
	if o != nil && len(r.problems) == 0 {
		for i, d := range r.file.Delegations {
			if old, ok := known.Delegation(d.ID); ok && old.From == d.From && old.To == d.To && old.EndAt.Equal(d.EndAt) {
				continue // history may hold people who have left since
			}
			if err := o.CheckDelegation(d); err != nil {
				r.add("delegations", i, "AB角“%s”：%s", o.pair(d), message(err))
			}
		}
	}
	if len(r.problems) > 0 {
		return nil, errors.Join(r.problems...)
	}
	return o, nil
}

// Passed says in Chinese which entries of a file have no effect, because they name who has left or what is closed without
// saying Returned.
func Passed(known *Organisation, file Street) []string {
	r := newReviser(known, file)
	r.identify()
	var out []string
	pass := func(what, name, state string) {
		out = append(out, what+"“"+shorten(name)+"”"+state)
	}
	const closed = "已撤销，文件没有写明恢复，这一行不起作用。确要恢复的，状态写“启用”。"
	for _, d := range r.file.Departments {
		if old, _ := known.Department(d.ID); passed(old.Closed, d.Closed, d.Returned) {
			pass("部门", old.Name, closed)
		}
	}
	for _, g := range r.file.Grids {
		if old, _ := known.Grid(g.ID); passed(old.Closed, g.Closed, g.Returned) {
			pass("综合网格", old.Name, closed)
		}
	}
	for _, c := range r.file.Communities {
		if old, _ := known.Community(c.ID); passed(old.Closed, c.Closed, c.Returned) {
			pass("村居", old.Name, closed)
		}
	}
	for _, p := range r.file.People {
		if old, _ := known.Person(p.ID); passed(old.Left, p.Left, p.Returned) {
			pass("人员", old.Name, "已离岗，文件没有写明回来，这一行不起作用。本人确已回来的，状态写“在岗”；是同名的另一人，请写上另外的编号。")
		}
	}
	return out
}

// passed tells an entry that is passed over: of what was gone, and neither stays so expressly nor returns.
func passed(was, is, returned bool) bool { return was && !is && !returned }

// reviser lays a file over an organisation.
type reviser struct {
	known    *Organisation
	file     Street
	from     map[string][]int        // by list: which of the file's entries each merged one is, -1 for none
	unclear  map[string]map[int]bool // by list: the file's entries that could not be told apart
	problems []error
}

func newReviser(known *Organisation, file Street) *reviser {
	return &reviser{known: known, from: map[string][]int{}, unclear: map[string]map[int]bool{}, file: Street{
		Departments: slices.Clone(file.Departments), Grids: slices.Clone(file.Grids), Communities: slices.Clone(file.Communities),
		People: slices.Clone(file.People), Delegations: slices.Clone(file.Delegations),
	}}
}

func (r *reviser) add(list string, i int, format string, args ...any) {
	r.problems = append(r.problems, problemf(list, i, format, args...))
}

// leaveOut keeps an entry from being laid over the known ones.
func (r *reviser) leaveOut(list string, i int) {
	if r.unclear[list] == nil {
		r.unclear[list] = map[int]bool{}
	}
	r.unclear[list][i] = true
}

// described lists ids, those of known people with their posts.
func (r *reviser) described(ids []string) string {
	list := slices.Clone(ids)
	for i, id := range list {
		if p, ok := r.known.Person(id); ok {
			list[i] += "（" + r.known.DescribePosts(p.ID) + "）"
		}
	}
	return strings.Join(list, "、")
}

// note takes over what New found wrong with the merged lists.
func (r *reviser) note(err error) {
	for _, e := range apperr.Each(err) {
		p, ok := errors.AsType[*Problem](e)
		if !ok {
			r.problems = append(r.problems, e)
			continue
		}
		of := r.from[p.List]
		q := &Problem{List: p.List, Index: of[p.Index], Message: p.Message}
		for _, i := range p.Others {
			if of[i] >= 0 {
				q.Others = append(q.Others, of[i])
			}
		}
		r.problems = append(r.problems, q)
	}
}

// identify gives every entry its id.
func (r *reviser) identify() {
	identify(r, "departments", "部门", "d-", r.file.Departments, func(d *Department) (*string, string) { return &d.ID, d.Name }, func(d Department) []string {
		if x, ok := r.known.DepartmentByName(d.Name); ok {
			return []string{x.ID}
		}
		return nil
	})
	identify(r, "grids", "综合网格", "g-", r.file.Grids, func(g *Grid) (*string, string) { return &g.ID, g.Name }, func(g Grid) []string {
		if x, ok := r.known.GridByName(g.Name); ok {
			return []string{x.ID}
		}
		return nil
	})
	identify(r, "communities", "村居", "c-", r.file.Communities, func(c *Community) (*string, string) { return &c.ID, c.Name }, func(c Community) []string {
		if x, ok := r.known.CommunityByName(c.Name); ok {
			return []string{x.ID}
		}
		return nil
	})
	identify(r, "people", "人员", "p-", r.file.People, func(p *Person) (*string, string) { return &p.ID, p.Name }, r.namesakes)
}

// namesakes lists who of the known can be meant by a person without an id: those at work of that name, else those who
// left; of several the one with the phone.
func (r *reviser) namesakes(p Person) []string {
	var here, gone, byPhone []string
	for _, i := range r.known.peopleByName[ticket.Fold(p.Name)] {
		x := r.known.people.items[i]
		if x.OnlyResident() {
			continue
		}
		if p.Phone != "" && p.Phone == x.Phone {
			byPhone = append(byPhone, x.ID)
		}
		if x.Left {
			gone = append(gone, x.ID)
		} else {
			here = append(here, x.ID)
		}
	}
	switch {
	case len(byPhone) == 1:
		return byPhone
	case len(here) > 0:
		return here
	}
	return gone
}

func identify[T any](r *reviser, list, what, prefix string, entries []T, of func(*T) (id *string, name string), known func(T) []string) {
	taken := map[string]int{}
	for i := range entries {
		if id, _ := of(&entries[i]); *id != "" {
			taken[*id] = i
		}
	}
	for i := range entries {
		id, name := of(&entries[i])
		if *id != "" || ticket.Fold(name) == "" {
			continue // New says what is missing
		}
		switch ids := known(entries[i]); len(ids) {
		case 0:
			*id = madeID(prefix, ticket.Fold(name))
		case 1:
			*id = ids[0]
		default:
			r.add(list, i, "有 %d 个%s叫“%s”，请写上编号：%s", len(ids), what, shorten(name), r.described(ids))
			r.leaveOut(list, i)
			continue
		}
		if j, twice := taken[*id]; twice {
			r.problems = append(r.problems, &Problem{List: list, Index: i, Others: []int{j}, Message: fmt.Sprintf("%s“%s”写了两次；是同一个请合并，不是请分别写上编号", what, shorten(name))})
			r.leaveOut(list, i)
			continue
		}
		taken[*id] = i
	}
}

// madeID makes an id out of a name, the same for the same name.
func madeID(prefix, name string) string {
	sum := sha256.Sum256([]byte(name))
	return prefix + hex.EncodeToString(sum[:5])
}

// MadeID reports whether a person's id is one that the system made up, for want of one in the file: nobody knows it by heart.
func MadeID(id string) bool {
	sum, ok := strings.CutPrefix(id, "p-")
	_, err := hex.DecodeString(sum)
	return ok && err == nil && len(sum) == 10
}

// resolve turns names that stand for other entries into their ids. What is neither stays, for New to refuse.
func (r *reviser) resolve() {
	departments, grids, communities := names{}, names{}, names{}
	for _, d := range slices.Concat(r.known.departments.items, r.file.Departments) {
		departments.add(d.ID, !d.Closed, d.Name, d.ShortName)
	}
	for _, g := range slices.Concat(r.known.grids.items, r.file.Grids) {
		grids.add(g.ID, !g.Closed, g.Name)
	}
	for _, c := range slices.Concat(r.known.communities.items, r.file.Communities) {
		communities.add(c.ID, !c.Closed, append([]string{c.Name}, c.Aliases...)...)
	}
	people := names{}
	for _, p := range slices.Concat(r.known.people.items, r.file.People) {
		if !p.OnlyResident() {
			people.add(p.ID, !p.Left, p.Name)
		}
	}
	person := func(list string, i int, ref *string) {
		ids := people.find(*ref)
		switch {
		case len(ids) == 1:
			*ref = ids[0]
		case len(ids) > 1:
			r.add(list, i, "有 %d 位“%s”，请改写编号：%s", len(ids), shorten(*ref), r.described(ids))
			*ref = "" // what else is wrong with it would only follow from this
			if list == "delegations" {
				r.leaveOut(list, i)
			}
		}
	}
	unit := func(of names, ref *string) {
		if ids := of.find(*ref); len(ids) == 1 {
			*ref = ids[0]
		}
	}
	for i := range r.file.Departments {
		d := &r.file.Departments[i]
		d.Kind = kindWord(d.Kind)
		person("departments", i, &d.DeputyLeader)
	}
	for i := range r.file.Communities {
		c := &r.file.Communities[i]
		c.Kind = kindWord(c.Kind)
		unit(grids, &c.GridID)
	}
	for i := range r.file.People {
		p := &r.file.People[i]
		p.Posts = slices.Clone(p.Posts)
		for j := range p.Posts {
			switch post := &p.Posts[j]; post.Within() {
			case within("department", post.Unit):
				unit(departments, &post.Unit)
			case within("grid", post.Unit):
				unit(grids, &post.Unit)
			case within("community", post.Unit):
				unit(communities, &post.Unit)
			}
		}
	}
	for i := range r.file.Delegations {
		d := &r.file.Delegations[i]
		person("delegations", i, &d.From)
		person("delegations", i, &d.To)
		if d.ID == "" && d.From != "" && d.To != "" {
			d.ID = madeID("ab-", d.From+" "+d.To+" "+d.StartAt.UTC().Format(time.RFC3339))
		}
	}
}

func within(kind, unit string) casework.Addressee { return casework.Addressee(kind + ":" + unit) }

// Within is casework.Post.Within.
func (p Post) Within() casework.Addressee { return casework.Post{Role: p.Role, Unit: p.Unit}.Within() }

// names finds ids by id or name.
type names map[string][]string

func (n names) add(id string, now bool, of ...string) {
	if id == "" {
		return
	}
	n["#"+id], n["#"+ticket.Fold(id)] = []string{id}, []string{id}
	for _, name := range of {
		key := ticket.Fold(name)
		if !now {
			key = "-" + key // what is no more is meant only where nothing else is
		}
		if key != "" && !slices.Contains(n[key], id) {
			n[key] = append(n[key], id)
		}
	}
}

func (n names) find(ref string) []string {
	if ids := n["#"+ref]; ids != nil {
		return ids
	}
	key := ticket.Fold(ref)
	if key == "" || ref == None {
		return nil
	}
	if ids := n[key]; len(ids) > 0 {
		return ids
	}
	return n["-"+key]
}

// merge lays the file's entries over the known ones.
func (r *reviser) merge(whole bool) Street {
	var after Street
	after.Departments = mergeList(r, "departments", r.known.departments, r.file.Departments, func(d Department) string { return d.ID },
		func(old, d Department) Department {
			if passed(old.Closed, d.Closed, d.Returned) {
				return old
			}
			d.Returned = false
			d.Name = keep(old.Name, d.Name)
			d.ShortName, d.Kind, d.DeputyLeader = keep(old.ShortName, d.ShortName), keep(old.Kind, d.Kind), keep(old.DeputyLeader, d.DeputyLeader)
			return d
		}, func(d *Department) { d.Closed = d.Closed || whole })
	after.Grids = mergeList(r, "grids", r.known.grids, r.file.Grids, func(g Grid) string { return g.ID },
		func(old, g Grid) Grid {
			if passed(old.Closed, g.Closed, g.Returned) {
				return old
			}
			g.Name, g.Returned = keep(old.Name, g.Name), false
			return g
		}, func(g *Grid) { g.Closed = g.Closed || whole })
	after.Communities = mergeList(r, "communities", r.known.communities, r.file.Communities, func(c Community) string { return c.ID },
		func(old, c Community) Community {
			if passed(old.Closed, c.Closed, c.Returned) {
				return old
			}
			c.Returned = false
			c.Name, c.GridID, c.Kind = keep(old.Name, c.Name), keep(old.GridID, c.GridID), keep(old.Kind, c.Kind)
			c.Aliases = keepList(old.Aliases, c.Aliases, func(s string) bool { return s == None })
			return c
		}, func(c *Community) { c.Closed = c.Closed || whole })
	after.People = mergeList(r, "people", r.known.people, r.file.People, func(p Person) string { return p.ID },
		func(old, p Person) Person {
			if passed(old.Left, p.Left, p.Returned) {
				return old
			}
			p.Returned = false
			p.Name, p.Phone = keep(old.Name, p.Name), keep(old.Phone, p.Phone)
			p.Posts = keepList(old.Posts, p.Posts, func(x Post) bool { return x.Role == None })
			if len(p.Requesters) == 0 {
				p.Requesters = old.Requesters
			}
			return p
		}, func(p *Person) {
			p.Left = p.Left || whole && !p.OnlyResident()
		})
	after.Delegations = mergeList(r, "delegations", r.known.delegations, r.file.Delegations, func(d Delegation) string { return d.ID },
		func(old, d Delegation) Delegation { d.EndedAt = old.EndedAt; return d }, func(*Delegation) {})
	return after
}

// mergeList replaces and adds; what the file does not have goes through missing, as long as the file has the list at all.
func mergeList[T any](r *reviser, name string, known list[T], file []T, id func(T) string, over func(old, entry T) T, missing func(*T)) []T {
	var none T
	out := slices.Clone(known.items)
	from := slices.Repeat([]int{-1}, len(out))
	for i, x := range file {
		if r.unclear[name][i] {
			continue
		}
		at, ok := known.at[id(x)]
		if !ok || from[at] >= 0 { // an id that stands twice in the file is refused by New
			out, from = append(out, over(none, x)), append(from, i)
			continue
		}
		out[at], from[at] = over(known.items[at], x), i
	}
	if len(file) > 0 {
		for at := range known.items {
			if from[at] < 0 {
				missing(&out[at])
			}
		}
	}
	r.from[name] = from
	return out
}

// kindWord reads a kind in Chinese; what is none stays, for New to refuse.
func kindWord(text string) string {
	for kind, words := range map[string][]string{
		KindSection: {"科室", "办公室", "机关科室", "内设机构"}, KindCentre: {"中心", "事业单位"}, KindSquad: {"执法队", "队", "综合行政执法队"},
		KindStation: {"所", "站所", "派出所"}, KindResidential: {"居民区", "居委", "居委会", "社区"}, KindVillage: {"村", "村委", "村委会", "行政村"},
		KindPark: {"园区", "商圈"},
	} {
		if slices.Contains(words, text) {
			return kind
		}
	}
	return text
}

func keep(old, now string) string {
	switch now {
	case "":
		return old
	case None:
		return ""
	}
	return now
}

func keepList[T any](old, now []T, none func(T) bool) []T {
	if now == nil {
		return old
	}
	return slices.DeleteFunc(slices.Clone(now), none)
}

// complete checks what an organisation at work needs beyond what New asks: phones that lead to one person, and, where every
// entry is sound, somebody at the centre and the administrators it had.
func (r *reviser) complete(after Street, sound bool) {
	owner := map[string]int{}
	has := map[casework.Role]bool{}
	for i, p := range after.People {
		if p.Left {
			continue
		}
		for _, post := range p.Posts {
			has[post.Role] = true
		}
		other, taken := owner[p.Phone]
		switch {
		case p.Phone == "" || p.OnlyResident(): // residents of one household may share a phone
		case !mobile(p.Phone):
			r.add("people", r.from["people"][i], "人员“%s”的手机号不是 11 位手机号，请核对，或留空", called(p.ID, p.Name))
		case taken:
			q := &Problem{List: "people", Index: r.from["people"][i], Message: fmt.Sprintf("人员“%s”与“%s”的手机号相同，请核对", called(p.ID, p.Name), called(after.People[other].ID, after.People[other].Name))}
			if at := r.from["people"][other]; at >= 0 && q.Index >= 0 {
				q.Others = []int{at}
			} else if at >= 0 {
				q.Index = at
			}
			r.problems = append(r.problems, q)
		default:
			owner[p.Phone] = i
		}
	}
	if !sound {
		return
	}
	if !has[casework.Centre] {
		r.add("people", -1, "没有城运中心人员，请至少给一人加上城运中心岗位：无人负责的事项都由城运中心接手")
	}
	for _, role := range []casework.Role{casework.SystemAdmin, casework.SecurityAdmin} {
		if len(r.known.holders[Post{Role: role}]) > 0 && !has[role] {
			r.add("people", -1, "这样改后就没有%s了，请先安排接任的人", role.Label())
		}
	}
}

func mobile(s string) bool {
	return len(s) == 11 && s[0] == '1' && s[1] >= '3' && strings.Trim(s, "0123456789") == ""
}

// Invalid makes one *apperr.Error of what is wrong with a file: the lines joined, and each as a field where several entries
// are concerned. An *apperr.Error stays as it is.
func Invalid(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*apperr.Error](err); ok {
		return e
	}
	list := apperr.Each(err)
	refusal := apperr.New(apperr.InvalidArgument, "organisation.invalid", "%s", list[0].Error())
	if len(list) > 1 {
		refusal.Message = fmt.Sprintf("共有 %d 处问题，请逐一改正：\n%s", len(list), err.Error())
	}
	for _, e := range list {
		if p, ok := errors.AsType[*Problem](e); ok && p.Index >= 0 {
			refusal.Fields = append(refusal.Fields, apperr.Field{Name: fmt.Sprintf("%s[%d]", p.List, p.Index), Message: p.Message})
		}
	}
	return refusal
}

// message is what a person should read of an error, without the name of the rule.
func message(err error) string {
	if e, ok := errors.AsType[*apperr.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
