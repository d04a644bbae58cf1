package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// Importer takes files of tickets in. The file at path is gone when Import returns.
type Importer interface {
	Import(ctx context.Context, actor casework.Actor, path, fileName string, source ticket.Source, dryRun bool) (ImportResult, error)
	// Result gives an earlier import; import.not_found when there is none.
	Result(ctx context.Context, id string) (ImportResult, error)
	// Problems lists up to limit problems of an import behind a row, by row.
	Problems(ctx context.Context, id string, afterLine, limit int) ([]ImportProblem, error)
}

// ImportResult counts what an import did. Rows = Created + Updated + Unchanged + Rejected.
type ImportResult struct {
	ID        string          `json:"id,omitempty" doc:"这次导入的编号；试算没有"`
	Rows      int             `json:"rows" doc:"文件中的工单行数"`
	Created   int             `json:"created" doc:"新增"`
	Updated   int             `json:"updated" doc:"有变化而更新"`
	Unchanged int             `json:"unchanged" doc:"没有变化"`
	Rejected  int             `json:"rejected" doc:"有问题而没有导入"`
	Cases     int             `json:"cases" doc:"由此形成的难事"`
	Problems  []ImportProblem `json:"problems" doc:"有问题的行；很多时只列开头，其余另行查询"`
}

// ImportProblem is what was wrong with one row.
type ImportProblem struct {
	Line    int    `json:"line" doc:"表格中的行号"`
	Fatal   bool   `json:"fatal" doc:"这一行因此没有导入"`
	OrderNo string `json:"order_no,omitempty"`
	Message string `json:"message" doc:"问题和处理办法"`
}

var errNoImporter = apperr.New(apperr.Unavailable, "import.unavailable", "本服务没有启用导入功能，请联系系统管理员。")

// upload is a file received with its form fields. Resolve streams it to a temporary file; what could not be received is
// refused before the handler runs, and the handler removes the file.
type upload struct {
	path, name string
	source     ticket.Source
	dryRun     bool
}

// importInput has nothing for huma to decode: Resolve reads the body itself.
type importInput struct{ upload upload }

// Resolve receives the form.
func (in *importInput) Resolve(ctx huma.Context) []error {
	s := exchangeOf(ctx.Context()).server
	var err error
	if in.upload, err = s.receive(ctx); err != nil {
		return []error{s.problem(ctx.Context(), err)}
	}
	return nil
}

// formOverhead is what the form around the file may take.
const formOverhead = 64 << 10

func (s *server) receive(ctx huma.Context) (up upload, err error) {
	g := humagin.Unwrap(ctx)
	g.Request.Body = http.MaxBytesReader(g.Writer, g.Request.Body, s.maxUpload+formOverhead)
	form, err := g.Request.MultipartReader()
	if err != nil {
		return up, apperr.New(apperr.InvalidArgument, errMediaType.Reason, "请以 multipart/form-data 上传文件，字段名 file。").With(err)
	}
	up.source = ticket.Hotline
	defer func() {
		if err != nil {
			up.remove()
		}
	}()
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = s.receivePart(&up, part)
		}
		if err != nil {
			return up, s.receiveError(err)
		}
	}
	if up.path == "" {
		return up, apperr.New(apperr.InvalidArgument, "import.no_file", "没有收到文件，请选择要导入的 .xlsx 或 .csv 文件（字段 file）。")
	}
	return up, nil
}

func (s *server) receiveError(err error) error {
	var tooBig *http.MaxBytesError
	var ours *apperr.Error
	switch {
	case errors.As(err, &tooBig):
		return s.uploadTooLarge()
	case errors.As(err, &ours):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlowUpload.With(err)
	}
	return apperr.New(apperr.InvalidArgument, "import.broken", "文件没有收全，请检查网络后重新上传。").With(err)
}

func (s *server) uploadTooLarge() error {
	return apperr.New(apperr.InvalidArgument, errTooLarge.Reason, "文件超过 %d MB，请按月份或区间分成几个文件导入。", max(s.maxUpload>>20, 1))
}

func (s *server) receivePart(up *upload, part *multipart.Part) error {
	value := func() (string, error) {
		const most = 100
		text, err := io.ReadAll(io.LimitReader(part, most))
		return strings.TrimSpace(string(text)), err
	}
	switch name := part.FormName(); name {
	case "file":
		if up.path != "" {
			return apperr.New(apperr.InvalidArgument, "import.files", "一次只能导入一个文件。")
		}
		return s.receiveFile(up, part)
	case "source":
		text, err := value()
		if err != nil {
			return err
		}
		if up.source = ticket.Source(text); !up.source.Valid() {
			return apperr.New(apperr.InvalidArgument, "import.source", "没有这种来源，请从列表中选择。")
		}
	case "dry_run":
		text, err := value()
		if err != nil {
			return err
		}
		if up.dryRun, err = strconv.ParseBool(text); err != nil {
			return apperr.New(apperr.InvalidArgument, "import.dry_run", "dry_run 应为 true 或 false。")
		}
	default:
		return apperr.New(apperr.InvalidArgument, "request.invalid", "提交的内容有误：表单只接受 file、source、dry_run 三个字段。")
	}
	return nil
}

