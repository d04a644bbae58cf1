package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"xiaopu/server/apperr"
)

// sqliteEngine is one connection that writes, some that only read, and one that checkpoints.
//
// Writers take turns in the process instead of at the file's lock: waiting there is polling, and unfair. The turn
// honours ctx; a statement that has begun runs to its end (each takes well under a millisecond, and an interrupted
// write would end the transaction behind the caller's back).
//
// SQLite itself checkpoints inside a commit, which then takes tens of times as long as the others. So checkpointer
// copies beside the writers, and SQLite's own way remains as the net below it.
type sqliteEngine struct {
	log    *slog.Logger
	reads  *sql.DB
	writer *sqliteWriter

	checkpoints *sql.DB
	stop        chan struct{}
	stopOnce    sync.Once
	stopped     sync.WaitGroup
}

const (
	// How long SQLite itself waits for another process's transaction; InTx tries again after that.
	sqliteBusy = "busy_timeout(1000)"

	sqliteCommon = "_dqs=0" +
		"&_pragma=" + sqliteBusy +
		"&_pragma=foreign_keys(1)" +
		"&_pragma=case_sensitive_like(1)" +
		"&_pragma=temp_store(MEMORY)"
	sqliteWrites = sqliteCommon +
		"&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)" + // a command that was answered survives a power cut
		"&_pragma=wal_autocheckpoint(100000)" + // 400 MB: reached only when checkpointer fails
		"&_pragma=journal_size_limit(67108864)" +
		"&_pragma=cache_size(-16000)"
	sqliteReads = "mode=ro&" + sqliteCommon + "&_pragma=cache_size(-8000)"
	// The last of two equal settings counts. A checkpoint holds the writers up while it waits.
	sqliteCheckpoints = sqliteWrites + "&_pragma=busy_timeout(50)"
)

func openSQLite(ctx context.Context, path string, opts Options, log *slog.Logger) (engine, error) {
	// A database in memory is a different one for each connection.
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.HasPrefix(path, "file:") || strings.HasSuffix(path, "/") {
		return nil, badDSN()
	}
	if err := makeFile(path); err != nil {
		return nil, apperr.New(apperr.Unavailable, "store.unreachable",
			"打不开数据库文件 %s：请检查文件夹是否存在、本程序的运行账号能否读写", path).With(err)
	}
	uri := "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	pool := func(params string, n int) (*sql.DB, error) {
		c, err := sqlite.NewConnector(uri + params)
		if err != nil {
			return nil, err
		}
		db := sql.OpenDB(c)
		db.SetMaxOpenConns(n)
		db.SetMaxIdleConns(n)
		return db, nil
	}
	readers := opts.Readers
	if readers <= 0 {
		readers = runtime.GOMAXPROCS(0) + 1 // reading a cached page is work for a core; one more for what waits for the disk
	}
	writes, err1 := pool(sqliteWrites, 1)
	reads, err2 := pool(sqliteReads, readers)
	checkpoints, err3 := pool(sqliteCheckpoints, 1)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	e := &sqliteEngine{
		log: log, reads: reads, checkpoints: checkpoints, stop: make(chan struct{}),
		writer: &sqliteWriter{
			pool: writes, turn: make(chan struct{}, 1), dirty: make(chan struct{}, 1), stmts: make(map[string]*sql.Stmt),
		},
	}
	// The writer first: it makes the file a WAL one, which a reader cannot.
	if err := errors.Join(writes.PingContext(ctx), reads.PingContext(ctx), checkpoints.PingContext(ctx)); err != nil {
		return nil, errors.Join(apperr.New(apperr.Unavailable, "store.unreachable",
			"打不开数据库文件 %s：请确认它是本系统的数据库、没有损坏，且运行账号能读写它和所在的文件夹", path).With(err), e.close())
	}
	e.stopped.Go(e.checkpointer)
	return e, nil
}

// makeFile makes the database file, when missing, readable by its owner alone: SQLite would make it readable by all,
// and gives the files beside it the same mode.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func (e *sqliteEngine) name() string         { return "sqlite" }
func (e *sqliteEngine) readers() *sql.DB     { return e.reads }
func (e *sqliteEngine) tableOptions() string { return "" }
func (e *sqliteEngine) atomicDDL() bool      { return true }

func (e *sqliteEngine) snapshot(ctx context.Context) (session, error) {
	return beginSnapshot(ctx, e.reads, &sql.TxOptions{ReadOnly: true})
}

func (e *sqliteEngine) columnsText() string {
	return `SELECT t.name, c.name, c.type FROM sqlite_master t JOIN pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite|_%' ESCAPE '|' ORDER BY t.name, c.cid`
}

func (e *sqliteEngine) begin(ctx context.Context) (session, error) { return e.writer.begin(ctx) }

func (e *sqliteEngine) execAlone(ctx context.Context, text string, args []any) (int64, error) {
	if err := e.writer.take(ctx); err != nil {
		return 0, err
	}
	defer e.writer.give()
	res, err := e.writer.ExecContext(ctx, text, args...)
	if err != nil {
		e.writer.heal(err)
		return 0, err
	}
	e.writer.wrote()
	return res.RowsAffected()
}

// migrator needs no lock beside the transaction's own, which is the file's.
func (e *sqliteEngine) migrator(context.Context) (func(context.Context) (session, error), func(), error) {
	forget := func() { // statements that never come again
		_ = e.writer.take(context.Background())
		e.writer.discard()
		e.writer.give()
	}
	return e.begin, forget, nil
}

