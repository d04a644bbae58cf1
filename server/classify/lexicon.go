package classify

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// Tree is what a street's tickets may be about, with the words that tell: configs/topics.yaml explains it.
type Tree struct {
	Version  int      `json:"version" yaml:"version" doc:"类别表的版本"`
	AskBelow int      `json:"ask_below" yaml:"ask_below" doc:"把握低于百分之几就请人选择"` // per cent; an answer less likely is asked of the clerk
	Topics   []Branch `json:"topics" yaml:"topics" doc:"一级类别"`
	// Domains holds words that tell who speaks, whatever the topic.
	Domains       []DomainWords `json:"domains" yaml:"domains" doc:"说明是谁在说话的词"`
	Crossings     []Rule        `json:"crossings" yaml:"crossings" doc:"说明三跨的说法"`
	Marks         []Rule        `json:"marks" yaml:"marks" doc:"说明紧急情形的说法"`
	Negations     []string      `json:"negations" yaml:"negations" doc:"紧挨在前面表示没有发生的词"`
	Between       []string      `json:"between" yaml:"between" doc:"否定词与说法之间可以隔着的词"`
	Preventions   []string      `json:"preventions" yaml:"preventions" doc:"表示防止发生的词"`
	Hypotheticals []string      `json:"hypotheticals" yaml:"hypotheticals" doc:"表示担心或声称将要发生的词"`
	Conditions    []string      `json:"conditions" yaml:"conditions" doc:"前一分句中表示假设的词"`
}

// Branch is a topic of the first level.
type Branch struct {
	Name   string          `json:"name" yaml:"name"`
	Domain casework.Domain `json:"domain" yaml:"domain"`
	Topics []Leaf          `json:"topics" yaml:"topics" doc:"二级类别"`
}

// Leaf is a topic of the second level.
type Leaf struct {
	Name   string   `json:"name" yaml:"name"`
	Lead   []string `json:"lead" yaml:"lead" doc:"通常牵头部门名称中的词，最合适的在前"` // words of the usual lead department's name, the best first
	Strong []string `json:"strong" yaml:"strong" doc:"几乎单独就能确定的词"`
	Words  []string `json:"words" yaml:"words" doc:"有关的词"`
}

// DomainWords are words that speak for a domain.
type DomainWords struct {
	Domain casework.Domain `json:"domain" yaml:"domain"`
	Words  []string        `json:"words" yaml:"words" doc:"有关的词"`
}

// Rule is what phrases tell about a ticket, and how often they are right. A phrase may have one or more gaps, written …
type Rule struct {
	Kind        string   `json:"kind" yaml:"kind"`
	Name        string   `json:"name" yaml:"name"`
	Probability int      `json:"probability" yaml:"probability" doc:"说中的可能性，百分数"` // per cent
	Phrases     []string `json:"phrases" yaml:"phrases" doc:"说法，…表示中间可以隔着别的字"`
}

// What makes a ticket urgent, as kinds of Tree.Marks (policy 三: 重大舆情、多人群体投诉、群访 raise it to tier I).
const (
	GroupPetition = "group_petition" // 集体上访
	MassComplaint = "mass_complaint" // 群体投诉
	PublicOpinion = "public_opinion" // 舆情
	DangerToLife  = "danger_to_life" // 危及生命安全
)

var markKinds = []string{GroupPetition, MassComplaint, PublicOpinion, DangerToLife}

// crossingKinds are the kinds of Tree.Crossings (三跨).
var crossingKinds = []string{string(ticket.CrossDepartment), string(ticket.CrossField), string(ticket.CrossIndustry)}

// separator stands between the two levels of a topic as a case holds it.
const separator = "/"

// Problem is something wrong with a tree, by its path in the file: topics[1].name.
type Problem struct{ Path, Message string }

// Bounds of a tree.
const (
	mostBranches = 60
	mostLeaves   = 400
	mostWords    = 20_000
	mostWordLen  = 20 // characters
	mostNameLen  = 40
)

