package notify

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"xiaopu/server/wechat"
	"xiaopu/server/workday"
)

// metered is a channel whose platform takes only so many messages a day.
type metered interface {
	// Quota gives the day's quota as the platform counts it, and the name of what is counted: channels of one name share it.
	Quota(ctx context.Context) (wechat.Quota, error)
	QuotaName() string
}

const (
	// reserveFrom is the share of a day's quota, in percent, from which on the rest is kept for what is urgent.
	reserveFrom = 80
	// quotaEvery is how often the platform is asked what is used; what this process has sent since is added.
	quotaEvery = 30 * time.Second
)

// quotas are the day's quotas as this process knows them. Several processes each ask the platform, which counts for all.
type quotas struct {
	mu     sync.Mutex
	meters map[string]*meter
}

type meter struct {
	mu     sync.Mutex // held while the platform is asked
	asked  time.Time
	told   wechat.Quota
	since  int          // sent by this process since it was asked
	saidOn workday.Date // when it was told last that most is used
}

func (q *quotas) meter(name string) *meter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.meters == nil {
		q.meters = map[string]*meter{}
	}
	m := q.meters[name]
	if m == nil {
		m = &meter{}
		q.meters[name] = m
	}
	return m
}

// spent counts a message that went out.
func (q *quotas) spent(c Channel) {
	if c, ok := c.(metered); ok {
		m := q.meter(c.QuotaName())
		m.mu.Lock()
		m.since++
		m.mu.Unlock()
	}
}

// reserved tells whether what is left of a channel's quota today is kept for what is urgent. A quota that the platform does not tell keeps nothing
// back: the refusal at its end closes the channel all the same.
func (d *Dispatcher) reserved(ctx context.Context, c Channel, now time.Time) (bool, error) {
	channel, ok := c.(metered)
	if !ok {
		return false, nil
	}
	name := channel.QuotaName()
	m := d.quotas.meter(name)
	m.mu.Lock()
	if now.Sub(m.asked) >= quotaEvery || now.Before(m.asked) || workday.DateOf(now) != workday.DateOf(m.asked) {
		told, err := channel.Quota(ctx)
		switch {
		case err == nil:
			m.told, m.since = told, 0
		case workday.DateOf(now) != workday.DateOf(m.asked):
			m.told, m.since = wechat.Quota{}, 0 // yesterday's says nothing
		}
		if m.asked = now; err != nil && d.o.Cache.Claim(ctx, "notify:quota-unknown:"+name, time.Hour) {
			d.o.Logger.WarnContext(ctx, "the platform does not tell what is left of a quota: nothing is kept for what is urgent", slog.String("quota", name), slog.Any("error", err))
		}
	}
	limit, used, said := m.told.Limit, m.told.Used+m.since, m.saidOn == workday.DateOf(now)
	m.mu.Unlock()
	if limit <= 0 {
		return false, nil
	}
	d.o.Engine.Metrics().QuotaUsed(name, float64(used)/float64(limit))
	if used*100 < limit*reserveFrom {
		return false, nil
	}
	if said {
		return true, nil
	}
	first, err := d.o.Engine.TellQuota(ctx, name)
	if err != nil {
		return true, err
	}
	m.mu.Lock()
	m.saidOn = workday.DateOf(now)
	m.mu.Unlock()
	if first {
		d.o.Logger.ErrorContext(ctx, "most of a quota is used today: what is left is kept for what is urgent", slog.String("quota", name), slog.Int("used", used), slog.Int("limit", limit))
	}
	return true, nil
}

// whyReserved says so to people.
var whyReserved = fmt.Sprintf("今日发送额度已用 %d%%，余下的留给升级等紧急通知", reserveFrom)
