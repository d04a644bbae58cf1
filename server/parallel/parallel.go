// Package parallel shares work out over goroutines.
package parallel

import (
	"sync"
	"sync/atomic"
)

// Do calls f with 0, 1, … n-1, on so many goroutines, the caller's among them. What f panics with, Do panics with.
func Do(workers, n int, f func(i int)) {
	var next atomic.Int64
	var failed atomic.Pointer[any]
	work := func() {
		defer func() {
			if p := recover(); p != nil {
				failed.Store(&p)
			}
		}()
		for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
			f(int(i))
		}
	}
	var others sync.WaitGroup
	for range min(workers, n) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	if p := failed.Load(); p != nil {
		panic(*p)
	}
}
