package organisation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// postWords are what offices call a role, the longest first where one ends in another. Words that say more than one thing
// (主任, 书记 of a community) are not among them.
var postWords = []struct {
	word string
	role casework.Role
}{
	{"业务分管领导", casework.DeputyLeader}, {"分管领导", casework.DeputyLeader},
	{"部门主要负责人", casework.DepartmentHead}, {"部门负责人", casework.DepartmentHead}, {"主要负责人", casework.DepartmentHead}, {"负责人", casework.DepartmentHead},
	{"专门负责人", casework.Handler}, {"承办人员", casework.Handler}, {"承办人", casework.Handler}, {"经办人", casework.Handler},
	{"综合网格长", casework.GridChief}, {"网格长", casework.GridChief},
	{"综合网格联络员", casework.Liaison}, {"网格联络员", casework.Liaison}, {"联络员", casework.Liaison},
	{"综合网格党组织书记", casework.PartySecretary}, {"网格党组织书记", casework.PartySecretary}, {"网格书记", casework.PartySecretary}, {"党组织书记", casework.PartySecretary},
	{"村居工作人员", casework.Community}, {"村居干部", casework.Community}, {"村居", casework.Community}, {"工作人员", casework.Community},
	{"全科型协调专员", casework.Coordinator}, {"协调专员", casework.Coordinator},
	{"主要领导", casework.PrincipalLeader}, {"领导小组成员", casework.LeadingGroup}, {"领导小组", casework.LeadingGroup},
	{"城运中心", casework.Centre}, {"党政办（督查）", casework.Supervisor}, {"党政办督查", casework.Supervisor}, {"党政办", casework.Supervisor}, {"督查", casework.Supervisor},
	{"系统管理员", casework.SystemAdmin}, {"安全管理员", casework.SecurityAdmin}, {"安全保密管理员", casework.SecurityAdmin}, {"安全审计员", casework.Auditor}, {"审计员", casework.Auditor},
	{"诉求人", casework.Resident}, {"居民", casework.Resident},
}

// writtenWords are those of postWords that we write ourselves: in the template, in exports and in messages.
var writtenWords = map[casework.Role]string{
	casework.DeputyLeader: "分管领导", casework.DepartmentHead: "负责人", casework.Handler: "承办人",
	casework.GridChief: "网格长", casework.Liaison: "联络员", casework.PartySecretary: "党组织书记", casework.Community: "工作人员",
	casework.Coordinator: "协调专员", casework.PrincipalLeader: "主要领导", casework.LeadingGroup: "领导小组", casework.Centre: "城运中心", casework.Supervisor: "党政办",
	casework.SystemAdmin: "系统管理员", casework.SecurityAdmin: "安全管理员", casework.Auditor: "审计员", casework.Resident: "居民",
}

// Units answers which units there are, for reading posts: the ids that a name or id of this kind can mean.
type Units func(kind EntryKind, name string) []string

// ParsePosts reads posts as an office writes them: “综合行政执法队 负责人；第一网格 网格长；城运中心”. Posts are separated by
// semicolons or line ends, or by commas where that makes sense of them; the unit stands before the role, or is given beside
// (one for all, from a column of its own). None alone is the post that empties. The error is a Chinese sentence.
func ParsePosts(text, unit string, units Units) ([]Post, error) {
	posts := []Post{}
	for _, part := range split(text, "；;\n\r") {
		p, err := parsePost(part, unit, units)
		if err == nil {
			posts = append(posts, p)
			continue
		}
		finer := split(part, "、，,")
		if len(finer) < 2 {
			return nil, err
		}
		for _, part := range finer {
			if p, err = parsePost(part, unit, units); err != nil {
				return nil, err
			}
			posts = append(posts, p)
		}
	}
	return posts, nil
}

