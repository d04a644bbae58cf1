package intake

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/text/encoding"

	"xiaopu/server/apperr"
)

// xmlSheets are the worksheets of an “XML spreadsheet 2003”, one XML file that platforms like to call .xls.
type xmlSheets struct {
	r        io.ReaderAt
	size     int64
	code     encoding.Encoding // nil: UTF-8
	lim      limits
	sheets   []xmlSheet // visible, in order
	hidden   []xmlSheet
	date1904 bool
}

type xmlSheet struct {
	name   string
	index  int // among all worksheets
	rows   int // as the file says; 0 when it does not
	hidden bool
}

// maxXMLSheets bounds how often the file is read from its beginning.
const maxXMLSheets = 50

// openXMLSheet finds the worksheet to read and starts reading it.
func openXMLSheet(r io.ReaderAt, size int64, lim limits, find finder) (*Sheet, error) {
	code, _, err := encodingOf(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	b := &xmlSheets{r: r, size: size, code: code, lim: lim}
	if err := b.index(); err != nil {
		return nil, err
	}
	s, err := firstWithHeader(len(b.sheets), func(i int) (*Sheet, error) { return b.open(b.sheets[i], find) })
	if err == nil {
		s.hidden = func() []string {
			return headed(len(b.hidden), func(i int) (*Sheet, error) { return b.open(b.hidden[i], find) })
		}
	}
	return s, err
}

func (b *xmlSheets) reader(read *atomic.Int64) *xmlReader {
	from := counter{io.NewSectionReader(b.r, 0, b.size), read}
	return newXMLReader(decode(b.code, from), 4*b.lim.cell)
}

// index reads which worksheets there are. What breaks off is left to the reading, which knows the row.
func (b *xmlSheets) index() error {
	x := b.reader(new(atomic.Int64))
	var all []xmlSheet
	text := "" // the element whose text is asked for
	for {
		token, err := x.next()
		if err != nil {
			break
		}
		switch name := string(x.name); token {
		case xmlStart:
			switch name {
			case "Worksheet":
				if len(all) >= maxXMLSheets {
					return refuse("limit", "工作表超过 %d 张，请只保留要导入的那一张", maxXMLSheets)
				}
				all = append(all, xmlSheet{name: x.attr("Name"), index: len(all)})
			case "Table":
				if len(all) > 0 {
					all[len(all)-1].rows, _ = strconv.Atoi(x.attr("ExpandedRowCount"))
				}
			case "Date1904":
				b.date1904 = true
			case "Visible":
				text, x.keep = name, true
			}
		case xmlText:
			if text == "Visible" && len(all) > 0 && strings.HasPrefix(strings.TrimSpace(string(x.text)), "Sheet") {
				all[len(all)-1].hidden = true // SheetHidden, SheetVeryHidden
			}
		case xmlEnd:
			text, x.keep = "", false
		}
	}
	for _, s := range all {
		if s.hidden {
			b.hidden = append(b.hidden, s)
		} else {
			b.sheets = append(b.sheets, s)
		}
	}
	return nil
}

func (b *xmlSheets) open(w xmlSheet, find finder) (*Sheet, error) {
	read := new(atomic.Int64)
	r := &xmlSheetReader{x: b.reader(read), lim: b.lim, skip: w.index, row: cellRow{lim: b.lim}}
	s := &Sheet{name: w.name, date1904: b.date1904, read: read, size: b.size, estimate: w.rows}
	s.next = filled(r.next)
	if err := s.start(find); err != nil {
		return nil, err
	}
	return s, nil
}

// xmlSheetReader reads one worksheet row by row.
type xmlSheetReader struct {
	x      *xmlReader
	lim    limits
	skip   int // worksheets before it
	inside bool

	row  cellRow
	done bool
}

// next gives the next row, blank or not.
func (r *xmlSheetReader) next() (int, []string, error) {
	if r.done {
		return 0, nil, io.EOF
	}
	open, column := false, 0
	for {
		token, err := r.x.next()
		if err != nil {
			return 0, nil, r.fail(err)
		}
		switch name := string(r.x.name); token {
		case xmlStart:
			switch {
			case name == "Worksheet":
				r.skip--
			case r.skip >= 0: // not there yet
			case name == "Table":
				r.inside = true
			case !r.inside:
			case name == "Row":
				open, column = true, 0
				n, err := r.place(r.row.number, r.lim.rows)
				if err != nil {
					return 0, nil, r.fail(err)
				}
				r.row.begin(n)
			case name == "Cell" && open:
				if column, err = r.place(column, 1<<20); err != nil {
					return 0, nil, r.fail(err)
				}
				across, _ := strconv.Atoi(r.x.attr("MergeAcross"))
				if err := r.cell(column - 1); err != nil {
					return 0, nil, r.fail(err)
				}
				column += min(max(0, across), r.lim.columns)
			}
		case xmlEnd:
			switch {
			case name == "Row" && open:
				return r.row.number, r.row.cells, nil
			case r.inside && (name == "Table" || name == "Worksheet"):
				r.done = true
				return 0, nil, io.EOF
			}
		}
	}
}

// place is the number of the row or cell just begun: the one it says, or the one behind the last.
func (r *xmlSheetReader) place(last, most int) (int, error) {
	n := last + 1
	if attr := r.x.attr("Index"); attr != "" {
		v, err := strconv.Atoi(attr)
		if err != nil || v < n {
			return 0, fmt.Errorf("index %q behind %d", attr, last)
		}
		n = v
	}
	if n > most {
		return 0, refuse("limit", "行数超过 %d 行，请分批导出后再导入", r.lim.rows)
	}
	return n, nil
}

func (r *xmlSheetReader) fail(err error) error {
	r.done = true
	var known *apperr.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, errXMLText):
		return r.row.tooLong()
	}
	return damagedAfter(r.row.number, xmlCut(err))
}

// cell reads a cell, whose start tag was just given, and puts its text at its column.
func (r *xmlSheetReader) cell(column int) error {
	x := r.x
	formula := x.attr("Formula")
	var value []byte
	kind, hasValue := "", false
	aside := 0 // inside a comment
	for depth := 1; depth > 0; {
		token, err := x.next()
		if err != nil {
			return err
		}
		switch token {
		case xmlStart:
			depth++
			switch string(x.name) {
			case "Comment":
				aside++
			case "Data":
				if aside == 0 {
					kind, hasValue, x.keep = x.attr("Type"), true, true
				}
			}
		case xmlText:
			if value = append(value, x.text...); len(value) > x.limit {
				return errXMLText
			}
		case xmlEnd:
			depth--
			switch string(x.name) {
			case "Comment":
				aside--
			case "Data":
				x.keep = false
			}
		}
	}
	text := strings.ToValidUTF8(string(value), "\ufffd")
	switch {
	case formula != "" && !hasValue:
		text = formula
	case kind == "Boolean":
		text = truth(byte(min(1, len(strings.Trim(text, "0 ")))), false)
	case kind != "String":
		text = strings.TrimSpace(text)
	}
	return r.row.put(column, text)
}
