package api

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/auth"
	"xiaopu/server/blob"
	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/live"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares got with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test ./server/api -update writes it", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s is not up to date; go test ./server/api -update writes it anew:\n%s", path, diff)
	}
}

// office is a small street behind the HTTP interface, on a real database, with a clock that the test moves.
type office struct {
	t       testing.TB
	db      *store.DB
	dsn     string
	engine  *workflow.Engine
	signer  *auth.Signer
	imports *intake.Jobs
	blobs   *blob.Folder
	hub     *live.Hub // nobody listens unless a test says so
	signIn  *auth.Service
	handler http.Handler
	log     *bytes.Buffer

	mu  sync.Mutex
	now time.Time
}

func newOffice(t testing.TB, change ...func(*Options)) *office {
	t.Helper()
	return newOfficeWith(t, auth.DefaultSettings, change...)
}

func newOfficeWith(t testing.TB, settings auth.Settings, change ...func(*Options)) *office {
	t.Helper()
	db, dsn := storetest.OpenNamed(t)
	o := newOfficeOn(t, db, settings, change...)
	o.dsn = dsn
	return o
}

// newOfficeOn is an office on a new, migrated database of any engine.
func newOfficeOn(t testing.TB, db *store.DB, settings auth.Settings, change ...func(*Options)) *office {
	t.Helper()
	o := &office{t: t, db: db, log: &bytes.Buffer{}}
	o.at("2026-03-02 10:00") // a Monday
	memory, err := cache.New(cache.Options{Clock: o.clock})
	if err != nil {
		t.Fatal(err)
	}
	o.hub = live.New(memory, slog.New(slog.DiscardHandler))
	if o.blobs, err = blob.NewFolder(filepath.Join(t.TempDir(), "attachments")); err != nil {
		t.Fatal(err)
	}
	o.engine = workflow.New(o.db, workflow.Options{Clock: o.clock, Blobs: o.blobs, Live: o.hub})
	ctx := context.Background()
	if err := o.engine.Seed(ctx, []workday.Year{year2026()}, casework.DefaultPolicy()); err != nil {
		t.Fatal(err)
	}
	if err := o.engine.LoadOrganisation(ctx, street()); err != nil {
		t.Fatal(err)
	}
	if o.signer, err = auth.NewSigner([]byte("only for tests, 32 bytes or more"), o.clock); err != nil {
		t.Fatal(err)
	}
	o.signIn = auth.New(auth.Options{
		DB: o.db, Engine: o.engine, Cache: memory, Signer: o.signer, Clock: o.clock, Settings: settings, HashCost: auth.HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1},
	})
	o.imports = &intake.Jobs{Engine: o.engine, DB: o.db, Clock: o.clock, Logger: slog.New(slog.DiscardHandler)}
	options := Options{
		Engine: o.engine, Signer: o.signer, SignIn: o.signIn, DevClock: true, Version: "test", Clock: o.clock, Imports: o.imports,
		Logger: slog.New(slog.NewJSONHandler(&lockedWriter{w: o.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&options)
	}
	o.handler = NewHandler(options)
	return o
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) at(text string) {
	o.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, workday.Shanghai)
	if err != nil {
		o.t.Fatal(err)
	}
	o.mu.Lock()
	o.now = at
	o.mu.Unlock()
}

