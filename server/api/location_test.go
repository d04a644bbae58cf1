package api

import (
	"database/sql"
	"net/http"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/content"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

var northGate = fields{"latitude": 30.918712, "longitude": 121.473845, "name": "蘅芷新村北门", "address": "上海市蘅芷路12弄"}

func (o *office) locations(who, caseID string) []workflow.LocationView {
	o.t.Helper()
	return ok[workflow.Page[workflow.LocationView]](o.get(who, "/cases/"+caseID+"/locations")).Items
}

// nowhere fails where a text tells of northGate.
func nowhere(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{"30.918712", "121.473845", "蘅芷"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s tells %s", what, secret)
		}
	}
}

// plainly is whatever a database holds.
func plainly(t *testing.T, raw *sql.DB, tables ...string) (text string) {
	t.Helper()
	for _, table := range tables {
		rows, err := raw.QueryContext(t.Context(), `SELECT * FROM `+table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			row := make([]any, len(columns))
			for i := range row {
				row[i] = new(sql.NullString)
			}
			if err := rows.Scan(row...); err != nil {
				t.Fatal(err)
			}
			for _, v := range row {
				if s, ok := v.(*sql.NullString); ok {
					text += s.String + "\n"
				}
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return text
}

func TestAReportedCaseHasAPlaceForThoseAloneWhoSeeItInFull(t *testing.T) {
	o := newOffice(t)
	body := fields{"title": "春江花园夜间施工扰民", "facts": "连续一周夜间施工，多次反映未停", "place": "春江花园", "community_id": "c-1", "location": northGate}
	c := ok[CommandResult](o.post("p-gl", "/cases", body, "Idempotency-Key", "place-once-1")).Case
	if again := ok[CommandResult](o.post("p-gl", "/cases", body, "Idempotency-Key", "place-once-1")); !again.Replayed || again.Case.ID != c.ID {
		t.Errorf("%+v", again)
	}
	elsewhere := fields{"title": body["title"], "facts": body["facts"], "place": body["place"], "community_id": "c-1", "location": fields{"latitude": 31.2, "longitude": 121.4}}
	o.post("p-gl", "/cases", elsewhere, "Idempotency-Key", "place-once-1").refused(http.StatusBadRequest, "request.key_reused")
	for _, who := range []string{"p-gl", "p-cy"} {
		list := o.locations(who, c.ID)
		if len(list) != 1 || list[0].Of != workflow.OfCase || list[0].By == nil || list[0].Location == nil || list[0].Location.Latitude != 30.918712 || list[0].Location.Name != "蘅芷新村北门" {
			t.Fatalf("%s: %#v", who, list)
		}
	}
	c = o.must("p-cy", c, "register", nil)
	c = o.must("p-cy", c, "classify", fields{"domain": "livelihood", "scope": "individual", "reach": "single", "grid_id": "g-1"})
	for _, who := range []string{"p-h2", "p-r"} { // a head who sees it masked, somebody who does not see it
		o.get(who, "/cases/"+c.ID+"/locations").refused(http.StatusNotFound, "case.not_found")
	}
	for _, path := range []string{"/cases/" + c.ID, "/cases/" + c.ID + "/timeline?changes=true", "/cases?all=true", "/inbox"} {
		nowhere(t, path, string(o.get("p-cy", path).body))
	}
	nowhere(t, "the log", o.log.String())
	nowhere(t, "the database", plainly(t, storetest.Raw(t, o.dsn), "cases", "case_events", "inbox", "outbox", "idempotency", "audit_log", "locations"))

	for name, at := range map[string]fields{"nowhere": {"latitude": 0, "longitude": 0}, "another country": {"latitude": 48.85, "longitude": 2.35}, "the other way round": {"latitude": 121.47, "longitude": 30.91}} {
		body["location"] = at
		p := o.post("p-gl", "/cases", body).refused(http.StatusBadRequest, "location.invalid")
		if len(p.Fields) != 1 || p.Fields[0].Name != "location" || !strings.Contains(p.Message, "村居") {
			t.Errorf("%s: %+v", name, p)
		}
	}
	body["location"] = fields{"latitude": 30.9}
	o.post("p-gl", "/cases", body).refused(http.StatusBadRequest, "request.invalid")
}

func TestAnOnSiteRecordSaysWhereItWasMade(t *testing.T) {
	o := newOffice(t)
	verifying := o.verifying()
	if by := ok[workflow.CaseView](o.get("p-cy", "/cases/"+verifying.ID)).OnSiteBy; by != "第一网格联络员：孙丽" {
		t.Errorf("whom the on-site record is asked of: %q", by)
	}
	if by := ok[workflow.CaseView](o.get("p-w1", "/cases/"+verifying.ID)).OnSiteBy; by != "" {
		t.Errorf("said to who cannot ask: %q", by)
	}
	c := o.must("p-cy", verifying, "ask_onsite", fields{"question": "夜间是否停工", "due_at": "2026-03-03T16:00:00+08:00"})
	task := c.Tasks[len(c.Tasks)-1].ID
	at := fields{"latitude": 30.918712, "longitude": 121.473845, "accuracy": 18}
	c = o.must("p-gl", c, "finish_task", fields{"task_id": task, "result": "已停工", "location": at})
	list := o.locations("p-cy", c.ID)
	if len(list) != 1 || list[0].Of != workflow.OfOnSite || list[0].ID != task || list[0].Location.Accuracy != 18 || list[0].By.ID != "p-gl" {
		t.Fatalf("%#v", list)
	}
	nowhere(t, "the timeline", string(o.get("p-cy", "/cases/"+c.ID+"/timeline?changes=true").body))

	// Other tasks have no place.
	h := o.must("p-h1", o.handling(), "ask_support", fields{"department_id": "d-2", "task": "核查手续", "due_at": "2026-03-03T16:00:00+08:00"})
	support := h.Tasks[0].ID
	o.do("p-h2", h, "finish_task", fields{"task_id": support, "result": "手续齐全", "location": at}).refused(http.StatusBadRequest, "location.onsite")
	if h = ok[workflow.CaseView](o.get("p-h1", "/cases/"+h.ID)); h.Tasks[0].Status != casework.TaskGiven || len(o.locations("p-h1", h.ID)) != 0 {
		t.Errorf("%+v", h.Tasks)
	}
	o.must("p-h2", h, "finish_task", fields{"task_id": support, "result": "手续齐全"})
}

func TestAResidentsPlaceIsMaskedUntilWhoWorksOnItLooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newOfficeOn(t, db, auth.DefaultSettings)
		body := fields{"content": "路灯坏了三天，晚上看不见路", "location": northGate} // no community, no words
		first := ok[workflow.ReportTaken](o.post("p-r", "/me/reports", body, "Idempotency-Key", "r-place-1"))
		again := ok[workflow.ReportTaken](o.post("p-r", "/me/reports", body, "Idempotency-Key", "r-place-1"))
		if again.ID != first.ID || again.Location == nil || again.Location.Longitude != 121.473845 {
			t.Errorf("%#v", again)
		}
		tk := ok[workflow.TicketView](o.get("p-cy", "/tickets/"+first.ID))
		if !tk.Located || !strings.Contains(tk.Address, "蘅芷新村") {
			t.Errorf("%+v", tk)
		}
		if waiting := ok[workflow.WaitingTicketView](o.get("p-cy", "/tickets/waiting/"+first.ID)); !waiting.Located {
			t.Errorf("%+v", waiting)
		}
		c := o.must("p-cy", o.dispatched(), "attach", fields{"ticket_id": first.ID})
		for who, may := range map[string]bool{"p-cy": true, "p-h1": true, "p-dc": false, "p-gl": false} {
			list := o.locations(who, c.ID)
			if len(list) != 1 || list[0].Of != workflow.OfTicket || list[0].ID != first.ID || list[0].Location != nil || list[0].By != nil || list[0].Unmask != may {
				t.Errorf("%s: %#v", who, list)
			}
			a := o.post(who, "/tickets/"+first.ID+"/unmask", fields{"fields": []string{"location"}, "reason": "到现场查看"})
			if !may {
				a.refused(http.StatusNotFound, "ticket.not_found")
				continue
			}
			if got := ok[workflow.Unmasked](a); got.Location == nil || got.Location.Latitude != 30.918712 || got.Phone != "" {
				t.Errorf("%s: %#v", who, got)
			}
		}
		seen := ok[AuditPage](o.get("p-au", "/audit-log?action=ticket.unmask")).Items
		if len(seen) != 2 || seen[0].Detail["fields"] != "location" || seen[0].Detail["reason"] != "到现场查看" {
			t.Errorf("%+v", seen)
		}
		if own := o.locations("p-r", c.ID); len(own) != 1 || own[0].Location == nil || own[0].Location.Name != "蘅芷新村北门" {
			t.Errorf("%#v", own)
		}
		nowhere(t, "the timeline", string(o.get("p-cy", "/cases/"+c.ID+"/timeline?changes=true").body))
		nowhere(t, "the log", o.log.String())

		// It is theirs to take with them and, once the case is over, to have erased.
		tickets, err := o.engine.OwnTickets(t.Context(), must(o.engine.Actor(t.Context(), "p-r")).Requesters[0], o.clock().AddDate(-1, 0, 0))
		if err != nil || !slices.ContainsFunc(tickets, func(own workflow.OwnTicket) bool {
			return own.Location != nil && own.Location.Address == "上海市蘅芷路12弄"
		}) {
			t.Errorf("%+v %v", tickets, err)
		}
		c = ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID))
		o.must("p-cy", c, "detach", fields{"ticket_id": first.ID, "reason": "不是同一件事"})
		ok[store.Certificate](o.post("p-cy", "/retention/requests", fields{"phone": "13812345678", "reason": "本人书面要求"}))
		if left, err := db.Locations(t.Context(), []string{first.ID}, "", 1); err != nil || len(left) != 0 {
			t.Errorf("%#v %v", left, err)
		}
	})
}

