package workflow

import (
	"context"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/workday"
)

// Seed gives a fresh database its calendar and policy; what is there already rules and stays.
func (e *Engine) Seed(ctx context.Context, years []workday.Year, policy casework.Policy) error {
	k, err := e.Refresh(ctx)
	if err != nil {
		return err
	}
	if k.revisions[store.CalendarRevision] > 0 && k.revisions[store.PolicyRevision] > 0 {
		return nil
	}
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		// One process seeds; another that starts at the same moment waits here and then finds it done.
		first, err := tx.NextNumber(ctx, "seed")
		if err != nil || first > 1 {
			return err
		}
		for _, y := range years {
			if err := tx.AddCalendarYear(ctx, y, "", e.Now(k)); err != nil {
				return err
			}
		}
		return tx.AddPolicy(ctx, store.StoredPolicy{Policy: policy, CreatedAt: e.Now(k)})
	})
	if err != nil {
		return err
	}
	_, err = e.Refresh(ctx)
	return err
}
