package bench

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"xiaopu/server/api"
	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

// The statements of the product, word for word. TestBothSidesSendTheSameSQL keeps them so.
const (
	columnsSQL = `c.id, c.number, c.version, c.status, c.tier, c.round, c.title, c.place, c.domain, c.topic, c.triggers,
	c.tickets, c.community_id, c.grid_id, c.lead_department_id, c.handler_id, c.overdue, c.provisional, c.due_at, c.sort_at, c.updated_at`
	listSQL = `SELECT ` + columnsSQL + ` FROM cases c WHERE c.status = ? AND c.lead_department_id = ? ORDER BY c.sort_at, c.id LIMIT ?`
	partSQL = `SELECT * FROM (SELECT /*! STRAIGHT_JOIN */ v.sort_at, v.case_id FROM case_viewers v CROSS JOIN cases c ON c.id = v.case_id` +
		` WHERE v.viewer = ? AND v.status = ? AND c.lead_department_id = ? ORDER BY v.sort_at, v.case_id LIMIT ?) u`
	scopedSQL = `SELECT /*! STRAIGHT_JOIN */ ` + columnsSQL + ` FROM (` + partSQL + `0 UNION ` + partSQL + `1 UNION ` + partSQL + `2) k CROSS JOIN cases c ON c.id = k.case_id
		ORDER BY k.sort_at, k.case_id LIMIT ?`
	caseSQL   = `SELECT head_hash, calendar_revision, updated_at, body FROM cases WHERE id = ?`
	eventsSQL = `SELECT body FROM case_events WHERE case_id = ? AND seq > ? ORDER BY seq LIMIT ?`
	doneSQL   = `SELECT request, case_id FROM idempotency WHERE actor = ? AND item = ?`

	updateSQL = `UPDATE cases SET version = ?, status = ?, open = ?, tier = ?, round = ?, title = ?, place = ?, domain = ?, topic = ?,
		triggers = ?, tickets = ?, community_id = ?, grid_id = ?, lead_department_id = ?, handler_id = ?, overdue = ?, provisional = ?,
		due_at = ?, sort_at = ?, next_due_at = ?, calendar_revision = ?, head_hash = ?, updated_at = ?, body = ?
		WHERE id = ? AND version = ?`
	goneSQL    = `DELETE FROM case_viewers WHERE case_id = ? AND viewer IN (`
	viewersSQL = `UPDATE case_viewers SET open = ?, status = ?, tier = ?, sort_at = ? WHERE case_id = ?`
	freshSQL   = `INSERT INTO case_viewers (viewer, case_id, open, status, tier, sort_at) VALUES `
	untodoSQL  = `DELETE FROM case_todos WHERE case_id = ?`
	todoSQL    = `INSERT INTO case_todos (addressee, kind, case_id, ref, due_at) VALUES `
	countSQL   = `INSERT INTO happenings (case_id, seq, kind, happened_on, department_id, grid_id, topic) VALUES `
	eventSQL   = `INSERT INTO case_events (case_id, seq, kind, at, recorded_at, is_public, hash, body) VALUES `
	familySQL  = `SELECT rp.requester, rp.identity_id, COALESCE(f.id, ''), COALESCE(f.grantee, '') FROM resident_phones rp
		LEFT JOIN family_consents f ON f.grantor = rp.identity_id AND f.ended_at IS NULL WHERE rp.requester IN (`
	inboxSQL  = `INSERT INTO inbox (id, recipient, stands_for, case_id, number, seq, kind, urgent, args, created_at, is_read, read_at) VALUES `
	outboxSQL = `INSERT INTO outbox (id, inbox_id, recipient, kind, urgent, created_at, done, leased_until, lease, attempts) VALUES `
	noteSQL   = `INSERT INTO idempotency (actor, item, request, case_id, created_at) VALUES (?, ?, ?, ?, ?)`
)

