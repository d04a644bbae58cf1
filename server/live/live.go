// Package live tells clients what changes in their scope while it does.
//
// # The model
//
// Whoever saves a case announces a Change once it is committed: which case, its version, and who may hear of it, as the keys by
// which they see it. A Hub hands each change to the Listeners whose Scope has one of these keys. Processes share the changes
// through a log in Redis, which also gives each its id; a Hub keeps the newest, so that a client that comes back and names
// the last id it has goes on behind it, at whichever process. A change says nothing of what changed: the client asks for
// that, and is shown what it may see.
//
// # Failure
//
// Nothing here is needed: who misses a change sees it at the next look. A client is told when it must look by itself: Resync
// (look once: something may have been missed), Poll (look regularly: Redis is away, so other processes' changes do not come)
// until the next Resync. A listener that does not read fast enough, or an id that is too old, gives a Resync. Announcing
// never waits.
package live

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
)

// Kind says what a client is to do.
type Kind string

// The kinds of change.
const (
	Ready  Kind = "ready"  // listening has begun: whatever is loaded from now on is followed up
	Case   Kind = "case"   // a case in scope has changed, or has left it
	Inbox  Kind = "inbox"  // there is a new notice
	Resync Kind = "resync" // something may have been missed: load anew
	Poll   Kind = "poll"   // changes may be missing until the next resync: load regularly
	End    Kind = "end"    // the session is over
)

// Change is what happened, and who may hear of it.
type Change struct {
	ID      string `json:"-"` // of the log; "" for what concerns one listener alone
	Kind    Kind   `json:"kind"`
	CaseID  string `json:"case_id,omitempty"`
	Number  string `json:"number,omitempty"`
	Version int64  `json:"version,omitempty"`
	// Keys are those of casework.Viewers before and after, or of an inbox.
	Keys []string `json:"keys,omitempty"`
	// Public says that the requesters can see what happened; else only their inbox tells them.
	Public bool `json:"public,omitempty"`
	// Claimable says that every department head sees the case, to claim it.
	Claimable bool `json:"claimable,omitempty"`
}

// Scope is what a listener hears of.
type Scope struct {
	All    bool            // every case
	Claims bool            // cases that may be claimed
	Cases  map[string]bool // keys of casework.Scopes
	Inbox  map[string]bool // recipients
}

// requesterPrefix begins the keys of those who see only what is public.
const requesterPrefix = "requester:"

// Hears reports whether a change is within the scope.
func (s Scope) Hears(c Change) bool {
	switch c.Kind {
	case Resync:
		return true
	case Inbox:
		for _, k := range c.Keys {
			if s.Inbox[k] {
				return true
			}
		}
		return false
	}
	if s.All || s.Claims && c.Claimable {
		return true
	}
	for _, k := range c.Keys {
		if s.Cases[k] && (c.Public || !strings.HasPrefix(k, requesterPrefix)) {
			return true
		}
	}
	return false
}

const (
	logName      = "live"
	kept         = 2048 // changes that a client may have missed and still catch up with
	queued       = 1024 // changes on their way to Redis
	buffered     = 64   // changes that a listener may be behind
	followFor    = 5 * time.Second
	awayFor      = time.Second // between looks for a Redis that is away
	perPerson    = 6           // pages and devices of one person
	perProcess   = 5000
	retryTooMany = 5 * time.Minute
)

// Hub hands changes on. A nil Hub takes announcements and does nothing.
type Hub struct {
	cache *cache.Cache
	log   *slog.Logger
	out   chan Change
	lost  atomic.Bool // announcements that found no room
	alone atomic.Bool // something was told here that other processes did not hear of
	local string      // begins the ids of what only this process knows

	dropped atomic.Int64 // changes that found no room with a listener

	mu        sync.Mutex
	listeners map[*Listener]struct{}
	people    map[string]int
	recent    []Change
	away      bool  // other processes' changes do not come, or nobody knows yet
	n         int64 // local ids given
	closed    bool
}

// New makes a Hub over a cache. It works once Run does.
func New(c *cache.Cache, log *slog.Logger) *Hub {
	return &Hub{
		cache: c, log: log, out: make(chan Change, queued), local: rand.Text()[:8] + "-",
		listeners: map[*Listener]struct{}{}, people: map[string]int{}, away: c.Configured(),
	}
}

// Announce hands a change on, and never waits.
func (h *Hub) Announce(c Change) {
	if h == nil {
		return
	}
	select {
	case h.out <- c:
	default:
		h.lost.Store(true)
	}
}

// Run hands on until ctx ends; then every listener ends.
func (h *Hub) Run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { h.send(ctx) })
	if h.cache.Configured() {
		work.Go(func() { h.follow(ctx) })
	}
	work.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listeners {
		close(l.changes)
	}
	clear(h.listeners)
}

// send takes announcements to Redis, from where they come back to every process, this one too; without one, to the listeners
// here.
func (h *Hub) send(ctx context.Context) {
	for {
		var c Change
		select {
		case <-ctx.Done():
			return
		case c = <-h.out:
		}
		h.share(ctx, c)
		if h.lost.Swap(false) {
			h.share(ctx, Change{Kind: Resync})
		}
	}
}

func (h *Hub) share(ctx context.Context, c Change) {
	body, err := json.Marshal(c)
	if err == nil && h.cache.Append(ctx, logName, body, 2*kept) {
		return
	}
	h.alone.Store(true)
	h.mu.Lock()
	h.n++
	c.ID = h.local + strconv.FormatInt(h.n, 10)
	h.mu.Unlock()
	h.deliver(c)
}

