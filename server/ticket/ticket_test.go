package ticket

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
)

var now = time.Date(2026, 10, 26, 10, 0, 0, 0, Shanghai)

func moments(y int, m time.Month, d, h, minute, s int) *time.Time {
	t := time.Date(y, m, d, h, minute, s, 0, Shanghai)
	return &t
}

// parse makes a ticket from header → cell pairs.
func parse(t *testing.T, pairs ...string) (Ticket, []Problem) {
	t.Helper()
	var header, cells []string
	for i := 0; i < len(pairs); i += 2 {
		header, cells = append(header, pairs[i]), append(cells, pairs[i+1])
	}
	m, _ := MapHeader(header)
	return ParseRow(m, cells, Options{Source: Hotline, Now: now})
}

func TestARowOfAnExportBecomesATicket(t *testing.T) {
	got, problems := parse(t,
		"12345工单编号", "20260822223850", "12345受理时间", "46256.943634259", "12345工单来源", "电话", "12345工单类型", "投诉举报类",
		"诉求标题", "夜间施工", "12345内容描述", "市民反映：东侧工地半夜打桩。\r\n望处理。", "12345诉求地址", "禾苑路１２号", "小区名称", "望舒里", "物业公司", "某某物业",
		"诉求人", "张女士", "联系电话", "1.3800001234E+10", "一级分类", "城乡建设", "五级业务分类", "打桩",
		"主办单位", "综合行政执法队", "流转单位", "水务所→房管所→综合行政执法队", "退单次数", "1", "重新交办次数", "2次",
		"办理时限", "2026-08-29", "办结时间", "2026年8月28日 下午3时05分", "先行联系", "是", "解决情况", "实际解决", "综合\n满意度", "基本满意",
		"答复市民要点", "已责令停工。", "重复工单号", "20260820101112", "备注", "　甲　乙　",
	)
	if len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	want := Ticket{
		Source: Hotline, Channel: "电话", OrderNo: "20260822223850", Title: "夜间施工", Content: "市民反映：东侧工地半夜打桩。\n望处理。",
		Kind: "投诉举报类", Category: [5]string{0: "城乡建设", 4: "打桩"}, Address: "禾苑路１２号", Community: "望舒里", PropertyCompany: "某某物业",
		Requester:  Requester{Kind: Person, Name: "张女士", Phone: "13800001234"},
		AcceptedAt: *moments(2026, 8, 22, 22, 38, 50), AcceptedHasTime: true,
		DueAt: moments(2026, 8, 29, 23, 59, 59), ClosedAt: moments(2026, 8, 28, 15, 5, 0),
		Department: "综合行政执法队", Departments: []string{"水务所", "房管所"}, ReassignedColumn: 2, ReturnedColumn: 1,
		Satisfaction: Mostly, FirstContact: Contacted, Outcome: Solved, Reply: "已责令停工。",
		RepeatOf: "20260820101112", Repeat: true,
		Links: []Link{{Kind: LinkRepeat, OrderNo: "20260820101112", From: "column:重复工单号", Quote: "20260820101112"}},
		Hops:  []Hop{{Department: "水务所", Count: 1, From: "column:退单次数", Quote: "水务所→房管所→综合行政执法队"}},
	}
	if len(got.Raw) != 25 || got.Raw[24] != (Cell{Header: "备注", Text: "甲　乙"}) {
		t.Errorf("raw: %d %v", len(got.Raw), got.Raw[len(got.Raw)-1])
	}
	if len(got.Fingerprint) != 32 {
		t.Errorf("fingerprint %q", got.Fingerprint)
	}
	got.Raw, got.Fingerprint = nil, ""
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	b, err := json.Marshal(got)
	if err != nil || !strings.Contains(string(b), `"accepted_has_time":true`) {
		t.Errorf("%s %v", b, err)
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"slashes, one-digit hour", "2026/9/1 8:05", "2026-09-01 08:05:00"},
		{"Chinese date", "2026年10月5日 09:30", "2026-10-05 09:30:00"},
		{"Chinese date and clock run together", "2026年9月1日8时5分", "2026-09-01 08:05:00"},
		{"Chinese clock with seconds", "2026年9月1日 8时5分9秒", "2026-09-01 08:05:09"},
		{"only an hour", "2026年9月1日 8时", "2026-09-01 08:00:00"},
		{"half past", "2026年9月1日 上午8点半", "2026-09-01 08:30:00"},
		{"on the hour", "2026年9月1日 下午3点整", "2026-09-01 15:00:00"},
		{"morning", "2026-09-01 上午 8:05", "2026-09-01 08:05:00"},
		{"afternoon", "2026/9/1 下午 3:05:09", "2026-09-01 15:05:09"},
		{"afternoon beside a 24-hour clock", "2026/9/1 下午 15:05", "2026-09-01 15:05:00"},
		{"noon", "2026/9/1 中午12:30", "2026-09-01 12:30:00"},
		{"one at noon", "2026/9/1 中午1:30", "2026-09-01 13:30:00"},
		{"twelve in the morning", "2026/9/1 凌晨12:30", "2026-09-01 00:30:00"},
		{"PM after", "2026-09-01 3:05 PM", "2026-09-01 15:05:00"},
		{"AM after", "2026-09-01 12:05 AM", "2026-09-01 00:05:00"},
		{"the hotline's number", "20260822223850", "2026-08-22 22:38:50"},
		{"digits to the minute", "202608222238", "2026-08-22 22:38:00"},
		{"digits to the millisecond", "20260822223850123", "2026-08-22 22:38:50"},
		{"ISO", "2026-09-01T08:05:06", "2026-09-01 08:05:06"},
		{"ISO in UTC", "2026-09-01T00:05:06Z", "2026-09-01 08:05:06"},
		{"ISO with zone and fraction", "2026-09-01T09:05:06.123+09:00", "2026-09-01 08:05:06"},
		{"zone without colon", "2026-09-01 08:05:06 +0800", "2026-09-01 08:05:06"},
		{"a database's fraction", "2026-09-01 08:05:06.0", "2026-09-01 08:05:06"},
		{"dots", "2026.9.1 8:05", "2026-09-01 08:05:00"},
		{"weekday between", "2026年9月1日 星期二 8:05", "2026-09-01 08:05:00"},
		{"weekday in brackets", "2026-09-01（周二）08:05", "2026-09-01 08:05:00"},
		{"a Java date", "Tue Sep 01 08:05:00 CST 2026", "2026-09-01 08:05:00"},
		{"full width", "２０２６－０９－０１　０８：０５", "2026-09-01 08:05:00"},
		{"end of day as 24:00", "2026-09-01 24:00", "2026-09-02 00:00:00"},
		{"two lines", "2026-09-01\n08:05", "2026-09-01 08:05:00"},
		{"serial", "46321.43571759259", "2026-10-26 10:27:26"},
		{"serial that rounds up to midnight", "46321.999999999", "2026-10-27"},
		{"serial without time", "46321", "2026-10-26"},
		{"serial in scientific notation", "4.6321E+4", "2026-10-26"},
		{"date only", "2026-09-01", "2026-09-01"},
		{"date only, Chinese", "2026年9月1日", "2026-09-01"},
		{"date only, digits", "20260901", "2026-09-01"},
		{"date and half only", "2026-09-01 上午", "2026-09-01"},
		{"leap day", "2028-02-29", "2028-02-29"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, hasTime, err := ParseTime(c.text, false)
			layout := time.DateTime
			if len(c.want) == 10 {
				layout = time.DateOnly
			}
			if err != nil || at.Format(layout) != c.want || hasTime != (len(c.want) > 10) {
				t.Errorf("%q: %v %v %v, want %s", c.text, at, hasTime, err, c.want)
			}
			if err == nil && at.Location() != Shanghai {
				t.Errorf("zone %v", at.Location())
			}
		})
	}
}

