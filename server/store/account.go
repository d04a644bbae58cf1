package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Account is how a member of staff signs in.
type Account struct {
	PersonID string
	Version  int64
	// Login is the login name as it may be shown: a phone number masked. LoginIndex is its blind index, by which it is found.
	Login, LoginIndex string
	Password          string    // hash, as a PHC string; "" for an account that nobody can sign in to
	PasswordAt        time.Time // when it was set
	PasswordUntil     time.Time // of an initial password: until when it is good
	History           []string  // earlier hashes, the latest first
	MustChange        bool
	TOTP              string    // sealed secret of the second factor; "" for none yet
	TOTPStep          int64     // the last time step whose code was used
	Recovery          []string  // indexes of the recovery codes left
	UnlockedAt        time.Time // what failed before no longer counts
	DisabledAt        time.Time
	DisabledWhy       string
	CreatedAt         time.Time
	ActiveAt          time.Time // when it was last signed in to, made or enabled
	SignedInAt        time.Time
}

// ErrChanged says that a row has changed since it was read: what was decided must be decided anew.
var ErrChanged = errors.New("store: changed since it was read")

// ErrTaken says that another row has this unique value.
var ErrTaken = errors.New("store: taken")

const accountColumns = `person_id, version, login, login_index, password, password_at, password_until, history, must_change, totp, totp_step,
	recovery, unlocked_at, disabled_at, disabled_why, created_at, active_at, signed_in_at`

func (a *Account) scan(scan func(dest ...any) error) error {
	var history, recovery []byte
	if err := scan(&a.PersonID, &a.Version, &a.Login, &a.LoginIndex, &a.Password, (*Millis)(&a.PasswordAt), (*Millis)(&a.PasswordUntil), &history, &a.MustChange,
		&a.TOTP, &a.TOTPStep, &recovery, (*Millis)(&a.UnlockedAt), (*Millis)(&a.DisabledAt), &a.DisabledWhy,
		(*Millis)(&a.CreatedAt), (*Millis)(&a.ActiveAt), (*Millis)(&a.SignedInAt)); err != nil {
		return err
	}
	return errors.Join(json.Unmarshal(history, &a.History), json.Unmarshal(recovery, &a.Recovery))
}

// readAccount reads the account that the rest of the statement finds; ok is false when there is none.
func readAccount(ctx context.Context, q querier, where string, arg string) (a Account, ok bool, err error) {
	err = a.scan(q.queryRow(ctx, `SELECT `+accountColumns+` FROM accounts WHERE `+where, arg).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, false, nil
	}
	if err != nil {
		return Account{}, false, fmt.Errorf("account: %w", err)
	}
	return a, true, nil
}

// Account gives a person's account; ok is false when there is none.
func (db *DB) Account(ctx context.Context, personID string) (a Account, ok bool, err error) {
	return readAccount(ctx, db, `person_id = ?`, personID)
}

// Account gives a person's account as the transaction sees it; ok is false when there is none.
func (tx *Tx) Account(ctx context.Context, personID string) (a Account, ok bool, err error) {
	return readAccount(ctx, tx, `person_id = ?`, personID)
}

// AccountByLogin finds an account by the blind index of its login name.
func (db *DB) AccountByLogin(ctx context.Context, index string) (a Account, ok bool, err error) {
	return readAccount(ctx, db, `login_index = ?`, index)
}

