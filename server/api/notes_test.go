package api

import (
	"net/http"
	"strings"
	"testing"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/content"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

func (o *office) ownReports(who string) []workflow.OwnReport {
	o.t.Helper()
	return ok[workflow.Page[workflow.OwnReport]](o.get(who, "/me/reports")).Items
}

func (o *office) caseNotes(who, caseID string) []workflow.NoteView {
	o.t.Helper()
	return ok[workflow.Page[workflow.NoteView]](o.get(who, "/cases/"+caseID+"/notes")).Items
}

func TestAResidentReportsATicketOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newOfficeOn(t, db, auth.DefaultSettings)
		o.hire("p-r2", "另一人", "13900000002", organisation.Post{Role: casework.Resident})
		about := ok[workflow.Reporter](o.get("p-r", "/me/reporter"))
		if len(about.Phones) != 1 || about.Phones[0].Number != "138****5678" || len(about.Communities) == 0 {
			t.Fatalf("%+v", about)
		}
		photo := o.attachment("p-r", "", picture(t))
		body := fields{"content": "路灯坏了三天，晚上看不见路，我的电话13812345678", "community_id": "c-1", "attachments": []string{photo}}
		first := ok[workflow.ReportTaken](o.post("p-r", "/me/reports", body, "Idempotency-Key", "report-once-1"))
		if first.State != "taken" || first.OrderNo == "" || !first.Ticket || first.Next == "" || first.Replayed {
			t.Fatalf("%+v", first)
		}
		again := ok[workflow.ReportTaken](o.post("p-r", "/me/reports", body, "Idempotency-Key", "report-once-1"))
		if !again.Replayed || again.ID != first.ID {
			t.Errorf("%+v", again)
		}
		o.post("p-r", "/me/reports", fields{"content": "完全不同的另一件事", "community_id": "c-1"}, "Idempotency-Key", "report-once-1").refused(http.StatusBadRequest, "request.key_reused")

		if list := o.ownReports("p-r"); len(list) != 1 || list[0].OrderNo != first.OrderNo || strings.Contains(list[0].Title, "13812345678") {
			t.Errorf("%+v", list)
		}
		if list := o.ownReports("p-r2"); len(list) != 0 {
			t.Errorf("another resident reads %+v", list)
		}
		if page := ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases?all=true")); len(page.Items) != 0 {
			t.Errorf("a report made a case: %+v", page.Items)
		}
		tk := ok[workflow.TicketView](o.get("p-cy", "/tickets/"+first.ID))
		if tk.Source != "resident" || tk.RequesterPhone != "138****5678" || !strings.Contains(tk.Content, "路灯坏了") || tk.Community == "" {
			t.Errorf("%+v", tk)
		}
		if o.told("p-cy", casework.NoticeTicketReported) != 1 {
			t.Error("the centre is not told")
		}

		// The picture is seen by who brought it and the centre until it has passed.
		notes := ok[NoteList](o.get("p-r", "/tickets/"+first.ID+"/notes")).Items
		if len(notes) != 1 || len(notes[0].Pictures) != 1 || notes[0].Pictures[0].Review != "waiting" || o.call("", http.MethodGet, notes[0].Pictures[0].URL, nil).status != http.StatusOK {
			t.Fatalf("%+v", notes)
		}
		if notes := ok[NoteList](o.get("p-dc", "/tickets/"+first.ID+"/notes")).Items; len(notes) != 0 {
			t.Errorf("the supervisor sees what nobody has looked at: %+v", notes)
		}
		o.get("p-r2", "/tickets/"+first.ID+"/notes").refused(http.StatusNotFound, "ticket.not_found")
		waiting := o.waiting("p-cy")
		if len(waiting) != 1 || waiting[0].Number != first.OrderNo || waiting[0].With != "反映新的事情" || o.call("", http.MethodGet, waiting[0].URL, nil).status != http.StatusOK {
			t.Fatalf("%+v", waiting)
		}
		ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+waiting[0].ID+"/decide", fields{"pass": true}))
		if notes := ok[NoteList](o.get("p-dc", "/tickets/"+first.ID+"/notes")).Items; len(notes) != 1 || len(notes[0].Pictures) != 1 {
			t.Errorf("%+v", notes)
		}
		if found, err := o.engine.Verify(t.Context()); err != nil || len(found.Findings) > 0 {
			t.Errorf("%+v %v", found, err)
		}
	})
}

