package api

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"xiaopu/server/auth"
	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/wechat"
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
	Status       int   // of success; 0 means 200
	Slow         bool  // may take minutes
	Stream       bool  // lasts until the client goes away
	Polled       bool  // clients ask it by themselves: no sign that somebody is there
	MaxBody      int64 // 0 means maxBody

	register func(*server, huma.API, huma.Operation)
	document func(*huma.Operation) // adds what the types cannot say
}

// The groups of the documentation page.
const (
	tagSystem       = "系统"
	tagSignIn       = "登录"
	tagAccounts     = "账号"
	tagMe           = "我的"
	tagCases        = "难事"
	tagCommands     = "办理"
	tagTickets      = "工单"
	tagMatters      = "事项"
	tagAttachments  = "附件"
	tagReviews      = "内容审核"
	tagOrganisation = "组织架构"
	tagCalendar     = "工作日历"
	tagPolicies     = "标准和期限"
	tagRecognition  = "识别和归类"
	tagImports      = "导入"
	tagIntake       = "对接平台"
	tagAudit        = "审计"
	tagPublic       = "向居民公开"
	tagNotices      = "消息送达"
	tagPrivacy      = "个人信息"
	tagWeChat       = "微信"
	tagDemo         = "演示"
)

const v1 = "/api/v1"

