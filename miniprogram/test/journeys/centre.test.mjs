// What the centre and a convener do on a phone after a case has been dispatched: call back, amend, and say what belongs together.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, browser, shots, start } from "./phone.mjs";
import { everywhere, look } from "./look.mjs";

let chrome, centre;
before(async () => {
  chrome = await browser();
  centre = await phoneOf("p-centre-1");
});
after(() => chrome?.close());

const phoneOf = (who, more = {}) => start(chrome, { base, who, shots, ...more });
const numbered = async (number) => (await centre.api("/api/v1/cases?limit=100&all=true")).items.find((c) => c.number === number);
const read = (id) => centre.api(`/api/v1/cases/${id}`);

/** give gives a command past the pages: what a journey needs to have happened. */
async function give(phone, id, name, body) {
  const answer = await phone.api(`/api/v1/cases/${id}/${name}`, { version: (await read(id)).version, ...body });
  assert.ok(answer.case, `${name}: ${JSON.stringify(answer)}`);
  return answer.case;
}
const opened = async (phone, c) => {
  await phone.to(`#pages/case/detail?id=${c.id}`);
  await phone.sees("经过");
  await phone.still();
};
/** more opens what is behind “更多”, and takes one of it. */
const more = async (phone, words) => {
  await phone.press("更多");
  await phone.press(words, true);
};

test("the centre calls back after a 不满意 and confirms it: the case is open again a tier higher in its second round, and the requester is told", async () => {
  const c = await numbered("NS2026-000002");
  const head = await phoneOf("p-head-fangguan");
  await give(head, c.id, "accept", { handler_id: "p-handler-fangguan-1" });
  await give(head, c.id, "submit", { result: "已更换屋面防水层。", outcome: "solved", answer: "屋面已修好。", evidence: ["闭水试验记录"] });
  await head.close();
  await give(centre, c.id, "verify_pass", { finding: "属实", outcome: "solved" });
  const resident = await phoneOf("p-resident-1");
  await give(resident, c.id, "rate", { rating: "dissatisfied", words: "待审：下雨又漏了。" }); // the stand-in leaves what has this word to a person
  const facts = await resident.api(`/api/v1/tickets/${(await read(c.id)).ticket_refs[0].id}/notes`, { text: "待审：楼上的也漏了。" });
  assert.equal(facts.state, "waiting", JSON.stringify(facts));

  await centre.to("#pages/inbox/index");
  await centre.tap(centre.page.locator(".mp-page:not([hidden]) [role=link]:has-text('待审核') >> visible=true").first());
  await centre.sees("待审：下雨又漏了");
  await centre.sees("待审：楼上的也漏了");
  await everywhere(centre, "centre-09-reviews");
  const card = (words) => centre.page.locator(".mp-page:not([hidden]) .card", { hasText: words });
  await centre.tap(card("下雨又漏了").locator("wx-button:text-is('通过')"));
  await centre.gone("待审：下雨又漏了");
  const { items: [waiting] } = await centre.api("/api/v1/reviews");
  await centre.api(`/api/v1/reviews/${waiting.id}/decide`, { pass: true }); // somebody was first
  await centre.tap(card("楼上的也漏了").locator("wx-button:text-is('不通过')"));
  await centre.answer("广告");
  await centre.sees("已经审核过了");
  await centre.answer("确定");
  await centre.sees("没有待审核的内容");
  await look(centre, "centre-09-none-to-review");
  const small = await phoneOf("p-centre-1", { width: 320, font: 24 });
  await small.press("内容审核");
  await small.sees("没有待审核的内容");
  await look(small, "elder-320-centre-none-to-review", { elder: true });
  await small.close();

  await centre.to("#pages/home/index");
  await centre.tap(centre.page.locator(".mp-page:not([hidden]) [role=link]:has-text('待回访') >> visible=true").first());
  await centre.sees("下雨又漏了");
  await centre.press("确认不满意");
  await centre.sees("回访记录");
  await centre.press("回访确认不满意");
  await centre.sees("有要改的地方");
  await centre.fill("回访记录", "电话回访：昨晚下雨又漏，客厅顶上有水印。");
  await look(centre, "centre-10-call-back");
  await centre.press("回访确认不满意");
  await centre.sees("待会商");
  await look(centre, "centre-11-reopened");
  const now = await read(c.id);
  assert.deepEqual([now.status, now.tier, now.round], ["convening", "II", 2]);

  await resident.to("#pages/inbox/index");
  await resident.tap("重新办理");
  await resident.sees("已打电话核实，重新办理");
  await look(resident, "centre-12-told");
  await resident.close();
  const large = await phoneOf("p-resident-1", { width: 320, font: 24 });
  await large.to(`#pages/case/detail?id=${c.id}`);
  await large.sees("已打电话核实，重新办理");
  await look(large, "elder-320-centre-told", { elder: true });
  await large.close();
});

