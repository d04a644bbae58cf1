package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"xiaopu/server/apperr"
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
	// Clock measures what an import takes and for how long it is somebody's; nil means Now.
	Clock func() time.Time
}

// Job is one file to import.
type Job struct {
	Path     string
	FileName string // as the person knows it; "" means the base of Path
	Source   ticket.Source
	By       string // person id; "" for the command line
	DryRun   bool
	// Profile says what the columns mean; nil takes the best fitting one of the source.
	Profile *ticket.Profile
	Listing
	// Progress is told now and then how far the file is read, from 0 to 1.
	Progress func(float64)
}

// Result counts what an import did. Rows = Created + Updated + Unchanged + Rejected + Waiting.
type Result struct {
	ID        string `json:"id,omitempty"` // "" for a dry run on the command line
	Rows      int    `json:"rows"`
	Created   int    `json:"created"`
	Updated   int    `json:"updated"`
	Unchanged int    `json:"unchanged"`
	Rejected  int    `json:"rejected"`
	Cases     int    `json:"cases"`
	// Profile is the name of the import profile by which the columns were understood; "" when by their known names alone.
	Profile string `json:"profile,omitempty"`
	// Waiting are rows of a list whose tickets are not in yet; they wait for them.
	Waiting int `json:"waiting,omitempty"`
	// Problems are the first MaxProblems; the rest is kept with the import.
	Problems []store.ImportProblem `json:"-"`
	Found    int                   `json:"-"` // problems in all
}

const (
	batchRows = 500
	// MaxProblems is how many problems a Result carries itself.
	MaxProblems = 200
	// maxKept is how many bad rows an import keeps for its report. A file with more is wrong as a whole.
	maxKept = 20_000

	// leaseFor is how long an import stays a worker's without a sign of life.
	leaseFor = 30 * time.Second
)

