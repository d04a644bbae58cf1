package workflow_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// Entries written at the same time by many stand one behind the other, and each tampering is named.
func TestAuditLog(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		db, err := store.Open(t.Context(), dsn, store.Options{Sealer: storetest.Sealer})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		e := newWorld(t, db).e
		ctx := workflow.WithOrigin(t.Context(), workflow.Origin{Address: "203.0.113.7", Agent: "phone", RequestID: "request-1"})
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 10 {
					if err := e.Record(ctx, workflow.Audited{
						Actor: fmt.Sprint("p-", i), Action: "ticket.unmask", Object: fmt.Sprint("ticket:t-", n), Detail: map[string]string{"reason": "联系诉求人"},
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		list, err := e.AuditLog(t.Context(), store.AuditFilter{Object: "ticket:t-3", Limit: 100})
		if err != nil || len(list) != 8 {
			t.Fatal(len(list), err)
		}
		if a := list[0]; a.Address != "203.0.113.7" || a.Agent != "phone" || a.RequestID != "request-1" || a.Detail["reason"] != "联系诉求人" || a.At.IsZero() {
			t.Errorf("%+v", a)
		}
		page, err := e.AuditLog(t.Context(), store.AuditFilter{Actor: "p-5", Before: list[0].Seq, Limit: 3})
		if err != nil || len(page) == 0 || page[0].Seq >= list[0].Seq || page[0].Actor != "p-5" {
			t.Error(page, err)
		}
		findings := func() string {
			v, err := e.Verify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, f := range v.Findings {
				out = append(out, f.Message)
			}
			return strings.Join(out, "；")
		}
		if got := findings(); got != "" {
			t.Fatal(got)
		}
		raw := storetest.Raw(t, dsn)
		for _, c := range []struct{ text, want string }{
			{`UPDATE audit_log SET body = replace(body, '联系诉求人', '核对号码') WHERE seq = 20`, "第 20 条被改动"},
			{`UPDATE audit_log SET actor = 'p-9' WHERE seq = 30`, "第 30 条的检索字段与内容不符"},
			{`DELETE FROM audit_log WHERE seq IN (41, 42)`, "第 41 条至第 42 条缺失"},
			{`DELETE FROM audit_log WHERE seq > 79`, "第 80 条至第 81 条缺失"},
		} {
			if _, err := raw.ExecContext(t.Context(), c.text); err != nil {
				t.Fatal(err)
			}
			if got := findings(); !strings.Contains(got, c.want) {
				t.Errorf("%s: %s", c.text, got)
			}
		}
	})
}
