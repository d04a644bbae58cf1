package workflow_test

import (
	"context"
	"sync"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

var gate = &casework.Location{Latitude: 30.918712, Longitude: 121.473845, Name: "春江花园北门"}

// reportedAt reports a case with its place.
func (w *world) reportedAt(key string) (workflow.Outcome, error) {
	return w.e.Do(context.Background(), workflow.Request{
		Actor: w.actor("p-gl"), Key: key, Location: gate, Command: casework.Report{Title: "路灯不亮", Facts: "一盏路灯不亮", Place: "春江花园", GridID: "g-1"},
	})
}

func (w *world) placed(ids ...string) []store.Location {
	w.t.Helper()
	list, err := w.db.Locations(context.Background(), ids, "", 9)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func TestARequestThatComesTwiceAtOnceHasOnePlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		cases := make([]string, 4)
		var all sync.WaitGroup
		for i := range cases {
			all.Go(func() {
				out, err := w.reportedAt("once")
				if err != nil {
					t.Error(err)
				}
				cases[i] = out.Case.ID
			})
		}
		all.Wait()
		for _, id := range cases {
			if id != cases[0] || id == "" {
				t.Fatal(cases)
			}
		}
		if list := w.placed(cases[0]); len(list) != 1 || list[0].Location != *gate || list[0].Author != "p-gl" {
			t.Errorf("%#v", list)
		}
		if v, err := w.e.Verify(context.Background()); err != nil || len(v.Findings) > 0 {
			t.Errorf("%+v %v", v.Findings, err)
		}
	})
}

// A case's place is kept as long as its attachments: while the case that it was merged into is open, and its years from then on.
func TestACasesPlaceIsErasedWhenItsTimeIsOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		report := func() string {
			out, err := w.reportedAt("")
			if err != nil {
				t.Fatal(err)
			}
			return out.Case.ID
		}
		rejected, source, target := report(), report(), report()
		w.must(rejected, "p-cy", casework.Reject{Reason: "不属于难事"})
		for _, id := range []string{source, target} {
			w.must(id, "p-cy", casework.Register{})
		}
		w.must(target, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, GridID: "g-1"})
		w.must(target, "p-cy", casework.Dispatch{LeadDepartmentID: "d-1"})
		w.must(source, "p-cy", casework.Merge{TargetID: target})
		w.at("2029-03-03 11:00")
		run := workflow.RetentionRun{Occasion: store.ByCommand}
		if dry := w.retain(workflow.RetentionRun{Occasion: store.ByCommand, DryRun: true}); counts(dry) != "row 0, case 0, ticket 0, file 1, request 0" {
			t.Error(counts(dry))
		}
		if got := w.retain(run); counts(got) != "row 0, case 0, ticket 0, file 1, request 0" {
			t.Error(counts(got))
		}
		if list := w.placed(rejected, source, target); len(list) != 2 {
			t.Fatalf("%#v", list)
		}
		if again := w.retain(run); again.Number != "" {
			t.Errorf("a second run erases %s", counts(again))
		}
	})
}
