package workflow

import (
	"context"
	"maps"
	"slices"

	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// TakeFacts takes in what rows of a list say of tickets: those that are in are changed and looked at again with the list as
// evidence, and what is said of others waits for them. fresh are tickets that the rows themselves make; one whose order is
// not in yet is taken in. Updated counts the facts that changed a ticket. One transaction, and no fact counts twice: the same
// list taken in again changes nothing. noted, when given, runs in the same transaction and is told what was taken and which
// facts wait.
func (e *Engine) TakeFacts(ctx context.Context, facts []ticket.Fact, fresh []ticket.Ticket, noted func(context.Context, *store.Tx, Taken, []ticket.Fact) error) (Taken, error) {
	return e.intake(ctx, func(ctx context.Context, in *intake) error {
		if err := in.takeFacts(ctx, facts, fresh); err != nil || noted == nil {
			return err
		}
		return noted(ctx, in.tx, in.taken, in.waiting)
	})
}

// TakeFacts counts what Engine.TakeFacts would do, and says which facts would wait.
func (r *Rehearsal) TakeFacts(ctx context.Context, facts []ticket.Fact, fresh []ticket.Ticket) (taken Taken, waiting []ticket.Fact, err error) {
	taken, err = r.rehearse(ctx, func(ctx context.Context, in *intake) error {
		err := in.takeFacts(ctx, facts, fresh)
		waiting = in.waiting
		return err
	})
	return taken, waiting, err
}

func (in *intake) takeFacts(ctx context.Context, facts []ticket.Fact, fresh []ticket.Ticket) error {
	bySource := map[ticket.Source][]string{}
	for _, f := range facts {
		bySource[f.Source] = append(bySource[f.Source], f.OrderNo)
	}
	told := map[orderKey][]store.FactRow{}
	here := map[orderKey]ticket.Ticket{}
	for source, orders := range bySource {
		known, err := in.tx.TicketFacts(ctx, source, orders)
		if err != nil {
			return err
		}
		for no, list := range known {
			told[orderKey{source, no}] = list
		}
		stored, err := in.tx.TicketsByOrder(ctx, source, orders)
		if err != nil {
			return err
		}
		for _, r := range stored {
			here[keyOf(r.Ticket)] = r.Ticket
		}
	}
	made := map[orderKey]ticket.Ticket{}
	for _, t := range fresh {
		if _, have := here[keyOf(t)]; !have {
			made[keyOf(t)] = t
		}
	}
	in.refreshed = map[orderKey]bool{}
	met := map[orderKey]bool{} // of those made
	updated, unchanged := 0, 0
	for _, f := range facts {
		k := orderKey{f.Source, f.OrderNo}
		t, have := here[k]
		_, making := made[k]
		i := slices.IndexFunc(told[k], func(r store.FactRow) bool { return r.List == f.List && r.On == f.On })
		known := i >= 0 && told[k][i].Says(f)
		if !known {
			if err := in.tx.PutTicketFact(ctx, f, !have, in.now); err != nil {
				return err
			}
		}
		switch {
		case have && known:
			unchanged++
		case have:
			here[k] = t.WithFact(counted(t, f))
			in.refreshed[k] = true
			updated++
		case making && met[k]:
			updated++
		case making:
			met[k] = true
		default:
			in.waiting = append(in.waiting, f)
		}
	}
	batch := slices.Collect(maps.Values(made))
	for k := range in.refreshed {
		batch = append(batch, here[k])
	}
	if err := in.take(ctx, batch); err != nil {
		return err
	}
	in.taken.Updated, in.taken.Unchanged, in.taken.Waiting = updated, unchanged, len(in.waiting)
	return nil
}

// counted is a fact about being handed out again with the count of all times: the list's own, or one more than was known.
func counted(t ticket.Ticket, f ticket.Fact) ticket.Fact {
	if f.List != ticket.ListReassigned || f.Count > 0 {
		return f
	}
	for _, was := range t.Facts {
		if was.Key() == f.Key() {
			f.Count = was.Count // told anew, not happened anew
			return f
		}
	}
	n, _ := ticket.Reassigned(t)
	f.Count = n + 1
	return f
}

// withFacts gives the tickets of a batch with what lists have said of them: what a stored one has, and what waited for a new
// one. What the batch brings of a refreshed one has it.
func (in *intake) withFacts(ctx context.Context, batch []ticket.Ticket, known map[ticket.Source]map[string]store.TicketKey) ([]ticket.Ticket, error) {
	told := map[orderKey][]store.FactRow{}
	stored := map[orderKey]ticket.Ticket{}
	for source := range known {
		var orders []string
		for _, t := range batch {
			if key, have := known[source][t.OrderNo]; t.Source == source && !in.refreshed[keyOf(t)] && (!have || !key.Says(t)) {
				orders = append(orders, t.OrderNo)
			}
		}
		facts, err := in.tx.TicketFacts(ctx, source, orders)
		if err != nil {
			return nil, err
		}
		for no, list := range facts {
			told[orderKey{source, no}] = list
		}
		rows, err := in.tx.TicketsByOrder(ctx, source, slices.Collect(maps.Keys(facts)))
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			stored[keyOf(r.Ticket)] = r.Ticket
		}
	}
	if len(told) == 0 {
		return batch, nil
	}
	out := slices.Clone(batch)
	for i, t := range out {
		list := told[keyOf(t)]
		if len(list) == 0 {
			continue
		}
		// A row that comes later than the lists has counted what they tell, as far as it counts at all.
		before, _ := ticket.Reassigned(t)
		for _, f := range stored[keyOf(t)].Facts {
			t = t.WithFact(f)
		}
		kth, arrived := 0, false
		for _, r := range list {
			if r.Waiting == nil {
				continue
			}
			arrived = true
			f := *r.Waiting
			if f.List == ticket.ListReassigned && f.Count == 0 {
				kth++
				f.Count = max(before, kth)
			}
			t = t.WithFact(f)
		}
		out[i] = t
		if !arrived {
			continue
		}
		if err := in.tx.FactsArrived(ctx, t.Source, t.OrderNo); err != nil {
			return nil, err
		}
	}
	return out, nil
}
