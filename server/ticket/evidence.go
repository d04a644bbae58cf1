package ticket

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// FromText is where evidence found in the words of a ticket comes from; evidence of a column says “column:” and the
// header's usual name, that of a list FromList and the row.
const FromText = "text"

func fromColumn(f Field) string { return "column:" + f.Label() }

// LinkKind says how another ticket is meant.
type LinkKind string

// The kinds of link.
const (
	LinkReassigned LinkKind = "reassigned" // 【重新交办，关联工单…】: this ticket is that one, handed out again
	LinkDispatched LinkKind = "dispatched" // 【最近派发的工单编号：…】
	LinkClosed     LinkKind = "closed"     // 【最近办结的工单编号：…】
	LinkRepeat     LinkKind = "repeat"     // 重复工单号
	LinkRelated    LinkKind = "related"    // 关联工单, said without why
	LinkMention    LinkKind = "mention"    // an order number in the running text
)

// Link points from a ticket to another one.
type Link struct {
	Kind    LinkKind `json:"kind"`
	OrderNo string   `json:"order_no"`
	From    string   `json:"from"` // FromText or column:…
	Quote   string   `json:"quote,omitempty"`
}

// Hop is evidence that a department did not accept the ticket.
type Hop struct {
	Department string     `json:"department,omitempty"` // empty when only a count is stated: 经3个部门流转仍未接单
	Count      int        `json:"count"`                // departments it stands for: 1 when named
	From       string     `json:"from"`                 // FromText or column:…
	Quote      string     `json:"quote,omitempty"`      // exact words, at most 60 characters
	Reason     string     `json:"reason,omitempty"`     // why it was returned, as written
	OrderNo    string     `json:"order_no,omitempty"`
	At         *time.Time `json:"at,omitempty"`
}

// Reassignment is evidence that the ticket was handed out again.
type Reassignment struct {
	Count      int        `json:"count"`           // times it stands for
	From       string     `json:"from"`            // FromText or column:…
	Quote      string     `json:"quote,omitempty"` // exact words, at most 60 characters
	Department string     `json:"department,omitempty"`
	OrderNo    string     `json:"order_no,omitempty"` // the ticket that was handed out before
	At         *time.Time `json:"at,omitempty"`       // when that one was taken, as its number says
}

// MarkKind is a sign of persistence in the text.
type MarkKind string

// The marks.
const (
	MarkRepeatCall MarkKind = "repeat_call" // 重复来电
	MarkUrge       MarkKind = "urge"        // 催单
	MarkNthCall    MarkKind = "nth_call"    // 第三次反映
)

// Mark is a sign in the text that the requester asks again.
type Mark struct {
	Kind  MarkKind `json:"kind"`
	Count int      `json:"count"` // which call it is, for MarkNthCall; else 1
	Quote string   `json:"quote"`
}

// Tags is what the hotline platform and the call takers wrote into a text.
type Tags struct {
	Links         []Link
	Hops          []Hop
	Reassignments []Reassignment
	Marks         []Mark
	Cross         []Crossing
}

// maxTags bounds each kind of evidence of one text: more says nothing more, and a text can be hostile.
const maxTags = 50

// signs are characters of which every tag and formula has one; most texts without evidence have none.
const signs = "单办跨流次催复"

// ReadTags finds the evidence in a text: the platform's 【…】 tags and the formulas of call takers. What a tag quotes
// of another ticket is that ticket's evidence and is left out, except where it continues a chain of re-assignments
// that begins here. The caller knows the present department: see ParseRow for what it does with a flow's last stop.
func ReadTags(text string) Tags {
	return readTags(text, "")
}

func readTags(text, department string) Tags {
	if !strings.ContainsAny(text, signs) {
		return Tags{}
	}
	f := fold(text)
	s := scan{f: f, ends: pairs(f.text), department: DepartmentKey(department)}
	s.read(0, len(f.text), 0)
	s.chain(0)
	return Tags{s.links, s.hops, s.reassignments, s.marks, s.cross}
}

