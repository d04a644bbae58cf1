package recognition

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"xiaopu/server/matter"
)

// Matters says which matter a ticket is about. The words are matter.Index's; what the columns of a sheet, or failing them the
// text, say of place and kind comes before them: tickets of two places are not about one matter however alike their words;
// those of one place and one kind are about one, however they put it; and where the place alone is the same the words decide.
// Tickets that name no place are compared with each other. Places are told apart as the gazetteer names them, so that another
// name, two characters in the wrong order or a wrong one make no other place.
//
// It is for one goroutine at a time.
type Matters struct {
	places *gazetteer
	here   *matter.Index // tickets that name a place
	loose  *matter.Index // those that name none
	at     map[string]seat
	of     map[corner][]string // tickets of one kind at one place; with kind "" all at the place
	apart  map[string][]string // ticket → matters
	size   map[string]int      // by matter
	sites  map[site]*site      // each kept once
	once   map[string]string   // likewise what several of them say
}

// seat is where a ticket sits.
type seat struct {
	site   *site
	matter string
	kept   bool
}

// corner is one kind of matter at one place.
type corner struct{ place, kind string }

// NewMatters makes an empty one that knows the places of g.
func NewMatters(g matter.Gazetteer) *Matters {
	here := matter.NewIndex(g)
	return newMatters(compile(g), here, here.Beside())
}

func newMatters(g *gazetteer, here, loose *matter.Index) *Matters {
	return &Matters{places: g, here: here, loose: loose, at: map[string]seat{}, of: map[corner][]string{}, apart: map[string][]string{}, size: map[string]int{}, sites: map[site]*site{}, once: map[string]string{}}
}

// Beside makes an empty one that weighs words as m does now: for what is placed on trial and does not stay.
func (m *Matters) Beside() *Matters { return newMatters(m.places, m.here.Beside(), m.loose.Beside()) }

// Read gives a description with its words read, for who finds a ticket's matter and then puts it there, and for reading several at
// the same time. See matter.Index.Read.
func (m *Matters) Read(d Description) Description {
	d.Doc = m.here.Read(d.Doc)
	return d
}

// Len is how many tickets there are.
func (m *Matters) Len() int { return len(m.at) }

// Size is how many tickets are about a matter.
func (m *Matters) Size(name string) int { return m.size[name] }

// words is the index that a ticket of a site is in.
func (m *Matters) words(s site) *matter.Index {
	if s.nowhere() {
		return m.loose
	}
	return m.here
}

// Put adds a ticket to a matter; kept says that a person put it there. One that is there already is replaced.
func (m *Matters) Put(d Description, name string, kept bool) {
	m.Remove(d.ID)
	s := m.places.site(d)
	words := m.words(s)
	words.Put(d.Doc, name)
	if kept {
		words.Keep(d.ID)
	}
	m.at[d.ID] = seat{site: m.oneSite(s), matter: name, kept: kept}
	m.size[name]++
	for _, c := range s.corners() {
		m.of[c] = append(m.of[c], d.ID)
	}
}

// oneSite keeps where tickets are, and of what kind, once for all of them.
func (m *Matters) oneSite(s site) *site {
	s.name = ""
	o := m.sites[s]
	if o == nil {
		o = &site{estate: m.one(s.estate), road: m.one(s.road), kind: m.one(s.kind)}
		m.sites[*o] = o
	}
	return o
}

func (m *Matters) one(s string) string {
	if o, met := m.once[s]; met {
		return o
	}
	m.once[s] = s
	return s
}

// Remove takes a ticket out. What persons decided about it stays.
func (m *Matters) Remove(id string) {
	s, in := m.at[id]
	if !in {
		return
	}
	m.words(*s.site).Remove(id)
	delete(m.at, id)
	if m.size[s.matter]--; m.size[s.matter] == 0 {
		delete(m.size, s.matter)
	}
	for _, c := range s.site.corners() {
		if left := slices.DeleteFunc(m.of[c], func(o string) bool { return o == id }); len(left) > 0 {
			m.of[c] = left
		} else {
			delete(m.of, c)
		}
	}
}

// Apart records that a person took a ticket out of a matter: Place never puts it there again.
func (m *Matters) Apart(id, name string) {
	m.here.Apart(id, name)
	m.loose.Apart(id, name)
	if !slices.Contains(m.apart[id], name) {
		m.apart[id] = append(m.apart[id], name)
	}
}

const (
	sameCorner   = 0.9 // the probability that two tickets of one kind at one place are about one matter
	joins        = 0.5 // the probability from which on a ticket is about a matter
	mostOfCorner = 50  // of the newest tickets of a corner are looked at
	mostOfPlace  = 200 // … of a place
)

