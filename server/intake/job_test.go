package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// worker is a background worker whose clock calls tick with the number of the call: it is asked the time in every batch.
func worker(t *testing.T, db *store.DB, tick func(call int)) *intake.Jobs {
	t.Helper()
	var calls atomic.Int32
	return &intake.Jobs{Engine: importer(t, db).Engine, DB: db, Logger: slog.New(slog.DiscardHandler), Clock: func() time.Time {
		n := int(calls.Add(1))
		if tick != nil {
			tick(n)
		}
		return now.Add(time.Duration(n) * time.Millisecond)
	}}
}

func contents(t *testing.T, path string) *bytes.Reader {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}

var clerk = casework.Actor{PersonID: "p-1"}

func start(t *testing.T, j *intake.Jobs, path string, q intake.Request) intake.JobView {
	t.Helper()
	ctx := context.Background()
	u, err := j.Receive(ctx, contents(t, path))
	if err != nil {
		t.Fatal(err)
	}
	q.FileName, q.Source = "export.csv", ticket.Hotline
	v, err := j.Start(ctx, clerk, u, q)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func once(t *testing.T, j *intake.Jobs) {
	t.Helper()
	if _, err := j.Once(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func progress(t *testing.T, j *intake.Jobs, id string) intake.JobView {
	t.Helper()
	v, err := j.Import(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// mixed is a file of several batches with everything in it: cases that need tickets of different batches, repeats, bad rows.
func mixed(t *testing.T) string {
	t.Helper()
	var rows [][]string
	for i := range 2300 {
		r := row(fmt.Sprintf("2026031809%04d", i))
		switch {
		case i%400 == 0:
			r = row(r[0], "2026-03-18 09:00:00", "电梯坏了", "电梯停运三天", "0", "", "", "望舒苑") // six over the file: a burst
		case i%97 == 0:
			r = row("")
		case i%101 == 0:
			r = row("20260318090001") // repeats a number of the first batch
		case i%103 == 0:
			r[4] = "3"
		case i%107 == 0:
			r[5], r[6] = "不满意", "2026-03-19 09:00:00"
		}
		rows = append(rows, r)
	}
	return file(t, rows...)
}

// same compares what two imports came to.
func same(t *testing.T, got, want intake.JobView) {
	t.Helper()
	type counted [6]int
	of := func(v intake.JobView) counted {
		return counted{v.Rows, v.Created, v.Updated, v.Unchanged, v.Rejected, v.Cases}
	}
	if of(got) != of(want) || got.State != want.State {
		t.Errorf("%s %v, want %s %v", got.State, of(got), want.State, of(want))
	}
}

func problems(t *testing.T, db *store.DB, id string) (lines []int) {
	t.Helper()
	list, err := db.ImportProblems(context.Background(), id, 0, 10000)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		lines = append(lines, p.Line)
	}
	return lines
}

// worksheets is a workbook of two months, the columns of the second in another order, between worksheets that hold no tickets.
// The second month has a bad row and repeats a ticket of the first, which has two bad rows.
func worksheets(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	sheet := func(name string, rows ...[]string) {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			if err := f.SetSheetRow(name, fmt.Sprint("A", i+1), &r); err != nil {
				t.Fatal(err)
			}
		}
	}
	sheet("说明", []string{"每月一张表"})
	sheet("空表")
	first := [][]string{{"二月工单"}, {"工单编号", "受理时间", "内容描述", "小区名称"}}
	for i := range 620 {
		first = append(first, []string{fmt.Sprintf("2026022809%04d", i), "2026-02-28 09:00:00", "路灯不亮", fmt.Sprint("小区", i)})
	}
	first = append(first, []string{"", "2026-02-28 09:00:00", "没有编号"}, []string{"20260228090002", "2027-02-28 09:00:00", "以后的日期"})
	sheet("二月", first...)
	second := [][]string{{"内容描述", "工单编号", "小区名称", "受理时间"}}
	for i := range 1810 {
		second = append(second, []string{"垃圾没有清运", fmt.Sprintf("2026031809%04d", i), fmt.Sprint("小区", i), "2026-03-18 09:00:00"})
	}
	second = append(second, []string{"又报一次", "20260228090003", "小区3", "2026-03-18 09:00:00"}, []string{"电话 13812345678", "", "", "2026-03-18 09:00:00"})
	sheet("三月", second...)
	sheet("统计", []string{"月份", "件数"}, []string{"二月", "620"})
	sheet("存档", second[:3]...)
	if err := errors.Join(f.SetSheetVisible("存档", false), f.DeleteSheet("Sheet1")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "export.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryWorksheetWithTicketsIsRead(t *testing.T) {
	path := worksheets(t)
	in, err := intake.Inspect(path, ticket.Hotline, intake.Listing{}, nil)
	if err != nil || in.Sheet != "二月" || fmt.Sprint(in.Further) != "[三月]" || len(in.Missing) != 3 || !strings.Contains(in.Missing[1].Message, "隐藏的工作表“存档”") || !strings.Contains(in.Missing[2].Message, "工作表“统计”不导入") {
		t.Errorf("%v %+v", err, in)
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im := importer(t, db)
		r, err := im.Import(t.Context(), intake.Job{Path: path, Source: ticket.Hotline})
		if err != nil || r.Rows != 2434 || r.Created != 2430 || r.Rejected != 4 || r.Found != 7 {
			t.Fatalf("%v %+v", err, r)
		}
		var places []string
		for _, p := range r.Problems {
			places = append(places, ticket.Place(p.Line))
		}
		if got := strings.Join(places, "、"); got != "第 1 行、第 3 张工作表第 1 行、第 3 张工作表第 623 行、第 3 张工作表第 624 行、第 4 张工作表第 1812 行、第 4 张工作表第 1813 行、第 5 张工作表第 1 行" {
			t.Errorf("%s: %+v", got, r.Problems)
		}
		if !strings.Contains(r.Problems[4].Message, "与第 3 张工作表第 6 行重复") {
			t.Error(r.Problems[4].Message)
		}

		// The report has a worksheet for each, and comes back.
		j := worker(t, db, nil)
		report := filepath.Join(t.TempDir(), "report.xlsx")
		out, err := os.Create(report)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(j.Report(t.Context(), clerk, r.ID, out), out.Close()); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenFile(report)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.GetSheetList()); got != "[第 3 张工作表 第 4 张工作表]" {
			t.Error(got)
		}
		if rows, err := f.GetRows("第 4 张工作表"); err != nil || len(rows) != 3 || rows[0][3] != "内容描述" || rows[2][1] != "1813" || rows[2][3] != "电话 138****5678" {
			t.Errorf("%v %v", err, rows)
		}
		if err := f.SetCellStr("第 4 张工作表", "E3", "20260318095000"); err != nil {
			t.Fatal(err)
		}
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		again, err := im.Import(t.Context(), intake.Job{Path: report, Source: ticket.Hotline})
		if err != nil || again.Created != 1 || again.Rejected != 2 || again.Updated != 1 {
			t.Fatalf("%v %+v", err, again)
		}
		if row := (lists{t, db, im}).ticket("20260318095000"); row.Ticket.Content != "电话 13812345678" {
			t.Errorf("%q", row.Ticket.Content)
		}
	})
}

// undisturbed imports mixed into a database of its own.
func undisturbed(t *testing.T, path string, q intake.Request) (v intake.JobView, lines []int) {
	t.Helper()
	db := storetest.Open(t)
	j := worker(t, db, nil)
	v = start(t, j, path, q)
	once(t, j)
	return progress(t, j, v.ID), problems(t, db, v.ID)
}

func TestADryRunInBatchesCountsWhatTheImportThenDoes(t *testing.T) {
	path := mixed(t)
	wet, _ := undisturbed(t, path, intake.Request{})
	if wet.Cases == 0 || wet.Rejected == 0 || wet.State != store.ImportFinished {
		t.Fatalf("%+v", wet)
	}
	dry, _ := undisturbed(t, path, intake.Request{DryRun: true})
	same(t, dry, wet)
}

func TestAStoppedImportGoesOnBehindItsLastBatch(t *testing.T) {
	text, book := mixed(t), worksheets(t)
	for name, c := range map[string]struct {
		path string
		q    intake.Request
	}{"import": {path: text}, "dry run": {text, intake.Request{DryRun: true}}, "worksheets": {path: book}} {
		t.Run(name, func(t *testing.T) {
			path, q := c.path, c.q
			want, lines := undisturbed(t, path, q)
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				var id atomic.Value
				var stop sync.Once
				var stopping sync.WaitGroup
				stopper := worker(t, db, nil)
				j := worker(t, db, func(int) {
					s, _ := id.Load().(string)
					if s == "" {
						return
					}
					if i, err := db.Import(context.Background(), s); err == nil && i.Line > 0 {
						stop.Do(func() {
							stopping.Go(func() {
								if _, err := stopper.Stop(context.Background(), s); err != nil {
									t.Error(err)
								}
							})
						})
					}
				})
				v := start(t, j, path, q)
				id.Store(v.ID)
				once(t, j)
				stopping.Wait()
				half := progress(t, j, v.ID)
				if half.State != store.ImportStopped || half.Rows == 0 || half.Rows >= want.Rows || half.Share <= 0 || half.Share >= 1 {
					t.Fatalf("%+v", half)
				}
				once(t, j) // nothing waits
				if _, err := j.Resume(context.Background(), v.ID); err != nil {
					t.Fatal(err)
				}
				once(t, j)
				same(t, progress(t, j, v.ID), want)
				if got := problems(t, db, v.ID); fmt.Sprint(got) != fmt.Sprint(lines) {
					t.Errorf("problems of lines %v, want %v", got, lines)
				}
			})
		})
	}
}

