package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/wechat"
	"xiaopu/server/workflow"
)

const (
	inviteKind = "invitation"
	inviteLife = 72 * time.Hour
	followKind = "follow"
	followLife = 10 * time.Minute
	// loginPage is the page of the mini-program that takes invitations and confirms sign-ins at the console.
	loginPage = "pages/login/login"
)

var (
	errInvite   = apperr.New(apperr.Unauthenticated, "wechat.invitation", "邀请码无效、已用过或超过 %d 小时，请向系统管理员索取新的。", int(inviteLife.Hours()))
	errNoBound  = apperr.New(apperr.NotFound, "wechat.none", "没有绑定微信，不用解绑。")
	errNoPhone  = apperr.New(apperr.NotFound, "wechat.no_phone", "没有绑定这个号码，或已经解绑。")
	errOnlySelf = apperr.New(apperr.FailedPrecondition, "wechat.residents_only", "只用于居民身份，请先切换为居民。")
)

// Invitation is what binds one member of staff once.
type Invitation struct {
	Code      string
	Picture   wechat.Picture // the code of the mini-program that opens it; none when the platform did not answer
	ExpiresAt time.Time
}

// Invite makes an invitation for a member of staff. One made before ends.
func (s *Service) Invite(ctx context.Context, actor, personID string) (Invitation, error) {
	p, err := s.subject(ctx, actor, personID)
	if err != nil {
		return Invitation{}, err
	}
	if s.wechat == nil {
		return Invitation{}, errNoWeChat
	}
	if err := s.bindable(ctx, p); err != nil {
		return Invitation{}, err
	}
	out := Invitation{Code: newShort(invitePrefix), ExpiresAt: s.clock().Add(inviteLife)}
	hash, _ := hashShort(invitePrefix, out.Code)
	if err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.VoidOneUseCodes(ctx, inviteKind, p.ID, s.clock()); err != nil {
			return err
		}
		if err := tx.InsertOneUseCode(ctx, store.OneUseCode{Hash: hash, Kind: inviteKind, Subject: p.ID, MadeBy: actor, MadeAt: s.clock(), ExpiresAt: out.ExpiresAt}); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, "invitation.make", p.ID, nil)
	}); err != nil {
		return Invitation{}, err
	}
	out.Picture = s.picture(ctx, out.Code)
	return out, nil
}

// Disinvite ends a member of staff's invitation.
func (s *Service) Disinvite(ctx context.Context, actor, personID string) error {
	p, err := s.subject(ctx, actor, personID)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.VoidOneUseCodes(ctx, inviteKind, p.ID, s.clock())
		if err != nil || n == 0 {
			return err
		}
		return s.record(ctx, tx, actor, "invitation.revoke", p.ID, nil)
	})
}

// picture makes a code of the mini-program; without one what it says can be typed.
func (s *Service) picture(ctx context.Context, scene string) wechat.Picture {
	p, err := s.wechat.ScanCode(ctx, wechat.Scan{Scene: scene, Page: loginPage})
	if err != nil {
		s.log.WarnContext(ctx, "no code of the mini-program", slog.Any("error", err))
	}
	return p
}

// BindInvitation binds WeChat to the member of staff whom an invitation is for.
func (s *Service) BindInvitation(ctx context.Context, token, invitation string) (WeChatProgress, error) {
	code, t, err := s.takeTicket(ctx, token, NeedBinding)
	if err != nil {
		return WeChatProgress{}, err
	}
	hash, ok := hashShort(invitePrefix, strings.TrimSpace(invitation))
	if !ok {
		return WeChatProgress{}, errInvite
	}
	inv, ok, err := s.db.OneUseCode(ctx, inviteKind, hash)
	if err != nil || !ok {
		return WeChatProgress{}, cmp.Or[error](err, s.refuseBinding(ctx, "", errInvite))
	}
	p, err := s.find(ctx, inv.Subject)
	if err != nil {
		return WeChatProgress{}, err
	}
	if s.bindable(ctx, p) != nil {
		return WeChatProgress{}, s.refuseBinding(ctx, inv.Subject, errInvite)
	}
	if err := s.openAccount(ctx, p); err != nil {
		return WeChatProgress{}, err
	}
	return s.bind(ctx, code, t, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		used, err := tx.UseOneUseCode(ctx, hash, s.clock())
		if err != nil || !used {
			return cmp.Or[error](err, errInvite)
		}
		return s.bindStaff(ctx, tx, i, p, store.ByInvitation, out)
	})
}

// Unbind takes WeChat from a person, staff or resident, and ends every session that was begun with it, on the phone or by scanning at a console.
// Of a lost phone, it goes from both sides, whoever reports it, and a member of staff binds the next by an invitation.
func (s *Service) Unbind(ctx context.Context, personID string, lost bool) error {
	return s.unbind(ctx, personID, personID, lost)
}

// UnbindStaff is Unbind by the system administrator.
func (s *Service) UnbindStaff(ctx context.Context, actor, personID string, lost bool) error {
	p, err := s.subject(ctx, actor, personID)
	if err != nil {
		return err
	}
	return s.unbind(ctx, actor, p.ID, lost)
}

