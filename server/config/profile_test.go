package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/configs"
	"xiaopu/server/config"
	"xiaopu/server/ticket"
)

func TestEverySourceButResidentsHasAProfile(t *testing.T) {
	list, err := config.ImportProfiles(configs.Files)
	if err != nil {
		t.Fatal(err)
	}
	of := map[ticket.Source]bool{}
	for _, p := range list {
		of[p.Source] = true
		var header []string
		for _, c := range p.Columns {
			header = append(header, c.Header)
		}
		if m, _ := p.MapHeader(header); !m.Usable() || !p.Fit(header).Full() {
			t.Errorf("%s: a sheet with all its columns must be usable", p.Name)
		}
	}
	for _, s := range ticket.Sources {
		if !of[s] && s != ticket.Resident {
			t.Error("no profile for", s)
		}
	}
}

func TestProfileFiles(t *testing.T) {
	p := ticket.Profile{
		Name: "信访: “甲”\n#", Source: ticket.Petition, Order: ticket.OrderLink, Dates: ticket.DateNoYear,
		Columns: []ticket.ProfileColumn{{Header: "单号: \"x\"", Field: ticket.FieldOrderNo}, {Header: "备注\t𠮷"}, {Header: "评价", Field: ticket.FieldSatisfaction, Optional: true}},
		Fixed:   []ticket.FixedValue{{Field: ticket.FieldKind, Value: "- 求助 {类}"}},
	}
	got, err := config.LoadProfile(config.FormatProfile(p, map[string]string{"评价": "满意度\n的说明"}))
	if d := cmp.Diff(p, got); d != "" || err != nil {
		t.Error(err, d)
	}
	for text, say := range map[string]string{
		"name: 甲\n": "缺少“columns”", "name: 甲\nsource: petition\ncolumns: [{header: a, field: b}]\n": "含义“b”不认识", "name: 甲\nsource: x\ncolumns: [{header: a, field: order_no}]\n": "没有这种来源",
		"nome: 甲\n": "不认识“nome”", "columns: 甲\n": "列表", "": "缺少",
	} {
		if _, err := config.LoadProfile([]byte(text)); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %v, want %s", text, err, say)
		}
	}
}

func FuzzLoadProfile(f *testing.F) {
	f.Add([]byte("name: 甲\nsource: petition\norder: link\ncolumns:\n  - {header: 单号, field: order_no, optional: true}\nfixed:\n  - {field: kind, value: x}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := config.LoadProfile(text)
		if err != nil {
			return
		}
		again, err := config.LoadProfile(config.FormatProfile(p, nil))
		if d := cmp.Diff(p, again); d != "" || err != nil {
			t.Error(err, d)
		}
	})
}