// Check tells what is wrong with a tree.
func (t Tree) Check() (problems []Problem) {
	say := func(path, format string, args ...any) {
		problems = append(problems, Problem{path, fmt.Sprintf(format, args...)})
	}
	if t.Version < 1 {
		say("version", "“version”应为 1 或更大的整数")
	}
	if t.AskBelow < 0 || t.AskBelow > 100 {
		say("ask_below", "“ask_below”现在是 %d，应在 0 到 100（百分比）之间", t.AskBelow)
	}
	words := 0
	list := func(path string, texts []string, least int) {
		words += len(texts)
		for i, w := range texts {
			if n := utf8.RuneCountInString(w); n < least || n > mostWordLen || len(plain(w, false)) == 0 {
				say(fmt.Sprintf("%s[%d]", path, i+1), "词“%s”应为 %d 到 %d 个字", short(w), least, mostWordLen)
			}
		}
	}
	name := func(path, s string) {
		if n := utf8.RuneCountInString(s); n == 0 || n > mostNameLen || strings.Contains(s, separator) || strings.TrimSpace(s) != s {
			say(path, "名称“%s”应为 1 到 %d 个字，不含“/”", short(s), mostNameLen)
		}
	}
	branches, leaves := map[string]bool{}, 0
	if len(t.Topics) == 0 || len(t.Topics) > mostBranches {
		say("topics", "一级类别有 %d 个，应为 1 到 %d 个", len(t.Topics), mostBranches)
	}
	for i, b := range t.Topics {
		path := fmt.Sprintf("topics[%d]", i+1)
		name(path+".name", b.Name)
		if branches[b.Name] {
			say(path+".name", "一级类别“%s”重复", short(b.Name))
		}
		branches[b.Name] = true
		if b.Domain != casework.Livelihood && b.Domain != casework.Business {
			say(path+".domain", "“domain”现在是“%s”，应为 livelihood 或 business", short(string(b.Domain)))
		}
		if len(b.Topics) == 0 {
			say(path, "一级类别“%s”没有二级类别", short(b.Name))
		}
		under := map[string]bool{}
		for j, l := range b.Topics {
			path := fmt.Sprintf("%s.topics[%d]", path, j+1)
			leaves++
			name(path+".name", l.Name)
			if under[l.Name] {
				say(path+".name", "二级类别“%s”重复", short(l.Name))
			}
			under[l.Name] = true
			list(path+".lead", l.Lead, 1)
			list(path+".strong", l.Strong, 2)
			list(path+".words", l.Words, 1)
		}
	}
	if leaves > mostLeaves {
		say("topics", "二级类别有 %d 个，最多 %d 个", leaves, mostLeaves)
	}
	for i, d := range t.Domains {
		path := fmt.Sprintf("domains[%d]", i+1)
		if d.Domain != casework.Livelihood && d.Domain != casework.Business {
			say(path+".domain", "“domain”现在是“%s”，应为 livelihood 或 business", short(string(d.Domain)))
		}
		list(path+".words", d.Words, 1)
	}
	rules := func(name string, list []Rule, kinds []string) {
		for i, r := range list {
			path := fmt.Sprintf("%s[%d]", name, i+1)
			if !slices.Contains(kinds, r.Kind) {
				say(path+".kind", "“kind”现在是“%s”，应为 %s", short(r.Kind), strings.Join(kinds, "、"))
			}
			if r.Name == "" || utf8.RuneCountInString(r.Name) > mostNameLen {
				say(path+".name", "“name”应有内容，最多 %d 个字", mostNameLen)
			}
			if r.Probability < 1 || r.Probability > 99 {
				say(path+".probability", "“probability”现在是 %d，应在 1 到 99（百分比）之间", r.Probability)
			}
			words += len(r.Phrases)
			for j, p := range r.Phrases {
				if n := utf8.RuneCountInString(p); n < 2 || n > mostWordLen*2 || len(pieces(p)) == 0 {
					say(fmt.Sprintf("%s.phrases[%d]", path, j+1), "短语“%s”应为 2 到 %d 个字", short(p), mostWordLen*2)
				}
			}
		}
	}
	rules("crossings", t.Crossings, crossingKinds)
	rules("marks", t.Marks, markKinds)
	list("negations", t.Negations, 1)
	list("between", t.Between, 1)
	list("preventions", t.Preventions, 1)
	list("hypotheticals", t.Hypotheticals, 1)
	list("conditions", t.Conditions, 1)
	if words > mostWords {
		say("topics", "词太多：%d 个，最多 %d 个", words, mostWords)
	}
	return problems
}

