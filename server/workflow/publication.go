package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// A publication is what residents may know of a case that is not theirs: words that a person of the centre wrote for them, the state in plain
// words, the promised date. Nothing of a ticket is in it, and what is withdrawn is gone everywhere at once.

// PublicMatter is a published matter as residents read it.
type PublicMatter struct {
	ID         string    `json:"id"`
	Title      string    `json:"title" doc:"说的是什么"`
	Words      string    `json:"words,omitempty" doc:"说明"`
	Status     string    `json:"status" doc:"办到哪一步，大白话"`
	Promise    string    `json:"promise,omitempty" doc:"承诺什么时候办结，超过的如实写明；还没有承诺或已办结的没有"`
	PromisedAt time.Time `json:"promised_at,omitzero" doc:"承诺办结的时间"`
	Late       bool      `json:"late,omitempty" doc:"已超过承诺的时间"`
	Open       bool      `json:"open" doc:"还在办，可以点“我也遇到”"`
	People     int       `json:"people" doc:"点过“我也遇到”的人数，一人只计一次"`
}

// PublicStory tells how a matter was solved.
type PublicStory struct {
	ID      string    `json:"id"`
	Title   string    `json:"title" doc:"标题"`
	Problem string    `json:"problem" doc:"遇到了什么问题"`
	Done    string    `json:"done" doc:"怎样解决的"`
	At      time.Time `json:"at" doc:"发布时间"`
}

// MeToo is what came of saying that one meets a matter too.
type MeToo struct {
	Already bool   `json:"already" doc:"先前已经计入，这次没有再登记"`
	People  int    `json:"people" doc:"现在的人数"`
	OrderNo string `json:"order_no,omitempty" doc:"为您登记的工单号；您在这件事里已有工单的没有"`
	Text    string `json:"text" doc:"一句话：结果怎样、接下来会怎样"`
}

// NewPublication is what the centre tells residents about a case.
type NewPublication struct {
	Title string `json:"title" minLength:"4" maxLength:"60" doc:"公开的标题：什么事、在哪里，不写姓名、电话、门牌"`
	Words string `json:"words,omitempty" maxLength:"1000" doc:"公开的说明"`
}

// NewStory is how the centre tells that a matter was solved.
type NewStory struct {
	Title   string `json:"title" minLength:"4" maxLength:"60" doc:"故事的标题"`
	Problem string `json:"problem" minLength:"4" maxLength:"1000" doc:"遇到了什么问题"`
	Done    string `json:"done" minLength:"4" maxLength:"2000" doc:"怎样解决的"`
}

// PublicationView is a case's publication as the centre sees it, with what may be done with it now.
type PublicationView struct {
	State       string        `json:"state" enum:"none,published,withdrawn" doc:"none 没有公开过，published 已公开，withdrawn 已撤回"`
	StateLabel  string        `json:"state_label" doc:"显示用"`
	Matter      *PublicMatter `json:"matter,omitempty" doc:"公开的内容"`
	Story       *PublicStory  `json:"story,omitempty" doc:"办成的故事"`
	MayPublish  bool          `json:"may_publish" doc:"现在可以公开或改写"`
	MayWithdraw bool          `json:"may_withdraw" doc:"现在可以撤回"`
	MayTell     bool          `json:"may_tell" doc:"已公开并已办结，可以写办成的故事"`
}

var (
	errNotPublishable = apperr.New(apperr.FailedPrecondition, "publication.status", "这件难事还没有纳入项目库，或已不予入库、并案，不能公开。")
	errNamesSomebody  = apperr.New(apperr.InvalidArgument, "publication.personal", "公开的文字里有电话、证件号码、门牌或诉求人的姓名，请删去后再公开。")
	errNoStoryYet     = apperr.New(apperr.FailedPrecondition, "publication.story", "公开并且办结以后才能写办成的故事。")
	errMeTooOver      = apperr.New(apperr.FailedPrecondition, "publication.over", "这件事已经办结。如果您遇到的还没有解决，请点“反映一件事”告诉我们。")
)

