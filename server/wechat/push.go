package wechat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
)

// The accounts that push, as their addresses name them.
const (
	FromApp = "app"
	FromOA  = "oa"
)

// MaxPush is the largest push that is read, in bytes.
const MaxPush = 1 << 20

// Names of events.
const (
	Followed      = "subscribe"                  // Key is the scene of the code that was scanned, or ""
	Scanned       = "SCAN"                       // by one who follows already
	Unfollowed    = "unsubscribe"                //
	TemplateSent  = "TEMPLATESENDJOBFINISH"      // MsgID and Status: success, or failed: and why
	SubscribeSent = "subscribe_msg_sent_event"   // Items with MsgID, Code ("0" for delivered) and Status
	Answered      = "subscribe_msg_popup_event"  // Items with Status accept or reject
	Withdrawn     = "subscribe_msg_change_event" // Items with Status reject
	MediaChecked  = "wxa_media_check"            // TraceID; Suggest and Label, or Code
)

// Event is what the platform pushed. It can be kept as JSON. No print or log shows whom it is about.
type Event struct {
	ID      string      `json:"id"`   // the same for the same event however often it comes
	From    string      `json:"from"` // FromApp or FromOA
	Name    string      `json:"name"`
	OpenID  string      `json:"openid"`
	At      time.Time   `json:"at"`
	Key     string      `json:"key,omitempty"` // a scene
	MsgID   string      `json:"msg_id,omitempty"`
	Status  string      `json:"status,omitempty"`
	TraceID string      `json:"trace_id,omitempty"`
	Suggest string      `json:"suggest,omitempty"`
	Label   int         `json:"label,omitempty"`
	Code    string      `json:"code,omitempty"` // of a check that failed, such as of a picture that could not be fetched
	Items   []EventItem `json:"items,omitempty"`
}

// EventItem is one of an event's list.
type EventItem struct {
	Template string `json:"template"`
	Status   string `json:"status,omitempty"`
	MsgID    string `json:"msg_id,omitempty"`
	Code     string `json:"code,omitempty"`
}

// String is the event's name.
func (e Event) String() string { return e.From + " " + e.Name }

// GoString is String.
func (e Event) GoString() string { return e.String() }

// LogValue is the event's name and number.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(slog.String("from", e.From), slog.String("name", e.Name), slog.String("id", e.ID))
}

// Delivered reports whether Status says that a message arrived.
func (e Event) Delivered() bool { return e.Status == "success" }

// Failed reports whether a check could not be made.
func (e Event) Failed() bool { return e.Code != "" }

// Handler is told what was pushed. It keeps the event and returns: the platform waits for the answer five seconds at the most,
// and asks again when there is none. The same event (by ID) may come more than once.
type Handler interface {
	Pushed(ctx context.Context, e Event) error
}

// Handlers tells each of several.
type Handlers []Handler

