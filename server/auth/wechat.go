package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/wechat"
	"xiaopu/server/workflow"
)

// WeChat is what is asked of the platform; *wechat.Client asks it.
type WeChat interface {
	// Login exchanges a code of wx.login, good once, for who it belongs to.
	Login(ctx context.Context, code string) (wechat.Identity, error)
	// Phone exchanges a code of the phone button, good once, for the number, which it has checked to be of the same person as openid.
	Phone(ctx context.Context, code, openid string) (string, error)
	// ScanCode makes a code that opens a page of the mini-program.
	ScanCode(ctx context.Context, s wechat.Scan) (wechat.Picture, error)
	// HasOA reports whether there is an official account. FollowCode makes a code of it, FollowerUnion gives the unionid of who
	// follows it.
	HasOA() bool
	FollowCode(ctx context.Context, scene string, life time.Duration) (wechat.FollowCode, error)
	FollowerUnion(ctx context.Context, openid string) (string, error)
}

// Side is as whom somebody is signed in through WeChat: one person may be both.
type Side string

// The sides.
const (
	AsStaff    Side = "staff"
	AsResident Side = "resident"
)

// Need is what is asked for before a session begins.
type Need string

// What may be asked for.
const (
	NeedNothing Need = ""
	NeedBinding Need = "binding"       // WeChat is not bound yet, or not for this side
	NeedConsent Need = "consent"       // to the privacy notice, which is another than the last time
	NeedCode    Need = "second_factor" // a code of the second factor, because of what the person may see
	// NeedInvitation is of who may see so much and has no second factor to give a code of.
	NeedInvitation Need = "invitation"
)

// WeChatProgress is how far signing in through WeChat has come.
type WeChatProgress struct {
	Need Need
	// Ticket names the sign-in while something is needed, until ExpiresAt.
	Ticket    string
	ExpiresAt time.Time
	// Tokens are the session's once nothing is needed; Side is the one it is of, and Sides those one may switch to.
	Tokens *Tokens
	Side   Side
	Sides  []Side

	identity store.WeChatIdentity // as it was saved
	ended    []string             // whose sessions ended with it
}

const (
	ticketKind  = "bind_ticket"
	ticketLife  = 10 * time.Minute
	ticketTries = 5

	// The limits of what is asked of the platform. Mobile networks put many people behind one address.
	codesPerAddress = 300
	badPerAddress   = 30
	codesPerOpenID  = 20
	codesWindow     = 5 * time.Minute
	bindsPerOpenID  = 10
	bindsWindow     = time.Hour
	maxPhones       = 5
)

var (
	errNoWeChat     = apperr.New(apperr.Unavailable, "wechat.off", "本系统没有启用微信，请用登录名和密码登录。")
	errNoOfficial   = apperr.New(apperr.Unavailable, "wechat.no_official", "本系统没有接入公众号，不能扫码关注。通知会在小程序里显示，也会经其他渠道发送；需要公众号的，请联系系统管理员接入。")
	errWeChatAway   = apperr.New(apperr.Unavailable, "wechat.away", "微信暂时没有应答，请稍后重新打开小程序再试。")
	errWeChatBusy   = apperr.New(apperr.ResourceExhausted, "wechat.busy", "微信登录过于频繁，请过一分钟再试。")
	errWeChatRisk   = apperr.New(apperr.PermissionDenied, "wechat.risk", "微信认为这个账号有风险，暂不能登录。请在微信中解除限制后再试，或到街道办理。")
	errWeChatCode   = apperr.New(apperr.Unauthenticated, "wechat.code", "微信登录凭证无效或已过期，请重新打开小程序再试。")
	errPhoneCode    = apperr.New(apperr.InvalidArgument, "wechat.phone_code", "没有取得您的手机号，请再点一次“手机号快捷登录”；只支持中国大陆手机号，须由本人微信授权。")
	errTicket       = apperr.New(apperr.Unauthenticated, "wechat.ticket", "这次登录没有在 %d 分钟内完成，或已经完成，请重新打开小程序登录。", int(ticketLife.Minutes()))
	errNotOnList    = apperr.New(apperr.PermissionDenied, "wechat.not_on_list", "这个手机号不能登录工作端：没有登记为在岗工作人员的手机号，或有多人登记了同一号码。请联系系统管理员核对，或索取邀请码。")
	errNeedsInvite  = apperr.New(apperr.FailedPrecondition, "wechat.needs_invitation", "您的岗位须凭系统管理员出具的邀请码绑定微信，请向系统管理员索取。")
	errNoWeChatSide = apperr.New(apperr.FailedPrecondition, "wechat.not_bound", "这个微信还没有绑定该身份，请先绑定。")
	errSideAdmin    = apperr.New(apperr.PermissionDenied, "wechat.administrator", "系统管理员、安全管理员和审计员只在控制台登录，不能绑定微信。")
	errTooManyPhone = apperr.New(apperr.FailedPrecondition, "wechat.phones", "一个微信最多绑定 %d 个手机号，请先解绑不用的号码。", maxPhones)
)

