package recognition

import (
	"slices"
	"strings"
	"unicode"

	"xiaopu/server/ticket"
)

// place is where the matter of a ticket is, as people say it: the estate or village of its row, else what its address
// or text names; "" when nothing does.
func place(t *ticket.Ticket) string {
	if c := strings.TrimSpace(t.Community); c != "" && !slices.Contains(noCommunity, ticket.Fold(c)) {
		return c
	}
	if p := placeIn(t.Address, true); p != "" {
		return p
	}
	if p := placeIn(t.Title, false); p != "" {
		return p
	}
	return placeIn(outside(t.Content), false)
}

var noCommunity = []string{"无", "其他", "其它", "非小区", "无小区", "不涉及小区", "公共区域", "不详", "未知", "-", "/"}

// placeKey makes one key of the spellings of one place: 奉浦街道望舒里小区 and 望舒里.
func placeKey(place string) string {
	k := ticket.Fold(place)
	if i := strings.LastIndex(k, "街道"); i >= 0 && i+len("街道") < len(k) {
		k = k[i+len("街道"):]
	}
	if bare := strings.TrimSuffix(k, "小区"); bare != "" {
		k = bare
	}
	return k
}

// placeRunes bounds how far into a text a place is looked for: it stands at the beginning.
const placeRunes = 400

// placeIn finds the first estate (望舒里小区, 望舒苑) or numbered road (望园路1200弄) a text names. In an address, bare, a
// road without a number will do.
func placeIn(text string, bare bool) string {
	if text == "" {
		return ""
	}
	var room [placeRunes]rune
	rs := room[:0]
	for _, r := range text {
		if len(rs) == placeRunes {
			break
		}
		if r, keep := narrowRune(r); keep {
			rs = append(rs, r)
		}
	}
	road, roadAt, numbered := "", 0, false
	for i, r := range rs {
		if numbered && i-roadAt > nearRoad {
			break
		}
		switch r {
		case '小', '花', '新', '公', '家', '名', '华', '苑':
			ending := estateAt(rs[i:])
			if ending == 0 {
				continue
			}
			from := nameStart(rs, i)
			if i-from < 2 || generic(rs[from:i]) {
				continue
			}
			if r == '小' {
				ending = 0 // 小区 is no part of the name
			}
			return string(rs[from : i+ending])
		case '路', '道', '街':
			if p, n := roadEnding(rs, i); n && !numbered || bare && road == "" {
				road, roadAt, numbered = p, i, n
			}
		}
	}
	return road
}

// nearRoad is how far behind a numbered road an estate's name still says the same place better.
const nearRoad = 16

// narrowRune gives the half-width form of r and leaves out white space, as ticket.Fold does.
func narrowRune(r rune) (rune, bool) {
	switch {
	case r <= ' ' || r == 0x3000 || r == 0xa0 || unicode.IsSpace(r):
		return 0, false
	case 0xff01 <= r && r <= 0xff5e:
		r -= 0xfee0
	}
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r, true
}

// estateEndings are the words the names of estates end with; those that end with 苑 share that one.
var estateEndings = [][]rune{
	[]rune("小区"), []rune("花园"), []rune("新村"), []rune("公寓"), []rune("公馆"), []rune("家园"), []rune("名邸"), []rune("华庭"), []rune("苑"),
}

// estateAt is the length of the ending that rs begins with, or 0.
func estateAt(rs []rune) int {
	for _, e := range estateEndings {
		if len(rs) >= len(e) && slices.Equal(rs[:len(e)], e) {
			return len(e)
		}
	}
	return 0
}

// roadEnding reads the road whose name ends at i with the number behind it, up to the lane or the gate: 望园路1200弄34号
// is 望园路1200弄.
func roadEnding(rs []rune, i int) (place string, numbered bool) {
	from := nameStart(rs, i)
	switch {
	case i-from < 2, generic(rs[from:i]):
		return "", false
	case rs[i] == '道' && rs[i-1] != '大', rs[i] == '街' && i+1 < len(rs) && rs[i+1] == '道':
		return "", false // 街道, 楼道
	}
	end := i + 1
	for end < len(rs) && '0' <= rs[end] && rs[end] <= '9' {
		end++
	}
	if end > i+1 && end < len(rs) && strings.ContainsRune("弄号巷", rs[end]) {
		return string(rs[from : end+1]), true
	}
	return string(rs[from : i+1]), false
}

// nameStart is where the name that ends before i begins: after the last word that cannot be part of one, but at least
// two characters before i, because names hold such words too (和平路, 新村路).
func nameStart(rs []rune, i int) int {
	const longest = 8
	from := i
	for from > 0 && i-from < longest {
		r := rs[from-1]
		if !unicode.Is(unicode.Han, r) && !unicode.IsDigit(r) && (r < 'a' || r > 'z') {
			break
		}
		if i-from >= 2 && strings.ContainsRune(notInNames, r) {
			break
		}
		from--
	}
	for from < i && '0' <= rs[from] && rs[from] <= '9' {
		from++ // a number before a name belongs to what stands before
	}
	return from
}

const notInNames = "在住于是的到至从往和与及由对将把因我你他她们区镇市县道路村号弄室称映诉询助报议求决治查闭访说了有为处位日时"

// generic reports whether a word before 小区 or 路 names none in particular.
func generic(name []rune) bool {
	s := string(name)
	for _, w := range genericPlaces {
		if strings.HasSuffix(s, w) {
			return true
		}
	}
	return false
}

var genericPlaces = []string{
	"我们", "你们", "他们", "本", "该", "整个", "这个", "那个", "某", "全", "各", "多个", "几个", "老旧", "附近", "周边", "隔壁", "同一", "居民", "住宅",
	"封闭", "其他", "其它", "新建", "安置", "动迁", "商品房", "所在", "中心", "道", "马", "公", "线", "铁", "电", "水", "管", "条", "小区",
}

// outside is the beginning of a text without the platform's 【…】 blocks, which quote other tickets. A block that never
// closes was cut off by the source: all of it goes when it speaks of a ticket, otherwise only its bracket.
func outside(text string) string {
	if !strings.Contains(text, "【") {
		return text
	}
	var b strings.Builder
	depth, from := 0, 0 // text[from:] is not decided yet
	for i, r := range text {
		switch {
		case r == '【':
			if depth++; depth == 1 {
				b.WriteString(text[from:i])
				from = i + len("【")
			}
		case r == '】' && depth > 0:
			if depth--; depth == 0 {
				from = i + len("】")
			}
		}
		if b.Len() > placeRunes*len("字") {
			return b.String() // enough for all who ask
		}
	}
	if depth == 0 || !strings.Contains(text[from:], "工单") {
		b.WriteString(text[from:])
	}
	return b.String()
}
