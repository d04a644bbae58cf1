package recognition

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// Crossing is 三跨 as the words of a ticket tell it, without being marked so.
type Crossing struct {
	Kind  ticket.Crossing
	Words string
}

// cross fires on a ticket marked as 三跨 by its source or in its text, or whose words tell so; it proposes. One record is one
// crossing.
func (e evaluation) cross() (casework.Trigger, bool) {
	t := &e.Ticket
	if !e.Policy.Cross || len(t.Cross)+len(e.Crossings) == 0 {
		return casework.Trigger{}, false
	}
	from, words := crossSource(t)
	var evidence []casework.Evidence
	var labels []string
	seen := map[ticket.Crossing]bool{}
	for _, c := range t.Cross {
		if seen[c] {
			continue
		}
		seen[c] = true
		label := crossLabel(c)
		labels = append(labels, label)
		evidence = append(evidence, casework.Evidence{
			Key: string(c) + ":" + id(t), TicketID: t.ID, OrderNo: t.OrderNo, From: from, Quote: quote(t, cmp.Or(words, label)), At: t.AcceptedAt,
		})
	}
	summary := "工单" + name(t) + "标明属于“三跨”："
	if len(evidence) == 0 {
		summary = "从工单" + name(t) + "的说法看可能属于“三跨”："
	}
	for _, c := range e.Crossings {
		if seen[c.Kind] {
			continue
		}
		seen[c.Kind] = true
		label := crossLabel(c.Kind)
		labels = append(labels, label)
		evidence = append(evidence, casework.Evidence{
			Key: string(c.Kind) + ":" + id(t), TicketID: t.ID, OrderNo: t.OrderNo, From: ticket.FromText, Quote: quote(t, c.Words), At: t.AcceptedAt,
		})
	}
	return e.trigger(casework.ByCross, summary+strings.Join(labels, "、"), evidence)
}

func crossLabel(c ticket.Crossing) string {
	switch c {
	case ticket.CrossDepartment:
		return "跨部门"
	case ticket.CrossField:
		return "跨领域"
	case ticket.CrossIndustry:
		return "跨行业"
	}
	return "未写明类型"
}

const crossWord = "三跨"

// crossSource finds where a ticket says that it is 三跨: a tag in the text, else the column.
func crossSource(t *ticket.Ticket) (from, words string) {
	for _, text := range []string{t.Title, t.Content} {
		for i := 0; ; i += len(crossWord) {
			k := strings.Index(text[i:], crossWord)
			if k < 0 {
				break
			}
			i += k
			if tag := tagAround(text, i); tag != "" {
				return ticket.FromText, tag
			}
		}
	}
	column := "column:" + ticket.FieldCross.Label()
	if i := slices.IndexFunc(t.Raw, func(c ticket.Cell) bool { return strings.Contains(c.Header, crossWord) }); i >= 0 {
		words = t.Raw[i].Text
	}
	return column, words
}

// tagAround is the bracket that holds text[i:] and opens shortly before it, "" when none does.
func tagAround(text string, i int) string {
	for back, k := 0, i; k > 0 && back < 12; back++ {
		r, n := utf8.DecodeLastRuneInString(text[:k])
		k -= n
		if strings.ContainsRune("【[（(", r) {
			if end := strings.IndexAny(text[i:], "】]）)"); end >= 0 {
				_, n := utf8.DecodeRuneInString(text[i+end:])
				return text[k : i+end+n]
			}
			return text[k:]
		}
	}
	return ""
}
