package api

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"xiaopu/server/casework"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

func TestCalendar(t *testing.T) {
	o := newOffice(t)
	v := ok[CalendarView](o.get("p-gl", "/calendar?from=2026-09-28&to=2026-10-12"))
	got := map[string]DayView{}
	for _, d := range v.Days {
		got[d.On.String()] = d
	}
	for on, want := range map[string]DayView{
		"2026-09-30": {Kind: "working", Working: true},
		"2026-10-01": {Kind: "holiday", Name: "国庆节"},
		"2026-10-04": {Kind: "holiday", Name: "国庆节"}, // a Sunday
		"2026-10-10": {Kind: "makeup", Working: true, Name: "国庆节"},
		"2026-10-11": {Kind: "weekend"},
	} {
		want.On, want.Known = day(on), true
		if got[on] != want {
			t.Errorf("%s: %+v, want %+v", on, got[on], want)
		}
	}
	if len(v.Days) != 15 || len(v.Years) != 1 || v.Years[0].Edition != 1 {
		t.Errorf("%d days, years %+v", len(v.Days), v.Years)
	}
	if d := ok[CalendarView](o.get("p-r", "/calendar")).Days; d[0].On != day("2026-03-02") || len(d) != calendarDays+1 {
		t.Errorf("from %s, %d days", d[0].On, len(d))
	}
	if d := ok[CalendarView](o.get("p-gl", "/calendar?from=2028-01-01&to=2028-01-01")).Days[0]; d.Known {
		t.Errorf("2028 is known: %+v", d)
	}
	o.get("p-gl", "/calendar?from=2026-01-01&to=2027-12-31").refused(http.StatusBadRequest, "calendar.range")
	o.get("p-gl", "/calendar?from=2026-02-01&to=2026-01-01").refused(http.StatusBadRequest, "calendar.range")
	p := o.get("p-gl", "/calendar?from=2026-13-01").refused(http.StatusBadRequest, "request.invalid")
	if len(p.Fields) != 1 || p.Fields[0].Name != "from" || !inChinese(p.Fields[0].Message) {
		t.Errorf("%+v", p.Fields)
	}
}

func TestDeadline(t *testing.T) {
	o := newOffice(t)
	d := ok[Deadline](o.get("p-gl", "/calendar/deadline?from=2026-09-30&days=3"))
	if d.DueOn != day("2026-10-10") || d.DueAt.In(workday.Shanghai).Format("2006-01-02 15:04") != "2026-10-10 17:00" || d.Provisional {
		t.Errorf("%+v", d)
	}
	if d := ok[Deadline](o.get("p-gl", "/calendar/deadline?from=2026-12-30&days=3")); !d.Provisional {
		t.Errorf("%+v", d)
	}
	o.get("p-gl", "/calendar/deadline?days=3").refused(http.StatusBadRequest, "request.invalid")
	o.get("p-gl", "/calendar/deadline?from=2026-09-30&days=1001").refused(http.StatusBadRequest, "request.invalid")
}

// What is loaded is what was previewed; deadlines that move are counted again at once.
func TestLoadYear(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched() // on Monday 2 March: due Thursday 5 March
	corrected := year2026()
	corrected.Off[day("2026-03-05")] = "临时假日"
	preview := ok[YearPreview](o.post("p-cy", "/calendar/preview", fields{"year": corrected}))
	if len(preview.Days) != 1 || preview.Days[0].On != day("2026-03-05") || preview.Days[0].Working || preview.Days[0].Name != "临时假日" || preview.Confirm == "" {
		t.Fatalf("%+v", preview)
	}
	if v := ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID)); v.Clock.DueAt != c.Clock.DueAt {
		t.Error("a preview changed a deadline")
	}
	o.post("p-cy", "/calendar/years", fields{"year": corrected, "confirm": "something else"}).refused(http.StatusConflict, "calendar.not_previewed")
	other := year2026()
	other.Off[day("2026-03-06")] = "另一天"
	o.post("p-cy", "/calendar/years", fields{"year": other, "confirm": preview.Confirm}).refused(http.StatusConflict, "calendar.not_previewed")
	o.post("p-cy", "/calendar/years", fields{"year": corrected}).refused(http.StatusBadRequest, "request.invalid")

	loaded := ok[CalendarLoaded](o.post("p-cy", "/calendar/years", fields{"year": corrected, "confirm": preview.Confirm}))
	if loaded.Swept.Cases != 1 || loaded.Swept.Events == 0 || len(loaded.Days) != 1 {
		t.Errorf("%+v", loaded)
	}
	v := ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID))
	if got := v.Clock.DueAt.In(workday.Shanghai).Format("2006-01-02 15:04"); got != "2026-03-06 17:00" || v.Version <= c.Version {
		t.Errorf("due %s, version %d", got, v.Version)
	}
	// Loading it once more changes nothing, and the first confirm no longer stands for what would happen.
	o.post("p-cy", "/calendar/years", fields{"year": corrected, "confirm": preview.Confirm}).refused(http.StatusConflict, "calendar.not_previewed")
}

