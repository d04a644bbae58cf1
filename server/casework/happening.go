package casework

import "xiaopu/server/workday"

// Happening is something that a figure counts. What each figure is stands here and nowhere else; workflow says it in words. A case that is
// opened again keeps what it counted, and counts anew in its next round.
type Happening struct {
	Seq  int64 // of its event
	Kind HappeningKind
	// On is the day on which it took effect, in Shanghai.
	On workday.Date
	// DepartmentID is the lead that it is about; "" where there is none.
	DepartmentID string
}

// HappeningKind names what is counted.
type HappeningKind string

// What is counted.
const (
	Entered      HappeningKind = "entered"      // came into the library
	Given        HappeningKind = "given"        // came to a lead department: dispatched, transferred, claimed, named by a consultation
	AcceptedSoon HappeningKind = "accepted"     // accepted within the time for it
	Unaccepted   HappeningKind = "unaccepted"   // not accepted within it
	Returned     HappeningKind = "returned"     // returned by the department
	Solved       HappeningKind = "resolved"     // verified as resolved, once in each round
	SolvedOnTime HappeningKind = "on_time"      // of these: submitted before the deadline of its stage
	Raised       HappeningKind = "escalated"    // went up to a graver tier, by itself or by somebody
	WentOverdue  HappeningKind = "overdue"      // passed the deadline of tier I
	Rated        HappeningKind = "rated"        // a requester said how satisfied they are
	Displeased   HappeningKind = "dissatisfied" // of these: dissatisfied
	// A department is measured by its own tier III alone, and not by what it claimed (domain §7: neither lowers its rate).
	Kept   HappeningKind = "kept"   // its tier III was resolved on time
	Missed HappeningKind = "missed" // its tier III went up because the deadline passed
)

// HappeningsVersion grows when what is counted changes: everything is then counted anew.
const HappeningsVersion = 1

// Happenings lists what counts of events that made after out of before.
func Happenings(before, after Case, events []Event) ([]Happening, error) {
	var out []Happening
	for i, e := range events {
		next := after
		if i < len(events)-1 {
			var err error
			if next, err = Replay(before, events[i:i+1]); err != nil {
				return nil, err
			}
		}
		out = append(out, happened(&before, &next, e)...)
		before = next
	}
	return out, nil
}

// happened lists what counts of one event, each kind at most once.
func happened(b, a *Case, e Event) (out []Happening) {
	add := func(kind HappeningKind, department string) {
		out = append(out, Happening{Seq: e.Seq, Kind: kind, On: workday.DateOf(e.At), DepartmentID: department})
	}
	if b.RegisteredAt.IsZero() && !a.RegisteredAt.IsZero() {
		add(Entered, a.LeadDepartmentID)
	}
	if a.LeadDepartmentID != "" && (a.LeadDepartmentID != b.LeadDepartmentID || e.Kind == "dispatch") {
		add(Given, a.LeadDepartmentID)
	}
	switch e.Kind {
	case "accept":
		if _, inTime := b.Clocks[clockAccept]; inTime {
			add(AcceptedSoon, a.LeadDepartmentID)
		}
	case EventUnaccepted:
		add(Unaccepted, b.LeadDepartmentID)
	case "return":
		add(Returned, b.LeadDepartmentID)
	}
	for key, s := range a.Stages {
		was, own := b.Stages[key], s.Tier == TierIII && s.OpenedBy != CauseClaim
		switch {
		case was.End == "" && s.End == EndResolved:
			add(Solved, a.LeadDepartmentID)
			if s.OnTime {
				add(SolvedOnTime, a.LeadDepartmentID)
			}
			if s.OnTime && own {
				add(Kept, a.LeadDepartmentID)
			}
		case was.End == "" && s.End == EndEscalated:
			add(Raised, b.LeadDepartmentID)
			if next, _ := a.LastStage(); own && b.LeadDepartmentID != "" && missedBy[next.OpenedBy] {
				add(Missed, b.LeadDepartmentID)
			}
		case was.OverdueAt.IsZero() && !s.OverdueAt.IsZero():
			add(WentOverdue, a.LeadDepartmentID)
		}
	}
	rated, displeased := false, false
	for key, r := range a.Ratings {
		if _, known := b.Ratings[key]; !known && e.Kind != EventMergedIn {
			rated, displeased = true, displeased || r.Rating == Dissatisfied
		}
	}
	if rated {
		add(Rated, a.LeadDepartmentID)
	}
	if displeased {
		add(Displeased, a.LeadDepartmentID)
	}
	return out
}

// missedBy are the causes of a graver stage that are the lead's own delay; the centre's is not.
var missedBy = map[Cause]bool{CauseDeadline: true, CauseFailedAfterDue: true, CauseSplitAfterDue: true}
