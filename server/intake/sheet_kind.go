package intake

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
)

// signatures are how files begin that people take for a sheet because of their name.
var signatures = []struct{ start, what string }{
	{"\x89PNG\r\n\x1a\n", "图片（PNG）"},
	{"\xff\xd8\xff", "图片（JPEG）"},
	{"GIF87a", "图片（GIF）"},
	{"GIF89a", "图片（GIF）"},
	{"BM", "图片（BMP）"},
	{"II*\x00", "图片（TIFF）"},
	{"MM\x00*", "图片（TIFF）"},
	{"%PDF-", "PDF 文件"},
	{"Rar!\x1a\x07", "RAR 压缩包"},
	{"7z\xbc\xaf\x27\x1c", "7z 压缩包"},
	{"\x1f\x8b\x08", "gzip 压缩包"},
	{"{\\rtf", "RTF 文档"},
	{"MZ", "程序文件"},
	{"SQLite format 3\x00", "数据库文件"},
}

// foreign says what a file is that is no sheet, by its first bytes; "" when they do not tell.
func foreign(start []byte) string {
	if bytes.HasPrefix(start, []byte("RIFF")) && len(start) >= 12 && string(start[8:12]) == "WEBP" {
		return "图片（WebP）"
	}
	if len(start) >= 12 && string(start[4:8]) == "ftyp" && slices.Contains([]string{"heic", "heix", "mif1", "avif"}, string(start[8:12])) {
		return "手机照片（HEIC）"
	}
	for _, s := range signatures {
		if !bytes.HasPrefix(start, []byte(s.start)) {
			continue
		}
		// Two letters are also how a text may begin; only other files have zeros among their first bytes.
		if len(s.start) > 2 || bytes.IndexByte(start[:min(64, len(start))], 0) >= 0 {
			return s.what
		}
	}
	return ""
}

// packed says what a zip file is that is no workbook.
func packed(parts map[string]*zip.File) string {
	has := func(name string) bool { return parts[name] != nil }
	switch {
	case has("word/document.xml"):
		return "Word 文档（.docx）"
	case has("ppt/presentation.xml"):
		return "演示文稿（.pptx）"
	case has("ofd.xml"):
		return "OFD 版式文件"
	case has("content.xml") && has("meta-inf/manifest.xml"):
		return "OpenDocument 文件（.ods、.odt）"
	}
	for name := range parts {
		if i := strings.LastIndexByte(name, '.'); i >= 0 && slices.Contains([]string{".xlsx", ".xls", ".csv"}, name[i:]) {
			return "压缩包，里面有表格，请先解压"
		}
	}
	return "压缩包"
}

// noSheet refuses a file that is something else, and says what.
func noSheet(what string) error {
	return refuse("format", "这是%s，不是表格；请选择导出的 .xlsx、.xls 或 .csv 文件", what)
}
