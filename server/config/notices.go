package config

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"xiaopu/server/casework"
	"xiaopu/server/workday"
)

// Notices says what is sent when something happens, to whom and by which channel. configs/notices.yaml explains it.
type Notices struct {
	Version     int              `yaml:"version"`
	Hours       workday.Hours    `yaml:"hours"`
	ExpireHours int              `yaml:"expire_hours"`
	Orders      []ChannelOrder   `yaml:"orders"`
	Templates   []NoticeTemplate `yaml:"templates"`
	Words       []NoticeWords    `yaml:"words"`
	Bundle      BundleWords      `yaml:"bundle"`
	CasePage    string           `yaml:"case_page"`
	InboxPage   string           `yaml:"inbox_page"`
}

// ChannelOrder is the order in which channels are tried for some notices.
type ChannelOrder struct {
	For      string                `yaml:"for"`
	Urgent   bool                  `yaml:"urgent,omitempty"`
	Kinds    []casework.NoticeKind `yaml:"kinds,omitempty"`
	Channels []string              `yaml:"channels"`
}

// NoticeTemplate is a template as the platform has it, with what fills its keywords.
type NoticeTemplate struct {
	Name     string                `yaml:"name"`
	Channel  string                `yaml:"channel"`
	For      string                `yaml:"for,omitempty"`
	Kinds    []casework.NoticeKind `yaml:"kinds,omitempty"`
	ID       string                `yaml:"id"`
	Keywords []Keyword             `yaml:"keywords"`
	Scenes   []string              `yaml:"scenes,omitempty"`
}

// Keyword is one line of a template, such as thing1, and what fills it, such as text.
type Keyword string

// Split gives the keyword's name and what fills it.
func (k Keyword) Split() (name, filler string) {
	name, filler, _ = strings.Cut(string(k), "=")
	return name, filler
}

// NoticeWords is what a message says of one event.
type NoticeWords struct {
	Kind  casework.NoticeKind `yaml:"kind"`
	For   string              `yaml:"for,omitempty"`
	State string              `yaml:"state"`
	Event string              `yaml:"event"`
	Text  string              `yaml:"text"`
}

// BundleWords are state, event and text of a message.
type BundleWords struct {
	State string `yaml:"state"`
	Event string `yaml:"event"`
	Text  string `yaml:"text"`
}

// The audiences, channels and scenes of notices, and what fills a keyword.
var (
	NoticeAudiences = []string{"staff", "requester"}
	NoticeChannels  = []string{"official", "standing", "once", "wecom", "sms"}
	NoticeScenes    = []string{"report", "accept", "handle", "inbox"}
	NoticeFillers   = []string{"number", "event", "state", "text", "due", "at"}
)

var (
	keywordName = regexp.MustCompile(`^(thing|character_string|time|date|phrase|const|name)[0-9]{1,2}$`)
	templateID  = regexp.MustCompile(`^[0-9A-Za-z_-]{10,64}$`)
	pagePath    = regexp.MustCompile(`^[0-9A-Za-z_/-]+(\?[0-9A-Za-z_=&{}-]+)?$`)
)

// LoadNotices reads a file such as configs/notices.yaml. The error joins one line for each problem.
func LoadNotices(data []byte) (Notices, error) {
	var n Notices
	s := source{complete: true}
	if s.decode(data, seedBytes, &n) {
		s.checkNotices(n)
	}
	if err := s.err(); err != nil {
		return Notices{}, err
	}
	return n, nil
}

