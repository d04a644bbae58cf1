package ticket

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"xiaopu/server/apperr"
)

// Field names what a column means, in the words of Ticket's JSON.
type Field string

// The columns understood. Those from FieldContactReason on are recognised, so that nobody maps them by hand, but stay
// in Raw only.
const (
	FieldOrderNo         Field = "order_no"
	FieldAcceptedAt      Field = "accepted_at"
	FieldChannel         Field = "channel"
	FieldKind            Field = "kind"
	FieldTitle           Field = "title"
	FieldContent         Field = "content"
	FieldAddress         Field = "address"
	FieldCommunity       Field = "community"
	FieldPropertyCompany Field = "property_company"
	FieldRequesterName   Field = "requester_name"
	FieldRequesterKind   Field = "requester_kind"
	FieldEnterprise      Field = "enterprise"
	FieldPhone           Field = "phone"
	FieldIDNumber        Field = "id_number"
	FieldCreditCode      Field = "credit_code"
	FieldCategory1       Field = "category1"
	FieldCategory2       Field = "category2"
	FieldCategory3       Field = "category3"
	FieldCategory4       Field = "category4"
	FieldCategory5       Field = "category5"
	FieldDepartment      Field = "department"
	FieldSubDepartment   Field = "sub_department"
	FieldDepartments     Field = "departments"
	FieldReturnedBy      Field = "returned_by"
	FieldDispatchedAt    Field = "dispatched_at"
	FieldDueAt           Field = "due_at"
	FieldFirstContactAt  Field = "first_contact_at"
	FieldRepliedAt       Field = "replied_at"
	FieldClosedAt        Field = "closed_at"
	FieldReassigned      Field = "reassigned"
	FieldReturned        Field = "returned"
	FieldFirstContact    Field = "first_contact"
	FieldOutcome         Field = "outcome"
	FieldSatisfaction    Field = "satisfaction"
	FieldFeedback        Field = "feedback"
	FieldReply           Field = "reply"
	FieldRepeat          Field = "repeat"
	FieldRepeatOf        Field = "repeat_of"
	FieldRelated         Field = "related"
	FieldCross           Field = "cross"

	FieldContactReason Field = "contact_reason"
	FieldFacts         Field = "facts"
	FieldClaim         Field = "claim"
	FieldDuty          Field = "duty"
	FieldReplyMethod   Field = "reply_method"
	FieldPeriod        Field = "period"
	FieldSerial        Field = "serial"
	FieldLink          Field = "link"
	FieldHeat          Field = "heat"
	FieldGridName      Field = "grid_name"
	FieldPeople        Field = "people"
	FieldListedAt      Field = "listed_at"
	FieldStreet        Field = "street"
	FieldCommunityNo   Field = "community_no"
	FieldClass14       Field = "class14"
)

