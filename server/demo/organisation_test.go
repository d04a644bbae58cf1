package demo

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
)

// moments: ordinary, at midnight, and at the end of a year.
var moments = []time.Time{
	time.Date(2026, 3, 10, 6, 30, 0, 0, time.UTC),
	time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC),
	time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
}

func snapshot(t *testing.T, now time.Time) *organisation.Organisation {
	t.Helper()
	o, err := organisation.New(Organisation(now))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestStreetIsWhole(t *testing.T) {
	now := moments[0]
	o := snapshot(t, now)
	held := func(role casework.Role, unit string) int {
		n := 0
		for _, r := range o.Recipients(casework.ToPost(role, unit), now) {
			if r.For == "" && !r.Vacant {
				n++
			}
		}
		return n
	}
	atLeast := func(role casework.Role, unit string, want int) {
		t.Helper()
		if got := held(role, unit); got < want {
			t.Errorf("%s is held by %d, want %d", o.DescribePost(organisation.Post{Role: role, Unit: unit}), got, want)
		}
	}
	for role, want := range map[casework.Role]int{
		casework.Centre: 3, casework.Supervisor: 2, casework.PrincipalLeader: 1, casework.LeadingGroup: 6, casework.Coordinator: 2,
		casework.SystemAdmin: 1, casework.SecurityAdmin: 1, casework.Auditor: 1,
	} {
		atLeast(role, "", want)
	}
	vacant := 0
	for _, d := range o.Departments() {
		atLeast(casework.DepartmentHead, d.ID, 1)
		atLeast(casework.Handler, d.ID, 2)
		if held(casework.DeputyLeader, d.ID) == 0 {
			vacant++
		}
	}
	if vacant != 1 {
		t.Errorf("%d departments are without deputy leader, want 1", vacant)
	}
	for _, g := range o.Grids() {
		atLeast(casework.GridChief, g.ID, 1)
		atLeast(casework.PartySecretary, g.ID, 1)
		atLeast(casework.Liaison, g.ID, 2)
	}
	for _, c := range o.Communities() {
		atLeast(casework.Community, c.ID, 1)
		if _, ok := o.GridOfCommunity(c.ID); !ok {
			t.Errorf("%s lies in no grid", c.Name)
		}
	}
	if n := len(o.Departments()); n != len(Departments) {
		t.Errorf("%d departments, want the %d of the export", n, len(Departments))
	}
	for _, name := range Departments {
		if _, ok := o.DepartmentByName(name); !ok {
			t.Errorf("no department %s", name)
		}
	}
	if n := len(o.Communities()); n != len(Places) {
		t.Errorf("%d communities, want the %d of the export", n, len(Places))
	}
	for _, p := range Places {
		c, ok := o.CommunityByName(p.Name)
		if !ok || p.Park != (c.Kind == organisation.KindPark) || p.Village != (c.Kind == organisation.KindVillage) {
			t.Errorf("place %s is community %+v", p.Name, c)
		}
	}
	residents := 0
	for _, p := range o.People() {
		if slices.Contains(p.Posts, organisation.Post{Role: casework.Resident}) {
			residents++
		}
	}
	if residents != 4 {
		t.Errorf("%d residents, want 3 and an enterprise's contact", residents)
	}
}

func TestNamesAndPhonesAreInventedAndTheirOwn(t *testing.T) {
	fictional := regexp.MustCompile(`^1380000\d{4}$`)
	names, phones := map[string]string{}, map[string]string{}
	for _, p := range snapshot(t, moments[0]).People() {
		if !fictional.MatchString(p.Phone) {
			t.Errorf("%s has a phone that could be somebody's", p.ID)
		}
		if other := names[p.Name]; other != "" {
			t.Errorf("%s and %s have one name, %s", p.ID, other, p.Name)
		}
		if other := phones[p.Phone]; other != "" {
			t.Errorf("%s and %s have one phone", p.ID, other)
		}
		names[p.Name], phones[p.Phone] = p.ID, p.ID
	}
}

func TestResidentsHaveTicketsInTheExport(t *testing.T) {
	for _, now := range moments {
		callers := map[string]string{}
		for _, r := range Export(now) {
			callers[r.Phone] = r.Name
		}
		for _, p := range snapshot(t, now).People() {
			if !slices.Contains(p.Posts, organisation.Post{Role: casework.Resident}) {
				continue
			}
			caller, ok := callers[p.Phone]
			surname, _ := utf8.DecodeRuneInString(p.Name)
			enterprise := strings.HasSuffix(caller, "公司")
			if !ok || enterprise != strings.HasPrefix(p.ID, "p-enterprise") || !enterprise && !strings.HasPrefix(caller, string(surname)) {
				t.Errorf("%s %s has the phone of caller %q", p.ID, p.Name, caller)
			}
		}
	}
}

func TestDelegationRunsWheneverTheDemoStarts(t *testing.T) {
	for _, now := range moments {
		o := snapshot(t, now)
		_, _, _, _, delegations := Organisation(now)
		for _, d := range delegations {
			if err := o.CheckDelegation(d); err != nil {
				t.Error(err)
			}
		}
		a, _ := o.Actor("p-handler-guijian-1", now)
		want := casework.Post{Role: casework.DepartmentHead, Unit: "d-guijian", For: "p-head-guijian"}
		if !slices.Contains(a.Posts, want) {
			t.Errorf("at %v the delegate's posts are %v", now, a.Posts)
		}
	}
}

func TestTheCentreStepsInForTheVacantDeputy(t *testing.T) {
	a, _ := snapshot(t, moments[0]).Actor("p-centre-1", moments[0])
	if want := (casework.Post{Role: casework.DeputyLeader, Unit: "d-guanli", Vacant: true}); !slices.Contains(a.Posts, want) {
		t.Errorf("the centre's posts are %v", a.Posts)
	}
}

func TestAccountsAreThePeopleTheySay(t *testing.T) {
	o := snapshot(t, moments[0])
	for i, a := range Accounts() {
		p, err := o.FindPerson(a.ID)
		if err != nil || p.Name != a.Name || a.Role == "" {
			t.Errorf("account %+v: %v, %v", a, p, err)
		}
		if actor, _ := o.Actor(a.ID, moments[0]); i == 0 && !actor.SeesAll() {
			t.Errorf("the first account, %s, is not the centre", a.ID)
		}
	}
	if n := len(Accounts()); n < 10 {
		t.Errorf("%d accounts", n)
	}
}
