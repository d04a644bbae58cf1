package workflow_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/blob"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/vault"
	"xiaopu/server/workflow"
)

// minutes is a document that names somebody.
var minutes = []byte("%PDF-1.7\n" + strings.Repeat("欧阳佳慧 13812345678 望舒路100弄12号302室\n", 25_000))

// upload uploads a document and gives its id.
func (w *world) upload(who string, body []byte) string {
	w.t.Helper()
	ctx, actor := context.Background(), w.actor(who)
	up, err := w.e.StartUpload(ctx, actor, workflow.NewUpload{Name: "会商纪要-欧阳佳慧.pdf", Size: int64(len(body))}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	for no := range up.Parts {
		if err := w.e.PutPart(ctx, actor, up.ID, no, body[no*workflow.PartBytes:min((no+1)*workflow.PartBytes, len(body))]); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := w.e.CompleteUpload(ctx, actor, up.ID); err != nil {
		w.t.Fatal(err)
	}
	return up.ID
}

// lie lists the files in the folder of attachments that belong to one.
func (w *world) lie(id string) (names []string) {
	w.t.Helper()
	err := filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, id) {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return names
}

func TestAttachmentsAreSealedWhereverTheyLie(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		id := w.upload("p-h1", minutes)
		c := w.dispatched()
		w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
		w.must(c.ID, "p-h1", casework.Progress{Text: "已开会", Attached: casework.Attached{Attachments: []string{id}}})
		files := w.lie(id)
		if len(files) != 3 { // 1.1 MB in pieces, no parts any more
			t.Error(files)
		}
		var everything bytes.Buffer
		for _, path := range files {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			everything.Write(body)
		}
		backup := &bytes.Buffer{}
		if _, err := db.Backup(context.Background(), backup, "test", w.clock()); err != nil {
			t.Fatal(err)
		}
		plain, err := gzip.NewReader(backup)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := everything.ReadFrom(plain); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"欧阳佳慧", "13812345678", "会商纪要", "%PDF"} {
			if bytes.Contains(everything.Bytes(), []byte(secret)) {
				t.Errorf("%q lies in the clear", secret)
			}
		}
		w.verify()
	})
}

func TestTheAuditFindsWhatHappenedToAttachments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		var ids []string
		for range 4 {
			ids = append(ids, w.upload("p-h1", minutes))
		}
		c := w.dispatched()
		w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
		w.must(c.ID, "p-h1", casework.Progress{Text: "已开会", Attached: casework.Attached{Attachments: ids}})
		w.verify()
		if err := w.blobs.Remove(ctx, ids[0]); err != nil {
			t.Fatal(err)
		}
		pieces, err := w.blobs.List(ctx, ids[3])
		if err != nil || len(pieces) != 3 {
			t.Fatal(pieces, err)
		}
		if err := w.blobs.Put(ctx, ids[1]+"/"+pieces[1], []byte("别的")); err != nil {
			t.Fatal(err)
		}
		// Pieces of another attachment, one for one: the same document, so they have the same names.
		for _, piece := range pieces {
			body, err := w.blobs.Get(ctx, ids[3]+"/"+piece)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.blobs.Put(ctx, ids[2]+"/"+piece, body); err != nil {
				t.Fatal(err)
			}
		}
		v, err := w.e.Verify(ctx)
		if err != nil || len(v.Findings) != 3 {
			t.Fatalf("%+v %v", v, err)
		}
		for i, want := range []string{"附件 " + ids[0] + " 的内容不见了", "附件 " + ids[1] + " 的内容被改动或已损坏", "附件 " + ids[2] + " 的内容被改动或已损坏"} {
			if v.Findings[i].Message != want || v.Findings[i].CaseID != c.ID {
				t.Errorf("%+v, want %s", v.Findings[i], want)
			}
		}
	})
}

