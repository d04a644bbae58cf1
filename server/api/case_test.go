package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

func allowedNames(c workflow.CaseView) []casework.Name {
	var names []casework.Name
	for _, a := range c.Allowed {
		names = append(names, a.Name)
	}
	return names
}

// A case from the liaison's report to the resident's rating, each step by the person whose turn it is.
func TestWholeCase(t *testing.T) {
	o := newOffice(t)
	c := o.reported()
	if c.Status != casework.Reported || !strings.HasPrefix(c.Number, "NS2026-") || c.Version != 1 {
		t.Fatalf("%+v", c)
	}
	order := o.ticketed("12345-1")

	c = o.must("p-cy", c, "register", fields{"reason": "属实"})
	c = o.must("p-cy", c, "attach", fields{"ticket_id": order.ID})
	c = o.must("p-cy", c, "classify", fields{"domain": "livelihood", "scope": "individual", "reach": "single", "crossings": []string{"field"}, "grid_id": "g-1", "community_id": "c-1"})
	c = o.must("p-cy", c, "dispatch", fields{"lead_department_id": "d-1", "note": "请速办"})
	if c.Clock == nil || c.Clock.WorkingDays != 3 || c.Tier != casework.TierIII {
		t.Fatalf("clock %+v tier %s", c.Clock, c.Tier)
	}
	c = o.must("p-h1", c, "accept", fields{"handler_id": "p-w1"})
	if c.Handler == nil || c.Handler.Name != "张伟" {
		t.Fatalf("handler %+v", c.Handler)
	}
	c = o.must("p-w1", c, "contact", fields{"reached": true, "at": "2026-03-02T09:30:00+08:00", "said": "已致电说明"})
	c = o.must("p-w1", c, "progress", fields{"text": "已约谈施工方", "public": true})
	c = o.must("p-w1", c, "submit", fields{"result": "夜间停止施工", "outcome": "solved", "evidence": []string{"照片1"}})
	c = o.must("p-cy", c, "verify_pass", fields{"finding": "现场属实", "outcome": "solved"})
	if c.Status != casework.Resolved {
		t.Fatal(c.Status)
	}

	mine := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.Number))
	if got := allowedNames(mine); !slices.Equal(got, []casework.Name{"rate"}) {
		t.Errorf("the resident may now: %v", got)
	}
	if mine.Handler != nil || mine.Facts != "" || len(mine.Tasks) > 0 || len(mine.Why) > 0 {
		t.Errorf("the resident sees too much: %+v", mine)
	}
	rated := ok[CommandResult](o.do("p-r", mine, "rate", fields{"rating": "satisfied", "words": "谢谢"}))
	if rated.Case.Status != casework.Resolved || rated.Replayed {
		t.Errorf("%+v", rated)
	}
	if p := o.do("p-r", rated.Case, "rate", fields{"rating": "satisfied"}).refused(http.StatusConflict, "case.rated"); p.Allowed == nil {
		t.Error("a refusal brings the list of what is allowed, also an empty one")
	}

	line := ok[workflow.Page[workflow.TimelineItem]](o.get("p-cy", "/cases/"+c.ID+"/timeline?changes=true&limit=100"))
	var kinds []string
	for _, e := range line.Items {
		kinds = append(kinds, string(e.Kind))
	}
	want := []string{"report", "register", "attach", "classify", "dispatch", "accept", "contact", "progress", "submit", "verify_pass", "rate"}
	if !slices.Equal(kinds, want) {
		t.Errorf("timeline %v, want %v", kinds, want)
	}
	if len(line.Items[4].Changes) == 0 {
		t.Error("changes were asked for")
	}
	public := ok[workflow.Page[workflow.TimelineItem]](o.get("p-r", "/cases/"+c.ID+"/timeline?changes=true"))
	for _, e := range public.Items {
		if !e.Public || len(e.Changes) > 0 || strings.Contains(e.Who+e.Text, "张伟") {
			t.Errorf("the resident reads %+v", e)
		}
	}
	tickets := ok[workflow.Page[workflow.TicketView]](o.get("p-w1", "/cases/"+c.ID+"/tickets"))
	if len(tickets.Items) != 1 || strings.Contains(tickets.Items[0].RequesterPhone+tickets.Items[0].Content, "13812345678") {
		t.Errorf("%+v", tickets.Items)
	}
}

