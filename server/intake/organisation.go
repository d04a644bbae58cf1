package intake

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/ticket"
)

// organisationLimits: a street of some thousand people is far below them.
var organisationLimits = limits{
	file: 20 << 20, unzipped: 300 << 20, ratio: 300, bombFrom: 32 << 20,
	rows: 20_000, columns: 100, cell: 5000, row: 200_000, strings: 500_000, memory: 16 << 20,
}

// OrganisationSheets are the worksheets of an organisation's workbook, in order, with their columns: the first name of each
// heads the column we write, the others are understood too. Sheets of other names are not read.
var organisationSheets = []organisationSheet{
	{organisation.DepartmentEntry, []string{"部门", "科室", "单位", "部门表"}, []organisationColumn{
		{"id", []string{"编号", "部门编号", "单位编号", "ID"}, "可不填，由系统编"},
		{"name", []string{"名称", "部门", "部门名称", "单位名称", "科室名称"}, "必填"},
		{"short", []string{"简称", "部门简称", "别名"}, ""},
		{"kind", []string{"类别", "部门类别", "类型"}, "科室、中心、执法队或所"},
		{"deputy", []string{"分管领导", "业务分管领导", "分管"}, "姓名或编号；空缺写“无”"},
		{"state", []string{"状态", "备注状态"}, "撤销的写“撤销”，恢复的写“启用”"},
	}},
	{organisation.GridEntry, []string{"综合网格", "网格", "网格表"}, []organisationColumn{
		{"id", []string{"编号", "网格编号", "ID"}, "可不填"},
		{"name", []string{"名称", "网格", "网格名称", "综合网格"}, "必填"},
		{"state", []string{"状态"}, "撤销的写“撤销”，恢复的写“启用”"},
	}},
	{organisation.CommunityEntry, []string{"村居", "居村", "社区", "村居表"}, []organisationColumn{
		{"id", []string{"编号", "村居编号", "ID"}, "可不填"},
		{"name", []string{"名称", "村居", "村居名称", "居村名称", "社区名称"}, "必填"},
		{"grid", []string{"所属网格", "综合网格", "网格"}, "跨几个网格的不填"},
		{"kind", []string{"类别", "类型"}, "居民区、村或园区"},
		{"aliases", []string{"别名", "其他名称", "小区"}, "工单里的其他叫法，用顿号分开"},
		{"state", []string{"状态"}, "撤销的写“撤销”，恢复的写“启用”"},
	}},
	{organisation.PersonEntry, []string{"人员", "人员表", "花名册", "工作人员"}, []organisationColumn{
		{"id", []string{"编号", "人员编号", "工号", "ID"}, "如工号，也是登录名；可不填，有重名时必填"},
		{"name", []string{"姓名", "名字", "人员", "人员姓名"}, "必填"},
		{"phone", []string{"手机号", "手机", "手机号码", "联系电话", "电话", "移动电话"}, "没有编号的用它登录；留空表示不变"},
		{"unit", []string{"单位", "所在单位", "部门", "所在部门", "所属部门"}, "岗位一栏只写职务时用"},
		{"posts", []string{"岗位", "职务", "职务岗位", "角色"}, "如：综合行政执法队 负责人；第一网格 网格长"},
		{"state", []string{"状态", "在岗状态", "是否在岗"}, "离开的写“离岗”，回来的写“在岗”，留空表示不变"},
	}},
	{postSheet, []string{"岗位", "任职", "岗位表", "任职表"}, []organisationColumn{
		{"person", []string{"人员", "姓名", "人员姓名"}, "姓名或编号"},
		{"id", []string{"人员编号", "编号", "工号"}, "有重名时填"},
		{"unit", []string{"单位", "部门", "所在单位", "网格", "村居"}, "全街道的岗位不填"},
		{"posts", []string{"岗位", "职务", "角色"}, "必填；一行一个岗位"},
	}},
	{organisation.DelegationEntry, []string{"AB角", "代理", "AB岗"}, []organisationColumn{
		{"id", []string{"编号", "ID"}, "可不填"},
		{"from", []string{"本人", "A角", "A岗"}, "姓名或编号"},
		{"to", []string{"代理人", "B角", "B岗"}, "姓名或编号"},
		{"start", []string{"开始", "开始时间", "起"}, "如 2026-02-09 09:00"},
		{"end", []string{"结束", "结束时间", "止"}, ""},
	}},
}

