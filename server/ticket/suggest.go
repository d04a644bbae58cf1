package ticket

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Why says on what a suggestion rests, the surest first.
type Why string

// The reasons.
const (
	WhyProfile Why = "profile" // a saved profile knows the header
	WhySynonym Why = "synonym" // the header is one of those known
	WhySimilar Why = "similar" // the header is like one of those known
	WhyContent Why = "content" // the cells look like it
)

// Suggestion is what a column probably means.
type Suggestion struct {
	Field Field `json:"field"` // empty when nothing suggests itself
	Why   Why   `json:"why,omitempty"`
	// Note says it in a sentence, Chinese.
	Note string `json:"note,omitempty"`
}

// Suggest says what the columns under a header probably mean. Samples are some rows below it; profiles those of the source,
// the best fitting first. A meaning that is only guessed is suggested for one column.
func Suggest(header []string, samples [][]string, profiles []Profile) []Suggestion {
	list := make([]Suggestion, len(header))
	taken := map[Field]bool{}
	give := func(i int, f Field, why Why, note string) {
		list[i] = Suggestion{f, why, note}
		taken[f] = true
	}
	var keys []map[string]Field
	for _, p := range profiles {
		keys = append(keys, p.keys())
	}
	for i, h := range header {
		key := headerKey(h)
		for j, p := range profiles {
			if f, ok := keys[j][key]; ok && key != "" {
				note := "模板“" + p.Name + "”"
				if f == "" {
					note += "：不用这一列"
				}
				give(i, f, WhyProfile, note)
				break
			}
		}
		if list[i].Why == "" {
			if f, _ := lookup(key); f != "" {
				give(i, f, WhySynonym, "已知的列名")
			}
		}
	}
	for i, h := range header {
		if list[i].Why != "" {
			continue
		}
		cells := column(samples, i)
		if f, name := similar(headerKey(h), func(f Field) bool { return !taken[f] && plausible(f, cells) }); f != "" {
			give(i, f, WhySimilar, "与“"+name+"”相近")
		}
	}
	// By their cells: the surest signs first, and of running texts the longest.
	for _, s := range signsOfContent {
		best, bestScore := -1, 0.0
		for i := range header {
			if list[i].Why != "" || taken[s.field] {
				continue
			}
			if score := s.score(column(samples, i)); score > bestScore {
				best, bestScore = i, score
			}
		}
		if best >= 0 {
			give(best, s.field, WhyContent, s.note)
		}
	}
	return list
}

// column gives the cells of a column that are not empty.
func column(rows [][]string, i int) []string {
	var cells []string
	for _, r := range rows {
		if i < len(r) {
			if s := narrow(r[i]); s != "" {
				cells = append(cells, s)
			}
		}
	}
	return cells
}

// plausible reports whether cells can be what a field holds. A header that is only like a known one does not make names of
// numbers, or the other way round.
func plausible(f Field, cells []string) bool {
	if len(cells) == 0 {
		return true
	}
	for _, s := range signsOfContent {
		switch s.field {
		case FieldPhone, FieldIDNumber, FieldCreditCode, FieldLink, FieldSatisfaction:
			if s.field == f {
				return s.score(cells) > 0
			}
		}
	}
	switch f {
	case FieldPeople, FieldReturned, FieldHeat:
		return mostAre(func(s string) bool { return strings.IndexFunc(s, unicode.IsDigit) >= 0 })(cells) > 0
	case FieldOrderNo, FieldRepeatOf, FieldRelated:
		return averageLength(cells) <= 40 && mostAre(func(s string) bool { return strings.IndexFunc(s, unicode.IsDigit) >= 0 })(cells) > 0
	case FieldRequesterName:
		return averageLength(cells) <= 20
	}
	if f.Time() {
		return mostAre(func(s string) bool { _, _, err := ParseTime(s, false); return err == nil })(cells) > 0
	}
	return true
}

// similar finds the header known that is most like this one, of a field that can be: it stands inside it, or shares most of
// its letters.
func similar(key string, can func(Field) bool) (Field, string) {
	if utf8.RuneCountInString(key) < 2 {
		return "", ""
	}
	var field Field
	name, best := "", 0.0
	for _, s := range synonyms {
		if !can(s.field) {
			continue
		}
		for _, n := range s.names {
			known := headerKey(n)
			length := utf8.RuneCountInString(known)
			var score float64
			switch {
			case length >= 3 && strings.HasSuffix(key, known):
				score = 2 + float64(length)
			case length >= 3 && strings.Contains(key, known):
				score = 1 + float64(length)
			case length == 2 && strings.HasSuffix(key, known):
				score = 1
			default:
				if score = alike(key, known); score < 0.6 {
					score = 0
				}
			}
			if score > best {
				field, name, best = s.field, n, score
			}
		}
	}
	return field, name
}

// alike is the share of pairs of neighbouring characters that two words have in common, from 0 to 1.
func alike(a, b string) float64 {
	pairs := func(s string) map[string]int {
		m := map[string]int{}
		r := []rune(s)
		for i := 1; i < len(r); i++ {
			m[string(r[i-1:i+1])]++
		}
		return m
	}
	x, y := pairs(a), pairs(b)
	common, all := 0, 0
	for p, n := range x {
		common += min(n, y[p])
		all += n
	}
	for _, n := range y {
		all += n
	}
	if all == 0 {
		return 0
	}
	return 2 * float64(common) / float64(all)
}