func TestADateSystemOf1904IsFourYearsLater(t *testing.T) {
	at, _, err := ParseTime("44859.5", true)
	if err != nil || at.Format(time.DateTime) != "2026-10-26 12:00:00" {
		t.Error(at, err)
	}
}

func TestWhatIsNoTimeIsRefused(t *testing.T) {
	for _, s := range []string{
		"", "无", "5个工作日", "2026-02-30", "2026-13-01", "2026-09-01 25:00", "2026-09-01 8:61", "2026-09-01 上午15:00", "2026-09-01 晚上12:30",
		"2026-9", "9/1/2026", "26-9-1", "1", "12345", "99999999", "0x1p20", "1_000", "NaN", "Inf", "2026-09-01 8:05 明天", "2026-09-01T", "20260230", "20260901250000",
		strings.Repeat("2", 100),
	} {
		at, _, err := ParseTime(s, false)
		if apperr.ReasonOf(err) != "ticket.time" || !at.IsZero() {
			t.Errorf("%q: %v %v", s, at, err)
		}
	}
}

func TestProblemsOfARow(t *testing.T) {
	row := func(change ...string) []string {
		pairs := []string{"工单编号", "20260822223850", "受理时间", "2026-08-22 22:38:50", "内容描述", "路灯不亮"}
		for i := 0; i < len(change); i += 2 {
			found := false
			for k := 0; k < len(pairs); k += 2 {
				if pairs[k] == change[i] {
					pairs[k+1], found = change[i+1], true
				}
			}
			if !found {
				pairs = append(pairs, change[i], change[i+1])
			}
		}
		return pairs
	}
	for _, c := range []struct {
		name  string
		row   []string
		field Field
		say   string
		fatal bool
	}{
		{"no order number", row("工单编号", " "), FieldOrderNo, "缺少工单编号", true},
		{"order number cut by a spreadsheet", row("工单编号", "2.02608E+13"), FieldOrderNo, "科学计数法", true},
		{"no content and no title", row("内容描述", ""), FieldContent, "都是空的", true},
		{"content too long", row("内容描述", strings.Repeat("长", 60001)), FieldContent, "超过上限", true},
		{"accepted in the future", row("受理时间", "2026-10-27 10:00:01"), FieldAcceptedAt, "在未来", true},
		{"accepted before 2000", row("受理时间", "1999-12-31 23:59"), FieldAcceptedAt, "早于 2000 年", true},
		{"no time and none in the number", row("受理时间", "", "工单编号", "A1"), FieldAcceptedAt, "受理时间为空", true},
		{"unreadable time, the number knows", row("受理时间", "昨天"), FieldAcceptedAt, "已改用工单编号里的时间", false},
		{"unreadable time", row("受理时间", "昨天", "工单编号", "A1"), FieldAcceptedAt, "认不出来", true},
		{"closed in the future", row("办结时间", "2027-01-01"), FieldClosedAt, "在未来", false},
		{"closed before accepted", row("办结时间", "2026-08-21"), FieldClosedAt, "早于受理时间", false},
		{"a duration as limit", row("办理时限", "5个工作日"), FieldDueAt, "是时长", false},
		{"phone cut by a spreadsheet", row("联系电话", "1.38E+10"), FieldPhone, "科学计数法", false},
		{"phone that is none", row("联系电话", "见附件"), FieldPhone, "不像电话号码", false},
		{"phone of nine digits", row("联系电话", "138777788"), FieldPhone, "不像电话号码", false},
		{"phone of seven digits that is no landline", row("联系电话", "1370000"), FieldPhone, "不像电话号码", false},
		{"mobile with a digit too many", row("联系电话", "138000012345"), FieldPhone, "不像电话号码", false},
		{"ID number cut by a spreadsheet", row("身份证号", "310101199001010000"), FieldIDNumber, "末三位已丢失", false},
		{"ID number in scientific notation", row("身份证号", "3.10101199001011E+17"), FieldIDNumber, "末三位已丢失", false},
		{"ID number mistyped", row("身份证号", "310101199001011237"), FieldIDNumber, "校验位", false},
		{"unknown satisfaction", row("满意度", "还行"), FieldSatisfaction, "已按未评价处理", false},
		{"unknown contact", row("先行联系", "也许"), FieldFirstContact, "已按未评价处理", false},
		{"count that is none", row("退单次数", "很多"), FieldReturned, "不是次数", false},
		{"formula", row("诉求地址", "=A1&B1"), FieldAddress, "是公式", false},
		{"failed formula", row("诉求地址", "#N/A"), FieldAddress, "出错的公式", false},
		{"column too narrow", row("办结时间", "########"), FieldClosedAt, "列宽不足", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := parse(t, c.row...)
			if len(problems) != 1 || problems[0].Field != c.field || problems[0].Fatal != c.fatal || !strings.Contains(problems[0].Message, c.say) {
				t.Errorf("%+v", problems)
			}
		})
	}
}

