package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// Street is what a file says of the organisation.
type Street = organisation.Street

// OrganisationPreview is what laying a file over the organisation would change. It shows no phone and no case's content.
type OrganisationPreview struct {
	Changes []ChangeView `json:"changes" doc:"逐项变化；列表里只有前几项"`
	Total   int          `json:"total" doc:"共有多少项变化"`
	// Posts is set when somebody's posts change: the security administrator's to approve.
	Posts     bool          `json:"posts" doc:"涉及岗位，须由安全管理员批准"`
	Work      []WorkItem    `json:"work" doc:"有人离岗或调动后，未完的工作由谁接手"`
	MoreWork  bool          `json:"more_work,omitempty" doc:"未完的工作没有列全"`
	Vacancies []VacancyView `json:"vacancies" doc:"由此空缺的岗位"`
	Notes     []string      `json:"notes,omitempty" doc:"要留意的：没有读的列和工作表、不起作用的行、须重新发密码的人"`

	revision int64
	changes  []organisation.Change
	moved    []string // who leaves or works somewhere else
}

// ChangeView is one change in words.
type ChangeView struct {
	organisation.Change
	KindLabel string `json:"kind_label"`
	WhatLabel string `json:"what_label"`
}

// VacancyView is a post that nobody holds, and who acts from it meanwhile.
type VacancyView struct {
	Role  casework.Role `json:"role"`
	Unit  string        `json:"unit,omitempty"`
	Label string        `json:"label"`
	// StepIn is empty where nobody acts: what goes to the post is then told to the centre.
	StepIn []Named `json:"step_in" doc:"由谁代行；空表示只通知城运中心"`
}

// errRevised says that somebody changed the organisation in between.
var errRevised = apperr.New(apperr.Aborted, "organisation.revised", "组织架构刚被他人改过，请按最新内容重新核对后再提交。")

// PreviewOrganisation says what laying a file over the organisation would change, without changing anything. What is wrong
// with the file comes as organisation.Invalid has it.
func (e *Engine) PreviewOrganisation(ctx context.Context, file Street, whole bool) (OrganisationPreview, error) {
	k, err := e.Refresh(ctx)
	if err != nil {
		return OrganisationPreview{}, err
	}
	after, err := organisation.Revise(k.Organisation, file, whole)
	if err != nil {
		return OrganisationPreview{}, organisation.Invalid(err)
	}
	p, err := e.preview(ctx, k, after)
	if err != nil {
		return p, err
	}
	p.Notes = slices.Concat(file.Notes, organisation.Passed(k.Organisation, file))
	for _, c := range p.changes {
		if c.Kind == organisation.PersonEntry && c.What == organisation.Returned {
			p.Notes = append(p.Notes, "人员“"+c.Name+"”回来后原密码不能再用，请重置密码，把新的初始密码交给本人。")
		}
	}
	return p, nil
}

const previewWork = 500 // items of open work that a preview lists

func (e *Engine) preview(ctx context.Context, k *Knowledge, after *organisation.Organisation) (OrganisationPreview, error) {
	now := e.Now(k)
	p := OrganisationPreview{Changes: []ChangeView{}, Work: []WorkItem{}, Vacancies: []VacancyView{}, revision: k.revisions[store.OrganisationRevision]}
	for _, who := range k.Organisation.People() { // a deputy leader moves by the department's entry, not by their own
		if moved(k.Organisation, after, who.ID) {
			p.moved = append(p.moved, who.ID)
		}
	}
	var err error
	if after, err = endDelegations(after, p.moved, now); err != nil {
		return p, err
	}
	p.changes = organisation.Compare(k.Organisation, after)
	p.Total = len(p.changes)
	for _, c := range p.changes {
		p.Changes = append(p.Changes, ChangeView{c, c.Kind.Label(), c.What.Label(c.Kind)})
		p.Posts = p.Posts || c.Posts
	}
	for _, id := range p.moved {
		if len(p.Work) >= previewWork {
			p.MoreWork = true
			break
		}
		work, err := e.work(ctx, k, after, id, store.Held{}, previewWork-len(p.Work))
		if err != nil {
			return p, err
		}
		for _, w := range work.items {
			if w.lost {
				p.Work = append(p.Work, w)
			}
		}
		p.MoreWork = p.MoreWork || work.more
	}
	before := k.Organisation.Vacancies()
	for _, v := range after.Vacancies() {
		if !slices.ContainsFunc(before, func(b organisation.Vacancy) bool { return b.Post == v.Post }) {
			p.Vacancies = append(p.Vacancies, vacancyView(after, v))
		}
	}
	return p, nil
}

