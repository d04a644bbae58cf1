package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"

	"xiaopu/server/apperr"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one file: NNNN_name.sql, numbered from 1 without a gap.
type migration struct {
	version    int
	name       string
	statements []string
}

// checksum covers the first n statements, comments aside.
func (m migration) checksum(n int) string {
	h := sha256.New()
	for _, s := range m.statements[:n] {
		fmt.Fprintf(h, "%d:%s;", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// progress is what the database remembers of a migration: how many of its statements ran and their checksum.
type progress struct {
	statements int
	finished   bool
	checksum   string
}

const migrationsName = "schema_migrations"

const migrationsTable = `CREATE TABLE IF NOT EXISTS ` + migrationsName + ` (
	version    INTEGER      NOT NULL PRIMARY KEY,
	name       VARCHAR(200) NOT NULL,
	statements INTEGER      NOT NULL,
	finished   SMALLINT     NOT NULL,
	checksum   VARCHAR(64)  NOT NULL
) {{options}}`

// Migrate brings the tables up to this program's version and gives the number of migrations it finished. It may run in
// several processes at once: one works, the others wait and then find nothing to do.
//
// Migrations go forward only. On SQLite each is one transaction. MySQL commits every CREATE and ALTER by itself, so
// there each statement is recorded after it ran: a migration that stopped halfway goes on at the statement where it
// stopped, even in a new release that mended the rest of the file. If the program died between a statement and its
// record, that one statement may answer that its work is done already.
//
// apperr.FailedPrecondition: store.newer_schema when a newer program has already been here, store.migration_changed
// when a statement that ran is no longer in its file.
func (db *DB) Migrate(ctx context.Context) (applied int, err error) {
	all, err := ownMigrations()
	if err != nil {
		return 0, err
	}
	return db.migrate(ctx, all, len(all))
}

// ownMigrations are this program's.
var ownMigrations = sync.OnceValues(func() ([]migration, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return readMigrations(files)
})

// Schema tells the version that the tables have, 0 when there are none, and the version that this program knows. Tables
// of a higher version were changed by a newer program, those of a lower one wait for Migrate.
func (db *DB) Schema(ctx context.Context) (version, known int, err error) {
	all, err := ownMigrations()
	if err != nil {
		return 0, 0, err
	}
	tables, err := tablesOf(ctx, db.engine.readers(), db.engine.columnsText())
	if err != nil || !slices.ContainsFunc(tables, func(t table) bool { return t.name == migrationsName }) {
		return 0, len(all), err
	}
	var v sql.NullInt64
	err = scanOne(ctx, db.engine.readers(), `SELECT MAX(version) FROM schema_migrations WHERE finished = 1`, nil, &v)
	return int(v.Int64), len(all), err
}

// Behind tells whether the tables wait for a migration that this program has.
func (db *DB) Behind(ctx context.Context) (bool, error) {
	all, err := ownMigrations()
	if err != nil {
		return false, err
	}
	var done int
	err = scanOne(ctx, db.engine.readers(), `SELECT COUNT(*) FROM schema_migrations WHERE finished = 1`, nil, &done)
	return done < len(all), err
}

// migrate runs the migrations up to the version given.
func (db *DB) migrate(ctx context.Context, all []migration, upTo int) (applied int, err error) {
	begin, unlock, err := db.engine.migrator(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	m := migrator{begin: begin, options: db.engine.tableOptions(), wholeFiles: db.engine.atomicDDL(), known: len(all)}

	if err := db.retry(ctx, isRetryable, func() error { return m.prepare(ctx) }); err != nil {
		return 0, err
	}
	for _, mig := range all[:upTo] {
		worked, err := db.migrateOne(ctx, &m, mig)
		if err != nil {
			return applied, err
		}
		if worked {
			applied++
			db.log.InfoContext(ctx, "migrated", slog.Int("version", mig.version), slog.String("name", mig.name))
		}
	}
	return applied, nil
}

func (db *DB) migrateOne(ctx context.Context, m *migrator, mig migration) (worked bool, err error) {
	m.resumed = -1
	for step, finished := 0, false; !finished; step++ {
		err := db.retry(ctx, isRetryable, func() (err error) {
			finished, worked, err = m.step(ctx, mig, step == 0)
			return err
		})
		if err != nil {
			return false, err
		}
	}
	return worked, nil
}

// migrator carries one Migrate through its transactions.
type migrator struct {
	begin      func(context.Context) (session, error)
	options    string
	wholeFiles bool
	known      int
	// resumed is the statement at which an earlier, broken-off run stands; -1 when there was none.
	resumed int
}

// prepare makes the table of migrations and refuses a database that a newer program has changed.
func (m *migrator) prepare(ctx context.Context) error {
	return m.transact(ctx, func(s session) error {
		if _, err := s.ExecContext(ctx, strings.ReplaceAll(migrationsTable, "{{options}}", m.options)); err != nil {
			return err
		}
		var newest sql.NullInt64
		if err := scanOne(ctx, s, `SELECT MAX(version) FROM schema_migrations`, nil, &newest); err != nil {
			return err
		}
		if newest.Int64 > int64(m.known) {
			return apperr.New(apperr.FailedPrecondition, "store.newer_schema",
				"数据库已由更新的程序升级到第 %d 版，本程序只认识到第 %d 版：请改用新版程序", newest.Int64, m.known)
		}
		return nil
	})
}

// step runs the next part of mig, a whole file or one statement, and records it, in one transaction. It tells whether
// mig is finished, and whether it was this step that finished it.
func (m *migrator) step(ctx context.Context, mig migration, first bool) (finished, worked bool, err error) {
	err = m.transact(ctx, func(s session) error {
		p, found, err := readProgress(ctx, s, mig.version)
		if err != nil {
			return err
		}
		if found {
			if err := p.check(mig); err != nil {
				return err
			}
			if p.finished {
				finished, worked = true, false
				return nil
			}
			if first {
				m.resumed = p.statements
			}
		}
		from, to := p.statements, len(mig.statements)
		switch {
		case m.wholeFiles:
		case !found:
			to = from // what is about to be done is recorded first, or a table left by a crash looks like a stranger's
		case to > from:
			to = from + 1
		}
		for i := from; i < to; i++ {
			_, err := s.ExecContext(ctx, strings.ReplaceAll(mig.statements[i], "{{options}}", m.options))
			if err != nil && (i != m.resumed || !isAlreadyDone(err)) {
				return fmt.Errorf("migration %s, statement %d: %w", mig.name, i+1, err)
			}
		}
		finished = to == len(mig.statements)
		worked = finished
		return writeProgress(ctx, s, mig, progress{to, finished, mig.checksum(to)}, found)
	})
	return finished, worked, err
}

func (m *migrator) transact(ctx context.Context, fn func(session) error) error {
	s, err := m.begin(ctx)
	if err != nil {
		return err
	}
	if err := fn(s); err != nil {
		return errors.Join(err, ignoreDone(s.Rollback()))
	}
	return s.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func (p progress) check(mig migration) error {
	same := p.statements <= len(mig.statements) && mig.checksum(p.statements) == p.checksum
	if same && (!p.finished || p.statements == len(mig.statements)) {
		return nil
	}
	return apperr.New(apperr.FailedPrecondition, "store.migration_changed",
		"迁移文件 %s 与数据库中已执行的内容不一致：请恢复原文件，把改动写进新编号的文件", mig.name)
}

func readProgress(ctx context.Context, s session, version int) (p progress, found bool, err error) {
	err = scanOne(ctx, s, `SELECT statements, finished, checksum FROM schema_migrations WHERE version = ?`,
		[]any{version}, &p.statements, &p.finished, &p.checksum)
	if errors.Is(err, sql.ErrNoRows) {
		return progress{}, false, nil
	}
	return p, err == nil, err
}

func writeProgress(ctx context.Context, s session, mig migration, p progress, found bool) error {
	if found {
		_, err := s.ExecContext(ctx, `UPDATE schema_migrations SET statements = ?, finished = ?, checksum = ? WHERE version = ?`,
			p.statements, p.finished, p.checksum, mig.version)
		return err
	}
	_, err := s.ExecContext(ctx, `INSERT INTO schema_migrations (version, name, statements, finished, checksum) VALUES (?, ?, ?, ?, ?)`,
		mig.version, mig.name, p.statements, p.finished, p.checksum)
	return err
}

func scanOne(ctx context.Context, s reader, text string, args []any, dest ...any) error {
	rows, err := s.QueryContext(ctx, text, args...)
	return row{rows, err}.Scan(dest...)
}

// readMigrations reads all files in order. A gap or a double number is refused: two branches took the same number, and
// what ran would depend on who was first.
func readMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var all []migration
	for i, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil || len(number) != 4 || version != i+1 {
			return nil, fmt.Errorf("migration %s: the name must begin with %04d_", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		statements, err := splitStatements(string(text))
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		if len(statements) == 0 {
			return nil, fmt.Errorf("migration %s is empty", name)
		}
		all = append(all, migration{version, name, statements})
	}
	return all, nil
}

// splitStatements cuts a file at each semicolon outside quotes and leaves comments (-- to the end of the line, and
// /* */) out. It knows no BEGIN … END bodies: triggers and procedures have no place in these files.
func splitStatements(text string) ([]string, error) {
	text = strings.ReplaceAll(text, "\r", "") // of line ends: a migration means none in its strings
	var all []string
	var cur strings.Builder
	end := func() {
		if s := strings.TrimSpace(cur.String()); s != "" {
			all = append(all, s)
		}
		cur.Reset()
	}
	for i := 0; i < len(text); {
		rest := text[i:]
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			// A doubled quote reads as two strings side by side, which cuts the same.
			n := strings.IndexByte(rest[1:], c)
			if n < 0 {
				return nil, fmt.Errorf("a %c is never closed", c)
			}
			cur.WriteString(rest[:n+2])
			i += n + 2
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			i += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return nil, errors.New("a /* is never closed")
			}
			cur.WriteByte(' ')
			i += n + 4
		case c == ';':
			end()
			i++
		default:
			cur.WriteByte(c)
			i++
		}
	}
	end()
	return all, nil
}
