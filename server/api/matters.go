package api

import (
	"context"

	"xiaopu/server/workflow"
)

type matterInput struct {
	ID     string `path:"id" maxLength:"64" doc:"事项的 id：工单的 matter_id"`
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少件工单"`
}

func (s *server) matter(ctx context.Context, in *matterInput) (workflow.MatterView, error) {
	return s.engine.Matter(ctx, actorOf(ctx), in.ID, in.Cursor, in.Limit)
}

type splitMatterInput struct {
	ID   string `path:"id" maxLength:"64" doc:"事项的 id"`
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会办一次"`
	Body workflow.SplitMatter
}

func (s *server) splitMatter(ctx context.Context, in *splitMatterInput) (workflow.MatterChanged, error) {
	return s.engine.SplitMatter(ctx, actorOf(ctx), in.ID, in.Body, in.Key)
}

type mergeMattersInput struct {
	ID   string `path:"id" maxLength:"64" doc:"留下的事项的 id"`
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会办一次"`
	Body workflow.MergeMatter
}

func (s *server) mergeMatters(ctx context.Context, in *mergeMattersInput) (workflow.MatterChanged, error) {
	return s.engine.MergeMatters(ctx, actorOf(ctx), in.ID, in.Body, in.Key)
}

func (s *server) matterPairs(ctx context.Context, in *struct {
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"每页多少条"`
}) (workflow.MatterPairs, error) {
	return s.engine.MatterPairs(ctx, actorOf(ctx), in.Cursor, in.Limit)
}

type keepMattersApartInput struct {
	ID   string `path:"id" maxLength:"64" doc:"事项的 id"`
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会办一次"`
	Body workflow.KeepMattersApart
}

func (s *server) keepMattersApart(ctx context.Context, in *keepMattersApartInput) (workflow.MatterChanged, error) {
	return s.engine.KeepMattersApart(ctx, actorOf(ctx), in.ID, in.Body, in.Key)
}

// Gazetteer is the list of places and parties that the street keeps.
type Gazetteer struct {
	Items []workflow.PlaceEntry `json:"items"`
}

func (s *server) gazetteer(ctx context.Context, in *struct {
	Removed bool `query:"removed" doc:"也列出已移出的"`
}) (Gazetteer, error) {
	list, err := s.engine.Gazetteer(ctx, in.Removed)
	return Gazetteer{list}, err
}

func (s *server) loadGazetteer(ctx context.Context, in *struct {
	Body struct {
		Items []workflow.Place `json:"items" maxItems:"20000" doc:"全部条目"`
	}
}) (workflow.GazetteerLoaded, error) {
	return s.engine.LoadGazetteer(ctx, actorOf(ctx), in.Body.Items)
}
