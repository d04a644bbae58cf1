// Package demo makes the data a visitor can try the program on: a street that does not exist, its departments and
// communities, and an export of its hotline. Everything in it is invented; telephone numbers are of blocks nobody has
// (1380000…, 1390000…). For one instant it always makes the same data, and it fails only where it is written to.
package demo

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"xiaopu/server/intake"
	"xiaopu/server/ticket"
)

// Row is one ticket of the export, before it becomes cells.
type Row struct {
	Story string // which built-in story it belongs to; empty for the everyday ones; not in the file

	OrderNo      string
	AcceptedAt   time.Time
	Channel      string
	Kind         string
	Title        string
	Content      string
	Name         string
	Phone        string
	Address      string
	Community    string
	Category     [3]string
	Department   string
	Flow         string // departments it passed, with arrows
	DispatchedAt time.Time
	DueAt        time.Time
	ClosedAt     time.Time // zero while open
	Returned     int       // -1: the cell is blank
	Reassigned   int       // -1: the cell is blank
	Contacted    string
	Outcome      string
	Satisfaction string
	Reply        string
	Related      string // order number
	Cross        string
}

// The stories the export tells. Each row of one carries its name.
const (
	StoryDissatisfied   = "不满意"
	StoryReassigned     = "重新交办" // by the column
	StoryChain          = "重新交办链"
	StoryReassignedText = "重新交办正文" // by tags in the text
	StoryReturned       = "退单"     // three departments, by tags
	StoryPassed         = "流转"     // three departments, by column and history
	StoryBurstFive      = "集中来电五人"
	StoryBurstSix       = "集中来电六件"
	StoryHot            = "高频热点"
	StoryLong           = "长期未解决"
	StoryCross          = "三跨"
)

// days is how far back the export goes.
const days = 35

// Export makes about 400 tickets of the five weeks before now, oldest first: some three hundred everyday ones that were
// solved, some that are still open, and the stories. Times are before now and on Shanghai's clock.
func Export(now time.Time) []Row {
	e := &export{
		now:  now.In(ticket.Shanghai).Truncate(time.Second),
		rand: rand.New(rand.NewPCG(20251122, 6)), // fixed: two visitors see the same street
		used: map[string]bool{},
	}
	e.stories()
	e.everyday()
	slices.SortFunc(e.rows, func(a, b Row) int { return strings.Compare(a.OrderNo, b.OrderNo) })
	return e.rows
}

type export struct {
	now     time.Time
	rand    *rand.Rand
	used    map[string]bool // order numbers
	persons int
	rows    []Row
}

func pick[T any](e *export, of []T) T { return of[e.rand.IntN(len(of))] }

// instant is a moment of the day that many days ago, when people call; never after now.
func (e *export) instant(daysAgo int) time.Time {
	d := e.now.AddDate(0, 0, -daysAgo)
	at := time.Date(d.Year(), d.Month(), d.Day(), 7, 0, 0, 0, ticket.Shanghai).Add(time.Duration(e.rand.IntN(15*3600)) * time.Second)
	if at.After(e.now) {
		// Early today: spread over what there is of the day.
		midnight := time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, ticket.Shanghai)
		at = midnight.Add(time.Duration(e.rand.Int64N(int64(e.now.Sub(midnight))/int64(time.Second)+1)) * time.Second)
	}
	for e.used[at.Format(orderLayout)] {
		at = at.Add(-time.Second)
	}
	e.used[at.Format(orderLayout)] = true
	return at
}

