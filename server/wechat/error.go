package wechat

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// Class says what to do about an error.
type Class string

// The classes of errors.
const (
	Retry   Class = "retry"   // nothing was done; the same again a little later
	Wait    Class = "wait"    // a limit is reached: the whole API rests for a minute, or until midnight in Shanghai (Daily)
	Other   Class = "other"   // this person is not reached this way: another channel
	Stop    Class = "stop"    // nobody is reached this way until somebody mends the settings: alert, another channel
	Unknown Class = "unknown" // it may have been done: never again without knowing
	Invalid Class = "invalid" // what the person brought is not good: a code that is used up or too old, a text without words
)

// Codes of the platform that callers tell apart.
const (
	CodeNoGrant      = 43101 // no grant is left for this template, or the person refused it
	CodeNotFollowing = 43004 // does not follow the official account
	CodeBadOpenID    = 40003
	CodeBadCode      = 40029 // wrong, of another account or older than five minutes
	CodeUsedCode     = 40163
	CodeRisk         = 40226 // the platform holds the person for a risk
	CodeVisit        = 61010 // has not opened the mini-program within two hours
	CodeDaily        = 45009
	CodeMinute       = 45011
)

// Error is the failure of one call. Its text holds no secret, token, code or openid.
type Error struct {
	API   string // the endpoint's path
	Code  int    // the platform's; 0 when it did not answer
	RID   string // by which the platform finds the request, for seven days
	Class Class
	Daily bool   // of a Wait: the limit is one of the day
	Text  string // what the platform or the network said, without what identifies anybody
}

// Error gives call, code and text.
func (e *Error) Error() string {
	s := "wechat " + e.API + ": "
	if e.Code != 0 {
		s += fmt.Sprint(e.Code) + " "
	}
	s += e.Text
	if e.RID != "" {
		s += " (rid " + e.RID + ")"
	}
	return s
}

// LogValue is the error in parts.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("api", e.API), slog.Int("code", e.Code), slog.String("rid", e.RID), slog.String("class", string(e.Class)), slog.String("text", e.Text))
}

// ClassOf gives the class of an error of this package, "" for nil and Stop for any other.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Stop
}

// CodeOf gives the platform's code that an error carries, or 0.
func CodeOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// tokenCodes say that the access token is not, or no longer, good.
var tokenCodes = []int{40001, 40014, 41001, 42001}

// classes of the platform's codes. What is not here is Stop: a code that nobody expected wants somebody to look.
var classes = map[int]Class{
	-1: Retry, 50002: Retry, 61451: Retry, 40001: Retry, 40014: Retry, 41001: Retry, 42001: Retry,

	CodeDaily: Wait, CodeMinute: Wait, 45047: Wait, 44991: Wait, 45033: Wait,

	CodeNoGrant: Other, CodeNotFollowing: Other, CodeBadOpenID: Other, 45015: Other, 43104: Other, CodeVisit: Other,
	81013: Other, 60111: Other, 60011: Other, // WeCom: nobody of this name, or out of the app's sight

	CodeBadCode: Invalid, CodeUsedCode: Invalid, CodeRisk: Invalid, 44002: Invalid, 87014: Invalid,
}

// byMinute are the calls whose limit of the minute answers with the code of the day's.
var byMinute = []string{pathCode, pathText, pathMedia}

const maxText = 120 // runes of a text kept

var (
	ridText = regexp.MustCompile(`,?\s*\brid:\s*([0-9a-f]{6,12}(?:-[0-9a-f]{4,12}){1,4})\b`)
	// longRun is what tokens, openids, keys and codes look like. Words of the platform's messages are shorter.
	longRun = regexp.MustCompile(`[0-9A-Za-z_+/=-]{22,}`)
	digits  = regexp.MustCompile(`\d{7,}`)
	// named is a credential behind its name, however short.
	named = regexp.MustCompile(`(?i)((?:token|secret|code|openid|signature|session_key|ticket|touser|userid|userlist)["']?\s*[=:]\s*["']?)[^&\s"',}]+`)
)

// refusal is the platform's answer with a code. hide are the values that its text must not repeat.
func refusal(api string, code int, message string, hide ...string) *Error {
	e := &Error{API: api, Code: code, Class: cmp.Or(classes[code], Stop)}
	e.Daily = code == CodeDaily && !slices.Contains(byMinute, api)
	if m := ridText.FindStringSubmatchIndex(message); m != nil {
		e.RID = message[m[2]:m[3]]
		message = message[:m[0]] + message[m[1]:]
	}
	e.Text = redact(message, hide...)
	return e
}

// redact takes out of a text what identifies a person or opens something.
func redact(s string, hide ...string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	for _, h := range hide {
		if h != "" {
			s = strings.ReplaceAll(s, h, "***")
		}
	}
	s = named.ReplaceAllString(s, "${1}***")
	s = digits.ReplaceAllString(longRun.ReplaceAllString(s, "***"), "***")
	if r := []rune(s); len(r) > maxText {
		s = string(r[:maxText]) + "…"
	}
	return s
}
