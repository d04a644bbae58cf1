package casework

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/workday"
)

// Env is everything outside the case that a decision depends on.
type Env struct {
	Now      time.Time
	Calendar *workday.Calendar
	// Policy is the version in force now.
	Policy Policy
	// PolicyAt gives an earlier version by number; nil means Policy rules for every stage.
	PolicyAt func(version int) Policy
	// PolicyOn gives the version in force at an instant before Now, for what is caught up; nil means Policy.
	PolicyOn func(at time.Time) Policy
	// Recalculate asks for the running clocks to be counted again, because the calendar is newer than the case.
	Recalculate bool
	// Files are the attachments that the command names and the actor may use: their own uploads that are in no case yet.
	Files map[string]File
}

// Decision is what follows from a command: the next case, the events that lead there, the notices to send.
type Decision struct {
	Case    Case
	Events  []Event
	Notices []Notice
}

// Decide first applies everything that has fallen due, then gives cmd as actor.
//
// When the command is refused the error is an *apperr.Error (failed_precondition: not allowed now, with Detail
// []Allowed; invalid_argument: something is missing) and the decision still holds what fell due: save it.
// A zero case (only ID and Number set) takes Report and Register alone.
func Decide(c Case, actor Actor, cmd Command, env Env) (Decision, error) {
	d := newDraft(c, actor, env)
	if err := d.catchUp(); err != nil {
		return Decision{}, err
	}
	err := d.perform(cmd)
	return d.decision(), err
}

// Tick applies what has fallen due and nothing else. Twice at one instant does nothing the second time.
func Tick(c Case, env Env) (Decision, error) {
	d := newDraft(c, SystemActor(), env)
	if err := d.catchUp(); err != nil {
		return Decision{}, err
	}
	return d.decision(), nil
}

// draft is a decision in the making.
type draft struct {
	c       Case
	last    Case // as of the last event; shares nothing with c
	actor   Actor
	as      Capacity
	env     Env
	at      time.Time   // the effective instant: now, or when something fell due
	lapsed  time.Time   // while a clock that ran out is being fired: the deadline it stood for
	former  []Addressee // the lead before this command, where it took it away: it still hears of an escalation
	events  []Event
	notices []Notice
}

func newDraft(c Case, actor Actor, env Env) *draft {
	env.Now = instant(env.Now)
	return &draft{c: c.clone(), last: c, actor: actor, env: env, at: env.Now}
}

func (d *draft) decision() Decision {
	return Decision{Case: d.c, Events: d.events, Notices: d.notices}
}

func (d *draft) policyOf(s Stage) Policy {
	if d.env.PolicyAt != nil && s.PolicyVersion != d.env.Policy.Version && s.PolicyVersion != 0 {
		return d.env.PolicyAt(s.PolicyVersion)
	}
	return d.env.Policy
}

// policy is the version of the open stage, or the one in force.
func (d *draft) policy() Policy {
	if s, ok := d.c.Stage(); ok {
		return d.policyOf(s)
	}
	return d.env.Policy
}

// emit records everything that changed since the last event as one event of the acting person or, inside asSystem,
// of the mechanism.
func (d *draft) emit(kind EventKind, data any, public bool) error {
	last := &d.last
	if d.c.Version == 0 {
		last = &Case{} // the first event also says id and number
	}
	changes, err := diff(last, &d.c)
	if err != nil {
		return fmt.Errorf("case %s: %w", d.c.Number, err)
	}
	var raw json.RawMessage
	if data != nil {
		if raw, err = json.Marshal(data); err != nil {
			return fmt.Errorf("case %s: %w", d.c.Number, err)
		}
		if string(raw) == "{}" {
			raw = nil
		}
	}
	d.c.Version++
	d.events = append(d.events, Event{
		Seq: d.c.Version, Kind: kind, ActorID: d.actor.PersonID, ActorName: d.actor.Name, As: d.as,
		At: d.at, RecordedAt: d.env.Now, Public: public, Data: raw, Changes: changes,
	})
	d.last = d.c.clone()
	return nil
}

// asSystem does what the mechanism does by itself, also inside a person's command, so that its events bear its name.
func (d *draft) asSystem(do func() error) error {
	actor, as := d.actor, d.as
	d.actor, d.as = SystemActor(), Capacity{Role: System}
	defer func() { d.actor, d.as = actor, as }()
	return do()
}

