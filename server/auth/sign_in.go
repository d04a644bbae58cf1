package auth

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// Step is what is asked for next.
type Step string

// The steps of signing in.
const (
	StepChangePassword Step = "change_password" // a new password
	StepTOTP           Step = "totp"            // a code of the second factor, or a recovery code
	StepEnrolTOTP      Step = "enrol_totp"      // set the second factor up
	StepDone           Step = "done"            // signed in
)

// Progress is how far a sign-in has come.
type Progress struct {
	Step Step
	// Token names the sign-in while steps are asked for, until ExpiresAt.
	Token     string
	ExpiresAt time.Time
	// Tokens are the session's once Step is StepDone.
	Tokens *Tokens
	// RecoveryCodes are shown this once, when the second factor was set up.
	RecoveryCodes []string
}

const (
	signInLife = 10 * time.Minute
	maxCodes   = 5 // tried in one sign-in, from wherever: then it begins anew with the password
)

var (
	errRefused = apperr.New(apperr.Unauthenticated, "auth.refused", "登录名或密码不正确，或者账号已锁定、已停用。请核对后再试；连续 %d 次不正确，%d 分钟内不能登录。忘记密码请联系系统管理员。", lockAfter, int(lockFor.Minutes()))
	errStep    = apperr.New(apperr.Unauthenticated, "auth.step_expired", "登录没有在 %d 分钟内完成、已在别处完成，或验证码错了 %d 次，请重新登录。", int(signInLife.Minutes()), maxCodes)
	errOrder   = apperr.New(apperr.FailedPrecondition, "auth.step_order", "现在不需要这一步，请按登录返回的步骤继续。")
	errCode    = apperr.New(apperr.Unauthenticated, "auth.code_wrong", "验证码不正确或已经用过。请核对手机时间，输入当前的 6 位验证码；每个验证码只能用一次。")
	errOldPass = apperr.New(apperr.InvalidArgument, "auth.password_used", "不能与当前密码或最近 %d 次用过的密码相同，请换一个。", passwordHistory)
)

// foldLogin makes the key of a login name: its case, width and spaces do not matter, nor the signs in a phone number.
func foldLogin(login string) string {
	f := ticket.Fold(login)
	if digits := strings.TrimPrefix(strings.ReplaceAll(f, "-", ""), "+86"); isPhone(digits) {
		return digits
	}
	return f
}

