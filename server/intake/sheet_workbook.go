package intake

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"xiaopu/server/apperr"
)

// A workbook is read here and not by excelize, which writes ours: on the same 100,000 rows it takes several times as
// long, needs the sheet unpacked in memory or on disk, does not tell formulas from values while streaming, and ends
// without an error at the first character XML forbids. Its reading is what the tests compare this one with.

// workbook is an open .xlsx file.
type workbook struct {
	parts    map[string]*zip.File // by lower-case path
	lim      limits
	sheets   []worksheet // visible, in order
	hidden   []worksheet
	date1904 bool
	strings  string // path of the string table
}

type worksheet struct{ name, path string }

// newWorkbook looks which worksheets a workbook has.
func newWorkbook(r io.ReaderAt, size int64, lim limits) (*workbook, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damaged(err)
	}
	b := &workbook{parts: map[string]*zip.File{}, lim: lim}
	for _, f := range z.File {
		name := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, "\\", "/"), "/"))
		if _, twice := b.parts[name]; !twice {
			b.parts[name] = f
		}
	}
	return b, b.index()
}

// openWorkbook finds the worksheet to read and starts reading it.
func openWorkbook(r io.ReaderAt, size int64, lim limits, find finder) (*Sheet, error) {
	b, err := newWorkbook(r, size, lim)
	if err != nil {
		return nil, err
	}
	table, err := b.table()
	if err != nil {
		return nil, err
	}
	s, err := firstWithHeader(len(b.sheets), func(i int) (*Sheet, error) { return b.open(b.sheets[i], table, find) })
	if err != nil {
		_ = table.close() // the error that matters is err
		return nil, err
	}
	s.hidden = func() []string {
		return headed(len(b.hidden), func(i int) (*Sheet, error) { return b.open(b.hidden[i], table, find) })
	}
	s.closers = append(s.closers, table.close)
	return s, nil
}

// index reads which worksheets there are and where.
func (b *workbook) index() error {
	main := "xl/workbook.xml"
	if rels, err := b.relations("_rels/.rels"); err != nil {
		return err
	} else if t := rels.ofType("/officeDocument"); t != "" {
		main = resolve("", t)
	}
	if b.parts[main] == nil {
		if strings.HasSuffix(main, ".bin") || b.parts["xl/workbook.bin"] != nil {
			return refuse("format", "这是二进制工作簿 .xlsb，请用 Excel 打开后另存为 .xlsx 再导入")
		}
		return noSheet(packed(b.parts))
	}
	if strings.HasSuffix(main, ".bin") {
		return refuse("format", "这是二进制工作簿 .xlsb，请用 Excel 打开后另存为 .xlsx 再导入")
	}
	type entry struct{ name, state, id string }
	var entries []entry
	err := b.walk(main, func(x *xmlReader) error {
		switch string(x.name) {
		case "workbookPr":
			v := x.attr("date1904")
			b.date1904 = v == "1" || v == "true" || v == "on"
		case "sheet":
			if len(entries) >= 1000 {
				return refuse("limit", "工作表超过 1000 张，请只保留要导入的那一张")
			}
			entries = append(entries, entry{x.attr("name"), x.attr("state"), x.attr("id")})
		}
		return nil
	})
	if err != nil {
		return err
	}
	dir, base := path.Split(main)
	rels, err := b.relations(dir + "_rels/" + base + ".rels")
	if err != nil {
		return err
	}
	for _, e := range entries {
		rel, ok := rels[e.id]
		p := resolve(dir, rel.target)
		switch {
		case !ok || !strings.HasSuffix(rel.kind, "/worksheet") || b.parts[p] == nil: // a chart
		case e.state == "hidden" || e.state == "veryHidden": // no export
			b.hidden = append(b.hidden, worksheet{e.name, p})
		default:
			b.sheets = append(b.sheets, worksheet{e.name, p})
		}
	}
	if t := rels.ofType("/sharedStrings"); t != "" {
		b.strings = resolve(dir, t)
	}
	return nil
}

type relation struct{ kind, target string }

type relations map[string]relation

func (r relations) ofType(suffix string) string {
	for _, id := range slices.Sorted(maps.Keys(r)) {
		if strings.HasSuffix(r[id].kind, suffix) {
			return r[id].target
		}
	}
	return ""
}

