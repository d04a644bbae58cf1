package intake

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync/atomic"
	"unicode/utf16"
	"unicode/utf8"

	"xiaopu/server/apperr"
)

// An old workbook (.xls, BIFF8 of Excel 97 to 2003) is a stream of records inside an OLE file: first what holds for all
// worksheets, with the table of their strings, then each worksheet's cells, row by row.

// The records that say something here.
const (
	xlsEOF      = 0x000a
	xlsFormula  = 0x0006
	xlsDateMode = 0x0022
	xlsFilePass = 0x002f
	xlsContinue = 0x003c
	xlsSheet    = 0x0085
	xlsMulRK    = 0x00bd
	xlsRString  = 0x00d6
	xlsStrings  = 0x00fc
	xlsLabelSST = 0x00fd
	xlsNumber   = 0x0203
	xlsLabel    = 0x0204
	xlsBoolErr  = 0x0205
	xlsString   = 0x0207
	xlsArray    = 0x0221
	xlsTable    = 0x0236
	xlsRK       = 0x027e
	xlsShared   = 0x04bc
	xlsBOF      = 0x0809
)

var errXLS = errors.New("xls: record too short")

// openOldWorkbook opens what lies in an OLE file, when it is an old workbook.
func openOldWorkbook(r io.ReaderAt, size int64, lim limits, find finder) (*Sheet, error) {
	f, err := openOLE(r, size)
	if err != nil {
		return nil, damaged(err)
	}
	name := "Workbook"
	switch {
	case f.has("EncryptedPackage"):
		return nil, refuse("locked", "文件有打开密码，请在 Excel 或 WPS 里取消密码、另存为 .xlsx 后再导入")
	case f.has(name):
	case f.has("Book"):
		name = "Book"
	default:
		for _, other := range []struct{ stream, what string }{{"WordDocument", "Word 文档（.doc）"}, {"PowerPoint Document", "演示文稿（.ppt）"}} {
			if f.has(other.stream) {
				return nil, noSheet(other.what)
			}
		}
		return nil, refuse("format", "这不是表格文件，请选择导出的 .xlsx、.xls 或 .csv 文件")
	}
	stream, err := f.stream(name)
	if err != nil {
		return nil, damaged(err)
	}
	b := &oldWorkbook{stream: stream, lim: lim, table: &stringTable{}}
	s, err := b.choose(find)
	if err != nil {
		_ = b.table.close() // the error that matters is err
		return nil, err
	}
	s.closers = append(s.closers, b.table.close)
	return s, nil
}

// oldWorkbook is an open .xls file.
type oldWorkbook struct {
	stream   *oleStream
	lim      limits
	table    *stringTable
	date1904 bool
	sheets   []oldSheet // visible, in order
	hidden   []oldSheet
}

type oldSheet struct {
	name string
	at   int64
}

func (b *oldWorkbook) choose(find finder) (*Sheet, error) {
	if err := b.globals(); err != nil {
		var known *apperr.Error
		if errors.As(err, &known) {
			return nil, err
		}
		return nil, damaged(err)
	}
	s, err := firstWithHeader(len(b.sheets), func(i int) (*Sheet, error) { return b.open(b.sheets[i], find) })
	if err == nil {
		s.hidden = func() []string {
			return headed(len(b.hidden), func(i int) (*Sheet, error) { return b.open(b.hidden[i], find) })
		}
	}
	return s, err
}

// globals reads what stands before the worksheets.
func (b *oldWorkbook) globals() error {
	x := b.records(0, new(atomic.Int64))
	if kind, data, err := x.next(); err != nil {
		return err
	} else if err := begins(kind, data); err != nil {
		return err
	}
	for {
		kind, data, err := x.next()
		if err != nil {
			return err
		}
		switch kind {
		case xlsEOF:
			return b.table.flush()
		case xlsFilePass:
			return refuse("locked", "文件有打开密码或设了工作簿保护，请在 Excel 或 WPS 里取消密码和保护、另存为 .xlsx 后再导入")
		case xlsDateMode:
			b.date1904 = len(data) >= 2 && data[0] == 1
		case xlsSheet:
			if len(data) < 8 {
				return errXLS
			}
			const visible, cells = 0, 0
			if data[5] != cells {
				continue // a chart
			}
			if len(b.sheets)+len(b.hidden) >= 1000 {
				return refuse("limit", "工作表超过 1000 张，请只保留要导入的那一张")
			}
			name := oldText{x: x, data: data[8:], wide: data[7]&1 != 0}
			text, err := name.chars(nil, int(data[6]))
			if err != nil {
				return err
			}
			w := oldSheet{string(text), int64(binary.LittleEndian.Uint32(data))}
			if data[4]&3 == visible {
				b.sheets = append(b.sheets, w)
			} else {
				b.hidden = append(b.hidden, w) // no export
			}
		case xlsStrings:
			if err := b.strings(x, data); err != nil {
				return err
			}
		}
	}
}

