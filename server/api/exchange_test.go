package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

func TestRequestID(t *testing.T) {
	o := newOffice(t)
	for given, kept := range map[string]bool{
		"":                      false,
		"0123456789abcdef":      true,
		"req_1.2-3":             true,
		"short":                 false,
		strings.Repeat("x", 65): false,
		"line\nbreak-in-it":     false,
		"中文的请求编号":               false,
		`quote"quote"`:          false,
		"13812345678":           false,
		"call-13812345678":      false,
		"31022619580312456X":    false,
	} {
		a := o.call("", http.MethodGet, "/healthz", nil, "X-Request-ID", given)
		got := a.header.Get("X-Request-Id")
		if (got == given) != kept || !saneID.MatchString(got) {
			t.Errorf("%q became %q", given, got)
		}
	}
}

func TestHeaders(t *testing.T) {
	o := newOffice(t)
	for _, a := range []answer{o.get("p-cy", "/me"), o.get("", "/me"), o.call("", http.MethodGet, "/nothing", nil)} {
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", a.what, name, got, want)
			}
		}
		if a.header.Get("Content-Length") == "" || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", a.what, a.header)
		}
	}
	if v := fixedHeaders["Cache-Control"]; len(v) != 1 || v[0] != "no-store" {
		t.Errorf("the shared headers were changed: %v", fixedHeaders)
	}
}

// The log says who did what to which case, and nothing that a person typed.
func TestAccessLogHasNoPersonalData(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	o.log.Reset()
	o.do("p-h1", c, "accept", fields{"handler_id": "p-w1"})
	o.get("p-cy", "/tickets?order_no=13812345678")
	o.get("p-cy", "/cases/13812345678")
	o.get("p-cy", "/cases?cursor=13812345678")
	o.call("", http.MethodGet, "/13812345678", nil)
	o.post("p-gl", "/cases", `{"title":"13812345678","facts":"13812345678","place":"沈阿婆家"`)
	log := o.log.String()
	for _, secret := range []string{"13812345678", "沈阿婆", "李刚", "handler_id", "Bearer", o.token("p-h1")} {
		if strings.Contains(log, secret) {
			t.Errorf("%s is in the log:\n%s", secret, log)
		}
	}
	var line struct {
		Msg, Method, Route, Actor, Case, Reason string
		RequestID                               string `json:"request_id"`
		Status                                  int
		MS                                      *float64
	}
	first, _, _ := strings.Cut(log, "\n")
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatal(err)
	}
	if line.Route != "/api/v1/cases/:id/accept" || line.Actor != "p-h1" || line.Case != c.ID || line.Status != http.StatusOK || line.RequestID == "" || line.MS == nil || line.Method != http.MethodPost {
		t.Errorf("%s", first)
	}
	if !strings.Contains(log, `"reason":"case.not_found"`) || !strings.Contains(log, `"route":"none"`) {
		t.Errorf("refusals are told with their reason:\n%s", log)
	}
}

func TestHealth(t *testing.T) {
	db := storetest.Open(t)
	o := newOffice(t)
	if h := ok[Health](o.call("", http.MethodGet, "/healthz", nil)); h.Status != "ok" || h.Version != "test" {
		t.Errorf("%+v", h)
	}
	ok[Health](o.call("", http.MethodGet, "/readyz", nil))
	engine := workflow.New(db, workflow.Options{Clock: o.clock})
	broken := &office{t: t, handler: NewHandler(Options{Engine: engine, Signer: o.signer}), signer: o.signer}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest(http.MethodGet, "/readyz", nil).WithContext(ctx)
	if a := broken.send(r); a.status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestEveryCodeHasAStatus(t *testing.T) {
	for _, code := range []apperr.Code{
		apperr.InvalidArgument, apperr.Unauthenticated, apperr.PermissionDenied, apperr.NotFound, apperr.AlreadyExists, apperr.Aborted,
		apperr.FailedPrecondition, apperr.ResourceExhausted, apperr.Unavailable, apperr.Internal,
	} {
		if statuses[code] == 0 {
			t.Errorf("%s has no status", code)
		}
	}
	if p := newProblem(&exchange{}, apperr.New("new_code", "x", "新的")); p.Status != http.StatusInternalServerError || p.Code != apperr.Internal || p.Message == "新的" {
		t.Errorf("%+v", p)
	}
}
