package workflow

import (
	"context"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/workday"
)

// The quotas of messages that a platform gives for a day.
const (
	QuotaTemplate  = "template"  // template messages of the official account
	QuotaSubscribe = "subscribe" // subscribe messages of the mini-program
)

// TellQuota tells the centre that what is left of a quota today is kept for what is urgent, and reports whether this call was the first of the day
// to do so, in all processes.
func (e *Engine) TellQuota(ctx context.Context, quota string) (first bool, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return false, err
	}
	now := e.Now(k)
	today := workday.DateOf(now)
	sequence := "quota-told-" + quota
	told, err := e.db.Sequence(ctx, sequence)
	if err != nil || told >= today.At(0).UnixMilli() {
		return false, err
	}
	return first, e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if first, err = tx.MoveSequence(ctx, sequence, told, today.At(0).UnixMilli()); err != nil || !first {
			return err
		}
		var rows []store.InboxRow
		for _, r := range k.Organisation.Recipients(casework.Addressee(casework.Centre), now) {
			rows = append(rows, store.InboxRow{
				ID: newID(), Recipient: r.PersonID, StandsFor: r.For, Kind: casework.NoticeQuotaReserved, Args: map[string]string{"quota": quota}, CreatedAt: now,
			})
		}
		return tx.InsertNotices(ctx, rows)
	})
}

// quotaLabels are the quotas in Chinese.
var quotaLabels = map[string]string{QuotaTemplate: "公众号模板消息", QuotaSubscribe: "小程序订阅消息"}
