package wechat

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist": "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist",
		"argument invalid! data.character_string1.value invalid":   "argument invalid! data.character_string1.value invalid",
		"Get \"https://x/y?access_token=abc&js_code=d\"":           "Get \"https://x/y?access_token=***&js_code=***\"",
		"user oGZUI0egBJY1zhBYw2KhdUfwVJJE refuses":                "user *** refuses",
		"phone 13812345678":  "phone ***",
		"code=0a1 been used": "code=*** been used",
		"openid: o1 is bad":  "openid: *** is bad",
	} {
		if got := redact(in); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := redact("the text says short", "short"); strings.Contains(got, "short") {
		t.Error(got)
	}
}

func TestRID(t *testing.T) {
	e := refusal("/x", 40029, "invalid code rid: 6651a2b3-4c5d6e7f-01234567")
	if e.RID != "6651a2b3-4c5d6e7f-01234567" || e.Text != "invalid code" || e.Error() != "wechat /x: 40029 invalid code (rid 6651a2b3-4c5d6e7f-01234567)" {
		t.Errorf("%q", e.Error())
	}
}

// Whatever the platform says, a value that is to be hidden is not repeated, and the text is short.
func FuzzRedact(f *testing.F) {
	f.Add("invalid openid oGZUI0egBJY1zhBYw2KhdUfwVJJE rid: 6651a2b3-4c5d6e7f-01234567", "oGZUI0egBJY1zhBYw2KhdUfwVJJE")
	f.Add("a=\xff***", "*")
	f.Fuzz(func(t *testing.T, text, hide string) {
		e := refusal("/x", 1, text, hide)
		if len([]rune(e.Text)) > maxText+1 {
			t.Fatal("too long")
		}
		if len(hide) >= 8 && !strings.Contains("***…", hide) && strings.Contains(e.Text, hide) {
			t.Fatalf("%q shows in %q", hide, e.Text)
		}
	})
}
