package classify

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// Source is where an answer comes from.
type Source string

// The sources.
const (
	FromLexicon Source = "lexicon" // 词库
	FromModel   Source = "model"   // 模型
	FromDuties  Source = "duties"  // 权责清单
	FromHistory Source = "history" // 历史决定
)

// Label is the Chinese word.
func (s Source) Label() string {
	switch s {
	case FromLexicon:
		return "词库"
	case FromModel:
		return "模型"
	case FromDuties:
		return "权责清单"
	case FromHistory:
		return "历史决定"
	}
	return string(s)
}

// Query is a ticket as far as its class hangs on it.
type Query struct {
	Text
	Category   []string // what its source calls it, e.g. the hotline's levels
	Enterprise bool     // a company asks
}

// Department is one that may lead.
type Department struct {
	ID        string
	Name      string
	ShortName string
}

// DutyItem is an entry of the duty list (权责清单): whose a matter is.
type DutyItem struct {
	ID         string   `json:"id" yaml:"id" minLength:"1" maxLength:"40" doc:"编号，退单时引用"`
	Name       string   `json:"name" yaml:"name" minLength:"2" maxLength:"200" doc:"权责事项"`
	Topic      string   `json:"topic,omitempty" yaml:"topic,omitempty" maxLength:"100" doc:"事项类别，如 物业管理/电梯运行"` // a label that the lexicon finds; "" when it is told by its words alone
	Words      []string `json:"words,omitempty" yaml:"words,omitempty" maxItems:"50" doc:"说到它的词"`
	Department string   `json:"department" yaml:"department" maxLength:"40" doc:"责任部门的编号"`
	Basis      string   `json:"basis,omitempty" yaml:"basis,omitempty" maxLength:"1000" doc:"依据的条文"`
}

// Decision is what was decided about a case that is like the ticket's.
type Decision struct {
	Case       string  // its number
	Topic      string  // a label that the lexicon finds
	Department string  // id of the lead
	Likeness   float64 // 0 to 1; 1 is the same matter
}

// Knowledge is what an answer is made of. Everything but the lexicon may be missing.
type Knowledge struct {
	Lexicon     *Lexicon
	Model       *Model // of topics
	Leads       *Model // of lead departments, by id or name
	Departments []Department
	Duties      []DutyItem

	ready *ready
}

// ready is what Combine needs to know of departments and duties, whatever the ticket.
type ready struct {
	usual  []int    // department that usually leads, by topic; -1 for none
	leads  []int    // department by duty; -1 for none
	topics [][]int  // topics by duty
	duties wordTree // their words
}

// Ready is the knowledge prepared to be asked often; otherwise Combine prepares it each time.
func (k Knowledge) Ready() Knowledge {
	r := &ready{}
	for _, t := range k.Lexicon.topics {
		r.usual = append(r.usual, k.usual(t.Lead))
	}
	for i, d := range k.Duties {
		r.leads = append(r.leads, k.department(d.Department))
		r.topics = append(r.topics, k.Lexicon.find(d.Topic))
		for _, w := range d.Words {
			if word := plain(w, false); len(word) > 0 {
				n := r.duties.add(word)
				n.of = append(n.of, i)
			}
		}
	}
	k.ready = r
	return k
}

// department gives the place of a department in the list, by its id or name; -1 for none.
func (k Knowledge) department(id string) int {
	return slices.IndexFunc(k.Departments, func(d Department) bool { return d.ID == id || d.Name == id || d.ShortName != "" && d.ShortName == id })
}

// duties is how much the words of each duty stand in a ticket.
func (k Knowledge) duties(q Query) []float64 {
	points := make([]float64, len(k.Duties))
	title, body := q.Text.parts()
	for _, text := range [][]rune{title, body} {
		met := map[*wordTree]bool{} // twice says no more than once
		for i := range text {
			k.ready.duties.each(text[i:], func(w *wordTree, _ int) {
				if !met[w] {
					met[w] = true
					for _, d := range w.of {
						points[d] += plainWord
					}
				}
			})
		}
	}
	return points
}

// Answer says what a ticket is about, and whose it is.
type Answer struct {
	Domain    Choice // casework.Livelihood or casework.Business
	Branch    Choice // the topic's first level
	Topic     Choice // both levels, as Topic.Path
	Lead      Choice // a department's id
	Crossings []Mark
	Marks     []Mark // what makes it urgent
}

// Choice is one part of an answer.
type Choice struct {
	Value       string // "" where nothing is known
	Name        string // for people
	Probability float64
	// Ask is set where the answer is too unsure to stand without a clerk; Options are then what they choose from.
	Ask      bool
	Options  []Option  // the best, Value among them; of topics and departments only what something speaks for
	Opinions []Opinion // what each source says for itself
}

