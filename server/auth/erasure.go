package auth

import (
	"cmp"
	"context"
	"errors"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

// Erasure is what became of a resident's wish to be erased.
type Erasure struct {
	Certificates []string `json:"certificates" doc:"删除证明的编号"`
	Kept         int      `json:"kept" doc:"所在难事还没有销项、暂不能删除的工单；已登记，销项后次日自动删除"`
}

// EraseOwn erases what is stored of a resident who has just shown again, by a code of wx.login, that it is they: their tickets, as far as no case is
// open, the others once it is over, and their account. The record of what they consented to stays: it names nobody any more.
func (s *Service) EraseOwn(ctx context.Context, actor casework.Actor, code string) (out Erasure, err error) {
	const reason = "本人在小程序中要求"
	out.Certificates = []string{}
	if !store.IsResident(actor.PersonID) {
		return out, errOnlySelf
	}
	who, err := s.askWho(ctx, code)
	if err != nil {
		return out, err
	}
	i, ok, err := s.db.WeChatIdentity(ctx, actor.PersonID)
	if err != nil || !ok || i.OpenID != who.OpenID {
		return out, cmp.Or[error](err, errNotSelf)
	}
	phones, err := s.db.ResidentPhones(ctx, actor.PersonID)
	if err != nil {
		return out, err
	}
	certified := func(c store.Certificate, err error) error {
		if err != nil && apperr.ReasonOf(err) != "erasure.nothing" && apperr.ReasonOf(err) != "erasure.open" {
			return err
		}
		out.Kept += c.Kept
		if c.Number != "" {
			out.Certificates = append(out.Certificates, c.Number)
		}
		return nil
	}
	for _, p := range phones {
		if err := certified(s.engine.EraseRequested(ctx, actor, workflow.ErasureRequest{Phone: p.Number, Reason: reason}, nil)); err != nil {
			return out, err
		}
	}
	var ended WeChatProgress
	err = certified(s.engine.EraseAccount(ctx, actor, reason, func(ctx context.Context, tx *store.Tx) (string, error) {
		ended = WeChatProgress{}
		i, ok, err := tx.WeChatIdentity(ctx, actor.PersonID)
		if err != nil || !ok || i.OpenID != who.OpenID {
			return "", cmp.Or[error](err, errNotSelf)
		}
		return i.ID, s.eraseResident(ctx, tx, actor.PersonID, &i, &ended)
	}))
	s.forgetAll(ended)
	return out, err
}

// EraseAsked is EraseRequested at the counter. A phone that a resident has bound is theirs no longer, and without another one their account goes too.
func (s *Service) EraseAsked(ctx context.Context, actor casework.Actor, ask workflow.ErasureRequest) (store.Certificate, error) {
	if ask.Phone == "" { // an ID number says nothing of whose account it is
		return s.engine.EraseRequested(ctx, actor, ask, nil)
	}
	var ended WeChatProgress
	c, err := s.engine.EraseRequested(ctx, actor, ask, func(ctx context.Context, tx *store.Tx) (string, error) {
		ended = WeChatProgress{}
		p, ok, err := tx.PhoneHolder(ctx, store.PhoneIndex(tx.Sealer(), ask.Phone))
		if err != nil || !ok {
			return "", err
		}
		phones, err := tx.ResidentPhones(ctx, p.IdentityID)
		if err != nil {
			return "", err
		}
		i, ok, err := tx.WeChatIdentity(ctx, p.IdentityID)
		if err != nil || !ok {
			return "", err
		}
		if len(phones) == 1 {
			return i.ID, s.eraseResident(ctx, tx, actor.PersonID, &i, &ended)
		}
		ended.ended = append(ended.ended, i.ID)
		return p.ID, s.unbindNumber(ctx, tx, actor.PersonID, p, "erased")
	})
	s.forgetAll(ended)
	return c, err
}

func (s *Service) forgetAll(p WeChatProgress) {
	for _, id := range p.ended {
		s.forget(id)
	}
}

// eraseResident erases the resident of an identity, and the identity itself unless a member of staff uses it.
func (s *Service) eraseResident(ctx context.Context, tx *store.Tx, actor string, i *store.WeChatIdentity, out *WeChatProgress) error {
	if err := s.leave(ctx, tx, actor, i, "erased", out); err != nil {
		return err
	}
	return s.dropResident(ctx, tx, i)
}

// dropResident erases what is kept of somebody who is no resident any more: sessions with the addresses they came from, and uploads that are in no
// case. When no member of staff uses the identity either, it goes, with who they are at the official account and what they have allowed us to send.
func (s *Service) dropResident(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity) error {
	if err := s.engine.DropUploads(ctx, tx, i.ID); err != nil {
		return err
	}
	if err := tx.DropSessions(ctx, i.ID); err != nil {
		return err
	}
	if i.StaffID != "" {
		return tx.PartFollower(ctx, i.ID)
	}
	if err := tx.DropFollowers(ctx, i.ID, i.UnionID); err != nil {
		return err
	}
	if err := tx.DropGrants(ctx, store.MessageAccount(tx.Sealer(), i.OpenID)); err != nil {
		return err
	}
	return tx.DropWeChatIdentity(ctx, i.ID)
}

const (
	// unfollowedFor is how long somebody is known who has unfollowed: what was told before and comes late is then known to be old.
	unfollowedFor = 24 * time.Hour
	// strangerFor is how long a follower is kept whom nobody here is, so that who follows first and binds then is found.
	strangerFor = 30 * 24 * time.Hour
)

// tidyWeChat forgets followers that are nobody's, and identities: those that nobody uses any more, those whose member of staff has left, and those that nobody
// has signed in with for as long as what names a person in a ticket is kept.
func (s *Service) tidyWeChat(ctx context.Context) error {
	now := s.clock()
	if _, err := s.db.ForgetFollowers(ctx, now.Add(-unfollowedFor), now.Add(-strangerFor), forgetAtOnce); err != nil {
		return err
	}
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return err
	}
	unusedSince := now.AddDate(-k.PolicyAt(s.engine.Now(k)).Privacy.TicketYears, 0, 0)
	unused, err := s.db.UnusedIdentities(ctx, unusedSince, forgetAtOnce)
	if err != nil {
		return err
	}
	for _, id := range unused {
		if err := s.dropIdentity(ctx, id, "unused", func(i store.WeChatIdentity) bool { return i.SeenAt.Before(unusedSince) }); err != nil {
			return err
		}
	}
	for after := ""; ; {
		staff, err := s.db.StaffIdentities(ctx, after, forgetAtOnce)
		if err != nil {
			return err
		}
		if len(staff) == 0 {
			break
		}
		after = staff[len(staff)-1]
		for _, id := range staff {
			if p, err := s.find(ctx, id); err != nil {
				return err
			} else if p.staff {
				continue
			}
			if err := s.unbind(ctx, "", id, false); err != nil && !errors.Is(err, errNoBound) {
				return err
			}
		}
	}
	nobodys, err := s.db.NobodysIdentities(ctx, forgetAtOnce)
	if err != nil {
		return err
	}
	for _, id := range nobodys {
		if err := s.dropIdentity(ctx, id, "unbound", func(i store.WeChatIdentity) bool { return i.StaffID == "" && i.ResidentAt.IsZero() }); err != nil {
			return err
		}
	}
	return nil
}

// dropIdentity takes an identity from whoever has bound it and erases it, while due still says so.
func (s *Service) dropIdentity(ctx context.Context, id, why string, due func(store.WeChatIdentity) bool) error {
	i, ok, err := s.db.WeChatIdentity(ctx, id)
	if err != nil || !ok {
		return err
	}
	_, err = s.withIdentity(ctx, i.OpenID, func(ctx context.Context, tx *store.Tx, i *store.WeChatIdentity, out *WeChatProgress) error {
		if i.ID == "" || !due(*i) {
			return nil
		}
		if i.StaffID != "" {
			if err := s.unbindStaff(ctx, tx, "", i, why, out); err != nil {
				return err
			}
		}
		if err := s.leave(ctx, tx, "", i, why, out); err != nil {
			return err
		}
		return s.dropResident(ctx, tx, i)
	})
	return err
}
