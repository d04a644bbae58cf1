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
