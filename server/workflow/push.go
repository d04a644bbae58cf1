package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// Receipt is what became of a platform's request.
type Receipt struct {
	Received  int `json:"received" doc:"收到的工单数"`
	Created   int `json:"created" doc:"新增"`
	Updated   int `json:"updated" doc:"有变化而更新"`
	Unchanged int `json:"unchanged" doc:"没有变化"`
	// Refused are those that did not go in.
	Refused []PushProblem `json:"refused" doc:"没有接收的工单和原因；其余的已全部接收"`
	Hints   []PushProblem `json:"hints,omitempty" doc:"已接收，但有需要留意之处"`
}

// PushProblem is what was wrong with one of the tickets.
type PushProblem struct {
	Index   int      `json:"index" doc:"在 tickets 中的位置，从 0 起"`
	OrderNo string   `json:"order_no,omitempty"`
	Reasons []string `json:"reasons" doc:"原因和处理办法"`
}

// Push is a platform's tickets, each read or with what was wrong with it.
type Push struct {
	Platform  store.Platform
	Signature string // of the request: it is done once
	Tickets   []PushedTicket
}

// PushedTicket is one ticket of a push. With Problems it could not be read.
type PushedTicket struct {
	ticket.Pushed
	Problems []string
}

// Push takes a platform's tickets in, in one transaction: what can be used goes in, what cannot is told. ErrReplayed when
// this very request was done; the same tickets in a new request change nothing.
func (e *Engine) Push(ctx context.Context, p Push) (Receipt, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{Received: len(p.Tickets), Refused: []PushProblem{}}
	var good []ticket.Ticket
	first := map[string]int{}
	for i, pushed := range p.Tickets {
		if len(pushed.Problems) > 0 {
			r.Refused = append(r.Refused, PushProblem{i, pushed.OrderNo, pushed.Problems})
			continue
		}
		t, problems := pushed.Parse(p.Platform.Source, e.Now(k), "重新推送")
		var reasons []string
		fatal := false
		for _, p := range problems {
			reasons = append(reasons, p.Message)
			fatal = fatal || p.Fatal
		}
		if before, twice := first[t.OrderNo]; twice && !fatal {
			reasons, fatal = append(reasons, fmt.Sprintf("工单编号与第 %d 件（index %d）重复，请只保留一件", before+1, before)), true
		}
		if ownNumber.MatchString(t.OrderNo) {
			reasons, fatal = append(reasons, "GD 加年份开头的是本系统自己的工单编号，请改用贵平台的编号"), true
		}
		if fatal {
			r.Refused = append(r.Refused, PushProblem{i, t.OrderNo, reasons})
			continue
		}
		if len(reasons) > 0 {
			r.Hints = append(r.Hints, PushProblem{i, t.OrderNo, reasons})
		}
		first[t.OrderNo] = i
		good = append(good, t)
	}
	var others map[string]bool
	taken, err := e.intake(ctx, func(ctx context.Context, in *intake) error {
		// Only here, in turn, is it certain that nobody is doing the same request.
		done, err := in.tx.RequestDone(ctx, p.Platform.ID, p.Signature)
		if err != nil {
			return err
		}
		if done {
			return ErrReplayed
		}
		in.platform = p.Platform.ID
		if err := in.take(ctx, good); err != nil {
			return err
		}
		others = in.others
		return in.tx.NoteRequest(ctx, store.PlatformRequest{
			Platform: p.Platform.ID, Signature: p.Signature, At: e.clock(), Created: in.taken.Created, Updated: in.taken.Updated, Unchanged: in.taken.Unchanged, Refused: len(r.Refused) + len(others),
		})
	})
	r.refuse(others, first)
	r.Created, r.Updated, r.Unchanged = taken.Created, taken.Updated, taken.Unchanged
	return r, err
}

// refuse adds what is another platform's, whose place in the request first tells.
func (r *Receipt) refuse(others map[string]bool, first map[string]int) {
	r.Hints = slices.DeleteFunc(r.Hints, func(p PushProblem) bool { return others[p.OrderNo] })
	for no := range others {
		r.Refused = append(r.Refused, PushProblem{first[no], no, []string{"这个编号的工单是另一个平台推送的，贵平台不能更新；请核对编号"}})
	}
	slices.SortFunc(r.Refused, func(a, b PushProblem) int { return cmp.Compare(a.Index, b.Index) })
}

