package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// The rules by which personal data is erased, as certificates name them.
const (
	ruleRow     = "row"     // an import's row as it came
	ruleCase    = "case"    // what names a person in a ticket of a closed case
	ruleTicket  = "ticket"  // … in a ticket of no case
	ruleRequest = "request" // … of a person who asked for it
	ruleImport  = "import"  // a row that names them and was not imported, with what was said of it
	ruleFile    = "file"    // an attachment or a location of a closed case
	ruleAccount = "account" // of a person who asked for it: their WeChat account, or a number that it has bound
)

// retentionBatch is how many tickets one transaction erases.
const retentionBatch = 100

// RetentionRun says who erases, and whether only to count.
type RetentionRun struct {
	Occasion string // store.BySchedule or store.ByCommand
	DryRun   bool
}

// Retain erases personal data whose time is over by the policy of the day, and certifies it. Each batch stands in the
// certificate in the transaction that erases it, so that a run killed at any moment is certified as far as it came; the next
// one finishes it. Where nothing is due there is no certificate, and the result has no number. A dry run erases nothing and
// gives what would be.
func (e *Engine) Retain(ctx context.Context, run RetentionRun) (store.Certificate, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return store.Certificate{}, err
	}
	if run.DryRun {
		return e.count(ctx, e.plan(k, run.Occasion))
	}
	c, err := e.unfinished(ctx, k)
	if errors.Is(err, store.ErrNoCertificate) {
		c, err = e.plan(k, run.Occasion), nil
	}
	if err == nil {
		err = e.retain(ctx, k, &c)
	}
	if errors.Is(err, store.ErrStale) {
		return c, nil // another process goes on with it
	}
	return c, err
}

// unfinished gives the certificate of a run by time that broke off; ErrNoCertificate when there is none. One of a person's request
// that broke off is finished as far as it came: who asked for it, asks again.
func (e *Engine) unfinished(ctx context.Context, k *Knowledge) (store.Certificate, error) {
	for {
		c, err := e.db.OpenCertificate(ctx)
		if err != nil || c.Occasion != store.ByRequest {
			return c, err
		}
		if e.Now(k).Sub(c.StartedAt) < requestLife {
			return c, store.ErrNoCertificate // somebody is at it
		}
		if err := e.finish(ctx, k, &c, Audited{Actor: c.By, Action: "person.erase"}); err != nil {
			return c, err
		}
	}
}

// requestLife is how long a request takes at the most.
const requestLife = time.Hour

// RetainDaily is Retain by schedule, once a day.
func (e *Engine) RetainDaily(ctx context.Context) (c store.Certificate, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return c, err
	}
	local := e.Now(k).In(shanghai)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, shanghai)
	last, err := e.db.Certificates(ctx, "", 20) // those of requests may stand before it
	if err != nil {
		return c, err
	}
	for _, l := range last {
		if l.Occasion == store.BySchedule && !l.FinishedAt.IsZero() && !l.StartedAt.Before(midnight) {
			return c, nil
		}
	}
	return e.Retain(ctx, RetentionRun{Occasion: store.BySchedule})
}

// plan is a certificate before anything is erased.
func (e *Engine) plan(k *Knowledge, occasion string) store.Certificate {
	now := e.Now(k)
	p := k.PolicyAt(now).Privacy
	return store.Certificate{
		Occasion: occasion, StartedAt: now,
		Rules: []store.CertifiedRule{
			{Rule: ruleRow, Period: fmt.Sprintf("%d 天", p.RowDays), Before: now.AddDate(0, 0, -p.RowDays)},
			{Rule: ruleCase, Period: fmt.Sprintf("%d 年", p.CaseYears), Before: now.AddDate(-p.CaseYears, 0, 0)},
			{Rule: ruleTicket, Period: fmt.Sprintf("%d 年", p.TicketYears), Before: now.AddDate(-p.TicketYears, 0, 0)},
			{Rule: ruleFile, Period: fmt.Sprintf("%d 年", p.CaseYears), Before: now.AddDate(-p.CaseYears, 0, 0)},
			{Rule: ruleRequest, Before: now},
		},
	}
}

