package workflow

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"xiaopu/server/matter"
	"xiaopu/server/parallel"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// matters is this process's index of matters. It is made of nothing but the stored tickets and decisions, in the order in
// which turns wrote them (see writer.turn), so that every process that has read as far has the same.
//
// Who takes tickets in holds it from the moment they have their turn until their transaction has ended: they are the only
// one to have the turn, read what others wrote before, and put their own tickets in. What does not get committed is taken
// out again. Everybody else reads on between such transactions, and holds it for moments only, never while waiting for
// the database: who has the turn may have to wait for them.
type matters struct {
	db    *store.DB
	clock func() time.Time
	log   *slog.Logger

	held    chan struct{} // holds one token: who takes it has the index
	filling chan struct{} // and this one: who reads on outside a turn

	index     *recognition.Matters // nil before it has read anything
	gazetteer matter.Gazetteer
	read      mattersRead
	again     map[string]bool // tickets that must be read again
}

// mattersRead is how far an index has read.
type mattersRead struct{ tickets, decisions store.MatterMark }

// mattersBatch is how many rows are read at a time.
const mattersBatch = 500

func newMatters(db *store.DB, clock func() time.Time, log *slog.Logger) *matters {
	m := &matters{db: db, clock: clock, log: log, held: make(chan struct{}, 1), filling: make(chan struct{}, 1), again: map[string]bool{}}
	m.held <- struct{}{}
	m.filling <- struct{}{}
	return m
}

// take waits for a token.
func take(ctx context.Context, token chan struct{}) error {
	select {
	case <-token:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// followEvery is how often a process reads on while nobody asks it to.
const followEvery = 2 * time.Second

// FollowMatters keeps this process's index of matters up to date until ctx ends: it is made at the start, not when the first
// ticket waits for it, reads what other processes take in, and is made anew when the gazetteer has changed.
func (e *Engine) FollowMatters(ctx context.Context) {
	for {
		if err := e.RefreshMatters(ctx); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "index of matters", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(followEvery):
		}
	}
}

// RefreshMatters reads on at once; with a gazetteer that has changed it makes the index anew.
func (e *Engine) RefreshMatters(ctx context.Context) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	return e.matters.refresh(ctx, k.Gazetteer)
}

// mattersReader is a database, or a transaction on one.
type mattersReader interface {
	MatterRows(ctx context.Context, after store.MatterMark, limit int) ([]store.MatterRow, error)
	MatterRowsOf(ctx context.Context, ids []string) ([]store.MatterRow, error)
	MatterDecisions(ctx context.Context, after store.MatterMark, limit int) ([]store.MatterDecision, error)
}

// news is what has been read for an index.
type news struct {
	from  mattersRead
	rows  []described
	apart []store.MatterDecision
	all   bool // there was no more
}

type described struct {
	store.MatterRow
	doc recognition.Description
}

func describe(r store.MatterRow) described {
	d := described{MatterRow: r}
	if !r.Erased {
		d.doc = recognition.Describe(r.Ticket, r.Requester)
		d.Ticket = ticket.Ticket{}
	}
	return d
}

// into puts the ticket where it is; an erased one is nowhere.
func (d described) into(x *recognition.Matters) {
	if d.Erased {
		x.Remove(d.ID)
	} else {
		x.Put(d.doc, d.Matter, d.By == store.ByKeep)
	}
}

// readOn reads what comes next behind from.
func readOn(ctx context.Context, r mattersReader, from mattersRead) (news, error) {
	n := news{from: from}
	rows, err := r.MatterRows(ctx, from.tickets, mattersBatch)
	if err != nil {
		return n, err
	}
	for _, row := range rows {
		n.rows = append(n.rows, describe(row))
	}
	if n.apart, err = r.MatterDecisions(ctx, from.decisions, mattersBatch); err != nil {
		return n, err
	}
	n.all = len(rows) < mattersBatch && len(n.apart) < mattersBatch
	return n, nil
}

