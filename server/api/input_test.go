package api

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
)

// Each wrong input is named and told in Chinese what it should be.
func TestWrongInput(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	accept := "/cases/" + c.ID + "/accept"
	for name, x := range map[string]struct {
		path, body string
		want       []apperr.Field
	}{
		"no version":               {accept, `{"handler_id":"p-w1"}`, []apperr.Field{{Name: "version", Message: "这一项必填"}}},
		"a version that is text":   {accept, `{"version":"4"}`, []apperr.Field{{Name: "version", Message: "应为整数"}}},
		"half a version":           {accept, `{"version":1.5}`, []apperr.Field{{Name: "version", Message: "应为整数"}}},
		"version zero":             {accept, `{"version":0}`, []apperr.Field{{Name: "version", Message: "不能小于 1"}}},
		"a version too large":      {accept, `{"version":1e300}`, []apperr.Field{{Name: "", Message: "有字段的内容与要求不符"}}},
		"an unknown field":         {accept, `{"version":4,"handler":"p-w1"}`, []apperr.Field{{Name: "handler", Message: "没有这个字段，请核对名称"}}},
		"a field in other case":    {accept, `{"version":4,"Handler_ID":"p-w1"}`, []apperr.Field{{Name: "Handler_ID", Message: "没有这个字段，请核对名称"}}},
		"a field of the core":      {"/cases", `{"title":"标题","facts":"事实","place":"地点","triggers":[]}`, []apperr.Field{{Name: "triggers", Message: "没有这个字段，请核对名称"}}},
		"a number for a text":      {accept, `{"version":4,"handler_id":7}`, []apperr.Field{{Name: "handler_id", Message: "应为文字"}}},
		"too short and too long":   {"/cases/" + c.ID + "/return", `{"version":4,"reason":"x","duty_item":"` + strings.Repeat("长", 1001) + `","suggested_department_id":"d-2"}`, []apperr.Field{{Name: "duty_item", Message: "最多 1000 个字"}, {Name: "reason", Message: "至少 2 个字"}}},
		"null where text must be":  {"/cases/" + c.ID + "/reject", `{"version":4,"reason":null}`, []apperr.Field{{Name: "reason", Message: "应为文字"}}},
		"not one of the values":    {"/cases/" + c.ID + "/classify", `{"version":4,"domain":"民生","scope":"individual","reach":"single","grid_id":"g-1"}`, []apperr.Field{{Name: "domain", Message: "只能是 livelihood, business 之一"}}},
		"a time without zone":      {"/cases/" + c.ID + "/supervise", `{"version":4,"text":"请答复","due_at":"2026-03-05 17:00"}`, []apperr.Field{{Name: "due_at", Message: "应为带时区的时间，如 2026-03-02T09:00:00+08:00"}}},
		"a date that is not there": {"/cases/" + c.ID + "/hold_over", `{"version":4,"reason":"挂账","target_on":"2026-02-30"}`, []apperr.Field{{Name: "target_on", Message: "应为日期，如 2026-03-02"}}},
		"inside a list":            {"/cases/" + c.ID + "/convene", `{"version":4,"minutes":"纪要","lead_department_id":"d-1","leader_id":"p-h1","plan":"方案","members":[{"person_id":"p-w1","duty":"牵头","due_at":"2026-03-05T17:00:00+08:00"},{"person_id":"p-w2","duty":"x"}]}`, []apperr.Field{{Name: "members[1].due_at", Message: "这一项必填"}, {Name: "members[1].duty", Message: "至少 2 个字"}}},
		"an empty list":            {"/cases/" + c.ID + "/submit", `{"version":4,"result":"好了","outcome":"solved","evidence":[]}`, []apperr.Field{{Name: "evidence", Message: "至少要有 1 项"}}},
		"a list that is none":      {"/cases/" + c.ID + "/submit", `{"version":4,"result":"好了","outcome":"solved","evidence":"照片"}`, []apperr.Field{{Name: "evidence", Message: "应为列表"}}},
		"text for yes or no":       {"/cases/" + c.ID + "/contact", `{"version":4,"reached":"yes","at":"2026-03-02T09:00:00+08:00","said":"说明"}`, []apperr.Field{{Name: "reached", Message: "应为 true 或 false"}}},
		"no object":                {accept, `[4]`, []apperr.Field{{Name: "", Message: "应为对象"}}},
		"no JSON":                  {accept, `{"version":4`, []apperr.Field{{Name: "", Message: "不是有效的 JSON"}}},
		"a date in another year":   {"/calendar/preview", `{"year":{"year":2027,"source":"测试","published_on":"2026-11-01","off":{"不是日期":"元旦"},"work":{}}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			who := "p-cy"
			if x.path == "/cases" {
				who = "p-gl"
			}
			p := o.post(who, x.path, x.body).refused(http.StatusBadRequest, "request.invalid")
			if x.want == nil {
				if len(p.Fields) != 1 || !inChinese(p.Fields[0].Message) {
					t.Errorf("%+v", p.Fields)
				}
				return
			}
			if diff := cmp.Diff(x.want, p.Fields); diff != "" {
				t.Error(diff)
			}
			for _, f := range x.want {
				if !strings.Contains(p.Message, f.Message) || !strings.Contains(p.Message, f.Name) {
					t.Errorf("the message does not tell %v: %s", f, p.Message)
				}
			}
		})
	}
}

func TestWrongQuery(t *testing.T) {
	o := newOffice(t)
	for query, want := range map[string]apperr.Field{
		"limit=0":                            {Name: "limit", Message: "不能小于 1"},
		"limit=101":                          {Name: "limit", Message: "不能大于 100"},
		"limit=ten":                          {Name: "limit", Message: "应为整数"},
		"limit=99999999999999999999999":      {Name: "limit", Message: "应为整数"},
		"all=maybe":                          {Name: "all", Message: "应为 true 或 false"},
		"view=all":                           {Name: "view", Message: "只能是 mine, own, claimable 之一"},
		"status=open":                        {Name: "status", Message: "只能是 reported, registered, dispatched, convening, handling, verifying, resolved, closed, rejected, merged 之一"},
		"tier=IV":                            {Name: "tier", Message: "只能是 III, II, I 之一"},
		"lead_department=d-1":                {Name: "lead_department", Message: "没有这个查询参数，请核对名称"},
		"grid_id=" + strings.Repeat("g", 41): {Name: "grid_id", Message: "最多 40 个字"},
	} {
		p := o.get("p-cy", "/cases?"+query).refused(http.StatusBadRequest, "request.invalid")
		if diff := cmp.Diff([]apperr.Field{want}, p.Fields); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestBodies(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	path := "/cases/" + c.ID + "/progress"
	o.post("p-cy", path, nil).refused(http.StatusBadRequest, "request.no_body")
	o.post("p-cy", path, "").refused(http.StatusBadRequest, "request.no_body")
	o.post("p-cy", path, strings.Repeat(" ", 1<<20)+`{"version":4}`).refused(http.StatusRequestEntityTooLarge, "request.too_large")
	o.post("p-cy", path, `version=4`, "Content-Type", "application/x-www-form-urlencoded").refused(http.StatusUnsupportedMediaType, "request.media_type")
	ok[CommandResult](o.post("p-cy", path, `{"version":4,"text":"已核实<b>&"}`, "Content-Type", "application/json; charset=utf-8"))
	o.call("p-cy", http.MethodPut, v1+"/cases", nil).refused(http.StatusMethodNotAllowed, "request.method")
	o.call("", http.MethodGet, "/nothing/13812345678", nil).refused(http.StatusNotFound, "request.no_route")
	o.call("", http.MethodGet, v1+"/me/", nil).refused(http.StatusNotFound, "request.no_route")
}

// Over a real connection: a body that breaks off or never ends is told, and an upload far too large gets its answer.
func TestOverTheWire(t *testing.T) {
	o := newOffice(t, func(o *Options) { o.MaxUploadBytes = 1 << 20 })
	srv := httptest.NewServer(o.handler)
	defer srv.Close()
	address, err := net.ResolveTCPAddr("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTCP("tcp", nil, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", o.token("p-gl"))
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(body), "request.broken") {
		t.Errorf("%v %s", err, body)
	}

	upload, contentType := form(t, "file=x.csv", strings.Repeat("r", 24<<20))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+v1+"/imports", upload)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer "+o.token("p-cy"))
	res, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", res.StatusCode)
	}
}

// Cursors come from the address bar too: whatever stands there is a list or a clear refusal, never an error of ours.
func TestCursorGarbage(t *testing.T) {
	o := newOffice(t)
	o.dispatched()
	encoded := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, cursor := range []string{
		"x", "!!!", "' OR 1=1 --", encoded("1"), encoded("a\nb"), encoded("1\n2\n3"), encoded("99999999999999999999\nx"),
		strings.Repeat("A", 400), encoded(strings.Repeat("1", 250) + "\nx"),
	} {
		for _, path := range []string{"/cases", "/tickets", "/todos", "/imports"} {
			o.get("p-cy", path+"?cursor="+url.QueryEscape(cursor)).refused(http.StatusBadRequest, "list.cursor")
		}
	}
	o.get("p-cy", "/cases?cursor="+strings.Repeat("A", 401)).refused(http.StatusBadRequest, "request.invalid")
	for _, cursor := range []string{encoded("1\n'; DROP TABLE cases; --"), encoded("-1\nx"), encoded("1\n\x00\xff"), encoded("9223372036854775807\nx"), encoded("-9223372036854775808\nx")} {
		for _, path := range []string{"/cases", "/tickets"} {
			if a := o.get("p-cy", path+"?cursor="+url.QueryEscape(cursor)); a.status != http.StatusOK && a.status != http.StatusBadRequest {
				t.Errorf("%s %q: %d %s", path, cursor, a.status, a.body)
			}
		}
	}
	for _, id := range []string{"'; DROP TABLE inbox; --", "\xff\x00", "未读"} {
		if a := o.get("p-cy", "/inbox?before="+url.QueryEscape(id)); a.status != http.StatusOK {
			t.Errorf("%q: %d %s", id, a.status, a.body)
		}
	}
}

func FuzzRequest(f *testing.F) {
	o := newOffice(f)
	c := o.dispatched()
	token := o.token("p-cy")
	for _, seed := range []struct{ path, body string }{
		{"/api/v1/cases?limit=5&cursor=x", ""}, {"/api/v1/cases/" + c.ID + "/accept", `{"version":4}`}, {"/api/v1/calendar?from=2026-01-01&to=2026-12-31", ""},
		{"/api/v1/cases", `{"title":"标题","facts":"事实","place":"地点"}`}, {"/api/v1/calendar/preview", `{"text":"国务院"}`}, {"/api/v1/inbox/read", `{"ids":["x"]}`},
	} {
		f.Add(seed.path, seed.body)
	}
	f.Fuzz(func(t *testing.T, path, body string) {
		u, err := url.Parse(path)
		if err != nil || !strings.HasPrefix(u.Path, "/") || strings.Contains(u.Path, "/dev/") || u.Host != "" || u.Scheme != "" {
			return
		}
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL = u
		r.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		o.handler.ServeHTTP(rec, r)
		if rec.Code >= 500 && rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %s %q: %d %s", method, path, body, rec.Code, rec.Body)
		}
	})
}