func split(text, separators string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func parsePost(text, beside string, units Units) (Post, error) {
	folded := ticket.Fold(text)
	if folded == ticket.Fold(None) {
		return Post{Role: None}, nil
	}
	beside = strings.TrimSpace(beside)
	missing := ""
	known := false
	for _, w := range postWords {
		before, ok := strings.CutSuffix(folded, ticket.Fold(w.word))
		if !ok {
			continue
		}
		kind := kindOf(w.role)
		if kind == "" {
			if before == "" || ticket.Fold(beside) == before { // “城运中心” is a role, “某某城运中心” is none
				return Post{Role: w.role}, nil
			}
			continue
		}
		known = true
		name := before
		if name == "" {
			name = beside
		}
		if name == "" {
			missing = fmt.Sprintf("岗位“%s”没有写是哪个%s的，请写成“%s名称 %s”", shorten(text), kind.Label(), kind.Label(), w.word)
			continue
		}
		for _, role := range roles(w.role) {
			if ids := find(units, kindOf(role), name); len(ids) == 1 {
				return Post{Role: role, Unit: ids[0]}, nil
			} else if len(ids) > 1 {
				return Post{}, fmt.Errorf("岗位“%s”里的“%s”有 %d 个，请改写编号：%s", shorten(text), shorten(name), len(ids), strings.Join(ids, "、"))
			}
		}
		if missing == "" {
			missing = misplaced(text, name, w.word, units)
		}
		if missing == "" {
			missing = fmt.Sprintf("岗位“%s”里的%s“%s”不存在，请核对名称，或先在“%s”表里列出", shorten(text), kind.Label(), shorten(name), kind.Label())
		}
	}
	switch {
	case known:
		return Post{}, fmt.Errorf("%s", missing)
	case len(find(units, CommunityEntry, folded)) == 1:
		return Post{Role: casework.Community, Unit: find(units, CommunityEntry, folded)[0]}, nil
	case slices.Contains(casework.Roles, casework.Role(strings.TrimSpace(text))):
		p := Post{Role: casework.Role(strings.TrimSpace(text))}
		if kind := kindOf(p.Role); kind != "" {
			ids := find(units, kind, beside)
			if len(ids) != 1 {
				return Post{}, fmt.Errorf("岗位“%s”没有写是哪个%s的，请补上单位", shorten(text), kind.Label())
			}
			p.Unit = ids[0]
		}
		return p, nil
	}
	return Post{}, fmt.Errorf("看不懂岗位“%s”。请写成“单位名称 职务”，职务可以是：负责人、承办人、分管领导、网格长、联络员、党组织书记、工作人员（村居）；"+
		"全街道的写：城运中心、党政办、主要领导、领导小组、协调专员、系统管理员、安全管理员、审计员", shorten(text))
}

// misplaced says that a word is no post of the unit named, because the unit is of another kind; "" when there is no such unit.
func misplaced(text, name, word string, units Units) string {
	for _, kind := range []EntryKind{DepartmentEntry, GridEntry, CommunityEntry} {
		if len(find(units, kind, name)) > 0 {
			words := map[EntryKind]string{DepartmentEntry: "负责人、承办人或分管领导", GridEntry: "网格长、联络员或党组织书记", CommunityEntry: "工作人员"}[kind]
			return fmt.Sprintf("岗位“%s”不对：“%s”是%s，没有“%s”这个岗位；%s的岗位写%s", shorten(text), shorten(name), kind.Label(), word, kind.Label(), words)
		}
	}
	return ""
}

// roles are the roles a word may stand for: somebody who works in a department without a community is its handler.
func roles(r casework.Role) []casework.Role {
	if r == casework.Community {
		return []casework.Role{casework.Community, casework.Handler}
	}
	return []casework.Role{r}
}

// kindOf is the kind of unit that a role is held for; "" for roles of the whole street.
func kindOf(r casework.Role) EntryKind {
	switch r {
	case casework.Handler, casework.DepartmentHead, casework.DeputyLeader:
		return DepartmentEntry
	case casework.Liaison, casework.GridChief, casework.PartySecretary:
		return GridEntry
	case casework.Community:
		return CommunityEntry
	}
	return ""
}

// find also knows a grid without the word: “第一网格长” is the chief of 第一网格.
func find(units Units, kind EntryKind, name string) []string {
	ids := units(kind, name)
	if len(ids) == 0 && kind == GridEntry && name != "" {
		if ids = units(kind, name+"网格"); len(ids) == 0 {
			ids = units(kind, name+"综合网格")
		}
	}
	return ids
}

// WritePosts writes posts so that ParsePosts reads them again. name gives a unit's name, or its id where names are unclear.
func WritePosts(posts []Post, name func(kind EntryKind, id string) string) string {
	words := make([]string, 0, len(posts))
	for _, p := range posts {
		word := cmp.Or(writtenWords[p.Role], string(p.Role))
		if kind := kindOf(p.Role); kind != "" {
			word = name(kind, p.Unit) + " " + word
		}
		words = append(words, word)
	}
	return strings.Join(words, "；")
}

// UnitsOf answers from what is known and what a file lists.
func UnitsOf(known *Organisation, file Street) Units {
	of := map[EntryKind]names{DepartmentEntry: {}, GridEntry: {}, CommunityEntry: {}}
	lists := []Street{file}
	if known != nil {
		lists = []Street{{Departments: known.departments.items, Grids: known.grids.items, Communities: known.communities.items}, file}
	}
	id := func(id, name string) string { // a new unit without an id is known by its name until it has one
		if id == "" {
			return name
		}
		return id
	}
	for i, s := range lists {
		isFile := i == len(lists)-1
		for _, d := range s.Departments {
			if isFile && d.ID == "" && len(of[DepartmentEntry].find(d.Name)) > 0 {
				continue // Revise takes it for the known one
			}
			of[DepartmentEntry].add(id(d.ID, d.Name), !d.Closed, d.Name, d.ShortName)
		}
		for _, g := range s.Grids {
			if isFile && g.ID == "" && len(of[GridEntry].find(g.Name)) > 0 {
				continue
			}
			of[GridEntry].add(id(g.ID, g.Name), !g.Closed, g.Name)
		}
		for _, c := range s.Communities {
			if isFile && c.ID == "" && len(of[CommunityEntry].find(c.Name)) > 0 {
				continue
			}
			of[CommunityEntry].add(id(c.ID, c.Name), !c.Closed, append([]string{c.Name}, c.Aliases...)...)
		}
	}
	return func(kind EntryKind, name string) []string { return of[kind].find(name) }
}
