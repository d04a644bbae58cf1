package workflow

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// EvidencePage is why a case is a hard one: its rules, and one page of the records behind them.
type EvidencePage struct {
	Triggers []EvidenceTrigger `json:"triggers" doc:"触发的规则，按触发的先后"`
	Page[EvidenceItem]
}

// EvidenceTrigger is one rule that fired, with what it rests on in numbers.
type EvidenceTrigger struct {
	No      int                  `json:"no" doc:"第几次触发，从 1 起"`
	Kind    casework.TriggerKind `json:"kind"`
	Label   string               `json:"label"`
	At      time.Time            `json:"at" doc:"何时触发"`
	Summary string               `json:"summary"`
	Records int                  `json:"records" doc:"依据的条数"`
	Tickets int                  `json:"tickets" doc:"涉及的工单数"`
	People  int                  `json:"people" doc:"涉及的人数（按诉求人去重；未留电话的不计）"`
}

// EvidenceItem is one record: what was read where, and the ticket it stands in.
type EvidenceItem struct {
	Trigger int                  `json:"trigger" doc:"属于第几次触发"`
	Kind    casework.TriggerKind `json:"kind"`
	Key     string               `json:"key" doc:"依据的标识；计过一次的不再计"`
	At      time.Time            `json:"at,omitzero" doc:"何时"`
	From    string               `json:"from,omitempty" doc:"读自哪里，原样"`
	// FromLabel says it in words: which column, the text, or counting.
	FromLabel string      `json:"from_label,omitempty" doc:"读自哪里，如：表格“处办部门”列、正文、按件计数"`
	Quote     string      `json:"quote,omitempty" doc:"原文摘录（已脱敏）"`
	Reasons   []string    `json:"reasons,omitempty" doc:"为什么与其他工单是同一件事：地点、用词、引用"`
	Ticket    *TicketView `json:"ticket,omitempty" doc:"所在的工单（已脱敏）；由人填报的和已删除的没有"`
}

// Evidence lists the records behind a case's triggers, also of one that was rejected or merged. It is for those who see the
// case in full.
func (e *Engine) Evidence(ctx context.Context, actor casework.Actor, id, cursorText string, limit int) (EvidencePage, error) {
	page := EvidencePage{Triggers: []EvidenceTrigger{}, Page: Page[EvidenceItem]{Items: []EvidenceItem{}}}
	l, err := e.full(ctx, actor, id)
	if err != nil {
		return page, err
	}
	after, err := parseEvidenceCursor(cursorText)
	if err != nil {
		return page, err
	}
	var all []string
	for _, t := range l.Case.Triggers {
		all = append(all, ticketsBehind(t)...)
	}
	slices.Sort(all)
	requesters, err := e.db.TicketRequesters(ctx, slices.Compact(all))
	if err != nil {
		return page, err
	}
	n := 0
	for i, t := range l.Case.Triggers {
		page.Triggers = append(page.Triggers, evidenceTrigger(i+1, t, requesters))
		for _, ev := range t.Evidence {
			n++
			if n <= after || page.Next != "" {
				continue // on another page; the triggers are told on each
			}
			if len(page.Items) == limit {
				page.Next = encodeCursor(strconv.Itoa(n - 1))
				continue
			}
			page.Items = append(page.Items, EvidenceItem{
				Trigger: i + 1, Kind: t.Kind, Key: ev.Key, At: ev.At, From: ev.From, FromLabel: fromLabel(ev.From), Quote: ticket.MaskText(ev.Quote), Reasons: ev.Reasons,
				Ticket: ticketNamed(ev.TicketID),
			})
		}
	}
	return page, e.showTickets(ctx, page.Items)
}

func parseEvidenceCursor(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	parts, err := decodeCursor(text, 1)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(parts[0])
	if err != nil || n < 0 {
		return 0, errCursor
	}
	return n, nil
}

func ticketNamed(id string) *TicketView {
	if id == "" {
		return nil
	}
	return &TicketView{ID: id}
}

// showTickets puts the tickets in the place of their ids.
func (e *Engine) showTickets(ctx context.Context, items []EvidenceItem) error {
	var ids []string
	for _, it := range items {
		if it.Ticket != nil && !slices.Contains(ids, it.Ticket.ID) {
			ids = append(ids, it.Ticket.ID)
		}
	}
	rows, err := e.db.TicketsByID(ctx, ids)
	if err != nil {
		return err
	}
	views := map[string]*TicketView{}
	for _, r := range rows {
		v := ticketView(r, casework.Full)
		views[r.Ticket.ID] = &v
	}
	for i := range items {
		if items[i].Ticket != nil {
			items[i].Ticket = views[items[i].Ticket.ID]
		}
	}
	return nil
}

func ticketsBehind(t casework.Trigger) []string {
	var ids []string
	for _, ev := range t.Evidence {
		if ev.TicketID != "" {
			ids = append(ids, ev.TicketID)
		}
	}
	return ids
}

func evidenceTrigger(no int, t casework.Trigger, requesters map[string]string) EvidenceTrigger {
	tickets, people := map[string]bool{}, map[string]bool{}
	for _, id := range ticketsBehind(t) {
		tickets[id] = true
		if r := requesters[id]; r != "" {
			people[r] = true
		}
	}
	return EvidenceTrigger{
		No: no, Kind: t.Kind, Label: t.Kind.Label(), At: t.At, Summary: ticket.MaskText(t.Summary), Records: len(t.Evidence), Tickets: len(tickets), People: len(people),
	}
}

// fromLabel says in words where evidence was read.
func fromLabel(from string) string {
	if column, ok := strings.CutPrefix(from, "column:"); ok {
		return "表格“" + column + "”列"
	}
	switch from {
	case ticket.FromText:
		return "标题或正文"
	case "rating":
		return "满意度评价"
	case "count":
		return "按件计数"
	}
	return from
}
