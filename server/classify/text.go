package classify

import (
	"math/bits"
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

// grams calls yield with the key of each n-gram of a text, as often as it stands there. What a message opens with counts once
// more.
func (t Text) grams(yield func(key uint32)) {
	title, body := t.parts()
	head := title
	if len(head) == 0 {
		head = body[:min(len(body), headRunes)]
	}
	for _, text := range [][]rune{title, body, head} {
		spans(text, func(_, _ int, key uint32) { yield(key) })
	}
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

// index finds where a key stands in a sorted list.
type index struct {
	keys  []uint32
	table []int32 // place in keys by hash, -1 where none is
	shift uint8
}

func newIndex(keys []uint32) index {
	size := bits.Len(uint(2*len(keys) + 1))
	x := index{keys, make([]int32, 1<<size), uint8(32 - size)}
	for i := range x.table {
		x.table[i] = -1
	}
	for i, k := range keys {
		at := x.slot(k)
		for x.table[at] >= 0 {
			at = (at + 1) & (len(x.table) - 1)
		}
		x.table[at] = int32(i)
	}
	return x
}

func (x *index) slot(key uint32) int { return int(key * 2654435769 >> x.shift) }

// find gives where a key stands, -1 where it does not.
func (x *index) find(key uint32) int32 {
	for at := x.slot(key); ; at = (at + 1) & (len(x.table) - 1) {
		i := x.table[at]
		if i < 0 || x.keys[i] == key {
			return i
		}
	}
}

// bag is a text as the places of its n-grams in an index, rising, and how often each stands there.
type bag struct {
	at    []int32
	times []int32
}

// bag leaves out what the index does not have.
func (x *index) bag(t Text) bag {
	var found []int32
	t.grams(func(key uint32) {
		if i := x.find(key); i >= 0 {
			found = append(found, i)
		}
	})
	slices.Sort(found)
	b := bag{at: found[:0]}
	for i := 0; i < len(found); {
		j := i + 1
		for j < len(found) && found[j] == found[i] {
			j++
		}
		b.times = append(b.times, int32(j-i))
		b.at = append(b.at, found[i])
		i = j
	}
	return b
}

// distinct are the n-grams of a text, sorted, each once.
func (t Text) distinct() (keys []uint32) {
	t.grams(func(key uint32) { keys = append(keys, key) })
	slices.Sort(keys)
	return slices.Compact(keys)
}
