package workflow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/content"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// A resident's report makes a ticket, never a case (domain §5). Words that a person must look at first wait as a note; the ticket is made when they
// pass, under the order number that the resident got at once.

const (
	leastReport   = 5  // runes
	reportsAtOnce = 10 // of one number within reportSpan
	reportSpan    = 24 * time.Hour
	ownPhone      = "own" // the phone of somebody who stands in the organisation
)

// NewReport is what a resident reports, or an enterprise's contact.
type NewReport struct {
	Content     string `json:"content" maxLength:"5000" doc:"是什么事，自己的话，至少 5 个字"`
	CommunityID string `json:"community_id,omitempty" maxLength:"40" doc:"村居；与 place、location 至少填一样"`
	Place       string `json:"place,omitempty" maxLength:"200" doc:"在哪里，自己的话"`

	Location *casework.Location `json:"location,omitempty" doc:"在地图上选的位置；加密保存，只有办理的人按需查看"`

	Enterprise  string   `json:"enterprise,omitempty" maxLength:"30" doc:"替哪家已绑定的企业反映：统一社会信用代码；个人不填"`
	PhoneID     string   `json:"phone_id,omitempty" maxLength:"40" doc:"用哪个绑定的手机号；不填为第一个"`
	Attachments []string `json:"attachments,omitempty" maxItems:"9" doc:"照片：上传完成、尚未使用的附件的 id"`
}

// heldReport is a report that waits.
type heldReport struct {
	Report    NewReport              `json:"report"`
	Requester ticket.PushedRequester `json:"requester"`
	OrderNo   string                 `json:"order_no"`
}

// Reporter is with what the caller can report: the numbers and enterprises that they have bound, and the communities to choose from.
type Reporter struct {
	Phones      []ReporterPhone `json:"phones" doc:"绑定的手机号，已脱敏；没有的先绑定"`
	Enterprises []Named         `json:"enterprises" doc:"绑定的企业：id 是统一社会信用代码"`
	Communities []Named         `json:"communities" doc:"可选的村居"`
}

// ReporterPhone is one of the caller's numbers.
type ReporterPhone struct {
	ID     string `json:"id"`
	Number string `json:"number" doc:"已脱敏的号码"`
}

// OwnReport is a ticket of the caller's own that is in no case, or a report of which none has been made.
type OwnReport struct {
	ID          string    `json:"id"`
	Ticket      bool      `json:"ticket" doc:"是工单，可以打开和补充情况"`
	OrderNo     string    `json:"order_no" doc:"工单号"`
	SourceLabel string    `json:"source_label" doc:"从哪里反映的"`
	Title       string    `json:"title" doc:"说的是什么，开头的几句"`
	State       string    `json:"state" enum:"taken,waiting,refused,closed" doc:"taken 已收到，waiting 内容待审核，refused 没有受理，closed 来源方已办结"`
	StateLabel  string    `json:"state_label" doc:"显示用"`
	Next        string    `json:"next" doc:"接下来会怎样，或要做什么"`
	Answer      string    `json:"answer,omitempty" doc:"街道城运中心的答复"`
	At          time.Time `json:"at" doc:"什么时候反映的"`
}

// ReportTaken is what came of a report.
type ReportTaken struct {
	OwnReport

	Case     *Named             `json:"case,omitempty" doc:"与街道正在办理的难事是同一件事，已并入的（编号）"`
	Location *casework.Location `json:"location,omitempty" doc:"您标的位置"`
	Replayed bool               `json:"replayed" doc:"相同 Idempotency-Key 的请求先前已经收到，这次没有再登记"`
}