func TestTimelinePages(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	var seqs []int64
	path := "/cases/" + c.ID + "/timeline?limit=3"
	for next := "start"; next != ""; {
		page := ok[workflow.Page[workflow.TimelineItem]](o.get("p-cy", path))
		for _, e := range page.Items {
			seqs = append(seqs, e.Seq)
		}
		next = page.Next
		path = "/cases/" + c.ID + "/timeline?limit=3&after=" + next
	}
	if !slices.Equal(seqs, []int64{1, 2, 3, 4}) {
		t.Errorf("read %v", seqs)
	}
}

func TestVersionConflict(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	o.must("p-h1", c, "accept", fields{"handler_id": "p-w1"})
	p := o.do("p-h1", c, "return", fields{"reason": "不属本部门", "duty_item": "权责 1", "suggested_department_id": "d-2"}).refused(http.StatusConflict, "case.version_conflict")
	if p.Current == nil || p.Current.Version != c.Version+1 || p.Current.Status != casework.Handling || p.Current.StatusLabel != "办理中" || p.Current.Tier != casework.TierIII {
		t.Errorf("current %+v", p.Current)
	}
}

func TestRefusedCommandTellsWhatIsAllowed(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	for name, x := range map[string]struct {
		who     string
		command casework.Name
		body    fields
		reason  string
		allowed casework.Name
	}{
		"not in this state":  {"p-h1", "submit", fields{"result": "好了", "outcome": "solved", "evidence": []string{"x"}}, "case.wrong_state", "accept"},
		"not this person's":  {"p-h1", "transfer", fields{"lead_department_id": "d-2", "reason": "转办"}, "case.not_yours", "return"},
		"not yet":            {"p-cy", "hold_over", fields{"target_on": "2026-12-31", "reason": "挂账"}, "case.not_yours", "transfer"},
		"a coordinator only": {"p-cy", "coordinate", fields{"opinion": "请抓紧"}, "case.not_yours", "remind"},
	} {
		t.Run(name, func(t *testing.T) {
			p := o.do(x.who, c, x.command, x.body).refused(http.StatusConflict, x.reason)
			if !slices.ContainsFunc(p.Allowed, func(a casework.Allowed) bool { return a.Name == x.allowed && a.Label != "" }) {
				t.Errorf("allowed %+v, want %s among them", p.Allowed, x.allowed)
			}
		})
	}
}

func TestIdempotencyKey(t *testing.T) {
	o := newOffice(t)
	report := fields{"title": "路灯不亮", "facts": "连续三天不亮", "place": "春江花园"}
	first := ok[CommandResult](o.post("p-gl", "/cases", report, "Idempotency-Key", "k-1"))
	again := ok[CommandResult](o.post("p-gl", "/cases", report, "Idempotency-Key", "k-1"))
	if first.Replayed || !again.Replayed || again.Case.ID != first.Case.ID {
		t.Errorf("first %v %s, again %v %s", first.Replayed, first.Case.ID, again.Replayed, again.Case.ID)
	}
	other := fields{"title": "井盖缺失", "facts": "人行道井盖缺失", "place": "春江花园"}
	o.post("p-gl", "/cases", other, "Idempotency-Key", "k-1").refused(http.StatusBadRequest, "request.key_reused")
	// Another person's key of the same name is another key.
	if r := ok[CommandResult](o.post("p-cw", "/cases", other, "Idempotency-Key", "k-1")); r.Replayed {
		t.Error("one person's key answered for another's")
	}

	c := first.Case
	body := fields{"version": c.Version}
	path := "/cases/" + c.ID + "/register"
	ok[CommandResult](o.post("p-cy", path, body, "Idempotency-Key", "k-2"))
	if r := ok[CommandResult](o.post("p-cy", path, body, "Idempotency-Key", "k-2")); !r.Replayed || r.Case.Status != casework.Registered || r.Case.Version != c.Version+1 {
		t.Errorf("%+v", r)
	}
	o.post("p-cy", path, body).refused(http.StatusConflict, "case.version_conflict")
	p := o.post("p-cy", path, body, "Idempotency-Key", strings.Repeat("k", 101)).refused(http.StatusBadRequest, "request.invalid")
	if len(p.Fields) != 1 || p.Fields[0].Name != "Idempotency-Key" {
		t.Errorf("%+v", p.Fields)
	}
}