func (s *server) receiveFile(up *upload, part *multipart.Part) error {
	up.name = cleanName(part.FileName())
	extension := strings.ToLower(filepath.Ext(up.name))
	if extension != ".xlsx" && extension != ".csv" { // the importer looks at the content anyway
		extension = ""
	}
	f, err := os.CreateTemp(s.uploadDir, "xiaopu-import-*"+extension)
	if err != nil {
		return apperr.New(apperr.Unavailable, "import.storage", "暂时存不下上传的文件，请联系系统管理员检查磁盘。").With(err)
	}
	up.path = f.Name()
	n, err := io.Copy(f, io.LimitReader(part, s.maxUpload+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	var path *os.PathError
	switch {
	case errors.As(err, &path):
		return apperr.New(apperr.Unavailable, "import.storage", "暂时存不下上传的文件，请联系系统管理员检查磁盘。").With(err)
	case err != nil:
		return err
	case n > s.maxUpload:
		return s.uploadTooLarge()
	case n == 0:
		return apperr.New(apperr.InvalidArgument, "import.empty", "文件是空的，请重新导出后上传。")
	}
	return nil
}

// cleanName is a file's name as it can be shown: no path, no control characters, at most 255 characters.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, filepath.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/")))
	if r := []rune(name); len(r) > 255 {
		name = string(r[len(r)-255:]) // the end has the extension
	}
	return name
}

func (up upload) remove() {
	if up.path != "" {
		_ = os.Remove(up.path) // it lies in the temporary folder: at worst the system clears it
	}
}

func (s *server) runImport(ctx context.Context, in *importInput) (ImportResult, error) {
	defer in.upload.remove()
	if s.importer == nil {
		return ImportResult{}, errNoImporter
	}
	r, err := s.importer.Import(ctx, actorOf(ctx), in.upload.path, in.upload.name, in.upload.source, in.upload.dryRun)
	return shownResult(r), err
}

func shownResult(r ImportResult) ImportResult {
	if r.Problems == nil {
		r.Problems = []ImportProblem{}
	}
	return r
}

type importIDInput struct {
	ID string `path:"id" maxLength:"40" doc:"导入的编号"`
}

func (s *server) importResult(ctx context.Context, in *importIDInput) (ImportResult, error) {
	if s.importer == nil {
		return ImportResult{}, errNoImporter
	}
	r, err := s.importer.Result(ctx, in.ID)
	return shownResult(r), err
}

type problemsInput struct {
	ID    string `path:"id" maxLength:"40" doc:"导入的编号"`
	After int    `query:"after" minimum:"0" doc:"从这一行之后读起：上一页的 next"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"每页约多少条；同一行的问题不会分到两页"`
}

// ProblemPage is one page of an import's problems.
type ProblemPage struct {
	Items []ImportProblem `json:"items"`
	Next  int             `json:"next,omitempty" doc:"下一页的 after；没有则已到末尾"`
}

// rowProblems is more than a row has problems: each column has one at most, and a few are about the row.
const rowProblems = 200

func (s *server) importProblems(ctx context.Context, in *problemsInput) (ProblemPage, error) {
	page := ProblemPage{Items: []ImportProblem{}}
	if s.importer == nil {
		return page, errNoImporter
	}
	if _, err := s.importer.Result(ctx, in.ID); err != nil { // an unknown import is no import without problems
		return page, err
	}
	// Pages go by row, so a page ends where a row ends.
	list, err := s.importer.Problems(ctx, in.ID, in.After, in.Limit+rowProblems)
	if err != nil {
		return page, err
	}
	end := min(in.Limit, len(list))
	for end > 0 && end < len(list) && list[end].Line == list[end-1].Line {
		end++
	}
	page.Items = append(page.Items, list[:end]...)
	if end > 0 && end < len(list) {
		page.Next = list[end-1].Line
	}
	return page, nil
}

// documentUpload says what the form holds, which the handler's types do not.
func documentUpload(op *huma.Operation) {
	sources := make([]any, len(ticket.Sources))
	words := make([]string, len(ticket.Sources))
	for i, x := range ticket.Sources {
		sources[i], words[i] = string(x), string(x)+" "+x.Label()
	}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"file"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"file":    {Type: huma.TypeString, Format: "binary", Description: fmt.Sprintf(".xlsx 或 .csv（UTF-8、GB18030）文件，默认不超过 %d MB", defaultMaxUpload>>20)},
			"source":  {Type: huma.TypeString, Enum: sources, Default: string(ticket.Hotline), Description: "来源：" + strings.Join(words, "、")},
			"dry_run": {Type: huma.TypeBoolean, Default: false, Description: "只试算，不写入"},
		},
	}}}}
}
