package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

func TestUnauthenticated(t *testing.T) {
	o := newOffice(t)
	good := o.token("p-cy")
	expired, err := o.signer.Issue("p-cy", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	other, err := auth.NewSigner([]byte("another key, 32 bytes or more too"), o.clock)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Issue("p-cy", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	o.at("2026-03-02 10:05")
	for name, x := range map[string]struct{ header, reason string }{
		"nothing":             {"", "auth.no_token"},
		"another scheme":      {"Basic cC1jeTp4", "auth.no_token"},
		"no token":            {"Bearer ", "auth.no_token"},
		"garbage":             {"Bearer x.y.z", "auth.token_invalid"},
		"cut short":           {"Bearer " + good[:len(good)-3], "auth.token_invalid"},
		"signed by others":    {"Bearer " + foreign, "auth.token_invalid"},
		"expired":             {"Bearer " + expired, "auth.token_expired"},
		"somebody who left":   {"Bearer " + o.token("p-left"), "auth.left"},
		"somebody unknown":    {"Bearer " + o.token("p-nobody"), "auth.left"},
		"an SQL sentence":     {"Bearer ' OR 1=1 --", "auth.token_invalid"},
		"a very long garbage": {"Bearer " + strings.Repeat("x", 20000), "auth.token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, v1+"/me", nil)
			if x.header != "" {
				r.Header.Set("Authorization", x.header)
			}
			a := o.send(r)
			a.refused(http.StatusUnauthorized, x.reason)
			if a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
	r := httptest.NewRequest(http.MethodGet, v1+"/me", nil)
	r.Header.Set("Authorization", "bearer "+good) // the scheme's case does not matter
	if a := o.send(r); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, r := range routes() {
		if slices.Contains(withoutToken, r.Permission) {
			continue
		}
		o.call("", r.Method, strings.ReplaceAll(r.Path, "{id}", "x"), nil).refused(http.StatusUnauthorized, "auth.no_token")
	}
}

// Who may knock where: the matrix is a golden file, and every route answers as it says.
func TestPermissions(t *testing.T) {
	o := newOffice(t)
	var b strings.Builder
	b.WriteString("Which roles a route lets in. What they see and may do to a case is decided behind it.\n\n")
	for _, r := range routes() {
		granted := grants[r.Permission]
		who := "everybody"
		switch {
		case r.Permission == platformSigned:
			who = "a platform, by its signature"
		case r.Permission == byLink:
			who = "who holds a link made for them"
		case r.Permission == signedIn:
			who = "everybody with an account"
		case r.Permission != public:
			if len(granted) == 0 {
				t.Errorf("%s %s: permission %q is granted to nobody", r.Method, r.Path, r.Permission)
			}
			names := make([]string, 0, len(granted))
			for _, role := range casework.Roles {
				if slices.Contains(granted, role) {
					names = append(names, string(role))
				}
			}
			who = strings.Join(names, " ")
			if len(names) == len(casework.Roles) {
				who = "every role"
			}
		}
		fmt.Fprintf(&b, "%-6s %-46s %-18s %s\n", r.Method, r.Path, r.Permission, who)
	}
	golden(t, "testdata/permissions.txt", []byte(b.String()))

	for _, r := range routes() {
		if slices.Contains(withoutToken, r.Permission) {
			continue
		}
		for _, role := range casework.Roles {
			a := o.call(inRole[role], r.Method, strings.ReplaceAll(r.Path, "{id}", "x"), nil)
			allowed := r.Permission == signedIn || slices.Contains(grants[r.Permission], role)
			if denied := a.status == http.StatusForbidden; denied == allowed {
				t.Errorf("%s %s as %s: %d, allowed: %v", r.Method, r.Path, role, a.status, allowed)
			}
			if !allowed {
				a.refused(http.StatusForbidden, "auth.denied")
			}
			if a.status >= http.StatusInternalServerError && a.status != http.StatusServiceUnavailable {
				t.Errorf("%s %s as %s: %d %s", r.Method, r.Path, role, a.status, a.body)
			}
		}
	}
}

// The permissions to bring a case in agree with the command table.
func TestPermissionsAgreeWithTheCommandTable(t *testing.T) {
	for _, role := range casework.Roles {
		actor := casework.Actor{PersonID: "p", Posts: []casework.Post{{Role: role}, {Role: role, Unit: "u"}}}
		var may []casework.Name
		for _, a := range casework.AllowedCommands(casework.Case{}, actor, casework.Env{}) {
			may = append(may, a.Name)
		}
		if got, want := slices.Contains(grants[caseReport], role), slices.Contains(may, "report"); got != want {
			t.Errorf("%s may report: %v by permission, %v by the table", role, got, want)
		}
		if got, want := slices.Contains(grants[caseRegister], role), slices.Contains(may, "register"); got != want {
			t.Errorf("%s may register: %v by permission, %v by the table", role, got, want)
		}
	}
}

func TestMe(t *testing.T) {
	o := newOffice(t)
	me := ok[Me](o.get("p-h1", "/me"))
	if me.Name != "李刚" || len(me.Posts) != 1 || me.Posts[0].Label != "综合执法队负责人" || !slices.Contains(me.Permissions, "case.command") || slices.Contains(me.Permissions, "import.run") {
		t.Errorf("%+v", me)
	}
	if !me.Now.Equal(o.clock()) {
		t.Errorf("now %s", me.Now)
	}
	if !slices.Contains(me.Permissions, "dev.clock") {
		t.Error("the demonstration has its clock")
	}
	production := newOffice(t, func(o *Options) { o.DevClock = false })
	if me := ok[Me](production.get("p-h1", "/me")); slices.Contains(me.Permissions, "dev.clock") {
		t.Errorf("in production: %v", me.Permissions)
	}
	auditor := ok[Me](o.get("p-au", "/me"))
	if slices.Contains(auditor.Permissions, "case.read") || slices.Contains(auditor.Permissions, "organisation.read") {
		t.Errorf("the auditor may %v", auditor.Permissions)
	}
}

func TestDelegation(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	d := ok[workflow.DelegationView](o.post("p-h1", "/delegations", fields{"to": "p-h2", "from": "2026-03-02T09:00:00+08:00", "until": "2026-03-06T17:00:00+08:00"}))
	if d.To.Name != "周平" || d.ID == "" {
		t.Errorf("%+v", d)
	}
	me := ok[Me](o.get("p-h2", "/me"))
	if len(me.StandsInFor) != 1 || me.StandsInFor[0].Name != "李刚" || !slices.ContainsFunc(me.Posts, func(p PostView) bool { return p.Unit == "d-1" && p.For != nil && p.For.Name == "李刚" }) {
		t.Errorf("%+v", me)
	}
	c = o.must("p-h2", c, "accept", fields{"handler_id": "p-w1"})
	line := ok[workflow.Page[workflow.TimelineItem]](o.get("p-cy", "/cases/"+c.ID+"/timeline"))
	if last := line.Items[len(line.Items)-1]; !strings.Contains(last.Who, "周平") || !strings.Contains(last.Who, "李刚") {
		t.Errorf("who: %s", last.Who)
	}
	o.post("p-h1", "/delegations", fields{"to": "p-h1", "from": "2026-03-02T09:00:00+08:00", "until": "2026-03-06T17:00:00+08:00"}).refused(http.StatusBadRequest, "delegation.bad_period")
	o.post("p-h1", "/delegations", fields{"to": "p-h2", "from": "2026-03-06T09:00:00+08:00", "until": "2026-03-02T17:00:00+08:00"}).refused(http.StatusBadRequest, "delegation.bad_period")
}

func TestDirectoryHasNoPhones(t *testing.T) {
	o := newOffice(t)
	a := o.get("p-gl", "/organisation")
	d := ok[Directory](a)
	for _, p := range street().People {
		if strings.Contains(string(a.body), p.Phone) {
			t.Errorf("the phone of %s is in it", p.Name)
		}
	}
	for _, name := range []string{"沈阿婆", "已离开", "系管", "审计"} {
		if strings.Contains(string(a.body), name) {
			t.Errorf("%s is in it", name)
		}
	}
	if len(d.Departments) != 3 || len(d.Grids) != 2 || len(d.Communities) != 1 {
		t.Fatalf("%+v", d)
	}
	d1 := d.Departments[0]
	if d1.DeputyLeader == nil || d1.DeputyLeader.Name != "陈副主任" || len(d1.Handlers) != 2 || !d1.Handlers[0].Head || d1.Handlers[1].ID != "p-w1" {
		t.Errorf("%+v", d1)
	}
	street := street()
	street.People[0].Name = "王敏敏" // the cache notices
	if err := o.engine.LoadOrganisation(t.Context(), street); err != nil {
		t.Fatal(err)
	}
	if a := o.get("p-gl", "/organisation"); !strings.Contains(string(a.body), "王敏敏") {
		t.Error("an old directory is shown")
	}
}

func TestTodosAndInbox(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	todos := ok[workflow.Page[workflow.TodoItem]](o.get("p-h1", "/todos"))
	if len(todos.Items) != 1 || todos.Items[0].CaseID != c.ID || todos.Items[0].Kind != casework.TodoAccept {
		t.Fatalf("%+v", todos)
	}
	counts := ok[workflow.Counts](o.get("p-h1", "/todos/counts"))
	if counts.Total != 1 || counts.Unread == 0 {
		t.Errorf("%+v", counts)
	}
	for range 2 {
		o.reported()
	}
	page := ok[workflow.Page[workflow.TodoItem]](o.get("p-cy", "/todos?limit=1"))
	next := ok[workflow.Page[workflow.TodoItem]](o.get("p-cy", "/todos?limit=1&cursor="+page.Next))
	if len(page.Items) != 1 || len(next.Items) != 1 || page.Items[0].CaseID == next.Items[0].CaseID {
		t.Errorf("%+v then %+v", page, next)
	}

	box := ok[workflow.Page[workflow.NoticeItem]](o.get("p-cy", "/inbox?limit=1&unread=true"))
	if len(box.Items) != 1 || box.Next == "" || !inChinese(box.Items[0].Text) {
		t.Fatalf("%+v", box)
	}
	older := ok[workflow.Page[workflow.NoticeItem]](o.get("p-cy", "/inbox?before="+box.Next))
	if len(older.Items) == 0 || older.Items[0].ID >= box.Items[0].ID {
		t.Errorf("%+v", older)
	}
	before := ok[workflow.Counts](o.get("p-cy", "/todos/counts")).Unread
	if r := ok[Read](o.post("p-cy", "/inbox/read", fields{"ids": []string{box.Items[0].ID}})); r.Unread != before-1 {
		t.Errorf("%d unread of %d", r.Unread, before)
	}
	// Somebody else's notices stay as they are.
	if r := ok[Read](o.post("p-gl", "/inbox/read", fields{"until": box.Items[0].ID})); r.Unread != 0 {
		t.Errorf("%d unread", r.Unread)
	}
	if r := ok[Read](o.post("p-cy", "/inbox/read", fields{"until": box.Items[0].ID})); r.Unread != 0 {
		t.Errorf("%d unread", r.Unread)
	}
	o.post("p-cy", "/inbox/read", fields{}).refused(http.StatusBadRequest, "inbox.which")
	o.post("p-cy", "/inbox/read", fields{"ids": []string{"x"}, "until": "y"}).refused(http.StatusBadRequest, "inbox.which")
}
