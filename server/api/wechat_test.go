package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
)

// pushedTo remembers what was pushed.
type pushedTo struct {
	mu     sync.Mutex
	events []wechat.Event
	err    error
}

func (p *pushedTo) Pushed(_ context.Context, e wechat.Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	p.events = append(p.events, e)
	return nil
}

// What the stand-in pushes comes in through the front door, in both of the platform's forms; anything else does not.
func TestWeChatPushes(t *testing.T) {
	app, oa, _ := wechatsim.Accounts()
	got := &pushedTo{}
	memory, err := cache.New(cache.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, func(o *Options) { o.WeChat = wechat.NewReceiver(app, oa, got, memory, time.Now) })
	door := httptest.NewServer(o.handler)
	t.Cleanup(door.Close)
	sim, err := wechatsim.New(wechatsim.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	sim.Callback(door.URL+"/wechat/push/app", door.URL+"/wechat/push/oa")
	sim.AddPhone("p-head", "陈建国", "13900000001", "")
	if err := sim.Follow("p-head", ""); err != nil {
		t.Fatal(err)
	}
	id := wechatsim.Templates()[3].ID
	sim.Ask("p-head", []string{id}, map[string]string{id: "accept"}, false)
	sim.Wait()
	names := map[string]wechat.Event{}
	for _, e := range got.events {
		names[e.From+" "+e.Name] = e
	}
	if len(got.events) != 2 || names["oa subscribe"].OpenID == "" || len(names["app subscribe_msg_popup_event"].Items) != 1 || names["app subscribe_msg_popup_event"].Items[0].Status != "accept" {
		t.Errorf("%#v", names)
	}

	o.call("", http.MethodPost, "/wechat/push/app?signature=a&timestamp=1&nonce=b&encrypt_type=aes&msg_signature=c&openid=d", fields{"Encrypt": "x"}).refused(http.StatusForbidden, "wechat.push")
	o.call("", http.MethodPost, "/wechat/push/other?x=y", fields{}).refused(http.StatusNotFound, "wechat.account")
	o.call("", http.MethodGet, "/wechat/push/app?echostr=1&anything=2", nil).refused(http.StatusForbidden, "wechat.push")
	o.call("", http.MethodPost, "/wechat/push/app", fields{"Encrypt": strings.Repeat("x", wechat.MaxPush)}).refused(http.StatusRequestEntityTooLarge, "request.too_large")
	for _, e := range got.events {
		if strings.Contains(o.log.String(), e.OpenID) {
			t.Error("the log names an openid")
		}
	}

	newOffice(t).call("", http.MethodPost, "/wechat/push/app", fields{}).refused(http.StatusServiceUnavailable, "wechat.off")
}
