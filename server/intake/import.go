package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// Importer takes a file of tickets in: rows → tickets → triggers → cases. Taking the same file in again changes
// nothing, so an import that was cut off is simply started again.
type Importer struct {
	Engine *workflow.Engine
	DB     *store.DB
	// Now gives the instant against which dates in the future are refused.
	Now func() time.Time
}

// Job is one file to import.
type Job struct {
	Path     string
	FileName string // as the person knows it; "" means the base of Path
	Source   ticket.Source
	By       string // person id; "" for the command line
	DryRun   bool
	// Progress is told now and then how far the file is read, from 0 to 1.
	Progress func(float64)
}

// Result counts what an import did. Rows = Created + Updated + Unchanged + Rejected.
type Result struct {
	ID        string `json:"id,omitempty"` // "" for a dry run
	Rows      int    `json:"rows"`
	Created   int    `json:"created"`
	Updated   int    `json:"updated"`
	Unchanged int    `json:"unchanged"`
	Rejected  int    `json:"rejected"`
	Cases     int    `json:"cases"`
	// Problems are the first MaxProblems; the rest is kept with the import.
	Problems []store.ImportProblem `json:"-"`
	Found    int                   `json:"-"` // problems in all
}

const (
	batchRows = 500
	// MaxProblems is how many problems a Result carries itself.
	MaxProblems = 200
)

// Import runs a job to its end. Each batch of rows is one transaction: killed at any moment, what is in is in whole
// and the next run goes on. A file that breaks off in the middle keeps the rows before it and gives the error with
// what was done so far.
func (im *Importer) Import(ctx context.Context, job Job) (Result, error) {
	if job.FileName == "" {
		job.FileName = filepath.Base(job.Path)
	}
	r := &run{im: im, job: job}
	if err := r.open(); err != nil {
		return Result{}, err
	}
	defer func() { _ = r.sheet.Close() }() // only read
	if job.DryRun {
		err := im.Engine.Rehearse(ctx, func(takeIn func([]ticket.Ticket) (workflow.Taken, error)) error {
			return r.all(ctx, func(b batch) (workflow.Taken, error) { return takeIn(b.tickets) })
		})
		return r.result, err
	}
	r.result.ID = uuid.Must(uuid.NewV7()).String()
	if err := im.DB.StartImport(ctx, store.Import{ID: r.result.ID, FileName: job.FileName, Source: job.Source, CreatedBy: job.By, StartedAt: im.Now()}); err != nil {
		return r.result, err
	}
	err := r.all(ctx, func(b batch) (workflow.Taken, error) {
		return im.Engine.TakeIn(ctx, b.tickets, func(ctx context.Context, tx *store.Tx) error {
			return tx.AddImportProblems(ctx, r.result.ID, b.problems)
		})
	})
	// The counts are noted also for a file that broke off: what is in is in.
	return r.result, errors.Join(err, im.DB.FinishImport(context.WithoutCancel(ctx), r.result.ID, r.result, im.Now()))
}

// batch is what one transaction takes in.
type batch struct {
	tickets  []ticket.Ticket
	problems []store.ImportProblem
}

type run struct {
	im        *Importer
	job       Job
	sheet     *Sheet
	mapping   ticket.Mapping
	headerRow int
	result    Result
	seen      map[string]int // order number → row, within this file
	started   bool
}

// open opens the file at its first row and begins to count anew.
func (r *run) open() error {
	sheet, err := OpenSheet(r.job.Path)
	if err != nil {
		return err
	}
	headerRow, mapping, err := sheet.Header()
	if err != nil {
		return errors.Join(err, sheet.Close())
	}
	r.sheet, r.headerRow, r.mapping, r.seen = sheet, headerRow, mapping, map[string]int{}
	r.result = Result{ID: r.result.ID}
	return nil
}

func (r *run) all(ctx context.Context, takeIn func(batch) (workflow.Taken, error)) error {
	if r.started {
		// A rehearsal is tried again whole after a conflict: from the first row, and what it counted before is void.
		if err := errors.Join(r.sheet.Close(), r.open()); err != nil {
			return err
		}
	}
	r.started = true
	var b batch
	flush := func() error {
		if len(b.tickets) == 0 && len(b.problems) == 0 {
			return nil
		}
		taken, err := takeIn(b)
		if err != nil {
			return err
		}
		r.result.Created += taken.Created
		r.result.Updated += taken.Updated
		r.result.Unchanged += taken.Unchanged
		r.result.Cases += taken.Cases
		b.tickets, b.problems = b.tickets[:0], b.problems[:0]
		if r.job.Progress != nil {
			r.job.Progress(r.sheet.Progress())
		}
		return nil
	}
	options := ticket.Options{Source: r.job.Source, Now: r.im.Now(), Date1904: r.sheet.Date1904()}
	for {
		line, cells, err := r.sheet.Next()
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return errors.Join(flush(), err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if line <= r.headerRow {
			continue
		}
		r.row(&b, line, cells, options)
		if len(b.tickets) >= batchRows || len(b.problems) >= batchRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// row adds one row to the batch, or its problems when it cannot be used.
func (r *run) row(b *batch, line int, cells []string, options ticket.Options) {
	r.result.Rows++
	t, problems := ticket.ParseRow(r.mapping, cells, options)
	fatal := false
	for _, p := range problems {
		fatal = fatal || p.Fatal
		r.problem(b, store.ImportProblem{Line: line, Fatal: p.Fatal, OrderNo: t.OrderNo, Message: p.Message})
	}
	key := string(t.Source) + "\n" + t.OrderNo
	if before, twice := r.seen[key]; twice && !fatal {
		fatal = true
		r.problem(b, store.ImportProblem{Line: line, Fatal: true, OrderNo: t.OrderNo, Message: fmt.Sprintf("工单编号与第 %d 行重复，本行未导入：请核对后只保留一行", before)})
	}
	if fatal {
		r.result.Rejected++
		return
	}
	r.seen[key] = line
	b.tickets = append(b.tickets, t)
}

func (r *run) problem(b *batch, p store.ImportProblem) {
	r.result.Found++
	if len(r.result.Problems) < MaxProblems {
		r.result.Problems = append(r.result.Problems, p)
	}
	b.problems = append(b.problems, p)
}