// rowsOf gives the VALUES of n rows of width columns.
func rowsOf(n, width int) string {
	one := "(" + strings.Repeat(", ?", width)[2:] + ")"
	return one + strings.Repeat(", "+one, n-1)
}

// move is what a decision on a template changes, ready to be written for any case made of it.
type move struct {
	before, after casework.Case
	events        []casework.Event
	bodies        []string // of the events
	body          string   // of the case
	happenings    []casework.Happening
	notices       []notice
	gone, fresh   []casework.Addressee
	todos         []casework.Todo
	due           time.Time
}

type notice struct {
	recipient, kind, args string
	seq                   int64
	urgent                bool
}

func (k knowledge) moveOf(before casework.Case, d casework.Decision, now time.Time) (*move, error) {
	m := &move{before: before, after: d.Case, events: d.Events, todos: casework.Todos(d.Case)}
	body, err := json.Marshal(d.Case)
	if err != nil {
		return nil, err
	}
	m.body = string(body)
	for _, e := range d.Events {
		body, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		m.bodies = append(m.bodies, string(body))
	}
	if m.happenings, err = casework.Happenings(before, d.Case, d.Events); err != nil {
		return nil, err
	}
	old, fresh := casework.Viewers(before), casework.Viewers(d.Case)
	for _, v := range old {
		if !slices.Contains(fresh, v) {
			m.gone = append(m.gone, v)
		}
	}
	for _, v := range fresh {
		if !slices.Contains(old, v) {
			m.fresh = append(m.fresh, v)
		}
	}
	s, _ := d.Case.Stage()
	m.due = s.DueAt
	for _, n := range d.Notices {
		args, err := json.Marshal(n.Args)
		if err != nil {
			return nil, err
		}
		told := map[string]bool{}
		tell := func(recipient string) {
			if !told[recipient] {
				told[recipient] = true
				m.notices = append(m.notices, notice{recipient, string(n.Kind), string(args), n.Seq, n.Urgent})
			}
		}
		for _, to := range n.To {
			if id, ok := strings.CutPrefix(string(to), "requester:"); ok {
				tell("requester:" + d.Case.Tickets[id].Requester)
				continue
			}
			for _, r := range k.organisation.Recipients(to, now) {
				tell(r.PersonID)
			}
		}
	}
	return m, nil
}

// writer runs statements of one transaction, prepared on SQLite as a program on it would.
type writer struct {
	p       pools
	sqlite  bool
	mu      sync.RWMutex
	prepare map[string]*sql.Stmt
}

func newWriter(p pools) *writer {
	return &writer{p: p, sqlite: p.read != p.write, prepare: map[string]*sql.Stmt{}}
}

