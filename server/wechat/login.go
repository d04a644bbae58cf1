package wechat

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"

	"github.com/silenceper/wechat/v2/miniprogram/auth"
	sdkconfig "github.com/silenceper/wechat/v2/miniprogram/config"
	sdkcontext "github.com/silenceper/wechat/v2/miniprogram/context"
)

const (
	pathLogin    = "/sns/jscode2session"
	pathPhone    = "/wxa/business/getuserphonenumber"
	pathFollower = "/cgi-bin/user/info"
)

// Identity is who a login code belongs to.
type Identity struct {
	OpenID  string // of the mini-program
	UnionID string // the same in mini-program and official account; "" when they are not joined
}

// String shows nothing of it.
func (Identity) String() string { return "[微信身份]" }

// GoString is String.
func (i Identity) GoString() string { return i.String() }

// LogValue is String.
func (i Identity) LogValue() slog.Value { return slog.StringValue(i.String()) }

// goodCode is what a code may be made of. It goes into an address as it is.
var goodCode = regexp.MustCompile(`^[0-9A-Za-z_-]{16,128}$`)

// Login exchanges the code of wx.login for who it belongs to. A code is good once, for five minutes, so a call that is
// Unknown needs a new one. The session key is dropped: nothing here decrypts with it.
func (c *Client) Login(ctx context.Context, code string) (Identity, error) {
	if !goodCode.MatchString(code) {
		return Identity{}, &Error{API: pathLogin, Code: CodeBadCode, Class: Invalid, Text: "this is no code"}
	}
	a := c.options.App
	sdk := auth.NewAuth(&sdkcontext.Context{Config: &sdkconfig.Config{AppID: a.AppID, AppSecret: a.Secret}})
	var got auth.ResCode2Session
	if err := c.ask(ctx, pathLogin, func(ctx context.Context) (err error) {
		got, err = sdk.Code2SessionContext(ctx, code)
		if got.ErrCode != 0 {
			return refusal(pathLogin, int(got.ErrCode), got.ErrMsg, code, a.Secret)
		}
		return err
	}, code, a.Secret); err != nil {
		return Identity{}, c.told(ctx, err)
	}
	if got.OpenID == "" {
		return Identity{}, &Error{API: pathLogin, Class: Unknown, Text: "an answer without openid"}
	}
	return Identity{OpenID: got.OpenID, UnionID: got.UnionID}, nil
}

// Phone exchanges the code of the phone button for the number, which the platform has checked to be of the same person as
// openid. It proves that the person holds the number, not who they are. Numbers come without country code; those of other
// countries are refused as Invalid.
func (c *Client) Phone(ctx context.Context, code, openid string) (string, error) {
	if !goodCode.MatchString(code) {
		return "", &Error{API: pathPhone, Code: CodeBadCode, Class: Invalid, Text: "this is no code"}
	}
	var out struct {
		Phone struct {
			Number    string `json:"purePhoneNumber"`
			Country   text   `json:"countryCode"`
			Watermark struct {
				AppID string `json:"appid"`
			} `json:"watermark"`
		} `json:"phone_info"`
	}
	if err := c.post(ctx, c.app, platform+pathPhone, map[string]string{"code": code, "openid": openid}, &out, code, openid); err != nil {
		return "", err
	}
	switch {
	case out.Phone.Watermark.AppID != c.options.App.AppID:
		return "", &Error{API: pathPhone, Class: Stop, Text: "a number for another mini-program"}
	case out.Phone.Country != "86":
		return "", &Error{API: pathPhone, Class: Invalid, Text: "a number of another country"}
	}
	return out.Phone.Number, nil
}

// FollowerUnion gives the unionid of who follows the official account with an openid there; "" where the platform joins it with nothing.
func (c *Client) FollowerUnion(ctx context.Context, openid string) (string, error) {
	var out struct {
		UnionID string `json:"unionid"`
	}
	err := c.get(ctx, c.oa, platform+pathFollower, "&lang=zh_CN&openid="+url.QueryEscape(openid), &out, openid)
	return out.UnionID, err
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
