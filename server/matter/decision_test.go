package matter_test

import (
	"strings"
	"testing"
	"time"

	"xiaopu/server/matter"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// said twice, by two people.
var (
	first  = matter.Doc{ID: "a", Person: "p1", Order: "20261123001", Title: "望舒里小区电梯故障无人维修", Text: "望舒里小区12号楼电梯故障两周，无人维修，老人出行困难。", At: monday}
	second = matter.Doc{ID: "b", Person: "p2", Order: "20261123002", Title: "望舒里小区电梯故障没人维修", Text: "望舒里小区的电梯故障两周没人维修，老人出行很困难。", At: monday.Add(time.Hour)}
)

func TestPlaceDoesNotChange(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(first, "m1")
	for range 3 {
		if p := x.Place(second); p.Matter != "m1" || len(p.Reasons) == 0 || p.Near[0].Nearest != "a" {
			t.Fatalf("got %+v, want m1 with reasons", p)
		}
	}
	if n, m := x.Len(), x.Matter("b"); n != 1 || m != "" {
		t.Errorf("after Place: %d tickets, b in %q", n, m)
	}
}

func TestApart(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(first, "m1")
	x.Apart("b", "m1")
	if p := x.Place(second); p.Matter != "" || len(p.Near) != 0 {
		t.Errorf("a person took b out of m1, yet: %+v", p)
	}
	again := second
	again.Links = []string{first.Order}
	if p := x.Place(again); p.Matter != "" {
		t.Errorf("nor does a link undo it: %+v", p)
	}
	third := second
	third.ID, third.Order = "c", ""
	if p := x.Place(third); p.Matter != "m1" {
		t.Errorf("the decision was about b, not about c: %+v", p)
	}
}

func TestKeep(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(first, "m1")
	x.Put(second, "m2")
	x.Keep("b")
	if p := x.Place(second); p.Matter != "m2" || p.Reasons[0].Kind != matter.ByHand {
		t.Errorf("a person put b into m2, yet: %+v", p)
	}
	x.Put(second, "m2") // read anew
	if p := x.Place(second); p.Matter != "m2" {
		t.Errorf("putting it again forgot that: %+v", p)
	}
}

func TestMoveAndRemove(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(first, "m1")
	x.Move("a", "m2")
	if p := x.Place(second); p.Matter != "m2" {
		t.Errorf("after Move: %+v", p)
	}
	x.Move("nobody", "m2")
	x.Remove("a")
	x.Remove("a")
	if p := x.Place(second); p.Matter != "" || x.Len() != 0 {
		t.Errorf("after Remove: %+v", p)
	}
	x.Put(first, "m1")
	if p := x.Place(second); p.Matter != "m1" {
		t.Errorf("after Put again: %+v", p)
	}
}

func TestLink(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(first, "m1")
	d := matter.Doc{ID: "c", Title: "催单", Text: "上次说的事情还没有解决", Links: []string{"20261123001"}, At: monday}
	if p := x.Place(d); p.Matter != "m1" || p.Reasons[0].Kind != matter.ByLink {
		t.Errorf("got %+v, want m1 by its link", p)
	}
}

func TestReasonsTellOfATitleOnlyWhereThereIsOne(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(first, "m1")
	for _, d := range []matter.Doc{second, {ID: "c", Text: second.Title + "。" + second.Text, At: monday}} {
		p, told := x.Place(d), map[bool]bool{}
		for _, r := range p.Reasons {
			if r.Kind == matter.ByWords {
				told[strings.HasPrefix(r.Text, "标题")] = true
			}
		}
		if p.Matter != "m1" || told[true] != (d.Title != "") || !told[false] {
			t.Errorf("%s: %+v", d.ID, p.Reasons)
		}
	}
}

func TestSaysNothing(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(matter.Doc{ID: "a"}, "m1")
	if p := x.Place(matter.Doc{ID: "b"}); p.Matter != "" {
		t.Errorf("two empty ones: %+v", p)
	}
}
