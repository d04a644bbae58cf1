package matter_test

import (
	"strings"
	"testing"
	"time"

	"xiaopu/server/matter"
)

// lifts are five complaints about one compound's lifts, each in other words, the last with the name's characters swapped.
var lifts = []matter.Doc{
	{ID: "l1", Person: "p1", Title: "望舒里小区12号楼电梯一直坏", Text: "望舒里小区12号楼的电梯这个星期坏了三次，老人上不了楼，希望尽快维修。"},
	{ID: "l2", Person: "p2", Title: "望舒里电梯困人", Text: "昨晚下班回家在望舒里小区被困在电梯里二十分钟，电梯经常出故障，物业不管。"},
	{ID: "l3", Person: "p3", Title: "反映望舒里小区电梯故障没人修", Text: "我是望舒里小区业主，电梯故障两周了物业一直拖着不维修。"},
	{ID: "l4", Person: "p4", Title: "请求维修望舒里小区的电梯", Text: "电梯按了没反应，轿厢抖动厉害，家里有孕妇，望舒里的物业推说没有维修资金。"},
	{ID: "l5", Person: "p5", Title: "舒望里小区电梯三天两头停运", Text: "舒望里小区电梯三天两头停运，爬楼爬到腿软，请督促物业修好电梯。"},
}

// others are not about that.
var others = []matter.Doc{
	{ID: "o1", Person: "p6", Title: "金水苑小区电梯一直坏", Text: "金水苑小区3号楼的电梯这个星期坏了三次，老人上不了楼，希望尽快维修。"},
	{ID: "o2", Person: "p7", Title: "望舒里小区门口垃圾没人清运", Text: "望舒里小区门口垃圾堆成山，臭味很大，几天没有清运了。"},
	{ID: "o3", Person: "p8", Title: "望舒里小区楼下烧烤店油烟大", Text: "望舒里小区楼下新开的烧烤店油烟直排，晚上开窗全是烟味。"},
	{ID: "o4", Person: "p9", Title: "咨询居住证办理", Text: "我是外地来沪人员，想咨询居住证怎么办理，要带哪些材料。"},
}

func at(docs []matter.Doc) []matter.Doc {
	out := make([]matter.Doc, len(docs))
	for i, d := range docs {
		d.At = monday.Add(time.Duration(i) * time.Hour)
		out[i] = d
	}
	return out
}

func TestLifts(t *testing.T) {
	x := matter.NewIndex(nil)
	for _, d := range at(others) {
		p := x.Place(d)
		if p.Matter != "" {
			t.Errorf("%s joined %s: %+v", d.ID, p.Matter, p)
		}
		x.Put(d, d.ID)
	}
	for i, d := range at(lifts) {
		p := x.Place(d)
		switch {
		case i == 0 && p.Matter != "":
			t.Errorf("the first joined %s: %+v", p.Matter, p)
		case i > 0 && p.Matter != "l1":
			t.Errorf("%s: got %q, want l1: %+v", d.ID, p.Matter, p)
		}
		if i > 0 {
			var said []string
			for _, r := range p.Reasons {
				said = append(said, r.Text)
			}
			if all := strings.Join(said, "；"); !strings.Contains(all, "电梯") && !strings.Contains(all, "里") {
				t.Errorf("%s: the reasons name neither place nor words: %s", d.ID, all)
			}
		}
		x.Put(d, "l1")
	}
}
