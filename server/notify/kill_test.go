package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// The environment of a process that sends until it is killed.
const (
	killDSN   = "XIAOPU_TEST_NOTIFY_DSN"
	killSite  = "XIAOPU_TEST_NOTIFY_SITE"
	killSince = "XIAOPU_TEST_NOTIFY_SINCE"
)

func TestMain(m *testing.M) {
	if os.Getenv(killDSN) == "" {
		os.Exit(m.Run())
	}
	if err := sendUntilKilled(); err != nil {
		slog.Error("sending", slog.Any("error", err))
		os.Exit(1)
	}
}

// quick is a pace for tests.
var quick = Pace{
	Poll: 10 * time.Millisecond, Send: 300 * time.Millisecond, Lease: 700 * time.Millisecond, Backoff: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond},
	UrgentTries: 3, Confirm: 400 * time.Millisecond, UrgentConfirm: 300 * time.Millisecond, Settle: 100 * time.Millisecond,
}

// officeClock is a clock of several processes that began when the office was open.
func officeClock(since time.Time) func() time.Time {
	return func() time.Time { return tuesday.Add(time.Since(since)) }
}

func sendUntilKilled() error {
	since, err := time.Parse(time.RFC3339Nano, os.Getenv(killSince))
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), os.Getenv(killDSN), store.Options{Logger: slog.New(slog.DiscardHandler), Sealer: storetest.Sealer})
	if err != nil {
		return err
	}
	plan, err := loadShipped()
	if err != nil {
		return err
	}
	clock := officeClock(since)
	memory, err := cache.New(cache.Options{Clock: clock})
	if err != nil {
		return err
	}
	site := os.Getenv(killSite)
	New(Options{
		DB: db, Engine: workflow.New(db, workflow.Options{Clock: clock}), Cache: memory, Book: everybody{}, Plan: plan, Pace: quick, Workers: 8, Logger: slog.New(slog.DiscardHandler),
		Channels: []Channel{overHTTP{&platform{name: Official, repeat: 10 * time.Minute}, site}, overHTTP{&platform{name: Once}, site}, overHTTP{&platform{name: SMS}, site}},
	}).Run(context.Background())
	return nil
}

// everybody can be reached every way.
type everybody struct{}

func (everybody) Reach(_ context.Context, recipient string) (Reach, error) {
	return Reach{OfficialID: "oa-" + recipient, Follows: true, MiniProgram: "mp-" + recipient, Phone: "13800001111"}, nil
}

func (everybody) Unreachable(context.Context, string, string) error { return nil }

// overHTTP sends to a platform that outlives the process.
type overHTTP struct {
	*platform
	site string
}

// Send posts the message.
func (c overHTTP) Send(ctx context.Context, m Message) (string, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.site+"/"+c.name, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	id, err := io.ReadAll(resp.Body)
	if resp.StatusCode == http.StatusServiceUnavailable {
		return "", &Refusal{Class: Retry}
	}
	return string(id), err
}

// site is the platform: it counts what it was asked and what it delivered.
type site struct {
	mu        sync.Mutex
	asked     map[string]int // by key
	delivered map[string]int // by key; of the official account once however often it was asked
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m Message
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	chance := rand.IntN(100)
	time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	if chance < 5 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	s.mu.Lock()
	s.asked[m.Key]++
	if r.URL.Path != "/"+Official || s.delivered[m.Key] == 0 {
		s.delivered[m.Key]++
	}
	s.mu.Unlock()
	if chance < 15 { // the answer gets lost
		time.Sleep(quick.Send + 50*time.Millisecond)
	}
	_, _ = fmt.Fprint(w, "m-", m.Key)
}

func TestKilledAtAnyMomentNothingIsLostOrSentTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		const notices, kills = 400, 16
		db, err := store.Open(t.Context(), dsn, store.Options{Logger: slog.New(slog.DiscardHandler), Sealer: storetest.Sealer})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		e := workflow.New(db, workflow.Options{Clock: officeClock(time.Now())})
		if err := e.Seed(t.Context(), nil, casework.DefaultPolicy()); err != nil {
			t.Fatal(err)
		}
		var rows []store.InboxRow
		for i := range notices {
			n := store.InboxRow{ID: fmt.Sprintf("n-%04d", i), Recipient: "p-1", CaseID: "c-1", Number: "NS2026-000001", Seq: 1, Kind: casework.NoticeEscalated, Urgent: i%4 == 0, CreatedAt: tuesday}
			if i%2 == 1 {
				n.Recipient, n.Kind, n.Urgent = "requester:r-1", casework.NoticeAccepted, false
			}
			rows = append(rows, n)
		}
		const grants = 45
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for i := range grants {
				if _, err := tx.ReportGrant(ctx, AccountIndex(db.Sealer(), "mp-requester:r-1"), store.GrantReport{ID: fmt.Sprint(i), Source: store.FromClient, Template: onceTemplate, Answer: store.GrantAccepted, At: tuesday}); err != nil {
					return err
				}
			}
			return tx.InsertNotices(ctx, rows)
		}); err != nil {
			t.Fatal(err)
		}
		platform := &site{asked: map[string]int{}, delivered: map[string]int{}}
		server := httptest.NewServer(platform)
		defer server.Close()
		began := time.Now().Format(time.RFC3339Nano)
		start := func() *exec.Cmd {
			cmd := exec.Command(os.Args[0]) //nolint:noctx // it is killed below
			cmd.Env = append(os.Environ(), killDSN+"="+dsn, killSite+"="+server.URL, killSince+"="+began)
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			return cmd
		}
		kill := func(c *exec.Cmd) {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
		running := []*exec.Cmd{start(), start()}
		for i := range kills {
			time.Sleep(time.Duration(60+rand.IntN(150)) * time.Millisecond)
			kill(running[i%2])
			running[i%2] = start()
		}
		open := notices
		for end := time.Now().Add(60 * time.Second); open > 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			open = 0
			for _, n := range rows {
				o, err := db.Outgoing(t.Context(), n.ID)
				if err != nil {
					t.Fatal(err)
				}
				if o.State == store.NoticeWaiting {
					open++
				}
			}
		}
		for _, c := range running {
			kill(c)
		}
		if open > 0 {
			t.Fatalf("%d notices are still waiting", open)
		}
		count, spent := map[store.NoticeState]int{}, 0
		for _, n := range rows {
			o, err := db.Outgoing(t.Context(), n.ID)
			if err != nil {
				t.Fatal(err)
			}
			count[o.State]++
			delivered := 0
			for _, channel := range []string{Official, Once, SMS} {
				n := platform.delivered[o.ID+"."+channel]
				if n > 1 {
					t.Errorf("%s went %d times over %s", o.ID, n, channel)
				}
				if channel == Once {
					spent += n
				}
				if n == 0 && o.State == store.NoticeTold && o.Channel == channel {
					t.Errorf("%s is said to be told over %s and was not", o.ID, channel)
				}
				delivered += n
			}
			if delivered > 0 && o.State == store.NoticeUntold {
				t.Errorf("%s is said not to be told and was", o.ID)
			}
		}
		if spent > grants {
			t.Errorf("%d one-time messages with %d grants", spent, grants)
		}
		t.Logf("%d notices, %d kills: %v; %d of %d grants used", notices, kills, count, spent, grants)
	})
}
