package ticket

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaskPhone hides the middle of a phone number: 138****5678, 021-****1234. Of what is no phone number at most the last
// two characters stay.
func MaskPhone(phone string) string {
	s := narrow(phone)
	var d strings.Builder
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			d.WriteByte(s[i])
		}
	}
	n := d.String()
	if len(n) == 13 && strings.HasPrefix(n, "86") {
		n = n[2:]
	}
	if mobile(n) {
		return n[:3] + "****" + n[7:]
	}
	if a := areaCode(n); a > 0 {
		return n[:a] + "-****" + n[len(n)-4:]
	}
	r := []rune(s)
	keep := min(2, len(r)/3)
	return strings.Repeat("*", len(r)-keep) + string(r[len(r)-keep:])
}

// MaskName leaves the first character of a person's name: 张*. Names of enterprises are public and are not for it.
func MaskName(name string) string {
	s := narrow(name)
	_, n := utf8.DecodeRuneInString(s)
	rest := utf8.RuneCountInString(s[n:])
	if rest == 0 && s != "" {
		rest = 1
	}
	return s[:n] + strings.Repeat("*", min(rest, 3))
}

// rooms are the ends of an address that name one household: 1201室, 3号楼502, 12幢601户.
var rooms = regexp.MustCompile(`(号楼|号|幢|栋|单元|弄|座)[\s　]*[-—]?[\s　]*[0-9０-９]{2,4}[A-Za-z]?(?:[\s　]*(室|户|房))?|[0-9０-９]{1,4}[A-Za-z]?[\s　]*(室|户)`)

// MaskAddress hides what names one household and leaves the street, estate and building (domain §5, exact address).
func MaskAddress(address string) string {
	return rooms.ReplaceAllStringFunc(MaskText(address), func(found string) string {
		for _, lead := range []string{"号楼", "单元", "号", "幢", "栋", "弄", "座"} {
			if strings.HasPrefix(found, lead) {
				if lead == "弄" && !strings.HasSuffix(found, "室") && !strings.HasSuffix(found, "户") {
					return found // 弄 is followed by a building's number
				}
				return lead + "***室"
			}
		}
		return "***室"
	})
}

// doors are households named inside a running text: only what ends in 室 or stands behind a building and ends in 户 or 房, since
// 300户 counts households.
var doors = regexp.MustCompile(`(号楼|号|幢|栋|单元|座|楼)?([-—]?)[0-9０-９]{2,5}[A-Za-z]?[\s　]*室|(号楼|号|幢|栋|单元|座|楼)[\s　]*([-—]?)[\s　]*[0-9０-９]{2,4}[A-Za-z]?[\s　]*(?:户|房)`)

// Masked gives a text of this ticket, or about it, as others than those who work on it may read it: without phone and ID
// numbers, the requester's name and what looks like another person's, and the door.
func (t *Ticket) Masked(text string) string {
	if text == "" {
		return ""
	}
	if t.Address != "" {
		text = strings.ReplaceAll(text, t.Address, MaskAddress(t.Address))
		found := rooms.FindAllString(t.Address, -1)
		slices.Sort(found)
		for _, m := range slices.Compact(found) {
			// 12号302室 is also written 12号302.
			m = strings.TrimRight(m, "室户房 \t　")
			for _, m := range []string{m, strings.Join(strings.Fields(m), "")} {
				if i := strings.IndexFunc(m, isDigit); i > 0 {
					text = strings.ReplaceAll(text, m, m[:i]+"***")
				}
			}
		}
	}
	if mayNameDoor(text) {
		text = doors.ReplaceAllString(text, "$1$2$3$4***室")
	}
	return MaskText(HideNames(text, t.Requester))
}

// mayNameDoor reports whether a door's number stands before what ends one: the expression is slow, and most texts have none.
func mayNameDoor(text string) bool {
	before := ' '
	for _, r := range text {
		if (r == '室' || r == '户' || r == '房') && (isDigit(before) || unicode.Is(unicode.Latin, before)) {
			return true
		}
		before = r
	}
	return false
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' || '０' <= r && r <= '９' }

// Erased is the ticket without what names or reaches a person: what is left when the time to keep that is over. Enterprises
// keep their name, which is public.
func (t Ticket) Erased() Ticket {
	e := t
	for _, s := range []*string{&e.Title, &e.Content, &e.Reply, &e.Feedback} {
		*s = t.Masked(*s)
	}
	e.Address = MaskAddress(t.Address)
	e.Requester = Requester{Kind: t.Requester.Kind}
	if t.Requester.Kind == Enterprise {
		e.Requester.Name = t.Requester.Name
	}
	e.Links, e.Hops, e.Reassignments, e.Marks = slices.Clone(t.Links), slices.Clone(t.Hops), slices.Clone(t.Reassignments), slices.Clone(t.Marks)
	for i := range e.Links {
		e.Links[i].Quote = t.Masked(e.Links[i].Quote)
	}
	for i := range e.Hops {
		e.Hops[i].Quote, e.Hops[i].Reason = t.Masked(e.Hops[i].Quote), t.Masked(e.Hops[i].Reason)
	}
	for i := range e.Reassignments {
		e.Reassignments[i].Quote = t.Masked(e.Reassignments[i].Quote)
	}
	for i := range e.Marks {
		e.Marks[i].Quote = t.Masked(e.Marks[i].Quote)
	}
	e.Facts = slices.Clone(t.Facts)
	for i := range e.Facts {
		e.Facts[i].Reason = t.Masked(e.Facts[i].Reason)
	}
	e.Raw = nil
	return e
}

// PhoneKey is a phone number as it is looked up: its digits, a mobile number without the country's.
func PhoneKey(phone string) string {
	s := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, narrow(phone))
	if len(s) == 13 && strings.HasPrefix(s, "86") && mobile(s[2:]) {
		return s[2:]
	}
	return s
}

