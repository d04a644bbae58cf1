package parallel_test

import (
	"testing"

	"xiaopu/server/parallel"
)

func TestDo(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		done := make([]int, n)
		parallel.Do(4, n, func(i int) { done[i] += i + 1 })
		for i, d := range done {
			if d != i+1 {
				t.Fatalf("of %d: f was called with %d in all for %d", n, d, i)
			}
		}
	}
	defer func() {
		if p := recover(); p != "three" {
			t.Errorf("recovered %v", p)
		}
	}()
	parallel.Do(4, 10, func(i int) {
		if i == 3 {
			panic("three")
		}
	})
	t.Error("f panicked and Do did not")
}
