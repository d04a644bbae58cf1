package api

import (
	"context"

	"xiaopu/server/store"
)

type auditLogInput struct {
	Actor  string `query:"actor" maxLength:"40" doc:"只看这个人的（人员编号）"`
	Action string `query:"action" maxLength:"60" doc:"只看这种操作，如 session.start"`
	Object string `query:"object" maxLength:"80" doc:"只看这个对象的，如 ticket:编号"`
	Before int64  `query:"before" minimum:"0" doc:"从这一条之前读起：上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"每页多少条"`
}

// AuditPage is one page of the audit log.
type AuditPage struct {
	Items []store.AuditEntry `json:"items"`
	Next  int64              `json:"next,omitempty" doc:"下一页的 before；没有则已到末尾"`
}

func (s *server) auditLog(ctx context.Context, in *auditLogInput) (AuditPage, error) {
	page := AuditPage{Items: []store.AuditEntry{}}
	list, err := s.engine.AuditLog(ctx, store.AuditFilter{Actor: in.Actor, Action: in.Action, Object: in.Object, Before: in.Before, Limit: in.Limit + 1})
	if err != nil {
		return page, err
	}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		page.Next = list[in.Limit-1].Seq
	}
	page.Items = append(page.Items, list...)
	return page, nil
}
