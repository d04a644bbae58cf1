package auth

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// initialLife is how long an initial password is good for.
const initialLife = 7 * 24 * time.Hour

// Operator is who works at the server itself, with the command line.
const Operator = ""

var (
	errNoAccount = apperr.New(apperr.NotFound, "account.none", "该人员还没有账号，请先重置密码以开通。")
	errNoPerson  = apperr.New(apperr.NotFound, "account.not_found", "没有这名工作人员，或已离开，请核对人员编号。")
	errSelf      = apperr.New(apperr.FailedPrecondition, "account.self", "不能对自己的账号这样操作：修改密码请用“修改密码”，其他请由另一位系统管理员办理。")
	errOtherKind = apperr.New(apperr.PermissionDenied, "account.administrator", "安全管理员和审计员的账号不由系统管理员管理，请由运维人员在服务器上用 xiaopu user password 办理。")
	errTaken     = apperr.New(apperr.AlreadyExists, "account.login_taken", "这个登录名已被使用，请换一个。")
)

// subject finds whose account somebody wants to administer. A system administrator administers everybody's but their own and
// those of the other two kinds of administrators, whom they could otherwise become; at the server everything can be done.
func (s *Service) subject(ctx context.Context, actor, personID string) (person, error) {
	p, err := s.find(ctx, personID)
	switch {
	case err != nil:
		return p, err
	case !p.staff:
		return p, errNoPerson
	case actor == Operator:
		return p, nil
	case actor == personID:
		return p, errSelf
	case p.administrator != "" && p.administrator != casework.SystemAdmin:
		return p, errOtherKind
	}
	return p, nil
}

// administer changes an account that exists and records it.
func (s *Service) administer(ctx context.Context, actor, personID, action string, fn func(ctx context.Context, tx *store.Tx, a *store.Account) error) error {
	p, err := s.subject(ctx, actor, personID)
	if err != nil {
		return err
	}
	err = s.change(ctx, p.ID, func(ctx context.Context, tx *store.Tx, a *store.Account, ok bool) error {
		if !ok {
			return errNoAccount
		}
		if err := fn(ctx, tx, a); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, action, p.ID, nil)
	})
	s.forget(personID)
	return err
}

// Initial is what somebody signs in with for the first time.
type Initial struct {
	Login    string // as it may be shown: a phone number masked
	Password string
	Until    time.Time
}

// ResetPassword makes an initial password, which has to be changed at the next sign-in and is good until then for a week. It
// opens an account for who has none, and enables a disabled one. All sessions end. The password is shown this once.
func (s *Service) ResetPassword(ctx context.Context, actor, personID string) (Initial, error) {
	p, err := s.subject(ctx, actor, personID)
	if err != nil {
		return Initial{}, err
	}
	out := Initial{Password: DrawPassword(), Until: s.clock().Add(initialLife)}
	phc, err := s.hasher.hash(ctx, out.Password)
	if err != nil {
		return Initial{}, err
	}
	err = s.put(ctx, p, func(ctx context.Context, tx *store.Tx, a *store.Account) error {
		if a.Password != "" {
			a.History = append([]string{a.Password}, a.History...)
			a.History = a.History[:min(len(a.History), passwordHistory)]
		}
		out.Login = a.Login
		a.Password, a.PasswordAt, a.PasswordUntil, a.MustChange = phc, s.clock(), out.Until, true
		a.DisabledAt, a.DisabledWhy, a.ActiveAt, a.UnlockedAt = time.Time{}, "", s.clock(), s.clock()
		if err := s.endAll(ctx, tx, p.ID, "", "password_reset"); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, "account.reset_password", p.ID, nil)
	})
	s.forget(p.ID)
	return out, err
}

// put changes an account, and opens it first for who has none. Its login name is the person's id; their phone where the system
// made the id up, unless somebody else signs in with that phone.
func (s *Service) put(ctx context.Context, p person, fn func(ctx context.Context, tx *store.Tx, a *store.Account) error) error {
	login, shown := p.ID, p.ID
	if phone := foldLogin(p.Phone); organisation.MadeID(p.ID) && isPhone(phone) {
		login, shown = phone, ticket.MaskPhone(phone)
	}
	for try := 0; ; try++ {
		err := s.change(ctx, p.ID, func(ctx context.Context, tx *store.Tx, a *store.Account, ok bool) error {
			if !ok {
				now := s.clock()
				*a = store.Account{PersonID: p.ID, Login: shown, LoginIndex: s.loginIndex(login), PasswordAt: now, MustChange: true, CreatedAt: now, ActiveAt: now}
			}
			return fn(ctx, tx, a)
		})
		if !errors.Is(err, store.ErrTaken) {
			return err
		}
		if try > 0 { // no second process that opens the same account: somebody has this id as login name
			return errTaken
		}
		login, shown = p.ID, p.ID
	}
}

// openAccount opens an account without a password for a member of staff who has none: who comes in through WeChat alone is disabled, for disuse too,
// like everybody else.
func (s *Service) openAccount(ctx context.Context, p person) error {
	_, ok, err := s.db.Account(ctx, p.ID)
	if err != nil || ok {
		return err
	}
	return s.put(ctx, p, func(context.Context, *store.Tx, *store.Account) error { return nil })
}

// SetPassword gives somebody a password that needs no change: for the demonstration.
func (s *Service) SetPassword(ctx context.Context, password string, people ...string) error {
	phc, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	for _, id := range people {
		p, err := s.subject(ctx, Operator, id)
		if err != nil {
			return err
		}
		if err := s.put(ctx, p, func(ctx context.Context, tx *store.Tx, a *store.Account) error {
			a.Password, a.PasswordAt, a.PasswordUntil, a.MustChange = phc, s.clock(), time.Time{}, false
			a.DisabledAt, a.ActiveAt = time.Time{}, s.clock()
			return s.record(ctx, tx, Operator, "account.set_password", id, nil)
		}); err != nil {
			return err
		}
	}
	return nil
}