// scan collects the evidence of one span of text.
type scan struct {
	f             folded
	ends          map[int]int // see pairs
	department    string
	links         []Link
	hops          []Hop
	reassignments []Reassignment
	marks         []Mark
	cross         []Crossing
	quoted        map[string]*scan // what tags quote of other tickets, by order number
}

// maxDepth bounds tags inside tags; cutTag is how long a short tag can be that lost its closing bracket.
const (
	maxDepth = 10
	cutTag   = 400
)

// read goes over folded bytes i to j: tags are taken out, the rest is searched for formulas.
func (s *scan) read(i, j, depth int) {
	t := s.f.text
	from := i
	for i < j {
		k := indexOpen(t[i:j])
		if k < 0 {
			break
		}
		i += k
		_, open := utf8.DecodeRuneInString(t[i:])
		end, closed := s.ends[i]
		closed = closed && end <= j
		stop := end
		switch {
		case closed && open == 1:
			stop--
		case closed:
			stop -= len("】")
		case open > 1:
			end, stop = j, j // the source cut the text off inside a tag
		}
		kind := tag("")
		if closed || open > 1 {
			kind = tagKind(t[i+open : stop])
		}
		if kind == "" || !closed && kind != tagDispatched && kind != tagClosed && stop-i > cutTag {
			i += open // an ordinary bracket: its inside is ordinary text
			continue
		}
		s.plain(from, i)
		if depth < maxDepth {
			s.tag(kind, i, i+open, stop, end, depth)
		}
		i = end
		from = i
	}
	s.plain(from, j)
}

// The platform's brackets come as 【】, and as [] or () after some system replaced them.
func indexOpen(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '[', '(':
			return i
		case 0xe3:
			if strings.HasPrefix(s[i:], "【") {
				return i
			}
		}
	}
	return -1
}

type tag string

const (
	tagReassigned tag = "重新交办"
	tagDispatched tag = "最近派发"
	tagClosed     tag = "最近办结"
	tagReturned   tag = "退单"
	tagFlow       tag = "流转"
	tagRepeat     tag = "重复来电"
	tagUrge       tag = "催单"
	tagCross      tag = "三跨"
	tagRelated    tag = "关联工单"
)

// tagHeads are the words that make a bracket a tag. They stand near its beginning: further in they are what a person
// said in brackets.
var tagHeads = []struct {
	word string
	tag  tag
}{
	{"重新交办", tagReassigned}, {"重办件", tagReassigned}, {"最近派发的工单", tagDispatched}, {"最近派发工单", tagDispatched},
	{"最近办结的工单", tagClosed}, {"最近办结工单", tagClosed}, {"退单", tagReturned}, {"退回", tagReturned}, {"流转", tagFlow},
	{"重复来电", tagRepeat}, {"重复工单", tagRepeat}, {"催单", tagUrge}, {"催办", tagUrge}, {"三跨", tagCross}, {"关联工单", tagRelated},
}

// headBytes is how far into a bracket its word may begin: 第2次重新交办, 规划建设和生态环境办公室退单.
const headBytes = 48

func tagKind(head string) tag {
	if len(head) > headBytes+12 {
		head = head[:headBytes+12]
	}
	if !strings.ContainsAny(head, "单办跨流催复退") {
		return ""
	}
	best, at := tag(""), headBytes
	for _, h := range tagHeads {
		if i := strings.Index(head, h.word); i >= 0 && i < at {
			// A sentence that merely contains the word is not a tag: 【市民要求重新交办】, 【物业退回押金】.
			if before := head[:i]; !asking.MatchString(before) && (h.word != "退回" || returnHead(head, i)) {
				best, at = h.tag, i
			}
		}
	}
	return best
}

var asking = regexp.MustCompile(`(?:^|[,: ])如[^,:;]{0,12}$|(?:要求|请求|希望|申请|建议|避免|如果|假如|若|不要|不再|不用|不必|无需)[^,:;]{0,12}$|(?:未|没有|不予|不)$|[。;]`)

