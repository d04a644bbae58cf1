// Package store keeps the system's only truth in one SQL database, SQLite or MySQL.
//
// # Model
//
// The same SQL text runs on both engines; what differs stands in dialect.go. A table's SQL lives in the file named
// after it, written once against [querier], which both a [DB] and a [Tx] are:
//
//   - a read outside a transaction goes through DB: prepared once, on a pool of its own on SQLite;
//   - everything that decides and writes goes through [DB.InTx]: the closure loads, decides and saves, all or nothing;
//   - a single conditional UPDATE (a lease, say) may go through DB.exec, which is a transaction of one statement.
//
// Two writers never wait for each other's decision: each UPDATE names the version it read
// (`… SET version = version + 1 WHERE id = ? AND version = ?`) and no changed row means that someone was first.
//
// # How it fails
//
// A conflict that the database resolves by refusing one side (deadlock, lock timeout, a busy file, a connection lost
// before the commit was sent) is retried whole, by the closure, so a closure must do nothing that cannot be done twice.
// Past the last try the error is apperr.Unavailable with reason store.busy. A commit whose answer was lost may be
// there or not: reason store.commit_unknown, never retried here; idempotency keys settle it.
// Errors about a data source name never repeat it, since it may hold a password.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Options tunes a DB; the zero value is right for production.
type Options struct {
	// Readers is the number of SQLite connections that read; 0 means one that fits the machine.
	Readers int
	// MaxConns bounds the MySQL connections of this process; 0 means 32.
	MaxConns int
	// Logger receives what is worth knowing about retries and migrations; nil means slog.Default().
	Logger *slog.Logger
	// Sealer seals personal data. Without one, whatever needs it panics.
	Sealer Sealer
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine engine
	reads  *statements
	log    *slog.Logger
	sealer Sealer
}

// querier is what the SQL of a table is written against: a DB, or a Tx inside a transaction.
//
// Arguments are strings, numbers, booleans, []byte and Millis; a bare time.Time is refused.
// In a Tx, read the rows to their end and close them before the next statement.
type querier interface {
	// query runs a SELECT that may give many rows.
	query(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	// queryRow runs a SELECT that gives at most one row; row.Scan gives sql.ErrNoRows when there is none.
	queryRow(ctx context.Context, text string, args ...any) row
	// exec runs one INSERT, UPDATE or DELETE and gives the number of rows it matched, changed or not.
	exec(ctx context.Context, text string, args ...any) (int64, error)
	// Sealer seals and opens personal data.
	Sealer() Sealer
}

var (
	_ querier = (*DB)(nil)
	_ querier = (*Tx)(nil)
)

// Open opens the database that dsn names and makes sure that it answers:
//
//	sqlite:PATH                                  a file, created with its folder when missing
//	mysql:USER:PASSWORD@tcp(HOST:PORT)/DATABASE  MySQL 8, MariaDB 10.6+, or what speaks like them; the database must exist
//
// It creates no table: that is Migrate's. A bad dsn is apperr.InvalidArgument, a server that does not answer
// apperr.Unavailable.
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	log := opts.Logger
	if log == nil {
		log = slog.Default()
	}
	e, err := openEngine(ctx, dsn, opts, log)
	if err != nil {
		return nil, err
	}
	return &DB{engine: e, reads: newStatements(e.readers()), log: log, sealer: opts.Sealer}, nil
}

// Close ends all work and lets go of the database. On SQLite it leaves a single file with everything in it.
func (db *DB) Close() error {
	db.reads.close()
	return db.engine.close()
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.engine.readers().PingContext(ctx)
}

// ReadsAtOnce is how many reads the database serves at a time. Those beyond wait for a connection, which database/sql gives
// to any of them, not to the first: who cares how long the last waits lets no more in at once.
func (db *DB) ReadsAtOnce() int { return db.engine.readers().Stats().MaxOpenConnections }

// Stats tells of the connections that serve reads.
func (db *DB) Stats() sql.DBStats { return db.engine.readers().Stats() }

// Engine names the kind of database: "sqlite" or "mysql".
func (db *DB) Engine() string { return db.engine.name() }

func (db *DB) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := db.allow(ctx, args); err != nil {
		return nil, err
	}
	st, err := db.reads.get(ctx, text)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return db.engine.readers().QueryContext(ctx, text, args...)
	}
	return st.QueryContext(ctx, args...)
}

func (db *DB) queryRow(ctx context.Context, text string, args ...any) row {
	rows, err := db.query(ctx, text, args...)
	return row{rows, err}
}

func (db *DB) exec(ctx context.Context, text string, args ...any) (changed int64, err error) {
	if err := db.allow(ctx, args); err != nil {
		return 0, err
	}
	err = db.retry(ctx, isConflict, func() error {
		changed, err = db.engine.execAlone(ctx, text, args)
		return err
	})
	return changed, err
}

// allow refuses what would go wrong quietly: a statement beside the transaction of its own caller
// (it would not see that transaction's writes and could wait for it forever), and a time in an engine's own format.
func (db *DB) allow(ctx context.Context, args []any) error {
	if db.within(ctx) {
		return errors.New("store: a statement on the DB inside InTx: use the Tx")
	}
	return checkArgs(args)
}

func checkArgs(args []any) error {
	for i, a := range args {
		if _, ok := a.(time.Time); ok {
			return fmt.Errorf("store: argument %d is a time.Time: pass Millis(t)", i+1)
		}
	}
	return nil
}

// row is the answer of queryRow. It exists because a sql.Row cannot be made to carry an error.
type row struct {
	rows *sql.Rows
	err  error
}

// Scan copies the only row into dest and gives sql.ErrNoRows when there is none.
func (r row) Scan(dest ...any) (err error) {
	if r.err != nil {
		return r.err
	}
	defer func() { err = errors.Join(err, r.rows.Close()) }()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	return r.rows.Scan(dest...)
}

// maxStatements bounds the prepared statements per pool. The product's own texts are far fewer; the bound is for texts
// made at run time (an IN list of varying length), which past it run unprepared.
const maxStatements = 512

// statements prepares each text once. database/sql prepares it again on each connection that meets it.
type statements struct {
	pool *sql.DB

	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

func newStatements(pool *sql.DB) *statements {
	return &statements{pool: pool, byText: make(map[string]*sql.Stmt)}
}

// get gives the prepared statement for text, or nil when text should run unprepared.
func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.RLock()
	st, full := s.byText[text], len(s.byText) >= maxStatements
	s.mu.RUnlock()
	if st != nil || full {
		return st, nil
	}
	// Outside the lock, so that one slow server answer does not stop every reader.
	fresh, err := s.pool.PrepareContext(ctx, text)
	if isStatementLimit(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.byText[text]; st != nil { // someone else was first
		return st, fresh.Close()
	}
	s.byText[text] = fresh
	return fresh, nil
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.byText {
		_ = st.Close() // the pool is closed next, which frees whatever is left
	}
	clear(s.byText)
}
