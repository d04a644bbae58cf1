package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"xiaopu/configs"
	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

const (
	familyKind = "family"
	familyLife = 72 * time.Hour
	maxFamily  = 10 // people whom one resident lets see what is theirs
	maxNotice  = 20_000
)

var (
	errNotice     = apperr.New(apperr.FailedPrecondition, "privacy.version", "隐私政策已更新或没有同意，请阅读现行版本，同意后再试。")
	errNoticeText = apperr.New(apperr.InvalidArgument, "privacy.text", "隐私政策应为 50 到 %d 个字符的文本。", maxNotice)
	errFamilyCode = apperr.New(apperr.NotFound, "family.code", "家人邀请码无效、已用过或已过期，请让家人重新生成。")
	errFamilySelf = apperr.New(apperr.FailedPrecondition, "family.self", "不能接受自己的邀请。")
	errFamilyFull = apperr.New(apperr.FailedPrecondition, "family.full", "最多委托 %d 位家人，请先撤回不用的。", maxFamily)
	errNoFamily   = apperr.New(apperr.NotFound, "family.none", "没有这项委托，或已经撤回。")
	errCredit     = apperr.New(apperr.InvalidArgument, "enterprise.credit_code", "统一社会信用代码不正确：应为 18 位数字和大写字母，请对照营业执照核对。")
	errNeedsPhone = apperr.New(apperr.FailedPrecondition, "enterprise.phone", "请先绑定手机号，再绑定企业。")
	errNoCompany  = apperr.New(apperr.NotFound, "enterprise.none", "没有绑定这家企业。")
	errNotSelf    = apperr.New(apperr.PermissionDenied, "resident.not_self", "请用当前登录的微信重新确认。")
)

// Notice gives the privacy notice that residents consent to now: the latest published, else the one that comes with the program.
func (s *Service) Notice(ctx context.Context) (store.PrivacyNotice, error) {
	n, ok, err := s.db.PrivacyNotice(ctx)
	if err != nil || ok {
		return n, err
	}
	body, err := configs.Files.ReadFile("privacy.md")
	return store.PrivacyNotice{Version: ShippedNotice, Body: s.street.Replace(string(body))}, err
}

// ShippedNotice is the version of configs/privacy.md. It grows with its text: who has consented to an older one is asked again. What an
// installation calls its office is no other version.
const ShippedNotice = 3

// PublishNotice puts a new version of the privacy notice in force. Residents are asked to consent to it when they come in next.
func (s *Service) PublishNotice(ctx context.Context, actor, body string) (store.PrivacyNotice, error) {
	body = strings.TrimSpace(body)
	if n := len([]rune(body)); n < 50 || n > maxNotice {
		return store.PrivacyNotice{}, errNoticeText
	}
	last, err := s.Notice(ctx)
	if err != nil {
		return last, err
	}
	n := store.PrivacyNotice{Version: last.Version + 1, Body: body, MadeBy: actor, MadeAt: s.clock()}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertPrivacyNotice(ctx, n); err != nil {
			return err
		}
		return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: actor, Action: "privacy.publish", Object: "privacy:notice", Detail: map[string]string{"hash": noticeHash(n)}})
	})
	if errors.Is(err, store.ErrTaken) {
		return n, errBusy
	}
	return n, err
}

func noticeHash(n store.PrivacyNotice) string {
	sum := sha256.Sum256([]byte(n.Body))
	return hex.EncodeToString(sum[:])
}

// consent makes the record of a consent to the version in force: errNotice for another.
func (s *Service) consent(ctx context.Context, version int) (store.PrivacyConsent, error) {
	n, err := s.Notice(ctx)
	if err == nil && n.Version != version {
		err = errNotice
	}
	return store.PrivacyConsent{Version: n.Version, Hash: noticeHash(n), At: s.clock()}, err
}

// consented reports whether a resident has consented to the version in force.
func (s *Service) consented(ctx context.Context, personID string) (bool, error) {
	n, err := s.Notice(ctx)
	if err != nil {
		return false, err
	}
	list, err := s.db.Consents(ctx, personID)
	return len(list) > 0 && list[0].Version == n.Version, err
}