func TestAttachmentsFollowAMergeAndASplit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		target := w.dispatched()
		w.must(target.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
		id := w.upload("p-gl", minutes)
		source := w.must("", "p-gl", casework.Report{Title: "又是夜间施工", Facts: "还在施工", Place: "春江花园", GridID: "g-1", Attached: casework.Attached{Attachments: []string{id}}})
		w.must(source.ID, "p-cy", casework.Register{})
		shown := func(caseID string) int {
			t.Helper()
			page, err := w.e.Attachments(ctx, w.actor("p-cy"), "", caseID, "", 20)
			if err != nil {
				t.Fatal(err)
			}
			return len(page.Items)
		}
		w.must(source.ID, "p-cy", casework.Merge{TargetID: target.ID, Reason: "同一件事"})
		if shown(source.ID) != 0 || shown(target.ID) != 1 {
			t.Errorf("merged: %d and %d", shown(source.ID), shown(target.ID))
		}
		w.verify()
		w.must(source.ID, "p-cy", casework.Split{Reason: "不是同一件事"})
		if shown(source.ID) != 1 || shown(target.ID) != 0 {
			t.Errorf("split: %d and %d", shown(source.ID), shown(target.ID))
		}
		w.verify()
	})
}

func TestAttachmentsAreErasedWhenTheirTimeIsOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		byCommand := workflow.RetentionRun{Occasion: store.ByCommand}
		kept := w.upload("p-h1", minutes)
		open := w.dispatched()
		w.must(open.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
		w.must(open.ID, "p-h1", casework.Progress{Text: "已开会", Attached: casework.Attached{Attachments: []string{kept}}})
		id := w.upload("p-gl", minutes)
		rejected := w.must("", "p-gl", casework.Report{Title: "路灯不亮", Facts: "一盏路灯不亮", Place: "春江花园", GridID: "g-1", Attached: casework.Attached{Attachments: []string{id}}})
		w.must(rejected.ID, "p-cy", casework.Reject{Reason: "不是难事"})
		w.at("2029-03-02 09:59")
		if c := w.retain(byCommand); c.Number != "" {
			t.Errorf("too early: %s", counts(c))
		}
		w.at("2029-03-02 10:01")
		if c := w.retain(workflow.RetentionRun{Occasion: store.ByCommand, DryRun: true}); counts(c) != "row 0, case 0, ticket 0, file 1, request 0" {
			t.Errorf("would erase %s", counts(c))
		}
		if c := w.retain(byCommand); counts(c) != "row 0, case 0, ticket 0, file 1, request 0" {
			t.Errorf("%s", counts(c))
		}
		if left := w.lie(id); len(left) > 0 {
			t.Error("bytes are left:", left)
		}
		page, err := w.e.Attachments(ctx, w.actor("p-cy"), "", rejected.ID, "", 20)
		if err != nil || len(page.Items) != 1 || !page.Items[0].Erased || page.Items[0].URL != "" || page.Items[0].Name != "" {
			t.Errorf("%+v %v", page, err)
		}
		if len(w.lie(kept)) == 0 {
			t.Error("of an open case")
		}
		w.verify()
	})
}

