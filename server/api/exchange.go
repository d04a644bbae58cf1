package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

// Time limits of requests that change something. Reads have none of their own and do not end when the caller goes away:
// each takes a bounded number of rows from an index, the driver gives up on a dead server, and a context that can end
// costs database/sql and the SQLite driver a goroutine each per statement, up to half of what a read costs.
const (
	timeLimit     = 30 * time.Second
	slowTimeLimit = 10 * time.Minute // imports, and sweeps that somebody waits for
)

// exchange is one request on its way: what the log will say of it and who asks.
type exchange struct {
	server    *server
	requestID string
	header    http.Header // of the answer
	actor     casework.Actor
	sessionID string // "" for a token outside any session
	platform  string // another system that asks
	caseID    string
	reason    string // why it was refused
}

type exchangeKey struct{}

// exchangeOf gives the exchange that ctx belongs to.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// actorOf gives who asks.
func actorOf(ctx context.Context) casework.Actor { return exchangeOf(ctx).actor }

// onCase notes for the log which case the request is about.
func onCase(ctx context.Context, id string) { exchangeOf(ctx).caseID = id }

// The headers of every answer. The slices are shared: nothing may append to them.
var fixedHeaders = http.Header{
	"Cache-Control":           {"no-store"},
	"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
	"Referrer-Policy":         {"no-referrer"},
	"X-Content-Type-Options":  {"nosniff"},
	"X-Frame-Options":         {"DENY"},
}

// around is the outermost layer: it names the request, limits its time, catches panics and writes the access log.
func (s *server) around(c *gin.Context) {
	x := &exchange{server: s, requestID: requestID(c.Request.Header.Get("X-Request-Id"))}
	header := c.Writer.Header()
	for name, value := range fixedHeaders {
		header[name] = value
	}
	header["X-Request-Id"] = []string{x.requestID}
	x.header = header

	ctx := context.WithValue(c.Request.Context(), exchangeKey{}, x)
	ctx = workflow.WithOrigin(ctx, workflow.Origin{Address: c.ClientIP(), Agent: c.Request.UserAgent(), RequestID: x.requestID})
	if s.streams[c.FullPath()] {
		// It has no limit here and ends when the caller goes away.
	} else if c.Request.Method == http.MethodGet && !s.quiet[c.FullPath()] {
		ctx = context.WithoutCancel(ctx)
	} else {
		var cancel context.CancelFunc
		ctx, cancel = s.limited(ctx, c)
		defer cancel()
	}
	c.Request = c.Request.WithContext(ctx)

	start := s.clock()
	defer func() {
		if caught := recover(); caught != nil {
			if err, ok := caught.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(caught)
			}
			s.log.ErrorContext(ctx, "panic", slog.String("request_id", x.requestID), slog.String("panic", fmt.Sprint(caught)), slog.String("stack", string(debug.Stack())))
			if !c.Writer.Written() {
				s.write(c, s.problem(ctx, apperr.New(apperr.Internal, "internal", "")))
			}
		}
		s.logAccess(c, x, start)
	}()
	c.Next()
}

// limited gives ctx the time limit of the route.
func (s *server) limited(ctx context.Context, c *gin.Context) (context.Context, context.CancelFunc) {
	if !s.slow[c.FullPath()] {
		return context.WithTimeout(ctx, timeLimit)
	}
	ctx, cancel := context.WithTimeout(ctx, slowTimeLimit)
	// The server's own deadlines are for ordinary requests. A writer without deadlines needs none moved.
	end, _ := ctx.Deadline()
	rc := http.NewResponseController(c.Writer)
	_ = rc.SetReadDeadline(end)
	_ = rc.SetWriteDeadline(end.Add(timeLimit))
	return ctx, cancel
}

// logAccess writes one line per request: routes and ids, never what a person typed.
func (s *server) logAccess(c *gin.Context, x *exchange, start time.Time) {
	status := c.Writer.Status()
	level := slog.LevelInfo
	route := c.FullPath()
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case s.quiet[route]:
		level = slog.LevelDebug
	}
	if route == "" {
		route = "none"
	}
	took := time.Duration(0)
	if !start.IsZero() && !s.streams[route] { // how long somebody listens is no time that an answer took
		took = s.clock().Sub(start)
	}
	s.metrics.Request(route, c.Request.Method, status, took)
	ctx := c.Request.Context()
	if !s.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("request_id", x.requestID), slog.String("method", c.Request.Method), slog.String("route", route), slog.Int("status", status))
	if !start.IsZero() {
		attrs = append(attrs, slog.Float64("ms", float64(took.Microseconds())/1000))
	}
	if x.actor.PersonID != "" {
		attrs = append(attrs, slog.String("actor", x.actor.PersonID))
	}
	if x.platform != "" {
		attrs = append(attrs, slog.String("platform", x.platform))
	}
	if caseName.MatchString(x.caseID) {
		attrs = append(attrs, slog.String("case", x.caseID))
	}
	if x.reason != "" {
		attrs = append(attrs, slog.String("reason", x.reason))
	}
	s.log.LogAttrs(ctx, level, "request", attrs...)
}

var (
	// caseName is an id or number of a case as we make them: nothing else that stood in its place is logged.
	caseName = regexp.MustCompile(`^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|NS\d{4}-\d{6,9})$`)
	// saneID is a request id that we take over from the caller.
	saneID = regexp.MustCompile(`^[0-9A-Za-z._-]{8,64}$`)
	// personalNumber is a mobile phone or ID number, which is no request id whatever the caller says.
	personalNumber = regexp.MustCompile(`(?:^|\D)(?:1[3-9]\d{9}|\d{17}[0-9Xx])(?:\D|$)`)
)

func requestID(given string) string {
	if given != "" && saneID.MatchString(given) && !personalNumber.MatchString(given) {
		return given
	}
	return rand.Text()
}