func day(text string) workday.Date {
	d, err := workday.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// year2026 is part of the real arrangement.
func year2026() workday.Year {
	off, work := map[workday.Date]string{}, map[workday.Date]string{}
	for d := day("2026-10-01"); !d.After(day("2026-10-07")); d = d.AddDays(1) {
		off[d] = "国庆节"
	}
	work[day("2026-10-10")] = "国庆节"
	off[day("2026-05-01")] = "劳动节"
	return workday.Year{Year: 2026, Source: "测试", PublishedOn: day("2025-11-04"), Off: off, Work: work}
}

// street has at least one person in every role; p-r is the resident behind the phone of the tickets.
func street() workflow.Street {
	people := 0
	person := func(id, name string, posts ...organisation.Post) organisation.Person {
		people++
		return organisation.Person{ID: id, Name: name, Posts: posts, Phone: fmt.Sprintf("1390000%04d", people)}
	}
	post := func(r casework.Role, unit string) organisation.Post { return organisation.Post{Role: r, Unit: unit} }
	resident := person("p-r", "沈阿婆", post(casework.Resident, ""))
	resident.Phone = "13812345678"
	left := person("p-left", "已离开", post(casework.Handler, "d-1"))
	left.Left = true
	return workflow.Street{
		Departments: []organisation.Department{
			{ID: "d-1", Name: "综合执法队", ShortName: "执法队", Kind: organisation.KindSquad, DeputyLeader: "p-fg"}, {ID: "d-2", Name: "规划办", DeputyLeader: "p-fg"}, {ID: "d-3", Name: "房管所", DeputyLeader: "p-fg"},
		},
		Grids:       []organisation.Grid{{ID: "g-1", Name: "第一网格"}, {ID: "g-2", Name: "第二网格"}},
		Communities: []organisation.Community{{ID: "c-1", Name: "春江花园", GridID: "g-1"}},
		People: []organisation.Person{
			person("p-cy", "王敏", post(casework.Centre, "")), person("p-fg", "陈副主任"), person("p-co", "何协调", post(casework.Coordinator, "")),
			person("p-h1", "李刚", post(casework.DepartmentHead, "d-1")), person("p-h2", "周平", post(casework.DepartmentHead, "d-2")), person("p-h3", "吴英", post(casework.DepartmentHead, "d-3")),
			person("p-w1", "张伟", post(casework.Handler, "d-1")), person("p-w2", "刘洋", post(casework.Handler, "d-2")),
			person("p-gc", "赵强", post(casework.GridChief, "g-1")), person("p-gl", "孙丽", post(casework.Liaison, "g-1")), person("p-ps", "冯书记", post(casework.PartySecretary, "g-1")),
			person("p-gc2", "蒋强", post(casework.GridChief, "g-2")), person("p-gl2", "沈丽", post(casework.Liaison, "g-2")),
			person("p-cw", "褚村居", post(casework.Community, "c-1")), person("p-pl", "郑主任", post(casework.PrincipalLeader, "")), person("p-lg", "卫组员", post(casework.LeadingGroup, "")),
			person("p-dc", "钱督", post(casework.Supervisor, "")), person("p-sa", "系管", post(casework.SystemAdmin, "")), person("p-se", "安管", post(casework.SecurityAdmin, "")),
			person("p-au", "审计", post(casework.Auditor, "")), resident, left,
		},
	}
}

// inRole names one person of the street per role.
var inRole = map[casework.Role]string{
	casework.Resident: "p-r", casework.Liaison: "p-gl", casework.Community: "p-cw", casework.Handler: "p-w1", casework.DepartmentHead: "p-h1",
	casework.DeputyLeader: "p-fg", casework.GridChief: "p-gc", casework.PartySecretary: "p-ps", casework.Coordinator: "p-co",
	casework.PrincipalLeader: "p-pl", casework.LeadingGroup: "p-lg", casework.Centre: "p-cy", casework.Supervisor: "p-dc",
	casework.SystemAdmin: "p-sa", casework.SecurityAdmin: "p-se", casework.Auditor: "p-au",
}

func (o *office) token(who string) string {
	o.t.Helper()
	token, err := o.signer.Issue(who, 365*24*time.Hour)
	if err != nil {
		o.t.Fatal(err)
	}
	return token
}

// answer is what came back.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

func (o *office) send(r *http.Request) answer {
	o.t.Helper()
	rec := httptest.NewRecorder()
	o.handler.ServeHTTP(rec, r)
	return answer{o.t, r.Method + " " + r.URL.String(), rec.Code, rec.Header(), rec.Body.Bytes()}
}

// call sends a request as who ("" for nobody); a body that is no string or []byte is sent as JSON.
func (o *office) call(who, method, path string, body any, headers ...string) answer {
	o.t.Helper()
	var text []byte
	switch b := body.(type) {
	case nil:
	case string:
		text = []byte(b)
	case []byte:
		text = b
	default:
		var err error
		if text, err = json.Marshal(b); err != nil {
			o.t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(text))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+o.token(who))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return o.send(r)
}

func (o *office) get(who, path string) answer {
	o.t.Helper()
	return o.call(who, http.MethodGet, v1+path, nil)
}

func (o *office) post(who, path string, body any, headers ...string) answer {
	o.t.Helper()
	return o.call(who, http.MethodPost, v1+path, body, headers...)
}

type fields = map[string]any

// ok wants a 2xx and decodes the body.
func ok[T any](a answer) T {
	a.t.Helper()
	var v T
	if a.status/100 != 2 {
		a.t.Fatalf("%s: %d %s", a.what, a.status, a.body)
	}
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.what, err, a.body)
	}
	return v
}

// refused wants a problem document with this status and reason.
func (a answer) refused(status int, reason string) Problem {
	a.t.Helper()
	var p Problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.t.Fatalf("%s: %d is no problem document: %s", a.what, a.status, a.body)
	}
	if a.status != status || p.Reason != reason {
		a.t.Errorf("%s: %d %s, want %d %s\n%s", a.what, a.status, p.Reason, status, reason, a.body)
	}
	if a.header.Get("Content-Type") != problemType || p.Status != a.status || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") || p.Code == "" || p.Title == "" || !inChinese(p.Message) {
		a.t.Errorf("%s: not a whole problem document: %s\n%v", a.what, a.body, a.header)
	}
	return p
}

// reported reports a case as the liaison of g-1.
func (o *office) reported() workflow.CaseView {
	o.t.Helper()
	return ok[CommandResult](o.post("p-gl", "/cases", fields{"title": "春江花园夜间施工扰民", "facts": "连续一周夜间施工，多次反映未停", "place": "春江花园", "community_id": "c-1", "grid_id": "g-1"})).Case
}

// do gives a command on a case at the version it has.
func (o *office) do(who string, c workflow.CaseView, name casework.Name, body fields) answer {
	o.t.Helper()
	all := fields{"version": c.Version}
	for k, v := range body {
		all[k] = v
	}
	return o.post(who, "/cases/"+c.ID+"/"+string(name), all)
}

