// What residents and companies do: report a new matter, add facts to one's own. Against the real server, in headless Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, browser, open, shots, start } from "./phone.mjs";
import { everywhere, look } from "./look.mjs";

let chrome;
before(async () => (chrome = await browser()));
after(() => chrome?.close());

const phoneOf = (who, more = {}) => start(chrome, { base, who, shots, ...more });
const first = (phone) => phone.page.locator(".mp-page:not([hidden]) [role=link] >> visible=true").first();

test("who refuses WeChat's question for the number looks up by order number; bound later, they see their matters, or why there are none", async () => {
  const centre = await phoneOf("p-centre-1");
  const c = (await centre.api("/api/v1/cases?limit=100&all=true")).items.find((x) => x.title.includes("蘅芷新村房屋渗漏水"));
  const { items: [ticket] } = await centre.api(`/api/v1/cases/${c.id}/tickets`);
  await centre.close();
  for (const [who, more, name] of [["p-resident-1", {}, ""], ["p-coordinator-1", { width: 320, font: 24 }, "elder-320-"]]) {
    const elder = Boolean(name);
    const phone = await open(chrome, { base, who, shots, ...more });
    await phone.sees("第一次使用");
    await phone.page.locator('.mp-page:not([hidden]) input[type="checkbox"]').tap();
    await phone.press("用微信手机号绑定");
    await phone.answer("不允许");
    await phone.sees("没有取得手机号");
    await look(phone, `${name}residents-30-refused`, { elder });
    await phone.press("暂不绑定");
    await phone.fill("工单号", "X1");
    await phone.press("查询", true);
    await phone.sees("工单号至少 4 个字");
    await phone.fill("工单号", ticket.order_no);
    await phone.press("查询", true);
    await phone.sees("今天还可以查询");
    await look(phone, `${name}residents-31-looked-up`, { elder });
    await phone.tap(phone.page.getByLabel("返回"));
    await phone.sees("还没有绑定手机号");
    await phone.press("去绑定手机号"); // and nothing that comes to lie under the finger is pressed by it
    await phone.sees("可以凭工单号查进度，看不到自己的事项");
    await phone.press("绑定手机号");
    await phone.answer("不允许");
    await phone.sees("没有绑定。要绑定，请再点一次");
    await phone.answer("确定");
    await phone.press("绑定手机号");
    await phone.answer("允许");
    await phone.sees("已绑定");
    await phone.button("绑定另一个手机号");
    await look(phone, `${name}residents-32-bound`, { elder });
    await phone.tap("我的诉求");
    await phone.sees(elder ? "还没有以您手机号反映" : c.title);
    await phone.gone("去绑定手机号");
    await look(phone, `${name}residents-33-own`, { elder });
    await phone.close();
  }
});

test("a resident reports a new matter: kept as a draft, without a network sent once, found again with its order number", async () => {
  const resident = await phoneOf("p-resident-1");
  await resident.press("反映一件事");
  await resident.sees("用您绑定的手机号");
  await look(resident, "residents-1-report");
  await resident.fill("是什么事", "坏了");
  await resident.press("提交", true);
  await resident.sees("至少 5 个字");
  assert.equal(resident.asked, 0, "no question lies over what is to be mended");
  await look(resident, "residents-2-short");
  await resident.fill("是什么事", "楼道的灯坏了一个星期，晚上老人看不见台阶。");
  await resident.page.reload(); // the program is killed
  await resident.press("反映一件事");
  await resident.sees("已恢复上次没有提交的内容");
  await resident.fill("在哪里（选填）", "望舒里 5 号楼");
  await resident.choose("在哪个村居", "汀禾苑");
  await resident.sees("所写的地方像是“望舒里”");
  await look(resident, "residents-2-other");
  await resident.press("改选“望舒里”");
  await resident.gone("所写的地方像是");
  await resident.photo("添加照片");
  await resident.cut(true);
  await resident.press("提交", true);
  await resident.sees("1 条记录已存在手机里", 20_000);
  await resident.cut(false);
  await resident.page.reload();
  await resident.sees("楼道的灯坏了一个星期");
  await resident.gone("已存在手机里");
  const { items } = await resident.api("/api/v1/me/reports");
  assert.equal(items.filter((r) => r.title.includes("楼道的灯坏了")).length, 1);
  await look(resident, "residents-3-own");
  await resident.tap(resident.page.locator("[role=link]:has-text('楼道的灯坏了一个星期') >> visible=true").first());
  await resident.sees(items[0].order_no);
  await resident.sees("反映时的照片");
  await look(resident, "residents-4-ticket");
  await resident.press("补充情况");
  await resident.fill("要补充什么", "昨天晚上有一位老人摔了一跤。");
  await look(resident, "residents-5-facts");
  await resident.press("提交", true);
  await resident.sees("昨天晚上有一位老人摔了一跤");
  await resident.close();
});