// relations reads a .rels part; a missing one is empty.
func (b *workbook) relations(part string) (relations, error) {
	rels := relations{}
	if b.parts[part] == nil {
		return rels, nil
	}
	err := b.walk(part, func(x *xmlReader) error {
		if string(x.name) == "Relationship" && len(rels) < 10_000 {
			rels[x.attr("Id")] = relation{x.attr("Type"), x.attr("Target")}
		}
		return nil
	})
	return rels, err
}

// resolve makes the path of a part from a relation's target, which is relative to dir unless it begins with a slash.
func resolve(dir, target string) string {
	target = strings.ReplaceAll(target, "\\", "/")
	if !strings.HasPrefix(target, "/") {
		target = dir + target
	}
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+target), "/"))
}

// walk calls f at every start tag of a small part.
func (b *workbook) walk(part string, f func(*xmlReader) error) error {
	r, err := b.part(part)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // only read
	x := newXMLReader(io.LimitReader(r, 32<<20), 1<<20)
	for {
		switch token, err := x.next(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return damaged(fmt.Errorf("%s: %w", part, err))
		case token == xmlStart:
			if err := f(x); err != nil {
				return err
			}
		}
	}
}

// part opens a part, when it is of a size that can be meant.
func (b *workbook) part(name string) (io.ReadCloser, error) {
	f := b.parts[name]
	if f == nil {
		return nil, damaged(fmt.Errorf("no part %s", name))
	}
	if f.Flags&1 != 0 {
		return nil, refuse("locked", "文件有密码，请取消密码、另存为 .xlsx 后再导入")
	}
	size, zipped := int64(f.UncompressedSize64), int64(f.CompressedSize64)
	if size < 0 || size > b.lim.unzipped || size > b.lim.bombFrom && size/max(1, zipped) > b.lim.ratio {
		// archive/zip fails when more comes out than the entry declares, so that the declared size can be trusted.
		return nil, apperr.New(apperr.ResourceExhausted, "intake.sheet_too_large", "文件解压后过大（%d MB），请删去多余的行列和空白格式，分批导出后再导入", size>>20)
	}
	r, err := f.Open()
	if err != nil {
		return nil, damaged(err)
	}
	return r, nil
}

// counter counts what is read through it.
type counter struct {
	r    io.Reader
	read *atomic.Int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// sheetReader reads one worksheet row by row.
type sheetReader struct {
	x     *xmlReader
	part  io.ReadCloser
	table *stringTable
	lim   limits

	row      cellRow
	estimate int
	inside   bool // between sheetData and its end
	done     bool
}

func (b *workbook) open(w worksheet, table *stringTable, find finder) (*Sheet, error) {
	part, err := b.part(w.path)
	if err != nil {
		return nil, err
	}
	r := &sheetReader{part: part, table: table, lim: b.lim, row: cellRow{lim: b.lim}}
	read := new(atomic.Int64)
	r.x = newXMLReader(counter{part, read}, 4*b.lim.cell*2) // four bytes a character, and room for escapes
	s := &Sheet{name: w.name, date1904: b.date1904, read: read, closers: []func() error{part.Close}}
	for _, other := range b.sheets {
		size := int64(b.parts[other.path].UncompressedSize64)
		if s.total += size; other == w {
			s.size, s.before = size, s.total-size
		}
	}
	s.next = filled(r.next)
	if err := s.start(find); err != nil {
		_ = s.Close() // the error that matters is err
		return nil, err
	}
	s.estimate = r.estimate
	return s, nil
}

// next gives the next row, blank or not.
func (r *sheetReader) next() (int, []string, error) {
	if r.done {
		return 0, nil, io.EOF
	}
	open := false
	for {
		token, err := r.x.next()
		if err != nil {
			return 0, nil, r.fail(err)
		}
		switch name := string(r.x.name); token {
		case xmlStart:
			switch {
			case name == "dimension":
				r.estimate = dimensionRows(r.x.attr("ref"))
			case name == "sheetData":
				r.inside = true
			case !r.inside:
			case name == "row":
				open = true
				if err := r.number(r.x.attr("r")); err != nil {
					return 0, nil, err
				}
			case name == "c" && open:
				if err := r.cell(); err != nil {
					return 0, nil, err
				}
			}
		case xmlEnd:
			switch {
			case name == "row" && open:
				return r.row.number, r.row.cells, nil
			case name == "sheetData":
				return 0, nil, r.finish()
			}
		}
	}
}

// finish reads to the end of the part, which verifies its checksum.
func (r *sheetReader) finish() error {
	r.done = true
	if _, err := io.Copy(io.Discard, r.x.r); err != nil {
		return damagedAfter(r.row.number, err)
	}
	return io.EOF
}

func (r *sheetReader) fail(err error) error {
	r.done = true
	var known *apperr.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, errXMLText):
		return r.row.tooLong()
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF // the end comes after sheetData
	}
	return damagedAfter(r.row.number, err)
}

