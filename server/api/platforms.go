package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// PlatformKey is a platform with the key it has just been given.
type PlatformKey struct {
	workflow.PlatformView
	Key string `json:"key" doc:"签名密钥，只显示这一次，请立即交给对方保存；签名时按这段文字原样使用"`
}

type newPlatformInput struct{ Body workflow.NewPlatform }

func (s *server) addPlatform(ctx context.Context, in *newPlatformInput) (PlatformKey, error) {
	v, key, err := s.engine.AddPlatform(ctx, actorOf(ctx), in.Body)
	return PlatformKey{v, key}, err
}

// PlatformList is every platform.
type PlatformList struct {
	Items []workflow.PlatformView `json:"items"`
}

func (s *server) listPlatforms(ctx context.Context, _ *struct{}) (PlatformList, error) {
	list, err := s.engine.Platforms(ctx)
	return PlatformList{list}, err
}

type rotateInput struct {
	ID   string `path:"id" maxLength:"30" doc:"平台编号"`
	Body struct {
		KeepHours int `json:"keep_hours" minimum:"0" maximum:"168" doc:"旧密钥还有效几小时，供对方更换；密钥泄露时填 0"`
	}
}

func (s *server) rotatePlatformKey(ctx context.Context, in *rotateInput) (PlatformKey, error) {
	v, key, err := s.engine.RotatePlatformKey(ctx, actorOf(ctx), in.ID, time.Duration(in.Body.KeepHours)*time.Hour)
	return PlatformKey{v, key}, err
}

type platformIDInput struct {
	ID string `path:"id" maxLength:"30" doc:"平台编号"`
}

func (s *server) disablePlatform(ctx context.Context, in *platformIDInput) (workflow.PlatformView, error) {
	return s.engine.DisablePlatform(ctx, actorOf(ctx), in.ID)
}

// SignedHeaders are what a platform shows of itself. Resolve notes where the request came from and as what.
type SignedHeaders struct {
	Platform  string `header:"X-Platform" doc:"平台编号"`
	Timestamp string `header:"X-Timestamp" doc:"请求时间，Unix 秒；与服务器相差不超过 5 分钟"`
	Signature string `header:"X-Signature" doc:"签名：HMAC-SHA256(密钥, X-Timestamp + 换行 + 签名内容) 的十六进制。POST 的签名内容是请求体原文；GET 的是“GET ”加路径和查询参数，如 GET /api/v1/intake/feed?after=12"`

	line, address string
}

// Resolve reads the request's line as it was sent.
func (h *SignedHeaders) Resolve(ctx huma.Context) []error {
	g := humagin.Unwrap(ctx)
	h.line, h.address = g.Request.Method+" "+g.Request.RequestURI, g.ClientIP()
	return nil
}

// A platform may ask this often; with up to maxPushed tickets each time.
const (
	pushLimit  = 6000
	pushWindow = time.Minute
	maxPushed  = 500
	// maxPush limits the body of a push.
	maxPush = 4<<20 + 1
	// tellRefusals is how often refused requests in a platform's name go into the audit log.
	tellRefusals = 10 * time.Minute
)

var (
	errPushRate = apperr.New(apperr.ResourceExhausted, "intake.rate", "请求过于频繁（每分钟最多 %d 次），请把工单合并后分批推送，每次最多 %d 件。", pushLimit, maxPushed)
	errPushBody = apperr.New(apperr.InvalidArgument, "intake.body", "请求体应为 {\"tickets\": [ … ]}，最多 %d 件工单，请按接口文档提交。", maxPushed)
)

// platformOf finds out which platform a request is of.
func (s *server) platformOf(ctx context.Context, h *SignedHeaders, payload []byte) (store.Platform, error) {
	p, known, err := s.engine.Authenticate(ctx, workflow.Signed{Platform: h.Platform, Timestamp: h.Timestamp, Signature: h.Signature, Payload: payload, Address: h.address})
	if err != nil {
		var refused *apperr.Error
		if known && errors.As(err, &refused) && s.cache.Claim(ctx, "push-refused:"+p.ID+":"+refused.Reason, tellRefusals) {
			if rerr := s.engine.Record(ctx, workflow.Audited{Action: "platform.refuse", Object: "platform:" + p.ID, Outcome: refused.Reason}); rerr != nil {
				s.log.ErrorContext(ctx, "a refused platform is not in the audit log", slog.Any("error", rerr))
			}
		}
		return p, err
	}
	exchangeOf(ctx).platform = p.ID
	if ok, _ := s.cache.Allow(ctx, "push:"+p.ID, pushLimit, pushWindow); !ok {
		return p, errPushRate
	}
	return p, nil
}

