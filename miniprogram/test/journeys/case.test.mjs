// Journeys of real people through the mini-program, in real headless Chromium against the real server with the demonstration's
// street. scripts/journeys.mjs starts both. Taps are counted: two from a notice to an accepted case, five to report one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bind, base, browser, shots, start } from "./phone.mjs";
import { look } from "./look.mjs";

let chrome;
before(async () => (chrome = await browser()));
after(() => chrome?.close());

const phoneOf = (who, more = {}) => start(chrome, { base, who, shots, ...more });
const leaky = "蘅芷新村房屋渗漏水";

test("a head goes from the notice to an accepted case in two taps", async () => {
  const head = await phoneOf("p-head-fangguan");
  await look(head, "head-1-todo");
  await head.tap("消息");
  await head.sees("全部标为已读");
  await look(head, "head-2-inbox");
  head.taps = 0;
  await head.tap(head.page.locator(".mp-page:not([hidden]) [role=link]:has-text('NS2026-000002') >> visible=true").first());
  await head.button("接单，由");
  await look(head, "head-3-case");
  await head.press("接单，由");
  await head.sees("办理中");
  assert.ok(head.taps <= 2, `${head.taps} taps`);
  await head.button("提交办结");
  assert.equal(head.asked, 0, "for messages with the next tap");
  await look(head, "head-4-accepted");
  await head.press("更多");
  await head.sees("取消");
  assert.equal(head.asked, 1);
  await head.still();
  await look(head, "head-5-more");
  await head.close();
});

test("a handler calls, logs progress with a photo, and submits; what is missing is said at the field", async () => {
  const handler = await phoneOf("p-handler-fangguan-1");
  await handler.tap(leaky);
  await handler.press("先行联系");
  await handler.sees("联系情况");
  await look(handler, "handler-1-contact");
  await handler.fill("联系情况", "已电话联系诉求人，约定周五上门查看。");
  await handler.press("先行联系");
  await handler.sees("有要改的地方"); // whether they were reached is asked, never taken for granted
  await handler.tap("联系上了");
  await handler.press("先行联系");
  await handler.press("记录进展");
  await handler.fill("进展", "已到现场查看，屋面防水层开裂。");
  await handler.photo("添加照片");
  await look(handler, "handler-2-progress");
  await handler.press("记录进展");
  await handler.sees("屋面防水层开裂");
  await handler.sees("照片和附件");
  await handler.press("提交办结");
  await handler.fill("办理结果", "已完成屋面防水层翻修，闭水试验 24 小时无渗漏。");
  await handler.tap("实际解决");
  await handler.fill("答复诉求人的话（选填）", "您家屋面已经重新做了防水，下雨不会再漏。");
  await handler.press("提交办结");
  await handler.sees("有要改的地方");
  await look(handler, "handler-3-missing");
  await handler.fill("佐证说明", "闭水试验照片存档于房管所");
  await handler.press("提交办结");
  await handler.sees("核查中");
  await look(handler, "handler-4-submitted");
  await handler.close();
});

test("the centre verifies, and the resident reads what became of it and rates", async () => {
  const centre = await phoneOf("p-centre-1");
  await look(centre, "centre-1-todo");
  await centre.tap(centre.page.locator(`text=${leaky} >> visible=true`).first());
  await centre.sees("闭水试验照片存档于房管所");
  await centre.press("核查通过");
  await centre.fill("核查意见", "电话回访属实，现场已无渗漏。");
  await centre.tap("实际解决");
  await look(centre, "centre-2-verify");
  await centre.press("核查通过");
  await centre.sees("已办结");
  await centre.close();

  const resident = await phoneOf("p-resident-1");
  await look(resident, "resident-1-own");
  await resident.tap(leaky);
  await resident.sees("按时");
  await look(resident, "resident-2-matter");
  await resident.press("基本满意");
  await resident.sees("您想说的话");
  await look(resident, "resident-3-rate");
  await resident.press("评价");
  await resident.sees("评价：基本满意");
  await look(resident, "resident-4-rated");
  await resident.close();
});

