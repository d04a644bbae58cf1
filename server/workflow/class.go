package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/classify"
	"xiaopu/server/organisation"
	"xiaopu/server/parallel"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// Classification is what classifies tickets: of this process, made anew when a catalogue, a model or the organisation changes.
type Classification struct {
	classify.Knowledge
	Tree    classify.Tree
	Shipped bool // the tree is the program's own: the street has loaded none

	versions map[store.ModelKind]string // of the models in use
}

// among is c with the departments of an organisation to choose the lead from.
func (c *Classification) among(o *organisation.Organisation) *Classification {
	of := *c
	of.Departments = nil
	for _, d := range o.Departments() {
		if !d.Closed {
			of.Departments = append(of.Departments, classify.Department{ID: d.ID, Name: d.Name, ShortName: d.ShortName})
		}
	}
	of.Knowledge = of.Ready()
	return &of
}

// loadClassification reads all but the departments: models have megabytes, and organisations change often.
func (e *Engine) loadClassification(ctx context.Context) (*Classification, error) {
	c := &Classification{versions: map[store.ModelKind]string{}}
	topics, err := e.db.Catalogue(ctx, store.TopicCatalogue)
	if err != nil {
		return nil, err
	}
	if topics.Version > 0 {
		if err := json.Unmarshal(topics.Body, &c.Tree); err != nil {
			return nil, fmt.Errorf("topics: %w", err)
		}
	} else {
		c.Tree, c.Shipped = e.topics, true
	}
	c.Lexicon = classify.NewLexicon(c.Tree)
	duties, err := e.db.Catalogue(ctx, store.DutyCatalogue)
	if err != nil {
		return nil, err
	}
	if duties.Version > 0 {
		if err := json.Unmarshal(duties.Body, &c.Duties); err != nil {
			return nil, fmt.Errorf("duties: %w", err)
		}
	}
	models, err := e.db.Models(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		if !m.Active {
			continue
		}
		body, err := e.db.ModelBody(ctx, m.Version)
		if err != nil {
			return nil, err
		}
		model, err := classify.Read(body)
		if err != nil { // learned by another version of the program: the others answer until it is learned anew
			e.log.WarnContext(ctx, "a model in use cannot be read", "model", m.Version, "kind", string(m.Kind), "error", err)
			continue
		}
		c.versions[m.Kind] = m.Version
		if m.Kind == store.LeadModel {
			c.Leads = model
		} else {
			c.Model = model
		}
	}
	return c, nil
}

// ClassView is what is thought of a matter's class: a proposal, with what each source says for itself and why. A person decides.
type ClassView struct {
	Topic     ChoiceView `json:"topic" doc:"事项类别（两级）"`
	Domain    ChoiceView `json:"domain" doc:"民生或商企"`
	Lead      ChoiceView `json:"lead" doc:"建议的牵头部门"`
	Crossings []MarkView `json:"crossings" doc:"三跨"`
	Marks     []MarkView `json:"marks" doc:"紧急情形：集体上访、群体投诉、舆情、危及生命安全"`
	Community *Named     `json:"community,omitempty" doc:"文字里写到的村居，与所选的不同：请填写的人看一看；写到几个或没有写到的没有"`
	Model     string     `json:"model,omitempty" doc:"参考的分类模型版本；没有启用模型则为空"`
}

// ChoiceView is one part of a class.
type ChoiceView struct {
	Value       string        `json:"value,omitempty" doc:"填入 classify、dispatch 的值；看不出则为空"`
	Label       string        `json:"label,omitempty"`
	Probability float64       `json:"probability" doc:"把握，0 至 1"`
	Ask         bool          `json:"ask" doc:"把握不足，请从 options 中选择"`
	Options     []OptionView  `json:"options" doc:"最可能的几项"`
	Opinions    []OpinionView `json:"opinions" doc:"各来源各自的看法和理由"`
}

// OptionView is one of the values that may be right.
type OptionView struct {
	Value       string  `json:"value" doc:"填入 classify、dispatch 的值"`
	Label       string  `json:"label"`
	Probability float64 `json:"probability" doc:"把握，0 至 1"`
}

// OpinionView is what one source says.
type OpinionView struct {
	Source      string   `json:"source" enum:"lexicon,model,duties,history"`
	SourceLabel string   `json:"source_label" doc:"词库、模型、权责清单、历史决定"`
	Value       string   `json:"value" doc:"这一来源认为的值"`
	Label       string   `json:"label"`
	Probability float64  `json:"probability" doc:"这一来源的把握，0 至 1"`
	Reasons     []string `json:"reasons" doc:"起作用的字词、事项或难事编号，最要紧的在前"`
}

