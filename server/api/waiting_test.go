package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// reportsMatter has the office's resident report something, and gives the ticket's id.
func (o *office) reportsMatter(content string) string {
	o.t.Helper()
	return ok[workflow.ReportTaken](o.post("p-r", "/me/reports", fields{"content": content, "community_id": "c-1"})).ID
}

func (o *office) waitingTickets() []workflow.WaitingTicket {
	o.t.Helper()
	return ok[workflow.Page[workflow.WaitingTicket]](o.get("p-cy", "/tickets/waiting")).Items
}

func (o *office) waitingCount() int {
	o.t.Helper()
	return ok[workflow.Counts](o.get("p-cy", "/todos/counts")).Waiting
}

func TestAResidentsTicketWaitsUntilTheCentreMakesACaseOfIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newOfficeOn(t, db, auth.DefaultSettings)
		lamp := o.reportsMatter("小区路灯坏了三天，晚上看不见路，我的电话13812345678")
		bins := o.reportsMatter("垃圾房两天没有清运，气味很大")
		list := o.waitingTickets()
		if len(list) != 2 || list[0].ID != bins || list[1].ID != lamp || o.waitingCount() != 2 {
			t.Fatalf("%d waiting: %+v", o.waitingCount(), list)
		}
		if w := list[1]; w.Waits != "今天收到" || w.Proposed == "" || w.Community == "" || strings.Contains(w.Title, "13812345678") || w.RequesterPhone != "138****5678" {
			t.Errorf("%+v", w)
		}
		first := ok[workflow.Page[workflow.WaitingTicket]](o.get("p-cy", "/tickets/waiting?limit=1"))
		rest := ok[workflow.Page[workflow.WaitingTicket]](o.get("p-cy", "/tickets/waiting?limit=1&cursor="+first.Next))
		if first.Items[0].ID != bins || len(rest.Items) != 1 || rest.Items[0].ID != lamp || rest.Next != "" {
			t.Errorf("%+v\n%+v", first, rest)
		}
		if n := ok[workflow.Counts](o.get("p-h1", "/todos/counts")).Waiting; n != 0 {
			t.Errorf("a head counts %d", n)
		}
		one := ok[workflow.WaitingTicketView](o.get("p-cy", "/tickets/waiting/"+lamp))
		if !one.Open || one.CaseTitle == "" || one.Case != nil {
			t.Errorf("%+v", one)
		}

		o.post("p-cy", "/tickets/"+lamp+"/register", fields{"reason": ""}).refused(http.StatusBadRequest, "case.text_missing")
		body := fields{"reason": "多次报修无人管，电话13812345678"}
		made := ok[CommandResult](o.post("p-cy", "/tickets/"+lamp+"/register", body, "Idempotency-Key", "register-lamp"))
		if c := made.Case; c.Status != casework.Registered || c.Tickets != 1 || c.Community == nil || !slices.Contains(c.Triggers, "人工上报") || strings.Contains(c.Why[0].Summary, "13812345678") {
			t.Fatalf("%+v", c)
		}
		again := ok[CommandResult](o.post("p-cy", "/tickets/"+lamp+"/register", body, "Idempotency-Key", "register-lamp"))
		if !again.Replayed || again.Case.ID != made.Case.ID {
			t.Errorf("%+v", again)
		}
		o.post("p-cy", "/tickets/"+lamp+"/register", body).refused(http.StatusConflict, "ticket.in_case")
		o.post("p-cy", "/tickets/"+lamp+"/answer", fields{"words": "已经转给物业处理"}).refused(http.StatusConflict, "ticket.in_case")
		if one := ok[workflow.WaitingTicketView](o.get("p-cy", "/tickets/waiting/"+lamp)); one.Open || one.Case == nil || one.Case.ID != made.Case.ID {
			t.Errorf("%+v", one)
		}
		if list := o.waitingTickets(); len(list) != 1 || list[0].ID != bins || o.waitingCount() != 1 {
			t.Errorf("%+v", list)
		}
		if own := ok[workflow.Page[workflow.CaseItem]](o.get("p-r", "/cases?view=own")); len(own.Items) != 1 || own.Items[0].ID != made.Case.ID {
			t.Errorf("the resident reads %+v", own.Items)
		}
		if found, err := o.engine.Verify(t.Context()); err != nil || len(found.Findings) > 0 {
			t.Errorf("%+v %v", found, err)
		}
	})
}

func TestAWaitingTicketGoesIntoTheCaseThatItIsAbout(t *testing.T) {
	o := newOffice(t)
	c := ok[CommandResult](o.post("p-cy", "/cases/register", fields{"title": "望舒里垃圾房两天没有清运", "facts": "垃圾房两天没有清运，气味很大，居民投诉。", "place": "望舒里", "reason": "反复投诉"})).Case
	id := o.reportsMatter("垃圾房两天没有清运，气味很大")
	one := ok[workflow.WaitingTicketView](o.get("p-cy", "/tickets/waiting/"+id))
	if len(one.Similar) != 1 || one.Similar[0].CaseID != c.ID || !one.Similar[0].Attachable || len(one.Similar[0].Reasons) == 0 {
		t.Fatalf("%+v", one.Similar)
	}
	ok[CommandResult](o.post("p-cy", "/cases/"+c.ID+"/attach", fields{"version": one.Similar[0].CaseVersion, "ticket_id": id}))
	if list := o.waitingTickets(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	// Taken out again it waits again.
	c = ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID))
	o.must("p-cy", c, "detach", fields{"ticket_id": id, "reason": "不是同一处"})
	if list := o.waitingTickets(); len(list) != 1 || list[0].ID != id {
		t.Errorf("%+v", list)
	}
}

