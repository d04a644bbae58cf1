package api

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/workflow"
)

// route is one entry of the table.
type route struct {
	Method, Path string
	ID           string // operationId: what generated clients call it
	Permission   permission
	Tag          string
	Summary      string
	Description  string
	Status       int  // of success; 0 means 200
	Slow         bool // may take minutes

	register func(*server, huma.API, huma.Operation)
	document func(*huma.Operation) // adds what the types cannot say
}

// The groups of the documentation page.
const (
	tagSystem       = "系统"
	tagMe           = "我的"
	tagCases        = "难事"
	tagCommands     = "办理"
	tagTickets      = "工单"
	tagOrganisation = "组织架构"
	tagCalendar     = "工作日历"
	tagImports      = "导入"
	tagAudit        = "审计"
	tagDemo         = "演示"
)

const v1 = "/api/v1"

// routes is the interface: every route with its permission.
func routes() []route {
	return slices.Concat([]route{
		{Method: http.MethodGet, Path: "/healthz", ID: "get_health", Permission: public, Tag: tagSystem, Summary: "进程是否在运行", register: handle((*server).health)},
		{Method: http.MethodGet, Path: "/readyz", ID: "get_ready", Permission: public, Tag: tagSystem, Summary: "能否提供服务（数据库有应答）", register: handle((*server).ready)},

		{Method: http.MethodGet, Path: v1 + "/me", ID: "get_me", Permission: signedIn, Tag: tagMe, Summary: "我是谁：岗位、代理、权限", register: handle((*server).me)},
		{Method: http.MethodGet, Path: v1 + "/todos", ID: "list_todos", Permission: todoRead, Tag: tagMe, Summary: "我的待办，先到期的在前", register: handle((*server).todos)},
		{Method: http.MethodGet, Path: v1 + "/todos/counts", ID: "count_todos", Permission: todoRead, Tag: tagMe, Summary: "待办和未读消息的数量", register: handle((*server).counts)},
		{Method: http.MethodGet, Path: v1 + "/inbox", ID: "list_inbox", Permission: inboxRead, Tag: tagMe, Summary: "我的消息，新的在前", register: handle((*server).inbox)},
		{Method: http.MethodPost, Path: v1 + "/inbox/read", ID: "mark_inbox_read", Permission: inboxRead, Tag: tagMe, Summary: "把消息标为已读", Description: "给出 ids，或给出 until：该消息及更早的全部标为已读。重复提交没有影响。", register: handle((*server).markRead)},
		{Method: http.MethodPost, Path: v1 + "/delegations", ID: "create_delegation", Permission: delegationWrite, Tag: tagMe, Summary: "请同事代为办理（AB角）", Status: http.StatusCreated, register: handle((*server).delegate)},

		{Method: http.MethodGet, Path: v1 + "/cases", ID: "list_cases", Permission: caseRead, Tag: tagCases, Summary: "难事列表，先到期的在前", Description: "只列出您查看范围内的难事。view=own 列出自己作为诉求人的，工作人员也只看到公开的内容；view=claimable 列出部门负责人可以认领的（已脱敏）。", register: handle((*server).cases)},
		{Method: http.MethodPost, Path: v1 + "/cases", ID: "report_case", Permission: caseReport, Tag: tagCases, Summary: "上报难事，待城运中心入库", Status: http.StatusCreated, register: handle((*server).report)},
		{Method: http.MethodPost, Path: v1 + "/cases/register", ID: "register_case", Permission: caseRegister, Tag: tagCases, Summary: "直接纳入项目库", Status: http.StatusCreated, register: handle((*server).registerNew)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}", ID: "get_case", Permission: caseRead, Tag: tagCases, Summary: "一件难事，及您现在可以进行的操作", Description: "按 id 或编号（如 NS2026-000042）查看。", register: handle((*server).oneCase)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/timeline", ID: "get_timeline", Permission: caseRead, Tag: tagCases, Summary: "难事的时间线", register: handle((*server).timeline)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/tickets", ID: "list_case_tickets", Permission: caseRead, Tag: tagCases, Summary: "难事中的工单，新的在前", register: handle((*server).caseTickets)},

		{Method: http.MethodGet, Path: v1 + "/tickets", ID: "list_tickets", Permission: ticketRead, Tag: tagTickets, Summary: "全部工单，新的在前", Description: "供能看到全部难事的岗位使用，其他岗位列表为空；也可按来源和工单号查一件。", register: handle((*server).tickets)},
		{Method: http.MethodGet, Path: v1 + "/tickets/{id}", ID: "get_ticket", Permission: ticketRead, Tag: tagTickets, Summary: "一件工单", register: handle((*server).oneTicket)},

		{Method: http.MethodGet, Path: v1 + "/organisation", ID: "get_organisation", Permission: organisationRead, Tag: tagOrganisation, Summary: "部门、网格、村居和人员，供选择", register: handle((*server).organisation)},

		{Method: http.MethodGet, Path: v1 + "/calendar", ID: "get_calendar", Permission: calendarRead, Tag: tagCalendar, Summary: "一段日子的工作日、已载入的年份和停工", register: handle((*server).calendar)},
		{Method: http.MethodGet, Path: v1 + "/calendar/deadline", ID: "get_deadline", Permission: calendarRead, Tag: tagCalendar, Summary: "从某天起第 N 个工作日的下班时间", register: handle((*server).deadline)},
		{Method: http.MethodPost, Path: v1 + "/calendar/preview", ID: "preview_calendar_year", Permission: calendarWrite, Tag: tagCalendar, Summary: "预览一年的放假安排：哪些日子会变", Description: "粘贴国务院办公厅通知原文（text），或给出整理好的一年（year）。不改变任何数据；核对后凭 confirm 载入。", register: handle((*server).previewYear)},
		{Method: http.MethodPost, Path: v1 + "/calendar/years", ID: "load_calendar_year", Permission: calendarWrite, Tag: tagCalendar, Summary: "载入一年的放假安排，重算期限", Description: "confirm 须与预览一致：载入的就是预览过的。重复载入相同的安排不改变期限。", Slow: true, register: handle((*server).loadYear)},
		{Method: http.MethodPost, Path: v1 + "/calendar/closures", ID: "create_closure", Permission: calendarWrite, Tag: tagCalendar, Summary: "登记本地停工（如台风），重算期限", Slow: true, register: handle((*server).addClosure)},
		{Method: http.MethodDelete, Path: v1 + "/calendar/closures/{id}", ID: "delete_closure", Permission: calendarWrite, Tag: tagCalendar, Summary: "撤销停工，重算期限", Slow: true, register: handle((*server).revokeClosure)},

		{Method: http.MethodPost, Path: v1 + "/imports", ID: "start_import", Permission: importRun, Tag: tagImports, Summary: "上传工单文件（.xlsx、.xls、.csv），在后台导入", Description: "文件看得出有问题时立即拒绝；否则排队导入，用 GET 查看进度。同一文件可以重复导入：没有变化的行不会有任何影响。dry_run 只试算，不写入。", Status: http.StatusAccepted, Slow: true, register: handle((*server).startImport), document: documentUpload},
		{Method: http.MethodGet, Path: v1 + "/imports", ID: "list_imports", Permission: importRun, Tag: tagImports, Summary: "导入列表，新的在前", register: handle((*server).listImports)},
		{Method: http.MethodGet, Path: v1 + "/imports/{id}", ID: "get_import", Permission: importRun, Tag: tagImports, Summary: "一次导入的进度和结果", register: handle((*server).oneImport)},
		{Method: http.MethodPost, Path: v1 + "/imports/{id}/stop", ID: "stop_import", Permission: importRun, Tag: tagImports, Summary: "停止导入；已导入的行保留", register: changeImport((*intake.Jobs).Stop)},
		{Method: http.MethodPost, Path: v1 + "/imports/{id}/resume", ID: "resume_import", Permission: importRun, Tag: tagImports, Summary: "继续已停止的导入", register: changeImport((*intake.Jobs).Resume)},
		{Method: http.MethodPost, Path: v1 + "/imports/{id}/retry", ID: "retry_import", Permission: importRun, Tag: tagImports, Summary: "重试失败的导入", Description: "从断开处继续，已导入的行不会重复。", register: changeImport((*intake.Jobs).Retry)},
		{Method: http.MethodGet, Path: v1 + "/imports/{id}/report", ID: "get_import_report", Permission: importRun, Tag: tagImports, Summary: "下载没有导入的行（.xlsx）", Description: "每行带原行号、原因和处理办法，个人信息已脱敏。改正后直接上传这个文件即可：没有改动的脱敏内容按原文导入。下载记入审计日志。", Slow: true, register: handleFile((*server).importReport), document: documentWorkbook},
		{Method: http.MethodGet, Path: v1 + "/imports/{id}/problems", ID: "list_import_problems", Permission: importRun, Tag: tagImports, Summary: "一次导入中有问题的行", register: handle((*server).importProblems)},

		{Method: http.MethodGet, Path: v1 + "/audit-log", ID: "list_audit_log", Permission: auditRead, Tag: tagAudit, Summary: "审计日志，新的在前", Description: "登录、查看完整个人信息、导出和管理操作。可按人员、操作或对象筛选其一。", register: handle((*server).auditLog)},

		{Method: http.MethodGet, Path: v1 + "/dev/clock", ID: "get_dev_clock", Permission: devClock, Tag: tagDemo, Summary: "演示时钟的现在（仅演示环境）", register: handle((*server).devNow)},
		{Method: http.MethodPost, Path: v1 + "/dev/clock", ID: "advance_dev_clock", Permission: devClock, Tag: tagDemo, Summary: "拨快演示时钟并处理到期事项（仅演示环境）", Slow: true, register: handle((*server).advance)},
	}, []route{
		command[casework.Classify](),
		command[casework.Assign](),
		command[casework.Reject](),
		command[workflow.AttachTicket](),
		command[casework.Detach](),
		command[casework.Merge](),
		command[casework.Split](),
		command[casework.Dispatch](),
		command[casework.Claim](),
		command[casework.Take](),
		command[casework.OpenAtII](),
		command[casework.OpenAtI](),
		command[casework.Accept](),
		command[casework.Return](),
		command[casework.Transfer](),
		command[casework.Coordinate](),
		command[casework.Contact](),
		command[casework.AskSupport](),
		command[casework.AcceptTask](),
		command[casework.FinishTask](),
		command[casework.DeclineTask](),
		command[casework.WithdrawTask](),
		command[casework.Progress](),
		command[casework.Convene](),
		command[casework.Amend](),
		command[casework.Submit](),
		command[casework.AskOnSite](),
		command[casework.VerifyPass](),
		command[casework.VerifyFail](),
		command[casework.Escalate](),
		command[casework.Rate](),
		command[casework.ConfirmDissatisfaction](),
		command[casework.DismissDissatisfaction](),
		command[casework.StrikeOff](),
		command[casework.CarryOver](),
		command[casework.HoldOver](),
		command[casework.Remind](),
		command[casework.Supervise](),
		command[casework.AnswerOrder](),
		command[registration](),
	})
}