test("sent at once, it says what happens next", async () => {
  const contact = await phoneOf("p-enterprise-1");
  await contact.to("#resident/enterprise/index");
  await contact.fill("统一社会信用代码", "91310120ma1hk0001b");
  await contact.fill("企业名称", "上海望舒餐饮有限公司");
  await contact.press("绑定企业");
  await contact.sees("已绑定企业");
  await contact.to("#resident/report/index");
  await contact.tap("上海望舒餐饮有限公司");
  await contact.fill("是什么事", "店门口的污水井盖破了，下雨天往外冒水，客人进不来。");
  await contact.fill("在哪里（选填）", "望舒路 18 号");
  await look(contact, "residents-6-enterprise");
  await contact.press("提交", true);
  await contact.sees("工单号");
  await contact.sees("城运中心会看");
  await look(contact, "residents-7-taken");
  assert.equal(contact.asked, 0);
  await contact.press("看看这件事");
  await contact.sees("店门口的污水井盖破了");
  assert.equal(contact.asked, 1, "for messages, once it is taken");
  await contact.close();
});

test("what residents report waits on the centre's list: one becomes a case, one is put into a case, one is answered, in three taps each; they see it move", async () => {
  const centre = await phoneOf("p-centre-1");
  const { waiting } = await centre.api("/api/v1/todos/counts");
  await centre.press(`居民反映 ${waiting}`);
  await centre.sees("没有更多了");
  await look(centre, "residents-19-waiting");
  centre.taps = 0;
  await centre.tap("楼道的灯坏了一个星期");
  await centre.sees("反映时的照片");
  await look(centre, "residents-20-decide");
  await centre.press("纳入难事");
  await centre.fill("为什么是难事", "一个星期没有人修，已有老人摔倒。");
  await look(centre, "residents-21-register");
  await centre.press("纳入难事");
  await centre.sees("待交办");
  assert.ok(centre.taps <= 3, `${centre.taps} taps`);
  await look(centre, "residents-22-registered");

  const resident = await phoneOf("p-resident-1");
  await resident.sees("已列入街道重点办理");
  const again = await resident.api("/api/v1/me/reports", { content: "望舒里楼道的灯还是不亮，晚上老人看不见台阶。", place: "望舒里" });
  if (!again.case) {
    await centre.to(`#staff/ticket/index?id=${again.id}`);
    await centre.sees("可能有关的");
    await look(centre, "residents-23-same");
    centre.taps = 0;
    await centre.tap(centre.page.locator('.mp-page:not([hidden]) wx-button[aria-label^="并入这件"][aria-label*="楼道的灯"]'));
    await centre.sees("待交办");
    assert.equal(centre.taps, 1);
  }
  const own = (await resident.api("/api/v1/cases?view=own&all=true")).items.find((c) => c.title.includes("灯"));
  assert.equal(own.status, "registered");

  await centre.to("#staff/tickets/index");
  centre.taps = 0;
  await centre.tap("店门口的污水井盖破了");
  await centre.press("答复，不列入");
  await centre.fill("答复诉求人的话", "好");
  await centre.press("答复诉求人", true);
  await centre.sees("至少 5 个字");
  await look(centre, "residents-24-answer");
  await centre.fill("答复诉求人的话", "市政养护队今天下午更换井盖，更换前已围挡。");
  await centre.press("答复诉求人", true);
  await centre.gone("店门口的污水井盖破了");
  assert.ok(centre.taps <= 4, `${centre.taps} taps`); // one of them wrong
  await centre.close();
  await resident.api("/api/v1/me/reports", { content: "小区东门的快递柜堵住了轮椅坡道。", place: "蘅芷新村东门" }); // waits for the pages below
  await resident.close();

  const contact = await phoneOf("p-enterprise-1");
  await contact.tap("消息");
  await contact.tap("已有答复，请查看");
  await contact.sees("今天下午更换井盖");
  await look(contact, "residents-25-answered");
  await contact.press("补充情况");
  await contact.fill("要补充什么", "到晚上还没有人来。");
  await contact.press("提交", true);
  await contact.sees("到晚上还没有人来");
  const back = await phoneOf("p-centre-1", { font: 24, width: 320 });
  await back.press("居民反映");
  await back.sees("没有更多了");
  await look(back, "elder-320-residents-waiting", { elder: true });
  await back.tap("店门口的污水井盖破了");
  await back.sees("到晚上还没有人来");
  await look(back, "elder-320-residents-decide", { elder: true });
  await back.close();
  await contact.close();
});

