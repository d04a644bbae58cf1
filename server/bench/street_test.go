package bench

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"xiaopu/configs"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

const (
	departments = 40
	grids       = 8
)

// start is when the measured time begins: a Tuesday. Cases are made an hour before, so that nothing falls due while
// they are measured.
var (
	start = time.Date(2026, 3, 3, 10, 0, 0, 0, ticket.Shanghai)
	made  = start.Add(-time.Hour)
)

// clockFrom is a clock that begins at t and runs.
func clockFrom(t time.Time) func() time.Time {
	began := time.Now()
	return func() time.Time { return t.Add(time.Since(began)) }
}

func department(i int) string { return fmt.Sprintf("d-%02d", i) }
func head(i int) string       { return fmt.Sprintf("p-head-%02d", i) }
func handler(i int) string    { return fmt.Sprintf("p-hand-%02d", i) }
func grid(i int) string       { return fmt.Sprintf("g-%d", i%grids) }
func community(i int) string  { return fmt.Sprintf("c-%02d", i) }

const centre = "p-centre"

// street is an office of some size: as many departments and people as the largest have.
func street() workflow.Street {
	var s workflow.Street
	person := func(id, name string, posts ...organisation.Post) {
		s.People = append(s.People, organisation.Person{ID: id, Name: name, Posts: posts})
	}
	for i := range departments {
		deputy := fmt.Sprintf("p-deputy-%d", i%5)
		s.Departments = append(s.Departments, organisation.Department{ID: department(i), Name: fmt.Sprintf("第%d办公室", i+1), DeputyLeader: deputy})
		person(head(i), fmt.Sprintf("负责人%d", i+1), organisation.Post{Role: casework.DepartmentHead, Unit: department(i)})
		person(handler(i), fmt.Sprintf("承办人%d", i+1), organisation.Post{Role: casework.Handler, Unit: department(i)})
		s.Communities = append(s.Communities, organisation.Community{ID: community(i), Name: fmt.Sprintf("望舒%d村", i+1), GridID: grid(i)})
	}
	for i := range 5 {
		var posts []organisation.Post
		for d := i; d < departments; d += 5 {
			posts = append(posts, organisation.Post{Role: casework.DeputyLeader, Unit: department(d)})
		}
		person(fmt.Sprintf("p-deputy-%d", i), fmt.Sprintf("分管领导%d", i+1), posts...)
	}
	for i := range grids {
		s.Grids = append(s.Grids, organisation.Grid{ID: grid(i), Name: fmt.Sprintf("第%d网格", i+1)})
		person(fmt.Sprintf("p-chief-%d", i), fmt.Sprintf("网格长%d", i+1), organisation.Post{Role: casework.GridChief, Unit: grid(i)})
		person(fmt.Sprintf("p-liaison-%d", i), fmt.Sprintf("联络员%d", i+1), organisation.Post{Role: casework.Liaison, Unit: grid(i)})
	}
	person(centre, "城运中心", organisation.Post{Role: casework.Centre})
	person("p-principal", "主要领导", organisation.Post{Role: casework.PrincipalLeader})
	person("p-supervisor", "督查", organisation.Post{Role: casework.Supervisor})
	return s
}

// knowledge is what casework and the bare programs need to know.
type knowledge struct {
	organisation *organisation.Organisation
	years        []workday.Year
	policy       casework.Policy
	calendar     *workday.Calendar
}

func learn() (k knowledge, err error) {
	s := street()
	if k.organisation, err = organisation.New(s.Departments, s.Grids, s.Communities, s.People, s.Delegations); err != nil {
		return k, err
	}
	files, err := fs.Glob(configs.Files, "workdays/*.yaml")
	if err != nil {
		return k, err
	}
	for _, name := range files {
		text, err := configs.Files.ReadFile(name)
		if err != nil {
			return k, err
		}
		y, err := config.LoadYear(text)
		if err != nil {
			return k, err
		}
		k.years = append(k.years, y)
	}
	k.policy = casework.DefaultPolicy()
	k.calendar, err = workday.New(workday.DefaultHours, k.years, nil)
	return k, err
}

func (k knowledge) env(at time.Time) casework.Env {
	return casework.Env{Now: at, Calendar: k.calendar, Policy: k.policy}
}

// prepare migrates a database and gives it calendar, policy and street.
func (k knowledge) prepare(ctx context.Context, db *store.DB) error {
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	e := workflow.New(db, workflow.Options{Clock: clockFrom(start)})
	if err := e.Seed(ctx, k.years, k.policy); err != nil {
		return err
	}
	return e.LoadOrganisation(ctx, street())
}

// eventsPerCase is how long every timeline is.
const eventsPerCase = 10

// statuses are the states of the cases, with how many of a hundred are in each.
var statuses = []struct {
	status casework.Status
	share  int
}{{casework.Resolved, 55}, {casework.Dispatched, 20}, {casework.Handling, 15}, {casework.Verifying, 5}, {casework.Registered, 5}}

// template is a case to multiply.
type template struct {
	department int
	status     casework.Status
	c          casework.Case
	events     []casework.Event
}

func templateID(department, status int) string {
	return fmt.Sprintf("01955000-0000-7000-9000-%06d%06d", status, department)
}

