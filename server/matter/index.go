package matter

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Doc is a ticket as the index reads it. All of it but ID may be missing.
type Doc struct {
	ID       string
	Person   string // who asks, in any form that is the same for the same person; "" when unknown
	Title    string
	Text     string
	Place    string   // what the row's own columns say: community, address
	Category string   // the source's own
	Order    string   // its order number
	Links    []string // numbers of the orders it quotes or is a repeat of
	At       time.Time

	read *reading // what Read has found in it
}

// Placement is where a document belongs.
type Placement struct {
	Matter      string      // "" when it is about something new
	Probability float64     // that it belongs to Matter, or to the nearest one when Matter is ""
	Near        []Candidate // the matters it was weighed against, best first, Matter's among them
	Reasons     []Reason    // for Matter
}

// Candidate is a matter that a document could belong to.
type Candidate struct {
	Matter      string
	Probability float64
	Nearest     string // the ticket of it that is most like the document
	Reasons     []Reason
}

// Index finds the matter of a ticket. Make one with NewIndex.
type Index struct {
	places  *gazetteer
	count   []uint32  // how many documents hold a term, by part of its hash
	learned int       // how many documents were counted
	all     float64   // logarithm of how many that is, with background
	logs    []float64 // of 1, 2, 3, … up to behind the greatest count

	entries []entry
	free    []uint32 // slots of entries that no list names any more
	dead    int      // slots of removed entries that lists still name
	slots   map[string]uint32
	orders  map[uint64]uint32
	persons map[uint64]uint32 // the last ticket of each person; entry.prior leads on
	posted  map[key][]uint32

	matters map[string]*members
	apart   map[string][]string // the matters a ticket must not be in

	sum     []float32 // of the candidates' shared keys, by slot; zero between calls, gone where there is no ticket
	touched []uint32  // scratch of candidates, as best
	best    []uint32
	scratch signature
	terms   termSet // of the query that is asked
	workers []*worker
}

type members struct {
	name  string
	slots []uint32
}

// entry is what the index keeps of a ticket.
type entry struct {
	id     string // "" when removed
	person uint64 // hashed, as order; 0 when unknown
	order  uint64
	matter *members
	packed
	day   int32
	prior uint32 // the same person's ticket before; none at the end
	keep  bool
}

// NewIndex makes an empty index that knows the places of g.
func NewIndex(g Gazetteer) *Index {
	return &Index{
		places: g.compile(), count: make([]uint32, 1<<termBits), all: math.Log(background), logs: []float64{0},
		slots: map[string]uint32{}, orders: map[uint64]uint32{}, persons: map[uint64]uint32{}, posted: map[key][]uint32{}, matters: map[string]*members{}, apart: map[string][]string{},
	}
}

// Len is how many tickets the index holds.
func (x *Index) Len() int { return len(x.slots) }

// Matter is the matter that a ticket is in; "" when the index does not hold it.
func (x *Index) Matter(id string) string {
	if s, ok := x.slots[id]; ok {
		return x.entries[s].matter.name
	}
	return ""
}

// Learn counts the words of a ticket that is not to be held, such as one that is closed: how common a word is decides
// what it weighs. Put learns the first ticket of each matter by itself: a thousand calls about one matter do not make its words
// common.
func (x *Index) Learn(d Doc) { x.learn(x.reading(d)) }

// Read gives a document with its words read, for who hands it to the index more than once, or reads several at the same time:
// that needs nothing of the index but its places. Such a document is for one goroutine at a time, and holds its text.
func (x *Index) Read(d Doc) Doc {
	d.read = x.places.read(d)
	return d
}

// reading is what is found in a document, unless Read has found it.
func (x *Index) reading(d Doc) *reading {
	if d.read != nil && d.read.places == x.places {
		return d.read
	}
	return x.places.read(d)
}

// Put adds a ticket to a matter. One that is there already is read anew.
func (x *Index) Put(d Doc, matter string) {
	r := x.reading(d)
	if x.matters[matter] == nil {
		x.learn(r)
	}
	x.put(r, d, matter)
}