func before(c *store.Certificate, rule string) time.Time {
	for _, r := range c.Rules {
		if r.Rule == rule {
			return r.Before
		}
	}
	return time.Time{}
}

func (e *Engine) retain(ctx context.Context, k *Knowledge, c *store.Certificate) error {
	if err := e.eraseAged(ctx, c, before(c, ruleRow), e.db.AgedRows, func(ctx context.Context, tx *store.Tx, list []store.Aged) ([]store.Erased, error) {
		var erased []store.Erased
		for _, a := range list {
			done, err := tx.EraseRow(ctx, a.ID, before(c, ruleRow))
			if err != nil {
				return nil, err
			}
			if done {
				erased = append(erased, store.Erased{Rule: ruleRow, TicketID: a.ID})
			}
		}
		return erased, nil
	}); err != nil {
		return err
	}
	if err := e.eraseAged(ctx, c, latest(c), e.db.AgedPeople, func(ctx context.Context, tx *store.Tx, list []store.Aged) ([]store.Erased, error) {
		w := &writer{tx: tx}
		if err := w.turn(ctx); err != nil { // erased tickets leave the index of matters
			return nil, err
		}
		var erased []store.Erased
		for _, a := range list {
			rule, err := e.erasePerson(ctx, w, k, c, a.ID)
			if err != nil {
				return nil, err
			}
			if rule != "" {
				erased = append(erased, store.Erased{Rule: rule, TicketID: a.ID})
			}
		}
		return erased, nil
	}); err != nil {
		return err
	}
	if err := e.retainFiles(ctx, k, c); err != nil {
		return err
	}
	if err := e.eraseWished(ctx, k, c); err != nil {
		return err
	}
	if err := e.finish(ctx, k, c, Audited{Action: "retention.run"}); err != nil {
		return err
	}
	return e.DropAttachments(ctx)
}

// aged lists, oldest first and behind after, what may be kept since before an instant.
type aged func(ctx context.Context, before time.Time, after store.Aged, limit int) ([]store.Aged, error)

// eraseAged erases what has been kept since before an instant, a batch in each transaction, with what the certificate says of it.
func (e *Engine) eraseAged(ctx context.Context, c *store.Certificate, before time.Time, from aged, erase func(ctx context.Context, tx *store.Tx, list []store.Aged) ([]store.Erased, error)) error {
	for after := (store.Aged{}); ; {
		list, err := from(ctx, before, after, retentionBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1]
		if err := e.certified(ctx, c, func(ctx context.Context, tx *store.Tx) ([]store.Erased, error) { return erase(ctx, tx, list) }); err != nil {
			return err
		}
	}
}

// eraseWished carries out what people have asked for while their case was being handled, as far as it is over.
func (e *Engine) eraseWished(ctx context.Context, k *Knowledge, c *store.Certificate) error {
	return e.eraseAged(ctx, c, before(c, ruleRequest), e.db.AskedErasures, func(ctx context.Context, tx *store.Tx, list []store.Aged) ([]store.Erased, error) {
		ids := make([]string, len(list))
		for i, a := range list {
			ids[i] = a.ID
		}
		w := &writer{live: e.live, tx: tx, k: k, now: e.Now(k)}
		if err := w.turn(ctx); err != nil {
			return nil, err
		}
		erased, _, err := eraseAsked(ctx, w, ids)
		return erased, err
	})
}

// keptWithCase is what is erased when the time to keep a case's is over: attachments and locations.
type keptWithCase struct {
	aged  aged
	in    func(ctx context.Context, tx *store.Tx, id string) (caseID string, err error)
	from  func(tx *store.Tx, ctx context.Context, id string, at time.Time) error
	erase func(ctx context.Context, tx *store.Tx, id string) (bool, error)
}

