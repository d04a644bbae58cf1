package classify

// wordTree finds words in texts: a tree of their characters.
type wordTree struct {
	next map[rune]*wordTree
	word string // that ends here; "" for none
	of   []int  // who has it, as often as they have it
}

func (t *wordTree) add(word []rune) *wordTree {
	for _, r := range word {
		n := t.next[r]
		if n == nil {
			if t.next == nil {
				t.next = map[rune]*wordTree{}
			}
			n = &wordTree{}
			t.next[r] = n
		}
		t = n
	}
	t.word = string(word)
	return t
}

// each calls f with all words that text begins with, the shortest first, and how long each is.
func (t *wordTree) each(text []rune, f func(w *wordTree, n int)) {
	for i, r := range text {
		if t = t.next[r]; t == nil {
			return
		}
		if t.word != "" {
			f(t, i+1)
		}
	}
}