func (x *Index) put(r *reading, d Doc, matter string) {
	keep := false
	if s, ok := x.slots[d.ID]; ok {
		keep = x.entries[s].keep
		x.Remove(d.ID)
	}
	x.cut(r)
	var s uint32
	if n := len(x.free); n > 0 {
		s, x.free = x.free[n-1], x.free[:n-1]
		x.sum[s] = 0
	} else {
		s = uint32(len(x.entries))
		x.entries = append(x.entries, entry{})
		x.sum = append(x.sum, 0)
	}
	id := strings.Clone(d.ID)
	x.entries[s] = entry{id: id, person: fingerprint(d.Person), order: fingerprint(d.Order), day: day(d.At), prior: none, keep: keep, packed: pack(&r.signature)}
	if p := x.entries[s].person; p != 0 {
		if before, ok := x.persons[p]; ok {
			x.entries[s].prior = before
		}
		x.persons[p] = s
	}
	x.slots[id] = s
	if o := x.entries[s].order; o != 0 {
		x.orders[o] = s
	}
	for _, k := range x.rarest(r.keys)[:min(len(r.keys), maxKeys)] {
		x.post(k, s)
	}
	x.enter(s, matter)
}

// post adds a ticket to those that have a key. Of a key that many have, only the newest are kept: it finds nothing that
// others do not.
func (x *Index) post(k key, s uint32) {
	list := x.posted[k]
	if len(list) >= maxPosted {
		list = list[:copy(list, list[maxPosted/2:])]
	}
	x.posted[k] = append(list, s)
}

// Move puts a ticket of the index into another matter. One that it does not hold is left alone.
func (x *Index) Move(id, matter string) {
	if s, ok := x.slots[id]; ok {
		x.leave(s)
		x.enter(s, matter)
	}
}

// Remove takes a ticket out, such as one that was closed. What persons decided about it stays.
func (x *Index) Remove(id string) {
	s, ok := x.slots[id]
	if !ok {
		return
	}
	x.leave(s)
	x.forget(s)
	if o := x.entries[s].order; x.orders[o] == s {
		delete(x.orders, o)
	}
	delete(x.slots, id)
	x.entries[s], x.sum[s] = entry{}, gone
	if x.dead++; x.dead > len(x.slots)/2+1000 {
		x.sweep()
	}
}

// forget takes a ticket from its person's.
func (x *Index) forget(s uint32) {
	e := &x.entries[s]
	last, ok := x.persons[e.person]
	switch {
	case !ok:
	case last == s && e.prior == none:
		delete(x.persons, e.person)
	case last == s:
		x.persons[e.person] = e.prior
	default:
		for o := last; o != none; o = x.entries[o].prior {
			if x.entries[o].prior == s {
				x.entries[o].prior = e.prior
				return
			}
		}
	}
}

// sweep takes removed entries off the lists, so that their slots can be used again.
func (x *Index) sweep() {
	for k, list := range x.posted {
		list = slices.DeleteFunc(list, func(s uint32) bool { return x.entries[s].id == "" })
		if len(list) == 0 {
			delete(x.posted, k)
		} else {
			x.posted[k] = list
		}
	}
	x.free, x.dead = x.free[:0], 0
	for s := range x.entries {
		if x.entries[s].id == "" {
			x.free = append(x.free, uint32(s))
		}
	}
}

// Apart records that a person took a ticket out of a matter: Place never puts it there again. It holds for a ticket that the index does not know yet, too.
func (x *Index) Apart(id, matter string) {
	if !slices.Contains(x.apart[id], matter) {
		x.apart[id] = append(x.apart[id], matter)
	}
}

// Keep records that a person put a ticket where it is: Place answers with its matter, whatever it is like.
func (x *Index) Keep(id string) {
	if s, ok := x.slots[id]; ok {
		x.entries[s].keep = true
	}
}

func (x *Index) enter(s uint32, matter string) {
	m := x.matters[matter]
	if m == nil {
		m = &members{name: strings.Clone(matter)}
		if m.name == x.entries[s].id {
			m.name = x.entries[s].id // one string for both
		}
		x.matters[m.name] = m
	}
	x.entries[s].matter = m
	m.slots = append(m.slots, s)
}

