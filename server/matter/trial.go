package matter

import "slices"

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
	near = x.near(x.scores(q, slots), func(_ *members, found int) int { return found })
	for i := range near {
		if explain {
			near[i].Reasons = x.reasons(q, x.slots[near[i].Nearest])
		}
	}
	return near
}
