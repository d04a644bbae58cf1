package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/content"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/wechat"
	"xiaopu/server/wechat/wechatsim"
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
	text  content.Verdict
	err   error
	asked []string // addresses of pictures; the look at the nth is called look-n
}

func (p *platform) Text(context.Context, string, string) (content.Verdict, error) {
	return p.text, p.err
}

func (p *platform) Picture(_ context.Context, _, address string) (string, error) {
	if p.err != nil {
		return "", p.err
	}
	p.asked = append(p.asked, address)
	return fmt.Sprint("look-", len(p.asked)), nil
}

// rated is a rating of a case of its own by the resident, and what became of it.
func (o *office) rated(who, words string, ids ...string) (answer, workflow.CaseView) {
	o.t.Helper()
	c := o.resolved()
	return o.do(who, c, "rate", fields{"rating": "satisfied", "words": words, "attachments": ids}), c
}

func TestAPlatformChecksAndTheListTakesItsPlace(t *testing.T) {
	away, unseen := errors.New("away"), fmt.Errorf("no visit: %w", workflow.ErrNotForPlatform)
	for name, c := range map[string]struct {
		platform platform
		words    string
		reason   string // of a refusal
		waiting  int
	}{
		"it knows better than the list":                  {platform{text: content.Pass}, "有事加微信", "", 0},
		"it leaves it open":                              {platform{text: content.Review}, "看起来没什么", "", 1},
		"it does not take it":                            {platform{text: content.Risky}, "看起来没什么", "content.risky_text", 0},
		"what the list does not take is sent to nobody":  {platform{text: content.Pass}, "代 开 发 票", "content.risky_text", 0},
		"away: what the list does not know passes":       {platform{err: away}, "谢谢", "", 0},
		"away: what it doubts waits":                     {platform{err: away}, "有事加微信", "", 1},
		"who stays away from WeChat gets around nothing": {platform{err: unseen, text: content.Pass}, "谢谢", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.engine.CheckWith(&c.platform, "")
			a, _ := o.rated("p-r", c.words, o.attachment("p-r", "", picture(t)))
			switch {
			case c.reason != "":
				a.refused(http.StatusBadRequest, c.reason)
			default:
				ok[CommandResult](a)
				c.waiting++ // the picture, which nobody can fetch
			}
			if n := len(o.waiting("p-cy")); n != c.waiting || len(c.platform.asked) > 0 {
				t.Errorf("%d wait", n)
			}
		})
	}
}

// lens is an office whose pictures a platform looks at.
type lens struct {
	*office
	*platform
	t *testing.T
}

func newLens(t *testing.T) *lens {
	t.Helper()
	l := &lens{newOffice(t), &platform{text: content.Pass}, t}
	l.engine.CheckWith(l.platform, "https://xiaopu.example")
	return l
}

// brings has the resident bring a picture with a rating.
func (l *lens) brings() workflow.CaseView {
	l.t.Helper()
	a, c := l.rated("p-r", "", l.attachment("p-r", "看这里.jpg", picture(l.t)))
	ok[CommandResult](a)
	return c
}

func (l *lens) check() {
	l.t.Helper()
	if err := l.engine.CheckPictures(l.t.Context(), 0); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lens) settle(trace string, v content.Verdict) {
	l.t.Helper()
	if err := l.engine.SettlePicture(l.t.Context(), trace, v); err != nil {
		l.t.Errorf("%s %s: %v", trace, v, err)
	}
}

// fetch is what the platform gets by the link of its nth look.
func (l *lens) fetch(n int) answer {
	return l.call("", http.MethodGet, strings.TrimPrefix(l.asked[n-1], "https://xiaopu.example"), nil)
}

func (o *office) told(who string, kind casework.NoticeKind) (n int) {
	o.t.Helper()
	for _, i := range ok[workflow.Page[workflow.NoticeItem]](o.get(who, "/inbox?limit=100")).Items {
		if i.Kind == kind {
			n++
		}
	}
	return n
}

// people wants this many to wait for people, and the centre to have been told as often.
func (l *lens) people(n int) {
	l.t.Helper()
	if waiting, told := len(l.waiting("p-cy")), l.told("p-cy", casework.NoticeContentWaiting); waiting != n || told != n {
		l.t.Errorf("%d wait, told %d times; want %d", waiting, told, n)
	}
}

