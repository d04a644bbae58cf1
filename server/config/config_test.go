package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const goodKey = "m3Vb7Qz0Lk9XwT2pRc8YhN5sJd4FgA6u"

const goodVault = "index:c29tZSBieXRlcyBmb3IgdGhlIGJsaW5kIGluZGV4MTI=,1:c29tZSBieXRlcyBmb3IgdGhlIG1hc3RlciBrZXkgMTI="

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	got, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Errorf("Load of nothing (-want +got):\n%s", diff)
	}
}

func TestExampleIsDefaultAndDocumentsEveryKey(t *testing.T) {
	const path = "../../configs/xiaopu.example.yaml"
	got, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Errorf("the example is not the default (-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names(reflect.TypeFor[Config]()) {
		if !strings.Contains(string(text), "\n"+name+": ") && !strings.Contains(string(text), "\n# "+name+": ") {
			t.Errorf("the example does not mention %s", name)
		}
	}
}

func TestLaterSourcesWin(t *testing.T) {
	file := write(t, "xiaopu.yaml", "listen: 127.0.0.1:1111\ndb: sqlite:file.db\nlog_level: warn\ntoken_key: "+goodKey+"\nvault_keys: "+goodVault+"\ntrusted_proxies: [10.0.0.5]\n")
	key := write(t, "key", "From-the-file-0123456789-abcdefghijk\r\n\n")
	empty := ""
	tests := []struct {
		name string
		path string
		env  []string
		want func(*Config)
	}{
		{"the file over the default", file, nil, func(c *Config) {}},
		{"XIAOPU_CONFIG when no path is given", empty, []string{"XIAOPU_CONFIG=" + file}, func(c *Config) {}},
		{"a variable over the file", file, []string{"XIAOPU_LISTEN=0.0.0.0:2222", "PATH=/bin", "XIAOPU_MODE=production"}, func(c *Config) { c.Listen, c.Mode = "0.0.0.0:2222", Production }},
		{"a secret's file over its variable", file, []string{"XIAOPU_TOKEN_KEY_FILE=" + key, "XIAOPU_TOKEN_KEY=" + goodKey + "x"}, func(c *Config) { c.TokenKey = "From-the-file-0123456789-abcdefghijk" }},
		{"an empty variable is none", file, []string{"XIAOPU_LISTEN=", "XIAOPU_TOKEN_KEY_FILE="}, func(c *Config) {}},
		{"the later of two variables", file, []string{"XIAOPU_DB=sqlite:a", "XIAOPU_DB=sqlite:b"}, func(c *Config) { c.DB = "sqlite:b" }},
		{"numbers, switches and lists", file, []string{"XIAOPU_SWEEP_SECONDS=9", "XIAOPU_PPROF=true", "XIAOPU_TRUSTED_PROXIES= 10.1.0.0/16, ::1 ,"}, func(c *Config) {
			c.SweepSeconds, c.Pprof, c.TrustedProxies = 9, true, []string{"10.1.0.0/16", "::1"}
		}},
		{"the tests' own variables are none of ours", file, []string{"XIAOPU_TEST_MYSQL=1"}, func(c *Config) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := Default()
			want.Listen, want.DB, want.LogLevel, want.TokenKey, want.VaultKeys, want.TrustedProxies = "127.0.0.1:1111", "sqlite:file.db", "warn", goodKey, goodVault, []string{"10.0.0.5"}
			tt.want(&want)
			got, err := Load(tt.path, tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Load (-want +got):\n%s", diff)
			}
			if string(got.TokenKey) != string(want.TokenKey) || string(got.DB) != string(want.DB) {
				t.Error("secrets differ") // their diff shows nothing
			}
		})
	}
}