func (e *Engine) keptWithCases(k *Knowledge) []keptWithCase {
	return []keptWithCase{
		{
			aged: e.db.AgedAttachments, from: (*store.Tx).KeepAttachmentFrom,
			in: func(ctx context.Context, tx *store.Tx, id string) (string, error) {
				a, err := tx.Attachment(ctx, id)
				return a.CaseID, err
			},
			erase: func(ctx context.Context, tx *store.Tx, id string) (bool, error) {
				return tx.EraseAttachment(ctx, id, e.Now(k))
			},
		},
		{
			aged: e.db.AgedLocations, from: (*store.Tx).KeepLocationFrom,
			in: func(ctx context.Context, tx *store.Tx, id string) (string, error) {
				list, err := tx.Locations(ctx, []string{id}, "", 1)
				if err != nil || len(list) == 0 {
					return "", err
				}
				return list[0].CaseID, nil
			},
			erase: func(ctx context.Context, tx *store.Tx, id string) (bool, error) { return tx.DropLocation(ctx, id) },
		},
	}
}

// retainFiles erases the attachments and locations whose time is over.
func (e *Engine) retainFiles(ctx context.Context, k *Knowledge, c *store.Certificate) error {
	for _, kept := range e.keptWithCases(k) {
		if err := e.eraseAged(ctx, c, before(c, ruleFile), kept.aged, func(ctx context.Context, tx *store.Tx, list []store.Aged) ([]store.Erased, error) {
			var erased []store.Erased
			for _, a := range list {
				since, err := e.keptSinceOf(ctx, tx, k, kept, a)
				if err != nil {
					return nil, err
				}
				if since.After(before(c, ruleFile)) {
					if err := kept.from(tx, ctx, a.ID, since); err != nil {
						return nil, err
					}
					continue
				}
				done, err := kept.erase(ctx, tx, a.ID)
				if err != nil {
					return nil, err
				}
				if done {
					erased = append(erased, store.Erased{Rule: ruleFile, TicketID: a.ID})
				}
			}
			return erased, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// keptSinceOf says since when the time to keep an attachment or a location runs: since its case was closed, or, in a case that was not taken
// into the library, since it came. While the case, or the one that it was merged into, is open it has not begun.
func (e *Engine) keptSinceOf(ctx context.Context, tx *store.Tx, k *Knowledge, kept keptWithCase, a store.Aged) (time.Time, error) {
	id, err := kept.in(ctx, tx, a.ID)
	if err != nil || id == "" { // it is gone meanwhile
		return time.Time{}, err
	}
	for {
		l, err := tx.Case(ctx, id)
		switch {
		case err != nil:
			return time.Time{}, err
		case l.Case.Status == casework.Closed:
			return l.Case.ClosedAt, nil
		case l.Case.Status == casework.Rejected:
			return a.At, nil
		case l.Case.Status != casework.Merged:
			return e.Now(k), nil
		}
		id = l.Case.MergedInto
	}
}

// latest is the instant before which a ticket must have been kept to come under either rule about people.
func latest(c *store.Certificate) time.Time {
	a, b := before(c, ruleCase), before(c, ruleTicket)
	if a.After(b) {
		return a
	}
	return b
}

// erasePerson erases what names a person in a ticket when its time is over, and gives the rule; otherwise it notes since when
// the ticket is kept, and gives "".
func (e *Engine) erasePerson(ctx context.Context, w *writer, k *Knowledge, c *store.Certificate, id string) (rule string, err error) {
	tx := w.tx
	r, err := tx.Ticket(ctx, id)
	if err != nil {
		return "", err
	}
	r.MatterSeq = w.seq
	rule, since, err := e.keptSince(ctx, tx, k, r)
	if err != nil {
		return "", err
	}
	if since.After(before(c, rule)) {
		return "", tx.KeepPersonFrom(ctx, id, since)
	}
	done, err := tx.ErasePerson(ctx, r)
	if err != nil || !done {
		return "", err
	}
	if _, err := eraseNotes(ctx, tx, id, e.Now(k)); err != nil {
		return "", err
	}
	return rule, tx.DropReviews(ctx, id)
}

// keptSince says since when the time to keep what names a person in a ticket runs, and by which rule. While the case or the
// ticket is open it has not begun: it begins now at the earliest.
func (e *Engine) keptSince(ctx context.Context, tx *store.Tx, k *Knowledge, r store.TicketRow) (rule string, since time.Time, err error) {
	c, err := caseOfTicket(ctx, tx, r)
	if err != nil {
		return "", since, err
	}
	switch {
	case c.Status == casework.Closed:
		return ruleCase, c.ClosedAt, nil
	case c.ID != "" && c.Status != casework.Rejected:
		return ruleCase, e.Now(k), nil
	case r.Ticket.Open():
		return ruleTicket, e.Now(k), nil
	case r.Ticket.ClosedAt != nil:
		return ruleTicket, *r.Ticket.ClosedAt, nil
	}
	return ruleTicket, r.UpdatedAt, nil // the sheet does not say when
}

// certified runs one batch of a certificate: what erase gives is counted in it, in one transaction. The certificate is stored
// with the first that erases something.
func (e *Engine) certified(ctx context.Context, c *store.Certificate, erase func(context.Context, *store.Tx) ([]store.Erased, error)) error {
	begun := *c
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		next := begun
		next.Rules = append([]store.CertifiedRule(nil), begun.Rules...)
		erased, err := erase(ctx, tx)
		if err != nil || len(erased) == 0 {
			return err
		}
		if next.ID == "" {
			if err := e.number(ctx, tx, &next); err != nil {
				return err
			}
		}
		if err := tx.SaveCertificate(ctx, &next, erased); err != nil {
			return err
		}
		*c = next
		return nil
	})
}

func (e *Engine) number(ctx context.Context, tx *store.Tx, c *store.Certificate) error {
	year := c.StartedAt.In(shanghai).Year()
	n, err := tx.NextNumber(ctx, fmt.Sprintf("certificate-%d", year))
	if err != nil {
		return err
	}
	c.ID, c.Number = newID(), fmt.Sprintf("SC%d-%06d", year, n)
	return tx.AddCertificate(ctx, c)
}

// finish ends a certificate, if anything was erased, and notes it in the audit log.
func (e *Engine) finish(ctx context.Context, k *Knowledge, c *store.Certificate, entry Audited) error {
	if c.ID == "" {
		return nil
	}
	begun := *c
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		next := begun
		next.FinishedAt = e.Now(k)
		if err := tx.SaveCertificate(ctx, &next, nil); err != nil {
			return err
		}
		entry.Detail = map[string]string{"certificate": next.Number, "occasion": next.Occasion, "hash": next.Hash}
		for _, r := range next.Rules {
			entry.Detail[r.Rule] = fmt.Sprint(r.Count)
		}
		if next.Reason != "" {
			entry.Detail["reason"] = next.Reason
		}
		if entry.Object == "" {
			entry.Object = "certificate:" + next.Number
		}
		if err := e.RecordIn(ctx, tx, entry); err != nil {
			return err
		}
		*c = next
		return nil
	})
}

