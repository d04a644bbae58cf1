package workflow

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// Field is what somebody who works on a case may see of a ticket without a mask.
type Field string

// The fields.
const (
	FieldPhone    Field = "phone"
	FieldName     Field = "name"
	FieldIDNumber Field = "id_number"
	FieldAddress  Field = "address"
	FieldLocation Field = "location"
	FieldText     Field = "text" // title, content, reply and feedback, whole
)

// Fields lists every field.
var Fields = []Field{FieldPhone, FieldName, FieldIDNumber, FieldAddress, FieldLocation, FieldText}

// Label is the field in Chinese.
func (f Field) Label() string {
	return map[Field]string{FieldPhone: "电话", FieldName: "姓名", FieldIDNumber: "证件号码", FieldAddress: "详细地址", FieldLocation: "位置", FieldText: "全文"}[f]
}

// Unmask asks to see fields of a ticket.
type Unmask struct {
	Fields []Field `json:"fields" minItems:"1" maxItems:"6" uniqueItems:"true" doc:"要看哪些"`
	Reason string  `json:"reason" minLength:"2" maxLength:"200" doc:"为什么要看，如“先行联系诉求人”；记入审计日志"`
}

// Unmasked is what was asked for; a field that the ticket does not have is left out.
type Unmasked struct {
	TicketID string `json:"ticket_id"`
	Phone    string `json:"phone,omitempty" doc:"电话"`
	Name     string `json:"name,omitempty" doc:"诉求人姓名或企业名称"`
	Contact  string `json:"contact,omitempty" doc:"企业联系人"`
	IDNumber string `json:"id_number,omitempty" doc:"身份证号或统一社会信用代码"`
	Address  string `json:"address,omitempty" doc:"详细地址"`
	Title    string `json:"title,omitempty"`
	Content  string `json:"content,omitempty"`

	Location *casework.Location `json:"location,omitempty" doc:"诉求人在地图上选的位置"`

	Reply    string `json:"reply,omitempty"`
	Feedback string `json:"feedback,omitempty" doc:"市民反馈说明"`
}

// Unmask shows fields of a ticket to who works on its case, and notes it in the audit log in the same transaction: what
// cannot be recorded is not shown. For everybody else there is no such ticket. allow says whether they have not seen too much today.
func (e *Engine) Unmask(ctx context.Context, actor casework.Actor, id string, ask Unmask, allow func(limit int) error) (Unmasked, error) {
	reason, err := statedReason(ask.Reason)
	if err != nil {
		return Unmasked{}, err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return Unmasked{}, err
	}
	entry := Audited{Actor: actor.PersonID, Action: "ticket.unmask", Object: "ticket:" + id, Detail: map[string]string{"fields": fieldNames(ask.Fields), "reason": reason}}
	if _, err := worksOn(ctx, e.db, actor, id); err != nil {
		return Unmasked{}, err
	}
	if err := e.allowed(ctx, k, entry, allow); err != nil {
		return Unmasked{}, err
	}
	var r store.TicketRow
	var at *casework.Location
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if r, err = worksOn(ctx, tx, actor, id); err != nil {
			return err
		}
		if slices.Contains(ask.Fields, FieldLocation) {
			if at, err = locationOf(ctx, tx, id); err != nil {
				return err
			}
		}
		return e.RecordIn(ctx, tx, entry)
	})
	if err != nil {
		return Unmasked{}, err
	}
	u := unmasked(r.Ticket, ask.Fields)
	u.Location = at
	return u, nil
}

// allowed asks whether somebody may see another one today; a refusal is noted in the audit log.
func (e *Engine) allowed(ctx context.Context, k *Knowledge, entry Audited, allow func(limit int) error) error {
	refused := allow(k.PolicyAt(e.Now(k)).Privacy.UnmaskPerDay)
	if refused == nil {
		return nil
	}
	entry.Outcome = "limit"
	if err := e.Record(ctx, entry); err != nil {
		return err
	}
	return refused
}

// loader loads tickets and cases: a store.DB or a store.Tx.
type loader interface {
	Ticket(ctx context.Context, id string) (store.TicketRow, error)
	Case(ctx context.Context, id string) (store.LoadedCase, error)
}

// worksOn loads a ticket whose case actor works on; for others there is none.
func worksOn(ctx context.Context, db loader, actor casework.Actor, id string) (store.TicketRow, error) {
	r, err := db.Ticket(ctx, id)
	if err != nil {
		return r, err
	}
	c, err := caseOfTicket(ctx, db, r)
	if err == nil && !casework.WorksOn(c, actor) {
		err = store.ErrNoTicket
	}
	return r, err
}

