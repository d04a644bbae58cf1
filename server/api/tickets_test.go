package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

func call(more fields) fields {
	f := fields{"source": "hotline", "channel": "电话", "title": "夜间施工扰民", "content": "来电人反映工地夜间施工，电话 13812345678", "community": "春江花园", "requester": fields{"name": "沈阿婆", "phone": "138 1234 5678"}}
	for k, v := range more {
		f[k] = v
	}
	return f
}

func TestACallIsTakenInOnceUnderANumberOfOurOwn(t *testing.T) {
	o := newOffice(t)
	a := o.post("p-cy", "/tickets", call(nil), "Idempotency-Key", "k-1")
	first := ok[workflow.TicketTaken](a)
	if a.status != http.StatusCreated || first.Ticket.OrderNo != "GD2026-000001" || first.Replayed || first.Case != nil || first.Ticket.RequesterPhone != "138****5678" || strings.Contains(first.Ticket.Content, "13812345678") {
		t.Errorf("%d %+v", a.status, first)
	}
	again := ok[workflow.TicketTaken](o.post("p-cy", "/tickets", call(nil), "Idempotency-Key", "k-1"))
	if !again.Replayed || again.Ticket.ID != first.Ticket.ID {
		t.Errorf("%+v", again)
	}
	o.post("p-cy", "/tickets", call(fields{"title": "另一件"}), "Idempotency-Key", "k-1").refused(http.StatusBadRequest, "request.key_reused")
	if second := ok[workflow.TicketTaken](o.post("p-cy", "/tickets", call(nil), "Idempotency-Key", "k-2")); second.Ticket.OrderNo != "GD2026-000002" {
		t.Errorf("%+v", second)
	}
	// A fifth about the same matter on a day is a burst: the triggers are asked as for any other ticket.
	var last workflow.TicketTaken
	for range 3 {
		last = ok[workflow.TicketTaken](o.post("p-cy", "/tickets", call(fields{"requester": fields{}})))
	}
	if last.Case == nil || !strings.HasPrefix(last.Case.Name, "NS2026-") {
		t.Errorf("%+v", last)
	}
	for name, x := range map[string]struct {
		body   fields
		reason string
	}{
		"nothing said":          {fields{"title": "", "content": ""}, "ticket.invalid"},
		"from the future":       {fields{"accepted_at": "2026-04-02T10:00:00+08:00"}, "ticket.invalid"},
		"an unknown source":     {fields{"source": "radio"}, "request.invalid"},
		"a number of their own": {fields{"order_no": "X"}, "request.invalid"},
	} {
		t.Run(name, func(t *testing.T) { o.post("p-cy", "/tickets", call(x.body)).refused(http.StatusBadRequest, x.reason) })
	}
	log, err := o.db.AuditLog(t.Context(), store.AuditFilter{Action: "ticket.create", Limit: 10})
	if err != nil || len(log) != 5 || log[4].Object != "ticket:"+first.Ticket.ID {
		t.Errorf("%v %+v", err, log)
	}
	if strings.Contains(o.log.String(), "13812345678") || strings.Contains(o.log.String(), "沈阿婆") {
		t.Error("the log names the caller")
	}
}

func TestWhoTakesInWhat(t *testing.T) {
	o := newOffice(t)
	for _, x := range []struct {
		who, source, community, reason string
	}{
		{"p-cy", "petition", "", ""}, {"p-cy", "grid", "春江花园", ""},
		{"p-gl", "grid", "春江花园", ""}, {"p-gl", "grid", "", ""}, {"p-gl", "hotline", "", "ticket.source"},
		{"p-gl2", "grid", "春江花园", "ticket.outside"}, {"p-gl2", "grid", "望舒苑", ""},
		{"p-cw", "grid", "春江花园", ""}, {"p-cw", "department", "", "ticket.source"},
		{"p-h1", "department", "春江花园", ""}, {"p-w1", "department", "", ""}, {"p-w1", "grid", "", "ticket.source"},
	} {
		a := o.post(x.who, "/tickets", call(fields{"source": x.source, "community": x.community}))
		if x.reason != "" {
			a.refused(http.StatusForbidden, x.reason)
		} else {
			ok[workflow.TicketTaken](a)
		}
	}
}

func TestATicketIsTakenIntoACase(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	taken := ok[workflow.TicketTaken](o.post("p-cy", "/tickets", call(fields{"case_id": c.Number})))
	if taken.Case == nil || taken.Case.Name != c.Number || taken.Ticket.CaseID != c.ID {
		t.Fatalf("%+v", taken)
	}
	if list := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/cases/"+c.ID+"/tickets")); len(list.Items) != 1 || list.Items[0].ID != taken.Ticket.ID {
		t.Errorf("%+v", list.Items)
	}
	// Whoever may not attach may not do so by taking in either, and then nothing is stored.
	o.post("p-gl", "/tickets", call(fields{"source": "grid", "case_id": c.ID})).refused(http.StatusConflict, "case.not_yours")
	o.post("p-gl2", "/tickets", call(fields{"source": "grid", "community": "", "case_id": c.ID})).refused(http.StatusNotFound, "case.not_found")
	o.post("p-cy", "/tickets", call(fields{"case_id": "NS2026-999999"})).refused(http.StatusNotFound, "case.not_found")
	if n := len(ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets")).Items); n != 1 {
		t.Errorf("%d tickets", n)
	}
	// Its evidence counts for that case.
	ok[workflow.TicketTaken](o.post("p-cy", "/tickets", call(fields{"case_id": c.ID, "content": "【重新交办3次】仍未解决"})))
	view := ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID))
	if view.TicketRefs == nil || len(view.TicketRefs) != 2 {
		t.Errorf("%+v", view.TicketRefs)
	}
}

