package intake

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// Jobs are the imports that run in the background. Any number of processes may work on the same database: each import has one
// worker at a time, by a lease, and the worker's every transaction checks that it still is. One that dies is followed by
// another when the lease is over, which goes on exactly behind the last batch.
type Jobs struct {
	Engine *workflow.Engine
	DB     *store.DB
	// Clock is the machine's own clock, whatever the demonstration's says.
	Clock  func() time.Time
	Logger *slog.Logger
}

const (
	lookEvery   = 2 * time.Second
	forgetEvery = 10 * time.Minute
	workers     = 2 // imports at a time, so that a small file does not wait for a large one
	maxAttempts = 5 // leases without a batch
	restFor     = 10 * time.Second

	keepFiles = 7 * 24 * time.Hour
	keepRows  = 30 * 24 * time.Hour
	keepFacts = 366 * 24 * time.Hour // that wait for their ticket
	forgets   = 200                  // pieces at a time
)

// JobView is an import as people see it.
type JobView struct {
	ID          string            `json:"id"`
	FileName    string            `json:"file_name" doc:"上传时的文件名"`
	FileSize    int64             `json:"file_size" doc:"文件的字节数；命令行导入为 0"`
	Source      ticket.Source     `json:"source"`
	SourceLabel string            `json:"source_label"`
	DryRun      bool              `json:"dry_run" doc:"只试算，不写入"`
	State       store.ImportState `json:"state" doc:"进行到哪一步"`
	StateLabel  string            `json:"state_label" doc:"状态的中文"`
	Failure     string            `json:"failure,omitempty" doc:"失败的原因和处理办法"`
	CreatedBy   *workflow.Named   `json:"created_by,omitempty" doc:"由谁上传"`
	StartedAt   time.Time         `json:"started_at" doc:"上传时间"`
	FinishedAt  *time.Time        `json:"finished_at,omitempty" doc:"结束时间"`

	Rows      int `json:"rows" doc:"已处理的工单行数"`
	Created   int `json:"created" doc:"新增"`
	Updated   int `json:"updated" doc:"有变化而更新"`
	Unchanged int `json:"unchanged" doc:"没有变化"`
	Rejected  int `json:"rejected" doc:"有问题而没有导入"`
	Cases     int `json:"cases" doc:"由此形成的难事；试算时为估计"`

	Profile  string      `json:"profile,omitempty" doc:"采用的导入模板；没有则按已知的列名识别"`
	List     ticket.List `json:"list,omitempty" enum:"dissatisfied,unresolved,reassigned,not_contacted" doc:"是哪种清单；没有则是工单表"`
	ListedOn string      `json:"listed_on,omitempty" doc:"清单的日期"`
	Waiting  int         `json:"waiting,omitempty" doc:"清单中工单还没有导入、已记下等待的行"`

	Share         float64    `json:"share" doc:"文件已处理的部分，0 到 1"`
	RowsPerSecond float64    `json:"rows_per_second,omitempty" doc:"每秒处理的行数"`
	ExpectedEndAt *time.Time `json:"expected_end_at,omitempty" doc:"预计完成时间"`
	// Allowed is what may be done with it now, so that no client keeps these rules.
	Allowed []string `json:"allowed" enum:"stop,resume,retry,report" doc:"现在可以进行的操作：stop 停止、resume 继续、retry 重试、report 下载未导入行"`
}

// Upload is a file received, of which nothing is made yet.
type Upload struct {
	ID   string
	Size int64
	sum  string
}

// Request is what is to be done with an upload.
type Request struct {
	FileName string
	Source   ticket.Source
	DryRun   bool
	Profile  string // name or id of a profile of the source; "" takes the best fitting
	Listing
}

func (j *Jobs) importer() *Importer {
	return &Importer{Engine: j.Engine, DB: j.DB, Now: j.Clock, Clock: j.Clock}
}

