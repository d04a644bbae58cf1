package metrics_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"xiaopu/server/metrics"
)

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

func TestWhatHappensIsCounted(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	m := metrics.New("v1")
	m.Request("/api/v1/cases/:id", http.MethodGet, 200, 3*time.Millisecond)
	m.Request("/api/v1/cases/:id", http.MethodGet, 404, 3*time.Millisecond)
	m.Request("none", "BREW", 405, time.Second)
	m.Command("accept", "done")
	m.Command("accept", "aborted")
	m.Swept(now, 7, 1)
	m.Swept(time.Time{}, 2, 0)
	ended := m.Importing()
	m.Importing()
	ended()
	m.Tickets("created", 500)
	m.Tickets("rejected", 0)
	m.Audited("session.start", "")
	m.Audited("session.start", "wrong_password")
	m.Audited("ticket.unmask", "")
	broken := errors.New("away")
	m.Watch(metrics.Sources{
		Deadlines: func(context.Context) (time.Time, time.Time, error) { return now, now.Add(-90 * time.Second), nil },
		Outbox:    func(context.Context) (int, time.Time, time.Time, error) { return 0, now, now, broken },
		Reviews:   func(context.Context) (int, time.Time, time.Time, error) { return 3, now.Add(-time.Hour), now, nil },
		Streams:   func() (int, int64) { return 5, 7 },
		CacheAway: func() bool { return true },
		Database: func() sql.DBStats {
			return sql.DBStats{MaxOpenConnections: 32, InUse: 3, Idle: 2, WaitCount: 4, WaitDuration: time.Second}
		},
	})
	text := scrape(t, m)
	for _, line := range []string{
		`xiaopu_http_requests_total{method="GET",route="/api/v1/cases/:id",status="200"} 1`,
		`xiaopu_http_requests_total{method="GET",route="/api/v1/cases/:id",status="404"} 1`,
		`xiaopu_http_requests_total{method="other",route="none",status="405"} 1`,
		`xiaopu_http_request_seconds_bucket{method="GET",route="/api/v1/cases/:id",le="0.005"} 2`,
		`xiaopu_commands_total{command="accept",outcome="done"} 1`,
		`xiaopu_commands_total{command="accept",outcome="aborted"} 1`,
		`xiaopu_sweep_last_success_timestamp_seconds 1.772442e+09`,
		`xiaopu_sweep_cases_total 9`,
		`xiaopu_sweep_failures_total 1`,
		`xiaopu_imports_running 1`,
		`xiaopu_tickets_total{result="created"} 500`,
		`xiaopu_sign_ins_total{outcome="done"} 1`,
		`xiaopu_sign_ins_total{outcome="wrong_password"} 1`,
		`xiaopu_audited_total{action="ticket.unmask"} 1`,
		`xiaopu_deadline_lag_seconds 90`,
		`xiaopu_cache_away 1`,
		`xiaopu_reviews_waiting 3`,
		`xiaopu_reviews_oldest_seconds 3600`,
		`xiaopu_streams_open 5`,
		`xiaopu_stream_changes_dropped_total 7`,
		`xiaopu_db_connections{state="in_use"} 3`,
		`xiaopu_db_waits_total 4`,
		`xiaopu_build_info{go="go1.`,
		`go_goroutines `,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
	for _, part := range []string{"xiaopu_outbox_waiting ", `result="rejected"`} { // what cannot be read, and what did not happen
		if strings.Contains(text, "\n"+part) {
			t.Errorf("%s is told", part)
		}
	}
}

func TestNoMetricsCountNothing(t *testing.T) {
	var m *metrics.Metrics
	m.Request("x", "GET", 200, 0)
	m.Command("x", "done")
	m.Swept(time.Time{}, 1, 1)
	m.Importing()()
	m.Tickets("created", 1)
	m.Audited("session.start", "")
}

// BenchmarkRequest is what a request pays for being counted.
func BenchmarkRequest(b *testing.B) {
	m := metrics.New("v1")
	for b.Loop() {
		m.Request("/api/v1/cases/:id", http.MethodGet, 200, 3*time.Millisecond)
	}
}
