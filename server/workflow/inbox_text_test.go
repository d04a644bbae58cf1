package workflow

import (
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
)

// A notice says which deadline has passed, in dates as people read them, and does not ask the centre to urge itself.
func TestNoticesAreWordedForWhoReadsThem(t *testing.T) {
	k := &Knowledge{}
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, shanghai)
	centre := casework.Actor{Posts: []casework.Post{{Role: casework.Centre}}}
	supervisor := casework.Actor{Posts: []casework.Post{{Role: casework.Supervisor}}}
	idle := store.InboxRow{Kind: casework.NoticeIdle, CaseID: "c", Number: "NS2026-000002", CreatedAt: at, Recipient: "p-1", Args: map[string]string{"state": "registered", "passed": "2026-11-23T09:00:00Z"}}
	for _, c := range []struct {
		row    store.InboxRow
		reader casework.Actor
		want   string
	}{
		{idle, supervisor, "难事 NS2026-000002 交办超时（应于 11月23日 17:00 前），请督促城运中心"},
		{idle, centre, "难事 NS2026-000002 交办超时（应于 11月23日 17:00 前），请尽快处理"},
		{store.InboxRow{Kind: casework.NoticeDeadlineNear, CaseID: "c", Number: "N", Recipient: "p-1", Args: map[string]string{"tier": "III", "clock": "stage.half"}}, centre, "难事 N（Ⅲ级）时间已过半"},
		{store.InboxRow{Kind: casework.NoticeDeadlineNear, CaseID: "c", Number: "N", Recipient: "p-1", Args: map[string]string{"tier": "III", "clock": "stage.day"}}, centre, "难事 N（Ⅲ级）期限临近"},
		{store.InboxRow{Kind: casework.NoticeReportDue, CreatedAt: at, Args: map[string]string{"on": "2026-11-25"}}, centre, "本月专报应于 11月25日 前报主要领导"},
		{store.InboxRow{Kind: casework.NoticeReportDue, CreatedAt: at, Args: map[string]string{"on": "2026-11-24"}}, centre, "本月专报应于今天前报主要领导"},
	} {
		if got := k.inboxText(c.row, c.reader); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
