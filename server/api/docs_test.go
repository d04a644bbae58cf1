package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var (
	reference = regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	cssURL    = regexp.MustCompile(`(?:url\(\s*["']?|@import\s+["'])([^"')]+)`)
)

// The page must work where there is no internet: everything it loads comes from this server.
func TestDocsPageLoadsNothingFromOutside(t *testing.T) {
	o := newOffice(t)
	if a := o.call("", http.MethodGet, docsPath, nil); a.status != http.StatusFound || a.header.Get("Location") != docsPath+"/" {
		t.Errorf("%d %v", a.status, a.header)
	}
	page := o.call("", http.MethodGet, docsPath+"/", nil)
	if page.status != http.StatusOK || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", page.status, page.header)
	}
	policy := page.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "connect-src 'self'") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		t.Errorf("policy %s", policy)
	}
	found := reference.FindAllStringSubmatch(string(page.body), -1)
	if len(found) < 5 {
		t.Fatalf("only %d files in %s", len(found), page.body)
	}
	for _, m := range found {
		if strings.Contains(m[1], "//") || strings.HasPrefix(m[1], "/") {
			t.Errorf("the page refers to %s", m[1])
		}
		plain := o.call("", http.MethodGet, docsPath+"/"+m[1], nil)
		packed := o.call("", http.MethodGet, docsPath+"/"+m[1], nil, "Accept-Encoding", "gzip, br")
		if plain.status != http.StatusOK || packed.status != http.StatusOK || len(plain.body) == 0 || plain.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d and %d", m[1], plain.status, packed.status)
		}
		if strings.HasSuffix(m[1], "swagger-ui-bundle.js") && (packed.header.Get("Content-Encoding") != "gzip" || len(packed.body) >= len(plain.body)) {
			t.Errorf("%s is not packed: %v", m[1], packed.header)
		}
		if strings.HasSuffix(m[1], ".css") {
			for _, u := range cssURL.FindAllStringSubmatch(string(plain.body), -1) {
				if !strings.HasPrefix(u[1], "data:") {
					t.Errorf("%s loads %s", m[1], u[1])
				}
			}
		}
	}
	start := o.call("", http.MethodGet, docsPath+"/start.js", nil)
	if bytes.Contains(start.body, []byte("://")) || !bytes.Contains(start.body, []byte("validatorUrl: null")) {
		t.Errorf("%s", start.body)
	}
	for _, path := range []string{"/docs/x", "/docs/..%2Fdocs.go", "/docs/embed.go", "/docs/nothing.js"} {
		o.call("", http.MethodGet, path, nil).refused(http.StatusNotFound, "request.no_route")
	}
}

func TestDocumentIsServed(t *testing.T) {
	o := newOffice(t)
	a := o.call("", http.MethodGet, specPath, nil)
	var want bytes.Buffer
	if err := OpenAPI(&want); err != nil {
		t.Fatal(err)
	}
	if a.status != http.StatusOK || !bytes.Equal(a.body, want.Bytes()) || !json.Valid(a.body) {
		t.Errorf("%d, %d bytes, want %d", a.status, len(a.body), want.Len())
	}
	production := newOffice(t, func(o *Options) { o.DevClock = false })
	if a := production.call("", http.MethodGet, specPath, nil); bytes.Contains(a.body, []byte("/dev/clock")) {
		t.Error("production documents the demonstration clock")
	}
}
