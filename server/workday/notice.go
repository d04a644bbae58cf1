package workday

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// ParseNotice reads 《国务院办公厅关于N年部分节假日安排的通知》 from its own Chinese text, pasted whole: title, number, the
// numbered holidays, and the office with its date at the end. Digits, brackets, colons and dashes may be full-width
// or half-width, spaces and line breaks may stand anywhere, weekday marks such as （周六） may be missing; text around
// the notice is ignored.
//
// Source is the notice's number (文号), or its title when the text has none. Days of the previous December, which
// some New Year's Day arrangements rule, stand in Off and Work like the others (see Year).
//
// A wrong calendar is worse than none, so what is not understood is refused with the sentence quoted, and all that
// can be compared is: 共N天, weekday marks, make-up days on weekends near their holiday, all seven statutory holidays
// in their season, at least 11 days off, and as many more weekdays off than make-up days as the law gives holidays.
func ParseNotice(text string) (Year, error) {
	if len(text) > noticeLimit {
		return Year{}, errors.New("文字太长，不像一份放假通知，请只粘贴通知的标题、正文和落款")
	}
	n := notice{text: normalize(text)}
	for _, step := range []func() error{n.readYear, n.readFrame, n.readItems, n.checkWhole} {
		if err := step(); err != nil {
			return Year{}, err
		}
	}
	return n.out, nil
}

const (
	noticeLimit  = 64 << 10 // bytes; a real notice has about 3,000
	longestRange = 16       // days; the longest holiday so far had 9
	fewestOff    = 11       // days off a year under the law since 2008, before any make-up days
	farthestWork = 14       // days from a make-up day to its holiday; the farthest so far was 11
	workSuffix   = "调休上班"
)

// notice is one text being read. Text is normalized: no white space, one form of each sign.
type notice struct {
	text string
	body string // from the first holiday to the office and date at the end
	out  Year
}

// monthDay is a day of any year.
type monthDay struct {
	month time.Month
	day   int
}

// The holidays every notice must arrange, by the part of the name that all its variants share, and when they fall;
// for those of the lunar calendar these are the bounds over the centuries, with a few days to spare.
var statutory = []struct {
	key, name string
	from, to  monthDay
}{
	{"元旦", "元旦", monthDay{1, 1}, monthDay{1, 1}},
	{"春节", "春节", monthDay{1, 19}, monthDay{2, 23}},
	{"清明", "清明节", monthDay{4, 4}, monthDay{4, 6}},
	{"劳动", "劳动节", monthDay{5, 1}, monthDay{5, 1}},
	{"端午", "端午节", monthDay{5, 25}, monthDay{6, 27}},
	{"中秋", "中秋节", monthDay{9, 5}, monthDay{10, 10}},
	{"国庆", "国庆节", monthDay{10, 1}, monthDay{10, 1}},
}

const holidayName = `(?:元旦|春节|清明节?|(?:国际)?劳动节|端午节?|中秋节?|国庆节?)`

var (
	titleYear = regexp.MustCompile(`(\d{4})年部分节假日安排|现将(\d{4})年元旦`)

	// A holiday's heading. The known names are found with or without their number, because copies of numbered
	// lists lose it; any other name, such as a one-off commemoration day, only after one.
	heading = regexp.MustCompile(`(?:（?[一二三四五六七八九十]{1,3}[、.）]|\d{1,2}[、.）]|[-·•*])?` +
		`(` + holidayName + `(?:[、和与及暨]` + holidayName + `)*)(?:（[^（）]*）)?：` +
		`|（?[一二三四五六七八九十]{1,3}[、.）]([^，。：；（）\d]{2,40})：`)

	signature = regexp.MustCompile(`国务院办公厅(\d{4})年(\d{1,2})月(\d{1,2})日`)
	pageDate  = regexp.MustCompile(`(?:成文|发布|印发)(?:日期|时间)：?(\d{4})[-年/.](\d{1,2})[-月/.](\d{1,2})`)
	docNumber = regexp.MustCompile(`(国办发(?:明电)?)[〔\[【（](\d{4})[〕\]】）](\d{1,3})号`)

	noticeDay = regexp.MustCompile(`(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日(（[^（）]*）)?`)
	anyDay    = regexp.MustCompile(`\d日`)
	weekMark  = regexp.MustCompile(`(?:周|星期|礼拜)([一二三四五六日天])`)
	lead      = regexp.MustCompile(`^[，、]*(?:其中[，、]?)?(?:放假(?:时间|日期)为?[：，]?)?(?:定?于|自|从)?$`)
	listMark  = regexp.MustCompile(`^(?:[、，]?(?:和|及|与|以及)?)$`)
	rangeMark = regexp.MustCompile(`^起?(?:至|到|[-~]{1,2})$`)
	verb      = regexp.MustCompile(`^[，、]?(?:止|均|全天|照常|正常|调休|安排|为)*(放假|补休|上班)`)
	dayCount  = regexp.MustCompile(`(?:共|放假|补休|调休)计?(\d{1,3})天`)
)

