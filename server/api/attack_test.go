package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// The tests of this file go through OWASP's API Security Top 10 (2023), each named after its entry. What other tests hold to
// already is named in a comment.

// openToResidents are the routes behind which a resident finds something, with what it is: the own part of a list, or nothing
// at all of another's. A new route that lets residents in must be thought about here.
var openToResidents = map[string]string{
	"POST /api/v1/me/phones":             "own",
	"DELETE /api/v1/me/phones/{id}":      "own",
	"GET /api/v1/me":                     "themselves",
	"GET /api/v1/todos":                  "own",
	"GET /api/v1/todos/counts":           "own",
	"GET /api/v1/inbox":                  "own",
	"POST /api/v1/inbox/read":            "own",
	"GET /api/v1/cases":                  "own",
	"GET /api/v1/cases/{id}":             "nothing",
	"GET /api/v1/cases/{id}/timeline":    "nothing",
	"GET /api/v1/cases/{id}/tickets":     "nothing",
	"GET /api/v1/wechat/templates":       "own",
	"POST /api/v1/wechat/subscriptions":  "own",
	"POST /api/v1/orders/look-up":        "state and promise of a number that they know, five times a day",
	"POST /api/v1/me/erasure":            "own",
	"POST /api/v1/me/data":               "own",
	"DELETE /api/v1/me/enterprises/{id}": "own",
	"GET /api/v1/me/enterprises":         "own",
	"POST /api/v1/me/enterprises":        "own",
	"DELETE /api/v1/me/family/{id}":      "own",
	"POST /api/v1/me/family":             "own",
	"POST /api/v1/me/family/invitation":  "own",
	"GET /api/v1/me/family":              "own",
	"GET /api/v1/me/reporter":            "own",
	"GET /api/v1/me/reports":             "own",
	"POST /api/v1/me/reports":            "own",
	"GET /api/v1/me/reports/{id}":        "nothing",

	"GET /api/v1/published-matters":              "public",
	"POST /api/v1/published-matters/similar":     "public",
	"POST /api/v1/published-matters/{id}/me-too": "public",
	"GET /api/v1/stories":                        "public",
	"GET /api/v1/street-figures":                 "public",

	"GET /api/v1/stream":                  "own",
	"POST /api/v1/uploads":                "own",
	"GET /api/v1/cases/{id}/attachments":  "nothing",
	"GET /api/v1/cases/{id}/notes":        "nothing",
	"GET /api/v1/cases/{id}/locations":    "nothing",
	"GET /api/v1/tickets/{id}/notes":      "nothing",
	"POST /api/v1/tickets/{id}/notes":     "own",
	"GET /api/v1/uploads/{id}":            "nothing",
	"PUT /api/v1/uploads/{id}/parts/{no}": "nothing",
	"POST /api/v1/uploads/{id}/complete":  "nothing",
	"DELETE /api/v1/uploads/{id}":         "nothing",

	"GET /api/v1/tickets":           "own",
	"GET /api/v1/tickets/{id}":      "nothing",
	"GET /api/v1/calendar":          "public",
	"GET /api/v1/calendar/deadline": "public",
	"GET /api/v1/dev/clock":         "public",
	"POST /api/v1/dev/clock":        "public",
}

