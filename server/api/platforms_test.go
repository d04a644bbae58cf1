package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"xiaopu/server/cache"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// platform registers one and gives its key.
func (o *office) platform(id string, more fields) string {
	o.t.Helper()
	body := fields{"id": id, "name": "市热线平台", "source": "hotline"}
	maps.Copy(body, more)
	return ok[PlatformKey](o.post("p-sa", "/platforms", body)).Key
}

// signed sends a request of a platform; change may spoil it before it goes out.
func (o *office) signed(id, key, method, path string, body []byte, change ...func(*http.Request)) answer {
	o.t.Helper()
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	payload := body
	if method == http.MethodGet {
		payload = []byte("GET " + path)
	}
	at := strconv.FormatInt(o.clock().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Platform", id)
	r.Header.Set("X-Timestamp", at)
	r.Header.Set("X-Signature", workflow.Sign(key, at, payload))
	for _, f := range change {
		f(r)
	}
	return o.send(r)
}

func pushed(no string, more fields) fields {
	t := fields{"order_no": no, "accepted_at": "2026-03-02T08:30:00+08:00", "content": "路灯不亮" + no, "community": "春江花园", "requester": fields{"name": "沈阿婆", "phone": "13812345678"}}
	maps.Copy(t, more)
	return t
}

func pushBody(t testing.TB, list ...fields) []byte {
	t.Helper()
	b, err := json.Marshal(fields{"tickets": list})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const pushPath = v1 + "/intake/tickets"

func (o *office) pushes(id, key string, list ...fields) answer {
	o.t.Helper()
	return o.signed(id, key, http.MethodPost, pushPath, pushBody(o.t, list...))
}

func TestPushTakesInWhatIsGoodAndNamesTheRest(t *testing.T) {
	o := newOffice(t)
	key := o.platform("hotline-12345", nil)
	list := []fields{
		pushed("NO1", nil),
		pushed("NO2", fields{"accepted_at": "yesterday"}),
		pushed("NO3", fields{"colour": "red"}),
		pushed("NO1", nil),
		pushed("NO4", fields{"content": ""}),
		pushed("NO5", fields{"accepted_at": "2031-03-02T08:30:00+08:00"}),
		pushed("NO6", fields{"requester": fields{"phone": "12"}, "satisfaction": "dissatisfied", "closed_at": "2026-03-02T09:00:00+08:00"}),
	}
	r := ok[workflow.Receipt](o.pushes("hotline-12345", key, list...))
	if r.Received != 7 || r.Created != 2 || len(r.Refused) != 5 || len(r.Hints) != 1 || r.Hints[0].Index != 6 {
		t.Fatalf("%+v", r)
	}
	for i, want := range map[int]string{0: "accepted_at", 1: "没有这个字段", 2: "index 0", 3: "内容描述和标题都是空的", 4: "受理时间"} {
		if !strings.Contains(strings.Join(r.Refused[i].Reasons, "；"), want) || !inChinese(r.Refused[i].Reasons[0]) {
			t.Errorf("%d: %+v, want %s", i, r.Refused[i], want)
		}
	}
	if r.Refused[1].OrderNo != "NO3" || r.Refused[1].Index != 2 {
		t.Errorf("%+v", r.Refused[1])
	}
	page := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets"))
	if len(page.Items) != 2 || page.Items[0].RequesterPhone == "13812345678" {
		t.Errorf("%+v", page.Items)
	}
	if cases := ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases")); len(cases.Items) != 1 || cases.Items[0].Triggers[0] != "不满意件" {
		t.Errorf("triggers are not evaluated: %+v", cases.Items)
	}
	// Signed anew at another second it changes nothing.
	o.at("2026-03-02 10:01")
	if r := ok[workflow.Receipt](o.pushes("hotline-12345", key, list...)); r.Unchanged != 2 || r.Created+r.Updated != 0 || len(r.Refused) != 5 {
		t.Errorf("%+v", r)
	}
	if strings.Contains(o.log.String(), "13812345678") || !strings.Contains(o.log.String(), `"platform":"hotline-12345"`) {
		t.Error("the log has a phone, or not the platform")
	}
}

func TestPushIsRefused(t *testing.T) {
	o := newOffice(t)
	key := o.platform("hotline", nil)
	fenced := o.platform("fenced", fields{"addresses": []string{"10.1.0.0/16", "192.0.2.1"}}) // httptest's address
	far := o.platform("far", fields{"addresses": []string{"10.1.0.0/16"}})
	gone := o.platform("gone", nil)
	ok[workflow.PlatformView](o.post("p-sa", "/platforms/gone/disable", nil))
	body := pushBody(t, pushed("NO1", nil))
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	at := func(shift time.Duration) func(*http.Request) {
		return func(r *http.Request) {
			text := strconv.FormatInt(o.clock().Add(shift).Unix(), 10)
			r.Header.Set("X-Timestamp", text)
			r.Header.Set("X-Signature", workflow.Sign(key, text, body))
		}
	}
	for name, x := range map[string]struct {
		id, key string
		body    []byte
		change  func(*http.Request)
		status  int
		reason  string
	}{
		"no signature":         {"hotline", key, body, func(r *http.Request) { r.Header.Del("X-Signature") }, 401, "intake.signature"},
		"no headers":           {"hotline", key, body, func(r *http.Request) { r.Header = http.Header{} }, 401, "intake.signature"},
		"another's key":        {"hotline", fenced, body, nil, 401, "intake.signature"},
		"an unknown platform":  {"nobody", key, body, nil, 401, "intake.signature"},
		"a disabled one":       {"gone", gone, body, nil, 401, "intake.signature"},
		"another time":         {"hotline", key, body, set("X-Timestamp", strconv.FormatInt(o.clock().Unix()+1, 10)), 401, "intake.signature"},
		"no time":              {"hotline", key, body, set("X-Timestamp", "2026-03-02T10:00:00Z"), 401, "intake.signature"},
		"a signature cut":      {"hotline", key, body, set("X-Signature", "abc"), 401, "intake.signature"},
		"no hex":               {"hotline", key, body, set("X-Signature", strings.Repeat("g", 64)), 401, "intake.signature"},
		"too old":              {"hotline", key, body, at(-301 * time.Second), 401, "intake.timestamp"},
		"from the future":      {"hotline", key, body, at(301 * time.Second), 401, "intake.timestamp"},
		"from elsewhere":       {"far", far, body, nil, 403, "intake.address"},
		"no JSON":              {"hotline", key, []byte(`tickets`), nil, 400, "intake.body"},
		"no list":              {"hotline", key, []byte(`{"tickets":{}}`), nil, 400, "intake.body"},
		"an empty list":        {"hotline", key, []byte(`{"tickets":[]}`), nil, 400, "intake.body"},
		"something beside":     {"hotline", key, []byte(`{"tickets":[{}],"x":1}`), nil, 400, "intake.body"},
		"something behind":     {"hotline", key, []byte(`{"tickets":[{}]}{}`), nil, 400, "intake.body"},
		"far too many":         {"hotline", key, []byte(`{"tickets":[` + strings.Repeat(`{},`, 500) + `{}]}`), nil, 400, "intake.body"},
		"far too much":         {"hotline", key, []byte(`{"tickets":["` + strings.Repeat(`x`, 4<<20) + `"]}`), nil, 413, "request.too_large"},
		"a body changed later": {"hotline", key, body, func(r *http.Request) { r.Body = http.NoBody }, 400, "request.no_body"},
	} {
		t.Run(name, func(t *testing.T) {
			var change []func(*http.Request)
			if x.change != nil {
				change = append(change, x.change)
			}
			o.signed(x.id, x.key, http.MethodPost, pushPath, x.body, change...).refused(x.status, x.reason)
		})
	}
	ok[workflow.Receipt](o.signed("fenced", fenced, http.MethodPost, pushPath, body))
	ok[workflow.Receipt](o.signed("hotline", key, http.MethodPost, pushPath, body, at(-299*time.Second)))
	log, err := o.db.AuditLog(t.Context(), store.AuditFilter{Action: "platform.refuse", Limit: 100})
	if err != nil || len(log) != 4 { // of hotline for two reasons, of gone, of far; not of nobody
		t.Errorf("%v %d entries of refusals: %+v", err, len(log), log)
	}
	// A token opens nothing here.
	o.call("p-cy", http.MethodPost, pushPath, string(body)).refused(401, "intake.signature")
	o.call("p-cy", http.MethodGet, v1+"/intake/feed", nil).refused(401, "intake.signature")
}

func TestAReplayIsRefusedAndALostAnswerIsAskedForAgain(t *testing.T) {
	o := newOffice(t)
	key := o.platform("hotline", nil)
	body := pushBody(t, pushed("NO1", nil))
	ok[workflow.Receipt](o.signed("hotline", key, http.MethodPost, pushPath, body))
	o.signed("hotline", key, http.MethodPost, pushPath, body).refused(http.StatusConflict, "intake.replayed")
	o.signed("hotline", key, http.MethodPost, pushPath, body, func(r *http.Request) { r.Header.Set("X-Signature", strings.ToUpper(r.Header.Get("X-Signature"))) }).refused(http.StatusConflict, "intake.replayed")
	o.at("2026-03-02 10:02")
	if r := ok[workflow.Receipt](o.signed("hotline", key, http.MethodPost, pushPath, body)); r.Unchanged != 1 {
		t.Errorf("%+v", r)
	}
	// Long after, the requests are folded into the audit log, once.
	o.at("2026-03-02 11:00")
	for range 2 {
		if err := o.engine.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	log, err := o.db.AuditLog(t.Context(), store.AuditFilter{Action: "ticket.push", Limit: 10})
	if err != nil || len(log) != 1 || log[0].Object != "platform:hotline" || log[0].Detail["requests"] != "2" || log[0].Detail["created"] != "1" || log[0].Detail["unchanged"] != "1" {
		t.Errorf("%v %+v", err, log)
	}
	o.signed("hotline", key, http.MethodPost, pushPath, body, func(r *http.Request) { // forgotten, and too old
		at := "1772416800"
		r.Header.Set("X-Timestamp", at)
		r.Header.Set("X-Signature", workflow.Sign(key, at, body))
	}).refused(401, "intake.timestamp")
}

func TestKeysAreRotated(t *testing.T) {
	o := newOffice(t)
	first := o.platform("hotline", nil)
	o.post("p-sa", "/platforms", fields{"id": "hotline", "name": "x", "source": "hotline"}).refused(http.StatusConflict, "platform.exists")
	o.post("p-sa", "/platforms", fields{"id": "Hot line", "name": "x", "source": "hotline"}).refused(http.StatusBadRequest, "request.invalid")
	o.post("p-sa", "/platforms", fields{"id": "x1", "name": "x", "source": "hotline", "addresses": []string{"everywhere"}}).refused(http.StatusBadRequest, "platform.address")
	o.post("p-sa", "/platforms/none/rotate-key", fields{"keep_hours": 1}).refused(http.StatusNotFound, "platform.not_found")
	rotated := ok[PlatformKey](o.post("p-sa", "/platforms/hotline/rotate-key", fields{"keep_hours": 1}))
	if rotated.Key == first || rotated.PreviousUntil == nil {
		t.Errorf("%+v", rotated)
	}
	ok[workflow.Receipt](o.pushes("hotline", first, pushed("NO1", nil)))
	ok[workflow.Receipt](o.pushes("hotline", rotated.Key, pushed("NO2", nil)))
	o.at("2026-03-02 11:01")
	o.pushes("hotline", first, pushed("NO3", nil)).refused(401, "intake.signature")
	ok[workflow.Receipt](o.pushes("hotline", rotated.Key, pushed("NO4", nil)))
	known := ok[PlatformKey](o.post("p-sa", "/platforms/hotline/rotate-key", fields{"keep_hours": 0}))
	o.pushes("hotline", rotated.Key, pushed("NO5", nil)).refused(401, "intake.signature")
	a := o.get("p-sa", "/platforms")
	if list := ok[PlatformList](a); len(list.Items) != 1 || list.Items[0].Name != "市热线平台" || list.Items[0].CreatedBy.Name != "系管" {
		t.Errorf("%+v", list)
	}
	if bytes.Contains(a.body, []byte(known.Key)) {
		t.Error("the list shows a key")
	}
	log, err := o.db.AuditLog(t.Context(), store.AuditFilter{Object: "platform:hotline", Limit: 10})
	if err != nil || len(log) < 3 {
		t.Errorf("%v %+v", err, log)
	}
}

// The feed tells what happened to a platform's own tickets, in order, without anybody's name.
func TestFeedTellsWhatBecameOfThePushed(t *testing.T) {
	o := newOffice(t)
	key := o.platform("hotline", nil)
	other := o.platform("other", fields{"source": "petition"})
	ok[workflow.Receipt](o.pushes("other", other, pushed("P1", fields{"community": "望舒里"})))
	ok[workflow.Receipt](o.pushes("hotline", key, pushed("NO1", fields{"reassigned": 4}), pushed("NO2", fields{"community": "秀水里"})))
	item := ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases")).Items[0]
	c := ok[workflow.CaseView](o.get("p-cy", "/cases/"+item.ID))
	c = o.must("p-cy", c, "classify", fields{"domain": "livelihood", "scope": "individual", "reach": "single", "grid_id": "g-1"})
	c = o.must("p-cy", c, "dispatch", fields{"lead_department_id": "d-1"})
	c = o.must("p-h1", c, "accept", fields{"handler_id": "p-w1"})
	c = o.must("p-w1", c, "progress", fields{"text": "李刚已到现场，电话13812345678", "public": true})
	o.must("p-w1", c, "progress", fields{"text": "内部的话", "public": false})
	read := func(id, key, after string) (workflow.FeedPage, answer) {
		path := v1 + "/intake/feed?limit=3"
		if after != "" {
			path += "&after=" + after
		}
		a := o.signed(id, key, http.MethodGet, path, nil)
		return ok[workflow.FeedPage](a), a
	}
	var kinds []string
	after := ""
	for {
		page, a := read("hotline", key, after)
		for _, it := range page.Items {
			kinds = append(kinds, it.OrderNo+" "+string(it.Kind))
			if it.KindLabel == "" || it.Kind == workflow.FeedAccepted && (it.DueAt == nil || it.CaseNumber != c.Number || it.StatusLabel != "办理中") {
				t.Errorf("%+v", it)
			}
		}
		for _, secret := range []string{"李刚", "张伟", "沈", "13812345678", "内部", "P1"} {
			if bytes.Contains(a.body, []byte(secret)) {
				t.Errorf("the feed has %s: %s", secret, a.body)
			}
		}
		if after = page.Next; !page.More {
			break
		}
	}
	if want := "[NO1 taken_in NO2 taken_in NO1 joined NO1 accepted NO1 progress]"; fmt.Sprint(kinds) != want {
		t.Errorf("%v, want %s", kinds, want)
	}
	if page, _ := read("hotline", key, after); len(page.Items) != 0 || page.Next != after {
		t.Errorf("%+v", page)
	}
	if page, _ := read("other", other, ""); len(page.Items) != 1 || page.Items[0].OrderNo != "P1" {
		t.Errorf("%+v", page)
	}
	o.signed("hotline", key, http.MethodGet, v1+"/intake/feed?after=x", nil).refused(http.StatusBadRequest, "list.cursor")
	o.signed("hotline", key, http.MethodGet, v1+"/intake/feed?limit=3", nil, func(r *http.Request) { r.URL.RawQuery = "limit=30"; r.RequestURI = r.URL.RequestURI() }).refused(401, "intake.signature")
}

// A ticket that came by a sheet first and is then pushed is fed from then on.
func TestATicketKnownBeforeIsFedOncePushed(t *testing.T) {
	o := newOffice(t)
	key := o.platform("hotline", nil)
	o.ticketed("NO1")
	ok[workflow.Receipt](o.pushes("hotline", key, pushed("NO1", fields{"reassigned": 4})))
	page := ok[workflow.FeedPage](o.signed("hotline", key, http.MethodGet, v1+"/intake/feed", nil))
	if len(page.Items) != 1 || page.Items[0].Kind != workflow.FeedJoined {
		t.Errorf("%+v", page.Items)
	}
}

func TestPushIsLimited(t *testing.T) {
	at := time.Now()
	counts, err := cache.New(cache.Options{Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, func(o *Options) { o.Cache = counts })
	key := o.platform("hotline", nil)
	for range pushLimit {
		counts.Count(t.Context(), "push:hotline", pushWindow)
	}
	o.pushes("hotline", key, pushed("NO1", nil)).refused(http.StatusTooManyRequests, "intake.rate")
}

// The example in docs/operations.md, as it stands there, over a real connection.
func TestTheExampleWithCurlWorks(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not here")
		}
	}
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(text), "```bash\n# push-example\n")
	example, _, ends := strings.Cut(example, "```")
	if !found || !ends {
		t.Fatal("docs/operations.md has no example of a push")
	}
	o := newOffice(t)
	o.at(time.Now().In(ticket.Shanghai).Format("2006-01-02 15:04"))
	key := o.platform("hotline-12345", nil)
	srv := httptest.NewServer(o.handler)
	defer srv.Close()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", example)
	cmd.Env = append(os.Environ(), "XIAOPU="+srv.URL, "KEY="+key)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte(`"created":1`)) || !bytes.Contains(out, []byte(`"taken_in"`)) {
		t.Errorf("%s", out)
	}
}

