package matter_test

import (
	"fmt"
	"testing"
	"time"

	"xiaopu/server/matter"
)

func TestGazetteerAlias(t *testing.T) {
	before := matter.Doc{ID: "a", Title: "望舒里小区电梯故障", Text: "望舒里小区电梯故障，几天没有人修。", At: monday}
	after := matter.Doc{ID: "b", Title: "九号院电梯故障", Text: "九号院的电梯故障，几天没人来修。", At: monday}
	x := matter.NewIndex(matter.Gazetteer{{Name: "望舒里小区", Aliases: []string{"九号院"}}})
	x.Put(before, "m")
	if p := x.Place(after); p.Matter != "m" {
		t.Errorf("the street calls it so: %+v", p)
	}
	x = matter.NewIndex(matter.Gazetteer{{Name: "望舒里小区"}, {Name: "九号院"}})
	x.Put(before, "m")
	if p := x.Place(after); p.Matter != "" {
		t.Errorf("two places: %+v", p)
	}
}

// TestPlaceColumn: what the row says of the place counts as if the title said it.
func TestPlaceColumn(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(matter.Doc{ID: "a", Place: "望舒里", Title: "电梯故障无人维修", Text: "电梯故障两周，无人维修。", At: monday}, "m")
	d := matter.Doc{ID: "b", Place: "望舒里", Title: "电梯故障没人修", Text: "电梯又故障了，没人维修。", At: monday}
	if p := x.Place(d); p.Matter != "m" {
		t.Errorf("got %+v, want m", p)
	}
	d.Place = "金水苑"
	if p := x.Place(d); p.Matter != "" {
		t.Errorf("another place: %+v", p)
	}
}

// TestMonthsLater: there is no window, only a doubt that grows with the days.
func TestMonthsLater(t *testing.T) {
	x := matter.NewIndex(nil)
	x.Put(first, "m")
	soon := x.Place(second)
	later := second
	later.At = monday.AddDate(0, 5, 0)
	if p := x.Place(later); p.Matter != "m" || p.Probability >= soon.Probability {
		t.Errorf("five months later: %.3f in %q, at once %.3f", p.Probability, p.Matter, soon.Probability)
	}
}

func TestGroup(t *testing.T) {
	docs := append(at(lifts), at(others)...)
	got := matter.Group(docs, nil)
	for i := range docs {
		for j := range i {
			if together, want := got[i] == got[j], i < len(lifts); together != want {
				t.Errorf("%s and %s: together %v, want %v", docs[i].ID, docs[j].ID, together, want)
			}
		}
	}
}

// TestSlotsAreUsedAgain: tickets come and go for years.
func TestSlotsAreUsedAgain(t *testing.T) {
	x := matter.NewIndex(nil)
	for i := range 5_000 {
		d := first
		d.ID, d.Person, d.Order = fmt.Sprint("t", i), fmt.Sprint("p", i%7), fmt.Sprint("o", i)
		d.At = monday.Add(time.Duration(i) * time.Hour)
		x.Put(d, "m")
		if i >= 10 {
			x.Remove(fmt.Sprint("t", i-10))
		}
	}
	if p := x.Place(second); x.Len() != 10 || p.Matter != "m" || x.Matter(p.Near[0].Nearest) != "m" {
		t.Errorf("%d tickets, %+v", x.Len(), p)
	}
}
