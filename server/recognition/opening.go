package recognition

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"xiaopu/server/ticket"
)

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
