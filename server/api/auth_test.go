package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

const goodPassword = "Kites-over-46-roofs"

// pass moves the clock on.
func (o *office) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

// from sends a request without a token from an address; with a token when there is one.
func (o *office) from(address, token, method, path string, body any, headers ...string) answer {
	o.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		o.t.Fatal(err)
	}
	r := httptest.NewRequest(method, v1+path, strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "test browser")
	r.RemoteAddr = address + ":40000"
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return o.send(r)
}

const home = "203.0.113.10"

func (o *office) login(address, login, password string) answer {
	o.t.Helper()
	return o.from(address, "", http.MethodPost, "/auth/login", fields{"login": login, "password": password})
}

// noSecondFactor lets a password be enough.
var noSecondFactor = func() auth.Settings {
	s := auth.DefaultSettings
	s.SecondFactor = false
	return s
}()

// account gives somebody a password that needs no change, and no second factor.
func (o *office) account(people ...string) {
	o.t.Helper()
	if err := o.signIn.SetPassword(o.t.Context(), goodPassword, people...); err != nil {
		o.t.Fatal(err)
	}
}

// session signs somebody in who needs no further step.
func (o *office) session(who string) TokensView {
	o.t.Helper()
	p := ok[SignInProgress](o.login(home, who, goodPassword))
	if p.Step != auth.StepDone || p.Tokens == nil {
		o.t.Fatalf("%+v", p)
	}
	return *p.Tokens
}