// MarkView is something a text says beside its topic.
type MarkView struct {
	Kind        string   `json:"kind"`
	Label       string   `json:"label"`
	Probability float64  `json:"probability" doc:"把握，0 至 1"`
	Feared      bool     `json:"feared,omitempty" doc:"还没有发生：担心或声称将要发生"`
	Reasons     []string `json:"reasons" doc:"原话"`
}

func choiceView(c classify.Choice) ChoiceView {
	v := ChoiceView{Value: c.Value, Label: c.Name, Probability: percent(c.Probability), Ask: c.Ask, Options: []OptionView{}, Opinions: []OpinionView{}}
	for i, o := range c.Options {
		if i > 0 && percent(o.Probability) == 0 {
			break // no choice at all
		}
		v.Options = append(v.Options, OptionView{Value: o.Value, Label: o.Name, Probability: percent(o.Probability)})
	}
	for _, o := range c.Opinions {
		v.Opinions = append(v.Opinions, OpinionView{Source: string(o.Source), SourceLabel: o.Source.Label(), Value: o.Value, Label: o.Name, Probability: percent(o.Probability), Reasons: wordsOf(o.Reasons)})
	}
	return v
}

func markViews(marks []classify.Mark) []MarkView {
	out := []MarkView{}
	for _, m := range marks {
		out = append(out, MarkView{Kind: m.Kind, Label: m.Name, Probability: percent(m.Probability), Feared: m.Feared, Reasons: wordsOf(m.Reasons)})
	}
	return out
}

// wordsOf are the reasons that weigh something, and no more than can be taken in.
func wordsOf(reasons []classify.Reason) []string {
	const most, least = 5, 0.05
	out := []string{}
	for i, r := range reasons {
		if i == most || i > 0 && r.Share < least {
			break
		}
		out = append(out, r.Words)
	}
	return out
}

// percent is a probability to the hundredth: more would be said than is known.
func percent(p float64) float64 { return float64(int(p*100+0.5)) / 100 }

func (c *Classification) view(q classify.Query, decisions []classify.Decision) ClassView {
	a := c.Combine(q, decisions)
	return ClassView{
		Topic: choiceView(a.Topic), Domain: choiceView(a.Domain), Lead: choiceView(a.Lead), Crossings: markViews(a.Crossings), Marks: markViews(a.Marks),
		Model: c.versions[store.TopicModel],
	}
}

// CaseClass proposes the class of a case, from its words, its tickets' own category, and what was decided about cases like it.
func (e *Engine) CaseClass(ctx context.Context, actor casework.Actor, id string) (ClassView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ClassView{}, err
	}
	l, err := e.full(ctx, actor, id)
	if err != nil {
		return ClassView{}, err
	}
	rows, err := e.db.Tickets(ctx, store.TicketFilter{CaseID: l.Case.ID, Limit: 1})
	if err != nil {
		return ClassView{}, err
	}
	t := ticket.Ticket{ID: "case:" + l.Case.ID, Title: l.Case.Title, Content: l.Case.Facts, Address: l.Case.Place, AcceptedAt: l.Case.ReportedAt}
	if len(rows) > 0 {
		newest := rows[0].Ticket
		t.Category, t.Requester.Kind, t.Community, t.AcceptedAt = newest.Category, newest.Requester.Kind, newest.Community, newest.AcceptedAt
	}
	decisions, err := e.decidedAlike(ctx, k, actor, t, l.Case)
	if err != nil {
		return ClassView{}, err
	}
	return k.Classification.view(query(t), decisions), nil
}

// TextClass proposes the class of something that somebody is writing down.
func (e *Engine) TextClass(ctx context.Context, actor casework.Actor, d Described) (ClassView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ClassView{}, err
	}
	t := ticket.Ticket{Title: d.Title, Content: d.Content, Address: d.Address, Community: d.Community, AcceptedAt: e.Now(k)}
	copy(t.Category[:], d.Category)
	decisions, err := e.decidedAlike(ctx, k, actor, t, casework.Case{})
	if err != nil {
		return ClassView{}, err
	}
	v := k.Classification.view(query(t), decisions)
	chosen, _ := k.Organisation.CommunityByName(d.Community)
	v.Community = k.otherCommunity(chosen.ID, d.Title, d.Content, d.Address)
	return v, nil
}

