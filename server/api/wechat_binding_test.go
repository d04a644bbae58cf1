package api

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/auth"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
	"xiaopu/server/workflow"
)

// as sends a request with an access token.
func (o *weChatOffice) as(access, method, path string, body any) answer {
	o.t.Helper()
	return o.from(home, access, method, path, body)
}

func (a answer) done() {
	a.t.Helper()
	if a.status != http.StatusNoContent {
		a.t.Fatalf("%s: %d %s", a.what, a.status, a.body)
	}
}

// An invitation binds whom it is for, once, within three days; a new one ends the old.
func TestInvitations(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	invite := func() InvitationView { return ok[InvitationView](o.post("p-sa", "/people/p-cy/invitation", nil)) }
	use := func(phone, code string) answer {
		return o.from(home, "", http.MethodPost, "/auth/wechat/bind/invitation", fields{"bind_ticket": o.ticket(phone, auth.AsStaff), "invitation": code})
	}
	for _, who := range []string{"p-cy", "p-au", "p-r", "p-pl"} {
		o.post(who, "/people/p-cy/invitation", nil).refused(http.StatusForbidden, "auth.denied")
	}
	o.post("p-sa", "/people/p-au/invitation", nil).refused(http.StatusForbidden, "account.administrator")
	o.post("p-sa", "/people/p-left/invitation", nil).refused(http.StatusNotFound, "account.not_found")

	old, current := invite(), invite()
	if current.Picture == nil || len(current.Code) > 32 || !current.ExpiresAt.Equal(o.clock().Add(72*time.Hour)) {
		t.Errorf("%+v", current)
	}
	for _, bad := range []string{old.Code, "i." + strings.Repeat("A", 22), "x", current.Code + "A"} {
		use("thief", bad).refused(http.StatusUnauthorized, "wechat.invitation")
	}
	p := ok[WeChatProgress](use(centrePhone, current.Code)) // one who sees all, and no code is asked for: the administrator knows them
	if ok[Me](o.me(p.Tokens.AccessToken)).ID != "p-cy" {
		t.Errorf("%+v", p)
	}
	use("thief", current.Code).refused(http.StatusUnauthorized, "wechat.invitation")
	late := invite()
	o.pass(72 * time.Hour)
	use("thief", late.Code).refused(http.StatusUnauthorized, "wechat.invitation")
	taken := invite()
	if a := o.call("p-sa", http.MethodDelete, v1+"/people/p-cy/invitation", nil); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	use("thief", taken.Code).refused(http.StatusUnauthorized, "wechat.invitation")
	if n := len(o.audited("invitation.make")); n != 4 {
		t.Errorf("%d invitations in the audit log", n)
	}
}

// Unbinding ends what was begun with it at once; a lost phone's owner binds the next one by an invitation alone.
func TestUnbinding(t *testing.T) {
	o := newWeChatOffice(t, noSecondFactor)
	o.account("p-h1")
	gone := func(access string) { t.Helper(); o.me(access).refused(http.StatusUnauthorized, "auth.session_ended") }
	again := func() answer { return o.press(headPhone, o.ticket(headPhone, auth.AsStaff), auth.AsStaff) }

	phone, console := o.bound(headPhone, auth.AsStaff), o.session("p-h1")
	o.as(console.AccessToken, http.MethodPost, "/me/wechat/unbind", fields{}).done()
	gone(phone.AccessToken)
	ok[Me](o.me(console.AccessToken)) // was not begun with it
	o.as(console.AccessToken, http.MethodPost, "/me/wechat/unbind", fields{}).refused(http.StatusNotFound, "wechat.none")
	phone = *ok[WeChatProgress](again()).Tokens

	// Lost, and both sides with it.
	resident := o.bound(headPhone, auth.AsResident)
	o.as(console.AccessToken, http.MethodPost, "/me/wechat/unbind", fields{"lost": true}).done()
	gone(phone.AccessToken)
	gone(resident.AccessToken)
	o.from(home, "", http.MethodPost, "/auth/refresh", fields{"refresh_token": resident.RefreshToken}).refused(http.StatusUnauthorized, "auth.session_ended")
	again().refused(http.StatusConflict, "wechat.needs_invitation")
	inv := ok[InvitationView](o.post("p-sa", "/people/p-h1/invitation", nil))
	p := ok[WeChatProgress](o.from(home, "", http.MethodPost, "/auth/wechat/bind/invitation", fields{"bind_ticket": o.ticket(headPhone, auth.AsStaff), "invitation": inv.Code}))

	// The system administrator does it for them.
	o.post("p-h2", "/people/p-h1/wechat/unbind", fields{}).refused(http.StatusForbidden, "auth.denied")
	o.post("p-sa", "/people/p-h1/wechat/unbind", fields{}).done()
	gone(p.Tokens.AccessToken)
	phone = *ok[WeChatProgress](again()).Tokens

	// Who leaves is out at once, and is not on the list any more.
	o.post("p-sa", "/people/p-h1/leave", fields{"reason": "调离"})
	if a := o.me(phone.AccessToken); a.status != http.StatusUnauthorized {
		t.Errorf("%d %s", a.status, a.body)
	}
	if p := ok[WeChatProgress](o.open(headPhone, "")); p.Tokens != nil {
		t.Errorf("%+v", p)
	}
}

