package workflow

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
)

// Delegate lets somebody stand in for from (AB角), from–until: for the actor themselves, or for somebody else by the system
// administrator.
func (e *Engine) Delegate(ctx context.Context, actor casework.Actor, from, to string, start, end time.Time) (DelegationView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return DelegationView{}, err
	}
	if from == "" {
		from = actor.PersonID
	}
	if from != actor.PersonID && !administers(actor) {
		return DelegationView{}, apperr.New(apperr.PermissionDenied, "delegation.not_yours", "只能为自己设AB角；为他人设置请联系系统管理员。")
	}
	d := organisation.Delegation{ID: newID(), From: from, To: to, StartAt: start.UTC().Truncate(time.Millisecond), EndAt: end.UTC().Truncate(time.Millisecond)}
	if err := k.Organisation.CheckDelegation(d); err != nil {
		return DelegationView{}, err
	}
	if !d.EndAt.After(e.Now(k)) {
		return DelegationView{}, apperr.New(apperr.InvalidArgument, "delegation.period", "代理结束时间要晚于现在。")
	}
	return k.delegation(d, e.Now(k)), e.putDelegation(ctx, actor, d, "delegation.create")
}

func administers(a casework.Actor) bool {
	return slices.ContainsFunc(a.Posts, func(p casework.Post) bool { return p.Role == casework.SystemAdmin })
}

func (e *Engine) putDelegation(ctx context.Context, actor casework.Actor, d organisation.Delegation, action string) error {
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.PutOrganisation(ctx, []store.OrganisationRow{{Kind: kindDelegation, ID: d.ID, Body: body}}); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: action, Object: "delegation:" + d.ID, Detail: map[string]string{"from": d.From, "to": d.To}})
	}); err != nil {
		return err
	}
	_, err = e.Refresh(ctx)
	return err
}

// EndDelegation ends a delegation early: either of the two, or the system administrator. One that is over stays so.
func (e *Engine) EndDelegation(ctx context.Context, actor casework.Actor, id string) error {
	k, err := e.Refresh(ctx)
	if err != nil {
		return err
	}
	d, ok := k.Organisation.Delegation(id)
	if !ok || d.From != actor.PersonID && d.To != actor.PersonID && !administers(actor) {
		return apperr.New(apperr.NotFound, "delegation.not_found", "没有这条AB角，请刷新列表。")
	}
	now := e.Now(k)
	if d.Over(now) {
		return nil
	}
	d.EndedAt = now
	return e.putDelegation(ctx, actor, d, "delegation.end")
}

// DelegationView is a delegation for people.
type DelegationView struct {
	ID      string     `json:"id"`
	Person  Named      `json:"person" doc:"本人"`
	To      Named      `json:"to" doc:"代为办理的同事"`
	From    time.Time  `json:"from" doc:"从何时起"`
	Until   time.Time  `json:"until" doc:"到何时止"`
	EndedAt *time.Time `json:"ended_at,omitempty" doc:"提前结束的时间"`
	Status  string     `json:"status" enum:"coming,running,over" doc:"coming 未开始、running 进行中、over 已结束"`
}

func (k *Knowledge) delegation(d organisation.Delegation, now time.Time) DelegationView {
	v := DelegationView{ID: d.ID, Person: *k.person(d.From), To: *k.person(d.To), From: d.StartAt, Until: d.EndAt, Status: "running"}
	if !d.EndedAt.IsZero() {
		v.EndedAt = &d.EndedAt
	}
	switch {
	case d.Over(now):
		v.Status = "over"
	case now.Before(d.StartAt):
		v.Status = "coming"
	}
	return v
}

// Delegations lists delegations, the latest first: the actor's own, given and received, or everybody's for the system
// administrator; those that are over only when asked for.
func (e *Engine) Delegations(ctx context.Context, actor casework.Actor, over bool, after string, limit int) (Page[DelegationView], error) {
	page := Page[DelegationView]{Items: []DelegationView{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	now := e.Now(k)
	list := slices.DeleteFunc(k.Organisation.Delegations(), func(d organisation.Delegation) bool {
		mine := d.From == actor.PersonID || d.To == actor.PersonID || administers(actor)
		return !mine || d.Over(now) && !over
	})
	slices.SortStableFunc(list, func(a, b organisation.Delegation) int { return b.StartAt.Compare(a.StartAt) })
	begin := 0
	if after != "" {
		begin = 1 + slices.IndexFunc(list, func(d organisation.Delegation) bool { return d.ID == after })
	}
	for i, d := range list[begin:] {
		if i == limit {
			page.Next = list[begin+i-1].ID
			break
		}
		page.Items = append(page.Items, k.delegation(d, now))
	}
	return page, nil
}
