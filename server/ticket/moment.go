package ticket

import (
	"math"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
)

// ParseTime reads a time as exports write it: text in the layouts met in the field (2026/9/1 8:05, 2026年10月5日 上午9时30分,
// 20260822223850, 2026-09-01T08:05:00Z, …) or an Excel serial number (date1904 as the workbook says). Without a zone of
// its own a time is Shanghai's; the result always is. hasTime is false when there was only a date.
//
// Errors: invalid_argument “ticket.time”.
func ParseTime(text string, date1904 bool) (at time.Time, hasTime bool, err error) {
	s := strings.TrimSpace(narrow(text))
	if len(s) > 80 {
		return time.Time{}, false, errTime(s, "太长，不是时间")
	}
	if at, hasTime, ok := parseCompact(s); ok {
		return at, hasTime, nil
	}
	if at, hasTime, ok := parseSerial(s, date1904); ok {
		return at, hasTime, nil
	}
	p := moment{s: s}
	if at, hasTime, ok := p.parse(); ok {
		return at, hasTime, nil
	}
	if at, ok := parseUnixDate(s); ok {
		return at, true, nil
	}
	why := "不是能识别的时间"
	if p.why != "" {
		why = p.why
	}
	return time.Time{}, false, errTime(s, why)
}

func errTime(s, why string) error {
	if r := []rune(s); len(r) > 24 {
		s = string(r[:24]) + "…"
	}
	return apperr.New(apperr.InvalidArgument, "ticket.time", "“%s”%s，请写成 2026-09-01 08:05 这样的格式", s, why)
}

// parseCompact reads digits only: date (8), to the minute (12), to the second (14), to the millisecond (17).
func parseCompact(s string) (time.Time, bool, bool) {
	if !digits(s) {
		return time.Time{}, false, false
	}
	n := func(i, j int) int { v, _ := strconv.Atoi(s[i:j]); return v }
	switch len(s) {
	case 8:
		t, ok := date(n(0, 4), n(4, 6), n(6, 8))
		return t, false, ok
	case 12, 14, 17:
		sec, ms := 0, 0
		if len(s) >= 14 {
			sec = n(12, 14)
		}
		if len(s) == 17 {
			ms = n(14, 17)
		}
		t, ok := date(n(0, 4), n(4, 6), n(6, 8))
		if !ok || n(8, 10) > 23 || n(10, 12) > 59 || sec > 59 {
			return time.Time{}, false, false
		}
		return t.Add(clock(n(8, 10), n(10, 12), sec) + time.Duration(ms)*time.Millisecond), true, true
	}
	return time.Time{}, false, false
}

// orderTime reports whether s is an order number of the hotline: 14 digits that are a point in time of this century.
func orderTime(s string) bool {
	t, _, ok := parseCompact(s)
	return ok && len(s) == 14 && t.Year() >= 2000 && t.Year() < 2100
}

// The serials of 2000-01-01 and 2100-01-01: other numbers are no dates of tickets.
const (
	firstSerial = 36526
	lastSerial  = 73051
)

// parseSerial reads a spreadsheet's day number. Its fraction is binary, so a time is off by some microseconds: it is
// rounded to the second.
func parseSerial(s string, date1904 bool) (time.Time, bool, bool) {
	if s == "" || len(s) > 32 || s[0] < '0' || s[0] > '9' || strings.ContainsAny(s, "xXpP_nNiI") {
		return time.Time{}, false, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return time.Time{}, false, false
	}
	if date1904 {
		v += 1462
	}
	if v < firstSerial || v >= lastSerial {
		return time.Time{}, false, false
	}
	day, frac := math.Modf(v)
	sec := int(math.Round(frac * 86400))
	t := time.Date(1899, 12, 30+int(day), 0, 0, sec, 0, Shanghai)
	return t, sec != 0 && sec != 86400, true
}

// parseUnixDate reads what a Java program prints for a date: Tue Sep 01 08:05:00 CST 2026.
func parseUnixDate(s string) (time.Time, bool) {
	f := strings.Fields(s)
	if len(f) != 6 || f[4] != "CST" && f[4] != "GMT+08:00" {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation("Jan 2 15:04:05 2006", f[1]+" "+f[2]+" "+f[3]+" "+f[5], Shanghai)
	if err != nil {
		return time.Time{}, false
	}
	_, ok := date(t.Year(), int(t.Month()), t.Day())
	return t, ok
}

// date is midnight in Shanghai of a day that exists.
func date(y, m, d int) (time.Time, bool) {
	if y < 1900 || y > 2999 || m < 1 || m > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, Shanghai)
	return t, t.Day() == d
}

func clock(h, m, s int) time.Duration {
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}

// moment is a cursor over a date and time written out.
type moment struct {
	s   string
	i   int
	why string // what is wrong, when more can be said than “not a time”
}

func (p *moment) eat(words ...string) bool {
	for _, w := range words {
		if strings.HasPrefix(p.s[p.i:], w) {
			p.i += len(w)
			return true
		}
	}
	return false
}

func (p *moment) blanks() {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
}