func publishable(s casework.Status) bool {
	return s.Open() || s == casework.Resolved || s == casework.Closed
}

func (k *Knowledge) publicMatter(p store.PublishedCase, now time.Time) PublicMatter {
	v := PublicMatter{ID: p.ID, Title: p.Title, Words: p.Words, Status: plainly[p.Status], Open: p.Status.Open(), People: p.People}
	if v.Status == "" { // merged into another case, which goes on
		v.Status = "已与同一件事合并办理"
	}
	if p.Status.Open() && !p.DueAt.IsZero() {
		c := k.clock(p.DueAt, p.Provisional, now)
		v.Promise, v.PromisedAt, v.Late = promise(c), p.DueAt, c.Overdue
	}
	return v
}

func publicStory(p store.Publication) PublicStory {
	return PublicStory{ID: p.ID, Title: p.Story.Title, Problem: p.Story.Problem, Done: p.Story.Done, At: p.Story.At}
}

// PublicMatters lists what is published, the latest first.
func (e *Engine) PublicMatters(ctx context.Context, cursorText string, limit int) (Page[PublicMatter], error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Page[PublicMatter]{}, err
	}
	return publicPage(ctx, cursorText, limit, e.db.PublishedCases, func(p store.PublishedCase) (time.Time, PublicMatter) {
		return p.PublishedAt, k.publicMatter(p, e.Now(k))
	})
}

// PublicStories lists the published stories, the latest first.
func (e *Engine) PublicStories(ctx context.Context, cursorText string, limit int) (Page[PublicStory], error) {
	return publicPage(ctx, cursorText, limit, e.db.Stories, func(p store.PublishedCase) (time.Time, PublicStory) { return p.Story.At, publicStory(p.Publication) })
}

func publicPage[T any](ctx context.Context, cursorText string, limit int, read func(context.Context, time.Time, string, int) ([]store.PublishedCase, error), show func(store.PublishedCase) (time.Time, T)) (Page[T], error) {
	page := Page[T]{Items: []T{}}
	var at time.Time
	var id string
	if cursorText != "" {
		var err error
		if at, id, err = parseCursor(cursorText); err != nil {
			return page, err
		}
	}
	rows, err := read(ctx, at, id, limit+1)
	if err != nil {
		return page, err
	}
	for i, r := range rows {
		if i == limit {
			page.Next = cursor(at, rows[i-1].ID)
			break
		}
		var v T
		at, v = show(r)
		page.Items = append(page.Items, v)
	}
	return page, nil
}

const (
	comparedPublications = 300 // the latest
	similarPublications  = 3
)

// SimilarPublished gives those published matters, still open, that are most like what a resident has typed.
// Beside it stands the community that the text names where that is another than the one chosen.
func (e *Engine) SimilarPublished(ctx context.Context, text, communityID, place string) ([]PublicMatter, *Named, error) {
	out := []PublicMatter{}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return out, nil, err
	}
	other := k.otherCommunity(communityID, text, place)
	if utf8.RuneCountInString(strings.TrimSpace(text)) < leastReport {
		return out, other, nil
	}
	rows, err := e.db.PublishedCases(ctx, time.Time{}, "", comparedPublications)
	if err != nil {
		return out, nil, err
	}
	now := e.Now(k)
	community := k.Organisation.CommunityName(communityID)
	asked, _ := ticket.Pushed{OrderNo: "NEW", AcceptedAt: now, Content: text, Address: place, Community: community}.Parse(ticket.Resident, now, "")
	s := similarity{e: e, k: k, asked: asked, place: recognition.Place(asked)}
	type found struct {
		score float64
		p     store.PublishedCase
	}
	var list []found
	for _, p := range rows {
		if !p.Status.Open() {
			continue
		}
		words := p.Title + "\n" + p.Words
		there := ""
		if community != "" && strings.Contains(words, community) || s.place != "" && recognition.Place(ticket.Ticket{Title: p.Title, Content: words}) == s.place {
			there = s.place
		}
		if score, _ := s.compare(there, words); score > 0 {
			list = append(list, found{score, p})
		}
	}
	slices.SortStableFunc(list, func(a, b found) int { return cmp.Compare(b.score, a.score) })
	for _, f := range list[:min(len(list), similarPublications)] {
		out = append(out, k.publicMatter(f.p, now))
	}
	return out, other, nil
}

