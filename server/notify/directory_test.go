package notify

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

type bound map[string]auth.Reached

func (b bound) Reach(_ context.Context, recipient string) (auth.Reached, error) {
	return b[recipient], nil
}

func (b bound) NotFollowing(_ context.Context, recipient string) error {
	delete(b, recipient)
	return nil
}

func TestWhoCanBeReachedHow(t *testing.T) {
	e := workflow.New(storetest.Open(t), workflow.Options{Clock: func() time.Time { return tuesday }, Logger: slog.New(slog.DiscardHandler)})
	if err := e.Seed(t.Context(), nil, casework.DefaultPolicy()); err != nil {
		t.Fatal(err)
	}
	if err := e.LoadOrganisation(t.Context(), workflow.Street{People: []organisation.Person{
		{ID: "p-1", Name: "王敏", Phone: "13800001111", Posts: []organisation.Post{{Role: casework.Centre}}},
		{ID: "p-2", Name: "钱进", Phone: "13800002222", Left: true, Posts: []organisation.Post{{Role: casework.Supervisor}}},
	}}); err != nil {
		t.Fatal(err)
	}
	accounts := bound{
		"p-1": {OfficialID: "oa-1", MiniProgram: "mp-1"}, "p-2": {OfficialID: "oa-2", MiniProgram: "mp-2"},
		"requester:r-1": {MiniProgram: "mp-3", Phone: "13900003333"},
	}
	d := &Directory{Engine: e, Accounts: accounts, WeCom: true}
	for recipient, want := range map[string]Reach{
		"p-1":           {OfficialID: "oa-1", Follows: true, MiniProgram: "mp-1", Phone: "13800001111", WeCom: "p-1"},
		"p-2":           {}, // has left
		"requester:r-1": {MiniProgram: "mp-3", Phone: "13900003333"},
		"requester:r-2": {},
	} {
		if got, err := d.Reach(t.Context(), recipient); err != nil || got != want {
			t.Errorf("%s: %+v %v", recipient, got, err)
		}
	}
	for _, channel := range []string{SMS, Once} {
		if err := d.Unreachable(t.Context(), "p-1", channel); err != nil || accounts["p-1"].OfficialID == "" {
			t.Error(channel, err)
		}
	}
	if err := d.Unreachable(t.Context(), "p-1", Official); err != nil || accounts["p-1"].OfficialID != "" {
		t.Error(err)
	}
}
