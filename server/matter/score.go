package matter

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// query is the document that is compared with entries.
type query struct {
	*reading
	person uint64
	day    int32
	norms  norms
	habits habits
}

func (x *Index) query(r *reading, d Doc) *query {
	q := &query{reading: r, person: fingerprint(d.Person), day: day(d.At), norms: x.norms(&r.signature)}
	q.habits = x.habitsOf(q.person)
	return q
}

// habits are the words of one person in all their matters. Who asks for many things in the same words says little with
// them: 请加快…刻不容缓.
type habits struct {
	matters int
	in      map[term]int // in how many of them a term stands; nil when the person has few
}

// The bounds of habits.
const (
	manyMatters = 4  // from which on a person has habits
	mostRecent  = 60 // tickets of a person that are looked at
)

func (x *Index) habitsOf(person uint64) (h habits) {
	last, ok := x.persons[person]
	if !ok || person == 0 {
		return h
	}
	by := map[*members][]uint32{}
	for n, s := 0, last; s != none && n < mostRecent; n, s = n+1, x.entries[s].prior {
		by[x.entries[s].matter] = append(by[x.entries[s].matter], s)
	}
	if h.matters = len(by); h.matters < manyMatters {
		return h
	}
	h.in = map[term]int{}
	for _, slots := range by {
		seen := map[term]bool{}
		for _, s := range slots {
			x.entries[s].unpack(&x.scratch)
			for _, part := range [][]term{x.scratch.words, x.scratch.named, x.scratch.title} {
				for _, t := range part {
					seen[t] = true
				}
			}
			for _, c := range x.scratch.concepts {
				seen[concept(c)] = true
			}
		}
		for t := range seen {
			h.in[t]++
		}
	}
	return h
}

// worth is how much of a term's weight is left between two tickets of the person.
func (h *habits) worth(t term) float32 {
	n := h.in[t]
	if n < 2 {
		return 1
	}
	w := math.Log(float64(h.matters+1)/float64(n)) / math.Log(float64(h.matters+1))
	return float32(w * w)
}

// norms are the weights of a signature's parts.
type norms struct{ words, title, concepts float32 }

func (x *Index) norms(s *signature) (n norms) {
	for _, t := range s.words {
		n.words += x.square(t)
	}
	for _, t := range s.title {
		n.title += x.square(t)
	}
	for _, c := range s.concepts {
		n.concepts += x.square(concept(c))
	}
	return n
}

// likeness is how two documents compare; see weights.
type likeness [nFeatures]float64

// What is compared.
const (
	fWords  = iota // cosine of the words outside names, at most copied
	fTitle         // cosine of the titles' characters
	fName          // the best name of each in the other's text, the worse of the two
	fBoth          // the better name and the problems' cosine: a place or a problem alone is not a matter
	fElse          // both name a place for certain, and neither mentions the other's
	fMoved         // as fElse, and one is a copy of the other: a copied complaint about another place
	fLines         // bus or metro lines of different numbers
	fPerson        // the same person asks
	fDays          // logarithm of the days between
	nFeatures
)

// weights make of a likeness the logit of being about one matter; bias is that of two documents with nothing in common.
// They were fitted by logistic regression on pairs of real messages whose matter people had judged, and rounded: see
// docs/recognition.md.
var weights = [nFeatures]float64{
	fWords:  27,
	fTitle:  5,
	fName:   3,
	fBoth:   6.5,
	fElse:   -3,
	fMoved:  -6,
	fLines:  -6,
	fPerson: 3,
	fDays:   -0.5,
}

const bias = -8.4

func logit(l likeness) float64 {
	v := bias
	for i, w := range weights {
		v += w * l[i]
	}
	return v
}

func cosine(shared, a, b float32) float64 {
	return float64(shared) / math.Sqrt(float64(a)*float64(b)+1e-9)
}

// match is how the names of one document stand in another's text.
type match struct {
	best float32 // weight of what the best name has in common
	frac float32 // how much of the best sure name that is
	sure bool    // there is a sure name
}

func (x *Index) match(a, b *signature) (m match) {
	for i, n := range a.names {
		total, shared := float32(0), float32(0)
		for _, t := range n {
			w := x.square(t)
			total += w
			if b.mentions(t) {
				shared += w
			}
		}
		m.best = max(m.best, shared)
		if a.sure[i] && total > 0 {
			m.sure = true
			m.frac = max(m.frac, shared/total)
		}
	}
	return m
}

// mentions reports whether a term stands anywhere in the text.
func (s *signature) mentions(t term) bool { return has(s.named, t) || has(s.words, t) }

// has reports whether a sorted set holds a term.
func has(set []term, t term) bool {
	_, in := slices.BinarySearch(set, t)
	return in
}

// doubtless is the weight of a name that leaves no doubt: four rare pairs.
const doubtless = 14 * 14

func nameScore(m float32) float64 { return math.Sqrt(float64(min(m, doubtless)) / doubtless) }

func (x *Index) compare(q *query, e *signature, en norms, person uint64, on int32) (l likeness) {
	var own *habits
	if q.habits.in != nil && q.person == person {
		own = &q.habits
	}
	words, title, shared := x.shared(q.words, e.words, own), x.shared(q.title, e.title, own), float32(0)
	for c := range both(q.concepts, e.concepts) {
		shared += x.worth(concept(c), own)
	}
	m, n := x.match(&q.signature, e), x.match(e, &q.signature)
	alike := cosine(words, q.norms.words, en.words)
	l[fWords] = min(alike, copied)
	l[fTitle] = cosine(title, q.norms.title, en.title)
	l[fName] = nameScore(min(m.best, n.best))
	problems := cosine(shared, q.norms.concepts, en.concepts)
	l[fBoth] = math.Sqrt(nameScore(max(m.best, n.best)) * problems)
	if m.sure && n.sure {
		l[fElse] = 1 - float64(max(m.frac, n.frac))
	}
	if l[fElse] > .5 && alike > copied {
		l[fMoved] = 1
	}
	if len(q.lines) > 0 && len(e.lines) > 0 && !overlap(q.lines, e.lines) {
		l[fLines] = 1
	}
	if q.person != 0 && q.person == person {
		l[fPerson] = 1
	}
	l[fDays] = math.Log1p(math.Abs(float64(q.day - on)))
	return l
}

// copied is how alike texts are from which on one is a copy of the other with changes.
const copied = .25

// shared is the weight of what two sorted sets have in common, less what is the person's own habit.
func (x *Index) shared(a, b []term, own *habits) (sum float32) {
	for t := range both(a, b) {
		sum += x.worth(t, own)
	}
	return sum
}

// worth is the weight of a term that two documents share, less what is the person's own habit.
func (x *Index) worth(t term, own *habits) float32 {
	w := x.square(t)
	if own != nil {
		w *= own.worth(t)
	}
	return w
}

func overlap(a, b []term) bool {
	for range both(a, b) {
		return true
	}
	return false
}

// both are what two sorted sets have in common.
func both[T cmp.Ordered](a, b []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i, j := 0, 0; i < len(a) && j < len(b); {
			switch {
			case a[i] < b[j]:
				i++
			case a[i] > b[j]:
				j++
			default:
				if !yield(a[i]) {
					return
				}
				i++
				j++
			}
		}
	}
}