// MeToo counts the actor among those who meet a published matter, and makes a ticket of theirs in its case. Twice counts once.
func (e *Engine) MeToo(ctx context.Context, actor casework.Actor, id, phoneID string) (MeToo, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return MeToo{}, err
	}
	asks, err := e.requesterFor(ctx, k, actor, phoneID, "")
	if err != nil {
		return MeToo{}, err
	}
	requester := e.requesterOf(asks.Phone)
	var out MeToo
	_, err = e.intake(ctx, func(ctx context.Context, in *intake) error {
		out = MeToo{}
		p, err := in.tx.Publication(ctx, id)
		if err == nil && p.State != store.Published {
			err = store.ErrNoPublication
		}
		if err != nil {
			return err
		}
		out.People = p.People
		if out.Already, err = in.tx.HasMeToo(ctx, id, requester); err != nil || out.Already {
			return err
		}
		l, ok, err := in.caseNow(ctx, p.CaseID)
		if err != nil {
			return err
		}
		if !ok || !l.Case.Status.Open() {
			return errMeTooOver
		}
		ticketID := ""
		for _, t := range sorted(l.Case.Tickets) {
			if l.Case.Tickets[t].Requester == requester {
				ticketID = t
			}
		}
		if ticketID == "" {
			if err := in.notTooMany(ctx, actor.PersonID, requester); err != nil {
				return err
			}
			if out.OrderNo, err = in.nextOrder(ctx); err != nil {
				return err
			}
			n := NewTicket{Source: ticket.Resident, Channel: "小程序", Requester: asks, CaseID: l.Case.ID}
			n.Content = "我也遇到：" + p.Title
			if ticketID, _, err = in.under(ctx, casework.SystemActor(), n, out.OrderNo); err != nil {
				return err
			}
		}
		if _, err := in.tx.AddMeToo(ctx, id, requester, ticketID, in.now); err != nil {
			return err
		}
		out.People++
		return nil
	})
	switch {
	case err != nil:
	case out.Already:
		out.Text = "您已经计入了，不用再点。这件事的进展会告诉您。"
	case out.OrderNo == "":
		out.Text = "已计入。您反映的就在这件事里，进展会告诉您。"
	default:
		out.Text = "已为您登记，和大家的一起办理。在“我的诉求”里看进度。"
	}
	return out, err
}

// offersPublication says whether there is something for an actor to publish of a case, or to take back.
func (e *Engine) offersPublication(ctx context.Context, actor casework.Actor, c casework.Case) (bool, error) {
	if !slices.ContainsFunc(actor.Posts, func(p casework.Post) bool { return p.Role == casework.Centre }) {
		return false, nil
	}
	if publishable(c.Status) {
		return true, nil
	}
	p, err := e.db.CasePublication(ctx, c.ID) // what was published before the case was merged or rejected
	if errors.Is(err, store.ErrNoPublication) {
		err = nil
	}
	return p.State == store.Published, err
}

// Publication shows the centre what is published of a case.
func (e *Engine) Publication(ctx context.Context, actor casework.Actor, caseID string) (PublicationView, error) {
	l, err := e.full(ctx, actor, caseID)
	if err != nil {
		return PublicationView{}, err
	}
	p, err := e.db.CasePublication(ctx, l.Case.ID)
	if err != nil && !errors.Is(err, store.ErrNoPublication) {
		return PublicationView{}, err
	}
	return e.publicationView(ctx, l.Case, p)
}

