package classify

import "testing"

func TestOfVeryManyNGramsTheRarestAreLeftOut(t *testing.T) {
	times := []int32{3, 9, 4, 3, 5, 4, 3, 8}
	for room, want := range map[int]int32{8: 3, 100: 3, 7: 4, 5: 4, 4: 5, 2: 6, 1: 9, 0: 10} {
		least := leastFor(times, room)
		n := 0
		for _, k := range times {
			if k >= least {
				n++
			}
		}
		if least != want || n > room {
			t.Errorf("room for %d: %d and more, which %d are; want %d", room, least, n, want)
		}
	}
}
