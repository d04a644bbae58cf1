package recognition

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"xiaopu/server/ticket"
)

// Matcher tells which tickets are about the same matter (多人同诉, policy 四): they have the same key, of at most 64 ASCII
// characters. A matter named by an earlier order the ticket links to is resolved by the importer, not here.
type Matcher interface {
	Matter(t ticket.Ticket) string
}

// PlaceAndTopic is the plain Matcher: the same place and the same category, its two deepest levels, else the same
// words. A ticket that names no place needs the same words too, so that a whole district's calls are not one matter.
type PlaceAndTopic struct{}

// matterPrefix tells the keys of this matcher from those of another.
const matterPrefix = "pt1-"

// Matter gives the key of what t is about.
func (PlaceAndTopic) Matter(t ticket.Ticket) string {
	where, about := placeKey(place(&t)), category(&t)
	words := ""
	if where == "" || about == "" {
		if words = subject(&t); words == "" {
			words = "\x00" + id(&t) // it says nothing: like no other
		}
	}
	sum := sha256.Sum256([]byte(where + "\x00" + about + "\x00" + words))
	return matterPrefix + hex.EncodeToString(sum[:16])
}

// apartPrefix begins the keys of matters that one ticket has for itself.
const apartPrefix = "apart-"

// Apart is the matter of a ticket that a person took out of a case: whatever a matcher calls that matter, the ticket is
// not about it. When it turns out to be about another, that one's key is no longer apart: see IsApart.
func Apart(matter, ticketID string) string {
	if IsApart(matter) {
		return matter
	}
	sum := sha256.Sum256([]byte(matter + "\x00" + ticketID))
	return apartPrefix + hex.EncodeToString(sum[:16])
}

// IsApart reports whether a matter is one ticket's own.
func IsApart(matter string) bool { return strings.HasPrefix(matter, apartPrefix) }

// category is the two deepest levels that say something.
func category(t *ticket.Ticket) string {
	var levels []string
	for _, c := range slices.Backward(t.Category[:]) {
		if c = ticket.Fold(c); c != "" && !vague[c] && !slices.Contains(levels, c) {
			levels = append(levels, c)
			if len(levels) == 2 {
				break
			}
		}
	}
	return strings.Join(levels, "/")
}

var vague = map[string]bool{
	"其他": true, "其它": true, "其他类": true, "其它类": true, "其他问题": true, "其它问题": true, "其他事项": true, "未分类": true, "不详": true, "未知": true, "无": true, "-": true,
}

// subject is what the ticket says in its own words, without marks: its title, else its first clause.
func subject(t *ticket.Ticket) string {
	words := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, ticket.Fold(s))
	}
	// One after the other: cleaning costs more than all else here.
	title, text := opening(t.Title), opening(t.Content)
	if s := words(ticket.Clean(title)); s != "" {
		return s
	}
	if s := words(firstClause(ticket.Clean(text))); s != "" {
		return s
	}
	return cmp.Or(words(title), words(text))
}

// openingRunes is how far into a text its subject is looked for.
const openingRunes = 200

// opening is the beginning of what a text says for itself. A number that the cut runs through is left out: it would no
// longer be seen for what it is.
func opening(text string) string {
	own := outside(text)
	s := short(own, openingRunes)
	if len(s) < len(own) {
		s = strings.TrimRightFunc(s, func(r rune) bool { return unicode.IsDigit(r) || unicode.IsSpace(r) || r == '-' })
	}
	return s
}

// firstClause is the first thing that a cleaned text says about its matter: who speaks, when and where is passed over,
// and a short clause takes the next one along.
func firstClause(clean string) string {
	const enough = 8 // characters
	for sentence := range strings.FieldsFuncSeq(addresses.ReplaceAllString(clean, ""), func(r rune) bool { return strings.ContainsRune("。!?;\n", r) }) {
		clause := ""
		for part := range strings.SplitSeq(sentence, ",") {
			part = strings.Trim(part, " :、.~-")
			if part == "" || clause == "" && introduces.MatchString(part) {
				continue
			}
			if clause != "" {
				clause += ","
			}
			clause += part
			if len([]rune(clause)) >= enough {
				break
			}
		}
		if clause != "" {
			return clause
		}
	}
	return strings.Trim(short(clean, 40), " ,。;:!?、~")
}

// addresses are the words to a leader before the matter begins.
var addresses = regexp.MustCompile(`^(?:(?:尊敬|敬爱|亲爱)的?[^,。:;!?\n]{0,30}[,。:;!? \n]+|[^,。:;!?\n]{0,12}(?:您好|你们?好|大家好|领导好)[,。:;!? \n]+)+`)

var introduces = regexp.MustCompile(`^(?:我|本人|我们|我家|家住|住在|居住|其住|其居住|其是|其为|自己)[^,]{0,24}(?:居民|业主|住户|村民|租客|租户|小区|家长|商户|经营者)$` +
	`|^(?:其)?(?:家住|住在|居住在?|居住于|位于)[^,]{2,30}$` +
	`|^(?:(?:\d{4}年)?\d{1,2}月(?:\d{1,2}[日号])?|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})[^,]{0,8}$` +
	`|^(?:近日|近期|最近|昨天|昨晚|今天|今早|目前|现在|日前|长期以来|一直以来|多年来)$|^.$`)

// short is s cut to at most n characters.
func short(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
