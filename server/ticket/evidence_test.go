package ticket

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReassignmentsInTheText(t *testing.T) {
	for _, c := range []struct {
		name, text string
		n          int
		quotes     string // joined by |
	}{
		{"nothing", "市民来电反映路灯不亮", 0, ""},
		{"a tag with its ticket", "【重新交办，关联工单20260822223850】仍未解决", 1, "【重新交办，关联工单20260822223850】"},
		{"half-width brackets", "[重新交办,关联工单:20260822223850]仍未解决", 1, "[重新交办,关联工单:20260822223850]"},
		{"round brackets, full width", "（重新交办，关联工单２０２６０８２２２２３８５０）仍未解决", 1, "（重新交办，关联工单２０２６０８２２２２３８５０）"},
		{"the same tag twice", "【重新交办，关联工单20260822223850】甲【重新交办，关联工单20260822223850】", 1, "【重新交办，关联工单20260822223850】"},
		{"two tickets before", "【重新交办，关联工单20260822223850】【重新交办，关联工单20260823223850】", 2, "【重新交办，关联工单20260822223850】|【重新交办，关联工单20260823223850】"},
		{"two tickets in one tag", "【重新交办，关联工单20260822223850、20260823223850】", 2, "【重新交办，关联工单20260822223850、20260823223850】|【重新交办，关联工单20260822223850、20260823223850】"},
		{"a tag without a ticket", "【重新交办】仍未解决", 1, "【重新交办】"},
		{"a tag that counts", "【第3次重新交办，关联工单20260822223850】", 3, "【第3次重新交办，关联工单20260822223850】"},
		{"a count in words", "该件已重新交办三次仍未解决", 3, "已重新交办三次"},
		{"a count before", "经两次重新交办，部门仍未处理", 2, "经两次重新交办"},
		{"a chain the text quotes", "【重新交办，关联工单20260823223850】【最近派发的工单编号：20260823223850，工单内容：【重新交办，关联工单20260822223850】路灯不亮】", 2,
			"【重新交办，关联工单20260823223850】|【重新交办，关联工单20260822223850】"},
		{"what another ticket says is its own", "【最近办结的工单编号:20260823223850，工单内容：【重新交办，关联工单20260822223850】路灯不亮】又坏了", 0, ""},
		{"a count without more words", "该件重新交办3次仍未解决", 3, "重新交办3次"},
		{"a count as a line of a form", "重新交办次数：3次；市民仍不认可", 3, "重新交办次数：3次"},
		{"a count as a line of a form, without its unit", "重新交办次数 3", 3, "重新交办次数 3"},
		{"a count with blanks", "已重新交办 3 次", 3, "已重新交办 3 次"},
		{"none, as a line of a form", "重新交办次数：0次", 0, ""},
		{"a count after another sentence", "市民要求解决。重新交办3次了", 3, "重新交办3次"},
		{"a wish that counts", "市民要求重新交办3次", 0, ""},
		{"a condition that counts", "如重新交办3次仍不解决将上访", 0, ""},
		{"a wish is no fact", "市民要求重新交办", 0, ""},
		{"a wish in brackets", "【市民要求重新交办】", 0, ""},
		{"a tag that says why", "【不满意件重新交办，关联工单20260822223850】【市民来电，未解决重新交办，关联工单20260823223850】", 2,
			"【不满意件重新交办，关联工单20260822223850】|【市民来电，未解决重新交办，关联工单20260823223850】"},
		{"a tag that says no", "【未重新交办】【不再重新交办】", 0, ""},
		{"an ID number is no ticket", "【重新交办，身份证310101199001011237】", 1, "【重新交办，身份证310101199001011237】"},
		{"a cut tag", "仍未解决【重新交办，关联工单20260822223850", 1, "【重新交办，关联工单20260822223850"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, evidence := Reassigned(Ticket{ReassignedColumn: -1, Reassignments: ReadTags(c.text).Reassignments})
			var quotes []string
			for _, e := range evidence {
				quotes = append(quotes, e.Quote)
				if e.From != FromText || !strings.Contains(c.text, e.Quote) || e.Count < 1 {
					t.Errorf("%+v", e)
				}
			}
			if got := strings.Join(quotes, "|"); n != c.n || got != c.quotes {
				t.Errorf("%d %s, want %d %s", n, got, c.n, c.quotes)
			}
		})
	}
}

