package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/configs"
	"xiaopu/server/casework"
	"xiaopu/server/classify"
	"xiaopu/server/config"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// classified gives the world the topics that are shipped.
func classified(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := newWorld(t, db)
	w.e = w.process()
	return w
}

// process is another process over the same database.
func (w *world) process() *workflow.Engine {
	w.t.Helper()
	return workflow.New(w.db, workflow.Options{Clock: w.clock, Blobs: w.blobs, Topics: shippedTree(w.t)})
}

func shippedTree(t *testing.T) classify.Tree {
	t.Helper()
	text, err := configs.Files.ReadFile("topics.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := config.LoadTopics(text)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func (w *world) class(who, id string) workflow.ClassView {
	w.t.Helper()
	v, err := w.e.CaseClass(context.Background(), w.actor(who), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func said(no, title, content string, at time.Time) ticket.Ticket {
	return ticket.Ticket{
		Source: ticket.Hotline, OrderNo: no, Title: title, Content: content, Community: "春江花园", Requester: ticket.Requester{Kind: ticket.Person, Phone: "13800000001"},
		AcceptedAt: at, ReassignedColumn: -1, ReturnedColumn: -1, Fingerprint: "f-" + no,
	}
}

func TestACaseComesInWithItsClassAndTheReasonsForIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := classified(t, db)
		w.takeIn(dissatisfied(said("L-1", "电梯停运", "3号楼电梯故障停运半个月，物业一直不修，沈阿婆13800000001上不了楼。", moment("2026-03-02 09:00")), "2026-03-02 09:30"))
		c := w.newest()
		if c.Topic != "物业管理/电梯运行" || c.Domain != casework.Livelihood || c.Scope != "" {
			t.Errorf("%q %q %q", c.Topic, c.Domain, c.Scope)
		}
		v := w.class("p-cy", c.ID)
		if v.Topic.Value != "物业管理/电梯运行" || v.Topic.Ask || v.Lead.Value != "d-3" || v.Model != "" {
			t.Errorf("%+v", v)
		}
		if o := v.Topic.Opinions; len(o) != 1 || o[0].SourceLabel != "词库" || !slices.Contains(o[0].Reasons, "电梯停运") {
			t.Errorf("%+v", o)
		}
		if _, err := w.e.CaseClass(context.Background(), w.actor("p-r"), c.ID); !errors.Is(err, store.ErrNoCase) {
			t.Error("a resident reads what the office thinks:", err)
		}

		// What says little is asked; its source's own word stays.
		vague := dissatisfied(said("L-2", "请协调", "有件事请领导关心一下，谢谢。", moment("2026-03-02 09:10")), "2026-03-02 09:30")
		vague.Category[0] = "综合"
		w.takeIn(vague)
		c = w.newest()
		if v := w.class("p-cy", c.ID); c.Topic != "综合" || !v.Topic.Ask {
			t.Errorf("%q %+v", c.Topic, v.Topic)
		}
		v, err := w.e.TextClass(context.Background(), w.actor("p-gl"), workflow.Described{Content: "楼道里飞线充电，随时会着火，居民准备集体上访"})
		if err != nil || v.Topic.Value != "物业管理/电动自行车充电" {
			t.Errorf("%+v %v", v.Topic, err)
		}
		marks := map[string]bool{}
		for _, m := range v.Marks {
			marks[m.Kind] = m.Feared
		}
		if feared, found := marks[classify.GroupPetition]; !found || !feared {
			t.Errorf("%+v", v.Marks)
		}
	})
}

func TestTheDutyListAndEarlierDecisionsSuggestTheLead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := classified(t, db)
		ctx := context.Background()
		for name, bad := range map[string]classify.DutyItem{
			"a department that is not here": {ID: "Q-1", Name: "电梯监管", Department: "d-9"},
			"a topic that is not there":     {ID: "Q-1", Name: "电梯监管", Department: "d-2", Topic: "没有/这个"},
			"no number":                     {Name: "电梯监管", Department: "d-2"},
		} {
			if err := w.e.LoadDuties(ctx, "p-cy", []classify.DutyItem{bad}); reasonOf(err) != "duty.invalid" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.e.LoadDuties(ctx, "p-cy", []classify.DutyItem{{ID: "Q-1", Name: "电梯安全监管", Topic: "物业管理/电梯运行", Department: "d-2", Words: []string{"电梯"}}}); err != nil {
			t.Fatal(err)
		}
		// Loading the same again, as who got no answer does, is no new version.
		list, err := w.e.DutyList(ctx)
		if err == nil {
			err = w.e.LoadDuties(ctx, "p-cy", list)
		}
		if c, cerr := db.Catalogue(ctx, store.DutyCatalogue); err != nil || cerr != nil || c.Version != 1 {
			t.Error(c.Version, err, cerr)
		}
		w.takeIn(dissatisfied(said("L-1", "电梯停运", "3号楼电梯故障停运半个月，物业一直不修。", moment("2026-03-02 09:00")), "2026-03-02 09:30"))
		v := w.class("p-cy", w.newest().ID)
		if i := slices.IndexFunc(v.Lead.Opinions, func(o workflow.OpinionView) bool { return o.Source == "duties" }); i < 0 || v.Lead.Opinions[i].Value != "d-2" || v.Lead.Opinions[i].Reasons[0] != "电梯安全监管" {
			t.Errorf("%+v", v.Lead)
		}
	})
}

