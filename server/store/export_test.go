package store

import (
	"context"
	"database/sql"
	"io/fs"
	"slices"
)

// What the tests outside the package need of its inside. They stand outside because storetest imports the package.

var (
	IsDuplicate     = isDuplicate
	IsRetryable     = isRetryable
	SplitStatements = splitStatements
)

const (
	MaxTries      = maxTries
	MaxStatements = maxStatements
)

// SetCheckpointPages sets checkpointPages for databases opened from now on and gives what sets it back.
func SetCheckpointPages(n int) (restore func()) {
	old := checkpointPages
	checkpointPages = n
	return func() { checkpointPages = old }
}

func (db *DB) MigrateFS(ctx context.Context, files fs.FS) (int, error) {
	all, err := readMigrations(files)
	if err != nil {
		return 0, err
	}
	return db.migrate(ctx, all, len(all))
}

// MigrateTo makes the tables as an older program would.
func (db *DB) MigrateTo(ctx context.Context, version int) error {
	all, err := ownMigrations()
	if err != nil {
		return err
	}
	_, err = db.migrate(ctx, all, version)
	return err
}

func (db *DB) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return db.query(ctx, text, args...)
}

func (db *DB) Scan(ctx context.Context, dest []any, text string, args ...any) error {
	return db.queryRow(ctx, text, args...).Scan(dest...)
}

func (db *DB) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	return db.exec(ctx, text, args...)
}

func (db *DB) PreparedTexts() int {
	db.reads.mu.RLock()
	defer db.reads.mu.RUnlock()
	return len(db.reads.byText)
}

func (tx *Tx) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return tx.query(ctx, text, args...)
}

func (tx *Tx) Scan(ctx context.Context, dest []any, text string, args ...any) error {
	return tx.queryRow(ctx, text, args...).Scan(dest...)
}

func (tx *Tx) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	return tx.exec(ctx, text, args...)
}

// BreakOff puts migration version back to where it stood after its first n statements, as a crash would leave it when
// it came between statement n+1 and its record.
func (db *DB) BreakOff(ctx context.Context, files fs.FS, version, n int) error {
	all, err := readMigrations(files)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(m migration) bool { return m.version == version })
	_, err = db.exec(ctx, `UPDATE schema_migrations SET statements = ?, finished = ?, checksum = ? WHERE version = ?`,
		n, false, all[i].checksum(n), version)
	return err
}