func TestResidentsAddAndDropPhones(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	visitor := ok[WeChatProgress](o.from(home, "", http.MethodPost, "/auth/wechat/bind/visitor", fields{"privacy_version": auth.ShippedNotice, "bind_ticket": o.ticket(residentPhone, "")})).Tokens.AccessToken
	add := func(phone string) answer {
		return o.as(visitor, http.MethodPost, "/me/phones", fields{"phone_code": o.sim.PhoneCode(phone)})
	}
	add("thief").refused(http.StatusBadRequest, "wechat.phone_code") // of another WeChat
	add(residentPhone).done()
	add(residentPhone).done()
	state := ok[WeChatView](o.as(visitor, http.MethodGet, "/me/wechat", nil))
	if len(state.Phones) != 1 || state.Phones[0].Number != "138****5678" || state.Follows {
		t.Fatalf("%+v", state)
	}
	other := o.bound("thief", auth.AsResident)
	o.as(other.AccessToken, http.MethodDelete, "/me/phones/"+state.Phones[0].ID, nil).refused(http.StatusNotFound, "wechat.no_phone")
	o.as(visitor, http.MethodDelete, "/me/phones/"+state.Phones[0].ID, nil).done()
	o.me(visitor).refused(http.StatusUnauthorized, "auth.session_ended")
}

