package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"xiaopu/server/api"
	"xiaopu/server/apperr"
	"xiaopu/server/auth"
	"xiaopu/server/cache"
	"xiaopu/server/config"
	"xiaopu/server/deadline"
	"xiaopu/server/demo"
	"xiaopu/server/intake"
	"xiaopu/server/live"
	"xiaopu/server/metrics"
)

// What happens within shutdownWithin after the signal to stop. First /readyz says no for drainFor, so that whoever distributes
// requests sends no more; then nothing new is let in and what is under way may finish; what is not over after finishWithin is
// told to stop, which ends imports and sweeps behind their last whole step.
const (
	shutdownWithin = 10 * time.Second
	drainFor       = time.Second
	finishWithin   = 5 * time.Second
	closeWithin    = 2 * time.Second
)

// serve is `xiaopu serve`: the API and the sweeper, until a signal stops both.
func serve(c *call) error {
	demonstrate := c.flags.Bool("demo", false, "演示：空库时载入虚构的街道和工单，并可拨快时钟")
	preview := c.flags.String("preview", "", "在 /m/ 提供小程序预览：make preview 生成的目录（仅开发和演示）")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	if *preview != "" && cfg.Mode == config.Production {
		return apperr.New(apperr.FailedPrecondition, "preview.production", "正式环境不能用 --preview：打开预览的人可以选择自己是谁。请去掉该参数。")
	}
	if *demonstrate {
		if cfg.Mode == config.Production {
			return apperr.New(apperr.FailedPrecondition, "demo.production", "正式环境不能用 --demo，请去掉该参数。")
		}
		cfg.Mode = config.Demo
	}
	signer, err := signer(cfg)
	if err != nil {
		return err
	}
	// Listening comes first: a taken port is told before anything is written.
	listener, err := (&net.ListenConfig{}).Listen(c.ctx, "tcp", cfg.Listen)
	if err != nil {
		return apperr.New(apperr.Unavailable, "serve.listen", "不能在 %s 上监听：地址可能已被占用。请停掉占用它的程序，或用 XIAOPU_LISTEN 换一个地址。", cfg.Listen).With(err)
	}
	memory, err := cache.New(cache.Options{URL: string(cfg.Redis), Clock: time.Now, Logger: c.logger(cfg.Level())})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = memory.Close() }() // nothing in it is missed
	if cfg.MetricsListen != "" {
		c.metrics = metrics.New(version)
	}
	c.live = live.New(memory, c.logger(cfg.Level()))
	s, err := c.open(cfg, creating, cfg.Mode == config.Demo)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	chat, err := c.weChat(s, memory, listener.Addr())
	if err != nil {
		return errors.Join(err, listener.Close(), s.db.Close())
	}
	people := s.signIn(signer, memory, chat)
	chat.tell(people)
	c.preview = previewOf(*preview, chat)
	if cfg.Mode == config.Demo {
		if err := c.welcome(s, listener.Addr().String(), chat, signer, people); err != nil {
			return errors.Join(err, listener.Close(), chat.close(), s.db.Close())
		}
	}
	err = c.listen(s, listener, signer, memory, people, chat)
	return errors.Join(err, chat.close(), s.db.Close())
}

