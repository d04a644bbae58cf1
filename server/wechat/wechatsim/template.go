package wechatsim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Template is one of an account's.
type Template struct {
	ID       string              `json:"id"`
	Official bool                `json:"official"` // of the official account; else of the mini-program
	Title    string              `json:"title"`
	Standing bool                `json:"standing"` // long-term: one grant, any number of messages
	Keys     []Key               `json:"keys"`
	Allowed  map[string][]string `json:"allowed,omitempty"` // values of const and enum keywords
}

// Key is a keyword of a template, such as thing1, and what stands before its value.
type Key struct {
	Name  string `json:"name"`
	Label string `json:"label"`
}

// AddTemplate puts a template into the world, or in the place of the one with its id.
func (s *Server) AddTemplate(t Template) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.templates, func(o Template) bool { return o.ID == t.ID }); i >= 0 {
		s.templates[i] = t
		return
	}
	s.templates = append(s.templates, t)
}

func (s *Server) template(a *account, id string) *Template {
	for i := range s.templates {
		if t := &s.templates[i]; t.ID == id && t.Official == (a.kind == official) {
			return t
		}
	}
	return nil
}

// Templates are those of the demonstration: of the official account for the staff, of the mini-program for residents.
func Templates() []Template {
	keys := []Key{{"character_string1", "工单编号"}, {"thing2", "事项名称"}, {"phrase3", "当前状态"}, {"time4", "办理时限"}, {"thing5", "温馨提示"}}
	return []Template{
		{ID: "OA-tmpl-case-notice-000000000000000000000001", Official: true, Title: "工单处理提醒", Keys: keys},
		{ID: "OA-tmpl-case-escalated-0000000000000000002", Official: true, Title: "工单升级通知", Keys: keys},
		{ID: "MP-tmpl-case-standing-00000000000000000003", Title: "办件进度通知", Standing: true, Keys: keys},
		{ID: "MP-tmpl-case-once-000000000000000000000004", Title: "受理结果通知", Keys: keys},
		{ID: "MP-tmpl-case-result-0000000000000000000005", Title: "办结通知", Keys: keys},
	}
}

func (s *Server) listSubscribe(in *request) (any, error) {
	list := []map[string]any{}
	for _, t := range s.templates {
		if t.Official {
			continue
		}
		kind := 2
		if t.Standing {
			kind = 3
		}
		var enums []map[string]any
		for key, values := range t.Allowed {
			enums = append(enums, map[string]any{"keywordCode": key + ".DATA", "enumValueList": values})
		}
		list = append(list, map[string]any{"priTmplId": t.ID, "title": t.Title, "content": t.content(), "example": "", "type": kind, "keywordEnumValueList": enums})
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "data": list}, nil
}

func (s *Server) listOfficial(in *request) (any, error) {
	list := []map[string]any{}
	for _, t := range s.templates {
		if t.Official {
			list = append(list, map[string]any{"template_id": t.ID, "title": t.Title, "primary_industry": "", "deputy_industry": "", "content": t.content(), "example": ""})
		}
	}
	return map[string]any{"template_list": list}, nil
}

func (t *Template) content() string {
	var b strings.Builder
	for _, k := range t.Keys {
		fmt.Fprintf(&b, "%s:{{%s.DATA}}\n", k.Label, k.Name)
	}
	return b.String()
}

// fill checks the values given for a template and gives the lines that the person reads.
func (s *Server) fill(t *Template, given map[string]struct {
	Value any `json:"value"`
}) ([]Line, error) {
	lines := make([]Line, 0, len(t.Keys))
	for _, k := range t.Keys {
		v, ok := given[k.Name]
		text := ""
		if ok {
			text = strings.TrimSuffix(fmt.Sprintf("%v", v.Value), "\n")
		}
		if why := s.rules.Misfit(k.Name, text, t.Allowed[k.Name]); why != "" {
			return nil, refused{47003, "argument invalid! data." + k.Name + ".value invalid"}
		}
		lines = append(lines, Line{k.Name, k.Label, text})
	}
	return lines, nil
}

var (
	keyword = regexp.MustCompile(`^([a-z_]+?)\d*$`)
	number  = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	letters = regexp.MustCompile(`^[A-Za-z]+$`)
	amount  = regexp.MustCompile(`^[¥￥$€£]?-?\d{1,10}(\.\d+)?元?$`)
	dialled = regexp.MustCompile(`^[0-9+() -]+$`)
	plate   = regexp.MustCompile(`^[\p{Han}A-Za-z0-9][A-Za-z0-9·]*[\p{Han}A-Za-z0-9]$`)
	plain   = regexp.MustCompile(`^[!-~ ]+$`)

	clockText = `(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?`
	dayText   = `(?:\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})`
	timeOnly  = regexp.MustCompile(`^(?:` + dayText + `\s?)?` + clockText + `$|^` + dayText + `$`)
	dayOnly   = regexp.MustCompile(`^` + dayText + `$`)
	dayAndAt  = regexp.MustCompile(`^` + dayText + `(?:\s?` + clockText + `)?$`)
)

// Misfit says why a value does not fit a keyword, and "" when it does. The limits are those of the table 参数值内容限制说明 in the
// documents of subscribe messages, which holds for template messages by category too.
func (r Rules) Misfit(key, v string, allowed []string) string {
	m := keyword.FindStringSubmatch(key)
	if m == nil {
		return "no such keyword"
	}
	n, han, onlyHan := 0, false, true
	for _, c := range v {
		switch {
		case unicode.IsControl(c):
			return "control character"
		case c > 0xFFFF && r.WideCountTwice:
			n++
		}
		n++
		if unicode.Is(unicode.Han, c) {
			han = true
		} else {
			onlyHan = false
		}
	}
	if strings.TrimSpace(v) == "" {
		return "empty"
	}
	var fits bool
	switch m[1] {
	case "thing":
		fits = n <= 20
	case "number":
		fits = n <= 32 && number.MatchString(v)
	case "letter":
		fits = n <= 32 && letters.MatchString(v)
	case "symbol":
		fits = n <= 5 && !strings.ContainsFunc(v, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) })
	case "character_string":
		fits = n <= 32 && plain.MatchString(v)
	case "time":
		fits = eachPart(v, timeOnly)
	case "date":
		if r.DateTakesTime {
			fits = eachPart(v, dayAndAt)
		} else {
			fits = eachPart(v, dayOnly)
		}
	case "amount":
		fits = amount.MatchString(v)
	case "phone_number":
		fits = n <= 17 && dialled.MatchString(v)
	case "car_number":
		fits = n <= 8 && plate.MatchString(v)
	case "name":
		fits = (han && n <= 10 || !han && n <= 20) && !strings.ContainsFunc(v, unicode.IsDigit)
	case "phrase":
		fits = n <= 5 && onlyHan
	case "const", "enum":
		fits = slices.Contains(allowed, v)
	default:
		return "no such keyword"
	}
	if !fits {
		return "no " + m[1]
	}
	return ""
}

// eachPart tells whether a text, or both ends of a range, are of a form.
func eachPart(v string, form *regexp.Regexp) bool {
	parts := strings.Split(v, "~")
	return len(parts) <= 2 && !slices.ContainsFunc(parts, func(p string) bool { return !form.MatchString(strings.TrimSpace(p)) })
}
