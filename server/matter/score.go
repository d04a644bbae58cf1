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
	person  uint64
	day     int32
	terms   *termSet // the index's: it asks one after the other
	norms   norms
	weights [][]float32 // beside names: what each term of them weighs
	habits  habits
	here    bool // the entries are known to be of the query's place
}

func (x *Index) query(r *reading, d Doc) *query {
	q := &query{reading: r, person: fingerprint(d.Person), day: day(d.At), norms: norms{x.weigh(r.words), x.weigh(r.named), x.weigh(r.title), x.weighConcepts(r.concepts), x.weighConcepts(r.asked)}}
	q.terms = &x.terms
	*q.terms = termSet{}
	q.terms.add(r.words, inWords)
	q.terms.add(r.named, inNamed)
	n := uint32(0)
	for _, name := range r.names {
		weights := make([]float32, len(name))
		for i, t := range name {
			weights[i] = x.square(t)
			n = q.terms.number(t, n)
		}
		q.weights = append(q.weights, weights)
	}
	q.habits = x.habitsOf(q.person)
	return q
}

// termSet are the terms of a query by a hash, each with where it stands: most of what other tickets say is not among them, and that
// is what is asked most. A signature has far fewer terms than there is room for.
type termSet [1 << 10]uint32

// What stands beside a term in a termSet. Below is its number among the terms of the names that are compared, from 1.
const (
	termShift = 9
	inWords   = 1 << 8
	inNamed   = 1 << 7
	numbers   = inNamed - 1
)

// at is where a term stands or would stand.
func (x *termSet) at(t term) *uint32 {
	for i := uint32(t); ; i++ {
		if s := &x[i%uint32(len(x))]; *s == 0 || *s>>termShift == uint32(t) {
			return s
		}
	}
}

func (x *termSet) add(part []term, where uint32) {
	for _, t := range part {
		s := x.at(t)
		*s |= uint32(t)<<termShift | where
	}
}

// number numbers a term that is there; last is the greatest number so far.
func (x *termSet) number(t term, last uint32) uint32 {
	s := x.at(t)
	if *s&numbers == 0 {
		last++
		*s |= last
	}
	return last
}

// find gives where a term stands and its number; 0 when it does not.
func (x *termSet) find(t term) uint32 { return *x.at(t) & (1<<termShift - 1) }

// met are the numbers of terms that another ticket mentions.
type met [2]uint64

func (m *met) add(found uint32) {
	n := found & numbers
	m[n>>6] |= 1 << (n & 63)
}