// ResetTOTP takes the second factor and its recovery codes away, so that the next sign-in sets it up anew. All sessions end.
func (s *Service) ResetTOTP(ctx context.Context, actor, personID string) error {
	return s.administer(ctx, actor, personID, "account.reset_totp", func(ctx context.Context, tx *store.Tx, a *store.Account) error {
		a.TOTP, a.TOTPStep, a.Recovery = "", 0, nil
		// Who has given the password and waits for a chance to give a code must give it again.
		if err := tx.DropSignIns(ctx, personID); err != nil {
			return err
		}
		return s.endAll(ctx, tx, personID, "", "totp_reset")
	})
}

// Disable stops an account; its sessions end. Who has none gets one that is disabled: they could bind WeChat without.
func (s *Service) Disable(ctx context.Context, actor, personID string) error {
	p, err := s.subject(ctx, actor, personID)
	if err != nil {
		return err
	}
	err = s.put(ctx, p, func(ctx context.Context, tx *store.Tx, a *store.Account) error {
		if !a.DisabledAt.IsZero() {
			return nil
		}
		return s.disable(ctx, tx, a, actor, "administrator")
	})
	s.forget(personID)
	return err
}

func (s *Service) disable(ctx context.Context, tx *store.Tx, a *store.Account, actor, why string) error {
	a.DisabledAt, a.DisabledWhy = s.clock(), why
	if err := s.endAll(ctx, tx, a.PersonID, "", "disabled"); err != nil {
		return err
	}
	return s.record(ctx, tx, actor, "account.disable", a.PersonID, map[string]string{"why": why})
}

// Enable lets a disabled account be used again, with its password. Who left and came back has none until it is reset.
func (s *Service) Enable(ctx context.Context, actor, personID string) error {
	return s.administer(ctx, actor, personID, "account.enable", func(_ context.Context, _ *store.Tx, a *store.Account) error {
		a.DisabledAt, a.DisabledWhy, a.ActiveAt = time.Time{}, "", s.clock()
		return nil
	})
}

// Unlock lets an account be tried again from the addresses where it failed too often.
func (s *Service) Unlock(ctx context.Context, actor, personID string) error {
	return s.administer(ctx, actor, personID, "account.unlock", func(_ context.Context, _ *store.Tx, a *store.Account) error {
		a.UnlockedAt = s.clock()
		return nil
	})
}

// loginName is what a login name may look like, beside a phone number.
var loginName = regexp.MustCompile(`^[0-9a-z][0-9a-z._@-]{2,39}$`)

// SetLogin changes a login name. A phone number must be the person's own; it is stored so that it cannot be read.
func (s *Service) SetLogin(ctx context.Context, actor, personID, login string) error {
	p, err := s.subject(ctx, actor, personID)
	if err != nil {
		return err
	}
	key, shown := foldLogin(login), foldLogin(login)
	switch {
	case isPhone(key) && key != foldLogin(p.Phone):
		return apperr.New(apperr.InvalidArgument, "account.login_phone", "用作登录名的手机号必须是组织架构中登记的本人手机号，请先更新组织架构。")
	case isPhone(key):
		shown = ticket.MaskPhone(key)
	case !loginName.MatchString(key):
		return apperr.New(apperr.InvalidArgument, "account.login_form", "登录名由 3 到 40 个字母、数字或 . _ @ - 组成，以字母或数字开头；也可以是本人手机号。")
	}
	if other, err := s.find(ctx, key); err != nil || other.ID != "" && other.ID != p.ID {
		return cmp.Or[error](err, errTaken) // another's id is their login name, now or once they have an account
	}
	err = s.administer(ctx, actor, p.ID, "account.set_login", func(_ context.Context, _ *store.Tx, a *store.Account) error {
		a.Login, a.LoginIndex = shown, s.loginIndex(key)
		return nil
	})
	if errors.Is(err, store.ErrTaken) {
		return errTaken
	}
	return err
}

// AccountInfo is a member of staff with the state of their account.
type AccountInfo struct {
	Person organisation.Person
	// Exists is false for who cannot sign in because nobody has opened an account for them yet.
	Exists       bool
	Account      store.Account
	LockedUntil  time.Time // of the latest lock of an address
	SecondFactor bool
}

// Accounts lists members of staff behind a person id, by id, and gives the id to go on behind; "" at the end.
func (s *Service) Accounts(ctx context.Context, after string, limit int) (page []AccountInfo, next string, err error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, found := range k.Organisation.People() { // in the order of their ids
		if p := describe(found, true); !p.staff || p.ID <= after {
			continue
		}
		if len(page) == limit {
			next = page[limit-1].Person.ID
			break
		}
		page = append(page, AccountInfo{Person: found})
	}
	if len(page) == 0 {
		return nil, "", nil
	}
	accounts, err := s.db.Accounts(ctx, after, page[len(page)-1].Person.ID)
	if err != nil {
		return nil, "", err
	}
	for i := range page {
		at, ok := slices.BinarySearchFunc(accounts, page[i].Person.ID, func(a store.Account, id string) int { return cmp.Compare(a.PersonID, id) })
		if !ok {
			continue
		}
		a := accounts[at]
		page[i].Exists, page[i].Account, page[i].SecondFactor, page[i].LockedUntil = true, a, a.TOTP != "", s.lockedUntil(ctx, a)
	}
	return page, next, nil
}