// number reads at most most digits.
func (p *moment) number(most int) (int, bool) {
	v, from := 0, p.i
	for p.i < len(p.s) && p.i-from < most && '0' <= p.s[p.i] && p.s[p.i] <= '9' {
		v = v*10 + int(p.s[p.i]-'0')
		p.i++
	}
	return v, p.i > from
}

// halves are the words that say which half of the day an hour is in.
var halves = []struct {
	word string
	pm   bool
}{
	{"上午", false}, {"早上", false}, {"清晨", false}, {"凌晨", false}, {"早晨", false}, {"AM", false}, {"am", false}, {"A.M.", false},
	{"下午", true}, {"中午", true}, {"傍晚", true}, {"晚上", true}, {"晚间", true}, {"夜间", true}, {"PM", true}, {"pm", true}, {"P.M.", true},
}

func (p *moment) half() (word string, pm bool) {
	for _, h := range halves {
		if p.eat(h.word) {
			return h.word, h.pm
		}
	}
	return "", false
}

func (p *moment) weekday() {
	p.blanks()
	from := p.i
	open := p.eat("(")
	if p.eat("星期", "周", "礼拜") && p.eat("一", "二", "三", "四", "五", "六", "日", "天") {
		if !open || p.eat(")") {
			p.blanks()
			return
		}
	}
	p.i = from
}

func (p *moment) parse() (time.Time, bool, bool) {
	none := time.Time{}
	y, ok := p.number(4)
	if !ok || p.i < 4 {
		return none, false, false
	}
	p.blanks()
	if !p.eat("-", "/", ".", "年") {
		return none, false, false
	}
	p.blanks()
	m, ok := p.number(2)
	p.blanks()
	if !ok || !p.eat("-", "/", ".", "月") {
		return none, false, false
	}
	p.blanks()
	d, ok := p.number(2)
	if !ok {
		return none, false, false
	}
	day, ok := date(y, m, d)
	if !ok {
		p.why = "这一天不存在"
		return none, false, false
	}
	p.blanks()
	p.eat("日", "号")
	p.weekday()
	p.eat(",")
	p.blanks()
	if p.i == len(p.s) {
		return day, false, true
	}
	p.eat("T", "t")
	word, pm := p.half()
	p.blanks()
	if p.i == len(p.s) && word != "" {
		return day, false, true // “2026-09-01 上午” says no hour
	}
	h, ok := p.number(2)
	if !ok {
		return none, false, false
	}
	p.blanks()
	minute, sec, nano := 0, 0, 0
	switch {
	case p.eat(":", "时", "点"):
		p.blanks()
		switch {
		case p.eat("整"):
		case p.eat("半"):
			minute = 30
		default:
			if v, ok := p.number(2); ok {
				minute = v
				p.blanks()
				if p.eat(":", "分") {
					p.blanks()
					if v, ok := p.number(2); ok {
						sec = v
						p.blanks()
						p.eat("秒")
					}
				}
			} else if p.s[p.i-1] == ':' {
				return none, false, false
			}
		}
	default:
		return none, false, false
	}
	if p.eat(".", ",") {
		from := p.i
		if _, ok := p.number(9); !ok {
			return none, false, false
		}
		frac := (p.s[from:p.i] + "000000000")[:9]
		nano, _ = strconv.Atoi(frac)
	}
	p.blanks()
	if word == "" {
		word, pm = p.half()
		p.blanks()
	}
	if h > 24 || minute > 59 || sec > 59 || h == 24 && (minute > 0 || sec > 0) {
		p.why = "这个钟点不存在"
		return none, false, false
	}
	if h, ok = hour24(h, word, pm); !ok {
		p.why = "上午、下午与钟点不符"
		return none, false, false
	}
	at := day.Add(clock(h, minute, sec) + time.Duration(nano))
	if p.i < len(p.s) {
		offset, ok := p.zone()
		if !ok || p.i < len(p.s) {
			return none, false, false
		}
		at = at.Add(8*time.Hour - offset)
	}
	return at, true, true
}

// hour24 applies the half of the day. Some systems write the half beside a 24-hour clock: 下午 15:20 is 15:20.
func hour24(h int, word string, pm bool) (int, bool) {
	switch {
	case word == "":
		return h, true
	case pm && h == 12 && (word == "晚上" || word == "晚间" || word == "夜间"), h == 24:
		return 0, false // noon or midnight? of which day?
	case word == "中午":
		if h >= 1 && h <= 2 {
			h += 12
		}
		return h, h >= 10 && h <= 14
	case pm && h < 12:
		return h + 12, true
	case !pm && h == 12:
		return 0, true
	case !pm && h > 12:
		return 0, false
	}
	return h, true
}

// zone reads Z, +08:00, +0800 or +08 as the offset from UTC.
func (p *moment) zone() (time.Duration, bool) {
	if p.eat("Z", "z") {
		return 0, true
	}
	if p.eat("CST", "(CST)") {
		return 8 * time.Hour, true
	}
	sign := time.Duration(1)
	switch {
	case p.eat("+"):
	case p.eat("-"):
		sign = -1
	default:
		return 0, false
	}
	h, ok := p.number(2)
	if !ok || h > 14 {
		return 0, false
	}
	p.eat(":")
	m, _ := p.number(2)
	if m > 59 {
		return 0, false
	}
	return sign * clock(h, m, 0), true
}