// follow reads what all processes announce.
func (h *Hub) follow(ctx context.Context) {
	last, known := "", false
	for ctx.Err() == nil {
		var list []cache.Entry
		var ok bool
		if !known {
			if list, ok = h.cache.Latest(ctx, logName, kept); ok {
				h.remember(list)
				known = true
				if len(list) > 0 {
					last = list[len(list)-1].ID
				}
				list = nil
			}
		} else {
			list, ok = h.cache.Follow(ctx, logName, last, followFor)
		}
		if h.hears(ok) && h.alone.Swap(false) {
			h.Announce(Change{Kind: Resync}) // to the others
		}
		if !ok {
			select {
			case <-ctx.Done():
			case <-time.After(awayFor):
			}
			continue
		}
		for _, e := range list {
			last = e.ID
			if c, ok := changeOf(e); ok {
				h.deliver(c)
			}
		}
	}
}

func changeOf(e cache.Entry) (c Change, ok bool) {
	if json.Unmarshal(e.Body, &c) != nil {
		return c, false // of a later version
	}
	c.ID = e.ID
	return c, true
}

// remember keeps what was announced before this process began.
func (h *Hub) remember(list []cache.Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range list {
		if c, ok := changeOf(e); ok {
			h.recent = append(h.recent, c)
		}
	}
}

// deliver keeps a change and hands it to whom it concerns.
func (h *Hub) deliver(c Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.recent) == kept {
		h.recent = append(h.recent[:0], h.recent[kept/4:]...)
	}
	h.recent = append(h.recent, c)
	for l := range h.listeners {
		if l.Scope().Hears(c) {
			l.put(c)
		}
	}
}

// hears notes whether the other processes' changes come, tells every listener when that is new, and reports whether they come again.
func (h *Hub) hears(ok bool) (again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away == !ok {
		return false
	}
	h.away = !ok
	c := Change{Kind: Poll}
	if ok {
		c.Kind = Resync
	}
	for l := range h.listeners {
		l.put(c)
	}
	return ok
}

// Listener is one client that listens. Its owner reads Changes and closes it.
type Listener struct {
	hub     *Hub
	person  string
	changes chan Change
	scope   atomic.Pointer[Scope]
	lost    atomic.Bool
}

var (
	errTooMany = apperr.New(apperr.ResourceExhausted, "live.too_many", "您打开的页面太多，这个页面改为定时刷新；关闭一些页面后会恢复。")
	errFull    = apperr.New(apperr.ResourceExhausted, "live.full", "在线人数较多，这个页面改为定时刷新。")
	errOff     = apperr.New(apperr.Unavailable, "live.off", "暂时不能实时更新，请改为定时刷新。")
)

// Listen begins to listen for a person, behind the change with the id after, if there is one; the first change is Ready, with the id
// to go on from, and the second Poll while other processes' changes do not come. resource_exhausted live.too_many and live.full beyond the bounds, unavailable live.off while the process ends.
func (h *Hub) Listen(person string, scope Scope, after string) (*Listener, error) {
	if h == nil {
		return nil, errOff
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	refused := func(e *apperr.Error) error {
		e = e.With(nil)
		e.Detail = retryTooMany
		return e
	}
	switch {
	case h.closed:
		return nil, errOff
	case h.people[person] >= perPerson:
		return nil, refused(errTooMany)
	case len(h.listeners) >= perProcess:
		return nil, refused(errFull)
	}
	l := &Listener{hub: h, person: person, changes: make(chan Change, buffered)}
	l.scope.Store(&scope)
	ready := Change{Kind: Ready}
	if n := len(h.recent); n > 0 {
		ready.ID = h.recent[n-1].ID
	}
	l.put(ready)
	if h.away {
		l.put(Change{Kind: Poll})
	}
	if after != "" {
		l.catchUp(after)
	}
	h.listeners[l] = struct{}{}
	h.people[person]++
	return l, nil
}

// catchUp hands on what came behind an id; what cannot be known is a resync.
func (l *Listener) catchUp(after string) {
	recent := l.hub.recent
	for i := len(recent) - 1; i >= 0; i-- {
		if recent[i].ID != after {
			continue
		}
		for _, c := range recent[i+1:] {
			if l.Scope().Hears(c) {
				l.put(c)
			}
		}
		return
	}
	l.put(Change{Kind: Resync})
}

// put never waits: what finds no room becomes a resync.
func (l *Listener) put(c Change) {
	select {
	case l.changes <- c:
	default:
		l.lost.Store(true)
		l.hub.dropped.Add(1)
	}
}

// Changes gives what is heard; closed when the process ends.
func (l *Listener) Changes() <-chan Change { return l.changes }

// Lost reports, once, whether something found no room.
func (l *Listener) Lost() bool { return l.lost.Swap(false) }

// Scope is what the listener hears of now.
func (l *Listener) Scope() Scope { return *l.scope.Load() }

// SetScope changes what the listener hears of.
func (l *Listener) SetScope(s Scope) { l.scope.Store(&s) }

// Streams tells how many listen here now, and how many changes found no room with one since the start.
func (h *Hub) Streams() (open int, dropped int64) {
	if h == nil {
		return 0, 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners), h.dropped.Load()
}

// Close ends the listening.
func (l *Listener) Close() {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	delete(l.hub.listeners, l)
	if l.hub.people[l.person]--; l.hub.people[l.person] <= 0 {
		delete(l.hub.people, l.person)
	}
}