// count fills a plan with what it would erase.
func (e *Engine) count(ctx context.Context, c store.Certificate) (store.Certificate, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return c, err
	}
	add := func(rule string) {
		for i := range c.Rules {
			if c.Rules[i].Rule == rule {
				c.Rules[i].Count++
			}
		}
	}
	for after := (store.Aged{}); ; {
		list, err := e.db.AgedRows(ctx, before(&c, ruleRow), after, retentionBatch)
		if err != nil {
			return c, err
		}
		for range list {
			add(ruleRow)
		}
		if len(list) < retentionBatch {
			break
		}
		after = list[len(list)-1]
	}
	for after := (store.Aged{}); ; {
		list, err := e.db.AgedPeople(ctx, latest(&c), after, retentionBatch)
		if err != nil {
			return c, err
		}
		var due []string
		if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			due = due[:0]
			for _, a := range list {
				r, err := tx.Ticket(ctx, a.ID)
				if err != nil {
					return err
				}
				rule, since, err := e.keptSince(ctx, tx, k, r)
				if err != nil {
					return err
				}
				if !since.After(before(&c, rule)) {
					due = append(due, rule)
				}
			}
			return nil
		}); err != nil {
			return c, err
		}
		for _, rule := range due {
			add(rule)
		}
		if len(list) < retentionBatch {
			break
		}
		after = list[len(list)-1]
	}
	for _, kept := range e.keptWithCases(k) {
		for after := (store.Aged{}); ; {
			list, err := kept.aged(ctx, before(&c, ruleFile), after, retentionBatch)
			if err != nil {
				return c, err
			}
			due := 0
			if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				due = 0
				for _, a := range list {
					since, err := e.keptSinceOf(ctx, tx, k, kept, a)
					if err != nil {
						return err
					}
					if !since.After(before(&c, ruleFile)) {
						due++
					}
				}
				return nil
			}); err != nil {
				return c, err
			}
			for range due {
				add(ruleFile)
			}
			if len(list) < retentionBatch {
				break
			}
			after = list[len(list)-1]
		}
	}
	return c, e.countWished(ctx, &c)
}

