package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// knownBlind is what the blind index's key is known by, beside the values that the master keys are known by.
const knownBlind = "xiaopu"

func placeOfKey(id int) string { return fmt.Sprintf("vault_keys.sealed:%d", id) }

// CheckKeys makes sure that this program has the keys with which was sealed here, so that one with others is refused before
// it seals what nobody else can read: failed_precondition vault.wrong_keys. A key that is new here is noted.
func (db *DB) CheckKeys(ctx context.Context, now time.Time) error {
	s := db.Sealer()
	for range 2 { // once more when another process notes the key first
		known, err := db.checkKeys(ctx)
		if err != nil || known[s.CurrentKey()] {
			return err
		}
		sealed, err := s.Seal([]byte(knownBlind), placeOfKey(s.CurrentKey()))
		if err != nil {
			return err
		}
		_, err = db.exec(ctx, `INSERT INTO vault_keys (key_id, sealed, blind, created_at) VALUES (?, ?, ?, ?)`,
			s.CurrentKey(), sealed, s.Blind("check", knownBlind), Millis(now))
		if err != nil && !isDuplicate(err) {
			return fmt.Errorf("keys: %w", err)
		}
	}
	return nil
}

// checkKeys gives the keys that have sealed here; all of them are this program's.
func (db *DB) checkKeys(ctx context.Context) (known map[int]bool, err error) {
	s := db.Sealer()
	rows, err := db.query(ctx, `SELECT key_id, sealed, blind FROM vault_keys ORDER BY key_id`)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	defer func() { _ = rows.Close() }()
	known = map[int]bool{}
	for rows.Next() {
		var id int
		var sealed, blind string
		if err := rows.Scan(&id, &sealed, &blind); err != nil {
			return nil, err
		}
		if _, err := s.Open(sealed, placeOfKey(id)); err != nil {
			return nil, wrongKeys("封存密钥缺少第 %d 号，或不是原来的那一把", id).With(err)
		}
		if blind != s.Blind("check", knownBlind) {
			return nil, wrongKeys("检索密钥（index）不是原来的那一把")
		}
		known[id] = true
	}
	return known, rows.Err()
}

func wrongKeys(format string, args ...any) *apperr.Error {
	return apperr.New(apperr.FailedPrecondition, "vault.wrong_keys",
		"密钥与数据库不符：%s。请从备份取回原来的密钥文件，经 XIAOPU_VAULT_KEYS_FILE 提供；不要另行生成，否则已封存的个人信息无法读取。", fmt.Sprintf(format, args...))
}

// KeyUse is how much is sealed under a key; Key is 0 for what is not sealed yet.
type KeyUse struct {
	Key             int
	Tickets, People int
	Secrets         int // of second factors and platforms
	Residents       int // rows of what is known of people in WeChat
}