type pushInput struct {
	SignedHeaders
	RawBody []byte
}

// PushBody is what a platform pushes.
type PushBody struct {
	Tickets []ticket.Pushed `json:"tickets" minItems:"1" maxItems:"500" doc:"工单；每件单独校验，有问题的不影响其他"`
}

func (s *server) push(ctx context.Context, in *pushInput) (workflow.Receipt, error) {
	p, err := s.platformOf(ctx, &in.SignedHeaders, in.RawBody)
	if err != nil {
		return workflow.Receipt{}, err
	}
	tickets, err := s.readPush(in.RawBody)
	if err != nil {
		return workflow.Receipt{}, err
	}
	return s.engine.Push(ctx, workflow.Push{Platform: p, Signature: strings.ToLower(in.Signature), Tickets: tickets})
}

// readPush reads the body; each ticket by itself, so that one that does not fit the schema is named and the others go in.
func (s *server) readPush(body []byte) ([]workflow.PushedTicket, error) {
	var outer struct {
		Tickets []json.RawMessage `json:"tickets"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&outer); err != nil {
		return nil, errPushBody.With(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || len(outer.Tickets) == 0 || len(outer.Tickets) > maxPushed {
		return nil, errPushBody
	}
	list := make([]workflow.PushedTicket, len(outer.Tickets))
	for i, raw := range outer.Tickets {
		list[i].Pushed, list[i].Problems = s.readTicket(raw)
	}
	return list, nil
}

// readTicket reads one ticket and says what does not fit its schema.
func (s *server) readTicket(raw []byte) (p ticket.Pushed, problems []string) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return p, []string{"不是有效的 JSON"}
	}
	var res huma.ValidateResult
	path := huma.NewPathBuffer(nil, 0)
	path.Push("body")
	huma.Validate(s.schemas, s.pushedSchema, path, huma.ModeWriteToServer, v, &res)
	for _, err := range res.Errors {
		f := field(http.StatusUnprocessableEntity, err)
		said := f.Message
		if f.Name != "" {
			said = f.Name + "：" + said
		}
		if problems = append(problems, said); len(problems) == maxFields {
			break
		}
	}
	if len(problems) == 0 {
		if err := json.Unmarshal(raw, &p); err != nil {
			return ticket.Pushed{}, []string{"有字段的内容与要求不符"}
		}
		return p, nil
	}
	if object, ok := v.(map[string]any); ok { // so that it can be named
		if no, ok := object["order_no"].(string); ok && len(no) <= 64 {
			p.OrderNo = no
		}
	}
	return p, problems
}

// documentPush says what the body holds, which is read only when its signature has been checked.
func documentPush(op *huma.Operation) {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Ref: schemaPrefix + "PushBody"}}}}
}

type feedInput struct {
	SignedHeaders
	After string `query:"after" maxLength:"20" doc:"上次返回的 next；第一次不填"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"最多多少条"`
}

func (s *server) feed(ctx context.Context, in *feedInput) (workflow.FeedPage, error) {
	p, err := s.platformOf(ctx, &in.SignedHeaders, []byte(in.line))
	if err != nil {
		return workflow.FeedPage{}, err
	}
	return s.engine.Feed(ctx, p.ID, in.After, in.Limit)
}

// learnSchemas makes the schemas of what is validated piece by piece.
func (s *server) learnSchemas(r huma.Registry) {
	s.schemas = r
	r.Schema(reflect.TypeFor[PushBody](), true, "PushBody")
	s.pushedSchema = r.Schema(reflect.TypeFor[ticket.Pushed](), true, "")
	for s.pushedSchema.Ref != "" {
		s.pushedSchema = r.SchemaFromRef(s.pushedSchema.Ref)
	}
	if s.pushedSchema == nil {
		panic(fmt.Sprintf("api: no schema of %s", reflect.TypeFor[ticket.Pushed]()))
	}
}
