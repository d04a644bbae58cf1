package intake_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/vault"
)

// lists imports lists into a database and looks at what is there.
type lists struct {
	t  *testing.T
	db *store.DB
	im *intake.Importer
}

func (l lists) take(list ticket.List, name string, rows ...[]string) intake.Result {
	l.t.Helper()
	r, err := l.im.Import(context.Background(), intake.Job{Path: sheetOf(l.t, name, rows...), Source: ticket.Hotline, Listing: intake.Listing{List: list}})
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func (l lists) tickets(rows ...[]string) intake.Result {
	l.t.Helper()
	r, err := l.im.Import(context.Background(), intake.Job{Path: file(l.t, rows...), Source: ticket.Hotline})
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func (l lists) ticket(no string) store.TicketRow {
	l.t.Helper()
	list, err := l.db.Tickets(context.Background(), store.TicketFilter{Source: ticket.Hotline, OrderNo: no, Limit: 2})
	if err != nil || len(list) != 1 {
		l.t.Fatal(no, len(list), err)
	}
	return list[0]
}

// evidence gives where the evidence of a case's trigger of this kind stands.
func (l lists) evidence(id string, kind casework.TriggerKind) (from []string) {
	l.t.Helper()
	c, err := l.db.Case(context.Background(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, tr := range c.Case.Triggers {
		if tr.Kind == kind {
			for _, ev := range tr.Evidence {
				from = append(from, ev.From+"："+ev.Quote)
			}
		}
	}
	return from
}

var dissatisfiedList = [][]string{
	{"奉浦街道不满意件清单（2026年3月19日）"},
	{"序号", "工单编号", "承办单位", "不满意原因"},
	{"1", "20260318090001", "城建办", "说修好了其实没有"},
	{"2", "20260318090009", "城建办", "没有人联系"},
}

func TestAListOfDissatisfiedTicketsMakesCasesOnceAndWaitsForTheOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := lists{t, db, importer(t, db)}
		l.tickets(row("20260318090001"), row("20260318090002"))
		if r := l.take(ticket.ListDissatisfied, "a.csv", dissatisfiedList...); r.Rows != 2 || r.Updated != 1 || r.Waiting != 1 || r.Cases != 1 || r.Rejected != 0 || len(r.Problems) != 1 ||
			r.Problems[0].Line != 4 || r.Problems[0].Fatal || !strings.Contains(r.Problems[0].Message, "导入该工单后自动生效") {
			t.Fatalf("%+v %+v", r, r.Problems)
		}
		one := l.ticket("20260318090001")
		if one.Ticket.Satisfaction != ticket.Dissatisfied || one.Ticket.Feedback != "说修好了其实没有" || one.Ticket.Content == "" || one.Ticket.Facts[0].On != "2026-03-19" {
			t.Errorf("%+v", one.Ticket)
		}
		if got := l.evidence(one.CaseID, casework.ByDissatisfied); len(got) != 1 || got[0] != "list:不满意件清单 2026-03-19 第 3 行：说修好了其实没有" {
			t.Error(got)
		}

		// The same list again, in another order and with another column, changes nothing.
		again := [][]string{dissatisfiedList[0], {"工单编号", "不满意原因", "承办单位", "备注"}, {"20260318090009", "没有人联系", "城建办", ""}, {"20260318090001", "说修好了其实没有", "城建办", "x"}}
		before, err := db.Case(context.Background(), one.CaseID)
		if err != nil {
			t.Fatal(err)
		}
		if r := l.take(ticket.ListDissatisfied, "b.csv", again...); r.Unchanged != 1 || r.Waiting != 1 || r.Updated+r.Cases != 0 {
			t.Errorf("%+v", r)
		}
		if after, err := db.Case(context.Background(), one.CaseID); err != nil || after.Case.Version != before.Case.Version {
			t.Error("the case moved:", err)
		}

		// The ticket that was missing comes in later, and an export that does not know the rating does not undo it.
		if r := l.tickets(row("20260318090001", "2026-03-18 09:00:00", "路灯不亮了"), row("20260318090009"), row("20260318090002")); r.Created != 1 || r.Updated != 1 || r.Unchanged != 1 || r.Cases != 1 {
			t.Errorf("%+v", r)
		}
		if nine := l.ticket("20260318090009"); nine.Ticket.Satisfaction != ticket.Dissatisfied || nine.CaseID == "" {
			t.Errorf("%+v", nine)
		}
		if one := l.ticket("20260318090001"); one.Ticket.Satisfaction != ticket.Dissatisfied || one.Ticket.Title != "路灯不亮了" || len(one.Ticket.Facts) != 1 {
			t.Errorf("%+v", one.Ticket)
		}
		if r := l.take(ticket.ListDissatisfied, "c.csv", dissatisfiedList...); r.Unchanged != 2 || r.Waiting+r.Updated+r.Cases != 0 {
			t.Errorf("%+v", r)
		}
	})
}

func TestListsOfReassignedTicketsCountEachOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := lists{t, db, importer(t, db)}
		l.tickets(row("20260318090001", "2026-03-18 09:00:00", "路灯不亮", "市民反映东门路灯不亮一个月", "1"))
		list := func(day string, more ...string) intake.Result {
			return l.take(ticket.ListReassigned, "重新交办"+day+".csv", []string{"工单编号", "重新交办原因", "次数"}, append([]string{"20260318090001", "部门未处理"}, more...))
		}
		count := func() int {
			n, _ := ticket.Reassigned(l.ticket("20260318090001").Ticket)
			return n
		}
		if r := list("2026-03-18"); r.Updated != 1 || r.Cases != 0 || count() != 2 {
			t.Errorf("%+v %d", r, count())
		}
		if r := list("2026-03-18"); r.Unchanged != 1 || count() != 2 {
			t.Errorf("%+v %d", r, count())
		}
		if r := list("2026-03-19"); r.Updated != 1 || r.Cases != 1 || count() != 3 {
			t.Errorf("%+v %d", r, count())
		}
		one := l.ticket("20260318090001")
		if got := l.evidence(one.CaseID, casework.ByReassigned); len(got) != 3 || got[2] != "list:重新交办清单 2026-03-19 第 2 行：部门未处理" {
			t.Error(got)
		}
		// The next export has counted the same: nothing is counted twice.
		if r := l.tickets(row("20260318090001", "2026-03-18 09:00:00", "路灯不亮", "市民反映东门路灯不亮一个月", "3")); r.Updated != 1 || count() != 3 {
			t.Errorf("%+v %d", r, count())
		}
		// Two that waited come in with their ticket.
		for _, day := range []string{"2026-03-17", "2026-03-18"} {
			l.take(ticket.ListReassigned, day+".csv", []string{"工单编号"}, []string{"20260318090005"})
		}
		l.tickets(row("20260318090005"))
		if n, _ := ticket.Reassigned(l.ticket("20260318090005").Ticket); n != 2 {
			t.Error(n)
		}
	})
}

