package wechatsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/wechat/wechatsim"
)

const (
	head = "p-head"
	once = "MP-tmpl-case-once-000000000000000000000004"
	many = "MP-tmpl-case-standing-00000000000000000003"
	note = "OA-tmpl-case-notice-000000000000000000000001"
)

// platform is a stand-in whose clock the test moves, asked as the platform is.
type platform struct {
	*wechatsim.Server
	t   testing.TB
	url string
	at  time.Time
}

func newPlatform(t testing.TB, change ...func(*wechatsim.Options)) *platform {
	t.Helper()
	p := &platform{t: t, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	o := wechatsim.Options{Clock: func() time.Time { return p.at }, Pages: []string{"pages/case/case"}}
	for _, f := range change {
		f(&o)
	}
	var err error
	if p.Server, err = wechatsim.New(o); err != nil {
		t.Fatal(err)
	}
	p.AddPhone(head, "陈建国", "13900000001", "chenjg")
	p.AddPhone("p-other", "林晓", "13900000002", "")
	listening := httptest.NewServer(p)
	t.Cleanup(listening.Close)
	p.url = listening.URL
	return p
}

// answer is what came back.
type answer map[string]any

func (a answer) code() int {
	n, _ := a["errcode"].(float64)
	return int(n)
}

func (p *platform) send(method, path string, body any) answer {
	p.t.Helper()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, in)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer got.Body.Close()
	var out answer
	if err := json.NewDecoder(got.Body).Decode(&out); err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *platform) get(path string) answer { p.t.Helper(); return p.send(http.MethodGet, path, nil) }
func (p *platform) post(path string, body any) answer {
	p.t.Helper()
	return p.send(http.MethodPost, path, body)
}

type fields = map[string]any

func (p *platform) tokenAnswer(force bool) answer {
	_, oa, _ := wechatsim.Accounts()
	return p.post("/cgi-bin/stable_token", fields{"grant_type": "client_credential", "appid": oa.AppID, "secret": oa.Secret, "force_refresh": force})
}

func (p *platform) token(official bool) string {
	p.t.Helper()
	app, oa, _ := wechatsim.Accounts()
	if official {
		app = oa
	}
	got, _ := p.post("/cgi-bin/stable_token", fields{"grant_type": "client_credential", "appid": app.AppID, "secret": app.Secret})["access_token"].(string)
	if got == "" {
		p.t.Fatal("no token")
	}
	return got
}

func data(change ...string) fields {
	d := fields{"character_string1": fields{"value": "NS2026-000001"}, "thing2": fields{"value": "楼道堆物"}, "phrase3": fields{"value": "待接单"}, "time4": fields{"value": "2026年03月02日 17:00"}, "thing5": fields{"value": "请接单"}}
	for i := 0; i+1 < len(change); i += 2 {
		d[change[i]] = fields{"value": change[i+1]}
	}
	return d
}

func (p *platform) subscribe(template, page string, change ...string) int {
	p.t.Helper()
	phone, _ := p.Phone(head)
	return p.post("/cgi-bin/message/subscribe/send?access_token="+p.token(false), fields{"touser": phone.OpenID, "template_id": template, "page": page, "data": data(change...)}).code()
}

func (p *platform) official(id string, change ...string) answer {
	p.t.Helper()
	phone, _ := p.Phone(head)
	app, _, _ := wechatsim.Accounts()
	return p.post("/cgi-bin/message/template/send?access_token="+p.token(true), fields{"touser": phone.OAID, "template_id": note, "client_msg_id": id, "miniprogram": fields{"appid": app.AppID, "pagepath": "pages/case/case?id=1"}, "data": data(change...)})
}

func (p *platform) accept(templates ...string) wechatsim.Answer {
	answers := map[string]string{}
	for _, id := range templates {
		answers[id] = "accept"
	}
	return p.Ask(head, templates, answers, false)
}

func (p *platform) messages() int {
	phone, _ := p.Phone(head)
	return len(phone.Messages)
}

