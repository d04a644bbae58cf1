package api

import (
	"context"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"xiaopu/server/apperr"
)

var errNoWeChat = apperr.New(apperr.Unavailable, "wechat.off", "本系统没有接入微信，请联系系统管理员在配置中设置 wechat。")

// PushAddress is which account a push is of, with the query as it came: the platform adds to it what it likes.
type PushAddress struct {
	From string `path:"account" enum:"app,oa" doc:"app 小程序，oa 公众号"`

	query url.Values
}

// Resolve reads the query.
func (in *PushAddress) Resolve(ctx huma.Context) []error {
	in.query = humagin.Unwrap(ctx).Request.URL.Query()
	return nil
}

type weChatPush struct {
	PushAddress
	RawBody []byte
}

// answered is what the platform takes for done.
var answered = []byte("success")

func (s *server) weChatEcho(_ context.Context, in *PushAddress) ([]byte, error) {
	if s.weChat == nil {
		return nil, errNoWeChat
	}
	echo, err := s.weChat.Echo(in.From, in.query)
	return []byte(echo), err
}

func (s *server) weChatPushed(ctx context.Context, in *weChatPush) ([]byte, error) {
	if s.weChat == nil {
		return nil, errNoWeChat
	}
	return answered, s.weChat.Receive(ctx, in.From, in.query, in.RawBody)
}

// plainOutput is a text that is no JSON.
type plainOutput struct {
	Type string `header:"Content-Type"`
	Body []byte
}

const plainType = "text/plain; charset=utf-8"

// handlePlain makes a route's register func of a handler that gives a text, to a caller whose query is theirs to make up.
func handlePlain[I any](h func(s *server, ctx context.Context, in *I) ([]byte, error)) func(*server, huma.API, huma.Operation) {
	return func(s *server, api huma.API, op huma.Operation) {
		op.SkipValidateParams = true
		huma.Register(api, op, func(ctx context.Context, in *I) (*plainOutput, error) {
			text, err := h(s, ctx, in)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &plainOutput{Type: plainType, Body: text}, nil
		})
	}
}

// documentPlain says that an operation gives a text.
func documentPlain(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}
	op.Responses["200"].Headers = nil
}

// documentWeChatPush says what the platform sends, which is read only when its signature has been checked.
func documentWeChatPush(op *huma.Operation) {
	documentPlain(op)
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/xml": {Schema: &huma.Schema{Type: huma.TypeString}}, "application/json": {Schema: &huma.Schema{Type: huma.TypeString}}}}
}
