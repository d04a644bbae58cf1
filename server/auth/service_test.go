package auth

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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
		if err := w.s.Check(ctx, g); apperr.ReasonOf(err) != "auth.session_ended" {
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
		if err := w.s.SetPassword(ctx, somePassword, "p-1"); err != nil {
			t.Fatal(err)
		}
		begin := func() string {
			p, err := w.s.Begin(ctx, "p-1", somePassword)
			if err != nil {
				t.Fatal(err)
			}
			return p.Token
		}
		token := begin()
		secret, _, err := w.s.EnrolTOTP(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base32NoPad.DecodeString(secret)
		if err != nil {
			t.Fatal(err)
		}
		code := func() string { return totpCode(raw, w.clock().Unix()/30) }
		done, err := w.s.ConfirmTOTP(ctx, token, code())
		if err != nil || done.Step != StepDone {
			t.Fatal(done, err)
		}
		for _, try := range []struct{ what, code string }{{"a code", ""}, {"a recovery code", done.RecoveryCodes[0]}} {
			w.pass(lockFor) // those that come too late count as failures
			if try.code == "" {
				try.code = code()
			}
			tokens := []string{begin(), begin(), begin(), begin()}
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
		if err != nil || slices.Contains(stored.Recovery, done.RecoveryCodes[1]) || len(stored.Recovery) != recoveryCodes-1 || db.Sealer().KeyOf(stored.TOTP) == 0 {
			t.Errorf("%+v %v", stored, err)
		}
	})
}

// Who knows the password and waits at the next step does not profit from a reset.
func TestAResetVoidsSignInsUnderWay(t *testing.T) {
	w := newTown(t, storetest.Open(t), func(o *Options) { o.SecondFactor = true })
	ctx := from(t, "203.0.113.1")
	for what, reset := range map[string]func() error{
		"of the second factor":   func() error { return w.s.ResetTOTP(ctx, "p-sa", "p-1") },
		"of the password":        func() error { _, _, err := w.s.ResetPassword(ctx, "p-sa", "p-1"); return err },
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
				password, _, err := w.s.ResetPassword(ctx, "p-sa", "p-2")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				passwords = append(passwords, password)
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

// Whatever is wrong with a sign-in takes as long. The hash costs enough here to stand out, as it does in production. Fast
// rounds are compared, in an order by chance, because a machine that does other things is slow at times.
func TestRefusalsTakeAsLong(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	w := newTown(t, storetest.Open(t), func(o *Options) { o.HashCost = HashCost{MemoryKiB: 16 << 10, Passes: 2, Lanes: 1}; o.Clock = time.Now })
	setup := from(t, "203.0.113.1")
	if err := w.s.SetPassword(setup, somePassword, "p-1", "p-2"); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Disable(setup, Operator, "p-2"); err != nil {
		t.Fatal(err)
	}
	locked := from(t, "203.0.113.99")
	for range lockAfter {
		_, _ = w.s.Begin(locked, "p-1", "wrong")
	}
	const rounds = 25
	took := map[string][]time.Duration{}
	for i := range rounds {
		ctx := from(t, fmt.Sprintf("198.51.100.%d", i))
		kinds := []struct {
			what, login, password string
			ctx                   context.Context
		}{
			{"unknown", fmt.Sprint("nobody-", i), "wrong", ctx}, {"wrong", "p-1", "wrong", ctx}, {"left", "p-left", "wrong", ctx}, {"disabled", "p-2", somePassword, ctx}, {"locked", "p-1", somePassword, locked},
		}
		rand.Shuffle(len(kinds), func(a, b int) { kinds[a], kinds[b] = kinds[b], kinds[a] })
		for _, c := range kinds {
			begin := time.Now()
			if _, err := w.s.Begin(c.ctx, c.login, c.password); apperr.ReasonOf(err) != "auth.refused" {
				t.Fatal(c.what, err)
			}
			took[c.what] = append(took[c.what], time.Since(begin))
		}
	}
	fast := func(what string) time.Duration { slices.Sort(took[what]); return took[what][rounds/5] }
	for what := range took {
		t.Logf("%-8s %s", what, fast(what))
		if ratio := float64(fast(what)) / float64(fast("unknown")); math.Abs(math.Log(ratio)) > math.Log(1.5) {
			t.Errorf("%s takes %.2f times as long as an unknown login name", what, ratio)
		}
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
