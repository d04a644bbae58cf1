package ticket

import (
	"testing"
	"unicode/utf8"
)

func TestUsual(t *testing.T) {
	for in, want := range map[string]string{
		"電梯壞了": "电梯坏了", "違法搭建，擾民": "违法搭建，扰民", "电梯坏了": "电梯坏了", "A1區 lift": "A1区 lift", "": "",
	} {
		if got := Usual(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestVariantsLeadNowhereElse(t *testing.T) {
	if len(plainForm) < 500 {
		t.Errorf("%d variants", len(plainForm))
	}
	for from, to := range plainForm {
		if _, again := plainForm[to]; again || from == to {
			t.Errorf("%c becomes %c, which becomes another", from, to)
		}
	}
}

func FuzzUsual(f *testing.F) {
	f.Add("電梯壞了，聯繫13800001234")
	f.Add("\xff電")
	f.Fuzz(func(t *testing.T, s string) {
		got := Usual(s)
		if Usual(got) != got || utf8.RuneCountInString(got) != utf8.RuneCountInString(s) {
			t.Errorf("%q: %q", s, got)
		}
	})
}