var (
	orderLike   = regexp.MustCompile(`^[A-Za-z\p{Han}]{0,8}[-_〔\[(]?\d[\dA-Za-z〔〕\[\]()_-]{6,38}号?$`)
	addressLike = regexp.MustCompile(`(路|街|弄|巷|村|镇|大道|小区|花苑|新村|公寓).{0,12}\d|\d+(号|弄|室|幢|栋|号楼|组)`)
	creditLike  = regexp.MustCompile(`^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$`)
)

// sign is what the cells of a field look like.
type sign struct {
	field Field
	note  string
	score func(cells []string) float64
}

// signsOfContent are asked in this order: a phone is also a number, an address also a text.
var signsOfContent = []sign{
	{FieldPhone, "内容像电话号码", mostAre(func(s string) bool {
		d, _ := plainNumber(strings.NewReplacer(" ", "", "-", "").Replace(s))
		return mobile(d) || areaCode(d) > 0
	})},
	{FieldIDNumber, "内容像身份证号", mostAre(func(s string) bool { return idChecks(strings.ToUpper(s)) })},
	{FieldCreditCode, "内容像统一社会信用代码", mostAre(func(s string) bool { return creditLike.MatchString(strings.ToUpper(s)) })},
	{FieldLink, "内容是链接", mostAre(func(s string) bool { return strings.Contains(s, "://") })},
	{FieldSatisfaction, "内容是满意度", mostAre(func(s string) bool { return satisfactions[Fold(s)] != "" })},
	{FieldOrderNo, "每行一个不同的编号", func(cells []string) float64 {
		seen := map[string]bool{}
		for _, c := range cells {
			if seen[c] {
				return 0
			}
			seen[c] = true
		}
		return mostAre(func(s string) bool {
			n, exact := plainNumber(s)
			_, hasTime, err := ParseTime(n, false)
			return exact && orderLike.MatchString(n) && (orderTime(n) || err != nil || !hasTime && len(n) > 10)
		})(cells)
	}},
	{FieldAcceptedAt, "内容是时间", mostAre(func(s string) bool {
		_, _, err := ParseTime(s, false)
		return err == nil
	})},
	{FieldAddress, "内容像地址", func(cells []string) float64 {
		if averageLength(cells) > 60 {
			return 0
		}
		return mostAre(addressLike.MatchString)(cells)
	}},
	{FieldContent, "内容是成段的文字", func(cells []string) float64 {
		if n := averageLength(cells); n >= 15 {
			return n
		}
		return 0
	}},
}

// mostAre scores cells of which four in five are alike.
func mostAre(is func(string) bool) func([]string) float64 {
	return func(cells []string) float64 {
		n := 0
		for _, c := range cells {
			if is(c) {
				n++
			}
		}
		if n == 0 || n*5 < len(cells)*4 {
			return 0
		}
		return float64(n) / float64(len(cells))
	}
}

func averageLength(cells []string) float64 {
	n := 0
	for _, c := range cells {
		n += utf8.RuneCountInString(c)
	}
	return float64(n) / float64(max(1, len(cells)))
}

// GuessHeader is the row of the first ten that most looks like a header: many different short words and no numbers, with
// filled rows below it. -1 when no row looks like one.
func GuessHeader(rows [][]string) int {
	best, bestScore := -1, 0
	for i, row := range rows[:min(len(rows), headerRows)] {
		words, seen := 0, map[string]bool{}
		for _, c := range row {
			key := headerKey(c)
			if key == "" || seen[key] {
				continue
			}
			seen[key] = true
			if f, _ := lookup(key); f != "" {
				words += 2
			} else if n := utf8.RuneCountInString(key); n <= 20 && strings.IndexFunc(key, unicode.IsDigit) < 0 {
				words++
			}
		}
		if words >= 2 && words > bestScore {
			best, bestScore = i, words
		}
	}
	return best
}

// MaskCell is a cell as it may be shown to somebody who is only to see what kind of thing it is.
func MaskCell(f Field, text string) string {
	s := narrow(text)
	switch {
	case f == FieldPhone:
		s = MaskPhone(s)
	case f == FieldRequesterName:
		s = MaskName(s)
	case f == FieldIDNumber, f == FieldCreditCode:
		s = strings.Repeat("*", utf8.RuneCountInString(s))
	case f == FieldOrderNo: // it names nobody, unless the column is another
		if mobile(s) || len(s) == 18 && digits(s[:17]) {
			s = MaskText(s)
		}
	case f.Time():
		if _, _, err := ParseTime(s, false); err != nil {
			s = MaskText(s)
		}
	case f == FieldAddress:
		s = MaskAddress(s)
	default:
		r := []rune(s)
		if f == "" && len(r) >= 2 && len(r) <= 4 && strings.ContainsRune(surnames+otherSurnames, r[0]) && !slices.ContainsFunc(r, func(c rune) bool { return !unicode.Is(unicode.Han, c) }) {
			return MaskName(s)
		}
		s = HideNames(MaskAddress(s), Requester{})
	}
	const most = 40
	if r := []rune(s); len(r) > most {
		// A number that the cut runs through is no longer seen for what it is.
		s = strings.TrimRightFunc(string(r[:most]), unicode.IsDigit) + "…"
	}
	return s
}

// Rank orders profiles by how well they fit a header row, the best first; those that fit alike stay in order.
func Rank(header []string, profiles []Profile) []Profile {
	list := slices.Clone(profiles)
	slices.SortStableFunc(list, func(a, b Profile) int {
		x, y := a.Fit(header), b.Fit(header)
		if x.Full() != y.Full() {
			if x.Full() {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.Found, x.Found), cmp.Compare(len(x.Missing), len(y.Missing)))
	})
	return list
}
