package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
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
	tickets        []ticket.Ticket
	problems       []store.ImportProblem
	rows, rejected int
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
	// Reading goes on while the batch before is being taken in.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan batch, 1)
	var read error
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(batches)
		read = r.read(ctx, batches)
	})
	var taking error
	for b := range batches {
		if taking != nil {
			continue // the reader is about to stop
		}
		if taking = r.take(b, takeIn); taking != nil {
			stop()
		}
	}
	reader.Wait()
	if taking != nil {
		return taking
	}
	return read
}

// take takes one batch in and counts it.
func (r *run) take(b batch, takeIn func(batch) (workflow.Taken, error)) error {
	taken, err := takeIn(b)
	if err != nil {
		return err
	}
	r.result.Rows += b.rows
	r.result.Rejected += b.rejected
	r.result.Created += taken.Created
	r.result.Updated += taken.Updated
	r.result.Unchanged += taken.Unchanged
	r.result.Cases += taken.Cases
	r.result.Found += len(b.problems)
	r.result.Problems = append(r.result.Problems, b.problems[:min(len(b.problems), MaxProblems-len(r.result.Problems))]...)
	if r.job.Progress != nil {
		r.job.Progress(r.sheet.Progress())
	}
	return nil
}

// read cuts the rows into batches. What was read before an error still goes out.
func (r *run) read(ctx context.Context, out chan<- batch) error {
	options := ticket.Options{Source: r.job.Source, Now: r.im.Now(), Date1904: r.sheet.Date1904()}
	var b batch
	flush := func() error {
		if b.rows == 0 {
			return nil
		}
		select {
		case out <- b:
			b = batch{}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for {
		line, cells, err := r.sheet.Next()
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return errors.Join(flush(), err)
		}
		if line <= r.headerRow {
			continue
		}
		r.row(&b, line, cells, options)
		if b.rows >= batchRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// row adds one row to the batch, or its problems when it cannot be used.
func (r *run) row(b *batch, line int, cells []string, options ticket.Options) {
	b.rows++
	t, problems := ticket.ParseRow(r.mapping, cells, options)
	fatal := false
	for _, p := range problems {
		fatal = fatal || p.Fatal
		b.problems = append(b.problems, store.ImportProblem{Line: line, Fatal: p.Fatal, OrderNo: t.OrderNo, Message: p.Message})
	}
	key := string(t.Source) + "\n" + t.OrderNo
	if before, twice := r.seen[key]; twice && !fatal {
		fatal = true
		b.problems = append(b.problems, store.ImportProblem{Line: line, Fatal: true, OrderNo: t.OrderNo, Message: fmt.Sprintf("工单编号与第 %d 行重复，本行未导入：请核对后只保留一行", before)})
	}
	if fatal {
		b.rejected++
		return
	}
	r.seen[key] = line
	b.tickets = append(b.tickets, t)
}
