package intake

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/net/html"
)

// Many platforms export a web page and call it .xls. Excel shows such a page as one worksheet, its tables one beneath
// the other; so it is read here, and a row has the number that Excel shows unless tables lie inside each other.

// openPage opens the tables of an HTML page.
func openPage(r io.ReaderAt, size int64, lim limits, find finder) (*Sheet, error) {
	code, _, err := encodingOf(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	read := new(atomic.Int64)
	z := html.NewTokenizer(decode(code, counter{io.NewSectionReader(r, 0, size), read}))
	z.SetMaxBuf(8 * lim.cell)
	p := &pageReader{z: z, lim: lim, carried: map[int]carry{}, row: cellRow{lim: lim}}
	s := &Sheet{read: read, size: size, next: filled(p.next)}
	if err := s.start(find); err != nil {
		return nil, err
	}
	if len(s.ahead) == 0 {
		return nil, refuse("empty", "这是网页，里面没有表格；如果是 Excel 另存成的网页，请改存为 .xlsx 再导入")
	}
	return s, nil
}

// pageReader reads the rows of a page's tables.
type pageReader struct {
	z   *html.Tokenizer
	lim limits

	row    cellRow
	inRow  bool
	column int
	// carried are the cells that reach down into the next rows (rowspan), by column.
	carried map[int]carry

	inCell       bool
	text         strings.Builder
	across, down int
	exact        string // the number behind what is shown, where Excel wrote it

	tables int // open ones
	nested int // of these, inside a cell that has other text: they belong to that text
	skip   int // inside what is not shown
}

type carry struct {
	text string
	rows int
}

// next takes in the next tag or text, and gives the row it completes, or none.
func (p *pageReader) next() (int, []string, error) {
	kind := p.z.Next()
	switch kind {
	case html.ErrorToken:
		err := p.z.Err()
		switch {
		case errors.Is(err, html.ErrBufferExceeded):
			return 0, nil, p.row.tooLong()
		case !errors.Is(err, io.EOF):
			return 0, nil, damagedAfter(p.row.number, err)
		case p.tables > 0:
			return 0, nil, damagedAfter(p.row.number, io.ErrUnexpectedEOF)
		}
		return 0, nil, io.EOF
	case html.TextToken:
		if p.inCell && p.skip == 0 {
			return 0, nil, p.say(string(p.z.Text()))
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		name, more := p.z.TagName()
		return p.open(string(name), more, kind == html.SelfClosingTagToken)
	case html.EndTagToken:
		name, _ := p.z.TagName()
		return p.close(string(name))
	}
	return 0, nil, nil
}

func (p *pageReader) open(name string, attributes, closed bool) (int, []string, error) {
	switch name {
	case "script", "style", "title":
		if !closed {
			p.skip++
		}
	case "br", "p", "div", "li":
		p.line()
	case "table":
		p.tables++
		switch {
		case p.nested > 0 || p.inRow && p.inCell && (strings.TrimSpace(p.text.String()) != "" || !blank(p.row.cells)):
			p.nested++
			p.line()
		case p.inRow && !blank(p.row.cells):
			return p.finish()
		case p.inRow: // a table that only lays out another
			p.inRow, p.inCell = false, false
			p.row.number--
		}
	case "tr":
		if p.nested > 0 {
			p.line()
			return 0, nil, nil
		}
		number, cells, err := p.finish()
		if err != nil {
			return 0, nil, err
		}
		if p.tables == 0 {
			p.tables = 1 // a fragment without its table
		}
		return number, cells, p.begin()
	case "td", "th":
		if p.nested > 0 {
			return 0, nil, p.say(" ")
		}
		if !p.inRow {
			if err := p.begin(); err != nil {
				return 0, nil, err
			}
		}
		if err := p.endCell(); err != nil {
			return 0, nil, err
		}
		p.inCell, p.across, p.down, p.exact = true, 1, 1, ""
		p.text.Reset()
		for attributes {
			var key, value []byte
			key, value, attributes = p.z.TagAttr()
			switch string(key) {
			case "colspan":
				p.across = span(value, p.lim.columns)
			case "rowspan":
				p.down = span(value, p.lim.rows)
			case "x:num":
				p.exact = string(value)
			}
		}
	}
	return 0, nil, nil
}

// span reads a colspan or rowspan.
func span(value []byte, most int) int {
	n, err := strconv.Atoi(strings.TrimSpace(string(value)))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, most)
}

func (p *pageReader) close(name string) (int, []string, error) {
	switch name {
	case "script", "style", "title":
		p.skip = max(0, p.skip-1)
	case "p", "div", "li":
		p.line()
	case "td", "th":
		if p.nested == 0 {
			return 0, nil, p.endCell()
		}
	case "tr":
		if p.nested == 0 {
			return p.finish()
		}
	case "table":
		p.tables = max(0, p.tables-1)
		if p.nested > 0 {
			p.nested--
			p.line()
			return 0, nil, nil
		}
		number, cells, err := p.finish()
		clear(p.carried)
		return number, cells, err
	}
	return 0, nil, nil
}

func (p *pageReader) begin() error {
	p.row.begin(p.row.number + 1)
	if p.row.number > p.lim.rows {
		return refuse("limit", "行数超过 %d 行，请分批导出后再导入", p.lim.rows)
	}
	p.inRow, p.inCell, p.column = true, false, 0
	return nil
}

// finish ends the row, if one is open.
func (p *pageReader) finish() (int, []string, error) {
	if !p.inRow {
		return 0, nil, nil
	}
	if err := p.endCell(); err != nil {
		return 0, nil, err
	}
	for left := len(p.carried); left > 0 && p.column < p.lim.columns; p.column++ {
		if _, ok := p.carried[p.column]; ok {
			left--
			if err := p.carry(); err != nil {
				return 0, nil, err
			}
		}
	}
	p.inRow = false
	return p.row.number, p.row.cells, nil
}

// carry puts down what reaches into this column from a row above.
func (p *pageReader) carry() error {
	c := p.carried[p.column]
	if c.rows--; c.rows == 0 {
		delete(p.carried, p.column)
	} else {
		p.carried[p.column] = c
	}
	return p.row.put(p.column, c.text)
}

// endCell puts down the cell, if one is open.
func (p *pageReader) endCell() error {
	if !p.inCell {
		return nil
	}
	p.inCell = false
	for {
		if _, ok := p.carried[p.column]; !ok {
			break
		}
		if err := p.carry(); err != nil {
			return err
		}
		p.column++
	}
	text := strings.TrimSpace(p.text.String())
	if p.exact != "" && (strings.Contains(text, "E+") || strings.HasPrefix(text, "##")) {
		text = p.exact // what is shown has lost digits
	}
	if err := p.row.put(p.column, text); err != nil {
		return err
	}
	for i := range p.across {
		if p.down > 1 && p.column < p.lim.columns {
			p.carried[p.column] = carry{text, p.down - 1}
		}
		if i == 0 {
			text = ""
		}
		p.column++
	}
	return nil
}

// say adds to the cell's text; blanks in a row are one, as a browser shows them.
func (p *pageReader) say(text string) error {
	if p.text.Len() > 4*p.lim.cell {
		return p.row.tooLong()
	}
	for _, c := range text {
		switch c {
		case ' ', '\t', '\r', '\n', '\u00a0':
			if !strings.HasSuffix(p.text.String(), " ") && !strings.HasSuffix(p.text.String(), "\n") {
				p.text.WriteByte(' ')
			}
		default:
			p.text.WriteRune(c)
		}
	}
	return nil
}

// line begins a new line in the cell's text.
func (p *pageReader) line() {
	if s := p.text.String(); p.inCell && s != "" && !strings.HasSuffix(s, "\n") {
		p.text.WriteByte('\n')
	}
}
