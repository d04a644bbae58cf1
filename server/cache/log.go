package cache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Entry is one entry of a log.
type Entry struct {
	ID   string // in order, and never twice
	Body []byte
}

// Append adds an entry to a log that all processes read; about the newest keep stay. It reports false when no Redis answers or
// none is configured: then nobody else hears of it.
func (c *Cache) Append(ctx context.Context, log string, body []byte, keep int64) bool {
	return c.asks() && c.note(ctx, c.redis.XAdd(ctx, &redis.XAddArgs{Stream: c.prefix + log, MaxLen: keep, Approx: true, Values: []any{"body", body}}).Err())
}

// Latest gives the newest entries of a log, oldest first. false as for Append.
func (c *Cache) Latest(ctx context.Context, log string, limit int64) ([]Entry, bool) {
	if !c.asks() {
		return nil, false
	}
	list, err := c.redis.XRevRangeN(ctx, c.prefix+log, "+", "-", limit).Result()
	if !c.note(ctx, err) {
		return nil, false
	}
	out := make([]Entry, len(list))
	for i, m := range list {
		out[len(list)-1-i] = logEntry(m)
	}
	return out, true
}

// Follow waits for entries of a log behind one, "" for its beginning, and gives them; none when wait is over or ctx ends. false
// as for Append. It keeps a connection while it waits.
func (c *Cache) Follow(ctx context.Context, log, after string, wait time.Duration) ([]Entry, bool) {
	if !c.asks() {
		return nil, false
	}
	if after == "" {
		after = "0-0"
	}
	list, err := c.redis.XRead(ctx, &redis.XReadArgs{Streams: []string{c.prefix + log, after}, Count: 500, Block: wait}).Result()
	if ctx.Err() != nil {
		return nil, true
	}
	if !c.note(ctx, err) {
		return nil, false
	}
	var out []Entry
	for _, s := range list {
		for _, m := range s.Messages {
			out = append(out, logEntry(m))
		}
	}
	return out, true
}

// Configured reports whether several processes may share this cache.
func (c *Cache) Configured() bool { return c.redis != nil }

func logEntry(m redis.XMessage) Entry {
	body, _ := m.Values["body"].(string)
	return Entry{ID: m.ID, Body: []byte(body)}
}
