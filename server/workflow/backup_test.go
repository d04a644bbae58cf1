package workflow_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// A backup taken while commands, imports and sweeps go on is one instant of them: restored on either engine, the timelines,
// the anchors and the audit log verify, every case replays to its stored state, and the rows are as many as were backed up.
func TestABackupTakenUnderWayIsOneInstant(t *testing.T) {
	for _, from := range storetest.DSNs(t) {
		db := opened(t, from)
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, db)
		var cases []casework.Case
		for range 8 {
			c := w.dispatched()
			cases = append(cases, w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"}))
		}
		w.at("2026-03-03 09:00")
		if _, made, err := w.e.Anchor(t.Context()); err != nil || !made {
			t.Fatal(made, err)
		}
		stop := make(chan struct{})
		var given atomic.Int64
		var all sync.WaitGroup
		for i, c := range cases {
			all.Go(func() {
				version := c.Version
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					out, err := w.e.Do(context.Background(), workflow.Request{
						Actor: w.actor("p-w1"), CaseID: c.ID, Version: version, Command: casework.Progress{Text: fmt.Sprintf("进展 %d", n)}, Key: fmt.Sprint(c.ID, n),
					})
					if err != nil {
						t.Error(err)
						return
					}
					version = out.Case.Version
					if err := w.e.Record(context.Background(), workflow.Audited{Actor: "p-w1", Action: "ticket.unmask", Object: fmt.Sprintf("ticket:%d-%d", i, n)}); err != nil {
						t.Error(err)
						return
					}
					given.Add(1)
				}
			})
		}
		var files [][]byte
		var made []store.BackupSummary
		for len(files) < 3 {
			before := given.Load()
			var file bytes.Buffer
			s, err := db.Backup(t.Context(), &file, "test", w.clock())
			if err != nil {
				t.Fatal(err)
			}
			for given.Load() == before && !t.Failed() { // the next one has something new
				time.Sleep(time.Millisecond)
			}
			files, made = append(files, file.Bytes()), append(made, s)
		}
		close(stop)
		all.Wait()
		if t.Failed() {
			return
		}
		for _, to := range storetest.DSNs(t) {
			last := len(files) - 1
			target := opened(t, to)
			done, err := target.Restore(t.Context(), bytes.NewReader(files[last]))
			if err != nil {
				t.Fatalf("%s → %s: %v", db.Engine(), target.Engine(), err)
			}
			restored := workflow.New(target, workflow.Options{Clock: w.clock})
			v, err := restored.Verify(t.Context())
			if err != nil || len(v.Findings) > 0 || v.Cases != len(cases) || v.Anchors != 1 || v.Log == 0 || done.Rows != made[last].Rows {
				t.Errorf("%s → %s: %+v %v", db.Engine(), target.Engine(), v, err)
			}
			// It goes on from there: numbers, versions and keys are all where they were.
			w2 := &world{t: t, db: target, e: restored, now: w.clock()}
			if c := w2.dispatched(); c.Number != fmt.Sprintf("NS2026-%06d", len(cases)+1) {
				t.Errorf("the next case is %s", c.Number)
			}
			if _, err := w2.do(cases[0].ID, "p-w1", casework.Progress{Text: "恢复后"}); err != nil {
				t.Error(err)
			}
			if v, err := restored.Verify(t.Context()); err != nil || len(v.Findings) > 0 {
				t.Error(v, err)
			}
			t.Logf("%s → %s: %d events of %d commands given", db.Engine(), target.Engine(), v.Events, given.Load())
		}
	}
}

func opened(t *testing.T, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{Sealer: storetest.Sealer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
