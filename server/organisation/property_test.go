package organisation

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"xiaopu/server/casework"
)

// drawStreet draws any valid organisation that has a centre; posts may be vacant, people may have left.
func drawStreet(t *rapid.T) *Organisation {
	n := func(label string, low, high int) int { return rapid.IntRange(low, high).Draw(t, label) }
	var departments []Department
	for i := range n("departments", 1, 4) {
		departments = append(departments, Department{ID: fmt.Sprintf("d-%d", i), Name: fmt.Sprintf("部门%d", i)})
	}
	var grids []Grid
	for i := range n("grids", 1, 3) {
		grids = append(grids, Grid{ID: fmt.Sprintf("g-%d", i), Name: fmt.Sprintf("网格%d", i)})
	}
	communities := []Community{{ID: "c-0", Name: "村居", GridID: "g-0"}}
	units := map[casework.Role]func() string{}
	for _, r := range []casework.Role{casework.Handler, casework.DepartmentHead, casework.DeputyLeader} {
		units[r] = func() string { return rapid.SampledFrom(departments).Draw(t, "department").ID }
	}
	for _, r := range []casework.Role{casework.Liaison, casework.GridChief, casework.PartySecretary} {
		units[r] = func() string { return rapid.SampledFrom(grids).Draw(t, "grid").ID }
	}
	units[casework.Community] = func() string { return "c-0" }

	people := []Person{{ID: "p-00", Name: "中心", Posts: []Post{{Role: casework.Centre}}}}
	deputies := map[string]bool{}
	for i := range n("people", 0, 10) {
		p := Person{ID: fmt.Sprintf("p-%02d", i+1), Name: fmt.Sprintf("人%d", i%7), Left: n("left", 0, 4) == 0}
		if n("administrator", 0, 9) == 0 {
			p.Posts = []Post{{Role: rapid.SampledFrom([]casework.Role{casework.SystemAdmin, casework.SecurityAdmin, casework.Auditor}).Draw(t, "role")}}
			people = append(people, p)
			continue
		}
		for range n("posts", 0, 3) {
			post := Post{Role: rapid.SampledFrom(casework.Roles).Filter(func(r casework.Role) bool { return !administrator(r) }).Draw(t, "role")}
			if unit := units[post.Role]; unit != nil {
				post.Unit = unit()
			}
			if post.Role == casework.DeputyLeader {
				if deputies[post.Unit] {
					continue
				}
				deputies[post.Unit] = true
			}
			p.Posts = append(p.Posts, post)
		}
		people = append(people, p)
	}
	var delegations []Delegation
	for i := range n("delegations", 0, 6) {
		from, to := rapid.SampledFrom(people).Draw(t, "from").ID, rapid.SampledFrom(people).Draw(t, "to").ID
		if from == to {
			continue
		}
		start := noon.Add(time.Duration(n("start", -3, 3)) * time.Hour)
		delegations = append(delegations, Delegation{ID: fmt.Sprint(i), From: from, To: to, StartAt: start, EndAt: start.Add(time.Duration(n("hours", 1, 4)) * time.Hour)})
	}
	o, err := New(departments, grids, communities, people, delegations)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return o
}

// allPosts lists every post the organisation could fill.
func allPosts(o *Organisation) []Post {
	var out []Post
	for _, r := range casework.Roles {
		switch r {
		case casework.Handler, casework.DepartmentHead, casework.DeputyLeader:
			for _, d := range o.Departments() {
				out = append(out, Post{r, d.ID})
			}
		case casework.Liaison, casework.GridChief, casework.PartySecretary:
			for _, g := range o.Grids() {
				out = append(out, Post{r, g.ID})
			}
		case casework.Community:
			for _, c := range o.Communities() {
				out = append(out, Post{r, c.ID})
			}
		default:
			out = append(out, Post{Role: r})
		}
	}
	return out
}

func drawTime(t *rapid.T) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(-4*60, 8*60).Draw(t, "minute")) * time.Minute)
}

// Nothing rests without a name: every post is held or falls to somebody, and nobody who left is among them.
func TestEveryPostReachesSomebody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, at := drawStreet(t), drawTime(t)
		for _, p := range allPosts(o) {
			got := o.Recipients(casework.ToPost(p.Role, p.Unit), at)
			if len(got) == 0 && !administrator(p.Role) && p.Role != casework.Resident {
				t.Fatalf("nobody is told what goes to %s", o.DescribePost(p))
			}
			seen := map[string]bool{}
			for _, r := range got {
				person, ok := o.Person(r.PersonID)
				if !ok || person.Left || seen[r.PersonID] {
					t.Fatalf("%s: recipient %+v left, is unknown or is there twice", o.DescribePost(p), r)
				}
				seen[r.PersonID] = true
			}
		}
	})
}

