package matter

import (
	"slices"
	"strings"
	"unicode"
)

// A name is where or with whom a matter is: a compound, a road, a village, a school, a company. In a text it is found by
// the gazetteer, by the word it ends with (望舒里小区, 望园路, 奉浦小学), or by what stands before it: behind an administrative
// area (奉浦街道望舒里…) a name begins.

// endings are the words that names of places and parties end with, longest first among those that begin alike.
var endings = strings.Fields(`小区 社区 花园 花苑 新村 新城 公寓 公馆 家园 名邸 华庭 大厦 广场 国际 中心 大楼 宿舍 别墅 商城 工业园 产业园 科技园 园区 雅苑 佳苑 名苑 嘉园 佳园 豪庭 华府 御府
路口 大道 公路 高速 立交 大桥 隧道 铁路 高铁 桥 路 街 巷 弄 村 组 镇 屯 港 河 湖 山 岛 洲 塘 渠 水库
学校 中学 小学 大学 学院 幼儿园 医院 卫生院 派出所 法院 银行 邮局 公司 集团 企业 合作社 超市 市场 菜场 商场 酒店 宾馆 饭店 驾校 公园 景区 地铁站 公交站 车站 机场 码头 工厂 医药 置业 地产 科技 物业 培训 英语 教育 健身 俱乐部 诊所 药房 养老院 敬老院 事务所 人才网
苑 府 城 庭 湾 里 园 居 郡 轩 阁 墅 邸 台 院 站 厂 店 馆 寺 庙 坪 冲 号线 路公交 路车`)

// areaEndings end the names of administrative areas. They say where, but too widely to be one place.
const areaEndings = "省市区县镇乡"

// notName are characters that names rarely hold: what stands before such a one is not part of the name.
const notName = "的了在住于是至从往与及由对将把因我你他她们被让向为何怎什么请求望议诉报映询反投咨举呼吁恳盼关建质疑问再次都很太没不未无有就也还又可能会要该此这那其某和或但若如果等"

// generic are words that stand before an ending without naming anything: 我们小区, 公共停车场.
var generic = strings.Fields(`我们 你们 他们 本 该 整个 这个 那个 某 全 各 多个 几个 老旧 老 附近 周边 隔壁 同一 居民 住宅 封闭 其他 其它 新建 新 安置 动迁 商品房 所在 中心 道 马 公 线 铁 电 水 管 条 小区 社区 城市 国家
高层 一个 两个 公租房 廉租房 大型 普通 中 大 小 上 下 前 后 东 西 南 北 交通 开发 有限 责任 股份 物业 管理 建筑 房地产 投资 分 子 总 供水 自来水 公交 地铁 高速 火车 汽车 政府 人民 街道 办事处 居委 业主 民办 公办 普惠 私立 公立 第一 附属 商业 农贸 步行 人行 消防 断头 出 进 十字 丁字 马路 一条 修 回家 上班 水泥 石子 烂 泥 通 跨 过 走 门 楼 门口 旁`)

// place is a stretch of a text that names something: runes from from to to.
type place struct {
	from, to int
	sure     bool // the gazetteer or an ending says so
}

// isNameRune reports whether r can be part of a name.
func isNameRune(r rune) bool {
	return (unicode.Is(unicode.Han, r) || '0' <= r && r <= '9' || 'a' <= r && r <= 'z') && !strings.ContainsRune(notName, r)
}

// longestName is how many characters of a name are looked at before its ending.
const longestName = 6

// findNames gives the stretches of rs that name a place or a party, in order, not overlapping.
func (g *gazetteer) findNames(rs []rune, taken []bool) []place {
	var found []place
	add := func(p place) {
		for i := range found {
			if p.from < found[i].to && found[i].from < p.to {
				if p.sure && !found[i].sure || p.sure == found[i].sure && p.to > found[i].to {
					found[i].from = min(found[i].from, p.from)
					found[i].to = max(found[i].to, p.to)
					found[i].sure = found[i].sure || p.sure
				}
				return
			}
		}
		found = append(found, p)
	}
	for i := range rs {
		if e := endingAt(rs[i:]); e > 0 {
			from := nameStart(rs, i)
			if i-from >= 2 && !isGeneric(rs[from:i]) {
				add(place{from, i + e, true})
			}
		}
		// What follows an area: a name of up to four characters, as long as no known word begins.
		if i > 0 && strings.ContainsRune(areaEndings, rs[i-1]) && isNameRune(rs[i]) || i > 1 && rs[i-1] == '道' && rs[i-2] == '街' {
			to := i
			for to < len(rs) && to-i < 4 && isNameRune(rs[to]) && !taken[to] {
				to++
			}
			if to-i >= 2 && !isGeneric(rs[i:to]) {
				add(place{i, to, false})
			}
		}
	}
	slices.SortFunc(found, func(a, b place) int { return a.from - b.from })
	return found
}

// endingAt is the length of the ending that rs begins with, or 0.
func endingAt(rs []rune) int {
	best := 0
	for _, e := range endingsOf[rs[0]] {
		if len(e) > best && len(rs) >= len(e) && slices.Equal(rs[:len(e)], e) {
			best = len(e)
		}
	}
	return best
}

var endingsOf = func() map[rune][][]rune {
	m := map[rune][][]rune{}
	for _, e := range endings {
		rs := []rune(e)
		m[rs[0]] = append(m[rs[0]], rs)
	}
	return m
}()

// nameStart is where the name that ends before i begins.
func nameStart(rs []rune, i int) int {
	from := i
	for from > 0 && i-from < longestName {
		r := rs[from-1]
		if !isNameRune(r) || strings.ContainsRune(areaEndings, r) && i-from >= 2 || r == '道' && from > 1 && rs[from-2] == '街' && i-from >= 2 {
			break
		}
		from--
	}
	return from
}

func isGeneric(name []rune) bool {
	s := string(name)
	for _, w := range generic {
		if s == w || strings.HasSuffix(s, w) && len(s) <= len(w)+3 {
			return true
		}
	}
	return false
}
