package store_test

import (
	"bytes"
	"context"
	"testing"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/vault"
)

// A new key takes over the secrets of second factors and platforms too, and the old one is not forgotten before.
func TestSecretsMoveToANewKey(t *testing.T) {
	key := func(b byte) []byte { return bytes.Repeat([]byte{b}, vault.KeyBytes) }
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		open := func(keys vault.Keys) *store.DB {
			db := must[*store.DB](t)(store.Open(ctx, dsn, store.Options{Sealer: must[*vault.Vault](t)(vault.New(keys, key(9)))}))
			t.Cleanup(func() { _ = db.Close() })
			must[int](t)(db.Migrate(ctx))
			if err := db.CheckKeys(ctx, monday); err != nil {
				t.Fatal(err)
			}
			return db
		}
		old := open(vault.Keys{1: key(1)})
		const place = "accounts.totp:p-1"
		inTx(t, old, func(ctx context.Context, tx *store.Tx) error {
			a, none := newAccount("p-1"), newAccount("p-2")
			a.TOTP, none.TOTP = must[string](t)(old.Sealer().Seal([]byte("secret"), place)), ""
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
			if err := tx.InsertAccount(ctx, &none); err != nil {
				return err
			}
			return tx.AddPlatform(ctx, store.Platform{ID: "hotline", Name: "12345", Source: ticket.Hotline, Key: "key of the platform", CreatedAt: monday})
		})
		db := open(vault.Keys{1: key(1), 2: key(2)})
		forget := func() int {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetKeys(ctx) })
			return number(t, db, "vault_keys", `key_id = 1`)
		}
		if forget() != 1 {
			t.Error("the old key is forgotten while something is sealed under it")
		}
		for _, want := range []int{1, 0} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				n, damaged, err := tx.ResealAccounts(ctx)
				if n != want || len(damaged) > 0 {
					t.Errorf("%d sealed anew, %v", n, damaged)
				}
				return err
			})
		}
		if forget() != 1 {
			t.Error("the old key is forgotten while a platform's key is sealed under it")
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.ResealPlatforms(ctx); return err })
		for _, u := range must[[]store.KeyUse](t)(db.KeyUses(ctx)) {
			if u.Key == 1 && u.Secrets != 0 || u.Key == 2 && u.Secrets != 2 {
				t.Errorf("%+v", u)
			}
		}
		if forget() != 0 {
			t.Error("the old key is not forgotten")
		}
		alone := open(vault.Keys{2: key(2)})
		a, _, err := alone.Account(ctx, "p-1")
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := alone.Sealer().Open(a.TOTP, place); err != nil || string(plain) != "secret" {
			t.Errorf("%q %v", plain, err)
		}
		if list := must[[]store.Platform](t)(alone.Platforms(ctx)); len(list) != 1 || list[0].Key != "key of the platform" {
			t.Error("the platform's key is gone")
		}
		inTx(t, alone, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE accounts SET totp = ? WHERE person_id = ?`, "1.1.AAAA", "p-1")
			return err
		})
		inTx(t, alone, func(ctx context.Context, tx *store.Tx) error {
			n, damaged, err := tx.ResealAccounts(ctx)
			if n != 0 || len(damaged) != 1 {
				t.Errorf("%d, %v", n, damaged)
			}
			return err
		})
	})
}
