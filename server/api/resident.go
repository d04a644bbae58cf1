package api

import (
	"context"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// NoticeView is the privacy notice.
type NoticeView struct {
	Version int       `json:"version" doc:"版本"`
	Text    string    `json:"text" doc:"全文（Markdown）"`
	MadeAt  time.Time `json:"made_at,omitzero" doc:"发布时间；随程序的一版没有"`
}

func noticeView(n store.PrivacyNotice) NoticeView {
	return NoticeView{Version: n.Version, Text: n.Body, MadeAt: n.MadeAt}
}

func (s *server) privacyNotice(ctx context.Context, _ *struct{}) (NoticeView, error) {
	n, err := s.signIn.Notice(ctx)
	return noticeView(n), err
}

func (s *server) publishNotice(ctx context.Context, in *struct {
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"20000" doc:"全文（Markdown）"`
	}
}) (NoticeView, error) {
	n, err := s.signIn.PublishNotice(ctx, actorOf(ctx).PersonID, in.Body.Text)
	return noticeView(n), err
}

func (s *server) weChatConsent(ctx context.Context, in *struct {
	Body struct {
		WeChatTicket

		Notice int `json:"privacy_version" minimum:"1" doc:"所同意的隐私政策的版本"`
	}
}) (WeChatProgress, error) {
	p, err := s.signIn.BindConsent(ctx, in.Body.Ticket, in.Body.Notice)
	return s.weChatProgress(ctx, p, err)
}

// FamilyInvitation lets somebody else see what is the caller's.
type FamilyInvitation struct {
	Code      string    `json:"code" doc:"家人邀请码，只显示这一次"`
	ExpiresAt time.Time `json:"expires_at" doc:"有效期，72 小时"`
}

func (s *server) inviteFamily(ctx context.Context, in *struct {
	Body struct {
		Relation string `json:"relation" enum:"spouse,parent,child,other" doc:"对方是您的：spouse 配偶、parent 父母、child 子女、other 其他"`
	}
}) (FamilyInvitation, error) {
	code, until, err := s.signIn.InviteFamily(ctx, actorOf(ctx).PersonID, in.Body.Relation)
	return FamilyInvitation{Code: code, ExpiresAt: until}, err
}

func (s *server) acceptFamily(ctx context.Context, in *struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"64" doc:"家人给的邀请码"`
	}
}) (struct{}, error) {
	return struct{}{}, s.signIn.AcceptFamily(ctx, actorOf(ctx).PersonID, in.Body.Code)
}

// FamilyView is one consent between two residents.
type FamilyView struct {
	ID       string    `json:"id"`
	Given    bool      `json:"given" doc:"true 我委托的家人，false 委托我的家人"`
	Relation string    `json:"relation" doc:"受托人是委托人的"`
	MadeAt   time.Time `json:"made_at" doc:"生效时间"`
}

// FamilyList are the consents of the caller.
type FamilyList struct {
	Items []FamilyView `json:"items"`
}

func (s *server) family(ctx context.Context, _ *struct{}) (FamilyList, error) {
	who := actorOf(ctx).PersonID
	list, err := s.signIn.Family(ctx, who)
	out := FamilyList{Items: []FamilyView{}}
	for _, f := range list {
		out.Items = append(out.Items, FamilyView{ID: f.ID, Given: f.Grantor == who, Relation: f.Relation, MadeAt: f.MadeAt})
	}
	return out, err
}

func (s *server) endFamily(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"40" doc:"委托的 id"`
}) (struct{}, error) {
	return struct{}{}, s.signIn.EndFamily(ctx, actorOf(ctx).PersonID, in.ID)
}

// EnterpriseList are the enterprises that the caller acts for.
type EnterpriseList struct {
	Items []store.Enterprise `json:"items" doc:"绑定的企业"`
}

func (s *server) enterprises(ctx context.Context, _ *struct{}) (EnterpriseList, error) {
	list, err := s.signIn.Enterprises(ctx, actorOf(ctx).PersonID)
	return EnterpriseList{Items: append([]store.Enterprise{}, list...)}, err
}

func (s *server) addEnterprise(ctx context.Context, in *struct {
	Body struct {
		CreditCode string `json:"credit_code" minLength:"1" maxLength:"30" doc:"统一社会信用代码，18 位"`
		Name       string `json:"name" minLength:"2" maxLength:"100" doc:"企业名称"`
	}
}) (struct{}, error) {
	return struct{}{}, s.signIn.AddEnterprise(ctx, actorOf(ctx).PersonID, in.Body.CreditCode, in.Body.Name)
}

func (s *server) dropEnterprise(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"40" doc:"统一社会信用代码"`
}) (struct{}, error) {
	return struct{}{}, s.signIn.DropEnterprise(ctx, actorOf(ctx).PersonID, in.ID)
}

// OrderLookup asks how far the matter of an order number has come.
type OrderLookup struct {
	Source  ticket.Source `json:"source" enum:"hotline,petition,opinion,department,grid,resident" doc:"从哪个渠道反映的；GD 加年份开头的是本系统自己的工单号，选哪个都能查到"`
	OrderNo string        `json:"order_no" minLength:"4" maxLength:"64" example:"20260301093000" doc:"反映时得到的工单号"`
}

func (s *server) lookUp(ctx context.Context, in *struct{ Body OrderLookup }) (auth.Lookup, error) {
	return s.signIn.LookUp(ctx, actorOf(ctx).PersonID, in.Body.Source, in.Body.OrderNo)
}

func (s *server) ownData(ctx context.Context, _ *struct{}) (auth.OwnData, error) {
	x := exchangeOf(ctx)
	return s.signIn.OwnData(ctx, x.actor, x.sessionID)
}

func (s *server) eraseOwn(ctx context.Context, in *struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"200" doc:"重新 wx.login 的 code：确认是本人"`
	}
}) (auth.Erasure, error) {
	return s.signIn.EraseOwn(ctx, actorOf(ctx), in.Body.Code)
}
