package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"xiaopu/server/content"
	"xiaopu/server/workflow"
)

func (o *office) waiting(who string) []workflow.ReviewView {
	o.t.Helper()
	return ok[workflow.Page[workflow.ReviewView]](o.get(who, "/reviews")).Items
}

func TestWordsOfResidentsAreSeenOnceTheyPassed(t *testing.T) {
	o := newOffice(t)
	c := o.resolved()
	const words = "办得慢，有事加微信说，我的电话13812345678"
	c = o.must("p-r", c, "rate", fields{"rating": "satisfied", "words": words})
	seen := func(who string) string {
		return string(o.get(who, "/cases/"+c.ID).body) + string(o.get(who, "/cases/"+c.ID+"/timeline?changes=true").body)
	}
	for _, who := range []string{"p-w1", "p-cy", "p-r"} {
		if strings.Contains(seen(who), "加微信") {
			t.Errorf("%s reads what nobody has looked at", who)
		}
	}
	if !strings.Contains(seen("p-w1"), "文字待审核") || !strings.Contains(seen("p-w1"), "满意") {
		t.Error("the rating itself does not count")
	}
	if inbox := ok[workflow.Page[workflow.NoticeItem]](o.get("p-cy", "/inbox")).Items; inbox[0].Kind != "content_waiting" {
		t.Errorf("the centre is not told: %+v", inbox[0])
	}
	list := o.waiting("p-cy")
	if len(list) != 1 || !strings.Contains(list[0].Text, "加微信") || strings.Contains(list[0].Text, "13812345678") || list[0].Number != c.Number {
		t.Fatalf("%+v", list)
	}
	o.post("p-w1", "/reviews/"+list[0].ID+"/decide", fields{"pass": true}).refused(http.StatusForbidden, "auth.denied")
	o.post("p-cy", "/reviews/"+list[0].ID+"/decide", fields{"pass": false}).refused(http.StatusBadRequest, "reason.missing")
	o.post("p-cy", "/reviews/none/decide", fields{"pass": true}).refused(http.StatusNotFound, "review.not_found")
	for range 2 {
		if v := ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+list[0].ID+"/decide", fields{"pass": true})); v.Waiting || !v.Passed || v.Text != "" || v.DecidedBy.ID != "p-cy" {
			t.Errorf("%+v", v)
		}
	}
	o.post("p-cy", "/reviews/"+list[0].ID+"/decide", fields{"pass": false, "reason": "改主意了"}).refused(http.StatusConflict, "review.decided")
	if got := seen("p-w1"); !strings.Contains(got, "加微信") || strings.Contains(got, "13812345678") {
		t.Error("what passed is not shown, or with a number")
	}
	if len(o.waiting("p-cy")) != 0 || len(o.audited("content.review")) != 1 {
		t.Error("it waits still, or nobody can tell who decided")
	}
	if found, err := o.engine.Verify(t.Context()); err != nil || len(found.Findings) > 0 {
		t.Errorf("%+v %v", found, err)
	}
}

func TestWordsThatAreRefusedAreNeverSeen(t *testing.T) {
	o := newOffice(t)
	c := o.handling()
	c = o.must("p-r", c, "remind", fields{"text": "你们这些狗官快点"})
	id := o.waiting("p-cy")[0].ID
	ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+id+"/decide", fields{"pass": false, "reason": "辱骂"}))
	if strings.Contains(string(o.get("p-w1", "/cases/"+c.ID+"/timeline?changes=true").body), "狗官") {
		t.Error("it is shown")
	}
	inbox := ok[workflow.Page[workflow.NoticeItem]](o.get("p-r", "/inbox")).Items
	if inbox[0].Kind != "content_refused" || !strings.Contains(inbox[0].Text, "没有通过审核") {
		t.Errorf("%+v", inbox[0])
	}
	decided := ok[workflow.Page[workflow.ReviewView]](o.get("p-cy", "/reviews?decided=true")).Items
	if len(decided) != 1 || decided[0].Reason != "辱骂" || decided[0].Text != "" {
		t.Errorf("%+v", decided)
	}
	// What cannot be taken at all is said at once, and nothing happens.
	rated := o.resolved()
	o.do("p-r", rated, "rate", fields{"rating": "satisfied", "words": "代 开 发 票"}).refused(http.StatusBadRequest, "content.risky_text")
	o.must("p-r", rated, "rate", fields{"rating": "satisfied", "words": "谢谢"})
	// The office's own words are its own.
	o.must("p-pl", o.handling(), "remind", fields{"text": "对方自称狗官，请核实"})
	if n := len(o.waiting("p-cy")); n != 0 {
		t.Errorf("%d wait", n)
	}
}

