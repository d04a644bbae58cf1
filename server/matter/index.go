package matter

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Doc is a ticket as the index reads it. All of it but ID may be missing.
type Doc struct {
	ID       string
	Person   string // who asks, in any form that is the same for the same person; "" when unknown
	Title    string
	Text     string
	Place    string   // what the row's own columns say: community, address
	Category string   // the source's own, the deepest level that says something
	Order    string   // its order number
	Links    []string // numbers of the orders it quotes or is a repeat of
	At       time.Time
}

// Placement is where a document belongs.
type Placement struct {
	Matter      string      // "" when it is about something new
	Probability float64     // that it belongs there; of the nearest matter when Matter is ""
	Near        []Candidate // the matters looked at that are not absurd, best first, Matter's among them
	Reasons     []Reason    // for Matter
}

// Candidate is a matter that a document could belong to.
type Candidate struct {
	Matter      string
	Probability float64
	Nearest     string // the ticket of it that is most like the document
	Reasons     []Reason
}

// Join is a pair of matters that look like one.
type Join struct {
	Matter, Other string
	Probability   float64
	ID, OtherID   string // the two tickets most alike
	Reasons       []Reason
}

// entry is what the index keeps of a ticket.
type entry struct {
	id     string
	person uint64 // hashed; 0 when unknown
	order  uint64
	at     int64 // days since 1970
	terms  []term
	cut    [4]uint16 // ends of names, topic, body, areas in terms; then lines
	norms  [3]float32
	matter int32
	keep   bool
}

// Index finds the matter of a ticket. Its zero value is not usable: see NewIndex.
type Index struct {
	g       *gazetteer
	count   []uint32 // how many documents hold a term, by part of its hash
	docs    int
	entries []entry
	free    []uint32
	slots   map[string]uint32
	orders  map[uint64]uint32
	posted  map[term][]uint32
	matters []members
	named   map[string]int32
	apart   map[string][]string

	sum     []float32 // scratch of candidates
	touched []uint32
}

type members struct {
	name  string
	slots []uint32
}

// NewIndex makes an empty index that knows the places of g.
func NewIndex(g Gazetteer) *Index {
	return &Index{
		g: g.compile(), count: make([]uint32, 1<<countBits),
		slots: map[string]uint32{}, orders: map[uint64]uint32{}, posted: map[term][]uint32{}, named: map[string]int32{}, apart: map[string][]string{},
	}
}

const countBits = 20

// Len is how many tickets the index holds.
func (x *Index) Len() int { return len(x.slots) }

// Matter is the matter a ticket is in; "" when the index does not hold it.
func (x *Index) Matter(id string) string {
	if s, ok := x.slots[id]; ok {
		return x.matters[x.entries[s].matter].name
	}
	return ""
}

// Put adds a ticket to a matter. One that is there already is replaced.
func (x *Index) Put(d Doc, matter string) {
	x.put(x.g.read(d), d, matter, true)
}

func (x *Index) put(r reading, d Doc, matter string, learn bool) {
	keep := false
	if s, ok := x.slots[d.ID]; ok {
		keep = x.entries[s].keep
		x.Remove(d.ID)
	}
	if learn {
		x.learn(&r, 1)
	}
	e := entry{id: d.ID, person: fingerprint(d.Person), order: fingerprint(d.Order), at: d.At.Unix() / 86400, keep: keep}
	e.set(&r.signature)
	e.norms = x.norms(&r.signature)
	var s uint32
	if n := len(x.free); n > 0 {
		s = x.free[n-1]
		x.free = x.free[:n-1]
		x.entries[s] = e
	} else {
		s = uint32(len(x.entries))
		x.entries = append(x.entries, e)
		x.sum = append(x.sum, 0)
	}
	x.slots[d.ID] = s
	if e.order != 0 {
		x.orders[e.order] = s
	}
	for _, k := range x.keys(&r.signature) {
		x.posted[k] = append(x.posted[k], s)
	}
	x.enter(s, matter)
}

