package notify

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/wechat"
)

// Linker makes an address that opens a page of the mini-program from outside WeChat: *wechat.Client does.
type Linker interface {
	Link(ctx context.Context, page, query string, days int) (string, error)
}

// Links gives the addresses that text messages end with, so that there is something to tap. All processes share one for each page.
type Links struct {
	Linker Linker
	Cache  *cache.Cache
	Logger *slog.Logger
}

const (
	linkDays = 30                  // the longest that the platform gives
	linkLife = 23 * 24 * time.Hour // in which it is used again: whoever gets it has a week to tap it
	// linkWait leaves the provider most of the time that a send has.
	linkWait = 1500 * time.Millisecond
	// While the platform does not answer, or gives none (no quota left, the page not released), messages go without at once.
	linkRest, linkRestLong = time.Minute, time.Hour
	linkResting            = "notify:link:rest"
)

// To gives the address of a page with its query; "" where there is none now: no message waits for it.
func (l *Links) To(ctx context.Context, page string) string {
	if l == nil || page == "" {
		return ""
	}
	key := "notify:link:to:" + page
	if kept, ok := l.Cache.Get(ctx, key); ok {
		return string(kept)
	}
	if _, ok := l.Cache.Get(ctx, linkResting); ok {
		return ""
	}
	asking, cancel := context.WithTimeout(ctx, linkWait)
	defer cancel()
	path, query, _ := strings.Cut(page, "?")
	link, err := l.Linker.Link(asking, path, query, linkDays)
	if err != nil {
		rest := linkRestLong
		if class := wechat.ClassOf(err); class == wechat.Retry || class == wechat.Unknown {
			rest = linkRest
		}
		l.Cache.Set(ctx, linkResting, []byte("1"), rest)
		l.Logger.WarnContext(ctx, "text messages go without a link", slog.Duration("for", rest), slog.Any("error", err))
		return ""
	}
	l.Cache.Set(ctx, key, []byte(link), linkLife)
	return link
}