// moved reports whether somebody no longer works somewhere where they did.
func moved(before, after *organisation.Organisation, person string) bool {
	now := after.Holds(person)
	return slices.ContainsFunc(before.Holds(person), func(w casework.Addressee) bool { return !slices.Contains(now, w) })
}

// endDelegations ends what people agreed on who have moved since: a delegate was chosen for the posts of then, by colleagues
// of then.
func endDelegations(o *organisation.Organisation, people []string, now time.Time) (*organisation.Organisation, error) {
	s, ended := o.Street(), false
	for i, d := range s.Delegations {
		if !d.Over(now) && (slices.Contains(people, d.From) || slices.Contains(people, d.To)) {
			s.Delegations[i].EndedAt, ended = now, true
		}
	}
	if !ended {
		return o, nil
	}
	return s.Snapshot()
}

func vacancyView(o *organisation.Organisation, v organisation.Vacancy) VacancyView {
	out := VacancyView{Role: v.Post.Role, Unit: v.Post.Unit, Label: o.DescribePost(v.Post), StepIn: []Named{}}
	for _, id := range v.StepIn {
		out.StepIn = append(out.StepIn, Named{ID: id, Name: o.PersonName(id)})
	}
	return out
}

// Vacancies lists the posts that nobody holds.
func (e *Engine) Vacancies(ctx context.Context) ([]VacancyView, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return nil, err
	}
	out := []VacancyView{}
	for _, v := range k.Organisation.Vacancies() {
		out = append(out, vacancyView(k.Organisation, v))
	}
	return out, nil
}

// ApplyOrganisation makes the changes of a preview; organisation.revised when the organisation is no longer the one that
// was compared with. The work of who left or moved is handed over at once as far as that goes, and then by the sweeper.
func (e *Engine) ApplyOrganisation(ctx context.Context, actor casework.Actor, p OrganisationPreview) error {
	return e.change(ctx, actor, p, "", nil)
}

// LoadOrganisation lays a street over the organisation at once, for a first load and for tests.
func (e *Engine) LoadOrganisation(ctx context.Context, s Street) error {
	p, err := e.PreviewOrganisation(ctx, s, false)
	if err != nil {
		return err
	}
	return e.ApplyOrganisation(ctx, casework.SystemActor(), p)
}

// change writes what differs, notes whose work is to be handed over and what was done, and does also in one transaction.
func (e *Engine) change(ctx context.Context, actor casework.Actor, p OrganisationPreview, object string, also func(ctx context.Context, tx *store.Tx) error) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	put, drop, err := e.rowsOf(k, p.changes)
	if err != nil {
		return err
	}
	now := e.Now(k)
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		// Counting on first makes whoever else changes the organisation wait, and then find it changed.
		revision, err := tx.NextRevision(ctx, store.OrganisationRevision)
		if err != nil {
			return err
		}
		if revision != p.revision+1 {
			return errRevised
		}
		if err := tx.PutOrganisation(ctx, put); err != nil {
			return err
		}
		if err := tx.DropOrganisation(ctx, drop); err != nil {
			return err
		}
		handovers := make([]store.Handover, len(p.moved))
		for i, id := range p.moved {
			handovers[i] = store.Handover{ID: newID(), PersonID: id, Revision: revision, CreatedAt: now}
		}
		if err := tx.AddHandovers(ctx, handovers); err != nil {
			return err
		}
		for _, c := range p.changes {
			if c.Kind == organisation.PersonEntry && c.What == organisation.Returned {
				if err := e.shutAccount(ctx, tx, actor, c.ID); err != nil {
					return err
				}
			}
		}
		if also != nil {
			if err := also(ctx, tx); err != nil {
				return err
			}
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "organisation.apply", Object: object, Detail: p.counts()})
	})
	if err != nil {
		return err
	}
	if _, err = e.Refresh(ctx); err != nil || len(p.moved) == 0 {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, handOverNow)
	defer cancel()
	if err := e.handOver(soon, &Swept{}); err != nil && soon.Err() == nil {
		e.log.ErrorContext(ctx, "handing over failed, the sweeper goes on", slog.Any("error", err))
	}
	return nil
}

