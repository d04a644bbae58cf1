package ticket

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold makes a key of a name or header: full width becomes half width, letters become lower case, and white space,
// control and invisible characters go. Two spellings of one name have one Fold, and Fold of a Fold is itself.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		r, keep := foldRune(r)
		if !keep || unicode.IsSpace(r) {
			continue
		}
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// foldRune gives the half-width form of r, one rune for one, and false for runes that show nothing.
func foldRune(r rune) (rune, bool) {
	switch {
	case r == '\n' || r == '\t':
		return r, true
	case r < 0x20 || 0x7f <= r && r < 0xa0:
		return 0, false
	case r < 0x7f:
		return r, true
	case 0xff01 <= r && r <= 0xff5e:
		return r - 0xfee0, true
	case r == 0x3000 || r == 0xa0 || 0x2000 <= r && r <= 0x200a || r == 0x202f:
		return ' ', true
	case r == utf8.RuneError, r == 0xad, 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f,
		r == 0xfeff, 0xfff9 <= r && r <= 0xfffb:
		// Among these are the marks that turn the reading direction: shown text must not differ from stored text.
		return 0, false
	}
	return r, true
}

// folded is a text in half width that remembers where each byte came from, so that what is found in it can be quoted
// exactly from the original.
type folded struct {
	text string // folded
	orig string
	at   []int32 // at[i] is the offset in orig of the rune that text[i] belongs to; at[len(text)] is len(orig)
}

func fold(s string) folded {
	f := folded{orig: s, at: make([]int32, 0, len(s)+1)}
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		r, keep := foldRune(r)
		if !keep {
			continue
		}
		n, _ := b.WriteRune(r)
		for range n {
			f.at = append(f.at, int32(i))
		}
	}
	f.at = append(f.at, int32(len(s)))
	f.text = b.String()
	return f
}

// quoteRunes bounds a quote: enough to recognise the place in the text, little enough to store beside every hop.
const quoteRunes = 60

// quote is the original text of folded bytes from i to j, its tail cut when long.
func (f folded) quote(i, j int) string {
	q := strings.TrimSpace(f.orig[f.at[i]:f.at[j]])
	n := 0
	for k := range q {
		if n++; n > quoteRunes {
			return q[:k]
		}
	}
	return q
}

// tidy is the text of a cell as it is kept: control and invisible characters out, line ends as \n, trimmed. Width and
// wording stay as the source sent them.
func tidy(s string) string {
	if strings.Contains(s, "_x000") {
		s = escapedControl.Replace(s)
	}
	if strings.Contains(s, "\r") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	clean := true
	for _, r := range s {
		if g, keep := foldRune(r); !keep || g == ' ' && r != ' ' && r != 0x3000 {
			clean = false
			break
		}
	}
	if !clean {
		s = strings.Map(func(r rune) rune {
			switch g, keep := foldRune(r); {
			case !keep:
				return -1
			case g == ' ' && r != 0x3000:
				return ' '
			}
			return r
		}, s)
	}
	s = strings.TrimSpace(s)
	// A leading apostrophe is how spreadsheets say “this is text”; exports write it out.
	if len(s) > 1 && s[0] == '\'' && (strings.IndexByte("=+-@", s[1]) >= 0 || '0' <= s[1] && s[1] <= '9') {
		s = s[1:]
	}
	return s
}

// Some writers escape line ends twice, and the escapes reach the cell as text.
var escapedControl = strings.NewReplacer("_x000D_", "\n", "_x000d_", "\n", "_x000A_", "\n", "_x000a_", "\n", "_x0009_", " ")

