package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// TicketRow is a ticket with what the system knows beside it.
type TicketRow struct {
	Ticket ticket.Ticket
	// Matter is the key of the matter it is about; Requester that of who asks.
	Matter, Requester string
	MatterBy          MatterBy
	MatterSeq         int64  // of the turn in which it was last written; a reader leaves it at 0
	CaseID            string // "" while in no case
	// Erased says that what names a person was erased, as of when the row was read.
	Erased    bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ErrNoTicket says that there is no ticket with that id, or not for this person.
var ErrNoTicket = apperr.New(apperr.NotFound, "ticket.not_found", "没有找到这件工单，或不在您的查看范围内。")

// TicketKey is how an import finds a ticket again.
type TicketKey struct {
	ID, OrderNo, Matter, Requester, CaseID string
	MatterBy                               MatterBy
	// Erased says that what names a person was erased: it must not come back with the next export.
	Erased bool

	fingerprint string // as stored: blind
	sealer      Sealer
}

// Says reports whether the stored row says the same as t.
func (k TicketKey) Says(t ticket.Ticket) bool { return k.fingerprint == blindFingerprint(k.sealer, t) }

// blindFingerprint is a fingerprint as it is stored: with the plain one, and the row but for the phone, every phone could be
// tried.
func blindFingerprint(s Sealer, t ticket.Ticket) string { return s.Blind("row", t.Fingerprint) }

// TicketKeys finds the stored tickets of a source by order number.
func (tx *Tx) TicketKeys(ctx context.Context, source ticket.Source, orderNos []string) (map[string]TicketKey, error) {
	found := map[string]TicketKey{}
	if len(orderNos) == 0 {
		return found, nil
	}
	args := append([]any{string(source)}, arguments(orderNos)...)
	rows, err := tx.query(ctx, `SELECT id, order_no, fingerprint, matter, matter_by, requester, case_id, person_at IS NULL FROM tickets WHERE source = ? AND order_no IN (`+marks(len(orderNos))+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("find tickets: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		k := TicketKey{sealer: tx.Sealer()}
		if err := rows.Scan(&k.ID, &k.OrderNo, &k.fingerprint, &k.Matter, &k.MatterBy, &k.Requester, &k.CaseID, &k.Erased); err != nil {
			return nil, err
		}
		found[k.OrderNo] = k
	}
	return found, rows.Err()
}

// sealedTicket is a ticket as its row holds it.
type sealedTicket struct {
	body, raw   []byte // raw is nil when there is none
	key         int
	fingerprint string // blind
}

func placeOfBody(id string) string { return "tickets.body:" + id }
func placeOfRaw(id string) string  { return "tickets.raw:" + id }

func sealTicket(s Sealer, t ticket.Ticket) (out sealedTicket, err error) {
	if len(t.Raw) > 0 {
		// Header and text in turn: half of what names for both would take. What stands in the body too is only named.
		cells := make([]string, 0, 2*len(t.Raw))
		fields := longFields(&t)
		for _, c := range t.Raw {
			text := c.Text
			for i, f := range fields {
				if len(text) >= worthNaming && text == *f {
					text = fieldMark + string(rune('0'+i))
					break
				}
			}
			cells = append(cells, c.Header, text)
		}
		raw, err := json.Marshal(cells)
		if err != nil {
			return out, err
		}
		if out.raw, err = s.SealBytes(pack(raw), placeOfRaw(t.ID)); err != nil {
			return out, err
		}
	}
	t.Raw = nil
	body, err := json.Marshal(t)
	if err != nil {
		return out, err
	}
	out.key, out.fingerprint = s.CurrentKey(), blindFingerprint(s, t)
	out.body, err = s.SealBytes(pack(body), placeOfBody(t.ID))
	return out, err
}

// longFields are the texts of a ticket's body that are its row's too, in an order that never changes.
func longFields(t *ticket.Ticket) [5]*string {
	return [...]*string{&t.Content, &t.Title, &t.Reply, &t.Feedback, &t.Address}
}

const (
	fieldMark   = "\x00" // before the number of one of longFields; no cell has it
	worthNaming = 12     // bytes
)

// openTicket gives the JSON of body and raw. Rows from before there were keys, with key 0, are not sealed.
func openTicket(s Sealer, id string, in sealedTicket) (body, raw []byte, err error) {
	if in.key == 0 {
		return in.body, in.raw, nil
	}
	open := func(sealed []byte, place string) ([]byte, error) {
		b, err := s.OpenBytes(sealed, place)
		if err != nil {
			return nil, err
		}
		return unpack(b)
	}
	if body, err = open(in.body, placeOfBody(id)); err != nil || len(in.raw) == 0 {
		return body, nil, err
	}
	raw, err = open(in.raw, placeOfRaw(id))
	return body, raw, err
}

// decodeRaw reads the cells of t's row, also as they were written before there were keys.
func decodeRaw(t *ticket.Ticket, raw []byte) ([]ticket.Cell, error) {
	var flat []string
	if err := json.Unmarshal(raw, &flat); err != nil {
		var cells []ticket.Cell
		return cells, json.Unmarshal(raw, &cells)
	}
	if len(flat)%2 != 0 {
		return nil, errors.New("a header without a text")
	}
	cells := make([]ticket.Cell, 0, len(flat)/2)
	fields := longFields(t)
	for pair := range slices.Chunk(flat, 2) {
		text := pair[1]
		if no, named := strings.CutPrefix(text, fieldMark); named {
			if no < "0" || no > "4" || len(no) != 1 {
				return nil, errors.New("a text that names no field")
			}
			text = *fields[no[0]-'0']
		}
		cells = append(cells, ticket.Cell{Header: pair[0], Text: text})
	}
	return cells, nil
}

// agingAt is when a ticket began to wait; NULL when it no longer does or is in a case.
func agingAt(r TicketRow) time.Time {
	if r.CaseID != "" || !r.Ticket.Open() {
		return time.Time{}
	}
	return r.Ticket.AcceptedAt
}

// InsertTickets stores new tickets. Those of the next statement are sealed while the database works on this one.
func (tx *Tx) InsertTickets(ctx context.Context, list []TicketRow) error {
	const width = 18
	ahead := sealAhead(tx.Sealer(), list)
	defer ahead.stop()
	err := tx.insertMany(ctx, `INSERT INTO tickets (id, source, order_no, fingerprint, matter, matter_by, matter_seq, requester,
		accepted_at, aging_at, case_id, sealed_body, sealed_raw, sealed_key, row_at, person_at, created_at, updated_at) VALUES `, width, len(list), func(from, to int) ([]any, error) {
		args := make([]any, 0, width*(to-from))
		for _, r := range list[from:to] {
			sealed, err := ahead.next()
			if err != nil {
				return nil, fmt.Errorf("ticket %s: %w", r.Ticket.OrderNo, err)
			}
			t := r.Ticket
			args = append(args, t.ID, string(t.Source), t.OrderNo, sealed.fingerprint, r.Matter, string(r.MatterBy), r.MatterSeq, r.Requester,
				Millis(t.AcceptedAt), Millis(agingAt(r)), r.CaseID, sealed.body, sealed.raw, sealed.key, Millis(rowAt(r)), Millis(t.AcceptedAt), Millis(r.CreatedAt), Millis(r.UpdatedAt))
		}
		return args, nil
	})
	if err != nil {
		return fmt.Errorf("insert tickets: %w", err)
	}
	return tx.insertIdentities(ctx, list...)
}

// sealing is a list of tickets being sealed, in order, ahead of who stores them.
type sealing struct {
	out  chan sealedTicket
	err  error // set before out is closed
	quit chan struct{}
}

func sealAhead(s Sealer, list []TicketRow) *sealing {
	w := &sealing{out: make(chan sealedTicket, maxParams), quit: make(chan struct{})}
	go func() {
		defer close(w.out)
		for _, r := range list {
			sealed, err := sealTicket(s, r.Ticket)
			if err != nil {
				w.err = err
				return
			}
			select {
			case w.out <- sealed:
			case <-w.quit:
				return
			}
		}
	}()
	return w
}

// next gives the next ticket, or why it could not be sealed.
func (w *sealing) next() (sealedTicket, error) {
	sealed, ok := <-w.out
	switch {
	case ok:
		return sealed, nil
	case w.err != nil:
		return sealed, w.err
	}
	return sealed, errSealing
}

var errSealing = errors.New("store: more tickets asked for than are being sealed")

// stop ends it, when not all were asked for, and waits for it.
func (w *sealing) stop() {
	close(w.quit)
	for range w.out { // until it is closed
	}
}

// rowAt is since when the row as it came is kept; zero when it is not.
func rowAt(r TicketRow) time.Time {
	if len(r.Ticket.Raw) == 0 {
		return time.Time{}
	}
	return r.UpdatedAt
}

// insertIdentities makes tickets that name an ID number findable by it.
func (tx *Tx) insertIdentities(ctx context.Context, list ...TicketRow) error {
	var args []any
	for _, r := range list {
		if key := IdentityIndex(tx.Sealer(), r.Ticket.Requester.IDNumber); key != "" {
			args = append(args, key, Millis(r.Ticket.AcceptedAt), r.Ticket.ID)
		}
	}
	if err := tx.insertRows(ctx, `INSERT INTO ticket_identities (identity, accepted_at, ticket_id) VALUES `, 3, args); err != nil {
		return fmt.Errorf("identities of tickets: %w", err)
	}
	return nil
}

// PhoneIndex is the key under which a requester's tickets are found: the same phone gives the same key, and without the index
// key it does not give the phone. "" for no phone, and for what is typed in its place (0, 00000000000): those who have it are not
// one person.
func PhoneIndex(s Sealer, phone string) string {
	key := ticket.PhoneKey(phone)
	if len(key) < leastPhone || strings.Trim(key, key[:1]) == "" && strings.ContainsAny(key[:1], "01") {
		return ""
	}
	return s.Blind("phone", key)
}

const leastPhone = 5 // digits of a service number

// IdentityIndex is the blind index of an ID number or a credit code; "" for none.
func IdentityIndex(s Sealer, number string) string {
	return s.Blind("identity", ticket.IdentityKey(number))
}

// UpdateTicket stores a ticket whose row changed; its case stays. ErrStale when what names a person was erased since r was
// read: it must not come back.
func (tx *Tx) UpdateTicket(ctx context.Context, r TicketRow) error {
	sealed, err := sealTicket(tx.Sealer(), r.Ticket)
	if err != nil {
		return fmt.Errorf("ticket %s: %w", r.Ticket.OrderNo, err)
	}
	t := r.Ticket
	n, err := tx.exec(ctx, `UPDATE tickets SET fingerprint = ?, matter = ?, matter_by = ?, matter_seq = ?, requester = ?, accepted_at = ?, aging_at = ?, sealed_body = ?, sealed_raw = ?,
		sealed_key = ?, row_at = ?, updated_at = ? WHERE id = ? AND (person_at IS NULL) = ?`,
		sealed.fingerprint, r.Matter, string(r.MatterBy), r.MatterSeq, r.Requester, Millis(t.AcceptedAt), Millis(agingAt(r)), sealed.body, sealed.raw,
		sealed.key, Millis(rowAt(r)), Millis(r.UpdatedAt), t.ID, r.Erased)
	if err == nil && n == 0 {
		return ErrStale
	}
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM ticket_identities WHERE ticket_id = ?`, t.ID)
	}
	if err != nil {
		return fmt.Errorf("update ticket %s: %w", t.OrderNo, err)
	}
	return tx.insertIdentities(ctx, r)
}

// SetTicketCase notes which case tickets are in.
func (tx *Tx) SetTicketCase(ctx context.Context, caseID string, ticketIDs ...string) error {
	for part := range slices.Chunk(ticketIDs, maxParams) {
		args := append([]any{caseID}, arguments(part)...)
		if _, err := tx.exec(ctx, `UPDATE tickets SET case_id = ?, aging_at = NULL WHERE id IN (`+marks(len(part))+`)`, args...); err != nil {
			return fmt.Errorf("tickets of case %s: %w", caseID, err)
		}
	}
	return nil
}

// LeaveCase notes that a ticket was taken out of its case; it begins to wait again.
func (tx *Tx) LeaveCase(ctx context.Context, r TicketRow) error {
	r.CaseID = ""
	if _, err := tx.exec(ctx, `UPDATE tickets SET case_id = '', aging_at = ? WHERE id = ?`, Millis(agingAt(r)), r.Ticket.ID); err != nil {
		return fmt.Errorf("ticket %s leaves its case: %w", r.Ticket.OrderNo, err)
	}
	return nil
}

// StopAging takes a ticket off the list of long-unresolved ones, once it has been proposed.
func (tx *Tx) StopAging(ctx context.Context, ticketID string) error {
	_, err := tx.exec(ctx, `UPDATE tickets SET aging_at = NULL WHERE id = ?`, ticketID)
	return err
}

const ticketColumns = `tk.id, tk.sealed_body, tk.sealed_raw, tk.sealed_key, tk.matter, tk.matter_by, tk.requester, tk.case_id, tk.person_at IS NULL, tk.created_at, tk.updated_at`

func scanTicket(s Sealer, scan func(...any) error) (TicketRow, error) {
	var r TicketRow
	var id string
	var sealed sealedTicket
	if err := scan(&id, &sealed.body, &sealed.raw, &sealed.key, &r.Matter, &r.MatterBy, &r.Requester, &r.CaseID, &r.Erased, (*Millis)(&r.CreatedAt), (*Millis)(&r.UpdatedAt)); err != nil {
		return r, err
	}
	body, raw, err := openTicket(s, id, sealed)
	if err != nil {
		return r, fmt.Errorf("ticket %s: %w", id, err)
	}
	if err := json.Unmarshal(body, &r.Ticket); err != nil {
		return r, fmt.Errorf("ticket body: %w", err)
	}
	if len(raw) > 0 {
		if r.Ticket.Raw, err = decodeRaw(&r.Ticket, raw); err != nil {
			return r, fmt.Errorf("ticket row: %w", err)
		}
	}
	return r, nil
}

// Ticket loads one ticket; ErrNoTicket when there is none.
func (db *DB) Ticket(ctx context.Context, id string) (TicketRow, error) {
	return oneTicket(ctx, db, ` WHERE id = ?`, id)
}

// Ticket loads one ticket; ErrNoTicket when there is none.
func (tx *Tx) Ticket(ctx context.Context, id string) (TicketRow, error) {
	return oneTicket(ctx, tx, ` WHERE id = ?`, id)
}

// TicketByOrder loads the ticket of a source with this order number; ErrNoTicket when there is none.
func (tx *Tx) TicketByOrder(ctx context.Context, source ticket.Source, orderNo string) (TicketRow, error) {
	return oneTicket(ctx, tx, ` WHERE source = ? AND order_no = ?`, string(source), orderNo)
}

// TicketsByOrder loads those of a source's tickets that have one of these order numbers.
func (tx *Tx) TicketsByOrder(ctx context.Context, source ticket.Source, orderNos []string) ([]TicketRow, error) {
	return someTickets(ctx, tx, `source = ? AND order_no IN `, []any{string(source)}, orderNos)
}

// TicketsByOrder loads those of a source's tickets that have one of these order numbers.
func (db *DB) TicketsByOrder(ctx context.Context, source ticket.Source, orderNos []string) ([]TicketRow, error) {
	return someTickets(ctx, db, `source = ? AND order_no IN `, []any{string(source)}, orderNos)
}

// TicketsByID loads the tickets with these ids.
func (db *DB) TicketsByID(ctx context.Context, ids []string) ([]TicketRow, error) {
	return someTickets(ctx, db, `id IN `, nil, ids)
}

// TicketsByID loads the tickets with these ids.
func (tx *Tx) TicketsByID(ctx context.Context, ids []string) ([]TicketRow, error) {
	return someTickets(ctx, tx, `id IN `, nil, ids)
}

// ticketsAtOnce bounds the list of one statement.
const ticketsAtOnce = 500

func someTickets(ctx context.Context, q querier, where string, first []any, keys []string) (list []TicketRow, _ error) {
	for part := range slices.Chunk(keys, ticketsAtOnce) {
		more, err := listTickets(ctx, q, `SELECT `+ticketColumns+` FROM tickets tk WHERE `+where+`(`+marks(len(part))+`)`, append(slices.Clone(first), arguments(part)...)...)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

func oneTicket(ctx context.Context, q querier, where string, args ...any) (TicketRow, error) {
	r, err := scanTicket(q.Sealer(), q.queryRow(ctx, `SELECT `+ticketColumns+` FROM tickets tk`+where, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoTicket
	}
	return r, err
}

// TicketFilter says which tickets a list holds.
type TicketFilter struct {
	CaseID    string // the tickets of one case
	OrderNo   string // with Source: one ticket
	Source    ticket.Source
	Matter    string
	Requester string // the blind index of a phone
	Identity  string // an IdentityIndex; alone
	InNoCase  bool   // with Requester: those that are in none
	// After continues behind the row with these keys, newest first.
	AfterAt time.Time
	AfterID string
	Limit   int
}

// Tickets lists tickets, newest first.
func (db *DB) Tickets(ctx context.Context, f TicketFilter) ([]TicketRow, error) {
	return tickets(ctx, db, f)
}

// Tickets lists tickets, newest first.
func (tx *Tx) Tickets(ctx context.Context, f TicketFilter) ([]TicketRow, error) {
	return tickets(ctx, tx, f)
}

func tickets(ctx context.Context, q querier, f TicketFilter) ([]TicketRow, error) {
	where, args := ``, []any{}
	add := func(term string, a ...any) {
		if where == "" {
			where = ` WHERE ` + term
		} else {
			where += ` AND ` + term
		}
		args = append(args, a...)
	}
	from, at, id := `tickets tk`, `tk.accepted_at`, `tk.id`
	if f.Identity != "" {
		from, at, id = `ticket_identities ti CROSS JOIN tickets tk ON tk.id = ti.ticket_id`, `ti.accepted_at`, `ti.ticket_id`
		add(`ti.identity = ?`, f.Identity)
	}
	for _, c := range []struct{ column, value string }{{`tk.case_id`, f.CaseID}, {`tk.matter`, f.Matter}, {`tk.requester`, f.Requester}} {
		if c.value != "" {
			add(c.column+` = ?`, c.value)
		}
	}
	if f.InNoCase {
		add(`tk.case_id = ''`)
	}
	if f.OrderNo != "" {
		add(`tk.source = ? AND tk.order_no = ?`, string(f.Source), f.OrderNo)
	}
	if !f.AfterAt.IsZero() {
		add(at+` <= ? AND (`+at+` < ? OR `+id+` < ?)`, Millis(f.AfterAt), Millis(f.AfterAt), f.AfterID)
	}
	return listTickets(ctx, q, `SELECT /*! STRAIGHT_JOIN */ `+ticketColumns+` FROM `+from+where+` ORDER BY `+at+` DESC, `+id+` DESC LIMIT ?`, append(args, f.Limit)...)
}

// TicketsBetween lists tickets accepted within [from, to], oldest first, behind the row with the keys given.
func (db *DB) TicketsBetween(ctx context.Context, from, to, afterAt time.Time, afterID string, limit int) ([]TicketRow, error) {
	return listTickets(ctx, db, `SELECT `+ticketColumns+` FROM tickets tk WHERE accepted_at >= ? AND accepted_at <= ? AND (accepted_at > ? OR id > ?)
		ORDER BY accepted_at, id LIMIT ?`, Millis(maxTime(from, afterAt)), Millis(to), Millis(afterAt), afterID, limit)
}

// TicketRequesters gives the key of who asks for each of these tickets that there are.
func (db *DB) TicketRequesters(ctx context.Context, ids []string) (map[string]string, error) {
	found := map[string]string{}
	for part := range slices.Chunk(ids, ticketsAtOnce) {
		rows, err := db.query(ctx, `SELECT id, requester FROM tickets WHERE id IN (`+marks(len(part))+`)`, arguments(part)...)
		if err != nil {
			return nil, fmt.Errorf("requesters: %w", err)
		}
		for rows.Next() {
			var id, requester string
			if err := rows.Scan(&id, &requester); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			found[id] = requester
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("requesters: %w", err)
		}
	}
	return found, nil
}

func arguments[T ~string](list []T) []any {
	args := make([]any, len(list))
	for i, s := range list {
		args[i] = string(s)
	}
	return args
}

func listTickets(ctx context.Context, q querier, text string, args ...any) ([]TicketRow, error) {
	rows, err := q.query(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []TicketRow
	for rows.Next() {
		r, err := scanTicket(q.Sealer(), rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// MatterTicket is what counting tickets about one matter needs of each.
type MatterTicket struct {
	ID, OrderNo, Requester, CaseID string
	Source                         ticket.Source
	AcceptedAt                     time.Time
}

// MatterSpan is the time around tickets of one matter in which others count with them, both ends included.
type MatterSpan struct {
	Matter   string
	From, To time.Time
}

// mattersAtOnce is how many matters one statement looks at.
const mattersAtOnce = 100

// MatterTickets lists the tickets accepted within the spans, by matter and oldest first. The spans of one matter do not
// overlap.
func (tx *Tx) MatterTickets(ctx context.Context, spans []MatterSpan) (map[string][]MatterTicket, error) {
	return matterTickets(ctx, tx, spans)
}

// MatterTickets lists the tickets accepted within the spans, by matter and oldest first. The spans of one matter do not
// overlap.
func (db *DB) MatterTickets(ctx context.Context, spans []MatterSpan) (map[string][]MatterTicket, error) {
	return matterTickets(ctx, db, spans)
}

func matterTickets(ctx context.Context, q querier, spans []MatterSpan) (map[string][]MatterTicket, error) {
	found := map[string][]MatterTicket{}
	for part := range slices.Chunk(spans, mattersAtOnce) {
		const span = `matter = ? AND accepted_at >= ? AND accepted_at <= ?`
		args := make([]any, 0, 3*len(part))
		for _, s := range part {
			args = append(args, s.Matter, Millis(s.From), Millis(s.To))
		}
		rows, err := q.query(ctx, `SELECT matter, id, source, order_no, requester, case_id, accepted_at FROM tickets WHERE `+
			span+strings.Repeat(` OR `+span, len(part)-1), args...)
		if err != nil {
			return nil, fmt.Errorf("tickets about matters: %w", err)
		}
		for rows.Next() {
			var matter, source string
			var m MatterTicket
			if err := rows.Scan(&matter, &m.ID, &source, &m.OrderNo, &m.Requester, &m.CaseID, (*Millis)(&m.AcceptedAt)); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			m.Source = ticket.Source(source)
			found[matter] = append(found[matter], m)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("tickets about matters: %w", err)
		}
	}
	for _, list := range found {
		slices.SortFunc(list, func(a, b MatterTicket) int {
			return cmp.Or(a.AcceptedAt.Compare(b.AcceptedAt), cmp.Compare(a.ID, b.ID))
		})
	}
	return found, nil
}

// AgingTickets lists up to limit ids of tickets that wait, in no case, since before the instant given.
func (db *DB) AgingTickets(ctx context.Context, before time.Time, limit int) ([]string, error) {
	return scanStrings(db.query(ctx, `SELECT id FROM tickets WHERE aging_at <= ? ORDER BY aging_at, id LIMIT ?`, Millis(before), limit))
}

// WaitingTickets lists a source's tickets that wait, in no case, newest first, behind the row with the keys given.
func (db *DB) WaitingTickets(ctx context.Context, source ticket.Source, afterAt time.Time, afterID string, limit int) ([]TicketRow, error) {
	const list = `SELECT ` + ticketColumns + ` FROM tickets tk WHERE tk.source = ? AND tk.aging_at `
	const order = ` ORDER BY tk.aging_at DESC, tk.id DESC LIMIT ?`
	if afterAt.IsZero() {
		return listTickets(ctx, db, list+`IS NOT NULL`+order, string(source), limit)
	}
	return listTickets(ctx, db, list+`<= ? AND (tk.aging_at < ? OR tk.id < ?)`+order, string(source), Millis(afterAt), Millis(afterAt), afterID, limit)
}

// CountWaiting counts a source's tickets that wait, in no case, up to CountCap.
func (db *DB) CountWaiting(ctx context.Context, source ticket.Source) (n int, _ error) {
	err := db.queryRow(ctx, fmt.Sprintf(`SELECT COUNT(*) FROM (SELECT id FROM tickets WHERE source = ? AND aging_at IS NOT NULL LIMIT %d) w`, CountCap), string(source)).Scan(&n)
	return n, err
}

// MatterCases gives the case each matter is in now; a matter in none is not in the map.
func (tx *Tx) MatterCases(ctx context.Context, matters []string) (map[string]string, error) {
	return matterCases(ctx, tx, matters)
}

// MatterCases gives the cases that matters are in now, by matter.
func (db *DB) MatterCases(ctx context.Context, matters []string) (map[string]string, error) {
	return matterCases(ctx, db, matters)
}

func matterCases(ctx context.Context, q querier, matters []string) (map[string]string, error) {
	found := map[string]string{}
	for part := range slices.Chunk(matters, mattersAtOnce) {
		rows, err := q.query(ctx, `SELECT matter, case_id FROM matters WHERE matter IN (`+marks(len(part))+`)`, arguments(part)...)
		if err != nil {
			return nil, fmt.Errorf("cases of matters: %w", err)
		}
		for rows.Next() {
			var matter, id string
			if err := rows.Scan(&matter, &id); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			found[matter] = id
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("cases of matters: %w", err)
		}
	}
	return found, nil
}

// SetMatterCase notes the case a matter is in now.
func (tx *Tx) SetMatterCase(ctx context.Context, matter, caseID string) error {
	n, err := tx.exec(ctx, `UPDATE matters SET case_id = ? WHERE matter = ?`, caseID, matter)
	if err == nil && n == 0 {
		_, err = tx.exec(ctx, `INSERT INTO matters (matter, case_id) VALUES (?, ?)`, matter, caseID)
	}
	if err != nil {
		return fmt.Errorf("matter: %w", err)
	}
	return nil
}

// SpentEvidence lists what has already counted for a matter.
func (tx *Tx) SpentEvidence(ctx context.Context, matter string) (map[string]bool, error) {
	list, err := scanStrings(tx.query(ctx, `SELECT item FROM evidence WHERE matter = ?`, matter))
	spent := make(map[string]bool, len(list))
	for _, s := range list {
		spent[s] = true
	}
	return spent, err
}

// SpendEvidence notes that items have counted for a matter, in a case. What has counted before stays with its case.
func (tx *Tx) SpendEvidence(ctx context.Context, matter, caseID string, items []string) error {
	if len(items) == 0 {
		return nil
	}
	spent, err := tx.SpentEvidence(ctx, matter)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	args := make([]any, 0, 3*len(items))
	for _, i := range items {
		if i = cut(i, 160); !spent[i] {
			spent[i] = true
			args = append(args, matter, i, caseID)
		}
	}
	if err := tx.insertRows(ctx, `INSERT INTO evidence (matter, item, case_id) VALUES `, 3, args); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	return nil
}
