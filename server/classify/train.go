package classify

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"xiaopu/server/apperr"
	"xiaopu/server/parallel"
)

// Example is a text with what somebody said it is about.
type Example struct {
	Text
	Label string
	// Group, when it is not 0, holds together examples that say the same: see Groups.
	Group int
}

// Bounds of what is learned from.
const (
	leastExamples = 20
	mostExamples  = 200_000
	mostLabels    = 200
)

// MostLabelRunes is how long a label may be, in characters.
const MostLabelRunes = 100

// How a model is learned; docs/recognition.md has what else was tried.
const (
	leastTexts = 3    // an n-gram of fewer texts is chance
	cost       = 1.0  // of an example on the wrong side, against long weights
	rounds     = 7    // as good as 12
	enough     = 0.05 // no example is further from its optimum: the rounds end
	sections   = 3    // into which examples fall for calibration
)

// Train learns a model. The same examples in the same order give the same model, byte for byte, on however many workers
// it runs. It fails where there is too little or too much to learn from.
func Train(examples []Example, workers int) (*Model, error) {
	labels, of, err := labelsOf(examples)
	if err != nil {
		return nil, err
	}
	x := vocabulary(examples, len(labels), workers)
	bags := make([]bag, len(examples))
	parallel.Do(workers, len(examples), func(i int) { bags[i] = x.bag(examples[i].Text) })
	// Near copies stay together, or a part would be judged by what it has seen.
	in := split(loosen(Groups(examples)), sections)
	scores := make([][]float32, len(examples))
	all := make([]int, len(examples))
	for i := range all {
		all[i] = i
	}
	var l *learned
	parallel.Do(workers, sections+1, func(section int) {
		if section == 0 { // from all
			l = learn(len(x.keys), bags, of, all, len(labels))
			return
		}
		var rest, held []int
		for i, s := range in {
			if section == s+1 {
				held = append(held, i)
			} else {
				rest = append(rest, i)
			}
		}
		part := learn(len(x.keys), bags, of, rest, len(labels))
		for _, i := range held {
			scores[i] = part.scores(bags[i])
		}
	})
	m := l.model(x.keys, labels, of)
	m.calibration = calibrate(scores, of, len(labels))
	verdicts := make([]Verdict, len(examples))
	for i, s := range scores {
		p := m.calibration.probabilities(s)
		best := 0
		for c := range p {
			if p[c] > p[best] {
				best = c
			}
		}
		verdicts[i] = Verdict{labels[of[i]], labels[best], p[best]}
	}
	m.figures = Measure(verdicts)
	m.seal()
	return m, nil
}

// labelsOf gives the sorted labels and which of them each example has.
func labelsOf(examples []Example) (labels []string, of []int, err error) {
	refuse := func(format string, args ...any) error {
		return apperr.New(apperr.InvalidArgument, "classify.examples", format, args...)
	}
	switch {
	case len(examples) < leastExamples:
		return nil, nil, refuse("只有 %d 条带类别的文本，至少需要 %d 条才能训练。", len(examples), leastExamples)
	case len(examples) > mostExamples:
		return nil, nil, refuse("文本太多：%d 条，最多 %d 条，请只用近几年的。", len(examples), mostExamples)
	}
	for _, e := range examples {
		labels = append(labels, e.Label)
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	if len(labels) < 2 || len(labels) > mostLabels {
		return nil, nil, refuse("有 %d 种类别，应为 2 到 %d 种，请核对 label。", len(labels), mostLabels)
	}
	of = make([]int, len(examples))
	for i, e := range examples {
		of[i], _ = slices.BinarySearch(labels, e.Label)
	}
	return labels, of, nil
}

// split puts groups into n parts of about the same size, the largest first.
func split(groups []int, n int) []int {
	size := map[int]int{}
	for _, g := range groups {
		size[g]++
	}
	order := slices.SortedFunc(maps.Keys(size), func(a, b int) int {
		return cmp.Or(cmp.Compare(size[b], size[a]), cmp.Compare(mix(uint64(a)), mix(uint64(b))))
	})
	full, part := make([]int, n), map[int]int{}
	for _, g := range order {
		least := 0
		for p := range full {
			if full[p] < full[least] {
				least = p
			}
		}
		part[g] = least
		full[least] += size[g]
	}
	out := make([]int, len(groups))
	for i, g := range groups {
		out[i] = part[g]
	}
	return out
}

// loosen takes apart groups of more than a tenth of all: so many are no copies but one way of writing, and without them too
// little would be left to learn from.
func loosen(groups []int) []int {
	size := map[int]int{}
	for _, g := range groups {
		size[g]++
	}
	out := slices.Clone(groups)
	for i, g := range groups {
		if size[g]*10 > len(groups) {
			out[i] = len(groups) + i
		}
	}
	return out
}

// mix spreads a number over 64 bits (splitmix64): chance that is the same in every run.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// mostBytes is how large a model may get: a database takes no more than 16 MB in one piece.
const mostBytes = 12 << 20

// vocabulary indexes the n-grams that stand in enough examples. With very many texts or labels that takes more than leastTexts, so
// that the model stays within mostBytes.
func vocabulary(examples []Example, labels, workers int) index {
	of := make([][]uint32, len(examples))
	parallel.Do(workers, len(examples), func(i int) { of[i] = examples[i].distinct() })
	all := slices.Concat(of...)
	slices.Sort(all)
	keys, times := all[:0], []int32{}
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j] == all[i] {
			j++
		}
		if j-i >= leastTexts {
			keys, times = append(keys, all[i]), append(times, int32(j-i))
		}
		i = j
	}
	least := leastFor(times, mostBytes/(labels+keyBytes))
	kept := make([]uint32, 0, len(keys))
	for i, k := range keys {
		if times[i] >= least {
			kept = append(kept, k)
		}
	}
	return newIndex(kept)
}

