package workflow

import (
	"context"
	"encoding/json"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
)

// Street is everything the organisation is made of.
type Street struct {
	Departments []organisation.Department
	Grids       []organisation.Grid
	Communities []organisation.Community
	People      []organisation.Person
	Delegations []organisation.Delegation
}

// LoadOrganisation stores a street's organisation: new entries are added, known ones replaced, others stay.
func (e *Engine) LoadOrganisation(ctx context.Context, s Street) error {
	if _, err := organisation.New(s.Departments, s.Grids, s.Communities, s.People, s.Delegations); err != nil {
		return err
	}
	var rows []store.OrganisationRow
	add := func(kind, id string, v any) error {
		body, err := json.Marshal(v)
		rows = append(rows, store.OrganisationRow{Kind: kind, ID: id, Body: body})
		return err
	}
	for _, v := range s.Departments {
		if err := add(kindDepartment, v.ID, v); err != nil {
			return err
		}
	}
	for _, v := range s.Grids {
		if err := add(kindGrid, v.ID, v); err != nil {
			return err
		}
	}
	for _, v := range s.Communities {
		if err := add(kindCommunity, v.ID, v); err != nil {
			return err
		}
	}
	for _, v := range s.People {
		if err := add(kindPerson, v.ID, v); err != nil {
			return err
		}
	}
	for _, v := range s.Delegations {
		if err := add(kindDelegation, v.ID, v); err != nil {
			return err
		}
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.PutOrganisation(ctx, rows) }); err != nil {
		return err
	}
	_, err := e.Refresh(ctx)
	return err
}

// Delegate lets somebody stand in for the actor from–to (AB角).
func (e *Engine) Delegate(ctx context.Context, actor casework.Actor, to string, from, until time.Time) (organisation.Delegation, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return organisation.Delegation{}, err
	}
	d := organisation.Delegation{ID: newID(), From: actor.PersonID, To: to, StartAt: from.UTC().Truncate(time.Millisecond), EndAt: until.UTC().Truncate(time.Millisecond)}
	if err := k.Organisation.CheckDelegation(d); err != nil {
		return organisation.Delegation{}, err
	}
	if !d.EndAt.After(e.Now(k)) {
		return organisation.Delegation{}, apperr.New(apperr.InvalidArgument, "delegation.period", "代理结束时间要晚于现在。")
	}
	body, err := json.Marshal(d)
	if err != nil {
		return d, err
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.PutOrganisation(ctx, []store.OrganisationRow{{Kind: kindDelegation, ID: d.ID, Body: body}})
	}); err != nil {
		return d, err
	}
	_, err = e.Refresh(ctx)
	return d, err
}
