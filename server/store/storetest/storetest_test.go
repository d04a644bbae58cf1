package storetest_test

import (
	"testing"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
)

func TestEachGivesNewDatabases(t *testing.T) {
	for range 2 {
		storetest.Each(t, func(t *testing.T, db *store.DB) {
			if n, err := db.Migrate(t.Context()); n != 0 || err != nil {
				t.Errorf("not migrated: %d, %v", n, err)
			}
			if err := db.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDSNs(t *testing.T) {
	for _, dsn := range storetest.DSNs(t) {
		db, err := store.Open(t.Context(), dsn, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := db.Migrate(t.Context()); n == 0 || err != nil {
			t.Errorf("%s is not empty: %d, %v", db.Engine(), n, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkEach(b *testing.B) {
	storetest.Each(b, func(b *testing.B, db *store.DB) {
		for b.Loop() {
			if err := db.Ping(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
