package api

import (
	"testing"

	"xiaopu/server/workflow"
)

// Who reads the case that others were merged into finds them there, as far as they may read them, until they are split off again.
func TestACaseNamesWhatWasMergedIntoIt(t *testing.T) {
	o := newOffice(t)
	source, target := o.classified(), o.handling()
	merged := func(who string) []workflow.MergedCase {
		return ok[workflow.CaseView](o.get(who, "/cases/"+target.ID)).Merged
	}
	if list := merged("p-cy"); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	source = o.must("p-cy", source, "merge", fields{"target_id": target.ID, "reason": "同一件事"})
	want := workflow.MergedCase{ID: source.ID, Number: source.Number, Title: source.Title}
	if list := merged("p-cy"); len(list) != 1 || list[0] != want || want.Title == "" {
		t.Errorf("%+v, want %+v", list, want)
	}
	if list := merged("p-r"); len(list) != 0 {
		t.Errorf("a requester reads %+v", list)
	}
	o.must("p-cy", source, "split", fields{"reason": "不是同一件"})
	if list := merged("p-cy"); len(list) != 0 {
		t.Errorf("split off: %+v", list)
	}
}