// Option is one of the answers that may be right.
type Option struct {
	Value       string
	Name        string
	Probability float64
}

// Opinion is what one source says for itself, and why.
type Opinion struct {
	Source      Source
	Value       string
	Name        string
	Probability float64
	Reasons     []Reason
}

var domainNames = map[casework.Domain]string{casework.Livelihood: "民生", casework.Business: "商企"}

const (
	mostOptions = 3
	// ownAdvice is what the duty list counts beside the lexicon: half, as it has read the same words and is no witness of its own.
	ownAdvice = 0.5
	// besideModel is what the lexicon counts where a model has read the same words: more of it makes answers surer than they
	// are right, less loses where a model has learned from few texts (docs/recognition.md).
	besideModel = 0.15
	// undecided is how much likeness stands for the chance that the cases before say nothing about this one.
	undecided = 0.4
	// toldBy is how many times as likely as one that nothing speaks for an option must be.
	toldBy = 2
	// asUsual is how often the usual department leads.
	asUsual = 0.8
)

// Combine answers a ticket's class from all that is known. Decisions are those about cases like it.
func (k Knowledge) Combine(q Query, decisions []Decision) Answer {
	if k.ready == nil {
		k = k.Ready()
	}
	x, said := k.Lexicon, k.duties(q)
	h := x.read(q)
	opinions := []opinion{x.opinion(h, q)}
	if k.Model != nil {
		opinions = append(opinions, x.modelled(k.Model, q.Text, opinions[0].shares))
	}
	if o, ok := x.decided(decisions); ok {
		opinions = append(opinions, o)
	}
	if o, ok := k.dutiful(said); ok {
		opinions = append(opinions, o)
	}
	for i := range opinions {
		opinions[i].why = once(opinions[i].why)
	}
	topics := pool(opinions, len(x.topics))

	var a Answer
	a.Topic = onlyTold(x.choice(topics, opinions, func(i int) (value, name string) { return x.paths[i], x.paths[i] }), topics)
	a.Branch = x.choice(topics, opinions, func(i int) (value, name string) { return x.topics[i].Branch, x.topics[i].Branch })
	a.Domain = x.choice(topics, opinions, func(i int) (value, name string) {
		d := x.topics[i].Domain
		return string(d), domainNames[d]
	})
	if len(a.Topic.Opinions) == 0 {
		clear(topics)
	}
	a.Lead = k.lead(q, topics, said, decisions)
	a.Marks = x.mark(x.marks, q.Text)
	a.Crossings = x.crossing(q.Text, opinions[0].shares, h)
	return a
}

// opinion is what one source holds of every topic (or department): shares, which leave to 1 what it does not know.
type opinion struct {
	source Source
	weight float64
	shares []float64
	why    func(i int) []Reason
}

// opinion is the lexicon's own.
func (x *Lexicon) opinion(h hits, q Query) opinion {
	s := shares(h.topics)
	// Who speaks moves mass between the domains: a word as 2 to 1, a company as 3 to 1.
	for i, t := range x.topics {
		factor := 1.0
		for range h.domains[t.Domain] {
			factor = min(factor*2, 8)
		}
		if q.Enterprise && t.Domain == casework.Business {
			factor *= 3
		}
		s[i] *= factor
	}
	if sum := total(s); sum > surest {
		for i := range s {
			s[i] *= surest / sum
		}
	}
	return opinion{FromLexicon, 1, s, func(i int) []Reason {
		words := map[string]float64{}
		for w, p := range h.words[i] {
			words[w] = p
		}
		for w, p := range h.domains[x.topics[i].Domain] {
			words[w] += p
		}
		return reasons(words)
	}}
}

// modelled is the model's opinion. A label of the first level is shared among its topics as the lexicon would; what the tree
// does not have is not known.
func (x *Lexicon) modelled(m *Model, t Text, lexicon []float64) opinion {
	s := make([]float64, len(x.topics))
	labels := make([]string, len(x.topics))
	best := make([]float64, len(x.topics))
	for _, g := range m.Classify(t) {
		under := x.find(g.Label)
		sum := 0.0
		for _, i := range under {
			sum += lexicon[i] + 0.01
		}
		for _, i := range under {
			part := g.Probability * (lexicon[i] + 0.01) / sum
			s[i] += part
			if part > best[i] {
				labels[i], best[i] = g.Label, part
			}
		}
	}
	return opinion{FromModel, 1, s, func(i int) []Reason { return m.Reasons(t, labels[i]) }}
}