func (s *Service) unbind(ctx context.Context, actor, personID string, lost bool) error {
	i, ok, err := s.identityOf(ctx, personID)
	if err != nil {
		return err
	}
	if !ok { // a lost phone is held against binding also when nothing is bound now
		if lost && !store.IsResident(personID) {
			return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.HoldWeChat(ctx, personID, s.clock()); err != nil {
					return err
				}
				return s.record(ctx, tx, actor, "wechat.hold", personID, nil)
			})
		}
		return errNoBound
	}
	why := "unbound"
	if lost {
		why = "lost"
	}
	_, err = s.withIdentity(ctx, i.OpenID, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		staff := i.StaffID
		switch {
		case staff == personID, i.ID == personID && staff != "" && lost:
			if lost {
				if err := tx.HoldWeChat(ctx, staff, s.clock()); err != nil {
					return err
				}
			}
			if err := s.unbindStaff(ctx, tx, actor, i, why, out); err != nil {
				return err
			}
		case i.ID != personID:
			return errNoBound // unbound meanwhile
		}
		if i.ID == personID || lost {
			return s.leave(ctx, tx, actor, i, why, out)
		}
		return nil
	})
	return err
}

// leave takes the resident's side from an identity, with its phones.
func (s *Service) leave(ctx context.Context, tx *store.Tx, actor string, i *store.WeChatIdentity, why string, out *WeChatProgress) error {
	if i.ResidentAt.IsZero() {
		return nil
	}
	phones, err := tx.ResidentPhones(ctx, i.ID)
	if err != nil {
		return err
	}
	for _, p := range phones {
		if err := s.unbindNumber(ctx, tx, actor, p, why); err != nil {
			return err
		}
	}
	if err := tx.EndFamilyConsents(ctx, i.ID, s.clock()); err != nil {
		return err
	}
	if _, err := tx.DropEnterprises(ctx, i.ID, ""); err != nil {
		return err
	}
	if err := tx.PartFollower(ctx, i.ID); err != nil {
		return err
	}
	i.ResidentAt = time.Time{}
	if err := tx.SaveWeChatIdentity(ctx, i); err != nil {
		return err
	}
	out.ended = append(out.ended, i.ID)
	if err := s.endAll(ctx, tx, i.ID, "", why); err != nil {
		return err
	}
	return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: actor, Action: "resident.leave", Object: "account:" + i.ID, Detail: map[string]string{"why": why}})
}

// identityOf finds the identity behind a person id, staff or resident.
func (s *Service) identityOf(ctx context.Context, personID string) (store.WeChatIdentity, bool, error) {
	if store.IsResident(personID) {
		return s.db.WeChatIdentity(ctx, personID)
	}
	return s.db.WeChatIdentityOfStaff(ctx, personID)
}

// AddPhone binds another number to a resident who is signed in.
func (s *Service) AddPhone(ctx context.Context, personID, phoneCode string) error {
	i, ok, err := s.identityOf(ctx, personID)
	switch {
	case err != nil:
		return err
	case !ok || !store.IsResident(personID):
		return errOnlySelf
	case s.wechat == nil:
		return errNoWeChat
	}
	if ok, left := s.cache.Allow(ctx, "wechat:bind:"+store.OpenIDIndex(s.db.Sealer(), i.OpenID), bindsPerOpenID, bindsWindow); !ok {
		return wait(errWeChatBusy.Reason, "绑定尝试过多，请一小时后再试。", left)
	}
	number, err := s.askPhone(ctx, phoneCode, i.OpenID)
	if err != nil {
		return err
	}
	_, err = s.withIdentity(ctx, i.OpenID, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		if i.ResidentAt.IsZero() {
			return errOnlySelf
		}
		return s.bindNumber(ctx, tx, i.ID, number, out)
	})
	return err
}

// DropPhone takes a number from a resident. Their sessions end: whoever holds the phone signs in again without it.
func (s *Service) DropPhone(ctx context.Context, personID, id string) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		list, err := tx.ResidentPhones(ctx, personID)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.ID == id {
				return s.unbindNumber(ctx, tx, personID, p, "unbound")
			}
		}
		return errNoPhone
	})
	s.forget(personID)
	return err
}

// WeChatState is what a person has bound.
type WeChatState struct {
	Bound   bool
	Sides   []Side
	Follows bool          // the official account
	Phones  []MaskedPhone // of a resident
}

// MaskedPhone is a number that a resident has bound.
type MaskedPhone struct {
	ID, Number string // masked
	BoundAt    time.Time
}

// WeChatState tells a person what they have bound.
func (s *Service) WeChatState(ctx context.Context, personID string) (out WeChatState, err error) {
	i, ok, err := s.identityOf(ctx, personID)
	if err != nil {
		return out, err
	}
	if out.Bound = ok; ok {
		if out.Sides, err = s.sides(ctx, i); err != nil {
			return out, err
		}
	}
	openid, err := s.db.FollowerOf(ctx, personID, i.UnionID)
	if err != nil {
		return out, err
	}
	out.Follows = openid != ""
	if !store.IsResident(personID) {
		return out, nil
	}
	phones, err := s.db.ResidentPhones(ctx, personID)
	for _, p := range phones {
		out.Phones = append(out.Phones, MaskedPhone{ID: p.ID, Number: ticket.MaskPhone(p.Number), BoundAt: p.BoundAt})
	}
	return out, err
}

