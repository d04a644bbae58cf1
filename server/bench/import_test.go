package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"xiaopu/server/demo"
	"xiaopu/server/intake"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

const importRows = 100_000

// writeWorkbook writes an export of a year: the demonstration's everyday tickets again and again, with orders, people,
// places and times of their own, under the 26 headers of a hotline's file.
func writeWorkbook(path string, rows int) error {
	var everyday []demo.Row
	for _, r := range demo.Export(start) {
		if r.Story == "" {
			everyday = append(everyday, r)
		}
	}
	if len(everyday) == 0 {
		return errors.New("the demonstration has no everyday tickets")
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	header := []string{
		"工单编号", "受理时间", "工单来源", "工单类型", "诉求标题", "内容描述", "诉求人", "联系电话", "诉求地址", "小区名称", "一级分类", "二级分类", "三级分类", "主办单位", "流转单位",
		"派单时间", "办理时限", "办结时间", "退单次数", "重新交办次数", "先行联系", "解决情况", "满意度", "答复市民要点", "关联工单", "三跨标识",
	}
	rnd := rand.New(rand.NewPCG(2026, 3))
	err = intake.WriteSheet(f, "12345市民服务热线工单明细（虚构）", header, func(yield func([]any) bool) {
		for i := range rows {
			r := everyday[rnd.IntN(len(everyday))]
			at := start.Add(-time.Duration(rnd.Int64N(int64(360 * 24 * time.Hour)))).Truncate(time.Second)
			place := fmt.Sprintf("望舒路%d弄", rnd.IntN(1500)+1)
			var closed any
			if !r.ClosedAt.IsZero() {
				if end := at.AddDate(0, 0, 1+rnd.IntN(6)); !end.After(start) {
					closed = end
				}
			}
			satisfaction := r.Satisfaction
			if rnd.IntN(100) == 0 {
				satisfaction = "不满意"
			}
			if closed == nil {
				satisfaction = ""
			}
			if !yield([]any{
				fmt.Sprintf("%s%06d", at.Format("20060102"), i), at, r.Channel, r.Kind, r.Title, place + "，" + r.Content, r.Name, fmt.Sprintf("138%08d", rnd.IntN(60_000)), place,
				place, r.Category[0], r.Category[1], r.Category[2], r.Department, "", at.Add(time.Hour), at.AddDate(0, 0, 7), closed, 0, 0, r.Contacted, r.Outcome, satisfaction, r.Reply, "", "",
			}) {
				return
			}
		}
	})
	return errors.Join(err, f.Close())
}

// imported is what the role tells: what the import did, and what it took.
type imported struct {
	Result  intake.Result
	Seconds float64
	Peak    float64 // MB

	cpu, database float64 // seconds
}

// importFile imports one file as `xiaopu import` does.
func importFile(ctx context.Context, j job, in *bufio.Reader, tell func(any) error) error {
	db, err := database{dsn: j.DSN, unsealed: j.Open}.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := tell(process{}); err != nil {
		return err
	}
	clock := clockFrom(start)
	debug.SetGCPercent(50)
	im := &intake.Importer{Engine: workflow.New(db, workflow.Options{Clock: clock, Logger: slog.New(slog.DiscardHandler)}), DB: db, Now: clock}
	began := time.Now()
	r, err := im.Import(ctx, intake.Job{Path: j.File, Source: ticket.Hotline})
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	_, peak := memory(os.Getpid())
	r.Problems = nil
	if err := tell(imported{Result: r, Seconds: took, Peak: peak}); err != nil {
		return err
	}
	_, err = in.ReadString('\n') // lives on until it has been looked at
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// runImport imports a job's file into a new database of an engine.
func runImport(ctx context.Context, k knowledge, engine, dir string, j job) (done imported, err error) {
	d, err := newDatabase(ctx, k, engine, dir)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, d.drop()) }()
	j.DSN, j.Profile = d.dsn, os.Getenv("XIAOPU_BENCH_PROFILE")
	p, err := spawn("import", j)
	if err != nil {
		return done, err
	}
	server := d.databaseProcess(ctx)
	cpu, database := p.cpu(), server.cpu()
	if err := p.hear(&done); err != nil {
		return done, errors.Join(err, p.stop())
	}
	done.cpu, done.database = p.cpu()-cpu, server.cpu()-database
	return done, p.stop()
}

func BenchmarkImport(b *testing.B) {
	bench(b, func(ctx context.Context, k knowledge, dir string) error {
		path := filepath.Join(dir, "rows.xlsx")
		began := time.Now()
		if err := writeWorkbook(path, importRows); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		say("workbook of %d rows, 26 columns, %d MB, written in %.0f s", importRows, info.Size()>>20, time.Since(began).Seconds())
		for _, engine := range engines(b) {
			done, err := runImport(ctx, k, engine, dir, job{File: path})
			if err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
			say("%s: %.1f s (CPU %.1f s, of the database %.1f s), %.0f MB at its most; %d created, %d rejected, %d cases", engine, done.Seconds, done.cpu, done.database, done.Peak, done.Result.Created, done.Result.Rejected, done.Result.Cases)
			results.add(atMost(engine+" import of 100,000 rows, s", fmt.Sprintf("%.1f s", done.Seconds), "", done.Seconds, 60))
			results.add(atMost(engine+" import, resident, MB", fmt.Sprintf("%.0f MB", done.Peak), "", done.Peak, 300))
		}
		return nil
	})
}

func TestWorkbookIsImported(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rows.xlsx")
	if err := writeWorkbook(path, 700); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, engine string) {
		done, err := runImport(t.Context(), k, engine, t.TempDir(), job{File: path})
		if err != nil {
			t.Fatal(err)
		}
		if done.Result.Created != 700 || done.Result.Rejected != 0 || done.Result.Cases == 0 {
			t.Errorf("%+v", done.Result)
		}
	})
}
