package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// PlatformRevision counts the changes to platforms.
const PlatformRevision = "platforms"

// Platform is another system that pushes tickets (对接平台).
type Platform struct {
	ID        string
	Name      string
	Source    ticket.Source
	Addresses []string // it may send from, networks or single ones; empty for any
	Key       string   // as told to the platform; sealed at rest
	// PreviousKey is valid until PreviousUntil; "" for none.
	PreviousKey   string
	PreviousUntil time.Time
	CreatedAt     time.Time
	CreatedBy     string
	DisabledAt    time.Time // zero while it may push

	sealed string // the key as it was read: sealed anew at every change, so that it tells whether somebody else was first
}

// What can be wrong with a platform: there is none with that id, there is one already, or somebody has changed it meanwhile.
var (
	ErrNoPlatform     = apperr.New(apperr.NotFound, "platform.not_found", "没有这个对接平台。")
	ErrPlatformExists = apperr.New(apperr.AlreadyExists, "platform.exists", "已有这个编号的对接平台，请换一个编号。")
	ErrPlatformStale  = apperr.New(apperr.Aborted, "platform.changed", "对接平台刚被他人修改，请刷新后重试。")
)

func keyPlace(id string) string         { return "platforms.key_sealed:" + id }
func previousKeyPlace(id string) string { return "platforms.previous_key:" + id }

// sealKey seals a platform's key; "" stays "".
func sealKey(s Sealer, key, place string) (string, error) {
	if key == "" {
		return "", nil
	}
	return s.Seal([]byte(key), place)
}

func openKey(s Sealer, sealed, place string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	plain, err := s.Open(sealed, place)
	return string(plain), err
}