// bindTicket is what stays here of somebody who has shown who they are in WeChat and is not bound yet.
type bindTicket struct {
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid,omitempty"`
	StaffID string `json:"staff_id,omitempty"` // whom they have shown to be, and who must give a code of the second factor
	Bound   bool   `json:"bound,omitempty"`    // … and whom they have bound before, by their number alone
}

// WeChatLogin exchanges the code of wx.login for a session on the side asked for; on the staff's, else the resident's, when none is. Who has not
// bound it is given a ticket to do so with.
func (s *Service) WeChatLogin(ctx context.Context, code string, as Side) (WeChatProgress, error) {
	who, err := s.askWho(ctx, code)
	if err != nil {
		return WeChatProgress{}, err
	}
	found, _, err := s.db.WeChatIdentityOf(ctx, who.OpenID)
	if err != nil {
		return WeChatProgress{}, err
	}
	sides, err := s.sides(ctx, found)
	if err != nil {
		return WeChatProgress{}, err
	}
	if as == "" && len(sides) > 0 {
		as = sides[0]
	}
	if !slices.Contains(sides, as) {
		return s.giveTicket(ctx, bindTicket{OpenID: who.OpenID, UnionID: who.UnionID}, NeedBinding)
	}
	if as == AsResident {
		if ok, err := s.consented(ctx, found.ID); err != nil {
			return WeChatProgress{}, err
		} else if !ok {
			return s.giveTicket(ctx, bindTicket{OpenID: who.OpenID, UnionID: who.UnionID}, NeedConsent)
		}
	}
	p, err := s.onSide(ctx, found, as)
	if err != nil {
		return WeChatProgress{}, err
	}
	if as == AsStaff {
		if need, err := s.needsMore(ctx, found); err != nil || need != NeedNothing {
			return s.askMore(ctx, bindTicket{OpenID: who.OpenID, UnionID: who.UnionID, StaffID: p.ID, Bound: true}, need, err)
		}
	}
	return s.withIdentity(ctx, who.OpenID, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		if i.ID == "" || as == AsStaff && (i.StaffID != p.ID || i.StaffBy != found.StaffBy) || as == AsResident && i.ResidentAt.IsZero() {
			return errWeChatCode // unbound meanwhile, or bound anew
		}
		i.UnionID = cmp.Or(who.UnionID, i.UnionID)
		return s.begunWeChat(ctx, tx, i, as, p, out)
	})
}

// onSide is as whom an identity acts on a side. Staff have an account then.
func (s *Service) onSide(ctx context.Context, i store.WeChatIdentity, side Side) (person, error) {
	if side != AsStaff {
		return person{}, nil // the resident of the identity
	}
	p, err := s.find(ctx, i.StaffID)
	if err != nil {
		return p, err
	}
	return p, s.openAccount(ctx, p)
}

// needsMore says what a member of staff must give who has bound an identity by their number alone and may see every case by now: a code of the
// second factor, or an invitation where they have none set up.
func (s *Service) needsMore(ctx context.Context, i store.WeChatIdentity) (Need, error) {
	if !i.ByNumberAlone() {
		return NeedNothing, nil
	}
	much, err := s.seesMuch(ctx, i.StaffID)
	if err != nil || !much {
		return NeedNothing, err
	}
	a, _, err := s.db.Account(ctx, i.StaffID)
	if a.TOTP == "" {
		return NeedInvitation, err
	}
	return NeedCode, err
}

// askMore gives a ticket for what needsMore has said. One for an invitation is a ticket for binding: that is what an invitation does.
func (s *Service) askMore(ctx context.Context, t bindTicket, need Need, err error) (WeChatProgress, error) {
	if err != nil {
		return WeChatProgress{}, err
	}
	if need == NeedCode {
		return s.giveTicket(ctx, t, NeedCode)
	}
	out, err := s.giveTicket(ctx, bindTicket{OpenID: t.OpenID, UnionID: t.UnionID}, NeedBinding)
	out.Need = need
	return out, err
}

