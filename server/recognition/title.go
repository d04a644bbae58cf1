package recognition

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"xiaopu/server/ticket"
)

// maxTitle is the length of a title in characters.
const maxTitle = 60

// Title names a case after its ticket: the ticket's title, else the first clause of its text with the place. It has two
// to 60 characters, no phone and ID numbers, no door numbers, and no names of persons where they can be recognised.
func Title(t ticket.Ticket) string {
	title, text := opening(t.Title), opening(t.Content)
	if s := presentable(ticket.Clean(title), &t); s != "" {
		return s
	}
	where := place(&t)
	for _, about := range []string{
		firstClause(ticket.Clean(text)),
		// What is nothing but the hotline's formulas still says more than a number.
		ticket.Fold(title), ticket.Fold(text),
		category(&t),
	} {
		// The words decide alone whether they say anything, before the place stands in front of them.
		if presentable(about, &t) == "" {
			continue
		}
		if where != "" && !strings.Contains(ticket.Fold(about), placeKey(where)) {
			about = short(where, 20) + ":" + about
		}
		return presentable(about, &t)
	}
	if s := presentable(t.Source.Label()+"工单 "+t.OrderNo, &t); t.OrderNo != "" && s != "" {
		return s
	}
	return t.Source.Label() + "工单"
}

// presentable is s as a title shows it, "" when nothing is left.
func presentable(s string, t *ticket.Ticket) string {
	s = strings.ToValidUTF8(s, "")
	s = ticket.HideNames(s, t.Requester)
	s = dwelling.ReplaceAllString(s, "")
	s = ticket.MaskText(s)
	s = widen(s)
	s = strings.Trim(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "), " ，。；：！？、~*-")
	if utf8.RuneCountInString(s) > maxTitle {
		s = ticket.MaskText(short(s, maxTitle-1) + "…")
	}
	if !slices.ContainsFunc([]rune(s), unicode.IsLetter) || utf8.RuneCountInString(s) < 2 {
		return ""
	}
	return s
}

// dwelling is a door inside a building: the exact address is for those who work on the case.
var dwelling = regexp.MustCompile(`(?:\d{1,4}(?:号楼|号|幢|栋|座|单元|-))*\d{2,5}室`)

// widen writes marks between Chinese words in full width again, which Clean folds.
func widen(s string) string {
	rs := []rune(s)
	wide := func(i int) bool {
		return i >= 0 && i < len(rs) && (rs[i] > 0x2e80 || strings.ContainsRune("()", rs[i]))
	}
	for i, r := range rs {
		k := strings.IndexRune(",:;!?()", r)
		if k >= 0 && (wide(i-1) || wide(i+1)) {
			rs[i] = []rune("，：；！？（）")[k]
		}
	}
	return string(rs)
}
