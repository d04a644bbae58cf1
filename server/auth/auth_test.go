package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"xiaopu/server/apperr"
)

var (
	key   = []byte("0123456789abcdef0123456789abcdef")
	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

func newSigner(t testing.TB, key []byte, now time.Time) *Signer {
	t.Helper()
	s, err := NewSigner(key, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forge signs any header and claims with the key given.
func forge(t testing.TB, key []byte, header, claims map[string]any) string {
	t.Helper()
	part := func(v map[string]any) string {
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(body)
	}
	text := part(header) + "." + part(claims)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func claimsOf(change map[string]any) map[string]any {
	c := map[string]any{"iss": "xiaopu", "sub": "P1", "iat": start.Unix(), "exp": start.Add(time.Hour).Unix(), "jti": "x"}
	for k, v := range change {
		if v == nil {
			delete(c, k)
		} else {
			c[k] = v
		}
	}
	return c
}

func TestIssueAndVerify(t *testing.T) {
	s := newSigner(t, key, start)
	token, err := s.Issue("P1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Verify(token); got.PersonID != "P1" || got.SessionID != "" || err != nil {
		t.Errorf("Verify = %+v, %v", got, err)
	}
	again, err := s.Issue("P1", time.Hour)
	if err != nil || again == token {
		t.Errorf("two tokens are the same: each needs a jti of its own (%v)", err)
	}
	inSession, err := s.IssueIn("S1", "P1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Verify(inSession); got.PersonID != "P1" || got.SessionID != "S1" || err != nil {
		t.Errorf("a session's token: %+v, %v", got, err)
	}
	if got, err := s.Verify(forge(t, key, map[string]any{"alg": "HS256", "typ": "JWT"}, claimsOf(nil))); got.PersonID != "P1" || err != nil {
		t.Errorf("a token made elsewhere with the key: %+v, %v", got, err)
	}
}

func TestVerifyAtOtherTimes(t *testing.T) {
	token, err := newSigner(t, key, start).Issue("P1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at     time.Duration
		reason string
	}{
		"just before the end":            {time.Hour - time.Second, ""},
		"within the leeway after it":     {time.Hour + 29*time.Second, ""},
		"past the leeway":                {time.Hour + 31*time.Second, "auth.token_expired"},
		"issued a little in the future":  {-29 * time.Second, ""},
		"issued too far into the future": {-time.Minute, "auth.token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newSigner(t, key, start.Add(c.at)).Verify(token)
			if got := apperr.ReasonOf(err); got != c.reason {
				t.Errorf("reason %q, want %q (%v)", got, c.reason, err)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	s := newSigner(t, key, start)
	hs256 := map[string]any{"alg": "HS256", "typ": "JWT"}
	good := forge(t, key, hs256, claimsOf(nil))
	parts := strings.Split(good, ".")
	none := forge(t, key, map[string]any{"alg": "none"}, claimsOf(nil))
	otherSubject := strings.Split(forge(t, key, hs256, claimsOf(map[string]any{"sub": "P2"})), ".")
	for name, token := range map[string]string{
		"nothing":                     "",
		"no dots":                     "abc",
		"two parts":                   parts[0] + "." + parts[1],
		"four parts":                  good + ".x",
		"no base64":                   "###.###.###",
		"alg none":                    none,
		"alg none without signature":  none[:strings.LastIndex(none, ".")+1],
		"alg in other case":           forge(t, key, map[string]any{"alg": "hs256"}, claimsOf(nil)),
		"another hash":                forge(t, key, map[string]any{"alg": "HS384"}, claimsOf(nil)),
		"a public key algorithm":      forge(t, key, map[string]any{"alg": "RS256"}, claimsOf(nil)),
		"no algorithm":                forge(t, key, map[string]any{"typ": "JWT"}, claimsOf(nil)),
		"signed with another key":     forge(t, []byte("another key, just as long as ours is"), hs256, claimsOf(nil)),
		"no signature":                parts[0] + "." + parts[1] + ".",
		"claims of another token":     parts[0] + "." + otherSubject[1] + "." + parts[2],
		"last character changed":      good[:len(good)-2] + string(good[len(good)-2]^1) + good[len(good)-1:],
		"another issuer":              forge(t, key, hs256, claimsOf(map[string]any{"iss": "other"})),
		"another issuer, and expired": forge(t, key, hs256, claimsOf(map[string]any{"iss": "other", "exp": start.Unix() - 3600})),
		"no issuer":                   forge(t, key, hs256, claimsOf(map[string]any{"iss": nil})),
		"nobody":                      forge(t, key, hs256, claimsOf(map[string]any{"sub": nil})),
		"a very long subject":         forge(t, key, hs256, claimsOf(map[string]any{"sub": strings.Repeat("x", 65)})),
		"a very long session":         forge(t, key, hs256, claimsOf(map[string]any{"sid": strings.Repeat("x", 65)})),
		"no end":                      forge(t, key, hs256, claimsOf(map[string]any{"exp": nil})),
		"no beginning":                forge(t, key, hs256, claimsOf(map[string]any{"iat": nil})),
		"an end that is no number":    forge(t, key, hs256, claimsOf(map[string]any{"exp": "never"})),
		"too long":                    good + strings.Repeat("A", maxToken),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Verify(token)
			if got != (Grant{}) || apperr.CodeOf(err) != apperr.Unauthenticated || apperr.ReasonOf(err) != "auth.token_invalid" {
				t.Errorf("Verify = %+v, %v", got, err)
			}
		})
	}
}

func TestNewSigner(t *testing.T) {
	if _, err := NewSigner(key[:31], time.Now); apperr.ReasonOf(err) != "auth.short_key" {
		t.Errorf("31 bytes: %v", err)
	}
	if _, err := NewSigner(key, nil); err == nil {
		t.Error("no clock was accepted")
	}
	own := append([]byte(nil), key...)
	s := newSigner(t, own, start)
	token, err := s.Issue("P1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	clear(own) // the caller may wipe its copy
	if _, err := s.Verify(token); err != nil {
		t.Errorf("the key was not kept: %v", err)
	}
}

func TestIssueRefuses(t *testing.T) {
	s := newSigner(t, key, start)
	for name, f := range map[string]func() (string, error){
		"nobody":      func() (string, error) { return s.Issue("", time.Hour) },
		"a long name": func() (string, error) { return s.Issue(strings.Repeat("x", 65), time.Hour) },
		"no time":     func() (string, error) { return s.Issue("P1", 0) },
	} {
		if token, err := f(); err == nil {
			t.Errorf("%s: %s", name, token)
		}
	}
}

func FuzzVerify(f *testing.F) {
	s := newSigner(f, key, start)
	good := forge(f, key, map[string]any{"alg": "HS256", "typ": "JWT"}, claimsOf(nil))
	for _, seed := range []string{"", ".", "..", good, good[:len(good)-1], "eyJhbGciOiJub25lIn0.e30.", strings.Repeat(".", 5000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		g, err := s.Verify(token)
		if err == nil && (token != good || g.PersonID != "P1") {
			t.Errorf("%q was accepted as %+v", token, g)
		}
		if err != nil && apperr.CodeOf(err) != apperr.Unauthenticated {
			t.Errorf("%q: %v", token, err)
		}
	})
}

// A token that was good once is refused all the same when its time is over, and so is one that differs by a letter.
func TestVerifyRemembers(t *testing.T) {
	now := start
	s, err := NewSigner(key, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Issue("P1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at     time.Duration
		token  string
		reason string
	}{
		{0, token, ""},
		{time.Minute, token, ""},
		{time.Minute, token + "x", "auth.token_invalid"},
		{2 * time.Hour, token, "auth.token_expired"},
		{-time.Hour, token, "auth.token_invalid"}, // a clock set back
		{time.Minute, token, ""},
	} {
		now = start.Add(c.at)
		if _, err := s.Verify(c.token); apperr.ReasonOf(err) != c.reason {
			t.Errorf("after %s: %v, want %q", c.at, err, c.reason)
		}
	}
	for range maxKnown + 10 {
		token, err := s.Issue("P2", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Verify(token); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.known); n > maxKnown {
		t.Errorf("%d tokens remembered", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	s := newSigner(b, key, start)
	token, err := s.Issue("01981f2a-0000-7000-8000-000000000001", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.check(token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
