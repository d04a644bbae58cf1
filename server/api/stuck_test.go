package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workflow"
)

// Each leader sees the numbers of what they lead, and behind each number as many cases, each with why it is stuck.
func TestLeadersSeeWhatIsStuckByTier(t *testing.T) {
	o := newOffice(t)
	returned := o.must("p-h1", o.dispatched(), "return", fields{"reason": "不属本部门职责", "duty_item": "三定方案第二条", "suggested_department_id": "d-2"})
	returned = o.must("p-cy", returned, "dispatch", fields{"lead_department_id": "d-2"})
	o.convening()
	waiting := o.reported() // for the centre
	o.must("p-cy", o.reported(), "register", nil)
	gravest := o.must("p-gc", o.handling(), "open_at_i", fields{"ground": "mass_complaint", "reason": "百余户集中投诉"})

	number := func(who string) string {
		var out []string
		got := ok[workflow.Tiers](o.get(who, "/cases/tiers"))
		for _, n := range got.Tiers {
			for due, want := range map[workflow.Due]int{"": n.Open, workflow.DueLate: n.Late, workflow.DueNear: n.Near} {
				query := url.Values{"tier": {string(n.Tier)}}
				if due != "" {
					query.Set("due", string(due))
				}
				if list := ok[workflow.Page[workflow.StuckCase]](o.get(who, "/cases/stuck?"+query.Encode())); len(list.Items) != want {
					t.Errorf("%s %s %q: the number says %d, the list has %d", who, n.Tier, due, want, len(list.Items))
				}
			}
			out = append(out, string(rune('0'+n.Open))+"/"+string(rune('0'+n.Late))+"/"+string(rune('0'+n.Near)))
		}
		return got.Scope + " " + strings.Join(out, " ")
	}
	for who, want := range map[string]string{
		"p-pl": "全街道 1/0/0 1/0/0 1/0/0 2/0/2", "p-lg": "全街道 1/0/0 1/0/0 1/0/0 2/0/2", "p-dc": "全街道 1/0/0 1/0/0 1/0/0 2/0/2", "p-cy": "全街道 1/0/0 1/0/0 1/0/0 2/0/2",
		"p-gc": "第一网格 1/0/0 1/0/0 1/0/0 2/0/2", "p-ps": "第一网格 1/0/0 1/0/0 1/0/0 2/0/2", "p-gc2": "第二网格 0/0/0 0/0/0 0/0/0",
		"p-fg": "综合执法队、规划办、房管所 1/0/0 0/0/0 1/0/0", // nobody leads the second-tier one yet
	} {
		if got := number(who); got != want {
			t.Errorf("%s: %s, want %s", who, got, want)
		}
	}
	for _, role := range casework.Roles {
		if may(casework.Actor{Posts: []casework.Post{{Role: role}}}, caseLead) {
			continue
		}
		o.get(inRole[role], "/cases/tiers").refused(http.StatusForbidden, "auth.denied")
		o.get(inRole[role], "/cases/stuck").refused(http.StatusForbidden, "auth.denied")
	}

	all := ok[workflow.Page[workflow.StuckCase]](o.get("p-pl", "/cases/stuck"))
	why := map[string]string{}
	for _, c := range all.Items {
		why[c.ID] = c.Why
	}
	if len(why) != 5 || !strings.Contains(why[waiting.ID], "3月2日起等城运中心审核入库。") || !strings.Contains(why[returned.ID], "3月2日起等规划办接单；退过 1 次单。") || !strings.Contains(why[gravest.ID], "3月2日起等主要领导会商部署；提级启动Ⅰ级。") {
		t.Errorf("%q", why)
	}

	o.hire("p-both", "范常委", "13900009999", organisation.Post{Role: casework.LeadingGroup}, organisation.Post{Role: casework.GridChief, Unit: "g-2"})
	for query, want := range map[string]string{"": "全街道", "?own=true": "第二网格"} {
		if got := ok[workflow.Tiers](o.get("p-both", "/cases/tiers"+query)); got.Scope != want || !got.Both {
			t.Errorf("%q: %+v", query, got)
		}
	}
	if list := ok[workflow.Page[workflow.StuckCase]](o.get("p-both", "/cases/stuck?own=true")); len(list.Items) != 0 {
		t.Errorf("of their own grid: %+v", list.Items)
	}

	first := ok[workflow.Page[workflow.StuckCase]](o.get("p-pl", "/cases/stuck?limit=3"))
	rest := ok[workflow.Page[workflow.StuckCase]](o.get("p-pl", "/cases/stuck?limit=3&cursor="+url.QueryEscape(first.Next)))
	if len(first.Items) != 3 || first.Items[2].ID != returned.ID || len(rest.Items) != 2 || rest.Next != "" {
		t.Errorf("by pages: %d, then %d", len(first.Items), len(rest.Items))
	}

	o.at("2026-03-04 17:00") // when “期限临近” goes out
	if got := number("p-pl"); got != "全街道 1/0/0 1/0/0 1/0/1 2/2/0" {
		t.Errorf("when it is warned: %s", got)
	}
	late := ok[workflow.Page[workflow.StuckCase]](o.get("p-pl", "/cases/stuck?tier=none&due=late"))
	if c := late.Items[0]; c.Clock == nil || !c.Clock.Overdue || !strings.Contains(c.Clock.Text, "3月3日 17:00") {
		t.Errorf("how late the centre is: %+v", c.Clock)
	}
	o.at("2026-03-05 10:00")                                         // the day on which tier III falls due
	if got := number("p-pl"); got != "全街道 1/0/0 1/0/0 1/0/1 2/2/0" { // and that of the centre is over
		t.Errorf("on the last day: %s", got)
	}
	o.later("2026-03-11 09:00", gravest)
	if got := number("p-pl"); got != "全街道 2/1/0 1/0/1 0/0/0 2/2/0" {
		t.Errorf("after the deadlines: %s", got)
	}
}
