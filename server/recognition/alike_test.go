package recognition_test

import (
	"slices"
	"testing"

	"xiaopu/server/recognition"
	"xiaopu/server/ticket"
)

func TestAlike(t *testing.T) {
	for name, x := range map[string]struct {
		a, b  string
		least float64
		most  float64
		words []string
	}{
		"the same":            {"东门路灯不亮", "东门路灯不亮", 1, 1, []string{"东门路灯不亮"}},
		"one inside":          {"路灯不亮", "市民反映：东门的路灯不亮，已一个月。", 1, 1, []string{"路灯不亮"}},
		"about the same":      {"夜间施工扰民", "工地夜间施工，噪声扰民严重", 0.7, 0.9, []string{"夜间施工"}},
		"nothing in common":   {"电梯停运三天", "菜场门口占道", 0, 0, nil},
		"widths do not count": {"１号楼ＡＢ座漏水", "1号楼ab座漏水", 1, 1, []string{"1号楼ab座漏水"}},
		"nothing said":        {"", "路灯不亮", 0, 0, nil},
		"a single character":  {"灯", "路灯不亮", 0, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			share, words := recognition.Alike(x.a, x.b)
			if share < x.least || share > x.most || !slices.Equal(words, x.words) {
				t.Errorf("%.2f %q", share, words)
			}
			if back, _ := recognition.Alike(x.b, x.a); back != share && len([]rune(x.a)) != len([]rune(x.b)) {
				t.Errorf("%.2f the other way round", back)
			}
		})
	}
}

func TestPlaceIsOneKeyOfManySpellings(t *testing.T) {
	a := recognition.Place(ticket.Ticket{Community: "奉浦街道望舒里小区"})
	b := recognition.Place(ticket.Ticket{Address: "望舒里3号楼502室", Community: "望舒里"})
	if a == "" || a != b || recognition.Place(ticket.Ticket{Content: "没有地方"}) != "" {
		t.Errorf("%q %q", a, b)
	}
}

func FuzzAlike(f *testing.F) {
	f.Add("路灯不亮", "东门的路灯不亮")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		share, words := recognition.Alike(a, b)
		if share < 0 || share > 1 || len(words) > 3 {
			t.Errorf("%f %q", share, words)
		}
	})
}
