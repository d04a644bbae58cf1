package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/classify"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// ModelView is a model that was learned from the street's own history.
type ModelView struct {
	Version   string          `json:"version"`
	Kind      store.ModelKind `json:"kind" enum:"topics,leads"`
	KindLabel string          `json:"kind_label"`
	Examples  int             `json:"examples" doc:"训练用的工单数"`
	ModelFigures
	Active     bool       `json:"active" doc:"正在使用"`
	CreatedAt  time.Time  `json:"created_at"`
	SwitchedAt *time.Time `json:"switched_at,omitempty" doc:"最近一次启用"`
	SwitchedBy *Named     `json:"switched_by,omitempty" doc:"由谁启用；命令行启用的为空"`
}

// ModelFigures are how good a model was found while it was learned.
type ModelFigures struct {
	Labels   int     `json:"labels" doc:"分出的类数"`
	Accuracy float64 `json:"accuracy" doc:"训练时在没有见过的工单上的正确率，0 至 1"`
	MacroF1  float64 `json:"macro_f1" doc:"各类 F1 的平均"`
	ECE      float64 `json:"ece" doc:"把握与实际正确率平均相差多少"`
}

func kindLabel(k store.ModelKind) string {
	if k == store.LeadModel {
		return "牵头部门"
	}
	return "事项类别"
}

// Models lists the models, the newest first.
func (e *Engine) Models(ctx context.Context) ([]ModelView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	list, err := e.db.Models(ctx)
	if err != nil {
		return nil, err
	}
	out := []ModelView{}
	for _, m := range list {
		v := ModelView{
			Version: m.Version, Kind: m.Kind, KindLabel: kindLabel(m.Kind), Examples: m.Examples,
			Active: m.Active, CreatedAt: m.CreatedAt, SwitchedBy: k.person(m.SwitchedBy),
		}
		if err := json.Unmarshal(m.Figures, &v.ModelFigures); err != nil {
			return nil, err
		}
		if !m.SwitchedAt.IsZero() {
			v.SwitchedAt = &m.SwitchedAt
		}
		out = append(out, v)
	}
	return out, nil
}

// SwitchModel takes a model into use. store.ErrNoModel; model.unreadable for one that this version of the program cannot ask.
func (e *Engine) SwitchModel(ctx context.Context, actor, version string) error {
	body, err := e.db.ModelBody(ctx, version)
	if err != nil {
		return err
	}
	if _, err := classify.Read(body); err != nil {
		return err
	}
	return e.changeModel(ctx, actor, version, func(ctx context.Context, tx *store.Tx, now time.Time) error {
		_, err := tx.SwitchModel(ctx, version, actor, now)
		return err
	})
}

// StopModel takes the model of a kind out of use: the lexicon, the duty list and earlier decisions answer alone.
func (e *Engine) StopModel(ctx context.Context, actor string, kind store.ModelKind) error {
	return e.changeModel(ctx, actor, "none:"+string(kind), func(ctx context.Context, tx *store.Tx, _ time.Time) error { return tx.StopModel(ctx, kind) })
}

func (e *Engine) changeModel(ctx context.Context, actor, object string, change func(context.Context, *store.Tx, time.Time) error) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := change(ctx, tx, e.Now(k)); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor, Action: "model.switch", Object: object})
	}); err != nil {
		return err
	}
	_, err = e.Refresh(ctx)
	return err
}

// mostLearned is how many tickets are learned from at most, the newest.
const mostLearned = 50_000

// Examples are the street's own history as models learn from it: tickets with what was decided about their case by a person or,
// failing that, with what their source calls them and the one topic that this means; and cases that were reported without a ticket.
// Of leads, the department that accepted the case or that the source says had it. Corrections by clerks are among them: what a
// person last decided rules.
func (e *Engine) Examples(ctx context.Context, kind store.ModelKind) ([]classify.Example, error) {
	return e.examplesSince(ctx, kind, time.Time{})
}

// examplesSince are those of tickets accepted, and cases reported, after an instant.
func (e *Engine) examplesSince(ctx context.Context, kind store.ModelKind, since time.Time) ([]classify.Example, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	of := k.topicOf
	if kind == store.LeadModel {
		of = k.leadOf
	}
	var out []classify.Example
	cases := map[string]casework.Case{}
	f := store.TicketFilter{Limit: 500}
	for len(out) < mostLearned {
		rows, err := e.db.Tickets(ctx, f)
		if err != nil {
			return nil, err
		}
		all := len(rows) < f.Limit
		for _, r := range rows {
			if !r.Ticket.AcceptedAt.After(since) {
				all = true
				break
			}
			c, known := cases[r.CaseID]
			if !known && r.CaseID != "" {
				l, err := e.db.Case(ctx, r.CaseID)
				if err != nil && !errors.Is(err, store.ErrNoCase) {
					return nil, err
				}
				c = l.Case
				cases[r.CaseID] = c
			}
			label := of(r.Ticket, c)
			if label == "" {
				continue
			}
			if q := query(r.Ticket); !q.Empty() {
				out = append(out, classify.Example{Text: q.Text, Label: label})
			}
		}
		if all {
			break
		}
		last := rows[len(rows)-1].Ticket
		f.AfterAt, f.AfterID = last.AcceptedAt, last.ID
	}
	reported, err := e.reportedExamples(ctx, of, since)
	if err != nil {
		return nil, err
	}
	slices.Reverse(out) // oldest first: the same history is the same model
	return append(reported, out...), nil
}