// countWished counts what eraseWished would erase of tickets.
func (e *Engine) countWished(ctx context.Context, c *store.Certificate) error {
	for after := (store.Aged{}); ; {
		list, err := e.db.AskedErasures(ctx, before(c, ruleRequest), after, retentionBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1]
		due := 0
		if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			due = 0
			for _, a := range list {
				r, err := tx.Ticket(ctx, a.ID)
				if err != nil {
					return err
				}
				in, err := caseOfTicket(ctx, tx, r)
				if err != nil {
					return err
				}
				if !handled(in) {
					due++
				}
			}
			return nil
		}); err != nil {
			return err
		}
		for i := range c.Rules {
			if c.Rules[i].Rule == ruleRequest {
				c.Rules[i].Count += due
			}
		}
	}
}

// handled reports whether what names the requesters of a case is needed still.
func handled(c casework.Case) bool {
	return c.Status.Open() || c.Status == casework.Reported || c.Status == casework.Resolved
}

// ErasureRequest asks to erase what is stored of one person.
type ErasureRequest struct {
	Phone    string `json:"phone,omitempty" maxLength:"40" doc:"电话；与 id_number 二选一"`
	IDNumber string `json:"id_number,omitempty" maxLength:"40" doc:"身份证号或统一社会信用代码"`
	Reason   string `json:"reason" minLength:"2" maxLength:"200" doc:"理由，如“本人书面要求”；记入证明和审计日志"`
}

// AccountErasure erases somebody's account in WeChat, or a number that it has bound, and says what it was; nothing where there is none.
type AccountErasure func(ctx context.Context, tx *store.Tx) (id string, err error)

// EraseRequested erases what names a person in their tickets and in rows kept of imports, and the notices to them, because they
// asked for it, and certifies it, with what account erases unless it is nil. Tickets of cases still being handled are kept, and counted as such: what was
// asked for is noted with them, and the daily run does it once the case is over. not_found erasure.nothing when there is nothing to erase,
// failed_precondition erasure.open when nothing can be yet.
func (e *Engine) EraseRequested(ctx context.Context, actor casework.Actor, ask ErasureRequest, account AccountErasure) (store.Certificate, error) {
	f, object, err := e.lookUp(ask.Phone, ask.IDNumber)
	if err != nil {
		return store.Certificate{}, err
	}
	return e.eraseRequested(ctx, actor, ask, f, object, account)
}