func isPhone(s string) bool {
	return len(s) == 11 && s[0] == '1' && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func (s *Service) loginIndex(login string) string {
	return s.db.Sealer().Blind("login", foldLogin(login))
}

// Begin takes login name and password. It refuses with auth.refused, whatever is wrong with them; with auth.too_many at an
// address that failed too often, whether the attempt was looked at there or not.
func (s *Service) Begin(ctx context.Context, login, password string) (Progress, error) {
	index := s.loginIndex(login)
	a, known, err := s.db.AccountByLogin(ctx, index)
	if err != nil {
		return Progress{}, err
	}
	p, err := s.find(ctx, a.PersonID)
	if err != nil {
		return Progress{}, err
	}
	t := s.attemptOf(index, a.PersonID, workflow.OriginOf(ctx).Address, a.UnlockedAt)
	// Who is locked out already learns nothing more, and costs nothing more: no hash, no count, no line in the log.
	refused, shut, err := s.mayBegin(ctx, t)
	if err != nil {
		return Progress{}, err
	}
	if shut {
		return Progress{}, s.shutOut(ctx, refused)
	}
	leave, err := s.lines.enter(ctx, t.address)
	if err != nil {
		return Progress{}, err
	}
	defer leave()
	refused, shut, err = s.mayBegin(ctx, t) // others of this address may have failed while this one waited
	if err != nil {
		return Progress{}, err
	}
	if shut {
		return Progress{}, s.shutOut(ctx, refused)
	}
	n, open := s.begun(ctx, t, "password")
	if !open {
		return Progress{}, s.shutOut(ctx, refused)
	}
	right, stale, err := s.hasher.verify(ctx, password, a.Password)
	if err != nil {
		return Progress{}, err
	}
	why := ""
	switch {
	case !known:
		why = "unknown_login"
	case !right:
		why = "wrong_password"
	case !p.staff:
		why = "left"
	case !a.DisabledAt.IsZero():
		why = "disabled"
	case !a.PasswordUntil.IsZero() && !s.clock().Before(a.PasswordUntil):
		why = "initial_password_expired"
	}
	if why != "" {
		return Progress{}, s.fail(ctx, t, why, n, refused)
	}
	s.cleared(ctx, t, "password")
	verified := a.Password
	if stale {
		if verified, err = s.rehash(ctx, a, password); err != nil {
			return Progress{}, err
		}
	}
	return s.begin(ctx, p, verified)
}

// mayBegin says whether a password is not to be looked at, and what one is told that is not looked at or is wrong. It hangs on
// the address alone, so that it does not show whose login names are looked at.
func (s *Service) mayBegin(ctx context.Context, t attempt) (refused error, shut bool, err error) {
	st, err := s.standing(ctx, t)
	return cmp.Or[error](st.crowded, errRefused), st.shut(), err
}

// shutOut answers as a wrong password does, in the same time.
func (s *Service) shutOut(ctx context.Context, refused error) error {
	if err := s.hasher.pretend(ctx); err != nil {
		return err
	}
	return refused
}

// fail records a failure, locks what has failed too often, and gives the answer. Who hangs up has failed all the same.
func (s *Service) fail(ctx context.Context, t attempt, why string, n int64, answer error) error {
	ctx = context.WithoutCancel(ctx)
	until, locks, blocks := s.failed(ctx, t, n)
	object := "login:" + t.login
	if t.personID != "" {
		object = "account:" + t.personID
	}
	list := []workflow.Audited{{Action: "session.start", Object: object, Outcome: why}}
	if locks {
		list = append(list, workflow.Audited{Action: "account.lock", Object: object, Detail: map[string]string{"until": until.Format(time.RFC3339), "failures": strconv.Itoa(lockAfter)}})
	}
	if blocks {
		list = append(list, workflow.Audited{Action: "address.block", Detail: map[string]string{"failures": strconv.Itoa(addressLimit)}})
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, one := range list {
			if err := s.engine.RecordIn(ctx, tx, one); err != nil {
				return err
			}
		}
		return nil
	})
	return cmp.Or(err, answer)
}

// rehash makes the hash anew at the cost of today and gives it.
func (s *Service) rehash(ctx context.Context, old store.Account, password string) (phc string, err error) {
	if phc, err = s.hasher.hash(ctx, password); err != nil {
		return "", err
	}
	return phc, s.change(ctx, old.PersonID, func(_ context.Context, _ *store.Tx, a *store.Account, _ bool) error {
		if a.Password != old.Password {
			return errBusy
		}
		a.Password = phc
		return nil
	})
}

// next says what is still asked for: first the second factor of who has one, so that a password alone changes nothing.
func (s *Service) next(a store.Account, in store.SignIn) Step {
	switch {
	case s.set.SecondFactor && a.TOTP != "" && !in.SecondFactor:
		return StepTOTP
	case in.WeChatID != "" && (a.TOTP != "" || !s.set.SecondFactor):
		return StepDone // no password was used that would have to be changed
	case a.MustChange, s.set.PasswordLife > 0 && s.clock().Sub(a.PasswordAt) >= s.set.PasswordLife:
		return StepChangePassword
	case s.set.SecondFactor && a.TOTP == "":
		return StepEnrolTOTP
	}
	return StepDone
}

