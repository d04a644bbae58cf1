package wechat_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
)

// The people of the tests.
const (
	head   = "p-head"
	number = "13900000001"
)

// world is a stand-in and a gateway to it.
type world struct {
	*wechatsim.Server
	client *wechat.Client
	cache  *cache.Cache
	url    string
	log    *syncBuffer
}

// syncBuffer is a log that many write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	sim, err := wechatsim.New(wechatsim.Options{Clock: time.Now, Pages: []string{"pages/case/case"}})
	if err != nil {
		t.Fatal(err)
	}
	sim.AddPhone(head, "陈建国", number, "chenjg")
	listening := httptest.NewServer(sim)
	t.Cleanup(listening.Close)
	w := &world{Server: sim, url: listening.URL, log: &syncBuffer{}}
	if w.cache, err = cache.New(cache.Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	w.client = w.another(t)
	return w
}

// another gives one more gateway, as another process has it, with the same cache.
func (w *world) another(t testing.TB) *wechat.Client {
	t.Helper()
	app, oa, corp := wechatsim.Accounts()
	c, err := wechat.New(wechat.Options{
		App: app, OA: oa, Corp: corp, StandIn: w.url, Cache: w.cache, Timeout: 2 * time.Second,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// notice is a template message that fits.
func (w *world) notice(id string) wechat.Template {
	p, _ := w.Phone(head)
	return wechat.Template{To: p.OAID, Template: wechatsim.Templates()[0].ID, Page: "pages/case/case?id=7", ID: id, Data: fitting()}
}

func fitting() map[string]string {
	return map[string]string{"character_string1": "NS2026-000001", "thing2": "楼道堆物", "phrase3": "待接单", "time4": "2026年03月02日 17:00", "thing5": "请在期限内接单"}
}

func TestLogin(t *testing.T) {
	w := newWorld(t)
	p, _ := w.Phone(head)
	code := w.Login(head)
	got, err := w.client.Login(t.Context(), code)
	if err != nil || got.OpenID != p.OpenID || got.UnionID != p.UnionID {
		t.Fatal(got, err)
	}
	_, err = w.client.Login(t.Context(), code)
	if wechat.ClassOf(err) != wechat.Invalid || wechat.CodeOf(err) != wechat.CodeUsedCode {
		t.Error("a code twice:", err)
	}
	old := w.Login(head)
	w.Forward(5*time.Minute + time.Second)
	if _, err = w.client.Login(t.Context(), old); wechat.CodeOf(err) != wechat.CodeBadCode {
		t.Error("an old code:", err)
	}
}

func TestTemplateMessage(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.SendTemplate(t.Context(), w.notice("n1")); wechat.ClassOf(err) != wechat.Other || wechat.CodeOf(err) != wechat.CodeNotFollowing {
		t.Error("to one who does not follow:", err)
	}
	if err := w.Follow(head, ""); err != nil {
		t.Fatal(err)
	}
	id, err := w.client.SendTemplate(t.Context(), w.notice("n1"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.client.SendTemplate(t.Context(), w.notice("n1")); err != nil || again != id {
		t.Error("the same again:", again, err)
	}
	p, _ := w.Phone(head)
	if len(p.Messages) != 1 {
		t.Fatalf("%d messages", len(p.Messages))
	}
	opened, err := w.Tap(head, p.Messages[0].ID)
	if err != nil || opened.Page != "pages/case/case" || opened.Query["id"] != "7" {
		t.Error(opened, err)
	}
}

// However many senders meet a token that has ended, and in however many processes, one fetches another and all get through.
func TestOneRefetch(t *testing.T) {
	const path = "/cgi-bin/stable_token"
	w := newWorld(t)
	if err := w.Follow(head, ""); err != nil {
		t.Fatal(err)
	}
	second := w.another(t)
	if _, err := w.client.SendTemplate(t.Context(), w.notice("first")); err != nil {
		t.Fatal(err)
	}
	if n := w.Hits(path); n != 1 {
		t.Fatalf("%d fetches for the first", n)
	}
	_, oa, _ := wechatsim.Accounts()
	w.EndToken(oa.AppID)
	var all sync.WaitGroup
	errs := make(chan error, 100)
	for i := range 50 {
		all.Go(func() {
			c := w.client
			if i%2 == 1 {
				c = second
			}
			_, err := c.SendTemplate(context.WithoutCancel(t.Context()), w.notice(fmt.Sprint("n", i)))
			errs <- err
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if n := w.Hits(path); n != 2 {
		t.Errorf("%d fetches, want the first and one more", n)
	}
	if p, _ := w.Phone(head); len(p.Messages) != 51 {
		t.Errorf("%d messages, want 51", len(p.Messages))
	}
	if strings.Contains(w.log.String(), oa.Secret) {
		t.Error("the log shows a secret")
	}
}
