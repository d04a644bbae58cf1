package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// messages are two complaints about one lift and one about another place.
const messages = `{"id":"7","user":"u1","title":"望舒里小区电梯故障无人维修","time":"2026-11-23 09:00:00","detail":"望舒里小区12号楼电梯故障两周，无人维修，老人出行困难。"}
{"id":8,"user":"u2","title":"望舒里小区电梯故障没人修","time":"2026-11-23 10:00:00","detail":"望舒里小区的电梯故障两周没人维修，老人出行很困难。"}

{"id":"9","title":"咨询居住证怎么办理"}
`

func TestRecognizeGroup(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.csv")
	group := func(text string) (code int, stdout, stderr string) {
		t.Helper()
		if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var o, e bytes.Buffer
		code = run(t.Context(), []string{"recognize", "group", "--in", in, "--out", out}, nil, strings.NewReader(""), &o, &e)
		return code, o.String(), e.String()
	}
	code, stdout, stderr := group("\ufeff" + messages)
	if code != exitOK || !strings.Contains(stdout, "3 件，2 个事项；其中 1 个事项有多件，1 个涉及多人") {
		t.Fatalf("code %d, said %q, %q", code, stdout, stderr)
	}
	got, err := os.ReadFile(out)
	if want := "id,cluster\n7,m1\n8,m1\n9,m2\n"; err != nil || string(got) != want {
		t.Errorf("wrote %q, %v; want %q", got, err, want)
	}
	// Two that name nobody are not known to be two people.
	if _, stdout, _ := group(strings.NewReplacer(`"user":"u1",`, "", `"user":"u2",`, "").Replace(messages)); !strings.Contains(stdout, "1 个事项有多件，0 个涉及多人") {
		t.Errorf("said %q", stdout)
	}
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":       {messages + "id,user\n", "第 5 行不是能读的 JSON 对象"},
		"a list":        {"[]\n", "第 1 行不是能读的 JSON 对象（应以 { 开头）"},
		"no id":         {`{"title":"x"}`, "第 1 行没有 id"},
		"an id twice":   {messages + `{"id":"7"}`, "第 5 行的 id “7”与第 1 行重复"},
		"no time":       {`{"id":"1","time":"昨天下午"}`, "第 1 行的 time “昨天下午”不是时间"},
		"a wrong type":  {`{"id":"1","title":5}`, "title 的类型不对"},
		"nothing":       {"\n\n", "里没有工单"},
		"too long":      {messages + strings.Repeat("x", maxLine+1), "第 5 行太长"},
		"half a string": {`{"id":"1","title":"x`, "第 1 行不是能读的 JSON 对象"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := group(c.text)
			if code != exitError || !strings.Contains(stderr, c.want) {
				t.Errorf("code %d, said %q; want %q", code, stderr, c.want)
			}
			if again, err := os.ReadFile(out); err != nil || !bytes.Equal(again, got) {
				t.Errorf("the result of before is gone: %q, %v", again, err)
			}
		})
	}
	if code := run(t.Context(), []string{"recognize", "group", "--in", in}, nil, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}); code != exitUsage {
		t.Errorf("without --out: code %d", code)
	}
}

// With a gazetteer the other name of a place is that place, and a file that is none is said so before anything is read.
func TestRecognizeGroupKnowsPlaces(t *testing.T) {
	dir := t.TempDir()
	in, out, places := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.csv"), filepath.Join(dir, "places.yaml")
	for path, text := range map[string]string{
		in: `{"id":"1","detail":"沐晴佳苑电梯停运，老人下不了楼。"}
{"id":"2","detail":"晴湾里电梯又坏了，没人来修。"}
`,
		places:                           "places:\n  - {name: 沐晴佳苑, kind: estate, aliases: [晴湾里]}\n",
		filepath.Join(dir, "twice.yaml"): "places:\n  - {name: 沐晴佳苑, kind: estate, aliases: [沐晴佳苑]}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	group := func(places string) (int, string) {
		var o, e bytes.Buffer
		code := run(t.Context(), []string{"recognize", "group", "--in", in, "--out", out, "--places", places}, nil, strings.NewReader(""), &o, &e)
		return code, o.String() + e.String()
	}
	for places, want := range map[string]string{"": "2 件，2 个事项", places: "2 件，1 个事项"} {
		if code, said := group(places); code != exitOK || !strings.Contains(said, want) {
			t.Errorf("with %q: code %d, said %q", places, code, said)
		}
	}
	for name, want := range map[string]string{"none.yaml": "找不到文件", "": "不是文件", "in.jsonl": "YAML 写法有误", "twice.yaml": "出现了两次"} {
		if code, said := group(filepath.Join(dir, name)); code != exitError || !strings.Contains(said, want) {
			t.Errorf("%s: code %d, said %q", name, code, said)
		}
	}
}

// What cannot be read is said in the same words by all commands that load a catalogue.
func TestLoadingACatalogueSaysWhatIsWrongWithTheFile(t *testing.T) {
	dir := t.TempDir()
	for _, command := range []string{"topics", "duties", "gazetteer", "organisation"} {
		for path, want := range map[string]string{filepath.Join(dir, "none.yaml"): "找不到文件“", dir: "不是文件，或超过"} {
			var o, e bytes.Buffer
			if code := run(t.Context(), []string{command, "load", path}, nil, strings.NewReader(""), &o, &e); code != exitError || !strings.Contains(e.String(), want) {
				t.Errorf("%s load %s: code %d, said %q", command, path, code, e.String())
			}
		}
	}
}