func TestAPlatformLooksAtPicturesFirst(t *testing.T) {
	o := newLens(t)
	passed := o.brings()
	o.check()
	o.check() // asked once
	if len(o.asked) != 1 {
		t.Fatalf("asked %d times", len(o.asked))
	}
	o.people(0)
	if a := o.fetch(1); a.status != http.StatusOK || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the platform cannot fetch it: %d %s", a.status, a.body)
	}
	if len(o.attachments("p-w1", passed)) != 0 || o.attachments("p-r", passed)[0].Review != casework.ReviewWaiting {
		t.Error("others see it, or its owner is not told that it waits")
	}
	for _, v := range []content.Verdict{content.Pass, content.Pass, content.Risky, content.Review} { // twice, and too late
		o.settle("look-1", v)
	}
	if list := o.attachments("p-w1", passed); len(list) != 1 || list[0].Review != "" {
		t.Errorf("%+v", list)
	}
	if a := o.fetch(1); a.status != http.StatusNotFound {
		t.Errorf("the link outlives the look: %d", a.status)
	}
	if err := o.engine.SettlePicture(t.Context(), "look-9", content.Pass); !errors.Is(err, store.ErrNoReview) {
		t.Error(err)
	}

	refused := o.brings()
	o.check()
	o.settle("look-2", content.Risky)
	if own := o.attachments("p-r", refused); own[0].Review != casework.ReviewRefused || o.told("p-r", casework.NoticeContentRefused) != 1 || len(o.attachments("p-w1", refused)) != 0 {
		t.Errorf("%+v", own)
	}
	o.people(0)
	if found, err := o.engine.Verify(t.Context()); err != nil || len(found.Findings) > 0 {
		t.Errorf("%+v %v", found, err)
	}
}

// What the platform leaves open, and what it never says, a person looks at; what it says after that still counts.
func TestWhatThePlatformDoesNotSayAPersonDoes(t *testing.T) {
	o := newLens(t)
	o.brings()
	o.check()
	o.settle("look-1", content.Review)
	o.settle("look-1", content.Review)
	o.people(1)
	o.brings()
	o.check()
	o.at("2026-03-02 10:34")
	o.check()
	o.people(1)
	if o.fetch(2).status != http.StatusOK {
		t.Error("given up too early")
	}
	o.at("2026-03-02 10:35")
	o.check()
	o.check()
	o.people(2)
	if o.fetch(2).status != http.StatusNotFound {
		t.Error("the link outlives the look")
	}
	o.settle("look-2", content.Pass)
	if len(o.waiting("p-cy")) != 1 {
		t.Error("a late answer does not count")
	}
}

func TestAPictureIsAskedForAgainWhileThePlatformIsAway(t *testing.T) {
	o := newLens(t)
	o.err = errors.New("45009")
	o.brings()
	for minute := range 20 {
		o.at(fmt.Sprintf("2026-03-02 10:%02d", minute))
		o.check()
	}
	o.people(0)
	o.err = nil
	o.at("2026-03-02 10:22")
	o.check()
	if len(o.asked) != 1 {
		t.Errorf("asked %d times", len(o.asked))
	}
	o.err = errors.New("away")
	o.brings()
	for minute := range 35 {
		o.at(fmt.Sprintf("2026-03-02 10:%02d", 22+minute))
		o.check()
	}
	o.people(1)
	// Nobody is asked any more: what was left is for people.
	o.err = nil
	o.brings()
	o.engine.CheckWith(nil, "")
	o.check()
	if n := len(o.waiting("p-cy")); n != 2 {
		t.Errorf("%d wait", n)
	}
}

