package ticket

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func on(day string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

func TestRowsOfAList(t *testing.T) {
	header := []string{"序号", "工单编号", "承办单位", "不满意原因", "回访时间", "满意度", "重新交办次数", "是否先行联系", "未联系原因", "解决情况"}
	m, _ := MapHeader(header)
	for name, c := range map[string]struct {
		list  List
		row   []string
		want  Fact
		fatal string
	}{
		"a reason and a day of its own": {ListDissatisfied, []string{"1", "20261001080000", "城建办", "未解决，敷衍", "2026-10-18 09:00"}, Fact{On: "2026-10-18", At: on("2026-10-18"), Reason: "未解决，敷衍", Department: "城建办"}, ""},
		"the day of the list":           {ListDissatisfied, []string{"1", "20261001080000"}, Fact{On: "2026-10-20", At: on("2026-10-20")}, ""},
		"another rating":                {ListDissatisfied, []string{"1", "20261001080000", "", "", "", "满意"}, Fact{}, "选错了清单"},
		"a count":                       {ListReassigned, []string{"1", "20261001080000", "", "", "", "", "3次"}, Fact{On: "2026-10-20", At: on("2026-10-20"), Count: 3}, ""},
		"only marked":                   {ListReassigned, []string{"1", "20261001080000", "", "部门推诿"}, Fact{On: "2026-10-20", At: on("2026-10-20"), Reason: "部门推诿"}, ""},
		"why nobody called":             {ListNotContacted, []string{"1", "20261001080000", "", "", "", "", "", "否", "号码空号"}, Fact{On: "2026-10-20", At: on("2026-10-20"), Reason: "号码空号"}, ""},
		"called after all":              {ListNotContacted, []string{"1", "20261001080000", "", "", "", "", "", "是"}, Fact{}, "选错了清单"},
		"solved after all":              {ListUnresolved, []string{"1", "20261001080000", "", "", "", "", "", "", "", "实际解决"}, Fact{}, "选错了清单"},
		"no number":                     {ListUnresolved, []string{"1", ""}, Fact{}, "缺少工单编号"},
	} {
		t.Run(name, func(t *testing.T) {
			f, problems := ParseFact(m, c.row, ListOptions{Options: Options{Source: Hotline, Now: now}, List: c.list, On: "2026-10-20", Line: 5})
			for _, p := range problems {
				if p.Fatal && (c.fatal == "" || !strings.Contains(p.Message, c.fatal)) {
					t.Error(p.Message)
				}
			}
			if c.fatal != "" {
				if len(problems) == 0 {
					t.Error("taken")
				}
				return
			}
			c.want.Source, c.want.OrderNo, c.want.List, c.want.Line = Hotline, "20261001080000", c.list, 5
			if d := cmp.Diff(c.want, f); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAFactChangesOnlyWhatItSays(t *testing.T) {
	closed := on("2026-10-10")
	base := Ticket{OrderNo: "20261001080000", Content: "内容", ClosedAt: &closed, ReassignedColumn: -1, Satisfaction: Satisfied, Outcome: Solved, Reply: "已办"}
	f := Fact{OrderNo: base.OrderNo, List: ListDissatisfied, On: "2026-10-20", At: on("2026-10-20"), Line: 12, Reason: "没有解决"}
	got := base.WithFact(f)
	if got.Satisfaction != Dissatisfied || got.Feedback != "没有解决" || got.Content != "内容" || got.Reply != "已办" || got.Outcome != Solved || base.Facts != nil {
		t.Errorf("%+v", got)
	}
	if d := cmp.Diff(got, got.WithFact(f)); d != "" {
		t.Error("twice is once:", d)
	}
	if f.From() != "list:不满意件清单 2026-10-20 第 12 行" {
		t.Error(f.From())
	}
	early := f
	early.On, early.At = "2026-10-05", on("2026-10-05")
	if got := base.WithFact(early); got.Satisfaction != Satisfied {
		t.Error("what the row says of a later day stands:", got.Satisfaction)
	}

	open := base.WithFact(Fact{List: ListUnresolved, On: "2026-10-21", At: on("2026-10-21"), Reason: "路面仍塌陷"})
	if !open.Open() || base.Open() || open.Outcome != unresolvedOutcome || open.Feedback != "路面仍塌陷" {
		t.Errorf("%+v", open)
	}
	called := base.WithFact(Fact{List: ListNotContacted, At: now})
	if called.FirstContact != NotContacted {
		t.Error(called.FirstContact)
	}

	again := base
	for i, day := range []string{"2026-10-12", "2026-10-15"} {
		again = again.WithFact(Fact{List: ListReassigned, On: day, At: on(day), Line: i + 3, Count: i + 1})
	}
	again = again.WithFact(Fact{List: ListReassigned, On: "2026-10-15", At: on("2026-10-15"), Line: 9, Count: 2, Reason: "再次推诿"})
	n, evidence := Reassigned(again)
	if n != 2 || len(evidence) != 2 || evidence[1].From != "list:重新交办清单 2026-10-15 第 9 行" || evidence[1].Quote != "再次推诿" {
		t.Error(n, evidence)
	}
}

func TestDayIn(t *testing.T) {
	for text, want := range map[string]string{
		"不满意件清单（2026年11月20日）": "2026-11-20", "重新交办20261120.xlsx": "2026-11-20", "清单2026-11-5": "2026-11-05", "２０２６．１１．２０": "2026-11-20", "2026年11月": "", "第20期": "", "20261350": "", "": "",
	} {
		if got := DayIn(text); got != want {
			t.Errorf("%q is of %q", text, got)
		}
	}
}

func FuzzParseFact(f *testing.F) {
	f.Add("工单编号\t不满意原因\t回访时间\t重新交办次数", "20261001080000\t差\t2026-10-18\t3次", uint8(0), "2026-10-20")
	f.Fuzz(func(t *testing.T, header, row string, list uint8, day string) {
		m, _ := MapHeader(strings.Split(header, "\t"))
		fact, problems := ParseFact(m, strings.Split(row, "\t"), ListOptions{Options: Options{Source: Hotline, Now: now}, List: Lists[int(list)%len(Lists)], On: DayIn(day), Line: 3})
		for _, p := range problems {
			if p.Message == "" {
				t.Error("a problem without words")
			}
		}
		one := Ticket{ReassignedColumn: -1}.WithFact(fact)
		if d := cmp.Diff(one, one.WithFact(fact)); d != "" {
			t.Error(d)
		}
	})
}
