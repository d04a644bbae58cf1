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
	ByProblem ReasonKind = "problem"
	ByWords   ReasonKind = "words"
	ByLink    ReasonKind = "link"
	ByPerson  ReasonKind = "person"
	ByHand    ReasonKind = "hand" // a person put it there
)

// Reason is one thing that speaks for a ticket belonging to a matter, as the clerk reads it.
type Reason struct {
	Kind ReasonKind `json:"kind"`
	Text string     `json:"text"`
}

var kept = Reason{Kind: ByHand, Text: "由工作人员归入"}

func quotes(order string) Reason { return Reason{Kind: ByLink, Text: "引用了工单 " + order} }

// reasons says what a document has in common with a ticket of the index.
func (x *Index) reasons(q *query, s uint32) (list []Reason) {
	e := &x.entries[s]
	e.unpack(&x.scratch)
	shares := func(a, b rune) bool { return x.scratch.mentions(pair(a, b).term()) }
	rs := q.head
	if !q.inHead {
		rs = q.text
	}
	for _, n := range q.spans {
		var total, shared float32
		eachPair(rs, n.from, n.to, 2, func(i, j int) {
			w := x.square(pair(rs[i], rs[j]).term())
			total += w
			if shares(rs[i], rs[j]) {
				shared += w
			}
		})
		switch name := "“" + string(rs[n.from:n.to]) + "”"; {
		case total == 0 || shared/total <= .6:
		case n.sure:
			list = append(list, Reason{ByPlace, "同一地点或对象：" + name})
		default: // a name perhaps, or what nobody has listed as a word
			list = append(list, Reason{ByWords, "都提到：" + name})
		}
	}
	var problems []string
	for _, c := range q.concepts {
		if slices.Contains(x.scratch.concepts, c) && !slices.Contains(problems, conceptName(c)) {
			problems = append(problems, conceptName(c))
		}
	}
	if len(problems) > 0 {
		list = append(list, Reason{ByProblem, "同类问题：" + strings.Join(problems[:min(3, len(problems))], "、")})
	}
	if ws := x.sharedWords(q.head, q.inName, shares); len(ws) > 0 && !q.untitled {
		list = append(list, Reason{ByWords, "标题用词相同：" + strings.Join(ws, "、")})
	}
	if ws := x.sharedWords(q.text, nil, shares); len(ws) > 0 {
		list = append(list, Reason{ByWords, "正文用词相同：" + strings.Join(ws, "、")})
	}
	if q.person != 0 && q.person == e.person {
		list = append(list, Reason{ByPerson, "同一诉求人"})
	}
	return list
}

// sharedWords gives the longest runs of rs whose pairs a ticket has too, those in named aside.
func (x *Index) sharedWords(rs []rune, named []bool, shares func(a, b rune) bool) []string {
	type run struct {
		words  string
		weight float32
	}
	var runs []run
	for i := 0; i < len(rs)-1; {
		j, w := i, float32(0)
		for j < len(rs)-1 && rs[j] != gap && rs[j+1] != gap && (named == nil || !named[j] && !named[j+1]) && shares(rs[j], rs[j+1]) {
			w += x.square(pair(rs[j], rs[j+1]).term())
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
