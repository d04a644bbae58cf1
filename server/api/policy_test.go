package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// takeIn takes n tickets in about one place, on one day, from people of their own.
func (o *office) takeIn(place string, n, from int, change ...func(*ticket.Ticket)) {
	o.t.Helper()
	var batch []ticket.Ticket
	for i := range n {
		no := fmt.Sprintf("%s-%d", place, from+i)
		t := ticket.Ticket{
			Source: ticket.Hotline, OrderNo: no, Title: "夜间施工扰民", Content: "来电人13912340001反映夜间施工", Address: place + " 3 号", Category: [5]string{"城建", "施工扰民"},
			Requester:  ticket.Requester{Kind: ticket.Person, Name: "居民", Phone: fmt.Sprintf("1391234%04d", from+i)},
			AcceptedAt: o.clock(), AcceptedHasTime: true, Fingerprint: no, ReassignedColumn: -1, ReturnedColumn: -1,
		}
		for _, f := range change {
			f(&t)
		}
		batch = append(batch, t)
	}
	if _, err := o.engine.TakeIn(o.t.Context(), batch, nil); err != nil {
		o.t.Fatal(err)
	}
}

// onlyCase is the one case there is.
func (o *office) onlyCase() workflow.CaseView {
	o.t.Helper()
	page := ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases?all=true"))
	if len(page.Items) != 1 {
		o.t.Fatalf("%d cases", len(page.Items))
	}
	return ok[workflow.CaseView](o.get("p-cy", "/cases/"+page.Items[0].ID))
}

