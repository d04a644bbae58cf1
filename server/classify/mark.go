package classify

import (
	"cmp"
	"slices"
	"strings"
)

// Mark is something that a text says or implies beside its topic: that it is urgent, that it crosses departments.
type Mark struct {
	Kind        string
	Name        string // for people
	Probability float64
	// Feared is set where it has not come to that: threatened, or feared to happen.
	Feared  bool
	Source  Source
	Reasons []Reason // the phrases
}

const (
	reach  = 12 // characters that a gap of a phrase may span
	before = 16 // characters of the clause before a phrase in which it may be made hypothetical
)

// marks finds what rules say about a text, the likeliest first, each kind once.
func (x *Lexicon) mark(rules []rule, t Text) (out []Mark) {
	title, body := t.parts()
	for _, r := range rules {
		found := map[string]float64{}
		asserted := false
		for _, text := range [][]rune{title, body} {
			for _, phrase := range r.phrases {
				for from := 0; from < len(text); {
					at, last, end := match(text, phrase, from)
					if at < 0 {
						break
					}
					from = at + 1
					// 居民没有上访: what stands in a gap counts as well.
					switch max(x.standing(text, at), x.standing(text, last)) {
					case denied:
						continue
					case asserts:
						asserted = true
					}
					found[string(text[at:end])] = float64(end - at)
				}
			}
		}
		if len(found) == 0 {
			continue
		}
		for words := range found { // 互相推诿 says what 互相推 does
			for other := range found {
				if other != words && strings.Contains(other, words) {
					delete(found, words)
					break
				}
			}
		}
		m := Mark{Kind: r.Kind, Name: r.Name, Probability: float64(r.Probability) / 100, Source: FromLexicon, Reasons: reasons(found), Feared: !asserted}
		if m.Feared {
			m.Probability /= 2
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b Mark) int { return cmp.Compare(b.Probability, a.Probability) })
	return out
}

// match finds the first place from an offset on where the pieces of a phrase stand in one clause, near one another: where the
// first and the last piece begin and where it ends, -1 where it does not stand.
func match(text []rune, phrase [][]rune, from int) (at, last, end int) {
	for at = from; at < len(text); at++ {
		if !begins(text, at, phrase[0]) {
			continue
		}
		last, end = at, at+len(phrase[0])
		whole := true
		for _, piece := range phrase[1:] {
			next := -1
			for i := end; i <= end+reach && i < len(text) && text[i] != gap; i++ {
				if begins(text, i, piece) {
					last, next = i, i+len(piece)
					break
				}
			}
			if next < 0 {
				whole = false
				break
			}
			end = next
		}
		if whole {
			return at, last, end
		}
	}
	return -1, -1, -1
}

func begins(text []rune, at int, piece []rune) bool {
	return at+len(piece) <= len(text) && slices.Equal(text[at:at+len(piece)], piece)
}

// standing is whether a phrase is meant; a greater one overrules a lesser.
type standing int

const (
	asserts standing = iota
	feared
	denied
)

// standing looks at the clause before a phrase. A denial must stand right before it, since 没人管，只好集体上访 denies
// nothing; what prevents or supposes may stand further ahead.
func (x *Lexicon) standing(text []rune, at int) standing {
	start := at
	for start > 0 && at-start < before && text[start-1] != gap {
		start--
	}
	clause := text[start:at]
	rest := clause
	for {
		if ends(rest, x.negations) > 0 {
			return denied
		}
		n := ends(rest, x.between)
		if n == 0 {
			break
		}
		rest = rest[:len(rest)-n]
	}
	if contains(clause, x.preventions) {
		return denied
	}
	if contains(clause, x.hypotheticals) {
		return feared
	}
	// A condition stands in the clause before: 如果再不解决，我们就集体上访.
	if end := start - 1; end > 0 && text[end] == gap {
		for start = end; start > 0 && end-start < before && text[start-1] != gap; start-- {
		}
		if contains(text[start:end], x.conditions) {
			return feared
		}
	}
	return asserts
}

// ends gives how long the longest of words is that text ends with, 0 when none.
func ends(text []rune, words [][]rune) int {
	for _, w := range words {
		if len(w) <= len(text) && slices.Equal(text[len(text)-len(w):], w) {
			return len(w)
		}
	}
	return 0
}

func contains(text []rune, words [][]rune) bool {
	for i := range text {
		for _, w := range words {
			if begins(text, i, w) {
				return true
			}
		}
	}
	return false
}