test("a liaison reports without a network in at most five taps; it is sent once when there is one", async () => {
  const liaison = await phoneOf("p-liaison-1-1");
  await look(liaison, "liaison-1-home");
  liaison.taps = 0;
  await liaison.press("上报难事");
  await liaison.sees("是什么事");
  await liaison.sees("住房保障");
  await liaison.sees("望舒里"); // the community, chosen by their post
  await liaison.still();
  await liaison.cut(true);
  await liaison.fill("是什么事", "望舒里 12 号楼电梯停运九天");
  await liaison.fill("在哪里", "望舒里 12 号楼");
  await liaison.fill("详细情况", "电梯停了九天，楼上老人下不来楼。");
  await liaison.photo("添加照片");
  await liaison.tap("住房保障");
  await liaison.tap(liaison.page.locator(".mp-page:not([hidden]) [role=radiogroup][aria-label=住房保障] [role=radio]").first());
  await look(liaison, "liaison-2-report");
  await liaison.press("上报", true);
  assert.ok(liaison.taps <= 5, `${liaison.taps} taps`);
  await liaison.sees("1 条记录已存在手机里", 20_000);
  await look(liaison, "liaison-3-waiting");

  await liaison.page.reload(); // the program is killed
  await liaison.sees("1 条记录已存在手机里", 20_000);
  await liaison.cut(false);
  await liaison.page.reload();
  await liaison.sees("要我办");
  await liaison.gone("已存在手机里");
  const cases = await liaison.api("/api/v1/cases?limit=100&all=true");
  assert.equal(cases.items.filter((c) => c.title.includes("电梯停运九天")).length, 1);
  await liaison.close();
});

test("what a liaison has typed suggests topic and lead: asked once, taken with a tap, changed with another, kept in the draft", async () => {
  const liaison = await phoneOf("p-liaison-1-1");
  let asked = 0;
  liaison.page.on("request", (r) => r.url().endsWith("/api/v1/class") && asked++);
  const among = (group, words = "") => liaison.page.locator(`.mp-page:not([hidden]) [role=radiogroup][aria-label="${group}"] [role=radio]:has-text("${words}")`).first();
  const chosen = (group, words) => liaison.page.locator(`.mp-page:not([hidden]) [role=radiogroup][aria-label="${group}"] [role=radio][aria-checked=true]:has-text("${words}")`).first().waitFor();
  await liaison.press("上报难事");
  await liaison.sees("住房保障");
  await liaison.page.locator('.mp-page:not([hidden]) input[aria-label="是什么事"]').pressSequentially("半夜工地施工噪音，打桩机吵得睡不着觉");
  await liaison.sees("施工噪音、");
  assert.ok(asked <= 3, `${asked} requests for 19 keys`);
  liaison.taps = 0;
  await liaison.tap(among("建议的类别"));
  await chosen("噪声扰民", "施工噪声");
  await liaison.tap(among("建议的部门"));
  assert.equal(liaison.taps, 2);
  await chosen("建议的部门", "执法");
  await look(liaison, "liaison-4-suggested");
  await liaison.tap(liaison.page.locator(".mp-page:not([hidden]) [role=radiogroup][aria-label=噪声扰民] [role=radio]:has-text('社会生活噪声')"));
  await liaison.page.reload(); // the program is killed: the draft has what was chosen, not what is proposed
  await liaison.press("上报难事");
  await liaison.sees("已恢复上次没有提交的内容");
  await chosen("噪声扰民", "社会生活噪声");
  await chosen("建议的部门", "执法");

  await liaison.fill("是什么事", "楼上漏水，物业不管");
  await liaison.sees("拿不准是哪一个");
  assert.ok(await among("建议的类别", "房屋维修").isVisible());
  await chosen("噪声扰民", "社会生活噪声"); // asked, not guessed: what was chosen stays
  await look(liaison, "liaison-5-asked");

  await liaison.cut(true);
  await liaison.fill("是什么事", "半夜施工噪声扰民，居民睡不着");
  await liaison.gone("看所写的内容");
  await liaison.cut(false);
  await liaison.fill("在哪里", "望舒里北门工地");
  await liaison.fill("详细情况", "连续三夜打桩到凌晨两点。");
  await liaison.tap(among("类别（选填）", "住房保障")); // a topic of the first level is none: it is not sent as if nothing had been chosen
  await liaison.sees("是其中的哪一种");
  await liaison.press("上报", true);
  await liaison.sees("请再选“住房保障”里的哪一种");
  await look(liaison, "liaison-5-which-topic");
  await liaison.tap(among("住房保障", "房屋维修"));
  await liaison.gone("请再选");
  await liaison.tap(among("类别（选填）", "噪声扰民"));
  await liaison.tap(among("噪声扰民", "社会生活噪声"));
  await liaison.press("上报", true);
  await liaison.sees("要我办");
  await liaison.close();

  const centre = await phoneOf("p-centre-1");
  await centre.tap(centre.page.locator("text=半夜施工噪声扰民 >> visible=true").first());
  await centre.sees("建议的牵头部门");
  assert.ok((await centre.api("/api/v1/cases?limit=100&all=true")).items.find((c) => c.title.includes("半夜施工噪声扰民")).topic.endsWith("社会生活噪声"));
  await look(centre, "centre-6-suggested");
  await centre.press("不予入库");
  await centre.fill("理由", "工地已停工，由执法队日常巡查。");
  await centre.press("不予入库");
  await centre.sees("工地已停工");
  await centre.close();
});