// begins checks the record a stream of records begins with.
func begins(kind uint16, data []byte) error {
	switch {
	case kind != xlsBOF || len(data) < 4:
		return fmt.Errorf("xls: begins with record %04x", kind)
	case binary.LittleEndian.Uint16(data) != 0x0600:
		return refuse("xls", "这是 Excel 5.0/95 的旧格式，请用 Excel 或 WPS 打开后另存为 .xlsx 再导入")
	}
	return nil
}

// strings reads the table that the cells point into.
func (b *oldWorkbook) strings(x *oldRecords, data []byte) error {
	if len(data) < 8 {
		return errXLS
	}
	t := oldText{x: x, data: data[8:]}
	var text []byte
	for range binary.LittleEndian.Uint32(data[4:]) {
		if len(t.data) == 0 {
			more, err := x.more()
			if x.held {
				return nil // some writers count the cells and not the strings
			} else if err != nil {
				return err
			}
			t.data = more
		}
		var err error
		if text, err = t.long(text[:0]); err != nil {
			return err
		}
		if err := b.table.add(text, b.lim); err != nil {
			return err
		}
	}
	return nil
}

func (b *oldWorkbook) records(at int64, read *atomic.Int64) *oldRecords {
	from := io.NewSectionReader(b.stream, at, max(0, b.stream.size-at))
	return &oldRecords{r: bufio.NewReaderSize(counter{from, read}, 64<<10)}
}

func (b *oldWorkbook) open(w oldSheet, find finder) (*Sheet, error) {
	rows, end, err := b.survey(w.at)
	if err != nil {
		return nil, err
	}
	read := new(atomic.Int64)
	r := &oldReader{b: b, x: b.records(w.at, read), row: cellRow{lim: b.lim}}
	if _, _, err := r.x.next(); err != nil {
		return nil, damaged(err)
	}
	s := &Sheet{name: w.name, date1904: b.date1904, read: read, size: end, before: w.at, total: b.stream.size, estimate: rows}
	s.next = filled(r.next)
	if err := s.start(find); err != nil {
		return nil, err
	}
	return s, nil
}

// survey passes once over a worksheet's cells: they must stand row by row, as every writer known does it, or reading them
// in order would give rows in pieces. It gives the number of rows and the bytes of the worksheet. A worksheet that breaks
// off is left to the reading, which knows the row.
func (b *oldWorkbook) survey(at int64) (rows int, end int64, err error) {
	read := new(atomic.Int64)
	x := b.records(at, read)
	kind, data, err := x.next()
	if err != nil {
		return 0, 0, damaged(err)
	}
	if err := begins(kind, data); err != nil {
		var known *apperr.Error
		if errors.As(err, &known) {
			return 0, 0, err
		}
		return 0, 0, damaged(err)
	}
	for depth := 0; ; {
		kind, data, err := x.next()
		if err != nil {
			return rows, read.Load(), nil //nolint:nilerr // see above
		}
		switch kind {
		case xlsBOF:
			depth++
		case xlsEOF:
			if depth--; depth < 0 {
				return rows, read.Load(), nil
			}
		default:
			if depth > 0 || !cellRecord(kind) || len(data) < 2 {
				continue
			}
			row := int(binary.LittleEndian.Uint16(data)) + 1
			if row < rows {
				return 0, 0, refuse("format", "工作表里的单元格没有按行存放（第 %d 行在第 %d 行之后），请用 Excel 或 WPS 打开后另存为 .xlsx 再导入", row, rows)
			}
			rows = row
		}
	}
}

// oldRecords reads records one by one.
type oldRecords struct {
	r    *bufio.Reader
	buf  []byte
	held bool // the record in buf is to be given again
	kind uint16
}

// next gives the next record; data is good until the following call. Every stream of records has an end of its own, so
// that io.EOF is a file that breaks off.
func (x *oldRecords) next() (kind uint16, data []byte, err error) {
	if x.held {
		x.held = false
		return x.kind, x.buf, nil
	}
	var head [4]byte
	if _, err := io.ReadFull(x.r, head[:]); err != nil {
		return 0, nil, xmlCut(err)
	}
	x.kind = binary.LittleEndian.Uint16(head[:])
	n := int(binary.LittleEndian.Uint16(head[2:]))
	if cap(x.buf) < n {
		x.buf = make([]byte, n, max(n, 16<<10))
	}
	x.buf = x.buf[:n]
	if _, err := io.ReadFull(x.r, x.buf); err != nil {
		return 0, nil, xmlCut(err)
	}
	return x.kind, x.buf, nil
}

