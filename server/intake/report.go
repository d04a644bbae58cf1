package intake

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// A report is a workbook of the rows that were not imported: which row of the file, why, and its cells, so that somebody
// corrects them there and imports just the report. Personal data stands in it masked. A masked cell that comes back as it
// went out is the original again, which the import has kept sealed; what was changed counts as it was changed.
//
// The kept rows of a worksheet are: on line fieldsLine what each column means, on headerLine the header, then the bad ones.

// The report's own columns, before the file's.
var reportColumns = []string{"导入报告标识", "原文件行号", "未导入的原因和处理办法"}

const (
	fieldsLine = 0
	headerLine = 1
	reportPage = 500
)

// head is what is kept before the first bad row of a worksheet.
func head(b batch) []store.ImportRow {
	fields := make([]string, len(b.mapping.Columns))
	for i, c := range b.mapping.Columns {
		fields[i] = string(c.Field)
	}
	return []store.ImportRow{{Line: ticket.Line(b.worksheet, fieldsLine), Cells: fields}, {Line: ticket.Line(b.worksheet, headerLine), Cells: b.header}}
}

// kept is a row as it is kept: days that a spreadsheet counts are written out, because the report counts from another one.
func kept(cells []string, m ticket.Mapping, date1904 bool) []string {
	out := make([]string, len(cells))
	for i, text := range cells {
		if out[i] = text; i < len(m.Columns) {
			out[i] = writtenOut(m.Columns[i].Field, text, date1904)
		}
	}
	return out
}

// writtenOut gives a cell whose day a spreadsheet counts as a date.
func writtenOut(f ticket.Field, text string, date1904 bool) string {
	if !f.Time() {
		return text
	}
	if days, err := strconv.ParseFloat(text, 64); err != nil || days < 1 || days > 100_000 {
		return text
	}
	at, hasTime, err := ticket.ParseTime(text, date1904)
	switch {
	case err != nil:
		return text
	case hasTime:
		return at.Format(time.DateTime)
	}
	return at.Format(time.DateOnly)
}

// shown is cell i of a kept row as the report shows it.
func shown(fields, cells []string, i int) string {
	text := cells[i]
	switch fieldAt(fields, i) {
	case ticket.FieldOrderNo, ticket.FieldRepeatOf, ticket.FieldRelated:
		return text // numbers of tickets name nobody
	case ticket.FieldPhone:
		return ticket.MaskPhone(text)
	case ticket.FieldRequesterName:
		return ticket.MaskName(text)
	case ticket.FieldIDNumber, ticket.FieldCreditCode:
		if r := []rune(text); len(r) > 6 {
			return string(r[:3]) + strings.Repeat("*", len(r)-6) + string(r[len(r)-3:])
		}
		return strings.Repeat("*", len([]rune(text)))
	case ticket.FieldAddress:
		return ticket.MaskAddress(text)
	case ticket.FieldTitle, ticket.FieldContent, ticket.FieldReply, ticket.FieldFeedback, "":
		t := ticket.Ticket{Address: cellOf(fields, cells, ticket.FieldAddress)}
		if t.Requester.Name = cellOf(fields, cells, ticket.FieldEnterprise); t.Requester.Name != "" {
			t.Requester.Kind, t.Requester.Contact = ticket.Enterprise, cellOf(fields, cells, ticket.FieldRequesterName)
		} else {
			t.Requester.Name = cellOf(fields, cells, ticket.FieldRequesterName)
		}
		return t.Masked(text)
	}
	return ticket.MaskText(text)
}

// cellOf is the first cell of a field that says something.
func cellOf(fields, cells []string, f ticket.Field) string {
	for i, text := range cells {
		if fieldAt(fields, i) == f && text != "" {
			return text
		}
	}
	return ""
}

var errNoReport = apperr.New(apperr.FailedPrecondition, "import.report_gone", "没有未导入行的明细：这次导入没有这样的行，或已超过保存期（%d 天）。如仍需要，请重新导入原文件。", int(keepRows.Hours()/24))

