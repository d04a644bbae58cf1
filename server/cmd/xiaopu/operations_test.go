package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workday"
)

// call sends a request with a token and decodes the answer; status 0 is a connection that failed.
func (s *server) call(method, path, token, key string, body, into any) (status int, text string) {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, err.Error()
		}
		sent = bytes.NewReader(raw)
	}
	return s.send(method, path, token, key, "application/json", sent, into)
}

func (s *server) send(method, path, token, key, contentType string, body io.Reader, into any) (status int, text string) {
	req, err := http.NewRequestWithContext(context.Background(), method, s.url+path, body)
	if err != nil {
		return 0, err.Error()
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", contentType)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	if into != nil && res.StatusCode/100 == 2 {
		if err := json.Unmarshal(raw, into); err != nil {
			return 0, err.Error()
		}
	}
	return res.StatusCode, string(raw)
}

func upload(t *testing.T, text string) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	part, err := w.CreateFormFile("file", "export.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body, w.FormDataContentType()
}

func token(t *testing.T, dsn, who string) string {
	t.Helper()
	text, err := program(t, dsn, "user", "token", who)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return text
}

// within waits until ok, for as long as a minute.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// A server told to stop while it sweeps, imports, takes a slow upload and serves commands ends well within ten seconds. What
// it acknowledged is there; the next one goes on where it stopped.
func TestAServerToldToStopEndsWellWithinTenSeconds(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		const due, rows = 1500, 20_000
		since := workday.DateOf(time.Now()).AddDays(-12).At(10 * 60)
		db, e := prepared(t, dsn, since)
		dispatchedCases(t, db, e, due, since)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		centre, liaison := token(t, dsn, "p-centre"), token(t, dsn, "p-liaison")
		var file strings.Builder
		file.WriteString("工单编号,受理时间,标题,内容描述,诉求地址\n")
		for i := range rows {
			fmt.Fprintf(&file, "2026%08d,%s 08:00,路灯不亮,一个月了,奉浦大道%d号\n", i, time.Now().AddDate(0, 0, -1).Format(time.DateOnly), i)
		}
		s := start(t, dsn)
		body, contentType := upload(t, file.String())
		var job struct {
			ID, State string
			Rows      int
		}
		if status, text := s.send(http.MethodPost, "/api/v1/imports", centre, "", contentType, body, &job); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, text)
		}
		// A file that comes in drop by drop.
		slow, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = slow.Close() }()
		if _, err := fmt.Fprintf(slow, "POST /api/v1/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n--x\r\n", centre); err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				if _, err := slow.Write([]byte(" ")); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}()
		var acknowledged []string
		var stop atomic.Bool
		var reporter sync.WaitGroup
		reporter.Go(func() {
			for i := 0; !stop.Load(); i++ {
				var out struct{ Case struct{ Number string } }
				status, _ := s.call(http.MethodPost, "/api/v1/cases", liaison, fmt.Sprint("key-", i), map[string]any{"title": fmt.Sprint("上报 ", i), "facts": "现场查看", "place": "东门", "grid_id": "g-1"}, &out)
				if status == http.StatusCreated {
					acknowledged = append(acknowledged, out.Case.Number)
				}
			}
		})
		within(t, "the import is under way", func() bool {
			s.call(http.MethodGet, "/api/v1/imports/"+job.ID, centre, "", nil, &job)
			return job.Rows > 0
		})
		if job.Rows >= rows {
			t.Fatal("the import is over before the server is stopped")
		}
		stopped := time.Now()
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		told := false
		for !told && time.Since(stopped) < drainFor {
			status, text := s.call(http.MethodGet, "/readyz", "", "", nil, nil)
			told = status == http.StatusServiceUnavailable && strings.Contains(text, "serve.draining")
		}
		if !told {
			t.Error("readyz does not say that the server is about to stop")
		}
		select {
		case <-s.done:
		case <-time.After(shutdownWithin + 10*time.Second):
			t.Fatal("the server does not end")
		}
		took := time.Since(stopped)
		stop.Store(true)
		reporter.Wait()
		if took > shutdownWithin || !s.cmd.ProcessState.Success() {
			t.Fatalf("exit %d after %s:\n%s", s.cmd.ProcessState.ExitCode(), took, tail(s.logs))
		}
		if len(acknowledged) == 0 {
			t.Fatal("nothing was acknowledged")
		}

		s = start(t, dsn)
		within(t, "the import is finished by the next server", func() bool {
			s.call(http.MethodGet, "/api/v1/imports/"+job.ID, centre, "", nil, &job)
			return job.State == string(store.ImportFinished)
		})
		if job.Rows != rows {
			t.Errorf("%d rows of %d", job.Rows, rows)
		}
		for _, number := range acknowledged {
			if status, text := s.call(http.MethodGet, "/api/v1/cases/"+number, centre, "", nil, nil); status != http.StatusOK {
				t.Fatalf("%s was acknowledged: %d %s", number, status, text)
			}
		}
		s.kill()
		if out, err := program(t, dsn, "audit", "verify"); err != nil {
			t.Errorf("audit: %v\n%s", err, out)
		}
		t.Logf("stopped in %s with %d of %d rows in, %d reports acknowledged", took.Round(time.Millisecond), job.Rows, rows, len(acknowledged))
	})
}