func TestAReportIsRefusedInWordsThatSayWhatToDo(t *testing.T) {
	o := newOffice(t)
	o.hire("p-r2", "没有号码的人", "", organisation.Post{Role: casework.Resident})
	for name, c := range map[string]struct {
		who    string
		body   fields
		status int
		reason string
	}{
		"too short":             {"p-r", fields{"content": "坏了", "community_id": "c-1"}, http.StatusBadRequest, "report.content"},
		"nowhere":               {"p-r", fields{"content": "路灯坏了三天"}, http.StatusBadRequest, "report.place"},
		"no phone":              {"p-r2", fields{"content": "路灯坏了三天", "community_id": "c-1"}, http.StatusConflict, "report.phone"},
		"somebody else's phone": {"p-r", fields{"content": "路灯坏了三天", "community_id": "c-1", "phone_id": "none"}, http.StatusConflict, "report.phone"},
		"not their enterprise":  {"p-r", fields{"content": "路灯坏了三天", "community_id": "c-1", "enterprise": "91310120MA1HK0001B"}, http.StatusBadRequest, "report.enterprise"},
		"an advertisement":      {"p-r", fields{"content": "代 开 发 票 找我", "community_id": "c-1"}, http.StatusBadRequest, "content.risky_text"},
		"a photo that is none":  {"p-r", fields{"content": "路灯坏了三天", "community_id": "c-1", "attachments": []string{"none"}}, http.StatusBadRequest, "note.attachment"},
		"staff":                 {"p-w1", fields{"content": "路灯坏了三天", "community_id": "c-1"}, http.StatusForbidden, "auth.denied"},
	} {
		t.Run(name, func(t *testing.T) { o.post(c.who, "/me/reports", c.body).refused(c.status, c.reason) })
	}
	for n := range 10 {
		ok[workflow.ReportTaken](o.post("p-r", "/me/reports", fields{"content": "路灯坏了，第" + string(rune('一'+n)) + "盏", "place": "环城路"}))
	}
	o.post("p-r", "/me/reports", fields{"content": "路灯坏了，又一盏", "place": "环城路"}).refused(http.StatusTooManyRequests, "report.many")
}

func TestAReportThatIsDoubtedWaitsAndIsTakenInOnceItPasses(t *testing.T) {
	o := newOffice(t)
	o.engine.CheckWith(&platform{text: content.Review}, "")
	held := ok[workflow.ReportTaken](o.post("p-r", "/me/reports", fields{"content": "路灯坏了三天，有事加微信", "community_id": "c-1", "attachments": []string{o.attachment("p-r", "", picture(t))}}, "Idempotency-Key", "held-report-1"))
	if held.State != "waiting" || held.Ticket || held.OrderNo == "" {
		t.Fatalf("%+v", held)
	}
	if page := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets")); len(page.Items) != 0 {
		t.Errorf("a ticket of what nobody has looked at: %+v", page.Items)
	}
	if list := o.ownReports("p-r"); len(list) != 1 || list[0].State != "waiting" || list[0].OrderNo != held.OrderNo {
		t.Errorf("%+v", list)
	}
	for _, r := range o.waiting("p-cy") {
		ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+r.ID+"/decide", fields{"pass": true}))
		ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+r.ID+"/decide", fields{"pass": true})) // an answer was lost
	}
	list := o.ownReports("p-r")
	if len(list) != 1 || list[0].State != "taken" || list[0].OrderNo != held.OrderNo {
		t.Fatalf("%+v", list)
	}
	if notes := ok[NoteList](o.get("p-cy", "/tickets/"+list[0].ID+"/notes")).Items; len(notes) != 1 || len(notes[0].Pictures) != 1 {
		t.Errorf("%+v", notes)
	}
	again := ok[workflow.ReportTaken](o.post("p-r", "/me/reports", fields{"content": "路灯坏了三天，有事加微信", "community_id": "c-1", "attachments": []string{o.attachment("p-r", "", picture(t))}}))
	for _, r := range o.waiting("p-cy") {
		if r.Text != "" {
			ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+r.ID+"/decide", fields{"pass": false, "reason": "广告"}))
		}
	}
	list = o.ownReports("p-r")
	if len(list) != 2 || list[0].State != "refused" || list[0].OrderNo != again.OrderNo || strings.Contains(list[0].Title, "路灯") {
		t.Errorf("%+v", list)
	}
	if inbox := ok[workflow.Page[workflow.NoticeItem]](o.get("p-r", "/inbox")).Items; len(inbox) == 0 || inbox[0].Kind != "content_refused" || !strings.Contains(inbox[0].Text, "没有受理") {
		t.Errorf("%+v", inbox)
	}
}

