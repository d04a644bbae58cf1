package content

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWords(t *testing.T) {
	w := BuiltIn()
	for text, want := range map[string]Verdict{
		"":          Pass,
		"路灯已经修好，谢谢": Pass,
		"物业公司很久才来，不太满意":              Pass,
		"有事加微信 abc":                  Review,
		"有事加 微—信":                    Review,
		"ＡＤＤ 加ＱＱ 123":                Review,
		"请加\u200bQ\u200bq":           Review,
		"再不解决我就跳 楼":                  Review,
		"代 开*发·票":                    Risky,
		"加微信，代开发票":                   Risky,
		strings.Repeat("好", 100_000): Pass,
	} {
		if got := w.Check(text); got != want {
			t.Errorf("%.40q: %s, want %s", text, got, want)
		}
	}
}

func TestALineThatIsNoWord(t *testing.T) {
	for text, want := range map[string]string{"好的\n!a": "第 2 行", "！！！": "2 到 40 个字", strings.Repeat("长", 41): "2 到 40 个字"} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	w, err := Parse("# 注释\n\n!甲乙\n甲乙\n")
	if err != nil || w.Check("甲乙") != Risky {
		t.Error("the milder of two lines counts", err)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("!甲乙\n丙丁戊\n", "甲 乙丙丁")
	f.Fuzz(func(t *testing.T, list, text string) {
		w, err := Parse(list)
		if err != nil {
			return
		}
		v := w.Check(text)
		if v != Pass && v != Review && v != Risky {
			t.Fatal(v)
		}
		for _, line := range strings.Split(list, "\n") { // a word is found whatever stands between its letters
			line = strings.TrimSpace(line)
			word, risky := strings.CutPrefix(line, "!")
			if line == "" || strings.HasPrefix(line, "#") || len(plain(word)) < 2 || len(plain(word)) > maxRunes || !utf8.ValidString(word) {
				continue
			}
			got := w.Check("前" + strings.Join(strings.Split(string(plain(word)), ""), " \u200b·") + "后")
			if got == Pass || risky && got != Risky {
				t.Fatalf("%q: %s", word, got)
			}
		}
	})
}
