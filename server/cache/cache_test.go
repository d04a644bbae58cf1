package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
)

// clock is a hand that the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// each runs a test on memory and, where there is one, on Redis.
func each(t *testing.T, test func(t *testing.T, c *cache.Cache, wait func(time.Duration))) {
	t.Run("memory", func(t *testing.T) {
		hand := &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
		c, err := cache.New(cache.Options{Clock: hand.now})
		if err != nil {
			t.Fatal(err)
		}
		test(t, c, hand.move)
	})
	t.Run("redis", func(t *testing.T) {
		url := os.Getenv("XIAOPU_TEST_REDIS")
		if url == "" {
			if os.Getenv("XIAOPU_TEST_REQUIRE_MYSQL") != "" {
				t.Fatal("the test command starts a Redis, and there is none")
			}
			t.Skip("no Redis: run make test")
		}
		c, err := cache.New(cache.Options{URL: url, Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if !c.Shared(t.Context()) {
			t.Fatal("Redis does not answer")
		}
		test(t, c, time.Sleep)
	})
}

func key(t *testing.T) string { return fmt.Sprint(t.Name(), time.Now().UnixNano()) }

func TestValuesLiveAsLongAsTheyShould(t *testing.T) {
	each(t, func(t *testing.T, c *cache.Cache, wait func(time.Duration)) {
		k := key(t)
		if _, ok := c.Get(t.Context(), k); ok {
			t.Error("a value that nobody kept")
		}
		c.Set(t.Context(), k, []byte("值"), 200*time.Millisecond)
		if got, ok := c.Get(t.Context(), k); !ok || string(got) != "值" {
			t.Errorf("%q %v", got, ok)
		}
		wait(300 * time.Millisecond)
		if _, ok := c.Get(t.Context(), k); ok {
			t.Error("it outlived its life")
		}
		c.Set(t.Context(), k, []byte("b"), time.Minute)
		c.Delete(t.Context(), k)
		if _, ok := c.Get(t.Context(), k); ok {
			t.Error("deleted, and still there")
		}
	})
}

func TestAClaimIsOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, c *cache.Cache, wait func(time.Duration)) {
		k := key(t)
		if !c.Claim(t.Context(), k, 200*time.Millisecond) || c.Claim(t.Context(), k, 200*time.Millisecond) {
			t.Error("two claims, or none")
		}
		wait(300 * time.Millisecond)
		if !c.Claim(t.Context(), k, time.Second) {
			t.Error("a claim that ended holds still")
		}
	})
}

func TestLimits(t *testing.T) {
	each(t, func(t *testing.T, c *cache.Cache, wait func(time.Duration)) {
		k := key(t)
		for i := range 3 {
			if ok, _ := c.Allow(t.Context(), k, 3, 400*time.Millisecond); !ok {
				t.Error("refused at", i)
			}
		}
		if ok, left := c.Allow(t.Context(), k, 3, 400*time.Millisecond); ok || left < time.Second {
			t.Error(ok, left)
		}
		if n, left := c.Counted(t.Context(), k); n != 4 || left <= 0 || left > 400*time.Millisecond {
			t.Error(n, left)
		}
		wait(500 * time.Millisecond)
		if n, _ := c.Counted(t.Context(), k); n != 0 {
			t.Error("counted past the window:", n)
		}
		if ok, _ := c.Allow(t.Context(), k, 3, time.Second); !ok {
			t.Error("a new window is full")
		}
	})
}

func TestManyCountAtOnce(t *testing.T) {
	each(t, func(t *testing.T, c *cache.Cache, _ func(time.Duration)) {
		k := key(t)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for range 50 {
					c.Count(t.Context(), k, time.Minute)
				}
			})
		}
		all.Wait()
		if n, _ := c.Counted(t.Context(), k); n != 1000 {
			t.Error(n)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	hand := &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	c, err := cache.New(cache.Options{Clock: hand.now})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 120_000 {
		c.Count(t.Context(), fmt.Sprint("address", i), time.Minute)
	}
	if n, _ := c.Counted(t.Context(), "address119999"); n != 1 {
		t.Error("the newest made room for older ones")
	}
	kept := 0
	for i := range 120_000 {
		if n, _ := c.Counted(t.Context(), fmt.Sprint("address", i)); n > 0 {
			kept++
		}
	}
	if kept > 50_000 {
		t.Error(kept, "entries kept")
	}
}

