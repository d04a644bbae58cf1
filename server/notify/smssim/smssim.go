// Package smssim is a stand-in for a provider of text messages, as notify.TextMessages asks one. It is for trying out and for tests,
// never for production. What it has taken it hands to Deliver; the same id once, as long as the process lives.
package smssim

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
)

// Server takes text messages. It is an http.Handler and safe for concurrent use.
type Server struct {
	// Key is the bearer token that is asked for.
	Key string
	// Deliver puts a message on the phone with a number, and reports whether there is one.
	Deliver func(number, text string) bool

	mu   sync.Mutex
	sent map[string]string // message ids by the caller's id
}

const (
	maxBody = 4 << 10
	maxSent = 100_000
)

var mobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)

// ServeHTTP takes one message.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID    string `json:"id"`
		Phone string `json:"phone"`
		Text  string `json:"text"`
	}
	switch {
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case r.Header.Get("Authorization") != "Bearer "+s.Key:
		w.WriteHeader(http.StatusUnauthorized)
		return
	case json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&m) != nil || m.ID == "" || m.Text == "" || !mobile.MatchString(m.Phone):
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, again := s.sent[m.ID]
	if !again {
		if !s.Deliver(m.Phone, m.Text) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		if s.sent == nil || len(s.sent) >= maxSent {
			s.sent = map[string]string{}
		}
		id = strconv.Itoa(len(s.sent) + 1)
		s.sent[m.ID] = id
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"message_id": id}) // the caller is gone
}
