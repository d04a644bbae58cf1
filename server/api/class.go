package api

import (
	"context"

	"xiaopu/server/classify"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

type caseClassInput struct {
	ID string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
}

func (s *server) caseClass(ctx context.Context, in *caseClassInput) (workflow.ClassView, error) {
	onCase(ctx, in.ID)
	return s.engine.CaseClass(ctx, actorOf(ctx), in.ID)
}

func (s *server) textClass(ctx context.Context, in *struct{ Body workflow.Described }) (workflow.ClassView, error) {
	return s.engine.TextClass(ctx, actorOf(ctx), in.Body)
}

func (s *server) topics(ctx context.Context, _ *struct{}) (workflow.TopicTree, error) {
	return s.engine.Topics(ctx)
}

func (s *server) loadTopics(ctx context.Context, in *struct{ Body classify.Tree }) (workflow.TopicTree, error) {
	if err := s.engine.LoadTopics(ctx, actorOf(ctx).PersonID, in.Body); err != nil {
		return workflow.TopicTree{}, err
	}
	return s.engine.Topics(ctx)
}

// DutyList is the duty list in force.
type DutyList struct {
	Items []classify.DutyItem `json:"items"`
}

func (s *server) duties(ctx context.Context, _ *struct{}) (DutyList, error) {
	list, err := s.engine.DutyList(ctx)
	return DutyList{Items: list}, err
}

func (s *server) loadDuties(ctx context.Context, in *struct {
	Body struct {
		Items []classify.DutyItem `json:"items" maxItems:"2000"`
	}
}) (DutyList, error) {
	if err := s.engine.LoadDuties(ctx, actorOf(ctx).PersonID, in.Body.Items); err != nil {
		return DutyList{}, err
	}
	return s.duties(ctx, nil)
}

// Models are what has been learned from the street's history.
type Models struct {
	Items []workflow.ModelView `json:"items"`
}

func (s *server) models(ctx context.Context, _ *struct{}) (Models, error) {
	list, err := s.engine.Models(ctx)
	return Models{Items: list}, err
}

func (s *server) switchModel(ctx context.Context, in *struct {
	Version string `path:"version" maxLength:"40" doc:"模型的版本"`
}) (Models, error) {
	if err := s.engine.SwitchModel(ctx, actorOf(ctx).PersonID, in.Version); err != nil {
		return Models{}, err
	}
	return s.models(ctx, nil)
}

func (s *server) stopModel(ctx context.Context, in *struct {
	Body struct {
		Kind store.ModelKind `json:"kind" enum:"topics,leads" doc:"topics 事项类别，leads 牵头部门"`
	}
}) (Models, error) {
	if err := s.engine.StopModel(ctx, actorOf(ctx).PersonID, in.Body.Kind); err != nil {
		return Models{}, err
	}
	return s.models(ctx, nil)
}

func (s *server) rising(ctx context.Context, _ *struct{}) (workflow.RisingView, error) {
	return s.engine.Rising(ctx)
}
