package ticket

import "fmt"

// A worksheet has at most 2^20 rows and a workbook 1,000 worksheets, so a line fits into 31 bits.
const rowBits = 21

// Line is the place of a row in a file as one number: of the worksheet, counted from 0 among those that can be seen, and of
// the row as a spreadsheet shows it. In the first worksheet it is the row's number, and it grows through the file.
func Line(worksheet, row int) int { return worksheet<<rowBits | row }

// SplitLine gives what Line was made of.
func SplitLine(line int) (worksheet, row int) { return line >> rowBits, line & (1<<rowBits - 1) }

// Place names a line as people find it: 第 12 行, 第 2 张工作表第 12 行.
func Place(line int) string {
	worksheet, row := SplitLine(line)
	if worksheet == 0 {
		return fmt.Sprintf("第 %d 行", row)
	}
	return fmt.Sprintf("第 %d 张工作表第 %d 行", worksheet+1, row)
}