// Import runs a job to its end. Each batch of rows is one transaction: killed at any moment, what is in is in whole
// and the next run goes on. A file that breaks off in the middle keeps the rows before it and gives the error with
// what was done so far.
func (im *Importer) Import(ctx context.Context, job Job) (Result, error) {
	if job.FileName == "" {
		job.FileName = filepath.Base(job.Path)
	}
	if err := job.check(); err != nil {
		return Result{}, err
	}
	find, err := im.find(ctx, job.Source, job.Listing, job.Profile)
	if err != nil {
		return Result{}, err
	}
	r := &run{im: im, listing: job.Listing, progress: job.Progress, openSheet: func() (*Sheet, error) { return openSheet(job.Path, standard, find) }}
	r.record = store.Import{FileName: job.FileName, Source: job.Source, DryRun: job.DryRun, CreatedBy: job.By, StartedAt: im.Now(), State: store.ImportRunning}
	if err := r.open(); err != nil {
		return Result{}, err
	}
	defer r.close()
	if job.DryRun {
		return r.result, r.all(ctx)
	}
	r.record.ID, r.record.Lease, r.record.LeasedUntil = newID(), newID(), im.clock().Add(leaseFor)
	if r.record.Settings, err = (settings{Profile: r.mapping.Profile, Listing: r.listing}).encode(); err != nil {
		return r.result, err
	}
	if err := im.DB.CreateImport(ctx, r.record); err != nil {
		return r.result, err
	}
	err = r.work(ctx)
	state, failure := store.ImportFinished, ""
	if err != nil {
		state, failure = store.ImportFailed, "导入中断，请重新运行同一命令：已经导入的行不会重复。"
		if why, ours := failureOf(err); ours {
			failure = why
		}
	}
	// The counts stand also for a file that broke off: what is in is in.
	r.result.ID = r.record.ID
	return r.result, errors.Join(err, im.DB.EndImport(context.WithoutCancel(ctx), r.record.ID, r.record.Lease, state, failure, im.Now()))
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func (im *Importer) clock() time.Time {
	if im.Clock != nil {
		return im.Clock()
	}
	return im.Now()
}

// failureOf gives what a person is told of a file that cannot be imported; ours is false for what is the system's fault and
// may be over the next time.
func failureOf(err error) (message string, ours bool) {
	var e *apperr.Error
	if !errors.As(err, &e) {
		return "", false
	}
	switch e.Code {
	case apperr.InvalidArgument, apperr.NotFound, apperr.ResourceExhausted, apperr.FailedPrecondition:
		return e.Message, true
	}
	return "", false
}

var errStopped = errors.New("intake: the import was asked to stop")

// batch is what one transaction takes in.
type batch struct {
	tickets        []ticket.Ticket
	facts          []ticket.Fact // of a list; tickets are then what its rows would make
	problems       []store.ImportProblem
	bad            []store.ImportRow // rows that are not imported
	rows, rejected int
	line           int     // the last one
	share          float64 // of the file, read so far

	worksheet int
	header    []string
	mapping   ticket.Mapping
}

// counts is what is kept of an import from batch to batch.
type counts struct {
	Result
	Found int `json:"found"`
	Kept  int `json:"kept"` // bad rows, for the report
	// Heads is how many worksheets, from the first, were passed when the last bad row was kept.
	Heads int `json:"heads"`
}

// run is one worker's work on one file.
type run struct {
	im        *Importer
	record    store.Import // without ID nothing is noted
	listing   Listing
	openSheet func() (*Sheet, error)
	progress  func(float64)

	file      *Sheet // the worksheet that was opened first, which the others live by
	sheet     *Sheet
	mapping   ticket.Mapping
	headerRow int
	header    []string
	on        string    // the day of the list, or ""
	titled    bool      // which the title above the header tells, as that of each further worksheet may
	report    *reported // when the file is a report of bad rows
	rehearsal *workflow.Rehearsal
	result    Result
	kept      int
	heads     int
	done      int            // rows up to this one were done before
	seen      map[string]int // order number → row, within this file
	began     time.Time
}

// open opens the file at its first row.
func (r *run) open() error {
	sheet, err := r.openSheet()
	if err != nil {
		return err
	}
	if err := r.turnTo(sheet); err != nil {
		return errors.Join(err, sheet.Close())
	}
	r.file, r.seen = sheet, map[string]int{}
	r.result.Profile = r.mapping.Profile.Name
	r.listing = r.listing.dated(sheet, r.headerRow, r.record.FileName)
	r.on = r.listing.On
	r.titled = r.on != "" && r.on == titleDay(sheet, r.headerRow)
	if r.record.DryRun {
		r.rehearsal = r.im.Engine.Rehearse()
	}
	r.began = r.im.clock()
	return nil
}

// turnTo makes a worksheet the one that is read.
func (r *run) turnTo(sheet *Sheet) error {
	headerRow, mapping, err := sheet.Header()
	if err != nil {
		return err
	}
	r.sheet, r.headerRow, r.mapping = sheet, headerRow, mapping
	r.header = sheet.Head()[headerRow-1]
	r.report = reportIn(r.header)
	if r.titled {
		r.on = cmp.Or(titleDay(sheet, headerRow), r.on)
	}
	return nil
}

func (r *run) close() { _ = errors.Join(r.sheet.Close(), r.file.Close()) } // only read

// work is all, while the lease is kept. It gives errStopped when the import was asked to stop, and store.ErrImportTaken
// when the lease was lost.
func (r *run) work(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var keeper sync.WaitGroup
	defer keeper.Wait()
	ended := make(chan struct{})
	defer close(ended)
	keeper.Go(func() {
		tick := time.NewTicker(leaseFor / 3)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			state, err := r.im.DB.KeepImport(ctx, r.record.ID, r.record.Lease, r.im.clock().Add(leaseFor))
			switch {
			case errors.Is(err, store.ErrImportTaken):
				cancel(err)
			case err == nil && state == store.ImportStopping:
				cancel(errStopped)
			}
		}
	})
	err := r.all(ctx)
	if cause := context.Cause(ctx); err != nil && (errors.Is(cause, errStopped) || errors.Is(cause, store.ErrImportTaken)) {
		return cause
	}
	return err
}

func (r *run) all(ctx context.Context) error {
	// Reading goes on while the batch before is being taken in.
	var reader sync.WaitGroup
	defer reader.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan batch, 1)
	var read error
	reader.Go(func() {
		defer close(batches)
		read = recovered(func() error { return r.read(ctx, batches) })
	})
	var taking error
	for b := range batches {
		if taking != nil {
			continue // the reader is about to stop
		}
		if taking = r.take(ctx, b); taking != nil {
			stop()
		}
	}
	reader.Wait()
	if taking != nil {
		return taking
	}
	return read
}

// recovered makes a panic of fn an error, with the stack: a file on which the program fails must not end the service. What was
// said of the panic is left out unless it is the runtime's: it may hold a cell.
func recovered(fn func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		what := fmt.Sprintf("%T", p)
		if e, ok := p.(runtime.Error); ok {
			what = e.Error()
		}
		err = fmt.Errorf("panic: %s\n%s", what, debug.Stack())
	}()
	return fn()
}

