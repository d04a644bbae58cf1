package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

// follower gives who somebody is at the official account.
func (o *weChatOffice) follower(personID, unionID string) string {
	o.t.Helper()
	id, err := o.db.FollowerOf(o.t.Context(), personID, unionID)
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// Erasing oneself leaves nothing that leads back: neither who follows the official account, nor what they have allowed, nor uploads or sessions.
func TestErasureLeavesNothingThatLeadsBack(t *testing.T) {
	eachWeChatOffice(t, auth.DefaultSettings, func(t *testing.T, o *weChatOffice) {
		t.Helper()
		o.handling()
		tokens := o.bound(residentPhone, auth.AsResident)
		me := ok[Me](o.me(tokens.AccessToken)).ID
		phone, _ := o.sim.Phone(residentPhone)
		if err := o.sim.Follow(residentPhone, ""); err != nil {
			t.Fatal(err)
		}
		o.sim.Wait()
		up := ok[workflow.UploadView](o.as(tokens.AccessToken, http.MethodPost, "/uploads", fields{"name": "x.jpg", "size": 10}))
		account := store.MessageAccount(o.db.Sealer(), phone.OpenID)
		if err := o.db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ReportGrant(ctx, account, store.GrantReport{ID: "1", Source: store.FromClient, Template: "t", Answer: store.GrantAccepted, At: o.clock()})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if o.follower(me, phone.UnionID) != phone.OAID {
			t.Fatal("does not follow")
		}
		done := ok[auth.Erasure](o.as(tokens.AccessToken, http.MethodPost, "/me/erasure", fields{"code": o.sim.Login(residentPhone)}))
		if len(done.Certificates) != 1 || done.Kept != 1 {
			t.Errorf("%+v", done)
		}
		c, agrees, err := o.engine.Certificate(t.Context(), done.Certificates[0])
		if err != nil || !agrees || c.Items() != 1 {
			t.Errorf("%+v %v", c, err)
		}
		if id := o.follower(me, phone.UnionID); id != "" {
			t.Error("the official account still knows them")
		}
		if grants, err := o.db.Grants(t.Context(), account); err != nil || len(grants) > 0 {
			t.Error(grants, err)
		}
		if a, err := o.db.Attachment(t.Context(), up.ID); err == nil && (a.Owner != "" || a.Name != "" || a.Key != nil) {
			t.Errorf("%+v", a)
		}
		if list, err := o.db.SessionHistory(t.Context(), me, 10); err != nil || len(list) > 0 {
			t.Error(list, err)
		}
	})
}

// Who asks while their matter is handled need not ask again: it is done the day after it is over.
func TestAnErasureAskedForTooEarlyIsCarriedOut(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	c := o.handling()
	access := o.bound(residentPhone, auth.AsResident).AccessToken
	if done := ok[auth.Erasure](o.as(access, http.MethodPost, "/me/erasure", fields{"code": o.sim.Login(residentPhone)})); done.Kept != 1 {
		t.Fatalf("%+v", done)
	}
	run := func() store.Certificate {
		t.Helper()
		cert, err := o.engine.Retain(t.Context(), workflow.RetentionRun{Occasion: store.BySchedule})
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	if cert := run(); cert.Items() != 0 {
		t.Errorf("erased while it is handled: %+v", cert)
	}
	tickets, err := o.db.Tickets(t.Context(), store.TicketFilter{CaseID: c.ID, Limit: 5})
	if err != nil || len(tickets) != 1 {
		t.Fatal(tickets, err)
	}
	o.must("p-cy", c, "detach", fields{"ticket_id": tickets[0].Ticket.ID, "reason": "不是同一件事"})
	planned, err := o.engine.Retain(t.Context(), workflow.RetentionRun{Occasion: store.ByCommand, DryRun: true})
	if err != nil || planned.Items() != 1 {
		t.Errorf("%+v %v", planned, err)
	}
	if cert := run(); cert.Items() != 1 || cert.Number == "" {
		t.Errorf("%+v", cert)
	}
	r, err := o.db.Ticket(t.Context(), tickets[0].Ticket.ID)
	if err != nil || r.Ticket.Requester.Phone != "" || r.Requester != "" {
		t.Errorf("%+v %v", r.Ticket.Requester, err)
	}
	if cert := run(); cert.Items() != 0 {
		t.Errorf("erased again: %+v", cert)
	}
}

// At the counter the phone is let go of, and the account with the last one.
func TestErasureAtTheCounterTakesTheAccount(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	access := o.bound(residentPhone, auth.AsResident).AccessToken
	ask := fields{"phone": residentPhone, "reason": "本人书面要求"}
	c := ok[store.Certificate](o.post("p-cy", "/retention/requests", ask))
	if c.Number == "" || c.Items() != 1 {
		t.Errorf("%+v", c)
	}
	o.me(access).refused(http.StatusUnauthorized, "auth.session_ended")
	phone, _ := o.sim.Phone(residentPhone)
	if _, found, err := o.db.WeChatIdentityOf(t.Context(), phone.OpenID); err != nil || found {
		t.Error("the account is still there", err)
	}
	o.post("p-cy", "/retention/requests", ask).refused(http.StatusNotFound, "erasure.nothing")
}

// What is nobody's is forgotten day by day: who has unfollowed, strangers, accounts that were unbound, those of who left, and those that
// nobody has used for years.
func TestNobodysWeChatIsForgotten(t *testing.T) {
	eachWeChatOffice(t, auth.DefaultSettings, func(t *testing.T, o *weChatOffice) {
		t.Helper()
		identity := func(phone string) bool {
			p, _ := o.sim.Phone(phone)
			_, found, err := o.db.WeChatIdentityOf(t.Context(), p.OpenID)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		tidy := func() {
			t.Helper()
			if _, err := o.signIn.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		o.bound(residentPhone, auth.AsResident)
		o.bound(headPhone, auth.AsStaff)
		gone := o.bound("thief", auth.AsResident)
		for _, phone := range []string{residentPhone, headPhone} {
			if err := o.sim.Follow(phone, ""); err != nil {
				t.Fatal(err)
			}
		}
		o.sim.Wait()
		tidy()
		resPhone, _ := o.sim.Phone(residentPhone)
		if !identity(residentPhone) || !identity(headPhone) || !identity("thief") || o.follower("", resPhone.UnionID) == "" {
			t.Fatal("what is in use was forgotten")
		}
		o.as(gone.AccessToken, http.MethodPost, "/me/wechat/unbind", fields{}).done()
		ok[LeftAt](o.post("p-sa", "/people/p-h1/leave", fields{"reason": "调离"}))
		tidy()
		if identity("thief") || identity(headPhone) || !identity(residentPhone) {
			t.Error("what was unbound stays, or what is in use does not")
		}
		o.pass(time.Second)
		if err := o.sim.Unfollow(residentPhone); err != nil {
			t.Fatal(err)
		}
		o.sim.Wait()
		o.pass(31 * 24 * time.Hour)
		tidy()
		if n, err := o.db.ForgetFollowers(t.Context(), o.clock(), o.clock(), 10); err != nil || n != 0 {
			t.Errorf("%d followers were kept %v", n, err)
		}
		o.pass(3 * 366 * 24 * time.Hour)
		tidy()
		if identity(residentPhone) {
			t.Error("an account that nobody has used for years")
		}
	})
}

// The copy of one's own data is whole, and shows no former holder of the number.
func TestTheCopyIsWholeAndShowsNoFormerHolder(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	c := o.resolved()
	owner, child := o.bound(residentPhone, auth.AsResident).AccessToken, o.bound("thief", auth.AsResident).AccessToken
	inv := ok[FamilyInvitation](o.as(owner, http.MethodPost, "/me/family/invitation", fields{"relation": "child"}))
	o.as(child, http.MethodPost, "/me/family", fields{"code": inv.Code}).done()
	list := ok[FamilyList](o.as(owner, http.MethodGet, "/me/family", nil)).Items
	o.as(owner, http.MethodDelete, "/me/family/"+list[0].ID, nil).done()
	if err := o.sim.Follow(residentPhone, ""); err != nil {
		t.Fatal(err)
	}
	o.sim.Wait()
	mine := ok[workflow.CaseView](o.as(owner, http.MethodGet, "/cases/"+c.ID, nil))
	ok[CommandResult](o.as(owner, http.MethodPost, "/cases/"+c.ID+"/rate", fields{"version": mine.Version, "rating": "mostly", "words": "慢了一点"}))
	a := o.as(owner, http.MethodPost, "/me/data", nil)
	data := ok[auth.OwnData](a)
	if !data.WeChat.Follows || data.WeChat.JoinedAt.IsZero() || len(data.Family) != 1 || data.Family[0].EndedAt.IsZero() || len(data.Sessions) == 0 || data.Sessions[0].Address != home || len(data.Notices) == 0 {
		t.Errorf("%s", a.body)
	}
	if len(data.Tickets[0].Ratings) != 1 || data.Tickets[0].Ratings[0].Words != "慢了一点" || len(data.Deeds) != 1 || !strings.Contains(data.Deeds[0].Text, "慢了一点") {
		t.Errorf("%s", a.body)
	}
	if len(data.Tickets) != 1 || !data.Tickets[0].Masked || strings.Contains(string(a.body), "沈阿婆") {
		t.Errorf("%s", a.body)
	}
}
