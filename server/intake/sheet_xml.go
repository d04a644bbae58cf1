package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// xmlReader walks over an XML part of a workbook tag by tag. It is not a general parser: it expands no entities but
// the five of XML and characters by number, knows tags by their local name (writers choose prefixes freely), and lets
// characters pass that XML forbids, because exports contain them and a citizen's complaint must not end there.
type xmlReader struct {
	r     *bufio.Reader
	limit int // bytes of one text

	keep  bool   // give texts; otherwise they are passed over
	name  []byte // local name of the tag last given, also while its text is
	attrs []byte // what follows the name in the start tag just given
	text  []byte // unescaped

	tag     []byte // a tag read in pieces
	pending bool   // a self-closing tag still owes its end
}

type xmlToken int

const (
	xmlStart xmlToken = iota
	xmlEnd
	xmlText
)

var (
	errXMLTag  = errors.New("xml: tag too long or not closed")
	errXMLText = errors.New("xml: text too long")
)

// xmlBuffer holds the longest tag there may be.
const xmlBuffer = 64 << 10

func newXMLReader(r io.Reader, limit int) *xmlReader {
	b := bufio.NewReaderSize(r, xmlBuffer)
	if bom, _ := b.Peek(2); bytes.Equal(bom, []byte{0xff, 0xfe}) || bytes.Equal(bom, []byte{0xfe, 0xff}) {
		b = bufio.NewReaderSize(transform.NewReader(b, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()), xmlBuffer)
	}
	return &xmlReader{r: b, limit: limit}
}

// next gives the next tag or text; a self-closing tag comes as start and end. io.EOF ends the part between tags, any
// other end is an error. attrs and text are good until the following call.
func (x *xmlReader) next() (xmlToken, error) {
	if x.pending {
		x.pending = false
		return xmlEnd, nil
	}
	for {
		got, err := x.chars()
		if err != nil || got {
			return xmlText, err
		}
		tag, err := x.readTag()
		if err != nil {
			return 0, err
		}
		switch {
		case len(tag) == 0:
			return 0, errXMLTag
		case tag[0] == '?':
		case bytes.HasPrefix(tag, []byte("!--")):
			if err := x.until("--", tag[3:], false); err != nil {
				return 0, err
			}
		case bytes.HasPrefix(tag, []byte("![CDATA[")):
			if err := x.until("]]", tag[8:], x.keep); err != nil {
				return 0, err
			}
			if x.keep {
				return xmlText, nil
			}
		case tag[0] == '!':
			return 0, errors.New("xml: document type") // no workbook has one, and entities are an attack
		case tag[0] == '/':
			x.name, x.attrs = append(x.name[:0], local(tag[1:])...), nil
			return xmlEnd, nil
		default:
			if tag[len(tag)-1] == '/' {
				x.pending = true
				tag = tag[:len(tag)-1]
			}
			x.name = append(x.name[:0], local(tag)...)
			x.attrs = rest(tag)
			return xmlStart, nil
		}
	}
}

// chars reads up to the next tag and past its <; got says that text wants to be given.
func (x *xmlReader) chars() (got bool, err error) {
	x.text = x.text[:0]
	for {
		part, err := x.r.ReadSlice('<')
		if err == nil {
			part = part[:len(part)-1]
		}
		if x.keep && len(part) > 0 {
			if len(x.text)+len(part) > x.limit {
				return false, errXMLText
			}
			x.text = append(x.text, part...)
		}
		switch {
		case err == nil:
			if len(x.text) == 0 {
				return false, nil
			}
			x.text = unescape(x.text)
			return true, x.r.UnreadByte() // the tag is still to come
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(x.text) > 0:
			return false, io.ErrUnexpectedEOF
		default:
			return false, err
		}
	}
}

// readTag reads up to the > that ends the tag; a > may stand inside quotes.
func (x *xmlReader) readTag() ([]byte, error) {
	tag, err := x.r.ReadSlice('>')
	if err != nil {
		return nil, xmlCut(err)
	}
	tag = tag[:len(tag)-1]
	if len(tag) > 0 && (tag[0] == '!' || tag[0] == '?') || bytes.IndexByte(tag, '\'') < 0 && bytes.Count(tag, []byte{'"'})%2 == 0 {
		return tag, nil
	}
	x.tag = append(x.tag[:0], tag...)
	for openQuote(x.tag) {
		if len(x.tag) > xmlBuffer {
			return nil, errXMLTag
		}
		more, err := x.r.ReadSlice('>')
		if err != nil {
			return nil, xmlCut(err)
		}
		x.tag = append(append(x.tag, '>'), more[:len(more)-1]...)
	}
	return x.tag, nil
}

