package matter

import (
	"slices"
	"strings"
	"unicode"

	"xiaopu/server/ticket"
)

// Terms are what two texts can have in common, as hashes: a text cannot be read back from them.
//
//   - pairs of characters that stand next to each other or with one between, in either order, so that 丽发 and 发丽, and
//     most of 富瑞苑 and 瑞富苑, are the same;
//   - concepts (see concepts).
type term = uint32

// The kinds of term.
const (
	kindPair    = 1
	kindConcept = 2
	kindNumber  = 3
)

func hash(kind, a, b uint32) term {
	h := kind*0x9e3779b1 ^ a*0x85ebca6b ^ b*0xc2b2ae35
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return h
}

func pair(a, b rune) term {
	if a > b {
		a, b = b, a
	}
	return hash(kindPair, uint32(a), uint32(b))
}

// signature is what the index keeps of a document. Its parts are sorted sets.
type signature struct {
	names  []term // pairs within the names of the title, or of the text's beginning where the title names nothing
	topic  []term // the rest of the title
	body   []term // the whole text, names and all, the title among it
	areas  []term
	lines  []term // numbers of lines, buildings, …
	copied uint64 // TODO
}

// The lengths that are looked at, in characters.
const (
	maxTitle = 60
	maxText  = 400
)

// letters is the text as letters and digits with single gaps.
func letters(text string, most int) []rune {
	out := make([]rune, 0, min(len(text)/3+1, most))
	for _, r := range text {
		if len(out) >= most {
			break
		}
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			out = append(out, unicode.ToLower(r))
		case len(out) > 0 && out[len(out)-1] != gap:
			out = append(out, gap)
		}
	}
	return out
}

const gap = ' '

// span is a concept in a text.
type span struct {
	from, to int
	concept  int
}

// words is a tree of the concepts' words.
type words struct {
	next map[rune]*words
	end  []int
}

var lexicon, conceptName = func() (*words, []string) {
	root := &words{next: map[rune]*words{}}
	var names []string
	for i, line := range concepts {
		fields := strings.Fields(line)
		names = append(names, fields[0])
		for _, w := range fields[1:] {
			n := root
			for _, r := range w {
				m := n.next[r]
				if m == nil {
					m = &words{next: map[rune]*words{}}
					n.next[r] = m
				}
				n = m
			}
			if !slices.Contains(n.end, i) {
				n.end = append(n.end, i)
			}
		}
	}
	return root, names
}()

// findConcepts gives the concepts of rs, the longest word at each place.
func findConcepts(rs []rune) []span {
	var found []span
	for i := 0; i < len(rs); i++ {
		n := lexicon
		var best *words
		to := 0
		for j := i; j < len(rs); j++ {
			n = n.next[rs[j]]
			if n == nil {
				break
			}
			if len(n.end) > 0 {
				best, to = n, j+1
			}
		}
		if best != nil {
			for _, c := range best.end {
				found = append(found, span{i, to, c})
			}
			i = to - 1
		}
	}
	return found
}

// empty are characters that say nothing of the matter; a pair of two is no term.
const empty = "的了在是和与及对我你他她们这那也就都还又很太请求望诉报映反投咨询问议建关于何时什么怎样没不有无被把将从到于能会可要给个些人您好领导谢尊敬市长书记希部门相尽快解决处理此该已经但而且所以因为如果现本一"

func isEmpty(r rune) bool { return strings.ContainsRune(empty, r) }

type reading struct {
	title, text []rune
	names       []place
	signature
}

func (g *gazetteer) read(d Doc) reading {
	var r reading
	r.title = letters(ticket.Clean(d.Title), maxTitle)
	r.text = letters(ticket.Clean(d.Text), maxText)
	if len(r.title) == 0 {
		r.title = r.text[:min(len(r.text), 40)]
	}
	mark := func(rs []rune, spans []span) []bool {
		taken := make([]bool, len(rs))
		for _, s := range spans {
			for i := s.from; i < s.to; i++ {
				taken[i] = true
			}
		}
		return taken
	}
	tc, xc := findConcepts(r.title), findConcepts(r.text)
	tTaken := mark(r.title, tc)
	xTaken := mark(r.text, xc)
	titleNames := g.findNames(r.title, tTaken)
	textNames := g.findNames(r.text, xTaken)
	r.names = titleNames
	inName := make([]bool, len(r.title))
	pairsOf := func(rs []rune, from, to int, f func(i, j int)) {
		for i := from; i < to; i++ {
			for j := i + 1; j < to && j <= i+2; j++ {
				if rs[i] == gap || rs[j] == gap || j == i+2 && rs[i+1] == gap {
					continue
				}
				f(i, j)
			}
		}
	}
	for _, n := range titleNames {
		for i := n.from; i < n.to; i++ {
			inName[i] = true
		}
		pairsOf(r.title, n.from, n.to, func(i, j int) { r.signature.names = append(r.signature.names, pair(r.title[i], r.title[j])) })
	}
	if len(titleNames) == 0 {
		k := 0
		for _, n := range textNames {
			if !n.sure && n.from > 60 {
				continue
			}
			pairsOf(r.text, n.from, n.to, func(i, j int) { r.signature.names = append(r.signature.names, pair(r.text[i], r.text[j])) })
			if k++; k == 3 {
				break
			}
		}
	}
	pairsOf(r.title, 0, len(r.title), func(i, j int) {
		p := pair(r.title[i], r.title[j])
		r.body = append(r.body, p)
		if inName[i] && inName[j] || isEmpty(r.title[i]) && isEmpty(r.title[j]) {
			return
		}
		if j == i+1 {
			r.topic = append(r.topic, p)
		}
	})
	for _, c := range tc {
		h := hash(kindConcept, uint32(c.concept), 0)
		r.topic = append(r.topic, h)
		r.body = append(r.body, h)
	}
	pairsOf(r.text, 0, len(r.text), func(i, j int) {
		if isEmpty(r.text[i]) && isEmpty(r.text[j]) {
			return
		}
		r.body = append(r.body, pair(r.text[i], r.text[j]))
	})
	for _, c := range xc {
		r.body = append(r.body, hash(kindConcept, uint32(c.concept), 0))
	}
	for _, rs := range [][]rune{r.title, r.text[:min(len(r.text), 120)]} {
		for i, c := range rs {
			if i > 0 && strings.ContainsRune("市区县镇", c) {
				from := i - 1
				if from > 0 && rs[from] >= '0' && rs[from] <= '9' {
					from--
				}
				r.areas = append(r.areas, hash(9, uint32(rs[from]), uint32(rs[i-1])))
			}
		}
	}
	for i := 0; i < len(r.title); i++ {
		j, v := i, uint32(0)
		for j < len(r.title) && r.title[j] >= '0' && r.title[j] <= '9' {
			v = v*10 + uint32(r.title[j]-'0')
			j++
		}
		if j > i && j < len(r.title) && !strings.ContainsRune("区县市", r.title[j]) {
			r.lines = append(r.lines, hash(kindNumber, v, 0))
		}
		if j > i {
			i = j
		}
	}
	for _, s := range []*[]term{&r.signature.names, &r.topic, &r.body, &r.areas, &r.lines} {
		slices.Sort(*s)
		*s = slices.Clip(slices.Compact(*s))
	}
	return r
}
