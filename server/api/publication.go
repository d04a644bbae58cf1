package api

import (
	"context"

	"xiaopu/server/workflow"
)

type publicListInput struct {
	Cursor string `query:"cursor" maxLength:"100" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) publishedMatters(ctx context.Context, in *publicListInput) (workflow.Page[workflow.PublicMatter], error) {
	return s.engine.PublicMatters(ctx, in.Cursor, in.Limit)
}

func (s *server) stories(ctx context.Context, in *publicListInput) (workflow.Page[workflow.PublicStory], error) {
	return s.engine.PublicStories(ctx, in.Cursor, in.Limit)
}

func (s *server) streetFigures(ctx context.Context, _ *struct{}) (workflow.StreetFigures, error) {
	return s.engine.StreetFigures(ctx)
}

// PublicMatterList is what has been published and looks like the same.
type PublicMatterList struct {
	Items     []workflow.PublicMatter `json:"items"`
	Community *workflow.Named         `json:"community,omitempty" doc:"文字里写到的村居，与所选的不同：请填写的人看一看；写到几个或没有写到的没有"`
}

func (s *server) similarPublished(ctx context.Context, in *struct {
	Body struct {
		Content     string `json:"content" maxLength:"5000" doc:"正在写的内容"`
		CommunityID string `json:"community_id,omitempty" maxLength:"40" doc:"村居"`
		Place       string `json:"place,omitempty" maxLength:"200" doc:"在哪里"`
	}
}) (PublicMatterList, error) {
	list, other, err := s.engine.SimilarPublished(ctx, in.Body.Content, in.Body.CommunityID, in.Body.Place)
	return PublicMatterList{list, other}, err
}

func (s *server) meToo(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"40" doc:"公开事项的 id"`
	Body struct {
		PhoneID string `json:"phone_id,omitempty" maxLength:"40" doc:"用哪个绑定的手机号；不填为第一个"`
	}
}) (workflow.MeToo, error) {
	return s.engine.MeToo(ctx, actorOf(ctx), in.ID, in.Body.PhoneID)
}

type publicationInput struct {
	ID string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
}

func (s *server) publication(ctx context.Context, in *publicationInput) (workflow.PublicationView, error) {
	return s.engine.Publication(ctx, actorOf(ctx), in.ID)
}

func (s *server) publish(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
	Body workflow.NewPublication
}) (workflow.PublicationView, error) {
	return s.engine.Publish(ctx, actorOf(ctx), in.ID, in.Body)
}

func (s *server) withdraw(ctx context.Context, in *publicationInput) (workflow.PublicationView, error) {
	return s.engine.Withdraw(ctx, actorOf(ctx), in.ID)
}

func (s *server) tellStory(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
	Body workflow.NewStory
}) (workflow.PublicationView, error) {
	return s.engine.TellStory(ctx, actorOf(ctx), in.ID, in.Body)
}