var (
	errReportShort = &apperr.Error{Code: apperr.InvalidArgument, Reason: "report.content", Message: "请再写清楚一点：是什么事，至少 5 个字。", Fields: []apperr.Field{{Name: "content", Message: "请再写清楚一点：是什么事，至少 5 个字。"}}}
	errReportPlace = &apperr.Error{Code: apperr.InvalidArgument, Reason: "report.place", Message: "请选一个村居、在地图上选位置，或写上在哪里，这样才找得到地方。", Fields: []apperr.Field{{Name: "place", Message: "请选一个村居、在地图上选位置，或写上在哪里，这样才找得到地方。"}}}
	errReportPhone = apperr.New(apperr.FailedPrecondition, "report.phone", "请先在“我的”里绑定手机号，再来反映，这样才能告诉您办得怎么样。您写的内容还在。")
	errReportFirm  = apperr.New(apperr.InvalidArgument, "report.enterprise", "没有绑定这家企业，请先在“我的”里绑定，或改为个人反映。")
	errReportMany  = apperr.New(apperr.ResourceExhausted, "report.many", "一个手机号一天最多反映 %d 件事，请明天再来。紧急的事请拨打 12345；同一件事请在原来的工单里补充情况。", reportsAtOnce)
)

// numbersOf lists the numbers that somebody can report with: those they have bound, or the one that the organisation has of them.
func (e *Engine) numbersOf(ctx context.Context, k *Knowledge, actor casework.Actor) ([]store.ResidentPhone, error) {
	if !store.IsResident(actor.PersonID) {
		p, ok := k.Organisation.Person(actor.PersonID)
		if !ok || p.Phone == "" || len(p.Requesters) == 0 {
			return nil, nil
		}
		return []store.ResidentPhone{{ID: ownPhone, Number: p.Phone, Requester: e.requesterOf(p.Phone)}}, nil
	}
	return e.db.ResidentPhones(ctx, actor.PersonID)
}

// Reporter tells with what the caller can report.
func (e *Engine) Reporter(ctx context.Context, actor casework.Actor) (Reporter, error) {
	out := Reporter{Phones: []ReporterPhone{}, Enterprises: []Named{}, Communities: []Named{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return out, err
	}
	for _, c := range k.Organisation.Communities() {
		if !c.Closed {
			out.Communities = append(out.Communities, Named{c.ID, c.Name})
		}
	}
	phones, err := e.numbersOf(ctx, k, actor)
	if err != nil {
		return out, err
	}
	for _, p := range phones {
		out.Phones = append(out.Phones, ReporterPhone{p.ID, ticket.MaskPhone(p.Number)})
	}
	firms, err := e.db.Enterprises(ctx, actor.PersonID)
	for _, f := range firms {
		out.Enterprises = append(out.Enterprises, Named{f.CreditCode, f.Name})
	}
	return out, err
}

// requesterFor gives who asks: the caller under one of their numbers, or an enterprise that they have bound.
func (e *Engine) requesterFor(ctx context.Context, k *Knowledge, actor casework.Actor, phoneID, enterprise string) (ticket.PushedRequester, error) {
	phones, err := e.numbersOf(ctx, k, actor)
	if err != nil {
		return ticket.PushedRequester{}, err
	}
	at := slices.IndexFunc(phones, func(p store.ResidentPhone) bool { return phoneID == "" || p.ID == phoneID })
	if at < 0 {
		return ticket.PushedRequester{}, errReportPhone
	}
	q := ticket.PushedRequester{Kind: ticket.Person, Phone: phones[at].Number}
	if enterprise == "" {
		return q, nil
	}
	firms, err := e.db.Enterprises(ctx, actor.PersonID)
	if err != nil {
		return q, err
	}
	for _, f := range firms {
		if f.CreditCode == enterprise {
			q.Kind, q.Name, q.IDNumber = ticket.Enterprise, f.Name, f.CreditCode
			return q, nil
		}
	}
	return q, errReportFirm
}

// Report takes a resident's report. The same key again takes nothing.
func (e *Engine) Report(ctx context.Context, actor casework.Actor, n NewReport, key string) (ReportTaken, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ReportTaken{}, err
	}
	n.Content, n.Place = strings.TrimSpace(n.Content), strings.TrimSpace(n.Place)
	slices.Sort(n.Attachments)
	n.Attachments = slices.Compact(n.Attachments)
	q, err := e.keyed(actor.PersonID, key, "report", n)
	if err != nil {
		return ReportTaken{}, err
	}
	return once(ctx, e, q, func(id string) (ReportTaken, error) {
		out, err := e.reported(ctx, actor, id)
		out.Replayed = true
		return out, err
	}, func() (ReportTaken, error) {
		id, err := e.report(ctx, k, actor, n, q)
		if err != nil {
			return ReportTaken{}, err
		}
		e.wakeChecks()
		return e.reported(ctx, actor, id)
	})
}

