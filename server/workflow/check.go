package workflow

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

func cutPrefix(a casework.Addressee, prefix string) (string, bool) {
	return strings.CutPrefix(string(a), prefix)
}

// complete gives a command with the grid filled in that its community lies in (domain §1: the case's grid is its
// community's).
func (k *Knowledge) complete(cmd casework.Command) casework.Command {
	switch m := cmd.(type) {
	case casework.Report:
		m.GridID = k.gridOf(m.CommunityID, m.GridID)
		return m
	case casework.Register:
		m.GridID = k.gridOf(m.CommunityID, m.GridID)
		return m
	case casework.Classify:
		m.GridID = k.gridOf(m.CommunityID, m.GridID)
		return m
	}
	return cmd
}

// topic refuses one that is not in the tree: models learn from what a person classifies. A case's own stays good, also when
// the tree has changed since; a street without a tree writes what it likes.
func (c *checker) topic(topic, had string) {
	x := c.k.Classification.Lexicon
	if topic != "" && topic != had && len(x.Topics()) > 0 && len(x.Find(topic)) == 0 {
		c.fail("case.topic", "没有“%s”这个事项类别，请从 GET /topics 列出的两级类别中选择。", topic)
	}
}

func (k *Knowledge) gridOf(community, grid string) string {
	if of, ok := k.Organisation.GridOfCommunity(community); ok && grid == "" {
		return of.ID
	}
	return grid
}

// check refuses a command on a case as loaded that names a department, grid, community or person that does not exist or
// cannot do it: the core knows ids only. Its answer tells of the organisation, so it is for those alone to whom the command
// is open.
func (k *Knowledge) check(on casework.Case, cmd casework.Command) error {
	c := checker{k: k}
	switch m := cmd.(type) {
	case casework.Report:
		c.place(m.CommunityID, m.GridID)
		c.department(m.SuggestedDepartmentID)
	case casework.Register:
		c.place(m.CommunityID, m.GridID)
		c.department(m.SuggestedDepartmentID)
	case casework.Classify:
		c.place(m.CommunityID, m.GridID)
		c.topic(m.Topic, on.Topic)
	case casework.Assign:
		c.person(m.CoordinatorID, casework.Coordinator, "")
		c.person(m.HandlerID, casework.Handler, on.LeadDepartmentID) // domain §1: 承办人 is a person in the lead department
	case casework.Accept:
		c.person(m.HandlerID, casework.Handler, on.LeadDepartmentID)
	case casework.Dispatch:
		c.department(m.LeadDepartmentID)
	case casework.Transfer:
		c.department(m.LeadDepartmentID)
	case casework.Claim:
		c.department(m.DepartmentID)
		c.person(m.HandlerID, "", m.DepartmentID)
	case casework.Return:
		c.department(m.SuggestedDepartmentID)
	case casework.AskSupport:
		c.department(m.DepartmentID)
		c.community(m.CommunityID)
		c.grid(m.GridID)
	case casework.Convene:
		c.department(m.LeadDepartmentID)
		c.person(m.HandlerID, "", m.LeadDepartmentID)
		c.person(m.LeaderID, "", "")
		for _, d := range m.Members {
			c.person(d.PersonID, "", "")
		}
	case casework.Amend:
		c.department(m.LeadDepartmentID)
		c.person(m.LeaderID, "", "")
		c.person(m.HandlerID, casework.Handler, cmp.Or(m.LeadDepartmentID, on.LeadDepartmentID))
		for _, d := range m.Add {
			c.person(d.PersonID, "", "")
		}
	}
	return c.err
}

// place checks community and grid, and that the one lies in the other.
func (c *checker) place(community, grid string) {
	c.community(community)
	c.grid(grid)
	if of, ok := c.k.Organisation.GridOfCommunity(community); ok && of.ID != grid {
		m, _ := c.k.Organisation.Community(community)
		c.fail("case.grid", "%s属于%s，与所选的综合网格不一致，请核对。", m.Name, of.Name)
	}
}

// noteWhere completes a command that gives something to people with where they work that they have it (Post.Within).
func (k *Knowledge) noteWhere(cmd casework.Command, on casework.Case) casework.Command {
	switch m := cmd.(type) {
	case casework.Convene:
		m.LeaderWithin = k.within(m.LeaderID, m.LeadDepartmentID, on)
		m.Members = k.noted(m.Members, m.LeadDepartmentID, on)
		return m
	case casework.Amend:
		lead := first(m.LeadDepartmentID, on.LeadDepartmentID)
		m.LeaderWithin = k.within(m.LeaderID, lead, on)
		m.Add = k.noted(m.Add, lead, on)
		return m
	}
	return cmd
}

func (k *Knowledge) noted(duties []casework.Duty, lead string, on casework.Case) []casework.Duty {
	duties = slices.Clone(duties)
	for i := range duties {
		duties[i].Within = k.within(duties[i].PersonID, lead, on)
	}
	return duties
}

// within is where somebody works that they have a part in the case: the lead, the case's grid or community, else their
// first post.
func (k *Knowledge) within(person, lead string, on casework.Case) casework.Addressee {
	holds := k.Organisation.Holds(person)
	for _, p := range []casework.Post{
		{Role: casework.Handler, Unit: lead}, {Role: casework.GridChief, Unit: on.GridID}, {Role: casework.Community, Unit: on.CommunityID},
	} {
		if w := p.Within(); slices.Contains(holds, w) {
			return w
		}
	}
	if len(holds) == 0 {
		return ""
	}
	return holds[0]
}

type checker struct {
	k   *Knowledge
	err error
}

func (c *checker) fail(reason, message string, args ...any) {
	if c.err == nil {
		c.err = apperr.New(apperr.InvalidArgument, reason, message, args...)
	}
}

func (c *checker) department(id string) {
	if id == "" {
		return
	}
	if d, ok := c.k.Organisation.Department(id); !ok || d.Closed {
		c.fail("case.department", "没有部门 %s，或已撤销，请从列表中选择。", id)
	}
}

func (c *checker) grid(id string) {
	if id == "" {
		return
	}
	if g, ok := c.k.Organisation.Grid(id); !ok || g.Closed {
		c.fail("case.grid", "没有综合网格 %s，或已撤销，请从列表中选择。", id)
	}
}

func (c *checker) community(id string) {
	if id == "" {
		return
	}
	if m, ok := c.k.Organisation.Community(id); !ok || m.Closed {
		c.fail("case.community", "没有村居 %s，或已撤销，请从列表中选择。", id)
	}
}

// person must be there and not have left; role and department, when given, must be among the posts.
func (c *checker) person(id string, role casework.Role, department string) {
	if id == "" {
		return
	}
	p, ok := c.k.Organisation.Person(id)
	if !ok || p.Left {
		c.fail("case.person", "没有工作人员 %s，或已离岗，请从列表中选择。", id)
		return
	}
	for _, post := range p.Posts {
		inRole := role == "" || post.Role == role || role == casework.Handler && post.Role == casework.DepartmentHead
		inDepartment := department == "" || post.Unit == department
		if inRole && inDepartment && !slices.Contains([]casework.Role{casework.Resident, casework.SystemAdmin, casework.SecurityAdmin, casework.Auditor}, post.Role) {
			return
		}
	}
	c.fail("case.person", "%s不能承担这项工作，请从列表中选择。", p.Name)
}
