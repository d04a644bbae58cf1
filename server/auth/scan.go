package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/wechat"
	"xiaopu/server/workflow"
)

// ScanState is how far signing in at the console by scanning has come.
type ScanState string

// The states of a scan.
const (
	ScanWaiting   ScanState = "waiting"   // for somebody to scan the code
	ScanSeen      ScanState = "seen"      // somebody has, and is asked to confirm
	ScanConfirmed ScanState = "confirmed" // they have
)

const (
	scanKind       = "scan"
	scanLife       = 2 * time.Minute
	scansPerPlace  = 60
	scanLooksTries = 20
)

var (
	errScan         = apperr.New(apperr.Unauthenticated, "scan.over", "二维码已过期、已用过或已被拒绝，请刷新后重新扫描。")
	errScanTaken    = apperr.New(apperr.FailedPrecondition, "scan.taken", "这个二维码已被另一人扫描，请在电脑上刷新后重新扫描。")
	errScanWho      = apperr.New(apperr.PermissionDenied, "scan.staff_only", "只有以工作人员身份用微信登录的，才能扫码登录控制台。请先切换为工作人员。")
	errScanPassword = apperr.New(apperr.FailedPrecondition, "scan.password_first", "还不能扫码登录控制台：请先用登录名和密码登录一次，设置第二重验证。没有账号请联系系统管理员。")
)

// Scan is a console that waits to be confirmed on a phone.
type Scan struct {
	Poll      string // what the console asks with; it is in no code
	Scene     string // what the code says
	Picture   wechat.Picture
	ExpiresAt time.Time
}

// scanned is what is kept of a scan.
type scanned struct {
	Address string `json:"address"`
	Agent   string `json:"agent"`
	StaffID string `json:"staff_id,omitempty"`
	// WeChatID is the identity of who scanned it: what it is confirmed with, the session ends with.
	WeChatID string `json:"wechat_id,omitempty"`
}

// BeginScan starts a sign-in at a console, to be confirmed on the phone within two minutes.
func (s *Service) BeginScan(ctx context.Context) (Scan, error) {
	if s.wechat == nil {
		return Scan{}, errNoWeChat
	}
	origin := workflow.OriginOf(ctx)
	if ok, left := s.cache.Allow(ctx, "scan:"+s.db.Sealer().Blind("address", network(origin.Address)), scansPerPlace, codesWindow); !ok {
		return Scan{}, wait("auth.too_many", "您所在的网络取二维码过于频繁，请过几分钟再试。", left)
	}
	out := Scan{Poll: newToken(pollPrefix), Scene: newShort(scanPrefix), ExpiresAt: s.clock().Add(scanLife)}
	hash, _ := hashShort(scanPrefix, out.Scene)
	poll, _ := hashToken(pollPrefix, out.Poll)
	body, err := json.Marshal(scanned{Address: origin.Address, Agent: origin.Agent})
	if err != nil {
		return Scan{}, err
	}
	if err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertOneUseCode(ctx, store.OneUseCode{Hash: hash, Kind: scanKind, Subject: poll, Step: string(ScanWaiting), Body: body, MadeAt: s.clock(), ExpiresAt: out.ExpiresAt})
	}); err != nil {
		return Scan{}, err
	}
	if out.Picture, err = s.wechat.ScanCode(ctx, wechat.Scan{Scene: out.Scene, Page: loginPage}); err != nil {
		return Scan{}, s.platformSays(ctx, err, errWeChatAway)
	}
	return out, nil
}

// ScanView is what the phone shows before it confirms: where the console is.
type ScanView struct {
	Address, Agent string
	BegunAt        time.Time
	// Known says that this person has signed in from that network lately. One who is shown a code by somebody else sees that it is not theirs.
	Known bool
}

// LookAtScan tells the member of staff who has scanned a code where the console is; nobody else can confirm it then.
func (s *Service) LookAtScan(ctx context.Context, g Grant, scene string) (ScanView, error) {
	weChatID, err := s.mayScan(ctx, g)
	if err != nil {
		return ScanView{}, err
	}
	c, at, err := s.scan(ctx, scene)
	if err != nil {
		return ScanView{}, err
	}
	if at.StaffID != g.PersonID || at.WeChatID != weChatID {
		if c.Step != string(ScanWaiting) {
			return ScanView{}, errScanTaken
		}
		at.StaffID, at.WeChatID = g.PersonID, weChatID
		if err := s.stepScan(ctx, c, ScanSeen, at); err != nil {
			return ScanView{}, err
		}
	}
	known, err := s.db.SignedInFrom(ctx, g.PersonID, network(at.Address), s.clock().Add(-knownFor))
	return ScanView{Address: at.Address, Agent: at.Agent, BegunAt: c.MadeAt, Known: known}, err
}

