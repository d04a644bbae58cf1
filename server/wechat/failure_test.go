package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"xiaopu/server/cache"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
)

const templatePath = "/cgi-bin/message/template/send"

// What an answer, or none, says about whether it was done, and what is then to be done.
func TestClasses(t *testing.T) {
	for name, c := range map[string]struct {
		fault wechatsim.Fault
		class wechat.Class
		daily bool
		came  int // messages on the phone
	}{
		"busy":                                 {wechatsim.Fault{Kind: wechatsim.Refusal, Code: -1}, wechat.Retry, false, 0},
		"the day's quota":                      {wechatsim.Fault{Kind: wechatsim.Refusal, Code: 45009}, wechat.Wait, true, 0},
		"the minute's":                         {wechatsim.Fault{Kind: wechatsim.Refusal, Code: 45011}, wechat.Wait, false, 0},
		"withdrawn":                            {wechatsim.Fault{Kind: wechatsim.Refusal, Code: 45109}, wechat.Stop, false, 0},
		"a code nobody knows":                  {wechatsim.Fault{Kind: wechatsim.Refusal, Code: 99999}, wechat.Stop, false, 0},
		"a token refused again and again":      {wechatsim.Fault{Kind: wechatsim.Refusal, Code: 40001}, wechat.Retry, false, 0},
		"no answer, not done":                  {wechatsim.Fault{Kind: wechatsim.TimeOut}, wechat.Unknown, false, 0},
		"no answer, done":                      {wechatsim.Fault{Kind: wechatsim.TimeOut, After: true}, wechat.Unknown, false, 1},
		"the connection ends, not done":        {wechatsim.Fault{Kind: wechatsim.Reset}, wechat.Unknown, false, 0},
		"the connection ends, done":            {wechatsim.Fault{Kind: wechatsim.Reset, After: true}, wechat.Unknown, false, 1},
		"half an answer":                       {wechatsim.Fault{Kind: wechatsim.Cut, After: true}, wechat.Unknown, false, 1},
		"a page of some box on the way":        {wechatsim.Fault{Kind: wechatsim.HTML}, wechat.Unknown, false, 0},
		"a gateway's error, which may be done": {wechatsim.Fault{Kind: wechatsim.Status, Code: 502, After: true}, wechat.Unknown, false, 1},
		"refused at the door":                  {wechatsim.Fault{Kind: wechatsim.Status, Code: 503}, wechat.Retry, false, 0},
		"too many at the door":                 {wechatsim.Fault{Kind: wechatsim.Status, Code: 429}, wechat.Wait, false, 0},
		"forbidden at the door":                {wechatsim.Fault{Kind: wechatsim.Status, Code: 403}, wechat.Stop, false, 0},
		"led elsewhere":                        {wechatsim.Fault{Kind: wechatsim.Status, Code: 302}, wechat.Stop, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.Follow(head, ""); err != nil {
				t.Fatal(err)
			}
			c.fault.Path = templatePath
			w.AddFault(c.fault)
			_, err := w.client.SendTemplate(t.Context(), w.notice("n"))
			var e *wechat.Error
			if !errors.As(err, &e) || e.Class != c.class || e.Daily != c.daily || e.API != templatePath {
				t.Errorf("%+v", err)
			}
			if c.fault.Kind == wechatsim.Refusal && strings.Count(e.RID, "-") != 2 {
				t.Error("the platform's number of the request is lost")
			}
			if p, _ := w.Phone(head); len(p.Messages) != c.came {
				t.Errorf("%d messages, want %d", len(p.Messages), c.came)
			}
		})
	}
}