func TestWhatIsNotVisibleDoesNotExist(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	order := o.ticketed("12345-2")
	for _, who := range []string{"p-w2", "p-h2", "p-r"} {
		for _, path := range []string{"/cases/" + c.ID, "/cases/" + c.Number, "/cases/" + c.ID + "/timeline", "/cases/" + c.ID + "/tickets"} {
			o.get(who, path).refused(http.StatusNotFound, "case.not_found")
		}
		o.do(who, c, "remind", fields{"text": "请尽快"}).refused(http.StatusNotFound, "case.not_found")
		if page := ok[workflow.Page[workflow.CaseItem]](o.get(who, "/cases?all=true")); len(page.Items) > 0 {
			t.Errorf("%s lists %+v", who, page.Items)
		}
	}
	for _, id := range []string{"nothing", "NS2026-999999", "%E4%B8%AD%E6%96%87", "'%20OR%201=1--", "..%2F..%2Fme"} {
		if a := o.get("p-cy", "/cases/"+id); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", id, a.status, a.body)
		}
	}
	o.get("p-w1", "/tickets/"+order.ID).refused(http.StatusNotFound, "ticket.not_found")
	ok[workflow.TicketView](o.get("p-r", "/tickets/"+order.ID)) // their own
	if page := ok[workflow.Page[workflow.TicketView]](o.get("p-w1", "/tickets")); len(page.Items) > 0 {
		t.Errorf("a handler lists all tickets: %+v", page.Items)
	}
}

func TestClaimableIsMasked(t *testing.T) {
	o := newOffice(t)
	c := ok[CommandResult](o.post("p-gl", "/cases", fields{"title": "居民13812345678反映漏水", "facts": "联系人13812345678，楼上漏水", "place": "春江花园 3 号", "grid_id": "g-1"})).Case
	c = o.must("p-cy", c, "register", nil)
	page := ok[workflow.Page[workflow.CaseItem]](o.get("p-h2", "/cases?view=claimable"))
	if len(page.Items) != 1 || page.Items[0].Place != "" || strings.Contains(page.Items[0].Title, "13812345678") {
		t.Fatalf("%+v", page.Items)
	}
	v := ok[workflow.CaseView](o.get("p-h2", "/cases/"+c.ID))
	if !v.Masked || v.Handler != nil || v.Place != "" || len(v.TicketRefs) > 0 || len(v.Why[0].Evidence) > 0 || strings.Contains(v.Facts+v.Title, "13812345678") {
		t.Errorf("masked view shows %+v", v)
	}
	if got := allowedNames(v); !slices.Equal(got, []casework.Name{"claim"}) {
		t.Errorf("may %v", got)
	}
	o.get("p-h2", "/cases/"+c.ID+"/timeline").refused(http.StatusNotFound, "case.not_found")
	c = o.must("p-h2", v, "claim", fields{"handler_id": "p-w2"})
	if c.Masked || c.Status != casework.Handling || c.Handler.ID != "p-w2" {
		t.Errorf("claimed: %+v", c)
	}
}

