package api

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"xiaopu/server/auth"
	"xiaopu/server/cache"
	"xiaopu/server/intake"
	"xiaopu/server/live"
	"xiaopu/server/metrics"
	"xiaopu/server/notify"
	"xiaopu/server/wechat"
	"xiaopu/server/workflow"
)

// Options of the handler.
type Options struct {
	Engine *workflow.Engine
	Signer *auth.Signer
	// SignIn signs staff in; without one the sign-in routes answer unavailable and tokens of sessions are refused.
	SignIn *auth.Service
	// SessionsOnly refuses tokens that belong to no session: those printed for trying out.
	SessionsOnly bool
	// Cache counts rate limits; nil means the process's memory.
	Cache *cache.Cache
	// Imports takes uploaded files in; without it the import routes answer unavailable.
	Imports *intake.Jobs
	// Notices is what people see and do beside the sending of notices; without it its routes answer unavailable.
	Notices *notify.Desk
	// DevClock registers the demonstration clock; never in production.
	DevClock bool
	// MaxUploadBytes limits an uploaded file; 0 means 50 MB.
	MaxUploadBytes int64
	Logger         *slog.Logger
	// Clock measures durations for the access log; without one it has none.
	Clock func() time.Time
	// Live is what changes, for the stream; without it clients look by themselves.
	Live *live.Hub
	// Metrics counts requests; nil counts none.
	Metrics *metrics.Metrics
	// Draining tells that the process is about to end, and takes no more work; nil for never.
	Draining func() bool
	// SweepsHere says that this process has a sweeper, whose stalling /readyz tells.
	SweepsHere bool
	// Version is the program's own, which /healthz tells.
	Version string
	// WeChat reads what WeChat pushes; without one its addresses answer unavailable.
	WeChat *wechat.Receiver
	// Preview serves the mini-program in a browser; never in production.
	Preview *Preview
	// TrustedProxies are addresses or networks that may name the client they forward for, in X-Forwarded-For.
	TrustedProxies []string
}

const defaultMaxUpload = 50 << 20

// server is what the handlers share.
type server struct {
	engine      *workflow.Engine
	signer      *auth.Signer
	signIn      *auth.Service
	sessions    bool // whether a token must belong to one
	devClock    bool // whether there is the demonstration clock
	cache       *cache.Cache
	imports     *intake.Jobs
	notices     *notify.Desk
	maxUpload   int64
	log         *slog.Logger
	clock       func() time.Time
	version     string
	metrics     *metrics.Metrics
	draining    func() bool
	since       time.Time // when the handler was made
	sweeps      bool
	weChat      *wechat.Receiver
	miniProgram *Preview

	schemas      huma.Registry
	pushedSchema *huma.Schema // of one ticket that a platform pushes

	directory directoryCache
	trying    sync.Mutex // one dry run at a time
	live      *live.Hub
	slow      map[string]bool // routes with more time, by gin's template
	streams   map[string]bool // routes that end with the client
	quiet     map[string]bool // routes not worth a line in the log
	line      chan struct{}   // the reads at work; those beyond wait here, first come first served
}

// NewHandler makes the HTTP interface over an engine. It is ready to serve and safe for concurrent use.
func NewHandler(o Options) http.Handler {
	router, _ := build(o)
	return router
}

