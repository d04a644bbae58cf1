// Package ticket is one incoming complaint or request (工单), as its source sent it.
//
// # The model
//
// A Ticket is a value made from one row of an export, a form or a report. The text stays as the source sent it;
// what the program understood stands beside it, and Raw keeps the whole row, columns nobody knew included. Every
// conclusion that can later make a ticket a case (it was reassigned, it passed departments that did not accept it)
// carries its evidence: the column or the quoted words it rests on.
//
//	rows ─FindHeader→ Mapping ─ParseRow→ Ticket + Problems
//	text ─ReadTags→ links, hops, reassignments, marks
//	Ticket ─Reassigned, ChainLength, Unaccepted→ counts with evidence
//
// Headers differ between sources and between months of one source, so columns are found by synonyms, never by place.
//
// # Failure
//
// A row never fails as an error: it gives Problems, of which a Fatal one means the row cannot be used. Only
// FindHeader and ParseTime return errors, and those are *apperr.Error of code invalid_argument with a message for the
// person at the import page. Nothing here reads a clock, a file or a database.
package ticket

import (
	"slices"
	"time"
)

// Shanghai is the zone every source writes its times in. It is fixed because tickets before 2000 are refused, and the
// city has kept no summer time since 1991.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// Source is the channel a ticket came by (policy 二.3).
type Source string

// The channels.
const (
	Hotline    Source = "hotline"
	Petition   Source = "petition"
	Opinion    Source = "opinion"
	Department Source = "department"
	Grid       Source = "grid"
	Resident   Source = "resident"
)

// Sources lists every channel.
var Sources = []Source{Hotline, Petition, Opinion, Department, Grid, Resident}

// Valid reports whether s is one of the channels.
func (s Source) Valid() bool { return slices.Contains(Sources, s) }

// Label is the channel in Chinese.
func (s Source) Label() string {
	switch s {
	case Hotline:
		return "12345热线"
	case Petition:
		return "信访"
	case Opinion:
		return "舆情"
	case Department:
		return "部门发现"
	case Grid:
		return "网格上报"
	case Resident:
		return "居民自报"
	}
	return "未知来源"
}

// RequesterKind says whether a person or an enterprise asks.
type RequesterKind string

// The two kinds of requester.
const (
	Person     RequesterKind = "person"
	Enterprise RequesterKind = "enterprise"
)

// Requester is who asks (诉求人). All of it is personal data: it is sealed before it is stored.
type Requester struct {
	Kind     RequesterKind `json:"kind"`
	Name     string        `json:"name,omitempty"`      // the person's, or the enterprise's
	Contact  string        `json:"contact,omitempty"`   // who spoke for the enterprise
	Phone    string        `json:"phone,omitempty"`     // digits, with "-" in a landline
	IDNumber string        `json:"id_number,omitempty"` // 身份证号, or 统一社会信用代码 of an enterprise
}

// Satisfaction is the answer to 12345's call-back; empty means nobody answered.
type Satisfaction string

// The answers.
const (
	Satisfied    Satisfaction = "satisfied"
	Mostly       Satisfaction = "mostly"
	Fair         Satisfaction = "fair"
	Dissatisfied Satisfaction = "dissatisfied"
)

// FirstContact says whether the requester was called before the work began (先行联系); empty means not rated, and
// such tickets stay out of the rate.
type FirstContact string

// The two answers.
const (
	Contacted    FirstContact = "yes"
	NotContacted FirstContact = "no"
)

// Outcome is what the result amounts to: one of the two below, or the source's own words when it says neither.
type Outcome string

// 实际解决 and 解释说明.
const (
	Solved    Outcome = "solved"
	Explained Outcome = "explained"
)

// Crossing is one way a matter reaches beyond one duty (三跨).
type Crossing string

// The three crossings, and the mark that names none.
const (
	CrossDepartment  Crossing = "cross_department"
	CrossField       Crossing = "cross_field"
	CrossIndustry    Crossing = "cross_industry"
	CrossUnspecified Crossing = "unspecified"
)

// Cell is one non-empty cell of the row under its header.
type Cell struct {
	Header string `json:"header"` // as written; the column letter when the header is blank
	Text   string `json:"text"`
}

// Ticket is one complaint or request as its source sent it.
type Ticket struct {
	ID      string `json:"id,omitempty"` // made by the importer
	Source  Source `json:"source"`
	Channel string `json:"channel,omitempty"` // 工单来源 in the source's words, such as “电话” or “随申办”
	OrderNo string `json:"order_no"`
	Title   string `json:"title,omitempty"`
	Content string `json:"content,omitempty"`

	Kind            string    `json:"kind,omitempty"` // 工单类型, such as 投诉举报类
	Category        [5]string `json:"category"`       // 一级…五级分类; empty where the source has none
	Address         string    `json:"address,omitempty"`
	Community       string    `json:"community,omitempty"` // 小区 or 村居 as in the row
	PropertyCompany string    `json:"property_company,omitempty"`
	Requester       Requester `json:"requester"`

	AcceptedAt      time.Time  `json:"accepted_at"`
	AcceptedHasTime bool       `json:"accepted_has_time"` // false when the source gave only a date
	DispatchedAt    *time.Time `json:"dispatched_at,omitempty"`
	DueAt           *time.Time `json:"due_at,omitempty"` // the day's last second when the source gave only a date
	FirstContactAt  *time.Time `json:"first_contact_at,omitempty"`
	RepliedAt       *time.Time `json:"replied_at,omitempty"`
	ClosedAt        *time.Time `json:"closed_at,omitempty"` // nil while open
	// ClosureUnknown says that the sheet has no 办结时间 at all, so that being open says nothing.
	ClosureUnknown bool `json:"closure_unknown,omitempty"`

	Department       string   `json:"department,omitempty"`     // 主办单位
	SubDepartment    string   `json:"sub_department,omitempty"` // 三级主责部门
	Departments      []string `json:"departments,omitempty"`    // those it passed, in order, the present one not among them
	ReassignedColumn int      `json:"reassigned_column"`        // 重新交办次数; -1 when the row does not say
	ReturnedColumn   int      `json:"returned_column"`          // 退单次数; -1 when the row does not say

	Satisfaction Satisfaction `json:"satisfaction,omitempty"`
	FirstContact FirstContact `json:"first_contact,omitempty"`
	Outcome      Outcome      `json:"outcome,omitempty"`
	Reply        string       `json:"reply,omitempty"`
	Feedback     string       `json:"feedback,omitempty"` // 不满意原因, 市民反馈说明
	Cross        []Crossing   `json:"cross,omitempty"`

	RepeatOf      string         `json:"repeat_of,omitempty"` // 重复工单号
	Repeat        bool           `json:"repeat"`              // the source marks it as a repeat
	Links         []Link         `json:"links,omitempty"`
	Hops          []Hop          `json:"hops,omitempty"`
	Reassignments []Reassignment `json:"reassignments,omitempty"` // from the text; the column is ReassignedColumn
	Marks         []Mark         `json:"marks,omitempty"`

	// Facts are what lists have said since; what they say stands in the fields above too.
	Facts []Fact `json:"facts,omitempty"`

	Raw         []Cell `json:"raw,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"` // equal for two rows that say the same
}

// Open reports whether the source is known to wait for an answer still: it has not closed the ticket, or has found since that
// it is unresolved.
func (t Ticket) Open() bool {
	if t.ClosedAt == nil && !t.ClosureUnknown {
		return true
	}
	_, listed := t.FactOf(ListUnresolved)
	return listed && t.Outcome == unresolvedOutcome
}