// apply brings what was read into an index.
func apply(x *recognition.Matters, read *mattersRead, n news) {
	for _, d := range n.apart {
		if d.Kind == store.ByApart {
			x.Apart(d.TicketID, d.Matter)
		}
		read.decisions = store.MatterMark{Seq: d.Seq, ID: d.ID}
	}
	for _, r := range n.rows {
		r.into(x)
		read.tickets = r.MatterMark
	}
}

// follow reads on until there is nothing more, outside any turn; when another is at it, it waits for them. g is what the
// street keeps, for an index that has not been made yet.
func (m *matters) follow(ctx context.Context, g matter.Gazetteer) error {
	if err := take(ctx, m.filling); err != nil {
		return err
	}
	defer func() { m.filling <- struct{}{} }()
	if m.index == nil { // only who fills makes one
		return m.build(ctx, g)
	}
	return m.catchUp(ctx)
}

// refresh is follow; and when the gazetteer has changed it makes the index anew, while the old one goes on serving.
func (m *matters) refresh(ctx context.Context, g matter.Gazetteer) error {
	if err := take(ctx, m.filling); err != nil {
		return err
	}
	defer func() { m.filling <- struct{}{} }()
	if m.index == nil || !sameGazetteer(m.gazetteer, g) {
		return m.build(ctx, g)
	}
	return m.catchUp(ctx)
}

func sameGazetteer(a, b matter.Gazetteer) bool {
	return slices.EqualFunc(a, b, func(a, b matter.Entry) bool { return a.Name == b.Name && slices.Equal(a.Aliases, b.Aliases) })
}

// catchUp reads on with the index that serves.
func (m *matters) catchUp(ctx context.Context) error {
	for {
		if err := take(ctx, m.held); err != nil {
			return err
		}
		from, again := m.read, sorted(m.again)
		m.held <- struct{}{}
		n, err := readOn(ctx, m.db, from)
		if err != nil {
			return err
		}
		reread, err := m.db.MatterRowsOf(ctx, again)
		if err != nil {
			return err
		}
		if err := take(ctx, m.held); err != nil {
			return err
		}
		if m.read == from { // nobody has read on meanwhile
			m.restore(again, reread)
			apply(m.index, &m.read, n)
		} else {
			n.all = false
		}
		m.held <- struct{}{}
		if n.all {
			return nil
		}
	}
}

// restore brings tickets back to what is stored.
func (m *matters) restore(ids []string, rows []store.MatterRow) {
	for _, id := range ids {
		m.index.Remove(id)
		delete(m.again, id)
	}
	for _, r := range rows {
		describe(r).into(m.index)
	}
}

// build makes the index from nothing and puts it in the place of the one that serves. What was written since it was read is
// read by whoever asks next, and by who has the turn. One batch is read and described while the one before is put in.
func (m *matters) build(ctx context.Context, g matter.Gazetteer) error {
	began := m.clock()
	x, read := recognition.NewMatters(g), mattersRead{}
	if err := m.fill(ctx, x, &read); err != nil {
		return err
	}
	if err := take(ctx, m.held); err != nil {
		return err
	}
	m.index, m.gazetteer, m.read = x, g, read
	tickets := x.Len()
	m.held <- struct{}{}
	m.log.InfoContext(ctx, "index of matters made", slog.Int("tickets", tickets), slog.Duration("took", m.clock().Sub(began)))
	return nil
}

// fill reads all there is into an index.
func (m *matters) fill(ctx context.Context, x *recognition.Matters, read *mattersRead) error {
	type answer struct {
		news news
		err  error
	}
	ahead := make(chan answer, 1)
	ask := func(from mattersRead) {
		go func() {
			n, err := readOn(ctx, m.db, from)
			parallel.Do(runtime.GOMAXPROCS(0), len(n.rows), func(i int) {
				if !n.rows[i].Erased {
					n.rows[i].doc = x.Read(n.rows[i].doc)
				}
			})
			ahead <- answer{n, err}
		}()
	}
	ask(*read)
	for {
		a := <-ahead
		if a.err != nil {
			return a.err
		}
		next := a.news.end()
		if !a.news.all {
			ask(next)
		}
		apply(x, read, a.news)
		if a.news.all {
			return nil
		}
	}
}

