package config

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// profileFile is an import profile as a file holds it.
type profileFile struct {
	Name    string                 `yaml:"name"`
	Source  ticket.Source          `yaml:"source"`
	Order   ticket.OrderRule       `yaml:"order"`
	Dates   ticket.DateOrder       `yaml:"dates"`
	Columns []ticket.ProfileColumn `yaml:"columns"`
	Fixed   []ticket.FixedValue    `yaml:"fixed"`
}

// LoadProfile reads an import profile, such as configs/import-profiles/petition.yaml. The error joins one line for each
// problem.
func LoadProfile(data []byte) (ticket.Profile, error) {
	var f profileFile
	var s source
	if s.decode(data, seedBytes, &f) {
		for _, key := range []string{"name", "source", "columns"} {
			if s.lines[key] == 0 {
				s.add(0, "缺少“%s”，请补上", key)
			}
		}
	}
	if err := s.err(); err != nil {
		return ticket.Profile{}, apperr.New(apperr.InvalidArgument, "profile.file", "模板文件有误：\n%s", err)
	}
	p := ticket.Profile{Name: f.Name, Source: f.Source, Order: f.Order, Dates: f.Dates, Columns: f.Columns, Fixed: f.Fixed}
	return p, p.Check()
}

// ImportProfiles reads the profiles that are shipped.
func ImportProfiles(files fs.FS) ([]ticket.Profile, error) {
	names, err := fs.Glob(files, "import-profiles/*.yaml")
	if err != nil {
		return nil, err
	}
	var list []ticket.Profile
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		p, err := LoadProfile(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, p)
	}
	return list, nil
}

// FormatProfile writes a profile as LoadProfile reads it. A note stands as a comment behind its column, by header.
func FormatProfile(p ticket.Profile, notes map[string]string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# 导入模板。field 是这一列的含义，删去 field 表示不用这一列；optional: true 表示没有这一列也算同一种表。\n")
	fmt.Fprintf(&b, "# order：没有编号时 link 由链接生成、content 由内容生成；dates：dmy 日月年、mdy 月日年、md 没有年份。\n")
	fmt.Fprintf(&b, "name: %s\nsource: %s\n", quoted(p.Name), quoted(string(p.Source)))
	if p.Order != "" {
		fmt.Fprintf(&b, "order: %s\n", quoted(string(p.Order)))
	}
	if p.Dates != "" {
		fmt.Fprintf(&b, "dates: %s\n", quoted(string(p.Dates)))
	}
	b.WriteString("columns:\n")
	for _, c := range p.Columns {
		fmt.Fprintf(&b, "  - {header: %s", quoted(c.Header))
		if c.Field != "" {
			fmt.Fprintf(&b, ", field: %s", quoted(string(c.Field)))
		}
		if c.Optional {
			b.WriteString(", optional: true")
		}
		b.WriteString("}")
		if n := notes[c.Header]; n != "" {
			b.WriteString(" # " + strings.Join(strings.Fields(n), " "))
		}
		b.WriteString("\n")
	}
	if len(p.Fixed) > 0 {
		b.WriteString("fixed:\n")
		for _, f := range p.Fixed {
			fmt.Fprintf(&b, "  - {field: %s, value: %s}\n", quoted(string(f.Field)), quoted(f.Value))
		}
	}
	return []byte(b.String())
}

// quoted is a value in double quotes, whatever is in it.
func quoted(s string) string { return strconv.QuoteToGraphic(s) }
