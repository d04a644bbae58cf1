package intake

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"xiaopu/server/ticket"
)

// Inspection is what can be told about a sheet before it is imported: what its columns probably mean, and which profile to
// make of that. Sample values are masked.
type Inspection struct {
	Kind  string `json:"kind" enum:"xlsx,xls,xml,html,csv" doc:"按内容判断的文件类型"`
	Sheet string `json:"sheet,omitempty" doc:"据以识别各列的工作表"`
	// Further are the worksheets that an import reads after it; Missing says which are not read.
	Further   []string `json:"further,omitempty" doc:"接着还会读取的工作表"`
	Rows      int      `json:"rows" doc:"估计的行数，含表头和标题"`
	HeaderRow int      `json:"header_row" doc:"表头所在的行；0 为没有找到像表头的行"`
	// Ready says that an import would find its header now, under Profile or by the synonyms alone.
	Ready    bool              `json:"ready" doc:"不做模板也能导入"`
	Profile  string            `json:"profile,omitempty" doc:"现在导入会自动采用的模板"`
	Columns  []InspectedColumn `json:"columns" doc:"表里的各列"`
	Profiles []RankedProfile   `json:"profiles" doc:"这个来源的模板，最合适的在前"`
	Missing  []MissingField    `json:"missing" doc:"还缺少的列，及处理办法"`
	// Draft is the profile that the suggestions make; it lacks only a name.
	Draft ticket.Profile `json:"draft" doc:"按建议做成的模板：改好、取名后保存即可"`
}

// InspectedColumn is one column of the sheet.
type InspectedColumn struct {
	Column  string       `json:"column" doc:"表格中的列标，如 A"`
	Header  string       `json:"header" doc:"列名"`
	Samples []string     `json:"samples" doc:"最多三个示例，个人信息已脱敏"`
	Field   ticket.Field `json:"field" doc:"建议的含义；空为没有建议"`
	Label   string       `json:"label" doc:"含义的中文名"`
	Why     ticket.Why   `json:"why,omitempty" enum:"profile,synonym,similar,content" doc:"依据：已存的模板、已知的列名、相近的列名、内容"`
	Note    string       `json:"note,omitempty" doc:"依据的说明"`
}

// RankedProfile is a profile of the source and how well it fits.
type RankedProfile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	ticket.Fit
	Fits bool `json:"fits" doc:"必须有的列都在"`
}

// MissingField is something a ticket needs that no column gives.
type MissingField struct {
	Field   ticket.Field `json:"field" doc:"缺少的含义；空为整张表的问题"`
	Message string       `json:"message" doc:"处理办法"`
}

const (
	sampleRows   = 50
	samplesShown = 3
)

// Inspect looks at the beginning of a file of tickets, or of a list. Profiles are those of the source, in the order in which
// an import tries them.
//
// Errors: those of OpenSheet; a header that is not found is none.
func Inspect(path string, source ticket.Source, l Listing, profiles []ticket.Profile) (Inspection, error) {
	if err := l.check(); err != nil {
		return Inspection{}, err
	}
	s, err := openSheet(path, standard, l.among(profiles))
	if err != nil {
		return Inspection{}, err
	}
	defer func() { _ = s.Close() }() // only read
	return s.inspect(source, l, profiles)
}