// Pushed tells them in order, up to the first that fails.
func (h Handlers) Pushed(ctx context.Context, e Event) error {
	for _, one := range h {
		if err := one.Pushed(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// window is how old or how far ahead of us a push may be.
const window = 5 * time.Minute

// Receiver reads pushes of the accounts and tells a Handler.
type Receiver struct {
	accounts map[string]Account
	handler  Handler
	cache    *cache.Cache
	clock    func() time.Time
}

// NewReceiver makes a Receiver. An account without id has no address.
func NewReceiver(app, oa Account, handler Handler, c *cache.Cache, clock func() time.Time) *Receiver {
	r := &Receiver{accounts: map[string]Account{}, handler: handler, cache: c, clock: clock}
	for name, a := range map[string]Account{FromApp: app, FromOA: oa} {
		if a.AppID != "" {
			r.accounts[name] = a
		}
	}
	return r
}

var (
	// ErrPush is the answer to whatever is not a push of the platform; it does not say what was wrong.
	ErrPush    = apperr.New(apperr.PermissionDenied, "wechat.push", "这不是微信平台发来的消息。请核对公众平台“消息推送”的设置：安全模式，Token 和 EncodingAESKey 与本系统一致，且服务器时间准确。")
	errAccount = apperr.New(apperr.NotFound, "wechat.account", "没有这个消息推送地址：app 是小程序的，oa 是公众号的。")
)

// Echo answers the question that the platform asks when an address is entered there.
func (r *Receiver) Echo(from string, q url.Values) (string, error) {
	a, ok := r.accounts[from]
	if !ok {
		return "", errAccount
	}
	if !r.fresh(q) || !same(q.Get("signature"), util.Signature(a.Token, q.Get("timestamp"), q.Get("nonce"))) || !echo.MatchString(q.Get("echostr")) {
		return "", ErrPush
	}
	return q.Get("echostr"), nil
}

var echo = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// Receive reads a push and tells the handler, unless it was told of this very push before. Whoever has the address can send
// anything here: only what is encrypted with the account's key, signed over its content and no older than five minutes counts.
func (r *Receiver) Receive(ctx context.Context, from string, q url.Values, body []byte) error {
	a, ok := r.accounts[from]
	if !ok {
		return errAccount
	}
	if len(body) > MaxPush || q.Get("encrypt_type") != "aes" || !r.fresh(q) {
		return ErrPush
	}
	sealed, ok := sealedIn(body)
	given := q.Get("msg_signature")
	if !ok || !same(given, util.Signature(a.Token, q.Get("timestamp"), q.Get("nonce"), sealed)) {
		return ErrPush
	}
	_, text, err := util.DecryptMsg(a.AppID, sealed, a.AESKey)
	if err != nil {
		return ErrPush
	}
	e, err := readEvent(from, text)
	if err != nil {
		return ErrPush
	}
	// What was stored is not told again. Two that come at the same instant may both be told; the handler knows the ID.
	seen := "wechat:pushed:" + given
	if _, told := r.cache.Get(ctx, seen); told {
		return nil
	}
	if e.Name == "" { // a message that somebody wrote, which nobody here reads
		return nil
	}
	if err := r.handler.Pushed(ctx, e); err != nil {
		return err
	}
	r.cache.Set(ctx, seen, []byte{1}, 3*window)
	return nil
}

// fresh tells whether a push is of now.
func (r *Receiver) fresh(q url.Values) bool {
	at, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	return err == nil && r.clock().Sub(time.Unix(at, 0)).Abs() <= window
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// sealedIn gives the encrypted part of a push in JSON or XML.
func sealedIn(body []byte) (string, bool) {
	var in struct {
		Encrypt string `json:"Encrypt" xml:"Encrypt"`
	}
	if isJSON(body) {
		return in.Encrypt, json.Unmarshal(body, &in) == nil && in.Encrypt != ""
	}
	err := xml.Unmarshal(body, &in)
	return in.Encrypt, err == nil && in.Encrypt != ""
}

func isJSON(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) }

// pushed is an event as the platform writes it. Numbers come as numbers or as text.
type pushed struct {
	FromUserName string `json:"FromUserName" xml:"FromUserName"`
	CreateTime   text   `json:"CreateTime" xml:"CreateTime"`
	MsgType      string `json:"MsgType" xml:"MsgType"`
	Event        string `json:"Event" xml:"Event"`
	EventKey     text   `json:"EventKey" xml:"EventKey"`
	MsgID        text   `json:"MsgID" xml:"MsgID"`
	Status       text   `json:"Status" xml:"Status"`
	TraceID      text   `json:"trace_id" xml:"trace_id"`
	ErrCode      text   `json:"errcode" xml:"errcode"`
	Result       struct {
		Suggest text `json:"suggest" xml:"suggest"`
		Label   text `json:"label" xml:"label"`
	} `json:"result" xml:"result"`
	List items `json:"List" xml:"List"`

	Popup  xmlItems `json:"-" xml:"SubscribeMsgPopupEvent"`
	Change xmlItems `json:"-" xml:"SubscribeMsgChangeEvent"`
	Sent   xmlItems `json:"-" xml:"SubscribeMsgSentEvent"`
}

type pushedItem struct {
	TemplateID  text `json:"TemplateId" xml:"TemplateId"`
	Status      text `json:"SubscribeStatusString" xml:"SubscribeStatusString"`
	MsgID       text `json:"MsgID" xml:"MsgID"`
	ErrorCode   text `json:"ErrorCode" xml:"ErrorCode"`
	ErrorStatus text `json:"ErrorStatus" xml:"ErrorStatus"`
}

type xmlItems struct {
	List []pushedItem `xml:"List"`
}

// items is a list that is an object when it has one item: so the platform writes it.
type items []pushedItem

// UnmarshalJSON reads either.
func (l *items) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		return json.Unmarshal(b, (*[]pushedItem)(l))
	}
	var one pushedItem
	if err := json.Unmarshal(b, &one); err != nil || string(b) == "null" {
		return err
	}
	*l = items{one}
	return nil
}

// maxField bounds each text of an event, in bytes: the longest that the platform writes is much shorter.
const maxField = 256

// maxItems bounds an event's list: one question asks for five templates at the most.
const maxItems = 20

func readEvent(from string, raw []byte) (Event, error) {
	var p pushed
	var err error
	if isJSON(raw) {
		err = json.Unmarshal(raw, &p)
	} else {
		err = xml.Unmarshal(raw, &p)
	}
	if err != nil {
		return Event{}, fmt.Errorf("wechat: an event that cannot be read: %T", err)
	}
	digest := sha256.Sum256(append([]byte(from+"\n"), raw...))
	e := Event{
		ID: hex.EncodeToString(digest[:16]), From: from, OpenID: p.FromUserName, At: time.Unix(p.CreateTime.number(), 0), MsgID: string(p.MsgID), Status: string(p.Status),
		Key: strings.TrimPrefix(string(p.EventKey), "qrscene_"), TraceID: string(p.TraceID), Suggest: string(p.Result.Suggest), Label: int(p.Result.Label.number()),
	}
	if p.MsgType == "event" {
		e.Name = p.Event
	}
	if p.ErrCode != "0" {
		e.Code = string(p.ErrCode)
	}
	list := append(append(append([]pushedItem(p.List), p.Popup.List...), p.Change.List...), p.Sent.List...)
	for _, i := range list[:min(len(list), maxItems)] {
		item := EventItem{Template: string(i.TemplateID), Status: string(i.Status), MsgID: string(i.MsgID), Code: string(i.ErrorCode)}
		if item.Status == "" {
			item.Status = string(i.ErrorStatus)
		}
		e.Items = append(e.Items, item)
	}
	fields := []string{e.Name, e.OpenID, e.Key, e.MsgID, e.Status, e.TraceID, e.Suggest, e.Code}
	for _, i := range e.Items {
		fields = append(fields, i.Template, i.Status, i.MsgID, i.Code)
	}
	for _, field := range fields {
		if len(field) > maxField {
			return Event{}, ErrPush
		}
	}
	return e, nil
}