// API1 (object level) and API5 (function level): a resident with a good token, at every door.
func TestAttackAResidentAtEveryRoute(t *testing.T) {
	o := newOffice(t)
	o.hire("p-other", "别的居民", "13800009999", organisation.Post{Role: casework.Resident})
	c := o.handling() // of p-r
	order := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/cases/"+c.ID+"/tickets")).Items[0]
	secrets := []string{c.ID, c.Number, c.Title, order.ID, order.OrderNo, "沈阿婆", "13812345678", "张伟", "李刚"}
	for _, r := range routes() {
		if slices.Contains(withoutToken, r.Permission) {
			continue
		}
		key := r.Method + " " + r.Path
		for _, id := range []string{c.ID, c.Number, order.ID, "p-w1", "d-1", "1", "%00"} {
			if !strings.Contains(r.Path, "{") {
				id = ""
			}
			path := strings.ReplaceAll(r.Path, "{no}", "0")
			for strings.Contains(path, "{") {
				from, to := strings.Index(path, "{"), strings.Index(path, "}")
				path = path[:from] + id + path[to+1:]
			}
			var body any
			if r.Method != http.MethodGet && r.Method != http.MethodDelete {
				body = fields{"version": c.Version}
			}
			a := o.call("p-other", r.Method, path, body)
			for _, s := range secrets {
				if s != id && strings.Contains(string(a.body), s) {
					t.Errorf("%s %s tells a stranger %q: %s", r.Method, path, s, a.body)
				}
			}
			if !may(casework.Actor{Posts: []casework.Post{{Role: casework.Resident}}}, r.Permission) {
				a.refused(http.StatusForbidden, "auth.denied")
			} else if name := strings.TrimPrefix(r.ID, "case_"); name != r.ID && r.Tag == tagCommands {
				// A command: the case does not exist for them, or the request is refused before that is looked at.
				if a.status != http.StatusNotFound && a.status != http.StatusBadRequest {
					t.Errorf("%s %s: %d %s", r.Method, path, a.status, a.body)
				}
			} else {
				switch what := openToResidents[key]; {
				case r.Permission == signedIn:
				case what == "":
					t.Errorf("%s lets residents in: say in openToResidents what they find there", key)
				case what == "nothing" && a.status != http.StatusNotFound:
					t.Errorf("%s %s: %d %s", r.Method, path, a.status, a.body)
				}
			}
			if a.status >= http.StatusInternalServerError && a.status != http.StatusServiceUnavailable {
				t.Errorf("%s %s: %d %s", r.Method, path, a.status, a.body)
			}
			if id == "" {
				break
			}
		}
	}
}

