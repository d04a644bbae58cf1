package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"xiaopu/server/apperr"
	"xiaopu/server/blob"
	"xiaopu/server/casework"
	"xiaopu/server/classify"
	"xiaopu/server/content"
	"xiaopu/server/live"
	"xiaopu/server/matter"
	"xiaopu/server/metrics"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// Engine runs commands against the store. It is safe for concurrent use; any number of processes may run one each on
// the same database.
type Engine struct {
	db      *store.DB
	clock   func() time.Time
	log     *slog.Logger
	matters *matters
	metrics *metrics.Metrics
	alive   atomic.Int64 // Unix ms of the sweeper's last sign of life
	figures keptFigures

	reviewsCounted atomic.Int64  // the calendar's revision that the clocks of reviews were last looked at under
	toCheck        chan struct{} // there is a picture for the platform

	checker  Checker // a platform's; nil for none
	public   string  // where it fetches pictures
	words    *content.Words
	live     *live.Hub
	blobs    blob.Store
	decoding chan struct{} // the pictures being decoded; those beyond wait

	profiles []ticket.Profile // shipped
	topics   classify.Tree    // shipped

	known atomic.Pointer[Knowledge]
	load  sync.Mutex
}

// Options of an Engine.
type Options struct {
	// Clock gives the instant; required. The demonstration clock's offset is added to it.
	Clock  func() time.Time
	Logger *slog.Logger
	// Topics is the tree of topics that is shipped: it rules until the street loads its own.
	Topics classify.Tree
	// Profiles are the import profiles that are shipped.
	Profiles []ticket.Profile
	// Words is the list that residents' texts are compared with; nil means the one built in.
	Words *content.Words
	// Live tells clients what changes; nil tells nobody.
	Live *live.Hub
	// Blobs keeps the bytes of attachments; without it nothing can be uploaded.
	Blobs blob.Store
	// Metrics counts what the engine does; nil counts nothing.
	Metrics *metrics.Metrics
}

// New makes an Engine over a migrated database.
func New(db *store.DB, o Options) *Engine {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Words == nil {
		o.Words = content.BuiltIn()
	}
	return &Engine{
		words: o.Words, db: db, clock: o.Clock, log: o.Logger, matters: newMatters(db, o.Clock, o.Logger), profiles: o.Profiles, topics: o.Topics, metrics: o.Metrics, live: o.Live, blobs: o.Blobs,
		decoding: make(chan struct{}, picturesAtOnce), toCheck: make(chan struct{}, 1),
	}
}

// Knowledge is what every decision needs beside the case: immutable, shared.
type Knowledge struct {
	Calendar         *workday.Calendar
	CalendarRevision int64
	Policies         []casework.Policy
	Organisation     *organisation.Organisation
	Years            []store.StoredYear
	Closures         []store.StoredClosure
	Platforms        map[string]store.Platform
	Classification   *Classification
	Gazetteer        matter.Gazetteer // what the street keeps, the communities of the organisation among it

	hours     workday.Hours // of the policy in force
	offset    time.Duration // of the demonstration clock
	revisions map[string]int64
	checked   time.Time // when the revisions were last looked at
}

// staleAfter is how long a process may not notice a change of calendar, policy or organisation.
const staleAfter = time.Second

// Knowledge gives the current knowledge, reading it anew when it changed.
func (e *Engine) Knowledge(ctx context.Context) (*Knowledge, error) {
	k := e.known.Load()
	if k != nil && e.clock().Sub(k.checked).Abs() < staleAfter {
		return k, nil
	}
	if k != nil && !e.load.TryLock() {
		return k, nil // somebody is looking already
	} else if k == nil {
		e.load.Lock()
	}
	defer e.load.Unlock()
	return e.refresh(ctx)
}

// Refresh reads the knowledge anew at once, after a change made by this process.
func (e *Engine) Refresh(ctx context.Context) (*Knowledge, error) {
	e.load.Lock()
	defer e.load.Unlock()
	return e.refresh(ctx)
}