// catchUp brings the case to now: what has run out under the old calendar first, then, if the calendar is newer than
// the case, what runs out under the new one.
func (d *draft) catchUp() error {
	defer func() { d.at = d.env.Now }()
	return d.asSystem(func() error {
		if err := d.fireDue(); err != nil || !d.env.Recalculate {
			return err
		}
		d.at = d.env.Now
		if err := d.recalculate(); err != nil {
			return err
		}
		return d.fireDue()
	})
}

// fireDue fires every clock that has run out, in order, at the instant it fell due.
func (d *draft) fireDue() error {
	// A bound, because a clock that set itself to its own instant would never end; daily tellings over ten years fit.
	for range 5000 {
		key, k, ok := d.c.earliest()
		if !ok || k.DueAt.After(d.env.Now) {
			return nil
		}
		d.at = k.DueAt
		if err := d.fire(key); err != nil {
			return err
		}
		if next, same := d.c.Clocks[key]; same && !next.DueAt.After(k.DueAt) {
			return fmt.Errorf("case %s: clock %s does not move on from %s", d.c.Number, key, k.DueAt)
		}
	}
	return nil // the rest at the next tick
}

func (d *draft) perform(cmd Command) error {
	name := cmd.Name()
	r, ok := ruleOf(name)
	if !ok {
		return apperr.New(apperr.InvalidArgument, "case.unknown_command", "没有“%s”这个操作。", string(name))
	}
	as, refusal := r.allows(&d.c, d.actor, d.env)
	if refusal != nil {
		return d.withAllowed(refusal)
	}
	d.as = as
	before := *d
	if err := cmd.apply(d); err != nil {
		*d = before
		d.c = d.last.clone() // nothing has changed since the last event before the command
		return d.withAllowed(err)
	}
	return nil
}

// withAllowed adds to a refusal what the actor may do instead.
func (d *draft) withAllowed(err error) error {
	var refused *apperr.Error
	if errors.As(err, &refused) && refused.Code == apperr.FailedPrecondition && refused.Detail == nil {
		refused.Detail = AllowedCommands(d.c, d.actor, d.env)
	}
	return err
}

// Allowed is a command an actor may give now. Targets names the tasks, orders or tickets it may be given on.
type Allowed struct {
	Name    Name     `json:"name"`
	Label   string   `json:"label"`
	Targets []string `json:"targets,omitempty"`
	// As says in which post the actor would act, and for whom.
	As Capacity `json:"as"`
}

// Permits reports whether a command is open to this actor once what has fallen due is applied.
func Permits(c Case, actor Actor, name Name, env Env) bool {
	r, ok := ruleOf(name)
	if !ok {
		return false
	}
	if d, err := Tick(c, env); err == nil {
		c = d.Case
	}
	_, refusal := r.allows(&c, actor, env)
	return refusal == nil
}

// Obstacle says what keeps this actor from the case's next step, which would be theirs; "" for nothing.
func Obstacle(c Case, actor Actor, env Env) string {
	for _, name := range []Name{"dispatch", "submit", "verify_pass"} {
		r, ok := ruleOf(name)
		if !ok || r.ready == nil {
			continue
		}
		if _, fits := r.fits(&c, actor); !fits {
			continue
		}
		if _, refusal := r.allows(&c, actor, env); refusal != nil {
			return r.label + "：" + refusal.Message
		}
	}
	return ""
}

// AllowedCommands lists what this actor may do to the case now, in the order of the table in domain §3. It does not
// apply what has fallen due: a caller that shows it for a case past its next due instant calls Tick first.
func AllowedCommands(c Case, actor Actor, env Env) []Allowed {
	out := []Allowed{}
	for i := range rules {
		r := &rules[i]
		if _, ok := r.fits(&c, actor); !ok {
			continue // most end here, before a refusal is put into words
		}
		as, refusal := r.allows(&c, actor, env)
		if refusal != nil {
			continue
		}
		a := Allowed{Name: r.name, Label: r.label, As: as}
		if r.targets != nil {
			for _, t := range r.targets(&c, actor) {
				a.Targets = append(a.Targets, t.id)
			}
		}
		out = append(out, a)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func invalid(reason, message string, args ...any) error {
	return apperr.New(apperr.InvalidArgument, reason, message, args...)
}

func notNow(reason, message string, args ...any) *apperr.Error {
	return apperr.New(apperr.FailedPrecondition, reason, message, args...)
}