// more gives the next record when it continues the one before, else nil.
func (x *oldRecords) more() ([]byte, error) {
	kind, data, err := x.next()
	if err != nil || kind == xlsContinue {
		return data, err
	}
	x.held = true
	return nil, errXLS
}

// oldText reads strings from a record and those that continue it.
type oldText struct {
	x    *oldRecords
	data []byte
	wide bool
}

// take gives the next n bytes of what is no text.
func (t *oldText) take(n int) ([]byte, error) {
	if len(t.data) == 0 && n > 0 {
		var err error
		if t.data, err = t.x.more(); err != nil {
			return nil, err
		}
	}
	if len(t.data) < n {
		return nil, errXLS
	}
	head := t.data[:n]
	t.data = t.data[n:]
	return head, nil
}

// skip passes over n bytes.
func (t *oldText) skip(n int64) error {
	for n > 0 {
		if len(t.data) == 0 {
			var err error
			if t.data, err = t.x.more(); err != nil {
				return err
			}
			if len(t.data) == 0 {
				return errXLS
			}
		}
		part := min(n, int64(len(t.data)))
		t.data, n = t.data[part:], n-part
	}
	return nil
}

// long reads a string with a length of two bytes, and what may follow it: formats of its parts, and how it is read aloud.
func (t *oldText) long(to []byte) ([]byte, error) {
	head, err := t.take(3)
	if err != nil {
		return to, err
	}
	n, flags := int(binary.LittleEndian.Uint16(head)), head[2]
	t.wide = flags&1 != 0
	behind := int64(0)
	if flags&8 != 0 {
		runs, err := t.take(2)
		if err != nil {
			return to, err
		}
		behind += 4 * int64(binary.LittleEndian.Uint16(runs))
	}
	if flags&4 != 0 {
		size, err := t.take(4)
		if err != nil {
			return to, err
		}
		behind += int64(binary.LittleEndian.Uint32(size))
	}
	if to, err = t.chars(to, n); err != nil {
		return to, err
	}
	return to, t.skip(behind)
}

// chars reads n characters as UTF-8. Where a record ends in the middle, the next begins with the width of the rest.
func (t *oldText) chars(to []byte, n int) ([]byte, error) {
	var high rune // first half of a pair
	for ; n > 0; n-- {
		if len(t.data) == 0 {
			var err error
			if t.data, err = t.x.more(); err != nil {
				return to, err
			}
			if len(t.data) == 0 {
				return to, errXLS
			}
			t.wide = t.data[0]&1 != 0
			t.data = t.data[1:]
		}
		var c rune
		switch {
		case !t.wide && len(t.data) > 0:
			c, t.data = rune(t.data[0]), t.data[1:]
		case t.wide && len(t.data) > 1:
			c, t.data = rune(binary.LittleEndian.Uint16(t.data)), t.data[2:]
		default:
			return to, errXLS
		}
		switch {
		case utf16.IsSurrogate(c) && high == 0 && c < 0xdc00:
			high = c
			continue
		case high != 0:
			pair := utf16.DecodeRune(high, c)
			if high = 0; pair != '\ufffd' {
				c = pair
			} else {
				to = append(to, "\ufffd"...)
			}
		}
		to = utf8.AppendRune(to, c)
	}
	if high != 0 {
		to = append(to, "\ufffd"...)
	}
	return to, nil
}

// oldReader reads the cells of one worksheet as rows.
type oldReader struct {
	b    *oldWorkbook
	x    *oldRecords
	row  cellRow
	done bool
}

// next gives the next row that has cells.
func (r *oldReader) next() (int, []string, error) {
	if r.done {
		return 0, nil, io.EOF
	}
	for depth, begun := 0, false; ; {
		kind, data, err := r.x.next()
		if err != nil {
			return 0, nil, r.fail(err)
		}
		switch kind {
		case xlsBOF:
			depth++ // a chart lies among the cells
			continue
		case xlsEOF:
			if depth--; depth >= 0 {
				continue
			}
			r.done = true
			if !begun {
				return 0, nil, io.EOF
			}
			return r.row.number, r.row.cells, nil
		}
		if depth > 0 || !cellRecord(kind) {
			continue
		}
		if len(data) < 6 {
			return 0, nil, r.fail(errXLS)
		}
		switch row := int(binary.LittleEndian.Uint16(data)) + 1; {
		case !begun:
			r.row.begin(row)
			begun = true
		case row != r.row.number:
			r.x.held = true
			return r.row.number, r.row.cells, nil
		}
		if err := r.cell(kind, data); err != nil {
			return 0, nil, r.fail(err)
		}
	}
}

