package casework

// NoticeKind is an event of domain §6 that somebody is told of.
type NoticeKind string

// The notices of domain §6.
const (
	NoticeReported        NoticeKind = "reported"
	NoticeRegistered      NoticeKind = "registered"
	NoticeRejected        NoticeKind = "rejected"
	NoticeMerged          NoticeKind = "merged"
	NoticeSplit           NoticeKind = "split"
	NoticeDispatched      NoticeKind = "dispatched"
	NoticeReturned        NoticeKind = "returned"
	NoticeReminded        NoticeKind = "reminded"
	NoticeAcceptDue       NoticeKind = "accept_due"
	NoticeUnaccepted      NoticeKind = "unaccepted"
	NoticeAccepted        NoticeKind = "accepted"
	NoticeContactDue      NoticeKind = "contact_due"
	NoticeDeadlineNear    NoticeKind = "deadline_near"
	NoticeEscalated       NoticeKind = "escalated"
	NoticeConvening       NoticeKind = "convening"
	NoticeOffered         NoticeKind = "offered"
	NoticeConvened        NoticeKind = "convened"
	NoticeTaskGiven       NoticeKind = "task_given"
	NoticeTaskEnded       NoticeKind = "task_ended"
	NoticeTaskWaiting     NoticeKind = "task_waiting"
	NoticeProgress        NoticeKind = "progress"
	NoticeSubmitted       NoticeKind = "submitted"
	NoticeHeld            NoticeKind = "held"
	NoticeFailed          NoticeKind = "verification_failed"
	NoticeResolved        NoticeKind = "resolved"
	NoticeRated           NoticeKind = "rated_dissatisfied"
	NoticeCallbackMissing NoticeKind = "callback_missing"
	NoticeReopened        NoticeKind = "reopened"
	NoticeCarriedOver     NoticeKind = "carried_over"
	NoticeOverdue         NoticeKind = "overdue"
	NoticeHeldOver        NoticeKind = "held_over"
	NoticeSupervised      NoticeKind = "supervised"
	NoticeAnswered        NoticeKind = "answered"
	NoticeOrderLate       NoticeKind = "order_late"
	NoticeIdle            NoticeKind = "idle"
	NoticeHearingMissed   NoticeKind = "hearing_missed"
	NoticeCoordinated     NoticeKind = "coordinated"
	NoticeAssigned        NoticeKind = "assigned"
	NoticeHandedOver      NoticeKind = "handed_over"
	NoticeContentWaiting  NoticeKind = "content_waiting"
	NoticeContentLate     NoticeKind = "content_late"
	NoticeContentRefused  NoticeKind = "content_refused"
	NoticeTicketReported  NoticeKind = "ticket_reported" // belongs to a case only if the ticket came into one
	NoticeTicketAnswered  NoticeKind = "ticket_answered" // belongs to no case: the centre has answered a resident's ticket that is none
	NoticeFactsAdded      NoticeKind = "facts_added"
	NoticeQuotaReserved   NoticeKind = "quota_reserved" // belongs to no case: most of a platform's messages of today are used
)

// NoticeKinds lists every notice, those of the calendar last.
var NoticeKinds = []NoticeKind{
	NoticeReported, NoticeRegistered, NoticeRejected, NoticeMerged, NoticeSplit, NoticeDispatched, NoticeReturned, NoticeReminded, NoticeAcceptDue, NoticeUnaccepted,
	NoticeAccepted, NoticeContactDue, NoticeDeadlineNear, NoticeEscalated, NoticeConvening, NoticeOffered, NoticeConvened, NoticeTaskGiven, NoticeTaskEnded, NoticeTaskWaiting,
	NoticeProgress, NoticeSubmitted, NoticeHeld, NoticeFailed, NoticeResolved, NoticeRated, NoticeCallbackMissing, NoticeReopened, NoticeCarriedOver, NoticeOverdue,
	NoticeHeldOver, NoticeSupervised, NoticeAnswered, NoticeOrderLate, NoticeIdle, NoticeHearingMissed, NoticeCoordinated, NoticeAssigned, NoticeHandedOver, NoticeContentWaiting, NoticeContentLate, NoticeContentRefused, NoticeTicketReported, NoticeTicketAnswered, NoticeFactsAdded, NoticeQuotaReserved,
	NoticeReportDue, NoticeHearingDue, NoticeCalendarMissing,
}

// Notice is one thing to tell, to posts and persons that the organisation resolves. It carries no personal data:
// what to read stands behind the case.
type Notice struct {
	Kind NoticeKind  `json:"kind"`
	To   []Addressee `json:"to"`
	// Seq is the event it belongs to.
	Seq int64 `json:"seq"`
	// Urgent notices go out at once, day or night (escalations, domain §6).
	Urgent bool `json:"urgent,omitempty"`
	// Args are what the text needs beyond the case: ids, codes, instants; never free text.
	Args map[string]string `json:"args,omitempty"`
}

// tell adds a notice that belongs to the last event; repeated and empty addressees are dropped.
func (d *draft) tell(kind NoticeKind, args map[string]string, to ...Addressee) {
	n := Notice{Kind: kind, Seq: d.c.Version, Args: args}
	seen := map[Addressee]bool{"": true}
	for _, a := range to {
		if !seen[a] {
			seen[a] = true
			n.To = append(n.To, a)
		}
	}
	if len(n.To) == 0 {
		return
	}
	role, _ := n.To[0].split()
	n.Urgent = kind == NoticeEscalated && role != "requester" // what is urgent for the office wakes no resident
	d.notices = append(d.notices, n)
}

func (c *Case) head() Addressee {
	if c.LeadDepartmentID == "" {
		return ""
	}
	return ToPost(DepartmentHead, c.LeadDepartmentID)
}

func (c *Case) handler() Addressee {
	if c.HandlerID == "" {
		return ""
	}
	return ToPerson(c.HandlerID)
}

// deputy is the lead's deputy leader; the centre where no lead is chosen yet (domain §1).
func (c *Case) deputy() Addressee {
	if c.LeadDepartmentID == "" {
		return centre
	}
	return ToPost(DeputyLeader, c.LeadDepartmentID)
}

// liaison is the grid's; the centre where no grid is chosen yet.
func (c *Case) liaison() Addressee {
	if c.GridID == "" {
		return centre
	}
	return ToPost(Liaison, c.GridID)
}

func (c *Case) reporter() Addressee {
	if c.Reporter == "" {
		return ""
	}
	return ToPerson(c.Reporter)
}

const centre = Addressee(Centre)

var (
	supervisor      = ToPost(Supervisor, "")
	principalLeader = ToPost(PrincipalLeader, "")
)

// requesters addresses who stands behind the tickets, one ticket for each distinct requester.
func (c *Case) requesters() []Addressee {
	var out []Addressee
	seen := map[string]bool{}
	for _, id := range sortedKeys(c.Tickets) {
		t := c.Tickets[id]
		if t.Requester != "" && seen[t.Requester] {
			continue
		}
		seen[t.Requester] = true
		out = append(out, ToRequester(id))
	}
	return out
}
