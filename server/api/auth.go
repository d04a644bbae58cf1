package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"xiaopu/server/apperr"
	"xiaopu/server/auth"
)

// signInRoutes are the routes that are public although they lie under /api/v1: who signs in has no token yet. What they ask
// for instead is a password, a code of WeChat, the token of a sign-in under way, or a refresh token.
var signInRoutes = []string{
	"/auth/login", "/auth/password", "/auth/totp/enrol", "/auth/totp/confirm", "/auth/totp", "/auth/refresh",
	"/auth/wechat", "/auth/wechat/bind/phone", "/auth/wechat/bind/code", "/auth/wechat/bind/visitor", "/auth/wechat/bind/invitation", "/auth/wechat/bind/consent",
	"/auth/scan", "/auth/scan/poll", "/privacy-notice",
}

// withSignIn is handle for what needs the sign-in service.
func withSignIn[I, O any](h func(s *server, ctx context.Context, in *I) (O, error)) func(*server, huma.API, huma.Operation) {
	return handle(func(s *server, ctx context.Context, in *I) (O, error) {
		if s.signIn == nil {
			var none O
			return none, errNoSignIn
		}
		return h(s, ctx, in)
	})
}

// Login is name and password. Neither stands in any log.
type Login struct {
	Login    string `json:"login" minLength:"1" maxLength:"100" doc:"登录名：人员编号，编号由系统编的为本人手机号；管理员可改"`
	Password string `json:"password" minLength:"1" maxLength:"200" doc:"密码"`
	Cookie   bool   `json:"cookie,omitempty" doc:"浏览器用：refresh_token 放在 Cookie 里（HttpOnly、SameSite=Strict），不在正文中返回"`
}

// SignInStep is a step of a sign-in under way.
type SignInStep struct {
	Token  string `json:"step_token" minLength:"1" maxLength:"100" doc:"登录返回的 step_token"`
	Cookie bool   `json:"cookie,omitempty" doc:"浏览器用：refresh_token 放在 Cookie 里"`
}

// SignInCode is a step with a code.
type SignInCode struct {
	SignInStep

	Code string `json:"code" minLength:"1" maxLength:"40" doc:"身份验证器的 6 位验证码，或恢复码"`
}

// SignInPassword is the step with a new password.
type SignInPassword struct {
	SignInStep

	Password string `json:"new_password" minLength:"1" maxLength:"200" doc:"新密码：至少 10 个字符，含大写、小写、数字、符号中的三种"`
}

// SignInProgress is how far a sign-in has come.
type SignInProgress struct {
	Step          auth.Step   `json:"step" enum:"done,totp,change_password,enrol_totp" doc:"下一步：done 已登录，totp 输入验证码，change_password 设置新密码，enrol_totp 设置第二重验证"`
	StepToken     string      `json:"step_token,omitempty" doc:"后续步骤的凭证"`
	ExpiresAt     time.Time   `json:"expires_at,omitzero" doc:"须在此前完成后续步骤"`
	RecoveryCodes []string    `json:"recovery_codes,omitempty" doc:"恢复码，每个只能用一次，请离线保存；只显示这一次"`
	Tokens        *TokensView `json:"tokens,omitempty" doc:"step 为 done 时：令牌"`
}

// TokensView are the tokens of a session.
type TokensView struct {
	SessionID    string    `json:"session_id" doc:"这次登录的编号"`
	AccessToken  string    `json:"access_token" doc:"访问令牌，放在 Authorization: Bearer 里"`
	AccessUntil  time.Time `json:"access_until" doc:"访问令牌的有效期；到期前后用 refresh_token 换新"`
	RefreshToken string    `json:"refresh_token,omitempty" doc:"换取新令牌用，只能用一次；放在 Cookie 里时不返回"`
	RefreshUntil time.Time `json:"refresh_until" doc:"登录的最长期限；一段时间没有操作会提前结束"`
}

func (s *server) login(ctx context.Context, in *struct{ Body Login }) (SignInProgress, error) {
	return s.progress(ctx, in.Body.Cookie, func(a *auth.Service) (auth.Progress, error) {
		return a.Begin(ctx, in.Body.Login, in.Body.Password)
	})
}

