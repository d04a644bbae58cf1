package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"

	"xiaopu/server/auth"
)

// The ways of signing in, raced on every engine: whatever comes at once, each code, ticket, number and scan is good for one.

// atOnce makes n requests at the same moment and gives their answers.
func atOnce(n int, ask func(i int) answer) []answer {
	start := make(chan struct{})
	out := make([]answer, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			out[i] = ask(i)
		})
	}
	close(start)
	all.Wait()
	return out
}

// won counts who was let through, and looks that the others were refused for one of the reasons.
func won(t *testing.T, list []answer, reasons ...string) (through []answer) {
	t.Helper()
	for _, a := range list {
		if a.status < 300 {
			through = append(through, a)
			continue
		}
		var p Problem
		if err := json.Unmarshal(a.body, &p); err != nil || !slices.Contains(reasons, p.Reason) {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	return through
}

// Several WeChat accounts show that they hold one number, a resident's: all are bound one after the other, and the last alone holds it.
func TestRaceForAResidentsNumber(t *testing.T) {
	eachWeChatOffice(t, auth.DefaultSettings, func(t *testing.T, o *weChatOffice) {
		o.handling()
		phones := []string{"one", "two", "three", "four"}
		tickets, codes := make([]string, len(phones)), make([]string, len(phones))
		for i, p := range phones {
			o.sim.AddPhone(p, "", residentPhone, "")
			tickets[i], codes[i] = o.ticket(p, auth.AsResident), o.sim.PhoneCode(p)
		}
		list := atOnce(len(phones), func(i int) answer {
			return o.from(home, "", http.MethodPost, "/auth/wechat/bind/phone", fields{"privacy_version": auth.ShippedNotice, "bind_ticket": tickets[i], "phone_code": codes[i], "as": "resident"})
		})
		through := won(t, list, "auth.busy")
		holders := 0
		for _, a := range through {
			access := ok[WeChatProgress](a).Tokens.AccessToken
			if me := o.me(access); me.status == http.StatusOK && o.sees(access) == 1 {
				holders++
			} else if me.status == http.StatusOK {
				t.Error("a session goes on that has lost its number")
			}
		}
		if len(through) == 0 || holders != 1 {
			t.Errorf("%d were bound, %d hold the number", len(through), holders)
		}
	})
}

// Two WeChat accounts bind the number of one member of staff.
func TestRaceForAStaffNumber(t *testing.T) {
	eachWeChatOffice(t, noSecondFactor, func(t *testing.T, o *weChatOffice) {
		phones := []string{"one", "two", "three"}
		tickets, codes := make([]string, len(phones)), make([]string, len(phones))
		for i, p := range phones {
			o.sim.AddPhone(p, "", headPhone, "")
			tickets[i], codes[i] = o.ticket(p, auth.AsStaff), o.sim.PhoneCode(p)
		}
		list := atOnce(len(phones), func(i int) answer {
			return o.from(home, "", http.MethodPost, "/auth/wechat/bind/phone", fields{"privacy_version": auth.ShippedNotice, "bind_ticket": tickets[i], "phone_code": codes[i], "as": "staff"})
		})
		alive := 0
		for _, a := range won(t, list, "auth.busy") {
			if o.me(ok[WeChatProgress](a).Tokens.AccessToken).status == http.StatusOK {
				alive++
			}
		}
		if alive != 1 {
			t.Errorf("%d accounts are the one member of staff", alive)
		}
	})
}

// One invitation, one ticket, one family code, each given by several at once, is good once.
func TestRaceForCodesThatAreGoodOnce(t *testing.T) {
	eachWeChatOffice(t, noSecondFactor, func(t *testing.T, o *weChatOffice) {
		code := ok[InvitationView](o.post("p-sa", "/people/p-w1/invitation", nil)).Code
		phones := []string{"one", "two", "three", "four"}
		tickets := make([]string, len(phones))
		for i, p := range phones {
			o.sim.AddPhone(p, "", "1371111220"+string(rune('0'+i)), "")
			tickets[i] = o.ticket(p, auth.AsStaff)
		}
		if through := won(t, atOnce(len(phones), func(i int) answer {
			return o.from(home, "", http.MethodPost, "/auth/wechat/bind/invitation", fields{"bind_ticket": tickets[i], "invitation": code})
		}), "wechat.invitation", "auth.busy"); len(through) != 1 || ok[Me](o.me(ok[WeChatProgress](through[0]).Tokens.AccessToken)).ID != "p-w1" {
			t.Errorf("%d came in by one invitation", len(through))
		}
		if n := len(o.audited("wechat.bind")); n < 1 {
			t.Error("not in the audit log")
		}

		ticket := o.ticket(residentPhone, auth.AsResident)
		if through := won(t, atOnce(4, func(int) answer {
			return o.from(home, "", http.MethodPost, "/auth/wechat/bind/visitor", fields{"bind_ticket": ticket, "privacy_version": auth.ShippedNotice})
		}), "wechat.ticket", "auth.busy"); len(through) != 1 {
			t.Errorf("%d sessions of one ticket", len(through))
		}

		owner := ok[WeChatProgress](o.open(residentPhone, auth.AsResident)).Tokens.AccessToken
		visitors := make([]string, 3)
		for i := range visitors {
			visitors[i] = o.visitor(phones[i])
		}
		family := ok[FamilyInvitation](o.as(owner, http.MethodPost, "/me/family/invitation", fields{"relation": "child"})).Code
		if through := won(t, atOnce(len(visitors), func(i int) answer {
			return o.as(visitors[i], http.MethodPost, "/me/family", fields{"code": family})
		}), "family.code"); len(through) != 1 {
			t.Errorf("%d became family by one code", len(through))
		}
		if list := ok[FamilyList](o.as(owner, http.MethodGet, "/me/family", nil)); len(list.Items) != 1 {
			t.Errorf("%+v", list)
		}
	})
}

// Several look at one console's code, the one who saw it first confirms several times, and several polls fetch the session: one of each.
func TestRaceForAScan(t *testing.T) {
	eachWeChatOffice(t, noSecondFactor, func(t *testing.T, o *weChatOffice) {
		o.account("p-h1", "p-h2")
		o.sim.AddPhone("h2", "", numberOf("p-h2"), "")
		access := []string{o.bound(headPhone, auth.AsStaff).AccessToken, o.bound("h2", auth.AsStaff).AccessToken}
		b := ok[ScanBegun](o.from(elsewhere, "", http.MethodPost, "/auth/scan", nil))
		seen := atOnce(4, func(i int) answer {
			return o.as(access[i%2], http.MethodPost, "/auth/scan/look", fields{"scene": b.Scene})
		})
		won(t, seen, "scan.taken")
		first := 0
		if seen[0].status != http.StatusOK && seen[2].status != http.StatusOK {
			first = 1
		}
		if other := 1 - first; seen[other].status == http.StatusOK || seen[other+2].status == http.StatusOK {
			t.Error("two people have one code")
		}
		taps := atOnce(6, func(i int) answer {
			who := first
			if i%3 == 2 {
				who = 1 - first
			}
			return o.as(access[who], http.MethodPost, "/auth/scan/answer", fields{"scene": b.Scene, "confirm": true})
		})
		if through := won(t, taps, "scan.taken", "scan.over"); len(through) != 1 {
			t.Errorf("%d confirmations", len(through))
		}
		polls := won(t, atOnce(6, func(int) answer {
			return o.from(elsewhere, "", http.MethodPost, "/auth/scan/poll", fields{"poll_token": b.Poll})
		}), "scan.over", "auth.busy")
		if len(polls) != 1 {
			t.Fatalf("%d polls brought a session", len(polls))
		}
		if me := ok[Me](o.me(ok[ScanProgress](polls[0]).SignIn.Tokens.AccessToken)); me.ID != []string{"p-h1", "p-h2"}[first] {
			t.Errorf("%+v", me)
		}
		if n := len(o.audited("scan.confirm")); n != 1 {
			t.Errorf("%d confirmations in the audit log", n)
		}
	})
}

// One refresh token exchanged by several at once gives one next token; a used one shown again ends the session, whoever goes on with it meanwhile.
func TestRaceForARefresh(t *testing.T) {
	eachWeChatOffice(t, noSecondFactor, func(t *testing.T, o *weChatOffice) {
		first := o.bound(headPhone, auth.AsStaff)
		next := map[string]bool{}
		for _, a := range atOnce(6, func(int) answer { return o.refresh(first.RefreshToken) }) {
			next[ok[TokensView](a).RefreshToken] = true
		}
		if len(next) != 1 {
			t.Fatalf("%d next tokens", len(next))
		}
		var second string
		for token := range next {
			second = token
		}
		third := ok[TokensView](o.refresh(second))
		list := atOnce(6, func(i int) answer {
			return o.refresh([]string{first.RefreshToken, third.RefreshToken}[i%2])
		})
		won(t, list, "auth.session_ended")
		for i := 0; i < len(list); i += 2 {
			if list[i].status == http.StatusOK {
				t.Error("a used token was exchanged again")
			}
		}
		o.me(third.AccessToken).refused(http.StatusUnauthorized, "auth.session_ended")
		for i := 1; i < len(list); i += 2 {
			if list[i].status == http.StatusOK {
				o.refresh(ok[TokensView](list[i]).RefreshToken).refused(http.StatusUnauthorized, "auth.session_ended")
			}
		}
		if n := len(o.audited("session.end")); n != 1 {
			t.Errorf("the session ended %d times", n)
		}
	})
}