// otherCommunity is the one community that words name, where it is another than what was chosen.
func (k *Knowledge) otherCommunity(chosen string, words ...string) *Named {
	c, ok := k.Organisation.CommunityIn(strings.Join(words, "\n"))
	if !ok || c.ID == chosen {
		return nil
	}
	return &Named{ID: c.ID, Name: c.Name}
}

// query is a ticket as classification reads it: masked, since reasons quote it.
func query(t ticket.Ticket) classify.Query {
	return classify.Query{
		Text:     classify.Text{Title: t.Masked(t.Title), Detail: t.Masked(t.Content)},
		Category: slices.DeleteFunc(slices.Clone(t.Category[:]), func(c string) bool { return c == "" }), Enterprise: t.Requester.Kind == ticket.Enterprise,
	}
}

// surelyCrosses is how sure the words of a text must make that it is 三跨 for the system to propose it (decision).
const surelyCrosses = 0.75

// classed classifies a ticket that comes in, once in a batch.
func (in *intake) classed(t ticket.Ticket) classify.Answer {
	a, done := in.classes[t.ID]
	if !done {
		a = in.k.Classification.Combine(query(t), nil)
		in.classes[t.ID] = a
	}
	return a
}

// noteTopics notes what tickets of late are about, for what is rising; changed are those that may be noted already.
func (in *intake) noteTopics(ctx context.Context, rows []*store.TicketRow, changed []string) error {
	from := recognition.RisingFrom(workday.DateOf(in.now))
	var late []*store.TicketRow
	for _, r := range rows {
		if !workday.DateOf(r.Ticket.AcceptedAt).Before(from) {
			late = append(late, r)
		}
	}
	answers := make([]classify.Answer, len(late))
	parallel.Do(runtime.GOMAXPROCS(0), len(late), func(i int) { answers[i] = in.k.Classification.Combine(query(late[i].Ticket), nil) })
	var list []store.TicketTopic
	for i, r := range late {
		a := answers[i]
		in.classes[r.Ticket.ID] = a
		if a.Topic.Value == "" || a.Topic.Ask {
			continue
		}
		place := ""
		if c, ok := in.k.Organisation.CommunityByName(r.Ticket.Community); ok {
			place = c.Name
		}
		list = append(list, store.TicketTopic{TicketID: r.Ticket.ID, Day: workday.DateOf(r.Ticket.AcceptedAt).String(), Topic: a.Topic.Value, Place: place})
	}
	return in.tx.SetTicketTopics(ctx, changed, list)
}

// crossings are what the words of a ticket tell of 三跨 beside what marks it so. One that its source has closed is not asked:
// years of history would come in as proposals.
func (k *Knowledge) crossings(t ticket.Ticket) (out []recognition.Crossing) {
	if !t.Open() {
		return nil
	}
	for _, m := range k.Classification.Lexicon.Crossed(classify.Text{Title: t.Title, Detail: t.Content}) {
		if m.Probability >= surelyCrosses && !m.Feared && len(m.Reasons) > 0 {
			out = append(out, recognition.Crossing{Kind: ticket.Crossing(m.Kind), Words: m.Reasons[0].Words})
		}
	}
	return out
}

// TopicTree is the tree of topics for those who choose from it.
type TopicTree struct {
	Version int           `json:"version"`
	Shipped bool          `json:"shipped" doc:"程序自带的类别，本街道还没有载入自己的"`
	Topics  []TopicBranch `json:"topics" doc:"一级类别"`
}

// TopicBranch is a topic of the first level.
type TopicBranch struct {
	Name   string          `json:"name"`
	Domain casework.Domain `json:"domain" enum:"livelihood,business"`
	Topics []TopicLeaf     `json:"topics" doc:"二级类别"`
}

// TopicLeaf is a topic of the second level.
type TopicLeaf struct {
	Name  string `json:"name"`
	Value string `json:"value" doc:"填入 topic 的值"`
}

// Topics gives the tree of topics in force.
func (e *Engine) Topics(ctx context.Context) (TopicTree, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return TopicTree{}, err
	}
	c := k.Classification
	t := TopicTree{Version: c.Tree.Version, Shipped: c.Shipped, Topics: []TopicBranch{}}
	for _, b := range c.Tree.Topics {
		branch := TopicBranch{Name: b.Name, Domain: b.Domain, Topics: []TopicLeaf{}}
		for _, l := range b.Topics {
			branch.Topics = append(branch.Topics, TopicLeaf{Name: l.Name, Value: classify.Topic{Branch: b.Name, Leaf: l.Name}.Path()})
		}
		t.Topics = append(t.Topics, branch)
	}
	return t, nil
}