func (s *server) signInPassword(ctx context.Context, in *struct{ Body SignInPassword }) (SignInProgress, error) {
	return s.progress(ctx, in.Body.Cookie, func(a *auth.Service) (auth.Progress, error) {
		return a.NewPassword(ctx, in.Body.Token, in.Body.Password)
	})
}

func (s *server) confirmTOTP(ctx context.Context, in *struct{ Body SignInCode }) (SignInProgress, error) {
	return s.progress(ctx, in.Body.Cookie, func(a *auth.Service) (auth.Progress, error) {
		return a.ConfirmTOTP(ctx, in.Body.Token, in.Body.Code)
	})
}

func (s *server) signInTOTP(ctx context.Context, in *struct{ Body SignInCode }) (SignInProgress, error) {
	return s.progress(ctx, in.Body.Cookie, func(a *auth.Service) (auth.Progress, error) {
		return a.GiveCode(ctx, in.Body.Token, in.Body.Code)
	})
}

// progress runs a step and shows how far it came.
func (s *server) progress(ctx context.Context, cookie bool, run func(*auth.Service) (auth.Progress, error)) (SignInProgress, error) {
	p, err := run(s.signIn)
	if err != nil {
		return SignInProgress{}, err
	}
	out := SignInProgress{Step: p.Step, StepToken: p.Token, ExpiresAt: p.ExpiresAt, RecoveryCodes: p.RecoveryCodes}
	if p.Tokens != nil {
		out.Tokens = s.tokens(ctx, *p.Tokens, cookie)
	}
	return out, nil
}

// tokens shows a session's tokens, the refresh token in a cookie when asked to.
func (s *server) tokens(ctx context.Context, t auth.Tokens, cookie bool) *TokensView {
	v := &TokensView{SessionID: t.SessionID, AccessToken: t.AccessToken, AccessUntil: t.AccessUntil, RefreshToken: t.RefreshToken, RefreshUntil: t.RefreshUntil}
	if cookie {
		v.RefreshToken = ""
		setRefreshCookie(ctx, t.RefreshToken, t.RefreshUntil)
	}
	return v
}

// refreshCookie is sent to the sign-in routes of this site alone, and no script can read it.
const refreshCookie = "xiaopu_refresh"

// setRefreshCookie puts the refresh token into the answer's cookie; "" takes it away.
func setRefreshCookie(ctx context.Context, token string, until time.Time) {
	c := http.Cookie{Name: refreshCookie, Value: token, Path: v1 + "/auth", HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode, Expires: until}
	if token == "" {
		c.MaxAge = -1
	}
	exchangeOf(ctx).header.Add("Set-Cookie", c.String())
}

// TOTPSecret is what an authenticator app needs.
type TOTPSecret struct {
	Secret string `json:"secret" doc:"密钥，不能扫描时手工输入"`
	URI    string `json:"uri" doc:"otpauth 地址，显示为二维码"`
}

func (s *server) enrolTOTP(ctx context.Context, in *struct{ Body SignInStep }) (TOTPSecret, error) {
	secret, uri, err := s.signIn.EnrolTOTP(ctx, in.Body.Token)
	return TOTPSecret{Secret: secret, URI: uri}, err
}

type refreshInput struct {
	Cookie string `cookie:"xiaopu_refresh" doc:"登录时要求 cookie 的，由浏览器自动带上"`
	Site   string `header:"Sec-Fetch-Site" doc:"浏览器自动带上；Cookie 只接受来自本站页面的"`
	Body   struct {
		RefreshToken string `json:"refresh_token,omitempty" maxLength:"100" doc:"不用 Cookie 时：现有的 refresh_token"`
	}
}

var errCrossSite = apperr.New(apperr.PermissionDenied, "auth.cross_site", "只能从本站页面续期登录，请回到系统页面操作。")

