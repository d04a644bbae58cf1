package workflow

import (
	"context"
	"time"

	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/workday"
)

// RisingView is what is rising this week against its own past.
type RisingView struct {
	From   workday.Date  `json:"from" doc:"近 7 天的第一天"`
	To     workday.Date  `json:"to"`
	Topics []RisingTopic `json:"topics" doc:"最反常的在前"`
}

// RisingTopic is a topic that rises.
type RisingTopic struct {
	Rise
	Places []Rise `json:"places" doc:"在哪些村居上升最多"`
}

// Rise is one number beside its past.
type Rise struct {
	Name    string  `json:"name" doc:"事项类别或村居"`
	Tickets int     `json:"tickets" doc:"近 7 天的工单数"`
	Before  float64 `json:"before" doc:"此前每周平均"`
	Weeks   int     `json:"weeks" doc:"此前多少周的平均；0 为没有可比的记录"`
	Text    string  `json:"text" doc:"写成一句话"`
}

// Rising finds what rises. Numbers alone: it is for everybody on the staff.
func (e *Engine) Rising(ctx context.Context) (RisingView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return RisingView{}, err
	}
	today := workday.DateOf(e.Now(k))
	v := RisingView{From: today.AddDays(1 - recognition.RisingDays), To: today, Topics: []RisingTopic{}}
	counts, err := e.db.TopicCounts(ctx, recognition.RisingFrom(today).String())
	if err != nil {
		return v, err
	}
	days := make([]recognition.DayCount, 0, len(counts))
	since := today
	for _, c := range counts {
		on, err := workday.ParseDate(c.Day)
		if err != nil {
			return v, err
		}
		if on.Before(since) {
			since = on
		}
		days = append(days, recognition.DayCount{On: on, Topic: c.Topic, Place: c.Place, Tickets: c.Tickets})
	}
	rise := func(r recognition.Rise) Rise {
		return Rise{Name: r.Name, Tickets: r.Tickets, Before: r.Before, Weeks: r.Weeks, Text: r.Sentence()}
	}
	for _, t := range recognition.Rising(days, since, today) {
		topic := RisingTopic{Rise: rise(t.Rise), Places: []Rise{}}
		for _, p := range t.Places {
			topic.Places = append(topic.Places, rise(p))
		}
		v.Topics = append(v.Topics, topic)
	}
	return v, nil
}

// CountTopics notes anew what the tickets of the weeks that Rising looks at are about: by another tree their topics are others.
func (e *Engine) CountTopics(ctx context.Context) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	now := e.Now(k)
	from := recognition.RisingFrom(workday.DateOf(now)).At(0)
	after, id := time.Time{}, ""
	for {
		page, err := e.db.TicketsBetween(ctx, from, now, after, id, countedAtOnce)
		if err != nil || len(page) == 0 {
			return err
		}
		ids := make([]string, len(page))
		for i, r := range page {
			ids[i] = r.Ticket.ID
		}
		last := page[len(page)-1].Ticket
		after, id = last.AcceptedAt, last.ID
		if err := e.db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
			in := newIntake(e, &writer{tx: tx, k: k, now: now})
			if err := in.turn(ctx); err != nil { // nobody notes what a ticket said before
				return err
			}
			stored, err := tx.TicketsByID(ctx, ids)
			if err != nil {
				return err
			}
			rows := make([]*store.TicketRow, len(stored))
			for i := range stored {
				rows[i] = &stored[i]
			}
			return in.noteTopics(ctx, rows, ids)
		}); err != nil {
			return err
		}
	}
}

// countedAtOnce is how many tickets are counted in one transaction: others wait for it to take theirs in.
const countedAtOnce = 200

// ForgetTopics drops what was noted of tickets that are too old to be compared with.
func (e *Engine) ForgetTopics(ctx context.Context) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	_, err = e.db.ForgetTopics(ctx, recognition.RisingFrom(workday.DateOf(e.Now(k))).String())
	return err
}
