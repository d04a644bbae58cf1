package wechatsim

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

type given = map[string]struct {
	Value any `json:"value"`
}

// next gives a number for a message.
func (s *Server) next() int64 {
	s.number++
	return s.number
}

// there tells whether the released mini-program has a page.
func (s *Server) there(page string) bool {
	path, _, _ := strings.Cut(page, "?")
	return s.pages == nil && path != "" || slices.Contains(s.pages, strings.TrimPrefix(path, "/"))
}

// granted tells whether a person takes a message of a template.
func (p *Phone) granted(t *Template) bool {
	return !p.Muted && !p.Banned[t.ID] && (t.Standing && p.Standing[t.ID] || !t.Standing && p.Grants[t.ID] > 0)
}

// addressed gives whom a message is for and what it is made of.
func (s *Server) addressed(a *account, openid, template string) (*Phone, *Template, error) {
	p, t := s.user(a, openid), s.template(a, template)
	switch {
	case p == nil:
		return nil, nil, refused{40003, "invalid openid"}
	case t == nil:
		return nil, nil, refused{40037, "invalid template_id"}
	}
	return p, t, nil
}

func (s *Server) subscribeSend(in *request) (any, error) {
	var ask struct {
		To       string `json:"touser"`
		Template string `json:"template_id"`
		Page     string `json:"page"`
		State    string `json:"miniprogram_state"`
		Data     given  `json:"data"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	p, t, err := s.addressed(in.account, ask.To, ask.Template)
	if err != nil {
		return nil, err
	}
	noGrant := refused{43101, "user refuse to accept the msg"}
	if s.rules.GrantBeforeData && !p.granted(t) {
		return nil, noGrant
	}
	if ask.Page != "" && (ask.State == "" || ask.State == "formal") && !s.there(ask.Page) {
		return nil, refused{41030, "invalid page"}
	}
	lines, err := s.fill(t, ask.Data)
	if err != nil {
		if s.rules.BadDataCostsGrant && !t.Standing && p.granted(t) {
			p.Grants[t.ID]--
			s.changed()
		}
		return nil, err
	}
	if !p.granted(t) {
		return nil, noGrant
	}
	if !t.Standing {
		p.Grants[t.ID]--
	}
	id := s.next()
	s.receive(p, Message{ID: fmt.Sprint(id), By: BySubscribe, Template: t.ID, Title: t.Title, Lines: lines, AppID: s.app.id, Page: ask.Page})
	s.tell(s.app, event{FromUserName: p.OpenID, Event: "subscribe_msg_sent_event", List: []item{{TemplateID: t.ID, MsgID: fmt.Sprint(id), ErrorCode: "0", ErrorStatus: "success"}}})
	return map[string]any{"errcode": 0, "errmsg": "ok", "msgid": id}, nil
}

// sentOnce is a message that must not come twice.
type sentOnce struct {
	at time.Time
	id int64
}

// The windows in which the same is sent once only.
const (
	officialOnce = 10 * time.Minute
	maxSentOnce  = 100_000
)

// before gives the number of a message that was sent within the window.
func (s *Server) before(key string, window time.Duration) (int64, bool) {
	o, ok := s.sent[key]
	return o.id, ok && s.now().Sub(o.at) < window
}

func (s *Server) once(key string, id int64) {
	if len(s.sent) >= maxSentOnce {
		for k, o := range s.sent {
			if s.now().Sub(o.at) > time.Hour {
				delete(s.sent, k)
			}
		}
	}
	s.sent[key] = sentOnce{s.now(), id}
}

func (s *Server) templateSend(in *request) (any, error) {
	var ask struct {
		To          string `json:"touser"`
		Template    string `json:"template_id"`
		URL         string `json:"url"`
		ClientMsgID string `json:"client_msg_id"`
		MiniProgram *struct {
			AppID string `json:"appid"`
			Page  string `json:"pagepath"`
		} `json:"miniprogram"`
		Data given `json:"data"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	p, t, err := s.addressed(in.account, ask.To, ask.Template)
	switch {
	case err != nil:
		return nil, err
	case !p.Follows:
		return nil, refused{43004, "require subscribe"}
	case p.Banned[t.ID]:
		return nil, refused{43101, "user refuse to accept the msg"}
	}
	appID, page := "", ask.URL
	if ask.MiniProgram != nil && ask.MiniProgram.AppID != "" {
		if ask.MiniProgram.AppID != s.app.id {
			return nil, refused{40013, "invalid appid"}
		}
		appID, page = s.app.id, ask.MiniProgram.Page
		if page != "" && !s.there(page) {
			return nil, refused{41030, "invalid page"}
		}
	}
	key := ask.To + " " + ask.ClientMsgID
	if id, sent := s.before(key, officialOnce); sent && ask.ClientMsgID != "" {
		if s.rules.DuplicateCode != 0 {
			return nil, refused{s.rules.DuplicateCode, "duplicate client_msg_id"}
		}
		return map[string]any{"errcode": 0, "errmsg": "ok", "msgid": id}, nil
	}
	lines, err := s.fill(t, ask.Data)
	if err != nil {
		return nil, err
	}
	id := s.next()
	if ask.ClientMsgID != "" {
		s.once(key, id)
	}
	s.receive(p, Message{ID: fmt.Sprint(id), By: ByOfficial, Template: t.ID, Title: t.Title, Lines: lines, AppID: appID, Page: page, ClientID: ask.ClientMsgID})
	told := fmt.Sprint(id)
	if ask.ClientMsgID != "" && s.rules.ClientIDHidesID {
		told = "0"
	}
	s.tell(s.oa, event{FromUserName: p.OAID, Event: "TEMPLATESENDJOBFINISH", MsgID: told, Status: "success"})
	return map[string]any{"errcode": 0, "errmsg": "ok", "msgid": id}, nil
}

// What WeCom delivers to one member at the most; more is dropped without a word.
const (
	workPerMinute = 30
	workPerHour   = 1000
	// workPerMember is how many of the app's a day there are for each member; more to whomever is dropped too.
	workPerMember = 200
)

// members counts those who are in WeCom.
func (s *Server) members() (n int) {
	for _, p := range s.phones {
		if p.WorkID != "" {
			n++
		}
	}
	return n
}

func (s *Server) workSend(in *request) (any, error) {
	var ask struct {
		To      string `json:"touser"`
		Agent   int    `json:"agentid"`
		Type    string `json:"msgtype"`
		Once    int    `json:"enable_duplicate_check"`
		OnceFor int    `json:"duplicate_check_interval"`
		Notice  struct {
			AppID       string `json:"appid"`
			Page        string `json:"page"`
			Title       string `json:"title"`
			Description string `json:"description"`
			Items       []struct {
				Key   string `json:"key"`
				Value string `json:"value"`
			} `json:"content_item"`
		} `json:"miniprogram_notice"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	n := ask.Notice
	switch {
	case ask.Type != "miniprogram_notice":
		return nil, refused{40008, "invalid message type"}
	case n.AppID != s.app.id:
		return nil, refused{40013, "invalid appid"}
	case short(n.Title, 4, 12) || short(n.Description, 4, 12) && n.Description != "" || len(n.Items) > 10:
		return nil, refused{40058, "invalid parameter: miniprogram_notice"}
	}
	lines := []Line{}
	for _, i := range n.Items {
		if short(i.Key, 1, 10) || short(i.Value, 1, 30) {
			return nil, refused{40058, "invalid parameter: content_item"}
		}
		lines = append(lines, Line{Label: i.Key, Value: i.Value})
	}
	p := s.find(func(p *Phone) bool { return p.WorkID != "" && p.WorkID == ask.To })
	if p == nil {
		return nil, refused{81013, "user & party & tag all invalid"}
	}
	same := derive(40, ask.To, fmt.Sprint(ask.Notice))
	window := time.Duration(ask.OnceFor) * time.Second
	if window == 0 {
		window = 30 * time.Minute
	}
	if id, sent := s.before(same, window); sent && ask.Once == 1 {
		return map[string]any{"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": strconv.FormatInt(id, 10)}, nil
	}
	id := s.next()
	if ask.Once == 1 {
		s.once(same, id)
	}
	within := s.count("work "+p.ID, "2006-01-02 15:04") <= workPerMinute
	within = s.count("work "+p.ID, "2006-01-02 15") <= workPerHour && within
	if s.count("work", "2006-01-02") <= s.members()*workPerMember && within {
		s.receive(p, Message{ID: fmt.Sprint(id), By: ByWork, Title: n.Title, Text: n.Description, Lines: lines, AppID: n.AppID, Page: n.Page})
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": strconv.FormatInt(id, 10)}, nil
}

// short tells whether a text has less than least or more than most characters.
func short(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n < least || n > most
}

// SMS puts a text message on the phone with a number, and reports whether there is one. A link in it opens its page at a tap.
func (s *Server) SMS(number, text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(func(p *Phone) bool { return p.Number == number })
	if p != nil {
		m := Message{ID: fmt.Sprint(s.next()), By: BySMS, Text: text}
		if i := strings.Index(text, linkSite); i >= 0 {
			if c := s.scannable(strings.Fields(text[i:])[0]); c != nil {
				m.AppID, m.Page = s.app.id, c.Page
			}
		}
		s.receive(p, m)
	}
	return p != nil
}

// Answer is what becomes of a question for subscribe messages.
type Answer struct {
	Code    int               `json:"code"`    // 0, or why nothing was asked
	Results map[string]string `json:"results"` // template to accept, reject, ban or filter
}

// Ask is wx.requestSubscribeMessage on a phone: answers says accept or reject for each template, and always keeps them for
// later questions, which are then answered without being shown.
func (s *Server) Ask(phone string, templates []string, answers map[string]string, always bool) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(phone)
	code := 0
	switch {
	case p == nil:
		return Answer{Code: 10005}
	case len(templates) == 0:
		code = 10001
	case len(templates) > s.rules.AskAtOnce:
		code = 20003
	case p.Muted:
		code = 20004
	}
	var asked []*Template
	for _, id := range templates {
		t := s.template(s.app, id)
		switch {
		case code != 0:
		case t == nil:
			code = 20001
		case len(asked) > 0 && asked[0].Standing != t.Standing:
			code = 20002
		}
		asked = append(asked, t)
	}
	if code != 0 {
		return Answer{Code: code}
	}
	p.Visited = s.now()
	out := Answer{Results: map[string]string{}}
	titles := map[string]bool{}
	var told []item
	for _, t := range asked {
		if titles[t.Title] {
			out.Results[t.ID] = "filter"
			continue
		}
		titles[t.Title] = true
		if p.Banned[t.ID] {
			out.Results[t.ID] = "ban"
			continue
		}
		a, silent := answers[t.ID], p.Always[t.ID] != ""
		if silent {
			a = p.Always[t.ID]
		} else if always {
			p.Always[t.ID] = a
		}
		switch {
		case a != "accept":
			a = "reject"
		case t.Standing:
			p.Standing[t.ID] = true
		case s.rules.MaxGrants == 0 || p.Grants[t.ID] < s.rules.MaxGrants:
			p.Grants[t.ID]++
		}
		out.Results[t.ID] = a
		if !silent || s.rules.SilentAcceptTells {
			told = append(told, item{TemplateID: t.ID, SubscribeStatusString: a, PopupScene: "0"})
		}
	}
	s.changed()
	if len(told) > 0 {
		s.tell(s.app, event{FromUserName: p.OpenID, Event: "subscribe_msg_popup_event", List: told})
	}
	return out
}

// Refuse is a person switching a template off in the settings of WeChat.
func (s *Server) Refuse(phone, template string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(phone)
	if p == nil {
		return errPhone
	}
	p.Grants[template] = 0
	p.Always[template] = "reject"
	delete(p.Standing, template)
	s.changed()
	s.tell(s.app, event{FromUserName: p.OpenID, Event: "subscribe_msg_change_event", List: []item{{TemplateID: template, SubscribeStatusString: "reject"}}})
	return nil
}

// Opened is what a tap on a message, or a scan, opens.
type Opened struct {
	AppID string            `json:"app_id"`
	Page  string            `json:"page"`
	Query map[string]string `json:"query"`
}

// Tap is a person tapping a message: it opens the mini-program at a page.
func (s *Server) Tap(phone, message string) (Opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(phone)
	if p == nil {
		return Opened{}, errPhone
	}
	i := slices.IndexFunc(p.Messages, func(m *Message) bool { return m.ID == message })
	if i < 0 {
		return Opened{}, errMessage
	}
	m := p.Messages[i]
	m.Read = true
	p.Visited = s.now()
	s.changed()
	return opened(m.AppID, m.Page), nil
}

func opened(app, page string) Opened {
	path, query, _ := strings.Cut(page, "?")
	o := Opened{AppID: app, Page: strings.TrimPrefix(path, "/"), Query: map[string]string{}}
	values, err := url.ParseQuery(query)
	for k := range values {
		o.Query[k] = values.Get(k)
	}
	if err != nil {
		o.Query["?"] = query
	}
	return o
}

// Received gives a copy of every message on every phone, in no order.
func (s *Server) Received() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Message
	for _, p := range s.phones {
		for _, m := range p.Messages {
			all = append(all, *m)
		}
	}
	return all
}
