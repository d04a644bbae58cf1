package bench

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"xiaopu/server/matter"
)

// complaints makes tickets as residents write them, about as many compounds as a street has, and always the same ones.
type complaints struct {
	rng    *rand.Rand
	places []string
}

func newComplaints(seed uint64, places int) *complaints {
	c := &complaints{rng: rand.New(rand.NewPCG(seed, 7))}
	first, last := []rune("望金浦秀华景丽恒绿阳春锦瑞和安泰新南临湖江汇贤庄肖塘韩齐育古树枫桂兰竹梅"), []rune("舒水晨月波澜翠庭河林雅宁悦澄晖岚泽峰桥墅荷溪棠榆槐杏苇鹭")
	for i := range places {
		// Three characters from a number: no two alike.
		c.places = append(c.places, string([]rune{first[i%len(first)], last[i/len(first)%len(last)], first[i/len(first)/len(last)%len(first)]})+pick(c.rng, "小区", "苑", "花园", "新村", "公寓", "路"))
	}
	return c
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// troubles are what people complain of: a title, and sentences of which some are said.
var troubles = [][]string{
	{"电梯一直坏", "电梯这个星期坏了三次", "老人上不了楼", "物业拖着不维修", "轿厢抖得厉害", "昨晚有人被困在里面二十分钟"},
	{"垃圾没人清运", "垃圾堆成了山", "臭味飘到楼上", "苍蝇老鼠到处都是", "保洁几天没有来", "建筑垃圾也倒在这里"},
	{"烧烤店油烟扰民", "晚上开窗全是烟味", "烟道直接对着居民楼", "营业到凌晨两点", "吵得小孩睡不着", "执照不知道有没有"},
	{"停水没有通知", "从早上六点停到现在", "水压一直很低", "二楼以上没有水", "水龙头流出来的水发黄", "打了自来水公司电话没人接"},
	{"路灯不亮", "天黑以后伸手不见五指", "老人摔过跤", "报修了两次没有人来", "有一盏闪个不停", "孩子放学不敢走"},
	{"车位被占", "消防通道停满了车", "僵尸车停了半年", "物业收了钱不管", "进出要绕一大圈", "充电桩被油车占着"},
	{"楼顶违法搭建", "邻居在楼顶搭了阳光房", "承重墙也敲掉了", "城管来看过没有下文", "下雨漏到我家", "砖头掉下来差点砸到人"},
	{"施工噪音大", "工地半夜还在打桩", "渣土车一辆接一辆", "地面震得厉害", "灰尘落满阳台", "夜间施工许可没有公示"},
	{"小区养犬不拴绳", "大狗追着孩子跑", "狗粪没有人收拾", "半夜狗叫不停", "流浪狗越来越多", "保安说管不了"},
	{"下水道堵塞", "污水从窨井冒出来", "一楼卫生间倒灌", "化粪池半年没有清", "院子里全是臭水", "疏通了两天又堵"},
}

func (c *complaints) next(i int) matter.Doc {
	p := c.places[c.rng.IntN(len(c.places))]
	t := troubles[c.rng.IntN(len(troubles))]
	said := slices.Clone(t[1:])
	c.rng.Shuffle(len(said), func(i, j int) { said[i], said[j] = said[j], said[i] })
	house := fmt.Sprintf("%d号%d室", 1+c.rng.IntN(90), 101+c.rng.IntN(1500))
	return matter.Doc{
		ID: fmt.Sprintf("0193%08x-7a00-8000-%012x", i, i), Person: fmt.Sprintf("p%d", c.rng.IntN(i/2+10)), Order: fmt.Sprintf("GD2026%09d", i),
		Title: pick(c.rng, "", "反映", "投诉", "关于") + p + t[0],
		Text: pick(c.rng, "市民来电反映：", "您好，", "我是"+p+"的业主，", "来电人表示，") + p + house + pick(c.rng, "附近", "门口", "", "楼下") + "，" + strings.Join(said[:2+c.rng.IntN(3)], "，") +
			pick(c.rng, "。望相关部门尽快处理并回复。", "，请求核实处理。", "。已经反映过"+fmt.Sprint(1+c.rng.IntN(9))+"次，一直没有解决。"),
		At: start.Add(time.Duration(i) * time.Minute),
	}
}

// filled is an index with so many tickets, each in the matter it was made for, and what it takes of memory.
func filled(n, places int) (x *matter.Index, perTicket float64) {
	before := heap()
	x = matter.NewIndex(nil)
	c := newComplaints(1, places)
	for i := range n {
		d := c.next(i)
		x.Put(d, d.ID)
	}
	return x, float64(heap()-before) / float64(n)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// ownCPU is the time that this process has had of the processors.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// placings says how long each of so many new tickets takes to be placed, in order of length.
func placings(x *matter.Index, n, places int) (times []time.Duration, found int) {
	c := newComplaints(2, places)
	for i := range n {
		d := c.next(10_000_000 + i)
		began := time.Now()
		p := x.Place(d)
		times = append(times, time.Since(began))
		if p.Matter != "" {
			found++
		}
	}
	slices.Sort(times)
	return times, found
}

func BenchmarkRecognizeMatter(b *testing.B) {
	const few, many, places, times = 100_000, 1_000_000, 2_000, 1_000
	small, perTicket := filled(few, places)
	placings(small, 100, places)
	a, found := placings(small, times, places)
	say("placing among %d: p50 %v, p99 %v; %d of %d join; %.0f bytes a ticket", few, a[times/2], a[times*99/100], found, times, perTicket)
	results.add(atMost("place a ticket among 100,000, p50 ms", a[times/2].String(), "-", a[times/2].Seconds()*1000, 5))
	results.add(atMost("index, bytes a ticket", fmt.Sprintf("%.0f", perTicket), "-", perTicket, 1024))

	c := newComplaints(3, places)
	docs := make([]matter.Doc, few)
	for i := range docs {
		docs[i] = c.next(i)
	}
	began, worked := time.Now(), ownCPU()
	groups := matter.Group(docs, nil)
	took, work := time.Since(began), ownCPU()-worked
	slices.Sort(groups)
	say("grouping %d from nothing: %v, of it CPU %v, %d matters", few, took, work, len(slices.Compact(groups)))
	results.add(atMost("group 100,000 from nothing, s", fmt.Sprintf("%.1f s", took.Seconds()), "-", took.Seconds(), 60))

	large, perTicket := filled(many, places)
	placings(large, 100, places)
	l, found := placings(large, times, places)
	say("placing among %d: p50 %v, p99 %v; %d of %d join; %.0f bytes a ticket", many, l[times/2], l[times*99/100], found, times, perTicket)
	results.add(atMost("place a ticket, among 1,000,000 / 100,000, p50", l[times/2].String(), a[times/2].String(), float64(l[times/2])/float64(a[times/2]), 3))
}

func TestPlacingIsMeasured(t *testing.T) {
	x, per := filled(2_000, 50)
	times, found := placings(x, 50, 50)
	if x.Len() != 2_000 || per <= 0 || len(times) != 50 || times[0] <= 0 || found < 25 {
		t.Errorf("%d tickets of %.0f bytes, %d placed from %v on, %d of them found", x.Len(), per, len(times), times[0], found)
	}
}
