package config

import (
	"strings"
	"testing"

	"xiaopu/configs"
)

func shippedNotices(t testing.TB) string {
	t.Helper()
	text, err := configs.Files.ReadFile("notices.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheShippedNoticesAreComplete(t *testing.T) {
	n, err := LoadNotices([]byte(shippedNotices(t)))
	if err != nil {
		t.Fatal(err)
	}
	if n.Version != 1 || len(n.Templates) == 0 || n.Orders[0].Channels[0] != "official" {
		t.Errorf("%+v", n)
	}
}

func TestWhatIsWrongInNoticesIsToldWithItsLine(t *testing.T) {
	text := shippedNotices(t)
	for name, c := range map[string]struct{ from, to, want string }{
		"a channel that is none":                                   {"channels: [standing, once, official]", "channels: [standing, pigeon]", "“pigeon”，应为"},
		"no order for requesters":                                  {"- {for: requester, channels:", "- {for: requester, urgent: true, channels:", "缺少 for: requester"},
		"a state that is too long":                                 {"state: 待入库", "state: 等待审核入库", "1 到 5 个汉字"},
		"a state with digits":                                      {"state: 待入库", "state: 13笔", "1 到 5 个汉字"},
		"a keyword filled with free text":                          {"phrase3=state", "phrase3=text", "phrase 类关键词不能填 text"},
		"a code as free text is fine, a deadline as a code is not": {"character_string1=number", "character_string1=due", "不能填 due"},
		"a keyword of no kind":                                     {"thing2=event", "thingy=event", "应写成 关键词=内容"},
		"an event without words":                                   {"  - {kind: idle, ", "  - {kind: idle, for: staff, ", "缺少 kind: idle"},
		"a page with something else in it":                         {"case_page: pages/case/detail?id={case}", "case_page: https://example.org/", "小程序页面路径"},
		"an id that is none":                                       {"id: OA-tmpl-case-notice-000000000000000000000001", "id: 模板一", "模板编号"},
		"hours that are none":                                      {`hours: ["08:30-17:30"]`, `hours: []`, "hours"},
		"a time that is too long to be of use":                     {"expire_hours: 72", "expire_hours: 7200", "720"},
		"a key that does not exist":                                {"expire_hours:", "expires:", "不认识"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(text, c.from) {
				t.Fatal("the shipped file has no", c.from)
			}
			_, err := LoadNotices([]byte(strings.Replace(text, c.from, c.to, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "行") {
				t.Errorf("%v", err)
			}
		})
	}
}

func FuzzLoadNotices(f *testing.F) {
	f.Add(shippedNotices(f))
	f.Add("version: 1\norders: []")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := LoadNotices([]byte(text))
		if err == nil && len(n.Words) == 0 {
			t.Error("accepted without words")
		}
	})
}
