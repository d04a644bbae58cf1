package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"xiaopu/configs"
	"xiaopu/server/cache"
	"xiaopu/server/config"
	"xiaopu/server/notify"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

// book knows of one openid per person who has one.
type book map[string]string

func (b book) Reach(_ context.Context, recipient string) (notify.Reach, error) {
	return notify.Reach{MiniProgram: b[recipient]}, nil
}

func (book) Unreachable(context.Context, string, string) error { return nil }

// newMessagingOffice is an office that sends notices, to the people of the book.
func newMessagingOffice(t *testing.T, b book) (*office, *notify.Dispatcher) {
	t.Helper()
	text, err := configs.Files.ReadFile("notices.yaml")
	if err != nil {
		t.Fatal(err)
	}
	n, err := config.LoadNotices(text)
	if err != nil {
		t.Fatal(err)
	}
	plan := notify.NewPlan(n)
	desk := &notify.Desk{Plan: plan, Book: b}
	o := newOffice(t, func(opts *Options) { opts.Notices = desk })
	desk.DB, desk.Engine = o.db, o.engine
	memory, err := cache.New(cache.Options{Clock: o.clock})
	if err != nil {
		t.Fatal(err)
	}
	return o, notify.New(notify.Options{DB: o.db, Engine: o.engine, Cache: memory, Book: b, Plan: plan, Logger: slog.New(slog.DiscardHandler)})
}

func TestSubscriptionsAreAskedForByNeedAndCountedOnce(t *testing.T) {
	o, _ := newMessagingOffice(t, book{"p-r": "openid-r", "p-cy": "openid-cy"})
	ask := func(person, scene string) string {
		t.Helper()
		a := ok[notify.Question](o.get(person, "/wechat/templates?scene="+scene))
		var ids []string
		for _, x := range a.Templates {
			ids = append(ids, fmt.Sprint(x.ID[:strings.LastIndex(x.ID, "-")], x.Remaining))
		}
		return a.Kind + " " + strings.Join(ids, " ")
	}
	report := func(person, event, template, result string) []notify.Subscription {
		t.Helper()
		return ok[Subscriptions](o.post(person, "/wechat/subscriptions", ReportedSubscriptions{ClientEventID: event, Results: []notify.SubscriptionAnswer{{Template: template, Result: result}}})).Items
	}
	const standing, once = "MP-tmpl-case-standing-00000000000000000003", "MP-tmpl-case-once-000000000000000000000004"
	if got := ask("p-r", "report"); got != "standing MP-tmpl-case-standing0" {
		t.Error(got)
	}
	report("p-r", "event-0001", standing, "accept")
	if got := ask("p-r", "report"); got != " " {
		t.Error("everything can go by the long-term grant, and yet asked for", got)
	}
	// Who has withdrawn it is asked again; one-time ones are counted.
	report("p-r", "event-0002", standing, "reject")
	for range 3 {
		report("p-r", "event-0003", once, "acceptWithAudio")
	}
	list := report("p-r", "event-0004", "a-template-of-an-older-version", "accept")
	if want := []notify.Subscription{{Template: standing}, {Template: once, Remaining: 1}}; !slices.Equal(list, want) {
		t.Errorf("%+v", list)
	}
	// Staff are not asked for what only requesters are told.
	for i := range 3 {
		report("p-cy", fmt.Sprint("event-100", i), once, "accept")
	}
	if got := ask("p-cy", "accept"); got != "standing MP-tmpl-case-standing0" {
		t.Error(got)
	}
	for name, c := range map[string]struct {
		a      answer
		status int
		reason string
	}{
		"no WeChat":              {o.get("p-w1", "/wechat/templates?scene=report"), http.StatusConflict, "notice.no_wechat"},
		"no scene":               {o.get("p-r", "/wechat/templates"), http.StatusBadRequest, ""},
		"a scene that is none":   {o.get("p-r", "/wechat/templates?scene=moon"), http.StatusBadRequest, ""},
		"nothing answered":       {o.post("p-r", "/wechat/subscriptions", ReportedSubscriptions{ClientEventID: "event-0009"}), http.StatusBadRequest, ""},
		"a code that is none":    {o.post("p-r", "/wechat/subscriptions", ReportedSubscriptions{ClientEventID: "event-0009", ErrCode: -1}), http.StatusBadRequest, ""},
		"an answer that is none": {o.post("p-r", "/wechat/subscriptions", ReportedSubscriptions{ClientEventID: "event-0009", Results: []notify.SubscriptionAnswer{{Template: once, Result: "maybe"}}}), http.StatusBadRequest, ""},
	} {
		if c.a.status != c.status || !strings.Contains(string(c.a.body), c.reason) {
			t.Errorf("%s: %d %s", name, c.a.status, c.a.body)
		}
	}
}