// IdentityKey is an ID number or an enterprise's credit code as it is looked up.
func IdentityKey(number string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, narrow(number)))
}

// MaskText hides phone numbers, ID numbers and any other long number inside free text, and leaves all else as it is.
// Order numbers (14 digits that are a point in time) stay: staff need them and they name nobody. When in doubt it hides.
func MaskText(text string) string {
	if !hasDigitRun(text) {
		return text
	}
	f := fold(text)
	var hide [][2]int // folded byte ranges, ascending
	s := f.text
	for i := 0; i < len(s); {
		if s[i] < '0' || s[i] > '9' {
			i++
			continue
		}
		j := i
		for j < len(s) && '0' <= s[j] && s[j] <= '9' {
			j++
		}
		end, from, to := maskRun(s, i, j)
		if to > from {
			hide = append(hide, [2]int{from, to})
		}
		i = end
	}
	if len(hide) == 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	at := 0
	for _, h := range hide {
		from, to := int(f.at[h[0]]), int(f.at[h[1]])
		b.WriteString(text[at:from])
		for k := h[0]; k < h[1]; k++ {
			b.WriteByte('*')
		}
		at = to
	}
	b.WriteString(text[at:])
	return b.String()
}

// hasDigitRun spares the folding of texts without numbers; seven digits make the shortest number worth hiding.
func hasDigitRun(s string) bool {
	n := 0
	for _, r := range s {
		if '0' <= r && r <= '9' || '０' <= r && r <= '９' {
			if n++; n >= 7 {
				return true
			}
		}
	}
	return false
}

// maskRun decides about the digits s[i:j]: the folded range to hide (empty for none), and where to go on.
func maskRun(s string, i, j int) (end, from, to int) {
	n := j - i
	// A number written in groups: 138-1234-5678, 138 1234 5678, 021-5719 1234.
	if g := grouped(s, i, j); g > 0 {
		return g, i + min(n, 3), g - 4
	}
	switch {
	case n == 17 && j < len(s) && (s[j] == 'X' || s[j] == 'x'):
		return j + 1, i + 3, j - 3
	case n == 14 && orderTime(s[i:j]) || n == 19 && strings.HasPrefix(s[i:j], "12345") && orderTime(s[i+5:j]):
		return j, 0, 0
	case n == 11 && mobile(s[i:j]):
		return j, i + 3, i + 7
	case n >= 10 && s[i] == '0' && areaCode(s[i:j]) > 0:
		return j, i + areaCode(s[i:j]), j - 4
	case n == 8 && '3' <= s[i] && s[i] <= '8', n == 7 && '2' <= s[i] && s[i] <= '8' && afterPhoneWord(s[:i]):
		// Shanghai landlines have eight digits and begin with 3, 5 or 6; dates (2026…) are left alone.
		return j, i, j - 4
	case n >= 11:
		// A phone with a room number stuck to it, a bank card, an ID number: nobody needs it in a text.
		return j, i + 3, j - 4
	}
	return j, 0, 0
}

// grouped is the end of a phone number written in groups whose first group is s[i:j], or 0: blanks or hyphens stand
// between the groups, and together they make a mobile number, one with country code, or a landline with area code.
func grouped(s string, i, j int) int {
	if n := j - i; n < 2 || n > 7 || s[i] != '0' && s[i] != '1' && s[i] != '8' {
		return 0
	}
	all := s[i:j]
	end := 0
	for at := j; ; {
		k := at
		for k < len(s) && k-at < 2 && (s[k] == ' ' || s[k] == '-' || s[k] == ')') {
			k++
		}
		e := k
		for e < len(s) && e-k <= 11 && '0' <= s[e] && s[e] <= '9' {
			e++
		}
		if k == at || e == k || len(all)+e-k > 13 {
			return end
		}
		all += s[k:e]
		at = e
		if mobile(all) || len(all) == 13 && mobile(all[2:]) && all[:2] == "86" || areaCode(all) > 0 {
			end = at
		}
	}
}

func afterPhoneWord(before string) bool {
	before = before[max(0, len(before)-18):]
	return strings.Contains(before, "电话") || strings.Contains(before, "座机") || strings.Contains(before, "联系")
}

// mobile reports whether s is an eleven-digit mobile number.
func mobile(s string) bool {
	return len(s) == 11 && digits(s) && s[0] == '1' && s[1] >= '3'
}

// areaCode is the length of the area code of a landline written in digits only, or 0.
func areaCode(s string) int {
	if !digits(s) || s[0] != '0' {
		return 0
	}
	n := 4
	if len(s) > 1 && (s[1] == '1' || s[1] == '2') {
		n = 3 // 010, 02x: the big cities
	}
	if rest := len(s) - n; rest == 7 || rest == 8 {
		return n
	}
	return 0
}