test("a requester adds facts to their matter: who works on it reads them, nobody else does", async () => {
  const resident = await phoneOf("p-resident-1");
  await resident.tap(resident.page.locator("[role=link]:has-text('已列入'), [role=link]:has-text('正在')").last());
  await resident.sees("办理进度");
  await look(resident, "residents-8-matter");
  await resident.press("看原话");
  await resident.sees("街道重点办理");
  await look(resident, "residents-8-words");
  await resident.press("看办理进度");
  await resident.press("催一催");
  await resident.sees("您今天已催过");
  await resident.gone("催一催");
  await look(resident, "residents-8-urged");
  await resident.press("补充情况");
  await resident.fill("要补充什么", "昨晚又漏了，天花板湿了一大片。");
  await resident.photo("添加照片");
  await resident.press("提交", true);
  await resident.sees("您补充的情况：昨晚又漏了");
  await resident.sees("您的照片");
  await look(resident, "residents-9-added");
  const title = (await resident.page.locator(".mp-page:not([hidden]) .title").first().textContent()).trim();

  await resident.to("#pages/me/index");
  await resident.page.evaluate(() => (navigator.clipboard.writeText = async (text) => void (window.copied = text)));
  await resident.tap("取得我的信息副本");
  await resident.sees("副本已复制");
  const copy = await resident.page.evaluate(() => window.copied);
  for (const part of ["昨晚又漏了，天花板湿了一大片。", "蘅芷新村", "138"]) assert.ok(copy.includes(part), part);
  assert.doesNotMatch(copy.replace(/https?:\S+/g, ""), /[a-z]_[a-z]|undefined|T\d\d:\d\d/, "words, not the contract's");
  await resident.close();

  const centre = await phoneOf("p-centre-1");
  await centre.tap("在办");
  await centre.tap(centre.page.locator(`text=${title} >> visible=true`).first());
  await centre.sees("诉求人补充的情况");
  await centre.sees("昨晚又漏了");
  await look(centre, "residents-10-staff");
  await centre.close();
});

