package store

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"xiaopu/server/apperr"
)

// A backup is one gzip stream of JSON lines, the same for every engine:
//
//	{"xiaopu_backup":1,"program":…,"made_at":…,"migrations":[…],"keys":…}   what it is
//	{"table":"cases","columns":["id",…]}                                    for each table …
//	["0198…","NS2026-000001",3,…]                                           … its rows, in no order
//	{"rows":300000}                                                         … and how many there were
//	{"tables":20,"rows":2500000,"sha256":"…"}                               over every byte before this line
//
// A value is null, a whole number, a string, or {"base64":…} where it is no UTF-8. Tables and columns come from the
// database itself, so that a new migration needs nothing here. Sealed personal data stays sealed: without the vault's keys
// nobody reads it, nor does who restores it.

// BackupNote is what a backup says of itself.
type BackupNote struct {
	Format  int       `json:"xiaopu_backup"`
	Program string    `json:"program"` // version of the program that made it
	MadeAt  time.Time `json:"made_at"`
	// Migrations are those that had made the tables, in order.
	Migrations []BackupMigration `json:"migrations"`
	// Keys tells the vault's keys from others without saying anything of them.
	Keys string `json:"keys,omitempty"`
}

// BackupMigration names a migration and the text it had.
type BackupMigration struct {
	Version  int    `json:"version"`
	Name     string `json:"name"`
	Checksum string `json:"checksum"`
}

// BackupTable is one table of a backup and the number of its rows.
type BackupTable struct {
	Name string
	Rows int64
}

// BackupSummary is what a whole backup holds.
type BackupSummary struct {
	BackupNote
	Tables []BackupTable
	Rows   int64 // of all tables
}

const (
	backupFormat = 1
	// backupLine bounds one line: a row's largest column holds 16 MB, and escaped it may take six times that.
	backupLine = 100 << 20
	// backupChunk bounds the parameters of one INSERT in bytes, far below what a server takes.
	backupChunk = 1 << 20
)

