package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// The hosts of the platform. WeCom's can be another, of an installation of the government's own.
const (
	platformHost = "api.weixin.qq.com"
	weComHost    = "qyapi.weixin.qq.com"
)

const maxAnswer = 4 << 20 // bytes; the largest answer is a picture

func init() { // the SDK has one client for all; it must never be the default one, which has no time limit
	util.DefaultHTTPClient = &http.Client{
		Transport:     roundTripper{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// gate is where a Client's requests go out.
type gate struct {
	hosts  []string // that may be asked
	target *url.URL // the stand-in that is asked instead of them; nil for none
	base   http.RoundTripper
}

func newGate(target *url.URL, hosts ...string) *gate {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 3 * time.Second, MaxIdleConns: 200, MaxIdleConnsPerHost: 100, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
	}
	if target != nil {
		t.Proxy = nil
	}
	return &gate{hosts: hosts, target: target, base: t}
}

// trip is one request on its way, carried by its context.
type trip struct {
	gate   *gate
	wrote  atomic.Bool // from here on it may have been read
	status atomic.Int64
}

type tripKey struct{}

func (g *gate) begin(ctx context.Context) (context.Context, *trip) {
	t := &trip{gate: g}
	ctx = context.WithValue(ctx, tripKey{}, t)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { t.wrote.Store(true) }}), t
}

var (
	errHost   = errors.New("this host may not be asked")
	errStatus = errors.New("the platform answered with an HTTP error")
	errSize   = errors.New("the answer is too large")
)

type roundTripper struct{}

func (roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	t, ok := r.Context().Value(tripKey{}).(*trip)
	if !ok || r.URL.Scheme != "https" || !slices.Contains(t.gate.hosts, r.URL.Host) {
		return nil, errHost
	}
	out := r.Clone(r.Context())
	if to := t.gate.target; to != nil {
		out.URL.Scheme, out.URL.Host = to.Scheme, to.Host
		out.Host = r.URL.Host // so that the stand-in sees which host was meant
	}
	if out.Body == nil {
		// Package http repeats a GET by itself when a connection ends. A login code is used up by the first.
		out.Body, out.GetBody = io.NopCloser(strings.NewReader("")), nil
	}
	answer, err := t.gate.base.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	t.status.Store(int64(answer.StatusCode))
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, errStatus
	}
	answer.Body = &limited{body: answer.Body, left: maxAnswer}
	return answer, nil
}

// limited is a body that fails when it is longer than it may be.
type limited struct {
	body io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.body.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errSize
	}
	return n, err
}

func (l *limited) Close() error { return l.body.Close() }

// failure makes an Error of what is not the platform's own answer.
func (t *trip) failure(api string, err error, hide ...string) *Error {
	e := &Error{API: api, Class: Unknown}
	status := int(t.status.Load())
	switch {
	case errors.Is(err, errHost):
		e.Class = Stop
	case status == http.StatusTooManyRequests:
		e.Class = Wait
	case status == http.StatusServiceUnavailable: // refused at the door
		e.Class = Retry
	case status >= 300 && status < 500:
		e.Class = Stop
	case !t.wrote.Load():
		e.Class = Retry
	}
	var outer *url.Error
	switch {
	case status != 0 && status != http.StatusOK:
		e.Text = fmt.Sprintf("HTTP %d", status)
	case errors.Is(err, context.DeadlineExceeded):
		e.Text = "no answer in time"
	case errors.Is(err, context.Canceled):
		e.Text = "given up before the answer"
	case errors.As(err, &outer): // its own text holds the whole address
		e.Text = redact(outer.Err.Error(), hide...)
	case status == http.StatusOK && !errors.Is(err, errSize):
		e.Text = "the answer is not what was asked for, or was cut off"
	default:
		e.Text = redact(err.Error(), hide...)
	}
	return e
}
