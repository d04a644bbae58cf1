package ticket

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
)

// opinionProfile is a profile for posts, which have no number.
var opinionProfile = Profile{Source: Opinion, Name: "舆情", Order: OrderLink, Columns: []ProfileColumn{
	{Header: "平台", Field: FieldChannel}, {Header: "原帖", Field: FieldLink}, {Header: "发布时间", Field: FieldAcceptedAt}, {Header: "全文", Field: FieldContent}, {Header: "声量", Field: FieldHeat, Optional: true},
}}

func parseBy(t *testing.T, p Profile, source Source, header []string, rows ...[]string) []Ticket {
	t.Helper()
	m, _ := p.MapHeader(header)
	var list []Ticket
	for _, r := range rows {
		one, problems := ParseRow(m, r, Options{Source: source, Now: now})
		for _, p := range problems {
			if p.Fatal {
				t.Errorf("%q: %s", r, p.Message)
			}
		}
		list = append(list, one)
	}
	return list
}

func TestAnOrderNumberIsMadeOfTheLink(t *testing.T) {
	header := []string{"平台", "原帖", "发布时间", "全文", "声量"}
	at := now.AddDate(0, 0, -1).Format("2006-01-02 15:04")
	list := parseBy(t, opinionProfile, Opinion, header,
		[]string{"某论坛", "https://www.Example.com/t/1/?utm_source=app&id=7&from=timeline#floor2", at, "路灯不亮", "10"},
		[]string{"某论坛", "http://example.com/t/1?id=7", at, "路灯不亮（更新）", "25"},
		[]string{"某论坛", "example.com/t/1?id=8", at, "路灯不亮", "3"},
		[]string{"某论坛", "", at, "路灯不亮", "3"},
		[]string{"某论坛", "见附件", at, "路灯不亮", "9"},
		[]string{"另一论坛", "", at, "路灯不亮", "3"},
	)
	no := func(i int) string { return list[i].OrderNo }
	if no(0) != no(1) || no(0) == no(2) || no(2) == no(3) || no(3) != no(4) || no(3) == no(5) {
		t.Error(no(0), no(1), no(2), no(3), no(4), no(5))
	}
	if list[0].Fingerprint == list[1].Fingerprint || list[0].Channel != "某论坛" {
		t.Error("a post that changed is the same ticket, changed")
	}
	for i := range list {
		if !strings.HasPrefix(no(i), "YQ") || MaskText(no(i)) != no(i) || len(no(i)) > 64 {
			t.Error(no(i))
		}
	}
}

func TestAnOrderNumberIsMadeOfTheContent(t *testing.T) {
	p := Profile{Source: Department, Name: "自查", Order: OrderContent, Columns: []ProfileColumn{{Header: "序号", Field: FieldSerial}, {Header: "部门", Field: FieldDepartment}, {Header: "日期", Field: FieldAcceptedAt}, {Header: "问题", Field: FieldContent}}}
	header := []string{"序号", "部门", "日期", "问题", "编号"}
	m, _ := p.MapHeader(header)
	row := func(cells ...string) Ticket {
		one, _ := ParseRow(m, cells, Options{Source: Department, Now: now})
		return one
	}
	day := now.AddDate(0, 0, -2).Format("2006-01-02")
	a := row("1", "城建办", day, "井盖破损")
	for name, same := range map[string]Ticket{"another place in the sheet": row("7", "城建办", day, "井盖破损"), "other blanks and width": row("1", "城建办 ", now.AddDate(0, 0, -2).Format("2006年1月2日"), " 井盖 破损")} {
		if same.OrderNo != a.OrderNo || same.Fingerprint != a.Fingerprint {
			t.Errorf("%s: %s %s", name, a.OrderNo, same.OrderNo)
		}
	}
	for name, other := range map[string]Ticket{"department": row("1", "城管中队", day, "井盖破损"), "day": row("1", "城建办", now.Format("2006-01-02"), "井盖破损"), "content": row("1", "城建办", day, "井盖丢失")} {
		if other.OrderNo == a.OrderNo {
			t.Error("another", name, a.OrderNo)
		}
	}
	if !strings.HasPrefix(a.OrderNo, "BM"+now.AddDate(0, 0, -2).Format("20060102")+"-") {
		t.Error(a.OrderNo)
	}
	if no := row("1", "城建办", "", "井盖破损").OrderNo; no != "" {
		t.Error("no day, no number:", no)
	}
	p.Columns = append(p.Columns, ProfileColumn{Header: "编号", Field: FieldOrderNo})
	if got := parseBy(t, p, Department, header, []string{"1", "城建办", day, "井盖破损", "ZC-7"}); got[0].OrderNo != "ZC-7" {
		t.Error("a number that is there comes first:", got[0].OrderNo)
	}
}

