package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xiaopu/server/demo"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/vault"
)

// A demonstration and a real street never share a database: the one's clock jumps, the other's deadlines are real.
func TestDemoAndRealDataStayApart(t *testing.T) {
	env := append(fresh(t), "XIAOPU_LISTEN=127.0.0.1:0")
	if code, _, errs := xiaopu(t, env, "organisation", "load", "../../../configs/org.example.yaml", "--yes"); code != exitOK {
		t.Fatal(errs)
	}
	if code, _, errs := xiaopu(t, env, "serve", "--demo"); code != exitError || !strings.Contains(errs, "不能用来演示") {
		t.Errorf("the demonstration on a real street: exit %d, %s", code, errs)
	}

	dsn := storetest.DSNs(t)[0]
	keys := vault.Generate()
	sealer, err := vault.Parse(keys)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(context.Background(), dsn, store.Options{Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Load(context.Background(), db, demo.Options{Now: time.Now(), Sample: t.TempDir() + "/sample.xlsx"}); err != nil {
		t.Fatal(err)
	}
	production := []string{"XIAOPU_DB=" + dsn, "XIAOPU_MODE=production", "XIAOPU_TOKEN_KEY=" + testKey, "XIAOPU_VAULT_KEYS=" + keys, "XIAOPU_LISTEN=127.0.0.1:0"}
	sheet := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(sheet, []byte("工单编号,受理时间\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve"}, {"sweep"}, {"import", sheet}} {
		if code, _, errs := xiaopu(t, production, args...); code != exitError || !strings.Contains(errs, "演示用的数据库") {
			t.Errorf("%v in production on the demonstration: exit %d, %s", args, code, errs)
		}
	}
}