func tail(b *bytes.Buffer) string {
	text := b.String()
	return text[max(0, len(text)-4000):]
}

// gate lets connections through to another address, or cuts them all.
type gate struct {
	listener net.Listener
	to       string

	mu     sync.Mutex
	closed bool
	conns  []net.Conn
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	g := &gate{listener: l, to: to}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			g.pass(in)
		}
	}()
	return g
}

func (g *gate) pass(in net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", g.to)
	if g.closed || err != nil {
		_ = in.Close()
		return
	}
	g.conns = append(g.conns, in, out)
	go func() { _, _ = io.Copy(out, in) }()
	go func() { _, _ = io.Copy(in, out) }()
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = !open
	if !open {
		for _, c := range g.conns {
			_ = c.Close()
		}
		g.conns = nil
	}
}

// While Redis is away the server goes on: commands, sign-ins with their limits, dry runs. Nothing is lost, the log says it
// once a minute and not more, and once when Redis is back; metrics tell it too.
func TestRedisAwayTheServerGoesOn(t *testing.T) {
	redis := os.Getenv("XIAOPU_TEST_REDIS")
	if redis == "" {
		t.Skip("no Redis: run make test")
	}
	g := newGate(t, strings.TrimSuffix(strings.TrimPrefix(redis, "redis://"), "/0"))
	dsn := storetest.DSNs(t)[0]
	db, _ := prepared(t, dsn, time.Now())
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	centre, liaison := token(t, dsn, "p-centre"), token(t, dsn, "p-liaison")
	s := start(t, dsn, "XIAOPU_REDIS=redis://"+g.listener.Addr().String()+"/0", "XIAOPU_METRICS_LISTEN=127.0.0.1:0", "XIAOPU_LOG_LEVEL=debug")
	var acknowledged []string
	work := func(n int) {
		t.Helper()
		for i := range n {
			var out struct{ Case struct{ Number string } }
			status, text := s.call(http.MethodPost, "/api/v1/cases", liaison, fmt.Sprint("key-", len(acknowledged)), map[string]any{"title": "路灯不亮", "facts": "现场查看", "place": "东门", "grid_id": "g-1"}, &out)
			if status != http.StatusCreated {
				t.Fatalf("%d %s", status, text)
			}
			acknowledged = append(acknowledged, out.Case.Number)
			s.call(http.MethodPost, "/api/v1/auth/login", "", "", map[string]any{"login": fmt.Sprint("nobody-", n, "-", i), "password": "wrong password 1"}, nil)
			triggers := map[string]any{"unaccepted": 3, "reassigned": 3, "dissatisfied": true, "burst_tickets": i + 1, "burst_min_people": 1, "hot_tickets": 10, "hot_days": 7, "long_unresolved_days": 30, "cross": true}
			if status, text := s.call(http.MethodPost, "/api/v1/policies/dry-run", centre, "", map[string]any{"triggers": triggers}, nil); status != http.StatusOK {
				t.Fatalf("%d %s", status, text)
			}
		}
	}
	cacheAway := func(want string) func() bool {
		return func() bool {
			work(1)
			return strings.Contains(get(t, s.metrics), "\nxiaopu_cache_away "+want+"\n")
		}
	}
	work(5)
	if !cacheAway("0")() {
		t.Error("metrics say that Redis is away")
	}
	g.set(false)
	began := time.Now()
	within(t, "metrics tell that Redis is away", cacheAway("1"))
	for time.Since(began) < 6*time.Second {
		work(2)
	}
	// Its limits hold all the same, in this process's memory: of one address's attempts some are refused unheard.
	limited := 0
	for i := range 45 {
		if status, _ := s.call(http.MethodPost, "/api/v1/auth/login", "", "", map[string]any{"login": fmt.Sprint("nobody-", i), "password": "wrong password 1"}, nil); status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 {
		t.Error("no limit on sign-ins while Redis is away")
	}
	g.set(true)
	within(t, "metrics tell that Redis is back", cacheAway("0"))
	work(3)
	if status, text := s.call(http.MethodGet, "/readyz", "", "", nil, nil); status != http.StatusOK || !strings.Contains(text, `"ok"`) {
		t.Errorf("%d %s", status, text)
	}
	for _, number := range acknowledged {
		if status, text := s.call(http.MethodGet, "/api/v1/cases/"+number, centre, "", nil, nil); status != http.StatusOK {
			t.Fatalf("%s was acknowledged: %d %s", number, status, text)
		}
	}
	s.kill()
	logs := s.logs.String()
	if away, back := strings.Count(logs, "redis does not answer"), strings.Count(logs, "redis is back"); away != 1 || back != 1 {
		t.Errorf("the log says %d times that Redis is away and %d times that it is back", away, back)
	}
	t.Logf("%d commands acknowledged", len(acknowledged))
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.StatusCode, err)
	}
	return string(text)
}

