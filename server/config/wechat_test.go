package config

import (
	"strings"
	"testing"
)

func fullWeChat(c *Config) {
	c.WeChat = Real
	c.WeChatAppID, c.WeChatAppSecret, c.WeChatAppToken, c.WeChatAppAESKey = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef", "token", Secret(strings.Repeat("a", 43))
}

func TestWeChatSettings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string // keys that are told; none for fine
	}{
		"nothing set":                     {func(*Config) {}, nil},
		"the mini-program alone":          {fullWeChat, nil},
		"the real one without an account": {func(c *Config) { c.WeChat = Real }, []string{"wechat_app_id", "wechat_app_secret", "wechat_app_token", "wechat_app_aes_key"}},
		"half a mini-program":             {func(c *Config) { c.WeChatAppID = "wx0123456789abcdef" }, []string{"wechat_app_secret", "wechat_app_token", "wechat_app_aes_key"}},
		"half an official account":        {func(c *Config) { c.WeChatOASecret = "0123456789abcdef0123456789abcdef" }, []string{"wechat_oa_id", "wechat_oa_token", "wechat_oa_aes_key"}},
		"half an app in WeCom":            {func(c *Config) { c.WeComAgent = 1 }, []string{"wecom_corp_id", "wecom_secret"}},
		"a host and no app in WeCom":      {func(c *Config) { c.WeComHost = "qyapi.example.gov.cn" }, []string{"wecom_host"}},
		"a host with https":               {func(c *Config) { c.WeComHost = "https://x" }, []string{"wecom_host"}},
		"forms that are not the platform's": {func(c *Config) {
			fullWeChat(c)
			c.WeChatAppID, c.WeChatAppAESKey, c.WeChatAppToken = "x", "short", "a b"
		}, []string{"wechat_app_id", "wechat_app_token", "wechat_app_aes_key"}},
		"a mode that is none":           {func(c *Config) { c.WeChat = "yes" }, []string{"wechat"}},
		"a stand-in elsewhere":          {func(c *Config) { c.WeChatStandIn = "http://10.0.0.1:80" }, []string{"wechat_standin"}},
		"a stand-in with a path":        {func(c *Config) { c.WeChatStandIn = "http://127.0.0.1:80/x" }, []string{"wechat_standin"}},
		"a stand-in here":               {func(c *Config) { c.WeChat, c.WeChatStandIn = StandIn, "http://127.0.0.1:8090" }, nil},
		"a stand-in that all may reach": {func(c *Config) { c.WeChatStandInListen = "0.0.0.0:8090" }, []string{"wechat_standin_listen"}},
		"a version that is none":        {func(c *Config) { c.WeChatVersion = "beta" }, []string{"wechat_version"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Default()
			c.change(&cfg)
			var got []string
			for _, f := range cfg.check() {
				got = append(got, f.key)
				if strings.Contains(f.text, "0123456789abcdef0123456789abcdef") {
					t.Error("a secret in the message")
				}
			}
			if strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestTheStandInIsNotForProduction(t *testing.T) {
	cfg := Default()
	cfg.Mode, cfg.TokenKey, cfg.VaultKeys = Production, goodKey, goodVault
	if cfg.WeChatMode() != Off || cfg.Validate() != nil {
		t.Error("production without WeChat:", cfg.Validate())
	}
	cfg.WeChat, cfg.WeChatStandIn = StandIn, "http://127.0.0.1:8090"
	if err := cfg.Validate(); err == nil || strings.Count(err.Error(), "正式环境不能用微信模拟平台") != 2 {
		t.Error(err)
	}
	cfg.Mode, cfg.WeChat = Demo, ""
	if cfg.WeChatMode() != StandIn {
		t.Error("a demonstration has the stand-in")
	}
}