func TestFixedValuesStandWhereTheRowSaysNothing(t *testing.T) {
	p := Profile{Columns: []ProfileColumn{{Header: "单号", Field: FieldOrderNo}}, Fixed: []FixedValue{{FieldRequesterKind, "企业"}, {FieldKind, "求助类"}}}
	header := []string{"单号", "受理时间", "内容", "工单类型"}
	day := now.Format("2006-01-02")
	list := parseBy(t, p, Hotline, header, []string{"A-1", day, "停电"}, []string{"A-2", day, "停电", "投诉类"})
	if list[0].Kind != "求助类" || list[1].Kind != "投诉类" || list[0].Requester.Kind != Enterprise {
		t.Errorf("%+v", list)
	}
	p.Fixed = p.Fixed[1:]
	if again := parseBy(t, p, Hotline, header, []string{"A-1", day, "停电"}); again[0].Fingerprint == list[0].Fingerprint {
		t.Error("what a profile adds is part of what the row says")
	}
}

func TestDatesInOtherOrders(t *testing.T) {
	for _, c := range []struct {
		order      DateOrder
		text, want string
	}{
		{DateDayFirst, "18/11/2025 08:30", "2025-11-18 08:30"}, {DateDayFirst, "1.2.26", "2026-02-01"}, {DateMonth, "11/18/2025", "2025-11-18"}, {DateDayFirst, "2025-11-18", "2025-11-18"},
		{DateNoYear, "3月1日 9:05", ""}, {DateNoYear, "13月1日", "13月1日"}, {DateNoYear, "46256.5", "46256.5"}, {DateYearFirst, "01/02/2026", "01/02/2026"}, {DateDayFirst, "昨天", "昨天"},
	} {
		got := c.order.inOrder(c.text, now)
		if c.text == "3月1日 9:05" {
			at, _, err := ParseTime(got, false)
			if err != nil || at.After(now.AddDate(0, 0, 1)) || at.Before(now.AddDate(-1, 0, -1)) || at.Month() != 3 {
				t.Error(got, err)
			}
			continue
		}
		a, _, errA := ParseTime(got, false)
		b, _, errB := ParseTime(c.want, false)
		if !a.Equal(b) || (errA == nil) != (errB == nil) {
			t.Errorf("%s %q gives %q", c.order, c.text, got)
		}
	}
}

func TestTheProfileThatFitsBestIsTaken(t *testing.T) {
	narrow := Profile{Name: "窄", Columns: []ProfileColumn{{Header: "单号", Field: FieldOrderNo}, {Header: "事情", Field: FieldContent}}}
	broad := Profile{Name: "宽", Columns: append(slices.Clone(narrow.Columns), ProfileColumn{Header: "哪天", Field: FieldAcceptedAt}, ProfileColumn{Header: "备注"}, ProfileColumn{Header: "评价", Field: FieldSatisfaction, Optional: true})}
	rows := func(cells ...string) [][]string { return [][]string{{"标题"}, cells, {"1", "2", "3"}} }
	for name, c := range map[string]struct {
		rows [][]string
		want string
	}{
		"all headers there":       {rows("哪天", "单号", "事情"), "宽"},
		"one missing":             {rows("单号", "事情"), "窄"},
		"of none all":             {rows("工单编号", "内容", "单号"), ""},
		"prefixes of one's own":   {rows("单号*", "事 情", "别的"), "窄"},
		"an optional one helps":   {rows("哪天", "单号", "事情", "评价"), "宽"},
		"no profile and synonyms": {rows("工单编号", "标题"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			i, m, err := FindHeader(c.rows, narrow, broad)
			if err != nil || i != 1 || m.Profile.Name != c.want {
				t.Error(i, m.Profile.Name, err)
			}
		})
	}
	_, _, err := FindHeader(rows("甲", "乙"), narrow, broad)
	var e *apperr.Error
	if !errors.As(err, &e) || !strings.Contains(e.Message, "导入模板") || !strings.Contains(e.Message, "imports/inspect") {
		t.Error(err)
	}
	if _, m, err := ApplyProfile(rows("单号", "内容"), broad); err != nil || m.Profile.Name != "宽" {
		t.Error("a profile that is named is used though columns are missing:", err)
	}
	_, _, err = ApplyProfile(rows("甲", "事情"), broad)
	if !errors.As(err, &e) || !strings.Contains(e.Message, "按模板“宽”") {
		t.Error(err)
	}
	if _, m, err := ApplyProfile(rows("平台", "全文"), opinionProfile); err != nil || !m.Usable() {
		t.Error("a profile that makes numbers needs no column of them:", err)
	}
	if d := cmp.Diff([]string{"宽", "窄"}, []string{Rank(rows("哪天", "单号", "事情")[1], []Profile{narrow, broad})[0].Name, Rank(rows("单号", "事情")[1], []Profile{broad, narrow})[0].Name}); d != "" {
		t.Error(d)
	}
}