func (x *Lexicon) decided(decisions []Decision) (opinion, bool) {
	s, why, sum := make([]float64, len(x.topics)), make([]map[string]float64, len(x.topics)), 0.0
	for _, d := range decisions {
		under := x.find(d.Topic)
		for _, i := range under {
			s[i] += d.Likeness / float64(len(under))
			if why[i] == nil {
				why[i] = map[string]float64{}
			}
			why[i][d.Case] += d.Likeness
		}
		if len(under) > 0 {
			sum += d.Likeness
		}
	}
	for i := range s {
		s[i] /= sum + undecided
	}
	return opinion{FromHistory, 1, s, func(i int) []Reason { return reasons(why[i]) }}, sum > 0
}

// once asks for the reasons of each topic but once: they cost more than all else, and topic, branch and domain mostly rest on one.
func once(why func(i int) []Reason) func(i int) []Reason {
	told := map[int][]Reason{}
	return func(i int) []Reason {
		r, done := told[i]
		if !done {
			r = why(i)
			told[i] = r
		}
		return r
	}
}

// dutiful is what the duty list's words say about the topic; said is how much of each duty's words stand in the ticket.
func (k Knowledge) dutiful(said []float64) (opinion, bool) {
	topics := len(k.Lexicon.topics)
	points, why := make([]float64, topics), make([]map[string]float64, topics)
	told := false
	for i, n := range said {
		if n == 0 {
			continue
		}
		d, under := k.Duties[i], k.ready.topics[i]
		for _, i := range under {
			told = true
			points[i] += n / float64(len(under))
			if why[i] == nil {
				why[i] = map[string]float64{}
			}
			why[i][d.Name] += n
		}
	}
	return opinion{FromDuties, ownAdvice, shares(points), func(i int) []Reason { return reasons(why[i]) }}, told
}

// pool makes one opinion of several: what they do not know is spread evenly, then they are multiplied.
func pool(opinions []opinion, n int) []float64 {
	if n == 0 {
		return nil
	}
	logs := make([]float64, n)
	model := slices.ContainsFunc(opinions, func(o opinion) bool { return o.source == FromModel })
	for _, o := range opinions {
		weight := o.weight
		if model && o.source == FromLexicon {
			weight = besideModel
		}
		rest := max(1-total(o.shares), 1e-3) / float64(n)
		for i := range logs {
			logs[i] += weight * math.Log(o.shares[i]+rest)
		}
	}
	top, sum := slices.Max(logs), 0.0
	for i, l := range logs {
		logs[i] = math.Exp(l - top)
		sum += logs[i]
	}
	for i := range logs {
		logs[i] /= sum
	}
	return logs
}

func total(shares []float64) (sum float64) {
	for _, s := range shares {
		sum += s
	}
	return sum
}

// choice sums the topics' shares by what value says of each.
func (x *Lexicon) choice(topics []float64, opinions []opinion, value func(i int) (value, name string)) Choice {
	c := choose(topics, value, x.askBelow)
	for _, o := range opinions {
		if own := own(o, value); own.Probability > 0 {
			c.Opinions = append(c.Opinions, own)
		}
	}
	if len(c.Opinions) == 0 {
		return Choice{Ask: true, Options: c.Options}
	}
	return c
}

// onlyTold leaves out the options that are there only because one has to come first among those that nothing speaks for.
func onlyTold(c Choice, shares []float64) Choice {
	if len(c.Opinions) == 0 {
		c.Options = nil
		return c
	}
	least := toldBy * slices.Min(shares)
	for i, o := range c.Options {
		if i > 0 && o.Probability < least {
			c.Options = c.Options[:i]
			break
		}
	}
	return c
}

func choose(shares []float64, value func(i int) (value, name string), askBelow float64) Choice {
	var options []Option
	at := map[string]int{}
	for i, s := range shares {
		v, name := value(i)
		j, ok := at[v]
		if !ok {
			j = len(options)
			at[v] = j
			options = append(options, Option{Value: v, Name: name})
		}
		options[j].Probability += s
	}
	slices.SortStableFunc(options, func(a, b Option) int { return cmp.Compare(b.Probability, a.Probability) })
	if len(options) == 0 {
		return Choice{Ask: true}
	}
	best := options[0]
	return Choice{Value: best.Value, Name: best.Name, Probability: best.Probability, Ask: best.Probability < askBelow, Options: options[:min(len(options), mostOptions)]}
}

// own is the best of what one source says for itself.
func own(o opinion, value func(i int) (value, name string)) Opinion {
	c := choose(o.shares, value, 0)
	strongest, at := 0.0, -1
	for i, s := range o.shares {
		if v, _ := value(i); v == c.Value && s > strongest {
			strongest, at = s, i
		}
	}
	if at < 0 {
		return Opinion{}
	}
	return Opinion{o.source, c.Value, c.Name, c.Probability, o.why(at)}
}