// report keeps what a resident reports as a note and says its id.
func (e *Engine) report(ctx context.Context, k *Knowledge, actor casework.Actor, n NewReport, q keyed) (id string, err error) {
	held := heldReport{Report: n}
	if held.Requester, err = e.requesterFor(ctx, k, actor, n.PhoneID, n.Enterprise); err != nil {
		return "", err
	}
	_, known := k.Organisation.Community(n.CommunityID)
	switch {
	case utf8.RuneCountInString(n.Content) < leastReport:
		return "", errReportShort
	case !known && n.Location == nil && utf8.RuneCountInString(n.Place) < 2:
		return "", errReportPlace
	}
	if n.Location != nil {
		if err := n.Location.Check(); err != nil {
			return "", err
		}
	}
	note := store.TicketNote{ID: newID(), Author: actor.PersonID, Kind: store.NoteReport, State: store.NoteShown, At: e.Now(k)}
	switch e.verdict(ctx, actor.PersonID, n.words()) {
	case content.Risky:
		return "", errRiskyText
	case content.Review:
		note.State = store.NoteWaiting
	}
	_, err = e.intake(ctx, func(ctx context.Context, in *intake) error {
		in.pictures, note.At, note.TicketID, note.Text = e.whoLooks(), in.now, "", ""
		if err := in.notTooMany(ctx, note.Author, e.requesterOf(held.Requester.Phone)); err != nil {
			return err
		}
		held.OrderNo, err = in.nextOrder(ctx)
		if err != nil {
			return err
		}
		if note.State == store.NoteWaiting {
			text, err := json.Marshal(held)
			if err != nil {
				return err
			}
			note.Text = string(text)
		} else if note.TicketID, err = in.takeReport(ctx, held, note.Author); err != nil {
			return err
		}
		if err := in.keepNote(ctx, note, n.Attachments, held.OrderNo, casework.Case{}); err != nil {
			return err
		}
		return q.done(ctx, in.tx, note.ID, in.now)
	})
	return note.ID, err
}

// notTooMany refuses what comes faster than a person has things to report.
func (in *intake) notTooMany(ctx context.Context, author, requester string) error {
	recent := 0
	rows, err := in.tx.Tickets(ctx, store.TicketFilter{Requester: requester, Limit: 2 * reportsAtOnce})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Ticket.Source == ticket.Resident && in.now.Sub(r.CreatedAt) < reportSpan {
			recent++
		}
	}
	waiting, err := in.tx.WaitingReports(ctx, author, ownWaiting)
	if err != nil {
		return err
	}
	for _, n := range waiting {
		if in.now.Sub(n.At) < reportSpan {
			recent++
		}
	}
	if recent >= reportsAtOnce {
		return errReportMany
	}
	return nil
}

// words is what of a report is looked at before others read it.
func (n NewReport) words() string {
	words := strings.TrimSpace(n.Content + "\n" + n.Place)
	if n.Location != nil {
		words = strings.TrimSpace(words + "\n" + n.Location.Words())
	}
	return words
}