// EraseAccount is EraseRequested of an account alone.
func (e *Engine) EraseAccount(ctx context.Context, actor casework.Actor, reason string, account AccountErasure) (store.Certificate, error) {
	return e.eraseRequested(ctx, actor, ErasureRequest{Reason: reason}, store.TicketFilter{}, "account:"+actor.PersonID, account)
}

// accountTries bounds how often erasing an account is decided anew because somebody was first.
const accountTries = 8

// eraseAccount runs erase until nobody is in its way, and counts what it erased.
func (e *Engine) eraseAccount(ctx context.Context, c *store.Certificate, erase AccountErasure) (err error) {
	for range accountTries {
		err = e.certified(ctx, c, func(ctx context.Context, tx *store.Tx) ([]store.Erased, error) {
			id, err := erase(ctx, tx)
			if err != nil || id == "" {
				return nil, err
			}
			return []store.Erased{{Rule: ruleAccount, TicketID: id}}, nil
		})
		if !errors.Is(err, store.ErrChanged) {
			return err
		}
	}
	return err
}

// DropUploads gives up what somebody has uploaded that is in no case, in a transaction, and their reports that were not taken in.
func (e *Engine) DropUploads(ctx context.Context, tx *store.Tx, owner string) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	for {
		list, err := tx.WaitingReports(ctx, owner, retentionBatch)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		if _, err := dropNotes(ctx, tx, list, e.Now(k)); err != nil {
			return err
		}
	}
	return tx.DropUploads(ctx, owner, e.Now(k).Add(dropRest)) // what is on its way is removed then
}

func (e *Engine) eraseRequested(ctx context.Context, actor casework.Actor, ask ErasureRequest, f store.TicketFilter, object string, account AccountErasure) (store.Certificate, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return store.Certificate{}, err
	}
	byNumber := ask.Phone != "" || ask.IDNumber != ""
	reason, err := statedReason(ask.Reason)
	if err != nil {
		return store.Certificate{}, err
	}
	c := store.Certificate{Occasion: store.ByRequest, By: actor.PersonID, Reason: reason, StartedAt: e.Now(k), Rules: []store.CertifiedRule{{Rule: ruleRequest}, {Rule: ruleFile}, {Rule: ruleImport}}}
	if account != nil {
		c.Rules = append(c.Rules, store.CertifiedRule{Rule: ruleAccount})
	}
	f.Limit = retentionBatch
	for byNumber {
		list, err := e.db.Tickets(ctx, f)
		if err != nil {
			return c, err
		}
		if len(list) == 0 {
			break
		}
		last := list[len(list)-1].Ticket
		f.AfterAt, f.AfterID = last.AcceptedAt, last.ID
		ids := make([]string, len(list))
		for i, r := range list {
			ids[i] = r.Ticket.ID
		}
		var kept int
		if err := e.certified(ctx, &c, func(ctx context.Context, tx *store.Tx) ([]store.Erased, error) {
			// In turn: nobody changes these tickets, or moves them to another case, before they are erased.
			w := &writer{live: e.live, tx: tx, k: k, now: e.Now(k)}
			if err := w.turn(ctx); err != nil {
				return nil, err
			}
			erased, n, err := eraseAsked(ctx, w, ids)
			kept = n
			return erased, err
		}); err != nil {
			return c, err
		}
		c.Kept += kept
	}
	if byNumber {
		if err := e.eraseKeptRows(ctx, &c, ask); err != nil {
			return c, err
		}
	}
	if account != nil {
		if err := e.eraseAccount(ctx, &c, account); err != nil {
			return c, err
		}
	}
	entry := Audited{Actor: actor.PersonID, Action: "person.erase", Object: object}
	if c.ID == "" {
		none := apperr.New(apperr.NotFound, "erasure.nothing", "没有找到可以删除的内容：请核对号码。")
		if c.Kept > 0 {
			none = apperr.New(apperr.FailedPrecondition, "erasure.open", "这个号码的 %d 件工单所在的难事还没有销项，办理期间不能删除。您的要求已登记，销项后次日自动删除，不用再提交。", c.Kept)
		}
		entry.Outcome, entry.Detail = none.Reason, map[string]string{"reason": reason}
		if err := e.Record(ctx, entry); err != nil {
			return c, err
		}
		return c, none
	}
	if err := e.finish(ctx, k, &c, entry); err != nil {
		return c, err
	}
	return c, e.DropAttachments(ctx)
}