// shutAccount keeps who comes back from signing in as before they left: sessions end, WeChat is bound no more, and the password
// is gone until an administrator gives a first one.
func (e *Engine) shutAccount(ctx context.Context, tx *store.Tx, actor casework.Actor, personID string) error {
	const why = "returned"
	if err := e.partWeChat(ctx, tx, actor, personID, why); err != nil {
		return err
	}
	a, ok, err := tx.Account(ctx, personID)
	if err != nil || !ok {
		return err
	}
	now := e.clock() // the demonstration's clock moves no account
	if _, err := tx.EndSessions(ctx, personID, "", why, now); err != nil {
		return err
	}
	if err := tx.DropSignIns(ctx, personID); err != nil {
		return err
	}
	if a.Password != "" { // not to be chosen again at once
		a.History = append([]string{a.Password}, a.History...)
	}
	a.Password, a.PasswordUntil, a.MustChange, a.DisabledAt, a.DisabledWhy = "", time.Time{}, true, now, why
	if err := tx.SaveAccount(ctx, &a); err != nil {
		if errors.Is(err, store.ErrChanged) {
			return errRevised // to be tried again
		}
		return err
	}
	return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "account.disable", Object: "account:" + personID, Detail: map[string]string{"why": why}})
}

// partWeChat unbinds the WeChat of a member of staff.
func (e *Engine) partWeChat(ctx context.Context, tx *store.Tx, actor casework.Actor, personID, why string) error {
	i, bound, err := tx.WeChatIdentityOfStaff(ctx, personID)
	if err != nil || !bound {
		return err
	}
	i.StaffID, i.StaffAt, i.StaffBy = "", time.Time{}, ""
	if err := tx.SaveWeChatIdentity(ctx, &i); err != nil {
		if errors.Is(err, store.ErrChanged) {
			return errRevised // to be tried again
		}
		return err
	}
	if err := tx.PartFollower(ctx, personID); err != nil {
		return err
	}
	return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "wechat.unbind", Object: "account:" + personID, Detail: map[string]string{"why": why}})
}

// counts is what the audit log says of the changes: how many, and of whom the posts.
func (p OrganisationPreview) counts() map[string]string {
	n := map[organisation.What]int{}
	var people []string
	for _, c := range p.changes {
		n[c.What]++
		if c.Posts {
			people = append(people, c.ID)
		}
	}
	detail := map[string]string{}
	for what, count := range n {
		detail[string(what)] = strconv.Itoa(count)
	}
	if len(people) > 0 {
		const most = 50
		detail["posts_of"] = strings.Join(people[:min(len(people), most)], " ")
		if len(people) > most {
			detail["posts_of"] += " …共 " + strconv.Itoa(len(people))
		}
	}
	return detail
}

func (e *Engine) rowsOf(k *Knowledge, changes []organisation.Change) (put, drop []store.OrganisationRow, err error) {
	for _, c := range changes {
		row := store.OrganisationRow{Kind: string(c.Kind), ID: c.ID}
		entry := c.Entry()
		if entry == nil {
			drop = append(drop, row)
			continue
		}
		if p, ok := entry.(organisation.Person); ok {
			// What follows from the phone is not stored beside it: the phone may change.
			if old, known := k.Organisation.Person(p.ID); known && old.Phone != "" && slices.Equal(p.Requesters, []string{e.requesterOf(old.Phone)}) {
				p.Requesters = nil
				entry = p
			}
		}
		if row.Body, err = json.Marshal(entry); err != nil {
			return nil, nil, err
		}
		put = append(put, row)
	}
	return put, drop, nil
}

