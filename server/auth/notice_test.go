package auth

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"xiaopu/configs"
	"xiaopu/server/casework"
)

// The shipped privacy notice says its version, its date, and as periods of keeping what the program goes by.
func TestTheShippedNoticeSaysWhatTheProgramDoes(t *testing.T) {
	body, err := configs.Files.ReadFile("privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	if unfollowedFor != 24*time.Hour {
		t.Errorf("the notice says 次日 of who has unfollowed, and it is %v", unfollowedFor)
	}
	p := casework.DefaultPolicy().Privacy
	for _, said := range []string{
		fmt.Sprintf("第 %d 版，", ShippedNotice),
		fmt.Sprintf("销项满 %d 年", p.CaseYears), fmt.Sprintf("办结满 %d 年", p.TicketYears), fmt.Sprintf("导入满 %d 天", p.RowDays), fmt.Sprintf("%d 年没有登录的账号", p.TicketYears),
		fmt.Sprintf("没有在这里登录过的，满 %d 天", int(strangerFor.Hours()/24)),
	} {
		if !strings.Contains(string(body), said) {
			t.Errorf("the notice does not say %q", said)
		}
	}
	if !regexp.MustCompile(`\d{4}年\d{1,2}月\d{1,2}日起施行`).Match(body) {
		t.Error("the notice does not say since when it is in force")
	}
}
