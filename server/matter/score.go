package matter

import "math"

// query is the document that is compared with entries.
type query struct {
	*reading
	person uint64
	at     int64
	norms  [3]float32
}

func (x *Index) query(r *reading, d Doc) *query {
	return &query{reading: r, person: fingerprint(d.Person), at: d.At.Unix() / 86400, norms: x.norms(&r.signature)}
}

// likeness is how two documents compare; see weights.
type likeness [nFeatures]float64

const (
	fBody = iota
	fNameMax
	fNameMin
	fNameMass
	fTopicMax
	fTopicMin
	fBoth
	fLines
	fPerson
	fDays
	nFeatures
)

// weights make the logit of two documents being about one matter. They were rounded from a logistic regression over pairs
// of real messages; what each says is written beside it.
var weights = likeness{
	fBody:     12,
	fNameMax:  1,
	fNameMin:  1.5,
	fNameMass: 0.5,
	fTopicMax: 0.5,
	fTopicMin: 4,
	fBoth:     4,
	fLines:    -4,
	fPerson:   2,
	fDays:     -0.5,
}

const bias = -8.5

func logit(l likeness) float64 {
	v := bias
	for i, w := range weights {
		v += w * l[i]
	}
	return v
}

func (x *Index) compare(q *query, e *entry) likeness {
	s := e.signature()
	const tiny = 1e-9
	nab := x.shared(q.signature.names, s.body)
	nba := x.shared(s.names, q.body)
	na, nb := nab/(float64(q.norms[0])+tiny), nba/(float64(e.norms[0])+tiny)
	ta := x.shared(q.topic, s.body) / (float64(q.norms[1]) + tiny)
	tb := x.shared(s.topic, q.body) / (float64(e.norms[1]) + tiny)
	l := likeness{
		fBody:     x.shared(q.body, s.body) / math.Sqrt(float64(q.norms[2])*float64(e.norms[2])+tiny),
		fNameMax:  max(na, nb),
		fNameMin:  min(na, nb),
		fNameMass: math.Log1p(nab + nba),
		fTopicMax: max(ta, tb),
		fTopicMin: min(ta, tb),
		fBoth:     math.Sqrt((na + nb) * (ta + tb)),
		fDays:     math.Log1p(math.Abs(float64(q.at - e.at))),
	}
	if len(q.lines) > 0 && len(s.lines) > 0 && x.shared(q.lines, s.lines) == 0 {
		l[fLines] = 1
	}
	if q.person != 0 && q.person == e.person {
		l[fPerson] = 1
	}
	return l
}

// shared is how much two sorted sets have in common.
func (x *Index) shared(a, b []term) float64 {
	v := 0.0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			w := x.idf(a[i])
			v += w * w
			i++
			j++
		}
	}
	return v
}
