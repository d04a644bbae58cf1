package auth

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// Tokens are what a session is used with.
type Tokens struct {
	SessionID    string
	AccessToken  string
	AccessUntil  time.Time
	RefreshToken string
	// RefreshUntil is when the session ends, whatever happens. Without use it ends earlier.
	RefreshUntil time.Time
}

const (
	// graceFor is how long a refresh token that was exchanged gives the same answer again: that answer may have been lost.
	graceFor = 30 * time.Second
	// checkFor is how long a session found alive is not looked at again.
	checkFor = 5 * time.Second
	// touchEvery is how exactly it is known when the person of a session last did something.
	touchEvery  = time.Minute
	maxChecked  = 4096
	maxSessions = 100 // shown at once
	// Spent refresh tokens outlast every session; sessions stay so that one knows which addresses are known.
	keepTokens   = 3 * 24 * time.Hour
	keepSessions = knownFor
	forgetAtOnce = 500
)

var errSessionEnded = apperr.New(apperr.Unauthenticated, "auth.session_ended", "登录已失效（已退出、超时或在别处结束），请重新登录。")

// startSession stores a new session with its first refresh token; weChatID is the identity it was begun with, or "", and scanned says that it
// is a console's.
func (s *Service) startSession(ctx context.Context, tx *store.Tx, p person, weChatID string, scanned bool) (Tokens, error) {
	now, origin := s.clock(), workflow.OriginOf(ctx)
	idle := s.set.Idle
	if p.administrator != "" {
		idle = s.set.AdminIdle
	}
	session := store.Session{
		ID: uuid.Must(uuid.NewV7()).String(), PersonID: p.ID, Agent: origin.Agent, Address: network(origin.Address), Idle: idle,
		StartedAt: now, SeenAt: now, ExpiresAt: now.Add(s.set.SessionLife), WeChatID: weChatID, Scanned: scanned,
	}
	if err := tx.InsertSession(ctx, &session); err != nil {
		return Tokens{}, err
	}
	token := newToken(refreshPrefix)
	hash, _ := hashToken(refreshPrefix, token)
	if err := tx.InsertRefreshToken(ctx, store.RefreshToken{Hash: hash, SessionID: session.ID, MadeAt: now}); err != nil {
		return Tokens{}, err
	}
	return s.tokens(session, token)
}

// tokens makes an access token to go with a refresh token.
func (s *Service) tokens(session store.Session, refresh string) (Tokens, error) {
	life := min(s.set.TokenLife, session.ExpiresAt.Sub(s.clock()))
	access, err := s.signer.IssueIn(session.ID, session.PersonID, life)
	return Tokens{SessionID: session.ID, AccessToken: access, AccessUntil: s.clock().Add(life), RefreshToken: refresh, RefreshUntil: session.ExpiresAt}, err
}

// Refresh exchanges a refresh token for the next one and a new access token.
//
// Shown again within half a minute, while the next one has not been used, it gives the same next one: the first answer was
// lost, or two requests raced. Shown again later, or when the next one has been used, two parties hold the chain and one of
// them stole it: the session ends at once. All that is refused is auth.session_ended. It does not put off the idle end: clients
// do it by themselves.
func (s *Service) Refresh(ctx context.Context, token string) (Tokens, error) {
	hash, ok := hashToken(refreshPrefix, token)
	if !ok {
		return Tokens{}, errSessionEnded
	}
	known, ok, err := s.db.RefreshToken(ctx, hash)
	if err != nil || !ok {
		return Tokens{}, cmp.Or[error](err, errSessionEnded)
	}
	session, ok, err := s.db.Session(ctx, known.SessionID)
	if err != nil || !ok {
		return Tokens{}, cmp.Or[error](err, errSessionEnded)
	}
	p, err := s.find(ctx, session.PersonID)
	if err != nil {
		return Tokens{}, err
	}
	if !p.staff && !p.resident {
		return Tokens{}, cmp.Or[error](s.EndLeft(ctx, session.PersonID), errSessionEnded)
	}
	number, err := s.byNumberAlone(ctx, session)
	if err == nil && number {
		err = s.asksMore(ctx, session.PersonID, session.ID)
	}
	if err != nil {
		return Tokens{}, err
	}
	var next string
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		next = ""
		if session, ok, err = tx.Session(ctx, known.SessionID); err != nil {
			return err
		}
		if !ok || session.Over(s.clock()) != "" {
			return nil
		}
		next, err = s.rotate(ctx, tx, session, token, hash)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	if next == "" {
		s.forget(session.PersonID)
		return Tokens{}, errSessionEnded
	}
	return s.tokens(session, next)
}

