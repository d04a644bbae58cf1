package main

import (
	"context"
	"encoding/json"
	"time"

	"xiaopu/server/api"
	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// importer gives the API what it needs of intake.
type importer struct{ s *system }

// intake reads the instant the system lives in once per job: a file is judged by one day.
func (i importer) intake(ctx context.Context) (*intake.Importer, error) {
	now, err := i.s.now(ctx)
	if err != nil {
		return nil, err
	}
	return &intake.Importer{Engine: i.s.engine, DB: i.s.db, Now: func() time.Time { return now }}, nil
}

func (i importer) Import(ctx context.Context, actor casework.Actor, path, fileName string, source ticket.Source, dryRun bool) (api.ImportResult, error) {
	im, err := i.intake(ctx)
	if err != nil {
		return api.ImportResult{}, err
	}
	r, err := im.Import(ctx, intake.Job{Path: path, FileName: fileName, Source: source, By: actor.PersonID, DryRun: dryRun})
	return apiResult(r), err
}

func (i importer) Result(ctx context.Context, id string) (api.ImportResult, error) {
	stored, err := i.s.db.Import(ctx, id)
	if err != nil {
		return api.ImportResult{}, err
	}
	var r intake.Result
	if err := json.Unmarshal(stored.Result, &r); err != nil {
		return api.ImportResult{}, err
	}
	r.ID = id
	if r.Problems, err = i.s.db.ImportProblems(ctx, id, 0, intake.MaxProblems); err != nil {
		return api.ImportResult{}, err
	}
	return apiResult(r), nil
}

func (i importer) Problems(ctx context.Context, id string, afterLine, limit int) ([]api.ImportProblem, error) {
	list, err := i.s.db.ImportProblems(ctx, id, afterLine, limit)
	return apiProblems(list), err
}

func apiResult(r intake.Result) api.ImportResult {
	return api.ImportResult{
		ID: r.ID, Rows: r.Rows, Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Rejected: r.Rejected, Cases: r.Cases,
		Problems: apiProblems(r.Problems),
	}
}

func apiProblems(list []store.ImportProblem) []api.ImportProblem {
	out := make([]api.ImportProblem, 0, len(list))
	for _, p := range list {
		out = append(out, api.ImportProblem(p))
	}
	return out
}
