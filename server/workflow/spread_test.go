package workflow

import "testing"

func TestSpread(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		done := make([]int, n)
		spread(n, func(i int) { done[i] += i + 1 })
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
	spread(10, func(i int) {
		if i == 3 {
			panic("three")
		}
	})
	t.Error("f panicked and spread did not")
}
