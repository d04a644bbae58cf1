package api

import (
	"context"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

// perDay counts what the caller looks at in a day, up to the limit that the policy sets.
func (s *server) perDay(ctx context.Context, what string) func(limit int) error {
	return func(limit int) error {
		ok, wait := s.cache.Allow(ctx, what+":"+actorOf(ctx).PersonID, int64(limit), 24*time.Hour)
		if ok {
			return nil
		}
		return apperr.New(apperr.ResourceExhausted, what+".limit", "您在 24 小时内已查看 %d 次，达到上限，请在约 %d 小时后再试；确有需要请联系安全管理员调整上限。", limit, int(wait.Hours())+1)
	}
}

type unmaskInput struct {
	ID   string `path:"id" maxLength:"40" doc:"工单的 id"`
	Body workflow.Unmask
}

func (s *server) unmask(ctx context.Context, in *unmaskInput) (workflow.Unmasked, error) {
	return s.engine.Unmask(ctx, actorOf(ctx), in.ID, in.Body, s.perDay(ctx, "unmask"))
}

func (s *server) searchTickets(ctx context.Context, in *struct{ Body workflow.TicketSearch }) (workflow.Page[workflow.TicketView], error) {
	return s.engine.SearchTickets(ctx, actorOf(ctx), in.Body, s.perDay(ctx, "search"))
}

type certificatesInput struct {
	Before string `query:"before" maxLength:"40" doc:"从这一份之前读起：上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) certificates(ctx context.Context, in *certificatesInput) (workflow.Page[store.Certificate], error) {
	page := workflow.Page[store.Certificate]{Items: []store.Certificate{}}
	list, err := s.engine.Certificates(ctx, in.Before, in.Limit+1)
	if err != nil {
		return page, err
	}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		page.Next = list[in.Limit-1].ID
	}
	page.Items = append(page.Items, list...)
	return page, nil
}

// CertificateView is a certificate as it is printed.
type CertificateView struct {
	store.Certificate
	Agrees bool   `json:"agrees" doc:"留存的明细与校验值一致"`
	Text   string `json:"text" doc:"可打印的文本（Markdown）"`
}

type certificateInput struct {
	ID string `path:"id" maxLength:"40" doc:"证明的 id 或编号"`
}

func (s *server) certificate(ctx context.Context, in *certificateInput) (CertificateView, error) {
	c, agrees, err := s.engine.Certificate(ctx, in.ID)
	if err != nil {
		return CertificateView{}, err
	}
	text, err := s.engine.CertificateText(ctx, c, agrees)
	return CertificateView{Certificate: c, Agrees: agrees, Text: text}, err
}

func (s *server) erasePerson(ctx context.Context, in *struct{ Body workflow.ErasureRequest }) (store.Certificate, error) {
	if s.signIn == nil { // nobody signs in, so nobody has an account
		return s.engine.EraseRequested(ctx, actorOf(ctx), in.Body, nil)
	}
	return s.signIn.EraseAsked(ctx, actorOf(ctx), in.Body)
}
