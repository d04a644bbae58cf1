package intake

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	utf16text "golang.org/x/text/encoding/unicode"

	"xiaopu/server/ticket"
)

// record is one BIFF record.
func record(kind uint16, parts ...any) []byte {
	var data bytes.Buffer
	for _, p := range parts {
		if s, ok := p.(string); ok {
			data.WriteString(s)
			continue
		}
		if err := binary.Write(&data, binary.LittleEndian, p); err != nil {
			panic(err)
		}
	}
	b := binary.LittleEndian.AppendUint16(nil, kind)
	return append(binary.LittleEndian.AppendUint16(b, uint16(data.Len())), data.Bytes()...)
}

// wide is a string of two bytes a character, with its length before it.
func wide(s string) string {
	units := utf16.Encode([]rune(s))
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(units)))
	b = append(b, 1)
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// table is the string table, cut into records of at most most bytes, in the middle of strings too.
func table(most int, list ...string) []byte {
	var out []byte
	kind := uint16(xlsStrings)
	data := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(len(list))), uint32(len(list)))
	flush := func(next ...byte) {
		out = append(out, record(kind, data)...)
		kind, data = xlsContinue, next
	}
	for _, s := range list {
		text := wide(s)
		if len(data)+5 > most {
			flush()
		}
		data = append(data, text[:3]...)
		for text = text[3:]; text != ""; text = text[2:] {
			if len(data)+2 > most {
				flush(1)
			}
			data = append(data, text[:2]...)
		}
	}
	flush()
	return out
}

// book is the stream of a workbook: globals and worksheets, each named “名” and, when it begins with “-”, hidden.
func book(globals []byte, sheets ...[2]string) []byte {
	begin := func(kind uint16) []byte { return record(xlsBOF, uint16(0x0600), kind, make([]byte, 12)) }
	size := len(begin(5)) + len(globals) + len(record(xlsEOF))
	for _, s := range sheets {
		size += len(record(xlsSheet, uint32(0), uint16(0), "xx", wide(strings.TrimPrefix(s[0], "-"))[3:]))
	}
	out := append(begin(5), globals...)
	for _, s := range sheets {
		name := strings.TrimPrefix(s[0], "-")
		hidden := uint16(0)
		if name != s[0] {
			hidden = 1
		}
		out = append(out, record(xlsSheet, uint32(size), hidden, byte(len(utf16.Encode([]rune(name)))), byte(1), wide(name)[3:])...)
		size += len(begin(0x10)) + len(s[1]) + len(record(xlsEOF))
	}
	out = append(out, record(xlsEOF)...)
	for _, s := range sheets {
		out = append(append(append(out, begin(0x10)...), s[1]...), record(xlsEOF)...)
	}
	return out
}

