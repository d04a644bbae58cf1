package ticket

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"xiaopu/server/apperr"
)

// Profile (导入模板) says what the columns of one kind of sheet mean: the source's own header names, for columns the synonyms
// do not know or read otherwise; values for what the sheet does not say; and how an order number is made when it has none.
type Profile struct {
	ID     string `json:"id,omitempty"` // of a saved one; “builtin-…” of one that is shipped
	Source Source `json:"source"`
	Name   string `json:"name"`
	// Columns is what each header means.
	Columns []ProfileColumn `json:"columns" doc:"各列的含义"`
	// Fixed is what holds for every row whose own columns do not say it.
	Fixed []FixedValue `json:"fixed,omitempty" doc:"表里没有时各行都用的值"`
	Order OrderRule    `json:"order,omitempty" enum:",link,content" doc:"没有工单编号时：空为不能导入，link 由链接生成，content 由内容生成"`
	Dates DateOrder    `json:"dates,omitempty" enum:",dmy,mdy,md" doc:"日期写法：空为年在前，dmy 日月年，mdy 月日年，md 没有年份"`
}

// ProfileColumn is one column of a profile.
type ProfileColumn struct {
	Header string `json:"header" doc:"列名"`
	Field  Field  `json:"field,omitempty" doc:"含义；空为不用这一列，只原样保留"`
	// Optional says that a sheet may lack it and still be one of this kind.
	Optional bool `json:"optional,omitempty" doc:"没有这一列也算同一种表"`
}

// FixedValue is a value for all rows.
type FixedValue struct {
	Field Field  `json:"field" doc:"列的含义"`
	Value string `json:"value" doc:"固定值"`
}

// OrderRule says where the order number comes from when a row has none.
type OrderRule string

// The rules. With the last two the same row gives the same number whenever it is imported.
const (
	OrderColumn  OrderRule = ""        // a row without one cannot be used
	OrderLink    OrderRule = "link"    // made from the link, and from the content where there is none
	OrderContent OrderRule = "content" // made from source, channel, department, day and content
)

// OrderRules lists the rules.
var OrderRules = []OrderRule{OrderColumn, OrderLink, OrderContent}

// DateOrder says how the sheet writes days that can be read in two ways.
type DateOrder string

// The orders. Whatever this says, dates that begin with a year of four digits are read as such.
const (
	DateYearFirst DateOrder = ""    // 2026-11-18
	DateDayFirst  DateOrder = "dmy" // 18/11/2026, 18.11.26
	DateMonth     DateOrder = "mdy" // 11/18/2026
	DateNoYear    DateOrder = "md"  // 11月18日: the last one that is not in the future
)

// DateOrders lists the orders.
var DateOrders = []DateOrder{DateYearFirst, DateDayFirst, DateMonth, DateNoYear}

// Fixable are the fields a profile may give one value for all rows.
var Fixable = []Field{
	FieldChannel, FieldKind, FieldTitle, FieldCommunity, FieldRequesterKind, FieldCategory1, FieldCategory2, FieldCategory3, FieldCategory4, FieldCategory5,
	FieldDepartment, FieldSubDepartment, FieldCross,
}

// Bounds of a profile.
const (
	maxProfileName    = 50
	maxProfileColumns = 300
	maxFixed          = 200
)

// Check says everything that is wrong with the profile.
//
// Errors: invalid_argument “profile.invalid” with the fields.
func (p Profile) Check() error {
	e := apperr.New(apperr.InvalidArgument, "profile.invalid", "")
	wrong := func(name, message string, args ...any) {
		e.Fields = append(e.Fields, apperr.Field{Name: name, Message: fmt.Sprintf(message, args...)})
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(p.Name)); n == 0 || n > maxProfileName {
		wrong("name", "模板名称需要 1 到 %d 个字", maxProfileName)
	}
	if !p.Source.Valid() {
		wrong("source", "没有这种来源，请从列表中选择")
	}
	if len(p.Columns) == 0 || len(p.Columns) > maxProfileColumns {
		wrong("columns", "请指定 1 到 %d 列的含义", maxProfileColumns)
	}
	seen := map[string]string{}
	for _, c := range p.Columns {
		key := headerKey(c.Header)
		switch {
		case key == "" || utf8.RuneCountInString(c.Header) > 100:
			wrong("columns", "列名需要 1 到 100 个字：“%s”", c.Header)
		case c.Field != "" && !c.Field.Valid():
			wrong("columns", "“%s”列的含义“%s”不认识，可选：%s", c.Header, c.Field, fieldNames())
		case seen[key] != "":
			wrong("columns", "“%s”与“%s”是同一个列名", c.Header, seen[key])
		}
		seen[key] = c.Header
	}
	for i, f := range p.Fixed {
		if !slices.Contains(Fixable, f.Field) {
			wrong("fixed", "“%s”不能设固定值", f.Field.Label())
		} else if n := utf8.RuneCountInString(f.Value); n == 0 || n > maxFixed {
			wrong("fixed", "“%s”的固定值需要 1 到 %d 个字", f.Field.Label(), maxFixed)
		} else if slices.ContainsFunc(p.Fixed[:i], func(o FixedValue) bool { return o.Field == f.Field }) {
			wrong("fixed", "“%s”的固定值写了两次", f.Field.Label())
		}
	}
	if !slices.Contains(OrderRules, p.Order) {
		wrong("order", "工单编号的来历只能是：不填（取自列）、link（由链接生成）、content（由内容生成）")
	}
	if !slices.Contains(DateOrders, p.Dates) {
		wrong("dates", "日期写法只能是：不填（年在前）、dmy（日月年）、mdy（月日年）、md（没有年份）")
	}
	if len(e.Fields) == 0 {
		return nil
	}
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Message)
	}
	e.Message = "模板有误：" + strings.Join(all, "；") + "。"
	return e
}

