package api

import (
	"context"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/wechat"
)

// WeChatInvite binds by an invitation.
type WeChatInvite struct {
	WeChatTicket

	Invitation string `json:"invitation" minLength:"1" maxLength:"64" doc:"邀请码，扫小程序码时为 scene"`
}

func (s *server) weChatBindInvitation(ctx context.Context, in *struct{ Body WeChatInvite }) (WeChatProgress, error) {
	p, err := s.signIn.BindInvitation(ctx, in.Body.Ticket, in.Body.Invitation)
	return s.weChatProgress(ctx, p, err)
}

// PictureView is an image in a JSON body.
type PictureView struct {
	Type string `json:"type" doc:"如 image/jpeg"`
	Data []byte `json:"data" doc:"图片内容（Base64）"`
}

func pictureView(p wechat.Picture) *PictureView {
	if len(p.Data) == 0 {
		return nil
	}
	return &PictureView{Type: p.Type, Data: p.Data}
}

// InvitationView is an invitation, shown this once.
type InvitationView struct {
	Code      string       `json:"invitation" doc:"邀请码，只显示这一次"`
	Picture   *PictureView `json:"picture,omitempty" doc:"小程序码；微信没有应答时没有，可以手工输入邀请码"`
	ExpiresAt time.Time    `json:"expires_at" doc:"有效期，72 小时"`
}

type personPath struct {
	ID string `path:"id" maxLength:"40" doc:"人员编号"`
}

func (s *server) invite(ctx context.Context, in *personPath) (InvitationView, error) {
	i, err := s.signIn.Invite(ctx, actorOf(ctx).PersonID, in.ID)
	return InvitationView{Code: i.Code, Picture: pictureView(i.Picture), ExpiresAt: i.ExpiresAt}, err
}

func (s *server) disinvite(ctx context.Context, in *personPath) (struct{}, error) {
	return struct{}{}, s.signIn.Disinvite(ctx, actorOf(ctx).PersonID, in.ID)
}

// Unbinding says whether the phone was lost.
type Unbinding struct {
	Lost bool `json:"lost,omitempty" doc:"手机丢失：两种身份都解绑，用它扫码登录的电脑也退出；工作身份今后凭邀请码才能再绑定"`
}

func (s *server) unbindPerson(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"40" doc:"人员编号"`
	Body Unbinding
}) (struct{}, error) {
	return struct{}{}, s.signIn.UnbindStaff(ctx, actorOf(ctx).PersonID, in.ID, in.Body.Lost)
}

func (s *server) unbindMine(ctx context.Context, in *struct{ Body Unbinding }) (struct{}, error) {
	return struct{}{}, s.signIn.Unbind(ctx, actorOf(ctx).PersonID, in.Body.Lost)
}

// WeChatView is what the caller has bound.
type WeChatView struct {
	Bound   bool        `json:"bound" doc:"绑定了微信"`
	Sides   []auth.Side `json:"sides" doc:"这个微信可以用的身份"`
	Follows bool        `json:"follows" doc:"关注了公众号"`
	Phones  []PhoneView `json:"phones" doc:"居民绑定的手机号"`
}

// PhoneView is a number that a resident has bound.
type PhoneView struct {
	ID      string    `json:"id"`
	Number  string    `json:"number" doc:"手机号，已遮盖"`
	BoundAt time.Time `json:"bound_at" doc:"绑定时间"`
}

func (s *server) myWeChat(ctx context.Context, _ *struct{}) (WeChatView, error) {
	state, err := s.signIn.WeChatState(ctx, actorOf(ctx).PersonID)
	out := WeChatView{Bound: state.Bound, Sides: append([]auth.Side{}, state.Sides...), Follows: state.Follows, Phones: []PhoneView{}}
	for _, p := range state.Phones {
		out.Phones = append(out.Phones, PhoneView(p))
	}
	return out, err
}

func (s *server) addPhone(ctx context.Context, in *struct {
	Body struct {
		PhoneCode string `json:"phone_code" minLength:"1" maxLength:"200" doc:"手机号按钮返回的 code"`
	}
}) (struct{}, error) {
	return struct{}{}, s.signIn.AddPhone(ctx, actorOf(ctx).PersonID, in.Body.PhoneCode)
}

func (s *server) dropPhone(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"40" doc:"号码的 id"`
}) (struct{}, error) {
	return struct{}{}, s.signIn.DropPhone(ctx, actorOf(ctx).PersonID, in.ID)
}

