package workflow

import (
	"context"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
)

// calendarTold is the sequence that holds until when the calendar's own notices have been given, in milliseconds.
const calendarTold = "calendar-told"

// firstLook is how far back a fresh installation looks for the calendar's notices.
const firstLook = 24 * time.Hour

// TellMonth gives the notices that belong to no case but to the calendar: reports and hearings due, next year's working
// days missing. Each is given once, whichever process comes first.
func (e *Engine) TellMonth(ctx context.Context) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	now := e.Now(k)
	told, err := e.db.Sequence(ctx, calendarTold)
	if err != nil {
		return err
	}
	from := time.UnixMilli(told)
	if told == 0 {
		from = now.Add(-firstLook)
	}
	notices := casework.MonthNotices(k.Calendar, k.PolicyAt(now), from, now)
	if len(notices) == 0 && told != 0 {
		return nil
	}
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		first, err := tx.MoveSequence(ctx, calendarTold, told, now.UnixMilli())
		if err != nil || !first {
			return err
		}
		var rows []store.InboxRow
		for _, n := range notices {
			for _, r := range k.Organisation.Recipients(n.To, now) {
				rows = append(rows, store.InboxRow{
					ID: newID(), Recipient: r.PersonID, StandsFor: r.For, Kind: n.Kind, Args: map[string]string{"on": n.On.String()}, CreatedAt: now,
				})
			}
		}
		return tx.InsertNotices(ctx, rows)
	})
}
