package api

import (
	"strings"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

// What requesters were promised is said to them wherever they read of their matter: in the list and on its page, also when the promise was
// broken before the running tier's, and when it is over.
func TestRequestersReadWhatBecameOfThePromise(t *testing.T) {
	for name, c := range map[string]struct {
		make  func(o *office) workflow.CaseView
		text  string
		late  bool
		kept  bool
		rates bool
	}{
		"nothing is promised yet": {func(o *office) workflow.CaseView { return o.classified() }, "", false, false, false},
		"promised":                {func(o *office) workflow.CaseView { return o.handling() }, "承诺 3月5日 17:00 前办结。", false, false, false},
		"broken, and promised again": {
			func(o *office) workflow.CaseView { return o.later("2026-03-06 10:00", o.handling()) },
			"原承诺 3月5日 17:00 前办结，没有做到，已提高一级办理。承诺 3月12日 17:00 前办结。", true, false, false,
		},
		"broken, and resolved": {
			func(o *office) workflow.CaseView { return o.solvedLate() },
			"原承诺 3月5日 17:00 前办结，没有做到，已提高一级办理。承诺 3月12日 17:00 前办结，3月6日 10:00 办结，按时。", true, false, true,
		},
		"broken in the round before": {
			func(o *office) workflow.CaseView { return o.openedAgain(o.solvedLate()) },
			"原承诺 3月5日 17:00 前办结，没有做到，已提高一级办理。承诺 3月13日 17:00 前办结。", true, false, false,
		},
		"kept": {func(o *office) workflow.CaseView { return o.resolved() }, "按时。", false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			made := c.make(o)
			v := ok[workflow.CaseView](o.get("p-r", "/cases/"+made.ID))
			list := ok[workflow.Page[workflow.CaseItem]](o.get("p-r", "/cases?view=own&all=true"))
			if len(list.Items) != 1 {
				t.Fatalf("%+v", list.Items)
			}
			for where, it := range map[string]workflow.CaseItem{"page": v.CaseItem, "list": list.Items[0]} {
				if c.text == "" {
					if it.Promise != nil {
						t.Errorf("%s: %+v", where, it.Promise)
					}
					continue
				}
				if it.Promise == nil || !strings.HasSuffix(it.Promise.Text, c.text) || it.Promise.Late != c.late || it.Promise.Kept != c.kept || it.Rateable != c.rates {
					t.Errorf("%s: %+v, rateable %v", where, it.Promise, it.Rateable)
				}
			}
			if v.RateUntil.IsZero() == c.rates {
				t.Errorf("rate until %v", v.RateUntil)
			}
			if staff := ok[workflow.CaseView](o.get("p-cy", "/cases/"+made.ID)); staff.Promise != nil || staff.Rateable || !staff.Reachable {
				t.Errorf("staff read %+v, reachable %v", staff.Promise, staff.Reachable)
			}
		})
	}
}

// A requester reads back what they said, when they will be called, and that they have urged today; nobody else's words.
func TestRequestersReadBackWhatTheySaid(t *testing.T) {
	o := newOffice(t)
	c := o.handling()
	if v := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID)); v.RemindedToday {
		t.Error("reminded before it was")
	}
	c = o.must("p-r", c, "remind", fields{})
	if v := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID)); !v.RemindedToday {
		t.Error("not reminded")
	}
	o.at("2026-03-03 09:00")
	if v := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID)); v.RemindedToday {
		t.Error("yesterday's reminder is today's")
	}
	c = o.must("p-r", c, "remind", fields{})
	c = o.must("p-w1", c, "submit", fields{"result": "已整改", "outcome": "solved", "evidence": []string{"照片"}})
	c = o.must("p-cy", c, "verify_pass", fields{"finding": "属实", "outcome": "solved"})
	if v := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID)); v.RemindedToday {
		t.Error("told when to urge again about what is done")
	}
	c = o.must("p-r", c, "rate", fields{"rating": "dissatisfied", "words": "还是漏"})
	v := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID))
	if len(v.Ratings) != 1 || v.Ratings[0].Words != "还是漏" || v.Ratings[0].Rating != casework.Dissatisfied || v.CallBackBy.IsZero() {
		t.Errorf("%+v, call back by %v", v.Ratings, v.CallBackBy)
	}
}

// A requester's progress begins with the day the matter was taken up; who has it is told what comes next when it is opened again.
func TestRequestersReadTheWholeWay(t *testing.T) {
	o := newOffice(t)
	c := o.openedAgain(o.resolved())
	var said []string
	for _, e := range ok[workflow.Page[workflow.TimelineItem]](o.get("p-r", "/cases/"+c.ID+"/timeline?limit=100")).Items {
		said = append(said, e.Text)
	}
	if got, want := strings.Join(said, "；"), "已列入街道重点办理；已交给负责的部门；部门已接单办理；已办结，请您评价；评价：不满意；重新办理"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if inbox := ok[workflow.Page[workflow.NoticeItem]](o.get("p-h1", "/inbox")).Items; !strings.Contains(inbox[0].Text, "升为Ⅱ级重新办理，先会商部署，期限") {
		t.Errorf("%+v", inbox[0])
	}
}
