package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"xiaopu/server/apperr"
)

// One SQL text serves both engines because the sessions are set alike: "x" names a column and never a string, || joins
// strings, LIKE and = tell case apart, strict mode refuses what does not fit, READ COMMITTED, times are integers.
//
// What still differs, and so must not be written in a table's SQL: a / b (whole on SQLite, decimal on MySQL), strings
// that end in spaces (equal without them on MySQL), a text PRIMARY KEY without NOT NULL (SQLite lets NULL in), an
// inline REFERENCES (MySQL ignores it: write FOREIGN KEY), NOW() and all other time functions.

// engine is what differs between SQLite and MySQL.
type engine interface {
	name() string
	// readers is the pool for statements outside a transaction.
	readers() *sql.DB
	// begin begins a transaction that may write.
	begin(ctx context.Context) (session, error)
	// execAlone runs one writing statement as its own transaction.
	execAlone(ctx context.Context, text string, args []any) (changed int64, err error)
	// migrator gives what begins a transaction that may change tables, under the lock that lets one process at a time
	// do so; unlock gives the lock back.
	migrator(ctx context.Context) (begin func(context.Context) (session, error), unlock func(), err error)
	// tableOptions is the tail of every CREATE TABLE.
	tableOptions() string
	// atomicDDL tells whether a transaction may hold CREATE TABLE and the like.
	atomicDDL() bool
	// snapshot begins a transaction that only reads and sees one instant, from its first statement on.
	snapshot(ctx context.Context) (session, error)
	// columnsText asks for table, column and type of every table, in order.
	columnsText() string
	close() error
}

func openEngine(ctx context.Context, dsn string, opts Options, log *slog.Logger) (engine, error) {
	kind, rest, _ := strings.Cut(dsn, ":")
	switch kind {
	case "sqlite":
		return openSQLite(ctx, rest, opts, log)
	case "mysql":
		return openMySQL(ctx, rest, opts, log)
	default:
		return nil, badDSN()
	}
}

// badDSN repeats nothing of the data source name: a mistyped one has its password in any place.
func badDSN() error {
	return apperr.New(apperr.InvalidArgument, "store.bad_dsn",
		"数据库地址写法不对：请写成 sqlite:文件路径（如 sqlite:data/xiaopu.db），或 mysql:用户:密码@tcp(主机:端口)/库名")
}

// isDuplicate tells whether err says that a row with this key is already there. The transaction can go on.
func isDuplicate(err error) bool {
	if my, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return my.Number == 1062 || my.Number == 1586
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
			return true
		}
	}
	return false
}

// isRetryable tells whether err refused one side of a conflict, so that the whole transaction may be tried again.
func isRetryable(err error) bool {
	if my, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch my.Number {
		case 1020, // the record has changed since it was read
			1205, // lock wait timeout
			1213: // deadlock, or another node of the cluster was first
			return true
		}
		return false
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// isLost tells whether err is a connection that broke before the transaction could be committed.
func isLost(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn)
}

// isStatementLimit tells whether the server keeps no more prepared statements.
func isStatementLimit(err error) bool {
	my, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && my.Number == 1461
}

// isAlreadyDone tells whether err says that a CREATE, ALTER or DROP finds its work done.
func isAlreadyDone(err error) bool {
	my, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return false
	}
	switch my.Number {
	case 1050, // table exists
		1051, // unknown table, in DROP
		1060, // duplicate column name
		1061, // duplicate key name
		1091, // cannot drop, does not exist
		1826: // duplicate foreign key name
		return true
	}
	return false
}

// mysqlEngine is one pool for reads and writes: reads prepared, writes in one round trip each (interpolateParams).
type mysqlEngine struct {
	pool *sql.DB
	cfg  *mysql.Config
	log  *slog.Logger
}

const (
	mysqlMaxConns = 32
	// Below the wait_timeout of any sensible server or proxy, so that no pooled connection dies of age in use.
	mysqlConnLife = 4 * time.Minute
	// Every statement of the product is served by an index; one that takes this long meets a dead server.
	mysqlReadTimeout = 30 * time.Second
	migrateLockWait  = 10 * time.Minute
)

