package recognition

import (
	"cmp"
	"slices"
	"unicode"

	"xiaopu/server/ticket"
)

// Place is the key of where a ticket's matter is, equal for the spellings of one place; "" when nothing names one.
func Place(t ticket.Ticket) string { return placeKey(place(&t)) }

// The words that two texts share are counted in pairs of characters, as they need no dictionary.
const (
	maxAlikeRunes = 600 // of a text: what it is about stands at its beginning
	leastWord     = 3   // characters of a word worth naming
	mostWords     = 3
)

// Alike gives how much of the shorter text is in the longer one, from 0 to 1, and the longest words they share.
func Alike(a, b string) (share float64, words []string) {
	ra, rb := spoken(a), spoken(b)
	if len(ra) > len(rb) {
		ra, rb = rb, ra
	}
	has := map[[2]rune]bool{}
	for i := range len(rb) - 1 {
		has[[2]rune{rb[i], rb[i+1]}] = true
	}
	pairs, shared := 0, 0
	from := -1 // where the present run of shared pairs began
	end := func(i int) {
		if from >= 0 && i-from >= leastWord && !slices.Contains(words, string(ra[from:i])) {
			words = append(words, string(ra[from:i]))
		}
		from = -1
	}
	for i := range len(ra) - 1 {
		if ra[i] == gap || ra[i+1] == gap {
			end(i + 1)
			continue
		}
		pairs++
		if !has[[2]rune{ra[i], ra[i+1]}] {
			end(i + 1)
			continue
		}
		shared++
		if from < 0 {
			from = i
		}
	}
	end(len(ra))
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	if pairs == 0 {
		return 0, nil
	}
	return float64(shared) / float64(pairs), words[:min(len(words), mostWords)]
}

// gap stands between the words of a text.
const gap = ' '

// spoken is what a text says, without marks, in one form.
func spoken(text string) []rune {
	out := make([]rune, 0, 64)
	for _, r := range ticket.Fold(outside(text)) {
		if len(out) == maxAlikeRunes {
			break
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = append(out, r)
		} else if len(out) > 0 && out[len(out)-1] != gap {
			out = append(out, gap)
		}
	}
	return out
}