// ProposedChange is a change of the organisation put forward, with what it changes.
type ProposedChange struct {
	ID         string             `json:"id"`
	Status     store.ChangeStatus `json:"status" enum:"open,applied,discarded"`
	Whole      bool               `json:"whole" doc:"文件是全量：没有列出的人按离岗、没有列出的单位按撤销处理"`
	ProposedBy *Named             `json:"proposed_by,omitempty"`
	ProposedAt time.Time          `json:"proposed_at"`
	DecidedBy  *Named             `json:"decided_by,omitempty"`
	DecidedAt  *time.Time         `json:"decided_at,omitempty"`
	// DecidesRole is who may apply it: security_admin where posts change, else system_admin.
	DecidesRole casework.Role `json:"decides_role" enum:"security_admin,system_admin" doc:"由谁批准"`

	OrganisationPreview
}

func (k *Knowledge) proposed(c store.OrganisationChange) (ProposedChange, error) {
	v := ProposedChange{ID: c.ID, Status: c.Status, Whole: c.Whole, ProposedBy: k.person(c.ProposedBy), ProposedAt: c.ProposedAt, DecidedBy: k.person(c.DecidedBy), DecidesRole: casework.SystemAdmin}
	if c.Posts {
		v.DecidesRole = casework.SecurityAdmin
	}
	if !c.DecidedAt.IsZero() {
		v.DecidedAt = &c.DecidedAt
	}
	return v, json.Unmarshal(c.Preview, &v.OrganisationPreview)
}

// proposal is what is stored of a file until it is decided.
type proposal struct {
	Street Street `json:"street"`
	Whole  bool   `json:"whole"`
}

// ProposeOrganisation puts a file forward for approval. The same file again is the same proposal. Nothing changes yet.
func (e *Engine) ProposeOrganisation(ctx context.Context, actor casework.Actor, file Street, whole bool) (ProposedChange, error) {
	p, err := e.PreviewOrganisation(ctx, file, whole)
	if err != nil {
		return ProposedChange{}, err
	}
	if len(p.Changes) == 0 {
		return ProposedChange{}, apperr.New(apperr.FailedPrecondition, "organisation.unchanged", "与现有组织架构相同，没有需要变更的内容。%s", strings.Join(p.Notes, ""))
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ProposedChange{}, err
	}
	c := store.OrganisationChange{
		ID: newID(), Status: store.ChangeOpen, Posts: p.Posts, Whole: whole, Revision: p.revision, ProposedBy: actor.PersonID, ProposedAt: e.Now(k),
	}
	if c.Body, err = json.Marshal(proposal{file, whole}); err != nil {
		return ProposedChange{}, err
	}
	if c.Preview, err = json.Marshal(p); err != nil {
		return ProposedChange{}, err
	}
	open, err := e.db.OrganisationChanges(ctx, store.ChangeOpen, "", 20)
	if err != nil {
		return ProposedChange{}, err
	}
	for _, o := range open {
		if o.ProposedBy == c.ProposedBy && o.Revision == c.Revision && bytes.Equal(o.Body, c.Body) {
			return k.proposed(o)
		}
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.AddOrganisationChange(ctx, c); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "organisation.propose", Object: changeObject(c.ID), Detail: p.counts()})
	}); err != nil {
		return ProposedChange{}, err
	}
	return k.proposed(c)
}

func changeObject(id string) string { return "organisation_change:" + id }

// OrganisationChange gives a change put forward.
func (e *Engine) OrganisationChange(ctx context.Context, id string) (ProposedChange, error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ProposedChange{}, err
	}
	c, err := e.db.OrganisationChange(ctx, id)
	if err != nil {
		return ProposedChange{}, err
	}
	return k.proposed(c)
}

// listedChanges are what a list shows of a change put forward.
const listedChanges = 10

