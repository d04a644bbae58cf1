package demo

import (
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"xiaopu/server/ticket"
)

// liftsFile is the sheet of Lifts, beside the sample.
const liftsFile = "12345工单导出（电梯）.xlsx"

// LiftsSample is where Load keeps the sheet of Lifts, given the path of the sample.
func LiftsSample(sample string) string { return filepath.Join(filepath.Dir(sample), liftsFile) }

// Lifts are six complaints of today, to be imported by who tries the program: five people about the lifts of one compound, in
// words of their own, and one of them, word for word, about another compound.
func Lifts(now time.Time) []Row {
	e := &export{now: now.In(ticket.Shanghai).Truncate(time.Second), rand: rand.New(rand.NewPCG(20251122, 7)), used: map[string]bool{}, persons: 5000}
	for _, r := range Export(now) {
		e.used[r.OrderNo] = true
	}
	at := e.instants(0, 6)
	add := func(i int, where, content string) {
		r, _ := e.writeAt("电梯频繁故障", where, e.person(), at[i], content)
		r.Title, r.Returned, r.Reassigned, r.Contacted = "", 0, 0, ""
		e.rows = append(e.rows, r)
	}
	add(0, Lanwei, "市民投诉：澜苇名庭的电梯坏了没有人管，维保单位来过两次都是重启一下就走。")
	for i, content := range []string{
		"市民来电反映：沐晴佳苑3号楼的电梯这个月已经停了三次，今天早上又有老人被困在里面。",
		"来电人表示，沐晴佳苑电梯又停运了，物业一直拖着不修，住在高层的人上下楼都要爬楼梯。",
		"市民投诉：沐晴佳苑的电梯坏了没有人管，维保单位来过两次都是重启一下就走。",
		"诉求人来电反映，家住沐晴佳苑，轿厢门关不上，孕妇和孩子只能走楼梯，希望尽快维修。",
		"市民反映，沐晴佳苑的电梯抖得厉害，还会突然停住，大家都不敢坐，请有关部门检查。",
	} {
		add(i+1, Muqing, content)
	}
	slices.SortFunc(e.rows, func(a, b Row) int { return strings.Compare(a.OrderNo, b.OrderNo) })
	return e.rows
}

// WriteLifts writes Lifts(now) as WriteExport writes the export.
func WriteLifts(w io.Writer, now time.Time) error { return writeRows(w, Lifts(now)) }