func TestLoadTellsEveryProblem(t *testing.T) {
	tests := []struct {
		name string
		file string
		env  []string
		want []string // parts of the lines, in order
	}{
		{"unknown keys and variables, with what there is", "mode: demo\nlisen: x\ndb:\n  path: x\n", []string{"XIAOPU_LISTN=x"},
			[]string{"第 2 行：不认识“lisen”", "第 4 行：“db”应为文字", "不认识环境变量 XIAOPU_LISTN，请改正或删去（可用：XIAOPU_MODE、"}},
		{"values of another type", "token_minutes: soon\nsweep_seconds: 010\npprof: yes\nlisten: [a]\nlog_level:\nmax_upload_mb: \"5\"\ntrusted_proxies: 10.0.0.5\n", []string{"XIAOPU_MAX_UPLOAD_MB=many", "XIAOPU_PPROF=on"},
			[]string{"第 1 行：“token_minutes”应为整数，现在是“soon”", "第 2 行：“sweep_seconds”应为整数", "第 3 行：“pprof”应为 true 或 false", "第 4 行：“listen”应为文字", "第 5 行：“log_level”没有写值", "第 6 行：“max_upload_mb”应为整数", "第 7 行：“trusted_proxies”应为列表", "XIAOPU_MAX_UPLOAD_MB 应为整数", "XIAOPU_PPROF 应为 true 或 false"}},
		{"a key given twice", "mode: demo\nlisten: 127.0.0.1:1\nmode: demo\n", nil, []string{"第 3 行：“mode”在第 1 行已经写过"}},
		{"values out of bounds, with where they were written", "mode: prod\ntoken_minutes: 4\n", []string{"XIAOPU_LISTEN=8080", "XIAOPU_DB=postgres:x", "XIAOPU_LOG_LEVEL=loud", "XIAOPU_TRUSTED_PROXIES=0.0.0.0/0,me"},
			[]string{"第 1 行：“mode”现在是“prod”", "环境变量 XIAOPU_DB：“db”写法不对", "环境变量 XIAOPU_LISTEN：“listen”现在是“8080”", "第 2 行：“token_minutes”现在是 4，应在 5 到 1440 分钟之间", "“log_level”现在是“loud”", "“0.0.0.0/0”不对", "“me”不对"}},
		{"production without a key", "mode: production\n", nil, []string{"“token_key”没有设置：正式环境必须设置", "“vault_keys”没有设置：正式环境必须设置"}},
		{"production with a key for trying out", "mode: production\nvault_keys: " + goodVault + "\n", []string{"XIAOPU_TOKEN_KEY=demo-key-" + goodKey}, []string{"“token_key”是演示或示例用的密钥"}},
		{"production with a typed key", "mode: production\nvault_keys: " + goodVault + "\n", []string{"XIAOPU_TOKEN_KEY=" + strings.Repeat("12345678", 5)}, []string{"“token_key”是演示或示例用的密钥"}},
		{"production with a vault key of an example", "mode: production\ntoken_key: " + goodKey + "\n", []string{"XIAOPU_VAULT_KEYS=index:" + strings.Repeat("A", 43) + "="}, []string{"“vault_keys”是演示或示例用的密钥"}},
		{"a short key in any mode", "", []string{"XIAOPU_TOKEN_KEY=short"}, []string{"“token_key”太短，至少 32 字节"}},
		{"profiles for the whole network", "pprof: true\nlisten: 0.0.0.0:8080\n", nil, []string{"第 1 行：“pprof”只能在 listen 为本机地址"}},
		{"a missing secret", "", []string{"XIAOPU_TOKEN_KEY_FILE=/nowhere/key"}, []string{"XIAOPU_TOKEN_KEY_FILE 指的文件 /nowhere/key 读不到：文件不存在"}},
		{"nothing, said aloud", "~\n", nil, []string{"第 1 行：文件应由若干“名称: 值”组成"}},
		{"no mapping", "- a\n", nil, []string{"第 1 行：文件应由若干“名称: 值”组成"}},
		{"several documents", "mode: demo\n---\nmode: demo\n", nil, []string{"一个文件只能有一份内容"}},
		{"anchors", "mode: &a demo\nlisten: *a\n", nil, []string{"第 1 行：“&”开头的写法"}},
		{"tabs", "a:\n\tb: 1\n", nil, []string{"第 2 行：不能用制表符"}},
		{"an open quote", "mode: \"demo\nlisten: x\n", nil, []string{"第 1 行：引号没有配对"}},
		{"an open bracket", "trusted_proxies: [a, b\n", nil, []string{"第 1 行：括号没有配对"}},
		{"not UTF-8", "mode: \xc4\xe3\xba\xc3\n", nil, []string{"不是 UTF-8 编码"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(write(t, "x.yaml", tt.file), tt.env)
			if err == nil {
				t.Fatal("Load accepted it")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("problem %d: %q lacks %q", i+1, lines[i], want)
				}
			}
		})
	}
}

