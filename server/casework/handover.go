package casework

import (
	"slices"
	"time"
)

// Part is something that one person has in a case, and to whom it falls when they leave or no longer hold a post within
// which they have it.
type Part struct {
	Kind PartKind `json:"kind"`
	Ref  string   `json:"ref,omitempty"` // the task, or the department that offered
	// Within is where they work that have it (Post.Within); "" where that was never noted.
	Within Addressee `json:"within,omitempty"`
	// To is whom it falls to; "" where it ends with the person (a Party secretary's name on a case).
	To    Addressee `json:"to,omitempty"`
	DueAt time.Time `json:"due_at,omitzero"`
}

// PartKind is what somebody has in a case.
type PartKind string

// What somebody can have in a case in person.
const (
	PartHandler     PartKind = "handler"
	PartOffer       PartKind = "offer" // named handler in a department's offer to lead
	PartCoordinator PartKind = "coordinator"
	PartLeader      PartKind = "leader" // of the task force
	PartTask        PartKind = "task"   // a duty or task given to them in person
	PartAsked       PartKind = "asked"  // a task they asked for: they hear of it
	PartSponsor     PartKind = "sponsor"
)

// Label is the part in Chinese.
func (k PartKind) Label() string {
	return map[PartKind]string{
		PartHandler: "承办", PartOffer: "认领时拟定承办", PartCoordinator: "协调", PartLeader: "专项小组（工作专班）负责人",
		PartTask: "任务", PartAsked: "交办的任务", PartSponsor: "领题",
	}[k]
}

// handedOverFrom are the states in which what somebody has still matters; merged ones can be split off again.
var handedOverFrom = slices.Concat([]Status{Reported}, openStatuses, []Status{Resolved, Merged})

// Parts lists what a person has open in a case, in a fixed order. What they reported is theirs for good and not among it.
func Parts(c Case, person string) []Part {
	if person == "" || !slices.Contains(handedOverFrom, c.Status) {
		return nil
	}
	var out []Part
	stage, _ := c.Stage()
	if c.HandlerID == person {
		out = append(out, Part{Kind: PartHandler, Within: within(Handler, c.LeadDepartmentID), To: c.leadOrCentre(), DueAt: stage.DueAt})
	}
	for _, dep := range sortedKeys(c.Offers) {
		if o := c.Offers[dep]; o.HandlerID == person && !o.Taken {
			out = append(out, Part{Kind: PartOffer, Ref: dep, Within: within(Handler, dep), To: ToPost(DepartmentHead, dep)})
		}
	}
	if c.CoordinatorID == person {
		out = append(out, Part{Kind: PartCoordinator, Within: within(Coordinator, ""), To: centre, DueAt: stage.DueAt})
	}
	if f := c.TaskForce; f != nil && f.Leader == person {
		out = append(out, Part{Kind: PartLeader, Within: f.LeaderWithin, To: c.leadOrCentre(), DueAt: stage.DueAt})
	}
	for _, id := range c.OpenTasks() {
		t := c.Tasks[id]
		if t.Addressee == ToPerson(person) {
			out = append(out, Part{Kind: PartTask, Ref: id, Within: t.Within, To: c.successor(t.Within), DueAt: t.DueAt})
		}
		if t.AskedBy == person && t.AskedAs.Role != "" {
			as := t
			as.AskedBy = ""
			out = append(out, Part{Kind: PartAsked, Ref: id, Within: within(t.AskedAs.Role, t.AskedAs.Unit), To: as.asker(), DueAt: t.DueAt})
		}
	}
	if s, ok := c.Sponsors[person]; ok {
		out = append(out, Part{Kind: PartSponsor, Within: within(s.Role, s.Unit)})
	}
	return out
}

// successor is who takes on a task that somebody had within a place of work: its head or chief, the community, the leader
// of the street; the centre for every other role, and the case's lead where the place was never noted.
func (c *Case) successor(w Addressee) Addressee {
	role, unit := w.split()
	switch {
	case w == "":
		return c.leadOrCentre()
	case role == "department":
		return ToPost(DepartmentHead, unit)
	case role == "grid":
		return ToPost(GridChief, unit)
	case role == Community || role == Supervisor || role == PrincipalLeader:
		return w
	}
	return centre
}

// HandOver gives what somebody no longer holds a post for to whom it falls: the system's command when a person has left
// or moved. Where there is nothing to give it does nothing.
type HandOver struct {
	PersonID string `json:"person_id"`
	// Holds lists where the person works now (Post.Within of each post they hold themselves); none when they have left.
	Holds []Addressee `json:"holds,omitempty"`
}

// Name is "hand_over".
func (HandOver) Name() Name { return "hand_over" }

// Lost lists the parts that no post of the person stands behind any more.
func (m HandOver) Lost(c Case) []Part {
	return slices.DeleteFunc(Parts(c, m.PersonID), func(p Part) bool {
		if p.Within == "" { // never noted where: theirs as long as they work here at all
			return len(m.Holds) > 0
		}
		return slices.Contains(m.Holds, p.Within)
	})
}

func (m HandOver) apply(d *draft) error {
	parts := m.Lost(d.c)
	if len(parts) == 0 {
		return nil
	}
	c := &d.c
	told := []Addressee{c.head()}
	var tasks []string
	for _, p := range parts {
		told = append(told, p.To)
		switch p.Kind {
		case PartHandler:
			c.HandlerID = ""
		case PartOffer:
			o := c.Offers[p.Ref]
			o.HandlerID = ""
			c.Offers[p.Ref] = o
		case PartCoordinator:
			c.CoordinatorID = ""
		case PartLeader:
			f := *c.TaskForce
			f.Leader, f.LeaderWithin = "", ""
			c.TaskForce = &f
			told = append(told, c.Convener())
		case PartTask:
			t := c.Tasks[p.Ref]
			t.Addressee, t.Within = p.To, ""
			c.Tasks[p.Ref] = t
			tasks = append(tasks, p.Ref)
			if f := c.TaskForce; f != nil { // the duty is the post's now, and the post is no member
				left := *f
				left.Members = slices.DeleteFunc(slices.Clone(f.Members), func(x Member) bool { return x.TaskID == p.Ref })
				c.TaskForce = &left
			}
		case PartAsked:
			t := c.Tasks[p.Ref]
			t.AskedBy = ""
			c.Tasks[p.Ref] = t
		case PartSponsor:
			delete(c.Sponsors, m.PersonID)
		}
	}
	if err := d.emit("hand_over", handedOver{PersonID: m.PersonID, Left: len(m.Holds) == 0, Parts: parts}, false); err != nil {
		return err
	}
	d.tell(NoticeHandedOver, d.dueArgs(), told...)
	d.tellTask(tasks...)
	return nil
}

// handedOver is what the event says: who, and each part with whom it fell to.
type handedOver struct {
	PersonID string `json:"person_id"`
	Left     bool   `json:"left,omitempty"` // works here no longer at all
	Parts    []Part `json:"parts"`
}