// synonyms are the headers met in the field, best first: when two columns of a row mean one field, the one named
// earlier here is asked first. They are written without “12345”, “热线” before the name: those prefixes are known.
var synonyms = []struct {
	field Field
	names []string
}{
	{FieldOrderNo, []string{"工单编号", "工单号", "工单流水号", "诉求编号", "案件编号", "受理编号", "受理单号", "信访件编号", "信访编号", "事件编号", "登记编号", "任务号", "taskid", "hotlinesn", "信访件号", "件号", "案号", "信访件流水号", "信访流水号", "舆情编号", "事项编号", "案卷编号", "案卷号", "任务编号"}},
	{FieldAcceptedAt, []string{"受理时间", "来电时间", "登记时间", "诉求时间", "创建时间", "反映时间", "投诉时间", "上报时间", "提交时间", "信访时间", "受理日期", "来电日期", "登记日期", "信访日期", "来信日期", "percreatetime", "发布时间", "发帖时间", "发现时间", "登记日期时间", "上报日期", "发现日期", "排查日期", "自查日期", "巡查时间", "立案时间", "受理登记时间", "来访日期", "来信时间", "来访时间"}},
	{FieldChannel, []string{"工单来源", "诉求来源", "来源渠道", "案件来源", "受理渠道", "诉求渠道", "信息来源", "来源", "信访形式", "信访方式", "发布平台", "来源平台", "平台", "媒体名称"}},
	{FieldKind, []string{"工单类型", "诉求类型", "案件类型", "业务类型", "事项类型", "approach"}},
	{FieldTitle, []string{"诉求标题", "工单标题", "案件标题", "标题", "主题", "内容摘要", "信访事由", "舆情标题", "帖文标题", "问题标题", "事项名称", "问题简述", "事件标题"}},
	{FieldContent, []string{"内容描述", "诉求内容", "工单内容", "市民诉求", "问题描述", "案件描述", "诉求描述", "事件描述", "情况描述", "来电内容", "反映内容", "投诉内容", "信访内容", "主要内容", "具体内容", "信访诉求", "主要诉求", "反映问题", "诉求事项", "舆情内容", "帖文内容", "发布内容", "正文", "内容概要", "问题内容", "存在问题", "隐患描述", "问题情况", "内容"}},
	{FieldAddress, []string{"诉求地址", "事发地址", "发生地址", "问题地址", "案发地址", "诉求地点", "事发地点", "发生地点", "详细地址", "地址", "小区地址", "事件地点", "问题点位", "点位", "涉及地点", "涉事地点", "问题地点", "发现地点"}},
	{FieldCommunity, []string{"小区名称", "小区", "所属小区", "涉及小区", "所属居村", "所属村居", "所属居委", "村居名称", "居村名称", "居民区", "村居", "居村", "居委会", "所属社区", "问题属地村居", "属地村居", "属地居委", "属地居村", "属地社区", "所在居委", "所在村居", "所在小区", "所属村居委", "责任村居"}},
	{FieldPropertyCompany, []string{"物业公司", "物业企业", "物业服务企业", "物业单位"}},
	{FieldRequesterName, []string{"诉求人", "诉求人姓名", "来电人", "来电人姓名", "市民姓名", "投诉人", "投诉人姓名", "反映人", "反映人姓名", "信访人", "信访人姓名", "联系人", "联系人姓名", "姓名", "信访人名称", "信访人员", "来访人", "来访人姓名", "上访人", "上访人姓名", "来信人", "来信人姓名", "发布人", "发帖人", "发布账号", "作者"}},
	{FieldRequesterKind, []string{"诉求人类型", "诉求主体类型", "诉求主体", "服务对象类型", "服务对象"}},
	{FieldEnterprise, []string{"企业名称", "公司名称", "诉求企业"}},
	{FieldPhone, []string{"联系电话", "诉求人电话", "诉求人联系电话", "来电号码", "来电电话", "主叫号码", "联系方式", "联系号码", "手机号码", "手机号", "手机", "电话号码", "电话"}},
	{FieldIDNumber, []string{"身份证号", "身份证号码", "诉求人身份证号", "证件号码", "证件号", "身份证"}},
	{FieldCreditCode, []string{"统一社会信用代码", "社会信用代码", "信用代码"}},
	{FieldCategory1, []string{"一级分类", "一级业务分类", "一级诉求分类", "一级类别", "诉求类别", "大类"}},
	{FieldCategory2, []string{"二级分类", "二级业务分类", "二级诉求分类", "二级类别", "中类"}},
	{FieldCategory3, []string{"三级分类", "三级业务分类", "三级诉求分类", "三级类别", "小类"}},
	{FieldCategory4, []string{"四级分类", "四级业务分类", "四级诉求分类", "四级类别"}},
	{FieldCategory5, []string{"五级分类", "五级业务分类", "五级诉求分类", "五级类别"}},
	{FieldDepartment, []string{"主办单位", "主办部门", "承办单位", "承办部门", "主责部门", "处置部门", "处置单位", "责任单位", "责任部门", "办理单位", "办理部门", "处理单位", "处理部门", "去向单位", "去向机构", "责任主体", "主办科室", "转办单位", "转送单位", "整改责任单位", "填报部门", "自查部门", "上报部门"}},
	{FieldSubDepartment, []string{"三级主责部门", "三级部门", "四级承办部门", "二级承办单位", "承办科室"}},
	{FieldDepartments, []string{"流转单位", "流转部门", "流转记录", "流转情况", "流转过程", "流转经过", "流转历史", "历次承办单位", "历次承办部门", "经办单位", "经办部门"}},
	{FieldReturnedBy, []string{"退单单位", "退单部门", "退回单位", "退回部门"}},
	{FieldDispatchedAt, []string{"派单时间", "派遣时间", "派发时间", "转办时间", "交办时间", "下派时间", "分派时间", "派单日期", "交办日期"}},
	{FieldDueAt, []string{"办理时限", "办结时限", "处理时限", "处置时限", "办理期限", "要求办结时间", "应办结时间", "截止时间", "截止日期", "到期时间", "整改期限", "整改时限", "答复期限", "办理截止时间"}},
	{FieldFirstContactAt, []string{"先行联系时间", "首次联系时间"}},
	{FieldRepliedAt, []string{"答复时间", "回复时间"}},
	{FieldClosedAt, []string{"办结时间", "实际办结时间", "结案时间", "完结时间", "完成时间", "办结日期", "结案日期", "整改完成时间", "整改日期", "答复日期"}},
	{FieldReassigned, []string{"重新交办次数", "重办次数", "退回重办次数", "重交办次数", "再次交办次数", "重新交办", "是否重新交办", "交办次数", "累计交办次数"}},
	{FieldReturned, []string{"退单次数", "退回次数", "退件次数"}},
	{FieldFirstContact, []string{"先行联系", "是否先行联系", "先行联系情况", "先行联系结果", "是否联系"}},
	{FieldOutcome, []string{"解决情况", "实际解决情况", "结案评判", "解决结果", "办理结果", "处理结果", "诉求认定结果", "是否解决"}},
	{FieldSatisfaction, []string{"满意度", "综合满意度", "市民满意度", "回访满意度", "满意度评价", "满意情况", "回访评价", "回访结果"}},
	{FieldFeedback, []string{"不满意原因", "市民反馈说明", "市民反馈", "回访意见", "回访说明", "未解决原因", "不满意理由", "重新交办原因", "重办原因", "再次交办原因"}},
	{FieldReply, []string{"答复市民要点", "回复市民要点", "答复要点", "回复要点", "答复内容", "回复内容", "办理情况", "处理情况", "处置情况", "办理反馈", "答复意见", "办理意见", "处理意见", "整改情况", "整改措施", "办理结果说明", "处置结果"}},
	{FieldRepeat, []string{"是否重复", "工单是否重复", "是否重复工单", "是否重复件", "重复工单", "是否重复信访", "初重件", "初信重信"}},
	{FieldRepeatOf, []string{"重复工单号", "重复工单编号", "原工单编号", "原工单号"}},
	{FieldRelated, []string{"关联工单", "关联工单号", "关联工单编号", "相关工单"}},
	{FieldCross, []string{"三跨", "是否三跨", "三跨标识", "三跨类型", "三跨情况", "三跨事项"}},

	{FieldContactReason, []string{"未联系原因", "未先行联系原因"}},
	{FieldFacts, []string{"事实认定"}},
	{FieldClaim, []string{"诉求认定"}},
	{FieldDuty, []string{"责任判断"}},
	{FieldReplyMethod, []string{"答复方式"}},
	{FieldPeriod, []string{"年", "月", "年份", "月份"}},
	{FieldSerial, []string{"序号", "顺序号", "行号"}},
	{FieldLink, []string{"链接", "原文链接", "链接地址", "帖文链接", "网址", "url"}},
	{FieldHeat, []string{"热度", "热度值", "热度指数", "阅读量", "点击量", "浏览量", "转发量", "评论数", "评论量", "点赞数", "互动量"}},
	{FieldGridName, []string{"网格", "所属网格", "网格名称", "责任网格", "综合网格"}},
	{FieldPeople, []string{"信访人数", "涉及人数", "来访人数"}},
	{FieldListedAt, []string{"清单日期", "回访时间", "回访日期", "评价时间", "评价日期", "重新交办时间", "重新交办日期", "通报日期", "认定时间", "认定日期"}},
	{FieldStreet, []string{"街道", "街镇", "所属街道", "所属街镇"}},
	{FieldCommunityNo, []string{"小区编号"}},
	{FieldClass14, []string{"十四类"}},
}