// begin starts a sign-in after the right password, or the session when nothing more is asked for.
func (s *Service) begin(ctx context.Context, p person, verified string) (Progress, error) {
	token := newToken(stepPrefix)
	hash, _ := hashToken(stepPrefix, token)
	var out Progress
	err := s.change(ctx, p.ID, func(ctx context.Context, tx *store.Tx, a *store.Account, _ bool) error {
		if a.Password != verified || !a.DisabledAt.IsZero() {
			return errRefused // changed in the meantime
		}
		in := store.SignIn{Hash: hash, PersonID: p.ID, Password: a.Password, ExpiresAt: s.clock().Add(signInLife)}
		out = Progress{Step: s.next(*a, in), Token: token, ExpiresAt: in.ExpiresAt}
		if out.Step == StepDone {
			return s.finish(ctx, tx, p, a, in, &out)
		}
		return tx.InsertSignIn(ctx, in)
	})
	return out, err
}

// decision is what a step makes of an account, of the sign-in, and of the answer; it may run several times.
type decision func(ctx context.Context, tx *store.Tx, a *store.Account, in *store.SignIn, out *Progress) error

// step takes one step of a sign-in under way; the next step or the session follows in the same transaction. A wrong code is
// counted in it: the fifth ends the sign-in.
func (s *Service) step(ctx context.Context, token string, want Step, decide decision) (Progress, error) {
	in, p, err := s.underWay(ctx, token, want)
	if err != nil {
		return Progress{}, err
	}
	var out Progress
	var wrong bool
	err = s.change(ctx, p.ID, func(ctx context.Context, tx *store.Tx, a *store.Account, _ bool) error {
		wrong = false
		if want == StepTOTP || want == StepEnrolTOTP {
			if err := tx.CountCode(ctx, in.Hash); err != nil {
				return err
			}
		}
		now, ok, err := tx.SignIn(ctx, in.Hash)
		if err != nil {
			return err
		}
		if err := s.valid(*a, now, ok); err != nil {
			return err
		}
		if s.next(*a, now) != want {
			return errOrder
		}
		out = Progress{Token: token, ExpiresAt: now.ExpiresAt}
		err = decide(ctx, tx, a, &now, &out)
		if wrong = errors.Is(err, errCode); wrong {
			if now.Codes >= maxCodes {
				_, err = tx.FinishSignIn(ctx, now.Hash)
				return err
			}
			return nil // the count stays
		}
		if err != nil {
			return err
		}
		now.Password = a.Password
		if out.Step = s.next(*a, now); out.Step != StepDone {
			return tx.SaveSignIn(ctx, now)
		}
		first, err := tx.FinishSignIn(ctx, now.Hash)
		if err == nil && !first {
			err = errStep
		}
		if err != nil {
			return err
		}
		return s.finish(ctx, tx, p, a, now, &out)
	})
	if err == nil && wrong {
		err = errCode
	}
	if err != nil {
		return Progress{}, err
	}
	return out, nil
}

// underWay finds the sign-in that a token names, at the step given.
func (s *Service) underWay(ctx context.Context, token string, want Step) (store.SignIn, person, error) {
	hash, ok := hashToken(stepPrefix, token)
	if !ok {
		return store.SignIn{}, person{}, errStep
	}
	in, ok, err := s.db.SignIn(ctx, hash)
	if err != nil || !ok {
		return in, person{}, cmp.Or[error](err, errStep)
	}
	a, _, err := s.db.Account(ctx, in.PersonID)
	if err != nil {
		return in, person{}, err
	}
	if err := s.valid(a, in, ok); err != nil {
		return in, person{}, err
	}
	p, err := s.find(ctx, in.PersonID)
	if err != nil || !p.staff {
		return in, p, cmp.Or[error](err, errStep)
	}
	if s.next(a, in) != want {
		return in, p, errOrder
	}
	return in, p, nil
}

// valid refuses a sign-in that is over, or whose account has changed since the password was given.
func (s *Service) valid(a store.Account, in store.SignIn, ok bool) error {
	if !ok || !s.clock().Before(in.ExpiresAt) || !a.DisabledAt.IsZero() || a.Password != in.Password {
		return errStep
	}
	return nil
}

