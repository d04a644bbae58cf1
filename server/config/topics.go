package config

import "xiaopu/server/classify"

// LoadTopics reads a tree of topics, such as configs/topics.yaml. The error joins one line for each problem.
func LoadTopics(data []byte) (classify.Tree, error) {
	var t classify.Tree
	s := source{complete: true}
	if s.decode(data, seedBytes, &t) {
		for _, problem := range t.Check() {
			s.at(problem.Path, "%s", problem.Message)
		}
	}
	if err := s.err(); err != nil {
		return classify.Tree{}, err
	}
	return t, nil
}

// LoadDuties reads a duty list (权责清单), such as configs/duties.example.yaml.
func LoadDuties(data []byte) ([]classify.DutyItem, error) {
	var file struct {
		Duties []classify.DutyItem `yaml:"duties"`
	}
	s := source{}
	s.decode(data, seedBytes, &file)
	return file.Duties, s.err()
}
