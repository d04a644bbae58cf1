package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
)

// The sizes that are compared.
const (
	smallCases = 10_000
	mainCases  = 100_000
	largeCases = 300_000
)

// plan is how long the parts take; tests shorten it.
type plan struct {
	small, main, large int
	rounds             int
	turn               time.Duration
	accepts            int // per turn
}

var fullPlan = plan{small: smallCases, main: mainCases, large: largeCases, rounds: 5, turn: 500 * time.Millisecond, accepts: 500}

const signingKey = "bench-bench-bench-bench-bench-bench"

// workload is what both sides are asked, in the words of each.
type workload struct {
	name          string
	product, bare [][]byte
	target        float64
	count         int // requests per turn; 0 for as many as there is time for
	status        int
}

// workloads makes the requests over cases 0..n-1. Reads come around again; each accept takes another dispatched case.
func workloads(n, accepts int) ([]workload, error) {
	known := tokens{}
	var failed error
	token := func(who string) string {
		text, err := known.of(who)
		failed = errors.Join(failed, err)
		return text
	}
	list := workload{name: "list, sees all", target: 0.7}
	scoped := workload{name: "list, a head's", target: 0.7}
	detail := workload{name: "detail", target: 0.6}
	timeline := workload{name: "timeline", target: 0.6}
	accept := workload{name: "accept", target: 0.6, count: accepts}
	for _, status := range []casework.Status{casework.Dispatched, casework.Handling, casework.Resolved} {
		for d := range departments {
			query := fmt.Sprintf("/cases?status=%s&lead_department_id=%s", status, department(d))
			list.product = append(list.product, request("GET", "/api/v1"+query, token(centre), "", ""))
			list.bare = append(list.bare, request("GET", "/api/v1"+query, "", "", ""))
			scoped.product = append(scoped.product, request("GET", "/api/v1"+query, token(head(d)), "", ""))
			scoped.bare = append(scoped.bare, request("GET", "/scoped"+query, "", "", ""))
		}
	}
	step := max(1, n/4000)
	for i := range n {
		d, s, _ := spec(i)
		status, path := statuses[s].status, "/api/v1/cases/"+caseID(i)
		if status == casework.Registered {
			continue
		}
		if i%step == 0 {
			detail.product = append(detail.product, request("GET", path, token(head(d)), "", ""))
			detail.bare = append(detail.bare, request("GET", path, "", "", ""))
			timeline.product = append(timeline.product, request("GET", path+"/timeline", token(head(d)), "", ""))
			timeline.bare = append(timeline.bare, request("GET", path+"/timeline?as="+string(status)+"+"+department(d), "", "", ""))
		}
		if status == casework.Dispatched {
			body := fmt.Sprintf(`{"version":%d,"handler_id":"%s"}`, eventsPerCase, handler(d))
			if len(accept.product) <= len(accept.bare) {
				accept.product = append(accept.product, request("POST", path+"/accept", token(head(d)), fmt.Sprint("accept-", i), body))
			} else {
				accept.bare = append(accept.bare, request("POST", path+"/accept?number="+caseNumber(i), "", fmt.Sprint("accept-", i), body))
			}
		}
	}
	all := []workload{list, scoped, detail, timeline, accept}
	for i := range all {
		all[i].status = 200
	}
	return all, failed
}

// tokens are those of people, made when they are first asked for.
type tokens map[string]string

func (t tokens) of(who string) (string, error) {
	if text := t[who]; text != "" {
		return text, nil
	}
	signer, err := auth.NewSigner([]byte(signingKey), func() time.Time { return start })
	if err != nil {
		return "", err
	}
	t[who], err = signer.Issue(who, 12*time.Hour)
	return t[who], err
}

// pair are two sides that take turns on the same requests.
type pair struct {
	a, b *side
	db   *process
}

func (p pair) measure(w workload, pl plan) (a, b []round, err error) {
	turn := func(s *side, requests [][]byte, d time.Duration, count int) (round, error) {
		return s.turn(requests, d, count, w.status, p.db)
	}
	p.a.next.Store(0)
	p.b.next.Store(0)
	// A first turn that does not count fills caches and pools.
	if _, err := turn(p.a, w.product, pl.turn/2, w.count/4); err != nil {
		return nil, nil, err
	}
	if _, err := turn(p.b, w.bare, pl.turn/2, w.count/4); err != nil {
		return nil, nil, err
	}
	for i := range pl.rounds {
		for k := range 2 {
			s, requests, into := p.a, w.product, &a
			if (i+k)%2 == 1 { // each side begins every other round
				s, requests, into = p.b, w.bare, &b
			}
			r, err := turn(s, requests, pl.turn, w.count)
			if err != nil {
				return nil, nil, err
			}
			*into = append(*into, r)
		}
	}
	return a, b, nil
}

