package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/workday"
)

// The names under which revisions are counted: what every process keeps in memory.
const (
	CalendarRevision     = "calendar"
	PolicyRevision       = "policy"
	OrganisationRevision = "organisation"
	ClockRevision        = "clock" // the demonstration clock's offset in milliseconds
	DemoRevision         = "demo"  // above 0 in a database that holds the demonstration
)

// Revisions gives the current revision of everything kept in memory.
func (db *DB) Revisions(ctx context.Context) (map[string]int64, error) {
	rows, err := db.query(ctx, `SELECT name, value FROM revisions`)
	if err != nil {
		return nil, fmt.Errorf("revisions: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var v int64
		if err := rows.Scan(&name, &v); err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, rows.Err()
}

// Revise counts a revision on, so that every process loads anew.
func (tx *Tx) Revise(ctx context.Context, name string, by int64) error {
	n, err := tx.exec(ctx, `UPDATE revisions SET value = value + ? WHERE name = ?`, by, name)
	if err == nil && n == 0 {
		_, err = tx.exec(ctx, `INSERT INTO revisions (name, value) VALUES (?, ?)`, name, by)
		if isDuplicate(err) {
			_, err = tx.exec(ctx, `UPDATE revisions SET value = value + ? WHERE name = ?`, by, name)
		}
	}
	if err != nil {
		return fmt.Errorf("revision %s: %w", name, err)
	}
	return nil
}

// StoredYear is a loaded edition of a year's working days.
type StoredYear struct {
	Edition  int
	Year     workday.Year
	LoadedAt time.Time
	LoadedBy string
}

// CalendarYears lists the ruling edition of every year.
func (db *DB) CalendarYears(ctx context.Context) ([]StoredYear, error) {
	rows, err := db.query(ctx, `SELECT edition, body, loaded_at, loaded_by FROM calendar_years ORDER BY year, edition`)
	if err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []StoredYear
	for rows.Next() {
		var y StoredYear
		var body []byte
		if err := rows.Scan(&y.Edition, &body, (*Millis)(&y.LoadedAt), &y.LoadedBy); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &y.Year); err != nil {
			return nil, fmt.Errorf("calendar: %w", err)
		}
		if n := len(list); n > 0 && list[n-1].Year.Year == y.Year.Year {
			list[n-1] = y
			continue
		}
		list = append(list, y)
	}
	return list, rows.Err()
}

// AddCalendarYear stores a new edition of a year.
func (tx *Tx) AddCalendarYear(ctx context.Context, y workday.Year, by string, now time.Time) error {
	body, err := json.Marshal(y)
	if err != nil {
		return err
	}
	var edition int
	if err := tx.queryRow(ctx, `SELECT COALESCE(MAX(edition), 0) FROM calendar_years WHERE year = ?`, y.Year).Scan(&edition); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `INSERT INTO calendar_years (year, edition, source, body, loaded_at, loaded_by) VALUES (?, ?, ?, ?, ?, ?)`,
		y.Year, edition+1, cut(y.Source, 200), body, Millis(now), by); err != nil {
		return fmt.Errorf("calendar year %d: %w", y.Year, err)
	}
	return tx.Revise(ctx, CalendarRevision, 1)
}

// StoredClosure is a local closure with who declared it.
type StoredClosure struct {
	ID        string
	Closure   workday.Closure
	CreatedAt time.Time
	CreatedBy string
}