// foldRequests puts what platforms have pushed into the audit log, one entry per platform and fold, and forgets the
// requests whose signatures are no longer valid. Each request is counted once, however many processes fold.
func (e *Engine) foldRequests(ctx context.Context) error {
	const atOnce = 5000
	for {
		n := 0
		err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.TakeRequests(ctx, e.clock().Add(-requestsKept), atOnce)
			if n = len(list); err != nil {
				return err
			}
			sums := map[string]*pushSum{}
			for _, r := range list {
				if sums[r.Platform] == nil {
					sums[r.Platform] = &pushSum{from: r.At}
				}
				sums[r.Platform].add(r)
			}
			for _, id := range sorted(sums) {
				if err := e.RecordIn(ctx, tx, Audited{Actor: "platform:" + id, Action: "ticket.push", Object: "platform:" + id, Detail: sums[id].detail()}); err != nil {
					return err
				}
			}
			return nil
		})
		if errors.Is(err, store.ErrStale) {
			return nil // another process is at it
		}
		if err != nil || n < atOnce {
			return err
		}
	}
}

// pushSum sums requests of one platform.
type pushSum struct {
	from, until                                    time.Time
	requests, created, updated, unchanged, refused int
}

func (s *pushSum) add(r store.PlatformRequest) {
	s.until = r.At
	s.requests++
	s.created += r.Created
	s.updated += r.Updated
	s.unchanged += r.Unchanged
	s.refused += r.Refused
}

func (s *pushSum) detail() map[string]string {
	return map[string]string{
		"from": s.from.In(shanghai).Format(time.RFC3339), "until": s.until.In(shanghai).Format(time.RFC3339), "requests": strconv.Itoa(s.requests),
		"created": strconv.Itoa(s.created), "updated": strconv.Itoa(s.updated), "unchanged": strconv.Itoa(s.unchanged), "refused": strconv.Itoa(s.refused),
	}
}

// FeedKind is what happened to a platform's ticket.
type FeedKind string

// What a platform is told: what a requester would be, and where its ticket is. Nothing of it names a person.
const (
	FeedTakenIn   FeedKind = "taken_in"
	FeedJoined    FeedKind = "joined"
	FeedLeft      FeedKind = "left"
	FeedStatus    FeedKind = "status"
	FeedAccepted  FeedKind = "accepted"
	FeedProgress  FeedKind = "progress"
	FeedEscalated FeedKind = "escalated"
	FeedOverdue   FeedKind = "overdue"
	FeedResolved  FeedKind = "resolved"
	FeedReopened  FeedKind = "reopened"
)

// FeedKinds lists them all.
var FeedKinds = []FeedKind{FeedTakenIn, FeedJoined, FeedLeft, FeedStatus, FeedAccepted, FeedProgress, FeedEscalated, FeedOverdue, FeedResolved, FeedReopened}

// Label is the kind in Chinese.
func (k FeedKind) Label() string {
	switch k {
	case FeedTakenIn:
		return "已接收"
	case FeedJoined:
		return "已纳入难事"
	case FeedLeft:
		return "已移出难事"
	case FeedStatus:
		return "状态变化"
	case FeedAccepted:
		return "已接单"
	case FeedProgress:
		return "有新进展"
	case FeedEscalated:
		return "已提级"
	case FeedOverdue:
		return "已超期"
	case FeedResolved:
		return "已办结"
	case FeedReopened:
		return "已重新办理"
	}
	return "未知"
}

// toldToRequesters are the notices to requesters that a platform reads too.
var toldToRequesters = map[casework.NoticeKind]FeedKind{
	casework.NoticeAccepted: FeedAccepted, casework.NoticeProgress: FeedProgress, casework.NoticeEscalated: FeedEscalated,
	casework.NoticeOverdue: FeedOverdue, casework.NoticeResolved: FeedResolved, casework.NoticeReopened: FeedReopened,
}

// endings are the states that no notice to requesters tells of.
var endings = []casework.Status{casework.Registered, casework.Rejected, casework.Closed}