func (c *call) listen(s *system, listener net.Listener, signer *auth.Signer, memory *cache.Cache, people *auth.Service, chat *weChat) error {
	imports := &intake.Jobs{Engine: s.engine, DB: s.db, Clock: time.Now, Logger: s.log}
	notices, desk, err := s.notices(memory, people, chat)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	var draining atomic.Bool
	handler := api.NewHandler(api.Options{
		Engine: s.engine, Signer: signer, SignIn: people, SessionsOnly: s.config.Mode == config.Production, Cache: memory, Live: c.live, Imports: imports, DevClock: s.config.Mode == config.Demo, Clock: time.Now,
		MaxUploadBytes: s.config.MaxUploadBytes(), Logger: s.log, Version: version, TrustedProxies: s.config.TrustedProxies,
		Metrics: s.engine.Metrics(), Draining: draining.Load, SweepsHere: true, WeChat: chat.receiver, Notices: desk, Preview: c.preview,
	})
	requests, hurry := context.WithCancel(context.WithoutCancel(c.ctx)) // those under way outlive the signal
	defer hurry()
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, WriteTimeout: 5 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return requests },
	}
	watched, err := c.watch(s, memory)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, stop := context.WithCancel(c.ctx)
	defer stop()
	var background sync.WaitGroup
	background.Go(func() {
		(&deadline.Sweeper{Engine: s.engine, Every: s.config.SweepEvery(), Logger: s.log, Chores: []func(context.Context) error{s.tidy(people)}}).Run(ctx)
	})
	background.Go(func() { s.engine.FollowMatters(ctx) })
	background.Go(func() { imports.Run(ctx) })
	background.Go(func() { c.live.Run(ctx) })
	background.Go(func() { chat.run(ctx) })
	background.Go(func() { notices.Run(ctx) })
	background.Go(func() { s.engine.RunChecks(ctx) })
	background.Go(func() { (&deadline.Keeper{Engine: s.engine, Logger: s.log}).Run(ctx) })
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if chat.phones != "" {
		s.log.Info("wechat stand-in", slog.String("phones", chat.phones))
	}
	s.log.Info("serving", slog.String("listen", listener.Addr().String()), slog.String("version", version), slog.Any("config", s.config))

	select {
	case err = <-served:
	case <-ctx.Done():
		draining.Store(true)
		s.log.Info("stopping")
		pause(drainFor, served)
		err = finish(server, hurry)
	}
	stop()
	background.Wait()
	err = errors.Join(err, watched.Close())
	if errors.Is(err, http.ErrServerClosed) || err == nil {
		s.log.Info("stopped")
		return nil
	}
	return err
}

// pause waits, or until the server has ended by itself.
func pause(d time.Duration, served chan error) {
	select {
	case err := <-served:
		served <- err
	case <-time.After(d):
	}
}

