package classify_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/classify"
)

func trained(t testing.TB, examples []classify.Example) *classify.Model {
	t.Helper()
	m, err := classify.Train(examples, 2)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestModelLearnsAndSaysWhy(t *testing.T) {
	m := trained(t, sample(400, 1))
	for _, x := range []struct {
		text  classify.Text
		label string
		words string // one of the reasons has them
	}{
		{classify.Text{Title: "夜里打桩", Detail: "隔壁工地打桩，吵得一家人睡不着。"}, "噪声扰民", "打桩"},
		{classify.Text{Detail: "我在一家公司上班，老板拖欠工资，请帮忙。"}, "劳动用工", "拖欠工资"},
		{classify.Text{Title: "公交车太少"}, "交通出行", "公交车"},
		{classify.Text{Text: "希望 了解 物业费 涨价 依据 公示"}, "物业管理", "物业费涨价"},
	} {
		got := m.Classify(x.text)
		sum := 0.0
		for _, g := range got {
			sum += g.Probability
		}
		if got[0].Label != x.label || got[0].Probability < 0.5 || len(got) != 4 || math.Abs(sum-1) > 1e-9 {
			t.Errorf("%v: %v", x.text, got)
		}
		found, shares := false, 0.0
		for _, r := range m.Reasons(x.text, x.label) {
			found = found || strings.Contains(r.Words, x.words)
			shares += r.Share
		}
		if !found || shares > 1+1e-9 {
			t.Errorf("%v: reasons %v, want one with %s", x.text, m.Reasons(x.text, x.label), x.words)
		}
	}
	if got := m.Classify(classify.Text{}); got[0].Probability > 0.6 {
		t.Errorf("sure of nothing: %v", got)
	}
	if got := m.Reasons(classify.Text{Title: "公交车"}, "没有的"); got != nil {
		t.Error(got)
	}
}

// A tenth of the labels is wrong: whoever is honest is right nine times in ten and says so.
func TestProbabilitiesAreWhatTheySay(t *testing.T) {
	m := trained(t, sample(1200, 2))
	f := classify.Measure(m.Test(sample(1200, 3), 2))
	if f.Accuracy < 0.88 || f.Accuracy > 0.92 || f.MacroF1 < 0.87 || f.ECE > 0.045 {
		t.Errorf("%+v", f)
	}
	if own := m.Figures(); math.Abs(own.Accuracy-f.Accuracy) > 0.03 || math.Abs(own.ECE-f.ECE) > 0.03 {
		t.Errorf("it says of itself %+v, and is %+v", own, f)
	}
}

func TestSameExamplesMakeTheSameModel(t *testing.T) {
	a, err := classify.Train(sample(200, 4), 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := classify.Train(sample(200, 4), 3)
	if err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) || a.Version() != b.Version() {
		t.Error("two models", err)
	}
	c := trained(t, sample(200, 5))
	if c.Version() == a.Version() {
		t.Error("one version for two models")
	}
	back, err := classify.Read(a.Bytes())
	if err != nil || !bytes.Equal(back.Bytes(), a.Bytes()) || back.Version() != a.Version() || back.Examples() != 200 {
		t.Fatal(err)
	}
	for _, e := range sample(50, 6) {
		x, y := a.Classify(e.Text), back.Classify(e.Text)
		for i := range x {
			if x[i] != y[i] {
				t.Fatalf("%v, read back %v", x, y)
			}
		}
	}
}

// Words that somebody cut, without marks and common words, are the same message.
func TestCutWordsAreReadAsText(t *testing.T) {
	m := trained(t, sample(400, 7))
	same := 0
	tests := sample(200, 8)
	for _, e := range tests {
		whole := e.Title + e.Detail + e.Text.Text
		a, b := m.Classify(classify.Text{Text: whole})[0], m.Classify(classify.Text{Text: cutUp(whole)})[0]
		if a.Label == b.Label {
			same++
		}
	}
	if same < 190 {
		t.Errorf("%d of 200 the same", same)
	}
}

func TestReadRefuses(t *testing.T) {
	good := trained(t, sample(60, 9)).Bytes()
	change := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	for name, x := range map[string]struct {
		data   []byte
		reason string
	}{
		"nothing":          {nil, "classify.no_model"},
		"something else":   {[]byte(strings.Repeat("rid,label\n", 20)), "classify.no_model"},
		"a bit turned":     {change(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), "classify.model_damaged"},
		"cut off":          {good[:len(good)-10], "classify.model_damaged"},
		"another format":   {change(func(b []byte) []byte { b[4]++; return b }), "classify.model_format"},
		"something behind": {append(bytes.Clone(good), 0), "classify.model_damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := classify.Read(x.data)
			e, ok := err.(*apperr.Error)
			if !ok || e.Reason != x.reason {
				t.Error(err)
			}
		})
	}
}

func TestTrainRefuses(t *testing.T) {
	one := sample(40, 10)
	for i := range one {
		one[i].Label = "一种"
	}
	for name, examples := range map[string][]classify.Example{"nothing": nil, "too little": sample(19, 10), "one label": one} {
		if _, err := classify.Train(examples, 2); err == nil || !strings.Contains(err.Error(), "classify.examples") {
			t.Error(name, err)
		}
	}
}
