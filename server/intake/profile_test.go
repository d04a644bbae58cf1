package intake_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/configs"
	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// shipped gives an importer that knows the profiles of a new installation.
func shipped(t *testing.T, db *store.DB) *intake.Importer {
	t.Helper()
	profiles, err := config.ImportProfiles(configs.Files)
	if err != nil {
		t.Fatal(err)
	}
	e := workflow.New(db, workflow.Options{Clock: func() time.Time { return now }, Profiles: profiles})
	if err := e.Seed(context.Background(), nil, casework.DefaultPolicy()); err != nil {
		t.Fatal(err)
	}
	return &intake.Importer{Engine: e, DB: db, Now: func() time.Time { return now }}
}

func sheetOf(t *testing.T, name string, rows ...[]string) string {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Sheets as the street's sources send them; the people and places are made up.
var samples = map[ticket.Source][][]string{
	ticket.Petition: {
		{"奉浦街道信访件登记表"},
		{"序号", "信访件编号", "登记时间", "信访人", "联系电话", "信访事由", "主要内容", "问题属地", "去向单位", "信访形式", "初重件", "办理期限", "办结时间", "信访人评价", "信访人数"},
		{"1", "XF202603020011", "2026-03-02 09:12", "沈阿婆", "13800000001", "反映楼道堆物", "春江花园三号楼楼道长期堆放杂物，影响消防安全", "春江花园", "城建办", "来访", "初次", "2026-04-02", "2026-03-12", "不满意", "3"},
		{"2", "XF202603030007", "2026年3月3日", "周先生", "", "反映停车难", "", "金水苑", "综合执法队", "网上信访", "重复", "", "", "", "1"},
	},
	ticket.Opinion: {
		{"发布平台", "链接", "发布时间", "标题", "内容", "热度", "发布账号", "涉及地点", "情感倾向"},
		{"本地论坛", "https://bbs.example.org/t/10086?from=share", "2026-03-10 21:40", "路灯坏了没人修", "东门外路灯坏了两周", "1,204", "夜归人", "东门路", "负面"},
		{"短视频", "", "2026-03-11 08:05", "", "河边垃圾堆成山，气味很大", "88", "早起的鱼", "运河北路", "负面"},
	},
	ticket.Department: {
		{"城建办自查发现问题表（2026年3月）"},
		{"序号", "填报部门", "发现日期", "问题描述", "点位", "涉及部门", "是否三跨", "整改情况"},
		{"1", "城建办", "2026-03-05", "人行道塌陷，管线权属不清", "西环路8号门前", "城建办、水务站", "是", ""},
		{"2", "城建办", "2026-03-06", "护栏缺失", "东门路桥", "", "否", "已修复"},
	},
	ticket.Grid: {
		{"事件编号", "上报时间", "事件描述", "所属网格", "事件类别", "事发地址", "处置部门", "退回次数", "结案时间"},
		{"WG-2026-0031", "2026-03-07 14:00", "绿化带内堆放建筑垃圾", "第一综合网格", "市容环境", "运河北路30号", "综合执法队", "2", ""},
	},
	ticket.Hotline: {
		{"工单编号", "受理时间", "内容描述", "主办单位", "工单来源", "工单类型", "诉求地址"},
		{"20260308102233", "2026-03-08 10:22:33", "市民反映夜间施工扰民", "综合执法队", "电话", "投诉举报类", "春江花园"},
	},
}

func TestTheSheetsOfEverySourceComeInByTheirOwnProfile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im := shipped(t, db)
		ctx := context.Background()
		for source, rows := range samples {
			path := sheetOf(t, string(source)+".csv", rows...)
			want := map[ticket.Source]string{ticket.Petition: "信访件登记表", ticket.Opinion: "舆情监测表", ticket.Department: "部门自查表", ticket.Grid: "网格事件表", ticket.Hotline: "12345 热线工单"}[source]
			r, err := im.Import(ctx, intake.Job{Path: path, Source: source})
			if err != nil || r.Profile != want || r.Rejected > 0 || r.Created != r.Rows || r.Rows == 0 {
				t.Errorf("%s: %v %+v %+v", source, err, r, r.Problems)
			}
			if again, err := im.Import(ctx, intake.Job{Path: path, Source: source}); err != nil || again.Unchanged != again.Rows {
				t.Errorf("%s again: %v %+v", source, err, again)
			}
		}
		of := func(f store.TicketFilter) ticket.Ticket {
			t.Helper()
			f.Limit = 2
			list, err := db.Tickets(ctx, f)
			if err != nil || len(list) != 1 {
				t.Fatal(f, len(list), err)
			}
			return list[0].Ticket
		}
		p := of(store.TicketFilter{Source: ticket.Petition, OrderNo: "XF202603020011"})
		if p.Title != "反映楼道堆物" || p.Department != "城建办" || p.Community != "春江花园" || p.Satisfaction != ticket.Dissatisfied || p.Channel != "来访" || p.ClosedAt == nil ||
			!slices.ContainsFunc(p.Raw, func(c ticket.Cell) bool { return c.Header == "信访人数" && c.Text == "3" }) {
			t.Errorf("%+v", p)
		}
		if p := of(store.TicketFilter{Source: ticket.Petition, OrderNo: "XF202603030007"}); !p.Repeat || p.Content != "" || p.AcceptedHasTime {
			t.Errorf("%+v", p)
		}
	})
}

