package recognition_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/recognition"
	"xiaopu/server/ticket"
)

// calls are n tickets of a day, a minute apart from nine o'clock, each of another person.
func calls(day string, n int) []recognition.Fact {
	var list []recognition.Fact
	for i := range n {
		id := fmt.Sprintf("%s/%02d", day[5:], i+1)
		list = append(list, recognition.Fact{TicketID: id, OrderNo: "no-" + id, Requester: "person-" + id, AcceptedAt: at(day + " 09:00:00").Add(time.Duration(i) * time.Minute)})
	}
	return list
}

// about evaluates the newest of the tickets about a matter.
func about(same []recognition.Fact, spent map[string]bool, p casework.Triggers) []casework.Trigger {
	in := recognition.Input{Same: same, Spent: spent, Policy: p, Now: now}
	if len(same) > 0 {
		f := same[len(same)-1]
		in.Ticket, in.Requester = ticket.Ticket{ID: f.TicketID, OrderNo: f.OrderNo, AcceptedAt: f.AcceptedAt, ReassignedColumn: -1}, f.Requester
	}
	return recognition.Evaluate(in)
}

func keys(t casework.Trigger) string {
	var k []string
	for _, e := range t.Evidence {
		k = append(k, e.Key)
	}
	return strings.Join(k, " ")
}

func TestBurst(t *testing.T) {
	people := func(list []recognition.Fact, who ...string) []recognition.Fact {
		for i := range list {
			list[i].Requester = who[i%len(who)]
		}
		return list
	}
	move := func(list []recognition.Fact, i int, when string) []recognition.Fact {
		list[i].AcceptedAt = at(when)
		return list
	}
	inUTC := calls("2026-09-03", 5)
	for i := range inUTC {
		inUTC[i].AcceptedAt = inUTC[i].AcceptedAt.UTC()
	}
	two := policy
	two.BurstMinPeople = 2
	for _, c := range []struct {
		name string
		same []recognition.Fact
		p    casework.Triggers
		want string // the sentence; "" when it does not fire
	}{
		{"four tickets are too few", calls("2026-09-03", 4), policy, ""},
		{"five", calls("2026-09-03", 5), policy, "9月3日 同一事项来电 5 件，涉及 5 人（标准：当日 5 件）"},
		{"six", calls("2026-09-03", 6), policy, "9月3日 同一事项来电 6 件，涉及 6 人（标准：当日 5 件）"},
		{"one person's re-posts are tickets too", people(calls("2026-09-03", 5), "a"), policy, "9月3日 同一事项来电 5 件，涉及 1 人（标准：当日 5 件）"},
		{"one person, where two are asked for", people(calls("2026-09-03", 5), "a"), two, ""},
		{"two people, where two are asked for", people(calls("2026-09-03", 5), "a", "b"), two, "9月3日 同一事项来电 5 件，涉及 2 人（标准：当日 5 件、2 人）"},
		{"one person and unknown ones, where two are asked for", people(calls("2026-09-03", 5), "a", ""), two, ""},
		{"some left no name", people(calls("2026-09-03", 6), "a", "b", ""), policy, "9月3日 同一事项来电 6 件，涉及 2 人，另有 2 件未留诉求人（标准：当日 5 件）"},
		{"nobody left a name", people(calls("2026-09-03", 5), ""), policy, "9月3日 同一事项来电 5 件，均未留诉求人（标准：当日 5 件）"},
		{"the fifth at the last second of the day", move(calls("2026-09-03", 5), 4, "2026-09-03 23:59:59"), policy, "9月3日 同一事项来电 5 件，涉及 5 人（标准：当日 5 件）"},
		{"the fifth at midnight is the next day's", move(calls("2026-09-03", 5), 4, "2026-09-04 00:00:00"), policy, ""},
		{"the first at midnight", move(calls("2026-09-03", 5), 0, "2026-09-03 00:00:00"), policy, "9月3日 同一事项来电 5 件，涉及 5 人（标准：当日 5 件）"},
		{"the first a second before midnight", move(calls("2026-09-03", 5), 0, "2026-09-02 23:59:59"), policy, ""},
		{"before eight in the morning it is yesterday in UTC", move(inUTC, 0, "2026-09-03 00:30:00"), policy, "9月3日 同一事项来电 5 件，涉及 5 人（标准：当日 5 件）"},
		{"spread over two days", append(calls("2026-09-03", 4), calls("2026-09-04", 4)...), policy, ""},
		{"an earlier day than the newest", append(calls("2026-09-03", 5), calls("2026-09-05", 1)...), policy, "9月3日 同一事项来电 5 件，涉及 5 人（标准：当日 5 件）"},
		{"two such days", append(calls("2026-09-03", 5), calls("2026-10-05", 6)...), policy, "9月3日 同一事项来电 5 件，涉及 5 人；10月5日 6 件，涉及 6 人（标准：当日 5 件）"},
		{"five such days", slices.Concat(calls("2026-01-03", 5), calls("2026-02-03", 5), calls("2026-03-03", 5), calls("2026-04-03", 5), calls("2026-05-03", 5)), policy,
			"1月3日 同一事项来电 5 件，涉及 5 人；2月3日 5 件，涉及 5 人；3月3日 5 件，涉及 5 人；这样的共 5 天（标准：当日 5 件）"},
		{"long ago", calls("2012-02-29", 5), policy, "2012年2月29日 同一事项来电 5 件，涉及 5 人（标准：当日 5 件）"},
		{"one ticket listed twice is one", append(calls("2026-09-03", 4), calls("2026-09-03", 2)...), policy, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := about(c.same, nil, c.p)
			if c.want == "" {
				if len(got) > 0 {
					t.Error(show(got))
				}
				return
			}
			if s := got[0].Summary; got[0].Kind != casework.ByBurst || s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
		})
	}
}