// unusedColumns are what rosters carry beside ours: named as not read. Any other column we do not know is a problem, because
// a renamed one that is passed over leaves people without a phone or takes a post away.
var unusedColumns = []string{
	"序号", "排序", "备注", "说明", "性别", "民族", "年龄", "出生年月", "出生日期", "籍贯", "学历", "学位", "专业", "毕业院校", "政治面貌", "党派", "婚姻状况", "身份证号", "身份证号码", "身份证",
	"职级", "职称", "编制", "身份", "入职时间", "入职日期", "参加工作时间", "办公电话", "固定电话", "座机", "传真", "邮箱", "电子邮箱", "微信", "微信号", "办公地点", "办公室", "地址", "住址", "房间号",
}

// postSheet is the sheet with one row for each post.
const postSheet organisation.EntryKind = "post"

type organisationSheet struct {
	kind    organisation.EntryKind
	names   []string
	columns []organisationColumn
}

type organisationColumn struct {
	key   string
	names []string
	hint  string
}

// maxOrganisationProblems are told at once: nobody reads more.
const maxOrganisationProblems = 100

// ReadOrganisation reads an organisation's workbook (.xlsx) and checks what comes out when it is laid over what is known
// (organisation.Revise). Sheets and columns are found by their names, in any order; what is not there is not said. The one
// sheet of a workbook that still has a spreadsheet's own name (Sheet1) is a list of people when it looks like one.
// What was not read stands in the street's Notes.
//
// The error joins a Chinese line for each problem with sheet and row, or is an *apperr.Error as OpenSheet's. It tells all
// that can be told at once; where a column is not known, what follows from the rows together comes after that is put right.
func ReadOrganisation(r io.ReaderAt, size int64, known *organisation.Organisation) (organisation.Street, error) {
	var none organisation.Street
	if size > organisationLimits.file {
		return none, refuse("too_large", "文件超过 %d MB，请检查是否选错了文件", organisationLimits.file>>20)
	}
	magic := make([]byte, 4)
	if _, err := r.ReadAt(magic, 0); err != nil || !bytes.HasPrefix(magic, []byte("PK")) {
		return none, refuse("format", "组织架构表须是 .xlsx 工作簿；其他格式请用 Excel 或 WPS 打开后另存为 .xlsx，或用 .yaml")
	}
	book, err := newWorkbook(r, size, organisationLimits)
	if err != nil {
		return none, err
	}
	table, err := book.table()
	if err != nil {
		return none, err
	}
	defer func() { _ = table.close() }() // a temporary file at most
	o := newOrganisationReader(known)
	for _, w := range book.sheets {
		rows, date1904, err := book.all(w, table)
		if err != nil {
			return none, err
		}
		o.sheet(w.name, len(book.sheets) == 1, rows, date1904)
	}
	for _, w := range book.hidden {
		o.unread = append(o.unread, w.name)
	}
	if o.found == 0 {
		seen := ""
		if len(o.unread) > 0 {
			seen = "；这个文件里是" + quoted(o.unread)
		}
		return none, refuse("header", "没有找到组织架构：工作表要叫“部门”“综合网格”“村居”“人员”“岗位”或“AB角”，不能隐藏，第一行是列名%s。可用 xiaopu organisation template 生成空表", seen)
	}
	if len(o.unread) > 0 {
		o.street.Notes = append(o.street.Notes, "工作表"+quoted(o.unread)+"没有读：只读没有隐藏、名称是“部门”“综合网格”“村居”“人员”“岗位”“AB角”及其别称的工作表。")
	}
	o.check()
	return o.street, o.err()
}