// BindConsent is the consent that a resident is asked for who has come in before under an earlier notice.
func (s *Service) BindConsent(ctx context.Context, token string, version int) (WeChatProgress, error) {
	agreed, err := s.consent(ctx, version)
	if err != nil {
		return WeChatProgress{}, err
	}
	code, t, err := s.takeTicket(ctx, token, NeedConsent)
	if err != nil {
		return WeChatProgress{}, err
	}
	return s.bind(ctx, code, t, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		if i.ResidentAt.IsZero() {
			return errTicket // left meanwhile
		}
		if err := tx.Consent(ctx, i.ID, agreed); err != nil {
			return err
		}
		return s.begunWeChat(ctx, tx, i, AsResident, person{}, out)
	})
}

// InviteFamily makes a code by which a resident lets somebody else see and do what is theirs: whoever gives it within three days, once.
func (s *Service) InviteFamily(ctx context.Context, personID, relation string) (code string, until time.Time, err error) {
	if !store.IsResident(personID) {
		return "", until, errOnlySelf
	}
	given, err := s.db.FamilyConsents(ctx, personID)
	if err != nil {
		return "", until, err
	}
	n := 0
	for _, f := range given {
		if f.Grantor == personID {
			n++
		}
	}
	if n >= maxFamily {
		return "", until, errFamilyFull
	}
	code, until = newShort(familyPrefix), s.clock().Add(familyLife)
	hash, _ := hashShort(familyPrefix, code)
	body, err := json.Marshal(relation)
	if err != nil {
		return "", until, err
	}
	return code, until, s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.VoidOneUseCodes(ctx, familyKind, personID, s.clock()); err != nil {
			return err
		}
		return tx.InsertOneUseCode(ctx, store.OneUseCode{Hash: hash, Kind: familyKind, Subject: personID, Body: body, MadeBy: personID, MadeAt: s.clock(), ExpiresAt: until})
	})
}

// AcceptFamily takes a code of InviteFamily.
func (s *Service) AcceptFamily(ctx context.Context, personID, code string) error {
	if !store.IsResident(personID) {
		return errOnlySelf
	}
	if ok, left := s.cache.Allow(ctx, "family:"+personID, bindsPerOpenID, bindsWindow); !ok {
		return wait(errWeChatBusy.Reason, "尝试过多，请一小时后再试。", left)
	}
	hash, ok := hashShort(familyPrefix, strings.TrimSpace(code))
	if !ok {
		return errFamilyCode
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		c, ok, err := tx.OneUseCode(ctx, familyKind, hash)
		switch {
		case err != nil:
			return err
		case !ok:
			return errFamilyCode
		case c.Subject == personID:
			return errFamilySelf
		}
		used, err := tx.UseOneUseCode(ctx, hash, s.clock())
		if err != nil || !used {
			return cmp.Or[error](err, errFamilyCode)
		}
		var relation string
		if err := json.Unmarshal(c.Body, &relation); err != nil {
			return err
		}
		if err := tx.InsertFamilyConsent(ctx, store.FamilyConsent{Grantor: c.Subject, Grantee: personID, Relation: relation, MadeAt: s.clock()}); err != nil {
			return err
		}
		return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: personID, Action: "family.join", Object: "account:" + c.Subject})
	})
}

// EndFamily ends a consent, by either of the two.
func (s *Service) EndFamily(ctx context.Context, personID, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		ended, err := tx.EndFamilyConsent(ctx, personID, id, s.clock())
		if err != nil || !ended {
			return cmp.Or[error](err, errNoFamily)
		}
		return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: personID, Action: "family.end", Object: "family:" + id})
	})
}

// creditCode is the form of GB 32100-2015, whose last character checks the rest.
var creditCode = regexp.MustCompile(`^[0-9A-HJ-NPQRTUWXY]{18}$`)

