// Written by scripts/types.mjs from docs/openapi.json. Do not edit: npm run types

type None = Record<never, never>;

export interface AcceptCommand {
  /** 承办人；承办人本人接单可不填 */
  handler_id?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface AcceptTaskCommand {
  /** 任务编号 */
  task_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface AcceptFamilyRequest {
  /** 家人给的邀请码 */
  code: string;
}

export interface AddMyEnterpriseRequest {
  /** 统一社会信用代码，18 位 */
  credit_code: string;
  /** 企业名称 */
  name: string;
}

export interface AddMyPhoneRequest {
  /** 手机号按钮返回的 code */
  phone_code: string;
}

export interface Allowed {
  /** 以什么身份 */
  as: Capacity;
  /** 显示用的名称 */
  label: string;
  /** 名称：report 上报难事、register 纳入项目库、add_evidence 补充识别依据、classify 分类定格、assign 指定人员、reject 不予入库、attach 并入工单、update_ticket 更新工单信息、detach 移出工单、merge 并案、split 拆出并案、dispatch 交办、claim 认领、take 领题、open_at_ii 提级启动Ⅱ级、open_at_i 启动Ⅰ级、accept 接单、return 退单、transfer 转办、coordinate 协调处置、contact 先行联系、ask_support 请求协办、accept_task 接受任务、finish_task 完成任务、decline_task 说明不能承担、withdraw_task 撤回任务、progress 记录进展、convene 会商部署、amend 调整部署、submit 提交办结、ask_onsite 请联络员现场核实、verify_pass 核查通过、verify_fail 核查不通过、escalate 升级响应、rate 评价、confirm_dissatisfaction 回访确认不满意、dismiss_dissatisfaction 回访后维持办结、strike_off 销项、carry_over 结转续办、hold_over 挂账、remind 催办、supervise 督办、settle_content 内容审核、hand_over 移交、answer 答复督办 */
  name: "report" | "register" | "add_evidence" | "classify" | "assign" | "reject" | "attach" | "update_ticket" | "detach" | "merge" | "split" | "dispatch" | "claim" | "take" | "open_at_ii" | "open_at_i" | "accept" | "return" | "transfer" | "coordinate" | "contact" | "ask_support" | "accept_task" | "finish_task" | "decline_task" | "withdraw_task" | "progress" | "convene" | "amend" | "submit" | "ask_onsite" | "verify_pass" | "verify_fail" | "escalate" | "rate" | "confirm_dissatisfaction" | "dismiss_dissatisfaction" | "strike_off" | "carry_over" | "hold_over" | "remind" | "supervise" | "settle_content" | "hand_over" | "answer";
  /** 可以对哪些任务、督办单或工单进行 */
  targets?: string[];
}

export interface AmendCommand {
  /** 增加的成员 */
  add?: Duty[];
  /** 承办人的 id */
  handler_id?: string;
  /** 牵头部门的 id */
  lead_department_id?: string;
  /** 专项小组（工作专班）负责人的 id */
  leader_id?: string;
  /** 解决方案 */
  plan?: string;
  /** 调整理由 */
  reason: string;
  /** 移出的成员；其职责一并撤回 */
  remove?: string[];
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface AnswerOrderCommand {
  /** 督办答复 */
  answer: string;
  /** 督办单编号 */
  order_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface AnswerScanRequest {
  /** true 确认登录，false 拒绝 */
  confirm: boolean;
  /** 扫到的 scene */
  scene: string;
}

export interface AskOnSiteCommand {
  /** 附件的 id：上传完成、尚未使用的，或本难事已有的 */
  attachments?: string[];
  /** 完成期限 */
  due_at: string;
  /** 需要现场核实什么 */
  question: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface AskSupportCommand {
  /** 协办村居 */
  community_id?: string;
  /** 协办部门；与村居、网格三选一 */
  department_id?: string;
  /** 完成期限，不晚于本级响应期限 */
  due_at: string;
  /** 请该网格联络员 */
  grid_id?: string;
  /** 协办事项 */
  task: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface AssignCommand {
  /** 协调专员，由城运中心指定 */
  coordinator_id?: string;
  /** 承办人，由牵头部门负责人指定 */
  handler_id?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface AttachTicketCommand {
  /** 要并入的工单 */
  ticket_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface AttachmentView {
  /** 时间 */
  at: string;
  /** 谁提交的（仅工作人员可见） */
  by?: Named;
  /** 保存期满，内容已删除 */
  erased?: boolean;
  /** 像素 */
  height?: number;
  /** 编号，不变 */
  id: string;
  /** 名称 */
  name?: string;
  /** 诉求人也能看到 */
  public: boolean;
  /** 诉求人上传的：waiting 待审核、refused 未通过，这时只有本人和城运中心看得到；空为无须审核或已通过 */
  review?: string;
  /** 字节数 */
  size: number;
  /** 缩略图的地址 */
  thumb_url?: string;
  /** image/jpeg、image/png 或 application/pdf */
  type: string;
  /** 内容的地址，无需令牌；只在 url_until 之前、您的这次登录有效期间可用，请勿保存 */
  url?: string;
  /** 地址可用到何时 */
  url_until?: string;
  /** 像素 */
  width?: number;
  /** 随哪一步提交：report 上报难事、register 纳入项目库、add_evidence 补充识别依据、classify 分类定格、assign 指定人员、reject 不予入库、attach 并入工单、update_ticket 更新工单信息、detach 移出工单、merge 并案、split 拆出并案、dispatch 交办、claim 认领、take 领题、open_at_ii 提级启动Ⅱ级、open_at_i 启动Ⅰ级、accept 接单、return 退单、transfer 转办、coordinate 协调处置、contact 先行联系、ask_support 请求协办、accept_task 接受任务、finish_task 完成任务、decline_task 说明不能承担、withdraw_task 撤回任务、progress 记录进展、convene 会商部署、amend 调整部署、submit 提交办结、ask_onsite 请联络员现场核实、verify_pass 核查通过、verify_fail 核查不通过、escalate 升级响应、rate 评价、confirm_dissatisfaction 回访确认不满意、dismiss_dissatisfaction 回访后维持办结、strike_off 销项、carry_over 结转续办、hold_over 挂账、remind 催办、supervise 督办、settle_content 内容审核、hand_over 移交、answer 答复督办 */
  with: "report" | "register" | "add_evidence" | "classify" | "assign" | "reject" | "attach" | "update_ticket" | "detach" | "merge" | "split" | "dispatch" | "claim" | "take" | "open_at_ii" | "open_at_i" | "accept" | "return" | "transfer" | "coordinate" | "contact" | "ask_support" | "accept_task" | "finish_task" | "decline_task" | "withdraw_task" | "progress" | "convene" | "amend" | "submit" | "ask_onsite" | "verify_pass" | "verify_fail" | "escalate" | "rate" | "confirm_dissatisfaction" | "dismiss_dissatisfaction" | "strike_off" | "carry_over" | "hold_over" | "remind" | "supervise" | "settle_content" | "hand_over" | "answer";
  /** 随哪一步提交，显示用 */
  with_label: string;
}

export interface BindWechatConsentRequest {
  /** 登录返回的 bind_ticket，10 分钟内有效，用一次 */
  bind_ticket: string;
  /** 所同意的隐私政策的版本 */
  privacy_version: number;
}

export interface BindWechatVisitorRequest {
  /** 登录返回的 bind_ticket，10 分钟内有效，用一次 */
  bind_ticket: string;
  /** 所同意的隐私政策的版本 */
  privacy_version: number;
}

export interface Capacity {
  /** 代谁（AB角） */
  for?: string;
  /** 岗位：resident 诉求人、liaison 网格联络员、community 村居、handler 承办人、department_head 部门负责人、deputy_leader 业务分管领导、grid_chief 综合网格长、party_secretary 网格党组织书记、coordinator 全科型协调专员、principal_leader 主要领导、leading_group 领导小组、centre 城运中心、supervisor 党政办（督查）、system_admin 系统管理员、security_admin 安全管理员、auditor 审计员 */
  role: "resident" | "liaison" | "community" | "handler" | "department_head" | "deputy_leader" | "grid_chief" | "party_secretary" | "coordinator" | "principal_leader" | "leading_group" | "centre" | "supervisor" | "system_admin" | "security_admin" | "auditor";
  /** 部门、网格或村居的 id */
  unit?: string;
  /** 代行空缺岗位 */
  vacant?: boolean;
}

export interface CarryOverCommand {
  /** 专题汇报的决定 */
  decision: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface CaseItem {
  /** 本级响应期限 */
  clock?: ClockView;
  /** 村居 */
  community?: Named;
  /** 服务对象：livelihood 民生、business 商企 */
  domain?: "livelihood" | "business";
  /** 综合网格 */
  grid?: Named;
  /** 专门负责人（承办人） */
  handler?: Named;
  /** 编号，不变 */
  id: string;
  /** 牵头部门 */
  lead_department?: Named;
  /** 难事编号，如 NS2026-000042 */
  number: string;
  /** 地点 */
  place?: string;
  /** 对诉求人的承诺；只有诉求人看到 */
  promise?: Promise;
  /** 等您评价；只有诉求人看到 */
  rateable?: boolean;
  /** 轮次 */
  round: number;
  /** 状态：reported 待入库、registered 待交办、dispatched 待接单、convening 待会商、handling 办理中、verifying 核查中、resolved 已办结、closed 已销项、rejected 不予入库、merged 已并案 */
  status: "reported" | "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed" | "rejected" | "merged";
  /** 状态，显示用 */
  status_label: string;
  /** 工单件数；诉求人的列表里没有 */
  tickets?: number;
  /** 响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  tier?: "III" | "II" | "I";
  /** 响应级别，显示用 */
  tier_label: string;
  /** 标题 */
  title: string;
  /** 事项类别 */
  topic?: string;
  /** 入库依据，如 不满意件 */
  triggers: string[];
  /** 最近更新时间 */
  updated_at: string;
  /** 版本，每有一个事件加一 */
  version: number;
}

export interface CaseView {
  /** 您现在可以进行的操作 */
  allowed: Allowed[];
  /** 不满意的回访期限；只有诉求人看到 */
  call_back_by?: string;
  /** 本级响应期限 */
  clock?: ClockView;
  /** 村居 */
  community?: Named;
  /** 会商记录 */
  consultations?: Consultation[];
  /** 先行联系记录 */
  contacts?: ContactNote[];
  /** 本级召集人：岗位和现在在岗的人 */
  convener?: string;
  /** 全科型协调专员 */
  coordinator?: Named;
  /** 三跨：department 跨部门、field 跨领域、industry 跨行业 */
  crossings?: string[];
  /** 业务分管领导 */
  deputy_leader?: Named;
  /** 服务对象：livelihood 民生、business 商企 */
  domain?: "livelihood" | "business";
  /** 事实经过 */
  facts: string;
  /** 综合网格 */
  grid?: Named;
  /** 专门负责人（承办人） */
  handler?: Named;
  /** 挂账的目标日期 */
  hold_over_until?: string;
  /** 未接单的部门 */
  hops?: Hop[];
  /** 编号，不变 */
  id: string;
  /** 牵头部门 */
  lead_department?: Named;
  /** 同一事项先前不予入库或已销项的难事 */
  linked_case?: string;
  /** 只为认领而可见，已脱敏 */
  masked?: boolean;
  /** 并入本件的难事；您看得到的 */
  merged?: MergedCase[];
  /** 并入的难事 */
  merged_into?: string;
  /** 下一个到期时间 */
  next_due_at?: string;
  /** 难事编号，如 NS2026-000042 */
  number: string;
  /** 您的下一步现在还不能做：为什么、先做什么 */
  obstacle?: string;
  /** 认领意愿 */
  offers?: Offer[];
  /** 请求现场核实会交给谁：岗位和现在在岗的人；您可以请求时才有 */
  on_site_by?: string;
  /** 督办单 */
  orders?: Order[];
  /** 地点 */
  place?: string;
  /** 对诉求人的承诺；只有诉求人看到 */
  promise?: Promise;
  /** 可以向居民公开，或有公开的可以撤回（见 get_publication）；只有城运中心看到 */
  publication?: boolean;
  /** 可以评价到什么时候；只有诉求人看到 */
  rate_until?: string;
  /** 等您评价；只有诉求人看到 */
  rateable?: boolean;
  /** 评价 */
  ratings?: RatingNote[];
  /** 权责划分：single 本部门、cross 跨部门 */
  reach?: "single" | "cross";
  /** 您可以查看诉求人的联系方式（见 unmask_ticket），每次记入审计日志 */
  reachable?: boolean;
  /** 您今天已经催办过；只有诉求人看到 */
  reminded_today?: boolean;
  /** 轮次 */
  round: number;
  /** 问题属性：individual 个案、common 共性 */
  scope?: "individual" | "common";
  /** 领题的领导 */
  sponsors?: Named[];
  /** 历次响应 */
  stages: Stage[];
  /** 现在在谁手里、从什么时候起、怎么到这一级、退过几次、第几轮，一句话；只有工作人员看到 */
  standing?: string;
  /** 状态：reported 待入库、registered 待交办、dispatched 待接单、convening 待会商、handling 办理中、verifying 核查中、resolved 已办结、closed 已销项、rejected 不予入库、merged 已并案 */
  status: "reported" | "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed" | "rejected" | "merged";
  /** 状态，显示用 */
  status_label: string;
  /** 提交的办理结果 */
  submission?: Submission;
  /** 上报人建议的牵头部门；由城运中心决定 */
  suggested_department?: Named;
  /** 多人反映同一件事的，建议按共性问题分类；由城运中心决定：individual 个案、common 共性 */
  suggested_scope?: "individual" | "common";
  /** 建议的响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  suggested_tier?: "III" | "II" | "I";
  /** 专项小组（工作专班） */
  task_force?: TaskForce;
  /** 任务 */
  tasks: TaskView[];
  /** 其中的工单 */
  ticket_refs: TicketRef[];
  /** 工单件数；诉求人的列表里没有 */
  tickets?: number;
  /** 响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  tier?: "III" | "II" | "I";
  /** 响应级别，显示用 */
  tier_label: string;
  /** 标题 */
  title: string;
  /** 事项类别 */
  topic?: string;
  /** 入库依据，如 不满意件 */
  triggers: string[];
  /** 最近更新时间 */
  updated_at: string;
  /** 核查结论 */
  verification?: Verification;
  /** 版本，每有一个事件加一 */
  version: number;
  /** 这件难事等您做什么、到什么时候；本级响应期限之外的 */
  waits?: Wait[];
  /** 为什么是难事：触发的规则与每条依据 */
  why: Trigger[];
}

export interface Change {
  /** 改动后的值；空为没有 */
  after?: unknown;
  /** 改动前的值；空为没有 */
  before?: unknown;
  /** 字段 */
  path: string;
}

export interface ChangeView {
  /** 变化的字段 */
  fields?: FieldChange[];
  /** 编号，不变 */
  id: string;
  /** 类别 */
  kind: "department" | "grid" | "community" | "person" | "delegation";
  /** 类别，显示用 */
  kind_label: string;
  /** 名称 */
  name: string;
  /** 岗位 */
  posts: boolean;
  /** added 新增、changed 变更、left 离岗或撤销、returned 恢复、removed 删除 */
  what: "added" | "changed" | "left" | "returned" | "removed";
  /** 怎么变，显示用 */
  what_label: string;
}

export interface ChoiceView {
  /** 把握不足，请从 options 中选择 */
  ask: boolean;
  /** 显示用的名称 */
  label?: string;
  /** 各来源各自的看法和理由 */
  opinions: OpinionView[];
  /** 最可能的几项 */
  options: OptionView[];
  /** 把握，0 至 1 */
  probability: number;
  /** 填入 classify、dispatch 的值；看不出则为空 */
  value?: string;
}

export interface ClaimCommand {
  /** 认领部门；只负责一个部门的可不填 */
  department_id?: string;
  /** 承办人 */
  handler_id?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface ClassView {
  /** 文字里写到的村居，与所选的不同：请填写的人看一看；写到几个或没有写到的没有 */
  community?: Named;
  /** 三跨 */
  crossings: MarkView[];
  /** 民生或商企 */
  domain: ChoiceView;
  /** 建议的牵头部门 */
  lead: ChoiceView;
  /** 紧急情形：集体上访、群体投诉、舆情、危及生命安全 */
  marks: MarkView[];
  /** 参考的分类模型版本；没有启用模型则为空 */
  model?: string;
  /** 事项类别（两级） */
  topic: ChoiceView;
}

export interface ClassifyCommand {
  /** 村居的 id */
  community_id?: string;
  /** 三跨：department 跨部门、field 跨领域、industry 跨行业 */
  crossings?: string[];
  /** 民生或商企：livelihood 民生、business 商企 */
  domain: "livelihood" | "business";
  /** 综合网格 */
  grid_id: string;
  /** 本部门或跨部门：single 本部门、cross 跨部门 */
  reach: "single" | "cross";
  /** 个案或共性：individual 个案、common 共性 */
  scope: "individual" | "common";
  /** 事项类别 */
  topic?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface ClockView {
  /** 期限 */
  due_at: string;
  /** 还没有到期，还有 1 个工作日以内 */
  near: boolean;
  /** 已超期 */
  overdue: boolean;
  /** 期限涉及尚未公布放假安排的日期，公布后可能调整 */
  provisional: boolean;
  /** 如：还有 2 个工作日（3月5日 17:00 前） */
  text: string;
  /** 剩余工作日，今天不计；超期为负 */
  working_days: number;
  /** 剩余工作时间（分钟）；超期为负 */
  working_minutes: number;
}

export interface CommandResult {
  /** 办理后的难事 */
  case: CaseView;
  /** 相同 Idempotency-Key 的请求先前已经办成，这次没有再办 */
  replayed: boolean;
}

export interface CommunityView {
  /** 综合网格的 id */
  grid_id?: string;
  /** 编号，不变 */
  id: string;
  /** 类别 */
  kind?: "residential" | "village";
  /** 名称 */
  name: string;
}

export interface ConfirmDissatisfactionCommand {
  /** 回访记录 */
  record: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Consultation {
  /** 会商时间 */
  at: string;
  /** 经办人 */
  by: string;
  /** 牵头部门的 id */
  lead_department_id: string;
  /** 会商纪要 */
  minutes: string;
  /** 解决方案 */
  plan: string;
  /** 所在的第几次响应 */
  stage: number;
}

export interface ContactCommand {
  /** 联系时间 */
  at: string;
  /** 是否联系上 */
  reached: boolean;
  /** 联系情况 */
  said: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface ContactNote {
  /** 时间 */
  at: string;
  /** 经办人 */
  by: string;
  /** 是否联系上 */
  reached: boolean;
  /** 轮次 */
  round: number;
  /** 联系情况 */
  said: string;
}

export interface ConveneCommand {
  /** 附件的 id：上传完成、尚未使用的，或本难事已有的 */
  attachments?: string[];
  /** 承办人的 id */
  handler_id?: string;
  /** 牵头部门的 id */
  lead_department_id: string;
  /** 专项小组或工作专班负责人 */
  leader_id: string;
  /** 成员，每人写明职责和期限 */
  members: Duty[];
  /** 会商纪要 */
  minutes: string;
  /** 解决方案 */
  plan: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface CoordinateCommand {
  /** 协调意见 */
  opinion: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Counts {
  /** 计数上限；达到即“1000+” */
  cap: number;
  /** 各类待办的数量 */
  todos: Record<string, number>;
  /** 待办总数 */
  total: number;
  /** 未读消息的数量 */
  unread: number;
  /** 城运中心：居民自报、还不在难事里的工单 */
  waiting?: number;
}

export interface CurrentState {
  /** 状态：reported 待入库、registered 待交办、dispatched 待接单、convening 待会商、handling 办理中、verifying 核查中、resolved 已办结、closed 已销项、rejected 不予入库、merged 已并案 */
  status: "reported" | "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed" | "rejected" | "merged";
  /** 状态，显示用 */
  status_label: string;
  /** 响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  tier?: "III" | "II" | "I";
  /** 版本，每有一个事件加一 */
  version: number;
}

export interface DecideReviewInputBody {
  /** 通过：从此展示；不通过：不予展示，并告知提交人 */
  pass: boolean;
  /** 不通过的理由，必填；记在审核记录里，不给提交人看 */
  reason?: string;
}

export interface DeclineTaskCommand {
  /** 不能承担的理由 */
  reason: string;
  /** 任务编号 */
  task_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface DelegationView {
  /** 提前结束的时间 */
  ended_at?: string;
  /** 从何时起 */
  from: string;
  /** 编号，不变 */
  id: string;
  /** 本人 */
  person: Named;
  /** coming 未开始、running 进行中、over 已结束 */
  status: "coming" | "running" | "over";
  /** 代为办理的同事 */
  to: Named;
  /** 到何时止 */
  until: string;
}

export interface DepartmentFigures {
  /** 按时接单率（%）：1 个工作日内接单的，占接单和逾期未接的；退单不计 */
  accept_rate?: number;
  /** 1 个工作日内接单 */
  accepted: number;
  /** 牵头部门 */
  department: Named;
  /** 交到本部门的次数 */
  given: number;
  /** Ⅲ级按时办结，认领的不计 */
  kept: number;
  /** Ⅲ级到期未办结而升级，认领的不计 */
  missed: number;
  /** 按时办结率（%）：Ⅲ级按时办结的，占按时办结和到期升级的 */
  on_time_rate?: number;
  /** 退单 */
  returned: number;
  /** 1 个工作日内没有接单 */
  unaccepted: number;
}

export interface DepartmentView {
  /** 业务分管领导 */
  deputy_leader?: Named;
  /** 可指定为承办人的：负责人在前 */
  handlers: HandlerView[];
  /** 编号，不变 */
  id: string;
  /** 类别 */
  kind?: "section" | "centre" | "squad" | "station";
  /** 名称 */
  name: string;
  /** 简称 */
  short_name?: string;
}

export interface Described {
  /** 地址 */
  address?: string;
  /** 一级至五级分类 */
  category?: string[];
  /** 小区或村居名称 */
  community?: string;
  /** 内容描述 */
  content?: string;
  /** 标题；标题和内容至少有一项 */
  title?: string;
}

export interface DetachCommand {
  /** 移出理由 */
  reason: string;
  /** 工单的 id */
  ticket_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Directory {
  /** 村居 */
  communities: CommunityView[];
  /** 部门 */
  departments: DepartmentView[];
  /** 综合网格 */
  grids: Named[];
  /** 全体在岗工作人员，可选为成员、协调专员或代理 */
  people: PersonView[];
}

export interface DismissDissatisfactionCommand {
  /** 回访记录 */
  record: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface DispatchCommand {
  /** 牵头部门 */
  lead_department_id: string;
  /** 交办要求 */
  note?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface DrawRecoveryCodesRequest {
  /** 身份验证器现在的 6 位验证码 */
  code: string;
}

export interface Duty {
  /** 完成期限，不晚于本级响应期限 */
  due_at: string;
  /** 职责 */
  duty: string;
  /** 人员的 id */
  person_id: string;
}

export interface EndedSessions {
  /** 结束了几个 */
  ended: number;
}

export interface Enterprise {
  /** 绑定时间 */
  bound_at: string;
  /** 统一社会信用代码 */
  credit_code: string;
  /** 企业名称 */
  name: string;
}

export interface EnterpriseList {
  /** 绑定的企业 */
  items: Enterprise[];
}

export interface EraseMyDataRequest {
  /** 重新 wx.login 的 code：确认是本人 */
  code: string;
}

export interface Erasure {
  /** 删除证明的编号 */
  certificates: string[];
  /** 所在难事还没有销项、暂不能删除的工单；已登记，销项后次日自动删除 */
  kept: number;
}

export interface EscalateCommand {
  /** 升级理由 */
  reason: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Evidence {
  /** 时间 */
  at?: string;
  /** 出处：从何处读到 */
  from?: string;
  /** 依据的标识，每条只计一次 */
  key: string;
  /** 工单号 */
  order_no?: string;
  /** 原文 */
  quote?: string;
  /** 为什么与其他工单是同一件事：地点、用词、引用 */
  reasons?: string[];
  /** 工单的 id */
  ticket_id?: string;
}

export interface EvidenceItem {
  /** 何时 */
  at?: string;
  /** 读自哪里，原样 */
  from?: string;
  /** 读自哪里，如：表格“处办部门”列、正文、按件计数 */
  from_label?: string;
  /** 依据的标识；计过一次的不再计 */
  key: string;
  /** 类别：unaccepted 多部门未接单、reassigned 多次重新交办、dissatisfied 不满意件、burst 当日集中来电、hot_topic 高频热点、long_unresolved 长期未解决、cross 三跨或流程复杂、manual 人工上报 */
  kind: "unaccepted" | "reassigned" | "dissatisfied" | "burst" | "hot_topic" | "long_unresolved" | "cross" | "manual";
  /** 原文摘录（已脱敏） */
  quote?: string;
  /** 为什么与其他工单是同一件事：地点、用词、引用 */
  reasons?: string[];
  /** 所在的工单（已脱敏）；由人填报的和已删除的没有 */
  ticket?: TicketView;
  /** 属于第几次触发 */
  trigger: number;
}

export interface EvidencePage {
  /** 这一页 */
  items: EvidenceItem[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
  /** 触发的规则，按触发的先后 */
  triggers: EvidenceTrigger[];
}

export interface EvidenceTrigger {
  /** 何时触发 */
  at: string;
  /** 类别：unaccepted 多部门未接单、reassigned 多次重新交办、dissatisfied 不满意件、burst 当日集中来电、hot_topic 高频热点、long_unresolved 长期未解决、cross 三跨或流程复杂、manual 人工上报 */
  kind: "unaccepted" | "reassigned" | "dissatisfied" | "burst" | "hot_topic" | "long_unresolved" | "cross" | "manual";
  /** 显示用的名称 */
  label: string;
  /** 第几次触发，从 1 起 */
  no: number;
  /** 涉及的人数（按诉求人去重；未留电话的不计） */
  people: number;
  /** 依据的条数 */
  records: number;
  /** 一句话说明 */
  summary: string;
  /** 涉及的工单数 */
  tickets: number;
}

export interface FamilyInvitation {
  /** 家人邀请码，只显示这一次 */
  code: string;
  /** 有效期，72 小时 */
  expires_at: string;
}

export interface FamilyList {
  /** 这一页 */
  items: FamilyView[];
}

export interface FamilyView {
  /** true 我委托的家人，false 委托我的家人 */
  given: boolean;
  /** 编号，不变 */
  id: string;
  /** 生效时间 */
  made_at: string;
  /** 受托人是委托人的 */
  relation: string;
}

export interface Field {
  /** 对这个输入的要求 */
  message: string;
  /** 输入的名称 */
  name: string;
}

export interface FieldChange {
  /** 改动后的值；空为没有 */
  after: string;
  /** 改动前的值；空为没有 */
  before: string;
  /** 显示用的名称 */
  label: string;
  /** 名称 */
  name: string;
}

export interface FigureMeaning {
  /** 哪个数字，如：办结 */
  name: string;
  /** 怎样计 */
  text: string;
}

export interface Figures {
  /** 既能看全街道，又有自己分管的：以 own 区分 */
  both: boolean;
  /** 各部门的数字怎样计，一个数字一句话 */
  department_meanings: FigureMeaning[];
  /** 整段时间内按部门，交办多的在前 */
  departments: DepartmentFigures[];
  /** 从这一天起 */
  from_on: string;
  /** 各月、各周和各类别的数字怎样计，一个数字一句话 */
  meanings: FigureMeaning[];
  /** 各月或各周，早的在前，最后一个还没有过完 */
  periods: PeriodFigures[];
  /** 统计的范围，如：全街道 */
  scope: string;
  /** 整段时间内按事项类别的第一级，入库多的在前 */
  topics: TopicFigures[];
  /** 到这一天止，含当天 */
  until_on: string;
}

export interface FindPublishedSimilarRequest {
  /** 村居 */
  community_id?: string;
  /** 正在写的内容 */
  content: string;
  /** 在哪里 */
  place?: string;
}

export interface FinishTaskCommand {
  /** 佐证材料：附件的 id，或写明材料是什么、存在哪里 */
  evidence?: string[];
  /** 现场的位置，只用于现场核实；加密保存，不进时间线 */
  location?: Location;
  /** 到场核实、拍照的时间；只用于现场核实，早于交办或晚于现在的不记 */
  on_site_at?: string;
  /** 完成情况 */
  result: string;
  /** 任务编号 */
  task_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface FollowView {
  /** 二维码的内容，由客户端画出 */
  content: string;
  /** 有效期，秒 */
  expires_in: number;
  /** 显示二维码的地址 */
  picture: string;
}

export interface HandlerView {
  /** 是部门负责人 */
  head?: boolean;
  /** 编号，不变 */
  id: string;
  /** 姓名 */
  name: string;
}

export interface HoldOverCommand {
  /** 挂账理由 */
  reason: string;
  /** 目标日期，如 2026-12-31 */
  target_on: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Hop {
  /** 时间 */
  at: string;
  /** 部门的 id */
  department_id: string;
  /** 类别：returned 退单、transferred 接单前转办、unaccepted 逾期未接单 */
  kind: "returned" | "transferred" | "unaccepted";
  /** 退单或转办理由 */
  reason?: string;
  /** 轮次 */
  round: number;
  /** 后来接单，不再计入 */
  taken_back?: boolean;
}

export interface InviteMyFamilyRequest {
  /** 对方是您的：spouse 配偶、parent 父母、child 子女、other 其他 */
  relation: "spouse" | "parent" | "child" | "other";
}

export interface LastStep {
  /** 什么时候 */
  at: string;
  /** 做了什么 */
  text: string;
  /** 谁，以什么身份；代办时写明代谁 */
  who: string;
}

export interface Location {
  /** 误差，米；在地图上选的没有 */
  accuracy?: number;
  /** 地图上的地址 */
  address?: string;
  /** 纬度，微信地图所用的坐标（GCJ-02） */
  latitude: number;
  /** 经度 */
  longitude: number;
  /** 地图上的名称 */
  name?: string;
}

export interface LocationView {
  /** 什么时候标的 */
  at: string;
  /** 哪位工作人员标的 */
  by?: Named;
  /** 难事、任务或工单的 id */
  id: string;
  /** 位置；诉求人标的只给本人 */
  location?: Location;
  /** 是什么的位置 */
  of: "case" | "onsite" | "ticket";
  /** 是什么的位置，显示用 */
  of_label: string;
  /** 没有直接给出，您可以用 POST /tickets/{id}/unmask 查看（fields 为 location，记入审计日志） */
  unmask: boolean;
}

export interface Login {
  /** 浏览器用：refresh_token 放在 Cookie 里（HttpOnly、SameSite=Strict），不在正文中返回 */
  cookie?: boolean;
  /** 登录名：人员编号，编号由系统编的为本人手机号；管理员可改 */
  login: string;
  /** 密码 */
  password: string;
}

export interface Lookup {
  /** 已超过承诺的时间，或此前承诺的时间没有做到 */
  late?: boolean;
  /** 今天还可以查询几次 */
  left: number;
  /** 承诺办结的时间；还没有承诺，或已经办结的没有 */
  promised_at?: string;
  /** 承诺时间涉及尚未公布放假安排的日期，公布后可能调整 */
  provisional?: boolean;
  /** 办理状态：registered 待交办、dispatched 待接单、convening 待会商、handling 办理中、verifying 核查中、resolved 已办结、closed 已销项 */
  status: "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed";
  /** 一句话：办到哪一步、承诺什么时候办结、是否已超过承诺时间 */
  text: string;
}

export interface MarkView {
  /** 还没有发生：担心或声称将要发生 */
  feared?: boolean;
  /** 类别 */
  kind: string;
  /** 显示用的名称 */
  label: string;
  /** 把握，0 至 1 */
  probability: number;
  /** 原话 */
  reasons: string[];
}

export interface Me {
  /** 居民：绑定了手机号，或受家人委托，因而有自己的事项可看 */
  bound: boolean;
  /** 编号，不变 */
  id: string;
  /** 姓名 */
  name: string;
  /** 系统时间；演示环境中是演示时钟 */
  now: string;
  /** 可以使用的功能，决定显示哪些菜单 */
  permissions: string[];
  /** 岗位 */
  posts: PostView[];
  /** 现在代谁办理（AB角） */
  stands_in_for: Named[];
}

export interface MeToo {
  /** 先前已经计入，这次没有再登记 */
  already: boolean;
  /** 为您登记的工单号；您在这件事里已有工单的没有 */
  order_no?: string;
  /** 现在的人数 */
  people: number;
  /** 一句话：结果怎样、接下来会怎样 */
  text: string;
}

export interface MeTooRequest {
  /** 用哪个绑定的手机号；不填为第一个 */
  phone_id?: string;
}

export interface Member {
  /** 人员的 id */
  person_id: string;
  /** 任务编号 */
  task_id: string;
}

export interface MergeCommand {
  /** 并案说明 */
  reason?: string;
  /** 并入哪件难事 */
  target_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface MergedCase {
  /** 编号，不变 */
  id: string;
  /** 难事编号 */
  number: string;
  /** 标题 */
  title: string;
}

export interface Named {
  /** 编号，不变 */
  id: string;
  /** 名称 */
  name: string;
}

export interface NewCaseOf {
  /** 为什么是难事 */
  reason: string;
  /** 难事的标题；不填用建议的 */
  title?: string;
}

export interface NewDelegation {
  /** 从何时起 */
  from: string;
  /** 代谁；不填就是本人，为他人设置只限系统管理员 */
  from_person?: string;
  /** 代为办理的同事 */
  to: string;
  /** 到何时止 */
  until: string;
}

export interface NewFacts {
  /** 照片：上传完成、尚未使用的附件的 id */
  attachments?: string[];
  /** 补充的情况；文字和照片至少有一样 */
  text?: string;
}

export interface NewPublication {
  /** 公开的标题：什么事、在哪里，不写姓名、电话、门牌 */
  title: string;
  /** 公开的说明 */
  words?: string;
}

export interface NewReport {
  /** 照片：上传完成、尚未使用的附件的 id */
  attachments?: string[];
  /** 村居；与 place、location 至少填一样 */
  community_id?: string;
  /** 是什么事，自己的话，至少 5 个字 */
  content: string;
  /** 替哪家已绑定的企业反映：统一社会信用代码；个人不填 */
  enterprise?: string;
  /** 在地图上选的位置；加密保存，只有办理的人按需查看 */
  location?: Location;
  /** 用哪个绑定的手机号；不填为第一个 */
  phone_id?: string;
  /** 在哪里，自己的话 */
  place?: string;
}

export interface NewStory {
  /** 怎样解决的 */
  done: string;
  /** 遇到了什么问题 */
  problem: string;
  /** 故事的标题 */
  title: string;
}

export interface NewTicket {
  /** 受理时间；不填为现在 */
  accepted_at?: string;
  /** 地址 */
  address?: string;
  /** 直接并入这件难事（id 或编号） */
  case_id?: string;
  /** 一级至五级分类 */
  category?: string[];
  /** 怎样来的，如 电话、来访、巡查 */
  channel?: string;
  /** 小区或村居名称 */
  community?: string;
  /** 内容描述 */
  content?: string;
  /** 诉求人；匿名的不填 */
  requester?: TicketPushedRequester;
  /** 来源：城运中心可选任何一种；网格和村居为网格上报，部门为部门发现：hotline 12345热线、petition 信访、opinion 舆情、department 部门发现、grid 网格上报、resident 居民自报 */
  source: "hotline" | "petition" | "opinion" | "department" | "grid" | "resident";
  /** 标题；标题和内容至少有一项 */
  title?: string;
}

export interface NewUpload {
  /** 文件名，只给能看到附件的工作人员看；其中的电话和证件号码会被遮盖。诉求人上传的不留文件名 */
  name?: string;
  /** 整个文件的 SHA-256；给出则收齐后核对 */
  sha256?: string;
  /** 字节数 */
  size: number;
}

export interface NoteList {
  /** 这一页 */
  items: NoteView[];
}

export interface NotePicture {
  /** 像素 */
  height?: number;
  /** 编号，不变 */
  id: string;
  /** waiting 待审核、refused 未通过，这时只有本人和城运中心看得到 */
  review?: string;
  /** 缩略图的地址 */
  thumb_url?: string;
  /** 地址，只在几分钟内、您的这次登录有效期间可用 */
  url: string;
  /** 像素 */
  width?: number;
}

export interface NoteView {
  /** 什么时候 */
  at: string;
  /** 编号，不变 */
  id: string;
  /** report 反映时带来的照片，facts 后来补充的情况 */
  kind: "report" | "facts";
  /** 是什么，显示用 */
  kind_label: string;
  /** 是您或您的家人写的 */
  mine: boolean;
  /** 所在的工单 */
  order_no: string;
  /** 照片 */
  pictures: NotePicture[];
  /** shown 已给办理的人看，waiting 待审核，refused 没有通过 */
  state: "shown" | "waiting" | "refused";
  /** 文字或照片待审核、没有通过时，显示用 */
  state_label?: string;
  /** 补充的文字；待审核的只有本人看得到 */
  text?: string;
}

export interface NoticeItem {
  /** 难事的 id */
  case_id: string;
  /** 生成时间 */
  created_at: string;
  /** 代谁接收（AB角） */
  for?: Named;
  /** 编号，不变 */
  id: string;
  /** 消息类别 */
  kind: string;
  /** 难事编号，如 NS2026-000042 */
  number: string;
  /** 阅读时间；没有则未读 */
  read_at?: string;
  /** 消息内容 */
  text: string;
  /** 是关于这件工单的 */
  ticket_id?: string;
  /** 难事的标题 */
  title?: string;
  /** 加急 */
  urgent: boolean;
}

export interface NoticeView {
  /** 发布时间；随程序的一版没有 */
  made_at?: string;
  /** 全文（Markdown） */
  text: string;
  /** 版本 */
  version: number;
}

export interface Offer {
  /** 时间 */
  at: string;
  /** 经办人 */
  by: string;
  /** 部门的 id */
  department_id: string;
  /** 承办人的 id */
  handler_id: string;
  /** 已采纳 */
  taken?: boolean;
}

export interface OpenAtICommand {
  /** 启动Ⅰ级的情形：major_opinion 突发重大舆情、mass_complaint 多人群体投诉、group_petition 群访、higher_support 需要上级部门支持 */
  ground: "major_opinion" | "mass_complaint" | "group_petition" | "higher_support";
  /** 情况说明 */
  reason: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface OpenAtIICommand {
  /** 为何无法确定主责部门 */
  reason: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface OpinionView {
  /** 显示用的名称 */
  label: string;
  /** 这一来源的把握，0 至 1 */
  probability: number;
  /** 起作用的字词、事项或难事编号，最要紧的在前 */
  reasons: string[];
  /** 来源 */
  source: "lexicon" | "model" | "duties" | "history";
  /** 词库、模型、权责清单、历史决定 */
  source_label: string;
  /** 这一来源认为的值 */
  value: string;
}

export interface OptionView {
  /** 显示用的名称 */
  label: string;
  /** 把握，0 至 1 */
  probability: number;
  /** 填入 classify、dispatch 的值 */
  value: string;
}

export interface Order {
  /** 督办答复 */
  answer?: string;
  /** 答复时间 */
  answered_at?: string;
  /** 答复人 */
  answered_by?: string;
  /** 时间 */
  at: string;
  /** 经办人 */
  by?: string;
  /** 期限 */
  due_at: string;
  /** 编号，不变 */
  id: string;
  /** 督办要求 */
  text: string;
}

export interface OrderLookup {
  /** 反映时得到的工单号 */
  order_no: string;
  /** 从哪个渠道反映的；GD 加年份开头的是本系统自己的工单号，选哪个都能查到：hotline 12345热线、petition 信访、opinion 舆情、department 部门发现、grid 网格上报、resident 居民自报 */
  source: "hotline" | "petition" | "opinion" | "department" | "grid" | "resident";
}

export interface OrganisationPreview {
  /** 逐项变化；列表里只有前几项 */
  changes: ChangeView[];
  /** 未完的工作没有列全 */
  more_work?: boolean;
  /** 要留意的：没有读的列和工作表、不起作用的行、须重新发密码的人 */
  notes?: string[];
  /** 涉及岗位，须由安全管理员批准 */
  posts: boolean;
  /** 共有多少项变化 */
  total: number;
  /** 由此空缺的岗位 */
  vacancies: VacancyView[];
  /** 有人离岗或调动后，未完的工作由谁接手 */
  work: WorkItem[];
}

export interface OwnData {
  /** 同意过的隐私政策 */
  consents: PrivacyConsent[];
  /** 您办理过的：评价、催办等，和您写的文字 */
  deeds: OwnDeed[];
  /** 绑定的企业 */
  enterprises: Enterprise[];
  /** 与家人之间的委托 */
  family: OwnFamily[];
  /** 发给您的消息 */
  notices: NoticeItem[];
  /** 绑定的手机号 */
  phones: string[];
  /** 您上传、用在事项里的照片 */
  pictures: OwnPicture[];
  /** 登录记录 */
  sessions: OwnSession[];
  /** 以您的手机号反映的事项 */
  tickets: OwnTicket[];
  /** 微信账号 */
  wechat: OwnWeChat;
}

export interface OwnDeed {
  /** 时间 */
  at: string;
  /** 难事编号 */
  number: string;
  /** 做了什么，写了什么 */
  text: string;
}

export interface OwnFamily {
  /** 撤回的时间 */
  ended_at?: string;
  /** true 我委托的家人，false 委托我的家人 */
  given: boolean;
  /** 生效时间 */
  made_at: string;
  /** 受托人是委托人的 */
  relation: string;
}

export interface OwnNote {
  /** 时间 */
  at: string;
  /** 补充的文字 */
  text: string;
}

export interface OwnPicture {
  /** 时间 */
  at: string;
  /** 谁提交的（仅工作人员可见） */
  by?: Named;
  /** 保存期满，内容已删除 */
  erased?: boolean;
  /** 像素 */
  height?: number;
  /** 编号，不变 */
  id: string;
  /** 名称 */
  name?: string;
  /** 难事编号；随工单提交的没有 */
  number: string;
  /** 诉求人也能看到 */
  public: boolean;
  /** 诉求人上传的：waiting 待审核、refused 未通过，这时只有本人和城运中心看得到；空为无须审核或已通过 */
  review?: string;
  /** 字节数 */
  size: number;
  /** 缩略图的地址 */
  thumb_url?: string;
  /** image/jpeg、image/png 或 application/pdf */
  type: string;
  /** 内容的地址，无需令牌；只在 url_until 之前、您的这次登录有效期间可用，请勿保存 */
  url?: string;
  /** 地址可用到何时 */
  url_until?: string;
  /** 像素 */
  width?: number;
  /** 随哪一步提交：report 上报难事、register 纳入项目库、add_evidence 补充识别依据、classify 分类定格、assign 指定人员、reject 不予入库、attach 并入工单、update_ticket 更新工单信息、detach 移出工单、merge 并案、split 拆出并案、dispatch 交办、claim 认领、take 领题、open_at_ii 提级启动Ⅱ级、open_at_i 启动Ⅰ级、accept 接单、return 退单、transfer 转办、coordinate 协调处置、contact 先行联系、ask_support 请求协办、accept_task 接受任务、finish_task 完成任务、decline_task 说明不能承担、withdraw_task 撤回任务、progress 记录进展、convene 会商部署、amend 调整部署、submit 提交办结、ask_onsite 请联络员现场核实、verify_pass 核查通过、verify_fail 核查不通过、escalate 升级响应、rate 评价、confirm_dissatisfaction 回访确认不满意、dismiss_dissatisfaction 回访后维持办结、strike_off 销项、carry_over 结转续办、hold_over 挂账、remind 催办、supervise 督办、settle_content 内容审核、hand_over 移交、answer 答复督办 */
  with: "report" | "register" | "add_evidence" | "classify" | "assign" | "reject" | "attach" | "update_ticket" | "detach" | "merge" | "split" | "dispatch" | "claim" | "take" | "open_at_ii" | "open_at_i" | "accept" | "return" | "transfer" | "coordinate" | "contact" | "ask_support" | "accept_task" | "finish_task" | "decline_task" | "withdraw_task" | "progress" | "convene" | "amend" | "submit" | "ask_onsite" | "verify_pass" | "verify_fail" | "escalate" | "rate" | "confirm_dissatisfaction" | "dismiss_dissatisfaction" | "strike_off" | "carry_over" | "hold_over" | "remind" | "supervise" | "settle_content" | "hand_over" | "answer";
  /** 随哪一步提交，显示用 */
  with_label: string;
}

export interface OwnRating {
  /** 时间 */
  at: string;
  /** own 在这里评价，hotline 12345 回访，ticket 结案后再次反映 */
  from: string;
  /** satisfied 满意、mostly 基本满意、dissatisfied 不满意 */
  rating: string;
  /** 评价时写的文字；还在审核的没有 */
  words?: string;
}

export interface OwnReport {
  /** 街道城运中心的答复 */
  answer?: string;
  /** 什么时候反映的 */
  at: string;
  /** 编号，不变 */
  id: string;
  /** 接下来会怎样，或要做什么 */
  next: string;
  /** 工单号 */
  order_no: string;
  /** 从哪里反映的 */
  source_label: string;
  /** taken 已收到，waiting 内容待审核，refused 没有受理，closed 来源方已办结 */
  state: "taken" | "waiting" | "refused" | "closed";
  /** 显示用 */
  state_label: string;
  /** 是工单，可以打开和补充情况 */
  ticket: boolean;
  /** 说的是什么，开头的几句 */
  title: string;
}

export interface OwnSession {
  /** 网络地址 */
  address: string;
  /** 所用的程序 */
  agent: string;
  /** 结束时间 */
  ended_at?: string;
  /** 最近一次使用的时间 */
  seen_at: string;
  /** 登录的时间 */
  started_at: string;
}

export interface OwnTicket {
  /** 受理时间 */
  accepted_at: string;
  /** 地址 */
  address?: string;
  /** 诉求内容 */
  content?: string;
  /** 证件号码 */
  id_number?: string;
  /** 在地图上选的位置 */
  location?: Location;
  /** 受理早于您绑定这个号码：姓名、证件号码和门牌已遮盖；要完整的，请凭证件到街道城运中心办理 */
  masked?: boolean;
  /** 姓名 */
  name?: string;
  /** 补充的情况 */
  notes?: OwnNote[];
  /** 工单号 */
  order_no: string;
  /** 电话 */
  phone?: string;
  /** 对这件工单的评价 */
  ratings?: OwnRating[];
  /** 来源 */
  source: string;
  /** 标题 */
  title?: string;
}

export interface OwnWeChat {
  /** 关注了公众号，并已对上您的微信 */
  follows: boolean;
  /** 第一次登录的时间 */
  joined_at: string;
  /** 最近一次登录的时间 */
  seen_at: string;
}

export interface PageAttachmentView {
  /** 这一页 */
  items: AttachmentView[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageCaseItem {
  /** 这一页 */
  items: CaseItem[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageDelegationView {
  /** 这一页 */
  items: DelegationView[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageLocationView {
  /** 这一页 */
  items: LocationView[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageNoteView {
  /** 这一页 */
  items: NoteView[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageNoticeItem {
  /** 这一页 */
  items: NoticeItem[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageOwnReport {
  /** 这一页 */
  items: OwnReport[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PagePublicMatter {
  /** 这一页 */
  items: PublicMatter[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PagePublicStory {
  /** 这一页 */
  items: PublicStory[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageReportedCase {
  /** 这一页 */
  items: ReportedCase[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageReviewView {
  /** 这一页 */
  items: ReviewView[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageStuckCase {
  /** 这一页 */
  items: StuckCase[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageTeamCase {
  /** 这一页 */
  items: TeamCase[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageTicketView {
  /** 这一页 */
  items: TicketView[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageTimelineItem {
  /** 这一页 */
  items: TimelineItem[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PageWaitingTicket {
  /** 这一页 */
  items: WaitingTicket[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
}

export interface PasswordChange {
  /** 当前密码 */
  current_password: string;
  /** 新密码：至少 10 个字符，含大写、小写、数字、符号中的三种 */
  new_password: string;
}

export interface PeriodFigures {
  /** 不满意的评价 */
  dissatisfied: number;
  /** 入库 */
  entered: number;
  /** 升级、提级的次数 */
  escalated: number;
  /** 从这一天起 */
  from_on: string;
  /** 交到牵头部门的次数 */
  given: number;
  /** 如：11月、11月23日起 */
  label: string;
  /** 其中在本级期限内提交的 */
  on_time: number;
  /** Ⅰ级响应超期 */
  overdue: number;
  /** 办结（每一轮一次） */
  resolved: number;
  /** 还没有过完 */
  running: boolean;
}

export interface PersonView {
  /** 编号，不变 */
  id: string;
  /** 姓名 */
  name: string;
  /** 岗位 */
  posts: PostView[];
}

export interface PhoneView {
  /** 绑定时间 */
  bound_at: string;
  /** 编号，不变 */
  id: string;
  /** 手机号，已遮盖 */
  number: string;
}

export interface PostView {
  /** 代谁行使（AB角） */
  for?: Named;
  /** 如：综合行政执法队负责人 */
  label: string;
  /** 岗位：resident 诉求人、liaison 网格联络员、community 村居、handler 承办人、department_head 部门负责人、deputy_leader 业务分管领导、grid_chief 综合网格长、party_secretary 网格党组织书记、coordinator 全科型协调专员、principal_leader 主要领导、leading_group 领导小组、centre 城运中心、supervisor 党政办（督查）、system_admin 系统管理员、security_admin 安全管理员、auditor 审计员 */
  role: "resident" | "liaison" | "community" | "handler" | "department_head" | "deputy_leader" | "grid_chief" | "party_secretary" | "coordinator" | "principal_leader" | "leading_group" | "centre" | "supervisor" | "system_admin" | "security_admin" | "auditor";
  /** 部门、网格或村居的 id */
  unit?: string;
  /** 岗位空缺，由您代行 */
  vacant?: boolean;
}

export interface PrivacyConsent {
  /** 同意的时间 */
  at: string;
  /** 所同意的文本的校验值（SHA-256） */
  hash: string;
  /** 隐私政策的版本 */
  version: number;
}

export interface Problem {
  /** 操作被拒绝时：您现在可以进行的操作 */
  allowed?: Allowed[];
  /** 错误类别：invalid_argument 输入有误、unauthenticated 未登录、permission_denied 没有权限、not_found 没有或看不到、already_exists 已经有了、aborted 被他人抢先、failed_precondition 现在不能这样办、resource_exhausted 次数过多、unavailable 暂时不可用、internal 内部错误 */
  code: "invalid_argument" | "unauthenticated" | "permission_denied" | "not_found" | "already_exists" | "aborted" | "failed_precondition" | "resource_exhausted" | "unavailable" | "internal";
  /** 版本冲突时：难事的最新状态 */
  current?: CurrentState;
  /** 哪几个输入有误 */
  fields?: Field[];
  /** 给人看的中文说明：怎么了，该怎么办 */
  message: string;
  /** 组织架构变更与预览不同时：新的预览 */
  preview?: OrganisationPreview;
  /** 具体原因，稳定不变，如 case.version_conflict */
  reason: string;
  /** 请求编号，报障时提供 */
  request_id: string;
  /** HTTP 状态码 */
  status: number;
  /** HTTP 状态的名称 */
  title: string;
}

export interface ProgressCommand {
  /** 附件的 id：上传完成、尚未使用的，或本难事已有的 */
  attachments?: string[];
  /** 是否让诉求人看到，附件也一样 */
  public?: boolean;
  /** 进展情况 */
  text: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Promise {
  /** 按承诺的时间办结了 */
  kept?: boolean;
  /** 已超过承诺的时间，或此前承诺的时间没有做到 */
  late?: boolean;
  /** 如：承诺 3月5日 17:00 前办结。 */
  text: string;
}

export interface PublicMatter {
  /** 编号，不变 */
  id: string;
  /** 已超过承诺的时间 */
  late?: boolean;
  /** 还在办，可以点“我也遇到” */
  open: boolean;
  /** 点过“我也遇到”的人数，一人只计一次 */
  people: number;
  /** 承诺什么时候办结，超过的如实写明；还没有承诺或已办结的没有 */
  promise?: string;
  /** 承诺办结的时间 */
  promised_at?: string;
  /** 办到哪一步，大白话 */
  status: string;
  /** 说的是什么 */
  title: string;
  /** 说明 */
  words?: string;
}

export interface PublicMatterList {
  /** 文字里写到的村居，与所选的不同：请填写的人看一看；写到几个或没有写到的没有 */
  community?: Named;
  /** 这一页 */
  items: PublicMatter[];
}

export interface PublicStory {
  /** 发布时间 */
  at: string;
  /** 怎样解决的 */
  done: string;
  /** 编号，不变 */
  id: string;
  /** 遇到了什么问题 */
  problem: string;
  /** 标题 */
  title: string;
}

export interface PublicationView {
  /** 公开的内容 */
  matter?: PublicMatter;
  /** 现在可以公开或改写 */
  may_publish: boolean;
  /** 已公开并已办结，可以写办成的故事 */
  may_tell: boolean;
  /** 现在可以撤回 */
  may_withdraw: boolean;
  /** none 没有公开过，published 已公开，withdrawn 已撤回 */
  state: "none" | "published" | "withdrawn";
  /** 显示用 */
  state_label: string;
  /** 办成的故事 */
  story?: PublicStory;
}

export interface Question {
  /** 总开关关闭时请显示：怎样打开 */
  hint?: string;
  /** standing 长期订阅、once 一次性订阅；一次只能问同一种 */
  kind?: "standing" | "once";
  /** 本人关闭了订阅消息总开关，一周内不再询问 */
  switched_off?: boolean;
  /** 传给 wx.requestSubscribeMessage 的模板，最多 3 个；空则不必问 */
  templates: TemplateToAsk[];
}

export interface RateCommand {
  /** 附件的 id：上传完成、尚未使用的，或本难事已有的 */
  attachments?: string[];
  /** 评价：satisfied 满意、mostly 基本满意、dissatisfied 不满意 */
  rating: "satisfied" | "mostly" | "dissatisfied";
  /** 评价的工单；只有一件时可不填 */
  ticket_id?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
  /** 评价内容 */
  words?: string;
}

export interface RatingNote {
  /** 时间 */
  at: string;
  /** 回访结论：confirmed 确认不满意、dismissed 维持办结；空为待回访 */
  callback?: string;
  /** 来源：own 本人、hotline 12345 回访、ticket 办结后又来的工单 */
  from: string;
  /** 文字待审核，审核的 id；空为没有或已审核 */
  held?: string;
  /** 评价：satisfied 满意、mostly 基本满意、dissatisfied 不满意 */
  rating: "satisfied" | "mostly" | "dissatisfied";
  /** 回访记录 */
  record?: string;
  /** 轮次 */
  round: number;
  /** 工单的 id */
  ticket_id: string;
  /** 评价内容 */
  words?: string;
}

export interface Read {
  /** 还有多少条未读，最多数到上限 */
  unread: number;
}

export interface ReadNotices {
  /** 这些消息 */
  ids?: string[];
  /** 这条消息及更早的 */
  until?: string;
}

export interface RecoveryCodes {
  /** 恢复码，每个只能用一次，请离线保存；只显示这一次，以前的全部失效 */
  recovery_codes: string[];
}

export interface RefreshInputBody {
  /** 不用 Cookie 时：现有的 refresh_token */
  refresh_token?: string;
}

export interface Register {
  /** 附件的 id：上传完成、尚未使用的，或本难事已有的 */
  attachments?: string[];
  /** 村居的 id */
  community_id?: string;
  /** 服务对象：livelihood 民生、business 商企 */
  domain?: "livelihood" | "business";
  /** 事实经过 */
  facts: string;
  /** 综合网格的 id */
  grid_id?: string;
  /** 地点 */
  place: string;
  /** 入库说明 */
  reason?: string;
  /** 建议由哪个部门牵头；由城运中心决定 */
  suggested_department_id?: string;
  /** 标题 */
  title: string;
  /** 事项类别 */
  topic?: string;
}

export interface RegistrationCommand {
  /** 入库说明 */
  reason?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface RejectCommand {
  /** 不予入库的理由 */
  reason: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface RemindCommand {
  /** 催办内容 */
  text?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Report {
  /** 附件的 id：上传完成、尚未使用的，或本难事已有的 */
  attachments?: string[];
  /** 村居的 id */
  community_id?: string;
  /** 服务对象：livelihood 民生、business 商企 */
  domain?: "livelihood" | "business";
  /** 事实经过 */
  facts: string;
  /** 综合网格的 id */
  grid_id?: string;
  /** 在地图上选的位置；加密保存，不进时间线 */
  location?: Location;
  /** 地点 */
  place: string;
  /** 建议由哪个部门牵头；由城运中心决定 */
  suggested_department_id?: string;
  /** 标题 */
  title: string;
  /** 事项类别 */
  topic?: string;
}

export interface ReportTaken {
  /** 街道城运中心的答复 */
  answer?: string;
  /** 什么时候反映的 */
  at: string;
  /** 与街道正在办理的难事是同一件事，已并入的（编号） */
  case?: Named;
  /** 编号，不变 */
  id: string;
  /** 您标的位置 */
  location?: Location;
  /** 接下来会怎样，或要做什么 */
  next: string;
  /** 工单号 */
  order_no: string;
  /** 相同 Idempotency-Key 的请求先前已经收到，这次没有再登记 */
  replayed: boolean;
  /** 从哪里反映的 */
  source_label: string;
  /** taken 已收到，waiting 内容待审核，refused 没有受理，closed 来源方已办结 */
  state: "taken" | "waiting" | "refused" | "closed";
  /** 显示用 */
  state_label: string;
  /** 是工单，可以打开和补充情况 */
  ticket: boolean;
  /** 说的是什么，开头的几句 */
  title: string;
}

export interface ReportedCase {
  /** 本级响应期限 */
  clock?: ClockView;
  /** 村居 */
  community?: Named;
  /** 服务对象：livelihood 民生、business 商企 */
  domain?: "livelihood" | "business";
  /** 综合网格 */
  grid?: Named;
  /** 专门负责人（承办人） */
  handler?: Named;
  /** 编号，不变 */
  id: string;
  /** 最近一步 */
  last: LastStep;
  /** 牵头部门 */
  lead_department?: Named;
  /** 难事编号，如 NS2026-000042 */
  number: string;
  /** 地点 */
  place?: string;
  /** 对诉求人的承诺；只有诉求人看到 */
  promise?: Promise;
  /** 等您评价；只有诉求人看到 */
  rateable?: boolean;
  /** 轮次 */
  round: number;
  /** 状态：reported 待入库、registered 待交办、dispatched 待接单、convening 待会商、handling 办理中、verifying 核查中、resolved 已办结、closed 已销项、rejected 不予入库、merged 已并案 */
  status: "reported" | "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed" | "rejected" | "merged";
  /** 状态，显示用 */
  status_label: string;
  /** 工单件数；诉求人的列表里没有 */
  tickets?: number;
  /** 响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  tier?: "III" | "II" | "I";
  /** 响应级别，显示用 */
  tier_label: string;
  /** 标题 */
  title: string;
  /** 事项类别 */
  topic?: string;
  /** 入库依据，如 不满意件 */
  triggers: string[];
  /** 最近更新时间 */
  updated_at: string;
  /** 版本，每有一个事件加一 */
  version: number;
}

export interface ReportedSubscriptions {
  /** 这一次询问的编号，由客户端生成；重复提交不重复计数 */
  client_event_id: string;
  /** 询问失败时 wx.requestSubscribeMessage 的 errCode。20004（本人关闭了总开关）记入台账：一周内不再询问，也不再发订阅消息；再次同意即恢复 */
  err_code?: number;
  /** 每个模板的回答；询问失败时没有 */
  results?: SubscriptionAnswer[];
}

export interface Reporter {
  /** 可选的村居 */
  communities: Named[];
  /** 绑定的企业：id 是统一社会信用代码 */
  enterprises: Named[];
  /** 绑定的手机号，已脱敏；没有的先绑定 */
  phones: ReporterPhone[];
}

export interface ReporterPhone {
  /** 编号，不变 */
  id: string;
  /** 已脱敏的号码 */
  number: string;
}

export interface ReturnCommand {
  /** 依据的权责事项编号或条文 */
  duty_item: string;
  /** 退单理由 */
  reason: string;
  /** 建议承办部门 */
  suggested_department_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface ReviewView {
  /** 所在的难事；还不在难事中的为空 */
  case_id: string;
  /** 提交时间 */
  created_at: string;
  /** 审核时间 */
  decided_at?: string;
  /** 谁审核的；空为自动 */
  decided_by?: Named;
  /** 编号，不变 */
  id: string;
  /** 难事编号；还不在难事中的为工单号 */
  number: string;
  /** 通过 */
  passed: boolean;
  /** 不通过的理由 */
  reason?: string;
  /** 待审核的文字；审核后不再保留在这里 */
  text?: string;
  /** 缩略图的地址 */
  thumb_url?: string;
  /** 待审核照片的地址，只在几分钟内、您的这次登录有效期间可用 */
  url?: string;
  /** 还没有审核 */
  waiting: boolean;
  /** 随哪一步提交，显示用 */
  with: string;
}

export interface ScanPlace {
  /** 电脑的网络地址 */
  address: string;
  /** 浏览器 */
  agent: string;
  /** 打开登录页的时间 */
  begun_at: string;
  /** 您近期在这个网络登录过；false 时请醒目提醒：可能是别人发来的二维码 */
  known: boolean;
}

export interface ScanScene {
  /** 扫到的 scene */
  scene: string;
}

export interface SessionList {
  /** 这一页 */
  items: SessionView[];
}

export interface SessionView {
  /** 登录时的网络地址；IPv6 只到网段 */
  address: string;
  /** 浏览器或客户端 */
  agent: string;
  /** 就是现在这一个 */
  current: boolean;
  /** 最迟结束时间 */
  expires_at: string;
  /** 编号，不变 */
  id: string;
  /** 最近使用，精确到分钟 */
  seen_at: string;
  /** 登录时间 */
  started_at: string;
}

export interface SignInProgress {
  /** 须在此前完成后续步骤 */
  expires_at?: string;
  /** 恢复码，每个只能用一次，请离线保存；只显示这一次 */
  recovery_codes?: string[];
  /** 下一步：done 已登录，totp 输入验证码，change_password 设置新密码，enrol_totp 设置第二重验证 */
  step: "done" | "totp" | "change_password" | "enrol_totp";
  /** 后续步骤的凭证 */
  step_token?: string;
  /** step 为 done 时：令牌 */
  tokens?: TokensView;
}

export interface Similar {
  /** 这件难事现在可以并入工单 */
  attachable?: boolean;
  /** 难事；新登记的工单可以直接并入 */
  case_id?: string;
  /** 难事的编号 */
  case_number?: string;
  /** 难事的版本：并入时给出 */
  case_version?: number;
  /** 工单号 */
  order_no?: string;
  /** 地点 */
  place?: string;
  /** 为什么相似 */
  reasons: string[];
  /** 工单受理或难事最近更新的时间 */
  since: string;
  /** 状态 */
  status_label: string;
  /** 还不在难事中的工单 */
  ticket_id?: string;
  /** 标题 */
  title: string;
}

export interface SimilarList {
  /** 这一页 */
  items: Similar[];
}

export interface SimilarQuery {
  /** 地址 */
  address?: string;
  /** 一级至五级分类 */
  category?: string[];
  /** 小区或村居名称 */
  community?: string;
  /** 内容描述 */
  content?: string;
  /** 联系电话 */
  phone?: string;
  /** 标题；标题和内容至少有一项 */
  title?: string;
}

export interface SplitCommand {
  /** 拆出理由 */
  reason: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Stage {
  /** 因核查未按时完成而升级 */
  centre_delay?: boolean;
  /** 期限几个工作日 */
  days: number;
  /** 期限 */
  due_at: string;
  /** 如何结束：resolved 办结、escalated 升级、rejected 不予入库 */
  end?: "resolved" | "escalated" | "rejected";
  /** 结束时间 */
  ended_at?: string;
  /** 第几次响应 */
  no: number;
  /** 按时办结（以提交时间计） */
  on_time?: boolean;
  /** 启动时间 */
  opened_at: string;
  /** 因何启动：dispatch 交办、claim 认领、open_at_ii 提级启动Ⅱ级、open_at_i 启动Ⅰ级、escalate 升级响应、deadline 到期未办结、hops 多个部门未接单、centre_delay 核查未按时完成、failed_after_due 到期后核查不通过、dissatisfaction 不满意重新办理、carry_over 结转续办、split_after_due 并案期间已到期 */
  opened_by: "dispatch" | "claim" | "open_at_ii" | "open_at_i" | "escalate" | "deadline" | "hops" | "centre_delay" | "failed_after_due" | "dissatisfaction" | "carry_over" | "split_after_due";
  /** Ⅰ级超期的时间 */
  overdue_at?: string;
  /** 启动时的政策版本 */
  policy_version: number;
  /** 暂定：涉及尚未公布放假安排的日期 */
  provisional?: boolean;
  /** 轮次 */
  round: number;
  /** 因并案暂停的时间 */
  suspended_at?: string;
  /** 响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  tier: "III" | "II" | "I";
}

export interface StreetFigure {
  /** 是什么 */
  label: string;
  /** 怎样算的：从何时到何时，多少件中的多少件 */
  note: string;
  /** 数字，显示用 */
  value: string;
}

export interface StreetFigures {
  /** 这一页 */
  items: StreetFigure[];
}

export interface StrikeOffCommand {
  /** 专题汇报的决定 */
  decision: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface StuckCase {
  /** 本级响应期限 */
  clock?: ClockView;
  /** 村居 */
  community?: Named;
  /** 服务对象：livelihood 民生、business 商企 */
  domain?: "livelihood" | "business";
  /** 综合网格 */
  grid?: Named;
  /** 专门负责人（承办人） */
  handler?: Named;
  /** 编号，不变 */
  id: string;
  /** 牵头部门 */
  lead_department?: Named;
  /** 难事编号，如 NS2026-000042 */
  number: string;
  /** 地点 */
  place?: string;
  /** 对诉求人的承诺；只有诉求人看到 */
  promise?: Promise;
  /** 等您评价；只有诉求人看到 */
  rateable?: boolean;
  /** 轮次 */
  round: number;
  /** 状态：reported 待入库、registered 待交办、dispatched 待接单、convening 待会商、handling 办理中、verifying 核查中、resolved 已办结、closed 已销项、rejected 不予入库、merged 已并案 */
  status: "reported" | "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed" | "rejected" | "merged";
  /** 状态，显示用 */
  status_label: string;
  /** 工单件数；诉求人的列表里没有 */
  tickets?: number;
  /** 响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  tier?: "III" | "II" | "I";
  /** 响应级别，显示用 */
  tier_label: string;
  /** 标题 */
  title: string;
  /** 事项类别 */
  topic?: string;
  /** 入库依据，如 不满意件 */
  triggers: string[];
  /** 最近更新时间 */
  updated_at: string;
  /** 版本，每有一个事件加一 */
  version: number;
  /** 为什么是难事，现在在谁手里、从什么时候起、退过几次，一句话 */
  why: string;
}

export interface Submission {
  /** 答复诉求人的话 */
  answer?: string;
  /** 时间 */
  at: string;
  /** 经办人 */
  by: string;
  /** 佐证材料 */
  evidence?: string[];
  /** 结论：solved 实际解决、explained 解释说明 */
  outcome: "solved" | "explained";
  /** 办理结果 */
  result: string;
  /** 轮次 */
  round: number;
}

export interface SubmitCommand {
  /** 答复诉求人的话：办结后诉求人看到的只有这一段，不写姓名、电话；不填则只看到办理结果的类别 */
  answer?: string;
  /** 佐证材料：附件的 id，或写明材料是什么、存在哪里 */
  evidence: string[];
  /** 实际解决或解释说明：solved 实际解决、explained 解释说明 */
  outcome: "solved" | "explained";
  /** 办理结果 */
  result: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Subscription {
  /** 还可发送的次数（一次性订阅） */
  remaining: number;
  /** 长期有效 */
  standing: boolean;
  /** 模板编号 */
  template: string;
}

export interface SubscriptionAnswer {
  /** wx.requestSubscribeMessage 返回的结果，原样填写 */
  result: "accept" | "acceptWithAudio" | "acceptWithAlert" | "acceptWithForcePush" | "reject" | "ban" | "filter";
  /** 模板编号 */
  template: string;
}

export interface Subscriptions {
  /** 这一页 */
  items: Subscription[];
}

export interface SuperviseCommand {
  /** 督办期限 */
  due_at: string;
  /** 督办要求 */
  text: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface SwitchSideRequest {
  /** 换成哪种身份 */
  as: "staff" | "resident";
}

export interface TakeCommand {
  /** 说明 */
  note?: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface TaskForce {
  /** special_group 专项小组（Ⅱ级）、special_team 工作专班（Ⅰ级） */
  kind: string;
  /** 专项小组（工作专班）负责人 */
  leader: string;
  /** 负责人以哪个单位人员的身份负责 */
  leader_within?: string;
  /** 成员 */
  members: Member[];
  /** 解决方案 */
  plan: string;
  /** 第几次响应时组建 */
  stage: number;
}

export interface TaskView {
  /** 任务交给谁（岗位或人员） */
  addressee: string;
  /** 任务交给谁，显示用 */
  addressee_name: string;
  /** 交办人以什么身份交办 */
  asked_as: Capacity;
  /** 交办时间 */
  asked_at: string;
  /** 交办人 */
  asked_by?: string;
  /** 交办人姓名 */
  asked_by_name?: string;
  /** 期限 */
  due_at: string;
  /** 结束时间 */
  ended_at?: string;
  /** 结束任务的人 */
  ended_by?: string;
  /** 依据或佐证材料 */
  evidence?: string[];
  /** 编号，不变 */
  id: string;
  /** 类别：support 协办、duty 成员职责、onsite 现场核实 */
  kind: "support" | "duty" | "onsite";
  /** 到场核实、拍照的时间（以手机为准）；没有网络时早于提交的时间 */
  on_site_at?: string;
  /** 完成情况，或不能承担、撤回的理由 */
  result?: string;
  /** 所在的第几次响应 */
  stage: number;
  /** 状态：given 待接受、accepted 已接受、finished 已完成、declined 不能承担、withdrawn 已撤回 */
  status: "given" | "accepted" | "finished" | "declined" | "withdrawn";
  /** 接受时间 */
  taken_at?: string;
  /** 接受任务的人 */
  taken_by?: string;
  /** 任务内容 */
  text: string;
  /** 交给个人的任务：以哪个单位人员的身份承担 */
  within?: string;
}

export interface Team {
  /** 计数上限；达到即“1000+” */
  cap: number;
  /** 哪个部门 */
  department: Named;
  /** 您负责的部门；不止一个的以 department_id 选 */
  departments: Named[];
  /** 本部门的承办人，在办难事多的在前，没有的为 0；没有指定承办人的排在最前，id 为 none */
  members: TeamMember[];
  /** 本部门牵头的在办难事 */
  open: number;
}

export interface TeamCase {
  /** 现在可以更换承办人（POST /cases/{id}/assign） */
  assignable: boolean;
  /** 本级响应期限 */
  clock?: ClockView;
  /** 村居 */
  community?: Named;
  /** 服务对象：livelihood 民生、business 商企 */
  domain?: "livelihood" | "business";
  /** 综合网格 */
  grid?: Named;
  /** 专门负责人（承办人） */
  handler?: Named;
  /** 编号，不变 */
  id: string;
  /** 牵头部门 */
  lead_department?: Named;
  /** 难事编号，如 NS2026-000042 */
  number: string;
  /** 地点 */
  place?: string;
  /** 对诉求人的承诺；只有诉求人看到 */
  promise?: Promise;
  /** 等您评价；只有诉求人看到 */
  rateable?: boolean;
  /** 轮次 */
  round: number;
  /** 状态：reported 待入库、registered 待交办、dispatched 待接单、convening 待会商、handling 办理中、verifying 核查中、resolved 已办结、closed 已销项、rejected 不予入库、merged 已并案 */
  status: "reported" | "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed" | "rejected" | "merged";
  /** 状态，显示用 */
  status_label: string;
  /** 工单件数；诉求人的列表里没有 */
  tickets?: number;
  /** 响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  tier?: "III" | "II" | "I";
  /** 响应级别，显示用 */
  tier_label: string;
  /** 标题 */
  title: string;
  /** 事项类别 */
  topic?: string;
  /** 入库依据，如 不满意件 */
  triggers: string[];
  /** 最近更新时间 */
  updated_at: string;
  /** 版本，每有一个事件加一 */
  version: number;
}

export interface TeamMember {
  /** 专门负责人（承办人） */
  handler: Named;
  /** 其中已过期限的 */
  late: number;
  /** 在办 */
  open: number;
}

export interface TemplateToAsk {
  /** 模板编号（tmplIds） */
  id: string;
  /** 还可发送的次数（一次性订阅） */
  remaining: number;
}

export interface TicketAnswer {
  /** 答复诉求人的话，大白话 */
  words: string;
}

export interface TicketHop {
  /** 时间 */
  at?: string;
  /** 代表几个部门 */
  count: number;
  /** 部门 */
  department?: string;
  /** 出处：从何处读到 */
  from: string;
  /** 工单号 */
  order_no?: string;
  /** 原文 */
  quote?: string;
  /** 退单原因，原文 */
  reason?: string;
}

export interface TicketLink {
  /** 出处：从何处读到 */
  from: string;
  /** 类别：reassigned 重新交办、dispatched 最近派发、closed 最近办结、repeat 重复工单、related 关联工单、mention 文中提到 */
  kind: "reassigned" | "dispatched" | "closed" | "repeat" | "related" | "mention";
  /** 工单号 */
  order_no: string;
  /** 原文 */
  quote?: string;
}

export interface TicketPushedRequester {
  /** 企业的联系人 */
  contact?: string;
  /** 身份证号；企业为统一社会信用代码 */
  id_number?: string;
  /** 诉求人类型：person 个人、enterprise 企业；默认个人 */
  kind?: "person" | "enterprise";
  /** 姓名或企业名称 */
  name?: string;
  /** 联系电话 */
  phone?: string;
}

export interface TicketRef {
  /** 受理时间 */
  accepted_at: string;
  /** 并入时间 */
  attached_at: string;
  /** 编号，不变 */
  id: string;
  /** 工单号 */
  order_no: string;
  /** 诉求人标识（不含电话） */
  requester?: string;
  /** 来源：hotline 12345热线、petition 信访、opinion 舆情、department 部门发现、grid 网格上报、resident 居民自报 */
  source: "hotline" | "petition" | "opinion" | "department" | "grid" | "resident";
}

export interface TicketSearch {
  /** 上一页的 next */
  cursor?: string;
  /** 身份证号或统一社会信用代码 */
  id_number?: string;
  /** 每页多少条 */
  limit?: number;
  /** 电话；与 id_number 二选一 */
  phone?: string;
}

export interface TicketTaken {
  /** 所在的难事（编号） */
  case?: Named;
  /** 需要留意之处 */
  hints?: string[];
  /** 相同 Idempotency-Key 的请求先前已经登记，这次没有再登记 */
  replayed: boolean;
  /** 登记的工单，已脱敏 */
  ticket: TicketView;
}

export interface TicketView {
  /** 受理时间 */
  accepted_at: string;
  /** 来源给出了时刻；否则只有日期 */
  accepted_has_time: boolean;
  /** 地址 */
  address?: string;
  /** 难事的 id */
  case_id?: string;
  /** 一级至五级分类 */
  category: string[];
  /** 来源的办结时间 */
  closed_at?: string;
  /** 村居 */
  community?: string;
  /** 诉求内容 */
  content?: string;
  /** 部门 */
  department?: string;
  /** 未接单的部门 */
  hops?: TicketHop[];
  /** 编号，不变 */
  id: string;
  /** 工单类型 */
  kind?: string;
  /** 指向的其他工单 */
  links?: TicketLink[];
  /** 诉求人在地图上选了位置：正在办理的人用 POST /tickets/{id}/unmask 查看；列表里没有 */
  located?: boolean;
  /** 所属的事项：同一地点、同一件事的工单在一个事项里 */
  matter_id?: string;
  /** 工单号 */
  order_no: string;
  /** 办理答复 */
  reply?: string;
  /** 诉求人，已脱敏 */
  requester_name?: string;
  /** 电话，已脱敏 */
  requester_phone?: string;
  /** satisfied 满意、mostly 基本满意、fair 一般、dissatisfied 不满意 */
  satisfaction?: "satisfied" | "mostly" | "fair" | "dissatisfied";
  /** 来源：hotline 12345热线、petition 信访、opinion 舆情、department 部门发现、grid 网格上报、resident 居民自报 */
  source: "hotline" | "petition" | "opinion" | "department" | "grid" | "resident";
  /** 来源，显示用 */
  source_label: string;
  /** 标题 */
  title?: string;
}

export interface TierCount {
  /** 如：Ⅱ级 */
  label: string;
  /** 其中已过期限的；未定级的，是城运中心入库、交办的期限 */
  late: number;
  /** 其中还有 1 个工作日以内到期的 */
  near: number;
  /** 在办；未定级的，是还没有入库、交办的 */
  open: number;
  /** 响应级别；none 未定级：待入库、待交办：I Ⅰ级、II Ⅱ级、III Ⅲ级、none 未定级 */
  tier: "I" | "II" | "III" | "none";
}

export interface Tiers {
  /** 既能看全街道，又有自己分管的：以 own 区分 */
  both: boolean;
  /** 计数上限；达到即“1000+” */
  cap: number;
  /** 看的是哪些难事，如：全街道 */
  scope: string;
  /** Ⅰ级在前 */
  tiers: TierCount[];
}

export interface TimelineItem {
  /** 生效时间；到期自动发生的，为到期的时间 */
  at: string;
  /** 这一步带来的附件的 id，您能看到的 */
  attachments?: string[];
  /** 改动的字段 */
  changes?: Change[];
  /** 事件：操作的名称，或系统自动记录的类别 */
  kind: string;
  /** 诉求人可见 */
  public: boolean;
  /** 处理时间 */
  recorded_at: string;
  /** 系统的例行提醒，只是又提醒了一次：相邻的可以收成一行 */
  routine?: boolean;
  /** 序号 */
  seq: number;
  /** 一句话说明 */
  text: string;
  /** 谁，以什么身份；代办时写明代谁 */
  who: string;
}

export interface TodoItem {
  /** 难事的 id */
  case_id: string;
  /** 本级响应期限 */
  clock?: ClockView;
  /** 以什么身份办理 */
  for: string;
  /** 专门负责人（承办人） */
  handler?: Named;
  /** 类别：register 待入库、dispatch 待交办、accept 待接单、convene 待会商、contact 待先行联系、handle 待办理、verify 待核查、callback 待回访、hearing 待汇报、support 待协办、duty 待办成员职责、onsite 待现场核实、order 待答复督办 */
  kind: "register" | "dispatch" | "accept" | "convene" | "contact" | "handle" | "verify" | "callback" | "hearing" | "support" | "duty" | "onsite" | "order";
  /** 类别，显示用 */
  kind_label: string;
  /** 牵头部门 */
  lead_department?: Named;
  /** 难事编号，如 NS2026-000042 */
  number: string;
  /** 任务或督办单编号 */
  ref?: string;
  /** 状态：reported 待入库、registered 待交办、dispatched 待接单、convening 待会商、handling 办理中、verifying 核查中、resolved 已办结、closed 已销项、rejected 不予入库、merged 已并案 */
  status: "reported" | "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed" | "rejected" | "merged";
  /** 响应级别：III Ⅲ级、II Ⅱ级、I Ⅰ级 */
  tier?: "III" | "II" | "I";
  /** 响应级别，显示用 */
  tier_label: string;
  /** 标题 */
  title: string;
}

export interface TodoPage {
  /** 计数上限；达到即“1000+” */
  cap: number;
  /** 这一页 */
  items: TodoItem[];
  /** 下一页的 cursor；没有则已到末尾 */
  next?: string;
  /** 第一页才有：您有不止一个岗位会有待办时，各岗位有几件，可用 post 只看一个 */
  posts?: TodoPost[];
}

export interface TodoPost {
  /** 几件。说不出是以哪个岗位办的，各岗位都计 */
  count: number;
  /** 岗位，显示用；代办的写明代谁 */
  label: string;
  /** 岗位，如 department_head:D1 */
  post: string;
}

export interface TokensView {
  /** 访问令牌，放在 Authorization: Bearer 里 */
  access_token: string;
  /** 访问令牌的有效期；到期前后用 refresh_token 换新 */
  access_until: string;
  /** 换取新令牌用，只能用一次；放在 Cookie 里时不返回 */
  refresh_token?: string;
  /** 登录的最长期限；一段时间没有操作会提前结束 */
  refresh_until: string;
  /** 这次登录的编号 */
  session_id: string;
}

export interface TopicBranch {
  /** 服务对象：livelihood 民生、business 商企 */
  domain: "livelihood" | "business";
  /** 名称 */
  name: string;
  /** 二级类别 */
  topics: TopicLeaf[];
}

export interface TopicFigures {
  /** 不满意的评价 */
  dissatisfied: number;
  /** 入库 */
  entered: number;
  /** 升级、提级 */
  escalated: number;
  /** 办结 */
  resolved: number;
  /** 事项类别的第一级；没有归类的为“未归类” */
  topic: string;
}

export interface TopicLeaf {
  /** 名称 */
  name: string;
  /** 填入 topic 的值 */
  value: string;
}

export interface TopicTree {
  /** 程序自带的类别，本街道还没有载入自己的 */
  shipped: boolean;
  /** 一级类别 */
  topics: TopicBranch[];
  /** 版本，每有一个事件加一 */
  version: number;
}

export interface TransferCommand {
  /** 牵头部门的 id */
  lead_department_id: string;
  /** 转办理由 */
  reason: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Trigger {
  /** 时间 */
  at: string;
  /** 逐条依据 */
  evidence?: Evidence[];
  /** 类别：unaccepted 多部门未接单、reassigned 多次重新交办、dissatisfied 不满意件、burst 当日集中来电、hot_topic 高频热点、long_unresolved 长期未解决、cross 三跨或流程复杂、manual 人工上报 */
  kind: "unaccepted" | "reassigned" | "dissatisfied" | "burst" | "hot_topic" | "long_unresolved" | "cross" | "manual";
  /** 按件计数的规则涉及的人数：同一人重复来电只计一人，未留诉求人的不计 */
  people?: number;
  /** 一句话说明 */
  summary: string;
}

export interface Unbinding {
  /** 手机丢失：两种身份都解绑，用它扫码登录的电脑也退出；工作身份今后凭邀请码才能再绑定 */
  lost?: boolean;
}

export interface Unmask {
  /** 要看哪些：phone 电话、name 姓名、id_number 证件号码、address 详细地址、location 位置、text 全文 */
  fields: ("phone" | "name" | "id_number" | "address" | "location" | "text")[];
  /** 为什么要看，如“先行联系诉求人”；记入审计日志 */
  reason: string;
}

export interface Unmasked {
  /** 详细地址 */
  address?: string;
  /** 企业联系人 */
  contact?: string;
  /** 诉求内容 */
  content?: string;
  /** 市民反馈说明 */
  feedback?: string;
  /** 身份证号或统一社会信用代码 */
  id_number?: string;
  /** 诉求人在地图上选的位置 */
  location?: Location;
  /** 诉求人姓名或企业名称 */
  name?: string;
  /** 电话 */
  phone?: string;
  /** 办理答复 */
  reply?: string;
  /** 工单的 id */
  ticket_id: string;
  /** 标题 */
  title?: string;
}

export interface UploadView {
  /** 像素 */
  height?: number;
  /** 完成后也是附件的 id */
  id: string;
  /** 每段的字节数，最后一段为余下的 */
  part_bytes: number;
  /** 共几段，从 0 起编号 */
  parts: number;
  /** 已经收妥的段；断线后只须补传其余的 */
  received: number[];
  /** 留存的字节数 */
  size?: number;
  /** uploading 上传中；ready 已完成，还没有用；kept 已用在难事里 */
  state: "uploading" | "ready" | "kept";
  /** image/jpeg、image/png 或 application/pdf */
  type?: string;
  /** 到这时还没有用，就会删除 */
  until: string;
  /** 像素 */
  width?: number;
}

export interface VacancyView {
  /** 显示用的名称 */
  label: string;
  /** 岗位：resident 诉求人、liaison 网格联络员、community 村居、handler 承办人、department_head 部门负责人、deputy_leader 业务分管领导、grid_chief 综合网格长、party_secretary 网格党组织书记、coordinator 全科型协调专员、principal_leader 主要领导、leading_group 领导小组、centre 城运中心、supervisor 党政办（督查）、system_admin 系统管理员、security_admin 安全管理员、auditor 审计员 */
  role: "resident" | "liaison" | "community" | "handler" | "department_head" | "deputy_leader" | "grid_chief" | "party_secretary" | "coordinator" | "principal_leader" | "leading_group" | "centre" | "supervisor" | "system_admin" | "security_admin" | "auditor";
  /** 由谁代行；空表示只通知城运中心 */
  step_in: Named[];
  /** 部门、网格或村居的 id */
  unit?: string;
}

export interface Verification {
  /** 时间 */
  at: string;
  /** 经办人 */
  by: string;
  /** 核查意见 */
  finding: string;
  /** 结论：solved 实际解决、explained 解释说明 */
  outcome?: "solved" | "explained";
  /** 核查通过 */
  passed: boolean;
  /** 轮次 */
  round: number;
}

export interface VerifyFailCommand {
  /** 附件的 id：上传完成、尚未使用的，或本难事已有的 */
  attachments?: string[];
  /** 核查意见 */
  finding: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface VerifyPassCommand {
  /** 附件的 id：上传完成、尚未使用的，或本难事已有的 */
  attachments?: string[];
  /** 核查意见 */
  finding: string;
  /** 核查结论：solved 实际解决、explained 解释说明 */
  outcome: "solved" | "explained";
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface Wait {
  /** 到什么时候 */
  clock: ClockView;
  /** 类别：register 待入库、dispatch 待交办、accept 待接单、convene 待会商、contact 待先行联系、handle 待办理、verify 待核查、callback 待回访、hearing 待汇报、support 待协办、duty 待办成员职责、onsite 待现场核实、order 待答复督办 */
  kind: "register" | "dispatch" | "accept" | "convene" | "contact" | "handle" | "verify" | "callback" | "hearing" | "support" | "duty" | "onsite" | "order";
  /** 类别，显示用 */
  kind_label: string;
}

export interface WaitingTicket {
  /** 受理时间 */
  accepted_at: string;
  /** 来源给出了时刻；否则只有日期 */
  accepted_has_time: boolean;
  /** 地址 */
  address?: string;
  /** 难事的 id */
  case_id?: string;
  /** 一级至五级分类 */
  category: string[];
  /** 来源的办结时间 */
  closed_at?: string;
  /** 村居 */
  community?: string;
  /** 诉求内容 */
  content?: string;
  /** 部门 */
  department?: string;
  /** 未接单的部门 */
  hops?: TicketHop[];
  /** 编号，不变 */
  id: string;
  /** 类别 */
  kind?: string;
  /** 指向的其他工单 */
  links?: TicketLink[];
  /** 诉求人在地图上选了位置：正在办理的人用 POST /tickets/{id}/unmask 查看；列表里没有 */
  located?: boolean;
  /** 所属的事项：同一地点、同一件事的工单在一个事项里 */
  matter_id?: string;
  /** 工单号 */
  order_no: string;
  /** 还没有人处理的，到哪一天自动列为待入库 */
  proposed?: string;
  /** 办理答复 */
  reply?: string;
  /** 诉求人，已脱敏 */
  requester_name?: string;
  /** 电话，已脱敏 */
  requester_phone?: string;
  /** satisfied 满意、mostly 基本满意、fair 一般、dissatisfied 不满意 */
  satisfaction?: "satisfied" | "mostly" | "fair" | "dissatisfied";
  /** 来源：hotline 12345热线、petition 信访、opinion 舆情、department 部门发现、grid 网格上报、resident 居民自报 */
  source: "hotline" | "petition" | "opinion" | "department" | "grid" | "resident";
  /** 来源，显示用 */
  source_label: string;
  /** 标题 */
  title?: string;
  /** 看内容是什么类别；拿不准的没有 */
  topic?: string;
  /** 等了多久，显示用 */
  waits: string;
}

export interface WaitingTicketView {
  /** 受理时间 */
  accepted_at: string;
  /** 来源给出了时刻；否则只有日期 */
  accepted_has_time: boolean;
  /** 地址 */
  address?: string;
  /** 现在所在的难事（编号） */
  case?: Named;
  /** 难事的 id */
  case_id?: string;
  /** 纳入难事时建议的标题 */
  case_title: string;
  /** 一级至五级分类 */
  category: string[];
  /** 来源的办结时间 */
  closed_at?: string;
  /** 村居 */
  community?: string;
  /** 诉求内容 */
  content?: string;
  /** 部门 */
  department?: string;
  /** 未接单的部门 */
  hops?: TicketHop[];
  /** 编号，不变 */
  id: string;
  /** 类别 */
  kind?: string;
  /** 指向的其他工单 */
  links?: TicketLink[];
  /** 诉求人在地图上选了位置：用 POST /tickets/{id}/unmask 查看 */
  located: boolean;
  /** 所属的事项：同一地点、同一件事的工单在一个事项里 */
  matter_id?: string;
  /** 还在等处理：可以纳入难事、并入或答复 */
  open: boolean;
  /** 工单号 */
  order_no: string;
  /** 还没有人处理的，到哪一天自动列为待入库 */
  proposed?: string;
  /** 办理答复 */
  reply?: string;
  /** 诉求人，已脱敏 */
  requester_name?: string;
  /** 电话，已脱敏 */
  requester_phone?: string;
  /** satisfied 满意、mostly 基本满意、fair 一般、dissatisfied 不满意 */
  satisfaction?: "satisfied" | "mostly" | "fair" | "dissatisfied";
  /** 可能是同一件事的，最像的在前 */
  similar: Similar[];
  /** 来源：hotline 12345热线、petition 信访、opinion 舆情、department 部门发现、grid 网格上报、resident 居民自报 */
  source: "hotline" | "petition" | "opinion" | "department" | "grid" | "resident";
  /** 来源，显示用 */
  source_label: string;
  /** 显示用 */
  state_label: string;
  /** 标题 */
  title?: string;
  /** 看内容是什么类别；拿不准的没有 */
  topic?: string;
  /** 等了多久，显示用 */
  waits: string;
}

export interface WeChatCode {
  /** 登录返回的 bind_ticket，10 分钟内有效，用一次 */
  bind_ticket: string;
  /** 身份验证器的 6 位验证码，或恢复码 */
  code: string;
}

export interface WeChatInvite {
  /** 登录返回的 bind_ticket，10 分钟内有效，用一次 */
  bind_ticket: string;
  /** 邀请码，扫小程序码时为 scene */
  invitation: string;
}

export interface WeChatLogin {
  /** 以哪种身份登录：staff 工作人员、resident 居民；不填则有工作身份的为工作人员 */
  as?: "staff" | "resident";
  /** wx.login 的 code，只能用一次，5 分钟内有效 */
  code: string;
}

export interface WeChatPhone {
  /** 绑定为哪种身份；不填则登记在册的为工作人员，其他人为居民 */
  as?: "staff" | "resident";
  /** 登录返回的 bind_ticket，10 分钟内有效，用一次 */
  bind_ticket: string;
  /** 手机号按钮返回的 code（不是 wx.login 的） */
  phone_code: string;
  /** 所同意的隐私政策的版本；只绑定工作人员（as 为 staff）时不用 */
  privacy_version?: number;
}

export interface WeChatProgress {
  /** 已登录时：以哪种身份 */
  as?: "staff" | "resident";
  /** 后续步骤的凭证 */
  bind_ticket?: string;
  /** 须在此前完成后续步骤 */
  expires_at?: string;
  /** 还需要：binding 绑定，second_factor 验证码，invitation 系统管理员出具的邀请码（凭 bind_ticket 用邀请码重新绑定），consent 同意更新后的隐私政策；没有则已登录 */
  need?: "binding" | "second_factor" | "invitation" | "consent";
  /** 已登录时：可以切换的身份 */
  sides?: string[];
  /** 已登录时：令牌 */
  tokens?: TokensView;
}

export interface WeChatView {
  /** 绑定了微信 */
  bound: boolean;
  /** 关注了公众号 */
  follows: boolean;
  /** 居民绑定的手机号 */
  phones: PhoneView[];
  /** 这个微信可以用的身份 */
  sides: string[];
}

export interface WithdrawTaskCommand {
  /** 撤回理由 */
  reason: string;
  /** 任务编号 */
  task_id: string;
  /** 您看到的难事版本；办理前有人更新过则拒绝（409） */
  version: number;
}

export interface WorkItem {
  /** 期限 */
  due_at?: string;
  /** 由谁接手；空表示到此为止 */
  falls_to: string;
  /** 难事编号；AB角没有 */
  number: string;
  /** 以什么身份 */
  part: "handler" | "offer" | "coordinator" | "leader" | "task" | "asked" | "sponsor" | "delegation";
  /** 以什么身份，显示用 */
  part_label: string;
  /** 在谁手里 */
  person: Named;
  /** 任务编号或部门 */
  ref?: string;
  /** 难事的状态 */
  status?: string;
}

/** What each operation takes and answers. */
export interface Operations {
  /** 登录：登录名和密码 */
  sign_in: { path: None; query: None; body: Login; answer: SignInProgress };
  /** 退出登录 */
  sign_out: { path: None; query: None; body: undefined; answer: undefined };
  /** 换取新的令牌 */
  refresh_session: { path: None; query: None; body: RefreshInputBody; answer: TokensView };
  /** 手机扫码后：确认或拒绝登录 */
  answer_scan: { path: None; query: None; body: AnswerScanRequest; answer: undefined };
  /** 手机扫码后：要登录的电脑在哪里 */
  look_at_scan: { path: None; query: None; body: ScanScene; answer: ScanPlace };
  /** 我在哪些地方登录着，新的在前 */
  list_sessions: { path: None; query: None; body: undefined; answer: SessionList };
  /** 结束我的其他登录 */
  end_other_sessions: { path: None; query: None; body: undefined; answer: EndedSessions };
  /** 结束我的一个登录 */
  end_session: { path: { id: string }; query: None; body: undefined; answer: undefined };
  /** 在工作人员和居民身份之间切换 */
  switch_side: { path: None; query: None; body: SwitchSideRequest; answer: WeChatProgress };
  /** 微信登录 */
  sign_in_wechat: { path: None; query: None; body: WeChatLogin; answer: WeChatProgress };
  /** 微信登录步骤：输入验证码（need 为 second_factor） */
  bind_wechat_code: { path: None; query: None; body: WeChatCode; answer: WeChatProgress };
  /** 微信登录步骤：同意更新后的隐私政策（need 为 consent） */
  bind_wechat_consent: { path: None; query: None; body: BindWechatConsentRequest; answer: WeChatProgress };
  /** 微信登录步骤：工作人员用邀请码绑定 */
  bind_wechat_invitation: { path: None; query: None; body: WeChatInvite; answer: WeChatProgress };
  /** 微信登录步骤：用手机号绑定 */
  bind_wechat_phone: { path: None; query: None; body: WeChatPhone; answer: WeChatProgress };
  /** 微信登录步骤：居民暂不绑定手机号 */
  bind_wechat_visitor: { path: None; query: None; body: BindWechatVisitorRequest; answer: WeChatProgress };
  /** 难事列表，先到期的在前 */
  list_cases: { path: None; query: { view?: "mine" | "own" | "claimable"; status?: "reported" | "registered" | "dispatched" | "convening" | "handling" | "verifying" | "resolved" | "closed" | "rejected" | "merged"; all?: boolean; tier?: "III" | "II" | "I"; lead_department_id?: string; grid_id?: string; domain?: "livelihood" | "business"; overdue?: boolean; cursor?: string; limit?: number }; body: undefined; answer: PageCaseItem };
  /** 上报难事，待城运中心入库 */
  report_case: { path: None; query: None; body: Report; answer: CommandResult };
  /** 直接纳入项目库 */
  register_case: { path: None; query: None; body: Register; answer: CommandResult };
  /** 我上报的，新的在前 */
  list_reported_cases: { path: None; query: { cursor?: string; limit?: number }; body: undefined; answer: PageReportedCase };
  /** 领导：哪些难事还没解决、为什么，先到期的在前 */
  list_stuck_cases: { path: None; query: { tier?: "I" | "II" | "III" | "none"; own?: boolean; due?: "late" | "near"; cursor?: string; limit?: number }; body: undefined; answer: PageStuckCase };
  /** 部门负责人：本部门牵头的在办难事，先到期的在前 */
  list_team_cases: { path: None; query: { department_id?: string; handler?: string; cursor?: string; limit?: number }; body: undefined; answer: PageTeamCase };
  /** 部门负责人：每位承办人手里有几件 */
  count_team: { path: None; query: { department_id?: string }; body: undefined; answer: Team };
  /** 领导：各级在办、超期、临期的件数 */
  count_tiers: { path: None; query: { own?: boolean }; body: undefined; answer: Tiers };
  /** 一件难事，及您现在可以进行的操作 */
  get_case: { path: { id: string }; query: None; body: undefined; answer: CaseView };
  /** 接单 */
  case_accept: { path: { id: string }; query: None; body: AcceptCommand; answer: CommandResult };
  /** 接受任务 */
  case_accept_task: { path: { id: string }; query: None; body: AcceptTaskCommand; answer: CommandResult };
  /** 调整部署 */
  case_amend: { path: { id: string }; query: None; body: AmendCommand; answer: CommandResult };
  /** 答复督办 */
  case_answer: { path: { id: string }; query: None; body: AnswerOrderCommand; answer: CommandResult };
  /** 请联络员现场核实 */
  case_ask_onsite: { path: { id: string }; query: None; body: AskOnSiteCommand; answer: CommandResult };
  /** 请求协办 */
  case_ask_support: { path: { id: string }; query: None; body: AskSupportCommand; answer: CommandResult };
  /** 指定人员 */
  case_assign: { path: { id: string }; query: None; body: AssignCommand; answer: CommandResult };
  /** 并入工单 */
  case_attach: { path: { id: string }; query: None; body: AttachTicketCommand; answer: CommandResult };
  /** 难事的附件，先上传的在前 */
  list_case_attachments: { path: { id: string }; query: { cursor?: string; limit?: number }; body: undefined; answer: PageAttachmentView };
  /** 结转续办 */
  case_carry_over: { path: { id: string }; query: None; body: CarryOverCommand; answer: CommandResult };
  /** 认领 */
  case_claim: { path: { id: string }; query: None; body: ClaimCommand; answer: CommandResult };
  /** 分类定格 */
  case_classify: { path: { id: string }; query: None; body: ClassifyCommand; answer: CommandResult };
  /** 回访确认不满意 */
  case_confirm_dissatisfaction: { path: { id: string }; query: None; body: ConfirmDissatisfactionCommand; answer: CommandResult };
  /** 先行联系 */
  case_contact: { path: { id: string }; query: None; body: ContactCommand; answer: CommandResult };
  /** 会商部署 */
  case_convene: { path: { id: string }; query: None; body: ConveneCommand; answer: CommandResult };
  /** 协调处置 */
  case_coordinate: { path: { id: string }; query: None; body: CoordinateCommand; answer: CommandResult };
  /** 说明不能承担 */
  case_decline_task: { path: { id: string }; query: None; body: DeclineTaskCommand; answer: CommandResult };
  /** 移出工单 */
  case_detach: { path: { id: string }; query: None; body: DetachCommand; answer: CommandResult };
  /** 回访后维持办结 */
  case_dismiss_dissatisfaction: { path: { id: string }; query: None; body: DismissDissatisfactionCommand; answer: CommandResult };
  /** 交办 */
  case_dispatch: { path: { id: string }; query: None; body: DispatchCommand; answer: CommandResult };
  /** 升级响应 */
  case_escalate: { path: { id: string }; query: None; body: EscalateCommand; answer: CommandResult };
  /** 为什么是难事：每条依据和它所在的工单 */
  list_case_evidence: { path: { id: string }; query: { cursor?: string; limit?: number }; body: undefined; answer: EvidencePage };
  /** 完成任务 */
  case_finish_task: { path: { id: string }; query: None; body: FinishTaskCommand; answer: CommandResult };
  /** 挂账 */
  case_hold_over: { path: { id: string }; query: None; body: HoldOverCommand; answer: CommandResult };
  /** 难事的位置：上报的、现场核实的、诉求人标的 */
  list_case_locations: { path: { id: string }; query: { cursor?: string; limit?: number }; body: undefined; answer: PageLocationView };
  /** 并案 */
  case_merge: { path: { id: string }; query: None; body: MergeCommand; answer: CommandResult };
  /** 难事的诉求人补充的情况和照片，先提交的在前 */
  list_case_notes: { path: { id: string }; query: { cursor?: string; limit?: number }; body: undefined; answer: PageNoteView };
  /** 启动Ⅰ级 */
  case_open_at_i: { path: { id: string }; query: None; body: OpenAtICommand; answer: CommandResult };
  /** 提级启动Ⅱ级 */
  case_open_at_ii: { path: { id: string }; query: None; body: OpenAtIICommand; answer: CommandResult };
  /** 记录进展 */
  case_progress: { path: { id: string }; query: None; body: ProgressCommand; answer: CommandResult };
  /** 这件难事向居民公开了什么，现在可以怎样 */
  get_publication: { path: { id: string }; query: None; body: undefined; answer: PublicationView };
  /** 向居民公开一件难事，或改写公开的文字 */
  publish_case: { path: { id: string }; query: None; body: NewPublication; answer: PublicationView };
  /** 写办成的故事，或改写 */
  tell_story: { path: { id: string }; query: None; body: NewStory; answer: PublicationView };
  /** 撤回公开，居民立即看不到，办成的故事也一起撤回 */
  withdraw_publication: { path: { id: string }; query: None; body: undefined; answer: PublicationView };
  /** 评价 */
  case_rate: { path: { id: string }; query: None; body: RateCommand; answer: CommandResult };
  /** 纳入项目库 */
  case_register: { path: { id: string }; query: None; body: RegistrationCommand; answer: CommandResult };
  /** 不予入库 */
  case_reject: { path: { id: string }; query: None; body: RejectCommand; answer: CommandResult };
  /** 催办 */
  case_remind: { path: { id: string }; query: None; body: RemindCommand; answer: CommandResult };
  /** 退单 */
  case_return: { path: { id: string }; query: None; body: ReturnCommand; answer: CommandResult };
  /** 拆出并案 */
  case_split: { path: { id: string }; query: None; body: SplitCommand; answer: CommandResult };
  /** 销项 */
  case_strike_off: { path: { id: string }; query: None; body: StrikeOffCommand; answer: CommandResult };
  /** 提交办结 */
  case_submit: { path: { id: string }; query: None; body: SubmitCommand; answer: CommandResult };
  /** 督办 */
  case_supervise: { path: { id: string }; query: None; body: SuperviseCommand; answer: CommandResult };
  /** 领题 */
  case_take: { path: { id: string }; query: None; body: TakeCommand; answer: CommandResult };
  /** 难事中的工单，新的在前 */
  list_case_tickets: { path: { id: string }; query: { cursor?: string; limit?: number }; body: undefined; answer: PageTicketView };
  /** 难事的时间线 */
  get_timeline: { path: { id: string }; query: { after?: number; limit?: number; changes?: boolean }; body: undefined; answer: PageTimelineItem };
  /** 转办 */
  case_transfer: { path: { id: string }; query: None; body: TransferCommand; answer: CommandResult };
  /** 核查不通过 */
  case_verify_fail: { path: { id: string }; query: None; body: VerifyFailCommand; answer: CommandResult };
  /** 核查通过 */
  case_verify_pass: { path: { id: string }; query: None; body: VerifyPassCommand; answer: CommandResult };
  /** 撤回任务 */
  case_withdraw_task: { path: { id: string }; query: None; body: WithdrawTaskCommand; answer: CommandResult };
  /** 正在填写的内容是什么类别 */
  propose_class: { path: None; query: None; body: Described; answer: ClassView };
  /** 我的AB角，开始晚的在前 */
  list_delegations: { path: None; query: { over?: boolean; after?: string; limit?: number }; body: undefined; answer: PageDelegationView };
  /** 请同事代为办理（AB角） */
  create_delegation: { path: None; query: None; body: NewDelegation; answer: DelegationView };
  /** 提前结束AB角 */
  end_delegation: { path: { id: string }; query: None; body: undefined; answer: undefined };
  /** 统计：逐月或逐周，按部门、按事项类别 */
  get_figures: { path: None; query: { by?: "month" | "week"; count?: number; own?: boolean }; body: undefined; answer: Figures };
  /** 附件的内容或缩略图 */
  read_file: { path: { token: string }; query: None; body: undefined; answer: undefined };
  /** 我的消息，新的在前 */
  list_inbox: { path: None; query: { unread?: boolean; before?: string; limit?: number }; body: undefined; answer: PageNoticeItem };
  /** 把消息标为已读 */
  mark_inbox_read: { path: None; query: None; body: ReadNotices; answer: Read };
  /** 我是谁：岗位、代理、权限 */
  get_me: { path: None; query: None; body: undefined; answer: Me };
  /** 居民：取得自己信息的副本 */
  copy_my_data: { path: None; query: None; body: undefined; answer: OwnData };
  /** 企业联系人：我绑定的企业 */
  list_my_enterprises: { path: None; query: None; body: undefined; answer: EnterpriseList };
  /** 企业联系人：绑定企业 */
  add_my_enterprise: { path: None; query: None; body: AddMyEnterpriseRequest; answer: undefined };
  /** 企业联系人：解绑企业 */
  drop_my_enterprise: { path: { id: string }; query: None; body: undefined; answer: undefined };
  /** 居民：删除自己的信息和账号 */
  erase_my_data: { path: None; query: None; body: EraseMyDataRequest; answer: Erasure };
  /** 居民：我委托的家人和委托我的家人 */
  list_my_family: { path: None; query: None; body: undefined; answer: FamilyList };
  /** 居民：接受家人的委托 */
  accept_family: { path: None; query: None; body: AcceptFamilyRequest; answer: undefined };
  /** 居民：委托家人替我查看和办理，取得邀请码 */
  invite_my_family: { path: None; query: None; body: InviteMyFamilyRequest; answer: FamilyInvitation };
  /** 居民：撤回或退出委托，立即生效 */
  end_my_family: { path: { id: string }; query: None; body: undefined; answer: undefined };
  /** 修改我的密码 */
  change_password: { path: None; query: None; body: PasswordChange; answer: undefined };
  /** 居民：绑定手机号 */
  add_my_phone: { path: None; query: None; body: AddMyPhoneRequest; answer: undefined };
  /** 居民：解绑手机号，现有登录立即失效 */
  drop_my_phone: { path: { id: string }; query: None; body: undefined; answer: undefined };
  /** 居民：用什么来反映：绑定的手机号、企业，可选的村居 */
  get_reporter: { path: None; query: None; body: undefined; answer: Reporter };
  /** 居民：我反映的、没有列入难事的工单，新的在前 */
  list_own_reports: { path: None; query: { cursor?: string; limit?: number }; body: undefined; answer: PageOwnReport };
  /** 居民：反映一件新的事 */
  report_matter: { path: None; query: None; body: NewReport; answer: ReportTaken };
  /** 居民：我反映的一件事现在怎样 */
  get_own_report: { path: { id: string }; query: None; body: undefined; answer: ReportTaken };
  /** 重新生成我的恢复码 */
  draw_recovery_codes: { path: None; query: None; body: DrawRecoveryCodesRequest; answer: RecoveryCodes };
  /** 我的微信绑定：身份、公众号、手机号 */
  get_my_wechat: { path: None; query: None; body: undefined; answer: WeChatView };
  /** 取关注公众号的二维码 */
  get_follow_code: { path: None; query: None; body: undefined; answer: FollowView };
  /** 解绑我的微信，凭它登录的立即失效 */
  unbind_my_wechat: { path: None; query: None; body: Unbinding; answer: undefined };
  /** 居民：凭工单号查询进度，不用绑定手机号 */
  look_up_order: { path: None; query: None; body: OrderLookup; answer: Lookup };
  /** 部门、网格、村居和人员，供选择 */
  get_organisation: { path: None; query: None; body: undefined; answer: Directory };
  /** 现行的隐私政策 */
  get_privacy_notice: { path: None; query: None; body: undefined; answer: NoticeView };
  /** 街道公开的事项，新的在前 */
  list_published_matters: { path: None; query: { cursor?: string; limit?: number }; body: undefined; answer: PagePublicMatter };
  /** 居民：正在写的内容像哪些已公开、还在办的事项 */
  find_published_similar: { path: None; query: None; body: FindPublishedSimilarRequest; answer: PublicMatterList };
  /** 居民：我也遇到 */
  me_too: { path: { id: string }; query: None; body: MeTooRequest; answer: MeToo };
  /** 诉求人提交的、待审核的文字和照片，先提交的在前 */
  list_reviews: { path: None; query: { decided?: boolean; cursor?: string; limit?: number }; body: undefined; answer: PageReviewView };
  /** 审核：通过或不通过 */
  decide_review: { path: { id: string }; query: None; body: DecideReviewInputBody; answer: ReviewView };
  /** 办成的事，新的在前 */
  list_stories: { path: None; query: { cursor?: string; limit?: number }; body: undefined; answer: PagePublicStory };
  /** 街道这个月的数字，每个都写明怎样算的 */
  get_street_figures: { path: None; query: None; body: undefined; answer: StreetFigures };
  /** 全部工单，新的在前 */
  list_tickets: { path: None; query: { order_no?: string; source?: "hotline" | "petition" | "opinion" | "department" | "grid" | "resident"; cursor?: string; limit?: number }; body: undefined; answer: PageTicketView };
  /** 登记一件工单（接电话、来访、巡查发现） */
  create_ticket: { path: None; query: None; body: NewTicket; answer: TicketTaken };
  /** 按电话或证件号码查工单，新的在前 */
  search_tickets: { path: None; query: None; body: TicketSearch; answer: PageTicketView };
  /** 登记前查看相似的未了事项 */
  find_similar: { path: None; query: None; body: SimilarQuery; answer: SimilarList };
  /** 居民自报、还不在难事里的工单，新的在前 */
  list_waiting_tickets: { path: None; query: { cursor?: string; limit?: number }; body: undefined; answer: PageWaitingTicket };
  /** 一件居民自报的工单，及可能是同一件事的难事 */
  get_waiting_ticket: { path: { id: string }; query: None; body: undefined; answer: WaitingTicketView };
  /** 一件工单 */
  get_ticket: { path: { id: string }; query: None; body: undefined; answer: TicketView };
  /** 答复一件不属于难事的居民自报 */
  answer_ticket: { path: { id: string }; query: None; body: TicketAnswer; answer: WaitingTicketView };
  /** 工单的诉求人补充的情况和照片，先提交的在前 */
  list_ticket_notes: { path: { id: string }; query: None; body: undefined; answer: NoteList };
  /** 诉求人：在自己的工单里补充情况 */
  add_facts: { path: { id: string }; query: None; body: NewFacts; answer: NoteView };
  /** 把一件居民自报的工单纳入难事 */
  register_ticket: { path: { id: string }; query: None; body: NewCaseOf; answer: CommandResult };
  /** 查看工单的完整个人信息（须写明理由） */
  unmask_ticket: { path: { id: string }; query: None; body: Unmask; answer: Unmasked };
  /** 我的待办，先到期的在前 */
  list_todos: { path: None; query: { post?: string; cursor?: string; limit?: number }; body: undefined; answer: TodoPage };
  /** 待办和未读消息的数量 */
  count_todos: { path: None; query: None; body: undefined; answer: Counts };
  /** 事项类别（两级） */
  list_topics: { path: None; query: None; body: undefined; answer: TopicTree };
  /** 开始上传一个附件（照片、PDF） */
  start_upload: { path: None; query: None; body: NewUpload; answer: UploadView };
  /** 放弃一个还没有使用的上传 */
  drop_upload: { path: { id: string }; query: None; body: undefined; answer: undefined };
  /** 我的一个上传到了哪里 */
  get_upload: { path: { id: string }; query: None; body: undefined; answer: UploadView };
  /** 完成上传 */
  complete_upload: { path: { id: string }; query: None; body: undefined; answer: UploadView };
  /** 上传一段 */
  put_upload_part: { path: { id: string; no: number }; query: None; body: ArrayBuffer; answer: undefined };
  /** 报告我对订阅消息的回答 */
  report_subscriptions: { path: None; query: None; body: ReportedSubscriptions; answer: Subscriptions };
  /** 现在该请我订阅哪些微信消息 */
  list_templates_to_ask: { path: None; query: { scene: "report" | "accept" | "handle" | "inbox" }; body: undefined; answer: Question };
}

/** Method and address of each operation, and whether it takes an Idempotency-Key. */
export const operations: Record<keyof Operations, readonly [method: "GET" | "POST" | "PUT" | "DELETE", path: string, keyed?: true]> = {
  sign_in: ["POST", "/api/v1/auth/login"],
  sign_out: ["POST", "/api/v1/auth/logout"],
  refresh_session: ["POST", "/api/v1/auth/refresh"],
  answer_scan: ["POST", "/api/v1/auth/scan/answer"],
  look_at_scan: ["POST", "/api/v1/auth/scan/look"],
  list_sessions: ["GET", "/api/v1/auth/sessions"],
  end_other_sessions: ["POST", "/api/v1/auth/sessions/end-others"],
  end_session: ["DELETE", "/api/v1/auth/sessions/{id}"],
  switch_side: ["POST", "/api/v1/auth/switch"],
  sign_in_wechat: ["POST", "/api/v1/auth/wechat"],
  bind_wechat_code: ["POST", "/api/v1/auth/wechat/bind/code"],
  bind_wechat_consent: ["POST", "/api/v1/auth/wechat/bind/consent"],
  bind_wechat_invitation: ["POST", "/api/v1/auth/wechat/bind/invitation"],
  bind_wechat_phone: ["POST", "/api/v1/auth/wechat/bind/phone"],
  bind_wechat_visitor: ["POST", "/api/v1/auth/wechat/bind/visitor"],
  list_cases: ["GET", "/api/v1/cases"],
  report_case: ["POST", "/api/v1/cases", true],
  register_case: ["POST", "/api/v1/cases/register", true],
  list_reported_cases: ["GET", "/api/v1/cases/reported"],
  list_stuck_cases: ["GET", "/api/v1/cases/stuck"],
  list_team_cases: ["GET", "/api/v1/cases/team"],
  count_team: ["GET", "/api/v1/cases/team/members"],
  count_tiers: ["GET", "/api/v1/cases/tiers"],
  get_case: ["GET", "/api/v1/cases/{id}"],
  case_accept: ["POST", "/api/v1/cases/{id}/accept", true],
  case_accept_task: ["POST", "/api/v1/cases/{id}/accept_task", true],
  case_amend: ["POST", "/api/v1/cases/{id}/amend", true],
  case_answer: ["POST", "/api/v1/cases/{id}/answer", true],
  case_ask_onsite: ["POST", "/api/v1/cases/{id}/ask_onsite", true],
  case_ask_support: ["POST", "/api/v1/cases/{id}/ask_support", true],
  case_assign: ["POST", "/api/v1/cases/{id}/assign", true],
  case_attach: ["POST", "/api/v1/cases/{id}/attach", true],
  list_case_attachments: ["GET", "/api/v1/cases/{id}/attachments"],
  case_carry_over: ["POST", "/api/v1/cases/{id}/carry_over", true],
  case_claim: ["POST", "/api/v1/cases/{id}/claim", true],
  case_classify: ["POST", "/api/v1/cases/{id}/classify", true],
  case_confirm_dissatisfaction: ["POST", "/api/v1/cases/{id}/confirm_dissatisfaction", true],
  case_contact: ["POST", "/api/v1/cases/{id}/contact", true],
  case_convene: ["POST", "/api/v1/cases/{id}/convene", true],
  case_coordinate: ["POST", "/api/v1/cases/{id}/coordinate", true],
  case_decline_task: ["POST", "/api/v1/cases/{id}/decline_task", true],
  case_detach: ["POST", "/api/v1/cases/{id}/detach", true],
  case_dismiss_dissatisfaction: ["POST", "/api/v1/cases/{id}/dismiss_dissatisfaction", true],
  case_dispatch: ["POST", "/api/v1/cases/{id}/dispatch", true],
  case_escalate: ["POST", "/api/v1/cases/{id}/escalate", true],
  list_case_evidence: ["GET", "/api/v1/cases/{id}/evidence"],
  case_finish_task: ["POST", "/api/v1/cases/{id}/finish_task", true],
  case_hold_over: ["POST", "/api/v1/cases/{id}/hold_over", true],
  list_case_locations: ["GET", "/api/v1/cases/{id}/locations"],
  case_merge: ["POST", "/api/v1/cases/{id}/merge", true],
  list_case_notes: ["GET", "/api/v1/cases/{id}/notes"],
  case_open_at_i: ["POST", "/api/v1/cases/{id}/open_at_i", true],
  case_open_at_ii: ["POST", "/api/v1/cases/{id}/open_at_ii", true],
  case_progress: ["POST", "/api/v1/cases/{id}/progress", true],
  get_publication: ["GET", "/api/v1/cases/{id}/publication"],
  publish_case: ["PUT", "/api/v1/cases/{id}/publication"],
  tell_story: ["PUT", "/api/v1/cases/{id}/publication/story"],
  withdraw_publication: ["POST", "/api/v1/cases/{id}/publication/withdraw"],
  case_rate: ["POST", "/api/v1/cases/{id}/rate", true],
  case_register: ["POST", "/api/v1/cases/{id}/register", true],
  case_reject: ["POST", "/api/v1/cases/{id}/reject", true],
  case_remind: ["POST", "/api/v1/cases/{id}/remind", true],
  case_return: ["POST", "/api/v1/cases/{id}/return", true],
  case_split: ["POST", "/api/v1/cases/{id}/split", true],
  case_strike_off: ["POST", "/api/v1/cases/{id}/strike_off", true],
  case_submit: ["POST", "/api/v1/cases/{id}/submit", true],
  case_supervise: ["POST", "/api/v1/cases/{id}/supervise", true],
  case_take: ["POST", "/api/v1/cases/{id}/take", true],
  list_case_tickets: ["GET", "/api/v1/cases/{id}/tickets"],
  get_timeline: ["GET", "/api/v1/cases/{id}/timeline"],
  case_transfer: ["POST", "/api/v1/cases/{id}/transfer", true],
  case_verify_fail: ["POST", "/api/v1/cases/{id}/verify_fail", true],
  case_verify_pass: ["POST", "/api/v1/cases/{id}/verify_pass", true],
  case_withdraw_task: ["POST", "/api/v1/cases/{id}/withdraw_task", true],
  propose_class: ["POST", "/api/v1/class"],
  list_delegations: ["GET", "/api/v1/delegations"],
  create_delegation: ["POST", "/api/v1/delegations"],
  end_delegation: ["DELETE", "/api/v1/delegations/{id}"],
  get_figures: ["GET", "/api/v1/figures"],
  read_file: ["GET", "/api/v1/files/{token}"],
  list_inbox: ["GET", "/api/v1/inbox"],
  mark_inbox_read: ["POST", "/api/v1/inbox/read"],
  get_me: ["GET", "/api/v1/me"],
  copy_my_data: ["POST", "/api/v1/me/data"],
  list_my_enterprises: ["GET", "/api/v1/me/enterprises"],
  add_my_enterprise: ["POST", "/api/v1/me/enterprises"],
  drop_my_enterprise: ["DELETE", "/api/v1/me/enterprises/{id}"],
  erase_my_data: ["POST", "/api/v1/me/erasure"],
  list_my_family: ["GET", "/api/v1/me/family"],
  accept_family: ["POST", "/api/v1/me/family"],
  invite_my_family: ["POST", "/api/v1/me/family/invitation"],
  end_my_family: ["DELETE", "/api/v1/me/family/{id}"],
  change_password: ["POST", "/api/v1/me/password"],
  add_my_phone: ["POST", "/api/v1/me/phones"],
  drop_my_phone: ["DELETE", "/api/v1/me/phones/{id}"],
  get_reporter: ["GET", "/api/v1/me/reporter"],
  list_own_reports: ["GET", "/api/v1/me/reports"],
  report_matter: ["POST", "/api/v1/me/reports", true],
  get_own_report: ["GET", "/api/v1/me/reports/{id}"],
  draw_recovery_codes: ["POST", "/api/v1/me/totp/recovery-codes"],
  get_my_wechat: ["GET", "/api/v1/me/wechat"],
  get_follow_code: ["POST", "/api/v1/me/wechat/follow-code"],
  unbind_my_wechat: ["POST", "/api/v1/me/wechat/unbind"],
  look_up_order: ["POST", "/api/v1/orders/look-up"],
  get_organisation: ["GET", "/api/v1/organisation"],
  get_privacy_notice: ["GET", "/api/v1/privacy-notice"],
  list_published_matters: ["GET", "/api/v1/published-matters"],
  find_published_similar: ["POST", "/api/v1/published-matters/similar"],
  me_too: ["POST", "/api/v1/published-matters/{id}/me-too"],
  list_reviews: ["GET", "/api/v1/reviews"],
  decide_review: ["POST", "/api/v1/reviews/{id}/decide"],
  list_stories: ["GET", "/api/v1/stories"],
  get_street_figures: ["GET", "/api/v1/street-figures"],
  list_tickets: ["GET", "/api/v1/tickets"],
  create_ticket: ["POST", "/api/v1/tickets", true],
  search_tickets: ["POST", "/api/v1/tickets/search"],
  find_similar: ["POST", "/api/v1/tickets/similar"],
  list_waiting_tickets: ["GET", "/api/v1/tickets/waiting"],
  get_waiting_ticket: ["GET", "/api/v1/tickets/waiting/{id}"],
  get_ticket: ["GET", "/api/v1/tickets/{id}"],
  answer_ticket: ["POST", "/api/v1/tickets/{id}/answer", true],
  list_ticket_notes: ["GET", "/api/v1/tickets/{id}/notes"],
  add_facts: ["POST", "/api/v1/tickets/{id}/notes", true],
  register_ticket: ["POST", "/api/v1/tickets/{id}/register", true],
  unmask_ticket: ["POST", "/api/v1/tickets/{id}/unmask"],
  list_todos: ["GET", "/api/v1/todos"],
  count_todos: ["GET", "/api/v1/todos/counts"],
  list_topics: ["GET", "/api/v1/topics"],
  start_upload: ["POST", "/api/v1/uploads", true],
  drop_upload: ["DELETE", "/api/v1/uploads/{id}"],
  get_upload: ["GET", "/api/v1/uploads/{id}"],
  complete_upload: ["POST", "/api/v1/uploads/{id}/complete"],
  put_upload_part: ["PUT", "/api/v1/uploads/{id}/parts/{no}"],
  report_subscriptions: ["POST", "/api/v1/wechat/subscriptions"],
  list_templates_to_ask: ["GET", "/api/v1/wechat/templates"],
};
