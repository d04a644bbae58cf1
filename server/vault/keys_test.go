package vault_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"xiaopu/server/vault"
)

func line(name string, b byte) string { return name + ":" + base64.StdEncoding.EncodeToString(key(b)) }

func TestAFileOfKeysIsRead(t *testing.T) {
	for name, text := range map[string]string{
		"lines":        line("index", 2) + "\n" + line("1", 1) + "\n",
		"other order":  line("1", 1) + "\n" + line("index", 2),
		"commas":       line("index", 2) + "," + line("1", 1),
		"notes, space": "# 第一把\r\n " + line("index", 2) + " \r\n\n\t" + line(" 1 ", 1) + "\r\n",
	} {
		v, err := vault.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := v.Open(mustSeal(t, open(t, vault.Keys{1: key(1)}, key(2))), place); err != nil || string(got) != "x" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustSeal(t testing.TB, v *vault.Vault) string {
	t.Helper()
	text, _ := seal(t, v, "x")
	return text
}

func TestAFileOfKeysThatIsWrongIsRefusedWithoutShowingIt(t *testing.T) {
	good := line("index", 2) + "\n"
	for name, text := range map[string]string{
		"empty":            "",
		"only notes":       "# nothing",
		"no index":         line("1", 1),
		"only the index":   good,
		"not base64":       good + "1:好的密钥",
		"short":            good + "1:c2hvcnQ=",
		"no name":          good + base64.StdEncoding.EncodeToString(key(1)),
		"twice":            good + line("1", 1) + "\n" + line("1", 3),
		"index twice":      good + good + line("1", 1),
		"number zero":      good + line("0", 1),
		"negative":         good + line("-1", 1),
		"too high":         good + line("1000000", 1),
		"a word as number": good + line("one", 1),
	} {
		_, err := vault.Parse(text)
		if reason(err) != "vault.keys" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(err.Error(), base64.StdEncoding.EncodeToString(key(1))[:8]) || strings.Contains(err.Error(), "好的密钥") {
			t.Errorf("%s: the error shows a key: %v", name, err)
		}
	}
}

func TestAddedKeysSeal(t *testing.T) {
	first := vault.Generate()
	one, err := vault.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	text, raw := seal(t, one, "x")
	second, err := vault.Add(first)
	if err != nil {
		t.Fatal(err)
	}
	two, err := vault.Parse(second)
	if err != nil || two.CurrentKey() != 2 || !strings.HasPrefix(second, first) {
		t.Fatalf("%d %v", two.CurrentKey(), err)
	}
	if got, err := two.Open(text, place); err != nil || string(got) != "x" {
		t.Error(err)
	}
	if got, err := two.OpenBytes(raw, place); err != nil || string(got) != "x" {
		t.Error(err)
	}
	if first == vault.Generate() {
		t.Error("keys are drawn twice alike")
	}
	if _, err := vault.Add("nonsense"); reason(err) != "vault.keys" {
		t.Error(err)
	}
	if _, err := vault.Add(line("index", 2) + "\n" + line("999999", 1)); reason(err) != "vault.keys" {
		t.Error("a key beyond the last number:", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(line("index", 2) + "\n" + line("1", 1))
	f.Add("# x\n1:,index:")
	f.Add(strings.Repeat("1:A,", 100))
	f.Fuzz(func(t *testing.T, text string) {
		v, err := vault.Parse(text)
		if err != nil {
			if reason(err) != "vault.keys" {
				t.Error(err)
			}
			return
		}
		if got, err := v.Open(mustSeal(t, v), place); err != nil || string(got) != "x" {
			t.Error(err)
		}
	})
}