// Find is Place without the reasons, which cost more than all else.
func (m *Matters) Find(d Description) matter.Placement { return m.place(d, false) }

// Place says which matter a ticket is about, without changing anything. A ticket that is there is compared with the others.
func (m *Matters) Place(d Description) matter.Placement { return m.place(d, true) }

func (m *Matters) place(d Description, explain bool) matter.Placement {
	s := m.places.site(d)
	if at := m.at[d.ID]; at.kept {
		return m.words(*at.site).Place(d.Doc)
	}
	var near []matter.Candidate
	if s.nowhere() {
		near = m.loose.Place(d.Doc).Near
	} else {
		near = m.atPlace(d, s, explain)
	}
	slices.SortStableFunc(near, func(a, b matter.Candidate) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(m.size[b.Matter], m.size[a.Matter]), cmp.Compare(a.Matter, b.Matter))
	})
	m.original(near)
	p := matter.Placement{Near: near}
	if len(near) > 0 {
		p.Probability = near[0].Probability
		if p.Probability >= joins {
			p.Matter, p.Reasons = near[0].Matter, near[0].Reasons
		}
	}
	return p
}

// atPlace gives the matters at a place that a ticket may be about. Where nothing is to be explained and the corner has one
// matter, that is it: comparing words would change nothing.
func (m *Matters) atPlace(d Description, s site, explain bool) []matter.Candidate {
	corner := m.inCorner(d, s)
	if !explain && len(corner) == 1 {
		return corner
	}
	near := m.alike(d, s, explain)
	for _, c := range corner {
		i := slices.IndexFunc(near, func(n matter.Candidate) bool { return n.Matter == c.Matter })
		switch {
		case i < 0:
			near = append(near, c)
		case near[i].Probability < sameCorner:
			near[i].Probability = sameCorner
			near[i].Reasons = append(c.Reasons, near[i].Reasons...)
		}
	}
	return near
}

// alike gives the matters at a place whose words are like a ticket's.
func (m *Matters) alike(d Description, s site, explain bool) []matter.Candidate {
	var ids []string
	for i, place := range s.places() {
		list := m.of[corner{place: place}]
		for _, id := range list[max(0, len(list)-mostOfPlace):] {
			o := *m.at[id].site
			if met := i > 0 && o.estate == s.estate; !met && !s.other(o) {
				ids = append(ids, id)
			}
		}
	}
	return m.here.Among(d.Doc, ids, explain)
}

// OtherKind reports whether a ticket and another one that is there are of two kinds, as their sources call them.
func (m *Matters) OtherKind(d Description, other string) bool {
	o, in := m.at[other]
	return in && d.site.kind != "" && o.site.kind != "" && d.site.kind != o.site.kind
}

// Between says how likely a ticket is about the same matter as another one that is there, and why; no reasons where hardly
// anything speaks for it.
func (m *Matters) Between(d Description, other string) (c matter.Candidate) {
	o, in := m.at[other]
	if !in {
		return c
	}
	if near := m.words(*o.site).Among(d.Doc, []string{other}, true); len(near) > 0 {
		c = near[0]
	}
	if s := m.places.site(d); !s.other(*o.site) && s.kind != "" && s.kind == o.site.kind && s.meets(*o.site) {
		c.Probability = max(c.Probability, sameCorner)
		c.Reasons = append([]matter.Reason{sameKind(s, d)}, c.Reasons...)
	}
	return c
}

// inCorner gives the matters of a ticket's kind at its place, each once.
func (m *Matters) inCorner(d Description, s site) (found []matter.Candidate) {
	if s.kind == "" {
		return nil
	}
	for _, place := range s.places() {
		list := m.of[corner{place, s.kind}]
		for _, id := range list[max(0, len(list)-mostOfCorner):] {
			o := m.at[id]
			met := slices.ContainsFunc(found, func(c matter.Candidate) bool { return c.Matter == o.matter })
			if met || id == d.ID || s.other(*o.site) || slices.Contains(m.apart[d.ID], o.matter) {
				continue
			}
			found = append(found, matter.Candidate{
				Matter: o.matter, Probability: sameCorner, Nearest: id,
				Reasons: []matter.Reason{sameKind(s, d)},
			})
		}
	}
	return found
}

func sameKind(s site, d Description) matter.Reason {
	return matter.Reason{Kind: matter.ByPlace, Text: "同一地点“" + s.name + "”的同类事项：" + d.Category}
}

// original puts the matter that a ticket was taken out of before the one that was made of it: what looks like both is about the
// first.
func (m *Matters) original(near []matter.Candidate) {
	for i := 1; i < len(near) && near[i].Probability >= joins; i++ {
		if slices.Contains(m.apart[near[0].Nearest], near[i].Matter) {
			near[0], near[i] = near[i], near[0]
			return
		}
	}
}

