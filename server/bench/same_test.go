package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
)

// sent gives the statements that processes on d send to the server while fn runs, with ? for every value. What the
// product asks each second to notice changes of the calendar and the like is left out. The server's general log is
// everybody's, so only the connections of d's database are looked at.
func sent(ctx context.Context, d database, fn func() error) (list []string, err error) {
	admin, err := sql.Open("mysql", os.Getenv("XIAOPU_TEST_MYSQL"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = admin.Close() }()
	admin.SetMaxOpenConns(1)
	name := d.dsn[strings.LastIndex(d.dsn, "/")+1:]
	name, _, _ = strings.Cut(name, "?")
	for _, text := range []string{`SET GLOBAL log_output = 'TABLE'`, `SET GLOBAL general_log = 1`} {
		if _, err := admin.ExecContext(ctx, text); err != nil {
			return nil, err
		}
	}
	defer func() { _, _ = admin.ExecContext(context.WithoutCancel(ctx), `SET GLOBAL general_log = 0`) }()
	var from string
	if err := admin.QueryRowContext(ctx, `SELECT NOW(6)`).Scan(&from); err != nil {
		return nil, err
	}
	if err := fn(); err != nil {
		return nil, err
	}
	rows, err := admin.QueryContext(ctx, `SELECT argument FROM mysql.general_log WHERE event_time >= ? AND command_type IN ('Query', 'Execute')
		AND thread_id IN (SELECT id FROM information_schema.processlist WHERE db = ?) ORDER BY event_time`, from, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if text = plain(text); !strings.Contains(text, "FROM revisions") && !strings.HasPrefix(text, "SET ") {
			list = append(list, text)
		}
	}
	return list, rows.Err()
}

var (
	literals = regexp.MustCompile(`(?:_binary\s*)?'(?:[^'\\]|\\.|'')*'|\bNULL\b|-?\b\d+\b`)
	blanks   = regexp.MustCompile(`\s+`)
)

// plain is a statement with ? for every value.
func plain(text string) string {
	return strings.TrimSpace(blanks.ReplaceAllString(literals.ReplaceAllString(text, "?"), " "))
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		`SELECT a1 FROM t  WHERE b = 'x''y\'z' AND c >= -12`:             `SELECT a1 FROM t WHERE b = ? AND c >= ?`,
		"INSERT INTO t\n\tVALUES (_binary'{\\\"a\\\":1}', NULL, 'NULL')": `INSERT INTO t VALUES (?, ?, ?)`,
	} {
		if got := plain(text); got != want {
			t.Errorf("%s\n%s", got, want)
		}
	}
}

// TestBothSidesSendTheSameSQL runs every comparison on a small database: the statements of both sides must be the same
// (where the server can tell), and their answers of the same shape. So the bench still measures what it says after the
// product has changed.
func TestBothSidesSendTheSameSQL(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	list, err := k.templates()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, engine string) {
		ctx := t.Context()
		d, err := newDatabase(ctx, k, engine, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.drop(); err != nil {
				t.Error(err)
			}
		}()
		const n = 1500
		if err := d.plant(ctx, list); err != nil {
			t.Fatal(err)
		}
		if err := d.multiply(ctx, 0, n, byShare); err != nil {
			t.Fatal(err)
		}
		works, err := workloads(n, 64)
		if err != nil {
			t.Fatal(err)
		}
		p, stop, err := startPair(ctx, d, d, "bare")
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}()
		for _, w := range works {
			t.Run(w.name, func(t *testing.T) {
				var texts [2][]string
				var answers [2]any
				for i, side := range []struct {
					address  string
					requests [][]byte
				}{{p.a.process.Address, w.product}, {p.b.process.Address, w.bare}} {
					ask := func(n int) ([]byte, error) { return once(side.address, side.requests[n], w.status) }
					if _, err := ask(len(side.requests) - 1); err != nil { // prepares
						t.Fatal(err)
					}
					var body []byte
					fn := func() (err error) { body, err = ask(0); return err }
					if engine == "mysql" {
						texts[i], err = sent(ctx, d, fn)
					} else {
						err = fn()
					}
					if err != nil {
						t.Fatal(err)
					}
					if err := json.Unmarshal(body, &answers[i]); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
					t.Errorf("the bare program (+) does not send the product's (-) statements:\n%s", diff)
				}
				if engine == "mysql" && len(texts[0]) == 0 {
					t.Error("no statement was seen")
				}
				if err := sameShape("answer", answers[0], answers[1]); err != nil {
					t.Error(err)
				}
			})
		}
		short := plan{small: n, main: n, large: n, rounds: 1, turn: 100 * time.Millisecond, accepts: 64}
		works, err = workloads(n, 64)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range works {
			if w.count > 0 { // the first were taken above
				w.product, w.bare = w.product[1:len(w.product)-1], w.bare[1:len(w.bare)-1]
			}
			a, b, err := p.measure(w, short)
			if err != nil || a[0].requests == 0 || b[0].requests == 0 {
				t.Fatal(w.name, err)
			}
		}
	})
}

