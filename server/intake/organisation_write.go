package intake

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"xiaopu/server/organisation"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
)

// guideSheet explains the workbook; ReadOrganisation passes over it.
const guideSheet = "说明"

var guide = []string{
	"组织架构表。填好后由系统管理员载入：先看到会有哪些变化，确认后才生效。",
	"1. 每张表第一行是列名，只能用下面列出的叫法（用“／”隔开的任选一个）；列的先后不限，不用的列可以删。其他名称的工作表不读。没有的表、没有列出的人和单位不受影响。",
	"2. 已有的人和单位按编号、没有编号的按名称对应。留空的格子表示不变，要清空写“无”。",
	"3. 人员的岗位写成“单位名称 职务”，几个岗位用分号隔开，如：综合行政执法队 负责人；第一网格 网格长。也可以在“岗位”表里一行写一个。写了任何一个岗位，就以文件里写的全部岗位为准。",
	"4. 职务：部门的负责人、承办人、分管领导；网格的网格长、联络员、党组织书记；村居的工作人员。全街道的岗位不写单位：城运中心、党政办、主要领导、领导小组、协调专员。",
	"5. 系统管理员、安全管理员、审计员各设专人，不能兼任其他岗位。",
	"6. 人员离开写状态“离岗”，不要删行：历史记录里还有他。部门、网格、村居撤销写“撤销”。状态留空表示不变：已离岗的人、已撤销的单位，只有写明“在岗”“启用”才恢复，否则那一行不起作用。",
	"7. 登录名：写了编号（如工号）的是编号，没有写的是本人手机号。手机号一人一个。",
	"8. AB角的时间写成 2026-02-09 09:00。",
}

// WriteOrganisation writes a workbook that ReadOrganisation reads: of an organisation, or empty to be filled in (nil).
// Residents are not in it, nor delegations that are over at that instant.
func WriteOrganisation(w io.Writer, o *organisation.Organisation, at time.Time) (err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	book := organisationWriter{f: f}
	if err := book.styles(); err != nil {
		return writeFailed(err)
	}
	if err := book.guide(); err != nil {
		return writeFailed(err)
	}
	for _, s := range organisationSheets {
		if s.kind == postSheet && o != nil {
			continue // the posts stand with the people
		}
		var rows [][]any
		if o != nil {
			rows = organisationRows(s.kind, o, at)
		}
		if err := book.sheet(s, rows); err != nil {
			return writeFailed(err)
		}
	}
	if err := f.Write(w); err != nil {
		return writeFailed(err)
	}
	return nil
}

type organisationWriter struct {
	f                *excelize.File
	head, text, wrap int // styles
}

