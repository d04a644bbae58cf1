package ticket

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
)

func TestEveryHeaderMetInTheField(t *testing.T) {
	for field, headers := range map[Field]string{
		FieldOrderNo: "工单编号 12345工单编号 热线12345工单编号 工单号 热线工单号 诉求编号 任务号 TASKID HOTLINESN", FieldAcceptedAt: "受理时间 12345受理时间 来电时间 登记时间 创建时间 诉求时间 PERCREATETIME",
		FieldChannel: "工单来源 12345工单来源 诉求来源 来源渠道 案件来源", FieldKind: "工单类型 12345工单类型 诉求类型 业务类型 热线12345业务类型 APPROACH",
		FieldContent: "内容描述 12345内容描述 诉求内容 市民诉求 问题描述 案件描述", FieldTitle: "诉求标题 标题 工单标题",
		FieldAddress: "诉求地址 12345诉求地址 地址 事发地址 发生地址 小区地址", FieldRequesterName: "诉求人 来电人 联系人 市民姓名 投诉人",
		FieldPhone: "联系电话 来电号码 联系方式 手机号码 电话", FieldCategory1: "一级分类 一级业务分类 诉求类别", FieldCategory2: "二级分类 二级业务分类", FieldCategory5: "五级分类 五级业务分类",
		FieldDepartment: "主办单位 承办单位 主责部门 处置部门 责任单位", FieldSubDepartment: "三级主责部门 三级部门 四级承办部门",
		FieldDispatchedAt: "派单时间 派遣时间 转办时间", FieldDueAt: "办理时限 截止时间 处理时限 要求办结时间", FieldClosedAt: "办结时间 结案时间 完成时间",
		FieldReassigned: "重新交办次数 重办次数 退回重办次数", FieldReturned: "退单次数 退回次数", FieldFirstContact: "先行联系 是否先行联系 先行联系情况 是否联系",
		FieldOutcome: "解决情况 结案评判 办理结果 处理结果 诉求认定结果", FieldSatisfaction: "满意度 综合满意度 回访满意度 市民满意度",
		FieldRepeat: "是否重复 热线12345工单是否重复 工单是否重复", FieldRepeatOf: "重复工单号 热线12345重复工单号", FieldRelated: "关联工单",
		FieldReply: "答复市民要点 答复内容 回复内容 答复要点", FieldCommunity: "小区名称 小区 所属小区", FieldPropertyCompany: "物业公司 物业企业",
		FieldFirstContactAt: "先行联系时间", FieldRepliedAt: "答复时间", FieldFeedback: "不满意原因 市民反馈说明", FieldContactReason: "未联系原因", FieldFacts: "事实认定",
		FieldClaim: "诉求认定", FieldDuty: "责任判断", FieldReplyMethod: "答复方式", FieldPeriod: "年 月份", FieldStreet: "街道", FieldCommunityNo: "小区编号", FieldClass14: "十四类",
	} {
		for h := range strings.FieldsSeq(headers) {
			for _, as := range []string{h, "12345" + h, "１２３４５ " + h, "*" + h + " ", h + "（必填）", h[:3] + "\n" + h[3:], "\ufeff" + h, h + "：", "“" + h + "”"} {
				if m, _ := MapHeader([]string{as}); m.Columns[0].Field != field {
					t.Errorf("%q is %q, want %q", as, m.Columns[0].Field, field)
				}
			}
		}
	}
}

func TestNoHeaderMeansTwoFields(t *testing.T) {
	of := map[string]Field{}
	for _, s := range synonyms {
		for _, n := range s.names {
			k := headerKey(n)
			if was, dup := of[k]; dup {
				t.Errorf("%s is %s and %s", n, was, s.field)
			}
			of[k] = s.field
		}
	}
	if Synonyms("nothing") != nil || Field("nothing").Label() != "nothing" || FieldDueAt.Label() != "办理时限" {
		t.Error("labels")
	}
}

func TestFindHeaderUnderTitleRows(t *testing.T) {
	rows := [][]string{
		{"某某街道工单明细表"}, {}, {"导出时间：2026-10-26", "", "共 3 件"},
		{"序号", "12345工单编号*", "受理时间(年月日)", "内容\n描述", "自定义列", ""},
		{"1", "20260822223850", "2026-08-22", "路灯不亮"},
	}
	i, m, err := FindHeader(rows)
	if err != nil || i != 3 || !m.Has(FieldAcceptedAt) || m.Has(FieldTitle) {
		t.Fatal(i, m, err)
	}
	if d := cmp.Diff([]string{"自定义列"}, m.Unknown()); d != "" {
		t.Error(d)
	}
	if m.Columns[5].Header != "F" {
		t.Error("a blank header has the column's letter", m.Columns[5])
	}
}

func TestTheRichestHeaderWins(t *testing.T) {
	i, _, err := FindHeader([][]string{{"工单编号", "标题"}, {"工单编号", "标题", "受理时间"}, {"工单编号", "标题", "受理时间"}})
	if i != 1 || err != nil {
		t.Error(i, err)
	}
}

func TestAMissingHeaderSaysWhatIsMissing(t *testing.T) {
	_, _, err := FindHeader([][]string{{"标题行"}, {"受理时间", "内容描述", "怪列"}})
	var e *apperr.Error
	if !errors.As(err, &e) || e.Reason != "ticket.header_not_found" || e.Code != apperr.InvalidArgument {
		t.Fatal(err)
	}
	for _, say := range []string{"缺少“工单编号”列", "案件编号", "第 2 行", "认出受理时间、内容描述", "不认识怪列"} {
		if !strings.Contains(e.Message, say) {
			t.Errorf("%s lacks %s", e.Message, say)
		}
	}
	if len(e.Fields) != 1 || e.Fields[0].Name != "order_no" {
		t.Error(e.Fields)
	}
	for _, rows := range [][][]string{nil, {{}}, {{"", ""}}, make([][]string, 20)} {
		if _, _, err := FindHeader(rows); !errors.As(err, &e) || len(e.Fields) != 2 {
			t.Error(rows, err)
		}
	}
	far := make([][]string, 11)
	far[10] = []string{"工单编号", "标题"}
	if _, _, err := FindHeader(far); err == nil {
		t.Error("the eleventh row is no header")
	}
}

func TestAProfileComesBeforeTheSynonyms(t *testing.T) {
	p := Profile{Columns: []ProfileColumn{{Header: "单据 号", Field: FieldOrderNo}, {Header: "标题", Field: FieldContent}, {Header: "备注", Field: FieldTitle}, {Header: "地址"}}}
	m, n := p.MapHeader([]string{"单据号", "标题", "备注", "地址"})
	if n != 3 || m.Columns[0].Field != FieldOrderNo || m.Columns[1].Field != FieldContent || m.Columns[2].Field != FieldTitle || m.Columns[3].Field != "" {
		t.Error(n, m.Columns)
	}
}

func TestColumnNames(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 701: "ZZ", 702: "AAA"} {
		if got := ColumnName(i); got != want {
			t.Error(i, got)
		}
	}
}