// take takes one batch in and counts it.
func (r *run) take(ctx context.Context, b batch) error {
	next, kept, heads, state := r.result, r.kept, r.heads, r.record.State
	told := b.problems
	noted := func(ctx context.Context, tx *store.Tx, taken workflow.Taken, waiting []ticket.Fact) error {
		next, kept, heads = r.result, r.kept, r.heads
		b.problems = append(slices.Clip(told), waits(waiting)...)
		next.Rows += b.rows
		next.Rejected += b.rejected
		next.Created += taken.Created
		next.Updated += taken.Updated
		next.Unchanged += taken.Unchanged
		next.Waiting += taken.Waiting
		next.Cases += taken.Cases
		next.Found += len(b.problems)
		next.Problems = append(slices.Clip(next.Problems), b.problems[:min(len(b.problems), MaxProblems-len(next.Problems))]...)
		if r.record.ID == "" {
			return nil
		}
		bad := b.bad[:min(len(b.bad), maxKept-kept)]
		rows := bad
		if heads <= b.worksheet && len(bad) > 0 {
			rows = append(head(b), bad...)
			heads = b.worksheet + 1
		}
		kept += len(bad)
		var err error
		state, err = r.note(ctx, tx, b, rows, counts{Result: next, Found: next.Found, Kept: kept, Heads: heads})
		return err
	}
	if err := r.takeIn(ctx, b, noted); err != nil {
		return err
	}
	r.result, r.kept, r.heads = next, kept, heads
	if r.rehearsal == nil {
		r.im.Engine.Metrics().Tickets("rejected", b.rejected)
	}
	if r.progress != nil {
		r.progress(b.share)
	}
	if state == store.ImportStopping {
		return errStopped
	}
	return nil
}

// takeIn takes a batch of tickets or facts in, or counts what that would do, and notes it.
func (r *run) takeIn(ctx context.Context, b batch, noted func(context.Context, *store.Tx, workflow.Taken, []ticket.Fact) error) (err error) {
	list := r.listing.List != ""
	if r.rehearsal == nil {
		if list {
			_, err = r.im.Engine.TakeFacts(ctx, b.facts, b.tickets, noted)
		} else {
			_, err = r.im.Engine.TakeIn(ctx, b.tickets, func(ctx context.Context, tx *store.Tx, taken workflow.Taken) error { return noted(ctx, tx, taken, nil) })
		}
		return err
	}
	var taken workflow.Taken
	var waiting []ticket.Fact
	if list {
		taken, waiting, err = r.rehearsal.TakeFacts(ctx, b.facts, b.tickets)
	} else {
		taken, err = r.rehearsal.TakeIn(ctx, b.tickets)
	}
	switch {
	case err != nil:
		return err
	case r.record.ID == "":
		return noted(ctx, nil, taken, waiting)
	}
	return r.im.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return noted(ctx, tx, taken, waiting) })
}

// waits says of facts whose tickets are not in yet what becomes of them.
func waits(facts []ticket.Fact) (list []store.ImportProblem) {
	for _, f := range facts {
		list = append(list, store.ImportProblem{
			Line: f.Line, OrderNo: f.OrderNo, Message: "工单“" + f.OrderNo + "”还没有导入：已记下这一行，导入该工单后自动生效；如该工单不会再导入，请核对编号",
		})
	}
	return list
}

// note writes down what a batch was and how far the import has come, in the batch's own transaction.
func (r *run) note(ctx context.Context, tx *store.Tx, b batch, rows []store.ImportRow, c counts) (store.ImportState, error) {
	if err := tx.AddImportProblems(ctx, r.record.ID, b.problems, r.im.clock()); err != nil {
		return "", err
	}
	if err := tx.AddImportRows(ctx, r.record.ID, rows, r.im.clock()); err != nil {
		return "", err
	}
	result, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	now := r.im.clock()
	return tx.NoteImport(ctx, r.record.ID, r.record.Lease, store.ImportProgress{Line: b.line, Share: b.share, Worked: r.record.Worked + now.Sub(r.began), Result: result}, now.Add(leaseFor))
}

