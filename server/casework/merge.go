package casework

import (
	"slices"
	"strings"
	"time"
)

// Merge joins the case into the target (并案): of the two the higher tier (no stage is lowest), then the earlier
// deadline, is the target. It is decided by DecideMerge, because it changes both.
type Merge struct {
	TargetID string `json:"target_id" maxLength:"40" doc:"并入哪件难事"`
	Reason   string `json:"reason,omitempty" maxLength:"5000"`
}

// Name is "merge".
func (Merge) Name() Name { return "merge" }

func (Merge) apply(*draft) error {
	return invalid("case.merge", "并案要同时处理两件难事。") // DecideMerge does it
}

// Split takes a merged case out of its target again. It is decided by DecideSplit.
type Split struct {
	Reason string `json:"reason" minLength:"2" maxLength:"5000"`
}

// Name is "split".
func (Split) Name() Name { return "split" }

func (Split) apply(*draft) error {
	return invalid("case.split", "拆出要同时处理两件难事。")
}

type mergedWith struct {
	CaseID string `json:"case_id"`
	Number string `json:"number"`
	Reason string `json:"reason,omitempty"`
}

// decidePair gives a command on two cases: both catch up first, and the actor must be allowed it on both.
func decidePair(source, target Case, actor Actor, cmd Command, env Env, apply func(s, t *draft) error) (Decision, Decision, error) {
	s, t := newDraft(source, actor, env), newDraft(target, actor, env)
	for _, d := range []*draft{s, t} {
		if err := d.catchUp(); err != nil {
			return Decision{}, Decision{}, err
		}
	}
	err := s.performWith(t, cmd, apply)
	return s.decision(), t.decision(), err
}

// performWith checks everything before apply changes anything, so that a refusal has nothing to undo.
func (d *draft) performWith(target *draft, cmd Command, apply func(s, t *draft) error) error {
	r, _ := ruleOf(cmd.Name())
	as, refusal := r.allows(&d.c, d.actor, d.env)
	if refusal != nil {
		return d.withAllowed(refusal)
	}
	d.as = as
	var ok bool
	if target.as, ok = centreOrCoordinator(&target.c, target.actor); !ok {
		return d.withAllowed(notNow("case.not_yours", "目标难事不在您的职责范围内。"))
	}
	return d.withAllowed(apply(d, target))
}

// DecideMerge merges source into target. Like Decide, both decisions hold what fell due even when it is refused.
func DecideMerge(source, target Case, actor Actor, cmd Merge, env Env) (Decision, Decision, error) {
	if source.ID == target.ID {
		return Decision{Case: source}, Decision{Case: target}, invalid("case.merge_self", "不能并入自己，请选择另一件难事。")
	}
	return decidePair(source, target, actor, cmd, env, func(s, t *draft) error { return merge(s, t, cmd) })
}

func merge(s, t *draft, cmd Merge) error {
	if err := limit("并案说明", cmd.Reason); err != nil {
		return err
	}
	if !t.c.Status.Open() {
		return notNow("case.merge_target", "%s现为“%s”，不能并入。", t.c.display(), t.c.Status.Label())
	}
	if goesBefore(&s.c, &t.c) {
		return notNow("case.merge_order", "%s响应级别更高或期限更早，应由 %s并入它。", s.c.display(), t.c.display())
	}
	pack := Pack{Tickets: sortedKeys(s.c.Tickets), Tasks: sortedKeys(s.c.Tasks), Orders: sortedKeys(s.c.Orders), Files: sortedKeys(s.c.Files)}
	for _, id := range pack.Tickets {
		put(&t.c.Tickets, id, s.c.Tickets[id])
	}
	for _, id := range pack.Tasks {
		put(&t.c.Tasks, id, s.c.Tasks[id])
	}
	for _, id := range pack.Orders {
		put(&t.c.Orders, id, s.c.Orders[id])
	}
	moveFiles(&s.c, &t.c, pack.Files)
	for _, dep := range sortedKeys(s.c.Offers) {
		if _, have := t.c.Offers[dep]; !have {
			put(&t.c.Offers, dep, s.c.Offers[dep])
			pack.Offers = append(pack.Offers, dep)
		}
	}
	saved := MergedState{Status: s.c.Status, Clocks: map[string]Clock{}}
	for k, v := range s.c.Clocks {
		if pack.has(k) {
			put(&t.c.Clocks, k, v)
		} else {
			saved.Clocks[k] = v
		}
	}
	if stage, ok := s.c.Stage(); ok {
		saved.Stage = stage.No
		stage.SuspendedAt = s.at
		s.c.setStage(stage)
	}
	put(&t.c.Absorbed, s.c.ID, pack)
	s.c.MergedState, s.c.MergedInto, s.c.Status = &saved, t.c.ID, Merged
	s.c.Tickets, s.c.Tasks, s.c.Orders, s.c.Offers, s.c.Clocks = nil, nil, nil, nil, nil

	if err := s.emit("merge", mergedWith{CaseID: t.c.ID, Number: t.c.Number, Reason: cmd.Reason}, true); err != nil {
		return err
	}
	s.tell(NoticeMerged, map[string]string{"into": t.c.Number}, s.c.reporter(), s.c.head(), s.c.handler())
	if err := t.emit(EventMergedIn, mergedWith{CaseID: s.c.ID, Number: s.c.Number, Reason: cmd.Reason}, true); err != nil {
		return err
	}
	moved := slices.DeleteFunc(t.c.requesters(), func(a Addressee) bool {
		_, id := a.split()
		return !slices.Contains(pack.Tickets, id)
	})
	t.tell(NoticeMerged, map[string]string{"into": t.c.Number}, moved...)
	return nil
}

