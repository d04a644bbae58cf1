package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

// discard is a response writer that keeps nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkOverhead shows what the HTTP layer (request id, token, permission, decoding, log) costs over a bare gin
// handler that makes the same call and encodes the same JSON.
func BenchmarkOverhead(b *testing.B) {
	o := newOffice(b, func(o *Options) {
		o.Logger = slog.New(slog.NewJSONHandler(io.Discard, nil))
	})
	for range 40 {
		o.dispatched()
	}
	c := o.dispatched()
	actor, _, err := o.engine.Actor(b.Context(), "p-h1")
	if err != nil {
		b.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	bare := gin.New()
	answer := func(g *gin.Context, v any, err error) {
		if err != nil {
			b.Error(err)
		}
		body, err := json.Marshal(v)
		if err != nil {
			b.Error(err)
		}
		g.Data(http.StatusOK, "application/json", body)
	}
	bare.GET("/api/v1/cases", func(g *gin.Context) {
		page, err := o.engine.Cases(g.Request.Context(), actor, workflow.CaseQuery{Status: "dispatched", LeadDepartmentID: g.Query("lead_department_id"), Limit: 20})
		answer(g, page, err)
	})
	bare.GET("/api/v1/cases/:id", func(g *gin.Context) {
		v, err := o.engine.Case(g.Request.Context(), actor, g.Param("id"))
		answer(g, v, err)
	})
	bare.GET("/api/v1/cases/:id/timeline", func(g *gin.Context) {
		v, err := o.engine.Timeline(g.Request.Context(), actor, g.Param("id"), 0, 10, false)
		answer(g, v, err)
	})
	bare.GET("/healthz", func(g *gin.Context) { answer(g, Health{}, nil) })
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	token := "Bearer " + o.token("p-h1")
	for name, path := range map[string]string{
		"nothing":  "/healthz",
		"list":     "/api/v1/cases?status=dispatched&lead_department_id=d-1&limit=20",
		"detail":   "/api/v1/cases/" + c.ID,
		"timeline": "/api/v1/cases/" + c.ID + "/timeline?limit=10",
	} {
		for _, h := range []struct {
			name    string
			handler http.Handler
		}{{"whole", o.handler}, {"bare", bare}} {
			b.Run(name+"/"+h.name, func(b *testing.B) {
				b.ReportAllocs()
				before := cpuTime(b)
				for b.Loop() {
					// A server's requests can be cancelled, which costs the driver something.
					r := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
					r.Header.Set("Authorization", token)
					h.handler.ServeHTTP(&discard{http.Header{}}, r)
				}
				b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// BenchmarkCommand is the same for a command, which is mostly its transaction.
func BenchmarkCommand(b *testing.B) {
	o := newOffice(b, func(o *Options) {
		o.Logger = slog.New(slog.NewJSONHandler(io.Discard, nil))
	})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	token := "Bearer " + o.token("p-cy")
	actor, _, err := o.engine.Actor(ctx, "p-cy")
	if err != nil {
		b.Fatal(err)
	}
	whole := func(id string, version int64) {
		body := strings.NewReader(fmt.Sprintf(`{"version":%d,"text":"请抓紧办理"}`, version))
		r := httptest.NewRequest(http.MethodPost, "/api/v1/cases/"+id+"/remind", body).WithContext(ctx)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", token)
		w := httptest.NewRecorder()
		o.handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
	bare := func(id string, version int64) {
		out, err := o.engine.Do(ctx, workflow.Request{Actor: actor, CaseID: id, Version: version, Command: casework.Remind{Text: "请抓紧办理"}})
		if err != nil {
			b.Fatal(err)
		}
		v, err := o.engine.Shown(ctx, actor, out.Case)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := json.Marshal(v); err != nil {
			b.Fatal(err)
		}
	}
	for name, do := range map[string]func(string, int64){"whole": whole, "bare": bare} {
		b.Run(name, func(b *testing.B) {
			c := o.dispatched()
			version := c.Version
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				do(c.ID, version)
				version++
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpuTime is what the process has used so far: on a busy machine it says more than the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
