package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// Options of Load.
type Options struct {
	// Now is the instant the demonstration begins at.
	Now time.Time
	// Sample is where the fictional export is kept, to be looked at and imported again.
	Sample string
	Logger *slog.Logger
}

// Cases says how many cases there are: before the centre decides, in work, and after it.
type Cases struct {
	Waiting, Open, Solved int
}

// daysBack is how many working days of the street's life are played before now.
const daysBack = 14

// Load fills an empty, seeded database with the demonstration street and its fictional export, and plays some working
// days of its life through the same importer and commands that serve everybody, so that every state can be looked at. It says how many tickets it
// took in.
func Load(ctx context.Context, db *store.DB, o Options) (tickets int, err error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	p := &play{ctx: ctx, db: db, now: o.Now, dir: filepath.Dir(o.Sample)}
	p.engine = workflow.New(db, workflow.Options{Clock: func() time.Time { return p.now }, Logger: o.Logger})
	if err := p.engine.MarkDemo(ctx); err != nil {
		return 0, err
	}
	departments, grids, communities, people, delegations := Organisation(o.Now)
	if err := p.engine.LoadOrganisation(ctx, workflow.Street{Departments: departments, Grids: grids, Communities: communities, People: people, Delegations: delegations}); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return 0, err
	}
	rows := Export(o.Now)
	if err := p.past(rows, o.Now); err != nil {
		return p.taken, err
	}
	p.now = o.Now
	if err := p.importRows(rows, o.Sample); err != nil {
		return p.taken, err
	}
	if err := p.write(LiftsSample(o.Sample), Lifts(o.Now)); err != nil {
		return p.taken, err
	}
	if _, err := p.engine.Sweep(ctx); err != nil {
		return p.taken, err
	}
	return p.taken, p.today()
}

// Count counts the cases of the demonstration.
func Count(ctx context.Context, db *store.DB) (n Cases, err error) {
	rows, err := db.Cases(ctx, store.CaseFilter{All: true, Limit: 1000})
	for _, r := range rows {
		switch r.Status {
		case casework.Reported:
			n.Waiting++
		case casework.Resolved, casework.Closed:
			n.Solved++
		default:
			n.Open++
		}
	}
	return n, err
}

// play gives commands at instants of its own.
type play struct {
	ctx    context.Context
	db     *store.DB
	engine *workflow.Engine
	now    time.Time
	dir    string
	taken  int // tickets so far
	known  *workflow.Knowledge
}

func (p *play) write(path string, rows []Row) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(writeRows(f, rows), f.Close())
}

func (p *play) importRows(rows []Row, path string) error {
	if err := p.write(path, rows); err != nil {
		return err
	}
	im := &intake.Importer{Engine: p.engine, DB: p.db, Now: func() time.Time { return p.now }}
	r, err := im.Import(p.ctx, intake.Job{Path: path, Source: ticket.Hotline})
	p.taken += r.Created
	return err
}

// asOf gives the rows as the hotline knew them at t: without what came later.
func asOf(rows []Row, t time.Time) []Row {
	var out []Row
	for _, r := range rows {
		if r.AcceptedAt.After(t) {
			continue
		}
		if r.DispatchedAt.After(t) {
			r.DispatchedAt = time.Time{}
		}
		if r.ClosedAt.After(t) {
			r.ClosedAt, r.Outcome, r.Satisfaction, r.Reply = time.Time{}, "", "", ""
		}
		out = append(out, r)
	}
	return out
}

// past imports the export as it was some working days ago and lives through them.
func (p *play) past(rows []Row, now time.Time) error {
	var err error
	if p.known, err = p.engine.Refresh(p.ctx); err != nil {
		return err
	}
	cal := p.known.Calendar
	day := cal.OnOrBefore(workday.DateOf(now).AddDays(-1))
	for range daysBack {
		day = cal.OnOrBefore(day.AddDays(-1))
	}
	earlier := filepath.Join(p.dir, "12345工单导出（此前）.xlsx")
	begun := map[string]int{} // case → the day it came in, in the order they came
	var ids []string
	for n := 0; day.Before(workday.DateOf(now)); n++ {
		// The centre imports each morning what the hotline knows by then.
		p.now = day.At(9*60 + 10)
		if err := p.importRows(asOf(rows, p.now), earlier); err != nil {
			return err
		}
		fresh, err := p.playable()
		if err != nil {
			return err
		}
		for _, id := range fresh {
			if _, known := begun[id]; !known {
				begun[id] = n
				ids = append(ids, id)
			}
		}
		p.now = day.At(9*60 + 30)
		for i, id := range ids {
			if err := p.step(i, n-begun[id], id); err != nil {
				return fmt.Errorf("day %d, case %d: %w", n, i, err)
			}
		}
		p.now = day.At(17*60 + 30)
		if _, err := p.engine.Sweep(p.ctx); err != nil {
			return err
		}
		day = cal.NextWorkingDay(day)
	}
	for _, id := range ids { // one is more than a grid can settle
		l, err := p.db.Case(p.ctx, id)
		if err != nil {
			return err
		}
		if c := l.Case; c.Status == casework.Convening && c.Tier == casework.TierII && c.GridID != "" {
			if _, err := p.do(id, p.chief(c), casework.Convening, casework.Escalate{Reason: "涉及面广，超出网格处置能力，请主要领导统筹"}); err != nil {
				return err
			}
			break
		}
	}
	return os.Remove(earlier)
}