// writeReport writes the report of an import.
func writeReport(ctx context.Context, db *store.DB, i store.Import, w io.Writer) error {
	top, err := db.ImportRows(ctx, i.ID, fieldsLine-1, 1)
	if err != nil {
		return err
	}
	if len(top) == 0 {
		return errNoReport
	}
	book := newBookWriter()
	defer book.close()
	var fields []string
	for after := fieldsLine - 1; ; {
		list, err := db.ImportRows(ctx, i.ID, after, reportPage)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return book.save(w)
		}
		last := list[len(list)-1].Line
		reasons, err := reasonsOf(ctx, db, i.ID, after, last)
		if err != nil {
			return err
		}
		for _, r := range list {
			switch worksheet, row := ticket.SplitLine(r.Line); row {
			case fieldsLine:
				fields = r.Cells
			case headerLine:
				name := ""
				if worksheet > 0 {
					name = fmt.Sprintf("第 %d 张工作表", worksheet+1)
				}
				err = book.sheet(name, "", append(slices.Clone(reportColumns), r.Cells...))
			default:
				out := []any{i.ID + "/" + strconv.Itoa(r.Line), row, reasons[r.Line]}
				for at := range r.Cells {
					out = append(out, shown(fields, r.Cells, at))
				}
				err = book.write(out)
			}
			if err != nil {
				return err
			}
		}
		after = last
	}
}

func fieldAt(fields []string, i int) ticket.Field {
	if i < len(fields) {
		return ticket.Field(fields[i])
	}
	return ""
}

// reasonsOf joins what was wrong with each row behind after, up to last.
func reasonsOf(ctx context.Context, db *store.DB, id string, after, last int) (map[int]string, error) {
	reasons := map[int]string{}
	for after < last {
		list, err := db.ImportProblems(ctx, id, after, reportPage)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		for _, p := range list {
			after = p.Line
			if reasons[p.Line] != "" {
				reasons[p.Line] += "；"
			}
			reasons[p.Line] += p.Message
		}
	}
	return reasons, nil
}

// reported reads a report that comes back.
type reported struct {
	header []string
	kept   map[place]original
}

// place is a worksheet of the file of an import.
type place struct {
	id        string
	worksheet int
}

// original is what is known of the worksheet that a row of a report is from.
type original struct {
	fields []string
	column map[string]int // header → column
}

// reportIn gives nil when a file with this header is no report.
func reportIn(header []string) *reported {
	if len(header) <= len(reportColumns) {
		return nil
	}
	for i, name := range reportColumns {
		if strings.TrimSpace(header[i]) != name {
			return nil
		}
	}
	return &reported{header: header, kept: map[place]original{}}
}

// restore gives a row of the report without the report's own cells, and with what was masked as it was.
func (r *reported) restore(ctx context.Context, db *store.DB, cells []string) ([]string, error) {
	if len(cells) == 0 {
		return cells, nil
	}
	id, number, _ := strings.Cut(strings.TrimSpace(cells[0]), "/")
	for i := range min(len(cells), len(reportColumns)) {
		cells[i] = ""
	}
	line, _ := strconv.Atoi(number)
	worksheet, row := ticket.SplitLine(line)
	if row <= headerLine {
		return cells, nil // a row that somebody added
	}
	of := place{id, worksheet}
	was, ok := r.kept[of]
	if !ok {
		top, err := db.ImportRows(ctx, id, ticket.Line(worksheet, fieldsLine)-1, 2)
		if err != nil {
			return nil, err
		}
		if len(top) == 2 && top[1].Line == ticket.Line(worksheet, headerLine) {
			was = original{fields: top[0].Cells, column: map[string]int{}}
			for i, name := range top[1].Cells {
				was.column[name] = i
			}
		}
		r.kept[of] = was
	}
	if was.column == nil {
		return cells, nil
	}
	rows, err := db.ImportRows(ctx, id, line-1, 1)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || rows[0].Line != line {
		return cells, nil
	}
	for i := len(reportColumns); i < min(len(cells), len(r.header)); i++ {
		at, ok := was.column[r.header[i]]
		if !ok || at >= len(rows[0].Cells) {
			continue
		}
		if s := shown(was.fields, rows[0].Cells, at); cells[i] == s || cells[i] == safeText(s) {
			cells[i] = rows[0].Cells[at]
		}
	}
	return cells, nil
}