func fieldNames() string {
	var names []string
	for _, s := range synonyms {
		names = append(names, string(s.field)+" "+s.field.Label())
	}
	return strings.Join(names, "、")
}

// keys is the profile's columns by the key that headers are compared by.
func (p Profile) keys() map[string]Field {
	m := make(map[string]Field, len(p.Columns))
	for _, c := range p.Columns {
		m[headerKey(c.Header)] = c.Field
	}
	return m
}

// fixed is the value a profile gives a field, or "".
func (p Profile) fixed(f Field) string {
	for _, v := range p.Fixed {
		if v.Field == f {
			return v.Value
		}
	}
	return ""
}

// Fit says how well a profile fits a header row.
type Fit struct {
	Found   int      `json:"found" doc:"模板的列中表里有几列"`
	Of      int      `json:"of" doc:"模板共有几列（不用的不算）"`
	Missing []string `json:"missing,omitempty" doc:"必须有而表里没有的列"`
}

// Full reports whether everything that must be there is.
func (f Fit) Full() bool { return f.Of > 0 && f.Found > 0 && len(f.Missing) == 0 }

// Fit compares the profile with a header row.
func (p Profile) Fit(header []string) Fit {
	there := map[string]bool{}
	for _, h := range header {
		there[headerKey(h)] = true
	}
	var fit Fit
	for _, c := range p.Columns {
		switch {
		case c.Field == "":
			continue
		case there[headerKey(c.Header)]:
			fit.Found++
		case !c.Optional:
			fit.Missing = append(fit.Missing, c.Header)
		}
		fit.Of++
	}
	return fit
}

// orderMarks begin an order number that was made, by source.
var orderMarks = map[Source]string{Hotline: "RX", Petition: "XF", Opinion: "YQ", Department: "BM", Grid: "WG", Resident: "JM"}

// makeOrder makes the order number of a row that has none.
func (r *row) makeOrder() {
	t := &r.t
	rule := r.m.Profile.Order
	if t.OrderNo != "" || rule == OrderColumn {
		return
	}
	if rule == OrderLink {
		if link := canonicalLink(r.value(FieldLink)); link != "" {
			t.OrderNo = orderMarks[t.Source] + "-" + letters("link", link)
			return
		}
	}
	if t.AcceptedAt.IsZero() || t.Title == "" && t.Content == "" {
		return // which is a problem already
	}
	day := t.AcceptedAt.In(Shanghai).Format("20060102")
	at := ""
	if rule == OrderLink && t.AcceptedHasTime {
		at = t.AcceptedAt.In(Shanghai).Format("150405")
	}
	t.OrderNo = orderMarks[t.Source] + day + "-" +
		letters("content", string(t.Source), Fold(t.Channel), DepartmentKey(t.Department), day, at, Fold(t.Title), Fold(t.Content), Fold(t.Address))
}

// letters is a hash as letters: digits in an order number look like a phone.
func letters(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	sum := h.Sum(nil)[:7]
	out := make([]byte, 0, 2*len(sum))
	for _, b := range sum {
		const alphabet = "BCDFGHJKLMNPQRST"
		out = append(out, alphabet[b>>4], alphabet[b&15])
	}
	return string(out)
}

// tracking are the parameters by which a link is counted; without them it leads to the same place.
var tracking = regexp.MustCompile(`^(utm_\w+|from|share\w*|spm|timestamp|scene|wxfid|isappinstalled|refer|sudaref|is_from_webapp)$`)

// canonicalLink is a link in the one form by which two posts are known to be the same; "" when it is none.
func canonicalLink(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || !strings.Contains(u.Host, ".") {
		return ""
	}
	q := u.Query()
	for name := range q {
		if tracking.MatchString(strings.ToLower(name)) {
			q.Del(name)
		}
	}
	host := strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	link := host + strings.TrimSuffix(u.EscapedPath(), "/")
	if len(q) > 0 {
		link += "?" + q.Encode()
	}
	return cmp.Or(link, host)
}

var (
	dayMonthYear = regexp.MustCompile(`^(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})(\D.*)?$`)
	monthDay     = regexp.MustCompile(`^(\d{1,2})\s*(?:月|[-/.])\s*(\d{1,2})\s*[日号]?(\D.*)?$`)
)

// inOrder writes a date of this order with its year first; anything else stays as it is. now tells the year that is not
// written.
func (o DateOrder) inOrder(text string, now time.Time) string {
	s := narrow(text)
	switch o {
	case DateDayFirst, DateMonth:
		m := dayMonthYear.FindStringSubmatch(s)
		if m == nil {
			return text
		}
		day, month, year := m[1], m[2], m[3]
		if o == DateMonth {
			day, month = month, day
		}
		if len(year) == 2 {
			year = "20" + year
		}
		return year + "-" + month + "-" + day + m[4]
	case DateNoYear:
		m := monthDay.FindStringSubmatch(s)
		if m == nil {
			return text
		}
		month, _ := strconv.Atoi(m[1])
		day, _ := strconv.Atoi(m[2])
		latest := now.In(Shanghai).AddDate(0, 0, 1)
		year := latest.Year()
		if time.Date(year, time.Month(month), day, 0, 0, 0, 0, Shanghai).After(latest) {
			year--
		}
		return fmt.Sprintf("%04d-%02d-%02d%s", year, month, day, m[3])
	}
	return text
}
