package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// town is a service on a database with some staff, and a clock that the test moves.
type town struct {
	t  testing.TB
	db *store.DB
	e  *workflow.Engine
	s  *Service

	mu  sync.Mutex
	now time.Time
}

func (w *town) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *town) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newTown(t testing.TB, db *store.DB, change ...func(*Options)) *town {
	t.Helper()
	w := &town{t: t, db: db, now: start}
	w.e = workflow.New(db, workflow.Options{Clock: w.clock})
	people := []organisation.Person{
		{ID: "p-1", Name: "王敏", Phone: "13900000001", Posts: []organisation.Post{{Role: casework.Centre}}}, {ID: "p-2", Name: "李刚", Posts: []organisation.Post{{Role: casework.Supervisor}}},
		{ID: "p-left", Name: "已离开", Left: true, Posts: []organisation.Post{{Role: casework.Centre}}}, {ID: "p-sa", Name: "系管", Posts: []organisation.Post{{Role: casework.SystemAdmin}}},
	}
	if err := w.e.LoadOrganisation(context.Background(), workflow.Street{People: people}); err != nil {
		t.Fatal(err)
	}
	memory, err := cache.New(cache.Options{Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(key, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{DB: db, Engine: w.e, Cache: memory, Signer: signer, Clock: w.clock, Settings: DefaultSettings, HashCost: cheap}
	o.SecondFactor = false
	for _, f := range change {
		f(&o)
	}
	w.s = New(o)
	return w
}

const somePassword = "Kites-over-46-roofs"

func from(t testing.TB, address string) context.Context {
	t.Helper()
	return workflow.WithOrigin(context.Background(), workflow.Origin{Address: address, Agent: "test"})
}

func (w *town) tokens(ctx context.Context, login string) Tokens {
	w.t.Helper()
	p, err := w.s.Begin(ctx, login, somePassword)
	if err != nil || p.Step != StepDone {
		w.t.Fatalf("%+v %v", p, err)
	}
	return *p.Tokens
}

// Many exchange one refresh token at the same moment, on the database that will do it for real: all get the same next one,
// and the chain goes on. One of them late is a thief, and the session of everybody ends.
func TestRefreshRaces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		if err := w.s.SetPassword(t.Context(), somePassword, "p-1"); err != nil {
			t.Fatal(err)
		}
		ctx := from(t, "203.0.113.1")
		current := w.tokens(ctx, "p-1").RefreshToken
		for range 5 {
			var mu sync.Mutex
			got := map[string]int{}
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					next, err := w.s.Refresh(ctx, current)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					got[next.RefreshToken]++
				})
			}
			all.Wait()
			if len(got) != 1 {
				t.Fatalf("%d successors", len(got))
			}
			for token := range got {
				current = token
			}
			w.pass(time.Minute)
		}
		next, err := w.s.Refresh(ctx, current)
		if err != nil {
			t.Fatal(err)
		}
		w.pass(graceFor + time.Second)
		// The thief and the owner at once: whoever is first, the session is over.
		var all sync.WaitGroup
		for _, token := range []string{current, next.RefreshToken} {
			all.Go(func() { _, _ = w.s.Refresh(ctx, token) })
		}
		all.Wait()
		g, err := w.s.signer.Verify(next.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.s.Check(ctx, g, true); apperr.ReasonOf(err) != "auth.session_ended" {
			t.Errorf("%v", err)
		}
		if _, err := w.s.Refresh(ctx, next.RefreshToken); apperr.ReasonOf(err) != "auth.session_ended" {
			t.Errorf("%v", err)
		}
		if v, err := w.e.Verify(ctx); err != nil || len(v.Findings) > 0 {
			t.Errorf("%+v %v", v, err)
		}
	})
}

// A code is good once, however many try it at the same moment.
func TestACodeIsUsedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db, func(o *Options) { o.SecondFactor = true })
		ctx := from(t, "203.0.113.1")
		secret, recovery := w.enrolled(ctx)
		for _, try := range []struct{ what, code string }{{"a code", ""}, {"a recovery code", recovery[0]}} {
			w.pass(lockFor) // those that come too late count as failures
			if try.code == "" {
				try.code = w.code(secret)
			}
			tokens := []string{w.begin(ctx), w.begin(ctx), w.begin(ctx), w.begin(ctx)}
			var won atomic.Int32
			var all sync.WaitGroup
			for _, token := range tokens {
				all.Go(func() {
					switch _, err := w.s.GiveCode(ctx, token, try.code); {
					case err == nil:
						won.Add(1)
					case apperr.ReasonOf(err) != "auth.code_wrong":
						t.Error(err)
					}
				})
			}
			all.Wait()
			if won.Load() != 1 {
				t.Errorf("%s was good %d times", try.what, won.Load())
			}
		}
		stored, _, err := db.Account(ctx, "p-1")
		if err != nil || slices.Contains(stored.Recovery, recovery[1]) || len(stored.Recovery) != recoveryCodes-1 || db.Sealer().KeyOf(stored.TOTP) == 0 {
			t.Errorf("%+v %v", stored, err)
		}
	})
}