// compareHTTP runs the whole HTTP part on one engine.
func compareHTTP(ctx context.Context, log func(string, ...any), k knowledge, engine, dir string, pl plan) (err error) {
	list, err := k.templates()
	if err != nil {
		return err
	}
	var small, big database
	for _, one := range []struct {
		d *database
		n int
	}{{&small, pl.small}, {&big, pl.main}} {
		began := time.Now()
		if *one.d, err = newDatabase(ctx, k, engine, dir); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, one.d.drop()) }()
		if err := one.d.plant(ctx, list); err != nil {
			return err
		}
		if err := one.d.multiply(ctx, 0, one.n, byShare); err != nil {
			return err
		}
		log("%s: %d cases of %d events made in %.1f s", engine, one.n, eventsPerCase, time.Since(began).Seconds())
	}
	if err := compareWithBare(ctx, log, big, pl); err != nil {
		return err
	}
	began := time.Now()
	if err := big.multiply(ctx, pl.main, pl.large, byShare); err != nil {
		return err
	}
	log("%s: %d more made in %.1f s", engine, pl.large-pl.main, time.Since(began).Seconds())
	return compareGrowth(ctx, log, small, big, pl)
}

func compareWithBare(ctx context.Context, log func(string, ...any), d database, pl plan) (err error) {
	works, err := workloads(pl.main, pl.accepts)
	if err != nil {
		return err
	}
	p, stop, err := startPair(ctx, d, d, "bare")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var table bytes.Buffer
	t := tabwriter.NewWriter(&table, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tside\treq/s\tp50 ms\tp99 ms\tp99/p50\tCPU µs/req\tof the database\tbytes\t")
	for _, w := range works {
		sizes, err := sameAnswers(p, w)
		if err != nil {
			return err
		}
		a, b, err := p.measure(w, pl)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fa, fb := figuresOf(a), figuresOf(b)
		for i, f := range []figures{fa, fb} {
			fmt.Fprintf(t, "%s\t%s\t%.0f\t%.2f\t%.2f\t%.1f\t%.0f\t%.0f\t%d\t\n", w.name, []string{"product", "bare"}[i], f.rate, f.p50, f.p99, f.tail, f.server, f.database, sizes[i])
		}
		// Each round's two turns stand side by side in time: the ratio is taken round by round.
		i := -1
		ratio := median(a, func(r round) float64 { i++; return r.rate() / b[i].rate() })
		name := d.engine + " " + w.name
		results.add(atLeast(name, fmt.Sprintf("%.0f/s", fa.rate), fmt.Sprintf("%.0f/s", fb.rate), ratio, w.target))
		results.add(atLeast(name+", CPU", fmt.Sprintf("%.0f µs", fa.cpu()), fmt.Sprintf("%.0f µs", fb.cpu()), fb.cpu()/max(fa.cpu(), 1), w.target))
		results.add(atMost(name+", p99/p50", fmt.Sprintf("%.2f/%.2f ms", fa.p99, fa.p50), fmt.Sprintf("%.2f/%.2f ms", fb.p99, fb.p50), fa.tail, 4))
	}
	_ = t.Flush()
	now, peak := memory(p.a.process.pid)
	log("%s, %d cases, %d connections:\n%s", d.engine, pl.main, connections, table.String())
	log("%s: the product holds %.0f MB resident after the load, %.0f MB at its most", d.engine, now, peak)
	if d.engine == "mysql" {
		results.add(atMost("mysql resident memory, MB", fmt.Sprintf("%.0f MB", now), "", now, 80))
	}
	return nil
}

// compareGrowth asks the same of a small and a large database, the product alone.
func compareGrowth(ctx context.Context, log func(string, ...any), small, large database, pl plan) (err error) {
	few, err := workloads(pl.small, 0)
	if err != nil {
		return err
	}
	many, err := workloads(pl.large, 0)
	if err != nil {
		return err
	}
	p, stop, err := startPair(ctx, large, small, "product")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var table bytes.Buffer
	t := tabwriter.NewWriter(&table, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tcases\treq/s\tp50 ms\tp99 ms\tCPU µs/req\tof the database\t")
	for i := range 4 {
		w := many[i]
		w.bare = few[i].product
		a, b, err := p.measure(w, pl)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fa, fb := figuresOf(a), figuresOf(b)
		for i, f := range []figures{fb, fa} {
			fmt.Fprintf(t, "%s\t%d\t%.0f\t%.2f\t%.2f\t%.0f\t%.0f\t\n", w.name, []int{pl.small, pl.large}[i], f.rate, f.p50, f.p99, f.server, f.database)
		}
		growth := fa.cpu() / max(fb.cpu(), 1)
		unit := "%.0f µs"
		if fa.cpu() == 0 { // a system that does not tell
			growth, unit = fb.rate/fa.rate, "%.0f/s"
			fa.server, fb.server = fa.rate, fb.rate
		}
		results.add(atMost(fmt.Sprintf("%s %s, growth %dk → %dk", large.engine, w.name, pl.small/1000, pl.large/1000), fmt.Sprintf(unit, fa.cpu()), fmt.Sprintf(unit, fb.cpu()), growth, 1.5))
	}
	_ = t.Flush()
	log("%s, the product over %d and %d cases:\n%s", large.engine, pl.small, pl.large, table.String())
	return nil
}

// startPair starts the product over a and another role over b.
func startPair(ctx context.Context, a, b database, role string) (p pair, stop func() error, err error) {
	profile := os.Getenv("XIAOPU_BENCH_PROFILE")
	p = pair{a: &side{name: "product"}, b: &side{name: role}, db: a.databaseProcess(ctx)}
	stop = func() error {
		p.a.close()
		p.b.close()
		return errors.Join(p.a.process.stop(), p.b.process.stop())
	}
	if p.a.process, err = spawn("product", job{DSN: a.dsn, Key: signingKey, Profile: profile}); err != nil {
		return p, stop, err
	}
	if p.b.process, err = spawn(role, job{DSN: b.dsn, Key: signingKey, Profile: profile}); err != nil {
		return p, stop, errors.Join(err, stop())
	}
	if err := errors.Join(p.a.connect(), p.b.connect()); err != nil {
		return p, stop, errors.Join(err, stop())
	}
	return p, stop, nil
}

// sameAnswers asks both sides one thing and compares the answers' JSON shapes. It gives their sizes.
func sameAnswers(p pair, w workload) (sizes [2]int, err error) {
	var shapes [2]any
	if w.count > 0 {
		return sizes, nil // a command cannot be given twice; TestBothSides… looks at it
	}
	for i, ask := range []struct {
		address string
		raw     []byte
	}{{p.a.process.Address, w.product[0]}, {p.b.process.Address, w.bare[0]}} {
		body, err := once(ask.address, ask.raw, w.status)
		if err != nil {
			return sizes, fmt.Errorf("%s: %w", w.name, err)
		}
		sizes[i] = len(body)
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			return sizes, fmt.Errorf("%s: %w", w.name, err)
		}
		shapes[i] = v
	}
	return sizes, sameShape(w.name, shapes[0], shapes[1])
}

// sameShape compares two answers: the same fields, the same lengths.
func sameShape(at string, a, b any) error {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: not both objects", at)
		}
		for k, v := range a {
			w, ok := b[k]
			if !ok {
				return fmt.Errorf("%s.%s: the product's alone", at, k)
			}
			if err := sameShape(at+"."+k, v, w); err != nil {
				return err
			}
		}
		for k := range b {
			if _, ok := a[k]; !ok {
				return fmt.Errorf("%s.%s: the bare one's alone", at, k)
			}
		}
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return fmt.Errorf("%s: lists of different length", at)
		}
		for i := range a {
			if err := sameShape(fmt.Sprintf("%s[%d]", at, i), a[i], b[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func BenchmarkHTTP(b *testing.B) {
	bench(b, func(ctx context.Context, k knowledge, dir string) error {
		for _, engine := range engines(b) {
			if err := compareHTTP(ctx, say, k, engine, dir, fullPlan); err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
		}
		return nil
	})
}

// say tells how far the bench is, at once: it takes minutes.
var say = func() func(format string, args ...any) {
	began := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(os.Stdout, "%4.0fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
}()

// bench runs a part of the bench once, however often the tool would run it.
func bench(b *testing.B, part func(ctx context.Context, k knowledge, dir string) error) {
	b.Helper()
	if b.N > 1 {
		b.Skip("measures itself: use -benchtime 1x")
	}
	k, err := learn()
	if err != nil {
		b.Fatal(err)
	}
	if err := part(context.Background(), k, b.TempDir()); err != nil {
		b.Fatal(err)
	}
}

// engines are those that can be measured here.
func engines(b testing.TB) []string {
	if only := os.Getenv("XIAOPU_BENCH_ENGINE"); only != "" {
		return strings.Split(only, ",")
	}
	if os.Getenv("XIAOPU_TEST_MYSQL") == "" {
		b.Log(noServer)
		return []string{"sqlite"}
	}
	return []string{"mysql", "sqlite"}
}
