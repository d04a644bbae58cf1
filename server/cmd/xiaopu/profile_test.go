package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// An unknown sheet is inspected, its profile saved to a file, corrected, loaded, and the sheet then comes in by it.
func TestAnUnknownSheetByAProfileFile(t *testing.T) {
	env := fresh(t)
	t.Chdir(t.TempDir())
	sheet := "台账.csv"
	text := "流水,登记日,群众,诉求要点概述,流向\n区访-2026-00018,2026-02-18,张建国,反映小区东门外路灯损坏一个多月，多次反映未修复，夜间出行不便,规划办\n"
	if err := os.WriteFile(sheet, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := xiaopu(t, env, "import", sheet, "--source", "petition")
	if code != exitError || !strings.Contains(errs, "xiaopu import inspect") {
		t.Fatal(code, errs)
	}
	code, out, errs := xiaopu(t, fresh(t), "import", "inspect", sheet, "--source", "petition", "--save", "区台账") // also without a database
	if code != exitOK || !strings.Contains(out, "诉求要点概述") || !strings.Contains(out, "区台账.yaml") || strings.Contains(out, "张建国") {
		t.Fatal(code, out, errs)
	}
	if code, _, errs := xiaopu(t, env, "import", "inspect", sheet, "--source", "petition", "--save", "区台账"); code != exitError || !strings.Contains(errs, "已经存在") {
		t.Error(code, errs)
	}
	profile, err := os.ReadFile("区台账.yaml")
	if err != nil {
		t.Fatal(err)
	}
	corrected := strings.Replace(string(profile), `{header: "登记日"}`, `{header: "登记日", field: accepted_at}`, 1)
	if corrected == string(profile) {
		t.Log("the day was recognised by itself")
	}
	if err := os.WriteFile("区台账.yaml", []byte(corrected), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := xiaopu(t, env, "import", sheet, "--source", "petition", "--profile", "区台账.yaml", "--dry-run"); code != exitOK || !strings.Contains(out, `"created":1`) {
		t.Error(code, out, errs)
	}
	for version := 1; version <= 2; version++ {
		if code, out, errs := xiaopu(t, env, "profile", "load", "区台账.yaml"); code != exitOK || !strings.Contains(out, fmt.Sprintf("第 %d 版", version)) {
			t.Error(code, out, errs)
		}
	}
	if code, out, _ := xiaopu(t, env, "profile", "list"); code != exitOK || !strings.Contains(out, "区台账") || !strings.Contains(out, "信访件登记表") {
		t.Error(code, out)
	}
	code, out, errs = xiaopu(t, env, "import", sheet, "--source", "petition")
	if code != exitOK || !strings.Contains(out, "采用导入模板“区台账”") || !strings.Contains(out, `"created":1`) {
		t.Error(code, out, errs)
	}
	if code, _, errs := xiaopu(t, env, "import", sheet, "--source", "petition", "--profile", "没有"); code != exitError || !strings.Contains(errs, "“区台账”") {
		t.Error(code, errs)
	}
}