func TestWhatWasDecidedBeforeSpeaks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := classified(t, db)
		w.takeIn(dissatisfied(said("L-1", "春江花园3号楼电梯停运", "春江花园3号楼电梯故障停运半个月，物业一直不修。", moment("2026-03-02 09:00")), "2026-03-02 09:30"))
		first := w.newest()
		ctx, again := context.Background(), workflow.Described{Title: "春江花园3号楼电梯又停运", Content: "春江花园3号楼的电梯又故障停运了，物业不修。", Community: "春江花园"}
		history := func(who string) (out []workflow.OpinionView) {
			t.Helper()
			v, err := w.e.TextClass(ctx, w.actor(who), again)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range v.Lead.Opinions {
				if o.Source == "history" {
					out = append(out, o)
				}
			}
			return out
		}
		if got := history("p-cy"); len(got) != 0 {
			t.Errorf("nothing was decided yet: %+v", got)
		}
		w.must(first.ID, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, Topic: "物业管理/电梯运行", GridID: "g-1"})
		w.must(first.ID, "p-cy", casework.Dispatch{LeadDepartmentID: "d-2"})
		if got := history("p-cy"); len(got) != 1 || got[0].Value != "d-2" || !slices.Equal(got[0].Reasons, []string{first.Number}) {
			t.Errorf("%+v", got)
		}
		if got := history("p-h1"); len(got) != 0 {
			t.Errorf("another department reads whose case it is: %+v", got)
		}
	})
}