// OrganisationChanges lists the changes put forward, newest first; of one state when status is not empty.
func (e *Engine) OrganisationChanges(ctx context.Context, status store.ChangeStatus, before string, limit int) (Page[ProposedChange], error) {
	page := Page[ProposedChange]{Items: []ProposedChange{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	list, err := e.db.OrganisationChanges(ctx, status, before, limit+1)
	if err != nil {
		return page, err
	}
	for i, c := range list {
		if i == limit {
			page.Next = list[i-1].ID
			break
		}
		v, err := k.proposed(c)
		if err != nil {
			return page, err
		}
		// A list says what each is about; the change itself has the rest.
		v.Changes, v.Work, v.Vacancies = v.Changes[:min(len(v.Changes), listedChanges)], []WorkItem{}, []VacancyView{}
		page.Items = append(page.Items, v)
	}
	return page, nil
}

// ApplyProposal makes a change that was put forward: the security administrator one that touches posts, and never their
// own; the system administrator every other. It is compared with the organisation of now first; when something else comes
// out than the preview shows, nothing changes and the refusal's Detail is the new preview, to be read and applied anew.
func (e *Engine) ApplyProposal(ctx context.Context, actor casework.Actor, id string) (ProposedChange, error) {
	c, err := e.db.OrganisationChange(ctx, id)
	if err != nil {
		return ProposedChange{}, err
	}
	if c.Status == store.ChangeApplied && c.DecidedBy == actor.PersonID {
		return e.OrganisationChange(ctx, id) // a retry
	}
	if c.Status != store.ChangeOpen {
		return ProposedChange{}, errDecided
	}
	var file proposal
	if err := json.Unmarshal(c.Body, &file); err != nil {
		return ProposedChange{}, err
	}
	now, err := e.PreviewOrganisation(ctx, file.Street, file.Whole)
	if err != nil {
		return ProposedChange{}, apperr.New(apperr.FailedPrecondition, "organisation.outdated", "组织架构已有变动，这份变更不能再用，请作废后重新提交。%s", said(err)).With(err)
	}
	var shown OrganisationPreview
	if err := json.Unmarshal(c.Preview, &shown); err != nil {
		return ProposedChange{}, err
	}
	if !sameChanges(shown, now) {
		preview, err := json.Marshal(now)
		if err != nil {
			return ProposedChange{}, err
		}
		if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			return tx.PreviewAgain(ctx, id, now.Posts, now.revision, preview)
		}); err != nil {
			return ProposedChange{}, err
		}
		refusal := apperr.New(apperr.FailedPrecondition, "organisation.outdated", "提交之后组织架构又有变动，实际变化与原来预览的不同。请核对新的预览后再批准。")
		refusal.Detail = now
		return ProposedChange{}, refusal
	}
	if err := mayDecide(actor, c, now.Posts); err != nil {
		return ProposedChange{}, err
	}
	err = e.change(ctx, actor, now, changeObject(id), func(ctx context.Context, tx *store.Tx) error {
		k, err := e.Knowledge(ctx)
		if err != nil {
			return err
		}
		done, err := tx.DecideOrganisationChange(ctx, id, store.ChangeApplied, actor.PersonID, e.Now(k))
		if err == nil && !done {
			return errDecided
		}
		return err
	})
	if err != nil {
		return ProposedChange{}, err
	}
	return e.OrganisationChange(ctx, id)
}

