package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestLocations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		at := func(id, caseID, name string) store.Location {
			return store.Location{Location: casework.Location{Latitude: 30.9187, Longitude: 121.4738, Accuracy: 20, Name: name, Address: "望舒路888弄"}, ID: id, CaseID: caseID, Author: "p-1", At: monday}
		}
		a, b, c := at("c-1", "c-1", "望舒里"), at("NS2026-000001-T1", "c-1", "望舒里12号楼"), at("t-1", "", "望舒里北门")
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, l := range []store.Location{a, b, c} {
				if err := tx.InsertLocation(ctx, l); err != nil {
					return err
				}
			}
			return nil
		})
		all := []string{"c-1", "t-1", "none", "NS2026-000001-T1"}
		first := must[[]store.Location](t)(db.Locations(t.Context(), all, "", 2))
		rest := must[[]store.Location](t)(db.Locations(t.Context(), all, first[1].ID, 2))
		if got := slices.Concat(first, rest); !slices.Equal(got, []store.Location{b, a, c}) {
			t.Errorf("%#v", got)
		}
		var sealed string
		if err := db.Scan(t.Context(), []any{&sealed}, `SELECT sealed FROM locations WHERE id = 't-1'`); err != nil || strings.Contains(sealed, "30.9187") || strings.Contains(sealed, "望舒") {
			t.Error(sealed, err)
		}
		err := db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertLocation(ctx, at("c-1", "c-1", "别处"))
		})
		if err == nil {
			t.Error("a case has two places")
		}
		// A ticket's is not aged by itself.
		aged := must[[]store.Aged](t)(db.AgedLocations(t.Context(), monday, store.Aged{}, 9))
		if len(aged) != 2 || aged[0].ID != b.ID || aged[1].ID != a.ID {
			t.Errorf("%+v", aged)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, want := range []bool{true, false} {
				if done, err := tx.DropLocation(ctx, "t-1"); err != nil || done != want {
					t.Errorf("dropped %v, %v", done, err)
				}
			}
			return tx.KeepLocationFrom(ctx, "c-1", monday.AddDate(0, 0, 1))
		})
		if aged := must[[]store.Aged](t)(db.AgedLocations(t.Context(), monday, store.Aged{}, 9)); len(aged) != 1 {
			t.Errorf("%+v", aged)
		}
		if got := must[[]store.Location](t)(db.Locations(t.Context(), all, "", 9)); len(got) != 2 {
			t.Errorf("%#v", got)
		}
	})
}
