package classify

import "math"

// calibration makes probabilities of scores: p = (1-chance)·softmax(slope·score + offset of the label) + chance/labels. It is
// fitted to scores of texts that the model which scored them had not seen. Chance is the share of labels that nothing in
// the text explains: people set some wrongly, so nothing is ever quite certain.
type calibration struct {
	slope   float32
	chance  float32
	offsets []float32
}

const (
	calibrationRounds = 300
	// Offsets are held near 0 as if by so many texts: a rare label must not be moved by a handful.
	prior = 10.0
	// settled is a step too small to go on for.
	settled = 1e-5
)

// calibrate fits by expectation and maximisation: how likely each label was set by chance, then steps of Newton's on
// each coordinate's own curvature, which need no step size.
func calibrate(scores [][]float32, truth []int, labels int) calibration {
	slope, chance, offsets := 2.0, 0.02, make([]float64, labels)
	p := make([]float64, labels)
	for range calibrationRounds {
		var gs, hs, moved, byChance float64
		g, h := make([]float64, labels), make([]float64, labels)
		for i, s := range scores {
			softmax(p, s, slope, offsets)
			floor := chance / float64(labels)
			odd := floor / (floor + (1-chance)*p[truth[i]])
			byChance += odd
			told := 1 - odd
			mean, square := 0.0, 0.0
			for c, q := range p {
				x := float64(s[c])
				mean += q * x
				square += q * x * x
				g[c] += told * q
				h[c] += told * q * (1 - q)
			}
			g[truth[i]] -= told
			gs += told * (mean - float64(s[truth[i]]))
			hs += told * (square - mean*mean)
		}
		next := min(max(byChance/float64(len(scores)), 1e-4), 0.5)
		moved = math.Abs(next - chance)
		chance = next
		if hs > 0 {
			d := min(max(gs/hs, -1), 1)
			slope = min(max(slope-d, 0.1), 50)
			moved = max(moved, math.Abs(d))
		}
		for c := range offsets {
			d := (g[c] + prior*offsets[c]/float64(labels)) / (h[c] + prior/float64(labels))
			d = min(max(d/2, -0.5), 0.5) // half a step: the coordinates lean on one another
			offsets[c] = min(max(offsets[c]-d, -5), 5)
			moved = max(moved, math.Abs(d))
		}
		if moved < settled {
			break
		}
	}
	c := calibration{slope: float32(slope), chance: float32(chance), offsets: make([]float32, labels)}
	for i, o := range offsets {
		c.offsets[i] = float32(o)
	}
	return c
}

func softmax(p []float64, scores []float32, slope float64, offsets []float64) {
	top := math.Inf(-1)
	for c, s := range scores {
		p[c] = slope*float64(s) + offsets[c]
		top = max(top, p[c])
	}
	sum := 0.0
	for c := range p {
		p[c] = math.Exp(p[c] - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
}

// probabilities are those of a text's scores.
func (k calibration) probabilities(scores []float32) []float64 {
	p, offsets := make([]float64, len(scores)), make([]float64, len(scores))
	for i, o := range k.offsets {
		offsets[i] = float64(o)
	}
	softmax(p, scores, float64(k.slope), offsets)
	for c := range p {
		p[c] = (1-float64(k.chance))*p[c] + float64(k.chance)/float64(len(p))
	}
	return p
}
