// Package cache keeps what may be lost: counters of rate limits, values that were costly to make, marks of what has been
// seen. It never holds the only copy of anything.
//
// # The model
//
// A Cache is this process's memory, or a Redis that several processes share. Keys are short texts without personal data;
// everything has a life and then is gone. Memory is bounded: when it is full, what ends soonest makes room.
//
// # Failure
//
// No method fails. While Redis does not answer, each process counts in its own memory: limits are then per process, and
// cached values are made anew. The log says so once a minute, and once when Redis is back. A call waits for Redis a
// fraction of a second at the most, and after a failure the next ones do not wait at all for a moment.
package cache

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"xiaopu/server/apperr"
)

// Cache is memory or Redis. It is safe for concurrent use.
type Cache struct {
	memory *memory
	redis  redis.UniversalClient // nil for memory alone
	prefix string
	clock  func() time.Time
	log    *slog.Logger

	awayUntil atomic.Int64 // Unix ms: until then Redis is not asked

	mu     sync.Mutex
	away   bool
	logged time.Time
}

// Options of a Cache.
type Options struct {
	// URL names a Redis, redis://[:password@]host:port/db or rediss://; "" means this process's memory.
	URL string
	// Clock gives the instant; required.
	Clock  func() time.Time
	Logger *slog.Logger
}

const (
	redisTimeout = 300 * time.Millisecond // a limit is not worth a slower answer
	restAfter    = 2 * time.Second        // how long Redis is left alone after a failure
	logEvery     = time.Minute
)

// New makes a Cache. A Redis that does not answer is no error: the Cache begins in memory. invalid_argument cache.url for
// an address that is none.
func New(o Options) (*Cache, error) {
	c := &Cache{memory: newMemory(o.Clock), prefix: "xiaopu:", clock: o.Clock, log: o.Logger}
	if c.log == nil {
		c.log = slog.Default()
	}
	if o.URL == "" {
		return c, nil
	}
	options, err := redis.ParseURL(o.URL)
	if err != nil { // the library's error repeats the address, with the password
		return nil, apperr.New(apperr.InvalidArgument, "cache.url", "Redis 地址写法不对，应为 redis://:密码@主机:端口/库号，例如 redis://127.0.0.1:6379/0。")
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = redisTimeout, redisTimeout, redisTimeout, redisTimeout
	options.MaxRetries = -1 // a command sent twice counts twice
	options.ContextTimeoutEnabled = true
	redis.SetLogger(silent{})
	c.redis = redis.NewClient(options)
	return c, nil
}

// silent is the library's logger: what it says of each dial, note says once a minute.
type silent struct{}

// Printf says nothing.
func (silent) Printf(context.Context, string, ...any) {}

// Close lets go of Redis.
func (c *Cache) Close() error {
	if c.redis == nil {
		return nil
	}
	return c.redis.Close()
}

// Shared reports whether Redis answers, so that what is kept is seen by other processes too.
func (c *Cache) Shared(ctx context.Context) bool {
	if !c.asks() {
		return false
	}
	return c.note(ctx, c.redis.Ping(ctx).Err())
}

// Away reports whether a Redis is configured and did not answer the last time.
func (c *Cache) Away() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.away
}

// asks reports whether Redis is to be asked now.
func (c *Cache) asks() bool {
	return c.redis != nil && c.clock().UnixMilli() >= c.awayUntil.Load()
}

// note looks at the outcome of a Redis command and reports whether it answered. That a caller went away says nothing about Redis.
func (c *Cache) note(ctx context.Context, err error) bool {
	answered := err == nil || errors.Is(err, redis.Nil)
	if !answered && errors.Is(ctx.Err(), context.Canceled) {
		return false
	}
	now := c.clock()
	if !answered {
		c.awayUntil.Store(now.Add(restAfter).UnixMilli())
	} else if c.awayUntil.Load() == 0 {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case answered && c.away:
		c.away = false
		c.awayUntil.Store(0)
		c.log.Info("redis is back")
	case answered:
		c.awayUntil.Store(0)
	case !c.away || now.Sub(c.logged) >= logEvery:
		c.away, c.logged = true, now
		c.log.Warn("redis does not answer: limits and cached values are this process's own", slog.Any("error", err))
	}
	return answered
}

