package classify

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"unicode/utf8"

	"xiaopu/server/apperr"
)

// A model as it is written:
//
//	magic, format            4 + 2 bytes
//	labels                   count; each: length, name, examples
//	figures                  accuracy, macro-F1, ECE
//	bias, offset, scale      of each label; then slope and chance
//	n-grams                  count; each: distance to the key before, worth, a weight per label
//	checksum                 SHA-256 of all before
//
// Counts, lengths and distances are uvarints, numbers float32, little endian.
const (
	magic = "XPCL"
	// format is raised whenever a text is cut or weighed in another way: weights are good for the same n-grams alone.
	format     = 1
	mostKeys   = 4_000_000
	versionLen = 12
	mostNumber = 1e6 // no training comes near it, and nothing that is reckoned with such numbers overflows
)

// Bytes is the model as it is kept; Read reads it.
func (m *Model) Bytes() []byte { return slices.Clone(m.data) }

// seal writes the model and names it.
func (m *Model) seal() {
	var b []byte
	number := func(fs ...float32) {
		for _, f := range fs {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		}
	}
	count := func(n int) { b = binary.AppendUvarint(b, uint64(n)) }
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint16(b, format)
	count(len(m.labels))
	for i, l := range m.labels {
		count(len(l))
		b = append(b, l...)
		count(m.counts[i])
	}
	f := m.figures
	number(float32(f.Accuracy), float32(f.MacroF1), float32(f.ECE))
	number(m.bias...)
	number(m.calibration.offsets...)
	number(m.scale...)
	number(m.calibration.slope, m.calibration.chance)
	count(len(m.keys))
	before := uint32(0)
	for i, k := range m.keys {
		count(int(k - before))
		before = k
		b = append(b, m.worth[i])
		for _, w := range m.weights[i*len(m.labels) : (i+1)*len(m.labels)] {
			b = append(b, byte(w))
		}
	}
	sum := sha256.Sum256(b)
	m.data = append(b, sum[:]...)
	m.version = hex.EncodeToString(sum[:])[:versionLen]
}

// Read reads a model. It fails with failed_precondition where the file is no model, is damaged, or was learned by a version
// of the program that cuts texts in another way.
func Read(data []byte) (*Model, error) {
	refuse := func(reason, message string) (*Model, error) {
		return nil, apperr.New(apperr.FailedPrecondition, "classify."+reason, message)
	}
	if len(data) < len(magic)+2+sha256.Size || string(data[:len(magic)]) != magic {
		return refuse("no_model", "这不是分类模型文件，请核对路径；模型由 xiaopu recognize train 生成。")
	}
	if binary.LittleEndian.Uint16(data[len(magic):]) != format {
		return refuse("model_format", "这个模型由另一版本的程序训练，不能使用，请用 xiaopu recognize train 重新训练。")
	}
	body := data[:len(data)-sha256.Size]
	if sum := sha256.Sum256(body); string(sum[:]) != string(data[len(body):]) {
		return refuse("model_damaged", "模型文件已损坏（校验和不符），请重新训练或从备份恢复。")
	}
	r := reader{rest: body[len(magic)+2:]}
	m := &Model{data: slices.Clone(data), version: hex.EncodeToString(data[len(body):])[:versionLen]}
	labels := r.count(mostLabels)
	for range labels {
		name := r.bytes(r.count(MostLabelRunes * utf8.UTFMax))
		m.labels = append(m.labels, string(name))
		m.counts = append(m.counts, r.count(mostExamples))
	}
	m.figures = Figures{Accuracy: float64(r.number()), MacroF1: float64(r.number()), ECE: float64(r.number())}
	m.bias, m.calibration.offsets, m.scale = r.numbers(labels), r.numbers(labels), r.numbers(labels)
	m.calibration.slope, m.calibration.chance = r.number(), r.number()
	keys := r.count(mostKeys)
	if c := m.calibration.chance; c < 0 || c > 1 {
		r.bad = true
	}
	if m.Examples() == 0 {
		r.bad = true
	}
	// What is left bounds what is made room for.
	if r.bad || labels < 2 || keys*(2+labels) > len(r.rest) || !slices.IsSorted(m.labels) || len(slices.Compact(slices.Clone(m.labels))) != labels {
		return refuse("model_damaged", "模型文件内容有误，请重新训练。")
	}
	known := make([]uint32, keys)
	m.worth, m.weights = make([]uint8, keys), make([]int8, keys*labels)
	before := uint64(0)
	for i := range keys {
		step := uint64(r.count(math.MaxUint32))
		before += step
		if step == 0 && i > 0 || before > math.MaxUint32 {
			r.bad = true
		}
		rest := r.bytes(1 + labels)
		if r.bad {
			break
		}
		known[i], m.worth[i] = uint32(before), rest[0]
		for c, w := range rest[1:] {
			m.weights[i*labels+c] = int8(w)
		}
	}
	if r.bad || len(r.rest) > 0 {
		return refuse("model_damaged", "模型文件内容有误，请重新训练。")
	}
	m.index = newIndex(known)
	return m, nil
}

// reader takes a written model apart; bad is set once something is not as it must be, and all after it is empty.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) bytes(n int) []byte {
	if r.bad || n < 0 || n > len(r.rest) {
		r.bad = true
		return make([]byte, 0)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) count(most int) int {
	n, size := binary.Uvarint(r.rest)
	if r.bad || size <= 0 || n > uint64(most) {
		r.bad = true
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

func (r *reader) number() float32 {
	b := r.bytes(4)
	if len(b) < 4 {
		return 0
	}
	f := math.Float32frombits(binary.LittleEndian.Uint32(b))
	if !(math.Abs(float64(f)) <= mostNumber) { // nor is NaN
		r.bad = true
		return 0
	}
	return f
}

func (r *reader) numbers(n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = r.number()
	}
	return out
}