// colours is a picture of two halves.
func colours(t testing.TB, left, right color.RGBA) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 400, 300))
	for y := range 300 {
		for x := range 400 {
			m.SetRGBA(x, y, left)
			if x >= 200 {
				m.SetRGBA(x, y, right)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The whole way over the stand-in: the resident comes in by WeChat, their words and pictures go to it, it fetches the pictures, and its
// pushes settle them.
func TestWeChatChecksWhatResidentsBring(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	who := ok[Me](o.me(o.bound(residentPhone, auth.AsResident).AccessToken)).ID
	red, yellow, grey := color.RGBA{230, 20, 20, 255}, color.RGBA{240, 220, 30, 255}, color.RGBA{120, 120, 120, 255}
	reviews := func(c workflow.CaseView) (states []casework.ContentReview) {
		t.Helper()
		if err := o.engine.CheckPictures(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		o.sim.Wait()
		for _, a := range o.attachments(who, c) {
			states = append(states, a.Review)
		}
		return states
	}

	a, c := o.rated(who, "谢谢，"+strings.Repeat("很好", 2000), o.attachment(who, "", colours(t, grey, grey)), o.attachment(who, "", colours(t, red, red)), o.attachment(who, "", colours(t, yellow, yellow)))
	ok[CommandResult](a)
	if got := reviews(c); !slices.Equal(got, []casework.ContentReview{"", casework.ReviewRefused, casework.ReviewWaiting}) || len(o.waiting("p-cy")) != 1 {
		t.Errorf("%q, %d wait", got, len(o.waiting("p-cy")))
	}
	if n := o.sim.Hits("/wxa/msg_sec_check"); n != 2 {
		t.Errorf("a long text is looked at in %d pieces", n)
	}
	// A word that lies across the seam of two pieces, and one that wants a person.
	a, _ = o.rated(who, strings.Repeat("好", wechat.MaxText-1)+wechatsim.RiskyWord)
	a.refused(http.StatusBadRequest, "content.risky_text")
	a, _ = o.rated(who, "这里"+wechatsim.ReviewWord)
	ok[CommandResult](a)
	if n := len(o.waiting("p-cy")); n != 2 {
		t.Errorf("%d wait", n)
	}
	// Not in the mini-program for two hours: neither the list nor silence lets it through.
	o.at("2026-03-02 12:30")
	a, c = o.rated(who, "谢谢", o.attachment(who, "", colours(t, grey, grey)))
	ok[CommandResult](a)
	if got := reviews(c); !slices.Equal(got, []casework.ContentReview{casework.ReviewWaiting}) || len(o.waiting("p-cy")) != 4 {
		t.Errorf("%q, %d wait", got, len(o.waiting("p-cy")))
	}
	phone, _ := o.sim.Phone(residentPhone)
	log := strings.ReplaceAll(o.log.String(), "/api/v1/files/:token", "")
	for _, secret := range []string{"很好很好", "/api/v1/files/", phone.OpenID} { // words, links and who
		if strings.Contains(log, secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

// What the platform cannot fetch, it says so, and a person looks. A push that is lost is waited for, and then a person looks.
func TestPicturesThatWeChatDoesNotSee(t *testing.T) {
	for name, spoil := range map[string]func(o *weChatOffice){
		"out of reach": func(o *weChatOffice) {
			o.engine.CheckWith(&workflow.WeChatChecker{DB: o.db, Engine: o.engine, WeChat: o.client, Clock: o.clock}, "http://127.0.0.1:1")
		},
		"the push is lost": func(o *weChatOffice) {
			o.sim.AddFault(wechatsim.Fault{Path: wechatsim.PushPath, Kind: wechatsim.Drop, Match: "wxa_media_check"})
		},
		"over the quota": func(o *weChatOffice) { o.sim.SetQuota("/wxa/media_check_async", wechatsim.Quota{Day: 1}); o.spend() },
		"the platform is broken": func(o *weChatOffice) {
			o.sim.AddFault(wechatsim.Fault{Path: "/wxa/media_check_async", Kind: wechatsim.Status, Code: http.StatusBadGateway})
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newWeChatOffice(t, auth.DefaultSettings)
			who := ok[Me](o.me(o.bound(residentPhone, auth.AsResident).AccessToken)).ID
			spoil(o)
			a, c := o.rated(who, "", o.attachment(who, "", picture(t)))
			ok[CommandResult](a)
			for minute := range 40 {
				o.at(fmt.Sprintf("2026-03-02 10:%02d", minute))
				if err := o.engine.CheckPictures(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
				o.sim.Wait()
			}
			if len(o.waiting("p-cy")) != 1 || len(o.attachments("p-w1", c)) != 0 {
				t.Errorf("%d wait, others see %d", len(o.waiting("p-cy")), len(o.attachments("p-w1", c)))
			}
		})
	}
}

// spend uses one look up.
func (o *weChatOffice) spend() {
	o.t.Helper()
	phone, _ := o.sim.Phone(residentPhone)
	if _, err := o.client.CheckImage(o.t.Context(), phone.OpenID, wechat.Comment, "http://127.0.0.1:1/x"); err != nil {
		o.t.Fatal(err)
	}
}

// Whoever has a ticket on the case is looked at, whatever else they are here.
func TestNoPostIsAWayAroundTheCheck(t *testing.T) {
	for who, reminds := range map[string]bool{"p-pl": true, "p-cy": true, "p-lg": true, "p-dc": false} {
		t.Run(who, func(t *testing.T) {
			o := newOffice(t)
			s := street()
			for i, p := range s.People {
				switch p.ID {
				case who:
					s.People[i].Posts, s.People[i].Phone = append(p.Posts, organisation.Post{Role: casework.Resident}), residentPhone
				case "p-r":
					s.People[i].Phone = "13700000000"
				}
			}
			if err := o.engine.LoadOrganisation(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			a, _ := o.rated(who, "有事加微信", o.attachment(who, "", picture(t)))
			if ok[CommandResult](a); len(o.waiting("p-cy")) != 2 {
				t.Errorf("of a rating %d wait", len(o.waiting("p-cy")))
			}
			if !reminds {
				return
			}
			foreign := o.must("p-h1", o.dispatched(), "accept", fields{"handler_id": "p-w1"}) // without a ticket
			if o.must(who, foreign, "remind", fields{"text": "有事加微信"}); len(o.waiting("p-cy")) != 2 {
				t.Error("the office's own words wait")
			}
			if o.must(who, o.handling(), "remind", fields{"text": "有事加微信"}); len(o.waiting("p-cy")) != 3 {
				t.Error("the words of who asked do not wait")
			}
		})
	}
}
