package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exampleStreet = "../../../configs/org.example.yaml"

func TestOrganisationCommands(t *testing.T) {
	env, dir := fresh(t), t.TempDir()
	must := func(args ...string) string {
		t.Helper()
		code, out, errs := xiaopu(t, env, args...)
		if code != exitOK {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
		return out
	}
	refused := func(want string, args ...string) {
		t.Helper()
		if code, out, errs := xiaopu(t, env, args...); code != exitError || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, want %s\n%s%s", args, code, want, out, errs)
		}
	}

	template := filepath.Join(dir, "空表.xlsx")
	must("organisation", "template", template)
	refused("已经存在", "organisation", "template", template)
	refused(".xlsx", "organisation", "template", filepath.Join(dir, "空表.doc"))
	refused("没有城运中心人员", "organisation", "load", template)

	// Nothing is loaded before somebody has said yes.
	if out := must("organisation", "load", exampleStreet); !strings.Contains(out, "新增部门 2：城市运行管理中心、综合行政执法队") || !strings.Contains(out, "没有载入") {
		t.Error(out)
	}
	if out := must("organisation", "load", exampleStreet); !strings.Contains(out, "新增人员 12：\n") || !strings.Contains(out, "孙城运：城运中心，城市运行管理中心负责人\n") || !strings.Contains(out, "还有 4 项，加 --all 全部列出") {
		t.Error(out)
	}
	if out := must("organisation", "load", exampleStreet, "--all"); strings.Contains(out, "--all") || strings.Count(out, "\n  ") != 12 || !strings.Contains(out, "赵分管：领导小组成员，城市运行管理中心分管领导，综合行政执法队分管领导\n") {
		t.Error(out)
	}
	refused("还没有组织架构", "user", "list")
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"organisation", "load", exampleStreet}, env, strings.NewReader("y\n"), &out, &errs); code != exitOK || !strings.Contains(out.String(), "已载入") {
		t.Fatal(out.String(), errs.String())
	}
	if out := must("organisation", "load", exampleStreet, "--whole"); !strings.Contains(out, "没有变化") {
		t.Error(out)
	}

	// What is exported and loaded again changes nothing.
	for _, name := range []string{"导出.xlsx", "导出.yaml"} {
		file := filepath.Join(dir, name)
		must("organisation", "export", file)
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info.Mode(), err)
		}
		if out := must("organisation", "load", file, "--whole"); !strings.Contains(out, "没有变化") {
			t.Errorf("%s: %s", name, out)
		}
	}

	// Somebody moves, somebody leaves.
	moved := filepath.Join(dir, "变动.yaml")
	if err := os.WriteFile(moved, []byte("people:\n  - {name: 吴承办, posts: [{role: handler, unit: 城运中心}]}\n  - {id: p-zhou, name: 周队长, left: true}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := must("organisation", "load", moved, "--yes")
	for _, want := range []string{"人员变更 “吴承办”（p-wu）：岗位 综合行政执法队承办人 → 城市运行管理中心承办人", "人员离岗 “周队长”（p-zhou）", "岗位空缺：综合行政执法队负责人，由赵分管代行"} {
		if !strings.Contains(changed, want) {
			t.Errorf("want %s in\n%s", want, changed)
		}
	}
	if list := must("user", "list"); strings.Contains(list, "周队长") || !strings.Contains(list, "p-wu\t吴承办\t城市运行管理中心承办人") {
		t.Error(list)
	}
	if err := os.WriteFile(moved, []byte("people: [{name: 周队长}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must("organisation", "load", moved, "--yes"); !strings.Contains(out, "注意：人员“周队长”已离岗，文件没有写明回来，这一行不起作用") || !strings.Contains(out, "没有变化") {
		t.Error(out)
	}
	if err := os.WriteFile(moved, []byte("people: [{name: 周队长, returned: true}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must("organisation", "load", moved, "--yes"); !strings.Contains(out, "人员恢复 “周队长”（p-zhou）：岗位 （空） → 综合行政执法队负责人") || !strings.Contains(out, "注意：人员“周队长”回来后原密码不能再用") {
		t.Error(out)
	}
	if out := must("audit", "verify"); !strings.Contains(out, "没有发现改动") {
		t.Error(out)
	}
}