// AnswerScan is the tap on confirm or refuse by who has looked at it.
func (s *Service) AnswerScan(ctx context.Context, g Grant, scene string, confirm bool) error {
	weChatID, err := s.mayScan(ctx, g)
	if err != nil {
		return err
	}
	c, at, err := s.scan(ctx, scene)
	switch {
	case err != nil:
		return err
	case at.StaffID != g.PersonID || at.WeChatID != weChatID:
		return errScanTaken
	case c.Step != string(ScanSeen):
		return errScan
	case confirm:
		return s.stepScan(ctx, c, ScanConfirmed, at)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		used, err := tx.UseOneUseCode(ctx, c.Hash, s.clock())
		if err != nil || !used {
			return cmp.Or[error](err, errScan)
		}
		return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: g.PersonID, Action: "scan.refuse", Object: "account:" + g.PersonID, Detail: map[string]string{"console": at.Address}})
	})
}

func (s *Service) stepScan(ctx context.Context, c store.OneUseCode, next ScanState, at scanned) error {
	body, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		first, err := tx.StepOneUseCode(ctx, c, string(next), body, s.clock())
		if err != nil || !first {
			return cmp.Or[error](err, errScanTaken)
		}
		if next != ScanConfirmed {
			return nil
		}
		return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: at.StaffID, Action: "scan.confirm", Object: "account:" + at.StaffID, Detail: map[string]string{"console": at.Address}})
	})
}

// scan finds a scan by what its code says.
func (s *Service) scan(ctx context.Context, scene string) (c store.OneUseCode, at scanned, err error) {
	hash, ok := hashShort(scanPrefix, scene)
	if !ok {
		return c, at, errScan
	}
	if c, ok, err = s.db.OneUseCode(ctx, scanKind, hash); err != nil {
		return c, at, err
	}
	if !ok || !c.UsedAt.IsZero() || !s.clock().Before(c.ExpiresAt) {
		return c, at, errScan
	}
	return c, at, json.Unmarshal(c.Body, &at)
}

// mayScan lets through a member of staff on the phone whose WeChat they have bound now, and gives its identity. A console that was itself
// signed in by scanning is no phone.
func (s *Service) mayScan(ctx context.Context, g Grant) (weChatID string, err error) {
	if ok, left := s.cache.Allow(ctx, "scan:looks:"+g.PersonID, scanLooksTries, codesWindow); !ok {
		return "", wait("scan.busy", "扫码过于频繁，请过几分钟再试。", left)
	}
	session, ok, err := s.db.Session(ctx, g.SessionID)
	if err != nil {
		return "", err
	}
	i, bound, err := s.db.WeChatIdentityOfStaff(ctx, g.PersonID)
	if err != nil {
		return "", err
	}
	if !ok || !bound || session.PersonID != g.PersonID || session.WeChatID != i.ID || session.Scanned {
		return "", errScanWho
	}
	return i.ID, nil
}

// PollScan asks how far a scan has come. Once it is confirmed, the console goes on as after a right password: with the second factor of
// who needs one, or a session. It does so once.
func (s *Service) PollScan(ctx context.Context, token string) (ScanState, Progress, error) {
	poll, ok := hashToken(pollPrefix, token)
	if !ok {
		return "", Progress{}, errScan
	}
	c, ok, err := s.db.OneUseCodeFor(ctx, scanKind, poll, s.clock())
	if err != nil || !ok {
		return "", Progress{}, cmp.Or[error](err, errScan)
	}
	if c.Step != string(ScanConfirmed) {
		return ScanState(c.Step), Progress{}, nil
	}
	var at scanned
	if err := json.Unmarshal(c.Body, &at); err != nil {
		return "", Progress{}, err
	}
	p, err := s.find(ctx, at.StaffID)
	if err != nil {
		return "", Progress{}, err
	}
	out, err := s.beginScanned(ctx, p, at.WeChatID, c.Hash)
	return ScanConfirmed, out, err
}

// beginScanned is begin after a scan instead of a password.
func (s *Service) beginScanned(ctx context.Context, p person, weChatID, code string) (Progress, error) {
	if !p.staff || p.administrator != "" || weChatID == "" {
		return Progress{}, errScan
	}
	token := newToken(stepPrefix)
	hash, _ := hashToken(stepPrefix, token)
	var out Progress
	err := s.change(ctx, p.ID, func(ctx context.Context, tx *store.Tx, a *store.Account, ok bool) error {
		if !ok || a.Password == "" || !a.DisabledAt.IsZero() || s.set.SecondFactor && a.TOTP == "" {
			return errScanPassword
		}
		used, err := tx.UseOneUseCode(ctx, code, s.clock())
		if err != nil || !used {
			return cmp.Or[error](err, errScan)
		}
		in := store.SignIn{Hash: hash, PersonID: p.ID, Password: a.Password, WeChatID: weChatID, ExpiresAt: s.clock().Add(signInLife)}
		out = Progress{Step: s.next(*a, in), Token: token, ExpiresAt: in.ExpiresAt}
		if out.Step == StepDone {
			return s.finish(ctx, tx, p, a, in, &out)
		}
		return tx.InsertSignIn(ctx, in)
	})
	return out, err
}