func templateNumber(department, status int) string {
	return fmt.Sprintf("NS2026-%02d%04d", status+1, department)
}

// templates makes one case per department and state.
func (k knowledge) templates() ([]template, error) {
	var list []template
	for s, st := range statuses {
		for d := range departments {
			t, err := k.template(d, st.status, templateID(d, s), templateNumber(d, s))
			if err != nil {
				return nil, fmt.Errorf("template %s %d: %w", st.status, d, err)
			}
			list = append(list, t)
		}
	}
	return list, nil
}

// template leads a new case through its commands to the state asked for, in eventsPerCase events.
func (k knowledge) template(d int, status casework.Status, id, number string) (template, error) {
	t := template{department: d, status: status, c: casework.Case{ID: id, Number: number}}
	at := made
	do := func(who string, cmd casework.Command) error {
		actor := casework.SystemActor()
		if who != "" {
			var ok bool
			if actor, ok = k.organisation.Actor(who, at); !ok {
				return fmt.Errorf("nobody is %s", who)
			}
		}
		decided, err := casework.Decide(t.c, actor, cmd, k.env(at))
		if err != nil {
			return fmt.Errorf("%s: %w", cmd.Name(), err)
		}
		t.c = decided.Case
		t.events = append(t.events, decided.Events...)
		at = at.Add(time.Minute)
		return nil
	}
	type step struct {
		who string
		cmd casework.Command
	}
	// Two people ask; further tickets are the first one's.
	ref := func(n int) casework.TicketRef {
		return casework.TicketRef{
			ID: fmt.Sprintf("01955000-0000-7000-a000-%06d%06d", d, n), Source: ticket.Hotline, OrderNo: fmt.Sprintf("2026030108%02d%02d", d, n),
			Requester: fmt.Sprintf("%032x", 1000*d+n%2), AcceptedAt: at.AddDate(0, 0, -2),
		}
	}
	trigger := casework.Trigger{
		Kind: casework.ByDissatisfied, At: at, Summary: "12345 回访不满意", Evidence: []casework.Evidence{{
			Key: "rating:1", TicketID: ref(1).ID, OrderNo: ref(1).OrderNo, From: "rating", Quote: "不满意：一直没有人来看过，电话里说已经处理了，但现场没有变化。", At: ref(1).AcceptedAt,
		}},
	}
	tail := []step{
		{centre, casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, Topic: "占道", CommunityID: community(d), GridID: grid(d)}},
		{centre, casework.Dispatch{LeadDepartmentID: department(d), Note: "请现场核实后按职责办理，与诉求人先行联系。"}},
		{head(d), casework.Accept{HandlerID: handler(d)}},
		{handler(d), casework.Contact{Reached: true, At: made, Said: "已电话联系，诉求人希望周末前清理，愿意到现场指认。"}},
		{handler(d), casework.Progress{Text: "会同居委会现场踏勘，已清理占道杂物三车，剩余部分约定次日上午清运。", Public: true}},
		{handler(d), casework.Submit{Result: "占道杂物全部清理，加装隔离栏十二米。", Outcome: casework.ActuallySolved, Evidence: []string{"现场照片 2 张"}}},
		{centre, casework.VerifyPass{Finding: "现场核查属实，诉求人确认。", Outcome: casework.ActuallySolved}},
	}
	tail = tail[:map[casework.Status]int{casework.Registered: 1, casework.Dispatched: 2, casework.Handling: 5, casework.Verifying: 6, casework.Resolved: 7}[status]]
	if err := do("", casework.Register{Report: casework.Report{
		Title: fmt.Sprintf("望舒%d村北门外非机动车道长期被占，夜间渣土车通行扰民", d+1), Place: fmt.Sprintf("望舒%d村北门", d+1), Topic: "占道", CommunityID: community(d), GridID: grid(d),
		Facts:    "市民来电反映：北门外非机动车道长期被占，夜间渣土车通行噪声扰民，多次向物业、城管、交警反映均未解决，诉求尽快明确责任单位并给予答复。",
		Triggers: []casework.Trigger{trigger}, Tickets: []casework.TicketRef{ref(1)},
	}}); err != nil {
		return t, err
	}
	for n := 2; int(t.c.Version) < eventsPerCase-len(tail); n++ {
		if err := do("", casework.Attach{Ticket: ref(n)}); err != nil {
			return t, err
		}
	}
	for _, s := range tail {
		if err := do(s.who, s.cmd); err != nil {
			return t, err
		}
	}
	if t.c.Status != status || len(t.events) != eventsPerCase {
		return t, fmt.Errorf("it ended as %s after %d events", t.c.Status, len(t.events))
	}
	return t, nil
}

func TestTemplatesAreWhatIsMeasured(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	list, err := k.templates()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		replayed, err := casework.Replay(casework.Case{}, one.events)
		if err != nil || replayed.Version != one.c.Version {
			t.Fatalf("%s: %v", one.c.Number, err)
		}
		if due := one.c.NextDue(); !due.IsZero() && due.Before(start.Add(time.Hour)) {
			t.Errorf("%s %s falls due at %s, while it is measured", one.status, one.c.Number, due)
		}
	}
}
