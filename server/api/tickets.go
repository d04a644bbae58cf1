package api

import (
	"context"

	"xiaopu/server/workflow"
)

type createTicketInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会登记一次"`
	Body workflow.NewTicket
}

func (s *server) createTicket(ctx context.Context, in *createTicketInput) (workflow.TicketTaken, error) {
	return s.engine.TakeByHand(ctx, actorOf(ctx), in.Body, in.Key)
}

// SimilarList is what may be about the same.
type SimilarList struct {
	Items []workflow.Similar `json:"items"`
}

func (s *server) similar(ctx context.Context, in *struct{ Body workflow.SimilarQuery }) (SimilarList, error) {
	list, err := s.engine.Similar(ctx, actorOf(ctx), in.Body)
	return SimilarList{list}, err
}

type waitingTicketsInput struct {
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"每页多少条"`
}

func (s *server) waitingTickets(ctx context.Context, in *waitingTicketsInput) (workflow.Page[workflow.WaitingTicket], error) {
	return s.engine.WaitingTickets(ctx, in.Cursor, in.Limit)
}

func (s *server) waitingTicket(ctx context.Context, in *ticketInput) (workflow.WaitingTicketView, error) {
	return s.engine.WaitingTicket(ctx, actorOf(ctx), in.ID)
}

type registerTicketInput struct {
	ID   string `path:"id" maxLength:"40" doc:"工单的 id"`
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会纳入一次"`
	Body workflow.NewCaseOf
}

func (s *server) registerTicket(ctx context.Context, in *registerTicketInput) (CommandResult, error) {
	a := actorOf(ctx)
	out, err := s.engine.RegisterTicket(ctx, a, in.ID, in.Body, in.Key)
	if err != nil {
		return CommandResult{}, err
	}
	return s.shown(ctx, a, out)
}

type answerTicketInput struct {
	ID   string `path:"id" maxLength:"40" doc:"工单的 id"`
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会答复一次"`
	Body workflow.TicketAnswer
}

func (s *server) answerTicket(ctx context.Context, in *answerTicketInput) (workflow.WaitingTicketView, error) {
	return s.engine.AnswerTicket(ctx, actorOf(ctx), in.ID, in.Body, in.Key)
}
