package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

type evidenceInput struct {
	ID     string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"每页多少条"`
}

func (s *server) evidence(ctx context.Context, in *evidenceInput) (workflow.EvidencePage, error) {
	onCase(ctx, in.ID)
	return s.engine.Evidence(ctx, actorOf(ctx), in.ID, in.Cursor, in.Limit)
}

// Policies are all versions of the policy.
type Policies struct {
	Items []workflow.PolicyVersion `json:"items"`
}

func (s *server) policies(ctx context.Context, _ *struct{}) (Policies, error) {
	list, err := s.engine.PolicyVersions(ctx)
	return Policies{Items: list}, err
}

// Trial is a set of thresholds to try on the tickets of a window.
type Trial struct {
	Triggers casework.Triggers `json:"triggers" doc:"拟改的入库标准，全部写出；0 或 false 为停用"`
	From     workday.Date      `json:"from,omitzero" doc:"第一天；不填为最后一天之前的第 89 天"`
	To       workday.Date      `json:"to,omitzero" doc:"最后一天；不填为今天"`
}

func (s *server) dryRun(ctx context.Context, in *struct{ Body Trial }) (workflow.DryRunResult, error) {
	r, err := s.tried(ctx, in.Body)
	if err == nil && !actorOf(ctx).SeesAll() {
		r = r.Counts() // an administrator sees no case
	}
	return r, err
}

// trialLife is how long the figures of a dry run are good for: the window's last tickets are still coming in.
const trialLife = 5 * time.Minute

// tried gives the figures of a dry run, at the most trialLife old. One is counted at a time: it reads a lot.
func (s *server) tried(ctx context.Context, t Trial) (workflow.DryRunResult, error) {
	var err error
	if t.From, t.To, err = s.engine.DryRunWindow(ctx, t.From, t.To); err != nil {
		return workflow.DryRunResult{}, err
	}
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return workflow.DryRunResult{}, err
	}
	asked, err := json.Marshal([]any{t, k.PolicyAt(s.engine.Now(k)).Triggers})
	if err != nil {
		return workflow.DryRunResult{}, err
	}
	sum := sha256.Sum256(asked)
	return cache.Remember(ctx, s.cache, "dry-run:"+hex.EncodeToString(sum[:16]), trialLife, func() (workflow.DryRunResult, error) {
		if !s.trying.TryLock() {
			return workflow.DryRunResult{}, apperr.New(apperr.ResourceExhausted, "policy.dry_run_busy", "正在进行另一次试算，请稍后再试。")
		}
		defer s.trying.Unlock()
		return s.engine.DryRun(ctx, t.Triggers, t.From, t.To)
	})
}

// NewPolicy is a version of the policy to come.
type NewPolicy struct {
	Policy casework.Policy `json:"policy" doc:"全部数字；version 为最新一版加 1，effective_on 为施行日期"`
	Reason string          `json:"reason" minLength:"2" maxLength:"500" doc:"为什么改"`
}

func (s *server) addPolicy(ctx context.Context, in *struct{ Body NewPolicy }) (Policies, error) {
	p := in.Body.Policy
	before, err := s.engine.CheckPolicy(ctx, p)
	if err != nil {
		return Policies{}, err
	}
	var tried *workflow.DryRunResult
	if p.Triggers != before.Triggers {
		r, err := s.tried(ctx, Trial{Triggers: p.Triggers})
		if err != nil {
			return Policies{}, err
		}
		tried = &r
	}
	if err := s.engine.AddPolicy(ctx, actorOf(ctx), p, in.Body.Reason, tried); err != nil {
		return Policies{}, err
	}
	return s.policies(ctx, nil)
}

type policyInput struct {
	ID int `path:"id" minimum:"1" doc:"第几版"`
}

func (s *server) withdrawPolicy(ctx context.Context, in *policyInput) (Policies, error) {
	if err := s.engine.WithdrawPolicy(ctx, actorOf(ctx), in.ID); err != nil {
		return Policies{}, err
	}
	return s.policies(ctx, nil)
}
