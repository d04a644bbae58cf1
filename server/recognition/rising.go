package recognition

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"xiaopu/server/workday"
)

// The window that rising topics are looked for in (decision).
const (
	// RisingDays is a week: the last so many days, today among them, are compared with the weeks before.
	RisingDays = 7
	// RisingWeeks is how many weeks before that are looked at.
	RisingWeeks = 8
	// leastRising is how many tickets a week must have to be told of: two or three are no news.
	leastRising = 5
	// surprise is how many standard deviations above its own past a week must be. Counts of rare things spread by their
	// root (Poisson), those of common things by what they did before: the greater rules.
	surprise   = 2.0
	mostRising = 20
	mostPlaces = 3
)

// DayCount is how many tickets of a day are about a topic at a place ("" where it is not known).
type DayCount struct {
	On           workday.Date
	Topic, Place string
	Tickets      int
}

// Rise is a number of this week beside its own past.
type Rise struct {
	Name    string
	Tickets int     // this week
	Before  float64 // a week, on average
	Weeks   int     // that the average is of
	Score   float64 // standard deviations above it
}

// Sentence tells a rise.
func (r Rise) Sentence() string {
	if r.Weeks == 0 {
		return fmt.Sprintf("近 %d 天 %d 件，此前没有可比的记录", RisingDays, r.Tickets)
	}
	return fmt.Sprintf("近 %d 天 %d 件，此前 %d 周平均每周 %.1f 件", RisingDays, r.Tickets, r.Weeks, r.Before)
}

// RisingTopic is a topic that more tickets are about than before, with the places that it rises most at.
type RisingTopic struct {
	Rise
	Places []Rise
}

// RisingFrom is the first day that Rising looks at.
func RisingFrom(today workday.Date) workday.Date {
	return today.AddDays(1 - RisingDays*(RisingWeeks+1))
}

// Rising finds the topics that rise this week against their own past, the most surprising first. Counts of other days than the
// window's are passed over; since is the first day that was counted at all: weeks before it are no past.
func Rising(counts []DayCount, since, today workday.Date) []RisingTopic {
	weeks := 0
	for weeks < RisingWeeks && !since.After(today.AddDays(1-RisingDays*(weeks+2))) {
		weeks++
	}
	type series [RisingWeeks + 1]int
	topics, places := map[string]*series{}, map[string]map[string]*series{}
	for _, c := range counts {
		ago := int(today.At(0).Sub(c.On.At(0)) / (24 * time.Hour))
		if ago < 0 || ago >= RisingDays*(weeks+1) {
			continue
		}
		if topics[c.Topic] == nil {
			topics[c.Topic], places[c.Topic] = &series{}, map[string]*series{}
		}
		if places[c.Topic][c.Place] == nil {
			places[c.Topic][c.Place] = &series{}
		}
		topics[c.Topic][ago/RisingDays] += c.Tickets
		places[c.Topic][c.Place][ago/RisingDays] += c.Tickets
	}
	rise := func(name string, s *series) Rise {
		r := Rise{Name: name, Tickets: s[0], Weeks: weeks}
		spread := 1.0
		if weeks > 0 {
			for _, n := range s[1 : weeks+1] {
				r.Before += float64(n) / float64(weeks)
			}
			variance := 0.0
			for _, n := range s[1 : weeks+1] {
				variance += (float64(n) - r.Before) * (float64(n) - r.Before) / float64(weeks)
			}
			spread = math.Sqrt(max(r.Before, variance, 1))
		}
		r.Score = (float64(r.Tickets) - r.Before) / spread
		return r
	}
	rising := func(r Rise) bool { return r.Tickets >= leastRising && r.Score >= surprise }
	order := func(a, b Rise) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Tickets, a.Tickets), cmp.Compare(a.Name, b.Name))
	}
	out := []RisingTopic{}
	for topic, s := range topics {
		t := RisingTopic{Rise: rise(topic, s), Places: []Rise{}}
		for place, s := range places[topic] {
			if r := rise(place, s); place != "" && rising(r) {
				t.Places = append(t.Places, r)
			}
		}
		// What rises at one place may be lost among all the others.
		if !rising(t.Rise) && len(t.Places) == 0 {
			continue
		}
		slices.SortFunc(t.Places, order)
		t.Places = t.Places[:min(len(t.Places), mostPlaces)]
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b RisingTopic) int {
		best := func(t RisingTopic) Rise {
			r := t.Rise
			for _, p := range t.Places {
				r.Score = max(r.Score, p.Score)
			}
			return r
		}
		return order(best(a), best(b))
	})
	return out[:min(len(out), mostRising)]
}