// Move puts a ticket of the index into another matter. One that it does not hold is left alone.
func (x *Index) Move(id, matter string) {
	if s, ok := x.slots[id]; ok {
		x.leave(s)
		x.enter(s, matter)
	}
}

// Remove takes a ticket out. What persons decided about it stays.
func (x *Index) Remove(id string) {
	s, ok := x.slots[id]
	if !ok {
		return
	}
	x.leave(s)
	e := &x.entries[s]
	sig := e.signature()
	for _, k := range x.keys(&sig) {
		if list := x.posted[k]; len(list) > 0 {
			if list = slices.DeleteFunc(list, func(o uint32) bool { return o == s }); len(list) == 0 {
				delete(x.posted, k)
			} else {
				x.posted[k] = list
			}
		}
	}
	x.learn(&reading{signature: sig}, -1)
	if x.orders[e.order] == s {
		delete(x.orders, e.order)
	}
	delete(x.slots, id)
	x.entries[s] = entry{}
	x.free = append(x.free, s)
}

// Apart records that a person took a ticket out of a matter: Place never puts it there again, and Joins proposes
// neither that matter for the one it is in, nor the reverse. It holds for a ticket that the index does not know yet, too.
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
	m, ok := x.named[matter]
	if !ok {
		m = int32(len(x.matters))
		x.matters = append(x.matters, members{name: matter})
		x.named[matter] = m
	}
	x.entries[s].matter = m
	x.matters[m].slots = append(x.matters[m].slots, s)
}

func (x *Index) leave(s uint32) {
	m := &x.matters[x.entries[s].matter]
	m.slots = slices.DeleteFunc(m.slots, func(o uint32) bool { return o == s })
}

// learn counts the terms of a document, by one more or one fewer.
func (x *Index) learn(r *reading, by int) {
	x.docs += by
	for _, t := range r.body {
		if c := &x.count[t>>(32-countBits)]; by > 0 || *c > 0 {
			*c = uint32(int(*c) + by)
		}
	}
}

// idf weighs a term by how few documents hold it. As if background documents had been read before, so that the
// first five complaints about one lift do not make “lift” an empty word.
func (x *Index) idf(t term) float64 {
	return math.Log((float64(x.docs) + background) / (float64(x.count[t>>(32-countBits)]) + 1))
}

const background = 500

func (x *Index) norms(s *signature) (n [3]float32) {
	for i, part := range [][]term{s.names, s.topic, s.body} {
		v := 0.0
		for _, t := range part {
			w := x.idf(t)
			v += w * w
		}
		n[i] = float32(v)
	}
	return n
}

func (e *entry) set(s *signature) {
	e.terms = make([]term, 0, len(s.names)+len(s.topic)+len(s.body)+len(s.areas)+len(s.lines))
	for i, part := range [][]term{s.names, s.topic, s.body, s.areas} {
		e.terms = append(e.terms, part...)
		e.cut[i] = uint16(len(e.terms))
	}
	e.terms = append(e.terms, s.lines...)
}

func (e *entry) signature() signature {
	return signature{names: e.terms[:e.cut[0]], topic: e.terms[e.cut[0]:e.cut[1]], body: e.terms[e.cut[1]:e.cut[2]], areas: e.terms[e.cut[2]:e.cut[3]], lines: e.terms[e.cut[3]:]}
}

// keys are the terms a document is found by.
func (x *Index) keys(s *signature) []term {
	k := slices.Concat(s.names, s.topic)
	slices.Sort(k)
	return slices.Compact(k)
}

// The bounds of looking for candidates.
const (
	maxPostings   = 20_000 // looked at for one document
	maxCandidates = 200    // compared in full
)