func (s *server) refresh(ctx context.Context, in *refreshInput) (TokensView, error) {
	token, cookie := in.Body.RefreshToken, false
	if token == "" {
		// A browser sends the cookie by itself. SameSite keeps other sites from making it; this keeps out those of the same
		// registered domain too, and browsers that know of no SameSite cannot post JSON without asking first.
		if in.Site != "" && in.Site != "same-origin" {
			return TokensView{}, errCrossSite
		}
		token, cookie = in.Cookie, true
	}
	t, err := s.signIn.Refresh(ctx, token)
	if err != nil {
		if cookie && apperr.CodeOf(err) == apperr.Unauthenticated {
			setRefreshCookie(ctx, "", time.Time{})
		}
		return TokensView{}, err
	}
	return *s.tokens(ctx, t, cookie), nil
}

func (s *server) logout(ctx context.Context, _ *struct{}) (struct{}, error) {
	x := exchangeOf(ctx)
	setRefreshCookie(ctx, "", time.Time{})
	if x.sessionID == "" {
		return struct{}{}, errNoOwnSession
	}
	return struct{}{}, s.signIn.End(ctx, x.actor.PersonID, x.sessionID, "logout")
}

var errNoOwnSession = apperr.New(apperr.FailedPrecondition, "session.none", "试用令牌不属于任何登录，到期自动失效，无需退出。")

// SessionView is one place where somebody is signed in.
type SessionView struct {
	ID        string    `json:"id"`
	Agent     string    `json:"agent" doc:"浏览器或客户端"`
	Address   string    `json:"address" doc:"登录时的网络地址；IPv6 只到网段"`
	StartedAt time.Time `json:"started_at" doc:"登录时间"`
	SeenAt    time.Time `json:"seen_at" doc:"最近使用，精确到分钟"`
	ExpiresAt time.Time `json:"expires_at" doc:"最迟结束时间"`
	Current   bool      `json:"current" doc:"就是现在这一个"`
}

// SessionList are the sessions of the caller.
type SessionList struct {
	Items []SessionView `json:"items"`
}

func (s *server) sessionList(ctx context.Context, _ *struct{}) (SessionList, error) {
	out := SessionList{Items: []SessionView{}}
	x := exchangeOf(ctx)
	list, err := s.signIn.Sessions(ctx, x.actor.PersonID)
	for _, one := range list {
		out.Items = append(out.Items, SessionView{
			ID: one.ID, Agent: one.Agent, Address: one.Address, StartedAt: one.StartedAt, SeenAt: one.SeenAt, ExpiresAt: one.ExpiresAt, Current: one.ID == x.sessionID,
		})
	}
	return out, err
}

func (s *server) endSession(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"40" doc:"登录的编号"`
}) (struct{}, error) {
	return struct{}{}, s.signIn.End(ctx, actorOf(ctx).PersonID, in.ID, "ended_elsewhere")
}

// EndedSessions counts what was ended.
type EndedSessions struct {
	Ended int64 `json:"ended" doc:"结束了几个"`
}

func (s *server) endOtherSessions(ctx context.Context, _ *struct{}) (EndedSessions, error) {
	x := exchangeOf(ctx)
	n, err := s.signIn.EndOthers(ctx, x.actor.PersonID, x.sessionID)
	return EndedSessions{Ended: n}, err
}

// PasswordChange is a new password with the current one.
type PasswordChange struct {
	Current  string `json:"current_password" minLength:"1" maxLength:"200" doc:"当前密码"`
	Password string `json:"new_password" minLength:"1" maxLength:"200" doc:"新密码：至少 10 个字符，含大写、小写、数字、符号中的三种"`
}

func (s *server) changePassword(ctx context.Context, in *struct{ Body PasswordChange }) (struct{}, error) {
	x := exchangeOf(ctx)
	return struct{}{}, s.signIn.ChangePassword(ctx, x.actor.PersonID, x.sessionID, in.Body.Current, in.Body.Password)
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	Codes []string `json:"recovery_codes" doc:"恢复码，每个只能用一次，请离线保存；只显示这一次，以前的全部失效"`
}

func (s *server) recoveryCodes(ctx context.Context, in *struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"40" doc:"身份验证器现在的 6 位验证码"`
	}
}) (RecoveryCodes, error) {
	codes, err := s.signIn.NewRecoveryCodes(ctx, actorOf(ctx).PersonID, in.Body.Code)
	return RecoveryCodes{Codes: codes}, err
}

