package wechatsim

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"xiaopu/server/wechat"
)

// The kinds of accounts.
const (
	miniProgram = "mini-program"
	official    = "official"
	weCom       = "wecom"
)

// account is one that endpoints are asked for.
type account struct {
	kind     string
	id       string
	original string // who pushes are addressed to
	secret   string
	token    string
	aesKey   string
	callback string
}

// Options of a Server.
type Options struct {
	// App, OA and Corp are the accounts, as the gateway has them; zero means those of Accounts.
	App  wechat.Account
	OA   wechat.Account
	Corp wechat.Corp
	// Pages are those of the mini-program's released version; nil means every page is there.
	Pages []string
	// Templates are those of the accounts; nil means Templates().
	Templates []Template
	// Clock gives the instant; required.
	Clock func() time.Time
	// Seed makes chance repeatable.
	Seed uint64
	// Keep names a file that holds the phones and their messages beyond the process; "" for none.
	Keep string
}

// Server is the stand-in. It is an http.Handler and safe for concurrent use.
type Server struct {
	clock func() time.Time
	pages []string
	keep  string
	push  *http.Client
	// pictures fetches those to be checked, from where their address says and nowhere else.
	pictures *http.Client
	slots    chan struct{} // pushes under way
	tasks    sync.WaitGroup

	mu        sync.Mutex
	rand      *mathrand.Rand
	ahead     time.Duration // of the clock
	rules     Rules
	quotas    map[string]Quota
	used      map[string]int // calls by path and minute or day
	usedSince string         // the day of used
	app       *account
	oa        *account
	corp      *account
	templates []Template
	phones    []*Phone
	codes     map[string]*loginCode
	tokens    map[string]*token
	current   map[string]string // account to token
	forced    map[string]time.Time
	scans     []*Scannable
	looks     []Look
	faults    []*Fault
	sent      map[string]sentOnce // what must not be sent twice, by openid and id
	number    int64
	hits      map[string]int
	version   int64 // counts changes, for the page
	dirty     bool
}

// Accounts are those that the stand-in has of its own. Their secrets open nothing but it.
func Accounts() (app, oa wechat.Account, corp wechat.Corp) {
	app = wechat.Account{AppID: "wx00000000000000a1", Secret: "5ta0d1n000000000000000000000a001", Token: "standinapp", AESKey: "c3RhbmRpbiBvZiB0aGUgbWluaS1wcm9ncmFtIDAwMDE"}
	oa = wechat.Account{AppID: "wx00000000000000b2", Secret: "5ta0d1n000000000000000000000b002", Token: "standinoa", AESKey: "c3RhbmRpbiBvZiB0aGUgb2ZmaWNpYWwgYWNjb3VudCA"}
	return app, oa, wechat.Corp{ID: "ww00000000000000c3", Agent: 1000002, Secret: "standin-wecom-5ta0d1n00000000000000000c003"}
}

// New makes a Server without phones. The error is of the file that Keep names.
func New(o Options) (*Server, error) {
	app, oa, corp := Accounts()
	app, oa, corp = cmp.Or(o.App, app), cmp.Or(o.OA, oa), cmp.Or(o.Corp, corp)
	s := &Server{
		clock: o.Clock, pages: o.Pages, keep: o.Keep, push: &http.Client{Timeout: 5 * time.Second}, slots: make(chan struct{}, 16),
		pictures: &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		rand:     mathrand.New(mathrand.NewPCG(o.Seed, 1)), rules: DefaultRules(), quotas: defaultQuotas(), used: map[string]int{},
		app:       &account{kind: miniProgram, id: app.AppID, original: "gh_00000000app1", secret: app.Secret, token: app.Token, aesKey: app.AESKey},
		oa:        &account{kind: official, id: oa.AppID, original: "gh_000000000oa2", secret: oa.Secret, token: oa.Token, aesKey: oa.AESKey},
		corp:      &account{kind: weCom, id: corp.ID, secret: corp.Secret},
		templates: o.Templates, codes: map[string]*loginCode{}, tokens: map[string]*token{}, current: map[string]string{}, forced: map[string]time.Time{},
		sent: map[string]sentOnce{}, number: 3_000_000_000_000_000_000, hits: map[string]int{},
	}
	if s.templates == nil {
		s.templates = Templates()
	}
	return s, s.load()
}

// Callback names the addresses that events of the mini-program and of the official account are pushed to; "" for none.
func (s *Server) Callback(app, oa string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.app.callback, s.oa.callback = app, oa
}

// SetRules changes how the stand-in behaves where the platform is not known for sure.
func (s *Server) SetRules(r Rules) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = r
}

