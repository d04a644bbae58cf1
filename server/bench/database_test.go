package bench

import (
	"context"
	crand "crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

// database is one that the bench fills itself.
type database struct {
	engine string // "sqlite" or "mysql"
	dsn    string // as the store takes it
	drop   func() error
	// unsealed: tickets are stored as they are.
	unsealed bool
}

const noServer = "no MariaDB: run `make bench`, or scripts/testenv go test …"

// newDatabase makes an empty database with calendar, policy and street in it.
func newDatabase(ctx context.Context, k knowledge, engine, dir string) (d database, err error) {
	d = database{engine: engine, drop: func() error { return nil }}
	name := "xiaopu_bench_" + strings.ToLower(crand.Text()[:10])
	switch engine {
	case "sqlite":
		path := filepath.Join(dir, name+".db")
		d.dsn = "sqlite:" + path
		d.drop = func() error {
			for _, tail := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(path + tail); err != nil && !errors.Is(err, os.ErrNotExist) {
					return err
				}
			}
			return nil
		}
	case "mysql":
		server := os.Getenv("XIAOPU_TEST_MYSQL")
		if server == "" {
			return d, errors.New(noServer)
		}
		admin, err := sql.Open("mysql", server)
		if err != nil {
			return d, err
		}
		if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
			return d, errors.Join(err, admin.Close())
		}
		base, params, _ := strings.Cut(server, "?")
		d.dsn = "mysql:" + base + name
		if params != "" {
			d.dsn += "?" + params
		}
		d.drop = func() error {
			_, err := admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name)
			return errors.Join(err, admin.Close())
		}
	}
	db, err := d.open(ctx)
	if err != nil {
		return d, errors.Join(err, d.drop())
	}
	if err := errors.Join(k.prepare(ctx, db), db.Close()); err != nil {
		return d, errors.Join(err, d.drop())
	}
	return d, nil
}

// open opens it as the product does.
func (d database) open(ctx context.Context) (*store.DB, error) {
	var s store.Sealer = storetest.Sealer
	if d.unsealed {
		s = openSealer{s}
	}
	return store.Open(ctx, d.dsn, store.Options{Logger: slog.New(slog.DiscardHandler), Sealer: s})
}

// pools are the connections of a bare program: one pool on MySQL; a writer and some readers on SQLite.
type pools struct{ read, write *sql.DB }

// bare opens it with the driver alone, set as the product's own sessions are.
func (d database) bare(ctx context.Context) (p pools, err error) {
	kind, rest, _ := strings.Cut(d.dsn, ":")
	if kind == "sqlite" {
		uri := "file:" + (&url.URL{Path: rest}).EscapedPath() + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)"
		if p.write, err = sql.Open("sqlite", uri+"&_txlock=immediate&_pragma=cache_size(-16000)"); err != nil {
			return p, err
		}
		p.write.SetMaxOpenConns(1)
		if p.read, err = sql.Open("sqlite", uri+"&_pragma=cache_size(-8000)"); err != nil {
			return p, err
		}
		p.read.SetMaxOpenConns(4)
		p.read.SetMaxIdleConns(4)
		return p, errors.Join(p.write.PingContext(ctx), p.read.PingContext(ctx))
	}
	if !strings.Contains(rest, "?") {
		rest += "?"
	}
	rest += "&interpolateParams=true&clientFoundRows=true&charset=utf8mb4&collation=utf8mb4_bin&sql_mode=%27STRICT_ALL_TABLES%2CPIPES_AS_CONCAT%2CANSI_QUOTES%27&time_zone=%27%2B00:00%27"
	level := "transaction_isolation"
	plain, err := sql.Open("mysql", rest)
	if err != nil {
		return p, err
	}
	var version string
	if err := errors.Join(plain.QueryRowContext(ctx, `SELECT VERSION()`).Scan(&version), plain.Close()); err != nil {
		return p, err
	}
	if strings.Contains(version, "MariaDB") {
		level = "tx_isolation"
	}
	if p.read, err = sql.Open("mysql", rest+"&"+level+"=%27READ-COMMITTED%27"); err != nil {
		return p, err
	}
	p.read.SetMaxOpenConns(32)
	p.read.SetMaxIdleConns(32)
	p.write = p.read
	return p, p.read.PingContext(ctx)
}

// bulk opens it for filling: on SQLite without a log and alone, since what breaks off is thrown away.
func (d database) bulk(ctx context.Context) (p pools, err error) {
	kind, rest, _ := strings.Cut(d.dsn, ":")
	if kind != "sqlite" {
		return d.bare(ctx)
	}
	p.write, err = sql.Open("sqlite", "file:"+(&url.URL{Path: rest}).EscapedPath()+
		"?_pragma=locking_mode(EXCLUSIVE)&_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-256000)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return p, err
	}
	p.write.SetMaxOpenConns(1)
	p.read = p.write
	return p, p.write.PingContext(ctx)
}

