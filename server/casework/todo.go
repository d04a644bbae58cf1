package casework

import (
	"slices"
	"strings"
	"time"
)

// Todo is something that waits for somebody, with the instant by which it should be done.
type Todo struct {
	For         Addressee `json:"for"`
	Kind        TodoKind  `json:"kind"`
	Ref         string    `json:"ref,omitempty"` // the task or order
	DueAt       time.Time `json:"due_at,omitzero"`
	Provisional bool      `json:"provisional,omitempty"` // DueAt can still move with the calendar
}

// TodoKind is what is to be done.
type TodoKind string

// The kinds of things to do.
const (
	TodoRegister TodoKind = "register" // reported: into the library or not
	TodoDispatch TodoKind = "dispatch"
	TodoAccept   TodoKind = "accept"
	TodoConvene  TodoKind = "convene"
	TodoContact  TodoKind = "contact" // the first contact of the round, while it falls due before the stage
	TodoHandle   TodoKind = "handle"
	TodoVerify   TodoKind = "verify"
	TodoCallback TodoKind = "callback"
	TodoHearing  TodoKind = "hearing" // resolved, to be struck off or carried over
	TodoSupport  TodoKind = "support" // the tasks, as TaskKind
	TodoDuty     TodoKind = "duty"
	TodoOnSite   TodoKind = "onsite"
	TodoOrder    TodoKind = "order"
)

// TodoKinds lists every kind.
var TodoKinds = []TodoKind{
	TodoRegister, TodoDispatch, TodoAccept, TodoConvene, TodoContact, TodoHandle, TodoVerify, TodoCallback, TodoHearing, TodoSupport, TodoDuty, TodoOnSite, TodoOrder,
}

// Label is what is to be done in Chinese.
func (k TodoKind) Label() string { return todoLabels[k] }

var todoLabels = map[TodoKind]string{
	TodoRegister: "待入库", TodoDispatch: "待交办", TodoAccept: "待接单", TodoConvene: "待会商", TodoContact: "待先行联系", TodoHandle: "待办理",
	TodoVerify: "待核查", TodoCallback: "待回访", TodoHearing: "待汇报", TodoSupport: "待协办", TodoDuty: "待办成员职责", TodoOnSite: "待现场核实", TodoOrder: "待答复督办",
}

// Todos lists who has to do what on the case now, so that nothing rests without a name (domain §3, invariant 7).
func Todos(c Case) []Todo {
	var out []Todo
	add := func(to Addressee, kind TodoKind, due Clock) {
		if to != "" {
			out = append(out, Todo{For: to, Kind: kind, DueAt: due.DueAt, Provisional: due.Provisional})
		}
	}
	by := c.by
	switch c.Status {
	case Reported:
		add(centre, TodoRegister, by(clockIdle))
	case Registered:
		add(centre, TodoDispatch, by(clockIdle))
	case Dispatched:
		add(c.head(), TodoAccept, by(clockAccept))
		add(c.handler(), TodoAccept, by(clockAccept))
	case Convening:
		add(c.Convener(), TodoConvene, by(clockStage))
	case Handling:
		worker := c.handler()
		if worker == "" {
			worker = c.head()
		}
		if _, open := c.Clocks[clockContact]; open && by(clockContact).DueAt.Before(by(clockStage).DueAt) {
			add(worker, TodoContact, by(clockContact))
		} else {
			add(worker, TodoHandle, by(clockStage))
		}
	case Verifying:
		add(centre, TodoVerify, by(clockHold))
	case Resolved:
		if len(c.PendingRatings()) > 0 {
			add(centre, TodoCallback, by(clockCallback))
		} else {
			add(centre, TodoHearing, by(clockHearing))
		}
	}
	for _, id := range c.OpenTasks() {
		t := c.Tasks[id]
		out = append(out, Todo{For: t.Addressee, Kind: TodoKind(t.Kind), Ref: id, DueAt: t.DueAt})
	}
	for _, id := range c.OpenOrders() {
		out = append(out, Todo{For: c.leadOrCentre(), Kind: TodoOrder, Ref: id, DueAt: c.Orders[id].DueAt})
	}
	return out
}

