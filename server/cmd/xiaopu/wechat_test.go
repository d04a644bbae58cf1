package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/vault"
)

func TestTheStandInIsRefusedInProduction(t *testing.T) {
	production := append(fresh(t), "XIAOPU_MODE=production", "XIAOPU_TOKEN_KEY="+testKey, "XIAOPU_VAULT_KEYS="+vault.Generate(), "XIAOPU_LISTEN=127.0.0.1:0")
	if code, _, errs := xiaopu(t, production, "wechat-sim"); code != exitError || !strings.Contains(errs, "正式环境不能用微信模拟平台") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, _, errs := xiaopu(t, append(production, "XIAOPU_WECHAT=standin"), "serve"); code != exitError || !strings.Contains(errs, "正式环境不能用微信模拟平台") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, _, errs := xiaopu(t, fresh(t), "wechat-sim", "--listen", "0.0.0.0:0"); code != exitError || !strings.Contains(errs, "只能在本机地址上监听") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// lockedBuffer is what a program that still runs has printed.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestWeChatSim(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, errs lockedBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"wechat-sim", "--listen", "127.0.0.1:0"}, fresh(t), strings.NewReader(""), &out, &errs)
	}()
	address := ""
	for range 100 {
		if _, rest, ok := strings.Cut(out.String(), "XIAOPU_WECHAT_STANDIN="); ok {
			address, _, _ = strings.Cut(rest, "\n")
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/_sim/world", nil)
	if err != nil {
		t.Fatal(err, out.String(), errs.String())
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err, errs.String())
	}
	defer got.Body.Close()
	var world struct {
		Phones []struct {
			ID, Number string
		}
	}
	if err := json.NewDecoder(got.Body).Decode(&world); err != nil || len(world.Phones) < 10 {
		t.Error(world, err)
	}
	for _, p := range world.Phones {
		if p.Number == "" && p.ID != "p-sysadmin" {
			t.Errorf("%s has no number to bind by", p.ID)
		}
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit %d, %s", code, errs.String())
	}
}

func TestReachable(t *testing.T) {
	for in, want := range map[string]string{"0.0.0.0:8080": "127.0.0.1:8080", "[::]:8080": "127.0.0.1:8080", "127.0.0.1:1": "127.0.0.1:1", "10.0.0.5:80": "10.0.0.5:80"} {
		a, err := net.ResolveTCPAddr("tcp", in)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(a); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
