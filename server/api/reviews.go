package api

import (
	"context"

	"xiaopu/server/workflow"
)

type reviewsInput struct {
	Decided bool   `query:"decided" doc:"列出已经审核的；否则列出待审核的"`
	Cursor  string `query:"cursor" maxLength:"40" doc:"上一页的 next"`
	Limit   int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) reviews(ctx context.Context, in *reviewsInput) (workflow.Page[workflow.ReviewView], error) {
	x := exchangeOf(ctx)
	return s.engine.Reviews(ctx, x.actor, x.sessionID, !in.Decided, in.Cursor, in.Limit)
}

type decideReviewInput struct {
	ID   string `path:"id" maxLength:"40" doc:"待审核内容的 id"`
	Body struct {
		Pass   bool   `json:"pass" doc:"通过：从此展示；不通过：不予展示，并告知提交人"`
		Reason string `json:"reason,omitempty" maxLength:"200" doc:"不通过的理由，必填；记在审核记录里，不给提交人看"`
	}
}

func (s *server) decideReview(ctx context.Context, in *decideReviewInput) (workflow.ReviewView, error) {
	return s.engine.DecideReview(ctx, actorOf(ctx), in.ID, in.Body.Pass, in.Body.Reason)
}