func (e *Engine) refresh(ctx context.Context) (*Knowledge, error) {
	now := e.clock()
	revisions, err := e.db.Revisions(ctx)
	if err != nil {
		return nil, err
	}
	old := e.known.Load()
	k := &Knowledge{}
	if old != nil {
		*k = *old
	}
	k.checked, k.revisions = now, revisions
	k.offset = time.Duration(revisions[store.ClockRevision]) * time.Millisecond
	changed := func(name string) bool { return old == nil || old.revisions[name] != revisions[name] }
	if changed(store.PolicyRevision) {
		if k.Policies, err = e.db.Policies(ctx); err != nil {
			return nil, err
		}
		if len(k.Policies) == 0 {
			k.Policies = []casework.Policy{casework.DefaultPolicy()}
		}
	}
	hours := k.PolicyAt(e.Now(k)).OfficeHours
	if len(hours) == 0 { // a version from before hours were in it
		hours = workday.DefaultHours
	}
	if changed(store.CalendarRevision) || !slices.Equal(hours, k.hours) {
		k.hours = hours
		if err := e.loadCalendar(ctx, k); err != nil {
			return nil, err
		}
	}
	if changed(store.OrganisationRevision) {
		if k.Organisation, err = e.loadOrganisation(ctx); err != nil {
			return nil, err
		}
	}
	if changed(store.OrganisationRevision) || changed(store.GazetteerRevision) {
		if k.Gazetteer, err = e.loadGazetteer(ctx, k.Organisation); err != nil {
			return nil, err
		}
	}
	if changed(store.PlatformRevision) {
		list, err := e.db.Platforms(ctx)
		if err != nil {
			return nil, err
		}
		k.Platforms = make(map[string]store.Platform, len(list))
		for _, p := range list {
			k.Platforms[p.ID] = p
		}
	}
	if changed(store.CatalogueRevision) || changed(store.ModelRevision) {
		if k.Classification, err = e.loadClassification(ctx); err != nil {
			return nil, err
		}
		k.Classification = k.Classification.among(k.Organisation)
	} else if changed(store.OrganisationRevision) {
		k.Classification = k.Classification.among(k.Organisation)
	}
	e.known.Store(k)
	return k, nil
}

func (e *Engine) loadCalendar(ctx context.Context, k *Knowledge) error {
	var err error
	if k.Years, err = e.db.CalendarYears(ctx); err != nil {
		return err
	}
	if k.Closures, err = e.db.Closures(ctx); err != nil {
		return err
	}
	years := make([]workday.Year, len(k.Years))
	for i, y := range k.Years {
		years[i] = y.Year
	}
	closures := make([]workday.Closure, len(k.Closures))
	for i, c := range k.Closures {
		closures[i] = c.Closure
	}
	if k.Calendar, err = workday.New(k.hours, years, closures); err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	k.CalendarRevision = k.revisions[store.CalendarRevision]
	return nil
}

// PolicyAt gives the version in force on the day of t.
func (k *Knowledge) PolicyAt(t time.Time) casework.Policy {
	day := workday.DateOf(t)
	p := k.Policies[0]
	for _, v := range k.Policies[1:] {
		if !v.EffectiveOn.After(day) {
			p = v
		}
	}
	return p
}

func (k *Knowledge) policyVersion(version int) casework.Policy {
	for _, p := range k.Policies {
		if p.Version == version {
			return p
		}
	}
	return k.Policies[0]
}

// env is what casework needs to decide at now; caseRevision is the calendar the case was counted with.
func (k *Knowledge) env(now time.Time, caseRevision int64) casework.Env {
	return casework.Env{
		Now: now, Calendar: k.Calendar, Policy: k.PolicyAt(now), PolicyAt: k.policyVersion,
		PolicyOn:    k.PolicyAt,
		Recalculate: caseRevision != 0 && caseRevision != k.CalendarRevision,
	}
}

// Now is the instant commands take effect at, cut to the millisecond that the database keeps.
func (e *Engine) Now(k *Knowledge) time.Time {
	return e.clock().Add(k.offset).UTC().Truncate(time.Millisecond)
}

// Shifted is an instant of the machine's clock, such as another system tells, as commands know it.
func (k *Knowledge) Shifted(machine time.Time) time.Time { return machine.Add(k.offset) }

