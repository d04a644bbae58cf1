package ticket

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Options are what a row does not say itself.
type Options struct {
	Source   Source    // of the whole file; empty: from the row's 工单来源, and Hotline when that is silent
	Now      time.Time // rows from the future are refused
	Date1904 bool      // the workbook counts days from 1904
	Again    string    // how a row that was put right is given again; "" means 重新导入
}

// Problem is one thing wrong with a row.
type Problem struct {
	Field   Field  `json:"field"`   // empty when it is in a column nobody knows
	Message string `json:"message"` // Chinese, says what to do
	Fatal   bool   `json:"fatal"`   // the row cannot be used
}

// Limits of a row, in characters.
const (
	maxText = 60000
	maxName = 2000 // of everything that is no running text; longer is a shifted column
)

// earliest is the first instant a ticket can be of: the hotline began in 2012, older dates are typing errors.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, Shanghai)

// ParseRow makes a ticket of the cells under a mapping. A row with a Fatal problem gives what could be read, for the
// preview; it must not be imported. Cells beyond the header are kept in Raw under their column letter.
//
// A date in the future (more than a day after Now) or before 2000 is fatal for accepted_at; in the other times it is
// left out with a problem, because the complaint itself is still good. due_at may be up to two years ahead.
func ParseRow(m Mapping, cells []string, opt Options) (Ticket, []Problem) {
	r := row{m: m, opt: opt, cells: make([]string, len(cells))}
	r.t = Ticket{ReassignedColumn: -1, ReturnedColumn: -1}
	for i, c := range cells {
		r.cells[i] = r.cell(i, c)
	}
	r.order()
	r.text()
	r.times()
	r.people()
	r.departments()
	r.makeOrder()
	r.results()
	r.evidence()
	r.keep()
	return r.t, r.problems
}

// row is a ticket in the making.
type row struct {
	m        Mapping
	opt      Options
	cells    []string // tidy
	t        Ticket
	problems []Problem
	instants map[int]time.Time // columns read as times, so that the fingerprint does not depend on their spelling
}

func (r *row) problem(f Field, fatal bool, message string) {
	// A shifted column puts any number anywhere.
	r.problems = append(r.problems, Problem{f, MaskText(message), fatal})
}

func (r *row) again() string { return cmp.Or(r.opt.Again, "重新导入") }

func (r *row) field(i int) Field {
	if i < len(r.m.Columns) {
		return r.m.Columns[i].Field
	}
	return ""
}

func (r *row) header(i int) string {
	if i < len(r.m.Columns) {
		return r.m.Columns[i].Header
	}
	return ColumnName(i)
}

