// Package intake takes tickets in: it reads the sheets other systems export, and writes sheets.
//
// # The model
//
// OpenSheet looks at the bytes of a file, never at its name, and gives its rows one by one as text. Workbooks (.xlsx)
// are read straight from the compressed file, and delimited text in the encoding it is found to have; neither is ever
// in memory as a whole, so the size of a file costs time and not memory. WriteSheet writes a workbook.
//
// # Failure
//
// What is wrong with a file is an *apperr.Error with a Chinese message that says what to do about it, its reason
// “intake.sheet_…”. Files come from strangers: sizes, counts and nesting are bounded before they are trusted, and a
// file that breaks off is an error at that row, never a shorter file.
package intake

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

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
	name     string
	date1904 bool
	estimate int
	read     *atomic.Int64 // bytes taken in so far
	size     int64         // bytes there are

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

// headRows is how far down a header is looked for.
const headRows = 10

// OpenSheet opens an .xlsx workbook or a delimited text file (comma, tab or semicolon; UTF-8, UTF-16 with BOM or
// GB18030), whatever its name says. Of a workbook it takes the first visible worksheet that has a header, or else the
// first that has rows; Header then says what was missing. Profiles help to find the header as in ticket.MapHeader.
// Rows a filter hides are read too: a filter is a view. The caller closes the Sheet.
//
// Errors: not_found “intake.sheet_missing”; resource_exhausted “intake.sheet_too_large”; invalid_argument
// “intake.sheet_empty”, “…_xls”, “…_html”, “…_locked”, “…_format”, “…_encoding”, “…_damaged”, “…_limit”.
func OpenSheet(path string, profiles ...ticket.Profile) (*Sheet, error) {
	return openSheet(path, standard, profiles)
}

func openSheet(path string, lim limits, profiles []ticket.Profile) (s *Sheet, err error) {
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
		return nil, refuse("format", "“%s”不是文件，请选择导出的 .xlsx 或 .csv 文件", name)
	case info.Size() > lim.file:
		return nil, apperr.New(apperr.ResourceExhausted, "intake.sheet_too_large", "文件超过 %d MB，请分批导出（例如每次一个月）后再导入", lim.file>>20)
	}
	if s, err = sheetOf(f, info.Size(), lim, profiles); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, f.Close)
	return s, nil
}

// sheetOf opens what the first bytes say it is.
func sheetOf(f io.ReaderAt, size int64, lim limits, profiles []ticket.Profile) (*Sheet, error) {
	magic := make([]byte, 4096)
	n, err := f.ReadAt(magic, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, damaged(err)
	}
	magic = magic[:n]
	text := bytes.TrimLeft(bytes.TrimPrefix(magic, []byte("\ufeff")), " \t\r\n")
	switch {
	case len(text) == 0 && int64(n) == size:
		return nil, refuse("empty", "文件是空的，请重新导出")
	case bytes.HasPrefix(magic, []byte("PK")):
		return openWorkbook(f, size, lim, profiles)
	case bytes.HasPrefix(magic, []byte("\xd0\xcf\x11\xe0")):
		return nil, oldFormat(f)
	case len(text) > 1 && text[0] == '<' && (text[1] == '!' || text[1] == '?' || text[1]|0x20 >= 'a' && text[1]|0x20 <= 'z'):
		return nil, refuse("html", "这是网页格式的表格（有的系统把它存成 .xls），请用 Excel 或 WPS 打开后另存为 .xlsx 再导入")
	}
	return openText(f, size, lim, profiles)
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

// oldFormat says what an OLE file is: a locked workbook, an old one, or something else.
func oldFormat(r io.ReaderAt) error {
	// Names in an OLE directory are UTF-16. The directory can be anywhere, and files are small enough to look through.
	has := func(names ...string) bool {
		var wide [][]byte
		for _, n := range names {
			var w []byte
			for _, c := range []byte(n) {
				w = append(w, c, 0)
			}
			wide = append(wide, w)
		}
		buf := make([]byte, 64<<10)
		for off := int64(0); ; off += int64(len(buf)) - 128 {
			n, err := r.ReadAt(buf, off)
			for _, w := range wide {
				if bytes.Contains(buf[:n], w) {
					return true
				}
			}
			if err != nil || n < len(buf) {
				return false
			}
		}
	}
	switch {
	case has("EncryptedPackage"):
		return refuse("locked", "文件有打开密码，请在 Excel 或 WPS 里取消密码、另存为 .xlsx 后再导入")
	case has("Workbook", "Book"):
		return refuse("xls", "这是旧版 .xls 文件，请用 Excel 或 WPS 打开后另存为 .xlsx 再导入")
	}
	return refuse("format", "这不是表格文件，请选择导出的 .xlsx 或 .csv 文件")
}

// start reads the first rows and looks for the header among them.
func (s *Sheet) start(profiles []ticket.Profile) error {
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
	s.headerRow, s.mapping, s.headerErr = ticket.FindHeader(s.head, profiles...)
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
	if p := s.Progress(); p > 0 {
		return int(float64(s.last) / p)
	}
	return 0
}

// Progress is the part of the file read so far, from 0 to 1.
func (s *Sheet) Progress() float64 {
	if s.size <= 0 {
		return 1
	}
	return min(1, float64(s.read.Load())/float64(s.size))
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
