package wechatsim

import (
	"time"
)

const codeLife = 5 * time.Minute

// loginCode is one that a phone was given, for signing in or for its number.
type loginCode struct {
	phone *Phone
	app   string
	ends  time.Time
	used  bool
	call  bool // for the number
}

// Login is wx.login on a phone: a code, good once, for five minutes. "" when there is no such phone.
func (s *Server) Login(phone string) string { return s.code(phone, false) }

// PhoneCode is a press on the phone button: another code, good once, for five minutes.
func (s *Server) PhoneCode(phone string) string { return s.code(phone, true) }

func (s *Server) code(phone string, call bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(phone)
	if p == nil {
		return ""
	}
	for text, c := range s.codes { // those of yesterday
		if s.now().Sub(c.ends) > time.Hour {
			delete(s.codes, text)
		}
	}
	p.Visited = s.now()
	n := 32
	if call {
		n = 64
	}
	text := draw(n)
	s.codes[text] = &loginCode{phone: p, app: s.app.id, ends: s.now().Add(codeLife), call: call}
	s.changed()
	return text
}

// take uses a code up.
func (s *Server) take(text string, call bool) (*loginCode, error) {
	c := s.codes[text]
	switch {
	case c == nil || c.call != call:
		return nil, refused{40029, "invalid code"}
	case c.used && !call:
		return nil, refused{40163, "code been used"}
	case c.used || !s.now().Before(c.ends):
		return nil, refused{40029, "invalid code"}
	}
	return c, nil
}

func (s *Server) login(in *request) (any, error) {
	q := in.query
	if len(q["appid"]) != 1 || len(q["js_code"]) != 1 {
		return nil, refused{40029, "invalid code"}
	}
	a, err := s.named(q.Get("appid"), q.Get("secret"))
	if err != nil {
		return nil, err
	}
	if q.Get("grant_type") != "authorization_code" || a.kind != miniProgram {
		return nil, refused{40002, "invalid grant_type"}
	}
	c, err := s.take(q.Get("js_code"), false)
	if err != nil {
		return nil, err
	}
	if s.count("login "+c.phone.ID, "2006-01-02 15:04") > perLogin {
		return nil, refused{45011, "api minute-quota reach limit  mustslower  retry next minute"}
	}
	c.used = true
	if c.phone.Risk {
		return nil, refused{40226, "code blocked"}
	}
	out := map[string]any{"openid": c.phone.OpenID, "session_key": draw(22) + "=="}
	if c.phone.UnionID != "" {
		out["unionid"] = c.phone.UnionID
	}
	return out, nil
}

func (s *Server) phoneNumber(in *request) (any, error) {
	var ask struct {
		Code   string `json:"code"`
		OpenID string `json:"openid"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	c, err := s.take(ask.Code, true)
	if err != nil {
		return nil, err
	}
	if ask.OpenID != "" && ask.OpenID != c.phone.OpenID {
		return nil, refused{s.rules.PhoneMismatchCode, "invalid code"}
	}
	c.used = true
	return map[string]any{"errcode": 0, "errmsg": "ok", "phone_info": map[string]any{
		"phoneNumber": c.phone.Number, "purePhoneNumber": c.phone.Number, "countryCode": "86",
		"watermark": map[string]any{"timestamp": s.now().Unix(), "appid": in.account.id},
	}}, nil
}

func (s *Server) follower(in *request) (any, error) {
	p := s.user(in.account, in.query.Get("openid"))
	if p == nil {
		return nil, refused{40003, "invalid openid"}
	}
	if !p.Follows {
		return map[string]any{"subscribe": 0, "openid": p.OAID, "unionid": p.UnionID}, nil
	}
	return map[string]any{
		"subscribe": 1, "openid": p.OAID, "unionid": p.UnionID, "nickname": "", "sex": 0, "language": "zh_CN", "headimgurl": "",
		"subscribe_time": p.Since.Unix(), "remark": "", "groupid": 0, "tagid_list": []int{}, "subscribe_scene": "ADD_SCENE_QR_CODE",
	}, nil
}

// Follow is a person following the official account: by the content of a code that was scanned, or "" for a search.
func (s *Server) Follow(phone, scanned string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(phone)
	if p == nil {
		return errPhone
	}
	key := ""
	if c := s.scannable(scanned); c != nil {
		key = c.Scene
	} else if scanned != "" {
		return errScan
	}
	s.follow(p, key)
	return nil
}

func (s *Server) follow(p *Phone, scene string) {
	e := event{FromUserName: p.OAID, Event: "SCAN", EventKey: scene}
	if !p.Follows {
		p.Follows, p.Since = true, s.now()
		e.Event, e.EventKey = "subscribe", ""
		if scene != "" {
			e.EventKey = "qrscene_" + scene
		}
	} else if scene == "" {
		return
	}
	s.changed()
	s.tell(s.oa, e)
}

// Unfollow is a person leaving the official account.
func (s *Server) Unfollow(phone string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(phone)
	if p == nil {
		return errPhone
	}
	if p.Follows {
		p.Follows = false
		s.changed()
		s.tell(s.oa, event{FromUserName: p.OAID, Event: "unsubscribe"})
	}
	return nil
}
