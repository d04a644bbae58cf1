package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The preview is there only where it was asked for.
func TestPreview(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"index.html": "<p>frame</p>", "app.js": "1", "secret.txt": "no"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	standIn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, `{"path":"`+r.URL.Path+`","phone":`+string(body)+`}`) // a test's own client
	}))
	defer standIn.Close()

	without := NewHandler(Options{})
	with := NewHandler(Options{Preview: &Preview{Dir: dir, StandIn: standIn.URL, People: []PreviewPerson{{ID: "p-1", Name: "马国梁", Role: "负责人"}}}})
	empty := NewHandler(Options{Preview: &Preview{Dir: filepath.Join(dir, "none")}})
	for name, tc := range map[string]struct {
		handler      http.Handler
		method, path string
		status       int
		has          string
	}{
		"nothing without it":              {without, http.MethodGet, "/m/", http.StatusNotFound, "request.no_route"},
		"no order without it":             {without, http.MethodPost, "/m/wechat/login", http.StatusNotFound, "request.no_route"},
		"the address without a slash":     {with, http.MethodGet, "/m", http.StatusFound, ""},
		"the frame":                       {with, http.MethodGet, "/m/", http.StatusOK, "frame"},
		"a file":                          {with, http.MethodGet, "/m/app.js", http.StatusOK, "1"},
		"a file of another kind":          {with, http.MethodGet, "/m/secret.txt", http.StatusNotFound, "request.no_route"},
		"a file outside":                  {with, http.MethodGet, "/m/..%2f..%2fetc%2fpasswd.js", http.StatusNotFound, "request.no_route"},
		"one that was not built":          {empty, http.MethodGet, "/m/", http.StatusNotFound, "make preview"},
		"the people":                      {with, http.MethodGet, "/m/people", http.StatusOK, "马国梁"},
		"no people without phones":        {empty, http.MethodGet, "/m/people", http.StatusServiceUnavailable, "preview.no_phones"},
		"what WeChat is asked":            {with, http.MethodPost, "/m/wechat/login", http.StatusOK, `"/_sim/login"`},
		"nothing else of the stand-in":    {with, http.MethodPost, "/m/wechat/reset", http.StatusNotFound, "request.no_route"},
		"a stand-in that there is not":    {empty, http.MethodPost, "/m/wechat/login", http.StatusServiceUnavailable, "preview.no_phones"},
		"what the stand-in cannot do":     {with, http.MethodPost, "/m/wechat/login?form", http.StatusBadRequest, ""},
		"what the stand-in is for others": {with, http.MethodGet, "/m/wechat/login", http.StatusMethodNotAllowed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tc.method, tc.path, strings.NewReader(`"p-1"`))
			if !strings.HasSuffix(tc.path, "?form") {
				r.Header.Set("Content-Type", "application/json")
			}
			w := httptest.NewRecorder()
			tc.handler.ServeHTTP(w, r)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.has) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if policy := w.Header().Get("Content-Security-Policy"); w.Code == http.StatusOK && strings.HasSuffix(tc.path, "/") && (!strings.Contains(policy, "script-src 'self';") || w.Header().Get("X-Frame-Options") != "SAMEORIGIN") {
				t.Errorf("policy %s", policy)
			}
		})
	}
}