// enrolled gives p-1 a password and a second factor, and its secret with the recovery codes.
func (w *town) enrolled(ctx context.Context) (secret []byte, codes []string) {
	w.t.Helper()
	if err := w.s.SetPassword(ctx, somePassword, "p-1"); err != nil {
		w.t.Fatal(err)
	}
	token := w.begin(ctx)
	text, _, err := w.s.EnrolTOTP(ctx, token)
	if err != nil {
		w.t.Fatal(err)
	}
	if secret, err = base32NoPad.DecodeString(text); err != nil {
		w.t.Fatal(err)
	}
	done, err := w.s.ConfirmTOTP(ctx, token, w.code(secret))
	if err != nil || done.Step != StepDone {
		w.t.Fatal(done, err)
	}
	w.pass(totpStep) // that code is used
	return secret, done.RecoveryCodes
}

// begin gives the password of p-1 and the token for the next step.
func (w *town) begin(ctx context.Context) string {
	w.t.Helper()
	p, err := w.s.Begin(ctx, "p-1", somePassword)
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Token
}

func (w *town) code(secret []byte) string { return totpCode(secret, w.clock().Unix()/30) }

// wrong gives codes that are not right around now.
func (w *town) wrong(secret []byte) (code string) {
	for i := 0; ; i++ {
		code = fmt.Sprintf("%06d", i)
		if _, ok := matchTOTP(secret, code, w.clock(), 0); !ok {
			return code
		}
	}
}

// Who has the password and guesses codes from many addresses at once has five guesses per sign-in, and fifty an hour.
func TestCodesAreNotGuessedFromManyAddresses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db, func(o *Options) { o.SecondFactor = true })
		secret, _ := w.enrolled(from(t, "203.0.113.1"))
		wrong, token := w.wrong(secret), w.begin(from(t, "2001:db8::1"))
		var decided atomic.Int32
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for i := range 5 {
					_, err := w.s.GiveCode(from(t, fmt.Sprintf("2001:db8:%x:%x::1", worker+1, i)), token, wrong)
					switch apperr.ReasonOf(err) {
					case "auth.code_wrong":
						decided.Add(1)
					case "auth.step_expired", "auth.busy":
					default:
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if decided.Load() != maxCodes {
			t.Errorf("%d wrong codes were decided", decided.Load())
		}
		if _, err := w.s.GiveCode(from(t, "2001:db8:ffff::1"), token, w.code(secret)); apperr.ReasonOf(err) != "auth.step_expired" {
			t.Errorf("the right code after too many wrong ones: %v", err)
		}
		// From the password on again and again: the limit of the login name stops codes too, but for where its owner has been.
		here, there := w.begin(from(t, "203.0.113.1")), w.begin(from(t, "2001:db8::1"))
		for i := range nameLimit {
			_ = w.s.fail(from(t, "2001:db8::9"), w.attempt(fmt.Sprintf("2001:db8:aa:%x::1", i)), "wrong_code", 1, errCode)
		}
		if _, err := w.s.GiveCode(from(t, "2001:db8::1"), there, w.code(secret)); apperr.ReasonOf(err) != "auth.locked" {
			t.Errorf("above the limit of the login name: %v", err)
		}
		if _, err := w.s.GiveCode(from(t, "203.0.113.1"), here, w.code(secret)); err != nil {
			t.Errorf("where its owner has signed in: %v", err)
		}
	})
}

// attempt is one of p-1 from an address.
func (w *town) attempt(address string) attempt {
	a, _, err := w.db.Account(context.Background(), "p-1")
	if err != nil {
		w.t.Fatal(err)
	}
	return w.s.attemptOf(a.LoginIndex, a.PersonID, address, a.UnlockedAt)
}

