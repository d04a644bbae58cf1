package workflow

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// PlatformView is a platform as administrators see it: its keys are nowhere.
type PlatformView struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Source    ticket.Source `json:"source"`
	Addresses []string      `json:"addresses" doc:"允许的来源地址；空为不限"`
	CreatedAt time.Time     `json:"created_at"`
	CreatedBy *Named        `json:"created_by,omitempty"`
	// PreviousUntil is until when the key before is still valid.
	PreviousUntil *time.Time `json:"previous_until,omitempty" doc:"旧密钥的失效时间；没有则只有新密钥有效"`
	DisabledAt    *time.Time `json:"disabled_at,omitempty" doc:"停用时间；没有则在用"`
}

// NewPlatform is what a platform is registered with.
type NewPlatform struct {
	ID        string        `json:"id" pattern:"^[a-z][a-z0-9-]{1,29}$" patternDescription:"小写字母开头，只含小写字母、数字和连字符，2 到 30 个字符" example:"hotline-12345" doc:"编号，由小写字母、数字和连字符组成，如 hotline-12345；请求头 X-Platform 填它"`
	Name      string        `json:"name" minLength:"1" maxLength:"100" doc:"平台名称"`
	Source    ticket.Source `json:"source" doc:"推送的工单属于哪种来源"`
	Addresses []string      `json:"addresses,omitempty" maxItems:"50" doc:"允许的来源地址或网段，如 10.1.2.3、10.1.0.0/16；不填为不限"`
}

const (
	platformKeyBytes = 32
	// signatureWindow is how far a request's time may be from ours.
	signatureWindow = 5 * time.Minute
	// requestsKept is how long a done request is remembered: longer than its signature is valid, either way.
	requestsKept = 3 * signatureWindow
)

var platformID = regexp.MustCompile(`^[a-z][a-z0-9-]{1,29}$`)

func newPlatformKey() string {
	b := make([]byte, platformKeyBytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// AddPlatform registers a platform and gives its key, which is told this once.
func (e *Engine) AddPlatform(ctx context.Context, actor casework.Actor, n NewPlatform) (PlatformView, string, error) {
	n.Name = strings.TrimSpace(n.Name)
	switch {
	case !platformID.MatchString(n.ID):
		return PlatformView{}, "", apperr.New(apperr.InvalidArgument, "platform.id", "平台编号由小写字母开头，只含小写字母、数字和连字符，2 到 30 个字符。")
	case n.Name == "":
		return PlatformView{}, "", apperr.New(apperr.InvalidArgument, "platform.name", "请填写平台名称。")
	case !n.Source.Valid():
		return PlatformView{}, "", apperr.New(apperr.InvalidArgument, "platform.source", "没有这种来源，请从列表中选择。")
	}
	p := store.Platform{ID: n.ID, Name: n.Name, Source: n.Source, Addresses: []string{}, Key: newPlatformKey(), CreatedBy: actor.PersonID}
	for _, a := range n.Addresses {
		network, err := parseNetwork(a)
		if err != nil {
			return PlatformView{}, "", apperr.New(apperr.InvalidArgument, "platform.address", "“%s”不是 IP 地址或网段，请写成 10.1.2.3 或 10.1.0.0/16 的形式。", a)
		}
		p.Addresses = append(p.Addresses, network.String())
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return PlatformView{}, "", err
	}
	p.CreatedAt = e.Now(k)
	v, err := e.changePlatform(ctx, actor, p, "platform.create", map[string]string{"source": string(p.Source)}, func(ctx context.Context, tx *store.Tx) error {
		return tx.AddPlatform(ctx, p)
	})
	return v, p.Key, err
}

func (e *Engine) changePlatform(ctx context.Context, actor casework.Actor, p store.Platform, action string, detail map[string]string, change func(context.Context, *store.Tx) error) (PlatformView, error) {
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: action, Object: "platform:" + p.ID, Detail: detail})
	}); err != nil {
		return PlatformView{}, err
	}
	k, err := e.Refresh(ctx)
	if err != nil {
		return PlatformView{}, err
	}
	return k.platform(k.Platforms[p.ID]), nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

func (k *Knowledge) platform(p store.Platform) PlatformView {
	v := PlatformView{ID: p.ID, Name: p.Name, Source: p.Source, Addresses: p.Addresses, CreatedAt: p.CreatedAt, CreatedBy: k.person(p.CreatedBy)}
	if p.PreviousKey != "" {
		v.PreviousUntil = &p.PreviousUntil
	}
	if !p.DisabledAt.IsZero() {
		v.DisabledAt = &p.DisabledAt
	}
	return v
}

// Platforms lists the platforms by id.
func (e *Engine) Platforms(ctx context.Context) ([]PlatformView, error) {
	k, err := e.Refresh(ctx)
	if err != nil {
		return nil, err
	}
	list := []PlatformView{}
	for _, id := range sorted(k.Platforms) {
		list = append(list, k.platform(k.Platforms[id]))
	}
	return list, nil
}

