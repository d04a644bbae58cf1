package store

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// The JSON of a ticket and of its row is packed before it is sealed, for what is sealed does not pack: names and headers
// repeat in every ticket, so half of it is left, and a database that looks at every byte it is given takes it faster.
//
// What is packed begins with the number of its dictionary, which JSON never does. A dictionary never changes: what it packed
// could not be read any more. A better one gets the next number.

const packedBy1 = 1

var dictionary1 = s2.MakeDictManual([]byte(`["工单编号","受理编号","信访件编号","受理时间","登记时间","工单来源","工单类型","诉求标题","标题","内容描述","诉求内容","诉求人","联系人","联系电话","诉求地址",`+
	`"小区名称","所属村居","物业公司","一级分类","二级分类","三级分类","四级分类","五级分类","主办单位","三级主责部门","流转单位","派单时间","办理时限","首次联系时间","办结时间","处理状态","已办结","退单次数","重新交办次数",`+
	`"先行联系","已联系","未联系","解决情况","已解决","未解决","满意度","满意","基本满意","不满意","不满意原因","答复市民要点","关联工单","重复工单号","是否重复","三跨标识","否","是","投诉举报类","求助类","咨询类","意见建议类",`+
	`"电话","随申办","网站","市民来电反映","市民来电表示","希望相关部门核实处理并回复","请相关部门尽快处理","已与市民联系，告知处理情况","经核实，"]`+
	`"channel":"电话","order_no":"","title":"","content":"","kind":"","category":["","","","",""],"address":"","community":"","property_company":"","requester":{"kind":"enterprise","name":"","contact":"","phone":"1","id_number":""},`+
	`"dispatched_at":"2026-","due_at":"2026-","first_contact_at":"2026-","replied_at":"2026-","closed_at":"2026-","closure_unknown":true,"department":"","sub_department":"","departments":[""],"reassigned_column":0,"returned_column":0,`+
	`"satisfaction":"dissatisfied","first_contact":"contacted","outcome":"solved","reply":"","feedback":"","cross":[""],"repeat_of":"","links":[{"hops":[{"reassignments":[{"marks":[{"facts":[{`+
	`{"id":"01","source":"hotline","order_no":"2026","title":"市民","content":"市民来电反映","category":["","","","",""],"requester":{"kind":"person","name":"","phone":"13"},"accepted_at":"2026-01-01T00:00:00Z","accepted_has_time":true,`+
	`"department":"","reassigned_column":-1,"returned_column":-1,"repeat":false}`), 0)

// pack packs JSON.
func pack(json []byte) []byte {
	return append([]byte{packedBy1}, dictionary1.Encode(nil, json)...)
}

// unpack gives what pack packed; JSON that was not packed stays as it is.
func unpack(b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] >= ' ' {
		return b, nil
	}
	if b[0] != packedBy1 {
		return nil, fmt.Errorf("packed by dictionary %d, which this program does not have", b[0])
	}
	json, err := dictionary1.Decode(nil, b[1:])
	if err != nil {
		return nil, errors.New("what was packed is damaged")
	}
	return json, nil
}