// compound is an OLE file with one stream, of ordinary sectors; below 4096 bytes it lies among the small ones.
func compound(name string, content []byte) []byte {
	const sector, free, end, isTable = 512, 0xffffffff, 0xfffffffe, 0xfffffffd
	small := len(content) < oleMiniBelow
	pad := func(b []byte, to int) []byte { return append(b, make([]byte, (to-len(b)%to)%to)...) }
	body := pad(bytes.Clone(content), sector)
	n := len(body) / sector // sectors 0…n-1: the stream; n: the directory; n+1: the small table; then the tables
	tables := 0
	for tables*128 < n+2+tables {
		tables++
	}
	var fat []uint32
	for i := range n {
		fat = append(fat, uint32(i+1))
	}
	if n > 0 {
		fat[n-1] = end
	}
	fat = append(fat, end, end)
	for range tables {
		fat = append(fat, isTable)
	}
	for len(fat) < tables*128 {
		fat = append(fat, free)
	}
	entry := func(name string, kind byte, first uint32, size int) []byte {
		e := make([]byte, 128)
		units := utf16.Encode([]rune(name))
		for i, u := range units {
			binary.LittleEndian.PutUint16(e[2*i:], u)
		}
		binary.LittleEndian.PutUint16(e[64:], uint16(2*len(units)+2))
		e[66] = kind
		binary.LittleEndian.PutUint32(e[116:], first)
		binary.LittleEndian.PutUint32(e[120:], uint32(size))
		return e
	}
	rootSize := 0
	if small {
		rootSize = len(body)
	}
	directory := pad(append(entry("Root Entry", 5, 0, rootSize), entry(name, 2, 0, len(content))...), sector)
	var mini []byte
	for i := range 128 {
		next := uint32(i + 1)
		if (i+1)*oleMini >= len(content) {
			next = end
		}
		mini = binary.LittleEndian.AppendUint32(mini, next)
	}
	head := make([]byte, 512)
	copy(head, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	binary.LittleEndian.PutUint16(head[30:], 9)
	binary.LittleEndian.PutUint32(head[44:], uint32(tables))
	binary.LittleEndian.PutUint32(head[48:], uint32(n))
	binary.LittleEndian.PutUint32(head[60:], uint32(n+1))
	binary.LittleEndian.PutUint32(head[64:], 1)
	binary.LittleEndian.PutUint32(head[68:], end)
	for i := range 109 {
		v := uint32(free)
		if i < tables {
			v = uint32(n + 2 + i)
		}
		binary.LittleEndian.PutUint32(head[76+4*i:], v)
	}
	out := append(append(append(head, body...), directory...), mini...)
	for _, v := range fat {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	return out
}

// oldXLS is an .xls file with one worksheet of these records.
func oldXLS(globals []byte, cells ...[]byte) []byte {
	return compound("Workbook", book(globals, [2]string{"明细", string(bytes.Join(cells, nil))}))
}

func at(kind uint16, row, column int, rest ...any) []byte {
	return record(kind, append([]any{uint16(row - 1), uint16(column - 1), uint16(15)}, rest...)...)
}

func label(row, column int, text string) []byte { return at(xlsLabel, row, column, wide(text)) }

func TestCellsOfAnOldWorkbook(t *testing.T) {
	long := strings.Repeat("东门外长期乱停车𠮷", 900)
	rich := "\x02\x00\x0d" + "\x01\x00" + "\x04\x00\x00\x00" + "\x11\x62\xec\x4e" + "\x00\x00\x01\x00" + "abcd"
	got, err := read(t, oldXLS(table(800, "信访件编号", long, "", "末"),
		at(xlsLabelSST, 1, 1, uint32(0)), at(xlsLabelSST, 1, 2, uint32(1)), at(xlsLabelSST, 1, 3, uint32(2)), at(xlsLabelSST, 1, 4, uint32(3)),
		at(xlsNumber, 2, 1, math.Float64bits(20260822223850)), at(xlsNumber, 2, 2, math.Float64bits(46327.354166666664)), at(xlsNumber, 2, 3, math.Float64bits(310120199001011000)),
		at(xlsRK, 3, 1, uint32(13<<2|2)), at(xlsRK, 3, 2, uint32(1250<<2|3)), at(xlsRK, 3, 3, uint32(math.Float64bits(46256)>>32)&^3), at(xlsRK, 3, 4, uint32(0xffffffe8)|2),
		record(xlsMulRK, uint16(3), uint16(1), uint16(15), uint32(7<<2|2), uint16(15), uint32(8<<2|2), uint16(2)),
		at(xlsBoolErr, 5, 1, byte(1), byte(0)), at(xlsBoolErr, 5, 2, byte(0), byte(0)), at(xlsBoolErr, 5, 3, byte(0x2a), byte(1)), at(xlsBoolErr, 5, 4, byte(0x17), byte(1)),
		at(xlsFormula, 6, 1, math.Float64bits(3), uint16(0)), at(xlsFormula, 6, 2, "\x00\x00\x00\x00\x00\x00\xff\xff", uint16(0)), record(0x04bc, "x"), record(xlsString, wide("甲乙")),
		at(xlsFormula, 6, 3, "\x01\x00\x01\x00\x00\x00\xff\xff"), at(xlsFormula, 6, 4, "\x02\x00\x07\x00\x00\x00\xff\xff"), at(xlsFormula, 6, 5, "\x03\x00\x00\x00\x00\x00\xff\xff"),
		at(xlsFormula, 6, 6, "\x00\x00\x00\x00\x00\x00\xff\xff"),
		record(xlsBOF, uint16(0x0600), uint16(0x20)), at(xlsNumber, 1, 1, math.Float64bits(9)), record(xlsEOF), // a chart
		label(8, 2, "直接写的"), at(xlsRString, 8, 3, rich), at(0x0201, 8, 4),
	))
	want := map[int][]string{
		1: {"信访件编号", long, "", "末"},
		2: {"20260822223850", "46327.354166666664", "310120199001011000"},
		3: {"13", "12.5", "46256", "-6"},
		4: {"", "7", "8"},
		5: {"TRUE", "FALSE", "#N/A", "#REF!"},
		6: {"3", "甲乙", "TRUE", "#DIV/0!", "", "="},
		8: {"", "直接写的", "我们"},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
}

func TestOldWorkbookChoosesItsWorksheet(t *testing.T) {
	header := string(bytes.Join([][]byte{label(1, 1, "工单编号"), label(1, 2, "内容描述"), label(2, 1, "20260822223850"), label(2, 2, "内容")}, nil))
	content := compound("Workbook", book(record(xlsDateMode, uint16(1)), [2]string{"说明", string(label(1, 1, "说明文字"))}, [2]string{"-旧数据", header}, [2]string{"明细𠮷", header}))
	s, err := OpenSheet(save(t, content))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if row, m, err := s.Header(); s.Name() != "明细𠮷" || !s.Date1904() || err != nil || row != 1 || !m.Has(ticket.FieldOrderNo) || s.Rows() != 2 {
		t.Error(s.Name(), s.Date1904(), row, err, s.Rows())
	}
}

func TestOldWorkbooksOfLibreOffice(t *testing.T) {
	for _, name := range []string{"testdata/libreoffice.xls", "testdata/libreoffice.xml"} {
		t.Run(name, func(t *testing.T) {
			s, err := OpenSheet(name)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if strings.HasSuffix(name, ".xls") && s.Rows() != 43 {
				t.Error("rows", s.Rows())
			}
			rows, err := rowsOf(t, s)
			if err != nil || len(rows) != 42 || rows[1][0] != "奉浦街道信访件办理情况表" || rows[23] != nil {
				t.Fatal(err, len(rows))
			}
			for i := range 40 {
				n := i + 3
				if i >= 20 {
					n++
				}
				at, _, err := ticket.ParseTime(rows[n][1], s.Date1904())
				want := time.Date(2026, 11, i%28+1, 8, 30, 0, 0, ticket.Shanghai)
				content := fmt.Sprintf("第%d件：%s ASCII %d", i, strings.Repeat("东门外长期乱停车，消防通道被堵。", i+1), i)
				if err != nil || !at.Equal(want) || rows[n][2] != fmt.Sprintf("李𠮷%d", i) || rows[n][4] != content || rows[n][6] != fmt.Sprintf("%d.5", i) || rows[n][7] != "13812345678" {
					t.Fatalf("row %d: %q %v", n, rows[n], err)
				}
			}
		})
	}
}

func TestFiveThousandOldRows(t *testing.T) {
	var list []string
	var cells [][]byte
	for i := range 5000 {
		list = append(list, fmt.Sprintf("2026110108%06d", i), fmt.Sprintf("第%d件：%s", i, strings.Repeat("路灯损坏", i%40)))
		cells = append(cells, at(xlsLabelSST, i+1, 1, uint32(2*i)), at(xlsNumber, i+1, 2, math.Float64bits(46327+float64(i)/10000)), at(xlsLabelSST, i+1, 3, uint32(2*i+1)))
	}
	s, err := OpenSheet(save(t, oldXLS(table(8224, list...), cells...)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := rowsOf(t, s)
	if err != nil || len(rows) != 5000 || s.Rows() != 5000 || s.Progress() != 1 {
		t.Fatal(err, len(rows), s.Rows(), s.Progress())
	}
	for i := range 5000 {
		if r := rows[i+1]; r[0] != list[2*i] || r[2] != list[2*i+1] {
			t.Fatal(i, r)
		}
	}
}

func TestOldWorkbooksThatCannotBeRead(t *testing.T) {
	good := oldXLS(table(8224, strings.Repeat("长", 3000)), at(xlsLabelSST, 1, 1, uint32(0)), label(2, 1, "乙"))
	tight := standard
	tight.columns, tight.cell, tight.row, tight.strings = 3, 100, 200, 2
	for _, c := range []struct {
		name        string
		content     []byte
		reason, say string
	}{
		{"password", oldXLS(record(xlsFilePass, uint16(1)), label(1, 1, "甲")), "intake.sheet_locked", "取消密码"},
		{"Excel 95", compound("Book", record(xlsBOF, uint16(0x0500), uint16(5), make([]byte, 5000))), "intake.sheet_xls", "5.0/95"},
		{"Excel 4", []byte("\x09\x04\x06\x00\x00\x00\x10\x00"), "intake.sheet_xls", "旧格式"},
		{"Word", compound("WordDocument", make([]byte, 5000)), "intake.sheet_format", "Word"},
		{"another OLE file", compound("Contents", make([]byte, 100)), "intake.sheet_format", "不是表格"},
		{"locked .xlsx", compound("EncryptedPackage", make([]byte, 5000)), "intake.sheet_locked", "取消密码"},
		{"only the beginning", good[:600], "intake.sheet_damaged", "没有下载完整"},
		{"no records", compound("Workbook", make([]byte, 5000)), "intake.sheet_damaged", "损坏"},
		{"rows in disorder", oldXLS(nil, label(1, 1, "甲"), label(3, 1, "乙"), label(1, 2, "丙")), "intake.sheet_format", "没有按行存放"},
		{"a string that is not there", oldXLS(nil, at(xlsLabelSST, 1, 1, uint32(7))), "intake.sheet_damaged", "第 1 行之后损坏"},
		{"a short record", oldXLS(nil, record(xlsNumber, uint16(0), uint16(0), "x")), "intake.sheet_damaged", "损坏"},
		{"nothing in it", oldXLS(nil), "intake.sheet_empty", "可见的数据"},
		{"too many columns", oldXLS(nil, label(2, 4, "甲")), "intake.sheet_limit", "第 2 行超过 3 列"},
		{"a long cell", oldXLS(nil, label(2, 1, strings.Repeat("长", 101))), "intake.sheet_limit", "超过 100 字"},
		{"a long row", oldXLS(nil, label(2, 1, strings.Repeat("长", 60)), label(2, 2, strings.Repeat("长", 60))), "intake.sheet_limit", "过长"},
		{"many strings", oldXLS(table(8224, "a", "b", "c"), label(1, 1, "甲")), "intake.sheet_limit", "超过 2 条"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := openSheet(save(t, c.content), tight, anyHeader)
			if err == nil {
				_, err = rowsOf(t, s)
				s.Close()
			}
			wantReason(t, err, c.reason, c.say)
		})
	}
	t.Run("cut off in the middle", func(t *testing.T) {
		var cells [][]byte
		for i := range 400 {
			cells = append(cells, label(i+1, 1, "20260822223850"), label(i+1, 2, "内容"))
		}
		content := book(nil, [2]string{"明细", string(bytes.Join(cells, nil))})
		s, err := OpenSheet(save(t, compound("Workbook", content[:len(content)-300])))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		rows, err := rowsOf(t, s)
		if len(rows) < 300 || len(rows) >= 400 {
			t.Error(len(rows))
		}
		wantReason(t, err, "intake.sheet_damaged", "之后损坏")
	})
}

// anyHeader takes no header at all.
func anyHeader(rows [][]string) (int, ticket.Mapping, error) { return ticket.FindHeader(rows) }

func TestPages(t *testing.T) {
	gbk := func(s string) string {
		b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	utf16le, err := utf16text.UTF16(utf16text.LittleEndian, utf16text.UseBOM).NewEncoder().String(`<html><table><tr><td>甲<td>乙</table>`)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		page string
		want map[int][]string
	}{
		"an ordinary export": {`<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="gb2312"><title>表</title><style>td{mso-number-format:'\@'}</style></head><body>
			<table border=1><caption>x</caption><thead><tr><th>工单编号</th><th>内容&nbsp;描述</th></tr></thead><tbody><tr><td>1&amp;2</td><td> 多行<br>文字 <p>再一行</p></td></tr></tbody></table></body></html>`,
			map[int][]string{1: {"工单编号", "内容 描述"}, 2: {"1&2", "多行\n文字 \n再一行"}}},
		"GBK":                      {gbk(`<table><tr><td>工单编号</td></tr></table>`), map[int][]string{1: {"工单编号"}}},
		"UTF-16":                   {utf16le, map[int][]string{1: {"甲", "乙"}}},
		"cells over columns":       {`<table><tr><td colspan=2>甲<td>乙<tr><td>1<td>2<td>3</table>`, map[int][]string{1: {"甲", "", "乙"}, 2: {"1", "2", "3"}}},
		"cells over rows":          {`<table><tr><td rowspan=2>甲<td colspan=2>类<td rowspan="2">尾<tr><td>乙<td>丙<tr><td>1<td>2<td>3<td>4</table>`, map[int][]string{1: {"甲", "类", "", "尾"}, 2: {"甲", "乙", "丙", "尾"}, 3: {"1", "2", "3", "4"}}},
		"blank rows are counted":   {`<table><tr><td>甲<tr><td><tr><td>乙</table>`, map[int][]string{1: {"甲"}, 3: {"乙"}}},
		"two tables":               {`<table><tr><td>标题</table><p>说明<table><tr><td>甲<td>乙</table>`, map[int][]string{1: {"标题"}, 2: {"甲", "乙"}}},
		"a table that lays out":    {`<table><tr><td> <table><tr><td>甲<td>乙</tr><tr><td>1<td>2</tr></table></td></tr></table>`, map[int][]string{1: {"甲", "乙"}, 2: {"1", "2"}}},
		"a table inside a cell":    {`<table><tr><td>甲</td><td>先<table><tr><td>一<td>二</tr></table>后</td><td>尾</td></tr></table>`, map[int][]string{1: {"甲", "先\n一 二\n后", "尾"}}},
		"the number behind":        {`<table><tr><td x:num="13812345678">1.38E+10</td><td x:num="46256">2026/8/22</td><td x:num="46257">######</td></table>`, map[int][]string{1: {"13812345678", "2026/8/22", "46257"}}},
		"scripts are no text":      {`<table><tr><td>甲<script>var a="<td>x"</script><style>b</style>乙</table>`, map[int][]string{1: {"甲乙"}}},
		"a row without its table":  {`<div><tr><td>甲</td></tr></table>`, map[int][]string{1: {"甲"}}},
		"a table that never stops": {`<table><tr><td>甲</td><table><tr><td>乙</td></tr></table></table>`, map[int][]string{1: {"甲"}, 2: {"乙"}}},
		"comments":                 {`<!--[if gte mso 9]><xml><x:ExcelWorkbook/></xml><![endif]--><table><tr><td>甲<!-- x --></table>`, map[int][]string{1: {"甲"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, []byte(c.page))
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Error(err, d)
			}
		})
	}
}

func TestXMLSpreadsheets(t *testing.T) {
	const head = `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">`
	sheet := func(name, rows, more string) string {
		return `<Worksheet ss:Name="` + name + `"><Table ss:ExpandedRowCount="9">` + rows + `</Table>` + more + `</Worksheet>`
	}
	rows := `<Row><Cell><Data ss:Type="String">工单编号</Data></Cell><Cell><Data ss:Type="String">内容</Data><Comment><Data>批注</Data></Comment></Cell></Row>
		<Row ss:Index="4"><Cell><Data ss:Type="Number">20260822223850</Data></Cell><Cell ss:MergeAcross="1"><Data ss:Type="DateTime">2026-09-01T08:05:00.000</Data></Cell><Cell><Data ss:Type="Boolean">1</Data></Cell></Row>
		<Row><Cell ss:Index="2"><ss:Data ss:Type="String"><B>粗</B>&lt;体</ss:Data></Cell><Cell ss:Formula="=A1"/></Row>`
	hidden := `<WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions>`
	content := head + `<ExcelWorkbook><Date1904/></ExcelWorkbook>` + sheet("旧", rows, hidden) + sheet("说明", `<Row><Cell><Data ss:Type="String">说明</Data></Cell></Row>`, "") + sheet("明细", rows, "") + `</Workbook>`
	s, err := OpenSheet(save(t, []byte(content)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := rowsOf(t, s)
	want := map[int][]string{1: {"工单编号", "内容"}, 4: {"20260822223850", "2026-09-01T08:05:00.000", "", "TRUE"}, 5: {"", "粗<体", "=A1"}}
	if d := cmp.Diff(want, got); d != "" || err != nil || s.Name() != "明细" || !s.Date1904() {
		t.Error(err, s.Name(), s.Date1904(), d)
	}
	for name, c := range map[string]struct{ content, reason, say string }{
		"cut off":         {content[:strings.LastIndex(content, "粗")], "intake.sheet_damaged", "第 5 行之后损坏"},
		"rows backwards":  {head + sheet("明细", `<Row ss:Index="4"><Cell><Data>a</Data></Cell></Row><Row ss:Index="3"/>`, ""), "intake.sheet_damaged", "损坏"},
		"many worksheets": {head + strings.Repeat(sheet("a", "", ""), 51), "intake.sheet_limit", "50 张"},
		"nothing":         {head + `</Workbook>`, "intake.sheet_empty", "可见的数据"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, []byte(c.content))
			wantReason(t, err, c.reason, c.say)
		})
	}
}

func TestWhatCallsItselfASheetIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		say     string
	}{
		"PNG":         {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "这是图片（PNG），不是表格"},
		"JPEG":        {[]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "这是图片（JPEG），不是表格"},
		"BMP":         {[]byte("BM\x00\x00\x01\x00"), "图片（BMP）"},
		"WebP":        {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "图片（WebP）"},
		"HEIC":        {[]byte("\x00\x00\x00\x18ftypheic"), "手机照片"},
		"PDF":         {[]byte("%PDF-1.7\n"), "这是PDF 文件，不是表格"},
		"RAR":         {[]byte("Rar!\x1a\x07\x01\x00"), "RAR 压缩包"},
		"7z":          {[]byte("7z\xbc\xaf\x27\x1c"), "7z 压缩包"},
		"program":     {[]byte("MZ\x90\x00\x03"), "程序文件"},
		"RTF":         {[]byte("{\\rtf1"), "RTF"},
		"mail":        {[]byte("MIME-Version: 1.0\r\n"), ".mht"},
		"page":        {[]byte("<html><p>请登录</p></html>"), "里面没有表格"},
		"Word":        {zipped(t, map[string]string{"word/document.xml": "<a/>"}), "这是Word 文档（.docx），不是表格"},
		"ODS":         {zipped(t, map[string]string{"content.xml": "<a/>", "META-INF/manifest.xml": ""}), "OpenDocument"},
		"OFD":         {zipped(t, map[string]string{"OFD.xml": "<a/>"}), "OFD"},
		"zipped file": {zipped(t, map[string]string{"三月.xlsx": "x"}), "请先解压"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, c.content)
			var reason = "intake.sheet_format"
			if name == "page" {
				reason = "intake.sheet_empty"
			}
			wantReason(t, err, reason, c.say)
		})
	}
	if got, err := read(t, []byte("BM编号,内容\n1,2\n")); err != nil || got[1][0] != "BM编号" {
		t.Error("a text may begin with the letters of a picture:", got, err)
	}
}