func TestTokensLiveAndOverlap(t *testing.T) {
	p := newPlatform(t)
	info := func(token string) int {
		phone, _ := p.Phone(head)
		return p.get("/cgi-bin/user/info?access_token=" + token + "&openid=" + phone.OAID).code()
	}
	first := p.token(true)
	if again := p.token(true); again != first {
		t.Error("asked again, and another one")
	}
	p.at = p.at.Add(2*time.Hour - 4*time.Minute)
	second := p.token(true)
	if second == first || info(first) != 0 || info(second) != 0 {
		t.Error("in the last five minutes there is a next one, and both are good")
	}
	p.at = p.at.Add(5 * time.Minute)
	if info(first) != 42001 || info(second) != 0 {
		t.Error("the old one ends:", info(first), info(second))
	}
	third, _ := p.tokenAnswer(true)["access_token"].(string)
	if third == second || info(second) != 40001 || info(third) != 0 {
		t.Error("forced, the old one ends at once:", info(second))
	}
	if fourth, _ := p.tokenAnswer(true)["access_token"].(string); fourth != third {
		t.Error("forced again within 30 seconds")
	}
	for range 19 {
		p.at = p.at.Add(time.Minute)
		p.tokenAnswer(true)
	}
	p.at = p.at.Add(time.Minute)
	if a := p.tokenAnswer(true); a.code() != 45009 {
		t.Error("forced more than 20 times a day:", a)
	}
	app, oa, _ := wechatsim.Accounts()
	for name, c := range map[string]struct {
		in   fields
		want int
	}{
		"another secret": {fields{"grant_type": "client_credential", "appid": oa.AppID, "secret": app.Secret}, 40125},
		"another app":    {fields{"grant_type": "client_credential", "appid": "wx", "secret": oa.Secret}, 40013},
		"another type":   {fields{"appid": oa.AppID, "secret": oa.Secret}, 40002},
	} {
		if got := p.post("/cgi-bin/stable_token", c.in).code(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if info("") != 41001 || info("x") != 40001 || info(p.token(false)) != 48001 {
		t.Error("no token, none of ours, and the other account's")
	}
}

func TestCodesAreGoodOnce(t *testing.T) {
	p := newPlatform(t)
	app, oa, _ := wechatsim.Accounts()
	login := func(code, id, secret string) int {
		return p.get("/sns/jscode2session?appid=" + id + "&secret=" + secret + "&js_code=" + code + "&grant_type=authorization_code").code()
	}
	code := p.Login(head)
	if got := []int{login(code, oa.AppID, oa.Secret), login(code, app.AppID, "x"), login(code, app.AppID, app.Secret), login(code, app.AppID, app.Secret), login("x", app.AppID, app.Secret), login(p.PhoneCode(head), app.AppID, app.Secret)}; cmp.Diff([]int{40002, 40125, 0, 40163, 40029, 40029}, got) != "" {
		t.Error(got)
	}
	code = p.Login(head)
	p.at = p.at.Add(5 * time.Minute)
	if got := login(code, app.AppID, app.Secret); got != 40029 {
		t.Error("after five minutes:", got)
	}
	p.Change(head, func(ph *wechatsim.Phone) { ph.Risk = true })
	if got := login(p.Login(head), app.AppID, app.Secret); got != 40226 {
		t.Error("a person at risk:", got)
	}
	p.Change(head, func(ph *wechatsim.Phone) { ph.Risk = false })
	last := 0
	for range 101 {
		last = login(p.Login(head), app.AppID, app.Secret)
	}
	if last != 45011 {
		t.Error("more than a hundred a minute:", last)
	}

	phone, _ := p.Phone(head)
	other, _ := p.Phone("p-other")
	number := func(code, openid string) answer {
		return p.post("/wxa/business/getuserphonenumber?access_token="+p.token(false), fields{"code": code, "openid": openid})
	}
	code = p.PhoneCode(head)
	if got := number(code, other.OpenID).code(); got != 40029 {
		t.Error("another person's:", got)
	}
	got := number(code, phone.OpenID)
	if info, _ := got["phone_info"].(map[string]any); info["purePhoneNumber"] != "13900000001" {
		t.Error(got)
	}
	if got := number(code, phone.OpenID).code(); got != 40029 {
		t.Error("twice:", got)
	}
}

func TestAGrantIsOneMessage(t *testing.T) {
	p := newPlatform(t)
	const page = "pages/case/case?id=1"
	if got := p.subscribe(once, page); got != 43101 {
		t.Error("without a grant:", got)
	}
	p.accept(once)
	p.accept(once)
	if got := []int{p.subscribe(once, "pages/none"), p.subscribe(once, page, "phrase3", "too long a phrase"), p.subscribe("x", page), p.subscribe(once, page), p.subscribe(once, page), p.subscribe(once, page)}; cmp.Diff([]int{41030, 47003, 40037, 0, 0, 43101}, got) != "" {
		t.Error(got)
	}
	p.accept(many)
	if got := []int{p.subscribe(many, page), p.subscribe(many, page)}; cmp.Diff([]int{0, 0}, got) != "" {
		t.Error("long-term:", got)
	}
	if err := p.Refuse(head, many); err != nil || p.subscribe(many, page) != 43101 {
		t.Error("refused in the settings")
	}
	if p.messages() != 4 {
		t.Errorf("%d messages", p.messages())
	}

	for name, c := range map[string]struct {
		rules  func(*wechatsim.Rules)
		change string // of the phrase
		want   []int  // of two sends with one grant, the first with the change
	}{
		"refused values leave the grant": {func(*wechatsim.Rules) {}, "x", []int{47003, 0}},
		"refused values cost the grant":  {func(r *wechatsim.Rules) { r.BadDataCostsGrant = true }, "x", []int{47003, 43101}},
		"grants add up to one":           {func(r *wechatsim.Rules) { r.MaxGrants = 1 }, "待接单", []int{0, 43101}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			r := p.Rules()
			c.rules(&r)
			p.SetRules(r)
			p.accept(once)
			if r.MaxGrants > 0 {
				p.accept(once)
			}
			if diff := cmp.Diff(c.want, []int{p.subscribe(once, page, "phrase3", c.change), p.subscribe(once, page)}); diff != "" {
				t.Error(diff)
			}
		})
	}
	q := newPlatform(t)
	r := q.Rules()
	r.GrantBeforeData = true
	q.SetRules(r)
	if got := q.subscribe(once, page, "phrase3", "x"); got != 43101 {
		t.Error("the grant first:", got)
	}
}

func TestQuestionsForSubscribeMessages(t *testing.T) {
	p := newPlatform(t)
	ids := []string{"a", "b", "c", "d", "e", "f"}
	for name, c := range map[string]struct {
		do   func() wechatsim.Answer
		want int
	}{
		"nothing":           {func() wechatsim.Answer { return p.accept() }, 10001},
		"too many":          {func() wechatsim.Answer { return p.accept(ids...) }, 20003},
		"none of ours":      {func() wechatsim.Answer { return p.accept("x") }, 20001},
		"the other account": {func() wechatsim.Answer { return p.accept(note) }, 20001},
		"two kinds":         {func() wechatsim.Answer { return p.accept(once, many) }, 20002},
		"no such phone":     {func() wechatsim.Answer { return p.Ask("x", []string{once}, nil, false) }, 10005},
	} {
		if got := c.do().Code; got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	r := p.Rules()
	r.AskAtOnce = 3
	p.SetRules(r)
	if got := p.accept(ids[:4]...).Code; got != 20003 {
		t.Error("three at once:", got)
	}
	p.Change(head, func(ph *wechatsim.Phone) { ph.Muted = true })
	if got := p.accept(once).Code; got != 20004 {
		t.Error("all switched off:", got)
	}
	p.Change(head, func(ph *wechatsim.Phone) { ph.Muted, ph.Banned[once] = false, true })
	if got := p.accept(once).Results[once]; got != "ban" {
		t.Error("banned:", got)
	}
	p.Change(head, func(ph *wechatsim.Phone) { ph.Banned[once] = false })
	p.AddTemplate(wechatsim.Template{ID: "twin", Title: "受理结果通知"})
	if got := p.accept(once, "twin").Results["twin"]; got != "filter" {
		t.Error("of one title:", got)
	}
	// “Always” answers later questions and is no standing permission.
	p.Ask(head, []string{once}, map[string]string{once: "accept"}, true)
	before, _ := p.Phone(head)
	p.Ask(head, []string{once}, nil, false)
	after, _ := p.Phone(head)
	if after.Grants[once] != before.Grants[once]+1 {
		t.Error("each question adds one:", before.Grants, after.Grants)
	}
}

func TestTemplateMessages(t *testing.T) {
	p := newPlatform(t)
	if got := p.official("1").code(); got != 43004 {
		t.Error("without following:", got)
	}
	if err := p.Follow(head, ""); err != nil {
		t.Fatal(err)
	}
	first, again := p.official("1"), p.official("1")
	if first.code() != 0 || again["msgid"] != first["msgid"] || p.messages() != 1 {
		t.Error(first, again, p.messages())
	}
	p.at = p.at.Add(10 * time.Minute)
	if p.official("1"); p.messages() != 2 {
		t.Error("after ten minutes the same id is another message")
	}
	r := p.Rules()
	r.DuplicateCode = 45072
	p.SetRules(r)
	if got := p.official("1").code(); got != 45072 {
		t.Error("refused as double:", got)
	}
	p.SetQuota("/cgi-bin/message/template/send", wechatsim.Quota{Day: 8})
	last := 0
	for i := range 8 {
		last = p.official(fmt.Sprint("q", i)).code()
	}
	if last != 45009 {
		t.Error("over the day's quota:", last)
	}
	p.at = p.at.Add(24 * time.Hour)
	if got := p.official("next day").code(); got != 0 {
		t.Error("the next day:", got)
	}
	if err := p.Unfollow(head); err != nil || p.official("2").code() != 43004 {
		t.Error("unfollowed")
	}
}

func TestValuesFitTheirKeywords(t *testing.T) {
	for _, c := range []struct {
		key    string
		fits   []string
		misfit []string
	}{
		{"thing1", []string{"楼道堆物", strings.Repeat("字", 20), "a1，。"}, []string{"", " ", strings.Repeat("字", 21), "a\nb", "a\x00"}},
		{"number2", []string{"1", "12.5", "-3"}, []string{"1a", "1.", "一", strings.Repeat("1", 33)}},
		{"letter3", []string{"abc"}, []string{"ab1", "字", strings.Repeat("a", 33)}},
		{"symbol1", []string{"+-*"}, []string{"a", "1", "++++++"}},
		{"character_string1", []string{"NS2026-000001", "a b"}, []string{"编号1", strings.Repeat("1", 33), "é"}},
		{"time1", []string{"15:01", "2026年3月2日 15:01", "2026年03月02日 15:01", "09:00~10:00", "2026-03-02"}, []string{"25:00", "15:60", "明天", "9点", "1:00~2:00~3:00"}},
		{"date1", []string{"2026年3月2日", "2026年3月2日 15:01", "2026-03-02", "2026年3月2日~2026年3月3日"}, []string{"3", "明天"}},
		{"amount1", []string{"¥12.50", "12元", "1234567890"}, []string{"12345678901", "一元", "12元元"}},
		{"phone_number1", []string{"+86-0766-66888866", "13800000000"}, []string{"电话", strings.Repeat("1", 18)}},
		{"car_number1", []string{"沪A12345", "粤A8Z888挂"}, []string{"沪A123456789", "?"}},
		{"name1", []string{"张三", "O'Neil", strings.Repeat("字", 10)}, []string{strings.Repeat("字", 11), strings.Repeat("a", 21), "张3"}},
		{"phrase1", []string{"待接单"}, []string{"13笔", "六个字的状态", "ok"}},
		{"const1", []string{"待办"}, []string{"已办", ""}},
		{"nothing1", nil, []string{"x"}},
		{"1", nil, []string{"x"}},
	} {
		for _, v := range c.fits {
			if why := wechatsim.DefaultRules().Misfit(c.key, v, []string{"待办"}); why != "" {
				t.Errorf("%s %q: %s", c.key, v, why)
			}
		}
		for _, v := range c.misfit {
			if wechatsim.DefaultRules().Misfit(c.key, v, []string{"待办"}) == "" {
				t.Errorf("%s takes %q", c.key, v)
			}
		}
	}
	r := wechatsim.DefaultRules()
	r.WideCountTwice, r.DateTakesTime = true, false
	if r.Misfit("thing1", strings.Repeat("👷", 11), nil) == "" || r.Misfit("date1", "2026年3月2日 15:01", nil) == "" {
		t.Error("the stricter readings")
	}
}

func FuzzMisfit(f *testing.F) {
	for _, key := range []string{"thing1", "time2", "date3", "amount4", "car_number5", "name6", "phrase7", "character_string8", "number9", "symbol1", "_", "é1"} {
		f.Add(key, "2026年3月2日 15:01~16:00")
	}
	f.Fuzz(func(t *testing.T, key, v string) {
		r := wechatsim.DefaultRules()
		if r.Misfit(key, v, nil) == "" && (strings.TrimSpace(v) == "" || len([]rune(v)) > 60) {
			t.Fatalf("%s takes %q", key, v)
		}
	})
}

func TestContentChecks(t *testing.T) {
	p := newPlatform(t)
	p.Login(head)
	phone, _ := p.Phone(head)
	check := func(content, openid string, scene int) answer {
		return p.post("/wxa/msg_sec_check?access_token="+p.token(false), fields{"version": 2, "openid": openid, "scene": scene, "content": content})
	}
	suggest := func(content string) any {
		result, _ := check(content, phone.OpenID, 2)["result"].(map[string]any)
		return result["suggest"]
	}
	if suggest("楼道堆物") != "pass" || suggest("有"+wechatsim.RiskyWord) != "risky" || suggest("有"+wechatsim.ReviewWord) != "review" {
		t.Error("suggestions")
	}
	if got := []int{check("", phone.OpenID, 2).code(), check("x", "o", 2).code(), check("x", phone.OpenID, 5).code(), check(strings.Repeat("字", 2501), phone.OpenID, 2).code()}; cmp.Diff([]int{44002, 40003, 40129, 47001}, got) != "" {
		t.Error(got)
	}
	p.SetQuota("/wxa/msg_sec_check", wechatsim.Quota{Minute: 8})
	last := 0
	for range 8 {
		last = check("x", phone.OpenID, 2).code()
	}
	if last != 45009 {
		t.Error("over the minute's quota:", last)
	}
	p.at = p.at.Add(time.Minute)
	if got := check("x", phone.OpenID, 2).code(); got != 0 {
		t.Error("the next minute:", got)
	}
	p.at = p.at.Add(2*time.Hour + time.Second)
	if got := check("x", phone.OpenID, 2).code(); got != 61010 {
		t.Error("not there for two hours:", got)
	}
}

// A picture is fetched from where its address says and judged by its colour; the verdict is pushed.
func TestPicturesAreFetchedAndJudged(t *testing.T) {
	p := newPlatform(t)
	p.Login(head)
	phone, _ := p.Phone(head)
	fill := func(c color.Color) []byte {
		m := image.NewRGBA(image.Rect(0, 0, 60, 40))
		draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	pictures := map[string][]byte{
		"/grey": fill(color.RGBA{120, 120, 120, 255}), "/red": fill(color.RGBA{230, 20, 20, 255}), "/yellow": fill(color.RGBA{240, 220, 30, 255}), "/text": []byte("no picture"), "/large": make([]byte, 10<<20+1),
	}
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := pictures[r.URL.Path]
		if !ok || r.Header.Get("Authorization") != "" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(body)
	}))
	defer files.Close()
	check := func(address string, kind int, openid string) answer {
		return p.post("/wxa/media_check_async?access_token="+p.token(false), fields{"version": 2, "openid": openid, "scene": 2, "media_type": kind, "media_url": address})
	}
	for address, want := range map[string]string{
		files.URL + "/grey": "pass", files.URL + "/red": "risky", files.URL + "/yellow": "review",
		files.URL + "/text": wechatsim.Lost, files.URL + "/large": wechatsim.Lost, files.URL + "/none": wechatsim.Lost, "https://example.gov.cn/grey": wechatsim.Lost,
	} {
		if got := check(address, 2, phone.OpenID); got.code() != 0 || got["trace_id"] == "" {
			t.Error(got)
		}
		p.Wait()
		if l := p.Looks()[0]; l.Suggest != want || !l.Picture || l.Phone != head {
			t.Errorf("%s: %+v, want %s", address, l, want)
		}
	}
	if got := []int{check("", 2, phone.OpenID).code(), check("ftp://x/y", 2, phone.OpenID).code(), check(files.URL, 3, phone.OpenID).code(), check(files.URL, 2, "o").code()}; cmp.Diff([]int{40004, 40035, 40004, 40003}, got) != "" {
		t.Error(got)
	}
	p.at = p.at.Add(2*time.Hour + time.Second)
	if got := check(files.URL+"/grey", 2, phone.OpenID).code(); got != 61010 {
		t.Error("not there for two hours:", got)
	}
	r := p.Rules()
	r.VisitWithin2h = false
	p.SetRules(r)
	if got := check(files.URL+"/grey", 2, phone.OpenID).code(); got != 0 {
		t.Error("the switch:", got)
	}
	p.Wait()
}

