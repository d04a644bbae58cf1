package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

const (
	dueCases  = 2000
	sweepers  = 3
	dueRounds = 3
)

// dueTemplate is a case in handling on which nothing is left to fall due but the deadline of its stage; the second
// value is that deadline.
func (k knowledge) dueTemplate() (template, time.Time, error) {
	t, err := k.template(0, casework.Handling, templateID(0, 9), templateNumber(0, 9))
	if err != nil {
		return t, time.Time{}, err
	}
	s, ok := t.c.Stage()
	if !ok {
		return t, time.Time{}, errors.New("no stage is open")
	}
	ticked, err := casework.Tick(t.c, k.env(s.DueAt.Add(-time.Millisecond)))
	if err != nil {
		return t, time.Time{}, err
	}
	t.c, t.events = ticked.Case, append(t.events, ticked.Events...)
	if !t.c.NextDue().Equal(s.DueAt) {
		return t, time.Time{}, fmt.Errorf("%s is due before the deadline %s", t.c.NextDue(), s.DueAt)
	}
	return t, s.DueAt, nil
}

// swept is what one sweeper tells.
type swept struct {
	Cases, Failed int
	Began, Ended  int64 // Unix ms
	Errors        int   // lines of the log that say so
}

func sweepClock() (func() time.Time, *template, error) {
	k, err := learn()
	if err != nil {
		return nil, nil, err
	}
	t, due, err := k.dueTemplate()
	return clockFrom(due.Add(time.Minute)), &t, err
}

// countingHandler counts what an engine logs as wrong.
type countingHandler struct {
	slog.Handler
	errors *atomic.Int64
}