test("what a liaison reported: what became of it, also without a network, when it cannot be read and when there is none", async () => {
  const liaison = await phoneOf("p-liaison-1-1");
  const list = /\/api\/v1\/cases\/reported/;
  await liaison.page.route(list, (r) => r.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify({ status: 500, code: "internal", detail: "服务器出错，请稍后再试。" }) }));
  await liaison.tap("我上报");
  await liaison.button("重试");
  await look(liaison, "liaison-6-failed");
  await liaison.page.unroute(list);
  let answer;
  await liaison.page.route(list, async (r) => {
    await new Promise((go) => (answer = go));
    await r.continue();
  });
  await liaison.press("重试");
  await liaison.page.locator("[aria-label=正在读取]").first().waitFor();
  await look(liaison, "liaison-7-loading");
  answer();
  await liaison.sees("不予入库：工地已停工");
  await liaison.page.unroute(list);
  await liaison.sees("没有更多了");
  await look(liaison, "liaison-8-reported");
  const cards = liaison.page.locator(".mp-page:not([hidden]) [role=link]");
  assert.match(await cards.nth(0).textContent(), /不予入库.*半夜施工噪声扰民/);
  assert.match(await cards.nth(1).textContent(), /待入库.*电梯停运九天/);

  await liaison.cut(true);
  await liaison.page.reload();
  await liaison.tap("我上报");
  await liaison.sees("没有网络，下面是上次读到的内容");
  await liaison.sees("不予入库：工地已停工");
  await look(liaison, "liaison-9-offline");
  await liaison.cut(false);
  await liaison.page.reload();
  await liaison.tap("我上报");
  await liaison.tap(cards.nth(0));
  await liaison.sees("经过");
  await liaison.sees("工地已停工");
  await liaison.close();

  const none = await phoneOf("p-handler-zhifa-1");
  await none.tap("我上报");
  await none.sees("您还没有上报过难事");
  await look(none, "handler-5-none-reported");
  await none.close();
});

test("the centre registers, classifies and dispatches on a phone", async () => {
  const centre = await phoneOf("p-centre-1");
  await centre.tap(centre.page.locator("text=望舒里 12 号楼电梯停运九天 >> visible=true").first());
  await centre.sees("待入库");
  await look(centre, "centre-3-reported");
  await centre.press("纳入项目库");
  await centre.sees("入库说明");
  await centre.press("纳入项目库");
  await centre.sees("待交办");
  await centre.press("分类定格");
  await centre.sees("问题属性");
  await centre.tap("个案");
  await centre.tap("本部门");
  await look(centre, "centre-4-classify");
  await centre.press("分类定格");
  await centre.press("交办");
  await centre.choose("牵头部门", "房");
  await look(centre, "centre-5-dispatch");
  await centre.press("交办");
  await centre.sees("待接单");
  await centre.close();
});

