package wechatsim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"
)

// The kinds of faults.
const (
	TimeOut  = "timeout"   // no answer until the caller goes away
	Slow     = "slow"      // the answer comes later by Wait
	Reset    = "reset"     // the connection ends
	Status   = "status"    // an HTTP error, Code
	Refusal  = "refusal"   // a code of the platform, Code
	HTML     = "html"      // a page of some box on the way
	Cut      = "cut"       // half an answer
	EndToken = "end_token" // the account's token ends just before the call is looked at
	Drop     = "drop"      // of pushes: the event is not delivered
)

// PushPath is the path of faults that concern pushes.
const PushPath = "push"

// Fault is an order to go wrong.
type Fault struct {
	Path  string        `json:"path"` // an endpoint's, PushPath, or "" for every endpoint
	Kind  string        `json:"kind"`
	Code  int           `json:"code"`
	After bool          `json:"after"` // the work is done first
	Times int           `json:"times"` // 0 for always
	Share float64       `json:"share"` // of the calls, 0 for all
	Wait  time.Duration `json:"wait"`  // of Slow, in nanoseconds
	Match string        `json:"match"` // what the body must hold, such as an openid; "" for anything
}

// AddFault orders a fault. Those ordered first are looked at first, and one call has one fault.
func (s *Server) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all orders.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault gives the order that concerns a call, and counts it.
func (s *Server) fault(in *request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Path != in.path && (f.Path != "" || in.path == PushPath) || !bytes.Contains(in.body, []byte(f.Match)) || f.Share > 0 && s.rand.Float64() >= f.Share {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(slices.Clone(s.faults), i, i+1)
			}
		}
		if f.Kind == EndToken {
			for _, a := range []*account{s.app, s.oa, s.corp} {
				if t := s.tokens[in.query.Get("access_token")]; t != nil && t.account == a {
					t.dead = true
				}
			}
		}
		one := *f
		return &one
	}
	return nil
}

// longestTimeOut is how long a caller without patience of their own is kept.
const longestTimeOut = time.Minute

// fail goes wrong as ordered, and reports whether that was the answer.
func (s *Server) fail(f *Fault, w http.ResponseWriter, r *http.Request) bool {
	switch f.Kind {
	case Slow:
		select {
		case <-time.After(f.Wait):
		case <-r.Context().Done():
		}
		return false
	case EndToken:
		return false
	case TimeOut:
		select {
		case <-time.After(longestTimeOut):
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case Reset:
		panic(http.ErrAbortHandler)
	case Status:
		http.Error(w, "upstream", f.Code)
	case HTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body>502 Bad Gateway</body></html>") // the caller is gone
	case Cut:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"errcode":0,"errm`) // the caller is gone
	default:
		w.Header().Set("Content-Type", "application/json; encoding=utf-8")
		texts := map[int]string{-1: "system error", 45009: "reach max api daily quota limit", 45011: "api minute-quota reach limit", 40001: "invalid credential"}
		_ = json.NewEncoder(w).Encode(s.refusal(refused{f.Code, texts[f.Code]})) // the caller is gone
	}
	return true
}