func TestColumnAndTextWhicheverShowsMore(t *testing.T) {
	row := func(column, text string) Ticket {
		got, _ := parse(t, "工单编号", "20260901000000", "内容", text, "重新交办次数", column, "主办单位", "水务所")
		return got
	}
	tag := "【重新交办，关联工单20260822223850】【重新交办，关联工单20260823223850】"
	for _, c := range []struct {
		column, text string
		n, evidence  int
	}{{"3", "x", 3, 1}, {"1", tag, 2, 3}, {"", tag, 2, 2}, {"0", "x", 0, 0}, {"5", tag, 5, 3}} {
		n, ev := Reassigned(row(c.column, c.text))
		if n != c.n || len(ev) != c.evidence {
			t.Errorf("%+v: %d %v", c, n, ev)
		}
		if c.column == "3" && ev[0] != (Reassignment{Count: 3, From: "column:重新交办次数", Quote: "3", Department: "水务所"}) {
			t.Errorf("%+v", ev[0])
		}
	}
}

func TestTheTicketBeforeCanStandInAColumn(t *testing.T) {
	got, _ := parse(t, "工单编号", "20260901000000", "内容", "【重新交办】路灯仍不亮", "关联工单", "20260822223850")
	want := []Reassignment{{Count: 1, From: FromText, Quote: "【重新交办】", OrderNo: "20260822223850", At: moments(2026, 8, 22, 22, 38, 50)}}
	if d := cmp.Diff(want, got.Reassignments); d != "" {
		t.Error(d)
	}
	if len(got.Links) != 1 || got.Links[0].Kind != LinkReassigned {
		t.Error(got.Links)
	}
}

func TestLinks(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"last dispatched", "【最近派发的工单编号：20260822223850，工单内容：路灯不亮，工单20260811223850】", "dispatched 20260822223850"},
		{"last closed", "【最近办结的工单编号:20260822223850】", "closed 20260822223850"},
		{"in running text", "市民称工单号为20260822223850未解决，工单编号：1234520260823223850", "mention 20260822223850 mention 20260823223850"},
		{"a number that is no ticket's", "电话20260822223850，工单号99999999999999", ""},
		{"an ID number after the word", "工单号310101199001011237、31010120260822223X", ""},
		{"a tag and a mention of one ticket", "【重新交办，关联工单20260822223850】工单20260822223850", "reassigned 20260822223850"},
		{"a repeated call with its ticket", "【重复来电，关联工单20260822223850】", "repeat 20260822223850"},
		{"only related", "【关联工单：20260822223850】", "related 20260822223850"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, l := range ReadTags(c.text).Links {
				got = append(got, string(l.Kind)+" "+l.OrderNo)
				if l.From != FromText || !strings.Contains(c.text, l.Quote) {
					t.Errorf("%+v", l)
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
		})
	}
}

func TestMarks(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"repeated call", "市民重复来电反映", "repeat_call 1"},
		{"urged, as a tag", "【催单】尽快处理", "urge 1"},
		{"the third call in words", "这是第三次反映", "nth_call 3"},
		{"the twelfth call", "市民第12次来电", "nth_call 12"},
		{"the first is none", "市民第一次来电", ""},
		{"inside a quotation", "【最近办结的工单编号:20260822223850，工单内容：重复来电】", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, m := range ReadTags(c.text).Marks {
				got = append(got, string(m.Kind)+" "+string(rune('0'+m.Count/10))+string(rune('0'+m.Count%10)))
			}
			if s := strings.ReplaceAll(strings.Join(got, "|"), " 0", " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
		})
	}
}

