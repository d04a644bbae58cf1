package matter

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"xiaopu/server/ticket"
)

// term is something that two texts can have in common, as a hash of 20 bits: a text cannot be read back from it. Most are
// pairs of characters that stand next to each other, in either order, so that 丽发 and 发丽 are the same. Within names there
// are pairs with one character between, too: most of 富瑞苑 is in 瑞富苑.
type term uint32

const termBits = 20

// key is what a document is found by: as term, of 32 bits.
type key uint32

func (k key) term() term { return term(k >> (32 - termBits)) }

// The kinds of key.
const (
	kindPair = iota + 1
	kindToken
	kindCharacter
	kindConcept
	kindLine
	kindBoth
)

func hash(kind, a, b uint32) key {
	h := kind*0x9e3779b1 ^ a*0x85ebca6b ^ b*0xc2b2ae35
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return key(h)
}

func pair(a, b rune) key {
	if a > b {
		a, b = b, a
	}
	return hash(kindPair, uint32(a), uint32(b))
}

// signature is what a document is compared by.
type signature struct {
	words    []term   // of the whole text outside names, sorted
	named    []term   // of all names, sorted
	names    [][]term // of each name of the title, else of the text's beginning; all of them are in named
	sure     []bool   // beside names: it is certainly a name
	title    []term   // characters of the title, sorted
	concepts []uint8  // of the whole text, sorted
	asked    []uint8  // those of the title, sorted
	lines    []term   // numbers of bus and metro lines in the title
}

// The lengths that are looked at.
const (
	maxTitle = 60  // characters
	maxText  = 400 // characters
	maxWords = 250 // terms kept of them: those of the title and the names, and the rarest
	maxNames = 4
	maxName  = 12  // characters of one
	maxNamed = 150 // terms of names, after which no more are looked at
)

// reading is a document with all that was found in it.
type reading struct {
	signature
	head, text []rune  // title and text
	untitled   bool    // head is how the text begins
	spans      []place // of names, in head when inHead, else in text
	inHead     bool
	inName     []bool // characters of head that belong to names
	keys       []key  // see candidates
	every      []term // words before they were cut
	first      []term // words that are kept: see cut
	cutBy      learnt
	places     *gazetteer // by which it was read
}

// letters is the text as letters and digits with single gaps. Chinese numerals that number something are digits: 一号线, 三中.
func letters(text string, most int) []rune {
	out := make([]rune, 0, min(len(text)/3+1, most))
	numeral := rune(0)
	for _, r := range text {
		if len(out) >= most {
			break
		}
		if numeral != 0 && strings.ContainsRune("号中小期栋幢区路弄组校段线", r) {
			out[len(out)-1] = numeral
		}
		numeral = 0
		switch {
		case r == '第':
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if i := strings.IndexRune("一二三四五六七八九", r); i >= 0 {
				numeral = '1' + rune(i/len("一"))
			}
			out = append(out, unicode.ToLower(r))
		case len(out) > 0 && out[len(out)-1] != gap:
			out = append(out, gap)
		}
	}
	return out
}

const gap = ' '

// own is what a text says for itself: without formulas, greetings, quoted orders, phone and ID numbers, in usual characters.
func own(text string, most int) []rune {
	return letters(ticket.Usual(ticket.Clean(beginning(text))), most)
}

// beginning is as much of a text as can be looked at: cleaning all of a long one would take longer than all else.
func beginning(text string) string {
	n := 0
	for i := range text {
		if n++; n > 3*maxText {
			return text[:i]
		}
	}
	return text
}

// empty are characters that say nothing of the matter; a pair of two is no term.
var empty = runes("的了在是和与及对我你他她们这那也就都还又很太请求望诉报映反投咨询问议建关于何时什么怎样没不有无被把将从到于能会可要给个些人您好领导谢尊敬市长书记希部门相尽快解决处理此该已经但而且所以因为如果现本一")

func runes(s string) map[rune]bool {
	m := map[rune]bool{}
	for _, r := range s {
		m[r] = true
	}
	return m
}

// eachPair calls f for each two characters of rs[from:to] at most apart places from each other.
func eachPair(rs []rune, from, to, apart int, f func(i, j int)) {
	for i := from; i < to; i++ {
		for j := i + 1; j < to && j <= i+apart && rs[j] != gap; j++ {
			if rs[i] != gap && (rs[i] >= 0x80 || rs[j] >= 0x80) {
				f(i, j)
			}
		}
	}
}

// eachToken calls f for each run of two or more digits and Latin letters.
func eachToken(rs []rune, f func(k key)) {
	for i := 0; i < len(rs); i++ {
		j, v := i, uint32(0)
		for ; j < len(rs) && rs[j] < 0x80 && rs[j] != gap; j++ {
			v = v*131 + uint32(rs[j])
		}
		if j > i+1 {
			f(hash(kindToken, v, 0))
		}
		i = max(i, j)
	}
}

func sorted[T cmp.Ordered](ts []T) []T {
	slices.Sort(ts)
	return slices.Compact(ts)
}