func TestTheOtherLists(t *testing.T) {
	db := storetest.Open(t)
	l := lists{t, db, importer(t, db)}
	l.tickets(row("20260318090001", "2026-03-18 09:00:00", "路灯不亮", "市民反映东门路灯不亮一个月", "0", "", "2026-03-18 18:00:00"), row("20260318090002"))
	if r := l.take(ticket.ListUnresolved, "未解决件20260319.csv", []string{"工单编号", "未解决原因"}, []string{"20260318090001", "缺配件"}, []string{"20260318090001", "缺配件"}, []string{"", "x"}); r.Updated != 1 || r.Rejected != 2 {
		t.Errorf("%+v %+v", r, r.Problems)
	}
	if one := l.ticket("20260318090001").Ticket; !one.Open() || one.Outcome != "未解决" || one.Feedback != "缺配件" {
		t.Errorf("%+v", one)
	}
	if r := l.take(ticket.ListNotContacted, "x.csv", []string{"工单编号", "未联系原因"}, []string{"20260318090002", "空号"}); r.Updated != 1 {
		t.Errorf("%+v", r)
	}
	if two := l.ticket("20260318090002").Ticket; two.FirstContact != ticket.NotContacted || two.Facts[0].On != "" || two.Facts[0].Reason != "空号" {
		t.Errorf("%+v", two)
	}
	if r := l.take(ticket.ListNotContacted, "x.csv", []string{"工单编号", "未联系原因"}, []string{"20260318090002", "空号"}); r.Unchanged != 1 {
		t.Errorf("without a day too, the same list says nothing new: %+v", r)
	}
	job := intake.Job{Path: sheetOf(t, "a.csv", []string{"单据", "x"}, []string{"1", "2"}), Source: ticket.Hotline, Listing: intake.Listing{List: ticket.ListUnresolved}}
	if _, err := l.im.Import(t.Context(), job); err == nil || !strings.Contains(err.Error(), "缺少“工单编号”列") || strings.Contains(err.Error(), "内容描述") {
		t.Error(err)
	}
	in, err := intake.Inspect(job.Path, ticket.Hotline, job.Listing, nil)
	if err != nil || in.Ready || len(in.Missing) != 1 || in.Missing[0].Field != ticket.FieldOrderNo {
		t.Errorf("%v %+v", err, in)
	}
	job.Listing = intake.Listing{List: "x"}
	if _, err := l.im.Import(t.Context(), job); err == nil || !strings.Contains(err.Error(), "没有清单") {
		t.Error(err)
	}
	job.Listing = intake.Listing{On: "2026-03-01"}
	if _, err := l.im.Import(t.Context(), job); err == nil {
		t.Error("a day without a list")
	}
}

