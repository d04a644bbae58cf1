package api

import (
	"context"

	"xiaopu/server/workflow"
)

type figuresInput struct {
	By    string `query:"by" enum:"month,week" default:"month" doc:"month 逐月；week 逐周（星期一起）"`
	Count int    `query:"count" minimum:"1" maximum:"24" default:"6" doc:"到现在为止的几个月或几周"`
	Own   bool   `query:"own" doc:"能看全街道的，只看自己分管的部门、所在的网格"`
}

func (s *server) figures(ctx context.Context, in *figuresInput) (workflow.Figures, error) {
	return s.engine.Figures(ctx, actorOf(ctx), workflow.FiguresQuery{Weeks: in.By == "week", Count: in.Count, Own: in.Own})
}
