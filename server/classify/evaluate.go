package classify

import (
	"cmp"
	"math"
	"slices"

	"xiaopu/server/parallel"
)

// Figures say how good answers are.
type Figures struct {
	Texts    int
	Accuracy float64
	MacroF1  float64 // the mean of the labels' F1: a rare label counts as much as a common one
	// ECE is the expected calibration error: how far probabilities are, on average, from how often they are right, over ten
	// bins of as many texts each.
	ECE    float64
	Labels []LabelFigures // sorted by label
}

// LabelFigures are those of one label.
type LabelFigures struct {
	Label         string
	Texts         int // that have it
	Precision     float64
	Recall        float64
	F1            float64
	MostMistaken  string // the label that its texts get most when they do not get it; "" for none
	MistakenTexts int
}

// Verdict is what was answered for a text whose label is known.
type Verdict struct {
	Truth       string
	Label       string
	Probability float64
}

const bins = 10

// Measure gives the figures of verdicts.
func Measure(verdicts []Verdict) Figures {
	f := Figures{Texts: len(verdicts)}
	if len(verdicts) == 0 {
		return f
	}
	type tally struct {
		right, given, had int
		mistaken          map[string]int
	}
	of := map[string]*tally{}
	get := func(label string) *tally {
		if of[label] == nil {
			of[label] = &tally{mistaken: map[string]int{}}
		}
		return of[label]
	}
	right := 0
	for _, v := range verdicts {
		get(v.Truth).had++
		get(v.Label).given++
		if v.Truth == v.Label {
			get(v.Truth).right++
			right++
		} else {
			get(v.Truth).mistaken[v.Label]++
		}
	}
	f.Accuracy = float64(right) / float64(len(verdicts))
	for label, t := range of {
		l := LabelFigures{Label: label, Texts: t.had, Precision: share(t.right, t.given), Recall: share(t.right, t.had)}
		if sum := l.Precision + l.Recall; sum > 0 {
			l.F1 = 2 * l.Precision * l.Recall / sum
		}
		for other, n := range t.mistaken {
			if n > l.MistakenTexts || n == l.MistakenTexts && other < l.MostMistaken {
				l.MostMistaken, l.MistakenTexts = other, n
			}
		}
		f.Labels = append(f.Labels, l)
	}
	slices.SortFunc(f.Labels, func(a, b LabelFigures) int { return cmp.Compare(a.Label, b.Label) })
	// A label that no text has, but some got, is counted by what it took from the others.
	known := 0
	for _, l := range f.Labels {
		if l.Texts > 0 {
			f.MacroF1 += l.F1
			known++
		}
	}
	f.MacroF1 /= float64(known)
	f.ECE = calibrationError(verdicts)
	return f
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func calibrationError(verdicts []Verdict) (sum float64) {
	sorted := slices.Clone(verdicts)
	slices.SortStableFunc(sorted, func(a, b Verdict) int { return cmp.Compare(a.Probability, b.Probability) })
	for i := range bins {
		bin := sorted[i*len(sorted)/bins : (i+1)*len(sorted)/bins]
		off := 0.0
		for _, v := range bin {
			off += v.Probability
			if v.Truth == v.Label {
				off--
			}
		}
		sum += math.Abs(off)
	}
	return sum / float64(len(sorted))
}

// Test asks a model about examples whose label is known.
func (m *Model) Test(examples []Example, workers int) []Verdict {
	out := make([]Verdict, len(examples))
	parallel.Do(workers, len(examples), func(i int) {
		best := m.Classify(examples[i].Text)[0]
		out[i] = Verdict{examples[i].Label, best.Label, best.Probability}
	})
	return out
}

// CrossValidate learns as often as there are folds, each time from all examples but one fold's and those near to them, and
// gives what each model says of its fold, with the figures of each. What is only to be learned from (extra) is in no fold.
func CrossValidate(examples, extra []Example, folds, workers int) (verdicts []Verdict, of []Figures, err error) {
	groups := Groups(slices.Concat(examples, extra))
	verdicts = make([]Verdict, len(examples))
	in := split(groups[:len(examples)], folds)
	for f := range folds {
		held := map[int]bool{} // groups with a member in this fold
		for i, g := range groups[:len(examples)] {
			if in[i] == f {
				held[g] = true
			}
		}
		var learn, test []Example
		var at []int
		for i, e := range slices.Concat(examples, extra) {
			switch {
			case !held[groups[i]]:
				learn = append(learn, e)
			case i < len(examples):
				test = append(test, e)
				at = append(at, i)
			}
		}
		if len(test) == 0 {
			continue
		}
		m, err := Train(learn, workers)
		if err != nil {
			return nil, nil, err
		}
		answers := m.Test(test, workers)
		of = append(of, Measure(answers))
		for i, v := range answers {
			verdicts[at[i]] = v
		}
	}
	return verdicts, of, nil
}

// Difference is how one model's verdicts differ from another's on the same texts.
type Difference struct {
	Mended int // wrong before, right now
	Broken int // right before, wrong now
	// Chance is how often models that are equally good would differ at least so much (McNemar's exact test).
	Chance float64
}

// Compare gives the difference between two models' verdicts on the same texts in the same order.
func Compare(before, now []Verdict) Difference {
	var d Difference
	for i, b := range before {
		was, is := b.Truth == b.Label, now[i].Truth == now[i].Label
		switch {
		case is && !was:
			d.Mended++
		case was && !is:
			d.Broken++
		}
	}
	n, few := d.Mended+d.Broken, min(d.Mended, d.Broken)
	all, _ := math.Lgamma(float64(n + 1))
	for k := range few + 1 {
		a, _ := math.Lgamma(float64(k + 1))
		b, _ := math.Lgamma(float64(n - k + 1))
		d.Chance += 2 * math.Exp(all-a-b-float64(n)*math.Ln2)
	}
	d.Chance = min(d.Chance, 1)
	return d
}