// finish lets requests end, then hurries them, then cuts them off.
func finish(server *http.Server, hurry func()) error {
	for _, within := range []time.Duration{finishWithin, closeWithin} {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		err := server.Shutdown(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		hurry()
	}
	return server.Close()
}

// watch serves metrics on a listener of their own, where one is configured.
func (c *call) watch(s *system, memory *cache.Cache) (*http.Server, error) {
	m := s.engine.Metrics()
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	if s.config.MetricsListen == "" {
		return server, nil
	}
	m.Watch(metrics.Sources{Deadlines: s.engine.Deadlines, Outbox: s.engine.Outbox, Reviews: s.engine.ReviewsWaiting, Streams: c.live.Streams, CacheAway: memory.Away, Database: s.db.Stats})
	listener, err := (&net.ListenConfig{}).Listen(c.ctx, "tcp", s.config.MetricsListen)
	if err != nil {
		return nil, apperr.New(apperr.Unavailable, "serve.listen", "不能在 %s 上提供监控数据：地址可能已被占用，请用 XIAOPU_METRICS_LISTEN 换一个地址。", s.config.MetricsListen).With(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	server.Handler = mux
	go func() { _ = server.Serve(listener) }() // until Close
	s.log.Info("metrics", slog.String("listen", listener.Addr().String()))
	return server, nil
}

// previewOf is the preview of the mini-program that was asked for, if any.
func previewOf(dir string, chat *weChat) *api.Preview {
	if dir == "" {
		return nil
	}
	p := &api.Preview{Dir: dir, StandIn: chat.standInURL}
	for _, a := range demo.Accounts() {
		if a.ID == demo.Administrator { // works at the console alone
			continue
		}
		p.People = append(p.People, api.PreviewPerson{ID: a.ID, Name: a.Name, Role: a.Role})
	}
	return p
}

// welcome loads the demonstration street into an empty database and says what to open and as whom.
func (c *call) welcome(s *system, address string, chat *weChat, signer *auth.Signer, people *auth.Service) error {
	sample := filepath.Join(dataDir(s.config), "sample", "12345工单导出.xlsx")
	k, err := s.engine.Knowledge(c.ctx)
	if err != nil {
		return err
	}
	if len(k.Organisation.People()) > 0 && !k.Demo() {
		return apperr.New(apperr.FailedPrecondition, "demo.real", "这个数据库里已有真实的组织架构，不能用来演示，请去掉 --demo，或用 XIAOPU_DB 指定另一个数据库，如 sqlite:data/demo.db。")
	}
	if len(k.Organisation.People()) == 0 {
		fmt.Fprintln(c.stdout, "首次启动：正在载入演示街道和 12345 工单……")
		tickets, err := demo.Load(c.ctx, s.db, demo.Options{Now: time.Now(), Sample: sample, Logger: s.log})
		if err != nil {
			return err
		}
		// The street's life is played without the tree of topics, so that it is the same whatever the words tell; what rises is counted now.
		if err := s.engine.CountTopics(c.ctx); err != nil {
			return err
		}
		if k, err = s.engine.Refresh(c.ctx); err != nil {
			return err
		}
		if _, err := s.engine.Age(c.ctx); err != nil { // else they come a moment later, and are not counted here
			return err
		}
		n, err := demo.Count(c.ctx, s.db)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "已导入工单 %d 件。难事 %d 件：待入库 %d、在办 %d、已办结 %d。样例文件：%s\n", tickets, n.Waiting+n.Open+n.Solved, n.Waiting, n.Open, n.Solved, sample)
	}
	fmt.Fprintf(c.stdout, "\n小浦帮办（演示）已启动：\n  接口文档  http://%s/docs\n  现在时间  %s（演示时钟，可拨快）\n", address, s.engine.Now(k).In(shanghai).Format("2006-01-02 15:04"))
	if c.preview != nil {
		if err := chat.bindLeaders(c.ctx, people, k); err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "  小程序    http://%s/m/（在浏览器里预览，先选您是谁）\n", address)
	}
	if chat.phones != "" {
		fmt.Fprintf(c.stdout, "  模拟手机  %s/（各人的微信：收到的消息、关注、授权）\n", chat.phones)
	}
	fmt.Fprintln(c.stdout)
	password, err := localKey(filepath.Join(dataDir(s.config), "demo.password"), func() []byte { return []byte(auth.DrawPassword()) })
	if err != nil {
		return err
	}
	var staff []string
	for _, w := range demo.Accounts() {
		if p, ok := k.Organisation.Person(w.ID); ok && auth.Staff(p) {
			staff = append(staff, w.ID)
		}
	}
	if err := people.SetPassword(c.ctx, string(password), staff...); err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "可以用这些身份试用。工作人员的登录名就是编号，密码都是 %s（POST /api/v1/auth/login）；令牌也可以用 xiaopu user token 编号 打印：\n", password)
	for _, w := range demo.Accounts() {
		fmt.Fprintf(c.stdout, "  %-12s %s  %s\n", w.ID, w.Name, w.Role)
	}
	if try, ok, err := demo.ToTry(c.ctx, s.db, k); err != nil {
		return err
	} else if ok {
		fmt.Fprintf(c.stdout, "\n可以从头办一件：难事 %s，待 %s 接单（承办人 %s），诉求人是 %s。\n", try.Number, try.Head, try.Handler, try.Resident)
	}
	token, err := signer.Issue(demo.Accounts()[0].ID, 12*time.Hour)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "\n城运中心的令牌（12 小时有效），粘贴到接口文档右上角 Authorize：\n%s\n\n按 Ctrl+C 停止。\n", token)
	return nil
}

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)
