// Package deadline makes everything that falls due happen: escalations, warnings, tellings, the daily anchor.
//
// # Model
//
// A Sweeper wakes every few seconds and gives a tick to each case whose next due instant has passed, found by one
// index. The tick itself is a command like any other and decides, inside its transaction, what has fallen due; so a
// sweep may run in any number of processes at once and be killed at any moment: each threshold happens exactly once,
// stamped with the instant it fell due.
//
// # Failure
//
// A case that gives an error is logged and left for the next sweep; the others go on. A sweep that fails as a whole
// (the database is away) is logged once a minute and tried again.
package deadline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"xiaopu/server/workflow"
)

// Sweeper runs sweeps until its context ends.
type Sweeper struct {
	Engine *workflow.Engine
	// Every is the pause between sweeps.
	Every  time.Duration
	Logger *slog.Logger
	// Chores are further slow work, looked at every ten minutes.
	Chores []func(context.Context) error
}

const (
	choresEvery = 10 * time.Minute // how often the slow work is looked at: aging tickets, the daily anchor, old keys, uploads nobody used
	sayAgain    = time.Minute      // how often a lasting failure is logged
)

// Run sweeps at once and then every s.Every, until ctx ends. It returns when the last sweep has finished.
func (s *Sweeper) Run(ctx context.Context) {
	tick := time.NewTicker(s.Every)
	defer tick.Stop()
	sinceChores, sinceSaid := choresEvery, sayAgain
	for {
		if err := s.Once(ctx, sinceChores >= choresEvery); err != nil && ctx.Err() == nil && sinceSaid >= sayAgain {
			s.Logger.ErrorContext(ctx, "sweep failed, trying again", slog.Any("error", err))
			sinceSaid = 0
		}
		if sinceChores >= choresEvery {
			sinceChores = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			sinceChores += s.Every
			sinceSaid += s.Every
		}
	}
}

// Once runs one sweep, with the slow work when chores is set.
func (s *Sweeper) Once(ctx context.Context, chores bool) error {
	swept, err := s.Engine.Sweep(ctx)
	if swept.Cases > 0 || swept.HandedOver > 0 || swept.Failed > 0 {
		s.Logger.InfoContext(ctx, "swept", slog.Int("cases", swept.Cases), slog.Int("handed_over", swept.HandedOver), slog.Int("events", swept.Events), slog.Int("failed", swept.Failed))
	}
	if err != nil || !chores {
		return err
	}
	// One kind of slow work that fails does not keep the others from being done.
	aged, agingErr := s.Engine.Age(ctx)
	if aged > 0 {
		s.Logger.InfoContext(ctx, "long unresolved tickets proposed", slog.Int("cases", aged))
	}
	a, made, anchorErr := s.Engine.Anchor(ctx)
	if made {
		// The line in the log is the copy outside the database that an audit can compare with.
		s.Logger.InfoContext(ctx, "timelines anchored", slog.Int("heads", a.Heads), slog.String("hash", a.Hash), slog.Time("until", a.UntilAt))
	}
	errs := []error{agingErr, anchorErr, s.Engine.TellMonth(ctx), s.Engine.Forget(ctx), s.Engine.DropAttachments(ctx), s.Engine.ForgetTopics(ctx)}
	for _, chore := range s.Chores {
		errs = append(errs, chore(ctx))
	}
	return errors.Join(errs...)
}
