package notify

import (
	"context"
	"strings"
	"sync"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/workday"
)

// closures are the channels and templates that rest. All processes share them through the cache; without one each has its own.
type closures struct {
	cache *cache.Cache

	mu       sync.Mutex
	failures map[string]int // of a template, in a row, met by this process
}

const (
	stopAfter = 3                // refusals for the settings in a row that open a template's circuit
	stopFor   = 30 * time.Minute // then one is tried
)

// reopened is when a day's quota is surely new: some minutes after midnight in Shanghai.
const reopened = 5 * time.Minute

// untilTomorrow is how long a used up quota lasts.
func untilTomorrow(now time.Time) time.Duration {
	return workday.DateOf(now).AddDays(1).At(0).Add(reopened).Sub(now)
}

// untilNextMinute is how long a limit of the minute lasts.
func untilNextMinute(now time.Time) time.Duration {
	return now.Truncate(time.Minute).Add(time.Minute + time.Second).Sub(now)
}

func stopKey(channel, template string) string { return "notify:stop:" + channel + ":" + template }
func restKey(channel string) string           { return "notify:rest:" + channel }

// closed says why a channel or a template of it is not used now: Minute means that it will be in a moment, Daily tomorrow.
func (c *closures) closed(ctx context.Context, channel, template string) (why string, class Class) {
	if what, ok := c.cache.Get(ctx, restKey(channel)); ok {
		return whys[Class(what)], Class(what)
	}
	if _, ok := c.cache.Get(ctx, stopKey(channel, template)); ok {
		return "平台多次拒绝，已暂停使用，请检查模板和账号设置", Stop
	}
	return "", ""
}

// rest lets a channel rest for a refusal of its limits.
func (c *closures) rest(ctx context.Context, channel string, class Class, now time.Time) {
	life := untilNextMinute(now)
	if class == Daily {
		life = untilTomorrow(now)
	}
	c.cache.Set(ctx, restKey(channel), []byte(class), life)
}

// refused counts a refusal for the settings and reports whether it has opened the template's circuit.
func (c *closures) refused(ctx context.Context, channel, template string) bool {
	key := stopKey(channel, template)
	c.mu.Lock()
	if c.failures == nil {
		c.failures = map[string]int{}
	}
	c.failures[key]++
	n := c.failures[key]
	c.mu.Unlock()
	if n < stopAfter {
		return false
	}
	c.cache.Set(ctx, key, []byte("1"), stopFor)
	return true
}

// accepted forgets a template's refusals.
func (c *closures) accepted(channel, template string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.failures, stopKey(channel, template))
}

// reasons joins why channels do not reach somebody.
func reasons(list []string) string { return strings.Join(list, "；") }
