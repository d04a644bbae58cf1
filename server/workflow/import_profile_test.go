package workflow_test

import (
	"errors"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

func TestImportProfilesAreSavedChangedAndAudited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		columns := []ticket.ProfileColumn{{Header: "单号", Field: ticket.FieldOrderNo}, {Header: "事情", Field: ticket.FieldContent}}
		shipped := ticket.Profile{Source: ticket.Petition, Name: "信访件登记表", Columns: columns}
		w.e = workflow.New(db, workflow.Options{Clock: w.clock, Profiles: []ticket.Profile{shipped, {Source: ticket.Grid, Name: "网格", Columns: columns}}})
		ctx, who := t.Context(), w.actor("p-cy")
		names := func() (list []string) {
			t.Helper()
			all, err := w.e.ImportProfiles(ctx, ticket.Petition)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				list = append(list, p.Name)
			}
			return list
		}
		wants := func(err error, reason string) {
			t.Helper()
			if apperr.ReasonOf(err) != reason {
				t.Errorf("%v, want %s", err, reason)
			}
		}

		p, err := w.e.SaveImportProfile(ctx, who, ticket.Profile{Source: ticket.Petition, Name: " 区信访办 ", Columns: columns}, 0)
		if err != nil || p.Version != 1 || p.Name != "区信访办" || p.UpdatedBy.Name != "王敏" || p.Builtin {
			t.Fatalf("%v %+v", err, p)
		}
		_, err = w.e.SaveImportProfile(ctx, who, ticket.Profile{Source: ticket.Petition, Name: "区信访办", Columns: columns}, 0)
		wants(err, "profile.name_taken")
		if _, err := w.e.SaveImportProfile(ctx, who, ticket.Profile{Source: ticket.Grid, Name: "区信访办", Columns: columns}, 0); err != nil {
			t.Error("another source may use the name:", err)
		}
		_, err = w.e.SaveImportProfile(ctx, who, ticket.Profile{Source: ticket.Petition, Name: "x"}, 0)
		wants(err, "profile.invalid")

		changed := p.Profile
		changed.Order = ticket.OrderContent
		if q, err := w.e.SaveImportProfile(ctx, who, changed, p.Version); err != nil || q.Version != 2 || q.Order != ticket.OrderContent {
			t.Error(err, q)
		}
		_, err = w.e.SaveImportProfile(ctx, who, changed, p.Version)
		wants(err, "profile.version_conflict")
		missing := changed
		missing.ID = "nobody"
		_, err = w.e.SaveImportProfile(ctx, who, missing, 1)
		wants(err, "profile.not_found")
		missing.ID = "builtin-petition"
		_, err = w.e.SaveImportProfile(ctx, who, missing, 1)
		wants(err, "profile.builtin")

		if got := names(); len(got) != 2 || got[0] != "区信访办" || got[1] != "信访件登记表" {
			t.Error(got)
		}
		own, err := w.e.SaveImportProfile(ctx, who, ticket.Profile{Source: ticket.Petition, Name: shipped.Name, Columns: columns[:1]}, 0)
		if got := names(); err != nil || len(got) != 2 {
			t.Error("a saved one stands for the shipped one of its name:", err, got)
		}
		if list, err := w.e.ProfilesToTry(ctx, ticket.Petition, shipped.Name); err != nil || len(list) != 1 || len(list[0].Columns) != 1 {
			t.Error(list, err)
		}
		_, err = w.e.ProfilesToTry(ctx, ticket.Petition, "没有的")
		var e *apperr.Error
		if !errors.As(err, &e) || e.Code != apperr.NotFound {
			t.Error(err)
		}

		wants(w.e.DeleteImportProfile(ctx, who, own.ID, 7), "profile.version_conflict")
		if err := w.e.DeleteImportProfile(ctx, who, own.ID, own.Version); err != nil {
			t.Error(err)
		}
		wants(w.e.DeleteImportProfile(ctx, who, own.ID, own.Version), "profile.not_found")
		if list, err := w.e.ImportProfiles(ctx, ticket.Petition); err != nil || !list[1].Builtin {
			t.Error("the shipped one is back:", err, list)
		}
		for action, n := range map[string]int{"profile.create": 3, "profile.change": 1, "profile.delete": 1} {
			if list, err := w.e.AuditLog(ctx, store.AuditFilter{Action: action, Limit: 10}); err != nil || len(list) != n || list[0].Actor != "p-cy" {
				t.Error(action, len(list), err)
			}
		}
	})
}
