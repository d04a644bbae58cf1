// Package auth says who a caller is: it signs staff in (Service) and issues and verifies access tokens (Signer).
//
// # Signing in
//
//	Begin (login name, password) → steps asked for → session: access token + refresh token
//
// What is still asked for after the password depends on the account: a code of the second factor, a new password, setting
// the second factor up. Until all is given there is a sign-in under way, named by a step token for ten minutes; no access
// token is made before. Secrets are stored in no form that could be used: passwords by argon2id, tokens by SHA-256,
// recovery codes by the blind index, the secret of the second factor sealed.
//
// Begin refuses an unknown login name, a wrong password, somebody who left, a disabled account and a locked one with the
// same words after the same time: it cannot be used to find out who exists. What it really was stands in the audit log.
//
// # WeChat
//
//	WeChatLogin (code) → session, or a ticket → BindPhone, BindCode, BindInvitation, BindVisitor, BindConsent → session
//
// A ticket stands for an openid that never leaves the server. One identity has two sides: the member of staff who has bound it, and a
// resident, whose person id is the identity's. The ADR on signing in through WeChat says what opens what, and why.
//
// # Limits
//
// Five failures lock a login name for the address they came from, a login name that nobody has too; so nobody can lock
// somebody else out. An address with too many failures, whosever, and a login name with many failures from everywhere are
// refused but for who has signed in from that address lately. These counts are in the cache: lost, they begin anew. Codes are
// counted in the sign-in itself too: five wrong ones end it, wherever they come from.
//
// # Sessions
//
// A session is a row. Its access tokens are JWTs signed with HMAC-SHA256 that name person and session, hold for minutes,
// and say nothing else: posts and scope come from the organisation at every request, and Check asks whether the session
// lives, so an end rules within seconds. Its refresh token is good for one exchange; see Refresh for what happens when one
// is shown again. The ADR on sessions says why.
//
// A token found good is remembered by its hash, so that the requests that follow with it cost no second signature check;
// its times are looked at again each time. Algorithms other than HS256, "none" among them, are refused before the signature
// is looked at.
//
// # Failure
//
// What is wrong with an access token is told in one of two ways, *apperr.Error unauthenticated both: auth.token_expired, and
// auth.token_invalid for everything else. Which check failed stands in the cause alone, for the log. A decision and its line
// in the audit log are one transaction.
package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"xiaopu/server/apperr"
)

const (
	issuer     = "xiaopu"
	minKey     = 32 // bytes; a shorter key than the hash is the weaker part
	maxToken   = 4 << 10
	maxSubject = 64
	leeway     = 30 * time.Second // clocks of several servers differ by no more
	maxKnown   = 4096             // tokens remembered; a street office has a few hundred in use
)

// Signer issues and verifies access tokens with one key. It is safe for concurrent use.
type Signer struct {
	key    []byte
	clock  func() time.Time
	parser *jwt.Parser

	mu    sync.RWMutex
	known map[[sha256.Size]byte]Grant
}

// Grant is what a good token says.
type Grant struct {
	PersonID string
	// SessionID is "" for a token that was issued by hand, outside any session.
	SessionID string

	from, until time.Time // leeway included
}

// claims are those of a JWT of ours.
type claims struct {
	jwt.RegisteredClaims

	SessionID string `json:"sid,omitempty"`
}

// NewSigner makes a Signer. The key needs 32 bytes or more; clock gives the instant.
func NewSigner(key []byte, clock func() time.Time) (*Signer, error) {
	if len(key) < minKey {
		return nil, apperr.New(apperr.InvalidArgument, "auth.short_key", "令牌密钥至少 %d 字节，现有 %d 字节，请换一个更长的密钥。", minKey, len(key))
	}
	if clock == nil {
		return nil, errors.New("auth: a Signer needs a clock")
	}
	return &Signer{
		key: slices.Clone(key), clock: clock, known: map[[sha256.Size]byte]Grant{},
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Name}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(clock), jwt.WithStrictDecoding(),
		),
	}, nil
}

// Issue makes a token outside any session that names the person for as long as ttl: for trying out.
func (s *Signer) Issue(personID string, ttl time.Duration) (string, error) {
	return s.IssueIn("", personID, ttl)
}

// IssueIn makes a token of a session.
func (s *Signer) IssueIn(sessionID, personID string, ttl time.Duration) (string, error) {
	if personID == "" || len(personID) > maxSubject {
		return "", fmt.Errorf("auth: no person id of 1 to %d bytes", maxSubject)
	}
	if ttl <= 0 {
		return "", errors.New("auth: a token must hold for some time")
	}
	now := s.clock()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{SessionID: sessionID, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: issuer, Subject: personID, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
	}}).SignedString(s.key)
}

var (
	errExpired = apperr.New(apperr.Unauthenticated, "auth.token_expired", "登录已过期，请重新登录。")
	errInvalid = apperr.New(apperr.Unauthenticated, "auth.token_invalid", "登录凭证无效，请重新登录。")
)

// Verify gives what a token says. The error is auth.token_expired or auth.token_invalid.
func (s *Signer) Verify(token string) (g Grant, err error) {
	if len(token) > maxToken {
		return Grant{}, errInvalid.With(fmt.Errorf("%d bytes long", len(token)))
	}
	hash := sha256.Sum256([]byte(token))
	s.mu.RLock()
	g, ok := s.known[hash]
	s.mu.RUnlock()
	if now := s.clock(); ok && !now.Before(g.from) && now.Before(g.until) {
		return g, nil
	}
	if g, err = s.check(token); err != nil {
		return Grant{}, err
	}
	s.mu.Lock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	s.known[hash] = g
	s.mu.Unlock()
	return g, nil
}

// check verifies signature, times and claims.
func (s *Signer) check(token string) (Grant, error) {
	var c claims
	_, err := s.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return s.key, nil })
	switch {
	case err == nil && (c.Subject == "" || len(c.Subject) > maxSubject):
		return Grant{}, errInvalid.With(errors.New("it names nobody"))
	case err == nil && len(c.SessionID) > maxSubject:
		return Grant{}, errInvalid.With(errors.New("no session is named like that"))
	case err == nil && c.IssuedAt == nil:
		return Grant{}, errInvalid.With(errors.New("it does not say when it was issued"))
	case err == nil:
		return Grant{PersonID: c.Subject, SessionID: c.SessionID, from: c.IssuedAt.Add(-leeway), until: c.ExpiresAt.Add(leeway)}, nil
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return Grant{}, errExpired.With(err)
	}
	return Grant{}, errInvalid.With(err)
}