func TestWeCom(t *testing.T) {
	p := newPlatform(t)
	_, _, corp := wechatsim.Accounts()
	app, _, _ := wechatsim.Accounts()
	token, _ := p.get("/cgi-bin/gettoken?corpid=" + corp.ID + "&corpsecret=" + corp.Secret)["access_token"].(string)
	send := func(to, title string) int {
		return p.post("/cgi-bin/message/send?access_token="+token, fields{"touser": to, "msgtype": "miniprogram_notice", "agentid": corp.Agent, "enable_duplicate_check": 1,
			"miniprogram_notice": fields{"appid": app.AppID, "page": "pages/case/case", "title": title, "description": "请接单办理", "content_item": []fields{{"key": "编号", "value": "NS"}}}}).code()
	}
	if got := []int{send("chenjg", "难事交办"), send("chenjg", "难事交办"), send("nobody", "难事交办"), send("chenjg", "短")}; cmp.Diff([]int{0, 0, 81013, 40058}, got) != "" || p.messages() != 1 {
		t.Error(got, p.messages())
	}
	for i := range 40 {
		send("chenjg", fmt.Sprint("难事交办", i))
	}
	if p.messages() != 30 {
		t.Errorf("%d a minute; more is dropped without a word", p.messages())
	}
	card := func(title, description string, items ...fields) int {
		return p.post("/cgi-bin/message/send?access_token="+token, fields{"touser": "chenjg", "msgtype": "miniprogram_notice", "agentid": corp.Agent,
			"miniprogram_notice": fields{"appid": app.AppID, "page": "pages/case/case", "title": title, "description": description, "content_item": items}}).code()
	}
	line := func(key, value int) fields {
		return fields{"key": strings.Repeat("键", key), "value": strings.Repeat("值", value)}
	}
	got := []int{
		card("四个字的", "四个字的", slices.Repeat([]fields{line(10, 30)}, 10)...), card(strings.Repeat("长", 12), "", line(1, 1)),
		card("三个字", ""), card(strings.Repeat("长", 13), ""), card("四个字的", "三个字"), card("四个字的", "", slices.Repeat([]fields{line(1, 1)}, 11)...),
		card("四个字的", "", line(11, 1)), card("四个字的", "", line(0, 1)), card("四个字的", "", line(1, 31)), card("四个字的", "", line(1, 0)),
	}
	if diff := cmp.Diff([]int{0, 0, 40058, 40058, 40058, 40058, 40058, 40058, 40058, 40058}, got); diff != "" {
		t.Error(diff)
	}
	// Of a day there are 200 for each member, which are the app's as a whole.
	members := 0
	for _, ph := range p.Phones() {
		if ph.WorkID != "" {
			members++
		}
	}
	p.at = p.at.Truncate(24 * time.Hour).Add(24 * time.Hour) // 08:00 there
	token, _ = p.get("/cgi-bin/gettoken?corpid=" + corp.ID + "&corpsecret=" + corp.Secret)["access_token"].(string)
	before, sent := p.messages(), 0
	for range members*200/25 + 2 {
		p.at = p.at.Add(2 * time.Minute)
		for range 25 {
			sent++
			if code := send("chenjg", fmt.Sprint("难事交办", sent)); code != 0 {
				t.Fatal(code)
			}
		}
	}
	if n := p.messages() - before; n != members*200 {
		t.Errorf("%d of %d a day arrived, of %d members", n, sent, members)
	}
}

