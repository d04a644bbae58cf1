package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// openText opens delimited text.
func openText(r io.ReaderAt, size int64, lim limits, find finder) (*Sheet, error) {
	code, lines, err := encodingOf(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	read := new(atomic.Int64)
	open := func(r io.Reader) *bufio.Reader {
		b := bufio.NewReaderSize(decode(code, r), 64<<10)
		if bom, _ := b.Peek(3); string(bom) == "\ufeff" {
			_, _ = b.Discard(3) // they are in the buffer
		}
		return b
	}
	head, err := open(io.NewSectionReader(r, 0, size)).Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, damaged(err)
	}
	comma, told := separatorLine(head)
	if !told {
		comma = delimiterOf(head, lim, find)
	}
	b := open(counter{io.NewSectionReader(r, 0, size), read})
	if told {
		if _, err := b.ReadString('\n'); err != nil && !errors.Is(err, io.EOF) {
			return nil, damaged(err)
		}
	}
	t := &textReader{r: b, comma: comma, lim: lim}
	s := &Sheet{read: read, size: size, estimate: lines, next: t.next}
	if err := s.start(find); err != nil {
		return nil, err
	}
	if len(s.ahead) == 0 {
		return nil, refuse("empty", "文件里没有数据，请重新导出")
	}
	return s, nil
}

// decode turns text of an encoding (nil: UTF-8) into UTF-8.
func decode(code encoding.Encoding, r io.Reader) io.Reader {
	if code == nil {
		return r
	}
	return transform.NewReader(r, code.NewDecoder())
}

const unknownEncoding = "编码无法识别，文件可能不是表格或已损坏；请用 Excel 或 WPS 打开后另存为 .xlsx 再导入"

// encodingOf reads a whole file and tells its encoding (nil: UTF-8) and about how many lines it has. Both Chinese
// encodings are judged by the whole file: a sample of the beginning is often plain ASCII. Up to one broken
// character in twenty is tolerated, because systems cut fields by bytes.
func encodingOf(r io.Reader) (encoding.Encoding, int, error) {
	b := bufio.NewReaderSize(r, 256<<10)
	if bom, _ := b.Peek(2); bytes.Equal(bom, []byte{0xff, 0xfe}) || bytes.Equal(bom, []byte{0xfe, 0xff}) {
		lines, err := countLines(b)
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), lines, err
	}
	var u utf8Check
	var g gbCheck
	lines, control, total := 1, 0, 0
	buf := make([]byte, 256<<10)
	for {
		n, err := b.Read(buf)
		for _, c := range buf[:n] {
			switch {
			case c == '\n':
				lines++
			case c == 0:
				return nil, 0, refuse("encoding", unknownEncoding)
			case c < 0x20 && c != '\r' && c != '\t':
				control++
			}
		}
		total += n
		u.write(buf[:n])
		g.write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, 0, damaged(err)
		}
	}
	u.end()
	switch {
	case control*100 > total:
		return nil, 0, refuse("encoding", unknownEncoding)
	case u.bad*20 <= u.good:
		return nil, lines, nil
	case g.bad*20 <= g.good:
		return simplifiedchinese.GB18030, lines, nil
	}
	return nil, 0, refuse("encoding", unknownEncoding)
}

func countLines(r io.Reader) (int, error) {
	lines := 1
	buf := make([]byte, 256<<10)
	for {
		n, err := r.Read(buf)
		lines += bytes.Count(buf[:n], []byte{'\n'})
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return 0, damaged(err)
		}
	}
}

// utf8Check counts characters of more than one byte, and bytes that are no character.
type utf8Check struct {
	good, bad int
	rest      []byte // the beginning of a character at the end of a piece
}

func (u *utf8Check) write(p []byte) {
	if len(u.rest) > 0 {
		p = append(u.rest, p...)
		u.rest = nil
	}
	for len(p) > 0 {
		if p[0] < utf8.RuneSelf {
			p = p[1:]
			continue
		}
		if !utf8.FullRune(p) {
			u.rest = bytes.Clone(p)
			return
		}
		r, n := utf8.DecodeRune(p)
		if r == utf8.RuneError && n == 1 {
			u.bad++
		} else {
			u.good++
		}
		p = p[n:]
	}
}

