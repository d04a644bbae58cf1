package matter

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func FuzzRead(f *testing.F) {
	f.Add("望舒里小区电梯坏了", "望舒里小区12号楼电梯坏了，公交118路也停了", "望园路1200弄", "物业管理")
	f.Add("", "", "", "")
	f.Add("\xff", "奉浦街道", "甲", "🙂")
	f.Fuzz(func(t *testing.T, title, text, place, category string) {
		x := NewIndex(Gazetteer{{Name: "望舒里小区", Aliases: []string{"望舒苑"}}})
		d := Doc{ID: "a", Title: title, Text: text, Place: place, Category: category}
		x.Put(d, "m")
		r := x.places.read(d)
		x.cut(r)
		var back signature
		pack(&r.signature).unpack(&back)
		if diff := cmp.Diff(r.signature, back, cmp.AllowUnexported(signature{}), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		d.ID = "b"
		x.Place(d)
		x.Remove("a")
		if p := x.Place(d); p.Matter != "" {
			t.Errorf("an empty index: %+v", p)
		}
	})
}

// A text may name more places than a signature has room for.
func TestManyPlacesAreNamed(t *testing.T) {
	var g Gazetteer
	var all strings.Builder
	for i := range 60 {
		alias, name := string([]rune{rune('甲' + i), rune('金' + i)}), ""
		for j := range 10 {
			name += string(rune('丁' + 20*i + j))
		}
		g = append(g, Entry{Name: name, Aliases: []string{alias}})
		all.WriteString(alias)
	}
	for _, d := range []Doc{{ID: "a", Text: all.String()}, {ID: "b", Title: "多处停水", Text: all.String(), Place: all.String()}} {
		x := NewIndex(g)
		x.Put(d, "m")
		r := x.places.read(d)
		x.cut(r)
		var back signature
		pack(&r.signature).unpack(&back)
		if diff := cmp.Diff(r.signature, back, cmp.AllowUnexported(signature{}), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	}
}

// Concepts are numbered with a byte.
func TestConceptsFitAByte(t *testing.T) {
	if len(concepts) > 256 {
		t.Error(len(concepts))
	}
	if conceptName(kinds) != "断水" {
		t.Error(conceptName(kinds))
	}
}
