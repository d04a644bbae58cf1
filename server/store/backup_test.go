//go:build !race

package store_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

var backedUpAt = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

func openStore(t testing.TB, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{Sealer: storetest.Sealer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func backup(t testing.TB, db *store.DB) ([]byte, store.BackupSummary) {
	t.Helper()
	var file bytes.Buffer
	s, err := db.Backup(t.Context(), &file, "test", backedUpAt)
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), s
}

// tableNames asks the engine itself, not the code under test.
func tableNames(t testing.TB, raw *sql.DB, dsn string) (names []string) {
	t.Helper()
	text := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	if strings.HasPrefix(dsn, "mysql:") {
		text = `SHOW TABLES`
	}
	rows, err := raw.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// content is every row of every table as text, in an order of its own.
func content(t testing.TB, dsn string) map[string][]string {
	t.Helper()
	raw := storetest.Raw(t, dsn)
	out := map[string][]string{}
	for _, name := range tableNames(t, raw, dsn) {
		rows, err := raw.QueryContext(t.Context(), `SELECT * FROM `+name)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		list := []string{}
		for rows.Next() {
			cells, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
			for i := range cells {
				dest[i] = &cells[i]
			}
			if err := rows.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			line := ""
			for i, c := range cells {
				line += fmt.Sprintf("%s=%v %q;", columns[i], c.Valid, c.String)
			}
			list = append(list, line)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(list)
		out[name] = list
	}
	return out
}

// Whatever stands in any table of either engine is there again on either engine, the strangest text included.
func TestABackupHoldsEveryTable(t *testing.T) {
	strange := "“引号”\n\t\\ \u2028 😀 <a&b> \x00 ' \" `; DROP TABLE cases"
	for _, from := range storetest.DSNs(t) {
		db := openStore(t, from)
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		seedForPlans(t, db)
		for text, arg := range map[string]any{
			`INSERT INTO policies (version, effective_on, body, created_at, created_by) VALUES (7, '2026-01-01', 'x', ?, '')`:                                        int64(1<<63 - 1),
			`INSERT INTO revisions (name, value) VALUES ('x', ?)`:                                                                                                    int64(-1 << 63),
			`INSERT INTO organisation (kind, id, body) VALUES ('person', 'p-1', ?)`:                                                                                  strange,
			`INSERT INTO calendar_years (year, edition, source, body, loaded_at, loaded_by) VALUES (2026, 1, '', ?, 1, '')`:                                          strange,
			`INSERT INTO calendar_closures (id, from_on, to_on, reason, created_at, created_by) VALUES ('x', '', '', ?, 1, '')`:                                      []byte(strange),
			`INSERT INTO outbox (id, inbox_id, recipient, kind, urgent, created_at, done, leased_until, lease, attempts) VALUES ('x', '', ?, '', 1, 1, 0, 0, '', 0)`: strange,
		} {
			if _, err := db.Exec(t.Context(), text, arg); err != nil {
				t.Fatal(err)
			}
		}
		file, made := backup(t, db)
		want := content(t, from)
		for name, rows := range want {
			i := slices.IndexFunc(made.Tables, func(b store.BackupTable) bool { return b.Name == name })
			if name == "schema_migrations" {
				continue
			}
			if i < 0 || made.Tables[i].Rows != int64(len(rows)) {
				t.Errorf("%s: table %s is not whole in the backup: %+v", db.Engine(), name, made.Tables)
			}
		}
		if seen, err := store.CheckBackup(bytes.NewReader(file)); err != nil || !cmp.Equal(seen, made) || seen.Rows < 30000 {
			t.Errorf("checked: %v\n%s", err, cmp.Diff(made, seen))
		}
		for _, to := range storetest.DSNs(t) {
			target := openStore(t, to)
			done, err := target.Restore(t.Context(), bytes.NewReader(file))
			if err != nil {
				t.Fatalf("%s → %s: %v", db.Engine(), target.Engine(), err)
			}
			if !done.SameKeys || done.Migrated != 0 || done.Rows != made.Rows {
				t.Errorf("%+v", done)
			}
			if diff := cmp.Diff(want, content(t, to)); diff != "" {
				t.Errorf("%s → %s differs: %.2000s", db.Engine(), target.Engine(), diff)
			}
			// What is there stays: a second restore is refused.
			if _, err := target.Restore(t.Context(), bytes.NewReader(file)); !isReason(err, "restore.not_empty") {
				t.Errorf("restored over a full database: %v", err)
			}
		}
	}
}

func isReason(err error, reason string) bool {
	var e *apperr.Error
	return errors.As(err, &e) && e.Reason == reason
}

// unzip and zipped let a test change what is inside a backup.
func unzip(t testing.TB, file []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func zipped(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

// signed gives a changed backup the checksum that fits it.
func signed(text []byte) []byte {
	cut := bytes.LastIndexByte(bytes.TrimRight(text, "\n"), '\n') + 1
	sum := sha256.Sum256(text[:cut])
	end := text[cut:]
	at := bytes.Index(end, []byte(`"sha256":"`)) + len(`"sha256":"`)
	return append(slices.Clone(text[:cut]), bytes.Replace(end, end[at:at+64], []byte(hex.EncodeToString(sum[:])), 1)...)
}

func TestADamagedBackupChangesNothing(t *testing.T) {
	db := storetest.Open(t)
	seedForPlans(t, db)
	file, _ := backup(t, db)
	text := unzip(t, file)
	flipped := slices.Clone(file)
	flipped[len(flipped)/2] ^= 0x10
	line := func(was, is string) []byte { return bytes.Replace(text, []byte(was), []byte(is), 1) }
	cases := map[string]struct {
		file   []byte
		reason string
	}{
		"nothing":                      {nil, "backup.format"},
		"another file":                 {[]byte("工单编号,受理时间\n"), "backup.format"},
		"another compressed file":      {zipped([]byte("工单编号,受理时间\n")), "backup.format"},
		"an empty compressed file":     {zipped(nil), "backup.damaged"},
		"a bit turned":                 {flipped, "backup.damaged"},
		"cut at the start":             {file[:20], "backup.damaged"},
		"cut in the middle":            {file[:len(file)/2], "backup.damaged"},
		"the last byte missing":        {file[:len(file)-1], "backup.damaged"},
		"cut at a line":                {zipped(text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1]), "backup.damaged"},
		"something behind the end":     {append(slices.Clone(file), file...), "backup.damaged"},
		"garbage behind the end":       {append(slices.Clone(file), "x"...), "backup.damaged"},
		"a value changed":              {zipped(line(`"NS-c-00007"`, `"NS-c-99999"`)), "backup.damaged"},
		"a row left out":               {zipped(signed(slices.Concat(text[:bytes.Index(text, []byte(`["c-00007"`))], text[bytes.Index(text, []byte(`["c-00008"`)):]))), "backup.damaged"},
		"a row of another width":       {zipped(signed(line(`["c-00007",`, `["c-00007",1,`))), "backup.damaged"},
		"a table nobody knows":         {zipped(signed(line(`{"table":"outbox"`, `{"table":"outboxes"`))), "backup.damaged"},
		"a table with a wrong column":  {zipped(signed(line(`"columns":["matter","case_id"]`, `"columns":["matter","x\" FROM cases; --"]`))), "backup.damaged"},
		"the table of migrations":      {zipped(signed(line(`{"table":"outbox"`, `{"table":"schema_migrations"`))), "backup.damaged"},
		"a newer format":               {zipped(signed(line(`{"xiaopu_backup":1`, `{"xiaopu_backup":2`))), "backup.newer"},
		"tables of another program":    {zipped(signed(line(`"checksum":"`, `"checksum":"0`))), "restore.other_program"},
		"tables of a program to come":  {zipped(signed(line(`"migrations":[`, `"migrations":[`+strings.Repeat(`{"version":1,"name":"x","checksum":"x"},`, 500)))), "restore.newer_backup"},
		"a number where there is none": {zipped(signed(line(`["c-00007",`, `[1.5,`))), "backup.damaged"},
	}
	for _, dsn := range storetest.DSNs(t) {
		target := openStore(t, dsn)
		for name, c := range cases {
			_, err := target.Restore(t.Context(), bytes.NewReader(c.file))
			if !isReason(err, c.reason) {
				t.Errorf("%s, %s: %v, want %s", target.Engine(), name, err, c.reason)
			}
			for table, rows := range content(t, dsn) {
				if len(rows) > 0 && table != "schema_migrations" {
					t.Fatalf("%s, %s: %d rows in %s", target.Engine(), name, len(rows), table)
				}
			}
		}
		// And the database is still good for a whole one.
		if _, err := target.Restore(t.Context(), bytes.NewReader(file)); err != nil {
			t.Errorf("%s: %v", target.Engine(), err)
		}
	}
}

// A backup of an older program's tables is restored by a newer one, which then migrates.
func TestAnOlderBackupIsMigrated(t *testing.T) {
	for _, from := range storetest.DSNs(t) {
		db := openStore(t, from)
		if err := db.MigrateTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(t.Context(), `INSERT INTO matters (matter, case_id) VALUES ('m', 'c')`); err != nil {
			t.Fatal(err)
		}
		file, made := backup(t, db)
		if len(made.Migrations) != 1 {
			t.Fatalf("%+v", made)
		}
		for _, to := range storetest.DSNs(t) {
			target := openStore(t, to)
			done, err := target.Restore(t.Context(), bytes.NewReader(file))
			if err != nil || done.Migrated == 0 {
				t.Fatalf("%+v %v", done, err)
			}
			version, known, err := target.Schema(t.Context())
			if err != nil || version != known || known < 2 {
				t.Errorf("version %d of %d, %v", version, known, err)
			}
			var n int
			if err := target.Scan(t.Context(), []any{&n}, `SELECT COUNT(*) FROM matters`); err != nil || n != 1 {
				t.Error(n, err)
			}
		}
		// Tables that are ahead of the backup cannot take its rows.
		ahead := storetest.Open(t)
		if _, err := ahead.Restore(t.Context(), bytes.NewReader(file)); !isReason(err, "restore.newer_tables") {
			t.Error(err)
		}
	}
}

func TestWhatHasNoTablesIsNotBackedUp(t *testing.T) {
	for _, dsn := range storetest.DSNs(t) {
		db := openStore(t, dsn)
		if _, err := db.Backup(t.Context(), io.Discard, "test", backedUpAt); !isReason(err, "backup.unmigrated") {
			t.Error(err)
		}
		if version, known, err := db.Schema(t.Context()); version != 0 || known == 0 || err != nil {
			t.Error(version, known, err)
		}
	}
}

func TestOtherKeysAreNoticed(t *testing.T) {
	db := storetest.Open(t)
	file, _ := backup(t, db)
	text := unzip(t, file)
	at := bytes.Index(text, []byte(`"keys":"`)) + len(`"keys":"`)
	text[at] ^= 1
	target := openStore(t, "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	done, err := target.Restore(t.Context(), bytes.NewReader(zipped(signed(text))))
	if err != nil || done.SameKeys {
		t.Error(done.SameKeys, err)
	}
}

// A backup takes the memory of some rows, however many there are.
func TestBackupMemoryIsBounded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const rows = 60_000 // 60 MB
		body := strings.Repeat("x", 1000)
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for i := range rows {
				if _, err := tx.Exec(ctx, `INSERT INTO organisation (kind, id, body) VALUES (?, ?, ?)`, "x", fmt.Sprint(i), body); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var before, during runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		peak := uint64(0)
		w := writerFunc(func(p []byte) (int, error) {
			runtime.ReadMemStats(&during)
			peak = max(peak, during.HeapAlloc)
			return len(p), nil
		})
		if _, err := db.Backup(t.Context(), w, "test", backedUpAt); err != nil {
			t.Fatal(err)
		}
		if grown := int64(peak) - int64(before.HeapAlloc); grown > 24<<20 {
			t.Errorf("%d MB of memory for %d MB of rows", grown>>20, rows*1000>>20)
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// FuzzCheckBackup looks for a file that makes the reader panic or accept what was changed.
func FuzzCheckBackup(f *testing.F) {
	good := "{\"xiaopu_backup\":1,\"program\":\"x\",\"made_at\":\"2026-03-02T00:00:00Z\",\"migrations\":[]}\n{\"table\":\"a\",\"columns\":[\"x\",\"y\"]}\n[1,\"b\"]\n[null,{\"base64\":\"/w==\"}]\n{\"rows\":2}\n{\"tables\":1,\"rows\":2,\"sha256\":\"" + strings.Repeat("0", 64) + "\"}\n"
	f.Add([]byte(good))
	f.Add(signed([]byte(good)))
	f.Add([]byte("{\"xiaopu_backup\":1}\n{}\n"))
	f.Add([]byte("{\"xiaopu_backup\":1}\n{\"table\":\"a\",\"columns\":[]}\n[]\n{\"rows\":1}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := store.CheckBackup(bytes.NewReader(zipped(text)))
		if err != nil {
			if e := (*apperr.Error)(nil); !errors.As(err, &e) {
				t.Errorf("%v is no message for a person", err)
			}
			return
		}
		if !bytes.Contains(text, []byte(`"sha256"`)) || s.Format != 1 {
			t.Errorf("accepted %q", text)
		}
	})
}
