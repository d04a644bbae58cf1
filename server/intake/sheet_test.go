package intake

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// workbookParts are the parts of a workbook but its worksheets and string table, for sheets rId1 to rId9.
func workbookParts(sheets string) map[string]string {
	rels := ""
	for i := 1; i <= 9; i++ {
		rels += fmt.Sprintf(`<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet%d.xml"/>`, i, i)
	}
	return map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":         `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":     `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>` + sheets + `</sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships>` + rels +
			`<Relationship Id="rIdS" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`,
	}
}

// zipped packs parts, in order of their names.
func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, parts[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// oneSheet is a workbook with this sheetData.
func oneSheet(t testing.TB, data string, more ...string) []byte {
	t.Helper()
	parts := workbookParts(`<sheet name="明细" sheetId="1" r:id="rId1"/>`)
	parts["xl/worksheets/sheet1.xml"] = `<worksheet><sheetData>` + data + `</sheetData></worksheet>`
	for i := 0; i < len(more); i += 2 {
		parts[more[i]] = more[i+1]
	}
	return zipped(t, parts)
}

func save(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.dat")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rowsOf reads all rows as number → cells.
func rowsOf(t testing.TB, s *Sheet) (map[int][]string, error) {
	t.Helper()
	rows := map[int][]string{}
	last := 0
	for {
		n, cells, err := s.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if n <= last {
			t.Errorf("row %d after row %d", n, last)
		}
		last = n
		rows[n] = cells[:width(cells)]
	}
}

func read(t testing.TB, content []byte) (map[int][]string, error) {
	t.Helper()
	s, err := OpenSheet(save(t, content))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	return rowsOf(t, s)
}

func TestCellsOfAWorkbook(t *testing.T) {
	shared := `<sst><si><t>甲</t></si><si><r><t xml:space="preserve">乙 </t></r><r><rPr><b/></rPr><t>丙</t></r><rPh sb="0" eb="1"><t>yi</t></rPh></si><si/><si><t>a_x000D_b_x005F_x0041_</t></si></sst>`
	for _, c := range []struct{ name, cells, want string }{
		{"shared string", `<c r="A1" t="s"><v>0</v></c>`, "甲"},
		{"rich text without its reading", `<c r="A1" t="s"><v>1</v></c>`, "乙 丙"},
		{"empty shared string", `<c r="A1" t="s"><v>2</v></c><c r="B1"><v>1</v></c>`, "|1"},
		{"escaped characters", `<c r="A1" t="s"><v>3</v></c>`, "a\rb_x0041_"},
		{"inline string", `<c r="A1" t="inlineStr"><is><r><t>甲</t></r><r><t>乙</t></r></is></c>`, "甲乙"},
		{"number as stored", `<c r="A1"><v>46321.43571759259</v></c><c r="B1"><v>1.3800001234E+10</v></c>`, "46321.43571759259|1.3800001234E+10"},
		{"yes and no", `<c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c>`, "TRUE|FALSE"},
		{"failed formula", `<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, "#DIV/0!"},
		{"date in words", `<c r="A1" t="d"><v>2026-09-01T08:05:00</v></c>`, "2026-09-01T08:05:00"},
		{"formula with its result", `<c r="A1" t="str"><f>B1&amp;"x"</f><v>好</v></c>`, "好"},
		{"formula with an empty result", `<c r="A1" t="str"><f>""</f><v></v></c><c r="B1"><v>1</v></c>`, "|1"},
		{"formula without a result", `<c r="A1"><f>SUM(B1:B3)</f></c>`, "=SUM(B1:B3)"},
		{"shared formula without a result", `<c r="A1"><f t="shared" si="0"/></c>`, "="},
		{"gaps", `<c r="C1"><v>3</v></c><c r="AA1"><v>27</v></c>`, "||3" + strings.Repeat("|", 24) + "27"},
		{"no references", `<c><v>1</v></c><c/><c><v>3</v></c>`, "1||3"},
		{"entities", `<c r="A1" t="inlineStr"><is><t>&lt;a&gt; &amp;amp; &#x4E00;&#20108; &unknown; &</t></is></c>`, "<a> &amp; 一二 &unknown; &"},
		{"CDATA", `<c r="A1" t="inlineStr"><is><t><![CDATA[<a>]] > ]]></t></is></c>`, "<a>]] > "},
		{"comments and instructions", `<!-- <c r="A1"><v>0</v></c> --><?x y?><c r="A1"><v><!--->-->1</v></c>`, "1"},
		{"single quotes and > in attributes", `<c r='A1' x="a>b" y='"'><v>1</v></c>`, "1"},
		{"characters XML forbids", "<c r=\"A1\" t=\"inlineStr\"><is><t>甲\x0b乙&#x1;\xff</t></is></c>", "甲\x0b乙\x01\ufffd"},
		{"prefixed tags", `<x:c r="A1"><x:v>1</x:v></x:c>`, "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := read(t, oneSheet(t, `<row r="1">`+c.cells+`</row>`, "xl/sharedStrings.xml", shared))
			if got := strings.Join(rows[1], "|"); got != c.want || err != nil {
				t.Errorf("%q %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestRowsKeepTheirNumbers(t *testing.T) {
	rows, err := read(t, oneSheet(t, `<row r="2"><c r="A2"><v>1</v></c></row><row r="3"><c r="A3" t="inlineStr"><is><t> </t></is></c></row><row r="7" hidden="1"><c><v>2</v></c></row><row><c><v>3</v></c></row><row r="2000"><c r="B2000"><v>4</v></c></row>`))
	if d := cmp.Diff(map[int][]string{2: {"1"}, 7: {"2"}, 8: {"3"}, 2000: {"", "4"}}, rows); d != "" || err != nil {
		t.Error(d, err)
	}
}

func inline(cells ...string) string {
	row := ""
	for _, c := range cells {
		row += `<c t="inlineStr"><is><t>` + c + `</t></is></c>`
	}
	return row
}

func TestTheFirstVisibleWorksheetWithAHeaderIsRead(t *testing.T) {
	sheet := func(name, state, id string) string {
		return fmt.Sprintf(`<sheet name="%s" sheetId="1" state="%s" r:id="%s"/>`, name, state, id)
	}
	data := func(rows ...string) string {
		return `<worksheet><dimension ref="A1:C40"/><sheetData><row>` + strings.Join(rows, "</row><row>") + `</row></sheetData></worksheet>`
	}
	with := func(sheets string, parts ...string) []byte {
		m := workbookParts(sheets)
		for i, p := range parts {
			m[fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)] = p
		}
		return zipped(t, m)
	}
	full := data(inline("标题"), inline("工单编号", "内容"), inline("20260822223850", "x"))
	t.Run("not the hidden one", func(t *testing.T) {
		s, err := OpenSheet(save(t, with(sheet("隐藏", "hidden", "rId1")+sheet("更隐藏", "veryHidden", "rId2")+sheet("说明", "visible", "rId3")+sheet("明细", "", "rId4"), full, full, data(inline("填表说明")), full)))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		row, m, err := s.Header()
		if s.Name() != "明细" || row != 2 || err != nil || !m.Has(ticket.FieldContent) || s.Rows() != 40 {
			t.Error(s.Name(), row, err, s.Rows())
		}
		if len(s.Head()) != 3 || s.Head()[1][0] != "工单编号" {
			t.Error(s.Head())
		}
	})
	t.Run("without a header the first with rows, and Header says why", func(t *testing.T) {
		s, err := OpenSheet(save(t, with(sheet("空", "", "rId1")+sheet("一", "", "rId2")+sheet("二", "", "rId3"), `<worksheet><sheetData/></worksheet>`, data(inline("甲")), data(inline("乙")))))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, _, err := s.Header(); s.Name() != "一" || apperr.ReasonOf(err) != "ticket.header_not_found" {
			t.Error(s.Name(), err)
		}
		rows, err := rowsOf(t, s)
		if len(rows) != 1 || err != nil {
			t.Error(rows, err)
		}
	})
	t.Run("a profile helps", func(t *testing.T) {
		s, err := OpenSheet(save(t, with(sheet("一", "", "rId1")+sheet("二", "", "rId2"), data(inline("甲")), data(inline("单据", "正文")))), ticket.Profile{Columns: []ticket.ProfileColumn{{Header: "单据", Field: ticket.FieldOrderNo}, {Header: "正文", Field: ticket.FieldContent}}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, _, err := s.Header(); s.Name() != "二" || err != nil {
			t.Error(s.Name(), err)
		}
	})
	t.Run("nothing visible", func(t *testing.T) {
		_, err := read(t, with(sheet("一", "hidden", "rId1"), full))
		wantReason(t, err, "intake.sheet_empty", "隐藏的工作表不读取")
	})
}

func TestDateSystem(t *testing.T) {
	for in, want := range map[string]bool{`<workbookPr date1904="1"/>`: true, `<workbookPr date1904="true"/>`: true, `<workbookPr date1904="0"/>`: false, ``: false} {
		parts := workbookParts(`<sheet name="明细" sheetId="1" r:id="rId1"/>`)
		parts["xl/worksheets/sheet1.xml"] = `<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>`
		parts["xl/workbook.xml"] = strings.Replace(parts["xl/workbook.xml"], "<sheets>", in+"<sheets>", 1)
		s, err := OpenSheet(save(t, zipped(t, parts)))
		if err != nil || s.Date1904() != want {
			t.Error(in, err)
			continue
		}
		s.Close()
	}
}

func wantReason(t *testing.T, err error, reason, say string) {
	t.Helper()
	var e *apperr.Error
	if !errors.As(err, &e) || e.Reason != reason || !strings.Contains(e.Message, say) {
		t.Errorf("%v, want %s with %s", err, reason, say)
	}
}

func TestWhatIsNoSheetIsRefusedWithAdvice(t *testing.T) {
	good := oneSheet(t, `<row><c><v>1</v></c></row>`)
	encrypted := bytes.Clone(good)
	for i := range encrypted {
		if bytes.HasPrefix(encrypted[i:], []byte("PK\x01\x02")) {
			encrypted[i+8] |= 1
		}
	}
	noSheets := workbookParts("")
	delete(noSheets, "xl/workbook.xml")
	delete(noSheets, "_rels/.rels")
	binaryBook := maps.Clone(noSheets)
	binaryBook["xl/workbook.bin"] = "x"
	for _, c := range []struct {
		name        string
		content     []byte
		reason, say string
	}{
		{"empty", nil, "intake.sheet_empty", "空的"},
		{"blank", []byte("\ufeff \r\n\n"), "intake.sheet_empty", "空的"},
		{"another zip", zipped(t, map[string]string{"a.txt": "x"}), "intake.sheet_format", "压缩包"},
		{"workbook without a workbook", zipped(t, noSheets), "intake.sheet_format", "压缩包，不是表格"},
		{"binary workbook", zipped(t, binaryBook), "intake.sheet_format", ".xlsb"},
		{"locked zip", encrypted, "intake.sheet_locked", "密码"},
		{"zip cut off", good[:len(good)-30], "intake.sheet_damaged", "没有下载完整"},
		{"noise", bytes.Repeat([]byte{0xff, 0xfe - 1, 0x01, 0x80}, 100), "intake.sheet_encoding", "编码无法识别"},
		{"string that is not there", oneSheet(t, `<row><c t="s"><v>9</v></c></row>`), "intake.sheet_damaged", "第 1 行之后损坏"},
		{"string that is no number", oneSheet(t, `<row><c t="s"><v>x</v></c></row>`), "intake.sheet_damaged", "损坏"},
		{"wrong reference", oneSheet(t, `<row><c r="1A"><v>9</v></c></row>`), "intake.sheet_damaged", "损坏"},
		{"wrong row number", oneSheet(t, `<row r="-1"><c><v>9</v></c></row>`), "intake.sheet_damaged", "损坏"},
		{"document type", oneSheet(t, `<!DOCTYPE x [<!ENTITY a "b">]><row/>`), "intake.sheet_damaged", "损坏"},
		{"a worksheet that is missing", zipped(t, workbookParts(`<sheet name="明细" sheetId="1" r:id="rId1"/>`)), "intake.sheet_empty", "可见的数据"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(t, c.content)
			wantReason(t, err, c.reason, c.say)
		})
	}
	_, err := OpenSheet(filepath.Join(t.TempDir(), "没有.xlsx"))
	wantReason(t, err, "intake.sheet_missing", "没有.xlsx")
	if apperr.CodeOf(err) != apperr.NotFound {
		t.Error(apperr.CodeOf(err))
	}
	_, err = OpenSheet(t.TempDir())
	wantReason(t, err, "intake.sheet_format", "不是文件")
}

func TestAFileThatBreaksOffIsAnErrorAtThatRow(t *testing.T) {
	parts := workbookParts(`<sheet name="明细" sheetId="1" r:id="rId1"/>`)
	var data strings.Builder
	for range 30 {
		data.WriteString("<row>" + inline("20260822223850", "内容") + "</row>")
	}
	for name, tail := range map[string]string{"between rows": "", "in a tag": "<row><c t=", "in a text": "<row><c><v>12"} {
		t.Run(name, func(t *testing.T) {
			parts["xl/worksheets/sheet1.xml"] = `<worksheet><sheetData>` + data.String() + tail
			s, err := OpenSheet(save(t, zipped(t, parts)))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			rows, err := rowsOf(t, s)
			if len(rows) != 30 {
				t.Error(len(rows))
			}
			wantReason(t, err, "intake.sheet_damaged", "第 3")
			if _, _, again := s.Next(); again != err {
				t.Error("the error stays", again)
			}
		})
	}
	t.Run("wrong checksum", func(t *testing.T) {
		content := oneSheet(t, data.String())
		for i := range content { // in the central directory
			if bytes.HasPrefix(content[i:], []byte("PK\x01\x02")) && bytes.HasPrefix(content[i+46:], []byte("xl/worksheets")) {
				content[i+16] ^= 0xff
			}
		}
		_, err := read(t, content)
		wantReason(t, err, "intake.sheet_damaged", "第 30 行之后损坏")
	})
}

func TestLimits(t *testing.T) {
	tight := standard
	tight.file, tight.unzipped, tight.ratio, tight.bombFrom = 1<<20, 4<<20, 100, 1<<20
	tight.rows, tight.columns, tight.cell, tight.row, tight.strings = 100, 10, 1000, 5000, 50
	bomb := func(size int) []byte { return oneSheet(t, strings.Repeat(" ", size)) }
	words := `<sst>` + strings.Repeat(`<si><t>x</t></si>`, 51) + `</sst>`
	long := strings.Repeat("长", 1001)
	for _, c := range []struct {
		name        string
		content     []byte
		reason, say string
	}{
		{"file too large", bytes.Repeat([]byte("工单编号,内容\n"), 1<<17), "intake.sheet_too_large", "文件超过 1 MB，请分批导出"},
		{"unpacks to too much", bomb(5 << 20), "intake.sheet_too_large", "解压后过大"},
		{"packed too tightly", bomb(2 << 20), "intake.sheet_too_large", "解压后过大"},
		{"row number", oneSheet(t, `<row r="101"><c><v>1</v></c></row>`), "intake.sheet_limit", "行数超过 100 行"},
		{"column", oneSheet(t, `<row r="5"><c r="K5"><v>1</v></c></row>`), "intake.sheet_limit", "第 5 行超过 10 列"},
		{"inline cell", oneSheet(t, `<row>`+inline(long)+`</row>`), "intake.sheet_limit", "第 1 行有一个单元格超过 1000 字"},
		{"shared cell", oneSheet(t, `<row><c t="s"><v>0</v></c></row>`, "xl/sharedStrings.xml", `<sst><si><t>`+long+`</t></si></sst>`), "intake.sheet_limit", "超过 1000 字"},
		{"very long cell", oneSheet(t, `<row>`+inline(strings.Repeat(long, 20))+`</row>`), "intake.sheet_limit", "超过 1000 字"},
		{"cell in many pieces", oneSheet(t, `<row><c t="inlineStr"><is>`+strings.Repeat(`<r><t>`+long[:900]+`</t></r>`, 30)+`</is></c></row>`), "intake.sheet_limit", "超过 1000 字"},
		{"row", oneSheet(t, `<row>`+inline(slices.Repeat([]string{long[:900]}, 6)...)+`</row>`), "intake.sheet_limit", "第 1 行的内容过长"},
		{"string table", oneSheet(t, `<row/>`, "xl/sharedStrings.xml", words), "intake.sheet_limit", "超过 50 条"},
		{"text rows", []byte(strings.Repeat("a\n", 101)), "intake.sheet_limit", "行数超过 100 行"},
		{"text columns", []byte(strings.Repeat("a,", 10) + "b\n"), "intake.sheet_limit", "第 1 行超过 10 列"},
		{"text cell", []byte("a\n" + long + "\n"), "intake.sheet_limit", "第 2 行有一个单元格超过 1000 字"},
		{"text row", []byte(strings.Repeat(long[:900]+",", 6)), "intake.sheet_limit", "第 1 行的内容过长"},
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
	t.Run("formatted columns far to the right say nothing", func(t *testing.T) {
		s, err := openSheet(save(t, oneSheet(t, `<row><c r="A1"><v>1</v></c><c r="XFD1" s="1"/></row>`)), tight, anyHeader)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	})
}

func TestTheStringTableSpillsAndIsRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	small := standard
	small.memory = 1000
	table, row := "", ""
	for i := range 500 {
		table += fmt.Sprintf("<si><t>第%d条</t></si>", i)
		if i < 400 {
			row += fmt.Sprintf(`<c t="s"><v>%d</v></c>`, 499-i)
		}
	}
	path := save(t, oneSheet(t, "<row>"+row+"</row>", "xl/sharedStrings.xml", "<sst>"+table+"</sst>"))
	s, err := openSheet(path, small, anyHeader)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := rowsOf(t, s)
	if err != nil || len(rows[1]) != 400 || rows[1][0] != "第499条" || rows[1][399] != "第100条" {
		t.Error(rows, err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
		t.Error("left behind:", left)
	}
	if _, _, err := s.Next(); !errors.Is(err, fs.ErrClosed) && err != io.EOF {
		t.Error(err)
	}
}

func TestText(t *testing.T) {
	gb := func(s string) []byte {
		b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	wide := func(s string, order binary.AppendByteOrder) []byte {
		b := order.AppendUint16(nil, 0xfeff)
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	plainRows := "工单编号,内容描述,备注\n20260822223850,路灯不亮𠮷,\n"
	want := map[int][]string{1: {"工单编号", "内容描述", "备注"}, 2: {"20260822223850", "路灯不亮𠮷"}}
	for _, c := range []struct {
		name    string
		content []byte
		want    map[int][]string
	}{
		{"UTF-8", []byte(plainRows), want},
		{"UTF-8 with BOM", []byte("\ufeff" + plainRows), want},
		{"GB18030", gb(plainRows), want},
		{"UTF-16LE with tabs", wide(strings.ReplaceAll(plainRows, ",", "\t"), binary.LittleEndian), want},
		{"UTF-16BE", wide(plainRows, binary.BigEndian), want},
		{"semicolons", []byte(strings.ReplaceAll(plainRows, ",", ";")), want},
		{"tabs, with commas in the text", []byte("工单编号\t内容\n1\ta,b,c,d\n2\ta,b,c,d\n"), map[int][]string{1: {"工单编号", "内容"}, 2: {"1", "a,b,c,d"}, 3: {"2", "a,b,c,d"}}},
		{"commas under a title, without a known header", []byte("标题;一\na,b,c\n1,2,3\n"), map[int][]string{1: {"标题;一"}, 2: {"a", "b", "c"}, 3: {"1", "2", "3"}}},
		{"a separator line", []byte("sep=;\r\n工单编号;内容\r\n1;a,b\r\n"), map[int][]string{1: {"工单编号", "内容"}, 2: {"1", "a,b"}}},
		{"quotes", []byte("a,\"b,\"\"c\"\"\nd\",e\r\n\"\",\"f\"\r\n"), map[int][]string{1: {"a", "b,\"c\"\nd", "e"}, 2: {"", "f"}}},
		{"quotes not doubled", []byte("a,\"他说\"你好\"就走\",b\n"), map[int][]string{1: {"a", "他说\"你好\"就走", "b"}}},
		{"blanks after a quote", []byte("\"a\"  ,\"b\" \n"), map[int][]string{1: {"a", "b"}}},
		{"a quote inside a word", []byte("a,5\"管,b\n"), map[int][]string{1: {"a", "5\"管", "b"}}},
		{"a quote that never closes", []byte("a,\"b,c\nd,e\n"), map[int][]string{1: {"a", "\"b", "c"}, 2: {"d", "e"}}},
		{"digits kept as text", []byte("=\"0012\",\"=\"\"0034\"\"\"\n"), map[int][]string{1: {"0012", "0034"}}},
		{"blank lines count", []byte("a,b\n\n ,\nc\n"), map[int][]string{1: {"a", "b"}, 4: {"c"}}},
		{"old line ends", []byte("a,b\rc,d\r"), map[int][]string{1: {"a", "b"}, 2: {"c", "d"}}},
		{"no end of line at the end", []byte("a,b\nc,"), map[int][]string{1: {"a", "b"}, 2: {"c"}}},
		{"a character cut in half", []byte("内容描述" + strings.Repeat("很长的内容", 30) + "\xe9\x95\n完\n"), map[int][]string{1: {"内容描述" + strings.Repeat("很长的内容", 30) + "\ufffd"}, 2: {"完"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(t, c.content)
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Error(d, err)
			}
		})
	}
	t.Run("Chinese only after half a megabyte", func(t *testing.T) {
		rows, err := read(t, append(bytes.Repeat([]byte("abc,def\n"), 1<<16), gb("内容\n")...))
		if err != nil || rows[1<<16+1][0] != "内容" {
			t.Error(err, rows[1<<16+1])
		}
	})
	t.Run("a quote in every line ends in time", func(t *testing.T) {
		start := time.Now()
		_, err := read(t, bytes.Repeat([]byte("\"a\r\"b\r"), 1<<17))
		if time.Since(start) > 20*time.Second {
			t.Error(time.Since(start), err)
		}
	})
}

func TestProgressReachesOne(t *testing.T) {
	for name, content := range map[string][]byte{"text": bytes.Repeat([]byte("a,b\n"), 1000), "workbook": oneSheet(t, strings.Repeat("<row>"+inline("a", "b")+"</row>", 1000))} {
		s, err := OpenSheet(save(t, content))
		if err != nil {
			t.Fatal(err)
		}
		before := -1.0
		for {
			p := s.Progress()
			if p < before || p < 0 || p > 1 {
				t.Error(name, p, before)
			}
			before = p
			if _, _, err := s.Next(); err != nil {
				break
			}
		}
		if s.Progress() != 1 || s.Rows() < 1000 || s.Rows() > 1001 {
			t.Error(name, s.Progress(), s.Rows())
		}
		s.Close()
	}
}

func TestWriteSheetIsReadBack(t *testing.T) {
	at := time.Date(2026, 10, 26, 10, 27, 26, 0, ticket.Shanghai)
	var buf bytes.Buffer
	rows := slices.Values([][]any{
		{"20260822223850", at, "路灯不亮", 3, 1.5, true, nil, at.UTC()},
		{"=1+1", "+86", "-5", "@x", "\t=1", "'a", "1=1", time.Time{}},
		{&at, (*time.Time)(nil), ticket.Hotline, strings.Repeat("长", 40_000)},
	})
	if err := WriteSheet(&buf, "=某某街道工单明细", []string{"工单编号", "受理时间", "内容描述", "甲", "乙", "丙", "丁", "戊"}, rows); err != nil {
		t.Fatal(err)
	}
	path := save(t, buf.Bytes())
	got, err := read(t, buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got[1][0] != "'=某某街道工单明细" || got[2][0] != "工单编号" {
		t.Error(got[1], got[2])
	}
	when, hasTime, err := ticket.ParseTime(got[3][1], false)
	if err != nil || !when.Equal(at) || !hasTime || got[3][7] != got[3][1] {
		t.Error(when, err, got[3])
	}
	got[3][1], got[3][7] = "", ""
	if d := cmp.Diff([]string{"20260822223850", "", "路灯不亮", "3", "1.5", "TRUE", "", ""}, got[3]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"'=1+1", "'+86", "'-5", "'@x", "'\t=1", "'a", "1=1"}, got[4]); d != "" {
		t.Error(d)
	}
	if s := got[5][3]; len([]rune(s)) != 32767 || !strings.HasSuffix(s, "已截断）") || got[5][2] != "hotline" {
		t.Error(len([]rune(s)))
	}
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v, _ := f.GetCellValue("Sheet1", "B3"); v != "2026-10-26 10:27:26" {
		t.Error("a spreadsheet shows", v)
	}
	if m, _ := f.GetMergeCells("Sheet1"); len(m) != 1 || m[0].GetEndAxis() != "H1" {
		t.Error(m)
	}
}

func TestWritingFailsWithTheWriter(t *testing.T) {
	broken := errors.New("disk full")
	err := WriteSheet(failing{broken}, "", []string{"a"}, slices.Values([][]any{{"x"}}))
	if !errors.Is(err, broken) || apperr.ReasonOf(err) != "intake.sheet_write" {
		t.Error(err)
	}
	wantReason(t, WriteSheet(io.Discard, "", make([]string, 501), slices.Values([][]any{})), "intake.sheet_limit", "500 列")
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// The rows of any workbook a well-known library writes are those it reads itself.
func TestAWorkbookReadsAsExcelizeReadsIt(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f := excelize.NewFile()
		defer f.Close()
		text := rapid.StringOf(rapid.RuneFrom([]rune("甲乙a1 <>&\"'_x\n\t𠮷")))
		cell := rapid.OneOf(rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.IntRange(-1e9, 1e15), func(n int) any { return n }),
			rapid.Map(rapid.Float64Range(-1e6, 1e6), func(v float64) any { return v }), rapid.Just[any](nil))
		stream := rapid.Bool().Draw(t, "stream")
		var w *excelize.StreamWriter
		var err error
		if stream {
			if w, err = f.NewStreamWriter("Sheet1"); err != nil {
				t.Fatal(err)
			}
		}
		row := 0
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			row += rapid.IntRange(1, 3).Draw(t, "down")
			cells := rapid.SliceOfN(cell, 1, 6).Draw(t, "cells")
			at, _ := excelize.CoordinatesToCellName(1, row)
			if stream {
				err = w.SetRow(at, cells)
			} else {
				err = f.SetSheetRow("Sheet1", at, &cells)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if stream {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, "a.xlsx")
		if err := f.SaveAs(path); err != nil {
			t.Fatal(err)
		}
		back, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		all, err := back.GetRows("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		want := map[int][]string{}
		for i, cells := range all {
			if cells = cells[:width(cells)]; !blank(cells) {
				want[i+1] = cells
			}
		}
		s, err := OpenSheet(path)
		if len(want) == 0 {
			if apperr.ReasonOf(err) != "intake.sheet_empty" {
				t.Fatal(err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got := map[int][]string{}
		for {
			n, cells, err := s.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got[n] = cells[:width(cells)]
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzOpenSheet(f *testing.F) {
	f.Add([]byte("工单编号,内容\n1,\"a\"\"b\"\n"))
	f.Add([]byte("\xff\xfea\x00\t\x00"))
	f.Add([]byte("sep=;\n\"a;b\r\"c\"\r"))
	f.Add([]byte("\xd0\xcf\x11\xe0"))
	f.Add(oneSheet(f, `<row r="1"><c r="A1" t="s"><v>0</v></c></row>`, "xl/sharedStrings.xml", `<sst><si><t>甲</t></si></sst>`))
	tight := standard
	tight.unzipped, tight.cell, tight.row, tight.columns = 1<<20, 1000, 10_000, 50
	f.Fuzz(func(t *testing.T, content []byte) { try(t, content, tight) })
}

func FuzzWorksheet(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1"><f>1</f></c></row>`, `<si><r><t>a</t></r><rPh><t>b</t></rPh></si>`)
	f.Add(`<!-- > --><row><c><is><t><![CDATA[x]]></t></is></c></row><row r='3' a=">"/>`, `<si/><si><t>_x0041_&#65;&amp</t></si>`)
	tight := standard
	tight.unzipped, tight.cell, tight.row, tight.columns = 1<<20, 1000, 10_000, 50
	f.Fuzz(func(t *testing.T, data, table string) {
		try(t, oneSheet(t, data, "xl/sharedStrings.xml", "<sst>"+table+"</sst>"), tight)
	})
}

// try reads what may be anything: it must end, within the limits, with an error of ours or none.
func try(t *testing.T, content []byte, lim limits) {
	t.Helper()
	start := time.Now()
	s, err := sheetOf(bytes.NewReader(content), int64(len(content)), lim, anyHeader)
	defer func() {
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%d bytes took %v", len(content), took)
		}
	}()
	if err == nil {
		defer s.Close()
		for n := 0; err == nil; n++ {
			var cells []string
			var number int
			if number, cells, err = s.Next(); err == nil && (len(cells) > lim.columns || number < 1 || n > len(content)) {
				t.Errorf("row %d of %d cells after %d rows", number, len(cells), n)
			}
		}
		if err == io.EOF {
			return
		}
	}
	if apperr.CodeOf(err) == apperr.Internal {
		t.Error(err)
	}
}