func TestFactsAreSeenByWhoWorksOnTheCaseAndByNobodyElse(t *testing.T) {
	o := newOffice(t)
	o.hire("p-r2", "另一人", "13900000002", organisation.Post{Role: casework.Resident})
	c := o.handling()
	own := ok[workflow.CaseView](o.get("p-r", "/cases/"+c.ID))
	id := own.TicketRefs[0].ID
	photo := o.attachment("p-r", "", picture(t))
	body := fields{"text": "昨晚又响到两点，我的电话13812345678", "attachments": []string{photo}}
	n := ok[workflow.NoteView](o.post("p-r", "/tickets/"+id+"/notes", body, "Idempotency-Key", "facts-1"))
	if n.State != "shown" || !n.Mine || len(n.Pictures) != 1 {
		t.Fatalf("%+v", n)
	}
	if again := ok[workflow.NoteView](o.post("p-r", "/tickets/"+id+"/notes", body, "Idempotency-Key", "facts-1")); again.ID != n.ID {
		t.Errorf("%+v", again)
	}
	list := o.caseNotes("p-w1", c.ID)
	if len(list) != 1 || !strings.Contains(list[0].Text, "又响到两点") || strings.Contains(list[0].Text, "13812345678") || len(list[0].Pictures) != 0 || list[0].Mine {
		t.Errorf("%+v", list)
	}
	if list := o.caseNotes("p-r", c.ID); len(list) != 1 || !list[0].Mine || len(list[0].Pictures) != 1 {
		t.Errorf("%+v", list)
	}
	if after := ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID)); after.Version != c.Version || after.Status != c.Status {
		t.Error("a note has changed the case")
	}
	if o.told("p-w1", casework.NoticeFactsAdded) != 1 || o.told("p-h1", casework.NoticeFactsAdded) != 1 {
		t.Error("who works on it is not told")
	}
	if strings.Contains(string(o.get("p-cy", "/cases/"+c.ID+"/timeline?changes=true").body), "又响到两点") {
		t.Error("it stands in the timeline, from which nothing can be erased")
	}
	// To others there is neither the ticket nor the case.
	for _, who := range []string{"p-r2", "p-w2"} {
		o.get(who, "/cases/"+c.ID+"/notes").refused(http.StatusNotFound, "case.not_found")
		o.get(who, "/tickets/"+id+"/notes").refused(http.StatusNotFound, "ticket.not_found")
		o.post(who, "/tickets/"+id+"/notes", fields{"text": "我来补充"}).refused(http.StatusNotFound, "ticket.not_found")
	}
	o.post("p-w1", "/tickets/"+id+"/notes", fields{"text": "我来补充"}).refused(http.StatusNotFound, "ticket.not_found")
	o.post("p-r", "/tickets/"+id+"/notes", fields{"text": "  "}).refused(http.StatusBadRequest, "note.empty")
	o.post("p-r", "/tickets/"+id+"/notes", fields{"text": "代 开 发 票"}).refused(http.StatusBadRequest, "content.risky_text")

	// What is doubted waits: only who wrote it reads it.
	o.engine.CheckWith(&platform{text: content.Review}, "")
	ok[workflow.NoteView](o.post("p-r", "/tickets/"+id+"/notes", fields{"text": "有话要说"}))
	if list := o.caseNotes("p-w1", c.ID); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	if list := o.caseNotes("p-r", c.ID); len(list) != 2 || list[1].State != "waiting" || list[1].StateLabel == "" {
		t.Errorf("%+v", list)
	}
	for _, r := range o.waiting("p-cy") {
		ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+r.ID+"/decide", fields{"pass": r.Text != "", "reason": "与事项无关"}))
	}
	if list := o.caseNotes("p-w1", c.ID); len(list) != 2 || list[1].Text != "有话要说" || len(list[0].Pictures) != 0 {
		t.Errorf("%+v", list)
	}
	if list := o.caseNotes("p-r", c.ID); list[0].Pictures[0].Review != "refused" {
		t.Errorf("%+v", list)
	}
	copied := string(o.get("p-r", "/cases/"+c.ID+"/notes").body)
	if !strings.Contains(copied, "又响到两点") {
		t.Error("its requester does not find it again")
	}
}

func TestFactsGoWithWhatNamesTheirRequester(t *testing.T) {
	o := newOffice(t)
	first := ok[workflow.ReportTaken](o.post("p-r", "/me/reports", fields{"content": "路灯坏了三天，看不见路", "community_id": "c-1", "attachments": []string{o.attachment("p-r", "", picture(t))}}))
	n := ok[workflow.NoteView](o.post("p-r", "/tickets/"+first.ID+"/notes", fields{"text": "昨天有人摔了", "attachments": []string{o.attachment("p-r", "", picture(t))}}))
	url := n.Pictures[0].URL
	ok[CertificateView](o.post("p-cy", "/retention/requests", fields{"phone": "13812345678", "reason": "本人书面要求"}))
	list := ok[NoteList](o.get("p-cy", "/tickets/"+first.ID+"/notes")).Items
	if len(list) != 0 || o.call("", http.MethodGet, url, nil).status != http.StatusNotFound || len(o.waiting("p-cy")) != 0 {
		t.Errorf("%+v", list)
	}
}
