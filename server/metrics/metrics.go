// Package metrics counts what the system does and tells it to Prometheus.
//
// # The model
//
// What happens is counted as it happens (requests, commands, sweeps, rows, sign-ins); what is a state is looked at when
// somebody scrapes (deadlines, outbox, connections), from Sources. All names begin with xiaopu_.
//
// Labels come from the program alone: route templates, command names, error codes. Nothing that a person typed and no id
// becomes a label, so the number of series is bounded by the program's text.
//
// # Failure
//
// Counting cannot fail and a nil *Metrics counts nothing. A state that cannot be read within a few seconds is left out of the
// scrape; the others are told.
package metrics

import (
	"context"
	"database/sql"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts. It is safe for concurrent use; nil counts nothing.
type Metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec
	latency   *prometheus.HistogramVec
	commands  *prometheus.CounterVec
	swept     prometheus.Gauge
	ticked    prometheus.Counter
	unticked  prometheus.Counter
	importing prometheus.Gauge
	rows      *prometheus.CounterVec
	signIns   *prometheus.CounterVec
	audited   *prometheus.CounterVec
	notices   *prometheus.CounterVec
	settled   *prometheus.CounterVec
	quota     *prometheus.GaugeVec
}

// Sources are the states that are looked at when somebody scrapes. One that is nil is not told.
type Sources struct {
	// Deadlines gives now and the earliest instant at which something on a case falls due; zero for none.
	Deadlines func(ctx context.Context) (now, earliest time.Time, err error)
	// Outbox gives how many notices wait to be sent, up to a bound, and since when the oldest of them does.
	Outbox func(ctx context.Context) (waiting int, oldest, now time.Time, err error)
	// Reviews gives how much of what residents brought waits for a person, up to a bound, and since when the oldest of it does.
	Reviews func(ctx context.Context) (waiting int, oldest, now time.Time, err error)
	// Streams gives how many clients listen to live changes here, and how many changes found no room with one since the start.
	Streams func() (open int, dropped int64)
	// CacheAway tells whether a Redis that is configured does not answer.
	CacheAway func() bool
	// Database is the pool that serves reads.
	Database func() sql.DBStats
}

// New makes a Metrics for this version of the program.
func New(version string) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "xiaopu_" + name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("http_requests_total", "Requests by route template, method and status.", "route", "method", "status"),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "xiaopu_http_request_seconds", Help: "How long requests took.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30},
		}, []string{"route", "method"}),
		commands: counter("commands_total", "Commands on cases by name and outcome: done, replayed, or the error's code.", "command", "outcome"),
		swept:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "xiaopu_sweep_last_success_timestamp_seconds", Help: "When a sweep of this process last ended well; 0 for never."}),
		ticked:   prometheus.NewCounter(prometheus.CounterOpts{Name: "xiaopu_sweep_cases_total", Help: "Cases on which something had fallen due."}),
		unticked: prometheus.NewCounter(prometheus.CounterOpts{Name: "xiaopu_sweep_failures_total", Help: "Cases that gave an error when swept."}),
		importing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "xiaopu_imports_running", Help: "Imports that this process works on.",
		}),
		rows:    counter("tickets_total", "Tickets taken in, by result: created, updated, unchanged, rejected.", "result"),
		signIns: counter("sign_ins_total", "Attempts to sign in, by outcome: done, or the reason why not.", "outcome"),
		audited: counter("audited_total", "Entries of the audit log by action.", "action"),
		notices: counter("notice_messages_total", "Messages of notices by channel and outcome: sent, or the class of the refusal.", "channel", "outcome"),
		settled: counter("notices_settled_total", "Notices that did not go out over a channel, by what became of them: told (in the inbox), unconfirmed, untold.", "state"),
	}
	m.quota = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "xiaopu_notice_quota_used_ratio", Help: "How much of a platform's messages of today is used, as this process last knew it: 0 to 1."}, []string{"quota"})
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "xiaopu_build_info", Help: "1, labelled with the version of the program and of Go."}, []string{"version", "go"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(
		m.requests, m.latency, m.commands, m.swept, m.ticked, m.unticked, m.importing, m.rows, m.signIns, m.audited, m.notices, m.settled, m.quota, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Watch begins to tell the states too. It may be called once.
func (m *Metrics) Watch(s Sources) { m.registry.MustRegister(states{s}) }

// Handler serves what Prometheus scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Timeout: 2 * stateTimeout})
}

// Request counts a request. route is the template, never the path.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(route, known(method), strconv.Itoa(status)).Inc()
	m.latency.WithLabelValues(route, known(method)).Observe(took.Seconds())
}

// known keeps a method that a client made up from becoming a label.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions:
		return method
	}
	return "other"
}

// Command counts a command.
func (m *Metrics) Command(name, outcome string) {
	if m != nil {
		m.commands.WithLabelValues(name, outcome).Inc()
	}
}