// Accounts lists accounts whose person ids lie in (after, until], by person id.
func (db *DB) Accounts(ctx context.Context, after, until string) ([]Account, error) {
	rows, err := db.query(ctx, `SELECT `+accountColumns+` FROM accounts WHERE person_id > ? AND person_id <= ? ORDER BY person_id`, after, until)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Account
	for rows.Next() {
		var a Account
		if err := a.scan(rows.Scan); err != nil {
			return nil, fmt.Errorf("accounts: %w", err)
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// UnusedAccounts lists up to limit persons whose enabled account has not been signed in to since the instant given.
func (db *DB) UnusedAccounts(ctx context.Context, before time.Time, limit int) ([]string, error) {
	rows, err := db.query(ctx, `SELECT person_id FROM accounts WHERE disabled_at IS NULL AND active_at <= ? ORDER BY active_at, person_id LIMIT ?`, Millis(before), limit)
	if err != nil {
		return nil, fmt.Errorf("unused accounts: %w", err)
	}
	return texts(rows)
}

// texts reads rows of one text each to their end.
func texts(rows *sql.Rows) ([]string, error) {
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

func (a *Account) values() ([]any, error) {
	history, err := json.Marshal(append([]string{}, a.History...))
	if err != nil {
		return nil, err
	}
	recovery, err := json.Marshal(append([]string{}, a.Recovery...))
	if err != nil {
		return nil, err
	}
	return []any{
		a.Login, a.LoginIndex, a.Password, Millis(a.PasswordAt), Millis(a.PasswordUntil), history, a.MustChange, a.TOTP, a.TOTPStep,
		recovery, Millis(a.UnlockedAt), Millis(a.DisabledAt), a.DisabledWhy, Millis(a.CreatedAt), Millis(a.ActiveAt), Millis(a.SignedInAt),
	}, nil
}

// InsertAccount stores a new account, as version 1. It returns ErrTaken when the person has one already or the login name is
// another's.
func (tx *Tx) InsertAccount(ctx context.Context, a *Account) error {
	values, err := a.values()
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO accounts (`+accountColumns+`) VALUES (`+marks(len(values)+2)+`)`, append([]any{a.PersonID, 1}, values...)...)
	if isDuplicate(err) {
		return ErrTaken
	}
	if err != nil {
		return fmt.Errorf("account %s: %w", a.PersonID, err)
	}
	a.Version = 1
	return nil
}

// SaveAccount stores an account over the version that was read. It returns ErrChanged when somebody was first, and ErrTaken
// when the login name is another's.
func (tx *Tx) SaveAccount(ctx context.Context, a *Account) error {
	values, err := a.values()
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `UPDATE accounts SET version = version + 1, login = ?, login_index = ?, password = ?, password_at = ?, password_until = ?, history = ?,
		must_change = ?, totp = ?, totp_step = ?, recovery = ?, unlocked_at = ?, disabled_at = ?, disabled_why = ?, created_at = ?, active_at = ?,
		signed_in_at = ? WHERE person_id = ? AND version = ?`, append(values, a.PersonID, a.Version)...)
	switch {
	case isDuplicate(err):
		return ErrTaken
	case err != nil:
		return fmt.Errorf("account %s: %w", a.PersonID, err)
	case n == 0:
		return ErrChanged
	}
	a.Version++
	return nil
}

// SignIn is a sign-in under way: its person gave the right password and has further steps before them.
type SignIn struct {
	Hash         string // of the token that names it
	PersonID     string
	Password     string // the hash the password was checked against: another one makes it void
	SecondFactor bool   // whether a code was given
	TOTP         string // sealed secret shown and not yet confirmed
	Codes        int    // tried so far
	WeChatID     string // the WeChat identity that confirmed it on the phone, instead of a password; "" for one with a password
	ExpiresAt    time.Time
}

// InsertSignIn stores a sign-in that has begun.
func (tx *Tx) InsertSignIn(ctx context.Context, s SignIn) error {
	if _, err := tx.exec(ctx, `INSERT INTO sign_ins (hash, person_id, password, second_factor, totp, expires_at, wechat_id) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		s.Hash, s.PersonID, s.Password, s.SecondFactor, s.TOTP, Millis(s.ExpiresAt), s.WeChatID); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	return nil
}

func readSignIn(ctx context.Context, q querier, hash string) (s SignIn, ok bool, err error) {
	s.Hash = hash
	err = q.queryRow(ctx, `SELECT person_id, password, second_factor, totp, codes, expires_at, wechat_id FROM sign_ins WHERE hash = ?`, hash).
		Scan(&s.PersonID, &s.Password, &s.SecondFactor, &s.TOTP, &s.Codes, (*Millis)(&s.ExpiresAt), &s.WeChatID)
	if errors.Is(err, sql.ErrNoRows) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("sign-in: %w", err)
	}
	return s, true, nil
}

// SignIn gives a sign-in under way; ok is false when there is none.
func (db *DB) SignIn(ctx context.Context, hash string) (s SignIn, ok bool, err error) {
	return readSignIn(ctx, db, hash)
}

// SignIn gives a sign-in as the transaction sees it.
func (tx *Tx) SignIn(ctx context.Context, hash string) (s SignIn, ok bool, err error) {
	return readSignIn(ctx, tx, hash)
}

// SaveSignIn stores how far a sign-in has come.
func (tx *Tx) SaveSignIn(ctx context.Context, s SignIn) error {
	if _, err := tx.exec(ctx, `UPDATE sign_ins SET password = ?, second_factor = ? WHERE hash = ?`, s.Password, s.SecondFactor, s.Hash); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	return nil
}

// CountCode counts a code before it is decided. What is tried in one sign-in at the same time thereby waits for each other.
func (tx *Tx) CountCode(ctx context.Context, hash string) error {
	if _, err := tx.exec(ctx, `UPDATE sign_ins SET codes = codes + 1 WHERE hash = ?`, hash); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	return nil
}

// ShowTOTP keeps the sealed secret that is shown; when one is kept already, that stays.
func (tx *Tx) ShowTOTP(ctx context.Context, hash, sealed string) error {
	if _, err := tx.exec(ctx, `UPDATE sign_ins SET totp = ? WHERE hash = ? AND totp = ''`, sealed, hash); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	return nil
}

// FinishSignIn takes a sign-in away; false when somebody was first.
func (tx *Tx) FinishSignIn(ctx context.Context, hash string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM sign_ins WHERE hash = ?`, hash)
	if err != nil {
		return false, fmt.Errorf("sign-in: %w", err)
	}
	return n > 0, nil
}

// DropSignIns takes away every sign-in of a person that is under way.
func (tx *Tx) DropSignIns(ctx context.Context, personID string) error {
	if _, err := tx.exec(ctx, `DELETE FROM sign_ins WHERE person_id = ?`, personID); err != nil {
		return fmt.Errorf("sign-ins: %w", err)
	}
	return nil
}
