package api

import (
	"context"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

type casesInput struct {
	View             string          `query:"view" enum:"mine,own,claimable" default:"mine" doc:"mine 我的范围；own 我自己反映的；claimable 可认领的"`
	Status           casework.Status `query:"status" doc:"只看这个状态"`
	All              bool            `query:"all" doc:"也列出已办结、已销项、不予入库、已并案的"`
	Tier             casework.Tier   `query:"tier" doc:"响应级别"`
	LeadDepartmentID string          `query:"lead_department_id" maxLength:"40" doc:"牵头部门"`
	GridID           string          `query:"grid_id" maxLength:"40" doc:"综合网格"`
	Domain           casework.Domain `query:"domain" doc:"服务对象"`
	Overdue          bool            `query:"overdue" doc:"只看Ⅰ级响应超期的"`
	Cursor           string          `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit            int             `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) cases(ctx context.Context, in *casesInput) (workflow.Page[workflow.CaseItem], error) {
	return s.engine.Cases(ctx, actorOf(ctx), workflow.CaseQuery{
		View: in.View, Status: in.Status, All: in.All, Tier: in.Tier, LeadDepartmentID: in.LeadDepartmentID, GridID: in.GridID,
		Domain: in.Domain, Overdue: in.Overdue, Cursor: in.Cursor, Limit: in.Limit,
	})
}

type reportedInput struct {
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) reported(ctx context.Context, in *reportedInput) (workflow.Page[workflow.ReportedCase], error) {
	return s.engine.Reported(ctx, actorOf(ctx), in.Cursor, in.Limit)
}

type tiersInput struct {
	Own bool `query:"own" doc:"能看全街道的，只看自己分管的部门、所在的网格"`
}

func (s *server) tiers(ctx context.Context, in *tiersInput) (workflow.Tiers, error) {
	return s.engine.Tiers(ctx, actorOf(ctx), in.Own)
}

type stuckInput struct {
	Tier   workflow.StuckTier `query:"tier" doc:"只看这一级，none 未定级；不给则各级"`
	Own    bool               `query:"own" doc:"能看全街道的，只看自己分管的部门、所在的网格"`
	Due    workflow.Due       `query:"due" enum:"late,near" doc:"late 已过期限的；near 还有 1 个工作日以内到期的；不给则全部"`
	Cursor string             `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int                `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"每页多少条"`
}

func (s *server) stuck(ctx context.Context, in *stuckInput) (workflow.Page[workflow.StuckCase], error) {
	return s.engine.Stuck(ctx, actorOf(ctx), workflow.StuckQuery{Tier: in.Tier, Due: in.Due, Own: in.Own, Cursor: in.Cursor, Limit: in.Limit})
}

type teamInput struct {
	DepartmentID string `query:"department_id" maxLength:"40" doc:"您负责的部门；不填为第一个"`
}

func (s *server) team(ctx context.Context, in *teamInput) (workflow.Team, error) {
	return s.engine.Team(ctx, actorOf(ctx), in.DepartmentID)
}

type teamCasesInput struct {
	DepartmentID string `query:"department_id" maxLength:"40" doc:"您负责的部门；不填为第一个"`
	Handler      string `query:"handler" maxLength:"40" doc:"只看这位承办人的；none 为没有指定承办人的"`
	Cursor       string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit        int    `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"每页多少条"`
}

func (s *server) teamCases(ctx context.Context, in *teamCasesInput) (workflow.Page[workflow.TeamCase], error) {
	return s.engine.TeamCases(ctx, actorOf(ctx), workflow.TeamQuery{DepartmentID: in.DepartmentID, Handler: in.Handler, Cursor: in.Cursor, Limit: in.Limit})
}

type caseInput struct {
	ID string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
}

func (s *server) oneCase(ctx context.Context, in *caseInput) (workflow.CaseView, error) {
	onCase(ctx, in.ID)
	return s.engine.Case(ctx, actorOf(ctx), in.ID)
}

type timelineInput struct {
	ID      string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
	After   int64  `query:"after" minimum:"0" doc:"从这个序号之后读起：上一页的 next"`
	Limit   int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"每页多少条"`
	Changes bool   `query:"changes" doc:"同时给出每一步改动的字段（仅工作人员）"`
}

func (s *server) timeline(ctx context.Context, in *timelineInput) (workflow.Page[workflow.TimelineItem], error) {
	onCase(ctx, in.ID)
	return s.engine.Timeline(ctx, actorOf(ctx), in.ID, in.After, in.Limit, in.Changes)
}

type locationsInput struct {
	ID     string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
	Cursor string `query:"cursor" maxLength:"60" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"每页多少条"`
}

func (s *server) caseLocations(ctx context.Context, in *locationsInput) (workflow.Page[workflow.LocationView], error) {
	onCase(ctx, in.ID)
	return s.engine.CaseLocations(ctx, actorOf(ctx), in.ID, in.Cursor, in.Limit)
}

type caseTicketsInput struct {
	ID     string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) caseTickets(ctx context.Context, in *caseTicketsInput) (workflow.Page[workflow.TicketView], error) {
	onCase(ctx, in.ID)
	return s.engine.Tickets(ctx, actorOf(ctx), workflow.TicketQuery{CaseID: in.ID, Cursor: in.Cursor, Limit: in.Limit})
}

type ticketsInput struct {
	OrderNo string        `query:"order_no" maxLength:"64" doc:"只查这个工单号"`
	Source  ticket.Source `query:"source" default:"hotline" doc:"工单号所属的来源"`
	Cursor  string        `query:"cursor" maxLength:"400" doc:"上一页的 next"`
	Limit   int           `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页多少条"`
}

func (s *server) tickets(ctx context.Context, in *ticketsInput) (workflow.Page[workflow.TicketView], error) {
	return s.engine.Tickets(ctx, actorOf(ctx), workflow.TicketQuery{Source: in.Source, OrderNo: in.OrderNo, Cursor: in.Cursor, Limit: in.Limit})
}

type ticketInput struct {
	ID string `path:"id" maxLength:"40" doc:"工单的 id"`
}

func (s *server) oneTicket(ctx context.Context, in *ticketInput) (workflow.TicketView, error) {
	return s.engine.Ticket(ctx, actorOf(ctx), in.ID)
}
