package intake

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// BenchmarkReadSheet reads 100,000 rows of 26 columns, as one large export has them. “MB-more” is how much the process
// grew at its peak: it must not depend on the size of the file.
func BenchmarkReadSheet(b *testing.B) {
	const rows = 100_000
	body := "市民来电反映：望舒里北门外非机动车道长期被占，夜间渣土车通行噪声扰民，多次向物业、城管、交警反映均未解决，诉求尽快明确责任单位并给予答复。"
	for _, c := range []struct {
		name   string
		shared bool
	}{{"inline strings", false}, {"shared strings", true}} {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "rows.xlsx")
			writeLarge(b, path, rows, c.shared, body)
			for b.Loop() {
				runtime.GC()
				before := resident()
				top := before
				start := time.Now()
				s, err := OpenSheet(path)
				if err != nil {
					b.Fatal(err)
				}
				n, cells := 0, 0
				for {
					_, row, err := s.Next()
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					if n++; n%1000 == 0 {
						top = max(top, resident())
					}
					cells += len(row)
				}
				took := time.Since(start)
				if err := s.Close(); err != nil || n != rows+1 || cells != 26*(rows+1) {
					b.Fatal(n, cells, err)
				}
				b.ReportMetric(took.Seconds(), "s/file")
				b.ReportMetric(float64(top-before)/(1<<20), "MB-more")
			}
		})
	}
}

// resident is the memory of this process in bytes; 0 where the system does not tell.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var all, res int64
	if _, err := fmt.Sscan(string(b), &all, &res); err != nil {
		return 0
	}
	return res * int64(os.Getpagesize())
}

func writeLarge(b *testing.B, path string, rows int, shared bool, body string) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	part := func(name string) *bufio.Writer {
		w, err := z.Create(name)
		if err != nil {
			b.Fatal(err)
		}
		return bufio.NewWriter(w)
	}
	flush := func(w *bufio.Writer) {
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	for name, text := range workbookParts(`<sheet name="表" sheetId="1" r:id="rId1"/>`) {
		w := part(name)
		fmt.Fprint(w, text)
		flush(w)
	}
	cell := func(r, c int) string {
		if r == 1 {
			return []string{"工单编号", "受理时间", "内容描述"}[min(c, 2)] + strings.Repeat("备", c)
		}
		switch c {
		case 0:
			return fmt.Sprintf("2026%010d", r)
		case 2:
			return fmt.Sprintf("%s第%d件", body+strings.Repeat("补充说明。", r%20), r)
		case 3:
			return fmt.Sprintf("1380000%04d", r%10000)
		}
		return fmt.Sprintf("第%d列的值%d", c, r%50)
	}
	index := map[string]int{}
	var table []string
	w := part("xl/worksheets/sheet1.xml")
	fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for r := 1; r <= rows+1; r++ {
		fmt.Fprintf(w, `<row r="%d" spans="1:26">`, r)
		for c := range 26 {
			name := string(rune('A' + c))
			switch {
			case c >= 20 && r > 1:
				fmt.Fprintf(w, `<c r="%s%d" s="3"><v>46%03d.%d</v></c>`, name, r, r%1000, r)
			case shared:
				s := cell(r, c)
				i, ok := index[s]
				if !ok {
					i = len(table)
					index[s] = i
					table = append(table, s)
				}
				fmt.Fprintf(w, `<c r="%s%d" t="s"><v>%d</v></c>`, name, r, i)
			default:
				fmt.Fprintf(w, `<c r="%s%d" t="inlineStr"><is><t>%s</t></is></c>`, name, r, cell(r, c))
			}
		}
		fmt.Fprint(w, "</row>")
	}
	fmt.Fprint(w, "</sheetData></worksheet>")
	flush(w)
	w = part("xl/sharedStrings.xml")
	fmt.Fprintf(w, `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" uniqueCount="%d">`, len(table))
	for _, s := range table {
		fmt.Fprint(w, "<si><t>", s, "</t></si>")
	}
	fmt.Fprint(w, "</sst>")
	flush(w)
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
}
