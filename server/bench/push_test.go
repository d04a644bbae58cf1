package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/demo"
	"xiaopu/server/intake"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

const (
	pushers       = 8
	pushFor       = 20 * time.Second
	pushedBefore  = 20_000 // tickets that are there when it begins
	pushPlatform  = "hotline"
	smallestBatch = 20
	largestBatch  = 50
)

// pusher makes batches like those of a hotline: everyday tickets at a thousand places, some of them about one matter on one
// day, some dissatisfied.
type pusher struct {
	rnd      *rand.Rand
	everyday []demo.Row
	name     string
	n        int
}

func (p *pusher) batch(now time.Time) []ticket.Pushed {
	list := make([]ticket.Pushed, smallestBatch+p.rnd.IntN(largestBatch-smallestBatch+1))
	for i := range list {
		r := p.everyday[p.rnd.IntN(len(p.everyday))]
		at := now.Add(-time.Duration(p.rnd.Int64N(int64(30 * 24 * time.Hour)))).Truncate(time.Second)
		place := fmt.Sprintf("望舒路%d弄", p.rnd.IntN(1500)+1)
		p.n++
		list[i] = ticket.Pushed{
			OrderNo: fmt.Sprintf("%s%s%07d", at.Format("20060102"), p.name, p.n), AcceptedAt: at, Channel: r.Channel, Kind: r.Kind, Title: r.Title, Content: place + "，" + r.Content,
			Category: r.Category[:], Address: place, Community: place, Department: r.Department,
			Requester: ticket.PushedRequester{Name: r.Name, Phone: fmt.Sprintf("138%08d", p.rnd.IntN(60_000))},
		}
		if p.rnd.IntN(100) == 0 {
			list[i].Satisfaction, list[i].ClosedAt = string(ticket.Dissatisfied), &now
		}
	}
	return list
}

// pushed is what one run came to.
type pushed struct {
	tickets, requests, cases int
	seconds                  float64
	slowest                  time.Duration // of 99 in 100
	cpu, database            float64
}

// push fills a new database, lets pushers push for as long as d, and looks whether everything acknowledged is there.
func push(ctx context.Context, k knowledge, engine, dir string, before int, d time.Duration) (r pushed, err error) {
	data, err := newDatabase(ctx, k, engine, dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, data.drop()) }()
	db, err := data.open(ctx)
	if err != nil {
		return r, err
	}
	clock := clockFrom(start)
	e := workflow.New(db, workflow.Options{Clock: clock, Logger: slog.New(slog.DiscardHandler)})
	if before > 0 {
		path := filepath.Join(dir, "before.xlsx")
		if err := writeWorkbook(path, before); err != nil {
			return r, errors.Join(err, db.Close())
		}
		if _, err := (&intake.Importer{Engine: e, DB: db, Now: clock}).Import(ctx, intake.Job{Path: path, Source: ticket.Hotline}); err != nil {
			return r, errors.Join(err, db.Close())
		}
	}
	_, key, err := e.AddPlatform(ctx, casework.Actor{PersonID: "p"}, workflow.NewPlatform{ID: pushPlatform, Name: "热线", Source: ticket.Hotline})
	if err = errors.Join(err, db.Close()); err != nil {
		return r, err
	}
	p, err := spawn("product", job{DSN: data.dsn, Key: "only for the bench, 32 bytes or more"})
	if err != nil {
		return r, err
	}
	server := data.databaseProcess(ctx)
	cpu, database := p.cpu(), server.cpu()
	var everyday []demo.Row
	for _, row := range demo.Export(start) {
		if row.Story == "" {
			everyday = append(everyday, row)
		}
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: pushers}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	began := time.Now()
	var all sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	for n := range pushers {
		all.Go(func() {
			one := pusher{rnd: rand.New(rand.NewPCG(uint64(n), 5)), everyday: everyday, name: fmt.Sprint(n)}
			for time.Since(began) < d {
				sent := time.Now()
				receipt, err := pushOnce(ctx, client, p.Address, key, clock(), one.batch(clock()))
				mu.Lock()
				if err != nil {
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
				took = append(took, time.Since(sent))
				r.tickets += receipt.Created
				r.requests++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	r.seconds = time.Since(began).Seconds()
	r.cpu, r.database = p.cpu()-cpu, server.cpu()-database
	if err := errors.Join(failed, p.stop()); err != nil {
		return r, err
	}
	slices.Sort(took)
	if len(took) > 0 {
		r.slowest = took[len(took)*99/100]
	}
	bare, err := data.bare(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	var there int
	if err := bare.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM platform_tickets`).Scan(&there); err != nil {
		return r, err
	}
	if there != r.tickets {
		return r, fmt.Errorf("%d tickets acknowledged, %d there", r.tickets, there)
	}
	err = bare.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM cases`).Scan(&r.cases)
	return r, err
}

// pushOnce sends one batch as a platform does.
func pushOnce(ctx context.Context, client *http.Client, address, key string, now time.Time, batch []ticket.Pushed) (receipt workflow.Receipt, err error) {
	body, err := json.Marshal(map[string]any{"tickets": batch})
	if err != nil {
		return receipt, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/api/v1/intake/tickets", bytes.NewReader(body))
	if err != nil {
		return receipt, err
	}
	at := strconv.FormatInt(now.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Platform", pushPlatform)
	req.Header.Set("X-Timestamp", at)
	req.Header.Set("X-Signature", workflow.Sign(key, at, body))
	res, err := client.Do(req)
	if err != nil {
		return receipt, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return receipt, err
	}
	if res.StatusCode != http.StatusOK {
		return receipt, fmt.Errorf("push: %d %s", res.StatusCode, text)
	}
	if err := json.Unmarshal(text, &receipt); err != nil {
		return receipt, err
	}
	if receipt.Created != len(batch) {
		return receipt, fmt.Errorf("push: %d of %d taken in: %s", receipt.Created, len(batch), text)
	}
	return receipt, nil
}

func BenchmarkPush(b *testing.B) {
	bench(b, func(ctx context.Context, k knowledge, dir string) error {
		for _, engine := range engines(b) {
			r, err := push(ctx, k, engine, dir, pushedBefore, pushFor)
			if err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
			rate := float64(r.tickets) / r.seconds
			say("%s: %d tickets in %d requests over %d connections in %.0f s beside %d that were there: %.0f tickets/s, 99 of 100 requests within %.0f ms; %d cases (CPU %.1f s, of the database %.1f s)",
				engine, r.tickets, r.requests, pushers, r.seconds, pushedBefore, rate, float64(r.slowest.Microseconds())/1000, r.cases, r.cpu, r.database)
			results.add(atLeast(engine+" push with triggers, tickets/s", fmt.Sprintf("%.0f", rate), "", rate, 500))
		}
		return nil
	})
}

func TestPushedTicketsAreAllThere(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, engine string) {
		r, err := push(t.Context(), k, engine, t.TempDir(), 0, 500*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if r.tickets == 0 || r.requests == 0 {
			t.Errorf("%+v", r)
		}
	})
}