// instants are n moments of one day, in order.
func (e *export) instants(daysAgo, n int) []time.Time {
	var at []time.Time
	for range n {
		at = append(at, e.instant(daysAgo))
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}

const orderLayout = "20060102150405"

type person struct{ name, phone string }

var surnames = []string{"赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫", "蒋", "沈", "韩", "杨", "朱", "秦", "许", "何", "吕", "施", "张", "孔", "曹", "严", "华", "金", "陶", "姜"}

// person is somebody new, with a number of their own.
func (e *export) person() person {
	e.persons++
	block := "1380000"
	if e.persons%2 == 0 {
		block = "1390000"
	}
	return person{pick(e, surnames) + pick(e, []string{"先生", "女士"}), fmt.Sprintf("%s%04d", block, 1000+e.persons)}
}

var trades = []string{"精密机械", "包装材料", "电子科技", "食品", "新能源", "生物技术", "模具", "智能装备", "环保科技", "供应链管理"}

var firms = []string{"禾曜", "澜川", "沐岚", "芷原", "穗安", "汀远", "云蘅", "荻舟"}

func (e *export) enterprise() person {
	p := e.person()
	return person{pick(e, firms) + pick(e, trades) + "（演示）有限公司", p.phone}
}

// fill puts a place into a text.
func (e *export) fill(text string, p Place) string {
	house := "%d号楼"
	if p.Village {
		house = "%d组"
	}
	n := 1 + e.rand.IntN(36)
	return strings.NewReplacer("{p}", p.Name, "{r}", p.Road, "{n}号楼", fmt.Sprintf(house, n), "{n}", fmt.Sprint(n), "{f}", fmt.Sprint(2+e.rand.IntN(5))).Replace(text)
}

var (
	openings = []string{"市民来电反映：", "市民反映，", "来电人表示，", "诉求人来电反映，", "市民来电投诉：", "市民反映称，", "", "市民来电求助，"}
	wishes   = []string{
		"望相关部门尽快核实处理。", "请相关部门核实处理并回复。", "希望尽快解决。", "请予以处理，谢谢。", "诉求：尽快处理并告知结果。", "望管理部门重视。", "",
		"要求给出明确的解决时间。",
	}
	channels = []string{"12345电话", "12345电话", "12345电话", "随申办", "12345微信", "12345网站"}
)

// ticket makes an open ticket about a matter; the caller changes what its story needs.
func (e *export) ticket(m matter, p Place, who person, at time.Time) Row {
	opening := pick(e, openings)
	if p.Park {
		opening = pick(e, []string{"企业来电反映：", "企业反映，", "企业负责人来电表示，", ""})
	}
	var content strings.Builder
	content.WriteString(opening + e.fill(pick(e, m.facts), p) + "。")
	if e.rand.IntN(4) > 0 {
		content.WriteString(pick(e, m.details))
	}
	content.WriteString(pick(e, wishes))
	address := fmt.Sprintf("%s%d弄%s", p.Road, p.No, p.Name)
	if p.Park {
		address = fmt.Sprintf("%s%d号%s", p.Road, p.No, p.Name)
	}
	return Row{
		OrderNo: at.Format(orderLayout), AcceptedAt: at, Channel: pick(e, channels), Kind: m.kind, Title: p.Name + m.title, Content: content.String(),
		Name: who.name, Phone: who.phone, Address: address, Community: p.Name, Category: m.category, Department: m.department,
		DispatchedAt: e.before(at.Add(time.Duration(10+e.rand.IntN(110)) * time.Minute)), DueAt: time.Date(at.Year(), at.Month(), at.Day()+7, 17, 0, 0, 0, ticket.Shanghai),
		Contacted: "是",
	}
}

// before is t, or now when that is earlier.
func (e *export) before(t time.Time) time.Time {
	if t.After(e.now) {
		return e.now
	}
	return t
}

// solve closes a ticket within a week.
func (e *export) solve(r *Row, m matter) {
	d := time.Duration(1+e.rand.IntN(6)) * 24 * time.Hour
	r.ClosedAt = r.AcceptedAt.Add(d).Truncate(24 * time.Hour).Add(time.Duration(1+e.rand.IntN(8)) * time.Hour) // 9 to 17 o'clock
	if r.ClosedAt.Before(r.DispatchedAt) {
		r.ClosedAt = r.DispatchedAt.Add(2 * time.Hour)
	}
	r.ClosedAt = e.before(r.ClosedAt)
	r.Outcome, r.Reply = "实际解决", m.reply
	if e.rand.IntN(5) == 0 {
		r.Outcome, r.Reply = "解释说明", m.explained
	}
	r.Satisfaction = []string{"满意", "满意", "满意", "满意", "满意", "满意", "基本满意", "基本满意", "一般", "未评价"}[e.rand.IntN(10)]
	if r.Outcome == "解释说明" && r.Satisfaction == "满意" {
		r.Satisfaction = "基本满意"
	}
}

// everyday makes what a street hears on any day. A matter comes up at one place only a few times in the weeks, and
// never where a story is told, so that nothing here looks like one.
func (e *export) everyday() {
	type pair struct {
		m matter
		p Place
	}
	told := map[string]bool{}
	for _, r := range e.rows {
		told[r.Community+r.Category[2]] = true
	}
	var pairs []pair
	for _, p := range Places {
		of := slices.Repeat(livelihood, 2)
		if p.Park {
			of = slices.Repeat(business, 4)
		}
		for _, m := range of {
			if !told[p.Name+m.category[2]] && (!p.Village || !m.estate) {
				pairs = append(pairs, pair{m, p})
			}
		}
	}
	e.rand.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	const solved, open = 300, 55
	for i, c := range pairs[:solved+open] {
		who := e.person()
		if c.p.Park {
			who = e.enterprise()
		}
		if i >= solved {
			r := e.ticket(c.m, c.p, who, e.instant(e.rand.IntN(6)))
			r.Contacted = pick(e, []string{"是", "", ""})
			e.rows = append(e.rows, r)
			continue
		}
		r := e.ticket(c.m, c.p, who, e.instant(4+e.rand.IntN(days-4)))
		e.solve(&r, c.m)
		if e.rand.IntN(12) == 0 {
			r.Returned, r.Flow = 1, e.other(c.m.department)+"→"+c.m.department
		}
		if e.rand.IntN(15) == 0 {
			r.Reassigned = 1
		}
		switch e.rand.IntN(16) {
		case 0:
			r.Contacted = "否"
		case 1:
			r.Contacted = "未评价"
		}
		e.rows = append(e.rows, r)
	}
}

// other is a department that a ticket of this one could have gone to by mistake.
func (e *export) other(department string) string {
	for {
		if d := pick(e, []string{PlanningOffice, EnforcementTeam, CommunityManagementOffice, SafetyOffice, HousingOffice, WaterOffice, GreeningOffice}); d != department {
			return d
		}
	}
}

func place(name string) Place {
	return Places[slices.IndexFunc(Places, func(p Place) bool { return p.Name == name })]
}

func about(title string) matter {
	for _, of := range [][]matter{livelihood, business} {
		if i := slices.IndexFunc(of, func(m matter) bool { return m.title == title }); i >= 0 {
			return of[i]
		}
	}
	panic("demo: no matter " + title) // a slip in this file, found by any test
}

// columns are the export's headers and how each cell is made.
var columns = []struct {
	header string
	cell   func(i int, r Row) any
}{
	{"工单编号", func(_ int, r Row) any { return r.OrderNo }},
	{"受理时间", func(i int, r Row) any { return instant(i, r.AcceptedAt) }},
	{"工单来源", func(_ int, r Row) any { return r.Channel }},
	{"工单类型", func(_ int, r Row) any { return r.Kind }},
	{"诉求标题", func(_ int, r Row) any { return r.Title }},
	{"内容描述", func(_ int, r Row) any { return r.Content }},
	{"诉求人", func(_ int, r Row) any { return r.Name }},
	{"联系电话", func(_ int, r Row) any { return r.Phone }},
	{"诉求地址", func(_ int, r Row) any { return r.Address }},
	{"小区名称", func(_ int, r Row) any { return r.Community }},
	{"一级分类", func(_ int, r Row) any { return r.Category[0] }},
	{"二级分类", func(_ int, r Row) any { return r.Category[1] }},
	{"三级分类", func(_ int, r Row) any { return r.Category[2] }},
	{"主办单位", func(_ int, r Row) any { return r.Department }},
	{"流转单位", func(_ int, r Row) any { return r.Flow }},
	{"派单时间", func(i int, r Row) any { return instant(i+1, r.DispatchedAt) }},
	{"办理时限", func(i int, r Row) any { return instant(i+2, r.DueAt) }},
	{"办结时间", func(i int, r Row) any { return instant(i+1, r.ClosedAt) }},
	{"退单次数", func(_ int, r Row) any { return count(r.Returned) }},
	{"重新交办次数", func(_ int, r Row) any { return count(r.Reassigned) }},
	{"先行联系", func(_ int, r Row) any { return r.Contacted }},
	{"解决情况", func(_ int, r Row) any { return r.Outcome }},
	{"满意度", func(_ int, r Row) any { return r.Satisfaction }},
	{"答复市民要点", func(_ int, r Row) any { return r.Reply }},
	{"关联工单", func(_ int, r Row) any { return r.Related }},
	{"三跨标识", func(_ int, r Row) any { return r.Cross }},
}

// instant writes a time in one of the three ways one export mixes: as a spreadsheet's date, and as text in two layouts.
func instant(i int, t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case i%3 == 0:
		return t
	case i%3 == 1:
		return t.In(ticket.Shanghai).Format(time.DateTime)
	}
	return t.In(ticket.Shanghai).Format("2006/1/2 15:04:05")
}

func count(n int) any {
	if n < 0 {
		return nil
	}
	return n
}

// WriteExport writes Export(now) as the .xlsx file a hotline would give: a title across the top, the header under it.
//
// Errors: those of intake.WriteSheet.
func WriteExport(w io.Writer, now time.Time) error { return writeRows(w, Export(now)) }

func writeRows(w io.Writer, rows []Row) error {
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.header
	}
	return intake.WriteSheet(w, "12345市民服务热线工单明细（演示数据，内容均为虚构）", header, func(yield func([]any) bool) {
		for i, r := range rows {
			cells := make([]any, len(columns))
			for k, c := range columns {
				cells[k] = c.cell(i, r)
			}
			if !yield(cells) {
				return
			}
		}
	})
}