// short is s as a message quotes it.
func short(s string) string {
	if r := []rune(s); len(r) > mostWordLen {
		return string(r[:mostWordLen]) + "…"
	}
	return s
}

// Topic is one of the second level, as answers name it.
type Topic struct {
	Branch string
	Leaf   string
	Domain casework.Domain
	Lead   []string
}

// Path is both levels as a case holds them: 物业管理/电梯运行.
func (t Topic) Path() string { return t.Branch + separator + t.Leaf }

// Lexicon finds a tree's words in texts. It is safe for concurrent use.
type Lexicon struct {
	askBelow  float64
	topics    []Topic
	paths     []string         // of the topics
	labels    map[string][]int // topics by what they may be called: see find
	words     map[string][]meaning
	domains   map[string][]casework.Domain
	tree      wordTree // of both
	crossings []rule
	marks     []rule

	negations, between, preventions, hypotheticals, conditions [][]rune
}

// meaning is what a word says: a topic, and how much it speaks for it.
type meaning struct {
	topic  int
	weight float64
}

type rule struct {
	Rule
	phrases [][][]rune // each in its pieces
}

const (
	strongWord = 3.0
	plainWord  = 1.0
)

// NewLexicon makes a tree ready to be asked. The tree must be one that Check finds nothing wrong with.
func NewLexicon(t Tree) *Lexicon {
	x := &Lexicon{askBelow: float64(t.AskBelow) / 100, labels: map[string][]int{}, words: map[string][]meaning{}, domains: map[string][]casework.Domain{}}
	add := func(word string, m meaning) {
		w := plain(word, false)
		key := string(w)
		if !slices.ContainsFunc(x.words[key], func(o meaning) bool { return o.topic == m.topic }) {
			x.words[key] = append(x.words[key], m)
		}
		x.tree.add(w)
	}
	for _, b := range t.Topics {
		for _, l := range b.Topics {
			i := len(x.topics)
			x.topics = append(x.topics, Topic{b.Name, l.Name, b.Domain, l.Lead})
			for _, w := range l.Strong {
				add(w, meaning{i, strongWord})
			}
			for _, w := range l.Words {
				add(w, meaning{i, plainWord})
			}
			add(l.Name, meaning{i, strongWord})
		}
	}
	for _, d := range t.Domains {
		for _, w := range d.Words {
			key := plain(w, false)
			x.domains[string(key)] = append(x.domains[string(key)], d.Domain)
			x.tree.add(key)
		}
	}
	// A path is meant before a topic of the second level, and that before one of the first.
	for _, name := range []func(Topic) string{
		func(t Topic) string { return t.Branch }, func(t Topic) string { return t.Leaf }, Topic.Path,
	} {
		called := map[string][]int{}
		for i, t := range x.topics {
			called[name(t)] = append(called[name(t)], i)
		}
		maps.Copy(x.labels, called)
	}
	for _, t := range x.topics {
		x.paths = append(x.paths, t.Path())
	}
	compile := func(list []Rule) (out []rule) {
		for _, r := range list {
			c := rule{Rule: r}
			for _, p := range r.Phrases {
				c.phrases = append(c.phrases, pieces(p))
			}
			out = append(out, c)
		}
		return out
	}
	x.crossings, x.marks = compile(t.Crossings), compile(t.Marks)
	runes := func(list []string) (out [][]rune) {
		for _, s := range list {
			out = append(out, plain(s, false))
		}
		// The longest first: 没有 is not 没 with something behind it.
		slices.SortFunc(out, func(a, b []rune) int { return cmp.Or(cmp.Compare(len(b), len(a)), slices.Compare(a, b)) })
		return out
	}
	x.negations, x.between, x.preventions, x.hypotheticals = runes(t.Negations), runes(t.Between), runes(t.Preventions), runes(t.Hypotheticals)
	x.conditions = runes(t.Conditions)
	return x
}