// prefixes stand before any header in some months of one source and not in others. Longest first.
var prefixes = []string{"12345市民服务热线", "12345市民热线", "12345热线", "热线12345", "市民热线", "12345", "热线"}

type known struct {
	field Field
	rank  int
}

// index finds a field by a header's key. A name under two fields would be a mistake in the table; a test says so.
var index = func() map[string]known {
	m := map[string]known{}
	for _, s := range synonyms {
		for rank, name := range s.names {
			m[headerKey(name)] = known{s.field, rank}
		}
	}
	return m
}()

// Synonyms lists the headers understood for a field, best first; nil for an unknown field.
func Synonyms(f Field) []string {
	for _, s := range synonyms {
		if s.field == f {
			return slices.Clone(s.names)
		}
	}
	return nil
}

// Label is the field's usual header.
func (f Field) Label() string {
	if n := Synonyms(f); n != nil {
		return n[0]
	}
	return string(f)
}

// Valid reports whether f is a field there is.
func (f Field) Valid() bool { return Synonyms(f) != nil }

// Fields lists every field, as people choose among them.
func Fields() []Field {
	list := make([]Field, len(synonyms))
	for i, s := range synonyms {
		list[i] = s.field
	}
	return list
}

var headerNoise = strings.NewReplacer("*", "", "(必填)", "", "(必填项)", "", "(选填)", "", "【必填】", "", "必填:", "", ":", "", "\"", "", "'", "", "“", "", "”", "")