func (e *Engine) publicationView(ctx context.Context, c casework.Case, p store.Publication) (PublicationView, error) {
	k, err := e.Knowledge(ctx)
	v := PublicationView{State: "none", StateLabel: "没有公开", MayPublish: publishable(c.Status)}
	if err != nil || p.ID == "" {
		return v, err
	}
	row := store.PublishedCase{Publication: p, Status: c.Status}
	if s, running := c.Stage(); running {
		row.DueAt, row.Provisional = s.DueAt, s.Provisional
	}
	m := k.publicMatter(row, e.Now(k))
	v.State, v.Matter = p.State, &m
	v.StateLabel = map[string]string{store.Published: "居民看得到", store.Withdrawn: "已撤回，居民看不到"}[p.State]
	v.MayWithdraw = p.State == store.Published
	v.MayTell = v.MayWithdraw && !c.Status.Open() && publishable(c.Status)
	if !p.Story.At.IsZero() {
		s := publicStory(p)
		v.Story = &s
	}
	return v, nil
}

// Publish publishes a case, or changes what is published of it.
func (e *Engine) Publish(ctx context.Context, actor casework.Actor, caseID string, n NewPublication) (PublicationView, error) {
	return e.publish(ctx, actor, caseID, "publication.publish", []string{n.Title, n.Words}, func(c casework.Case, p *store.Publication, now time.Time) error {
		if !publishable(c.Status) {
			return errNotPublishable
		}
		if p.State != store.Published {
			p.PublishedAt = now
		}
		p.State, p.Title, p.Words = store.Published, strings.TrimSpace(n.Title), strings.TrimSpace(n.Words)
		return nil
	})
}

// Withdraw takes back what is published of a case, its story too. Twice changes nothing.
func (e *Engine) Withdraw(ctx context.Context, actor casework.Actor, caseID string) (PublicationView, error) {
	return e.publish(ctx, actor, caseID, "publication.withdraw", nil, func(_ casework.Case, p *store.Publication, _ time.Time) error {
		if p.State == "" {
			return store.ErrNoPublication
		}
		p.State = store.Withdrawn
		return nil
	})
}

// TellStory publishes how a published matter was solved, or changes that.
func (e *Engine) TellStory(ctx context.Context, actor casework.Actor, caseID string, n NewStory) (PublicationView, error) {
	return e.publish(ctx, actor, caseID, "publication.story", []string{n.Title, n.Problem, n.Done}, func(c casework.Case, p *store.Publication, now time.Time) error {
		if p.State != store.Published || c.Status.Open() || !publishable(c.Status) {
			return errNoStoryYet
		}
		if p.Story.At.IsZero() {
			p.Story.At = now
		}
		p.Story.Title, p.Story.Problem, p.Story.Done = strings.TrimSpace(n.Title), strings.TrimSpace(n.Problem), strings.TrimSpace(n.Done)
		return nil
	})
}

func (e *Engine) publish(ctx context.Context, actor casework.Actor, caseID, action string, words []string, change func(casework.Case, *store.Publication, time.Time) error) (PublicationView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return PublicationView{}, err
	}
	l, err := e.full(ctx, actor, caseID)
	if err != nil {
		return PublicationView{}, err
	}
	var p store.Publication
	err = e.db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		if l, err = tx.Case(ctx, l.Case.ID); err != nil {
			return err
		}
		if p, err = tx.CasePublication(ctx, l.Case.ID); errors.Is(err, store.ErrNoPublication) {
			p, err = store.Publication{ID: newID(), CaseID: l.Case.ID}, nil
		}
		if err != nil {
			return err
		}
		if err := change(l.Case, &p, e.Now(k)); err != nil {
			return err
		}
		if err := namesNobody(ctx, tx, l.Case, words); err != nil {
			return err
		}
		if err := tx.PutPublication(ctx, p); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: action, Object: "case:" + l.Case.Number})
	})
	if errors.Is(err, store.ErrTaken) {
		err = store.ErrStale // somebody published it at the same time
	}
	if err != nil {
		return PublicationView{}, err
	}
	return e.publicationView(ctx, l.Case, p)
}