// all reads every row of a worksheet that is not blank.
func (b *workbook) all(w worksheet, table *stringTable) (rows []numbered, date1904 bool, err error) {
	s, err := b.open(w, table, func([][]string) (int, ticket.Mapping, error) { return 0, ticket.Mapping{}, nil })
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = s.Close() }() // only read
	for {
		n, cells, err := s.Next()
		if errors.Is(err, io.EOF) {
			return rows, s.Date1904(), nil
		}
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, numbered{n, cells})
	}
}

// organisationReader turns rows into a street.
type organisationReader struct {
	known  *organisation.Organisation
	street organisation.Street
	found  int // sheets that say something
	unread []string
	sheets map[organisation.EntryKind]string // read, by kind
	// skewed is set when a sheet or column was not understood: what follows from the rows together would be wrong.
	skewed bool

	rows     map[string][]string // by list of organisation.Problem: where each entry stands
	people   map[string]int      // by id, or by name where there is none
	posts    []postRow           // read when every unit is known
	problems []string
}

func newOrganisationReader(known *organisation.Organisation) *organisationReader {
	return &organisationReader{known: known, people: map[string]int{}, rows: map[string][]string{}, sheets: map[organisation.EntryKind]string{}}
}

type postRow struct {
	where      string
	person     int
	text, unit string
}

func (o *organisationReader) problem(where, format string, args ...any) {
	o.problems = append(o.problems, where+"："+fmt.Sprintf(format, args...))
}

// sheet reads one worksheet, if it is one of ours.
func (o *organisationReader) sheet(name string, only bool, rows []numbered, date1904 bool) {
	if len(rows) == 0 || name == guideSheet {
		return
	}
	i := slices.IndexFunc(organisationSheets, func(s organisationSheet) bool { return oneOf(s.names, ticket.Fold(name)) })
	if i < 0 && only && spreadsheetsName.MatchString(ticket.Fold(name)) {
		i = slices.IndexFunc(organisationSheets, func(s organisationSheet) bool {
			_, columns := s.header(rows)
			_, named := columns["name"]
			return s.kind == organisation.PersonEntry && named && len(columns) > 1
		})
	}
	if i < 0 {
		o.unread = append(o.unread, name)
		return
	}
	s, sheet := organisationSheets[i], "“"+name+"”表"
	o.found++
	if other, twice := o.sheets[s.kind]; twice {
		o.skewed = true
		o.problem(sheet, "与“%s”表是同一种表，请合成一张，不用的一张请删去或另起名称", other)
		return
	}
	o.sheets[s.kind] = name
	head, columns := s.header(rows)
	if len(columns) > 0 {
		o.strangers(s, sheet, rows, head, columns)
	}
	need := cmp.Or(map[organisation.EntryKind]string{organisation.DelegationEntry: "from", postSheet: "person"}[s.kind], "name")
	if _, ok := columns[need]; !ok {
		o.skewed = true
		o.problem(sheet, "前几行里没有找到列名“%s”，请把列名写在第一行", s.column(need).names[0])
		return
	}
	for _, r := range rows[head+1:] {
		o.row(s, cellsOf{name, r, columns, date1904})
	}
}

// spreadsheetsName is what a spreadsheet calls a sheet that nobody has named.
var spreadsheetsName = regexp.MustCompile(`^(sheet|工作表)[0-9]+$`)

// strangers looks at the columns that are not read: a column we do not know is a problem, the others are noted.
func (o *organisationReader) strangers(s organisationSheet, sheet string, rows []numbered, head int, columns map[string]int) {
	var unused []string
	for j, cell := range rows[head].cells {
		if slices.Contains(slices.Collect(maps.Values(columns)), j) {
			continue
		}
		text := headText(cell)
		switch {
		case text == "":
			if slices.ContainsFunc(rows[head+1:], func(r numbered) bool { return j < len(r.cells) && strings.TrimSpace(r.cells[j]) != "" }) {
				unused = append(unused, fmt.Sprintf("第 %d 列（没有列名）", j+1))
			}
		case oneOf(unusedColumns, text), slices.ContainsFunc(s.columns, func(c organisationColumn) bool { return oneOf(c.names, text) }): // the latter: a second name of one that is read
			unused = append(unused, shortened(cell))
		default:
			o.skewed = true
			hint := "这张表的列有" + quoted(s.heads()) + "。"
			if near := s.nearest(text, columns); near != "" {
				hint = "是不是“" + near + "”？"
			}
			o.problem(sheet, "不认识列名“%s”，%s请改成认识的列名，用不着的列请删去", shortened(cell), hint)
		}
	}
	if len(unused) > 0 {
		o.street.Notes = append(o.street.Notes, sheet+"的列"+quoted(unused)+"没有读。")
	}
}

