package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workflow"
)

// picture is a JPEG that takes several parts.
func picture(t testing.TB) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 1200, 900))
	for i := range m.Pix {
		m.Pix[i] = byte(i*i>>7 ^ i)
	}
	for y := range 200 {
		for x := range 300 {
			m.SetRGBA(x, y, color.RGBA{230, 20, 20, 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	if out.Len() < 2*workflow.PartBytes {
		t.Fatal("the picture has one part only:", out.Len())
	}
	return out.Bytes()
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func (o *office) putPart(who, id string, no int, body []byte) answer {
	o.t.Helper()
	return o.call(who, http.MethodPut, fmt.Sprintf("%s/uploads/%s/parts/%d", v1, id, no), body, "Content-Type", "application/octet-stream")
}

func partOf(body []byte, no int) []byte {
	return body[no*workflow.PartBytes : min((no+1)*workflow.PartBytes, len(body))]
}

// attachment uploads a file and completes it.
func (o *office) attachment(who, name string, body []byte) string {
	o.t.Helper()
	up := ok[workflow.UploadView](o.post(who, "/uploads", fields{"name": name, "size": len(body), "sha256": hashOf(body)}))
	for no := range up.Parts {
		if a := o.putPart(who, up.ID, no, partOf(body, no)); a.status != http.StatusNoContent {
			o.t.Fatalf("part %d: %d %s", no, a.status, a.body)
		}
	}
	return ok[workflow.UploadView](o.post(who, "/uploads/"+up.ID+"/complete", nil)).ID
}

func (o *office) attachments(who string, c workflow.CaseView) []workflow.AttachmentView {
	o.t.Helper()
	return ok[workflow.Page[workflow.AttachmentView]](o.get(who, "/cases/"+c.ID+"/attachments")).Items
}

func TestAnUploadGoesOnWhereItBroke(t *testing.T) {
	o := newOffice(t)
	body := picture(t)
	up := ok[workflow.UploadView](o.post("p-h1", "/uploads", fields{"name": "现场13812345678.jpg", "size": len(body), "sha256": hashOf(body)}, "Idempotency-Key", "k1"))
	if again := ok[workflow.UploadView](o.post("p-h1", "/uploads", fields{"name": "现场13812345678.jpg", "size": len(body), "sha256": hashOf(body)}, "Idempotency-Key", "k1")); again.ID != up.ID {
		t.Error("the same key began another upload")
	}
	o.post("p-h1", "/uploads", fields{"size": 5}, "Idempotency-Key", "k1").refused(http.StatusBadRequest, "request.key_reused")
	last := up.Parts - 1
	for _, no := range []int{last, 0, 0} {
		if a := o.putPart("p-h1", up.ID, no, partOf(body, no)); a.status != http.StatusNoContent {
			t.Fatal(a.status, string(a.body))
		}
	}
	o.putPart("p-h1", up.ID, 1, []byte("半段")).refused(http.StatusBadRequest, "attachment.part_size")
	o.putPart("p-h1", up.ID, up.Parts, partOf(body, 0)).refused(http.StatusBadRequest, "attachment.part")
	if got := ok[workflow.UploadView](o.get("p-h1", "/uploads/"+up.ID)); fmt.Sprint(got.Received) != fmt.Sprint([]int{0, last}) || got.State != "uploading" {
		t.Errorf("%+v", got)
	}
	o.post("p-h1", "/uploads/"+up.ID+"/complete", nil).refused(http.StatusConflict, "attachment.incomplete")
	for no := 1; no < last; no++ {
		o.putPart("p-h1", up.ID, no, partOf(body, no))
	}
	for _, path := range []string{"", "/complete"} { // somebody else's does not exist
		method := http.MethodGet
		if path != "" {
			method = http.MethodPost
		}
		o.call("p-cy", method, v1+"/uploads/"+up.ID+path, nil).refused(http.StatusNotFound, "attachment.not_found")
	}
	o.putPart("p-cy", up.ID, 0, partOf(body, 0)).refused(http.StatusNotFound, "attachment.not_found")
	var done workflow.UploadView
	for range 2 {
		done = ok[workflow.UploadView](o.post("p-h1", "/uploads/"+up.ID+"/complete", nil))
	}
	if done.State != "ready" || done.Type != "image/jpeg" || done.Width != 1200 || done.Height != 900 || done.Size == 0 {
		t.Errorf("%+v", done)
	}
	if a := o.putPart("p-h1", up.ID, 0, partOf(body, 0)); a.status != http.StatusNoContent {
		t.Error("a part whose answer was lost is refused:", a.status)
	}
}

func TestWhatDidNotComeInAsItWasSentIsSentAgain(t *testing.T) {
	o := newOffice(t)
	body := picture(t)
	up := ok[workflow.UploadView](o.post("p-h1", "/uploads", fields{"size": len(body), "sha256": hashOf(body)}))
	other := bytes.Repeat([]byte{7}, workflow.PartBytes)
	for no := range up.Parts {
		part := partOf(body, no)
		if no == 1 {
			part = other[:len(part)]
		}
		o.putPart("p-h1", up.ID, no, part)
	}
	o.post("p-h1", "/uploads/"+up.ID+"/complete", nil).refused(http.StatusConflict, "attachment.differs")
	for no := range up.Parts {
		o.putPart("p-h1", up.ID, no, partOf(body, no))
	}
	ok[workflow.UploadView](o.post("p-h1", "/uploads/"+up.ID+"/complete", nil))
}

func TestFilesThatAreNotKept(t *testing.T) {
	o := newOffice(t)
	pdf := []byte("%PDF-1.7\n一页\n")
	for name, c := range map[string]struct {
		who    string
		body   []byte
		reason string
	}{
		"a photo of an iPhone":    {"p-h1", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "attachment.heic"},
		"a program":               {"p-h1", []byte("MZ\x90\x00"), "attachment.type"},
		"a broken photo":          {"p-h1", picture(t)[:5000], "attachment.broken"},
		"a document by residents": {"p-r", pdf, "attachment.type"},
	} {
		up := ok[workflow.UploadView](o.post(c.who, "/uploads", fields{"size": len(c.body)}))
		o.putPart(c.who, up.ID, 0, c.body)
		o.post(c.who, "/uploads/"+up.ID+"/complete", nil).refused(http.StatusBadRequest, c.reason)
		p := o.post(c.who, "/uploads/"+up.ID+"/complete", nil).refused(http.StatusConflict, "attachment.dropped")
		if !strings.Contains(p.Message, "重新选择") {
			t.Errorf("%s: %s", name, p.Message)
		}
	}
	o.post("p-h1", "/uploads", fields{"size": 10<<20 + 1}).refused(http.StatusBadRequest, "attachment.too_large")
	o.post("p-h1", "/uploads", fields{"size": 0}).refused(http.StatusBadRequest, "request.invalid")
	if id := o.attachment("p-h1", "纪要.pdf", pdf); id == "" {
		t.Error("staff bring no document")
	}
	o.post("p-sa", "/uploads", fields{"size": 1}).refused(http.StatusForbidden, "auth.denied")
}

func TestNobodyFillsTheFolder(t *testing.T) {
	o := newOffice(t)
	var ids []string
	for i := 0; ; i++ {
		a := o.post("p-h1", "/uploads", fields{"size": 100})
		if a.status == http.StatusTooManyRequests {
			a.refused(http.StatusTooManyRequests, "attachment.too_many")
			break
		}
		ids = append(ids, ok[workflow.UploadView](a).ID)
		if i > 100 {
			t.Fatal("no end")
		}
	}
	if a := o.call("p-h1", http.MethodDelete, v1+"/uploads/"+ids[0], nil); a.status != http.StatusNoContent {
		t.Error(a.status, string(a.body))
	}
	ok[workflow.UploadView](o.post("p-h1", "/uploads", fields{"size": 100}))
	// What nobody used is gone a day later.
	o.at("2026-03-03 10:01")
	if err := o.engine.DropAttachments(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.at("2026-03-03 11:02")
	if err := o.engine.DropAttachments(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.get("p-h1", "/uploads/"+ids[3]).refused(http.StatusNotFound, "attachment.not_found")
}

func TestAttachmentsOfACase(t *testing.T) {
	o := newOffice(t)
	c := o.handling() // p-w1's, with a ticket of p-r
	o.hire("p-other", "别的居民", "13800009999", organisation.Post{Role: casework.Resident})
	inner := o.attachment("p-w1", "内部.jpg", picture(t))
	public := o.attachment("p-w1", "沈阿婆家13812345678.jpg", picture(t))
	c = o.must("p-w1", c, "progress", fields{"text": "已到现场", "attachments": []string{inner}})
	c = o.must("p-w1", c, "progress", fields{"text": "已修好路灯", "attachments": []string{public}, "public": true})

	list := o.attachments("p-w1", c)
	if len(list) != 2 || list[0].ID != inner || list[0].Public || !list[1].Public || list[1].By.Name != "张伟" || list[0].WithLabel != "记录进展" {
		t.Fatalf("%+v", list)
	}
	if list[1].Name != "沈阿婆家138****5678.jpg" {
		t.Error(list[1].Name)
	}
	for _, url := range []string{list[0].URL, list[0].ThumbURL} {
		if strings.Contains(url, "p-w1") || strings.Contains(url, c.ID) || strings.Contains(url, inner) {
			t.Error("a link names something:", url)
		}
		a := o.call("", http.MethodGet, url, nil)
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/jpeg" || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", a.status, a.header)
		}
		if _, err := jpeg.Decode(bytes.NewReader(a.body)); err != nil {
			t.Error(err)
		}
	}
	if a := o.call("", http.MethodGet, list[0].URL, nil, "Range", "bytes=0-9"); a.status != http.StatusPartialContent || len(a.body) != 10 {
		t.Error("no part of it:", a.status, len(a.body))
	}

	// The requester sees what is public, without names.
	own := o.attachments("p-r", c)
	if len(own) != 1 || own[0].ID != public || own[0].By != nil || own[0].Name != "" {
		t.Errorf("%+v", own)
	}
	if a := o.call("", http.MethodGet, own[0].URL, nil); a.status != http.StatusOK {
		t.Error(a.status)
	}
	for _, who := range []string{"p-other", "p-w2", "p-gc2"} {
		o.get(who, "/cases/"+c.ID+"/attachments").refused(http.StatusNotFound, "case.not_found")
	}
	// It cannot be dropped, used twice, or used by somebody else.
	o.call("p-w1", http.MethodDelete, v1+"/uploads/"+inner, nil).refused(http.StatusConflict, "attachment.in_case")
	other := o.handling()
	o.do("p-w1", other, "progress", fields{"text": "同一张照片", "attachments": []string{inner}}).refused(http.StatusBadRequest, "case.attachment")
	free := o.attachment("p-w2", "", picture(t))
	o.do("p-w1", other, "progress", fields{"text": "别人的照片", "attachments": []string{free}}).refused(http.StatusBadRequest, "case.attachment")
	o.do("p-w1", other, "progress", fields{"text": "没有的照片", "attachments": []string{"照片"}}).refused(http.StatusBadRequest, "case.attachment")
	// The result may name what is there already, and paper in words.
	o.must("p-w1", c, "submit", fields{"result": "已修好", "outcome": "solved", "evidence": []string{public, "验收单存档案柜 3 号"}})
	if found, err := o.engine.Verify(t.Context()); err != nil || len(found.Findings) > 0 || found.Files != 2 {
		t.Errorf("%+v %v", found, err)
	}
	if o.log.Len() == 0 || strings.Contains(o.log.String(), strings.TrimPrefix(list[0].URL, workflow.FilesPath)) {
		t.Error("a link stands in the log")
	}
}

func TestALinkEnds(t *testing.T) {
	o := newOfficeWith(t, noSecondFactor, func(p *Options) { p.SessionsOnly = true })
	o.account("p-w1", "p-cy")
	c := o.handlingWithSessions(t)
	who := o.session("p-w1")
	list := ok[workflow.Page[workflow.AttachmentView]](o.from("10.0.0.1", who.AccessToken, http.MethodGet, "/cases/"+c+"/attachments", nil)).Items
	url := list[0].URL
	if a := o.call("", http.MethodGet, url, nil); a.status != http.StatusOK {
		t.Fatal(a.status, string(a.body))
	}
	for name, forged := range map[string]string{
		"cut off": url[:len(url)-2], "changed": url[:len(url)-6] + "AAAAAA", "nothing": workflow.FilesPath + "x", "of another place": workflow.FilesPath + strings.TrimPrefix(url, workflow.FilesPath)[4:],
	} {
		if a := o.call("", http.MethodGet, forged, nil); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := o.from("10.0.0.1", who.AccessToken, http.MethodPost, "/auth/logout", nil); a.status != http.StatusNoContent {
		t.Fatal(a.status, string(a.body))
	}
	o.call("", http.MethodGet, url, nil).refused(http.StatusUnauthorized, "auth.session_ended")

	again := o.session("p-w1")
	url = ok[workflow.Page[workflow.AttachmentView]](o.from("10.0.0.1", again.AccessToken, http.MethodGet, "/cases/"+c+"/attachments", nil)).Items[0].URL
	o.pass(5*time.Minute + time.Second)
	o.call("", http.MethodGet, url, nil).refused(http.StatusNotFound, "attachment.link_over")
}

// handlingWithSessions makes a case with one attachment of p-w1's, past the guard, and gives its id.
func (o *office) handlingWithSessions(t *testing.T) string {
	t.Helper()
	trial := newOfficeOver(o)
	c := trial.handling()
	c = trial.must("p-w1", c, "progress", fields{"text": "已到现场", "attachments": []string{trial.attachment("p-w1", "a.jpg", picture(t))}})
	return c.ID
}

// newOfficeOver is the same office behind a handler that takes trial tokens.
func newOfficeOver(o *office) *office {
	return &office{
		t: o.t, db: o.db, engine: o.engine, signer: o.signer, signIn: o.signIn, log: o.log, now: o.clock(),
		handler: NewHandler(Options{Engine: o.engine, Signer: o.signer, SignIn: o.signIn, Clock: o.clock, Logger: slog.New(slog.DiscardHandler)}),
	}
}

func TestWhoNoLongerSeesTheCaseReadsNothing(t *testing.T) {
	o := newOffice(t)
	c := o.handling()
	c = o.must("p-w1", c, "progress", fields{"text": "已到现场", "attachments": []string{o.attachment("p-w1", "a.jpg", picture(t))}})
	url := o.attachments("p-w1", c)[0].URL
	o.move("p-w1", organisation.Post{Role: casework.Handler, Unit: "d-3"})
	o.call("", http.MethodGet, url, nil).refused(http.StatusNotFound, "case.not_found")
}

func TestTheSameUploadCompletedByManyAtOnce(t *testing.T) {
	o := newOffice(t)
	body := picture(t)
	up := ok[workflow.UploadView](o.post("p-h1", "/uploads", fields{"size": len(body)}))
	var all sync.WaitGroup
	for no := range up.Parts {
		for range 3 {
			all.Go(func() { o.putPart("p-h1", up.ID, no, partOf(body, no)) })
		}
	}
	all.Wait()
	for range 4 {
		all.Go(func() {
			if got := ok[workflow.UploadView](o.post("p-h1", "/uploads/"+up.ID+"/complete", nil)); got.State != "ready" {
				t.Errorf("%+v", got)
			}
		})
	}
	all.Wait()
	c := o.must("p-h1", o.handling(), "progress", fields{"text": "已到现场", "attachments": []string{up.ID}})
	if a := o.call("", http.MethodGet, o.attachments("p-h1", c)[0].URL, nil); a.status != http.StatusOK {
		t.Error(a.status)
	}
}

func TestAScreenshotIsKept(t *testing.T) {
	o := newOffice(t)
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 300, 600))); err != nil {
		t.Fatal(err)
	}
	c := o.must("p-w1", o.handling(), "progress", fields{"text": "聊天截图", "attachments": []string{o.attachment("p-w1", `C:\图片\截图.png`, out.Bytes())}})
	list := o.attachments("p-w1", c)
	if list[0].Type != "image/png" || list[0].Name != "截图.png" || list[0].Width != 300 {
		t.Errorf("%+v", list[0])
	}
}

// How a resident has called a file is their own words, which nobody has looked at: it is shown to nobody.
func TestFilesOfRequestersHaveNoName(t *testing.T) {
	o := newOffice(t)
	c := o.resolved()
	id := o.attachment("p-r", "城管收了某某的钱.jpg", picture(t))
	c = o.must("p-r", c, "rate", fields{"rating": "satisfied", "attachments": []string{id}})
	for _, who := range []string{"p-cy", "p-r"} {
		list := o.attachments(who, c)
		if i := slices.IndexFunc(list, func(a workflow.AttachmentView) bool { return a.ID == id }); i < 0 || list[i].Name != "" {
			t.Errorf("%s: %+v", who, list)
		}
	}
}
