package workflow

import (
	"cmp"
	"context"
	"slices"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
)

// Team is who works on what in a department: how many open cases each handler has.
type Team struct {
	Department  Named        `json:"department" doc:"哪个部门"`
	Departments []Named      `json:"departments" doc:"您负责的部门；不止一个的以 department_id 选"`
	Open        int          `json:"open" doc:"本部门牵头的在办难事"`
	Members     []TeamMember `json:"members" doc:"本部门的承办人，在办难事多的在前，没有的为 0；没有指定承办人的排在最前，id 为 none"`
	Cap         int          `json:"cap" doc:"计数上限；达到即“1000+”"`
}

// TeamMember is a handler with how much they have.
type TeamMember struct {
	Handler Named `json:"handler"`
	Open    int   `json:"open" doc:"在办"`
	Late    int   `json:"late" doc:"其中已过期限的"`
}

// TeamCase is an open case of a department.
type TeamCase struct {
	CaseItem
	Assignable bool `json:"assignable" doc:"现在可以更换承办人（POST /cases/{id}/assign）"`
}

// TeamQuery is what a list of a department's cases is asked for.
type TeamQuery struct {
	DepartmentID string // "" for the first that the caller heads
	Handler      string // a person, or NoHandler; "" for all
	Cursor       string
	Limit        int
}

// NoHandler asks for cases that have no handler yet.
const NoHandler = "none"

var errNotYourTeam = apperr.New(apperr.NotFound, "team.not_found", "没有这个部门，或不是您负责的部门。")

// headed gives the department that is asked for among those that the actor heads, in person or for somebody.
func (k *Knowledge) headed(actor casework.Actor, department string) (of string, all []Named, err error) {
	for _, p := range actor.Posts {
		if p.Role == casework.DepartmentHead && !slices.ContainsFunc(all, func(n Named) bool { return n.ID == p.Unit }) {
			all = append(all, Named{p.Unit, k.Organisation.DepartmentName(p.Unit)})
		}
	}
	at := slices.IndexFunc(all, func(n Named) bool { return department == "" || n.ID == department })
	if at < 0 {
		return "", nil, errNotYourTeam
	}
	return all[at].ID, all, nil
}

// Team counts the open cases of each handler of a department that the caller heads, of those too who have none.
func (e *Engine) Team(ctx context.Context, actor casework.Actor, department string) (Team, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Team{}, err
	}
	of, all, err := k.headed(actor, department)
	if err != nil {
		return Team{}, err
	}
	counts, err := e.db.CountTeam(ctx, of, e.Now(k))
	if err != nil {
		return Team{}, err
	}
	for _, p := range k.Organisation.PeopleOf(of) {
		idle := !slices.ContainsFunc(counts, func(c store.HandlerCount) bool { return c.HandlerID == p.ID })
		if idle && slices.Contains(p.Posts, organisation.Post{Role: casework.Handler, Unit: of}) {
			counts = append(counts, store.HandlerCount{HandlerID: p.ID})
		}
	}
	t := Team{Department: Named{of, k.Organisation.DepartmentName(of)}, Departments: all, Members: []TeamMember{}, Cap: store.CountCap}
	for _, c := range counts {
		m := TeamMember{Handler: Named{NoHandler, "未指定"}, Open: c.Open, Late: c.Late}
		if c.HandlerID != "" {
			m.Handler = *k.person(c.HandlerID)
		}
		t.Open += c.Open
		t.Members = append(t.Members, m)
	}
	slices.SortStableFunc(t.Members, func(a, b TeamMember) int {
		switch {
		case a.Handler.ID == NoHandler:
			return -1
		case b.Handler.ID == NoHandler:
			return 1
		}
		return cmp.Or(cmp.Compare(b.Open, a.Open), cmp.Compare(a.Handler.ID, b.Handler.ID))
	})
	return t, nil
}

// TeamCases lists the open cases of a department that the caller heads, what falls due first in front.
func (e *Engine) TeamCases(ctx context.Context, actor casework.Actor, q TeamQuery) (Page[TeamCase], error) {
	page := Page[TeamCase]{Items: []TeamCase{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	of, _, err := k.headed(actor, q.DepartmentID)
	if err != nil {
		return page, err
	}
	f := store.CaseFilter{LeadDepartmentID: of, HandlerID: q.Handler, Limit: q.Limit + 1}
	if q.Handler == NoHandler {
		f.HandlerID, f.NoHandler = "", true
	}
	if q.Cursor != "" {
		if f.AfterSort, f.AfterID, err = parseCursor(q.Cursor); err != nil {
			return page, err
		}
	}
	rows, err := e.db.Cases(ctx, f)
	if err != nil {
		return page, err
	}
	now := e.Now(k)
	for i, r := range rows {
		if i == q.Limit {
			page.Next = cursor(rows[i-1].SortAt, rows[i-1].ID)
			break
		}
		c := casework.Case{ID: r.ID, Status: r.Status, Tier: r.Tier, LeadDepartmentID: r.LeadDepartmentID, HandlerID: r.HandlerID, GridID: r.GridID}
		page.Items = append(page.Items, TeamCase{CaseItem: k.item(r, now, casework.Full), Assignable: casework.Permits(c, actor, "assign", k.env(now, k.CalendarRevision))})
	}
	return page, nil
}