func TestAProfileIsChecked(t *testing.T) {
	good := Profile{Source: Petition, Name: "甲", Columns: []ProfileColumn{{Header: "单号", Field: FieldOrderNo}}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for say, change := range map[string]func(*Profile){
		"模板名称":        func(p *Profile) { p.Name = " " },
		"没有这种来源":      func(p *Profile) { p.Source = "x" },
		"请指定":         func(p *Profile) { p.Columns = nil },
		"不认识":         func(p *Profile) { p.Columns = []ProfileColumn{{Header: "a", Field: "nothing"}} },
		"是同一个列名":      func(p *Profile) { p.Columns = []ProfileColumn{{Header: "a b"}, {Header: "ａb*"}} },
		"列名需要":        func(p *Profile) { p.Columns = []ProfileColumn{{Header: " "}} },
		"不能设固定值":      func(p *Profile) { p.Fixed = []FixedValue{{FieldPhone, "13800000000"}} },
		"固定值需要":       func(p *Profile) { p.Fixed = []FixedValue{{FieldKind, ""}} },
		"写了两次":        func(p *Profile) { p.Fixed = []FixedValue{{FieldKind, "a"}, {FieldKind, "b"}} },
		"工单编号的来历":     func(p *Profile) { p.Order = "x" },
		"日期写法":        func(p *Profile) { p.Dates = "x" },
		"模板有误：模板名称需要": func(p *Profile) { p.Name = strings.Repeat("长", 51) },
	} {
		p := good
		change(&p)
		var e *apperr.Error
		if err := p.Check(); !errors.As(err, &e) || e.Reason != "profile.invalid" || !strings.Contains(e.Message, say) {
			t.Errorf("%v, want %s", err, say)
		}
	}
	for _, f := range Fixable {
		if !f.Valid() {
			t.Error(f)
		}
	}
}

func TestSuggestions(t *testing.T) {
	header := []string{"流水", "办件受理时间（北京）", "群众姓名", "手机", "具体位置", "说明", "来信内容概述", "评分", "网址2", "备注"}
	samples := [][]string{
		{"FP-2026-000123", "2026-03-01 08:00", "张建国", "13812345678", "东门路12号3号楼502室", "x", "小区门口的路灯已经坏了一个多月，晚上出行很不方便，希望尽快修复", "不满意", "https://a.example/1", ""},
		{"FP-2026-000124", "2026-03-02", "李英", "13912345678", "西环路8弄", "y", "小区门口垃圾堆放，气味很大，多次反映没有结果，希望有人来管", "满意", "https://a.example/2", ""},
	}
	saved := Profile{Name: "旧", Columns: []ProfileColumn{{Header: "群众姓名", Field: FieldRequesterName}, {Header: "说明"}}}
	got := Suggest(header, samples, []Profile{saved})
	want := []Suggestion{
		{FieldOrderNo, WhyContent, "每行一个不同的编号"}, {FieldAcceptedAt, WhySimilar, ""}, {FieldRequesterName, WhyProfile, "模板“旧”"}, {FieldPhone, WhySynonym, "已知的列名"}, {FieldAddress, WhyContent, "内容像地址"},
		{"", WhyProfile, "模板“旧”：不用这一列"}, {FieldContent, WhyContent, "内容是成段的文字"}, {FieldSatisfaction, WhyContent, "内容是满意度"}, {FieldLink, WhySimilar, ""}, {},
	}
	for i := range got {
		if want[i].Why == WhySimilar {
			got[i].Note = ""
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := Suggest(nil, nil, nil); len(got) != 0 {
		t.Error(got)
	}
}

// A petition sheet as one street writes it: what the cells cannot be is not suggested, however like the header is.
func TestNothingIsSuggestedThatTheCellsCannotBe(t *testing.T) {
	header := []string{"件号", "来访时间", "来访人", "联系方式", "反映问题及诉求", "属地居委", "证件编号", "涉访人员", "办结时间说明"}
	samples := [][]string{
		{"2026-001", "2026-03-01", "甲乙", "13812345678", "路灯不亮", "望舒里居委会", "2026-001", "甲乙", "尚未办结"},
		{"2026-002", "2026-03-02", "丙丁", "13912345678", "垃圾堆放", "东门居委会", "2026-002", "丙丁", "已答复"},
	}
	var got []Field
	for _, s := range Suggest(header, samples, nil) {
		got = append(got, s.Field)
	}
	want := []Field{FieldOrderNo, FieldAcceptedAt, FieldRequesterName, FieldPhone, FieldContent, FieldCommunity, "", "", ""}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestGuessHeader(t *testing.T) {
	for name, c := range map[string]struct {
		rows [][]string
		want int
	}{
		"under a title":   {[][]string{{"某表"}, {}, {"流水", "姓名", "怪列", "时间段"}, {"1", "2026-03-01", "138", "x"}}, 2},
		"nothing":         {[][]string{{"1", "2"}, {"3", "4"}}, -1},
		"empty":           {nil, -1},
		"one word a row":  {[][]string{{"某表"}, {"说明"}}, -1},
		"words among two": {[][]string{{"甲", "乙"}, {"甲", "乙", "丙"}}, 1},
	} {
		if got := GuessHeader(c.rows); got != c.want {
			t.Error(name, got)
		}
	}
}

func TestMaskCell(t *testing.T) {
	for _, c := range []struct {
		field      Field
		text, want string
	}{
		{FieldPhone, "13812345678", "138****5678"}, {FieldRequesterName, "张建国", "张**"}, {FieldIDNumber, "310101199001011237", strings.Repeat("*", 18)},
		{FieldAddress, "东门路12号3号楼502室", "东门路12号3号楼***室"}, {"", "李英", "李*"}, {"", "井盖", "井盖"}, {"", "电话13812345678联系", "电话138****5678联系"}, {FieldContent, "请联系13812345678", "请联系138****5678"},
		{FieldOrderNo, "20260822223850", "20260822223850"}, {FieldOrderNo, "13812345678", "138****5678"}, {FieldOrderNo, "XF20261101001", "XF20261101001"}, {FieldAcceptedAt, "2026-11-01 08:30", "2026-11-01 08:30"}, {FieldAcceptedAt, "13812345678", "138****5678"},
		{FieldContent, strings.Repeat("长", 41), strings.Repeat("长", 40) + "…"},
	} {
		if got := MaskCell(c.field, c.text); got != c.want {
			t.Errorf("%s %q gives %q, want %q", c.field, c.text, got, c.want)
		}
	}
}

func FuzzSuggest(f *testing.F) {
	f.Add("工单编号\t手机\t怪列", "20260822223850\t13812345678\t张建国\n2\t3\t4")
	f.Fuzz(func(t *testing.T, header, rows string) {
		cells := strings.Split(header, "\t")
		var samples [][]string
		for _, r := range strings.Split(rows, "\n") {
			samples = append(samples, strings.Split(r, "\t"))
		}
		list := Suggest(cells, samples, []Profile{opinionProfile})
		if len(list) != len(cells) {
			t.Fatal(len(list))
		}
		guessed := map[Field]int{}
		for _, s := range list {
			if s.Field != "" && !s.Field.Valid() {
				t.Error(s)
			}
			if s.Why == WhySimilar || s.Why == WhyContent {
				guessed[s.Field]++
			}
		}
		for f, n := range guessed {
			if n > 1 {
				t.Error(f, "guessed", n, "times")
			}
		}
		GuessHeader(samples)
		for _, s := range samples[0] {
			MaskCell("", s)
			canonicalLink(s)
			for _, o := range DateOrders {
				o.inOrder(s, now)
			}
		}
	})
}
