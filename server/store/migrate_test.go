package store_test

import (
	"context"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

var twoMigrations = fstest.MapFS{
	"0001_a.sql": file("-- the first\nCREATE TABLE a (id VARCHAR(9) NOT NULL PRIMARY KEY) {{options}};\nCREATE TABLE a2 (id VARCHAR(9) NOT NULL PRIMARY KEY) {{options}};"),
	"0002_b.sql": file("ALTER TABLE a ADD COLUMN b BIGINT NULL; CREATE INDEX a_b ON a (b); INSERT INTO a (id, b) VALUES ('x;y', 1)"),
	"README.md":  file("not a migration"),
}

// with gives files with some of them replaced.
func with(files fstest.MapFS, change fstest.MapFS) fstest.MapFS {
	out := maps.Clone(files)
	maps.Copy(out, change)
	return out
}

func migrate(t testing.TB, db *store.DB, files fs.FS, want int) {
	t.Helper()
	if got, err := db.MigrateFS(context.Background(), files); err != nil || got != want {
		t.Fatalf("%d migrations applied, %v; want %d", got, err, want)
	}
}

func eachEmpty(t *testing.T, f func(t *testing.T, db *store.DB)) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) { f(t, open(t, dsn)) })
}

func TestMigrate(t *testing.T) {
	eachEmpty(t, func(t *testing.T, db *store.DB) {
		migrate(t, db, fstest.MapFS{"0001_a.sql": twoMigrations["0001_a.sql"]}, 1)
		migrate(t, db, twoMigrations, 1)
		migrate(t, db, twoMigrations, 0)
		var b int
		if err := db.Scan(t.Context(), []any{&b}, `SELECT b FROM a WHERE id = 'x;y'`); err != nil || b != 1 {
			t.Error(b, err)
		}
	})
}

func TestMigrateRealFiles(t *testing.T) {
	eachEmpty(t, func(t *testing.T, db *store.DB) {
		if n, err := db.Migrate(t.Context()); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		if n, err := db.Migrate(t.Context()); err != nil || n != 0 {
			t.Fatal(n, err)
		}
	})
}

func TestMigrateRefuses(t *testing.T) {
	eachEmpty(t, func(t *testing.T, db *store.DB) {
		migrate(t, db, twoMigrations, 2)
		for name, c := range map[string]struct {
			files  fs.FS
			reason string
			words  []string
		}{
			"a changed statement": {
				with(twoMigrations, fstest.MapFS{"0002_b.sql": file("ALTER TABLE a ADD COLUMN b INTEGER NULL; CREATE INDEX a_b ON a (b); INSERT INTO a (id, b) VALUES ('x;y', 1)")}),
				"store.migration_changed", []string{"0002_b.sql", "请恢复原文件"},
			},
			"a statement added to a finished file": {
				with(twoMigrations, fstest.MapFS{"0001_a.sql": file(string(twoMigrations["0001_a.sql"].Data) + "CREATE TABLE c (id INTEGER)")}),
				"store.migration_changed", []string{"0001_a.sql"},
			},
			"a statement taken away": {
				with(twoMigrations, fstest.MapFS{"0001_a.sql": file("CREATE TABLE a (id VARCHAR(9) NOT NULL PRIMARY KEY) {{options}};")}),
				"store.migration_changed", []string{"0001_a.sql"},
			},
			"an old program": {
				fstest.MapFS{"0001_a.sql": twoMigrations["0001_a.sql"]},
				"store.newer_schema", []string{"第 2 版", "第 1 版", "请改用新版程序"},
			},
			"a gap":           {with(twoMigrations, fstest.MapFS{"0004_d.sql": file("SELECT 1")}), "", []string{"0004_d.sql", "0003_"}},
			"a double number": {with(twoMigrations, fstest.MapFS{"0002_c.sql": file("SELECT 1")}), "", []string{"0002_c.sql"}},
			"an empty file":   {with(twoMigrations, fstest.MapFS{"0003_c.sql": file("-- later;")}), "", []string{"0003_c.sql"}},
			"a wrong name":    {with(twoMigrations, fstest.MapFS{"3.sql": file("SELECT 1")}), "", []string{"3.sql"}},
		} {
			t.Run(name, func(t *testing.T) {
				n, err := db.MigrateFS(t.Context(), c.files)
				if err == nil || n != 0 || apperr.ReasonOf(err) != c.reason {
					t.Fatalf("%d applied, error %v", n, err)
				}
				if c.reason != "" && apperr.CodeOf(err) != apperr.FailedPrecondition {
					t.Errorf("code %s", apperr.CodeOf(err))
				}
				for _, w := range c.words {
					if !strings.Contains(err.Error(), w) {
						t.Errorf("%q lacks %q", err, w)
					}
				}
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("%q is more than one line", err)
				}
			})
		}
		t.Run("but comments may change", func(t *testing.T) {
			text := strings.Replace(string(twoMigrations["0001_a.sql"].Data), "-- the first", "-- the very first", 1)
			migrate(t, db, with(twoMigrations, fstest.MapFS{"0001_a.sql": file(text)}), 0)
		})
	})
}