// Two windows that set the second factor up at once show the same secret.
func TestEnrollingAtOnceShowsOneSecret(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db, func(o *Options) { o.SecondFactor = true })
		ctx := from(t, "203.0.113.1")
		if err := w.s.SetPassword(ctx, somePassword, "p-1"); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			token := w.begin(ctx)
			var secrets sync.Map
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() {
					secret, _, err := w.s.EnrolTOTP(ctx, token)
					if err != nil {
						t.Error(err)
					}
					secrets.Store(secret, true)
				})
			}
			all.Wait()
			n := 0
			secrets.Range(func(any, any) bool { n++; return true })
			if n != 1 {
				t.Errorf("%d secrets", n)
			}
		}
	})
}

func TestNewRecoveryCodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db, func(o *Options) { o.SecondFactor = true })
		ctx := from(t, "203.0.113.1")
		if _, err := w.s.NewRecoveryCodes(ctx, "p-1", "123456"); apperr.ReasonOf(err) != "account.none" {
			t.Errorf("without an account: %v", err)
		}
		secret, old := w.enrolled(ctx)
		for _, no := range []string{w.wrong(secret), old[0]} {
			if _, err := w.s.NewRecoveryCodes(ctx, "p-1", no); apperr.ReasonOf(err) != "auth.own_code_wrong" {
				t.Errorf("%s: %v", no, err)
			}
		}
		codes, err := w.s.NewRecoveryCodes(ctx, "p-1", w.code(secret))
		if err != nil || len(codes) != recoveryCodes || slices.Contains(codes, old[1]) {
			t.Fatal(codes, err)
		}
		if _, err := w.s.NewRecoveryCodes(ctx, "p-1", w.code(secret)); apperr.ReasonOf(err) != "auth.own_code_wrong" {
			t.Errorf("the same code again: %v", err)
		}
		if _, err := w.s.GiveCode(ctx, w.begin(ctx), old[1]); apperr.ReasonOf(err) != "auth.code_wrong" {
			t.Errorf("an old recovery code: %v", err)
		}
		if p, err := w.s.GiveCode(ctx, w.begin(ctx), codes[9]); err != nil || p.Step != StepDone {
			t.Error(p, err)
		}
		if list, err := w.e.AuditLog(ctx, store.AuditFilter{Action: "account.draw_recovery_codes", Limit: 9}); err != nil || len(list) != 1 || list[0].Actor != "p-1" || list[0].Object != "account:p-1" {
			t.Errorf("%+v %v", list, err)
		}
		w.pass(totpStep)
		for range lockAfter {
			_, _ = w.s.NewRecoveryCodes(ctx, "p-1", w.wrong(secret))
		}
		if _, err := w.s.NewRecoveryCodes(ctx, "p-1", w.code(secret)); apperr.ReasonOf(err) != "auth.locked" {
			t.Errorf("after five wrong codes: %v", err)
		}
	})
}

// Who hangs up while the password is looked at has failed all the same.
func TestWhoHangsUpIsRecorded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		if err := w.s.SetPassword(t.Context(), somePassword, "p-1"); err != nil {
			t.Fatal(err)
		}
		for range lockAfter {
			ctx, hangUp := context.WithCancel(from(t, "203.0.113.1"))
			w.s.hasher.clock = func() time.Time { hangUp(); return w.clock() }
			if _, err := w.s.Begin(ctx, "p-1", "wrong"); apperr.ReasonOf(err) != "auth.refused" {
				t.Error(err)
			}
		}
		w.s.hasher.clock = w.clock
		failed, err := w.e.AuditLog(t.Context(), store.AuditFilter{Action: "session.start", Limit: 9})
		if err != nil || len(failed) != lockAfter {
			t.Errorf("%+v %v", failed, err)
		}
		if _, err := w.s.Begin(from(t, "203.0.113.1"), "p-1", somePassword); apperr.ReasonOf(err) != "auth.refused" {
			t.Errorf("after five failures: %v", err)
		}
	})
}