// gazetteer finds the street's own name for a place.
type gazetteer struct {
	names map[string]string   // name or alias → key
	begin map[[2]rune][]spelt // the names of estates that a text may hold, by their first characters, the longest first
	near  map[string][]string // what a name is like without one character, or sorted → keys
}

func compile(g matter.Gazetteer) *gazetteer {
	c := &gazetteer{names: map[string]string{}, begin: map[[2]rune][]spelt{}, near: map[string][]string{}}
	for _, e := range g {
		key := placeKey(e.Name)
		for _, n := range append([]string{e.Name}, e.Aliases...) {
			k := placeKey(n)
			c.names[k] = key
			if rs := []rune(k); len(rs) >= leastSpelt && !isRoad(k) {
				at := [2]rune{rs[0], rs[1]}
				c.begin[at] = append(c.begin[at], spelt{rs, key})
			}
			for _, l := range like(k) {
				if !slices.Contains(c.near[l], key) {
					c.near[l] = append(c.near[l], key)
				}
			}
		}
	}
	for _, list := range c.begin {
		slices.SortStableFunc(list, func(a, b spelt) int { return cmp.Compare(len(b.runes), len(a.runes)) })
	}
	return c
}

// spelt is a name as a text spells it.
type spelt struct {
	runes []rune
	key   string
}

// leastSpelt is how many characters a name must have to be looked for in texts: shorter ones are part of other words.
const leastSpelt = 3

// within finds the first name of the gazetteer that a text holds: what the street calls a place need not end as the names of
// estates do (青穗雅庭, 穗谷科创园). A road is not looked for: it is long, and without a number no one place.
func (g *gazetteer) within(text string) (key, name string) {
	if len(g.begin) == 0 {
		return "", ""
	}
	rs := make([]rune, 0, placeRunes)
	for _, r := range text {
		if len(rs) == placeRunes {
			break
		}
		if r, keep := narrowRune(r); keep {
			rs = append(rs, r)
		}
	}
	for i := 0; i+leastSpelt <= len(rs); i++ {
		for _, n := range g.begin[[2]rune{rs[i], rs[i+1]}] {
			if i+len(n.runes) <= len(rs) && slices.Equal(rs[i:i+len(n.runes)], n.runes) {
				return n.key, string(n.runes)
			}
		}
	}
	return "", ""
}

// like are forms that a name shares with what is nearly the same: its characters in order of their codes, and, of a name of four
// characters or more, the name with each of them left open.
func like(name string) (forms []string) {
	rs := []rune(name)
	if len(rs) < 3 {
		return nil
	}
	if len(rs) >= 4 {
		for i := range rs {
			open := slices.Clone(rs)
			open[i] = '?'
			forms = append(forms, string(open))
		}
	}
	sorted := slices.Clone(rs)
	slices.Sort(sorted)
	return append(forms, "="+string(sorted))
}

// site names places as the street does: what is no name of the gazetteer but nearly one of them is that one. A lane that is
// another name of an estate is that estate; of a road with a number the road is looked for. Where neither columns nor the
// usual endings name an estate, the text's words are looked through for one of the gazetteer's names.
func (g *gazetteer) site(d Description) site {
	s := d.site
	if s.estate != "" {
		s.estate = g.known(s.estate)
	} else if key, known := g.names[s.road]; known && !isRoad(key) {
		s.estate = key
	} else if d.Place == "" {
		for _, text := range []string{d.Title, d.Text} {
			if key, name := g.within(text); key != "" {
				s.estate, s.name = key, name
				break
			}
		}
	}
	if i := strings.LastIndexAny(s.road, "路道街"); i >= 0 {
		_, n := utf8.DecodeRuneInString(s.road[i:])
		s.road = g.known(s.road[:i+n]) + s.road[i+n:]
	}
	return s
}

// known is the street's key for a name, or the name itself.
func (g *gazetteer) known(name string) string {
	if key, known := g.names[name]; known {
		return key
	}
	for _, l := range like(name) {
		if keys := g.near[l]; len(keys) == 1 {
			return keys[0]
		}
	}
	return name
}

func (s site) nowhere() bool { return s.estate == "" && s.road == "" }

func (s site) places() (list []string) {
	for _, place := range []string{s.estate, s.road} {
		if place != "" {
			list = append(list, place)
		}
	}
	return list
}

// meets reports whether two sites share a place.
func (s site) meets(o site) bool {
	return slices.ContainsFunc(s.places(), func(p string) bool { return slices.Contains(o.places(), p) })
}

// corners are where a ticket is looked for.
func (s site) corners() (list []corner) {
	for _, place := range s.places() {
		list = append(list, corner{place: place})
		if s.kind != "" {
			list = append(list, corner{place, s.kind})
		}
	}
	return list
}