func (o *office) must(who string, c workflow.CaseView, name casework.Name, body fields) workflow.CaseView {
	o.t.Helper()
	return ok[CommandResult](o.do(who, c, name, body)).Case
}

// dispatched is a case that waits for d-1 to accept it.
func (o *office) dispatched() workflow.CaseView {
	o.t.Helper()
	c := o.must("p-cy", o.reported(), "register", nil)
	c = o.must("p-cy", c, "classify", fields{"domain": "livelihood", "scope": "individual", "reach": "single", "grid_id": "g-1"})
	return o.must("p-cy", c, "dispatch", fields{"lead_department_id": "d-1"})
}

// ticketed takes a ticket of the resident in, in no case yet.
func (o *office) ticketed(orderNo string) workflow.TicketView {
	o.t.Helper()
	t := ticket.Ticket{
		Source: ticket.Hotline, OrderNo: orderNo, Title: "夜间施工扰民", Content: "来电人13812345678反映夜间施工", Address: "春江花园 3 号 502 室", Community: "海棠苑" + orderNo, // each is about a matter of its own
		Requester:  ticket.Requester{Kind: ticket.Person, Name: "沈阿婆", Phone: "13812345678"},
		AcceptedAt: o.clock().Add(-time.Hour), AcceptedHasTime: true, Fingerprint: orderNo, ReassignedColumn: -1, ReturnedColumn: -1,
	}
	if _, err := o.engine.TakeIn(context.Background(), []ticket.Ticket{t}, nil); err != nil {
		o.t.Fatal(err)
	}
	page := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets?order_no="+orderNo))
	if len(page.Items) != 1 {
		o.t.Fatalf("%d tickets %s", len(page.Items), orderNo)
	}
	return page.Items[0]
}

func (o *office) classified() workflow.CaseView {
	o.t.Helper()
	c := o.must("p-cy", o.reported(), "register", nil)
	c = o.must("p-cy", c, "attach", fields{"ticket_id": o.ticketed("H-" + c.Number).ID})
	c = o.must("p-cy", c, "classify", fields{"domain": "livelihood", "scope": "individual", "reach": "single", "grid_id": "g-1", "community_id": "c-1"})
	return o.must("p-cy", c, "assign", fields{"coordinator_id": "p-co"})
}

func (o *office) handling() workflow.CaseView {
	o.t.Helper()
	c := o.must("p-cy", o.classified(), "dispatch", fields{"lead_department_id": "d-1"})
	return o.must("p-h1", c, "accept", fields{"handler_id": "p-w1"})
}

func (o *office) verifying() workflow.CaseView {
	o.t.Helper()
	return o.must("p-w1", o.handling(), "submit", fields{"result": "已整改", "outcome": "solved", "evidence": []string{"照片"}})
}

func (o *office) resolved() workflow.CaseView {
	o.t.Helper()
	return o.must("p-cy", o.verifying(), "verify_pass", fields{"finding": "属实", "outcome": "solved"})
}

// solvedLate is resolved at tier II, after what tier III promised.
func (o *office) solvedLate() workflow.CaseView {
	o.t.Helper()
	c := o.convene(o.later("2026-03-06 10:00", o.handling()))
	c = o.must("p-w2", c, "finish_task", fields{"task_id": c.Tasks[0].ID, "result": "已提供"})
	c = o.must("p-w1", c, "submit", fields{"result": "已整改", "outcome": "solved", "evidence": []string{"照片"}})
	return o.must("p-cy", c, "verify_pass", fields{"finding": "属实", "outcome": "solved"})
}

// openedAgain is a resolved case of which the requester was right to say that it is not.
func (o *office) openedAgain(c workflow.CaseView) workflow.CaseView {
	o.t.Helper()
	c = o.must("p-r", c, "rate", fields{"rating": "dissatisfied"})
	return o.must("p-cy", c, "confirm_dissatisfaction", fields{"record": "电话回访属实"})
}

func (o *office) convening() workflow.CaseView {
	o.t.Helper()
	return o.must("p-cy", o.classified(), "open_at_ii", fields{"reason": "职责不清，没有部门能够单独牵头"})
}

func (o *office) convened() workflow.CaseView {
	o.t.Helper()
	return o.convene(o.convening())
}

func (o *office) convene(c workflow.CaseView) workflow.CaseView {
	o.t.Helper()
	return o.must("p-gc", c, "convene", fields{
		"minutes": "会商纪要", "lead_department_id": "d-1", "handler_id": "p-w1", "leader_id": "p-h1", "plan": "三日内整改",
		"members": []fields{{"person_id": "p-w2", "duty": "提供资料", "due_at": c.Clock.DueAt}},
	})
}

// later lets the time pass, with everything that falls due meanwhile.
func (o *office) later(at string, c workflow.CaseView) workflow.CaseView {
	o.t.Helper()
	o.at(at)
	if _, err := o.engine.Sweep(context.Background()); err != nil {
		o.t.Fatal(err)
	}
	return ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID))
}
