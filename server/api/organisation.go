package api

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workflow"
)

// Directory is the organisation for choosing from: units, and the people of the office by name. Residents and phones
// are not in it.
type Directory struct {
	Departments []DepartmentView `json:"departments"`
	Grids       []workflow.Named `json:"grids"`
	Communities []CommunityView  `json:"communities"`
	People      []PersonView     `json:"people" doc:"全体在岗工作人员，可选为成员、协调专员或代理"`
}

// DepartmentView is a department with who works there.
type DepartmentView struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	ShortName    string          `json:"short_name,omitempty"`
	Kind         string          `json:"kind,omitempty" enum:"section,centre,squad,station"`
	DeputyLeader *workflow.Named `json:"deputy_leader,omitempty"`
	Handlers     []HandlerView   `json:"handlers" doc:"可指定为承办人的：负责人在前"`
}

// HandlerView is somebody of a department who can be named handler.
type HandlerView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Head bool   `json:"head,omitempty" doc:"是部门负责人"`
}

// CommunityView is a village or residents' committee.
type CommunityView struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	GridID string `json:"grid_id,omitempty"`
	Kind   string `json:"kind,omitempty" enum:"residential,village"`
}

// PersonView is somebody who works for the office.
type PersonView struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Posts []PostView `json:"posts"`
}

// directoryCache keeps the directory of the organisation it was made from: that is immutable and changes rarely.
type directoryCache struct {
	last atomic.Pointer[directoryOf]
}

type directoryOf struct {
	organisation *organisation.Organisation
	directory    Directory
}

func (c *directoryCache) of(o *organisation.Organisation) Directory {
	if last := c.last.Load(); last != nil && last.organisation == o {
		return last.directory
	}
	d := newDirectory(o)
	c.last.Store(&directoryOf{o, d})
	return d
}

func newDirectory(o *organisation.Organisation) Directory {
	d := Directory{Departments: []DepartmentView{}, Grids: []workflow.Named{}, Communities: []CommunityView{}, People: []PersonView{}}
	for _, x := range o.Departments() {
		if x.Closed {
			continue // nothing new goes there
		}
		v := DepartmentView{ID: x.ID, Name: x.Name, ShortName: x.ShortName, Kind: x.Kind, Handlers: []HandlerView{}}
		for _, p := range o.PeopleOf(x.ID) {
			head := slices.Contains(p.Posts, organisation.Post{Role: casework.DepartmentHead, Unit: x.ID})
			v.Handlers = append(v.Handlers, HandlerView{ID: p.ID, Name: p.Name, Head: head})
		}
		if x.DeputyLeader != "" {
			v.DeputyLeader = &workflow.Named{ID: x.DeputyLeader, Name: o.PersonName(x.DeputyLeader)}
		}
		d.Departments = append(d.Departments, v)
	}
	for _, x := range o.Grids() {
		if !x.Closed {
			d.Grids = append(d.Grids, workflow.Named{ID: x.ID, Name: x.Name})
		}
	}
	for _, x := range o.Communities() {
		if !x.Closed {
			d.Communities = append(d.Communities, CommunityView{ID: x.ID, Name: x.Name, GridID: x.GridID, Kind: x.Kind})
		}
	}
	for _, p := range o.People() {
		v := PersonView{ID: p.ID, Name: p.Name, Posts: []PostView{}}
		for _, post := range p.Posts {
			if slices.Contains(staff, post.Role) {
				v.Posts = append(v.Posts, postView(o, casework.Post{Role: post.Role, Unit: post.Unit}))
			}
		}
		if len(v.Posts) > 0 && !p.Left {
			d.People = append(d.People, v)
		}
	}
	slices.SortStableFunc(d.People, func(a, b PersonView) int { return cmp.Compare(a.Name, b.Name) })
	return d
}

func (s *server) organisation(ctx context.Context, _ *struct{}) (Directory, error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return Directory{}, err
	}
	return s.directory.of(k.Organisation), nil
}
