package api

import (
	"context"

	"xiaopu/server/apperr"
	"xiaopu/server/notify"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

var errNoNotices = apperr.New(apperr.Unavailable, "notice.unavailable", "本服务没有启用消息发送，请联系系统管理员。")

func (s *server) desk() (*notify.Desk, error) {
	if s.notices == nil {
		return nil, errNoNotices
	}
	return s.notices, nil
}

// ReportedSubscriptions are a person's answers to one question for subscribe messages.
type ReportedSubscriptions struct {
	ClientEventID string                      `json:"client_event_id" minLength:"8" maxLength:"80" pattern:"^[0-9A-Za-z_-]+$" example:"0195a4c2-ask-3" doc:"这一次询问的编号，由客户端生成；重复提交不重复计数"`
	Results       []notify.SubscriptionAnswer `json:"results" minItems:"0" maxItems:"10" required:"false" doc:"每个模板的回答；询问失败时没有"`
	ErrCode       int                         `json:"err_code,omitempty" minimum:"0" maximum:"2000000" doc:"询问失败时 wx.requestSubscribeMessage 的 errCode。20004（本人关闭了总开关）记入台账：一周内不再询问，也不再发订阅消息；再次同意即恢复"`
}

// Subscriptions are what the person has allowed.
type Subscriptions struct {
	Items []notify.Subscription `json:"items"`
}

func (s *server) reportSubscriptions(ctx context.Context, in *struct{ Body ReportedSubscriptions }) (Subscriptions, error) {
	d, err := s.desk()
	if err != nil {
		return Subscriptions{}, err
	}
	list, err := d.Report(ctx, actorOf(ctx), in.Body.ClientEventID, in.Body.ErrCode, in.Body.Results)
	return Subscriptions{Items: list}, err
}

type askInput struct {
	Scene string `query:"scene" required:"true" enum:"report,accept,handle,inbox" doc:"report 上报后、accept 接单后、handle 办理中、inbox 消息页"`
}

func (s *server) templatesToAsk(ctx context.Context, in *askInput) (notify.Question, error) {
	d, err := s.desk()
	if err != nil {
		return notify.Question{}, err
	}
	return d.ToAsk(ctx, actorOf(ctx), in.Scene)
}

type missedInput struct {
	For    string `query:"for" enum:"staff,requester" default:"staff" doc:"staff 工作人员、requester 诉求人"`
	Before string `query:"before" maxLength:"40" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) untold(ctx context.Context, in *missedInput) (workflow.Page[notify.MissedNotice], error) {
	return s.missing(ctx, store.NoticeUntold, in)
}

func (s *server) unconfirmed(ctx context.Context, in *missedInput) (workflow.Page[notify.MissedNotice], error) {
	return s.missing(ctx, store.NoticeUnconfirmed, in)
}

func (s *server) missing(ctx context.Context, state store.NoticeState, in *missedInput) (workflow.Page[notify.MissedNotice], error) {
	d, err := s.desk()
	if err != nil {
		return workflow.Page[notify.MissedNotice]{}, err
	}
	return d.Missing(ctx, state, in.For, in.Before, in.Limit)
}

// ToldOtherwise says how the recipient was told.
type ToldOtherwise struct {
	Means string `json:"means" enum:"phone,visit,meeting,other" doc:"phone 电话、visit 当面、meeting 会议、other 其他"`
}

type toldInput struct {
	ID   string `path:"id" maxLength:"40" doc:"消息的编号"`
	Body ToldOtherwise
}

func (s *server) toldOtherwise(ctx context.Context, in *toldInput) (*struct{}, error) {
	d, err := s.desk()
	if err != nil {
		return nil, err
	}
	return nil, d.Told(ctx, actorOf(ctx), in.ID, in.Body.Means)
}