// returnHead tells 【退回：某某办】 and 【某某办退回】 from goods and money that are returned.
func returnHead(head string, i int) bool {
	after := strings.TrimLeft(head[i+len("退回"):], " ")
	return after == "" || strings.HasPrefix(after, ":") || strings.HasPrefix(after, ",") || strings.HasPrefix(after, "单位") || strings.HasPrefix(after, "部门")
}

// tag reads one tag: its bracket begins at open, its words are a to b, the text goes on at end.
func (s *scan) tag(kind tag, open, a, b, end, depth int) {
	t := s.f.text
	words := t[a:b]
	quote := s.f.quote(open, end)
	switch kind {
	case tagReassigned:
		orders := orderNumbers(head(words))
		if len(orders) == 0 {
			s.reassigned(Reassignment{Count: max(1, times(words)), From: FromText, Quote: quote})
		}
		for i, o := range orders {
			n := 1
			if i == 0 {
				n = max(1, times(words))
			}
			s.reassigned(Reassignment{Count: n, From: FromText, Quote: quote, OrderNo: o, At: orderAt(o)})
			s.link(LinkReassigned, o, quote)
		}
		if len(orders) > 0 {
			s.quote(orders[0], a, b, depth)
		}
	case tagDispatched, tagClosed:
		link := LinkDispatched
		if kind == tagClosed {
			link = LinkClosed
		}
		for _, o := range orderNumbers(head(words)) {
			s.link(link, o, quote)
			s.quote(o, a, b, depth)
		}
	case tagReturned:
		s.returned(words, quote)
	case tagFlow:
		s.flow(words, quote)
	case tagRepeat:
		s.mark(MarkRepeatCall, 1, quote)
		for _, o := range orderNumbers(head(words)) {
			s.link(LinkRepeat, o, quote)
		}
	case tagUrge:
		s.mark(MarkUrge, 1, quote)
		for _, o := range orderNumbers(head(words)) {
			s.link(LinkRelated, o, quote)
		}
	case tagCross:
		s.cross = addCross(s.cross, words)
	case tagRelated:
		for _, o := range orderNumbers(head(words)) {
			s.link(LinkRelated, o, quote)
		}
	}
}

// head is the part of a tag before it quotes another ticket's text.
func head(words string) string {
	for _, w := range []string{"工单内容", "诉求内容", "内容描述", "内容:"} {
		if i := strings.Index(words, w); i >= 0 {
			return words[:i]
		}
	}
	return words
}

// quote reads what a tag quotes of ticket order, for chain.
func (s *scan) quote(order string, a, b, depth int) {
	rest := len(head(s.f.text[a:b]))
	if a+rest >= b {
		return
	}
	inner := &scan{f: s.f, ends: s.ends}
	inner.read(a+rest, b, depth+1)
	if s.quoted == nil {
		s.quoted = map[string]*scan{}
	}
	if s.quoted[order] == nil {
		s.quoted[order] = inner
	}
}

// chain takes over the re-assignments of the tickets this one was re-assigned from, as far as the text quotes them.
func (s *scan) chain(depth int) {
	if depth > maxDepth {
		return
	}
	for _, r := range slices.Clone(s.reassignments) {
		q := s.quoted[r.OrderNo]
		if r.OrderNo == "" || q == nil {
			continue
		}
		q.chain(depth + 1)
		for _, e := range q.reassignments {
			s.reassigned(e)
		}
	}
}

func (s *scan) reassigned(r Reassignment) {
	for _, e := range s.reassignments {
		if e.OrderNo == r.OrderNo && (r.OrderNo != "" || e.Quote == r.Quote) {
			return
		}
	}
	if len(s.reassignments) < maxTags {
		s.reassignments = append(s.reassignments, r)
	}
}

func (s *scan) link(kind LinkKind, order, quote string) {
	for _, l := range s.links {
		if l.OrderNo == order && (l.Kind == kind || kind == LinkMention) {
			return
		}
	}
	if len(s.links) < maxTags {
		s.links = append(s.links, Link{Kind: kind, OrderNo: order, From: FromText, Quote: quote})
	}
}

func (s *scan) hop(h Hop) {
	for _, e := range s.hops {
		if DepartmentKey(e.Department) == DepartmentKey(h.Department) && e.Count == h.Count {
			return
		}
	}
	if len(s.hops) < maxTags {
		s.hops = append(s.hops, h)
	}
}