// Who has switched subscribe messages off as a whole is not asked for a week, is told how to switch them on, and is sent none; what they allow next
// says that they are on again. A repetition of the old report, late, switches nothing off.
func TestTheSwitchForAllSubscribeMessages(t *testing.T) {
	o, _ := newMessagingOffice(t, book{"p-r": "openid-r"})
	question := func() notify.Question {
		t.Helper()
		return ok[notify.Question](o.get("p-r", "/wechat/templates?scene=report"))
	}
	report := func(r ReportedSubscriptions) []notify.Subscription {
		t.Helper()
		return ok[Subscriptions](o.post("p-r", "/wechat/subscriptions", r)).Items
	}
	const once = "MP-tmpl-case-once-000000000000000000000004"
	accepted := func(event string) ReportedSubscriptions {
		return ReportedSubscriptions{ClientEventID: event, Results: []notify.SubscriptionAnswer{{Template: once, Result: "accept"}}}
	}
	off := ReportedSubscriptions{ClientEventID: "event-off-1", ErrCode: 20004}
	report(accepted("event-0001"))
	report(ReportedSubscriptions{ClientEventID: "event-0002", ErrCode: 10002}) // no network: says nothing of the person
	if q := question(); q.SwitchedOff || len(q.Templates) == 0 {
		t.Errorf("%+v", q)
	}
	if list := report(off); len(list) != 1 || list[0].Remaining != 1 {
		t.Errorf("what they had allowed is gone: %+v", list)
	}
	if q := question(); !q.SwitchedOff || len(q.Templates) != 0 || !strings.Contains(q.Hint, "打开") {
		t.Errorf("%+v", q)
	}
	o.at("2026-03-04 10:00")
	report(accepted("event-0003"))
	report(off) // again: its answer had been lost
	if q := question(); q.SwitchedOff || len(q.Templates) == 0 || q.Hint != "" {
		t.Errorf("%+v", q)
	}
	report(ReportedSubscriptions{ClientEventID: "event-off-2", ErrCode: 20004})
	o.at("2026-03-11 09:59")
	if q := question(); !q.SwitchedOff {
		t.Errorf("%+v", q)
	}
	o.at("2026-03-11 10:00")
	if q := question(); q.SwitchedOff || len(q.Templates) == 0 {
		t.Errorf("%+v", q)
	}
}

func TestWhatCouldNotBeToldStandsOnAListUntilSomebodyHasToldThem(t *testing.T) {
	o, d := newMessagingOffice(t, nil)
	c := o.handling()
	if _, err := d.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	var seen []notify.MissedNotice
	for cursor := ""; ; {
		page := ok[workflow.Page[notify.MissedNotice]](o.get("p-cy", "/notices/untold?limit=1&before="+cursor))
		seen = append(seen, page.Items...)
		if page.Next == "" {
			break
		}
		cursor = page.Next
	}
	if len(seen) < 3 || seen[0].ID < seen[1].ID || seen[0].Recipient == nil || seen[0].Recipient.Name == "" || seen[0].Why == "" {
		t.Fatalf("%+v", seen)
	}
	asked := ok[workflow.Page[notify.MissedNotice]](o.get("p-cy", "/notices/untold?for=requester"))
	if len(asked.Items) == 0 || asked.Items[0].Recipient != nil || asked.Items[0].Number != c.Number {
		t.Errorf("%+v", asked.Items)
	}
	body := string(o.get("p-cy", "/notices/untold?for=requester").body) + string(o.get("p-cy", "/notices/untold").body)
	for _, secret := range []string{"13812345678", "沈阿婆", "requester:", "openid"} {
		if strings.Contains(body, secret) {
			t.Errorf("the list shows %s", secret)
		}
	}
	if list := ok[workflow.Page[notify.MissedNotice]](o.get("p-cy", "/notices/unconfirmed")); len(list.Items) != 0 {
		t.Errorf("%+v", list)
	}
	told := func(person, id string) int {
		return o.post(person, "/notices/"+id+"/told", ToldOtherwise{Means: "phone"}).status
	}
	for range 2 {
		if got := told("p-cy", seen[0].ID); got != http.StatusNoContent {
			t.Error(got)
		}
	}
	if got := told("p-cy", "nothing"); got != http.StatusNotFound {
		t.Error(got)
	}
	if got := told("p-w1", seen[1].ID); got != http.StatusForbidden {
		t.Error(got)
	}
	if left := ok[workflow.Page[notify.MissedNotice]](o.get("p-cy", "/notices/untold?limit=1")); left.Items[0].ID == seen[0].ID {
		t.Error("still on the list")
	}
	log, err := o.engine.AuditLog(t.Context(), store.AuditFilter{Action: "notice.tell", Limit: 10})
	if err != nil || len(log) != 1 || log[0].Object != "notice:"+seen[0].ID || log[0].Detail["means"] != "phone" {
		t.Errorf("%+v %v", log, err)
	}
	// The inbox has it all the same.
	if page := ok[workflow.Page[workflow.NoticeItem]](o.get(seen[0].Recipient.ID, "/inbox")); len(page.Items) == 0 {
		t.Error("not in the inbox")
	}
}
