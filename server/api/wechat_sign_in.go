package api

import (
	"context"
	"time"

	"xiaopu/server/auth"
)

// WeChatLogin is a code of wx.login. It stands in no log.
type WeChatLogin struct {
	Code string    `json:"code" minLength:"1" maxLength:"200" doc:"wx.login 的 code，只能用一次，5 分钟内有效"`
	As   auth.Side `json:"as,omitempty" enum:"staff,resident" doc:"以哪种身份登录：staff 工作人员、resident 居民；不填则有工作身份的为工作人员"`
}

// WeChatTicket names a sign-in through WeChat under way.
type WeChatTicket struct {
	Ticket string `json:"bind_ticket" minLength:"1" maxLength:"100" doc:"登录返回的 bind_ticket，10 分钟内有效，用一次"`
}

// WeChatPhone is a code of the phone button.
type WeChatPhone struct {
	WeChatTicket

	PhoneCode string    `json:"phone_code" minLength:"1" maxLength:"200" doc:"手机号按钮返回的 code（不是 wx.login 的）"`
	As        auth.Side `json:"as,omitempty" enum:"staff,resident" doc:"绑定为哪种身份；不填则登记在册的为工作人员，其他人为居民"`
	Notice    int       `json:"privacy_version,omitempty" doc:"所同意的隐私政策的版本；只绑定工作人员（as 为 staff）时不用"`
}

// WeChatCode is a code of the second factor.
type WeChatCode struct {
	WeChatTicket

	Code string `json:"code" minLength:"1" maxLength:"40" doc:"身份验证器的 6 位验证码，或恢复码"`
}

// WeChatProgress is how far signing in through WeChat has come.
type WeChatProgress struct {
	Need      auth.Need   `json:"need,omitempty" enum:"binding,second_factor,invitation,consent" doc:"还需要：binding 绑定，second_factor 验证码，invitation 系统管理员出具的邀请码（凭 bind_ticket 用邀请码重新绑定），consent 同意更新后的隐私政策；没有则已登录"`
	Ticket    string      `json:"bind_ticket,omitempty" doc:"后续步骤的凭证"`
	ExpiresAt time.Time   `json:"expires_at,omitzero" doc:"须在此前完成后续步骤"`
	Tokens    *TokensView `json:"tokens,omitempty" doc:"已登录时：令牌"`
	As        auth.Side   `json:"as,omitempty" enum:"staff,resident" doc:"已登录时：以哪种身份"`
	Sides     []auth.Side `json:"sides,omitempty" doc:"已登录时：可以切换的身份"`
}

func (s *server) weChatProgress(ctx context.Context, p auth.WeChatProgress, err error) (WeChatProgress, error) {
	if err != nil {
		return WeChatProgress{}, err
	}
	out := WeChatProgress{Need: p.Need, Ticket: p.Ticket, ExpiresAt: p.ExpiresAt, As: p.Side, Sides: p.Sides}
	if p.Tokens != nil {
		out.Tokens = s.tokens(ctx, *p.Tokens, false)
	}
	return out, nil
}

func (s *server) weChatLogin(ctx context.Context, in *struct{ Body WeChatLogin }) (WeChatProgress, error) {
	p, err := s.signIn.WeChatLogin(ctx, in.Body.Code, in.Body.As)
	return s.weChatProgress(ctx, p, err)
}

func (s *server) weChatBindPhone(ctx context.Context, in *struct{ Body WeChatPhone }) (WeChatProgress, error) {
	p, err := s.signIn.BindPhone(ctx, in.Body.Ticket, in.Body.PhoneCode, in.Body.As, in.Body.Notice)
	return s.weChatProgress(ctx, p, err)
}

func (s *server) weChatBindCode(ctx context.Context, in *struct{ Body WeChatCode }) (WeChatProgress, error) {
	p, err := s.signIn.BindCode(ctx, in.Body.Ticket, in.Body.Code)
	return s.weChatProgress(ctx, p, err)
}

func (s *server) weChatVisitor(ctx context.Context, in *struct {
	Body struct {
		WeChatTicket

		Notice int `json:"privacy_version" minimum:"1" doc:"所同意的隐私政策的版本"`
	}
}) (WeChatProgress, error) {
	p, err := s.signIn.BindVisitor(ctx, in.Body.Ticket, in.Body.Notice)
	return s.weChatProgress(ctx, p, err)
}

func (s *server) switchSide(ctx context.Context, in *struct {
	Body struct {
		As auth.Side `json:"as" enum:"staff,resident" doc:"换成哪种身份"`
	}
}) (WeChatProgress, error) {
	x := exchangeOf(ctx)
	p, err := s.signIn.Switch(ctx, x.actor.PersonID, x.sessionID, in.Body.As)
	return s.weChatProgress(ctx, p, err)
}