func TestModelsAreLearnedFromHistoryAndSwitchedByAPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := classified(t, db)
		ctx := context.Background()
		if _, err := w.e.Learn(ctx, "p-cy", store.TopicModel, 2); reasonOf(err) != "model.too_little" {
			t.Error(err)
		}
		var batch []ticket.Ticket
		for i := range 40 {
			closed := moment("2026-02-20 10:00").Add(time.Duration(i) * time.Hour)
			lift := said(fmt.Sprintf("A-%02d", i), "", fmt.Sprintf("第%d次反映，轿厢晃动、平层不准，关门夹人", i), closed.Add(-time.Hour))
			lift.Category, lift.ClosedAt, lift.Department = [5]string{"房屋", "电梯运行"}, &closed, "房管所"
			noise := said(fmt.Sprintf("B-%02d", i), "", fmt.Sprintf("第%d个晚上，打桩声音吵得睡不着，塔吊作业到凌晨", i), closed.Add(-time.Hour))
			noise.Category, noise.ClosedAt, noise.Department = [5]string{"环境", "施工噪声"}, &closed, "综合执法队"
			batch = append(batch, lift, noise)
		}
		w.takeIn(batch...)
		m, err := w.e.Learn(ctx, "p-cy", store.TopicModel, 2)
		if err != nil || m.Examples != 80 || m.Labels != 2 || m.Active || m.Accuracy < 0.9 {
			t.Fatalf("%+v %v", m, err)
		}
		if again, err := w.e.Learn(ctx, "p-cy", store.TopicModel, 1); err != nil || again.Version != m.Version {
			t.Errorf("the same history makes another model: %+v %v", again, err)
		}
		// It is tested on what it has not seen.
		if _, err := w.e.TestModels(ctx, []string{m.Version}, 2); reasonOf(err) != "model.nothing_new" {
			t.Error(err)
		}
		late := said("C-01", "", "塔吊又在打桩，吵得睡不着", m.CreatedAt.Add(time.Minute))
		late.Category = [5]string{"环境", "施工噪声"}
		w.takeIn(late)
		if tests, err := w.e.TestModels(ctx, []string{m.Version, m.Version}, 2); err != nil || len(tests) != 2 || len(tests[1].Verdicts) != 1 || tests[1].Verdicts[0].Label != "噪声扰民/施工噪声" {
			t.Errorf("%+v %v", tests, err)
		}
		if _, err := w.e.TestModels(ctx, []string{"none"}, 2); !errors.Is(err, store.ErrNoModel) {
			t.Error(err)
		}
		asked := workflow.Described{Content: "塔吊半夜作业，打桩吵得睡不着"}
		ask := func(e *workflow.Engine) workflow.ClassView {
			t.Helper()
			v, err := e.TextClass(ctx, w.actor("p-cy"), asked)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		if v := ask(w.e); v.Model != "" {
			t.Error("a model is in use that nobody has switched to:", v.Model)
		}
		other := w.process()
		ask(other)
		if err := w.e.SwitchModel(ctx, "p-cy", m.Version); err != nil {
			t.Fatal(err)
		}
		w.later(2 * time.Second)
		for _, e := range []*workflow.Engine{w.e, other} {
			v := ask(e)
			if i := slices.IndexFunc(v.Topic.Opinions, func(o workflow.OpinionView) bool { return o.Source == "model" }); v.Model != m.Version || i < 0 || len(v.Topic.Opinions[i].Reasons) == 0 || v.Topic.Opinions[i].Value != v.Topic.Value {
				t.Errorf("%+v", v)
			}
		}
		leads, err := w.e.Learn(ctx, "p-cy", store.LeadModel, 2)
		if err != nil || leads.Labels != 2 {
			t.Fatalf("%+v %v", leads, err)
		}
		if err := w.e.SwitchModel(ctx, "p-cy", leads.Version); err != nil {
			t.Fatal(err)
		}
		if v := ask(w.e); v.Lead.Value != "d-1" {
			t.Errorf("%+v", v.Lead)
		}
		if err := w.e.StopModel(ctx, "p-cy", store.TopicModel); err != nil {
			t.Fatal(err)
		}
		if v := ask(w.e); v.Model != "" {
			t.Error("still in use:", v.Model)
		}
		if err := w.e.SwitchModel(ctx, "p-cy", "none"); !errors.Is(err, store.ErrNoModel) {
			t.Error(err)
		}
		list, err := w.e.Models(ctx)
		if err != nil || len(list) != 2 || slices.ContainsFunc(list, func(v workflow.ModelView) bool { return v.Active != (v.Kind == store.LeadModel) }) {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestWhatAClerkDecidesIsLearnedFrom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := classified(t, db)
		w.takeIn(dissatisfied(said("L-1", "电梯停运", "3号楼电梯故障停运半个月。", moment("2026-03-02 09:00")), "2026-03-02 09:30"))
		labels := func() (out []string) {
			t.Helper()
			list, err := w.e.Examples(context.Background(), store.TopicModel)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				out = append(out, e.Label)
			}
			return out
		}
		if got := labels(); len(got) != 0 {
			t.Error("what the system thinks is learned from:", got)
		}
		w.must(w.newest().ID, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, Topic: "住房保障/旧房改造", GridID: "g-1"})
		if got := labels(); !slices.Equal(got, []string{"住房保障/旧房改造"}) {
			t.Error(got)
		}
	})
}

func TestWordsThatTellOf三跨ProposeACase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := classified(t, db)
		text := "河道边的垃圾没人清，城管和水务互相推诿，都说不归自己管。"
		closed := said("L-1", "河边垃圾", text, moment("2026-01-05 09:00"))
		at := moment("2026-01-09 09:00")
		closed.ClosedAt = &at
		if taken := w.takeIn(closed); taken.Cases != 0 {
			t.Error("what is closed comes in as a proposal")
		}
		w.takeIn(said("L-2", "河边垃圾又堆起来", text, moment("2026-03-02 09:00")))
		c := w.newest()
		if c.Status != casework.Reported || len(c.Triggers) != 1 || c.Triggers[0].Kind != casework.ByCross || !strings.Contains(text, c.Triggers[0].Evidence[0].Quote) {
			t.Errorf("%s %+v", c.Status, c.Triggers)
		}
	})
}

