package notify

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"xiaopu/server/wechat"
)

func TestFit(t *testing.T) {
	for name, c := range map[string]struct {
		keyword, value string
		want           string // "" for a refusal
	}{
		"free text that fits":                        {"thing1", "请接单办理", "请接单办理"},
		"free text is cut":                           {"thing5", strings.Repeat("长", 21), strings.Repeat("长", 19) + "…"},
		"no space is left before the cut":            {"thing5", strings.Repeat("长", 18) + " 长长长", strings.Repeat("长", 18) + "…"},
		"line breaks become spaces":                  {"thing2", "第一行\n第二行\t末", "第一行 第二行 末"},
		"emoji and control characters go":            {"thing2", "好\u0007的👍☀️", "好的"},
		"broken text is repaired":                    {"thing2", "好\xff的", "好的"},
		"nothing is left":                            {"thing2", "👍\n", ""},
		"a code":                                     {"character_string1", "NS2026-000042", "NS2026-000042"},
		"a code is never cut":                        {"character_string1", strings.Repeat("1", 33), ""},
		"a code has no Han":                          {"character_string1", "编号1", ""},
		"a state":                                    {"phrase3", "待接单", "待接单"},
		"a state is never cut":                       {"phrase3", "等待接单办理", ""},
		"a state is Han alone":                       {"phrase3", "13笔", ""},
		"a time":                                     {"time4", "2026年03月01日 15:01", "2026年03月01日 15:01"},
		"a time in another form":                     {"time4", "2026-03-01 15:01", ""},
		"a name without digits":                      {"name1", "王小明12", "王小明"},
		"a long name is cut":                         {"name1", strings.Repeat("王", 11), strings.Repeat("王", 9) + "…"},
		"a long name in letters":                     {"name1", strings.Repeat("a", 30), strings.Repeat("a", 20)},
		"a name of digits":                           {"name1", "123", ""},
		"a value of the list":                        {"const1", "待办", "待办"},
		"a value that is not on the list":            {"const1", "已办", ""},
		"a keyword of a kind that nobody told us of": {"hologram1", "x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Fit(c.keyword, c.value, []string{"待办"})
			if got != c.want || (err != nil) != (c.want == "") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestCardsOfWeCom(t *testing.T) {
	due := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		m     Message
		title string
		items []wechat.Item
	}{
		"what fits": {
			Message{Title: "难事交办", State: "待接单", Number: "NS2026-000042", Hint: "请接单办理", At: due, Due: due}, "难事交办",
			[]wechat.Item{{Key: "工单编号", Value: "NS2026-000042"}, {Key: "当前状态", Value: "待接单"}, {Key: "提示", Value: "请接单办理"}, {Key: "时间", Value: "2026年03月05日 17:00"}, {Key: "办理时限", Value: "2026年03月05日 17:00"}},
		},
		"a short title says whose it is": {Message{Title: "催办", State: "被催办", At: due}, "难事快办催办", []wechat.Item{{Key: "当前状态", Value: "被催办"}, {Key: "时间", Value: "2026年03月05日 17:00"}}},
		"no title":                       {Message{State: "被催办", At: due}, "难事快办", []wechat.Item{{Key: "当前状态", Value: "被催办"}, {Key: "时间", Value: "2026年03月05日 17:00"}}},
		"free text is cut, a code left out": {
			Message{Title: strings.Repeat("长", 13), State: "待接单", Number: strings.Repeat("1", 31), Hint: strings.Repeat("长", 31) + "\n", At: due}, strings.Repeat("长", 11) + "…",
			[]wechat.Item{{Key: "当前状态", Value: "待接单"}, {Key: "提示", Value: strings.Repeat("长", 29) + "…"}, {Key: "时间", Value: "2026年03月05日 17:00"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			title, items := card(c.m)
			if title != c.title || !slices.Equal(items, c.items) {
				t.Errorf("%q %v", title, items)
			}
		})
	}
}

// The stand-in is as strict as WeCom about what cards hold: none of ours is refused, whatever an installation's words are.
func FuzzCard(f *testing.F) {
	f.Add("难事交办", "待接单", "NS2026-000042", "请接单办理")
	f.Add("", "", "", "")
	f.Add("催\u200b", "👍", strings.Repeat("1", 40), strings.Repeat("长", 100)+"\xff")
	f.Fuzz(func(t *testing.T, event, state, number, hint string) {
		title, items := card(Message{Title: event, State: state, Number: number, Hint: hint, At: tuesday, Due: tuesday})
		if n := utf8.RuneCountInString(title); n < 4 || n > 12 || !utf8.ValidString(title) {
			t.Errorf("title %q", title)
		}
		if len(items) == 0 || len(items) > 10 {
			t.Errorf("%d lines", len(items))
		}
		for _, i := range items {
			if k, v := utf8.RuneCountInString(i.Key), utf8.RuneCountInString(i.Value); k < 1 || k > 10 || v < 1 || v > 30 || !utf8.ValidString(i.Value) || strings.ContainsFunc(i.Value, unicode.IsControl) {
				t.Errorf("%+v", i)
			}
			if i.Key != hintKey && strings.HasSuffix(i.Value, "…") && !strings.HasSuffix(clean(number), "…") && !strings.HasSuffix(clean(state), "…") {
				t.Errorf("%s was cut", i.Key)
			}
		}
	})
}

func TestTimesAreOfShanghai(t *testing.T) {
	if got := fitTime(time.Date(2026, 2, 28, 23, 30, 0, 0, time.UTC)); got != "2026年03月01日 07:30" {
		t.Error(got)
	}
}

func FuzzFit(f *testing.F) {
	for _, keyword := range []string{"thing1", "character_string2", "phrase3", "time4", "name5", "const6", "other7"} {
		f.Add(keyword, "请接单办理 NS2026-000042\n👍")
	}
	f.Fuzz(func(t *testing.T, keyword, value string) {
		got, err := Fit(keyword, value, []string{"待办"})
		if err != nil {
			if got != "" {
				t.Errorf("%q with an error", got)
			}
			return
		}
		n := utf8.RuneCountInString(got)
		limit := map[string]int{"thing": 20, "character_string": 32, "phrase": 5, "name": 20}[strings.TrimRight(keyword, "0123456789")]
		if got == "" || !utf8.ValidString(got) || limit > 0 && n > limit || strings.ContainsFunc(got, unicode.IsControl) || got != strings.TrimSpace(got) {
			t.Errorf("%s: %q of %q", keyword, got, value)
		}
		if again, err := Fit(keyword, got, []string{"待办"}); err != nil || again != got {
			t.Errorf("%q does not fit a second time: %q, %v", got, again, err)
		}
		if kind := strings.TrimRight(keyword, "0123456789"); kind != "thing" && kind != "name" && strings.HasSuffix(got, "…") && !strings.HasSuffix(clean(value), "…") {
			t.Errorf("%s was cut", kind)
		}
	})
}