// Receive stores a file as it comes in. On an error nothing of it stays.
func (j *Jobs) Receive(ctx context.Context, r io.Reader) (Upload, error) {
	u := Upload{ID: newID()}
	var err error
	if u.Size, u.sum, err = storeChunks(ctx, j.importer(), u.ID, r); err != nil {
		return Upload{}, errors.Join(err, j.Discard(ctx, u))
	}
	return u, nil
}

// Discard removes an upload, unless an import was made of it.
func (j *Jobs) Discard(ctx context.Context, u Upload) error {
	if u.ID == "" {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := j.DB.Import(ctx, u.ID); !errors.Is(err, store.ErrNoImport) {
		return err
	}
	return j.DB.DropImportFile(ctx, u.ID)
}

// Start queues an upload for import. What can be seen to be wrong with the file at once is refused at once.
// store.ErrImportRunning when the same file is being imported. On an error the upload is still there.
func (j *Jobs) Start(ctx context.Context, actor casework.Actor, u Upload, q Request) (JobView, error) {
	if err := q.check(); err != nil {
		return JobView{}, err
	}
	find, err := j.find(ctx, q.Source, q.Listing, q.Profile)
	if err != nil {
		return JobView{}, err
	}
	sheet, err := j.openChunks(&chunkReader{ctx: ctx, db: j.DB, id: u.ID, size: u.Size}, find)
	if err != nil {
		return JobView{}, err
	}
	headerRow, mapping, err := sheet.Header()
	if err == nil {
		q.Listing = q.dated(sheet, headerRow, q.FileName)
	}
	if err = errors.Join(err, sheet.Close()); err != nil {
		return JobView{}, err
	}
	settled, err := settings{Profile: mapping.Profile, Listing: q.Listing}.encode()
	if err != nil {
		return JobView{}, err
	}
	k, err := j.Engine.Knowledge(ctx)
	if err != nil {
		return JobView{}, err
	}
	what := "import"
	if q.DryRun {
		what = "dry run"
	}
	i := store.Import{
		ID: u.ID, FileName: q.FileName, FileSize: u.Size, Source: q.Source, DryRun: q.DryRun, CreatedBy: actor.PersonID, StartedAt: j.Engine.Now(k), State: store.ImportQueued, Settings: settled,
		Digest: j.DB.Sealer().Blind("import file", what+" "+string(q.Source)+" "+q.Profile+" "+string(q.List)+" "+q.On+" "+u.sum),
	}
	// Who hung up meanwhile has an import or has not, and Discard can tell.
	if err := j.DB.CreateImport(context.WithoutCancel(ctx), i); err != nil {
		return JobView{}, err
	}
	return j.Import(ctx, u.ID)
}

// Inspect looks at an upload before it is imported. The upload is still there.
func (j *Jobs) Inspect(ctx context.Context, u Upload, q Request) (Inspection, error) {
	if err := q.check(); err != nil {
		return Inspection{}, err
	}
	profiles, err := j.Engine.ProfilesToTry(ctx, q.Source, q.Profile)
	if err != nil {
		return Inspection{}, err
	}
	sheet, err := j.openChunks(&chunkReader{ctx: ctx, db: j.DB, id: u.ID, size: u.Size}, q.among(profiles))
	if err != nil {
		return Inspection{}, err
	}
	in, err := sheet.inspect(q.Source, q.Listing, profiles)
	return in, errors.Join(err, sheet.Close())
}

func (j *Jobs) openChunks(file *chunkReader, find finder) (*Sheet, error) {
	s, err := sheetOf(file, file.size, standard, find)
	if failed := file.failed(); failed != nil {
		return nil, failed
	}
	return s, err
}

// Import shows one import; import.not_found when there is none.
func (j *Jobs) Import(ctx context.Context, id string) (JobView, error) {
	i, err := j.DB.Import(ctx, id)
	if err != nil {
		return JobView{}, err
	}
	k, err := j.Engine.Knowledge(ctx)
	if err != nil {
		return JobView{}, err
	}
	return j.view(k, i)
}

// Imports lists imports, newest first.
func (j *Jobs) Imports(ctx context.Context, cursor string, limit int) (workflow.Page[JobView], error) {
	page := workflow.Page[JobView]{Items: []JobView{}}
	k, err := j.Engine.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	at, id, err := workflow.ParseCursor(cursor)
	if err != nil {
		return page, err
	}
	list, err := j.DB.Imports(ctx, at, id, limit+1)
	if err != nil {
		return page, err
	}
	for n, i := range list {
		if n == limit {
			page.Next = workflow.Cursor(list[n-1].StartedAt, list[n-1].ID)
			break
		}
		v, err := j.view(k, i)
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, v)
	}
	return page, nil
}

