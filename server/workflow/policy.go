package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/workday"
)

// PolicyStatus says whether a version of the policy rules.
type PolicyStatus string

// What a version of the policy can be.
const (
	PolicyPast      PolicyStatus = "past"
	PolicyInForce   PolicyStatus = "in_force"
	PolicyComing    PolicyStatus = "coming"
	PolicyWithdrawn PolicyStatus = "withdrawn"
)

// Label is the Chinese word.
func (s PolicyStatus) Label() string {
	switch s {
	case PolicyPast:
		return "已被取代"
	case PolicyInForce:
		return "现行"
	case PolicyComing:
		return "待施行"
	}
	return "已撤回"
}

// PolicyVersion is one version of the policy.
type PolicyVersion struct {
	Status      PolicyStatus    `json:"status" enum:"past,in_force,coming,withdrawn"`
	StatusLabel string          `json:"status_label"`
	Policy      casework.Policy `json:"policy"`
	// Differences compares with the version before it that was not withdrawn.
	Differences []string      `json:"differences" doc:"与前一版相比，逐条说明"`
	Reason      string        `json:"reason,omitempty" doc:"为什么改"`
	CreatedAt   time.Time     `json:"created_at"`
	CreatedBy   *Named        `json:"created_by,omitempty"`
	WithdrawnAt *time.Time    `json:"withdrawn_at,omitempty"`
	WithdrawnBy *Named        `json:"withdrawn_by,omitempty"`
	DryRun      *DryRunResult `json:"dry_run,omitempty" doc:"登记时按历史工单试算的结果"`
}

// PolicyVersions lists every version of the policy, newest first.
func (e *Engine) PolicyVersions(ctx context.Context) ([]PolicyVersion, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := e.db.PolicyVersions(ctx)
	if err != nil {
		return nil, err
	}
	ruling := k.PolicyAt(e.Now(k)).Version
	out := make([]PolicyVersion, 0, len(stored))
	before := -1
	for i, p := range stored {
		v := PolicyVersion{Policy: p.Policy, Differences: []string{}, Reason: p.Reason, CreatedAt: p.CreatedAt, CreatedBy: k.person(p.CreatedBy), WithdrawnBy: k.person(p.WithdrawnBy)}
		if before >= 0 {
			v.Differences = p.Policy.Differences(stored[before].Policy)
		}
		if p.DryRun != nil {
			v.DryRun = &DryRunResult{}
			if err := json.Unmarshal(p.DryRun, v.DryRun); err != nil {
				return nil, fmt.Errorf("policy %d: %w", p.Policy.Version, err)
			}
		}
		switch {
		case !p.WithdrawnAt.IsZero():
			v.Status, v.WithdrawnAt = PolicyWithdrawn, &p.WithdrawnAt
		case p.Policy.Version == ruling:
			v.Status = PolicyInForce
		case p.Policy.EffectiveOn.After(workday.DateOf(e.Now(k))):
			v.Status = PolicyComing
		default:
			v.Status = PolicyPast
		}
		if v.Status != PolicyWithdrawn {
			before = i
		}
		v.StatusLabel = v.Status.Label()
		out = append(out, v)
	}
	slices.Reverse(out)
	return out, nil
}

// CheckPolicy refuses a new version that could not be made: numbers out of bounds, another number than the next, a day that
// is past or not behind the last version's, nothing that changes. It gives the version that p would follow.
func (e *Engine) CheckPolicy(ctx context.Context, p casework.Policy) (before casework.Policy, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return before, err
	}
	if problems := p.Check(); len(problems) > 0 {
		refusal := apperr.New(apperr.InvalidArgument, "policy.invalid", "")
		var said []string
		for _, problem := range problems {
			refusal.Fields = append(refusal.Fields, apperr.Field{Name: problem.Path, Message: problem.Message})
			said = append(said, problem.Message)
		}
		refusal.Message = strings.Join(said, "；") + "。"
		return before, refusal
	}
	stored, err := e.db.PolicyVersions(ctx)
	if err != nil {
		return before, err
	}
	last := 0
	before = k.Policies[0]
	for _, v := range stored {
		last = v.Policy.Version
		if v.WithdrawnAt.IsZero() {
			before = v.Policy
		}
	}
	today := workday.DateOf(e.Now(k))
	switch {
	case p.Version != last+1:
		return before, store.ErrPolicyTaken
	case p.EffectiveOn.Before(today):
		return before, apperr.New(apperr.InvalidArgument, "policy.past", "施行日期 %s 已经过去，请填今天（%s）或以后的日期。", p.EffectiveOn, today)
	case !p.EffectiveOn.After(before.EffectiveOn):
		return before, apperr.New(apperr.InvalidArgument, "policy.order", "施行日期要晚于第 %d 版的 %s；要取代尚未施行的版本，请先撤回它。", before.Version, before.EffectiveOn)
	case len(p.Differences(before)) == 0:
		return before, apperr.New(apperr.InvalidArgument, "policy.unchanged", "与第 %d 版没有不同，不需要登记新的版本。", before.Version)
	}
	return before, nil
}

// AddPolicy makes a new version of the policy, which rules from its date on. What CheckPolicy refuses is refused.
func (e *Engine) AddPolicy(ctx context.Context, actor casework.Actor, p casework.Policy, reason string, tried *DryRunResult) error {
	before, err := e.CheckPolicy(ctx, p)
	if err != nil {
		return err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	v := store.StoredPolicy{Policy: p, Reason: reason, CreatedAt: e.Now(k), CreatedBy: actor.PersonID}
	if tried != nil {
		if v.DryRun, err = json.Marshal(tried.Counts()); err != nil {
			return err
		}
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.AddPolicy(ctx, v); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "policy.add", Object: policyObject(p.Version), Detail: map[string]string{
			"effective_on": p.EffectiveOn.String(), "changes": strings.Join(p.Differences(before), "；"),
		}})
	}); err != nil {
		return err
	}
	_, err = e.Refresh(ctx)
	return err
}

// WithdrawPolicy takes a version back before its day.
func (e *Engine) WithdrawPolicy(ctx context.Context, actor casework.Actor, version int) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		done, err := tx.WithdrawPolicy(ctx, version, workday.DateOf(e.Now(k)), actor.PersonID, e.Now(k))
		if err != nil {
			return err
		}
		if !done {
			return apperr.New(apperr.FailedPrecondition, "policy.not_coming", "没有第 %d 版，或它已经施行、已经撤回；只能撤回还没有到施行日期的版本。", version)
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "policy.withdraw", Object: policyObject(version)})
	}); err != nil {
		return err
	}
	_, err = e.Refresh(ctx)
	return err
}

func policyObject(version int) string { return "policy:" + strconv.Itoa(version) }
