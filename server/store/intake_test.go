package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
)

func TestAnImportIsOneWorkersAtATime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		i := store.Import{ID: "i-1", FileName: strings.Repeat("名", 300), FileSize: 7, Source: ticket.Hotline, DryRun: true, CreatedBy: "p-1", StartedAt: monday, State: store.ImportQueued, Digest: "d"}
		if err := db.CreateImport(ctx, i); err != nil {
			t.Fatal(err)
		}
		twin := i
		twin.ID = "i-2"
		if err := db.CreateImport(ctx, twin); !errors.Is(err, store.ErrImportRunning) {
			t.Errorf("the same file at once: %v", err)
		}
		i.FileName, i.Result = strings.Repeat("名", 255), json.RawMessage(`{}`)
		if d := cmp.Diff(i, must[store.Import](t)(db.Import(ctx, "i-1"))); d != "" {
			t.Error(d)
		}
		until := monday.Add(30 * time.Second)
		if list := must[[]string](t)(db.WaitingImports(ctx, monday, 5)); !slices.Equal(list, []string{"i-1"}) {
			t.Errorf("waiting %v", list)
		}
		got, err := db.LeaseImport(ctx, "i-1", "l-1", monday, until)
		if err != nil || got.State != store.ImportRunning || got.Attempts != 1 || !got.LeasedUntil.Equal(until) {
			t.Fatalf("%v %+v", err, got)
		}
		if _, err := db.LeaseImport(ctx, "i-1", "l-2", monday, until); !errors.Is(err, store.ErrImportTaken) {
			t.Errorf("a second worker: %v", err)
		}
		if list := must[[]string](t)(db.WaitingImports(ctx, monday, 5)); len(list) != 0 {
			t.Errorf("waiting %v", list)
		}
		p := store.ImportProgress{Line: 501, Share: 0.25, Worked: 3 * time.Second, Result: json.RawMessage(`{"rows":500}`)}
		note := func(lease string) (state store.ImportState, err error) {
			err = db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				state, err = tx.NoteImport(ctx, "i-1", lease, p, until)
				return err
			})
			return state, err
		}
		if state, err := note("l-1"); err != nil || state != store.ImportRunning {
			t.Errorf("%s %v", state, err)
		}
		// The first one dies; once its lease is over another has it, and the first can save nothing more.
		if got, err = db.LeaseImport(ctx, "i-1", "l-2", until, until.Add(time.Minute)); err != nil || got.Line != 501 || got.Share != 0.25 || got.Worked != 3*time.Second || string(got.Result) != `{"rows":500}` {
			t.Fatalf("%v %+v", err, got)
		}
		if _, err := note("l-1"); !errors.Is(err, store.ErrImportTaken) {
			t.Errorf("who lost the lease: %v", err)
		}
		if _, err := db.KeepImport(ctx, "i-1", "l-1", until); !errors.Is(err, store.ErrImportTaken) {
			t.Errorf("who lost the lease: %v", err)
		}
		if err := db.EndImport(ctx, "i-1", "l-1", store.ImportFinished, "", day(1)); !errors.Is(err, store.ErrImportTaken) {
			t.Errorf("who lost the lease: %v", err)
		}
		if ok := must[bool](t)(db.StopImport(ctx, "i-1")); !ok {
			t.Error("a running import is not stopped")
		}
		if state := must[store.ImportState](t)(db.KeepImport(ctx, "i-1", "l-2", until)); state != store.ImportStopping {
			t.Errorf("state %s", state)
		}
		if err := db.EndImport(ctx, "i-1", "l-2", store.ImportStopped, "", day(1)); err != nil {
			t.Fatal(err)
		}
		if err := db.CreateImport(ctx, twin); err != nil {
			t.Errorf("the same file after a stop: %v", err)
		}
		if _, err := db.QueueImport(ctx, "i-1", store.ImportStopped); !errors.Is(err, store.ErrImportRunning) {
			t.Errorf("two of the same file: %v", err)
		}
		must[bool](t)(db.StopImport(ctx, "i-2"))
		if ok := must[bool](t)(db.QueueImport(ctx, "i-1", store.ImportStopped)); !ok {
			t.Error("a stopped import does not go on")
		}
		if _, err := db.LeaseImport(ctx, "i-1", "l-3", until, until); err != nil {
			t.Fatal(err)
		}
		if err := db.ReleaseImport(ctx, "i-1", "l-3", day(1)); err != nil {
			t.Fatal(err)
		}
		if got := must[store.Import](t)(db.Import(ctx, "i-1")); got.State != store.ImportQueued || !got.LeasedUntil.Equal(day(1)) || !got.FinishedAt.IsZero() {
			t.Errorf("%+v", got)
		}
		if _, err := db.LeaseImport(ctx, "i-1", "l-4", day(1), day(2)); err != nil {
			t.Fatal(err)
		}
		if err := db.EndImport(ctx, "i-1", "l-4", store.ImportFailed, "文件已损坏", day(1)); err != nil {
			t.Fatal(err)
		}
		if got := must[store.Import](t)(db.Import(ctx, "i-1")); got.State != store.ImportFailed || got.Failure != "文件已损坏" || !got.FinishedAt.Equal(day(1)) || got.Lease != "" {
			t.Errorf("%+v", got)
		}
		if list := must[[]store.Import](t)(db.Imports(ctx, time.Time{}, "", 10)); len(list) != 2 || list[0].ID != "i-2" {
			t.Errorf("%+v", list)
		}
		if list := must[[]store.Import](t)(db.Imports(ctx, monday, "i-2", 10)); len(list) != 1 || list[0].ID != "i-1" {
			t.Errorf("%+v", list)
		}
		if _, err := db.Import(ctx, "none"); !errors.Is(err, store.ErrNoImport) {
			t.Error(err)
		}
	})
}