func (j *Jobs) view(k *workflow.Knowledge, i store.Import) (JobView, error) {
	var c counts
	if err := json.Unmarshal(i.Result, &c); err != nil {
		return JobView{}, err
	}
	v := JobView{
		ID: i.ID, FileName: i.FileName, FileSize: i.FileSize, Source: i.Source, SourceLabel: i.Source.Label(), DryRun: i.DryRun, State: i.State, StateLabel: i.State.Label(), Failure: i.Failure,
		StartedAt: i.StartedAt, Rows: c.Rows, Created: c.Created, Updated: c.Updated, Unchanged: c.Unchanged, Rejected: c.Rejected, Cases: c.Cases, Share: i.Share, Allowed: []string{},
	}
	if i.CreatedBy != "" {
		v.CreatedBy = &workflow.Named{ID: i.CreatedBy, Name: k.Organisation.PersonName(i.CreatedBy)}
	}
	if !i.FinishedAt.IsZero() {
		v.FinishedAt = &i.FinishedAt
	}
	told, err := readSettings(i.Settings)
	if err != nil {
		return JobView{}, err
	}
	v.Profile, v.List, v.ListedOn, v.Waiting = told.Profile.Name, told.List, told.On, c.Waiting
	if seconds := i.Worked.Seconds(); seconds > 0 {
		v.RowsPerSecond = float64(c.Rows) / seconds
		if i.State == store.ImportRunning && i.Share > 0 {
			end := j.Clock().Add(time.Duration(float64(i.Worked) * (1 - i.Share) / i.Share)).UTC().Truncate(time.Second)
			v.ExpectedEndAt = &end
		}
	}
	switch i.State {
	case store.ImportFinished:
		v.Share = 1
	case store.ImportQueued, store.ImportRunning:
		v.Allowed = append(v.Allowed, "stop")
	case store.ImportStopped:
		v.Allowed = append(v.Allowed, "resume")
	case store.ImportFailed:
		if i.FileSize > 0 { // not the command line's
			v.Allowed = append(v.Allowed, "retry")
		}
	}
	if c.Kept > 0 && !i.State.Active() {
		v.Allowed = append(v.Allowed, "report")
	}
	return v, nil
}

// Problems lists up to limit problems of an import behind a row, by row.
func (j *Jobs) Problems(ctx context.Context, id string, afterLine, limit int) ([]store.ImportProblem, error) {
	return j.DB.ImportProblems(ctx, id, afterLine, limit)
}

// Stop stops an import behind its next batch. Stopping one that has stopped changes nothing.
func (j *Jobs) Stop(ctx context.Context, id string) (JobView, error) {
	if _, err := j.DB.StopImport(ctx, id); err != nil {
		return JobView{}, err
	}
	v, err := j.Import(ctx, id)
	if err == nil && v.State != store.ImportStopped && v.State != store.ImportStopping {
		err = apperr.New(apperr.FailedPrecondition, "import.over", "这次导入%s，不能停止。", v.StateLabel)
	}
	return v, err
}

// Resume lets a stopped import go on behind its last batch.
func (j *Jobs) Resume(ctx context.Context, id string) (JobView, error) {
	return j.queue(ctx, id, store.ImportStopped)
}