test("the centre publishes a matter; who meets it too joins it instead of writing a copy, and is counted once; withdrawn, it is gone", async () => {
  const centre = await phoneOf("p-centre-1");
  await centre.tap("在办");
  await centre.tap(centre.page.locator("text=蘅芷新村房屋渗漏水 >> visible=true").first());
  await centre.press("更多");
  await centre.press("向居民公开");
  await centre.sees("没有公开");
  await centre.fill("公开的标题", "蘅芷新村屋面漏水");
  await centre.fill("公开的说明（选填）", "联系人电话 13812341001");
  await centre.press("公开", true);
  await centre.sees("请删去后再公开");
  await look(centre, "residents-11-personal");
  await centre.fill("公开的说明（选填）", "几栋楼屋面漏水，维修资金的手续正在办。");
  await centre.press("公开", true);
  await centre.sees("居民看得到");
  await look(centre, "residents-12-published");

  const contact = await phoneOf("p-enterprise-1");
  await contact.press("反映一件事");
  await contact.fill("是什么事", "我家在蘅芷新村，屋面漏水，墙皮掉了");
  await contact.button("我也遇到");
  await look(contact, "residents-13-similar");
  await contact.press("我也遇到");
  await contact.sees("已计入");
  await look(contact, "residents-14-me-too");
  await contact.press("回到我的诉求");
  await contact.sees("列入街道难事"); // nothing of it stands among what is in no case
  await contact.page.reload();
  await contact.sees("蘅芷新村房屋渗漏水");
  await contact.press("反映一件事");
  await contact.fill("是什么事", "蘅芷新村的屋面又漏水了，墙皮全掉了");
  await contact.sees("已有 1 人也遇到");
  await contact.press("我也遇到");
  await contact.sees("您已经计入了");

  await centre.press("撤回公开");
  await centre.answer("撤回公开");
  await centre.sees("已撤回，居民看不到");
  await centre.close();
  await contact.to("#resident/report/index");
  await contact.fill("是什么事", "蘅芷新村屋面漏水，墙皮掉得厉害");
  await contact.page.waitForResponse((r) => r.url().includes("/similar"));
  await contact.still();
  assert.equal(await contact.page.locator("text=我也遇到 >> visible=true").count(), 0);
  await contact.close();
});

test("the figures of the street explain themselves, and there are stories or it is said that there are none", async () => {
  const resident = await phoneOf("p-resident-1");
  await resident.press("街道办成的事");
  await resident.sees("本月办结");
  await resident.sees("还没有公开的故事");
  await look(resident, "residents-15-no-stories");
  await resident.close();
});

