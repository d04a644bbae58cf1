package matter

import (
	"cmp"
	"slices"
)

// Beside makes an empty index that weighs words as x does now: for what is placed on trial and does not stay. What it
// learns, x does not.
func (x *Index) Beside() *Index {
	y := NewIndex(nil)
	y.places, y.learned, y.all = x.places, x.learned, x.all
	copy(y.count, x.count)
	return y
}

// Among compares a document with these tickets of the index alone, for who knows by other means which come into question, and
// gives the matters of those that are not absurd, best first; with their reasons when explain.
func (x *Index) Among(d Doc, ids []string, explain bool) (near []Candidate) {
	if len(ids) == 0 {
		return nil
	}
	r := x.reading(d)
	x.cut(r)
	q := x.query(r, d)
	by := map[*members][]scored{}
	for _, id := range ids {
		s, ok := x.slots[id]
		if !ok || id == d.ID {
			continue
		}
		if m := x.entries[s].matter; !slices.Contains(x.apart[d.ID], m.name) {
			by[m] = append(by[m], scored{logit(x.likeness(q, s)), s})
		}
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