func must[T any](v T, ok bool, err error) T {
	if err != nil || !ok {
		panic(err)
	}
	return v
}

func TestThePlaceOfAReportThatIsDoubtedWaitsWithIt(t *testing.T) {
	o := newOffice(t)
	o.engine.CheckWith(&platform{text: content.Review}, "")
	report := func() workflow.ReportTaken {
		return ok[workflow.ReportTaken](o.post("p-r", "/me/reports", fields{"content": "路灯坏了三天，有事加微信", "location": northGate}))
	}
	count := func() (n int) {
		if err := storetest.Raw(t, o.dsn).QueryRowContext(t.Context(), `SELECT COUNT(*) FROM locations`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	held := report()
	if held.State != "waiting" || held.Location == nil || count() != 0 {
		t.Fatalf("%#v, %d", held, count())
	}
	nowhere(t, "the database", plainly(t, storetest.Raw(t, o.dsn), "ticket_notes", "reviews", "locations"))
	for _, r := range o.waiting("p-cy") {
		if !strings.Contains(r.Text, "蘅芷新村北门") {
			t.Error("what others will read is not looked at:", r.Text)
		}
		ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+r.ID+"/decide", fields{"pass": true}))
	}
	if list := o.ownReports("p-r"); len(list) != 1 || ok[workflow.ReportTaken](o.get("p-r", "/me/reports/"+list[0].ID)).Location == nil || count() != 1 {
		t.Errorf("%+v, %d", list, count())
	}
	refused := report()
	for _, r := range o.waiting("p-cy") {
		ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+r.ID+"/decide", fields{"pass": false, "reason": "广告"}))
	}
	if got := ok[workflow.ReportTaken](o.get("p-r", "/me/reports/"+refused.ID)); got.State != "refused" || got.Location != nil || count() != 1 {
		t.Errorf("%#v, %d", got, count())
	}
}
