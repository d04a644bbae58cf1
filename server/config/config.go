package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The modes an installation runs in.
const (
	Development = "development" // one developer's machine
	Demo        = "demo"        // invented people and cases, for showing
	Production  = "production"  // the real thing: stand-ins and keys for trying out are refused
)

// Config is the settings of one installation. configs/xiaopu.example.yaml says what each is for.
type Config struct {
	Mode         string `yaml:"mode"`
	DB           DSN    `yaml:"db"`
	Listen       string `yaml:"listen"` // host:port
	TokenKey     Secret `yaml:"token_key"`
	VaultKeys    Secret `yaml:"vault_keys"` // as vault.Parse reads them
	Redis        Secret `yaml:"redis"`      // an address with its password
	TokenMinutes int    `yaml:"token_minutes"`

	SecondFactor      string `yaml:"second_factor"` // required, off, or empty: required except in a demonstration
	IdleMinutes       int    `yaml:"idle_minutes"`
	AdminIdleMinutes  int    `yaml:"admin_idle_minutes"`
	SessionHours      int    `yaml:"session_hours"`
	PasswordDays      int    `yaml:"password_days"`       // 0 for never
	UnusedAccountDays int    `yaml:"unused_account_days"` // 0 for never

	SweepSeconds   int      `yaml:"sweep_seconds"`
	LogLevel       string   `yaml:"log_level"`      // debug, info, warn, error
	MetricsListen  string   `yaml:"metrics_listen"` // host:port of /metrics; "" for none
	Pprof          bool     `yaml:"pprof"`
	TrustedProxies []string `yaml:"trusted_proxies"` // addresses or networks
	Attachments    string   `yaml:"attachments"`     // folder; "" for one beside the database, see cmd
	ContentWords   string   `yaml:"content_words"`   // file of content.Parse; "" for the list built in
	ContentCheck   string   `yaml:"content_check"`   // wechat, local, or empty: wechat where there is one
	PublicURL      string   `yaml:"public_url"`      // https://host by which the internet reaches this service; "" for none
	Street         string   `yaml:"street"`          // the office's name, as the privacy notice says whose program this is
	StreetPhone    string   `yaml:"street_phone"`    // whom residents call about their data; "" for 12345
	MaxUploadMB    int      `yaml:"max_upload_mb"`

	NoticesFile string `yaml:"notices_file"` // a copy of configs/notices.yaml; "" for the one built in
	SMSURL      string `yaml:"sms_url"`      // where text messages are posted to; "" for none
	SMSKey      Secret `yaml:"sms_key"`

	WeChat        string `yaml:"wechat"`         // off, standin, real, or empty: standin in a demonstration, else off
	WeChatStandIn string `yaml:"wechat_standin"` // address of a stand-in that runs already, http://127.0.0.1:port; "" starts one
	// WeChatStandInListen is where this process starts one, host:port of this machine.
	WeChatStandInListen string `yaml:"wechat_standin_listen"`
	WeChatVersion       string `yaml:"wechat_version"` // of the mini-program that messages open: release, trial, develop

	WeChatAppID     string `yaml:"wechat_app_id"` // the mini-program
	WeChatAppSecret Secret `yaml:"wechat_app_secret"`
	WeChatAppToken  Secret `yaml:"wechat_app_token"`
	WeChatAppAESKey Secret `yaml:"wechat_app_aes_key"`

	WeChatOAID     string `yaml:"wechat_oa_id"` // the official account
	WeChatOASecret Secret `yaml:"wechat_oa_secret"`
	WeChatOAToken  Secret `yaml:"wechat_oa_token"`
	WeChatOAAESKey Secret `yaml:"wechat_oa_aes_key"`

	WeComCorpID string `yaml:"wecom_corp_id"`
	WeComAgent  int    `yaml:"wecom_agent"`
	WeComSecret Secret `yaml:"wecom_secret"`
	WeComHost   string `yaml:"wecom_host"` // "" for WeCom's own
}

// Default is what runs without any file: SQLite in data/, reachable from this machine alone. It has no TokenKey.
func Default() Config {
	return Config{
		Mode:         Development,
		DB:           "sqlite:data/xiaopu.db",
		Listen:       "127.0.0.1:8080",
		TokenMinutes: 15,
		IdleMinutes:  30, AdminIdleMinutes: 15, SessionHours: 12, PasswordDays: 90, UnusedAccountDays: 90,
		SweepSeconds:        5,
		LogLevel:            "info",
		MaxUploadMB:         50,
		WeChatStandInListen: "127.0.0.1:0", WeChatVersion: "release",
	}
}