// close ends the readers first: the last connection to close, the writer's, copies the log and removes it.
func (e *sqliteEngine) close() error {
	e.stopOnce.Do(func() { close(e.stop) })
	e.stopped.Wait()
	return errors.Join(e.checkpoints.Close(), e.reads.Close(), e.writer.close())
}

// sqliteWriter is the one connection that writes, with its prepared statements. Whoever has taken the turn owns it.
type sqliteWriter struct {
	pool  *sql.DB
	turn  chan struct{}
	dirty chan struct{} // filled after a commit, for checkpointer
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (w *sqliteWriter) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *sqliteWriter) give() { <-w.turn }

func (w *sqliteWriter) wrote() {
	select {
	case w.dirty <- struct{}{}:
	default:
	}
}

func (w *sqliteWriter) begin(ctx context.Context) (session, error) {
	if err := w.take(ctx); err != nil {
		return nil, err
	}
	if _, err := w.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		w.heal(err)
		w.give()
		return nil, err
	}
	return sqliteSession{w, &sync.Once{}}, nil
}

// stmt gives the prepared statement for text, or nil past the bound.
func (w *sqliteWriter) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if w.conn == nil {
		conn, err := w.pool.Conn(ctx)
		if err != nil {
			return nil, err
		}
		w.conn = conn
	}
	st := w.stmts[text]
	if st != nil || len(w.stmts) >= maxStatements {
		return st, nil
	}
	st, err := w.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	w.stmts[text] = st
	return st, nil
}

// ExecContext and QueryContext look at ctx before the statement, not during it.
func (w *sqliteWriter) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	st, err := w.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return w.conn.ExecContext(ctx, text, args...)
	}
	return st.ExecContext(ctx, args...)
}

func (w *sqliteWriter) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	st, err := w.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return w.conn.QueryContext(ctx, text, args...)
	}
	return st.QueryContext(ctx, args...)
}

// heal drops the connection when err does not come from SQLite's own judgement of a statement.
func (w *sqliteWriter) heal(err error) {
	if _, ok := errors.AsType[*sqlite.Error](err); !ok {
		w.discard()
	}
}

// discard drops the connection, so that the next transaction begins on a fresh one.
func (w *sqliteWriter) discard() {
	for _, st := range w.stmts {
		_ = st.Close()
	}
	clear(w.stmts)
	if w.conn != nil {
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = w.conn.Close()
		w.conn = nil
	}
}

func (w *sqliteWriter) close() error {
	w.turn <- struct{}{} // the last transaction ends first
	defer w.give()
	var err error
	for _, st := range w.stmts {
		err = errors.Join(err, st.Close())
	}
	clear(w.stmts)
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
		w.conn = nil
	}
	return errors.Join(err, w.pool.Close())
}

// sqliteSession is a transaction on the writer; it holds the turn until it ends.
type sqliteSession struct {
	*sqliteWriter
	ended *sync.Once
}

func (s sqliteSession) Commit() error { return s.end("COMMIT") }

func (s sqliteSession) Rollback() error { return s.end("ROLLBACK") }

func (s sqliteSession) end(how string) (err error) {
	s.ended.Do(func() {
		defer s.give()
		ctx := context.Background() // what was decided is carried out, whatever became of the caller
		if _, err = s.ExecContext(ctx, how); err != nil {
			s.discard() // whatever state it is in, closing the connection rolls back
			return
		}
		if how == "COMMIT" {
			s.wrote()
		}
	})
	return err
}

// checkpointPause is long enough that a burst is copied once, and short enough that the log stays small.
const checkpointPause = 200 * time.Millisecond

// checkpointPages is the length, in pages of 4 KiB, past which the log is made to begin anew. Tests lower it.
var checkpointPages = 4000

// checkpointer copies the log into the database file after each burst of writes.
//
// The copy (PASSIVE) waits for nobody and nobody waits for it. But the log only begins anew when all of it has been
// copied and no reader looks at it any more, which under steady work never comes by itself. So, when the log has grown
// long, the rest that was written during the copy is copied while holding the writers' turn (RESTART), waiting some
// milliseconds for the reads under way. A long read, a report say, outlasts that; the log then grows until it is over,
// and is tried again only after another such length, so as not to stop the writers each time for nothing.
func (e *sqliteEngine) checkpointer() {
	ctx := context.Background()
	pause := time.NewTimer(0)
	defer pause.Stop()
	limit := checkpointPages
	for {
		select {
		case <-e.stop:
			return
		case <-e.writer.dirty:
		}
		pages, _, err := e.checkpoint(ctx, "PASSIVE")
		if err == nil && pages > limit {
			if limit, err = e.restartLog(ctx); err != nil {
				limit = checkpointPages
			}
		}
		if err != nil && !isRetryable(err) {
			e.log.WarnContext(ctx, "checkpoint of the database file failed, will try again", slog.Any("error", err))
		}
		pause.Reset(checkpointPause)
		select {
		case <-e.stop:
			return
		case <-pause.C:
		}
	}
}

// restartLog makes the next write begin the log anew and gives the length at which to do so again.
func (e *sqliteEngine) restartLog(ctx context.Context) (next int, err error) {
	if err := e.writer.take(ctx); err != nil {
		return 0, err
	}
	defer e.writer.give()
	pages, busy, err := e.checkpoint(ctx, "RESTART")
	if busy {
		return pages + checkpointPages, err
	}
	return checkpointPages, err
}

// checkpoint copies what it can and gives the length of the log in pages, and whether someone was in the way.
func (e *sqliteEngine) checkpoint(ctx context.Context, mode string) (pages int, busy bool, err error) {
	var copied int
	err = e.checkpoints.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &pages, &copied)
	return pages, busy, err
}