func (x *Index) leave(s uint32) {
	m := x.entries[s].matter
	if m.slots = slices.DeleteFunc(m.slots, func(o uint32) bool { return o == s }); len(m.slots) == 0 {
		delete(x.matters, m.name)
	}
}

// learn counts the terms of a document.
func (x *Index) learn(r *reading) {
	x.learned++
	x.all = math.Log(float64(x.learned + background))
	for _, part := range [][]term{r.every, r.named, r.title} {
		for _, t := range part {
			x.learnTerm(t)
		}
	}
	for _, c := range r.concepts {
		x.learnTerm(concept(c))
	}
}

func (x *Index) learnTerm(t term) {
	x.count[t]++
	if n := len(x.logs); int(x.count[t]) >= n {
		x.logs = append(x.logs, math.Log(float64(n+1)))
	}
}

const (
	// background is how many documents are taken to have been read before the first one, so that the first five complaints about one
	// lift do not make “lift” an empty word.
	background = 1000
	// mostIDF bounds what a rare word weighs: one that stands in one ticket of a thousand says as much as any.
	mostIDF = 7.3
)

// square is the squared weight of a term: the logarithm of how few documents hold it.
func (x *Index) square(t term) float32 {
	w := min(x.all-x.logs[x.count[t]], mostIDF)
	return float32(w * w)
}

func concept(c uint8) term { return hash(kindConcept, uint32(c), 0).term() }

// cut keeps of a text's words the rarest, those of the title before all others.
func (x *Index) cut(r *reading) {
	now := learnt{x, x.learned}
	if len(r.every) <= maxWords || r.cutBy == now {
		return
	}
	r.cutBy = now
	type weighed struct {
		term
		weight float32
	}
	list := make([]weighed, len(r.every))
	for i, t := range r.every {
		list[i] = weighed{t, x.square(t)}
		if has(r.first, t) {
			list[i].weight += mostIDF*mostIDF + 1
		}
	}
	slices.SortFunc(list, func(a, b weighed) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.term, b.term)) })
	r.words = make([]term, maxWords)
	for i := range r.words {
		r.words[i] = list[i].term
	}
	slices.Sort(r.words)
}

// learnt is an index as far as it has learned: what words weigh hangs on that.
type learnt struct {
	by      *Index
	learned int
}

// The bounds of looking for candidates.
const (
	maxKeys       = 32    // a ticket is found by
	maxPosted     = 2_000 // tickets that a key finds
	maxPostings   = 8_000 // looked through for one document
	maxCandidates = 100   // compared in full
)

// rarest sorts keys by how few tickets they find.
func (x *Index) rarest(keys []key) []key {
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(len(x.posted[a]), len(x.posted[b])), cmp.Compare(a, b)) })
	return keys
}

// gone is the sum of a removed ticket: whatever is added to it, it is no candidate.
var gone = float32(math.Inf(-1))

// candidates gives the tickets that share the most and rarest keys with a document.
func (x *Index) candidates(keys []key, self uint32) []uint32 {
	left := maxPostings
	x.touched = x.touched[:0]
	for _, k := range x.rarest(slices.Clone(keys)) {
		list := x.posted[k]
		if left -= len(list); left < 0 {
			break
		}
		w := 1 / float32(math.Sqrt(float64(len(list)+4)))
		for _, s := range list {
			if x.sum[s] == 0 {
				x.touched = append(x.touched, s)
			}
			x.sum[s] += w
		}
	}
	// The best few of thousands: most are worse than the worst of them, and are passed over.
	before := func(a, b uint32) int { return cmp.Or(cmp.Compare(x.sum[b], x.sum[a]), cmp.Compare(b, a)) }
	best, least := x.best[:0], float32(0)
	for _, s := range x.touched {
		if x.sum[s] < least || len(best) == maxCandidates && before(s, best[len(best)-1]) > 0 || s == self {
			continue
		}
		best = best[:min(len(best), maxCandidates-1)]
		at, _ := slices.BinarySearchFunc(best, s, before)
		best = slices.Insert(best, at, s)
		if len(best) == maxCandidates {
			least = x.sum[best[maxCandidates-1]]
		}
	}
	for _, s := range x.touched {
		x.sum[s] = 0
	}
	x.best = best
	return best
}