// finish begins the session of a sign-in. One that was confirmed on a phone is that WeChat identity's, as long as it is still bound: saving the
// identity here makes unbinding it at the same time either come first or end the session.
func (s *Service) finish(ctx context.Context, tx *store.Tx, p person, a *store.Account, in store.SignIn, out *Progress) error {
	if in.WeChatID != "" {
		i, ok, err := tx.WeChatIdentity(ctx, in.WeChatID)
		if err != nil || !ok || i.StaffID != p.ID {
			return cmp.Or[error](err, errStep)
		}
		i.SeenAt = s.clock()
		if err := tx.SaveWeChatIdentity(ctx, &i); err != nil {
			return err
		}
	}
	tokens, err := s.startSession(ctx, tx, p, in.WeChatID, in.WeChatID != "")
	if err != nil {
		return err
	}
	a.SignedInAt, a.ActiveAt = s.clock(), s.clock()
	out.Step, out.Token, out.ExpiresAt, out.Tokens = StepDone, "", time.Time{}, &tokens
	return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: p.ID, Action: "session.start", Object: "session:" + tokens.SessionID})
}

// NewPassword is the step StepChangePassword.
func (s *Service) NewPassword(ctx context.Context, token, password string) (Progress, error) {
	in, p, err := s.underWay(ctx, token, StepChangePassword)
	if err != nil {
		return Progress{}, err
	}
	phc, err := s.newPassword(ctx, p, in.Password, password)
	if err != nil {
		return Progress{}, err
	}
	return s.step(ctx, token, StepChangePassword, func(ctx context.Context, tx *store.Tx, a *store.Account, in *store.SignIn, _ *Progress) error {
		return s.setPassword(ctx, tx, a, p.ID, phc, "")
	})
}

// newPassword checks a password that a person chose against the rules and their history, and hashes it.
func (s *Service) newPassword(ctx context.Context, p person, current, password string) (phc string, err error) {
	leave, err := s.lines.enter(ctx, p.ID) // several hashes: nobody keeps others from theirs
	if err != nil {
		return "", err
	}
	defer leave()
	a, _, err := s.db.Account(ctx, p.ID)
	if err != nil {
		return "", err
	}
	if err := checkPassword(password, a.Login, p.Name, p.Phone); err != nil {
		return "", err
	}
	if err := checkPassword(password, p.ID, p.Name, p.Phone); err != nil {
		return "", err
	}
	for _, old := range append([]string{current}, a.History...) {
		if same, _, err := s.hasher.verify(ctx, password, old); err != nil || same {
			return "", cmp.Or[error](err, errOldPass)
		}
	}
	return s.hasher.hash(ctx, password)
}

// setPassword puts a password that its owner chose in place, ends their sessions but one, and records it.
func (s *Service) setPassword(ctx context.Context, tx *store.Tx, a *store.Account, personID, phc, keepSession string) error {
	a.History = append([]string{a.Password}, a.History...)
	a.History = a.History[:min(len(a.History), passwordHistory)]
	a.Password, a.PasswordAt, a.PasswordUntil, a.MustChange = phc, s.clock(), time.Time{}, false
	if err := s.endAll(ctx, tx, personID, keepSession, "password_changed"); err != nil {
		return err
	}
	return s.record(ctx, tx, personID, "account.change_password", personID, nil)
}

// ChangePassword changes the password of somebody signed in, who gives the current one again. Their other sessions end.
func (s *Service) ChangePassword(ctx context.Context, personID, sessionID, current, password string) error {
	p, err := s.find(ctx, personID)
	if err != nil {
		return err
	}
	a, ok, err := s.db.Account(ctx, personID)
	if err != nil || !ok {
		return cmp.Or[error](err, errNoAccount)
	}
	t := s.attemptOf(a.LoginIndex, personID, workflow.OriginOf(ctx).Address, a.UnlockedAt)
	n, err := s.mayTry(ctx, t, "password")
	if err != nil {
		return err
	}
	right, _, err := s.hasher.verify(ctx, current, a.Password)
	if err != nil {
		return err
	}
	if !right {
		return s.fail(ctx, t, "wrong_password", n, apperr.New(apperr.InvalidArgument, "auth.password_wrong", "当前密码不正确，请核对。"))
	}
	s.cleared(ctx, t, "password")
	phc, err := s.newPassword(ctx, p, a.Password, password)
	if err != nil {
		return err
	}
	err = s.change(ctx, personID, func(ctx context.Context, tx *store.Tx, now *store.Account, _ bool) error {
		if now.Password != a.Password {
			return errBusy
		}
		return s.setPassword(ctx, tx, now, personID, phc, sessionID)
	})
	s.forget(personID)
	return err
}