test("a solved matter is told as a story", async () => {
  const centre = await phoneOf("p-centre-1");
  const act = (who, path, method, body) => who.page.evaluate(async ([path, method, body, key]) => {
    const { access } = JSON.parse(localStorage.getItem(`preview/${key}/session`));
    const r = await fetch(path, { method, headers: { Authorization: `Bearer ${access}`, "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!r.ok) throw new Error(`${path}: ${await r.text()}`);
    return r.json();
  }, [path, method, body, who.who]);
  const head = await phoneOf("p-head-fangguan");
  centre.who = "p-centre-1";
  head.who = "p-head-fangguan";
  let c = await centre.api("/api/v1/cases/NS2026-000002");
  const id = c.id;
  const give = async (who, name, body) => (c = (await act(who, `/api/v1/cases/${id}/${name}`, "POST", { version: c.version, ...body })).case);
  await give(head, "accept", { handler_id: "p-handler-fangguan-1" });
  await give(head, "submit", { result: "已更换屋面防水层", outcome: "solved", answer: "屋面已修好，雨天再看一次。", evidence: ["现场照片"] });
  await give(centre, "verify_pass", { finding: "属实", outcome: "solved" });
  await head.close();
  await act(centre, `/api/v1/cases/${id}/publication`, "PUT", { title: "蘅芷新村屋面漏水", words: "几栋楼屋面漏水。" });
  await centre.to(`#staff/publication/index?id=${id}`);
  await centre.fill("故事的标题", "漏了两年的屋面修好了");
  await centre.fill("遇到了什么问题", "几栋楼屋面漏水，维修资金的手续一直办不下来。");
  await centre.fill("怎样解决的", "房管所和居委一起上门征求意见，十天办完手续，换了防水层。");
  await look(centre, "residents-16-story-form");
  await centre.press("发布故事");
  await centre.sees("已发布");
  await centre.close();
  const resident = await phoneOf("p-resident-1");
  await resident.press("街道办成的事");
  await resident.sees("漏了两年的屋面修好了");
  await look(resident, "residents-17-stories");
  await resident.to(`#pages/case/detail?id=${id}`);
  await resident.sees("您满意吗");
  await resident.sees("您补充的情况：昨晚又漏了");
  await resident.page.locator(".mp-page:not([hidden]) .pictures wx-image >> visible=true").first().waitFor();
  await look(resident, "residents-18-solved");
  await resident.close();
});

for (const elder of [false, true])
  test(`the pages of residents stand at every width${elder ? " in 长辈版" : ""}`, async () => {
    const mode = elder ? "elder-" : "";
    const resident = await phoneOf("p-resident-1", elder ? { font: 24 } : {});
    await everywhere(resident, `${mode}residents-own`, { elder });
    await resident.tap(first(resident));
    await resident.sees("接下来");
    await everywhere(resident, `${mode}residents-ticket`, { elder });
    await resident.press("补充情况");
    await resident.sees("要补充什么");
    await everywhere(resident, `${mode}residents-facts`, { elder });
    for (const [at, words] of [["report", "用您绑定的手机号"], ["reports", "没有更多了"], ["stories", "漏了两年的屋面修好了"]]) {
      await resident.to(`#resident/${at}/index`);
      await resident.sees(words);
      await everywhere(resident, `${mode}residents-${at}`, { elder });
    }
    await resident.to("#pages/home/index");
    await resident.tap(resident.page.locator("[role=link]:has-text('蘅芷新村房屋渗漏水')").last());
    await resident.sees("办理进度");
    await everywhere(resident, `${mode}residents-matter`, { elder });
    await resident.close();
  });

test("the badge is one number on every tab, whichever is opened first, and less by what is read", async () => {
  const clerk = await start(chrome, { base, who: "p-centre-1", shots });
  const badge = clerk.page.locator(".mp-page:not([hidden]) .tabs .count");
  const { unread } = await clerk.api("/api/v1/todos/counts");
  const shown = unread > 99 ? "99+" : String(unread);
  for (const first of ["pages/me/index", "pages/inbox/index", "pages/home/index"]) {
    await clerk.to(`#${first}`);
    await badge.waitFor();
    assert.equal(await badge.textContent(), shown, first);
  }
  await clerk.tap("消息");
  await clerk.page.locator(".mp-page:not([hidden]) .card").first().tap();
  await clerk.sees("经过");
  await clerk.to("#pages/home/index");
  await badge.waitFor();
  const left = (await clerk.api("/api/v1/todos/counts")).unread;
  assert.equal(left, unread - 1);
  for (const tab of ["我的", "消息", "办理"]) {
    await clerk.tap(tab);
    assert.equal(await badge.textContent(), left > 99 ? "99+" : String(left), tab);
  }
  await clerk.close();
});

test("what waits goes by itself when the network is back, whether or not WeChat says so", async () => {
  for (const [how, off, on] of [["said", (p) => p.context.setOffline(true), (p) => p.context.setOffline(false)], ["not said", (p) => p.cut(true), (p) => p.cut(false)]]) {
    const resident = await phoneOf("p-resident-1");
    const before = (await resident.api("/api/v1/me/reports?limit=50")).items.length;
    await resident.press("反映一件事");
    await resident.fill("是什么事", `${how}：菜场旁边的公共厕所停水，没有人管。`);
    await resident.choose("在哪个村居", "望舒");
    await off(resident);
    await resident.press("提交", true);
    await resident.sees("条记录已存在手机里", 20_000);
    await on(resident);
    if (how === "not said") {
      await resident.tap("消息"); // any request that succeeds
    }
    const arrived = async () => (await resident.api("/api/v1/me/reports?limit=50")).items.length === before + 1;
    for (let i = 0; i < 80 && !(await arrived()); i++) await resident.page.waitForTimeout(250);
    assert.ok(await arrived(), how);
    await resident.to("#pages/home/index");
    await resident.gone("条记录已存在手机里");
    await resident.close();
  }
});
