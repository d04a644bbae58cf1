package api

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/live"
	"xiaopu/server/organisation"
)

// listening is an office whose changes are told, behind a real server.
func listening(t *testing.T) (*office, string) {
	t.Helper()
	o := newOfficeWith(t, noSecondFactor)
	o.handler = NewHandler(Options{Engine: o.engine, Signer: o.signer, SignIn: o.signIn, Clock: o.clock, Live: o.hub, Logger: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { o.hub.Run(ctx) })
	server := httptest.NewServer(o.handler)
	t.Cleanup(func() { stop(); run.Wait(); server.Close() })
	return o, server.URL
}

// heard is a stream as a client has it.
type heard struct {
	t      *testing.T
	lines  chan string
	lastID string
	close  func()
}

func (o *office) listen(t *testing.T, url, token, lastID string) *heard {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+v1+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(res.StatusCode, res.Header)
	}
	h := &heard{t: t, lines: make(chan string, 1000), close: cancel}
	go func() {
		defer close(h.lines)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			h.lines <- s.Text()
		}
	}()
	t.Cleanup(cancel)
	return h
}

// next gives the next event; ok is false for none within a moment, or at the end.
func (h *heard) next(within time.Duration) (e LiveEvent, ok bool) {
	h.t.Helper()
	end := time.After(within)
	for {
		select {
		case line, more := <-h.lines:
			if !more {
				return e, false
			}
			if id, is := strings.CutPrefix(line, "id: "); is {
				h.lastID = id
			}
			if data, is := strings.CutPrefix(line, "data: "); is {
				if err := json.Unmarshal([]byte(data), &e); err != nil {
					h.t.Fatal(err)
				}
				return e, true
			}
		case <-end:
			return e, false
		}
	}
}

func (h *heard) want(kind live.Kind, number string) LiveEvent {
	h.t.Helper()
	e, ok := h.next(5 * time.Second)
	if !ok || e.Kind != kind || e.Number != number {
		h.t.Fatalf("heard %+v %v, want %s %s", e, ok, kind, number)
	}
	return e
}

func (h *heard) nothing() {
	h.t.Helper()
	if e, ok := h.next(200 * time.Millisecond); ok {
		h.t.Errorf("heard %+v", e)
	}
}

func TestTheStreamTellsWhatChangesInScope(t *testing.T) {
	o, url := listening(t)
	o.hire("p-other", "别的居民", "13800009999", organisation.Post{Role: casework.Resident})
	c := o.handling() // p-w1's, of p-r
	hear := map[string]*heard{}
	for _, who := range []string{"p-w1", "p-cy", "p-r", "p-other", "p-w2", "p-h2"} {
		hear[who] = o.listen(t, url, o.token(who), "")
		if e, ok := hear[who].next(5 * time.Second); !ok || e.Kind != live.Ready {
			t.Fatal(who, e, ok)
		}
	}
	c = o.must("p-w1", c, "progress", fields{"text": "内部记录"})
	if e := hear["p-w1"].want(live.Case, c.Number); e.CaseID != c.ID || e.Version != c.Version {
		t.Errorf("%+v", e)
	}
	hear["p-cy"].want(live.Case, c.Number)
	for _, who := range []string{"p-r", "p-other", "p-w2", "p-h2"} {
		hear[who].nothing()
	}
	c = o.must("p-w1", c, "progress", fields{"text": "公开进展", "public": true})
	hear["p-r"].want(live.Case, c.Number)
	hear["p-r"].want(live.Inbox, c.Number)
	hear["p-cy"].want(live.Case, c.Number)
	// A case that may be claimed is every head's.
	open := o.must("p-cy", o.reported(), "register", nil)
	hear["p-h2"].want(live.Case, open.Number)
	hear["p-other"].nothing()
	// Who loses the case hears that it changed, and then nothing more of it.
	c = o.must("p-cy", c, "transfer", fields{"lead_department_id": "d-3", "reason": "职责不符"})
	for e, ok := hear["p-w1"].next(time.Second); ok; e, ok = hear["p-w1"].next(200 * time.Millisecond) {
		if e.Number != c.Number {
			t.Errorf("%+v", e)
		}
	}
	o.must("p-h3", c, "accept", fields{"handler_id": "p-h3"})
	hear["p-w1"].nothing()
}

func TestAStreamGoesOnBehindTheLastID(t *testing.T) {
	o, url := listening(t)
	c := o.handling()
	first := o.listen(t, url, o.token("p-w1"), "")
	first.want(live.Ready, "")
	c = o.must("p-w1", c, "progress", fields{"text": "一步"})
	first.want(live.Case, c.Number)
	first.close()
	c = o.must("p-w1", c, "progress", fields{"text": "两步"})
	c = o.must("p-w1", c, "progress", fields{"text": "三步"})
	again := o.listen(t, url, o.token("p-w1"), first.lastID)
	again.want(live.Ready, "")
	if e := again.want(live.Case, c.Number); e.Version != c.Version-1 {
		t.Errorf("%+v", e)
	}
	if e := again.want(live.Case, c.Number); e.Version != c.Version {
		t.Errorf("%+v", e)
	}
	unknown := o.listen(t, url, o.token("p-w1"), "1700000000000-0")
	unknown.want(live.Ready, "")
	unknown.want(live.Resync, "")
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	o, url := listening(t)
	o.account("p-w1")
	c := o.handling()
	session := o.session("p-w1")
	h := o.listen(t, url, session.AccessToken, "")
	h.want(live.Ready, "")
	if a := o.from("10.0.0.1", session.AccessToken, http.MethodPost, "/auth/logout", nil); a.status != http.StatusNoContent {
		t.Fatal(a.status)
	}
	o.must("p-h1", c, "progress", fields{"text": "退出以后"})
	h.want(live.End, "")
	if _, ok := h.next(time.Second); ok {
		t.Error("it goes on")
	}
}

func TestStreamsAreBounded(t *testing.T) {
	o, url := listening(t)
	for range 6 {
		o.listen(t, url, o.token("p-w1"), "")
	}
	a := o.get("p-w1", "/stream")
	if p := a.refused(http.StatusTooManyRequests, "live.too_many"); !strings.Contains(p.Message, "定时刷新") || a.header.Get("Retry-After") != "300" {
		t.Errorf("%+v %v", p, a.header)
	}
	without := newOffice(t)
	without.get("p-w1", "/stream").refused(http.StatusServiceUnavailable, "live.off")
	o.get("p-sa", "/stream").refused(http.StatusForbidden, "auth.denied")
}
