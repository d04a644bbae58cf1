package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"xiaopu/server/classify"
	"xiaopu/server/demo"
)

const (
	trainTexts    = 10_000
	classifyTexts = 20_000
	textRunes     = 250 // of a message to a leader: what people write there is about so long
)

// labelledTexts makes messages of a street: what the demonstration's tickets say, under the first level of their category,
// among words of a vocabulary as large and as unevenly used as a language's.
func labelledTexts(n int, seed uint64) []classify.Example {
	rows := demo.Export(start)
	rnd := rand.New(rand.NewPCG(seed, 5))
	words := rand.New(rand.NewPCG(2026, 5)) // the same language for every seed
	vocabulary := make([]string, 30_000)
	for i := range vocabulary {
		word := make([]rune, 1+words.IntN(3))
		for j := range word {
			word[j] = rune(0x4e00 + int(3000*words.Float64()*words.Float64()))
		}
		vocabulary[i] = string(word)
	}
	often := rand.NewZipf(rnd, 1.07, 8, uint64(len(vocabulary)-1))
	out := make([]classify.Example, n)
	for i := range out {
		r := rows[rnd.IntN(len(rows))]
		var b strings.Builder
		b.WriteString(r.Content)
		for runes := len([]rune(r.Content)); runes < textRunes; {
			word := vocabulary[often.Uint64()]
			b.WriteString(word)
			runes += len([]rune(word))
			if rnd.IntN(6) == 0 {
				b.WriteString("，")
			}
		}
		out[i] = classify.Example{Text: classify.Text{Title: r.Title, Detail: b.String()}, Label: r.Category[0]}
	}
	return out
}

func BenchmarkRecognizeClassify(b *testing.B) {
	bench(b, func(context.Context, knowledge, string) error {
		workers := runtime.GOMAXPROCS(0)
		examples := labelledTexts(trainTexts, 1)
		began := time.Now()
		m, err := classify.Train(examples, workers)
		if err != nil {
			return err
		}
		took := time.Since(began).Seconds()
		say("trained on %d texts of %d characters and %d labels in %.1f s on %d cores; model %.1f MB; held out: accuracy %.3f, ECE %.3f",
			trainTexts, textRunes, len(m.Labels()), took, workers, float64(len(m.Bytes()))/(1<<20), m.Figures().Accuracy, m.Figures().ECE)
		results.add(atMost("training on 10,000 texts, s", fmt.Sprintf("%.1f s", took), "", took, 20))
		results.add(atMost("classification model, MB", fmt.Sprintf("%.1f MB", float64(len(m.Bytes()))/(1<<20)), "", float64(len(m.Bytes()))/(1<<20), 5))

		var texts []classify.Text
		for _, e := range labelledTexts(classifyTexts, 2) {
			texts = append(texts, e.Text)
		}
		began = time.Now()
		m.ClassifyAll(texts, workers)
		rate := float64(len(texts)) / time.Since(began).Seconds()
		began = time.Now()
		for _, t := range texts[:classifyTexts/10] {
			m.Reasons(t, m.Classify(t)[0].Label)
		}
		explained := float64(classifyTexts/10) / time.Since(began).Seconds()
		say("classified %.0f texts a second on %d cores; %.0f a second on one with their reasons", rate, workers, explained)
		results.add(atLeast("classification, texts a second", fmt.Sprintf("%.0f", rate), "", rate, 2000))
		return nil
	})
}

func TestLabelledTextsTell(t *testing.T) {
	m, err := classify.Train(labelledTexts(300, 3), 2)
	if err != nil {
		t.Fatal(err)
	}
	if f := classify.Measure(m.Test(labelledTexts(200, 4), 2)); f.Accuracy < 0.7 {
		t.Errorf("%+v", f)
	}
}
