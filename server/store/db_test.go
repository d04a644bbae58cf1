package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

// schema is the tests' own, so that the product's tables may change freely.
var schema = fstest.MapFS{
	"0001_things.sql": {Data: []byte(`
CREATE TABLE things (
	id         VARCHAR(32)  NOT NULL PRIMARY KEY,
	name       VARCHAR(200) NOT NULL,
	urgent     SMALLINT     NOT NULL,
	amount     BIGINT       NOT NULL,
	version    INTEGER      NOT NULL,
	created_at BIGINT       NOT NULL,
	closed_at  BIGINT       NULL,
	UNIQUE (name)
) {{options}};
CREATE TABLE parts (
	id       VARCHAR(32) NOT NULL PRIMARY KEY,
	thing_id VARCHAR(32) NOT NULL,
	FOREIGN KEY (thing_id) REFERENCES things (id)
) {{options}};
`)},
}

var noon = time.Date(2025, 11, 22, 4, 0, 0, 123e6, time.UTC)

// each runs f on every engine, on a database with the tests' own tables.
func each[T storetest.Runner[T]](t T, f func(t T, db *store.DB)) {
	t.Helper()
	storetest.EachDSN(t, func(t T, dsn string) {
		t.Helper()
		db := open(t, dsn)
		if _, err := db.MigrateFS(context.Background(), schema); err != nil {
			t.Fatal(err)
		}
		f(t, db)
	})
}

func open(t testing.TB, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), dsn, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

type writer interface {
	Exec(ctx context.Context, text string, args ...any) (int64, error)
}

