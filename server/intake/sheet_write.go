package intake

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// maxCellUnits is what a cell of a workbook holds, in UTF-16 units; cutMark says that something was left out.
const (
	maxCellUnits = 32767
	cutMark      = "…（超出单元格上限，已截断）"
)

// WriteSheet writes a workbook of one worksheet: the title across the top (none when empty), the header, frozen and in
// bold, then the rows. Cells are strings, numbers, bools, time.Time or nil. A time.Time is written as a spreadsheet's
// own date, on Shanghai's clock to the second; the zero time as an empty cell. A string that a spreadsheet would take
// for a formula (it begins with = + - @, a tab or a line end) gets an apostrophe before it, because complaints come
// from strangers and this file is opened by staff. A cell that is too long for a workbook is cut, and says so.
//
// Errors: invalid_argument “intake.sheet_limit” for too many rows or columns; w's own.
func WriteSheet(w io.Writer, title string, header []string, rows iter.Seq[[]any]) error {
	book := newBookWriter()
	defer book.close()
	if err := book.sheet("", title, header); err != nil {
		return err
	}
	for row := range rows {
		if err := book.write(row); err != nil {
			return err
		}
	}
	return book.save(w)
}

// bookWriter writes a workbook one worksheet after the other.
type bookWriter struct {
	file *excelize.File
	at   *sheetWriter // nil before the first
}

func newBookWriter() *bookWriter { return &bookWriter{file: excelize.NewFile()} }

func (b *bookWriter) close() { _ = b.file.Close() } // it is written, or failed for another reason

// sheet begins a worksheet; without a name it has the one that spreadsheets give.
func (b *bookWriter) sheet(name, title string, header []string) error {
	if len(header) > standard.columns {
		return refuse("limit", "导出的列数超过 %d 列，请减少列", standard.columns)
	}
	const first = "Sheet1" // excelize's
	name = cmp.Or(name, first)
	var err error
	if b.at == nil {
		err = b.file.SetSheetName(first, name)
	} else if err = b.at.sheet.Flush(); err == nil {
		_, err = b.file.NewSheet(name)
	}
	if err == nil {
		b.at, err = newSheetWriter(b.file, name)
	}
	if err == nil {
		err = b.at.begin(title, header)
	}
	return writeFailed(err)
}

func (b *bookWriter) write(row []any) error {
	if b.at.row > standard.rows {
		return refuse("limit", "导出超过 %d 行，请缩小范围后分批导出", standard.rows)
	}
	return writeFailed(b.at.write(row))
}

func (b *bookWriter) save(w io.Writer) error {
	if err := b.at.sheet.Flush(); err != nil {
		return writeFailed(err)
	}
	return writeFailed(b.file.Write(w))
}

func writeFailed(err error) error {
	if err == nil {
		return nil
	}
	return apperr.New(apperr.Internal, "intake.sheet_write", "导出文件没有写成，请重试").With(err)
}

// sheetWriter writes rows downwards.
type sheetWriter struct {
	sheet                *excelize.StreamWriter
	row                  int // the next one
	title, head, instant int // styles
}

func newSheetWriter(f *excelize.File, name string) (*sheetWriter, error) {
	sheet, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	w := &sheetWriter{sheet: sheet, row: 1}
	format := "yyyy-mm-dd hh:mm:ss"
	for _, s := range []struct {
		to    *int
		style excelize.Style
	}{
		{&w.title, excelize.Style{Font: &excelize.Font{Bold: true, Size: 16}, Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center"}}},
		{&w.head, excelize.Style{
			Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE7F3"}},
			Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true},
		}},
		{&w.instant, excelize.Style{CustomNumFmt: &format}},
	} {
		if *s.to, err = f.NewStyle(&s.style); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *sheetWriter) begin(title string, header []string) error {
	columns := max(1, len(header))
	above := 1
	if title != "" {
		above = 2
	}
	if err := w.sheet.SetColWidth(1, columns, 20); err != nil {
		return err
	}
	if err := w.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: above, TopLeftCell: fmt.Sprintf("A%d", above+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if title != "" {
		if err := w.set([]any{excelize.Cell{StyleID: w.title, Value: safeText(title)}}, excelize.RowOpts{Height: 30}); err != nil {
			return err
		}
		if columns > 1 {
			last, err := excelize.CoordinatesToCellName(columns, 1)
			if err != nil {
				return err
			}
			if err := w.sheet.MergeCell("A1", last); err != nil {
				return err
			}
		}
	}
	cells := make([]any, len(header))
	for i, h := range header {
		cells[i] = excelize.Cell{StyleID: w.head, Value: safeText(h)}
	}
	return w.set(cells)
}

func (w *sheetWriter) write(row []any) error {
	cells := make([]any, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case string:
			if v != "" {
				cells[i] = safeText(v)
			}
		case time.Time:
			if !v.IsZero() {
				cells[i] = excelize.Cell{StyleID: w.instant, Value: serial(v)}
			}
		case *time.Time:
			if v != nil && !v.IsZero() {
				cells[i] = excelize.Cell{StyleID: w.instant, Value: serial(*v)}
			}
		case nil, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
			cells[i] = v
		default:
			cells[i] = safeText(fmt.Sprint(v))
		}
	}
	return w.set(cells)
}

func (w *sheetWriter) set(cells []any, opts ...excelize.RowOpts) error {
	at, err := excelize.CoordinatesToCellName(1, w.row)
	if err != nil {
		return err
	}
	w.row++
	return w.sheet.SetRow(at, cells, opts...)
}

// serial is a time as a spreadsheet counts: days since 1899-12-30 on Shanghai's clock.
func serial(t time.Time) float64 {
	t = t.In(ticket.Shanghai)
	days := t.Unix() - time.Date(1899, 12, 30, 0, 0, 0, 0, ticket.Shanghai).Unix()
	return float64(days) / 86400
}

// safeText keeps a text from being read as a formula and from being cut without a word.
func safeText(s string) string {
	if s == "" {
		return s
	}
	if strings.IndexByte("=+-@\t\r\n", s[0]) >= 0 {
		s = "'" + s
	}
	if len(s) <= maxCellUnits {
		return s
	}
	units := 0
	room := maxCellUnits - len(utf16.Encode([]rune(cutMark)))
	cut := -1
	for i, r := range s {
		if cut < 0 && units+utf16.RuneLen(r) > room {
			cut = i
		}
		if units += max(1, utf16.RuneLen(r)); units > maxCellUnits {
			return s[:cut] + cutMark
		}
	}
	return s
}