func headerKey(s string) string { return headerNoise.Replace(Fold(s)) }

// Column is one column of a header row.
type Column struct {
	Header string `json:"header"` // as written, on one line; the column letter when blank
	Field  Field  `json:"field"`  // empty when not understood: the column is kept in Raw

	key  string
	rank int
}

// Mapping says what each column of a sheet means, and by which profile; the zero Profile when by synonyms alone.
type Mapping struct {
	Columns []Column `json:"columns"`
	Profile Profile  `json:"profile"`

	byField map[Field][]int // columns of a field, the best first
}

// Has reports whether a column has this meaning.
func (m Mapping) Has(f Field) bool { return len(m.columns(f)) > 0 }

// Unknown lists the headers that were not understood, in order.
func (m Mapping) Unknown() []string {
	var u []string
	for _, c := range m.Columns {
		if c.Field == "" && c.key != "" {
			u = append(u, c.Header)
		}
	}
	return u
}

// MapHeader reads a header row by the synonyms; score is the number of distinct fields understood.
func MapHeader(cells []string) (m Mapping, score int) { return Profile{}.MapHeader(cells) }

// MapHeader reads a header row; score is the number of distinct fields understood. The profile comes before the synonyms.
func (p Profile) MapHeader(cells []string) (m Mapping, score int) {
	m.byField, m.Profile = map[Field][]int{}, p
	own := p.keys()
	for i, text := range cells {
		c := Column{Header: narrow(text), key: headerKey(text)}
		if c.Header == "" {
			c.Header = ColumnName(i)
		}
		if f, ok := own[c.key]; ok && c.key != "" {
			c.Field, c.rank = f, -1
		} else {
			c.Field, c.rank = lookup(c.key)
		}
		m.Columns = append(m.Columns, c)
		if c.Field != "" {
			m.byField[c.Field] = append(m.byField[c.Field], i)
		}
	}
	for _, at := range m.byField {
		// Stable: of two columns with one header the left one comes first.
		slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(m.Columns[a].rank, m.Columns[b].rank) })
	}
	return m, len(m.byField)
}

// lookup finds a header among the synonyms.
func lookup(key string) (Field, int) {
	if key == "" {
		return "", 0
	}
	if k, ok := index[key]; ok {
		return k.field, k.rank
	}
	bare := key
	for again := true; again; {
		again = false
		for _, p := range prefixes {
			if rest, ok := strings.CutPrefix(bare, p); ok && rest != "" {
				if k, ok := index[rest]; ok {
					return k.field, k.rank
				}
				bare, again = rest, true
				break
			}
		}
	}
	// A note in brackets after the name: 受理时间(年月日), 退单次数(次).
	if i := strings.LastIndexByte(bare, '('); i > 0 && strings.HasSuffix(bare, ")") {
		if k, ok := index[bare[:i]]; ok {
			return k.field, k.rank
		}
	}
	return "", 0
}

