package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// asProgram makes the test binary behave as xiaopu itself, so that tests can start and kill real processes.
const asProgram = "XIAOPU_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// server is a running `xiaopu serve`.
type server struct {
	cmd     *exec.Cmd
	url     string
	metrics string        // where they are, when asked for
	logs    *bytes.Buffer // read it when the process has ended
	done    chan struct{} // closed when the process has ended
}

func environment(dsn string, more ...string) []string {
	env := []string{asProgram + "=1", "XIAOPU_DB=" + dsn, "XIAOPU_LISTEN=127.0.0.1:0", "XIAOPU_SWEEP_SECONDS=1", "XIAOPU_TOKEN_KEY=" + testKey, "XIAOPU_VAULT_KEYS=" + storetest.Keys, "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	return append(env, more...)
}

func start(t *testing.T, dsn string, more ...string) *server {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{cmd: exec.CommandContext(context.WithoutCancel(t.Context()), self, "serve"), logs: &bytes.Buffer{}, done: make(chan struct{})}
	s.cmd.Env = environment(dsn, more...)
	s.cmd.Dir = t.TempDir()
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill() })
	address := make(chan string, 1)
	go func() {
		defer close(s.done)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			var line struct{ Msg, Listen string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				address <- line.Listen
			} else if line.Msg == "metrics" {
				s.metrics = "http://" + line.Listen + "/metrics"
			}
			s.logs.Write(append(lines.Bytes(), '\n'))
		}
		_ = s.cmd.Wait() // killed on purpose
	}()
	select {
	case a := <-address:
		s.url = "http://" + a
	case <-s.done:
		t.Fatalf("the server did not start:\n%s", s.logs)
	case <-time.After(90 * time.Second):
		t.Fatal("the server does not say where it listens")
	}
	return s
}

// kill is SIGKILL: no handler runs, nothing is flushed.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
}