// askWho asks the platform whose code this is, within the limits.
func (s *Service) askWho(ctx context.Context, code string) (wechat.Identity, error) {
	if s.wechat == nil {
		return wechat.Identity{}, errNoWeChat
	}
	address := s.db.Sealer().Blind("address", network(workflow.OriginOf(ctx).Address))
	if n, left := s.cache.Counted(ctx, "wechat:bad:"+address); n >= badPerAddress {
		return wechat.Identity{}, wait("auth.too_many", "您所在的网络短时间内登录失败过多，请过几分钟再试。", left)
	}
	if ok, left := s.cache.Allow(ctx, "wechat:address:"+address, codesPerAddress, codesWindow); !ok {
		return wechat.Identity{}, wait("auth.too_many", "您所在的网络登录过于频繁，请过几分钟再试。", left)
	}
	who, err := s.wechat.Login(ctx, code)
	if err != nil {
		if wechat.ClassOf(err) == wechat.Invalid {
			s.cache.Count(ctx, "wechat:bad:"+address, codesWindow)
		}
		return wechat.Identity{}, s.platformSays(ctx, err, errWeChatCode)
	}
	if ok, left := s.cache.Allow(ctx, "wechat:openid:"+store.OpenIDIndex(s.db.Sealer(), who.OpenID), codesPerOpenID, codesWindow); !ok {
		return wechat.Identity{}, wait(errWeChatBusy.Reason, errWeChatBusy.Message, left)
	}
	return who, nil
}

// platformSays makes of the platform's error what a person can act on; bad is for a code that is not good.
func (s *Service) platformSays(ctx context.Context, err error, bad *apperr.Error) error {
	switch wechat.ClassOf(err) {
	case wechat.Invalid, wechat.Other:
		if wechat.CodeOf(err) == wechat.CodeRisk {
			return errWeChatRisk
		}
		return bad
	case wechat.Wait:
		return wait(errWeChatBusy.Reason, errWeChatBusy.Message, time.Minute)
	}
	s.log.WarnContext(ctx, "wechat does not sign in", slog.Any("error", err))
	return errWeChatAway
}

// sides are those that an identity may sign in on now, the staff's first.
func (s *Service) sides(ctx context.Context, i store.WeChatIdentity) (list []Side, err error) {
	if i.StaffID != "" {
		p, err := s.find(ctx, i.StaffID)
		if err != nil {
			return nil, err
		}
		a, _, err := s.db.Account(ctx, i.StaffID)
		if err != nil {
			return nil, err
		}
		if p.staff && p.administrator == "" && a.DisabledAt.IsZero() {
			list = append(list, AsStaff)
		}
	}
	if !i.ResidentAt.IsZero() {
		list = append(list, AsResident)
	}
	return list, nil
}

func (s *Service) giveTicket(ctx context.Context, t bindTicket, need Need) (WeChatProgress, error) {
	token := newToken(ticketPrefix)
	hash, _ := hashToken(ticketPrefix, token)
	body, err := json.Marshal(t)
	if err != nil {
		return WeChatProgress{}, err
	}
	out := WeChatProgress{Need: need, Ticket: token, ExpiresAt: s.clock().Add(ticketLife)}
	return out, s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertOneUseCode(ctx, store.OneUseCode{Hash: hash, Kind: ticketKind, Step: string(need), Body: body, MadeAt: s.clock(), ExpiresAt: out.ExpiresAt})
	})
}

// takeTicket opens a ticket for one try, within the limits of its openid.
func (s *Service) takeTicket(ctx context.Context, token string, need Need) (code store.OneUseCode, t bindTicket, err error) {
	if s.wechat == nil {
		return code, t, errNoWeChat
	}
	hash, ok := hashToken(ticketPrefix, token)
	if !ok {
		return code, t, errTicket
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		good, err := tx.TryOneUseCode(ctx, hash, ticketTries, s.clock())
		if err != nil || !good {
			return cmp.Or[error](err, errTicket)
		}
		code, ok, err = tx.OneUseCode(ctx, ticketKind, hash)
		if err != nil || !ok || code.Step != string(need) {
			return cmp.Or[error](err, errTicket)
		}
		return json.Unmarshal(code.Body, &t)
	})
	if err != nil {
		return code, t, err
	}
	if ok, left := s.cache.Allow(ctx, "wechat:bind:"+store.OpenIDIndex(s.db.Sealer(), t.OpenID), bindsPerOpenID, bindsWindow); !ok {
		return code, t, wait(errWeChatBusy.Reason, "绑定尝试过多，请一小时后再试，或联系系统管理员。", left)
	}
	return code, t, nil
}