func pieces(phrase string) (out [][]rune) {
	for p := range strings.SplitSeq(phrase, "…") {
		if r := plain(p, false); len(r) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// Topics are all of the second level, in the order of the tree.
func (x *Lexicon) Topics() []Topic { return slices.Clone(x.topics) }

// Find gives the topics that a label means: a path, or the name of a topic of either level. None where the tree has no such
// topic.
func (x *Lexicon) Find(label string) (out []Topic) {
	for _, i := range x.find(label) {
		out = append(out, x.topics[i])
	}
	return out
}

func (x *Lexicon) find(label string) []int { return x.labels[strings.TrimSpace(label)] }

// hits is what words of a text say.
type hits struct {
	topics  []float64            // for each topic
	words   []map[string]float64 // likewise, what each word gave
	domains map[casework.Domain]map[string]float64
}

// read finds the words of a text: from the left the longest at each place, so that a word hides those inside it.
func (x *Lexicon) read(q Query) hits {
	h := hits{make([]float64, len(x.topics)), make([]map[string]float64, len(x.topics)), map[casework.Domain]map[string]float64{}}
	times := map[string]float64{}
	count := func(text []rune, weight float64) {
		for i := 0; i < len(text); {
			longest, length := "", 1
			x.tree.each(text[i:], func(w *wordTree, n int) { longest, length = w.word, n })
			if longest != "" {
				times[longest] += weight
			}
			i += length
		}
	}
	title, body := q.Text.parts()
	count(title, 2)
	count(body, 1)
	for _, c := range q.Category {
		count(plain(c, false), 2)
	}
	for word, n := range times {
		said := 1 + math.Log2(n) // the second time says less
		means := x.words[word]
		for _, m := range means {
			w := m.weight * said / float64(len(means))
			h.topics[m.topic] += w
			if h.words[m.topic] == nil {
				h.words[m.topic] = map[string]float64{}
			}
			h.words[m.topic][word] = w
		}
		for _, d := range x.domains[word] {
			if h.domains[d] == nil {
				h.domains[d] = map[string]float64{}
			}
			h.domains[d][word] = said
		}
	}
	return h
}

// What words prove: a topic's share is its points, sharpened, among those of all and of what the words do not say.
const (
	sharpness = 1.5
	unsaid    = 1.5 // points of what is not said
	surest    = 0.92
)

// shares makes shares of points; what is missing to 1 is not known.
func shares(points []float64) []float64 {
	all := math.Pow(unsaid, sharpness)
	out := make([]float64, len(points))
	for i, p := range points {
		out[i] = math.Pow(p, sharpness)
		all += out[i]
	}
	for i := range out {
		out[i] = surest * out[i] / all
	}
	return out
}

// reasons are the words that gave points, the most telling first.
func reasons(words map[string]float64) (out []Reason) {
	sum := 0.0
	for _, w := range words {
		sum += w
	}
	for word, w := range words {
		out = append(out, Reason{word, w / sum})
	}
	slices.SortFunc(out, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.Words, a.Words))
	})
	return out[:min(len(out), mostReasons)]
}

// Crossed are the crossings (三跨) that the words of a text tell, whatever it is about.
func (x *Lexicon) Crossed(t Text) []Mark { return x.mark(x.crossings, t) }
