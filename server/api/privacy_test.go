package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// withTicket is a dispatched case of d-1 in grid g-1 with a ticket, where d-2 has a task and a coordinator is assigned.
func (o *office) withTicket() (c workflow.CaseView, ticketID string) {
	o.t.Helper()
	id := o.ticketed("20260302090001").ID
	c = o.dispatched()
	c = o.must("p-cy", c, "attach", fields{"ticket_id": id})
	c = o.must("p-h1", c, "accept", fields{"handler_id": "p-w1"})
	return c, id
}

func unmaskAll(reason string) fields {
	return fields{"fields": workflow.Fields, "reason": reason}
}

func TestWhoWorksOnACaseSeesItsTicketsUnmasked(t *testing.T) {
	o := newOffice(t)
	c, id := o.withTicket()
	see := func(who string, want bool) {
		t.Helper()
		a := o.post(who, "/tickets/"+id+"/unmask", unmaskAll("先行联系诉求人"))
		if want {
			got := ok[workflow.Unmasked](a)
			if got.Phone != "13812345678" || got.Name != "沈阿婆" || got.Address != "春江花园 3 号 502 室" || got.Content != "来电人13812345678反映夜间施工" || got.TicketID != id {
				t.Errorf("%s sees %+v", who, got)
			}
			return
		}
		a.refused(http.StatusNotFound, "ticket.not_found")
		if strings.Contains(string(a.body), "13812345678") {
			t.Error(string(a.body))
		}
	}
	for who, want := range map[string]bool{
		"p-cy": true, "p-h1": true, "p-w1": true, "p-h2": false, "p-w2": false, "p-h3": false, "p-co": false, "p-fg": false, "p-gc": false, "p-gl": false, "p-ps": false,
		"p-cw": false, "p-pl": false, "p-lg": false, "p-dc": false,
	} {
		see(who, want)
	}
	c = o.must("p-cy", c, "assign", fields{"coordinator_id": "p-co"})
	see("p-co", true)
	c = o.must("p-h1", c, "ask_support", fields{"department_id": "d-2", "task": "核查审批手续", "due_at": "2026-03-03T16:00:00+08:00"})
	see("p-h2", true)
	see("p-w2", false)
	task := c.Tasks[0].ID
	c = o.must("p-h2", c, "finish_task", fields{"task_id": task, "result": "手续齐全"})
	see("p-h2", false)
	o.must("p-cy", c, "detach", fields{"ticket_id": id, "reason": "不是同一件事"})
	see("p-w1", false)
	see("p-cy", true)

	o.post("p-r", "/tickets/"+id+"/unmask", unmaskAll("看看自己的")).refused(http.StatusForbidden, "auth.denied")
	for _, who := range []string{"p-sa", "p-se", "p-au"} {
		o.post(who, "/tickets/"+id+"/unmask", unmaskAll("管理需要")).refused(http.StatusForbidden, "auth.denied")
	}
	o.post("p-cy", "/tickets/none/unmask", unmaskAll("看看")).refused(http.StatusNotFound, "ticket.not_found")
	o.post("p-cy", "/tickets/"+id+"/unmask", fields{"fields": []string{"phone"}, "reason": "   "}).refused(http.StatusBadRequest, "reason.missing")
	o.post("p-cy", "/tickets/"+id+"/unmask", fields{"fields": []string{"diary"}, "reason": "先行联系"}).refused(http.StatusBadRequest, "request.invalid")
	o.post("p-cy", "/tickets/"+id+"/unmask", fields{"fields": []string{}, "reason": "先行联系"}).refused(http.StatusBadRequest, "request.invalid")
	one := ok[workflow.Unmasked](o.post("p-cy", "/tickets/"+id+"/unmask", fields{"fields": []string{"name"}, "reason": "核对姓名"}))
	if one.Name != "沈阿婆" || one.Phone != "" || one.Content != "" {
		t.Errorf("more than was asked for: %+v", one)
	}
}