// nearest is the column not found yet that shares the most characters with an unknown name; "" when none shares any.
func (s organisationSheet) nearest(text string, found map[string]int) (near string) {
	best := 0.0
	for _, c := range s.columns {
		if _, there := found[c.key]; there {
			continue
		}
		for _, name := range c.names {
			shared, all := 0, utf8.RuneCountInString(text)+utf8.RuneCountInString(name)
			for _, r := range ticket.Fold(name) {
				if strings.ContainsRune(text, r) {
					shared++
				}
			}
			if like := float64(shared) / float64(all); like > best {
				best, near = like, c.names[0]
			}
		}
	}
	return near
}

func (s organisationSheet) heads() []string {
	var out []string
	for _, c := range s.columns {
		out = append(out, c.names[0])
	}
	return out
}

// oneOf reports whether a folded text is one of the names.
func oneOf(names []string, text string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return ticket.Fold(n) == text })
}

// quoted lists what people wrote.
func quoted(list []string) string {
	var b strings.Builder
	for _, s := range list[:min(len(list), 10)] {
		b.WriteString("“" + shortened(s) + "”")
	}
	if len(list) > 10 {
		b.WriteString("等")
	}
	return b.String()
}

// shortened is a cell's text as a message quotes it.
func shortened(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}

// header finds the row that names the most columns, among the first.
func (s organisationSheet) header(rows []numbered) (at int, columns map[string]int) {
	for i, r := range rows[:min(len(rows), headRows)] {
		found := map[string]int{}
		for _, c := range s.columns {
			for _, name := range c.names { // the first name that is there, so that “人员编号” is no “人员”
				j := slices.IndexFunc(r.cells, func(cell string) bool { return headText(cell) == ticket.Fold(name) })
				if _, have := found[c.key]; j >= 0 && !have {
					found[c.key] = j
				}
			}
		}
		if len(found) > len(columns) {
			at, columns = i, found
		}
	}
	return at, columns
}

// headText is a header cell without marks and notes in brackets.
func headText(cell string) string {
	text := ticket.Fold(cell)
	if i := strings.IndexAny(text, "(（"); i > 0 {
		text = text[:i]
	}
	return strings.Trim(text, "*：: ")
}

func (s organisationSheet) column(key string) organisationColumn {
	return s.columns[slices.IndexFunc(s.columns, func(c organisationColumn) bool { return c.key == key })]
}

// cellsOf is one row by column.
type cellsOf struct {
	sheet    string
	row      numbered
	columns  map[string]int
	date1904 bool
}

func (c cellsOf) where() string { return fmt.Sprintf("“%s”表第 %d 行", c.sheet, c.row.number) }

func (c cellsOf) get(key string) string {
	i, ok := c.columns[key]
	if !ok || i >= len(c.row.cells) {
		return ""
	}
	shown := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && r != '\n' { // shows nothing
			return -1
		}
		return r
	}, c.row.cells[i])
	return strings.TrimPrefix(strings.TrimSpace(shown), "'") // as safeText writes it
}

// id is an id as text: a number that a spreadsheet keeps as 1001.0 is 1001.
func (c cellsOf) id() string { return whole(c.get("id")) }

func whole(s string) string {
	if f, err := strconv.ParseFloat(s, 64); err == nil && f == float64(int64(f)) && f >= 0 && strings.ContainsAny(s, ".eE") {
		return strconv.FormatInt(int64(f), 10)
	}
	return s
}

// name is a name without the spaces that make two characters as wide as three.
func (c cellsOf) name(key string) string {
	s := c.get(key)
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.Is(unicode.Han, r) && !unicode.IsSpace(r) && r != '·' }) < 0 {
		return strings.Join(strings.Fields(s), "")
	}
	return s
}