// Actor gives the person with every post they may act from now: somebody of the organisation, or a resident who came in through
// WeChat. ok is false for who left or never was.
func (e *Engine) Actor(ctx context.Context, personID string) (a casework.Actor, ok bool, err error) {
	if store.IsResident(personID) {
		requesters, ok, err := e.db.Resident(ctx, personID)
		return casework.Actor{PersonID: personID, Name: residentName, Posts: []casework.Post{{Role: casework.Resident}}, Requesters: requesters}, ok, err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return a, false, err
	}
	a, ok = k.Organisation.Actor(personID, e.Now(k))
	return a, ok, nil
}

// residentName is what a resident is called whom the organisation does not know: WeChat tells no name, and none is asked for.
const residentName = "居民"

// Metrics is what counts; nil for nothing.
func (e *Engine) Metrics() *metrics.Metrics { return e.metrics }

// Ready reports whether the database answers and has this program's tables.
func (e *Engine) Ready(ctx context.Context) error {
	behind, err := e.db.Behind(ctx)
	if err != nil {
		return apperr.New(apperr.Unavailable, "store.unreachable", "数据库没有应答，请稍后再试。").With(err)
	}
	if behind {
		return apperr.New(apperr.Unavailable, "store.older_tables", "数据库的表还没有升级到本程序的版本，请运行 xiaopu migrate 或重新启动服务。")
	}
	return nil
}

// SweptAt is the sweeper's last sign of life in this process: a sweep that ended well, or a case that it dealt with. Zero for
// none yet.
func (e *Engine) SweptAt() time.Time {
	if at := e.alive.Load(); at != 0 {
		return time.UnixMilli(at)
	}
	return time.Time{}
}

// Deadlines gives the instant that deadlines are measured by and the earliest that has one; zero for none.
func (e *Engine) Deadlines(ctx context.Context) (now, earliest time.Time, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return now, earliest, err
	}
	earliest, err = e.db.NextDueAt(ctx)
	return e.Now(k), earliest, err
}

// Outbox tells of the notices that are due to be sent: how many, up to store.CountCap, and since when the first is.
func (e *Engine) Outbox(ctx context.Context) (waiting int, oldest, now time.Time, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return 0, oldest, now, err
	}
	now = e.Now(k)
	waiting, oldest, err = e.db.OutboxWaiting(ctx, now)
	return waiting, oldest, now, err
}

// ReadsAtOnce is how many reads the database serves at a time.
func (e *Engine) ReadsAtOnce() int { return e.db.ReadsAtOnce() }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// requesterOf is store.PhoneIndex.
func (e *Engine) requesterOf(phone string) string { return store.PhoneIndex(e.db.Sealer(), phone) }

// The kinds of rows the organisation is stored in.
const (
	kindDepartment = "department"
	kindGrid       = "grid"
	kindCommunity  = "community"
	kindPerson     = store.PersonKind
	kindDelegation = "delegation"
)

func (e *Engine) loadOrganisation(ctx context.Context) (*organisation.Organisation, error) {
	rows, err := e.db.Organisation(ctx)
	if err != nil {
		return nil, err
	}
	var (
		departments []organisation.Department
		grids       []organisation.Grid
		communities []organisation.Community
		people      []organisation.Person
		delegations []organisation.Delegation
	)
	for _, r := range rows {
		switch r.Kind {
		case kindDepartment:
			err = decodeInto(r.Body, &departments)
		case kindGrid:
			err = decodeInto(r.Body, &grids)
		case kindCommunity:
			err = decodeInto(r.Body, &communities)
		case kindPerson:
			err = decodeInto(r.Body, &people)
		case kindDelegation:
			err = decodeInto(r.Body, &delegations)
		}
		if err != nil {
			return nil, fmt.Errorf("organisation %s %s: %w", r.Kind, r.ID, err)
		}
	}
	for i, p := range people {
		for _, post := range p.Posts {
			if post.Role != casework.Resident || len(p.Requesters) > 0 {
				continue
			}
			if r := e.requesterOf(p.Phone); r != "" {
				people[i].Requesters = []string{r}
			}
		}
	}
	return organisation.New(departments, grids, communities, people, delegations)
}

func decodeInto[T any](body []byte, list *[]T) error {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	*list = append(*list, v)
	return nil
}