// chief is the person of the demonstration who heads the case's grid.
func (p *play) chief(c casework.Case) string { return "p-chief-" + c.GridID[len("g-"):] }

// playable lists the registered cases in which no resident of the demonstration has a ticket: theirs are for visitors.
func (p *play) playable() ([]string, error) {
	rows, err := p.db.Cases(p.ctx, store.CaseFilter{Status: casework.Registered, Limit: 100})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range rows {
		l, err := p.db.Case(p.ctx, r.ID)
		if err != nil {
			return nil, err
		}
		if residentOf(p.known, l.Case) == "" {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// residentOf gives the account that has a ticket in the case; "" for none.
func residentOf(k *workflow.Knowledge, c casework.Case) string {
	for _, person := range k.Organisation.People() {
		for _, t := range c.Tickets {
			if t.Requester != "" && slices.Contains(person.Requesters, t.Requester) {
				return person.ID
			}
		}
	}
	return ""
}

// Try is a case a visitor can take through its whole life: it waits to be accepted by Head, and Resident has a ticket in it.
type Try struct{ Number, Head, Handler, Resident string }

// ToTry finds a case to try; ok is false when visitors have used them all.
func ToTry(ctx context.Context, db *store.DB, k *workflow.Knowledge) (t Try, ok bool, err error) {
	rows, err := db.Cases(ctx, store.CaseFilter{Status: casework.Dispatched, Limit: 100})
	if err != nil {
		return t, false, err
	}
	p := &play{known: k}
	for _, r := range rows {
		l, err := db.Case(ctx, r.ID)
		if err != nil {
			return t, false, err
		}
		if resident := residentOf(k, l.Case); resident != "" {
			head, handler := p.people(l.Case.LeadDepartmentID)
			return Try{Number: r.Number, Head: head, Handler: handler, Resident: resident}, true, nil
		}
	}
	return t, false, nil
}

// do gives a command, unless the mechanism was faster and the case is elsewhere by now.
func (p *play) do(id, who string, from casework.Status, cmd casework.Command) (casework.Case, error) {
	l, err := p.db.Case(p.ctx, id)
	if err != nil || from != "" && l.Case.Status != from {
		return l.Case, err
	}
	a, ok, err := p.engine.Actor(p.ctx, who)
	if err != nil || !ok {
		return l.Case, fmt.Errorf("%s: %w", who, errors.Join(err, errors.New("nobody")))
	}
	out, err := p.engine.Do(p.ctx, workflow.Request{Actor: a, CaseID: id, Version: l.Case.Version, Command: cmd})
	if err != nil {
		return out.Case, fmt.Errorf("%s by %s: %w", cmd.Name(), who, err)
	}
	return out.Case, nil
}

const clerk = "p-centre-1"

// lead picks the department that the hotline had given the ticket to.
func (p *play) lead(c casework.Case) (organisation.Department, error) {
	for _, t := range c.Tickets {
		r, err := p.db.Ticket(p.ctx, t.ID)
		if err != nil {
			return organisation.Department{}, err
		}
		if d, ok := p.known.Organisation.DepartmentByName(r.Ticket.Department); ok && d.DeputyLeader != "" {
			return d, nil
		}
	}
	for _, d := range p.known.Organisation.Departments() {
		if d.Name == EnforcementTeam {
			return d, nil
		}
	}
	return organisation.Department{}, errors.New("no department")
}

// people gives a department's head and one of its handlers.
func (p *play) people(department string) (head, handler string) {
	for _, person := range p.known.Organisation.PeopleOf(department) {
		for _, post := range person.Posts {
			switch {
			case post.Unit != department:
			case post.Role == casework.DepartmentHead && head == "":
				head = person.ID
			case post.Role == casework.Handler && handler == "":
				handler = person.ID
			}
		}
	}
	if handler == "" {
		handler = head
	}
	return head, handler
}

func (p *play) classify(c casework.Case) error {
	m := casework.Classify{
		Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, Topic: c.Topic, CommunityID: c.CommunityID, GridID: c.GridID,
	}
	if com, ok := p.known.Organisation.Community(c.CommunityID); ok && com.Kind == organisation.KindPark {
		m.Domain = casework.Business
	}
	if c.SuggestedTier == casework.TierII {
		m.Reach, m.Crossings = casework.CrossDepartment, []string{"department"}
	}
	if m.GridID == "" {
		m.GridID = "g-1"
	}
	_, err := p.do(c.ID, clerk, casework.Registered, m)
	return err
}

func (p *play) dispatch(id string) error {
	l, err := p.db.Case(p.ctx, id)
	if err != nil {
		return err
	}
	d, err := p.lead(l.Case)
	if err != nil {
		return err
	}
	if err := p.classify(l.Case); err != nil {
		return err
	}
	_, err = p.do(id, clerk, casework.Registered, casework.Dispatch{LeadDepartmentID: d.ID})
	return err
}

// step is what happens to the i-th case on the n-th day. Together they leave a case in every state.
func (p *play) step(i, n int, id string) error {
	l, err := p.db.Case(p.ctx, id)
	if err != nil {
		return err
	}
	c := l.Case
	head, handler := "", ""
	if c.LeadDepartmentID != "" {
		head, handler = p.people(c.LeadDepartmentID)
	}
	try := func(_ casework.Case, err error) error { return err }
	switch kind := i % 8; {
	case n == 0 && kind != 7 && kind != 5:
		return p.dispatch(id)
	case kind == 5 && n == 1: // nobody is clearly in charge
		if err := p.classify(c); err != nil {
			return err
		}
		return try(p.do(id, clerk, casework.Registered, casework.OpenAtII{Reason: "涉及多个部门职责，无法确定主责部门"}))
	case kind == 5 && n == 3:
		return p.convene(c)
	case kind == 4 && n == 1: // returned, and given to another
		other := "d-zhifa"
		if c.LeadDepartmentID == other {
			other = "d-fangguan"
		}
		if _, ok := p.known.Organisation.Department(other); !ok {
			other = p.known.Organisation.Departments()[0].ID
		}
		return try(p.do(id, head, casework.Dispatched, casework.Return{Reason: "经核对不属于本部门职责", DutyItem: "权责清单第 12 项", SuggestedDepartmentID: other}))
	case kind <= 3 && n == 1:
		if _, err := p.do(id, head, casework.Dispatched, casework.Accept{HandlerID: handler}); err != nil {
			return err
		}
		return try(p.do(id, handler, casework.Handling, casework.Contact{Reached: true, At: p.now.Add(-20 * time.Minute), Said: "已电话联系诉求人，了解情况并说明办理安排"}))
	case kind <= 2 && n == 2:
		return try(p.do(id, handler, casework.Handling, casework.Progress{Text: "已到现场查看，正在协调整改", Public: true}))
	case kind <= 1 && n == 3:
		return try(p.do(id, handler, casework.Handling, casework.Submit{Result: "已完成整改并复查，诉求人表示认可", Answer: "已经整改好，我们复查过了。再有问题请随时告诉我们。", Outcome: casework.ActuallySolved, Evidence: []string{"整改前后照片"}}))
	case kind <= 1 && n == 4:
		if _, err := p.do(id, clerk, casework.Verifying, casework.VerifyPass{Finding: "回访属实，问题已解决", Outcome: casework.ActuallySolved}); err != nil {
			return err
		}
	case kind == 2 && n == 5 && c.Status == casework.Convening:
		return p.convene(c)
	case kind == 3 && n == 8 && c.Status == casework.Handling:
		return try(p.do(id, handler, casework.Handling, casework.Submit{Result: "已会同物业完成处置", Answer: "已经和物业一起处理好了。", Outcome: casework.ActuallySolved, Evidence: []string{"处置记录"}}))
	}
	return nil
}

// convene holds the consultation as the convener of the case.
func (p *play) convene(c casework.Case) error {
	if c.Status != casework.Convening || c.Tier != casework.TierII {
		return nil
	}
	d, err := p.lead(c)
	if err != nil {
		return err
	}
	head, handler := p.people(d.ID)
	s, _ := c.Stage()
	_, err = p.do(c.ID, p.chief(c), casework.Convening, casework.Convene{
		Minutes: "现场会商，明确由" + d.Name + "牵头，物业和居委配合", LeadDepartmentID: d.ID, HandlerID: handler, LeaderID: head,
		Members: []casework.Duty{{PersonID: handler, Duty: "制定整改清单并每日跟进", DueAt: s.DueAt.Add(-2 * time.Hour)}},
		Plan:    "三日内完成整改，居委组织复查",
	})
	return err
}

// today leaves some of the fresh cases waiting to be accepted, one of them a resident's.
func (p *play) today() error {
	rows, err := p.db.Cases(p.ctx, store.CaseFilter{Status: casework.Registered, Limit: 100})
	if err != nil {
		return err
	}
	given := 0
	for _, r := range rows {
		l, err := p.db.Case(p.ctx, r.ID)
		if err != nil {
			return err
		}
		resident := residentOf(p.known, l.Case)
		if _, running := l.Case.Stage(); running || resident == "" && given >= 2 {
			continue
		}
		if resident == "" {
			given++
		}
		if err := p.dispatch(r.ID); err != nil {
			return err
		}
	}
	return nil
}