func TestBurstCountsATicketThatIsNotAmongThoseGiven(t *testing.T) {
	same := calls("2026-09-03", 5)
	own := same[2]
	in := recognition.Input{
		Ticket:    ticket.Ticket{ID: own.TicketID, OrderNo: own.OrderNo, AcceptedAt: own.AcceptedAt},
		Requester: own.Requester, Same: slices.Delete(slices.Clone(same), 2, 3), Policy: policy, Now: now,
	}
	if got := only(t, recognition.Evaluate(in), casework.ByBurst); keys(got) != "09-03/01 09-03/02 09-03/03 09-03/04 09-03/05" {
		t.Error(show([]casework.Trigger{got}))
	}
	same[2].Requester = "" // the ticket's own requester is known beside it
	in.Same = same
	if got := only(t, recognition.Evaluate(in), casework.ByBurst); !strings.Contains(got.Summary, "涉及 5 人（") {
		t.Error(got.Summary)
	}
}

func TestBurstShowsPeopleApartWithoutSayingWhoTheyAre(t *testing.T) {
	same := calls("2026-09-03", 5)
	same[1].Requester, same[4].Requester = same[0].Requester, ""
	got := only(t, about(same, nil, policy), casework.ByBurst)
	quotes := map[string]int{}
	for _, e := range got.Evidence {
		quotes[e.Quote]++
		if e.From != "count" || e.TicketID == "" || e.OrderNo == "" || e.At.IsZero() || strings.Contains(e.Quote, "person") {
			t.Errorf("%+v", e)
		}
	}
	if len(quotes) != 4 || quotes[got.Evidence[0].Quote] != 2 || quotes["未留诉求人"] != 1 || got.Evidence[0].Quote != got.Evidence[1].Quote {
		t.Error(quotes)
	}
}

func TestARejectedBurstDoesNotComeBack(t *testing.T) {
	first := calls("2026-09-03", 5)
	spent := spend(nil, about(first, nil, policy))
	sixth := calls("2026-09-03", 6)
	nine := calls("2026-09-03", 9)
	ten := calls("2026-09-03", 10)
	nextDay := append(slices.Clone(first), calls("2026-09-04", 4)...)
	nextDayFive := append(slices.Clone(first), calls("2026-09-04", 5)...)
	quiet := policy
	quiet.HotTickets = 0
	for _, c := range []struct {
		name string
		same []recognition.Fact
		want string
	}{
		{"the same five", first, ""},
		{"a sixth the same day", sixth, ""},
		{"a ninth the same day", nine, ""},
		{"five new ones the same day", ten, "burst 9月3日 同一事项来电 5 件，涉及 5 人，此前已计 5 件（标准：当日 5 件）\n  09-03/06\n  09-03/07\n  09-03/08\n  09-03/09\n  09-03/10\n"},
		{"four new ones the next day", nextDay, ""},
		{"five new ones the next day", nextDayFive, "burst 9月4日 同一事项来电 5 件，涉及 5 人（标准：当日 5 件）\n  09-04/01\n  09-04/02\n  09-04/03\n  09-04/04\n  09-04/05\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(about(c.same, spent, quiet)); got != c.want {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
		})
	}
	p := quiet
	p.BurstMinPeople = 2
	for i := range ten {
		ten[i].Requester = []string{"a", "b"}[i/5]
	}
	if got := about(ten, spent, p); len(got) > 0 {
		t.Error("the people of tickets that have counted do not count either", show(got))
	}
	spent["burst:"+first[0].TicketID] = false
	if got := about(sixth, spent, quiet); len(got) > 0 {
		t.Error("what is noted as not spent is not spent", show(got))
	}
}