func TestCodesToScan(t *testing.T) {
	p := newPlatform(t)
	made := func(in fields) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/wxa/getwxacodeunlimit?access_token="+p.token(false), bytes.NewReader(must(t, in)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		var out answer
		if json.Unmarshal(body, &out) == nil {
			return out.code()
		}
		if kind := http.DetectContentType(body); kind != "image/jpeg" && kind != "image/png" {
			t.Error(kind)
		}
		return 0
	}
	no := false
	if got := []int{
		made(fields{"scene": "i=1", "page": "pages/case/case"}), made(fields{"scene": "i=1", "page": "pages/none"}), made(fields{"scene": "i=1", "page": "pages/none", "check_path": no}),
		made(fields{"scene": strings.Repeat("1", 33)}), made(fields{"scene": "中"}), made(fields{"scene": "1", "page": "/pages/case/case"}), made(fields{"scene": "1", "width": 10}), made(fields{"scene": "i=2", "is_hyaline": true}),
	}; cmp.Diff([]int{0, 41030, 0, 40169, 40129, 41030, 40097, 0}, got) != "" {
		t.Error(got)
	}
	opened, err := p.Scan(head, "mp:pages/case/case?i=1")
	if err != nil || opened.Page != "pages/case/case" || opened.Query["scene"] != "i=1" {
		t.Error(opened, err)
	}
	follow := p.post("/cgi-bin/qrcode/create?access_token="+p.token(true), fields{"expire_seconds": 600, "action_name": "QR_STR_SCENE", "action_info": fields{"scene": fields{"scene_str": "bind:1"}}})
	content, _ := follow["url"].(string)
	if _, err := p.Scan(head, content); err != nil {
		t.Error(err)
	}
	if phone, _ := p.Phone(head); !phone.Follows {
		t.Error("scanned, and does not follow")
	}
	p.at = p.at.Add(time.Hour)
	if _, err := p.Scan(head, content); err == nil {
		t.Error("scanned after its end")
	}
}