func TestNumbersThatCanBeCalledRaiseNoDoubt(t *testing.T) {
	for _, phone := range []string{"13800001234", "+86 138-0000-1234", "57191234", "021-57191234", "(021)57191234转801", "57191234-801", "0571-8765432", "12345", "95588", "962121", "400-820-8820", "4008208820", "+1 415 555 0123", "0085223456789"} {
		if _, problems := parse(t, "工单编号", "20260822223850", "内容描述", "路灯不亮", "联系电话", phone); len(problems) > 0 {
			t.Errorf("%s: %+v", phone, problems)
		}
	}
}

// A shifted column puts names and addresses where an answer belongs; problems are kept in the clear.
func TestProblemsQuoteMistypedAnswersAlone(t *testing.T) {
	for _, text := range []string{"欧阳佳慧", "望舒路100弄12号302室", "3个工作日联系欧阳佳慧", "已联系欧阳佳慧，望舒路", "12次欧阳佳慧"} {
		for _, header := range []string{"受理时间", "办理时限", "退单次数", "满意度", "先行联系"} {
			_, problems := parse(t, "工单编号", "20260822223850", "内容描述", "路灯不亮", header, text)
			if len(problems) != 1 || strings.Contains(problems[0].Message, "欧阳佳慧") || strings.Contains(problems[0].Message, "望舒路") {
				t.Errorf("%s %s: %+v", header, text, problems)
			}
		}
	}
	for _, c := range []struct{ header, text string }{{"受理时间", "2026-13-01 8:05"}, {"办理时限", "5个工作日"}, {"退单次数", "三四次"}, {"满意度", "满易"}, {"先行联系", "没联系"}} {
		_, problems := parse(t, "工单编号", "20260822223850", "内容描述", "路灯不亮", c.header, c.text)
		if len(problems) != 1 || !strings.Contains(problems[0].Message, "“"+c.text+"”") {
			t.Errorf("%s %s: %+v", c.header, c.text, problems)
		}
	}
}

