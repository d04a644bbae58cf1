package auth

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/apperr"
)

var cheap = HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1}

func TestHashes(t *testing.T) {
	h := newHasher(cheap, time.Now)
	phc, err := h.hash(t.Context(), "Kites-over-46-roofs")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatal(phc, err)
	}
	again, err := h.hash(t.Context(), "Kites-over-46-roofs")
	if err != nil || again == phc {
		t.Error("no salt", err)
	}
	// Made by the reference implementation: argon2 somesalt -id -t 2 -m 16 -p 1 of "password".
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for name, c := range map[string]struct {
		phc, password string
		ok, stale     bool
	}{
		"right":                   {phc, "Kites-over-46-roofs", true, false},
		"wrong":                   {phc, "kites-over-46-roofs", false, false},
		"empty":                   {phc, "", false, false},
		"of another installation": {reference, "password", true, true},
		"no hash":                 {"", "", false, false},
		"damaged":                 {phc[:len(phc)-1], "Kites-over-46-roofs", false, false},
	} {
		ok, stale, err := h.verify(t.Context(), c.password, c.phc)
		if ok != c.ok || stale != c.stale || err != nil {
			t.Errorf("%s: %v %v %v", name, ok, stale, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	if _, err := h.hash(ended, "x"); err == nil {
		t.Error("it did not wait for its turn")
	}
}

// Memory is bounded: no more hashes at once than there are processors.
func TestHashesWaitTheirTurn(t *testing.T) {
	var now, most atomic.Int32
	h := newHasher(HashCost{MemoryKiB: 1024, Passes: 1, Lanes: 1}, time.Now)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := h.enter(t.Context()); err != nil {
				t.Error(err)
				return
			}
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			h.sum("x", h.dummy)
			now.Add(-1)
			<-h.slots
		})
	}
	all.Wait()
	if int(most.Load()) > cap(h.slots) {
		t.Errorf("%d at once", most.Load())
	}
}

// The cost is about 100 ms a hash on this kind of machine: go test -bench Hash ./server/auth.
func BenchmarkHash(b *testing.B) {
	h := newHasher(DefaultHashCost, time.Now)
	for b.Loop() {
		if _, err := h.hash(b.Context(), "Kites-over-46-roofs"); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	for _, seed := range []string{
		"", "$", "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "$argon2id$v=19$m=4294967295,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=065536,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", strings.Repeat("$", 300),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parsePHC(text)
		if err != nil {
			if h.salt != nil || h.sum != nil {
				t.Errorf("%q: half a hash", text)
			}
			return
		}
		if h.String() != text || h.cost.MemoryKiB > maxHashMemory || h.cost.Passes > maxHashPasses || h.cost.Lanes > maxHashLanes {
			t.Errorf("%q became %q", text, h)
		}
	})
}

func FuzzHashToken(f *testing.F) {
	for _, seed := range []string{"", refreshPrefix, stepPrefix, newToken(refreshPrefix), newToken(stepPrefix), nextToken("a", "b"), refreshPrefix + strings.Repeat("_", 43), strings.Repeat("x", 9999)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		step, isStep := hashToken(stepPrefix, token)
		refresh, isRefresh := hashToken(refreshPrefix, token)
		if isStep && isRefresh || isStep != (step != "") || isRefresh != (refresh != "") {
			t.Errorf("%q is both or nothing: %q %q", token, step, refresh)
		}
		if isRefresh {
			if next, ok := hashToken(refreshPrefix, nextToken(token, "salt")); !ok || next == refresh {
				t.Errorf("what follows %q is no token", token)
			}
		}
	})
}

// FuzzCheckPassword: whatever is typed, a password is refused with a Chinese sentence or fit to be hashed.
func FuzzCheckPassword(f *testing.F) {
	for _, seed := range []string{"", "Kites-over-46-roofs", "Password123!", "\x00", "密码密码密码密码密码Aa1", strings.Repeat("aA1!", 50), "\xff\xfe"} {
		f.Add(seed, "p-1", "李刚", "13912345678")
	}
	f.Fuzz(func(t *testing.T, password, login, name, phone string) {
		err := checkPassword(password, login, name, phone)
		if err != nil && (apperr.CodeOf(err) != apperr.InvalidArgument || !strings.HasPrefix(apperr.ReasonOf(err), "auth.password_")) {
			t.Errorf("%q: %v", password, err)
		}
		if err == nil && (len([]rune(password)) < 10 || len(password) > 4*128) {
			t.Errorf("%q is fine", password)
		}
	})
}