// useTicket uses a ticket up in the transaction of what it is for.
func (s *Service) useTicket(ctx context.Context, tx *store.Tx, hash string) error {
	ok, err := tx.UseOneUseCode(ctx, hash, s.clock())
	if err == nil && !ok {
		err = errTicket
	}
	return err
}

// BindPhone binds WeChat by the number that the phone button gives: as staff to the one member of staff who has it in the organisation,
// as a resident to the number itself. With no side, it is the staff's where the number is theirs.
//
// A resident consents to the version of the privacy notice given, which must be the one in force.
func (s *Service) BindPhone(ctx context.Context, token, phoneCode string, as Side, notice int) (WeChatProgress, error) {
	var agreed store.PrivacyConsent
	if as != AsStaff {
		var err error
		if agreed, err = s.consent(ctx, notice); err != nil {
			return WeChatProgress{}, err
		}
	}
	code, t, err := s.takeTicket(ctx, token, NeedBinding)
	if err != nil {
		return WeChatProgress{}, err
	}
	number, err := s.askPhone(ctx, phoneCode, t.OpenID)
	if err != nil {
		return WeChatProgress{}, err
	}
	if as != AsResident {
		p, err := s.staffWith(ctx, number)
		switch {
		case err == nil:
			return s.bindByPhone(ctx, code, t, p)
		case as == AsStaff || !errors.Is(err, errNotOnList):
			return WeChatProgress{}, s.refuseBinding(ctx, "", err)
		}
	}
	return s.bind(ctx, code, t, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		if err := s.becomeResident(ctx, tx, i, agreed); err != nil {
			return err
		}
		if err := s.bindNumber(ctx, tx, i.ID, number, out); err != nil {
			return err
		}
		return s.begunWeChat(ctx, tx, i, AsResident, person{}, out)
	})
}

// BindVisitor lets somebody in as a resident without a phone. They see no matter until they bind one.
func (s *Service) BindVisitor(ctx context.Context, token string, notice int) (WeChatProgress, error) {
	agreed, err := s.consent(ctx, notice)
	if err != nil {
		return WeChatProgress{}, err
	}
	code, t, err := s.takeTicket(ctx, token, NeedBinding)
	if err != nil {
		return WeChatProgress{}, err
	}
	return s.bind(ctx, code, t, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		if err := s.becomeResident(ctx, tx, i, agreed); err != nil {
			return err
		}
		return s.begunWeChat(ctx, tx, i, AsResident, person{}, out)
	})
}

func (s *Service) askPhone(ctx context.Context, code, openid string) (string, error) {
	number, err := s.wechat.Phone(ctx, code, openid)
	if err != nil {
		return "", s.platformSays(ctx, err, errPhoneCode)
	}
	if !isPhone(number) {
		return "", errPhoneCode
	}
	return number, nil
}

// staffWith finds the one member of staff who has a number: errNotOnList for none or several.
func (s *Service) staffWith(ctx context.Context, number string) (p person, err error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return p, err
	}
	key := ticket.PhoneKey(number)
	for _, one := range k.Organisation.People() {
		if !Staff(one) || one.Phone == "" || ticket.PhoneKey(one.Phone) != key {
			continue
		}
		if p.ID != "" {
			return person{}, errNotOnList
		}
		p = describe(one, true)
	}
	if p.ID == "" {
		return p, errNotOnList
	}
	return p, s.bindable(ctx, p)
}

// bindable refuses a member of staff who may not sign in through WeChat.
func (s *Service) bindable(ctx context.Context, p person) error {
	a, _, err := s.db.Account(ctx, p.ID)
	switch {
	case err != nil:
		return err
	case !p.staff || !a.DisabledAt.IsZero():
		return errNotOnList
	case p.administrator != "":
		return errSideAdmin
	}
	return nil
}

