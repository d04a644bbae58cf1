package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/go-sql-driver/mysql"

	"xiaopu/server/apperr"
)

// The tries are many and short: what they wait for is another command's transaction, which lasts milliseconds.
const (
	maxTries   = 10
	firstPause = 2 * time.Millisecond
	longPause  = 250 * time.Millisecond
)

// Tx is one transaction. It belongs to the goroutine that runs InTx's closure.
type Tx struct {
	db *DB
	s  session
	// broken is the first conflict met. The server may already have rolled back, so that a later statement would
	// stand alone and a commit would keep half: nothing more is sent, whatever the closure makes of the error.
	broken error
	after  []func()
	ended  []func(committed bool)
}

// AfterCommit has f run once the transaction is committed: for what others hear of it. A commit whose answer was lost, and what is
// rolled back, runs nothing.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// OnEnd has f run once the transaction is over, and told whether it was committed for sure; before what AfterCommit runs. For what the
// closure holds outside the database as long as the transaction lasts.
func (tx *Tx) OnEnd(f func(committed bool)) { tx.ended = append(tx.ended, f) }

// reader is what a SELECT goes to: a pool or a session.
type reader interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// session is a begun transaction of an engine.
type session interface {
	reader
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	Commit() error
	Rollback() error
}

type txKey struct{}

// within tells whether ctx comes from this database's InTx.
func (db *DB) within(ctx context.Context) bool { return ctx.Value(txKey{}) == db }

// InTx runs fn in a transaction, commits when fn gives nil, and rolls back when it gives an error or panics.
//
// A conflict with another transaction runs fn again from the start, within ctx and a bounded number of tries. So fn
// must set its results anew each time and touch nothing outside the transaction. The ctx that fn is given marks the
// transaction: with it, a nested InTx and a statement on the DB are refused instead of waiting for themselves.
//
// It returns fn's own error unchanged, apperr.Unavailable store.busy when every try met a conflict, and
// apperr.Unavailable store.commit_unknown when the connection broke during the commit.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return db.inTx(ctx, isConflict, fn)
}

// InTxAgain is InTx for who decides from what the transaction itself has read, not from what a person saw: fn runs again
// also when somebody else saved a case first (ErrStale) or stored a row of the same key.
func (db *DB) InTxAgain(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return db.inTx(ctx, func(err error) bool { return isConflict(err) || errors.Is(err, ErrStale) || isDuplicate(err) }, fn)
}

func (db *DB) inTx(ctx context.Context, again func(error) bool, fn func(ctx context.Context, tx *Tx) error) error {
	if db.within(ctx) {
		return errors.New("store: InTx inside InTx: pass the Tx on")
	}
	inner := context.WithValue(ctx, txKey{}, db)
	return db.retry(ctx, again, func() error { return db.once(inner, fn) })
}

func (db *DB) once(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	s, err := db.engine.begin(ctx)
	if err != nil {
		return err
	}
	tx := &Tx{db: db, s: s}
	open, committed := true, false
	defer func() {
		for _, f := range tx.ended {
			f(committed)
		}
		for _, f := range tx.after {
			if committed {
				f()
			}
		}
	}()
	defer func() {
		if open { // an error or a panic
			tx.broken = errors.New("store: the transaction has ended")
			if err := s.Rollback(); err != nil {
				db.log.DebugContext(ctx, "rollback", slog.Any("error", err))
			}
		}
	}()
	err = fn(ctx, tx)
	if tx.broken != nil {
		return tx.broken
	}
	if err != nil {
		return err
	}
	open = false
	tx.broken = errors.New("store: the transaction has ended")
	if err := commitError(ctx, s.Commit()); err != nil {
		return err
	}
	committed = true
	return nil
}

// commitError tells a commit that failed from one whose answer was lost.
func commitError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil:
		return ctx.Err() // the end of ctx rolled it back
	case errors.Is(err, driver.ErrBadConn):
		return err // nothing was sent
	case errors.Is(err, mysql.ErrInvalidConn):
		return apperr.New(apperr.Unavailable, "store.commit_unknown",
			"与数据库的连接中断，这次操作是否生效尚不确定：请刷新页面查看，没有生效再重新提交").With(errCommitUnknown{err})
	default:
		return err
	}
}

// errCommitUnknown hides the driver's error from isLost, which would run the closure a second time.
type errCommitUnknown struct{ cause error }

func (e errCommitUnknown) Error() string { return "commit: " + e.cause.Error() }

// isConflict tells whether a transaction that ended in err can be tried again whole.
func isConflict(err error) bool { return isRetryable(err) || isLost(err) }

// retry runs once until it gives something that again does not accept.
func (db *DB) retry(ctx context.Context, again func(error) bool, once func() error) error {
	for try := 1; ; try++ {
		err := once()
		if err == nil || !again(err) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w (last conflict: %w)", ctx.Err(), err)
		}
		if try == maxTries {
			return apperr.New(apperr.Unavailable, "store.busy", "系统正忙，这次操作没有生效：请稍后再试").With(err)
		}
		db.log.DebugContext(ctx, "transaction conflict, trying again", slog.Int("try", try), slog.Any("error", err))
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// pause waits longer after each try, by chance, so that two that collided do not collide again in step.
func pause(ctx context.Context, try int) error {
	limit := min(firstPause<<(try-1), longPause)
	t := time.NewTimer(limit/2 + rand.N(limit/2))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (tx *Tx) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := tx.allow(args); err != nil {
		return nil, err
	}
	rows, err := tx.s.QueryContext(ctx, text, args...)
	return rows, tx.note(err)
}

func (tx *Tx) queryRow(ctx context.Context, text string, args ...any) row {
	rows, err := tx.query(ctx, text, args...)
	return row{rows, err}
}

func (tx *Tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	if err := tx.allow(args); err != nil {
		return 0, err
	}
	res, err := tx.s.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, tx.note(err)
	}
	return res.RowsAffected()
}

func (tx *Tx) allow(args []any) error {
	if tx.broken != nil {
		return tx.broken
	}
	return checkArgs(args)
}

func (tx *Tx) note(err error) error {
	if isConflict(err) {
		tx.broken = err
	}
	return err
}
