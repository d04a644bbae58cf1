package wechatsim

import (
	"time"
)

// Rules are the switches for what is not known for sure about the platform. Programs should work either way.
type Rules struct {
	AskAtOnce         int    `json:"ask_at_once"`          // templates in one question: 5 in the newest copy of the documents, 3 in older ones
	MaxGrants         int    `json:"max_grants"`           // one-time grants that add up for a template; 0 for any number
	BadDataCostsGrant bool   `json:"bad_data_costs_grant"` // a message refused for its values (47003) uses the grant up
	GrantBeforeData   bool   `json:"grant_before_data"`    // the grant is looked at before page and values
	SilentAcceptTells bool   `json:"silent_accept_tells"`  // an answer given by “always” is pushed too
	ClientIDHidesID   bool   `json:"client_id_hides_id"`   // the delivery event of a message with client_msg_id has MsgID 0
	DuplicateCode     int    `json:"duplicate_code"`       // the answer to a client_msg_id sent before; 0 is success with the first one's number
	PhoneMismatchCode int    `json:"phone_mismatch_code"`  // a phone code of another person
	VisitWithin2h     bool   `json:"visit_within_2h"`      // content checks want a visit within two hours
	DateTakesTime     bool   `json:"date_takes_time"`      // a date may be followed by a time
	WideCountTwice    bool   `json:"wide_count_twice"`     // characters outside the basic plane count as two
	NewTokenAt300     bool   `json:"new_token_at_300"`     // at exactly 300 seconds left the stable token is already the next one
	PictureType       string `json:"picture_type"`         // what a transparent code says it is
	LostPictureCode   int    `json:"lost_picture_code"`    // of the event about a picture that could not be fetched
	PushXML           bool   `json:"push_xml"`             // the mini-program's pushes are XML, as can be set for it
}

// DefaultRules are the likelier answers.
func DefaultRules() Rules {
	return Rules{AskAtOnce: 5, SilentAcceptTells: true, PhoneMismatchCode: 40029, VisitWithin2h: true, DateTakesTime: true, PictureType: "image/jpeg", LostPictureCode: -1008}
}

// Quota limits calls of one path; 0 is no limit.
type Quota struct {
	Minute int `json:"minute"`
	Day    int `json:"day"`
}

// perLogin is how often a minute one person may sign in.
const perLogin = 100

func defaultQuotas() map[string]Quota {
	return map[string]Quota{
		"/cgi-bin/token":                  {Day: 2000},
		"/cgi-bin/stable_token":           {Minute: 10_000, Day: 500_000},
		"/cgi-bin/message/subscribe/send": {Day: 10_000_000},
		"/cgi-bin/message/template/send":  {Day: 100_000},
		"/wxa/msg_sec_check":              {Minute: 4000, Day: 2_000_000},
		"/wxa/media_check_async":          {Minute: 2000, Day: 200_000},
		"/wxa/getwxacodeunlimit":          {Minute: 5000},
		"/wxa/generate_urllink":           {Day: 500_000},
	}
}

// SetQuota changes a limit.
func (s *Server) SetQuota(path string, q Quota) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quotas[path] = q
}

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// spend counts a call of a path and reports whether it is within the limits.
func (s *Server) spend(path string) error {
	q := s.quotas[path]
	if s.count(path, "2006-01-02") > q.Day && q.Day > 0 {
		return refused{45009, "reach max api daily quota limit"}
	}
	if s.count(path, "2006-01-02 15:04") > q.Minute && q.Minute > 0 {
		return refused{45009, "reach max api minute quota limit"}
	}
	return nil
}

// count gives how many of a thing there were in its minute or day, this one among them.
func (s *Server) count(what, window string) int {
	now := s.now().In(shanghai)
	if day := now.Format("2006-01-02"); day != s.usedSince {
		s.usedSince = day
		clear(s.used)
	}
	key := what + " " + now.Format(window)
	s.used[key]++
	return s.used[key]
}

func (s *Server) quota(in *request) (any, error) {
	var ask struct {
		Path string `json:"cgi_path"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	if _, ok := endpoints[ask.Path]; !ok {
		return nil, refused{76021, "cgi_path not found"}
	}
	q, used := s.quotas[ask.Path], s.used[ask.Path+" "+s.now().In(shanghai).Format("2006-01-02")]
	return map[string]any{"errcode": 0, "errmsg": "ok", "quota": map[string]any{"daily_limit": q.Day, "used": used, "remain": max(q.Day-used, 0)}}, nil
}
