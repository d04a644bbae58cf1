package api

import (
	"net/http"
	"strings"
	"testing"

	"xiaopu/server/metrics"
	"xiaopu/server/store/storetest"
)

func TestReadiness(t *testing.T) {
	draining := false
	o := newOffice(t, func(o *Options) {
		o.SweepsHere, o.Draining, o.Metrics = true, func() bool { return draining }, metrics.New("test")
	})
	ready := func() answer { return o.call("", http.MethodGet, "/readyz", nil) }
	if h := ok[Health](ready()); h.Status != "ok" || h.Version != "test" || len(h.Warnings) > 0 {
		t.Errorf("%+v", h)
	}
	o.at("2026-03-02 10:06") // nothing was swept for six minutes
	if h := ok[Health](ready()); h.Status != "degraded" || len(h.Warnings) != 1 || !strings.Contains(h.Warnings[0], "停滞") {
		t.Errorf("%+v", h)
	}
	if _, err := o.engine.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := ok[Health](ready()); h.Status != "ok" {
		t.Errorf("%+v", h)
	}
	draining = true
	ready().refused(http.StatusServiceUnavailable, "serve.draining")
	if h := ok[Health](o.call("", http.MethodGet, "/healthz", nil)); h.Status != "ok" { // it lives
		t.Errorf("%+v", h)
	}
	draining = false
	if _, err := storetest.Raw(t, o.dsn).ExecContext(t.Context(), `DELETE FROM schema_migrations WHERE version > 1`); err != nil {
		t.Fatal(err)
	}
	ready().refused(http.StatusServiceUnavailable, "store.older_tables")
}