// happened notes what a decision means for the tickets of platforms.
func (w *writer) happened(ctx context.Context, before casework.Case, d casework.Decision) error {
	if len(w.k.Platforms) == 0 {
		return nil
	}
	var kinds []FeedKind
	for _, n := range d.Notices {
		kind, told := toldToRequesters[n.Kind]
		toRequester := slices.ContainsFunc(n.To, func(a casework.Addressee) bool { _, ok := cutPrefix(a, "requester:"); return ok })
		if told && toRequester {
			kinds = append(kinds, kind)
		}
	}
	if d.Case.Status != before.Status && slices.Contains(endings, d.Case.Status) {
		kinds = append(kinds, FeedStatus)
	}
	var ids []string // of the tickets now and before
	for id := range d.Case.Tickets {
		if _, was := before.Tickets[id]; !was || len(kinds) > 0 {
			ids = append(ids, id)
		}
	}
	for id := range before.Tickets {
		if _, is := d.Case.Tickets[id]; !is {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	pushed, err := w.tx.PlatformTickets(ctx, ids)
	if err != nil {
		return err
	}
	slices.SortFunc(pushed, func(a, b store.PlatformTicket) int {
		return slices.Index(ids, a.TicketID) - slices.Index(ids, b.TicketID)
	})
	row := store.FeedRow{At: w.now, Number: d.Case.Number, Status: d.Case.Status}
	if stage, open := d.Case.Stage(); open {
		row.DueAt, row.Provisional = stage.DueAt, stage.Provisional
	}
	for _, p := range pushed {
		row.Platform, row.OrderNo = p.Platform, p.OrderNo
		_, was := before.Tickets[p.TicketID]
		_, is := d.Case.Tickets[p.TicketID]
		switch {
		case is && !was:
			row.Kind = string(FeedJoined) // its state says the rest
			w.feed = append(w.feed, row)
			continue
		case was && !is:
			row.Kind = string(FeedLeft)
			w.feed = append(w.feed, row)
			continue
		}
		for _, kind := range kinds {
			row.Kind = string(kind)
			w.feed = append(w.feed, row)
		}
	}
	return nil
}

// tell writes the feeds, last in the transaction.
func (w *writer) tellPlatforms(ctx context.Context) error {
	if len(w.feed) == 0 {
		return nil
	}
	return w.tx.AppendFeed(ctx, w.feed)
}

// FeedItem is one thing that happened to a ticket of a platform.
type FeedItem struct {
	At        time.Time `json:"at" doc:"发生时间"`
	OrderNo   string    `json:"order_no"`
	Kind      FeedKind  `json:"kind" doc:"发生了什么"`
	KindLabel string    `json:"kind_label"`
	// CaseNumber is that of the hard case it is in.
	CaseNumber  string          `json:"case_number,omitempty" doc:"所在难事的编号"`
	Status      casework.Status `json:"status,omitempty" doc:"难事的状态"`
	StatusLabel string          `json:"status_label,omitempty"`
	DueAt       *time.Time      `json:"due_at,omitempty" doc:"本级办结期限（承诺时间）"`
	Provisional bool            `json:"provisional,omitempty" doc:"期限涉及尚未公布放假安排的日期，公布后可能调整"`
}

// FeedPage is one page of a feed.
type FeedPage struct {
	Items []FeedItem `json:"items"`
	// Next is where to go on, also when nothing has happened yet.
	Next string `json:"next" doc:"下次的 after：已读到这里，请保存"`
	More bool   `json:"more" doc:"后面还有，可以立即再取"`
}

// Feed tells a platform what happened to its tickets since the cursor, "" for from the beginning.
func (e *Engine) Feed(ctx context.Context, platform, after string, limit int) (FeedPage, error) {
	page := FeedPage{Items: []FeedItem{}, Next: after}
	seq := int64(0)
	if after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil || n < 0 {
			return page, apperr.New(apperr.InvalidArgument, "list.cursor", "after 无效，请使用上一次返回的 next。")
		}
		seq = n
	}
	rows, err := e.db.Feed(ctx, platform, seq, limit+1)
	if err != nil {
		return page, err
	}
	if page.More = len(rows) > limit; page.More {
		rows = rows[:limit]
	}
	for _, r := range rows {
		it := FeedItem{At: r.At, OrderNo: r.OrderNo, Kind: FeedKind(r.Kind), KindLabel: FeedKind(r.Kind).Label(), CaseNumber: r.Number, Status: r.Status, Provisional: r.Provisional}
		if r.Status != "" {
			it.StatusLabel = r.Status.Label()
		}
		if !r.DueAt.IsZero() {
			it.DueAt = &r.DueAt
		}
		page.Items = append(page.Items, it)
		seq = r.Seq
	}
	page.Next = strconv.FormatInt(seq, 10)
	return page, nil
}