func TestARowWithoutANumberIsTheSameTicketNextTime(t *testing.T) {
	db := storetest.Open(t)
	im := shipped(t, db)
	rows := slices.Clone(samples[ticket.Department])
	first, err := im.Import(t.Context(), intake.Job{Path: sheetOf(t, "a.csv", rows...), Source: ticket.Department})
	if err != nil || first.Created != 2 {
		t.Fatal(err, first)
	}
	// Next week's sheet: another order, one row more, one with a reply.
	next := [][]string{rows[0], rows[1], {"1", "城建办", "2026-03-12", "井盖松动", "东门路", "", "否", ""}, {"2", "城建办", "2026年3月5日", "人行道塌陷， 管线权属不清", "西环路8号门前", "城建办、水务站", "是", "已围挡"}, {"3", rows[3][1], rows[3][2], rows[3][3], rows[3][4], "", "否", "已修复"}}
	again, err := im.Import(t.Context(), intake.Job{Path: sheetOf(t, "b.csv", next...), Source: ticket.Department})
	if err != nil || again.Created != 1 || again.Updated != 1 || again.Unchanged != 1 {
		t.Errorf("%v %+v", err, again)
	}
	twice := append(slices.Clone(rows), rows[2])
	r, err := im.Import(t.Context(), intake.Job{Path: sheetOf(t, "c.csv", twice...), Source: ticket.Department})
	if err != nil || r.Rejected != 1 || !strings.Contains(r.Problems[0].Message, "内容与第 3 行重复") {
		t.Errorf("%v %+v", err, r.Problems)
	}
}

// unknown is a petition sheet whose headers nobody knows.
var unknown = [][]string{
	{"某区信访工作台账"},
	{"流水", "登记日", "群众", "手机", "诉求要点概述", "流向", "备考"},
	{"区访-2026-00018", "18/02/2026", "张建国", "13812345678", "反映小区东门外路灯损坏一个多月，多次反映未修复，夜间出行不便", "城建办", "甲"},
	{"区访-2026-00019", "19/02/2026", "李英", "13912345678", "反映楼上漏水导致墙面霉变，物业与房管互相推诿，希望协调解决", "房管所", "乙"},
}

