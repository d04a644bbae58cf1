package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/vault"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
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

// What each part of the program waits for from WeChat reaches it in a server as it is started: who follows, what was delivered, what was
// found in a picture.
func TestPushesOfEachKindReachTheirHandler(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		db, _ := prepared(t, dsn, time.Now())
		sim, err := wechatsim.New(wechatsim.Options{Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		listening := httptest.NewServer(sim)
		defer listening.Close()
		const phone = "13900000001"
		sim.AddPhone(phone, "", phone, "")
		sim.Login(phone)
		p, _ := sim.Phone(phone)
		s := start(t, dsn, "XIAOPU_WECHAT=standin", "XIAOPU_WECHAT_STANDIN="+listening.URL)
		sim.Callback(s.url+"/wechat/push/app", s.url+"/wechat/push/oa")
		memory, err := cache.New(cache.Options{Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		app, oa, _ := wechatsim.Accounts()
		client, err := wechat.New(wechat.Options{App: app, OA: oa, StandIn: listening.URL, Cache: memory})
		if err != nil {
			t.Fatal(err)
		}
		ctx, since := t.Context(), time.Now().Add(-time.Hour)

		if err := sim.Follow(phone, ""); err != nil {
			t.Fatal(err)
		}
		within(t, "sign-in hears who follows", func() bool {
			openid, err := db.FollowerOf(ctx, "", p.UnionID)
			return err == nil && openid == p.OAID
		})

		id, err := client.SendTemplate(ctx, wechat.Template{To: p.OAID, Template: "OA-tmpl-case-notice-000000000000000000000001", Data: map[string]string{
			"character_string1": "NS2026-000001", "thing2": "难事待接单", "phrase3": "待接单", "time4": "2026年03月02日 15:04", "thing5": "请接单办理",
		}})
		if err != nil {
			t.Fatal(err)
		}
		within(t, "the dispatcher hears what was delivered", func() bool {
			list, err := db.StrayEvents(ctx, since, time.Now().Add(time.Hour), 10)
			return err == nil && len(list) == 1 && list[0].MessageID == id && list[0].Delivered
		})

		trace, err := client.CheckImage(ctx, p.OpenID, wechat.Comment, "http://127.0.0.1:1/nothing") // it comes before its name is stored
		if err != nil {
			t.Fatal(err)
		}
		if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertReview(ctx, store.Review{ID: "rv-1", State: store.ReviewOutside, Command: "rate", CaseID: "c-1", Number: "NS2026-000001", AttachmentID: "a-1", CreatedAt: time.Now(), NextAt: time.Now().Add(time.Hour)})
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.TraceReview(ctx, "rv-1", trace, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		within(t, "the content check hears what was found", func() bool {
			r, err := db.Review(ctx, "rv-1")
			return err == nil && r.State == store.ReviewOpen
		})
		s.kill()
		if strings.Contains(s.logs.String(), "panic") {
			t.Error(tail(s.logs))
		}
	})
}
