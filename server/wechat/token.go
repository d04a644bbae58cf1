package wechat

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

const (
	pathStableToken = "/cgi-bin/stable_token"
	pathCorpToken   = "/cgi-bin/gettoken"

	// renewBefore is when the platform begins to hand out the next token; both are good then.
	renewBefore = 5 * time.Minute
	leastLife   = 5 * time.Second
	// renewWithin is how long one process has to fetch the token that the others wait for.
	renewWithin = 5 * time.Second
	lookEvery   = 50 * time.Millisecond
)

// tokens hands out one account's access token.
type tokens struct {
	client  *Client
	account string // app id, or corporation and agent
	secret  string
	fetch   func(ctx context.Context) ([]byte, error)
	path    string
	turn    chan struct{} // held by who fetches
	seal    cipher.AEAD
}

func newTokens(c *Client, account, secret, path string) *tokens {
	key := sha256.Sum256([]byte("xiaopu wechat token\n" + account + "\n" + secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("wechat: " + err.Error()) // of the key's length, which is right
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("wechat: " + err.Error())
	}
	return &tokens{client: c, account: account, secret: secret, path: path, turn: make(chan struct{}, 1), seal: seal}
}

// stable fetches an account's stable token: asked again, the platform gives the same one until it nears its end, and never
// ends it because of the asking.
func stable(c *Client, a Account) *tokens {
	t := newTokens(c, a.AppID, a.Secret, pathStableToken)
	t.fetch = func(ctx context.Context) ([]byte, error) {
		return util.PostJSONContext(ctx, platform+pathStableToken, map[string]any{
			"grant_type": "client_credential", "appid": a.AppID, "secret": a.Secret, "force_refresh": false,
		})
	}
	return t
}

// ofCorp fetches the token of an app in WeCom, which behaves like a stable one.
func ofCorp(c *Client, corp Corp) *tokens {
	t := newTokens(c, corp.ID+"-"+corp.agent(), corp.Secret, pathCorpToken)
	t.fetch = func(ctx context.Context) ([]byte, error) {
		return util.HTTPGetContext(ctx, corp.url(pathCorpToken)+"?corpid="+url.QueryEscape(corp.ID)+"&corpsecret="+url.QueryEscape(corp.Secret))
	}
	return t
}

func (t *tokens) key() string { return "wechat:token:" + t.account }

// known gives the token in the cache.
func (t *tokens) known(ctx context.Context) (string, bool) {
	sealed, ok := t.client.cache.Get(ctx, t.key())
	if !ok {
		return "", false
	}
	token, err := t.seal.Open(nil, nil, sealed, []byte(t.account))
	return string(token), err == nil && len(token) > 0
}

// get gives a token that should be good.
func (t *tokens) get(ctx context.Context) (string, error) {
	if token, ok := t.known(ctx); ok {
		return token, nil
	}
	return t.alone(ctx, func() (string, error) {
		if token, ok := t.known(ctx); ok {
			return token, nil
		}
		return t.ask(ctx)
	})
}

// renew gives another token than bad, which the platform refused. Of all who bring the same one, in whatever process, one
// fetches.
func (t *tokens) renew(ctx context.Context, bad string) (string, error) {
	return t.alone(ctx, func() (string, error) {
		if token, ok := t.known(ctx); ok && token != bad {
			return token, nil
		}
		digest := sha256.Sum256([]byte(bad))
		if t.client.cache.Claim(ctx, "wechat:renew:"+t.account+":"+hex.EncodeToString(digest[:8]), renewWithin) {
			return t.ask(ctx)
		}
		// Another process fetches it.
		look := time.NewTicker(lookEvery)
		defer look.Stop()
		for range int(renewWithin/lookEvery) / 2 {
			select {
			case <-ctx.Done():
			case <-look.C:
			}
			if token, ok := t.known(ctx); ok && token != bad {
				return token, nil
			}
			if ctx.Err() != nil {
				break
			}
		}
		return t.ask(ctx)
	})
}

// alone runs f while no other in this process does.
func (t *tokens) alone(ctx context.Context, f func() (string, error)) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
		return f()
	case <-ctx.Done():
		return "", &Error{API: t.path, Class: Retry, Text: "no token in time"}
	}
}

// ask fetches a token from the platform and keeps it in the cache.
func (t *tokens) ask(ctx context.Context) (string, error) {
	var out struct {
		answer
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	err := t.client.ask(ctx, t.path, func(ctx context.Context) error {
		body, err := t.fetch(ctx)
		if err != nil {
			return err
		}
		return json.Unmarshal(body, &out)
	}, t.secret)
	if err != nil {
		if err.Class == Unknown {
			err.Class = Retry // asking twice does no harm, and the message it was for has not gone out
		}
		return "", err
	}
	if out.ErrCode != 0 || out.AccessToken == "" {
		e := refusal(t.path, out.ErrCode, out.ErrMsg, t.secret)
		if slices.Contains(tokenCodes, e.Code) { // here it says that the secret is wrong
			e.Class = Stop
		}
		return "", t.client.told(ctx, e)
	}
	life := max(time.Duration(out.ExpiresIn)*time.Second-renewBefore, leastLife)
	t.client.cache.Set(ctx, t.key(), t.seal.Seal(nil, nil, []byte(out.AccessToken), []byte(t.account)), life)
	return out.AccessToken, nil
}
