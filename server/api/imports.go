package api

import (
	"bytes"
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
	"xiaopu/server/intake"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

var errNoImporter = apperr.New(apperr.Unavailable, "import.unavailable", "本服务没有启用导入功能，请联系系统管理员。")

// upload is a file received with its form fields. Resolve streams it, sealed, into the database; what could not be received
// is refused before the handler runs.
type upload struct {
	file intake.Upload
	intake.Request
}

// importInput has nothing for huma to decode: Resolve reads the body itself.
type importInput struct{ upload upload }

// Resolve receives the form.
func (in *importInput) Resolve(ctx huma.Context) []error {
	s := exchangeOf(ctx.Context()).server
	if s.imports == nil {
		return []error{s.problem(ctx.Context(), errNoImporter)}
	}
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
	up.Source = ticket.Hotline
	defer func() {
		if err != nil {
			err = errors.Join(err, s.imports.Discard(ctx.Context(), up.file))
		}
	}()
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = s.receivePart(ctx.Context(), &up, part)
		}
		if err != nil {
			return up, s.receiveError(err)
		}
	}
	if up.file.ID == "" {
		return up, apperr.New(apperr.InvalidArgument, "import.no_file", "没有收到文件，请选择要导入的表格文件（.xlsx、.xls 或 .csv）（字段 file）。")
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

func (s *server) receivePart(ctx context.Context, up *upload, part *multipart.Part) error {
	value := func() (string, error) {
		const most = 200
		text, err := io.ReadAll(io.LimitReader(part, most))
		return strings.TrimSpace(string(text)), err
	}
	switch name := part.FormName(); name {
	case "file":
		if up.file.ID != "" {
			return apperr.New(apperr.InvalidArgument, "import.files", "一次只能导入一个文件。")
		}
		return s.receiveFile(ctx, up, part)
	case "source":
		text, err := value()
		if err != nil {
			return err
		}
		if up.Source = ticket.Source(text); !up.Source.Valid() {
			return apperr.New(apperr.InvalidArgument, "import.source", "没有这种来源，请从列表中选择。")
		}
	case "dry_run":
		text, err := value()
		if err != nil {
			return err
		}
		if up.DryRun, err = strconv.ParseBool(text); err != nil {
			return apperr.New(apperr.InvalidArgument, "import.dry_run", "dry_run 应为 true 或 false。")
		}
	case "profile", "list", "listed_on":
		text, err := value()
		if err != nil {
			return err
		}
		switch name {
		case "profile":
			up.Profile = text
		case "list":
			up.List = ticket.List(text)
		default:
			up.On = text
		}
	case "create":
		text, err := value()
		if err != nil {
			return err
		}
		if up.Create, err = strconv.ParseBool(text); err != nil {
			return apperr.New(apperr.InvalidArgument, "import.create", "create 应为 true 或 false。")
		}
	default:
		return apperr.New(apperr.InvalidArgument, "request.invalid", "提交的内容有误：表单只接受 file、source、profile、list、listed_on、create、dry_run 这几个字段。")
	}
	return nil
}

func (s *server) receiveFile(ctx context.Context, up *upload, part *multipart.Part) (err error) {
	up.FileName = cleanName(part.FileName())
	from := &source{from: io.LimitReader(part, s.maxUpload+1)}
	if up.file, err = s.imports.Receive(ctx, from); err != nil {
		if from.err != nil {
			return err
		}
		return apperr.New(apperr.Unavailable, "import.storage", "暂时存不下上传的文件，请联系系统管理员检查数据库和磁盘。").With(err)
	}
	switch {
	case up.file.Size > s.maxUpload:
		return s.uploadTooLarge()
	case up.file.Size == 0:
		return apperr.New(apperr.InvalidArgument, "import.empty", "文件是空的，请重新导出后上传。")
	}
	return nil
}

// source remembers whether it was the reading that failed.
type source struct {
	from io.Reader
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
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

func (s *server) startImport(ctx context.Context, in *importInput) (intake.JobView, error) {
	v, err := s.imports.Start(ctx, actorOf(ctx), in.upload.file, in.upload.Request)
	if err != nil {
		err = errors.Join(err, s.imports.Discard(ctx, in.upload.file))
	}
	return v, err
}

// inspectImport looks at a file and forgets it.
func (s *server) inspectImport(ctx context.Context, in *importInput) (intake.Inspection, error) {
	found, err := s.imports.Inspect(ctx, in.upload.file, in.upload.Request)
	return found, errors.Join(err, s.imports.Discard(ctx, in.upload.file))
}

type importsInput struct {
	Cursor string `query:"cursor" maxLength:"500" doc:"从上一页的 next 继续"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) listImports(ctx context.Context, in *importsInput) (workflow.Page[intake.JobView], error) {
	if s.imports == nil {
		return workflow.Page[intake.JobView]{}, errNoImporter
	}
	return s.imports.Imports(ctx, in.Cursor, in.Limit)
}

type importIDInput struct {
	ID string `path:"id" maxLength:"40" doc:"导入的编号"`
}

// ImportView is one import with the first of its problems.
type ImportView struct {
	intake.JobView
	Problems []ImportProblem `json:"problems" doc:"有问题的行；很多时只列开头，其余另行查询"`
}

// ImportProblem is what was wrong with one row.
type ImportProblem struct {
	Worksheet int    `json:"worksheet" doc:"第几张工作表，从 1 起，隐藏的不计"`
	Line      int    `json:"line" doc:"表格中的行号"`
	Fatal     bool   `json:"fatal" doc:"这一行因此没有导入"`
	OrderNo   string `json:"order_no,omitempty"`
	Message   string `json:"message" doc:"问题和处理办法"`
}

func (p ImportProblem) at() int { return ticket.Line(p.Worksheet-1, p.Line) }

func (s *server) oneImport(ctx context.Context, in *importIDInput) (v ImportView, err error) {
	if s.imports == nil {
		return v, errNoImporter
	}
	if v.JobView, err = s.imports.Import(ctx, in.ID); err != nil {
		return v, err
	}
	v.Problems, err = s.problemsOf(ctx, in.ID, 0, intake.MaxProblems)
	return v, err
}

func (s *server) problemsOf(ctx context.Context, id string, after, limit int) ([]ImportProblem, error) {
	list, err := s.imports.Problems(ctx, id, after, limit)
	out := make([]ImportProblem, 0, len(list))
	for _, p := range list {
		worksheet, row := ticket.SplitLine(p.Line)
		out = append(out, ImportProblem{Worksheet: worksheet + 1, Line: row, Fatal: p.Fatal, OrderNo: p.OrderNo, Message: p.Message})
	}
	return out, err
}

// changeImport makes the handler of what is done to an import.
func changeImport(change func(*intake.Jobs, context.Context, string) (intake.JobView, error)) func(*server, huma.API, huma.Operation) {
	return handle(func(s *server, ctx context.Context, in *importIDInput) (intake.JobView, error) {
		if s.imports == nil {
			return intake.JobView{}, errNoImporter
		}
		return change(s.imports, ctx, in.ID)
	})
}

func (s *server) importReport(ctx context.Context, in *importIDInput) (download, error) {
	if s.imports == nil {
		return download{}, errNoImporter
	}
	var b bytes.Buffer
	err := s.imports.Report(ctx, actorOf(ctx), in.ID, &b)
	return download{Name: "未导入行-" + in.ID + ".xlsx", Type: workbookType, Body: b.Bytes()}, err
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
	if s.imports == nil {
		return page, errNoImporter
	}
	if _, err := s.imports.Import(ctx, in.ID); err != nil { // an unknown import is no import without problems
		return page, err
	}
	// Pages go by row, so a page ends where a row ends.
	list, err := s.problemsOf(ctx, in.ID, in.After, in.Limit+rowProblems)
	if err != nil {
		return page, err
	}
	end := min(in.Limit, len(list))
	for end > 0 && end < len(list) && list[end].at() == list[end-1].at() {
		end++
	}
	page.Items = append(page.Items, list[:end]...)
	if end > 0 && end < len(list) {
		page.Next = list[end-1].at()
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
	lists := make([]any, len(ticket.Lists))
	listWords := make([]string, len(ticket.Lists))
	for i, x := range ticket.Lists {
		lists[i], listWords[i] = string(x), string(x)+" "+x.Label()
	}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"file"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"file":      {Type: huma.TypeString, Format: "binary", Description: fmt.Sprintf(".xlsx、.xls 或 .csv（UTF-8、GB18030）文件，默认不超过 %d MB", defaultMaxUpload>>20)},
			"source":    {Type: huma.TypeString, Enum: sources, Default: string(ticket.Hotline), Description: "来源：" + strings.Join(words, "、")},
			"profile":   {Type: huma.TypeString, Description: "导入模板的名称或编号；不填则采用这个来源最合适的一个"},
			"list":      {Type: huma.TypeString, Enum: lists, Description: "这是一张清单，更新已导入的工单：" + strings.Join(listWords, "、") + "；不填则是工单表"},
			"listed_on": {Type: huma.TypeString, Format: "date", Description: "清单日期；不填则取标题或文件名里的日期，行里有日期的以行为准"},
			"create":    {Type: huma.TypeBoolean, Default: false, Description: "清单里还没有导入的工单，内容齐全的一并导入；否则记下，等工单导入后生效"},
			"dry_run":   {Type: huma.TypeBoolean, Default: false, Description: "只试算，不写入"},
		},
	}}}}
}
