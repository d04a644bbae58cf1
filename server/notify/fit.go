package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"xiaopu/server/wechat"
	"xiaopu/server/workday"
)

// The lengths that keywords take, in characters (参数值内容限制说明 in the documents of subscribe messages).
const (
	maxThing = 20
	maxCode  = 32
	maxState = 5
	maxName  = 10 // of Han; others twice as many
)

// Fit makes a value acceptable to a keyword such as thing1, or says why it cannot be. Free text (thing, name) is cut; codes and
// states never are, since a cut one would be wrong. allowed are the values of a const keyword.
func Fit(keyword, value string, allowed []string) (string, error) {
	v := clean(value)
	if v == "" {
		return "", fmt.Errorf("%s: empty", keyword)
	}
	n := utf8.RuneCountInString(v)
	switch strings.TrimRight(keyword, "0123456789") {
	case "thing":
		return cut(v, maxThing), nil
	case "name":
		v = clean(strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) {
				return -1
			}
			return r
		}, v))
		if v == "" {
			return "", fmt.Errorf("%s: no name", keyword)
		}
		if strings.ContainsFunc(v, func(r rune) bool { return r > unicode.MaxASCII }) {
			return cut(v, maxName), nil
		}
		if n := utf8.RuneCountInString(v); n > 2*maxName {
			v = v[:2*maxName]
		}
		return strings.TrimSpace(v), nil
	case "character_string":
		if n > maxCode || strings.ContainsFunc(v, func(r rune) bool { return r > unicode.MaxASCII }) {
			return "", fmt.Errorf("%s: takes %d letters, digits and signs", keyword, maxCode)
		}
	case "phrase":
		if n > maxState || strings.ContainsFunc(v, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) {
			return "", fmt.Errorf("%s: takes %d Han characters", keyword, maxState)
		}
	case "const":
		if !slices.Contains(allowed, v) {
			return "", fmt.Errorf("%s: none of its values", keyword)
		}
	case "time", "date":
		if _, err := time.Parse(timeForm, v); err != nil {
			return "", fmt.Errorf("%s: no time", keyword)
		}
	default:
		return "", fmt.Errorf("%s: a keyword of a kind that is not known", keyword)
	}
	return v, nil
}

// timeForm is the one form that keywords of time and of date both take.
const timeForm = "2006年01月02日 15:04"

// fitTime is an instant in Shanghai.
func fitTime(t time.Time) string { return t.In(workday.Shanghai).Format(timeForm) }

// clean drops what the platform refuses or whose length it counts in a way we do not know: control and format characters, line
// breaks, emoji. Spaces are joined.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Variation_Selector), r > 0xFFFF, 0x2600 <= r && r <= 0x27BF:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// cut shortens free text to n characters, the last of which then says so.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}

// What a card of WeCom takes (content_item of miniprogram_notice): characters, and lines.
const (
	minCardTitle, maxCardTitle = 4, 12
	maxCardValue               = 30
)

const hintKey = "提示"

// card makes a card of a message, within what WeCom takes. A title that is too short for it says whose it is; a line without a value is left out, and so
// is a code or a state that is too long, for a cut one would be wrong.
func card(m Message) (title string, items []wechat.Item) {
	title = cut(clean(m.Title), maxCardTitle)
	if utf8.RuneCountInString(title) < minCardTitle {
		title = cut("难事快办"+title, maxCardTitle)
	}
	lines := []wechat.Item{{Key: "工单编号", Value: m.Number}, {Key: "当前状态", Value: m.State}, {Key: hintKey, Value: m.Hint}, {Key: "时间", Value: fitTime(m.At)}}
	if !m.Due.IsZero() {
		lines = append(lines, wechat.Item{Key: "办理时限", Value: fitTime(m.Due)})
	}
	for _, l := range lines {
		l.Value = clean(l.Value)
		if l.Value == "" || l.Key != hintKey && utf8.RuneCountInString(l.Value) > maxCardValue {
			continue
		}
		l.Value = cut(l.Value, maxCardValue)
		items = append(items, l)
	}
	return title, items
}