// takeReport makes a ticket of a report, and tells the centre.
func (in *intake) takeReport(ctx context.Context, held heldReport, author string) (id string, err error) {
	n := NewTicket{Source: ticket.Resident, Channel: "小程序", Requester: held.Requester}
	n.Content, n.Address = held.Report.Content, held.Report.Place
	at := held.Report.Location
	if at != nil {
		n.Address = cmp.Or(n.Address, at.Words())
	}
	n.Community = in.k.Organisation.CommunityName(held.Report.CommunityID)
	if id, _, err = in.under(ctx, casework.SystemActor(), n, held.OrderNo); err != nil {
		return "", err
	}
	if at != nil {
		if err := in.tx.InsertLocation(ctx, store.Location{Location: *at, ID: id, Author: author, At: in.now}); err != nil {
			return "", err
		}
	}
	d := casework.Decision{Notices: []casework.Notice{{Kind: casework.NoticeTicketReported, To: []casework.Addressee{casework.ToPost(casework.Centre, "")}, Args: map[string]string{"order_no": held.OrderNo, "ticket": id}}}}
	d.Case.ID, d.Case.Number = in.moved[id], held.OrderNo
	return id, in.deliver(ctx, d)
}

// settleReport takes a report in that has passed, or leaves of it what says that it did not.
func (in *intake) settleReport(ctx context.Context, n store.TicketNote, pass bool) error {
	var held heldReport
	if err := json.Unmarshal([]byte(n.Text), &held); err != nil {
		return err
	}
	if pass {
		id, err := in.takeReport(ctx, held, n.Author)
		if err != nil {
			return err
		}
		n.TicketID, n.State, n.Text = id, store.NoteShown, ""
		return in.tx.SettleNote(ctx, n)
	}
	requester := in.e.requesterOf(held.Requester.Phone)
	text, err := json.Marshal(heldReport{OrderNo: held.OrderNo})
	if err != nil {
		return err
	}
	n.State, n.Text = store.NoteRefused, string(text)
	pictures, err := in.tx.NoteAttachments(ctx, []string{n.ID})
	if err != nil {
		return err
	}
	for _, a := range pictures {
		if _, err := in.tx.EraseAttachment(ctx, a.ID, in.now); err != nil {
			return err
		}
	}
	if err := in.tx.SettleNote(ctx, n); err != nil {
		return err
	}
	return in.tellNoteRefused(ctx, requester, "", held.OrderNo, n.Kind)
}

// reported shows who reported something what came of it, by its note.
func (e *Engine) reported(ctx context.Context, actor casework.Actor, noteID string) (ReportTaken, error) {
	n, err := e.db.Note(ctx, noteID)
	if err != nil {
		return ReportTaken{}, err
	}
	if n.TicketID == "" {
		return waitingTaken(n), nil
	}
	return e.OwnReport(ctx, actor, n.TicketID)
}

// OwnReport shows one of the caller's tickets, or of their reports that are none.
func (e *Engine) OwnReport(ctx context.Context, actor casework.Actor, id string) (ReportTaken, error) {
	r, err := e.db.Ticket(ctx, id)
	if errors.Is(err, store.ErrNoTicket) {
		n, err := e.db.Note(ctx, id)
		if err != nil || n.Author != actor.PersonID || n.Kind != store.NoteReport || n.TicketID != "" {
			return ReportTaken{}, store.ErrNoTicket
		}
		return waitingTaken(n), nil
	}
	if err == nil {
		err = ownTicketOf(r, actor)
	}
	if err != nil {
		return ReportTaken{}, err
	}
	out := ReportTaken{OwnReport: ownReport(r)}
	if out.Location, err = locationOf(ctx, e.db, id); err != nil || r.CaseID == "" {
		return out, err
	}
	l, _, err := e.visible(ctx, actor, r.CaseID)
	if err == nil {
		out.Case = &Named{ID: l.Case.ID, Name: l.Case.Number}
		out.State, out.StateLabel = "taken", "街道重点办理" // what the source says of its ticket is not how far the matter is
		switch {
		case l.Case.Status == casework.Resolved || l.Case.Status == casework.Closed:
			out.StateLabel, out.Next = "已办结", "街道已经办结，可以看结果。"
		case len(l.Case.Tickets) == 1:
			out.Next = "街道正在重点办理，可以在“我的诉求”里看进度。"
		default:
			out.Next = "街道正在办理同一件事，您反映的已经并入，可以在“我的诉求”里看进度。"
		}
	} else if errors.Is(err, store.ErrNoCase) {
		err = nil
	}
	return out, err
}

// ownWaiting is how many reports that are no tickets yet are shown.
const ownWaiting = 20

