// Package intake takes tickets in: it reads the sheets other systems export, and writes sheets.
//
// # The model
//
// OpenSheet looks at the bytes of a file, never at its name, and gives its rows one by one as text. Workbooks (.xlsx and
// old .xls) are read straight from the file, delimited text and web pages in the encoding they are found to have; none is
// ever in memory as a whole, so the size of a file costs time and not memory. WriteSheet writes a workbook.
//
// # Failure
//
// What is wrong with a file is an *apperr.Error with a Chinese message that says what to do about it, its reason
// “intake.sheet_…”. Files come from strangers: sizes, counts and nesting are bounded before they are trusted, and a
// file that breaks off is an error at that row, never a shorter file.
package intake

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// limits bound what a file may ask of us.
type limits struct {
	file     int64 // bytes on disk
	unzipped int64 // bytes of one part of a workbook
	ratio    int64 // unzipped to zipped, for parts above bombFrom
	bombFrom int64
	rows     int // the highest row number
	columns  int
	cell     int // characters
	row      int // bytes of all cells of a row
	strings  int // entries of a workbook's string table
	memory   int // bytes of the string table kept in memory; the rest goes to a temporary file
}

// Sheets of text compress ten- to fortyfold, the most repetitive ones about a hundredfold; a bomb a thousandfold.
var standard = limits{
	file: 200 << 20, unzipped: 4 << 30, ratio: 300, bombFrom: 64 << 20,
	rows: 1 << 20, columns: 500, cell: 100_000, row: 8 << 20, strings: 4 << 20, memory: 16 << 20,
}

// Sheet is an open file of rows. It is for one goroutine, except Progress, which any may call.
type Sheet struct {
	kind     string
	name     string
	date1904 bool
	estimate int
	read     *atomic.Int64 // bytes taken in so far
	size     int64         // bytes there are
	before   int64         // bytes of the worksheets before it
	total    int64         // bytes of all worksheets; 0 for size

	number  int                    // among the worksheets that can be seen, from 0
	further func() (*Sheet, error) // opens the next worksheet that has rows; nil for what has one
	passed  []*Sheet               // worksheets with rows before this one, without a header; closed
	hidden  func() []string        // names of the hidden worksheets that have a header

	next  func() (int, []string, error) // rows that are not blank
	last  int                           // number of the row read last
	ahead []numbered                    // rows read to find the header, not yet given out
	head  [][]string
	err   error // ends the rows after ahead

	headerRow int
	mapping   ticket.Mapping
	headerErr error

	closers []func() error
}

type numbered struct {
	number int
	cells  []string
}

// finder looks for the header among the first rows and says what its columns mean.
type finder func(rows [][]string) (rowIndex int, m ticket.Mapping, err error)

// among finds the header by the best fitting of some profiles, or by the synonyms alone.
func among(profiles []ticket.Profile) finder {
	return func(rows [][]string) (int, ticket.Mapping, error) { return ticket.FindHeader(rows, profiles...) }
}

// by finds the header by one profile.
func by(p ticket.Profile) finder {
	return func(rows [][]string) (int, ticket.Mapping, error) { return ticket.ApplyProfile(rows, p) }
}

// headRows is how far down a header is looked for.
const headRows = 10

// OpenSheet opens a workbook (.xlsx, .xls from Excel 97 on, “XML spreadsheet 2003”), the tables of a web page, or a
// delimited text file (comma, tab or semicolon; UTF-8, UTF-16 with BOM or GB18030), whatever its name says. Of a workbook
// it opens the first visible worksheet that has a header, or else the first that has rows; Header then says what was
// missing. Further gives the others. Profiles help to find the header as in ticket.FindHeader. Rows a filter hides are
// read too: a filter is a view. The caller closes the Sheet.
//
// Errors: not_found “intake.sheet_missing”; resource_exhausted “intake.sheet_too_large”; invalid_argument
// “intake.sheet_empty”, “…_xls” (older than Excel 97), “…_locked”, “…_format”, “…_encoding”, “…_damaged”, “…_limit”.
func OpenSheet(path string, profiles ...ticket.Profile) (*Sheet, error) {
	return openSheet(path, standard, among(profiles))
}

