package notify

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/notify/smssim"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
)

// linked is a channel of text messages with links over the stand-in, with a clock to turn.
func linked(t *testing.T) (*TextMessages, *standIn, *time.Time) {
	t.Helper()
	now := tuesday
	clock := func() time.Time { return now }
	sim := newStandIn(t, clock)
	memory, err := cache.New(cache.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	sms := httptest.NewServer(&smssim.Server{Key: "k", Deliver: sim.SMS})
	t.Cleanup(sms.Close)
	return &TextMessages{URL: sms.URL, Key: "k", Links: &Links{Linker: sim.gateway(t, memory, time.Second), Cache: memory, Logger: slog.New(slog.DiscardHandler)}}, sim, &now
}

func TestATextMessageOpensItsCaseWhenItIsTapped(t *testing.T) {
	c, sim, now := linked(t)
	send := func(key, page string) wechatsim.Message {
		t.Helper()
		if _, err := c.Send(t.Context(), Message{Key: key, To: "13900000000", Text: "难事 NS2026-000042 升级为Ⅱ级响应。", Page: page}); err != nil {
			t.Fatal(err)
		}
		p, _ := sim.Phone("phone-000")
		return *p.Messages[len(p.Messages)-1]
	}
	first := send("a", "pages/case/detail?id=c-1")
	text, link, ok := strings.Cut(first.Text, "。查看 ")
	if !ok || text != "难事 NS2026-000042 升级为Ⅱ级响应" || !strings.HasPrefix(link, "https://wxaurl.cn/") || strings.Contains(link, "c-1") {
		t.Fatal(first.Text)
	}
	if opened, err := sim.Tap("phone-000", first.ID); err != nil || opened.Page != "pages/case/detail" || opened.Query["id"] != "c-1" {
		t.Errorf("%+v %v", opened, err)
	}
	if again := send("b", "pages/case/detail?id=c-1"); again.Text != first.Text {
		t.Error("another link for the same page:", again.Text)
	}
	if other := send("c", "pages/case/detail?id=c-2"); strings.HasSuffix(other.Text, link) {
		t.Error("another case's link")
	}
	*now = now.Add(linkLife + time.Second) // of its thirty days a week is left
	if later := send("d", "pages/case/detail?id=c-1"); strings.HasSuffix(later.Text, link) || !strings.Contains(later.Text, "wxaurl.cn") {
		t.Error("a link that ends soon:", later.Text)
	}
	if plain := send("e", ""); strings.Contains(plain.Text, "查看") {
		t.Error(plain.Text)
	}
}

// A text message never waits for its link, nor is one asked for again and again.
func TestWithoutALinkATextMessageGoesAllTheSame(t *testing.T) {
	for name, x := range map[string]struct {
		fault wechatsim.Fault
		rest  time.Duration
	}{
		"the quota is used up":         {wechatsim.Fault{Kind: wechatsim.Refusal, Code: wechat.CodeDaily}, linkRestLong},
		"the page is not released":     {wechatsim.Fault{Kind: wechatsim.Refusal, Code: 40165}, linkRestLong},
		"the platform is busy":         {wechatsim.Fault{Kind: wechatsim.Refusal, Code: -1}, linkRest},
		"the platform does not answer": {wechatsim.Fault{Kind: wechatsim.TimeOut}, linkRest},
	} {
		t.Run(name, func(t *testing.T) {
			c, sim, now := linked(t)
			asked := &counting{Linker: c.Links.Linker}
			c.Links.Linker = asked
			x.fault.Path = "/wxa/generate_urllink"
			sim.AddFault(x.fault)
			for i, after := range []time.Duration{0, time.Second, x.rest - 2*time.Second, 3 * time.Second} {
				*now = now.Add(after)
				ctx, cancel := context.WithTimeout(t.Context(), DefaultPace.Send)
				_, err := c.Send(ctx, Message{Key: name + string(rune('0'+i)), To: "13900000000", Text: "难事", Page: "pages/case/detail?id=c-1"})
				cancel()
				if err != nil {
					t.Error(err)
				}
			}
			if p, _ := sim.Phone("phone-000"); len(p.Messages) != 4 || p.Messages[3].Text != "难事" || asked.n != 2 {
				t.Errorf("%d messages, asked %d times", len(p.Messages), asked.n)
			}
		})
	}
}

type counting struct {
	Linker
	n int
}

func (c *counting) Link(ctx context.Context, page, query string, days int) (string, error) {
	c.n++
	return c.Linker.Link(ctx, page, query, days)
}