func TestANewKeyTakesOverAttachmentsAndPlaces(t *testing.T) {
	key := func(b byte) []byte { return bytes.Repeat([]byte{b}, vault.KeyBytes) }
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		open := func(keys vault.Keys) *store.DB {
			t.Helper()
			v, err := vault.New(keys, key(9))
			if err != nil {
				t.Fatal(err)
			}
			db, err := store.Open(context.Background(), dsn, store.Options{Sealer: v})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Migrate(context.Background()); err != nil {
				t.Fatal(err)
			}
			return db
		}
		db := open(vault.Keys{1: key(1)})
		w := newWorld(t, db)
		if err := w.e.CheckKeys(context.Background()); err != nil {
			t.Fatal(err)
		}
		id := w.upload("p-h1", minutes)
		c := w.dispatched()
		w.must(c.ID, "p-h1", casework.Accept{HandlerID: "p-w1"})
		w.must(c.ID, "p-h1", casework.Progress{Text: "已开会", Attached: casework.Attached{Attachments: []string{id}}})
		placed, err := w.reportedAt("")
		if err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(w.lie(id)[0])
		if err != nil {
			t.Fatal(err)
		}
		reopen := func(keys vault.Keys) *world {
			t.Helper()
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = open(keys)
			again := &world{t: t, db: db, folder: w.folder, blobs: w.blobs, now: w.clock()}
			again.e = workflow.New(db, workflow.Options{Clock: again.clock, Blobs: w.blobs})
			if err := again.e.CheckKeys(context.Background()); err != nil {
				t.Fatal(err)
			}
			return again
		}
		both := reopen(vault.Keys{1: key(1), 2: key(2)})
		done, err := both.e.Reseal(context.Background(), 0, nil)
		if err != nil || done.Attachments != 1 || done.Locations != 1 || done.Damaged != 0 {
			t.Fatalf("%+v %v", done, err)
		}
		last := reopen(vault.Keys{2: key(2)}) // the old key is forgotten
		last.verify()
		if list := last.placed(placed.Case.ID); len(list) != 1 || list[0].Location != *gate {
			t.Errorf("%#v", list)
		}
		after, err := os.ReadFile(w.lie(id)[0])
		if err != nil || !bytes.Equal(before, after) {
			t.Error("the bytes were written anew", err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnAttachmentIsUsedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		id := w.upload("p-gl", minutes)
		report := casework.Report{Title: "路灯不亮", Facts: "一盏路灯不亮", Place: "春江花园", GridID: "g-1", Attached: casework.Attached{Attachments: []string{id}}}
		done := make(chan error)
		for range 4 {
			go func() { _, err := w.do("", "p-gl", report); done <- err }()
		}
		won := 0
		for range 4 {
			err := <-done
			switch reason := apperr.ReasonOf(err); {
			case err == nil:
				won++
			case reason != "case.attachment" && reason != "attachment.changed":
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("it is in %d cases", won)
		}
		w.verify()
	})
}

// The folder is away: nothing acknowledged is lost, and the person is told to try again.
func TestTheFolderIsAway(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	ctx, actor := context.Background(), w.actor("p-h1")
	up, err := w.e.StartUpload(ctx, actor, workflow.NewUpload{Size: 5}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(w.folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.e.PutPart(ctx, actor, up.ID, 0, []byte("%PDF-")); apperr.ReasonOf(err) != "attachment.storage" {
		t.Error(err)
	}
	if err := os.Remove(w.folder); err != nil {
		t.Fatal(err)
	}
	if err := w.e.PutPart(ctx, actor, up.ID, 0, []byte("%PDF-")); err != nil {
		t.Error(err)
	}
	if done, err := w.e.CompleteUpload(ctx, actor, up.ID); err != nil || done.Type != blob.PDF {
		t.Errorf("%+v %v", done, err)
	}
}

// Who asks to be forgotten takes their pictures with them, once the case is over; those of others stay.
func TestAPersonsPicturesGoWithThem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		w.take(w.complaint("20260301080003", func(t *ticket.Ticket) {
			t.Satisfaction, t.Requester.Phone = ticket.Dissatisfied, "13800000001" // p-r's
		}))
		id := w.caseOf("20260301080003")
		w.must(id, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, GridID: "g-1"})
		w.must(id, "p-cy", casework.Dispatch{LeadDepartmentID: "d-1"})
		w.must(id, "p-h1", casework.Accept{HandlerID: "p-w1"})
		w.must(id, "p-w1", casework.Contact{Reached: true, At: w.clock(), Said: "已联系"})
		office := w.upload("p-w1", minutes)
		w.must(id, "p-w1", casework.Submit{Result: "已修好", Outcome: casework.ActuallySolved, Evidence: []string{office}})
		w.must(id, "p-cy", casework.VerifyPass{Finding: "属实", Outcome: casework.ActuallySolved})
		own := w.upload("p-r", tinyPNG)
		w.must(id, "p-r", casework.Rate{Rating: casework.Satisfied, Words: "加微信说", Attached: casework.Attached{Attachments: []string{own}}})
		ask := workflow.ErasureRequest{Phone: "13800000001", Reason: "本人要求"}
		if _, err := w.e.EraseRequested(ctx, w.actor("p-cy"), ask, nil); apperr.ReasonOf(err) != "erasure.open" {
			t.Error(err)
		}
		w.at("2026-04-07 10:00")
		w.sweep()
		w.must(id, "p-pl", casework.StrikeOff{Decision: "同意销项"})
		c, err := w.e.EraseRequested(ctx, w.actor("p-cy"), ask, nil)
		if err != nil || c.Items() != 2 {
			t.Fatalf("%+v %v", c, err)
		}
		if len(w.lie(own)) > 0 || len(w.lie(office)) == 0 {
			t.Error("the wrong ones are gone:", w.lie(own), w.lie(office))
		}
		if page, err := w.e.Reviews(ctx, w.actor("p-cy"), "", true, "", 20); err != nil || len(page.Items) != 0 {
			t.Errorf("%+v %v", page, err)
		}
		w.verify()
	})
}

// tinyPNG is a picture of one pixel.
var tinyPNG = func() []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	return out.Bytes()
}()