func TestWhatRisesIsToldBesideItsPast(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := classified(t, db)
		w.at("2026-03-30 10:00")
		var batch []ticket.Ticket
		add := func(day string, n int) {
			for range n {
				x := said(fmt.Sprintf("R-%03d", len(batch)), "电梯停运", fmt.Sprintf("第%d栋电梯故障停运。", len(batch)), moment(day+" 09:00"))
				x.ClosedAt = &x.AcceptedAt
				batch = append(batch, x)
			}
		}
		add("2026-01-20", 9) // before the window
		for _, day := range []string{"2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23", "2026-03-02", "2026-03-09", "2026-03-16"} {
			add(day, 1)
		}
		add("2026-03-26", 8)
		w.takeIn(batch...)
		v, err := w.e.Rising(context.Background())
		if err != nil || len(v.Topics) != 1 || v.Topics[0].Name != "物业管理/电梯运行" || v.Topics[0].Tickets != 8 || len(v.Topics[0].Places) != 1 || v.Topics[0].Places[0].Name != "春江花园" {
			t.Fatalf("%+v %v", v, err)
		}
		// Another export of the same rows counts nothing twice, and one that says something else moves.
		again := changed(batch[len(batch)-1], func(t *ticket.Ticket) { t.Title, t.Content = "飞线充电", "楼道飞线充电。" })
		w.takeIn(append(slices.Clone(batch[:len(batch)-1]), again)...)
		if v, err := w.e.Rising(context.Background()); err != nil || v.Topics[0].Tickets != 7 {
			t.Errorf("%+v %v", v, err)
		}
		vague := changed(again, func(t *ticket.Ticket) {
			t.Title, t.Content, t.Fingerprint = "请协调", "有件事请领导关心一下，谢谢。", "vague"
		})
		w.takeIn(vague)
		counts, err := db.TopicCounts(context.Background(), "2026-03-26")
		if err != nil || len(counts) != 1 || counts[0].Tickets != 7 {
			t.Errorf("what a ticket said before is still counted: %+v %v", counts, err)
		}
		// By another tree all of it is counted anew: the week has its past at once.
		tree := shippedTree(t)
		for b, branch := range tree.Topics {
			for l, leaf := range branch.Topics {
				if leaf.Name == "电梯运行" {
					tree.Topics[b].Topics[l].Name = "电梯安全"
				}
			}
		}
		if err := w.e.LoadTopics(context.Background(), "p-1", tree); err != nil {
			t.Fatal(err)
		}
		if v, err := w.e.Rising(context.Background()); err != nil || len(v.Topics) != 1 || v.Topics[0].Name != "物业管理/电梯安全" || v.Topics[0].Tickets != 7 || v.Topics[0].Weeks == 0 {
			t.Errorf("by another tree: %+v %v", v, err)
		}
		if err := w.e.ForgetTopics(context.Background()); err != nil {
			t.Fatal(err)
		}
		if counts, err := db.TopicCounts(context.Background(), "2026-01-01"); err != nil || slices.ContainsFunc(counts, func(c store.TopicCount) bool { return c.Day < "2026-01-27" }) {
			t.Errorf("%+v %v", counts, err)
		}
	})
}

// Cases like what is being written down are found however it is put, as when a ticket comes in: what is written is of now.
func TestWhatWasDecidedSpeaksForWhatIsSaidInOtherWords(t *testing.T) {
	w := classified(t, storetest.Open(t))
	w.takeIn(dissatisfied(said("L-1", "", "3号楼电梯这个月停了三次，物业一直不修，老人上不了楼。", moment("2026-03-02 09:00")), "2026-03-02 09:30"))
	c := w.newest()
	w.must(c.ID, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, Topic: "物业管理/电梯运行", GridID: "g-1"})
	w.must(c.ID, "p-cy", casework.Dispatch{LeadDepartmentID: "d-2"})
	v, err := w.e.TextClass(t.Context(), w.actor("p-cy"), workflow.Described{Content: "升降梯坏了没有人修。", Community: "春江花园"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(v.Lead.Opinions, func(o workflow.OpinionView) bool { return o.Source == "history" && o.Value == "d-2" }) {
		t.Errorf("%+v", v.Lead.Opinions)
	}
}

// What a clerk decides about a case that nobody sent a ticket for is learned from, once.
func TestACaseWithoutATicketIsLearnedFrom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := classified(t, db)
		c := w.dispatched()
		c = w.must(c.ID, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, Topic: "噪声扰民/施工噪声", GridID: "g-1"})
		list, err := w.e.Examples(t.Context(), store.TopicModel)
		if err != nil || len(list) != 1 || list[0].Label != c.Topic || list[0].Detail == "" {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestTheLeadThatAReporterSuggestsIsReadByStaffAndDecidesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		w := newWorld(t, db)
		report := casework.Report{Title: "半夜施工", Facts: "打桩到两点", Place: "春江花园", GridID: "g-1", SuggestedDepartmentID: "d-9"}
		if _, err := w.do("", "p-gl", report); err == nil {
			t.Fatal("a department that does not exist was suggested")
		}
		report.SuggestedDepartmentID = "d-1"
		c := w.must("", "p-gl", report)
		if c.LeadDepartmentID != "" {
			t.Fatalf("the lead is %s before the centre has decided", c.LeadDepartmentID)
		}
		v, err := w.e.Case(ctx, w.actor("p-cy"), c.ID)
		if err != nil || v.SuggestedDepartment == nil || v.SuggestedDepartment.ID != "d-1" || v.SuggestedDepartment.Name == "" {
			t.Fatalf("the centre reads %+v, %v", v.SuggestedDepartment, err)
		}
		w.verify()
	})
}