// A statement fails halfway; the next release mends it.
func TestMigrateGoesOnAfterFailure(t *testing.T) {
	broken := with(twoMigrations, fstest.MapFS{"0003_c.sql": file("CREATE TABLE c (id INTEGER) {{options}}; CREATE INDEX c_x ON c (no_such_column); CREATE TABLE d (id INTEGER)")})
	mended := with(twoMigrations, fstest.MapFS{"0003_c.sql": file("CREATE TABLE c (id INTEGER) {{options}}; CREATE INDEX c_x ON c (id); CREATE TABLE d (id INTEGER)")})
	eachEmpty(t, func(t *testing.T, db *store.DB) {
		n, err := db.MigrateFS(t.Context(), broken)
		if n != 2 || err == nil || !strings.Contains(err.Error(), "0003_c.sql, statement 2") {
			t.Fatal(n, err)
		}
		var rows int
		kept := db.Scan(t.Context(), []any{&rows}, `SELECT COUNT(*) FROM c`) == nil
		if kept != (db.Engine() == "mysql") {
			t.Errorf("the first statement's table is there: %v", kept)
		}
		migrate(t, db, mended, 1)
		migrate(t, db, mended, 0)
	})
}

// The program dies between a statement and its record.
func TestMigrateGoesOnAfterCrash(t *testing.T) {
	eachEmpty(t, func(t *testing.T, db *store.DB) {
		if db.Engine() == "sqlite" {
			t.Skip("a statement and its record are one transaction")
		}
		for _, c := range []struct{ version, done int }{{1, 0}, {1, 1}, {2, 0}, {2, 1}} {
			files := with(twoMigrations, fstest.MapFS{"0002_b.sql": file("ALTER TABLE a ADD COLUMN b BIGINT NULL; CREATE INDEX a_b ON a (b)")})
			for _, text := range []string{`DROP TABLE IF EXISTS a, a2, schema_migrations`} {
				if _, err := db.Exec(t.Context(), text); err != nil {
					t.Fatal(err)
				}
			}
			migrate(t, db, files, 2)
			if c.version == 1 { // nothing after it has run
				for _, text := range []string{`DELETE FROM schema_migrations WHERE version = 2`, `ALTER TABLE a DROP COLUMN b`} {
					if _, err := db.Exec(t.Context(), text); err != nil {
						t.Fatal(err)
					}
				}
				if c.done == 0 {
					if _, err := db.Exec(t.Context(), `DROP TABLE a2`); err != nil {
						t.Fatal(err)
					}
				}
			} else if c.done == 0 {
				if _, err := db.Exec(t.Context(), `DROP INDEX a_b ON a`); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.BreakOff(t.Context(), files, c.version, c.done); err != nil {
				t.Fatal(err)
			}
			migrate(t, db, files, 3-c.version)
			migrate(t, db, files, 0)
		}
	})
}

// A table that is there without our doing is not taken for ours.
func TestMigrateRefusesAStranger(t *testing.T) {
	eachEmpty(t, func(t *testing.T, db *store.DB) {
		migrate(t, db, fstest.MapFS{"0001_a.sql": file("CREATE TABLE a (id INTEGER)")}, 1)
		if _, err := db.MigrateFS(t.Context(), fstest.MapFS{
			"0001_a.sql": file("CREATE TABLE a (id INTEGER)"),
			"0002_b.sql": file("CREATE TABLE b (id INTEGER); CREATE TABLE a (id INTEGER)"),
		}); err == nil || !strings.Contains(err.Error(), "0002_b.sql, statement 2") {
			t.Error(err)
		}
	})
}

// Several replicas start at once.
func TestMigrateConcurrently(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		var applied atomic.Int64
		var all sync.WaitGroup
		for range 4 {
			db := open(t, dsn)
			all.Go(func() {
				n, err := db.MigrateFS(t.Context(), twoMigrations)
				if err != nil {
					t.Error(err)
				}
				applied.Add(int64(n))
			})
		}
		all.Wait()
		if applied.Load() != 2 {
			t.Errorf("%d migrations applied in all, want 2", applied.Load())
		}
	})
}

func TestSplitStatements(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":               {" \n;; -- x\n", nil},
		"two":                   {"a;\n b ", []string{"a", "b"}},
		"a semicolon in quotes": {`x ';' ";" ` + "`;`" + `; y`, []string{`x ';' ";" ` + "`;`", "y"}},
		"a doubled quote":       {`x 'it''s;' ; y`, []string{`x 'it''s;'`, "y"}},
		"comments":              {"-- one; two\na -- b; c\n/* d; 'e */ f; g", []string{"a \n  f", "g"}},
		"a comment in quotes":   {"x '-- /* y'; z", []string{"x '-- /* y'", "z"}},
		"Windows line ends":     {"a\r\nb;\r\n", []string{"a\nb"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := store.SplitStatements(c.text)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
	for _, text := range []string{"'", `a "b`, "`", "/* a", "'it''s"} {
		if got, err := store.SplitStatements(text); err == nil {
			t.Errorf("%q gave %q", text, got)
		}
	}
}

func FuzzSplitStatements(f *testing.F) {
	for _, text := range []string{"a; b", "x ';' -- y\n;", "/* */ 'z' `;`", "'", "CREATE TABLE a (id INTEGER) {{options}};\r\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := store.SplitStatements(text)
		if err != nil {
			return
		}
		for _, s := range got {
			if strings.TrimSpace(s) == "" || s != strings.TrimSpace(s) {
				t.Errorf("statement %q of %q", s, text)
			}
		}
		// Cutting what was cut gives the same again.
		again, err := store.SplitStatements(strings.Join(got, ";\n"))
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Errorf("%q: %s %v", text, diff, err)
		}
	})
}