func (b *organisationWriter) styles() error {
	for _, s := range []struct {
		to    *int
		style excelize.Style
	}{
		{&b.head, excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE7F3"}}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}}},
		{&b.text, excelize.Style{NumFmt: 49}}, // text: a phone or an id must not become a number
		{&b.wrap, excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
	} {
		id, err := b.f.NewStyle(&s.style)
		if err != nil {
			return err
		}
		*s.to = id
	}
	return nil
}

func (b *organisationWriter) guide() error {
	if err := b.f.SetSheetName("Sheet1", guideSheet); err != nil {
		return err
	}
	if err := b.f.SetColWidth(guideSheet, "A", "A", 100); err != nil {
		return err
	}
	lines := slices.Clone(guide)
	for _, s := range organisationSheets {
		var columns []string
		for _, c := range s.columns {
			text := strings.Join(c.names, "／")
			if c.hint != "" {
				text += "（" + c.hint + "）"
			}
			columns = append(columns, text)
		}
		lines = append(lines, "“"+strings.Join(s.names, "／")+"”表的列："+strings.Join(columns, "、"))
	}
	for i, line := range lines {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := b.f.SetCellStr(guideSheet, cell, line); err != nil {
			return err
		}
		if err := b.f.SetCellStyle(guideSheet, cell, cell, b.wrap); err != nil {
			return err
		}
	}
	return nil
}

func (b *organisationWriter) sheet(s organisationSheet, rows [][]any) error {
	name := s.names[0]
	if _, err := b.f.NewSheet(name); err != nil {
		return err
	}
	last, err := excelize.ColumnNumberToName(len(s.columns))
	if err != nil {
		return err
	}
	if err := b.f.SetColStyle(name, "A:"+last, b.text); err != nil {
		return err
	}
	if err := b.f.SetColWidth(name, "A", last, 18); err != nil {
		return err
	}
	for i, c := range s.columns {
		if c.key == "posts" || c.key == "aliases" {
			column, err := excelize.ColumnNumberToName(i + 1)
			if err != nil {
				return err
			}
			if err := b.f.SetColWidth(name, column, column, 50); err != nil {
				return err
			}
		}
	}
	head := make([]any, len(s.columns))
	for i, c := range s.columns {
		head[i] = c.names[0]
	}
	for i, row := range slices.Concat([][]any{head}, rows) {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := b.f.SetSheetRow(name, cell, &row); err != nil {
			return err
		}
	}
	if err := b.f.SetCellStyle(name, "A1", last+"1", b.head); err != nil {
		return err
	}
	return b.f.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// organisationRows gives the rows of a sheet in the order of its columns.
func organisationRows(kind organisation.EntryKind, o *organisation.Organisation, at time.Time) (rows [][]any) {
	add := func(cells ...string) {
		row := make([]any, len(cells))
		for i, c := range cells {
			row[i] = safeText(c)
		}
		rows = append(rows, row)
	}
	closed := func(yes bool) string {
		if yes {
			return "撤销"
		}
		return ""
	}
	// A name where it is clear, else the id.
	units := organisation.UnitsOf(o, organisation.Street{})
	unit := func(kind organisation.EntryKind, id string) string {
		name := map[organisation.EntryKind]func(string) string{
			organisation.DepartmentEntry: o.DepartmentName, organisation.GridEntry: o.GridName, organisation.CommunityEntry: o.CommunityName,
		}[kind](id)
		if ids := units(kind, ticket.Fold(name)); len(ids) == 1 && ids[0] == id && !strings.ContainsAny(name, "；;、，,\n") {
			return name
		}
		return id
	}
	person := func(id string) string {
		if id == "" {
			return ""
		}
		if p, err := o.FindPerson(o.PersonName(id)); err == nil && p.ID == id {
			return p.Name
		}
		return id
	}
	switch kind {
	case organisation.DepartmentEntry:
		for _, d := range o.Departments() {
			add(d.ID, d.Name, d.ShortName, organisation.KindLabel(d.Kind), person(d.DeputyLeader), closed(d.Closed))
		}
	case organisation.GridEntry:
		for _, g := range o.Grids() {
			add(g.ID, g.Name, closed(g.Closed))
		}
	case organisation.CommunityEntry:
		for _, c := range o.Communities() {
			grid := c.GridID
			if grid != "" {
				grid = unit(organisation.GridEntry, grid)
			}
			add(c.ID, c.Name, grid, organisation.KindLabel(c.Kind), strings.Join(c.Aliases, "、"), closed(c.Closed))
		}
	case organisation.PersonEntry:
		for _, p := range o.People() {
			if p.OnlyResident() {
				continue
			}
			left := ""
			if p.Left {
				left = "离岗"
			}
			add(p.ID, p.Name, p.Phone, "", organisation.WritePosts(p.Posts, unit), left)
		}
	case organisation.DelegationEntry:
		for _, d := range o.Delegations() {
			if !d.Over(at) {
				add(d.ID, person(d.From), person(d.To), moment(d.StartAt), moment(d.EndAt))
			}
		}
	}
	return rows
}

func moment(t time.Time) string { return t.In(workday.Shanghai).Format("2006-01-02 15:04:05") }