func TestPagesHaveLimits(t *testing.T) {
	tight := standard
	tight.rows, tight.columns, tight.cell, tight.row = 5, 3, 100, 200
	long := strings.Repeat("长", 101)
	for name, c := range map[string]struct{ page, reason, say string }{
		"rows":       {`<table>` + strings.Repeat("<tr><td>a", 6) + `</table>`, "intake.sheet_limit", "行数超过 5 行"},
		"columns":    {`<table><tr><td>a<td>b<td>c<td>d</table>`, "intake.sheet_limit", "第 1 行超过 3 列"},
		"cell":       {`<table><tr><td>` + long + `</table>`, "intake.sheet_limit", "超过 100 字"},
		"pieces":     {`<table><tr><td>` + strings.Repeat(long[:90]+"<br>", 30) + `</table>`, "intake.sheet_limit", "超过 100 字"},
		"row":        {`<table><tr><td>` + long[:90] + "<td>" + long[:90] + "<td>" + long[:90] + `</table>`, "intake.sheet_limit", "过长"},
		"breaks off": {`<table><tr><td>a</td></tr><tr><td>b`, "intake.sheet_damaged", "损坏"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := openSheet(save(t, []byte(c.page)), tight, anyHeader)
			if err == nil {
				_, err = rowsOf(t, s)
				s.Close()
			}
			wantReason(t, err, c.reason, c.say)
		})
	}
}