func (s *scan) mark(kind MarkKind, n int, quote string) {
	for _, m := range s.marks {
		if m.Kind == kind && m.Count == n {
			return
		}
	}
	if len(s.marks) < maxTags {
		s.marks = append(s.marks, Mark{Kind: kind, Count: n, Quote: quote})
	}
}

// returned reads 【退单：规划建设办，2026-09-01，原因：非我部门职责】, 【规划建设办退单，原因：…】, 【退单单位：甲、乙】.
func (s *scan) returned(words, quote string) {
	var h Hop
	h.Count, h.From, h.Quote = 1, FromText, quote
	if i := strings.Index(words, "原因"); i >= 0 {
		h.Reason = strings.Trim(words[i+len("原因"):], " :,。;")
		words = words[:i]
	} else if i := strings.Index(words, "理由"); i >= 0 {
		h.Reason = strings.Trim(words[i+len("理由"):], " :,。;")
		words = words[:i]
	}
	if o := orderNumbers(words); len(o) > 0 {
		h.OrderNo = o[0]
	}
	for _, part := range splitNames(words) {
		if at, _, err := ParseTime(part, false); err == nil {
			h.At = &at
			break
		}
	}
	for _, part := range splitNames(words) {
		for _, w := range []string{"退单", "退回", "单位", "部门", "由", "被", "已"} {
			part = strings.Trim(strings.TrimSuffix(strings.TrimPrefix(part, w), w), " :")
		}
		if departmentName(part) {
			d := h
			d.Department = part
			s.hop(d)
		}
	}
}

// flow reads 【流转：甲→乙→丙】. Each stop passed the ticket on; the last one counts too, unless it is the department
// that has the ticket now and nothing says that nobody accepted.
func (s *scan) flow(words, quote string) {
	refused := refusal.MatchString(words)
	if i := strings.LastIndexByte(words, ':'); i >= 0 && strings.Contains(words[:i], "流转") {
		words = words[i+1:]
	}
	var names []string
	for _, part := range splitNames(words) {
		part = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(part, "流转"), "记录"), "经")
		part = strings.TrimSpace(noteAfter.ReplaceAllString(part, ""))
		if departmentName(part) {
			names = append(names, part)
		}
	}
	for i, n := range names {
		if i == len(names)-1 && !refused && s.department != "" && DepartmentKey(n) == s.department {
			continue
		}
		s.hop(Hop{Department: n, Count: 1, From: FromText, Quote: quote})
	}
}

var (
	refusal   = regexp.MustCompile(`未接单|未能接单|无人接单|不接单|拒绝接单|拒接|均退单|均退回|都退单|均未接`)
	noteAfter = regexp.MustCompile(`\([^()]*\)$`)
	arrows    = strings.NewReplacer("→", "\x00", "->", "\x00", "-->", "\x00", "=>", "\x00", "⇒", "\x00", "➔", "\x00", "—>", "\x00", "——", "\x00", ">", "\x00",
		"、", "\x00", ",", "\x00", ";", "\x00", "。", "\x00", "|", "\x00", "\n", "\x00", "\\", "\x00")
	// 和 and 及 join names but also stand inside them (规划建设和生态环境办公室): they part only complete names.
	joints = regexp.MustCompile(`(办|办公室|局|所|队|中心|科|处|委|会|公司|部)(?:和|及|与|以及)`)
)

// splitNames parts a list of departments.
func splitNames(s string) []string {
	var names []string
	for part := range strings.SplitSeq(arrows.Replace(s), "\x00") {
		part = joints.ReplaceAllString(part, "$1\x00")
		for n := range strings.SplitSeq(part, "\x00") {
			if n = strings.Trim(n, " :-/"); n != "" {
				names = append(names, n)
			}
		}
		if len(names) > maxTags {
			break
		}
	}
	return names
}

var unitEndings = []string{"办", "办公室", "局", "所", "队", "中心", "科", "处", "委", "委员会", "会", "部", "部门", "公司", "集团", "街道", "镇", "站", "院", "村", "居", "物业", "组", "单位"}