// seesMuch reports whether every case is open to somebody now, by a post of their own or as somebody's delegate, so that a number alone is not
// enough where a second factor is asked for: a number can be taken over.
func (s *Service) seesMuch(ctx context.Context, personID string) (bool, error) {
	if !s.set.SecondFactor {
		return false, nil
	}
	a, ok, err := s.engine.Actor(ctx, personID)
	return ok && a.SeesAll(), err
}

// bindByPhone binds the member of staff whose number was shown, or asks for a code of the second factor first.
func (s *Service) bindByPhone(ctx context.Context, code store.OneUseCode, t bindTicket, p person) (WeChatProgress, error) {
	much, err := s.seesMuch(ctx, p.ID)
	if err != nil {
		return WeChatProgress{}, err
	}
	if much {
		a, _, err := s.db.Account(ctx, p.ID)
		if err != nil {
			return WeChatProgress{}, err
		}
		if a.TOTP == "" {
			return WeChatProgress{}, s.refuseBinding(ctx, p.ID, errNeedsInvite)
		}
		if err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return s.useTicket(ctx, tx, code.Hash) }); err != nil {
			return WeChatProgress{}, err
		}
		t.StaffID = p.ID
		return s.giveTicket(ctx, t, NeedCode)
	}
	if err := s.openAccount(ctx, p); err != nil {
		return WeChatProgress{}, err
	}
	return s.bind(ctx, code, t, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		return s.bindStaff(ctx, tx, i, p, store.ByPhone, out)
	})
}

// BindCode is the code of the second factor that BindPhone asked for; or signing in, of who has bound by their number alone before.
func (s *Service) BindCode(ctx context.Context, token, totp string) (WeChatProgress, error) {
	code, t, err := s.takeTicket(ctx, token, NeedCode)
	if err != nil {
		return WeChatProgress{}, err
	}
	p, err := s.find(ctx, t.StaffID)
	if err != nil {
		return WeChatProgress{}, err
	}
	if err := s.bindable(ctx, p); err != nil {
		return WeChatProgress{}, err
	}
	if err := s.proveCode(ctx, p.ID, totp); err != nil {
		return WeChatProgress{}, err
	}
	return s.bind(ctx, code, t, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		if t.Bound && i.StaffID != p.ID {
			return errTicket // unbound meanwhile: the number was not shown again
		}
		return s.bindStaff(ctx, tx, i, p, store.ByCode, out)
	})
}

// proveCode uses up a code of somebody's second factor, outside a sign-in by password, under the same limits.
func (s *Service) proveCode(ctx context.Context, personID, totp string) error {
	a, _, err := s.db.Account(ctx, personID)
	if err != nil {
		return err
	}
	return s.tryCode(ctx, personID, a, errCode, func() error {
		return s.change(ctx, personID, func(ctx context.Context, tx *store.Tx, a *store.Account, _ bool) error {
			if a.TOTP == "" {
				return errCode
			}
			return s.checkCode(ctx, tx, a, totp)
		})
	})
}

// refuseBinding notes in the audit log that somebody was refused.
func (s *Service) refuseBinding(ctx context.Context, personID string, err error) error {
	var e *apperr.Error
	if !errors.As(err, &e) || apperr.CodeOf(err) == apperr.Internal {
		return err
	}
	entry := workflow.Audited{Action: "wechat.bind", Outcome: e.Reason}
	if personID != "" {
		entry.Object = "account:" + personID
	}
	return cmp.Or(s.engine.Record(ctx, entry), err)
}

// ofIdentity decides on an identity, new or known, in the transaction that saves it; it may run several times.
type ofIdentity func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error

// withIdentity runs decide on the identity of an openid.
func (s *Service) withIdentity(ctx context.Context, openid string, decide ofIdentity) (out WeChatProgress, err error) {
	for range maxChanges {
		err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			out = WeChatProgress{}
			i, ok, err := tx.WeChatIdentityOf(ctx, openid)
			if err != nil {
				return err
			}
			if !ok {
				i = store.WeChatIdentity{OpenID: openid, CreatedAt: s.clock()}
			}
			return decide(ctx, tx, &i, &out)
		})
		if errors.Is(err, store.ErrChanged) {
			continue
		}
		for _, id := range out.ended {
			s.forget(id)
		}
		if err == nil {
			out.Sides, err = s.sides(ctx, out.identity)
		}
		return out, err
	}
	return WeChatProgress{}, errBusy
}