func program(t *testing.T, dsn string, args ...string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = environment(dsn)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func tinyStreet() workflow.Street {
	post := func(r casework.Role, unit string) []organisation.Post {
		return []organisation.Post{{Role: r, Unit: unit}}
	}
	return workflow.Street{
		Departments: []organisation.Department{{ID: "d-1", Name: "综合行政执法队", DeputyLeader: "p-deputy"}},
		Grids:       []organisation.Grid{{ID: "g-1", Name: "第一网格"}},
		People: []organisation.Person{
			{ID: "p-centre", Name: "王敏", Posts: post(casework.Centre, "")}, {ID: "p-deputy", Name: "陈立", Posts: post(casework.DeputyLeader, "d-1")},
			{ID: "p-head", Name: "李刚", Posts: post(casework.DepartmentHead, "d-1")}, {ID: "p-chief", Name: "赵强", Posts: post(casework.GridChief, "g-1")},
			{ID: "p-liaison", Name: "孙丽", Posts: post(casework.Liaison, "g-1")}, {ID: "p-leader", Name: "郑远", Posts: post(casework.PrincipalLeader, "")},
			{ID: "p-supervisor", Name: "钱进", Posts: post(casework.Supervisor, "")},
		},
	}
}

// prepared migrates the database and gives it the street, at the instant given.
func prepared(t *testing.T, dsn string, now time.Time) (*store.DB, *workflow.Engine) {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, dsn, store.Options{Sealer: storetest.Sealer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	e := workflow.New(db, workflow.Options{Clock: func() time.Time { return now }})
	if err := e.Seed(ctx, nil, casework.DefaultPolicy()); err != nil {
		t.Fatal(err)
	}
	if err := e.LoadOrganisation(ctx, tinyStreet()); err != nil {
		t.Fatal(err)
	}
	return db, e
}

// dispatchedCases stores n cases that wait for d-1 to accept them since the instant given.
func dispatchedCases(t *testing.T, db *store.DB, e *workflow.Engine, n int, since time.Time) []casework.Case {
	t.Helper()
	ctx := context.Background()
	k, err := e.Refresh(ctx)
	if err != nil {
		t.Fatal(err)
	}
	clerk, _ := k.Organisation.Actor("p-centre", since)
	env := casework.Env{Now: since, Calendar: k.Calendar, Policy: casework.DefaultPolicy()}
	var cases []casework.Case
	var made []casework.Decision
	for i := range n {
		c := casework.Case{ID: fmt.Sprintf("case-%05d", i), Number: fmt.Sprintf("NS2026-%06d", 900001+i)} // out of the way of what a test reports
		var all casework.Decision
		for _, cmd := range []casework.Command{
			casework.Register{Report: casework.Report{Title: "路灯不亮", Facts: "一个月了", Place: "东门"}, Reason: "多次来电"},
			casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, GridID: "g-1"},
			casework.Dispatch{LeadDepartmentID: "d-1"},
		} {
			d, err := casework.Decide(c, clerk, cmd, env)
			if err != nil {
				t.Fatal(err)
			}
			c = d.Case
			all.Case, all.Events = d.Case, append(all.Events, d.Events...)
		}
		made, cases = append(made, all), append(cases, c)
	}
	for len(made) > 0 {
		part := made[:min(100, len(made))]
		made = made[len(part):]
		if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, d := range part {
				if err := tx.InsertCase(ctx, d, k.CalendarRevision, since); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return cases
}

// order is one command that a client keeps sending, with the same key, until the server has acknowledged it.
type order struct {
	caseID, path, key string
	body              map[string]any
	acknowledged      bool
}

// TestKilledAtAnyMomentNothingAcknowledgedIsLost kills the server again and again under a stream of commands.
// Whatever was acknowledged is there, and whatever the client repeated with its key happened once.
func TestKilledAtAnyMomentNothingAcknowledgedIsLost(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		now := time.Now()
		db, e := prepared(t, dsn, now)
		const cases, rounds = 12, 6
		list := dispatchedCases(t, db, e, cases, now)
		token, err := program(t, dsn, "user", "token", "p-head")
		if err != nil {
			t.Fatalf("%v: %s", err, token)
		}
		if strings.HasPrefix(dsn, "sqlite:") { // one process at a time, as in service
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		var url atomic.Pointer[string]
		var acknowledged atomic.Int64
		s := start(t, dsn)
		url.Store(&s.url)
		stop := make(chan struct{})
		var clients sync.WaitGroup
		sent := make([][]order, cases)
		for i, c := range list {
			clients.Go(func() {
				version := c.Version
				for n := 0; ; n++ {
					o := order{caseID: c.ID, path: "progress", key: fmt.Sprintf("%s-%d", c.ID, n), body: map[string]any{"version": version, "text": fmt.Sprintf("进展 %d", n)}}
					if n == 0 {
						o.path, o.body = "accept", map[string]any{"version": version, "handler_id": "p-head"}
					}
					for !o.acknowledged {
						select {
						case <-stop:
							sent[i] = append(sent[i], o)
							return
						default:
						}
						v, err := o.send(*url.Load(), token)
						if err != nil {
							time.Sleep(20 * time.Millisecond) // the server is away: send again, with the same key
							continue
						}
						version, o.acknowledged = v, true
					}
					acknowledged.Add(1)
					sent[i] = append(sent[i], o)
				}
			})
		}
		for r := range rounds {
			target := acknowledged.Load() + int64(20+7*r)
			for deadline := time.Now().Add(time.Minute); acknowledged.Load() < target && time.Now().Before(deadline); {
				time.Sleep(time.Millisecond)
			}
			s.kill()
			s = start(t, dsn)
			url.Store(&s.url)
		}
		close(stop)
		clients.Wait()
		s.kill()

		db, err = store.Open(context.Background(), dsn, store.Options{Sealer: storetest.Sealer})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		for i, c := range list {
			events, err := db.Events(context.Background(), c.ID, 0, false, 100000)
			if err != nil {
				t.Fatal(err)
			}
			count := map[string]int{}
			for _, ev := range events {
				var data struct{ Text string }
				if len(ev.Data) > 0 {
					_ = json.Unmarshal(ev.Data, &data)
				}
				count[string(ev.Kind)+data.Text]++
			}
			for n, o := range sent[i] {
				name := "accept"
				if n > 0 {
					name = fmt.Sprint("progress", o.body["text"])
				}
				if got := count[name]; got > 1 || o.acknowledged && got != 1 {
					t.Errorf("%s: %s is there %d times, acknowledged: %v", c.ID, name, got, o.acknowledged)
				}
			}
		}
		t.Logf("%d commands acknowledged over %d kills", acknowledged.Load(), rounds)
		if out, err := program(t, dsn, "audit", "verify"); err != nil {
			t.Errorf("audit: %v\n%s", err, out)
		}
	})
}

var client = &http.Client{Timeout: 10 * time.Second}

func (o *order) send(url, token string) (version int64, err error) {
	body, err := json.Marshal(o.body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/api/v1/cases/"+o.caseID+"/"+o.path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", o.key)
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%d %s", res.StatusCode, text)
	}
	var out struct{ Case struct{ Version int64 } }
	return out.Case.Version, json.Unmarshal(text, &out)
}

// TestThreeServersEscalateEachCaseOnce lets three processes race for 2,000 cases that fell due while none ran.
func TestThreeServersEscalateEachCaseOnce(t *testing.T) {
	const n = 2000
	dsns := storetest.DSNs(t)
	if len(dsns) < 2 {
		t.Skip("three processes share a MariaDB: run `make test`")
	}
	dsn := dsns[1]
	// Ten days ago, so that tier III is over and tier II too: two escalations each, caught up in order.
	since := workday.DateOf(time.Now()).AddDays(-12).At(10 * 60)
	db, e := prepared(t, dsn, since)
	list := dispatchedCases(t, db, e, n, since)
	for range 3 {
		start(t, dsn)
	}
	now := time.Now()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		ids, err := db.DueCases(context.Background(), now, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(ids) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the sweepers do not come to an end")
		}
	}
	escalated := 0
	for _, c := range list {
		events, err := db.Events(context.Background(), c.ID, 0, false, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var tiers []casework.Tier
		for _, ev := range events {
			if ev.Kind != casework.EventEscalated {
				continue
			}
			escalated++
			var data struct{ To casework.Tier }
			if err := json.Unmarshal(ev.Data, &data); err != nil {
				t.Fatal(err)
			}
			tiers = append(tiers, data.To)
			if len(tiers) == 1 && !ev.At.Equal(c.Clocks["stage"].DueAt) {
				t.Errorf("%s escalated at %s, due %s", c.ID, ev.At, c.Clocks["stage"].DueAt)
			}
		}
		if len(tiers) == 0 || tiers[0] != casework.TierII || len(tiers) > 2 {
			t.Errorf("%s: escalated to %v", c.ID, tiers)
		}
		l, err := db.Case(context.Background(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if l.Case.Version != int64(len(events)) {
			t.Errorf("%s: version %d, %d events", c.ID, l.Case.Version, len(events))
		}
	}
	if escalated < n || escalated%n != 0 {
		t.Errorf("%d escalations of %d cases", escalated, n)
	}
	if out, err := program(t, dsn, "audit", "verify"); err != nil {
		t.Errorf("audit: %v\n%s", err, out)
	}
}
