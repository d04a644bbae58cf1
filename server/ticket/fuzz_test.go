package ticket

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026/9/1 8:05", "2026年10月5日 下午09:30", "20260822223850", "46321.43571759259", "2026-09-01T08:05:06.123+08:00", "Tue Sep 01 08:05:00 CST 2026", "2026-09-01 24:00", "４６３２１", "1e5", "0x10", "2026-09-01(周二)"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, date1904 bool) {
		at, hasTime, err := ParseTime(s, date1904)
		if err != nil {
			if !at.IsZero() || hasTime || !utf8.ValidString(err.Error()) {
				t.Errorf("%q: %v %v", s, at, err)
			}
			return
		}
		if at.Location() != Shanghai || at.Year() < 1899 || at.Year() > 3000 {
			t.Errorf("%q: %v", s, at)
		}
		if h, m, sec := at.Clock(); !hasTime && h+m+sec != 0 {
			t.Errorf("%q: a date with a time %v", s, at)
		}
	})
}

func FuzzMapHeader(f *testing.F) {
	f.Add("12345工单编号*\t内容描述（必填）\t\t１２３４５热线受理时间(年月日)")
	f.Add("热线12345热线\t()\t*\t12345(")
	f.Fuzz(func(t *testing.T, line string) {
		cells := strings.Split(line, "\t")
		m, score := Profile{Columns: []ProfileColumn{{Header: "甲", Field: FieldTitle}}}.MapHeader(cells)
		if len(m.Columns) != len(cells) || score > len(cells) {
			t.Fatal(len(m.Columns), score)
		}
		again, _ := Profile{Columns: []ProfileColumn{{Header: "甲", Field: FieldTitle}}}.MapHeader(cells)
		for i, c := range m.Columns {
			if c != again.Columns[i] || c.Header == "" {
				t.Error(c)
			}
		}
		if _, _, err := FindHeader([][]string{cells}); err != nil && !utf8.ValidString(err.Error()) {
			t.Errorf("%q", err.Error())
		}
	})
}

func FuzzParseRow(f *testing.F) {
	f.Add("工单编号\t受理时间\t内容描述\t联系电话\t退单次数", "20260822223850\t46256.9\t【重新交办，关联工单20260821223850】\t1.38E+10\t三次", false)
	f.Add("工单编号\t标题\t身份证号\t满意度\t流转单位", "=1\t#REF!\t310101199001011237\t不满意\t甲办（退单）→乙所", true)
	f.Fuzz(func(t *testing.T, header, row string, date1904 bool) {
		m, _ := MapHeader(strings.Split(header, "\t"))
		cells := strings.Split(row, "\t")
		opt := Options{Now: now, Date1904: date1904}
		a, problems := ParseRow(m, cells, opt)
		b, _ := ParseRow(m, cells, opt)
		if a.Fingerprint != b.Fingerprint || len(a.Fingerprint) != 32 {
			t.Error("fingerprint")
		}
		fatal := false
		for _, p := range problems {
			fatal = fatal || p.Fatal
			if p.Message == "" || !utf8.ValidString(p.Message) {
				t.Errorf("%+v", p)
			}
		}
		if fatal {
			return
		}
		if a.OrderNo == "" || a.AcceptedAt.Before(earliest) || a.AcceptedAt.After(now.Add(24*time.Hour)) || a.Title+a.Content == "" || !a.Source.Valid() {
			t.Errorf("%+v", a)
		}
		if a.ReassignedColumn < -1 || a.ReturnedColumn < -1 {
			t.Errorf("%d %d", a.ReassignedColumn, a.ReturnedColumn)
		}
		for _, l := range a.Links {
			if l.OrderNo == a.OrderNo || l.OrderNo == "" {
				t.Errorf("%+v", l)
			}
		}
	})
}