test("a liaison escalates, and the grid's chief convenes: minutes, lead, duties and plan", async () => {
  const liaison = await phoneOf("p-liaison-1-1");
  await liaison.tap("我上报");
  await liaison.sees("交办给房管所");
  assert.match(await liaison.page.locator(".mp-page:not([hidden]) [role=link]:has-text('电梯停运九天')").textContent(), /待接单.*还有/, "state and deadline");
  await look(liaison, "liaison-10-deadline");
  await liaison.tap("在办");
  await liaison.tap(liaison.page.locator("text=望舒里 12 号楼电梯停运九天 >> visible=true").first());
  await liaison.press("升级响应");
  await liaison.fill("升级理由", "牵涉物业、维保和居委，一个部门定不了。");
  await liaison.press("升级响应");
  await liaison.sees("待会商");
  await liaison.close();

  const chief = await phoneOf("p-chief-1");
  await chief.tap(chief.page.locator("text=望舒里 12 号楼电梯停运九天 >> visible=true").first());
  await chief.sees("待会商");
  await look(chief, "chief-1-convening");
  await chief.press("会商部署");
  await chief.fill("会商纪要", "会商明确由房管所牵头，市场所配合。");
  await chief.choose("牵头部门", "房");
  await chief.name("小组（专班）负责人", "戴静怡");
  await chief.fill("成员和职责：按姓名或部门找其他人", "董卫东");
  await chief.name("成员和职责", "董卫东");
  await chief.fill("职责 1", "核查维保单位资质");
  await chief.fill("解决方案", "三日内换件复梯，期间安排专人接送。");
  await look(chief, "chief-2-convene");
  await chief.press("会商部署");
  await chief.sees("办理中");
  await look(chief, "chief-3-convened");
  await chief.close();
});

test("a head hands over with one switch, the delegate is told for whom, and takes it back with it", async () => {
  const head = await phoneOf("p-head-fangguan");
  await head.tap("我的");
  await head.tap("请人代办");
  await head.sees("到哪天止");
  const to = (await head.api("/api/v1/organisation")).people.find((p) => p.id === "p-handler-fangguan-1");
  await head.tap(head.page.locator(".mp-page:not([hidden]) [role=radio]", { hasText: to.name }));
  await head.sees(`由${to.name}`);
  await look(head, "head-8-delegate");
  const one = head.page.locator(".mp-page:not([hidden]) wx-switch");
  head.taps = 0;
  await head.tap(one);
  await head.sees("代您办理");
  assert.equal(head.taps, 1);
  await look(head, "head-9-delegated");
  const [d] = (await head.api("/api/v1/delegations")).items;
  assert.deepEqual([d.status, d.to.id], ["running", to.id]);
  const delegate = await phoneOf(d.to.id, { width: 320, font: 24 });
  await delegate.sees("您正在代办");
  await delegate.to("#staff/delegation/index");
  await delegate.sees("到哪天止");
  await look(delegate, "elder-320-delegate", { elder: true });
  await delegate.close();
  await head.tap(one);
  await head.sees("到哪天止");
  assert.deepEqual((await head.api("/api/v1/delegations")).items, []);
  await head.close();
});

test("what others changed meanwhile is shown, not overwritten", async () => {
  const head = await phoneOf("p-head-fangguan");
  await head.tap("在办");
  await head.tap(head.page.locator("text=望舒里 12 号楼电梯停运九天 >> visible=true").first());
  await head.press("记录进展");
  await head.fill("进展", "已联系维保单位。");
  await head.context.setOffline(true);
  await head.press("记录进展");
  await head.sees("已存在手机里", 20_000); // it has tried, and waits
  const chief = await phoneOf("p-chief-1");
  await chief.tap("在办");
  await chief.tap(chief.page.locator("text=望舒里 12 号楼电梯停运九天 >> visible=true").first());
  await chief.press("记录进展");
  await chief.fill("进展", "已到现场。");
  await chief.press("记录进展");
  await chief.sees("已到现场");
  await chief.close();
  await head.context.setOffline(false);
  await head.to("#more/queue/index");
  await head.sees("有变化，待您决定");
  await look(head, "head-6-conflict");
  await head.press("照原样再提交");
  await head.sees("没有待提交的记录");
  await head.close();
});