func TestNoticeText(t *testing.T) {
	notice, err := os.ReadFile("../workday/testdata/notice-2026.txt")
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t)
	preview := ok[YearPreview](o.post("p-sa", "/calendar/preview", fields{"text": string(notice)}))
	if preview.Year == nil || preview.Year.Year != 2026 || len(preview.Days) == 0 {
		t.Fatalf("%+v", preview)
	}
	loaded := ok[CalendarLoaded](o.post("p-sa", "/calendar/years", fields{"text": string(notice), "confirm": preview.Confirm}))
	if loaded.Year.Source != preview.Year.Source {
		t.Errorf("%+v", loaded)
	}
	for _, text := range []string{"今天放假", strings.Replace(string(notice), "2026", "2031", 1)} {
		p := o.post("p-sa", "/calendar/preview", fields{"text": text}).refused(http.StatusBadRequest, "calendar.notice")
		if strings.HasSuffix(p.Message, "。。") {
			t.Error(p.Message)
		}
	}
	o.post("p-sa", "/calendar/preview", fields{}).refused(http.StatusBadRequest, "calendar.which")
	o.post("p-sa", "/calendar/preview", fields{"text": "x", "year": year2026()}).refused(http.StatusBadRequest, "calendar.which")
}

func TestClosure(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	made := ok[CalendarLoaded](o.post("p-cy", "/calendar/closures", fields{"from": "2026-03-04", "to": "2026-03-05", "reason": "台风停工"}))
	if len(made.Days) != 2 || made.Swept.Cases != 1 {
		t.Errorf("%+v", made)
	}
	v := ok[CalendarView](o.get("p-gl", "/calendar?from=2026-03-04&to=2026-03-05"))
	if len(v.Closures) != 1 || v.Closures[0].CreatedBy.Name != "王敏" || v.Days[0].Kind != "closure" || v.Days[0].Name == "" {
		t.Fatalf("%+v", v)
	}
	if s := ok[workflow.Swept](o.call("p-cy", http.MethodDelete, v1+"/calendar/closures/"+v.Closures[0].ID, nil)); s.Cases != 1 {
		t.Errorf("%+v", s)
	}
	o.call("p-cy", http.MethodDelete, v1+"/calendar/closures/"+v.Closures[0].ID, nil).refused(http.StatusNotFound, "calendar.no_closure")
	if now := ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID)); !now.Clock.DueAt.Equal(c.Clock.DueAt) {
		t.Errorf("due %s, was %s", now.Clock.DueAt, c.Clock.DueAt)
	}
	o.post("p-cy", "/calendar/closures", fields{"from": "2026-03-05", "to": "2026-03-04", "reason": "倒着"}).refused(http.StatusBadRequest, "calendar.invalid")
}

func TestDevClock(t *testing.T) {
	o := newOffice(t)
	c := o.dispatched()
	moved := ok[Advanced](o.post("p-gl", "/dev/clock", fields{"working_days": 3}))
	if got := moved.Now.In(workday.Shanghai).Format("2006-01-02 15:04"); got != "2026-03-05 17:01" || moved.Swept.Cases != 1 {
		t.Errorf("now %s, %+v", got, moved.Swept)
	}
	v := ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID))
	if v.Tier != casework.TierII || v.Status != casework.Convening || !strings.HasPrefix(v.Convener, "第一网格网格长：") {
		t.Errorf("tier %s status %s convener %s", v.Tier, v.Status, v.Convener)
	}
	if now := ok[DevClock](o.get("p-gl", "/dev/clock")).Now; !now.Equal(moved.Now) {
		t.Errorf("now %s", now)
	}
	ok[Advanced](o.post("p-gl", "/dev/clock", fields{"to": "2026-03-20T09:00:00+08:00"}))
	if v := ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID)); v.Tier != casework.TierI || !v.Clock.Overdue {
		t.Errorf("tier %s %+v", v.Tier, v.Clock)
	}
	o.post("p-gl", "/dev/clock", fields{}).refused(http.StatusBadRequest, "clock.which")
	o.post("p-gl", "/dev/clock", fields{"working_days": 3, "to": "2026-03-21T09:00:00+08:00"}).refused(http.StatusBadRequest, "clock.which")
	o.post("p-gl", "/dev/clock", fields{"to": "2026-03-02T09:00:00+08:00"}).refused(http.StatusBadRequest, "clock.to")
	o.post("p-gl", "/dev/clock", fields{"to": "2036-03-02T09:00:00+08:00"}).refused(http.StatusBadRequest, "clock.to")
	o.post("p-gl", "/dev/clock", fields{"working_days": -1}).refused(http.StatusBadRequest, "request.invalid")

	production := newOffice(t, func(o *Options) { o.DevClock = false })
	production.post("p-cy", "/dev/clock", fields{"working_days": 3}).refused(http.StatusNotFound, "request.no_route")
	production.get("p-cy", "/dev/clock").refused(http.StatusNotFound, "request.no_route")
}
