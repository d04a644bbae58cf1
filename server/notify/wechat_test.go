package notify

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"xiaopu/server/store/storetest"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
)

func TestWithoutAnOfficialAccountItsTemplatesAreNotMissed(t *testing.T) {
	d := newDesk(t, storetest.Open(t))
	sim := newStandIn(t, func() time.Time { return tuesday })
	app, _, _ := wechatsim.Accounts()
	client, err := wechat.New(wechat.Options{App: app, StandIn: sim.url, Cache: d.o.Cache, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	o := d.o
	o.Channels, o.Lister = WeChatChannels(client)
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	if err := New(o).check(t.Context()); err != nil || log.Len() > 0 {
		t.Errorf("%v %s", err, &log)
	}
}
