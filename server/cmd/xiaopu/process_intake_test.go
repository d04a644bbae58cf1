package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// export is a sheet with what an import meets: bursts over many batches, marks in single rows, rows that repeat a number and
// rows that have none.
func export(rows int, now time.Time) string {
	var b strings.Builder
	b.WriteString("工单编号,受理时间,标题,内容描述,重新交办次数,小区名称,一级分类,联系电话\n")
	for i := range rows {
		no, again, place := fmt.Sprintf("IMP%06d", i), 0, fmt.Sprint("小区", i)
		switch {
		case i%500 == 7:
			place = "望舒苑"
		case i%97 == 0:
			no = ""
		case i%101 == 0:
			no = "IMP000001"
		case i%499 == 0:
			again = 4
		}
		fmt.Fprintf(&b, "%s,%s,电梯停运,电梯停运三天,%d,%s,物业,138%08d\n", no, now.Add(-2*time.Hour).In(ticket.Shanghai).Format("2006-01-02 15:04:05"), again, place, i)
	}
	return b.String()
}

// upload sends a file as the import page does and gives the import's id.
func uploadTo(url, token, content string, source ticket.Source) (string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", "export.csv")
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(part, content); err != nil {
		return "", err
	}
	if err := w.WriteField("source", string(source)); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/api/v1/imports", &body)
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	var v intake.JobView
	err = answer(req, http.StatusAccepted, &v)
	return v.ID, err
}

// answer sends a request, wants a status, and decodes the body.
func answer(req *http.Request, status int, v any) error {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != status {
		return fmt.Errorf("%s: %d %s", req.URL.Path, res.StatusCode, text)
	}
	return json.Unmarshal(text, v)
}

func TestKilledDuringPushesAndAnImport(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a lease to end")
	}
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		t.Parallel()
		ctx := context.Background()
		now := time.Now()
		content := export(12_000, now)

		// What the same file comes to when nobody disturbs it.
		path := filepath.Join(t.TempDir(), "export.csv")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		calm, e := prepared(t, "sqlite:"+filepath.Join(t.TempDir(), "calm.db"), now)
		want, err := (&intake.Importer{Engine: e, DB: calm, Now: func() time.Time { return now }}).Import(ctx, intake.Job{Path: path, Source: ticket.Petition})
		if err != nil {
			t.Fatal(err)
		}
		if want.Cases < 20 || want.Rejected < 200 {
			t.Fatalf("%+v", want)
		}

		db, e := prepared(t, dsn, now)
		_, key, err := e.AddPlatform(ctx, casework.Actor{PersonID: "p"}, workflow.NewPlatform{ID: "hotline", Name: "热线", Source: ticket.Hotline})
		if err != nil {
			t.Fatal(err)
		}
		token, err := program(t, dsn, "user", "token", "p-centre")
		if err != nil {
			t.Fatalf("%v: %s", err, token)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		s := start(t, dsn)
		var url atomic.Pointer[string]
		url.Store(&s.url)
		id, err := uploadTo(s.url, token, content, ticket.Petition)
		if err != nil {
			t.Fatal(err)
		}
		show := func() (v intake.JobView) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, *url.Load()+"/api/v1/imports/"+id, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			if err := answer(req, http.StatusOK, &v); err != nil {
				t.Fatal(err)
			}
			return v
		}

		// Platforms push all the while; what is answered is remembered.
		stop := make(chan struct{})
		var pushers sync.WaitGroup
		acknowledged := make([][]string, 4)
		for n := range acknowledged {
			pushers.Go(func() {
				for i := 0; ; i++ {
					var orders []string
					body := `{"tickets":[`
					for k := range 5 {
						no := fmt.Sprintf("PUSH%d-%05d-%d", n, i, k)
						orders = append(orders, no)
						body += fmt.Sprintf(`{"order_no":%q,"accepted_at":%q,"content":"路灯不亮","community":"街坊%d-%d-%d"},`, no, now.Add(-time.Hour).Format(time.RFC3339), n, i, k)
					}
					body = strings.TrimSuffix(body, ",") + `]}`
					for sent := false; !sent; {
						select {
						case <-stop:
							return
						default:
						}
						if sent = pushed(*url.Load(), key, body) == nil; !sent {
							time.Sleep(20 * time.Millisecond) // away, or nobody knows: the same tickets, signed anew
						}
					}
					acknowledged[n] = append(acknowledged[n], orders...)
				}
			})
		}
		underWay := func() bool {
			v := show()
			return v.State == store.ImportRunning && v.Rows > 0
		}
		for deadline := time.Now().Add(2 * time.Minute); !underWay(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the import does not begin: %+v", show())
			}
		}
		before := show()
		s.kill()
		killed := time.Now()
		if before.State == store.ImportFinished {
			t.Fatal("the import was over before the kill")
		}
		s = start(t, dsn)
		url.Store(&s.url)
		took := time.Duration(0)
		for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
			v := show()
			if took == 0 && v.Rows > before.Rows+500 {
				took = time.Since(killed)
			}
			if !v.State.Active() {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the import does not end: %+v\n%s", v, s.logs)
			}
		}
		close(stop)
		pushers.Wait()
		got := show()
		s.kill()
		if got.State != store.ImportFinished || got.Rows != want.Rows || got.Created != want.Created || got.Updated != want.Updated || got.Unchanged != want.Unchanged || got.Rejected != want.Rejected || got.Cases != want.Cases {
			t.Errorf("after a kill at row %d: %+v\nundisturbed: %+v", before.Rows, got, want)
		}
		if took > time.Minute {
			t.Errorf("taken over after %s", took)
		}

		if db, err = store.Open(ctx, dsn, store.Options{Sealer: storetest.Sealer}); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		count, lost := 0, 0
		for _, list := range acknowledged {
			for len(list) > 0 {
				part := list[:min(500, len(list))]
				list = list[len(part):]
				if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
					found, err := tx.TicketKeys(ctx, ticket.Hotline, part)
					lost += len(part) - len(found)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				count += len(part)
			}
		}
		if lost > 0 || count == 0 {
			t.Errorf("%d of %d acknowledged tickets are lost", lost, count)
		}
		t.Logf("killed at row %d of %d, taken over after %s; %d pushed tickets acknowledged", before.Rows, got.Rows, took.Round(time.Second), count)
		if out, err := program(t, dsn, "audit", "verify"); err != nil {
			t.Errorf("audit: %v\n%s", err, out)
		}
	})
}

// pushed sends a push as a platform does.
func pushed(url, key, body string) error {
	at := strconv.FormatInt(time.Now().Unix(), 10)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/api/v1/intake/tickets", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Platform", "hotline")
	req.Header.Set("X-Timestamp", at)
	req.Header.Set("X-Signature", workflow.Sign(key, at, []byte(body)))
	var r workflow.Receipt
	if err := answer(req, http.StatusOK, &r); err != nil {
		return err
	}
	if len(r.Refused) > 0 {
		return fmt.Errorf("%+v", r.Refused)
	}
	return nil
}
