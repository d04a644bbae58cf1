package config

import (
	"strings"
	"testing"

	"xiaopu/server/classify"
)

func TestShippedTopics(t *testing.T) {
	tree, err := LoadTopics(read(t, "topics.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// The first entries of the policy (二.2), by their domain.
	want := map[string]string{"住房保障": "livelihood", "养老服务": "livelihood", "教育医疗": "livelihood", "环境治理": "livelihood", "交通出行": "livelihood",
		"企业开办": "business", "项目审批": "business", "政策兑现": "business", "融资贷款": "business", "人才引进": "business"}
	for _, b := range tree.Topics {
		if d, ok := want[b.Name]; ok && d == string(b.Domain) {
			delete(want, b.Name)
		}
	}
	if len(want) > 0 || len(tree.Marks) != 4 || len(tree.Crossings) != 3 {
		t.Errorf("without %v; %d marks, %d crossings", want, len(tree.Marks), len(tree.Crossings))
	}
}

func TestTopicsProblems(t *testing.T) {
	good := string(read(t, "topics.yaml"))
	for name, c := range map[string]struct{ old, new, want string }{
		"a domain":        {"domain: business\n    topics:", "domain: shops\n    topics:", "“domain”现在是“shops”"},
		"a name twice":    {"name: 机构养老", "name: 居家养老", "二级类别“居家养老”重复"},
		"a name in two":   {"name: 机构养老", "name: 机构/养老", "名称“机构/养老”"},
		"a probability":   {"probability: 85", "probability: 150", "“probability”现在是 150"},
		"a kind":          {"kind: public_opinion", "kind: opinion", "“kind”现在是“opinion”"},
		"a threshold":     {"ask_below: 60", "ask_below: 600", "“ask_below”现在是 600"},
		"an unknown key":  {"version: 1", "versions: 1", "versions"},
		"a missing list":  {"negations:", "# negations:", "negations"},
		"a word too long": {"strong: [公租房", "strong: [" + strings.Repeat("长", 21), "应为 2 到 20 个字"},
		"marks as a word": {"strong: [公租房", "strong: [“”", "应为 2 到 20 个字"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			_, err := LoadTopics([]byte(text))
			if text == good || err == nil || !strings.Contains(err.Error(), c.want) || name != "a missing list" && !strings.Contains(err.Error(), "第 ") || !chinese(err) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

func FuzzLoadTopics(f *testing.F) {
	f.Add(read(f, "topics.yaml"))
	f.Add([]byte(`version: 1
ask_below: 50
topics: [{name: 甲, domain: business, topics: [{name: 乙, lead: [], strong: [路灯], words: [灯]}]}]
domains: []
crossings: []
marks: [{kind: danger_to_life, name: 危险, probability: 50, phrases: [砸…伤]}]
negations: [没]
between: []
preventions: []
hypotheticals: []
conditions: []
`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := LoadTopics(data)
		if err != nil {
			if !chinese(err) {
				t.Errorf("not in Chinese: %v", err)
			}
			return
		}
		k := classify.Knowledge{Lexicon: classify.NewLexicon(tree)}
		a := k.Combine(classify.Query{Text: classify.Text{Title: "路灯不亮", Detail: string(data)}}, nil)
		if p := a.Topic.Probability; !(p >= 0 && p <= 1.000001) {
			t.Errorf("probability %f", p)
		}
	})
}

func TestTheDutyListInConfigsIsRead(t *testing.T) {
	duties, err := LoadDuties(read(t, "duties.example.yaml"))
	if err != nil || len(duties) != 2 || duties[0].ID != "QZ-001" || duties[0].Department == "" || len(duties[1].Words) != 2 {
		t.Fatalf("%+v %v", duties, err)
	}
	for name, text := range map[string]string{
		"a key that is not known": "duties: [{id: a, name: 甲乙, depertment: d-1}]", "no list": "duties: 甲", "not YAML": "duties: [",
	} {
		if _, err := LoadDuties([]byte(text)); err == nil {
			t.Error(name, "is taken")
		}
	}
}

func FuzzLoadDuties(f *testing.F) {
	f.Add(read(f, "duties.example.yaml"))
	f.Add([]byte("duties: [{id: 1, words: 甲}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if duties, err := LoadDuties(data); err == nil && len(duties) > len(data) {
			t.Errorf("%d entries in %d bytes", len(duties), len(data))
		}
	})
}
