package casework

import "slices"

// Post is a role held for a unit: a department, grid or community id, or "" for a role of the whole street.
type Post struct {
	Role Role   `json:"role"`
	Unit string `json:"unit,omitempty"`
	// For is the person stood in for, when the post is held as a delegate (AB角).
	For string `json:"for,omitempty"`
	// Vacant marks a post nobody holds, acted on by the one who steps in (domain §1, 业务分管领导).
	Vacant bool `json:"vacant,omitempty"`
}

// Within is what holding the post opens: the scope of its department, grid or community, or the role itself. What
// somebody has in person (a handler's case, a duty) is theirs as long as they hold a post within it.
func (p Post) Within() Addressee { return within(p.Role, p.Unit) }

func within(role Role, unit string) Addressee {
	switch role {
	case Handler, DepartmentHead, DeputyLeader:
		return Addressee("department:" + unit)
	case Liaison, GridChief, PartySecretary:
		return Addressee("grid:" + unit)
	}
	return ToPost(role, unit)
}

// Actor is who gives a command: a person with all the posts they may act from now, delegations and vacant posts
// included, or the system.
type Actor struct {
	PersonID string
	Name     string
	Posts    []Post
	// StandsInFor lists the persons whose own assignments (handler, task, sponsor) this person may act on now.
	StandsInFor []string
	// Requesters are the requester keys of a resident's bound phones.
	Requesters []string
	isSystem   bool
}

// SystemActor acts for the mechanism itself: deadlines, triggers, imports.
func SystemActor() Actor { return Actor{Name: "系统", isSystem: true} }

// IsSystem reports whether the actor is the mechanism itself.
func (a Actor) IsSystem() bool { return a.isSystem }

// SeesAll reports whether one of the posts has every case in its scope.
func (a Actor) SeesAll() bool {
	if a.isSystem {
		return true
	}
	return slices.ContainsFunc(a.Posts, func(p Post) bool { return p.Role.SeesAll() })
}

// Capacity is the post from which a command was given.
type Capacity struct {
	Role   Role   `json:"role"`
	Unit   string `json:"unit,omitempty"`
	For    string `json:"for,omitempty"`
	Vacant bool   `json:"vacant,omitempty"`
}

// as gives the capacity in which a may act as role for unit; own posts go before delegated and vacant ones.
func (a Actor) as(role Role, unit string) (Capacity, bool) {
	best := -1
	for i, p := range a.Posts {
		if p.Role != role || p.Unit != unit && unit != anyUnit {
			continue
		}
		if best < 0 || p.For == "" && !p.Vacant {
			best = i
		}
	}
	if best < 0 {
		return Capacity{}, false
	}
	p := a.Posts[best]
	return Capacity(p), true
}

// anyUnit matches a role held for whichever unit.
const anyUnit = "*"

// is gives the capacity in which a may act on what is assigned to person: as role for unit, while they hold a post
// within it; or, where the assignment names no role, from the first post held as that person.
func (a Actor) is(person string, role Role, unit string) (Capacity, bool) {
	as := Capacity{Role: role, Unit: unit}
	switch {
	case person == "":
		return Capacity{}, false
	case a.PersonID == person:
	case slices.Contains(a.StandsInFor, person):
		as.For = person
	default:
		return Capacity{}, false
	}
	if role != "" && !a.worksWithin(within(role, unit)) {
		return Capacity{}, false
	}
	if role == "" {
		for _, p := range a.Posts {
			if p.For == as.For && !p.Vacant {
				as.Role, as.Unit = p.Role, p.Unit
				break
			}
		}
	}
	return as, true
}

// has gives the capacity in which a may act on what person has in person, within a place of work when it is noted.
func (a Actor) has(person string, in Addressee) (Capacity, bool) {
	if in != "" && !a.worksWithin(in) {
		return Capacity{}, false
	}
	return a.is(person, "", "")
}

// worksWithin reports whether a may act from a post within w.
func (a Actor) worksWithin(w Addressee) bool {
	return slices.ContainsFunc(a.Posts, func(p Post) bool { return p.Within() == w })
}

// owns reports whether one of the actor's bound phones stands behind the requester key.
func (a Actor) owns(requester string) bool {
	return requester != "" && slices.Contains(a.Requesters, requester)
}

// Addressee names who is told or who has something to do: a post ("department_head:D1", "centre"), a person
// ("person:P7") or a ticket's requester ("requester:T1"). The organisation resolves it to people at that moment.
type Addressee string

// ToPost addresses whoever holds role for unit.
func ToPost(role Role, unit string) Addressee {
	if unit == "" {
		return Addressee(role)
	}
	return Addressee(string(role) + ":" + unit)
}

// ToPerson addresses one person.
func ToPerson(id string) Addressee { return Addressee("person:" + id) }

// ToRequester addresses the requester of a ticket.
func ToRequester(ticketID string) Addressee { return Addressee("requester:" + ticketID) }