func TestDepartmentsThatDidNotAccept(t *testing.T) {
	for _, c := range []struct {
		name, text, now string
		n               int
		departments     string
	}{
		{"returned", "【退单：规划建设办，原因：非我部门职责】", "", 1, "规划建设办"},
		{"returned, said the other way round", "【规划建设和生态环境办公室退单，原因：不属于本部门】", "", 1, "规划建设和生态环境办公室"},
		{"returned, several tags", "【退单：规划建设办，原因：非我部门职责】【退单：水务所，2026-08-23 10:00，原因：无执法权】【退单：房管所】", "", 3, "规划建设办 水务所 房管所"},
		{"one department twice, in two spellings", "【退单：规划建设办】【退单：某某街道规划建设办公室】", "", 1, "规划建设办"},
		{"returned by a list", "【退单单位：水务所、房管所】", "", 2, "水务所 房管所"},
		{"a flow, nobody has it", "【流转：A部门→B部门→C部门】", "", 3, "A部门 B部门 C部门"},
		{"a flow whose last stop has it now", "【流转：水务所→房管所→综合行政执法队】", "综合行政执法队", 2, "水务所 房管所"},
		{"a flow whose last stop has it and did not accept", "【流转：水务所→房管所→综合行政执法队，均未接单】", "综合行政执法队", 3, "水务所 房管所 综合行政执法队"},
		{"other arrows", "【流转记录：水务所-->房管所->城管中队>社区管理办】", "", 4, "水务所 房管所 城管中队 社区管理办"},
		{"in words", "该件经水务所、房管所、综合行政执法队流转未接单", "", 3, "水务所 房管所 综合行政执法队"},
		{"in other words", "先后派至规划建设和生态环境办公室、绿化市容管理所及水务所，均退单", "", 3, "规划建设和生态环境办公室 绿化市容管理所 水务所"},
		{"with a count", "经水务所、房管所等3个部门流转仍未接单", "", 3, "水务所 房管所"},
		{"only a count", "经三个部门流转仍未接单", "", 3, ""},
		{"only a count, with blanks", "经 3 个部门流转，仍无人接单", "", 3, ""},
		{"only a count, after another sentence", "市民希望尽快解决；经三个部门流转仍未接单", "", 3, ""},
		{"only a count, moved on", "该件流转3个部门未接单", "", 3, ""},
		{"only a count, and all of them", "3个部门均未接单", "", 3, ""},
		{"only a count, talked over", "经三个部门协调，仍无人接单", "", 3, ""},
		{"a count that is a condition", "如果3个部门均未接单，请街道协调", "", 0, ""},
		{"some accepted, then one did not", "经市场所、城管中队、房管所协调处理后已接单，后规划办未接单", "", 0, ""},
		{"some handled it, then two did not", "经市场所、城管中队处理后，房管所、规划办均未接单", "", 2, "房管所 规划办"},
		{"a second list after a first", "经市场所沟通，后经规划办、水务所流转未接单", "", 2, "规划办 水务所"},
		{"talked over, none accepted", "经市场所、城管中队、房管所协调，均未接单", "", 3, "市场所 城管中队 房管所"},
		{"an order not taken back", "经市场所、居委会沟通，商家仍未退单", "", 0, ""},
		{"an order not taken back, talked over by departments", "经市场所、居委会多次协调未退单", "", 0, ""},
		{"a deposit not given back", "经三部门协调未退单押金", "", 0, ""},
		{"a deposit given back", "经三个部门流转退单押金", "", 0, ""},
		{"goods returned", "【商家退回货款】经物业公司、装修公司协商未退回押金", "", 0, ""},
		{"inside a quotation", "【最近派发的工单编号：20260822223850，工单内容：【退单：水务所】】", "", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, departments, evidence := Unaccepted(Ticket{Hops: readTags(c.text, c.now).Hops})
			if s := strings.Join(departments, " "); n != c.n || s != c.departments {
				t.Errorf("%d %s, want %d %s", n, s, c.n, c.departments)
			}
			for _, h := range evidence {
				if h.From != FromText || h.Quote == "" || !strings.Contains(c.text, h.Quote) {
					t.Errorf("%+v", h)
				}
			}
		})
	}
	hops := ReadTags("【退单：水务所，2026-08-23 10:00，原因：无执法权】").Hops
	if len(hops) != 1 || hops[0].Reason != "无执法权" || !hops[0].At.Equal(*moments(2026, 8, 23, 10, 0, 0)) {
		t.Errorf("%+v", hops)
	}
}

func TestDepartmentsInColumns(t *testing.T) {
	for _, c := range []struct {
		name, history, returned, by, now string
		n                                int
		passed                           string
	}{
		{"history and count", "水务所→房管所→综合行政执法队→城市运行管理中心", "3", "", "城市运行管理中心", 3, "水务所 房管所 综合行政执法队"},
		{"history, fewer returned", "水务所、房管所、综合行政执法队", "1", "", "综合行政执法队", 1, "水务所 房管所"},
		{"history, none returned", "水务所→综合行政执法队", "0", "", "综合行政执法队", 0, "水务所"},
		{"history that says who", "水务所（退单）→房管所→平安建设办公室（未接单）→综合行政执法队", "", "", "综合行政执法队", 2, "水务所 房管所 平安建设办公室"},
		{"count alone names nobody", "", "3", "", "综合行政执法队", 0, ""},
		{"returned by", "", "2", "水务所；房管所", "综合行政执法队", 2, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := parse(t, "工单编号", "20260822223850", "内容", "x", "流转单位", c.history, "退单次数", c.returned, "退单单位", c.by, "主办单位", c.now)
			n, _, evidence := Unaccepted(got)
			if s := strings.Join(got.Departments, " "); n != c.n || s != c.passed {
				t.Errorf("%d %s, want %d %s", n, s, c.n, c.passed)
			}
			for _, h := range evidence {
				if !strings.HasPrefix(h.From, "column:") || h.Quote == "" {
					t.Errorf("%+v", h)
				}
			}
		})
	}
}