// Who follows the official account is found by the unionid, and without one by the code they scanned.
func TestFollowing(t *testing.T) {
	for _, joined := range []bool{true, false} {
		o := newWeChatOffice(t, auth.DefaultSettings)
		if !joined {
			o.sim.Change(headPhone, func(p *wechatsim.Phone) { p.UnionID = "" })
		}
		access := o.bound(headPhone, auth.AsStaff).AccessToken
		reach := func() auth.Reached {
			t.Helper()
			o.sim.Wait()
			r, err := o.signIn.Reach(t.Context(), "p-h1")
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		phone, _ := o.sim.Phone(headPhone)
		if r := reach(); r.OfficialID != "" || r.MiniProgram != phone.OpenID {
			t.Errorf("joined %v: %+v", joined, r)
		}
		scanned := ""
		if !joined {
			scanned = ok[FollowView](o.as(access, http.MethodPost, "/me/wechat/follow-code", nil)).Content
		}
		if err := o.sim.Follow(headPhone, scanned); err != nil {
			t.Fatal(err)
		}
		if r := reach(); r.OfficialID != phone.OAID {
			t.Errorf("joined %v: follows, and is not reached", joined)
		}
		if !ok[WeChatView](o.as(access, http.MethodGet, "/me/wechat", nil)).Follows {
			t.Error("does not follow")
		}
		if scanned != "" { // the code is used up: another who scans it is nobody's
			if err := o.sim.Follow("thief", scanned); err != nil {
				t.Fatal(err)
			}
			if r := reach(); r.OfficialID != phone.OAID {
				t.Error("a code was good twice")
			}
		}
		o.pass(time.Second)
		if err := o.sim.Unfollow(headPhone); err != nil {
			t.Fatal(err)
		}
		if r := reach(); r.OfficialID != "" {
			t.Errorf("joined %v: reached after unfollowing", joined)
		}
	}
}

// Somebody else scans the code that a member of staff shows: where the unionids tell, the notices do not go to them.
func TestAnotherScansTheFollowCode(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	access := o.bound(headPhone, auth.AsStaff).AccessToken
	code := ok[FollowView](o.as(access, http.MethodPost, "/me/wechat/follow-code", nil)).Content
	if err := o.sim.Follow("thief", code); err != nil {
		t.Fatal(err)
	}
	o.sim.Wait()
	if r, err := o.signIn.Reach(t.Context(), "p-h1"); err != nil || r.OfficialID != "" {
		t.Error("another's account gets the notices", err)
	}
}

// The console signs in by the phone: the second factor stays, the code is good once, and only who scanned it can confirm.
func TestScanSignIn(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	secret := o.enrolled("p-h1")
	phone := o.bound(headPhone, auth.AsStaff).AccessToken
	begin := func() ScanBegun { return ok[ScanBegun](o.from(elsewhere, "", http.MethodPost, "/auth/scan", nil)) }
	poll := func(b ScanBegun) answer {
		return o.from(elsewhere, "", http.MethodPost, "/auth/scan/poll", fields{"poll_token": b.Poll, "cookie": true})
	}
	look := func(access string, b ScanBegun) answer {
		return o.as(access, http.MethodPost, "/auth/scan/look", fields{"scene": b.Scene})
	}
	tap := func(access string, b ScanBegun, confirm bool) answer {
		return o.as(access, http.MethodPost, "/auth/scan/answer", fields{"scene": b.Scene, "confirm": confirm})
	}
	b := begin()
	if b.Picture == nil || len(b.Scene) > 32 {
		t.Errorf("%+v", b)
	}
	if p := ok[ScanProgress](poll(b)); p.State != auth.ScanWaiting || p.SignIn != nil {
		t.Errorf("%+v", p)
	}
	tap(phone, b, true).refused(http.StatusConflict, "scan.taken") // not looked at
	place := ok[ScanPlace](look(phone, b))
	if place.Address != elsewhere || place.Agent != "test browser" || place.Known {
		t.Errorf("%+v", place)
	}
	// Another member of staff, a resident, and a session by password confirm nothing.
	o.sim.AddPhone("h2", "", numberOf("p-h2"), "")
	other, resident := o.bound("h2", auth.AsStaff).AccessToken, o.bound(residentPhone, auth.AsResident).AccessToken
	look(other, b).refused(http.StatusConflict, "scan.taken")
	tap(other, b, true).refused(http.StatusConflict, "scan.taken")
	tap(resident, b, true).refused(http.StatusForbidden, "scan.staff_only")
	tap(o.token("p-h1"), b, true).refused(http.StatusForbidden, "scan.staff_only")
	if p := ok[ScanProgress](poll(b)); p.State != auth.ScanSeen {
		t.Errorf("%+v", p)
	}
	tap(phone, b, true).done()
	tap(phone, b, true).refused(http.StatusUnauthorized, "scan.over")

	var won atomic.Int32
	var all sync.WaitGroup
	var step SignInProgress
	for range 4 {
		all.Go(func() {
			a := poll(b)
			if a.status == http.StatusOK && won.Add(1) == 1 {
				step = *ok[ScanProgress](a).SignIn
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || step.Step != auth.StepTOTP {
		t.Fatalf("%d polls won, %+v", won.Load(), step)
	}
	o.pass(30 * time.Second)
	done := ok[SignInProgress](o.from(elsewhere, "", http.MethodPost, "/auth/totp", fields{"step_token": step.StepToken, "code": o.code(secret)}))
	if done.Step != auth.StepDone || ok[Me](o.me(done.Tokens.AccessToken)).ID != "p-h1" {
		t.Errorf("%+v", done)
	}
	if b := begin(); !ok[ScanPlace](look(phone, b)).Known {
		t.Error("the network is not known")
	}

	refused := begin()
	ok[ScanPlace](look(phone, refused))
	tap(phone, refused, false).done()
	poll(refused).refused(http.StatusUnauthorized, "scan.over")
	late := begin()
	o.pass(2 * time.Minute)
	look(phone, late).refused(http.StatusUnauthorized, "scan.over")
	poll(late).refused(http.StatusUnauthorized, "scan.over")
	// The code tells nothing that one could poll with.
	o.from(elsewhere, "", http.MethodPost, "/auth/scan/poll", fields{"poll_token": begin().Scene}).refused(http.StatusUnauthorized, "scan.over")
}

const elsewhere = "198.51.100.7"

// Who has no second factor yet does not come in by scanning alone.
func TestScanNeedsAnAccountThatIsSetUp(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	phone := o.bound(headPhone, auth.AsStaff).AccessToken
	b := ok[ScanBegun](o.from(elsewhere, "", http.MethodPost, "/auth/scan", nil))
	ok[ScanPlace](o.as(phone, http.MethodPost, "/auth/scan/look", fields{"scene": b.Scene}))
	o.as(phone, http.MethodPost, "/auth/scan/answer", fields{"scene": b.Scene, "confirm": true}).done()
	o.from(elsewhere, "", http.MethodPost, "/auth/scan/poll", fields{"poll_token": b.Poll}).refused(http.StatusConflict, "scan.password_first")
}

// Who comes back binds anew: the phone they had may be another's by now.
func TestWhoComesBackBindsWeChatAnew(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.bound(headPhone, auth.AsStaff)
	ok[LeftAt](o.post("p-sa", "/people/p-h1/leave", fields{"reason": "调离"}))
	change := ok[workflow.ProposedChange](o.post("p-sa", "/organisation/changes", fields{"people": []fields{{"id": "p-h1", "returned": true}}}))
	ok[workflow.ProposedChange](o.post("p-se", "/organisation/changes/"+change.ID+"/apply", nil))
	if p := ok[WeChatProgress](o.open(headPhone, auth.AsStaff)); p.Need != auth.NeedBinding || p.Tokens != nil {
		t.Errorf("%+v", p)
	}
	if n := len(o.audited("wechat.unbind")); n != 1 {
		t.Errorf("%d unbindings in the audit log", n)
	}
}

func TestWithoutAnOfficialAccountNobodyIsToldToTryAgain(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	app, _, _ := wechatsim.Accounts()
	client, err := wechat.New(wechat.Options{App: app, Cache: o.cache})
	if err != nil {
		t.Fatal(err)
	}
	s := auth.New(auth.Options{DB: o.db, Engine: o.engine, Cache: o.cache, Signer: o.signer, Clock: o.clock, Settings: auth.DefaultSettings, WeChat: client})
	if _, err := s.FollowCode(t.Context(), "p-h1"); apperr.ReasonOf(err) != "wechat.no_official" || !strings.Contains(err.Error(), "没有接入公众号") {
		t.Error(err)
	}
}