// mayTry is the limit for who has proved a part already: they are told why they must wait.
func (s *Service) mayTry(ctx context.Context, t attempt, what string) (n int64, err error) {
	st, err := s.standing(ctx, t)
	if err != nil {
		return 0, err
	}
	if st.shut() {
		return 0, cmp.Or(st.locked, st.crowded, st.braked)
	}
	n, ok := s.begun(ctx, t, what)
	if !ok {
		return 0, errLocked(lockFor)
	}
	return n, nil
}

// EnrolTOTP is the first half of StepEnrolTOTP: a secret for the authenticator app, the same until it is confirmed, as text
// and as the address that a QR code shows.
func (s *Service) EnrolTOTP(ctx context.Context, token string) (secret, uri string, err error) {
	var raw []byte
	var login string
	in, p, err := s.underWay(ctx, token, StepEnrolTOTP)
	if err != nil {
		return "", "", err
	}
	place := pendingPlace(in.Hash)
	sealed, err := s.db.Sealer().Seal(random(totpBytes), place)
	if err != nil {
		return "", "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.ShowTOTP(ctx, in.Hash, sealed); err != nil {
			return err
		}
		now, ok, err := tx.SignIn(ctx, in.Hash)
		if err != nil || !ok {
			return cmp.Or[error](err, errStep)
		}
		a, _, err := tx.Account(ctx, p.ID)
		if err != nil {
			return err
		}
		login = a.Login
		raw, err = s.db.Sealer().Open(now.TOTP, place)
		return err
	})
	if err != nil {
		return "", "", err
	}
	return base32NoPad.EncodeToString(raw), totpURI(raw, login), nil
}

func pendingPlace(hash string) string  { return "sign_ins.totp:" + hash }
func totpPlace(personID string) string { return "accounts.totp:" + personID }

// ConfirmTOTP is the second half of StepEnrolTOTP: a code shows that the app has the secret. The answer holds the recovery
// codes, this once.
func (s *Service) ConfirmTOTP(ctx context.Context, token, code string) (Progress, error) {
	return s.withCode(ctx, token, StepEnrolTOTP, func(ctx context.Context, tx *store.Tx, a *store.Account, in *store.SignIn, out *Progress) error {
		if in.TOTP == "" {
			return errOrder
		}
		secret, err := s.db.Sealer().Open(in.TOTP, pendingPlace(in.Hash))
		if err != nil {
			return err
		}
		step, ok := matchTOTP(secret, tidyCode(code), s.clock(), 0)
		if !ok {
			return errCode
		}
		if a.TOTP, err = s.db.Sealer().Seal(secret, totpPlace(a.PersonID)); err != nil {
			return err
		}
		a.TOTPStep, in.SecondFactor = step, true
		out.RecoveryCodes = s.drawRecoveryCodes(a)
		return s.record(ctx, tx, a.PersonID, "account.enrol_totp", a.PersonID, nil)
	})
}

// GiveCode is StepTOTP: a code of the authenticator app, or a recovery code, each once.
func (s *Service) GiveCode(ctx context.Context, token, code string) (Progress, error) {
	return s.withCode(ctx, token, StepTOTP, func(ctx context.Context, tx *store.Tx, a *store.Account, in *store.SignIn, _ *Progress) error {
		in.SecondFactor = true
		return s.checkCode(ctx, tx, a, code)
	})
}

// useCode takes a code of the authenticator app, once.
func (s *Service) useCode(a *store.Account, code string) error {
	secret, err := s.db.Sealer().Open(a.TOTP, totpPlace(a.PersonID))
	if err != nil {
		return err
	}
	step, ok := matchTOTP(secret, tidyCode(code), s.clock(), a.TOTPStep)
	if !ok {
		return errCode
	}
	a.TOTPStep = step
	return nil
}

