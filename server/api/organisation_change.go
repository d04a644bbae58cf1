package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/intake"
	"xiaopu/server/organisation"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// NewOrganisationChange says what is to change, entry by entry. What it does not name stays; a field left out stays, “无”
// empties it.
type NewOrganisationChange struct {
	Whole       bool            `json:"whole,omitempty" doc:"所列的每一类都是全量：没有列出的人按离岗、没有列出的单位按撤销处理"`
	Departments []NewDepartment `json:"departments,omitempty" maxItems:"1000"`
	Grids       []NewGrid       `json:"grids,omitempty" maxItems:"1000"`
	Communities []NewCommunity  `json:"communities,omitempty" maxItems:"1000"`
	People      []NewPerson     `json:"people,omitempty" maxItems:"10000"`
}

// NewDepartment is a department as it is to be.
type NewDepartment struct {
	ID           string `json:"id,omitempty" maxLength:"40" doc:"部门的 id；不填按名称对应，新部门由系统编"`
	Name         string `json:"name,omitempty" maxLength:"60" doc:"名称"`
	ShortName    string `json:"short_name,omitempty" maxLength:"60" doc:"简称"`
	Kind         string `json:"kind,omitempty" maxLength:"20" doc:"section 科室、centre 中心、squad 执法队、station 所"`
	DeputyLeader string `json:"deputy_leader,omitempty" maxLength:"60" doc:"业务分管领导的 id 或姓名"`
	Closed       bool   `json:"closed,omitempty" doc:"已撤销"`
	Returned     bool   `json:"returned,omitempty" doc:"撤销后恢复；已撤销的部门不写这一项的，其余各项都不起作用"`
}

// NewGrid is a grid as it is to be.
type NewGrid struct {
	ID       string `json:"id,omitempty" maxLength:"40" doc:"网格的 id；不填按名称对应"`
	Name     string `json:"name,omitempty" maxLength:"60" doc:"名称"`
	Closed   bool   `json:"closed,omitempty" doc:"已撤销"`
	Returned bool   `json:"returned,omitempty" doc:"撤销后恢复"`
}

// NewCommunity is a community as it is to be.
type NewCommunity struct {
	ID       string   `json:"id,omitempty" maxLength:"40" doc:"村居的 id；不填按名称对应"`
	Name     string   `json:"name,omitempty" maxLength:"60" doc:"名称"`
	GridID   string   `json:"grid_id,omitempty" maxLength:"60" doc:"所属综合网格的 id 或名称"`
	Kind     string   `json:"kind,omitempty" maxLength:"20" doc:"residential 居民区、village 村、park 园区"`
	Aliases  []string `json:"aliases,omitempty" maxItems:"50" doc:"工单里的其他叫法"`
	Closed   bool     `json:"closed,omitempty" doc:"已撤销"`
	Returned bool     `json:"returned,omitempty" doc:"撤销后恢复"`
}

// NewPerson is a person as they are to be.
type NewPerson struct {
	ID       string    `json:"id,omitempty" maxLength:"40" doc:"人员的 id；不填按姓名对应，重名时必填"`
	Name     string    `json:"name,omitempty" maxLength:"60" doc:"姓名"`
	Phone    string    `json:"phone,omitempty" maxLength:"20" doc:"手机号；不填表示不变"`
	Posts    []NewPost `json:"posts,omitempty" maxItems:"50" doc:"岗位：写了就以此为准；不写表示不变"`
	Left     bool      `json:"left,omitempty" doc:"已离岗"`
	Returned bool      `json:"returned,omitempty" doc:"离岗后又回来；已离岗的人不写这一项的，其余各项都不起作用"`
}

// NewPost is a role for a unit.
type NewPost struct {
	Role casework.Role `json:"role" doc:"岗位"`
	Unit string        `json:"unit,omitempty" maxLength:"60" doc:"部门、网格或村居的 id 或名称；全街道的岗位不填"`
}

