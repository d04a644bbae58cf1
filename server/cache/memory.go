package cache

import (
	"sync"
	"time"
)

// maxEntries bounds the memory: a street office has a few thousand people and addresses in a window.
const maxEntries = 50_000

// memory is a Cache within the process.
type memory struct {
	clock func() time.Time

	mu      sync.Mutex
	entries map[string]entry
}

type entry struct {
	value []byte
	n     int64
	ends  time.Time
}

func newMemory(clock func() time.Time) *memory {
	return &memory{clock: clock, entries: map[string]entry{}}
}

// live gives an entry that has not ended.
func (m *memory) live(key string) (entry, bool) {
	e, ok := m.entries[key]
	if !ok {
		return e, false
	}
	if !m.clock().Before(e.ends) {
		delete(m.entries, key)
		return entry{}, false
	}
	return e, true
}

// put keeps an entry. When there are too many, those that have ended go, and if none has, the one that ends first of a few.
func (m *memory) put(key string, e entry) {
	if _, known := m.entries[key]; !known && len(m.entries) >= maxEntries {
		m.makeRoom()
	}
	m.entries[key] = e
}

// makeRoom looks at a part of the entries only: Go gives them in any order, so every call looks at others.
func (m *memory) makeRoom() {
	const looks = 64
	now := m.clock()
	first, ends, n := "", time.Time{}, 0
	for key, e := range m.entries {
		if !now.Before(e.ends) {
			delete(m.entries, key)
		} else if first == "" || e.ends.Before(ends) {
			first, ends = key, e.ends
		}
		if n++; n == looks {
			break
		}
	}
	if len(m.entries) >= maxEntries {
		delete(m.entries, first)
	}
}

func (m *memory) get(key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.live(key)
	return e.value, ok
}

func (m *memory) set(key string, value []byte, life time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, entry{value: append([]byte(nil), value...), ends: m.clock().Add(life)})
}

func (m *memory) remove(keys ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range keys {
		delete(m.entries, k)
	}
}

func (m *memory) claim(key string, life time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.live(key); taken {
		return false
	}
	m.put(key, entry{ends: m.clock().Add(life)})
	return true
}

func (m *memory) count(key string, window time.Duration) (int64, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.live(key)
	if !ok {
		e = entry{ends: m.clock().Add(window)}
	}
	e.n++
	m.put(key, e)
	return e.n, e.ends.Sub(m.clock())
}

func (m *memory) counted(key string) (int64, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.live(key)
	if !ok {
		return 0, 0
	}
	return e.n, e.ends.Sub(m.clock())
}