// FollowCode makes a code of the official account for a person: whoever scans it within ten minutes follows the account as them.
func (s *Service) FollowCode(ctx context.Context, personID string) (wechat.FollowCode, error) {
	if s.wechat == nil {
		return wechat.FollowCode{}, errNoWeChat
	}
	if !s.wechat.HasOA() {
		return wechat.FollowCode{}, errNoOfficial
	}
	if ok, left := s.cache.Allow(ctx, "wechat:follow:"+personID, bindsPerOpenID, bindsWindow); !ok {
		return wechat.FollowCode{}, wait(errWeChatBusy.Reason, "取二维码过于频繁，请一小时后再试。", left)
	}
	scene := newToken(followPrefix)
	hash, _ := hashToken(followPrefix, scene)
	if err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertOneUseCode(ctx, store.OneUseCode{Hash: hash, Kind: followKind, Subject: personID, MadeBy: personID, MadeAt: s.clock(), ExpiresAt: s.clock().Add(followLife)})
	}); err != nil {
		return wechat.FollowCode{}, err
	}
	code, err := s.wechat.FollowCode(ctx, scene, followLife)
	if err != nil {
		return code, s.platformSays(ctx, err, errWeChatAway)
	}
	return code, nil
}

// Pushed takes in who follows the official account and who does so no longer. What the platform cannot tell now is asked again later.
func (s *Service) Pushed(ctx context.Context, e wechat.Event) error {
	f := store.WeChatFollower{OpenID: e.OpenID, ChangedAt: e.At}
	switch {
	case e.From != wechat.FromOA:
		return nil
	case e.Name == wechat.Unfollowed:
	case e.Name == wechat.Followed, e.Name == wechat.Scanned:
		f.Follows = true
		union, err := s.wechat.FollowerUnion(ctx, e.OpenID)
		if err != nil {
			return err
		}
		f.UnionID = union
	default:
		return nil
	}
	hash, scanned := hashToken(followPrefix, e.Key)
	person := ""
	if f.Follows && scanned {
		code, ok, err := s.db.OneUseCode(ctx, followKind, hash)
		if err != nil {
			return err
		}
		if ok {
			person = code.Subject
		}
	}
	if person != "" && f.UnionID != "" {
		i, ok, err := s.identityOf(ctx, person)
		if err != nil {
			return err
		}
		if ok && i.UnionID != "" && i.UnionID != f.UnionID {
			person = "" // somebody else scanned it: their notices would go to another
		}
	}
	for range maxChanges {
		err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			f.PersonID = ""
			if person != "" {
				first, err := tx.UseOneUseCode(ctx, hash, s.clock())
				if err != nil {
					return err
				}
				if first {
					f.PersonID = person
					if err := tx.PartFollower(ctx, person); err != nil {
						return err
					}
					if err := s.record(ctx, tx, person, "wechat.follow", person, nil); err != nil {
						return err
					}
				}
			}
			return tx.NoteFollower(ctx, f)
		})
		if !errors.Is(err, store.ErrChanged) {
			return err
		}
	}
	return errBusy
}

// Reached is how somebody can be reached. What is empty is not known.
type Reached struct {
	OfficialID  string // openid of the official account, of who follows it
	MiniProgram string // openid of the mini-program
	Phone       string // that a resident has bound
}

// Reach gives how a recipient of notices can be reached: a person id, "requester:" and a requester's key, or "family:" and the id of a consent, which
// reaches nobody once it has ended.
func (s *Service) Reach(ctx context.Context, recipient string) (out Reached, err error) {
	personID := recipient
	if key, ok := strings.CutPrefix(recipient, "requester:"); ok {
		holder, ok, err := s.db.PhoneHolder(ctx, key)
		if err != nil || !ok {
			return out, err
		}
		personID, out.Phone = holder.IdentityID, holder.Number
	}
	if consent, ok := strings.CutPrefix(recipient, "family:"); ok {
		f, ok, err := s.db.FamilyConsent(ctx, consent)
		if err != nil || !ok {
			return out, err
		}
		personID = f.Grantee
	}
	i, _, err := s.identityOf(ctx, personID)
	if err != nil {
		return out, err
	}
	out.MiniProgram = i.OpenID
	out.OfficialID, err = s.db.FollowerOf(ctx, personID, i.UnionID)
	return out, err
}

// NotFollowing notes that the platform says that a recipient does not follow the official account.
func (s *Service) NotFollowing(ctx context.Context, recipient string) error {
	r, err := s.Reach(ctx, recipient)
	if err != nil || r.OfficialID == "" {
		return err
	}
	return s.db.Unfollow(ctx, r.OfficialID, s.clock())
}
