package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

// CommandResult is the case after a command.
type CommandResult struct {
	Case     workflow.CaseView `json:"case"`
	Replayed bool              `json:"replayed" doc:"相同 Idempotency-Key 的请求先前已经办成，这次没有再办"`
}

// command makes the route of one command: POST /cases/{id}/{name}, with the name and label of casework's table.
func command[C casework.Command]() route {
	var c C
	name := c.Name()
	return route{
		Method: http.MethodPost, Path: v1 + "/cases/{id}/" + string(name), ID: "case_" + string(name), Permission: caseCommand,
		Tag: tagCommands, Summary: name.Label(),
		register: handle(func(s *server, ctx context.Context, in *commandInput[C]) (CommandResult, error) {
			return give(ctx, s, in)
		}),
	}
}

type commandInput[C casework.Command] struct {
	ID   string `path:"id" maxLength:"40" doc:"难事的 id"`
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，操作只会办一次"`
	Body commandBody[C]
}

// commandBody is a command's own fields and, beside them, the version of the case that the caller saw: one flat object.
// Go cannot embed a type parameter, so it composes decoding and schema itself.
type commandBody[C casework.Command] struct {
	Version int64
	Command C
}

// UnmarshalJSON reads both halves from the one object. What is unknown or missing the schema has refused before.
func (b *commandBody[C]) UnmarshalJSON(data []byte) error {
	var seen struct {
		Version int64 `json:"version"`
	}
	if err := json.Unmarshal(data, &seen); err != nil {
		return err
	}
	b.Version = seen.Version
	return json.Unmarshal(data, &b.Command)
}

// Schema is the command's own schema with version added.
func (commandBody[C]) Schema(r huma.Registry) *huma.Schema {
	t := reflect.TypeFor[C]()
	name := schemaName(t, "") + "Command"
	if _, ok := r.Map()[name]; !ok {
		s := *huma.SchemaFromType(r, t)
		minimum := 1.0
		s.Properties["version"] = &huma.Schema{
			Type: huma.TypeInteger, Format: "int64", Minimum: &minimum, Description: "您看到的难事版本；办理前有人更新过则拒绝（409）",
		}
		s.Required = append([]string{"version"}, s.Required...)
		s.PrecomputeMessages()
		r.Map()[name] = &s
	}
	return &huma.Schema{Ref: schemaPrefix + name}
}

// give gives the command to the engine.
func give[C casework.Command](ctx context.Context, s *server, in *commandInput[C]) (CommandResult, error) {
	onCase(ctx, in.ID)
	r := workflow.Request{CaseID: in.ID, Version: in.Body.Version, Command: in.Body.Command, Key: in.Key}
	switch cmd := r.Command.(type) {
	case registration:
		r.Command = casework.Register{Reason: cmd.Reason}
	case finishTask:
		r.Command, r.Location = cmd.FinishTask, cmd.Location
	}
	return s.do(ctx, r)
}

func (s *server) do(ctx context.Context, r workflow.Request) (CommandResult, error) {
	r.Actor = actorOf(ctx)
	out, err := s.engine.Do(ctx, r)
	if err != nil {
		return CommandResult{}, err
	}
	return s.shown(ctx, r.Actor, out)
}

// shown is the case that a command gave back.
func (s *server) shown(ctx context.Context, a casework.Actor, out workflow.Outcome) (CommandResult, error) {
	onCase(ctx, out.Case.ID)
	view, err := s.engine.Shown(ctx, a, out.Case)
	return CommandResult{Case: view, Replayed: out.Replayed}, err
}

// registration registers a reported case, which has its title, facts and place already.
type registration struct {
	casework.Register `json:"-"`
	Reason            string `json:"reason,omitempty" doc:"入库说明" maxLength:"5000"`
}

// finishTask is a task that is done; an on-site record with where it was made.
type finishTask struct {
	casework.FinishTask
	Location *casework.Location `json:"location,omitempty" doc:"现场的位置，只用于现场核实；加密保存，不进时间线"`
}

// report is what somebody of the staff reports, with where it is.
type report struct {
	casework.Report
	Location *casework.Location `json:"location,omitempty" doc:"在地图上选的位置；加密保存，不进时间线"`
}

type reportInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会上报一次"`
	Body report
}

func (s *server) report(ctx context.Context, in *reportInput) (CommandResult, error) {
	return s.do(ctx, workflow.Request{Command: in.Body.Report, Location: in.Body.Location, Key: in.Key})
}

type registerInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，只会入库一次"`
	Body casework.Register
}

func (s *server) registerNew(ctx context.Context, in *registerInput) (CommandResult, error) {
	return s.do(ctx, workflow.Request{Command: in.Body, Key: in.Key})
}
