package api

import (
	"context"
	"time"

	"xiaopu/server/apperr"
)

// Health is the answer to a probe.
type Health struct {
	Status  string `json:"status" enum:"ok,degraded" doc:"ok 正常；degraded 能提供服务，但有 warnings 中的问题"`
	Version string `json:"version" doc:"程序版本"`
	// Warnings tell what does not keep the process from serving and must be looked at.
	Warnings []string `json:"warnings,omitempty" doc:"不影响提供服务、但需要处理的问题"`
}

var errDraining = apperr.New(apperr.Unavailable, "serve.draining", "服务正在停止，请稍后再试。")

func (s *server) health(context.Context, *struct{}) (Health, error) {
	return Health{Status: "ok", Version: s.version}, nil
}

// stalledAfter is how long the sweeper may give no sign of life: its slowest chores are over by then.
const stalledAfter = 5 * time.Minute

func (s *server) ready(ctx context.Context, _ *struct{}) (Health, error) {
	h := Health{Status: "ok", Version: s.version}
	if s.draining != nil && s.draining() {
		return h, errDraining
	}
	if err := s.engine.Ready(ctx); err != nil {
		return h, err
	}
	// A sweeper that does not get on is told and no more: whoever gives a command applies what has fallen due on its case, and
	// to take the process out of service would end that too.
	if swept := s.engine.SweptAt(); s.sweeps && s.clock().Sub(later(swept, s.since)) > stalledAfter {
		h.Status, h.Warnings = "degraded", append(h.Warnings, "到期处理已停滞超过 5 分钟，升级和提醒会延误，请查看日志。")
	}
	return h, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