// departmentName reports whether s looks like the name of an office and not like a sentence.
func departmentName(s string) bool {
	n := utf8.RuneCountInString(s)
	if n < 2 || n > 24 || strings.ContainsAny(s, "。,;!?的了吗") {
		return false
	}
	if genericUnits[s] {
		return false
	}
	for _, e := range unitEndings {
		if strings.HasSuffix(s, e) && len(s) > len(e) {
			return true
		}
	}
	// “A部门”, “部门1”: how forms and examples name them.
	return strings.Contains(s, "部门")
}

var genericUnits = map[string]bool{"部门": true, "单位": true, "相关部门": true, "有关部门": true, "多部门": true, "多个部门": true, "各部门": true, "其他部门": true, "职能部门": true, "承办单位": true, "主办单位": true, "相关单位": true, "本部门": true, "我部门": true, "非我部门": true, "该部门": true, "个部门": true}

// DepartmentKey makes one key of the spellings of one office: 规划建设办 and 奉浦街道规划建设办公室.
func DepartmentKey(name string) string {
	k := Fold(name)
	if i := strings.LastIndex(k, "街道"); i >= 0 && i+len("街道") < len(k) {
		k = k[i+len("街道"):]
	}
	return strings.TrimSuffix(k, "公室")
}

func addCross(have []Crossing, words string) []Crossing {
	n := len(have)
	add := func(c Crossing) {
		if !slices.Contains(have, c) {
			have = append(have, c)
		}
	}
	for _, w := range []struct {
		word string
		c    Crossing
	}{{"跨部门", CrossDepartment}, {"跨领域", CrossField}, {"跨行业", CrossIndustry}} {
		if strings.Contains(words, w.word) {
			add(w.c)
		}
	}
	if len(have) == n && n == 0 {
		add(CrossUnspecified)
	}
	return have
}

const (
	numeral     = `(?:\d{1,2}|[一二两三四五六七八九十]{1,3})`
	numberOf    = `(` + numeral + `) ?个? ?(?:不同|相关|职能|有关)*(?:部门|单位|科室)`
	unaccepting = `未接单|未能接单|无人接单|无部门接单|不接单|拒绝接单|拒不接单|拒接|未接收`
)

var (
	nthCall = regexp.MustCompile(`第(` + numeral + `)次(?:的)?(?:来电|致电|拨打|反映|投诉|来信|来访|诉求|求助|催)`)
	// 已重新交办三次, 重新交办次数：3次, 经两次重新交办, 第3次重新交办; what is asked for is told by asking.
	stated = regexp.MustCompile(`(?:已|经|被|先后|累计|共)*(?:重新交办|重办)(?:次数|了|已达|达|共|累计|为|是|第|[: ])*(` + numeral + `) ?次` +
		`|重新交办次数(?:为|是|[: ])*(\d{1,2})` +
		`|(?:已|经|被|先后|累计|共)(` + numeral + `)次(?:被)?重新交办|第(` + numeral + `)次重新交办`)

	timesN = regexp.MustCompile(`第?(` + numeral + `)次`)

	// passed finds how a sentence about departments that did not accept begins and ends; what lies between is read by
	// the function of its name.
	passed = regexp.MustCompile(`(?:经过|经由|经|先后派至|先后派给|先后转至|派至|转至|流转至|流转|交由)([^。;!?\n【】]{2,150}?)(` + unaccepting + `|退单)`)
	// allOf is 3个部门均未接单, with nothing before it.
	allOf = regexp.MustCompile(numberOf + ` ?(?:,? ?(?:均|都|皆|全部)|流转,?|仍|一直|至今|也)+(?:` + unaccepting + `|退单)`)

	denied = regexp.MustCompile(`(?:未|没|没有|不|不予|不能|不肯|不愿|无法|拒绝)$`) // 仍未退单: it was not returned
	goods  = regexp.MustCompile(`^(?:押金|货款|退款|款|费|钱|保证金|定金)`)
	// before the words of not accepting; what a list of departments then ends with
	adverbs = regexp.MustCompile(`(?:[, ]|但是|但|仍然|仍|均|都|皆|一直|至今|全部|目前|还是)+$`)
	moved   = regexp.MustCompile(`(?:多次|先后|依次|逐一|反复)*(?:流转[^,、]{0,8})?$`)
	handled = regexp.MustCompile(`(?:多次|先后|依次|逐一|反复)*(?:协调|沟通|转派|转办|派单|推诿)$`)
	counted = regexp.MustCompile(`(?:等|共)*[ ,]*` + numberOf + ` *$`)
	lead    = regexp.MustCompile(`^(?:后|又|再|先后|并|过|由|与|和|向|同|被|经过|经由|经|派至|派给|转至|流转至|流转|交由|本街道|我街道|街道)+`)
)

