package api

import (
	"slices"

	"xiaopu/server/casework"
)

// permission names who may knock at a route. Behind it scope and casework decide on each case.
type permission string

const (
	public           permission = "public"    // without a token
	signedIn         permission = "signed_in" // anybody with an account
	platformSigned   permission = "platform"  // another system, by its signature
	byLink           permission = "link"      // who has a link that was made for them
	caseRead         permission = "case.read"
	evidenceRead     permission = "evidence.read"
	caseLead         permission = "case.lead"
	figuresRead      permission = "figures.read"
	teamRead         permission = "team.read" // one's own department
	caseReport       permission = "case.report"
	caseRegister     permission = "case.register"
	caseCommand      permission = "case.command"
	attachmentWrite  permission = "attachment.write"
	reviewDecide     permission = "review.decide"
	ticketRead       permission = "ticket.read"
	ticketWrite      permission = "ticket.write"
	similarFind      permission = "similar.find" // what looks like the same, for who reports or takes in
	ticketUnmask     permission = "ticket.unmask"
	ticketNote       permission = "ticket.note"
	ticketPlace      permission = "ticket.place" // what becomes of residents' tickets that are in no case
	publicRead       permission = "public.read"  // what the street has published
	publicationWrite permission = "publication.write"
	ticketSearch     permission = "ticket.search"
	matterRead       permission = "matter.read"
	matterDecide     permission = "matter.decide"
	gazetteerWrite   permission = "gazetteer.write"
	personErase      permission = "person.erase"
	certificateRead  permission = "certificate.read"
	todoRead         permission = "todo.read"
	inboxRead        permission = "inbox.read"
	noticeManage     permission = "notice.manage"
	streamRead       permission = "stream.read"
	organisationRead permission = "organisation.read"
	delegationWrite  permission = "delegation.write"
	calendarRead     permission = "calendar.read"
	calendarWrite    permission = "calendar.write"
	policyRead       permission = "policy.read"
	policyWrite      permission = "policy.write"
	importRun        permission = "import.run"
	auditRead        permission = "audit.read"
	accountManage    permission = "account.manage"
	platformManage   permission = "platform.manage"
	devClock         permission = "dev.clock"
	residentSelf     permission = "resident.self" // what residents do about themselves
	orderLookUp      permission = "order.look_up"

	organisationPropose permission = "organisation.propose"
	organisationApply   permission = "organisation.apply" // what touches posts is the security administrator's, the rest the system administrator's
	peopleRead          permission = "people.read"
	peopleWork          permission = "people.work"
	peopleLeave         permission = "people.leave"
)

var (
	administrators = []casework.Role{casework.SystemAdmin, casework.SecurityAdmin, casework.Auditor}
	// parties have a part in cases: everybody but the administrators, who see no case (domain §5).
	parties = without(casework.Roles, administrators...)
	// staff are the parties who work for the office.
	staff = without(parties, casework.Resident)
)

// withoutToken are asked for in another way than by an access token.
var withoutToken = []permission{public, platformSigned, byLink}

// grants says which roles have a permission; signedIn and withoutToken ask for none.
var grants = map[permission][]casework.Role{
	caseRead:         parties,
	evidenceRead:     staff,
	caseLead:         {casework.DeputyLeader, casework.GridChief, casework.PartySecretary, casework.PrincipalLeader, casework.LeadingGroup, casework.Supervisor, casework.Centre},
	figuresRead:      {casework.DepartmentHead, casework.DeputyLeader, casework.GridChief, casework.PartySecretary, casework.PrincipalLeader, casework.LeadingGroup, casework.Supervisor, casework.Centre},
	teamRead:         {casework.DepartmentHead},
	caseReport:       {casework.Liaison, casework.Community, casework.DepartmentHead, casework.Handler, casework.Coordinator},
	caseRegister:     {casework.Centre},
	caseCommand:      parties,
	attachmentWrite:  parties,
	reviewDecide:     {casework.Centre},
	ticketRead:       parties,
	ticketWrite:      {casework.Centre, casework.Liaison, casework.Community, casework.DepartmentHead, casework.Handler},
	similarFind:      {casework.Centre, casework.Liaison, casework.Community, casework.DepartmentHead, casework.Handler, casework.Coordinator},
	ticketUnmask:     staff,
	ticketNote:       parties,
	ticketPlace:      {casework.Centre},
	publicRead:       parties,
	publicationWrite: {casework.Centre},
	ticketSearch:     {casework.Centre},
	matterRead:       {casework.Centre, casework.Supervisor, casework.PrincipalLeader, casework.LeadingGroup},
	matterDecide:     {casework.Centre},
	gazetteerWrite:   {casework.SystemAdmin},
	personErase:      {casework.Centre},
	certificateRead:  {casework.Auditor, casework.SecurityAdmin},
	todoRead:         parties,
	inboxRead:        parties,
	noticeManage:     {casework.Centre},
	streamRead:       parties,
	organisationRead: append(slices.Clone(staff), casework.SystemAdmin, casework.SecurityAdmin),
	delegationWrite:  append(slices.Clone(staff), casework.SystemAdmin),
	calendarRead:     casework.Roles,
	calendarWrite:    {casework.Centre, casework.SystemAdmin},
	policyRead:       {casework.Centre, casework.Supervisor, casework.PrincipalLeader, casework.LeadingGroup, casework.SecurityAdmin},
	policyWrite:      {casework.SecurityAdmin},
	importRun:        {casework.Centre},
	auditRead:        {casework.Auditor},
	accountManage:    {casework.SystemAdmin},
	platformManage:   {casework.SystemAdmin},
	devClock:         casework.Roles,
	residentSelf:     {casework.Resident},
	orderLookUp:      {casework.Resident},

	organisationPropose: {casework.SystemAdmin},
	organisationApply:   {casework.SystemAdmin, casework.SecurityAdmin},
	peopleRead:          administrators,
	peopleWork:          {casework.SystemAdmin, casework.SecurityAdmin},
	peopleLeave:         {casework.SystemAdmin},
}

// permitted is grants compiled for one look-up per post.
var permitted = func() map[permission]map[casework.Role]bool {
	m := map[permission]map[casework.Role]bool{}
	for p, roles := range grants {
		m[p] = map[casework.Role]bool{}
		for _, r := range roles {
			m[p][r] = true
		}
	}
	return m
}()

// may reports whether one of the actor's posts, delegated and vacant ones included, has the permission.
func may(a casework.Actor, p permission) bool {
	if p == public || p == signedIn {
		return true
	}
	roles := permitted[p]
	return slices.ContainsFunc(a.Posts, func(post casework.Post) bool { return roles[post.Role] })
}

// permissionsOf lists what the actor may do, in alphabetical order, of what there is here.
func (s *server) permissionsOf(a casework.Actor) []string {
	out := []string{}
	for p := range grants {
		if may(a, p) && (p != devClock || s.devClock) {
			out = append(out, string(p))
		}
	}
	slices.Sort(out)
	return out
}

func without(roles []casework.Role, not ...casework.Role) []casework.Role {
	return slices.DeleteFunc(slices.Clone(roles), func(r casework.Role) bool { return slices.Contains(not, r) })
}