// FollowView is a code of the official account.
type FollowView struct {
	Content   string `json:"content" doc:"二维码的内容，由客户端画出"`
	Picture   string `json:"picture" doc:"显示二维码的地址"`
	ExpiresIn int    `json:"expires_in" doc:"有效期，秒"`
}

func (s *server) followCode(ctx context.Context, _ *struct{}) (FollowView, error) {
	c, err := s.signIn.FollowCode(ctx, actorOf(ctx).PersonID)
	return FollowView{Content: c.Content, Picture: c.Picture, ExpiresIn: int(c.Life / time.Second)}, err
}

// ScanBegun is a console that waits to be confirmed on a phone.
type ScanBegun struct {
	Poll      string       `json:"poll_token" doc:"查询进度的凭证，只留在浏览器里"`
	Scene     string       `json:"scene" doc:"二维码的内容"`
	Picture   *PictureView `json:"picture,omitempty" doc:"小程序码"`
	ExpiresAt time.Time    `json:"expires_at" doc:"有效期，2 分钟"`
}

func (s *server) beginScan(ctx context.Context, _ *struct{}) (ScanBegun, error) {
	b, err := s.signIn.BeginScan(ctx)
	return ScanBegun{Poll: b.Poll, Scene: b.Scene, Picture: pictureView(b.Picture), ExpiresAt: b.ExpiresAt}, err
}

// ScanProgress is how far a scan has come; once confirmed, the sign-in goes on as after a right password.
type ScanProgress struct {
	State  auth.ScanState  `json:"state" enum:"waiting,seen,confirmed" doc:"waiting 待扫描，seen 已扫描、待确认，confirmed 已确认"`
	SignIn *SignInProgress `json:"sign_in,omitempty" doc:"已确认时：登录的下一步或令牌；只返回一次"`
}

func (s *server) pollScan(ctx context.Context, in *struct {
	Body struct {
		Poll   string `json:"poll_token" minLength:"1" maxLength:"100" doc:"取二维码时返回的 poll_token"`
		Cookie bool   `json:"cookie,omitempty" doc:"浏览器用：refresh_token 放在 Cookie 里"`
	}
}) (out ScanProgress, err error) {
	p, err := s.progress(ctx, in.Body.Cookie, func(a *auth.Service) (p auth.Progress, err error) {
		out.State, p, err = a.PollScan(ctx, in.Body.Poll)
		return p, err
	})
	if err == nil && out.State == auth.ScanConfirmed {
		out.SignIn = &p
	}
	return out, err
}

// ScanScene names what was scanned.
type ScanScene struct {
	Scene string `json:"scene" minLength:"1" maxLength:"64" doc:"扫到的 scene"`
}

// ScanPlace is where the console is that wants to sign in.
type ScanPlace struct {
	Address string    `json:"address" doc:"电脑的网络地址"`
	Agent   string    `json:"agent" doc:"浏览器"`
	BegunAt time.Time `json:"begun_at" doc:"打开登录页的时间"`
	Known   bool      `json:"known" doc:"您近期在这个网络登录过；false 时请醒目提醒：可能是别人发来的二维码"`
}

func (s *server) lookAtScan(ctx context.Context, in *struct{ Body ScanScene }) (ScanPlace, error) {
	v, err := s.signIn.LookAtScan(ctx, grantOf(ctx), in.Body.Scene)
	return ScanPlace{Address: v.Address, Agent: v.Agent, BegunAt: v.BegunAt, Known: v.Known}, err
}

func (s *server) answerScan(ctx context.Context, in *struct {
	Body struct {
		ScanScene

		Confirm bool `json:"confirm" doc:"true 确认登录，false 拒绝"`
	}
}) (struct{}, error) {
	return struct{}{}, s.signIn.AnswerScan(ctx, grantOf(ctx), in.Body.Scene, in.Body.Confirm)
}

// grantOf is the caller's person and session.
func grantOf(ctx context.Context) auth.Grant {
	x := exchangeOf(ctx)
	return auth.Grant{PersonID: x.actor.PersonID, SessionID: x.sessionID}
}