// reportedExamples are the cases that hold no ticket, oldest first.
func (e *Engine) reportedExamples(ctx context.Context, of func(ticket.Ticket, casework.Case) string, since time.Time) (out []classify.Example, _ error) {
	var ids []string
	f := store.CaseFilter{All: true, Limit: 500}
	for {
		rows, err := e.db.Cases(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Tickets == 0 && r.Status != casework.Merged { // a merged one's tickets are in another case
				ids = append(ids, r.ID)
			}
		}
		if len(rows) < f.Limit {
			break
		}
		f.AfterSort, f.AfterID = rows[len(rows)-1].SortAt, rows[len(rows)-1].ID
	}
	slices.Sort(ids) // by when they were made; the list is by what falls due
	for _, id := range slices.Compact(ids) {
		l, err := e.db.Case(ctx, id)
		if err != nil {
			return nil, err
		}
		if !l.Case.ReportedAt.After(since) {
			continue
		}
		q := query(ticket.Ticket{Title: l.Case.Title, Content: l.Case.Facts})
		if label := of(ticket.Ticket{}, l.Case); label != "" && !q.Empty() {
			out = append(out, classify.Example{Text: q.Text, Label: label})
		}
	}
	return out, nil
}

// topicOf is the topic that stands for a ticket; "" for none.
func (k *Knowledge) topicOf(t ticket.Ticket, c casework.Case) string {
	x := k.Classification.Lexicon
	if c.Scope != "" { // only a person says whether it is one problem or many
		if topics := x.Find(c.Topic); len(topics) == 1 {
			return topics[0].Path()
		}
	}
	for _, name := range slices.Backward(t.Category[:]) {
		if topics := x.Find(name); name != "" && len(topics) == 1 {
			return topics[0].Path()
		}
	}
	return ""
}

// leadOf is the department that stands for a ticket; "" for none.
func (k *Knowledge) leadOf(t ticket.Ticket, c casework.Case) string {
	if !c.FirstHandlingAt.IsZero() {
		return c.LeadDepartmentID
	}
	if d, ok := k.Organisation.DepartmentByName(t.Department); ok && t.ClosedAt != nil {
		return d.ID
	}
	return ""
}

// ModelTest is what a model answers about examples that it has not seen.
type ModelTest struct {
	ModelView
	Verdicts []classify.Verdict
}

// TestModels asks kept models of one kind about what has come in since the newest of them was learned. model.nothing_new when
// nobody has classified anything of that yet.
func (e *Engine) TestModels(ctx context.Context, versions []string, workers int) ([]ModelTest, error) {
	list, err := e.Models(ctx)
	if err != nil {
		return nil, err
	}
	var tests []ModelTest
	var since time.Time
	for _, version := range versions {
		i := slices.IndexFunc(list, func(v ModelView) bool { return v.Version == version })
		if i < 0 {
			return nil, store.ErrNoModel
		}
		tests = append(tests, ModelTest{ModelView: list[i]})
		if list[i].Kind != tests[0].Kind {
			return nil, apperr.New(apperr.InvalidArgument, "model.kinds", "%s 学的是%s，%s 学的是%s，不能比较。", tests[0].Version, tests[0].KindLabel, version, list[i].KindLabel)
		}
		if list[i].CreatedAt.After(since) {
			since = list[i].CreatedAt
		}
	}
	if len(tests) == 0 {
		return nil, nil
	}
	examples, err := e.examplesSince(ctx, tests[0].Kind, since)
	if err != nil {
		return nil, err
	}
	if len(examples) == 0 {
		return nil, apperr.New(apperr.FailedPrecondition, "model.nothing_new", "%s 之后受理的工单还没有人归过类，没有可检验的；模型可以先放着，过些日子再比较。", since.In(shanghai).Format("2006-01-02 15:04"))
	}
	for i := range tests {
		body, err := e.db.ModelBody(ctx, tests[i].Version)
		if err != nil {
			return nil, err
		}
		m, err := classify.Read(body)
		if err != nil {
			return nil, err
		}
		tests[i].Verdicts = m.Test(examples, workers)
	}
	return tests, nil
}

// Learn learns a model from the street's history and keeps it, not in use. model.too_little where there are too few examples, or
// all are the same.
func (e *Engine) Learn(ctx context.Context, actor string, kind store.ModelKind, workers int) (ModelView, error) {
	examples, err := e.Examples(ctx, kind)
	if err != nil {
		return ModelView{}, err
	}
	const least = 50
	if len(examples) < least {
		return ModelView{}, apperr.New(apperr.FailedPrecondition, "model.too_little", "可供学习的工单只有 %d 件，至少需要 %d 件。请先导入历史工单（带分类），或在办理中多归类一些难事。", len(examples), least)
	}
	m, err := classify.Train(examples, workers)
	if err != nil {
		return ModelView{}, err
	}
	figures := m.Figures()
	f, err := json.Marshal(ModelFigures{Labels: len(m.Labels()), Accuracy: figures.Accuracy, MacroF1: figures.MacroF1, ECE: figures.ECE})
	if err != nil {
		return ModelView{}, err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ModelView{}, err
	}
	s := store.StoredModel{Version: m.Version(), Kind: kind, Examples: m.Examples(), Figures: f, CreatedAt: e.Now(k), CreatedBy: actor}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.AddModel(ctx, s, m.Bytes()); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor, Action: "model.learn", Object: s.Version})
	}); err != nil {
		return ModelView{}, err
	}
	list, err := e.Models(ctx)
	if err != nil {
		return ModelView{}, err
	}
	for _, v := range list {
		if v.Version == s.Version {
			return v, nil
		}
	}
	return ModelView{}, store.ErrNoModel
}