// code gives the code of an authenticator app at the office's time.
func (o *office) code(secret string) string {
	o.t.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		o.t.Fatal(err)
	}
	mac := hmac.New(sha1.New, raw)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(o.clock().Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

func (o *office) audited(action string) []store.AuditEntry {
	o.t.Helper()
	list, err := o.engine.AuditLog(o.t.Context(), store.AuditFilter{Action: action, Limit: 200})
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

// The whole way: the system administrator opens an account, its owner signs in the first time, and later again.
func TestFirstSignIn(t *testing.T) {
	o := newOffice(t)
	initial := ok[InitialPassword](o.post("p-sa", "/accounts/p-cy/reset-password", nil))
	if !initial.Until.Equal(o.clock().Add(7 * 24 * time.Hour)) {
		t.Errorf("good until %s", initial.Until)
	}
	p := ok[SignInProgress](o.login(home, "P-CY", initial.Password)) // case does not matter in a login name
	if p.Step != auth.StepChangePassword || p.Tokens != nil || !p.ExpiresAt.Equal(o.clock().Add(10*time.Minute)) {
		t.Fatalf("%+v", p)
	}
	step := func(path string, body fields) answer {
		body["step_token"] = p.StepToken
		return o.from(home, "", http.MethodPost, path, body)
	}
	step("/auth/totp/enrol", fields{}).refused(http.StatusConflict, "auth.step_order")
	for password, reason := range map[string]string{
		"Short-1": "auth.password_short", "alllowercaseletters": "auth.password_classes", "Password-2026!": "auth.password_weak", "Kites-P-CY-over-46": "auth.password_personal",
		"Kites-王敏-over-46": "auth.password_personal", initial.Password: "auth.password_used",
	} {
		step("/auth/password", fields{"new_password": password}).refused(http.StatusBadRequest, reason)
	}
	if p = ok[SignInProgress](step("/auth/password", fields{"new_password": goodPassword})); p.Step != auth.StepEnrolTOTP {
		t.Fatalf("%+v", p)
	}
	step("/auth/totp/confirm", fields{"code": "000000"}).refused(http.StatusConflict, "auth.step_order") // before there is a secret
	secret := ok[TOTPSecret](step("/auth/totp/enrol", fields{}))
	if again := ok[TOTPSecret](step("/auth/totp/enrol", fields{})); again != secret {
		t.Error("another secret before the first was confirmed")
	}
	if u, err := url.Parse(secret.URI); err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Query().Get("secret") != secret.Secret {
		t.Errorf("%s %v", secret.URI, err)
	}
	step("/auth/totp/confirm", fields{"code": "12345"}).refused(http.StatusUnauthorized, "auth.code_wrong")
	code := o.code(secret.Secret)
	done := ok[SignInProgress](step("/auth/totp/confirm", fields{"code": code[:3] + " " + code[3:]})) // as apps show it
	if done.Step != auth.StepDone || done.Tokens == nil || len(done.RecoveryCodes) != 10 || done.StepToken != "" {
		t.Fatalf("%+v", done)
	}
	if me := ok[Me](o.from(home, done.Tokens.AccessToken, http.MethodGet, "/me", nil)); me.ID != "p-cy" {
		t.Errorf("%+v", me)
	}
	step("/auth/totp/confirm", fields{"code": code}).refused(http.StatusUnauthorized, "auth.step_expired") // it is over

	// The next time: password and code, each code once.
	again := func(code string) answer {
		p = ok[SignInProgress](o.login(home, "p-cy", goodPassword))
		if p.Step != auth.StepTOTP {
			t.Fatalf("%+v", p)
		}
		return step("/auth/totp", fields{"code": code})
	}
	again(code).refused(http.StatusUnauthorized, "auth.code_wrong") // used when it was set up
	o.pass(time.Minute)
	code = o.code(secret.Secret)
	ok[SignInProgress](again(code))
	again(code).refused(http.StatusUnauthorized, "auth.code_wrong")
	o.pass(-30 * time.Second) // an app whose clock is slow
	slow := o.code(secret.Secret)
	o.pass(time.Minute)
	again(slow).refused(http.StatusUnauthorized, "auth.code_wrong") // before the last one used
	o.pass(time.Minute)
	fast := o.code(secret.Secret)
	o.pass(-20 * time.Second)
	ok[SignInProgress](again(fast))
	ok[SignInProgress](again(strings.ToUpper(done.RecoveryCodes[3])))
	again(done.RecoveryCodes[3]).refused(http.StatusUnauthorized, "auth.code_wrong")

	// Codes lock as passwords do, and a password that is right takes nothing back.
	for range 3 {
		again("111111").refused(http.StatusUnauthorized, "auth.code_wrong")
	}
	again("111111").refused(http.StatusUnauthorized, "auth.code_wrong")
	if a := o.login(home, "p-cy", goodPassword); a.status != http.StatusUnauthorized {
		t.Errorf("after five wrong codes: %d %s", a.status, a.body)
	}
	var reasons []string
	for _, e := range o.audited("session.start") {
		reasons = append(reasons, e.Outcome)
	}
	if !slices.Contains(reasons, "wrong_code") || len(o.audited("account.lock")) != 1 || len(o.audited("account.enrol_totp")) != 1 || len(o.audited("account.use_recovery_code")) != 1 {
		t.Errorf("%v", reasons)
	}
	for _, secret := range []string{goodPassword, initial.Password, secret.Secret, code, done.Tokens.AccessToken, done.Tokens.RefreshToken, p.StepToken} {
		if strings.Contains(o.log.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

// A sign-in under way holds for ten minutes, and not after the password it began with.
func TestASignInUnderWayEnds(t *testing.T) {
	o := newOffice(t)
	initial := ok[InitialPassword](o.post("p-sa", "/accounts/p-cy/reset-password", nil))
	begin := func() string { return ok[SignInProgress](o.login(home, "p-cy", initial.Password)).StepToken }
	change := func(token string) answer {
		return o.from(home, "", http.MethodPost, "/auth/password", fields{"step_token": token, "new_password": goodPassword})
	}
	late := begin()
	o.pass(10 * time.Minute)
	change(late).refused(http.StatusUnauthorized, "auth.step_expired")
	overtaken := begin()
	ok[SignInProgress](change(begin()))
	change(overtaken).refused(http.StatusUnauthorized, "auth.step_expired")
	for _, garbage := range []string{"x", "xpst_", "xprt_" + strings.Repeat("A", 43), "xpst_" + strings.Repeat("A", 43), strings.Repeat("x", 100)} {
		change(garbage).refused(http.StatusUnauthorized, "auth.step_expired")
	}
	initial = ok[InitialPassword](o.post("p-sa", "/accounts/p-cy/reset-password", nil))
	o.pass(7 * 24 * time.Hour)
	o.login(home, "p-cy", initial.Password).refused(http.StatusUnauthorized, "auth.refused")
}

// Whatever is wrong, the answer is the same to the letter.
func TestSignInTellsNobodyWhoExists(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy", "p-h1", "p-w1", "p-gl")
	s := street()
	for i := range s.People {
		s.People[i].Left = s.People[i].Left || s.People[i].ID == "p-w1"
	}
	if err := o.engine.LoadOrganisation(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	o.post("p-sa", "/accounts/p-gl/disable", nil)
	for range 5 {
		o.login(home, "p-h1", "wrong")
	}
	var first string
	for _, x := range []struct{ what, login, password string }{
		{"unknown login name", "p-nobody", goodPassword}, {"wrong password", "p-cy", "wrong"}, {"somebody who left", "p-w1", goodPassword},
		{"disabled", "p-gl", goodPassword}, {"locked", "p-h1", goodPassword}, {"no account yet", "p-h2", goodPassword}, {"a resident", "p-r", goodPassword},
		{"a phone number", "13800000000", "wrong"}, {"an SQL sentence", "' OR 1=1 --", "' OR 1=1 --"},
	} {
		a := o.login(home, x.login, x.password)
		p := a.refused(http.StatusUnauthorized, "auth.refused")
		body := strings.ReplaceAll(string(a.body), p.RequestID, "…")
		a.header.Del("X-Request-Id")
		if body += fmt.Sprint(a.header); first == "" {
			first = body
		} else if body != first {
			t.Errorf("%s is told differently:\n%s\n%s", x.what, body, first)
		}
	}
	// What it was stands in the audit log; a login name that nobody has is not written down.
	seen := map[string]string{}
	for _, e := range o.audited("session.start") {
		seen[e.Outcome] = e.Object
		if strings.Contains(fmt.Sprint(e), "nobody") || strings.Contains(fmt.Sprint(e), "13800000000") {
			t.Errorf("%+v", e)
		}
		if e.Address != home || e.Agent != "test browser" || e.Actor != "" {
			t.Errorf("%+v", e)
		}
	}
	if seen["wrong_password"] != "account:p-h1" && seen["wrong_password"] != "account:p-cy" || seen["left"] != "account:p-w1" || seen["disabled"] != "account:p-gl" || !strings.HasPrefix(seen["unknown_login"], "login:") {
		t.Errorf("%v", seen)
	}
}

// A thousand wrong passwords from one address: that address is locked for that account and nobody else is.
func TestNobodyLocksOthersOut(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy", "p-h1")
	const attacker = "198.51.100.66"
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 125 {
				if a := o.login(attacker, "p-cy", "wrong"); a.status != http.StatusUnauthorized {
					t.Errorf("%d %s", a.status, a.body)
				}
			}
		})
	}
	all.Wait()
	if n := len(o.audited("session.start")); n != 5 {
		t.Errorf("%d attempts were looked at", n)
	}
	o.login(attacker, "p-cy", goodPassword).refused(http.StatusUnauthorized, "auth.refused")
	ok[SignInProgress](o.login(home, "p-cy", goodPassword))     // the same account from elsewhere
	ok[SignInProgress](o.login(attacker, "p-h1", goodPassword)) // another from there
	list := ok[AccountPage](o.get("p-sa", "/accounts?limit=200"))
	if i := slices.IndexFunc(list.Items, func(a AccountView) bool { return a.PersonID == "p-cy" }); i < 0 || !list.Items[i].LockedUntil.Equal(o.clock().Add(15*time.Minute)) {
		t.Errorf("%+v", list.Items)
	}
	o.pass(15*time.Minute + time.Second)
	ok[SignInProgress](o.login(attacker, "p-cy", goodPassword))
}

// Who tries many login names is told to wait; nobody at another address notices.
func TestAnAddressThatFailsTooOftenWaits(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy")
	const attacker = "198.51.100.66"
	for i := range 30 {
		o.login(attacker, fmt.Sprint("p-", i), "wrong").refused(http.StatusUnauthorized, "auth.refused")
	}
	a := o.login(attacker, "p-cy", goodPassword)
	a.refused(http.StatusTooManyRequests, "auth.too_many")
	if a.header.Get("Retry-After") != "300" || len(o.audited("address.block")) != 1 {
		t.Errorf("%v", a.header)
	}
	ok[SignInProgress](o.login("198.51.100.67", "p-cy", goodPassword))
	o.pass(5*time.Minute + time.Second)
	ok[SignInProgress](o.login(attacker, "p-cy", goodPassword))
}

// Guesses from everywhere close an account to addresses that its owner has not used, and not to the others.
func TestGuessesFromEverywhere(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy")
	o.session("p-cy")
	for i := range 50 {
		o.login(fmt.Sprintf("198.51.100.%d", i), "p-cy", "wrong").refused(http.StatusUnauthorized, "auth.refused")
	}
	o.login("192.0.2.1", "p-cy", goodPassword).refused(http.StatusUnauthorized, "auth.refused")
	o.session("p-cy") // from home
	o.login("192.0.2.1", "p-cy", goodPassword).refused(http.StatusUnauthorized, "auth.refused")
	if a := o.post("p-sa", "/accounts/p-cy/unlock", nil); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	ok[SignInProgress](o.login("192.0.2.1", "p-cy", goodPassword))
}

func (o *office) refresh(token string) answer {
	o.t.Helper()
	return o.from(home, "", http.MethodPost, "/auth/refresh", fields{"refresh_token": token})
}

func (o *office) alive(access string) bool {
	o.t.Helper()
	return o.from(home, access, http.MethodGet, "/me", nil).status == http.StatusOK
}

func TestRefreshTokensRotate(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy")
	first := o.session("p-cy")
	o.pass(10 * time.Minute)
	second := ok[TokensView](o.refresh(first.RefreshToken))
	if second.RefreshToken == first.RefreshToken || second.SessionID != first.SessionID || !o.alive(second.AccessToken) || !second.RefreshUntil.Equal(first.RefreshUntil) {
		t.Errorf("%+v", second)
	}
	// The answer was lost: the same token gives the same next one, as long as that has not been used.
	o.pass(20 * time.Second)
	if lost := ok[TokensView](o.refresh(first.RefreshToken)); lost.RefreshToken != second.RefreshToken {
		t.Error("another successor")
	}
	third := ok[TokensView](o.refresh(second.RefreshToken))
	o.refresh(first.RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended") // its successor was used
	if o.alive(third.AccessToken) {
		t.Error("the session goes on after a token was used twice")
	}
	o.refresh(third.RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended")
	if list := o.audited("session.end"); len(list) != 1 || list[0].Detail["why"] != "reuse" || list[0].Object != "session:"+first.SessionID {
		t.Errorf("%+v", list)
	}

	// The predecessor after half a minute is a thief, whether or not its successor was used.
	a := o.session("p-cy")
	b := ok[TokensView](o.refresh(a.RefreshToken))
	o.pass(31 * time.Second)
	o.refresh(a.RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended")
	if o.alive(b.AccessToken) {
		t.Error("the session goes on")
	}
	for _, garbage := range []string{"", "x", "xprt_" + strings.Repeat("A", 43), "xpst_" + strings.Repeat("A", 43)} {
		o.refresh(garbage).refused(http.StatusUnauthorized, "auth.session_ended")
	}
}

func TestSessionsExpire(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy", "p-sa")
	idle := o.session("p-cy")
	o.pass(14 * time.Minute)
	for range 2 { // a client's timers are no sign that somebody is there
		if idle = ok[TokensView](o.refresh(idle.RefreshToken)); o.from(home, idle.AccessToken, http.MethodGet, "/todos/counts", nil).status != http.StatusOK {
			t.Error("ended before its time")
		}
		o.pass(7*time.Minute + 59*time.Second)
	}
	o.pass(2 * time.Second)
	o.from(home, idle.AccessToken, http.MethodGet, "/todos/counts", nil).refused(http.StatusUnauthorized, "auth.session_ended")
	o.refresh(idle.RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended")

	// A request that comes right behind one of a timer counts.
	used := o.session("p-cy")
	o.pass(14 * time.Minute)
	o.from(home, used.AccessToken, http.MethodGet, "/todos/counts", nil)
	if !o.alive(used.AccessToken) {
		t.Error("ended before its time")
	}
	o.pass(29 * time.Minute)
	ok[TokensView](o.refresh(used.RefreshToken))

	admin := o.session("p-sa")
	o.pass(14 * time.Minute)
	if !o.alive(admin.AccessToken) {
		t.Error("ended before its time")
	}
	o.pass(15 * time.Minute)
	o.refresh(admin.RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended")

	// Working all day does not last beyond the day.
	day := o.session("p-cy")
	for range 12*6 - 1 {
		o.pass(10 * time.Minute)
		if day = ok[TokensView](o.refresh(day.RefreshToken)); !o.alive(day.AccessToken) {
			t.Fatal("ended before its time")
		}
	}
	if day.AccessUntil.After(day.RefreshUntil) {
		t.Error("the last access token outlives its session")
	}
	o.pass(10 * time.Minute)
	o.refresh(day.RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended")
	o.from(home, day.AccessToken, http.MethodGet, "/me", nil).refused(http.StatusUnauthorized, "auth.session_ended")
}

func TestEndingSessions(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy", "p-h1")
	one, two, three := o.session("p-cy"), o.session("p-cy"), o.session("p-cy")
	other := o.session("p-h1")
	list := ok[SessionList](o.from(home, two.AccessToken, http.MethodGet, "/auth/sessions", nil))
	if len(list.Items) != 3 || list.Items[1].ID != two.SessionID || !list.Items[1].Current || list.Items[0].Current || list.Items[1].Agent != "test browser" || list.Items[1].Address != home {
		t.Errorf("%+v", list)
	}
	o.from(home, two.AccessToken, http.MethodDelete, "/auth/sessions/"+other.SessionID, nil).refused(http.StatusNotFound, "session.not_found")
	if !o.alive(other.AccessToken) || !o.alive(one.AccessToken) {
		t.Error("somebody else's session ended")
	}
	ok204(o.from(home, two.AccessToken, http.MethodDelete, "/auth/sessions/"+one.SessionID, nil))
	if o.alive(one.AccessToken) || !o.alive(two.AccessToken) {
		t.Error("the wrong one ended")
	}
	if n := ok[EndedSessions](o.from(home, two.AccessToken, http.MethodPost, "/auth/sessions/end-others", nil)); n.Ended != 1 || o.alive(three.AccessToken) || !o.alive(two.AccessToken) {
		t.Errorf("%+v", n)
	}
	ok204(o.from(home, two.AccessToken, http.MethodPost, "/auth/logout", nil))
	if o.alive(two.AccessToken) {
		t.Error("signed out and still in")
	}
	o.refresh(two.RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended")
	if list := o.audited("session.end"); len(list) != 2 || list[0].Detail["why"] != "logout" || list[0].Actor != "p-cy" {
		t.Errorf("%+v", list)
	}
}

func ok204(a answer) {
	a.t.Helper()
	if a.status != http.StatusNoContent || len(a.body) != 0 {
		a.t.Errorf("%s: %d %s", a.what, a.status, a.body)
	}
}

// Another process learns of an end within five seconds.
func TestAnEndReachesOtherProcesses(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy")
	s := o.session("p-cy")
	if !o.alive(s.AccessToken) {
		t.Fatal("not signed in")
	}
	err := o.db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.EndSession(ctx, "p-cy", s.SessionID, "logout", o.clock())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	o.pass(5 * time.Second)
	if o.alive(s.AccessToken) {
		t.Error("still in")
	}
}

func TestWhoLeftIsOut(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-w1")
	s := o.session("p-w1")
	everybody := street()
	for i := range everybody.People {
		everybody.People[i].Left = everybody.People[i].Left || everybody.People[i].ID == "p-w1"
	}
	if err := o.engine.LoadOrganisation(t.Context(), everybody); err != nil {
		t.Fatal(err)
	}
	o.from(home, s.AccessToken, http.MethodGet, "/me", nil).refused(http.StatusUnauthorized, "auth.left")
	o.from(home, s.AccessToken, http.MethodGet, "/me", nil).refused(http.StatusUnauthorized, "auth.session_ended")
	o.refresh(s.RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended")
}

func TestProductionWantsSessions(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor, func(o *Options) { o.SessionsOnly = true })
	o.account("p-cy")
	o.get("p-cy", "/me").refused(http.StatusUnauthorized, "auth.token_invalid")
	if !o.alive(o.session("p-cy").AccessToken) {
		t.Error("a session's token is refused")
	}
	forged, err := o.signer.IssueIn("no-such-session", "p-cy", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	o.from(home, forged, http.MethodGet, "/me", nil).refused(http.StatusUnauthorized, "auth.session_ended")
	stolen, err := o.signer.IssueIn(o.session("p-cy").SessionID, "p-h1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	o.from(home, stolen, http.MethodGet, "/me", nil).refused(http.StatusUnauthorized, "auth.session_ended")
}

func TestChangePassword(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy")
	here, there := o.session("p-cy"), o.session("p-cy")
	change := func(current, password string) answer {
		return o.from(home, here.AccessToken, http.MethodPost, "/me/password", fields{"current_password": current, "new_password": password})
	}
	change("wrong", "Other-kites-47-roofs").refused(http.StatusBadRequest, "auth.password_wrong")
	change(goodPassword, goodPassword).refused(http.StatusBadRequest, "auth.password_used")
	passwords := []string{goodPassword}
	for i := range 6 {
		next := fmt.Sprintf("Other-kites-%d-roofs", i)
		ok204(change(passwords[len(passwords)-1], next))
		passwords = append(passwords, next)
	}
	if !o.alive(here.AccessToken) || o.alive(there.AccessToken) {
		t.Error("the other session ends, this one stays")
	}
	for _, old := range passwords[1:] {
		change(passwords[6], old).refused(http.StatusBadRequest, "auth.password_used")
	}
	ok204(change(passwords[6], goodPassword)) // six changes ago
	for range 5 {
		change("wrong", "Yet-other-kites-48").refused(http.StatusBadRequest, "auth.password_wrong")
	}
	change(goodPassword, "Yet-other-kites-48").refused(http.StatusTooManyRequests, "auth.locked")
}

func TestAPasswordGrowsOld(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy")
	o.pass(89 * 24 * time.Hour)
	o.session("p-cy")
	o.pass(24 * time.Hour)
	if p := ok[SignInProgress](o.login(home, "p-cy", goodPassword)); p.Step != auth.StepChangePassword {
		t.Errorf("%+v", p)
	}
}

func TestUnusedAccountsAreDisabled(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy", "p-h1")
	o.pass(60 * 24 * time.Hour)
	o.session("p-cy")
	o.pass(30 * 24 * time.Hour)
	for _, want := range []int{1, 0} {
		if n, err := o.signIn.Tidy(t.Context()); n != want || err != nil {
			t.Errorf("disabled %d: %v", n, err)
		}
	}
	o.login(home, "p-h1", goodPassword).refused(http.StatusUnauthorized, "auth.refused")
	ok204(o.post("p-sa", "/accounts/p-h1/enable", nil))
	if p := ok[SignInProgress](o.login(home, "p-h1", goodPassword)); p.Step != auth.StepChangePassword {
		t.Errorf("%+v", p)
	}
	if list := o.audited("account.disable"); len(list) != 1 || list[0].Object != "account:p-h1" || list[0].Detail["why"] != "unused" || list[0].Actor != "" {
		t.Errorf("%+v", list)
	}
}

// The refresh token of a browser stays where no script reads it.
func TestRefreshByCookie(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor)
	o.account("p-cy")
	a := o.from(home, "", http.MethodPost, "/auth/login", fields{"login": "p-cy", "password": goodPassword, "cookie": true})
	p := ok[SignInProgress](a)
	cookie := func(a answer) *http.Cookie {
		list := (&http.Response{Header: a.header}).Cookies()
		if len(list) != 1 {
			t.Fatalf("%v", a.header)
		}
		return list[0]
	}
	c := cookie(a)
	if p.Tokens.RefreshToken != "" || strings.Contains(string(a.body), c.Value) || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/api/v1/auth" {
		t.Errorf("%s %+v", a.body, c)
	}
	send := func(c *http.Cookie, site string) answer {
		return o.from(home, "", http.MethodPost, "/auth/refresh", fields{}, "Cookie", c.Name+"="+c.Value, "Sec-Fetch-Site", site)
	}
	for _, site := range []string{"cross-site", "same-site", "none"} {
		send(c, site).refused(http.StatusForbidden, "auth.cross_site")
	}
	a = send(c, "same-origin")
	if next := ok[TokensView](a); next.RefreshToken != "" || !o.alive(next.AccessToken) || cookie(a).Value == c.Value {
		t.Errorf("%+v", next)
	}
	o.pass(time.Hour)
	a = send(cookie(a), "same-origin")
	a.refused(http.StatusUnauthorized, "auth.session_ended")
	if gone := cookie(a); gone.MaxAge >= 0 {
		t.Errorf("a dead cookie stays: %+v", gone)
	}
	r := httptest.NewRequest(http.MethodPost, v1+"/auth/refresh", strings.NewReader("refresh_token="))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded") // what a form of another site could send
	o.send(r).refused(http.StatusUnsupportedMediaType, "request.media_type")
}

func TestAccounts(t *testing.T) {
	o := newOffice(t)
	all := ok[AccountPage](o.get("p-sa", "/accounts?limit=200"))
	var ids []string
	for _, a := range all.Items {
		ids = append(ids, a.PersonID)
		if a.Exists || a.Name == "" {
			t.Errorf("%+v", a)
		}
	}
	if slices.Contains(ids, "p-r") || slices.Contains(ids, "p-left") || !slices.Contains(ids, "p-fg") || !slices.IsSorted(ids) || all.Next != "" {
		t.Errorf("%v %q", ids, all.Next)
	}
	var paged []string
	for after := ""; ; {
		page := ok[AccountPage](o.get("p-sa", "/accounts?limit=7&after="+after))
		for _, a := range page.Items {
			paged = append(paged, a.PersonID)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if !slices.Equal(ids, paged) {
		t.Errorf("%v", paged)
	}

	for path, reason := range map[string]string{"p-h1/unlock": "account.none", "p-r/reset-password": "account.not_found", "p-left/reset-password": "account.not_found", "p-nobody/reset-password": "account.not_found"} {
		o.post("p-sa", "/accounts/"+path, nil).refused(http.StatusNotFound, reason)
	}
	first := ok[InitialPassword](o.post("p-sa", "/accounts/p-h1/reset-password", nil))
	if second := ok[InitialPassword](o.post("p-sa", "/accounts/p-h1/reset-password", nil)); second.Password == first.Password || second.Login != "p-h1" {
		t.Error("the same password twice")
	}
	o.login(home, "p-h1", first.Password).refused(http.StatusUnauthorized, "auth.refused")

	// No administrator grows into another, nor does anything to their own account.
	for _, who := range []string{"p-se", "p-au"} {
		for _, what := range []string{"reset-password", "reset-totp", "disable", "enable", "unlock"} {
			o.post("p-sa", "/accounts/"+who+"/"+what, nil).refused(http.StatusForbidden, "account.administrator")
		}
	}
	o.post("p-sa", "/accounts/p-sa/reset-password", nil).refused(http.StatusConflict, "account.self")

	person := func(id string) organisation.Person {
		s := street()
		return s.People[slices.IndexFunc(s.People, func(p organisation.Person) bool { return p.ID == id })]
	}
	login := func(login string) answer { return o.post("p-sa", "/accounts/p-h1/login", fields{"login": login}) }
	login("ab").refused(http.StatusBadRequest, "account.login_form")
	login("p-cy").refused(http.StatusConflict, "account.login_taken")
	login("13912345678").refused(http.StatusBadRequest, "account.login_phone")
	phone := person("p-h1").Phone
	ok204(login(" +86 " + phone))
	page := o.get("p-sa", "/accounts?limit=200")
	if strings.Contains(string(page.body), phone) || !strings.Contains(string(page.body), phone[:3]+"****"+phone[7:]) {
		t.Errorf("%s", page.body)
	}
	initial := ok[InitialPassword](o.post("p-sa", "/accounts/p-h1/reset-password", nil))
	ok[SignInProgress](o.login(home, phone, initial.Password))
	o.login(home, "p-h1", initial.Password).refused(http.StatusUnauthorized, "auth.refused")
	ok204(login("Li.Gang"))
	ok[SignInProgress](o.login(home, "li.gang", initial.Password))
	ok204(o.post("p-sa", "/accounts/p-h1/disable", nil))
	ok204(o.post("p-sa", "/accounts/p-h1/disable", nil))
	o.login(home, "li.gang", initial.Password).refused(http.StatusUnauthorized, "auth.refused")
	if len(o.audited("account.disable")) != 1 || len(o.audited("account.set_login")) != 2 || len(o.audited("account.reset_password")) != 3 {
		t.Error("the audit log does not tell it all")
	}
	if strings.Contains(fmt.Sprint(o.audited("account.set_login")), phone) {
		t.Error("the phone is in the audit log")
	}
}

// What each of the three administrators may do is theirs alone.
func TestAdministratorsExcludeEachOther(t *testing.T) {
	alone := map[permission]casework.Role{accountManage: casework.SystemAdmin, auditRead: casework.Auditor}
	for p, role := range alone {
		if got := grants[p]; len(got) != 1 || got[0] != role {
			t.Errorf("%s is granted to %v", p, got)
		}
	}
	s := workflow.Street{People: []organisation.Person{{ID: "p-1", Name: "甲"}}}
	for _, a := range administrators {
		for _, b := range casework.Roles {
			if a == b || b != casework.Resident && !slices.Contains(administrators, b) {
				continue
			}
			s.People[0].Posts = []organisation.Post{{Role: a}, {Role: b}}
			if _, err := organisation.New(nil, nil, nil, s.People, nil); err == nil {
				t.Errorf("%s and %s in one hand", a, b)
			}
		}
	}
	o := newOffice(t)
	for _, who := range []string{"p-sa", "p-se", "p-au"} {
		own := o.post(who, "/delegations", fields{"to": "p-cy", "from": "2026-03-02T09:00:00+08:00", "until": "2026-03-06T17:00:00+08:00"})
		if who == "p-sa" { // who arranges them for others
			own.refused(http.StatusBadRequest, "delegation.administrator")
		} else {
			own.refused(http.StatusForbidden, "auth.denied")
		}
		o.post("p-cy", "/delegations", fields{"to": who, "from": "2026-03-02T09:00:00+08:00", "until": "2026-03-06T17:00:00+08:00"}).refused(http.StatusBadRequest, "delegation.administrator")
	}
}
