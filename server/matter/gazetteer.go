package matter

// Gazetteer is the street's list of places and parties.
type Gazetteer []Entry

// Entry is one place or party of a gazetteer.
type Entry struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
}

type gazetteer struct{}

func (g Gazetteer) compile() *gazetteer { return &gazetteer{} }
