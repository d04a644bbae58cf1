package ticket

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HideNames takes the requester's name out of a text, and what looks like another person's.
func HideNames(s string, q Requester) string {
	for _, n := range []string{q.Contact, q.Name} {
		n = strings.TrimSpace(n)
		if n == q.Name && q.Kind == Enterprise || utf8.RuneCountInString(n) < 2 || slices.Contains(nobody, n) {
			continue
		}
		s = strings.ReplaceAll(s, n, "诉求人")
	}
	// Most texts name nobody, and the expressions are slow: what none of them can match is seen at less cost.
	if maySayName(s) {
		s = saidName.ReplaceAllString(s, "${1}某某")
	}
	if mayAct(s) {
		s = actingName.ReplaceAllString(s, "${1}某某$2")
	}
	if slices.ContainsFunc(politeWords, func(w string) bool { return strings.Contains(s, w) }) {
		s = hidePolite(s)
	}
	return s
}

// maySayName reports whether a surname stands behind what introduces a name.
func maySayName(s string) bool {
	before := ' '
	for _, r := range s {
		if (before == ':' || before == '：' || before == '叫' || before == '做') && (strings.ContainsRune(surnames, r) || strings.ContainsRune(otherSurnames, r)) {
			return true
		}
		before = r
	}
	return false
}

// mayAct reports whether a surname stands behind a word for who acts.
func mayAct(s string) bool {
	for _, w := range actors {
		for rest := s; ; {
			i := strings.Index(rest, w)
			if i < 0 {
				break
			}
			rest = rest[i+len(w):]
			if r, _ := utf8.DecodeRuneInString(rest); strings.ContainsRune(surnames, r) {
				return true
			}
		}
	}
	return false
}

var (
	actors      = []string{"业主", "居民", "村民", "住户", "租客", "租户", "邻居", "市民", "老人", "房东", "我是", "本人"}
	politeWords = []string{"先生", "女士", "小姐", "阿姨", "老伯", "大爷", "大妈", "大叔", "叔叔", "奶奶", "爷爷", "老师", "师傅", "医生", "律师", "警官", "经理", "主任", "书记", "队长", "老板"}
)

var nobody = []string{"市民", "匿名", "先生", "女士", "小姐", "居民", "业主", "诉求人", "来电人", "不详", "未知", "网民", "群众"}

// The hundred or so surnames most people have. Those that begin everyday words (安全, 高度, 方便, 周边) count only where
// nothing else can be meant.
const (
	surnames      = `王李张刘陈杨赵吴徐孙朱胡郭何罗宋郑谢韩唐冯董萧曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎潘杜戴钟汪姜范姚谭廖邹熊陆郝孔崔康邱秦顾侯邵孟龙段雷钱汤尹黎赖龚瞿倪翁庄骆闵褚`
	otherSurnames = `马高林黄梁于余夏田任方石金白江毛万严常武贺史文施洪华周樊温卫包季俞单章鲁葛柳柯卞诸祝芮奚盛`
)

var (
	// 姓名：张三, 我叫张三
	saidName = regexp.MustCompile(`((?:姓名|联系人|诉求人|来电人|投诉人|反映人|当事人|经办人|法定代表人|法人代表|负责人|房东|业主|居民|租客|申请人)[:：]|我叫|名叫|本人叫|叫做)[` +
		surnames + otherSurnames + `]\p{Han}{1,2}`)
	// 居民张三反映
	actingName = regexp.MustCompile(`(` + strings.Join(actors, "|") + `)[` + surnames + `]\p{Han}{1,2}(反映|表示|称|来电|投诉|诉求|说|[,，。;；:：、!！?？()（）]|$)`)
	// 张先生, 张小三师傅. By office only the surnames that end no common word: 保安队长, 工程队长 name nobody.
	polite   = regexp.MustCompile(strings.Join(politeWords, "|"))
	byOffice = regexp.MustCompile(`^(?:老师|师傅|医生|律师|警官|经理|主任|书记|队长|老板)$`)
)

// hidePolite makes 张先生 and 张小三先生 某先生.
func hidePolite(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range polite.FindAllStringIndex(s, -1) {
		list := surnames + otherSurnames
		if byOffice.MatchString(s[m[0]:m[1]]) {
			list = surnames
		}
		before := []rune(s[at:m[0]])
		n := nameBefore(before, list)
		b.WriteString(string(before[:len(before)-n]))
		if n > 0 {
			b.WriteString("某")
		}
		at = m[0]
	}
	b.WriteString(s[at:])
	return b.String()
}

// nameBefore is how many characters at the end of rs are a name: a whole name after a break, else a surname alone, else
// what reaches back to one.
func nameBefore(rs []rune, list string) int {
	surname := func(n int) bool { return n <= len(rs) && strings.ContainsRune(list, rs[len(rs)-n]) }
	han := func(n int) bool {
		return !slices.ContainsFunc(rs[len(rs)-n:], func(r rune) bool { return !unicode.Is(unicode.Han, r) })
	}
	for _, n := range []int{3, 2} {
		if surname(n) && han(n) && (n == len(rs) || !unicode.Is(unicode.Han, rs[len(rs)-n-1])) {
			return n
		}
	}
	for n := 1; n <= 3; n++ {
		if surname(n) && han(n) {
			return n
		}
	}
	return 0
}