// read cuts the rows of every worksheet into batches. What was read before an error still goes out.
func (r *run) read(ctx context.Context, out chan<- batch) error {
	var b batch
	flush := func() error {
		if b.rows == 0 && len(b.problems) == 0 {
			return nil
		}
		b.share, b.worksheet, b.header, b.mapping = r.sheet.Progress(), r.sheet.number, r.header, r.mapping
		select {
		case out <- b:
			b = batch{}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, s := range r.sheet.passed {
		r.pass(&b, s.number, notRead(s))
	}
	if names := r.sheet.unseen(); len(names) > 0 {
		r.pass(&b, r.sheet.number, notSeen(names))
	}
	for sheet := r.sheet; ; {
		if sheet == r.sheet { // it has a header
			if err := errors.Join(r.readSheet(ctx, &b, flush), flush()); err != nil {
				return err
			}
		}
		next, err := sheet.Further()
		if sheet != r.file {
			err = errors.Join(err, sheet.Close())
		}
		switch {
		case err != nil:
			return err
		case next == nil:
			return flush()
		case r.turnTo(next) != nil:
			r.pass(&b, next.number, notRead(next))
		}
		sheet = next
	}
}

// pass notes what is not read, at the head of a worksheet, unless that was noted before.
func (r *run) pass(b *batch, worksheet int, message string) {
	line := ticket.Line(worksheet, headerLine)
	if line <= r.done {
		return
	}
	b.line = line
	b.problems = append(b.problems, store.ImportProblem{Line: line, Message: message})
}

// readSheet cuts the rows of one worksheet into batches; the last is left for whoever flushes it.
func (r *run) readSheet(ctx context.Context, b *batch, flush func() error) error {
	options := ticket.Options{Source: r.record.Source, Now: r.record.StartedAt, Date1904: r.sheet.Date1904()}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, cells, err := r.sheet.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if row <= r.headerRow {
			continue
		}
		if r.report != nil {
			if cells, err = r.report.restore(ctx, r.im.DB, cells); err != nil {
				return err
			}
		}
		line := ticket.Line(r.sheet.number, row)
		r.row(b, line, cells, options)
		if line <= r.done {
			*b = batch{} // it is in; only its order number counts, for rows that repeat it
		}
		if b.rows >= batchRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// same is what two rows with one order number have in common.
func (r *run) same() string {
	if r.mapping.Has(ticket.FieldOrderNo) {
		return "工单编号"
	}
	return "内容" // of which the number was made
}

// row adds one row to the batch, or its problems when it cannot be used.
func (r *run) row(b *batch, line int, cells []string, options ticket.Options) {
	b.rows++
	b.line = line
	if r.listing.List != "" {
		r.fact(b, line, cells, options)
		return
	}
	t, problems := ticket.ParseRow(r.mapping, cells, options)
	if r.good(b, line, cells, string(t.Source)+"\n"+t.OrderNo, t.OrderNo, problems, options) {
		b.tickets = append(b.tickets, t)
	}
}

// fact adds one row of a list to the batch, or its problems when it says nothing that can be used.
func (r *run) fact(b *batch, line int, cells []string, options ticket.Options) {
	f, problems := ticket.ParseFact(r.mapping, cells, ticket.ListOptions{Options: options, List: r.listing.List, On: r.on, Line: line})
	if !r.good(b, line, cells, f.OrderNo+"\n"+f.Key(), f.OrderNo, problems, options) {
		return
	}
	b.facts = append(b.facts, f)
	if !r.listing.Create {
		return
	}
	t, problems := ticket.ParseRow(r.mapping, cells, options)
	if !slices.ContainsFunc(problems, func(p ticket.Problem) bool { return p.Fatal }) {
		b.tickets = append(b.tickets, t)
	}
}

// good notes what is wrong with a row, and tells whether it can be used all the same.
func (r *run) good(b *batch, line int, cells []string, key, orderNo string, problems []ticket.Problem, options ticket.Options) bool {
	fatal := false
	for _, p := range problems {
		fatal = fatal || p.Fatal
		b.problems = append(b.problems, store.ImportProblem{Line: line, Fatal: p.Fatal, OrderNo: orderNo, Message: p.Message})
	}
	if before, twice := r.seen[key]; twice && !fatal {
		fatal = true
		b.problems = append(b.problems, store.ImportProblem{Line: line, Fatal: true, OrderNo: orderNo, Message: fmt.Sprintf("%s与%s重复，本行未导入：请核对后只保留一行", r.same(), ticket.Place(before))})
	}
	if fatal {
		b.rejected++
		b.bad = append(b.bad, store.ImportRow{Line: line, Cells: kept(cells, r.mapping, options.Date1904)})
		return false
	}
	r.seen[key] = line
	return true
}
