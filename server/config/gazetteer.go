package config

// GazetteerPlace is one entry of a gazetteer's file.
type GazetteerPlace struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // estate, road, community, company, other
	Aliases []string `json:"aliases"`
}

// LoadGazetteer reads the places and parties a street keeps, such as configs/gazetteer.example.yaml. What they may be is the
// engine's to check.
func LoadGazetteer(data []byte) ([]GazetteerPlace, error) {
	var file struct {
		Places []GazetteerPlace `json:"places"`
	}
	var s source
	s.decode(data, organisationBytes, &file)
	return file.Places, s.err()
}