func TestEvidence(t *testing.T) {
	o := newOffice(t)
	o.takeIn("春江花园", 5, 1, func(t *ticket.Ticket) {
		if t.OrderNo == "春江花园-5" { // the same person again, dissatisfied
			t.Requester.Phone, t.Satisfaction = "13912340004", ticket.Dissatisfied
		}
	})
	c := o.onlyCase()
	first := ok[workflow.EvidencePage](o.get("p-cy", "/cases/"+c.ID+"/evidence?limit=4"))
	if len(first.Triggers) != 2 || len(first.Items) != 4 || first.Next == "" {
		t.Fatalf("%+v", first)
	}
	burst := first.Triggers[0]
	if burst.Kind != casework.ByBurst || burst.Records != 5 || burst.Tickets != 5 || burst.People != 4 || !strings.Contains(burst.Summary, "涉及 4 人") {
		t.Errorf("%+v", burst)
	}
	second := ok[workflow.EvidencePage](o.get("p-cy", "/cases/"+c.ID+"/evidence?limit=4&cursor="+first.Next))
	if len(second.Items) != 2 || second.Next != "" || !cmp.Equal(first.Triggers, second.Triggers) {
		t.Errorf("%+v", second)
	}
	seen := map[string]bool{}
	for _, it := range append(first.Items, second.Items...) {
		seen[string(it.Kind)+it.Key] = true
		if it.Ticket == nil || it.FromLabel == "" || it.Quote == "" || it.At.IsZero() || it.Ticket.RequesterPhone != "139****"+it.Ticket.RequesterPhone[7:] || strings.Contains(it.Ticket.Content, "13912340001") {
			t.Errorf("%+v %+v", it, it.Ticket)
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d records: %v", len(seen), seen)
	}
	o.get("p-cy", "/cases/"+c.ID+"/evidence?cursor=x").refused(http.StatusBadRequest, "list.cursor")
	o.get("p-h2", "/cases/"+c.ID+"/evidence").refused(http.StatusNotFound, store.ErrNoCase.Reason) // may claim it, masked
	o.get("p-gl2", "/cases/"+c.ID+"/evidence").refused(http.StatusNotFound, store.ErrNoCase.Reason)
	o.get("p-r", "/cases/"+c.ID+"/evidence").refused(http.StatusForbidden, "auth.denied")

	// Rejected, its evidence is there still, and never fires again.
	o.must("p-cy", c, "reject", fields{"reason": "同一工地的重复来电，不予入库"})
	if again := ok[workflow.EvidencePage](o.get("p-cy", "/cases/"+c.ID+"/evidence")); len(again.Items) != 6 {
		t.Errorf("%+v", again)
	}
	o.takeIn("春江花园", 5, 1, func(t *ticket.Ticket) { // the same orders, their rows changed
		t.Fingerprint += " changed"
		if t.OrderNo == "春江花园-5" {
			t.Requester.Phone, t.Satisfaction = "13912340004", ticket.Dissatisfied
		}
	})
	o.takeIn("春江花园", 4, 10) // and four more calls: fewer than count
	if got := o.onlyCase(); got.ID != c.ID || got.Status != casework.Rejected {
		t.Errorf("%+v", got.CaseItem)
	}
	o.takeIn("春江花园", 1, 20) // the fifth new one is new evidence: a case linked to the rejected one
	page := ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases?status=registered"))
	if len(page.Items) != 1 {
		t.Fatalf("%+v", page)
	}
	if linked := ok[workflow.CaseView](o.get("p-cy", "/cases/"+page.Items[0].ID)); linked.LinkedCase != c.ID {
		t.Errorf("linked to %q", linked.LinkedCase)
	}
}

func TestPolicyVersions(t *testing.T) {
	o := newOffice(t)
	for place, n := range map[string]int{"奉浦苑": 4, "韩村佳苑": 4, "九华新村": 5, "聚贤坊": 3} {
		o.takeIn(place, n, 1)
	}
	list := ok[Policies](o.get("p-se", "/policies"))
	if len(list.Items) != 1 || list.Items[0].Status != workflow.PolicyInForce || len(list.Items[0].Differences) != 0 {
		t.Fatalf("%+v", list)
	}
	present := list.Items[0].Policy
	changed := present.Triggers
	changed.BurstTickets = 4

	r := ok[workflow.DryRunResult](o.post("p-cy", "/policies/dry-run", fields{"triggers": changed}))
	burst := r.Rules[3]
	if r.Tickets != 16 || burst.Kind != casework.ByBurst || burst.Text != "当日集中来电 由 5 件改为 4 件：多 2 件（1 → 3）" || len(burst.Gained) != 2 || burst.Gained[0].TicketID == "" || r.Registered.Text != "自动入库：多 2 件（1 → 3）" {
		t.Errorf("%+v", r)
	}
	if hidden := ok[workflow.DryRunResult](o.post("p-se", "/policies/dry-run", fields{"triggers": changed})); hidden.Rules[3].Text != burst.Text || hidden.Rules[3].Gained != nil {
		t.Errorf("the security administrator sees tickets: %+v", hidden.Rules[3])
	}
	o.post("p-h1", "/policies/dry-run", fields{"triggers": changed}).refused(http.StatusForbidden, "auth.denied")
	o.post("p-cy", "/policies/dry-run", fields{"triggers": changed, "from": "2025-01-01", "to": "2026-03-02"}).refused(http.StatusBadRequest, "policy.window")
	wild := changed
	wild.HotDays = 0
	o.post("p-cy", "/policies/dry-run", fields{"triggers": wild}).refused(http.StatusBadRequest, "policy.invalid")

	next := present
	next.Version, next.EffectiveOn, next.Triggers = 2, day("2026-03-10"), changed
	for name, x := range map[string]struct {
		change func(p *casework.Policy)
		status int
		reason string
	}{
		"the number of the last":     {func(p *casework.Policy) { p.Version = 1 }, http.StatusConflict, "policy.version_conflict"},
		"a number left out":          {func(p *casework.Policy) { p.Version = 3 }, http.StatusConflict, "policy.version_conflict"},
		"a past day":                 {func(p *casework.Policy) { p.EffectiveOn = day("2026-03-01") }, http.StatusBadRequest, "policy.past"},
		"a clock without days":       {func(p *casework.Policy) { p.TierDays.III = 0 }, http.StatusBadRequest, "policy.invalid"},
		"a report after its hearing": {func(p *casework.Policy) { p.ReportDay = 20 }, http.StatusBadRequest, "policy.invalid"},
		"no change":                  {func(p *casework.Policy) { p.Triggers = present.Triggers }, http.StatusBadRequest, "policy.unchanged"},
	} {
		p := next
		x.change(&p)
		if a := o.post("p-se", "/policies", fields{"policy": p, "reason": "来电增多"}); a.status != x.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		} else {
			a.refused(x.status, x.reason)
		}
	}
	o.post("p-cy", "/policies", fields{"policy": next, "reason": "来电增多"}).refused(http.StatusForbidden, "auth.denied")

	list = ok[Policies](o.post("p-se", "/policies", fields{"policy": next, "reason": "来电增多"}))
	v := list.Items[0]
	if len(list.Items) != 2 || v.Status != workflow.PolicyComing || v.Reason != "来电增多" || v.CreatedBy.Name != "安管" || v.DryRun == nil || v.DryRun.Rules[3].Text != burst.Text || v.DryRun.Rules[3].Gained != nil {
		t.Fatalf("%+v", v)
	}
	if d := cmp.Diff([]string{"当日集中来电 由 5 件改为 4 件"}, v.Differences); d != "" {
		t.Error(d)
	}
	o.post("p-se", "/policies", fields{"policy": func() casework.Policy { p := next; p.Version, p.HoldDays = 3, 2; return p }(), "reason": "x y"}).refused(http.StatusBadRequest, "policy.order")

	// Until its day the old numbers rule; taken back before it, they go on ruling.
	o.takeIn("古华公寓", 4, 1)
	if n := len(ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases")).Items); n != 1 {
		t.Errorf("%d cases before the new version's day", n)
	}
	list = ok[Policies](o.call("p-se", http.MethodDelete, v1+"/policies/2", nil))
	if v := list.Items[0]; v.Status != workflow.PolicyWithdrawn || v.WithdrawnBy.Name != "安管" || list.Items[1].Status != workflow.PolicyInForce {
		t.Errorf("%+v", v)
	}
	o.call("p-se", http.MethodDelete, v1+"/policies/2", nil).refused(http.StatusConflict, "policy.not_coming")
	o.call("p-se", http.MethodDelete, v1+"/policies/1", nil).refused(http.StatusConflict, "policy.not_coming")
	o.call("p-se", http.MethodDelete, v1+"/policies/9", nil).refused(http.StatusConflict, "policy.not_coming")

	// Made again under the next number, it rules from its day on; what was opened before keeps its version.
	open := o.dispatched()
	next.Version, next.TierDays.III = 3, 6
	ok[Policies](o.post("p-se", "/policies", fields{"policy": next, "reason": "来电增多，缩短不了"}))
	o.at("2026-03-10 10:00")
	o.takeIn("肖塘小区", 4, 1)
	list = ok[Policies](o.get("p-lg", "/policies"))
	if list.Items[0].Status != workflow.PolicyInForce || list.Items[2].Status != workflow.PolicyPast {
		t.Errorf("%s %s", list.Items[0].Status, list.Items[2].Status)
	}
	page := ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases?status=registered"))
	if len(page.Items) != 2 {
		t.Errorf("%d cases with the new version", len(page.Items))
	}
	stages := ok[workflow.CaseView](o.get("p-cy", "/cases/"+open.ID)).Stages
	if stages[0].PolicyVersion != 1 || stages[0].Days != 3 {
		t.Errorf("the open stage: %+v", stages[0])
	}
	fresh := o.dispatched()
	if s := fresh.Stages[0]; s.PolicyVersion != 3 || s.Days != 6 {
		t.Errorf("a new stage: %+v", s)
	}
	var actions []string
	for _, a := range ok[AuditPage](o.get("p-au", "/audit-log?actor=p-se")).Items {
		actions = append(actions, a.Action+" "+a.Object)
	}
	if d := cmp.Diff([]string{"policy.add policy:3", "policy.withdraw policy:2", "policy.add policy:2"}, actions); d != "" {
		t.Error(d)
	}
}

// A case that went into another keeps its own evidence, for whoever asks why it was one.
func TestEvidenceOfAMergedCase(t *testing.T) {
	o := newOffice(t)
	o.takeIn("春江花园", 5, 1)
	source := o.onlyCase()
	target := o.dispatched()
	target = ok[workflow.CaseView](o.get("p-cy", "/cases/"+target.ID))
	merged := o.must("p-cy", source, "merge", fields{"target_id": target.ID})
	if merged.Status != casework.Merged {
		t.Fatal(merged.Status)
	}
	page := ok[workflow.EvidencePage](o.get("p-cy", "/cases/"+source.ID+"/evidence"))
	if len(page.Items) != 5 || page.Triggers[0].People != 5 {
		t.Fatalf("%+v", page)
	}
	for _, it := range page.Items {
		if it.Ticket == nil || it.Ticket.CaseID != target.ID {
			t.Errorf("%+v", it)
		}
	}
}