// A worker that is given up for dead while it works saves nothing more once another has the import.
func TestAnImportTakenOverCountsNothingTwice(t *testing.T) {
	path := mixed(t)
	want, lines := undisturbed(t, path, intake.Request{})
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		second := worker(t, db, nil)
		var over sync.WaitGroup
		var id atomic.Value
		var take sync.Once
		first := worker(t, db, func(int) {
			s, _ := id.Load().(string)
			if s == "" {
				return
			}
			if i, err := db.Import(context.Background(), s); err == nil && i.Line > 0 {
				take.Do(func() {
					over.Go(func() {
						if err := db.ReleaseImport(context.Background(), s, i.Lease, time.Time{}); err != nil {
							t.Error(err)
						}
						if _, err := second.Once(context.Background()); err != nil {
							t.Error(err)
						}
					})
				})
			}
		})
		v := start(t, first, path, intake.Request{})
		id.Store(v.ID)
		once(t, first)
		over.Wait()
		once(t, second) // if the first one was too quick for it
		same(t, progress(t, first, v.ID), want)
		if got := problems(t, db, v.ID); fmt.Sprint(got) != fmt.Sprint(lines) {
			t.Errorf("problems of lines %v, want %v", got, lines)
		}
	})
}

func TestAShutdownGivesTheImportBackAtOnce(t *testing.T) {
	db := storetest.Open(t)
	path := mixed(t)
	want, _ := undisturbed(t, path, intake.Request{})
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	j := worker(t, db, func(int) {
		if calls++; calls == 12 {
			cancel()
		}
	})
	v := start(t, j, path, intake.Request{})
	if _, err := j.Once(ctx); err != nil {
		t.Fatal(err)
	}
	if v := progress(t, j, v.ID); v.State != store.ImportQueued || v.Rows == 0 || v.Rows >= want.Rows {
		t.Fatalf("%+v", v)
	}
	once(t, j)
	same(t, progress(t, j, v.ID), want)
}

