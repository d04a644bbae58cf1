package api

import (
	"net/http"
	"strings"
	"testing"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

// A resident consents to the notice in force, and again to a new one when they come in next.
func TestConsentToThePrivacyNotice(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	if n := ok[NoticeView](o.from(home, "", http.MethodGet, "/privacy-notice", nil)); n.Version != 1 || n.Text == "" {
		t.Errorf("%+v", n)
	}
	visit := func(version int) answer {
		return o.from(home, "", http.MethodPost, "/auth/wechat/bind/visitor", fields{"bind_ticket": o.ticket(residentPhone, ""), "privacy_version": version})
	}
	visit(2).refused(http.StatusConflict, "privacy.version")
	ok[WeChatProgress](visit(1))
	o.post("p-sa", "/privacy-notices", fields{"text": strings.Repeat("新", 60)}).refused(http.StatusForbidden, "auth.denied")
	if n := ok[NoticeView](o.post("p-se", "/privacy-notices", fields{"text": strings.Repeat("新", 60)})); n.Version != 2 {
		t.Errorf("%+v", n)
	}
	p := ok[WeChatProgress](o.open(residentPhone, ""))
	if p.Need != auth.NeedConsent || p.Tokens != nil {
		t.Fatalf("%+v", p)
	}
	consent := func(version int) answer {
		return o.from(home, "", http.MethodPost, "/auth/wechat/bind/consent", fields{"bind_ticket": p.Ticket, "privacy_version": version})
	}
	consent(1).refused(http.StatusConflict, "privacy.version")
	p = ok[WeChatProgress](consent(2))
	data := ok[auth.OwnData](o.as(p.Tokens.AccessToken, http.MethodPost, "/me/data", nil))
	if len(data.Consents) != 2 || data.Consents[0].Version != 2 || data.Consents[0].Hash == data.Consents[1].Hash {
		t.Errorf("%+v", data.Consents)
	}
}

func (o *weChatOffice) sees(access string) int {
	o.t.Helper()
	return len(ok[workflow.Page[workflow.CaseItem]](o.as(access, http.MethodGet, "/cases", nil)).Items)
}

// Family sees by consent, and no longer once one of the two takes it back.
func TestFamilyByConsent(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.handling()
	owner, child := o.bound(residentPhone, auth.AsResident).AccessToken, o.bound("thief", auth.AsResident).AccessToken
	if o.sees(owner) != 1 || o.sees(child) != 0 {
		t.Fatal("what they see before")
	}
	accept := func(access, code string) answer {
		return o.as(access, http.MethodPost, "/me/family", fields{"code": code})
	}
	inv := ok[FamilyInvitation](o.as(owner, http.MethodPost, "/me/family/invitation", fields{"relation": "child"}))
	accept(owner, inv.Code).refused(http.StatusConflict, "family.self")
	accept(child, "f."+strings.Repeat("A", 22)).refused(http.StatusNotFound, "family.code")
	accept(child, inv.Code).done()
	accept(child, inv.Code).refused(http.StatusNotFound, "family.code")
	if o.sees(child) != 1 {
		t.Error("does not see what they were let see")
	}
	if data := ok[auth.OwnData](o.as(child, http.MethodPost, "/me/data", nil)); len(data.Tickets) != 0 {
		t.Error("a copy of another's data")
	}
	list := ok[FamilyList](o.as(owner, http.MethodGet, "/me/family", nil))
	if len(list.Items) != 1 || !list.Items[0].Given {
		t.Fatalf("%+v", list)
	}
	o.sim.AddPhone("third", "", "13711113333", "")
	third := o.bound("third", auth.AsResident).AccessToken
	o.as(third, http.MethodDelete, "/me/family/"+list.Items[0].ID, nil).refused(http.StatusNotFound, "family.none")
	o.as(owner, http.MethodDelete, "/me/family/"+list.Items[0].ID, nil).done()
	if o.sees(child) != 0 {
		t.Error("sees what was taken back")
	}
}

func TestEnterprises(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	access := o.bound(residentPhone, auth.AsResident).AccessToken
	add := func(code string) answer {
		return o.as(access, http.MethodPost, "/me/enterprises", fields{"credit_code": code, "name": "示例商贸有限公司"})
	}
	for _, bad := range []string{"91310000MA1FL0000A", "123", "9131000077091238XI"} {
		add(bad).refused(http.StatusBadRequest, "enterprise.credit_code")
	}
	const code = "91350100M000100Y43" // the standard's own example
	add(code).done()
	add(strings.ToLower(code)).done()
	if data := ok[auth.OwnData](o.as(access, http.MethodPost, "/me/data", nil)); len(data.Enterprises) != 1 {
		t.Errorf("%+v", data.Enterprises)
	}
	o.as(access, http.MethodDelete, "/me/enterprises/"+code, nil).done()
	o.as(access, http.MethodDelete, "/me/enterprises/"+code, nil).refused(http.StatusNotFound, "enterprise.none")
}

// A resident takes a copy of what is theirs and has it erased; what is still being handled stays, and is counted.
func TestOwnDataAndErasure(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.handling()
	access := o.bound(residentPhone, auth.AsResident).AccessToken
	data := ok[auth.OwnData](o.as(access, http.MethodPost, "/me/data", nil))
	if len(data.Tickets) == 0 || len(data.Phones) != 1 || data.Tickets[0].Phone != residentPhone {
		t.Errorf("%+v", data)
	}
	// What they brought is theirs too, wherever its review stands, by links of this session.
	who := ok[Me](o.me(access)).ID
	body := picture(t)
	a, c := o.rated(who, "", o.attachment(who, "楼道.jpg", body))
	ok[CommandResult](a)
	o.attachment(who, "没有用的.jpg", picture(t)) // in no case
	data = ok[auth.OwnData](o.as(access, http.MethodPost, "/me/data", nil))
	if len(data.Pictures) != 1 || data.Pictures[0].Number != c.Number || data.Pictures[0].Review != casework.ReviewWaiting {
		t.Fatalf("%+v", data.Pictures)
	}
	fetch := func() int { return o.call("", http.MethodGet, data.Pictures[0].URL, nil).status }
	o.at("2026-03-02 10:14") // longer than other links, and as long as the session lives
	if got := fetch(); got != http.StatusOK {
		t.Error("the link is over:", got)
	}
	if family := ok[auth.OwnData](o.as(o.bound("thief", auth.AsResident).AccessToken, http.MethodPost, "/me/data", nil)); len(family.Pictures) != 0 {
		t.Errorf("somebody else's: %+v", family.Pictures)
	}
	erase := func(phone string) answer {
		return o.as(access, http.MethodPost, "/me/erasure", fields{"code": o.sim.Login(phone)})
	}
	erase("thief").refused(http.StatusForbidden, "resident.not_self")
	done := ok[auth.Erasure](erase(residentPhone))
	if done.Kept != len(data.Tickets) || len(done.Certificates) != 0 {
		t.Errorf("%+v", done)
	}
	o.me(access).refused(http.StatusUnauthorized, "auth.session_ended")
	if got := fetch(); got == http.StatusOK {
		t.Error("the link outlives the session")
	}
	phone, _ := o.sim.Phone(residentPhone)
	if _, ok, err := o.db.WeChatIdentityOf(t.Context(), phone.OpenID); err != nil || ok {
		t.Error("the identity is still there", err)
	}
	if p := ok[WeChatProgress](o.open(residentPhone, "")); p.Need != auth.NeedBinding {
		t.Errorf("%+v", p)
	}
}

// The same two have one consent, however often they are asked: ending it ends the access.
func TestOneConsentBetweenTwo(t *testing.T) {
	eachWeChatOffice(t, auth.DefaultSettings, func(t *testing.T, o *weChatOffice) {
		t.Helper()
		o.handling()
		owner, child := o.bound(residentPhone, auth.AsResident).AccessToken, o.bound("thief", auth.AsResident).AccessToken
		join := func() {
			t.Helper()
			inv := ok[FamilyInvitation](o.as(owner, http.MethodPost, "/me/family/invitation", fields{"relation": "child"}))
			o.as(child, http.MethodPost, "/me/family", fields{"code": inv.Code}).done()
		}
		for range 2 {
			join()
			join()
			list := ok[FamilyList](o.as(owner, http.MethodGet, "/me/family", nil)).Items
			if len(list) != 1 || o.sees(child) != 1 {
				t.Fatalf("%+v", list)
			}
			o.as(child, http.MethodDelete, "/me/family/"+list[0].ID, nil).done()
			if o.sees(child) != 0 {
				t.Error("sees what was taken back")
			}
		}
	})
}