// cellRecord reports whether a record holds cells.
func cellRecord(kind uint16) bool {
	switch kind {
	case xlsFormula, xlsMulRK, xlsRString, xlsLabelSST, xlsNumber, xlsLabel, xlsBoolErr, xlsRK:
		return true
	}
	return false
}

func (r *oldReader) fail(err error) error {
	r.done = true
	var known *apperr.Error
	if errors.As(err, &known) {
		return err
	}
	return damagedAfter(r.row.number, err)
}

// cell puts the text of the cells of a record at their columns.
func (r *oldReader) cell(kind uint16, data []byte) error {
	column := int(binary.LittleEndian.Uint16(data[2:]))
	rest := data[6:]
	need := map[uint16]int{xlsFormula: 8, xlsLabelSST: 4, xlsNumber: 8, xlsBoolErr: 2, xlsRK: 4}[kind]
	if len(rest) < need {
		return errXLS
	}
	text := ""
	switch kind {
	case xlsMulRK:
		// Pairs of format and number, from a column on; the last column stands behind them.
		for rest = data[4:]; len(rest) >= 6; rest = rest[6:] {
			if err := r.row.put(column, compact(binary.LittleEndian.Uint32(rest[2:]))); err != nil {
				return err
			}
			column++
		}
		return nil
	case xlsLabelSST:
		var err error
		if text, err = r.b.table.get(int(binary.LittleEndian.Uint32(rest))); err != nil {
			return err
		}
	case xlsNumber:
		text = numeral(math.Float64frombits(binary.LittleEndian.Uint64(rest)))
	case xlsRK:
		text = compact(binary.LittleEndian.Uint32(rest))
	case xlsBoolErr:
		text = truth(rest[0], rest[1] != 0)
	case xlsLabel, xlsRString:
		t := oldText{x: r.x, data: rest}
		b, err := t.long(nil)
		if err != nil {
			return err
		}
		text = string(b)
	case xlsFormula:
		var err error
		if text, err = r.result(rest); err != nil {
			return err
		}
	}
	return r.row.put(column, text)
}

// result is what a formula came to when it was last calculated.
func (r *oldReader) result(value []byte) (string, error) {
	if binary.LittleEndian.Uint16(value[6:]) != 0xffff {
		return numeral(math.Float64frombits(binary.LittleEndian.Uint64(value))), nil
	}
	switch kind, v := value[0], value[2]; kind {
	case 0: // a text, which stands in a record of its own; shared formulas may come before it
		for {
			kind, data, err := r.x.next()
			if err != nil {
				return "", err
			}
			switch kind {
			case xlsShared, xlsArray, xlsTable:
				continue
			case xlsString:
				t := oldText{x: r.x, data: data}
				b, err := t.long(nil)
				return string(b), err
			}
			r.x.held = true
			return "=", nil // there is none: the sign says that a value is missing
		}
	case 1:
		return truth(v, false), nil
	case 2:
		return truth(v, true), nil
	}
	return "", nil
}

// compact reads a number of four bytes: an integer or the upper half of a float, perhaps a hundredfold.
func compact(rk uint32) string {
	v := float64(int32(rk) >> 2)
	if rk&2 == 0 {
		v = math.Float64frombits(uint64(rk&^3) << 32)
	}
	if rk&1 != 0 {
		v /= 100
	}
	return numeral(v)
}

// numeral writes a number with all its digits: order numbers and phones are kept as numbers only too often.
func numeral(v float64) string {
	if math.Abs(v) < 1e21 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'E', -1, 64)
}

// truth is how a spreadsheet shows a truth value or an error.
func truth(v byte, failed bool) string {
	switch {
	case !failed && v == 0:
		return "FALSE"
	case !failed:
		return "TRUE"
	}
	switch v {
	case 0x00:
		return "#NULL!"
	case 0x07:
		return "#DIV/0!"
	case 0x0f:
		return "#VALUE!"
	case 0x17:
		return "#REF!"
	case 0x1d:
		return "#NAME?"
	case 0x24:
		return "#NUM!"
	}
	return "#N/A"
}
