package api

import (
	"context"

	"xiaopu/server/workflow"
)

func (s *server) reporter(ctx context.Context, _ *struct{}) (workflow.Reporter, error) {
	return s.engine.Reporter(ctx, actorOf(ctx))
}

type reportMatterInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会登记一次"`
	Body workflow.NewReport
}

func (s *server) reportMatter(ctx context.Context, in *reportMatterInput) (workflow.ReportTaken, error) {
	return s.engine.Report(ctx, actorOf(ctx), in.Body, in.Key)
}

func (s *server) ownReports(ctx context.Context, in *struct {
	Cursor string `query:"cursor" maxLength:"100" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}) (workflow.Page[workflow.OwnReport], error) {
	return s.engine.OwnReports(ctx, actorOf(ctx), in.Cursor, in.Limit)
}

func (s *server) ownReport(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"40" doc:"列表里的 id"`
}) (workflow.ReportTaken, error) {
	return s.engine.OwnReport(ctx, actorOf(ctx), in.ID)
}

type addFactsInput struct {
	ID   string `path:"id" maxLength:"40" doc:"工单的 id"`
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会补充一次"`
	Body workflow.NewFacts
}

func (s *server) addFacts(ctx context.Context, in *addFactsInput) (workflow.NoteView, error) {
	x := exchangeOf(ctx)
	return s.engine.AddFacts(ctx, x.actor, x.sessionID, in.ID, in.Body, in.Key)
}

// NoteList is what requesters have said beside one ticket.
type NoteList struct {
	Items []workflow.NoteView `json:"items"`
}

func (s *server) ticketNotes(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"40" doc:"工单的 id"`
}) (NoteList, error) {
	x := exchangeOf(ctx)
	list, err := s.engine.TicketNotes(ctx, x.actor, x.sessionID, in.ID)
	return NoteList{list}, err
}

func (s *server) caseNotes(ctx context.Context, in *struct {
	ID     string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
	Cursor string `query:"cursor" maxLength:"40" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"每页多少条"`
}) (workflow.Page[workflow.NoteView], error) {
	x := exchangeOf(ctx)
	return s.engine.CaseNotes(ctx, x.actor, x.sessionID, in.ID, in.Cursor, in.Limit)
}
