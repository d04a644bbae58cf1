package store

import (
	"context"
	"errors"
	"fmt"
)

// secretColumns are the sealed columns of small tables, beside the tickets and people that vault_key.go knows: each value
// is sealed for the place “table.column:id”, and "" is none.
var secretColumns = []struct{ table, id, column string }{
	{"accounts", "person_id", "totp"},
	{"platforms", "id", "key_sealed"},
	{"platforms", "id", "previous_key"},
}

// secret is one sealed value where it stands.
type secret struct{ table, column, id, sealed string }

func (s secret) place() string { return s.table + "." + s.column + ":" + s.id }

// secrets lists every sealed value of secretColumns.
func secrets(ctx context.Context, q querier) ([]secret, error) {
	var list []secret
	for _, c := range secretColumns {
		rows, err := q.query(ctx, `SELECT `+c.id+`, `+c.column+` FROM `+c.table+` WHERE `+c.column+` <> ''`)
		if err != nil {
			return nil, fmt.Errorf("secrets: %w", err)
		}
		for rows.Next() {
			s := secret{table: c.table, column: c.column}
			if err := rows.Scan(&s.id, &s.sealed); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			list = append(list, s)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("secrets: %w", err)
		}
	}
	return list, nil
}

// ResealAccounts seals the secrets of second factors anew that are sealed under an older key. It gives how many, and those that
// do not open.
func (tx *Tx) ResealAccounts(ctx context.Context) (n int, damaged []error, err error) {
	s := tx.Sealer()
	list, err := secrets(ctx, tx)
	if err != nil {
		return 0, nil, err
	}
	for _, one := range list {
		if one.table != "accounts" || s.KeyOf(one.sealed) == s.CurrentKey() {
			continue
		}
		plain, err := s.Open(one.sealed, one.place())
		if err != nil {
			damaged = append(damaged, fmt.Errorf("%s: %w", one.place(), err))
			continue
		}
		fresh, err := s.Seal(plain, one.place())
		if err != nil {
			return n, damaged, err
		}
		changed, err := tx.exec(ctx, `UPDATE accounts SET version = version + 1, totp = ? WHERE person_id = ? AND totp = ?`, fresh, one.id, one.sealed)
		if err != nil {
			return n, damaged, fmt.Errorf("re-seal %s: %w", one.place(), err)
		}
		n += int(changed)
	}
	return n, damaged, nil
}

// sealedTables are the tables that hold one sealed value for each of many people, by id, in the column sealed.
var sealedTables = []string{"wechat_identities", "resident_phones", "wechat_followers"}

// ResealEach seals up to limit rows of sealedTables anew that are sealed under an older key, behind from. It gives how many, how
// far it has come, and those that do not open.
func (tx *Tx) ResealEach(ctx context.Context, from ResealEachFrom, limit int) (n int, next ResealEachFrom, damaged []error, err error) {
	s := tx.Sealer()
	for next = from; next.table < len(sealedTables) && next.key >= s.CurrentKey(); {
		next = ResealEachFrom{table: next.table + 1}
	}
	if next.table >= len(sealedTables) {
		return 0, ResealEachFrom{Done: true}, nil, nil
	}
	table := sealedTables[next.table]
	rows, err := tx.query(ctx, `SELECT id, sealed FROM `+table+` WHERE sealed_key = ? AND id > ? ORDER BY id LIMIT ?`, next.key, next.id, limit)
	if err != nil {
		return 0, next, nil, fmt.Errorf("re-seal %s: %w", table, err)
	}
	var list []secret
	for rows.Next() {
		one := secret{table: table, column: "sealed"}
		if err := rows.Scan(&one.id, &one.sealed); err != nil {
			return 0, next, nil, errors.Join(err, rows.Close())
		}
		next.id = one.id
		list = append(list, one)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, next, nil, err
	}
	if len(list) < limit {
		next.key, next.id = next.key+1, ""
	}
	for _, one := range list {
		plain, err := s.Open(one.sealed, one.place())
		if err != nil {
			damaged = append(damaged, fmt.Errorf("%s: %w", one.place(), err))
			continue
		}
		fresh, err := s.Seal(plain, one.place())
		if err != nil {
			return n, next, damaged, err
		}
		changed, err := tx.exec(ctx, `UPDATE `+table+` SET sealed = ?, sealed_key = ? WHERE id = ? AND sealed = ?`, fresh, s.CurrentKey(), one.id, one.sealed)
		if err != nil {
			return n, next, damaged, fmt.Errorf("re-seal %s: %w", one.place(), err)
		}
		n += int(changed)
	}
	return n, next, damaged, nil
}

// ResealEachFrom is how far a pass of ResealEach has come.
type ResealEachFrom struct {
	table, key int
	id         string
	Done       bool
}