func (u *utf8Check) end() {
	if len(u.rest) > 0 {
		u.bad++
	}
}

// gbCheck counts characters of GB18030 and bytes that are none.
type gbCheck struct {
	good, bad int
	state     int // bytes of the character so far: 0 to 3
}

func (g *gbCheck) write(p []byte) {
	for _, c := range p {
		lead := 0x81 <= c && c <= 0xfe
		switch {
		case g.state == 0 && c < 0x80:
		case g.state == 0 && lead, g.state == 2 && lead:
			g.state++
		case g.state == 1 && '0' <= c && c <= '9':
			g.state = 2
		case g.state == 1 && c >= 0x40 && c != 0x7f && c != 0xff, g.state == 3 && '0' <= c && c <= '9':
			g.state = 0
			g.good++
		default:
			g.state = 0
			g.bad++
		}
	}
}

// separatorLine reads the first line Excel understands as “sep=;”. Excel does not count it as a row.
func separatorLine(head []byte) (byte, bool) {
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	line = bytes.TrimRight(line, "\r")
	if len(line) == 5 && strings.EqualFold(string(line[:4]), "sep=") && bytes.IndexByte([]byte(",;\t|"), line[4]) >= 0 {
		return line[4], true
	}
	return ',', false
}

// delimiterOf tries each delimiter on the beginning of the file. The one under which a header is understood is right;
// without a header, the one that gives the most columns most evenly.
func delimiterOf(head []byte, lim limits, find finder) byte {
	best, bestScore := byte(','), -1
	for _, comma := range []byte{',', '\t', ';'} {
		t := textReader{r: bufio.NewReader(bytes.NewReader(head)), comma: comma, lim: lim}
		var rows [][]string
		for len(rows) < headRows {
			_, cells, err := t.next()
			if err != nil {
				break
			}
			rows = append(rows, cells)
		}
		score := 0
		if _, m, err := find(rows); err == nil {
			score = 1_000_000 + len(m.Columns)*1000 + len(m.Columns) - len(m.Unknown())
		} else {
			count := map[int]int{}
			for _, r := range rows {
				count[len(r)]++
			}
			for columns, n := range count {
				if columns > 1 {
					score = max(score, columns*n)
				}
			}
		}
		if score > bestScore {
			best, bestScore = comma, score
		}
	}
	return best
}

// textReader reads records of delimited text. A quote that never closes, or that swallows more than a cell may hold,
// is taken as an ordinary character: systems that write quotes by hand forget to double them.
type textReader struct {
	r     *bufio.Reader
	comma byte
	lim   limits

	back    []byte // to be read before r
	held    byte   // to be read before back, when holds
	holds   bool
	row     int
	rewinds int
}

// maxRewinds bounds how often a quote may be taken back: each costs up to a cell's length.
const maxRewinds = 200

var errQuote = errors.New("csv: quote does not close")

func (t *textReader) byte() (byte, error) {
	if t.holds {
		t.holds = false
		return t.held, nil
	}
	if n := len(t.back); n > 0 {
		c := t.back[0]
		t.back = t.back[1:]
		return c, nil
	}
	return t.r.ReadByte()
}

// lineEnd follows a \r: the \n after it belongs to it.
func (t *textReader) lineEnd() {
	if c, err := t.byte(); err == nil && c != '\n' {
		t.held, t.holds = c, true
	}
}

// next gives the next record that is not blank; its number counts blank ones, as a spreadsheet does.
func (t *textReader) next() (int, []string, error) {
	for {
		cells, err := t.record()
		if err != nil {
			return 0, nil, err
		}
		if !blank(cells) {
			return t.row, cells, nil
		}
	}
}