// namesNobody refuses words with a number that names somebody, or with what names or reaches a requester of the case.
func namesNobody(ctx context.Context, tx *store.Tx, c casework.Case, words []string) error {
	if len(words) == 0 {
		return nil
	}
	text := strings.Join(words, "\n")
	if ticket.MaskText(text) != text {
		return errNamesSomebody
	}
	rows, err := tx.TicketsByID(ctx, sorted(c.Tickets))
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Ticket.Masked(text) != text {
			return errNamesSomebody
		}
	}
	return nil
}

// StreetFigures are the street's figures for residents.
type StreetFigures struct {
	Items []StreetFigure `json:"items"`
}

// StreetFigure is one of them, with what it says.
type StreetFigure struct {
	Label string `json:"label" doc:"是什么"`
	Value string `json:"value" doc:"数字，显示用"`
	Note  string `json:"note" doc:"怎样算的：从何时到何时，多少件中的多少件"`
}

// figuresLife is how long figures are good.
const figuresLife = time.Minute

// keptFigures are the figures as last counted, in this process.
type keptFigures struct {
	mu    sync.Mutex
	at    time.Time
	shown StreetFigures
}

// StreetFigures counts this month's matters, at most once a minute.
func (e *Engine) StreetFigures(ctx context.Context) (StreetFigures, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return StreetFigures{}, err
	}
	now := e.Now(k)
	e.figures.mu.Lock()
	defer e.figures.mu.Unlock()
	if age := now.Sub(e.figures.at); age >= 0 && age < figuresLife && e.figures.shown.Items != nil {
		return e.figures.shown, nil
	}
	today := workday.DateOf(now)
	from := workday.Date{Year: today.Year, Month: today.Month, Day: 1}
	days, err := e.db.HappeningsByDay(ctx, store.HappeningFilter{From: from.String(), Before: today.AddDays(1).String()})
	if err != nil {
		return StreetFigures{}, err
	}
	n := map[casework.HappeningKind]int{}
	for _, c := range days {
		n[c.Kind] += c.N
	}
	rated := n[casework.Rated]
	solved, kept, err := e.db.SolvedCases(ctx, from.String(), today.AddDays(1).String())
	if err != nil {
		return StreetFigures{}, err
	}
	tiers, err := e.db.CountTiers(ctx, nil, now, now)
	if err != nil {
		return StreetFigures{}, err
	}
	open := 0
	for _, t := range []casework.Tier{casework.TierIII, casework.TierII, casework.TierI} {
		open += tiers[t].Open
	}
	span := fmt.Sprintf("%d月1日到今天", today.Month)
	share := func(good, of int, what, none string) (value, note string) {
		if of == 0 {
			return "—", span + none
		}
		return fmt.Sprintf("%d%%", (100*good+of/2)/of), fmt.Sprintf("%s%s", span, fmt.Sprintf(what, of, good))
	}
	out := StreetFigures{Items: []StreetFigure{{Label: "本月办结", Value: fmt.Sprintf("%d 件", solved), Note: span + "核查通过、没有重新办理的街道难事"}}}
	value, note := share(kept, solved, "办结的 %d 件中，%d 件按最初承诺的时间办结，没有提高过一级", "还没有办结的")
	out.Items = append(out.Items, StreetFigure{"按时办结", value, note})
	value, note = share(rated-n[casework.Displeased], rated, "收到的 %d 个评价中，%d 个满意或基本满意", "还没有评价")
	out.Items = append(out.Items, StreetFigure{"满意", value, note}, StreetFigure{"正在办理", fmt.Sprintf("%d 件", open), "现在还没有办结、已交办或会商的街道难事"})
	e.figures.at, e.figures.shown = now, out
	return out, nil
}