func TestAnUnknownSheetIsInspectedAndThenComesInByItsProfile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im := shipped(t, db)
		ctx := t.Context()
		path := sheetOf(t, "台账.xls", unknown...)
		_, err := im.Import(ctx, intake.Job{Path: path, Source: ticket.Petition})
		if apperr.ReasonOf(err) != "ticket.header_not_found" || !strings.Contains(err.Error(), "导入模板") {
			t.Fatal(err)
		}
		candidates, err := im.Engine.ProfilesToTry(ctx, ticket.Petition, "")
		if err != nil {
			t.Fatal(err)
		}
		in, err := intake.Inspect(path, ticket.Petition, intake.Listing{}, candidates)
		if err != nil || in.Ready || in.HeaderRow != 2 || in.Kind != "csv" || len(in.Columns) != 7 {
			t.Fatalf("%v %+v", err, in)
		}
		suggested := map[string]ticket.Field{}
		for _, c := range in.Columns {
			suggested[c.Header] = c.Field
		}
		if suggested["流水"] != ticket.FieldOrderNo || suggested["手机"] != ticket.FieldPhone || suggested["诉求要点概述"] != ticket.FieldContent {
			t.Error(suggested)
		}
		var text bytes.Buffer
		in.Table(&text)
		for _, secret := range []string{"13812345678", "张建国", "李英"} {
			if strings.Contains(text.String(), secret) {
				t.Errorf("%s is shown:\n%s", secret, text.String())
			}
		}
		if !strings.Contains(text.String(), "需要先做模板") || !strings.Contains(text.String(), "138****5678") {
			t.Error(text.String())
		}

		p := in.Draft
		p.Name, p.Dates = "区台账", ticket.DateDayFirst
		for i, c := range p.Columns {
			switch c.Header {
			case "登记日":
				p.Columns[i] = ticket.ProfileColumn{Header: c.Header, Field: ticket.FieldAcceptedAt}
			case "群众":
				p.Columns[i] = ticket.ProfileColumn{Header: c.Header, Field: ticket.FieldRequesterName, Optional: true}
			case "流向":
				p.Columns[i] = ticket.ProfileColumn{Header: c.Header, Field: ticket.FieldDepartment, Optional: true}
			}
		}
		if dry, err := im.Import(ctx, intake.Job{Path: path, Source: ticket.Petition, Profile: &p, DryRun: true}); err != nil || dry.Created != 2 || dry.Profile != "区台账" {
			t.Errorf("%v %+v %+v", err, dry, dry.Problems)
		}
		if _, err := im.Engine.SaveImportProfile(ctx, casework.SystemActor(), p, 0); err != nil {
			t.Fatal(err)
		}
		r, err := im.Import(ctx, intake.Job{Path: path, Source: ticket.Petition})
		if err != nil || r.Created != 2 || r.Profile != "区台账" || r.Rejected > 0 {
			t.Fatalf("%v %+v %+v", err, r, r.Problems)
		}
		list, err := db.Tickets(ctx, store.TicketFilter{Source: ticket.Petition, OrderNo: "区访-2026-00018", Limit: 2})
		if err != nil || len(list) != 1 || list[0].Ticket.Department != "城建办" || list[0].Ticket.AcceptedAt.In(ticket.Shanghai).Format(time.DateOnly) != "2026-02-18" || list[0].Ticket.Requester.Name != "张建国" {
			t.Fatalf("%v %+v", err, list)
		}
		if in, err := intake.Inspect(path, ticket.Petition, intake.Listing{}, []ticket.Profile{p}); err != nil || !in.Ready || in.Profile != "区台账" || !in.Profiles[0].Fits || len(in.Missing) != 0 {
			t.Errorf("%v %+v", err, in)
		}
		// A profile that leaves the content out, whose name nobody knows, fits no sheet of tickets, but one of a list.
		p.Columns = slices.DeleteFunc(slices.Clone(p.Columns), func(c ticket.ProfileColumn) bool { return c.Field != ticket.FieldOrderNo })
		for list, want := range map[ticket.List]bool{"": false, ticket.ListUnresolved: true} {
			in, err := intake.Inspect(path, ticket.Petition, intake.Listing{List: list}, []ticket.Profile{p})
			if err != nil || in.Profiles[0].Fits != want || slices.Contains(in.Profiles[0].Missing, ticket.FieldContent.Label()) == want {
				t.Errorf("list %q: %v %+v", list, err, in.Profiles)
			}
		}
	})
}