func TestEveryUnmaskingIsInTheAuditLog(t *testing.T) {
	o := newOffice(t)
	_, id := o.withTicket()
	ok[workflow.Unmasked](o.post("p-w1", "/tickets/"+id+"/unmask", unmaskAll("先行联系13812345678")))
	o.post("p-h2", "/tickets/"+id+"/unmask", unmaskAll("看看"))
	page := ok[AuditPage](o.get("p-au", "/audit-log?action=ticket.unmask"))
	if len(page.Items) != 1 {
		t.Fatalf("%+v", page.Items)
	}
	e := page.Items[0]
	if e.Actor != "p-w1" || e.Object != "ticket:"+id || e.Detail["reason"] != "先行联系138****5678" || e.Detail["fields"] != "address,id_number,location,name,phone,text" || e.RequestID == "" {
		t.Errorf("%+v", e)
	}

	// What cannot be recorded is not shown.
	if _, err := storetest.Raw(t, o.dsn).ExecContext(t.Context(), `ALTER TABLE audit_log RENAME TO audit_log_away`); err != nil {
		t.Fatal(err)
	}
	for _, a := range []answer{
		o.post("p-w1", "/tickets/"+id+"/unmask", unmaskAll("先行联系")), o.post("p-cy", "/tickets/search", fields{"phone": "13812345678"}),
		o.post("p-cy", "/retention/requests", fields{"phone": "13812345678", "reason": "本人要求"}),
	} {
		if a.status != http.StatusInternalServerError || strings.Contains(string(a.body), "13812345678") || strings.Contains(string(a.body), "沈阿婆") {
			t.Errorf("%s: %d %s", a.what, a.status, a.body)
		}
	}
}

func TestNobodySeesMoreThanTheDaysLimit(t *testing.T) {
	o := newOffice(t)
	_, id := o.withTicket()
	for range 50 {
		ok[workflow.Unmasked](o.post("p-w1", "/tickets/"+id+"/unmask", unmaskAll("先行联系")))
	}
	o.post("p-w1", "/tickets/"+id+"/unmask", unmaskAll("先行联系")).refused(http.StatusTooManyRequests, "unmask.limit")
	ok[workflow.Unmasked](o.post("p-cy", "/tickets/"+id+"/unmask", unmaskAll("先行联系"))) // another's is another's
	for range 50 {
		ok[workflow.Page[workflow.TicketView]](o.post("p-cy", "/tickets/search", fields{"phone": "13812345678"}))
	}
	o.post("p-cy", "/tickets/search", fields{"phone": "13812345678"}).refused(http.StatusTooManyRequests, "search.limit")
	page := ok[AuditPage](o.get("p-au", "/audit-log?actor=p-w1&limit=1"))
	if len(page.Items) != 1 || page.Items[0].Outcome != "limit" {
		t.Errorf("%+v", page.Items)
	}
	o.at("2026-03-03 10:01")
	ok[workflow.Unmasked](o.post("p-w1", "/tickets/"+id+"/unmask", unmaskAll("先行联系")))
}

