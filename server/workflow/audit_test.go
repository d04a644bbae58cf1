package workflow_test

import (
	"context"
	"strings"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

// TestWhateverIsChangedAfterwardsIsFound tampers with the database in every way that keeps it readable.
func TestWhateverIsChangedAfterwardsIsFound(t *testing.T) {
	for name, v := range map[string]struct {
		tamper []string
		says   string // part of a finding; every ? stands for the case's id
		seq    int64
	}{
		"a line reworded":                  {[]string{`UPDATE case_events SET body = REPLACE(body, '连续一周夜间施工', '偶尔施工') WHERE case_id = ? AND seq = 1`}, "第 1 条内容被改动", 1},
		"a line removed":                   {[]string{`DELETE FROM case_events WHERE case_id = ? AND seq = 3`}, "第 3 至 3 条被删除", 3},
		"the last line removed":            {[]string{`DELETE FROM case_events WHERE case_id = ? AND seq = 5`}, "末尾第 5 至 5 条被删除", 5},
		"the whole timeline removed":       {[]string{`DELETE FROM case_events WHERE case_id = ?`}, "末尾第 1 至 5 条被删除", 1},
		"a line's kind relabelled":         {[]string{`UPDATE case_events SET kind = 'return' WHERE case_id = ? AND seq = 4`}, "第 4 条与其登记的序号或类型不符", 4},
		"the case itself changed":          {[]string{`UPDATE cases SET body = REPLACE(body, '"handling"', '"resolved"') WHERE id = ?`}, "现状被改动", 0},
		"the case removed":                 {[]string{`DELETE FROM cases WHERE id = ?`}, "事项被删除", 0},
		"a line hidden from the requester": {[]string{`UPDATE case_events SET is_public = 1 - is_public WHERE case_id = ? AND seq = 4`}, "第 4 条登记的时间或公开与否被改动", 4},
		"a line's time moved":              {[]string{`UPDATE case_events SET recorded_at = recorded_at + 60000 WHERE case_id = ? AND seq = 2`}, "第 2 条登记的时间或公开与否被改动", 2},
		"the clock taken away":             {[]string{`UPDATE cases SET next_due_at = NULL WHERE id = ?`}, "列表用的字段被改动（next_due_at）", 0},
		"title and deadline forged":        {[]string{`UPDATE cases SET title = '别的', due_at = due_at + 86400000 WHERE id = ?`}, "列表用的字段被改动（title、due_at）", 0},
		"moved out of the lists":           {[]string{`UPDATE cases SET status = 'closed', open = 0 WHERE id = ?`}, "列表用的字段被改动（status、open）", 0},
		"the anchors removed":              {[]string{`DELETE FROM anchors WHERE '' <> ?`}, "每日锚定应有 1 次，只有 0 次", 0},
		"the end rewritten with the case": {
			[]string{`DELETE FROM case_events WHERE case_id = ? AND seq = 5`, `UPDATE cases SET version = 4, head_hash = (SELECT hash FROM case_events WHERE case_id = cases.id AND seq = 4) WHERE id = ?`},
			"与 2026-03-03 的锚定记录不符", 5,
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.EachDSN(t, func(t *testing.T, dsn string) {
				ctx := context.Background()
				db, err := store.Open(ctx, dsn, store.Options{Sealer: storetest.Sealer})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = db.Close() }()
				if _, err := db.Migrate(ctx); err != nil {
					t.Fatal(err)
				}
				w := newWorld(t, db)
				c := w.dispatched()
				other := w.dispatched()
				w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
				w.at("2026-03-03 08:00")
				if a, made, err := w.e.Anchor(ctx); err != nil || !made || a.Heads != 2 {
					t.Fatalf("anchor: %v %v %+v", err, made, a)
				}
				w.verify()
				raw := storetest.Raw(t, dsn)
				for _, text := range v.tamper {
					if _, err := raw.ExecContext(ctx, text, c.ID); err != nil {
						t.Fatal(err)
					}
				}
				got, err := w.e.Verify(ctx)
				if err != nil {
					t.Fatal(err)
				}
				found := false
				for _, f := range got.Findings {
					if f.CaseID == other.ID {
						t.Errorf("the other case is named: %+v", f)
					}
					found = found || strings.Contains(f.Message, v.says) && f.Seq == v.seq && (f.CaseID == c.ID || f.CaseID == "")
				}
				if !found {
					t.Errorf("findings %+v do not say %q at %d", got.Findings, v.says, v.seq)
				}
			})
		})
	}
}
