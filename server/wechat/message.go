package wechat

import (
	"context"
	"strings"
)

const (
	pathSubscribe = "/cgi-bin/message/subscribe/send"
	pathTemplate  = "/cgi-bin/message/template/send"
	pathWork      = "/cgi-bin/message/send"
)

type value struct {
	Value string `json:"value"`
}

func values(data map[string]string) map[string]value {
	out := make(map[string]value, len(data))
	for k, v := range data {
		out[k] = value{v}
	}
	return out
}

// Subscribe is a subscribe message of the mini-program. It uses up one grant where the template is a one-time one.
type Subscribe struct {
	To       string // openid of the mini-program
	Template string
	Page     string // with its query, without a slash in front
	Data     map[string]string
}

// SendSubscribe sends a subscribe message and gives the platform's number of it, which the delivery event repeats. There is no
// way to repeat one safely: what is Unknown may have used up the grant.
func (c *Client) SendSubscribe(ctx context.Context, m Subscribe) (id string, err error) {
	state := map[string]string{Release: "formal", Trial: "trial", Develop: "developer"}[c.options.Version]
	in := struct {
		To       string           `json:"touser"`
		Template string           `json:"template_id"`
		Page     string           `json:"page,omitempty"`
		State    string           `json:"miniprogram_state"`
		Lang     string           `json:"lang"`
		Data     map[string]value `json:"data"`
	}{m.To, m.Template, m.Page, state, "zh_CN", values(m.Data)}
	return c.send(ctx, c.app, platform+pathSubscribe, in, m.To)
}

// Template is a template message of the official account, for who follows it.
type Template struct {
	To       string // openid of the official account
	Template string
	Page     string // of the mini-program, with its query; "" opens nothing
	// ID makes repeating safe: the platform sends the same ID to the same person once within ten minutes.
	ID   string
	Data map[string]string
}

// SendTemplate sends a template message and gives the platform's number of it.
func (c *Client) SendTemplate(ctx context.Context, m Template) (id string, err error) {
	type miniProgram struct {
		AppID string `json:"appid"`
		Page  string `json:"pagepath"`
	}
	in := struct {
		To          string           `json:"touser"`
		Template    string           `json:"template_id"`
		ClientMsgID string           `json:"client_msg_id,omitempty"`
		MiniProgram *miniProgram     `json:"miniprogram,omitempty"`
		Data        map[string]value `json:"data"`
	}{To: m.To, Template: m.Template, ClientMsgID: m.ID, Data: values(m.Data)}
	if m.Page != "" {
		in.MiniProgram = &miniProgram{c.options.App.AppID, m.Page}
	}
	return c.send(ctx, c.oa, platform+pathTemplate, in, m.To)
}

// Item is a line of a WeCom message.
type Item struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Work is a message of the app in WeCom that opens the mini-program.
type Work struct {
	To          string // the member's user id in WeCom
	Title       string // 4 to 12 characters
	Description string // 4 to 12 characters
	Items       []Item // up to 10, keys to 10 characters, values to 30
	Page        string // of the mini-program, with its query
}

// duplicateSeconds is how long WeCom sends the same message to the same member once only, so that repeating is safe.
const duplicateSeconds = 1800

// SendWork sends a message in WeCom and gives its number there. Within half an hour the same message may be repeated safely.
func (c *Client) SendWork(ctx context.Context, m Work) (id string, err error) {
	in := map[string]any{
		"touser": m.To, "agentid": c.options.Corp.Agent, "msgtype": "miniprogram_notice", "enable_duplicate_check": 1, "duplicate_check_interval": duplicateSeconds,
		"miniprogram_notice": map[string]any{"appid": c.options.App.AppID, "page": m.Page, "title": m.Title, "description": m.Description, "content_item": m.Items},
	}
	return c.send(ctx, c.corp, c.options.Corp.url(pathWork), in, m.To)
}

func (c *Client) send(ctx context.Context, t *tokens, address string, in any, to string) (string, error) {
	var out struct {
		MsgID   text   `json:"msgid"`
		Invalid string `json:"invaliduser"`
	}
	if err := c.post(ctx, t, address, in, &out, to); err != nil {
		return "", err
	}
	if out.Invalid != "" {
		return "", &Error{API: strings.TrimPrefix(address, c.options.Corp.url("")), Code: 81013, Class: Other, Text: "nobody of this name, or out of the app's sight"}
	}
	return string(out.MsgID), nil
}