// by gives the clock that says by when, while it runs, else the stage's deadline, passed or not.
func (c *Case) by(key string) Clock {
	if k, running := c.Clocks[key]; running {
		if !k.PassedAt.IsZero() {
			return Clock{DueAt: k.PassedAt}
		}
		return k
	}
	s, _ := c.Stage()
	return Clock{DueAt: s.DueAt, Provisional: s.Provisional}
}

// Due is by when the case has to move on: its stage's deadline or, before the first stage, the centre's time to admit and to dispatch it,
// passed or not. Zero when neither runs.
func (c *Case) Due() Clock {
	if s, open := c.Stage(); open {
		return Clock{DueAt: s.DueAt, Provisional: s.Provisional}
	}
	return c.by(clockIdle)
}

// waitsFor lists the posts whose move the state waits for.
func (c *Case) waitsFor() []Addressee {
	var to []Addressee
	for _, t := range Todos(*c) {
		if t.Ref == "" {
			to = append(to, t.For)
		}
	}
	return to
}

// Viewers lists who has the case in their scope besides those who see all: posts and persons with a part in it.
// Requesters see it through their tickets. What somebody has in person opens the case to them while they hold a post
// within which they have it (held); what they reported always does.
func Viewers(c Case) []Addressee {
	var out []Addressee
	seen := map[Addressee]bool{"": true, centre: true}
	add := func(list ...Addressee) {
		for _, a := range list {
			if !seen[a] {
				seen[a] = true
				out = append(out, a)
			}
		}
	}
	department := func(id string) {
		if id != "" {
			add(Addressee("department:" + id))
		}
	}
	department(c.LeadDepartmentID)
	add(c.reporter())
	if c.HandlerID != "" {
		add(held(c.HandlerID, within(Handler, c.LeadDepartmentID)))
	}
	if c.CoordinatorID != "" {
		add(held(c.CoordinatorID, within(Coordinator, "")))
	}
	if c.GridID != "" {
		add(Addressee("grid:" + c.GridID))
	}
	if c.CommunityID != "" {
		add(ToPost(Community, c.CommunityID))
	}
	for _, id := range sortedKeys(c.Sponsors) {
		add(held(id, within(c.Sponsors[id].Role, c.Sponsors[id].Unit)))
	}
	if c.TaskForce != nil && c.TaskForce.Leader != "" {
		add(held(c.TaskForce.Leader, c.TaskForce.LeaderWithin))
	}
	for _, id := range sortedKeys(c.Tasks) {
		role, unit := c.Tasks[id].Addressee.split()
		switch role {
		case DepartmentHead:
			department(unit)
		case Liaison, GridChief:
			add(within(role, unit))
		case "person":
			add(held(unit, c.Tasks[id].Within))
		default:
			add(c.Tasks[id].Addressee)
		}
	}
	for _, id := range sortedKeys(c.Tickets) {
		if r := c.Tickets[id].Requester; r != "" {
			add(Addressee(requesterKey + r))
		}
	}
	return out
}

// requesterKey stands before a requester's key among viewers.
const requesterKey = "requester:"

// held is the viewer key of what a person has within a place of work; "" where it was never noted. It begins with the
// person's, so that everything they have is one range of the index.
func held(person string, within Addressee) Addressee {
	if within == "" {
		return ToPerson(person)
	}
	return ToPerson(person) + heldMark + within
}

const heldMark = "@" // no id has it

// HeldBy gives the viewer keys under which stands what a person has in cases: one by itself, and a range from inclusive to
// exclusive.
func HeldBy(person string) (plain, from, to Addressee) {
	plain = ToPerson(person)
	return plain, plain + heldMark, plain + "A" // the character behind the mark
}

