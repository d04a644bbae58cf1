package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

// Settings are what an installation may choose.
type Settings struct {
	SecondFactor bool          // whether every member of staff needs it
	TokenLife    time.Duration // of an access token
	Idle         time.Duration // a session in which nothing happens for so long is over
	AdminIdle    time.Duration // the same for the three administrators
	SessionLife  time.Duration // a session is over after so long, whatever happens
	PasswordLife time.Duration // a password must be changed after so long; 0 for never
	UnusedLife   time.Duration // an account nobody signs in to for so long is disabled; 0 for never
}

// DefaultSettings are those of GB/T 22239-2019 for a system of level 3.
var DefaultSettings = Settings{
	SecondFactor: true, TokenLife: 15 * time.Minute, Idle: 30 * time.Minute, AdminIdle: 15 * time.Minute, SessionLife: 12 * time.Hour,
	PasswordLife: 90 * 24 * time.Hour, UnusedLife: 90 * 24 * time.Hour,
}

// Options of a Service; all but WeChat, Logger and HashCost are required.
type Options struct {
	DB     *store.DB
	Engine *workflow.Engine
	Cache  *cache.Cache
	Signer *Signer
	Clock  func() time.Time
	// WeChat is asked who somebody is there; nil where it is not used.
	WeChat WeChat
	Logger *slog.Logger
	// Street is the office's name and StreetPhone its number, as the shipped privacy notice says them; "" for “街道办事处” and 12345.
	Street, StreetPhone string
	Settings
	// HashCost is for tests; the zero value means DefaultHashCost.
	HashCost HashCost
}

// Service signs staff in and keeps their accounts and sessions. It is safe for concurrent use; any number of processes may
// have one on the same database.
type Service struct {
	db     *store.DB
	engine *workflow.Engine
	cache  *cache.Cache
	signer *Signer
	wechat WeChat
	now    func() time.Time
	log    *slog.Logger
	set    Settings
	street *strings.Replacer // puts the office into the shipped privacy notice
	hasher *hasher
	lines  lines

	mu      sync.Mutex
	checked map[string]checked // sessions by id
}

// New makes a Service. It computes one password hash, to know how long that takes.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.HashCost == (HashCost{}) {
		o.HashCost = DefaultHashCost
	}
	return &Service{
		db: o.DB, engine: o.Engine, cache: o.Cache, signer: o.Signer, wechat: o.WeChat, now: o.Clock, log: o.Logger, set: o.Settings,
		street: strings.NewReplacer("{street}", cmp.Or(o.Street, "街道办事处"), "{phone}", cmp.Or(o.StreetPhone, "12345")),
		hasher: newHasher(o.HashCost, o.Clock), lines: lines{at: map[string]*line{}}, checked: map[string]checked{},
	}
}

// clock is the instant, cut to the millisecond that the database keeps. The demonstration clock moves no session.
func (s *Service) clock() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// person is somebody of the organisation, as sign-in sees them.
type person struct {
	organisation.Person

	administrator casework.Role // which of the three; "" for others
	staff         bool          // works here and is no resident
	resident      bool          // came in through WeChat as one
}

// find gives a person; somebody unknown is neither staff nor resident.
func (s *Service) find(ctx context.Context, id string) (person, error) {
	if store.IsResident(id) {
		_, ok, err := s.engine.Actor(ctx, id)
		return person{Person: organisation.Person{ID: id}, resident: ok}, err
	}
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return person{}, err
	}
	found, ok := k.Organisation.Person(id)
	return describe(found, ok), nil
}

func describe(found organisation.Person, ok bool) person {
	p := person{Person: found}
	for _, post := range found.Posts {
		if slices.Contains(administrators, post.Role) {
			p.administrator = post.Role
		}
	}
	p.staff = ok && Staff(found)
	return p
}

// Staff reports whether somebody works here, so that they may have an account. Who has no post of their own may be a
// department's deputy leader, or get one later.
func Staff(p organisation.Person) bool {
	resident := func(post organisation.Post) bool { return post.Role == casework.Resident }
	return !p.Left && (len(p.Posts) == 0 || !slices.ContainsFunc(p.Posts, resident))
}

// administrators exclude each other (domain §5).
var administrators = []casework.Role{casework.SystemAdmin, casework.SecurityAdmin, casework.Auditor}

// maxChanges bounds how often a change of an account is decided anew because somebody was first.
const maxChanges = 8

var errBusy = apperr.New(apperr.Unavailable, "auth.busy", "该账号正在被同时修改，请稍后再试。")

// change decides on an account and saves it, in one transaction with whatever else fn does. fn may run several times. ok tells
// it whether there is an account; if not, it may set one up, with a PersonID.
func (s *Service) change(ctx context.Context, personID string, fn func(ctx context.Context, tx *store.Tx, a *store.Account, ok bool) error) error {
	for range maxChanges {
		err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			a, ok, err := tx.Account(ctx, personID)
			if err != nil {
				return err
			}
			a.History, a.Recovery = slices.Clone(a.History), slices.Clone(a.Recovery)
			if err := fn(ctx, tx, &a, ok); err != nil || a.PersonID == "" {
				return err
			}
			if !ok {
				return tx.InsertAccount(ctx, &a)
			}
			return tx.SaveAccount(ctx, &a)
		})
		if !errors.Is(err, store.ErrChanged) {
			return err
		}
	}
	return errBusy
}

// record is RecordIn of the engine with what concerns a person's account.
func (s *Service) record(ctx context.Context, tx *store.Tx, actor, action, personID string, detail map[string]string) error {
	return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: actor, Action: action, Object: "account:" + personID, Detail: detail})
}