func (m *met) has(found uint32) bool {
	n := found & numbers
	return m[n>>6]&(1<<(n&63)) != 0
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

// left is what is left of a term's weight between two tickets of the person; all of it where h is nil.
func (h *habits) left(t term, weight float32) float32 {
	if h == nil || h.in[t] < 2 {
		return weight
	}
	w := math.Log(float64(h.matters+1)/float64(h.in[t])) / math.Log(float64(h.matters+1))
	return weight * float32(w*w)
}

// norms are the weights of a signature's parts.
type norms struct{ words, named, title, concepts, asked float32 }

func (x *Index) weigh(part []term) (sum float32) {
	for _, t := range part {
		sum += x.square(t)
	}
	return sum
}

func (x *Index) weighConcepts(part []uint8) (sum float32) {
	for _, c := range part {
		sum += x.square(concept(c))
	}
	return sum
}

// likeness is how two documents compare; see weights.
type likeness [nFeatures]float64

// What is compared.
const (
	fWords  = iota // cosine of the words outside names, at most copied
	fTitle         // cosine of the titles' characters
	fName          // the best name of each in the other's text, the worse of the two
	fNames         // cosine of all names
	fAsked         // how much of the problems of each title the other's text has, the less of the two
	fKinds         // of two tickets of one place, each title names a kind of trouble that is not in the other's text
	fBoth          // the better name and the problems' cosine: a place or a problem alone is not a matter
	fElse          // both name a place for certain, and neither mentions the other's
	fMoved         // as fElse, and one is a copy of the other: a copied complaint about another place
	fLines         // bus or metro lines of different numbers
	fPerson        // the same person asks
	fDays          // logarithm of the days between
	nFeatures
)

// weights make of a likeness the logit of being about one matter; bias is that of two documents with nothing in common.
// They were fitted on pairs of real messages whose matter people had judged, and rounded: see
// docs/recognition.md.
var weights = [nFeatures]float64{
	fWords:  27,
	fTitle:  5,
	fName:   3,
	fNames:  1.8,
	fAsked:  1.5,
	fKinds:  -3,
	fBoth:   6.5,
	fElse:   -3,
	fMoved:  -6,
	fLines:  -6,
	fPerson: 3,
	fDays:   -0.4,
}

const bias = -10.3

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

// mentioned is how the query's names stand in the text of a ticket that mentions m.
func (q *query) mentioned(m *met) (r match) {
	for i, n := range q.names {
		total, shared := float32(0), float32(0)
		for j, t := range n {
			w := q.weights[i][j]
			total += w
			if m.has(q.terms.find(t)) {
				shared += w
			}
		}
		r.note(shared, total, q.sure[i])
	}
	return r
}

// mentions is how a ticket's names stand in the query's text.
func (x *Index) mentions(q *query, e *signature) (r match) {
	for i, n := range e.names {
		total, shared := float32(0), float32(0)
		for _, t := range n {
			w := x.square(t)
			total += w
			if q.terms.find(t) != 0 {
				shared += w
			}
		}
		r.note(shared, total, e.sure[i])
	}
	return r
}

func (m *match) note(shared, total float32, sure bool) {
	m.best = max(m.best, shared)
	if sure && total > 0 {
		m.sure = true
		m.frac = max(m.frac, shared/total)
	}
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

func (x *Index) compare(q *query, e *signature, person uint64, on int32) (l likeness) {
	var own *habits
	if q.habits.in != nil && q.person == person {
		own = &q.habits
	}
	var mentioned met
	var words, all float32
	for _, t := range e.words {
		w := x.square(t)
		all += w
		if found := q.terms.find(t); found != 0 {
			mentioned.add(found)
			if found&inWords != 0 {
				words += own.left(t, w)
			}
		}
	}
	var named, allNamed float32
	for _, t := range e.named {
		w := x.square(t)
		allNamed += w
		found := q.terms.find(t)
		mentioned.add(found)
		if found&inNamed != 0 {
			named += w
		}
	}
	m, n := q.mentioned(&mentioned), x.mentions(q, e)
	alike := cosine(words, q.norms.words, all)
	l[fWords] = min(alike, copied)
	title, shared := float32(0), float32(0)
	for t := range both(q.title, e.title) {
		title += own.left(t, x.square(t))
	}
	for c := range both(q.concepts, e.concepts) {
		shared += own.left(concept(c), x.square(concept(c)))
	}
	l[fTitle] = cosine(title, q.norms.title, x.weigh(e.title))
	l[fName] = nameScore(min(m.best, n.best))
	problems := cosine(shared, q.norms.concepts, x.weighConcepts(e.concepts))
	l[fNames] = cosine(named, q.norms.named, allNamed)
	l[fAsked] = min(x.told(q.asked, q.norms.asked, e.concepts), x.told(e.asked, x.weighConcepts(e.asked), q.concepts))
	if q.here && otherKind(q.asked, e.concepts) && otherKind(e.asked, q.concepts) {
		l[fKinds] = 1
	}
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

// told is how much of the problems of a title, of that weight, another text has: as much as not when the title names none that is
// known.
func (x *Index) told(asked []uint8, weight float32, concepts []uint8) float64 {
	if len(asked) == 0 {
		return .5
	}
	shared := float32(0)
	for c := range both(asked, concepts) {
		shared += x.square(concept(c))
	}
	return float64(shared / (weight + 1e-9))
}

// otherKind reports whether a title names kinds of trouble, and another text none of them.
func otherKind(asked, concepts []uint8) bool {
	at, _ := slices.BinarySearch(asked, kinds)
	return at < len(asked) && !overlap(asked[at:], concepts)
}

// copied is how alike texts are from which on one is a copy of the other with changes.
const copied = .25

func overlap[T cmp.Ordered](a, b []T) bool {
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