func insert(ctx context.Context, w writer, id string) error {
	_, err := w.Exec(ctx, `INSERT INTO things (id, name, urgent, amount, version, created_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		id, "事项"+id, true, 0, 1, store.Millis(noon), store.Millis{})
	return err
}

func count(t testing.TB, db *store.DB, where string, args ...any) (n int) {
	t.Helper()
	if err := db.Scan(context.Background(), []any{&n}, `SELECT COUNT(*) FROM things WHERE `+where, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBothEnginesAnswerAlike(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for _, id := range []string{"a", "B", "c"} {
			if err := insert(ctx, db, id); err != nil {
				t.Fatal(err)
			}
		}

		t.Run("a second row with the same key is a duplicate", func(t *testing.T) {
			for _, text := range []string{
				`INSERT INTO things (id, name, urgent, amount, version, created_at) VALUES ('a', 'new', 0, 0, 1, 0)`,
				`INSERT INTO things (id, name, urgent, amount, version, created_at) VALUES ('z', '事项a', 0, 0, 1, 0)`,
			} {
				if _, err := db.Exec(ctx, text); !store.IsDuplicate(err) {
					t.Errorf("%v is not a duplicate", err)
				}
			}
		})
		t.Run("after a duplicate the transaction goes on", func(t *testing.T) {
			err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := insert(ctx, tx, "a"); !store.IsDuplicate(err) {
					t.Errorf("%v is not a duplicate", err)
				}
				return insert(ctx, tx, "d")
			})
			if err != nil || count(t, db, `id = 'd'`) != 1 {
				t.Error(err)
			}
		})
		t.Run("a missing parent and a missing value are errors, not duplicates", func(t *testing.T) {
			for _, text := range []string{
				`INSERT INTO parts (id, thing_id) VALUES ('p', 'nobody')`,
				`INSERT INTO parts (id, thing_id) VALUES (NULL, 'a')`,
			} {
				if _, err := db.Exec(ctx, text); err == nil || store.IsDuplicate(err) || store.IsRetryable(err) {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
		t.Run("an update to the same values counts what it matched", func(t *testing.T) {
			for range 2 {
				if n, err := db.Exec(ctx, `UPDATE things SET urgent = 1 WHERE id IN ('a', 'B')`); n != 2 || err != nil {
					t.Error(n, err)
				}
			}
		})
		t.Run("case matters", func(t *testing.T) {
			for where, want := range map[string]int{
				`id = 'b'`: 0, `id = 'B'`: 1, `id LIKE 'b%'`: 0, `id LIKE 'B%'`: 1, `name LIKE '事项%'`: 4,
			} {
				if got := count(t, db, where); got != want {
					t.Errorf("%s: %d, want %d", where, got, want)
				}
			}
			rows, err := db.Query(ctx, `SELECT id FROM things ORDER BY id`)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var ids []string
			for rows.Next() {
				var id string
				if err := rows.Scan(&id); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			if diff := cmp.Diff([]string{"B", "a", "c", "d"}, ids); diff != "" || rows.Err() != nil {
				t.Error(diff, rows.Err())
			}
		})
		t.Run("quotes and || mean the same", func(t *testing.T) {
			if got := count(t, db, `"id" || 'x' = ?`, "ax"); got != 1 {
				t.Error(got)
			}
			if _, err := db.Query(ctx, `SELECT "no such column" FROM things`); err == nil {
				t.Error("a wrong column in quotes was read as a string")
			}
		})
		t.Run("text, truth and numbers come back", func(t *testing.T) {
			name := `老人说:"电梯'坏'了\n" ; -- 🙂 ` + "\n换行"
			if _, err := db.Exec(ctx, `UPDATE things SET name = ?, urgent = ?, amount = ? WHERE id = ?`, name, false, int64(-1)<<62, "c"); err != nil {
				t.Fatal(err)
			}
			var gotName string
			var urgent bool
			var amount int64
			err := db.Scan(ctx, []any{&gotName, &urgent, &amount}, `SELECT name, urgent, amount FROM things WHERE id = 'c'`)
			if err != nil || gotName != name || urgent || amount != -1<<62 {
				t.Error(gotName, urgent, amount, err)
			}
		})
		t.Run("too long a text is refused by MySQL and kept by SQLite", func(t *testing.T) {
			_, err := db.Exec(ctx, `UPDATE things SET name = ? WHERE id = 'c'`, strings.Repeat("长", 201))
			if refused := err != nil; refused != (db.Engine() == "mysql") {
				t.Error(err)
			}
		})
		t.Run("no row", func(t *testing.T) {
			var s string
			if err := db.Scan(ctx, []any{&s}, `SELECT id FROM things WHERE id = 'none'`); !errors.Is(err, sql.ErrNoRows) {
				t.Error(err)
			}
		})
		t.Run("keyset paging", func(t *testing.T) {
			if got := count(t, db, `created_at >= ? AND (created_at > ? OR id > ?)`, store.Millis(noon), store.Millis(noon), "a"); got != 2 {
				t.Error(got)
			}
		})
	})
}

func TestMillis(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for name, c := range map[string]struct{ in, want time.Time }{
			"an instant":                     {noon, noon},
			"another zone is the same":       {noon.In(time.FixedZone("CST", 8*3600)), noon},
			"less than a millisecond is cut": {noon.Add(999 * time.Microsecond), noon},
			"before 1970":                    {time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)},
			"1970 itself":                    {time.Unix(0, 0), time.Unix(0, 0).UTC()},
			"no time":                        {time.Time{}, time.Time{}},
		} {
			t.Run(name, func(t *testing.T) {
				if _, err := db.Exec(ctx, `DELETE FROM things`); err != nil {
					t.Fatal(err)
				}
				_, err := db.Exec(ctx, `INSERT INTO things (id, name, urgent, amount, version, created_at, closed_at) VALUES ('1', '1', 0, 0, 1, 0, ?)`, store.Millis(c.in))
				if err != nil {
					t.Fatal(err)
				}
				var got time.Time
				if err := db.Scan(ctx, []any{(*store.Millis)(&got)}, `SELECT closed_at FROM things`); err != nil || !got.Equal(c.want) || got.Location() != time.UTC {
					t.Errorf("%v, %v; want %v", got, err, c.want)
				}
				if n := count(t, db, `closed_at IS NULL`); (n == 1) != c.in.IsZero() {
					t.Errorf("%d rows without a time", n)
				}
			})
		}
		t.Run("a forgotten time does not fit a NOT NULL column", func(t *testing.T) {
			if _, err := db.Exec(ctx, `UPDATE things SET created_at = ?`, store.Millis{}); err == nil {
				t.Error("it did")
			}
		})
		t.Run("a bare time is refused", func(t *testing.T) {
			if _, err := db.Exec(ctx, `UPDATE things SET created_at = ?`, noon); err == nil {
				t.Error("it was taken")
			}
		})
		t.Run("a text is no time", func(t *testing.T) {
			var at time.Time
			if err := db.Scan(ctx, []any{(*store.Millis)(&at)}, `SELECT 'x'`); err == nil {
				t.Error("it was read as ", at)
			}
		})
	})
}

func TestOpenRefusesBadDSN(t *testing.T) {
	const secret = "s3cret"
	for _, dsn := range []string{
		"", "xiaopu.db", "postgres://u:" + secret + "@h/db", "sqlite:", "sqlite::memory:", "sqlite:file:x.db", "sqlite:data/",
		"mysql:", "mysql:u:" + secret + "@tcp(127.0.0.1:1)/", "mysql:u:" + secret + "@127.0.0.1:1/db", "mysql:" + secret,
		"mysql:u:" + secret + "(127.0.0.1:1)/db", "mysql:u:" + secret + "/db", "mysql://u:" + secret + "@127.0.0.1/db",
		"mysql:u:" + secret + "@tcp(127.0.0.1:1)/db?tls=" + secret, "mysql:u:" + secret + "@tcp(127.0.0.1:1)/db?charset=gbk&collation=gbk_chinese_ci&x=%zz",
	} {
		t.Run(dsn, func(t *testing.T) {
			_, err := store.Open(t.Context(), dsn, store.Options{})
			if apperr.ReasonOf(err) != "store.bad_dsn" {
				t.Fatalf("error %v", err)
			}
			for _, form := range []string{"sqlite:", "mysql:用户:密码@tcp(主机:端口)/库名"} {
				if !strings.Contains(err.Error(), form) {
					t.Errorf("%q does not show %q", err, form)
				}
			}
			if text := fmt.Sprintf("%+v", err); strings.Contains(text, secret) || strings.Contains(text, "\n") {
				t.Errorf("%q repeats the password or has several lines", text)
			}
		})
	}
}

func TestOpenTellsWhatIsUnreachable(t *testing.T) {
	const secret = "s3cret"
	file := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dsn := range map[string]string{
		"nobody listens":      "mysql:u:" + secret + "@tcp(127.0.0.1:1)/db",
		"a folder that isn't": "sqlite:" + file + "/x.db",
		"a file of text":      "sqlite:" + file,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(t.Context(), dsn, store.Options{})
			if apperr.ReasonOf(err) != "store.unreachable" || apperr.CodeOf(err) != apperr.Unavailable {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(fmt.Sprintf("%+v", err), secret) {
				t.Errorf("%q repeats the password", err)
			}
		})
	}
	t.Run("a wrong password", func(t *testing.T) {
		for _, dsn := range storetest.DSNs(t) {
			if rest, ok := strings.CutPrefix(dsn, "mysql:"); ok {
				user, at, _ := strings.Cut(rest, "@")
				user, _, _ = strings.Cut(user, ":")
				_, err := store.Open(t.Context(), "mysql:"+user+":"+secret+"@"+at, store.Options{})
				if apperr.ReasonOf(err) != "store.unreachable" || strings.Contains(fmt.Sprintf("%+v", err), secret) {
					t.Errorf("error %v", err)
				}
			}
		}
	})
}

func TestSQLiteFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "数据 50%?#", "deep")
	path := filepath.Join(dir, "小浦.db")
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.MigrateFS(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), db, "a"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: personal data must be its owner's alone", info.Mode(), err)
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the log %v, %v", info.Mode(), err)
	}
	if _, err := db.Query(t.Context(), `DELETE FROM things`); err == nil {
		t.Error("a reader's connection could write")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("after Close: %v, %v; want one file with everything in it", entries, err)
	}
	again := open(t, "sqlite:"+path)
	if n := count(t, again, `id = 'a'`); n != 1 {
		t.Error("the row is gone")
	}
}

func TestStatementsArePreparedOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		if err := insert(t.Context(), db, "a"); err != nil {
			t.Fatal(err)
		}
		before := db.PreparedTexts()
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 50 {
					var name string
					if err := db.Scan(t.Context(), []any{&name}, `SELECT name FROM things WHERE id = ?`, "a"); err != nil || name != "事项a" {
						t.Error(name, err)
						return
					}
				}
			})
		}
		all.Wait()
		if n := db.PreparedTexts() - before; n != 1 {
			t.Errorf("%d texts prepared, want 1", n)
		}
		for i := range store.MaxStatements + 20 {
			var got int
			if err := db.Scan(t.Context(), []any{&got}, fmt.Sprintf(`SELECT %d FROM things WHERE id = ?`, i), "a"); err != nil || got != i {
				t.Fatal(got, err)
			}
		}
		if n := db.PreparedTexts(); n != store.MaxStatements {
			t.Errorf("%d texts prepared, want no more than %d", n, store.MaxStatements)
		}
	})
}

// Steady reading and writing must not let the log grow without end, though its copying waits for nobody.
func TestSQLiteLogStaysShort(t *testing.T) {
	defer store.SetCheckpointPages(200)()
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, "sqlite:"+path)
	if _, err := db.MigrateFS(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), db, "a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				var n int
				if err := db.Scan(t.Context(), []any{&n}, `SELECT COUNT(*) FROM things`); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	name := strings.Repeat("长", 40_000)
	var wrote int64
	for i := 0; ctx.Err() == nil; i++ {
		if _, err := db.Exec(t.Context(), `UPDATE things SET name = ?, amount = ? WHERE id = 'a'`, name, i); err != nil {
			t.Fatal(err)
		}
		wrote += int64(len(name))
	}
	readers.Wait()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB written, log %d MiB", wrote>>20, info.Size()>>20)
	if wrote > 20<<20 && info.Size() > wrote/2 {
		t.Errorf("the log has %d bytes after %d written", info.Size(), wrote)
	}
}
