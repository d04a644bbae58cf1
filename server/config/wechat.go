package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
)

// The values of WeChat beside Off.
const (
	StandIn = "standin" // an imitation of the platform, on this machine
	Real    = "real"    // the platform itself
)

// The values of ContentCheck.
const (
	ByWeChat = "wechat"
	Local    = "local"
)

// ChecksByWeChat reports whether WeChat looks at what residents write and bring.
func (c Config) ChecksByWeChat() bool { return c.WeChatMode() != Off && c.ContentCheck != Local }

// WeChatMode is WeChat, or what an empty one means.
func (c Config) WeChatMode() string {
	switch {
	case c.WeChat != "":
		return c.WeChat
	case c.Mode == Demo:
		return StandIn
	}
	return Off
}

var (
	weChatID     = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	weChatSecret = regexp.MustCompile(`^[0-9a-f]{32}$`)
	pushToken    = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
	pushAESKey   = regexp.MustCompile(`^[0-9A-Za-z+/]{43}$`)
	weComID      = regexp.MustCompile(`^w[0-9A-Za-z]{8,63}$`)
	hostName     = regexp.MustCompile(`^[0-9a-z]([0-9a-z.-]{0,250}[0-9a-z])?(:[0-9]{1,5})?$`)
)

// checkWeChat tells what is wrong with the settings of WeChat: an account is given in full or not at all.
func (c Config) checkWeChat() (out []finding) {
	wrong := func(key, format string, args ...any) { out = append(out, finding{key, fmt.Sprintf(format, args...)}) }
	type setting struct {
		key, value string
		form       *regexp.Regexp
		says       string
	}
	whole := func(what string, required bool, settings []setting) {
		given := slices.ContainsFunc(settings, func(s setting) bool { return s.value != "" })
		for _, s := range settings {
			switch {
			case s.value == "" && (given || required):
				wrong(s.key, "没有设置：%s的各项要一起设置，%s", what, s.says)
			case s.value != "" && !s.form.MatchString(s.value):
				wrong(s.key, "写法不对，%s", s.says)
			}
		}
	}

	if !slices.Contains([]string{"", Off, StandIn, Real}, c.WeChat) {
		wrong("wechat", "现在是“%s”，应为 off（不用）、standin（模拟平台）或 real（真实平台）", shorten(c.WeChat))
	}
	if c.WeChatMode() == StandIn && c.Mode == Production {
		wrong("wechat", "是 standin：正式环境不能用微信模拟平台，请改为 real 或 off")
	}
	if u, err := url.Parse(c.WeChatStandIn); c.WeChatStandIn != "" {
		switch {
		case err != nil || u.Scheme != "http" || u.Path != "" || u.User != nil || u.RawQuery != "" || !validListen(u.Host) || !Loopback(u.Host):
			wrong("wechat_standin", "应为本机地址，例如 http://127.0.0.1:8090，或不设置而由本程序启动")
		case c.Mode == Production:
			wrong("wechat_standin", "正式环境不能用微信模拟平台，请删去")
		}
	}
	if !validListen(c.WeChatStandInListen) || !Loopback(c.WeChatStandInListen) {
		wrong("wechat_standin_listen", "现在是“%s”，应为本机的 地址:端口，例如 127.0.0.1:8090", shorten(c.WeChatStandInListen))
	}
	if !slices.Contains([]string{"", ByWeChat, Local}, c.ContentCheck) {
		wrong("content_check", "现在是“%s”，应为 wechat（由微信检查）或 local（只用词表和人工）", shorten(c.ContentCheck))
	}
	if c.ContentCheck == ByWeChat && c.WeChatMode() == Off {
		wrong("content_check", "是 wechat，却没有启用微信，请改为 local，或设置 wechat")
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Scheme != "https" || !hostName.MatchString(u.Host) || c.PublicURL != "https://"+u.Host) {
		wrong("public_url", "应为外网访问本服务的地址，例如 https://xiaopu.example.gov.cn，不带路径，末尾没有斜杠")
	}
	if !slices.Contains([]string{"release", "trial", "develop"}, c.WeChatVersion) {
		wrong("wechat_version", "现在是“%s”，应为 release（正式版）、trial（体验版）或 develop（开发版）", shorten(c.WeChatVersion))
	}
	const (
		idForm     = "应为微信公众平台给出的 AppID（wx 开头共 18 位）"
		secretForm = "应为微信公众平台给出的 AppSecret（32 位），并经 …_FILE 提供"
		tokenForm  = "应与公众平台“消息推送”里的 Token 一致（3 到 32 位字母或数字），并经 …_FILE 提供"
		aesForm    = "应与公众平台“消息推送”里的 EncodingAESKey 一致（43 位），并经 …_FILE 提供"
	)
	whole("小程序", c.WeChatMode() == Real, []setting{
		{"wechat_app_id", c.WeChatAppID, weChatID, idForm},
		{"wechat_app_secret", string(c.WeChatAppSecret), weChatSecret, secretForm},
		{"wechat_app_token", string(c.WeChatAppToken), pushToken, tokenForm},
		{"wechat_app_aes_key", string(c.WeChatAppAESKey), pushAESKey, aesForm},
	})
	whole("公众号", false, []setting{
		{"wechat_oa_id", c.WeChatOAID, weChatID, idForm},
		{"wechat_oa_secret", string(c.WeChatOASecret), weChatSecret, secretForm},
		{"wechat_oa_token", string(c.WeChatOAToken), pushToken, tokenForm},
		{"wechat_oa_aes_key", string(c.WeChatOAAESKey), pushAESKey, aesForm},
	})
	agent := ""
	if c.WeComAgent != 0 {
		agent = fmt.Sprint(c.WeComAgent)
	}
	whole("企业微信", false, []setting{
		{"wecom_corp_id", c.WeComCorpID, weComID, "应为企业微信管理后台的企业 ID（CorpID）"},
		{"wecom_agent", agent, regexp.MustCompile(`^[1-9][0-9]*$`), "应为企业微信自建应用的 AgentId"},
		{"wecom_secret", string(c.WeComSecret), regexp.MustCompile(`^[0-9A-Za-z_-]{20,128}$`), "应为企业微信自建应用的 Secret，并经 XIAOPU_WECOM_SECRET_FILE 提供"},
	})
	switch {
	case c.WeComHost != "" && !hostName.MatchString(c.WeComHost):
		wrong("wecom_host", "应为主机名，例如 qyapi.example.gov.cn，不带 https://")
	case c.WeComHost != "" && c.WeComCorpID == "":
		wrong("wecom_host", "设置了，却没有设置 wecom_corp_id、wecom_agent 和 wecom_secret，请一起设置")
	}
	return out
}
