package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// labelledLines are messages about lifts and about wages, all different.
func labelledLines(n int) string {
	var b strings.Builder
	for i := range n {
		fill := string([]rune{rune(0x4e00 + i*7), rune(0x5e00 + i*11), rune(0x6e00 + i*13), rune(0x7e00 + i*17)})
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, `{"title":"电梯坏了%s","detail":"小区电梯停运%d天，物业不修%s。","label":"物业管理"}`+"\n", fill, i, fill)
		case 1:
			fmt.Fprintf(&b, `{"title":"拖欠工资%s","detail":"公司拖欠工资%d个月，%s老板不见人。","label":"劳动用工"}`+"\n", fill, i, fill)
		case 2:
			fmt.Fprintf(&b, `{"text":"电梯 停运 物业 不修 %s 老人 下楼 困难 %s","label":"物业管理"}`+"\n", fill[:6], fill[6:])
		default:
			fmt.Fprintf(&b, `{"text":"%s公司不发工资，要求支付加班费%s","label":"劳动用工","dup_group":%d}`+"\n", fill, fill, i/8)
		}
	}
	return b.String()
}

func TestRecognizeTrainClassifyEvaluate(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		t.Helper()
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	do := func(args ...string) (code int, stdout, stderr string) {
		t.Helper()
		var o, e bytes.Buffer
		code = run(t.Context(), append([]string{"recognize"}, args...), nil, strings.NewReader(""), &o, &e)
		return code, o.String(), e.String()
	}
	in := write("labelled.jsonl", "\ufeff"+labelledLines(80))
	code, stdout, stderr := do("train", "--in", in, "--model", path("m"))
	if code != exitOK || !strings.Contains(stdout, "用 80 条文本、2 种类别训练") {
		t.Fatalf("train: code %d, said %q, %q", code, stdout, stderr)
	}
	texts := write("texts.jsonl", `{"rid":"a","title":"望舒里电梯又停运了"}
{"rid":2,"detail":"老板拖欠工资","label":"ignored"}
{"rid":"c"}
`)
	code, stdout, stderr = do("classify", "--model", path("m"), "--in", texts, "--out", path("p.csv"), "--reasons", path("why.jsonl"))
	if code != exitOK || !strings.Contains(stdout, "3 条") || !strings.Contains(stdout, "其中 1 条没有文字") {
		t.Fatalf("classify: code %d, said %q, %q", code, stdout, stderr)
	}
	got, err := os.ReadFile(path("p.csv"))
	if err != nil || !strings.HasPrefix(string(got), "rid,label\na,物业管理\n2,劳动用工\nc,") {
		t.Errorf("wrote %q, %v", got, err)
	}
	why, err := os.ReadFile(path("why.jsonl"))
	var first struct {
		RID         string
		Probability float64
		Reasons     []struct {
			Words string
			Share float64
		}
	}
	if err == nil {
		err = json.Unmarshal(bytes.Split(why, []byte("\n"))[0], &first)
	}
	if err != nil || first.RID != "a" || first.Probability < 0.5 || len(first.Reasons) == 0 || !strings.Contains(first.Reasons[0].Words, "电梯") {
		t.Errorf("reasons %+v, %v", first, err)
	}

	if code, stdout, stderr = do("evaluate", "--model", path("m"), "--in", in); code != exitOK || !strings.Contains(stdout, "80 条：准确率 1.0000，宏平均 F1 1.0000") || !strings.Contains(stdout, "查准率") {
		t.Errorf("evaluate: code %d, said %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr = do("evaluate", "--model", path("m"), "--model", path("m"), "--in", in); code != exitOK || !strings.Contains(stdout, "第二个模型改对 0 条，改错 0 条") {
		t.Errorf("compare: code %d, said %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr = do("evaluate", "--folds", "4", "--also", in, "--in", in); code != exitOK || !strings.Contains(stdout, "第 4 份") || !strings.Contains(stdout, "80 条：准确率") {
		t.Errorf("folds: code %d, said %q, %q", code, stdout, stderr)
	}
	for name, args := range map[string][]string{
		"train without a model":    {"train", "--in", in},
		"classify without a model": {"classify", "--in", in, "--out", path("p.csv")},
		"evaluate nothing":         {"evaluate", "--in", in},
		"evaluate both":            {"evaluate", "--in", in, "--folds", "3", "--model", path("m")},
		"three models":             {"evaluate", "--in", in, "--model", path("m"), "--model", path("m"), "--model", path("m")},
		"also without folds":       {"evaluate", "--in", in, "--model", path("m"), "--also", in},
	} {
		if code, _, _ := do(args...); code != exitUsage {
			t.Errorf("%s: code %d", name, code)
		}
	}
	for name, c := range map[string]struct {
		text string
		args []string
		want string
	}{
		"no label":      {`{"title":"x","label":"a"}` + "\n" + `{"title":"x"}`, []string{"train", "--model", path("m")}, "第 2 行没有 label（类别）"},
		"no words":      {`{"title":" ","label":"a"}`, []string{"train", "--model", path("m")}, "第 1 行没有文字"},
		"a long label":  {`{"title":"x","label":"` + strings.Repeat("长", 101) + `"}`, []string{"train", "--model", path("m")}, "第 1 行的 label 太长"},
		"no JSON":       {labelledLines(3) + "x", []string{"train", "--model", path("m")}, "第 4 行不是能读的 JSON 对象"},
		"too few":       {labelledLines(5), []string{"train", "--model", path("m")}, "只有 5 条带类别的文本，至少需要"},
		"one label":     {strings.ReplaceAll(labelledLines(40), "劳动用工", "物业管理"), []string{"train", "--model", path("m")}, "有 1 种类别"},
		"no rid":        {`{"title":"x"}`, []string{"classify", "--model", path("m"), "--out", path("p.csv")}, "第 1 行没有 rid"},
		"a rid twice":   {`{"rid":1}` + "\n\n" + `{"rid":"1"}`, []string{"classify", "--model", path("m"), "--out", path("p.csv")}, "第 3 行的 rid “1”与第 1 行重复"},
		"nothing":       {"\n", []string{"classify", "--model", path("m"), "--out", path("p.csv")}, "里没有文本"},
		"no model":      {`{"rid":1}`, []string{"classify", "--model", in, "--out", path("p.csv")}, "不是分类模型文件"},
		"no model file": {`{"rid":1}`, []string{"classify", "--model", path("none"), "--out", path("p.csv")}, "没有找到文件"},
		"one fold":      {labelledLines(40), []string{"evaluate", "--folds", "1"}, "应为 2 到 20"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := do(append(c.args, "--in", write("bad.jsonl", c.text))...)
			if code != exitError || !strings.Contains(stderr, c.want) {
				t.Errorf("code %d, said %q; want %q", code, stderr, c.want)
			}
		})
	}
	if again, err := os.ReadFile(path("p.csv")); err != nil || !bytes.Equal(again, got) {
		t.Errorf("what failed wrote %q, %v", again, err)
	}
}
