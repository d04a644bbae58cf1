package workflow

import (
	"context"
	"fmt"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
)

// Progress is how far a matter has come, for somebody who knows its order number and no more: state and promised date (domain §5).
type Progress struct {
	Status      casework.Status `json:"status" enum:"registered,dispatched,convening,handling,verifying,resolved,closed" doc:"办理状态"`
	Text        string          `json:"text" doc:"一句话：办到哪一步、承诺什么时候办结、是否已超过承诺时间"`
	PromisedAt  time.Time       `json:"promised_at,omitzero" doc:"承诺办结的时间；还没有承诺，或已经办结的没有"`
	Provisional bool            `json:"provisional,omitempty" doc:"承诺时间涉及尚未公布放假安排的日期，公布后可能调整"`
	Late        bool            `json:"late,omitempty" doc:"已超过承诺的时间，或此前承诺的时间没有做到"`
}

// plainly says a state to people who know nothing of the mechanism. What is not here is not in the library.
var plainly = map[casework.Status]string{
	casework.Registered: "已列入街道难事办理，正在安排承办部门", casework.Dispatched: "已交给承办部门，等待接单", casework.Convening: "正在由多个部门会商",
	casework.Handling: "承办部门正在办理", casework.Verifying: "承办部门已提交办理结果，正在核查", casework.Resolved: "已办结", casework.Closed: "已办结并销项",
}

// InLibrary tells whether anything is said of a case in a state to who knows an order number alone.
func InLibrary(s casework.Status) bool { return s == casework.Merged || plainly[s] != "" }

// Progress tells how far a case has come. Of one that was merged it is the other's. ok is false for one that is not in the library: only
// reported, or rejected.
func (e *Engine) Progress(ctx context.Context, caseID string) (p Progress, ok bool, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return p, false, err
	}
	l, err := e.db.Case(ctx, caseID)
	for range maxMerged {
		if err != nil || l.Case.Status != casework.Merged {
			break
		}
		l, err = e.db.Case(ctx, l.Case.MergedInto)
	}
	if err != nil {
		return p, false, err
	}
	now := e.Now(k)
	c, err := k.asOf(l, now)
	if err != nil {
		return p, false, err
	}
	p.Status, p.Text = c.Status, plainly[c.Status]
	if p.Text == "" {
		return Progress{}, false, nil
	}
	p.Text += "。"
	if s, running := c.Stage(); running {
		promise := k.promise(c, now)
		p.PromisedAt, p.Provisional, p.Late = s.DueAt, s.Provisional, promise.Late
		p.Text += promise.Text
	}
	return p, true, nil
}

// Promise is what requesters were promised, and whether it is kept: said honestly when it is not.
type Promise struct {
	Text string `json:"text" doc:"如：承诺 3月5日 17:00 前办结。"`
	Late bool   `json:"late,omitempty" doc:"已超过承诺的时间，或此前承诺的时间没有做到"`
	Kept bool   `json:"kept,omitempty" doc:"按承诺的时间办结了"`
}

// promise words the promise of a case's round; nil while nothing is promised.
func (k *Knowledge) promise(c casework.Case, now time.Time) *Promise {
	s, ok := c.LastStage()
	if !ok || !s.Running() && c.Status != casework.Resolved && c.Status != casework.Closed {
		return nil
	}
	var p Promise
	if before, broken := missed(c, s); broken {
		p.Late = true
		p.Text = fmt.Sprintf("原承诺 %s 前办结，没有做到，已提高一级办理。", dateTime(before))
	}
	if s.Running() {
		clock := k.clock(s.DueAt, s.Provisional, now)
		p.Late = p.Late || clock.Overdue
		p.Text += promise(clock) + "。"
		return &p
	}
	p.Kept = s.OnTime && !p.Late
	p.Late = !p.Kept
	p.Text += fmt.Sprintf("承诺 %s 前办结，%s 办结，%s。", dateTime(s.DueAt), dateTime(s.EndedAt), map[bool]string{true: "按时", false: "晚了"}[s.OnTime])
	return &p
}

// maxMerged bounds how many merges are followed.
const maxMerged = 20

// missed gives the promise that was broken before a stage, the last one: a new round does not undo it.
func missed(c casework.Case, last casework.Stage) (due time.Time, ok bool) {
	for _, s := range c.Stages {
		if s.No < last.No && s.End == casework.EndEscalated && !s.EndedAt.Before(s.DueAt) && s.DueAt.After(due) {
			due, ok = s.DueAt, true
		}
	}
	return due, ok
}

// promise says the promised date.
func promise(c *ClockView) string {
	at := dateTime(c.DueAt)
	switch {
	case c.Overdue && c.WorkingDays < 0:
		return fmt.Sprintf("承诺 %s 前办结，已超过 %d 个工作日，正在督促办理", at, -c.WorkingDays)
	case c.Overdue:
		return fmt.Sprintf("承诺 %s 前办结，已超过承诺时间，正在督促办理", at)
	case c.Provisional:
		return fmt.Sprintf("承诺 %s 前办结（暂定，放假安排公布后可能调整）", at)
	}
	return fmt.Sprintf("承诺 %s 前办结", at)
}

// asOf is a case as it stands now, with what has fallen due since it was saved.
func (k *Knowledge) asOf(l store.LoadedCase, now time.Time) (casework.Case, error) {
	env := k.env(now, l.CalendarRevision)
	if due := l.Case.NextDue(); !env.Recalculate && (due.IsZero() || due.After(now)) {
		return l.Case, nil
	}
	d, err := casework.Tick(l.Case, env)
	if err != nil {
		return casework.Case{}, err
	}
	d.Case.Version = l.Case.Version // what the next command must name
	return d.Case, nil
}
