package classify

import (
	"cmp"
	"math"
	"slices"

	"xiaopu/server/parallel"
)

// Model tells what texts are about, as it was learned from examples. It is safe for concurrent use.
type Model struct {
	labels      []string
	counts      []int // examples of each label
	bias        []float32
	calibration calibration
	figures     Figures // of the parts it was not learned from

	index         // of the n-grams that count
	worth []uint8 // of each, in steps of worthStep
	// weights are of each n-gram and each label: roots of multiples of the label's scale, since most weights are small.
	weights []int8
	scale   []float32

	data    []byte // as it is written
	version string
}

const (
	worthStep  = 1.0 / 16 // an n-gram of the fewest among mostExamples comes to 15
	mostWeight = 127
)

// squares undo the roots, by byte.
var squares = func() (t [256]float32) {
	for w := -mostWeight; w <= mostWeight; w++ {
		t[uint8(int8(w))] = float32(w * max(w, -w))
	}
	return t
}()

// Guess is a label with its probability.
type Guess struct {
	Label       string
	Probability float64
}

// Labels are what the model tells apart, sorted.
func (m *Model) Labels() []string { return slices.Clone(m.labels) }

// Figures are how well the model did, while it was learned, on examples that it had not seen.
func (m *Model) Figures() Figures { return m.figures }

// Examples is how many it was learned from.
func (m *Model) Examples() int {
	n := 0
	for _, c := range m.counts {
		n += c
	}
	return n
}

// Version names the model by its content.
func (m *Model) Version() string { return m.version }

// Classify gives every label with its probability, the likeliest first. A text of which the model knows no n-gram gets the
// shares of the labels.
func (m *Model) Classify(t Text) []Guess {
	scores, known := m.scores(t)
	p := m.calibration.probabilities(scores)
	if !known {
		for c, n := range m.counts {
			p[c] = float64(n) / float64(m.Examples())
		}
	}
	out := make([]Guess, len(p))
	for i, q := range p {
		out[i] = Guess{m.labels[i], q}
	}
	slices.SortStableFunc(out, func(a, b Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return out
}

// ClassifyAll is Classify for many texts, on so many workers.
func (m *Model) ClassifyAll(texts []Text, workers int) [][]Guess {
	out := make([][]Guess, len(texts))
	parallel.Do(workers, len(texts), func(i int) { out[i] = m.Classify(texts[i]) })
	return out
}

// scores are a text's for each label; known tells whether there is anything in it to go by.
func (m *Model) scores(t Text) (out []float32, known bool) {
	b := m.bag(t)
	k := len(m.labels)
	sum := 0.0
	dots := make([]float32, k)
	for j, i := range b.at {
		v := damp(b.times[j]) * float32(m.worth[i]) * worthStep
		sum += float64(v) * float64(v)
		for c, w := range m.weights[int(i)*k : int(i)*k+k] {
			dots[c] += v * squares[uint8(w)]
		}
	}
	out = slices.Clone(m.bias)
	if sum > 0 {
		unit := float32(1 / math.Sqrt(sum))
		for c := range out {
			out[c] += dots[c] * unit * m.scale[c]
		}
	}
	return out, sum > 0
}

// Reason is a piece of a text and how far it moved the answer: shares of all that spoke for it.
type Reason struct {
	Words string
	Share float64
}

// Bounds of what is worth telling.
const (
	mostReasons      = 5
	leastReasonLen   = 2 // characters
	mostReasonLen    = 10
	leastOfStrongest = 0.12 // what an n-gram counts next to the strongest, to be part of a reason
)

// Reasons are the pieces of a text that spoke most for a label and against its strongest rival, the weightiest first.
// N-grams that lie over one another are told as the words they make up.
func (m *Model) Reasons(t Text, label string) []Reason {
	c, ok := slices.BinarySearch(m.labels, label)
	if !ok {
		return nil
	}
	rival, best := -1, float32(math.Inf(-1))
	scores, _ := m.scores(t)
	for i, s := range scores {
		if i != c && s > best {
			rival, best = i, s
		}
	}
	b := m.bag(t)
	credit := func(key uint32) float32 {
		i := m.find(key)
		if i < 0 {
			return 0
		}
		j, _ := slices.BinarySearch(b.at, i)
		v := damp(b.times[j]) / float32(b.times[j]) * float32(m.worth[i])
		k := int(i) * len(m.labels)
		return v * (squares[uint8(m.weights[k+c])]*m.scale[c] - squares[uint8(m.weights[k+rival])]*m.scale[rival])
	}
	title, body := t.parts()
	said := map[string]float64{}
	strongest, all := float32(0), 0.0
	texts := [][]rune{title, body}
	for _, text := range texts {
		spans(text, func(_, n int, key uint32) {
			if n >= leastReasonLen {
				strongest = max(strongest, credit(key))
			}
		})
	}
	for _, text := range texts {
		of, covered := make([]float32, len(text)+1), make([]bool, len(text)+1)
		spans(text, func(i, n int, key uint32) {
			w := credit(key)
			for j := i; j < i+n; j++ {
				of[j] += w / float32(n)
				covered[j] = covered[j] || n >= leastReasonLen && w > strongest*leastOfStrongest
			}
		})
		for i := 0; i < len(text); i++ {
			j, sum := i, 0.0
			for ; covered[j] && j-i < mostReasonLen; j++ {
				sum += float64(of[j])
			}
			if j-i >= leastReasonLen && sum > 0 {
				said[string(text[i:j])] += sum
				all += sum
			}
			i = max(i, j-1)
		}
	}
	var out []Reason
	for words, sum := range said {
		out = append(out, Reason{words, sum / all})
	}
	slices.SortFunc(out, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Words, b.Words))
	})
	return out[:min(len(out), mostReasons)]
}