func TestAPlatformThatIsAway(t *testing.T) {
	w := newWorld(t)
	app, oa, corp := wechatsim.Accounts()
	c, err := wechat.New(wechat.Options{App: app, OA: oa, Corp: corp, StandIn: "http://127.0.0.1:1", Cache: w.cache})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SendTemplate(t.Context(), w.notice("n")); wechat.ClassOf(err) != wechat.Retry {
		t.Error("nothing was written, so nothing was done:", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.client.SendTemplate(gone, w.notice("n")); wechat.ClassOf(err) != wechat.Retry {
		t.Error("given up before it began:", err)
	}
}

// Package http repeats a GET by itself when its connection ends. A login code is used up by the first.
func TestALoginIsAskedOnce(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.Login(t.Context(), w.Login(head)); err != nil { // a connection to reuse
		t.Fatal(err)
	}
	w.AddFault(wechatsim.Fault{Path: "/sns/jscode2session", Kind: wechatsim.Reset, After: true})
	if _, err := w.client.Login(t.Context(), w.Login(head)); wechat.ClassOf(err) != wechat.Unknown {
		t.Error(err)
	}
	if n := w.Hits("/sns/jscode2session"); n != 2 {
		t.Errorf("asked %d times, want one each", n)
	}
}

// What is no code never leaves: it would go into the address as it is.
func TestBadCodesAreNotAsked(t *testing.T) {
	w := newWorld(t)
	for _, code := range []string{"", "short", "0123456789abcdef&appid=wxEVIL", "0123456789abcdef\n", "0123456789abcde%26", strings.Repeat("a", 129), "０１２３４５６７８９０１２３４５６"} {
		if _, err := w.client.Login(t.Context(), code); wechat.ClassOf(err) != wechat.Invalid {
			t.Errorf("%q: %v", code, err)
		}
		if _, err := w.client.Phone(t.Context(), code, "o"); wechat.ClassOf(err) != wechat.Invalid {
			t.Errorf("%q: %v", code, err)
		}
	}
	if w.Hits("/sns/jscode2session")+w.Hits("/wxa/business/getuserphonenumber") != 0 {
		t.Error("asked all the same")
	}
}

func TestNothingGoesElsewhere(t *testing.T) {
	if _, err := util.HTTPGetContext(t.Context(), "https://api.weixin.qq.com/cgi-bin/token"); err == nil {
		t.Error("a request that no Client made went out")
	}
	for _, address := range []string{"https://127.0.0.1:1", "http://10.0.0.1:80", "http://example.com:80", "http://127.0.0.1", "http://u:p@127.0.0.1:1", "http://127.0.0.1:1/x", "http://127.0.0.1:1?x", "http://127.0.0.1.example.com:80", "x"} {
		if _, err := wechat.New(wechat.Options{StandIn: address}); err == nil {
			t.Errorf("%s passes as a stand-in", address)
		}
	}
}

// The platform gives a token with 300 seconds left, or with a few: it is used all the same, and not kept too long.
func TestATokenNearItsEnd(t *testing.T) {
	for _, next := range []bool{false, true} {
		t.Run(fmt.Sprint("the next one already at 300: ", next), func(t *testing.T) {
			w := newWorld(t)
			if err := w.Follow(head, ""); err != nil {
				t.Fatal(err)
			}
			r := w.Rules()
			r.NewTokenAt300 = next
			w.SetRules(r)
			_, oa, _ := wechatsim.Accounts()
			if _, err := w.client.SendTemplate(t.Context(), w.notice("0")); err != nil {
				t.Fatal(err)
			}
			w.cache.Delete(t.Context(), "wechat:token:"+oa.AppID)
			w.ExpireToken(oa.AppID, 300*time.Second)
			for i := range 5 {
				if _, err := w.client.SendTemplate(t.Context(), w.notice(fmt.Sprint("n", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// With Redis away each process keeps its token itself, and messages go out.
func TestRedisAway(t *testing.T) {
	w := newWorld(t)
	if err := w.Follow(head, ""); err != nil {
		t.Fatal(err)
	}
	away, err := cache.New(cache.Options{URL: "redis://127.0.0.1:1/0", Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	w.cache = away
	c := w.another(t)
	for i := range 3 {
		if _, err := c.SendTemplate(t.Context(), w.notice(fmt.Sprint(i))); err != nil {
			t.Error(err)
		}
	}
	if n := w.Hits("/cgi-bin/stable_token"); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// In the cache a token is sealed, and what is not ours is as good as nothing.
func TestTheCacheHoldsNoToken(t *testing.T) {
	w := newWorld(t)
	if err := w.Follow(head, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.SendTemplate(t.Context(), w.notice("0")); err != nil {
		t.Fatal(err)
	}
	_, oa, _ := wechatsim.Accounts()
	key := "wechat:token:" + oa.AppID
	kept, ok := w.cache.Get(t.Context(), key)
	if !ok || strings.HasPrefix(string(kept), "99_") {
		t.Error("no token in the cache, or in the clear")
	}
	w.cache.Set(t.Context(), key, []byte("somebody else's"), time.Minute)
	if _, err := w.client.SendTemplate(t.Context(), w.notice("1")); err != nil {
		t.Error(err)
	}
}

// A secret that is wrong stops everything, is told once, and is asked for once by each sender at the most.
func TestAWrongSecret(t *testing.T) {
	w := newWorld(t)
	app, oa, _ := wechatsim.Accounts()
	oa.Secret = "0123456789abcdef0123456789abcdef"
	var err error
	c, err := wechat.New(wechat.Options{App: app, OA: oa, StandIn: w.url, Cache: w.cache})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.SendTemplate(t.Context(), w.notice("n"))
	if wechat.ClassOf(err) != wechat.Stop || wechat.CodeOf(err) != 40125 {
		t.Error(err)
	}
	if _, err = c.SendWork(t.Context(), wechat.Work{To: "x"}); wechat.ClassOf(err) != wechat.Other {
		t.Error("an account that there is not:", err)
	}
}

// No secret, token, code or openid stands in an error or a log line, whatever goes wrong with whichever call.
func TestNothingLeaks(t *testing.T) {
	w := newWorld(t)
	if err := w.Follow(head, ""); err != nil {
		t.Fatal(err)
	}
	p, _ := w.Phone(head)
	app, oa, corp := wechatsim.Accounts()
	hidden := []string{app.Secret, app.Token, app.AESKey, oa.Secret, oa.Token, oa.AESKey, corp.Secret, p.OpenID, p.OAID, p.UnionID, p.Number, "chenjg", "99_"}
	subscribe := wechatsim.Templates()[2].ID
	var said strings.Builder
	calls := func() map[string]func() error {
		code, phone := w.Login(head), w.PhoneCode(head)
		hidden = append(hidden, code, phone)
		return map[string]func() error{
			"login":    func() error { _, err := w.client.Login(t.Context(), code); return err },
			"phone":    func() error { _, err := w.client.Phone(t.Context(), phone, p.OpenID); return err },
			"follower": func() error { _, err := w.client.FollowerUnion(t.Context(), p.OAID); return err },
			"template": func() error { _, err := w.client.SendTemplate(t.Context(), w.notice(code)); return err },
			"subscribe": func() error {
				_, err := w.client.SendSubscribe(t.Context(), wechat.Subscribe{To: p.OpenID, Template: subscribe, Page: "pages/case/case?id=7", Data: fitting()})
				return err
			},
			"work": func() error {
				_, err := w.client.SendWork(t.Context(), wechat.Work{To: "chenjg", Title: "难事交办", Description: "请接单办理", Page: "pages/case/case"})
				return err
			},
			"text": func() error {
				_, err := w.client.CheckText(t.Context(), p.OpenID, wechat.Comment, "楼道堆物")
				return err
			},
			"image": func() error {
				_, err := w.client.CheckImage(t.Context(), p.OpenID, wechat.Comment, "https://example.gov.cn/a?sign="+code)
				return err
			},
			"code": func() error {
				_, err := w.client.ScanCode(t.Context(), wechat.Scan{Scene: "i=" + code[:22]})
				return err
			},
			"follow": func() error { _, err := w.client.FollowCode(t.Context(), code, time.Hour); return err },
			"link":   func() error { _, err := w.client.Link(t.Context(), "pages/case/case", "t="+code, 7); return err },
			"list":   func() error { _, err := w.client.SubscribeTemplates(t.Context()); return err },
			"quota":  func() error { _, err := w.client.TemplateQuota(t.Context()); return err },
		}
	}
	failed := 0
	for _, f := range []wechatsim.Fault{
		{Kind: wechatsim.Reset}, {Kind: wechatsim.HTML}, {Kind: wechatsim.Cut}, {Kind: wechatsim.Status, Code: 500}, {Kind: wechatsim.Status, Code: 302},
		{Kind: wechatsim.Refusal, Code: -1}, {Kind: wechatsim.Refusal, Code: 40001}, {Kind: wechatsim.Refusal, Code: 40164}, {Kind: wechatsim.Refusal, Code: 47003}, {},
	} {
		for _, tokenToo := range []bool{false, true} {
			w.ClearFaults()
			if !tokenToo { // the calls fail, not the fetching of their token
				for name, call := range calls() {
					if err := call(); err != nil && f.Kind == "" && name != "subscribe" {
						t.Errorf("%s without a fault: %v", name, err)
					}
				}
			}
			if f.Kind != "" {
				w.AddFault(f)
			}
			if tokenToo {
				for _, id := range []string{app.AppID, oa.AppID, corp.ID + "-1000002"} {
					w.cache.Delete(t.Context(), "wechat:token:"+id)
				}
			}
			for name, call := range calls() {
				if err := call(); err != nil {
					failed++
					fmt.Fprintf(&said, "%s: %v\n%+v %#v\n", name, err, err, err)
				}
			}
		}
	}
	if failed < 200 {
		t.Errorf("only %d calls failed", failed)
	}
	fmt.Fprintf(&said, "%v %+v %#v %v %+v %#v", app, oa, corp, wechat.Identity{OpenID: p.OpenID}, wechat.Event{OpenID: p.OpenID}, wechat.Event{OpenID: p.OpenID})
	all := said.String() + w.log.String()
	for _, h := range hidden {
		if i := strings.Index(all, h); i >= 0 {
			t.Errorf("%q shows: …%s…", h, all[max(0, i-80):min(len(all), i+80)])
		}
	}
}

// With tokens that end at random under them, senders all get through.
func TestTokensThatEndUnderway(t *testing.T) {
	w := newWorld(t)
	if err := w.Follow(head, ""); err != nil {
		t.Fatal(err)
	}
	w.AddFault(wechatsim.Fault{Path: templatePath, Kind: wechatsim.EndToken, Share: 0.02})
	var all sync.WaitGroup
	slots := make(chan struct{}, 8)
	var mu sync.Mutex
	lost := 0
	for i := range 200 {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			for range 5 {
				_, err := w.client.SendTemplate(t.Context(), w.notice(fmt.Sprint("n", i)))
				if err == nil {
					return
				}
				if wechat.ClassOf(err) != wechat.Retry {
					t.Error(err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			lost++
		})
	}
	all.Wait()
	if p, _ := w.Phone(head); lost > 0 || len(p.Messages) != 200 {
		t.Errorf("%d lost, %d messages", lost, len(p.Messages))
	}
}