// door is a place where Redis should be: closed, it refuses; open, it passes everything on.
type door struct {
	mu    sync.Mutex
	open  bool
	conns []net.Conn
}

func (d *door) set(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = open
	if !open {
		for _, c := range d.conns {
			_ = c.Close()
		}
		d.conns = nil
	}
}

func (d *door) serve(t *testing.T, to string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); d.set(false) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			d.mu.Lock()
			if !d.open {
				_ = conn.Close()
				d.mu.Unlock()
				continue
			}
			far, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
			if err != nil {
				_ = conn.Close()
				d.mu.Unlock()
				continue
			}
			d.conns = append(d.conns, conn, far)
			d.mu.Unlock()
			go func() { _, _ = io.Copy(far, conn); _ = far.Close() }()
			go func() { _, _ = io.Copy(conn, far); _ = conn.Close() }()
		}
	}()
	return l.Addr().String()
}

func TestRedisAway(t *testing.T) {
	url := os.Getenv("XIAOPU_TEST_REDIS")
	if url == "" {
		t.Skip("no Redis: run make test")
	}
	host := strings.TrimSuffix(strings.TrimPrefix(url, "redis://"), "/0")
	d := &door{open: true}
	var log bytes.Buffer
	hand := &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	c, err := cache.New(cache.Options{URL: "redis://" + d.serve(t, host) + "/0", Clock: hand.now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	k := key(t)
	c.Set(t.Context(), k, []byte("shared"), time.Minute)
	d.set(false)
	for range 300 { // five minutes of calls, one a second
		c.Count(t.Context(), k+"n", time.Hour)
		hand.move(time.Second)
	}
	if n, _ := c.Counted(t.Context(), k+"n"); n != 300 {
		t.Error("counted in memory:", n)
	}
	if n := strings.Count(log.String(), "does not answer"); n < 4 || n > 6 {
		t.Errorf("%d lines in five minutes, want one a minute:\n%s", n, log.String())
	}
	if _, ok := c.Get(t.Context(), k); ok {
		t.Error("a value from nowhere")
	}
	d.set(true)
	hand.move(5 * time.Second)
	if got, ok := c.Get(t.Context(), k); !ok || string(got) != "shared" {
		t.Errorf("after Redis came back: %q %v", got, ok)
	}
	if !strings.Contains(log.String(), "redis is back") {
		t.Error("nobody was told that Redis is back")
	}
}

// A caller who hangs up says nothing about Redis; one who waits in vain does.
func TestACallerGoneIsNoRedisAway(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // takes calls and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var log bytes.Buffer
	c, err := cache.New(cache.Options{URL: "redis://" + l.Addr().String() + "/0", Clock: time.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if c.Count(gone, "k", time.Minute); c.Away() || log.Len() > 0 {
		t.Errorf("Redis is blamed for who hung up: %s", log.String())
	}
	if c.Count(t.Context(), "k", time.Minute); !c.Away() {
		t.Error("nobody noticed that Redis does not answer")
	}
}

func TestABadAddressShowsNoPassword(t *testing.T) {
	_, err := cache.New(cache.Options{URL: "redis://:geheim@host:port/zero", Clock: time.Now})
	if err == nil || apperr.CodeOf(err) != apperr.InvalidArgument || strings.Contains(err.Error(), "geheim") {
		t.Error(err)
	}
}

// What is remembered is made once within its life, by the process or, with Redis, by all of them.
func TestRemember(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c, err := cache.New(cache.Options{Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	type figures struct{ N int }
	made := 0
	get := func() (figures, error) {
		return cache.Remember(t.Context(), c, "figures", time.Minute, func() (figures, error) {
			made++
			if made == 1 {
				return figures{}, errors.New("not now")
			}
			return figures{made}, nil
		})
	}
	if _, err := get(); err == nil {
		t.Error("an error was remembered")
	}
	for range 3 {
		if f, err := get(); err != nil || f.N != 2 {
			t.Error(f, err)
		}
	}
	now = now.Add(2 * time.Minute)
	if f, err := get(); err != nil || f.N != 3 {
		t.Error(f, err)
	}
}
