package matter

import (
	"cmp"
	"slices"
)

// Group says which documents are about the same matter: two have the same name when they are. They are placed one after
// another in the order of their times, as on the server; only how common words are is known beforehand, as it is there
// from the tickets of the past.
func Group(docs []Doc, g Gazetteer) []string {
	x := NewIndex(g)
	order := make([]int, len(docs))
	readings := make([]*reading, len(docs))
	for i := range docs {
		order[i] = i
		readings[i] = x.places.read(docs[i])
		x.learn(readings[i])
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(docs[a].At.Compare(docs[b].At), cmp.Compare(docs[a].ID, docs[b].ID))
	})
	for _, i := range order {
		m := x.place(readings[i], docs[i]).Matter
		if m == "" {
			m = docs[i].ID
		}
		x.put(readings[i], docs[i], m)
		readings[i] = nil
	}
	names := make([]string, len(docs))
	for i := range docs {
		names[i] = x.Matter(docs[i].ID)
	}
	return names
}
