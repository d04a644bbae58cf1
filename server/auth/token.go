package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Opaque tokens: 32 random bytes behind a word that says what for, so that one is never taken for another and is known
// when it turns up where it should not. Only their hash is stored.
const (
	refreshPrefix = "xprt_" // refresh token
	stepPrefix    = "xpst_" // a sign-in under way
	ticketPrefix  = "xpbt_" // somebody in WeChat who is about to bind
	tokenBytes    = 32
)

func newToken(prefix string) string {
	return prefix + base64.RawURLEncoding.EncodeToString(random(tokenBytes))
}

// hashToken gives the hash under which a token is stored; false for what is no token of this kind.
func hashToken(prefix, token string) (hash string, ok bool) {
	text, ok := strings.CutPrefix(token, prefix)
	if !ok || len(text) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return "", false
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil {
		return "", false
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:]), true
}

// nextToken gives the refresh token that follows on one, made of it and a salt: who has only the token or only the database
// cannot make it.
func nextToken(token, salt string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte(salt))
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