// What the bare program leaves in the tables is what the product leaves.
func TestBothSidesLeaveTheSameRows(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	list, err := k.templates()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, engine string) {
		ctx := t.Context()
		d, err := newDatabase(ctx, k, engine, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.drop(); err != nil {
				t.Error(err)
			}
		}()
		if err := d.plant(ctx, list); err != nil {
			t.Fatal(err)
		}
		one := func(int) (string, int64) { return templateID(3, 1), 0 }
		if err := d.multiply(ctx, 0, 2, one); err != nil {
			t.Fatal(err)
		}
		p, stop, err := startPair(ctx, d, d, "bare")
		if err != nil {
			t.Fatal(err)
		}
		tokens := tokens{}
		token, err := tokens.of(head(3))
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"version":%d,"handler_id":"%s"}`, eventsPerCase, handler(3))
		for i, ask := range []struct{ address, token, path string }{
			{p.a.process.Address, token, "/api/v1/cases/" + caseID(0) + "/accept"},
			{p.b.process.Address, "", "/api/v1/cases/" + caseID(1) + "/accept?number=" + caseNumber(1)},
		} {
			if _, err := once(ask.address, request("POST", ask.path, ask.token, fmt.Sprint("k", i), body), 200); err != nil {
				t.Fatal(err)
			}
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		pools, err := d.bare(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = pools.close() }()
		for _, text := range []string{
			`SELECT version, status, open, tier, round, lead_department_id, handler_id, overdue, due_at, sort_at, next_due_at, calendar_revision, triggers, tickets FROM cases WHERE id = ?`,
			`SELECT seq, kind, is_public FROM case_events WHERE case_id = ? ORDER BY seq`,
			`SELECT seq, kind, happened_on, department_id, grid_id, topic FROM happenings WHERE case_id = ? ORDER BY seq, kind`,
			`SELECT viewer, open, status, tier, sort_at FROM case_viewers WHERE case_id = ? ORDER BY viewer`,
			`SELECT addressee, kind, ref, due_at FROM case_todos WHERE case_id = ? ORDER BY addressee, kind`,
			`SELECT recipient, stands_for, seq, kind, urgent, args, is_read FROM inbox WHERE case_id = ? ORDER BY recipient, kind`,
			`SELECT i.recipient, o.recipient, o.kind, o.urgent, o.done, o.leased_until, o.lease, o.attempts FROM inbox i JOIN outbox o ON o.inbox_id = i.id WHERE i.case_id = ? ORDER BY i.recipient, o.kind`,
			`SELECT actor FROM idempotency WHERE case_id = ?`,
		} {
			var got [2][]string
			for i := range 2 {
				if got[i], err = dump(ctx, pools.read, text, caseID(i)); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(got[0], got[1]); diff != "" || len(got[0]) == 0 {
				t.Errorf("%s\nproduct (-), bare (+): %s", text, diff)
			}
		}
		var status string
		if err := pools.read.QueryRowContext(ctx, `SELECT status FROM cases WHERE id = ?`, caseID(0)).Scan(&status); err != nil || status != string(casework.Handling) {
			t.Error(status, err)
		}
	})
}

func dump(ctx context.Context, db *sql.DB, text string, args ...any) (list []string, err error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		cells := make([]sql.NullString, len(names))
		dest := make([]any, len(names))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		line := ""
		for i, c := range cells {
			line += " " + names[i] + "=" + c.String
		}
		list = append(list, line)
	}
	return list, rows.Err()
}
