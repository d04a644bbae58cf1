package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
)

// Account is what the platform knows an account by. No print or log shows more of it than its id.
type Account struct {
	AppID  string
	Secret string
	Token  string // signs pushes
	AESKey string // seals pushes, 43 characters
}

// String is the app id.
func (a Account) String() string { return a.AppID }

// GoString is String.
func (a Account) GoString() string { return a.AppID }

// LogValue is String.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.AppID) }

// Corp is an app in WeCom, or in an installation of the government's own that speaks like it.
type Corp struct {
	ID     string
	Agent  int
	Secret string
	Host   string // "" for WeCom's own
}

// String is the corporation's id and the agent.
func (c Corp) String() string { return c.ID + "-" + c.agent() }

// GoString is String.
func (c Corp) GoString() string { return c.String() }

// LogValue is String.
func (c Corp) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (c Corp) agent() string { return strconv.Itoa(c.Agent) }

func (c Corp) host() string {
	if c.Host == "" {
		return weComHost
	}
	return c.Host
}

func (c Corp) url(path string) string { return "https://" + c.host() + path }

const platform = "https://" + platformHost

// The versions of the mini-program that messages and codes open.
const (
	Release = "release"
	Trial   = "trial"
	Develop = "develop"
)

// Options of a Client.
type Options struct {
	App  Account // the mini-program
	OA   Account // the official account; zero for none
	Corp Corp    // zero for none
	// StandIn is the address of a stand-in on this machine, http://127.0.0.1:port; "" for the platform itself.
	StandIn string
	// Version of the mini-program that messages and codes open; "" for Release.
	Version string
	// Cache shares tokens; required.
	Cache *cache.Cache
	// Timeout of one request; 0 means 5 seconds.
	Timeout time.Duration
	Logger  *slog.Logger
}

// Client asks the platform. It is safe for concurrent use.
type Client struct {
	options Options
	gate    *gate
	cache   *cache.Cache
	log     *slog.Logger

	app, oa, corp *tokens // nil for an account that there is not
}

// New makes a Client. It asks nothing yet. invalid_argument wechat.standin for a stand-in that is not on this machine.
func New(o Options) (*Client, error) {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Version == "" {
		o.Version = Release
	}
	var target *url.URL
	if o.StandIn != "" {
		var err error
		if target, err = standIn(o.StandIn); err != nil {
			return nil, err
		}
	}
	c := &Client{options: o, gate: newGate(target, platformHost, o.Corp.host()), cache: o.Cache, log: o.Logger}
	if c.log == nil {
		c.log = slog.Default()
	}
	if o.App.AppID != "" {
		c.app = stable(c, o.App)
	}
	if o.OA.AppID != "" {
		c.oa = stable(c, o.OA)
	}
	if o.Corp.ID != "" {
		c.corp = ofCorp(c, o.Corp)
	}
	return c, nil
}

// HasOA reports whether there is an official account.
func (c *Client) HasOA() bool { return c.oa != nil }

// HasCorp reports whether there is an app in WeCom.
func (c *Client) HasCorp() bool { return c.corp != nil }

// AppID is the mini-program's.
func (c *Client) AppID() string { return c.options.App.AppID }

// answer is how every answer of the platform begins.
type answer struct {
	ErrCode int    `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
}

// post asks an endpoint of JSON with the account's token. hide are values that no error may repeat.
func (c *Client) post(ctx context.Context, t *tokens, address string, in, out any, hide ...string) error {
	return c.call(ctx, t, address, func(ctx context.Context, url string) ([]byte, error) { return util.PostJSONContext(ctx, url, in) }, out, hide...)
}

// get asks an endpoint that takes its arguments in the address, as query.
func (c *Client) get(ctx context.Context, t *tokens, address, query string, out any, hide ...string) error {
	return c.call(ctx, t, address, func(ctx context.Context, url string) ([]byte, error) { return util.HTTPGetContext(ctx, url+query) }, out, hide...)
}

func (c *Client) call(ctx context.Context, t *tokens, address string, send func(ctx context.Context, url string) ([]byte, error), out any, hide ...string) error {
	u, err := url.Parse(address)
	if err != nil {
		return &Error{API: "?", Class: Stop, Text: "no address"}
	}
	return c.with(ctx, t, u.Path, func(ctx context.Context, token string) error {
		body, err := send(ctx, address+"?access_token="+url.QueryEscape(token))
		if err != nil {
			return err
		}
		var head answer
		if err := json.Unmarshal(body, &head); err != nil {
			return err
		}
		if head.ErrCode != 0 {
			return refusal(u.Path, head.ErrCode, head.ErrMsg, append(hide, token)...)
		}
		return json.Unmarshal(body, out)
	}, hide...)
}

// with runs a call with the account's token, and once more with another one when the platform refuses that token: a call
// that was refused for it did nothing.
func (c *Client) with(ctx context.Context, t *tokens, api string, f func(ctx context.Context, token string) error, hide ...string) error {
	if t == nil {
		return &Error{API: api, Class: Other, Text: "there is no such account in the settings"}
	}
	token, err := t.get(ctx)
	if err != nil {
		return err
	}
	for again := false; ; again = true {
		e := c.ask(ctx, api, func(ctx context.Context) error { return f(ctx, token) }, append(hide, token)...)
		switch {
		case e == nil:
			return nil
		case again || !slices.Contains(tokenCodes, e.Code):
			return c.told(ctx, e)
		}
		if token, err = t.renew(ctx, token); err != nil {
			return err
		}
	}
}

// ask makes one request within the time that one has, and makes an Error of whatever goes wrong.
func (c *Client) ask(ctx context.Context, api string, f func(ctx context.Context) error, hide ...string) *Error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	ctx, t := c.gate.begin(ctx)
	err := f(ctx)
	if err == nil {
		return nil
	}
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	var theirs *util.CommonError
	if errors.As(err, &theirs) {
		return refusal(api, int(theirs.ErrCode), theirs.ErrMsg, hide...)
	}
	return t.failure(api, err, hide...)
}

// tellEvery is how often one and the same error that stops everything is logged.
const tellEvery = time.Minute

// told logs an error that somebody must do something about.
func (c *Client) told(ctx context.Context, e *Error) *Error {
	if e.Class == Stop && c.cache.Claim(ctx, fmt.Sprintf("wechat:told:%s:%d", e.API, e.Code), tellEvery) {
		c.log.ErrorContext(ctx, "wechat refuses: the settings need a look", slog.Any("wechat", e))
	}
	return e
}

// standIn reads the address of a stand-in, which must be on this machine: what goes there is not encrypted.
func standIn(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || !loopback(u.Hostname()) || u.Port() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.User != nil {
		return nil, apperr.New(apperr.InvalidArgument, "wechat.standin", "微信模拟平台的地址应为本机地址，例如 http://127.0.0.1:8090。")
	}
	return u, nil
}