// backupEnd is the last line.
type backupEnd struct {
	Tables int    `json:"tables"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// table is a table as the database describes it.
type table struct {
	name    string
	columns []column
}

type column struct {
	name   string
	number bool // else text
}

// tablesOf lists the tables with their columns.
func tablesOf(ctx context.Context, r reader, text string) (list []table, err error) {
	rows, err := r.QueryContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name, columnName, kind string
		if err := rows.Scan(&name, &columnName, &kind); err != nil {
			return nil, err
		}
		if n := len(list); n == 0 || list[n-1].name != name {
			list = append(list, table{name: name})
		}
		t := &list[len(list)-1]
		t.columns = append(t.columns, column{columnName, strings.Contains(strings.ToUpper(kind), "INT")})
	}
	return list, rows.Err()
}

func (t table) names() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

// keysMark is the same for the same index key of the vault, and tells nothing of it.
func (db *DB) keysMark() string { return db.Sealer().Blind("backup", "keys") }

// Backup writes everything the database holds, as it was at one instant; commands go on meanwhile. It takes the memory of
// one row. On SQLite the log grows until it ends.
//
// apperr.FailedPrecondition: backup.unmigrated when there are no tables or a migration stopped halfway.
func (db *DB) Backup(ctx context.Context, w io.Writer, program string, now time.Time) (BackupSummary, error) {
	s := BackupSummary{BackupNote: BackupNote{Format: backupFormat, Program: program, MadeAt: now.UTC().Truncate(time.Second), Keys: db.keysMark()}}
	from, err := db.engine.snapshot(ctx)
	if err != nil {
		return s, err
	}
	defer func() { _ = from.Rollback() }() // it has only read
	tables, err := tablesOf(ctx, from, db.engine.columnsText())
	if err != nil {
		return s, err
	}
	if s.Migrations, err = migrationsDone(ctx, from, tables); err != nil {
		return s, err
	}
	zip := gzip.NewWriter(w)
	out := &backupWriter{w: bufio.NewWriterSize(zip, 64<<10), hash: sha256.New()}
	out.write(s.BackupNote)
	for _, t := range tables {
		if t.name == migrationsName {
			continue // in the note: the tables are made by migrating
		}
		n, err := out.table(ctx, from, t)
		if err != nil {
			return s, fmt.Errorf("back up table %s: %w", t.name, err)
		}
		s.Tables = append(s.Tables, BackupTable{t.name, n})
		s.Rows += n
	}
	out.write(backupEnd{len(s.Tables), s.Rows, hex.EncodeToString(out.hash.Sum(nil))})
	return s, errors.Join(out.err, out.w.Flush(), zip.Close())
}

func migrationsDone(ctx context.Context, r reader, tables []table) (list []BackupMigration, err error) {
	if !slices.ContainsFunc(tables, func(t table) bool { return t.name == migrationsName }) {
		return nil, apperr.New(apperr.FailedPrecondition, "backup.unmigrated", "这个数据库里还没有本系统的表，没有可备份的内容：请核对数据库地址")
	}
	rows, err := r.QueryContext(ctx, `SELECT version, name, checksum, finished FROM schema_migrations ORDER BY version`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var m BackupMigration
		var finished bool
		if err := rows.Scan(&m.Version, &m.Name, &m.Checksum, &finished); err != nil {
			return nil, err
		}
		if !finished {
			return nil, apperr.New(apperr.FailedPrecondition, "backup.unmigrated", "数据库升级到第 %d 版时中断，还没有完成：请先运行 xiaopu migrate", m.Version)
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// backupWriter writes lines and keeps their hash and the first error.
type backupWriter struct {
	w    *bufio.Writer
	hash hash.Hash
	line bytes.Buffer
	err  error
}

func (b *backupWriter) write(v any) {
	if b.err != nil {
		return
	}
	b.line.Reset()
	e := json.NewEncoder(&b.line)
	e.SetEscapeHTML(false)
	if b.err = e.Encode(v); b.err != nil { // with the line's end
		return
	}
	_, _ = b.hash.Write(b.line.Bytes()) // never fails
	_, b.err = b.w.Write(b.line.Bytes())
}

func (b *backupWriter) table(ctx context.Context, from reader, t table) (n int64, err error) {
	b.write(struct {
		Table   string   `json:"table"`
		Columns []string `json:"columns"`
	}{t.name, t.names()})
	rows, err := from.QueryContext(ctx, `SELECT `+quoted(t.names())+` FROM "`+t.name+`"`)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values, dest := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return n, err
		}
		for i, c := range t.columns {
			if values[i], err = portable(values[i], c); err != nil {
				return n, fmt.Errorf("column %s: %w", c.name, err)
			}
		}
		b.write(values)
		if b.err != nil {
			return n, b.err
		}
		n++
	}
	b.write(struct {
		Rows int64 `json:"rows"`
	}{n})
	return n, errors.Join(rows.Err(), b.err)
}

// inBase64 is a text that is no UTF-8.
type inBase64 struct {
	Base64 []byte `json:"base64"`
}

// portable is a value as every engine and JSON can hold it.
func portable(v any, c column) (any, error) {
	text, isText := "", false
	switch x := v.(type) {
	case nil:
		return nil, nil
	case int64:
		if c.number {
			return x, nil
		}
		return strconv.FormatInt(x, 10), nil
	case bool:
		if x {
			return int64(1), nil
		}
		return int64(0), nil
	case string:
		text, isText = x, true
	case []byte:
		text, isText = string(x), true
	}
	switch {
	case !isText:
		return nil, fmt.Errorf("a value of type %T", v)
	case c.number:
		return strconv.ParseInt(text, 10, 64)
	case !utf8.ValidString(text):
		return inBase64{[]byte(text)}, nil
	}
	return text, nil
}

// damaged is the refusal of a file that is no whole backup.
func damaged(format string, args ...any) error {
	return apperr.New(apperr.InvalidArgument, "backup.damaged", "备份文件已损坏或不完整（%s），没有恢复任何内容：请换用另一份备份", fmt.Sprintf(format, args...))
}

// backupReader reads lines and keeps their hash.
type backupReader struct {
	r    *bufio.Reader
	hash hash.Hash
	n    int64 // lines read
	buf  []byte
}

// next gives the next line without its end; it is valid until the next call. io.EOF stands at the end.
func (b *backupReader) next() ([]byte, error) {
	b.buf = b.buf[:0]
	for {
		part, err := b.r.ReadSlice('\n')
		b.buf = append(b.buf, part...)
		switch {
		case len(b.buf) > backupLine:
			return nil, damaged("第 %d 行过长", b.n+1)
		case err == nil:
			b.n++
			return b.buf[:len(b.buf)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(b.buf) == 0:
			return nil, io.EOF
		default:
			return nil, damaged("在第 %d 行处断开", b.n+1)
		}
	}
}

// must is next where there has to be a line; keep adds it to the hash.
func (b *backupReader) must() ([]byte, error) {
	line, err := b.next()
	if errors.Is(err, io.EOF) {
		return nil, damaged("在第 %d 行处断开", b.n+1)
	}
	return line, err
}

func (b *backupReader) keep(line []byte) {
	_, _ = b.hash.Write(line) // never fails
	_, _ = b.hash.Write([]byte{'\n'})
}

// readBackup goes through a whole backup and checks it: format, counts, checksum. begin is told each table and gives what
// takes its rows; without it they are only checked. A row is valid until the next.
func readBackup(r io.Reader, begin func(note BackupNote, name string, columns []string) (func(row []any) error, error)) (s BackupSummary, err error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return s, apperr.New(apperr.InvalidArgument, "backup.format", "这不是小浦帮办的备份文件，请核对是否选错了文件")
	}
	in := &backupReader{r: bufio.NewReaderSize(zip, 64<<10), hash: sha256.New()}
	line, err := in.must()
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(line, &s.BackupNote); err != nil || s.Format == 0 {
		return s, apperr.New(apperr.InvalidArgument, "backup.format", "这不是小浦帮办的备份文件，请核对是否选错了文件")
	}
	if s.Format != backupFormat {
		return s, apperr.New(apperr.InvalidArgument, "backup.newer", "备份文件是第 %d 版格式，本程序只认识第 %d 版：请改用制作它的那一版或更新的程序", s.Format, backupFormat)
	}
	in.keep(line)
	for {
		if line, err = in.must(); err != nil {
			return s, err
		}
		var head struct {
			Table   string   `json:"table"`
			Columns []string `json:"columns"`
			backupEnd
		}
		if json.Unmarshal(line, &head) != nil {
			return s, damaged("第 %d 行读不懂", in.n)
		}
		if head.Table == "" {
			return s, in.end(head.backupEnd, s)
		}
		in.keep(line)
		take := func([]any) error { return nil }
		if begin != nil {
			if take, err = begin(s.BackupNote, head.Table, head.Columns); err != nil {
				return s, err
			}
		}
		n, err := in.rows(len(head.Columns), take)
		if err != nil {
			return s, err
		}
		s.Tables = append(s.Tables, BackupTable{head.Table, n})
		s.Rows += n
	}
}

// rows reads the rows of one table and the line with their number.
func (b *backupReader) rows(width int, take func([]any) error) (n int64, err error) {
	for {
		line, err := b.must()
		if err != nil {
			return n, err
		}
		b.keep(line)
		if len(line) > 0 && line[0] == '{' {
			var count struct {
				Rows *int64 `json:"rows"`
			}
			if json.Unmarshal(line, &count) != nil || count.Rows == nil || *count.Rows != n {
				return n, damaged("到第 %d 行为止行数不符", b.n)
			}
			return n, nil
		}
		row, err := decodeRow(line, width)
		if err != nil {
			return n, damaged("第 %d 行读不懂", b.n)
		}
		if err := take(row); err != nil {
			return n, err
		}
		n++
	}
}

// end checks the last line, and that nothing stands behind it.
func (b *backupReader) end(e backupEnd, s BackupSummary) error {
	if e.SHA256 != hex.EncodeToString(b.hash.Sum(nil)) || e.Tables != len(s.Tables) || e.Rows != s.Rows {
		return damaged("校验和不符，内容被改动或有缺失")
	}
	if _, err := b.next(); !errors.Is(err, io.EOF) {
		return damaged("结尾之后还有内容")
	}
	return nil
}

// decodeRow reads one row of width values: nil, int64, string or []byte.
func decodeRow(line []byte, width int) ([]any, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var row []any
	if err := d.Decode(&row); err != nil {
		return nil, err
	}
	if len(row) != width || d.More() {
		return nil, errors.New("another number of values")
	}
	for i, v := range row {
		switch x := v.(type) {
		case nil, string:
		case json.Number:
			n, err := x.Int64()
			if err != nil {
				return nil, err
			}
			row[i] = n
		case map[string]any:
			text, ok := x["base64"].(string)
			if !ok || len(x) != 1 {
				return nil, errors.New("an object that is no value")
			}
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, err
			}
			row[i] = raw
		default:
			return nil, fmt.Errorf("a value of type %T", v)
		}
	}
	return row, nil
}

// CheckBackup reads a backup to its end and says what it holds, or how it is damaged.
func CheckBackup(r io.Reader) (BackupSummary, error) { return readBackup(r, nil) }

// Restored is what Restore did.
type Restored struct {
	BackupSummary
	// SameKeys tells whether the vault has the index key under which the backup was made. Without it nobody is found by
	// phone number, and what was sealed most likely stays sealed.
	SameKeys bool
	// Migrated is how many migrations brought the tables from the backup's version to this program's.
	Migrated int
}

// Restore fills an empty database from a backup, made on this engine or another, and migrates it to this program's version.
// The backup is read twice: what is damaged changes nothing. The rows come in one transaction; when it breaks off, the
// database has tables without rows at the most, and Restore can be called again.
//
// apperr.InvalidArgument: backup.format, backup.damaged; apperr.FailedPrecondition: restore.not_empty, restore.newer_backup,
// restore.other_program, restore.newer_tables.
func (db *DB) Restore(ctx context.Context, r io.ReadSeeker) (Restored, error) {
	var done Restored
	all, err := ownMigrations()
	if err != nil {
		return done, err
	}
	if done.BackupSummary, err = CheckBackup(r); err != nil {
		return done, err
	}
	if err := acceptMigrations(done.Migrations, all); err != nil {
		return done, err
	}
	if err := db.mustBeEmpty(ctx, len(done.Migrations)); err != nil {
		return done, err
	}
	if _, err := db.migrate(ctx, all, len(done.Migrations)); err != nil {
		return done, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return done, err
	}
	if err := db.load(ctx, r); err != nil {
		return done, err
	}
	done.SameKeys = done.Keys == db.keysMark()
	done.Migrated, err = db.migrate(ctx, all, len(all))
	return done, err
}

// acceptMigrations refuses a backup whose tables this program cannot make.
func acceptMigrations(made []BackupMigration, own []migration) error {
	if len(made) > len(own) {
		return apperr.New(apperr.FailedPrecondition, "restore.newer_backup",
			"备份的表结构是第 %d 版，本程序只认识到第 %d 版：请改用制作备份的那一版或更新的程序", len(made), len(own))
	}
	for i, m := range made {
		if m.Version != own[i].version || m.Checksum != own[i].checksum(len(own[i].statements)) {
			return apperr.New(apperr.FailedPrecondition, "restore.other_program",
				"备份第 %d 版的表结构与本程序的不同，不是同一系列的程序：请改用制作备份的那一版程序", i+1)
		}
	}
	return nil
}

// mustBeEmpty refuses a database that has rows, or tables of a later version than wanted.
func (db *DB) mustBeEmpty(ctx context.Context, version int) error {
	s, err := db.engine.snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Rollback() }() // it has only read
	tables, err := tablesOf(ctx, s, db.engine.columnsText())
	if err != nil {
		return err
	}
	if err := noRows(ctx, s, tables); err != nil {
		return err
	}
	for _, t := range tables {
		if t.name != migrationsName {
			continue
		}
		var newest int
		if err := scanOne(ctx, s, `SELECT COALESCE(MAX(version), 0) FROM schema_migrations`, nil, &newest); err != nil {
			return err
		}
		if newest > version {
			return apperr.New(apperr.FailedPrecondition, "restore.newer_tables",
				"目标数据库已按第 %d 版建表，而备份是第 %d 版：请换一个还没有建表的空库", newest, version)
		}
	}
	return nil
}

func noRows(ctx context.Context, s reader, tables []table) error {
	for _, t := range tables {
		if t.name == migrationsName {
			continue
		}
		var n int
		if err := scanOne(ctx, s, `SELECT COUNT(*) FROM (SELECT 1 FROM "`+t.name+`" LIMIT 1) t`, nil, &n); err != nil {
			return err
		}
		if n > 0 {
			return apperr.New(apperr.FailedPrecondition, "restore.not_empty",
				"目标数据库不是空的（表 %s 里有内容），恢复只能写入空库：请换一个新的库名或文件名", t.name)
		}
	}
	return nil
}

// load puts the rows of a backup into the tables, in one transaction under the lock that keeps migrations away.
func (db *DB) load(ctx context.Context, r io.Reader) error {
	begin, unlock, err := db.engine.migrator(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	m := migrator{begin: begin}
	return m.transact(ctx, func(s session) error {
		tables, err := tablesOf(ctx, s, db.engine.columnsText())
		if err != nil {
			return err
		}
		if err := noRows(ctx, s, tables); err != nil { // somebody may have come in between
			return err
		}
		l := &loader{s: s, tables: tables}
		summary, err := readBackup(r, func(_ BackupNote, name string, columns []string) (func([]any) error, error) {
			return l.begin(ctx, name, columns)
		})
		if err == nil {
			err = l.flush(ctx)
		}
		if err == nil && len(summary.Tables) != len(tables)-1 {
			err = damaged("只有 %d 张表，应有 %d 张", len(summary.Tables), len(tables)-1)
		}
		return err
	})
}

// loader gathers rows into statements of a bearable size.
type loader struct {
	s      session
	tables []table

	into  string // INSERT INTO … VALUES of the table at work
	width int
	args  []any
	bytes int
}

func (l *loader) begin(ctx context.Context, name string, columns []string) (func([]any) error, error) {
	if err := l.flush(ctx); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(l.tables, func(t table) bool { return t.name == name })
	if i < 0 || name == migrationsName || !slices.Equal(slices.Sorted(slices.Values(columns)), slices.Sorted(slices.Values(l.tables[i].names()))) {
		return nil, damaged("表 %.40q 与它的版本不符", name)
	}
	l.into, l.width = `INSERT INTO "`+name+`" (`+quoted(columns)+`) VALUES `, len(columns)
	return func(row []any) error { return l.add(ctx, row) }, nil
}

func (l *loader) add(ctx context.Context, row []any) error {
	l.args = append(l.args, row...)
	for _, v := range row {
		switch x := v.(type) {
		case string:
			l.bytes += len(x)
		case []byte:
			l.bytes += len(x)
		}
	}
	if len(l.args)+l.width <= maxParams && l.bytes < backupChunk {
		return nil
	}
	return l.flush(ctx)
}

func (l *loader) flush(ctx context.Context) error {
	if len(l.args) == 0 {
		return nil
	}
	one := "(" + marks(l.width) + ")"
	_, err := l.s.ExecContext(ctx, l.into+one+strings.Repeat(", "+one, len(l.args)/l.width-1), l.args...)
	l.args, l.bytes = l.args[:0], 0
	return err
}
