package live

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
)

// run makes a hub that runs until the test ends.
func run(t *testing.T, address string) *Hub {
	t.Helper()
	c, err := cache.New(cache.Options{URL: address, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := New(c, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait(); _ = c.Close() })
	return h
}

func listen(t *testing.T, h *Hub, person, after string, keys ...string) *Listener {
	t.Helper()
	s := Scope{Cases: map[string]bool{}, Inbox: map[string]bool{person: true}}
	for _, k := range keys {
		s.Cases[k] = true
	}
	l, err := h.Listen(person, s, after)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if c := next(t, l); c.Kind != Ready {
		t.Fatalf("%+v", c)
	}
	return l
}

func next(t *testing.T, l *Listener) Change {
	t.Helper()
	select {
	case c := <-l.Changes():
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is heard")
		return Change{}
	}
}

func TestWhoHearsWhat(t *testing.T) {
	mine := Scope{Cases: map[string]bool{"department:d-1": true, "requester:abc": true}, Inbox: map[string]bool{"p-1": true}}
	for name, c := range map[string]struct {
		scope  Scope
		change Change
		want   bool
	}{
		"a case of one's department":           {mine, Change{Kind: Case, Keys: []string{"grid:g", "department:d-1"}}, true},
		"another department's":                 {mine, Change{Kind: Case, Keys: []string{"department:d-2"}, Public: true}, false},
		"one's own matter, internally":         {mine, Change{Kind: Case, Keys: []string{"requester:abc"}}, false},
		"one's own matter, publicly":           {mine, Change{Kind: Case, Keys: []string{"requester:abc"}, Public: true}, true},
		"everything, for who sees all":         {Scope{All: true}, Change{Kind: Case, Keys: []string{"department:d-2"}}, true},
		"what may be claimed, for a head":      {Scope{Claims: true}, Change{Kind: Case, Claimable: true}, true},
		"what may not":                         {Scope{Claims: true}, Change{Kind: Case}, false},
		"one's notice":                         {mine, Change{Kind: Inbox, Keys: []string{"p-1"}}, true},
		"another's notice, for who sees all":   {Scope{All: true}, Change{Kind: Inbox, Keys: []string{"p-1"}}, false},
		"a notice to a key that cases go by":   {mine, Change{Kind: Inbox, Keys: []string{"department:d-1"}}, false},
		"that something was missed: everybody": {Scope{}, Change{Kind: Resync}, true},
	} {
		if got := c.scope.Hears(c.change); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestASlowListenerIsToldToLoadAnew(t *testing.T) {
	h := run(t, "")
	slow := listen(t, h, "p-1", "", "k")
	for i := range 3 * buffered {
		h.Announce(Change{Kind: Case, Version: int64(i), Keys: []string{"k"}})
	}
	for range buffered {
		next(t, slow)
	}
	for deadline := time.Now().Add(5 * time.Second); !slow.Lost(); {
		if time.Now().After(deadline) {
			t.Fatal("nobody says that something was lost")
		}
		time.Sleep(time.Millisecond)
	}
	if slow.Lost() {
		t.Error("it is said twice")
	}
}

func TestAnnouncingNeverWaits(t *testing.T) {
	c, err := cache.New(cache.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h := New(c, slog.New(slog.DiscardHandler)) // and nobody runs it
	for range 2 * queued {
		h.Announce(Change{Kind: Case})
	}
	if !h.lost.Load() {
		t.Error("what found no room is forgotten")
	}
	var none *Hub
	none.Announce(Change{})
	if _, err := none.Listen("p", Scope{}, ""); apperr.ReasonOf(err) != "live.off" {
		t.Error(err)
	}
}

func TestBounds(t *testing.T) {
	h := run(t, "")
	var mine []*Listener
	for range perPerson {
		mine = append(mine, listen(t, h, "p-1", ""))
	}
	if _, err := h.Listen("p-1", Scope{}, ""); apperr.ReasonOf(err) != "live.too_many" {
		t.Error(err)
	}
	mine[0].Close()
	again, err := h.Listen("p-1", Scope{}, "")
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	for i := 0; ; i++ {
		l, err := h.Listen(fmt.Sprint("q-", i), Scope{}, "")
		if err != nil {
			if apperr.ReasonOf(err) != "live.full" || i < perProcess-perPerson {
				t.Error(i, err)
			}
			break
		}
		t.Cleanup(l.Close)
	}
}

// proxy lets a Redis go away and come back.
type proxy struct {
	to string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	address  string
}

func (p *proxy) up(t *testing.T) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.listener, p.address = listener, listener.Addr().String()
	p.mu.Unlock()
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.to)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			go func() { _, _ = io.Copy(in, out) }()
			go func() { _, _ = io.Copy(out, in) }()
		}
	}()
}