func openSheet(path string, lim limits, find finder) (s *Sheet, err error) {
	name := filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, apperr.New(apperr.NotFound, "intake.sheet_missing", "找不到文件“%s”，请重新上传", name).With(err)
		}
		return nil, apperr.New(apperr.Internal, "intake.sheet_missing", "打不开文件“%s”，请重新上传", name).With(err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // only read
		}
	}()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, apperr.New(apperr.Internal, "intake.sheet_missing", "打不开文件“%s”，请重新上传", name).With(err)
	case !info.Mode().IsRegular():
		return nil, refuse("format", "“%s”不是文件，请选择导出的 .xlsx、.xls 或 .csv 文件", name)
	case info.Size() > lim.file:
		return nil, apperr.New(apperr.ResourceExhausted, "intake.sheet_too_large", "文件超过 %d MB，请分批导出（例如每次一个月）后再导入", lim.file>>20)
	}
	if s, err = sheetOf(f, info.Size(), lim, find); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, f.Close)
	return s, nil
}

// sheetOf opens what the first bytes say it is. Without a finder the header is read by the synonyms.
func sheetOf(f io.ReaderAt, size int64, lim limits, find finder) (*Sheet, error) {
	if find == nil {
		find = among(nil)
	}
	kind, open, err := kindOf(f, size)
	if err != nil {
		return nil, err
	}
	s, err := open(f, size, lim, find)
	if err != nil {
		return nil, err
	}
	s.kind = kind
	return s, nil
}

type opener func(f io.ReaderAt, size int64, lim limits, find finder) (*Sheet, error)

// kindOf says what a file is, and how that is opened.
func kindOf(f io.ReaderAt, size int64) (string, opener, error) {
	magic := make([]byte, 4096)
	n, err := f.ReadAt(magic, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", nil, damaged(err)
	}
	magic = magic[:n]
	text := bytes.TrimLeft(leading(magic), " \t\r\n")
	switch {
	case len(text) == 0 && int64(n) == size:
		return "", nil, refuse("empty", "文件是空的，请重新导出")
	case bytes.HasPrefix(magic, []byte("PK")):
		return "xlsx", openWorkbook, nil
	case bytes.HasPrefix(magic, []byte("\xd0\xcf\x11\xe0")):
		return "xls", openOldWorkbook, nil
	case bytes.HasPrefix(magic, []byte("\x09\x00\x04\x00")), bytes.HasPrefix(magic, []byte("\x09\x02\x06\x00")), bytes.HasPrefix(magic, []byte("\x09\x04\x06\x00")):
		return "", nil, refuse("xls", "这是 Excel 2.0 至 4.0 的旧格式，请用 Excel 或 WPS 打开后另存为 .xlsx 再导入")
	case bytes.HasPrefix(bytes.ToUpper(text[:min(40, len(text))]), []byte("MIME-VERSION:")):
		return "", nil, refuse("format", "这是网页归档（.mht），请用 Excel 或 WPS 打开后另存为 .xlsx 再导入")
	case len(text) > 1 && text[0] == '<' && (text[1] == '!' || text[1] == '?' || text[1]|0x20 >= 'a' && text[1]|0x20 <= 'z'):
		if bytes.Contains(text, []byte("urn:schemas-microsoft-com:office:spreadsheet")) {
			return "xml", openXMLSheet, nil
		}
		return "html", openPage, nil
	}
	if what := foreign(magic); what != "" {
		return "", nil, noSheet(what)
	}
	return "csv", openText, nil
}

// leading is the beginning of a file as UTF-8, as far as looking for its first letters takes.
func leading(b []byte) []byte {
	for mark, order := range map[string]binary.ByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
		if !bytes.HasPrefix(b, []byte(mark)) {
			continue
		}
		var out []byte
		for b = b[2:]; len(b) > 1; b = b[2:] {
			out = utf8.AppendRune(out, rune(order.Uint16(b)))
		}
		return out
	}
	return bytes.TrimPrefix(b, []byte("\ufeff"))
}