// Retry lets a failed import go on behind its last batch.
func (j *Jobs) Retry(ctx context.Context, id string) (JobView, error) {
	return j.queue(ctx, id, store.ImportFailed)
}

func (j *Jobs) queue(ctx context.Context, id string, from store.ImportState) (JobView, error) {
	i, err := j.DB.Import(ctx, id)
	if err != nil {
		return JobView{}, err
	}
	if i.State == from {
		if _, err := j.DB.ImportChunk(ctx, id, 0); err != nil {
			return JobView{}, err
		}
		if _, err := j.DB.QueueImport(ctx, id, from); err != nil {
			return JobView{}, err
		}
	}
	v, err := j.Import(ctx, id)
	if err == nil && !v.State.Active() {
		err = apperr.New(apperr.FailedPrecondition, "import.not_resumable", "这次导入%s，不能这样操作：已停止的可以继续，失败的可以重试。", v.StateLabel)
	}
	return v, err
}

// Report writes the workbook of the rows that were not imported. That somebody took it is noted first.
func (j *Jobs) Report(ctx context.Context, actor casework.Actor, id string, w io.Writer) error {
	i, err := j.DB.Import(ctx, id)
	if err != nil {
		return err
	}
	if i.State.Active() {
		return apperr.New(apperr.FailedPrecondition, "import.running_yet", "导入还没有结束，请在结束或停止后下载。")
	}
	if err := j.Engine.Record(ctx, workflow.Audited{Actor: actor.PersonID, Action: "import.report", Object: "import:" + id}); err != nil {
		return err
	}
	return writeReport(ctx, j.DB, i, w)
}

// Run works on imports until ctx ends, and gives back the one under way.
func (j *Jobs) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { j.loop(ctx, func() (bool, error) { return j.Once(ctx) }, lookEvery) })
	}
	all.Go(func() { j.loop(ctx, func() (bool, error) { return j.forget(ctx) }, forgetEvery) })
	all.Wait()
}

// loop calls once again at the latest after every, at once when there was something to do.
func (j *Jobs) loop(ctx context.Context, once func() (bool, error), every time.Duration) {
	sinceSaid := time.Minute
	for ctx.Err() == nil {
		worked, err := once()
		if err != nil && ctx.Err() == nil && sinceSaid >= time.Minute {
			j.Logger.ErrorContext(ctx, "imports are not looked at, trying again", slog.Any("error", err))
			sinceSaid = 0
		}
		if worked && err == nil {
			continue
		}
		pause := time.NewTimer(every)
		select {
		case <-ctx.Done():
		case <-pause.C:
			sinceSaid += every
		}
		pause.Stop()
	}
}

// Once works on one import that waits, if there is one, to its end.
func (j *Jobs) Once(ctx context.Context) (worked bool, err error) {
	ids, err := j.DB.WaitingImports(ctx, j.Clock(), 2*workers)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		now := j.Clock()
		i, err := j.DB.LeaseImport(ctx, id, newID(), now, now.Add(leaseFor))
		if errors.Is(err, store.ErrImportTaken) {
			continue
		}
		if err != nil {
			return false, err
		}
		return true, j.work(ctx, i)
	}
	return false, nil
}