func TestHotTopicSlidesOverTheDays(t *testing.T) {
	days := func(first string, perDay ...int) []recognition.Fact {
		var list []recognition.Fact
		for i, n := range perDay {
			list = append(list, calls(at(first+" 00:00:00").AddDate(0, 0, i).Format(time.DateOnly), n)...)
		}
		return list
	}
	for _, c := range []struct {
		name string
		same []recognition.Fact
		want string
		n    int // records
	}{
		{"nine in seven days are too few", days("2026-09-01", 2, 1, 1, 1, 2, 1, 1), "", 0},
		{"ten in seven days", days("2026-09-01", 2, 1, 1, 1, 2, 1, 2), "9月1日至9月7日 同一事项来电 10 件，涉及 10 人（标准：7 天 10 件）", 10},
		{"eleven", days("2026-09-01", 2, 1, 1, 1, 2, 1, 3), "9月1日至9月7日 同一事项来电 11 件，涉及 11 人（标准：7 天 10 件）", 11},
		{"ten in eight days", days("2026-09-01", 2, 1, 1, 1, 1, 1, 1, 2), "", 0},
		{"ten across weeks and months", days("2026-08-29", 1, 0, 3, 0, 3, 0, 3), "8月29日至9月4日 同一事项来电 10 件，涉及 10 人（标准：7 天 10 件）", 10},
		{"only the crowded days are behind it", days("2026-09-01", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1), "9月11日至9月13日 同一事项来电 10 件，涉及 10 人（标准：7 天 10 件）", 10},
		{"windows that overlap", days("2026-09-01", 4, 0, 0, 4, 0, 0, 4, 0, 0, 4), "9月4日至9月10日 同一事项来电 12 件，涉及 12 人，前后高频共 16 件（标准：7 天 10 件）", 16},
		{"across the year", days("2025-12-30", 4, 4, 4), "2025年12月30日至1月1日 同一事项来电 12 件，涉及 12 人（标准：7 天 10 件）", 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := about(c.same, nil, policy)
			if c.want == "" {
				if len(got) > 0 {
					t.Error(show(got))
				}
				return
			}
			if h := only(t, got, casework.ByHotTopic); h.Summary != c.want || len(h.Evidence) != c.n {
				t.Errorf("%s %d, want %s", h.Summary, len(h.Evidence), c.want)
			}
		})
	}
	// A rejected one does not come back, and ten new ones do.
	same := days("2026-09-01", 2, 1, 1, 1, 2, 1, 2)
	spent := spend(nil, about(same, nil, policy))
	same = append(same, days("2026-09-08", 4, 4, 1)...)
	if got := about(same, spent, policy); len(got) > 0 {
		t.Error(show(got))
	}
	same = append(same, days("2026-09-11", 1)...)
	if got := only(t, about(same, spent, policy), casework.ByHotTopic); len(got.Evidence) != 10 || got.Evidence[0].Key != "09-08/01" {
		t.Error(show([]casework.Trigger{got}))
	}
}

func TestTicketsWithoutDateOrNumberAreNotCounted(t *testing.T) {
	same := calls("2026-09-03", 5)
	same[0].AcceptedAt = time.Time{}
	if got := about(same, nil, policy); len(got) > 0 {
		t.Error(show(got))
	}
	same = calls("2026-09-03", 5)
	same[0].TicketID, same[0].OrderNo = "", ""
	if got := about(same, nil, policy); len(got) > 0 {
		t.Error(show(got))
	}
}

func TestWindowHoldsWholeDays(t *testing.T) {
	p := policy
	for _, c := range []struct {
		name     string
		hot      int
		days     int
		from, to string
	}{
		{"the hot topic's days", 10, 7, "2026-08-28 00:00:00", "2026-09-09 23:59:59"},
		{"without hot topics", 0, 7, "2026-09-03 00:00:00", "2026-09-03 23:59:59"},
		{"one day", 10, 1, "2026-09-03 00:00:00", "2026-09-03 23:59:59"},
		{"no days", 10, 0, "2026-09-03 00:00:00", "2026-09-03 23:59:59"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.HotTickets, p.HotDays = c.hot, c.days
			for _, s := range []string{"2026-09-03 00:00:00", "2026-09-03 23:59:59"} {
				from, to := recognition.Window(at(s), p)
				if from.Format(time.DateTime) != c.from || to.Format(time.DateTime) != c.to {
					t.Error(from, to)
				}
			}
		})
	}
}