func TestAFileThatBreaksOffFailsWithWhatIsIn(t *testing.T) {
	db := storetest.Open(t)
	j := worker(t, db, nil)
	path := file(t, row("20260318090001"), row("20260318090002"))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 600 {
		b = append(b, strings.Join(row(fmt.Sprintf("20260318091%03d", i)), ",")+"\n"...)
	}
	b = append(b, strings.Repeat("x,", 600)...)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	v := start(t, j, path, intake.Request{})
	once(t, j)
	failed := progress(t, j, v.ID)
	if failed.State != store.ImportFailed || failed.Created != 602 || failed.Failure == "" || failed.FinishedAt == nil {
		t.Fatalf("%+v", failed)
	}
	if _, err := j.Retry(t.Context(), v.ID); err != nil {
		t.Fatal(err)
	}
	once(t, j)
	same(t, progress(t, j, v.ID), failed)

	// Its file is not kept for ever.
	if err := db.DropImportFile(t.Context(), v.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Retry(t.Context(), v.ID); !errors.Is(err, store.ErrNoChunk) {
		t.Error(err)
	}
}

type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	if n, err := b.Reader.Read(p); err == nil {
		return n, nil
	}
	return 0, io.ErrUnexpectedEOF
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	db := storetest.Open(t)
	j := worker(t, db, nil)
	if _, err := j.Receive(t.Context(), broken{strings.NewReader(strings.Repeat("x", 3<<20))}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	if n, err := db.ForgetImportFiles(t.Context(), now.AddDate(1, 0, 0), now, 100); err != nil || n != 0 {
		t.Errorf("%d pieces are left (%v)", n, err)
	}
	u, err := j.Receive(t.Context(), strings.NewReader("a,b\n1,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Start(t.Context(), clerk, u, intake.Request{Source: ticket.Hotline}); apperr.CodeOf(err) != apperr.InvalidArgument {
		t.Errorf("%v", err)
	}
	if err := j.Discard(t.Context(), u); err != nil {
		t.Error(err)
	}
}

// What is an import's file by now is not discarded, whatever else went wrong.
func TestTheFileOfAQueuedImportIsNotDiscarded(t *testing.T) {
	db := storetest.Open(t)
	j := worker(t, db, nil)
	ctx, hangUp := context.WithCancel(t.Context())
	u, err := j.Receive(ctx, contents(t, file(t, row("20260318090001"))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Start(ctx, clerk, u, intake.Request{FileName: "export.csv", Source: ticket.Hotline}); err != nil {
		t.Fatal(err)
	}
	hangUp()
	if err := j.Discard(ctx, u); err != nil {
		t.Fatal(err)
	}
	once(t, j)
	if v := progress(t, j, u.ID); v.State != store.ImportFinished || v.Created != 1 {
		t.Errorf("%+v", v)
	}
}

// A worker that loses its lease at the very end leaves the file to who has the import then.
func TestAFileIsDroppedOnlyWhenItsImportHasEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		id := ""
		j := worker(t, db, nil)
		j.Engine = workflow.New(db, workflow.Options{Clock: func() time.Time {
			// Asked for the last time when the only batch is in.
			if i, err := db.Import(ctx, id); err == nil && i.Line > 0 && i.Lease != "" {
				if err := db.ReleaseImport(ctx, id, i.Lease, now); err != nil {
					t.Error(err)
				}
			}
			return now
		}})
		id = start(t, j, file(t, row("20260318090001")), intake.Request{}).ID
		once(t, j)
		if _, err := db.ImportChunk(ctx, id, 0); err != nil || progress(t, j, id).State != store.ImportQueued {
			t.Fatal(err, progress(t, j, id).State)
		}
		j.Engine = importer(t, db).Engine
		once(t, j)
		if _, err := db.ImportChunk(ctx, id, 0); !errors.Is(err, store.ErrNoChunk) || progress(t, j, id).State != store.ImportFinished {
			t.Error(err, progress(t, j, id).State)
		}
	})
}

// failing is a sealer that panics over a file's second piece when a worker reads its rows, having looked over the file; as a
// reader does that meets what nobody thought of.
type failing struct {
	store.Sealer
	on    atomic.Bool
	times atomic.Int32
}

func (f *failing) Open(sealed, place string) ([]byte, error) {
	if f.on.Load() && strings.HasPrefix(place, "import_chunks.body:") && strings.HasSuffix(place, ":1") && f.times.Add(1)%2 == 0 {
		panic("欧阳佳慧13812345678")
	}
	return f.Sealer.Open(sealed, place)
}

func TestAFileThatTheProgramFailsOnEndsAsFailed(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		sealer := &failing{Sealer: storetest.Sealer}
		db, err := store.Open(ctx, dsn, store.Options{Sealer: sealer})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err := db.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		at := now
		j := worker(t, db, nil)
		j.Logger, j.Clock = slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return at }
		var rows [][]string
		for i := range 3500 {
			rows = append(rows, row(fmt.Sprintf("2026031809%04d", i), "2026-03-18 09:00:00", "路灯不亮", strings.Repeat("东门路灯不亮。", 30)))
		}
		path := file(t, rows...)
		for _, dry := range []bool{false, true} {
			sealer.on.Store(false)
			v := start(t, j, path, intake.Request{DryRun: dry})
			sealer.on.Store(true)
			for range 6 { // the first one comes some way
				at = at.Add(time.Hour)
				once(t, j)
			}
			if v = progress(t, j, v.ID); v.State != store.ImportFailed || !strings.Contains(v.Failure, "系统内部错误") || v.Rows == 0 || v.Rows > 1000 {
				t.Errorf("dry run %v: %+v", dry, v)
			}
			// What ends the process itself leaves only its leases.
			sealer.on.Store(false)
			if _, err := j.Retry(ctx, v.ID); err != nil {
				t.Fatal(err)
			}
			for range 5 {
				if _, err := db.LeaseImport(ctx, v.ID, "dead", at, at); err != nil {
					t.Fatal(err)
				}
			}
			before := v.Rows
			once(t, j)
			if v = progress(t, j, v.ID); v.State != store.ImportFailed || v.Rows != before {
				t.Errorf("dry run %v: %+v", dry, v)
			}
			if _, err := j.Retry(ctx, v.ID); err != nil {
				t.Fatal(err)
			}
			once(t, j)
			if v = progress(t, j, v.ID); v.State != store.ImportFinished || v.Rows != 3500 {
				t.Errorf("dry run %v, put right: %+v", dry, v)
			}
		}
		if text := log.String(); !strings.Contains(text, "readSheet") || strings.Contains(text, "欧阳佳慧") || strings.Contains(text, "13812345678") {
			t.Error(text)
		}
	})
}

