package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// taker is an importer that keeps what it was given.
type taker struct {
	actor    casework.Actor
	path     string
	name     string
	source   ticket.Source
	dryRun   bool
	content  string
	problems []ImportProblem
	err      error
	panics   bool
}

func (k *taker) Import(_ context.Context, actor casework.Actor, path, fileName string, source ticket.Source, dryRun bool) (ImportResult, error) {
	if k.panics {
		panic("the importer broke: 13812345678")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return ImportResult{}, err
	}
	k.actor, k.path, k.name, k.source, k.dryRun, k.content = actor, path, fileName, source, dryRun, string(content)
	return ImportResult{ID: "i-1", Rows: 3, Created: 2, Rejected: 1}, k.err
}

func (k *taker) Result(_ context.Context, id string) (ImportResult, error) {
	if id != "i-1" {
		return ImportResult{}, apperr.New(apperr.NotFound, "import.not_found", "没有找到这次导入。")
	}
	return ImportResult{ID: id, Rows: 3}, nil
}

func (k *taker) Problems(_ context.Context, _ string, after, limit int) ([]ImportProblem, error) {
	var out []ImportProblem
	for _, p := range k.problems {
		if p.Line > after && len(out) < limit {
			out = append(out, p)
		}
	}
	return out, k.err
}

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
	body, contentType := form(o.t, pairs...)
	r := httptest.NewRequest(http.MethodPost, v1+"/imports", body)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer "+o.token("p-cy"))
	return o.send(r)
}

func newImportOffice(t *testing.T) (*office, *taker, string) {
	t.Helper()
	k, dir := &taker{}, t.TempDir()
	return newOffice(t, func(o *Options) { o.Importer, o.UploadDir, o.MaxUploadBytes = k, dir, 1<<20 }), k, dir
}

func TestImport(t *testing.T) {
	o, k, dir := newImportOffice(t)
	r := ok[ImportResult](o.upload("dry_run", "true", "file=3月\\工单.XLSX", "the rows", "source", "petition"))
	if r.Rows != 3 || r.Created != 2 || r.Problems == nil {
		t.Errorf("%+v", r)
	}
	if k.actor.PersonID != "p-cy" || k.name != "工单.XLSX" || k.source != ticket.Petition || !k.dryRun || k.content != "the rows" || filepath.Ext(k.path) != ".xlsx" {
		t.Errorf("%+v", k)
	}
	ok[ImportResult](o.upload("file=x.csv", strings.Repeat("r", 1<<20)))
	if k.source != ticket.Hotline || k.dryRun || len(k.content) != 1<<20 {
		t.Errorf("%s %v %d", k.source, k.dryRun, len(k.content))
	}
	ok[ImportResult](o.upload("file=../../etc/passwd", "x"))
	if k.name != "passwd" || !strings.HasPrefix(k.path, dir) {
		t.Errorf("%s at %s", k.name, k.path)
	}
	for name, x := range map[string]struct {
		pairs  []string
		status int
		reason string
	}{
		"too large":         {[]string{"file=x.csv", strings.Repeat("r", 1<<20+1)}, http.StatusRequestEntityTooLarge, "request.too_large"},
		"far too large":     {[]string{"source", "hotline", "file=x.csv", strings.Repeat("r", 3<<20)}, http.StatusRequestEntityTooLarge, "request.too_large"},
		"a large field":     {[]string{"source", strings.Repeat("x", 2<<20), "file=x.csv", "x"}, http.StatusBadRequest, "import.source"},
		"no file":           {[]string{"source", "hotline"}, http.StatusBadRequest, "import.no_file"},
		"an empty file":     {[]string{"file=x.csv", ""}, http.StatusBadRequest, "import.empty"},
		"two files":         {[]string{"file=x.csv", "a", "file=y.csv", "b"}, http.StatusBadRequest, "import.files"},
		"an unknown source": {[]string{"source", "radio", "file=x.csv", "x"}, http.StatusBadRequest, "import.source"},
		"dry or not":        {[]string{"dry_run", "perhaps", "file=x.csv", "x"}, http.StatusBadRequest, "import.dry_run"},
		"an unknown field":  {[]string{"file=x.csv", "x", "mode", "all"}, http.StatusBadRequest, "request.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			k.path = ""
			o.upload(x.pairs...).refused(x.status, x.reason)
			if k.path != "" {
				t.Error("it was imported all the same")
			}
		})
	}
	o.post("p-cy", "/imports", fields{"file": "x"}).refused(http.StatusUnsupportedMediaType, "request.media_type")
	body, contentType := form(t, "file=x.csv", strings.Repeat("r", 1000))
	r2 := httptest.NewRequest(http.MethodPost, v1+"/imports", bytes.NewReader(body.Bytes()[:600]))
	r2.Header.Set("Content-Type", contentType)
	r2.Header.Set("Authorization", "Bearer "+o.token("p-cy"))
	o.send(r2).refused(http.StatusBadRequest, "import.broken")

	k.err = apperr.New(apperr.InvalidArgument, "import.no_header", "没有找到表头。")
	o.upload("file=x.csv", "x").refused(http.StatusBadRequest, "import.no_header")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left behind (%v)", len(left), err)
	}
	newOffice(t).upload("file=x.csv", "x").refused(http.StatusServiceUnavailable, "import.unavailable")
	newOffice(t, func(o *Options) { o.Importer, o.UploadDir = k, filepath.Join(dir, "nowhere") }).
		upload("file=x.csv", "x").refused(http.StatusServiceUnavailable, "import.storage")
}