func TestSimilarMattersAreShownFirst(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched() // 春江花园夜间施工扰民
	take := func(no, title, content, community, phone string) {
		t.Helper()
		if _, err := o.engine.TakeIn(context.Background(), []ticket.Ticket{{
			Source: ticket.Hotline, OrderNo: no, Title: title, Content: content, Community: community, Requester: ticket.Requester{Phone: phone},
			AcceptedAt: o.clock().Add(-24 * time.Hour), Fingerprint: no, ReassignedColumn: -1, ReturnedColumn: -1, Category: [5]string{"建设", "施工"},
		}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	take("NO1", "路灯不亮", "门口路灯不亮", "望舒苑", "13812345678")
	take("NO2", "电梯停运", "电梯停运三天", "望舒苑", "13900000000")
	take("NO3", "夜间施工噪声", "工地夜间施工，噪声扰民", "海棠苑", "13900000001")
	q := fields{"title": "夜间施工扰民", "content": "工地夜间施工，噪声扰民，无法入睡", "community": "春江花园", "phone": "138-1234-5678"}
	list := ok[SimilarList](o.post("p-cy", "/tickets/similar", q)).Items
	var found []string
	for _, it := range list {
		found = append(found, it.OrderNo+it.CaseNumber)
		if len(it.Reasons) == 0 || it.StatusLabel == "" {
			t.Errorf("%+v", it)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, []string{"NO1", c.Number}) { // NO3 is about another place
		t.Fatalf("%v: %+v", found, list)
	}
	for _, it := range list {
		switch {
		case it.OrderNo == "NO1" && !slices.Contains(it.Reasons, "同一联系电话"),
			it.CaseNumber == c.Number && (!slices.Contains(it.Reasons, "地点相同") || !strings.Contains(strings.Join(it.Reasons, ""), "夜间施工扰民")):
			t.Errorf("%+v", it)
		}
	}
	// The same place and category is the same matter whatever the words.
	same := ok[SimilarList](o.post("p-cy", "/tickets/similar", fields{"content": "太吵了", "community": "海棠苑", "category": []string{"建设", "施工"}})).Items
	if len(same) != 1 || same[0].OrderNo != "NO3" || same[0].Reasons[0] != "同一地点“海棠苑”的同类事项：施工" {
		t.Errorf("%+v", same)
	}
	// Others see what is in their scope: the liaison of the grid its case, another grid nothing.
	if list := ok[SimilarList](o.post("p-gl", "/tickets/similar", q)).Items; len(list) != 1 || list[0].CaseNumber != c.Number {
		t.Errorf("%+v", list)
	}
	if a := o.post("p-gl2", "/tickets/similar", q); len(ok[SimilarList](a).Items) != 0 {
		t.Errorf("%s", a.body)
	}
	log, err := o.db.AuditLog(t.Context(), store.AuditFilter{Action: "ticket.search", Limit: 10})
	if err != nil || len(log) != 3 || strings.Contains(log[0].Object, "138") {
		t.Errorf("%v %+v", err, log)
	}
	if s := o.post("p-cy", "/tickets/similar", fields{}); len(ok[SimilarList](s).Items) != 0 {
		t.Errorf("%s", s.body)
	}
}

// Asking for similar matters tells nothing that a view of them masks, however the question is put together.
func TestSimilarMattersAreComparedAsTheyAreShown(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	if _, err := o.engine.TakeIn(context.Background(), []ticket.Ticket{{
		Source: ticket.Hotline, OrderNo: "NO1", Title: "夜间施工", Content: "市民沈阿婆反映，来电13812345678，海棠路8弄12号302室楼下夜间施工", Community: "春江花园",
		Requester:  ticket.Requester{Kind: ticket.Person, Name: "沈阿婆", Phone: "13812345678"},
		AcceptedAt: o.clock().Add(-24 * time.Hour), Fingerprint: "NO1", ReassignedColumn: -1, ReturnedColumn: -1, Category: [5]string{"建设", "施工"},
	}}, nil); err != nil {
		t.Fatal(err)
	}
	id := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets?order_no=NO1")).Items[0].ID
	o.must("p-cy", c, "attach", fields{"ticket_id": id})
	var pairs strings.Builder
	for i := range 100 {
		fmt.Fprintf(&pairs, "%02d", i)
	}
	for _, guess := range []string{pairs.String(), "市民沈阿婆反映", "市民沈阿婆反映，来电13812345678，海棠路8弄12号302室楼下夜间施工", "12号302室楼下夜间施工"} {
		a := o.post("p-gl", "/tickets/similar", fields{"content": guess, "community": "春江花园", "category": []string{"建设", "施工"}})
		list := ok[SimilarList](a).Items
		if len(list) == 0 {
			t.Fatalf("%s finds nothing", guess)
		}
		for _, secret := range []string{"1381", "123", "5678", "沈阿婆", "302"} {
			if said := fmt.Sprint(list[0].Reasons); strings.Contains(said, secret) {
				t.Errorf("%s is told %s", guess, said)
			}
		}
	}
}
