package workflow

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
)

// WorkItem is something open that one person has, and to whom it falls should they leave. It names the case by its number
// only: administrators, who read it, see no case.
type WorkItem struct {
	Person    Named             `json:"person" doc:"在谁手里"`
	Number    string            `json:"number" doc:"难事编号；AB角没有"`
	Status    string            `json:"status,omitempty" doc:"难事的状态"`
	Part      casework.PartKind `json:"part" enum:"handler,offer,coordinator,leader,task,asked,sponsor,delegation" doc:"以什么身份"`
	PartLabel string            `json:"part_label"`
	Ref       string            `json:"ref,omitempty" doc:"任务编号或部门"`
	FallsTo   string            `json:"falls_to" doc:"由谁接手；空表示到此为止"`
	DueAt     *time.Time        `json:"due_at,omitempty"`

	lost bool
}

// partDelegation stands beside what somebody has in cases.
const partDelegation casework.PartKind = "delegation"

// workPage is part of what somebody has.
type workPage struct {
	items []WorkItem
	next  store.Held
	more  bool
}

// work lists what a person has in cases behind the key after, up to limit cases, and to whom it falls in the organisation
// after.
func (e *Engine) work(ctx context.Context, k *Knowledge, after *organisation.Organisation, person string, from store.Held, limit int) (workPage, error) {
	var page workPage
	held, err := e.db.HeldCases(ctx, person, from, limit+1)
	if err != nil {
		return page, err
	}
	if len(held) > limit {
		page.more, held = true, held[:limit]
		page.next = held[limit-1]
	}
	var ids []string
	seen := map[string]store.Held{}
	for _, h := range held {
		if _, twice := seen[h.CaseID]; !twice && h.Status != casework.Closed && h.Status != casework.Rejected {
			seen[h.CaseID] = h
			ids = append(ids, h.CaseID)
		}
	}
	cases, err := e.db.CasesByID(ctx, ids)
	if err != nil {
		return page, err
	}
	slices.SortFunc(cases, func(a, b casework.Case) int { return strings.Compare(a.Number, b.Number) })
	holds, now := after.Holds(person), e.Now(k)
	for _, c := range cases {
		lost := casework.HandOver{PersonID: person, Holds: holds}.Lost(c)
		for _, p := range casework.Parts(c, person) {
			w := WorkItem{
				Person: *k.person(person), Number: c.Number, Status: c.Status.Label(), Part: p.Kind, PartLabel: p.Kind.Label(), Ref: p.Ref,
				FallsTo: k.fallsTo(after, p.To, now), lost: slices.Contains(lost, p),
			}
			if !p.DueAt.IsZero() {
				w.DueAt = &p.DueAt
			}
			page.items = append(page.items, w)
		}
	}
	return page, nil
}

// fallsTo names a post and who answers for it in the organisation given.
func (k *Knowledge) fallsTo(o *organisation.Organisation, to casework.Addressee, now time.Time) string {
	if to == "" {
		return ""
	}
	var names []string
	for _, r := range o.Recipients(to, now) {
		if r.For == "" && len(names) < 3 {
			names = append(names, o.PersonName(r.PersonID))
		}
	}
	text := k.addressee(to)
	if len(names) > 0 {
		text += "（" + strings.Join(names, "、") + "）"
	}
	return text
}

