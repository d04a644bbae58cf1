package intake_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

var now = time.Date(2026, 3, 20, 10, 0, 0, 0, workday.Shanghai)

func importer(t *testing.T, db *store.DB) *intake.Importer {
	t.Helper()
	e := workflow.New(db, workflow.Options{Clock: func() time.Time { return now }})
	if err := e.Seed(context.Background(), nil, casework.DefaultPolicy()); err != nil {
		t.Fatal(err)
	}
	return &intake.Importer{Engine: e, DB: db, Now: func() time.Time { return now }}
}

func file(t *testing.T, rows ...[]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(f)
	if err := w.WriteAll(append([][]string{{"工单编号", "受理时间", "标题", "内容描述", "重新交办次数", "满意度", "办结时间", "小区名称", "一级分类"}}, rows...)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func row(no string, cells ...string) []string {
	r := []string{no, "2026-03-18 09:00:00", "路灯不亮", "市民反映东门路灯不亮一个月", "0", "", "", "小区" + no, "公共设施"}
	copy(r[1:], cells)
	return r
}

func TestImportingAgainOnlyTakesWhatChanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im := importer(t, db)
		var rows [][]string
		for i := range 1203 { // more than two batches
			rows = append(rows, row(fmt.Sprintf("202603180900%02d", i)))
		}
		ctx := context.Background()
		job := intake.Job{Path: file(t, rows...), Source: ticket.Hotline}
		first, err := im.Import(ctx, job)
		if err != nil || first.Created != 1203 || first.Rows != 1203 {
			t.Fatalf("first: %v %+v", err, first)
		}
		again, err := im.Import(ctx, job)
		if err != nil || again.Unchanged != 1203 || again.Created+again.Updated+again.Cases != 0 {
			t.Fatalf("again: %v %+v", err, again)
		}
		rows[7][4] = "4" // reassigned four times by now: a hard case
		changed, err := im.Import(ctx, intake.Job{Path: file(t, rows...), Source: ticket.Hotline})
		if err != nil || changed.Updated != 1 || changed.Unchanged != 1202 || changed.Cases != 1 {
			t.Fatalf("changed: %v %+v", err, changed)
		}
	})
}

func TestBadRowsAreToldAndTheOthersGoIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im := importer(t, db)
		path := file(t,
			row("20260318090001"),
			row("", "2026-03-18 09:00:00"),
			row("20260318090001"),
			row("20260318090003", "2027-01-01 09:00:00"),
			row("20260318090004"),
		)
		r, err := im.Import(context.Background(), intake.Job{Path: path, Source: ticket.Hotline})
		if err != nil || r.Rows != 5 || r.Created != 2 || r.Rejected != 3 {
			t.Fatalf("%v %+v", err, r)
		}
		var fatal []int
		for _, p := range r.Problems {
			if p.Fatal {
				fatal = append(fatal, p.Line)
			}
		}
		if !slices.Equal(fatal, []int{3, 4, 5}) {
			t.Fatalf("lines %v: %+v", fatal, r.Problems)
		}
		if !strings.Contains(r.Problems[1].Message, "第 2 行") {
			t.Errorf("a repeated order number should name the first row: %s", r.Problems[1].Message)
		}
		kept, err := db.ImportProblems(context.Background(), r.ID, 0, 100)
		if err != nil || len(kept) != len(r.Problems) {
			t.Fatalf("kept %d of %d: %v", len(kept), len(r.Problems), err)
		}
	})
}

func TestADryRunCountsAndWritesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im := importer(t, db)
		path := file(t, row("20260318090001", "2026-03-18 09:00:00", "路灯不亮", "不亮一个月", "0", "不满意"), row("20260318090002"))
		job := intake.Job{Path: path, Source: ticket.Hotline, DryRun: true}
		dry, err := im.Import(context.Background(), job)
		if err != nil || dry.Created != 2 || dry.Cases != 1 {
			t.Fatalf("dry: %v %+v", err, dry)
		}
		job.DryRun = false
		wet, err := im.Import(context.Background(), job)
		if err != nil || wet.Created != 2 || wet.Cases != 1 {
			t.Fatalf("after the dry run: %v %+v", err, wet)
		}
	})
}

// TestAnImportCutOffIsFinishedByTheNext cancels an import in the middle: whole batches are in, and the next run takes
// in the rest.
func TestAnImportCutOffIsFinishedByTheNext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im := importer(t, db)
		var rows [][]string
		for i := range 2600 {
			rows = append(rows, row(fmt.Sprintf("2026031809%04d", i)))
		}
		path := file(t, rows...)
		ctx, cancel := context.WithCancel(context.Background())
		batches := 0
		cut, err := im.Import(ctx, intake.Job{Path: path, Source: ticket.Hotline, Progress: func(float64) {
			if batches++; batches == 2 {
				cancel()
			}
		}})
		if err == nil || cut.Created == 0 || cut.Created >= 2600 {
			t.Fatalf("cut off: %v %+v", err, cut)
		}
		rest, err := im.Import(context.Background(), intake.Job{Path: path, Source: ticket.Hotline})
		if err != nil || rest.Created+rest.Unchanged != 2600 || rest.Unchanged < cut.Created {
			t.Fatalf("the rest: %v %+v after %+v", err, rest, cut)
		}
	})
}

// The report masks in its texts what the tickets' own views mask; a row that comes back is whole again.
func TestTheReportMasksNamesAndDoorsInTexts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im, j := importer(t, db), worker(t, db, nil)
		dir := t.TempDir()
		path := filepath.Join(dir, "export.csv")
		const content = "欧阳佳慧13812345678反映望舒路100弄12号302室漏水"
		if err := os.WriteFile(path, []byte("工单编号,受理时间,标题,内容描述,诉求人,联系电话,诉求地址\n,2026-03-18 09:00:00,欧阳佳慧家漏水,"+content+",欧阳佳慧,13812345678,望舒路100弄12号302室\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := im.Import(t.Context(), intake.Job{Path: path, Source: ticket.Hotline})
		if err != nil || r.Rejected != 1 {
			t.Fatal(err, r)
		}
		report := filepath.Join(dir, "report.xlsx")
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
		sheet := f.GetSheetName(0)
		rows, err := f.GetRows(sheet)
		if err != nil || len(rows) != 2 {
			t.Fatal(err, rows)
		}
		for _, secret := range []string{"佳慧", "302", "13812345678"} {
			if strings.Contains(fmt.Sprint(rows), secret) {
				t.Errorf("%s stands in %v", secret, rows)
			}
		}
		if err := errors.Join(f.SetCellStr(sheet, "D2", "20260318090001"), f.Save()); err != nil {
			t.Fatal(err)
		}
		if again, err := im.Import(t.Context(), intake.Job{Path: report, Source: ticket.Hotline}); err != nil || again.Created != 1 {
			t.Fatal(err, again)
		}
		if got := (lists{t, db, im}).ticket("20260318090001").Ticket; got.Content != content || got.Title != "欧阳佳慧家漏水" || got.Requester.Name != "欧阳佳慧" {
			t.Errorf("%+v", got)
		}
	})
}
