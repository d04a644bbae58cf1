package wechat

import (
	"context"
	"strings"
)

const (
	pathSubscribe = "/cgi-bin/message/subscribe/send"
	pathTemplate  = "/cgi-bin/message/template/send"
	pathWork      = "/cgi-bin/message/send"

	pathSubscribeList = "/wxaapi/newtmpl/gettemplate"
	pathTemplateList  = "/cgi-bin/template/get_all_private_template"
	pathQuota         = "/cgi-bin/openapi/quota/get"
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

// Listed is a template as the platform lists it.
type Listed struct {
	ID       string
	Title    string
	Content  string // each keyword stands in it as {{thing1.DATA}}
	Standing bool   // of the mini-program: its grants are long-term ones
	// Allowed are the values of const and enum keywords, by keyword.
	Allowed map[string][]string
}

// SubscribeTemplates lists the templates of the mini-program's subscribe messages.
func (c *Client) SubscribeTemplates(ctx context.Context) ([]Listed, error) {
	const longTerm = 3
	var out struct {
		Data []struct {
			ID      string `json:"priTmplId"`
			Title   string `json:"title"`
			Content string `json:"content"`
			Type    int    `json:"type"`
			Enums   []struct {
				Keyword string   `json:"keywordCode"`
				Values  []string `json:"enumValueList"`
			} `json:"keywordEnumValueList"`
		} `json:"data"`
	}
	if err := c.get(ctx, c.app, platform+pathSubscribeList, "", &out); err != nil {
		return nil, err
	}
	list := make([]Listed, len(out.Data))
	for i, t := range out.Data {
		list[i] = Listed{ID: t.ID, Title: t.Title, Content: t.Content, Standing: t.Type == longTerm}
		for _, e := range t.Enums {
			if list[i].Allowed == nil {
				list[i].Allowed = map[string][]string{}
			}
			list[i].Allowed[strings.TrimSuffix(e.Keyword, ".DATA")] = e.Values
		}
	}
	return list, nil
}

// OfficialTemplates lists the templates of the official account. The platform does not say which values const keywords take.
func (c *Client) OfficialTemplates(ctx context.Context) ([]Listed, error) {
	var out struct {
		List []struct {
			ID      string `json:"template_id"`
			Title   string `json:"title"`
			Content string `json:"content"`
		} `json:"template_list"`
	}
	if err := c.get(ctx, c.oa, platform+pathTemplateList, "", &out); err != nil {
		return nil, err
	}
	list := make([]Listed, len(out.List))
	for i, t := range out.List {
		list[i] = Listed{ID: t.ID, Title: t.Title, Content: t.Content}
	}
	return list, nil
}

// Quota is how much of a day's calls of an endpoint there is; Limit 0 for an endpoint without a daily limit.
type Quota struct{ Limit, Used int }

// TemplateQuota is that of template messages.
func (c *Client) TemplateQuota(ctx context.Context) (Quota, error) {
	return c.quota(ctx, c.oa, pathTemplate)
}

// SubscribeQuota is that of subscribe messages.
func (c *Client) SubscribeQuota(ctx context.Context) (Quota, error) {
	return c.quota(ctx, c.app, pathSubscribe)
}

func (c *Client) quota(ctx context.Context, t *tokens, path string) (Quota, error) {
	var out struct {
		Quota struct {
			Limit int `json:"daily_limit"`
			Used  int `json:"used"`
		} `json:"quota"`
	}
	err := c.post(ctx, t, platform+pathQuota, map[string]string{"cgi_path": path}, &out)
	return Quota(out.Quota), err
}
