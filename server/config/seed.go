package config

import (
	"errors"
	"regexp"

	"xiaopu/server/apperr"
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

// Organisation is what a file such as configs/org.example.yaml says, in the file's order.
type Organisation struct {
	Departments []organisation.Department `yaml:"departments"`
	Grids       []organisation.Grid       `yaml:"grids"`
	Communities []organisation.Community  `yaml:"communities"`
	People      []organisation.Person     `yaml:"people"`
	Delegations []organisation.Delegation `yaml:"delegations"`
}

// Snapshot is organisation.New of its parts.
func (o Organisation) Snapshot() (*organisation.Organisation, error) {
	return organisation.New(o.Departments, o.Grids, o.Communities, o.People, o.Delegations)
}

var mobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)

// LoadOrganisation reads units, people and delegations and checks them as a whole, so that Snapshot of the result does not
// fail. There must be somebody at the centre, to whom everything without an owner falls. The error joins one line for each
// problem, with the line of the entry; no message shows a phone number.
func LoadOrganisation(data []byte) (Organisation, error) {
	var o Organisation
	var s source
	if s.decode(data, organisationBytes, &o) {
		s.checkOrganisation(o)
	}
	if err := s.err(); err != nil {
		return Organisation{}, err
	}
	return o, nil
}

func (s *source) checkOrganisation(o Organisation) {
	entry := func(list string, i int) string { return list + item(i) }
	phones := map[string]string{}
	centre := false
	for i, p := range o.People {
		path := entry("people", i)
		switch other := phones[p.Phone]; {
		case p.Phone == "" || p.Left:
		case !mobile.MatchString(p.Phone):
			s.at(path+".phone", "人员“%s”的手机号不是 11 位手机号，请核对，或删去这一行", shorten(p.ID))
		case other != "":
			s.at(path+".phone", "人员“%s”与“%s”的手机号相同，请核对", shorten(p.ID), shorten(other))
		default:
			phones[p.Phone] = p.ID
		}
		for _, post := range p.Posts {
			centre = centre || post.Role == casework.Centre && !p.Left
		}
	}
	if !centre {
		s.add(s.lines["people"], "没有城运中心人员，请至少给一人加上岗位 {role: centre}：无人负责的事项都由城运中心接手")
	}
	snapshot, err := o.Snapshot()
	for _, e := range parts(err) {
		if p, ok := errors.AsType[*organisation.Problem](e); ok {
			s.at(entry(p.List, p.Index), "%s", p.Message)
		} else {
			s.add(0, "%s", e)
		}
	}
	if err != nil {
		return
	}
	for i, d := range o.Delegations {
		if err := snapshot.CheckDelegation(d); err != nil {
			s.at(entry("delegations", i), "AB角“%s”：%s", d.ID, message(err))
		}
	}
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

// message is what a person should read of an error, without the name of the rule.
func message(err error) string {
	if e, ok := errors.AsType[*apperr.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