// rotate gives the token that follows, and "" after ending the session because the token was stolen.
func (s *Service) rotate(ctx context.Context, tx *store.Tx, session store.Session, token, hash string) (string, error) {
	now := s.clock()
	salt := newToken("")
	first, err := tx.RotateRefreshToken(ctx, hash, salt, now)
	if err != nil {
		return "", err
	}
	if first {
		next := nextToken(token, salt)
		nextHash, _ := hashToken(refreshPrefix, next)
		return next, tx.InsertRefreshToken(ctx, store.RefreshToken{Hash: nextHash, SessionID: session.ID, MadeAt: now})
	}
	t, _, err := tx.RefreshToken(ctx, hash)
	if err != nil {
		return "", err
	}
	next := nextToken(token, t.Salt)
	nextHash, _ := hashToken(refreshPrefix, next)
	successor, ok, err := tx.RefreshToken(ctx, nextHash)
	if err != nil {
		return "", err
	}
	if ok && successor.RotatedAt.IsZero() && now.Sub(t.RotatedAt) <= graceFor {
		return next, nil
	}
	ended, err := tx.EndSession(ctx, session.PersonID, session.ID, "reuse", now)
	if err != nil || !ended { // or somebody else met the same thief
		return "", err
	}
	return "", s.recordEnd(ctx, tx, "", session.ID, session.PersonID, "reuse")
}

// recordEnd notes in the audit log that a session ended; actor is "" when nobody signed in did it.
func (s *Service) recordEnd(ctx context.Context, tx *store.Tx, actor, sessionID, personID, why string) error {
	return s.engine.RecordIn(ctx, tx, workflow.Audited{Actor: actor, Action: "session.end", Object: "session:" + sessionID, Detail: map[string]string{"why": why, "person": personID}})
}

// checked is a session found alive.
type checked struct {
	personID string
	until    time.Time // when to look again
	seen     time.Time // when the person last did something
	number   bool      // it was begun with a WeChat bound by the number alone
}

// Check refuses the access token of a session that is over: auth.session_ended. Within checkFor a process does not look
// again, so an end made by another process rules after that time at the latest, and one made by this process at once. acts is
// false for what clients ask by themselves, which does not put off the idle end.
func (s *Service) Check(ctx context.Context, g Grant, acts bool) error {
	now := s.clock()
	s.mu.Lock()
	last, ok := s.checked[g.SessionID]
	s.mu.Unlock()
	fresh := ok && now.Before(last.until) && last.until.Sub(now) <= checkFor && last.personID == g.PersonID
	if fresh && last.number { // the post may have been given this moment
		if err := s.asksMore(ctx, g.PersonID, g.SessionID); err != nil {
			return err
		}
	}
	if fresh && (!acts || now.Sub(last.seen) < touchEvery) {
		return nil
	}
	session, ok, err := s.db.Session(ctx, g.SessionID)
	if err != nil {
		return err
	}
	if !ok || session.PersonID != g.PersonID || session.Over(now) != "" {
		return errSessionEnded
	}
	number, err := s.byNumberAlone(ctx, session)
	if err != nil {
		return err
	}
	if number {
		if err := s.asksMore(ctx, g.PersonID, g.SessionID); err != nil {
			return err
		}
	}
	if acts && now.Sub(session.SeenAt) >= touchEvery {
		// That the person is there is worth a try and no failed request.
		if err := s.db.TouchSession(ctx, session.ID, now); err != nil {
			s.log.DebugContext(ctx, "session not touched", slog.Any("error", err))
		} else {
			session.SeenAt = now
		}
	}
	until := now.Add(min(checkFor, session.ExpiresAt.Sub(now)))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.checked) >= maxChecked {
		clear(s.checked)
	}
	s.checked[g.SessionID] = checked{personID: g.PersonID, until: until, seen: session.SeenAt, number: number}
	return nil
}

// byNumberAlone reports whether a session of staff was begun on a phone whose WeChat is bound by nothing but their number.
func (s *Service) byNumberAlone(ctx context.Context, session store.Session) (bool, error) {
	if session.WeChatID == "" || session.Scanned || store.IsResident(session.PersonID) || !s.set.SecondFactor {
		return false, nil
	}
	i, ok, err := s.db.WeChatIdentity(ctx, session.WeChatID)
	return ok && i.ByNumberAlone(), err
}

