package workflow_test

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/wechat"
	"xiaopu/server/workflow"
)

// outside stores the review of a picture that the platform looks at, under the name trace-1, and one that is decided, under trace-2.
func outside(t testing.TB, db *store.DB, now time.Time) {
	t.Helper()
	ctx := context.Background()
	for id, trace := range map[string]string{"rv-1": "trace-1", "rv-2": "trace-2"} {
		if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertReview(ctx, store.Review{ID: id, State: store.ReviewOutside, Command: "rate", CaseID: "c-1", Number: "NS2026-000001", AttachmentID: "a-1", CreatedAt: now, NextAt: now})
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.TraceReview(ctx, id, trace, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.DecideReview(ctx, store.Review{ID: "rv-2", Passed: true, DecidedAt: now})
	}); err != nil {
		t.Fatal(err)
	}
}

// A push about a look that nobody knows is minded for two minutes, since it may come before the name is stored, and not longer.
func TestAPushAboutAnUnknownLook(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.at("2026-03-02 10:00")
		checker := &workflow.WeChatChecker{DB: db, Engine: w.e, Clock: w.clock}
		e := wechat.Event{From: wechat.FromApp, Name: wechat.MediaChecked, TraceID: "nobody's", Suggest: wechat.Pass, At: w.clock()}
		if err := checker.Pushed(t.Context(), e); !errors.Is(err, store.ErrNoReview) {
			t.Error("it is not asked for again:", err)
		}
		w.at("2026-03-02 10:03")
		if err := checker.Pushed(t.Context(), e); err != nil {
			t.Error(err)
		}
		e.TraceID, e.At = "", w.clock()
		if err := checker.Pushed(t.Context(), e); err != nil {
			t.Error(err)
		}
	})
}

// Whatever the platform pushes: only a good verdict on a look that was asked for decides anything, and what is decided stays.
func FuzzPictureVerdict(f *testing.F) {
	for _, s := range [][4]string{{"trace-1", "pass", "", "app"}, {"trace-1", "review", "", "app"}, {"trace-1", "pass", "-1008", "app"}, {"trace-2", "risky", "", "app"}, {"trace-3", "pass", "", "app"}, {"", "pass", "", "app"}, {"trace-1", "", "", "oa"}, {"' OR 1=1 --", "pass", "0", "app"}} {
		f.Add(s[0], s[1], s[2], s[3], int64(0))
	}
	db := storetest.Open(f)
	now := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	e := workflow.New(db, workflow.Options{Clock: func() time.Time { return now }})
	outside(f, db, now)
	checker := &workflow.WeChatChecker{DB: db, Engine: e, Clock: func() time.Time { return now }}
	f.Fuzz(func(t *testing.T, trace, suggest, code, from string, ago int64) {
		ctx := context.Background()
		err := checker.Pushed(ctx, wechat.Event{From: from, Name: wechat.MediaChecked, TraceID: trace, Suggest: suggest, Code: code, At: now.Add(-time.Duration(ago))})
		decides := from == wechat.FromApp && trace == "trace-1" && code == "" && (suggest == wechat.Pass || suggest == wechat.Risky)
		switch {
		case decides: // its case is none here: what it decides is undone whole
			if !errors.Is(err, store.ErrNoAttachment) {
				t.Fatal(err)
			}
		case err != nil && !errors.Is(err, store.ErrNoReview):
			t.Fatal(err)
		}
		for id, want := range map[string]bool{"rv-1": false, "rv-2": true} {
			if r, err := db.Review(ctx, id); err != nil || (r.State == store.ReviewDecided) != want || r.Passed != want {
				t.Fatalf("%s: %+v %v", id, r, err)
			}
		}
	})
}

// No token but the one that was given opens a picture, and it opens only what it was given for.
func FuzzCheckLink(f *testing.F) {
	f.Add("")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"r":"rv-1","u":99999999999}`)))
	db := storetest.Open(f)
	now := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	e := workflow.New(db, workflow.Options{Clock: func() time.Time { return now }})
	outside(f, db, now)
	sealed, err := db.Sealer().SealBytes([]byte(`{"r":"rv-1","u":99999999999}`), "attachments.link") // of the other kind
	if err != nil {
		f.Fatal(err)
	}
	f.Add(base64.RawURLEncoding.EncodeToString(sealed))
	f.Fuzz(func(t *testing.T, token string) {
		if _, ok, err := e.FileToCheck(context.Background(), token); ok || err != nil {
			t.Fatalf("%q: %v %v", token, ok, err)
		}
	})
}
