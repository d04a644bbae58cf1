package wechatsim

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// event is what the platform pushes, with the names that it uses.
type event struct {
	XMLName      xml.Name `json:"-" xml:"xml"`
	ToUserName   string   `json:"ToUserName"`
	FromUserName string   `json:"FromUserName"`
	CreateTime   int64    `json:"CreateTime"`
	MsgType      string   `json:"MsgType"`
	Event        string   `json:"Event"`
	EventKey     string   `json:"EventKey,omitempty" xml:",omitempty"`
	MsgID        string   `json:"MsgID,omitempty" xml:",omitempty"`
	Status       string   `json:"Status,omitempty" xml:",omitempty"`
	List         []item   `json:"-" xml:"-"`
	AppID        string   `json:"appid,omitempty" xml:"appid,omitempty"`
	TraceID      string   `json:"trace_id,omitempty" xml:"trace_id,omitempty"`
	Version      int      `json:"version,omitempty" xml:"version,omitempty"`
	ErrCode      *int     `json:"errcode,omitempty" xml:"errcode,omitempty"`
	ErrMsg       string   `json:"errmsg,omitempty" xml:"errmsg,omitempty"`
	Result       *result  `json:"result,omitempty" xml:"result,omitempty"`
}

// item is one of an event's list.
type item struct {
	TemplateID            string `json:"TemplateId" xml:"TemplateId"`
	SubscribeStatusString string `json:"SubscribeStatusString,omitempty" xml:",omitempty"`
	PopupScene            string `json:"PopupScene,omitempty" xml:",omitempty"`
	MsgID                 string `json:"MsgID,omitempty" xml:",omitempty"`
	ErrorCode             string `json:"ErrorCode,omitempty" xml:",omitempty"`
	ErrorStatus           string `json:"ErrorStatus,omitempty" xml:",omitempty"`
}

type result struct {
	Suggest string `json:"suggest" xml:"suggest"`
	Label   int    `json:"label" xml:"label"`
}

// listName is what the documents call an event's list in XML.
var listName = map[string]string{
	"subscribe_msg_popup_event": "SubscribeMsgPopupEvent", "subscribe_msg_change_event": "SubscribeMsgChangeEvent", "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}

// text is the event as it is sealed.
func (e event) text(asXML bool) ([]byte, error) {
	if asXML {
		type list struct {
			XMLName xml.Name
			Items   []item `xml:"List"`
		}
		out := struct {
			event
			Lists *list
		}{event: e}
		if len(e.List) > 0 {
			out.Lists = &list{XMLName: xml.Name{Local: listName[e.Event]}, Items: e.List}
		}
		return xml.Marshal(out)
	}
	out := struct {
		event
		List any `json:"List,omitempty"`
	}{event: e}
	switch len(e.List) {
	case 0:
	case 1: // one is an object, several are an array: so the platform does
		out.List = e.List[0]
	default:
		out.List = e.List
	}
	return json.Marshal(out)
}

const (
	pushTries = 3
	pushPause = 200 * time.Millisecond // between tries
)

// tell pushes an event to the account's callback, in the background.
func (s *Server) tell(a *account, e event) {
	if a.callback == "" {
		return
	}
	e.ToUserName, e.CreateTime, e.MsgType = a.original, s.now().Unix(), "event"
	asXML := a.kind == official || s.rules.PushXML
	text, err := e.text(asXML)
	if err != nil {
		panic("wechatsim: " + err.Error()) // of our own types
	}
	one := *a
	at := s.now()
	s.tasks.Go(func() {
		s.slots <- struct{}{}
		defer func() { <-s.slots }()
		if f := s.fault(&request{path: PushPath, body: text}); f != nil && f.Kind == Drop {
			return
		}
		address, body, kind, err := sealPush(&one, text, at, asXML)
		if err != nil {
			return // of a key that is none
		}
		for try := range pushTries {
			if try > 0 {
				time.Sleep(pushPause)
			}
			if s.deliver(address, kind, body) {
				return
			}
		}
	})
}

func (s *Server) deliver(address, kind string, body []byte) bool {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return true // an address that never will be one
	}
	r.Header.Set("Content-Type", kind)
	got, err := s.push.Do(r)
	if err != nil {
		return false
	}
	defer got.Body.Close()
	said, err := io.ReadAll(io.LimitReader(got.Body, 1<<10))
	return err == nil && got.StatusCode == http.StatusOK && (len(said) == 0 || string(said) == "success")
}

// sealPush makes address and body of a push.
func sealPush(a *account, text []byte, at time.Time, asXML bool) (address string, body []byte, kind string, err error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	sealed, err := util.EncryptMsg(salt, text, a.id, a.aesKey)
	if err != nil {
		return "", nil, "", err
	}
	stamp, nonce := fmt.Sprint(at.Unix()), draw(10)
	q := url.Values{
		"signature": {util.Signature(a.token, stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce}, "encrypt_type": {"aes"},
		"msg_signature": {util.Signature(a.token, stamp, nonce, string(sealed))},
	}
	address = a.callback + "?" + q.Encode()
	if asXML {
		body, err = xml.Marshal(struct {
			XMLName    xml.Name `xml:"xml"`
			ToUserName string
			Encrypt    string
		}{ToUserName: a.original, Encrypt: string(sealed)})
		return address, body, "text/xml", err
	}
	body, err = json.Marshal(map[string]string{"ToUserName": a.original, "Encrypt": string(sealed)})
	return address, body, "application/json", err
}
