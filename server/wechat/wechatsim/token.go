package wechatsim

import (
	"math"
	"time"
)

const (
	tokenLife    = 2 * time.Hour
	tokenOverlap = 5 * time.Minute // an old one is good as long beside the next
	forceEvery   = 30 * time.Second
	forceADay    = 20
)

// token is an access token.
type token struct {
	account *account
	ends    time.Time
	dead    bool // ended before its time
}

// issue makes a new token, beside which the last one is good for a while.
func (s *Server) issue(a *account, slot string) string {
	now := s.now()
	if old := s.tokens[s.current[slot]]; old != nil && old.ends.After(now.Add(tokenOverlap)) {
		old.ends = now.Add(tokenOverlap)
	}
	t := "99_" + draw(133)
	s.tokens[t] = &token{account: a, ends: now.Add(tokenLife)}
	s.current[slot] = t
	return t
}

func (s *Server) named(id, secret string) (*account, error) {
	for _, a := range []*account{s.app, s.oa} {
		if a.id == id {
			if a.secret != secret {
				return nil, refused{40125, "invalid appsecret"}
			}
			return a, nil
		}
	}
	return nil, refused{40013, "invalid appid"}
}

// plainToken ends the last one each time.
func (s *Server) plainToken(in *request) (any, error) {
	a, err := s.named(in.query.Get("appid"), in.query.Get("secret"))
	if err == nil {
		err = s.spend(in.path)
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"access_token": s.issue(a, a.id+" plain"), "expires_in": int(tokenLife.Seconds())}, nil
}

// stableToken gives the same token until its last five minutes, and another at once only when forced.
func (s *Server) stableToken(in *request) (any, error) {
	var ask struct {
		GrantType string `json:"grant_type"`
		AppID     string `json:"appid"`
		Secret    string `json:"secret"`
		Force     bool   `json:"force_refresh"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	if ask.GrantType != "client_credential" {
		return nil, refused{40002, "invalid grant_type"}
	}
	a, err := s.named(ask.AppID, ask.Secret)
	if err == nil {
		err = s.spend(in.path)
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	t := s.tokens[s.current[a.id]]
	switch {
	case ask.Force && now.Sub(s.forced[a.id]) >= forceEvery:
		if s.count("force "+a.id, "2006-01-02") > forceADay {
			return nil, refused{45009, "reach max api daily quota limit"}
		}
		s.forced[a.id] = now
		s.end(a.id)
		s.issue(a, a.id)
	case t == nil || t.dead || s.left(t) < 300 || s.left(t) == 300 && s.rules.NewTokenAt300:
		s.issue(a, a.id)
	}
	t = s.tokens[s.current[a.id]]
	return map[string]any{"access_token": s.current[a.id], "expires_in": s.left(t)}, nil
}

func (s *Server) corpToken(in *request) (any, error) {
	switch {
	case in.query.Get("corpid") != s.corp.id:
		return nil, refused{40013, "invalid corpid"}
	case in.query.Get("corpsecret") != s.corp.secret:
		return nil, refused{40001, "invalid credential"}
	}
	if t := s.tokens[s.current[s.corp.id]]; t == nil || t.dead || s.left(t) <= 0 {
		s.issue(s.corp, s.corp.id)
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "access_token": s.current[s.corp.id], "expires_in": s.left(s.tokens[s.current[s.corp.id]])}, nil
}

// left is how many seconds a token has.
func (s *Server) left(t *token) int { return int(math.Ceil(t.ends.Sub(s.now()).Seconds())) }

// end makes the current token bad at once, as another system does that forces a new one.
func (s *Server) end(slot string) {
	if t := s.tokens[s.current[slot]]; t != nil {
		t.dead = true
	}
}

// EndToken ends an account's token at once: the next call with it is refused with 40001, also one that is under way.
func (s *Server) EndToken(accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(accountID)
}

// ExpireToken lets an account's token have as long as left.
func (s *Server) ExpireToken(accountID string, left time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[s.current[accountID]]; t != nil {
		t.ends = s.now().Add(left)
	}
}

// admit checks the token of a call, that its account may ask this, and the limits.
func (s *Server) admit(in *request, kind string) error {
	given := in.query.Get("access_token")
	t := s.tokens[given]
	switch {
	case given == "":
		return refused{41001, "access_token missing"}
	case t == nil && kind == weCom:
		return refused{40014, "invalid access_token"}
	case t == nil || t.dead:
		return refused{40001, "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken"}
	case !s.now().Before(t.ends):
		return refused{42001, "access_token expired"}
	case kind != "any" && t.account.kind != kind:
		return refused{48001, "api unauthorized"}
	}
	in.account = t.account
	return s.spend(in.path)
}
