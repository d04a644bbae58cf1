package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestInTx(t *testing.T) {
	errRefused := errors.New("refused")
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		t.Run("commits", func(t *testing.T) {
			err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := insert(ctx, tx, "commit"); err != nil {
					return err
				}
				var n int
				if err := tx.Scan(ctx, []any{&n}, `SELECT COUNT(*) FROM things WHERE id = 'commit'`); err != nil || n != 1 {
					return fmt.Errorf("own write not seen: %d, %w", n, err)
				}
				return nil
			})
			if err != nil || count(t, db, `id = 'commit'`) != 1 {
				t.Error(err)
			}
		})
		t.Run("rolls back on an error and returns it as it is", func(t *testing.T) {
			err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := insert(ctx, tx, "error"); err != nil {
					return err
				}
				return errRefused
			})
			if !errors.Is(err, errRefused) || err.Error() != errRefused.Error() || count(t, db, `id = 'error'`) != 0 {
				t.Error(err)
			}
		})
		t.Run("rolls back on a panic and lets it through", func(t *testing.T) {
			func() {
				defer func() {
					if got := recover(); got != "boom" {
						t.Errorf("recovered %v", got)
					}
				}()
				_ = db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
					if err := insert(ctx, tx, "panic"); err != nil {
						t.Error(err)
					}
					panic("boom")
				})
			}()
			if count(t, db, `id = 'panic'`) != 0 {
				t.Error("the row stayed")
			}
			if err := insert(ctx, db, "after panic"); err != nil {
				t.Error(err)
			}
		})
		t.Run("refuses to nest, and statements beside the transaction", func(t *testing.T) {
			err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := db.InTx(ctx, func(context.Context, *store.Tx) error { return nil }); err == nil {
					t.Error("a nested InTx was begun")
				}
				if _, err := db.Query(ctx, `SELECT id FROM things`); err == nil {
					t.Error("a read beside the transaction was let through")
				}
				if _, err := db.Exec(ctx, `DELETE FROM things`); err == nil {
					t.Error("a write beside the transaction was let through")
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		t.Run("a transaction that has ended does nothing more", func(t *testing.T) {
			for _, end := range []error{nil, errRefused} {
				var kept *store.Tx
				_ = db.InTx(ctx, func(_ context.Context, tx *store.Tx) error { kept = tx; return end })
				if err := insert(ctx, kept, "late"); err == nil {
					t.Error("it did")
				}
			}
		})
		t.Run("ends with its context", func(t *testing.T) {
			ctx, cancel := context.WithCancel(ctx)
			err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := insert(ctx, tx, "cancelled"); err != nil {
					return err
				}
				cancel()
				return insert(ctx, tx, "cancelled 2")
			})
			if !errors.Is(err, context.Canceled) || count(t, db, `id LIKE 'cancelled%'`) != 0 {
				t.Error(err)
			}
			if err := db.InTx(ctx, func(context.Context, *store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	})
}

func TestInTxTriesAgain(t *testing.T) {
	deadlock := &mysql.MySQLError{Number: 1213}
	each(t, func(t *testing.T, db *store.DB) {
		t.Run("runs the closure whole", func(t *testing.T) {
			tries := 0
			err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				tries++
				if err := insert(ctx, tx, fmt.Sprint("try", tries)); err != nil {
					return err
				}
				if tries < 3 {
					return fmt.Errorf("saving: %w", deadlock)
				}
				return nil
			})
			if err != nil || tries != 3 || count(t, db, `id LIKE 'try%'`) != 1 {
				t.Errorf("%d tries, %v", tries, err)
			}
		})
		t.Run("gives up and says so", func(t *testing.T) {
			tries := 0
			err := db.InTx(t.Context(), func(context.Context, *store.Tx) error { tries++; return deadlock })
			if apperr.ReasonOf(err) != "store.busy" || apperr.CodeOf(err) != apperr.Unavailable || tries != store.MaxTries {
				t.Errorf("%d tries, %v", tries, err)
			}
			if !errors.Is(err, deadlock) {
				t.Error("the cause is lost")
			}
		})
		t.Run("not past its context", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			defer cancel()
			err := db.InTx(ctx, func(context.Context, *store.Tx) error { return deadlock })
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		t.Run("not for other errors", func(t *testing.T) {
			tries := 0
			err := db.InTx(t.Context(), func(context.Context, *store.Tx) error { tries++; return sql.ErrNoRows })
			if !errors.Is(err, sql.ErrNoRows) || tries != 1 {
				t.Errorf("%d tries, %v", tries, err)
			}
		})
	})
}

// Two transactions that lock two rows in opposite order: the server refuses one, which then runs again.
// Who decides anew from what it reads runs again where a person would be told.
func TestInTxAgain(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		if err := insert(t.Context(), db, "taken"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			err  error // nil: a row of the same key
			want int
		}{{"a case that somebody saved first", store.ErrStale, 2}, {"a row of the same key", nil, 2}, {"anything else", errors.New("refused"), 1}} {
			tries := 0
			err := db.InTxAgain(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if tries++; tries > 1 {
					return nil
				}
				if c.err != nil {
					return fmt.Errorf("wrapped: %w", c.err)
				}
				return insert(ctx, tx, "taken")
			})
			if tries != c.want || (err == nil) != (c.want == 2) {
				t.Errorf("%s: %d tries, %v", c.name, tries, err)
			}
		}
	})
}

func TestDeadlockIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		if db.Engine() == "sqlite" {
			t.Skip("SQLite's writers take turns")
		}
		for _, id := range []string{"a", "b"} {
			if err := insert(t.Context(), db, id); err != nil {
				t.Fatal(err)
			}
		}
		var tries atomic.Int32
		var met, all sync.WaitGroup
		met.Add(2)
		for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
			all.Go(func() {
				first := true
				err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					tries.Add(1)
					for i, id := range order {
						if _, err := tx.Exec(ctx, `UPDATE things SET amount = amount + 1 WHERE id = ?`, id); err != nil {
							// Whatever a closure makes of it, half a transaction is never kept.
							return nil //nolint:nilerr // the point of the test
						}
						if i == 0 && first {
							first = false
							met.Done()
							met.Wait()
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := count(t, db, `amount = 2`); n != 2 || tries.Load() != 3 {
			t.Errorf("%d of 2 rows counted twice, after %d tries", n, tries.Load())
		}
	})
}

// Another process holds the file: the writer waits and tries again instead of failing.
func TestBusyFileIsTriedAgain(t *testing.T) {
	dsn := "sqlite:" + t.TempDir() + "/x.db"
	here, other := open(t, dsn), open(t, dsn)
	if _, err := here.MigrateFS(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	holding, done := make(chan struct{}), make(chan error)
	go func() {
		done <- other.InTx(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			if err := insert(ctx, tx, "other"); err != nil {
				return err
			}
			close(holding)
			time.Sleep(1500 * time.Millisecond) // longer than SQLite itself waits
			return nil
		})
	}()
	<-holding
	if err := insert(t.Context(), here, "here"); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := count(t, here, `id IN ('here', 'other')`); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

func TestLostRaceChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		if err := insert(t.Context(), db, "a"); err != nil {
			t.Fatal(err)
		}
		decide := func(ctx context.Context, tx *store.Tx, version int) (int64, error) {
			return tx.Exec(ctx, `UPDATE things SET amount = amount + 1, version = version + 1 WHERE id = ? AND version = ?`, "a", version)
		}
		for i, want := range []int64{1, 0, 0} {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				n, err := decide(ctx, tx, 1)
				if n != want {
					t.Errorf("try %d changed %d rows, want %d", i, n, want)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// Four writers, each reading a row and writing it back with its version, lose no addition.
func TestConcurrentWriters(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for i := range 3 {
			if err := insert(t.Context(), db, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		const writers, rounds = 4, 40
		var lost atomic.Int64
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for r := range rounds {
					for won := false; !won; {
						err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
							id := fmt.Sprint((w + r) % 3)
							var amount, version int64
							if err := tx.Scan(ctx, []any{&amount, &version}, `SELECT amount, version FROM things WHERE id = ?`, id); err != nil {
								return err
							}
							n, err := tx.Exec(ctx, `UPDATE things SET amount = ?, version = version + 1 WHERE id = ? AND version = ?`, amount+1, id, version)
							won = n == 1
							return err
						})
						if err != nil {
							t.Error(err)
							return
						}
						if !won {
							lost.Add(1)
						}
					}
				}
			})
		}
		all.Wait()
		var sum int
		if err := db.Scan(t.Context(), []any{&sum}, `SELECT SUM(amount) FROM things`); err != nil || sum != writers*rounds {
			t.Errorf("sum %d, %v; want %d", sum, err, writers*rounds)
		}
		t.Logf("%d races lost and run again", lost.Load())
	})
}

func TestReadsSeeOnlyWhatIsCommitted(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		outside := t.Context()
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if err := insert(ctx, tx, "a"); err != nil {
				return err
			}
			// The outer context, as another request would have.
			var n int
			if err := db.Scan(outside, []any{&n}, `SELECT COUNT(*) FROM things`); err != nil || n != 0 {
				t.Errorf("%d rows seen before the commit, %v", n, err)
			}
			return nil
		})
		if err != nil || count(t, db, `id = 'a'`) != 1 {
			t.Error("not seen after the commit", err)
		}
	})
}

