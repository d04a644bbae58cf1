// Package storetest runs a test on every engine the store knows: SQLite, and MySQL or MariaDB.
//
// SQLite needs nothing. The other is the server that XIAOPU_TEST_MYSQL names (USER:PASSWORD@tcp(HOST:PORT)/, an account
// that may create databases), which scripts/testenv starts. Without it that half is skipped, and the test says so;
// with XIAOPU_TEST_REQUIRE_MYSQL=1 it fails instead. Every call gets databases of its own, gone when the test ends.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"xiaopu/server/store"
	"xiaopu/server/vault"
)

const noServer = "MariaDB not started: run `make test`, or scripts/testenv go test ./…"

// Runner is a *testing.T or a *testing.B: what can run a part of itself under a name.
type Runner[T any] interface {
	testing.TB
	Run(name string, f func(T)) bool
}

// Each runs f once per engine, each time on a new, migrated database.
func Each[T Runner[T]](t T, f func(t T, db *store.DB)) {
	t.Helper()
	EachDSN(t, func(t T, dsn string) {
		t.Helper()
		f(t, open(t, dsn))
	})
}

// EachDSN runs f once per engine with the data source name of a new, empty database: for tests of opening and
// migrating, and for those that start processes.
func EachDSN[T Runner[T]](t T, f func(t T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t T) {
		t.Helper()
		f(t, sqliteDSN(t))
	})
	t.Run("mysql", func(t T) {
		t.Helper()
		if missing(t) {
			t.Skip(noServer)
		}
		f(t, mysqlDSN(t))
	})
}

// DSNs gives the data source name of a new, empty database per engine. Without a MySQL server it is SQLite's alone.
func DSNs(t testing.TB) []string {
	t.Helper()
	dsns := []string{sqliteDSN(t)}
	if missing(t) {
		t.Log(noServer)
		return dsns
	}
	return append(dsns, mysqlDSN(t))
}

// Keys is the file of keys that Sealer is made of: for processes that work on a database filled by a test.
var Keys = func() string {
	key := func(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, vault.KeyBytes)) }
	return "index:" + key(2) + ",1:" + key(1)
}()

// Sealer is a vault with keys for tests.
var Sealer = func() *vault.Vault {
	v, err := vault.Parse(Keys)
	if err != nil {
		panic(err)
	}
	return v
}()

// Open gives a new, migrated SQLite database: for tests of what lies above the store.
func Open(t testing.TB) *store.DB {
	t.Helper()
	db, _ := OpenNamed(t)
	return db
}

// OpenNamed is Open, with the name for Raw.
func OpenNamed(t testing.TB) (db *store.DB, dsn string) {
	t.Helper()
	dsn = sqliteDSN(t)
	return open(t, dsn), dsn
}

func open(t testing.TB, dsn string) *store.DB {
	t.Helper()
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		if err := os.WriteFile(path, template(t), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Warnings show with a failed test; "migrated" in every test would only be in the way.
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := store.Open(context.Background(), dsn, store.Options{Logger: log, Sealer: Sealer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if _, err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

// migrated is an empty SQLite database with all tables: copying it is many times faster than migrating anew.
var migrated = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "storetest")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	db, err := store.Open(context.Background(), "sqlite:"+path, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	_, err = db.Migrate(context.Background())
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	// A copy that SQLite makes is whole, whatever part of the template still stands in its log.
	whole, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(dir, "copied.db")
	_, err = whole.ExecContext(context.Background(), "VACUUM INTO ?", copied)
	if cerr := whole.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(copied)
})

func template(t testing.TB) []byte {
	t.Helper()
	file, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func sqliteDSN(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "xiaopu.db")
}

func missing(t testing.TB) bool {
	t.Helper()
	if os.Getenv("XIAOPU_TEST_MYSQL") != "" {
		return false
	}
	if os.Getenv("XIAOPU_TEST_REQUIRE_MYSQL") == "1" {
		t.Fatal(noServer)
	}
	return true
}

// server is the connection that makes and drops databases.
var server = sync.OnceValues(func() (*sql.DB, error) {
	cfg, err := mysql.ParseDSN(os.Getenv("XIAOPU_TEST_MYSQL"))
	if err != nil {
		return nil, err
	}
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
})

func mysqlDSN(t testing.TB) string {
	t.Helper()
	admin, err := server()
	if err != nil {
		t.Fatalf("XIAOPU_TEST_MYSQL: %v", err)
	}
	name := fmt.Sprintf("xiaopu_test_%d_%s", os.Getpid(), strings.ToLower(rand.Text()[:10]))
	// The server's default collation, as a site's own database would have: tables bring theirs.
	if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name); err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	cfg, err := mysql.ParseDSN(os.Getenv("XIAOPU_TEST_MYSQL"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.DBName = name
	return "mysql:" + cfg.FormatDSN()
}

// Raw opens the database behind the product's back, as somebody who tampers with it would.
func Raw(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	driver, name, _ := strings.Cut(dsn, ":")
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
