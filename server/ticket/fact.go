package ticket

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// List is a kind of list by which a source tells later facts about tickets that are already in.
type List string

// The lists.
const (
	ListDissatisfied List = "dissatisfied"
	ListUnresolved   List = "unresolved"
	ListReassigned   List = "reassigned"
	ListNotContacted List = "not_contacted"
)

// Lists lists every kind.
var Lists = []List{ListDissatisfied, ListUnresolved, ListReassigned, ListNotContacted}

// Valid reports whether l is one of the kinds.
func (l List) Valid() bool { return slices.Contains(Lists, l) }

// Label is the kind in Chinese.
func (l List) Label() string {
	switch l {
	case ListDissatisfied:
		return "不满意件"
	case ListUnresolved:
		return "未解决件"
	case ListReassigned:
		return "重新交办"
	case ListNotContacted:
		return "未先行联系件"
	}
	return "未知清单"
}

// Fact is what one row of a list says about a ticket.
type Fact struct {
	Source  Source `json:"source"`
	OrderNo string `json:"order_no"`
	List    List   `json:"list"`
	// On is the day of the row, or of the whole list, as 2026-11-20; "" when neither says. List, day and order are the fact's
	// key: the same list imported again says nothing new.
	On   string    `json:"on,omitempty"`
	At   time.Time `json:"at"`   // that day; the instant of the import when there is none
	Line int       `json:"line"` // where it stands: see Line

	Reason     string `json:"reason,omitempty"`
	Department string `json:"department,omitempty"`
	// Count is how often the ticket has been handed out again in all; 0 when the list does not count.
	Count int `json:"count,omitempty"`
}

// FromList stands before where a list says something, in evidence.
const FromList = "list:"

// From is how evidence names the fact's place: 不满意件清单 2026-11-20 第 12 行.
func (f Fact) From() string {
	return FromList + strings.Join(slices.DeleteFunc([]string{f.List.Label() + "清单", f.On, Place(f.Line)}, func(s string) bool { return s == "" }), " ")
}

// Key tells facts about one ticket apart.
func (f Fact) Key() string { return string(f.List) + " " + f.On }

// Says is what the fact says, wherever it stands: equal for the same row of the same list.
func (f Fact) Says() string {
	f.At, f.Line = time.Time{}, 0
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings and a number
	}
	return string(b)
}

// ListOptions are what a row of a list does not say itself.
type ListOptions struct {
	Options
	List List
	On   string // the day of the whole list, or ""
	Line int
}

// ParseFact reads a row of a list. A row with a Fatal problem says nothing that can be used.
func ParseFact(m Mapping, cells []string, opt ListOptions) (Fact, []Problem) {
	m.Profile.Order = OrderColumn // a list names tickets that have a number
	r := row{m: m, opt: opt.Options, cells: make([]string, len(cells))}
	r.t = Ticket{ReassignedColumn: -1, ReturnedColumn: -1}
	for i, c := range cells {
		r.cells[i] = r.cell(i, c)
	}
	r.order()
	f := Fact{Source: opt.Source, OrderNo: r.t.OrderNo, List: opt.List, On: opt.On, At: opt.Now, Line: opt.Line, Department: r.value(FieldDepartment)}
	if at, _, said := r.instant(FieldListedAt, opt.Now.Add(24*time.Hour), false); said && !at.IsZero() {
		f.On = at.In(Shanghai).Format(time.DateOnly)
	}
	if on, err := time.ParseInLocation(time.DateOnly, f.On, Shanghai); err == nil {
		f.At = on
	}
	f.Reason, _ = r.get(FieldFeedback)
	r.results()
	against := func(field Field, says string) {
		r.problem(field, true, "清单是"+opt.List.Label()+"，但这一行的"+field.Label()+"写的是“"+says+"”，未采用；请核对是否选错了清单")
	}
	switch opt.List {
	case ListDissatisfied:
		if s := r.t.Satisfaction; s != "" && s != Dissatisfied {
			against(FieldSatisfaction, quoteCell(r.value(FieldSatisfaction)))
		}
	case ListUnresolved:
		if r.t.Outcome == Solved {
			against(FieldOutcome, quoteCell(r.value(FieldOutcome)))
		}
	case ListNotContacted:
		if r.t.FirstContact == Contacted && r.value(FieldFirstContact) != "" {
			against(FieldFirstContact, quoteCell(r.value(FieldFirstContact)))
		}
		if reason, _ := r.get(FieldContactReason); reason != "" {
			f.Reason = reason
		}
	case ListReassigned:
		f.Count = max(0, r.count(FieldReassigned))
	}
	return f, r.problems
}

