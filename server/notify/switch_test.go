package notify

import (
	"context"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/wechat/wechatsim"
)

// A phone on which subscribe messages are switched off is sent none, so that its grants are not lost by trying; whatever the platform then tells of an
// answer counts too.
func TestNothingIsSentWhereSubscribeMessagesAreSwitchedOff(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		sim, _ := throughStandIn(t, d)
		d.allowed("requester:r-1", onceTemplate, false, 2)
		sim.Change("phone-002", func(p *wechatsim.Phone) { p.Muted = true })
		report := func(source, answer, template, id string, at time.Time) {
			t.Helper()
			if err := d.db.InTxAgain(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.ReportGrant(ctx, AccountIndex(d.db.Sealer(), d.book.reach["requester:r-1"].MiniProgram), store.GrantReport{ID: id, Source: source, Answer: answer, Template: template, At: at})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if a := sim.Ask("phone-002", []string{onceTemplate}, nil, false); a.Code != switchedOffCode {
			t.Fatalf("%+v", a)
		}
		report(store.FromClient, store.GrantSwitchedOff, "", "off-1", *d.now.Load())
		a := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.run()
		d.expect(a, "untold：小程序长期订阅：对方关闭了订阅消息总开关；小程序订阅：对方关闭了订阅消息总开关；公众号：没有关注公众号，或没有绑定微信")
		left := func() int {
			list, err := d.db.Grants(t.Context(), AccountIndex(d.db.Sealer(), d.book.reach["requester:r-1"].MiniProgram))
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return list[0].Remaining
		}
		if n := left(); n != 2 {
			t.Errorf("%d grants are left", n)
		}
		d.later(time.Minute)
		sim.Change("phone-002", func(p *wechatsim.Phone) { p.Muted = false })
		report(store.FromPlatform, store.GrantAccepted, onceTemplate, "popup-1", d.now.Load().Add(-2*time.Minute)) // from before it was switched off
		b := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.run()
		if d.state(b) == "told once" {
			t.Error("an old answer has switched it on")
		}
		report(store.FromPlatform, store.GrantAccepted, onceTemplate, "popup-2", *d.now.Load())
		c := d.write("requester:r-1", casework.NoticeAccepted, false)
		d.run()
		d.expect(c, "told once")
	})
}
