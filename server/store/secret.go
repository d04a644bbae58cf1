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

// underOlder is a value sealed under an older key, and how a fresh one is stored where it stands, unless somebody has written
// there meanwhile.
type underOlder struct {
	place, sealed string
	put           func(fresh string) (changed int64, err error)
}

// resealValues seals values anew. It gives how many, and those that do not open: they stay as they are.
func (tx *Tx) resealValues(list []underOlder) (n int, damaged []error, err error) {
	s := tx.Sealer()
	for _, v := range list {
		plain, err := s.Open(v.sealed, v.place)
		if err != nil {
			damaged = append(damaged, fmt.Errorf("%s: %w", v.place, err))
			continue
		}
		fresh, err := s.Seal(plain, v.place)
		if err != nil {
			return n, damaged, err
		}
		changed, err := v.put(fresh)
		if err != nil {
			return n, damaged, fmt.Errorf("re-seal %s: %w", v.place, err)
		}
		n += int(changed)
	}
	return n, damaged, nil
}

// ResealAccounts seals the secrets of second factors anew that are sealed under an older key. It gives how many, and those that
// do not open.
func (tx *Tx) ResealAccounts(ctx context.Context) (n int, damaged []error, err error) {
	s := tx.Sealer()
	all, err := secrets(ctx, tx)
	if err != nil {
		return 0, nil, err
	}
	var list []underOlder
	for _, one := range all {
		if one.table != "accounts" || s.KeyOf(one.sealed) == s.CurrentKey() {
			continue
		}
		list = append(list, underOlder{one.place(), one.sealed, func(fresh string) (int64, error) {
			return tx.exec(ctx, `UPDATE accounts SET version = version + 1, totp = ? WHERE person_id = ? AND totp = ?`, fresh, one.id, one.sealed)
		}})
	}
	return tx.resealValues(list)
}

// sealedTables are the tables that hold one sealed value for each of many people, by id, in the column sealed.
var sealedTables = []string{"wechat_identities", "resident_phones", "wechat_followers"}

// ResealEach seals up to limit rows of sealedTables anew that are sealed under an older key, behind from. It gives how many, how
// far it has come, and those that do not open.
func (tx *Tx) ResealEach(ctx context.Context, from ResealFrom, limit int) (n int, next ResealFrom, damaged []error, err error) {
	s := tx.Sealer()
	for next = from; next.table < len(sealedTables) && next.key >= s.CurrentKey(); {
		next = ResealFrom{table: next.table + 1}
	}
	if next.table >= len(sealedTables) {
		return 0, ResealFrom{Done: true}, nil, nil
	}
	table := sealedTables[next.table]
	rows, err := tx.query(ctx, `SELECT id, sealed FROM `+table+` WHERE sealed_key = ? AND id > ? ORDER BY id LIMIT ?`, next.key, next.id, limit)
	if err != nil {
		return 0, next, nil, fmt.Errorf("re-seal %s: %w", table, err)
	}
	var list []underOlder
	for rows.Next() {
		one := secret{table: table, column: "sealed"}
		if err := rows.Scan(&one.id, &one.sealed); err != nil {
			return 0, next, nil, errors.Join(err, rows.Close())
		}
		next.id = one.id
		list = append(list, underOlder{one.place(), one.sealed, func(fresh string) (int64, error) {
			return tx.exec(ctx, `UPDATE `+table+` SET sealed = ?, sealed_key = ? WHERE id = ? AND sealed = ?`, fresh, s.CurrentKey(), one.id, one.sealed)
		}})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, next, nil, err
	}
	if len(list) < limit {
		next.key, next.id = next.key+1, ""
	}
	n, damaged, err = tx.resealValues(list)
	return n, next, damaged, err
}

// resealColumn seals up to limit values in the column sealed of a table anew that are sealed under an older key, by key and then
// id; place is what a value is sealed for. Key 0 is without a value.
func (tx *Tx) resealColumn(ctx context.Context, table string, place func(id string) string, from ResealFrom, limit int) (n int, next ResealFrom, damaged []error, err error) {
	s := tx.Sealer()
	from.key = max(from.key, 1)
	rows, err := tx.query(ctx, `SELECT id, sealed, sealed_key FROM `+table+` WHERE sealed_key >= ? AND sealed_key < ? AND (sealed_key > ? OR id > ?) ORDER BY sealed_key, id LIMIT ?`,
		from.key, s.CurrentKey(), from.key, from.id, limit)
	if err != nil {
		return 0, from, nil, fmt.Errorf("re-seal %s: %w", table, err)
	}
	next = from
	var list []underOlder
	for rows.Next() {
		var id, sealed string
		if err := rows.Scan(&id, &sealed, &next.key); err != nil {
			return 0, from, nil, errors.Join(err, rows.Close())
		}
		next.id = id
		list = append(list, underOlder{place(id), sealed, func(fresh string) (int64, error) {
			return tx.exec(ctx, `UPDATE `+table+` SET sealed = ?, sealed_key = ? WHERE id = ? AND sealed = ?`, fresh, s.CurrentKey(), id, sealed)
		}})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, from, nil, fmt.Errorf("re-seal %s: %w", table, err)
	}
	next.Done = len(list) < limit
	n, damaged, err = tx.resealValues(list)
	return n, next, damaged, err
}
