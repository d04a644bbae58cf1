package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xiaopu/configs"
)

func TestCataloguesAndModelsFromTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	env := []string{"XIAOPU_DB=sqlite:" + filepath.Join(dir, "x.db")}
	do := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, env, strings.NewReader(""), &out, &errs); code != want {
			t.Fatalf("%v: %d\n%s%s", args, code, &out, &errs)
		}
		return out.String() + errs.String()
	}
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	do(exitOK, "migrate")
	if out := do(exitOK, "topics", "show"); !strings.Contains(out, "物业管理/电梯运行\n") {
		t.Error(out)
	}
	tree, err := configs.Files.ReadFile("topics.yaml")
	if err != nil {
		t.Fatal(err)
	}
	changed := file("topics.yaml", strings.ReplaceAll(string(tree), "name: 电梯运行", "name: 电梯安全"))
	do(exitOK, "topics", "load", changed)
	if out := do(exitOK, "topics", "show"); !strings.Contains(out, "物业管理/电梯安全\n") || strings.Contains(out, "电梯运行") {
		t.Error(out)
	}
	if out := do(exitError, "topics", "load", file("bad.yaml", "version: 1\ntopics: []\n")); !strings.Contains(out, "缺少“ask_below”") {
		t.Error(out)
	}
	if out := do(exitError, "topics", "load", filepath.Join(dir, "none.yaml")); !strings.Contains(out, "找不到文件") {
		t.Error(out)
	}
	// A file that is too large is not read in part.
	if out := do(exitError, "topics", "load", file("large.yaml", string(tree)+strings.Repeat("#\n", 3<<20))); !strings.Contains(out, "超过 4096 KB") {
		t.Error(out)
	}
	if out := do(exitError, "recognize", "evaluate", "--model", "none"); !strings.Contains(out, "没有这个版本的模型") {
		t.Error(out)
	}
	do(exitUsage, "recognize", "evaluate", "--folds", "3")
	if out := do(exitError, "duties", "load", file("duties.yaml", "duties: [{id: Q-1, name: 电梯监管, department: d-9}]")); !strings.Contains(out, "权责清单第 1 条“电梯监管”：没有编号为“d-9”的部门") {
		t.Error(out)
	}
	if out := do(exitOK, "recognize", "models"); !strings.Contains(out, "还没有模型") {
		t.Error(out)
	}
	if out := do(exitError, "recognize", "train"); !strings.Contains(out, "至少需要 50 件") {
		t.Error(out)
	}
	if out := do(exitError, "recognize", "train", "--kind", "all"); !strings.Contains(out, "topics（事项类别）或 leads（牵头部门）") {
		t.Error(out)
	}
	if out := do(exitError, "recognize", "switch", "none"); !strings.Contains(out, "没有这个版本的模型") {
		t.Error(out)
	}
	do(exitOK, "recognize", "switch", "--stop", "topics")
	do(exitUsage, "recognize", "switch")
}