// end is where news leads.
func (n news) end() mattersRead {
	end := n.from
	if len(n.rows) > 0 {
		end.tickets = n.rows[len(n.rows)-1].MatterMark
	}
	if k := len(n.apart); k > 0 {
		end.decisions = store.MatterMark{Seq: n.apart[k-1].Seq, ID: n.apart[k-1].ID}
	}
	return end
}

// look runs f on the index, as far as it has been read.
func (m *matters) look(ctx context.Context, f func(*recognition.Matters)) error {
	if err := take(ctx, m.held); err != nil {
		return err
	}
	defer func() { m.held <- struct{}{} }()
	f(m.index)
	return nil
}

// open gives who has the turn the index, with all that was written before theirs. It is theirs until tx has ended. It is opened
// before tx writes anything about tickets: what is written then is put there too.
func (m *matters) open(ctx context.Context, tx *store.Tx, seq int64) (*held, error) {
	if err := take(ctx, m.held); err != nil {
		return nil, err
	}
	h := &held{m: m, index: m.index, touched: map[string]bool{}}
	tx.OnEnd(func(committed bool) { h.end(committed, seq) })
	again := sorted(m.again)
	rows, err := tx.MatterRowsOf(ctx, again)
	if err != nil {
		return nil, err
	}
	m.restore(again, rows)
	for {
		n, err := readOn(ctx, tx, m.read)
		if err != nil {
			return nil, err
		}
		n.before(seq)
		apply(m.index, &m.read, n)
		if n.all {
			return h, nil
		}
	}
}

// before leaves out what the turn itself has written.
func (n *news) before(seq int64) {
	if i := slices.IndexFunc(n.rows, func(r described) bool { return r.Seq >= seq }); i >= 0 {
		n.rows, n.all = n.rows[:i], true
	}
	if i := slices.IndexFunc(n.apart, func(d store.MatterDecision) bool { return d.Seq >= seq }); i >= 0 {
		n.apart = n.apart[:i]
	}
}

// held is the index in the hands of who has the turn.
type held struct {
	m       *matters
	index   *recognition.Matters
	touched map[string]bool      // what the transaction has put there
	trial   *recognition.Matters // of a rehearsal: takes what would be put
}

// put notes where a ticket is.
func (h *held) put(d recognition.Description, name string, by store.MatterBy) {
	x := h.index
	if h.trial != nil {
		x = h.trial
	} else {
		h.touched[d.ID] = true
	}
	x.Put(d, name, by == store.ByKeep)
}

// place asks which matter a ticket is about, "" for something new, and which others it may be about. One that is in a matter
// stays there as long as it may well be about it, although another looks nearer now.
func (h *held) place(d recognition.Description, in string) (about string, near []matter.Candidate) {
	p := h.index.Find(d)
	if h.trial != nil {
		if q := h.trial.Find(d); q.Matter != "" && (p.Matter == "" || q.Probability > p.Probability) {
			p = q
		}
	}
	for _, c := range p.Near {
		if c.Matter == in && c.Probability >= stays {
			return in, p.Near
		}
	}
	return p.Matter, p.Near
}

// stays is the probability from which on a ticket is left where it is.
const stays = 0.5

// size is how many tickets are in a matter.
func (h *held) size(name string) int {
	n := h.index.Size(name)
	if h.trial != nil {
		n += h.trial.Size(name)
	}
	return n
}

func (h *held) end(committed bool, seq int64) {
	m := h.m
	if committed {
		m.read.tickets = store.MatterMark{Seq: seq, ID: "~"} // behind every id: what the turn wrote is in
	} else {
		for id := range h.touched {
			m.index.Remove(id)
			m.again[id] = true
		}
	}
	m.held <- struct{}{}
}
