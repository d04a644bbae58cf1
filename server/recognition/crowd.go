package recognition

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"xiaopu/server/casework"
	"xiaopu/server/workday"
)

// burst fires on N tickets about one matter within one calendar day of Shanghai (当天集中来电5件及以上).
func (e evaluation) burst() (casework.Trigger, bool) {
	p := e.Policy
	if p.BurstTickets <= 0 {
		return casework.Trigger{}, false
	}
	t := casework.Trigger{Kind: casework.ByBurst}
	var days []string
	var counted []Fact
	for rest := e.facts; len(rest) > 0; {
		on := workday.DateOf(rest[0].AcceptedAt)
		n := 1
		for n < len(rest) && workday.DateOf(rest[n].AcceptedAt) == on {
			n++
		}
		all := rest[:n]
		rest = rest[n:]
		if n < p.BurstTickets {
			continue
		}
		fresh := e.fresh(casework.ByBurst, all)
		c := crowdOf(fresh)
		if len(fresh) < p.BurstTickets || p.BurstMinPeople > 1 && c.people < p.BurstMinPeople {
			continue
		}
		s := day(on, e.Now) + " "
		if len(days) == 0 {
			s += "同一事项来电 "
		}
		s += c.words()
		if old := n - len(fresh); old > 0 {
			s += "，此前已计 " + itoa(old) + " 件"
		}
		days = append(days, s)
		counted = append(counted, fresh...)
		t.Evidence = append(t.Evidence, calls(fresh)...)
	}
	if len(days) == 0 {
		return casework.Trigger{}, false
	}
	rule := "（标准：当日 " + itoa(p.BurstTickets) + " 件"
	if p.BurstMinPeople > 1 {
		rule += "、" + itoa(p.BurstMinPeople) + " 人"
	}
	const most = 3
	more := ""
	if len(days) > most {
		more = "；这样的共 " + itoa(len(days)) + " 天"
	}
	t.People = crowdOf(counted).people
	t.Summary = strings.Join(days[:min(len(days), most)], "；") + more + rule + "）"
	return t, true
}

// hotTopic fires on N tickets about one matter within HotDays calendar days, wherever they lie (decision). Its evidence
// are the tickets of every such window; its sentence tells the fullest.
func (e evaluation) hotTopic() (casework.Trigger, bool) {
	p := e.Policy
	if p.HotTickets <= 0 || p.HotDays <= 0 || len(e.facts) < p.HotTickets {
		return casework.Trigger{}, false
	}
	fresh := e.fresh(casework.ByHotTopic, e.facts)
	var peak, behind []Fact
	taken, end := 0, 0 // fresh[:taken] is decided, fresh[:end] is within the window
	for i, f := range fresh {
		last := workday.DateOf(f.AcceptedAt).AddDays(p.HotDays - 1)
		for end < len(fresh) && !workday.DateOf(fresh[end].AcceptedAt).After(last) {
			end++
		}
		window := fresh[i:end]
		if len(window) < p.HotTickets {
			continue
		}
		behind = append(behind, fresh[max(taken, i):end]...)
		taken = end
		if len(window) >= len(peak) {
			peak = window
		}
	}
	if len(peak) == 0 {
		return casework.Trigger{}, false
	}
	span := day(workday.DateOf(peak[0].AcceptedAt), e.Now)
	if to := day(workday.DateOf(peak[len(peak)-1].AcceptedAt), e.Now); to != span {
		span += "至" + to
	}
	s := span + " 同一事项来电 " + crowdOf(peak).words()
	if len(behind) > len(peak) {
		s += "，前后高频共 " + itoa(len(behind)) + " 件"
	}
	s += "（标准：" + itoa(p.HotDays) + " 天 " + itoa(p.HotTickets) + " 件）"
	return casework.Trigger{Kind: casework.ByHotTopic, Summary: s, People: crowdOf(behind).people, Evidence: calls(behind)}, true
}

// fresh leaves out the tickets that have counted under the rule.
func (e evaluation) fresh(kind casework.TriggerKind, facts []Fact) []Fact {
	if len(e.Spent) == 0 {
		return facts
	}
	return slices.DeleteFunc(slices.Clone(facts), func(f Fact) bool { return e.spent(kind, f.key()) })
}

// calls makes one record of each ticket. The code tells two people apart without saying who they are, and is the same
// wherever a person calls.
func calls(facts []Fact) []casework.Evidence {
	list := make([]casework.Evidence, 0, len(facts))
	for _, f := range facts {
		who := "未留诉求人"
		if f.Requester != "" {
			sum := sha256.Sum256([]byte("requester\x00" + f.Requester))
			who = "诉求人代号 " + strings.ToUpper(hex.EncodeToString(sum[:2]))
		}
		list = append(list, casework.Evidence{Key: f.key(), TicketID: f.TicketID, OrderNo: f.OrderNo, From: fromCount, Quote: who, At: f.AcceptedAt})
	}
	return list
}

// crowd is how many tickets, from how many people.
type crowd struct{ tickets, people, unknown int }

func crowdOf(facts []Fact) crowd {
	c := crowd{tickets: len(facts)}
	seen := make(map[string]bool, len(facts))
	for _, f := range facts {
		switch {
		case f.Requester == "":
			c.unknown++
		case !seen[f.Requester]:
			seen[f.Requester] = true
			c.people++
		}
	}
	return c
}

func (c crowd) words() string {
	s := itoa(c.tickets) + " 件"
	if c.people == 0 {
		return s + "，均未留诉求人"
	}
	s += "，涉及 " + itoa(c.people) + " 人"
	if c.unknown > 0 {
		s += "，另有 " + itoa(c.unknown) + " 件未留诉求人"
	}
	return s
}