// RotatePlatformKey gives a platform a new key, which is told this once. The old one stays valid for as long as keep, so
// that the other side can change over; 0 for a key that has become known.
func (e *Engine) RotatePlatformKey(ctx context.Context, actor casework.Actor, id string, keep time.Duration) (PlatformView, string, error) {
	p, err := e.storedPlatform(ctx, id)
	if err != nil {
		return PlatformView{}, "", err
	}
	p.PreviousKey, p.PreviousUntil = "", time.Time{}
	if keep > 0 {
		p.PreviousKey, p.PreviousUntil = p.Key, e.clock().Add(keep).UTC().Truncate(time.Millisecond)
	}
	p.Key = newPlatformKey()
	v, err := e.changePlatform(ctx, actor, p, "platform.rotate", map[string]string{"keep_hours": strconv.Itoa(int(keep.Hours()))}, func(ctx context.Context, tx *store.Tx) error {
		return tx.SetPlatform(ctx, p)
	})
	return v, p.Key, err
}

// DisablePlatform ends a platform's access, within a second in every process. Its tickets stay.
func (e *Engine) DisablePlatform(ctx context.Context, actor casework.Actor, id string) (PlatformView, error) {
	p, err := e.storedPlatform(ctx, id)
	if err != nil {
		return PlatformView{}, err
	}
	if p.DisabledAt.IsZero() {
		k, err := e.Knowledge(ctx)
		if err != nil {
			return PlatformView{}, err
		}
		p.DisabledAt = e.Now(k)
	}
	return e.changePlatform(ctx, actor, p, "platform.disable", nil, func(ctx context.Context, tx *store.Tx) error {
		return tx.SetPlatform(ctx, p)
	})
}

func (e *Engine) storedPlatform(ctx context.Context, id string) (store.Platform, error) {
	k, err := e.Refresh(ctx)
	if err != nil {
		return store.Platform{}, err
	}
	p, ok := k.Platforms[id]
	if !ok {
		return p, store.ErrNoPlatform
	}
	return p, nil
}

// Signed is what a platform's request shows of itself: the headers X-Platform, X-Timestamp and X-Signature as they came,
// what was signed beside the time, and the address it came from.
type Signed struct {
	Platform, Timestamp, Signature string
	Payload                        []byte
	Address                        string
}

// What can be wrong with a request of a platform. Who does not know a key cannot find out more than ErrSignature.
var (
	ErrSignature       = apperr.New(apperr.Unauthenticated, "intake.signature", "签名不正确：请核对请求头 X-Platform、X-Timestamp、X-Signature，以及密钥和签名的内容。")
	ErrTimestamp       = apperr.New(apperr.Unauthenticated, "intake.timestamp", "请求时间与服务器相差超过 5 分钟，请校准时钟后重新签名。")
	ErrPlatformAddress = apperr.New(apperr.PermissionDenied, "intake.address", "这个来源地址不在允许的范围内，请联系街道系统管理员。")
	ErrReplayed        = apperr.New(apperr.AlreadyExists, "intake.replayed", "这次提交已经处理过，不再重复处理；如需核对结果，请用新的时间重新签名提交相同内容。")
)

// Sign gives the signature of a request: HMAC-SHA256 with the key's text over timestamp, a line end and the payload, in hex.
func Sign(key, timestamp string, payload []byte) string {
	return hex.EncodeToString(mac(key, timestamp, payload))
}

func mac(key, timestamp string, payload []byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(timestamp))
	h.Write([]byte{'\n'})
	h.Write(payload)
	return h.Sum(nil)
}

// Authenticate finds out which platform a request is of. Known gives the platform that it claims to be of, also with an
// error, for who counts attempts.
func (e *Engine) Authenticate(ctx context.Context, s Signed) (p store.Platform, known bool, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return p, false, err
	}
	now := e.clock()
	p, known = k.Platforms[s.Platform]
	given, ok := parseSignature(s.Signature)
	at, dated := parseTimestamp(s.Timestamp)
	if !ok || !dated || len(s.Payload) == 0 {
		return p, known, ErrSignature
	}
	key := p.Key
	if !known {
		key = "nobody's" // as long a look as for a platform that is there
	}
	valid := hmac.Equal(mac(key, s.Timestamp, s.Payload), given)
	if !valid && p.PreviousKey != "" && now.Before(p.PreviousUntil) {
		valid = hmac.Equal(mac(p.PreviousKey, s.Timestamp, s.Payload), given)
	}
	switch {
	case !known || !valid || !p.DisabledAt.IsZero():
		return p, known, ErrSignature
	case now.Sub(at).Abs() > signatureWindow:
		return p, known, ErrTimestamp
	case !allowed(p.Addresses, s.Address):
		return p, known, ErrPlatformAddress
	}
	return p, known, nil
}

// parseSignature reads the hex of an HMAC-SHA256.
func parseSignature(text string) ([]byte, bool) {
	if len(text) != hex.EncodedLen(sha256.Size) {
		return nil, false
	}
	b, err := hex.DecodeString(text)
	return b, err == nil
}

// parseTimestamp reads Unix seconds as they are signed: digits only, so that one instant has one spelling.
func parseTimestamp(text string) (time.Time, bool) {
	if len(text) == 0 || len(text) > 12 || text[0] == '0' || strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(n, 0), err == nil
}

func allowed(networks []string, address string) bool {
	if len(networks) == 0 {
		return true
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	a = a.Unmap()
	return slices.ContainsFunc(networks, func(n string) bool {
		p, err := netip.ParsePrefix(n)
		return err == nil && p.Contains(a)
	})
}
