package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/live"
	"xiaopu/server/ticket"
	"xiaopu/server/wechat/wechatsim"
	"xiaopu/server/workflow"
)

// A resident consents to the notice in force, and again to a new one when they come in next.
func TestConsentToThePrivacyNotice(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	if n := ok[NoticeView](o.from(home, "", http.MethodGet, "/privacy-notice", nil)); n.Version != auth.ShippedNotice || !strings.Contains(n.Text, "由奉浦街道办事处使用") || !strings.Contains(n.Text, "拨打 021-57420000") || strings.ContainsAny(n.Text, "{}") {
		t.Errorf("%+v", n)
	}
	visit := func(version int) answer {
		return o.from(home, "", http.MethodPost, "/auth/wechat/bind/visitor", fields{"bind_ticket": o.ticket(residentPhone, ""), "privacy_version": version})
	}
	visit(auth.ShippedNotice+1).refused(http.StatusConflict, "privacy.version")
	ok[WeChatProgress](visit(auth.ShippedNotice))
	o.post("p-sa", "/privacy-notices", fields{"text": strings.Repeat("新", 60)}).refused(http.StatusForbidden, "auth.denied")
	if n := ok[NoticeView](o.post("p-se", "/privacy-notices", fields{"text": strings.Repeat("新", 60)})); n.Version != auth.ShippedNotice+1 {
		t.Errorf("%+v", n)
	}
	p := ok[WeChatProgress](o.open(residentPhone, ""))
	if p.Need != auth.NeedConsent || p.Tokens != nil {
		t.Fatalf("%+v", p)
	}
	consent := func(version int) answer {
		return o.from(home, "", http.MethodPost, "/auth/wechat/bind/consent", fields{"bind_ticket": p.Ticket, "privacy_version": version})
	}
	consent(auth.ShippedNotice).refused(http.StatusConflict, "privacy.version")
	p = ok[WeChatProgress](consent(auth.ShippedNotice + 1))
	data := ok[auth.OwnData](o.as(p.Tokens.AccessToken, http.MethodPost, "/me/data", nil))
	if len(data.Consents) != 2 || data.Consents[0].Version != auth.ShippedNotice+1 || data.Consents[0].Hash == data.Consents[1].Hash {
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

// outgoing gives to whom notices go out that nobody has sent yet, by their kinds.
func (o *weChatOffice) outgoing(kind casework.NoticeKind) (to []string) {
	o.t.Helper()
	list, err := o.db.LeaseNotices(o.t.Context(), fmt.Sprint(o.clock().UnixNano()), o.clock(), o.clock(), 500)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, n := range list {
		if n.Kind == kind {
			to = append(to, n.Recipient)
		}
	}
	return to
}

// Who acts for a resident by consent is told what they are told, over their own channels and in the app. Once it ends, by either, everything ends
// with it at once, in the sessions that are there: what they see is decided at each request.
func TestFamilyIsToldAndSeesNothingOnceTheConsentEnds(t *testing.T) {
	for _, by := range []string{"grantor", "grantee"} {
		t.Run(by, func(t *testing.T) {
			eachWeChatOffice(t, auth.DefaultSettings, func(t *testing.T, o *weChatOffice) {
				c := o.handling()
				owner, child := o.bound(residentPhone, auth.AsResident).AccessToken, o.bound("thief", auth.AsResident).AccessToken
				inv := ok[FamilyInvitation](o.as(owner, http.MethodPost, "/me/family/invitation", fields{"relation": "child"}))
				o.as(child, http.MethodPost, "/me/family", fields{"code": inv.Code}).done()
				consent := ok[FamilyList](o.as(child, http.MethodGet, "/me/family", nil)).Items[0].ID

				photo := o.attachment("p-w1", "现场.jpg", picture(t))
				c = o.must("p-w1", c, "progress", fields{"text": "已到现场", "attachments": []string{photo}, "public": true})
				to := o.outgoing(casework.NoticeProgress)
				slices.Sort(to)
				if len(to) != 2 || to[0] != "family:"+consent || !strings.HasPrefix(to[1], "requester:") {
					t.Fatalf("it goes out to %v", to)
				}
				reach := func() auth.Reached {
					t.Helper()
					r, err := o.signIn.Reach(t.Context(), "family:"+consent)
					if err != nil {
						t.Fatal(err)
					}
					return r
				}
				if i := slices.IndexFunc(o.sim.Phones(), func(p wechatsim.Phone) bool { return p.ID == "thief" }); reach().MiniProgram != o.sim.Phones()[i].OpenID || reach().Phone != "" {
					t.Errorf("%+v", reach())
				}
				inbox := func() int {
					t.Helper()
					return len(ok[workflow.Page[workflow.NoticeItem]](o.as(child, http.MethodGet, "/inbox", nil)).Items)
				}
				if inbox() == 0 {
					t.Error("not in the app")
				}
				paths := []string{"/cases/" + c.ID, "/cases/" + c.Number, "/cases/" + c.ID + "/timeline", "/cases/" + c.ID + "/tickets", "/cases/" + c.ID + "/attachments"}
				for _, path := range paths {
					if a := o.as(child, http.MethodGet, path, nil); a.status != http.StatusOK {
						t.Fatalf("%s: %d %s", path, a.status, a.body)
					}
				}
				file := ok[workflow.Page[workflow.AttachmentView]](o.as(child, http.MethodGet, "/cases/"+c.ID+"/attachments", nil)).Items[0].URL
				fetch := func() int {
					r := httptest.NewRequest(http.MethodGet, file, nil)
					return o.send(r).status
				}
				if fetch() != http.StatusOK {
					t.Fatal("the file's link does not open")
				}
				running, stop := context.WithCancel(t.Context())
				var hub sync.WaitGroup
				hub.Go(func() { o.hub.Run(running) })
				defer hub.Wait()
				defer stop()
				listening := httptest.NewServer(o.handler)
				defer listening.Close()
				stream := o.listen(t, listening.URL, child, "")
				defer stream.close()
				stream.want(live.Ready, "")
				c = o.must("p-w1", c, "progress", fields{"text": "又到现场", "public": true})
				if e, ok := stream.next(5 * time.Second); !ok || e.Kind == live.End {
					t.Fatalf("%+v", e)
				}

				who := map[string]string{"grantor": owner, "grantee": child}[by]
				o.as(who, http.MethodDelete, "/me/family/"+consent, nil).done()
				for e, more := stream.next(200 * time.Millisecond); more; e, more = stream.next(200 * time.Millisecond) {
					_ = e // what was on its way
				}
				c = o.must("p-w1", c, "progress", fields{"text": "修好了", "public": true})
				stream.nothing()
				for _, path := range paths {
					o.as(child, http.MethodGet, path, nil).refused(http.StatusNotFound, "case.not_found")
				}
				if n := inbox(); n != 0 {
					t.Errorf("%d notices are still in the inbox", n)
				}
				if fetch() != http.StatusNotFound {
					t.Error("the file's link still opens")
				}
				o.as(child, http.MethodPost, "/cases/"+c.ID+"/remind", fields{"version": c.Version, "text": "请快办"}).refused(http.StatusNotFound, "case.not_found")
				ok[Me](o.me(child)) // the session itself goes on: it is theirs
				if reach() != (auth.Reached{}) {
					t.Errorf("what was on its way still reaches them: %+v", reach())
				}
				family := 0
				for _, r := range o.outgoing(casework.NoticeProgress) {
					if strings.HasPrefix(r, "family:") {
						family++
					}
				}
				if family != 2 { // those from before the end
					t.Errorf("%d go out to family", family)
				}
			})
		})
	}
}

// Family who asked about the same themselves, or who act for two who did, are told once.
func TestFamilyIsToldOnce(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.sim.AddPhone("13911110001", "", "13911110001", "")
	var batch []ticket.Ticket
	for i, phone := range []string{"13911110001", "13711112222"} {
		no := fmt.Sprintf("2026030209000%d", i)
		batch = append(batch, ticket.Ticket{
			Source: ticket.Hotline, OrderNo: no, Title: "夜间施工扰民", Address: "春江花园 3 号", Requester: ticket.Requester{Kind: ticket.Person, Name: "居民", Phone: phone},
			AcceptedAt: o.clock().Add(-time.Hour), AcceptedHasTime: true, Fingerprint: no, ReassignedColumn: -1, ReturnedColumn: -1,
		})
	}
	if _, err := o.engine.TakeIn(t.Context(), batch, nil); err != nil {
		t.Fatal(err)
	}
	c := o.handling()
	for _, b := range batch {
		c = o.must("p-cy", c, "attach", fields{"ticket_id": ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets?order_no="+b.OrderNo)).Items[0].ID})
	}
	mother, father, daughter := o.bound(residentPhone, auth.AsResident).AccessToken, o.bound("13911110001", auth.AsResident).AccessToken, o.visitor("thief")
	for _, parent := range []string{mother, father} {
		inv := ok[FamilyInvitation](o.as(parent, http.MethodPost, "/me/family/invitation", fields{"relation": "child"}))
		o.as(daughter, http.MethodPost, "/me/family", fields{"code": inv.Code}).done()
	}
	count := func() (requesters, family int) {
		for _, r := range o.outgoing(casework.NoticeProgress) {
			if strings.HasPrefix(r, "family:") {
				family++
			} else {
				requesters++
			}
		}
		return requesters, family
	}
	c = o.must("p-w1", c, "progress", fields{"text": "已到现场", "public": true})
	if r, f := count(); r != 3 || f != 1 {
		t.Errorf("%d requesters, %d family", r, f)
	}
	o.at("2026-03-02 10:01")
	o.as(daughter, http.MethodPost, "/me/phones", fields{"phone_code": o.sim.PhoneCode("thief")}).done() // now she is one of the three
	before, _ := count()
	o.must("p-w1", c, "progress", fields{"text": "修好了", "public": true})
	if r, f := count(); r != before+3 || f != 1 {
		t.Errorf("%d requesters after %d, %d family", r, before, f)
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
	if list := ok[EnterpriseList](o.as(access, http.MethodGet, "/me/enterprises", nil)).Items; len(list) != 1 || list[0].CreditCode != code || list[0].Name != "示例商贸有限公司" {
		t.Errorf("%+v", list)
	}
	other := o.bound("thief", auth.AsResident).AccessToken
	if list := ok[EnterpriseList](o.as(other, http.MethodGet, "/me/enterprises", nil)).Items; list == nil || len(list) != 0 {
		t.Errorf("another's: %+v", list)
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
	if done.Kept != len(data.Tickets) || len(done.Certificates) != 1 {
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