// DutyList gives the duty list in force, by number.
func (e *Engine) DutyList(ctx context.Context) ([]classify.DutyItem, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	return append([]classify.DutyItem{}, k.Classification.Duties...), nil
}

// LoadTopics takes a tree of topics into force. actor is "" for the command line.
func (e *Engine) LoadTopics(ctx context.Context, actor string, tree classify.Tree) error {
	if problems := tree.Check(); len(problems) > 0 {
		refusal := apperr.New(apperr.InvalidArgument, "topics.invalid", "事项类别有 %d 处问题，第一处：%s %s", len(problems), problems[0].Path, problems[0].Message)
		for _, p := range problems {
			refusal.Fields = append(refusal.Fields, apperr.Field{Name: p.Path, Message: p.Message})
		}
		return refusal
	}
	body, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	if err := e.loadCatalogue(ctx, actor, store.TopicCatalogue, body, fmt.Sprint(len(tree.Topics))); err != nil {
		return err
	}
	return e.CountTopics(ctx)
}

// LoadDuties takes a duty list into force. What names no department of ours, or a topic that is not in the tree, is refused.
func (e *Engine) LoadDuties(ctx context.Context, actor string, duties []classify.DutyItem) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, d := range duties {
		refuse := func(format string, args ...any) error {
			return apperr.New(apperr.InvalidArgument, "duty.invalid", "权责清单第 %d 条“%s”：%s", i+1, d.Name, fmt.Sprintf(format, args...))
		}
		_, known := k.Organisation.Department(d.Department)
		switch {
		case d.ID == "" || len(d.ID) > 40 || len([]rune(d.Name)) < 2:
			return refuse("编号（id，不超过 40 个字符）和名称（name，至少 2 个字）都要写。")
		case seen[d.ID]:
			return refuse("编号 %s 前面已经用过。", d.ID)
		case !known:
			return refuse("没有编号为“%s”的部门，请用 xiaopu organisation export 查看部门编号。", d.Department)
		case d.Topic != "" && len(k.Classification.Lexicon.Find(d.Topic)) == 0:
			return refuse("事项类别“%s”不在类别表中，请用 xiaopu topics show 查看。", d.Topic)
		}
		seen[d.ID] = true
	}
	body, err := json.Marshal(duties)
	if err != nil {
		return err
	}
	return e.loadCatalogue(ctx, actor, store.DutyCatalogue, body, fmt.Sprint(len(duties)))
}

func (e *Engine) loadCatalogue(ctx context.Context, actor string, kind store.CatalogueKind, body []byte, entries string) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	if now, err := e.db.Catalogue(ctx, kind); err != nil || bytes.Equal(now.Body, body) {
		return err // the same again is no new version
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.AddCatalogue(ctx, store.Catalogue{Kind: kind, Body: body, CreatedAt: e.Now(k), CreatedBy: actor}); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor, Action: "catalogue.load", Object: string(kind), Detail: map[string]string{"entries": entries}})
	}); err != nil {
		return err
	}
	_, err = e.Refresh(ctx)
	return err
}

// decidedAlike are the decisions about cases like a ticket, in the caller's scope: of a case the one that it goes back to, and
// those of matters that it is near to.
func (e *Engine) decidedAlike(ctx context.Context, k *Knowledge, actor casework.Actor, t ticket.Ticket, self casework.Case) ([]classify.Decision, error) {
	alike := map[string]float64{}
	if self.LinkedCase != "" {
		alike[self.LinkedCase] = 1
	}
	near, err := e.near(ctx, k, t)
	if err != nil {
		return nil, err
	}
	for _, n := range near {
		if n.row.CaseID != "" && n.row.CaseID != self.ID {
			alike[n.row.CaseID] = max(alike[n.row.CaseID], n.Probability)
		}
	}
	var out []classify.Decision
	for _, id := range sorted(alike) {
		l, sight, err := e.visible(ctx, actor, id)
		if errors.Is(err, store.ErrNoCase) || err == nil && (sight != casework.Full || l.Case.LeadDepartmentID == "") {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, classify.Decision{Case: l.Case.Number, Topic: l.Case.Topic, Department: l.Case.LeadDepartmentID, Likeness: alike[id]})
	}
	return out, nil
}
