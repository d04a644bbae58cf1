package wechatsim

import (
	"slices"
	"time"
)

// Phone is one person's phone with WeChat on it.
type Phone struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Number  string `json:"number"`  // the mobile phone's
	OpenID  string `json:"openid"`  // of the mini-program
	OAID    string `json:"oaid"`    // openid of the official account
	UnionID string `json:"unionid"` // "" when the two are not joined
	WorkID  string `json:"work_id"` // of WeCom; "" for who is not in it

	Follows bool      `json:"follows"`
	Since   time.Time `json:"since"`
	Visited time.Time `json:"visited"` // the mini-program
	Muted   bool      `json:"muted"`   // subscribe messages are switched off as a whole
	Risk    bool      `json:"risk"`    // the platform holds them for a risk

	Grants   map[string]int    `json:"grants"`   // one-time: template to messages left
	Standing map[string]bool   `json:"standing"` // long-term
	Always   map[string]string `json:"always"`   // answers kept with “always”
	Banned   map[string]bool   `json:"banned"`   // templates that the platform has banned for them

	Messages []*Message `json:"messages"` // the oldest first
}

// The ways that a message comes.
const (
	BySubscribe = "subscribe" // 服务通知
	ByOfficial  = "official"  // the official account
	ByWork      = "work"      // WeCom
	BySMS       = "sms"
)

// Message is one on a phone.
type Message struct {
	ID       string    `json:"id"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Template string    `json:"template,omitempty"`
	Title    string    `json:"title"`
	Lines    []Line    `json:"lines,omitempty"`
	Text     string    `json:"text,omitempty"` // of an SMS
	AppID    string    `json:"app_id,omitempty"`
	Page     string    `json:"page,omitempty"` // that a tap opens, with its query
	Read     bool      `json:"read"`
	ClientID string    `json:"client_id,omitempty"`
}

// Line is one of a message.
type Line struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Value string `json:"value"`
}

const maxMessages = 20_000 // on one phone

// AddPhone puts a phone into the world, and keeps what is on it when it is known already. work is a user id of WeCom, or "".
func (s *Server) AddPhone(id, name, number, work string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(id)
	if p == nil {
		p = &Phone{
			ID: id, OpenID: "o" + derive(27, s.app.id, id), OAID: "o" + derive(27, s.oa.id, id), UnionID: "o" + derive(27, "union", id),
			Grants: map[string]int{}, Standing: map[string]bool{}, Always: map[string]string{}, Banned: map[string]bool{},
		}
		s.phones = append(s.phones, p)
	}
	p.Name, p.Number, p.WorkID = name, number, work
	s.changed()
}

// Phone gives a copy of a phone, and false when there is none.
func (s *Server) Phone(id string) (Phone, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(id)
	if p == nil {
		return Phone{}, false
	}
	return p.clone(), true
}

// Phones gives copies of all phones.
func (s *Server) Phones() []Phone {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Phone, len(s.phones))
	for i, p := range s.phones {
		all[i] = p.clone()
	}
	return all
}

// Change lets f set what a phone is; for tests.
func (s *Server) Change(id string, f func(*Phone)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.phone(id); p != nil {
		f(p)
		s.changed()
	}
}

func (p *Phone) clone() Phone {
	c := *p
	c.Grants, c.Standing, c.Always, c.Banned = copyOf(p.Grants), copyOf(p.Standing), copyOf(p.Always), copyOf(p.Banned)
	c.Messages = make([]*Message, len(p.Messages))
	for i, m := range p.Messages {
		one := *m
		one.Lines = slices.Clone(m.Lines)
		c.Messages[i] = &one
	}
	return c
}

func copyOf[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func (s *Server) phone(id string) *Phone {
	return s.find(func(p *Phone) bool { return p.ID == id })
}

func (s *Server) find(is func(*Phone) bool) *Phone {
	if i := slices.IndexFunc(s.phones, is); i >= 0 {
		return s.phones[i]
	}
	return nil
}

// user is who an openid of an account belongs to.
func (s *Server) user(a *account, openid string) *Phone {
	return s.find(func(p *Phone) bool {
		return openid != "" && (a.kind == miniProgram && p.OpenID == openid || a.kind == official && p.OAID == openid)
	})
}

// receive puts a message on a phone.
func (s *Server) receive(p *Phone, m Message) {
	m.At = s.now()
	p.Messages = append(p.Messages, &m)
	if len(p.Messages) > maxMessages {
		p.Messages = slices.Delete(p.Messages, 0, len(p.Messages)-maxMessages)
	}
	s.changed()
}
