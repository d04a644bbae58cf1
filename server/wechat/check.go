package wechat

import (
	"context"

	sdkconfig "github.com/silenceper/wechat/v2/miniprogram/config"
	sdkcontext "github.com/silenceper/wechat/v2/miniprogram/context"
	"github.com/silenceper/wechat/v2/miniprogram/security"
)

const (
	pathText  = "/wxa/msg_sec_check"
	pathMedia = "/wxa/media_check_async"
)

// What the platform suggests to do with a text or a picture.
const (
	Pass   = "pass"
	Review = "review" // a person must look
	Risky  = "risky"
)

// Scene says where a text will be seen.
type Scene uint8

// The scenes.
const (
	Profile Scene = iota + 1
	Comment
	Forum
	Log
)

// MaxText is how many characters of a text are checked at once.
const MaxText = 2500

// Verdict is what the platform thinks of a text or a picture.
type Verdict struct {
	Suggest string // Pass, Review, Risky
	Label   int    // of what kind, 100 for nothing
	TraceID string
}

// Kind says the label in Chinese.
func (v Verdict) Kind() string { return security.CheckLabel(v.Label).String() }

// CheckText has a text of up to MaxText characters checked. Its writer must have opened the mini-program within two hours.
func (c *Client) CheckText(ctx context.Context, openid string, scene Scene, content string) (v Verdict, err error) {
	err = c.with(ctx, c.app, pathText, func(ctx context.Context, token string) error {
		got, err := c.security(token).MsgCheckContext(ctx, &security.MsgCheckRequest{OpenID: openid, Scene: security.MsgScene(scene), Content: content})
		v = Verdict{Suggest: string(got.Result.Suggest), Label: int(got.Result.Label), TraceID: got.TraceID}
		return err
	}, openid, content)
	if err == nil && v.Suggest != Pass && v.Suggest != Risky {
		v.Suggest = Review // what is not known to be fine, a person looks at
	}
	return v, err
}

// CheckImage has the picture at an address that the platform can reach checked. The verdict comes within half an hour as
// a push with the trace id that is given here.
func (c *Client) CheckImage(ctx context.Context, openid string, scene Scene, address string) (traceID string, err error) {
	const picture = 2
	err = c.with(ctx, c.app, pathMedia, func(ctx context.Context, token string) (err error) {
		traceID, err = c.security(token).MediaCheckAsyncContext(ctx, &security.MediaCheckAsyncRequest{MediaURL: address, MediaType: picture, OpenID: openid, Scene: uint8(scene)})
		return err
	}, openid, address)
	return traceID, err
}

// security is the SDK's caller with this one token, so that a refused one is known.
func (c *Client) security(token string) *security.Security {
	return security.NewSecurity(&sdkcontext.Context{Config: &sdkconfig.Config{AppID: c.options.App.AppID}, AccessTokenContextHandle: held(token)})
}

// held is a token in hand.
type held string

// GetAccessToken gives it.
func (h held) GetAccessToken() (string, error) { return string(h), nil }

// GetAccessTokenContext gives it.
func (h held) GetAccessTokenContext(context.Context) (string, error) { return string(h), nil }