// TokenLife is how long an access token is good for.
func (c Config) TokenLife() time.Duration { return time.Duration(c.TokenMinutes) * time.Minute }

// The values of SecondFactor.
const (
	Required = "required"
	Off      = "off"
)

// NeedsSecondFactor reports whether staff sign in with a second factor.
func (c Config) NeedsSecondFactor() bool {
	return c.SecondFactor == Required || c.SecondFactor == "" && c.Mode != Demo
}

// IdleLife is how long a session lasts in which nothing happens; of an administrator's, AdminIdleLife.
func (c Config) IdleLife() time.Duration { return time.Duration(c.IdleMinutes) * time.Minute }

// AdminIdleLife is IdleLife for administrators.
func (c Config) AdminIdleLife() time.Duration { return time.Duration(c.AdminIdleMinutes) * time.Minute }

// SessionLife is how long a session lasts at the most.
func (c Config) SessionLife() time.Duration { return time.Duration(c.SessionHours) * time.Hour }

// PasswordLife is after how long a password must be changed; 0 for never.
func (c Config) PasswordLife() time.Duration { return time.Duration(c.PasswordDays) * 24 * time.Hour }

// UnusedLife is after how long an account that nobody signs in to is disabled; 0 for never.
func (c Config) UnusedLife() time.Duration {
	return time.Duration(c.UnusedAccountDays) * 24 * time.Hour
}

// SweepEvery is how often the sweeper looks for what has fallen due.
func (c Config) SweepEvery() time.Duration { return time.Duration(c.SweepSeconds) * time.Second }

// MaxUploadBytes is the largest file accepted, in bytes.
func (c Config) MaxUploadBytes() int64 { return int64(c.MaxUploadMB) << 20 }

// Level is LogLevel for slog; info when it is none.
func (c Config) Level() slog.Level { return levels[c.LogLevel] }

var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// String shows every setting without its secrets.
func (c Config) String() string {
	var parts []string
	c.each(func(name string, value any) { parts = append(parts, fmt.Sprintf("%s=%v", name, value)) })
	return strings.Join(parts, " ")
}

// GoString is String: %#v shows no secret either.
func (c Config) GoString() string { return c.String() }

// LogValue is every setting without its secrets.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	c.each(func(name string, value any) { attrs = append(attrs, slog.Any(name, value)) })
	return slog.GroupValue(attrs...)
}

func (c Config) each(f func(name string, value any)) {
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		f(fieldName(v.Type().Field(i)), v.Field(i).Interface())
	}
}

const tokenKeyBytes = 32 // as long as the hash of HS256

// Validate tells every setting that is out of bounds and, in production, everything that is only for trying out. Each
// line begins with the key and quotes no secret.
func (c Config) Validate() error {
	var errs []error
	for _, f := range c.check() {
		errs = append(errs, errors.New("“"+f.key+"”"+f.text))
	}
	return errors.Join(errs...)
}

// finding is what is wrong with one setting.
type finding struct{ key, text string }

