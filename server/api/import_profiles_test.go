package api

import (
	"net/http"
	"strings"
	"testing"

	"xiaopu/server/intake"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// A sheet with unknown headers is inspected, its draft saved under a name, and the sheet then comes in by it.
func TestASheetWithUnknownHeadersByAProfileOverHTTP(t *testing.T) {
	o := newOffice(t)
	file := "流水,登记日,群众,诉求要点概述,流向\n区访-2026-00018,2026-02-18,张建国,反映小区东门外路灯损坏一个多月，多次反映未修复请联系13812345678,规划办\n区访-2026-00019,2026-02-19,李英,反映楼上漏水导致墙面霉变，物业与房管互相推诿,房管所\n"
	o.upload("source", "petition", "file=台账.xls", file).refused(http.StatusBadRequest, "ticket.header_not_found")
	a := o.uploadTo("/imports/inspect", "file=台账.xls", file, "source", "petition")
	in := ok[intake.Inspection](a)
	if in.Ready || in.HeaderRow != 1 || len(in.Columns) != 5 || in.Draft.Source != ticket.Petition {
		t.Errorf("%+v", in)
	}
	if strings.Contains(string(a.body), "13812345678") || strings.Contains(string(a.body), "张建国") {
		t.Errorf("personal data is shown: %s", a.body)
	}
	if list := ok[workflow.Page[intake.JobView]](o.get("p-cy", "/imports")); len(list.Items) != 0 {
		t.Error("nothing is imported:", list.Items)
	}
	o.uploadTo("/imports/inspect", "file=a.png", "\x89PNG\r\n\x1a\n\x00", "source", "petition").refused(http.StatusBadRequest, "intake.sheet_format")

	columns := []ticket.ProfileColumn{}
	for _, c := range in.Draft.Columns {
		if c.Header == "登记日" {
			c.Field = ticket.FieldAcceptedAt
		}
		columns = append(columns, c)
	}
	ok[workflow.ImportProfile](o.post("p-cy", "/import-profiles", fields{"name": "区台账", "source": "petition", "columns": columns, "order": in.Draft.Order}))
	v := ok[intake.JobView](o.upload("source", "petition", "file=台账.xls", file))
	o.imported()
	if got := ok[ImportView](o.get("p-cy", "/imports/"+v.ID)); got.Profile != "区台账" || got.Created != 2 || got.Rejected != 0 {
		t.Errorf("%+v", got)
	}
	v = ok[intake.JobView](o.upload("source", "petition", "profile", "区台账", "file=台账.xls", file))
	o.imported()
	if got := ok[ImportView](o.get("p-cy", "/imports/"+v.ID)); got.Unchanged != 2 {
		t.Errorf("%+v", got)
	}
	o.upload("source", "petition", "profile", "没有的", "file=台账.xls", file).refused(http.StatusNotFound, "profile.not_found")
}

func TestImportProfilesOverHTTP(t *testing.T) {
	o := newOffice(t)
	body := fields{"name": "区信访办", "source": "petition", "columns": []fields{{"header": "单号", "field": "order_no"}, {"header": "事情", "field": "content"}, {"header": "备注"}}}
	p := ok[workflow.ImportProfile](o.post("p-cy", "/import-profiles", body))
	list := ok[ProfileList](o.get("p-cy", "/import-profiles?source=petition"))
	if len(list.Items) != 1 || list.Items[0].ID != p.ID || list.Items[0].Columns[2].Field != "" || len(list.Fields) < 40 || list.Fields[0].Label != "工单编号" {
		t.Fatalf("%+v", list)
	}
	body["version"], body["order"] = p.Version, "content"
	if q := ok[workflow.ImportProfile](o.call("p-cy", http.MethodPut, v1+"/import-profiles/"+p.ID, body)); q.Version != 2 {
		t.Error(q)
	}
	o.call("p-cy", http.MethodPut, v1+"/import-profiles/"+p.ID, body).refused(http.StatusConflict, "profile.version_conflict")
	body["columns"] = []fields{{"header": "单号", "field": "nothing"}}
	body["version"] = 2
	o.call("p-cy", http.MethodPut, v1+"/import-profiles/"+p.ID, body).refused(http.StatusBadRequest, "profile.invalid")
	o.get("p-cy", "/import-profiles?source=x").refused(http.StatusBadRequest, "request.invalid")
	o.get("p-h1", "/import-profiles?source=petition").refused(http.StatusForbidden, "auth.denied")
	ok[struct{}](o.call("p-cy", http.MethodDelete, v1+"/import-profiles/"+p.ID+"?version=2", nil))
	if list := ok[ProfileList](o.get("p-cy", "/import-profiles?source=petition")); len(list.Items) != 0 {
		t.Error(list.Items)
	}
}

func TestAListUpdatesTicketsOverHTTP(t *testing.T) {
	o := newOffice(t)
	o.upload("file=a.csv", sheet(goodRow("20260301090001")))
	o.imported()
	list := "2026年3月2日不满意件清单\n工单编号,不满意原因\n20260301090001,敷衍\n20260301090002,没有解决\n"
	v := ok[intake.JobView](o.upload("list", "dissatisfied", "file=清单.csv", list))
	o.imported()
	got := ok[ImportView](o.get("p-cy", "/imports/"+v.ID))
	if got.List != ticket.ListDissatisfied || got.ListedOn != "2026-03-02" || got.Updated != 1 || got.Waiting != 1 || got.Cases != 1 || len(got.Problems) != 1 || got.Problems[0].Line != 4 {
		t.Errorf("%+v", got)
	}
	v = ok[intake.JobView](o.upload("list", "dissatisfied", "listed_on", "2026-03-02", "dry_run", "true", "file=清单.csv", list))
	o.imported()
	if got := ok[ImportView](o.get("p-cy", "/imports/"+v.ID)); got.Unchanged != 1 || got.Updated != 0 {
		t.Errorf("%+v", got)
	}
	o.upload("list", "x", "file=清单.csv", list).refused(http.StatusBadRequest, "import.list")
	o.upload("create", "true", "file=清单.csv", list).refused(http.StatusBadRequest, "import.list")
	o.upload("list", "unresolved", "listed_on", "昨天", "file=清单.csv", list).refused(http.StatusBadRequest, "import.listed_on")
	o.upload("list", "unresolved", "create", "x", "file=清单.csv", list).refused(http.StatusBadRequest, "import.create")
}
