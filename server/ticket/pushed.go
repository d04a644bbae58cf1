package ticket

import (
	"strconv"
	"strings"
	"time"
)

// Pushed is a ticket as a platform pushes it, or a clerk types it in: a row whose cells have types. Everything that is read
// out of a row is read out of it too.
type Pushed struct {
	OrderNo         string          `json:"order_no" minLength:"1" maxLength:"64" doc:"工单编号，在同一来源中唯一"`
	AcceptedAt      time.Time       `json:"accepted_at" doc:"受理时间"`
	Channel         string          `json:"channel,omitempty" maxLength:"100" doc:"对方的受理渠道，如 电话、随申办"`
	Kind            string          `json:"kind,omitempty" maxLength:"100" doc:"工单类型，如 投诉举报类"`
	Title           string          `json:"title,omitempty" maxLength:"2000" doc:"标题；标题和内容至少有一项"`
	Content         string          `json:"content,omitempty" maxLength:"60000" doc:"内容描述"`
	Category        []string        `json:"category,omitempty" maxItems:"5" doc:"一级至五级分类"`
	Address         string          `json:"address,omitempty" maxLength:"500" doc:"诉求地址"`
	Community       string          `json:"community,omitempty" maxLength:"100" doc:"小区或村居名称"`
	PropertyCompany string          `json:"property_company,omitempty" maxLength:"200" doc:"物业公司"`
	Requester       PushedRequester `json:"requester,omitzero" doc:"诉求人；匿名的不填"`

	Department    string   `json:"department,omitempty" maxLength:"200" doc:"主办单位"`
	SubDepartment string   `json:"sub_department,omitempty" maxLength:"200" doc:"三级主责部门"`
	Departments   []string `json:"departments,omitempty" maxItems:"50" doc:"先后流转过的单位，按顺序"`
	ReturnedBy    []string `json:"returned_by,omitempty" maxItems:"50" doc:"退单的单位"`
	Reassigned    *int     `json:"reassigned,omitempty" minimum:"0" maximum:"1000" doc:"重新交办次数"`
	Returned      *int     `json:"returned,omitempty" minimum:"0" maximum:"1000" doc:"退单次数"`

	DispatchedAt   *time.Time `json:"dispatched_at,omitempty" doc:"派单时间"`
	DueAt          *time.Time `json:"due_at,omitempty" doc:"办理时限"`
	FirstContactAt *time.Time `json:"first_contact_at,omitempty" doc:"先行联系时间"`
	RepliedAt      *time.Time `json:"replied_at,omitempty" doc:"答复时间"`
	ClosedAt       *time.Time `json:"closed_at,omitempty" doc:"办结时间；没有表示还在办"`

	FirstContact *bool    `json:"first_contact,omitempty" doc:"是否先行联系"`
	Outcome      string   `json:"outcome,omitempty" maxLength:"100" doc:"解决情况，如 实际解决、解释说明"`
	Satisfaction string   `json:"satisfaction,omitempty" enum:"satisfied,mostly,fair,dissatisfied" doc:"满意度：satisfied 满意、mostly 基本满意、fair 一般、dissatisfied 不满意"`
	Feedback     string   `json:"feedback,omitempty" maxLength:"10000" doc:"不满意原因或市民反馈"`
	Reply        string   `json:"reply,omitempty" maxLength:"20000" doc:"答复要点"`
	RepeatOf     string   `json:"repeat_of,omitempty" maxLength:"64" doc:"所重复的工单编号"`
	Related      []string `json:"related,omitempty" maxItems:"20" doc:"关联的工单编号"`
	Cross        []string `json:"cross,omitempty" maxItems:"5" doc:"三跨标识，如 跨部门、跨领域、跨行业"`
}

// PushedRequester is who asks.
type PushedRequester struct {
	Kind     RequesterKind `json:"kind,omitempty" enum:"person,enterprise" doc:"诉求人类型：person 个人、enterprise 企业；默认个人"`
	Name     string        `json:"name,omitempty" maxLength:"100" doc:"姓名或企业名称"`
	Contact  string        `json:"contact,omitempty" maxLength:"100" doc:"企业的联系人"`
	Phone    string        `json:"phone,omitempty" maxLength:"50" doc:"联系电话"`
	IDNumber string        `json:"id_number,omitempty" maxLength:"30" doc:"身份证号；企业为统一社会信用代码"`
}

