package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// Three processes take tickets in, fail, split, merge, and read new gazetteers, all at once. In the end every index holds each
// ticket where its row says it is, and what was split off is not where it was.
func TestEveryProcessHoldsWhatTheRowsSay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		engines := []*workflow.Engine{w.e, w.other(), w.other()}
		clerk := w.actor("p-cy")
		places := []string{"春江花园", "望舒里", "秀水里"}
		broken := errors.New("broken")
		expected := func(err error) bool {
			var refused *apperr.Error
			return err == nil || errors.Is(err, broken) || errors.As(err, &refused) && refused.Code != apperr.Internal && refused.Code != apperr.Unavailable
		}
		var mu sync.Mutex
		apart := map[string]map[string]bool{} // ticket → matters
		var all sync.WaitGroup
		for n, e := range engines {
			all.Go(func() {
				rnd := rand.New(rand.NewPCG(7, uint64(n)))
				for i := range 16 {
					var batch []ticket.Ticket
					place := places[rnd.IntN(len(places))]
					for k, tk := range lifts(place) {
						tk.OrderNo = fmt.Sprintf("%s-%d", place, rnd.IntN(40)*5+k)
						tk.Content += fmt.Sprint(rnd.IntN(4))
						tk.Fingerprint = tk.OrderNo + tk.Content
						batch = append(batch, tk)
					}
					var noted func(context.Context, *store.Tx, workflow.Taken) error
					if rnd.IntN(3) == 0 {
						noted = func(context.Context, *store.Tx, workflow.Taken) error { return broken }
					}
					if _, err := e.TakeIn(t.Context(), batch, noted); !expected(err) {
						t.Error(err)
					}
					rows, err := db.Tickets(t.Context(), store.TicketFilter{Limit: 200})
					if err != nil || len(rows) == 0 {
						continue
					}
					one, two := rows[rnd.IntN(len(rows))], rows[rnd.IntN(len(rows))]
					switch i % 4 {
					case 0:
						_, err = e.SplitMatter(t.Context(), clerk, one.Matter, workflow.SplitMatter{TicketIDs: []string{one.Ticket.ID}, Reason: "另一部电梯"}, "")
						if err == nil {
							mu.Lock()
							if apart[one.Ticket.ID] == nil {
								apart[one.Ticket.ID] = map[string]bool{}
							}
							apart[one.Ticket.ID][one.Matter] = true
							mu.Unlock()
						}
					case 1:
						if one.Ticket.Community != "秀水里" && two.Ticket.Community != "秀水里" { // so that splits there are never undone by a person
							_, err = e.MergeMatters(t.Context(), clerk, one.Matter, workflow.MergeMatter{Matter: two.Matter, Reason: "同一件事"}, "")
						}
					case 2:
						if i > 6 { // or the last look would make every index anew, whatever had become of it
							break
						}
						_, err = e.LoadGazetteer(t.Context(), casework.SystemActor(), []workflow.Place{{Name: places[rnd.IntN(len(places))], Kind: workflow.EstatePlace, Aliases: []string{fmt.Sprint("别名", i%3)}}})
					default:
						err = e.RefreshMatters(t.Context())
					}
					if !expected(err) {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		rows, err := db.Tickets(t.Context(), store.TicketFilter{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		size := map[string]int{}
		for _, r := range rows {
			size[r.Matter]++
			if r.Ticket.Community == "秀水里" && apart[r.Ticket.ID][r.Matter] {
				t.Errorf("%s is back", r.Ticket.OrderNo)
			}
		}
		var names []string
		var want []int
		for _, r := range rows {
			if !slices.Contains(names, r.Matter) {
				names, want = append(names, r.Matter), append(want, size[r.Matter])
			}
		}
		for n, e := range append(engines, w.other()) {
			if err := e.RefreshMatters(t.Context()); err != nil {
				t.Fatal(err)
			}
			if all, got, err := e.Indexed(t.Context(), names); err != nil || all != len(rows) || !slices.Equal(got, want) {
				t.Errorf("process %d: %d of %d tickets, %v of %v, %v", n, all, len(rows), got, want, err)
			}
		}
		if len(apart) == 0 {
			t.Error("nothing was split")
		}
		w.verify()
	})
}
