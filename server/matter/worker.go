package matter

// worker compares documents with tickets on a goroutine of its own, while the index's goroutine does its part and waits: nothing of the
// index changes meanwhile.
type worker struct {
	ask     chan comparison
	done    chan struct{}
	scratch signature
}

// comparison is a document and the tickets that it is to be compared with.
type comparison struct {
	q    *query
	list []scored
}

// fewCompared are so few tickets that comparing them takes no longer than asking a worker.
const fewCompared = 16

// help starts n workers, and stop ends them.
func (x *Index) help(n int) (stop func()) {
	for range n {
		h := &worker{ask: make(chan comparison, 1), done: make(chan struct{}, 1)}
		x.workers = append(x.workers, h)
		go func() {
			for c := range h.ask {
				x.score(c, &h.scratch)
				h.done <- struct{}{}
			}
		}()
	}
	return func() {
		for _, h := range x.workers {
			close(h.ask)
		}
		x.workers = nil
	}
}

// scores compares a document with tickets of the index.
func (x *Index) scores(q *query, slots []uint32) []scored {
	list := make([]scored, len(slots))
	for i, s := range slots {
		list[i].slot = s
	}
	if len(list) <= fewCompared || len(x.workers) == 0 {
		x.score(comparison{q, list}, &x.scratch)
		return list
	}
	part := func(i int) []scored { return list[len(list)*i/(len(x.workers)+1) : len(list)*(i+1)/(len(x.workers)+1)] }
	for i, h := range x.workers {
		h.ask <- comparison{q, part(i)}
	}
	x.score(comparison{q, part(len(x.workers))}, &x.scratch)
	for _, h := range x.workers {
		<-h.done
	}
	return list
}

func (x *Index) score(c comparison, scratch *signature) {
	// All of them lie somewhere else in memory: fetched one after the other, each would be waited for.
	for i := range c.list {
		c.list[i].logit = float64(x.entries[c.list[i].slot].packed[0])
	}
	for i := range c.list {
		s := &c.list[i]
		e := &x.entries[s.slot]
		e.unpack(scratch)
		s.logit = logit(x.compare(c.q, scratch, e.person, e.day))
	}
}
