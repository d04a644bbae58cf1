package auth

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as every authenticator app does it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The second factor: time-based one-time passwords (RFC 6238) of SHA-1, six digits, 30 seconds, which is what authenticator
// apps know.
const (
	totpStep   = 30 * time.Second
	totpBytes  = 20
	totpDrift  = 1 // steps a clock may be off
	totpDigits = 6
)

var base32NoPad = base32.StdEncoding.WithPadding(base32.NoPadding)

// totpCode gives the code of a time step.
func totpCode(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%0*d", totpDigits, binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff%1_000_000)
}

// matchTOTP gives the time step that a code belongs to, of those around now and behind the last one used; false for none.
func matchTOTP(secret []byte, code string, now time.Time, used int64) (step int64, ok bool) {
	current := now.Unix() / int64(totpStep/time.Second)
	for s := current - totpDrift; s <= current+totpDrift; s++ {
		// Every step is compared, so that the time says nothing.
		if hmac.Equal([]byte(totpCode(secret, s)), []byte(code)) && s > used {
			step, ok = s, true
		}
	}
	return step, ok
}

// totpURI is what an authenticator app reads from a QR code.
func totpURI(secret []byte, login string) string {
	q := url.Values{"secret": {base32NoPad.EncodeToString(secret)}, "issuer": {totpIssuer}}
	return "otpauth://totp/" + url.PathEscape(totpIssuer+":"+login) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

const totpIssuer = "小浦帮办"

// The recovery codes: one use each, for who has lost the device.
const (
	recoveryCodes    = 10
	recoveryAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"
)

func drawRecoveryCode() string { return draw(recoveryAlphabet, 5) + "-" + draw(recoveryAlphabet, 5) }