// asksMore ends a session that was begun by nothing but a number once its person may see every case (ADR 11), with auth.session_ended: who signs
// in anew is asked for more.
func (s *Service) asksMore(ctx context.Context, personID, sessionID string) error {
	much, err := s.seesMuch(ctx, personID)
	if err != nil || !much {
		return err
	}
	const why = "second_factor"
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		ended, err := tx.EndSession(ctx, personID, sessionID, why, s.clock())
		if err != nil || !ended {
			return err
		}
		return s.recordEnd(ctx, tx, "", sessionID, personID, why)
	})
	s.forget(personID)
	return cmp.Or[error](err, errSessionEnded)
}

// forget makes Check look again at the sessions of a person.
func (s *Service) forget(personID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.checked {
		if c.personID == personID {
			delete(s.checked, id)
		}
	}
}

// Sessions lists the sessions of a person that live, the latest first.
func (s *Service) Sessions(ctx context.Context, personID string) ([]store.Session, error) {
	list, err := s.db.Sessions(ctx, personID, maxSessions)
	live := list[:0]
	for _, one := range list {
		if one.Over(s.clock()) == "" {
			live = append(live, one)
		}
	}
	return live, err
}

var errNoSession = apperr.New(apperr.NotFound, "session.not_found", "没有这个登录，或已经结束。")

// End ends one of a person's own sessions: why is "logout" for the one they use. The error is session.not_found for one that
// is not theirs or has ended.
func (s *Service) End(ctx context.Context, personID, sessionID, why string) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		ended, err := tx.EndSession(ctx, personID, sessionID, why, s.clock())
		if err != nil || !ended {
			return cmp.Or[error](err, errNoSession)
		}
		return s.recordEnd(ctx, tx, personID, sessionID, personID, why)
	})
	s.forget(personID)
	return err
}

// EndOthers ends all of a person's sessions but the one they use, and says how many.
func (s *Service) EndOthers(ctx context.Context, personID, sessionID string) (n int64, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if n, err = tx.EndSessions(ctx, personID, sessionID, "ended_elsewhere", s.clock()); err != nil || n == 0 {
			return err
		}
		return s.record(ctx, tx, personID, "session.end_others", personID, map[string]string{"why": "ended_elsewhere"})
	})
	s.forget(personID)
	return n, err
}

// EndLeft ends the sessions of somebody who left.
func (s *Service) EndLeft(ctx context.Context, personID string) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return s.endAll(ctx, tx, personID, "", "left") })
	s.forget(personID)
	return err
}

// endAll ends the sessions of a person, but one, in the transaction of what makes it necessary.
func (s *Service) endAll(ctx context.Context, tx *store.Tx, personID, but, why string) error {
	n, err := tx.EndSessions(ctx, personID, but, why, s.clock())
	if err != nil || n == 0 {
		return err
	}
	return s.record(ctx, tx, "", "session.end_all", personID, map[string]string{"why": why})
}

// Tidy is the daily work: it disables accounts that nobody has signed in to for too long, and forgets what is long over or nobody's. It
// says how many accounts it disabled. The sessions of who left end where they are used.
func (s *Service) Tidy(ctx context.Context) (disabled int, err error) {
	now := s.clock()
	if _, err := s.db.ForgetSignIns(ctx, now, now.Add(-keepTokens), now.Add(-keepSessions), forgetAtOnce); err != nil {
		return 0, err
	}
	if _, err := s.db.ForgetLookups(ctx, workday.DateOf(now).String()); err != nil {
		return 0, err
	}
	if err := s.tidyWeChat(ctx); err != nil {
		return 0, err
	}
	if s.set.UnusedLife <= 0 {
		return 0, nil
	}
	people, err := s.db.UnusedAccounts(ctx, now.Add(-s.set.UnusedLife), forgetAtOnce)
	if err != nil {
		return 0, err
	}
	for _, id := range people {
		err := s.change(ctx, id, func(ctx context.Context, tx *store.Tx, a *store.Account, _ bool) error {
			if !a.DisabledAt.IsZero() || now.Sub(a.ActiveAt) < s.set.UnusedLife {
				return nil // signed in to meanwhile, or another process was first
			}
			return s.disable(ctx, tx, a, "", "unused")
		})
		if err != nil {
			return disabled, err
		}
		disabled++
	}
	return disabled, nil
}
