package matter

import (
	"cmp"
	"runtime"
	"slices"

	"xiaopu/server/parallel"
)

// Group says which documents are about the same matter: two have the same name when they are. They are placed one after
// another in the order of their times, as on the server; only how common words are is known beforehand, as it is there
// from the tickets of the past.
func Group(docs []Doc, g Gazetteer) []string {
	x := NewIndex(g)
	readings := x.places.readAll(docs)
	order := make([]int, len(docs))
	for i, r := range readings {
		order[i] = i
		x.learn(r)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(docs[a].At.Compare(docs[b].At), cmp.Compare(docs[a].ID, docs[b].ID))
	})
	defer x.help(runtime.GOMAXPROCS(0) - 1)()
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

// readAll reads documents on all cores. What only reasons need is left out: nobody will ask for them.
func (g *gazetteer) readAll(docs []Doc) []*reading {
	readings := make([]*reading, len(docs))
	parallel.Do(runtime.GOMAXPROCS(0), len(docs), func(i int) {
		r := g.read(docs[i])
		r.head, r.text, r.spans, r.inName = nil, nil, nil, nil
		r.every, r.keys, r.first = slices.Clone(r.every), slices.Clone(r.keys), slices.Clone(r.first)
		r.words = r.every
		readings[i] = r
	})
	return readings
}