// API2: a token is what we signed, for who is here now, and nothing else. TestUnauthenticated has the rest.
func TestAttackForgedTokens(t *testing.T) {
	o := newOffice(t)
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	claims := fields{"iss": "xiaopu", "sub": "p-cy", "iat": o.clock().Unix(), "exp": o.clock().Add(time.Hour).Unix()}
	good := strings.Split(o.token("p-r"), ".")
	for name, token := range map[string]string{
		"no algorithm":                part(fields{"alg": "none", "typ": "JWT"}) + "." + part(claims) + ".",
		"no algorithm, in capitals":   part(fields{"alg": "NONE"}) + "." + part(claims) + ".",
		"another's signature":         part(fields{"alg": "HS256", "typ": "JWT"}) + "." + part(claims) + "." + good[2],
		"claims changed":              good[0] + "." + part(claims) + "." + good[2],
		"a key named by the token":    part(fields{"alg": "HS256", "kid": "../../../../dev/null"}) + "." + part(claims) + "." + good[2],
		"an asymmetric algorithm":     part(fields{"alg": "RS256"}) + "." + part(claims) + "." + good[2],
		"the signature cut to a byte": good[0] + "." + good[1] + "." + good[2][:2],
	} {
		r := httptest.NewRequest(http.MethodGet, v1+"/me", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		a := o.send(r)
		if a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

// API3 (properties): nobody sets what the server decides, and nobody reads what is not theirs.
func TestAttackPropertiesThatAreNotTheirs(t *testing.T) {
	o := newOffice(t)
	report := fields{"title": "夜间施工扰民", "facts": "连续一周夜间施工", "place": "春江花园"}
	for _, field := range []string{"status", "tier", "number", "id", "reporter", "triggers", "tickets", "linked_case", "suggested_tier", "head_hash", "__proto__"} {
		body := fields{field: "x"}
		for k, v := range report {
			body[k] = v
		}
		if p := o.post("p-gl", "/cases", body).refused(http.StatusBadRequest, "request.invalid"); !slices.ContainsFunc(p.Fields, func(f apperr.Field) bool { return f.Name == field }) {
			t.Errorf("%s is taken: %+v", field, p)
		}
	}
	c := o.dispatched()
	for _, field := range []string{"actor", "as", "at", "recorded_at", "due_at", "for"} {
		o.do("p-h1", c, "accept", fields{"handler_id": "p-w1", field: "x"}).refused(http.StatusBadRequest, "request.invalid")
	}
	// A requester's key is the system's own: no view has it.
	c = o.handling()
	l, err := o.db.Case(context.Background(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range l.Case.Tickets {
		for _, who := range []string{"p-cy", "p-h1", "p-w1", "p-gc", "p-r"} {
			for _, path := range []string{"/cases/" + c.ID, "/cases/" + c.ID + "/timeline?changes=true", "/cases/" + c.ID + "/tickets", "/tickets/" + ref.ID, "/inbox", "/todos"} {
				if a := o.get(who, path); strings.Contains(string(a.body), ref.Requester) {
					t.Errorf("%s reads a requester's key at %s", who, path)
				}
			}
		}
	}
}

// API4 (resources): every list ends, every body has a limit. Uploads: imports_test.go; workbooks that unpack without end:
// intake's sheet tests.
func TestAttackUnboundedRequests(t *testing.T) {
	o := newOffice(t)
	for _, r := range routes() {
		if r.Method != http.MethodGet || slices.Contains(withoutToken, r.Permission) {
			continue
		}
		_, doc := build(Options{DevClock: true})
		for _, p := range operation(doc, r.Method, r.Path).Parameters {
			if p.Name != "limit" {
				continue
			}
			if p.Schema.Maximum == nil || *p.Schema.Maximum > 500 {
				t.Errorf("%s %s has no end: limit up to %v", r.Method, r.Path, p.Schema.Maximum)
			}
			who := inRole[casework.Centre]
			for _, role := range casework.Roles {
				if may(casework.Actor{Posts: []casework.Post{{Role: role}}}, r.Permission) {
					who = inRole[role]
				}
			}
			path := strings.ReplaceAll(r.Path, "{id}", "x")
			o.call(who, r.Method, path+"?limit=100000", nil).refused(http.StatusBadRequest, "request.invalid")
		}
	}
	o.post("p-gl", "/cases", `{"title":"`+strings.Repeat("长", 1<<20)+`"}`).refused(http.StatusRequestEntityTooLarge, "request.too_large")
	deep := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	if a := o.post("p-gl", "/cases", deep); a.status != http.StatusBadRequest {
		t.Errorf("nested without end: %d", a.status)
	}
}

// API6 (flows): urging is once a day, rating once a round, however often it is asked for.
func TestAttackRepeatedFlows(t *testing.T) {
	o := newOffice(t)
	c := o.handling()
	c = ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID))
	c = o.must("p-r", c, "remind", fields{"text": "请快一点"})
	for range 5 {
		o.do("p-r", c, "remind", fields{"text": "再快一点"}).refused(http.StatusConflict, "case.reminded_today")
	}
}

// API7 (requests made for others): the product asks nobody anything on behalf of what a client names; the architecture test
// keeps net/http's client out of the packages behind the interface, and this one keeps addresses out of its inputs.
func TestAttackNoInputIsAnAddress(t *testing.T) {
	_, doc := build(Options{DevClock: true})
	for name, s := range doc.Components.Schemas.Map() {
		for field, p := range s.Properties {
			if p.Format == "uri" || p.Format == "url" || strings.Contains(field, "callback_url") || strings.HasSuffix(field, "_uri") {
				t.Errorf("%s.%s takes an address", name, field)
			}
		}
	}
}

// API8 (configuration): no answer says more than it must, whatever is asked.
func TestAttackMisconfiguration(t *testing.T) {
	o := newOffice(t)
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodTrace, v1+"/me", nil), httptest.NewRequest(http.MethodOptions, v1+"/cases", nil),
		httptest.NewRequest("PROPFIND", "/", nil), httptest.NewRequest(http.MethodGet, "/.git/config", nil), httptest.NewRequest(http.MethodGet, "/debug/pprof/", nil),
		httptest.NewRequest(http.MethodGet, "/metrics", nil), httptest.NewRequest(http.MethodGet, "/docs/../../etc/passwd", nil), httptest.NewRequest(http.MethodGet, v1+"/cases/%2e%2e", nil),
		httptest.NewRequest(http.MethodPost, v1+"/cases", strings.NewReader("<xml/>")),
	} {
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Authorization", "Bearer "+o.token("p-cy"))
		a := o.send(r)
		if a.status < 400 && !strings.HasPrefix(r.URL.Path, "/docs") {
			t.Errorf("%s %s: %d", r.Method, r.URL, a.status)
		}
		for _, h := range []string{"Access-Control-Allow-Origin", "Server", "X-Powered-By"} {
			if a.header.Get(h) != "" {
				t.Errorf("%s %s: %s: %s", r.Method, r.URL, h, a.header.Get(h))
			}
		}
		if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") == "" {
			t.Errorf("%s %s: headers %v", r.Method, r.URL, a.header)
		}
		for _, word := range []string{"goroutine", ".go:", "SELECT ", "sqlite", "mysql", "panic"} {
			if strings.Contains(string(a.body), word) {
				t.Errorf("%s %s tells %q: %s", r.Method, r.URL, word, a.body)
			}
		}
	}
}