const creditSigns = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// validCredit reports whether a unified social credit code checks.
func validCredit(code string) bool {
	if !creditCode.MatchString(code) {
		return false
	}
	sum, weight := 0, 1
	for _, r := range code[:17] {
		sum += strings.IndexRune(creditSigns, r) * weight
		weight = weight * 3 % 31
	}
	return int(code[17]) == int(creditSigns[(31-sum%31)%31])
}

// AddEnterprise lets a resident with a bound number act for an enterprise. A credit code is public, so it opens nothing: what they see is what was
// asked under their number.
func (s *Service) AddEnterprise(ctx context.Context, personID, code, name string) error {
	code = strings.ToUpper(strings.TrimSpace(code))
	switch {
	case !store.IsResident(personID):
		return errOnlySelf
	case !validCredit(code):
		return errCredit
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		phones, err := tx.ResidentPhones(ctx, personID)
		if err != nil || len(phones) == 0 {
			return cmp.Or[error](err, errNeedsPhone)
		}
		if err := tx.PutEnterprise(ctx, personID, store.Enterprise{CreditCode: code, Name: strings.TrimSpace(name), BoundAt: s.clock()}); err != nil {
			return err
		}
		return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: personID, Action: "enterprise.bind", Object: "account:" + personID})
	})
}

// Enterprises are those that a resident acts for.
func (s *Service) Enterprises(ctx context.Context, personID string) ([]store.Enterprise, error) {
	if !store.IsResident(personID) {
		return nil, errOnlySelf
	}
	return s.db.Enterprises(ctx, personID)
}

// DropEnterprise ends that.
func (s *Service) DropEnterprise(ctx context.Context, personID, code string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.DropEnterprises(ctx, personID, cmp.Or(code, "-"))
		if err == nil && n == 0 {
			err = errNoCompany
		}
		return err
	})
}

// OwnData is what is stored of a resident, for them.
type OwnData struct {
	Phones      []string               `json:"phones" doc:"绑定的手机号"`
	Enterprises []store.Enterprise     `json:"enterprises" doc:"绑定的企业"`
	Consents    []store.PrivacyConsent `json:"consents" doc:"同意过的隐私政策"`
	Tickets     []workflow.OwnTicket   `json:"tickets" doc:"以您的手机号反映的事项"`
	Pictures    []workflow.OwnPicture  `json:"pictures" doc:"您上传、用在事项里的照片"`
	WeChat      OwnWeChat              `json:"wechat" doc:"微信账号"`
	Family      []OwnFamily            `json:"family" doc:"与家人之间的委托"`
	Sessions    []OwnSession           `json:"sessions" doc:"登录记录"`
	Notices     []workflow.NoticeItem  `json:"notices" doc:"发给您的消息"`
	Deeds       []workflow.OwnDeed     `json:"deeds" doc:"您办理过的：评价、催办等，和您写的文字"`
}

// OwnWeChat is what is kept of somebody's WeChat. The identifiers themselves stay here: they are of use to nobody else.
type OwnWeChat struct {
	JoinedAt time.Time `json:"joined_at" doc:"第一次登录的时间"`
	SeenAt   time.Time `json:"seen_at" doc:"最近一次登录的时间"`
	Follows  bool      `json:"follows" doc:"关注了公众号，并已对上您的微信"`
}

// OwnFamily is a consent between a resident and somebody of their family.
type OwnFamily struct {
	Given    bool      `json:"given" doc:"true 我委托的家人，false 委托我的家人"`
	Relation string    `json:"relation" doc:"受托人是委托人的"`
	MadeAt   time.Time `json:"made_at" doc:"生效时间"`
	EndedAt  time.Time `json:"ended_at,omitzero" doc:"撤回的时间"`
}