// lead suggests who leads: by what was decided before, by the duty list, by the usual department of the topic.
func (k Knowledge) lead(q Query, topics, said []float64, decisions []Decision) Choice {
	n := len(k.Departments)
	var opinions []opinion
	tell := func(source Source, weight float64, shares []float64, why []map[string]float64) {
		if total(shares) > 0 {
			opinions = append(opinions, opinion{source, weight, shares, func(i int) []Reason { return reasons(why[i]) }})
		}
	}
	note := func(why []map[string]float64, i int, words string, n float64) {
		if why[i] == nil {
			why[i] = map[string]float64{}
		}
		why[i][words] += n
	}

	s, why := make([]float64, n), make([]map[string]float64, n)
	untold := 0.0
	if len(topics) > 0 {
		untold = slices.Min(topics)
	}
	for t, share := range topics {
		share -= untold // that a department has many topics says nothing of this one
		if i := k.ready.usual[t]; i >= 0 {
			s[i] += asUsual * share
			if share > 0 {
				note(why, i, k.Lexicon.paths[t], share)
			}
		}
	}
	tell(FromLexicon, 1, s, why)

	if k.Leads != nil {
		s = make([]float64, n)
		label := make([]string, n)
		for _, g := range k.Leads.Classify(q.Text) {
			if i := k.department(g.Label); i >= 0 {
				s[i] += g.Probability
				label[i] = g.Label
			}
		}
		if total(s) > 0 {
			opinions = append(opinions, opinion{FromModel, 1, s, func(i int) []Reason { return k.Leads.Reasons(q.Text, label[i]) }})
		}
	}

	s, why = make([]float64, n), make([]map[string]float64, n)
	for j, points := range said {
		i := k.ready.leads[j]
		if i < 0 {
			continue
		}
		for _, t := range k.ready.topics[j] {
			points += strongWord * topics[t]
		}
		s[i] += points
		if points > 0.1 {
			note(why, i, k.Duties[j].Name, points)
		}
	}
	tell(FromDuties, 1, shares(s), why)

	s, why = make([]float64, n), make([]map[string]float64, n)
	sum := 0.0
	for _, d := range decisions {
		if i := k.department(d.Department); i >= 0 {
			s[i] += d.Likeness
			sum += d.Likeness
			note(why, i, d.Case, d.Likeness)
		}
	}
	for i := range s {
		s[i] /= sum + undecided
	}
	tell(FromHistory, 1, s, why)

	if len(opinions) == 0 {
		return Choice{Ask: true}
	}
	value := func(i int) (string, string) { return k.Departments[i].ID, k.Departments[i].Name }
	pooled := pool(opinions, n)
	c := choose(pooled, value, k.Lexicon.askBelow)
	for _, o := range opinions {
		c.Opinions = append(c.Opinions, own(o, value))
	}
	return onlyTold(c, pooled)
}

// usual gives the first department whose name has the first of the words that any has, -1 when none does.
func (k Knowledge) usual(lead []string) int {
	for _, w := range lead {
		for i, d := range k.Departments {
			if strings.Contains(d.Name, w) || d.ShortName != "" && strings.Contains(d.ShortName, w) {
				return i
			}
		}
	}
	return -1
}

// both is how much of the lexicon's points two topics must each have, for a ticket to be about both.
const both = 0.25

// crossing finds the crossings that a text tells, and those that follow from its being about two topics: of two usual
// departments, of two branches.
func (x *Lexicon) crossing(t Text, lexicon []float64, h hits) []Mark {
	out := x.mark(x.crossings, t)
	var about []int
	for i, s := range lexicon {
		if s >= both && h.topics[i] >= strongWord {
			about = append(about, i)
		}
	}
	add := func(kind ticket.Crossing, i, j int) {
		if slices.ContainsFunc(out, func(m Mark) bool { return m.Kind == string(kind) }) {
			return
		}
		name := ""
		for _, r := range x.crossings {
			if r.Kind == string(kind) {
				name = r.Name
			}
		}
		if name == "" {
			return // this street has no such flag
		}
		words := map[string]float64{x.topics[i].Path(): lexicon[i], x.topics[j].Path(): lexicon[j]}
		out = append(out, Mark{Kind: string(kind), Name: name, Probability: min(lexicon[i], lexicon[j]) * 2 * asUsual, Source: FromLexicon, Reasons: reasons(words)})
	}
	for a, i := range about {
		for _, j := range about[a+1:] {
			if p, q := x.topics[i], x.topics[j]; len(p.Lead) > 0 && len(q.Lead) > 0 && !slices.ContainsFunc(p.Lead, func(w string) bool { return slices.Contains(q.Lead, w) }) {
				add(ticket.CrossDepartment, i, j)
			}
			if x.topics[i].Domain != x.topics[j].Domain {
				add(ticket.CrossField, i, j)
			}
		}
	}
	return out
}