func openQuote(tag []byte) bool {
	quote := byte(0)
	for _, c := range tag {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		}
	}
	return quote != 0
}

func xmlCut(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, bufio.ErrBufferFull):
		return errXMLTag
	}
	return err
}

// until reads on to end and >, have being what readTag took up to the first >. What came before end is in text when
// keep is set.
func (x *xmlReader) until(end string, have []byte, keep bool) error {
	x.text = append(x.text[:0], have...)
	for !bytes.HasSuffix(x.text, []byte(end)) {
		for c := byte('>'); ; {
			x.text = append(x.text, c)
			var err error
			if c, err = x.r.ReadByte(); err != nil {
				return xmlCut(err)
			}
			if c == '>' {
				break
			}
		}
		switch n := len(x.text) - len(end); {
		case keep && n > x.limit:
			return errXMLText
		case !keep && n > 0:
			x.text = append(x.text[:0], x.text[n:]...)
		}
	}
	x.text = x.text[:len(x.text)-len(end)]
	return nil
}

// local is the name of a tag without its prefix.
func local(tag []byte) []byte {
	name := tag[:len(tag)-len(rest(tag))]
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return name
}

// rest is what follows the name in a tag.
func rest(tag []byte) []byte {
	for i, c := range tag {
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			return tag[i:]
		}
	}
	return nil
}

// attr is an attribute of the current tag by its local name, unescaped; "" when there is none.
func (x *xmlReader) attr(name string) string {
	s := x.attrs
	for {
		s = bytes.TrimLeft(s, " \t\r\n")
		eq := bytes.IndexByte(s, '=')
		if eq < 0 {
			return ""
		}
		key := bytes.TrimRight(s[:eq], " \t\r\n")
		s = bytes.TrimLeft(s[eq+1:], " \t\r\n")
		if len(s) == 0 || s[0] != '"' && s[0] != '\'' {
			return ""
		}
		end := bytes.IndexByte(s[1:], s[0])
		if end < 0 {
			return ""
		}
		if i := bytes.IndexByte(key, ':'); i >= 0 {
			key = key[i+1:]
		}
		if string(key) == name {
			v := s[1 : 1+end]
			if bytes.IndexByte(v, '&') >= 0 {
				v = unescape(append([]byte(nil), v...))
			}
			return string(v)
		}
		s = s[end+2:]
	}
}

// unescape resolves &amp; and its kin in place; what is no entity stays as it is.
func unescape(s []byte) []byte {
	i := bytes.IndexByte(s, '&')
	if i < 0 {
		return s
	}
	out := s[:i]
	for i < len(s) {
		if s[i] != '&' {
			out = append(out, s[i])
			i++
			continue
		}
		end := bytes.IndexByte(s[i:min(len(s), i+12)], ';')
		r, ok := rune(0), false
		if end > 0 {
			r, ok = entity(string(s[i+1 : i+end]))
		}
		if !ok {
			out = append(out, '&')
			i++
			continue
		}
		out = utf8.AppendRune(out, r) // never longer than its escape
		i += end + 1
	}
	return out
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	number, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(number), "x"); ok {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(number, base, 32)
	if err != nil || n > utf8.MaxRune {
		return 0, false
	}
	return rune(n), true
}

// plain makes the string of a cell: invalid UTF-8 replaced, and the escapes of OOXML (_x000D_) resolved.
func plain(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		r, ok := ooxmlEscape(s[i:])
		if !ok {
			out.WriteByte(s[i])
			i++
			continue
		}
		i += 7
		if 0xd800 <= r && r < 0xdc00 {
			if low, ok := ooxmlEscape(s[i:]); ok && 0xdc00 <= low && low < 0xe000 {
				r = (r-0xd800)<<10 + low - 0xdc00 + 0x10000
				i += 7
			}
		}
		out.WriteRune(r)
	}
	return out.String()
}

func ooxmlEscape(s string) (rune, bool) {
	if len(s) < 7 || s[0] != '_' || s[1] != 'x' || s[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
