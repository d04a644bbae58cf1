package wechat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/silenceper/wechat/v2/util"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
)

var pushedAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// inbox remembers what it was told.
type inbox struct {
	events []wechat.Event
	err    error
}

func (i *inbox) Pushed(_ context.Context, e wechat.Event) error {
	if i.err != nil {
		return i.err
	}
	i.events = append(i.events, e)
	return nil
}

func newReceiver(t testing.TB, h wechat.Handler) *wechat.Receiver {
	t.Helper()
	now := func() time.Time { return pushedAt }
	c, err := cache.New(cache.Options{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	app, oa, _ := wechatsim.Accounts()
	return wechat.NewReceiver(app, oa, h, c, now)
}

// sealed makes query and body of a push as the platform does; change may spoil what is signed.
func sealed(t testing.TB, a wechat.Account, text string, at time.Time, asXML bool) (url.Values, []byte) {
	t.Helper()
	box, err := util.EncryptMsg([]byte("sixteen bytes 16"), []byte(text), a.AppID, a.AESKey)
	if err != nil {
		t.Fatal(err)
	}
	stamp := fmt.Sprint(at.Unix())
	q := url.Values{
		"timestamp": {stamp}, "nonce": {"n"}, "encrypt_type": {"aes"}, "openid": {"o"}, "signature": {util.Signature(a.Token, stamp, "n")},
		"msg_signature": {util.Signature(a.Token, stamp, "n", string(box))},
	}
	if asXML {
		return q, []byte("<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[" + string(box) + "]]></Encrypt></xml>")
	}
	body, err := json.Marshal(map[string]string{"ToUserName": "gh", "Encrypt": string(box)})
	if err != nil {
		t.Fatal(err)
	}
	return q, body
}

func TestEventsInEveryForm(t *testing.T) {
	at := time.Unix(1_772_442_000, 0)
	item := wechat.EventItem{Template: "T", Status: "success", MsgID: "18", Code: "0"}
	for name, c := range map[string]struct {
		text string
		want wechat.Event
	}{
		"a number as a number, a list of one as an object": {`{"FromUserName":"o1","CreateTime":1772442000,"MsgType":"event","Event":"subscribe_msg_sent_event","List":{"TemplateId":"T","MsgID":"18","ErrorCode":"0","ErrorStatus":"success"}}`,
			wechat.Event{Name: wechat.SubscribeSent, OpenID: "o1", At: at, Items: []wechat.EventItem{item}}},
		"a number as text, a list as a list": {`{"FromUserName":"o1","CreateTime":"1772442000","MsgType":"event","Event":"subscribe_msg_sent_event","List":[{"TemplateId":"T","MsgID":18,"ErrorCode":0,"ErrorStatus":"success"},{"TemplateId":"T","MsgID":"18","ErrorCode":"0","ErrorStatus":"success"}]}`,
			wechat.Event{Name: wechat.SubscribeSent, OpenID: "o1", At: at, Items: []wechat.EventItem{item, item}}},
		"no list":                             {`{"FromUserName":"o1","CreateTime":1772442000,"MsgType":"event","Event":"x","List":null}`, wechat.Event{Name: "x", OpenID: "o1", At: at}},
		"a list in XML":                       {`<xml><FromUserName><![CDATA[o1]]></FromUserName><CreateTime>1772442000</CreateTime><MsgType>event</MsgType><Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent><List><TemplateId>T</TemplateId><MsgID>18</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent></xml>`, wechat.Event{Name: wechat.SubscribeSent, OpenID: "o1", At: at, Items: []wechat.EventItem{item}}},
		"followed by a code":                  {`<xml><FromUserName>o1</FromUserName><CreateTime>1772442000</CreateTime><MsgType>event</MsgType><Event>subscribe</Event><EventKey>qrscene_bind:1</EventKey></xml>`, wechat.Event{Name: wechat.Followed, OpenID: "o1", At: at, Key: "bind:1"}},
		"scanned by a follower":               {`<xml><FromUserName>o1</FromUserName><CreateTime>1772442000</CreateTime><MsgType>event</MsgType><Event>SCAN</Event><EventKey>bind:1</EventKey></xml>`, wechat.Event{Name: wechat.Scanned, OpenID: "o1", At: at, Key: "bind:1"}},
		"a template delivered":                {`<xml><FromUserName>o1</FromUserName><CreateTime>1772442000</CreateTime><MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event><MsgID>200163836</MsgID><Status>failed:user block</Status></xml>`, wechat.Event{Name: wechat.TemplateSent, OpenID: "o1", At: at, MsgID: "200163836", Status: "failed:user block"}},
		"a picture checked":                   {`{"FromUserName":"o1","CreateTime":1772442000,"MsgType":"event","Event":"wxa_media_check","trace_id":"t","version":2,"detail":[],"result":{"suggest":"risky","label":20002}}`, wechat.Event{Name: wechat.MediaChecked, OpenID: "o1", At: at, TraceID: "t", Suggest: wechat.Risky, Label: 20002}},
		"a picture that could not be fetched": {`{"FromUserName":"o1","CreateTime":1772442000,"MsgType":"event","Event":"wxa_media_check","trace_id":"t","version":2,"errcode":-1008,"errmsg":"x","result":{"suggest":"pass","label":100}}`, wechat.Event{Name: wechat.MediaChecked, OpenID: "o1", At: at, TraceID: "t", Suggest: wechat.Pass, Label: 100, Code: "-1008"}},
		"a check that went well, in XML":      {`<xml><FromUserName>o1</FromUserName><CreateTime>1772442000</CreateTime><MsgType>event</MsgType><Event>wxa_media_check</Event><trace_id>t</trace_id><errcode>0</errcode><result><suggest>pass</suggest><label>100</label></result></xml>`, wechat.Event{Name: wechat.MediaChecked, OpenID: "o1", At: at, TraceID: "t", Suggest: wechat.Pass, Label: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			in := &inbox{}
			app, _, _ := wechatsim.Accounts()
			for _, asXML := range []bool{false, true} {
				r := newReceiver(t, in)
				q, body := sealed(t, app, c.text, pushedAt, asXML)
				if err := r.Receive(t.Context(), wechat.FromApp, q, body); err != nil {
					t.Fatal(err)
				}
			}
			if len(in.events) != 2 || in.events[0].ID != in.events[1].ID || in.events[0].ID == "" {
				t.Fatalf("%d events, or two ids for one event", len(in.events))
			}
			got := in.events[0]
			got.ID, c.want.From = "", wechat.FromApp
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestForgedPushesAreRefused(t *testing.T) {
	app, oa, _ := wechatsim.Accounts()
	const text = `{"FromUserName":"o1","CreateTime":1,"MsgType":"event","Event":"subscribe"}`
	other := app
	other.AESKey = oa.AESKey
	foreign := app
	foreign.AppID = "wx00000000000000ff"
	for name, spoil := range map[string]func() (url.Values, []byte){
		"another signature": func() (url.Values, []byte) {
			q, b := sealed(t, app, text, pushedAt, false)
			q.Set("msg_signature", q.Get("signature"))
			return q, b
		},
		"no signature": func() (url.Values, []byte) {
			q, b := sealed(t, app, text, pushedAt, false)
			q.Del("msg_signature")
			return q, b
		},
		"another content under a signature that was seen": func() (url.Values, []byte) {
			q, _ := sealed(t, app, text, pushedAt, false)
			_, b := sealed(t, app, strings.Replace(text, "o1", "o2", 1), pushedAt, false)
			return q, b
		},
		"plain text under a signature that was seen": func() (url.Values, []byte) {
			q, _ := sealed(t, app, text, pushedAt, false)
			q.Del("encrypt_type")
			return q, []byte(text)
		},
		"plain text said to be encrypted": func() (url.Values, []byte) {
			q, _ := sealed(t, app, text, pushedAt, false)
			return q, []byte(text)
		},
		"old":                 func() (url.Values, []byte) { return sealed(t, app, text, pushedAt.Add(-6*time.Minute), false) },
		"of the future":       func() (url.Values, []byte) { return sealed(t, app, text, pushedAt.Add(6*time.Minute), false) },
		"the other account's": func() (url.Values, []byte) { return sealed(t, oa, text, pushedAt, true) },
		"another key":         func() (url.Values, []byte) { return sealed(t, other, text, pushedAt, false) },
		"another app's":       func() (url.Values, []byte) { return sealed(t, foreign, text, pushedAt, false) },
		"no event":            func() (url.Values, []byte) { return sealed(t, app, "nothing", pushedAt, false) },
		"an endless name": func() (url.Values, []byte) {
			return sealed(t, app, strings.Replace(text, "subscribe", strings.Repeat("x", 600), 1), pushedAt, false)
		},
		"nothing": func() (url.Values, []byte) { q, _ := sealed(t, app, text, pushedAt, false); return q, nil },
		"too much": func() (url.Values, []byte) {
			q, b := sealed(t, app, text, pushedAt, false)
			return q, append(b, make([]byte, wechat.MaxPush)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := &inbox{}
			q, body := spoil()
			if err := newReceiver(t, in).Receive(t.Context(), wechat.FromApp, q, body); apperr.ReasonOf(err) != "wechat.push" || len(in.events) > 0 {
				t.Errorf("%v, %d events", err, len(in.events))
			}
		})
	}
	if err := newReceiver(t, &inbox{}).Receive(t.Context(), "corp", nil, nil); apperr.CodeOf(err) != apperr.NotFound {
		t.Error(err)
	}
}

// What was stored is answered again and not told again; what could not be stored is not answered.
func TestAPushIsToldOnce(t *testing.T) {
	app, _, _ := wechatsim.Accounts()
	in := &inbox{err: errors.New("the database is away")}
	r := newReceiver(t, in)
	q, body := sealed(t, app, `{"FromUserName":"o1","CreateTime":1,"MsgType":"event","Event":"subscribe"}`, pushedAt, false)
	if err := r.Receive(t.Context(), wechat.FromApp, q, body); err == nil {
		t.Error("answered, and not stored")
	}
	in.err = nil
	for range 3 {
		if err := r.Receive(t.Context(), wechat.FromApp, q, body); err != nil {
			t.Error(err)
		}
	}
	if len(in.events) != 1 {
		t.Errorf("told %d times", len(in.events))
	}
}

func TestEcho(t *testing.T) {
	app, _, _ := wechatsim.Accounts()
	r := newReceiver(t, &inbox{})
	stamp := fmt.Sprint(pushedAt.Unix())
	q := url.Values{"timestamp": {stamp}, "nonce": {"n"}, "echostr": {"1234567890"}, "signature": {util.Signature(app.Token, stamp, "n")}}
	if got, err := r.Echo(wechat.FromApp, q); got != "1234567890" || err != nil {
		t.Error(got, err)
	}
	q.Set("echostr", "<script>")
	if _, err := r.Echo(wechat.FromApp, q); err == nil {
		t.Error("anything is echoed")
	}
	q.Set("echostr", "1")
	if _, err := r.Echo(wechat.FromOA, q); err == nil {
		t.Error("echoed for another account's signature")
	}
}

// The documents' own vector.
func TestSignature(t *testing.T) {
	if got := util.Signature("AAAAA", "1714036504", "1514711492"); got != "f464b24fc39322e44b38aa78f5edd27bd1441696" {
		t.Error(got)
	}
}

// Whatever is inside a push that is signed, and whatever is sent that is not, nothing breaks and nothing unsigned is told.
func FuzzReceive(f *testing.F) {
	for _, s := range []string{`{"FromUserName":"o1","CreateTime":"1","MsgType":"event","Event":"x","List":{"TemplateId":"T"}}`, `{"List":[{}]}`, `{"CreateTime":{}}`, `{"CreateTime":1,"MsgType":"event","Event":"wxa_media_check","trace_id":"t","errcode":-1008,"result":{"suggest":"risky","label":20002},"detail":[]}`, `{"MsgType":"event","Event":"wxa_media_check","isrisky":1,"result":[]}`, `<xml><Event>x</Event><MsgType>event</MsgType></xml>`, `<xml>`, "", "{", `{"Encrypt":"AAAA"}`, `<xml><Encrypt>AAAA</Encrypt></xml>`} {
		f.Add([]byte(s), "1772442000", "aes", "sig")
	}
	app, _, _ := wechatsim.Accounts()
	f.Fuzz(func(t *testing.T, text []byte, stamp, kind, signature string) {
		in := &inbox{}
		r := newReceiver(t, in)
		for _, asXML := range []bool{false, true} {
			q, body := sealed(t, app, string(text), pushedAt, asXML)
			if err := r.Receive(t.Context(), wechat.FromApp, q, body); err != nil && apperr.ReasonOf(err) != "wechat.push" {
				t.Fatal(err)
			}
		}
		for _, e := range in.events {
			if _, err := json.Marshal(e); err != nil || e.ID == "" || len(e.OpenID) > 512 {
				t.Fatal(err)
			}
		}
		n := len(in.events)
		q := url.Values{"timestamp": {stamp}, "nonce": {"n"}, "encrypt_type": {kind}, "msg_signature": {signature}}
		if err := r.Receive(t.Context(), wechat.FromApp, q, text); err == nil || len(in.events) != n {
			t.Fatal("taken without a signature")
		}
	})
}

// Codes: whatever somebody sends, the platform is asked for one code and nothing else.
func FuzzCode(f *testing.F) {
	for _, s := range []string{"0123456789abcdef", "0123456789abcdef&appid=wx", "a b", "\x00", "%00", "0123456789abcdef#", "é"} {
		f.Add(s)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, code string) {
		_, err := w.client.Login(t.Context(), code)
		if wechat.ClassOf(err) != wechat.Invalid || wechat.CodeOf(err) != wechat.CodeBadCode {
			t.Fatalf("%q: %v", code, err)
		}
		if len(code) >= 16 && strings.Contains(err.Error(), code) {
			t.Fatalf("%q stands in %v", code, err)
		}
	})
}
