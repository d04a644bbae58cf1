package auth

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
)

// The limits of sign-in.
const (
	lockAfter     = 5 // failures of one login name from one address
	lockFor       = 15 * time.Minute
	addressLimit  = 30 // failures of one address, whosever, close it to who has not signed in from there
	addressWindow = 5 * time.Minute
	// A login name that fails this often is refused from addresses its owner has not signed in from.
	nameLimit  = 50
	nameWindow = time.Hour
	knownFor   = 90 * 24 * time.Hour
	// tryAtOnce is how many attempts of one address are looked at at a time. Others of it wait, so that one address cannot
	// keep everybody else from being served, nor slip past the limits by trying all at once.
	tryAtOnce = 4
)

// attempt is somebody who tries to prove who they are.
type attempt struct {
	login    string // blind index of the login name
	personID string // whose it is; "" for nobody's
	network  string // of the address
	address  string // the network, blinded
	name     string // key of the login name since it was last unlocked
	pair     string // key of name and address
}

// attemptOf says who tries from where. epoch is when the login name was last unlocked.
func (s *Service) attemptOf(login, personID, address string, epoch time.Time) attempt {
	t := attempt{login: login, personID: personID, network: network(address)}
	t.address = s.db.Sealer().Blind("address", t.network)
	t.name = nameKey(login, epoch)
	t.pair = t.name + ":" + t.address
	return t
}

// nameKey is under what a login name is counted: unlocking it begins all counts anew, for every process.
func nameKey(login string, epoch time.Time) string {
	if epoch.IsZero() {
		return login
	}
	return login + ":" + strconv.FormatInt(epoch.UnixMilli(), 36)
}

// network is what counts as one address: of IPv6, where everybody has billions, the network of 64 bits. "" for what is no address.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		return ""
	case a.Unmap().Is4():
		return a.Unmap().String()
	}
	p, _ := a.WithZone("").Prefix(64) // 64 is within bounds
	return p.String()
}

// wait is the answer to who must wait. Detail is how long.
func wait(reason, message string, left time.Duration) error {
	e := apperr.New(apperr.ResourceExhausted, reason, message)
	e.Detail = left
	return e
}

// standing is how an attempt stands with the limits. The errors are what who it stops is told, nil where it stops nobody.
type standing struct {
	known   bool  // its person has signed in from this address lately
	crowded error // auth.too_many: the address failed too often
	locked  error // auth.locked: the login name did, from this address
	braked  error // auth.locked: the login name did, from everywhere
}

// shut says that the attempt is not to be looked at. Who has signed in from the address lately is held up neither by what others
// there do nor by what is tried elsewhere: they have the limit of name and address alone.
func (st standing) shut() bool {
	return st.locked != nil || !st.known && (st.crowded != nil || st.braked != nil)
}

// standing looks at all limits.
func (s *Service) standing(ctx context.Context, t attempt) (st standing, err error) {
	if st.known, err = s.db.SignedInFrom(ctx, t.personID, t.network, s.clock().Add(-knownFor)); err != nil {
		return st, err
	}
	if n, left := s.cache.Counted(ctx, "signin:address:"+t.address); n >= addressLimit {
		st.crowded = wait("auth.too_many", "您所在的网络短时间内登录失败过多，请过几分钟再试。", left)
	}
	if until := s.instant(ctx, "signin:lock:"+t.pair); !until.IsZero() {
		st.locked = errLocked(until.Sub(s.clock()))
	}
	if n, left := s.cache.Counted(ctx, "signin:name:"+t.name); n >= nameLimit {
		st.braked = wait("auth.locked", "这个账号近来从多处尝试失败过多，目前只能在最近登录过的地方使用，请稍后再试，或联系系统管理员解锁。", left)
	}
	return st, nil
}

func errLocked(left time.Duration) error {
	return wait("auth.locked", fmt.Sprintf("连续 %d 次不正确，已锁定 %d 分钟，请稍后再试，或联系系统管理员解锁。", lockAfter, int(lockFor.Minutes())), left)
}

// instant gives a moment to come that the cache keeps; the zero time for none.
func (s *Service) instant(ctx context.Context, key string) time.Time {
	text, ok := s.cache.Get(ctx, key)
	if !ok {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(string(text), 10, 64)
	if at := time.UnixMilli(ms).UTC(); err == nil && at.After(s.clock()) {
		return at
	}
	return time.Time{}
}

// lockedUntil tells when the latest lock of an account ends, whatever the address; the zero time for none.
func (s *Service) lockedUntil(ctx context.Context, a store.Account) time.Time {
	return s.instant(ctx, "signin:locked:"+nameKey(a.LoginIndex, a.UnlockedAt))
}

// begun counts an attempt before it is decided, so that many at once do not all count as the first; false when enough are
// failed or under way. What is tried, a password or a code, counts apart: a password that is right clears no code.
func (s *Service) begun(ctx context.Context, t attempt, what string) (n int64, ok bool) {
	n, _ = s.cache.Count(ctx, "signin:"+what+":"+t.pair, lockFor)
	return n, n <= lockAfter
}

// cleared forgets the attempts of a pair after one that succeeded, also when who made it has hung up.
func (s *Service) cleared(ctx context.Context, t attempt, what string) {
	s.cache.Delete(context.WithoutCancel(ctx), "signin:"+what+":"+t.pair)
}

// failed counts a failure, the nth of its pair, and reports whether it locks the pair, and whether the address has to
// wait from now on. The count of the pair stays: attempts that began before the lock are too many by it, and it ends before
// the lock does.
func (s *Service) failed(ctx context.Context, t attempt, n int64) (until time.Time, locks, blocks bool) {
	failures, _ := s.cache.Count(ctx, "signin:address:"+t.address, addressWindow)
	blocks = failures == addressLimit
	s.cache.Count(ctx, "signin:name:"+t.name, nameWindow)
	if n < lockAfter {
		return time.Time{}, false, blocks
	}
	until = s.clock().Add(lockFor)
	text := strconv.AppendInt(nil, until.UnixMilli(), 10)
	s.cache.Set(ctx, "signin:lock:"+t.pair, text, lockFor)
	s.cache.Set(ctx, "signin:locked:"+t.name, text, lockFor) // for the list of accounts
	return until, true, blocks
}

// lines lets a few attempts of each address through at a time, first come first served.
type lines struct {
	mu sync.Mutex
	at map[string]*line
}

type line struct {
	slots chan struct{}
	users int
}

// enter waits for a place in the address's line and gives what leaves it.
func (l *lines) enter(ctx context.Context, address string) (leave func(), err error) {
	l.mu.Lock()
	here := l.at[address]
	if here == nil {
		here = &line{slots: make(chan struct{}, tryAtOnce)}
		l.at[address] = here
	}
	here.users++
	l.mu.Unlock()
	done := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if here.users--; here.users == 0 {
			delete(l.at, address)
		}
	}
	select {
	case here.slots <- struct{}{}:
		return func() { <-here.slots; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}