func (n *notice) readYear() error {
	found := titleYear.FindAllStringSubmatch(n.text, -1)
	if len(found) == 0 {
		return errors.New("没有找到“N年部分节假日安排”的标题，请把国务院办公厅的全年放假通知连同标题一起粘贴")
	}
	for _, m := range found {
		year := number(m[1] + m[2])
		if n.out.Year != 0 && year != n.out.Year {
			return fmt.Errorf("文中有 %d 年和 %d 年两份安排，请一次只粘贴一份通知", n.out.Year, year)
		}
		n.out.Year = year
	}
	if n.out.Year < firstYear || n.out.Year > lastYear {
		return fmt.Errorf("标题里的年份 %d 不在 %d 到 %d 之间，请核对", n.out.Year, firstYear, lastYear)
	}
	return nil
}

// readFrame finds where the holidays begin and end, the date and the number.
func (n *notice) readFrame() error {
	first := heading.FindStringIndex(n.text)
	if first == nil {
		return errors.New("没有找到“元旦：”这样的条目，请把通知正文完整粘贴")
	}
	// The lead-in speaks of days, too (“国庆节自10月1日起放假调休7天”), and so may what a web page puts after the notice.
	n.body = n.text[first[0]:]
	signed := signature.FindStringSubmatchIndex(n.body)
	var parts []string
	if signed != nil {
		parts = submatches(n.body, signed)
		n.body = n.body[:signed[0]]
	} else if parts = pageDate.FindStringSubmatch(n.text); parts == nil {
		return errors.New("没有找到落款“国务院办公厅”和日期，请把通知连同文末的落款一起粘贴")
	}
	published := Date{number(parts[1]), time.Month(number(parts[2])), number(parts[3])}
	if !published.real() || published.Year != n.out.Year && published.Year != n.out.Year-1 {
		return fmt.Errorf("落款日期“%s”不对：%d年的安排应在上一年或当年印发，请核对原文", parts[0], n.out.Year)
	}
	n.out.PublishedOn = published

	n.out.Source = fmt.Sprintf("国务院办公厅关于%d年部分节假日安排的通知", n.out.Year)
	for _, m := range docNumber.FindAllStringSubmatch(n.text, -1) {
		if number(m[2]) == published.Year { // a text may cite older documents
			n.out.Source = fmt.Sprintf("%s〔%s〕%d号", m[1], m[2], number(m[3]))
			break
		}
	}
	return nil
}

func (n *notice) readItems() error {
	n.out.Off, n.out.Work = map[Date]string{}, map[Date]string{}
	var problems []error
	found := heading.FindAllStringSubmatchIndex(n.body, -1)
	for i, at := range found {
		end := len(n.body)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		parts := submatches(n.body, at)
		name := parts[1] + parts[2] // one of them
		before := len(n.out.Off)
		var wrong []error
		for s := range strings.FieldsFuncSeq(n.body[at[1]:end], func(r rune) bool { return r == '。' || r == '；' }) {
			// “鼓励…在除夕（2月9日）休息” binds nobody.
			if !anyDay.MatchString(s) || strings.HasPrefix(s, "鼓励") {
				continue
			}
			if err := n.readSentence(name, s); err != nil {
				wrong = append(wrong, err)
			}
		}
		// A section that only exhorts has no days either, but no holiday's name.
		if parts[1] != "" && wrong == nil && len(n.out.Off) == before {
			wrong = append(wrong, fmt.Errorf("“%s”一条里没有读到放假的日子，请核对原文：“%s”", name, quote(n.body[at[0]:end])))
		}
		problems = append(problems, wrong...)
	}
	return errors.Join(problems...)
}

// clause is one statement of a sentence: these days are off, or worked.
type clause struct {
	days  []Date
	works bool
	tail  string // what follows, from the verb on: “放假调休，共3天”
}

