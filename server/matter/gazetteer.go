package matter

// Gazetteer is the street's list of places and parties: 小区, roads, communities, companies.
type Gazetteer []Entry

// Entry is one of them. A text that uses an alias means the same as one that uses the name.
type Entry struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
}

// gazetteer is a Gazetteer as texts are searched for it.
type gazetteer struct {
	root  *tree
	names map[*tree][]rune // by the last character of a name or alias
}

func (g Gazetteer) compile() *gazetteer {
	c := &gazetteer{root: &tree{}, names: map[*tree][]rune{}}
	for _, e := range g {
		name := letters(e.Name, maxTitle)
		if len(name) < 2 {
			continue
		}
		for _, w := range append([]string{e.Name}, e.Aliases...) {
			if rs := letters(w, maxTitle); len(rs) >= 2 && c.names[c.root.at(rs)] == nil {
				c.names[c.root.at(rs)] = name
			}
		}
	}
	return c
}

// find gives the proper names of what rs mentions, the longest at each place.
func (g *gazetteer) find(rs []rune) (names [][]rune) {
	if len(g.names) == 0 {
		return nil
	}
	for i := 0; i < len(rs); i++ {
		n, to := g.root, 0
		var name []rune
		for j := i; j < len(rs); j++ {
			if n = n.next[rs[j]]; n == nil {
				break
			}
			if found := g.names[n]; found != nil {
				name, to = found, j+1
			}
		}
		if name != nil {
			names = append(names, name)
			i = to - 1
		}
	}
	return names
}