// has reports whether the clock belongs to a task or an order that came with the pack.
func (p Pack) has(clock string) bool {
	prefix, id, _ := strings.Cut(clock, ":")
	switch prefix + ":" {
	case clockTaskAck, clockTaskDue:
		return slices.Contains(p.Tasks, id)
	case clockOrder:
		return slices.Contains(p.Orders, id)
	}
	return false
}

// goesBefore reports whether a must be the target of the two: the higher tier, then the earlier deadline.
func goesBefore(a, b *Case) bool {
	sa, _ := a.Stage()
	sb, _ := b.Stage()
	if ra, rb := sa.Tier.Rank(), sb.Tier.Rank(); ra != rb {
		return ra > rb
	}
	return sa.DueAt.Before(sb.DueAt)
}

// DecideSplit takes source out of target: tickets, tasks and offers return, the source is back in its state and
// stage. A deadline that passed meanwhile escalates at the split. Both decisions hold what fell due.
func DecideSplit(source, target Case, actor Actor, cmd Split, env Env) (Decision, Decision, error) {
	return decidePair(source, target, actor, cmd, env, func(s, t *draft) error { return split(s, t, cmd) })
}

func split(s, t *draft, cmd Split) error {
	if err := need("拆出理由", cmd.Reason); err != nil {
		return err
	}
	if s.c.MergedInto != t.c.ID || s.c.MergedState == nil {
		return notNow("case.not_merged", "%s没有并入%s。", s.c.display(), t.c.display())
	}
	if !t.c.Status.Open() {
		return notNow("case.split_target", "%s已是“%s”，不能再拆出。", t.c.display(), t.c.Status.Label())
	}
	pack := t.c.Absorbed[s.c.ID]
	back := *s.c.MergedState
	for _, id := range pack.Tickets {
		if ref, still := t.c.Tickets[id]; still {
			put(&s.c.Tickets, id, ref)
			delete(t.c.Tickets, id)
		}
	}
	for _, id := range pack.Tasks {
		if task, still := t.c.Tasks[id]; still {
			put(&s.c.Tasks, id, task)
			delete(t.c.Tasks, id)
		}
	}
	for _, id := range pack.Orders {
		if o, still := t.c.Orders[id]; still {
			put(&s.c.Orders, id, o)
			delete(t.c.Orders, id)
		}
	}
	moveFiles(&t.c, &s.c, pack.Files)
	for _, dep := range pack.Offers {
		if o, still := t.c.Offers[dep]; still {
			put(&s.c.Offers, dep, o)
			delete(t.c.Offers, dep)
		}
	}
	delete(t.c.Absorbed, s.c.ID)
	for k, v := range t.c.Clocks {
		if pack.has(k) {
			put(&s.c.Clocks, k, v)
			delete(t.c.Clocks, k)
		}
	}
	s.resume(back.Clocks)
	if stage, ok := s.c.Stages[stageKey(back.Stage)]; ok {
		stage.SuspendedAt = time.Time{}
		s.c.setStage(stage)
	}
	s.c.Status, s.c.MergedInto, s.c.MergedState = back.Status, "", nil
	if err := t.emit(EventSplitOff, mergedWith{CaseID: s.c.ID, Number: s.c.Number, Reason: cmd.Reason}, true); err != nil {
		return err
	}
	if err := s.emit("split", mergedWith{CaseID: t.c.ID, Number: t.c.Number, Reason: cmd.Reason}, true); err != nil {
		return err
	}
	s.tell(NoticeSplit, s.dueArgs(), append([]Addressee{s.c.head(), s.c.handler()}, s.c.waitsFor()...)...)
	if s.c.Status == Convening {
		s.tell(NoticeConvening, s.dueArgs(), s.c.Convener())
	}
	// The calendar may have changed while the clocks stood still.
	if err := s.asSystem(s.recalculate); err != nil {
		return err
	}
	return s.catchUp()
}

// resume sets the clocks going that stood still while the case was merged. What ran out meanwhile runs out now, except
// warnings, which come too late, and acceptance: nobody could accept, so the department gets its time from now.
func (d *draft) resume(clocks map[string]Clock) {
	for key, k := range clocks {
		passed := !k.DueAt.After(d.at)
		switch key {
		case clockHalf, clockDay, clockHours:
			if passed {
				continue
			}
		case clockRemind, clockAccept:
			if passed {
				k.StartAt = d.at
				k = count(d.env.Calendar, k)
			}
		}
		put(&d.c.Clocks, key, notBefore(k, d.at))
	}
}
