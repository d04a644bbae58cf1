package config

import (
	"errors"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workday"
)

const (
	seedBytes         = 1 << 20
	organisationBytes = 5 << 20
)

// LoadPolicy reads a version of the policy, such as configs/policy.yaml. Every number must be there and within sensible
// bounds; the error joins one line for each problem.
func LoadPolicy(data []byte) (casework.Policy, error) {
	var p casework.Policy
	s := source{complete: true}
	if s.decode(data, seedBytes, &p) {
		s.checkPolicy(p)
	}
	if err := s.err(); err != nil {
		return casework.Policy{}, err
	}
	return p, nil
}

func (s *source) checkPolicy(p casework.Policy) {
	between := func(path string, n, low, high int) {
		if n < low || n > high {
			s.at(path, "“%s”现在是 %d，应在 %d 到 %d 之间", path, n, low, high)
		}
	}
	between("version", p.Version, 1, 1_000_000)
	if p.EffectiveOn.IsZero() {
		s.at("effective_on", "“effective_on”没有写日期，请写施行日期，例如 2025-11-22")
	}
	if p.AfterHours != "" && p.AfterHours != "next_working_day" {
		s.at("after_hours", "“after_hours”现在是“%s”，只能写 next_working_day，或删去这一行", shorten(p.AfterHours))
	}
	for _, err := range parts(p.OfficeHours.Validate()) {
		s.at("office_hours", "%s", err)
	}
	// A clock of no days would never run out; of too many, nobody would see it.
	const days, hours = 60, 240
	for path, n := range map[string]int{
		"tier_days.iii": p.TierDays.III, "tier_days.ii": p.TierDays.II, "tier_days.i": p.TierDays.I,
		"idle_days": p.IdleDays, "contact_days": p.ContactDays, "accept_days": p.AcceptDays, "hold_days": p.HoldDays,
		"rating_days": p.RatingDays, "callback_days": p.CallbackDays, "order_days": p.OrderDays, "held_over_days": p.HeldOverDays,
	} {
		between(path, n, 1, days)
	}
	for path, n := range map[string]int{"accept_remind_hours": p.AcceptRemindHours, "task_ack_hours": p.TaskAckHours, "warn_hours": p.WarnHours} {
		between(path, n, 1, hours)
	}
	between("hops_to_ii", p.HopsToII, 1, 100)
	between("report_day", p.ReportDay, 1, 28) // every month has it
	between("hearing_day", p.HearingDay, 1, 28)
	if p.ReportDay > p.HearingDay {
		s.at("report_day", "“report_day”（%d 日）晚于 “hearing_day”（%d 日），专报应在专题汇报之前，请核对", p.ReportDay, p.HearingDay)
	}
	t := p.Triggers
	between("triggers.unaccepted", t.Unaccepted, 0, 1000)
	between("triggers.reassigned", t.Reassigned, 0, 1000)
	between("triggers.burst_tickets", t.BurstTickets, 0, 1000)
	between("triggers.burst_min_people", t.BurstMinPeople, 1, 1000)
	between("triggers.hot_tickets", t.HotTickets, 0, 10_000)
	between("triggers.hot_days", t.HotDays, 1, 366)
	between("triggers.long_unresolved_days", t.LongUnresolvedDays, 0, 3660)
}

// LoadYear reads the State Council's arrangement for one year, such as configs/workdays/2026.yaml. The error joins one line
// for each problem.
func LoadYear(data []byte) (workday.Year, error) {
	var y workday.Year
	var s source
	if s.decode(data, seedBytes, &y) {
		for _, key := range []string{"year", "source", "off"} {
			if s.lines[key] == 0 {
				s.add(0, "缺少“%s”，请补上", key)
			}
		}
		if s.lines["year"] > 0 {
			for _, err := range parts(y.Validate()) {
				s.add(0, "%s", err)
			}
		}
	}
	if err := s.err(); err != nil {
		return workday.Year{}, err
	}
	return y, nil
}

// LoadOrganisation reads what a file such as configs/org.example.yaml says of units, people and delegations, in the file's
// order, and checks what comes out when it is laid over what is known (organisation.Revise; nil: nothing yet). The error
// joins one line for each problem, with the line of the entry; no message shows a phone number.
func LoadOrganisation(data []byte, known *organisation.Organisation) (organisation.Street, error) {
	var file organisation.Street
	var s source
	if s.decode(data, organisationBytes, &file) {
		_, err := organisation.Revise(known, file, false)
		for _, e := range parts(err) {
			if p, ok := errors.AsType[*organisation.Problem](e); ok && p.Index >= 0 {
				s.at(p.List+item(p.Index), "%s", p.Message)
			} else if ok {
				s.add(s.lines[p.List], "%s", p.Message)
			} else {
				s.add(0, "%s", e)
			}
		}
	}
	if err := s.err(); err != nil {
		return organisation.Street{}, err
	}
	return file, nil
}

// parts takes a joined error apart.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, parts(e)...)
	}
	return out
}
