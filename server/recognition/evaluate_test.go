package recognition_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
	"xiaopu/server/recognition"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

var (
	policy = casework.DefaultPolicy().Triggers
	now    = at("2026-10-26 10:00:00")
)

func at(s string) time.Time {
	t, err := time.ParseInLocation(time.DateTime, s, workday.Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

// parsed makes a ticket as the importer does, from header → cell pairs.
func parsed(t *testing.T, pairs ...string) ticket.Ticket {
	t.Helper()
	var header, cells []string
	for i := 0; i < len(pairs); i += 2 {
		header, cells = append(header, pairs[i]), append(cells, pairs[i+1])
	}
	m, _ := ticket.MapHeader(header)
	got, problems := ticket.ParseRow(m, cells, ticket.Options{Source: ticket.Hotline, Now: now})
	for _, p := range problems {
		if p.Fatal {
			t.Fatal(p)
		}
	}
	got.ID = "id-" + got.OrderNo
	return got
}

// withText is a plain ticket with this text.
func withText(t *testing.T, text string, pairs ...string) ticket.Ticket {
	t.Helper()
	return numbered(t, "20260901080000", text, pairs...)
}

func numbered(t *testing.T, orderNo, text string, pairs ...string) ticket.Ticket {
	t.Helper()
	return parsed(t, append([]string{"工单编号", orderNo, "受理时间", "2026-09-01 08:00", "内容", text}, pairs...)...)
}

func evaluate(tk ticket.Ticket) []casework.Trigger {
	return recognition.Evaluate(recognition.Input{Ticket: tk, Policy: policy, Now: now})
}

// show writes triggers so that a reader sees rule, sentence and evidence keys.
func show(triggers []casework.Trigger) string {
	var b strings.Builder
	for _, t := range triggers {
		fmt.Fprintf(&b, "%s %s\n", t.Kind, t.Summary)
		for _, e := range t.Evidence {
			fmt.Fprintf(&b, "  %s\n", e.Key)
		}
	}
	return b.String()
}

func kinds(triggers []casework.Trigger) string {
	var k []string
	for _, t := range triggers {
		k = append(k, string(t.Kind))
	}
	return strings.Join(k, " ")
}

func only(t *testing.T, triggers []casework.Trigger, kind casework.TriggerKind) casework.Trigger {
	t.Helper()
	if len(triggers) != 1 || triggers[0].Kind != kind {
		t.Fatalf("want only %s:\n%s", kind, show(triggers))
	}
	return triggers[0]
}

func spend(spent map[string]bool, triggers []casework.Trigger) map[string]bool {
	next := map[string]bool{}
	for i, yes := range spent {
		next[i] = yes
	}
	for _, t := range triggers {
		for _, i := range recognition.Items(t) {
			next[i] = true
		}
	}
	return next
}

func TestAnOrdinaryTicketFiresNothing(t *testing.T) {
	tk := withText(t, "市民来电反映：东侧工地半夜打桩。", "满意度", "基本满意", "重新交办次数", "0", "退单次数", "1", "流转单位", "水务所→综合行政执法队", "主办单位", "综合行政执法队")
	if got := evaluate(tk); len(got) > 0 {
		t.Error(show(got))
	}
}

func TestDepartmentsThatDidNotAccept(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"two are too few", "【退单：规划建设办】【退单：水务所】", ""},
		{"three", "【退单：规划建设办】【退单：水务所】【退单：房管所】", "unaccepted 经规划建设办、水务所、房管所 3 个部门流转未接单\n  20260901080000|规划建设办\n  20260901080000|水务所\n  20260901080000|房管所\n"},
		{"four", "【流转：水务所→房管所→城管中队→社区管理办，均未接单】", "unaccepted 经水务所、房管所、城管中队、社区管理办 4 个部门流转未接单\n  20260901080000|水务所\n  20260901080000|房管所\n  20260901080000|城管中队\n  20260901080000|社区管理办\n"},
		{"one department in two spellings is one", "【退单：规划建设办】【退单：奉浦街道规划建设办公室】【退单：水务所】", ""},
		{"only counted", "经3个部门流转仍未接单", "unaccepted 经 3 个部门流转未接单\n  20260901080000|count:1\n  20260901080000|count:2\n  20260901080000|count:3\n"},
		{"two of them named", "经水务所、房管所等3个部门流转仍未接单", "unaccepted 经水务所、房管所等 3 个部门流转未接单\n  20260901080000|水务所\n  20260901080000|房管所\n  20260901080000|count:3\n"},
		{"many are not all named in the sentence", "【流转：A部门→B部门→C部门→D部门→E部门→F部门】",
			"unaccepted 经A部门、B部门、C部门、D部门、E部门等 6 个部门流转未接单\n  20260901080000|a部门\n  20260901080000|b部门\n  20260901080000|c部门\n  20260901080000|d部门\n  20260901080000|e部门\n  20260901080000|f部门\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(evaluate(withText(t, c.text))); got != c.want {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestEvidenceOfADepartmentSaysWhereItStands(t *testing.T) {
	tk := withText(t, "【退单：水务所，2026-08-23 10:00，原因：无执法权，联系13800005678】【退单：房管所】", "退单单位", "城管中队")
	got := only(t, evaluate(tk), casework.ByUnaccepted)
	want := []casework.Evidence{
		{Key: "20260901080000|城管中队", TicketID: tk.ID, OrderNo: "20260901080000", From: "column:退单单位", Quote: "城管中队", At: tk.AcceptedAt},
		{Key: "20260901080000|水务所", TicketID: tk.ID, OrderNo: "20260901080000", From: "text", Quote: "【退单：水务所，2026-08-23 10:00，原因：无执法权，联系138****5678】", At: at("2026-08-23 10:00:00")},
		{Key: "20260901080000|房管所", TicketID: tk.ID, OrderNo: "20260901080000", From: "text", Quote: "【退单：房管所】", At: tk.AcceptedAt},
	}
	if d := cmp.Diff(want, got.Evidence); d != "" {
		t.Error(d)
	}
	if !got.At.Equal(now) {
		t.Error(got.At)
	}
}

// The spent evidence of a matter, and what its next ticket then says.
func TestDepartmentsCountOncePerTicket(t *testing.T) {
	const abc, abcd = "【流转：A部门→B部门→C部门】", "【流转：A部门→B部门→C部门→D部门】"
	for _, c := range []struct {
		name          string
		before, after string
		other         bool // the second is another ticket about the matter
		fires         bool
	}{
		{"the same departments again", abc, abc, false, false},
		{"a fourth department", abc, abcd, false, true},
		{"another one instead of the third", abc, "【流转：A部门→B部门→D部门】", false, true},
		{"the same ones, now only counted", abc, "经3个部门流转仍未接单", false, false},
		{"only counted, but more", abc, "经4个部门流转仍未接单", false, true},
		{"counted before, now named", "经3个部门流转仍未接单", abc, false, false},
		{"counted before, now named and one more", "经3个部门流转仍未接单", abcd, false, true},
		{"counted twice the same", "经3个部门流转仍未接单", "经三个部门流转仍未接单", false, false},
		{"another ticket that the same departments left alone", abc, abc, true, true},
		{"another ticket that as many left alone", "经3个部门流转仍未接单", "经3个部门流转仍未接单", true, true},
		{"another ticket that too few left alone", abc, "【流转：D部门→E部门】", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := recognition.Input{Ticket: withText(t, c.before), Policy: policy, Now: now}
			in.Spent = spend(nil, recognition.Evaluate(in))
			if len(in.Spent) == 0 {
				t.Fatal("fired nothing at first")
			}
			in.Ticket = withText(t, c.after)
			if c.other {
				in.Ticket = numbered(t, "20260902080000", c.after)
			}
			got := recognition.Evaluate(in)
			if (len(got) > 0) != c.fires {
				t.Errorf("%s spent %v", show(got), in.Spent)
			}
			in.Spent = spend(in.Spent, got)
			if again := recognition.Evaluate(in); len(again) > 0 {
				t.Errorf("again: %s", show(again))
			}
		})
	}
}

func TestReassignedByColumnOrText(t *testing.T) {
	const two = "【重新交办，关联工单20260822223850】【重新交办，关联工单20260823223850】"
	for _, c := range []struct{ name, column, text, want string }{
		{"twice is too few", "2", "x", ""},
		{"three times by the column", "3", "x", "reassigned 重新交办 3 次（工单列 3 次）\n  20260901080000#1\n  20260901080000#2\n  20260901080000#3\n"},
		{"four times", "4", "x", "reassigned 重新交办 4 次（工单列 4 次）\n  20260901080000#1\n  20260901080000#2\n  20260901080000#3\n  20260901080000#4\n"},
		{"two orders in the text", "", two, ""},
		{"three orders in the text", "", two + "【重新交办，关联工单20260824223850】",
			"reassigned 重新交办 3 次（文中 3 次）\n  20260822223850\n  20260823223850\n  20260824223850\n"},
		{"the column shows more than the text", "4", two, "reassigned 重新交办 4 次（工单列 4 次，文中 2 次）\n  20260822223850\n  20260823223850\n  20260901080000#3\n  20260901080000#4\n"},
		{"the text shows more than the column", "1", "已重新交办三次仍未解决",
			"reassigned 重新交办 3 次（工单列 1 次，文中 3 次）\n  20260901080000#1\n  20260901080000#2\n  20260901080000#3\n"},
		{"a tag that counts and names one", "", "【第3次重新交办，关联工单20260822223850】", "reassigned 重新交办 3 次（文中 3 次）\n  20260822223850\n  20260901080000#2\n  20260901080000#3\n"},
		{"a wish", "", "市民要求重新交办3次", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(evaluate(withText(t, c.text, "重新交办次数", c.column))); got != c.want {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestEvidenceOfAReassignmentSaysWhereItStands(t *testing.T) {
	tk := withText(t, "【重新交办，关联工单20260822223850】", "12345重新交办次数", "3次")
	before := ticket.Ticket{ID: "b", OrderNo: "20260822223850", AcceptedAt: at("2026-08-22 22:38:50"), ReassignedColumn: -1}
	in := recognition.Input{Ticket: tk, Chain: []ticket.Ticket{before}, Policy: policy, Now: now}
	want := []casework.Evidence{
		{Key: "20260822223850", TicketID: "b", OrderNo: "20260822223850", From: "text", Quote: "【重新交办，关联工单20260822223850】", At: before.AcceptedAt},
		{Key: "20260901080000#2", TicketID: tk.ID, OrderNo: tk.OrderNo, From: "column:重新交办次数", Quote: "3次", At: tk.AcceptedAt},
		{Key: "20260901080000#3", TicketID: tk.ID, OrderNo: tk.OrderNo, From: "column:重新交办次数", Quote: "3次", At: tk.AcceptedAt},
	}
	if d := cmp.Diff(want, only(t, recognition.Evaluate(in), casework.ByReassigned).Evidence); d != "" {
		t.Error(d)
	}
	in.Chain = nil // the earlier order is not ours: its number still tells its time
	if e := recognition.Evaluate(in)[0].Evidence[0]; e.TicketID != "" || !e.At.Equal(before.AcceptedAt) {
		t.Errorf("%+v", e)
	}
}

func TestReassignmentsCountOncePerMatter(t *testing.T) {
	const two = "【重新交办，关联工单20260822223850】【重新交办，关联工单20260823223850】"
	for _, c := range []struct {
		name          string
		column, text  string
		column2, next string
		other         bool // the second is another ticket about the matter
		fires         bool
	}{
		{"the same row again", "3", "x", "3", "x", false, false},
		{"a fourth time", "3", "x", "4", "x", false, true},
		{"the column falls back and returns", "4", "x", "3", "x", false, false},
		{"orders named later for what was counted", "3", "x", "3", two, false, false},
		{"orders named later, and one more", "3", "x", "3", two + "【重新交办，关联工单20260824223850】【重新交办，关联工单20260825223850】", false, true},
		{"another ticket reassigned as often by itself", "3", "x", "3", "x", true, true},
		{"another ticket from the same orders", "", two + "【重新交办，关联工单20260824223850】", "", two + "【重新交办，关联工单20260824223850】", true, false},
		{"another ticket from the first", "3", "x", "", two + "【重新交办，关联工单20260901080000】", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := recognition.Input{Ticket: withText(t, c.text, "重新交办次数", c.column), Policy: policy, Now: now}
			in.Spent = spend(nil, recognition.Evaluate(in))
			if len(in.Spent) == 0 {
				t.Fatal("fired nothing at first")
			}
			orderNo := "20260901080000"
			if c.other {
				orderNo = "20260902080000"
			}
			in.Ticket = numbered(t, orderNo, c.next, "重新交办次数", c.column2)
			if got := recognition.Evaluate(in); (len(got) > 0) != c.fires {
				t.Errorf("%s spent %v", show(got), in.Spent)
			}
		})
	}
}

// link is a ticket handed out again from others.
func link(no string, to ...string) ticket.Ticket {
	tk := ticket.Ticket{ID: "id-" + no, OrderNo: no, AcceptedAt: now, ReassignedColumn: -1}
	for _, o := range to {
		tk.Links = append(tk.Links, ticket.Link{Kind: ticket.LinkReassigned, OrderNo: o})
		tk.Reassignments = append(tk.Reassignments, ticket.Reassignment{Count: 1, From: ticket.FromText, OrderNo: o, Quote: "【重新交办，关联工单" + o + "】"})
	}
	return tk
}

func TestReassignedThroughAChain(t *testing.T) {
	counted := link("c")
	counted.ReassignedColumn = 2
	repeat := link("r")
	repeat.Links = []ticket.Link{{Kind: ticket.LinkRepeat, OrderNo: "c"}}
	long := []ticket.Ticket{}
	for i := range 30 {
		long = append(long, link("t"+strconv.Itoa(i+1), "t"+strconv.Itoa(i+2)))
	}
	for _, c := range []struct {
		name  string
		of    ticket.Ticket
		chain []ticket.Ticket
		n     int // 0: does not fire
		keys  string
	}{
		{"two steps are too few", link("c", "b"), []ticket.Ticket{link("b", "a"), link("a")}, 0, ""},
		{"three steps", link("d", "c"), []ticket.Ticket{link("c", "b"), link("b", "a"), link("a")}, 3, "c b a"},
		{"in any order", link("d", "c"), []ticket.Ticket{link("a"), link("b", "a"), link("c", "b")}, 3, "c b a"},
		{"the last one is not ours", link("d", "c"), []ticket.Ticket{link("c", "b"), link("b", "a")}, 3, "c b a"},
		{"a column at its end", link("d", "c"), []ticket.Ticket{counted}, 3, "c c#1 c#2"},
		{"in a circle", link("x", "y"), []ticket.Ticket{link("y", "x"), link("x", "y")}, 0, ""},
		{"a circle of three", link("x", "y"), []ticket.Ticket{link("y", "z"), link("z", "x")}, 3, "y z x"},
		{"of itself", link("s", "s"), []ticket.Ticket{link("s", "s")}, 0, ""},
		{"only a repeat", repeat, []ticket.Ticket{counted}, 0, ""},
		{"a long one", link("t0", "t1"), long, 31, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := recognition.Evaluate(recognition.Input{Ticket: c.of, Chain: c.chain, Policy: policy, Now: now})
			if c.n == 0 {
				if len(got) > 0 {
					t.Error(show(got))
				}
				return
			}
			tr := only(t, got, casework.ByReassigned)
			if want := fmt.Sprintf("重新交办 %d 次（文中 %d 次，连同关联工单共 %d 次）", c.n, len(c.of.Reassignments), c.n); tr.Summary != want {
				t.Errorf("%s, want %s", tr.Summary, want)
			}
			var keys []string
			for _, e := range tr.Evidence {
				keys = append(keys, e.Key)
			}
			if c.keys != "" && strings.Join(keys, " ") != c.keys || len(keys) < c.n {
				t.Errorf("%v, want %s", keys, c.keys)
			}
		})
	}
}

func TestAColumnOutOfItsMindMakesAShortList(t *testing.T) {
	tk := ticket.Ticket{OrderNo: "o", ReassignedColumn: 1000000}
	in := recognition.Input{Ticket: tk, Policy: policy, Now: now}
	got := only(t, recognition.Evaluate(in), casework.ByReassigned)
	if n := len(got.Evidence); n != 50 || got.Evidence[49].Key != "o#1000000" {
		t.Error(n, got.Evidence[n-1])
	}
	in.Spent = spend(nil, []casework.Trigger{got})
	if got := recognition.Evaluate(in); len(got) > 0 {
		t.Error(show(got))
	}
	in.Ticket.ReassignedColumn++
	only(t, recognition.Evaluate(in), casework.ByReassigned)
}

func TestDissatisfied(t *testing.T) {
	for _, c := range []struct{ name, rating, want string }{
		{"dissatisfied", "不满意", "dissatisfied 工单 20260901080000 回访评价为不满意\n  20260901080000不满意@2026-09-01\n"},
		{"in other words", "非常不满意", "dissatisfied 工单 20260901080000 回访评价为不满意\n  20260901080000不满意@2026-09-01\n"},
		{"mostly satisfied", "基本满意", ""},
		{"so so", "一般", ""},
		{"not asked yet", "未回访", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(evaluate(withText(t, "x", "满意度", c.rating))); got != c.want {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
		})
	}
	tk := withText(t, "x", "满意度", "不满意", "不满意原因", "仍有噪声，请打13800005678", "办结时间", "2026-09-05 10:00")
	want := []casework.Evidence{{
		Key: "20260901080000不满意@2026-09-05", TicketID: tk.ID, OrderNo: tk.OrderNo, From: "rating", Quote: "仍有噪声，请打138****5678", At: at("2026-09-05 10:00:00"),
	}}
	got := only(t, evaluate(tk), casework.ByDissatisfied)
	if d := cmp.Diff(want, got.Evidence); d != "" {
		t.Error(d)
	}
	in := recognition.Input{Ticket: tk, Policy: policy, Now: now, Spent: spend(nil, []casework.Trigger{got})}
	if got := recognition.Evaluate(in); len(got) > 0 {
		t.Error("a rating counts once", show(got))
	}
	later := at("2026-09-05 18:00:00")
	in.Ticket.RepliedAt = &later
	if got := recognition.Evaluate(in); len(got) > 0 {
		t.Error("the same rating with another time of day", show(got))
	}
	later = at("2026-09-12 09:00:00")
	again := only(t, recognition.Evaluate(in), casework.ByDissatisfied) // dealt with again, rated again
	in.Spent = spend(in.Spent, []casework.Trigger{again})
	in.Ticket.RepliedAt = nil
	if got := recognition.Evaluate(in); len(got) > 0 {
		t.Error("an old export of the row", show(got))
	}
	in.Ticket.OrderNo = "20260902080000"
	only(t, recognition.Evaluate(in), casework.ByDissatisfied) // another ticket's is another one
}

func TestCross(t *testing.T) {
	for _, c := range []struct{ name, column, text, want, from, quote string }{
		{"nothing", "否", "跨部门的问题", "", "", ""},
		{"the column", "跨部门、跨领域", "x", "cross 工单 20260901080000 标明属于“三跨”：跨部门、跨领域\n  cross_department:20260901080000\n  cross_field:20260901080000\n", "column:三跨", "跨部门、跨领域"},
		{"the column without a kind", "是", "x", "cross 工单 20260901080000 标明属于“三跨”：未写明类型\n  unspecified:20260901080000\n", "column:三跨", "是"},
		{"a tag in the text", "否", "【三跨：跨行业】市民张三来电", "cross 工单 20260901080000 标明属于“三跨”：跨行业\n  cross_industry:20260901080000\n", "text", "【三跨：跨行业】"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := evaluate(withText(t, c.text, "三跨", c.column))
			if s := show(got); s != c.want {
				t.Errorf("%s\nwant\n%s", s, c.want)
			}
			if c.from != "" && (got[0].Evidence[0].From != c.from || got[0].Evidence[0].Quote != c.quote) {
				t.Errorf("%+v", got[0].Evidence)
			}
		})
	}
	marked := ticket.Ticket{ID: "i", Cross: []ticket.Crossing{ticket.CrossField, ticket.CrossField}} // by a form, without a row
	got := only(t, evaluate(marked), casework.ByCross)
	if d := cmp.Diff([]casework.Evidence{{Key: "cross_field:i", TicketID: "i", From: "column:三跨", Quote: "跨领域"}}, got.Evidence); d != "" {
		t.Error(d)
	}
	if got.Summary != "工单标明属于“三跨”：跨领域" || got.Kind.Registers() {
		t.Errorf("%+v", got)
	}
}

func TestLongUnresolved(t *testing.T) {
	open := ticket.Ticket{ID: "i", OrderNo: "20260901080000", AcceptedAt: at("2026-09-01 08:00:00")}
	dateOnly := open
	dateOnly.AcceptedAt = at("2026-09-01 00:00:00")
	closed := open
	done := at("2026-09-02 00:00:00")
	closed.ClosedAt = &done
	off := policy
	off.LongUnresolvedDays = 0
	for _, c := range []struct {
		name    string
		t       ticket.Ticket
		p       casework.Triggers
		now     string
		summary string
	}{
		{"29 days", open, policy, "2026-09-30 08:00:00", ""},
		{"a second short of 30 days", open, policy, "2026-10-01 07:59:59", ""},
		{"30 days", open, policy, "2026-10-01 08:00:00", "9月1日受理，到10月1日已满 30 天未办结（标准：30 天）"},
		{"31 days", open, policy, "2026-10-02 08:00:00", "9月1日受理，到10月2日已满 31 天未办结（标准：30 天）"},
		{"next year", open, policy, "2027-09-01 08:00:00", "2026年9月1日受理，到9月1日已满 365 天未办结（标准：30 天）"},
		{"a date without a time", dateOnly, policy, "2026-10-01 00:00:00", "9月1日受理，到10月1日已满 30 天未办结（标准：30 天）"},
		{"closed", closed, policy, "2026-12-01 08:00:00", ""},
		{"from the future", open, policy, "2026-08-01 08:00:00", ""},
		{"no date", ticket.Ticket{OrderNo: "1"}, policy, "2026-08-01 08:00:00", ""},
		{"switched off", open, off, "2027-09-01 08:00:00", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, fires := recognition.LongUnresolved(c.t, c.p, at(c.now))
			if fires != (c.summary != "") || got.Summary != c.summary {
				t.Errorf("%v %+v", fires, got)
			}
			// Whatever a sweep finds by the same instant must fire, else it would be forgotten.
			found := c.t.Open() && c.p.LongUnresolvedDays > 0 && !c.t.AcceptedAt.IsZero() && !c.t.AcceptedAt.After(at(c.now).AddDate(0, 0, -c.p.LongUnresolvedDays))
			if found != fires {
				t.Error("a sweep disagrees")
			}
			if fires {
				if i := recognition.Items(got); len(i) != 1 || i[0] != "long_unresolved:20260901080000" || got.Kind.Registers() {
					t.Error(i)
				}
			}
		})
	}
}

func TestRegisteringTriggersComeFirstThenTheTablesOrder(t *testing.T) {
	in := recognition.Input{
		Ticket: withText(t, "经3个部门流转仍未接单", "重新交办次数", "3", "满意度", "不满意", "三跨", "是"),
		Same:   calls("2026-09-03", 10), Policy: policy, Now: now,
	}
	got := recognition.Evaluate(in)
	if k := kinds(got); k != "unaccepted reassigned dissatisfied burst hot_topic cross" {
		t.Error(k)
	}
	if recognition.SuggestedTier(got) != casework.TierII || recognition.SuggestedTier(got[1:]) != "" || recognition.SuggestedTier(nil) != "" {
		t.Error("only unaccepted suggests tier II")
	}
	for _, c := range []struct {
		name string
		off  func(*casework.Triggers)
		want string
	}{
		{"unaccepted", func(p *casework.Triggers) { p.Unaccepted = 0 }, "reassigned dissatisfied burst hot_topic cross"},
		{"reassigned", func(p *casework.Triggers) { p.Reassigned = 0 }, "unaccepted dissatisfied burst hot_topic cross"},
		{"dissatisfied", func(p *casework.Triggers) { p.Dissatisfied = false }, "unaccepted reassigned burst hot_topic cross"},
		{"burst", func(p *casework.Triggers) { p.BurstTickets = 0 }, "unaccepted reassigned dissatisfied hot_topic cross"},
		{"hot topic by its number", func(p *casework.Triggers) { p.HotTickets = 0 }, "unaccepted reassigned dissatisfied burst cross"},
		{"hot topic by its days", func(p *casework.Triggers) { p.HotDays = 0 }, "unaccepted reassigned dissatisfied burst cross"},
		{"cross", func(p *casework.Triggers) { p.Cross = false }, "unaccepted reassigned dissatisfied burst hot_topic"},
		{"everything", func(p *casework.Triggers) { *p = casework.Triggers{} }, ""},
	} {
		t.Run(c.name+" switched off", func(t *testing.T) {
			off := in
			c.off(&off.Policy)
			if k := kinds(recognition.Evaluate(off)); k != c.want {
				t.Errorf("%s, want %s", k, c.want)
			}
		})
	}
}

func TestItemsFitTheirColumn(t *testing.T) {
	long := strings.Repeat("规划建设和生态环境办公室", 30)
	tr := casework.Trigger{Kind: casework.ByUnaccepted, Evidence: []casework.Evidence{{Key: "水务所"}, {Key: long}, {Key: long + "二"}, {Key: "水务所"}, {Key: strings.Repeat("所", 149)}}}
	got := recognition.Items(tr)
	if len(got) != 4 || got[0] != "unaccepted:水务所" || got[1] == got[2] || got[3] != "unaccepted:"+strings.Repeat("所", 149) {
		t.Error(got)
	}
	for _, i := range got {
		if n := len([]rune(i)); n > 160 {
			t.Error(n, i)
		}
	}
	if got := recognition.Items(casework.Trigger{}); len(got) > 0 {
		t.Error(got)
	}
}

func TestAQuoteHidesANumberThatItCutsThrough(t *testing.T) {
	for _, text := range []string{strings.Repeat("吵", 50) + "13800005678请回电", strings.Repeat("吵", 52) + "138 0000 5678", strings.Repeat("吵", 45) + "310101199001011237"} {
		tk := ticket.Ticket{OrderNo: "o", Satisfaction: ticket.Dissatisfied, Feedback: text}
		q := only(t, evaluate(tk), casework.ByDissatisfied).Evidence[0].Quote
		if n := len([]rune(q)); n > 64 || strings.Contains(q, "13800") || strings.Contains(q, "3800005") || strings.Contains(q, "0000 ") {
			t.Error(n, q)
		}
		// Package ticket cuts its quotes by itself, before anything is masked.
		hop := ticket.Hop{Department: "水务所", Count: 1, From: ticket.FromText, Quote: string([]rune(text)[:60])}
		p := policy
		p.Unaccepted = 1
		got := recognition.Evaluate(recognition.Input{Ticket: ticket.Ticket{OrderNo: "o", Hops: []ticket.Hop{hop}}, Policy: p, Now: now})
		if q := got[0].Evidence[0].Quote; strings.Contains(q, "13800") || strings.Contains(q, "0000 ") || strings.Contains(q, "3101011990") {
			t.Error(q)
		}
	}
}