// An office behind one address where somebody guesses: who has signed in from there lately goes on, everybody else is told
// to wait, and the answers do not tell which login names are looked at.
func TestACrowdedAddressStaysOpenToItsOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		ctx := from(t, "203.0.113.1")
		if err := w.s.SetPassword(ctx, somePassword, "p-1", "p-2"); err != nil {
			t.Fatal(err)
		}
		w.tokens(ctx, "p-1")
		for i := range 1000 {
			reason := "auth.refused"
			if i >= addressLimit {
				reason = "auth.too_many"
			}
			if _, err := w.s.Begin(ctx, fmt.Sprint("guess-", i), "wrong"); apperr.ReasonOf(err) != reason {
				t.Fatal(i, err)
			}
		}
		w.tokens(ctx, "p-1")
		told := map[string]bool{}
		for _, try := range []struct{ login, password string }{{"p-1", "wrong"}, {"p-2", somePassword}, {"p-2", "wrong"}, {"nobody", "wrong"}, {"p-left", "wrong"}} {
			_, err := w.s.Begin(ctx, try.login, try.password)
			if apperr.ReasonOf(err) != "auth.too_many" {
				t.Errorf("%s: %v", try.login, err)
			}
			e, _ := errors.AsType[*apperr.Error](err)
			told[fmt.Sprint(e.Message, e.Detail)] = true
		}
		if len(told) != 1 {
			t.Errorf("different answers: %v", told)
		}
		for range lockAfter {
			if _, err := w.s.Begin(ctx, "p-1", "wrong"); apperr.ReasonOf(err) != "auth.too_many" {
				t.Error(err)
			}
		}
		if _, err := w.s.Begin(ctx, "p-1", somePassword); apperr.ReasonOf(err) != "auth.too_many" {
			t.Errorf("past the limit of name and address: %v", err)
		}
		w.pass(lockFor)
		w.tokens(ctx, "p-1")
	})
}

// A network of IPv6 is one address: its devices change theirs every day.
func TestANetworkIsKnownByItsPrefix(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		if err := w.s.SetPassword(t.Context(), somePassword, "p-1"); err != nil {
			t.Fatal(err)
		}
		w.tokens(from(t, "2001:db8:1:2:aaaa::1"), "p-1")
		for i := range nameLimit {
			if _, err := w.s.Begin(from(t, fmt.Sprintf("2001:db8:9:%x::1", i)), "p-1", "wrong"); apperr.ReasonOf(err) != "auth.refused" {
				t.Fatal(err)
			}
		}
		w.tokens(from(t, "2001:db8:1:2:bbbb::2"), "p-1")
		if _, err := w.s.Begin(from(t, "2001:db8:1:3::1"), "p-1", somePassword); apperr.ReasonOf(err) != "auth.refused" {
			t.Errorf("from another network: %v", err)
		}
	})
}

// Who knows the password and waits at the next step does not profit from a reset.
func TestAResetVoidsSignInsUnderWay(t *testing.T) {
	w := newTown(t, storetest.Open(t), func(o *Options) { o.SecondFactor = true })
	ctx := from(t, "203.0.113.1")
	for what, reset := range map[string]func() error{
		"of the second factor":   func() error { return w.s.ResetTOTP(ctx, "p-sa", "p-1") },
		"of the password":        func() error { _, err := w.s.ResetPassword(ctx, "p-sa", "p-1"); return err },
		"and a disabled account": func() error { return w.s.Disable(ctx, "p-sa", "p-1") },
	} {
		if err := w.s.SetPassword(ctx, somePassword, "p-1"); err != nil {
			t.Fatal(err)
		}
		p, err := w.s.Begin(ctx, "p-1", somePassword)
		if err != nil || p.Step != StepEnrolTOTP {
			t.Fatal(what, p, err)
		}
		if err := reset(); err != nil {
			t.Fatal(what, err)
		}
		if _, _, err := w.s.EnrolTOTP(ctx, p.Token); apperr.ReasonOf(err) != "auth.step_expired" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Who left and came back signs in with a first password alone: neither an old session nor the old password is good again.
func TestWhoComesBackNeedsAFirstPassword(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		ctx := from(t, "203.0.113.1")
		if err := w.s.SetPassword(ctx, somePassword, "p-2"); err != nil {
			t.Fatal(err)
		}
		old := w.tokens(ctx, "p-2")
		load := func(p organisation.Person) {
			t.Helper()
			if err := w.e.LoadOrganisation(ctx, workflow.Street{People: []organisation.Person{p}}); err != nil {
				t.Fatal(err)
			}
		}
		refused := func(when string) {
			t.Helper()
			if _, err := w.s.Begin(ctx, "p-2", somePassword); apperr.ReasonOf(err) != "auth.refused" {
				t.Errorf("%s: %v", when, err)
			}
		}
		if _, err := w.e.Leave(ctx, casework.SystemActor(), "p-2", "调离"); err != nil {
			t.Fatal(err)
		}
		load(organisation.Person{Name: "李刚"})
		refused("named in a sheet")
		if preview, err := w.e.PreviewOrganisation(ctx, workflow.Street{People: []organisation.Person{{Name: "李刚", Returned: true}}}, false); err != nil || len(preview.Notes) != 1 || !strings.Contains(preview.Notes[0], "重置密码") || !preview.Posts {
			t.Errorf("%+v %v", preview, err)
		}
		load(organisation.Person{Name: "李刚", Returned: true})
		refused("back")
		if _, err := w.s.Refresh(ctx, old.RefreshToken); apperr.ReasonOf(err) != "auth.session_ended" {
			t.Error(err)
		}
		if a, _, err := db.Account(ctx, "p-2"); err != nil || a.DisabledWhy != "returned" {
			t.Errorf("%+v %v", a, err)
		}
		if err := w.s.Enable(ctx, "p-sa", "p-2"); err != nil {
			t.Fatal(err)
		}
		refused("enabled")
		first, err := w.s.ResetPassword(ctx, "p-sa", "p-2")
		if err != nil || first.Login != "p-2" {
			t.Fatal(first, err)
		}
		p, err := w.s.Begin(ctx, first.Login, first.Password)
		if err != nil || p.Step != StepChangePassword {
			t.Fatal(p, err)
		}
		if _, err := w.s.NewPassword(ctx, p.Token, somePassword); apperr.ReasonOf(err) != "auth.password_used" {
			t.Errorf("the old password again: %v", err)
		}
	})
}