// OwnReports lists the caller's tickets that are in no case, newest first; before the first of them their reports that wait or were refused.
func (e *Engine) OwnReports(ctx context.Context, actor casework.Actor, cursorText string, limit int) (Page[OwnReport], error) {
	page := Page[OwnReport]{Items: []OwnReport{}}
	f := store.TicketFilter{InNoCase: true, Limit: limit + 1}
	if cursorText == "" {
		list, err := e.db.WaitingReports(ctx, actor.PersonID, ownWaiting)
		if err != nil {
			return page, err
		}
		for _, n := range slices.Backward(list) {
			page.Items = append(page.Items, waitingReport(n))
		}
	} else {
		var err error
		if f.AfterAt, f.AfterID, err = parseCursor(cursorText); err != nil {
			return page, err
		}
	}
	var rows []store.TicketRow
	for _, f.Requester = range actor.Requesters {
		if f.Requester == "" {
			continue
		}
		more, err := e.db.Tickets(ctx, f)
		if err != nil {
			return page, err
		}
		rows = append(rows, more...)
	}
	slices.SortFunc(rows, func(a, b store.TicketRow) int {
		return cmp.Or(b.Ticket.AcceptedAt.Compare(a.Ticket.AcceptedAt), cmp.Compare(b.Ticket.ID, a.Ticket.ID))
	})
	for i, r := range rows {
		if i == limit {
			page.Next = cursor(rows[i-1].Ticket.AcceptedAt, rows[i-1].Ticket.ID)
			break
		}
		page.Items = append(page.Items, ownReport(r))
	}
	return page, nil
}

// shownWords is how much of a text stands in a list.
const shownWords = 60

func beginning(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > shownWords {
		return string(r[:shownWords]) + "…"
	}
	return text
}

// waitingTaken is a report of which there is no ticket, by itself.
func waitingTaken(n store.TicketNote) ReportTaken {
	return ReportTaken{OwnReport: waitingReport(n), Location: heldIn(n).Report.Location}
}

func heldIn(n store.TicketNote) (held heldReport) {
	_ = json.Unmarshal([]byte(n.Text), &held) // what the system wrote itself
	return held
}

func waitingReport(n store.TicketNote) OwnReport {
	held := heldIn(n)
	out := OwnReport{
		ID: n.ID, OrderNo: held.OrderNo, SourceLabel: ticket.Resident.Label(), Title: ticket.MaskText(beginning(held.Report.Content)), At: n.At,
		State: "waiting", StateLabel: "已收到，内容待审核", Next: "街道城运中心看过文字后就受理，不用再提交。审核结果会告诉您。",
	}
	if n.State == store.NoteRefused {
		out.State, out.StateLabel, out.Title = "refused", "没有受理", "您反映的内容没有通过审核"
		out.Next = "请改一改文字重新提交，或拨打 12345。"
	}
	return out
}

func ownReport(r store.TicketRow) OwnReport {
	t := r.Ticket
	text := t.Title
	if text == "" {
		text = t.Content
	}
	out := OwnReport{ID: t.ID, Ticket: true, OrderNo: t.OrderNo, SourceLabel: t.Source.Label(), Title: t.Masked(beginning(text)), At: t.AcceptedAt, State: "taken", StateLabel: "已收到"}
	switch {
	case ownReportOf(t) && !t.Open():
		out.State, out.StateLabel, out.Answer = "closed", "已答复", t.Masked(t.Reply)
		out.Next = "没有列入街道难事。还有要说的，点“补充情况”，街道城运中心会再看。"
	case ownReportOf(t):
		out.Next = "街道城运中心会看您反映的事。列入街道难事的，由专人办理，承诺的日期和进展会告诉您。"
	case t.Open():
		out.StateLabel, out.Next = "办理中", "由"+t.Source.Label()+"办理，没有列入街道难事。"
	default:
		out.State, out.StateLabel, out.Next = "closed", "已办结", "由"+t.Source.Label()+"办结，没有列入街道难事。"
	}
	return out
}