// plain searches ordinary text for the formulas of call takers.
func (s *scan) plain(i, j int) {
	t := s.f.text[i:j]
	if strings.Contains(t, "次") {
		for _, m := range nthCall.FindAllStringSubmatchIndex(t, maxTags) {
			if n := number(t[m[2]:m[3]]); n >= 2 {
				s.mark(MarkNthCall, n, s.f.quote(i+m[0], i+m[1]))
			}
		}
		if strings.Contains(t, "重新交办") || strings.Contains(t, "重办") {
			for _, m := range stated.FindAllStringSubmatchIndex(t, maxTags) {
				if asked(t[:m[0]]) {
					continue
				}
				for g := 2; g < len(m); g += 2 {
					if m[g] < 0 {
						continue
					}
					if n := number(t[m[g]:m[g+1]]); n > 0 {
						s.reassigned(Reassignment{Count: n, From: FromText, Quote: s.f.quote(i+m[0], i+m[1])})
					}
				}
			}
		}
	}
	for _, w := range []struct {
		word string
		kind MarkKind
	}{{"重复来电", MarkRepeatCall}, {"催单", MarkUrge}} {
		if k := strings.Index(t, w.word); k >= 0 {
			s.mark(w.kind, 1, s.f.quote(i+k, i+k+len(w.word)))
		}
	}
	if strings.Contains(t, "接单") || strings.Contains(t, "退单") || strings.Contains(t, "未接收") || strings.Contains(t, "拒接") {
		for _, m := range passed.FindAllStringSubmatchIndex(t, maxTags) {
			if !asked(t[:m[0]]) {
				s.passed(t[m[2]:m[3]], t[m[4]:m[5]], t[m[1]:], s.f.quote(i+m[0], i+m[1]))
			}
		}
		for _, m := range allOf.FindAllStringSubmatchIndex(t, maxTags) {
			if !asked(t[:m[0]]) && !goods.MatchString(t[m[1]:]) {
				s.count(number(t[m[2]:m[3]]), s.f.quote(i+m[0], i+m[1]))
			}
		}
	}
	if strings.Contains(t, "工单") {
		s.mentions(i, j)
	}
}

// asked reports whether the words before a formula, in its own sentence, make it a wish or a condition.
func asked(before string) bool {
	if i := strings.LastIndexAny(before, "。;!?\n"); i >= 0 {
		_, n := utf8.DecodeRuneInString(before[i:])
		before = before[i+n:]
	}
	const enough = 60 // bytes
	if n := len(before) - enough; n > 0 {
		for n < len(before) && !utf8.RuneStart(before[n]) {
			n++
		}
		before = before[n:]
	}
	return asking.MatchString(before)
}