// ColumnName is the spreadsheet's name of column i, from 0: A, B, …, AA.
func ColumnName(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

// headerRows is how far down a header is looked for: titles, units and dates stand above it.
const headerRows = 10

// Usable reports whether rows under this header can become tickets: they have an order number, or the profile makes one,
// and a content or a title.
func (m Mapping) Usable() bool { return m.serves(false) }

// serves reports whether rows under this header can be used: as tickets, or as a list, which need only name their numbers.
func (m Mapping) serves(list bool) bool { return len(m.Lacks(list)) == 0 }

// Lacks names the columns without which no row under this header can be used: as serves has it.
func (m Mapping) Lacks(list bool) (fields []Field) {
	if !m.Has(FieldOrderNo) && (list || m.Profile.Order == OrderColumn) {
		fields = append(fields, FieldOrderNo)
	}
	if !list && !m.Has(FieldContent) && !m.Has(FieldTitle) {
		fields = append(fields, FieldContent)
	}
	return fields
}

// Time reports whether the field is a point in time.
func (f Field) Time() bool {
	switch f {
	case FieldAcceptedAt, FieldDispatchedAt, FieldDueAt, FieldFirstContactAt, FieldRepliedAt, FieldClosedAt, FieldListedAt:
		return true
	}
	return false
}

// FindHeader looks for the header among the first ten rows and gives its index in rows. Of the profiles the one that fits a
// row fully and best is taken, the first of several alike; when none fits, the synonyms read the header alone. A header
// must be Usable; of several rows the one with most fields is taken, then the first.
//
// Errors: invalid_argument “ticket.header_not_found”, whose fields name each missing column and how it may be written.
func FindHeader(rows [][]string, profiles ...Profile) (rowIndex int, m Mapping, err error) {
	return findAmong(rows, false, profiles)
}

func findAmong(rows [][]string, list bool, profiles []Profile) (rowIndex int, m Mapping, err error) {
	most := 0
	for i, row := range rows[:min(len(rows), headerRows)] {
		for _, p := range profiles {
			fit := p.Fit(row)
			if !fit.Full() || fit.Found <= most {
				continue
			}
			if c, _ := p.MapHeader(row); c.serves(list) {
				rowIndex, m, most = i, c, fit.Found
			}
		}
	}
	if most > 0 {
		return rowIndex, m, nil
	}
	return findHeader(rows, Profile{}, list)
}

// ApplyProfile looks for the header as FindHeader does, under this profile whether or not all its columns are there.
//
// Errors: as FindHeader.
func ApplyProfile(rows [][]string, p Profile) (rowIndex int, m Mapping, err error) {
	return findHeader(rows, p, false)
}

func findHeader(rows [][]string, p Profile, list bool) (rowIndex int, m Mapping, err error) {
	best, bestScore := -1, 0
	near, nearScore := Mapping{Profile: p}, 0
	nearRow := 0
	for i, row := range rows[:min(len(rows), headerRows)] {
		c, score := p.MapHeader(row)
		if c.serves(list) {
			if score > bestScore {
				best, bestScore, m = i, score, c
			}
		} else if score > nearScore {
			near, nearScore, nearRow = c, score, i
		}
	}
	if best >= 0 {
		return best, m, nil
	}
	return 0, Mapping{}, errHeader(near, nearScore, nearRow, list)
}

func errHeader(near Mapping, score, row int, list bool) error {
	e := apperr.New(apperr.InvalidArgument, "ticket.header_not_found", "")
	var missing []string
	miss := func(f Field, names ...string) {
		missing = append(missing, fmt.Sprintf("“%s”列（也认：%s）", names[0], strings.Join(names[1:], "、")))
		e.Fields = append(e.Fields, apperr.Field{Name: string(f), Message: "需要“" + strings.Join(names, "”或“") + "”列"})
	}
	if !near.Has(FieldOrderNo) && (list || near.Profile.Order == OrderColumn) {
		miss(FieldOrderNo, Synonyms(FieldOrderNo)...)
	}
	if !list && !near.Has(FieldContent) && !near.Has(FieldTitle) {
		miss(FieldContent, append(Synonyms(FieldContent), Synonyms(FieldTitle)...)...)
	}
	found := "没有一行像表头"
	if score > 0 {
		var names []string
		for _, c := range near.Columns {
			if c.Field != "" {
				names = append(names, c.Header)
			}
		}
		found = fmt.Sprintf("最像表头的是第 %d 行，只认出%s", row+1, strings.Join(names, "、"))
		if u := near.Unknown(); len(u) > 0 {
			found += "，不认识" + strings.Join(u[:min(len(u), 20)], "、")
		}
	}
	under := ""
	if near.Profile.Name != "" {
		under = "按模板“" + near.Profile.Name + "”，"
	}
	e.Message = fmt.Sprintf("%s前 %d 行里没有找到表头：缺少%s；%s。请为这种表做一个导入模板，说明各列的含义：网页和接口用“识别表头”（POST /api/v1/imports/inspect）得到建议，核对后保存；命令行用 xiaopu import inspect 文件 --source 来源 --save 模板名，核对存出的模板文件后载入", under, headerRows, strings.Join(missing, "，缺少"), found)
	return e
}
