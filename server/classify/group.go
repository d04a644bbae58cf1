package classify

import (
	"cmp"
	"math"
	"slices"
)

// Near copies: the same message sent again, or as words that somebody cut. They are found by the pairs of characters that
// they share, the rarer the more.
const (
	probes    = 12   // rarest pairs of a text by which others are looked for
	crowded   = 100  // a pair in more texts finds nobody
	leastHits = 3    // probes that both must have
	leastNear = 0.75 // of what the shorter says, so much the other must say too
	leastSize = 0.15 // a text this much shorter says something of its own
)

// Groups says for each example to which group of near copies it belongs: the groups of equal numbers are the same. What
// examples say of themselves (Group) holds too.
func Groups(examples []Example) []int {
	sets := make([][]uint32, len(examples))
	texts := map[uint32]int{}
	for i, e := range examples {
		sets[i] = e.pairs()
		for _, k := range sets[i] {
			texts[k]++
		}
	}
	having := map[uint32][]int32{}
	for i, set := range sets {
		for _, k := range set {
			if n := texts[k]; n > 1 && n <= crowded {
				having[k] = append(having[k], int32(i))
			}
		}
	}
	weight := func(k uint32) float64 { return math.Log(float64(len(examples)+1) / float64(texts[k])) }
	weights := make([]float64, len(sets))
	for i, set := range sets {
		for _, k := range set {
			weights[i] += weight(k)
		}
	}
	g := newGroups(len(examples))
	named := map[int]int{}
	for i, e := range examples {
		if e.Group != 0 {
			if j, ok := named[e.Group]; ok {
				g.join(i, j)
			}
			named[e.Group] = i
		}
	}
	hits := map[int32]int{}
	for i, set := range sets {
		rare := slices.DeleteFunc(slices.Clone(set), func(k uint32) bool { return having[k] == nil })
		slices.SortFunc(rare, func(a, b uint32) int { return cmp.Or(cmp.Compare(texts[a], texts[b]), cmp.Compare(a, b)) })
		clear(hits)
		for _, k := range rare[:min(len(rare), probes)] {
			for _, j := range having[k] {
				hits[j]++
			}
		}
		need := min(leastHits, len(rare))
		for j, n := range hits {
			if int(j) == i || n < need || g.root(i) == g.root(int(j)) {
				continue
			}
			if float64(min(len(set), len(sets[j]))) < leastSize*float64(max(len(set), len(sets[j]))) {
				continue
			}
			if shared(set, sets[j], weight) >= leastNear*min(weights[i], weights[j]) {
				g.join(i, int(j))
			}
		}
	}
	// A group is named by its first member, in whatever order it was joined.
	out := make([]int, len(examples))
	first := map[int]int{}
	for i := range out {
		r := g.root(i)
		if _, ok := first[r]; !ok {
			first[r] = i
		}
		out[i] = first[r]
	}
	return out
}

// shared is the weight of what two sorted sets have in common.
func shared(a, b []uint32, weight func(uint32) float64) (sum float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			sum += weight(a[i])
			i++
			j++
		}
	}
	return sum
}

// pairs are the pairs of characters of a text, sorted; none over two words that somebody cut apart, since what stood between
// them may be gone.
func (t Text) pairs() []uint32 {
	var out []uint32
	title, body := t.apart()
	for _, text := range [][]rune{title, body} {
		for i := 0; i+1 < len(text); i++ {
			if text[i] != gap && text[i+1] != gap {
				out = append(out, finish(uint64(text[i])<<32|uint64(text[i+1])))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// groups is a forest of what was joined.
type groups []int

func newGroups(n int) groups {
	g := make(groups, n)
	for i := range g {
		g[i] = i
	}
	return g
}

func (g groups) root(i int) int {
	for g[i] != i {
		g[i] = g[g[i]]
		i = g[i]
	}
	return i
}

func (g groups) join(i, j int) { g[g.root(i)] = g.root(j) }
