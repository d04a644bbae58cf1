package notify

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/configs"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/store"
	"xiaopu/server/wechat"
	"xiaopu/server/workday"
)

func loadShipped() (*Plan, error) {
	text, err := configs.Files.ReadFile("notices.yaml")
	if err != nil {
		return nil, err
	}
	n, err := config.LoadNotices(text)
	return NewPlan(n), err
}

func shipped(t testing.TB) *Plan {
	t.Helper()
	p, err := loadShipped()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func outgoing(recipient string, kind casework.NoticeKind) store.Outgoing {
	o := store.Outgoing{State: store.NoticeWaiting}
	o.ID, o.Recipient, o.CaseID, o.Number, o.Kind = "n-1", recipient, "c-1", "NS2026-000042", kind
	o.Urgent = kind == casework.NoticeEscalated && recipient == "p-1"
	o.Args = map[string]string{"due": "2026-03-05T17:00:00+08:00", "tier": "II", "on": "2026-03-05"}
	o.CreatedAt = time.Date(2026, 3, 2, 10, 0, 0, 0, workday.Shanghai)
	return o
}

// composed is a message that tells a notice so many times.
func composed(p *Plan, o store.Outgoing, channel string, count int) (Message, error) {
	news := slices.Repeat([]store.InboxRow{o.InboxRow}, count)
	var t config.NoticeTemplate
	if list := p.templatesFor(channel, news); len(list) > 0 {
		t = list[0]
	}
	return p.compose(o, channel, t, news, "难事 NS2026-000042 …")
}

func TestEveryNoticeFitsEveryTemplateAndNothingPersonalIsInIt(t *testing.T) {
	p := shipped(t)
	for _, kind := range casework.NoticeKinds {
		for _, recipient := range []string{"p-1", "requester:r-1"} {
			for _, channel := range config.NoticeChannels {
				for _, count := range []int{1, 2, 1000} {
					m, err := composed(p, outgoing(recipient, kind), channel, count)
					if err != nil {
						t.Errorf("%s to %s: %v", kind, recipient, err)
						continue
					}
					if needsTemplate(channel) && (m.Template == "" || len(m.Keywords) == 0) {
						t.Errorf("%s to %s has no template on %s", kind, recipient, channel)
					}
					if m.Page == "" || strings.Contains(m.Page, "{") {
						t.Errorf("page %q", m.Page)
					}
					for name, v := range m.Keywords {
						if v == "" || strings.Contains(v, "r-1") || strings.Contains(v, "{") || strings.HasPrefix(name, "thing") && strings.HasSuffix(v, "…") {
							t.Errorf("%s to %s: %s is %q", kind, recipient, name, v)
						}
					}
				}
			}
		}
	}
}

func TestAMessageLeadsToItsCaseAndABundleToTheInbox(t *testing.T) {
	p := shipped(t)
	m, err := composed(p, outgoing("p-1", casework.NoticeDispatched), Official, 1)
	if err != nil || m.Page != "pages/case/detail?id=c-1" || m.Keywords["character_string1"] != "NS2026-000042" || m.Keywords["time4"] != "2026年03月05日 17:00" || m.Keywords["phrase3"] != "待接单" {
		t.Errorf("%+v %v", m, err)
	}
	m, err = composed(p, outgoing("p-1", casework.NoticeDispatched), Official, 7)
	if err != nil || m.Page != "pages/inbox/index" || m.Keywords["character_string1"] != "-" || m.Keywords["thing5"] != "您有7条新消息，请查看" || m.Number != "" {
		t.Errorf("%+v %v", m, err)
	}
	if m, err = composed(p, outgoing("p-1", casework.NoticeDispatched), WeCom, 1); err != nil || m.Page != "pages/case/detail?id=c-1" {
		t.Errorf("%+v %v", m, err)
	}
	m, err = composed(p, outgoing("p-1", casework.NoticeEscalated), Official, 1)
	if err != nil || m.Template != "OA-tmpl-case-escalated-0000000000000000002" {
		t.Errorf("%+v %v", m, err)
	}
}

func TestChannelsFollowRecipientAndEvent(t *testing.T) {
	p := shipped(t)
	for name, c := range map[string]struct {
		o    store.Outgoing
		want string
	}{
		"an escalation begins with the official account": {outgoing("p-1", casework.NoticeEscalated), "official standing once wecom sms"},
		"an order is urgent enough for a text message":   {outgoing("p-1", casework.NoticeSupervised), "official wecom standing once sms"},
		"other things to staff":                          {outgoing("p-1", casework.NoticeDispatched), "official standing once wecom"},
		"a requester":                                    {outgoing("requester:r-1", casework.NoticeEscalated), "standing once official"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(p.channelsFor([]store.InboxRow{c.o.InboxRow}), " "); got != c.want {
				t.Error(got)
			}
		})
	}
}

