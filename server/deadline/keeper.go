package deadline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"xiaopu/server/workflow"
)

// Keeper looks after personal data beside the Sweeper, which must not wait for it: what is sealed under an older key is sealed
// anew, and what is kept long enough by the policy is erased, once a day. Any number of processes may run one each; it may be
// killed at any moment and goes on at the next start.
type Keeper struct {
	Engine *workflow.Engine
	Logger *slog.Logger
	// Every is the pause between looks; 0 means ten minutes.
	Every time.Duration
}

// resealRest is the pause after each batch sealed anew: the office's own work goes before.
const resealRest = 20 * time.Millisecond

// Run looks at once and then every k.Every, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	every := k.Every
	if every <= 0 {
		every = choresEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := k.Once(ctx); err != nil && ctx.Err() == nil {
			k.Logger.ErrorContext(ctx, "looking after personal data failed, trying again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once looks once.
func (k *Keeper) Once(ctx context.Context) error {
	sealed, sealErr := k.Engine.Reseal(ctx, resealRest, nil)
	if sealed.Tickets+sealed.People > 0 {
		k.Logger.InfoContext(ctx, "sealed anew under the current key", slog.Int("tickets", sealed.Tickets), slog.Int("people", sealed.People))
	}
	c, err := k.Engine.RetainDaily(ctx)
	if c.Number != "" {
		k.Logger.InfoContext(ctx, "personal data erased", slog.String("certificate", c.Number), slog.Int("items", c.Items()))
	}
	return errors.Join(sealErr, err)
}