// Who pushes a ticket has no sheet to import again.
func TestAPushedTicketIsToBePushedAgain(t *testing.T) {
	_, problems := Pushed{}.Parse(Hotline, now, "重新推送")
	said := 0
	for _, p := range problems {
		if strings.Contains(p.Message, "重新导入") {
			t.Error(p.Message)
		}
		said += strings.Count(p.Message, "重新推送")
	}
	if said != 2 {
		t.Errorf("%+v", problems)
	}
}

func TestSmallRepairs(t *testing.T) {
	base := []string{"工单编号", "20260822223850", "内容描述", "路灯不亮"}
	at := func(pairs ...string) Ticket {
		got, problems := parse(t, append(base[:4:4], pairs...)...)
		for _, p := range problems {
			if p.Fatal {
				t.Errorf("%v: %v", pairs, p)
			}
		}
		return got
	}
	if got := at(); !got.AcceptedAt.Equal(*moments(2026, 8, 22, 22, 38, 50)) || !got.AcceptedHasTime {
		t.Error("the order number gives the time", got.AcceptedAt)
	}
	if got := at("受理时间", "2026-08-22"); got.AcceptedHasTime {
		t.Error("a date has no time")
	}
	for in, want := range map[string]string{
		"１３８００００１２３４": "13800001234", "+86 138-0000-1234": "13800001234", "13800001234.0": "13800001234", "021-57000000": "021-57000000",
		"13800001234/13900001111": "13800001234", "张 13900001111": "13900001111",
	} {
		if got := at("联系电话", in).Requester.Phone; got != want {
			t.Errorf("phone %q: %q", in, got)
		}
	}
	for in, want := range map[string]string{"２０２６０８２２２２３８５１": "20260822223851", "sh20260822223850": "SH20260822223850", "'20260822223850": "20260822223850", "2.026082222385E+13": "20260822223850", "1234520260822223850": "20260822223850", "1234599999999999999": "1234599999999999999"} {
		got, problems := parse(t, "工单编号", in, "标题", "x", "受理时间", "2026-08-01")
		if got.OrderNo != want || len(problems) > 0 {
			t.Errorf("order %q: %q %v", in, got.OrderNo, problems)
		}
	}
	if got := at("诉求人", "某某精密制造有限公司"); got.Requester.Kind != Enterprise {
		t.Error("a company's name makes an enterprise")
	}
	if got := at("诉求人", "李经理", "企业名称", "某某精密制造有限公司", "统一社会信用代码", "91310000ma1k00000x"); got.Requester != (Requester{Kind: Enterprise, Name: "某某精密制造有限公司", Contact: "李经理", IDNumber: "91310000MA1K00000X"}) {
		t.Errorf("%+v", got.Requester)
	}
	for in, want := range map[string]Satisfaction{"满意": Satisfied, "基本满意": Mostly, "一般": Fair, "不满意": Dissatisfied, "非常不满意": Dissatisfied, "未回访": "", "": ""} {
		if got := at("市民满意度", in).Satisfaction; got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
	for in, want := range map[string]Outcome{"实际解决": Solved, "解释说明": Explained, "部分解决": "部分解决"} {
		if got := at("结案评判", in).Outcome; got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
	for in, want := range map[string][]Crossing{"否": nil, "是": {CrossUnspecified}, "跨部门、跨行业": {CrossDepartment, CrossIndustry}} {
		if got := at("三跨", in).Cross; !cmp.Equal(got, want) {
			t.Errorf("%s: %v", in, got)
		}
	}
	for in, want := range map[string]int{"": -1, "3": 3, "3.0": 3, "三次": 3, "否": 0, "是": 1, "-": -1} {
		if got := at("重新交办次数", in).ReassignedColumn; got != want {
			t.Errorf("%q: %d", in, got)
		}
	}
	if got := at("内容", "甲\x00乙\x0b\u200b丙\u202e_x000D_\n丁\ufffd"); got.Content != "路灯不亮" {
		t.Error("the better synonym comes first", got.Content)
	}
	got, _ := parse(t, "工单编号", "20260822223850", "内容", "甲\x00乙\x0b\u200b丙\u202e_x000D_丁\ufffd")
	if got.Content != "甲乙丙\n丁" {
		t.Errorf("%q", got.Content)
	}
	if got := at("工单来源", "网格上报"); got.Source != Hotline {
		t.Error("the file's source comes first")
	}
	m, _ := MapHeader([]string{"工单编号", "内容", "工单来源"})
	if got, _ := ParseRow(m, []string{"20260822223850", "x", "区信访办"}, Options{Now: now}); got.Source != Petition {
		t.Error(got.Source)
	}
}

func TestTheFirstOfTwoEqualColumnsThatSaysSomethingCounts(t *testing.T) {
	got, _ := parse(t, "工单编号", "20260822223850", "标题", "x", "联系电话", "", "联系电话", "13800000002", "联系电话", "13800000003")
	if got.Requester.Phone != "13800000002" {
		t.Error(got.Requester.Phone)
	}
}

func TestFingerprintTellsChangedFromUnchanged(t *testing.T) {
	a, _ := parse(t, "工单编号", "20260822223850", "受理时间", "2026-08-22 22:38:50", "内容描述", "路灯 不亮", "备注", "甲")
	b, _ := parse(t, "备注", "甲", "12345内容描述", "路灯不亮 ", "12345受理时间", "46256.943634259", "12345工单编号", "１２３４５２０２６０８２２２２３８５０", "空列", "")
	if a.Fingerprint != b.Fingerprint {
		t.Error("order, width, prefix and date spelling change nothing")
	}
	c, _ := parse(t, "工单编号", "20260822223850", "受理时间", "2026-08-22 22:38:50", "内容描述", "路灯 不亮", "备注", "乙")
	d, _ := parse(t, "工单编号", "20260822223850", "受理时间", "2026-08-22 22:38:51", "内容描述", "路灯 不亮", "备注", "甲")
	if a.Fingerprint == c.Fingerprint || a.Fingerprint == d.Fingerprint {
		t.Error("a changed remark or time changes it")
	}
}