func (p pools) close() error {
	if p.read == p.write {
		return p.read.Close()
	}
	return errors.Join(p.read.Close(), p.write.Close())
}

// caseID and caseNumber are those of the nth multiplied case; the SQL below makes the same.
func caseID(n int) string     { return fmt.Sprintf("01955000-0000-7000-8000-%012d", n) }
func caseNumber(n int) string { return fmt.Sprintf("NS2026-%07d", n) }

const (
	sqlID     = `'01955000-0000-7000-8000-' || SUBSTR(CAST(1000000000000 + n.n AS CHAR), 2)`
	sqlNumber = `'NS2026-' || SUBSTR(CAST(10000000 + n.n AS CHAR), 2)`
)

// spec says which template the nth case is made of, and by how many minutes its deadline is moved in lists.
func spec(n int) (department, status int, shift int64) {
	rnd := rand.New(rand.NewPCG(uint64(n), 20260303))
	department = rnd.IntN(departments)
	for hit := rnd.IntN(100); hit >= statuses[status].share; status++ {
		hit -= statuses[status].share
	}
	return department, status, rnd.Int64N(20*24*60) - 10*24*60
}

// multiplied are the tables, each with its columns as made from a template t and a number n.
var multiplied = []struct {
	table, key, columns, from string
}{
	{"cases", "id", `id, number, version, status, open, tier, round, title, place, domain, topic, triggers, tickets, community_id, grid_id,
		lead_department_id, handler_id, overdue, provisional, due_at, sort_at, next_due_at, calendar_revision, head_hash, created_at, updated_at, body`,
		sqlID + `, ` + sqlNumber + `, t.version, t.status, t.open, t.tier, t.round, t.title, t.place, t.domain, t.topic, t.triggers, t.tickets, t.community_id, t.grid_id,
		t.lead_department_id, t.handler_id, t.overdue, t.provisional, t.due_at + n.shift, t.sort_at + n.shift, t.next_due_at, t.calendar_revision, t.head_hash, t.created_at,
		t.updated_at, REPLACE(REPLACE(t.body, t.id, ` + sqlID + `), t.number, ` + sqlNumber + `)`},
	{"case_events", "case_id", `case_id, seq, kind, at, recorded_at, is_public, hash, body`,
		// The first line alone names the case.
		sqlID + `, t.seq, t.kind, t.at, t.recorded_at, t.is_public, t.hash, CASE WHEN t.seq = 1 THEN REPLACE(t.body, t.case_id, ` + sqlID + `) ELSE t.body END`},
	{"happenings", "case_id", `case_id, seq, kind, happened_on, department_id, grid_id, topic`, sqlID + `, t.seq, t.kind, t.happened_on, t.department_id, t.grid_id, t.topic`},
	{"case_viewers", "case_id", `viewer, case_id, open, status, tier, sort_at`, `t.viewer, ` + sqlID + `, t.open, t.status, t.tier, t.sort_at + n.shift`},
	{"case_todos", "case_id", `addressee, kind, case_id, ref, due_at`, `t.addressee, t.kind, ` + sqlID + `, t.ref, t.due_at + n.shift`},
}

