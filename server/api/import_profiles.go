package api

import (
	"context"

	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

type profilesInput struct {
	Source string `query:"source" required:"true" enum:"hotline,petition,opinion,department,grid,resident" doc:"来源"`
}

// ProfileList is the import profiles of a source, and what columns can mean.
type ProfileList struct {
	Items  []workflow.ImportProfile `json:"items" doc:"已存的在前，随系统提供的在后"`
	Fields []FieldView              `json:"fields" doc:"列的含义，供选择"`
}

// FieldView is something a column can mean.
type FieldView struct {
	Field   ticket.Field `json:"field" doc:"列的含义"`
	Label   string       `json:"label" doc:"中文名"`
	Fixable bool         `json:"fixable,omitempty" doc:"可以设固定值"`
}

var fieldViews = func() []FieldView {
	fixable := map[ticket.Field]bool{}
	for _, f := range ticket.Fixable {
		fixable[f] = true
	}
	var list []FieldView
	for _, f := range ticket.Fields() {
		list = append(list, FieldView{Field: f, Label: f.Label(), Fixable: fixable[f]})
	}
	return list
}()

func (s *server) importProfiles(ctx context.Context, in *profilesInput) (ProfileList, error) {
	items, err := s.engine.ImportProfiles(ctx, ticket.Source(in.Source))
	return ProfileList{Items: items, Fields: fieldViews}, err
}

// ProfileBody is an import profile as people write it.
type ProfileBody struct {
	Name    string                 `json:"name" minLength:"1" maxLength:"50" doc:"名称，在一个来源里不能重复；与随系统提供的同名则代替它"`
	Source  string                 `json:"source" enum:"hotline,petition,opinion,department,grid,resident" doc:"来源"`
	Columns []ticket.ProfileColumn `json:"columns" minItems:"1" maxItems:"300" doc:"各列的含义"`
	Fixed   []ticket.FixedValue    `json:"fixed,omitempty" maxItems:"50" doc:"表里没有时各行都用的值"`
	Order   ticket.OrderRule       `json:"order,omitempty" enum:",link,content" doc:"没有工单编号时：空为不能导入，link 由链接生成，content 由内容生成"`
	Dates   ticket.DateOrder       `json:"dates,omitempty" enum:",dmy,mdy,md" doc:"日期写法：空为年在前，dmy 日月年，mdy 月日年，md 没有年份"`
}

func (b ProfileBody) profile(id string) ticket.Profile {
	return ticket.Profile{ID: id, Name: b.Name, Source: ticket.Source(b.Source), Columns: b.Columns, Fixed: b.Fixed, Order: b.Order, Dates: b.Dates}
}

func (s *server) createImportProfile(ctx context.Context, in *struct{ Body ProfileBody }) (workflow.ImportProfile, error) {
	return s.engine.SaveImportProfile(ctx, actorOf(ctx), in.Body.profile(""), 0)
}

// ChangedProfile is a profile as it is to be from now on.
type ChangedProfile struct {
	ProfileBody
	Version int64 `json:"version" minimum:"1" doc:"修改前看到的版本"`
}

func (s *server) changeImportProfile(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"40" doc:"模板的编号"`
	Body ChangedProfile
}) (workflow.ImportProfile, error) {
	return s.engine.SaveImportProfile(ctx, actorOf(ctx), in.Body.profile(in.ID), in.Body.Version)
}

func (s *server) deleteImportProfile(ctx context.Context, in *struct {
	ID      string `path:"id" maxLength:"40" doc:"模板的编号"`
	Version int64  `query:"version" required:"true" minimum:"1" doc:"删除前看到的版本"`
}) (struct{}, error) {
	return struct{}{}, s.engine.DeleteImportProfile(ctx, actorOf(ctx), in.ID, in.Version)
}