func TestChainsOverTickets(t *testing.T) {
	link := func(no string, to ...string) Ticket {
		tk := Ticket{OrderNo: no, ReassignedColumn: -1}
		for _, o := range to {
			tk.Links = append(tk.Links, Link{Kind: LinkReassigned, OrderNo: o})
			tk.Reassignments = append(tk.Reassignments, Reassignment{Count: 1, From: FromText, OrderNo: o, Quote: no})
		}
		return tk
	}
	counted := link("c")
	counted.ReassignedColumn = 2
	tickets := map[string]Ticket{
		"a": link("a"), "b": link("b", "a"), "d": link("d", "b"), "e": link("e", "d", "a"), "c": counted, "f": link("f", "c"),
		"x": link("x", "y"), "y": link("y", "x"), "self": link("self", "self"), "gone": link("gone", "nowhere"),
	}
	find := func(no string) (Ticket, bool) { tk, ok := tickets[no]; return tk, ok }
	for no, want := range map[string]int{"a": 0, "b": 1, "d": 2, "e": 3, "c": 2, "f": 3, "x": 2, "self": 1, "gone": 1} {
		n, evidence := ChainLength(tickets[no], find, 10)
		if n != want {
			t.Errorf("%s: %d, want %d", no, n, want)
		}
		if no == "d" && (len(evidence) != 2 || evidence[0].OrderNo != "b" || evidence[1].OrderNo != "a") {
			t.Errorf("%+v", evidence)
		}
	}
	long := map[string]Ticket{}
	name := func(i int) string { return "t" + string(rune('A'+i)) }
	for i := range 30 {
		long[name(i)] = link(name(i), name(i+1))
	}
	n, _ := ChainLength(long[name(0)], func(no string) (Ticket, bool) { tk, ok := long[no]; return tk, ok }, 10)
	if n != 11 { // ten steps, and what the eleventh ticket says of itself
		t.Error(n)
	}
	relatedOnly := Ticket{OrderNo: "r", ReassignedColumn: -1, Links: []Link{{Kind: LinkClosed, OrderNo: "d"}}}
	if n, _ := ChainLength(relatedOnly, find, 10); n != 0 {
		t.Error("a repeated call is no re-assignment", n)
	}
}

func TestNumbersInWords(t *testing.T) {
	for in, want := range map[string]int{"3": 3, "三": 3, "十": 10, "十二": 12, "二十": 20, "二十三": 23, "两": 2, "九": 9, "": 0, "几": 0, "三三": 0, "十十": 0} {
		if got := number(in); got != want {
			t.Errorf("%q: %d", in, got)
		}
	}
}

func TestCrossingsInTheText(t *testing.T) {
	if got := ReadTags("【三跨：跨部门、跨领域】路面塌陷").Cross; !cmp.Equal(got, []Crossing{CrossDepartment, CrossField}) {
		t.Error(got)
	}
	if got := ReadTags("【三跨件】路面塌陷").Cross; !cmp.Equal(got, []Crossing{CrossUnspecified}) {
		t.Error(got)
	}
}

func TestAHostileTextIsReadInTime(t *testing.T) {
	for name, text := range map[string]string{
		"open brackets":   strings.Repeat("【", 20000),
		"open tags":       strings.Repeat("【退单：", 5000),
		"nested tags":     strings.Repeat("【重新交办，关联工单20260822223850，工单内容：", 600) + strings.Repeat("】", 600),
		"nested quotes":   strings.Repeat("【最近派发的工单编号：20260822223850，工单内容：", 600) + strings.Repeat("】", 600),
		"many numbers":    strings.Repeat("工单20260822223850", 2500),
		"many arrows":     "【流转：" + strings.Repeat("水务所→", 6000) + "】",
		"formula opening": strings.Repeat("经水务所、", 6000) + "未接单",
		"round brackets":  strings.Repeat("(", 60000),
		"mixed":           strings.Repeat("【(重新交办[", 3000) + strings.Repeat("])】", 3000),
	} {
		start := time.Now()
		ReadTags(text)
		Clean(text)
		MaskText(text)
		if d := time.Since(start); d > 15*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}
