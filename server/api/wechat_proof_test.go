package api

import (
	"net/http"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workflow"
)

// scanned signs a console in with a phone, and with a code where secret is one.
func (o *weChatOffice) scanned(access, secret string) (ScanBegun, TokensView) {
	o.t.Helper()
	b := ok[ScanBegun](o.from(elsewhere, "", http.MethodPost, "/auth/scan", nil))
	ok[ScanPlace](o.as(access, http.MethodPost, "/auth/scan/look", fields{"scene": b.Scene}))
	o.as(access, http.MethodPost, "/auth/scan/answer", fields{"scene": b.Scene, "confirm": true}).done()
	step := *ok[ScanProgress](o.from(elsewhere, "", http.MethodPost, "/auth/scan/poll", fields{"poll_token": b.Poll})).SignIn
	if secret != "" {
		o.pass(30 * time.Second)
		step = ok[SignInProgress](o.from(elsewhere, "", http.MethodPost, "/auth/totp", fields{"step_token": step.StepToken, "code": o.code(secret)}))
	}
	if step.Step != auth.StepDone {
		o.t.Fatalf("%+v", step)
	}
	return b, *step.Tokens
}

// A console that was signed in with a phone is out when that phone is lost, or bound no more; and is itself no phone.
func TestALostPhoneEndsTheConsoleItSignedIn(t *testing.T) {
	for _, body := range []fields{{"lost": true}, {}} {
		o := newWeChatOffice(t, auth.DefaultSettings)
		secret := o.enrolled("p-h1")
		phone := o.bound(headPhone, auth.AsStaff).AccessToken
		_, console := o.scanned(phone, secret)
		if ok[Me](o.me(console.AccessToken)).ID != "p-h1" {
			t.Fatal("the console is not signed in")
		}
		// The console confirms no other, and has no other side.
		b := ok[ScanBegun](o.from(elsewhere, "", http.MethodPost, "/auth/scan", nil))
		o.as(console.AccessToken, http.MethodPost, "/auth/scan/look", fields{"scene": b.Scene}).refused(http.StatusForbidden, "scan.staff_only")
		o.bound(headPhone, auth.AsResident)
		o.as(console.AccessToken, http.MethodPost, "/auth/switch", fields{"as": "resident"}).refused(http.StatusConflict, "wechat.not_bound")

		// One that waits for its code when the phone is reported does not come in either.
		ok[ScanPlace](o.as(phone, http.MethodPost, "/auth/scan/look", fields{"scene": b.Scene}))
		o.as(phone, http.MethodPost, "/auth/scan/answer", fields{"scene": b.Scene, "confirm": true}).done()
		waits := *ok[ScanProgress](o.from(elsewhere, "", http.MethodPost, "/auth/scan/poll", fields{"poll_token": b.Poll})).SignIn

		o.as(phone, http.MethodPost, "/me/wechat/unbind", body).done()
		for _, access := range []string{phone, console.AccessToken} {
			o.me(access).refused(http.StatusUnauthorized, "auth.session_ended")
		}
		o.from(elsewhere, "", http.MethodPost, "/auth/refresh", fields{"refresh_token": console.RefreshToken}).refused(http.StatusUnauthorized, "auth.session_ended")
		o.pass(30 * time.Second)
		o.from(elsewhere, "", http.MethodPost, "/auth/totp", fields{"step_token": waits.StepToken, "code": o.code(secret)}).refused(http.StatusUnauthorized, "auth.step_expired")
	}
}

