package notify

import (
	"cmp"
	"context"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

// Desk is what people see and do beside the sending: which messages to allow, and what did not get through.
type Desk struct {
	DB     *store.DB
	Engine *workflow.Engine
	Plan   *Plan
	Book   Book
}

// ErrNoWeChat says that the caller has no WeChat account bound here.
var ErrNoWeChat = apperr.New(apperr.FailedPrecondition, "notice.no_wechat", "您还没有在小程序里绑定微信，请先用微信登录小程序并绑定。")

var errNothingReported = apperr.New(apperr.InvalidArgument, "notice.nothing_reported", "请给出每个模板的回答（results），或询问失败时的错误码（err_code）。")

const (
	askAtOnce = 3 // templates in one question: what every version of WeChat takes
	wanted    = 3 // one-time grants of a template below which the client asks for more
)

// Question is what to ask the person for at this tap.
type Question struct {
	// Kind is Standing or Once; one question holds one kind.
	Kind      string          `json:"kind,omitempty" enum:"standing,once" doc:"standing 长期订阅、once 一次性订阅；一次只能问同一种"`
	Templates []TemplateToAsk `json:"templates" doc:"传给 wx.requestSubscribeMessage 的模板，最多 3 个；空则不必问"`
	// SwitchedOff says that the person takes no subscribe messages at all. They are not asked again for a week, but can be told.
	SwitchedOff bool   `json:"switched_off,omitempty" doc:"本人关闭了订阅消息总开关，一周内不再询问"`
	Hint        string `json:"hint,omitempty" doc:"总开关关闭时请显示：怎样打开"`
}

const (
	// switchedOffFor is how long a switch that is off is believed: WeChat does not tell when it is on again, but by what is allowed next.
	switchedOffFor = 7 * 24 * time.Hour
	// switchedOffCode is what wx.requestSubscribeMessage fails with then.
	switchedOffCode = 20004

	switchedOffHint = "您在微信里关闭了订阅消息，收不到办理提醒。请点小程序右上角“…”，在“设置”的“通知管理”中打开“接收通知”。"
)

// switchedOff reports whether an account takes no subscribe messages, as far as anybody knows.
func switchedOff(ctx context.Context, db *store.DB, account string, now time.Time) (bool, error) {
	at, err := db.SwitchedOff(ctx, account)
	return !at.IsZero() && now.Sub(at) < switchedOffFor, err
}

// TemplateToAsk is one template to ask for.
type TemplateToAsk struct {
	ID        string `json:"id" doc:"模板编号（tmplIds）"`
	Remaining int    `json:"remaining" doc:"还可发送的次数（一次性订阅）"`
}

// ToAsk gives the templates to ask the caller for in a scene: long-term ones that are missing, else the one-time ones of which the
// fewest are left.
func (d *Desk) ToAsk(ctx context.Context, actor casework.Actor, scene string) (Question, error) {
	grants, account, err := d.grants(ctx, actor)
	if err != nil {
		return Question{}, err
	}
	k, err := d.Engine.Knowledge(ctx)
	if err != nil {
		return Question{}, err
	}
	if off, err := switchedOff(ctx, d.DB, account, d.Engine.Now(k)); err != nil || off {
		return Question{Templates: []TemplateToAsk{}, SwitchedOff: off, Hint: switchedOffHint}, err
	}
	for _, kind := range []string{Standing, Once} {
		ask := Question{Kind: kind, Templates: []TemplateToAsk{}}
		for _, t := range d.asked(actor, kind) {
			g := grants[t.ID]
			if slices.Contains(t.Scenes, scene) && (kind == Standing && !g.Standing || kind == Once && g.Remaining < wanted) {
				ask.Templates = append(ask.Templates, TemplateToAsk{t.ID, g.Remaining})
			}
		}
		slices.SortStableFunc(ask.Templates, func(a, b TemplateToAsk) int { return cmp.Compare(a.Remaining, b.Remaining) })
		ask.Templates = ask.Templates[:min(len(ask.Templates), askAtOnce)]
		if len(ask.Templates) > 0 {
			return ask, nil
		}
		if kind == Standing && d.allStanding(actor, grants) {
			break // they are told everything already
		}
	}
	return Question{Templates: []TemplateToAsk{}}, nil
}

// asked are the templates of a kind that messages to the actor may be of.
func (d *Desk) asked(actor casework.Actor, kind string) (list []config.NoticeTemplate) {
	resident := len(actor.Requesters) > 0
	works := slices.ContainsFunc(actor.Posts, func(p casework.Post) bool { return p.Role != casework.Resident })
	for _, t := range d.Plan.Templates {
		fits := t.For == "" || t.For == store.RequesterAudience && (resident || !works) || t.For == store.StaffAudience && works
		if t.Channel == kind && fits && d.Plan.differs(t.ID) == "" {
			list = append(list, t)
		}
	}
	return list
}

// allStanding tells whether every message to the actor can go by a long-term grant.
func (d *Desk) allStanding(actor casework.Actor, grants map[string]store.Grant) bool {
	list := d.asked(actor, Standing)
	everything := func(t config.NoticeTemplate) bool { return t.For == "" && len(t.Kinds) == 0 }
	return slices.ContainsFunc(list, everything) && !slices.ContainsFunc(list, func(t config.NoticeTemplate) bool { return !grants[t.ID].Standing })
}

func (d *Desk) grants(ctx context.Context, actor casework.Actor) (byTemplate map[string]store.Grant, account string, err error) {
	reach, err := d.Book.Reach(ctx, actor.PersonID)
	if err != nil {
		return nil, "", err
	}
	if reach.MiniProgram == "" {
		return nil, "", ErrNoWeChat
	}
	account = AccountIndex(d.DB.Sealer(), reach.MiniProgram)
	list, err := d.DB.Grants(ctx, account)
	byTemplate = make(map[string]store.Grant, len(list))
	for _, g := range list {
		byTemplate[g.Template] = g
	}
	return byTemplate, account, err
}

// SubscriptionAnswer is what the person said to the question for one template.
type SubscriptionAnswer struct {
	Template string `json:"template" maxLength:"64" doc:"模板编号"`
	Result   string `json:"result" enum:"accept,acceptWithAudio,acceptWithAlert,acceptWithForcePush,reject,ban,filter" doc:"wx.requestSubscribeMessage 返回的结果，原样填写"`
}

// Subscription is what a person has allowed of one template.
type Subscription struct {
	Template  string `json:"template" doc:"模板编号"`
	Standing  bool   `json:"standing" doc:"长期有效"`
	Remaining int    `json:"remaining" doc:"还可发送的次数（一次性订阅）"`
}

// Report counts what the person answered. The same clientID counts once, however often it is sent. Templates that are no longer in
// use are passed over. code is what asking failed with, 0 for not: of those only the switch that is off says something of the person.
func (d *Desk) Report(ctx context.Context, actor casework.Actor, clientID string, code int, answers []SubscriptionAnswer) ([]Subscription, error) {
	if code == 0 && len(answers) == 0 {
		return nil, errNothingReported
	}
	_, account, err := d.grants(ctx, actor)
	if err != nil {
		return nil, err
	}
	k, err := d.Engine.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	now := d.Engine.Now(k)
	if err := d.DB.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		if code == switchedOffCode {
			if _, err := tx.ReportGrant(ctx, account, store.GrantReport{ID: clientID, Source: store.FromClient, Answer: store.GrantSwitchedOff, At: now}); err != nil {
				return err
			}
		}
		for _, a := range answers {
			i := slices.IndexFunc(d.Plan.Templates, func(t config.NoticeTemplate) bool { return t.ID == a.Template && t.Channel != Official })
			if i < 0 {
				continue
			}
			r := store.GrantReport{ID: clientID, Source: store.FromClient, Template: a.Template, Standing: d.Plan.Templates[i].Channel == Standing, Answer: a.Result, At: now}
			if len(a.Result) > len(store.GrantAccepted) && a.Result[:len(store.GrantAccepted)] == store.GrantAccepted {
				r.Answer = store.GrantAccepted // with a sound or so
			}
			if _, err := tx.ReportGrant(ctx, account, r); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	grants, _, err := d.grants(ctx, actor)
	list := []Subscription{}
	for _, t := range d.Plan.Templates {
		if g, ok := grants[t.ID]; ok {
			list = append(list, Subscription{g.Template, g.Standing, g.Remaining})
		}
	}
	return list, err
}

// MissedNotice is a notice that did not surely get through.
type MissedNotice struct {
	ID        string              `json:"id"`
	Kind      casework.NoticeKind `json:"kind"`
	Text      string              `json:"text"`
	CaseID    string              `json:"case_id,omitempty"`
	Number    string              `json:"number,omitempty"`
	Urgent    bool                `json:"urgent"`
	Recipient *workflow.Named     `json:"recipient,omitempty" doc:"工作人员；诉求人不显示"`
	CreatedAt time.Time           `json:"created_at"`
	SettledAt time.Time           `json:"settled_at" doc:"何时确定未能通知"`
	Read      bool                `json:"read" doc:"后来已在站内读过"`
	Why       string              `json:"why" doc:"各渠道为什么没有送达"`
	Tried     []ChannelTry        `json:"tried" doc:"实际发送过的渠道"`
}

// ChannelTry is what one channel did.
type ChannelTry struct {
	Channel  string              `json:"channel" enum:"official,standing,once,wecom,sms" doc:"渠道"`
	Label    string              `json:"label" doc:"如：公众号"`
	State    store.DeliveryState `json:"state" enum:"sending,retry,sent,unconfirmed,failed" doc:"unconfirmed 是否送达尚不确定、failed 被拒绝"`
	Tries    int                 `json:"tries" doc:"发送次数"`
	At       time.Time           `json:"at"`
	Code     int                 `json:"code,omitempty" doc:"平台的错误码"`
	RID      string              `json:"rid,omitempty" doc:"平台的请求编号，7 天内可用来查询"`
	Possible bool                `json:"possible_double,omitempty" doc:"可能是重复送达：先前的渠道也许已经送达"`
}

// Missing lists notices to an audience that could not be told (NoticeUntold) or of which nobody knows (NoticeUnconfirmed), newest
// first.
func (d *Desk) Missing(ctx context.Context, state store.NoticeState, audience, before string, limit int) (workflow.Page[MissedNotice], error) {
	page := workflow.Page[MissedNotice]{Items: []MissedNotice{}}
	k, err := d.Engine.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	list, err := d.DB.UnsettledNotices(ctx, state, audience, before, limit+1)
	if err != nil {
		return page, err
	}
	for i, o := range list {
		if i == limit {
			page.Next = list[i-1].ID
			break
		}
		m := MissedNotice{
			ID: o.ID, Kind: o.Kind, Text: k.NoticeText(o.InboxRow), CaseID: o.CaseID, Number: o.Number, Urgent: o.Urgent, CreatedAt: o.CreatedAt, SettledAt: o.SettledAt,
			Read: !o.ReadAt.IsZero(), Why: o.Why, Tried: []ChannelTry{},
		}
		if audience == store.StaffAudience {
			m.Recipient = &workflow.Named{ID: o.Recipient, Name: k.Organisation.PersonName(o.Recipient)}
		}
		for _, t := range o.Deliveries {
			m.Tried = append(m.Tried, ChannelTry{t.Channel, Label(t.Channel), t.State, t.Tries, t.TriedAt, t.Code, t.RID, t.PossibleDouble})
		}
		page.Items = append(page.Items, m)
	}
	return page, nil
}

// Told notes that the recipient was told by other means: by phone, a visit or at a meeting. Again it changes nothing.
func (d *Desk) Told(ctx context.Context, actor casework.Actor, id, means string) error {
	k, err := d.Engine.Knowledge(ctx)
	if err != nil {
		return err
	}
	return d.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		number, done, err := tx.ToldOtherwise(ctx, id, actor.PersonID, means, d.Engine.Now(k))
		if err != nil || !done {
			return err
		}
		return d.Engine.RecordIn(ctx, tx, workflow.Audited{Actor: actor.PersonID, Action: "notice.tell", Object: "notice:" + id, Detail: map[string]string{"number": number, "means": means}})
	})
}
