package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/cache"
)

// signIn makes the service that signs people in, as configured; chat is nil where nobody comes in through WeChat.
func (s *system) signIn(signer *auth.Signer, memory *cache.Cache, chat *weChat) *auth.Service {
	cfg := s.config
	o := auth.Options{
		DB: s.db, Engine: s.engine, Cache: memory, Signer: signer, Clock: time.Now, Logger: s.log, Street: cfg.Street, StreetPhone: cfg.StreetPhone,
		Settings: auth.Settings{
			SecondFactor: cfg.NeedsSecondFactor(), TokenLife: cfg.TokenLife(), Idle: cfg.IdleLife(), AdminIdle: cfg.AdminIdleLife(), SessionLife: cfg.SessionLife(),
			PasswordLife: cfg.PasswordLife(), UnusedLife: cfg.UnusedLife(),
		},
	}
	if chat != nil && chat.client != nil {
		o.WeChat = chat.client
	}
	return auth.New(o)
}

// tidy is the slow work of sign-in.
func (s *system) tidy(people *auth.Service) func(context.Context) error {
	return func(ctx context.Context) error {
		disabled, err := people.Tidy(ctx)
		if disabled > 0 {
			s.log.InfoContext(ctx, "unused accounts disabled", slog.Int("accounts", disabled))
		}
		return err
	}
}

// withAccounts opens the system for a command about somebody's account, named by name or id.
func (c *call) withAccounts(nameOrID string, fn func(people *auth.Service, id, name string) error) error {
	return c.with(func(s *system) error {
		k, err := s.engine.Knowledge(c.ctx)
		if err != nil {
			return err
		}
		p, err := k.Organisation.FindPerson(nameOrID)
		if err != nil {
			return err
		}
		signer, err := signer(s.config)
		if err != nil {
			return err
		}
		memory, err := cache.New(cache.Options{URL: string(s.config.Redis), Clock: time.Now, Logger: s.log})
		if err != nil {
			return err
		}
		defer func() { _ = memory.Close() }() // nothing in it is missed
		return fn(s.signIn(signer, memory, nil), p.ID, p.Name)
	})
}

// userPassword is `xiaopu user password`: an initial password for anybody, the first administrator above all.
func userPassword(c *call) error {
	again := c.flags.Bool("reset-totp", false, "同时取消第二重验证，下次登录重新设置")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	return c.withAccounts(args[0], func(people *auth.Service, id, name string) error {
		first, err := people.ResetPassword(c.ctx, auth.Operator, id)
		if err != nil {
			return err
		}
		if *again {
			if err := people.ResetTOTP(c.ctx, auth.Operator, id); err != nil {
				return err
			}
		}
		login := first.Login
		if strings.Contains(login, "*") {
			login += "（本人手机号）"
		}
		_, err = fmt.Fprintf(c.stdout, "%s（%s）的初始密码，只显示这一次，请在 %s 前用登录名 %s 登录并修改：\n%s\n", name, id, first.Until.In(shanghai).Format("2006-01-02 15:04"), login, first.Password)
		return err
	})
}

// userUnlock is `xiaopu user unlock`.
func userUnlock(c *call) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	return c.withAccounts(args[0], func(people *auth.Service, id, name string) error {
		if err := people.Unlock(c.ctx, auth.Operator, id); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c.stdout, "已解除 %s（%s）的锁定。\n", name, id)
		return err
	})
}