func (p *proxy) down() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.listener.Close()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

func TestProcessesHearOfEachOther(t *testing.T) {
	address := os.Getenv("XIAOPU_TEST_REDIS")
	if address == "" {
		if os.Getenv("XIAOPU_TEST_REQUIRE_MYSQL") != "" {
			t.Fatal("the test command starts a Redis, and there is none")
		}
		t.Skip("no Redis: run make test")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: u.Host, address: "127.0.0.1:0"}
	p.up(t)
	defer p.down()
	u.Host = p.address
	one, other := run(t, u.String()), run(t, address)
	key := fmt.Sprint("k", time.Now().UnixNano()) // the log is shared with other runs
	settle := func(h *Hub) {                      // until it follows
		t.Helper()
		l := listen(t, h, "settle", "", key+"-settle")
		defer l.Close()
		for i := 0; ; i++ {
			other.Announce(Change{Kind: Case, Keys: []string{key + "-settle"}})
			for wait := true; wait; {
				select {
				case c := <-l.Changes():
					if c.Kind == Case {
						return
					}
				case <-time.After(200 * time.Millisecond):
					wait = false
				}
			}
			if i > 50 {
				t.Fatal("it never follows")
			}
		}
	}
	settle(one)
	settle(other)
	here, there := listen(t, one, "p-1", "", key), listen(t, other, "p-2", "", key)
	for v := range int64(20) {
		from := one
		if v%2 == 0 {
			from = other
		}
		from.Announce(Change{Kind: Case, CaseID: "c", Version: v, Keys: []string{key}})
		a, b := next(t, here), next(t, there)
		if a.Version != v || b.Version != v || a.ID != b.ID || a.ID == "" {
			t.Fatalf("%+v and %+v, want %d", a, b, v)
		}
	}
	// The same id is known at every process, also at one that begins now.
	last := next2(t, one, here, key)
	late := run(t, address)
	settle(late)
	again := listen(t, late, "p-3", last.ID, key)
	one.Announce(Change{Kind: Case, Version: 100, Keys: []string{key}})
	if c := next(t, again); c.Version != 100 {
		t.Errorf("%+v", c)
	}
	for _, v := range []int64{99, 100} {
		if c := next(t, there); c.Version != v {
			t.Errorf("%+v, want %d", c, v)
		}
	}
	if c := next(t, here); c.Version != 100 {
		t.Errorf("%+v", c)
	}
	// Redis goes away for one of them: it says so, tells what it knows, and says when it is complete again.
	p.down()
	if c := next(t, here); c.Kind != Poll {
		t.Fatalf("%+v", c)
	}
	one.Announce(Change{Kind: Case, Version: 200, Keys: []string{key}})
	if c := next(t, here); c.Version != 200 {
		t.Fatalf("%+v", c)
	}
	// Who begins to listen now is told at once, and who comes back with an id catches up with what is known here.
	during := listen(t, one, "p-4", "", key)
	if c := next(t, during); c.Kind != Poll {
		t.Fatalf("%+v", c)
	}
	back := listen(t, one, "p-5", last.ID, key)
	for _, want := range []Change{{Kind: Poll}, {Kind: Case, Version: 100}, {Kind: Case, Version: 200}} {
		if c := next(t, back); c.Kind != want.Kind || c.Version != want.Version {
			t.Fatalf("%+v, want %+v", c, want)
		}
	}
	other.Announce(Change{Kind: Case, Version: 201, Keys: []string{key}})
	p.up(t)
	for _, l := range []*Listener{during, back} {
		if c := next(t, l); c.Kind != Resync {
			t.Fatalf("%+v", c)
		}
	}
	if c := next(t, here); c.Kind != Resync {
		t.Fatalf("%+v", c)
	}
	if c := next(t, here); c.Version != 201 {
		t.Errorf("what came meanwhile: %+v", c)
	}
	if a, b := next(t, there), next(t, there); a.Version != 201 || b.Kind != Resync {
		t.Errorf("the other one: %+v %+v", a, b)
	}
}

func TestUntilItIsKnownWhetherRedisIsThereOneLooksRegularly(t *testing.T) {
	c, err := cache.New(cache.Options{URL: "redis://127.0.0.1:1/0", Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, New(c, slog.New(slog.DiscardHandler)), "p-1", "") // and nobody runs it
	select {
	case c := <-l.Changes():
		if c.Kind != Poll {
			t.Errorf("%+v", c)
		}
	default:
		t.Error("nobody is told to look regularly")
	}
}

// next2 announces a change and gives it as it was heard.
func next2(t *testing.T, h *Hub, l *Listener, key string) Change {
	t.Helper()
	h.Announce(Change{Kind: Case, Version: 99, Keys: []string{key}})
	return next(t, l)
}