// Nobody is asked to type an id that the system made up: the phone is the login name then, unless it is somebody else's.
func TestTheFirstLoginName(t *testing.T) {
	w := newTown(t, storetest.Open(t))
	ctx := from(t, "203.0.113.1")
	load := func(p ...organisation.Person) {
		t.Helper()
		if err := w.e.LoadOrganisation(ctx, workflow.Street{People: p}); err != nil {
			t.Fatal(err)
		}
	}
	handler := []organisation.Post{{Role: casework.Supervisor}}
	load(organisation.Person{Name: "甲", Phone: "13912345678", Posts: handler}, organisation.Person{Name: "乙", Posts: handler}, organisation.Person{ID: "1001", Name: "丙", Phone: "13912345679", Posts: handler})
	k, err := w.e.Knowledge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	id := func(name string) string {
		t.Helper()
		p, err := k.Organisation.FindPerson(name)
		if err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	opened := func(person, login, shown string) {
		t.Helper()
		first, err := w.s.ResetPassword(ctx, "p-sa", person)
		if err != nil || first.Login != shown {
			t.Fatal(first, err)
		}
		if p, err := w.s.Begin(ctx, login, first.Password); err != nil || p.Step != StepChangePassword {
			t.Error(login, p, err)
		}
	}
	opened(id("甲"), "139 1234 5678", "139****5678")
	opened(id("乙"), id("乙"), id("乙"))
	opened("1001", "1001", "1001")
	// The number goes to somebody else, while its former owner still signs in with it.
	load(organisation.Person{Name: "甲", Phone: "13912345670"}, organisation.Person{Name: "丁", Phone: "13912345678", Posts: handler})
	if k, err = w.e.Knowledge(ctx); err != nil {
		t.Fatal(err)
	}
	opened(id("丁"), id("丁"), id("丁"))
	opened(id("甲"), "13912345678", "139****5678")
}

// Several administrators at once: one password is good in the end, and every reset stands in the log.
func TestResetsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newTown(t, db)
		ctx := from(t, "203.0.113.1")
		var mu sync.Mutex
		var passwords []string
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				first, err := w.s.ResetPassword(ctx, "p-sa", "p-2")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				passwords = append(passwords, first.Password)
			})
		}
		all.Wait()
		good := 0
		for _, p := range passwords {
			if got, err := w.s.Begin(ctx, "p-2", p); err == nil && got.Step == StepChangePassword {
				good++
			}
		}
		if list, err := w.e.AuditLog(ctx, store.AuditFilter{Action: "account.reset_password", Limit: 50}); good != 1 || len(list) != 5 || err != nil {
			t.Errorf("%d are good, %d in the log, %v", good, len(list), err)
		}
	})
}

