package api

import (
	"net/http"
	"strings"
	"testing"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

func (o *office) published(c workflow.CaseView) workflow.PublicMatter {
	o.t.Helper()
	v := ok[workflow.PublicationView](o.call("p-cy", http.MethodPut, v1+"/cases/"+c.ID+"/publication", fields{"title": "春江花园夜间施工扰民", "words": "工地夜里打桩，正在办理。"}))
	return *v.Matter
}

func (o *office) similarTo(who, text string) []workflow.PublicMatter {
	o.t.Helper()
	return ok[PublicMatterList](o.post(who, "/published-matters/similar", fields{"content": text, "community_id": "c-1"})).Items
}

func TestResidentsSeeWhatIsPublishedAndNothingElse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newOfficeOn(t, db, auth.DefaultSettings)
		o.hire("p-r2", "另一人", "13900000002", organisation.Post{Role: casework.Resident})
		c := o.handling()
		const typed = "春江花园的工地夜里打桩，施工扰民睡不着"
		if list := o.similarTo("p-r2", typed); len(list) != 0 {
			t.Errorf("not published and yet shown: %+v", list)
		}
		for _, words := range []string{"诉求人沈阿婆家", "电话13812345678", "春江花园 3 号 502 室"} {
			o.call("p-cy", http.MethodPut, v1+"/cases/"+c.ID+"/publication", fields{"title": "夜间施工扰民", "words": words}).refused(http.StatusBadRequest, "publication.personal")
		}
		for _, who := range []string{"p-w1", "p-h1", "p-r"} {
			o.call(who, http.MethodPut, v1+"/cases/"+c.ID+"/publication", fields{"title": "夜间施工扰民"}).refused(http.StatusForbidden, "auth.denied")
		}
		m := o.published(c)
		list := o.similarTo("p-r2", typed)
		if len(list) != 1 || list[0].ID != m.ID || list[0].Promise == "" || list[0].Status == "" || !list[0].Open || list[0].People != 0 {
			t.Fatalf("%+v", list)
		}
		if got := o.similarTo("p-r2", "楼下餐馆油烟大得很"); len(got) != 0 {
			t.Errorf("another matter: %+v", got)
		}
		seen := string(o.get("p-r2", "/published-matters").body)
		if !strings.Contains(seen, m.ID) || strings.Contains(seen, c.ID) || strings.Contains(seen, "沈阿婆") || strings.Contains(seen, "来电人") {
			t.Error(seen)
		}
		o.get("p-r2", "/cases/"+c.ID).refused(http.StatusNotFound, "case.not_found")

		// Me too: a ticket of theirs in that case, once.
		first := ok[workflow.MeToo](o.post("p-r2", "/published-matters/"+m.ID+"/me-too", fields{}))
		again := ok[workflow.MeToo](o.post("p-r2", "/published-matters/"+m.ID+"/me-too", fields{}))
		if first.Already || first.OrderNo == "" || first.People != 1 || !again.Already || again.People != 1 || again.Text == "" {
			t.Errorf("%+v %+v", first, again)
		}
		own := ok[workflow.CaseView](o.get("p-r2", "/cases/"+c.ID))
		if len(own.TicketRefs) != 1 || own.TicketRefs[0].OrderNo != first.OrderNo {
			t.Errorf("%+v", own.TicketRefs)
		}
		if v := ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID)); len(v.TicketRefs) != 2 {
			t.Errorf("%+v", v.TicketRefs)
		}
		// Who has a ticket there already makes no other.
		if mine := ok[workflow.MeToo](o.post("p-r", "/published-matters/"+m.ID+"/me-too", fields{})); mine.OrderNo != "" || mine.People != 2 {
			t.Errorf("%+v", mine)
		}

		// Withdrawn, it is gone everywhere.
		ok[workflow.PublicationView](o.post("p-cy", "/cases/"+c.ID+"/publication/withdraw", nil))
		ok[workflow.PublicationView](o.post("p-cy", "/cases/"+c.ID+"/publication/withdraw", nil))
		if len(o.similarTo("p-r2", typed)) != 0 || strings.Contains(string(o.get("p-r2", "/published-matters").body), m.ID) {
			t.Error("it is shown still")
		}
		o.post("p-r2", "/published-matters/"+m.ID+"/me-too", fields{}).refused(http.StatusNotFound, "publication.not_found")
		if len(o.audited("publication.publish")) != 1 || len(o.audited("publication.withdraw")) != 2 {
			t.Error("who published is not noted")
		}
	})
}

