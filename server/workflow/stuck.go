package workflow

import (
	"context"
	"fmt"
	"strings"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// Tiers is what is stuck in a leader's scope, by tier, the gravest first.
type Tiers struct {
	Scope string `json:"scope" doc:"看的是哪些难事，如：全街道"`
	// Both says that the caller sees the whole street and leads a part of it too.
	Both  bool        `json:"both" doc:"既能看全街道，又有自己分管的：以 own 区分"`
	Tiers []TierCount `json:"tiers" doc:"Ⅰ级在前"`
	Cap   int         `json:"cap" doc:"计数上限；达到即“1000+”"`
}

// TierCount is how many open cases a tier has. Each number is the length of the list with the same tier and due.
type TierCount struct {
	Tier  casework.Tier `json:"tier" doc:"响应级别"`
	Label string        `json:"label" doc:"如：Ⅱ级"`
	Open  int           `json:"open" doc:"在办"`
	Late  int           `json:"late" doc:"其中已过期限的"`
	Near  int           `json:"near" doc:"其中一个工作日内到期的"`
}

// Due says which of a tier's open cases are asked for.
type Due string

// Past the deadline; due before the next working day begins.
const (
	DueLate Due = "late"
	DueNear Due = "near"
)

// StuckCase is an open case with the reason why it is not solved.
type StuckCase struct {
	CaseItem
	Why string `json:"why" doc:"为什么是难事，现在在谁手里、从什么时候起、退过几次，一句话"`
}

// StuckQuery is what a list of stuck cases is asked for.
type StuckQuery struct {
	Tier   casework.Tier
	Due    Due
	Own    bool // only what the caller leads, where they see all
	Cursor string
	Limit  int
}

// nearBefore is the instant before which a deadline is near: the beginning of the next working day.
func (k *Knowledge) nearBefore(now time.Time) time.Time {
	return k.Calendar.NextWorkingDay(workday.DateOf(now)).At(0)
}

// leads names what a leader looks at.
func (k *Knowledge) leads(viewers []casework.Addressee) string {
	if viewers == nil {
		return "全街道"
	}
	names := make([]string, 0, len(viewers))
	for _, v := range viewers {
		place, unit, _ := strings.Cut(string(v), ":")
		if place == "grid" {
			names = append(names, k.Organisation.GridName(unit))
		} else {
			names = append(names, k.Organisation.DepartmentName(unit))
		}
	}
	return strings.Join(names, "、")
}

// Tiers counts what is open, late and near by tier in what the caller leads.
func (e *Engine) Tiers(ctx context.Context, actor casework.Actor, own bool) (Tiers, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Tiers{}, err
	}
	viewers := casework.LeadingScopes(actor, own)
	now := e.Now(k)
	counts, err := e.db.CountTiers(ctx, viewers, now, k.nearBefore(now))
	if err != nil {
		return Tiers{}, err
	}
	t := Tiers{Scope: k.leads(viewers), Both: actor.SeesAll() && casework.LeadingScopes(actor, true) != nil, Cap: store.CountCap}
	for _, tier := range []casework.Tier{casework.TierI, casework.TierII, casework.TierIII} {
		c := counts[tier]
		t.Tiers = append(t.Tiers, TierCount{Tier: tier, Label: tier.Label(), Open: c.Open, Late: c.Late, Near: c.Near})
	}
	return t, nil
}

// Stuck lists the open cases with a tier in what the caller leads, what falls due first in front, each with why it is not solved.
func (e *Engine) Stuck(ctx context.Context, actor casework.Actor, q StuckQuery) (Page[StuckCase], error) {
	page := Page[StuckCase]{Items: []StuckCase{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	now := e.Now(k)
	f := store.CaseFilter{Viewers: casework.LeadingScopes(actor, q.Own), Tier: q.Tier, Limit: q.Limit + 1}
	switch q.Due {
	case DueLate:
		f.DueBefore = now
	case DueNear:
		f.DueFrom, f.DueBefore = now, k.nearBefore(now)
	default:
		f.DueFrom = time.UnixMilli(1) // whatever has a deadline
	}
	if q.Cursor != "" {
		if f.AfterSort, f.AfterID, err = parseCursor(q.Cursor); err != nil {
			return page, err
		}
	}
	rows, err := e.db.Cases(ctx, f)
	if err != nil {
		return page, err
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		page.Next = cursor(rows[q.Limit-1].SortAt, rows[q.Limit-1].ID)
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	loaded, err := e.db.CasesByID(ctx, ids)
	if err != nil {
		return page, err
	}
	bodies := map[string]casework.Case{}
	for _, c := range loaded {
		bodies[c.ID] = c
	}
	for _, r := range rows {
		page.Items = append(page.Items, StuckCase{CaseItem: k.item(r, now, casework.Full), Why: k.whyStuck(bodies[r.ID], now)})
	}
	return page, nil
}

// whyStuck says in one sentence why a case is a hard one, where it stands, who has it and since when, and how often it was returned.
func (k *Knowledge) whyStuck(c casework.Case, now time.Time) string {
	var parts []string
	if len(c.Triggers) > 0 {
		t := c.Triggers[len(c.Triggers)-1] // what counted last
		parts = append(parts, strings.TrimRight(ticket.MaskText(firstSentence(t.Summary)), "。"))
	}
	since := ""
	if at := c.WaitsSince(); !at.IsZero() {
		since = day(at, now) + "起"
	}
	department := k.Organisation.DepartmentName(c.LeadDepartmentID)
	switch c.Status {
	case casework.Registered:
		parts = append(parts, since+"等城运中心交办")
	case casework.Dispatched:
		parts = append(parts, since+"等"+department+"接单")
	case casework.Convening:
		parts = append(parts, since+"等"+k.addressee(c.Convener())+"会商部署")
	case casework.Handling:
		parts = append(parts, since+"由"+department+k.Organisation.PersonName(c.HandlerID)+"办理")
	case casework.Verifying:
		parts = append(parts, since+"等城运中心核查")
	}
	returned := 0
	for _, h := range c.Hops {
		if h.Kind == casework.HopReturned {
			returned++
		}
	}
	if returned > 0 {
		parts = append(parts, fmt.Sprintf("退过 %d 次单", returned))
	}
	if c.Round > 1 {
		parts = append(parts, fmt.Sprintf("已是第 %d 轮", c.Round))
	}
	return strings.Join(parts, "；") + "。"
}

// firstSentence is a summary up to its first list of records, which the case itself shows.
func firstSentence(s string) string {
	s, _, _ = strings.Cut(s, "（")
	return s
}

// day writes a date, with the year when it is not this one.
func day(t, now time.Time) string {
	t, now = t.In(shanghai), now.In(shanghai)
	if t.Year() != now.Year() {
		return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
	}
	return fmt.Sprintf("%d月%d日", t.Month(), t.Day())
}
