package recognition

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// Where evidence was read; columns and texts keep the words of package ticket.
const (
	fromRating = "rating"
	fromCount  = "count"
)

// Items are the evidence of a trigger as “kind:key”, at most 160 characters each: what the caller stores as spent, so
// that it counts once per matter and what a person has rejected never fires again (domain §2).
func Items(t casework.Trigger) []string {
	items := make([]string, 0, len(t.Evidence))
	seen := make(map[string]bool, len(t.Evidence))
	for _, e := range t.Evidence {
		if i := item(t.Kind, e.Key); !seen[i] {
			seen[i] = true
			items = append(items, i)
		}
	}
	return items
}

const maxItem = 160

func item(kind casework.TriggerKind, key string) string {
	s := string(kind) + ":" + key
	if len(s) <= maxItem || utf8.RuneCountInString(s) <= maxItem {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	end := "~" + hex.EncodeToString(sum[:8])
	return string([]rune(s)[:maxItem-len(end)]) + end
}

func (e evaluation) spent(kind casework.TriggerKind, key string) bool {
	return len(e.Spent) > 0 && e.Spent[item(kind, key)]
}

// id is how evidence names a ticket: by the source's number, which a person can look up.
func id(t *ticket.Ticket) string {
	if t.OrderNo != "" {
		return t.OrderNo
	}
	return t.ID
}

// name is the ticket's number in a sentence, with the blanks that set it off.
func name(t *ticket.Ticket) string {
	if t.OrderNo == "" {
		return ""
	}
	return " " + ticket.MaskText(t.OrderNo) + " "
}

// quoteRunes bounds what evidence quotes; package ticket quotes no more either.
const quoteRunes = 60

// quote is a text of t as evidence shows it: without what names or reaches a person, cut when long.
func quote(t *ticket.Ticket, text string) string {
	s := t.Masked(strings.TrimSpace(text))
	n := 0
	cut := false
	for i := range s {
		if n++; n > quoteRunes {
			s, cut = s[:i], true
			break
		}
	}
	if !cut && n < quoteRunes {
		return s
	}
	// A number that the cut runs through is no longer seen for what it is.
	rest := strings.TrimRightFunc(s, func(r rune) bool { return unicode.IsDigit(r) || r == '-' || r == ' ' })
	if tail := s[len(rest):]; len(tail) > 4 {
		s = rest + "****"
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }

// day is a date in a sentence; the year is said when it is not this one.
func day(d workday.Date, now time.Time) string {
	s := itoa(int(d.Month)) + "月" + itoa(d.Day) + "日"
	if d.Year != workday.DateOf(now).Year {
		s = itoa(d.Year) + "年" + s
	}
	return s
}
