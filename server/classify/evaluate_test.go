package classify_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"xiaopu/server/classify"
)

func TestMeasure(t *testing.T) {
	v := func(truth, label string, p float64) classify.Verdict {
		return classify.Verdict{Truth: truth, Label: label, Probability: p}
	}
	f := classify.Measure([]classify.Verdict{
		v("a", "a", 0.9), v("a", "a", 0.8), v("a", "a", 0.7), v("a", "b", 0.6), v("b", "b", 0.9), v("b", "a", 0.5), v("b", "c", 0.4), v("b", "a", 0.4), v("c", "c", 1), v("c", "c", 1),
	})
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	// a: precision 3/5, recall 3/4; b: 1/2, 1/4; c: 2/3, 1.
	if !near(f.Accuracy, 0.6) || !near(f.MacroF1, (2*0.6*0.75/1.35+2*0.5*0.25/0.75+2*2.0/3/(5.0/3))/3) {
		t.Errorf("%+v", f)
	}
	b := f.Labels[1]
	if b.Label != "b" || b.Texts != 4 || !near(b.Precision, 0.5) || !near(b.Recall, 0.25) || b.MostMistaken != "a" || b.MistakenTexts != 2 {
		t.Errorf("%+v", b)
	}
	// Ten bins of one: what each is off.
	if want := (0.4 + 0.4 + 0.5 + 0.6 + 0.3 + 0.2 + 0.1 + 0.1) / 10; !near(f.ECE, want) {
		t.Errorf("ECE %f, want %f", f.ECE, want)
	}
	if f := classify.Measure(nil); f.Texts != 0 || f.Accuracy != 0 || f.ECE != 0 {
		t.Errorf("%+v", f)
	}
}

func TestCompareSaysWhetherByChance(t *testing.T) {
	verdicts := func(right ...bool) (out []classify.Verdict) {
		for _, r := range right {
			out = append(out, classify.Verdict{Truth: "a", Label: map[bool]string{true: "a", false: "b"}[r]})
		}
		return out
	}
	many := func(n int, right bool) []bool { return slices.Repeat([]bool{right}, n) }
	for _, x := range []struct {
		before, now []bool
		want        classify.Difference
	}{
		{[]bool{true, false}, []bool{true, false}, classify.Difference{Chance: 1}},
		{many(5, false), many(5, true), classify.Difference{Mended: 5, Chance: 2.0 / 32}},
		{append(many(9, false), true), append(many(9, true), false), classify.Difference{Mended: 9, Broken: 1, Chance: 2 * 11.0 / 1024}},
	} {
		got := classify.Compare(verdicts(x.before...), verdicts(x.now...))
		if got.Mended != x.want.Mended || got.Broken != x.want.Broken || math.Abs(got.Chance-x.want.Chance) > 1e-9 {
			t.Errorf("%+v, want %+v", got, x.want)
		}
	}
}

func TestGroupsFindNearCopies(t *testing.T) {
	others := sample(120, 40)
	text := "听荷苑3号楼的电梯从上周三开始停运，物业公司说配件要等，八楼的老人下不了楼，孩子上学也受影响，希望房管部门督促尽快修好并公示维保记录。"
	examples := append(others,
		classify.Example{Text: classify.Text{Title: "电梯停运", Detail: text}},
		classify.Example{Text: classify.Text{Detail: "再次反映：" + text}},
		classify.Example{Text: classify.Text{Text: "电梯 停运 听荷苑 3 号楼 电梯 上周三 开始 停运 物业公司 配件 八楼 老人 下不了 楼 孩子 上学 受 影响 房管 部门 督促 修好 公示 维保 记录"}},
		classify.Example{Text: classify.Text{Detail: "恒之路上的梧桐树枝伸进窗户，台风天打在玻璃上，希望绿化部门修剪。"}, Group: 7},
		classify.Example{Text: classify.Text{Detail: "孩子在操场踢球摔伤，学校没有及时通知家长，要求说明情况。"}, Group: 7},
	)
	got := classify.Groups(examples)
	n := len(others)
	if got[n] != got[n+1] || got[n] != got[n+2] {
		t.Errorf("the same message: %v", got[n:])
	}
	if got[n+3] != got[n+4] || got[n+3] == got[n] {
		t.Errorf("those that say they belong together: %v", got[n:])
	}
	if slices.Contains(got[:n], got[n]) {
		t.Error("another message is in the group")
	}
}

// Every text is there twice, its copy as cut words, and its label is a coin. Who learns from copies is right; who does not
// can only guess.
func TestCrossValidationLearnsFromNoCopy(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 1))
	var examples, extra []classify.Example
	for i := range 120 {
		var text []rune
		for range 60 {
			text = append(text, rune(0x4e00+r.IntN(2000)))
		}
		e := classify.Example{Text: classify.Text{Detail: string(text)}, Label: fmt.Sprint(r.IntN(2))}
		copied := e
		copied.Text = classify.Text{Text: cutUp(e.Detail)}
		examples = append(examples, e)
		if i%2 == 0 {
			examples = append(examples, copied)
		} else {
			extra = append(extra, copied)
		}
	}
	verdicts, of, err := classify.CrossValidate(examples, extra, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, f := range of {
		total += f.Texts
	}
	if f := classify.Measure(verdicts); len(of) != 4 || total != len(examples) || f.Accuracy > 0.65 {
		t.Errorf("%d folds of %d in all; %+v", len(of), total, f)
	}
	m := trained(t, slices.Concat(examples, extra))
	if f := classify.Measure(m.Test(examples, 2)); f.Accuracy < 0.95 {
		t.Errorf("having seen them: %+v", f)
	}
}
