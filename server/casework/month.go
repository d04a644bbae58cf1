package casework

import (
	"slices"
	"time"

	"xiaopu/server/workday"
)

// The notices of the calendar itself, which belong to no case (domain §4, §6).
const (
	NoticeReportDue       NoticeKind = "report_due"       // 专报
	NoticeHearingDue      NoticeKind = "hearing_due"      // 专题汇报
	NoticeCalendarMissing NoticeKind = "calendar_missing" // next year's working days are not loaded
)

// MonthNotice is a notice of the calendar, at the opening of work of its day.
type MonthNotice struct {
	Kind NoticeKind
	To   Addressee
	At   time.Time
	// On is the day it speaks of: when the report or hearing is due. For the missing calendar, 1 January of that year.
	On workday.Date
}

// calendarWeeks is how often the missing calendar is told from 1 November on: weekly.
const calendarWeeks = 7

// MonthNotices lists the notices of the calendar after from, up to and including to, in order. The report is due by
// policy.ReportDay and the hearing by policy.HearingDay of each month (policy 二.3); both are told two days before and on
// the day, and where one of these is a rest day, on the working day before. Staff are reminded of a missing year from
// 1 November on (domain §4).
func MonthNotices(cal *workday.Calendar, p Policy, from, to time.Time) []MonthNotice {
	var out []MonthNotice
	add := func(kind NoticeKind, who Addressee, tell, on workday.Date) {
		at := instant(cal.OpenOf(tell))
		if at.After(from) && !at.After(to) && !slices.ContainsFunc(out, func(n MonthNotice) bool { return n.Kind == kind && n.At.Equal(at) }) {
			out = append(out, MonthNotice{Kind: kind, To: who, At: at, On: on})
		}
	}
	start := workday.DateOf(from)
	last := workday.DateOf(to).AddDays(31) // what the next month begins with can be told before a holiday in this one
	for y, m := start.Year, start.Month; y < last.Year || y == last.Year && m <= last.Month; {
		for _, due := range []struct {
			kind NoticeKind
			who  Addressee
			day  int
		}{{NoticeReportDue, centre, p.ReportDay}, {NoticeHearingDue, principalLeader, p.HearingDay}} {
			on := cal.OnOrBefore(workday.Date{Year: y, Month: m, Day: due.day})
			add(due.kind, due.who, cal.OnOrBefore(workday.Date{Year: y, Month: m, Day: due.day - 2}), on)
			add(due.kind, due.who, on, on)
		}
		if m >= time.November && !cal.Known(y+1) {
			next := workday.Date{Year: y + 1, Month: time.January, Day: 1}
			for d := (workday.Date{Year: y, Month: time.November, Day: 1}); d.Before(next); d = d.AddDays(calendarWeeks) {
				tell := d
				if !cal.IsWorkingDay(d) {
					tell = cal.NextWorkingDay(d)
				}
				add(NoticeCalendarMissing, centre, tell, next)
			}
		}
		if m++; m > time.December {
			y, m = y+1, time.January
		}
	}
	slices.SortStableFunc(out, func(a, b MonthNotice) int { return a.At.Compare(b.At) })
	return out
}