func FuzzOldWorkbook(f *testing.F) {
	f.Add(oldXLS(table(100, "信访件编号", strings.Repeat("长", 90)), at(xlsLabelSST, 1, 1, uint32(0)), at(xlsLabelSST, 1, 2, uint32(1)), record(xlsMulRK, uint16(3), uint16(1), uint16(15), uint32(7<<2|2), uint16(1))))
	f.Add(compound("Workbook", make([]byte, 5000)))
	tight := standard
	tight.cell, tight.row, tight.columns = 1000, 10_000, 50
	f.Fuzz(func(t *testing.T, content []byte) {
		try(t, append([]byte("\xd0\xcf\x11\xe0"), bytes.TrimPrefix(content, []byte("\xd0\xcf\x11\xe0"))...), tight)
	})
}

// FuzzOldRecords leaves the file around the records whole, so that the fuzzer gets at them.
func FuzzOldRecords(f *testing.F) {
	f.Add(table(100, "信访件编号", "长"), append(label(1, 1, "甲"), at(xlsFormula, 1, 2, "\x00\x00\x00\x00\x00\x00\xff\xff")...))
	tight := standard
	tight.cell, tight.row, tight.columns = 1000, 10_000, 50
	f.Fuzz(func(t *testing.T, globals, cells []byte) { try(t, oldXLS(globals, cells), tight) })
}

func FuzzPage(f *testing.F) {
	f.Add(`<table><tr><td rowspan=3 colspan="2">甲<td x:num="1">1E+3<table><tr><td>b</table></table>`)
	f.Add(`<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="a"><Table><Row ss:Index="3"><Cell ss:MergeAcross="2"><Data ss:Type="Boolean">1</Data></Cell></Row></Table></Worksheet></Workbook>`)
	tight := standard
	tight.cell, tight.row, tight.columns = 1000, 10_000, 50
	f.Fuzz(func(t *testing.T, page string) { try(t, []byte("<a "+page), tight) })
}

func BenchmarkOldWorkbook(b *testing.B) {
	content, err := os.ReadFile("testdata/libreoffice.xls")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := sheetOf(bytes.NewReader(content), int64(len(content)), standard, anyHeader)
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, _, err = s.Next()
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
	}
}