// caseOfTicket loads the case a ticket is in; the empty case for one in none.
func caseOfTicket(ctx context.Context, db loader, r store.TicketRow) (casework.Case, error) {
	if r.CaseID == "" {
		return casework.Case{}, nil
	}
	l, err := db.Case(ctx, r.CaseID)
	return l.Case, err
}

// statedReason is a reason as the audit log keeps it.
func statedReason(s string) (string, error) {
	s = ticket.MaskText(strings.TrimSpace(s))
	if utf8.RuneCountInString(s) < 2 {
		return "", apperr.New(apperr.InvalidArgument, "reason.missing", "请写明理由。")
	}
	return s, nil
}

func fieldNames(list []Field) string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = string(f)
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

func unmasked(t ticket.Ticket, fields []Field) Unmasked {
	u := Unmasked{TicketID: t.ID}
	for _, f := range fields {
		switch f {
		case FieldPhone:
			u.Phone = t.Requester.Phone
		case FieldName:
			u.Name, u.Contact = t.Requester.Name, t.Requester.Contact
		case FieldIDNumber:
			u.IDNumber = t.Requester.IDNumber
		case FieldAddress:
			u.Address = t.Address
		case FieldText:
			u.Title, u.Content, u.Reply, u.Feedback = t.Title, t.Content, t.Reply, t.Feedback
		}
	}
	return u
}

// TicketSearch looks tickets up by what they say of their requester; one of Phone and IDNumber.
type TicketSearch struct {
	Phone    string `json:"phone,omitempty" maxLength:"40" doc:"电话；与 id_number 二选一"`
	IDNumber string `json:"id_number,omitempty" maxLength:"40" doc:"身份证号或统一社会信用代码"`
	Cursor   string `json:"cursor,omitempty" maxLength:"400" doc:"上一页的 next"`
	Limit    int    `json:"limit,omitempty" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

// SearchTickets lists the tickets of a phone or ID number, newest first, for those who see all, masked as ever. The look-up
// stands in the audit log under the number's blind index, which tells nothing by itself.
func (e *Engine) SearchTickets(ctx context.Context, actor casework.Actor, q TicketSearch, allow func(limit int) error) (Page[TicketView], error) {
	page := Page[TicketView]{Items: []TicketView{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	f, object, err := e.lookUp(q.Phone, q.IDNumber)
	if err != nil {
		return page, err
	}
	f.Limit = q.Limit + 1
	if q.Cursor != "" {
		if f.AfterAt, f.AfterID, err = parseCursor(q.Cursor); err != nil {
			return page, err
		}
	}
	entry := Audited{Actor: actor.PersonID, Action: "ticket.search", Object: object}
	if err := e.allowed(ctx, k, entry, allow); err != nil {
		return page, err
	}
	if err := e.Record(ctx, entry); err != nil {
		return page, err
	}
	rows, err := e.db.Tickets(ctx, f)
	if err != nil {
		return page, err
	}
	for i, r := range rows {
		if i == q.Limit {
			page.Next = cursor(rows[i-1].Ticket.AcceptedAt, rows[i-1].Ticket.ID)
			break
		}
		page.Items = append(page.Items, ticketView(r, casework.Full))
	}
	return page, nil
}

// lookUp gives the filter and the audit log's object of a phone or ID number.
func (e *Engine) lookUp(phone, idNumber string) (f store.TicketFilter, object string, err error) {
	if (phone == "") == (idNumber == "") {
		return f, "", apperr.New(apperr.InvalidArgument, "search.which", "请填写电话或证件号码其中一项。")
	}
	if phone != "" {
		if f.Requester = e.requesterOf(phone); f.Requester == "" {
			return f, "", apperr.New(apperr.InvalidArgument, "search.phone", "电话号码太短，或不是谁的号码，请填写完整的号码。")
		}
		return f, "phone:" + f.Requester, nil
	}
	if len(ticket.IdentityKey(idNumber)) < 5 {
		return f, "", apperr.New(apperr.InvalidArgument, "search.id_number", "证件号码太短，请填写完整的号码。")
	}
	f.Identity = store.IdentityIndex(e.db.Sealer(), idNumber)
	return f, "identity:" + f.Identity, nil
}
