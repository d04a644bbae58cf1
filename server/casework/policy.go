package casework

import "xiaopu/server/workday"

// Policy is one dated version of the numbers the mechanism runs on. A stage keeps the version it was opened under.
// “decision” marks a number on which policy 奉浦街办〔2025〕6号 is silent.
type Policy struct {
	Version     int          `json:"version"`
	EffectiveOn workday.Date `json:"effective_on"`

	TierDays    TierDays      `json:"tier_days"`             // working days per tier, policy 三
	OfficeHours workday.Hours `json:"office_hours"`          // the sessions of a working day (decision)
	AfterHours  string        `json:"after_hours,omitempty"` // "next_working_day": what opens after close of work counts as opened the next working day

	HopsToII int `json:"hops_to_ii"` // distinct departments that did not accept within a round, policy 二.1

	IdleDays          int `json:"idle_days"`           // centre's time for reported and registered cases, working days (decision)
	ContactDays       int `json:"contact_days"`        // 先行联系, working days (decision)
	AcceptRemindHours int `json:"accept_remind_hours"` // working hours (decision)
	AcceptDays        int `json:"accept_days"`         // working days until a department counts as not accepting (decision)
	TaskAckHours      int `json:"task_ack_hours"`      // working hours to acknowledge a task
	HoldDays          int `json:"hold_days"`           // working days a result submitted in time holds the escalation (decision)
	RatingDays        int `json:"rating_days"`         // working days (decision)
	CallbackDays      int `json:"callback_days"`       // working days (decision)
	WarnHours         int `json:"warn_hours"`          // last warning before a stage's deadline, working hours
	OrderDays         int `json:"order_days"`          // due of the order that tier I overdue makes by itself, working days (decision)
	HeldOverDays      int `json:"held_over_days"`      // how often the principal leader is told after a hold-over, working days (“weekly”)
	HearingDay        int `json:"hearing_day"`         // day of the month by which the hearing is held, policy 二.3
	ReportDay         int `json:"report_day"`          // day of the month by which the report is due, policy 二.3

	Triggers Triggers `json:"triggers"`
}

// TierDays are the working days of each tier.
type TierDays struct {
	III int `json:"iii"`
	II  int `json:"ii"`
	I   int `json:"i"`
}

// Of gives the days of tier t.
func (d TierDays) Of(t Tier) int {
	switch t {
	case TierIII:
		return d.III
	case TierII:
		return d.II
	}
	return d.I
}

// Triggers are the thresholds of domain §2; zero switches a trigger off.
type Triggers struct {
	Unaccepted         int  `json:"unaccepted"`           // distinct departments before it came to us
	Reassigned         int  `json:"reassigned"`           // times
	Dissatisfied       bool `json:"dissatisfied"`         //
	BurstTickets       int  `json:"burst_tickets"`        // tickets about one matter within one calendar day
	BurstMinPeople     int  `json:"burst_min_people"`     // distinct requesters a burst needs; 1 asks nothing more than the tickets
	HotTickets         int  `json:"hot_tickets"`          // tickets about one matter within HotDays (decision)
	HotDays            int  `json:"hot_days"`             // calendar days (decision)
	LongUnresolvedDays int  `json:"long_unresolved_days"` // calendar days open (decision)
	Cross              bool `json:"cross"`                //
}

// DefaultPolicy holds the numbers of the policy and the decisions of domain §2–§4. configs/policy.yaml says the same;
// a test keeps the two equal.
func DefaultPolicy() Policy {
	return Policy{
		Version: 1, EffectiveOn: workday.Date{Year: 2025, Month: 11, Day: 22},
		TierDays:    TierDays{III: 3, II: 5, I: 5},
		OfficeHours: workday.DefaultHours,
		HopsToII:    3,
		IdleDays:    1, ContactDays: 1, AcceptRemindHours: 4, AcceptDays: 1, TaskAckHours: 4, HoldDays: 1,
		RatingDays: 10, CallbackDays: 1, WarnHours: 2, OrderDays: 3, HeldOverDays: 5, HearingDay: 10, ReportDay: 5,
		Triggers: Triggers{
			Unaccepted: 3, Reassigned: 3, Dissatisfied: true, BurstTickets: 5, BurstMinPeople: 1,
			HotTickets: 10, HotDays: 7, LongUnresolvedDays: 30, Cross: true,
		},
	}
}
