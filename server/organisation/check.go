package organisation

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// checker collects what is wrong with the data of one snapshot, in the order given.
type checker struct {
	o        *Organisation // its lists are filled
	problems []error
}

func (c *checker) add(list string, i int, format string, args ...any) {
	c.problems = append(c.problems, problemf(list, i, format, args...))
}

const (
	idLength   = 40 // what commands and columns hold
	nameLength = 60 // characters
)

// clash is add with the index of the entry collided with.
func (c *checker) clash(list string, i, other int, format string, args ...any) {
	c.problems = append(c.problems, &Problem{List: list, Index: i, Others: []int{other}, Message: fmt.Sprintf(format, args...)})
}

// entry checks what everything has: an id used once, and a name. seen is the list's index by id.
func (c *checker) entry(list string, i int, what, id, name string, seen map[string]int) {
	other, twice := seen[id]
	switch {
	case id == "":
		c.add(list, i, "%s“%s”没有编号，请补上", what, shorten(name))
	case !goodID(id):
		c.add(list, i, "%s编号“%s”不对：只能用英文字母、数字、短横线、下划线和点，最多 %d 个字符", what, shorten(id), idLength)
	case twice:
		c.clash(list, i, other, "%s编号“%s”重复，请改用别的编号", what, id)
	}
	seen[id] = i
	switch {
	case ticket.Fold(name) == "":
		c.add(list, i, "%s“%s”没有名称，请补上", what, shorten(id))
	case utf8.RuneCountInString(name) > nameLength:
		c.add(list, i, "%s“%s”的名称太长，最多 %d 个字", what, shorten(name), nameLength)
	}
}

// goodID keeps ids free of what separates them in addresses such as department_head:d-1.
func goodID(id string) bool {
	return id != "" && len(id) <= idLength && strings.IndexFunc(id, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r))
	}) < 0
}

// name checks that one name leads to one entry. taken is the index of who has a folded name, with the id.
func (c *checker) name(list string, i int, what, id, name string, taken map[string]indexed) {
	key := ticket.Fold(name)
	if key == "" {
		return
	}
	if other, ok := taken[key]; ok && other.id != id {
		c.clash(list, i, other.at, "有两个%s都叫“%s”，请改用能分清的名称", what, shorten(name))
		return
	}
	taken[key] = indexed{i, id}
}

type indexed struct {
	at int
	id string
}

func (c *checker) departments(list []Department) {
	seen, names := map[string]int{}, map[string]indexed{}
	for i, d := range list {
		c.entry("departments", i, "部门", d.ID, d.Name, seen)
		if !d.Closed { // another may bear its name now
			c.name("departments", i, "部门", d.ID, d.Name, names)
			c.name("departments", i, "部门", d.ID, d.ShortName, names)
		}
		if !slices.Contains([]string{"", KindSection, KindCentre, KindSquad, KindStation}, d.Kind) {
			c.add("departments", i, "部门“%s”的类别“%s”不对，请写科室、中心、执法队或所", called(d.ID, d.Name), shorten(d.Kind))
		}
		leader, ok := c.o.people.get(d.DeputyLeader)
		switch {
		case d.DeputyLeader == "":
		case !ok:
			c.add("departments", i, "部门“%s”的分管领导“%s”不在人员名单里，请核对姓名或编号，或先登记此人", called(d.ID, d.Name), shorten(d.DeputyLeader))
		case slices.ContainsFunc(leader.Posts, func(p Post) bool { return administrator(p.Role) }):
			c.add("departments", i, "部门“%s”的分管领导“%s”是管理员，管理员不能兼任其他岗位，请另设账号", called(d.ID, d.Name), called(leader.ID, leader.Name))
		}
		if leaders := c.deputies(d); len(leaders) > 1 {
			c.add("departments", i, "部门“%s”有 %d 位分管领导（%s），请只留一位", called(d.ID, d.Name), len(leaders), strings.Join(leaders, "、"))
		}
	}
}

// deputies names who at work is the department's deputy leader, by the department's entry or by a post.
func (c *checker) deputies(d Department) []string {
	var list []string
	if p, ok := c.o.people.get(d.DeputyLeader); ok && !p.Left {
		list = append(list, called(p.ID, p.Name))
	}
	for _, p := range c.o.people.items {
		if !p.Left && p.ID != d.DeputyLeader && slices.Contains(p.Posts, Post{casework.DeputyLeader, d.ID}) {
			list = append(list, called(p.ID, p.Name))
		}
	}
	return list
}

func (c *checker) grids(list []Grid) {
	seen, names := map[string]int{}, map[string]indexed{}
	for i, g := range list {
		c.entry("grids", i, "网格", g.ID, g.Name, seen)
		if !g.Closed {
			c.name("grids", i, "网格", g.ID, g.Name, names)
		}
	}
}