func TestImportProblemsByPage(t *testing.T) {
	o, k, _ := newImportOffice(t)
	for line := 2; line < 30; line++ {
		for part := range line%3 + 1 {
			k.problems = append(k.problems, ImportProblem{Line: line, Message: fmt.Sprintf("第 %d 个问题", part)})
		}
	}
	var got []ImportProblem
	for after, pages := 0, 0; pages < 100; pages++ {
		page := ok[ProblemPage](o.get("p-cy", fmt.Sprintf("/imports/i-1/problems?limit=4&after=%d", after)))
		got = append(got, page.Items...)
		if after = page.Next; after == 0 {
			break
		}
	}
	if !slices.Equal(got, k.problems) {
		t.Errorf("%d of %d problems", len(got), len(k.problems))
	}
	ok[ImportResult](o.get("p-cy", "/imports/i-1"))
	o.get("p-cy", "/imports/i-2").refused(http.StatusNotFound, "import.not_found")
	o.get("p-cy", "/imports/i-2/problems").refused(http.StatusNotFound, "import.not_found")
}

// An error of ours says nothing of its cause; the log has it under the request id.
func TestInternalErrors(t *testing.T) {
	o, k, dir := newImportOffice(t)
	k.err = fmt.Errorf("insert: %w", errors.New("Duplicate entry 'secret' for key"))
	a := o.upload("file=x.csv", "x")
	p := a.refused(http.StatusInternalServerError, "internal")
	if bytes.Contains(a.body, []byte("secret")) || !strings.Contains(p.Message, p.RequestID) {
		t.Errorf("%s", a.body)
	}
	if log := o.log.String(); !strings.Contains(log, "secret") || !strings.Contains(log, p.RequestID) {
		t.Errorf("the log does not tell the cause: %s", log)
	}
	o.log.Reset()
	k.panics = true
	p = o.upload("file=x.csv", "x").refused(http.StatusInternalServerError, "internal")
	if log := o.log.String(); !strings.Contains(log, "the importer broke") || !strings.Contains(log, p.RequestID) || !strings.Contains(log, "imports_test.go") {
		t.Errorf("the log does not tell of the panic: %s", log)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left behind (%v)", len(left), err)
	}
	k.panics = false
	for want, err := range map[string]error{"request.timeout": context.DeadlineExceeded, "request.cancelled": fmt.Errorf("query: %w", context.Canceled), "store.busy": apperr.New(apperr.Unavailable, "store.busy", "系统正忙。")} {
		k.err = err
		if a := o.upload("file=x.csv", "x"); a.refused(http.StatusServiceUnavailable, want).Code != apperr.Unavailable || a.header.Get("Retry-After") != "1" {
			t.Errorf("%s: %v", want, a.header)
		}
	}
}
