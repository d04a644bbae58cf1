package organisation

import (
	"slices"
	"strings"
	"time"

	"xiaopu/server/casework"
)

// Actor gives the person with every post they may act from at that instant: their own, those of people they stand in
// for (For), and vacant ones that fall to them (Vacant). A post they could act from twice is there once, in that order
// of preference. It is false for an unknown person and for one who has left.
func (o *Organisation) Actor(personID string, at time.Time) (casework.Actor, bool) {
	p, ok := o.people.get(personID)
	if !ok || p.Left {
		return casework.Actor{}, false
	}
	a := casework.Actor{PersonID: p.ID, Name: p.Name, Posts: slices.Clone(o.posts[p.ID])}
	if slices.ContainsFunc(p.Posts, func(x Post) bool { return x.Role == casework.Resident }) {
		a.Requesters = slices.Clone(p.Requesters)
	}
	for _, d := range o.held[p.ID] {
		if !d.runs(at) || slices.Contains(a.StandsInFor, d.From) {
			continue
		}
		a.StandsInFor = append(a.StandsInFor, d.From)
		for _, post := range o.posts[d.From] { // posts without delegations: a delegate passes nothing on
			if lendable(post.Role) && !slices.ContainsFunc(a.Posts, func(x casework.Post) bool { return x.Role == post.Role && x.Unit == post.Unit }) {
				post.For = d.From
				a.Posts = append(a.Posts, post)
			}
		}
	}
	return a, true
}

// Recipient is somebody who is told, and as whom.
type Recipient struct {
	PersonID string
	// For is the person they stand in for, when they are told as a delegate.
	For string
	// Vacant is set when they are told because nobody holds the post, or because the person addressed has left.
	Vacant bool
}

// Recipients gives everybody whom a notice to this address reaches at that instant, each once: those addressed, then
// their delegates.
//
//   - A post: all who hold it; whoever steps in when it is vacant; the centre when nobody steps in.
//   - A person: that person. When they have left: the heads of the departments they worked in, else the centre; nobody
//     for a resident.
//   - A requester, a resident or a vacant administrator's post: nobody. Requesters are known by their tickets.
//
// What names no post or person that exists goes to the centre, so that nothing is lost.
func (o *Organisation) Recipients(a casework.Addressee, at time.Time) []Recipient {
	role, unit, _ := strings.Cut(string(a), ":")
	var direct []Recipient
	switch casework.Role(role) {
	case "", "requester", casework.Resident:
		return nil
	case "person":
		direct = o.personally(unit)
	default:
		direct = o.atPost(Post{casework.Role(role), unit})
	}
	out := direct
	for _, r := range direct {
		for _, d := range o.lent[r.PersonID] {
			if d.runs(at) && !slices.ContainsFunc(out, func(x Recipient) bool { return x.PersonID == d.To }) {
				out = append(out, Recipient{PersonID: d.To, For: r.PersonID, Vacant: r.Vacant})
			}
		}
	}
	return out
}

func (o *Organisation) atPost(p Post) []Recipient {
	if ids := o.holders[p]; len(ids) > 0 {
		return recipients(ids, false)
	}
	if administrator(p.Role) {
		return nil
	}
	if ids := o.stepIn[p]; len(ids) > 0 {
		return recipients(ids, true)
	}
	return recipients(o.holders[Post{Role: casework.Centre}], true)
}

func (o *Organisation) personally(id string) []Recipient {
	p, ok := o.people.get(id)
	if ok && !p.Left {
		return []Recipient{{PersonID: id}}
	}
	var out []Recipient
	staff := !ok
	for _, post := range p.Posts {
		staff = staff || post.Role != casework.Resident
		if post.Role != casework.Handler && post.Role != casework.DepartmentHead {
			continue
		}
		for _, r := range o.atPost(Post{casework.DepartmentHead, post.Unit}) {
			r.Vacant = true
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	if len(out) == 0 && (staff || len(p.Posts) == 0) {
		out = recipients(o.holders[Post{Role: casework.Centre}], true)
	}
	return out
}

func recipients(ids []string, vacant bool) []Recipient {
	out := make([]Recipient, len(ids))
	for i, id := range ids {
		out[i] = Recipient{PersonID: id, Vacant: vacant}
	}
	return out
}
