package classify_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"xiaopu/server/classify"
)

// twoLabels is a small model of “灯” and “梯”, without its checksum.
func twoLabels(t testing.TB) []byte {
	var few []classify.Example
	for i := range 24 {
		few = append(few, classify.Example{Label: []string{"灯", "梯"}[i%2], Text: classify.Text{Detail: []string{"路灯不亮", "电梯停运"}[i%2]}})
	}
	good := trained(t, few).Bytes()
	return good[:len(good)-sha256.Size]
}

// What numbers of a file are beyond all reason would make probabilities that are none.
func TestNumbersBeyondAllReasonAreRefused(t *testing.T) {
	const numbers, size = 4 + 2 + 1 + 2*(1+3+1), 4 // behind magic, format and labels
	for at := range 3 + 2 + 2 + 2 + 2 {
		for _, v := range []float32{3e38, -3e38, 1e20} {
			body := twoLabels(t)
			binary.LittleEndian.PutUint32(body[numbers+at*size:], math.Float32bits(v))
			sum := sha256.Sum256(body)
			if m, err := classify.Read(append(body, sum[:]...)); err == nil {
				t.Errorf("number %d is %g: %v", at, v, m.Classify(classify.Text{Detail: "路灯不亮"}))
			}
		}
	}
}

// FuzzRead gives the reader what is no model, under a right checksum, so that it gets beyond it.
func FuzzRead(f *testing.F) {
	f.Add(twoLabels(f))
	f.Add([]byte("XPCL\x01\x00\x02\x01a\x01\x01b\x01"))
	f.Add([]byte("XPCL\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		m, err := classify.Read(append(body, sum[:]...))
		if err != nil {
			return
		}
		check(t, m, classify.Text{Title: "路灯不亮", Detail: "公交站旁路灯不亮"})
	})
}

func FuzzClassify(f *testing.F) {
	m := trained(f, sample(80, 21))
	f.Add("路灯 不亮 老人 出行 困难", "望舒里A1区B2县路灯", "")
	f.Add("\xff\xfe", "Ａ１２３ｋｔｖ", "\x00")
	f.Add("", "", strings.Repeat("噪 音 ", 3000))
	f.Fuzz(func(t *testing.T, title, detail, text string) {
		check(t, m, classify.Text{Title: title, Detail: detail, Text: text})
	})
}

func check(t *testing.T, m *classify.Model, text classify.Text) {
	t.Helper()
	got := m.Classify(text)
	sum := 0.0
	for _, g := range got {
		sum += g.Probability
	}
	if len(got) != len(m.Labels()) || math.IsNaN(sum) || math.Abs(sum-1) > 1e-6 {
		t.Fatalf("%v sum %f", got, sum)
	}
	for _, r := range m.Reasons(text, got[0].Label) {
		if r.Words == "" || math.IsNaN(r.Share) || r.Share < 0 || r.Share > 1+1e-6 {
			t.Errorf("reason %v", r)
		}
	}
}
