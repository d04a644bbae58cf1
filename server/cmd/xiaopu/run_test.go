package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xiaopu/server/store/storetest"
	"xiaopu/server/vault"
	"xiaopu/server/workday"
)

const testKey = "k3yforprocesstests-9f8e7d6c5b4a39281706f5e4"

// xiaopu runs the program in this process.
func xiaopu(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, env, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func fresh(t *testing.T) []string {
	t.Helper()
	return []string{"XIAOPU_DB=sqlite:" + filepath.Join(t.TempDir(), "x.db")}
}

// migrated is an environment with a database that has its tables.
func migrated(t *testing.T) []string {
	t.Helper()
	env := fresh(t)
	if code, _, errs := xiaopu(t, env, "migrate"); code != exitOK {
		t.Fatal(errs)
	}
	return env
}

// What only reads or checks never makes a database out of a mistyped path; what may make one says so.
func TestAMistypedPathMakesNoDatabase(t *testing.T) {
	for _, args := range []string{"audit verify", "user list", "user token x", "sweep", "policy show", "policy dry-run", "calendar list", "calendar reopen x", "backup copy"} {
		env := fresh(t)
		path := strings.TrimPrefix(env[0], "XIAOPU_DB=sqlite:")
		if code, _, errs := xiaopu(t, env, strings.Fields(args)...); code != exitError || !strings.Contains(errs, "没有数据库文件 "+path) {
			t.Errorf("%s: exit %d %s", args, code, errs)
		}
		if made, _ := os.ReadDir(filepath.Dir(path)); len(made) > 0 {
			t.Errorf("%s made %v", args, made)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := xiaopu(t, env, strings.Fields(args)...); code != exitError || !strings.Contains(errs, "还没有本系统的表") {
			t.Errorf("%s on an empty file: exit %d %s", args, code, errs)
		}
	}
	env := fresh(t)
	if code, out, errs := xiaopu(t, env, "migrate"); code != exitOK || !strings.Contains(errs, "正在新建数据库 "+strings.TrimPrefix(env[0], "XIAOPU_DB=")) {
		t.Errorf("exit %d %s %s", code, out, errs)
	}
	if code, _, errs := xiaopu(t, env, "migrate"); code != exitOK || errs != "" {
		t.Errorf("exit %d %s", code, errs)
	}
}

func TestAClosureIsShownDeclaredAndTakenBack(t *testing.T) {
	now := time.Now()
	env := append(fresh(t), "XIAOPU_VAULT_KEYS="+storetest.Keys)
	if code, _, errs := xiaopu(t, env, "migrate"); code != exitOK { // with the years: a deadline needs a calendar to be counted with
		t.Fatal(errs)
	}
	dsn := strings.TrimPrefix(env[0], "XIAOPU_DB=")
	db, e := prepared(t, dsn, now)
	due := dispatchedCases(t, db, e, 1, now)[0].Clocks["stage"].DueAt
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	on := workday.DateOf(due).String()
	args := []string{"calendar", "close", "--from", on, "--reason", "台风停工"}
	code, out, errs := xiaopu(t, env, args...)
	if code != exitError || !strings.Contains(out, on+" 改为休息 台风停工") || !strings.Contains(out, "1 件在办难事的期限因此改变") || !strings.Contains(out, "NS2026-900001（Ⅲ级）"+on+" 17:00 → ") || !strings.Contains(errs, "没有登记") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	code, out, errs = xiaopu(t, env, append(args, "--yes")...)
	if code != exitOK || !strings.Contains(out, "已生效。1 件") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	_, id, _ := strings.Cut(out, "calendar reopen ")
	id, _, _ = strings.Cut(id, "\n")
	if _, out, _ = xiaopu(t, env, "calendar", "list"); !strings.Contains(out, id) || !strings.Contains(out, "台风停工") {
		t.Errorf("list: %s", out)
	}
	code, out, errs = xiaopu(t, env, "calendar", "reopen", id)
	if code != exitError || !strings.Contains(out, on+" 改为上班") || !strings.Contains(out, "1 件在办难事的期限因此改变") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	if code, out, errs = xiaopu(t, env, "calendar", "reopen", id, "--yes"); code != exitOK || !strings.Contains(out, "已生效。1 件") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	if code, _, errs = xiaopu(t, env, "calendar", "reopen", id, "--yes"); code != exitError || !strings.Contains(errs, "已撤销") {
		t.Fatalf("exit %d %s", code, errs)
	}
}

func TestAFileOfHeadersAloneSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(path, []byte("工单编号,受理时间,标题,内容描述\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := xiaopu(t, fresh(t), "import", path); code != exitOK || !strings.Contains(out, "只有表头") {
		t.Errorf("exit %d %s %s", code, out, errs)
	}
	env := fresh(t)
	if code, _, errs := xiaopu(t, env, "import", path+"x"); code != exitError || !strings.Contains(errs, "请检查路径") {
		t.Errorf("exit %d %s", code, errs)
	}
}

func TestPolicy(t *testing.T) {
	env := fresh(t)
	text := "工单编号,受理时间,标题,内容描述,诉求地址\n"
	for i := range 4 {
		text += fmt.Sprintf("2026030108000%d,%s 08:00,路灯不亮,一个月了,奉浦大道1号\n", i, time.Now().Format(time.DateOnly))
	}
	path := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := xiaopu(t, env, "import", path); code != exitOK {
		t.Fatal(out, errs)
	}
	code, out, errs := xiaopu(t, env, "policy", "dry-run", "--burst-tickets", "4")
	if code != exitOK || !strings.Contains(out, "4 件工单试算") || !strings.Contains(out, "当日集中来电 由 5 件改为 4 件：多 1 件（0 → 1）") {
		t.Errorf("exit %d %s %s", code, out, errs)
	}
	if code, out, errs = xiaopu(t, env, "policy", "show"); code != exitOK || !strings.Contains(out, "第 1 版\t2025-11-22 起施行\t现行") || !strings.Contains(out, "当日集中来电 5 件") {
		t.Errorf("exit %d %s %s", code, out, errs)
	}
	if code, _, errs = xiaopu(t, env, "policy", "dry-run", "--from", "gestern"); code != exitError || !strings.Contains(errs, "要写成日期") {
		t.Errorf("exit %d %s", code, errs)
	}
	if code, _, errs = xiaopu(t, env, "policy", "dry-run", "--hot-days", "400"); code != exitError || !strings.Contains(errs, "应在 1 到 366 之间") {
		t.Errorf("exit %d %s", code, errs)
	}
}

func TestBackupAndRestore(t *testing.T) {
	env := migrated(t)
	file := filepath.Join(t.TempDir(), "backup.gz")
	if code, out, errs := xiaopu(t, env, "backup", file); code != exitOK || !strings.Contains(out, "已备份") {
		t.Fatalf("exit %d %s %s", code, out, errs)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
		t.Error(left)
	}
	other := fresh(t)
	code, out, errs := xiaopu(t, other, "restore", file)
	if code != exitOK || !strings.Contains(out, "已恢复") || !strings.Contains(out, "vault_keys 与备份时的不同") { // each made its own
		t.Fatalf("exit %d %s %s", code, out, errs)
	}
	if code, out, errs = xiaopu(t, other, "audit", "verify"); code != exitError || !strings.Contains(errs, "密钥与数据库不符") {
		t.Fatalf("with keys of its own: exit %d %s %s", code, out, errs)
	}
	keys := filepath.Join(filepath.Dir(strings.TrimPrefix(env[0], "XIAOPU_DB=sqlite:")), "vault.keys")
	if code, out, errs = xiaopu(t, append(other, "XIAOPU_VAULT_KEYS_FILE="+keys), "audit", "verify"); code != exitOK {
		t.Fatalf("exit %d %s %s", code, out, errs)
	}
	if code, _, errs = xiaopu(t, other, "restore", file); code != exitError || !strings.Contains(errs, "恢复只能写入空库") {
		t.Fatalf("exit %d %s", code, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text[:len(text)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	empty := fresh(t)
	if code, _, errs = xiaopu(t, empty, "restore", file); code != exitError || !strings.Contains(errs, "已损坏或不完整") {
		t.Fatalf("exit %d %s", code, errs)
	}
	if made, _ := os.ReadDir(filepath.Dir(strings.TrimPrefix(empty[0], "XIAOPU_DB=sqlite:"))); len(made) > 0 {
		t.Errorf("a damaged backup made %v", made)
	}
}

func TestCalendarAddSaysTheDateAndTheInstant(t *testing.T) {
	env := fresh(t)
	for _, v := range []struct{ from, days, want string }{
		{"2025-11-22", "3", "2025-11-26\n2025-11-26T17:00:00+08:00\n"},
		{"2025-12-31", "3", "2026-01-06\n2026-01-06T17:00:00+08:00\n"},
		{"2026-02-13", "3", "2026-02-25\n2026-02-25T17:00:00+08:00\n"},
		{"2026-02-27", "3", "2026-03-03\n2026-03-03T17:00:00+08:00\n"},
		{"2026-04-30", "5", "2026-05-11\n2026-05-11T17:00:00+08:00\n"},
		{"2026-09-18", "3", "2026-09-22\n2026-09-22T17:00:00+08:00\n"},
		{"2026-09-30", "3", "2026-10-10\n2026-10-10T17:00:00+08:00\n"},
		{"2026-12-30", "3", "2027-01-04\n2027-01-04T17:00:00+08:00 provisional\n"},
	} {
		code, out, errs := xiaopu(t, env, "calendar", "add", "--from", v.from, "--days", v.days)
		if code != exitOK || out != v.want {
			t.Errorf("%s +%s: exit %d %q %s", v.from, v.days, code, out, errs)
		}
	}
}

func TestALoadedNoticeSettlesWhatWasProvisional(t *testing.T) {
	env := fresh(t)
	notice := filepath.Join(t.TempDir(), "2027.yaml")
	if err := os.WriteFile(notice, []byte("year: 2027\nsource: 测试\npublished_on: 2026-11-05\noff:\n  2027-01-01: 元旦\n  2027-01-04: 元旦\nwork: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := xiaopu(t, env, "calendar", "load", notice); code != exitError || !strings.Contains(out, "2027-01-04 改为休息") {
		t.Fatalf("not confirmed: exit %d %s", code, out)
	}
	if code, out, errs := xiaopu(t, env, "calendar", "load", notice, "--yes"); code != exitOK || !strings.Contains(out, "2027-01-04 改为休息") {
		t.Fatalf("exit %d %s %s", code, out, errs)
	}
	_, out, _ := xiaopu(t, env, "calendar", "add", "--from", "2026-12-30", "--days", "3")
	if out != "2027-01-06\n2027-01-06T17:00:00+08:00\n" {
		t.Fatalf("after the notice: %q", out)
	}
	if code, _, errs := xiaopu(t, env, "calendar", "close", "--from", "2026-12-31", "--reason", "台风停工", "--yes", "--past"); code != exitOK {
		t.Fatalf("closure: %s", errs)
	}
	_, out, _ = xiaopu(t, env, "calendar", "add", "--from", "2026-12-30", "--days", "3")
	if !strings.HasPrefix(out, "2027-01-07\n") {
		t.Fatalf("after the closure: %q", out)
	}
}

func TestWrongCallsAreToldInOneLine(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("mode: development\nlissten: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		env  []string
		args []string
		code int
		says string
	}{
		"no command":                {nil, nil, exitUsage, ""},
		"unknown command":           {nil, []string{"frobnicate"}, exitUsage, "没有“frobnicate”这个命令"},
		"unknown flag":              {nil, []string{"sweep", "--fast"}, exitUsage, "没有参数 -fast"},
		"missing argument":          {nil, []string{"import"}, exitUsage, "用法：xiaopu import"},
		"bad date":                  {fresh(t), []string{"calendar", "add", "--from", "30.9.2026", "--days", "3"}, exitError, "--from 要写成日期"},
		"bad days":                  {fresh(t), []string{"calendar", "add", "--from", "2026-09-30", "--days", "0"}, exitError, "--days"},
		"bad database address":      {[]string{"XIAOPU_DB=postgres://x"}, []string{"migrate"}, exitError, "sqlite:文件路径"},
		"unknown setting":           {nil, []string{"migrate", "--config", bad}, exitError, "lissten"},
		"unknown variable":          {[]string{"XIAOPU_LISTENN=x"}, []string{"migrate"}, exitError, "XIAOPU_LISTENN"},
		"missing file":              {fresh(t), []string{"import", "nowhere.xlsx"}, exitError, "找不到文件"},
		"unknown source":            {fresh(t), []string{"import", "x.xlsx", "--source", "fax"}, exitError, "没有来源“fax”"},
		"a token in production":     {append(fresh(t), "XIAOPU_MODE=production", "XIAOPU_TOKEN_KEY="+testKey, "XIAOPU_VAULT_KEYS="+vault.Generate()), []string{"user", "token", "x"}, exitError, "正式环境不能打印登录令牌"},
		"the demo in production":    {append(fresh(t), "XIAOPU_MODE=production", "XIAOPU_TOKEN_KEY="+testKey, "XIAOPU_VAULT_KEYS="+vault.Generate()), []string{"serve", "--demo"}, exitError, "正式环境不能用 --demo"},
		"the preview in production": {append(fresh(t), "XIAOPU_MODE=production", "XIAOPU_TOKEN_KEY="+testKey, "XIAOPU_VAULT_KEYS="+vault.Generate()), []string{"serve", "--preview", "dist"}, exitError, "正式环境不能用 --preview"},
		"nobody of that name":       {migrated(t), []string{"user", "token", "无此人"}, exitError, "无此人"},
		"days in words":             {fresh(t), []string{"calendar", "add", "--from", "2026-09-30", "--days", "abc"}, exitUsage, "参数 --days 的值“abc”不对：应为整数。"},
		"yes or no in words":        {fresh(t), []string{"import", "x.csv", "--dry-run=vielleicht"}, exitUsage, "参数 --dry-run 的值“vielleicht”不对"},
		"a past closure":            {migrated(t), []string{"calendar", "close", "--from", "2020-08-20", "--reason", "台风停工", "--yes"}, exitError, "已经过去"},
		"no such closure":           {migrated(t), []string{"calendar", "reopen", "x", "--yes"}, exitError, "没有这条停工记录"},
		"half a command":            {nil, []string{"calendar", "shut"}, exitUsage, "calendar close"},
		"a file to restore":         {fresh(t), []string{"restore", "nowhere"}, exitError, "打不开文件"},
		"a restored nothing":        {fresh(t), []string{"restore", bad}, exitError, "不是小浦帮办的备份文件"},
		"a backup on a file":        {migrated(t), []string{"backup", bad}, exitError, "已经存在"},
		"a backup in no folder":     {migrated(t), []string{"backup", filepath.Join(t.TempDir(), "no", "x")}, exitError, "检查文件夹是否存在"},
	} {
		code, out, errs := xiaopu(t, v.env, v.args...)
		if code != v.code || !strings.Contains(errs, v.says) {
			t.Errorf("%s: exit %d, want %d; says %q %q", name, code, v.code, out, errs)
		}
		if v.code == exitError && strings.Count(strings.TrimSpace(errs), "\n") > 0 {
			t.Errorf("%s: more than one line: %q", name, errs)
		}
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	code, out, _ := xiaopu(t, nil, "help")
	for _, c := range commands {
		if !strings.Contains(out, c.name) {
			t.Errorf("help does not name %s", c.name)
		}
		if one, text, _ := xiaopu(t, nil, append(strings.Fields(c.name), "--help")...); one != exitOK || !strings.Contains(text, c.short) {
			t.Errorf("%s --help: exit %d %s", c.name, one, text)
		}
	}
	if code != exitOK {
		t.Errorf("help: exit %d", code)
	}
	for args, v := range map[string]struct {
		code int
		says string
	}{
		"help import":       {exitOK, "xiaopu import 文件"},
		"help calendar add": {exitOK, "--from 日期"},
		"help calendar":     {exitOK, "calendar reopen"},
		"calendar --help":   {exitOK, "calendar close"},
		"user -h":           {exitOK, "user token"},
		"--version":         {exitOK, "dev"},
		"version":           {exitOK, "dev"},
		"user":              {exitUsage, ""},
		"help frobnicate":   {exitUsage, ""},
	} {
		if code, out, errs := xiaopu(t, nil, strings.Fields(args)...); code != v.code || !strings.Contains(out, v.says) || strings.Contains(out, "serve") && args != "help" {
			t.Errorf("%s: exit %d\n%s%s", args, code, out, errs)
		}
	}
	if _, _, errs := xiaopu(t, nil, "user"); !strings.Contains(errs, "user list") || !strings.Contains(errs, "user token") {
		t.Errorf("user: %s", errs)
	}
}

func TestImportEndsWithOneLineOfCounts(t *testing.T) {
	env := fresh(t)
	path := filepath.Join(t.TempDir(), "x.csv")
	text := "工单编号,受理时间,标题,内容描述,满意度\n20260301080000,2026-03-01 08:00,路灯不亮,一个月了,不满意\n,2026-03-01 08:00,没有编号,,\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		args []string
		want string
	}{
		{[]string{"import", path, "--dry-run"}, `"rows":2,"created":1,"updated":0,"unchanged":0,"rejected":1,"cases":1}`},
		{[]string{"import", path}, `"rows":2,"created":1,"updated":0,"unchanged":0,"rejected":1,"cases":1}`},
		{[]string{"import", path}, `"rows":2,"created":0,"updated":0,"unchanged":1,"rejected":1,"cases":0}`},
	} {
		code, out, errs := xiaopu(t, env, v.args...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if code != exitOK || !strings.HasSuffix(lines[len(lines)-1], v.want) || !strings.HasPrefix(out, "第 3 行 未导入") {
			t.Errorf("%v: exit %d\n%s%s", v.args, code, out, errs)
		}
	}
	if code, out, _ := xiaopu(t, env, "audit", "verify"); code != exitOK || !strings.Contains(out, "没有发现改动") {
		t.Errorf("audit: exit %d %s", code, out)
	}
	if code, out, _ := xiaopu(t, env, "sweep"); code != exitOK || !strings.HasPrefix(out, `{"cases":`) {
		t.Errorf("sweep: exit %d %s", code, out)
	}
}

// The first administrator comes in by the command line; the password is shown once and opens nothing but changing it.
func TestUserPasswordAndUnlock(t *testing.T) {
	env := fresh(t)
	street := filepath.Join(t.TempDir(), "org.yaml")
	if err := os.WriteFile(street, []byte("departments: []\ngrids: []\ncommunities: []\npeople:\n  - id: p-sysadmin\n    name: 系管\n    posts:\n      - role: system_admin\n  - id: p-auditor\n    name: 审计\n    posts:\n      - role: auditor\n  - id: p-centre\n    name: 王敏\n    posts:\n      - role: centre\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := xiaopu(t, env, "organisation", "load", street, "--yes"); code != exitOK {
		t.Fatal(errs)
	}
	if code, _, errs := xiaopu(t, env, "user", "unlock", "系管"); code != exitError || !strings.Contains(errs, "还没有账号") {
		t.Errorf("exit %d %s", code, errs)
	}
	seen := map[string]bool{}
	for _, args := range [][]string{{"系管"}, {"p-sysadmin"}, {"p-auditor", "--reset-totp"}} {
		code, out, errs := xiaopu(t, env, append([]string{"user", "password"}, args...)...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if code != exitOK || len(lines) != 2 || len(lines[1]) != len("AAAAA-AAAAA-AAAA") || seen[lines[1]] {
			t.Errorf("%v: exit %d %s%s", args, code, out, errs)
		}
		seen[lines[1]] = true
	}
	if code, out, errs := xiaopu(t, env, "user", "password", "系管"); code != exitOK || !strings.Contains(out, "用登录名 p-sysadmin 登录") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if code, out, errs := xiaopu(t, env, "user", "unlock", "系管"); code != exitOK || !strings.Contains(out, "已解除") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if code, _, errs := xiaopu(t, env, "user", "password", "无此人"); code != exitError || !strings.Contains(errs, "无此人") {
		t.Errorf("exit %d %s", code, errs)
	}
	if code, out, errs := xiaopu(t, env, "audit", "verify"); code != exitOK || !strings.Contains(out, "没有发现改动") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
}
