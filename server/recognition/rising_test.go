package recognition_test

import (
	"testing"

	"pgregory.net/rapid"

	"xiaopu/server/recognition"
	"xiaopu/server/workday"
)

var on, _ = workday.ParseDate("2026-11-26")

func TestRisingComparesATopicWithItsOwnPast(t *testing.T) {
	today := on
	since := today.AddDays(-200)
	var counts []recognition.DayCount
	weekly := func(topic, place string, now int, before ...int) {
		counts = append(counts, recognition.DayCount{On: today, Topic: topic, Place: place, Tickets: now})
		for i, n := range before {
			counts = append(counts, recognition.DayCount{On: today.AddDays(-7 * (i + 1)), Topic: topic, Place: place, Tickets: n})
		}
	}
	weekly("物业管理/电梯运行", "望舒里", 9, 1, 0, 1, 0, 1, 0, 0, 1)
	weekly("物业管理/电梯运行", "汀禾苑", 1, 1, 1, 1, 1, 1, 1, 1, 1)
	weekly("噪声扰民/施工噪声", "汀禾苑", 40, 38, 41, 37, 40, 42, 39, 40, 41) // much, as always
	weekly("市容环卫/垃圾清运", "", 4)                                     // new, and too few
	weekly("停水停电/停水", "汀禾苑", 30, 60, 0, 0, 0, 0, 0, 55, 0)         // comes and goes
	got := recognition.Rising(counts, since, today)
	if len(got) != 1 || got[0].Name != "物业管理/电梯运行" || got[0].Tickets != 10 || got[0].Weeks != 8 {
		t.Fatalf("%+v", got)
	}
	if p := got[0].Places; len(p) != 1 || p[0].Name != "望舒里" || p[0].Tickets != 9 || p[0].Before != 0.5 {
		t.Errorf("%+v", p)
	}
	if s := got[0].Sentence(); s != "近 7 天 10 件，此前 8 周平均每周 1.5 件" {
		t.Error(s)
	}
}

func TestRisingAtOnePlaceIsNotLostAmongTheOthers(t *testing.T) {
	today := on
	var counts []recognition.DayCount
	for week := range 9 {
		counts = append(counts, recognition.DayCount{On: today.AddDays(-7 * week), Topic: "噪声扰民/施工噪声", Place: "汀禾苑", Tickets: 100 + 20*(week%2)})
	}
	counts = append(counts, recognition.DayCount{On: today.AddDays(-6), Topic: "噪声扰民/施工噪声", Place: "望舒里", Tickets: 6})
	got := recognition.Rising(counts, today.AddDays(-200), today)
	if len(got) != 1 || len(got[0].Places) != 1 || got[0].Places[0].Name != "望舒里" {
		t.Errorf("%+v", got)
	}
}

func TestRisingWithoutAPast(t *testing.T) {
	today := on
	counts := []recognition.DayCount{{On: today.AddDays(-6), Topic: "物业管理/电梯运行", Tickets: 5}, {On: today.AddDays(-7), Topic: "物业管理/电梯运行", Tickets: 50}}
	got := recognition.Rising(counts, today.AddDays(-9), today) // a week that was counted in part is no past
	if len(got) != 1 || got[0].Weeks != 0 || got[0].Sentence() != "近 7 天 5 件，此前没有可比的记录" {
		t.Errorf("%+v", got)
	}
	if got := recognition.Rising(nil, today, today); got == nil || len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// More tickets this week never make a topic rise less, and the order of the counts says nothing.
func TestRisingIsMonotone(t *testing.T) {
	today := on
	rapid.Check(t, func(t *rapid.T) {
		var counts []recognition.DayCount
		for i, n := range rapid.SliceOfN(rapid.IntRange(0, 30), 63, 63).Draw(t, "days") {
			counts = append(counts, recognition.DayCount{On: today.AddDays(-i), Topic: "甲/乙", Place: "丙", Tickets: n})
		}
		score := func(list []recognition.DayCount) float64 {
			for _, r := range recognition.Rising(list, today.AddDays(-100), today) {
				return r.Score
			}
			return 0
		}
		before := score(counts)
		more := append(counts, recognition.DayCount{On: today.AddDays(-rapid.IntRange(0, 6).Draw(t, "day")), Topic: "甲/乙", Place: "丙", Tickets: rapid.IntRange(1, 50).Draw(t, "more")})
		if after := score(more); after < before {
			t.Fatalf("%f, then %f", before, after)
		}
		if again := score(rapid.Permutation(more).Draw(t, "order")); again != score(more) {
			t.Fatalf("%f in another order", again)
		}
	})
}