// Scopes lists the viewer keys that actor's posts open, for the store's query. SeesAll is the caller's to ask first.
func Scopes(a Actor) []Addressee {
	var out []Addressee
	seen := map[Addressee]bool{}
	add := func(x Addressee) {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	for _, p := range a.Posts {
		switch p.Role {
		case Handler, DepartmentHead, DeputyLeader, Liaison, GridChief, PartySecretary, Community:
			add(p.Within())
		}
	}
	// What a person has, in person and within each place where the actor works as that person.
	persons := func(id string, as func(p Post) bool) {
		if id == "" {
			return
		}
		add(ToPerson(id))
		for _, p := range a.Posts {
			if as(p) && p.Role != Resident {
				add(held(id, p.Within()))
			}
		}
	}
	persons(a.PersonID, func(p Post) bool { return p.For == "" && !p.Vacant })
	for _, id := range a.StandsInFor {
		// A post that the actor holds too is not there a second time as theirs.
		persons(id, func(p Post) bool { return p.For == id || p.For == "" && !p.Vacant })
	}
	for _, r := range a.Requesters {
		add(Addressee(requesterKey + r))
	}
	return out
}

// OwnScopes lists the viewer keys of the matters that actor is a requester of.
func OwnScopes(a Actor) []Addressee {
	out := make([]Addressee, 0, len(a.Requesters))
	for _, r := range a.Requesters {
		out = append(out, Addressee(requesterKey+r))
	}
	return out
}

// PostScopes lists the viewer keys that actor's posts open, without what they see as a requester alone.
func PostScopes(a Actor) []Addressee {
	a.Requesters = nil
	return Scopes(a)
}

// Sight is how much of a case somebody sees.
type Sight int

// From nothing to everything.
const (
	Unseen Sight = iota
	// Masked: only as one that could be claimed (domain §5: heads also see registered and convening cases, masked).
	Masked
	// AsRequester: as the resident whose ticket is in it, whatever else they are: public lines, nobody's name.
	AsRequester
	Full
)

// See tells how much of the case actor sees. Somebody of the office who is also a requester of the case sees it as a
// requester, unless one of their posts has it in its scope.
func See(c Case, a Actor) Sight {
	if a.SeesAll() {
		return Full
	}
	mine := map[Addressee]bool{}
	for _, s := range Scopes(a) {
		mine[s] = true
	}
	sight := Unseen
	for _, v := range Viewers(c) {
		if !mine[v] {
			continue
		}
		if !strings.HasPrefix(string(v), requesterKey) {
			return Full
		}
		sight = AsRequester
	}
	if sight == Unseen && (c.Status == Registered || c.Status == Convening) {
		if _, head := a.as(DepartmentHead, anyUnit); head {
			return Masked
		}
	}
	return sight
}

// WorksOn reports whether actor works on the case now, so that they may see whom it is about (domain §5): the centre, and while
// the case is open or resolved its handler, the head of its lead department, its coordinator, the members of its task force,
// and who has a task on it that has not ended.
func WorksOn(c Case, a Actor) bool {
	if _, centre := a.as(Centre, ""); centre {
		return true
	}
	if !c.Status.Open() && c.Status != Resolved {
		return false
	}
	if _, mine := a.is(c.CoordinatorID, Coordinator, ""); mine {
		return true
	}
	if f := c.TaskForce; f != nil {
		if _, mine := a.has(f.Leader, f.LeaderWithin); mine {
			return true
		}
		for _, m := range f.Members {
			if _, mine := a.has(m.PersonID, c.Tasks[m.TaskID].Within); mine {
				return true
			}
		}
	}
	if _, mine := a.is(c.HandlerID, Handler, c.LeadDepartmentID); mine {
		return true
	}
	if _, heads := a.as(DepartmentHead, c.LeadDepartmentID); heads && c.LeadDepartmentID != "" {
		return true
	}
	for _, id := range c.OpenTasks() {
		role, unit := c.Tasks[id].Addressee.split()
		var mine bool
		if role == "person" {
			_, mine = a.has(unit, c.Tasks[id].Within)
		} else {
			_, mine = a.as(role, unit)
		}
		if mine {
			return true
		}
	}
	return false
}

// TodoKeys lists the addressees under which actor's things to do stand.
func TodoKeys(a Actor) []Addressee {
	var out []Addressee
	seen := map[Addressee]bool{}
	add := func(x Addressee) {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	for _, p := range a.Posts {
		add(ToPost(p.Role, p.Unit))
	}
	if a.PersonID != "" {
		add(ToPerson(a.PersonID))
	}
	for _, id := range a.StandsInFor {
		add(ToPerson(id))
	}
	return out
}

// TodoRange is what waits for one addressee. Of what waits for a person, Here narrows it to the cases that they have within one of their
// places of work, or within none of Elsewhere: what was never noted, or is had where they hold no post now, belongs to each.
type TodoRange struct {
	For       Addressee
	Here      Addressee   // as among Viewers; "" for all that waits
	Elsewhere []Addressee // as among Viewers
}

// AllTodos lists what waits for actor, whatever they do it as.
func AllTodos(a Actor) []TodoRange {
	var out []TodoRange
	for _, k := range TodoKeys(a) {
		out = append(out, TodoRange{For: k})
	}
	return out
}

// TodosAt lists what waits for actor at one of their posts: for the post, and in person within its place of work.
func TodosAt(a Actor, at Post) []TodoRange {
	out := []TodoRange{{For: ToPost(at.Role, at.Unit)}}
	persons := func(id string, as func(p Post) bool) {
		if !as(at) || id == "" {
			return
		}
		r := TodoRange{For: ToPerson(id), Here: held(id, at.Within())}
		for _, p := range a.Posts {
			if k := held(id, p.Within()); as(p) && k != r.Here && !slices.Contains(r.Elsewhere, k) {
				r.Elsewhere = append(r.Elsewhere, k)
			}
		}
		out = append(out, r)
	}
	own := func(p Post) bool { return p.For == "" && !p.Vacant }
	persons(a.PersonID, own)
	for _, id := range a.StandsInFor {
		persons(id, func(p Post) bool { return p.For == id || own(p) }) // as in Scopes
	}
	return out
}

// Awaited reports whether things to do come to a role by themselves: to the post, or to handlers in person. Others have a duty now and then.
func (r Role) Awaited() bool {
	switch r {
	case Centre, DepartmentHead, Handler, GridChief, PrincipalLeader, Liaison, Community:
		return true
	}
	return false
}

// LeadingScopes lists the viewer keys of what actor leads: a deputy leader's departments, a chief's or Party secretary's grid. Nil stands
// for everything: for those who see all, unless they lead something of their own and ask for that.
func LeadingScopes(a Actor, own bool) []Addressee {
	out := []Addressee{}
	for _, p := range a.Posts {
		switch p.Role {
		case DeputyLeader, GridChief, PartySecretary:
			if w := p.Within(); !p.Vacant && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	if a.SeesAll() && (!own || len(out) == 0) {
		return nil
	}
	return out
}

// MeasuredScopes lists whose figures actor reads: what they lead, and a head's own department; nil as in LeadingScopes.
func MeasuredScopes(a Actor, own bool) []Addressee {
	out := LeadingScopes(a, own)
	if out == nil && (!own || !slices.ContainsFunc(a.Posts, func(p Post) bool { return p.Role == DepartmentHead && !p.Vacant })) {
		return nil
	}
	for _, p := range a.Posts {
		if w := p.Within(); p.Role == DepartmentHead && !p.Vacant && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// WaitsSince is since when a reported or open case waits for whom it waits for now; zero when it is over.
func (c *Case) WaitsSince() time.Time {
	s, _ := c.LastStage()
	var since time.Time
	latest := func(at ...time.Time) {
		for _, t := range at {
			if t.After(since) {
				since = t
			}
		}
	}
	switch c.Status {
	case Reported:
		latest(c.ReportedAt)
	case Registered:
		latest(c.RegisteredAt)
		for _, h := range c.Hops {
			if h.Kind == HopReturned {
				latest(h.At)
			}
		}
	case Dispatched:
		latest(c.DispatchedAt)
		if s.OpenedBy == CauseCarryOver {
			latest(s.OpenedAt)
		}
	case Convening:
		latest(s.OpenedAt)
	case Handling:
		latest(c.AcceptedAt)
		if v := c.Verification; v != nil && !v.Passed {
			latest(v.At)
		}
		for _, m := range c.Consultations {
			latest(m.At)
		}
	case Verifying:
		if c.Submission != nil {
			latest(c.Submission.At)
		}
	}
	return since
}