// bind runs decide on the identity of a ticket, and uses the ticket up with it.
func (s *Service) bind(ctx context.Context, code store.OneUseCode, t bindTicket, decide ofIdentity) (WeChatProgress, error) {
	return s.withIdentity(ctx, t.OpenID, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		if err := s.useTicket(ctx, tx, code.Hash); err != nil {
			return err
		}
		i.UnionID = cmp.Or(t.UnionID, i.UnionID)
		return decide(ctx, tx, i, out)
	})
}

// becomeResident makes an identity a resident's, who has consented to the privacy notice.
func (s *Service) becomeResident(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, agreed store.PrivacyConsent) error {
	if !i.ResidentAt.IsZero() {
		return tx.Consent(ctx, i.ID, agreed)
	}
	i.ResidentAt, i.SeenAt = s.clock(), s.clock()
	if err := tx.SaveWeChatIdentity(ctx, i); err != nil {
		return err
	}
	if err := tx.Consent(ctx, i.ID, agreed); err != nil {
		return err
	}
	return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: i.ID, Action: "resident.join", Object: "account:" + i.ID})
}

// bindNumber gives a resident a number that they hold. Who had bound it before holds it no longer: their sessions end.
func (s *Service) bindNumber(ctx context.Context, tx *store.Tx, residentID, number string, out *WeChatProgress) error {
	p := store.ResidentPhone{IdentityID: residentID, Requester: store.PhoneIndex(tx.Sealer(), number), Number: number, BoundAt: s.clock()}
	list, err := tx.ResidentPhones(ctx, residentID)
	switch {
	case err != nil:
		return err
	case slices.ContainsFunc(list, func(have store.ResidentPhone) bool { return have.Requester == p.Requester }):
		return nil
	case len(list) >= maxPhones:
		return errTooManyPhone
	}
	held, ok, err := tx.PhoneHolder(ctx, p.Requester)
	if err != nil {
		return err
	}
	if ok {
		if err := s.unbindNumber(ctx, tx, "", held, "rebound"); err != nil {
			return err
		}
		out.ended = append(out.ended, held.IdentityID)
	}
	if err := tx.PutResidentPhone(ctx, &p); err != nil {
		return err
	}
	return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: residentID, Action: "phone.bind", Object: "phone:" + p.Requester})
}

// unbindNumber takes a number from who has bound it and ends the sessions that could see by it. actor is "" for the system.
func (s *Service) unbindNumber(ctx context.Context, tx *store.Tx, actor string, p store.ResidentPhone, why string) error {
	gone, err := tx.DropResidentPhone(ctx, p.IdentityID, p.ID)
	if err != nil || !gone {
		return cmp.Or[error](err, store.ErrChanged)
	}
	if err := s.endAll(ctx, tx, p.IdentityID, "", why); err != nil {
		return err
	}
	return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: actor, Action: "phone.unbind", Object: "phone:" + p.Requester, Detail: map[string]string{"person": p.IdentityID, "why": why}})
}

// bindStaff binds an identity to a member of staff and begins their session. Whatever either was bound to before ends.
func (s *Service) bindStaff(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, p person, by store.BoundBy, out *WeChatProgress) error {
	if by != store.ByInvitation {
		held, err := tx.WeChatHeld(ctx, p.ID)
		if err != nil || held {
			return cmp.Or[error](err, errNeedsInvite)
		}
	} else if err := tx.ReleaseWeChat(ctx, p.ID); err != nil {
		return err
	}
	before, ok, err := tx.WeChatIdentityOfStaff(ctx, p.ID)
	if err != nil {
		return err
	}
	if ok && before.ID != i.ID {
		if err := s.unbindStaff(ctx, tx, "", &before, "rebound", out); err != nil {
			return err
		}
	}
	if i.StaffID != "" && i.StaffID != p.ID {
		if err := s.unbindStaff(ctx, tx, "", i, "rebound", out); err != nil {
			return err
		}
	}
	if i.StaffID != p.ID || i.StaffBy != by && by != store.ByPhone {
		i.StaffID, i.StaffAt, i.StaffBy = p.ID, s.clock(), by
		if err := s.record(ctx, tx, p.ID, "wechat.bind", p.ID, map[string]string{"by": string(by)}); err != nil {
			return err
		}
	}
	return s.begunWeChat(ctx, tx, i, AsStaff, p, out)
}

