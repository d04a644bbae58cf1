package bench

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// result is one line of the summary.
type result struct {
	name, product, baseline, ratio, target string
	met                                    bool
}

// summary gathers the lines of all parts.
type summary struct {
	mu   sync.Mutex
	list []result
}

var results summary

func (s *summary) add(r result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, r)
}

// drop forgets everything.
func (s *summary) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = nil
}

func (s *summary) print(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		return
	}
	fmt.Fprintln(w, "\nSummary")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "name\tproduct\tbaseline\tratio\ttarget\t")
	for _, r := range s.list {
		verdict := "ok"
		if !r.met {
			verdict = "NOT OK"
		}
		fmt.Fprintln(t, strings.Join([]string{r.name, r.product, r.baseline, r.ratio, r.target, verdict}, "\t"))
	}
	_ = t.Flush()
}

// atLeast and atMost are the two kinds of targets.
func atLeast(name, product, baseline string, ratio, target float64) result {
	return result{name, product, baseline, fmt.Sprintf("%.2f", ratio), fmt.Sprintf("≥ %g", target), ratio >= target}
}

func atMost(name, product, baseline string, ratio, target float64) result {
	return result{name, product, baseline, fmt.Sprintf("%.2f", ratio), fmt.Sprintf("≤ %g", target), ratio <= target}
}

// median gives the middle of what f says of each round.
func median[T any](list []T, f func(T) float64) float64 {
	if len(list) == 0 {
		return 0
	}
	values := make([]float64, len(list))
	for i, v := range list {
		values[i] = f(v)
	}
	slices.SortFunc(values, cmp.Compare)
	return values[len(values)/2]
}

// figures are a side's medians over its rounds.
type figures struct {
	rate, p50, p99, tail float64 // tail is p99/p50; latencies in ms
	server, database     float64 // CPU µs per request
}

func figuresOf(rounds []round) figures {
	ms := func(p float64) func(round) float64 {
		return func(r round) float64 { return float64(r.percentile(p).Microseconds()) / 1000 }
	}
	per := func(f func(round) float64) func(round) float64 {
		return func(r round) float64 { return 1e6 * f(r) / float64(max(r.requests, 1)) }
	}
	return figures{
		rate: median(rounds, round.rate), p50: median(rounds, ms(0.5)), p99: median(rounds, ms(0.99)),
		tail:   median(rounds, func(r round) float64 { return float64(r.percentile(0.99)) / float64(max(r.percentile(0.5), 1)) }),
		server: median(rounds, per(func(r round) float64 { return r.server })), database: median(rounds, per(func(r round) float64 { return r.database })),
	}
}

func (f figures) cpu() float64 { return f.server + f.database }