// readSentence takes one sentence with days in it and checks it against itself.
func (n *notice) readSentence(holiday, sentence string) error {
	clauses, err := n.clauses(holiday, sentence)
	if err != nil {
		return fmt.Errorf("“%s”：%w", quote(sentence), err)
	}
	off := 0
	for _, c := range clauses {
		if err := n.mark(holiday, c); err != nil {
			return fmt.Errorf("“%s”：%w", quote(sentence), err)
		}
		if c.works {
			continue
		}
		off += len(c.days)
		if strings.Contains(c.tail, "连休") {
			continue // a number here would count weekend days the text does not list
		}
		for _, m := range dayCount.FindAllStringSubmatch(c.tail, -1) {
			if said := number(m[1]); said != len(c.days) && said != off {
				return fmt.Errorf("“%s”：写的是 %d 天，列出的日期却有 %d 天，请核对起止日期和天数", quote(sentence), said, off)
			}
		}
	}
	return nil
}

// clauses takes “D[至D][、D…]放假…” and “D[、D…]上班”, also several of them in one sentence.
func (n *notice) clauses(holiday, sentence string) ([]clause, error) {
	found := noticeDay.FindAllStringSubmatchIndex(sentence, -1)
	if found == nil || !lead.MatchString(sentence[:found[0][0]]) {
		return nil, errors.New("没有看懂这句话，请对照原文改成“1月1日至3日放假，共3天。1月4日上班。”的写法")
	}
	var (
		clauses []clause
		days    []Date
		month   time.Month // of the day before: “1月1日至3日”
		ranged  bool       // 至 stood before this day
	)
	for i, at := range found {
		d, err := n.resolve(holiday, submatches(sentence, at), month)
		if err != nil {
			return nil, err
		}
		month = d.Month
		if ranged {
			from := days[len(days)-1]
			if length := d.number() - from.number() + 1; length < 2 || length > longestRange {
				return nil, fmt.Errorf("从 %s 到 %s 不像一段假期，请核对起止日期", from, d)
			}
			for next := from.AddDays(1); next.Before(d); next = next.AddDays(1) {
				days = append(days, next)
			}
		}
		days = append(days, d)

		tail := sentence[at[1]:]
		if i+1 < len(found) {
			tail = sentence[at[1]:found[i+1][0]]
			ranged = !ranged && rangeMark.MatchString(tail)
			if ranged || listMark.MatchString(tail) {
				continue
			}
		}
		m := verb.FindStringSubmatchIndex(tail)
		if m == nil {
			return nil, fmt.Errorf("没有看懂 %s 是放假还是上班，请对照原文改成“…日放假”或“…日上班”", d)
		}
		c := clause{days: days, works: tail[m[2]:m[3]] == "上班", tail: tail[m[2]:]}
		if strings.Contains(c.tail, "上班") && !c.works || c.works && containsAny(c.tail, "放假", "补休") {
			return nil, errors.New("既说放假又说上班，请对照原文分成两句")
		}
		clauses = append(clauses, c)
		days, ranged = nil, false
	}
	return clauses, nil
}

// resolve makes the date of one match of noticeDay. The notice writes the year only where it is not its own; some
// copies leave it out even there, but New Year's Day in December can only be the one before.
func (n *notice) resolve(holiday string, parts []string, month time.Month) (Date, error) {
	d := Date{n.out.Year, month, number(parts[3])}
	if parts[2] != "" {
		d.Month = time.Month(number(parts[2]))
	}
	switch {
	case parts[1] != "":
		d.Year = number(parts[1])
	case d.Month == time.December && strings.Contains(holiday, "元旦"):
		d.Year--
	}
	written := strings.TrimSuffix(parts[0], parts[4])
	switch {
	case d.Month == 0:
		return Date{}, fmt.Errorf("“%s”没有写月份，请补上", written)
	case !d.real():
		return Date{}, fmt.Errorf("日期“%s”不存在，请核对", written)
	case !n.out.rules(d):
		return Date{}, fmt.Errorf("%s 不在 %d 年，请核对年份", d, n.out.Year)
	}
	if m := weekMark.FindStringSubmatch(parts[4]); m != nil {
		said := "周" + strings.Replace(m[1], "天", "日", 1)
		if is := weekdayName(d.Weekday()); said != is {
			return Date{}, fmt.Errorf("%s 是%s，不是%s，请核对日期", d, is, said)
		}
	}
	return d, nil
}

// mark enters a clause's days; no day may be named twice.
func (n *notice) mark(holiday string, c clause) error {
	for _, d := range c.days {
		if _, off := n.out.Off[d]; off {
			return fmt.Errorf("%s 前面已写明放假，请核对是否重复或写错", d)
		}
		if _, work := n.out.Work[d]; work {
			return fmt.Errorf("%s 前面已写明上班，请核对是否重复或写错", d)
		}
		switch {
		case !c.works:
			n.out.Off[d] = holiday
		case !isWeekend(d.Weekday()):
			return fmt.Errorf("调休上班日 %s 是%s，应是周六或周日，请核对日期", d, weekdayName(d.Weekday()))
		default:
			n.out.Work[d] = holiday + workSuffix
		}
	}
	return nil
}