// Work lists what is open with somebody, and to whom it falls should they leave: cases, duties, and on the first page the
// delegations that would end.
func (e *Engine) Work(ctx context.Context, personID, after string, limit int) (Page[WorkItem], error) {
	page := Page[WorkItem]{Items: []WorkItem{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	p, ok := k.Organisation.Person(personID)
	if !ok {
		return page, errNoPerson
	}
	from, err := parseHeldCursor(after)
	if err != nil {
		return page, err
	}
	gone := k.Organisation
	if !p.Left {
		// As it would be without them: their posts vacant, who steps in then.
		s := k.Organisation.Street()
		for i := range s.People {
			s.People[i].Left = s.People[i].Left || s.People[i].ID == personID
		}
		if gone, err = s.Snapshot(); err != nil {
			return page, err
		}
	}
	work, err := e.work(ctx, k, gone, personID, from, limit)
	if err != nil {
		return page, err
	}
	page.Items = append(page.Items, work.items...)
	if work.more {
		page.Next = heldCursor(work.next)
	}
	if after == "" {
		now := e.Now(k)
		for _, d := range k.Organisation.Delegations() {
			if (d.From == personID || d.To == personID) && !d.Over(now) {
				page.Items = append(page.Items, WorkItem{
					Person: *k.person(personID), Part: partDelegation, PartLabel: "AB角：" + k.Organisation.PersonName(d.To) + "代" + k.Organisation.PersonName(d.From), Ref: d.ID, DueAt: &d.EndAt,
				})
			}
		}
	}
	return page, nil
}

const (
	handoverBatch = 100
	// handoverSettles is how long a person is looked at again: a process that does not know yet may give them something.
	handoverSettles = 5 * time.Second
)

// handOverNow is how long whoever changed the organisation waits for the work to be handed over; the sweeper does the rest.
const handOverNow = 2 * time.Second

// handOver gives what people had who left or moved to whom it falls. Any number of processes may do so at once and be
// stopped at any moment: each case is one transaction that finds for itself what there is to give, and a person comes off
// the list only when nothing is left.
func (e *Engine) handOver(ctx context.Context, s *Swept) error {
	after := ""
	for {
		list, err := e.db.Handovers(ctx, after, handoverBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].ID
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for _, h := range list {
			if err := e.handOverPerson(ctx, h, s); err != nil {
				return err
			}
		}
	}
}

func (e *Engine) handOverPerson(ctx context.Context, h store.Handover, s *Swept) error {
	k, err := e.Knowledge(ctx)
	if err == nil && k.revisions[store.OrganisationRevision] < h.Revision {
		k, err = e.Refresh(ctx)
	}
	if err != nil {
		return err
	}
	done, from := true, store.Held{}
	for {
		held, err := e.db.HeldCases(ctx, h.PersonID, from, handoverBatch)
		if err != nil {
			return err
		}
		for _, one := range held {
			from = one
			if err := ctx.Err(); err != nil {
				return err
			}
			events, err := e.handOverCase(ctx, k, h.PersonID, one)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, store.ErrStale):
				done = false // somebody was first; the next sweep looks again
			case err != nil:
				done = false
				s.Failed++
				e.log.ErrorContext(ctx, "handing over failed", slog.String("case", one.CaseID), slog.String("person", h.PersonID), slog.Any("error", err))
			case events > 0:
				s.HandedOver++
				s.Events += events
			}
		}
		if len(held) < handoverBatch {
			break
		}
	}
	if !done || e.Now(k).Sub(h.CreatedAt) < handoverSettles {
		return nil
	}
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.EndHandover(ctx, h.ID) })
}

func (e *Engine) handOverCase(ctx context.Context, k *Knowledge, person string, held store.Held) (events int, err error) {
	plain, _, _ := casework.HeldBy(person)
	if held.Viewer != plain && (held.Status == casework.Closed || held.Status == casework.Rejected) {
		return 0, nil
	}
	cmd := casework.HandOver{PersonID: person, Holds: k.Organisation.Holds(person)}
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		events = 0
		l, err := tx.Case(ctx, held.CaseID)
		if err != nil {
			return err
		}
		if held.Viewer == plain && !slices.Contains(casework.Viewers(l.Case), plain) {
			// From before it was noted where somebody has something: only what they reported stands under them alone.
			if err := tx.DropViewer(ctx, l.Case.ID, plain); err != nil {
				return err
			}
		}
		if len(cmd.Lost(l.Case)) == 0 {
			return nil
		}
		now := e.Now(k)
		d, err := casework.Decide(l.Case, casework.SystemActor(), cmd, k.env(now, l.CalendarRevision))
		if err != nil {
			return err
		}
		w := &writer{live: e.live, tx: tx, k: k, now: now}
		if _, err := w.save(ctx, l, d); err != nil {
			return err
		}
		events = len(d.Events)
		return w.tellPlatforms(ctx)
	})
	return events, err
}
