package wechatsim

import (
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

var (
	errPhone   = errors.New("没有这部手机")
	errMessage = errors.New("没有这条消息")
	errScan    = errors.New("没有这个二维码，或已过期")
	errBody    = errors.New("请求体应为 JSON")
)

//go:embed page.html
var page []byte

const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// order is a request of the control side, read.
type order struct {
	Phone     string            `json:"phone"`
	Name      string            `json:"name"`
	Number    string            `json:"number"`
	Work      string            `json:"work_id"`
	Templates []string          `json:"templates"`
	Answers   map[string]string `json:"answers"`
	Always    bool              `json:"always"`
	Template  string            `json:"template"`
	Content   string            `json:"content"`
	Message   string            `json:"message"`
	Text      string            `json:"text"`
	Account   string            `json:"account"`
	Seconds   int64             `json:"seconds"`
	Path      string            `json:"path"`
	App       string            `json:"app"`
	OA        string            `json:"oa"`
	Muted     *bool             `json:"muted"`
	Risk      *bool             `json:"risk"`
	Banned    *bool             `json:"banned"`
	Quota
}

// orders are what can be asked of the control side, all by POST.
var orders = map[string]func(*Server, *order) (any, error){
	"phones": func(s *Server, o *order) (any, error) {
		if o.Phone == "" || o.Name == "" {
			return nil, errors.New("请填写 phone（编号）和 name（姓名）")
		}
		s.AddPhone(o.Phone, o.Name, o.Number, o.Work)
		return done, nil
	},
	"login":      func(s *Server, o *order) (any, error) { return codeOf(s.Login(o.Phone)) },
	"phone-code": func(s *Server, o *order) (any, error) { return codeOf(s.PhoneCode(o.Phone)) },
	"subscribe": func(s *Server, o *order) (any, error) {
		if _, ok := s.Phone(o.Phone); !ok {
			return nil, errPhone
		}
		return s.Ask(o.Phone, o.Templates, o.Answers, o.Always), nil
	},
	"refuse":   func(s *Server, o *order) (any, error) { return done, s.Refuse(o.Phone, o.Template) },
	"follow":   func(s *Server, o *order) (any, error) { return done, s.Follow(o.Phone, o.Content) },
	"unfollow": func(s *Server, o *order) (any, error) { return done, s.Unfollow(o.Phone) },
	"scan":     func(s *Server, o *order) (any, error) { return s.Scan(o.Phone, o.Content) },
	"tap":      func(s *Server, o *order) (any, error) { return s.Tap(o.Phone, o.Message) },
	"settings": always(func(s *Server, o *order) {
		s.Change(o.Phone, func(p *Phone) {
			if o.Muted != nil {
				p.Muted = *o.Muted
			}
			if o.Risk != nil {
				p.Risk = *o.Risk
			}
			if o.Banned != nil && o.Template != "" {
				p.Banned[o.Template] = *o.Banned
			}
		})
	}),
	"sms": func(s *Server, o *order) (any, error) {
		if !s.SMS(o.Number, o.Text) {
			return nil, errPhone
		}
		return done, nil
	},
	"clock":         always(func(s *Server, o *order) { s.Forward(time.Duration(o.Seconds) * time.Second) }),
	"tokens/end":    always(func(s *Server, o *order) { s.EndToken(o.Account) }),
	"tokens/expire": always(func(s *Server, o *order) { s.ExpireToken(o.Account, time.Duration(o.Seconds)*time.Second) }),
	"callbacks":     always(func(s *Server, o *order) { s.Callback(o.App, o.OA) }),
	"quotas":        always(func(s *Server, o *order) { s.SetQuota(o.Path, o.Quota) }),
	"faults/clear":  always(func(s *Server, _ *order) { s.ClearFaults() }),
	"reset":         always(func(s *Server, _ *order) { s.Reset() }),
}

// always is an order that nothing can be wrong with.
func always(act func(*Server, *order)) func(*Server, *order) (any, error) {
	return func(s *Server, o *order) (any, error) {
		act(s, o)
		return done, nil
	}
}

// done is the answer to an order that gives nothing back.
var done = map[string]bool{"ok": true}

func codeOf(code string) (any, error) {
	if code == "" {
		return nil, errPhone
	}
	return map[string]string{"code": code}, nil
}

// control gives what answers a request of the control side, and false for one of the platform's endpoints.
func (s *Server) control(r *http.Request) (http.HandlerFunc, bool) {
	if r.URL.Path == "/" {
		return servePage, true
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/_sim/")
	if !ok {
		return nil, false
	}
	return func(w http.ResponseWriter, r *http.Request) {
		var out any
		var err error
		switch {
		case r.Method == http.MethodGet:
			out, err = s.look(name)
		case r.Method != http.MethodPost:
			http.Error(w, "只有 GET 和 POST", http.StatusMethodNotAllowed)
			return
		case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"): // a page from elsewhere cannot send it
			err = errBody
		default:
			out, err = s.obey(name, http.MaxBytesReader(w, r.Body, maxBody))
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case errors.Is(err, errUnknown):
			w.WriteHeader(http.StatusNotFound)
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
		}
		if err != nil {
			out = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(out) // the caller is gone
	}, true
}

var errUnknown = errors.New("没有这个地址")

// obey carries an order out.
func (s *Server) obey(name string, body interface{ Read([]byte) (int, error) }) (any, error) {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	read := func(into any) error {
		if err := d.Decode(into); err != nil {
			return errors.Join(errBody, err)
		}
		return nil
	}
	switch name {
	case "faults":
		var f Fault
		if err := read(&f); err != nil {
			return nil, err
		}
		s.AddFault(f)
		return done, nil
	case "rules":
		r := s.Rules()
		if err := read(&r); err != nil {
			return nil, err
		}
		s.SetRules(r)
		return r, nil
	case "templates":
		var t Template
		if err := read(&t); err != nil {
			return nil, err
		}
		s.AddTemplate(t)
		return done, nil
	}
	act, ok := orders[name]
	if !ok {
		return nil, errUnknown
	}
	var o order
	if err := read(&o); err != nil {
		return nil, err
	}
	return act(s, &o)
}

// world is what the page shows.
type world struct {
	Version   int64       `json:"version"`
	Now       time.Time   `json:"now"`
	AppID     string      `json:"app_id"`
	OAID      string      `json:"oa_id"`
	Phones    []Phone     `json:"phones"`
	Templates []Template  `json:"templates"`
	Scans     []Scannable `json:"scans"`
	Looks     []Look      `json:"looks"`
}

// shown is how many messages of a phone the page gets.
const shown = 50

// look answers a GET.
func (s *Server) look(name string) (any, error) {
	switch name {
	case "world":
		w := world{Phones: s.Phones(), Scans: s.Scannables(), Looks: s.Looks()}
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Version, w.Now, w.AppID, w.OAID, w.Templates = s.version, s.now(), s.app.id, s.oa.id, append([]Template{}, s.templates...)
		for i := range w.Phones {
			p := &w.Phones[i]
			p.Messages = p.Messages[max(0, len(p.Messages)-shown):]
		}
		return w, nil
	case "version":
		s.mu.Lock()
		defer s.mu.Unlock()
		return map[string]int64{"version": s.version}, nil
	case "sent":
		return s.Received(), nil
	case "rules":
		return s.Rules(), nil
	case "hits":
		s.mu.Lock()
		defer s.mu.Unlock()
		return copyOf(s.hits), nil
	}
	return nil, errUnknown
}

// Rules are those in force.
func (s *Server) Rules() Rules {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules
}

// Reset takes messages, codes and faults away, and leaves the phones.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.phones {
		p.Messages = nil
	}
	clear(s.codes)
	clear(s.hits)
	clear(s.sent)
	s.faults, s.scans, s.looks = nil, nil, nil
	s.changed()
}

func servePage(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(page) // the caller is gone
}