// excelErrors are what a spreadsheet shows when a formula failed.
var excelErrors = []string{"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}

// cell tidies one cell and says what is wrong with it whatever its meaning.
func (r *row) cell(i int, text string) string {
	text = tidy(text)
	if text == "" {
		return ""
	}
	switch n := utf8.RuneCountInString(text); {
	case n > maxText:
		r.problem(r.field(i), true, "“"+r.header(i)+"”有 "+strconv.Itoa(n)+" 个字，超过上限 60000 字，请检查该单元格是否粘入了多余内容")
		return ""
	case text[0] == '=' && n > 1:
		r.problem(r.field(i), false, "“"+r.header(i)+"”是公式，没有计算结果，按文字保留；请改成数值后"+r.again())
	case text == "=":
		r.problem(r.field(i), false, "“"+r.header(i)+"”是没有计算结果的公式，请改成数值后"+r.again())
		return ""
	case slices.Contains(excelErrors, text):
		r.problem(r.field(i), false, "“"+r.header(i)+"”是出错的公式（"+text+"），按空白处理")
		return ""
	case strings.Trim(text, "#") == "":
		r.problem(r.field(i), false, "“"+r.header(i)+"”只有 #，是列宽不足时复制出来的，内容已丢失，按空白处理")
		return ""
	}
	return text
}

// columns are the columns of a field, the best first. A mapping that was stored has lost its index.
func (m Mapping) columns(f Field) []int {
	if m.byField != nil {
		return m.byField[f]
	}
	var at []int
	for i, c := range m.Columns {
		if c.Field == f {
			at = append(at, i)
		}
	}
	return at
}

// get is the first cell of a field that is not empty, and its column. -1 means that the text is the profile's, or that there
// is none.
func (r *row) get(f Field) (string, int) {
	for _, i := range r.m.columns(f) {
		if i < len(r.cells) && r.cells[i] != "" {
			return r.cells[i], i
		}
	}
	return r.m.Profile.fixed(f), -1
}

// blanks are what people write when there is nothing to write.
var blanks = []string{"-", "--", "—", "——", "/", "\\", "无", "空", "暂无", "未知", "null", "NULL", "Null", "N/A", "n/a", "None", "none", "无。"}

// value is a short value in half width, empty when it only says that there is none.
func (r *row) value(f Field) string {
	text, i := r.get(f)
	if text == "" {
		return ""
	}
	s := narrow(text)
	if slices.Contains(blanks, s) {
		return ""
	}
	if utf8.RuneCountInString(s) > maxName {
		r.problem(f, false, "“"+r.header(i)+"”超过 2000 字，像是列错位，已截断，请核对")
		s = string([]rune(s)[:maxName])
	}
	return s
}

// wide is a short value in the source's own width: names and addresses are shown as they came.
func (r *row) wide(f Field) string {
	if s := r.value(f); s == "" || utf8.RuneCountInString(s) >= maxName {
		return s
	}
	text, _ := r.get(f)
	return strings.Join(strings.Fields(text), " ")
}

func (r *row) order() {
	no := strings.ReplaceAll(r.value(FieldOrderNo), " ", "")
	fixed, exact := plainNumber(no)
	switch {
	case no == "" && r.m.Profile.Order != OrderColumn:
	case no == "":
		r.problem(FieldOrderNo, true, "缺少工单编号，请补上后"+r.again())
	case !exact:
		r.problem(FieldOrderNo, true, "工单编号“"+no+"”是科学计数法，末尾几位已丢失；请在导出文件里把该列设为文本格式后重新导出")
	case utf8.RuneCountInString(fixed) > 64:
		r.problem(FieldOrderNo, true, "工单编号超过 64 个字，像是列错位，请核对")
	default:
		r.t.OrderNo = BareOrder(strings.ToUpper(fixed))
	}
}

var scientific = regexp.MustCompile(`^(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})$`)

// plainNumber writes a number that a spreadsheet turned into 1.3812345678E+10 or 13812345678.0 as its digits again.
// exact is false when digits are lost: 1.38E+10.
func plainNumber(s string) (fixed string, exact bool) {
	if m := scientific.FindStringSubmatch(s); m != nil {
		exp, _ := strconv.Atoi(m[3])
		if len(m[2]) > exp || exp > 40 {
			return s, false
		}
		f, _, err := big.ParseFloat(s, 10, 256, big.ToNearestEven)
		if err != nil || !f.IsInt() {
			return s, false
		}
		// Trailing zeros are not written, so a shorter mantissa can be exact; but a number cut for display has few
		// digits. Spreadsheets store 15 and show 6.
		return f.Text('f', 0), len(m[2])+1 > 6 || exp <= len(m[2])
	}
	if whole, ok := strings.CutSuffix(s, ".0"); ok && digits(whole) {
		return whole, true
	}
	return s, true
}

func (r *row) text() {
	r.t.Title, _ = r.get(FieldTitle)
	r.t.Content, _ = r.get(FieldContent)
	refused := func(p Problem) bool { return p.Fatal && (p.Field == FieldContent || p.Field == FieldTitle) }
	if r.t.Title == "" && r.t.Content == "" && !slices.ContainsFunc(r.problems, refused) {
		r.problem(FieldContent, true, "内容描述和标题都是空的，请补上后"+r.again())
	}
	r.t.Reply, _ = r.get(FieldReply)
	r.t.Feedback, _ = r.get(FieldFeedback)
	r.t.Kind = r.value(FieldKind)
	for i, f := range []Field{FieldCategory1, FieldCategory2, FieldCategory3, FieldCategory4, FieldCategory5} {
		r.t.Category[i] = r.value(f)
	}
	r.t.Address = r.wide(FieldAddress)
	r.t.Community = r.wide(FieldCommunity)
	r.t.PropertyCompany = r.wide(FieldPropertyCompany)
	r.t.Channel = r.value(FieldChannel)
	r.t.Source = r.opt.Source
	if r.t.Source == "" {
		r.t.Source = sourceOf(r.t.Channel)
	}
}

func sourceOf(channel string) Source {
	for _, w := range []struct {
		word string
		s    Source
	}{{"信访", Petition}, {"来信", Petition}, {"舆情", Opinion}, {"网络舆论", Opinion}, {"网格", Grid}, {"巡查", Grid}, {"部门", Department}, {"科室", Department}, {"居民自报", Resident}, {"小程序", Resident}} {
		if strings.Contains(channel, w.word) {
			return w.s
		}
	}
	return Hotline
}

func (r *row) times() {
	at, hasTime, said := r.instant(FieldAcceptedAt, r.opt.Now.Add(24*time.Hour), true)
	if !said {
		// The hotline's numbers are the moment the call was taken.
		if n := r.t.OrderNo; len(n) >= 14 {
			if t := orderAt(n); t != nil && !t.After(r.opt.Now.Add(24*time.Hour)) {
				at, hasTime, said = *t, true, true
			}
		}
		if !said {
			r.problem(FieldAcceptedAt, true, "受理时间为空，工单编号里也没有时间，请补上受理时间")
		}
	}
	r.t.AcceptedAt, r.t.AcceptedHasTime = at, hasTime
	soon := r.opt.Now.Add(24 * time.Hour)
	r.t.DispatchedAt = r.optional(FieldDispatchedAt, soon)
	r.t.FirstContactAt = r.optional(FieldFirstContactAt, soon)
	r.t.RepliedAt = r.optional(FieldRepliedAt, soon)
	r.t.ClosedAt = r.optional(FieldClosedAt, soon)
	r.t.ClosureUnknown = !r.m.Has(FieldClosedAt)
	if due, hasTime, said := r.instant(FieldDueAt, r.opt.Now.AddDate(2, 0, 0), false); said && !due.IsZero() {
		if !hasTime {
			due = due.Add(clock(23, 59, 59)) // a day named as a limit is over when it is over
		}
		r.t.DueAt = &due
	}
	if c := r.t.ClosedAt; c != nil && c.Before(at) && !sameDay(*c, at) {
		r.problem(FieldClosedAt, false, "办结时间早于受理时间，请核对")
	}
}

func sameDay(a, b time.Time) bool {
	a, b = a.In(Shanghai), b.In(Shanghai)
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}

func (r *row) optional(f Field, latest time.Time) *time.Time {
	if at, _, said := r.instant(f, latest, false); said && !at.IsZero() {
		return &at
	}
	return nil
}

// instant reads a field as a time. said is false when the row has none; a time that cannot be is said, and zero.
func (r *row) instant(f Field, latest time.Time, fatal bool) (at time.Time, hasTime, said bool) {
	text := r.value(f)
	if text == "" {
		return time.Time{}, false, false
	}
	_, i := r.get(f)
	at, hasTime, err := ParseTime(r.m.Profile.Dates.inOrder(text, r.opt.Now), r.opt.Date1904)
	var wrong string
	switch {
	case err != nil:
		wrong = r.header(i) + unreadable(text)
		if fatal && orderAt(r.t.OrderNo) != nil {
			// The order number knows better; say so and go on.
			r.problem(f, false, wrong+"，已改用工单编号里的时间")
			return time.Time{}, false, false
		}
	case at.Before(earliest):
		wrong = r.header(i) + "“" + at.Format(time.DateOnly) + "”早于 2000 年，请核对"
	case at.After(latest):
		wrong = r.header(i) + "“" + at.Format("2006-01-02 15:04") + "”在未来，请核对"
	default:
		if r.instants == nil {
			r.instants = map[int]time.Time{}
		}
		r.instants[i] = at
		return at, hasTime, true
	}
	if !fatal {
		wrong += "；已按空白处理"
	}
	r.problem(f, fatal, wrong)
	return time.Time{}, false, true
}

var duration = regexp.MustCompile(`^(\d+|[一二两三四五六七八九十]+)个?(工作日|自然日|日|天|小时)`)

func unreadable(text string) string {
	if duration.MatchString(text) {
		return quoted(text, likeTime) + "是时长，不是时间；请导出具体的截止时间"
	}
	return quoted(text, likeTime) + "认不出来，请写成 2026-09-01 08:05 这样的格式"
}

// Problems are kept in the clear, and a shifted column puts names and addresses anywhere: a cell is quoted only when it looks like
// a mistyped answer of its column.
var (
	likeTime   = regexp.MustCompile(`^[-/.:：,， TZ+0-9年月日号时分秒点上下午早晚中一二三四五六七八九十两个工作自然天小以内]{1,24}$`)
	likeCount  = regexp.MustCompile(`^[-.,+ 0-9一二三四五六七八九十两多几约第]{1,8}次?$`)
	likeAnswer = regexp.MustCompile(`^\P{Han}{1,5}$|^\S{0,3}[满意评价测联系是否未已不]\S{0,3}$`)
)

// quoted is a cell in quotes, or words that stand for it.
func quoted(text string, like *regexp.Regexp) string {
	if like.MatchString(text) {
		return "“" + text + "”"
	}
	return "里的内容"
}

var enterpriseName = regexp.MustCompile(`公司|集团|企业|合作社|经营部|商行|工厂|[\p{Han}]{2,}厂$|工作室$|事务所$|个体工商户`)

func (r *row) people() {
	q := &r.t.Requester
	q.Kind = Person
	q.Name = r.wide(FieldRequesterName)
	if e := r.wide(FieldEnterprise); e != "" {
		q.Kind, q.Contact, q.Name = Enterprise, q.Name, e
		if q.Contact == q.Name {
			q.Contact = ""
		}
	} else if enterpriseName.MatchString(q.Name) {
		q.Kind = Enterprise
	}
	switch k := r.value(FieldRequesterKind); {
	case strings.Contains(k, "企业"), strings.Contains(k, "法人"), strings.Contains(k, "单位"):
		q.Kind = Enterprise
	case strings.Contains(k, "个人"), strings.Contains(k, "自然人"), strings.Contains(k, "市民"), strings.Contains(k, "居民"):
		q.Kind = Person
	}
	q.Phone = r.phone()
	if code := strings.ToUpper(strings.ReplaceAll(r.value(FieldCreditCode), " ", "")); code != "" {
		q.Kind, q.IDNumber = Enterprise, code
	} else {
		q.IDNumber = r.idNumber()
	}
}

func (r *row) phone() string {
	s := r.value(FieldPhone)
	if s == "" {
		return ""
	}
	n, exact := plainNumber(strings.ReplaceAll(s, " ", ""))
	if !exact {
		r.problem(FieldPhone, false, "联系电话是科学计数法，末尾几位已丢失，未采用；请把该列设为文本格式后重新导出")
		return ""
	}
	n = strings.TrimPrefix(n, "+")
	if bare := strings.ReplaceAll(n, "-", ""); len(bare) == 13 && strings.HasPrefix(bare, "86") && mobile(bare[2:]) {
		return bare[2:]
	} else if mobile(bare) {
		return bare
	}
	if utf8.RuneCountInString(n) > 100 {
		r.problem(FieldPhone, false, "联系电话过长，像是列错位，未采用")
		return ""
	}
	// Two numbers in one cell: the first mobile is the one that can be reached.
	for _, part := range strings.FieldsFunc(n, func(c rune) bool { return (c < '0' || c > '9') && c != '-' }) {
		if p := strings.ReplaceAll(part, "-", ""); mobile(p) {
			return p
		}
	}
	d := strings.NewReplacer("-", "", "(", "", ")", "", "转", "").Replace(n)
	if strings.HasPrefix(s, "+") {
		d = "00" + d
	}
	if !digits(d) || !callable(d, len(d) < len(s)) {
		r.problem(FieldPhone, false, "联系电话“"+MaskPhone(s)+"”不像电话号码，请核对")
	}
	return n
}

// callable reports whether digits can be a phone number: a landline with or without its area code (0…), a service number (12345,
// 95588, 400…), one abroad. apart says that they are written in groups, as an extension is.
func callable(d string, apart bool) bool {
	n := len(d)
	switch {
	case n < 5 || n > 18:
		return false
	case d[0] == '0':
		return n >= 10
	case strings.HasPrefix(d, "400"), strings.HasPrefix(d, "800"):
		return n >= 10
	case d[0] == '1':
		return n <= 6
	case d[0] == '9' && n <= 6:
		return true
	}
	return n == 7 || n == 8 || n > 8 && apart
}

func (r *row) idNumber() string {
	s := strings.ToUpper(strings.ReplaceAll(r.value(FieldIDNumber), " ", ""))
	if s == "" {
		return ""
	}
	n, _ := plainNumber(s)
	if scientific.MatchString(s) && len(n) > 15 || digits(n) && len(n) == 18 && strings.HasSuffix(n, "000") && !idChecks(n) {
		// Spreadsheets keep fifteen digits of a number; the last three are gone in the file itself.
		r.problem(FieldIDNumber, false, "身份证号码被表格当作数字，末三位已丢失，未采用；请把该列设为文本格式后重新导出")
		return ""
	}
	if len(n) == 18 && !idChecks(n) {
		r.problem(FieldIDNumber, false, "身份证号码的校验位不对，请核对")
	}
	return n
}

// idChecks verifies the check character of an 18-character ID number (GB 11643-1999).
func idChecks(s string) bool {
	if len(s) != 18 || !digits(s[:17]) {
		return false
	}
	sum := 0
	for i, w := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return s[17] == "10X98765432"[sum%11]
}

func (r *row) departments() {
	t := &r.t
	t.Department = r.value(FieldDepartment)
	t.SubDepartment = r.value(FieldSubDepartment)
	t.ReassignedColumn = r.count(FieldReassigned)
	t.ReturnedColumn = r.count(FieldReturned)

	said := map[string]bool{} // departments the row itself marks as having returned the ticket
	for _, n := range splitNames(r.value(FieldReturnedBy)) {
		if n = strings.TrimSpace(noteAfter.ReplaceAllString(n, "")); n != "" && !slices.Contains(blanks, n) {
			said[DepartmentKey(n)] = true
			t.Hops = append(t.Hops, Hop{Department: n, Count: 1, From: fromColumn(FieldReturnedBy), Quote: quoteCell(r.value(FieldReturnedBy))})
		}
	}
	history := r.value(FieldDepartments)
	var names []string
	for _, part := range splitNames(history) {
		name := strings.TrimSpace(noteAfter.ReplaceAllString(part, ""))
		if name == "" || utf8.RuneCountInString(name) > 40 {
			continue
		}
		if note := part[len(name):]; strings.Contains(note, "退") || strings.Contains(note, "未接") {
			if k := DepartmentKey(name); !said[k] {
				said[k] = true
				t.Hops = append(t.Hops, Hop{Department: name, Count: 1, From: fromColumn(FieldDepartments), Quote: quoteCell(history)})
			}
		}
		names = append(names, name)
	}
	// The last stop is where the ticket is now; what is listed before it is what it passed.
	if n := len(names); n > 0 && DepartmentKey(names[n-1]) == DepartmentKey(t.Department) {
		names = names[:n-1]
	}
	if len(names) > maxTags {
		names = names[:maxTags]
	}
	t.Departments = names
	// The count of returns says how many of them did not accept, the history which: the first ones.
	for _, name := range names {
		if len(said) >= t.ReturnedColumn {
			break
		}
		if k := DepartmentKey(name); !said[k] {
			said[k] = true
			t.Hops = append(t.Hops, Hop{Department: name, Count: 1, From: fromColumn(FieldReturned), Quote: quoteCell(history)})
		}
	}
}

func quoteCell(s string) string {
	f := fold(s)
	return f.quote(0, len(f.text))
}

// count reads a column of times; 是 and 否 are 1 and 0; -1 when the row does not say.
func (r *row) count(f Field) int {
	s := r.value(f)
	switch s {
	case "":
		return -1
	case "是", "有", "√":
		return 1
	case "否", "未", "×":
		return 0
	}
	n := strings.TrimSpace(strings.TrimSuffix(s, "次"))
	if v, err := strconv.ParseFloat(n, 64); err == nil && v >= 0 && v <= 1000 && v == float64(int(v)) {
		return int(v)
	}
	if v := number(n); v > 0 {
		return v
	}
	r.problem(f, false, f.Label()+quoted(s, likeCount)+"不是次数，已按空白处理")
	return -1
}

var satisfactions = map[string]Satisfaction{
	"满意": Satisfied, "非常满意": Satisfied, "很满意": Satisfied, "基本满意": Mostly, "较满意": Mostly, "比较满意": Mostly, "一般": Fair,
	"不满意": Dissatisfied, "很不满意": Dissatisfied, "非常不满意": Dissatisfied, "不太满意": Dissatisfied, "较不满意": Dissatisfied, "不满意件": Dissatisfied, "不满": Dissatisfied,
	"未评价": "", "未测评": "", "未回访": "", "无法评价": "", "不评价": "", "无人接听": "", "拒绝回访": "", "未接通": "", "待回访": "", "联系不上": "", "未联系上": "", "不予评价": "", "已回访": "", "不便评价": "",
}

var answers = map[string]FirstContact{
	"是": Contacted, "已联系": Contacted, "已先行联系": Contacted, "有": Contacted, "√": Contacted, "1": Contacted, "true": Contacted, "yes": Contacted, "y": Contacted, "按时联系": Contacted,
	"否": NotContacted, "未联系": NotContacted, "未先行联系": NotContacted, "×": NotContacted, "0": NotContacted, "false": NotContacted, "no": NotContacted, "n": NotContacted,
	"未评价": "", "未测评": "", "不适用": "",
}

var repeats = map[string]bool{"是": true, "重复": true, "重复件": true, "重件": true, "重信": true, "重访": true, "重复信访": true, "有": true, "1": true, "true": true, "yes": true, "y": true, "√": true}

func (r *row) results() {
	t := &r.t
	if s := r.value(FieldSatisfaction); s != "" {
		v, ok := satisfactions[strings.TrimPrefix(Fold(s), "满意度:")]
		if !ok {
			r.problem(FieldSatisfaction, false, "满意度"+quoted(s, likeAnswer)+"不在 满意、基本满意、一般、不满意 之中，已按未评价处理")
		}
		t.Satisfaction = v
	}
	if s := r.value(FieldFirstContact); s != "" {
		v, ok := answers[Fold(s)]
		if !ok {
			r.problem(FieldFirstContact, false, "先行联系"+quoted(s, likeAnswer)+"不是 是 或 否，已按未评价处理")
		}
		t.FirstContact = v
	} else if t.FirstContactAt != nil {
		t.FirstContact = Contacted
	}
	switch s := r.value(FieldOutcome); Fold(s) {
	case "实际解决", "已实际解决", "已解决":
		t.Outcome = Solved
	case "解释说明", "已解释说明":
		t.Outcome = Explained
	default:
		t.Outcome = Outcome(s)
	}
	if s := r.value(FieldCross); s != "" {
		switch Fold(s) {
		case "否", "不是", "0", "false", "no", "n":
		default:
			t.Cross = addCross(nil, s)
		}
	}
	t.Repeat = repeats[Fold(r.value(FieldRepeat))]
}

func (r *row) evidence() {
	t := &r.t
	link := func(kind LinkKind, f Field) string {
		s := r.value(f)
		orders := orderNumbers(s)
		if s != "" && len(orders) == 0 && !strings.ContainsAny(s, " ,、") && f == FieldRepeatOf {
			orders = []string{strings.ToUpper(s)} // no hotline number: those orderNumbers finds
		}
		first := ""
		for _, o := range orders {
			if o == t.OrderNo {
				continue
			}
			if first == "" {
				first = o
			}
			l := Link{Kind: kind, OrderNo: o, From: fromColumn(f), Quote: quoteCell(s)}
			switch at := slices.IndexFunc(t.Links, func(l Link) bool { return l.OrderNo == o }); {
			case at >= 0 && t.Links[at].Kind == LinkMention:
				t.Links[at] = l // the column says more than the text
			case at < 0 && len(t.Links) < maxTags:
				t.Links = append(t.Links, l)
			}
		}
		return first
	}
	text := t.Content
	if strings.ContainsAny(t.Title, signs) {
		text = t.Title + "\n" + t.Content
	}
	tags := readTags(text, t.Department)
	for _, l := range tags.Links {
		if l.OrderNo != t.OrderNo {
			t.Links = append(t.Links, l)
		}
	}
	t.RepeatOf = link(LinkRepeat, FieldRepeatOf)
	related := link(LinkRelated, FieldRelated)
	if t.RepeatOf == "" && t.Repeat {
		t.RepeatOf = related
	}
	t.Repeat = t.Repeat || t.RepeatOf != ""
	for _, ra := range tags.Reassignments {
		if ra.OrderNo == t.OrderNo && ra.OrderNo != "" {
			continue
		}
		if ra.OrderNo == "" && related != "" && ra.Count == 1 {
			// 【重新交办】 in the text, the number of the ticket before in the column.
			ra.OrderNo, ra.At = related, orderAt(related)
			for i, l := range t.Links {
				if l.OrderNo == related && l.Kind == LinkRelated {
					t.Links[i].Kind = LinkReassigned
				}
			}
		}
		t.Reassignments = append(t.Reassignments, ra)
	}
	for _, h := range tags.Hops {
		if !slices.ContainsFunc(t.Hops, func(e Hop) bool {
			return h.Department != "" && DepartmentKey(e.Department) == DepartmentKey(h.Department)
		}) {
			t.Hops = append(t.Hops, h)
		}
	}
	t.Marks = tags.Marks
	for _, c := range tags.Cross {
		if !slices.Contains(t.Cross, c) {
			t.Cross = append(t.Cross, c)
		}
	}
}

// keep writes down the row as it came and its fingerprint.
func (r *row) keep() {
	var lines []string
	for i, text := range r.cells {
		if text == "" {
			continue
		}
		r.t.Raw = append(r.t.Raw, Cell{Header: r.header(i), Text: text})
		if r.field(i) == FieldSerial {
			continue // it says where the row stood
		}
		// The canonical name where there is one: the same export has “12345工单编号” one month and “工单编号” the next.
		name := string(r.field(i))
		if name == "" {
			name = "?" + headerKey(r.header(i))
		}
		value := Fold(text)
		if name == string(FieldOrderNo) {
			value = BareOrder(value)
		} else if at, ok := r.instants[i]; ok {
			value = strconv.FormatInt(at.Unix(), 10)
		}
		lines = append(lines, strconv.Itoa(len(name))+":"+name+"="+value)
	}
	for _, v := range r.m.Profile.Fixed {
		lines = append(lines, "fixed "+string(v.Field)+"="+v.Value)
	}
	slices.Sort(lines)
	h := sha256.New()
	for _, l := range lines {
		h.Write([]byte(strconv.Itoa(len(l)) + ":" + l))
	}
	r.t.Fingerprint = hex.EncodeToString(h.Sum(nil)[:16])
}
