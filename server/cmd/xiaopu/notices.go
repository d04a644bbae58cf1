package main

import (
	"net/http"
	"os"
	"strings"

	"xiaopu/configs"
	"xiaopu/server/apperr"
	"xiaopu/server/auth"
	"xiaopu/server/cache"
	"xiaopu/server/config"
	"xiaopu/server/notify"
	"xiaopu/server/notify/smssim"
	"xiaopu/server/wechat/wechatsim"
)

// notices makes what sends notices, and what people see of it.
func (s *system) notices(memory *cache.Cache, people *auth.Service, chat *weChat) (*notify.Dispatcher, *notify.Desk, error) {
	plan, err := loadPlan(s.config.NoticesFile)
	if err != nil {
		return nil, nil, err
	}
	book := &notify.Directory{Engine: s.engine, Accounts: people}
	o := notify.Options{DB: s.db, Engine: s.engine, Cache: memory, Book: book, Plan: plan, Logger: s.log}
	if chat.client != nil {
		o.Channels, o.Lister = notify.WeChatChannels(chat.client)
		book.WeCom = chat.client.HasCorp()
	}
	if sms := chat.textMessages(s.config); sms != nil {
		if chat.client != nil {
			sms.Links = &notify.Links{Linker: chat.client, Cache: memory, Logger: s.log}
		}
		o.Channels = append(o.Channels, sms)
	}
	d := notify.New(o)
	chat.tell(d)
	return d, &notify.Desk{DB: s.db, Engine: s.engine, Plan: plan, Book: book}, nil
}

// loadPlan reads the file named, or the one that is built in.
func loadPlan(path string) (*notify.Plan, error) {
	read, name := func() ([]byte, error) { return configs.Files.ReadFile("notices.yaml") }, "notices.yaml"
	if path != "" {
		read, name = func() ([]byte, error) { return os.ReadFile(path) }, path
	}
	text, err := read()
	if err != nil {
		return nil, apperr.New(apperr.InvalidArgument, "notices.file", "读不到消息配置文件 %s，请核对 notices_file。", name).With(err)
	}
	n, err := config.LoadNotices(text)
	if err != nil {
		return nil, apperr.New(apperr.InvalidArgument, "notices.file", "消息配置文件 %s 有误：\n%s", name, err)
	}
	return notify.NewPlan(n), nil
}

// standInSMS is the key of the stand-in for text messages. It opens nothing else.
const standInSMS = "standin-sms-key"

// textMessages is the channel of text messages: the provider's, the stand-in's beside that of WeChat, or nil for none.
func (w *weChat) textMessages(cfg config.Config) *notify.TextMessages {
	switch {
	case cfg.SMSURL != "":
		return &notify.TextMessages{URL: cfg.SMSURL, Key: string(cfg.SMSKey)}
	case w.standInURL != "":
		return &notify.TextMessages{URL: w.standInURL + "/sms", Key: standInSMS}
	}
	return nil
}

// withSMS is a stand-in that takes text messages too, for the same phones.
func withSMS(sim *wechatsim.Server) http.Handler {
	sms := &smssim.Server{Key: standInSMS, Deliver: sim.SMS}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.TrimSuffix(r.URL.Path, "/") == "/sms" {
			sms.ServeHTTP(w, r)
			return
		}
		sim.ServeHTTP(w, r)
	})
}