// keyBytes is what an n-gram takes beside a weight per label: its worth and the distance to the one before.
const keyBytes = 1 + 3

// leastFor is the least number that no more than room of times reach.
func leastFor(times []int32, room int) int32 {
	least := int32(leastTexts)
	if len(times) > room {
		sorted := slices.Sorted(slices.Values(times))
		least = sorted[len(sorted)-room-1] + 1
	}
	return least
}

// learned is a linear model while it is learned.
type learned struct {
	labels  int
	worth   []float32 // of each n-gram of the vocabulary, 0 where it stands in too few of the texts
	weights []float32 // of n-gram i and label k at i*labels+k
	bias    []float32
}

// sparse is a text in the space of the n-grams that count, of length 1.
type sparse struct {
	at     []int32
	values []float32
}

// learn learns from some of the texts, in a vocabulary of n n-grams.
func learn(n int, bags []bag, of []int, which []int, labels int) *learned {
	l := &learned{labels, make([]float32, n), make([]float32, n*labels), make([]float32, labels)}
	texts, all := make([]int32, n*labels), make([]int32, labels)
	for _, i := range which {
		all[of[i]]++
		for _, at := range bags[i].at {
			texts[int(at)*labels+of[i]]++
		}
	}
	for i := range n {
		l.worth[i] = worth(texts[i*labels:i*labels+labels], all)
	}
	rows, truth := make([]sparse, len(which)), make([]int, len(which))
	for i, w := range which {
		rows[i], truth[i] = l.row(bags[w]), of[w]
	}
	l.descend(rows, truth)
	return l
}

func (l *learned) row(b bag) sparse {
	s := sparse{make([]int32, 0, len(b.at)), make([]float32, 0, len(b.at))}
	sum := 0.0
	for j, at := range b.at {
		if r := l.worth[at]; r > 0 {
			v := damp(b.times[j]) * r
			sum += float64(v) * float64(v)
			s.at = append(s.at, at)
			s.values = append(s.values, v)
		}
	}
	if sum > 0 {
		scale := float32(1 / math.Sqrt(sum))
		for i := range s.values {
			s.values[i] *= scale
		}
	}
	return s
}

const (
	smooth = 2.0 // texts, spread as all are, that are added to those of an n-gram: few prove little
	floor  = 0.2 // what an n-gram counts that all labels have alike
)

