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

// TierCount is how many cases a tier has. Each number is the length of the list with the same tier and due.
type TierCount struct {
	Tier  StuckTier `json:"tier" doc:"响应级别；none 未定级：待入库、待交办"`
	Label string    `json:"label" doc:"如：Ⅱ级"`
	Open  int       `json:"open" doc:"在办；未定级的，是还没有入库、交办的"`
	Late  int       `json:"late" doc:"其中已过期限的；未定级的，是城运中心入库、交办的期限"`
	Near  int       `json:"near" doc:"其中还有 1 个工作日以内到期的"`
}

// StuckTier is a tier, or Untiered.
type StuckTier string

// Untiered is what nobody has dispatched yet: reported, or registered without a stage.
const Untiered StuckTier = "none"

// StuckTiers lists all, the gravest first.
var StuckTiers = []StuckTier{StuckTier(casework.TierI), StuckTier(casework.TierII), StuckTier(casework.TierIII), Untiered}

// tier is the tier of the case, none when there is none.
func (t StuckTier) tier() casework.Tier {
	if t == Untiered {
		return ""
	}
	return casework.Tier(t)
}

// Label is the tier in Chinese.
func (t StuckTier) Label() string { return t.tier().Label() }

// Due says which of a tier's open cases are asked for.
type Due string

// Past the deadline; due by the end of the next working day, as nearBefore says.
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
	Tier   StuckTier
	Due    Due
	Own    bool // only what the caller leads, where they see all
	Cursor string
	Limit  int
}

// nearBefore is the instant before which a deadline is near: the end of the next working day. From the warning “期限临近”, which goes out one
// working day before the deadline, it is near all the time, and it is wherever a clock says “还有 1 个工作日” or “今天到期”.
func (k *Knowledge) nearBefore(now time.Time) time.Time {
	return k.Calendar.NextWorkingDay(workday.DateOf(now)).AddDays(1).At(0)
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
	for _, tier := range StuckTiers {
		c := counts[tier.tier()]
		if tier == Untiered && viewers != nil && c.Open == 0 {
			continue // what is not dispatched is seldom anybody's but the centre's
		}
		t.Tiers = append(t.Tiers, TierCount{Tier: tier, Label: tier.Label(), Open: c.Open, Late: c.Late, Near: c.Near})
	}
	return t, nil
}

// Stuck lists the cases that are reported or open in what the caller leads, what falls due first in front, each with why it is not solved.
func (e *Engine) Stuck(ctx context.Context, actor casework.Actor, q StuckQuery) (Page[StuckCase], error) {
	page := Page[StuckCase]{Items: []StuckCase{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	now := e.Now(k)
	f := store.CaseFilter{Viewers: casework.LeadingScopes(actor, q.Own), Stuck: true, Tier: q.Tier.tier(), Untiered: q.Tier == Untiered, Limit: q.Limit + 1}
	switch q.Due {
	case DueLate:
		f.DueBefore = now
	case DueNear:
		f.DueFrom, f.DueBefore = now, k.nearBefore(now)
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
		c := bodies[r.ID]
		item := k.item(r, now, casework.Full)
		if due := c.Due(); item.Clock == nil && !due.DueAt.IsZero() {
			item.Clock = k.clock(due.DueAt, due.Provisional, now)
		}
		page.Items = append(page.Items, StuckCase{CaseItem: item, Why: k.whyStuck(c, now)})
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
	return strings.Join(append(parts, k.standing(c, now)...), "；") + "。"
}

// standing says where an open case stands, who has it and since when, why it came to its tier, and how often it was returned.
func (k *Knowledge) standing(c casework.Case, now time.Time) []string {
	var parts []string
	since := ""
	if at := c.WaitsSince(); !at.IsZero() {
		since = day(at, now) + "起"
	}
	department := k.Organisation.DepartmentName(c.LeadDepartmentID)
	switch c.Status {
	case casework.Reported:
		parts = append(parts, since+"等城运中心审核入库")
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
	if s, open := c.Stage(); open && s.Tier != casework.TierIII && raisedBy[s.OpenedBy] != "" {
		parts = append(parts, raisedBy[s.OpenedBy]+s.Tier.Label())
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
	return parts
}

// raisedBy says why a case came to a tier above III.
var raisedBy = map[casework.Cause]string{
	casework.CauseDeadline: "到期未办结，升为", casework.CauseHops: "多个部门未接单，升为", casework.CauseCentreDelay: "核查未按时完成，升为", casework.CauseFailedAfterDue: "到期后核查不通过，升为",
	casework.CauseSplitAfterDue: "并案期间到期，升为", casework.CauseEscalate: "主动升为", casework.CauseDissatisfaction: "回访确认不满意，升为",
	casework.CauseOpenAtII: "提级启动", casework.CauseOpenAtI: "提级启动", casework.CauseCarryOver: "结转续办，定为",
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