// OwnSession is one sign-in.
type OwnSession struct {
	Agent     string    `json:"agent" doc:"所用的程序"`
	Address   string    `json:"address" doc:"网络地址"`
	StartedAt time.Time `json:"started_at" doc:"登录的时间"`
	SeenAt    time.Time `json:"seen_at" doc:"最近一次使用的时间"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
}

// OwnData gives a resident a copy of what is stored of them: what was asked under their own numbers, not their family's.
// What they have brought is there as links that are good for an hour of this session.
func (s *Service) OwnData(ctx context.Context, actor casework.Actor, session string) (out OwnData, err error) {
	personID := actor.PersonID
	if !store.IsResident(personID) {
		return out, errOnlySelf
	}
	if ok, left := s.cache.Allow(ctx, "own-data:"+personID, 3, 24*time.Hour); !ok {
		return out, wait("own_data.limit", "24 小时内最多取得 3 次副本，请明天再试。", left)
	}
	out.Phones, out.Enterprises, out.Consents, out.Tickets = []string{}, []store.Enterprise{}, []store.PrivacyConsent{}, []workflow.OwnTicket{}
	if err := s.engine.Record(ctx, workflow.Audited{Actor: personID, Action: "person.copy", Object: "account:" + personID}); err != nil {
		return out, err
	}
	phones, err := s.db.ResidentPhones(ctx, personID)
	if err != nil {
		return out, err
	}
	for _, p := range phones {
		out.Phones = append(out.Phones, p.Number)
		tickets, err := s.engine.OwnTickets(ctx, p.Requester, p.BoundAt)
		if err != nil {
			return out, err
		}
		out.Tickets = append(out.Tickets, tickets...)
	}
	companies, err := s.db.Enterprises(ctx, personID)
	if err != nil {
		return out, err
	}
	consents, err := s.db.Consents(ctx, personID)
	if err != nil {
		return out, err
	}
	out.Enterprises, out.Consents = append(out.Enterprises, companies...), append(out.Consents, consents...)
	out.Pictures, err = s.engine.OwnPictures(ctx, actor, session)
	if err != nil {
		return out, err
	}
	return out, s.ownRecords(ctx, personID, &out)
}

// ownRecords fills a copy with what has come of being here: sign-ins, consents of the family, notices, what was done.
func (s *Service) ownRecords(ctx context.Context, personID string, out *OwnData) error {
	i, _, err := s.db.WeChatIdentity(ctx, personID)
	if err != nil {
		return err
	}
	openid, err := s.db.FollowerOf(ctx, personID, i.UnionID)
	if err != nil {
		return err
	}
	out.WeChat = OwnWeChat{JoinedAt: i.CreatedAt, SeenAt: i.SeenAt, Follows: openid != ""}
	out.Family, out.Sessions = []OwnFamily{}, []OwnSession{}
	family, err := s.db.FamilyHistory(ctx, personID)
	if err != nil {
		return err
	}
	for _, f := range family {
		out.Family = append(out.Family, OwnFamily{Given: f.Grantor == personID, Relation: f.Relation, MadeAt: f.MadeAt, EndedAt: f.EndedAt})
	}
	sessions, err := s.db.SessionHistory(ctx, personID, maxCopied)
	if err != nil {
		return err
	}
	for _, one := range sessions {
		out.Sessions = append(out.Sessions, OwnSession{Agent: one.Agent, Address: one.Address, StartedAt: one.StartedAt, SeenAt: one.SeenAt, EndedAt: one.EndedAt})
	}
	actor, _, err := s.engine.Actor(ctx, personID)
	if err != nil {
		return err
	}
	actor.Requesters, err = s.ownRequesters(ctx, personID)
	if err != nil {
		return err
	}
	if out.Notices, err = s.engine.OwnNotices(ctx, actor); err != nil {
		return err
	}
	out.Deeds, err = s.engine.OwnDeeds(ctx, actor)
	return err
}

// maxCopied bounds the sign-ins of a copy, the latest ones: they are kept for three months.
const maxCopied = 5000

// ownRequesters are the keys of the numbers that a resident has bound, without those of who lets them see what is theirs.
func (s *Service) ownRequesters(ctx context.Context, personID string) (keys []string, err error) {
	phones, err := s.db.ResidentPhones(ctx, personID)
	for _, p := range phones {
		keys = append(keys, p.Requester)
	}
	return keys, err
}

// Family lists the consents that hold between a resident and others.
func (s *Service) Family(ctx context.Context, personID string) ([]store.FamilyConsent, error) {
	return s.db.FamilyConsents(ctx, personID)
}
