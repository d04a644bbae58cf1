package recognition_test

import (
	"strings"
	"testing"

	"xiaopu/server/recognition"
	"xiaopu/server/ticket"
)

var sink any

func typical(b *testing.B) ticket.Ticket {
	header := []string{"工单编号", "受理时间", "内容", "诉求地址", "小区名称", "一级分类", "五级业务分类", "主办单位", "流转单位", "退单次数", "重新交办次数", "满意度"}
	m, _ := ticket.MapHeader(header)
	text := "【重新交办，关联工单20260822223850】市民来电反映：" + strings.Repeat("望舒里小区东侧工地半夜打桩，影响老人和小孩休息。", 8) + "望相关部门处理。"
	tk, problems := ticket.ParseRow(m, []string{"20260901080000", "2026-09-01 08:00", text, "上海市奉贤区望园路1200弄34号501室", "望舒里", "城乡建设", "夜间施工",
		"综合行政执法队", "水务所→综合行政执法队", "1", "1", "基本满意"}, ticket.Options{Source: ticket.Hotline, Now: now})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	tk.ID = "id"
	return tk
}

func BenchmarkEvaluate(b *testing.B) {
	in := recognition.Input{Ticket: typical(b), Requester: "a", Policy: policy, Now: now, Chain: []ticket.Ticket{link("20260822223850")}}
	in.Same = append(calls("2026-08-30", 3), calls("2026-09-01", 3)...)
	run := func(name string, in recognition.Input) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink = recognition.Evaluate(in)
			}
		})
	}
	run("nothing fires", in)
	in.Spent = spend(nil, recognition.Evaluate(recognition.Input{Same: calls("2026-08-29", 50), Policy: policy, Now: now}))
	run("much has counted", in)
	in.Spent = nil
	in.Same = calls("2026-09-01", 8)
	in.Ticket.ReassignedColumn = 3
	run("two rules fire", in)
	in.Same = append(calls("2026-08-31", 200), calls("2026-09-01", 300)...)
	run("five hundred about one matter", in)
}

func BenchmarkDescribe(b *testing.B) {
	tk := typical(b)
	run := func(name string) {
		tk := tk
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink = recognition.Describe(tk, "")
			}
		})
	}
	run("community and category")
	tk.Community = ""
	run("address and category")
	tk.Address = ""
	run("place in the text")
	tk.Community, tk.Category = "望舒里", [5]string{}
	tk.Title = "望舒里东侧工地夜间施工"
	run("words of the title")
	tk.Title = ""
	run("words of the text")
}

func BenchmarkTitle(b *testing.B) {
	tk := typical(b)
	b.ReportAllocs()
	for b.Loop() {
		sink = recognition.Title(tk)
	}
}