// The command line's imports stand in the list too; one that was killed is said to have failed, not tried.
func TestTheCommandLinesImportIsListed(t *testing.T) {
	db := storetest.Open(t)
	j := worker(t, db, nil)
	r, err := importer(t, db).Import(t.Context(), intake.Job{Path: mixed(t), Source: ticket.Hotline})
	if err != nil {
		t.Fatal(err)
	}
	v := progress(t, j, r.ID)
	if v.State != store.ImportFinished || v.Rows != r.Rows || v.Cases != r.Cases || v.Rejected != r.Rejected {
		t.Errorf("%+v", v)
	}
	if err := db.CreateImport(t.Context(), store.Import{ID: "killed", FileName: "x.csv", Source: ticket.Hotline, StartedAt: now, State: store.ImportRunning, Lease: "gone", LeasedUntil: now}); err != nil {
		t.Fatal(err)
	}
	once(t, j)
	if v := progress(t, j, "killed"); v.State != store.ImportFailed || !strings.Contains(v.Failure, "命令行") || len(v.Allowed) != 0 {
		t.Errorf("%+v", v)
	}
	page, err := j.Imports(t.Context(), "", 10)
	if err != nil || len(page.Items) != 2 {
		t.Errorf("%v %+v", err, page)
	}
}

// A workbook is read at many places at once; from pieces it is read as from a file.
func TestAWorkbookInPiecesIsReadLikeTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "export.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2)) // what does not compress makes it long
	const rows = 8000
	if err := intake.WriteSheet(f, "", []string{"工单编号", "受理时间", "内容描述", "小区名称"}, func(yield func([]any) bool) {
		for i := range rows {
			text := make([]rune, 60)
			for k := range text {
				text[k] = rune(0x4e00 + rnd.IntN(20000))
			}
			if !yield([]any{fmt.Sprintf("2026031809%06d", i), now.Add(-time.Hour), string(text), fmt.Sprint("小区", i)}) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() < 1<<20 {
		t.Fatalf("%v: %d bytes are no three pieces", err, info.Size())
	}
	direct, err := importer(t, storetest.Open(t)).Import(t.Context(), intake.Job{Path: path, Source: ticket.Hotline})
	if err != nil || direct.Created != rows {
		t.Fatalf("%v %+v", err, direct)
	}
	db := storetest.Open(t)
	j := worker(t, db, nil)
	v := start(t, j, path, intake.Request{})
	once(t, j)
	if got := progress(t, j, v.ID); got.Created != rows || got.Cases != direct.Cases || got.State != store.ImportFinished {
		t.Errorf("%+v, from the file %+v", got, direct)
	}
}