func refuse(reason, message string, args ...any) *apperr.Error {
	return apperr.New(apperr.InvalidArgument, "intake.sheet_"+reason, message, args...)
}

func damaged(cause error) error {
	return refuse("damaged", "文件已损坏或没有下载完整，请重新导出；也可以用 Excel 或 WPS 打开后另存为 .xlsx 再导入").With(cause)
}

func damagedAfter(row int, cause error) error {
	return refuse("damaged", "文件在第 %d 行之后损坏，请重新导出；也可以用 Excel 或 WPS 打开后另存为 .xlsx 再导入", row).With(cause)
}

// firstWithHeader opens the first of n worksheets that has a header, or else the first that has rows.
func firstWithHeader(n int, open func(i int) (*Sheet, error)) (*Sheet, error) {
	var passed []*Sheet
	s, err := behind(-1, n, open)()
	for err == nil && s != nil && s.headerErr != nil {
		_ = s.Close() // only read
		passed = append(passed, s)
		s, err = s.further()
	}
	switch {
	case err != nil:
		return nil, err
	case s != nil:
		s.passed = passed
		return s, nil
	case len(passed) > 0:
		return open(passed[0].number)
	}
	return nil, refuse("empty", "工作簿里没有可见的数据（隐藏的工作表不读取），请检查后重新导出")
}

// behind opens the first worksheet after the one with number i that has rows; nil when none is left.
func behind(i, n int, open func(i int) (*Sheet, error)) func() (*Sheet, error) {
	return func() (*Sheet, error) {
		for i := i + 1; i < n; i++ {
			s, err := open(i)
			if err != nil {
				return nil, err
			}
			if len(s.ahead) > 0 {
				s.number, s.further = i, behind(i, n, open)
				return s, nil
			}
			_ = s.Close() // only read
		}
		return nil, nil //nolint:nilnil // the end
	}
}

// unseen gives the names of the hidden worksheets that have a header. It opens them, so it is asked where somebody is told.
func (s *Sheet) unseen() []string {
	if s.hidden == nil {
		return nil
	}
	return s.hidden()
}

// headed gives the names of the n hidden worksheets that have a header: somebody may miss what is in them.
func headed(n int, open func(i int) (*Sheet, error)) (names []string) {
	for i := range n {
		s, err := open(i)
		if err != nil {
			continue // it is not read anyway
		}
		if s.headerErr == nil {
			names = append(names, s.name)
		}
		_ = s.Close() // only read
	}
	return names
}

// start reads the first rows and looks for the header among them.
func (s *Sheet) start(find finder) error {
	for {
		number, cells, err := s.next()
		if err != nil {
			if len(s.ahead) == 0 && !errors.Is(err, io.EOF) {
				return err
			}
			s.err = err // the rows before it are good; Next tells it in its place
			break
		}
		s.ahead, s.last = append(s.ahead, numbered{number, cells}), number
		if number > headRows {
			break
		}
		for len(s.head) < number {
			s.head = append(s.head, nil)
		}
		s.head[number-1] = cells
	}
	s.headerRow, s.mapping, s.headerErr = find(s.head)
	s.headerRow++
	return nil
}

// Header is the row number of the header among the first ten rows, and what its columns mean.
//
// Errors: those of ticket.FindHeader.
func (s *Sheet) Header() (rowNumber int, m ticket.Mapping, err error) {
	if s.headerErr != nil {
		return 0, ticket.Mapping{}, s.headerErr
	}
	return s.headerRow, s.mapping, nil
}

// Head is the first ten rows, the one with number n at n-1, blank rows nil; for a preview or a mapping by hand. Next
// gives them too.
func (s *Sheet) Head() [][]string { return s.head }

// Kind is what the bytes say the file is: xlsx, xls, xml (“XML spreadsheet 2003”), html or csv.
func (s *Sheet) Kind() string { return s.kind }

// Name is the worksheet's name; empty for a text file.
func (s *Sheet) Name() string { return s.name }

// Date1904 reports whether the workbook counts days from 1904, for ticket.Options.
func (s *Sheet) Date1904() bool { return s.date1904 }