func (t *textReader) record() ([]string, error) {
	c, err := t.byte()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if t.row++; t.row > t.lim.rows {
		return nil, refuse("limit", "行数超过 %d 行，请分批导出后再导入", t.lim.rows)
	}
	var cells []string
	total := 0
	for {
		atEnd := errors.Is(err, io.EOF)
		if err != nil && !atEnd {
			return nil, damagedAfter(t.row, err)
		}
		text, end, ferr := t.field(c, atEnd)
		if ferr != nil {
			return nil, ferr
		}
		if total += len(text); total > t.lim.row {
			return nil, rowTooLong(t.row)
		}
		if text != "" {
			if len(cells) >= t.lim.columns {
				return nil, refuse("limit", "第 %d 行超过 %d 列，请检查是否有多余的列，或引号没有配对", t.row, t.lim.columns)
			}
			cells = append(cells, text)
		} else if len(cells) < t.lim.columns {
			cells = append(cells, "")
		}
		if end {
			return cells[:width(cells)], nil
		}
		c, err = t.byte()
	}
}

// field reads a field that begins with c, or with the end of the file; end says that the record ends with it.
func (t *textReader) field(c byte, eof bool) (text string, end bool, err error) {
	var b cellBuffer
	if !eof && c == '"' {
		text, end, err := t.quoted()
		if !errors.Is(err, errQuote) {
			return text, end, err
		}
		b.add('"')
		if c, err = t.byte(); errors.Is(err, io.EOF) {
			eof = true
		} else if err != nil {
			return "", false, damagedAfter(t.row, err)
		}
	}
	for {
		switch {
		case eof || c == '\n':
			return b.text(), true, nil
		case c == '\r':
			t.lineEnd()
			return b.text(), true, nil
		case c == t.comma:
			return b.text(), false, nil
		}
		if b.add(c); b.runes > t.lim.cell {
			return "", false, refuse("limit", "第 %d 行有一个单元格超过 %d 字，请检查该行是否粘入了多余内容，或引号没有配对", t.row, t.lim.cell)
		}
		var err error
		if c, err = t.byte(); errors.Is(err, io.EOF) {
			eof = true
		} else if err != nil {
			return "", false, damagedAfter(t.row, err)
		}
	}
}

// quoted reads what follows an opening quote. errQuote says that there is no closing one; everything read is then
// back to be read again.
func (t *textReader) quoted() (text string, end bool, err error) {
	var b cellBuffer
	var raw []byte
	read := func() (byte, error) {
		c, err := t.byte()
		if err == nil {
			raw = append(raw, c)
		}
		return c, err
	}
	for {
		c, err := read()
		if errors.Is(err, io.EOF) || err == nil && b.runes > t.lim.cell {
			if t.rewinds++; t.rewinds > maxRewinds {
				return "", false, refuse("damaged", "第 %d 行起有多处引号没有配对，请用 Excel 或 WPS 打开后另存为 .xlsx 再导入", t.row)
			}
			t.back = append(raw, t.back...)
			return "", false, errQuote
		}
		if err != nil {
			return "", false, damagedAfter(t.row, err)
		}
		if c != '"' {
			b.add(c)
			continue
		}
		blanks := 0
		for c, err = read(); err == nil && c == ' ' && blanks < 100; c, err = read() {
			blanks++
		}
		switch {
		case errors.Is(err, io.EOF), err == nil && c == '\n':
			return b.text(), true, nil
		case err != nil:
			return "", false, damagedAfter(t.row, err)
		case c == '\r':
			t.lineEnd()
			return b.text(), true, nil
		case c == t.comma:
			return b.text(), false, nil
		case c == '"' && blanks == 0:
			b.add('"')
		default: // a quote that should have been doubled
			b.add('"')
			for range blanks {
				b.add(' ')
			}
			b.add(c)
		}
	}
}

// cellBuffer collects the bytes of a cell and counts its characters.
type cellBuffer struct {
	bytes []byte
	runes int
}

func (b *cellBuffer) add(c byte) {
	b.bytes = append(b.bytes, c)
	if c&0xc0 != 0x80 {
		b.runes++
	}
}

// text is the cell's text. ="0123" is how text files keep a spreadsheet from reading digits as a number.
func (b *cellBuffer) text() string {
	s := b.bytes
	if n := len(s); n > 3 && s[0] == '=' && s[1] == '"' && s[n-1] == '"' && bytes.IndexByte(s[2:n-1], '"') < 0 {
		s = s[2 : n-1]
	}
	return strings.ToValidUTF8(string(s), "\ufffd")
}
