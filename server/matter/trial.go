package matter

import (
	"cmp"
	"slices"
)

// Beside makes an empty index that weighs words as x does now: for what is placed on trial and does not stay. What it
// learns, x does not.
func (x *Index) Beside() *Index {
	y := NewIndex(nil)
	y.places, y.learned, y.all, y.logs = x.places, x.learned, x.all, slices.Clone(x.logs)
	copy(y.count, x.count)
	return y
}

// Among compares a document with these tickets of the index alone, for who knows by other means that they are of its place, and
// gives the matters of those that are not absurd, best first; with their reasons when explain.
func (x *Index) Among(d Doc, ids []string, explain bool) (near []Candidate) {
	if len(ids) == 0 {
		return nil
	}
	r := x.reading(d)
	x.cut(r)
	q := x.query(r, d)
	q.here = true
	var slots []uint32
	for _, id := range ids {
		if s, ok := x.slots[id]; ok && id != d.ID && !slices.Contains(x.apart[d.ID], x.entries[s].matter.name) {
			slots = append(slots, s)
		}
	}
	by := map[*members][]scored{}
	for _, s := range x.scores(q, slots) {
		m := x.entries[s.slot].matter
		by[m] = append(by[m], s)
	}
	for m, found := range by {
		slices.SortFunc(found, func(a, b scored) int { return cmp.Or(cmp.Compare(b.logit, a.logit), cmp.Compare(a.slot, b.slot)) })
		if p := sigmoid(linkage(found, len(found))); p >= leastNear {
			near = append(near, Candidate{Matter: m.name, Probability: p, Nearest: x.entries[found[0].slot].id})
		}
	}
	slices.SortFunc(near, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Matter, b.Matter))
	})
	near = near[:min(len(near), mostNear)]
	for i := range near {
		if explain {
			near[i].Reasons = x.reasons(q, x.slots[near[i].Nearest])
		}
	}
	return near
}