// The centre is offered to publish what stands in the library, nobody else is, and what is no longer to be published only where there is something to take back.
func TestPublishingIsOfferedWhereItIsPossible(t *testing.T) {
	o := newOffice(t)
	offered := func(who string, c workflow.CaseView) bool {
		t.Helper()
		return ok[workflow.CaseView](o.get(who, "/cases/"+c.ID)).Publication
	}
	reported := o.reported()
	if offered("p-cy", reported) {
		t.Error("offered before the case is in the library")
	}
	o.call("p-cy", http.MethodPut, v1+"/cases/"+reported.ID+"/publication", fields{"title": "车棚漏雨"}).refused(http.StatusConflict, "publication.status")
	registered := o.must("p-cy", reported, "register", fields{})
	if !registered.Publication || offered("p-gl", registered) {
		t.Error("offered to the centre alone, from registering on")
	}
	o.published(registered)
	rejected := o.must("p-cy", registered, "reject", fields{"reason": "已由物业修好"})
	if !rejected.Publication {
		t.Error("what is published of a rejected case cannot be taken back")
	}
	ok[workflow.PublicationView](o.post("p-cy", "/cases/"+rejected.ID+"/publication/withdraw", nil))
	if offered("p-cy", rejected) {
		t.Error("offered where nothing can be done")
	}
}

// Who names another community than the one chosen is told so, on both forms; who chose it, or names none, is not.
func TestTheCommunityInTheWordsIsSaid(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct {
		place, chosen string
		said          bool
	}{{"春江花园北门", "", true}, {"春江花园北门", "c-1", false}, {"北门", "", false}} {
		list := ok[PublicMatterList](o.post("p-r", "/published-matters/similar", fields{"content": "路灯坏了三天", "place": c.place, "community_id": c.chosen}))
		class := ok[workflow.ClassView](o.post("p-gl", "/class", fields{"title": "路灯坏了三天", "address": c.place, "community": map[string]string{"c-1": "春江花园"}[c.chosen]}))
		for form, got := range map[string]*workflow.Named{"residents'": list.Community, "staff's": class.Community} {
			if (got != nil) != c.said || got != nil && got.ID != "c-1" {
				t.Errorf("%s: %+v says %+v", form, c, got)
			}
		}
	}
}

func TestStoriesAndFiguresOfTheStreet(t *testing.T) {
	o := newOffice(t)
	story := fields{"title": "工地不再夜里打桩", "problem": "夜间施工扰民。", "done": "调整了施工时间，加装隔音屏。"}
	open := o.handling()
	o.published(open)
	o.call("p-cy", http.MethodPut, v1+"/cases/"+open.ID+"/publication/story", story).refused(http.StatusConflict, "publication.story")
	c := o.resolved()
	o.call("p-cy", http.MethodPut, v1+"/cases/"+c.ID+"/publication/story", story).refused(http.StatusConflict, "publication.story")
	m := o.published(c)
	o.call("p-cy", http.MethodPut, v1+"/cases/"+c.ID+"/publication/story", fields{"title": "感谢沈阿婆", "problem": "夜间施工", "done": "已经整改"}).refused(http.StatusBadRequest, "publication.personal")
	if v := ok[workflow.PublicationView](o.call("p-cy", http.MethodPut, v1+"/cases/"+c.ID+"/publication/story", story)); v.Story == nil || !v.MayTell {
		t.Errorf("%+v", v)
	}
	list := ok[workflow.Page[workflow.PublicStory]](o.get("p-r", "/stories")).Items
	if len(list) != 1 || list[0].Done == "" {
		t.Errorf("%+v", list)
	}
	o.post("p-r", "/published-matters/"+m.ID+"/me-too", fields{}).refused(http.StatusConflict, "publication.over")
	o.must("p-r", c, "rate", fields{"rating": "mostly"})
	figures := ok[workflow.StreetFigures](o.get("p-r", "/street-figures")).Items
	if len(figures) != 4 || figures[0].Value != "1 件" || figures[1].Value != "100%" || figures[2].Value != "100%" || figures[3].Value != "1 件" {
		t.Errorf("%+v", figures)
	}
	ok[workflow.PublicationView](o.post("p-cy", "/cases/"+c.ID+"/publication/withdraw", nil))
	if list := ok[workflow.Page[workflow.PublicStory]](o.get("p-r", "/stories")).Items; len(list) != 0 {
		t.Errorf("withdrawn and yet told: %+v", list)
	}
	if _, err := o.db.CasePublication(t.Context(), open.ID); err != nil {
		t.Error(err)
	}
}

// The figures that residents read count a matter once, not while it is opened again, and as kept only what was resolved by the day first promised.
func TestFiguresOfTheStreetClaimNoMoreThanWasKept(t *testing.T) {
	o := newOffice(t)
	o.resolved()
	o.openedAgain(o.resolved())
	o.solvedLate()
	figures := ok[workflow.StreetFigures](o.get("p-r", "/street-figures")).Items
	if figures[0].Value != "2 件" || figures[1].Value != "50%" || figures[1].Note != "3月1日到今天办结的 2 件中，1 件按最初承诺的时间办结，没有提高过一级" {
		t.Errorf("%+v", figures)
	}
}