// The system administrator reports a lost phone: what its owner has bound as a resident goes from it too.
func TestTheAdministratorReportsALostPhone(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	staff := o.bound(headPhone, auth.AsStaff)
	resident := o.bound(headPhone, auth.AsResident)
	o.post("p-sa", "/people/p-h1/wechat/unbind", fields{"lost": true}).done()
	for _, one := range []TokensView{staff, resident} {
		o.me(one.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
	}
	for _, side := range []auth.Side{auth.AsStaff, auth.AsResident} {
		if p := ok[WeChatProgress](o.open(headPhone, side)); p.Need != auth.NeedBinding || p.Tokens != nil {
			t.Errorf("%s: %+v", side, p)
		}
	}
}

// Who is given a post that sees every case after a number alone has bound them, is out at once and shows more: the head of a department
// becomes the supervisor, or stands in for the principal leader.
func TestMoreIsAskedOfWhoIsGivenToSeeAll(t *testing.T) {
	give := map[string]func(o *weChatOffice){
		"a post":       func(o *weChatOffice) { o.move("p-h1", organisation.Post{Role: casework.Supervisor}) },
		"a delegation": func(o *weChatOffice) { o.delegated("p-pl", "p-h1", "2026-03-02T09:00:00+08:00") },
	}
	for name, giving := range give {
		o := newWeChatOffice(t, auth.DefaultSettings)
		secret := o.enrolled("p-h1")
		was, other := o.bound(headPhone, auth.AsStaff), *ok[WeChatProgress](o.open(headPhone, "")).Tokens
		resident := o.bound(headPhone, auth.AsResident)
		for _, one := range []TokensView{was, other} {
			ok[Me](o.me(one.AccessToken))
		}
		giving(o)
		o.me(was.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
		o.from(home, "", http.MethodPost, "/auth/refresh", fields{"refresh_token": other.RefreshToken}).refused(http.StatusUnauthorized, "auth.session_ended")
		ok[Me](o.me(resident.AccessToken))

		p := ok[WeChatProgress](o.open(headPhone, auth.AsStaff))
		turned := ok[WeChatProgress](o.as(resident.AccessToken, http.MethodPost, "/auth/switch", fields{"as": "staff"}))
		for _, one := range []WeChatProgress{p, turned} {
			if one.Need != auth.NeedCode || one.Tokens != nil {
				t.Fatalf("%s: %+v", name, one)
			}
		}
		give := func(code string) answer {
			return o.from(home, "", http.MethodPost, "/auth/wechat/bind/code", fields{"bind_ticket": p.Ticket, "code": code})
		}
		give("000000").refused(http.StatusUnauthorized, "auth.code_wrong")
		o.pass(30 * time.Second)
		done := ok[WeChatProgress](give(o.code(secret)))
		if ok[Me](o.me(done.Tokens.AccessToken)).ID != "p-h1" {
			t.Errorf("%s: %+v", name, done)
		}
		if p := ok[WeChatProgress](o.open(headPhone, auth.AsStaff)); p.Tokens == nil {
			t.Errorf("%s: asked again: %+v", name, p)
		}
		// The other ticket is of a binding that ended meanwhile.
		o.as(done.Tokens.AccessToken, http.MethodPost, "/me/wechat/unbind", fields{}).done()
		o.pass(30 * time.Second)
		o.from(home, "", http.MethodPost, "/auth/wechat/bind/code", fields{"bind_ticket": turned.Ticket, "code": o.code(secret)}).refused(http.StatusUnauthorized, "wechat.ticket")
	}
}

func (o *office) delegated(from, to, since string) {
	o.t.Helper()
	ok[workflow.DelegationView](o.post(from, "/delegations", fields{"to": to, "from": since, "until": "2026-03-06T17:00:00+08:00"}))
}

// A delegation to come asks for more when it begins, of a session that runs too; and of who binds then.
func TestMoreIsAskedWhenADelegationBegins(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.delegated("p-pl", "p-h1", "2026-03-02T11:00:00+08:00")
	o.bound(headPhone, auth.AsStaff)
	o.at("2026-03-02 10:59")
	p := ok[WeChatProgress](o.open(headPhone, ""))
	ok[Me](o.me(p.Tokens.AccessToken))
	o.at("2026-03-02 11:00")
	o.me(p.Tokens.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
	o.delegated("p-pl", "p-h2", "2026-03-02T11:00:00+08:00")
	number := numberOf("p-h2")
	o.sim.AddPhone(number, "", number, "")
	o.press(number, o.ticket(number, auth.AsStaff), auth.AsStaff).refused(http.StatusConflict, "wechat.needs_invitation")
}

// Who has no second factor to give a code of comes back with an invitation, and is not asked again.
func TestWhoIsGivenToSeeAllComesBackWithAnInvitation(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.bound(headPhone, auth.AsStaff)
	o.move("p-h1", organisation.Post{Role: casework.Supervisor})
	p := ok[WeChatProgress](o.open(headPhone, ""))
	if p.Need != auth.NeedInvitation || p.Tokens != nil || p.Ticket == "" {
		t.Fatalf("%+v", p)
	}
	o.press(headPhone, p.Ticket, auth.AsStaff).refused(http.StatusConflict, "wechat.needs_invitation")
	inv := ok[InvitationView](o.post("p-sa", "/people/p-h1/invitation", nil))
	done := ok[WeChatProgress](o.from(home, "", http.MethodPost, "/auth/wechat/bind/invitation", fields{"bind_ticket": p.Ticket, "invitation": inv.Code}))
	if ok[Me](o.me(done.Tokens.AccessToken)).ID != "p-h1" {
		t.Errorf("%+v", done)
	}
	if p := ok[WeChatProgress](o.open(headPhone, "")); p.Tokens == nil {
		t.Errorf("asked again: %+v", p)
	}
}

// Who has never had a password is disabled and enabled like everybody else.
func TestDisablingWhoComesInThroughWeChatAlone(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	tokens := o.bound(headPhone, auth.AsStaff)
	o.post("p-sa", "/accounts/p-h1/disable", nil).done()
	o.me(tokens.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
	if p := ok[WeChatProgress](o.open(headPhone, auth.AsStaff)); p.Tokens != nil {
		t.Errorf("%+v", p)
	}
	o.login(home, "p-h1", "").refused(http.StatusBadRequest, "request.invalid")
	o.login(home, "p-h1", "x").refused(http.StatusUnauthorized, "auth.refused")
	o.post("p-sa", "/accounts/p-h1/enable", nil).done()
	if p := ok[WeChatProgress](o.open(headPhone, auth.AsStaff)); p.Tokens == nil {
		t.Errorf("%+v", p)
	}
	// One who has bound nothing yet does not bind either.
	number := numberOf("p-h2")
	o.sim.AddPhone(number, "", number, "")
	o.post("p-sa", "/accounts/p-h2/disable", nil).done()
	o.press(number, o.ticket(number, auth.AsStaff), auth.AsStaff).refused(http.StatusForbidden, "wechat.not_on_list")
}

// Without a second factor a phone alone opens no console of who has no password.
func TestAScanOpensNoConsoleWithoutAPassword(t *testing.T) {
	o := newWeChatOffice(t, noSecondFactor)
	phone := o.bound(headPhone, auth.AsStaff).AccessToken
	b := ok[ScanBegun](o.from(elsewhere, "", http.MethodPost, "/auth/scan", nil))
	ok[ScanPlace](o.as(phone, http.MethodPost, "/auth/scan/look", fields{"scene": b.Scene}))
	o.as(phone, http.MethodPost, "/auth/scan/answer", fields{"scene": b.Scene, "confirm": true}).done()
	o.from(elsewhere, "", http.MethodPost, "/auth/scan/poll", fields{"poll_token": b.Poll}).refused(http.StatusConflict, "scan.password_first")
	o.account("p-h1")
	_, console := o.scanned(phone, "")
	o.as(phone, http.MethodPost, "/me/wechat/unbind", fields{"lost": true}).done()
	o.me(console.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
}
