package notify

import (
	"context"

	"xiaopu/server/auth"
	"xiaopu/server/workflow"
)

// Accounts knows the WeChat accounts that people have bound: auth.Service does.
type Accounts interface {
	// Reach gives the accounts of a recipient.
	Reach(ctx context.Context, recipient string) (auth.Reached, error)
	// NotFollowing notes that the platform says that a recipient does not follow the official account.
	NotFollowing(ctx context.Context, recipient string) error
}

// Directory is the Book of an installation: accounts that people have bound, and of staff what the organisation knows.
type Directory struct {
	Engine   *workflow.Engine
	Accounts Accounts
	// WeCom says that staff are in WeCom, under their person ids as member ids.
	WeCom bool
}

// Reach gives how a recipient can be reached now. Who has left is not reached at all.
func (d *Directory) Reach(ctx context.Context, recipient string) (Reach, error) {
	k, err := d.Engine.Knowledge(ctx)
	if err != nil {
		return Reach{}, err
	}
	p, known := k.Organisation.Person(recipient)
	if known && p.Left {
		return Reach{}, nil
	}
	a, err := d.Accounts.Reach(ctx, recipient)
	if err != nil {
		return Reach{}, err
	}
	r := Reach{OfficialID: a.OfficialID, Follows: a.OfficialID != "", MiniProgram: a.MiniProgram, Phone: a.Phone}
	if known && !p.OnlyResident() {
		r.Phone = p.Phone
		if d.WeCom {
			r.WeCom = p.ID
		}
	}
	return r, nil
}

// Unreachable notes what the platform says of who follows. Numbers and member ids are the organisation's, and a mini-program's
// account ends by the person.
func (d *Directory) Unreachable(ctx context.Context, recipient, channel string) error {
	if channel != Official {
		return nil
	}
	return d.Accounts.NotFollowing(ctx, recipient)
}