func FuzzReadTags(f *testing.F) {
	for _, s := range []string{
		"【重新交办，关联工单20260822223850】【最近派发的工单编号：20260822223850，工单内容：【重新交办，关联工单20260821223850】x】",
		"【退单：规划建设办，原因：非我部门职责】经水务所、房管所流转未接单，第三次反映，催单", "[流转：A部门->B部门]（重复来电）【", "【(重新交办】)", "工单号310101199001011237",
		"已重新交办三次，经3个部门流转仍未接单",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tags := ReadTags(s)
		has := func(q string) {
			if q == "" || !strings.Contains(s, q) || utf8.RuneCountInString(q) > quoteRunes {
				t.Errorf("quote %q of %q", q, s)
			}
		}
		for _, l := range tags.Links {
			has(l.Quote)
			if !orderTime(l.OrderNo) {
				t.Error(l.OrderNo)
			}
		}
		for _, r := range tags.Reassignments {
			has(r.Quote)
			if r.Count < 1 || r.Count > 99 {
				t.Error(r.Count)
			}
		}
		for _, h := range tags.Hops {
			has(h.Quote)
			if h.Count < 1 || h.Department == "" && h.Count > 20 {
				t.Errorf("%+v", h)
			}
		}
		for _, m := range tags.Marks {
			has(m.Quote)
		}
		if n := len(tags.Links) + len(tags.Hops) + len(tags.Reassignments) + len(tags.Marks); n > 4*maxTags {
			t.Error(n)
		}
	})
}

func FuzzMaskText(f *testing.F) {
	for _, s := range []string{"电话13800005678", "138-0000-5678，021 5700 5678", "310101199001011237x", "工单20260822223850", "１３８００００５６７８", "86 13800005678", "(021)57005678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := MaskText(s)
		for run := range digitRuns(got) {
			if mobile(run) || len(run) >= 15 && !strings.HasPrefix(run, "12345") {
				t.Errorf("%q → %q still shows %s", s, got, run)
			}
		}
		if words(s) != words(got) {
			t.Errorf("%q → %q changed more than numbers", s, got)
		}
		if !hasDigitRun(s) && got != s {
			t.Errorf("%q changed to %q", s, got)
		}
	})
}

// words is a text without its digits, what can stand between them, and stars.
func words(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' || strings.ContainsRune("*+ -()Xx\n\t", r) {
			return -1
		}
		return r
	}, fold(s).text)
}

// digitRuns gives the longest runs of digits of a text in half width.
func digitRuns(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for run := range strings.FieldsFuncSeq(fold(s).text, func(r rune) bool { return r < '0' || r > '9' }) {
			if !yield(run) {
				return
			}
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("市民来电反映：【重新交办】东侧工地，望相关部门尽快处理。<b>13800001234</b>")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || len(got) > 3*len(s)+3 {
			t.Errorf("%q → %q", s, got)
		}
		if f := Fold(s); Fold(f) != f {
			t.Errorf("Fold %q → %q → %q", s, f, Fold(f))
		}
		for _, text := range []string{tidy(s), narrow(s), MaskName(s), MaskPhone(s)} {
			if !utf8.ValidString(text) || text != strings.TrimSpace(text) {
				t.Errorf("%q → %q", s, text)
			}
		}
	})
}

func TestATimeSurvivesEveryWayOfWritingIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(earliest.Unix(), 4102000000).Draw(t, "unix"), 0).In(Shanghai)
		layout := rapid.SampledFrom([]string{
			"2006-01-02 15:04:05", "2006/1/2 15:4:5", "2006年1月2日 15时4分5秒", "20060102150405", "2006-01-02T15:04:05Z07:00", "2006.01.02 15:04:05", "2006/1/2 03:04:05 PM", "2006-01-02T15:04:05.000+0800",
		}).Draw(t, "layout")
		got, hasTime, err := ParseTime(at.Format(layout), false)
		if err != nil || !got.Equal(at) || !hasTime {
			t.Fatalf("%s: %v %v %v", at.Format(layout), got, hasTime, err)
		}
		days := float64(at.Unix()-time.Date(1899, 12, 30, 0, 0, 0, 0, Shanghai).Unix()) / 86400
		for _, d := range []bool{false, true} {
			v := days
			if d {
				v -= 1462
			}
			if v < 1 {
				continue
			}
			got, _, err = ParseTime(strconv.FormatFloat(v, 'f', 10, 64), d)
			if err != nil || !got.Equal(at) {
				t.Fatalf("%v (1904 %v): %v, want %v, %v", v, d, got, at, err)
			}
		}
	})
}