// FindListHeader looks for the header of a list as FindHeader does; a list need only name the order numbers.
//
// Errors: as FindHeader.
func FindListHeader(rows [][]string, profiles ...Profile) (rowIndex int, m Mapping, err error) {
	return findAmong(rows, true, profiles)
}

// ApplyProfileToList is ApplyProfile for a list.
func ApplyProfileToList(rows [][]string, p Profile) (rowIndex int, m Mapping, err error) {
	return findHeader(rows, p, true)
}

var dayInText = regexp.MustCompile(`(20\d\d)(?:\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})|(\d\d)(\d\d))`)

// DayIn is the day that a title or a file name is of, as 2026-11-20; "" when it names none.
func DayIn(text string) string {
	for _, m := range dayInText.FindAllStringSubmatch(narrow(text), -1) {
		y, _ := strconv.Atoi(m[1])
		mo, _ := strconv.Atoi(cmp.Or(m[2], m[4]))
		d, _ := strconv.Atoi(cmp.Or(m[3], m[5]))
		if day, ok := date(y, mo, d); ok {
			return day.Format(time.DateOnly)
		}
	}
	return ""
}

// unresolvedOutcome is the outcome that a list of unresolved tickets gives.
const unresolvedOutcome Outcome = "未解决"

// WithFact is the ticket with what a list says of it; what it said before under the same key is replaced. What the ticket's
// own row says of a later day stands.
func (t Ticket) WithFact(f Fact) Ticket {
	t.Facts = slices.DeleteFunc(slices.Clone(t.Facts), func(have Fact) bool { return have.Key() == f.Key() })
	t.Facts = append(t.Facts, f)
	slices.SortStableFunc(t.Facts, func(a, b Fact) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key(), b.Key())) })
	t.Reassignments = slices.DeleteFunc(slices.Clone(t.Reassignments), func(r Reassignment) bool { return strings.HasPrefix(r.From, FromList) })
	settled := t.settledAt()
	for _, f := range t.Facts {
		after := settled.After(f.At.Add(24 * time.Hour))
		switch f.List {
		case ListDissatisfied:
			if t.Satisfaction == "" || !after {
				t.Satisfaction = Dissatisfied
				t.Feedback = cmp.Or(f.Reason, t.Feedback)
			}
		case ListUnresolved:
			if t.Outcome != Solved || !after {
				t.Outcome = unresolvedOutcome
				t.Feedback = cmp.Or(t.Feedback, f.Reason)
			}
		case ListNotContacted:
			t.FirstContact = NotContacted
		case ListReassigned:
			at := f.At
			t.Reassignments = append(t.Reassignments, Reassignment{Count: f.Count, From: f.From(), Quote: quoteCell(cmp.Or(f.Reason, f.List.Label())), Department: f.Department, At: &at})
		}
	}
	return t
}

// settledAt is when the source last closed or answered the ticket; zero when it has not.
func (t Ticket) settledAt() (at time.Time) {
	for _, a := range []*time.Time{t.ClosedAt, t.RepliedAt} {
		if a != nil && a.After(at) {
			at = *a
		}
	}
	return at
}

// FactOf is the latest fact of a list; ok is false when there is none.
func (t Ticket) FactOf(l List) (f Fact, ok bool) {
	for _, have := range t.Facts {
		if have.List == l {
			f, ok = have, true
		}
	}
	return f, ok
}
