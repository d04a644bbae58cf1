package demo

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"xiaopu/configs"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

func seeded(t *testing.T, db *store.DB, now time.Time) *workflow.Engine {
	t.Helper()
	e := workflow.New(db, workflow.Options{Clock: func() time.Time { return now }})
	var years []workday.Year
	for _, name := range []string{"workdays/2025.yaml", "workdays/2026.yaml"} {
		text, err := configs.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		y, err := config.LoadYear(text)
		if err != nil {
			t.Fatal(err)
		}
		years = append(years, y)
	}
	if err := e.Seed(context.Background(), years, casework.DefaultPolicy()); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheDemonstrationShowsEveryStateAndImportsAgainUnchanged(t *testing.T) {
	for name, now := range map[string]time.Time{
		"on a Monday":       time.Date(2026, 11, 23, 10, 0, 0, 0, workday.Shanghai),
		"in a long holiday": time.Date(2026, 10, 3, 3, 0, 0, 0, workday.Shanghai),
	} {
		t.Run(name, func(t *testing.T) {
			db := storetest.Open(t)
			e := seeded(t, db, now)
			sample := filepath.Join(t.TempDir(), "sample.xlsx")
			loaded, err := Load(context.Background(), db, Options{Now: now, Sample: sample})
			if err != nil {
				t.Fatal(err)
			}
			if loaded < 300 {
				t.Fatalf("loaded %d", loaded)
			}
			k, err := e.Refresh(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if try, ok, err := ToTry(context.Background(), db, k); err != nil || !ok || try.Head == "" || try.Handler == "" {
				t.Errorf("nothing to try: %+v %v", try, err)
			}
			seen := map[casework.Status]int{}
			tiers := map[casework.Tier]int{}
			rows, err := db.Cases(context.Background(), store.CaseFilter{All: true, Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				seen[r.Status]++
				tiers[r.Tier]++
			}
			if n, err := Count(context.Background(), db); err != nil || len(rows) < 15 || n != (Cases{Waiting: seen[casework.Reported], Open: len(rows) - seen[casework.Reported] - seen[casework.Resolved], Solved: seen[casework.Resolved]}) {
				t.Errorf("counted %+v %v, there are %v", n, err, seen)
			}
			for _, s := range []casework.Status{casework.Reported, casework.Dispatched, casework.Convening, casework.Resolved} {
				if seen[s] == 0 {
					t.Errorf("no case is %s", s)
				}
			}
			if tiers[casework.TierIII] == 0 || tiers[casework.TierI] == 0 {
				t.Errorf("tiers %v", tiers)
			}
			im := &intake.Importer{Engine: e, DB: db, Now: func() time.Time { return now }}
			again, err := im.Import(context.Background(), intake.Job{Path: sample, Source: ticket.Hotline})
			if err != nil {
				t.Fatal(err)
			}
			if again.Unchanged != again.Rows || again.Cases != 0 {
				t.Errorf("the second import: %+v", again)
			}
			burstOfLifts(t, e, db, sample, now)
			v, err := e.Verify(context.Background())
			if err != nil || len(v.Findings) > 0 {
				t.Errorf("audit: %v %+v", err, v.Findings)
			}
		})
	}
}

// The five complaints about one compound's lifts open a case, the same words about another compound do not join, and a clerk
// splits one off for good.
func burstOfLifts(t *testing.T, e *workflow.Engine, db *store.DB, sample string, now time.Time) {
	t.Helper()
	im := &intake.Importer{Engine: e, DB: db, Now: func() time.Time { return now }}
	bring := func() intake.Result {
		t.Helper()
		r, err := im.Import(t.Context(), intake.Job{Path: LiftsSample(sample), Source: ticket.Hotline})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := bring(); r.Created != 6 || r.Cases != 1 {
		t.Fatalf("%+v", r)
	}
	clerk, _, err := e.Actor(t.Context(), clerk)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]store.TicketRow{} // by community
	for _, l := range Lifts(now) {
		list, err := db.Tickets(t.Context(), store.TicketFilter{Source: ticket.Hotline, OrderNo: l.OrderNo, Limit: 1})
		if err != nil || len(list) != 1 {
			t.Fatal(err)
		}
		rows[l.Community] = append(rows[l.Community], list[0])
	}
	id := rows[Muqing][0].CaseID
	for _, r := range rows[Muqing] {
		if r.CaseID != id || id == "" || r.Matter != rows[Muqing][0].Matter {
			t.Errorf("%s is in %q, about %s", r.Ticket.OrderNo, r.CaseID, r.Matter)
		}
	}
	if r := rows[Lanwei][0]; r.CaseID == id || r.Matter == rows[Muqing][0].Matter {
		t.Error("another compound's joined")
	}
	c, err := e.Case(t.Context(), clerk, id)
	if err != nil || c.Why[0].Kind != casework.ByBurst || c.Why[0].People != 5 || c.SuggestedScope != casework.Common {
		t.Fatalf("%v %+v", err, c.Why)
	}
	for _, ev := range c.Why[0].Evidence {
		if len(ev.Reasons) == 0 || ev.OrderNo == "" {
			t.Errorf("%+v", ev)
		}
	}
	one := rows[Muqing][4].Ticket
	if _, err := e.SplitMatter(t.Context(), clerk, rows[Muqing][0].Matter, workflow.SplitMatter{TicketIDs: []string{one.ID}, Reason: "说的是另一部电梯"}, ""); err != nil {
		t.Fatal(err)
	}
	if r := bring(); r.Unchanged != 6 {
		t.Errorf("%+v", r)
	}
	if r, err := db.Ticket(t.Context(), one.ID); err != nil || r.CaseID != "" || r.Matter == rows[Muqing][0].Matter {
		t.Errorf("%v: it is back in %q", err, r.CaseID)
	}
}