// Swept counts a sweep that ended; at is when, zero for one that failed as a whole.
func (m *Metrics) Swept(at time.Time, cases, failed int) {
	if m == nil {
		return
	}
	m.ticked.Add(float64(cases))
	m.unticked.Add(float64(failed))
	if !at.IsZero() {
		m.swept.Set(float64(at.UnixMilli()) / 1000)
	}
}

// Importing notes that an import begins here; the function that it gives, that it ends.
func (m *Metrics) Importing() (ended func()) {
	if m == nil {
		return func() {}
	}
	m.importing.Inc()
	return m.importing.Dec
}

// Tickets counts tickets taken in with one result.
func (m *Metrics) Tickets(result string, n int) {
	if m != nil && n > 0 {
		m.rows.WithLabelValues(result).Add(float64(n))
	}
}

// Audited counts an entry of the audit log; outcome is "" for what was done. Attempts to sign in are told by outcome.
func (m *Metrics) Audited(action, outcome string) {
	if m == nil {
		return
	}
	m.audited.WithLabelValues(action).Inc()
	if action == "session.start" {
		if outcome == "" {
			outcome = "done"
		}
		m.signIns.WithLabelValues(outcome).Inc()
	}
}

// Notice counts a message sent over a channel, or refused.
func (m *Metrics) Notice(channel, outcome string) {
	if m != nil {
		m.notices.WithLabelValues(channel, outcome).Inc()
	}
}

// NoticeSettled counts a notice that went out over no channel, by what became of it.
func (m *Metrics) NoticeSettled(state string) {
	if m != nil {
		m.settled.WithLabelValues(state).Inc()
	}
}

// QuotaUsed notes how much of a quota of today is used, from 0 to 1.
func (m *Metrics) QuotaUsed(quota string, share float64) {
	if m != nil {
		m.quota.WithLabelValues(quota).Set(share)
	}
}

// stateTimeout bounds the look at one state.
const stateTimeout = 3 * time.Second

// states looks at Sources when Prometheus asks.
type states struct{ s Sources }

var (
	lag     = describe("deadline_lag_seconds", "How long the earliest deadline that has passed waits to be acted on; 0 when none does.")
	waiting = describe("outbox_waiting", "Notices that are due to be sent, counted up to 1000.")
	age     = describe("outbox_oldest_seconds", "How long the first of the notices that are due waits to be sent.")
	review  = describe("reviews_waiting", "What residents brought and a person must look at, counted up to 1000.")
	reviews = describe("reviews_oldest_seconds", "How long the first of it waits.")
	streams = describe("streams_open", "Clients of this process that listen to live changes.")
	dropped = describe("stream_changes_dropped_total", "Changes that found no room with a client that did not read fast enough: it was told to load anew.")
	away    = describe("cache_away", "1 while Redis is configured and does not answer.")
	opened  = describe("db_connections", "Connections of the reading pool, by state.", "state")
	limit   = describe("db_connections_max", "The most connections of the reading pool.")
	waits   = describe("db_waits_total", "How often a read waited for a connection.")
	waited  = describe("db_wait_seconds_total", "How long reads waited for a connection.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("xiaopu_"+name, help, labels, nil)
}

// Describe is part of prometheus.Collector.
func (c states) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lag, waiting, age, review, reviews, streams, dropped, away, opened, limit, waits, waited} {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (c states) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
	defer cancel()
	if c.s.Deadlines != nil {
		if now, earliest, err := c.s.Deadlines(ctx); err == nil {
			gauge(lag, since(earliest, now))
		}
	}
	if c.s.Outbox != nil {
		if n, oldest, now, err := c.s.Outbox(ctx); err == nil {
			gauge(waiting, float64(n))
			gauge(age, since(oldest, now))
		}
	}
	if c.s.Reviews != nil {
		if n, oldest, now, err := c.s.Reviews(ctx); err == nil {
			gauge(review, float64(n))
			gauge(reviews, since(oldest, now))
		}
	}
	if c.s.Streams != nil {
		open, lost := c.s.Streams()
		gauge(streams, float64(open))
		out <- prometheus.MustNewConstMetric(dropped, prometheus.CounterValue, float64(lost))
	}
	if c.s.CacheAway != nil {
		v := 0.0
		if c.s.CacheAway() {
			v = 1
		}
		gauge(away, v)
	}
	if c.s.Database != nil {
		s := c.s.Database()
		gauge(opened, float64(s.InUse), "in_use")
		gauge(opened, float64(s.Idle), "idle")
		gauge(limit, float64(s.MaxOpenConnections))
		out <- prometheus.MustNewConstMetric(waits, prometheus.CounterValue, float64(s.WaitCount))
		out <- prometheus.MustNewConstMetric(waited, prometheus.CounterValue, s.WaitDuration.Seconds())
	}
}

// since is how long ago an instant was; 0 for none and for one to come.
func since(at, now time.Time) float64 {
	if at.IsZero() || !now.After(at) {
		return 0
	}
	return now.Sub(at).Seconds()
}