func TestAHeaderIsFoundWhateverTheOrderOfItsColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := []Field{FieldOrderNo, FieldContent, FieldAcceptedAt, FieldDepartment, FieldSatisfaction, FieldPhone}
		var cells []string
		for _, f := range rapid.Permutation(fields).Draw(t, "order") {
			name := rapid.SampledFrom(Synonyms(f)).Draw(t, "name")
			cells = append(cells, rapid.SampledFrom([]string{"", "12345", "* "}).Draw(t, "before")+name+rapid.SampledFrom([]string{"", "（必填）", "\n"}).Draw(t, "after"))
		}
		above := rapid.IntRange(0, 9).Draw(t, "above")
		rows := append(make([][]string, above), cells)
		i, m, err := FindHeader(rows)
		if err != nil || i != above {
			t.Fatal(i, err)
		}
		for _, f := range fields {
			if !m.Has(f) {
				t.Fatal(f, cells)
			}
		}
	})
}

func TestChainsEndOnAnyGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "tickets")
		r := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		tickets := map[string]Ticket{}
		for i := range n {
			tk := Ticket{OrderNo: fmt.Sprint(i), ReassignedColumn: r.IntN(4) - 1}
			for range r.IntN(5) {
				o := fmt.Sprint(r.IntN(n))
				tk.Links = append(tk.Links, Link{Kind: LinkReassigned, OrderNo: o})
				tk.Reassignments = append(tk.Reassignments, Reassignment{Count: 1, OrderNo: o})
			}
			tickets[tk.OrderNo] = tk
		}
		visits := 0
		got, evidence := ChainLength(tickets["0"], func(o string) (Ticket, bool) { visits++; tk, ok := tickets[o]; return tk, ok }, 10)
		own, _ := Reassigned(tickets["0"])
		if got < own || got > 10+4 || visits > n || got > 0 && len(evidence) == 0 {
			t.Fatal(got, own, visits, evidence)
		}
	})
}

func BenchmarkParseRow(b *testing.B) {
	header := []string{"工单编号", "受理时间", "工单来源", "工单类型", "诉求标题", "内容描述", "诉求人", "联系电话", "诉求地址", "小区名称", "一级分类", "二级分类", "三级分类", "主办单位", "流转单位", "派单时间", "办理时限", "办结时间", "退单次数", "重新交办次数", "先行联系", "解决情况", "满意度", "答复市民要点", "关联工单", "备注"}
	row := []string{"20260822223850", "46256.943634259", "电话", "投诉举报类", "夜间施工", "【重新交办，关联工单20260812223850】" + strings.Repeat("市民来电反映东侧工地夜间施工噪声扰民，多次反映均未解决，希望相关部门尽快处理。", 4), "张女士", "13800001234", "禾苑路12号", "望舒里", "城乡建设", "噪声", "施工", "综合行政执法队", "水务所→综合行政执法队", "2026-08-22 23:00:00", "2026-08-29", "2026/8/28 15:05", "1", "1", "是", "实际解决", "基本满意", strings.Repeat("已责令停工整改。", 10), "20260812223850", ""}
	m, _ := MapHeader(header)
	b.ReportAllocs()
	for b.Loop() {
		ParseRow(m, row, Options{Source: Hotline, Now: now})
	}
}
