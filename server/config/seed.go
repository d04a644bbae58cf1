package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workday"
)

const (
	seedBytes         = 1 << 20
	organisationBytes = 5 << 20
)

// LoadPolicy reads a version of the policy, such as configs/policy.yaml. Every number must be there and within sensible
// bounds; the error joins one line for each problem.
func LoadPolicy(data []byte) (casework.Policy, error) {
	var p casework.Policy
	s := source{complete: true}
	if s.decode(data, seedBytes, &p) {
		s.checkPolicy(p)
	}
	if err := s.err(); err != nil {
		return casework.Policy{}, err
	}
	return p, nil
}

func (s *source) checkPolicy(p casework.Policy) {
	for _, problem := range p.Check() {
		s.at(problem.Path, "%s", problem.Message)
	}
}

// LoadYear reads the State Council's arrangement for one year, such as configs/workdays/2026.yaml. The error joins one line
// for each problem.
func LoadYear(data []byte) (workday.Year, error) {
	var y workday.Year
	var s source
	if s.decode(data, seedBytes, &y) {
		for _, key := range []string{"year", "source", "off"} {
			if s.lines[key] == 0 {
				s.add(0, "缺少“%s”，请补上", key)
			}
		}
		if s.lines["year"] > 0 {
			for _, err := range apperr.Each(y.Validate()) {
				s.add(0, "%s", err)
			}
		}
	}
	if err := s.err(); err != nil {
		return workday.Year{}, err
	}
	return y, nil
}

// LoadOrganisation reads what a file such as configs/org.example.yaml says of units, people and delegations, in the file's
// order, and checks what comes out when it is laid over what is known (organisation.Revise; nil: nothing yet). The error
// joins one line for each problem, with the line of the entry; no message shows a phone number.
func LoadOrganisation(data []byte, known *organisation.Organisation) (organisation.Street, error) {
	var file organisation.Street
	var s source
	if s.decode(data, organisationBytes, &file) {
		_, err := organisation.Revise(known, file, false)
		for _, e := range apperr.Each(err) {
			if p, ok := errors.AsType[*organisation.Problem](e); ok && p.Index >= 0 {
				also := ""
				for _, i := range p.Others {
					also += fmt.Sprintf("（另见第 %d 行）", s.lines[p.List+item(i)])
				}
				s.at(p.List+item(p.Index), "%s%s", p.Message, also)
			} else if ok {
				s.add(s.lines[p.List], "%s", p.Message)
			} else {
				s.add(0, "%s", e)
			}
		}
	}
	if err := s.err(); err != nil {
		return organisation.Street{}, err
	}
	return file, nil
}

// WriteOrganisation writes an organisation as a file that LoadOrganisation reads: without the phones bound to residents and
// without residents, nor delegations that are over at that instant.
func WriteOrganisation(o *organisation.Organisation, at time.Time) ([]byte, error) {
	s := o.Street()
	s.People = slices.DeleteFunc(s.People, organisation.Person.OnlyResident)
	for i := range s.People {
		s.People[i].Requesters = nil
	}
	s.Delegations = slices.DeleteFunc(s.Delegations, func(d organisation.Delegation) bool { return d.Over(at) })
	body, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return yaml.JSONToYAML(body)
}