// Closures lists the local closures in force.
func (db *DB) Closures(ctx context.Context) ([]StoredClosure, error) {
	rows, err := db.query(ctx, `SELECT id, from_on, to_on, reason, created_at, created_by FROM calendar_closures WHERE revoked_at IS NULL ORDER BY from_on, id`)
	if err != nil {
		return nil, fmt.Errorf("closures: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []StoredClosure
	for rows.Next() {
		var c StoredClosure
		var from, to string
		if err := rows.Scan(&c.ID, &from, &to, &c.Closure.Reason, (*Millis)(&c.CreatedAt), &c.CreatedBy); err != nil {
			return nil, err
		}
		if c.Closure.From, err = workday.ParseDate(from); err != nil {
			return nil, err
		}
		if c.Closure.To, err = workday.ParseDate(to); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// AddClosure declares a local closure.
func (tx *Tx) AddClosure(ctx context.Context, c StoredClosure) error {
	if _, err := tx.exec(ctx, `INSERT INTO calendar_closures (id, from_on, to_on, reason, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?)`,
		c.ID, c.Closure.From.String(), c.Closure.To.String(), c.Closure.Reason, Millis(c.CreatedAt), c.CreatedBy); err != nil {
		return fmt.Errorf("closure: %w", err)
	}
	return tx.Revise(ctx, CalendarRevision, 1)
}

// RevokeClosure takes a closure back; it says whether there was one.
func (tx *Tx) RevokeClosure(ctx context.Context, id string, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE calendar_closures SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, Millis(now), id)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.Revise(ctx, CalendarRevision, 1)
}

// Policies lists every version of the policy that was not taken back, oldest first.
func (db *DB) Policies(ctx context.Context) ([]casework.Policy, error) {
	stored, err := db.PolicyVersions(ctx)
	var list []casework.Policy
	for _, p := range stored {
		if p.WithdrawnAt.IsZero() {
			list = append(list, p.Policy)
		}
	}
	return list, err
}

// StoredPolicy is a version of the policy with what is known of it.
type StoredPolicy struct {
	Policy    casework.Policy
	Reason    string
	DryRun    []byte // JSON, nil for none
	CreatedAt time.Time
	CreatedBy string
	// WithdrawnAt is when it was taken back, before its day; zero when it was not.
	WithdrawnAt time.Time
	WithdrawnBy string
}

// PolicyVersions lists every version of the policy, oldest first.
func (db *DB) PolicyVersions(ctx context.Context) ([]StoredPolicy, error) {
	rows, err := db.query(ctx, `SELECT body, reason, dry_run, created_at, created_by, withdrawn_at, withdrawn_by FROM policies ORDER BY version`)
	if err != nil {
		return nil, fmt.Errorf("policies: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []StoredPolicy
	for rows.Next() {
		var body []byte
		var p StoredPolicy
		if err := rows.Scan(&body, &p.Reason, &p.DryRun, (*Millis)(&p.CreatedAt), &p.CreatedBy, (*Millis)(&p.WithdrawnAt), &p.WithdrawnBy); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &p.Policy); err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
		p.Policy = p.Policy.Ruling()
		list = append(list, p)
	}
	return list, rows.Err()
}

// ErrPolicyTaken says that somebody made a version of this number first.
var ErrPolicyTaken = apperr.New(apperr.Aborted, "policy.version_conflict", "刚有人登记了新的版本，请刷新页面，核对后重新提交。")

// AddPolicy stores a new version of the policy; ErrPolicyTaken when there is one of its number.
func (tx *Tx) AddPolicy(ctx context.Context, p StoredPolicy) error {
	body, err := json.Marshal(p.Policy)
	if err != nil {
		return err
	}
	var dryRun any
	if p.DryRun != nil {
		dryRun = p.DryRun
	}
	if _, err := tx.exec(ctx, `INSERT INTO policies (version, effective_on, body, reason, dry_run, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		p.Policy.Version, p.Policy.EffectiveOn.String(), body, p.Reason, dryRun, Millis(p.CreatedAt), p.CreatedBy); isDuplicate(err) {
		return ErrPolicyTaken
	} else if err != nil {
		return fmt.Errorf("policy %d: %w", p.Policy.Version, err)
	}
	return tx.Revise(ctx, PolicyRevision, 1)
}

// WithdrawPolicy takes a version back that is not in force yet on the day given; it says whether there was one.
func (tx *Tx) WithdrawPolicy(ctx context.Context, version int, today workday.Date, by string, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE policies SET withdrawn_at = ?, withdrawn_by = ? WHERE version = ? AND withdrawn_at IS NULL AND effective_on > ?`,
		Millis(now), by, version, today.String())
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.Revise(ctx, PolicyRevision, 1)
}

// PersonKind is the kind of the organisation's rows that are about people. They are stored sealed.
const PersonKind = "person"

func placeOfPerson(id string) string { return "organisation.body:" + PersonKind + ":" + id }

// OrganisationRow is one department, grid, community, person or delegation, as JSON.
type OrganisationRow struct {
	Kind, ID string
	Body     []byte
}

// Organisation lists everything the organisation is made of.
func (db *DB) Organisation(ctx context.Context) ([]OrganisationRow, error) {
	rows, err := db.query(ctx, `SELECT kind, id, body, sealed_key FROM organisation ORDER BY kind, id`)
	if err != nil {
		return nil, fmt.Errorf("organisation: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []OrganisationRow
	for rows.Next() {
		var r OrganisationRow
		var key int
		if err := rows.Scan(&r.Kind, &r.ID, &r.Body, &key); err != nil {
			return nil, err
		}
		if key > 0 {
			if r.Body, err = db.Sealer().Open(string(r.Body), placeOfPerson(r.ID)); err != nil {
				return nil, fmt.Errorf("organisation %s %s: %w", r.Kind, r.ID, err)
			}
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// PutOrganisation stores rows of the organisation, new or changed.
func (tx *Tx) PutOrganisation(ctx context.Context, list []OrganisationRow) error {
	for _, r := range list {
		body, key := string(r.Body), 0
		if r.Kind == PersonKind {
			var err error
			if body, err = tx.Sealer().Seal(r.Body, placeOfPerson(r.ID)); err != nil {
				return fmt.Errorf("organisation %s %s: %w", r.Kind, r.ID, err)
			}
			key = tx.Sealer().CurrentKey()
		}
		n, err := tx.exec(ctx, `UPDATE organisation SET body = ?, sealed_key = ? WHERE kind = ? AND id = ?`, body, key, r.Kind, r.ID)
		if err == nil && n == 0 {
			_, err = tx.exec(ctx, `INSERT INTO organisation (kind, id, body, sealed_key) VALUES (?, ?, ?, ?)`, r.Kind, r.ID, body, key)
		}
		if err != nil {
			return fmt.Errorf("organisation %s %s: %w", r.Kind, r.ID, err)
		}
	}
	return tx.Revise(ctx, OrganisationRevision, 1)
}

// Sequence gives the value of a sequence; 0 when it has not begun.
func (db *DB) Sequence(ctx context.Context, name string) (int64, error) {
	var v int64
	err := db.queryRow(ctx, `SELECT value FROM sequences WHERE name = ?`, name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return v, err
}

// MoveSequence sets a sequence from one value to another; false when somebody moved it first.
func (tx *Tx) MoveSequence(ctx context.Context, name string, from, to int64) (bool, error) {
	if from == 0 {
		_, err := tx.exec(ctx, `INSERT INTO sequences (name, value) VALUES (?, ?)`, name, to)
		if isDuplicate(err) {
			return false, nil
		}
		return err == nil, err
	}
	n, err := tx.exec(ctx, `UPDATE sequences SET value = ? WHERE name = ? AND value = ?`, to, name, from)
	return n == 1, err
}