// candidates gives the tickets that share the rarest keys with s.
func (x *Index) candidates(s *signature, self uint32) []uint32 {
	keys := x.keys(s)
	slices.SortFunc(keys, func(a, b term) int { return cmp.Or(cmp.Compare(len(x.posted[a]), len(x.posted[b])), cmp.Compare(a, b)) })
	left := maxPostings
	x.touched = x.touched[:0]
	for _, k := range keys {
		list := x.posted[k]
		if left -= len(list); left < 0 {
			break
		}
		w := float32(x.idf(k))
		for _, s := range list {
			if s == self {
				continue
			}
			if x.sum[s] == 0 {
				x.touched = append(x.touched, s)
			}
			x.sum[s] += w * w
		}
	}
	slices.SortFunc(x.touched, func(a, b uint32) int { return cmp.Or(cmp.Compare(x.sum[b], x.sum[a]), cmp.Compare(a, b)) })
	for _, s := range x.touched {
		x.sum[s] = 0
	}
	return x.touched[:min(len(x.touched), maxCandidates)]
}

const none = math.MaxUint32

// Place says which matter a document belongs to. It does not change the index; a ticket that the index holds is
// compared with the others.
func (x *Index) Place(d Doc) Placement {
	r := x.g.read(d)
	return x.place(&r, d)
}

func (x *Index) place(r *reading, d Doc) Placement {
	self := uint32(none)
	if s, ok := x.slots[d.ID]; ok {
		self = s
		if e := &x.entries[s]; e.keep {
			name := x.matters[e.matter].name
			return Placement{Matter: name, Probability: 1, Near: []Candidate{{Matter: name, Probability: 1, Nearest: d.ID, Reasons: []Reason{kept}}}, Reasons: []Reason{kept}}
		}
	}
	apart := x.apart[d.ID]
	for _, l := range d.Links {
		if s, ok := x.orders[fingerprint(l)]; ok && s != self {
			if name := x.matters[x.entries[s].matter].name; !slices.Contains(apart, name) {
				c := Candidate{Matter: name, Probability: linked, Nearest: x.entries[s].id, Reasons: []Reason{{Kind: ByLink, Text: "引用了工单 " + l}}}
				return Placement{Matter: name, Probability: linked, Near: []Candidate{c}, Reasons: c.Reasons}
			}
		}
	}
	q := x.query(r, d)
	type found struct {
		sum, best float64
		n         int
		nearest   uint32
	}
	by := map[int32]*found{}
	for _, s := range x.candidates(&r.signature, self) {
		e := &x.entries[s]
		v := logit(x.compare(q, e))
		f := by[e.matter]
		if f == nil {
			f = &found{best: math.Inf(-1)}
			by[e.matter] = f
		}
		f.n++
		f.sum += max(v, -leastLogit)
		if v > f.best {
			f.best, f.nearest = v, s
		}
	}
	var near []Candidate
	for m, f := range by {
		name := x.matters[m].name
		if slices.Contains(apart, name) {
			continue
		}
		n := len(x.matters[m].slots)
		if self != none && x.entries[self].matter == m {
			n--
		}
		mean := (f.sum - leastLogit*float64(max(0, min(n, 10)-f.n))) / float64(max(f.n, min(n, 10)))
		p := sigmoid((f.best + mean) / 2)
		if p < leastNear {
			continue
		}
		near = append(near, Candidate{Matter: name, Probability: p, Nearest: x.entries[f.nearest].id})
	}
	slices.SortFunc(near, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Matter, b.Matter))
	})
	near = near[:min(len(near), mostNear)]
	for i := range near {
		near[i].Reasons = x.reasons(q, x.slots[near[i].Nearest])
	}
	p := Placement{Near: near}
	if len(near) > 0 {
		p.Probability = near[0].Probability
		if p.Probability >= joinAt {
			p.Matter, p.Reasons = near[0].Matter, near[0].Reasons
		}
	}
	return p
}

// What is told of a placement.
const (
	linked     = 0.99 // a quoted order is hardly ever about something else
	joinAt     = 0.5
	leastNear  = 0.1
	mostNear   = 5
	leastLogit = 4
)

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// fingerprint is a hash of a name that is told apart from others but not kept; 0 for "".
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