// AddPlatform stores a new platform. ErrPlatformExists when its id is taken.
func (tx *Tx) AddPlatform(ctx context.Context, p Platform) error {
	addresses, err := json.Marshal(p.Addresses)
	if err != nil {
		return err
	}
	key, err := sealKey(tx.Sealer(), p.Key, keyPlace(p.ID))
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO platforms (id, name, source, addresses, key_sealed, previous_key, created_at, created_by) VALUES (?, ?, ?, ?, ?, '', ?, ?)`,
		p.ID, p.Name, string(p.Source), addresses, key, Millis(p.CreatedAt), p.CreatedBy)
	if isDuplicate(err) {
		return ErrPlatformExists
	}
	if err != nil {
		return fmt.Errorf("platform %s: %w", p.ID, err)
	}
	return tx.Revise(ctx, PlatformRevision, 1)
}

// SetPlatform stores what changes of a platform: keys and whether it is disabled. ErrPlatformStale when somebody else has
// changed it since p was read.
func (tx *Tx) SetPlatform(ctx context.Context, p Platform) error {
	key, err := sealKey(tx.Sealer(), p.Key, keyPlace(p.ID))
	if err != nil {
		return err
	}
	previous, err := sealKey(tx.Sealer(), p.PreviousKey, previousKeyPlace(p.ID))
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `UPDATE platforms SET key_sealed = ?, previous_key = ?, previous_until = ?, disabled_at = ? WHERE id = ? AND key_sealed = ?`,
		key, previous, Millis(p.PreviousUntil), Millis(p.DisabledAt), p.ID, p.sealed)
	if err != nil {
		return fmt.Errorf("platform %s: %w", p.ID, err)
	}
	if n == 0 {
		return ErrPlatformStale
	}
	return tx.Revise(ctx, PlatformRevision, 1)
}

// Platforms lists every platform by id. They are few.
func (db *DB) Platforms(ctx context.Context) ([]Platform, error) { return platforms(ctx, db) }

func platforms(ctx context.Context, q querier) ([]Platform, error) {
	rows, err := q.query(ctx, `SELECT id, name, source, addresses, key_sealed, previous_key, previous_until, created_at, created_by, disabled_at FROM platforms ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("platforms: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Platform
	for rows.Next() {
		var p Platform
		var addresses []byte
		var previous string
		if err := rows.Scan(&p.ID, &p.Name, &p.Source, &addresses, &p.sealed, &previous, (*Millis)(&p.PreviousUntil), (*Millis)(&p.CreatedAt), &p.CreatedBy, (*Millis)(&p.DisabledAt)); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(addresses, &p.Addresses); err != nil {
			return nil, fmt.Errorf("platform %s: %w", p.ID, err)
		}
		if p.Key, err = openKey(q.Sealer(), p.sealed, keyPlace(p.ID)); err != nil {
			return nil, err
		}
		if p.PreviousKey, err = openKey(q.Sealer(), previous, previousKeyPlace(p.ID)); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// ResealPlatforms seals the keys of platforms anew that are sealed under an older key, and says how many platforms.
func (tx *Tx) ResealPlatforms(ctx context.Context) (n int, err error) {
	list, err := platforms(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, p := range list {
		// Both keys are sealed at every change, so the first tells of the second too.
		if tx.Sealer().KeyOf(p.sealed) == tx.Sealer().CurrentKey() {
			continue
		}
		if err := tx.SetPlatform(ctx, p); errors.Is(err, ErrPlatformStale) {
			continue // whoever was first has sealed it
		} else if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// PlatformTicket is a ticket that a platform has pushed.
type PlatformTicket struct{ TicketID, Platform, OrderNo string }

// PlatformTickets gives those of the tickets with these ids that a platform has pushed.
func (tx *Tx) PlatformTickets(ctx context.Context, ticketIDs []string) ([]PlatformTicket, error) {
	var list []PlatformTicket
	for part := range slices.Chunk(ticketIDs, maxParams) {
		rows, err := tx.query(ctx, `SELECT ticket_id, platform, order_no FROM platform_tickets WHERE ticket_id IN (`+marks(len(part))+`)`, arguments(part)...)
		if err != nil {
			return nil, fmt.Errorf("tickets of platforms: %w", err)
		}
		for rows.Next() {
			var p PlatformTicket
			if err := rows.Scan(&p.TicketID, &p.Platform, &p.OrderNo); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			list = append(list, p)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("tickets of platforms: %w", err)
		}
	}
	return list, nil
}

// AddPlatformTickets notes that tickets are a platform's; one that is another's stays so.
func (tx *Tx) AddPlatformTickets(ctx context.Context, list []PlatformTicket) error {
	ids := make([]string, 0, len(list))
	for _, p := range list {
		ids = append(ids, p.TicketID)
	}
	known, err := tx.PlatformTickets(ctx, ids)
	if err != nil {
		return err
	}
	args := make([]any, 0, 3*len(list))
	for _, p := range list {
		if !slices.ContainsFunc(known, func(k PlatformTicket) bool { return k.TicketID == p.TicketID }) {
			args = append(args, p.TicketID, p.Platform, p.OrderNo)
		}
	}
	if err := tx.insertRows(ctx, `INSERT INTO platform_tickets (ticket_id, platform, order_no) VALUES `, 3, args); err != nil {
		return fmt.Errorf("tickets of platforms: %w", err)
	}
	return nil
}

// FeedRow is one thing that happened to a platform's ticket.
type FeedRow struct {
	Platform    string
	Seq         int64
	At          time.Time
	OrderNo     string
	Kind        string
	Number      string // of the case; "" while in none
	Status      casework.Status
	DueAt       time.Time
	Provisional bool
}

// AppendFeed adds rows to the platforms' feeds and numbers them. The numbers are taken last in a transaction: whoever has
// one commits before the next, so that who reads behind a number misses nothing.
func (tx *Tx) AppendFeed(ctx context.Context, rows []FeedRow) error {
	byPlatform := map[string][]FeedRow{}
	var order []string
	for _, r := range rows {
		if byPlatform[r.Platform] == nil {
			order = append(order, r.Platform)
		}
		byPlatform[r.Platform] = append(byPlatform[r.Platform], r)
	}
	slices.Sort(order) // the same for all, so that none waits in a circle
	for _, p := range order {
		last, err := tx.CountOn(ctx, "feed-"+p, int64(len(byPlatform[p])))
		if err != nil {
			return err
		}
		seq := last - int64(len(byPlatform[p]))
		args := make([]any, 0, 9*len(byPlatform[p]))
		for _, r := range byPlatform[p] {
			seq++
			args = append(args, p, seq, Millis(r.At), r.OrderNo, r.Kind, r.Number, string(r.Status), Millis(r.DueAt), r.Provisional)
		}
		if err := tx.insertRows(ctx, `INSERT INTO platform_feed (platform, seq, at, order_no, kind, number, status, due_at, provisional) VALUES `, 9, args); err != nil {
			return fmt.Errorf("feed of %s: %w", p, err)
		}
	}
	return nil
}

// Feed lists what happened to a platform's tickets behind a number, in order.
func (db *DB) Feed(ctx context.Context, platform string, after int64, limit int) ([]FeedRow, error) {
	rows, err := db.query(ctx, `SELECT seq, at, order_no, kind, number, status, due_at, provisional FROM platform_feed WHERE platform = ? AND seq > ? ORDER BY seq LIMIT ?`, platform, after, limit)
	if err != nil {
		return nil, fmt.Errorf("feed of %s: %w", platform, err)
	}
	defer func() { _ = rows.Close() }()
	var list []FeedRow
	for rows.Next() {
		r := FeedRow{Platform: platform}
		if err := rows.Scan(&r.Seq, (*Millis)(&r.At), &r.OrderNo, &r.Kind, &r.Number, &r.Status, (*Millis)(&r.DueAt), &r.Provisional); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// PlatformRequest is a request of a platform that was done.
type PlatformRequest struct {
	Platform, Signature                  string
	At                                   time.Time
	Created, Updated, Unchanged, Refused int
}

// RequestDone reports whether a platform's request with this signature was done.
func (tx *Tx) RequestDone(ctx context.Context, platform, signature string) (bool, error) {
	list, err := scanStrings(tx.query(ctx, `SELECT signature FROM platform_requests WHERE platform = ? AND signature = ?`, platform, signature))
	return len(list) > 0, err
}

// NoteRequest notes a request that is done.
func (tx *Tx) NoteRequest(ctx context.Context, r PlatformRequest) error {
	_, err := tx.exec(ctx, `INSERT INTO platform_requests (platform, signature, at, created, updated, unchanged, refused) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		r.Platform, r.Signature, Millis(r.At), r.Created, r.Updated, r.Unchanged, r.Refused)
	if err != nil {
		return fmt.Errorf("request of %s: %w", r.Platform, err)
	}
	return nil
}

// TakeRequests removes up to limit requests from before an instant, the oldest first, and gives them. ErrStale when another
// process is doing so.
func (tx *Tx) TakeRequests(ctx context.Context, before time.Time, limit int) ([]PlatformRequest, error) {
	rows, err := tx.query(ctx, `SELECT platform, signature, at, created, updated, unchanged, refused FROM platform_requests WHERE at < ? ORDER BY at, platform, signature LIMIT ?`, Millis(before), limit)
	if err != nil {
		return nil, fmt.Errorf("requests of platforms: %w", err)
	}
	var list []PlatformRequest
	for rows.Next() {
		var r PlatformRequest
		if err := rows.Scan(&r.Platform, &r.Signature, (*Millis)(&r.At), &r.Created, &r.Updated, &r.Unchanged, &r.Refused); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, r := range list {
		n, err := tx.exec(ctx, `DELETE FROM platform_requests WHERE platform = ? AND signature = ?`, r.Platform, r.Signature)
		if err != nil {
			return nil, fmt.Errorf("requests of platforms: %w", err)
		}
		if n == 0 {
			return nil, ErrStale
		}
	}
	return list, nil
}