// narrow is tidy text in half width on one line, for values that are codes, numbers or names.
func narrow(s string) string {
	s = tidy(s)
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		r, keep := foldRune(r)
		switch {
		case !keep:
		case unicode.IsSpace(r):
			space = b.Len() > 0
		default:
			if space {
				b.WriteByte(' ')
				space = false
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// digits reports whether s is not empty and all of it decimal digits.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// filler are the words a closing formula is made of; what it asks for in particular is kept.
const filler = `(?:能够|能|可以|对此|予以|给予|进行|尽快|及时|早日|立即|马上|上门|实地|重视|关注|加强|介入|协调|督促|核实|核查|调查|查处|处理|处置|解决|治理|整治|整改|` +
	`监管|管理|回复|答复|反馈|回电|告知|结果|此事|该问题|问题|情况|并|和|及|、|,|一个|说法|为盼|市民|来电人|诉求人)`

var markup = regexp.MustCompile(`<[a-zA-Z/!][^<>]{0,200}>|&nbsp;|&[lg]t;|&amp;|&quot;`)

// formula is something that Clean takes out. Expressions are slow, and most texts lack most formulas: one is tried only in a text
// that has one of its words, and there only where it can begin.
type formula struct {
	words   []string // none for any text
	begins  runeSet
	pattern *regexp.Regexp
	with    string // what takes its place
}

func newFormula(words, begins, pattern, with string) formula {
	f := formula{words: strings.Fields(words), pattern: regexp.MustCompile(`^(?:` + pattern + `)`), with: with}
	for _, r := range begins {
		f.begins.add(r)
	}
	return f
}

// formulas are taken out one after the other.
var formulas = []formula{
	newFormula("", "+(0123456789", `(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}|\(?0\d{2,3}[)-]?[ ]?\d{7,8}|\d{17}[\dXx]|\d{14,}`, ""),
	newFormula("您好 你好 领导", "。;!?\n,", `[。;!?\n,][ ]*(?:(?:您好|你好|尊敬的领导|领导好|各位领导)[,。!:]?)+`, "。"),
	newFormula("反映 表示 称 咨询 投诉 求助 诉求 反馈 建议", "上市来诉反投居业网群信企", `(?:上海)?(?:市民|来电人|诉求人|反映人|投诉人|居民|业主|网民|群众|信访人|企业)(?:[\p{Han}]{1,2}(?:先生|女士|小姐|阿姨|老伯))?`+
		`(?:\([^()]{0,20}\))?(?:(?:再次|重复|多次|又|曾|匿名|实名)?(?:来电|致电|来信|来访|网上|留言|通过随申办)){0,2}(?:反映|表示|称|咨询|投诉|求助|诉求|反馈|建议)(?:称|说|到)?[,:;。 ]*`, ""),
	newFormula("部门 单位 人员 领导 方面", "现故特因为希望恳请要建诉盼敬烦", `(?:现|故|特|因此|为此)?(?:希望|望|恳请|请求|请|要求|建议|诉求|盼|敬请|烦请)(?:能够?|予以|给予)?`+
		`(?:相关|有关|管理|主管|职能|责任|属地|贵)(?:管理|职能|主管)?(?:部门|单位|人员|领导|方面)`+filler+`*[。;!?]?`, ""),
	newFormula("请 望", "请望希恳", `(?:请|望|希望|恳请)(?:尽快|及时|予以|协助|帮忙|给予)*(?:核实|处理|解决|协调|答复|回复|回电|查处|反馈|落实|跟进|督办)`+
		`(?:[、,并和及]*(?:尽快|及时|予以|给予)*(?:核实|处理|解决|协调|答复|回复|回电|查处|反馈|落实))*(?:结果|市民|来电人|诉求人|为盼)*[。;!?,]?`, ""),
	newFormula("谢", "非十万谨感谢致", `(?:非常|十分|万分|谨此)?(?:感谢|谢谢|致谢)(?:您|你们|领导|支持|配合)*[!。,~]*`, ""),
	newFormula("电话 手机 联系方式 身份证", "联电手身", `(?:联系)?(?:电话|手机号?码?|联系方式|身份证号?码?)(?:为|是)?[:：]?[ ]*(?:[,。;]|$)`, ""),
}

// cut takes the formula out of a text wherever it stands.
func (f *formula) cut(s string) string {
	if len(f.words) > 0 && !slices.ContainsFunc(f.words, func(w string) bool { return strings.Contains(s, w) }) {
		return s
	}
	var out strings.Builder
	done := 0 // of s
	for i, r := range s {
		if i < done || !f.begins.has(r) {
			continue
		}
		if found := f.pattern.FindStringIndex(s[i:]); found != nil {
			out.WriteString(s[done:i])
			out.WriteString(f.with)
			done = i + found[1]
		}
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// runeSet is a set of characters below 0x10000.
type runeSet [1 << 10]uint64

func (x *runeSet) add(r rune) { x[r>>6] |= 1 << (r & 63) }

func (x *runeSet) has(r rune) bool { return r < 1<<16 && x[r>>6]&(1<<(r&63)) != 0 }

// Clean is the matter of a complaint without its dress, for comparing texts: quoted 【…】 blocks, greetings, the
// hotline's formulas, markup, phone, order and ID numbers go; width is folded; white space becomes single blanks. It is
// for machines: what people read is Content.
func Clean(text string) string {
	s := dropBlocks(strings.Map(func(r rune) rune {
		if r, keep := foldRune(r); keep {
			return r
		}
		return -1
	}, tidy(text)))
	if strings.ContainsAny(s, "<&") {
		s = markup.ReplaceAllString(s, " ")
	}
	s = "\n" + s // a greeting begins a line
	for i := range formulas {
		s = formulas[i].cut(s)
	}
	return strings.Trim(singleBlanks(s), " ,。;:!?、~")
}

// singleBlanks makes one blank of white space.
func singleBlanks(s string) string {
	var out strings.Builder
	out.Grow(len(s))
	before := false
	for i := range len(s) {
		blank := s[i] == ' ' || s[i] == '\t' || s[i] == '\n'
		if !blank {
			out.WriteByte(s[i])
		} else if !before {
			out.WriteByte(' ')
		}
		before = blank
	}
	return out.String()
}

// dropBlocks leaves out 【…】 with all they quote. A block that never closes was cut off by the source: it reaches to
// the end when it is one of the platform's tags, otherwise only its bracket goes.
func dropBlocks(s string) string {
	if !strings.Contains(s, "【") {
		return strings.ReplaceAll(s, "】", " ")
	}
	var b strings.Builder
	ends := pairs(s)
	for i := 0; i < len(s); {
		j := strings.Index(s[i:], "【")
		if j < 0 {
			b.WriteString(s[i:])
			break
		}
		b.WriteString(s[i : i+j])
		b.WriteByte(' ')
		i += j
		switch end, closed := ends[i]; {
		case closed:
			i = end
		case tagKind(s[i+len("【"):]) != "":
			i = len(s)
		default:
			i += len("【")
		}
	}
	return strings.ReplaceAll(b.String(), "】", " ")
}

// pairs finds, for each opening bracket 【 [ ( that is closed, the offset just after its closing one. Each kind nests
// by itself, because texts close one kind inside another wrongly.
func pairs(s string) map[int]int {
	ends := map[int]int{}
	var open [3][]int
	for i := 0; i < len(s); i++ {
		kind, size, closes := -1, 1, false
		switch s[i] {
		case '[':
			kind = 0
		case ']':
			kind, closes = 0, true
		case '(':
			kind = 1
		case ')':
			kind, closes = 1, true
		case "【"[0]:
			switch {
			case strings.HasPrefix(s[i:], "【"):
				kind, size = 2, len("【")
			case strings.HasPrefix(s[i:], "】"):
				kind, size, closes = 2, len("】"), true
			}
		}
		if kind < 0 {
			continue
		}
		if !closes {
			open[kind] = append(open[kind], i)
		} else if n := len(open[kind]); n > 0 {
			ends[open[kind][n-1]] = i + size
			open[kind] = open[kind][:n-1]
		}
		i += size - 1
	}
	return ends
}
