package intake

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/xuri/excelize/v2"

	"xiaopu/server/casework"
	"xiaopu/server/organisation"
)

// workbookOf makes a workbook of sheets, each a name and rows of cells.
func workbookOf(t testing.TB, sheets ...any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i := 0; i < len(sheets); i += 2 {
		name, _ := sheets[i].(string)
		if i == 0 {
			if err := f.SetSheetName("Sheet1", name); err != nil {
				t.Fatal(err)
			}
		} else if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		rows, _ := sheets[i+1].([][]any)
		for j, row := range rows {
			if err := f.SetSheetRow(name, fmt.Sprintf("A%d", j+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readBook(data []byte, known *organisation.Organisation) (organisation.Street, error) {
	return ReadOrganisation(bytes.NewReader(data), int64(len(data)), known)
}

// An office's own workbook: ids left out, columns in another order, posts as people write them.
func TestAnOrganisationAsAnOfficeWritesIt(t *testing.T) {
	data := workbookOf(t,
		"填表说明", [][]any{{"随便写"}},
		"部门", [][]any{{"上海市某街道部门一览"}, {"部门名称*", "简称", "类别", "分管领导（姓名）"}, {"综合行政执法队", "执法队", "执法队", "赵 分管"}, {"城市运行管理中心", "城运中心", "中心", "赵分管"}},
		"网格", [][]any{{"网格名称"}, {"第一网格"}, {"第二综合网格"}},
		"居村", [][]any{{"居村名称", "网格", "别名", "类别"}, {"示范居民区", "第一网格", "示范居委、示范小区", "居民区"}},
		"花名册", [][]any{
			{"手机号码", "姓名", "所在部门", "职务", "状态"},
			{13800000001.0, "赵分管", "", "领导小组成员", ""},
			{"138 0000-0002", "周　队", "综合行政执法队", "负责人", "在岗"},
			{"", "孙城运", "", "城运中心；城运中心负责人", ""},
			{"", "王联络", "", "第一网格长，第二网格联络员\n示范居民区", ""},
			{"", "冯系统", "", "系统管理员", ""}, {"", "吴承办", "执法队", "承办人", ""}, {"", "卫离岗", "", "", "离职"},
		},
		"岗位", [][]any{{"姓名", "单位", "岗位"}, {"吴承办", "城市运行管理中心", "经办人"}, {"王联络", "", "党政办"}},
		"AB角", [][]any{{"A角", "B角", "开始", "结束"}, {"周队", "吴承办", "2026-02-09 09:00", "2026年2月14日 17:00"}},
	)
	street, err := readBook(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := organisation.Revise(nil, street, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"赵分管": "领导小组成员，综合行政执法队分管领导，城市运行管理中心分管领导", "周队": "综合行政执法队负责人", "孙城运": "城运中心，城市运行管理中心负责人",
		"王联络": "第一网格网格长，第二综合网格联络员，示范居民区工作人员，党政办（督查）", "吴承办": "综合行政执法队承办人，城市运行管理中心承办人", "卫离岗": "无岗位",
	} {
		var found []organisation.Person
		for _, p := range o.People() {
			if p.Name == name {
				found = append(found, p)
			}
		}
		if len(found) != 1 {
			t.Errorf("%d people named %s", len(found), name)
			continue
		}
		got := strings.Split(o.DescribePosts(found[0].ID), "，")
		wanted := strings.Split(want, "，")
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) {
			t.Errorf("%s: %v, want %v", name, got, wanted)
		}
		if name == "赵分管" && found[0].Phone != "13800000001" || name == "周队" && found[0].Phone != "13800000002" || (name == "卫离岗") != found[0].Left {
			t.Errorf("%s: %q left %v", name, found[0].Phone, found[0].Left)
		}
	}
	if d := o.Delegations(); len(d) != 1 || d[0].StartAt.UTC().Format(time.RFC3339) != "2026-02-09T01:00:00Z" {
		t.Errorf("%+v", d)
	}
	if m, ok := o.CommunityByName("示范小区"); !ok || o.GridName(m.GridID) != "第一网格" {
		t.Errorf("%+v", m)
	}
	// The same file again is the same organisation: ids are made stably.
	again, err := readBook(data, o)
	if err != nil {
		t.Fatal(err)
	}
	same, err := organisation.Revise(o, again, true)
	if err != nil {
		t.Fatal(err)
	}
	if c := organisation.Compare(o, same); len(c) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestWhatIsWrongWithAWorkbookIsToldWithSheetAndRow(t *testing.T) {
	people := func(rows ...[]any) []byte {
		return workbookOf(t, "部门", [][]any{{"名称"}, {"执法队"}}, "人员", append([][]any{{"编号", "姓名", "手机号", "岗位", "状态"}, {"", "王中心", "", "城运中心", ""}}, rows...))
	}
	for name, c := range map[string]struct {
		data []byte
		want []string
	}{
		"no such unit":               {people([]any{"", "甲", "", "市容所 负责人"}), []string{"“人员”表第 3 行", "“市容所”不存在"}},
		"no such role":               {people([]any{"", "甲", "", "执法队 副主任"}), []string{"“人员”表第 3 行", "看不懂岗位“执法队 副主任”"}},
		"a role without a unit":      {people([]any{"", "甲", "", "负责人"}), []string{"“人员”表第 3 行", "没有写是哪个部门的"}},
		"a bad phone":                {people([]any{"", "甲", "1380000", "执法队 承办人"}), []string{"“人员”表第 3 行", "手机号不是 11 位"}},
		"one phone twice":            {people([]any{"", "甲", "13800000001", "执法队 承办人"}, []any{"", "乙", "13800000001", "执法队 承办人"}), []string{"“人员”表第 4 行：人员“乙”与“甲”的手机号相同，请核对（另见“人员”表第 3 行）"}},
		"namesakes":                  {people([]any{"", "甲", "", "执法队 承办人"}, []any{"", "甲", "", "执法队 负责人"}), []string{"“人员”表第 4 行", "“人员”表第 3 行", "分别写上编号"}},
		"an unknown state":           {people([]any{"", "甲", "", "执法队 承办人", "借调"}), []string{"“人员”表第 3 行", "状态“借调”看不懂"}},
		"a bad id":                   {people([]any{"甲一", "甲", "", "执法队 承办人"}), []string{"“人员”表第 3 行", "编号“甲一”不对"}},
		"an administrator":           {people([]any{"", "甲", "", "系统管理员；执法队 承办人"}), []string{"“人员”表第 3 行", "不能兼任"}},
		"no name":                    {people([]any{"", "", "13800000001", "执法队 承办人"}), []string{"“人员”表第 3 行", "没有写姓名"}},
		"nobody at the centre":       {workbookOf(t, "人员", [][]any{{"姓名", "岗位"}, {"甲", "主要领导"}}), []string{"没有城运中心人员"}},
		"a kind in no words":         {workbookOf(t, "部门", [][]any{{"名称", "类别"}, {"执法队", "大队"}}), []string{"“部门”表第 2 行", "类别“大队”不对，请写科室、中心、执法队或所"}},
		"a grid's head":              {workbookOf(t, "综合网格", [][]any{{"名称"}, {"望舒第一网格"}}, "人员", [][]any{{"姓名", "岗位"}, {"甲", "望舒第一网格 负责人"}}), []string{"“望舒第一网格”是综合网格，没有“负责人”这个岗位；综合网格的岗位写网格长"}},
		"two states":                 {people([]any{"", "甲", "13800000001", "执法队 承办人", "在岗"}, []any{"", "甲", "13800000001", "", "离岗"}), []string{"“人员”表第 4 行：“甲”的状态与“人员”表第 3 行不一致"}},
		"a phone under another name": {workbookOf(t, "人员", [][]any{{"姓名", "联系方法", "岗位"}, {"甲", "", "城运中心"}}), []string{"“人员”表：不认识列名“联系方法”，是不是“手机号”"}},
		"a deputy under another":     {workbookOf(t, "部门", [][]any{{"名称", "主管"}, {"执法队", "甲"}}), []string{"“部门”表：不认识列名“主管”，是不是“分管领导”"}},
		"posts under another":        {workbookOf(t, "人员", [][]any{{"姓名", "手机号", "职位名"}, {"甲", "", "城运中心"}}), []string{"“人员”表：不认识列名“职位名”，是不是“岗位”"}},
		"a column of its own":        {workbookOf(t, "综合网格", [][]any{{"名称", "XYZ"}, {"第一网格", "1"}}), []string{"“综合网格”表：不认识列名“XYZ”，这张表的列有“编号”“名称”“状态”"}},
		"one kind twice":             {workbookOf(t, "人员", [][]any{{"姓名"}, {"甲"}}, "花名册", [][]any{{"姓名"}, {"乙"}}), []string{"“花名册”表：与“人员”表是同一种表"}},
		"a sheet of another name":    {workbookOf(t, "通讯录", [][]any{{"姓名", "岗位"}, {"甲", "城运中心"}}), []string{"没有找到组织架构", "这个文件里是“通讯录”"}},
		"no name column":             {workbookOf(t, "人员", [][]any{{"甲", "乙"}, {"丙", "丁"}}), []string{"“人员”表", "没有找到列名“姓名”"}},
		"none of ours":               {workbookOf(t, "一", [][]any{{"x"}}, "二", [][]any{{"y"}}), []string{"没有找到组织架构"}},
		"no workbook":                {[]byte("departments: []"), []string{".xlsx"}},
		"a broken one":               {people()[:300], []string{"损坏"}},
		"a bad time":                 {workbookOf(t, "人员", [][]any{{"姓名", "岗位"}, {"甲", "城运中心"}, {"乙", "城运中心"}}, "AB角", [][]any{{"本人", "代理人", "开始", "结束"}, {"甲", "乙", "下周", "2026-03-01"}}), []string{"“AB角”表第 2 行", "时间“下周”看不懂"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBook(c.data, nil)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nwant %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "138") {
				t.Errorf("a phone in %v", err)
			}
		})
	}
}

// Columns and sheets that are not read are named; the one sheet that nobody has named is read when it is a roster.
func TestWhatIsNotReadIsNamed(t *testing.T) {
	street, err := readBook(workbookOf(t,
		"人员", [][]any{{"序号", "姓名", "岗位", "联系电话", "手机号", "", "备注"}, {1, "甲", "城运中心", "57120000", "13800000001", "x", ""}},
		"通讯录", [][]any{{"姓名", "岗位"}, {"乙", "城运中心"}}, "Sheet3", nil), nil)
	if err != nil || len(street.People) != 1 || street.People[0].Phone != "13800000001" {
		t.Fatalf("%+v %v", street, err)
	}
	want := []string{"“人员”表的列“序号”“联系电话”“第 6 列（没有列名）”“备注”没有读。", "工作表“通讯录”没有读：只读没有隐藏、名称是“部门”“综合网格”“村居”“人员”“岗位”“AB角”及其别称的工作表。"}
	if !slices.Equal(street.Notes, want) {
		t.Errorf("%q", street.Notes)
	}
	f, err := excelize.OpenReader(bytes.NewReader(workbookOf(t, "人员", [][]any{{"姓名", "岗位"}, {"甲", "城运中心"}}, "部门", [][]any{{"名称"}, {"执法队"}})))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var hidden bytes.Buffer
	if err := errors.Join(f.SetSheetVisible("部门", false), f.Write(&hidden)); err != nil {
		t.Fatal(err)
	}
	if street, err = readBook(hidden.Bytes(), nil); err != nil || len(street.Departments) != 0 || len(street.Notes) != 1 || !strings.Contains(street.Notes[0], "“部门”没有读") {
		t.Errorf("%+v %v", street, err)
	}
	if street, err = readBook(workbookOf(t, "Sheet1", [][]any{{"姓名", "岗位"}, {"甲", "城运中心"}}), nil); err != nil || len(street.People) != 1 {
		t.Errorf("%+v %v", street, err)
	}
	if _, err = readBook(workbookOf(t, "Sheet1", [][]any{{"姓名"}, {"甲"}}), nil); err == nil || !strings.Contains(err.Error(), "没有找到组织架构") {
		t.Error(err)
	}
}

// One round tells what is unreadable, what does not fit together and what is not allowed; what hangs on a row that could not
// be read is left for later, and so is everything that hangs on a column we do not know.
func TestMistakesOfAllKindsAreToldInOneRound(t *testing.T) {
	_, err := readBook(workbookOf(t,
		"部门", [][]any{{"名称", "类别", "分管领导"}, {"执法队", "大队", "没有的人"}},
		"人员", [][]any{{"姓名", "手机号", "岗位", "状态"}, {"甲", "1380000", "执法队 承办人", ""}, {"乙", "", "市容所 承办人", ""}, {"丙", "", "系统管理员；执法队 承办人", "借调"}},
		"AB角", [][]any{{"本人", "代理人", "开始", "结束"}, {"甲", "乙", "下周", "2026-03-01"}, {"甲", "乙", "2026-02-01", "2026-03-01"}}), nil)
	want := []string{
		"“人员”表第 4 行：状态“借调”看不懂，请写“在岗”“离岗”，单位写“启用”“撤销”，或留空", "“AB角”表第 2 行：时间“下周”看不懂，请写成 2026-02-09 09:00",
		"“人员”表第 3 行：岗位“市容所 承办人”里的部门“市容所”不存在，请核对名称，或先在“部门”表里列出",
		"“部门”表第 2 行：部门“执法队”的类别“大队”不对，请写科室、中心、执法队或所", "“部门”表第 2 行：部门“执法队”的分管领导“没有的人”不在人员名单里，请核对姓名或编号，或先登记此人",
		"“人员”表第 4 行：人员“丙”是系统管理员，管理员不能兼任其他岗位（三类管理员之间也不能），请另设账号", "“人员”表第 2 行：人员“甲”的手机号不是 11 位手机号，请核对，或留空",
	}
	if got := strings.Split(fmt.Sprint(err), "\n"); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	_, err = readBook(workbookOf(t, "部门", [][]any{{"名称", "缩写"}, {"综合行政执法队", "执法队"}}, "人员", [][]any{{"姓名", "岗位"}, {"甲", "执法队 承办人"}, {"", "城运中心"}}), nil)
	want = []string{"“部门”表：不认识列名“缩写”，这张表的列有“编号”“名称”“简称”“类别”“分管领导”“状态”。请改成认识的列名，用不着的列请删去", "“人员”表第 3 行：没有写姓名。以上改正后，再核对各行之间的关系"}
	if got := strings.Split(fmt.Sprint(err), "\n"); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// A first roster loaded again, with the state left empty, does not bring back who has left since.
func TestAnEmptyStateLeavesWhoLeft(t *testing.T) {
	roster := func(state string) []byte {
		return workbookOf(t, "部门", [][]any{{"名称"}, {"执法队"}}, "人员", [][]any{{"姓名", "岗位", "状态"}, {"甲", "城运中心", ""}, {"王承办", "执法队 承办人", state}})
	}
	lay := func(known *organisation.Organisation, data []byte) *organisation.Organisation {
		t.Helper()
		street, err := readBook(data, known)
		if err != nil {
			t.Fatal(err)
		}
		o, err := organisation.Revise(known, street, false)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := lay(nil, roster(""))
	gone := lay(o, roster("离岗"))
	for _, again := range [][]byte{roster(""), workbookOf(t, "人员", [][]any{{"姓名", "手机号", "岗位", "状态"}, {"王承办", "", "", ""}})} {
		if c := organisation.Compare(gone, lay(gone, again)); len(c) != 0 {
			t.Errorf("%+v", c)
		}
	}
	if c := organisation.Compare(gone, lay(gone, roster("在岗"))); len(c) != 1 || c[0].What != organisation.Returned || c[0].Fields[0].After != "执法队承办人" {
		t.Errorf("%+v", c)
	}
}

func TestWhatIsWrittenReadsBackUnchanged(t *testing.T) {
	post := func(r casework.Role, unit string) organisation.Post { return organisation.Post{Role: r, Unit: unit} }
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	var all []organisation.Post
	for _, r := range casework.Roles {
		switch r {
		case casework.Handler, casework.DepartmentHead:
			all = append(all, post(r, "d-1"), post(r, "d-2"))
		case casework.Liaison, casework.GridChief, casework.PartySecretary:
			all = append(all, post(r, "g-1"), post(r, "g-2"))
		case casework.Community:
			all = append(all, post(r, "c-1"))
		case casework.SystemAdmin, casework.SecurityAdmin, casework.Auditor, casework.DeputyLeader:
		default:
			all = append(all, post(r, ""))
		}
	}
	o, err := organisation.New(
		[]organisation.Department{{ID: "d-1", Name: "城运中心", Kind: organisation.KindCentre, DeputyLeader: "p-1"}, {ID: "d-2", Name: "规划、建设办", ShortName: "=规建", DeputyLeader: "p-2"}, {ID: "d-3", Name: "城运中心", Closed: true}},
		[]organisation.Grid{{ID: "g-1", Name: "第一网格"}, {ID: "g-2", Name: "二"}, {ID: "g-3", Name: "第一网格", Closed: true}},
		[]organisation.Community{{ID: "c-1", Name: "第一网格", GridID: "g-1", Kind: organisation.KindVillage, Aliases: []string{"一", "二"}}},
		[]organisation.Person{
			{ID: "p-1", Name: "同名", Phone: "13800000001", Posts: all}, {ID: "p-2", Name: "同名", Posts: []organisation.Post{post(casework.DeputyLeader, "d-1")}[:0]},
			{ID: "p-3", Name: "走了", Left: true, Posts: []organisation.Post{post(casework.Handler, "d-3")}}, {ID: "p-4", Name: "系管", Posts: []organisation.Post{post(casework.SystemAdmin, "")}},
			{ID: "p-5", Name: "居民", Phone: "13800000009", Posts: []organisation.Post{post(casework.Resident, "")}, Requesters: []string{"r"}}, {ID: "1001", Name: "数字编号", Posts: []organisation.Post{post(casework.Centre, "")}},
		},
		[]organisation.Delegation{
			{ID: "ab-1", From: "p-1", To: "1001", StartAt: at, EndAt: at.Add(time.Hour)}, {ID: "ab-2", From: "1001", To: "p-1", StartAt: at.Add(-2 * time.Hour), EndAt: at.Add(-time.Hour)},
		})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteOrganisation(&b, o, at); err != nil {
		t.Fatal(err)
	}
	street, err := readBook(b.Bytes(), o)
	if err != nil {
		t.Fatal(err)
	}
	after, err := organisation.Revise(o, street, true)
	if err != nil {
		t.Fatal(err)
	}
	if c := organisation.Compare(o, after); len(c) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestTheTemplateIsAnEmptyOrganisation(t *testing.T) {
	var b bytes.Buffer
	if err := WriteOrganisation(&b, nil, time.Time{}); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if got := f.GetSheetList(); !slices.Equal(got, []string{"说明", "部门", "综合网格", "村居", "人员", "岗位", "AB角"}) {
		t.Error(got)
	}
	known, err := organisation.New(nil, nil, nil, []organisation.Person{{ID: "p-1", Name: "甲", Posts: []organisation.Post{{Role: casework.Centre}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	street, err := readBook(b.Bytes(), known)
	if err != nil || len(street.People)+len(street.Departments) != 0 {
		t.Errorf("%+v %v", street, err)
	}
}

// A street of 5,000 people and 200 departments is read, compared and written in seconds.
func TestALargeStreetTakesSeconds(t *testing.T) {
	s := organisation.Street{Grids: []organisation.Grid{{ID: "g-1", Name: "第一网格"}}}
	for i := range 200 {
		s.Departments = append(s.Departments, organisation.Department{ID: fmt.Sprint("d-", i), Name: fmt.Sprint("部门", i)})
	}
	for i := range 5000 {
		s.People = append(s.People, organisation.Person{ID: fmt.Sprint("p-", i), Name: fmt.Sprint("人员", i%4000), Phone: fmt.Sprintf("138%08d", i), Posts: []organisation.Post{{Role: casework.Handler, Unit: fmt.Sprint("d-", i%200)}}})
	}
	s.People[0].Posts = append(s.People[0].Posts, organisation.Post{Role: casework.Centre})
	o, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var b bytes.Buffer
	if err := WriteOrganisation(&b, o, time.Time{}); err != nil {
		t.Fatal(err)
	}
	wrote := time.Now()
	street, err := readBook(b.Bytes(), o)
	if err != nil {
		t.Fatal(err)
	}
	read := time.Now()
	street.People = street.People[:4000]
	after, err := organisation.Revise(o, street, true)
	if err != nil {
		t.Fatal(err)
	}
	if c := organisation.Compare(o, after); len(c) != 1000 {
		t.Errorf("%d changes", len(c))
	}
	t.Logf("written in %v, read and checked in %v, compared in %v", wrote.Sub(began), read.Sub(wrote), time.Since(read))
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// What stands in the cells; what a file is made of is FuzzOpenSheet's.
func FuzzOrganisationRows(f *testing.F) {
	f.Add("部门", "名称\t状态\n执法队\t\n城运中心\t撤销", "姓名\t岗位\t手机号\n甲\t城运中心；执法队 负责人\t13800000001")
	f.Add("AB角", "本人\t代理人\t开始\t结束\n甲\t乙\t46000.5\t2026-03-01", "编号\t姓名\t岗位\n1001.0\t甲\t城运中心\n2\t乙\t城运中心")
	f.Add("岗位", "姓名\t单位\t岗位\n甲\t一\t网格长\n乙\t\t无", "姓名\n甲\n")
	f.Fuzz(func(t *testing.T, name, cells, people string) {
		rows := func(text string) (list []numbered) {
			for i, line := range strings.Split(text, "\n") {
				list = append(list, numbered{i + 1, strings.Split(line, "\t")})
			}
			return list
		}
		o := newOrganisationReader(nil)
		o.sheet("综合网格", false, rows("名称\n第一网格\n一网格"), false)
		o.sheet(name, false, rows(cells), false)
		o.sheet("人员", false, rows(people), false)
		o.check()
		if len(o.problems) == 0 {
			if _, err := organisation.Revise(nil, o.street, false); err != nil {
				t.Fatalf("accepted what makes no organisation: %v", err)
			}
		}
		if err := o.err(); err != nil && !strings.ContainsFunc(err.Error(), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("not in Chinese: %v", err)
		}
	})
}

// A file that is no workbook, or a broken one, is refused and never panics.
func FuzzReadOrganisation(f *testing.F) {
	f.Add(workbookOf(f, "部门", [][]any{{"名称"}, {"执法队"}}, "人员", [][]any{{"姓名", "岗位"}, {"甲", "城运中心；执法队 负责人"}}))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if street, err := readBook(data, nil); err == nil {
			if _, err := organisation.Revise(nil, street, false); err != nil {
				t.Fatalf("accepted what makes no organisation: %v", err)
			}
		}
	})
}