func (n NewOrganisationChange) street() organisation.Street {
	var s organisation.Street
	for _, d := range n.Departments {
		s.Departments = append(s.Departments, organisation.Department(d))
	}
	for _, g := range n.Grids {
		s.Grids = append(s.Grids, organisation.Grid(g))
	}
	for _, c := range n.Communities {
		s.Communities = append(s.Communities, organisation.Community(c))
	}
	for _, p := range n.People {
		person := organisation.Person{ID: p.ID, Name: p.Name, Phone: p.Phone, Left: p.Left, Returned: p.Returned}
		for _, post := range p.Posts {
			person.Posts = append(person.Posts, organisation.Post(post))
		}
		s.People = append(s.People, person)
	}
	return s
}

func (s *server) proposeChange(ctx context.Context, in *struct{ Body NewOrganisationChange }) (workflow.ProposedChange, error) {
	return s.engine.ProposeOrganisation(ctx, actorOf(ctx), in.Body.street(), in.Body.Whole)
}

// organisationFile has nothing for huma to decode: Resolve reads the form itself.
type organisationFile struct {
	name  string
	data  []byte
	whole bool
}

// maxOrganisationFile is far above a street of some thousand people.
const maxOrganisationFile = 20 << 20

// Resolve receives the form.
func (in *organisationFile) Resolve(ctx huma.Context) []error {
	if err := in.receive(ctx); err != nil {
		return []error{exchangeOf(ctx.Context()).server.problem(ctx.Context(), err)}
	}
	return nil
}

func (in *organisationFile) receive(ctx huma.Context) error {
	g := humagin.Unwrap(ctx)
	g.Request.Body = http.MaxBytesReader(g.Writer, g.Request.Body, maxOrganisationFile+formOverhead)
	form, err := g.Request.MultipartReader()
	if err != nil {
		return apperr.New(apperr.InvalidArgument, errMediaType.Reason, "请以 multipart/form-data 上传文件，字段名 file。").With(err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = in.part(part)
		}
		var tooBig *http.MaxBytesError
		var ours *apperr.Error
		switch {
		case err == nil:
		case errors.As(err, &ours):
			return err
		case errors.As(err, &tooBig):
			return apperr.New(apperr.InvalidArgument, errTooLarge.Reason, "文件超过 %d MB，请检查是否选错了文件。", maxOrganisationFile>>20)
		default:
			return apperr.New(apperr.InvalidArgument, "import.broken", "文件没有收全，请检查网络后重新上传。").With(err)
		}
	}
	if len(in.data) == 0 {
		return apperr.New(apperr.InvalidArgument, "import.no_file", "没有收到文件，请选择组织架构表（.xlsx 或 .yaml）（字段 file）。")
	}
	return nil
}

func (in *organisationFile) part(part *multipart.Part) (err error) {
	switch part.FormName() {
	case "file":
		in.name = cleanName(part.FileName())
		in.data, err = io.ReadAll(part)
		return err
	case "whole":
		text, err := io.ReadAll(io.LimitReader(part, 10))
		if err != nil {
			return err
		}
		if in.whole, err = strconv.ParseBool(strings.TrimSpace(string(text))); err != nil {
			return apperr.New(apperr.InvalidArgument, "organisation.whole", "whole 应为 true 或 false。")
		}
		return nil
	}
	return apperr.New(apperr.InvalidArgument, "request.invalid", "提交的内容有误：表单只接受 file、whole 两个字段。")
}

func (s *server) proposeFile(ctx context.Context, in *organisationFile) (workflow.ProposedChange, error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return workflow.ProposedChange{}, err
	}
	var street organisation.Street
	if ext := strings.ToLower(filepath.Ext(in.name)); ext == ".yaml" || ext == ".yml" {
		street, err = config.LoadOrganisation(in.data, k.Organisation)
	} else {
		street, err = intake.ReadOrganisation(bytes.NewReader(in.data), int64(len(in.data)), k.Organisation)
	}
	if err != nil {
		return workflow.ProposedChange{}, organisation.Invalid(err)
	}
	return s.engine.ProposeOrganisation(ctx, actorOf(ctx), street, in.whole)
}

// documentOrganisationFile says what the form holds, which the handler's types do not.
func documentOrganisationFile(op *huma.Operation) {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"file"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"file":  {Type: huma.TypeString, Format: "binary", Description: "组织架构表（.xlsx，空表由 xiaopu organisation template 生成）或 .yaml，不超过 20 MB"},
			"whole": {Type: huma.TypeBoolean, Default: false, Description: "文件是全量：没有列出的人按离岗、没有列出的单位按撤销处理"},
		},
	}}}}
}

