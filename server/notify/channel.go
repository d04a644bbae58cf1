package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The channels.
const (
	Official = "official" // template message of the official account
	Standing = "standing" // long-term subscribe message
	Once     = "once"     // one-time subscribe message, which uses up a grant
	WeCom    = "wecom"    // message in WeCom
	SMS      = "sms"      // text message
	Inbox    = "inbox"    // read in the inbox before anything was sent
)

// labels are the channels in Chinese.
var labels = map[string]string{Official: "公众号", Standing: "小程序长期订阅", Once: "小程序订阅", WeCom: "企业微信", SMS: "短信", Inbox: "站内消息"}

// Label is a channel in Chinese.
func Label(channel string) string { return labels[channel] }

// Reach is how one recipient can be reached. What is empty is not known.
type Reach struct {
	OfficialID  string // openid at the official account
	Follows     bool   // the official account
	MiniProgram string // openid at the mini-program
	WeCom       string // member id
	Phone       string // a mobile number
}

// Book knows how people can be reached.
type Book interface {
	// Reach gives how a recipient, a person id or "requester:" and a requester's key, can be reached now.
	Reach(ctx context.Context, recipient string) (Reach, error)
	// Unreachable notes that the platform says so: the person no longer follows the official account (Official), or the account
	// is none.
	Unreachable(ctx context.Context, recipient, channel string) error
}

// Message is one message for one person over one channel.
type Message struct {
	// Key is the same for the same notice and channel, however often it is sent.
	Key      string
	To       string // the account: openid, member id or phone number
	Template string // the platform's id
	Keywords map[string]string
	Page     string // of the mini-program, with its query; "" for none
	Title    string // what has happened, in a few characters
	State    string
	Number   string    // of the case; "" for none
	Hint     string    // what to do
	Text     string    // the whole in one sentence
	At       time.Time // when it happened
	Due      time.Time // zero for no deadline
}

// Channel is one way to tell people.
type Channel interface {
	Name() string
	// Account gives whom a message goes to, or why nobody is reached, in Chinese.
	Account(r Reach) (account, why string)
	// Repeatable is for how long the platform takes the same Key once only; 0 for what must never be sent again.
	Repeatable() time.Duration
	// Send sends and gives the platform's number of the message. An error that is no *Refusal counts as Unknown.
	Send(ctx context.Context, m Message) (messageID string, err error)
}

// sparing is a channel whose platform drops what one account gets too much of, without saying so.
type sparing interface {
	// PerMinute is how many messages a minute one account may get.
	PerMinute() int64
}

// Class says what to do about a message that was not sent.
type Class string

// The classes of refusals.
const (
	Retry   Class = "retry"   // nothing was done; the same again a little later
	Minute  Class = "minute"  // too many at once: the channel rests until the next minute
	Daily   Class = "daily"   // the day's quota is used up: the channel rests until after midnight
	Other   Class = "other"   // this person is not reached this way
	NoGrant Class = "grant"   // … because they have not allowed it, or no longer
	Stop    Class = "stop"    // nobody is reached this way until somebody mends the settings
	Unknown Class = "unknown" // it may have been sent
)

// Refusal is why a message was not sent, or may not have been.
type Refusal struct {
	Class Class
	Code  int    // the platform's; 0 for none
	RID   string // by which the platform finds the request
	Err   error
}

// Error gives class, code and cause.
func (r *Refusal) Error() string {
	return fmt.Sprintf("notify: %s, code %d: %v", r.Class, r.Code, r.Err)
}

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// refusalOf gives what an error of Send says. One without a class may hide a message that was sent.
func refusalOf(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return &Refusal{Class: Unknown, Err: err}
}