// unbindStaff takes the member of staff from an identity and ends every session that was begun with it.
func (s *Service) unbindStaff(ctx context.Context, tx *store.Tx, actor string, i *store.WeChatIdentity, why string, out *WeChatProgress) error {
	staff := i.StaffID
	i.StaffID, i.StaffAt, i.StaffBy = "", time.Time{}, ""
	if err := tx.SaveWeChatIdentity(ctx, i); err != nil {
		return err
	}
	if err := tx.PartFollower(ctx, staff); err != nil {
		return err
	}
	people, err := tx.EndWeChatSessions(ctx, i.ID, why, s.clock())
	if err != nil {
		return err
	}
	out.ended = append(out.ended, people...)
	for _, id := range people {
		if err := s.record(ctx, tx, "", "session.end_all", id, map[string]string{"why": why, "through": "wechat"}); err != nil {
			return err
		}
	}
	return s.record(ctx, tx, actor, "wechat.unbind", staff, map[string]string{"why": why})
}

// begunWeChat begins a session of an identity on one side, as p of the staff's, and saves the identity.
func (s *Service) begunWeChat(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, side Side, p person, out *WeChatProgress) error {
	i.SeenAt = s.clock()
	if err := tx.SaveWeChatIdentity(ctx, i); err != nil {
		return err
	}
	if side == AsResident {
		p = person{Person: organisation.Person{ID: i.ID}, resident: true}
	} else {
		a, ok, err := tx.Account(ctx, p.ID)
		if err != nil || !ok || !a.DisabledAt.IsZero() {
			return cmp.Or[error](err, errNotOnList) // disabled meanwhile
		}
		// Who signs in through WeChat alone uses their account too. Saving it makes disabling it at the same time end this session.
		a.SignedInAt, a.ActiveAt = s.clock(), s.clock()
		if err := tx.SaveAccount(ctx, &a); err != nil {
			return err
		}
	}
	tokens, err := s.startSession(ctx, tx, p, i.ID, false)
	if err != nil {
		return err
	}
	out.Tokens, out.Side, out.identity = &tokens, side, *i
	return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: p.ID, Action: "session.start", Object: "session:" + tokens.SessionID, Detail: map[string]string{"through": "wechat"}})
}

// Switch ends a session that was begun on a phone through WeChat and begins one on the other side; or asks for more first, and ends none.
func (s *Service) Switch(ctx context.Context, personID, sessionID string, to Side) (WeChatProgress, error) {
	session, ok, err := s.db.Session(ctx, sessionID)
	if err != nil || !ok || session.PersonID != personID || session.WeChatID == "" || session.Scanned {
		return WeChatProgress{}, cmp.Or[error](err, errNoWeChatSide)
	}
	i, ok, err := s.db.WeChatIdentity(ctx, session.WeChatID)
	if err != nil || !ok {
		return WeChatProgress{}, cmp.Or[error](err, errNoWeChatSide)
	}
	sides, err := s.sides(ctx, i)
	if err != nil || !slices.Contains(sides, to) {
		return WeChatProgress{}, cmp.Or[error](err, errNoWeChatSide)
	}
	if to == AsResident {
		if ok, err := s.consented(ctx, i.ID); err != nil || !ok {
			return WeChatProgress{}, cmp.Or[error](err, errNotice)
		}
	}
	p, err := s.onSide(ctx, i, to)
	if err != nil {
		return WeChatProgress{}, err
	}
	if to == AsStaff {
		if need, err := s.needsMore(ctx, i); err != nil || need != NeedNothing {
			return s.askMore(ctx, bindTicket{OpenID: i.OpenID, UnionID: i.UnionID, StaffID: p.ID, Bound: true}, need, err)
		}
	}
	out, err := s.withIdentity(ctx, i.OpenID, func(ctx context.Context, tx *store.Tx, now *store.WeChatIdentity, out *WeChatProgress) error {
		if now.ID == "" || to == AsStaff && (now.StaffID != p.ID || now.StaffBy != i.StaffBy) || to == AsResident && now.ResidentAt.IsZero() {
			return errNoWeChatSide // unbound meanwhile, or bound anew
		}
		ended, err := tx.EndSession(ctx, personID, sessionID, "switched", s.clock())
		if err != nil || !ended {
			return cmp.Or[error](err, errSessionEnded)
		}
		if err := s.recordEnd(ctx, tx, personID, sessionID, personID, "switched"); err != nil {
			return err
		}
		return s.begunWeChat(ctx, tx, now, to, p, out)
	})
	s.forget(personID)
	return out, err
}