// passed reads the names in 经甲、乙、丙流转未接单, or the number in 经3个部门流转仍未接单: those that stand directly before
// the words of not accepting. Who is named further ahead may have done what it was asked: 经甲处理，后乙未接单.
func (s *scan) passed(list, verb, after, quote string) {
	if verb == "退单" && (denied.MatchString(list) || goods.MatchString(after)) {
		return // shops take orders back too
	}
	list = adverbs.ReplaceAllString(list, "")
	if cut := moved.ReplaceAllString(list, ""); cut != list {
		list = cut
	} else if verb != "退单" {
		list = handled.ReplaceAllString(list, "")
	}
	list = adverbs.ReplaceAllString(list, "")
	stated := 0
	if m := counted.FindStringSubmatchIndex(list); m != nil {
		stated = number(list[m[2]:m[3]])
		list = list[:m[0]]
	}
	var found []string
	for _, n := range slices.Backward(splitNames(strings.TrimRight(list, "等、, "))) {
		if !strings.HasPrefix(n, "后勤") {
			n = strings.TrimSpace(lead.ReplaceAllString(n, ""))
		}
		if !departmentName(n) {
			break
		}
		found = append(found, n)
	}
	// One name alone is a single return in running text, and often a shop's: 经协商超市未退回. Tags say those.
	if len(found) >= 2 {
		for _, n := range slices.Backward(found) {
			s.hop(Hop{Department: n, Count: 1, From: FromText, Quote: quote})
		}
	}
	if stated > len(found) {
		s.count(stated, quote)
	}
}

// count notes departments that the text only counts; a number beyond belief is something else.
func (s *scan) count(n int, quote string) {
	if 1 <= n && n <= 20 {
		s.hop(Hop{Count: n, From: FromText, Quote: quote})
	}
}

// mentions finds order numbers in running text: 14 digits that are a time, after the word 工单. Runs of 18 are ID
// numbers, and part of one is no order number.
func (s *scan) mentions(i, j int) {
	t := s.f.text[:j]
	for k := i; k < j; k++ {
		if t[k] < '0' || t[k] > '9' {
			continue
		}
		e := k
		for e < j && '0' <= t[e] && t[e] <= '9' {
			e++
		}
		if o := orderOf(t[k:e]); o != "" && (e == j || t[e] != 'X' && t[e] != 'x') {
			before := t[max(i, k-36):k]
			if w := strings.LastIndex(before, "工单"); w >= 0 {
				s.link(LinkMention, o, s.f.quote(k-len(before)+w, e))
			}
		}
		k = e
	}
}

// orderNumbers finds the order numbers in the head of a tag, each once, in order.
func orderNumbers(s string) []string {
	var found []string
	for i := 0; i < len(s) && len(found) < maxTags; i++ {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		j := i
		for j < len(s) && '0' <= s[j] && s[j] <= '9' {
			j++
		}
		if o := orderOf(s[i:j]); o != "" && !slices.Contains(found, o) {
			found = append(found, o)
		}
		i = j
	}
	return found
}

// orderOf is the order number a run of digits is, or "": 14 digits that are a time, with or without “12345” before.
func orderOf(run string) string {
	if run = BareOrder(run); len(run) == 14 && orderTime(run) {
		return run
	}
	return ""
}

// BareOrder is an order number without the “12345” that some exports put before the hotline's fourteen digits and texts
// leave out: with and without it is one ticket.
func BareOrder(no string) string {
	if bare, ok := strings.CutPrefix(no, "12345"); ok && len(bare) == 14 && orderTime(bare) {
		return bare
	}
	return no
}

// orderAt is the time an order number tells.
func orderAt(order string) *time.Time {
	if len(order) < 14 || !orderTime(order[len(order)-14:]) {
		return nil
	}
	t, _, _ := parseCompact(order[len(order)-14:])
	return &t
}

// times is the N of “N次” in a tag's head, or 0.
func times(words string) int {
	if m := timesN.FindStringSubmatch(head(words)); m != nil {
		return number(m[1])
	}
	return 0
}

// number reads 3, 三, 十二, 二十三; 0 for anything else.
func number(s string) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	value := func(r rune) int {
		if r == '两' {
			return 2
		}
		if i := strings.IndexRune("一二三四五六七八九", r); i >= 0 {
			return i/len("一") + 1
		}
		return 0
	}
	tens, ones, seen := 0, 0, false
	for _, r := range s {
		switch {
		case r == '十' && !seen:
			seen, tens, ones = true, max(1, ones), 0
		case value(r) > 0 && ones == 0:
			ones = value(r)
		default:
			return 0
		}
	}
	return tens*10 + ones
}