func TestTicketsAreFoundByPhoneWithoutTheNumberInTheURL(t *testing.T) {
	o := newOffice(t)
	for i := range 5 {
		o.ticketed(fmt.Sprintf("2026030209%04d", i))
	}
	if _, err := o.engine.TakeIn(t.Context(), []ticket.Ticket{{
		Source: ticket.Hotline, OrderNo: "20260302100001", Content: "另一人", Requester: ticket.Requester{Kind: ticket.Enterprise, Name: "望舒物业公司", Phone: "021-57191234", IDNumber: "91310120MA1HXXXXXX"},
		AcceptedAt: o.clock(), Fingerprint: "x", ReassignedColumn: -1, ReturnedColumn: -1,
	}}, nil); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for cursor := ""; ; {
		page := ok[workflow.Page[workflow.TicketView]](o.post("p-cy", "/tickets/search", fields{"phone": "+86 138-1234-5678", "limit": 2, "cursor": cursor}))
		for _, it := range page.Items {
			seen = append(seen, it.OrderNo)
			if it.RequesterPhone != "138****5678" || it.RequesterName != "沈**" {
				t.Errorf("%+v", it)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if strings.Join(seen, " ") != "20260302090004 20260302090003 20260302090002 20260302090001 20260302090000" {
		t.Error(seen)
	}
	for name, body := range map[string]fields{
		"a landline":    {"phone": "(021) 5719 1234"},
		"a credit code": {"id_number": "91310120ma1hxxxxxx"},
	} {
		if page := ok[workflow.Page[workflow.TicketView]](o.post("p-cy", "/tickets/search", body)); len(page.Items) != 1 || page.Items[0].OrderNo != "20260302100001" {
			t.Errorf("%s: %+v", name, page)
		}
	}
	o.post("p-cy", "/tickets/search", fields{}).refused(http.StatusBadRequest, "search.which")
	o.post("p-cy", "/tickets/search", fields{"phone": "138"}).refused(http.StatusBadRequest, "search.phone")
	o.post("p-cy", "/tickets/search", fields{"phone": "13812345678", "cursor": "x"}).refused(http.StatusBadRequest, "list.cursor")
	o.post("p-dc", "/tickets/search", fields{"phone": "13812345678"}).refused(http.StatusForbidden, "auth.denied")
	page := ok[AuditPage](o.get("p-au", "/audit-log?action=ticket.search"))
	if len(page.Items) != 5 || !strings.HasPrefix(page.Items[4].Object, "phone:") || strings.Contains(fmt.Sprint(page.Items), "13812345678") {
		t.Errorf("%+v", page.Items)
	}
}

func TestErasureAndItsCertificateOverHTTP(t *testing.T) {
	o := newOffice(t)
	id := o.ticketed("20260302090001").ID
	o.post("p-dc", "/retention/requests", fields{"phone": "13812345678", "reason": "本人要求"}).refused(http.StatusForbidden, "auth.denied")
	c := ok[store.Certificate](o.post("p-cy", "/retention/requests", fields{"phone": "13812345678", "reason": "本人书面要求"}))
	if c.Items() != 1 || c.Number == "" {
		t.Fatalf("%+v", c)
	}
	got := ok[workflow.Unmasked](o.post("p-cy", "/tickets/"+id+"/unmask", unmaskAll("核对是否删除")))
	if got.Phone != "" || got.Name != "" || got.Content != "来电人138****5678反映夜间施工" {
		t.Errorf("%+v", got)
	}
	for _, who := range []string{"p-au", "p-se"} {
		page := ok[workflow.Page[store.Certificate]](o.get(who, "/retention/certificates"))
		if len(page.Items) != 1 || page.Items[0].Number != c.Number {
			t.Errorf("%+v", page)
		}
		one := ok[CertificateView](o.get(who, "/retention/certificates/"+c.Number))
		if !one.Agrees || !strings.Contains(one.Text, "经办：王敏") || !strings.Contains(one.Text, c.Hash) {
			t.Errorf("%+v", one)
		}
	}
	o.get("p-cy", "/retention/certificates").refused(http.StatusForbidden, "auth.denied")
	o.get("p-au", "/retention/certificates/SC2026-999999").refused(http.StatusNotFound, "certificate.not_found")
}

// A session of reading, unmasking, looking up, typing numbers and mistyping them leaves none of them in the log.
func TestTheLogHoldsNothingPersonal(t *testing.T) {
	o := newOffice(t)
	c, id := o.withTicket()
	for _, who := range []string{"p-cy", "p-h1", "p-w1", "p-h2", "p-r"} {
		for _, path := range []string{"/cases", "/cases/" + c.ID, "/cases/" + c.ID + "/timeline?changes=true", "/cases/" + c.ID + "/tickets", "/tickets/" + id, "/todos", "/inbox", "/tickets?order_no=13812345678"} {
			o.get(who, path)
		}
		o.post(who, "/tickets/"+id+"/unmask", unmaskAll("联系沈阿婆13812345678"))
	}
	o.get("p-cy", "/tickets/13812345678")
	o.get("p-cy", "/cases/13812345678")
	o.post("p-cy", "/tickets/search", fields{"phone": "13812345678"})
	o.post("p-cy", "/tickets/search", fields{"phone": 13812345678})
	o.post("p-cy", "/tickets/13812345678/unmask", unmaskAll("沈阿婆"))
	c = o.must("p-w1", c, "contact", fields{"reached": true, "at": "2026-03-02T09:30:00+08:00", "said": "沈阿婆13812345678同意周末施工"})
	o.do("p-w1", c, "progress", fields{"text": strings.Repeat("13812345678", 600)})
	o.post("p-cy", "/retention/requests", fields{"phone": "13812345678", "reason": "沈阿婆要求"})
	log := o.log.String()
	if strings.Count(log, "\n") < 40 {
		t.Fatalf("the log is short:\n%s", log)
	}
	for _, secret := range []string{"13812345678", "沈阿婆", "502 室", "502室"} {
		if i := strings.Index(log, secret); i >= 0 {
			t.Errorf("%s is in the log: …%s", secret, log[max(0, i-300):min(len(log), i+100)])
		}
	}
}