// eraseAsked erases what names a person in those of the tickets whose case is not being handled, as they are now, and the notices
// to those requesters of whom no ticket is left. kept counts the others, where it notes what was asked for.
func eraseAsked(ctx context.Context, w *writer, tickets []string) (erased []store.Erased, kept int, _ error) {
	tx, now := w.tx, w.now
	requesters := map[string]bool{}
	for _, id := range tickets {
		r, err := tx.Ticket(ctx, id)
		if err != nil {
			return nil, 0, err
		}
		in, err := caseOfTicket(ctx, tx, r)
		if err != nil {
			return nil, 0, err
		}
		if handled(in) {
			if err := tx.AskErasure(ctx, id, now); err != nil {
				return nil, 0, err
			}
			kept++
			continue
		}
		r.MatterSeq = w.seq
		done, err := tx.ErasePerson(ctx, r)
		if err != nil {
			return nil, 0, err
		}
		if done {
			files, err := eraseBrought(ctx, tx, in, r.Ticket.ID, now)
			if err != nil {
				return nil, 0, err
			}
			erased = append(erased, files...)
			requesters[r.Requester] = true
			erased = append(erased, store.Erased{Rule: ruleRequest, TicketID: r.Ticket.ID})
		}
	}
	delete(requesters, "")
	for _, requester := range sorted(requesters) {
		left, err := tx.Tickets(ctx, store.TicketFilter{Requester: requester, Limit: 1})
		for n := int64(1); err == nil && n > 0 && len(left) == 0; {
			n, err = tx.EraseNotices(ctx, requester, retentionBatch)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return erased, kept, nil
}

// eraseBrought erases what the requester of a ticket brought into its case, and what of theirs waits to be looked at.
func eraseBrought(ctx context.Context, tx *store.Tx, in casework.Case, ticketID string, now time.Time) (erased []store.Erased, _ error) {
	for _, id := range sorted(in.Files) {
		if in.Files[id].TicketID != ticketID {
			continue
		}
		done, err := tx.EraseAttachment(ctx, id, now)
		if err != nil {
			return nil, err
		}
		if done {
			erased = append(erased, store.Erased{Rule: ruleFile, TicketID: id})
		}
	}
	pictures, err := eraseNotes(ctx, tx, ticketID, now)
	if err != nil {
		return nil, err
	}
	return append(erased, pictures...), tx.DropReviews(ctx, ticketID)
}

// eraseKeptRows deletes those rows kept of imports that name a person, and their problems.
func (e *Engine) eraseKeptRows(ctx context.Context, c *store.Certificate, ask ErasureRequest) error {
	for after := (store.KeptRow{}); ; {
		list, err := e.db.KeptRows(ctx, after, retentionBatch)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return nil
		}
		after = list[len(list)-1]
		if list = slices.DeleteFunc(list, func(r store.KeptRow) bool { return !ask.namedIn(r.Cells) }); len(list) == 0 {
			continue
		}
		if err := e.certified(ctx, c, func(ctx context.Context, tx *store.Tx) (erased []store.Erased, _ error) {
			for _, r := range list {
				done, err := tx.EraseKeptRow(ctx, r.ImportID, r.Line)
				if err != nil {
					return nil, err
				}
				if done {
					erased = append(erased, store.Erased{Rule: ruleImport, TicketID: r.ImportID})
				}
			}
			return erased, nil
		}); err != nil {
			return err
		}
	}
}

// namedIn reports whether the number asked for stands in one of the cells, however it is written.
func (ask ErasureRequest) namedIn(cells []string) bool {
	return slices.ContainsFunc(cells, func(text string) bool {
		if ask.Phone != "" {
			return strings.Contains(ticket.PhoneKey(text), ticket.PhoneKey(ask.Phone))
		}
		return strings.Contains(ticket.IdentityKey(text), ticket.IdentityKey(ask.IDNumber))
	})
}

// Certificates lists the certificates of erasure, newest first, behind the one with id before.
func (e *Engine) Certificates(ctx context.Context, before string, limit int) ([]store.Certificate, error) {
	return e.db.Certificates(ctx, before, limit)
}

// Certificate gives one by id or number, and whether the lines kept behind it still make its hash.
func (e *Engine) Certificate(ctx context.Context, idOrNumber string) (c store.Certificate, agrees bool, err error) {
	if c, err = e.db.Certificate(ctx, idOrNumber); err != nil {
		return c, false, err
	}
	hash, n := "", int64(0)
	for {
		list, err := e.db.CertifiedItems(ctx, c.ID, n, 500)
		if err != nil {
			return c, false, err
		}
		for _, i := range list {
			hash, n = store.ChainErased(hash, i), i.Seq
		}
		if len(list) == 0 {
			return c, hash == c.Hash && n == int64(c.Items()), nil
		}
	}
}

var occasionWords = map[string]string{store.BySchedule: "每日自动", store.ByCommand: "命令行", store.ByRequest: "本人要求"}

var ruleWords = map[string]string{
	ruleRow: "导入的原始行", ruleCase: "已销项难事的工单中的个人信息", ruleTicket: "未成难事的工单中的个人信息", ruleRequest: "本人要求删除的个人信息",
	ruleImport: "本人要求删除的未导入行",
	ruleFile:   "难事的附件（照片、文件）和位置", ruleAccount: "本人要求删除的微信账号或绑定的手机号",
}

// RuleLabel is a rule of a certificate in Chinese.
func RuleLabel(rule string) string { return ruleWords[rule] }

// CertificateText prints a certificate as Markdown.
func (e *Engine) CertificateText(ctx context.Context, c store.Certificate, agrees bool) (string, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return "", err
	}
	at := func(t time.Time) string { return t.In(shanghai).Format("2006-01-02 15:04:05") }
	out := "# 个人信息删除证明\n\n编号：" + c.Number + "\n\n"
	out += "开始：" + at(c.StartedAt) + "\n\n"
	if c.FinishedAt.IsZero() {
		out += "结束：尚未完成\n\n"
	} else {
		out += "结束：" + at(c.FinishedAt) + "\n\n"
	}
	by := k.Organisation.PersonName(c.By)
	if by == "" {
		by = "系统"
	}
	out += "方式：" + occasionWords[c.Occasion] + "，经办：" + by + "\n\n"
	if c.Reason != "" {
		out += "理由：" + ticket.MaskText(c.Reason) + "\n\n"
	}
	out += "| 内容 | 保存期限 | 早于 | 删除件数 |\n| --- | --- | --- | --- |\n"
	for _, r := range c.Rules {
		since := "—"
		if !r.Before.IsZero() {
			since = at(r.Before)
		}
		period := r.Period
		if period == "" {
			period = "—"
		}
		out += fmt.Sprintf("| %s | %s | %s | %d |\n", ruleWords[r.Rule], period, since, r.Count)
	}
	if c.Kept > 0 {
		out += fmt.Sprintf("\n所在难事尚未销项、暂不能删除的工单：%d 件；已登记，销项后次日自动删除。\n", c.Kept)
	}
	out += "\n删除范围：姓名、电话、证件号码、详细地址、诉求人标的位置及文字中的上述内容；难事时间线不含个人信息，保持不变。\n\n明细校验值（SHA-256）：" + c.Hash + "\n\n"
	if agrees {
		return out + "核对：明细与校验值一致。\n", nil
	}
	return out + "核对：明细与校验值不一致，证明或明细被改动过，请联系审计员。\n", nil
}
