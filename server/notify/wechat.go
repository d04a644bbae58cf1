package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/wechat"
	"xiaopu/server/workflow"
)

// WeChatChannels are the channels that a gateway opens, with the platform's listing for the check of the templates.
func WeChatChannels(c *wechat.Client) (list []Channel, lister Lister) {
	list = append(list, subscribe{c, Standing}, subscribe{c, Once})
	if c.HasOA() {
		list = append(list, officialAccount{c})
	}
	if c.HasCorp() {
		list = append(list, work{c})
	}
	return list, weChatLister{c}
}

// refusalFrom says what an error of the gateway means for a message.
func refusalFrom(err error) error {
	if err == nil {
		return nil
	}
	r := &Refusal{Class: Unknown, Err: err}
	e, ok := errors.AsType[*wechat.Error](err)
	if !ok {
		return r
	}
	r.Code, r.RID = e.Code, e.RID
	switch e.Class {
	case wechat.Retry:
		r.Class = Retry
	case wechat.Wait:
		r.Class = Minute
		if e.Daily {
			r.Class = Daily
		}
	case wechat.Other:
		r.Class = Other
		if e.Code == wechat.CodeNoGrant {
			r.Class = NoGrant
		}
	case wechat.Stop, wechat.Invalid:
		r.Class = Stop
	case wechat.Unknown:
	}
	return r
}

// officialAccount sends template messages to those who follow the official account.
type officialAccount struct{ client *wechat.Client }

// Name is Official.
func (officialAccount) Name() string { return Official }

// Account is the openid of who follows.
func (officialAccount) Account(r Reach) (account, why string) {
	switch {
	case r.OfficialID == "":
		return "", "没有关注公众号，或没有绑定微信"
	case !r.Follows:
		return "", "已取消关注公众号"
	}
	return r.OfficialID, ""
}

// Repeatable is how long the platform takes a client_msg_id once.
func (officialAccount) Repeatable() time.Duration { return 10 * time.Minute }

// Quota is that of template messages.
func (c officialAccount) Quota(ctx context.Context) (wechat.Quota, error) {
	return c.client.TemplateQuota(ctx)
}

// QuotaName is that of template messages.
func (officialAccount) QuotaName() string { return workflow.QuotaTemplate }

// Send sends a template message.
func (c officialAccount) Send(ctx context.Context, m Message) (string, error) {
	id, err := c.client.SendTemplate(ctx, wechat.Template{To: m.To, Template: m.Template, Page: m.Page, ID: m.Key, Data: m.Keywords})
	return id, refusalFrom(err)
}

// subscribe sends subscribe messages of the mini-program, long-term or one-time.
type subscribe struct {
	client *wechat.Client
	name   string
}

// Name is Standing or Once.
func (c subscribe) Name() string { return c.name }

// Account is the openid of the mini-program.
func (subscribe) Account(r Reach) (account, why string) {
	if r.MiniProgram == "" {
		return "", "没有绑定微信"
	}
	return r.MiniProgram, ""
}

// Repeatable is zero: the platform takes each message as a new one.
func (subscribe) Repeatable() time.Duration { return 0 }

// Quota is that of subscribe messages, long-term and one-time together.
func (c subscribe) Quota(ctx context.Context) (wechat.Quota, error) {
	return c.client.SubscribeQuota(ctx)
}

// QuotaName is that of subscribe messages.
func (subscribe) QuotaName() string { return workflow.QuotaSubscribe }

// Send sends a subscribe message.
func (c subscribe) Send(ctx context.Context, m Message) (string, error) {
	id, err := c.client.SendSubscribe(ctx, wechat.Subscribe{To: m.To, Template: m.Template, Page: m.Page, Data: m.Keywords})
	return id, refusalFrom(err)
}

// work sends messages in WeCom.
type work struct{ client *wechat.Client }

// Name is WeCom.
func (work) Name() string { return WeCom }

// Account is the member's id.
func (work) Account(r Reach) (account, why string) {
	if r.WeCom == "" {
		return "", "没有企业微信账号"
	}
	return r.WeCom, ""
}

// Repeatable is how long WeCom takes the same message once.
func (work) Repeatable() time.Duration { return 30 * time.Minute }

// PerMinute keeps below what WeCom drops without a word: more than 30 messages a minute to a member, or 1000 an hour.
func (work) PerMinute() int64 { return 15 }

// Send sends a card that opens the mini-program.
func (c work) Send(ctx context.Context, m Message) (string, error) {
	title, items := card(m)
	page := m.Page
	if page != "" { // so that two notices that say the same are two messages, and the same one repeated is one
		sep := "?"
		if strings.Contains(page, "?") {
			sep = "&"
		}
		page += sep + "notice=" + url.QueryEscape(m.Key)
	}
	id, err := c.client.SendWork(ctx, wechat.Work{To: m.To, Title: title, Description: "奉浦难事快办", Items: items, Page: page})
	return id, refusalFrom(err)
}

// weChatLister lists the platform's templates.
type weChatLister struct{ client *wechat.Client }

// Templates lists a channel's.
func (l weChatLister) Templates(ctx context.Context, channel string) ([]wechat.Listed, error) {
	if channel == Official {
		return l.client.OfficialTemplates(ctx)
	}
	return l.client.SubscribeTemplates(ctx)
}

// Pushed takes what WeChat pushes of messages and grants: it is a wechat.Handler.
func (d *Dispatcher) Pushed(ctx context.Context, e wechat.Event) error {
	k, _, err := d.knowledge(ctx)
	if err != nil {
		return err
	}
	account, at := d.account(e.OpenID), k.Shifted(e.At)
	switch e.Name {
	case wechat.TemplateSent:
		return d.Delivered(ctx, store.DeliveryEvent{ID: eventID(e.ID, 0), Channel: Official, Account: account, MessageID: e.MsgID, Delivered: e.Delivered(), Why: refusedByUser(e.Status), At: at})
	case wechat.SubscribeSent:
		for i, item := range e.Items {
			if err := d.Delivered(ctx, store.DeliveryEvent{
				ID: eventID(e.ID, i), Channel: d.o.Plan.channelOf(item.Template), Account: account, Template: item.Template, MessageID: item.MsgID,
				Delivered: item.Code == "0", Why: "平台未能送达（" + cut(clean(item.Code), maxCode) + "）", At: at,
			}); err != nil {
				return err
			}
		}
	case wechat.Answered, wechat.Withdrawn:
		for i, item := range e.Items {
			if err := d.granted(ctx, account, store.GrantReport{
				ID: eventID(e.ID, i), Source: store.FromPlatform, Template: item.Template, Standing: d.o.Plan.channelOf(item.Template) == Standing,
				Answer: item.Status, At: at, Withdrawn: e.Name == wechat.Withdrawn,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Dispatcher) granted(ctx context.Context, account string, r store.GrantReport) error {
	if r.Answer != store.GrantAccepted && r.Answer != store.GrantRejected {
		return nil
	}
	return d.o.DB.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ReportGrant(ctx, account, r)
		return err
	})
}

func eventID(id string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", id, i))
	return hex.EncodeToString(sum[:])
}

func refusedByUser(status string) string {
	if status == "failed:user block" {
		return "对方拒收公众号消息"
	}
	return "平台未能送达"
}