func TestListFilters(t *testing.T) {
	o := newOffice(t)
	waiting := o.reported()
	c := o.dispatched()
	for query, want := range map[string][]string{
		"":                               {c.ID},
		"?status=reported":               {waiting.ID},
		"?status=dispatched":             {c.ID},
		"?all=true":                      {waiting.ID, c.ID},
		"?tier=III":                      {c.ID},
		"?tier=II":                       {},
		"?lead_department_id=d-1":        {c.ID},
		"?lead_department_id=d-2":        {},
		"?grid_id=g-1&domain=livelihood": {c.ID},
		"?domain=business":               {},
		"?overdue=true":                  {},
	} {
		got := []string{}
		for _, it := range ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases"+query)).Items {
			got = append(got, it.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

func TestPagesHoldEachCaseOnce(t *testing.T) {
	o := newOffice(t)
	want := map[string]bool{}
	for range 23 {
		want[o.reported().ID] = true
	}
	for range 9 { // their clocks run out together with each other
		want[o.dispatched().ID] = true
	}
	for _, who := range []string{"p-cy", "p-gl"} { // one sees all, one by scope
		got := map[string]bool{}
		pages := 0
		for next := ""; pages == 0 || next != ""; pages++ {
			page := ok[workflow.Page[workflow.CaseItem]](o.get(who, "/cases?all=true&limit=7&cursor="+next))
			for _, it := range page.Items {
				if got[it.ID] {
					t.Errorf("%s: %s comes twice", who, it.Number)
				}
				got[it.ID] = true
			}
			next = page.Next
		}
		if len(got) != len(want) || pages != 5 {
			t.Errorf("%s: %d of %d cases on %d pages", who, len(got), len(want), pages)
		}
	}
}

func TestWhatIReportedTellsWhatBecameOfIt(t *testing.T) {
	o := newOffice(t)
	report := func(title string) workflow.CaseView {
		return ok[CommandResult](o.post("p-gl", "/cases", fields{"title": title, "facts": "联系人13812345678", "place": "春江花园 3 号", "grid_id": "g-1"})).Case
	}
	first, second := report("楼上漏水"), report("路灯不亮13812345678")
	o.must("p-cy", first, "reject", fields{"reason": "致电13812345678，已修好"})
	page := ok[workflow.Page[workflow.ReportedCase]](o.get("p-gl", "/cases/reported?limit=1"))
	if len(page.Items) != 1 || page.Items[0].ID != second.ID || page.Next == "" || strings.Contains(page.Items[0].Title, "13812345678") {
		t.Fatalf("newest first: %+v", page)
	}
	page = ok[workflow.Page[workflow.ReportedCase]](o.get("p-gl", "/cases/reported?limit=1&cursor="+page.Next))
	if len(page.Items) != 1 || page.Items[0].ID != first.ID || page.Next != "" || page.Items[0].Status != casework.Rejected {
		t.Fatalf("what is over too: %+v", page)
	}
	if last := page.Items[0].Last; !strings.Contains(last.Text, "已修好") || strings.Contains(last.Text, "13812345678") || last.Who == "" || last.At.IsZero() {
		t.Errorf("last step: %+v", last)
	}
	ok[workflow.CaseView](o.get("p-gl", "/cases/"+first.ID)) // opens
	if page := ok[workflow.Page[workflow.ReportedCase]](o.get("p-h1", "/cases/reported")); len(page.Items) > 0 {
		t.Errorf("another's: %+v", page.Items)
	}
	o.get("p-r", "/cases/reported").refused(http.StatusForbidden, "auth.denied")
}

func TestARequesterDoesNotReadWhichDepartmentWasSuggested(t *testing.T) {
	o := newOffice(t)
	c := ok[CommandResult](o.post("p-gl", "/cases", fields{"title": "夜间施工", "facts": "打桩到两点", "place": "春江花园 3 号", "grid_id": "g-1", "suggested_department_id": "d-1"})).Case
	c = o.must("p-cy", c, "register", nil)
	c = o.must("p-cy", c, "attach", fields{"ticket_id": o.ticketed("20260302000076").ID}) // p-r's
	for who, want := range map[string]bool{"p-gl": true, "p-cy": true, "p-r": false} {
		if v := ok[workflow.CaseView](o.get(who, "/cases/"+c.ID)); (v.SuggestedDepartment != nil) != want {
			t.Errorf("%s reads %+v", who, v.SuggestedDepartment)
		}
	}
}