func TestPicturesOfResidentsAreSeenOnceTheyPassed(t *testing.T) {
	o := newOffice(t)
	c := o.resolved()
	good, bad := o.attachment("p-r", "现场.jpg", picture(t)), o.attachment("p-r", "别的.jpg", picture(t))
	c = o.must("p-r", c, "rate", fields{"rating": "satisfied", "words": "谢谢", "attachments": []string{good, bad}})
	if list := o.attachments("p-w1", c); len(list) != 0 {
		t.Errorf("staff see what nobody has looked at: %+v", list)
	}
	own := o.attachments("p-r", c)
	if len(own) != 2 || own[0].Review != "waiting" || o.call("", http.MethodGet, own[0].URL, nil).status != http.StatusOK {
		t.Errorf("%+v", own)
	}
	list := o.waiting("p-cy")
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	for i, r := range list {
		if a := o.call("", http.MethodGet, r.ThumbURL, nil); a.status != http.StatusOK {
			t.Error(a.status, string(a.body))
		}
		ok[workflow.ReviewView](o.post("p-cy", "/reviews/"+r.ID+"/decide", fields{"pass": i == 0, "reason": "与事项无关"}))
	}
	after := o.attachments("p-w1", c)
	if len(after) != 1 || after[0].ID != good || after[0].Review != "" {
		t.Errorf("%+v", after)
	}
	if own := o.attachments("p-r", c); len(own) != 2 || own[1].Review != "refused" {
		t.Errorf("%+v", own)
	}
	if found, err := o.engine.Verify(t.Context()); err != nil || len(found.Findings) > 0 {
		t.Errorf("%+v %v", found, err)
	}
}

// platform is a checker that answers as it is told.
type platform struct {
	text, picture content.Verdict
	err           error
}

func (p *platform) Text(context.Context, string, string) (content.Verdict, error) {
	return p.text, p.err
}
func (p *platform) Picture(context.Context, string, string) (content.Verdict, error) {
	return p.picture, p.err
}

func TestAPlatformChecksAndTheListTakesItsPlace(t *testing.T) {
	p := &platform{text: content.Pass, picture: content.Pass}
	o := newOffice(t)
	o.engine = workflow.New(o.db, workflow.Options{Clock: o.clock, Checker: p, Blobs: o.blobs})
	o.handler = newOfficeOver(o).handler
	rate := func(words string, ids ...string) (answer, workflow.CaseView) {
		c := o.resolved()
		return o.do("p-r", c, "rate", fields{"rating": "satisfied", "words": words, "attachments": ids}), c
	}
	a, c := rate("有事加微信", o.attachment("p-r", "", picture(t))) // the platform knows better than the list
	if ok[CommandResult](a); len(o.waiting("p-cy")) != 0 || len(o.attachments("p-w1", c)) != 1 {
		t.Error("what passed waits")
	}
	p.text = content.Risky
	a, _ = rate("看起来没什么")
	a.refused(http.StatusBadRequest, "content.risky_text")
	p.text, p.picture = content.Pass, content.Risky
	a, _ = rate("好", o.attachment("p-r", "", picture(t)))
	a.refused(http.StatusBadRequest, "content.risky_picture")
	p.err = errors.New("away")
	a, _ = rate("有事加微信", o.attachment("p-r", "", picture(t)))
	ok[CommandResult](a)
	if n := len(o.waiting("p-cy")); n != 2 {
		t.Errorf("%d wait", n)
	}
	// A verdict on the picture that comes late.
	for _, r := range o.waiting("p-cy") {
		if r.Text != "" {
			continue
		}
		for _, v := range []content.Verdict{content.Review, content.Pass, content.Pass} {
			if err := o.engine.SettlePicture(t.Context(), r.ID, v); err != nil {
				t.Error(err)
			}
		}
	}
	if n := len(o.waiting("p-cy")); n != 1 {
		t.Errorf("%d wait", n)
	}
}
