package matter

import (
	"slices"
	"strings"
)

// A name is where or with whom a matter is: a compound, a road, a village, a school, a company. In a text it is what no
// known word is part of, with the word that names end with (望舒里小区, 奉浦小学) where there is one.

// endings are the words that names of places and parties end with.
var endings = strings.Fields(`小区 社区 花园 花苑 新村 新城 公寓 公馆 家园 名邸 华庭 大厦 广场 国际 中心 大楼 宿舍 别墅 商城 工业园 产业园 科技园 园区 雅苑 佳苑 名苑 嘉园 佳园 豪庭 华府 御府
路口 大道 公路 高速 立交 大桥 隧道 铁路 高铁 桥 路 街 巷 弄 村 组 镇 屯 港 河 湖 山 岛 洲 塘 渠 水库
学校 中学 小学 大学 学院 幼儿园 医院 卫生院 派出所 法院 银行 邮局 公司 集团 企业 合作社 超市 市场 菜场 商场 酒店 宾馆 饭店 驾校 公园 景区 地铁站 公交站 车站 机场 码头 工厂 医药 置业 地产 科技 物业 培训 英语 教育 健身 俱乐部 诊所 药房 养老院 敬老院 事务所 人才网
苑 府 城 庭 湾 里 园 居 郡 轩 阁 墅 邸 台 院 站 厂 店 馆 寺 庙 坪 冲 号线 路公交 路车`)

// complete are the endings that no name goes on behind.
var complete = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("小区 社区 公司 集团 学校 中学 小学 大学 学院 幼儿园 医院 派出所 银行 公园 广场 大厦 机场 超市 酒店 驾校 村 路 大道 地铁站 火车站 汽车站") {
		m[w] = true
	}
	return m
}()

// place is a stretch of a text that names something: runes from from to to.
type place struct {
	from, to int
	sure     bool // its ending says so
}

// The classes of characters in a text.
const (
	classOpen  = iota // may be part of a name
	classEnd          // part of a name's ending
	classGap          // marks, plain words
	classWord         // part of a common word
	classTopic        // part of a concept's word
	classArea         // part of an administrative area's name
)

// word is one that the package knows, in a text; what it says stands where it ends in the tree.
type word struct {
	from, to int
	*tree
}

// tree is a tree of words.
type tree struct {
	next     map[rune]*tree
	class    byte // 0 where no word ends
	concepts []uint8
	end      bool // names end with it
}

func (t *tree) at(rs []rune) *tree {
	for _, r := range rs {
		n := t.next[r]
		if n == nil {
			if t.next == nil {
				t.next = map[rune]*tree{}
			}
			n = &tree{}
			t.next[r] = n
		}
		t = n
	}
	return t
}

var vocabulary = func() *tree {
	root := &tree{}
	add := func(w string, class byte) *tree {
		n := root.at(letters(w, maxTitle))
		if n.class == 0 || n.class == classEnd || class == classTopic {
			n.class = class
		}
		return n
	}
	for _, w := range endings {
		add(w, classEnd).end = true
	}
	for _, w := range plain {
		add(w, classGap)
	}
	for _, w := range common {
		add(w, classWord)
	}
	for i, line := range concepts {
		for _, w := range strings.Fields(line)[1:] {
			n := add(w, classTopic)
			if !slices.Contains(n.concepts, uint8(i)) {
				n.concepts = append(n.concepts, uint8(i))
			}
		}
	}
	return root
}()

// findWords gives the known words of rs, the longest at each place.
func findWords(rs []rune) []word {
	found := make([]word, 0, len(rs)/2)
	for i := 0; i < len(rs); i++ {
		n := vocabulary
		var best *tree
		to := 0
		for j := i; j < len(rs); j++ {
			if n = n.next[rs[j]]; n == nil {
				break
			}
			if n.class != 0 {
				best, to = n, j+1
			}
		}
		if best != nil {
			found = append(found, word{i, to, best})
			i = to - 1
		}
	}
	return found
}

var (
	areaEndings = runes("省市区县镇乡")
	notArea     = runes("小社校景片辖城山库街园") // before 区: 小区, 校区, 景区 are no areas
)

// classify says of each character what it is part of.
func classify(rs []rune, ws []word) []byte {
	class := make([]byte, len(rs))
	for i, r := range rs {
		if r == gap {
			class[i] = classGap
		}
	}
	for _, w := range ws {
		c := w.class
		if w.end && w.from > 0 && class[w.from-1] <= classEnd {
			c = classEnd // behind a name: 洪山|公园
		}
		for i := w.from; i < w.to; i++ {
			class[i] = c
		}
	}
	for i := 1; i < len(rs); i++ {
		town := rs[i] == '道' && rs[i-1] == '街'
		if town || areaEndings[rs[i]] && class[i] <= classEnd && class[i-1] <= classEnd && !notArea[rs[i-1]] {
			for j := i; j >= max(0, i-4) && class[j] <= classEnd; j-- {
				class[j] = classArea
			}
		}
	}
	return class
}

// findNames gives the stretches of rs that name a place or a party, in order.
func findNames(rs []rune, class []byte, ws []word) (found []place) {
	whole := make([]bool, len(rs)+1) // a name is complete before i
	for _, w := range ws {
		whole[w.to] = w.end && complete[string(rs[w.from:w.to])]
	}
	for i := 0; i < len(rs); {
		if class[i] != classOpen {
			i++
			continue
		}
		from := i
		for i < len(rs) && class[i] <= classEnd && i-from < maxName {
			if i++; whole[i] {
				break
			}
		}
		if i-from >= 2 {
			found = append(found, place{from, i, class[i-1] == classEnd && i-from >= 3})
		}
	}
	return found
}