// ready prepares texts on the one connection that writes, which must not be in a transaction.
func (w *writer) ready(ctx context.Context, texts []string) error {
	if !w.sqlite {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range texts {
		if w.prepare[text] == nil {
			st, err := w.p.write.PrepareContext(ctx, text)
			if err != nil {
				return err
			}
			w.prepare[text] = st
		}
	}
	return nil
}

func (w *writer) exec(ctx context.Context, tx *sql.Tx, text string, args ...any) (int64, error) {
	w.mu.RLock()
	st := w.prepare[text]
	w.mu.RUnlock()
	var res sql.Result
	var err error
	if st != nil {
		res, err = tx.StmtContext(ctx, st).ExecContext(ctx, args...)
	} else {
		res, err = tx.ExecContext(ctx, text, args...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// read reads rows to their end.
func (w *writer) read(ctx context.Context, tx *sql.Tx, text string, args ...any) error {
	w.mu.RLock()
	st := w.prepare[text]
	w.mu.RUnlock()
	var rows *sql.Rows
	var err error
	if st != nil {
		rows, err = tx.StmtContext(ctx, st).QueryContext(ctx, args...)
	} else {
		rows, err = tx.QueryContext(ctx, text, args...)
	}
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var cells [4]string
	for rows.Next() {
		if err := rows.Scan(&cells[0], &cells[1], &cells[2], &cells[3]); err != nil {
			return err
		}
	}
	return rows.Err()
}

var errLost = errors.New("bench: somebody was first")

// texts are the statements of m, in order.
func (m *move) texts() []string {
	list := []string{caseSQL, updateSQL, eventSQL + rowsOf(len(m.events), 8)}
	if len(m.happenings) > 0 {
		list = append(list, countSQL+rowsOf(len(m.happenings), 7))
	}
	if len(m.gone) > 0 {
		list = append(list, goneSQL+strings.Repeat(", ?", len(m.gone))[2:]+`)`)
	}
	list = append(list, viewersSQL)
	if len(m.fresh) > 0 {
		list = append(list, freshSQL+rowsOf(len(m.fresh), 6))
	}
	list = append(list, untodoSQL)
	if len(m.todos) > 0 {
		list = append(list, todoSQL+rowsOf(len(m.todos), 5))
	}
	if n := len(m.requesters()); n > 0 {
		list = append(list, familySQL+strings.Repeat(", ?", n)[2:]+`)`)
	}
	if n := len(m.notices); n > 0 {
		list = append(list, inboxSQL+rowsOf(n, 12), outboxSQL+rowsOf(n, 10))
	}
	return append(list, noteSQL)
}

// requesters are those who are told, by their keys: others may act for them, and are told too.
func (m *move) requesters() (keys []any) {
	for _, n := range m.notices {
		if key, ok := strings.CutPrefix(n.recipient, "requester:"); ok && !slices.Contains(keys, any(key)) {
			keys = append(keys, key)
		}
	}
	return keys
}

// write does m to the case id in one transaction. key is "" for what has none.
func (m *move) write(ctx context.Context, w *writer, id, number, actor, key string, now time.Time) error {
	tx, err := w.p.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var head string
	var revision, updated sql.NullInt64
	var stored []byte
	w.mu.RLock()
	st := w.prepare[caseSQL]
	w.mu.RUnlock()
	var row *sql.Row
	if st != nil {
		row = tx.StmtContext(ctx, st).QueryRowContext(ctx, id)
	} else {
		row = tx.QueryRowContext(ctx, caseSQL, id)
	}
	if err := row.Scan(&head, &revision, &updated, &stored); err != nil {
		return err
	}
	named := strings.NewReplacer(m.before.ID, id, m.before.Number, number)
	c := &m.after
	at, due, next := now.UnixMilli(), m.due.UnixMilli(), c.NextDue().UnixMilli()
	var kinds []string
	for _, t := range c.Triggers {
		kinds = append(kinds, string(t.Kind))
	}
	n, err := w.exec(ctx, tx, updateSQL, c.Version, string(c.Status), true, string(c.Tier), c.Round, c.Title, c.Place, string(c.Domain), c.Topic,
		strings.Join(kinds, ","), len(c.Tickets), c.CommunityID, c.GridID, c.LeadDepartmentID, c.HandlerID, false, false,
		due, due, next, revision.Int64, head, at, named.Replace(m.body), id, m.before.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return errLost
	}
	var args []any
	run := func(text string, width int) error {
		if len(args) == 0 {
			return nil
		}
		_, err := w.exec(ctx, tx, text+rowsOf(len(args)/width, width), args...)
		args = args[:0]
		return err
	}
	for i, e := range m.events {
		args = append(args, id, e.Seq, string(e.Kind), e.At.UnixMilli(), at, e.Public, head, named.Replace(m.bodies[i]))
	}
	if err := run(eventSQL, 8); err != nil {
		return err
	}
	for _, h := range m.happenings {
		args = append(args, id, h.Seq, string(h.Kind), h.On.String(), h.DepartmentID, c.GridID, c.Topic)
	}
	if err := run(countSQL, 7); err != nil {
		return err
	}
	if len(m.gone) > 0 {
		gone := []any{id}
		for _, v := range m.gone {
			gone = append(gone, string(v))
		}
		if _, err := w.exec(ctx, tx, goneSQL+strings.Repeat(", ?", len(m.gone))[2:]+`)`, gone...); err != nil {
			return err
		}
	}
	if _, err := w.exec(ctx, tx, viewersSQL, true, string(c.Status), string(c.Tier), due, id); err != nil {
		return err
	}
	for _, v := range m.fresh {
		args = append(args, string(v), id, true, string(c.Status), string(c.Tier), due)
	}
	if err := run(freshSQL, 6); err != nil {
		return err
	}
	if _, err := w.exec(ctx, tx, untodoSQL, id); err != nil {
		return err
	}
	for _, t := range m.todos {
		args = append(args, string(t.For), string(t.Kind), id, t.Ref, t.DueAt.UnixMilli())
	}
	if err := run(todoSQL, 5); err != nil {
		return err
	}
	if keys := m.requesters(); len(keys) > 0 {
		if err := w.read(ctx, tx, familySQL+strings.Repeat(", ?", len(keys))[2:]+`)`, keys...); err != nil {
			return err
		}
	}
	var out []any
	for _, n := range m.notices {
		row := uuid.Must(uuid.NewV7()).String()
		args = append(args, row, n.recipient, "", id, number, n.seq, n.kind, n.urgent, n.args, at, false, nil)
		out = append(out, row, row, n.recipient, n.kind, n.urgent, at, false, 0, "", 0)
	}
	if err := run(inboxSQL, 12); err != nil {
		return err
	}
	args = out
	if err := run(outboxSQL, 10); err != nil {
		return err
	}
	if key != "" {
		if _, err := w.exec(ctx, tx, noteSQL, actor, key, head, id, at); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// bareHandlers answer as the product does, with nothing around them.
type bareHandlers struct {
	list, scoped, one, events, done *sql.Stmt
	w                               *writer
	now                             func() time.Time

	views     map[string]workflow.CaseView // as of each template, by state and department
	timelines map[string][]workflow.TimelineItem
	accepted  map[string]workflow.CaseView // by department
	moves     map[string]*move
	names     map[string]string // of departments, grids, communities and people
}

func newBareHandlers(ctx context.Context, j job) (*bareHandlers, error) {
	d := database{dsn: j.DSN}
	k, err := learn()
	if err != nil {
		return nil, err
	}
	h := &bareHandlers{
		now: clockFrom(start), views: map[string]workflow.CaseView{}, timelines: map[string][]workflow.TimelineItem{},
		accepted: map[string]workflow.CaseView{}, moves: map[string]*move{}, names: map[string]string{},
	}
	if err := h.learn(ctx, d, k); err != nil {
		return nil, err
	}
	p, err := d.bare(ctx)
	if err != nil {
		return nil, err
	}
	h.w = newWriter(p)
	for _, s := range []struct {
		st   **sql.Stmt
		text string
	}{{&h.list, listSQL}, {&h.scoped, scopedSQL}, {&h.one, caseSQL}, {&h.events, eventsSQL}, {&h.done, doneSQL}} {
		if *s.st, err = p.read.PrepareContext(ctx, s.text); err != nil {
			return nil, err
		}
	}
	for _, m := range h.moves {
		if err := h.w.ready(ctx, m.texts()); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func stateKey(status casework.Status, department string) string {
	return string(status) + " " + department
}

// learn asks the product once what it would answer about each template: labels, names, working days, allowed commands.
func (h *bareHandlers) learn(ctx context.Context, d database, k knowledge) error {
	db, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	e := workflow.New(db, workflow.Options{Clock: h.now})
	for s, st := range statuses {
		for i := range departments {
			actor, _, err := e.Actor(ctx, head(i))
			if err != nil {
				return err
			}
			id, key := templateID(i, s), stateKey(st.status, department(i))
			if h.views[key], err = e.Case(ctx, actor, id); st.status == casework.Registered {
				continue // masked, and in nobody's list
			} else if err != nil {
				return err
			}
			page, err := e.Timeline(ctx, actor, id, 0, 100, false)
			if err != nil {
				return err
			}
			h.timelines[key] = page.Items
			if st.status != casework.Dispatched {
				continue
			}
			l, err := db.Case(ctx, id)
			if err != nil {
				return err
			}
			decided, err := casework.Decide(l.Case, actor, casework.Accept{HandlerID: handler(i)}, k.env(h.now()))
			if err != nil {
				return err
			}
			if h.accepted[department(i)], err = e.Shown(ctx, actor, decided.Case); err != nil {
				return err
			}
			if h.moves[department(i)], err = k.moveOf(l.Case, decided, h.now()); err != nil {
				return err
			}
		}
	}
	o := k.organisation
	for _, v := range o.Departments() {
		h.names[v.ID] = v.Name
	}
	for _, v := range o.Grids() {
		h.names[v.ID] = v.Name
	}
	for _, v := range o.Communities() {
		h.names[v.ID] = v.Name
	}
	for _, v := range o.People() {
		h.names[v.ID] = v.Name
	}
	return nil
}

func (h *bareHandlers) named(id string) *workflow.Named {
	if id == "" {
		return nil
	}
	return &workflow.Named{ID: id, Name: h.names[id]}
}

func (h *bareHandlers) router() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/api/v1/cases", func(c *gin.Context) {
		status, lead := c.Query("status"), c.Query("lead_department_id")
		h.cases(c, h.list, status, lead, pageSize+1)
	})
	r.GET("/scoped/cases", func(c *gin.Context) {
		status, lead := c.Query("status"), c.Query("lead_department_id")
		// The department's, what the head has in person, and what they have as its head.
		person := "person:p-head-" + strings.TrimPrefix(lead, "d-")
		h.cases(c, h.scoped, "department:"+lead, status, lead, pageSize+1, person, status, lead, pageSize+1, person+"@department:"+lead, status, lead, pageSize+1, pageSize+1)
	})
	r.GET("/api/v1/cases/:id", h.detail)
	r.GET("/api/v1/cases/:id/timeline", h.timeline)
	r.POST("/api/v1/cases/:id/accept", h.accept)
	return r
}

const pageSize = 20

func failed(c *gin.Context, err error) { c.String(http.StatusInternalServerError, "%v", err) }

func (h *bareHandlers) cases(c *gin.Context, st *sql.Stmt, args ...any) {
	rows, err := st.QueryContext(c.Request.Context(), args...)
	if err != nil {
		failed(c, err)
		return
	}
	defer func() { _ = rows.Close() }()
	page := workflow.Page[workflow.CaseItem]{Items: make([]workflow.CaseItem, 0, pageSize)}
	for rows.Next() {
		var it workflow.CaseItem
		var triggers, communityID, gridID, leadID, handlerID string
		var overdue, provisional bool
		var due, sort sql.NullInt64
		var updated int64
		if err := rows.Scan(&it.ID, &it.Number, &it.Version, &it.Status, &it.Tier, &it.Round, &it.Title, &it.Place, &it.Domain, &it.Topic, &triggers,
			&it.Tickets, &communityID, &gridID, &leadID, &handlerID, &overdue, &provisional, &due, &sort, &updated); err != nil {
			failed(c, err)
			return
		}
		if len(page.Items) == pageSize {
			page.Next = fmt.Sprintf("%d\n%s", sort.Int64, it.ID)
			break
		}
		canned := h.views[stateKey(it.Status, leadID)]
		it.StatusLabel, it.TierLabel, it.Triggers = canned.StatusLabel, canned.TierLabel, canned.Triggers
		it.Community, it.Grid, it.LeadDepartment, it.Handler = h.named(communityID), h.named(gridID), h.named(leadID), h.named(handlerID)
		it.UpdatedAt = time.UnixMilli(updated).UTC()
		if due.Valid {
			clock := *canned.Clock
			clock.DueAt, clock.Provisional = time.UnixMilli(due.Int64).UTC(), provisional
			it.Clock = &clock
		}
		page.Items = append(page.Items, it)
	}
	if err := rows.Err(); err != nil {
		failed(c, err)
		return
	}
	c.JSON(http.StatusOK, page)
}

func (h *bareHandlers) load(ctx context.Context, id string) ([]byte, error) {
	var head string
	var revision, updated sql.NullInt64
	var body []byte
	err := h.one.QueryRowContext(ctx, id).Scan(&head, &revision, &updated, &body)
	return body, err
}

func (h *bareHandlers) detail(c *gin.Context) {
	body, err := h.load(c.Request.Context(), c.Param("id"))
	if err != nil {
		failed(c, err)
		return
	}
	var k casework.Case
	if err := json.Unmarshal(body, &k); err != nil {
		failed(c, err)
		return
	}
	v := h.views[stateKey(k.Status, k.LeadDepartmentID)]
	v.ID, v.Number, v.Version, v.Title, v.Place, v.Facts, v.Why = k.ID, k.Number, k.Version, k.Title, k.Place, k.Facts, k.Triggers
	v.Contacts, v.Submission, v.Verification = k.Contacts, k.Submission, k.Verification
	c.JSON(http.StatusOK, v)
}

func (h *bareHandlers) timeline(c *gin.Context) {
	ctx, id := c.Request.Context(), c.Param("id")
	if _, err := h.load(ctx, id); err != nil {
		failed(c, err)
		return
	}
	rows, err := h.events.QueryContext(ctx, id, 0, 51)
	if err != nil {
		failed(c, err)
		return
	}
	defer func() { _ = rows.Close() }()
	canned := h.timelines[c.Query("as")]
	page := workflow.Page[workflow.TimelineItem]{Items: make([]workflow.TimelineItem, 0, 10)}
	for rows.Next() {
		var body []byte
		var e casework.Event
		if err := rows.Scan(&body); err != nil {
			failed(c, err)
			return
		}
		if err := json.Unmarshal(body, &e); err != nil {
			failed(c, err)
			return
		}
		it := canned[int(e.Seq-1)%len(canned)] // an accepted one has a line more
		page.Items = append(page.Items, workflow.TimelineItem{
			Seq: e.Seq, Kind: e.Kind, At: e.At, RecordedAt: e.RecordedAt, Who: it.Who, Text: it.Text, Public: e.Public,
		})
	}
	if err := rows.Err(); err != nil {
		failed(c, err)
		return
	}
	c.JSON(http.StatusOK, page)
}

func (h *bareHandlers) accept(c *gin.Context) {
	var in struct {
		Version   int64  `json:"version"`
		HandlerID string `json:"handler_id"`
	}
	ctx, id := c.Request.Context(), c.Param("id")
	if err := json.NewDecoder(c.Request.Body).Decode(&in); err != nil {
		failed(c, err)
		return
	}
	d := "d-" + strings.TrimPrefix(in.HandlerID, "p-hand-")
	actor, key := "p-head-"+strings.TrimPrefix(in.HandlerID, "p-hand-"), c.GetHeader("Idempotency-Key")
	var request, done string
	if err := h.done.QueryRowContext(ctx, actor, key).Scan(&request, &done); !errors.Is(err, sql.ErrNoRows) {
		failed(c, errors.Join(err, errLost))
		return
	}
	number := c.Query("number")
	if err := h.moves[d].write(ctx, h.w, id, number, actor, key, h.now()); err != nil {
		failed(c, err)
		return
	}
	v := h.accepted[d]
	v.ID, v.Number = id, number
	c.JSON(http.StatusOK, api.CommandResult{Case: v})
}

// bareServer serves them until its input ends.
func bareServer(ctx context.Context, j job, in *bufio.Reader, tell func(any) error) error {
	h, err := newBareHandlers(ctx, j)
	if err != nil {
		return err
	}
	defer func() { _ = h.w.p.close() }()
	return serve(h.router(), in, tell)
}