func (s *Sheet) inspect(source ticket.Source, l Listing, profiles []ticket.Profile) (Inspection, error) {
	in := Inspection{Kind: s.Kind(), Sheet: s.Name(), Rows: s.Rows(), Columns: []InspectedColumn{}, Profiles: []RankedProfile{}, Missing: []MissingField{}}
	row, mapping, err := s.Header()
	if in.Ready = err == nil; in.Ready {
		in.HeaderRow, in.Profile = row, mapping.Profile.Name
	} else {
		in.HeaderRow = ticket.GuessHeader(s.Head()) + 1
	}
	var header []string
	if in.HeaderRow > 0 {
		header = s.Head()[in.HeaderRow-1]
	}
	rows, err := s.samples(in.HeaderRow)
	if err != nil {
		return Inspection{}, err
	}
	profiles = ticket.Rank(header, profiles)
	for _, p := range profiles {
		fit := p.Fit(header)
		// What the profile does not name may go by a known name; what neither finds is missing all the same.
		as, _ := p.MapHeader(header)
		for _, f := range as.Lacks(l.List != "") {
			if !slices.ContainsFunc(p.Columns, func(c ticket.ProfileColumn) bool { return c.Field == f }) {
				fit.Missing = append(fit.Missing, f.Label())
			}
		}
		in.Profiles = append(in.Profiles, RankedProfile{ID: p.ID, Name: p.Name, Fit: fit, Fits: fit.Full()})
	}
	in.Draft = ticket.Profile{Source: source, Columns: []ticket.ProfileColumn{}}
	seen := map[string]bool{}
	for i, sg := range ticket.Suggest(header, rows, profiles) {
		m, _ := ticket.MapHeader(header)
		c := InspectedColumn{Column: ticket.ColumnName(i), Header: strings.TrimSpace(m.Columns[i].Header), Samples: []string{}, Field: sg.Field, Why: sg.Why, Note: sg.Note}
		if sg.Field != "" {
			c.Label = sg.Field.Label()
		}
		for _, r := range rows {
			if i < len(r) && strings.TrimSpace(r[i]) != "" && len(c.Samples) < samplesShown {
				if text := ticket.MaskCell(sg.Field, writtenOut(sg.Field, r[i], s.date1904)); !slices.Contains(c.Samples, text) {
					c.Samples = append(c.Samples, text)
				}
			}
		}
		in.Columns = append(in.Columns, c)
		if strings.TrimSpace(header[i]) != "" && !seen[c.Header] {
			seen[c.Header] = true
			in.Draft.Columns = append(in.Draft.Columns, ticket.ProfileColumn{Header: c.Header, Field: sg.Field, Optional: sg.Field != "" && !slices.Contains(essential, sg.Field)})
		}
	}
	in.complete(l)
	return in, in.others(s)
}

// others says what becomes of the other worksheets.
func (in *Inspection) others(s *Sheet) error {
	told := func(s *Sheet) {
		if s.headerErr == nil {
			in.Further = append(in.Further, s.Name())
			return
		}
		in.Missing = append(in.Missing, MissingField{"", notRead(s)})
	}
	for _, p := range s.passed {
		told(p)
	}
	if names := s.unseen(); len(names) > 0 {
		in.Missing = append(in.Missing, MissingField{"", notSeen(names)})
	}
	for sheet := s; ; {
		next, err := sheet.Further()
		if sheet != s {
			err = errors.Join(err, sheet.Close())
		}
		if err != nil || next == nil {
			return err
		}
		told(next)
		sheet = next
	}
}

// notRead says that a worksheet is not read, and what to do when it should be.
func notRead(s *Sheet) string {
	return fmt.Sprintf("工作表“%s”不导入：没有认出工单的列名。里面如有工单，请补上列名，或做好导入模板后再导入。", s.Name())
}

// notSeen says so of the hidden worksheets.
func notSeen(names []string) string {
	return fmt.Sprintf("隐藏的工作表“%s”不读取。里面如有工单，请取消隐藏后重新导入。", strings.Join(names, "”“"))
}

// essential are the fields by which a sheet is known as one of its kind.
var essential = []ticket.Field{ticket.FieldOrderNo, ticket.FieldAcceptedAt, ticket.FieldTitle, ticket.FieldContent, ticket.FieldLink, ticket.FieldSerial}