func (o *organisationReader) row(s organisationSheet, c cellsOf) {
	note := func(list string) { o.rows[list] = append(o.rows[list], c.where()) }
	switch s.kind {
	case organisation.DepartmentEntry:
		gone, back := o.state(c)
		o.street.Departments = append(o.street.Departments, organisation.Department{
			ID: c.id(), Name: c.get("name"), ShortName: c.get("short"), Kind: c.get("kind"), DeputyLeader: c.name("deputy"), Closed: gone, Returned: back,
		})
		note("departments")
	case organisation.GridEntry:
		gone, back := o.state(c)
		o.street.Grids = append(o.street.Grids, organisation.Grid{ID: c.id(), Name: c.get("name"), Closed: gone, Returned: back})
		note("grids")
	case organisation.CommunityEntry:
		gone, back := o.state(c)
		m := organisation.Community{ID: c.id(), Name: c.get("name"), GridID: c.get("grid"), Kind: c.get("kind"), Closed: gone, Returned: back}
		for _, alias := range strings.FieldsFunc(c.get("aliases"), func(r rune) bool { return strings.ContainsRune("、，,；;\n", r) }) {
			if alias = strings.TrimSpace(alias); alias != "" {
				m.Aliases = append(m.Aliases, alias)
			}
		}
		o.street.Communities = append(o.street.Communities, m)
		note("communities")
	case organisation.PersonEntry:
		o.person(c)
	case postSheet:
		id, name := c.id(), c.name("person")
		if id == "" && name == "" {
			o.problem(c.where(), "没有写是谁的岗位，请填姓名或人员编号")
			return
		}
		if c.get("posts") == "" {
			o.problem(c.where(), "没有写岗位")
			return
		}
		if i, ok := o.entry(id, name, c.where()); ok {
			o.posts = append(o.posts, postRow{c.where(), i, c.get("posts"), c.get("unit")})
		}
	case organisation.DelegationEntry:
		start, startOK := o.moment(c, "start")
		end, endOK := o.moment(c, "end")
		if !startOK || !endOK {
			return
		}
		o.street.Delegations = append(o.street.Delegations, organisation.Delegation{ID: c.id(), From: whole(c.name("from")), To: whole(c.name("to")), StartAt: start, EndAt: end})
		note("delegations")
	}
}

func (o *organisationReader) person(c cellsOf) {
	id, name, phone := c.id(), c.name("name"), strings.NewReplacer(" ", "", "-", "").Replace(whole(c.get("phone")))
	if id == "" && name == "" {
		o.problem(c.where(), "没有写姓名")
		return
	}
	i, listed := o.people[cmp.Or(id, "\x00"+name)]
	if listed { // the same person once more, with another post
		if p := &o.street.People[i]; p.Phone == "" || phone == "" || p.Phone == phone {
			p.Phone = cmp.Or(p.Phone, phone)
			if id == "" && p.Phone == "" {
				o.problem(c.where(), "“%s”已在%s出现过；是同一个人请合并成一行，是两个人请分别写上编号", name, o.rows["people"][i])
			}
		} else {
			o.problem(c.where(), "“%s”与%s的手机号不同；是两个人请分别写上编号", cmp.Or(name, id), o.rows["people"][i])
		}
	} else {
		var ok bool
		if i, ok = o.entry(id, name, c.where()); !ok {
			return
		}
		o.street.People[i].Phone = phone
	}
	p := &o.street.People[i]
	if gone, back := o.state(c); gone && p.Returned || back && p.Left {
		o.problem(c.where(), "“%s”的状态与%s不一致，请核对", cmp.Or(name, id), o.rows["people"][i])
	} else {
		p.Left, p.Returned = p.Left || gone, p.Returned || back
	}
	if text, unit := c.get("posts"), c.get("unit"); text != "" {
		o.posts = append(o.posts, postRow{c.where(), i, text, unit})
	}
}