func TestABundleHasTheChannelsOfAllThatItTells(t *testing.T) {
	p := shipped(t)
	for name, c := range map[string]struct {
		recipient string
		kinds     []casework.NoticeKind
		want      string
	}{
		"an order behind progress":  {"p-1", []casework.NoticeKind{casework.NoticeProgress, casework.NoticeSupervised}, "official wecom standing once sms"},
		"progress behind an order":  {"p-1", []casework.NoticeKind{casework.NoticeSupervised, casework.NoticeProgress}, "official wecom standing once sms"},
		"progress and what is like": {"p-1", []casework.NoticeKind{casework.NoticeProgress, casework.NoticeDispatched}, "official standing once wecom"},
	} {
		var news []store.InboxRow
		for _, k := range c.kinds {
			news = append(news, outgoing(c.recipient, k).InboxRow)
		}
		if got := strings.Join(p.channelsFor(news), " "); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	// A narrow order above a wide one takes none of the wide one's away.
	p.Orders = []config.ChannelOrder{{For: "staff", Kinds: []casework.NoticeKind{casework.NoticeProgress}, Channels: []string{Once}}, {For: "staff", Channels: []string{Official, Once, SMS}}}
	if got := strings.Join(p.channelsFor([]store.InboxRow{outgoing("p-1", casework.NoticeDispatched).InboxRow, outgoing("p-1", casework.NoticeProgress).InboxRow}), " "); got != "once official sms" {
		t.Error(got)
	}
}

func TestTheMorningIsThatOfTheNextWorkingDay(t *testing.T) {
	text, err := configs.Files.ReadFile("workdays/2026.yaml")
	if err != nil {
		t.Fatal(err)
	}
	year, err := config.LoadYear(text)
	if err != nil {
		t.Fatal(err)
	}
	cal, err := workday.New(workday.DefaultHours, []workday.Year{year}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := shipped(t)
	for name, c := range map[string]struct{ now, want string }{
		"within the hours":             {"2026-03-03 10:00", ""},
		"at the opening":               {"2026-03-03 08:30", ""},
		"before work":                  {"2026-03-03 07:00", "2026-03-03 08:30"},
		"after work":                   {"2026-03-03 17:30", "2026-03-04 08:30"},
		"a Friday evening":             {"2026-03-06 20:00", "2026-03-09 08:30"},
		"a Sunday":                     {"2026-03-08 10:00", "2026-03-09 08:30"},
		"a working Saturday by notice": {"2026-02-28 10:00", ""},
		"the Spring Festival":          {"2026-02-18 10:00", "2026-02-24 08:30"},
	} {
		t.Run(name, func(t *testing.T) {
			now, err := time.ParseInLocation("2006-01-02 15:04", c.now, workday.Shanghai)
			if err != nil {
				t.Fatal(err)
			}
			at, open := p.morning(cal, now)
			if open != (c.want == "") || !open && at.In(workday.Shanghai).Format("2006-01-02 15:04") != c.want {
				t.Error(at, open)
			}
		})
	}
}

type lister func(channel string) ([]wechat.Listed, error)

func (l lister) Templates(_ context.Context, channel string) ([]wechat.Listed, error) {
	return l(channel)
}

func TestATemplateThatDiffersFromThePlatformsIsNotUsed(t *testing.T) {
	const content = "编号:{{character_string1.DATA}}\n事项:{{thing2.DATA}}\n状态:{{phrase3.DATA}}\n时间:{{time4.DATA}}\n提示:{{thing5.DATA}}\n"
	all := func(channel string) []wechat.Listed {
		var list []wechat.Listed
		for _, x := range shipped(t).Templates {
			if x.Channel == channel {
				list = append(list, wechat.Listed{ID: x.ID, Standing: channel == Standing, Content: content})
			}
		}
		return list
	}
	const once = "MP-tmpl-case-once-000000000000000000000004"
	change := func(f func(*wechat.Listed)) func(string) []wechat.Listed {
		return func(channel string) []wechat.Listed {
			list := all(channel)
			for i := range list {
				if list[i].ID == once {
					f(&list[i])
				}
			}
			return list
		}
	}
	for name, c := range map[string]struct {
		listed func(string) []wechat.Listed
		want   string
	}{
		"the same":            {all, ""},
		"not there":           {change(func(l *wechat.Listed) { l.ID = "other" }), "没有这个模板"},
		"of the other kind":   {change(func(l *wechat.Listed) { l.Standing = true }), "不一致"},
		"another keyword":     {change(func(l *wechat.Listed) { l.Content += "{{thing6.DATA}}" }), "thing6"},
		"a keyword less":      {change(func(l *wechat.Listed) { l.Content = strings.Replace(l.Content, "{{thing5.DATA}}", "", 1) }), "关键词不一致"},
		"a state not allowed": {change(func(l *wechat.Listed) { l.Allowed = map[string][]string{"phrase3": {"待接单"}} }), "可选值"},
	} {
		t.Run(name, func(t *testing.T) {
			p := shipped(t)
			p.mismatch[once] = "from before"
			if err := p.Check(t.Context(), []string{Official, Once, Standing}, lister(func(channel string) ([]wechat.Listed, error) { return c.listed(channel), nil }), slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			if got := p.differs(once); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Error(got)
			}
			if p.differs("OA-tmpl-case-notice-000000000000000000000001") != "" {
				t.Error("another template is not used either")
			}
		})
	}
	p := shipped(t)
	away := errors.New("away")
	if err := p.Check(t.Context(), []string{Official, Once, Standing}, lister(func(string) ([]wechat.Listed, error) { return nil, away }), slog.Default()); !errors.Is(err, away) || p.differs(once) != "" {
		t.Error(err)
	}
}
