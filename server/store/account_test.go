package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func newAccount(person string) store.Account {
	return store.Account{
		PersonID: person, Login: person, LoginIndex: "i-" + person, Password: "$argon2id$…", PasswordAt: monday, PasswordUntil: day(7), History: []string{"old"},
		MustChange: true, TOTP: "sealed", TOTPStep: 58_000_000, Recovery: []string{"a", "b"}, UnlockedAt: monday, CreatedAt: monday, ActiveAt: monday,
	}
}

func TestAccountsAreKeptWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		a := newAccount("p-1")
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
			b := newAccount("p-2")
			return tx.InsertAccount(ctx, &b)
		})
		got, ok, err := db.AccountByLogin(ctx, "i-p-1")
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		if diff := cmp.Diff(a, got); diff != "" {
			t.Error(diff)
		}
		if _, ok, err := db.AccountByLogin(ctx, "I-P-1"); ok || err != nil {
			t.Error("the index tells case apart", err)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			got.Recovery, got.PasswordUntil, got.DisabledAt, got.DisabledWhy, got.SignedInAt = nil, time.Time{}, day(1), "unused", day(2)
			return tx.SaveAccount(ctx, &got)
		})
		again, _, err := db.Account(ctx, "p-1")
		if err != nil || again.Version != 2 || len(again.Recovery) != 0 || !again.PasswordUntil.IsZero() || again.DisabledWhy != "unused" || !again.SignedInAt.Equal(day(2)) {
			t.Errorf("%+v %v", again, err)
		}
		for name, c := range map[string]struct {
			do   func(ctx context.Context, tx *store.Tx) error
			want error
		}{
			"a version that is old": {func(ctx context.Context, tx *store.Tx) error { return tx.SaveAccount(ctx, &a) }, store.ErrChanged},
			"a second account": {func(ctx context.Context, tx *store.Tx) error {
				a := newAccount("p-1")
				return tx.InsertAccount(ctx, &a)
			}, store.ErrTaken},
			"another's login name": {func(ctx context.Context, tx *store.Tx) error {
				a := newAccount("p-3")
				a.LoginIndex = "i-p-2"
				return tx.InsertAccount(ctx, &a)
			}, store.ErrTaken},
			"a change to another's login": {func(ctx context.Context, tx *store.Tx) error {
				a := again
				a.LoginIndex = "i-p-2"
				return tx.SaveAccount(ctx, &a)
			}, store.ErrTaken},
		} {
			if err := db.InTx(ctx, c.do); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, c := range []struct {
			after, until string
			want         string
		}{{"", "p-9", "[p-1 p-2]"}, {"p-1", "p-9", "[p-2]"}, {"", "p-1", "[p-1]"}, {"p-2", "p-9", "[]"}} {
			list := must[[]store.Account](t)(db.Accounts(ctx, c.after, c.until))
			ids := []string{}
			for _, a := range list {
				ids = append(ids, a.PersonID)
			}
			if fmt.Sprint(ids) != c.want {
				t.Errorf("behind %q until %q: %v", c.after, c.until, ids)
			}
		}
		if got := must[[]string](t)(db.UnusedAccounts(ctx, day(3), 10)); fmt.Sprint(got) != "[p-2]" {
			t.Errorf("unused: %v; one is disabled already", got)
		}
	})
}

func TestASignInUnderWayEndsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s := store.SignIn{Hash: "h", PersonID: "p-1", Password: "x", ExpiresAt: day(1)}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.InsertSignIn(ctx, s) })
		s.SecondFactor, s.TOTP, s.Codes = true, "sealed", 1
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.CountCode(ctx, "h"), tx.ShowTOTP(ctx, "h", "sealed"), tx.ShowTOTP(ctx, "h", "another"), tx.SaveSignIn(ctx, s))
		})
		if got, ok, err := db.SignIn(ctx, "h"); !ok || err != nil || got != s {
			t.Errorf("%+v %v %v", got, ok, err)
		}
		var ended atomic.Int32
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				first := false
				if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
					first, err = tx.FinishSignIn(ctx, "h")
					return err
				}); err != nil {
					t.Error(err)
				}
				if first {
					ended.Add(1)
				}
			})
		}
		all.Wait()
		if ended.Load() != 1 {
			t.Errorf("ended %d times", ended.Load())
		}
	})
}

func TestSessionsEndAndAreForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for i := range 4 {
				s := store.Session{
					ID: fmt.Sprint("s-", i), PersonID: "p-1", Agent: "浏览器", Address: fmt.Sprint("10.0.0.", i), Idle: 30 * time.Minute, StartedAt: day(i), SeenAt: day(i), ExpiresAt: day(i + 1),
				}
				if err := errors.Join(tx.InsertSession(ctx, &s), tx.InsertRefreshToken(ctx, store.RefreshToken{Hash: fmt.Sprint("h-", i), SessionID: s.ID, MadeAt: day(i)})); err != nil {
					return err
				}
			}
			return nil
		})
		ids := func() string {
			var out []string
			for _, s := range must[[]store.Session](t)(db.Sessions(ctx, "p-1", 10)) {
				out = append(out, s.ID)
			}
			return fmt.Sprint(out)
		}
		if got := ids(); got != "[s-3 s-2 s-1 s-0]" {
			t.Error(got)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if ok, err := tx.EndSession(ctx, "p-2", "s-1", "logout", day(4)); ok || err != nil {
				t.Error("another's session was ended", err)
			}
			ok, err := tx.EndSession(ctx, "p-1", "s-1", "logout", day(4))
			if !ok {
				t.Error("not ended")
			}
			return err
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.EndSessions(ctx, "p-1", "s-3", "disabled", day(4))
			if n != 2 {
				t.Errorf("ended %d", n)
			}
			return err
		})
		if got := ids(); got != "[s-3]" {
			t.Error(got)
		}
		if s, _, err := db.Session(ctx, "s-1"); err != nil || s.EndedWhy != "logout" || s.Idle != 30*time.Minute || s.Agent != "浏览器" {
			t.Errorf("%+v %v", s, err)
		}
		for at, want := range map[time.Time]bool{day(1): true, day(2): false} {
			if got := must[bool](t)(db.SignedInFrom(ctx, "p-1", "10.0.0.1", at)); got != want {
				t.Errorf("signed in from there since %s: %v", at, got)
			}
		}
		if err := db.TouchSession(ctx, "s-3", day(3).Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := db.TouchSession(ctx, "s-3", day(3)); err != nil { // a clock behind the other
			t.Fatal(err)
		}
		s, _, err := db.Session(ctx, "s-3")
		if err != nil || !s.SeenAt.Equal(day(3).Add(time.Minute)) {
			t.Errorf("%+v %v", s, err)
		}
		for at, want := range map[time.Duration]string{30 * time.Minute: "", 31 * time.Minute: "idle", 25 * time.Hour: "expired"} {
			if got := s.Over(day(3).Add(at)); got != want {
				t.Errorf("after %s: %q", at, got)
			}
		}
		if n := must[int64](t)(db.ForgetSignIns(ctx, day(9), day(2), day(3), 10)); n != 2+2 {
			t.Errorf("forgot %d", n)
		}
		if number(t, db, "sessions", `1 = 1`) != 2 || number(t, db, "refresh_tokens", `1 = 1`) != 2 {
			t.Error("the wrong rows were forgotten")
		}
	})
}

func TestARefreshTokenIsExchangedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertRefreshToken(ctx, store.RefreshToken{Hash: "h", SessionID: "s", MadeAt: monday})
		})
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				first, salt := false, fmt.Sprint("salt-", i)
				if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
					if first, err = tx.RotateRefreshToken(ctx, "h", salt, day(1)); err != nil || first {
						return err
					}
					// Who comes second sees what the first made of it.
					if now, ok, err := tx.RefreshToken(ctx, "h"); err != nil || !ok || now.Salt == "" || now.RotatedAt.IsZero() {
						t.Errorf("%+v %v %v", now, ok, err)
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
				if first {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("exchanged %d times", won.Load())
		}
	})
}