// checkWhole compares the whole with what every notice must hold.
func (n *notice) checkWhole() error {
	days := map[string][]Date{} // off, by holiday
	for _, d := range sortedDates(n.out.Off) {
		days[n.out.Off[d]] = append(days[n.out.Off[d]], d)
	}
	var missing []string
	var problems []error
	for _, h := range statutory {
		found, inSeason := false, false
		from, to := Date{n.out.Year, h.from.month, h.from.day}, Date{n.out.Year, h.to.month, h.to.day}
		for name, off := range days {
			if strings.Contains(name, h.key) {
				found = true
				inSeason = inSeason || slices.ContainsFunc(off, func(d Date) bool { return !d.Before(from) && !d.After(to) })
			}
		}
		switch {
		case !found:
			missing = append(missing, h.name)
		case !inSeason && from == to:
			problems = append(problems, fmt.Errorf("“%s”的放假日期里没有 %s，请核对月份和日期", h.name, from))
		case !inSeason:
			problems = append(problems, fmt.Errorf("“%s”的放假日期不在 %s 到 %s 之间，请核对月份", h.name, from, to))
		}
	}
	if missing != nil {
		return fmt.Errorf("缺少%s的安排，请把通知正文完整粘贴", strings.Join(missing, "、"))
	}
	for _, d := range sortedDates(n.out.Work) {
		holiday := strings.TrimSuffix(n.out.Work[d], workSuffix)
		if !slices.ContainsFunc(days[holiday], func(off Date) bool {
			distance := off.number() - d.number()
			return max(distance, -distance) <= farthestWork
		}) {
			problems = append(problems, fmt.Errorf("调休上班日 %s 离“%s”假期超过 %d 天，请核对月份和日期", d, holiday, farthestWork))
		}
	}
	if problems != nil {
		return errors.Join(problems...)
	}
	if len(n.out.Off) < fewestOff {
		return fmt.Errorf("全年只读到 %d 天放假，法定假日至少 %d 天，请把通知正文完整粘贴", len(n.out.Off), fewestOff)
	}
	// A holiday on a rest day is made good on a weekday, and a weekday taken off beyond the law is worked on a
	// weekend; so the difference is exactly the law's holidays, and a lost or wrong make-up day shows.
	gained := -len(n.out.Work)
	for d := range n.out.Off {
		if !isWeekend(d.Weekday()) {
			gained++
		}
	}
	if law := statutoryDays(n.out.Year); law != 0 && gained != law {
		return fmt.Errorf("放假占用的工作日比调休上班日多 %d 天，按《全国年节及纪念日放假办法》应多 %d 天，"+
			"请核对是否漏了或写错了放假、上班的日子；如果办法已经修改，请改为逐日录入", gained, law)
	}
	return n.out.Validate()
}

// statutoryDays is the number of days off for all citizens under 《全国年节及纪念日放假办法》: 11 after the revision in force
// from 2008, 13 after that of 2024-11-10 (国务院令第795号) in force from 2025; 0 for years before, which are not checked.
func statutoryDays(year int) int {
	switch {
	case year >= 2025:
		return 13
	case year >= 2008:
		return 11
	default:
		return 0
	}
}

// normalize drops white space and invisible characters and gives every sign one form: half-width digits, full-width
// brackets, commas, colons and semicolons as in the printed notice, "-" for every dash.
func normalize(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' { // the full-width forms of ASCII
			r -= '！' - '!'
		}
		switch r {
		case '(', '﹙':
			return '（'
		case ')', '﹚':
			return '）'
		case ',', '﹐':
			return '，'
		case ':', '∶', '︰', '﹕':
			return '：'
		case ';', '﹔':
			return '；'
		case '｡':
			return '。'
		case '‐', '‑', '‒', '–', '—', '―', '−', '─', '━':
			return '-'
		case '〜', '∼':
			return '~'
		}
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf) {
			return -1
		}
		return r
	}, s)
}

// number reads digits already matched; what is too long for a date becomes one that no check accepts.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}

func submatches(s string, at []int) []string {
	parts := make([]string, len(at)/2)
	for i := range parts {
		if at[2*i] >= 0 {
			parts[i] = s[at[2*i]:at[2*i+1]]
		}
	}
	return parts
}

func containsAny(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

func quote(sentence string) string { return shorten(sentence, 60) }