// plant stores cases to multiply and keeps copies of their rows beside the tables.
func (d database) plant(ctx context.Context, list []template) error {
	db, err := d.open(ctx)
	if err != nil {
		return err
	}
	revisions, err := db.Revisions(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	err = db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, t := range list {
			if err := tx.InsertCase(ctx, casework.Decision{Case: t.c, Events: t.events}, revisions[store.CalendarRevision], made); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	p, err := d.bare(ctx)
	if err != nil {
		return err
	}
	texts := []string{`CREATE TABLE bench_numbers (n BIGINT NOT NULL PRIMARY KEY, template VARCHAR(40) NOT NULL, shift BIGINT NOT NULL)`}
	for _, m := range multiplied {
		texts = append(texts, `CREATE TABLE bench_`+m.table+` AS SELECT * FROM `+m.table, `CREATE INDEX bench_`+m.table+`_key ON bench_`+m.table+` (`+m.key+`)`)
	}
	for _, text := range texts {
		if _, err := p.write.ExecContext(ctx, text); err != nil {
			return errors.Join(err, p.close())
		}
	}
	return p.close()
}

// multiply adds the cases from..to-1, each made of the template that of says, and lets the database count its rows.
func (d database) multiply(ctx context.Context, from, to int, of func(n int) (template string, shift int64)) (err error) {
	p, err := d.bulk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	workers := 1
	exec := func(ctx context.Context, c *sql.Conn, text string, args ...any) error {
		if _, err := c.ExecContext(ctx, text, args...); err != nil {
			return fmt.Errorf("%w: %.100s", err, text)
		}
		return nil
	}
	var before []string
	if d.engine == "mysql" {
		workers = 2
		before = []string{`SET unique_checks = 0`, `SET foreign_key_checks = 0`}
		var flush int
		if err := p.write.QueryRowContext(ctx, `SELECT @@GLOBAL.innodb_flush_log_at_trx_commit`).Scan(&flush); err != nil {
			return err
		}
		if _, err := p.write.ExecContext(ctx, `SET GLOBAL innodb_flush_log_at_trx_commit = 0`); err == nil {
			defer func() {
				_, back := p.write.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf(`SET GLOBAL innodb_flush_log_at_trx_commit = %d`, flush))
				err = errors.Join(err, back)
			}()
		}
	}
	build, err := d.withoutIndexes(ctx, p)
	if err != nil {
		return err
	}
	const chunk = 5000
	chunks := make(chan [2]int)
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			errs[w] = func() error {
				c, err := p.write.Conn(ctx)
				if err != nil {
					return err
				}
				defer func() { _ = c.Close() }()
				for _, text := range before {
					if err := exec(ctx, c, text); err != nil {
						return err
					}
				}
				for ch := range chunks {
					if err := d.chunk(ctx, c, exec, ch[0], ch[1], of); err != nil {
						return err
					}
				}
				return nil
			}()
			for range chunks { // after an error: let the others be handed out
			}
		})
	}
	for at := from; at < to; at += chunk {
		chunks <- [2]int{at, min(at+chunk, to)}
	}
	close(chunks)
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := build(); err != nil {
		return err
	}
	return d.analyse(ctx, p)
}

// withoutIndexes drops the indexes of the tables to be filled and gives what makes them again: sorted, which SQLite does
// in half the time of keeping them.
func (d database) withoutIndexes(ctx context.Context, p pools) (build func() error, err error) {
	if d.engine != "sqlite" {
		return func() error { return nil }, nil
	}
	var texts []string
	for _, m := range multiplied {
		rows, err := dump(ctx, p.read, `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?`, m.table)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			name, text, _ := strings.Cut(row, " sql=")
			texts = append(texts, text)
			if _, err := p.write.ExecContext(ctx, `DROP INDEX `+strings.TrimPrefix(name, " name=")); err != nil {
				return nil, err
			}
		}
	}
	return func() error {
		for _, text := range texts {
			if _, err := p.write.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (d database) chunk(ctx context.Context, c *sql.Conn, exec func(context.Context, *sql.Conn, string, ...any) error, from, to int, of func(int) (string, int64)) error {
	if err := exec(ctx, c, `BEGIN`); err != nil {
		return err
	}
	for at := from; at < to; at += 1000 {
		var text strings.Builder
		text.WriteString(`INSERT INTO bench_numbers (n, template, shift) VALUES `)
		for n := at; n < min(at+1000, to); n++ {
			if n > at {
				text.WriteString(`, `)
			}
			template, shift := of(n)
			fmt.Fprintf(&text, `(%d, '%s', %d)`, n, template, shift)
		}
		if err := exec(ctx, c, text.String()); err != nil {
			return err
		}
	}
	for _, m := range multiplied {
		text := `INSERT INTO ` + m.table + ` (` + m.columns + `) SELECT /*! STRAIGHT_JOIN */ ` + m.from +
			` FROM bench_numbers n CROSS JOIN bench_` + m.table + ` t ON t.` + m.key + ` = n.template WHERE n.n >= ? AND n.n < ? ORDER BY n.n`
		if err := exec(ctx, c, text, from, to); err != nil {
			return err
		}
	}
	return exec(ctx, c, `COMMIT`)
}

// analyse lets MariaDB count at once what it would count some time later. SQLite never does by itself.
func (d database) analyse(ctx context.Context, p pools) error {
	if d.engine == "sqlite" {
		return nil
	}
	for _, m := range multiplied {
		rows, err := p.write.QueryContext(ctx, `ANALYZE TABLE `+m.table)
		if err != nil {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return nil
}

// byShare multiplies as spec says.
func byShare(n int) (string, int64) {
	d, s, shift := spec(n)
	return templateID(d, s), shift * 60_000
}

// each runs f on every engine that is there.
func each(t *testing.T, f func(t *testing.T, engine string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, "sqlite") })
	t.Run("mysql", func(t *testing.T) {
		if os.Getenv("XIAOPU_TEST_MYSQL") == "" {
			if os.Getenv("XIAOPU_TEST_REQUIRE_MYSQL") == "1" {
				t.Fatal(noServer)
			}
			t.Skip(noServer)
		}
		f(t, "mysql")
	})
}
