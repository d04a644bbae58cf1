package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
)

// Statement is a statement as the product sent it.
type Statement struct {
	Text string
	Args []any
}

// Record lets db run as before and gives what takes the statements it has read with since the last take, in order:
// those outside a transaction and those inside. It is for tests alone.
func (db *DB) Record() (take func() []Statement, err error) {
	r := &recorder{}
	var pool *sql.DB
	switch e := db.engine.(type) {
	case *mysqlEngine:
		c, err := mysql.NewConnector(e.cfg)
		if err != nil {
			return nil, err
		}
		pool = sql.OpenDB(recordingConnector{mysqlConnector{c}, r})
	case *sqliteEngine:
		c, err := sqlite.NewConnector("file:" + e.path() + "?" + sqliteReads)
		if err != nil {
			return nil, err
		}
		pool = sql.OpenDB(recordingConnector{c, r})
	default:
		return nil, errors.New("store: unknown engine")
	}
	db.reads.close()
	db.engine = recordingEngine{db.engine, pool, r}
	db.reads = newStatements(pool)
	return r.take, nil
}

// path asks the database for its own file: the engine does not keep it.
func (e *sqliteEngine) path() (path string) {
	var seq int
	var name string
	_ = e.reads.QueryRowContext(context.Background(), `PRAGMA database_list`).Scan(&seq, &name, &path)
	return path
}

type recorder struct {
	mu   sync.Mutex
	list []Statement
}

func (r *recorder) add(text string, args []any) {
	if !strings.HasPrefix(strings.TrimSpace(text), "SELECT") {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, Statement{text, args})
}

func (r *recorder) take() []Statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

type recordingEngine struct {
	engine
	pool *sql.DB
	r    *recorder
}

func (e recordingEngine) readers() *sql.DB { return e.pool }

func (e recordingEngine) close() error { return errors.Join(e.pool.Close(), e.engine.close()) }

func (e recordingEngine) begin(ctx context.Context) (session, error) {
	s, err := e.engine.begin(ctx)
	if err != nil {
		return nil, err
	}
	return recordingSession{s, e.r}, nil
}

type recordingSession struct {
	session
	r *recorder
}

func (s recordingSession) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	plain := slices.Clone(args)
	for i, a := range plain {
		if v, ok := a.(driver.Valuer); ok {
			plain[i], _ = v.Value()
		}
	}
	s.r.add(text, plain)
	return s.session.QueryContext(ctx, text, args...)
}

type recordingConnector struct {
	driver.Connector
	r *recorder
}

func (c recordingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return recordingConn{conn, c.r}, nil
}

// recordingConn has nothing but what every driver has, so that every statement is prepared and passes by here.
type recordingConn struct {
	driver.Conn
	r *recorder
}

func (c recordingConn) Prepare(text string) (driver.Stmt, error) {
	st, err := c.Conn.Prepare(text)
	if err != nil {
		return nil, err
	}
	return recordingStmt{st, text, c.r}, nil
}

type recordingStmt struct {
	driver.Stmt
	text string
	r    *recorder
}

func (s recordingStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	plain := make([]any, len(args))
	for i, a := range args {
		plain[i] = a.Value
	}
	s.r.add(s.text, plain)
	q, ok := s.Stmt.(driver.StmtQueryContext)
	if !ok {
		return nil, errors.New("store: the driver has no QueryContext")
	}
	return q.QueryContext(ctx, args)
}

func (s recordingStmt) CheckNamedValue(v *driver.NamedValue) error {
	if c, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return c.CheckNamedValue(v)
	}
	return driver.ErrSkip
}