// OpenAPI writes the OpenAPI 3.1 document of the whole interface, demonstration clock included, indented.
func OpenAPI(w io.Writer) error {
	_, doc := build(Options{DevClock: true})
	body, err := encodeDocument(doc)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

// build makes the router and the document of what is on it.
func build(o Options) (router *gin.Engine, doc *huma.OpenAPI) {
	tuneHuma()
	gin.SetMode(gin.ReleaseMode)
	s := newServer(o)
	router = gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false
	router.ForwardedByClientIP = len(o.TrustedProxies) > 0
	router.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := router.SetTrustedProxies(o.TrustedProxies); err != nil {
		panic("api: trusted proxies: " + err.Error()) // the configuration has checked them
	}
	router.Use(s.around)
	router.NoRoute(func(c *gin.Context) { s.write(c, newProblem(exchangeOf(c.Request.Context()), errNoRoute)) })
	router.NoMethod(func(c *gin.Context) { s.write(c, newProblem(exchangeOf(c.Request.Context()), errNoMethod)) })

	doc = document()
	api := humagin.New(router, huma.Config{
		OpenAPI: doc, Formats: map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json", RejectUnknownQueryParameters: true,
	})
	s.learnSchemas(doc.Components.Schemas)
	for _, r := range routes() {
		if r.Permission == devClock && !o.DevClock {
			continue
		}
		s.register(api, r)
	}
	describe(doc)
	exemplify(doc)
	s.serveDocs(router, doc)
	s.servePreview(router)
	return router, doc
}

func newServer(o Options) *server {
	s := &server{
		engine: o.Engine, signer: o.Signer, signIn: o.SignIn, sessions: o.SessionsOnly, devClock: o.DevClock, cache: o.Cache, imports: o.Imports, notices: o.Notices, maxUpload: o.MaxUploadBytes,
		log: o.Logger, clock: o.Clock, version: o.Version, metrics: o.Metrics, draining: o.Draining, sweeps: o.SweepsHere, weChat: o.WeChat, live: o.Live, miniProgram: o.Preview,
		slow: map[string]bool{}, streams: map[string]bool{}, quiet: map[string]bool{},
	}
	if s.cache == nil {
		// Without an address there is nothing to get wrong.
		s.cache, _ = cache.New(cache.Options{Clock: s.clock, Logger: s.log})
	}
	if s.engine != nil { // nil while only the document is wanted
		s.line = make(chan struct{}, s.engine.ReadsAtOnce())
	}
	if s.maxUpload <= 0 {
		s.maxUpload = defaultMaxUpload
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.clock == nil {
		s.clock = func() time.Time { return time.Time{} }
	}
	s.since = s.clock()
	return s
}

// register puts one entry of the table on the router, behind its guard.
func (s *server) register(api huma.API, r route) {
	template := strings.NewReplacer("{", ":", "}", "").Replace(r.Path)
	s.streams[template] = s.streams[template] || r.Stream
	s.slow[template] = s.slow[template] || r.Slow
	s.quiet[template] = r.Permission == public && !strings.HasPrefix(r.Path, v1)
	op := huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: r.Path, Summary: r.Summary, Description: r.Description, Tags: []string{r.Tag},
		DefaultStatus: r.Status, MaxBodyBytes: cmp.Or(r.MaxBody, maxBody), BodyReadTimeout: timeLimit,
		Extensions: map[string]any{"x-permission": string(r.Permission)},
	}
	switch r.Permission {
	case public, byLink: // the handler opens the link
	case platformSigned: // the handler checks the signature, of the whole body
		op.Security = []map[string][]string{{platformKey: {}}}
	default:
		op.Middlewares = huma.Middlewares{s.guard(r)}
		if r.Method == http.MethodGet && !r.Slow && !r.Stream {
			op.Middlewares = append(op.Middlewares, s.queue)
		}
		op.Security = []map[string][]string{{bearer: {}}}
	}
	r.register(s, api, op)
	documented := operation(api.OpenAPI(), r.Method, r.Path)
	if r.document != nil {
		r.document(documented)
	}
	for status, response := range documented.Responses {
		response.Description = "成功"
		if status == "default" {
			response.Description = "出错：问题说明（RFC 9457）"
		}
	}
}

// maxBody limits a JSON body. Huma refuses a body of exactly this size too.
const maxBody = 1<<20 + 1

// guard lets pass who shows a valid token and has the permission.
func (s *server) guard(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		x := exchangeOf(ctx.Context())
		err := s.identify(ctx.Context(), x, ctx.Header("Authorization"), !r.Polled)
		if err == nil && !may(x.actor, r.Permission) {
			err = errDenied
		}
		if err != nil {
			s.write(humagin.Unwrap(ctx), s.problem(ctx.Context(), err))
			return
		}
		next(ctx)
	}
}

// queue lets no more reads in at once than the database serves. Under load each then waits its turn, and none several
// times as long as the others: the pool behind it serves those who wait in any order.
func (s *server) queue(ctx huma.Context, next func(huma.Context)) {
	s.line <- struct{}{}
	defer func() { <-s.line }()
	next(ctx)
}

// identify finds out who asks, and with which posts at this moment. acts says that they do something, so that their session
// goes on.
func (s *server) identify(ctx context.Context, x *exchange, authorization string, acts bool) error {
	const scheme = "bearer "
	if len(authorization) <= len(scheme) || !strings.EqualFold(authorization[:len(scheme)], scheme) {
		return errNoToken
	}
	grant, err := s.signer.Verify(strings.TrimSpace(authorization[len(scheme):]))
	if err != nil {
		return err
	}
	return s.admit(ctx, x, grant, acts)
}

// admit lets in who is granted it, if their session lives and they are here, with their posts at this moment.
func (s *server) admit(ctx context.Context, x *exchange, grant auth.Grant, acts bool) error {
	switch {
	case grant.SessionID == "" && s.sessions:
		return errTrialToken
	case grant.SessionID == "":
	case s.signIn == nil:
		return errNoSignIn
	default:
		if err := s.signIn.Check(ctx, grant, acts); err != nil {
			return err
		}
	}
	actor, here, err := s.engine.Actor(ctx, grant.PersonID)
	if err != nil {
		return err
	}
	if !here {
		if grant.SessionID != "" {
			err = s.signIn.EndLeft(ctx, grant.PersonID)
		}
		return cmp.Or(err, error(errLeft))
	}
	x.actor, x.sessionID = actor, grant.SessionID
	return nil
}

// handle makes a route's register func of a handler that takes its input and gives the body or an error.
func handle[I, O any](h func(s *server, ctx context.Context, in *I) (O, error)) func(*server, huma.API, huma.Operation) {
	return func(s *server, api huma.API, op huma.Operation) {
		huma.Register(api, op, func(ctx context.Context, in *I) (*output[O], error) {
			body, err := h(s, ctx, in)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &output[O]{Body: body}, nil
		})
	}
}

// output wraps a handler's result as huma wants it.
type output[O any] struct {
	Body O
}

// download is a file that a handler gives instead of a body of its own.
type download struct {
	Name string // for the person who saves it
	Type string
	Body []byte
}

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

type fileOutput struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// handleFile makes a route's register func of a handler that gives a file.
func handleFile[I any](h func(s *server, ctx context.Context, in *I) (download, error)) func(*server, huma.API, huma.Operation) {
	return func(s *server, api huma.API, op huma.Operation) {
		huma.Register(api, op, func(ctx context.Context, in *I) (*fileOutput, error) {
			d, err := h(s, ctx, in)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &fileOutput{Type: d.Type, Disposition: "attachment; filename*=UTF-8''" + url.PathEscape(d.Name), Body: d.Body}, nil
		})
	}
}

// documentWorkbook says that an operation gives a workbook.
func documentWorkbook(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{workbookType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	op.Responses["200"].Headers = nil
}