func TestPasswordRules(t *testing.T) {
	for password, rule := range map[string]string{
		"Kites-over-46-roofs": "", "Short-1Aa": "short", strings.Repeat("aA1!", 33): "long", "onlylowercase": "classes", "lower123456": "classes", "UPPERlower": "classes",
		"Tab\tin-it-46": "characters", "Password-123": "weak", "P@ssw0rd2026": "weak", "Admin888888!": "weak", "Qwer1234567!": "weak", "Fengpu@2026!": "weak", "Xiaopu123456!": "weak",
		"Iloveyou-520": "weak", "Aa11111111!!": "weak", "Aa111111!!!": "weak", "Shanghai2026!": "weak", "Kites-liGang-46": "personal", "Kites-李 刚-over-46": "personal", "Kites-13912345678": "personal",
		"Kites-over-４６-Roofs": "", "北门外道路长期被占Aa1": "", "Roof-kites-admin-46": "",
	} {
		err := checkPassword(password, "LiGang", "李刚", "13912345678")
		want := ""
		if rule != "" {
			want = "auth.password_" + rule
		}
		if got := apperr.ReasonOf(err); got != want {
			t.Errorf("%s: %q, want %q (%v)", password, got, want, err)
		}
	}
	seen := map[string]bool{}
	for range 200 {
		p := DrawPassword()
		if err := checkPassword(p, "p-1", "李刚", ""); err != nil || seen[p] || strings.ContainsAny(p, "0Oo1Il") {
			t.Errorf("%s: %v", p, err)
		}
		seen[p] = true
	}
}

// The test vectors of RFC 6238, appendix B, cut to six digits.
func TestTOTP(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := totpCode(secret, at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	now := time.Unix(1111111109, 0)
	current := now.Unix() / 30
	for name, c := range map[string]struct {
		step, used int64
		ok         bool
	}{
		"now": {current, 0, true}, "one step ago": {current - 1, 0, true}, "one step ahead": {current + 1, 0, true}, "two steps ago": {current - 2, 0, false}, "two steps ahead": {current + 2, 0, false},
		"used": {current, current, false}, "older than the one used": {current - 1, current, false}, "newer than the one used": {current + 1, current, true},
	} {
		step, ok := matchTOTP(secret, totpCode(secret, c.step), now, c.used)
		if ok != c.ok || ok && step != c.step {
			t.Errorf("%s: %d %v", name, step, ok)
		}
	}
	for _, code := range []string{"", "1", "0818040", "08180４", "abcdef"} {
		if _, ok := matchTOTP(secret, code, now, 0); ok {
			t.Errorf("%q is a code", code)
		}
	}
	if got := totpURI([]byte("12345678901234567890"), "p-1"); !strings.HasPrefix(got, "otpauth://totp/%E5%B0%8F%E6%B5%A6%E5%B8%AE%E5%8A%9E:p-1?") || !strings.Contains(got, "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") {
		t.Error(got)
	}
	codes := map[string]bool{}
	for range 100 {
		c := drawRecoveryCode()
		if codes[c] || len(c) != 11 || strings.ContainsAny(c, "0o1il") {
			t.Error(c)
		}
		codes[c] = true
	}
}

func TestNetworks(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := network(address); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
	if network("") != network("garbage") {
		t.Error("what is no address counts as one")
	}
}

func TestLinesServeInTurn(t *testing.T) {
	l := lines{at: map[string]*line{}}
	var leave []func()
	for range tryAtOnce {
		f, err := l.enter(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, f)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.enter(ended, "a"); err == nil {
		t.Error("one too many")
	}
	other, err := l.enter(ended, "b")
	if other == nil && err == nil {
		t.Error("nothing")
	}
	if other != nil {
		other()
	}
	for _, f := range leave {
		f()
	}
	if len(l.at) != 0 {
		t.Errorf("%d lines are kept", len(l.at))
	}
}

// Tokens made of one another are as good as drawn: nobody guesses them from the salt or the token alone.
func TestNextToken(t *testing.T) {
	token := newToken(refreshPrefix)
	one, two, three := nextToken(token, "a"), nextToken(token, "b"), nextToken(newToken(refreshPrefix), "a")
	if one != nextToken(token, "a") || slices.Contains([]string{two, three}, one) || two == three {
		t.Error(one, two, three)
	}
	hash, ok := hashToken(refreshPrefix, token)
	if raw, err := hex.DecodeString(hash); !ok || err != nil || len(raw) != 32 {
		t.Error(hash, ok)
	}
}