// complete says what the draft still lacks, and how an order number is made when there is none.
func (in *Inspection) complete(l Listing) {
	has := func(f ticket.Field) bool {
		return slices.ContainsFunc(in.Draft.Columns, func(c ticket.ProfileColumn) bool { return c.Field == f })
	}
	miss := func(f ticket.Field, message string) {
		in.Missing = append(in.Missing, MissingField{f, message})
	}
	if in.HeaderRow == 0 {
		miss("", "前十行里没有像表头的行：请确认导出的表带有列名，或在表格最上面补一行列名")
		return
	}
	if l.List != "" {
		if !has(ticket.FieldOrderNo) {
			miss(ticket.FieldOrderNo, "没有认出工单编号列，请指定：清单要靠它找到工单")
		}
		return
	}
	if !has(ticket.FieldOrderNo) {
		in.Draft.Order = ticket.OrderContent
		how := "由部门、日期和内容生成（order: content）"
		if has(ticket.FieldLink) {
			in.Draft.Order = ticket.OrderLink
			how = "由链接生成（order: link）"
		}
		miss(ticket.FieldOrderNo, "没有认出工单编号列。若表里有编号，请指定是哪一列；确实没有的，草稿已设为"+how)
	}
	if !has(ticket.FieldTitle) && !has(ticket.FieldContent) {
		miss(ticket.FieldContent, "没有认出内容列，请指定哪一列是诉求内容或标题")
	}
	if !has(ticket.FieldAcceptedAt) {
		miss(ticket.FieldAcceptedAt, "没有认出受理时间列，请指定哪一列是受理（登记、发布、发现）时间；编号本身是时间的（如 20260822223850）可以没有")
	}
}

// samples gives some rows below the header.
func (s *Sheet) samples(headerRow int) ([][]string, error) {
	var rows [][]string
	for len(rows) < sampleRows {
		n, cells, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if len(rows) > 0 {
				break // an import says where it breaks off
			}
			return nil, err
		}
		if n > headerRow {
			rows = append(rows, cells)
		}
	}
	return rows, nil
}

// Table writes an inspection as lines for a terminal.
func (in Inspection) Table(w io.Writer) {
	kinds := map[string]string{"xlsx": "工作簿 .xlsx", "xls": "旧版工作簿 .xls", "xml": "XML 表格", "html": "网页表格", "csv": "文本表格"}
	fmt.Fprintf(w, "文件：%s", kinds[in.Kind])
	if in.Sheet != "" {
		fmt.Fprintf(w, "，工作表“%s”", in.Sheet)
	}
	if len(in.Further) > 0 {
		fmt.Fprintf(w, "（接着还会读取“%s”）", strings.Join(in.Further, "”“"))
	}
	fmt.Fprintf(w, "，约 %d 行", in.Rows)
	if in.HeaderRow > 0 {
		fmt.Fprintf(w, "，表头在第 %d 行", in.HeaderRow)
	}
	fmt.Fprintln(w)
	for _, c := range in.Columns {
		meaning := "（没有建议）"
		switch {
		case c.Field != "":
			meaning = c.Label + " " + string(c.Field)
		case c.Why != "":
			meaning = "（不用）"
		}
		fmt.Fprintf(w, "  %-3s %s\t→ %s\t%s\t例：%s\n", c.Column, c.Header, meaning, c.Note, strings.Join(c.Samples, "；"))
	}
	for _, p := range in.Profiles {
		state := fmt.Sprintf("有 %d/%d 列", p.Found, p.Of)
		if p.Fits {
			state += "，合适"
		} else if len(p.Missing) > 0 {
			state += "，缺少 " + strings.Join(p.Missing, "、")
		}
		fmt.Fprintf(w, "模板“%s”：%s\n", p.Name, state)
	}
	for _, m := range in.Missing {
		fmt.Fprintln(w, "注意："+m.Message)
	}
	switch {
	case in.Profile != "":
		fmt.Fprintf(w, "现在导入会采用模板“%s”。\n", in.Profile)
	case in.Ready:
		fmt.Fprintln(w, "不做模板也能导入。")
	default:
		fmt.Fprintln(w, "需要先做模板才能导入：加 --save 模板名 存成文件，核对后用 xiaopu profile load 文件 载入。")
	}
}
