package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// form makes an upload of fields in the order given; a field called file is one.
func form(t testing.TB, pairs ...string) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for i := 0; i < len(pairs); i += 2 {
		name, fileName, isFile := strings.Cut(pairs[i], "=")
		var err error
		if isFile {
			part, perr := w.CreateFormFile(name, fileName)
			if perr != nil {
				t.Fatal(perr)
			}
			_, err = part.Write([]byte(pairs[i+1]))
		} else {
			err = w.WriteField(name, pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body, w.FormDataContentType()
}

func (o *office) upload(pairs ...string) answer {
	o.t.Helper()
	return o.uploadTo("/imports", pairs...)
}

func (o *office) uploadTo(path string, pairs ...string) answer {
	o.t.Helper()
	body, contentType := form(o.t, pairs...)
	r := httptest.NewRequest(http.MethodPost, v1+path, body)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer "+o.token("p-cy"))
	return o.send(r)
}

// sheet is a file of tickets; a row without number is bad.
func sheet(rows ...string) string {
	return "工单编号,受理时间,内容描述,联系电话,诉求人\n" + strings.Join(rows, "\n") + "\n"
}

func goodRow(no string) string {
	return no + ",2026-03-01 09:00:00,路灯不亮" + no + ",13812345678,沈阿婆"
}

const badRow = ",2026-03-01 09:00:00,没有编号的一行,13912345678,钱阿公"

// imported lets the worker do what waits.
func (o *office) imported() {
	o.t.Helper()
	for {
		worked, err := o.imports.Once(context.Background())
		if err != nil {
			o.t.Fatal(err)
		}
		if !worked {
			return
		}
	}
}

// chunks counts the pieces of files that are stored.
func (o *office) chunks(id string) int {
	o.t.Helper()
	n := 0
	for {
		if _, err := o.db.ImportChunk(context.Background(), id, n); err != nil {
			return n
		}
		n++
	}
}

func TestImportRunsInTheBackground(t *testing.T) {
	o := newOffice(t)
	a := o.upload("dry_run", "true", "file=3月\\工单.CSV", sheet(goodRow("20260301090001"), badRow), "source", "petition")
	if a.status != http.StatusAccepted {
		t.Errorf("status %d", a.status)
	}
	v := ok[intake.JobView](a)
	if v.State != store.ImportQueued || v.FileName != "工单.CSV" || v.Source != ticket.Petition || !v.DryRun || v.CreatedBy.Name != "王敏" || !slices.Equal(v.Allowed, []string{"stop"}) {
		t.Errorf("%+v", v)
	}
	o.imported()
	dry := ok[ImportView](o.get("p-cy", "/imports/"+v.ID))
	if dry.State != store.ImportFinished || dry.Rows != 2 || dry.Created != 1 || dry.Rejected != 1 || dry.Share != 1 || len(dry.Problems) != 1 {
		t.Errorf("%+v", dry)
	}
	if list := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets")); len(list.Items) != 0 {
		t.Errorf("a dry run left %d tickets", len(list.Items))
	}
	if n := o.chunks(v.ID); n != 0 {
		t.Errorf("%d pieces of a finished import's file are kept", n)
	}
	v = ok[intake.JobView](o.upload("file=x.csv", sheet(goodRow("20260301090001"), badRow)))
	if n := o.chunks(v.ID); n != 1 {
		t.Errorf("%d pieces", n)
	}
	o.upload("file=other name.csv", sheet(goodRow("20260301090001"), badRow)).refused(http.StatusConflict, "import.running")
	o.imported()
	if v := ok[ImportView](o.get("p-cy", "/imports/"+v.ID)); v.Created != 1 || v.Source != ticket.Hotline || v.FinishedAt == nil {
		t.Errorf("%+v", v)
	}
	again := ok[intake.JobView](o.upload("file=x.csv", sheet(goodRow("20260301090001"), badRow))) // over: it may come again
	o.imported()
	if v := ok[ImportView](o.get("p-cy", "/imports/"+again.ID)); v.Unchanged != 1 {
		t.Errorf("%+v", v)
	}
	page := ok[workflow.Page[intake.JobView]](o.get("p-cy", "/imports?limit=2"))
	rest := ok[workflow.Page[intake.JobView]](o.get("p-cy", "/imports?limit=2&cursor="+page.Next))
	if len(page.Items) != 2 || page.Items[0].ID != again.ID || len(rest.Items) != 1 || rest.Items[0].ID != dry.ID || rest.Next != "" {
		t.Errorf("%+v then %+v", page, rest)
	}
	o.get("p-cy", "/imports?cursor=x").refused(http.StatusBadRequest, "list.cursor")
	name := ok[intake.JobView](o.upload("file=../../etc/passwd", sheet(goodRow("20260301090009")))).FileName
	if name != "passwd" {
		t.Error(name)
	}
}

func TestUploadsThatAreRefused(t *testing.T) {
	o := newOffice(t, func(o *Options) { o.MaxUploadBytes = 1 << 20 })
	long := sheet(goodRow("20260301090001")) + strings.Repeat(" ", 1<<20)
	for name, x := range map[string]struct {
		pairs  []string
		status int
		reason string
	}{
		"too large":         {[]string{"file=x.csv", long[:1<<20+1]}, http.StatusRequestEntityTooLarge, "request.too_large"},
		"far too large":     {[]string{"source", "hotline", "file=x.csv", strings.Repeat("r", 3<<20)}, http.StatusRequestEntityTooLarge, "request.too_large"},
		"a large field":     {[]string{"source", strings.Repeat("x", 2<<20), "file=x.csv", "x"}, http.StatusBadRequest, "import.source"},
		"no file":           {[]string{"source", "hotline"}, http.StatusBadRequest, "import.no_file"},
		"an empty file":     {[]string{"file=x.csv", ""}, http.StatusBadRequest, "import.empty"},
		"two files":         {[]string{"file=x.csv", "a", "file=y.csv", "b"}, http.StatusBadRequest, "import.files"},
		"an unknown source": {[]string{"source", "radio", "file=x.csv", "x"}, http.StatusBadRequest, "import.source"},
		"dry or not":        {[]string{"dry_run", "perhaps", "file=x.csv", "x"}, http.StatusBadRequest, "import.dry_run"},
		"an unknown field":  {[]string{"file=x.csv", "x", "mode", "all"}, http.StatusBadRequest, "request.invalid"},
		"no header":         {[]string{"file=x.csv", "a,b\n1,2\n"}, http.StatusBadRequest, "ticket.header_not_found"},
	} {
		t.Run(name, func(t *testing.T) { o.upload(x.pairs...).refused(x.status, x.reason) })
	}
	o.post("p-cy", "/imports", fields{"file": "x"}).refused(http.StatusUnsupportedMediaType, "request.media_type")
	body, contentType := form(t, "file=x.csv", strings.Repeat("r", 1000))
	r := httptest.NewRequest(http.MethodPost, v1+"/imports", bytes.NewReader(body.Bytes()[:600]))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer "+o.token("p-cy"))
	o.send(r).refused(http.StatusBadRequest, "import.broken")
	if n, err := o.db.ForgetImportFiles(t.Context(), o.clock().AddDate(1, 0, 0), o.clock(), 100); err != nil || n != 0 {
		t.Errorf("%d pieces of refused files are left behind (%v)", n, err)
	}
	if list := ok[workflow.Page[intake.JobView]](o.get("p-cy", "/imports")); len(list.Items) != 0 {
		t.Errorf("%+v", list.Items)
	}
	newOffice(t, func(o *Options) { o.Imports = nil }).upload("file=x.csv", "x").refused(http.StatusServiceUnavailable, "import.unavailable")
}

func TestImportProblemsByPage(t *testing.T) {
	o := newOffice(t)
	var rows []string
	for i := range 30 {
		row := goodRow(fmt.Sprintf("202603010900%02d", i))
		if i%3 == 0 {
			row = ",2027-03-01 09:00:00,,,"
		}
		rows = append(rows, row)
	}
	v := ok[intake.JobView](o.upload("file=x.csv", sheet(rows...)))
	o.imported()
	want := ok[ImportView](o.get("p-cy", "/imports/"+v.ID)).Problems
	if len(want) < 20 {
		t.Fatalf("%d problems", len(want))
	}
	var got []ImportProblem
	for after, pages := 0, 0; pages < 100; pages++ {
		page := ok[ProblemPage](o.get("p-cy", fmt.Sprintf("/imports/%s/problems?limit=4&after=%d", v.ID, after)))
		got = append(got, page.Items...)
		if after = page.Next; after == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d of %d problems", len(got), len(want))
	}
	for _, path := range []string{"", "/problems", "/report"} {
		o.get("p-cy", "/imports/i-2"+path).refused(http.StatusNotFound, "import.not_found")
	}
	for _, change := range []string{"stop", "resume", "retry"} {
		o.post("p-cy", "/imports/i-2/"+change, nil).refused(http.StatusNotFound, "import.not_found")
	}
}

func TestImportIsStoppedAndResumed(t *testing.T) {
	o := newOffice(t)
	v := ok[intake.JobView](o.upload("file=x.csv", sheet(goodRow("20260301090001"))))
	if v = ok[intake.JobView](o.post("p-cy", "/imports/"+v.ID+"/stop", nil)); v.State != store.ImportStopped || !slices.Equal(v.Allowed, []string{"resume"}) {
		t.Errorf("%+v", v)
	}
	ok[intake.JobView](o.post("p-cy", "/imports/"+v.ID+"/stop", nil)) // twice is once
	o.post("p-cy", "/imports/"+v.ID+"/retry", nil).refused(http.StatusConflict, "import.not_resumable")
	o.imported()
	twin := ok[intake.JobView](o.upload("file=x.csv", sheet(goodRow("20260301090001"))))
	o.post("p-cy", "/imports/"+v.ID+"/resume", nil).refused(http.StatusConflict, "import.running")
	ok[intake.JobView](o.post("p-cy", "/imports/"+twin.ID+"/stop", nil))
	if v = ok[intake.JobView](o.post("p-cy", "/imports/"+v.ID+"/resume", nil)); v.State != store.ImportQueued {
		t.Errorf("%+v", v)
	}
	o.imported()
	if v := ok[ImportView](o.get("p-cy", "/imports/"+v.ID)); v.State != store.ImportFinished || v.Created != 1 {
		t.Errorf("%+v", v)
	}
	o.post("p-cy", "/imports/"+v.ID+"/stop", nil).refused(http.StatusConflict, "import.over")
}

// The report names the bad rows, masks what is personal, is noted in the audit log, and can be imported when corrected.
func TestReportOfBadRowsIsCorrectedAndImported(t *testing.T) {
	o := newOffice(t)
	formula := `,2026-03-01 09:00:00,=HYPERLINK("x"),13912345678,钱阿公`
	v := ok[intake.JobView](o.upload("file=x.csv", sheet(goodRow("20260301090001"), badRow, strings.Replace(formula, `=HYPERLINK("x")`, "+86求助电话", 1))))
	o.get("p-cy", "/imports/"+v.ID+"/report").refused(http.StatusConflict, "import.running_yet")
	o.imported()
	a := o.get("p-cy", "/imports/"+v.ID+"/report")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != workbookType || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	path := filepath.Join(t.TempDir(), "report.xlsx")
	if err := os.WriteFile(path, a.body, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := intake.OpenSheet(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var rows [][]string
	for {
		_, cells, err := s.Next()
		if err != nil {
			break
		}
		rows = append(rows, cells)
	}
	if len(rows) != 3 || rows[1][1] != "3" || !strings.Contains(rows[1][2], "缺少工单编号") || rows[1][6] != "139****5678" || rows[1][7] != "钱**" || rows[2][5] != "'+86求助电话" {
		t.Fatalf("%q", rows)
	}
	log, err := o.db.AuditLog(t.Context(), store.AuditFilter{Action: "import.report", Limit: 10})
	if err != nil || len(log) != 1 || log[0].Actor != "p-cy" || log[0].Object != "import:"+v.ID {
		t.Errorf("%v %+v", err, log)
	}
	// The clerk puts the numbers in and changes one phone.
	rows[1][3], rows[2][3], rows[2][6] = "20260301090002", "20260301090003", "13700000000"
	var b bytes.Buffer
	if err := intake.WriteSheet(&b, "", rows[0], func(yield func([]any) bool) {
		for _, r := range rows[1:] {
			cells := make([]any, len(r))
			for i, c := range r {
				cells[i] = c
			}
			if !yield(cells) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	fixed := ok[intake.JobView](o.upload("file=corrected.xlsx", b.String()))
	o.imported()
	if v := ok[ImportView](o.get("p-cy", "/imports/"+fixed.ID)); v.Created != 2 || v.Rejected != 0 {
		t.Fatalf("%+v", v)
	}
	rowsOf, err := o.db.Tickets(t.Context(), store.TicketFilter{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][3]string{
		"20260301090002": {"13912345678", "钱阿公", "没有编号的一行"},
		"20260301090003": {"13700000000", "钱阿公", "+86求助电话"},
	}
	for _, r := range rowsOf {
		w, ok := want[r.Ticket.OrderNo]
		if !ok {
			continue
		}
		delete(want, r.Ticket.OrderNo)
		if got := [3]string{r.Ticket.Requester.Phone, r.Ticket.Requester.Name, r.Ticket.Content}; got != w {
			t.Errorf("%s: %q, want %q", r.Ticket.OrderNo, got, w)
		}
		if len(r.Ticket.Raw) != 5 {
			t.Errorf("%s keeps the report's own columns: %+v", r.Ticket.OrderNo, r.Ticket.Raw)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing %v", want)
	}
}

// An error of ours says nothing of its cause; the log has it under the request id.
func TestInternalErrors(t *testing.T) {
	o := newOffice(t)
	v := ok[intake.JobView](o.upload("file=x.csv", sheet(goodRow("20260301090001"))))
	if _, err := o.db.LeaseImport(t.Context(), v.ID, "l", o.clock(), o.clock()); err != nil {
		t.Fatal(err)
	}
	if err := o.db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.NoteImport(ctx, v.ID, "l", store.ImportProgress{Result: []byte("no JSON")}, o.clock())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	a := o.get("p-cy", "/imports/"+v.ID)
	p := a.refused(http.StatusInternalServerError, "internal")
	if bytes.Contains(a.body, []byte("invalid character")) || !strings.Contains(p.Message, p.RequestID) {
		t.Errorf("%s", a.body)
	}
	if log := o.log.String(); !strings.Contains(log, "invalid character") || !strings.Contains(log, p.RequestID) {
		t.Errorf("the log does not tell the cause: %s", log)
	}

	o = newOffice(t, func(o *Options) { o.Imports = &intake.Jobs{Logger: slog.New(slog.DiscardHandler)} }) // with no database it breaks
	p = o.get("p-cy", "/imports/x").refused(http.StatusInternalServerError, "internal")
	if log := o.log.String(); !strings.Contains(log, `"panic"`) || !strings.Contains(log, p.RequestID) || !strings.Contains(log, "imports.go") {
		t.Errorf("the log does not tell of the panic: %s", log)
	}
	s := newServer(Options{Logger: slog.New(slog.DiscardHandler)})
	for want, err := range map[string]error{"request.timeout": context.DeadlineExceeded, "request.cancelled": fmt.Errorf("query: %w", context.Canceled), "store.busy": apperr.New(apperr.Unavailable, "store.busy", "系统正忙。")} {
		p := s.problem(t.Context(), err)
		if p.Reason != want || p.Status != http.StatusServiceUnavailable || p.Code != apperr.Unavailable || p.GetHeaders().Get("Retry-After") != "1" {
			t.Errorf("%s: %+v", want, p)
		}
	}
}
