package classify

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Text is what a message says. Any part may be empty.
type Text struct {
	Title  string
	Detail string
	// Text is the message where title and detail are not apart, or its words with blanks between them and without the
	// commonest ones. It is read only where Detail is empty, since it repeats it elsewhere.
	Text string
}

// Empty tells whether nothing is said.
func (t Text) Empty() bool { return strings.TrimSpace(t.Title+t.Detail+t.Text) == "" }

// A text is cut into n-grams of its characters, which need no dictionary and survive mistyping. What a message opens with, its
// title where it has one, says more than what follows and counts twice.
const (
	maxGram   = 3    // characters
	headRunes = 24   // of a text without a title that count as one
	mostRunes = 2000 // of a text: what it is about is said by then
)

// gap stands where n-grams end: marks, blanks, line ends.
const gap = ' '

// number stands for digits: which ones says nothing about a topic.
const number = '0'

// parts gives title and body of a text in one form.
func (t Text) parts() (title, body []rune) { return plain(t.Title, false), plain(t.body(), false) }

// apart is parts with a gap between words that somebody cut.
func (t Text) apart() (title, body []rune) { return plain(t.Title, true), plain(t.body(), true) }

// body is what stands behind the title.
func (t Text) body() string {
	if strings.TrimSpace(t.Detail) != "" {
		return t.Detail
	}
	// Where title and text are given without detail, the text begins with the title.
	return strings.TrimPrefix(strings.TrimSpace(t.Text), strings.TrimSpace(t.Title))
}

// plain is a text in one form: half width, lower case, digits as one, marks as gaps. Codes that stand for the name of a
// place (A市, B3区) go, for they say no more than that one stood there. Blanks between words that somebody cut are gaps
// only where seams are asked for.
func plain(s string, seams bool) []rune {
	in := make([]rune, 0, len(s)/2)
	blanks, han := 0, 0
	last := gap
	for _, r := range s {
		switch {
		case 0xff01 <= r && r <= 0xff5e:
			r -= 0xfee0
		case r == 0x3000 || r == 0xa0 || r == '\t':
			r = gap
		}
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		if r == gap && last != gap {
			blanks++
		} else if r >= 0x2e80 && unicode.IsLetter(r) {
			han++
		}
		last = r
		in = append(in, r)
	}
	// Written Chinese has hardly any blanks: that many were put in by who cut it into words.
	cut := blanks > 3 && blanks*6 > han
	out := make([]rune, 0, min(len(in), mostRunes)+1)
	put := func(r rune) {
		if r != gap || len(out) > 0 && out[len(out)-1] != gap {
			out = append(out, r)
		}
	}
	for i := 0; i < len(in) && len(out) < mostRunes; i++ {
		r := in[i]
		switch {
		case r == gap && cut && !seams:
		case latin(r):
			j := i
			for j < len(in) && latin(in[j]) {
				j++
			}
			if code(in[i:j]) {
				put(gap)
				for cut && j < len(in) && in[j] == gap {
					j++
				}
				if j < len(in) && strings.ContainsRune("省市区县镇乡", in[j]) {
					j++
				}
				i = j - 1
				continue
			}
			for k := i; k < j; k++ {
				if in[k] >= 'a' {
					put(in[k])
				} else if k == i || in[k-1] >= 'a' {
					put(number)
				}
			}
			i = j - 1
		case unicode.IsLetter(r):
			put(r)
		default:
			put(gap)
		}
	}
	return out
}

func latin(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' }

// code tells whether a run of letters and digits is like a1: one letter, perhaps a small number.
func code(run []rune) bool {
	if len(run) > 3 || run[0] < 'a' {
		return false
	}
	for _, r := range run[1:] {
		if r >= 'a' {
			return false
		}
	}
	return true
}

// grams calls yield with the key of each n-gram of a text and how much it counts. What a message opens with counts once more.
func (t Text) grams(yield func(key uint32, weight float32)) {
	title, body := t.parts()
	each(title, 1, yield)
	each(body, 1, yield)
	head := title
	if len(head) == 0 {
		head = body[:min(len(body), headRunes)]
	}
	each(head, 1, yield)
}

// each gives the n-grams of text.
func each(text []rune, weight float32, yield func(key uint32, weight float32)) {
	spans(text, func(_, _ int, key uint32) { yield(key, weight) })
}

// spans gives where each n-gram of text begins and how long it is; none reaches over a gap.
func spans(text []rune, yield func(at, n int, key uint32)) {
	for i, first := range text {
		if first == gap {
			continue
		}
		h := uint64(14695981039346656037)
		for n := 1; n <= maxGram && i+n <= len(text) && text[i+n-1] != gap; n++ {
			h = (h ^ uint64(text[i+n-1])) * 1099511628211
			if n > 1 || first != number {
				yield(i, n, finish(h))
			}
		}
	}
}

// finish spreads a hash over 32 bits.
func finish(h uint64) uint32 {
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	return uint32(h)
}

// bag is a text as sorted keys with their weights.
type bag struct {
	keys    []uint32
	weights []float32
}

func (t Text) bag() bag {
	var pairs []pair
	t.grams(func(key uint32, weight float32) { pairs = append(pairs, pair{key, weight}) })
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	b := bag{make([]uint32, 0, len(pairs)), make([]float32, 0, len(pairs))}
	for _, p := range pairs {
		if n := len(b.keys); n > 0 && b.keys[n-1] == p.key {
			b.weights[n-1] += p.weight
			continue
		}
		b.keys = append(b.keys, p.key)
		b.weights = append(b.weights, p.weight)
	}
	return b
}

type pair struct {
	key    uint32
	weight float32
}