func TestAListCanBringItsTickets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := lists{t, db, importer(t, db)}
		l.tickets(row("20260318090001"))
		path := sheetOf(t, "不满意件2026-03-19.csv", []string{"工单编号", "受理时间", "内容描述", "不满意原因"},
			[]string{"20260318090001", "2026-03-18 09:00:00", "另一种写法", "没有解决"},
			[]string{"20260318090007", "2026-03-18 10:00:00", "市民反映井盖松动", "没有解决"},
			[]string{"20260318090008", "", "", "没有解决"})
		job := intake.Job{Path: path, Source: ticket.Hotline, Listing: intake.Listing{List: ticket.ListDissatisfied, Create: true}, DryRun: true}
		dry, err := l.im.Import(t.Context(), job)
		if err != nil || dry.Created != 1 || dry.Updated != 1 || dry.Waiting != 1 || dry.Cases != 2 {
			t.Fatalf("%v %+v", err, dry)
		}
		if one := l.ticket("20260318090001"); one.Ticket.Satisfaction != "" {
			t.Error("a dry run wrote")
		}
		job.DryRun = false
		r, err := l.im.Import(t.Context(), job)
		if err != nil || r.Created != 1 || r.Updated != 1 || r.Waiting != 1 || r.Cases != 2 || r.Rows != 3 {
			t.Fatalf("%v %+v %+v", err, r, r.Problems)
		}
		if one := l.ticket("20260318090001").Ticket; one.Content != "市民反映东门路灯不亮一个月" || one.Satisfaction != ticket.Dissatisfied {
			t.Errorf("what is known stays: %+v", one)
		}
		if seven := l.ticket("20260318090007"); seven.Ticket.Satisfaction != ticket.Dissatisfied || seven.CaseID == "" {
			t.Errorf("%+v", seven)
		}
		if r, err := l.im.Import(t.Context(), job); err != nil || r.Unchanged != 2 || r.Waiting != 1 || r.Created+r.Updated+r.Cases != 0 {
			t.Errorf("%v %+v", err, r)
		}
	})
}

// Waiting facts hold what somebody said: they are sealed, sealed anew with a new key, open for the ticket that comes in, and
// are dropped when none does.
func TestWaitingFactsAreSealed(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		open := func(sealer store.Sealer) *store.DB {
			t.Helper()
			db, err := store.Open(ctx, dsn, store.Options{Sealer: sealer})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			return db
		}
		db := open(storetest.Sealer)
		if _, err := db.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		l := lists{t, db, importer(t, db)}
		const said = "请联系张建国13812345678"
		l.take(ticket.ListDissatisfied, "2026-03-19.csv", []string{"工单编号", "不满意原因"}, []string{"20260318090001", said}, []string{"20260318090002", said})
		sealed := func() (list []string) {
			t.Helper()
			rows, err := storetest.Raw(t, dsn).QueryContext(ctx, `SELECT sealed_body FROM ticket_facts WHERE waiting = 1`)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var body string
				if err := rows.Scan(&body); err != nil {
					t.Fatal(err)
				}
				list = append(list, body)
			}
			return list
		}
		for _, body := range sealed() {
			if strings.Contains(body, "张建国") || storetest.Sealer.KeyOf(body) != 1 {
				t.Error("in the clear:", body)
			}
		}

		key := func(b byte) []byte { return bytes.Repeat([]byte{b}, vault.KeyBytes) }
		newer, err := vault.New(vault.Keys{1: key(1), 2: key(3)}, key(2))
		if err != nil {
			t.Fatal(err)
		}
		l = lists{t, open(newer), importer(t, open(newer))}
		if done, err := l.im.Engine.Reseal(ctx, 0, nil); err != nil || done.Facts != 2 {
			t.Errorf("%v %+v", err, done)
		}
		for _, body := range sealed() {
			if newer.KeyOf(body) != 2 {
				t.Error("still under the old key")
			}
		}
		l.tickets(row("20260318090001"))
		if got := l.ticket("20260318090001").Ticket; got.Feedback != said {
			t.Errorf("%+v", got)
		}
		if left := sealed(); len(left) != 1 {
			t.Error("waiting:", len(left))
		}
		if n, err := l.db.ForgetWaitingFacts(ctx, now.AddDate(2, 0, 0), 10); err != nil || n != 1 {
			t.Error(n, err)
		}
	})
}