// KeyUses counts what is sealed under each key, by key.
func (db *DB) KeyUses(ctx context.Context) ([]KeyUse, error) {
	uses := map[int]*KeyUse{}
	use := func(key int) *KeyUse {
		if uses[key] == nil {
			uses[key] = &KeyUse{Key: key}
		}
		return uses[key]
	}
	count := func(text string, add func(key, n int)) error {
		rows, err := db.query(ctx, text)
		if err != nil {
			return fmt.Errorf("keys: %w", err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var key, n int
			if err := rows.Scan(&key, &n); err != nil {
				return err
			}
			add(key, n)
		}
		return rows.Err()
	}
	err := errors.Join(
		count(`SELECT sealed_key, COUNT(*) FROM tickets GROUP BY sealed_key`, func(key, n int) { use(key).Tickets += n }),
		count(`SELECT sealed_key, COUNT(*) FROM organisation WHERE kind = '`+PersonKind+`' GROUP BY sealed_key`, func(key, n int) { use(key).People += n }),
		count(`SELECT key_id, 0 FROM vault_keys`, func(key, _ int) { use(key) }),
	)
	for _, table := range sealedTables {
		err = errors.Join(err, count(`SELECT sealed_key, COUNT(*) FROM `+table+` GROUP BY sealed_key`, func(key, n int) { use(key).Residents += n }))
	}
	sealed, secretsErr := secrets(ctx, db)
	for _, one := range sealed {
		use(db.Sealer().KeyOf(one.sealed)).Secrets++
	}
	err = errors.Join(err, secretsErr)
	var list []KeyUse
	for _, u := range uses {
		list = append(list, *u)
	}
	slices.SortFunc(list, func(a, b KeyUse) int { return a.Key - b.Key })
	return list, err
}

// ResealFrom is how far a pass of re-sealing has come.
type ResealFrom struct {
	table int // of sealedTables
	key   int
	id    string
	Done  bool // nothing is left behind it
}

// Reseal seals up to limit tickets anew that are sealed under an older key, or not at all, behind from. It gives how many, how
// far it came, and the tickets that do not open: they stay as they are, and the pass goes on behind them. Any number of
// processes may do it at once, and beside everything else: what somebody has written meanwhile stays.
func (tx *Tx) Reseal(ctx context.Context, from ResealFrom, limit int) (n int, next ResealFrom, damaged []error, err error) {
	s := tx.Sealer()
	rows, err := tx.query(ctx, `SELECT id, fingerprint, sealed_body, sealed_raw, sealed_key, updated_at, row_at IS NULL, person_at IS NULL FROM tickets
		WHERE sealed_key >= ? AND sealed_key < ? AND (sealed_key > ? OR id > ?) ORDER BY sealed_key, id LIMIT ?`, from.key, s.CurrentKey(), from.key, from.id, limit)
	if err != nil {
		return 0, from, nil, fmt.Errorf("re-seal: %w", err)
	}
	type row struct {
		id, fingerprint string
		sealed          sealedTicket
		updated         int64
		rowGone, erased bool
	}
	var list []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.fingerprint, &r.sealed.body, &r.sealed.raw, &r.sealed.key, &r.updated, &r.rowGone, &r.erased); err != nil {
			return 0, from, nil, errors.Join(err, rows.Close())
		}
		list = append(list, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, from, nil, fmt.Errorf("re-seal: %w", err)
	}
	next = from
	for _, r := range list {
		next.key, next.id = r.sealed.key, r.id
		body, raw, err := openTicket(s, r.id, r.sealed)
		if err != nil {
			damaged = append(damaged, fmt.Errorf("ticket %s: %w", r.id, err))
			continue
		}
		fresh := sealedTicket{key: s.CurrentKey()}
		if fresh.body, err = s.SealBytes(pack(body), placeOfBody(r.id)); err != nil {
			return n, next, damaged, err
		}
		if len(raw) > 0 {
			if fresh.raw, err = s.SealBytes(pack(raw), placeOfRaw(r.id)); err != nil {
				return n, next, damaged, err
			}
		}
		fingerprint := r.fingerprint
		if r.sealed.key == 0 {
			fingerprint = blindFingerprint(s, ticket.Ticket{Fingerprint: r.fingerprint})
		}
		// What was erased since it was read has not changed the ticket otherwise.
		changed, err := tx.exec(ctx, `UPDATE tickets SET fingerprint = ?, sealed_body = ?, sealed_raw = ?, sealed_key = ?
			WHERE id = ? AND sealed_key = ? AND updated_at = ? AND fingerprint = ? AND (row_at IS NULL) = ? AND (person_at IS NULL) = ?`,
			fingerprint, fresh.body, fresh.raw, fresh.key, r.id, r.sealed.key, r.updated, r.fingerprint, r.rowGone, r.erased)
		if err != nil {
			return n, next, damaged, fmt.Errorf("re-seal ticket %s: %w", r.id, err)
		}
		if changed > 0 && r.sealed.key == 0 {
			if err := tx.findable(ctx, r.id); err != nil {
				return n, next, damaged, err
			}
		}
		n += int(changed)
	}
	next.Done = len(list) < limit
	return n, next, damaged, nil
}

