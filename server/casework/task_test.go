package casework

import (
	"testing"
	"time"
)

// When somebody was on the spot is told by their phone, also long after: what cannot be is not noted, and the record is taken all the same.
func TestWhenSomebodyWasOnTheSpot(t *testing.T) {
	const asked, now = "2026-03-02 10:00", "2026-03-02 14:00"
	for name, c := range map[string]struct {
		said  time.Time
		noted bool
	}{
		"not told":             {time.Time{}, false},
		"before it was asked":  {at(t, asked).Add(-time.Millisecond), false},
		"when it was asked":    {at(t, asked), true},
		"in between":           {at(t, "2026-03-02 11:30"), true},
		"now":                  {at(t, now), true},
		"after now":            {at(t, now).Add(time.Millisecond), false},
		"by a clock far ahead": {at(t, "2036-03-02 14:00"), false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuilder(t, "NS2026-000001").handling().submitted().do("centre", AskOnSite{Question: "是否停工", DueAt: at(t, "2026-03-03 17:00")}).wait(now)
			id := b.c.OpenTasks()[0]
			b.do("liaison", FinishTask{TaskID: id, Result: "已停工", OnSiteAt: c.said})
			want := time.Time{}
			if c.noted {
				want = c.said
			}
			if got := b.c.Tasks[id]; got.Status != TaskFinished || !got.OnSiteAt.Equal(want) {
				t.Errorf("%+v, want %s", got, want)
			}
		})
	}
	t.Run("of another task", func(t *testing.T) {
		b := newBuilder(t, "NS2026-000001").handling().do("handler", AskSupport{DepartmentID: "support", Task: "协办", DueAt: at(t, "2026-03-03 17:00")}).wait(now)
		id := b.c.OpenTasks()[0]
		b.do("support", FinishTask{TaskID: id, Result: "完成", OnSiteAt: at(t, "2026-03-02 11:30")})
		if got := b.c.Tasks[id]; got.Status != TaskFinished || !got.OnSiteAt.IsZero() {
			t.Errorf("%+v", got)
		}
	})
}
