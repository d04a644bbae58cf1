package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/vault"
	"xiaopu/server/workflow"
)

// keyFile writes keys where XIAOPU_VAULT_KEYS_FILE finds them.
func keyFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vault.keys")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKeysAreMadeAddedAndPutToUse(t *testing.T) {
	code, first, errs := xiaopu(t, nil, "vault", "keys")
	if _, err := vault.Parse(first); code != exitOK || err != nil {
		t.Fatal(code, errs, err)
	}
	old := keyFile(t, first)
	code, second, errs := xiaopu(t, nil, "vault", "keys", "--add", old)
	if v, err := vault.Parse(second); code != exitOK || err != nil || v.CurrentKey() != 2 || !strings.HasPrefix(second, first) {
		t.Fatal(code, errs, err)
	}
	if code, _, errs := xiaopu(t, nil, "vault", "keys", "--add", keyFile(t, "1:nonsense")); code != exitError || !strings.Contains(errs, "密钥文件有误") {
		t.Errorf("exit %d %s", code, errs)
	}

	dsn := storetest.DSNs(t)[0]
	with := func(path string) []string {
		return []string{"XIAOPU_DB=" + dsn, "XIAOPU_VAULT_KEYS_FILE=" + path, "XIAOPU_LISTEN=127.0.0.1:0"}
	}
	sheet := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(sheet, []byte("工单编号,受理时间,内容描述,诉求人,联系电话\n20260301080001,2026-03-01 08:00:01,漏水,欧阳佳慧,13812345678\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := xiaopu(t, with(old), "import", sheet); code != exitOK {
		t.Fatal(out, errs)
	}
	fresh := keyFile(t, second)
	if code, out, errs := xiaopu(t, with(fresh), "vault", "status"); code != exitOK || !strings.Contains(out, "第 1 号密钥：工单 1 件") || !strings.Contains(out, "还有 1 条待重新封存") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if code, out, errs := xiaopu(t, with(fresh), "vault", "reseal"); code != exitOK || !strings.Contains(out, "已用第 2 号密钥重新封存：工单 1 件") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if code, out, errs := xiaopu(t, with(fresh), "vault", "status"); code != exitOK || !strings.Contains(out, "第 2 号密钥（当前）：工单 1 件") || !strings.Contains(out, "全部在当前密钥下") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	// Each is refused at once, in one line, before anything is served or written.
	for name, keys := range map[string]string{"the old file": first, "another file": vault.Generate()} {
		for _, args := range [][]string{{"serve"}, {"sweep"}, {"import", sheet}, {"vault", "reseal"}} {
			code, out, errs := xiaopu(t, with(keyFile(t, keys)), args...)
			if code != exitError || out != "" || !strings.Contains(errs, "密钥与数据库不符") || strings.Count(strings.TrimSpace(errs), "\n") > 0 {
				t.Errorf("%s, %v: exit %d %s%s", name, args, code, out, errs)
			}
		}
	}
}

func TestRetentionRunsAndPrintsItsCertificate(t *testing.T) {
	dsn := storetest.DSNs(t)[0]
	env := []string{"XIAOPU_DB=" + dsn, "XIAOPU_VAULT_KEYS=" + storetest.Keys}
	if code, _, errs := xiaopu(t, env, "migrate"); code != exitOK {
		t.Fatal(errs)
	}
	if code, out, errs := xiaopu(t, env, "retention", "run"); code != exitOK || !strings.Contains(out, "没有保存期满的个人信息") {
		t.Fatalf("exit %d %s%s", code, out, errs)
	}
	long := time.Now().AddDate(-4, 0, 0)
	db, e := prepared(t, dsn, long)
	if _, err := e.TakeIn(t.Context(), []ticket.Ticket{{
		Source: ticket.Hotline, OrderNo: "20220301080001", Content: "欧阳佳慧13812345678", Requester: ticket.Requester{Kind: ticket.Person, Name: "欧阳佳慧", Phone: "13812345678"},
		AcceptedAt: long, ClosedAt: &long, ReassignedColumn: -1, ReturnedColumn: -1, Fingerprint: "f", Raw: []ticket.Cell{{Header: "电话", Text: "13812345678"}},
	}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errs := xiaopu(t, env, "retention", "run", "--dry-run")
	if code != exitOK || !strings.Contains(out, "导入的原始行（保存 90 天）：1 件") || !strings.Contains(out, "没有删除任何内容") {
		t.Fatalf("exit %d %s%s", code, out, errs)
	}
	code, out, errs = xiaopu(t, env, "retention", "run")
	_, number, found := strings.Cut(out, "删除证明编号 ")
	number, _, _ = strings.Cut(number, "，")
	if code != exitOK || !found || !strings.Contains(out, "未成难事的工单中的个人信息（保存 3 年）：1 件") {
		t.Fatalf("exit %d %s%s", code, out, errs)
	}
	code, out, errs = xiaopu(t, env, "retention", "certificate", number)
	if code != exitOK || !strings.Contains(out, "# 个人信息删除证明") || !strings.Contains(out, "编号："+number) || !strings.Contains(out, "方式：命令行") || !strings.Contains(out, "明细与校验值一致") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if code, _, errs := xiaopu(t, env, "retention", "certificate", "SC1999-000001"); code != exitError || !strings.Contains(errs, "没有找到这份删除证明") {
		t.Errorf("exit %d %s", code, errs)
	}
}

// Rows kept for a report are not sealed anew: until they are gone the old key is needed, and the status says so.
func TestTheStatusOfKeysCountsWhatIsNotSealedAnew(t *testing.T) {
	old := vault.Generate()
	both, err := vault.Add(old)
	if err != nil {
		t.Fatal(err)
	}
	dsn := storetest.DSNs(t)[0]
	with := func(keys string) []string { return []string{"XIAOPU_DB=" + dsn, "XIAOPU_VAULT_KEYS=" + keys} }
	sheet := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(sheet, []byte("工单编号,受理时间,内容描述\n20260301080001,2026-03-01 08:00:01,漏水\n,2026-03-01 08:00:01,没有编号\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := xiaopu(t, with(old), "import", sheet); code != exitOK {
		t.Fatal(out, errs)
	}
	if code, out, errs := xiaopu(t, with(both), "vault", "reseal"); code != exitOK {
		t.Fatal(out, errs)
	}
	if code, out, errs := xiaopu(t, with(both), "vault", "status"); code != exitOK || !strings.Contains(out, "旧密钥仍然需要") || strings.Contains(out, "全部在当前密钥下") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
}

// A finding about the audit log concerns no case: it is not printed behind an empty name.
func TestAFindingAboutTheAuditLogStandsAlone(t *testing.T) {
	dsn := storetest.DSNs(t)[0]
	env := []string{"XIAOPU_DB=" + dsn, "XIAOPU_VAULT_KEYS=" + storetest.Keys}
	if code, _, errs := xiaopu(t, env, "migrate"); code != exitOK {
		t.Fatal(errs)
	}
	db, e := prepared(t, dsn, time.Now())
	if err := errors.Join(e.Record(t.Context(), workflow.Audited{Actor: "p-1", Action: "test.entry"}), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Raw(t, dsn).ExecContext(t.Context(), `UPDATE audit_log SET actor = 'p-9' WHERE seq = 1`); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := xiaopu(t, env, "audit", "verify"); code != exitError || !strings.HasPrefix(out, "审计日志第 1 条") {
		t.Errorf("exit %d %s", code, out)
	}
}
