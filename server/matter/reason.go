package matter

import (
	"cmp"
	"slices"
	"strings"
)

// ReasonKind says what a reason rests on.
type ReasonKind string

// The kinds of reason.
const (
	ByPlace   ReasonKind = "place"
	ByWords   ReasonKind = "words"
	ByLink    ReasonKind = "link"
	ByPerson  ReasonKind = "person"
	ByRecency ReasonKind = "recency"
	ByHand    ReasonKind = "hand" // a person put it there
)

// Reason is one thing that speaks for a ticket belonging to a matter, as the clerk reads it.
type Reason struct {
	Kind ReasonKind `json:"kind"`
	Text string     `json:"text"`
}

var kept = Reason{Kind: ByHand, Text: "由工作人员归入"}

// reasons says what a document has in common with a ticket of the index.
func (x *Index) reasons(q *query, s uint32) (list []Reason) {
	e := &x.entries[s]
	body := e.signature().body
	has := func(t term) bool { _, ok := slices.BinarySearch(body, t); return ok }
	inName := make([]bool, len(q.title)+1)
	for _, n := range q.names {
		total, shared := 0.0, 0.0
		for i := n.from; i < n.to; i++ {
			inName[i] = true
			for j := i + 1; j < n.to && j <= i+2; j++ {
				t := pair(q.title[i], q.title[j])
				w := x.idf(t)
				total += w
				if has(t) {
					shared += w
				}
			}
		}
		if total > 0 && shared/total > .6 {
			list = append(list, Reason{ByPlace, "同一地点或对象：“" + string(q.title[n.from:n.to]) + "”"})
		}
	}
	if ws := x.sharedWords(q.title, inName, has); len(ws) > 0 {
		list = append(list, Reason{ByWords, "标题用词相同：" + strings.Join(ws, "、")})
	}
	if ws := x.sharedWords(q.text, nil, has); len(ws) > 0 {
		list = append(list, Reason{ByWords, "正文用词相同：" + strings.Join(ws, "、")})
	}
	if q.person != 0 && q.person == e.person {
		list = append(list, Reason{ByPerson, "同一诉求人"})
	}
	return list
}

// sharedWords gives the longest runs of rs whose pairs a ticket has too.
func (x *Index) sharedWords(rs []rune, skip []bool, has func(term) bool) []string {
	type run struct {
		words  string
		weight float64
	}
	var runs []run
	for i := 0; i < len(rs)-1; {
		j, w := i, 0.0
		for j < len(rs)-1 && rs[j] != gap && rs[j+1] != gap && (skip == nil || !skip[j]) && has(pair(rs[j], rs[j+1])) {
			w += x.idf(pair(rs[j], rs[j+1]))
			j++
		}
		if j > i {
			words := string(rs[i : j+1])
			if !slices.ContainsFunc(runs, func(r run) bool { return r.words == words }) {
				runs = append(runs, run{words, w})
			}
		}
		i = max(j, i+1)
	}
	slices.SortStableFunc(runs, func(a, b run) int { return cmp.Compare(b.weight, a.weight) })
	var out []string
	for _, r := range runs[:min(3, len(runs))] {
		out = append(out, "“"+r.words+"”")
	}
	return out
}