func (s *source) checkNotices(n Notices) {
	oneOf := func(path, value string, list []string) {
		if !slices.Contains(list, value) {
			s.at(path, "“%s”现在是“%s”，应为 %s", path, shorten(value), strings.Join(list, "、"))
		}
	}
	if n.Version < 1 {
		s.at("version", "“version”应为 1 或更大的整数")
	}
	if err := n.Hours.Validate(); err != nil || len(n.Hours) == 0 {
		s.at("hours", "“hours”应为一段或几段时间，例如 08:30-17:30")
	}
	if n.ExpireHours < 1 || n.ExpireHours > 30*24 {
		s.at("expire_hours", "“expire_hours”现在是 %d，应在 1 到 720 小时之间", n.ExpireHours)
	}
	for i, o := range n.Orders {
		path := "orders" + item(i)
		oneOf(join(path, "for"), o.For, NoticeAudiences)
		for _, c := range o.Channels {
			oneOf(join(path, "channels"), c, NoticeChannels)
		}
	}
	for _, audience := range NoticeAudiences {
		if !slices.ContainsFunc(n.Orders, func(o ChannelOrder) bool { return o.For == audience && !o.Urgent && len(o.Kinds) == 0 }) {
			s.at("orders", "“orders”缺少 for: %s 的一般顺序（不写 urgent 和 kinds）", audience)
		}
	}
	for i, t := range n.Templates {
		s.checkTemplate("templates"+item(i), t, oneOf)
	}
	for i, w := range n.Words {
		path := "words" + item(i)
		if w.For != "" {
			oneOf(join(path, "for"), w.For, NoticeAudiences)
		}
		s.checkWords(path, BundleWords{w.State, w.Event, w.Text})
	}
	for _, kind := range casework.NoticeKinds {
		if !slices.ContainsFunc(n.Words, func(w NoticeWords) bool { return w.Kind == kind && w.For == "" }) {
			s.at("words", "“words”缺少 kind: %s，请补上", kind)
		}
	}
	s.checkWords("bundle", n.Bundle)
	if !pagePath.MatchString(n.CasePage) || !strings.Contains(n.CasePage, "{case}") {
		s.at("case_page", "“case_page”应为小程序页面路径，例如 pages/case/detail?id={case}")
	}
	if !pagePath.MatchString(n.InboxPage) {
		s.at("inbox_page", "“inbox_page”应为小程序页面路径，例如 pages/inbox/index")
	}
}

func (s *source) checkTemplate(path string, t NoticeTemplate, oneOf func(path, value string, list []string)) {
	oneOf(join(path, "channel"), t.Channel, []string{"official", "standing", "once"})
	if t.For != "" {
		oneOf(join(path, "for"), t.For, NoticeAudiences)
	}
	if !templateID.MatchString(t.ID) {
		s.at(join(path, "id"), "“%s”应为平台上的模板编号，10 到 64 位字母、数字、- 和 _", join(path, "id"))
	}
	if len(t.Keywords) == 0 {
		s.at(path, "“%s”缺少关键词", join(path, "keywords"))
	}
	for _, k := range t.Keywords {
		name, filler := k.Split()
		if !keywordName.MatchString(name) || !slices.Contains(NoticeFillers, filler) {
			s.at(join(path, "keywords"), "“%s”里的“%s”不对，应写成 关键词=内容，例如 thing1=text；内容可用 %s", join(path, "keywords"), shorten(string(k)), strings.Join(NoticeFillers, "、"))
			continue
		}
		if kind := strings.TrimRight(name, "0123456789"); !fills(kind, filler) {
			s.at(join(path, "keywords"), "“%s”里的“%s”不对：%s 类关键词不能填 %s", join(path, "keywords"), shorten(string(k)), kind, filler)
		}
	}
	for _, scene := range t.Scenes {
		oneOf(join(path, "scenes"), scene, NoticeScenes)
	}
}

// fills tells whether what a filler gives can fit a keyword of a kind.
func fills(kind, filler string) bool {
	switch kind {
	case "time", "date":
		return filler == "due" || filler == "at"
	case "character_string":
		return filler == "number"
	case "phrase", "const":
		return filler == "state"
	}
	return true
}

// maxState is how many characters a keyword of kind phrase takes: Han alone.
const maxState = 5

func (s *source) checkWords(path string, w BundleWords) {
	if n := utf8.RuneCountInString(w.State); n == 0 || n > maxState || strings.ContainsFunc(w.State, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) {
		s.at(path, "“%s”现在是“%s”，应为 1 到 %d 个汉字", join(path, "state"), shorten(w.State), maxState)
	}
	for _, text := range []struct{ name, value string }{{"event", w.Event}, {"text", w.Text}} {
		if strings.TrimSpace(text.value) == "" || utf8.RuneCountInString(text.value) > 60 {
			s.at(path, "“%s”应有内容，最多 60 个字", join(path, text.name))
		}
	}
}