test("a resident lets family act for them and takes it back; a contact binds and unbinds an enterprise; a number and WeChat are unbound", async () => {
  const resident = await phoneOf("p-resident-1");
  const list = /\/api\/v1\/me\/family$/;
  await resident.tap("我的");
  await resident.tap("家人代办");
  await resident.sees("还没有委托");
  await look(resident, "resident-5-no-family");
  await resident.press("生成邀请码");
  await resident.sees("请选择对方是您的什么人"); // nothing is chosen for them
  await look(resident, "resident-5-choose");
  await resident.choose("对方是您的", "子女");
  await resident.gone("请选择对方是您的什么人");
  await resident.press("生成邀请码");
  await resident.sees("前一个就作废");
  await look(resident, "resident-6-invitation");
  const code = (await resident.page.locator(".mp-page:not([hidden]) .code").textContent()).trim();

  const contact = await phoneOf("p-enterprise-1");
  await contact.gone(leaky);
  await contact.to("#resident/family/index");
  await contact.fill("家人给的邀请码", "X" + code);
  await contact.press("接受委托");
  await contact.sees("邀请码无效");
  await contact.fill("家人给的邀请码", code);
  await contact.press("接受委托");
  await contact.sees("您是对方的子女");
  await look(contact, "contact-1-family");
  await contact.cut(true);
  await contact.page.reload();
  await contact.sees("没有网络，下面是上次读到的内容", 20_000);
  await contact.sees("您是对方的子女");
  await look(contact, "contact-2-family-offline");
  await contact.cut(false);
  await contact.to("#pages/home/index");
  await contact.sees(leaky);

  await resident.page.route(list, (r) => r.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify({ status: 500, code: "internal", reason: "internal", message: "服务器出错，请稍后再试。" }) }));
  await resident.to("#resident/family/index");
  await resident.sees("服务器出错");
  await look(resident, "resident-7-family-failed");
  await resident.page.unroute(list);
  await resident.press("重试");
  await resident.sees("您委托了子女");
  await resident.press("撤回委托");
  await resident.sees("都保留");
  await look(resident, "resident-8-end-family");
  await resident.answer("取消");
  assert.equal((await resident.api("/api/v1/me/family")).items.length, 1);
  await resident.press("撤回委托");
  await resident.answer("撤回委托");
  await resident.sees("还没有委托");
  await resident.close();
  await contact.page.reload();
  await contact.sees("凭工单号查进度");
  await contact.gone(leaky);

  await contact.to("#resident/enterprise/index");
  await contact.fill("统一社会信用代码", "91310120ma1hk0001a");
  await contact.fill("企业名称", "上海望舒餐饮有限公司");
  await contact.press("绑定企业");
  await contact.sees("请对照营业执照核对");
  await look(contact, "contact-3-enterprise-wrong");
  await contact.fill("统一社会信用代码", "91310120ma1hk0001b");
  await contact.press("绑定企业");
  await contact.sees("已绑定企业");
  await contact.sees("上海望舒餐饮有限公司");
  await contact.sees("91310120MA1HK0001B");
  await look(contact, "contact-9-enterprises");
  await contact.press("解绑这家企业");
  await contact.sees("不再是它的联系人");
  await look(contact, "contact-4-end-enterprise");
  await contact.answer("解绑");
  await contact.sees("已解绑企业");
  await contact.sees("还没有绑定企业");

  await contact.to("#pages/me/index");
  await contact.button("解绑", true);
  await look(contact, "contact-5-me");
  await contact.press("解绑", true);
  await contact.sees("再绑定这个号码又能看到");
  await look(contact, "contact-6-end-phone");
  await contact.answer("解绑");
  await contact.sees("还没有绑定手机号");
  await look(contact, "contact-7-no-phone");
  await contact.press("解绑微信");
  await contact.sees("居民身份退出登录");
  await look(contact, "contact-8-unbind");
  await contact.answer("解绑");
  await contact.sees("已解绑微信");
  await contact.answer("确定");
  await contact.sees("第一次使用");
  await contact.close();

  const handler = await phoneOf("p-handler-fangguan-1");
  await handler.tap("我的");
  await handler.press("手机丢了");
  await handler.sees("今后要凭邀请码才能再绑定");
  await look(handler, "handler-7-lost");
  await handler.answer("取消");
  await handler.press("解绑微信");
  await handler.sees("不能再进入工作台"); // asked, also where the dialog's button comes to lie under the finger
  await look(handler, "handler-6-unbind");
  await handler.answer("解绑");
  await handler.answer("确定");
  await handler.sees("第一次使用");
  await bind(handler);
  await handler.tap("我的");
  await handler.press("手机丢了");
  await handler.answer("全部解绑");
  await handler.answer("确定");
  await bind(handler);
  await handler.sees("邀请码"); // the number alone no longer binds who has lost a phone
  await handler.close();
});