func (c Config) check() []finding {
	var out []finding
	wrong := func(key, format string, args ...any) { out = append(out, finding{key, fmt.Sprintf(format, args...)}) }
	between := func(key string, n, low, high int, unit string) {
		if n < low || n > high {
			wrong(key, "现在是 %d，应在 %d 到 %d %s之间", n, low, high, unit)
		}
	}

	if !slices.Contains([]string{Development, Demo, Production}, c.Mode) {
		wrong("mode", "现在是“%s”，应为 development（开发）、demo（演示）或 production（正式）", shorten(c.Mode))
	}
	kind, rest, _ := strings.Cut(string(c.DB), ":")
	switch {
	case kind == "sqlite" && rest != "" && !strings.HasPrefix(rest, ":memory:"):
	case kind == "mysql" && strings.Contains(rest, "@") && strings.Contains(rest, "/"):
	default:
		wrong("db", "写法不对：请写成 sqlite:文件路径（如 sqlite:data/xiaopu.db），或 mysql:用户:密码@tcp(主机:端口)/库名")
	}
	if !validListen(c.Listen) {
		wrong("listen", "现在是“%s”，应为 地址:端口，例如 127.0.0.1:8080", shorten(c.Listen))
	}
	switch {
	case c.MetricsListen == "":
	case !validListen(c.MetricsListen):
		wrong("metrics_listen", "现在是“%s”，应为 地址:端口，例如 127.0.0.1:9090；不用监控则不写", shorten(c.MetricsListen))
	case c.MetricsListen == c.Listen && !strings.HasSuffix(c.Listen, ":0"):
		wrong("metrics_listen", "不能与 listen 相同：监控数据不对外提供，请换一个端口")
	}
	switch {
	case c.TokenKey == "" && c.Mode == Production:
		wrong("token_key", "没有设置：正式环境必须设置，请用 openssl rand -base64 48 生成，并经 XIAOPU_TOKEN_KEY_FILE 提供")
	case c.TokenKey != "" && len(c.TokenKey) < tokenKeyBytes:
		wrong("token_key", "太短，至少 %d 字节，请用 openssl rand -base64 48 生成", tokenKeyBytes)
	case c.TokenKey != "" && c.Mode == Production && forTrial(string(c.TokenKey)):
		wrong("token_key", "是演示或示例用的密钥，正式环境不能用，请用 openssl rand -base64 48 另行生成")
	}
	switch {
	case c.VaultKeys == "" && c.Mode == Production:
		wrong("vault_keys", "没有设置：正式环境必须设置，请用 xiaopu vault keys 生成，妥善备份，并经 XIAOPU_VAULT_KEYS_FILE 提供")
	case c.VaultKeys != "" && c.Mode == Production && keysForTrial(string(c.VaultKeys)):
		wrong("vault_keys", "是演示或示例用的密钥，正式环境不能用，请用 xiaopu vault keys 另行生成")
	}
	between("token_minutes", c.TokenMinutes, 5, 24*60, "分钟")
	switch {
	case !slices.Contains([]string{"", Required, Off}, c.SecondFactor):
		wrong("second_factor", "现在是“%s”，应为 required（必须）或 off（不用）", shorten(c.SecondFactor))
	case c.SecondFactor == Off && c.Mode == Production:
		wrong("second_factor", "是 off：正式环境必须使用第二重验证，请改为 required 或删去")
	}
	between("idle_minutes", c.IdleMinutes, 5, 24*60, "分钟")
	between("admin_idle_minutes", c.AdminIdleMinutes, 5, 24*60, "分钟")
	between("session_hours", c.SessionHours, 1, 24, "小时")
	between("password_days", c.PasswordDays, 0, 3650, "天")
	between("unused_account_days", c.UnusedAccountDays, 0, 3650, "天")
	between("sweep_seconds", c.SweepSeconds, 1, 60, "秒")
	between("max_upload_mb", c.MaxUploadMB, 1, 500, "MB")
	if _, ok := levels[c.LogLevel]; !ok {
		wrong("log_level", "现在是“%s”，应为 debug、info、warn 或 error", shorten(c.LogLevel))
	}
	if c.SMSURL != "" {
		u, err := url.Parse(c.SMSURL)
		switch {
		case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Host)):
			wrong("sms_url", "应为短信接口的地址，https:// 开头（本机程序可用 http://127.0.0.1:端口/），不含账号、密码和参数")
		case c.SMSKey == "":
			wrong("sms_key", "没有设置：请填写短信接口的密钥，并经 XIAOPU_SMS_KEY_FILE 提供")
		}
	}
	if c.Pprof && !Loopback(c.Listen) {
		// Profiles show memory, keys included.
		wrong("pprof", "只能在 listen 为本机地址（如 127.0.0.1:8080）时打开，请关闭或改用本机地址")
	}
	for _, p := range c.TrustedProxies {
		if !validProxy(p) {
			wrong("trusted_proxies", "里的“%s”不对，应为代理服务器的 IP 或网段，例如 10.0.0.5 或 10.0.0.0/24（不能是全部地址）", shorten(p))
		}
	}
	return append(out, c.checkWeChat()...)
}

func validListen(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsAny(host, " /") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == port
}

// Loopback reports whether host:port is of this machine alone.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// validProxy refuses to trust every address: the client could then name its own.
func validProxy(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	p, err := netip.ParsePrefix(s)
	return err == nil && p.Bits() > 0
}

// forTrial recognises keys that were typed rather than drawn: they announce themselves, or use few different bytes.
func forTrial(key string) bool {
	lower := strings.ToLower(key)
	for _, word := range []string{"demo", "example", "test", "dev", "change", "secret", "xiaopu", "please", "your"} {
		if strings.HasPrefix(lower, word) {
			return true
		}
	}
	different := map[byte]bool{}
	for i := range len(key) {
		different[key[i]] = true
	}
	return len(different) < 10
}

// keysForTrial recognises a file with keys that were typed rather than drawn: of few different bytes.
func keysForTrial(text string) bool {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		_, encoded, _ := strings.Cut(line, ":")
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil || len(key) == 0 {
			continue // whether it is a key at all, the vault says
		}
		different := map[byte]bool{}
		for _, b := range key {
			different[b] = true
		}
		if len(different) < 10 {
			return true
		}
	}
	return false
}
