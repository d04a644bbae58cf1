package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/auth"
	"xiaopu/server/cache"
	"xiaopu/server/config"
	"xiaopu/server/demo"
	"xiaopu/server/organisation"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
	"xiaopu/server/workflow"
)

// weChat is how a process speaks with WeChat.
type weChat struct {
	client   *wechat.Client // nil when WeChat is off, and the two below with it
	receiver *wechat.Receiver
	pushes   *workflow.WeChatPushes
	phones   string // the address of the stand-in's page; "" without one
	standIn  *http.Server
	sim      *wechatsim.Server // that this process runs, if it does

	standInURL string // of the stand-in, this process's or another's; "" for the platform itself
}

// weChat makes the gateway that the settings ask for, and starts a stand-in where they ask for one. listening is the
// address of the API, to which the stand-in pushes.
func (c *call) weChat(s *system, memory *cache.Cache, listening net.Addr) (*weChat, error) {
	cfg := s.config
	w := &weChat{}
	o := wechat.Options{
		App:     wechat.Account{AppID: cfg.WeChatAppID, Secret: string(cfg.WeChatAppSecret), Token: string(cfg.WeChatAppToken), AESKey: string(cfg.WeChatAppAESKey)},
		OA:      wechat.Account{AppID: cfg.WeChatOAID, Secret: string(cfg.WeChatOASecret), Token: string(cfg.WeChatOAToken), AESKey: string(cfg.WeChatOAAESKey)},
		Corp:    wechat.Corp{ID: cfg.WeComCorpID, Agent: cfg.WeComAgent, Secret: string(cfg.WeComSecret), Host: cfg.WeComHost},
		Version: cfg.WeChatVersion, Cache: memory, Logger: s.log,
	}
	switch cfg.WeChatMode() {
	case config.Off:
		return w, nil
	case config.StandIn:
		o.App, o.OA, o.Corp = wechatsim.Accounts()
		o.StandIn = cfg.WeChatStandIn
		if o.StandIn == "" {
			if err := c.startStandIn(w, s, "http://"+reachable(listening)); err != nil {
				return nil, err
			}
			o.StandIn = w.phones
		}
	}
	w.standInURL = o.StandIn
	var err error
	if w.client, err = wechat.New(o); err != nil {
		return nil, errors.Join(err, w.close())
	}
	w.pushes = &workflow.WeChatPushes{DB: s.db, Handler: wechat.Handlers{}, Clock: time.Now, Logger: s.log}
	if cfg.ChecksByWeChat() {
		checker := &workflow.WeChatChecker{DB: s.db, Engine: s.engine, WeChat: w.client, Clock: time.Now}
		public := cfg.PublicURL
		if o.StandIn != "" { // it is on this machine
			public = "http://" + reachable(listening)
		}
		s.engine.CheckWith(checker, public)
		w.tell(checker)
	}
	w.receiver = wechat.NewReceiver(o.App, o.OA, w.pushes, memory, time.Now)
	return w, nil
}

// startStandIn starts a stand-in with phones for the people of a demonstration, who do not exist. Real people's numbers are none
// of its business: outside a demonstration it begins without phones.
func (c *call) startStandIn(w *weChat, s *system, callback string) error {
	o := wechatsim.Options{Clock: time.Now}
	if s.config.Mode == config.Demo {
		o.Keep = filepath.Join(dataDir(s.config), "wechat-standin.json")
	}
	sim, err := wechatsim.New(o)
	if err != nil {
		return err
	}
	if s.config.Mode == config.Demo {
		w.sim = sim
		demoPhones(sim)
	}
	sim.Callback(callback+"/wechat/push/app", callback+"/wechat/push/oa")
	w.standIn, w.phones, err = c.serveStandIn(sim, s.config.WeChatStandInListen, s.log)
	return err
}