// Rows estimates how many rows there are, title and header among them: what the file says, or else what the rows so far
// lead to expect.
func (s *Sheet) Rows() int {
	if s.estimate > 0 {
		return s.estimate
	}
	if s.size <= 0 {
		return s.last
	}
	if read := s.read.Load(); read > 0 {
		return int(float64(s.last) * max(1, float64(s.size)/float64(read)))
	}
	return 0
}

// Progress is the part of the file read so far, from 0 to 1.
func (s *Sheet) Progress() float64 {
	total := max(s.total, s.size)
	if total <= 0 {
		return 1
	}
	return min(1, float64(s.before+s.read.Load())/float64(total))
}

// Further opens the next worksheet of a workbook that has rows, and does not close this one; nil when there is none. What it gives
// lives as long as the Sheet that OpenSheet gave.
//
// Errors: those of OpenSheet and Close.
func (s *Sheet) Further() (*Sheet, error) {
	if s.further == nil {
		return nil, nil //nolint:nilnil // the end
	}
	return s.further()
}

// Next gives the next row that is not blank, with its 1-based number as a spreadsheet shows it. Numbers and dates of a
// workbook come as they are stored: 46256.94 is a day. A formula without a stored result comes as its text, “=…”. The
// cells are the caller's. After an error every call gives it again.
//
// Errors: io.EOF at the end; invalid_argument “intake.sheet_damaged” where the file breaks off, “intake.sheet_limit”
// for a row that is too wide, a cell that is too long, or a row number no spreadsheet has.
func (s *Sheet) Next() (rowNumber int, cells []string, err error) {
	if len(s.ahead) > 0 {
		r := s.ahead[0]
		s.ahead = s.ahead[1:]
		return r.number, r.cells, nil
	}
	if s.err != nil {
		return 0, nil, s.err
	}
	rowNumber, cells, err = s.next()
	if err != nil {
		s.err = err
		return 0, nil, err
	}
	s.last = rowNumber
	return rowNumber, cells, nil
}

// Close ends the reading and removes what was put aside for it. It may be called twice.
func (s *Sheet) Close() error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	s.closers = nil
	if s.err == nil {
		s.err = fs.ErrClosed
	}
	s.ahead = nil
	return errors.Join(errs...)
}

// cellRow is a row being put together, within the limits.
type cellRow struct {
	lim    limits
	number int
	cells  []string
	bytes  int
}

func (r *cellRow) begin(number int) { r.number, r.cells, r.bytes = number, nil, 0 }

// put puts a text at its column. An empty one only takes its place, and none at all beyond the last column there may be:
// columns formatted far to the right are common and say nothing.
func (r *cellRow) put(column int, text string) error {
	switch {
	case text == "" && column >= r.lim.columns:
		return nil
	case column >= r.lim.columns:
		return refuse("limit", "第 %d 行超过 %d 列，请检查是否有多余的列", r.number, r.lim.columns)
	case len(text) > r.lim.cell && utf8.RuneCountInString(text) > r.lim.cell:
		return r.tooLong()
	}
	if r.bytes += len(text); r.bytes > r.lim.row {
		return rowTooLong(r.number)
	}
	if r.cells == nil {
		r.cells = make([]string, 0, max(column+1, 32))
	}
	for len(r.cells) <= column {
		r.cells = append(r.cells, "")
	}
	if text != "" {
		r.cells[column] = text
	}
	return nil
}

func (r *cellRow) tooLong() error {
	return refuse("limit", "第 %d 行有一个单元格超过 %d 字，请检查该行是否粘入了多余内容", r.number, r.lim.cell)
}

func rowTooLong(row int) error {
	return refuse("limit", "第 %d 行的内容过长，请检查该行是否粘入了多余内容", row)
}

// filled passes over the rows that say nothing.
func filled(next func() (int, []string, error)) func() (int, []string, error) {
	return func() (int, []string, error) {
		for {
			n, cells, err := next()
			if err != nil || !blank(cells) {
				return n, cells, err
			}
		}
	}
}

// blank reports whether a row says nothing.
func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// width is the number of cells up to the last that is not empty.
func width(cells []string) int {
	n := len(cells)
	for n > 0 && cells[n-1] == "" {
		n--
	}
	return n
}