func openMySQL(ctx context.Context, dsn string, opts Options, log *slog.Logger) (engine, error) {
	cfg, err := mysql.ParseDSN(dsn)
	// The network is looked at because a DSN without "tcp" parses with the password in that place.
	if err != nil || cfg.DBName == "" || cfg.User == "" || (cfg.Net != "tcp" && cfg.Net != "unix") {
		return nil, badDSN()
	}
	cfg.ClientFoundRows = true // an UPDATE to the same values counts as matched, as on SQLite
	cfg.InterpolateParams = true
	cfg.MultiStatements = false
	cfg.ParseTime = false
	cfg.AllowAllFiles = false
	cfg.Logger = driverLog{log}
	if err := cfg.Apply(mysql.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return nil, badDSN()
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.ReadTimeout == 0 {
		cfg.ReadTimeout = mysqlReadTimeout
	}
	if cfg.WriteTimeout == 0 {
		cfg.WriteTimeout = mysqlReadTimeout
	}
	e := &mysqlEngine{cfg: cfg, log: log}
	if e.pool, err = mysqlPool(cfg); err != nil {
		return nil, badDSN()
	}
	n := opts.MaxConns
	if n <= 0 {
		n = mysqlMaxConns
	}
	e.pool.SetMaxOpenConns(n)
	e.pool.SetMaxIdleConns(n)
	e.pool.SetConnMaxLifetime(mysqlConnLife)
	e.pool.SetConnMaxIdleTime(mysqlConnLife / 4)
	if err := e.pool.PingContext(ctx); err != nil {
		_ = e.pool.Close()
		return nil, apperr.New(apperr.Unavailable, "store.unreachable",
			"连不上数据库 %s：请检查地址、账号密码，以及库 %s 是否已经建好", cfg.Addr, cfg.DBName).With(err)
	}
	return e, nil
}

func mysqlPool(cfg *mysql.Config) (*sql.DB, error) {
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(mysqlConnector{c}), nil
}

// mysqlConnector sets each new connection up once, which is cheaper than naming the isolation level per transaction
// and, unlike a system variable's name, reads the same on MySQL and MariaDB.
type mysqlConnector struct{ driver.Connector }

var mysqlSession = []string{
	`SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`,
	`SET SESSION sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT,ANSI_QUOTES',` +
		` time_zone = '+00:00', innodb_lock_wait_timeout = 5`,
}

func (c mysqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	x, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("store: the MySQL driver cannot run a statement directly"), conn.Close())
	}
	for _, text := range mysqlSession {
		if _, err := x.ExecContext(ctx, text, nil); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// driverLog keeps the driver's remarks (a connection closed by the server, say) out of stderr and in the log.
type driverLog struct{ log *slog.Logger }

func (l driverLog) Print(v ...any) {
	l.log.Debug("mysql driver", slog.String("text", fmt.Sprint(v...)))
}

func (e *mysqlEngine) name() string     { return "mysql" }
func (e *mysqlEngine) readers() *sql.DB { return e.pool }
func (e *mysqlEngine) tableOptions() string {
	return "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
}
func (e *mysqlEngine) atomicDDL() bool { return false }
func (e *mysqlEngine) close() error    { return e.pool.Close() }

func (e *mysqlEngine) snapshot(ctx context.Context) (session, error) {
	return beginSnapshot(ctx, e.pool, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

func (e *mysqlEngine) columnsText() string {
	return `SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
		JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
		WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position`
}

// beginSnapshot avoids a session that holds a nil transaction.
func beginSnapshot(ctx context.Context, pool *sql.DB, o *sql.TxOptions) (session, error) {
	tx, err := pool.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

func (e *mysqlEngine) begin(ctx context.Context) (session, error) {
	tx, err := e.pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

func (e *mysqlEngine) execAlone(ctx context.Context, text string, args []any) (int64, error) {
	res, err := e.pool.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, commitError(ctx, err)
	}
	return res.RowsAffected()
}

// migrator holds a named lock of the server on a connection of its own, without the read timeout: an index on a large
// table takes as long as it takes. The lock is of one server: with a Galera cluster, migrate through one node.
func (e *mysqlEngine) migrator(ctx context.Context) (func(context.Context) (session, error), func(), error) {
	cfg := e.cfg.Clone()
	cfg.ReadTimeout, cfg.WriteTimeout = 0, 0
	pool, err := mysqlPool(cfg)
	if err != nil {
		return nil, nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	unlock := func() { _ = errors.Join(conn.Close(), pool.Close()) } // the lock ends with its connection
	if err := e.lock(ctx, conn); err != nil {
		unlock()
		return nil, nil, err
	}
	begin := func(ctx context.Context) (session, error) {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return nil, err
		}
		return tx, nil
	}
	return begin, unlock, nil
}

func (e *mysqlEngine) lock(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeoutCause(ctx, migrateLockWait, apperr.New(apperr.Unavailable, "store.migration_locked",
		"另一个进程正在升级数据库，等了 %d 分钟仍未结束：请查看那个进程，结束后再启动", int(migrateLockWait.Minutes())))
	defer cancel()
	// Lock names are the server's, at most 64 characters, so the database is in the name by its hash.
	sum := sha256.Sum256([]byte(e.cfg.DBName))
	name := "xiaopu_migrate_" + hex.EncodeToString(sum[:8])
	for told := false; ; told = true {
		var got sql.NullInt64
		if err := conn.QueryRowContext(ctx, `SELECT GET_LOCK(?, 1)`, name).Scan(&got); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("migration lock: %w", err)
		}
		if got.Int64 == 1 {
			return nil
		}
		if !told {
			e.log.InfoContext(ctx, "another process is migrating the database, waiting")
		}
	}
}
