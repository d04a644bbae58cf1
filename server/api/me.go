package api

import (
	"context"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/organisation"
	"xiaopu/server/workflow"
)

// Me is the caller.
type Me struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Posts       []PostView       `json:"posts"`
	StandsInFor []workflow.Named `json:"stands_in_for" doc:"现在代谁办理（AB角）"`
	Bound       bool             `json:"bound" doc:"居民：绑定了手机号，或受家人委托，因而有自己的事项可看"`
	Permissions []string         `json:"permissions" doc:"可以使用的功能，决定显示哪些菜单"`
	Now         time.Time        `json:"now" doc:"系统时间；演示环境中是演示时钟"`
}

// PostView is a post in words.
type PostView struct {
	Role   casework.Role   `json:"role"`
	Unit   string          `json:"unit,omitempty" doc:"部门、网格或村居的 id"`
	Label  string          `json:"label" doc:"如：综合行政执法队负责人"`
	For    *workflow.Named `json:"for,omitempty" doc:"代谁行使（AB角）"`
	Vacant bool            `json:"vacant,omitempty" doc:"岗位空缺，由您代行"`
}

func (s *server) me(ctx context.Context, _ *struct{}) (Me, error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return Me{}, err
	}
	a, o := actorOf(ctx), k.Organisation
	me := Me{ID: a.PersonID, Name: a.Name, Posts: []PostView{}, StandsInFor: []workflow.Named{}, Bound: len(a.Requesters) > 0, Permissions: s.permissionsOf(a), Now: s.engine.Now(k)}
	for _, p := range a.Posts {
		me.Posts = append(me.Posts, postView(o, p))
	}
	for _, id := range a.StandsInFor {
		me.StandsInFor = append(me.StandsInFor, workflow.Named{ID: id, Name: o.PersonName(id)})
	}
	return me, nil
}

func postView(o *organisation.Organisation, p casework.Post) PostView {
	v := PostView{Role: p.Role, Unit: p.Unit, Label: o.DescribePost(organisation.Post{Role: p.Role, Unit: p.Unit}), Vacant: p.Vacant}
	if p.For != "" {
		v.For = &workflow.Named{ID: p.For, Name: o.PersonName(p.For)}
	}
	return v
}

type todosInput struct {
	Post   string `query:"post" maxLength:"80" doc:"只看以您的这个岗位办的，如 department_head:D1，第一页的 posts 列出；不给则全部"`
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) todos(ctx context.Context, in *todosInput) (workflow.TodoPage, error) {
	return s.engine.Todos(ctx, actorOf(ctx), in.Post, in.Cursor, in.Limit)
}

func (s *server) counts(ctx context.Context, _ *struct{}) (workflow.Counts, error) {
	return s.engine.Counts(ctx, actorOf(ctx))
}

type inboxInput struct {
	Unread bool   `query:"unread" doc:"只看未读"`
	Before string `query:"before" maxLength:"40" doc:"从这条消息之前读起：上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) inbox(ctx context.Context, in *inboxInput) (workflow.Page[workflow.NoticeItem], error) {
	return s.engine.Inbox(ctx, actorOf(ctx), in.Unread, in.Before, in.Limit)
}

// ReadNotices says which notices have been read: those named, or all up to one.
type ReadNotices struct {
	IDs   []string `json:"ids,omitempty" maxItems:"200" doc:"这些消息"`
	Until string   `json:"until,omitempty" maxLength:"40" doc:"这条消息及更早的"`
}

// Read tells what is left unread.
type Read struct {
	Unread int `json:"unread" doc:"还有多少条未读，最多数到上限"`
}

func (s *server) markRead(ctx context.Context, in *struct{ Body ReadNotices }) (Read, error) {
	if (len(in.Body.IDs) == 0) == (in.Body.Until == "") {
		return Read{}, apperr.New(apperr.InvalidArgument, "inbox.which", "请给出 ids 或 until 其中一项。")
	}
	a := actorOf(ctx)
	if err := s.engine.MarkRead(ctx, a, in.Body.Until, in.Body.IDs); err != nil {
		return Read{}, err
	}
	c, err := s.engine.Counts(ctx, a)
	return Read{Unread: c.Unread}, err
}