// worth is what an n-gram counts that so many texts of each label have: the rarer and the less evenly spread the more. It is
// 0 where too few texts have it.
func worth(texts, all []int32) float32 {
	have, of := int32(0), int32(0)
	for c, t := range texts {
		have += t
		of += all[c]
	}
	if have < leastTexts {
		return 0
	}
	sum, spread := 0.0, 0.0
	rate := func(c int) float64 {
		if all[c] == 0 {
			return 0
		}
		return (float64(texts[c]) + smooth*float64(all[c])/float64(of)) / float64(all[c])
	}
	for c := range texts {
		sum += rate(c)
	}
	for c := range texts {
		if p := rate(c) / sum; p > 0 {
			spread -= p * math.Log(p)
		}
	}
	uneven := 1 - spread/math.Log(float64(len(texts)))
	return float32((1 + math.Log(float64(of)/float64(have))) * (floor + uneven))
}

// damp is what an n-gram that stands so often in a text counts: the second time says less than the first.
func damp(times int32) float32 {
	if int(times) < len(damped) {
		return damped[times]
	}
	return float32(1 + math.Log(float64(times)))
}

var damped = func() (t [64]float32) {
	for i := 1; i < len(t); i++ {
		t[i] = float32(1 + math.Log(float64(i)))
	}
	return t
}()

// descend finds, for each label, the weights that part its texts from all others: a linear support vector machine with
// squared hinge loss, by dual coordinate descent (Hsieh et al., 2008), all labels in one pass over each text.
func (l *learned) descend(rows []sparse, truth []int) {
	k := l.labels
	dual := make([]float32, len(rows)*k)
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	score, step, moved := make([]float32, k), make([]float32, k), make([]int, 0, k)
	const soft = 1 / (2 * cost)
	chance := uint64(1)
	for range rounds {
		for i := len(order) - 1; i > 0; i-- {
			chance = mix(chance)
			j := int(chance % uint64(i+1))
			order[i], order[j] = order[j], order[i]
		}
		worst := float32(0)
		for _, i := range order {
			row := rows[i]
			copy(score, l.bias)
			for j, at := range row.at {
				v := row.values[j]
				for c, w := range l.weights[int(at)*k : int(at)*k+k] {
					score[c] += v * w
				}
			}
			length := float32(2 + soft) // of the text, the bias and the soft margin
			moved = moved[:0]
			for c := range score {
				side := float32(-1)
				if truth[i] == c {
					side = 1
				}
				a := dual[i*k+c]
				slope := side*score[c] - 1 + a*soft
				next := max(a-slope/length, 0)
				step[c] = (next - a) * side
				if next == a {
					continue
				}
				dual[i*k+c] = next
				moved = append(moved, c)
				worst = max(worst, slope, -slope)
			}
			// Of many labels few move: a text is nowhere near most of them.
			for j, at := range row.at {
				v := row.values[j]
				w := l.weights[int(at)*k : int(at)*k+k]
				for _, c := range moved {
					w[c] += step[c] * v
				}
			}
			for _, c := range moved {
				l.bias[c] += step[c]
			}
		}
		if worst < enough {
			break
		}
	}
}

// scores are what a text gets for each label.
func (l *learned) scores(b bag) []float32 {
	out := slices.Clone(l.bias)
	row := l.row(b)
	for j, at := range row.at {
		for c, w := range l.weights[int(at)*l.labels : int(at)*l.labels+l.labels] {
			out[c] += row.values[j] * w
		}
	}
	return out
}

// model makes of what was learned what is kept: weights in a byte.
func (l *learned) model(keys []uint32, labels []string, of []int) *Model {
	k := l.labels
	m := &Model{labels: labels, counts: make([]int, k), bias: l.bias, scale: make([]float32, k)}
	for _, c := range of {
		m.counts[c]++
	}
	for i, w := range l.weights {
		m.scale[i%k] = max(m.scale[i%k], w, -w)
	}
	for c := range m.scale {
		m.scale[c] = max(m.scale[c]/(mostWeight*mostWeight), math.SmallestNonzeroFloat32)
	}
	m.index = newIndex(keys)
	m.worth, m.weights = make([]uint8, len(keys)), make([]int8, len(keys)*k)
	for i, r := range l.worth {
		m.worth[i] = uint8(math.Round(float64(r) / worthStep))
	}
	for i, w := range l.weights {
		root := math.Round(math.Sqrt(math.Abs(float64(w / m.scale[i%k]))))
		m.weights[i] = int8(math.Copysign(root, float64(w)))
	}
	return m
}