func TestWhatIsNoCaseIsAnsweredAndComesBackWithNewFacts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newOfficeOn(t, db, auth.DefaultSettings)
		id := o.reportsMatter("请问街道办证大厅周六开不开门")
		answer := "/tickets/" + id + "/answer"
		o.post("p-cy", answer, fields{"words": "好"}).refused(http.StatusBadRequest, "ticket.answer")
		body := fields{"words": "周六上午九点到十一点半开门，电话13812345678"}
		done := ok[workflow.WaitingTicketView](o.post("p-cy", answer, body, "Idempotency-Key", "answer-1"))
		if done.Open || done.StateLabel != "已答复" || strings.Contains(done.Reply, "13812345678") {
			t.Errorf("%+v", done)
		}
		ok[workflow.WaitingTicketView](o.post("p-cy", answer, body, "Idempotency-Key", "answer-1"))
		o.post("p-cy", answer, body).refused(http.StatusConflict, "ticket.answered")
		if len(o.waitingTickets()) != 0 || o.waitingCount() != 0 {
			t.Error("it still waits")
		}
		if own := o.ownReports("p-r"); len(own) != 1 || own[0].State != "closed" || !strings.HasPrefix(own[0].Answer, "周六上午") {
			t.Errorf("%+v", own)
		}
		told := ok[workflow.Page[workflow.NoticeItem]](o.get("p-r", "/inbox")).Items
		if len(told) != 1 || told[0].Kind != casework.NoticeTicketAnswered || told[0].TicketID != id || strings.Contains(told[0].Text, "周六") {
			t.Errorf("%+v", told)
		}
		entries, err := o.db.AuditLog(t.Context(), store.AuditFilter{Action: "ticket.answer", Limit: 10})
		if err != nil || len(entries) != 1 {
			t.Errorf("%+v %v", entries, err)
		}

		o.post("p-r", "/tickets/"+id+"/notes", fields{"text": "周六去了没有开门"})
		if list := o.waitingTickets(); len(list) != 1 || list[0].ID != id {
			t.Errorf("%+v", list)
		}
		if o.told("p-cy", casework.NoticeFactsAdded) != 1 {
			t.Error("the centre is not told of new facts")
		}
		ok[workflow.WaitingTicketView](o.post("p-cy", answer, fields{"words": "门口的牌子写错了，已经更正。"}))
	})
}

func TestAMatterThatIsReportedGetsNoSecondCase(t *testing.T) {
	o := newOffice(t)
	said := "望舒里六号楼电梯停运，老人下不来楼"
	o.reportsMatter(said)
	o.at("2026-04-02 10:00")
	if n, err := o.engine.Age(t.Context()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	id := o.reportsMatter(said + "，请快一点")
	cases := ok[workflow.Page[workflow.CaseItem]](o.get("p-cy", "/cases?status=reported")).Items
	if len(cases) != 1 || len(o.waitingTickets()) != 1 {
		t.Fatalf("%+v\n%+v", cases, o.waitingTickets())
	}
	o.post("p-cy", "/tickets/"+id+"/register", fields{"reason": "老人多"}).refused(http.StatusConflict, "ticket.matter_in_case")
	one := ok[workflow.WaitingTicketView](o.get("p-cy", "/tickets/waiting/"+id))
	if len(one.Similar) != 1 || one.Similar[0].CaseID != cases[0].ID || one.Similar[0].Attachable {
		t.Errorf("%+v", one.Similar)
	}
	o.must("p-cy", ok[workflow.CaseView](o.get("p-cy", "/cases/"+cases[0].ID)), "register", fields{})
	if one := ok[workflow.WaitingTicketView](o.get("p-cy", "/tickets/waiting/"+id)); !one.Open || !one.Similar[0].Attachable {
		t.Errorf("%+v", one)
	}
	o.post("p-cy", "/tickets/"+id+"/register", fields{"reason": "老人多"}).refused(http.StatusConflict, "ticket.matter_in_case")
}

func TestOnlyTheCentreDecidesOnWaitingTickets(t *testing.T) {
	o := newOffice(t)
	id := o.reportsMatter("六号楼电梯停运三天，老人下不来楼")
	for _, who := range []string{"p-dc", "p-pl", "p-gc", "p-h1", "p-r"} {
		o.get(who, "/tickets/waiting").refused(http.StatusForbidden, "auth.denied")
		o.get(who, "/tickets/waiting/"+id).refused(http.StatusForbidden, "auth.denied")
		o.post(who, "/tickets/"+id+"/register", fields{"reason": "电梯"}).refused(http.StatusForbidden, "auth.denied")
		o.post(who, "/tickets/"+id+"/answer", fields{"words": "已经转给物业"}).refused(http.StatusForbidden, "auth.denied")
	}
	o.post("p-cy", "/tickets/none/register", fields{"reason": "电梯"}).refused(http.StatusNotFound, "ticket.not_found")
	hotline := ok[workflow.TicketTaken](o.post("p-cy", "/tickets", fields{"source": "hotline", "content": "路面坑洼不平"})).Ticket
	o.post("p-cy", "/tickets/"+hotline.ID+"/answer", fields{"words": "已经转给养护单位"}).refused(http.StatusNotFound, "ticket.not_found")
}