// drawRecoveryCodes gives an account new recovery codes, in place of those it has.
func (s *Service) drawRecoveryCodes(a *store.Account) []string {
	codes := make([]string, recoveryCodes)
	a.Recovery = make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = drawRecoveryCode()
		a.Recovery[i] = s.recoveryIndex(a.PersonID, codes[i])
	}
	return codes
}

var (
	errNoTOTP  = apperr.New(apperr.FailedPrecondition, "auth.no_second_factor", "您还没有设置第二重验证，没有恢复码；下次登录时按提示设置。")
	errOwnCode = apperr.New(apperr.InvalidArgument, "auth.own_code_wrong", "验证码不正确或已经用过。请核对手机时间，等身份验证器显示下一个验证码再试；这里不能用恢复码。")
)

// NewRecoveryCodes gives somebody signed in new recovery codes, this once, for a code of their authenticator app. The old ones end.
func (s *Service) NewRecoveryCodes(ctx context.Context, personID, code string) (codes []string, err error) {
	a, ok, err := s.db.Account(ctx, personID)
	switch {
	case err != nil || !ok:
		return nil, cmp.Or[error](err, errNoAccount)
	case a.TOTP == "":
		return nil, errNoTOTP
	}
	err = s.tryCode(ctx, personID, a, errOwnCode, func() error {
		return s.change(ctx, personID, func(ctx context.Context, tx *store.Tx, a *store.Account, _ bool) error {
			if a.TOTP == "" {
				return errNoTOTP
			}
			if err := s.useCode(a, code); err != nil {
				return err
			}
			codes = s.drawRecoveryCodes(a)
			return s.record(ctx, tx, personID, "account.draw_recovery_codes", personID, nil)
		})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// tryCode tries a code of the second factor under the limits of the login name and the address. use gives errCode for one that
// is not good: that is counted and recorded, and wrong is the answer.
func (s *Service) tryCode(ctx context.Context, personID string, a store.Account, wrong error, use func() error) error {
	t := s.attemptOf(a.LoginIndex, personID, workflow.OriginOf(ctx).Address, a.UnlockedAt)
	n, err := s.mayTry(ctx, t, "code")
	if err != nil {
		return err
	}
	err = use()
	switch {
	case errors.Is(err, errCode):
		return s.fail(ctx, t, "wrong_code", n, wrong)
	case err == nil:
		s.cleared(ctx, t, "code")
	}
	return err
}

// checkCode uses up a code of the second factor, or a recovery code: errCode for one that is not good.
func (s *Service) checkCode(ctx context.Context, tx *store.Tx, a *store.Account, code string) error {
	if i := slices.Index(a.Recovery, s.recoveryIndex(a.PersonID, code)); i >= 0 {
		a.Recovery = slices.Delete(a.Recovery, i, i+1)
		return s.record(ctx, tx, a.PersonID, "account.use_recovery_code", a.PersonID, map[string]string{"left": strconv.Itoa(len(a.Recovery))})
	}
	return s.useCode(a, code)
}

// tidyCode takes spaces out of a code and makes full-width digits plain.
func tidyCode(code string) string { return ticket.Fold(code) }

func (s *Service) recoveryIndex(personID, code string) string {
	return s.db.Sealer().Blind("recovery:"+personID, strings.ReplaceAll(ticket.Fold(code), "-", ""))
}

// withCode takes a step that needs a code, under the limits.
func (s *Service) withCode(ctx context.Context, token string, want Step, decide decision) (Progress, error) {
	_, p, err := s.underWay(ctx, token, want)
	if err != nil {
		return Progress{}, err
	}
	a, _, err := s.db.Account(ctx, p.ID)
	if err != nil {
		return Progress{}, err
	}
	var out Progress
	err = s.tryCode(ctx, p.ID, a, errCode, func() (err error) {
		out, err = s.step(ctx, token, want, decide)
		return err
	})
	return out, err
}