// Metrics are on their own listener, count what was done, and know nothing of whom: no name, phone, id or path.
func TestMetricsAreServedApart(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		since := workday.DateOf(time.Now()).AddDays(-12).At(10 * 60)
		db, e := prepared(t, dsn, since)
		cases := dispatchedCases(t, db, e, 3, since)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		liaison := token(t, dsn, "p-liaison")
		s := start(t, dsn, "XIAOPU_METRICS_LISTEN=127.0.0.1:0")
		s.call(http.MethodPost, "/api/v1/cases", liaison, "", map[string]any{"title": "来电13800001111", "facts": "王大明反映", "place": "东门", "grid_id": "g-1"}, nil)
		s.call(http.MethodGet, "/api/v1/cases/13800001111", liaison, "", nil, nil)
		s.call(http.MethodGet, "/nowhere/13800001111", liaison, "", nil, nil)
		s.call(http.MethodPost, "/api/v1/auth/login", "", "", map[string]any{"login": "13800001111", "password": "wrong password 1"}, nil)
		s.call(http.MethodPost, "/api/v1/cases/"+cases[0].ID+"/accept", liaison, "", map[string]any{"version": 1, "handler_id": "p-head"}, nil)
		if status, _ := s.call(http.MethodGet, "/metrics", "", "", nil, nil); status != http.StatusNotFound {
			t.Errorf("the public listener answers /metrics with %d", status)
		}
		within(t, "the due cases are swept", func() bool { return strings.Contains(get(t, s.metrics), "\nxiaopu_sweep_cases_total 3\n") })
		text := get(t, s.metrics)
		for _, part := range []string{
			`xiaopu_http_requests_total{method="POST",route="/api/v1/cases",status="201"} 1`, `xiaopu_http_requests_total{method="GET",route="/api/v1/cases/:id",status="404"} 1`,
			`xiaopu_http_requests_total{method="GET",route="none",status="404"} 2`, `xiaopu_http_request_seconds_count{method="POST",route="/api/v1/cases"} 1`,
			`xiaopu_commands_total{command="report",outcome="done"} 1`, `xiaopu_commands_total{command="accept",outcome="`, `xiaopu_sweep_failures_total 0`,
			`xiaopu_deadline_lag_seconds 0`, `xiaopu_outbox_waiting `, `xiaopu_outbox_oldest_seconds `, `xiaopu_sign_ins_total{outcome="`, `xiaopu_imports_running 0`, `xiaopu_reviews_waiting 0`, `xiaopu_reviews_oldest_seconds 0`, `xiaopu_streams_open 0`, `xiaopu_stream_changes_dropped_total 0`,
			`xiaopu_cache_away 0`, `xiaopu_db_connections_max `, `xiaopu_build_info{`, `go_goroutines `,
		} {
			if !strings.Contains(text, "\n"+part) {
				t.Errorf("no %s", part)
			}
		}
		for _, secret := range []string{"13800001111", "王大明", "p-liaison", "liaison", cases[0].ID, cases[0].Number, "g-1"} {
			if strings.Contains(text, secret) {
				t.Errorf("metrics know %s", secret)
			}
		}
		s.kill()
		if strings.Contains(s.logs.String(), "panic") {
			t.Error(tail(s.logs))
		}
	})
}

// A taken address for metrics stops the start with one line.
func TestMetricsAddressTaken(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	env := append(fresh(t), "XIAOPU_LISTEN=127.0.0.1:0", "XIAOPU_METRICS_LISTEN="+l.Addr().String())
	if code, _, errs := xiaopu(t, env, "serve"); code != exitError || !strings.Contains(errs, "XIAOPU_METRICS_LISTEN") {
		t.Errorf("exit %d %s", code, errs)
	}
}
