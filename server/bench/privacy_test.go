package bench

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
)

// openSealer seals nothing of a ticket and indexes a value by a hash without a key, of the same length: what an import costs
// without the vault. People of the organisation, which the database was prepared with, stay the vault's.
type openSealer struct{ store.Sealer }

func (openSealer) SealBytes(plain []byte, _ string) ([]byte, error)  { return plain, nil }
func (openSealer) OpenBytes(sealed []byte, _ string) ([]byte, error) { return sealed, nil }

func (openSealer) Blind(domain, value string) string {
	if value == "" {
		return ""
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(domain)) // never fails
	_, _ = h.Write([]byte(value))
	return fmt.Sprintf("%016x%016x", scattered(h.Sum64()), scattered(^h.Sum64()))
}

// scattered spreads a hash's bits, so that its values stand in an index as far apart as the vault's.
func scattered(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// sealingRounds is how often the two sides take turns, each with sealingRows: the share of a hundred thousand is the same, and
// twelve imports of those would take minutes.
const (
	sealingRounds = 3
	sealingRows   = importRows * 3 / 10
)

// sealingShare imports a file with the vault and without, in turns, and gives both sides' rounds.
func sealingShare(ctx context.Context, k knowledge, engine, dir, file string, rounds int) (sealed, open []imported, err error) {
	for round := range rounds {
		for turn := range 2 {
			plain := turn != round%2 // who begins changes, too
			done, err := runImport(ctx, k, engine, dir, job{File: file, Open: plain})
			if err != nil {
				return nil, nil, err
			}
			if plain {
				open = append(open, done)
			} else {
				sealed = append(sealed, done)
			}
		}
	}
	return sealed, open, nil
}

// phonesEach is how many tickets each phone has.
const phonesEach = 5

func phoneOf(n int) string { return fmt.Sprintf("13%09d", n/phonesEach) }

// fillTickets stores n tickets, as the product seals them.
func (d database) fillTickets(ctx context.Context, n int) (err error) {
	p, err := d.bulk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if d.engine == "mysql" {
		if _, err := p.write.ExecContext(ctx, `SET GLOBAL innodb_flush_log_at_trx_commit = 0`); err == nil {
			defer func() {
				_, back := p.write.ExecContext(context.WithoutCancel(ctx), `SET GLOBAL innodb_flush_log_at_trx_commit = 1`)
				err = errors.Join(err, back)
			}()
		}
	}
	s := storetest.Sealer
	const chunk, width = 200, 13
	text := `INSERT INTO tickets (id, source, order_no, fingerprint, matter, requester, accepted_at, case_id, sealed_body, sealed_key, person_at, created_at, updated_at) VALUES ` + rowsOf(chunk, width)
	for from := 0; from < n; {
		tx, err := p.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for end := min(from+20*chunk, n); from < end; from += chunk {
			args := make([]any, 0, chunk*width)
			for i := from; i < from+chunk; i++ {
				id, no := fmt.Sprintf("01955000-0000-7000-b000-%012d", i), fmt.Sprintf("20260301%08d", i)
				at := start.Add(-time.Duration(i*37%(360*24*60)) * time.Minute)
				body := fmt.Appendf(nil, `{"id":"%s","source":"hotline","order_no":"%s","title":"非机动车道被占","content":"市民来电反映：北门外非机动车道长期被占，夜间渣土车通行噪声扰民。","category":["","","","",""],"requester":{"kind":"person","name":"居民甲","phone":"%s"},"accepted_at":"%s","reassigned_column":-1,"returned_column":-1}`,
					id, no, phoneOf(i), at.UTC().Format(time.RFC3339))
				sealed, err := s.SealBytes(body, "tickets.body:"+id)
				if err != nil {
					return errors.Join(err, tx.Rollback())
				}
				args = append(args, id, "hotline", no, s.Blind("row", no), s.Blind("matter", fmt.Sprint(i%(n/3+1))), s.Blind("phone", ticket.PhoneKey(phoneOf(i))), at.UnixMilli(), "", sealed, 1, at.UnixMilli(), at.UnixMilli(), at.UnixMilli())
			}
			if _, err := tx.ExecContext(ctx, text, args...); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	if d.engine == "mysql" {
		rows, err := p.write.QueryContext(ctx, `ANALYZE TABLE tickets`)
		if err != nil {
			return err
		}
		return rows.Close()
	}
	return nil
}

// lookUps finds tickets by phone, one look-up after the other, and gives how long each took.
func lookUps(ctx context.Context, db *store.DB, among, times int) ([]time.Duration, error) {
	took := make([]time.Duration, 0, times)
	for i := range times {
		phone := phoneOf(i * 7919 % among)
		began := time.Now()
		list, err := db.Tickets(ctx, store.TicketFilter{Requester: db.Sealer().Blind("phone", ticket.PhoneKey(phone)), Limit: 21})
		took = append(took, time.Since(began))
		if err != nil {
			return nil, err
		}
		if len(list) != phonesEach || list[0].Ticket.Requester.Phone != phone {
			return nil, fmt.Errorf("%s has %d tickets", phone, len(list))
		}
	}
	slices.Sort(took)
	return took, nil
}

// planOf explains the look-up.
func (d database) planOf(ctx context.Context) (string, error) {
	p, err := d.bare(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = p.close() }()
	prefix := `EXPLAIN `
	if d.engine == "sqlite" {
		prefix = `EXPLAIN QUERY PLAN `
	}
	lines, err := dump(ctx, p.read, prefix+`SELECT tk.id, tk.sealed_body FROM tickets tk WHERE tk.requester = ? ORDER BY tk.accepted_at DESC, tk.id DESC LIMIT 21`, "x")
	return strings.Join(lines, "\n"), err
}

// indexed says whether a plan is one range of the index by requester, in its order.
func indexed(plan string) bool {
	return strings.Count(plan, "\n") == 0 && strings.Contains(plan, "tickets_requester") && !strings.Contains(plan, "filesort") && !strings.Contains(plan, "TEMP B-TREE") && !strings.Contains(plan, "SCAN")
}

// measureLookUps fills two databases and looks phones up in both, in turns.
func measureLookUps(ctx context.Context, k knowledge, engine, dir string, few, many, times int) (small, large []time.Duration, plan string, err error) {
	var dbs [2]*store.DB
	for i, n := range []int{few, many} {
		d, err := newDatabase(ctx, k, engine, dir)
		if err != nil {
			return nil, nil, "", err
		}
		defer func() { err = errors.Join(err, d.drop()) }()
		if err := d.fillTickets(ctx, n); err != nil {
			return nil, nil, "", err
		}
		if plan, err = d.planOf(ctx); err != nil {
			return nil, nil, "", err
		}
		if dbs[i], err = d.open(ctx); err != nil {
			return nil, nil, "", err
		}
		defer func() { err = errors.Join(err, dbs[i].Close()) }()
	}
	for range 2 { // the second time counts: what is hot is in memory on both sides
		if small, err = lookUps(ctx, dbs[0], few, times); err != nil {
			return nil, nil, "", err
		}
		if large, err = lookUps(ctx, dbs[1], many, times); err != nil {
			return nil, nil, "", err
		}
	}
	return small, large, plan, nil
}

func BenchmarkPrivacy(b *testing.B) {
	bench(b, func(ctx context.Context, k knowledge, dir string) error {
		path := filepath.Join(dir, "rows.xlsx")
		if err := writeWorkbook(path, sealingRows); err != nil {
			return err
		}
		for _, engine := range engines(b) {
			sealed, open, err := sealingShare(ctx, k, engine, dir, path, sealingRounds)
			if err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
			seconds := func(i imported) float64 { return i.Seconds }
			cpu := func(i imported) float64 { return i.cpu + i.database }
			with, without := median(sealed, seconds), median(open, seconds)
			database := func(i imported) float64 { return i.database }
			say("%s: import of %d rows sealed %.1f s, open %.1f s; CPU %.1f s and %.1f s, of the database %.1f s and %.1f s", engine, sealingRows, with, without, median(sealed, cpu), median(open, cpu), median(sealed, database), median(open, database))
			results.add(atMost(engine+" import, sealed / open", fmt.Sprintf("%.1f s", with), fmt.Sprintf("%.1f s", without), with/without, 1.05))
			results.add(atMost(engine+" import, CPU, sealed / open", fmt.Sprintf("%.1f s", median(sealed, cpu)), fmt.Sprintf("%.1f s", median(open, cpu)), median(sealed, cpu)/median(open, cpu), 1.05))
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		for _, engine := range engines(b) {
			const few, many, times = 10_000, 1_000_000, 2000
			small, large, plan, err := measureLookUps(ctx, k, engine, dir, few, many, times)
			if err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
			if !indexed(plan) {
				return fmt.Errorf("%s: a look-up by phone is not one indexed read: %s", engine, plan)
			}
			ms := func(list []time.Duration, p float64) float64 {
				return float64(list[int(p*float64(len(list)-1))].Microseconds()) / 1000
			}
			say("%s: look-up by phone among %d: p50 %.2f ms, p99 %.2f ms; among %d: p50 %.2f ms, p99 %.2f ms; %s", engine, many, ms(large, 0.5), ms(large, 0.99), few, ms(small, 0.5), ms(small, 0.99), plan)
			results.add(atMost(engine+" look-up by phone, 1,000,000 / 10,000, p50", fmt.Sprintf("%.2f ms", ms(large, 0.5)), fmt.Sprintf("%.2f ms", ms(small, 0.5)), ms(large, 0.5)/ms(small, 0.5), 2))
		}
		return nil
	})
}

func TestSealingIsMeasuredOnBothSides(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rows.xlsx")
	if err := writeWorkbook(path, 600); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, engine string) {
		sealed, open, err := sealingShare(t.Context(), k, engine, t.TempDir(), path, 1)
		if err != nil || len(sealed) != 1 || len(open) != 1 || sealed[0].Result.Created != 600 || sealed[0].Result.Cases != open[0].Result.Cases {
			t.Errorf("%+v %+v %v", sealed, open, err)
		}
		small, large, plan, err := measureLookUps(t.Context(), k, engine, t.TempDir(), 400, 2000, 20)
		if err != nil || len(small) != 20 || len(large) != 20 || !indexed(plan) {
			t.Errorf("%s %v", plan, err)
		}
	})
}