const (
	linked    = 0.99 // a quoted order is hardly ever about something else
	joinAt    = 0.5
	leastNear = 0.1
	mostNear  = 5
	compared  = 3 // members of a matter that are most like the document
	// leastLogit bounds how much one unlike member counts against a matter: people describe one thing in many ways.
	leastLogit = -4.0
)

type scored struct {
	logit float64
	slot  uint32
}

const none = math.MaxUint32

// Place says which matter a document belongs to. It does not change the index; a ticket that the index holds is
// compared with the others.
func (x *Index) Place(d Doc) Placement {
	r := x.reading(d)
	p := x.place(r, d)
	if len(p.Reasons) == 0 && len(p.Near) > 0 {
		q := x.query(r, d)
		for i, c := range p.Near {
			p.Near[i].Reasons = x.reasons(q, x.slots[c.Nearest])
		}
		if p.Matter != "" {
			p.Reasons = p.Near[0].Reasons
		}
	}
	return p
}

// place is Place without what the words say for it.
func (x *Index) place(r *reading, d Doc) Placement {
	self := uint32(none)
	if s, ok := x.slots[d.ID]; ok {
		self = s
		if e := &x.entries[s]; e.keep {
			return certain(Candidate{Matter: e.matter.name, Probability: 1, Nearest: d.ID, Reasons: []Reason{kept}})
		}
	}
	apart := x.apart[d.ID]
	for _, l := range d.Links {
		if s, ok := x.orders[fingerprint(l)]; ok && s != self {
			if e := &x.entries[s]; !slices.Contains(apart, e.matter.name) {
				return certain(Candidate{Matter: e.matter.name, Probability: linked, Nearest: e.id, Reasons: []Reason{quotes(l)}})
			}
		}
	}
	x.cut(r)
	q := x.query(r, d)
	near := x.near(x.scores(q, x.candidates(r.keys, self)), func(m *members, _ int) int {
		switch {
		case slices.Contains(apart, m.name):
			return 0
		case self != none && x.entries[self].matter == m:
			return len(m.slots) - 1
		}
		return len(m.slots)
	})
	p := Placement{Near: near}
	if len(near) > 0 {
		p.Probability = near[0].Probability
		if p.Probability >= joinAt {
			p.Matter = near[0].Matter
		}
	}
	return p
}

// near gives the matters of the tickets found that are not absurd, best first. size says how many tickets a matter is judged by, of
// which so many were found; one of none is left out.
func (x *Index) near(list []scored, size func(m *members, found int) int) (near []Candidate) {
	by := map[*members][]scored{}
	for _, s := range list {
		m := x.entries[s.slot].matter
		by[m] = append(by[m], s)
	}
	for m, found := range by {
		n := size(m, len(found))
		if n == 0 {
			continue
		}
		slices.SortFunc(found, func(a, b scored) int { return cmp.Or(cmp.Compare(b.logit, a.logit), cmp.Compare(a.slot, b.slot)) })
		if p := sigmoid(linkage(found, n)); p >= leastNear {
			near = append(near, Candidate{Matter: m.name, Probability: p, Nearest: x.entries[found[0].slot].id})
		}
	}
	slices.SortFunc(near, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Matter, b.Matter))
	})
	return near[:min(len(near), mostNear)]
}

func certain(c Candidate) Placement {
	return Placement{Matter: c.Matter, Probability: c.Probability, Near: []Candidate{c}, Reasons: c.Reasons}
}

// linkage is how much a document belongs to a matter of so many members, by those found, best first: half the best one's
// likeness, half the mean of the best three, so that a chain of ever less alike texts does not grow.
func linkage(found []scored, size int) float64 {
	n := min(size, compared)
	mean := 0.0
	for i := range n {
		if i < len(found) {
			mean += max(found[i].logit, leastLogit)
		} else {
			mean += leastLogit
		}
	}
	return (found[0].logit + mean/float64(n)) / 2
}

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

func day(t time.Time) int32 { return int32(t.Unix() / 86400) }

// fingerprint is a hash by which a name is told from others; 0 for "".
func fingerprint(s string) uint64 {
	if s == "" {
		return 0
	}
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h | 1
}