// number takes over the number of a row; without one it follows the row before.
func (r *sheetReader) number(attr string) error {
	n := r.row.number + 1
	if attr != "" {
		v, err := strconv.Atoi(attr)
		if err != nil || v < 1 {
			return r.fail(fmt.Errorf("row number %q", attr))
		}
		n = v
	}
	if n > r.lim.rows {
		r.done = true
		return refuse("limit", "行数超过 %d 行，请分批导出后再导入", r.lim.rows)
	}
	r.row.begin(n)
	return nil
}

// cell reads a cell, whose start tag was just given, and puts its text at its column.
func (r *sheetReader) cell() error {
	x := r.x
	kind := x.attr("t")
	column := len(r.row.cells)
	if ref := x.attr("r"); ref != "" {
		c, ok := columnOf(ref)
		if !ok {
			return r.fail(fmt.Errorf("cell reference %q", ref))
		}
		column = c
	}
	var value, formula []byte
	var hasValue, hasFormula bool
	inside := 0 // rPh: how a word is read aloud, no part of the text
	for depth := 1; depth > 0; {
		token, err := x.next()
		if err != nil {
			return r.fail(err)
		}
		switch token {
		case xmlStart:
			depth++
			switch string(x.name) {
			case "v":
				hasValue, x.keep = true, true
			case "t":
				hasValue, x.keep = true, inside == 0
			case "f":
				hasFormula, x.keep = true, true
			case "rPh":
				inside++
			}
		case xmlText:
			if string(x.name) == "f" {
				formula = append(formula, x.text...)
			} else if value = append(value, x.text...); len(value) > x.limit {
				return r.fail(errXMLText)
			}
		case xmlEnd:
			depth--
			x.keep = false
			if string(x.name) == "rPh" {
				inside--
			}
		}
	}
	text := ""
	switch {
	case hasFormula && !hasValue:
		text = "=" + plain(string(formula)) // a shared formula has its text elsewhere; the sign alone says that a value is missing
	case len(value) == 0:
	case kind == "s":
		i, err := strconv.Atoi(strings.TrimSpace(string(value)))
		if err != nil {
			return r.fail(fmt.Errorf("string index %q", value))
		}
		if text, err = r.table.get(i); err != nil {
			return r.fail(err)
		}
		text = plain(text)
	case kind == "b":
		text = "TRUE"
		if string(value) == "0" {
			text = "FALSE"
		}
	case kind == "" || kind == "n" || kind == "e" || kind == "d":
		text = strings.TrimSpace(plain(string(value)))
	default:
		text = plain(string(value))
	}
	if err := r.row.put(column, text); err != nil {
		return r.fail(err)
	}
	return nil
}

// columnOf is the column, from 0, of a reference such as AB12.
func columnOf(ref string) (int, bool) {
	n, i := 0, 0
	for ; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A'+1)
	}
	return n - 1, n > 0 && i < len(ref) && '0' <= ref[i] && ref[i] <= '9'
}

// dimensionRows is the last row of a range such as A1:Z100; 0 when it names one cell, as writers do who do not know.
func dimensionRows(ref string) int {
	_, last, ok := strings.Cut(ref, ":")
	if !ok {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimLeft(strings.ToUpper(last), "ABCDEFGHIJKLMNOPQRSTUVWXYZ$"))
	return n
}

// stringTable holds a workbook's shared strings: the first of them in memory, what is more in a temporary file.
type stringTable struct {
	at    []uint64 // offset, doubled; odd: in the file
	size  []uint32
	mem   [][]byte // blocks of blockSize
	used  int
	file  *os.File
	spill int64

	pending []byte // for the file
}

const blockSize = 1 << 20