// Get gives a value kept by Set.
func (c *Cache) Get(ctx context.Context, key string) (value []byte, ok bool) {
	if c.asks() {
		value, err := c.redis.Get(ctx, c.prefix+key).Bytes()
		if c.note(ctx, err) {
			return value, err == nil
		}
	}
	return c.memory.get(key)
}

// Set keeps a value for as long as life.
func (c *Cache) Set(ctx context.Context, key string, value []byte, life time.Duration) {
	if c.asks() && c.note(ctx, c.redis.Set(ctx, c.prefix+key, value, life).Err()) {
		return
	}
	c.memory.set(key, value, life)
}

// Delete forgets values and counts.
func (c *Cache) Delete(ctx context.Context, keys ...string) {
	if c.asks() {
		names := make([]string, len(keys))
		for i, k := range keys {
			names[i] = c.prefix + k
		}
		c.note(ctx, c.redis.Del(ctx, names...).Err())
	}
	c.memory.remove(keys...)
}

// Claim marks a key for as long as life and reports whether this call was the first to do so.
func (c *Cache) Claim(ctx context.Context, key string, life time.Duration) bool {
	if c.asks() {
		first, err := c.redis.SetNX(ctx, c.prefix+key, 1, life).Result()
		if c.note(ctx, err) {
			return first
		}
	}
	return c.memory.claim(key, life)
}

// count adds one and starts the key's life at the first.
var count = redis.NewScript(`local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}`)

// Count counts an event under key and gives how many there were within the window that the first of them began, and how
// long that window still lasts.
func (c *Cache) Count(ctx context.Context, key string, window time.Duration) (n int64, left time.Duration) {
	if c.asks() {
		got, err := count.Run(ctx, c.redis, []string{c.prefix + key}, window.Milliseconds()).Int64Slice()
		if c.note(ctx, err) && len(got) == 2 {
			return got[0], time.Duration(got[1]) * time.Millisecond
		}
	}
	return c.memory.count(key, window)
}

// Counted gives what Count has counted, without counting.
func (c *Cache) Counted(ctx context.Context, key string) (n int64, left time.Duration) {
	if c.asks() {
		n, err := c.redis.Get(ctx, c.prefix+key).Int64()
		if c.note(ctx, err) {
			if n == 0 {
				return 0, 0
			}
			left, err := c.redis.PTTL(ctx, c.prefix+key).Result()
			if c.note(ctx, err) {
				return n, left
			}
		}
	}
	return c.memory.counted(key)
}

// Allow counts an event and reports whether it is among the first limit of its window. When it is not, wait says how long
// until the next one is.
func (c *Cache) Allow(ctx context.Context, key string, limit int64, window time.Duration) (ok bool, wait time.Duration) {
	n, left := c.Count(ctx, key, window)
	if n <= limit {
		return true, 0
	}
	return false, max(left, time.Second)
}

// Remember gives the value kept under key, or lets figure make it and keeps it for as long as life: for what takes long to count
// and may be a little old. Several that miss it at once each make it. What figure refuses is not kept.
func Remember[T any](ctx context.Context, c *Cache, key string, life time.Duration, figure func() (T, error)) (T, error) {
	var v T
	if raw, ok := c.Get(ctx, key); ok && json.Unmarshal(raw, &v) == nil {
		return v, nil
	}
	v, err := figure()
	if err != nil {
		return v, err
	}
	raw, err := json.Marshal(v)
	if err == nil {
		c.Set(ctx, key, raw, life)
	}
	return v, err
}