// routes is the interface: every route with its permission.
func routes() []route {
	return slices.Concat([]route{
		{Method: http.MethodGet, Path: "/healthz", ID: "get_health", Permission: public, Tag: tagSystem, Summary: "进程是否在运行", register: handle((*server).health)},
		{Method: http.MethodGet, Path: "/readyz", ID: "get_ready", Permission: public, Tag: tagSystem, Summary: "能否提供服务（数据库有应答）", register: handle((*server).ready)},

		{Method: http.MethodGet, Path: "/wechat/push/{account}", ID: "confirm_wechat_push", Permission: public, Tag: tagWeChat, Summary: "微信平台核对消息推送地址", Description: "在公众平台填写“消息推送”地址时由微信调用，签名正确则原样返回 echostr。", register: handlePlain((*server).weChatEcho), document: documentPlain},
		{Method: http.MethodPost, Path: "/wechat/push/{account}", ID: "wechat_push", Permission: public, Tag: tagWeChat, Summary: "接收微信平台的消息推送", Description: "只接受安全模式（AES 加密并签名）、5 分钟以内的推送；答复 success 即已存妥，随后处理。同一推送只处理一次。", MaxBody: wechat.MaxPush + 1, register: handlePlain((*server).weChatPushed), document: documentWeChatPush},

		{Method: http.MethodPost, Path: v1 + "/auth/login", ID: "sign_in", Permission: public, Tag: tagSignIn, Summary: "登录：登录名和密码", Description: "返回下一步（step）：done 即已登录，否则凭 step_token 在 10 分钟内完成。登录名不存在、密码不对、已离开、已停用、已锁定，回答都相同。", register: withSignIn((*server).login)},
		{Method: http.MethodPost, Path: v1 + "/auth/password", ID: "sign_in_password", Permission: public, Tag: tagSignIn, Summary: "登录步骤：设置新密码（step 为 change_password）", register: withSignIn((*server).signInPassword)},
		{Method: http.MethodPost, Path: v1 + "/auth/totp/enrol", ID: "enrol_totp", Permission: public, Tag: tagSignIn, Summary: "登录步骤：取得第二重验证的密钥（step 为 enrol_totp）", Description: "把 uri 显示为二维码，用身份验证器扫描，再用 confirm 提交一个验证码。确认之前重复调用，密钥不变。", register: withSignIn((*server).enrolTOTP)},
		{Method: http.MethodPost, Path: v1 + "/auth/totp/confirm", ID: "confirm_totp", Permission: public, Tag: tagSignIn, Summary: "登录步骤：用一个验证码确认第二重验证", Description: "返回 10 个恢复码，只显示这一次。", register: withSignIn((*server).confirmTOTP)},
		{Method: http.MethodPost, Path: v1 + "/auth/totp", ID: "sign_in_totp", Permission: public, Tag: tagSignIn, Summary: "登录步骤：验证码或恢复码（step 为 totp）", register: withSignIn((*server).signInTOTP)},
		{Method: http.MethodPost, Path: v1 + "/auth/wechat", ID: "sign_in_wechat", Permission: public, Tag: tagSignIn, Summary: "微信登录", Description: "已绑定的直接登录；没有绑定的返回 bind_ticket，凭它在 10 分钟内绑定。微信的 openid 只留在服务端。凭证无效时请重新 wx.login 一次再试；没有应答时不要重发同一个 code。", register: withSignIn((*server).weChatLogin)},
		{Method: http.MethodPost, Path: v1 + "/auth/wechat/bind/phone", ID: "bind_wechat_phone", Permission: public, Tag: tagSignIn, Summary: "微信登录步骤：用手机号绑定", Description: "工作人员：号码须是组织架构中恰好一名在岗人员的；能看到全部难事的岗位还要第二重验证的验证码（need 为 second_factor）或邀请码。居民：绑定后看到本人号码的事项。同一号码、同一人员以最后一次绑定为准，此前的登录立即失效。", register: withSignIn((*server).weChatBindPhone)},
		{Method: http.MethodPost, Path: v1 + "/auth/wechat/bind/code", ID: "bind_wechat_code", Permission: public, Tag: tagSignIn, Summary: "微信登录步骤：输入验证码（need 为 second_factor）", register: withSignIn((*server).weChatBindCode)},
		{Method: http.MethodPost, Path: v1 + "/auth/wechat/bind/visitor", ID: "bind_wechat_visitor", Permission: public, Tag: tagSignIn, Summary: "微信登录步骤：居民暂不绑定手机号", Description: "可以凭工单号查询进度；绑定手机号后才能看到自己的事项。", register: withSignIn((*server).weChatVisitor)},
		{Method: http.MethodPost, Path: v1 + "/auth/wechat/bind/invitation", ID: "bind_wechat_invitation", Permission: public, Tag: tagSignIn, Summary: "微信登录步骤：工作人员用邀请码绑定", register: withSignIn((*server).weChatBindInvitation)},
		{Method: http.MethodPost, Path: v1 + "/auth/scan", ID: "begin_scan", Permission: public, Tag: tagSignIn, Summary: "控制台扫码登录：取二维码", Description: "2 分钟内有效，用一次。浏览器凭 poll_token 查询，手机凭二维码里的 scene 确认，两者互不能推出。", register: withSignIn((*server).beginScan)},
		{Method: http.MethodPost, Path: v1 + "/auth/scan/poll", ID: "poll_scan", Permission: public, Tag: tagSignIn, Summary: "控制台扫码登录：查询是否已确认", Description: "约每 2 秒查询一次。扫码代替密码：设有第二重验证的，接着输入验证码。", register: withSignIn((*server).pollScan)},
		{Method: http.MethodPost, Path: v1 + "/auth/scan/look", ID: "look_at_scan", Permission: signedIn, Tag: tagSignIn, Summary: "手机扫码后：要登录的电脑在哪里", Description: "此后只有扫码的人能确认。须显示地址、浏览器和时间，由本人点“确认登录”。", register: withSignIn((*server).lookAtScan)},
		{Method: http.MethodPost, Path: v1 + "/auth/scan/answer", ID: "answer_scan", Permission: signedIn, Tag: tagSignIn, Summary: "手机扫码后：确认或拒绝登录", Status: http.StatusNoContent, register: withSignIn((*server).answerScan)},
		{Method: http.MethodPost, Path: v1 + "/auth/wechat/bind/consent", ID: "bind_wechat_consent", Permission: public, Tag: tagSignIn, Summary: "微信登录步骤：同意更新后的隐私政策（need 为 consent）", register: withSignIn((*server).weChatConsent)},
		{Method: http.MethodGet, Path: v1 + "/privacy-notice", ID: "get_privacy_notice", Permission: public, Tag: tagPrivacy, Summary: "现行的隐私政策", register: withSignIn((*server).privacyNotice)},
		{Method: http.MethodPost, Path: v1 + "/privacy-notices", ID: "publish_privacy_notice", Permission: policyWrite, Tag: tagPrivacy, Summary: "发布新的一版隐私政策", Description: "立即生效：居民下次进入时须重新同意。", Status: http.StatusCreated, register: withSignIn((*server).publishNotice)},
		{Method: http.MethodPost, Path: v1 + "/auth/switch", ID: "switch_side", Permission: signedIn, Tag: tagSignIn, Summary: "在工作人员和居民身份之间切换", Description: "只用于微信登录：现有的登录结束，返回另一身份的令牌。", register: withSignIn((*server).switchSide)},
		{Method: http.MethodPost, Path: v1 + "/auth/refresh", ID: "refresh_session", Permission: public, Tag: tagSignIn, Summary: "换取新的令牌", Description: "换取不算操作，不推迟登录因久未操作而结束。每个 refresh_token 只能换一次，换到新的就用新的。旧的被再次使用，整个登录立即结束；30 秒内且新的还没用过，则再次得到同一个新的（前一次的回答可能没有收到）。", register: withSignIn((*server).refresh)},
		{Method: http.MethodPost, Path: v1 + "/auth/logout", ID: "sign_out", Permission: signedIn, Tag: tagSignIn, Summary: "退出登录", Status: http.StatusNoContent, register: withSignIn((*server).logout)},
		{Method: http.MethodGet, Path: v1 + "/auth/sessions", ID: "list_sessions", Permission: signedIn, Tag: tagSignIn, Summary: "我在哪些地方登录着，新的在前", register: withSignIn((*server).sessionList)},
		{Method: http.MethodDelete, Path: v1 + "/auth/sessions/{id}", ID: "end_session", Permission: signedIn, Tag: tagSignIn, Summary: "结束我的一个登录", Status: http.StatusNoContent, register: withSignIn((*server).endSession)},
		{Method: http.MethodPost, Path: v1 + "/auth/sessions/end-others", ID: "end_other_sessions", Permission: signedIn, Tag: tagSignIn, Summary: "结束我的其他登录", register: withSignIn((*server).endOtherSessions)},
		{Method: http.MethodPost, Path: v1 + "/me/password", ID: "change_password", Permission: signedIn, Tag: tagSignIn, Summary: "修改我的密码", Description: "其他登录随之结束。", Status: http.StatusNoContent, register: withSignIn((*server).changePassword)},
		{Method: http.MethodPost, Path: v1 + "/me/totp/recovery-codes", ID: "draw_recovery_codes", Permission: signedIn, Tag: tagSignIn, Summary: "重新生成我的恢复码", Description: "须给出身份验证器当前的验证码。返回 10 个新的，只显示这一次；原来的全部失效。", register: withSignIn((*server).recoveryCodes)},

		{Method: http.MethodGet, Path: v1 + "/accounts", ID: "list_accounts", Permission: accountManage, Tag: tagAccounts, Summary: "工作人员及其账号，按人员编号", register: withSignIn((*server).accounts)},
		{Method: http.MethodPost, Path: v1 + "/accounts/{id}/reset-password", ID: "reset_password", Permission: accountManage, Tag: tagAccounts, Summary: "重置密码，没有账号的随之开通", Description: "返回登录名和初始密码，密码只显示这一次，7 天内有效，首次登录必须修改。该人员的登录全部结束。", register: withSignIn((*server).resetPassword)},
		{Method: http.MethodPost, Path: v1 + "/accounts/{id}/reset-totp", ID: "reset_totp", Permission: accountManage, Tag: tagAccounts, Summary: "取消第二重验证，下次登录重新设置", Status: http.StatusNoContent, register: withSignIn(administer((*auth.Service).ResetTOTP))},
		{Method: http.MethodPost, Path: v1 + "/accounts/{id}/disable", ID: "disable_account", Permission: accountManage, Tag: tagAccounts, Summary: "停用账号，登录立即结束", Status: http.StatusNoContent, register: withSignIn(administer((*auth.Service).Disable))},
		{Method: http.MethodPost, Path: v1 + "/accounts/{id}/enable", ID: "enable_account", Permission: accountManage, Tag: tagAccounts, Summary: "启用账号", Status: http.StatusNoContent, register: withSignIn(administer((*auth.Service).Enable))},
		{Method: http.MethodPost, Path: v1 + "/accounts/{id}/unlock", ID: "unlock_account", Permission: accountManage, Tag: tagAccounts, Summary: "解除锁定", Status: http.StatusNoContent, register: withSignIn(administer((*auth.Service).Unlock))},
		{Method: http.MethodPost, Path: v1 + "/accounts/{id}/login", ID: "set_login", Permission: accountManage, Tag: tagAccounts, Summary: "修改登录名", Description: "可以是本人登记的手机号；手机号不显示全部。", Status: http.StatusNoContent, register: withSignIn((*server).setLogin)},

		{Method: http.MethodGet, Path: v1 + "/me/wechat", ID: "get_my_wechat", Permission: signedIn, Tag: tagMe, Summary: "我的微信绑定：身份、公众号、手机号", register: withSignIn((*server).myWeChat)},
		{Method: http.MethodPost, Path: v1 + "/me/wechat/unbind", ID: "unbind_my_wechat", Permission: signedIn, Tag: tagMe, Summary: "解绑我的微信，凭它登录的立即失效", Description: "手机丢失时在别处登录后提交 lost：工作和居民身份一并解绑，工作身份今后凭邀请码才能再绑定。", Status: http.StatusNoContent, register: withSignIn((*server).unbindMine)},
		{Method: http.MethodPost, Path: v1 + "/me/wechat/follow-code", ID: "get_follow_code", Permission: signedIn, Tag: tagMe, Summary: "取关注公众号的二维码", Description: "扫码关注后，公众号消息发给扫码的微信。10 分钟内有效。", register: withSignIn((*server).followCode)},
		{Method: http.MethodPost, Path: v1 + "/me/phones", ID: "add_my_phone", Permission: residentSelf, Tag: tagMe, Summary: "居民：绑定手机号", Status: http.StatusNoContent, register: withSignIn((*server).addPhone)},
		{Method: http.MethodDelete, Path: v1 + "/me/phones/{id}", ID: "drop_my_phone", Permission: residentSelf, Tag: tagMe, Summary: "居民：解绑手机号，现有登录立即失效", Status: http.StatusNoContent, register: withSignIn((*server).dropPhone)},
		{Method: http.MethodGet, Path: v1 + "/me/family", ID: "list_my_family", Permission: residentSelf, Tag: tagMe, Summary: "居民：我委托的家人和委托我的家人", register: withSignIn((*server).family)},
		{Method: http.MethodPost, Path: v1 + "/me/family/invitation", ID: "invite_my_family", Permission: residentSelf, Tag: tagMe, Summary: "居民：委托家人替我查看和办理，取得邀请码", Description: "对方凭邀请码接受后生效，双方随时可以撤回。", register: withSignIn((*server).inviteFamily)},
		{Method: http.MethodPost, Path: v1 + "/me/family", ID: "accept_family", Permission: residentSelf, Tag: tagMe, Summary: "居民：接受家人的委托", Status: http.StatusNoContent, register: withSignIn((*server).acceptFamily)},
		{Method: http.MethodDelete, Path: v1 + "/me/family/{id}", ID: "end_my_family", Permission: residentSelf, Tag: tagMe, Summary: "居民：撤回或退出委托，立即生效", Status: http.StatusNoContent, register: withSignIn((*server).endFamily)},
		{Method: http.MethodGet, Path: v1 + "/me/enterprises", ID: "list_my_enterprises", Permission: residentSelf, Tag: tagMe, Summary: "企业联系人：我绑定的企业", register: withSignIn((*server).enterprises)},
		{Method: http.MethodPost, Path: v1 + "/me/enterprises", ID: "add_my_enterprise", Permission: residentSelf, Tag: tagMe, Summary: "企业联系人：绑定企业", Description: "须先绑定手机号。统一社会信用代码是公开的，绑定它不会看到别的号码反映的事项。", Status: http.StatusNoContent, register: withSignIn((*server).addEnterprise)},
		{Method: http.MethodDelete, Path: v1 + "/me/enterprises/{id}", ID: "drop_my_enterprise", Permission: residentSelf, Tag: tagMe, Summary: "企业联系人：解绑企业", Status: http.StatusNoContent, register: withSignIn((*server).dropEnterprise)},
		{Method: http.MethodPost, Path: v1 + "/orders/look-up", ID: "look_up_order", Permission: orderLookUp, Tag: tagTickets, Summary: "居民：凭工单号查询进度，不用绑定手机号", Description: "只回答办到哪一步和承诺时间，没有个人信息、没有办理经过。每个微信每天 5 次，查不到的也计次；没有这个工单号、没有列入难事，回答都相同。号码放在请求体里，不进入网址和日志。", register: withSignIn((*server).lookUp)},
		{Method: http.MethodGet, Path: v1 + "/me/reporter", ID: "get_reporter", Permission: residentSelf, Tag: tagTickets, Summary: "居民：用什么来反映：绑定的手机号、企业，可选的村居", register: handle((*server).reporter)},
		{Method: http.MethodPost, Path: v1 + "/me/reports", ID: "report_matter", Permission: residentSelf, Tag: tagTickets, Summary: "居民：反映一件新的事", Description: "登记为一件居民自报的工单，用绑定的手机号，立即得到工单号；是否列入难事由城运中心和入库标准决定。文字须先经内容检查：不合适的请修改，拿不准的待城运中心看过再受理；照片审核前别人看不到。", Status: http.StatusCreated, register: handle((*server).reportMatter)},
		{Method: http.MethodGet, Path: v1 + "/me/reports", ID: "list_own_reports", Permission: residentSelf, Tag: tagTickets, Summary: "居民：我反映的、没有列入难事的工单，新的在前", Description: "列入难事的在 GET /cases 里。首页在前面还列出内容待审核和没有受理的。", register: handle((*server).ownReports)},
		{Method: http.MethodGet, Path: v1 + "/me/reports/{id}", ID: "get_own_report", Permission: residentSelf, Tag: tagTickets, Summary: "居民：我反映的一件事现在怎样", register: handle((*server).ownReport)},
		{Method: http.MethodGet, Path: v1 + "/published-matters", ID: "list_published_matters", Permission: publicRead, Tag: tagPublic, Summary: "街道公开的事项，新的在前", Description: "只有城运中心写的公开文字、办到哪一步和承诺的日期，没有任何诉求人的内容。", register: handle((*server).publishedMatters)},
		{Method: http.MethodPost, Path: v1 + "/published-matters/similar", ID: "find_published_similar", Permission: publicRead, Tag: tagPublic, Summary: "居民：正在写的内容像哪些已公开、还在办的事项", Description: "边写边看，最多 3 件；不保存任何内容。", register: handle((*server).similarPublished)},
		{Method: http.MethodPost, Path: v1 + "/published-matters/{id}/me-too", ID: "me_too", Permission: residentSelf, Tag: tagPublic, Summary: "居民：我也遇到", Description: "用绑定的手机号登记一件工单，并入这件事，人数加一；一人只计一次，重复提交没有影响。", register: handle((*server).meToo)},
		{Method: http.MethodGet, Path: v1 + "/stories", ID: "list_stories", Permission: publicRead, Tag: tagPublic, Summary: "办成的事，新的在前", register: handle((*server).stories)},
		{Method: http.MethodGet, Path: v1 + "/street-figures", ID: "get_street_figures", Permission: publicRead, Tag: tagPublic, Summary: "街道这个月的数字，每个都写明怎样算的", register: handle((*server).streetFigures)},
		{Method: http.MethodPost, Path: v1 + "/me/data", ID: "copy_my_data", Permission: residentSelf, Tag: tagPrivacy, Summary: "居民：取得自己信息的副本", Description: "本人手机号反映的事项、本人上传的照片（地址一小时内有效）和评价、催办、消息、登录、绑定、委托和同意的记录；受理早于绑定号码的事项，姓名、证件号码和门牌遮盖；24 小时内最多 3 次，记入审计日志。", Slow: true, register: withSignIn((*server).ownData)},
		{Method: http.MethodPost, Path: v1 + "/me/erasure", ID: "erase_my_data", Permission: residentSelf, Tag: tagPrivacy, Summary: "居民：删除自己的信息和账号", Description: "须重新微信登录确认。正在办理的事项的工单暂不删除，返回件数，销项后次日自动删除；出具删除证明。", Slow: true, register: withSignIn((*server).eraseOwn)},
		{Method: http.MethodGet, Path: v1 + "/me", ID: "get_me", Permission: signedIn, Tag: tagMe, Summary: "我是谁：岗位、代理、权限", register: handle((*server).me)},
		{Method: http.MethodGet, Path: v1 + "/todos", ID: "list_todos", Permission: todoRead, Tag: tagMe, Summary: "我的待办，先到期的在前", register: handle((*server).todos)},
		{Method: http.MethodGet, Path: v1 + "/todos/counts", ID: "count_todos", Permission: todoRead, Tag: tagMe, Summary: "待办和未读消息的数量", Description: "可以定时查询：不算操作，不推迟登录因久未操作而结束。", Polled: true, register: handle((*server).counts)},
		{Method: http.MethodGet, Path: v1 + "/stream", ID: "stream", Permission: streamRead, Tag: tagMe, Summary: "实时变化（SSE）：我的范围内哪件难事变了、有没有新消息", Description: "text/event-stream，每个事件的 data 是一个 LiveEvent；只说哪件变了，内容另行读取。先接通（ready），再读取列表。每 15 秒有一行心跳；30 分钟后断开，用新的令牌重连。重连时带 Last-Event-ID。被拒绝（429、503）或收到 poll 时改为定时刷新。不算操作，不推迟登录因久未操作而结束。", Polled: true, Stream: true, register: registerStream, document: documentStream},
		{Method: http.MethodGet, Path: v1 + "/inbox", ID: "list_inbox", Permission: inboxRead, Tag: tagMe, Summary: "我的消息，新的在前", register: handle((*server).inbox)},
		{Method: http.MethodPost, Path: v1 + "/inbox/read", ID: "mark_inbox_read", Permission: inboxRead, Tag: tagMe, Summary: "把消息标为已读", Description: "给出 ids，或给出 until：该消息及更早的全部标为已读。重复提交没有影响。", register: handle((*server).markRead)},
		{Method: http.MethodGet, Path: v1 + "/wechat/templates", ID: "list_templates_to_ask", Permission: inboxRead, Tag: tagMe, Summary: "现在该请我订阅哪些微信消息", Description: "在提交、接单等按钮被点击时，把 templates 传给 wx.requestSubscribeMessage，再把结果交给 POST /wechat/subscriptions。没有缺的就不必问。", register: handle((*server).templatesToAsk)},
		{Method: http.MethodPost, Path: v1 + "/wechat/subscriptions", ID: "report_subscriptions", Permission: inboxRead, Tag: tagMe, Summary: "报告我对订阅消息的回答", Description: "网络不好时可以重复提交：同一 client_event_id 只计一次。", register: handle((*server).reportSubscriptions)},
		{Method: http.MethodGet, Path: v1 + "/delegations", ID: "list_delegations", Permission: delegationWrite, Tag: tagMe, Summary: "我的AB角，开始晚的在前", Description: "我请人代的和我代别人的；系统管理员看到全部。", register: handle((*server).delegations)},
		{Method: http.MethodDelete, Path: v1 + "/delegations/{id}", ID: "end_delegation", Permission: delegationWrite, Tag: tagMe, Summary: "提前结束AB角", Description: "本人、代理人或系统管理员。已经结束的重复提交没有影响。", Status: http.StatusNoContent, register: handle((*server).endDelegation)},
		{Method: http.MethodPost, Path: v1 + "/delegations", ID: "create_delegation", Permission: delegationWrite, Tag: tagMe, Summary: "请同事代为办理（AB角）", Status: http.StatusCreated, register: handle((*server).delegate)},

		{Method: http.MethodGet, Path: v1 + "/cases", ID: "list_cases", Permission: caseRead, Tag: tagCases, Summary: "难事列表，先到期的在前", Description: "只列出您查看范围内的难事。view=own 列出自己作为诉求人的，工作人员也只看到公开的内容；view=claimable 列出部门负责人可以认领的（已脱敏）。", register: handle((*server).cases)},
		{Method: http.MethodPost, Path: v1 + "/cases", ID: "report_case", Permission: caseReport, Tag: tagCases, Summary: "上报难事，待城运中心入库", Status: http.StatusCreated, register: handle((*server).report)},
		{Method: http.MethodPost, Path: v1 + "/cases/register", ID: "register_case", Permission: caseRegister, Tag: tagCases, Summary: "直接纳入项目库", Status: http.StatusCreated, register: handle((*server).registerNew)},
		{Method: http.MethodGet, Path: v1 + "/cases/reported", ID: "list_reported_cases", Permission: caseReport, Tag: tagCases, Summary: "我上报的，新的在前", Description: "也列出已办结、已销项、不予入库、已并案的；每件写明状态、期限和最近一步。", register: handle((*server).reported)},
		{Method: http.MethodGet, Path: v1 + "/cases/stuck", ID: "list_stuck_cases", Permission: caseLead, Tag: tagCases, Summary: "领导：哪些难事还没解决、为什么，先到期的在前", Description: "分管领导看分管的部门，网格长、书记看本网格，主要领导、领导小组、党政办、城运中心看全部。", register: handle((*server).stuck)},
		{Method: http.MethodGet, Path: v1 + "/cases/tiers", ID: "count_tiers", Permission: caseLead, Tag: tagCases, Summary: "领导：各级在办、超期、临期的件数", Description: "范围与 stuck 相同；每个数就是以相同的 tier 和 due 列出的件数。", register: handle((*server).tiers)},
		{Method: http.MethodGet, Path: v1 + "/cases/team", ID: "list_team_cases", Permission: teamRead, Tag: tagCases, Summary: "部门负责人：本部门牵头的在办难事，先到期的在前", Description: "可以只看一位承办人的，或没有指定承办人的。", register: handle((*server).teamCases)},
		{Method: http.MethodGet, Path: v1 + "/cases/team/members", ID: "count_team", Permission: teamRead, Tag: tagCases, Summary: "部门负责人：每位承办人手里有几件", Description: "每个数就是 team 中以相同的 handler 列出的件数。", register: handle((*server).team)},
		{Method: http.MethodGet, Path: v1 + "/figures", ID: "get_figures", Permission: figuresRead, Tag: tagCases, Summary: "统计：逐月或逐周，按部门、按事项类别", Description: "部门负责人看本部门，分管领导看分管的部门，网格长、书记看本网格，主要领导、领导小组、党政办、城运中心看全街道。按事情发生的日子计；事项类别和网格随难事现在的归类。", register: handle((*server).figures)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}", ID: "get_case", Permission: caseRead, Tag: tagCases, Summary: "一件难事，及您现在可以进行的操作", Description: "按 id 或编号（如 NS2026-000042）查看。", register: handle((*server).oneCase)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/class", ID: "get_case_class", Permission: evidenceRead, Tag: tagRecognition, Summary: "建议的类别、牵头部门、三跨和紧急情形", Description: "综合词库、模型、权责清单和历史决定，各来源分别给出把握和理由；把握不足时 ask 为 true，请从 options 中选择。只是建议，由人归类。", register: handle((*server).caseClass)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/timeline", ID: "get_timeline", Permission: caseRead, Tag: tagCases, Summary: "难事的时间线", register: handle((*server).timeline)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/tickets", ID: "list_case_tickets", Permission: caseRead, Tag: tagCases, Summary: "难事中的工单，新的在前", register: handle((*server).caseTickets)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/notes", ID: "list_case_notes", Permission: caseRead, Tag: tagCases, Summary: "难事的诉求人补充的情况和照片，先提交的在前", Description: "办理的人看到通过审核的；诉求人看到自己的，待审核的也在内。", register: handle((*server).caseNotes)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/locations", ID: "list_case_locations", Permission: caseRead, Tag: tagCases, Summary: "难事的位置：上报的、现场核实的、诉求人标的", Description: "诉求人标的位置遮盖；正在办理的人用 POST /tickets/{id}/unmask 查看，记入审计日志。", register: handle((*server).caseLocations)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/publication", ID: "get_publication", Permission: publicationWrite, Tag: tagPublic, Summary: "这件难事向居民公开了什么，现在可以怎样", register: handle((*server).publication)},
		{Method: http.MethodPut, Path: v1 + "/cases/{id}/publication", ID: "publish_case", Permission: publicationWrite, Tag: tagPublic, Summary: "向居民公开一件难事，或改写公开的文字", Description: "文字由人写，不得有电话、证件号码、门牌和诉求人的姓名。记入审计日志。", register: handle((*server).publish)},
		{Method: http.MethodPost, Path: v1 + "/cases/{id}/publication/withdraw", ID: "withdraw_publication", Permission: publicationWrite, Tag: tagPublic, Summary: "撤回公开，居民立即看不到，办成的故事也一起撤回", register: handle((*server).withdraw)},
		{Method: http.MethodPut, Path: v1 + "/cases/{id}/publication/story", ID: "tell_story", Permission: publicationWrite, Tag: tagPublic, Summary: "写办成的故事，或改写", Description: "已公开并已办结的才可以。", register: handle((*server).tellStory)},

		{Method: http.MethodGet, Path: v1 + "/cases/{id}/evidence", ID: "list_case_evidence", Permission: evidenceRead, Tag: tagCases, Summary: "为什么是难事：每条依据和它所在的工单", Description: "不予入库、已并案的也可以查看。工单已脱敏。", register: handle((*server).evidence)},

		{Method: http.MethodPost, Path: v1 + "/uploads", ID: "start_upload", Permission: attachmentWrite, Tag: tagAttachments, Summary: "开始上传一个附件（照片、PDF）", Description: "先开始，再按 part_bytes 分段上传，全部收妥后完成，最后在办理操作中写上它的 id。断线后查看 received，只补传缺的段。照片最多 10 MB，留存的是去掉拍摄信息（时间、地点、设备）并重新压缩的；诉求人只能上传照片。一天内没有用在难事里的自动删除。", Status: http.StatusCreated, register: handle((*server).startUpload)},
		{Method: http.MethodGet, Path: v1 + "/uploads/{id}", ID: "get_upload", Permission: attachmentWrite, Tag: tagAttachments, Summary: "我的一个上传到了哪里", register: handle((*server).upload)},
		{Method: http.MethodPut, Path: v1 + "/uploads/{id}/parts/{no}", ID: "put_upload_part", Permission: attachmentWrite, Tag: tagAttachments, Summary: "上传一段", Description: "请求体就是这一段的字节。答复成功即已存妥；同一段可以重复上传。", Status: http.StatusNoContent, register: handle((*server).putPart)},
		{Method: http.MethodPost, Path: v1 + "/uploads/{id}/complete", ID: "complete_upload", Permission: attachmentWrite, Tag: tagAttachments, Summary: "完成上传", Description: "按内容辨认类型，照片重新压缩并做缩略图。不能用的文件被拒绝并删除；重复提交得到同样的结果。", Status: http.StatusOK, register: handle((*server).completeUpload)},
		{Method: http.MethodDelete, Path: v1 + "/uploads/{id}", ID: "drop_upload", Permission: attachmentWrite, Tag: tagAttachments, Summary: "放弃一个还没有使用的上传", Status: http.StatusNoContent, register: handle((*server).dropUpload)},
		{Method: http.MethodGet, Path: v1 + "/cases/{id}/attachments", ID: "list_case_attachments", Permission: caseRead, Tag: tagAttachments, Summary: "难事的附件，先上传的在前", Description: "每个附件带几分钟有效的地址，退出登录即失效。诉求人只看到公开的和自己上传的。", register: handle((*server).caseAttachments)},
		{Method: http.MethodGet, Path: v1 + "/files/{token}", ID: "read_file", Permission: byLink, Tag: tagAttachments, Summary: "附件的内容或缩略图", Description: "地址由附件列表给出，供页面直接显示，不带令牌；只在几分钟内、取得它的登录有效期间、取得它的人仍能看到这件难事时可用。", register: func(s *server, api huma.API, op huma.Operation) { huma.Register(api, op, s.file) }, document: documentFile},

		{Method: http.MethodGet, Path: v1 + "/notices/untold", ID: "list_untold_notices", Permission: noticeManage, Tag: tagNotices, Summary: "未能通知到的消息，新的在前", Description: "各渠道都没有送达，或收件人没有任何联系渠道。站内消息不受影响。", register: handle((*server).untold)},
		{Method: http.MethodGet, Path: v1 + "/notices/unconfirmed", ID: "list_unconfirmed_notices", Permission: noticeManage, Tag: tagNotices, Summary: "是否送达尚不确定的消息，新的在前", Description: "已经发出，但没有收到平台的回答。不会自动重发，以免重复。", register: handle((*server).unconfirmed)},
		{Method: http.MethodPost, Path: v1 + "/notices/{id}/told", ID: "mark_notice_told", Permission: noticeManage, Tag: tagNotices, Summary: "登记已用其他方式通知", Description: "从两张清单上消去。重复提交没有影响。", Status: http.StatusNoContent, register: handle((*server).toldOtherwise)},

		{Method: http.MethodGet, Path: v1 + "/reviews", ID: "list_reviews", Permission: reviewDecide, Tag: tagReviews, Summary: "诉求人提交的、待审核的文字和照片，先提交的在前", Description: "审核之前，除提交人外只有城运中心在这里看得到。decided=true 列出已经审核的（不再有内容）。", register: handle((*server).reviews)},
		{Method: http.MethodPost, Path: v1 + "/reviews/{id}/decide", ID: "decide_review", Permission: reviewDecide, Tag: tagReviews, Summary: "审核：通过或不通过", Description: "通过后在难事里展示；不通过的不展示，提交人会收到消息，评价、催办本身仍然有效。记入审计日志。同样的决定重复提交没有影响。", register: handle((*server).decideReview)},

		{Method: http.MethodGet, Path: v1 + "/tickets", ID: "list_tickets", Permission: ticketRead, Tag: tagTickets, Summary: "全部工单，新的在前", Description: "供能看到全部难事的岗位使用，其他岗位列表为空；也可按来源和工单号查一件。", register: handle((*server).tickets)},
		{Method: http.MethodPost, Path: v1 + "/tickets", ID: "create_ticket", Permission: ticketWrite, Tag: tagTickets, Summary: "登记一件工单（接电话、来访、巡查发现）", Description: "编号由系统给出。登记前请先用 similar 看看是否已有相似的难事；给出 case_id 则直接并入。城运中心可登记各种来源，网格和村居登记网格上报，部门登记部门发现。", Status: http.StatusCreated, register: handle((*server).createTicket)},
		{Method: http.MethodPost, Path: v1 + "/tickets/similar", ID: "find_similar", Permission: similarFind, Tag: tagTickets, Summary: "登记前查看相似的未了事项", Description: "按同一电话、同一地点的同类事项、地点和说法比较查看范围内未了结的难事和近期工单，最像的在前，并说明为什么相似。给出电话的查询记入审计日志。", register: handle((*server).similar)},
		{Method: http.MethodGet, Path: v1 + "/tickets/waiting", ID: "list_waiting_tickets", Permission: ticketPlace, Tag: tagTickets, Summary: "居民自报、还不在难事里的工单，新的在前", Description: "已脱敏，附看内容的类别和等了多久。不包括内容待审核的（见 GET /reviews）。", register: handle((*server).waitingTickets)},
		{Method: http.MethodGet, Path: v1 + "/tickets/waiting/{id}", ID: "get_waiting_ticket", Permission: ticketPlace, Tag: tagTickets, Summary: "一件居民自报的工单，及可能是同一件事的难事", Description: "可以：纳入难事（POST /tickets/{id}/register）；并入难事（POST /cases/{id}/attach，用 similar 中的 case_id 和 case_version）；答复（POST /tickets/{id}/answer）。", register: handle((*server).waitingTicket)},
		{Method: http.MethodPost, Path: v1 + "/tickets/{id}/register", ID: "register_ticket", Permission: ticketPlace, Tag: tagTickets, Summary: "把一件居民自报的工单纳入难事", Description: "直接入库，同一件事的其他工单一起并入。同一件事已有难事的，请并入那一件。", Status: http.StatusCreated, register: handle((*server).registerTicket)},
		{Method: http.MethodPost, Path: v1 + "/tickets/{id}/answer", ID: "answer_ticket", Permission: ticketPlace, Tag: tagTickets, Summary: "答复一件不属于难事的居民自报", Description: "诉求人收到消息，看得到答复；工单不再等处理。诉求人之后补充情况的，回到清单里。记入审计日志。", register: handle((*server).answerTicket)},
		{Method: http.MethodGet, Path: v1 + "/tickets/{id}", ID: "get_ticket", Permission: ticketRead, Tag: tagTickets, Summary: "一件工单", register: handle((*server).oneTicket)},
		{Method: http.MethodGet, Path: v1 + "/tickets/{id}/notes", ID: "list_ticket_notes", Permission: ticketRead, Tag: tagTickets, Summary: "工单的诉求人补充的情况和照片，先提交的在前", register: handle((*server).ticketNotes)},
		{Method: http.MethodPost, Path: v1 + "/tickets/{id}/notes", ID: "add_facts", Permission: ticketNote, Tag: tagTickets, Summary: "诉求人：在自己的工单里补充情况", Description: "文字和照片先经内容检查，通过后办理的人在难事里看得到；不改变办理状态。难事销项后不能再补充。", Status: http.StatusCreated, register: handle((*server).addFacts)},
		{Method: http.MethodPost, Path: v1 + "/tickets/{id}/unmask", ID: "unmask_ticket", Permission: ticketUnmask, Tag: tagTickets, Summary: "查看工单的完整个人信息（须写明理由）", Description: "供正在办理该难事的人员使用：承办人、牵头部门负责人、有未完成任务的协办方、协调专员、专班成员和城运中心；对其他人该工单不存在。每次查看记入审计日志，每人每天有次数上限。", register: handle((*server).unmask)},
		{Method: http.MethodPost, Path: v1 + "/tickets/search", ID: "search_tickets", Permission: ticketSearch, Tag: tagTickets, Summary: "按电话或证件号码查工单，新的在前", Description: "号码放在请求体里，不进入网址和日志；查到的内容仍是脱敏的。每次查询记入审计日志。", register: handle((*server).searchTickets)},

		{Method: http.MethodGet, Path: v1 + "/organisation", ID: "get_organisation", Permission: organisationRead, Tag: tagOrganisation, Summary: "部门、网格、村居和人员，供选择", register: handle((*server).organisation)},

		{Method: http.MethodGet, Path: v1 + "/organisation/vacancies", ID: "list_vacancies", Permission: organisationRead, Tag: tagOrganisation, Summary: "空缺的岗位，及由谁代行", register: handle((*server).vacancies)},
		{Method: http.MethodPost, Path: v1 + "/organisation/changes", ID: "propose_organisation_change", Permission: organisationPropose, Tag: tagOrganisation, Summary: "提交组织架构变更，看预览", Description: "只写要变的部门、网格、村居和人员，其余不变。此时什么都还没有变：涉及岗位的由安全管理员批准，其余由系统管理员执行。同样的内容重复提交是同一份。", Status: http.StatusCreated, Slow: true, register: handle((*server).proposeChange)},
		{Method: http.MethodPost, Path: v1 + "/organisation/changes/upload", ID: "upload_organisation_change", Permission: organisationPropose, Tag: tagOrganisation, Summary: "以文件提交组织架构变更，看预览", Description: "文件有误时逐条说明在哪张表第几行，什么都不变。", Status: http.StatusCreated, Slow: true, register: handle((*server).proposeFile), document: documentOrganisationFile},
		{Method: http.MethodGet, Path: v1 + "/organisation/changes", ID: "list_organisation_changes", Permission: organisationApply, Tag: tagOrganisation, Summary: "提交的组织架构变更，新的在前", register: handle((*server).changes)},
		{Method: http.MethodGet, Path: v1 + "/organisation/changes/{id}", ID: "get_organisation_change", Permission: organisationApply, Tag: tagOrganisation, Summary: "一份组织架构变更及其预览", register: handle((*server).change)},
		{Method: http.MethodPost, Path: v1 + "/organisation/changes/{id}/apply", ID: "apply_organisation_change", Permission: organisationApply, Tag: tagOrganisation, Summary: "批准并执行组织架构变更", Description: "涉及岗位的由安全管理员批准，不能是提交人；其余由系统管理员执行。提交后组织架构又有变动、结果与预览不同的，退回新的预览，须重新核对。", Slow: true, register: handle((*server).applyChange)},
		{Method: http.MethodPost, Path: v1 + "/organisation/changes/{id}/discard", ID: "discard_organisation_change", Permission: organisationApply, Tag: tagOrganisation, Summary: "作废一份组织架构变更", register: handle((*server).discardChange)},
		{Method: http.MethodGet, Path: v1 + "/people", ID: "list_people", Permission: peopleRead, Tag: tagOrganisation, Summary: "工作人员及岗位，按编号；手机号已遮盖", register: handle((*server).people)},
		{Method: http.MethodGet, Path: v1 + "/people/{id}/work", ID: "list_person_work", Permission: peopleWork, Tag: tagOrganisation, Summary: "某人手里未完的工作，及离岗后由谁接手", Description: "只有难事编号，没有难事内容。", register: handle((*server).work)},
		{Method: http.MethodPost, Path: v1 + "/people/{id}/invitation", ID: "invite_person", Permission: accountManage, Tag: tagOrganisation, Summary: "出具绑定微信的邀请码", Description: "一人一码，72 小时内用一次，新的使旧的失效。请当面或经可靠渠道交给本人。", register: withSignIn((*server).invite)},
		{Method: http.MethodDelete, Path: v1 + "/people/{id}/invitation", ID: "disinvite_person", Permission: accountManage, Tag: tagOrganisation, Summary: "收回邀请码", Status: http.StatusNoContent, register: withSignIn((*server).disinvite)},
		{Method: http.MethodPost, Path: v1 + "/people/{id}/wechat/unbind", ID: "unbind_person_wechat", Permission: accountManage, Tag: tagOrganisation, Summary: "解绑某人的微信，凭它登录的立即失效", Description: "手机丢失的填 lost：此后凭邀请码才能再绑定。", Status: http.StatusNoContent, register: withSignIn((*server).unbindPerson)},
		{Method: http.MethodPost, Path: v1 + "/people/{id}/leave", ID: "leave_person", Permission: peopleLeave, Tag: tagOrganisation, Summary: "办理离岗，立即生效", Description: "不用批准：即刻不能再登录和办理，AB角随之结束，未完的工作随后移交。安全管理员和审计员不能这样办理，须提交组织架构变更，由安全管理员批准。重复提交没有影响，返回当时的时间。", register: handle((*server).leave)},

		{Method: http.MethodGet, Path: v1 + "/calendar", ID: "get_calendar", Permission: calendarRead, Tag: tagCalendar, Summary: "一段日子的工作日、已载入的年份和停工", register: handle((*server).calendar)},
		{Method: http.MethodGet, Path: v1 + "/calendar/deadline", ID: "get_deadline", Permission: calendarRead, Tag: tagCalendar, Summary: "从某天起第 N 个工作日的下班时间", register: handle((*server).deadline)},
		{Method: http.MethodPost, Path: v1 + "/calendar/preview", ID: "preview_calendar_year", Permission: calendarWrite, Tag: tagCalendar, Summary: "预览一年的放假安排：哪些日子会变", Description: "粘贴国务院办公厅通知原文（text），或给出整理好的一年（year）。不改变任何数据；核对后凭 confirm 载入。", register: handle((*server).previewYear)},
		{Method: http.MethodPost, Path: v1 + "/calendar/years", ID: "load_calendar_year", Permission: calendarWrite, Tag: tagCalendar, Summary: "载入一年的放假安排，重算期限", Description: "confirm 须与预览一致：载入的就是预览过的。重复载入相同的安排不改变期限。", Slow: true, register: handle((*server).loadYear)},
		{Method: http.MethodPost, Path: v1 + "/calendar/closures", ID: "create_closure", Permission: calendarWrite, Tag: tagCalendar, Summary: "登记本地停工（如台风），重算期限", Slow: true, register: handle((*server).addClosure)},
		{Method: http.MethodDelete, Path: v1 + "/calendar/closures/{id}", ID: "delete_closure", Permission: calendarWrite, Tag: tagCalendar, Summary: "撤销停工，重算期限", Slow: true, register: handle((*server).revokeClosure)},

		{Method: http.MethodPost, Path: v1 + "/class", ID: "propose_class", Permission: evidenceRead, Tag: tagRecognition, Summary: "正在填写的内容是什么类别", Description: "登记或上报时边写边看；不保存任何内容。", register: handle((*server).textClass)},
		{Method: http.MethodGet, Path: v1 + "/topics", ID: "list_topics", Permission: signedIn, Tag: tagRecognition, Summary: "事项类别（两级）", register: handle((*server).topics)},
		{Method: http.MethodPut, Path: v1 + "/topics", ID: "load_topics", Permission: policyWrite, Tag: tagRecognition, Summary: "换上本街道的事项类别和用词", Description: "整体替换，立即生效；已经归类的难事不变。以前的版本留存。", register: handle((*server).loadTopics)},
		{Method: http.MethodGet, Path: v1 + "/duties", ID: "list_duties", Permission: organisationRead, Tag: tagRecognition, Summary: "权责清单", register: handle((*server).duties)},
		{Method: http.MethodPut, Path: v1 + "/duties", ID: "load_duties", Permission: policyWrite, Tag: tagRecognition, Summary: "换上新的权责清单", Description: "整体替换，立即生效。以前的版本留存。", register: handle((*server).loadDuties)},
		{Method: http.MethodGet, Path: v1 + "/models", ID: "list_models", Permission: policyRead, Tag: tagRecognition, Summary: "分类模型，新的在前", Description: "从本街道的历史学得的模型，及训练时在没有见过的工单上的成绩。", register: handle((*server).models)},
		{Method: http.MethodPost, Path: v1 + "/models/{version}/switch", ID: "switch_model", Permission: policyWrite, Tag: tagRecognition, Summary: "启用一个模型", register: handle((*server).switchModel)},
		{Method: http.MethodPost, Path: v1 + "/models/stop", ID: "stop_model", Permission: policyWrite, Tag: tagRecognition, Summary: "停用一类模型", Description: "词库、权责清单和历史决定仍然给出建议。", register: handle((*server).stopModel)},
		{Method: http.MethodGet, Path: v1 + "/rising-topics", ID: "list_rising_topics", Permission: evidenceRead, Tag: tagRecognition, Summary: "本周上升的热点", Description: "近 7 天与此前 8 周的自己比较，按反常程度排列，并给出上升最多的村居。只有数字。", register: handle((*server).rising)},
		{Method: http.MethodGet, Path: v1 + "/matters/{id}", ID: "get_matter", Permission: matterRead, Tag: tagMatters, Summary: "一个事项：哪些工单说的是同一件事，为什么，涉及多少人", Description: "每件工单附归入的理由（地点、用词、引用的工单）和人工决定；joins 是可能同为一件事的其他事项。工单的 matter_id 就是这里的 id。", register: handle((*server).matter)},
		{Method: http.MethodPost, Path: v1 + "/matters/{id}/split", ID: "split_matter", Permission: matterDecide, Tag: tagMatters, Summary: "移出工单：说的不是这件事", Description: "移出的工单一起成为新的事项，并从所在的难事（未结束的）中移出；系统不会再把它们归回来，重新导入、重启都不改变。", register: handle((*server).splitMatter)},
		{Method: http.MethodPost, Path: v1 + "/matters/{id}/merge", ID: "merge_matters", Permission: matterDecide, Tag: tagMatters, Summary: "合并事项：说的是同一件事", Description: "另一事项的工单全部归入这一事项，系统不再改动；随之重新判断是否集中来电。两件事项各有未结束的难事时，先并案。", register: handle((*server).mergeMatters)},
		{Method: http.MethodPost, Path: v1 + "/matters/{id}/apart", ID: "keep_matters_apart", Permission: matterDecide, Tag: tagMatters, Summary: "不是同一件：两件事项分开", Description: "此后不再提示这两件可能是同一件事，系统也不会把一件的工单归入另一件；重新导入、重启都不改变。判断错了仍可合并。", register: handle((*server).keepMattersApart)},
		{Method: http.MethodGet, Path: v1 + "/matter-pairs", ID: "list_matter_pairs", Permission: matterRead, Tag: tagMatters, Summary: "可能是同一件事，请看一眼", Description: "近 30 天的工单带来的、还没有人决定的两件事项，最可能的在前；每件附最相近的工单、所在难事、件数人数和理由。是同一件：POST /matters/{into}/merge；不是：POST /matters/{into}/apart。决定后即从这里消失。", register: handle((*server).matterPairs)},
		{Method: http.MethodGet, Path: v1 + "/gazetteer", ID: "get_gazetteer", Permission: organisationRead, Tag: tagMatters, Summary: "地名库：小区、道路、村居、企业的名称和别名", Description: "组织架构中的村居自动在内，不必重复登记。", register: handle((*server).gazetteer)},
		{Method: http.MethodPut, Path: v1 + "/gazetteer", ID: "load_gazetteer", Permission: gazetteerWrite, Tag: tagMatters, Summary: "载入地名库：以这份清单为准", Description: "清单里没有的条目移出（留作记录）。重复载入相同的清单没有影响。数秒内各处理进程都按新的地名库识别。", register: handle((*server).loadGazetteer)},

		{Method: http.MethodGet, Path: v1 + "/policies", ID: "list_policies", Permission: policyRead, Tag: tagPolicies, Summary: "各版入库标准和期限，新的在前", Description: "哪一版现行，每一版改了什么、为什么改。", register: handle((*server).policies)},
		{Method: http.MethodPost, Path: v1 + "/policies/dry-run", ID: "dry_run_policy", Permission: policyRead, Tag: tagPolicies, Summary: "试算：换一套入库标准，历史工单会有多少成为难事", Description: "不改变任何数据。不填起止日期时统计最近 90 天，最多 366 天。例子只给能看难事的岗位。", Slow: true, register: handle((*server).dryRun)},
		{Method: http.MethodPost, Path: v1 + "/policies", ID: "create_policy", Permission: policyWrite, Tag: tagPolicies, Summary: "登记新的一版，到施行日期起生效", Description: "policy 给出全部数字，version 为最新一版加 1。入库标准有变化时按历史工单试算，结果随版本保存。已经开始的响应阶段仍按它开始时的版本。", Status: http.StatusCreated, Slow: true, register: handle((*server).addPolicy)},
		{Method: http.MethodDelete, Path: v1 + "/policies/{id}", ID: "withdraw_policy", Permission: policyWrite, Tag: tagPolicies, Summary: "撤回还没有到施行日期的一版", register: handle((*server).withdrawPolicy)},

		{Method: http.MethodPost, Path: v1 + "/imports", ID: "start_import", Permission: importRun, Tag: tagImports, Summary: "上传工单文件（.xlsx、.xls、.csv），在后台导入", Description: "文件看得出有问题时立即拒绝；否则排队导入，用 GET 查看进度。同一文件可以重复导入：没有变化的行不会有任何影响。dry_run 只试算，不写入。", Status: http.StatusAccepted, Slow: true, register: handle((*server).startImport), document: documentUpload},
		{Method: http.MethodGet, Path: v1 + "/imports", ID: "list_imports", Permission: importRun, Tag: tagImports, Summary: "导入列表，新的在前", register: handle((*server).listImports)},
		{Method: http.MethodGet, Path: v1 + "/imports/{id}", ID: "get_import", Permission: importRun, Tag: tagImports, Summary: "一次导入的进度和结果", register: handle((*server).oneImport)},
		{Method: http.MethodPost, Path: v1 + "/imports/{id}/stop", ID: "stop_import", Permission: importRun, Tag: tagImports, Summary: "停止导入；已导入的行保留", register: changeImport((*intake.Jobs).Stop)},
		{Method: http.MethodPost, Path: v1 + "/imports/{id}/resume", ID: "resume_import", Permission: importRun, Tag: tagImports, Summary: "继续已停止的导入", register: changeImport((*intake.Jobs).Resume)},
		{Method: http.MethodPost, Path: v1 + "/imports/{id}/retry", ID: "retry_import", Permission: importRun, Tag: tagImports, Summary: "重试失败的导入", Description: "从断开处继续，已导入的行不会重复。", register: changeImport((*intake.Jobs).Retry)},
		{Method: http.MethodGet, Path: v1 + "/imports/{id}/report", ID: "get_import_report", Permission: importRun, Tag: tagImports, Summary: "下载没有导入的行（.xlsx）", Description: "每行带原行号、原因和处理办法，个人信息已脱敏。改正后直接上传这个文件即可：没有改动的脱敏内容按原文导入。下载记入审计日志。", Slow: true, register: handleFile((*server).importReport), document: documentWorkbook},
		{Method: http.MethodGet, Path: v1 + "/imports/{id}/problems", ID: "list_import_problems", Permission: importRun, Tag: tagImports, Summary: "一次导入中有问题的行", register: handle((*server).importProblems)},

		{Method: http.MethodPost, Path: v1 + "/intake/tickets", ID: "push_tickets", Permission: platformSigned, Tag: tagIntake, Summary: "推送工单", Description: "由登记过的平台调用，须签名。每件工单单独校验：合格的在一个事务中全部接收，不合格的在 refused 中逐件说明。同一签名只处理一次；相同的工单重新签名推送没有影响。答复成功即已存妥。", MaxBody: maxPush, register: handle((*server).push), document: documentPush},
		{Method: http.MethodGet, Path: v1 + "/intake/feed", ID: "read_feed", Permission: platformSigned, Tag: tagIntake, Summary: "推送的工单后来怎样", Description: "只含本平台推送的工单：接收、纳入难事、接单（含承诺时间）、提级、办结等，没有个人信息和办理人姓名。按发生次序，保存 next 下次接着取。", register: handle((*server).feed)},
		{Method: http.MethodPost, Path: v1 + "/platforms", ID: "create_platform", Permission: platformManage, Tag: tagIntake, Summary: "登记对接平台，取得密钥", Description: "密钥只在答复中出现这一次。", Status: http.StatusCreated, register: handle((*server).addPlatform)},
		{Method: http.MethodGet, Path: v1 + "/platforms", ID: "list_platforms", Permission: platformManage, Tag: tagIntake, Summary: "对接平台列表", register: handle((*server).listPlatforms)},
		{Method: http.MethodPost, Path: v1 + "/platforms/{id}/rotate-key", ID: "rotate_platform_key", Permission: platformManage, Tag: tagIntake, Summary: "更换密钥", Description: "新密钥立即生效，旧密钥在 keep_hours 内仍有效。", register: handle((*server).rotatePlatformKey)},
		{Method: http.MethodPost, Path: v1 + "/platforms/{id}/disable", ID: "disable_platform", Permission: platformManage, Tag: tagIntake, Summary: "停用对接平台", Description: "一秒内生效；已推送的工单保留。", register: handle((*server).disablePlatform)},
		{Method: http.MethodPost, Path: v1 + "/imports/inspect", ID: "inspect_import", Permission: importRun, Tag: tagImports, Summary: "识别表头：各列是什么，用哪个导入模板", Description: "不导入，也不留下文件。draft 是按建议做成的模板，改好、取名后用 POST /import-profiles 保存。", Slow: true, register: handle((*server).inspectImport), document: documentUpload},
		{Method: http.MethodGet, Path: v1 + "/import-profiles", ID: "list_import_profiles", Permission: importRun, Tag: tagImports, Summary: "一个来源的导入模板", Description: "导入模板说明一种表各列的含义。没有点名模板时，导入采用必须有的列都在、最合适的一个。", register: handle((*server).importProfiles)},
		{Method: http.MethodPost, Path: v1 + "/import-profiles", ID: "create_import_profile", Permission: importRun, Tag: tagImports, Summary: "保存新的导入模板", Status: http.StatusCreated, register: handle((*server).createImportProfile)},
		{Method: http.MethodPut, Path: v1 + "/import-profiles/{id}", ID: "change_import_profile", Permission: importRun, Tag: tagImports, Summary: "修改导入模板", register: handle((*server).changeImportProfile)},
		{Method: http.MethodDelete, Path: v1 + "/import-profiles/{id}", ID: "delete_import_profile", Permission: importRun, Tag: tagImports, Summary: "删除导入模板", Description: "已按它导入的工单不变。", register: handle((*server).deleteImportProfile)},

		{Method: http.MethodGet, Path: v1 + "/audit-log", ID: "list_audit_log", Permission: auditRead, Tag: tagAudit, Summary: "审计日志，新的在前", Description: "登录、查看完整个人信息、导出和管理操作。可按人员、操作或对象筛选其一。", register: handle((*server).auditLog)},

		{Method: http.MethodGet, Path: v1 + "/retention/certificates", ID: "list_certificates", Permission: certificateRead, Tag: tagPrivacy, Summary: "个人信息删除证明，新的在前", register: handle((*server).certificates)},
		{Method: http.MethodGet, Path: v1 + "/retention/certificates/{id}", ID: "get_certificate", Permission: certificateRead, Tag: tagPrivacy, Summary: "一份删除证明，含可打印的文本", Description: "按 id 或编号查看。agrees 说明留存的明细与证明中的校验值是否一致。", register: handle((*server).certificate)},
		{Method: http.MethodPost, Path: v1 + "/retention/requests", ID: "erase_person", Permission: personErase, Tag: tagPrivacy, Summary: "应本人要求删除其个人信息", Description: "删除该号码名下工单中的姓名、电话、证件号码、详细地址和文字中的上述内容，以及发给本人的通知和保存着的未导入行，并出具删除证明。所在难事尚未销项的工单暂不删除，证明中写明件数。", Slow: true, register: handle((*server).erasePerson)},

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
		command[finishTask](),
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