func TestLoadRefusesFilesThatAreNone(t *testing.T) {
	for name, path := range map[string]string{
		"a missing file": filepath.Join(t.TempDir(), "none.yaml"),
		"a folder":       t.TempDir(),
		"a huge file":    write(t, "huge.yaml", strings.Repeat("# far too much\n", 1<<17)),
	} {
		if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), "读不到配置文件") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOddButGoodFiles(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":            "",
		"comments alone":     "# nothing\n",
		"a byte order mark":  "\ufeffmode: development\n",
		"Windows line ends":  "mode: development\r\nlog_level: info\r\n",
		"a document's start": "---\nmode: development\n",
		"brackets":           "{mode: development, log_level: info}",
	} {
		if got, err := Load(write(t, "x.yaml", text), nil); err != nil || !cmp.Equal(got, Default()) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestListen(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:8080": true, ":8080": true, "[::1]:80": true, "xiaopu.local:0": true,
		"8080": false, "127.0.0.1": false, "127.0.0.1:http": false, "127.0.0.1:70000": false, "http://x:80": false, "": false, "a b:80": false,
	} {
		if validListen(listen) != want {
			t.Errorf("validListen(%q) = %v", listen, !want)
		}
	}
}

func TestSecretsShowNowhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Letters that no other setting contains, so that a leak cannot hide.
		part := rapid.StringMatching(`[ΑΒΓΔΕΖΗΘ@:/?]{0,6}[ΑΒΓΔΕΖΗΘ]{4}[ΑΒΓΔΕΖΗΘ@:/?]{0,6}`)
		key, user, password, parameter := part.Draw(t, "key"), part.Draw(t, "user"), part.Draw(t, "password"), rapid.StringMatching(`[ΑΒΓΔ]{4}`).Draw(t, "parameter")
		c := Default()
		c.TokenKey = Secret(key)
		kind := rapid.SampledFrom([]string{"mysql:", "mysql", "mysqll:", "MYSQL:"}).Draw(t, "kind")
		c.DB = DSN(kind + user + ":" + password + rapid.SampledFrom([]string{"@tcp(db:3306)/xiaopu?x=", ""}).Draw(t, "rest") + parameter)

		var b strings.Builder
		for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
			slog.New(h).Info("x", "config", c, "pointer", &c, "key", c.TokenKey, "db", c.DB, "inside", struct{ C Config }{c})
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&b, verb+verb+verb+verb+verb, c, &c, c.TokenKey, c.DB, []Config{c})
		}
		j, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(j)
		if err := c.Validate(); err != nil {
			b.WriteString(err.Error())
		}
		if i := strings.IndexAny(b.String(), "ΑΒΓΔΕΖΗΘ"); i >= 0 {
			t.Fatalf("a secret shows: %s", b.String()[max(0, i-60):])
		}
	})
}