// pushedFields are the columns of a pushed ticket as a row; a ticket that lacks one has it empty.
var pushedFields = []Field{
	FieldOrderNo, FieldAcceptedAt, FieldChannel, FieldKind, FieldTitle, FieldContent, FieldAddress, FieldCommunity, FieldPropertyCompany,
	FieldRequesterName, FieldEnterprise, FieldPhone, FieldIDNumber, FieldCreditCode,
	FieldCategory1, FieldCategory2, FieldCategory3, FieldCategory4, FieldCategory5,
	FieldDepartment, FieldSubDepartment, FieldDepartments, FieldReturnedBy, FieldReassigned, FieldReturned,
	FieldDispatchedAt, FieldDueAt, FieldFirstContactAt, FieldRepliedAt, FieldClosedAt,
	FieldFirstContact, FieldOutcome, FieldSatisfaction, FieldFeedback, FieldReply, FieldRepeatOf, FieldRelated, FieldCross,
}

var pushedMapping = func() Mapping {
	m := Mapping{}
	for _, f := range pushedFields {
		m.Columns = append(m.Columns, Column{Header: f.Label(), Field: f})
	}
	return m
}()

var satisfactionWords = map[string]string{string(Satisfied): "满意", string(Mostly): "基本满意", string(Fair): "一般", string(Dissatisfied): "不满意"}

// Parse makes a ticket of p as ParseRow makes one of a row, with the same problems. again is Options.Again.
func (p Pushed) Parse(source Source, now time.Time, again string) (Ticket, []Problem) {
	said := map[Field]string{
		FieldOrderNo: p.OrderNo, FieldAcceptedAt: instant(&p.AcceptedAt), FieldChannel: p.Channel, FieldKind: p.Kind, FieldTitle: p.Title, FieldContent: p.Content,
		FieldAddress: p.Address, FieldCommunity: p.Community, FieldPropertyCompany: p.PropertyCompany, FieldPhone: p.Requester.Phone,
		FieldDepartment: p.Department, FieldSubDepartment: p.SubDepartment, FieldDepartments: strings.Join(p.Departments, "、"), FieldReturnedBy: strings.Join(p.ReturnedBy, "、"),
		FieldReassigned: count(p.Reassigned), FieldReturned: count(p.Returned),
		FieldDispatchedAt: instant(p.DispatchedAt), FieldDueAt: instant(p.DueAt), FieldFirstContactAt: instant(p.FirstContactAt), FieldRepliedAt: instant(p.RepliedAt), FieldClosedAt: instant(p.ClosedAt),
		FieldOutcome: p.Outcome, FieldSatisfaction: satisfactionWords[p.Satisfaction], FieldFeedback: p.Feedback, FieldReply: p.Reply,
		FieldRepeatOf: p.RepeatOf, FieldRelated: strings.Join(p.Related, "、"), FieldCross: strings.Join(p.Cross, "、"),
	}
	if p.Requester.Kind == Enterprise {
		said[FieldEnterprise], said[FieldRequesterName], said[FieldCreditCode] = p.Requester.Name, p.Requester.Contact, p.Requester.IDNumber
	} else {
		said[FieldRequesterName], said[FieldIDNumber] = p.Requester.Name, p.Requester.IDNumber
	}
	for i, f := range []Field{FieldCategory1, FieldCategory2, FieldCategory3, FieldCategory4, FieldCategory5} {
		if i < len(p.Category) {
			said[f] = p.Category[i]
		}
	}
	if p.FirstContact != nil {
		said[FieldFirstContact] = map[bool]string{true: "是", false: "否"}[*p.FirstContact]
	}
	cells := make([]string, len(pushedFields))
	for i, f := range pushedFields {
		cells[i] = said[f]
	}
	return ParseRow(pushedMapping, cells, Options{Source: source, Now: now, Again: again})
}

// instant is a time as a cell has it; "" for none.
func instant(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.In(Shanghai).Format("2006-01-02 15:04:05")
}

func count(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}