func TestWaitingForTheTurnEndsWithTheContext(t *testing.T) {
	db := storetest.Open(t)
	holding, release := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- db.InTx(context.Background(), func(context.Context, *store.Tx) error {
			close(holding)
			<-release
			return nil
		})
	}()
	<-holding
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := db.InTx(ctx, func(context.Context, *store.Tx) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The connection ends in the middle of a transaction, as when a server of a cluster goes away.
func TestLostConnectionIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		if db.Engine() == "sqlite" {
			t.Skip("there is no connection to lose")
		}
		outside := t.Context()
		tries := 0
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			tries++
			if err := insert(ctx, tx, "a"); err != nil {
				return err
			}
			if tries > 1 {
				return nil
			}
			var id int64
			if err := tx.Scan(ctx, []any{&id}, `SELECT CONNECTION_ID()`); err != nil {
				return err
			}
			if _, err := db.Exec(outside, fmt.Sprint(`KILL `, id)); err != nil {
				t.Error(err)
			}
			_, err := tx.Exec(ctx, `UPDATE things SET amount = 1 WHERE id = 'a'`)
			if err == nil {
				t.Error("the connection is alive")
			}
			return err
		})
		if err != nil || tries != 2 || count(t, db, `id = 'a'`) != 1 {
			t.Errorf("%d tries, %v", tries, err)
		}
	})
}

func TestCommitWhoseAnswerIsLost(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		if db.Engine() == "sqlite" {
			t.Skip("there is no connection to lose")
		}
		outside := t.Context()
		tries := 0
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			tries++
			var id int64
			if err := tx.Scan(ctx, []any{&id}, `SELECT CONNECTION_ID()`); err != nil {
				return err
			}
			if err := insert(ctx, tx, "a"); err != nil {
				return err
			}
			_, err := db.Exec(outside, fmt.Sprint(`KILL `, id))
			return err
		})
		if apperr.ReasonOf(err) != "store.commit_unknown" || tries != 1 {
			t.Errorf("%d tries, %v", tries, err)
		}
		if !strings.Contains(err.Error(), "请刷新") {
			t.Errorf("%q does not say what to do", err)
		}
	})
}

func BenchmarkCommand(b *testing.B) {
	each(b, func(b *testing.B, db *store.DB) {
		for i := range 100 {
			if err := insert(b.Context(), db, fmt.Sprint(i)); err != nil {
				b.Fatal(err)
			}
		}
		var took []time.Duration
		i := 0
		for b.Loop() {
			start := time.Now()
			err := db.InTx(b.Context(), func(ctx context.Context, tx *store.Tx) error {
				id := fmt.Sprint(i % 100)
				var version int
				if err := tx.Scan(ctx, []any{&version}, `SELECT version FROM things WHERE id = ?`, id); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `UPDATE things SET version = version + 1 WHERE id = ? AND version = ?`, id, version); err != nil {
					return err
				}
				for _, suffix := range []string{"x", "y"} {
					if _, err := tx.Exec(ctx, `INSERT INTO parts (id, thing_id) VALUES (?, ?)`, fmt.Sprint(i, suffix), id); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(start))
			i++
		}
		reportPercentiles(b, took)
	})
}

func BenchmarkGet(b *testing.B) {
	each(b, func(b *testing.B, db *store.DB) {
		if err := insert(b.Context(), db, "a"); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			var name string
			if err := db.Scan(b.Context(), []any{&name}, `SELECT name FROM things WHERE id = ?`, "a"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func reportPercentiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds()), fmt.Sprintf("p%d-µs", p))
	}
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
}

func TestWhatIsToldAfterACommitIsToldOnceAndNeverTooEarly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, told, tries := context.Background(), 0, 0
		run := func(fail error) error {
			return db.InTxAgain(ctx, func(_ context.Context, tx *store.Tx) error {
				tries++
				tx.AfterCommit(func() { told++ })
				if told > 0 && fail == nil && tries == 1 {
					t.Error("told before the commit")
				}
				if tries == 1 && fail == nil {
					return store.ErrStale // somebody was first: once more
				}
				return fail
			})
		}
		if err := run(nil); err != nil || told != 1 || tries != 2 {
			t.Errorf("%v: told %d times in %d tries", err, told, tries)
		}
		if err := run(errors.New("no")); err == nil || told != 1 {
			t.Errorf("%v: what was rolled back is told", err)
		}
	})
}