test("a convener changes what was agreed: somebody joins with a duty, somebody leaves, another plan", async () => {
  const c = await numbered("NS2026-000010");
  const chief = await phoneOf("p-chief-1");
  await opened(chief, c);
  await look(chief, "centre-20-handling");
  await more(chief, "调整部署");
  await chief.sees("移出成员");
  const before = await read(c.id);
  const leaves = before.task_force.members.find((m) => m.person_id !== before.task_force.leader_id) ?? before.task_force.members[0];
  await chief.press("调整部署", true);
  await chief.sees("有要改的地方");
  await chief.fill("为什么调整", "缺少社区工作人员，换届流程要他们配合。");
  await chief.fill("增加成员和职责：按姓名或部门找其他人", "望舒里");
  await chief.name("增加成员和职责", "叶春梅");
  await chief.press("调整部署", true);
  await chief.page.locator('.mp-page:not([hidden]) .member.has-wrong .field-wrong:text-is("至少 2 个字")').waitFor();
  assert.equal(await chief.page.locator(".mp-page:not([hidden]) .seek.wrong").count(), 0);
  await look(chief, "centre-21-no-duty");
  await chief.fill("职责 1", "两日内核对业主名册");
  await chief.page.locator(".mp-page:not([hidden]) .member.has-wrong").waitFor({ state: "detached" });
  await chief.tap(chief.page.locator('.mp-page:not([hidden]) .choices[aria-label^="移出成员"] .choice').first());
  await chief.fill("新的解决方案（不改不填）", "一周内张榜公示，两周内投票。");
  await look(chief, "centre-21-amend");
  await chief.press("调整部署", true);
  await chief.sees("核对业主名册");
  await chief.sees("一周内张榜公示");
  await look(chief, "centre-22-amended");
  const { task_force: force } = await read(c.id);
  assert.ok(force.members.some((m) => m.person_id === "p-liaison-1-1"));
  assert.equal(force.members.length, before.task_force.members.length, `one more, one less: ${leaves.person_id}`);
  await chief.close();
});

test("the centre puts a ticket into a case and takes it out again, puts a case into another and takes it out again", async () => {
  const c = await numbered("NS2026-000018");
  const { ticket } = await centre.api("/api/v1/tickets", { source: "petition", content: "奉浦大道公交站台的长椅坏了，老人等车没有地方坐，挡住了盲道。" });
  assert.ok(ticket && !ticket.case_id, JSON.stringify(ticket));
  const had = (await read(c.id)).ticket_refs.length;
  await opened(centre, c);
  await more(centre, "并入工单");
  await centre.tap("信访");
  await centre.fill("工单号", "XF20261127009");
  await centre.press("查找");
  await centre.sees("没有找到这个来源的这个工单号");
  await look(centre, "centre-30-no-ticket");
  await centre.fill("工单号", ticket.order_no);
  await centre.press("查找");
  await centre.sees("挡住了盲道");
  await look(centre, "centre-31-attach");
  await centre.press("并入工单", true);
  await centre.sees("经过");
  await look(centre, "centre-32-attached");
  assert.equal((await read(c.id)).ticket_refs.length, had + 1);

  await more(centre, "移出工单");
  await centre.press("移出工单", true);
  await centre.sees("有要改的地方");
  await look(centre, "centre-33-detach");
  await centre.tap(ticket.order_no);
  await centre.fill("为什么不是同一件事", "说的是停放秩序，不是充电设施。");
  await centre.press("移出工单", true);
  await centre.sees("说的是停放秩序");
  assert.equal((await read(c.id)).ticket_refs.length, had);

  const lesser = await numbered("NS2026-000013");
  await opened(centre, lesser);
  await more(centre, "并案");
  await centre.sees("并入哪件难事");
  await centre.fill("并入哪件难事", "NS2026-0000");
  await centre.press("并案", true);
  await centre.still();
  await look(centre, "centre-34-no-case");
  await centre.fill("并入哪件难事", "NS2026-000010");
  await centre.gone("没有找到这件难事");
  await centre.fill("说明（选填）", "都要靠业委会换届解决。");
  await look(centre, "centre-35-merge");
  await centre.press("并案", true);
  await centre.sees("已并案");
  await look(centre, "centre-36-merged");
  assert.equal((await read(lesser.id)).status, "merged");
  await opened(centre, await numbered("NS2026-000010")); // and it is found from there
  await centre.sees("并入本件的难事");
  await centre.page.locator("text=并入本件的难事 >> visible=true").first().scrollIntoViewIfNeeded();
  await look(centre, "centre-36-merged-here");
  await centre.tap(centre.page.locator('.mp-page:not([hidden]) wx-button[aria-label="查看 NS2026-000013"]'));
  await centre.sees("已并案");
  await centre.press("拆出并案");
  await centre.sees("理由");
  await centre.fill("理由", "停车场是开发商的，与业委会无关。");
  await centre.press("拆出并案");
  await centre.sees("停车场是开发商的");
  await look(centre, "centre-37-split");
  assert.equal((await read(lesser.id)).status, "dispatched");
});