// A hash made at yesterday's cost is made anew when its password is given.
func TestHashesGrowWithTheirCost(t *testing.T) {
	w := newTown(t, storetest.Open(t))
	ctx := from(t, "203.0.113.1")
	if err := w.s.SetPassword(ctx, somePassword, "p-1"); err != nil {
		t.Fatal(err)
	}
	dear := newTown(t, w.db, func(o *Options) { o.HashCost.Passes = 2 })
	dear.tokens(ctx, "p-1")
	if a, _, err := w.db.Account(ctx, "p-1"); err != nil || a.Password[:30] != "$argon2id$v=19$m=64,t=2,p=1$"+a.Password[28:30] {
		t.Errorf("%+v %v", a.Password, err)
	}
	dear.tokens(ctx, "p-1")
}

// Unlocking at the command line rules in the server's process too: the counts it has are of before.
func TestUnlockReachesOtherProcesses(t *testing.T) {
	w := newTown(t, storetest.Open(t))
	ctx := from(t, "203.0.113.1")
	if err := w.s.SetPassword(ctx, somePassword, "p-1"); err != nil {
		t.Fatal(err)
	}
	for range lockAfter {
		if _, err := w.s.Begin(ctx, "p-1", "wrong"); apperr.ReasonOf(err) != "auth.refused" {
			t.Fatal(err)
		}
	}
	if _, err := w.s.Begin(ctx, "p-1", somePassword); apperr.ReasonOf(err) != "auth.refused" {
		t.Fatal("not locked", err)
	}
	commandLine := newTown(t, w.db)
	if err := commandLine.s.Unlock(ctx, Operator, "p-1"); err != nil {
		t.Fatal(err)
	}
	w.tokens(ctx, "p-1")
}

// Whatever is wrong with a sign-in takes one hash, made or waited for, so that nobody tells the reasons apart by the clock.
func TestRefusalsTakeOneHash(t *testing.T) {
	w := newTown(t, storetest.Open(t))
	setup := from(t, "203.0.113.1")
	if err := w.s.SetPassword(setup, somePassword, "p-1", "p-2"); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Disable(setup, Operator, "p-2"); err != nil {
		t.Fatal(err)
	}
	locked, crowded := from(t, "203.0.113.99"), from(t, "203.0.113.98")
	for range lockAfter {
		_, _ = w.s.Begin(locked, "p-1", "wrong")
	}
	w.tokens(crowded, "p-1")
	for range addressLimit {
		w.s.cache.Count(setup, "signin:address:"+w.attempt("203.0.113.98").address, addressWindow)
	}
	ctx := from(t, "198.51.100.1")
	for _, c := range []struct {
		what, login, password string
		ctx                   context.Context
	}{
		{"unknown", "nobody", "wrong", ctx}, {"wrong", "p-1", "wrong", ctx}, {"left", "p-left", "wrong", ctx}, {"disabled", "p-2", somePassword, ctx}, {"locked", "p-1", somePassword, locked},
		{"crowded and strange", "p-2", somePassword, crowded}, {"crowded and known", "p-1", "wrong", crowded},
	} {
		before := w.s.hasher.spent.Load()
		if _, err := w.s.Begin(c.ctx, c.login, c.password); err == nil || apperr.ReasonOf(err) != "auth.refused" && c.ctx != crowded {
			t.Error(c.what, err)
		}
		if n := w.s.hasher.spent.Load() - before; n != 1 {
			t.Errorf("%s: %d hashes", c.what, n)
		}
	}
}

func TestWhatIsPretendedTakesAsLongAsAHash(t *testing.T) {
	h := newHasher(HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1}, time.Now)
	h.took.Store(int64(30 * time.Millisecond))
	began := time.Now()
	if err := h.pretend(t.Context()); err != nil || time.Since(began) < 30*time.Millisecond {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestTidyForgets(t *testing.T) {
	w := newTown(t, storetest.Open(t))
	ctx := from(t, "203.0.113.1")
	if err := w.s.SetPassword(ctx, somePassword, "p-1"); err != nil {
		t.Fatal(err)
	}
	token := w.tokens(ctx, "p-1").RefreshToken
	w.pass(keepTokens + time.Hour)
	if _, err := w.s.Tidy(ctx); err != nil {
		t.Fatal(err)
	}
	hash, _ := hashToken(refreshPrefix, token)
	if _, ok, err := w.db.RefreshToken(ctx, hash); ok || err != nil {
		t.Error("an old token is kept", err)
	}
	if known, err := w.db.SignedInFrom(ctx, "p-1", "203.0.113.1", start); !known || err != nil {
		t.Error("the address is forgotten", err)
	}
}