func must(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The control side: what a person does on a phone, and the page.
func TestControl(t *testing.T) {
	p := newPlatform(t)
	if got := p.post("/_sim/follow", fields{"phone": head}); got["error"] != nil {
		t.Error(got)
	}
	p.official("1")
	phone, _ := p.Phone(head)
	tapped := p.post("/_sim/tap", fields{"phone": head, "message": phone.Messages[0].ID})
	if query, _ := tapped["query"].(map[string]any); tapped["page"] != "pages/case/case" || query["id"] != "1" {
		t.Error(tapped)
	}
	if code, _ := p.post("/_sim/login", fields{"phone": head})["code"].(string); len(code) != 32 {
		t.Error("no code")
	}
	if got := p.post("/_sim/subscribe", fields{"phone": head, "templates": []string{once}, "answers": map[string]string{once: "accept"}}); got["code"] != 0.0 {
		t.Error(got)
	}
	if got := p.post("/_sim/sms", fields{"number": "13900000001", "text": "短信"}); got["error"] != nil {
		t.Error(got)
	}
	if got := p.post("/_sim/faults", wechatsim.Fault{Path: "/cgi-bin/user/info", Kind: wechatsim.Refusal, Code: -1, Times: 1}); got["error"] != nil {
		t.Error(got)
	}
	if got := []int{p.get("/cgi-bin/user/info").code(), p.get("/cgi-bin/user/info").code()}; cmp.Diff([]int{-1, 41001}, got) != "" {
		t.Error("once, as ordered:", got)
	}
	if got := p.post("/_sim/rules", fields{"ask_at_once": 3}); got["ask_at_once"] != 3.0 || fmt.Sprint(got["silent_accept_tells"]) != "true" {
		t.Error("one switch, the others as they were:", got)
	}
	w := p.get("/_sim/world")
	if list, _ := w["phones"].([]any); len(list) != 2 || w["templates"] == nil {
		t.Error(w)
	}
	for path, body := range map[string]any{"/_sim/nothing": fields{}, "/_sim/tap": fields{"phone": "x"}, "/_sim/follow": fields{"nothing": 1}, "/_sim/scan": fields{"phone": head, "content": "x"}, "/_sim/phones": fields{}} {
		if got := p.post(path, body); got["error"] == nil {
			t.Errorf("%s: %v", path, got)
		}
	}
	got, err := http.Get(p.url + "/") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if page, err := io.ReadAll(got.Body); err != nil || !bytes.Contains(page, []byte("模拟手机")) || got.Header.Get("Content-Security-Policy") == "" {
		t.Error("no page", err)
	}
}

// Nobody from elsewhere, and no page from elsewhere in a browser here.
func TestOnlyThisMachine(t *testing.T) {
	p := newPlatform(t)
	ask := func(remote, host, kind string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/_sim/reset", strings.NewReader("{}"))
		r.RemoteAddr, r.Host = remote, host
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w.Code
	}
	if got := []int{ask("127.0.0.1:1", "127.0.0.1:80", "application/json"), ask("10.0.0.1:1", "127.0.0.1:80", "application/json"), ask("127.0.0.1:1", "evil.example:80", "application/json"), ask("127.0.0.1:1", "localhost:80", "text/plain")}; cmp.Diff([]int{200, 403, 403, 400}, got) != "" {
		t.Error(got)
	}
}

func TestPhonesOutliveTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "phones.json")
	keep := func(o *wechatsim.Options) { o.Keep = file }
	p := newPlatform(t, keep)
	p.post("/_sim/follow", fields{"phone": head})
	p.official("1")
	before, _ := p.Phone(head)
	q := newPlatform(t, keep)
	after, _ := q.Phone(head)
	if diff := cmp.Diff(before, after); diff != "" || len(after.Messages) != 1 {
		t.Error(diff)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wechatsim.New(wechatsim.Options{Clock: time.Now, Keep: file}); err == nil || !strings.Contains(err.Error(), "请删去") {
		t.Error(err)
	}
}

// Events are pushed up to three times, until they are answered.
func TestPushesAreRepeated(t *testing.T) {
	tries := 0
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries < 3 {
			http.Error(w, "", http.StatusInternalServerError)
		}
	}))
	t.Cleanup(callback.Close)
	p := newPlatform(t)
	p.Callback(callback.URL, callback.URL)
	p.AddFault(wechatsim.Fault{Path: wechatsim.PushPath, Kind: wechatsim.Drop, Times: 1})
	for range 2 { // the first is dropped
		if err := p.Follow(head, ""); err != nil {
			t.Fatal(err)
		}
		p.Wait()
		if err := p.Unfollow(head); err != nil {
			t.Fatal(err)
		}
		p.Wait()
		p.Callback("", "")
	}
	if tries != 3 {
		t.Errorf("%d tries", tries)
	}
}
