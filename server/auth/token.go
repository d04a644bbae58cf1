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
	pollPrefix    = "xpsp_" // a console that waits to be confirmed on a phone
	followPrefix  = "xpfo_" // the scene of a code of the official account
	invitePrefix  = "i."    // the scenes of codes of the mini-program, which are short
	scanPrefix    = "s."
	familyPrefix  = "f."
	tokenBytes    = 32
	shortBytes    = 16
)

func newToken(prefix string) string {
	return prefix + base64.RawURLEncoding.EncodeToString(random(tokenBytes))
}

// newShort is newToken for what has room for 32 characters, lives for a short while, and whose tries are counted.
func newShort(prefix string) string {
	return prefix + base64.RawURLEncoding.EncodeToString(random(shortBytes))
}

// hashShort is hashToken for newShort.
func hashShort(prefix, token string) (hash string, ok bool) { return hashOf(prefix, token, shortBytes) }

// hashToken gives the hash under which a token is stored; false for what is no token of this kind.
func hashToken(prefix, token string) (hash string, ok bool) { return hashOf(prefix, token, tokenBytes) }

func hashOf(prefix, token string, bytes int) (hash string, ok bool) {
	text, ok := strings.CutPrefix(token, prefix)
	if !ok || len(text) != base64.RawURLEncoding.EncodedLen(bytes) {
		return "", false
	}
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil || len(raw) != bytes { // it passes over line ends
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
