package api

import (
	"context"
	"time"

	"xiaopu/server/workflow"
)

// NewDelegation asks a colleague to stand in for the caller, or, by the system administrator, for somebody else.
type NewDelegation struct {
	FromPerson string    `json:"from_person,omitempty" maxLength:"40" doc:"代谁；不填就是本人，为他人设置只限系统管理员"`
	To         string    `json:"to" minLength:"1" maxLength:"40" doc:"代为办理的同事"`
	From       time.Time `json:"from" doc:"从何时起"`
	Until      time.Time `json:"until" doc:"到何时止"`
}

func (s *server) delegate(ctx context.Context, in *struct{ Body NewDelegation }) (workflow.DelegationView, error) {
	return s.engine.Delegate(ctx, actorOf(ctx), in.Body.FromPerson, in.Body.To, in.Body.From, in.Body.Until)
}

type delegationsInput struct {
	Over  bool   `query:"over" doc:"也列出已结束的"`
	After string `query:"after" maxLength:"40" doc:"上一页的 next"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"每页多少条"`
}

func (s *server) delegations(ctx context.Context, in *delegationsInput) (workflow.Page[workflow.DelegationView], error) {
	return s.engine.Delegations(ctx, actorOf(ctx), in.Over, in.After, in.Limit)
}

func (s *server) endDelegation(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"40" doc:"AB角的编号"`
}) (*struct{}, error) {
	return nil, s.engine.EndDelegation(ctx, actorOf(ctx), in.ID)
}