func TestProblemsShowNoSecret(t *testing.T) {
	const secret = "S3cretS3cretS3cret"
	for name, text := range map[string]string{
		"a list":         "token_key: [" + secret + "]\n",
		"a mapping":      "db: {" + secret + ": " + secret + "}\n",
		"a broken quote": "token_key: \"" + secret + "\nmode: demo\n",
		"a broken line":  "token_key: " + secret + ": " + secret + "\n",
		"a tag":          "token_key: !" + secret + "\n",
		"an alias":       "token_key: *" + secret + "\n",
		"an anchor":      "token_key: &" + secret + "\n",
		"a percent sign": "token_key: %" + secret + "\n",
		"a bracket":      "token_key: [" + secret + "\n",
		"an at sign":     "token_key: @" + secret + "\n",
		"a number":       "token_key: 1.5\ndb: true\n",
		"too short":      "token_key: " + secret + "\n",
		"a bad database": "db: root:" + secret + "@tcp(x)/y\n",
	} {
		_, err := Load(write(t, "x.yaml", text), []string{"XIAOPU_TOKEN_MINUTES=" + secret, "XIAOPU_PPROF=" + secret})
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStringShowsTheRest(t *testing.T) {
	c := Default()
	c.DB = "mysql:xiaopu:pass@word@tcp(db:3306)/xiaopu?timeout=5s"
	c.TokenKey = goodKey
	want := "mode=development db=mysql:***@tcp(db:3306)/xiaopu listen=127.0.0.1:8080 token_key=[已设置] vault_keys=[未设置] redis=[未设置] token_minutes=15 second_factor= idle_minutes=30 admin_idle_minutes=15 session_hours=12 password_days=90 unused_account_days=90 sweep_seconds=5 log_level=info metrics_listen= pprof=false trusted_proxies=[] attachments= content_words= content_check= public_url= street= street_phone= max_upload_mb=50 notices_file= sms_url= sms_key=[未设置] wechat= wechat_standin= wechat_standin_listen=127.0.0.1:0 wechat_version=release wechat_app_id= wechat_app_secret=[未设置] wechat_app_token=[未设置] wechat_app_aes_key=[未设置] " +
		"wechat_oa_id= wechat_oa_secret=[未设置] wechat_oa_token=[未设置] wechat_oa_aes_key=[未设置] wecom_corp_id= wecom_agent=0 wecom_secret=[未设置] wecom_host="
	if got := c.String(); got != want {
		t.Errorf("String() = %q\nwant       %q", got, want)
	}
}

func TestSecondFactor(t *testing.T) {
	for name, v := range map[string]struct {
		mode, setting string
		needed, fine  bool
	}{
		"development, not set":   {Development, "", true, true},
		"development, off":       {Development, Off, false, true},
		"demonstration, not set": {Demo, "", false, true},
		"demonstration, asked":   {Demo, Required, true, true},
		"production, not set":    {Production, "", true, true},
		"production, off":        {Production, Off, false, false},
		"another word":           {Development, "no", false, false},
	} {
		c := Default()
		c.Mode, c.SecondFactor, c.TokenKey, c.VaultKeys = v.mode, v.setting, goodKey, goodVault
		if err := c.Validate(); (err == nil) != v.fine || v.fine && c.NeedsSecondFactor() != v.needed {
			t.Errorf("%s: needed %v, %v", name, c.NeedsSecondFactor(), err)
		}
	}
}

func TestUnits(t *testing.T) {
	c := Default()
	if c.TokenLife().Minutes() != 15 || c.IdleLife().Minutes() != 30 || c.AdminIdleLife().Minutes() != 15 || c.SessionLife().Hours() != 12 || c.PasswordLife().Hours() != 90*24 || c.UnusedLife().Hours() != 90*24 || c.SweepEvery().Seconds() != 5 || c.MaxUploadBytes() != 50<<20 || c.Level() != slog.LevelInfo {
		t.Errorf("%v %v %v %v", c.TokenLife(), c.SweepEvery(), c.MaxUploadBytes(), c.Level())
	}
}

func TestTextMessagesNeedASafeAddressAndAKey(t *testing.T) {
	for name, c := range map[string]struct {
		url  string
		key  Secret
		want string
	}{
		"none":                      {"", "", ""},
		"a provider":                {"https://sms.example.gov.cn/send", "k", ""},
		"a program on this machine": {"http://127.0.0.1:9100/send", "k", ""},
		"unsealed over the network": {"http://sms.example.gov.cn/send", "k", "sms_url"},
		"a password in the address": {"https://me:pass@sms.example.gov.cn/", "k", "sms_url"},
		"a key in the address":      {"https://sms.example.gov.cn/?key=1", "k", "sms_url"},
		"no address":                {"sms", "k", "sms_url"},
		"no key":                    {"https://sms.example.gov.cn/send", "", "sms_key"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Default()
			o.SMSURL, o.SMSKey = c.url, c.key
			err := o.Validate()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Error(err)
			}
		})
	}
}