// What is kept of a file is sealed, and cannot be moved to another place.
func TestFilesAndRowsOfImportsAreSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for no, piece := range []string{"沈阿婆,13812345678", "钱阿公"} {
			if err := db.AddImportChunk(ctx, "i-1", no, []byte(piece), day(no)); err != nil {
				t.Fatal(err)
			}
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.AddImportRows(ctx, "i-1", []store.ImportRow{{Line: 3, Cells: []string{"", "沈阿婆"}}, {Line: 9, Cells: []string{"钱阿公"}}}, day(0))
		})
		if piece := must[[]byte](t)(db.ImportChunk(ctx, "i-1", 1)); string(piece) != "钱阿公" {
			t.Errorf("%s", piece)
		}
		if list := must[[]store.ImportRow](t)(db.ImportRows(ctx, "i-1", 2, 1)); len(list) != 1 || list[0].Line != 3 || list[0].Cells[1] != "沈阿婆" {
			t.Errorf("%+v", list)
		}
		for _, table := range []string{"import_chunks", "import_rows"} {
			rows, err := db.Query(ctx, `SELECT body FROM `+table)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var body string
				if err := rows.Scan(&body); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(body, "阿") || db.Sealer().KeyOf(body) == 0 {
					t.Errorf("%s keeps %s", table, body)
				}
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Exec(ctx, `UPDATE import_chunks SET no = 7 WHERE no = 1`); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ImportChunk(ctx, "i-1", 7); err == nil {
			t.Error("a piece opens in another place")
		}
		if n := must[int64](t)(db.ForgetImportFiles(ctx, day(1), day(0), 10)); n != 1 {
			t.Errorf("%d forgotten", n)
		}
		if _, err := db.ImportChunk(ctx, "i-1", 0); !errors.Is(err, store.ErrNoChunk) {
			t.Errorf("what is a day old: %v", err)
		}
		if n := must[int64](t)(db.ForgetImportFiles(ctx, day(0), day(1), 10)); n != 2 {
			t.Errorf("%d forgotten", n)
		}
		if err := db.AddImportChunk(ctx, "i-2", 0, []byte("x"), day(0)); err != nil {
			t.Fatal(err)
		}
		if err := db.DropImportFile(ctx, "i-2"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ImportChunk(ctx, "i-2", 0); !errors.Is(err, store.ErrNoChunk) {
			t.Error(err)
		}
	})
}

// A row may have more problems than a page has room for: they stay together, and none is passed over.
func TestImportProblemsPageThroughEachOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		var list []store.ImportProblem
		for line := range 30 {
			for part := range line%4 + 1 {
				list = append(list, store.ImportProblem{Line: line + 2, Fatal: part == 0, OrderNo: fmt.Sprint("NO-", line), Message: fmt.Sprintf("第 %d 处", part)})
			}
		}
		list[3].OrderNo = strings.Repeat("号", 70)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.AddImportProblems(ctx, "i-2", list[:5], day(0)); err != nil {
				return err
			}
			return tx.AddImportProblems(ctx, "i-1", list, day(1))
		})
		list[3].OrderNo = strings.Repeat("号", 64)
		for _, limit := range []int{1, 2, 3, 7, 500} {
			var got []store.ImportProblem
			for after := 0; ; {
				page := must[[]store.ImportProblem](t)(db.ImportProblems(ctx, "i-1", after, limit))
				if len(page) == 0 {
					break
				}
				got = append(got, page...)
				after = page[len(page)-1].Line
			}
			if d := cmp.Diff(list, got); d != "" {
				t.Errorf("%d a page: %s", limit, d)
			}
		}
		if n := len(must[[]store.ImportProblem](t)(db.ImportProblems(ctx, "none", 0, 10))); n != 0 {
			t.Error(n)
		}
		// They quote cells, and go with the rows that are kept.
		must[int64](t)(db.ForgetImportFiles(ctx, day(1), day(1), 500))
		for id, want := range map[string]int{"i-1": len(list), "i-2": 0} {
			if n := len(must[[]store.ImportProblem](t)(db.ImportProblems(ctx, id, 0, 500))); n != want {
				t.Errorf("%s has %d problems, want %d", id, n, want)
			}
		}
	})
}
