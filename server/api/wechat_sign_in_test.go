package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/cache"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
	"xiaopu/server/workflow"
)

// The phones of the tests, by the number of whom the organisation knows under it.
var (
	headPhone     = numberOf("p-h1")
	centrePhone   = numberOf("p-cy")
	adminPhone    = numberOf("p-sa")
	residentPhone = numberOf("p-r") // who asks in the cases of the tests
)

func numberOf(id string) string {
	people := street().People
	return people[slices.IndexFunc(people, func(p organisation.Person) bool { return p.ID == id })].Phone
}

// weChatOffice is an office that people reach through a stand-in for WeChat.
type weChatOffice struct {
	*office
	sim    *wechatsim.Server
	client *wechat.Client
	cache  *cache.Cache
}

func newWeChatOffice(t testing.TB, settings auth.Settings) *weChatOffice {
	t.Helper()
	return throughWeChat(t, newOfficeWith(t, settings), settings)
}

// eachWeChatOffice runs f on every engine.
func eachWeChatOffice(t *testing.T, settings auth.Settings, f func(t *testing.T, o *weChatOffice)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		f(t, throughWeChat(t, newOfficeOn(t, db, settings), settings))
	})
}

func throughWeChat(t testing.TB, street *office, settings auth.Settings) *weChatOffice {
	t.Helper()
	o := &weChatOffice{office: street}
	var err error
	if o.sim, err = wechatsim.New(wechatsim.Options{Clock: o.clock}); err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(o.sim)
	t.Cleanup(listening.Close)
	if o.cache, err = cache.New(cache.Options{Clock: o.clock}); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewJSONHandler(&lockedWriter{w: o.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	app, oa, corp := wechatsim.Accounts()
	if o.client, err = wechat.New(wechat.Options{App: app, OA: oa, Corp: corp, StandIn: listening.URL, Cache: o.cache, Logger: logger}); err != nil {
		t.Fatal(err)
	}
	o.signIn = auth.New(auth.Options{
		DB: o.db, Engine: o.engine, Cache: o.cache, Signer: o.signer, Clock: o.clock, Settings: settings, WeChat: o.client, Logger: logger, Street: "奉浦街道办事处", StreetPhone: "021-57420000",
		HashCost: auth.HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1},
	})
	checker := &workflow.WeChatChecker{DB: o.db, Engine: o.engine, WeChat: o.client, Clock: o.clock}
	o.handler = NewHandler(Options{
		Engine: o.engine, Signer: o.signer, SignIn: o.signIn, Version: "test", Clock: o.clock, Logger: logger, Cache: o.cache, Live: o.hub,
		WeChat: wechat.NewReceiver(app, oa, wechat.Handlers{o.signIn, checker}, o.cache, o.clock),
	})
	pushes := httptest.NewServer(o.handler)
	t.Cleanup(pushes.Close)
	o.engine.CheckWith(checker, pushes.URL)
	o.sim.Callback(pushes.URL+"/wechat/push/app", pushes.URL+"/wechat/push/oa")
	for _, number := range []string{headPhone, centrePhone, adminPhone, residentPhone} {
		o.sim.AddPhone(number, "", number, "")
	}
	o.sim.AddPhone("thief", "", "13711112222", "")
	return o
}

// open opens the mini-program on a phone.
func (o *weChatOffice) open(phone string, as auth.Side) answer {
	o.t.Helper()
	return o.from(home, "", http.MethodPost, "/auth/wechat", onSide(fields{"code": o.sim.Login(phone)}, as))
}

func (o *weChatOffice) ticket(phone string, as auth.Side) string {
	o.t.Helper()
	p := ok[WeChatProgress](o.open(phone, as))
	if p.Need != auth.NeedBinding || p.Ticket == "" || p.Tokens != nil {
		o.t.Fatalf("%+v", p)
	}
	return p.Ticket
}

// press gives a phone's number for a ticket.
func (o *weChatOffice) press(phone, ticket string, as auth.Side) answer {
	o.t.Helper()
	return o.from(home, "", http.MethodPost, "/auth/wechat/bind/phone", onSide(fields{"privacy_version": auth.ShippedNotice, "bind_ticket": ticket, "phone_code": o.sim.PhoneCode(phone)}, as))
}

// onSide asks for a side, if one is given.
func onSide(body fields, as auth.Side) fields {
	if as != "" {
		body["as"] = as
	}
	return body
}

func (o *weChatOffice) bound(phone string, as auth.Side) TokensView {
	o.t.Helper()
	p := ok[WeChatProgress](o.press(phone, o.ticket(phone, as), as))
	if p.Need != "" || p.Tokens == nil || p.As != as {
		o.t.Fatalf("%+v", p)
	}
	return *p.Tokens
}

func (o *weChatOffice) me(access string) answer {
	o.t.Helper()
	return o.from(home, access, http.MethodGet, "/me", nil)
}

// The way of a department head: their number binds them, and from then on WeChat alone signs them in.
func TestStaffBindByPhone(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	tokens := o.bound(headPhone, auth.AsStaff)
	if me := ok[Me](o.me(tokens.AccessToken)); me.ID != "p-h1" {
		t.Errorf("%+v", me)
	}
	p := ok[WeChatProgress](o.open(headPhone, ""))
	if p.Tokens == nil || p.As != auth.AsStaff || !slices.Equal(p.Sides, []auth.Side{auth.AsStaff}) {
		t.Fatalf("%+v", p)
	}
	next := ok[TokensView](o.from(home, "", http.MethodPost, "/auth/refresh", fields{"refresh_token": p.Tokens.RefreshToken}))
	list := ok[SessionList](o.from(home, next.AccessToken, http.MethodGet, "/auth/sessions", nil))
	if len(list.Items) != 2 {
		t.Errorf("%+v", list)
	}
	if n := len(o.audited("wechat.bind")); n != 1 {
		t.Errorf("%d bindings in the audit log", n)
	}
}

// A number that is nobody's, a resident's, or of somebody who left binds no staff, and all are told the same.
func TestStaffBindByPhoneRefuses(t *testing.T) {
	o := newWeChatOffice(t, noSecondFactor)
	o.sim.AddPhone("left", "", numberOf("p-left"), "")
	var first Problem
	for i, phone := range []string{residentPhone, "left", "thief"} {
		p := o.press(phone, o.ticket(phone, auth.AsStaff), auth.AsStaff).refused(http.StatusForbidden, "wechat.not_on_list")
		if i == 0 {
			first = p
		} else if p.Message != first.Message {
			t.Errorf("%s: %s", phone, p.Message)
		}
	}
	o.press(adminPhone, o.ticket(adminPhone, auth.AsStaff), auth.AsStaff).refused(http.StatusForbidden, "wechat.administrator")
	o.account("p-cy")
	if o.post("p-sa", "/accounts/p-cy/disable", nil).status/100 != 2 {
		t.Fatal("not disabled")
	}
	o.press(centrePhone, o.ticket(centrePhone, auth.AsStaff), auth.AsStaff).refused(http.StatusForbidden, "wechat.not_on_list")
}

// Who sees every case gives a code of the second factor, or comes with an invitation.
func TestWhoSeesAllNeedsMoreThanANumber(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.press(centrePhone, o.ticket(centrePhone, auth.AsStaff), auth.AsStaff).refused(http.StatusConflict, "wechat.needs_invitation")

	secret := o.enrolled("p-cy")
	p := ok[WeChatProgress](o.press(centrePhone, o.ticket(centrePhone, auth.AsStaff), auth.AsStaff))
	if p.Need != auth.NeedCode || p.Tokens != nil {
		t.Fatalf("%+v", p)
	}
	give := func(code string) answer {
		return o.from(home, "", http.MethodPost, "/auth/wechat/bind/code", fields{"bind_ticket": p.Ticket, "code": code})
	}
	o.press(centrePhone, p.Ticket, auth.AsStaff).refused(http.StatusUnauthorized, "wechat.ticket") // it is for the code alone
	give("000000").refused(http.StatusUnauthorized, "auth.code_wrong")
	o.pass(30 * time.Second)
	if done := ok[WeChatProgress](give(o.code(secret))); done.Tokens == nil || done.As != auth.AsStaff {
		t.Fatalf("%+v", done)
	}
	give(o.code(secret)).refused(http.StatusUnauthorized, "wechat.ticket")
	if p := ok[WeChatProgress](o.open(centrePhone, "")); p.Tokens == nil {
		t.Errorf("asked again once bound: %+v", p)
	}
}

// enrolled sets somebody's second factor up and gives its secret.
func (o *office) enrolled(who string) string {
	o.t.Helper()
	o.account(who)
	p := ok[SignInProgress](o.login(home, who, goodPassword))
	secret := ok[TOTPSecret](o.from(home, "", http.MethodPost, "/auth/totp/enrol", fields{"step_token": p.StepToken}))
	if done := ok[SignInProgress](o.from(home, "", http.MethodPost, "/auth/totp/confirm", fields{"step_token": p.StepToken, "code": o.code(secret.Secret)})); done.Step != auth.StepDone {
		o.t.Fatalf("%+v", done)
	}
	return secret.Secret
}

// A resident needs to be in no file: their number opens what has been asked under it.
func TestResidentsBindTheirPhone(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	c := o.handling() // of residentPhone
	see := func(access string, want int) {
		t.Helper()
		if page := ok[workflow.Page[workflow.CaseView]](o.from(home, access, http.MethodGet, "/cases", nil)); len(page.Items) != want {
			t.Errorf("sees %d matters, want %d", len(page.Items), want)
		}
		status := http.StatusOK
		if want == 0 {
			status = http.StatusNotFound
		}
		if a := o.from(home, access, http.MethodGet, "/cases/"+c.ID, nil); a.status != status {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	visitor := ok[WeChatProgress](o.from(home, "", http.MethodPost, "/auth/wechat/bind/visitor", fields{"privacy_version": auth.ShippedNotice, "bind_ticket": o.ticket("thief", "")}))
	see(visitor.Tokens.AccessToken, 0)

	tokens := o.bound(residentPhone, auth.AsResident)
	see(tokens.AccessToken, 1)
	me := ok[Me](o.me(tokens.AccessToken))
	if !store.IsResident(me.ID) || len(me.Posts) != 1 || strings.Contains(me.Name, "沈") {
		t.Errorf("%+v", me)
	}
	ok[TokensView](o.from(home, "", http.MethodPost, "/auth/refresh", fields{"refresh_token": tokens.RefreshToken}))

	// The number moves to another WeChat: the new holder has shown that they hold it.
	o.sim.AddPhone("new", "", residentPhone, "")
	moved := o.bound("new", auth.AsResident)
	o.me(tokens.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
	see(moved.AccessToken, 1)
	back := ok[WeChatProgress](o.open(residentPhone, ""))
	see(back.Tokens.AccessToken, 0)
}

// One person is both, and switches: what they see is the one's or the other's, never both.
func TestSwitchingSides(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	staff := o.bound(headPhone, auth.AsStaff)
	turn := func(access string, as auth.Side) answer {
		return o.from(home, access, http.MethodPost, "/auth/switch", fields{"as": as})
	}
	turn(staff.AccessToken, auth.AsResident).refused(http.StatusConflict, "wechat.not_bound")
	resident := o.bound(headPhone, auth.AsResident)
	p := ok[WeChatProgress](turn(staff.AccessToken, auth.AsResident))
	if p.As != auth.AsResident || !slices.Equal(p.Sides, []auth.Side{auth.AsStaff, auth.AsResident}) {
		t.Fatalf("%+v", p)
	}
	o.me(staff.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
	if me := ok[Me](o.me(p.Tokens.AccessToken)); !store.IsResident(me.ID) {
		t.Errorf("%+v", me)
	}
	if p = ok[WeChatProgress](turn(resident.AccessToken, auth.AsStaff)); ok[Me](o.me(p.Tokens.AccessToken)).ID != "p-h1" {
		t.Errorf("%+v", p)
	}
	// A session by password has no other side.
	o.account("p-h1")
	o.from(home, o.token("p-h1"), http.MethodPost, "/auth/switch", fields{"as": "resident"}).refused(http.StatusConflict, "wechat.not_bound")
}

// Binding another WeChat ends what the one before it had.
func TestRebindingEndsSessions(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	old := o.bound(headPhone, auth.AsStaff)
	o.sim.AddPhone("new", "", headPhone, "")
	now := o.bound("new", auth.AsStaff)
	o.me(old.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
	o.from(home, "", http.MethodPost, "/auth/refresh", fields{"refresh_token": old.RefreshToken}).refused(http.StatusUnauthorized, "auth.session_ended")
	if ok[Me](o.me(now.AccessToken)).ID != "p-h1" {
		t.Error("the new one does not work")
	}
	if p := ok[WeChatProgress](o.open(headPhone, "")); p.Need != auth.NeedBinding {
		t.Errorf("%+v", p)
	}
}

// What an attacker may try with codes and tickets.
func TestAttackWeChatSignIn(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	login := func(code string) answer {
		return o.from(home, "", http.MethodPost, "/auth/wechat", fields{"code": code})
	}
	code := o.sim.Login(headPhone)
	ok[WeChatProgress](login(code))
	first := login(code).refused(http.StatusUnauthorized, "wechat.code") // a code twice
	hits := o.sim.Hits("/sns/jscode2session")
	for _, bad := range []string{"AAAAAAAAAAAAAAAAAAAA&appid=wxEVIL", "AAAAAAAAAAAAAAAAAAAA%26secret=x", "../../../../etc/passwd", "AAAAAAAAAAAAAAAAAAAA\n"} {
		if p := login(bad).refused(http.StatusUnauthorized, "wechat.code"); p.Message != first.Message {
			t.Errorf("%q: %s", bad, p.Message)
		}
	}
	if o.sim.Hits("/sns/jscode2session") != hits {
		t.Error("a code that is none was sent to the platform")
	}
	old := o.sim.Login(headPhone)
	o.sim.Forward(6 * time.Minute)
	login(old).refused(http.StatusUnauthorized, "wechat.code")

	// A stolen ticket with the thief's own number binds nobody: the platform checks whose the number is.
	stolen := o.ticket(headPhone, auth.AsStaff)
	o.press("thief", stolen, auth.AsResident).refused(http.StatusBadRequest, "wechat.phone_code")
	for range 4 {
		o.press("thief", stolen, auth.AsStaff).refused(http.StatusBadRequest, "wechat.phone_code")
	}
	o.press(headPhone, stolen, auth.AsStaff).refused(http.StatusUnauthorized, "wechat.ticket") // tried too often
	// What is no ticket, is another kind of token, or is old.
	late := o.ticket(headPhone, auth.AsStaff)
	o.pass(10 * time.Minute)
	for _, bad := range []string{"x", "xpbt_", late, "xprt_" + strings.Repeat("A", 43), "xpbt_" + strings.Repeat("A", 43)} {
		o.press(headPhone, bad, auth.AsStaff).refused(http.StatusUnauthorized, "wechat.ticket")
	}
	// A thief who has bound their own number is no step nearer to anything else.
	own := o.bound("thief", auth.AsResident)
	for _, path := range []string{"/people", "/accounts", "/tickets/search", "/audit-log"} {
		if a := o.from(home, own.AccessToken, http.MethodGet, path, nil); a.status/100 == 2 {
			t.Errorf("%s lets a resident in", path)
		}
	}
}

// Guessing codes is stopped by address, and a phone that asks without end by its openid.
func TestWeChatLimits(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	for range 30 {
		o.from("203.0.113.99", "", http.MethodPost, "/auth/wechat", fields{"code": strings.Repeat("A", 32)}).refused(http.StatusUnauthorized, "wechat.code")
	}
	a := o.from("203.0.113.99", "", http.MethodPost, "/auth/wechat", fields{"code": o.sim.Login(headPhone)})
	a.refused(http.StatusTooManyRequests, "auth.too_many")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	for range 20 {
		ok[WeChatProgress](o.open(headPhone, ""))
	}
	o.open(headPhone, "").refused(http.StatusTooManyRequests, "wechat.busy")
	ok[WeChatProgress](o.open("thief", ""))
}

// Neither log nor audit log holds what identifies anybody.
func TestWeChatSignInLeavesNoTraceOfWho(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	var secrets []string
	for _, phone := range []string{headPhone, residentPhone, "thief"} {
		p, _ := o.sim.Phone(phone)
		secrets = append(secrets, p.OpenID, p.UnionID, p.OAID, p.Number)
		code, number := o.sim.Login(phone), o.sim.PhoneCode(phone)
		secrets = append(secrets, code, number)
		got := ok[WeChatProgress](o.from(home, "", http.MethodPost, "/auth/wechat", fields{"code": code}))
		secrets = append(secrets, got.Ticket)
		a := o.from(home, "", http.MethodPost, "/auth/wechat/bind/phone", fields{"privacy_version": auth.ShippedNotice, "bind_ticket": got.Ticket, "phone_code": number})
		for _, body := range []string{string(a.body)} {
			if strings.Contains(body, p.OpenID) || strings.Contains(body, p.UnionID) {
				t.Errorf("an answer holds an openid: %s", body)
			}
		}
		o.from(home, "", http.MethodPost, "/auth/wechat", fields{"code": code})
	}
	text := o.log.String()
	for _, e := range append(o.audited("wechat.bind"), o.audited("phone.bind")...) {
		text += e.Object + e.Outcome
		for _, v := range e.Detail {
			text += v
		}
	}
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			t.Errorf("a log holds %q", s)
		}
	}
}