// entry gives the person of this id, else of this name, and lists them when they are not there yet; false when it is not clear
// who is meant.
func (o *organisationReader) entry(id, name, where string) (int, bool) {
	if i, ok := o.people[cmp.Or(id, "\x00"+name)]; ok {
		return i, true
	}
	if id == "" { // named in “岗位”, with an id in “人员”
		var same []int
		for i, p := range o.street.People {
			if p.Name == name || p.ID == name {
				same = append(same, i)
			}
		}
		if len(same) == 1 {
			return same[0], true
		}
		if len(same) > 1 {
			o.problem(where, "有 %d 位“%s”，请写上人员编号", len(same), name)
			return 0, false
		}
		if o.known != nil {
			if _, ok := o.known.Person(name); ok {
				id, name = name, ""
			}
		}
	}
	if name == "" && o.known != nil {
		p, _ := o.known.Person(id)
		name = p.Name
	}
	o.street.People = append(o.street.People, organisation.Person{ID: id, Name: name})
	o.rows["people"] = append(o.rows["people"], where)
	i := len(o.street.People) - 1
	o.people[cmp.Or(id, "\x00"+name)] = i
	return i, true
}

// state reads whether an entry is gone or there (again); neither when the cell is empty. An unknown word is a problem, because
// guessing would end somebody's access.
func (o *organisationReader) state(c cellsOf) (gone, back bool) {
	switch text := c.get("state"); ticket.Fold(text) {
	case "":
	case "在岗", "在职", "在编", "正常", "启用", "是", "有效":
		return false, true
	case "离岗", "离职", "已离岗", "已离职", "退休", "已退休", "调离", "调出", "撤销", "已撤销", "停用", "否":
		return true, false
	default:
		o.problem(c.where(), "状态“%s”看不懂，请写“在岗”“离岗”，单位写“启用”“撤销”，或留空", text)
	}
	return false, false
}

// moment reads a time; zero for an empty cell, false for one that is none.
func (o *organisationReader) moment(c cellsOf, key string) (time.Time, bool) {
	text := c.get(key)
	if text == "" {
		return time.Time{}, true
	}
	at, _, err := ticket.ParseTime(text, c.date1904)
	if err != nil {
		o.problem(c.where(), "时间“%s”看不懂，请写成 2026-02-09 09:00", text)
	}
	return at, err == nil
}

// check looks at the rows together, as far as what was read allows: only what is truly wrong is told.
func (o *organisationReader) check() {
	if o.skewed {
		o.problems[len(o.problems)-1] += "。以上改正后，再核对各行之间的关系"
		return
	}
	o.readPosts()
	sound := len(o.problems) == 0
	_, err := organisation.Revise(o.known, o.street, false)
	for _, e := range apperr.Each(err) {
		p, ok := errors.AsType[*organisation.Problem](e)
		switch {
		case ok && p.Index >= 0 && p.Index < len(o.rows[p.List]):
			if p.List == "delegations" && !sound {
				continue // hangs on the people's posts
			}
			also := ""
			for _, i := range p.Others {
				also += "（另见" + o.rows[p.List][i] + "）"
			}
			o.problem(o.rows[p.List][p.Index], "%s%s", p.Message, also)
		case sound: // what hangs on every row, such as that somebody is at the centre
			o.problems = append(o.problems, e.Error())
		}
	}
}

// readPosts reads the posts, now that every unit is known.
func (o *organisationReader) readPosts() {
	units := organisation.UnitsOf(o.known, o.street)
	for _, r := range o.posts {
		posts, err := organisation.ParsePosts(r.text, r.unit, units)
		if err != nil {
			o.problem(r.where, "%s", err)
			continue
		}
		p := &o.street.People[r.person]
		if p.Posts == nil {
			p.Posts = []organisation.Post{}
		}
		for _, post := range posts {
			if post.Role != casework.Role(organisation.None) && !slices.Contains(p.Posts, post) {
				p.Posts = append(p.Posts, post)
			}
		}
	}
}

func (o *organisationReader) err() error {
	var errs []error
	for i, p := range o.problems {
		if i == maxOrganisationProblems {
			errs = append(errs, fmt.Errorf("……另有 %d 处问题，请先改正以上各处", len(o.problems)-i))
			break
		}
		errs = append(errs, errors.New(p))
	}
	return errors.Join(errs...)
}
