package classify_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"xiaopu/server/classify"
)

// pools are what people say about each of four topics, and what they say about any.
var pools = map[string][]string{
	"噪声扰民": {"工地半夜打桩吵得睡不着", "广场舞音响声音太大", "楼下酒吧唱歌到凌晨", "装修电钻噪音从早到晚", "渣土车夜里鸣笛轰鸣", "空调外机嗡嗡响"},
	"物业管理": {"物业费涨价没有公示", "电梯坏了物业不修", "保安不管外来人员", "公共收益账目不公开", "业委会选举一直拖着", "楼道保洁没人做"},
	"交通出行": {"公交车半小时等不到一班", "路口红绿灯时间太短", "非机动车道停满汽车", "断头路什么时候打通", "地铁站出口没有接驳车", "路面坑洼容易翻车"},
	"劳动用工": {"公司拖欠工资三个月", "没有签劳动合同就被辞退", "单位不缴社保", "加班费一分没有", "工伤认定材料被退回", "试用期无故开除"},
}

var around = []string{
	"我们小区", "望舒里", "听荷苑", "恒之路上", "已经反映过好几次", "没有人来处理", "希望尽快解决", "老人小孩都受影响", "请核实", "从上个月开始", "大家意见很大",
	"打电话给居委会也没用", "不知道该找谁", "盼回复", "昨天晚上又这样", "这种情况正常吗",
}

// sample makes n examples, every tenth of them with a label that it should not have.
func sample(n int, seed uint64) []classify.Example {
	r := rand.New(rand.NewPCG(seed, 1))
	filler := func() string { // no two messages are alike
		var b strings.Builder
		for range 12 {
			b.WriteRune(rune(0x4e00 + r.IntN(3000)))
		}
		return b.String()
	}
	labels := []string{"交通出行", "劳动用工", "噪声扰民", "物业管理"}
	var out []classify.Example
	for i := range n {
		label := labels[i%len(labels)]
		pick := func(list []string) string { return list[r.IntN(len(list))] }
		detail := fmt.Sprintf("%s%s，%s，%s，%s。%s，%s。", pick(around), pick(pools[label]), pick(around), filler(), pick(pools[label]), pick(around), filler())
		e := classify.Example{Label: label, Text: classify.Text{Title: pick(pools[label]) + pick(around), Detail: detail}}
		switch r.IntN(3) {
		case 0:
			e.Text = classify.Text{Text: e.Title + " " + e.Detail}
		case 1:
			e.Text = classify.Text{Detail: e.Detail}
		}
		if r.IntN(10) == 0 {
			e.Label = labels[(i+1+r.IntN(3))%len(labels)]
		}
		out = append(out, e)
	}
	return out
}

// cutUp is a text as word lists have it: blanks between words, marks and common words gone.
func cutUp(text string) string {
	var words []string
	var word []rune
	for _, r := range text {
		if strings.ContainsRune("，。的了是在 ", r) {
			continue
		}
		if word = append(word, r); len(word) == 2 {
			words = append(words, string(word))
			word = nil
		}
	}
	return strings.Join(append(words, string(word)), " ")
}