type changesInput struct {
	Status store.ChangeStatus `query:"status" enum:"open,applied,discarded" doc:"只看这种状态的：open 待批准、applied 已执行、discarded 已作废"`
	Before string             `query:"before" maxLength:"40" doc:"上一页的 next"`
	Limit  int                `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"每页多少份"`
}

func (s *server) changes(ctx context.Context, in *changesInput) (workflow.Page[workflow.ProposedChange], error) {
	return s.engine.OrganisationChanges(ctx, in.Status, in.Before, in.Limit)
}

type changeInput struct {
	ID string `path:"id" maxLength:"40" doc:"变更的编号"`
}

func (s *server) change(ctx context.Context, in *changeInput) (workflow.ProposedChange, error) {
	return s.engine.OrganisationChange(ctx, in.ID)
}

func (s *server) applyChange(ctx context.Context, in *changeInput) (workflow.ProposedChange, error) {
	return s.engine.ApplyProposal(ctx, actorOf(ctx), in.ID)
}

func (s *server) discardChange(ctx context.Context, in *changeInput) (workflow.ProposedChange, error) {
	return s.engine.DiscardProposal(ctx, actorOf(ctx), in.ID)
}

// Vacancies are the posts that nobody holds.
type Vacancies struct {
	Items []workflow.VacancyView `json:"items" doc:"空缺的岗位"`
}

func (s *server) vacancies(ctx context.Context, _ *struct{}) (Vacancies, error) {
	list, err := s.engine.Vacancies(ctx)
	return Vacancies{Items: list}, err
}

type peopleInput struct {
	Unit  string `query:"unit" maxLength:"40" doc:"只看在这个部门、网格或村居任职的"`
	Left  bool   `query:"left" doc:"看已离岗的；不填看在岗的"`
	After string `query:"after" maxLength:"40" doc:"上一页的 next"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"每页多少人"`
}

// StaffEntry is somebody of the office as administrators see them.
type StaffEntry struct {
	ID    string     `json:"id"`
	Name  string     `json:"name" doc:"姓名"`
	Phone string     `json:"phone,omitempty" doc:"手机号，已遮盖"`
	Posts []PostView `json:"posts" doc:"岗位"`
	Left  bool       `json:"left,omitempty" doc:"已离岗"`
}

func (s *server) people(ctx context.Context, in *peopleInput) (workflow.Page[StaffEntry], error) {
	page := workflow.Page[StaffEntry]{Items: []StaffEntry{}}
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	list, next := k.Organisation.Staff(in.Unit, in.Left, in.After, in.Limit)
	page.Next = next
	for _, p := range list {
		v := StaffEntry{ID: p.ID, Name: p.Name, Phone: ticket.MaskPhone(p.Phone), Left: p.Left, Posts: []PostView{}}
		for _, post := range p.Posts {
			v.Posts = append(v.Posts, postView(k.Organisation, casework.Post{Role: post.Role, Unit: post.Unit}))
		}
		page.Items = append(page.Items, v)
	}
	return page, nil
}

type workInput struct {
	ID     string `path:"id" maxLength:"40" doc:"人员的 id"`
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"每页约多少项"`
}

func (s *server) work(ctx context.Context, in *workInput) (workflow.Page[workflow.WorkItem], error) {
	return s.engine.Work(ctx, in.ID, in.Cursor, in.Limit)
}

// Leaving says why somebody leaves.
type Leaving struct {
	Reason string `json:"reason" minLength:"2" maxLength:"200" doc:"原因，如：调离、退休、辞职"`
}

// LeftAt tells when the access ended.
type LeftAt struct {
	At time.Time `json:"at,omitzero" doc:"从此刻起不能再登录和办理；早已离岗的，是最近一次办理离岗的时间，经组织架构变更离岗的没有"`
}

func (s *server) leave(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"40" doc:"人员的 id"`
	Body Leaving
}) (LeftAt, error) {
	at, err := s.engine.Leave(ctx, actorOf(ctx), in.ID, in.Body.Reason)
	return LeftAt{At: at}, err
}