// read finds in a document what it is compared by. Words are not cut to maxWords yet: see Index.cut.
func (g *gazetteer) read(d Doc) *reading {
	r := &reading{head: own(d.Title, maxTitle), text: own(d.Text, maxText), places: g}
	if len(r.head) == 0 {
		r.head, r.untitled = r.text[:min(len(r.text), 40)], true
	}
	headWords, textWords := findWords(r.head), findWords(r.text)
	headClass, textClass := classify(r.head, headWords), classify(r.text, textWords)
	headNames, textNames := findNames(r.head, headClass, headWords), findNames(r.text, textClass, textWords)

	var named []term // the terms of all names
	terms := func(rs []rune) (ts []term, ks []key) {
		eachPair(rs, 0, len(rs), 2, func(i, j int) {
			ks = append(ks, pair(rs[i], rs[j]))
			ts = append(ts, pair(rs[i], rs[j]).term())
		})
		return sorted(ts), sorted(ks)
	}
	var nameKeys [][]key
	add := func(rs []rune, sure bool) {
		rs = rs[:min(len(rs), maxName)]
		ts, ks := terms(rs)
		if len(named) > maxNamed {
			return // a list of places
		}
		if len(ts) > 0 && len(r.names) < maxNames {
			r.names = append(r.names, ts)
			r.sure = append(r.sure, sure)
			nameKeys = append(nameKeys, ks)
		}
		named = append(named, ts...)
	}
	known := g.find(r.head)
	if where := own(d.Place, maxTitle); len(where) > 0 {
		if k := g.find(where); len(k) > 0 {
			known = append(known, k...)
		} else if names := findNames(where, classify(where, findWords(where)), findWords(where)); len(names) > 0 {
			for _, n := range names {
				add(where[n.from:n.to], true)
			}
		} else if len(where) <= maxName {
			add(where, true)
		}
	}
	for _, k := range known {
		add(k, true)
	}
	r.spans, r.inHead = headNames, true
	rs := r.head
	if len(headNames) == 0 && len(r.names) == 0 {
		for _, k := range g.find(r.text) {
			add(k, true)
		}
		r.inHead, rs, r.spans = false, r.text, nil
		for _, n := range textNames {
			if n.sure {
				r.spans = append(r.spans, n)
			}
		}
	}
	if len(r.spans) > maxNames {
		slices.SortStableFunc(r.spans, func(a, b place) int {
			if a.sure != b.sure {
				if a.sure {
					return -1
				}
				return 1
			}
			return cmp.Compare(a.from, b.from)
		})
		r.spans = r.spans[:maxNames]
	}
	for _, n := range r.spans {
		add(rs[n.from:n.to], n.sure)
	}
	for _, n := range textNames {
		if n.sure && len(named) < maxNamed {
			ts, _ := terms(r.text[n.from:n.to])
			named = append(named, ts...)
		}
	}
	r.named = sorted(named)
	var words []term
	outside := func(k key) {
		if t := k.term(); !has(r.named, t) {
			words = append(words, t)
		}
	}
	r.inName = make([]bool, len(r.head))
	for _, n := range headNames {
		for i := n.from; i < n.to; i++ {
			r.inName[i] = true
		}
	}
	for _, rs := range [][]rune{r.head, r.text} {
		eachPair(rs, 0, len(rs), 1, func(i, j int) {
			if !empty[rs[i]] || !empty[rs[j]] {
				outside(pair(rs[i], rs[j]))
			}
		})
		eachToken(rs, outside)
	}
	r.every = sorted(words)
	r.words = r.every

	for i, c := range r.head {
		if c != gap && !empty[c] {
			r.title = append(r.title, hash(kindCharacter, uint32(c), 0).term())
		}
		if isDigit(c) && (i == 0 || !isDigit(r.head[i-1])) {
			r.line(i)
		}
	}
	r.title = sorted(r.title)
	concepts := func(ws []word, class []byte) {
		for _, w := range ws {
			if class == nil || class[w.from] != classEnd { // the kind of a place is no problem
				r.concepts = append(r.concepts, w.concepts...)
			}
		}
	}
	concepts(headWords, headClass)
	r.key(nameKeys, r.concepts)
	r.asked = sorted(slices.Clone(r.concepts))
	concepts(textWords, textClass)
	concepts(findWords(letters(d.Category, maxTitle)), nil)
	slices.Sort(r.concepts)
	r.concepts = slices.Compact(r.concepts)
	r.lines = sorted(r.lines)
	return r
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// line notes the number that begins at i of the title when it is that of a bus or metro line.
func (r *reading) line(i int) {
	j, v := i, uint32(0)
	for ; j < len(r.head) && isDigit(r.head[j]); j++ {
		v = v*10 + uint32(r.head[j]-'0')
	}
	if j == i {
		return
	}
	after, before := string(r.head[j:min(j+2, len(r.head))]), string(r.head[max(0, i-3):i])
	for _, s := range []string{"号线", "路", "线", "区间"} {
		if strings.HasPrefix(after, s) {
			r.lines = append(r.lines, hash(kindLine, v, 0).term())
			return
		}
	}
	if strings.HasSuffix(before, "公交") || strings.HasSuffix(before, "公交车") {
		r.lines = append(r.lines, hash(kindLine, v, 0).term())
	}
}

// key makes what the document is found by: the words of its names and of its title, and each of the problems in the
// title with each of its names, so that what is common alone is found together.
func (r *reading) key(names [][]key, problems []uint8) {
	for _, n := range names {
		r.keys = append(r.keys, n...)
		for _, k := range n[:min(len(n), 2)] { // two that stand for it, whatever stands around it
			for _, c := range problems[:min(len(problems), 4)] {
				r.keys = append(r.keys, hash(kindBoth, uint32(k), uint32(c)))
			}
		}
	}
	add := func(k key) {
		r.keys = append(r.keys, k)
		r.first = append(r.first, k.term())
	}
	eachPair(r.head, 0, len(r.head), 1, func(i, j int) {
		if !empty[r.head[i]] || !empty[r.head[j]] {
			add(pair(r.head[i], r.head[j]))
		}
	})
	eachToken(r.head, add)
	r.keys, r.first = sorted(r.keys), sorted(r.first)
}