func FuzzPushBody(f *testing.F) {
	for _, s := range []string{
		`{"tickets":[{"order_no":"1","accepted_at":"2026-03-02T08:30:00+08:00","content":"x"}]}`, `{"tickets":[1,null,"x",[],{}]}`, `{"tickets":[{"order_no":{}}]}`,
		`{"tickets":[{"requester":{"phone":1}}]}`, `{"tickets":[{"category":["1","2","3","4","5","6"]}]}`, `{"tickets":[{"accepted_at":"9999-99-99T99:99:99Z"}]}`, `[]`, `{}`, "\x00",
	} {
		f.Add([]byte(s))
	}
	s := newServer(Options{})
	_, doc := build(Options{})
	s.learnSchemas(doc.Components.Schemas)
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := s.readPush(body)
		if err != nil {
			return
		}
		for _, p := range list {
			for _, reason := range p.Problems {
				if !inChinese(reason) {
					t.Errorf("%q", reason)
				}
			}
			if len(p.Problems) > 0 {
				continue
			}
			parsed, problems := p.Parse(ticket.Hotline, now, "重新推送")
			fatal := false
			for _, problem := range problems {
				fatal = fatal || problem.Fatal
			}
			if !fatal && (parsed.OrderNo == "" || parsed.AcceptedAt.IsZero() || parsed.Source != ticket.Hotline || parsed.Fingerprint == "") {
				t.Errorf("%+v of %s", parsed, body)
			}
		}
	})
}