// work does what is left of an import that this worker has the lease of.
func (j *Jobs) work(ctx context.Context, i store.Import) error {
	defer j.Engine.Metrics().Importing()()
	var err error
	switch {
	case i.State == store.ImportStopping:
		err = errStopped
	case i.Attempts > maxAttempts:
		err = errNoProgress // whoever had it did not live to say so
	default:
		err = recovered(func() error { return j.rest(ctx, i) })
	}
	log := j.Logger.With(slog.String("import", i.ID))
	after := context.WithoutCancel(ctx)
	end := func(state store.ImportState, failure string) error {
		k, err := j.Engine.Knowledge(after)
		if err != nil {
			return err
		}
		log.InfoContext(after, "import ended", slog.String("state", string(state)))
		return j.DB.EndImport(after, i.ID, i.Lease, state, failure, j.Engine.Now(k))
	}
	why, ours := failureOf(err)
	finished := err == nil
	switch {
	case finished:
		err = end(store.ImportFinished, "")
	case errors.Is(err, store.ErrImportTaken):
	case errors.Is(err, errStopped):
		err = end(store.ImportStopped, "")
	case ctx.Err() != nil:
		return j.DB.ReleaseImport(after, i.ID, i.Lease, j.Clock())
	case ours:
		err = end(store.ImportFailed, why)
	case i.Attempts >= maxAttempts:
		log.ErrorContext(after, "import failed", slog.Any("error", err))
		err = end(store.ImportFailed, "系统内部错误，导入没有完成：已导入的行不受影响，请稍后重试；如一直如此，请联系系统管理员查看日志。")
	default:
		log.WarnContext(after, "import interrupted, trying again", slog.Int("attempt", i.Attempts), slog.Any("error", err))
		return j.DB.ReleaseImport(after, i.ID, i.Lease, j.Clock().Add(restFor*time.Duration(i.Attempts)))
	}
	if errors.Is(err, store.ErrImportTaken) {
		log.WarnContext(after, "another worker has taken the import over")
		return nil
	}
	if err != nil || !finished {
		return err
	}
	return j.DB.DropImportFile(after, i.ID)
}

// errNoProgress is what is told of an import that every worker before has left without a word.
var errNoProgress = errors.New("intake: no worker came further with the import")

// errOnCommandLine is what is told of an import whose program was killed: nobody else has its file.
var errOnCommandLine = apperr.New(apperr.FailedPrecondition, "import.command_line", "命令行的导入中途被终止，请重新运行同一条命令：已经导入的行不会重复。")

// rest imports what an earlier worker has not.
func (j *Jobs) rest(ctx context.Context, i store.Import) error {
	if i.FileSize == 0 {
		return errOnCommandLine
	}
	if i.DryRun && i.Line > 0 { // what the batches before would have left is forgotten: from the beginning
		if err := j.DB.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.DropImportProblems(ctx, i.ID); err != nil {
				return err
			}
			_, err := tx.NoteImport(ctx, i.ID, i.Lease, store.ImportProgress{Worked: i.Worked, Result: []byte(`{}`)}, j.Clock().Add(leaseFor))
			return err
		}); err != nil {
			return err
		}
		i.ImportProgress = store.ImportProgress{Result: []byte(`{}`)}
	}
	var c counts
	if err := json.Unmarshal(i.Result, &c); err != nil {
		return err
	}
	told, err := readSettings(i.Settings)
	if err != nil {
		return err
	}
	file := &chunkReader{ctx: ctx, db: j.DB, id: i.ID, size: i.FileSize}
	r := &run{im: j.importer(), record: i, listing: told.Listing, result: c.Result, kept: c.Kept, heads: c.Heads, done: i.Line, openSheet: func() (*Sheet, error) { return j.openChunks(file, told.find()) }}
	r.result.Found = c.Found
	if err := r.open(); err != nil {
		return err
	}
	defer r.close()
	err = r.work(ctx)
	if failed := file.failed(); err != nil && failed != nil && !errors.Is(err, errStopped) && !errors.Is(err, store.ErrImportTaken) {
		return failed
	}
	return err
}

// forget removes files and rows that have been kept long enough.
func (j *Jobs) forget(ctx context.Context) (worked bool, err error) {
	now := j.Clock()
	n, err := j.DB.ForgetImportFiles(ctx, now.Add(-keepFiles), now.Add(-keepRows), forgets)
	if err != nil {
		return false, err
	}
	dropped, err := j.DB.ForgetWaitingFacts(ctx, now.Add(-keepFacts), forgets)
	return n+dropped > 0, err
}