// table reads the shared strings.
func (b *workbook) table() (*stringTable, error) {
	t := &stringTable{}
	if b.strings == "" || b.parts[b.strings] == nil {
		return t, nil
	}
	part, err := b.part(b.strings)
	if err != nil {
		return nil, err
	}
	defer func() { _ = part.Close() }() // only read
	if err := t.fill(newXMLReader(part, 8*b.lim.cell), b.lim); err != nil {
		_ = t.close() // the error that matters is err
		return nil, err
	}
	return t, nil
}

func (t *stringTable) fill(x *xmlReader, lim limits) error {
	var value []byte
	inside, open := 0, false
	for {
		token, err := x.next()
		switch {
		case errors.Is(err, io.EOF) && !open:
			return t.flush()
		case errors.Is(err, errXMLText):
			return refuse("limit", "有一个单元格超过 %d 字，请检查是否粘入了多余内容", lim.cell)
		case err != nil:
			return damaged(xmlCut(err))
		}
		switch token {
		case xmlStart:
			switch string(x.name) {
			case "si":
				open, value = true, value[:0]
			case "t":
				x.keep = open && inside == 0
			case "rPh":
				inside++
			}
		case xmlText:
			if value = append(value, x.text...); len(value) > x.limit {
				return refuse("limit", "有一个单元格超过 %d 字，请检查是否粘入了多余内容", lim.cell)
			}
		case xmlEnd:
			x.keep = false
			switch string(x.name) {
			case "rPh":
				inside--
			case "si":
				open, inside = false, 0
				if err := t.add(value, lim); err != nil {
					return err
				}
			}
		}
	}
}

// add puts a string behind the others; flush ends the adding.
func (t *stringTable) add(value []byte, lim limits) error {
	if len(t.at) >= lim.strings {
		return refuse("limit", "工作簿里不同的文字超过 %d 条，请分批导出后再导入", lim.strings)
	}
	t.size = append(t.size, uint32(len(value)))
	if t.used+len(value) <= lim.memory {
		t.at = append(t.at, uint64(t.put(value))<<1)
		return nil
	}
	t.at = append(t.at, uint64(t.spill)<<1|1)
	t.spill += int64(len(value))
	if t.pending = append(t.pending, value...); len(t.pending) > blockSize {
		return t.flush()
	}
	return nil
}

// flush writes what waits for the temporary file.
func (t *stringTable) flush() error {
	if len(t.pending) == 0 {
		return nil
	}
	failed := func(err error) error {
		return apperr.New(apperr.Unavailable, "intake.sheet_temp", "服务器临时空间不足，请稍后再试，或分批导出后再导入").With(err)
	}
	if t.file == nil {
		f, err := os.CreateTemp("", "sheet-")
		if err != nil {
			return failed(err)
		}
		t.file = f
		_ = os.Remove(f.Name()) // gone even after a crash, where the system allows it
	}
	if _, err := t.file.Write(t.pending); err != nil {
		return failed(err)
	}
	t.pending = t.pending[:0]
	return nil
}

// put stores a string in memory and gives its offset; a string never straddles two blocks.
func (t *stringTable) put(s []byte) int {
	if n := len(t.mem); n == 0 || len(t.mem[n-1])+len(s) > cap(t.mem[n-1]) {
		t.mem = append(t.mem, make([]byte, 0, max(blockSize, len(s))))
	}
	last := &t.mem[len(t.mem)-1]
	at := (len(t.mem)-1)<<32 | len(*last)
	*last = append(*last, s...)
	t.used += len(s)
	return at
}

func (t *stringTable) get(i int) (string, error) {
	if i < 0 || i >= len(t.at) {
		return "", fmt.Errorf("no string %d of %d", i, len(t.at))
	}
	n, at := int(t.size[i]), t.at[i]
	if at&1 == 0 {
		block, off := int(at>>33), int(uint32(at>>1))
		return string(t.mem[block][off : off+n]), nil
	}
	if t.file == nil {
		return "", os.ErrClosed
	}
	b := make([]byte, n)
	if _, err := t.file.ReadAt(b, int64(at>>1)); err != nil {
		return "", apperr.New(apperr.Unavailable, "intake.sheet_temp", "服务器临时文件读取失败，请重新导入").With(err)
	}
	return string(b), nil
}

// close removes the temporary file.
func (t *stringTable) close() error {
	if t == nil || t.file == nil {
		return nil
	}
	f := t.file
	t.file = nil
	err := f.Close()
	if e := os.Remove(f.Name()); e != nil && !errors.Is(e, os.ErrNotExist) && err == nil {
		err = e
	}
	return err
}
