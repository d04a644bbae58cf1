package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// A phone uploads a file while the server is killed again and again: what was acknowledged is never asked for twice, and what is
// kept in the end is what was sent.
func TestAnUploadSurvivesKills(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		prepared(t, dsn, time.Now())
		folder := "XIAOPU_ATTACHMENTS=" + t.TempDir()
		body := []byte("%PDF-1.7\n" + strings.Repeat("会商纪要，第几页。\n", 200_000))[:20*workflow.PartBytes-77]
		s := start(t, dsn, folder)
		token, err := program(t, dsn, "user", "token", "p-head")
		if err != nil {
			t.Fatal(token)
		}
		call := func(method, path string, content []byte, status int, v any) error {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, method, s.url+"/api/v1"+path, bytes.NewReader(content))
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", "application/octet-stream")
			if method == http.MethodPost {
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Idempotency-Key", "一次上传")
			}
			req.Header.Set("Authorization", "Bearer "+token)
			if v != nil {
				return answer(req, status, v)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			if res.StatusCode != status {
				err = fmt.Errorf("%s: %d", path, res.StatusCode)
			}
			return errors.Join(err, res.Body.Close())
		}
		begin := fmt.Appendf(nil, `{"name":"纪要.pdf","size":%d}`, len(body))
		var up workflow.UploadView
		if err := call(http.MethodPost, "/uploads", begin, http.StatusCreated, &up); err != nil {
			t.Fatal(err)
		}
		acknowledged := map[int]bool{}
		kills := 0
		for round := 0; len(acknowledged) < up.Parts; round++ {
			if round > 20 {
				t.Fatal("no end")
			}
			s.kill()
			kills++
			s = start(t, dsn, folder)
			var now workflow.UploadView
			if err := call(http.MethodGet, "/uploads/"+up.ID, nil, http.StatusOK, &now); err != nil {
				t.Fatal(err)
			}
			for no := range acknowledged {
				if !slices.Contains(now.Received, no) {
					t.Fatalf("part %d was acknowledged and is gone", no)
				}
			}
			for _, no := range now.Received { // also those whose answer the kill cut off
				acknowledged[no] = true
			}
			// Some parts, then a kill while another is under way.
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				for no := range up.Parts {
					if slices.Contains(now.Received, no) {
						continue
					}
					part := body[no*workflow.PartBytes : min((no+1)*workflow.PartBytes, len(body))]
					if call(http.MethodPut, fmt.Sprintf("/uploads/%s/parts/%d", up.ID, no), part, http.StatusNoContent, nil) != nil {
						return
					}
					acknowledged[no] = true
				}
			}()
			select {
			case <-sent:
			case <-time.After(time.Duration(20+20*round+rand.IntN(60)) * time.Millisecond):
				s.kill()
				<-sent
			}
		}
		s.kill()
		s = start(t, dsn, folder)
		// The completing itself is killed too.
		go func() { _ = call(http.MethodPost, "/uploads/"+up.ID+"/complete", nil, http.StatusOK, nil) }()
		time.Sleep(15 * time.Millisecond)
		s.kill()
		s = start(t, dsn, folder)
		var done workflow.UploadView
		if err := call(http.MethodPost, "/uploads/"+up.ID+"/complete", nil, http.StatusOK, &done); err != nil {
			t.Fatal(err)
		}
		if done.State != "ready" || done.Size != int64(len(body)) {
			t.Errorf("%+v", done)
		}
		s.kill()
		t.Logf("%d parts over %d kills", up.Parts, kills)
	})
}