// API9 (inventory): what is served is what is documented; TestEveryRouteHasAPermission compares both. What stands in a text
// is shown as text: API10, and cross-site scripting in what is written by others.
func TestAttackTextStaysText(t *testing.T) {
	o := newOffice(t)
	bad := `<script>alert(1)</script>' OR 1=1; DROP TABLE cases; -- {{.}} ${jndi:ldap://x} ` + "\u202e"
	c := ok[CommandResult](o.post("p-gl", "/cases", fields{"title": bad, "facts": bad, "place": bad})).Case
	a := o.get("p-cy", "/cases/"+c.ID)
	if v := ok[workflow.CaseView](a); v.Title != strings.TrimSpace(bad) {
		t.Errorf("%q", v.Title)
	}
	if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s %v", got, a.header)
	}
	order := ticket.Ticket{
		Source: ticket.Hotline, OrderNo: "H-BAD-1", Title: bad, Content: bad, Address: bad, Requester: ticket.Requester{Kind: ticket.Person, Name: bad, Phone: bad},
		AcceptedAt: o.clock().Add(-time.Hour), Fingerprint: "x", ReassignedColumn: 3, ReturnedColumn: -1,
	}
	if _, err := o.engine.TakeIn(t.Context(), []ticket.Ticket{order}, nil); err != nil {
		t.Fatal(err)
	}
	if page := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets?order_no=H-BAD-1")); len(page.Items) != 1 {
		t.Error(fmt.Sprint(page))
	}
}

// API1 and API3: whoever may not give a command learns nothing of what it names, neither names nor what there is.
func TestAttackReferencesTellNothing(t *testing.T) {
	o := newOffice(t)
	o.hire("p-other", "别的居民", "13800009999", organisation.Post{Role: casework.Resident})
	c := o.dispatched()
	c = o.must("p-cy", c, "attach", fields{"ticket_id": o.ticketed("20260302000076").ID}) // p-r's
	other := o.ticketed("20260302000077")
	due := "2026-03-20T16:00:00+08:00"
	bodies := map[casework.Name]func(id string) fields{
		"assign": func(id string) fields { return fields{"coordinator_id": id, "handler_id": id} },
		"accept": func(id string) fields { return fields{"handler_id": id} },
		"claim":  func(id string) fields { return fields{"department_id": id, "handler_id": id} },
		"classify": func(id string) fields {
			return fields{"domain": "livelihood", "topic": "住房保障", "community_id": id}
		},
		"dispatch": func(id string) fields { return fields{"lead_department_id": id} },
		"transfer": func(id string) fields { return fields{"lead_department_id": id, "reason": "职责在别处"} },
		"return":   func(id string) fields { return fields{"reason": "职责不符", "suggested_department_id": id} },
		"ask_support": func(id string) fields {
			return fields{"department_id": id, "community_id": id, "task": "核查", "due_at": due}
		},
		"attach": func(id string) fields { return fields{"ticket_id": id} },
		"merge":  func(id string) fields { return fields{"target_id": id, "reason": "同一件事"} },
		"convene": func(id string) fields {
			return fields{"minutes": "会商", "lead_department_id": id, "handler_id": id, "leader_id": id, "plan": "整改", "members": []fields{{"person_id": id, "duty": "整改", "due_at": due}}}
		},
	}
	requestID := regexp.MustCompile(`"request_id":"[^"]*"`)
	for _, who := range []string{"p-r", "p-other"} {
		for name, body := range bodies {
			first := ""
			for _, id := range []string{"p-nosuch", "p-cy", "p-au", "p-h1", "d-1", "d-nosuch", "c-1", other.ID, c.ID, c.Number, "NS2026-000999"} {
				a := o.do(who, c, name, body(id))
				said := fmt.Sprint(a.status, requestID.ReplaceAllString(string(a.body), ""))
				if first == "" {
					first = said
				}
				if said != first || a.status < 400 {
					t.Errorf("%s gives %s with %s: %s, and with p-nosuch: %s", who, name, id, said, first)
				}
			}
		}
	}
	missing := o.post("p-other", "/cases/NS2026-999999/claim", fields{"version": 1, "department_id": "d-1", "handler_id": "p-au"})
	missing.refused(http.StatusNotFound, "case.not_found")
}