// said is what an error says to a person.
func said(err error) string {
	if e, ok := errors.AsType[*apperr.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

var errDecided = apperr.New(apperr.FailedPrecondition, "organisation.decided", "这份变更已经处理过了，请刷新列表。")

// mayDecide keeps who puts forward and who approves apart (三员分立).
func mayDecide(actor casework.Actor, c store.OrganisationChange, posts bool) error {
	holds := func(r casework.Role) bool {
		return slices.ContainsFunc(actor.Posts, func(p casework.Post) bool { return p.Role == r })
	}
	switch {
	case posts && !holds(casework.SecurityAdmin):
		return apperr.New(apperr.PermissionDenied, "organisation.security_admin", "这份变更涉及岗位，须由安全管理员批准。")
	case posts && c.ProposedBy == actor.PersonID:
		return apperr.New(apperr.PermissionDenied, "organisation.own_proposal", "不能批准自己提交的变更，请由另一位安全管理员批准。")
	case !posts && !holds(casework.SystemAdmin):
		return apperr.New(apperr.PermissionDenied, "organisation.system_admin", "这份变更不涉及岗位，由系统管理员执行。")
	}
	return nil
}

// sameChanges reports whether two previews change the same; when delegations end is the instant of the change itself.
func sameChanges(a, b OrganisationPreview) bool {
	return slices.EqualFunc(a.Changes, b.Changes, func(x, y ChangeView) bool {
		notEnd := func(list []organisation.FieldChange) []organisation.FieldChange {
			return slices.DeleteFunc(slices.Clone(list), func(f organisation.FieldChange) bool { return f.Name == "ended_at" })
		}
		return x.Kind == y.Kind && x.ID == y.ID && x.What == y.What && slices.Equal(notEnd(x.Fields), notEnd(y.Fields))
	})
}

// DiscardProposal drops a change that was put forward.
func (e *Engine) DiscardProposal(ctx context.Context, actor casework.Actor, id string) (ProposedChange, error) {
	c, err := e.db.OrganisationChange(ctx, id)
	if err != nil {
		return ProposedChange{}, err
	}
	if c.Status == store.ChangeDiscarded {
		return e.OrganisationChange(ctx, id) // a retry
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return ProposedChange{}, err
	}
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		done, err := tx.DecideOrganisationChange(ctx, id, store.ChangeDiscarded, actor.PersonID, e.Now(k))
		if err == nil && !done {
			return errDecided
		}
		if err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "organisation.discard", Object: changeObject(id)})
	}); err != nil {
		return ProposedChange{}, err
	}
	return e.OrganisationChange(ctx, id)
}

// Leave ends somebody's access at once, without approval, and says since when it has ended: who has left already stays so. Their
// open work is handed over at once as far as that goes, and then by the sweeper. Whom the organisation cannot be without (the
// last at the centre, the last administrator) cannot leave, and the two administrators that keep the system administrator in
// check leave by a change that the security administrator applies.
func (e *Engine) Leave(ctx context.Context, actor casework.Actor, personID, reason string) (time.Time, error) {
	for attempt := 0; ; attempt++ {
		k, err := e.Refresh(ctx)
		if err != nil {
			return time.Time{}, err
		}
		p, ok := k.Organisation.Person(personID)
		switch {
		case !ok:
			return time.Time{}, errNoPerson
		case p.Left:
			return e.leftAt(ctx, p.ID)
		case slices.ContainsFunc(p.Posts, func(post organisation.Post) bool {
			return post.Role == casework.SecurityAdmin || post.Role == casework.Auditor
		}):
			return time.Time{}, errChecksOthers
		}
		after, err := organisation.Revise(k.Organisation, Street{People: []organisation.Person{{ID: p.ID, Name: p.Name, Left: true}}}, false)
		if err != nil {
			return time.Time{}, apperr.New(apperr.FailedPrecondition, "person.needed", "现在不能办理离岗。%s", said(organisation.Invalid(err))).With(err)
		}
		preview, err := e.preview(ctx, k, after)
		if err != nil {
			return time.Time{}, err
		}
		err = e.change(ctx, actor, preview, "person:"+p.ID, func(ctx context.Context, tx *store.Tx) error {
			return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "person.leave", Object: "person:" + p.ID, Detail: map[string]string{"reason": ticket.MaskText(reason)}})
		})
		if err == nil {
			return e.leftAt(ctx, p.ID)
		}
		if !errors.Is(err, errRevised) || attempt == 3 {
			return time.Time{}, err
		}
	}
}

// leftAt says when Leave last ended somebody's access; the zero time for who left in another way.
func (e *Engine) leftAt(ctx context.Context, personID string) (time.Time, error) {
	const enough = 50 // entries about a person are few: a leave is two
	list, err := e.db.AuditLog(ctx, store.AuditFilter{Object: "person:" + personID, Limit: enough})
	for _, entry := range list {
		if entry.Action == "person.leave" {
			return entry.At, err
		}
	}
	return time.Time{}, err
}

var errChecksOthers = apperr.New(apperr.PermissionDenied, "person.administrator", "安全管理员和审计员不能直接办理离岗：请提交组织架构变更（把该人员设为离岗），由安全管理员批准。")

var errNoPerson = apperr.New(apperr.NotFound, "person.not_found", "没有这名人员，请刷新列表。")