// Who is told of a post is who may act from it, and in the same capacity. Posts nobody steps into are told to the
// centre, which may not act from them.
func TestRecipientsAreThoseWhoMayAct(t *testing.T) {
	stepsIn := []casework.Role{casework.DeputyLeader, casework.DepartmentHead, casework.GridChief, casework.Liaison}
	rapid.Check(t, func(t *rapid.T) {
		o, at := drawStreet(t), drawTime(t)
		for _, p := range allPosts(o) {
			if p.Role == casework.Resident {
				continue
			}
			told := map[string]Recipient{}
			for _, r := range o.Recipients(casework.ToPost(p.Role, p.Unit), at) {
				told[r.PersonID] = r
			}
			acting := map[string]Recipient{}
			vacant := true
			for _, person := range o.People() {
				a, ok := o.Actor(person.ID, at)
				if !ok {
					continue
				}
				for _, post := range a.Posts {
					if post.Role == p.Role && post.Unit == p.Unit {
						if _, twice := acting[person.ID]; twice {
							t.Fatalf("%s acts twice as %s", person.ID, o.DescribePost(p))
						}
						acting[person.ID] = Recipient{PersonID: person.ID, For: post.For, Vacant: post.Vacant}
						vacant = vacant && post.Vacant
					}
				}
			}
			if vacant && !slices.Contains(stepsIn, p.Role) {
				if len(acting) > 0 {
					t.Fatalf("%v act as %s, which nobody steps into", acting, o.DescribePost(p))
				}
				continue
			}
			if diff := cmp.Diff(acting, told); diff != "" {
				t.Fatalf("%s: acting (-) and told (+):\n%s", o.DescribePost(p), diff)
			}
		}
	})
}

// Every post of an actor comes from a rule: held, lent by somebody who has it without a delegation, or stepped into.
func TestEveryPostOfAnActorHasItsReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, at := drawStreet(t), drawTime(t)
		holds := func(person string, post casework.Post) bool {
			p, _ := o.Person(person)
			return !p.Left && slices.Contains(p.Posts, Post{post.Role, post.Unit})
		}
		anybody := func(post casework.Post) bool {
			return slices.ContainsFunc(o.People(), func(p Person) bool { return holds(p.ID, post) })
		}
		centre := casework.Post{Role: casework.Centre}
		for _, person := range o.People() {
			a, ok := o.Actor(person.ID, at)
			if ok == person.Left {
				t.Fatalf("Actor(%s) ok = %v, left = %v", person.ID, ok, person.Left)
			}
			staff := slices.ContainsFunc(person.Posts, func(p Post) bool { return lendable(p.Role) })
			if len(a.StandsInFor) > 0 && !staff {
				t.Fatalf("%s is no staff and stands in for %v", person.ID, a.StandsInFor)
			}
			for _, post := range a.Posts {
				who := person.ID
				if post.For != "" {
					who = post.For
					if !slices.Contains(a.StandsInFor, who) {
						t.Fatalf("%s has %v of somebody they do not stand in for", person.ID, post)
					}
				}
				deputy := casework.Post{Role: casework.DeputyLeader, Unit: post.Unit}
				switch {
				case !post.Vacant:
					if !holds(who, post) {
						t.Fatalf("%s has %v, which %s does not hold", person.ID, post, who)
					}
				case anybody(post):
					t.Fatalf("%s acts from %v as vacant, but it is held", person.ID, post)
				case post.Role == casework.DepartmentHead && anybody(deputy):
					if !holds(who, deputy) {
						t.Fatalf("%s acts from %v although there is a deputy leader", person.ID, post)
					}
				case !holds(who, centre):
					t.Fatalf("%s acts from %v without being the centre", person.ID, post)
				}
			}
		}
	})
}

// A delegate and the person they stand in for are told together, and only while the delegation runs.
func TestPersonsAndTheirDelegatesAreToldTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, at := drawStreet(t), drawTime(t)
		for _, person := range o.People() {
			if person.Left {
				continue
			}
			want := map[string]bool{person.ID: true}
			for _, other := range o.People() {
				if a, ok := o.Actor(other.ID, at); ok && slices.Contains(a.StandsInFor, person.ID) {
					want[other.ID] = true
				}
			}
			got := map[string]bool{}
			for _, r := range o.Recipients(casework.ToPerson(person.ID), at) {
				got[r.PersonID] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("person:%s (-want +got):\n%s", person.ID, diff)
			}
		}
	})
}

func TestSharedBetweenGoroutines(t *testing.T) {
	o := with(t, today("1", "p-deputy", "p-centre1"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				a, _ := o.Actor("p-centre1", noon)
				a.Posts[0].Unit = "changed"
				rs := o.Recipients("centre", noon)
				rs[0].PersonID = "changed"
				ps := o.People()
				ps[0].Name = "changed"
				o.PeopleOf("d-zhifa")
				_, _ = o.FindPerson("吴勇")
			}
		})
	}
	wg.Wait()
}
