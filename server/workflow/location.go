package workflow

import (
	"context"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
)

// Where something is comes with the report of a case, with a resident's report, which makes a ticket, and with an on-site record. It is personal
// data: it gets into no event, no notice and no list. That of a case and of an on-site record is for who sees the case in full; a ticket's is
// masked as the rest of what names its requester is.

// LocationOf says what a location is the place of.
type LocationOf string

// What it may be.
const (
	OfCase   LocationOf = "case"
	OfOnSite LocationOf = "onsite"
	OfTicket LocationOf = "ticket"
)

var locationLabels = map[LocationOf]string{OfCase: "上报的位置", OfOnSite: "现场核实的位置", OfTicket: "诉求人标的位置"}

// LocationView is where a case, an on-site record or a ticket is, as somebody may see it.
type LocationView struct {
	ID       string             `json:"id" doc:"难事、任务或工单的 id"`
	Of       LocationOf         `json:"of" enum:"case,onsite,ticket" doc:"是什么的位置"`
	OfLabel  string             `json:"of_label" doc:"是什么的位置，显示用"`
	Location *casework.Location `json:"location,omitempty" doc:"位置；诉求人标的只给本人"`
	Unmask   bool               `json:"unmask" doc:"没有直接给出，您可以用 POST /tickets/{id}/unmask 查看（fields 为 location，记入审计日志）"`
	By       *Named             `json:"by,omitempty" doc:"哪位工作人员标的"`
	At       time.Time          `json:"at" doc:"什么时候标的"`
}

var errNoOnSite = apperr.New(apperr.InvalidArgument, "location.onsite", "只有现场核实的记录可以带位置，请删去位置后提交。")

// keepLocation stores where what a command has reported or recorded is.
func (w *writer) keepLocation(ctx context.Context, r Request, c casework.Case) error {
	if r.Location == nil {
		return nil
	}
	l := store.Location{Location: *r.Location, CaseID: c.ID, Author: r.Actor.PersonID, At: w.now}
	switch cmd := r.Command.(type) {
	case casework.Report:
		l.ID = c.ID
	case casework.FinishTask:
		if c.Tasks[cmd.TaskID].Kind != casework.TaskOnSite {
			return errNoOnSite
		}
		l.ID = cmd.TaskID
	default:
		return errNoOnSite
	}
	return w.tx.InsertLocation(ctx, l)
}

// CaseLocations lists where a case, its on-site records and its tickets are: to its staff, and of their own tickets to a requester.
func (e *Engine) CaseLocations(ctx context.Context, actor casework.Actor, caseID, after string, limit int) (Page[LocationView], error) {
	page := Page[LocationView]{Items: []LocationView{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	l, sight, err := e.visible(ctx, actor, caseID)
	if err == nil && sight == casework.Masked {
		err = store.ErrNoCase
	}
	if err != nil {
		return page, err
	}
	c := l.Case
	var ids []string
	if sight == casework.Full {
		ids = append(append(ids, c.ID), sorted(c.Tasks)...)
	}
	for _, id := range sorted(c.Tickets) {
		if sight == casework.Full || slices.Contains(actor.Requesters, c.Tickets[id].Requester) {
			ids = append(ids, id)
		}
	}
	list, err := e.db.Locations(ctx, ids, after, limit+1)
	if err != nil {
		return page, err
	}
	if len(list) > limit {
		list = list[:limit]
		page.Next = list[limit-1].ID
	}
	for _, at := range list {
		v := LocationView{ID: at.ID, Of: OfOnSite, Location: &at.Location, By: k.person(at.Author), At: at.At}
		if at.ID == c.ID {
			v.Of = OfCase
		} else if _, ok := c.Tickets[at.ID]; ok {
			v.Of, v.By = OfTicket, nil
			if sight == casework.Full {
				v.Location, v.Unmask = nil, casework.WorksOn(c, actor)
			}
		}
		v.OfLabel = locationLabels[v.Of]
		page.Items = append(page.Items, v)
	}
	return page, nil
}

// locationOf gives where one ticket is; nil where nobody has said.
func locationOf(ctx context.Context, db interface {
	Locations(ctx context.Context, ids []string, after string, limit int) ([]store.Location, error)
}, ticketID string,
) (*casework.Location, error) {
	list, err := db.Locations(ctx, []string{ticketID}, "", 1)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0].Location, nil
}
