package workflow

import (
	"context"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// ImportProfile is an import profile as people see it.
type ImportProfile struct {
	ticket.Profile
	Builtin   bool      `json:"builtin" doc:"随系统提供的；不能修改，另存一个同名的即可代替"`
	Version   int64     `json:"version,omitempty"`
	UpdatedBy *Named    `json:"updated_by,omitempty" doc:"最后修改的人"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

const builtinPrefix = "builtin-"

// builtin gives the shipped profiles of a source.
func (e *Engine) builtin(source ticket.Source) []ticket.Profile {
	var list []ticket.Profile
	for _, p := range e.profiles {
		if p.Source == source {
			p.ID = builtinPrefix + string(p.Source)
			list = append(list, p)
		}
	}
	return list
}

// ImportProfiles lists the profiles of a source: the saved ones by name, then those shipped whose name no saved one has
// taken.
func (e *Engine) ImportProfiles(ctx context.Context, source ticket.Source) ([]ImportProfile, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	saved, err := e.db.ImportProfiles(ctx, source)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	list := []ImportProfile{}
	for _, s := range saved {
		taken[s.Profile.Name] = true
		list = append(list, shownProfile(k, s))
	}
	for _, p := range e.builtin(source) {
		if !taken[p.Name] {
			list = append(list, ImportProfile{Profile: p, Builtin: true})
		}
	}
	return list, nil
}

func shownProfile(k *Knowledge, s store.ImportProfile) ImportProfile {
	p := ImportProfile{Profile: s.Profile, Version: s.Version, UpdatedAt: s.UpdatedAt}
	if s.UpdatedBy != "" {
		p.UpdatedBy = &Named{ID: s.UpdatedBy, Name: k.Organisation.PersonName(s.UpdatedBy)}
	}
	return p
}

// ProfilesToTry gives the profiles of a source as an import tries them; with a name or id, that one alone.
//
// Errors: store.ErrNoProfile with the names there are.
func (e *Engine) ProfilesToTry(ctx context.Context, source ticket.Source, name string) ([]ticket.Profile, error) {
	list, err := e.ImportProfiles(ctx, source)
	if err != nil {
		return nil, err
	}
	var all []ticket.Profile
	var names []string
	for _, p := range list {
		if name != "" && (p.ID == name || p.Name == name) {
			return []ticket.Profile{p.Profile}, nil
		}
		all = append(all, p.Profile)
		names = append(names, "“"+p.Name+"”")
	}
	if name == "" {
		return all, nil
	}
	if len(names) == 0 {
		names = []string{"（还没有）"}
	}
	return nil, apperr.New(apperr.NotFound, store.ErrNoProfile.Reason, "来源“%s”没有名为“%s”的导入模板，现有：%s。", source.Label(), name, strings.Join(names, "、"))
}

// SaveImportProfile stores a profile: a new one without an id, else the one with that id if it still has the version given.
//
// Errors: those of ticket.Profile.Check, profile.name_taken, profile.not_found, profile.version_conflict.
func (e *Engine) SaveImportProfile(ctx context.Context, actor casework.Actor, p ticket.Profile, version int64) (ImportProfile, error) {
	p.Name = strings.TrimSpace(p.Name)
	if err := p.Check(); err != nil {
		return ImportProfile{}, err
	}
	if strings.HasPrefix(p.ID, builtinPrefix) {
		return ImportProfile{}, apperr.New(apperr.FailedPrecondition, "profile.builtin", "随系统提供的模板不能修改，请另存为新的模板；与它同名的会代替它。")
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ImportProfile{}, err
	}
	saved := store.ImportProfile{Profile: p, Version: version + 1, UpdatedAt: e.Now(k), UpdatedBy: actor.PersonID}
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		action := "profile.change"
		if p.ID == "" {
			action = "profile.create"
			saved.Profile.ID, saved.Version, saved.CreatedAt, saved.CreatedBy = newID(), 1, saved.UpdatedAt, saved.UpdatedBy
			if err := tx.InsertImportProfile(ctx, saved); err != nil {
				return err
			}
		} else if err := e.changeProfile(ctx, tx, &saved); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, auditedProfile(actor, action, saved.Profile))
	})
	return shownProfile(k, saved), err
}

func (e *Engine) changeProfile(ctx context.Context, tx *store.Tx, p *store.ImportProfile) error {
	old, err := tx.ImportProfile(ctx, p.Profile.ID)
	if err != nil {
		return err
	}
	p.CreatedAt, p.CreatedBy = old.CreatedAt, old.CreatedBy
	if changed, err := tx.UpdateImportProfile(ctx, *p); err != nil || changed {
		return err
	}
	return errProfileVersion
}

func auditedProfile(actor casework.Actor, action string, p ticket.Profile) Audited {
	return Audited{Actor: actor.PersonID, Action: action, Object: "profile:" + p.ID, Detail: map[string]string{"name": p.Name, "source": string(p.Source)}}
}

var errProfileVersion = apperr.New(apperr.Aborted, "profile.version_conflict", "模板刚被别人改过，请刷新后再改。")

// DeleteImportProfile removes a profile, if it still has the version given. Tickets that came in by it stay as they are.
//
// Errors: profile.not_found, profile.version_conflict.
func (e *Engine) DeleteImportProfile(ctx context.Context, actor casework.Actor, id string, version int64) error {
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		old, err := tx.ImportProfile(ctx, id)
		if err != nil {
			return err
		}
		if old.Version != version {
			return errProfileVersion
		}
		if err := tx.DeleteImportProfile(ctx, id); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, auditedProfile(actor, "profile.delete", old.Profile))
	})
}