// findable makes a ticket from before there were keys findable by its ID number.
func (tx *Tx) findable(ctx context.Context, id string) error {
	r, err := tx.Ticket(ctx, id)
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM ticket_identities WHERE ticket_id = ?`, id)
	}
	if err != nil {
		return err
	}
	return tx.insertIdentities(ctx, r)
}

// ResealPeople seals the people of the organisation anew that are sealed under an older key, or not at all.
func (tx *Tx) ResealPeople(ctx context.Context) (n int, damaged []error, err error) {
	s := tx.Sealer()
	rows, err := tx.query(ctx, `SELECT id, body, sealed_key FROM organisation WHERE kind = ? AND sealed_key < ?`, PersonKind, s.CurrentKey())
	if err != nil {
		return 0, nil, fmt.Errorf("re-seal people: %w", err)
	}
	type row struct {
		id, body string
		key      int
	}
	var list []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.body, &r.key); err != nil {
			return 0, nil, errors.Join(err, rows.Close())
		}
		list = append(list, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, nil, fmt.Errorf("re-seal people: %w", err)
	}
	for _, r := range list {
		plain := []byte(r.body)
		if r.key > 0 {
			if plain, err = s.Open(r.body, placeOfPerson(r.id)); err != nil {
				damaged = append(damaged, fmt.Errorf("person %s: %w", r.id, err))
				continue
			}
		}
		fresh, err := s.Seal(plain, placeOfPerson(r.id))
		if err != nil {
			return n, damaged, err
		}
		changed, err := tx.exec(ctx, `UPDATE organisation SET body = ?, sealed_key = ? WHERE kind = ? AND id = ? AND body = ?`, fresh, s.CurrentKey(), PersonKind, r.id, r.body)
		if err != nil {
			return n, damaged, fmt.Errorf("re-seal person %s: %w", r.id, err)
		}
		n += int(changed)
	}
	return n, damaged, nil
}

// ForgetKeys drops what older keys are known by once nothing is sealed under them, so that the program starts without them.
func (tx *Tx) ForgetKeys(ctx context.Context) error {
	current := tx.Sealer().CurrentKey()
	texts := []string{
		`SELECT id FROM tickets WHERE sealed_key < ? ORDER BY sealed_key, id LIMIT 1`,
		`SELECT id FROM organisation WHERE kind = '` + PersonKind + `' AND sealed_key < ? LIMIT 1`,
		// What imports keep is not sealed anew: in days it is gone.
		`SELECT import_id FROM import_chunks WHERE sealed_key < ? ORDER BY sealed_key, import_id LIMIT 1`,
		`SELECT import_id FROM import_rows WHERE sealed_key < ? ORDER BY sealed_key, import_id LIMIT 1`,
		`SELECT id FROM reviews WHERE sealed_key > 0 AND sealed_key < ? ORDER BY sealed_key, id LIMIT 1`,
		`SELECT id FROM locations WHERE sealed_key < ? ORDER BY sealed_key, id LIMIT 1`,
		`SELECT id FROM ticket_notes WHERE sealed_key > 0 AND sealed_key < ? ORDER BY sealed_key, id LIMIT 1`,
		`SELECT id FROM attachments WHERE sealed_key > 0 AND sealed_key < ? ORDER BY sealed_key, id LIMIT 1`,
		`SELECT order_no FROM ticket_facts WHERE sealed_key > 0 AND sealed_key < ? ORDER BY sealed_key, source, order_no LIMIT 1`,
		`SELECT hash FROM one_use_codes WHERE sealed_key < ? ORDER BY sealed_key, hash LIMIT 1`,
	}
	for _, table := range sealedTables {
		texts = append(texts, `SELECT id FROM `+table+` WHERE sealed_key < ? ORDER BY sealed_key, id LIMIT 1`)
	}
	for _, text := range texts {
		var id string
		if err := tx.queryRow(ctx, text, current).Scan(&id); err == nil {
			return nil // not yet
		} else if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("keys: %w", err)
		}
	}
	list, err := secrets(ctx, tx)
	if err != nil {
		return err
	}
	changes, err := tx.openChanges(ctx)
	if err != nil {
		return err
	}
	for _, sealed := range changes {
		if tx.Sealer().KeyOf(sealed) < current {
			return nil
		}
	}
	for _, one := range list {
		if tx.Sealer().KeyOf(one.sealed) < current {
			return nil
		}
	}
	if _, err := tx.exec(ctx, `DELETE FROM vault_keys WHERE key_id < ?`, current); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}