// Forward moves the clock.
func (s *Server) Forward(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// Hits says how often a path was asked.
func (s *Server) Hits(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

// Wait waits until all pushes that were begun have ended.
func (s *Server) Wait() { s.tasks.Wait() }

func (s *Server) now() time.Time { return s.clock().Add(s.ahead) }

// changed notes that the page shows something else, and that the file is behind.
func (s *Server) changed() { s.version++; s.dirty = true }

// draw gives n random characters of the alphabet that tokens and codes are made of.
func draw(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

// derive gives the same characters for the same names: identities outlive the process.
func derive(n int, names ...string) string {
	h := sha256.New()
	for _, name := range names {
		_, _ = io.WriteString(h, name+"\n") // never fails
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))[:n]
}

// refused is an answer with a code.
type refused struct {
	code int
	text string
}

func (r refused) Error() string { return fmt.Sprint(r.code, " ", r.text) }

// picture is an answer that is an image.
type picture struct {
	kind string
	data []byte
}

// request is one call of an endpoint.
type request struct {
	path    string
	query   url.Values
	body    []byte
	account *account // whose token it carries, where it carries one
}

func (r *request) read(into any) error {
	if json.Unmarshal(r.body, into) != nil {
		return refused{47001, "data format error"}
	}
	return nil
}

const maxBody = 1 << 20

// ServeHTTP answers the platform's endpoints, and below /_sim/ and at / the control side.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !local(r) {
		http.Error(w, "微信模拟平台只在本机使用", http.StatusForbidden)
		return
	}
	defer s.save()
	if control, ok := s.control(r); ok {
		control(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request entity too large", http.StatusRequestEntityTooLarge)
		return
	}
	in := &request{path: r.URL.Path, query: r.URL.Query(), body: body}
	fault := s.fault(in)
	if fault != nil && !fault.After && s.fail(fault, w, r) {
		return
	}
	out, err := s.answer(in)
	if fault != nil && fault.After && s.fail(fault, w, r) {
		return
	}
	if p, ok := out.(picture); ok && err == nil {
		w.Header().Set("Content-Type", p.kind)
		_, _ = w.Write(p.data) // the caller is gone
		return
	}
	if err != nil {
		out = s.refusal(err)
	}
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	_ = json.NewEncoder(w).Encode(out) // the caller is gone
}

// refusal is an error as the platform says it.
func (s *Server) refusal(err error) any {
	r := refused{-1, "system error"}
	_ = errors.As(err, &r) // anything else is a mistake of ours
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"errcode": r.code, "errmsg": fmt.Sprintf("%s rid: %08x-%08x-%08x", r.text, s.now().Unix(), s.rand.Uint32(), s.rand.Uint32())}
}

// endpoint is one of the platform's.
type endpoint struct {
	kind   string // of the account whose token it wants; "" for none
	answer func(*Server, *request) (any, error)
}

// endpoints is filled in by init: that of quotas looks into it.
var endpoints map[string]endpoint

func init() {
	endpoints = map[string]endpoint{
		"/cgi-bin/token":                                {"", (*Server).plainToken},
		"/cgi-bin/stable_token":                         {"", (*Server).stableToken},
		"/cgi-bin/gettoken":                             {"", (*Server).corpToken},
		"/sns/jscode2session":                           {"", (*Server).login},
		"/wxa/business/getuserphonenumber":              {miniProgram, (*Server).phoneNumber},
		"/cgi-bin/message/subscribe/send":               {miniProgram, (*Server).subscribeSend},
		"/cgi-bin/message/template/send":                {official, (*Server).templateSend},
		"/cgi-bin/message/send":                         {weCom, (*Server).workSend},
		"/cgi-bin/message/wxopen/template/send":         {miniProgram, withdrawn},
		"/cgi-bin/message/wxopen/template/uniform_send": {miniProgram, withdrawn},
		"/wxaapi/newtmpl/gettemplate":                   {miniProgram, (*Server).listSubscribe},
		"/cgi-bin/template/get_all_private_template":    {official, (*Server).listOfficial},
		"/cgi-bin/user/info":                            {official, (*Server).follower},
		"/cgi-bin/qrcode/create":                        {official, (*Server).followCode},
		"/wxa/getwxacodeunlimit":                        {miniProgram, (*Server).scanCode},
		"/wxa/generate_urllink":                         {miniProgram, (*Server).link},
		"/wxa/msg_sec_check":                            {miniProgram, (*Server).checkText},
		"/wxa/media_check_async":                        {miniProgram, (*Server).checkMedia},
		"/cgi-bin/openapi/quota/get":                    {"any", (*Server).quota},
	}
}

func withdrawn(*Server, *request) (any, error) {
	return nil, refused{45109, "this api has been taken back"}
}

func (s *Server) answer(in *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits[in.path]++
	e, ok := endpoints[in.path]
	if !ok {
		return nil, refused{40066, "invalid url"}
	}
	if e.kind != "" {
		if err := s.admit(in, e.kind); err != nil {
			return nil, err
		}
	}
	return e.answer(s, in)
}

// local tells whether a request comes from this machine, and was not brought here by a page from elsewhere.
func local(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	from, err := netip.ParseAddr(host)
	if err != nil || !from.IsLoopback() {
		return false
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		name = h
	}
	to, err := netip.ParseAddr(name)
	return err == nil && to.IsLoopback() || slices.Contains([]string{"localhost", "api.weixin.qq.com", "qyapi.weixin.qq.com"}, name)
}