func (c *checker) communities(list []Community) {
	seen, names := map[string]int{}, map[string]indexed{}
	for i, m := range list {
		c.entry("communities", i, "村居", m.ID, m.Name, seen)
		if !m.Closed {
			c.name("communities", i, "村居", m.ID, m.Name, names)
			for _, alias := range m.Aliases {
				c.name("communities", i, "村居", m.ID, alias, names)
			}
		}
		switch g, ok := c.o.grids.get(m.GridID); {
		case m.GridID == "":
		case !ok:
			c.add("communities", i, "村居“%s”所属的网格“%s”不存在，请核对名称，或先列出这个网格", called(m.ID, m.Name), shorten(m.GridID))
		case g.Closed && !m.Closed:
			c.add("communities", i, "村居“%s”所属的网格“%s”已撤销，请改到别的网格", called(m.ID, m.Name), shorten(g.Name))
		}
		if !slices.Contains([]string{"", KindResidential, KindVillage, KindPark}, m.Kind) {
			c.add("communities", i, "村居“%s”的类别“%s”不对，请写居民区、村或园区", called(m.ID, m.Name), shorten(m.Kind))
		}
	}
}

func (c *checker) people(list []Person) {
	seen := map[string]int{}
	for i, p := range list {
		c.entry("people", i, "人员", p.ID, p.Name, seen)
		admin, others := "", 0
		for _, post := range p.Posts {
			c.post(i, p, post)
			if administrator(post.Role) && (admin == "" || admin == string(post.Role)) {
				admin = string(post.Role)
			} else {
				others++
			}
		}
		if admin != "" && others > 0 {
			c.add("people", i, "人员“%s”是%s，管理员不能兼任其他岗位（三类管理员之间也不能），请另设账号", called(p.ID, p.Name), casework.Role(admin).Label())
		}
	}
}

func (c *checker) post(i int, who Person, p Post) {
	person, what := called(who.ID, who.Name), ""
	var closed bool
	switch p.Role {
	case casework.Handler, casework.DepartmentHead, casework.DeputyLeader:
		d, ok := c.o.departments.get(p.Unit)
		if closed = d.Closed; !ok {
			what = "部门"
		}
	case casework.Liaison, casework.GridChief, casework.PartySecretary:
		g, ok := c.o.grids.get(p.Unit)
		if closed = g.Closed; !ok {
			what = "网格"
		}
	case casework.Community:
		m, ok := c.o.communities.get(p.Unit)
		if closed = m.Closed; !ok {
			what = "村居"
		}
	default:
		switch {
		case !slices.Contains(casework.Roles, p.Role):
			c.add("people", i, "人员“%s”的角色“%s”不对，可用的角色：%s", person, shorten(string(p.Role)), roleNames())
		case p.Unit != "":
			c.add("people", i, "人员“%s”的%s岗位面向全街道，请去掉单位“%s”", person, p.Role.Label(), shorten(p.Unit))
		}
		return
	}
	switch {
	case closed && !who.Left:
		c.add("people", i, "人员“%s”的岗位“%s”所在单位已撤销，请先改任其他岗位或登记离岗，或恢复这个单位", person, c.o.DescribePost(p))
	case what == "":
	case p.Unit == "":
		c.add("people", i, "人员“%s”的%s岗位没有写是哪个%s的，请补上单位", person, p.Role.Label(), what)
	default:
		c.add("people", i, "人员“%s”的%s岗位写的%s“%s”不存在，请核对名称，或先列出这个%s", person, p.Role.Label(), what, shorten(p.Unit), what)
	}
}

func roleNames() string {
	names := make([]string, len(casework.Roles))
	for i, r := range casework.Roles {
		names[i] = string(r) + "（" + r.Label() + "）"
	}
	return strings.Join(names, "、")
}

func (c *checker) delegations(list []Delegation) {
	seen := map[string]bool{}
	for i, d := range list {
		switch {
		case !goodID(d.ID):
			c.add("delegations", i, "AB角的编号“%s”不对：请用英文字母、数字和短横线，最多 %d 个字符", shorten(d.ID), idLength)
		case seen[d.ID]:
			c.add("delegations", i, "AB角编号“%s”重复，请改用别的编号", d.ID)
		}
		seen[d.ID] = true
		for _, id := range []string{d.From, d.To} {
			if !c.o.people.has(id) {
				c.add("delegations", i, "AB角“%s”里的人员“%s”不存在，请核对姓名或编号，或先登记此人", c.o.pair(d), shorten(id))
			}
		}
		if err := checkPeriod(d); err != nil {
			c.add("delegations", i, "AB角“%s”有误：%s", c.o.pair(d), err)
		}
	}
}
