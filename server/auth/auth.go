// Package auth says who a caller is: it issues and verifies access tokens.
//
// A token is a JWT signed with HMAC-SHA256 that names a person and a time until which it holds, and nothing else:
// posts and scope come from the organisation at every request, so a change there rules at once, for tokens already out
// too. Other algorithms, "none" among them, are refused before the signature is looked at.
//
// A token found good is remembered by its hash, so that the requests that follow with it cost no second signature check;
// its times are looked at again each time.
//
// What is wrong with a token is told in one of two ways, *apperr.Error unauthenticated both: auth.token_expired, and
// auth.token_invalid for everything else. Which check failed stands in the cause alone, for the log.
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
	known map[[sha256.Size]byte]grant
}

// grant is what a good token says.
type grant struct {
	personID    string
	from, until time.Time // leeway included
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
		key: slices.Clone(key), clock: clock, known: map[[sha256.Size]byte]grant{},
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Name}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(clock), jwt.WithStrictDecoding(),
		),
	}, nil
}

// Issue makes a token that names the person for as long as ttl.
func (s *Signer) Issue(personID string, ttl time.Duration) (string, error) {
	if personID == "" || len(personID) > maxSubject {
		return "", fmt.Errorf("auth: no person id of 1 to %d bytes", maxSubject)
	}
	if ttl <= 0 {
		return "", errors.New("auth: a token must hold for some time")
	}
	now := s.clock()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer: issuer, Subject: personID, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
	}).SignedString(s.key)
}

var (
	errExpired = apperr.New(apperr.Unauthenticated, "auth.token_expired", "登录已过期，请重新登录。")
	errInvalid = apperr.New(apperr.Unauthenticated, "auth.token_invalid", "登录凭证无效，请重新登录。")
)

// Verify gives the person a token names. The error is auth.token_expired or auth.token_invalid.
func (s *Signer) Verify(token string) (personID string, err error) {
	if len(token) > maxToken {
		return "", errInvalid.With(fmt.Errorf("%d bytes long", len(token)))
	}
	hash := sha256.Sum256([]byte(token))
	s.mu.RLock()
	g, ok := s.known[hash]
	s.mu.RUnlock()
	if now := s.clock(); ok && !now.Before(g.from) && now.Before(g.until) {
		return g.personID, nil
	}
	if g, err = s.check(token); err != nil {
		return "", err
	}
	s.mu.Lock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	s.known[hash] = g
	s.mu.Unlock()
	return g.personID, nil
}

// check verifies signature, times and claims.
func (s *Signer) check(token string) (grant, error) {
	var c jwt.RegisteredClaims
	_, err := s.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return s.key, nil })
	switch {
	case err == nil && (c.Subject == "" || len(c.Subject) > maxSubject):
		return grant{}, errInvalid.With(errors.New("it names nobody"))
	case err == nil && c.IssuedAt == nil:
		return grant{}, errInvalid.With(errors.New("it does not say when it was issued"))
	case err == nil:
		return grant{personID: c.Subject, from: c.IssuedAt.Add(-leeway), until: c.ExpiresAt.Add(leeway)}, nil
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return grant{}, errExpired.With(err)
	}
	return grant{}, errInvalid.With(err)
}