func (h countingHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (h countingHandler) Handle(context.Context, slog.Record) error {
	h.errors.Add(1)
	return nil
}

// productSweep sweeps each time it is told to.
func productSweep(ctx context.Context, j job, in *bufio.Reader, tell func(any) error) error {
	db, err := database{dsn: j.DSN}.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	clock, _, err := sweepClock()
	if err != nil {
		return err
	}
	var wrong atomic.Int64
	e := workflow.New(db, workflow.Options{Clock: clock, Logger: slog.New(countingHandler{slog.DiscardHandler, &wrong})})
	return onEachLine(in, tell, func() (swept, error) {
		s, err := e.Sweep(ctx)
		return swept{Cases: s.Cases, Failed: s.Failed, Errors: int(wrong.Load())}, err
	})
}

// bareSweep writes each time it is told to, what the sweep of its share of the cases would write.
func bareSweep(ctx context.Context, j job, in *bufio.Reader, tell func(any) error) error {
	k, err := learn()
	if err != nil {
		return err
	}
	clock, t, err := sweepClock()
	if err != nil {
		return err
	}
	ticked, err := casework.Tick(t.c, k.env(clock()))
	if err != nil {
		return err
	}
	m, err := k.moveOf(t.c, ticked, clock())
	if err != nil {
		return err
	}
	p, err := database{dsn: j.DSN}.bare(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = p.close() }()
	w := newWriter(p)
	if err := w.ready(ctx, m.texts()); err != nil {
		return err
	}
	cases := j.Share[0]
	from := cases // the first batch is the product's
	return onEachLine(in, tell, func() (s swept, err error) {
		for n := from + j.Share[1]; n < from+cases; n += j.Share[2] {
			if err := m.write(ctx, w, caseID(n), caseNumber(n), "", "", clock()); err != nil {
				return s, err
			}
			s.Cases++
		}
		from += 2 * cases // and so is every other one
		return s, nil
	})
}

func onEachLine(in *bufio.Reader, tell func(any) error, fn func() (swept, error)) error {
	if err := tell(process{}); err != nil {
		return err
	}
	for {
		if _, err := in.ReadString('\n'); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		began := time.Now()
		s, err := fn()
		if err != nil {
			return err
		}
		s.Began, s.Ended = began.UnixMilli(), time.Now().UnixMilli()
		if err := tell(s); err != nil {
			return err
		}
	}
}

// sweepTogether lets every process sweep at once and gives how long all of them took, what they did, and the CPU of all
// of them and of the database.
func sweepTogether(list []*process, db *process) (r round, sum swept, err error) {
	cpu := func() (sum float64) {
		for _, p := range list {
			sum += p.cpu()
		}
		return sum
	}
	server, database := cpu(), db.cpu()
	for _, p := range list {
		if err := p.say(); err != nil {
			return r, sum, err
		}
	}
	began, ended := int64(0), int64(0)
	for i, p := range list {
		var s swept
		if err := p.hear(&s); err != nil {
			return r, sum, err
		}
		if i == 0 || s.Began < began {
			began = s.Began
		}
		ended = max(ended, s.Ended)
		sum.Cases += s.Cases
		sum.Failed += s.Failed
		sum.Errors += s.Errors
	}
	r.requests, r.seconds = sum.Cases, float64(max(ended-began, 1))/1000
	r.server, r.database = cpu()-server, db.cpu()-database
	return r, sum, nil
}

// compareSweep measures on one database: batches of cases fall due one after the other, the product's and the bare
// loops' in turn.
func compareSweep(ctx context.Context, log func(string, ...any), k knowledge, dir string, rounds, cases int) (escalated []int, err error) {
	t, _, err := k.dueTemplate()
	if err != nil {
		return nil, err
	}
	d, err := newDatabase(ctx, k, "mysql", dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.drop()) }()
	if err := d.plant(ctx, []template{t}); err != nil {
		return nil, err
	}
	var products, bares []*process
	defer func() {
		for _, p := range append(products, bares...) {
			err = errors.Join(err, p.stop())
		}
	}()
	for i := range sweepers {
		p, err := spawn("sweep", job{DSN: d.dsn})
		if err != nil {
			return nil, err
		}
		products = append(products, p)
		if p, err = spawn("bare-sweep", job{DSN: d.dsn, Share: [3]int{cases, i, sweepers}}); err != nil {
			return nil, err
		}
		bares = append(bares, p)
	}
	p, err := d.bare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	// The template itself is due too: a first sweep takes it, connects and prepares.
	if _, _, err := sweepTogether(products, nil); err != nil {
		return nil, err
	}
	server := d.databaseProcess(ctx)
	var a, b []round
	failed, wrong := 0, 0
	for i := range 2 * rounds {
		from := i * cases
		list, into := products, &a
		if i%2 == 1 {
			list, into = bares, &b
		}
		if err := d.multiply(ctx, from, from+cases, func(int) (string, int64) { return t.c.ID, 0 }); err != nil {
			return nil, err
		}
		r, sum, err := sweepTogether(list, server)
		if err != nil {
			return nil, err
		}
		*into = append(*into, r)
		failed, wrong = failed+sum.Failed, wrong+sum.Errors
		var n int
		if err := p.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM case_events WHERE kind = 'escalated' AND case_id >= ? AND case_id < ?`, caseID(from), caseID(from+cases)).Scan(&n); err != nil {
			return nil, err
		}
		escalated = append(escalated, n)
	}
	var deadlocks int64
	var name string
	_ = p.read.QueryRowContext(ctx, `SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'`).Scan(&name, &deadlocks) // MariaDB's alone
	var table bytes.Buffer
	tab := tabwriter.NewWriter(&table, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "\tcases/s\tCPU µs/case\tof the database\t")
	fa, fb := figuresOf(a), figuresOf(b)
	fmt.Fprintf(tab, "%d engines\t%.0f\t%.0f\t%.0f\t\n%d bare loops\t%.0f\t%.0f\t%.0f\t\n", sweepers, fa.rate, fa.server, fa.database, sweepers, fb.rate, fb.server, fb.database)
	_ = tab.Flush()
	log("mysql, %d cases due at once:\n%sescalation events per batch: %v; cases failed: %d, warnings: %d; deadlocks of the server in all: %d", cases, table.String(), escalated, failed, wrong, deadlocks)
	results.add(atLeast("mysql sweep by "+fmt.Sprint(sweepers), fmt.Sprintf("%.0f/s", fa.rate), fmt.Sprintf("%.0f/s", fb.rate), fa.rate/fb.rate, 0.5))
	exact := failed == 0 && wrong == 0
	for _, n := range escalated {
		exact = exact && n == cases
	}
	results.add(result{"mysql sweep, exactly once", fmt.Sprint(escalated[0], " events"), fmt.Sprint(cases), "", "=", exact})
	return escalated, nil
}

func BenchmarkSweep(b *testing.B) {
	bench(b, func(ctx context.Context, k knowledge, dir string) error {
		if !slices.Contains(engines(b), "mysql") {
			return nil // on SQLite one process has the file
		}
		_, err := compareSweep(ctx, say, k, dir, dueRounds, dueCases)
		return err
	})
}

func TestSweepersShareTheCases(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, engine string) {
		if engine != "mysql" {
			t.Skip("one process has the file")
		}
		const cases = 150
		escalated, err := compareSweep(t.Context(), t.Logf, k, t.TempDir(), 1, cases)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range escalated {
			if got != cases {
				t.Errorf("%d escalation events for %d cases", got, cases)
			}
		}
		results.drop() // of a test, not of the bench
	})
}