// serveStandIn serves a stand-in until it is closed, and gives its address.
func (c *call) serveStandIn(sim *wechatsim.Server, address string, log *slog.Logger) (*http.Server, string, error) {
	listener, err := (&net.ListenConfig{}).Listen(c.ctx, "tcp", address)
	if err != nil {
		return nil, "", apperr.New(apperr.Unavailable, "serve.listen", "不能在 %s 上启动微信模拟平台：地址可能已被占用，请用 XIAOPU_WECHAT_STANDIN_LISTEN 换一个地址。", address).With(err)
	}
	server := &http.Server{Handler: withSMS(sim), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	go func() { _ = server.Serve(listener) }() // until Close
	return server, "http://" + listener.Addr().String(), nil
}

// tell lets one more hear what WeChat pushes. It is for before run.
func (w *weChat) tell(h wechat.Handler) {
	if w.pushes != nil {
		w.pushes.Handler = wechat.Handlers{w.pushes.Handler, h}
	}
}

// close ends the stand-in, if there is one.
func (w *weChat) close() error {
	if w == nil || w.standIn == nil {
		return nil
	}
	return w.standIn.Close()
}

// run works on what was pushed until ctx ends.
func (w *weChat) run(ctx context.Context) {
	if w.pushes != nil {
		w.pushes.Run(ctx)
	}
}

// reachable is an address by which this machine reaches a listener.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return a.String()
}

// demoPhones gives those who can be tried in a demonstration a phone each. The staff are in WeCom too.
func demoPhones(sim *wechatsim.Server) {
	_, _, _, people, _ := demo.Organisation(time.Now())
	numbers := map[string]string{}
	staff := map[string]bool{}
	for _, p := range people {
		numbers[p.ID], staff[p.ID] = p.Phone, !p.OnlyResident()
	}
	for _, a := range demo.Accounts() {
		work := ""
		if staff[a.ID] {
			work = a.ID
		}
		sim.AddPhone(a.ID, a.Name, numbers[a.ID], work)
	}
}

// bindLeaders binds those of a demonstration who see every case to their phones, by an invitation as in a real office: their
// number alone does not bind them. The others bind theirs in the mini-program, as it is met the first time.
func (w *weChat) bindLeaders(ctx context.Context, people *auth.Service, k *workflow.Knowledge) error {
	if w.sim == nil {
		return nil
	}
	for _, a := range demo.Accounts() {
		p, ok := k.Organisation.Person(a.ID)
		if !ok || !slices.ContainsFunc(p.Posts, func(post organisation.Post) bool { return post.Role.SeesAll() }) {
			continue
		}
		begun, err := people.WeChatLogin(ctx, w.sim.Login(a.ID), auth.AsStaff)
		if err != nil || begun.Need != auth.NeedBinding { // bound at an earlier start
			return err
		}
		invitation, err := people.Invite(ctx, demo.Administrator, a.ID)
		if err != nil {
			return err
		}
		if _, err := people.BindInvitation(ctx, begun.Ticket, invitation.Code); err != nil {
			return err
		}
	}
	return nil
}

// weChatSim is `xiaopu wechat-sim`: a stand-in that several processes share.
func weChatSim(c *call) error {
	listen := c.flags.String("listen", "127.0.0.1:8090", "监听的本机地址")
	callback := c.flags.String("callback", "http://127.0.0.1:8080", "事件推送到哪个服务")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	if cfg.Mode == config.Production {
		return apperr.New(apperr.FailedPrecondition, "wechat.production", "正式环境不能用微信模拟平台。")
	}
	if !config.Loopback(*listen) {
		return apperr.New(apperr.InvalidArgument, "wechat.listen", "微信模拟平台只能在本机地址上监听，例如 127.0.0.1:8090。")
	}
	sim, err := wechatsim.New(wechatsim.Options{Clock: time.Now})
	if err != nil {
		return err
	}
	demoPhones(sim)
	sim.Callback(*callback+"/wechat/push/app", *callback+"/wechat/push/oa")
	server, address, err := c.serveStandIn(sim, *listen, c.logger(slog.LevelInfo))
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "微信模拟平台已启动：\n  手机      %s/\n  服务启动时设置  XIAOPU_WECHAT=standin XIAOPU_WECHAT_STANDIN=%s\n\n按 Ctrl+C 停止。\n", address, address)
	<-c.ctx.Done()
	return server.Close()
}