type accountsInput struct {
	After string `query:"after" maxLength:"40" doc:"从这名人员之后列起：上一页的 next"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"每页多少条"`
}

// AccountView is a member of staff with their account.
type AccountView struct {
	PersonID     string    `json:"person_id"`
	Name         string    `json:"name" doc:"姓名"`
	Posts        string    `json:"posts" doc:"岗位"`
	Exists       bool      `json:"exists" doc:"是否已开通账号；没有的，重置密码即开通"`
	Login        string    `json:"login,omitempty" doc:"登录名；手机号不显示全部"`
	SignedInAt   time.Time `json:"signed_in_at,omitzero" doc:"最近一次登录"`
	LockedUntil  time.Time `json:"locked_until,omitzero" doc:"在某个网络地址上被锁定到何时"`
	MustChange   bool      `json:"must_change" doc:"下次登录须修改密码"`
	InitialUntil time.Time `json:"initial_until,omitzero" doc:"初始密码有效到何时"`
	SecondFactor bool      `json:"second_factor" doc:"是否已设置第二重验证"`
	DisabledAt   time.Time `json:"disabled_at,omitzero" doc:"停用时间"`
	DisabledWhy  string    `json:"disabled_why,omitempty" doc:"停用原因：administrator 由管理员停用，unused 长期未登录，returned 离岗后回来、尚未重置密码"`
}

// AccountPage is one page of accounts.
type AccountPage struct {
	Items []AccountView `json:"items"`
	Next  string        `json:"next,omitempty" doc:"下一页的 after；没有则已到末尾"`
}

func (s *server) accounts(ctx context.Context, in *accountsInput) (AccountPage, error) {
	page := AccountPage{Items: []AccountView{}}
	list, next, err := s.signIn.Accounts(ctx, in.After, in.Limit)
	if err != nil {
		return page, err
	}
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	for _, one := range list {
		a := one.Account
		page.Items = append(page.Items, AccountView{
			PersonID: one.Person.ID, Name: one.Person.Name, Posts: k.Organisation.DescribePosts(one.Person.ID), Exists: one.Exists, Login: a.Login,
			SignedInAt: a.SignedInAt, LockedUntil: one.LockedUntil, MustChange: a.MustChange, InitialUntil: a.PasswordUntil,
			SecondFactor: one.SecondFactor, DisabledAt: a.DisabledAt, DisabledWhy: a.DisabledWhy,
		})
	}
	page.Next = next
	return page, nil
}

// InitialPassword is shown once.
type InitialPassword struct {
	Login    string    `json:"login" doc:"登录名，一并告知本人；是本人手机号的，只显示一部分"`
	Password string    `json:"password" doc:"初始密码，只显示这一次，请当面或用可靠的方式交给本人"`
	Until    time.Time `json:"until" doc:"须在此前首次登录并修改"`
}

// personInput names whose account is meant.
type personInput struct {
	ID string `path:"id" maxLength:"40" doc:"人员编号"`
}

func (s *server) resetPassword(ctx context.Context, in *personInput) (InitialPassword, error) {
	first, err := s.signIn.ResetPassword(ctx, actorOf(ctx).PersonID, in.ID)
	return InitialPassword(first), err
}

// administer makes a handler of what a system administrator does to an account.
func administer(do func(a *auth.Service, ctx context.Context, actor, personID string) error) func(*server, context.Context, *personInput) (struct{}, error) {
	return func(s *server, ctx context.Context, in *personInput) (struct{}, error) {
		return struct{}{}, do(s.signIn, ctx, actorOf(ctx).PersonID, in.ID)
	}
}

// NewLogin is another login name.
type NewLogin struct {
	Login string `json:"login" minLength:"1" maxLength:"100" doc:"新的登录名：3 到 40 个字母、数字或 . _ @ -，或本人手机号"`
}

func (s *server) setLogin(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"40" doc:"人员编号"`
	Body NewLogin
}) (struct{}, error) {
	return struct{}{}, s.signIn.SetLogin(ctx, actorOf(ctx).PersonID, in.ID, in.Body.Login)
}
